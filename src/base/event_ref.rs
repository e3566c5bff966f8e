//! The handle on a caller's `struct event`.
use super::BaseRef;
use crate::Result;
use crate::abi::event::{Ev, event, event_callback_fn};
use crate::abi::util::evutil_socket_t;
use libc::timeval;
use std::ffi::c_void;
use std::ptr::NonNull;

/// A handle on a `struct event` that someone else owns. No `&event` or `&mut event` is ever formed: the owner
/// may read, re-add or free it inside its own callback.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EventRef(NonNull<event>);

impl EventRef {
    /// # Safety
    /// `p` is null or a live `struct event`, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut event) -> Option<EventRef> {
        NonNull::new(p).map(EventRef)
    }
    pub fn as_ptr(self) -> *mut event {
        self.0.as_ptr()
    }
    /// `event_assign`.
    pub fn assign(
        self,
        _base: Option<BaseRef>,
        _fd: evutil_socket_t,
        _events: Ev,
        _cb: event_callback_fn,
        _arg: *mut c_void,
    ) -> Result<()> {
        todo!()
    }
    /// `event_add`; None: no timeout (an existing one stays).
    pub fn add(self, _timeout: Option<&timeval>) -> Result<()> {
        todo!()
    }
    /// `event_del`
    pub fn del(self) -> Result<()> {
        todo!()
    }
    /// `event_del_noblock`
    pub fn del_noblock(self) -> Result<()> {
        todo!()
    }
    /// `event_remove_timer`
    pub fn remove_timer(self) -> Result<()> {
        todo!()
    }
    /// `event_active`
    pub fn active(self, _res: Ev) {
        todo!()
    }
    /// `event_pending`
    pub fn pending(self, _what: Ev) -> Ev {
        todo!()
    }
    /// `event_priority_set`
    pub fn set_priority(self, _pri: i32) -> Result<()> {
        todo!()
    }
    pub fn fd(self) -> evutil_socket_t {
        todo!()
    }
    pub fn is_initialized(self) -> bool {
        todo!()
    }
    pub fn base(self) -> Option<BaseRef> {
        todo!()
    }
}
