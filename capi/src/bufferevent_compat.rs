//! event2/bufferevent_compat.h
use crate::bufferevent::handle;
use oxievent::abi::bufferevent::{bufferevent, bufferevent_data_cb, bufferevent_event_cb};
use oxievent::abi::util::evutil_socket_t;
use oxievent::bufferevent::BevRef;
use oxievent::sys::c::timeval;
use std::ffi::{c_int, c_void};

/// Makes a bufferevent over a socket on the current event base. Prefer
/// bufferevent_socket_new(), which is told the base.
///
/// @param fd a nonblocking socket
/// @param readcb called when input has come, or NULL
/// @param writecb called when the output has been sent, or NULL
/// @param errorcb called at the end of the stream, on errors and timeouts
/// @param cbarg passed to each of them
/// @return the bufferevent, to be released with bufferevent_free(), or NULL
///   when memory is short
///
/// # Safety
/// The current base, if there is one, is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_new(
    fd: evutil_socket_t,
    readcb: bufferevent_data_cb,
    writecb: bufferevent_data_cb,
    errorcb: bufferevent_event_cb,
    cbarg: *mut c_void,
) -> *mut bufferevent {
    handle(BevRef::socket_new(None, fd, 0).inspect(|b| b.setcb(readcb, writecb, errorcb, cbarg)))
}

/// Sets the timeouts, in seconds. Prefer bufferevent_set_timeouts().
///
/// @param bufev the bufferevent
/// @param timeout_read seconds for reading; 0: no limit
/// @param timeout_write seconds for writing; 0: no limit
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_settimeout(
    bufev: *mut bufferevent,
    timeout_read: c_int,
    timeout_write: c_int,
) {
    let time = |s: c_int| (s != 0).then_some(timeval { tv_sec: s.into(), tv_usec: 0 });
    // SAFETY: rule 1.
    if let Some(b) = unsafe { BevRef::from_raw(bufev) } {
        // The old interface has no way to tell of a failure.
        let _ = b.set_timeouts(time(timeout_read), time(timeout_write));
    }
}
