//! The event loop: `event_base`, `event`, and everything that runs callbacks.
//!
//! The signatures below are what the rest of the engine builds on.
mod callback_ref;
mod event_ops;
mod event_ref;
mod io_map;
pub(crate) mod links;
#[cfg(unix)]
mod signal;
#[cfg(unix)]
mod signal_map;

pub use callback_ref::CallbackRef;
pub use event_ref::EventRef;

use crate::Result;
use crate::abi::event::event_base;
use libc::timeval;
use std::ptr::NonNull;

/// A handle on an `event_base`; copying it does not keep the base alive, its owner does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BaseRef(NonNull<event_base>);

impl BaseRef {
    /// # Safety
    /// `p` is null or a live base, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut event_base) -> Option<BaseRef> {
        NonNull::new(p).map(BaseRef)
    }
    pub fn as_ptr(self) -> *mut event_base {
        self.0.as_ptr()
    }
    /// Number of priorities.
    pub fn priorities(self) -> i32 {
        todo!()
    }
    /// The loop's idea of the wall clock (cached within a turn).
    pub fn gettimeofday_cached(self) -> Result<timeval> {
        todo!()
    }
    /// The loop's monotonic time: of this turn when called from a callback, else read now.
    pub fn monotonic(self) -> timeval {
        todo!()
    }
    /// One-shot callback as `event_base_once`.
    pub fn once(
        self,
        _fd: i32,
        _events: crate::abi::event::Ev,
        _cb: crate::abi::event::event_callback_fn,
        _arg: *mut std::ffi::c_void,
        _tv: Option<&timeval>,
    ) -> Result<()> {
        todo!()
    }
    /// A common timeout queue of this duration, as `event_base_init_common_timeout`.
    pub fn init_common_timeout(self, _tv: &timeval) -> Result<*const timeval> {
        todo!()
    }
    /// Counts something that keeps the loop alive though no event is pending.
    pub fn add_virtual(self) {
        todo!()
    }
    pub fn del_virtual(self) {
        todo!()
    }
    /// `evthread_make_base_notifiable`.
    pub fn make_notifiable(self) -> Result<()> {
        todo!()
    }
}
