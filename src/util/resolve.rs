//! The engine's way to a name's addresses: through evdns where the caller has a DNS base and evdns is there,
//! blocking otherwise. evdns registers itself with [`set_async`]; nothing below it knows it.
use super::getaddrinfo::{GaiError, getaddrinfo};
use crate::abi::bufferevent::evdns_base;
use crate::sys::c::addrinfo;
use std::ffi::{CStr, c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Called exactly once with an error of getaddrinfo's (0 for none), the list, which then belongs to the callee
/// (`getaddrinfo::free`), and the argument.
pub type ResolveCb = unsafe extern "C" fn(c_int, *mut addrinfo, *mut c_void);
/// What [`resolve`] does for a DNS base: the arguments are those of `evdns_getaddrinfo`.
pub type AsyncStart = unsafe fn(
    dns_base: *mut evdns_base,
    node: Option<&CStr>,
    service: Option<&CStr>,
    hints: &addrinfo,
    cb: ResolveCb,
    arg: *mut c_void,
) -> *mut c_void;
/// Ends a request early; its callback still runs, with EVUTIL_EAI_CANCEL.
pub type AsyncCancel = unsafe fn(request: *mut c_void);

static START: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
static CANCEL: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// evdns is there: from now on it serves those who have a DNS base.
pub fn set_async(start: AsyncStart, cancel: AsyncCancel) {
    CANCEL.store(cancel as *mut c_void, Ordering::Relaxed);
    START.store(start as *mut c_void, Ordering::Release);
}

/// Looks up `node` and `service` and calls `cb`, before this returns or later. The result is null if `cb` has run
/// already, else a handle for [`cancel`], good until `cb` runs.
///
/// # Safety
/// `dns_base` is null or a live evdns base; `cb` may be called with `arg` from the base's loop or from here. No
/// guard of a private lock is alive.
pub unsafe fn resolve(
    dns_base: *mut evdns_base,
    node: Option<&CStr>,
    service: Option<&CStr>,
    hints: &addrinfo,
    cb: ResolveCb,
    arg: *mut c_void,
) -> *mut c_void {
    let start = START.load(Ordering::Acquire);
    if !dns_base.is_null() && !start.is_null() {
        // SAFETY: only an AsyncStart is stored there.
        let start = unsafe { std::mem::transmute::<*mut c_void, AsyncStart>(start) };
        // SAFETY: the caller's promise.
        return unsafe { start(dns_base, node, service, hints, cb, arg) };
    }
    let (code, list) = match getaddrinfo(node, service, Some(hints)) {
        Ok(list) => (0, list.into_raw()),
        Err(GaiError(code)) => (code, null_mut()),
    };
    // SAFETY: the caller's promise.
    unsafe { cb(code, list, arg) };
    null_mut()
}

/// # Safety
/// `request` is null or came from [`resolve`] and its callback has not run.
pub unsafe fn cancel(request: *mut c_void) {
    let f = CANCEL.load(Ordering::Relaxed);
    if !request.is_null() && !f.is_null() {
        // SAFETY: only an AsyncCancel is stored there; the caller's promise.
        unsafe { std::mem::transmute::<*mut c_void, AsyncCancel>(f)(request) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn note(code: c_int, list: *mut addrinfo, arg: *mut c_void) {
        // SAFETY: the test's own cell and list.
        unsafe {
            *arg.cast::<(c_int, bool)>() = (code, list.is_null());
            super::super::getaddrinfo::free(list);
        }
    }
    #[test]
    fn without_evdns_the_answer_comes_at_once() {
        let mut got = (77, true);
        // SAFETY: all zero is a valid addrinfo.
        let mut hints: addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_socktype = crate::sys::c::SOCK_STREAM;
        // SAFETY: the callback writes to `got` before this returns.
        let r = unsafe {
            resolve(null_mut(), Some(c"127.0.0.1"), Some(c"80"), &hints, note, (&raw mut got).cast())
        };
        assert!(r.is_null());
        assert_eq!(got, (0, false));
        // SAFETY: null.
        unsafe { cancel(r) };
    }
}
