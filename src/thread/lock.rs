//! The engine's handles: a lock, a lock that several objects own, a condition.
use super::table;
use crate::abi::thread::{EVTHREAD_LOCKTYPE_RECURSIVE, EVTHREAD_TRY};
use crate::sys::c;
use crate::{Error, Result, mem};
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A recursive lock of the live table, or nothing at all (null) where locking is off.
#[repr(transparent)]
pub struct Lock(*mut c_void);

// SAFETY: a lock is made to be used from several threads.
unsafe impl Send for Lock {}
// SAFETY: as above.
unsafe impl Sync for Lock {}

impl Lock {
    pub const NONE: Lock = Lock(null_mut());

    /// A new recursive lock; `NONE` when no table is set.
    pub fn new() -> Result<Lock> {
        match table::alloc_lock(EVTHREAD_LOCKTYPE_RECURSIVE) {
            None => Ok(Lock::NONE),
            Some(raw) if raw.is_null() => Err(Error::NoMem),
            Some(raw) => Ok(Lock(raw)),
        }
    }
    pub fn is_none(&self) -> bool {
        self.0.is_null()
    }
    pub fn as_ptr(&self) -> *mut c_void {
        self.0
    }
    #[inline]
    pub fn acquire(&self) {
        if !self.0.is_null() {
            // SAFETY: made by the live table.
            unsafe { table::lock(0, self.0) };
        }
    }
    /// # Safety
    /// The running thread has acquired it, and nothing it protects is borrowed any more.
    #[inline]
    pub unsafe fn release(&self) {
        if !self.0.is_null() {
            // SAFETY: made by the live table.
            unsafe { table::unlock(0, self.0) };
        }
    }
}
impl Drop for Lock {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: we made it, and whoever drops us owns the object alone.
            unsafe { table::free_lock(self.0, EVTHREAD_LOCKTYPE_RECURSIVE) }
        }
    }
}

/// A lock of the live table that its holder must not take again, or nothing at all (null) where locking is off.
/// With pthread mutexes it costs a quarter less than a recursive one.
#[repr(transparent)]
pub struct PlainLock(*mut c_void);

// SAFETY: a lock is made to be used from several threads.
unsafe impl Send for PlainLock {}
// SAFETY: as above.
unsafe impl Sync for PlainLock {}

impl PlainLock {
    pub const NONE: PlainLock = PlainLock(null_mut());
    const KIND: std::ffi::c_uint = 0;

    /// A new lock; `NONE` when no table is set.
    pub fn new() -> Result<PlainLock> {
        match table::alloc_lock(Self::KIND) {
            None => Ok(PlainLock::NONE),
            Some(raw) if raw.is_null() => Err(Error::NoMem),
            Some(raw) => Ok(PlainLock(raw)),
        }
    }
    pub fn is_none(&self) -> bool {
        self.0.is_null()
    }
    #[inline]
    pub fn acquire(&self) {
        if !self.0.is_null() {
            // SAFETY: made by the live table.
            unsafe { table::lock(0, self.0) };
        }
    }
    /// # Safety
    /// The running thread has acquired it, and nothing it protects is borrowed any more.
    #[inline]
    pub unsafe fn release(&self) {
        if !self.0.is_null() {
            // SAFETY: made by the live table.
            unsafe { table::unlock(0, self.0) };
        }
    }
}
/// For those who keep in mind whether there is a lock and of what make, and save asking each time.
impl PlainLock {
    /// Whether it is a pthread mutex; it stays what it is.
    pub fn is_pthread(&self) -> bool {
        !self.0.is_null() && table::is_native()
    }
    /// # Safety
    /// It is a pthread mutex.
    #[inline]
    pub unsafe fn acquire_pthread(&self) {
        // SAFETY: the caller's promise.
        #[cfg(unix)]
        unsafe {
            c::pthread_mutex_lock(self.0.cast())
        };
        #[cfg(not(unix))]
        self.acquire();
    }
    /// # Safety
    /// It is a pthread mutex, and as [`PlainLock::release`].
    #[inline]
    pub unsafe fn release_pthread(&self) {
        // SAFETY: the caller's promise.
        #[cfg(unix)]
        unsafe {
            c::pthread_mutex_unlock(self.0.cast())
        };
        // SAFETY: the caller's promise.
        #[cfg(not(unix))]
        unsafe {
            self.release()
        };
    }
}
impl Drop for PlainLock {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: we made it, and whoever drops us owns the object alone.
            unsafe { table::free_lock(self.0, Self::KIND) }
        }
    }
}

/// A lock that a condition can wait with.
pub trait Waitable {
    fn as_ptr(&self) -> *mut c_void;
}
impl Waitable for Lock {
    fn as_ptr(&self) -> *mut c_void {
        self.0
    }
}
impl Waitable for PlainLock {
    fn as_ptr(&self) -> *mut c_void {
        self.0
    }
}

struct Shared {
    refs: AtomicUsize,
    raw: *mut c_void,
    /// False for a lock that the program lent us.
    owned: bool,
}

/// A lock that several objects own together: a bufferevent and its evbuffers, an evbuffer and those that
/// reference its chains. The last of them frees it (libevent issue 1842).
pub struct SharedLock(NonNull<Shared>);

// SAFETY: a lock is made to be used from several threads; the count is atomic.
unsafe impl Send for SharedLock {}
// SAFETY: as above.
unsafe impl Sync for SharedLock {}

