//! event2/util.h
use std::ffi::c_int;

#[cfg(not(windows))]
pub type evutil_socket_t = c_int;
#[cfg(windows)]
pub type evutil_socket_t = isize;
pub type ev_ssize_t = isize;
pub type ev_off_t = i64;
#[cfg(not(windows))]
pub type ev_socklen_t = crate::sys::c::socklen_t;

pub const EVUTIL_INVALID_SOCKET: evutil_socket_t = -1;
/// For `evutil_configure_monotonic_time`: the clock of finest resolution, even if it is slower to read.
pub const EV_MONOT_PRECISE: c_int = 1;
/// For `evutil_configure_monotonic_time`: the fallback for systems without a monotonic clock. For tests.
pub const EV_MONOT_FALLBACK: c_int = 2;
pub const EVUTIL_EAI_CANCEL: c_int = -90001;

/// Opaque to C; the engine's `util::time::MonotonicTimer`.
#[repr(C)]
pub struct evutil_monotonic_timer {
    _opaque: [u8; 0],
}
