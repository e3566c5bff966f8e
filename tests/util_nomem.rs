//! evutil when memory runs out: at the k-th request, for every k.
mod net;
use net::libc;
use oxievent::util::addr::Inet;
use oxievent::util::getaddrinfo::{self, GaiError, getaddrinfo};
use oxievent::util::secure_random;
use std::ffi::c_void;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

/// Requests until one fails.
static LEFT: AtomicIsize = AtomicIsize::new(isize::MAX);
static LIVE: AtomicIsize = AtomicIsize::new(0);

unsafe extern "C" fn malloc(n: usize) -> *mut c_void {
    if LEFT.fetch_sub(1, Relaxed) <= 0 {
        return std::ptr::null_mut();
    }
    LIVE.fetch_add(1, Relaxed);
    // SAFETY: plain allocation.
    unsafe { libc::malloc(n) }
}
unsafe extern "C" fn realloc(p: *mut c_void, n: usize) -> *mut c_void {
    if LEFT.fetch_sub(1, Relaxed) <= 0 {
        return std::ptr::null_mut();
    }
    if p.is_null() {
        LIVE.fetch_add(1, Relaxed);
    }
    // SAFETY: the caller's block.
    unsafe { libc::realloc(p, n) }
}
unsafe extern "C" fn free(p: *mut c_void) {
    if !p.is_null() {
        LIVE.fetch_sub(1, Relaxed);
    }
    // SAFETY: the caller's block.
    unsafe { libc::free(p) }
}
/// Runs `f` with ever more memory until it succeeds; how many requests that takes. Nothing may be left over.
fn until_it_works(f: impl Fn() -> bool) -> isize {
    for k in 0..100 {
        LEFT.store(k, Relaxed);
        let worked = f();
        LEFT.store(isize::MAX, Relaxed);
        if worked {
            return k;
        }
        assert_eq!(LIVE.load(Relaxed), 0, "leaked at request {k}");
    }
    panic!("never works");
}

#[test]
fn every_failure_is_reported_and_leaks_nothing() {
    oxievent::mem::set_functions(Some(malloc), Some(realloc), Some(free));
    // SAFETY: all zero is a valid addrinfo.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    let needed = until_it_works(|| match getaddrinfo::entries(&Inet::v4([1; 4], 1), &hints) {
        Ok(list) => {
            drop(list);
            true
        }
        Err(e) => {
            assert_eq!(e, GaiError(libc::EAI_MEMORY));
            false
        }
    });
    assert_eq!(needed, 2);
    hints.ai_socktype = libc::SOCK_STREAM;
    let needed = until_it_works(|| match getaddrinfo(Some(c"fe80::1%1"), Some(c"80"), Some(&hints)) {
        Ok(list) => {
            drop(list);
            true
        }
        Err(e) => {
            assert_eq!(e, GaiError(libc::EAI_MEMORY));
            false
        }
    });
    assert_eq!(needed, 1);
    assert_eq!(until_it_works(|| secure_random::set_device(Some(c"/dev/urandom")).is_ok()), 1);
    secure_random::set_device(None).unwrap();
    assert_eq!(LIVE.load(Relaxed), 0);
}
