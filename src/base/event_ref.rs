//! The handle on a caller's `struct event`: its fields. What can be done with an event stands in `event_ops.rs`.
use super::BaseRef;
use crate::abi::event::{
    Ev, Evlist, ev_io, ev_signal, event, event_base, event_callback, event_callback_fn,
    event_finalize_callback_fn,
};
use crate::abi::util::evutil_socket_t;
use crate::sys::c::timeval;
use std::ffi::{c_int, c_short, c_void};
use std::ptr::NonNull;

/// A handle on a `struct event` that someone else owns. No `&event` or `&mut event` is ever formed: the owner
/// may read, re-add or free it inside its own callback.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRef(NonNull<event>);

/// Reads and writes one field through the raw pointer.
macro_rules! fields {
    ($($(#[$m:meta])* $get:ident $set:ident: $($f:ident).+ as $t:ty;)+) => {$(
        $(#[$m])*
        #[inline]
        pub(crate) fn $get(self) -> $t {
            // SAFETY: the handle's event is alive (see `from_raw`).
            unsafe { (*self.as_ptr()).$($f).+ }
        }
        #[inline]
        pub(crate) fn $set(self, v: $t) {
            // SAFETY: as above; no reference to the event exists.
            unsafe { (*self.as_ptr()).$($f).+ = v }
        }
    )+};
}

impl EventRef {
    /// # Safety
    /// `p` is null or a live `struct event`, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut event) -> Option<EventRef> {
        NonNull::new(p).map(EventRef)
    }
    /// The event whose head is `cb`.
    ///
    /// # Safety
    /// `cb` is the head of a live `struct event` (its flags have INIT), as [`Self::from_raw`] wants it.
    #[inline]
    pub(crate) unsafe fn from_callback(cb: *mut event_callback) -> EventRef {
        // SAFETY: the callback is the first field, and not null as it is alive.
        EventRef(unsafe { NonNull::new_unchecked(cb.cast()) })
    }
    #[inline]
    pub fn as_ptr(self) -> *mut event {
        self.0.as_ptr()
    }
    /// Its head, which stands on the active queues.
    #[inline]
    pub(crate) fn callback(self) -> *mut event_callback {
        self.as_ptr().cast()
    }

    fields! {
        base_field set_base_field: ev_base as *mut event_base;
        res_raw set_res_raw: ev_res as c_short;
        flags_raw set_flags_raw: ev_evcallback.evcb_flags as c_short;
        pri set_pri: ev_evcallback.evcb_pri as u8;
        closure set_closure: ev_evcallback.evcb_closure as u8;
        /// The deadline in monotonic time, with the marker bits of a common timeout.
        timeout set_timeout: ev_timeout as timeval;
        /// The slot in the timer heap; -1: none. Only while not on a common timeout queue.
        heap_slot set_heap_slot: ev_timeout_pos.min_heap_idx as c_int;
        finalize_fn set_finalize_fn: ev_evcallback.evcb_cb_union.evcb_evfinalize as event_finalize_callback_fn;
    }

    /// What it waits for.
    #[inline]
    pub(crate) fn events(self) -> Ev {
        Ev::from_bits_retain(self.events_raw())
    }
    /// What it was made active with.
    #[inline]
    pub(crate) fn res(self) -> Ev {
        Ev::from_bits_retain(self.res_raw())
    }
    #[inline]
    pub(crate) fn set_res(self, r: Ev) {
        self.set_res_raw(r.bits())
    }
    /// Where it stands.
    #[inline]
    pub(crate) fn flags(self) -> Evlist {
        Evlist::from_bits_retain(self.flags_raw())
    }
    #[inline]
    pub(crate) fn insert_flags(self, f: Evlist) {
        self.set_flags_raw(self.flags_raw() | f.bits())
    }
    #[inline]
    pub(crate) fn remove_flags(self, f: Evlist) {
        self.set_flags_raw(self.flags_raw() & !f.bits())
    }

    #[inline]
    fn io(self) -> *mut ev_io {
        // SAFETY: a live event; ManuallyDrop is transparent.
        unsafe { (&raw mut (*self.as_ptr()).ev_.ev_io).cast() }
    }
    #[inline]
    fn signal(self) -> *mut ev_signal {
        // SAFETY: as above.
        unsafe { (&raw mut (*self.as_ptr()).ev_.ev_signal).cast() }
    }
    /// The interval of a persistent event with a timeout. Not for signal events, which use the room otherwise.
    #[inline]
    pub(crate) fn interval(self) -> timeval {
        // SAFETY: as above.
        unsafe { (*self.io()).ev_timeout }
    }
    #[inline]
    pub(crate) fn set_interval(self, tv: timeval) {
        // SAFETY: as above.
        unsafe { (*self.io()).ev_timeout = tv }
    }
    /// How many times a signal's callback has still to run.
    #[inline]
    pub(crate) fn ncalls(self) -> c_short {
        // SAFETY: as above.
        unsafe { (*self.signal()).ev_ncalls }
    }
    #[inline]
    pub(crate) fn set_ncalls(self, n: c_short) {
        // SAFETY: as above.
        unsafe { (*self.signal()).ev_ncalls = n }
    }
    #[inline]
    pub fn fd(self) -> evutil_socket_t {
        // SAFETY: as above.
        unsafe { (*self.as_ptr()).ev_fd }
    }
    #[inline]
    pub(crate) fn events_raw(self) -> c_short {
        // SAFETY: as above.
        unsafe { (*self.as_ptr()).ev_events }
    }
    #[inline]
    pub(crate) fn arg(self) -> *mut c_void {
        // SAFETY: as above.
        unsafe { (*self.as_ptr()).ev_evcallback.evcb_arg }
    }
    #[inline]
    pub(crate) fn event_fn(self) -> event_callback_fn {
        // SAFETY: as above; the union holds what the closure says.
        unsafe { (*self.as_ptr()).ev_evcallback.evcb_cb_union.evcb_callback }
    }
    pub fn is_initialized(self) -> bool {
        self.flags().contains(Evlist::INIT)
    }
    #[inline]
    pub fn base(self) -> Option<BaseRef> {
        // SAFETY: an assigned event's base outlives it, or is null.
        unsafe { BaseRef::from_raw(self.base_field()) }
    }
}
