//! The event loop: `event_base`, `event`, and everything that runs callbacks.
//!
//! `guard.rs` has the base and its lock, `state.rs` what is under it. `BaseRef`, `EventRef` and `CallbackRef` are
//! what the rest of the engine and the C layer use; their methods stand in the file of their subject.
mod callback_ref;
mod clock;
mod common;
pub mod config;
mod create;
pub mod current;
pub mod debug;
mod event_ops;
mod event_ref;
mod finalize;
mod free;
mod guard;
mod inspect;
mod io_map;
mod io_slots;
#[cfg(has_iocp)]
mod iocp;
pub(crate) mod links;
mod once;
mod queues;
mod run;
mod signal;
mod signal_map;
mod state;
mod timer_heap;
mod waker;

pub use callback_ref::CallbackRef;
pub use config::Config;
pub use event_ops::{Del, self_cbarg};
pub use event_ref::EventRef;
pub use guard::Base;
pub use inspect::CountOf;
pub use run::Ended;

use crate::abi::event::event_base;
use std::ptr::NonNull;

/// A handle on an `event_base`; copying it does not keep the base alive, its owner does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BaseRef(NonNull<event_base>);

impl BaseRef {
    /// # Safety
    /// `p` is null or a live base, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut event_base) -> Option<BaseRef> {
        NonNull::new(p).map(BaseRef)
    }
    #[inline]
    pub fn as_ptr(self) -> *mut event_base {
        self.0.as_ptr()
    }
}
