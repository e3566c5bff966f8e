//! Windows' locks as tables: what `evthread_use_windows_threads` sets.
use super::table;
use crate::abi::thread::{
    EVTHREAD_CONDITION_API_VERSION, EVTHREAD_LOCK_API_VERSION, EVTHREAD_LOCKTYPE_RECURSIVE, EVTHREAD_TRY,
    evthread_condition_callbacks, evthread_lock_callbacks,
};
use crate::sys::c::timeval;
use crate::sys::clock::timeval_us;
use crate::sys::threads::{self as os, Condition, Section, Woken};
use crate::{Result, mem};
use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::ptr::null_mut;

// A critical section can always be taken again by its holder, so one kind serves for all.
unsafe extern "C" fn lock_alloc(_kind: c_uint) -> *mut c_void {
    let p = mem::malloc(size_of::<Section>());
    // SAFETY: just allocated.
    if !p.is_null() && !unsafe { os::init(p.cast()) } {
        // SAFETY: as above; no lock was made there.
        unsafe { mem::free(p) };
        return null_mut();
    }
    p
}
unsafe extern "C" fn lock_free(lock: *mut c_void, _kind: c_uint) {
    // SAFETY: the table's contract: made by `lock_alloc`, held by nobody, used no more.
    unsafe {
        os::delete(lock.cast());
        mem::free(lock);
    }
}
unsafe extern "C" fn lock_lock(mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: the table's contract: made by `lock_alloc`.
    unsafe {
        if mode & EVTHREAD_TRY != 0 {
            return c_int::from(!os::try_enter(lock.cast()));
        }
        os::enter(lock.cast());
    }
    0
}
unsafe extern "C" fn lock_unlock(_mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: the table's contract: made by `lock_alloc`, held by this thread.
    unsafe { os::leave(lock.cast()) };
    0
}
unsafe extern "C" fn cond_alloc(_flags: c_uint) -> *mut c_void {
    let p = mem::malloc(size_of::<Condition>());
    if !p.is_null() {
        // SAFETY: just allocated.
        unsafe { os::init_condition(p.cast()) };
    }
    p
}
unsafe extern "C" fn cond_free(cond: *mut c_void) {
    // SAFETY: the table's contract: made by `cond_alloc`, nobody waits, used no more.
    unsafe { mem::free(cond) };
}
unsafe extern "C" fn cond_signal(cond: *mut c_void, broadcast: c_int) -> c_int {
    // SAFETY: the table's contract: made by `cond_alloc`.
    unsafe { os::wake(cond.cast(), broadcast != 0) };
    0
}
unsafe extern "C" fn cond_wait(cond: *mut c_void, lock: *mut c_void, timeout: *const timeval) -> c_int {
    // SAFETY: the table's contract: null or a timeval. Rounded up: a wait does not end early.
    let msec = unsafe { timeout.as_ref() }.map(|tv| {
        let us = timeval_us(tv).max(0) as u64;
        us.div_ceil(1000).min(u32::MAX.into()) as u32
    });
    // SAFETY: the table's contract: both are ours, the lock is held once.
    match unsafe { os::wait(cond.cast(), lock.cast(), msec) } {
        Woken::Yes => 0,
        Woken::TimedOut => 1,
        Woken::Failed => -1,
    }
}
unsafe extern "C" fn thread_id() -> c_ulong {
    os::current_id()
}

/// `evthread_use_windows_threads`: critical sections, condition variables and thread numbers of Windows. A second call
/// changes nothing; a program that has set something else gets an error.
pub fn use_windows_threads() -> Result<()> {
    table::set_lock_callbacks(Some(&evthread_lock_callbacks {
        lock_api_version: EVTHREAD_LOCK_API_VERSION,
        supported_locktypes: EVTHREAD_LOCKTYPE_RECURSIVE,
        alloc: Some(lock_alloc),
        free: Some(lock_free),
        lock: Some(lock_lock),
        unlock: Some(lock_unlock),
    }))?;
    table::set_condition_callbacks(Some(&evthread_condition_callbacks {
        condition_api_version: EVTHREAD_CONDITION_API_VERSION,
        alloc_condition: Some(cond_alloc),
        free_condition: Some(cond_free),
        signal_condition: Some(cond_signal),
        wait_condition: Some(cond_wait),
    }))?;
    table::set_id_callback(Some(thread_id));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn locks_nest_exclude_and_wait() {
        // SAFETY: locks and conditions of the table, used as it demands.
        unsafe {
            let (lock, cond) = (lock_alloc(0) as usize, cond_alloc(0) as usize);
            let p = |n: usize| n as *mut c_void;
            assert_eq!(lock_lock(0, p(lock)), 0);
            assert_eq!(lock_lock(EVTHREAD_TRY, p(lock)), 0);
            lock_unlock(0, p(lock));
            let other = std::thread::spawn(move || lock_lock(EVTHREAD_TRY, lock as *mut c_void));
            assert_ne!(other.join().unwrap(), 0);
            let tv = timeval { tv_sec: 0, tv_usec: 1 };
            assert_eq!(cond_wait(p(cond), p(lock), &tv), 1);
            static WAITING: AtomicUsize = AtomicUsize::new(0);
            let threads: std::vec::Vec<_> = (0..2)
                .map(|_| {
                    std::thread::spawn(move || {
                        lock_lock(0, p(lock));
                        WAITING.fetch_add(1, SeqCst);
                        let r = cond_wait(p(cond), p(lock), std::ptr::null());
                        lock_unlock(0, p(lock));
                        r
                    })
                })
                .collect();
            lock_unlock(0, p(lock));
            while WAITING.load(SeqCst) < 2 {
                std::thread::yield_now();
            }
            lock_lock(0, p(lock));
            cond_signal(p(cond), 1);
            lock_unlock(0, p(lock));
            for t in threads {
                assert_eq!(t.join().unwrap(), 0);
            }
            cond_free(p(cond));
            lock_free(p(lock), 0);
        }
        assert_ne!(unsafe { thread_id() }, 0);
    }
}
