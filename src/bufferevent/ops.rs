//! What the kinds of bufferevent do differently: one table each, found through `be_ops`.
//!
//! A new kind is a struct that starts with `Private`, and a table.
use super::BevRef;
use crate::abi::bufferevent::bufferevent_flush_mode;
use crate::abi::event::Ev;
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};

/// The kinds that functions of the interface tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Socket,
    Pair,
    Filter,
    /// TLS over a socket or over another bufferevent.
    Tls,
    /// A socket that works through a completion port.
    Async,
}

/// All are called with the bufferevent's lock held, and never with the base's.
pub struct Ops {
    pub kind: Kind,
    /// Starts what `ev` names. The `enabled` field is the caller's matter.
    pub enable: fn(BevRef, Ev) -> Result<()>,
    /// Stops what `ev` names.
    pub disable: fn(BevRef, Ev) -> Result<()>,
    /// The last reference has gone: lets go of other bufferevents.
    pub unlink: fn(BevRef),
    /// No callback can run any more: frees what only this kind has. What is returned loses one reference after the
    /// bufferevent's memory is gone.
    pub destruct: fn(BevRef) -> Option<BevRef>,
    /// The timeouts have changed.
    pub adjust_timeouts: fn(BevRef) -> Result<()>,
    /// Data was added to the output.
    pub output_added: fn(BevRef),
    pub flush: fn(BevRef, Ev, bufferevent_flush_mode) -> Result<bool>,
    pub set_fd: fn(BevRef, evutil_socket_t) -> Result<()>,
    pub get_fd: fn(BevRef) -> Option<evutil_socket_t>,
    pub underlying: fn(BevRef) -> Option<BevRef>,
    /// `bufferevent_free` was called: stops what is under way.
    pub cancel: fn(BevRef),
}

// What most kinds have nothing to say to.
pub(super) fn nothing(_: BevRef) {}
pub(super) fn no_set_fd(_: BevRef, _: evutil_socket_t) -> Result<()> {
    Err(Error::Invalid)
}
pub(super) fn no_fd(_: BevRef) -> Option<evutil_socket_t> {
    None
}
pub(super) fn no_underlying(_: BevRef) -> Option<BevRef> {
    None
}
