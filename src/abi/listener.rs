//! event2/listener.h
use super::util::evutil_socket_t;
use crate::sys::c;
use std::ffi::{c_int, c_uint, c_void};

/// Opaque to C; the engine's [`crate::listener`] object.
#[repr(C)]
pub struct evconnlistener {
    _opaque: [u8; 0],
}
/// Called with each new connection: the listener, the connection's socket (yours from now on), the address of the
/// other side (valid during the call) with its length, and the listener's argument.
pub type evconnlistener_cb = Option<
    unsafe extern "C" fn(
        listener: *mut evconnlistener,
        fd: evutil_socket_t,
        addr: *mut c::sockaddr,
        socklen: c_int,
        arg: *mut c_void,
    ),
>;
/// Called when accepting fails for good, with the listener and its argument; `EVUTIL_SOCKET_ERROR` tells why.
pub type evconnlistener_errorcb =
    Option<unsafe extern "C" fn(listener: *mut evconnlistener, arg: *mut c_void)>;

bitflags::bitflags! {
    /// Options of a listener.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct LevOpt: c_uint {
        /// Sockets of new connections are not made nonblocking.
        const LEAVE_SOCKETS_BLOCKING = 1;
        /// Freeing the listener closes its socket.
        const CLOSE_ON_FREE = 2;
        /// The listening socket and those of new connections are closed by exec.
        const CLOSE_ON_EXEC = 4;
        /// The address can be bound again right after a listener on it was closed, where that is not the default.
        const REUSEABLE = 8;
        /// The listener has a lock, so that several threads may use it. Needs evthread.
        const THREADSAFE = 16;
        /// Starts disabled: `evconnlistener_enable` makes it accept.
        const DISABLED = 32;
        /// Connections are accepted once their first data has arrived, where the system can do that.
        const DEFERRED_ACCEPT = 64;
        /// Several sockets may listen on one port, and the system spreads connections among them.
        const REUSEABLE_PORT = 128;
        /// An IPv6 listener does not take IPv4 connections.
        const BIND_IPV6ONLY = 256;
        const _ = !0;
    }
}
