//! The base itself, its lock, and the guard through which its state is reached.
use super::BaseRef;
use super::state::State;
use super::waker::Waker;
use crate::abi::util::evutil_socket_t;
use crate::thread::{Cond, PlainLock, current_id, has_id_callback};
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicUsize, Ordering};

/// What an `event_base` is. C sees an opaque struct, except for libevent's own tests, which read the first two
/// fields.
#[repr(C)]
pub struct Base {
    /// `sig.ev_signal_pair`: a copy of what `Signals` uses.
    pub(super) signal_pair: UnsafeCell<[evutil_socket_t; 2]>,
    /// `th_notify_fd`: a copy of what the waker uses; -1 where there is none.
    pub(super) notify_fd: UnsafeCell<[evutil_socket_t; 2]>,
    /// How many queues of active callbacks there are; changed under the lock, read without it.
    pub(super) priorities: AtomicI32,
    /// Nothing at all where locking is off.
    pub(super) lock: PlainLock,
    pub(super) lock_kind: LockKind,
    /// Told when a callback has returned that another thread waits for.
    pub(super) callback_done: Cond,
    pub(super) state: UnsafeCell<State>,
}

/// How the lock is taken: straight if it is a pthread mutex, otherwise through the program's table. While a callback
/// runs under it by contract, whoever takes it first asks whether that callback is the asker's own.
pub(super) struct LockKind {
    now: AtomicU8,
    lent_to: AtomicUsize,
}
const PTHREAD: u8 = 0;
const TABLE: u8 = 1;
const LENT: u8 = 2;
impl LockKind {
    pub(super) fn of(lock: &PlainLock) -> LockKind {
        let kind = if lock.is_pthread() { PTHREAD } else { TABLE };
        LockKind { now: AtomicU8::new(kind), lent_to: AtomicUsize::new(0) }
    }
    /// Marks the lock, held by this thread, as lent to it; the kind to go back to.
    fn lend(&self) -> u8 {
        self.lent_to.store(my_id(), Ordering::Relaxed);
        // Whoever sees LENT sees to whom.
        self.now.swap(LENT, Ordering::AcqRel)
    }
    /// Whether the callback that runs under the lock runs in this thread: what it does is part of that one
    /// acquisition.
    fn is_lent_to_me(&self) -> bool {
        self.now.load(Ordering::Acquire) == LENT && self.lent_to.load(Ordering::Relaxed) == my_id()
    }
}

/// The locked base. It derefs to the state; what it lends out cannot outlive it, nor a call-out.
///
/// A callback that runs under the lock by contract may ask the base things: its thread then gets a nested guard,
/// which takes and gives back nothing (the lock itself is not recursive: that costs a quarter less). So there can
/// be several guards in one thread. Never keep a borrow of the state over anything that may run a callback: use
/// [`Guard::call_out`] and [`Guard::call_locked`].
pub(crate) struct Guard {
    base: BaseRef,
}

/// The thread's id in the width of an atomic, which is that of an unsigned long where threads have ids.
#[inline]
fn my_id() -> usize {
    current_id() as usize
}

impl BaseRef {
    #[inline]
    pub(super) fn raw(self) -> *mut Base {
        self.as_ptr().cast()
    }
    #[inline]
    pub(crate) fn lock(self) -> Guard {
        // SAFETY: the handle's base is alive; the lock is shared by nature.
        if !unsafe { (*self.raw()).lock.is_none() } {
            // SAFETY: there is a lock.
            unsafe { self.acquire() };
        }
        Guard { base: self }
    }
    // Out of line, and every way out a tail call: a base without a lock pays for one test.
    /// # Safety
    /// There is a lock.
    #[inline(never)]
    unsafe fn acquire(self) {
        // SAFETY: the base is alive, lock and kind are shared by nature; the kind tells the truth.
        unsafe {
            match (*self.raw()).lock_kind.now.load(Ordering::Relaxed) {
                PTHREAD => (*self.raw()).lock.acquire_pthread(),
                _ => self.acquire_otherwise(),
            }
        }
    }
    /// # Safety
    /// There is a lock, and as [`PlainLock::release`].
    #[inline(never)]
    unsafe fn release(self) {
        // SAFETY: the base is alive, lock and kind are shared by nature; the kind tells the truth.
        unsafe {
            match (*self.raw()).lock_kind.now.load(Ordering::Relaxed) {
                PTHREAD => (*self.raw()).lock.release_pthread(),
                _ => self.release_otherwise(),
            }
        }
    }
    #[cold]
    #[inline(never)]
    unsafe fn acquire_otherwise(self) {
        // SAFETY: the caller's promise.
        unsafe {
            if !(*self.raw()).lock_kind.is_lent_to_me() {
                (*self.raw()).lock.acquire();
            }
        }
    }
    #[cold]
    #[inline(never)]
    unsafe fn release_otherwise(self) {
        // SAFETY: the caller's promise.
        unsafe {
            if !(*self.raw()).lock_kind.is_lent_to_me() {
                (*self.raw()).lock.release();
            }
        }
    }
}

