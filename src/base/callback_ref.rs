//! Internal callbacks on the base's queues, embedded in the objects that own them.
use super::BaseRef;
use super::queues::{QUEUED, flags};
use crate::abi::event::{Evlist, TailqEntry, closure, evcb_cb_union, event_callback, event_selfcb_fn};
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

/// A handle on an `event_callback` inside an engine object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallbackRef(NonNull<event_callback>);

impl CallbackRef {
    /// # Safety
    /// `p` points at a live `event_callback`, and stays so while any copy of the handle is used or it is queued.
    #[inline]
    pub unsafe fn from_raw(p: *mut event_callback) -> CallbackRef {
        // SAFETY: live, hence not null.
        CallbackRef(unsafe { NonNull::new_unchecked(p) })
    }
    #[inline]
    pub fn as_ptr(self) -> *mut event_callback {
        self.0.as_ptr()
    }
    /// Sets the fields: run `cb(self, arg)` at priority `pri`.
    pub fn init(self, pri: u8, cb: event_selfcb_fn, arg: *mut c_void) {
        let new = event_callback {
            evcb_active_next: TailqEntry { tqe_next: null_mut(), tqe_prev: null_mut() },
            evcb_flags: 0,
            evcb_pri: pri,
            evcb_closure: closure::CB_SELF,
            evcb_cb_union: evcb_cb_union { evcb_selfcb: cb },
            evcb_arg: arg,
        };
        // SAFETY: room for a callback that is on no queue; no reference to it exists.
        unsafe { self.as_ptr().write(new) }
    }
    /// For the next time it is queued: one that is queued stays where it is.
    pub fn set_priority(self, pri: u8) {
        if !self.is_queued() {
            // SAFETY: alive.
            unsafe { (*self.as_ptr()).evcb_pri = pri }
        }
    }
    /// Whether it stands on a queue. Another thread may change that at any time.
    #[inline]
    pub fn is_queued(self) -> bool {
        flags(self.as_ptr()).intersects(QUEUED)
    }
    /// Makes it active in `base` (waking its loop if need be). False if it was queued already.
    /// After many in one turn the rest waits for the next turn, so that deferred callbacks cannot starve I/O.
    #[inline]
    pub fn schedule(self, base: BaseRef) -> bool {
        let mut g = base.lock();
        let fresh = g.q.schedule_deferred(self.as_ptr());
        if fresh {
            g.wake();
        }
        fresh
    }
    /// Makes it active in `base`, in this turn however many there are. False if it was queued already.
    pub fn activate(self, base: BaseRef) -> bool {
        let mut g = base.lock();
        let fresh = g.q.activate_callback(self.as_ptr());
        g.wake();
        fresh
    }
    /// Puts it on the base's output queue, which the loop runs once after this turn's callbacks (and before it
    /// waits). It counts as an active event meanwhile. False if it was queued already.
    #[inline]
    pub fn schedule_output(self, base: BaseRef) -> bool {
        let mut g = base.lock();
        if flags(self.as_ptr()).intersects(QUEUED | Evlist::FINALIZING) {
            return false;
        }
        g.q.insert_output(self.as_ptr());
        g.wake();
        true
    }
    /// Takes it off whatever queue it is on; true if it stood on one (then it will not run, and what the queue
    /// held is the caller's again). Does not wait for a run in another thread.
    pub fn cancel(self, base: BaseRef) -> bool {
        base.lock().cancel(self.as_ptr())
    }
}
