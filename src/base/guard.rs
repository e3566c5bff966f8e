//! The base itself, its lock, and the guard through which its state is reached.
use super::BaseRef;
use super::state::State;
use super::waker::Waker;
use crate::thread::{Cond, PlainLock, current_id, has_id_callback};
use std::cell::UnsafeCell;
use std::ffi::c_int;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

/// What an `event_base` is. C sees an opaque struct, except for libevent's own tests, which read the first two
/// fields.
#[repr(C)]
pub struct Base {
    /// `sig.ev_signal_pair`: a copy of what `Signals` uses.
    pub(super) signal_pair: UnsafeCell<[c_int; 2]>,
    /// `th_notify_fd`: a copy of what the waker uses; -1 where there is none.
    pub(super) notify_fd: UnsafeCell<[c_int; 2]>,
    /// How many queues of active callbacks there are; changed under the lock, read without it.
    pub(super) priorities: AtomicI32,
    /// Nothing at all where locking is off.
    pub(super) lock: PlainLock,
    /// While a callback runs under the lock by contract: true, and the id of its thread.
    pub(super) lent: AtomicBool,
    pub(super) lent_to: AtomicUsize,
    /// Told when a callback has returned that another thread waits for.
    pub(super) callback_done: Cond,
    pub(super) state: UnsafeCell<State>,
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
    /// As [`PlainLock::acquire_some`].
    #[inline(never)]
    unsafe fn acquire(self) {
        // SAFETY: the base is alive, lock and atomic are shared by nature; the caller's promise.
        unsafe {
            match (*self.raw()).lent.load(Ordering::Relaxed) {
                false => (*self.raw()).lock.acquire_some(),
                true => self.acquire_while_lent(),
            }
        }
    }
    /// # Safety
    /// As [`PlainLock::release_some`].
    #[inline(never)]
    unsafe fn release(self) {
        // SAFETY: the base is alive, lock and atomic are shared by nature; the caller's promise.
        unsafe {
            match (*self.raw()).lent.load(Ordering::Relaxed) {
                false => (*self.raw()).lock.release_some(),
                true => self.release_while_lent(),
            }
        }
    }
    #[cold]
    #[inline(never)]
    unsafe fn acquire_while_lent(self) {
        if !self.is_borrower() {
            // SAFETY: the caller's promise.
            unsafe { (*self.raw()).lock.acquire_some() }
        }
    }
    #[cold]
    #[inline(never)]
    unsafe fn release_while_lent(self) {
        if !self.is_borrower() {
            // SAFETY: the caller's promise.
            unsafe { (*self.raw()).lock.release_some() }
        }
    }
    /// Whether the callback that runs under the lock runs in this thread: what it does is part of that one
    /// acquisition. Only the thread itself writes its own id there, so what it reads about itself is never stale.
    fn is_borrower(self) -> bool {
        // SAFETY: the base is alive; atomics are shared by nature.
        let (lent, to) = unsafe { (&(*self.raw()).lent, &(*self.raw()).lent_to) };
        lent.load(Ordering::Relaxed) && to.load(Ordering::Relaxed) == my_id()
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
        // Without ids threads cannot be told apart: such a callback must leave the base alone, as in libevent.
        if self.base.is_borrower() || !has_id_callback() {
            return f();
        }
        // SAFETY: the base is alive; atomics are shared by nature.
        let (lent, to) = unsafe { (&(*self.base.raw()).lent, &(*self.base.raw()).lent_to) };
        to.store(my_id(), Ordering::Relaxed);
        lent.store(true, Ordering::Relaxed);
        let r = f();
        lent.store(false, Ordering::Relaxed);
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
