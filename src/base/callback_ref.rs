//! Internal callbacks on the base's queues, embedded in the objects that own them.
use super::BaseRef;
use crate::abi::event::{event_callback, event_selfcb_fn};
use std::ffi::c_void;
use std::ptr::NonNull;

/// A handle on an `event_callback` inside an engine object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallbackRef(NonNull<event_callback>);

impl CallbackRef {
    /// # Safety
    /// `p` points at a live `event_callback`, and stays so while any copy of the handle is used or it is queued.
    pub unsafe fn from_raw(p: *mut event_callback) -> CallbackRef {
        // SAFETY: live, hence not null.
        CallbackRef(unsafe { NonNull::new_unchecked(p) })
    }
    pub fn as_ptr(self) -> *mut event_callback {
        self.0.as_ptr()
    }
    /// Sets the fields: run `cb(self, arg)` at priority `pri`.
    pub fn init(self, _pri: u8, _cb: event_selfcb_fn, _arg: *mut c_void) {
        todo!()
    }
    pub fn set_priority(self, _pri: u8) {
        todo!()
    }
    /// Makes it active in `base` (waking its loop if need be). False if it was queued already.
    /// After many in one turn the rest waits for the next turn, so that deferred callbacks cannot starve I/O.
    pub fn schedule(self, _base: BaseRef) -> bool {
        todo!()
    }
    /// Puts it on the base's output queue, which the loop runs once after this turn's callbacks (and before it
    /// waits). It counts as an active event meanwhile. False if it was queued already.
    pub fn schedule_output(self, _base: BaseRef) -> bool {
        todo!()
    }
    /// Takes it off whatever queue it is on; true if it stood on one (then it will not run, and what the queue
    /// held is the caller's again). Does not wait for a run in another thread.
    pub fn cancel(self, _base: BaseRef) -> bool {
        todo!()
    }
    /// Cancels all of `all` (a `struct event` is passed as its head), and runs `cb(all[0], arg)` from the loop once
    /// none of them can be running any more. The number of callbacks is small (at most 8).
    ///
    /// # Safety
    /// All belong to `base` and stay alive until `cb` runs.
    pub unsafe fn finalize_many(_base: BaseRef, _all: &[CallbackRef], _cb: event_selfcb_fn) {
        todo!()
    }
}
