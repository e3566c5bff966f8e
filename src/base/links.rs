//! Where in `event` and `event_callback` the links of the base's queues and lists lie.
use crate::abi::event::{ListEntry, TailqEntry, event, event_callback};
use crate::list::{ListLink, TailLink};

/// The queues of active callbacks, the later queue and the output queue (a callback is on one of them at most).
pub(crate) enum ActiveLink {}
// SAFETY: one fixed field of the node; a callback is on at most one of the queues that use it.
unsafe impl TailLink for ActiveLink {
    type Node = event_callback;
    #[inline]
    unsafe fn entry(node: *mut event_callback) -> *mut TailqEntry<event_callback> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*node).evcb_active_next }
    }
}

/// The queue of a common timeout. It shares its field with the heap's slot number: an event is in one of the two.
pub(crate) enum CommonLink {}
// SAFETY: one fixed field of the node; only common timeout queues use it as a link.
unsafe impl TailLink for CommonLink {
    type Node = event;
    #[inline]
    unsafe fn entry(node: *mut event) -> *mut TailqEntry<event> {
        // SAFETY: the caller's promise; ManuallyDrop is transparent.
        unsafe { (&raw mut (*node).ev_timeout_pos.ev_next_with_common_timeout).cast() }
    }
}

/// The list of the events of one descriptor.
pub(crate) enum IoLink {}
// SAFETY: one fixed field of the node; only I/O events use it.
unsafe impl ListLink for IoLink {
    type Node = event;
    #[inline]
    unsafe fn entry(node: *mut event) -> *mut ListEntry<event> {
        // SAFETY: the caller's promise; ev_io_next is the first field of its struct, ManuallyDrop is transparent.
        unsafe { (&raw mut (*node).ev_.ev_io).cast() }
    }
}

/// The list of the events of one signal.
pub(crate) enum SignalLink {}
// SAFETY: one fixed field of the node; only signal events use it.
unsafe impl ListLink for SignalLink {
    type Node = event;
    #[inline]
    unsafe fn entry(node: *mut event) -> *mut ListEntry<event> {
        // SAFETY: the caller's promise; ev_signal_next is the first field of its struct.
        unsafe { (&raw mut (*node).ev_.ev_signal).cast() }
    }
}
