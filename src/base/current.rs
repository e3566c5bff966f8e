//! The current base of the 1.x API: the one that `event_init` made last.
use super::BaseRef;
use crate::abi::event::event_base;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

static CURRENT: AtomicPtr<event_base> = AtomicPtr::new(null_mut());

pub fn get() -> Option<BaseRef> {
    // SAFETY: a base leaves here before it is freed.
    unsafe { BaseRef::from_raw(CURRENT.load(Relaxed)) }
}
pub fn set(base: Option<BaseRef>) {
    CURRENT.store(base.map_or(null_mut(), BaseRef::as_ptr), Relaxed);
}
