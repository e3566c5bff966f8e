//! The three tables that a program may set: locks, conditions, thread id.
use crate::abi::thread::{
    EVTHREAD_CONDITION_API_VERSION, EVTHREAD_LOCK_API_VERSION, evthread_condition_callbacks, evthread_id_fn,
    evthread_lock_callbacks,
};
use crate::{Error, Result};
use parking_lot::Mutex;
use std::cell::UnsafeCell;
use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

type LockFn = unsafe extern "C" fn(c_uint, *mut c_void) -> c_int;

/// A table whose address C code may ask for, whose fields are read as atomics.
struct Table<T>(UnsafeCell<T>);
// SAFETY: written only under SETTING; read field by field as atomics.
unsafe impl<T> Sync for Table<T> {}

static LOCKS: Table<evthread_lock_callbacks> = Table(UnsafeCell::new(evthread_lock_callbacks {
    lock_api_version: 0,
    supported_locktypes: 0,
    alloc: None,
    free: None,
    lock: None,
    unlock: None,
}));
static CONDS: Table<evthread_condition_callbacks> = Table(UnsafeCell::new(evthread_condition_callbacks {
    condition_api_version: 0,
    alloc_condition: None,
    free_condition: None,
    signal_condition: None,
    wait_condition: None,
}));
static ID_FN: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
/// The lock function of `evthread_use_pthreads`: its locks are `pthread_mutex_t`.
static PTHREAD_LOCK: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
/// Whether the live table is that one.
static NATIVE: AtomicBool = AtomicBool::new(false);
static SETTING: Mutex<()> = Mutex::new(());

/// Reads one function pointer of a table.
macro_rules! field {
    ($table:ident . $field:ident) => {{
        // SAFETY: the field is a pointer-sized Option<fn>, written only as a whole word.
        let p = unsafe { AtomicPtr::from_ptr((&raw mut (*$table.0.get()).$field).cast::<*mut c_void>()) };
        // SAFETY: the same type that was stored.
        unsafe { std::mem::transmute(p.load(Ordering::Relaxed)) }
    }};
}

fn same_locks(a: &evthread_lock_callbacks, b: &evthread_lock_callbacks) -> bool {
    let key = |t: &evthread_lock_callbacks| {
        (
            t.lock_api_version,
            t.supported_locktypes,
            t.alloc.map(|f| f as usize),
            t.free.map(|f| f as usize),
            t.lock.map(|f| f as usize),
            t.unlock.map(|f| f as usize),
        )
    };
    key(a) == key(b)
}

/// `evthread_set_lock_callbacks`. None clears the table. A second, different table is refused: locks made by the
/// first are still in use.
pub fn set_lock_callbacks(new: Option<&evthread_lock_callbacks>) -> Result<()> {
    let _setting = SETTING.lock();
    // SAFETY: SETTING is held, so nobody else writes.
    let live = unsafe { &mut *LOCKS.0.get() };
    let Some(new) = new else {
        NATIVE.store(false, Ordering::Relaxed);
        *live = evthread_lock_callbacks {
            lock_api_version: 0,
            supported_locktypes: 0,
            alloc: None,
            free: None,
            lock: None,
            unlock: None,
        };
        return Ok(());
    };
    if live.alloc.is_some() {
        return if same_locks(live, new) { Ok(()) } else { Err(Error::Invalid) };
    }
    if new.alloc.is_none() || new.free.is_none() || new.lock.is_none() || new.unlock.is_none() {
        return Err(Error::Invalid);
    }
    if new.lock_api_version != EVTHREAD_LOCK_API_VERSION {
        return Err(Error::Invalid);
    }
    *live = *new;
    update_native(live);
    Ok(())
}