impl SharedLock {
    fn wrap(raw: *mut c_void, owned: bool) -> Result<SharedLock> {
        let b = mem::new_box(Shared { refs: AtomicUsize::new(1), raw, owned })?;
        let (p, _) = mem::Box::into_raw_with_allocator(b);
        // SAFETY: a box is never null.
        Ok(SharedLock(unsafe { NonNull::new_unchecked(p) }))
    }
    /// A new recursive lock; None when no table is set.
    pub fn new() -> Result<Option<SharedLock>> {
        let Some(raw) = table::alloc_lock(EVTHREAD_LOCKTYPE_RECURSIVE) else { return Ok(None) };
        if raw.is_null() {
            return Err(Error::NoMem);
        }
        SharedLock::wrap(raw, true).map(Some).inspect_err(|_| {
            // SAFETY: just made, nobody knows it.
            unsafe { table::free_lock(raw, EVTHREAD_LOCKTYPE_RECURSIVE) }
        })
    }
    /// A lock that the program made and will free after every object that uses it.
    ///
    /// # Safety
    /// `raw` was made by the live table as a recursive lock and outlives its users.
    pub unsafe fn lent(raw: *mut c_void) -> Result<SharedLock> {
        SharedLock::wrap(raw, false)
    }
    fn shared(&self) -> &Shared {
        // SAFETY: we hold a reference.
        unsafe { self.0.as_ref() }
    }
    pub fn as_ptr(&self) -> *mut c_void {
        self.shared().raw
    }
    #[inline]
    pub fn acquire(&self) {
        // SAFETY: made by the live table.
        unsafe { table::lock(0, self.shared().raw) };
    }
    /// Acquires it if that needs no waiting.
    pub fn try_acquire(&self) -> bool {
        // SAFETY: made by the live table.
        unsafe { table::lock(EVTHREAD_TRY, self.shared().raw) == 0 }
    }
    /// # Safety
    /// The running thread has acquired it.
    #[inline]
    pub unsafe fn release(&self) {
        // SAFETY: made by the live table.
        unsafe { table::unlock(0, self.shared().raw) };
    }
    /// Locks until the guard is dropped. The guard keeps the lock alive, even if its object dies meanwhile.
    pub fn hold(this: Option<&SharedLock>) -> Held {
        if let Some(l) = this {
            l.acquire();
        }
        Held(this.cloned())
    }
}
impl Clone for SharedLock {
    #[inline]
    fn clone(&self) -> Self {
        self.shared().refs.fetch_add(1, Ordering::Relaxed);
        SharedLock(self.0)
    }
}
impl Drop for SharedLock {
    #[inline]
    fn drop(&mut self) {
        if self.shared().refs.fetch_sub(1, Ordering::Release) == 1 {
            std::sync::atomic::fence(Ordering::Acquire);
            let s = self.shared();
            if s.owned {
                // SAFETY: the last owner; nobody holds it.
                unsafe { table::free_lock(s.raw, EVTHREAD_LOCKTYPE_RECURSIVE) }
            }
            // SAFETY: made by `wrap`, released once.
            drop(unsafe { mem::Box::from_raw_in(self.0.as_ptr(), mem::Alloc) });
        }
    }
}
/// A held [`SharedLock`].
pub struct Held(Option<SharedLock>);
impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        if let Some(l) = &self.0 {
            // SAFETY: `hold` acquired it.
            unsafe { l.release() }
        }
    }
}

/// A condition of the live table; null where there is none.
pub struct Cond(*mut c_void);
// SAFETY: a condition is made to be used from several threads.
unsafe impl Send for Cond {}
// SAFETY: as above.
unsafe impl Sync for Cond {}
impl Cond {
    pub const NONE: Cond = Cond(null_mut());
    pub fn new() -> Result<Cond> {
        match table::alloc_cond() {
            None => Ok(Cond::NONE),
            Some(raw) if raw.is_null() => Err(Error::NoMem),
            Some(raw) => Ok(Cond(raw)),
        }
    }
    pub fn is_none(&self) -> bool {
        self.0.is_null()
    }
    pub fn broadcast(&self) {
        if !self.0.is_null() {
            // SAFETY: made by the live table.
            unsafe { table::signal_cond(self.0, true) }
        }
    }
    /// Waits with `lock` held exactly once by this thread; it is held again afterwards.
    pub fn wait(&self, lock: &impl Waitable) {
        if !self.0.is_null() {
            // SAFETY: both made by the live tables.
            unsafe { table::wait_cond(self.0, lock.as_ptr(), std::ptr::null()) };
        }
    }
}
impl Cond {
    /// As [`Cond::wait`], for at most `timeout`; false when that ran out first.
    pub fn wait_for(&self, lock: &impl Waitable, timeout: &c::timeval) -> bool {
        // SAFETY: both made by the live tables.
        self.0.is_null() || unsafe { table::wait_cond(self.0, lock.as_ptr(), timeout) } != 1
    }
    pub fn signal(&self) {
        if !self.0.is_null() {
            // SAFETY: made by the live table.
            unsafe { table::signal_cond(self.0, false) }
        }
    }
}
impl Drop for Cond {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by the live table, nobody waits.
            unsafe { table::free_cond(self.0) }
        }
    }
}
