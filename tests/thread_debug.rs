//! Lock debugging catches misuse. Each case runs in a forked child, whose fatal callback tells the parent.
#![cfg(unix)]
mod net;
mod thread_common;
use net::libc;
use oxievent::abi::thread::*;
use oxievent::thread::{self, Cond, Lock, PlainLock};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use thread_common::*;

const CAUGHT: c_int = 77;
const QUIET: c_int = 0;

unsafe extern "C" fn quiet_log(severity: c_int, line: *const c_char) {
    // SAFETY: a C string.
    let line = unsafe { CStr::from_ptr(line) };
    assert!(severity >= 2 && !line.is_empty());
}
unsafe extern "C" fn on_fatal(code: c_int) {
    // SAFETY: ends the child.
    unsafe { libc::_exit(if code == oxievent::log::CODE_ABORT { CAUGHT } else { 1 }) }
}
/// Runs `f` in a child; its exit status.
#[cfg(unix)]
fn in_child(f: impl FnOnce()) -> c_int {
    // SAFETY: the child only runs `f` and exits.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0);
        if pid == 0 {
            oxievent::log::set_callback(Some(quiet_log));
            oxievent::log::set_fatal_callback(Some(on_fatal));
            f();
            libc::_exit(QUIET);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
        assert!(libc::WIFEXITED(status), "status {status:x}");
        libc::WEXITSTATUS(status)
    }
}
fn set_up() {
    thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
    thread::set_condition_callbacks(Some(&CONDS)).unwrap();
    thread::set_id_callback(Some(id));
    thread::enable_debugging();
}
/// The live table's functions, which the engine reaches through its handles, on a lock of any kind.
fn raw(kind: c_uint) -> (evthread_lock_callbacks, *mut c_void) {
    thread::stop_debugging();
    // SAFETY: the table is not being changed.
    let t = unsafe { *thread::lock_callbacks() };
    thread::enable_debugging();
    // SAFETY: the table's contract.
    (t, unsafe { t.alloc.unwrap()(kind) })
}

