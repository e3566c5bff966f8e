//! What libevent_openssl imports: TLS bufferevents over a table of TLS operations.
use crate::bufferevent::handle;
use oxievent::abi::bufferevent::bufferevent;
use oxievent::abi::bufferevent_ssl::bufferevent_ssl_state;
use oxievent::abi::event::event_base;
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::BaseRef;
use oxievent::bufferevent::BevRef;
use oxievent::bufferevent::tls::TlsOps;
use std::ffi::{c_int, c_ulong, c_void};
use std::ptr::null_mut;

/// A TLS bufferevent over `underlying`, or over the socket `fd`; NULL with errno.
/// # Safety
/// Rule 1 for the first two; `ops` never changes, `session` is one of its and outlives the bufferevent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_tls_new_(
    base: *mut event_base,
    underlying: *mut bufferevent,
    fd: evutil_socket_t,
    ops: *const TlsOps,
    session: *mut c_void,
    state: bufferevent_ssl_state,
    options: c_int,
) -> *mut bufferevent {
    // SAFETY: Rule 1, and the caller's promise.
    unsafe {
        let Some(ops) = ops.as_ref() else { return null_mut() };
        let (base, underlying) = (BaseRef::from_raw(base), BevRef::from_raw(underlying));
        handle(BevRef::tls_new(base, underlying, fd, ops, session, state, options))
    }
}
/// The session of a TLS bufferevent, or NULL.
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_tls_session_(bev: *mut bufferevent) -> *mut c_void {
    // SAFETY: Rule 1.
    unsafe { BevRef::from_raw(bev) }.and_then(BevRef::tls_session).unwrap_or(null_mut())
}
/// Sets the flags `on`, clears `off`; the flags as they were, all ones if it is no TLS bufferevent.
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_tls_flags_(bev: *mut bufferevent, on: u64, off: u64) -> u64 {
    // SAFETY: Rule 1.
    unsafe { BevRef::from_raw(bev) }.and_then(|b| b.tls_flags(on, off)).unwrap_or(u64::MAX)
}
/// Takes the latest error; 0: none.
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_tls_pop_error_(bev: *mut bufferevent) -> c_ulong {
    // SAFETY: Rule 1.
    unsafe { BevRef::from_raw(bev) }.map_or(0, BevRef::tls_pop_error)
}
/// Begins another handshake: 0, or -1.
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_tls_renegotiate_(bev: *mut bufferevent) -> c_int {
    // SAFETY: Rule 1.
    match unsafe { BevRef::from_raw(bev) } {
        Some(b) => b.tls_renegotiate().map_or_else(|e| e.to_c(), |()| 0),
        None => -1,
    }
}
