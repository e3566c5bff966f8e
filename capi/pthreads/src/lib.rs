//! libevent_pthreads: fills the evthread tables with pthread mutexes and conditions.
//!
//! No state of its own and no std: everything it needs from the core is imported, so that whichever core the
//! process has loaded is the one that is set up.
#![cfg_attr(not(test), no_std)]
#![allow(non_camel_case_types, reason = "the names are those of the C interface")]

// (clippy --all-targets also looks at a test build, which always unwinds and is never linked.)
#[cfg(not(any(panic = "abort", test)))]
compile_error!("the libraries must be built with panic=abort: unwinding into C is undefined");

use core::ffi::{c_int, c_uint, c_ulong, c_void};
use core::mem::MaybeUninit;
use core::ptr::{null, null_mut};
use libc::{pthread_cond_t, pthread_condattr_t, pthread_mutex_t, pthread_mutexattr_t, timespec, timeval};

const EVTHREAD_TRY: c_uint = 0x10;
const EVTHREAD_LOCKTYPE_RECURSIVE: c_uint = 1;
const API_VERSION: c_int = 1;

/// `struct evthread_lock_callbacks` of event2/thread.h.
#[repr(C)]
struct evthread_lock_callbacks {
    lock_api_version: c_int,
    supported_locktypes: c_uint,
    alloc: Option<unsafe extern "C" fn(c_uint) -> *mut c_void>,
    free: Option<unsafe extern "C" fn(*mut c_void, c_uint)>,
    lock: Option<unsafe extern "C" fn(c_uint, *mut c_void) -> c_int>,
    unlock: Option<unsafe extern "C" fn(c_uint, *mut c_void) -> c_int>,
}
/// `struct evthread_condition_callbacks` of event2/thread.h.
#[repr(C)]
struct evthread_condition_callbacks {
    condition_api_version: c_int,
    alloc_condition: Option<unsafe extern "C" fn(c_uint) -> *mut c_void>,
    free_condition: Option<unsafe extern "C" fn(*mut c_void)>,
    signal_condition: Option<unsafe extern "C" fn(*mut c_void, c_int) -> c_int>,
    wait_condition: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *const timeval) -> c_int>,
}

// libevent_core's.
unsafe extern "C" {
    fn event_mm_malloc_(size: usize) -> *mut c_void;
    fn event_mm_free_(p: *mut c_void);
    fn evthread_note_pthread_mutex_(lock: Option<unsafe extern "C" fn(c_uint, *mut c_void) -> c_int>);
    fn evthread_set_lock_callbacks(cbs: *const evthread_lock_callbacks) -> c_int;
    fn evthread_set_condition_callbacks(cbs: *const evthread_condition_callbacks) -> c_int;
    fn evthread_set_id_callback(id: Option<unsafe extern "C" fn() -> c_ulong>);
}
// Without std nothing else asks for the C library.
#[link(name = "c")]
unsafe extern "C" {}

/// A block of the core's allocator for a `T`, initialised by `init`; null if either fails.
///
/// # Safety
/// `init` makes a valid `T` at the pointer when it returns 0, and leaves nothing behind otherwise.
unsafe fn make<T>(init: impl FnOnce(*mut T) -> c_int) -> *mut c_void {
    // SAFETY: plain allocation, malloc's alignment suffices for pthread types.
    let p = unsafe { event_mm_malloc_(size_of::<T>()) };
    if !p.is_null() && init(p.cast()) != 0 {
        // SAFETY: just allocated, nothing in it.
        unsafe { event_mm_free_(p) };
        return null_mut();
    }
    p
}

/// Attributes live on the stack: no shared state, so that threads may call us at the same time.
unsafe fn init_mutex(m: *mut pthread_mutex_t, recursive: bool) -> c_int {
    if !recursive {
        // SAFETY: room for a mutex.
        return unsafe { libc::pthread_mutex_init(m, null()) };
    }
    let mut attr = MaybeUninit::<pthread_mutexattr_t>::uninit();
    // SAFETY: initialised first, destroyed last.
    unsafe {
        if libc::pthread_mutexattr_init(attr.as_mut_ptr()) != 0 {
            return -1;
        }
        let mut r = libc::pthread_mutexattr_settype(attr.as_mut_ptr(), libc::PTHREAD_MUTEX_RECURSIVE);
        if r == 0 {
            r = libc::pthread_mutex_init(m, attr.as_ptr());
        }
        libc::pthread_mutexattr_destroy(attr.as_mut_ptr());
        r
    }
}
unsafe extern "C" fn lock_alloc(kind: c_uint) -> *mut c_void {
    // SAFETY: `init_mutex` makes a mutex or fails.
    unsafe { make(|m| init_mutex(m, kind & EVTHREAD_LOCKTYPE_RECURSIVE != 0)) }
}
unsafe extern "C" fn lock_free(lock: *mut c_void, _kind: c_uint) {
    // SAFETY: made by `lock_alloc`, held by nobody, used no more.
    unsafe {
        libc::pthread_mutex_destroy(lock.cast());
        event_mm_free_(lock);
    }
}
unsafe extern "C" fn lock_lock(mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: made by `lock_alloc`.
    unsafe {
        if mode & EVTHREAD_TRY != 0 {
            libc::pthread_mutex_trylock(lock.cast())
        } else {
            libc::pthread_mutex_lock(lock.cast())
        }
    }
}
unsafe extern "C" fn lock_unlock(_mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: made by `lock_alloc`, held by this thread.
    unsafe { libc::pthread_mutex_unlock(lock.cast()) }
}

#[cfg(not(any(target_os = "macos", target_os = "ios")))]
const COND_CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;

