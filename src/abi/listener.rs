//! event2/listener.h
use super::util::evutil_socket_t;
use std::ffi::{c_int, c_uint, c_void};

/// Opaque to C; the engine's [`crate::listener`] object.
#[repr(C)]
pub struct evconnlistener {
    _opaque: [u8; 0],
}
pub type evconnlistener_cb = Option<
    unsafe extern "C" fn(*mut evconnlistener, evutil_socket_t, *mut libc::sockaddr, c_int, *mut c_void),
>;
pub type evconnlistener_errorcb = Option<unsafe extern "C" fn(*mut evconnlistener, *mut c_void)>;

bitflags::bitflags! {
    /// `LEV_OPT_*`
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct LevOpt: c_uint {
        const LEAVE_SOCKETS_BLOCKING = 1;
        const CLOSE_ON_FREE = 2;
        const CLOSE_ON_EXEC = 4;
        const REUSEABLE = 8;
        const THREADSAFE = 16;
        const DISABLED = 32;
        const DEFERRED_ACCEPT = 64;
        const REUSEABLE_PORT = 128;
        const BIND_IPV6ONLY = 256;
        const _ = !0;
    }
}
