//! event2/http.h, event2/http_struct.h
use super::buffer::evbuffer;
use super::bufferevent::bufferevent;
use super::event::TailqEntry;
use super::event::event_base;
use super::keyvalq::evkeyvalq;
use std::ffi::{c_char, c_int, c_uint, c_void};

/// Opaque to C: a server.
#[repr(C)]
pub struct evhttp {
    _opaque: [u8; 0],
}
/// Opaque to C: a connection, of a client or accepted by a server.
#[repr(C)]
pub struct evhttp_connection {
    _opaque: [u8; 0],
}
/// Opaque to C: a socket that a server listens on.
#[repr(C)]
pub struct evhttp_bound_socket {
    _opaque: [u8; 0],
}
/// Opaque to C: a URI taken apart.
#[repr(C)]
pub struct evhttp_uri {
    _opaque: [u8; 0],
}

super::c_enum! {
    /// Methods of requests; several can be joined for `evhttp_set_allowed_methods`.
    evhttp_cmd_type {
        EVHTTP_REQ_GET = 1,
        EVHTTP_REQ_POST = 2,
        EVHTTP_REQ_HEAD = 4,
        EVHTTP_REQ_PUT = 8,
        EVHTTP_REQ_DELETE = 16,
        EVHTTP_REQ_OPTIONS = 32,
        EVHTTP_REQ_TRACE = 64,
        EVHTTP_REQ_CONNECT = 128,
        EVHTTP_REQ_PATCH = 256,
    }
}
impl evhttp_cmd_type {
    /// None of those above. Has no name in C.
    pub const EVHTTP_REQ_UNKNOWN_: evhttp_cmd_type = evhttp_cmd_type(0);
}
super::c_enum! {
    /// Whether a message is a request or a response.
    evhttp_request_kind { EVHTTP_REQUEST = 0, EVHTTP_RESPONSE = 1 }
}
super::c_enum! {
    /// What an error callback is told.
    evhttp_request_error {
        /// The other side did not answer in time.
        EVREQ_HTTP_TIMEOUT = 0,
        /// The connection ended too early.
        EVREQ_HTTP_EOF = 1,
        /// A head that cannot be understood.
        EVREQ_HTTP_INVALID_HEADER = 2,
        /// Reading or writing failed.
        EVREQ_HTTP_BUFFER_ERROR = 3,
        /// The request was cancelled by this program.
        EVREQ_HTTP_REQUEST_CANCEL = 4,
        /// The body is larger than `evhttp_connection_set_max_body_size` allows.
        EVREQ_HTTP_DATA_TOO_LONG = 5,
    }
}

/// Called with a request, and the argument that was given with the function.
pub type evhttp_request_cb = Option<unsafe extern "C" fn(req: *mut evhttp_request, arg: *mut c_void)>;
/// Called once the head of a response has been read. A negative result ends the connection.
pub type evhttp_header_cb = Option<unsafe extern "C" fn(req: *mut evhttp_request, arg: *mut c_void) -> c_int>;
pub type evhttp_error_cb = Option<unsafe extern "C" fn(error: evhttp_request_error, arg: *mut c_void)>;
/// Called with a connection, and the argument that was given with the function.
pub type evhttp_connection_cb = Option<unsafe extern "C" fn(con: *mut evhttp_connection, arg: *mut c_void)>;
/// Makes the bufferevent of an accepted connection.
pub type evhttp_bev_cb =
    Option<unsafe extern "C" fn(base: *mut event_base, arg: *mut c_void) -> *mut bufferevent>;

/// A request with its response. Programs read and change it directly, so its layout is part of the interface.
#[repr(C)]
pub struct evhttp_request {
    pub next: TailqEntry<evhttp_request>,
    /// The connection that this request belongs to; null once that is gone.
    pub evcon: *mut evhttp_connection,
    /// `EVHTTP_REQ_*` bits and the like.
    pub flags: c_int,
    pub input_headers: *mut evkeyvalq,
    pub output_headers: *mut evkeyvalq,
    /// Address and port of the other side.
    pub remote_host: *mut c_char,
    pub remote_port: u16,
    /// What `evhttp_request_get_host` found.
    pub host_cache: *mut c_char,
    pub kind: evhttp_request_kind,
    pub type_: evhttp_cmd_type,
    pub headers_size: usize,
    pub body_size: usize,
    pub uri: *mut c_char,
    pub uri_elems: *mut evhttp_uri,
    pub major: c_char,
    pub minor: c_char,
    pub response_code: c_int,
    pub response_code_line: *mut c_char,
    /// The body that was read.
    pub input_buffer: *mut evbuffer,
    /// Bytes of the body or of the chunk that are still to be read; -1 when that is not known.
    pub ntoread: i64,
    /// `chunked`: the body is sent or received in chunks. `userdone`: the program has given all of the reply.
    pub bits: c_uint,
    /// The body to be sent.
    pub output_buffer: *mut evbuffer,
    pub cb: evhttp_request_cb,
    pub cb_arg: *mut c_void,
    pub chunk_cb: evhttp_request_cb,
    pub header_cb: evhttp_header_cb,
    pub error_cb: evhttp_error_cb,
    pub on_complete_cb: evhttp_request_cb,
    pub on_complete_cb_arg: *mut c_void,
}

