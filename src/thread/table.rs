//! The three tables that a program may set: locks, conditions, thread id.
use crate::abi::thread::{evthread_condition_callbacks, evthread_id_fn, evthread_lock_callbacks};
use crate::sys::c;
use crate::{Error, Result};
use parking_lot::Mutex;
use std::cell::UnsafeCell;
use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

pub(super) type WaitFn = unsafe extern "C" fn(*mut c_void, *mut c_void, *const c::timeval) -> c_int;
type LockFn = unsafe extern "C" fn(c_uint, *mut c_void) -> c_int;

/// A table whose address C code may ask for, whose fields are read as atomics.
struct Table<T>(UnsafeCell<T>);
// SAFETY: written only under SETTING; read field by field as atomics.
unsafe impl<T> Sync for Table<T> {}

const NO_LOCKS: evthread_lock_callbacks = evthread_lock_callbacks {
    lock_api_version: 0,
    supported_locktypes: 0,
    alloc: None,
    free: None,
    lock: None,
    unlock: None,
};
const NO_CONDS: evthread_condition_callbacks = evthread_condition_callbacks {
    condition_api_version: 0,
    alloc_condition: None,
    free_condition: None,
    signal_condition: None,
    wait_condition: None,
};
/// What the engine calls.
static LOCKS: Table<evthread_lock_callbacks> = Table(UnsafeCell::new(NO_LOCKS));
static CONDS: Table<evthread_condition_callbacks> = Table(UnsafeCell::new(NO_CONDS));
/// What the program set, while lock debugging stands in front of it.
static BEHIND_LOCKS: Table<evthread_lock_callbacks> = Table(UnsafeCell::new(NO_LOCKS));
static BEHIND_CONDS: Table<evthread_condition_callbacks> = Table(UnsafeCell::new(NO_CONDS));
static DEBUGGING: AtomicBool = AtomicBool::new(false);
/// Event debug mode: set while on, and whether something lockable has been made since.
static DEBUG_MODE: AtomicBool = AtomicBool::new(false);
static LOCKABLE_MADE: AtomicBool = AtomicBool::new(false);
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

/// In debug mode, changing the tables after objects were made under the old ones is refused the hard way.
fn check_not_too_late() {
    if DEBUG_MODE.load(Ordering::Relaxed) && LOCKABLE_MADE.load(Ordering::Relaxed) {
        crate::log::write(
            crate::log::Severity::Err,
            None,
            format_args!("evthread must be set up before anything else is made"),
        );
        crate::log::fatal(1);
    }
}
/// Event debug mode (`event_enable_debug_mode`) is on or off.
pub fn set_debug_mode(on: bool) {
    DEBUG_MODE.store(on, Ordering::Relaxed);
    LOCKABLE_MADE.store(false, Ordering::Relaxed);
}
/// A base is being made: from now on, changing the tables is too late.
pub fn note_lockable() {
    if DEBUG_MODE.load(Ordering::Relaxed) {
        LOCKABLE_MADE.store(true, Ordering::Relaxed);
    }
}

/// `evthread_set_lock_callbacks`. None clears the table. A second, different table is refused: locks made by the
/// first are still in use.
pub fn set_lock_callbacks(new: Option<&evthread_lock_callbacks>) -> Result<()> {
    check_not_too_late();
    let _setting = SETTING.lock();
    // SAFETY: SETTING is held, so nobody else writes.
    let table = unsafe { &mut *lock_callbacks() };
    let Some(new) = new else {
        if table.alloc.is_some() {
            crate::warnx!("lock functions taken away; locks made by them will not work any more");
        }
        *table = NO_LOCKS;
        update_native();
        return Ok(());
    };
    if table.alloc.is_some() {
        if same_locks(table, new) {
            return Ok(());
        }
        crate::warnx!("lock functions are set already and cannot be changed");
        return Err(Error::Invalid);
    }
    if new.alloc.is_none() || new.free.is_none() || new.lock.is_none() || new.unlock.is_none() {
        return Err(Error::Invalid);
    }
    *table = *new;
    update_native();
    Ok(())
}

