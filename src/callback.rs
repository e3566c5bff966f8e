//! Every call into user code, one function per signature. The caller has released what the contract of that
//! callback says it must not hold, and keeps alive what the callback may free.
use crate::abi::buffer::evbuffer;
use crate::abi::bufferevent::{
    bufferevent, bufferevent_data_cb, bufferevent_event_cb, bufferevent_filter_cb, bufferevent_filter_result,
    bufferevent_flush_mode, bufferevent_free_context_cb,
};
use crate::abi::dns::{evdns_request_callback_fn_type, evdns_server_request};
use crate::abi::event::{
    event, event_callback, event_callback_fn, event_finalize_callback_fn, event_selfcb_fn,
};
use crate::abi::listener::{evconnlistener, evconnlistener_cb, evconnlistener_errorcb};
use crate::abi::util::{ev_ssize_t, evutil_socket_t};
use crate::sys::c;
use std::ffi::{c_int, c_short, c_void};

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

/// # Safety
/// `cb` and `arg` are what the program registered on `bev`; the caller holds a reference on `bev`.
#[inline]
pub unsafe fn bufferevent_data(cb: bufferevent_data_cb, bev: *mut bufferevent, arg: *mut c_void) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(bev, arg) }
    }
}

/// # Safety
/// As [`bufferevent_data`].
#[inline]
pub unsafe fn bufferevent_event(
    cb: bufferevent_event_cb,
    bev: *mut bufferevent,
    what: c_short,
    arg: *mut c_void,
) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(bev, what, arg) }
    }
}

/// # Safety
/// `cb` and `context` are what the program gave together; both buffers are alive and stay so.
#[inline]
pub unsafe fn filter(
    cb: bufferevent_filter_cb,
    from: *mut evbuffer,
    to: *mut evbuffer,
    limit: ev_ssize_t,
    mode: bufferevent_flush_mode,
    context: *mut c_void,
) -> bufferevent_filter_result {
    match cb {
        // SAFETY: the caller's promise.
        Some(f) => unsafe { f(from, to, limit, mode, context) },
        None => bufferevent_filter_result::BEV_ERROR,
    }
}

/// # Safety
/// `cb` and `context` are what the program gave together; this is the one call.
#[inline]
pub unsafe fn free_context(cb: bufferevent_free_context_cb, context: *mut c_void) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(context) }
    }
}

/// # Safety
/// `cb` and `arg` are what the program registered on `listener`, on which the caller holds a reference.
#[inline]
pub unsafe fn listener_accept(
    cb: evconnlistener_cb,
    listener: *mut evconnlistener,
    fd: evutil_socket_t,
    addr: *mut c::sockaddr,
    len: c_int,
    arg: *mut c_void,
) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(listener, fd, addr, len, arg) }
    }
}

/// # Safety
/// As [`listener_accept`].
#[inline]
pub unsafe fn listener_error(cb: evconnlistener_errorcb, listener: *mut evconnlistener, arg: *mut c_void) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(listener, arg) }
    }
}

/// # Safety
/// `cb` and `arg` are what the program gave a port together; `req` becomes the program's.
#[inline]
pub unsafe fn dns_request(
    cb: evdns_request_callback_fn_type,
    req: *mut evdns_server_request,
    arg: *mut c_void,
) {
    if let Some(f) = cb {
        // SAFETY: the caller's promise.
        unsafe { f(req, arg) }
    }
}
