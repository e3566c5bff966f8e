//! event2/rpc.h, event2/rpc_struct.h
use super::buffer::evbuffer;
use super::event::TailqEntry;
use super::http::evhttp_request;
use std::ffi::{c_char, c_int, c_void};

/// Opaque to C: the RPCs that a server offers.
#[repr(C)]
pub struct evrpc_base {
    _opaque: [u8; 0],
}
/// Opaque to C: the connections of a client.
#[repr(C)]
pub struct evrpc_pool {
    _opaque: [u8; 0],
}
/// Opaque to C: a client's call.
#[repr(C)]
pub struct evrpc_request_wrapper {
    _opaque: [u8; 0],
}
/// Opaque to C: a server's call. `EVRPC_HEADER` declares its first fields under another name.
#[repr(C)]
pub struct evrpc_req_generic {
    _opaque: [u8; 0],
}
/// Opaque to C: what hooks remember about a call.
#[repr(C)]
pub struct evrpc_hook_meta {
    _opaque: [u8; 0],
}

super::c_enum! {
    /// When a hook is called. At a server, input is a request and output a reply; at a client it is the other way
    /// round.
    EVRPC_HOOK_TYPE {
        /// Before something that came is read.
        EVRPC_INPUT = 0,
        /// Before something is sent.
        EVRPC_OUTPUT = 1,
    }
}
super::c_enum! {
    /// What a hook wants to happen with a call.
    EVRPC_HOOK_RESULT {
        /// It fails.
        EVRPC_TERMINATE = -1,
        /// It goes on.
        EVRPC_CONTINUE = 0,
        /// It waits for `evrpc_resume_request`.
        EVRPC_PAUSE = 1,
    }
}

/// The call went well.
pub const EVRPC_STATUS_ERR_NONE: c_int = 0;
/// There was no answer in time, or the connection failed.
pub const EVRPC_STATUS_ERR_TIMEOUT: c_int = 1;
/// What came is not the reply of such a call.
pub const EVRPC_STATUS_ERR_BADPAYLOAD: c_int = 2;
/// The call could not be begun, or a hook stopped it before it was sent.
pub const EVRPC_STATUS_ERR_UNSTARTED: c_int = 3;
/// A hook stopped it when the reply had come.
pub const EVRPC_STATUS_ERR_HOOKABORTED: c_int = 4;

/// How a client's call ended.
#[repr(C)]
pub struct evrpc_status {
    /// One of EVRPC_STATUS_ERR_*.
    pub error: c_int,
    /// The answer with its headers, or NULL if there is none. Valid during the callback.
    pub http_req: *mut evhttp_request,
}

pub type evrpc_new_fn = Option<unsafe extern "C" fn(arg: *mut c_void) -> *mut c_void>;
pub type evrpc_free_fn = Option<unsafe extern "C" fn(message: *mut c_void)>;
pub type evrpc_complete_fn = Option<unsafe extern "C" fn(message: *mut c_void) -> c_int>;
pub type evrpc_marshal_fn = Option<unsafe extern "C" fn(to: *mut evbuffer, message: *mut c_void)>;
pub type evrpc_unmarshal_fn =
    Option<unsafe extern "C" fn(message: *mut c_void, from: *mut evbuffer) -> c_int>;
pub type evrpc_server_cb = Option<unsafe extern "C" fn(rpc: *mut evrpc_req_generic, arg: *mut c_void)>;
pub type evrpc_client_cb = Option<
    unsafe extern "C" fn(
        status: *mut evrpc_status,
        request: *mut c_void,
        reply: *mut c_void,
        arg: *mut c_void,
    ),
>;
pub type evrpc_hook_cb = Option<
    unsafe extern "C" fn(
        ctx: *mut c_void,
        req: *mut evhttp_request,
        evbuf: *mut evbuffer,
        arg: *mut c_void,
    ) -> c_int,
>;

/// An RPC that a server offers: how its messages are handled, and who answers.
#[repr(C)]
pub struct evrpc {
    pub next: TailqEntry<evrpc>,
    /// Its name: what follows "/.rpc." in the URI. Freed with the struct.
    pub uri: *const c_char,
    /// Makes an empty request.
    pub request_new: evrpc_new_fn,
    pub request_new_arg: *mut c_void,
    pub request_free: evrpc_free_fn,
    /// Reads a request; -1 if it is none.
    pub request_unmarshal: evrpc_unmarshal_fn,
    /// Makes an empty reply.
    pub reply_new: evrpc_new_fn,
    pub reply_new_arg: *mut c_void,
    pub reply_free: evrpc_free_fn,
    /// 0 if the reply has all that it needs, -1 if not.
    pub reply_complete: evrpc_complete_fn,
    pub reply_marshal: evrpc_marshal_fn,
    /// Called with each request.
    pub cb: evrpc_server_cb,
    pub cb_arg: *mut c_void,
    /// Where it is registered.
    pub base: *mut evrpc_base,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<evrpc>() == 15 * 8);
    assert!(std::mem::offset_of!(evrpc, uri) == 16);
    assert!(std::mem::offset_of!(evrpc, base) == 14 * 8);
    assert!(size_of::<evrpc_status>() == 16);
};
