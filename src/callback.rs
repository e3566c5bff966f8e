//! Every call into user code, one function per signature. The caller has released what the contract of that
//! callback says it must not hold, and keeps alive what the callback may free.
use crate::abi::event::{
    event, event_callback, event_callback_fn, event_finalize_callback_fn, event_selfcb_fn,
};
use crate::abi::util::evutil_socket_t;
use std::ffi::{c_short, c_void};

/// # Safety
/// `cb` and `arg` are what the user registered together. No base guard is alive.
#[inline]
pub unsafe fn event(cb: event_callback_fn, fd: evutil_socket_t, what: c_short, arg: *mut c_void) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(fd, what, arg) }
    }
}

/// # Safety
/// As [`event`]; `target` is what `cb` was registered on.
#[inline]
pub unsafe fn selfcb(cb: event_selfcb_fn, target: *mut event_callback, arg: *mut c_void) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(target, arg) }
    }
}

/// # Safety
/// As [`event`]; the event is on no queue any more.
#[inline]
pub unsafe fn finalize(cb: event_finalize_callback_fn, target: *mut event, arg: *mut c_void) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(target, arg) }
    }
}