#[test]
fn proper_use_is_quiet() {
    let status = in_child(|| {
        set_up();
        let l = Lock::new().unwrap();
        let c = Cond::new().unwrap();
        l.acquire();
        l.acquire();
        // SAFETY: acquired above.
        unsafe { l.release() };
        assert!(!c.wait_for(&l, &libc::timeval { tv_sec: 0, tv_usec: 1000 }));
        // SAFETY: acquired above.
        unsafe { l.release() };
        let l = std::sync::Arc::new(l);
        let l2 = l.clone();
        std::thread::spawn(move || {
            l2.acquire();
            // SAFETY: acquired above.
            unsafe { l2.release() };
        })
        .join()
        .unwrap();
        // SAFETY: the program's own table, shown while debugging.
        unsafe {
            assert_eq!((*thread::lock_callbacks()).lock.map(|f| f as usize), LOCKS.lock.map(|f| f as usize))
        };
        assert!(thread::set_lock_callbacks(Some(&LOCKS)).is_ok());
    });
    assert_eq!(status, QUIET);
}
#[test]
fn a_waiter_is_woken_through_the_checks() {
    let status = in_child(|| {
        set_up();
        let pair = std::sync::Arc::new((Lock::new().unwrap(), Cond::new().unwrap()));
        pair.0.acquire();
        let other = pair.clone();
        let t = std::thread::spawn(move || {
            other.0.acquire();
            other.1.signal();
            // SAFETY: acquired above.
            unsafe { other.0.release() };
        });
        assert!(pair.1.wait_for(&pair.0, &libc::timeval { tv_sec: 20, tv_usec: 0 }));
        // SAFETY: acquired above.
        unsafe { pair.0.release() };
        t.join().unwrap();
    });
    assert_eq!(status, QUIET);
}
#[test]
fn unlocking_twice_is_caught() {
    let status = in_child(|| {
        set_up();
        let l = Lock::new().unwrap();
        l.acquire();
        // SAFETY: the second one is the point.
        unsafe {
            l.release();
            l.release();
        }
    });
    assert_eq!(status, CAUGHT);
}
#[test]
fn unlocking_by_another_thread_is_caught() {
    let status = in_child(|| {
        set_up();
        let l = std::sync::Arc::new(Lock::new().unwrap());
        l.acquire();
        let other = l.clone();
        // SAFETY: the point.
        let _ = std::thread::spawn(move || unsafe { other.release() }).join();
    });
    assert_eq!(status, CAUGHT);
}
#[test]
fn freeing_a_held_lock_is_caught() {
    let status = in_child(|| {
        set_up();
        let l = Lock::new().unwrap();
        l.acquire();
        drop(l);
    });
    assert_eq!(status, CAUGHT);
}
#[test]
fn waiting_without_the_lock_is_caught() {
    let status = in_child(|| {
        set_up();
        let (l, c) = (Lock::new().unwrap(), Cond::new().unwrap());
        c.wait(&l);
    });
    assert_eq!(status, CAUGHT);
}
#[test]
fn a_plain_lock_taken_twice_is_caught() {
    let status = in_child(|| {
        set_up();
        let (t, l) = raw(0);
        // SAFETY: the table's contract, broken by the second call.
        unsafe {
            assert_eq!(t.lock.unwrap()(0, l), 0);
            t.lock.unwrap()(0, l);
        }
    });
    assert_eq!(status, CAUGHT);
}
#[test]
fn a_plain_lock_of_the_engine_is_checked_too() {
    let once = in_child(|| {
        set_up();
        let (l, c) = (PlainLock::new().unwrap(), Cond::new().unwrap());
        l.acquire();
        assert!(!c.wait_for(&l, &libc::timeval { tv_sec: 0, tv_usec: 1000 }));
        // SAFETY: acquired above.
        unsafe { l.release() };
    });
    let twice = in_child(|| {
        set_up();
        let l = PlainLock::new().unwrap();
        l.acquire();
        l.acquire();
    });
    assert_eq!([once, twice], [QUIET, CAUGHT]);
}
#[test]
fn wrong_modes_and_kinds_are_caught() {
    let mode = in_child(|| {
        set_up();
        let (t, l) = raw(EVTHREAD_LOCKTYPE_RECURSIVE);
        // SAFETY: the table's contract but for the mode.
        unsafe { t.lock.unwrap()(EVTHREAD_READ, l) };
    });
    let kind = in_child(|| {
        set_up();
        let (t, l) = raw(EVTHREAD_LOCKTYPE_RECURSIVE);
        // SAFETY: the table's contract but for the kind.
        unsafe { t.free.unwrap()(l, 0) };
    });
    let none = in_child(|| {
        set_up();
        let (t, l) = raw(0);
        // SAFETY: the table's contract but for the null.
        unsafe {
            t.free.unwrap()(l, 0);
            t.lock.unwrap()(0, std::ptr::null_mut());
        }
    });
    assert_eq!([mode, kind, none], [CAUGHT; 3]);
}
#[test]
fn a_lock_made_before_debugging_is_recognised() {
    let status = in_child(|| {
        thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
        let l = Lock::new().unwrap();
        thread::enable_debugging();
        l.acquire();
    });
    assert_eq!(status, CAUGHT);
}
#[test]
fn debugging_without_locks_and_set_up_late() {
    let status = in_child(|| {
        thread::enable_debugging();
        let bare = Lock::new().unwrap();
        bare.acquire();
        // SAFETY: acquired above.
        unsafe { bare.release() };
        set_up();
        bare.acquire();
        // SAFETY: acquired above.
        unsafe { bare.release() };
        let real = Lock::new().unwrap();
        real.acquire();
        // SAFETY: acquired above.
        unsafe { real.release() };
        // A shutdown ends debugging; locks of before and a new start both work.
        thread::stop_debugging();
        real.acquire();
        thread::enable_debugging();
        // SAFETY: acquired above.
        unsafe { real.release() };
    });
    assert_eq!(status, QUIET);
}
#[test]
fn tables_are_set_once() {
    let status = in_child(|| {
        assert!(
            thread::set_lock_callbacks(Some(&evthread_lock_callbacks { unlock: None, ..LOCKS })).is_err()
        );
        thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
        thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
        assert!(
            thread::set_lock_callbacks(Some(&evthread_lock_callbacks { lock_api_version: 9, ..LOCKS }))
                .is_err()
        );
        thread::set_lock_callbacks(None).unwrap();
        assert!(!thread::locks_enabled());
        assert!(Lock::new().unwrap().is_none());
        let half = evthread_condition_callbacks { wait_condition: None, ..CONDS };
        assert!(thread::set_condition_callbacks(Some(&half)).is_err());
        thread::set_condition_callbacks(Some(&CONDS)).unwrap();
        thread::set_condition_callbacks(Some(&CONDS)).unwrap();
        thread::set_condition_callbacks(None).unwrap();
        assert!(Cond::new().unwrap().is_none());
    });
    assert_eq!(status, QUIET);
}
#[test]
fn too_late_in_debug_mode() {
    unsafe extern "C" fn on_fatal_1(code: c_int) {
        // SAFETY: ends the child.
        unsafe { libc::_exit(if code == 1 { CAUGHT } else { 1 }) }
    }
    let status = in_child(|| {
        oxievent::log::set_fatal_callback(Some(on_fatal_1));
        thread::set_debug_mode(true);
        thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
        drop(Lock::new().unwrap());
        thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
        thread::note_lockable();
        let _ = thread::set_lock_callbacks(Some(&LOCKS));
    });
    assert_eq!(status, CAUGHT);
}
