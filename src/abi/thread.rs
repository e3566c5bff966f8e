//! event2/thread.h
use crate::sys::c::timeval;
use std::ffi::{c_int, c_uint, c_ulong, c_void};

/// Bits of a lock's `mode`: for writing, for reading (locks of the read-write kind only), and not waiting.
pub const EVTHREAD_WRITE: c_uint = 0x04;
pub const EVTHREAD_READ: c_uint = 0x08;
pub const EVTHREAD_TRY: c_uint = 0x10;
/// A lock that its holder can take again. The library needs this kind.
pub const EVTHREAD_LOCKTYPE_RECURSIVE: c_uint = 1;
/// A lock with many readers or one writer. Never asked for as yet.
pub const EVTHREAD_LOCKTYPE_READWRITE: c_uint = 2;
/// Version of `struct evthread_lock_callbacks`.
pub const EVTHREAD_LOCK_API_VERSION: c_int = 1;
/// Version of `struct evthread_condition_callbacks`.
pub const EVTHREAD_CONDITION_API_VERSION: c_int = 1;

pub type evthread_id_fn = Option<unsafe extern "C" fn() -> c_ulong>;

/// The locks that the library is to use.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evthread_lock_callbacks {
    /// `EVTHREAD_LOCK_API_VERSION`.
    pub lock_api_version: c_int,
    /// `EVTHREAD_LOCKTYPE_*` bits of the kinds that `alloc` can make; 0: the plain kind alone.
    pub supported_locktypes: c_uint,
    /// Makes a lock of the given kind (0: plain); NULL on failure.
    pub alloc: Option<unsafe extern "C" fn(locktype: c_uint) -> *mut c_void>,
    /// Frees a lock that nobody holds.
    pub free: Option<unsafe extern "C" fn(lock: *mut c_void, locktype: c_uint)>,
    /// Takes a lock. 0 once it is held; with `EVTHREAD_TRY`, nonzero if another thread has it.
    pub lock: Option<unsafe extern "C" fn(mode: c_uint, lock: *mut c_void) -> c_int>,
    /// Gives a lock back. 0, or nonzero on failure.
    pub unlock: Option<unsafe extern "C" fn(mode: c_uint, lock: *mut c_void) -> c_int>,
}
/// The condition variables that the library is to use.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evthread_condition_callbacks {
    /// `EVTHREAD_CONDITION_API_VERSION`.
    pub condition_api_version: c_int,
    /// Makes a condition variable (the argument is 0 as yet); NULL on failure.
    pub alloc_condition: Option<unsafe extern "C" fn(condtype: c_uint) -> *mut c_void>,
    /// Frees one that nobody waits on.
    pub free_condition: Option<unsafe extern "C" fn(cond: *mut c_void)>,
    /// Wakes one waiting thread, or all with `broadcast`. Called with the lock held. 0, or -1 on failure.
    pub signal_condition: Option<unsafe extern "C" fn(cond: *mut c_void, broadcast: c_int) -> c_int>,
    /// Gives `lock` back, waits, and takes it again; at most for `timeout` (NULL: for ever). 0 when woken, 1 at the
    /// timeout, -1 on failure.
    pub wait_condition:
        Option<unsafe extern "C" fn(cond: *mut c_void, lock: *mut c_void, timeout: *const timeval) -> c_int>,
}
#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<evthread_lock_callbacks>() == 40 && size_of::<evthread_condition_callbacks>() == 40);
    assert!(offset_of!(evthread_lock_callbacks, alloc) == 8);
};
