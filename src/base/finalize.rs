//! Finalizers: a callback that runs in the loop once an event, or several callbacks, cannot run any more.
use super::guard::Guard;
use super::{BaseRef, CallbackRef, EventRef};
use crate::abi::event::{Ev, Evlist, closure, event_callback, event_finalize_callback_fn, event_selfcb_fn};
use crate::{Error, Result, warnx};

impl EventRef {
    /// `event_finalize`, or `event_free_finalize` if `free`.
    ///
    /// # Safety
    /// The event stays alive until `cb` has been called; if `free`, it came from our allocator.
    pub unsafe fn finalize(self, cb: event_finalize_callback_fn, free: bool) -> Result<()> {
        let Some(base) = self.base() else {
            warnx!("event_finalize: the event belongs to no base");
            return Err(Error::Invalid);
        };
        let mut g = base.lock();
        if self.flags().contains(Evlist::FINALIZING) {
            return Ok(());
        }
        let _ = g.del(self, false);
        self.set_closure(if free { closure::EVENT_FINALIZE_FREE } else { closure::EVENT_FINALIZE });
        self.set_finalize_fn(cb);
        g.activate(self, Ev::FINALIZE, 1);
        self.insert_flags(Evlist::FINALIZING);
        Ok(())
    }
}

impl Guard {
    fn finalize_callback(&mut self, cb: *mut event_callback, f: event_selfcb_fn) {
        self.cancel(cb);
        // SAFETY: alive until `f` has been called (the caller's promise).
        unsafe {
            (*cb).evcb_closure = closure::CB_FINALIZE;
            (*cb).evcb_cb_union.evcb_cbfinalize = f;
        }
        self.q.activate_callback(cb);
        // SAFETY: as above.
        unsafe { (*cb).evcb_flags |= Evlist::FINALIZING.bits() };
        self.wake();
    }
    /// Takes a callback, or an event by its head, off everything, unless it is being finalized. True if it stood on
    /// a queue.
    pub(super) fn cancel(&mut self, cb: *mut event_callback) -> bool {
        let f = super::queues::flags(cb);
        if f.contains(Evlist::FINALIZING) {
            return false;
        }
        if f.contains(Evlist::INIT) {
            // SAFETY: INIT says that it is the head of an event.
            let _ = self.del(unsafe { EventRef::from_callback(cb) }, false);
            return f.intersects(super::queues::QUEUED);
        }
        let queued = self.q.remove_any(cb);
        if queued {
            self.wake_if_idle();
        }
        queued
    }
}

impl CallbackRef {
    /// Cancels it, and runs `f(it, arg)` from the loop once it cannot be running any more.
    ///
    /// # Safety
    /// It stays alive until `f` runs.
    pub unsafe fn finalize(self, base: BaseRef, f: event_selfcb_fn) {
        base.lock().finalize_callback(self.as_ptr(), f);
    }
    /// Cancels all of `all` (a `struct event` is passed as its head), and runs `cb(all[0], arg)` from the loop once
    /// none of them can be running any more. The number of callbacks is small (at most 8).
    ///
    /// # Safety
    /// All belong to `base` and stay alive until `cb` runs.
    pub unsafe fn finalize_many(base: BaseRef, all: &[CallbackRef], cb: event_selfcb_fn) {
        let mut g = base.lock();
        let Some((first, rest)) = all.split_first() else { return };
        for c in rest {
            g.cancel(c.as_ptr());
        }
        // The finalizer runs in the loop's thread, as a callback that may be running now does: after it.
        g.finalize_callback(first.as_ptr(), cb);
    }
}