/// Puts `locks`, and `wait` for waiting on conditions, in front of what the program has set.
pub(super) fn start_debugging(locks: evthread_lock_callbacks, wait: WaitFn) {
    let _setting = SETTING.lock();
    if DEBUGGING.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: SETTING is held.
    unsafe {
        let (live, conds) = (&mut *LOCKS.0.get(), &mut *CONDS.0.get());
        // Debugging that was stopped left its own table in place: it stays in front of what it was in front of.
        if live.lock.map(|f| f as usize) != locks.lock.map(|f| f as usize) {
            *BEHIND_LOCKS.0.get() = *live;
            *BEHIND_CONDS.0.get() = *conds;
        }
        *live = locks;
        conds.wait_condition = Some(wait);
    }
    DEBUGGING.store(true, Ordering::Relaxed);
    update_native();
}
/// `libevent_global_shutdown`: the program's setters reach the live tables again. Locks made under debugging keep working.
pub fn stop_debugging() {
    let _setting = SETTING.lock();
    DEBUGGING.store(false, Ordering::Relaxed);
}
pub fn is_debugging() -> bool {
    DEBUGGING.load(Ordering::Relaxed)
}
/// Whether locks that are made now are pthread mutexes.
pub(super) fn is_native() -> bool {
    NATIVE.load(Ordering::Relaxed)
}
/// With SETTING held.
fn update_native() {
    let lock: Option<LockFn> = field!(LOCKS.lock);
    let lock = lock.map_or(null_mut(), |f| f as *mut c_void);
    NATIVE.store(!lock.is_null() && lock == PTHREAD_LOCK.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// libevent_pthreads tells which lock function stands for plain recursive pthread mutexes.
pub fn note_pthread_mutex(lock: LockFn) {
    // Nothing is written where nothing changes: a program's second set-up is no race with running threads.
    if PTHREAD_LOCK.load(Ordering::Relaxed) == lock as *mut c_void {
        return;
    }
    let _setting = SETTING.lock();
    PTHREAD_LOCK.store(lock as *mut c_void, Ordering::Relaxed);
    update_native();
}

/// The program's own table, for `evthread_get_lock_callbacks`: the live one unless debugging stands in front.
pub fn lock_callbacks() -> *mut evthread_lock_callbacks {
    if is_debugging() { BEHIND_LOCKS.0.get() } else { LOCKS.0.get() }
}
/// The program's own table, for `evthread_get_condition_callbacks`.
pub fn condition_callbacks() -> *mut evthread_condition_callbacks {
    if is_debugging() { BEHIND_CONDS.0.get() } else { CONDS.0.get() }
}

fn same_conds(a: &evthread_condition_callbacks, b: &evthread_condition_callbacks) -> bool {
    let key = |t: &evthread_condition_callbacks| {
        (
            t.condition_api_version,
            t.alloc_condition.map(|f| f as usize),
            t.free_condition.map(|f| f as usize),
            t.signal_condition.map(|f| f as usize),
            t.wait_condition.map(|f| f as usize),
        )
    };
    key(a) == key(b)
}

/// `evthread_set_condition_callbacks`: the same rules.
pub fn set_condition_callbacks(new: Option<&evthread_condition_callbacks>) -> Result<()> {
    check_not_too_late();
    let _setting = SETTING.lock();
    // SAFETY: SETTING is held.
    let table = unsafe { &mut *condition_callbacks() };
    let Some(new) = new else {
        if table.alloc_condition.is_some() {
            crate::warnx!("condition functions taken away; conditions made by them will not work any more");
        }
        *table = NO_CONDS;
        return Ok(());
    };
    if table.alloc_condition.is_some() {
        if same_conds(table, new) {
            return Ok(());
        }
        crate::warnx!("condition functions are set already and cannot be changed");
        return Err(Error::Invalid);
    }
    if new.alloc_condition.is_none()
        || new.free_condition.is_none()
        || new.signal_condition.is_none()
        || new.wait_condition.is_none()
    {
        return Err(Error::Invalid);
    }
    *table = *new;
    if is_debugging() {
        // Only waiting concerns the lock; the rest goes straight through.
        // SAFETY: SETTING is held.
        let live = unsafe { &mut *CONDS.0.get() };
        live.condition_api_version = new.condition_api_version;
        live.alloc_condition = new.alloc_condition;
        live.free_condition = new.free_condition;
        live.signal_condition = new.signal_condition;
    }
    Ok(())
}

/// `evthread_set_id_callback`.
pub fn set_id_callback(f: evthread_id_fn) {
    let f = f.map_or(null_mut(), |f| f as *mut c_void);
    if ID_FN.load(Ordering::Relaxed) != f {
        ID_FN.store(f, Ordering::Relaxed);
    }
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
        return unsafe { c::pthread_mutex_lock(raw.cast()) };
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
        return unsafe { c::pthread_mutex_unlock(raw.cast()) };
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
pub(super) unsafe fn wait_cond(raw: *mut c_void, lock: *mut c_void, timeout: *const c::timeval) -> c_int {
    let f: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *const c::timeval) -> c_int> =
        field!(CONDS.wait_condition);
    // SAFETY: both came from the live tables and `lock` is held.
    f.map_or(-1, |f| unsafe { f(raw, lock, timeout) })
}

// What lock debugging calls behind itself. A lock made before the program set a table has nothing behind it.
pub(super) fn alloc_behind(kind: c_uint) -> Option<*mut c_void> {
    let f: Option<unsafe extern "C" fn(c_uint) -> *mut c_void> = field!(BEHIND_LOCKS.alloc);
    // SAFETY: the table's contract.
    f.map(|f| unsafe { f(kind) })
}
pub(super) unsafe fn free_behind(raw: *mut c_void, kind: c_uint) {
    let f: Option<unsafe extern "C" fn(*mut c_void, c_uint)> = field!(BEHIND_LOCKS.free);
    if let Some(f) = f.filter(|_| !raw.is_null()) {
        // SAFETY: the caller made `raw` with this table and uses it no more.
        unsafe { f(raw, kind) }
    }
}
pub(super) unsafe fn lock_behind(mode: c_uint, raw: *mut c_void) -> c_int {
    let f: Option<LockFn> = field!(BEHIND_LOCKS.lock);
    // SAFETY: `raw` came from this table.
    f.filter(|_| !raw.is_null()).map_or(0, |f| unsafe { f(mode, raw) })
}
pub(super) unsafe fn unlock_behind(mode: c_uint, raw: *mut c_void) -> c_int {
    let f: Option<LockFn> = field!(BEHIND_LOCKS.unlock);
    // SAFETY: `raw` came from this table.
    f.filter(|_| !raw.is_null()).map_or(0, |f| unsafe { f(mode, raw) })
}
pub(super) unsafe fn wait_behind(cond: *mut c_void, lock: *mut c_void, timeout: *const c::timeval) -> c_int {
    let f: Option<WaitFn> = field!(BEHIND_CONDS.wait_condition);
    // SAFETY: both came from these tables and `lock` is held.
    f.filter(|_| !lock.is_null()).map_or(-1, |f| unsafe { f(cond, lock, timeout) })
}
