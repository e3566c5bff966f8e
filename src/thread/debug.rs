//! Lock debugging: a table that stands in front of the program's and checks how locks are used.
//!
//! Caught: unlocking what is not locked or is held by another thread, taking a plain lock twice, freeing a held
//! lock, waiting on a condition without its lock, using a lock that is none. Each ends in the fatal path: going on
//! would only hide the bug.
use super::table;
use crate::abi::thread::{
    EVTHREAD_LOCK_API_VERSION, EVTHREAD_LOCKTYPE_READWRITE, EVTHREAD_LOCKTYPE_RECURSIVE, EVTHREAD_READ,
    EVTHREAD_WRITE, evthread_lock_callbacks,
};
use crate::sys::c::timeval;
use crate::{log, mem};
use std::ffi::{c_int, c_uint, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};

const ALIVE: u32 = 0x6c6f_636b;
const FREED: u32 = 0x6672_6565;

/// A checked lock. The bookkeeping is written only while the lock is held, but read by whoever misuses it: atomics.
struct DebugLock {
    signature: AtomicU32,
    kind: c_uint,
    holder: AtomicUsize,
    depth: AtomicU32,
    /// The program's lock behind this one; null if there was no table.
    real: *mut c_void,
}

fn require(holds: bool, rule: &str) {
    if !holds {
        log::misuse(format_args!("evthread lock debugging: {rule}"));
    }
}

/// # Safety
/// `raw` points at readable memory of a lock, live or just freed.
unsafe fn checked<'a>(raw: *mut c_void) -> &'a DebugLock {
    require(!raw.is_null(), "a null pointer is no lock");
    // SAFETY: the caller's promise; only the signature is trusted before it is known to be ours.
    let lock = unsafe { &*raw.cast::<DebugLock>() };
    require(
        lock.signature.load(Relaxed) == ALIVE,
        "not a lock, freed, or made before lock debugging was enabled",
    );
    lock
}

impl DebugLock {
    fn check_mode(&self, mode: c_uint) {
        let named = mode & (EVTHREAD_READ | EVTHREAD_WRITE) != 0;
        if self.kind & EVTHREAD_LOCKTYPE_READWRITE != 0 {
            require(named, "a read-write lock needs to be told which of both");
        } else {
            require(!named, "a lock that is not a read-write lock takes no read or write mode");
        }
    }
    fn is_mine(&self) -> bool {
        !table::has_id_callback() || self.holder.load(Relaxed) == id()
    }
    fn mark_locked(&self) {
        let depth = self.depth.load(Relaxed) + 1;
        if self.kind & EVTHREAD_LOCKTYPE_RECURSIVE == 0 {
            require(depth == 1, "a lock that is not recursive was taken twice");
        }
        require(depth == 1 || self.is_mine(), "two threads hold one lock");
        self.depth.store(depth, Relaxed);
        self.holder.store(id(), Relaxed);
    }
    fn mark_unlocked(&self) {
        let depth = self.depth.load(Relaxed);
        require(depth > 0, "unlocked, but nobody holds it");
        require(self.is_mine(), "unlocked by a thread that does not hold it");
        if depth == 1 {
            self.holder.store(0, Relaxed);
        }
        self.depth.store(depth - 1, Relaxed);
    }
}
fn id() -> usize {
    table::current_id() as usize
}

unsafe extern "C" fn debug_alloc(kind: c_uint) -> *mut c_void {
    let raw = mem::malloc(size_of::<DebugLock>()).cast::<DebugLock>();
    if raw.is_null() {
        return null_mut();
    }
    // The lock behind is always recursive: a second acquisition shall reach our check, not hang.
    let real = match table::alloc_behind(kind | EVTHREAD_LOCKTYPE_RECURSIVE) {
        Some(real) if real.is_null() => {
            // SAFETY: just allocated.
            unsafe { mem::free(raw.cast()) };
            return null_mut();
        }
        Some(real) => real,
        None => null_mut(),
    };
    // SAFETY: just allocated, big enough.
    unsafe {
        raw.write(DebugLock {
            signature: AtomicU32::new(ALIVE),
            kind,
            holder: AtomicUsize::new(0),
            depth: AtomicU32::new(0),
            real,
        })
    };
    raw.cast()
}
unsafe extern "C" fn debug_free(raw: *mut c_void, kind: c_uint) {
    // SAFETY: the table's contract: a lock of ours, used no more.
    unsafe {
        let lock = checked(raw);
        require(lock.depth.load(Relaxed) == 0, "freed while it is held");
        require(lock.kind == kind, "freed as another kind of lock than it was made");
        table::free_behind(lock.real, lock.kind | EVTHREAD_LOCKTYPE_RECURSIVE);
        lock.signature.store(FREED, Relaxed);
        mem::free(raw);
    }
}
unsafe extern "C" fn debug_lock(mode: c_uint, raw: *mut c_void) -> c_int {
    // SAFETY: the table's contract: a lock of ours.
    let lock = unsafe { checked(raw) };
    lock.check_mode(mode);
    // SAFETY: made by that table.
    let r = unsafe { table::lock_behind(mode, lock.real) };
    if r == 0 {
        lock.mark_locked();
    }
    r
}
unsafe extern "C" fn debug_unlock(mode: c_uint, raw: *mut c_void) -> c_int {
    // SAFETY: the table's contract: a lock of ours.
    let lock = unsafe { checked(raw) };
    lock.check_mode(mode);
    lock.mark_unlocked();
    // SAFETY: made by that table, and held.
    unsafe { table::unlock_behind(mode, lock.real) }
}
unsafe extern "C" fn debug_wait(cond: *mut c_void, raw: *mut c_void, timeout: *const timeval) -> c_int {
    // SAFETY: the table's contract: a lock of ours.
    let lock = unsafe { checked(raw) };
    require(
        lock.depth.load(Relaxed) > 0 && lock.is_mine(),
        "waiting on a condition with a lock that this thread does not hold",
    );
    lock.mark_unlocked();
    // SAFETY: made by the tables behind, and held.
    let r = unsafe { table::wait_behind(cond, lock.real, timeout) };
    lock.mark_locked();
    r
}

/// `evthread_enable_lock_debugging`. Locks made before are not debugged and must not be used any more.
pub fn enable_debugging() {
    let locks = evthread_lock_callbacks {
        lock_api_version: EVTHREAD_LOCK_API_VERSION,
        supported_locktypes: EVTHREAD_LOCKTYPE_RECURSIVE,
        alloc: Some(debug_alloc),
        free: Some(debug_free),
        lock: Some(debug_lock),
        unlock: Some(debug_unlock),
    };
    table::start_debugging(locks, debug_wait);
}
