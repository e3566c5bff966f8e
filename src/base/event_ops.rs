//! What can be done with an event: assign, add, delete, activate, ask.
use super::{BaseRef, EventRef};
use crate::Result;
use crate::abi::event::{Ev, event_callback_fn};
use crate::abi::util::evutil_socket_t;
use libc::timeval;
use std::ffi::c_void;

impl EventRef {
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
}
