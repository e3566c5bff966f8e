//! event2/thread.h (evthread_use_pthreads is in libevent_pthreads)
use oxievent::abi::event::event_base;
use oxievent::abi::thread::{evthread_condition_callbacks, evthread_lock_callbacks};
use oxievent::base::BaseRef;
use oxievent::{Result, thread};
use std::ffi::{c_int, c_ulong};

fn status(r: Result<()>) -> c_int {
    match r {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

/// Sets up the locks, condition variables and thread numbers of Windows. To be called before any other function of the
/// library.
///
/// @return 0, or -1 if other locks are set already
///
/// # Safety
/// No pointers.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_use_windows_threads() -> c_int {
    status(thread::use_windows_threads())
}

/// Sets the functions that make and take locks. To be called before any other function of the library, and only by
/// programs that do not use evthread_use_pthreads.
///
/// @param cbs the functions, which are copied; NULL takes away those that were set
/// @return 0, or -1 if one of them is missing or others are set already
///
/// # Safety
/// Rule 2 for `cbs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_lock_callbacks(cbs: *const evthread_lock_callbacks) -> c_int {
    // SAFETY: Rule 2.
    status(thread::set_lock_callbacks(unsafe { cbs.as_ref() }))
}

/// Sets the functions for condition variables. To be called before any other function of the library, after the
/// locks.
///
/// @param cbs the functions, which are copied; NULL takes away those that were set
/// @return 0, or -1 if one of them is missing or others are set already
///
/// # Safety
/// Rule 2 for `cbs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_condition_callbacks(cbs: *const evthread_condition_callbacks) -> c_int {
    // SAFETY: Rule 2.
    status(thread::set_condition_callbacks(unsafe { cbs.as_ref() }))
}

/// Sets the function that tells which thread is running.
///
/// @param id_fn returns a number that no other running thread has
///
/// # Safety
/// `id_fn` may be called from every thread at any time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_id_callback(id_fn: Option<unsafe extern "C" fn() -> c_ulong>) {
    thread::set_id_callback(id_fn);
}

/// Makes a base's loop wake up when another thread changes the base. Bases made after locks were set up have this
/// already.
///
/// @return 0, or -1 if base is NULL or the system refuses
///
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_make_base_notifiable(base: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    let Some(base) = (unsafe { BaseRef::from_raw(base) }) else { return -1 };
    status(base.make_notifiable())
}

/// Has the use of every lock checked: unlocking what the thread does not hold, waiting on a condition without the
/// lock, taking a lock twice that does not allow it. A mistake is logged and ends the process. Costs time: for
/// finding bugs. To be called once, before any lock is made.
///
/// # Safety
/// No object of the library has been made yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_enable_lock_debugging() {
    thread::enable_debugging();
}

/// evthread_enable_lock_debugging under its first, misspelt name.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_enable_lock_debuging() {
    thread::enable_debugging();
}
