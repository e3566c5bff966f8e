//! The base itself, its lock, and the guard through which its state is reached.
use super::BaseRef;
use super::state::State;
use super::waker::Waker;
use crate::thread::{Cond, Lock, current_id};
use std::cell::UnsafeCell;
use std::ffi::c_int;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::AtomicI32;

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
    pub(super) lock: Lock,
    /// Told when a callback has returned that another thread waits for.
    pub(super) callback_done: Cond,
    pub(super) state: UnsafeCell<State>,
}

/// The locked base. It derefs to the state; what it lends out cannot outlive it, nor a call-out.
///
/// Locks of the program are recursive and callbacks that run under the lock by contract may ask the base things,
/// so there can be several guards in one thread. Never keep a borrow of the state over anything that may run
/// a callback: use [`Guard::call_out`] and [`Guard::call_locked`].
pub(crate) struct Guard {
    base: BaseRef,
}

impl BaseRef {
    #[inline]
    pub(super) fn raw(self) -> *mut Base {
        self.as_ptr().cast()
    }
    #[inline]
    pub(crate) fn lock(self) -> Guard {
        // SAFETY: the handle's base is alive; the lock is shared by nature.
        unsafe { (*self.raw()).lock.acquire() };
        Guard { base: self }
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
        unsafe { (*self.base.raw()).lock.release() };
        if let Some(w) = waker {
            w.wake();
        }
    }
    #[cold]
    fn take_wake_up(&mut self) -> Option<Waker> {
        self.wake_wanted = false;
        self.notify.claim()
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
    /// Runs `f` with the lock held, for callbacks whose contract says so.
    pub(crate) fn call_locked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        f()
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
