//! The tables of evthread_use_pthreads, for tests that do not load that library.
#![allow(dead_code, reason = "each test uses some of it")]
use crate::net::libc;
use oxievent::abi::thread::*;
use std::ffi::{c_int, c_uint, c_ulong, c_void};

unsafe extern "C" fn alloc(kind: c_uint) -> *mut c_void {
    // SAFETY: a mutex of malloc's, initialised before use.
    unsafe {
        let m = libc::malloc(size_of::<libc::pthread_mutex_t>()).cast::<libc::pthread_mutex_t>();
        let mut attr = std::mem::zeroed();
        libc::pthread_mutexattr_init(&mut attr);
        if kind & EVTHREAD_LOCKTYPE_RECURSIVE != 0 {
            libc::pthread_mutexattr_settype(&mut attr, libc::PTHREAD_MUTEX_RECURSIVE);
        }
        libc::pthread_mutex_init(m, &attr);
        m.cast()
    }
}
unsafe extern "C" fn free(m: *mut c_void, _: c_uint) {
    // SAFETY: made by `alloc`; nobody holds it, or destroying it would fail.
    unsafe {
        assert_eq!(libc::pthread_mutex_destroy(m.cast()), 0);
        libc::free(m);
    }
}
unsafe extern "C" fn lock(mode: c_uint, m: *mut c_void) -> c_int {
    // SAFETY: made by `alloc`.
    unsafe {
        if mode & EVTHREAD_TRY != 0 {
            libc::pthread_mutex_trylock(m.cast())
        } else {
            libc::pthread_mutex_lock(m.cast())
        }
    }
}
unsafe extern "C" fn unlock(_: c_uint, m: *mut c_void) -> c_int {
    // SAFETY: made by `alloc`.
    unsafe { libc::pthread_mutex_unlock(m.cast()) }
}
pub(crate) unsafe extern "C" fn id() -> c_ulong {
    // SAFETY: no pointers.
    unsafe { libc::pthread_self() as c_ulong }
}
unsafe extern "C" fn cond_alloc(_: c_uint) -> *mut c_void {
    // SAFETY: a condition of malloc's.
    unsafe {
        let c = libc::malloc(size_of::<libc::pthread_cond_t>());
        libc::pthread_cond_init(c.cast(), std::ptr::null());
        c
    }
}
unsafe extern "C" fn cond_free(c: *mut c_void) {
    // SAFETY: made by `cond_alloc`.
    unsafe {
        libc::pthread_cond_destroy(c.cast());
        libc::free(c);
    }
}
unsafe extern "C" fn cond_signal(c: *mut c_void, all: c_int) -> c_int {
    // SAFETY: made by `cond_alloc`.
    unsafe {
        if all != 0 { libc::pthread_cond_broadcast(c.cast()) } else { libc::pthread_cond_signal(c.cast()) }
    }
}
unsafe extern "C" fn cond_wait(c: *mut c_void, m: *mut c_void, tv: *const libc::timeval) -> c_int {
    // SAFETY: made by the functions above, the mutex is held.
    unsafe {
        let Some(tv) = tv.as_ref() else { return libc::pthread_cond_wait(c.cast(), m.cast()) };
        #[cfg(windows)]
        return c_int::from(libc::wait_for(
            c.cast(),
            m.cast(),
            (tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000) as u32,
        ));
        #[cfg(unix)]
        {
            let mut until = std::mem::zeroed();
            libc::clock_gettime(libc::CLOCK_REALTIME, &mut until);
            until.tv_sec += tv.tv_sec;
            until.tv_nsec += tv.tv_usec * 1000;
            if until.tv_nsec >= 1_000_000_000 {
                until.tv_nsec -= 1_000_000_000;
                until.tv_sec += 1;
            }
            c_int::from(libc::pthread_cond_timedwait(c.cast(), m.cast(), &until) == libc::ETIMEDOUT)
        }
    }
}
pub(crate) const LOCKS: evthread_lock_callbacks = evthread_lock_callbacks {
    lock_api_version: EVTHREAD_LOCK_API_VERSION,
    supported_locktypes: EVTHREAD_LOCKTYPE_RECURSIVE,
    alloc: Some(alloc),
    free: Some(free),
    lock: Some(lock),
    unlock: Some(unlock),
};
pub(crate) const CONDS: evthread_condition_callbacks = evthread_condition_callbacks {
    condition_api_version: EVTHREAD_CONDITION_API_VERSION,
    alloc_condition: Some(cond_alloc),
    free_condition: Some(cond_free),
    signal_condition: Some(cond_signal),
    wait_condition: Some(cond_wait),
};

/// The tables are the library's from now on.
pub(crate) fn set_up() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        oxievent::thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
        oxievent::thread::set_condition_callbacks(Some(&CONDS)).unwrap();
        oxievent::thread::set_id_callback(Some(id));
    });
}