/// Timed waits go by the monotonic clock: setting the wall clock neither shortens nor stretches them.
unsafe fn init_cond(c: *mut pthread_cond_t) -> c_int {
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    // SAFETY: room for a condition. Its waits are relative there (`timed_wait`).
    return unsafe { libc::pthread_cond_init(c, null()) };
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    {
        let mut attr = MaybeUninit::<pthread_condattr_t>::uninit();
        // SAFETY: initialised first, destroyed last.
        unsafe {
            if libc::pthread_condattr_init(attr.as_mut_ptr()) != 0 {
                return -1;
            }
            let mut r = libc::pthread_condattr_setclock(attr.as_mut_ptr(), COND_CLOCK);
            if r == 0 {
                r = libc::pthread_cond_init(c, attr.as_ptr());
            }
            libc::pthread_condattr_destroy(attr.as_mut_ptr());
            r
        }
    }
}
unsafe extern "C" fn cond_alloc(_flags: c_uint) -> *mut c_void {
    // SAFETY: `init_cond` makes a condition or fails.
    unsafe { make(|c| init_cond(c)) }
}
unsafe extern "C" fn cond_free(cond: *mut c_void) {
    // SAFETY: made by `cond_alloc`, nobody waits, used no more.
    unsafe {
        libc::pthread_cond_destroy(cond.cast());
        event_mm_free_(cond);
    }
}
unsafe extern "C" fn cond_signal(cond: *mut c_void, broadcast: c_int) -> c_int {
    // SAFETY: made by `cond_alloc`.
    let r = unsafe {
        if broadcast != 0 {
            libc::pthread_cond_broadcast(cond.cast())
        } else {
            libc::pthread_cond_signal(cond.cast())
        }
    };
    if r == 0 { 0 } else { -1 }
}

/// `tv` as a timespec with its parts in range; a negative time is none, an endless one stays huge.
fn to_timespec(tv: &timeval) -> timespec {
    let carry = tv.tv_usec.div_euclid(1_000_000);
    let sec = tv.tv_sec.saturating_add(carry as libc::time_t);
    if sec < 0 {
        return timespec { tv_sec: 0, tv_nsec: 0 };
    }
    timespec { tv_sec: sec, tv_nsec: (tv.tv_usec.rem_euclid(1_000_000) * 1000) as libc::c_long }
}
#[cfg(any(target_os = "macos", target_os = "ios"))]
unsafe fn timed_wait(cond: *mut pthread_cond_t, lock: *mut pthread_mutex_t, tv: &timeval) -> c_int {
    unsafe extern "C" {
        fn pthread_cond_timedwait_relative_np(
            cond: *mut pthread_cond_t,
            lock: *mut pthread_mutex_t,
            timeout: *const timespec,
        ) -> c_int;
    }
    // SAFETY: the caller's promise.
    unsafe { pthread_cond_timedwait_relative_np(cond, lock, &to_timespec(tv)) }
}
#[cfg(not(any(target_os = "macos", target_os = "ios")))]
unsafe fn timed_wait(cond: *mut pthread_cond_t, lock: *mut pthread_mutex_t, tv: &timeval) -> c_int {
    let wait = to_timespec(tv);
    let mut until = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a place of ours; the condition's own clock, which exists.
    unsafe { libc::clock_gettime(COND_CLOCK, &mut until) };
    until.tv_sec = until.tv_sec.saturating_add(wait.tv_sec);
    until.tv_nsec += wait.tv_nsec;
    if until.tv_nsec >= 1_000_000_000 {
        until.tv_nsec -= 1_000_000_000;
        until.tv_sec = until.tv_sec.saturating_add(1);
    }
    // SAFETY: the caller's promise.
    unsafe { libc::pthread_cond_timedwait(cond, lock, &until) }
}
unsafe extern "C" fn cond_wait(cond: *mut c_void, lock: *mut c_void, timeout: *const timeval) -> c_int {
    // SAFETY: made by `cond_alloc` and `lock_alloc`, the lock is held; `timeout` is null or a time.
    let r = unsafe {
        match timeout.as_ref() {
            None => libc::pthread_cond_wait(cond.cast(), lock.cast()),
            Some(tv) => timed_wait(cond.cast(), lock.cast(), tv),
        }
    };
    match r {
        0 => 0,
        libc::ETIMEDOUT => 1,
        _ => -1,
    }
}

unsafe extern "C" fn thread_id() -> c_ulong {
    // SAFETY: no pointers.
    unsafe { libc::pthread_self() as c_ulong }
}

/// Sets up pthread mutexes and conditions as the library's locks. To be called before any other function of the
/// library; calling it again, or from several threads at once, does no harm.
///
/// @return 0, or -1 if other locks or conditions are set already
///
/// # Safety
/// No pointers.
#[cfg(not(windows))]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_use_pthreads() -> c_int {
    let locks = evthread_lock_callbacks {
        lock_api_version: API_VERSION,
        supported_locktypes: EVTHREAD_LOCKTYPE_RECURSIVE,
        alloc: Some(lock_alloc),
        free: Some(lock_free),
        lock: Some(lock_lock),
        unlock: Some(lock_unlock),
    };
    let conds = evthread_condition_callbacks {
        condition_api_version: API_VERSION,
        alloc_condition: Some(cond_alloc),
        free_condition: Some(cond_free),
        signal_condition: Some(cond_signal),
        wait_condition: Some(cond_wait),
    };
    // SAFETY: whole tables, which are copied. The core hears what our mutexes are before it makes the first.
    unsafe {
        evthread_note_pthread_mutex_(Some(lock_lock));
        if evthread_set_lock_callbacks(&locks) != 0 || evthread_set_condition_callbacks(&conds) != 0 {
            return -1;
        }
        evthread_set_id_callback(Some(thread_id));
    }
    0
}

/// The library has nothing that could panic; the linker drops this.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::abort() }
}