impl Guard {
    #[inline]
    pub(crate) fn base(&self) -> BaseRef {
        self.base
    }
    /// Unlocks, then sends the wake-up that was asked for meanwhile: the woken thread finds the lock free.
    #[inline(always)]
    fn release(&mut self) {
        let waker = if self.wake_wanted { self.take_wake_up() } else { None };
        // SAFETY: we hold the lock, and `self` is borrowed mutably: no borrow of the state is alive.
        unsafe {
            if !(*self.base.raw()).lock.is_none() {
                self.base.release();
            }
        }
        if let Some(w) = waker {
            w.wake();
        }
    }
    #[cold]
    fn take_wake_up(&mut self) -> Option<Waker> {
        self.wake_wanted = false;
        self.notify.claim()
    }
    /// What dropping does, inlined: for the functions that programs call most.
    #[inline(always)]
    pub(super) fn unlock(mut self) {
        self.release();
        std::mem::forget(self);
    }
    /// Runs `f` unlocked. Everything that was known about the state has to be read again afterwards.
    #[inline]
    pub(crate) fn call_out(mut self, f: impl FnOnce()) -> Guard {
        self.release();
        let base = self.base;
        std::mem::forget(self);
        f();
        base.lock()
    }
    /// [`Self::call_out`] for the loop's callbacks: nothing that the loop's own thread does asks for a wake-up.
    #[inline]
    pub(crate) fn call_user(self, f: impl FnOnce()) -> Guard {
        let base = self.base;
        // SAFETY: the base is alive; the lock is shared by nature.
        if unsafe { (*base.raw()).lock.is_none() } {
            f();
            return self;
        }
        std::mem::forget(self);
        // SAFETY: the guard that held the lock is gone, and no borrow of the state survived it.
        unsafe { base.release() };
        f();
        base.lock()
    }
    /// Runs `f` with the lock held, for callbacks whose contract says so.
    pub(crate) fn call_locked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        // SAFETY: the base is alive; the kind is shared by nature.
        let kind = unsafe { &(*self.base.raw()).lock_kind };
        // Without ids threads cannot be told apart: such a callback must leave the base alone, as in libevent.
        if kind.is_lent_to_me() || !has_id_callback() {
            return f();
        }
        let before = kind.lend();
        let r = f();
        kind.now.store(before, Ordering::Release);
        r
    }
    /// Whether the running thread is the one that runs, or last ran, this base's loop.
    pub(crate) fn in_loop_thread(&self) -> bool {
        self.owner == current_id()
    }
    /// Waits until the callback that is running in the loop's thread has returned.
    #[cold]
    pub(crate) fn wait_for_callback(&mut self) {
        // SAFETY: the base is alive; lock and condition are shared by nature.
        let (lock, done) = unsafe { (&(*self.base.raw()).lock, &(*self.base.raw()).callback_done) };
        if lock.is_none() || done.is_none() {
            return;
        }
        let seen = self.callbacks_awaited;
        while self.callbacks_awaited == seen {
            self.waiters = true;
            self.q.attention = true;
            done.wait(lock);
        }
    }
    /// Wakes those whom `wait_for_callback` put to sleep.
    #[cold]
    pub(super) fn callback_returned(&mut self) {
        self.waiters = false;
        self.callbacks_awaited = self.callbacks_awaited.wrapping_add(1);
        // SAFETY: the base is alive.
        unsafe { (*self.base.raw()).callback_done.broadcast() };
    }
}

impl Deref for Guard {
    type Target = State;
    #[inline]
    fn deref(&self) -> &State {
        // SAFETY: the lock is held, and guards of the same thread borrow one after the other (see above).
        unsafe { &*(*self.base.raw()).state.get() }
    }
}
impl DerefMut for Guard {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        // SAFETY: as above.
        unsafe { &mut *(*self.base.raw()).state.get() }
    }
}
impl Drop for Guard {
    #[inline(always)]
    fn drop(&mut self) {
        self.release()
    }
}
