//! The k-th allocation fails, for every k, while a base and all that it can hold is made, used and freed: every
//! failure is told, nothing leaks, and the base goes on working.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]

mod net;
use net::libc;
use oxievent::abi::event::{Ev, Evloop, event};
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::{BaseRef, Config, CountOf, EventRef, debug};
use oxievent::{Error, Result, mem};
use std::ffi::{c_int, c_short, c_void};
use std::ops::ControlFlow;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

/// Allocations until one fails; negative: none does.
static LEFT: AtomicI64 = AtomicI64::new(-1);
/// From then on all fail, not just that one.
static ALL: AtomicI64 = AtomicI64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static FAILED: AtomicI64 = AtomicI64::new(0);

fn fails() -> bool {
    if LEFT.load(SeqCst) < 0 {
        return false;
    }
    let left = LEFT.fetch_sub(1, SeqCst);
    if left > 0 {
        return false;
    }
    LEFT.store(if ALL.load(SeqCst) != 0 { 0 } else { -1 }, SeqCst);
    FAILED.fetch_add(1, SeqCst);
    true
}
unsafe extern "C" fn my_malloc(n: usize) -> *mut c_void {
    if fails() {
        return null_mut();
    }
    LIVE.fetch_add(1, SeqCst);
    // SAFETY: plain C.
    unsafe { libc::malloc(n) }
}
unsafe extern "C" fn my_realloc(p: *mut c_void, n: usize) -> *mut c_void {
    if fails() {
        return null_mut();
    }
    if p.is_null() {
        LIVE.fetch_add(1, SeqCst);
    }
    // SAFETY: plain C.
    unsafe { libc::realloc(p, n) }
}
unsafe extern "C" fn my_free(p: *mut c_void) {
    if !p.is_null() {
        LIVE.fetch_sub(1, SeqCst);
    }
    // SAFETY: plain C.
    unsafe { libc::free(p) }
}

unsafe extern "C" fn count(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the counter outlives the base.
    unsafe { *arg.cast::<c_int>() += 1 }
}
fn ms(n: i64) -> libc::timeval {
    libc::timeval { tv_sec: (n / 1000) as _, tv_usec: (n % 1000 * 1000) as _ }
}

/// Does everything; whatever fails is undone, and the first error is returned.
fn everything(fds: [evutil_socket_t; 2], method: usize) -> Result<()> {
    let mut runs: c_int = 0;
    let arg = (&raw mut runs).cast::<c_void>();
    let mut config = Config::new();
    for (i, info) in oxievent::backend::LIST.iter().enumerate() {
        if i != method {
            config.avoid_method(info.name)?;
        }
    }
    let base = BaseRef::new(&config)?;
    // SAFETY: zeros are an event; they live to the end of the function.
    let mut events: [event; 8] = unsafe { std::mem::zeroed() };
    let first = (&raw mut events).cast::<event>();
    // SAFETY: within the array.
    let ev = |i: usize| unsafe { EventRef::from_raw(first.add(i)).unwrap() };
    let result = (|| {
        base.set_priorities(5)?;
        let common = base.init_common_timeout(&ms(1))?;
        for i in 0..8 {
            let (fd, what) = match i {
                0 => (fds[0], Ev::READ | Ev::PERSIST),
                1 => (fds[1], Ev::WRITE),
                2 => (libc::SIGUSR1 as evutil_socket_t, Ev::SIGNAL | Ev::PERSIST),
                _ => (-1, Ev::PERSIST),
            };
            ev(i).assign(Some(base), fd, what, Some(count), arg)?;
        }
        let mut failed = None;
        for i in 0..8 {
            let before = base.num_events(CountOf::ADDED);
            // SAFETY: lives as long as the base.
            let tv = match i {
                3 => Some(unsafe { *common }),
                0 | 4.. => Some(ms(i as i64)),
                _ => None,
            };
            if let Err(e) = ev(i).add(tv.as_ref()) {
                assert_eq!(e, Error::NoMem);
                assert!(ev(i).pending(Ev::all()).is_empty());
                assert_eq!(base.num_events(CountOf::ADDED), before);
                failed = failed.or(Some(e));
            }
            assert!(base.is_consistent());
        }
        for tv in [None, Some(ms(2))] {
            if let Err(e) = base.once(-1, Ev::TIMEOUT, Some(count), arg, tv.as_ref()) {
                failed = failed.or(Some(e));
            }
        }
        if let Err(e) = base.loopexit(Some(&ms(4))) {
            failed = failed.or(Some(e));
            base.once(-1, Ev::TIMEOUT, None, null_mut(), None)?;
        }
        if let Err(e) = base.for_each_event(|_| ControlFlow::<()>::Continue(())) {
            failed = failed.or(Some(e));
        }
        // SAFETY: handled if its event was added, and else blocked by nothing: then it is not raised.
        if !ev(2).pending(Ev::SIGNAL).is_empty() {
            unsafe { libc::raise(libc::SIGUSR1) };
        }
        // What could be added works; what could not keeps nobody.
        for _ in 0..3 {
            base.run(Evloop::NONBLOCK)?;
        }
        assert!(base.is_consistent());
        if !ev(2).pending(Ev::SIGNAL).is_empty() || failed.is_none() {
            assert!(runs > 0);
        }
        if let Err(e) = base.reinit() {
            failed = failed.or(Some(e));
        }
        failed.map_or(Ok(()), Err)
    })();
    for i in 0..8 {
        if ev(i).is_initialized() {
            let _ = ev(i).del();
        }
    }
    // SAFETY: nothing uses it any more.
    unsafe { base.free(true) };
    result
}

#[test]
fn every_allocation_may_fail() {
    mem::set_functions(Some(my_malloc), Some(my_realloc), Some(my_free));
    unsafe extern "C" fn quiet(_: c_int, _: *const std::ffi::c_char) {}
    if std::env::var_os("NOISY").is_none() {
        oxievent::log::set_callback(Some(quiet));
    }
    let mut fds = [0; 2];
    // SAFETY: room for two.
    assert_eq!(
        unsafe {
            libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0, fds.as_mut_ptr())
        },
        0
    );
    // The first time with debug mode, which allocates too.
    for debug_mode in [true, false] {
        if debug_mode {
            debug::enable();
        } else {
            debug::disable();
        }
        for method in 0..oxievent::backend::LIST.len() {
            for all in [0, 1] {
                ALL.store(all, SeqCst);
                let mut k = 0;
                loop {
                    assert!(k < 500, "no end of allocations");
                    let live = LIVE.load(SeqCst);
                    FAILED.store(0, SeqCst);
                    LEFT.store(k, SeqCst);
                    let result = everything(fds, method);
                    LEFT.store(-1, SeqCst);
                    assert_eq!(LIVE.load(SeqCst), live, "a leak when allocation {k} fails");
                    if FAILED.load(SeqCst) == 0 {
                        result.unwrap();
                        break;
                    }
                    k += 1;
                }
                assert!(k > 5);
            }
        }
    }
}