/// Replaces the live table without the checks above: lock debugging wraps itself around it this way.
pub(super) fn replace_lock_callbacks(with: impl FnOnce(&evthread_lock_callbacks) -> evthread_lock_callbacks) {
    let _setting = SETTING.lock();
    // SAFETY: SETTING is held.
    let live = unsafe { &mut *LOCKS.0.get() };
    *live = with(live);
    update_native(live);
}
fn update_native(live: &evthread_lock_callbacks) {
    let lock = live.lock.map_or(null_mut(), |f| f as *mut c_void);
    NATIVE.store(!lock.is_null() && lock == PTHREAD_LOCK.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// libevent_pthreads tells which lock function stands for plain recursive pthread mutexes.
pub fn note_pthread_mutex(lock: LockFn) {
    let _setting = SETTING.lock();
    PTHREAD_LOCK.store(lock as *mut c_void, Ordering::Relaxed);
    // SAFETY: SETTING is held.
    update_native(unsafe { &*LOCKS.0.get() });
}

/// The live table, for `evthread_get_lock_callbacks`.
pub fn lock_callbacks() -> *mut evthread_lock_callbacks {
    LOCKS.0.get()
}
/// The live table, for `evthread_get_condition_callbacks`.
pub fn condition_callbacks() -> *mut evthread_condition_callbacks {
    CONDS.0.get()
}

/// `evthread_set_condition_callbacks`: the same rules.
pub fn set_condition_callbacks(new: Option<&evthread_condition_callbacks>) -> Result<()> {
    let _setting = SETTING.lock();
    // SAFETY: SETTING is held.
    let live = unsafe { &mut *CONDS.0.get() };
    let Some(new) = new else {
        *live = evthread_condition_callbacks {
            condition_api_version: 0,
            alloc_condition: None,
            free_condition: None,
            signal_condition: None,
            wait_condition: None,
        };
        return Ok(());
    };
    let key = |t: &evthread_condition_callbacks| {
        (
            t.condition_api_version,
            t.alloc_condition.map(|f| f as usize),
            t.free_condition.map(|f| f as usize),
            t.signal_condition.map(|f| f as usize),
            t.wait_condition.map(|f| f as usize),
        )
    };
    if live.alloc_condition.is_some() {
        return if key(live) == key(new) { Ok(()) } else { Err(Error::Invalid) };
    }
    if new.alloc_condition.is_none()
        || new.free_condition.is_none()
        || new.signal_condition.is_none()
        || new.wait_condition.is_none()
        || new.condition_api_version != EVTHREAD_CONDITION_API_VERSION
    {
        return Err(Error::Invalid);
    }
    *live = *new;
    Ok(())
}

/// `evthread_set_id_callback`.
pub fn set_id_callback(f: evthread_id_fn) {
    ID_FN.store(f.map_or(null_mut(), |f| f as *mut c_void), Ordering::Relaxed);
}
pub fn has_id_callback() -> bool {
    !ID_FN.load(Ordering::Relaxed).is_null()
}
/// The running thread's id as the program's callback tells it; 1 when there is none.
#[inline]
pub fn current_id() -> c_ulong {
    let f = ID_FN.load(Ordering::Relaxed);
    if f.is_null() {
        return 1;
    }
    // SAFETY: only an evthread_id_fn is stored there.
    unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn() -> c_ulong>(f)() }
}
/// Whether a table of locks is set.
#[inline]
pub fn locks_enabled() -> bool {
    let lock: Option<LockFn> = field!(LOCKS.lock);
    lock.is_some()
}

pub(super) fn alloc_lock(kind: c_uint) -> Option<*mut c_void> {
    let f: Option<unsafe extern "C" fn(c_uint) -> *mut c_void> = field!(LOCKS.alloc);
    // SAFETY: the table's contract.
    f.map(|f| unsafe { f(kind) })
}
pub(super) unsafe fn free_lock(raw: *mut c_void, kind: c_uint) {
    let f: Option<unsafe extern "C" fn(*mut c_void, c_uint)> = field!(LOCKS.free);
    if let Some(f) = f {
        // SAFETY: the caller made `raw` with this table and uses it no more.
        unsafe { f(raw, kind) }
    }
}
#[inline]
pub(super) unsafe fn lock(mode: c_uint, raw: *mut c_void) -> c_int {
    #[cfg(unix)]
    if mode == 0 && NATIVE.load(Ordering::Relaxed) {
        // SAFETY: NATIVE says that locks are pthread mutexes.
        return unsafe { libc::pthread_mutex_lock(raw.cast()) };
    }
    let f: Option<LockFn> = field!(LOCKS.lock);
    // SAFETY: `raw` came from this table.
    f.map_or(0, |f| unsafe { f(mode, raw) })
}
#[inline]
pub(super) unsafe fn unlock(mode: c_uint, raw: *mut c_void) -> c_int {
    #[cfg(unix)]
    if mode == 0 && NATIVE.load(Ordering::Relaxed) {
        // SAFETY: NATIVE says that locks are pthread mutexes.
        return unsafe { libc::pthread_mutex_unlock(raw.cast()) };
    }
    let f: Option<LockFn> = field!(LOCKS.unlock);
    // SAFETY: `raw` came from this table.
    f.map_or(0, |f| unsafe { f(mode, raw) })
}
pub(super) fn alloc_cond() -> Option<*mut c_void> {
    let f: Option<unsafe extern "C" fn(c_uint) -> *mut c_void> = field!(CONDS.alloc_condition);
    // SAFETY: the table's contract.
    f.map(|f| unsafe { f(0) })
}
pub(super) unsafe fn free_cond(raw: *mut c_void) {
    let f: Option<unsafe extern "C" fn(*mut c_void)> = field!(CONDS.free_condition);
    if let Some(f) = f {
        // SAFETY: the caller made `raw` with this table.
        unsafe { f(raw) }
    }
}
pub(super) unsafe fn signal_cond(raw: *mut c_void, broadcast: bool) {
    let f: Option<unsafe extern "C" fn(*mut c_void, c_int) -> c_int> = field!(CONDS.signal_condition);
    if let Some(f) = f {
        // SAFETY: `raw` came from this table.
        unsafe { f(raw, c_int::from(broadcast)) };
    }
}
pub(super) unsafe fn wait_cond(raw: *mut c_void, lock: *mut c_void, timeout: *const libc::timeval) -> c_int {
    let f: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *const libc::timeval) -> c_int> =
        field!(CONDS.wait_condition);
    // SAFETY: both came from the live tables and `lock` is held.
    f.map_or(-1, |f| unsafe { f(raw, lock, timeout) })
}
