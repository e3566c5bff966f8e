//! An allocator that counts what is alive and fails when it is told to.
#![allow(dead_code, reason = "each test uses some of it")]
use crate::net::libc;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::SeqCst};

/// How many requests still succeed; below 0: all do.
pub(crate) static LEFT: AtomicIsize = AtomicIsize::new(-1);
/// Only the request after those fails, not what follows it.
pub(crate) static ONE_FAILS: AtomicBool = AtomicBool::new(false);
/// Blocks that have not been freed.
pub(crate) static LIVE: AtomicIsize = AtomicIsize::new(0);

/// From now on the library's memory comes from here.
pub(crate) fn install() {
    oxievent::mem::set_functions(Some(malloc), Some(realloc), Some(free));
}

fn refuse() -> bool {
    match LEFT.load(SeqCst) {
        0 => {
            if ONE_FAILS.load(SeqCst) {
                LEFT.store(-1, SeqCst);
            }
            true
        }
        n => {
            if n > 0 {
                LEFT.store(n - 1, SeqCst);
            }
            false
        }
    }
}
unsafe extern "C" fn malloc(n: usize) -> *mut c_void {
    if refuse() {
        return null_mut();
    }
    LIVE.fetch_add(1, SeqCst);
    // SAFETY: plain allocation.
    unsafe { libc::malloc(n) }
}
unsafe extern "C" fn realloc(p: *mut c_void, n: usize) -> *mut c_void {
    if refuse() {
        return null_mut();
    }
    if p.is_null() {
        LIVE.fetch_add(1, SeqCst);
    }
    // SAFETY: as realloc.
    unsafe { libc::realloc(p, n) }
}
unsafe extern "C" fn free(p: *mut c_void) {
    if !p.is_null() {
        LIVE.fetch_sub(1, SeqCst);
    }
    // SAFETY: as free.
    unsafe { libc::free(p) }
}