bitflags::bitflags! {
    /// The `flags` of a request.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct ReqFlags: c_int {
        /// The connection goes with this request.
        const REQ_OWN_CONNECTION = 1;
        /// It asks for a host that is none of the server's.
        const PROXY_REQUEST = 2;
        /// The program frees it.
        const USER_OWNED = 4;
        /// It is still needed by a function that is under way.
        const REQ_DEFER_FREE = 8;
        /// To be freed by that function.
        const REQ_NEEDS_FREE = 16;
        const _ = !0;
    }
}
bitflags::bitflags! {
    /// The bit fields of a request.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct ReqBits: c_uint {
        /// The body is sent or received in chunks.
        const CHUNKED = if cfg!(target_endian = "little") { 1 } else { 1 << 31 };
        /// The program has given all of the reply.
        const USERDONE = if cfg!(target_endian = "little") { 2 } else { 1 << 30 };
        const _ = !0;
    }
}
bitflags::bitflags! {
    /// For `evhttp_connection_set_flags`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct ConFlags: c_int {
        /// Connects again to the address that was connected first, not to the name.
        const REUSE_CONNECTED_ADDR = 8;
        /// What the other side said is read even if writing to it failed.
        const READ_ON_WRITE_ERROR = 16;
        /// A body that is too large is read to its end and dropped before the connection is closed.
        const LINGERING_CLOSE = 32;
        const _ = !0;
    }
}
/// For `evhttp_set_flags`: a body that is too large is read to its end and dropped before it is answered.
pub const EVHTTP_SERVER_LINGERING_CLOSE: c_int = 1;
/// For `evhttp_uri_parse_with_flags`: path, query and fragment may hold any bytes but those that end them.
pub const EVHTTP_URI_NONCONFORMANT: c_uint = 1;
const _: () = assert!(EVHTTP_URI_NONCONFORMANT == crate::http::uri::NONCONFORMANT);
/// Flags of a connection from here on are the library's own.
pub const EVHTTP_CON_PUBLIC_FLAGS_END: c_int = 0x100000;

/// Status codes of responses.
pub const HTTP_OK: c_int = 200;
pub const HTTP_NOCONTENT: c_int = 204;
pub const HTTP_MOVEPERM: c_int = 301;
pub const HTTP_MOVETEMP: c_int = 302;
pub const HTTP_NOTMODIFIED: c_int = 304;
pub const HTTP_BADREQUEST: c_int = 400;
pub const HTTP_NOTFOUND: c_int = 404;
pub const HTTP_BADMETHOD: c_int = 405;
pub const HTTP_ENTITYTOOLARGE: c_int = 413;
pub const HTTP_EXPECTATIONFAILED: c_int = 417;
pub const HTTP_INTERNAL: c_int = 500;
pub const HTTP_NOTIMPLEMENTED: c_int = 501;
pub const HTTP_SERVUNAVAIL: c_int = 503;

#[cfg(all(target_pointer_width = "64", target_os = "linux"))]
const _: () = {
    use std::mem::{align_of, offset_of, size_of};
    assert!(size_of::<evhttp_request>() == 216 && align_of::<evhttp_request>() == 8);
    assert!(offset_of!(evhttp_request, evcon) == 16);
    assert!(offset_of!(evhttp_request, flags) == 24);
    assert!(offset_of!(evhttp_request, input_headers) == 32);
    assert!(offset_of!(evhttp_request, output_headers) == 40);
    assert!(offset_of!(evhttp_request, remote_host) == 48);
    assert!(offset_of!(evhttp_request, remote_port) == 56);
    assert!(offset_of!(evhttp_request, host_cache) == 64);
    assert!(offset_of!(evhttp_request, kind) == 72);
    assert!(offset_of!(evhttp_request, type_) == 76);
    assert!(offset_of!(evhttp_request, headers_size) == 80);
    assert!(offset_of!(evhttp_request, body_size) == 88);
    assert!(offset_of!(evhttp_request, uri) == 96);
    assert!(offset_of!(evhttp_request, uri_elems) == 104);
    assert!(offset_of!(evhttp_request, major) == 112);
    assert!(offset_of!(evhttp_request, minor) == 113);
    assert!(offset_of!(evhttp_request, response_code) == 116);
    assert!(offset_of!(evhttp_request, response_code_line) == 120);
    assert!(offset_of!(evhttp_request, input_buffer) == 128);
    assert!(offset_of!(evhttp_request, ntoread) == 136);
    assert!(offset_of!(evhttp_request, bits) == 144);
    assert!(offset_of!(evhttp_request, output_buffer) == 152);
    assert!(offset_of!(evhttp_request, cb) == 160);
    assert!(offset_of!(evhttp_request, cb_arg) == 168);
    assert!(offset_of!(evhttp_request, chunk_cb) == 176);
    assert!(offset_of!(evhttp_request, header_cb) == 184);
    assert!(offset_of!(evhttp_request, error_cb) == 192);
    assert!(offset_of!(evhttp_request, on_complete_cb) == 200);
    assert!(offset_of!(evhttp_request, on_complete_cb_arg) == 208);
};
#[cfg(all(target_arch = "x86", target_os = "linux"))]
const _: () = {
    use std::mem::{align_of, offset_of, size_of};
    assert!(size_of::<evhttp_request>() == 120 && align_of::<evhttp_request>() == 4);
    assert!(offset_of!(evhttp_request, remote_port) == 28);
    assert!(offset_of!(evhttp_request, kind) == 36);
    assert!(offset_of!(evhttp_request, major) == 60);
    assert!(offset_of!(evhttp_request, ntoread) == 76);
    assert!(offset_of!(evhttp_request, bits) == 84);
    assert!(offset_of!(evhttp_request, output_buffer) == 88);
    assert!(offset_of!(evhttp_request, on_complete_cb_arg) == 116);
};
