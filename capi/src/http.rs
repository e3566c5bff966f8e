//! event2/http.h
use crate::tag::answer;
use oxievent::abi::buffer::evbuffer;
use oxievent::abi::bufferevent::{bufferevent, evdns_base};
use oxievent::abi::event::event_base;
use oxievent::abi::http::{
    ReqFlags, evhttp, evhttp_bound_socket, evhttp_cmd_type, evhttp_connection, evhttp_error_cb,
    evhttp_header_cb, evhttp_request, evhttp_request_cb, evhttp_uri,
};
use oxievent::abi::keyvalq::evkeyvalq;
use oxievent::abi::listener::evconnlistener;
use oxievent::abi::util::{ev_ssize_t, evutil_socket_t};
use oxievent::base::BaseRef;
use oxievent::buffer::BufferRef;
use oxievent::bufferevent::BevRef;
use oxievent::http::bound::BoundRef;
use oxievent::http::client;
use oxievent::http::connection::ConRef;
use oxievent::http::escape::{self, Plus};
use oxievent::http::headers::Headers;
use oxievent::http::reply;
use oxievent::http::request::ReqRef;
use oxievent::http::server::ServerRef;
use oxievent::http::text;
use oxievent::http::uri::{Part, Uri};
use oxievent::listener::ListenerRef;
use oxievent::sys::c::{sockaddr, timeval};
use oxievent::{Error, Result};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};

/// A string's bytes; null has none.
///
/// # Safety
/// Rule 2 for `s`, which may be null.
unsafe fn bytes<'a>(s: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!s.is_null()).then(|| unsafe { CStr::from_ptr(s) }.to_bytes())
}
/// A pointer, or null with errno.
fn pointer<T>(r: Result<*mut T>) -> *mut T {
    r.unwrap_or_else(|e| {
        e.to_c();
        null_mut()
    })
}
/// 0, or -1 with errno.
fn done(r: Result<()>) -> c_int {
    answer(r.map(|()| 0))
}

// ---- server ----

/// Runs `f` on a server, or answers `none` for null.
///
/// # Safety
/// Rule 1 for `http`.
unsafe fn on_server<T>(http: *mut evhttp, none: T, f: impl FnOnce(ServerRef) -> T) -> T {
    // SAFETY: the caller's promise.
    unsafe { ServerRef::from_raw(http) }.map_or(none, f)
}
/// Runs `f` on a request, if it is one.
///
/// # Safety
/// Rule 1 for `req`.
unsafe fn on_request(req: *mut evhttp_request, f: impl FnOnce(ReqRef)) {
    // SAFETY: the caller's promise.
    if let Some(req) = unsafe { ReqRef::from_raw(req) } {
        f(req);
    }
}
/// Seconds as a timeout; below 0: none.
fn seconds(n: c_int) -> Option<timeval> {
    (n >= 0).then_some(timeval { tv_sec: n.into(), tv_usec: 0 })
}
/// A bound socket, or null with errno.
fn bound(r: Result<BoundRef>) -> *mut evhttp_bound_socket {
    pointer(r.map(BoundRef::as_ptr))
}

/// Makes an HTTP server. It listens nowhere yet: see evhttp_bind_socket().
///
/// A server, its connections and their requests belong to the thread that runs
/// the loop.
///
/// Whatever the program allows, one request's head has at most 1 MiB (unless
/// evhttp_set_max_headers_size() sets more) and 4096 header fields, and must be
/// complete 50 seconds after its first byte (or within the time that
/// evhttp_set_timeout() sets). A body must bring 1 KiB in each such period.
/// Requests that break HTTP's grammar or could be read in two ways are answered
/// with an error, and the connection is closed.
///
/// @param base the event base that serves it
/// @return the server, to be released with evhttp_free(), or NULL
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_new(base: *mut event_base) -> *mut evhttp {
    // SAFETY: rule 1.
    let base = unsafe { BaseRef::from_raw(base) };
    pointer(ServerRef::new(base).map(ServerRef::as_ptr))
}
/// Listens on an address; may be called several times.
///
/// @param http the server
/// @param address a host's name or numeric address; NULL for any
/// @param port the port; 0 for a free one
/// @return 0, or -1 (errno tells why)
///
/// # Safety
/// Rule 1 for `http`, rule 2 for `address`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bind_socket(http: *mut evhttp, address: *const c_char, port: u16) -> c_int {
    // SAFETY: rules 1 and 2.
    let b = unsafe { evhttp_bind_socket_with_handle(http, address, port) };
    if b.is_null() { -1 } else { 0 }
}
/// As evhttp_bind_socket(), and tells what was bound.
///
/// @param http the server
/// @param address a host's name or numeric address; NULL for any
/// @param port the port; 0 for a free one
/// @return the bound socket, which belongs to the server, or NULL (errno tells
///   why)
///
/// # Safety
/// Rule 1 for `http`, rule 2 for `address`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bind_socket_with_handle(
    http: *mut evhttp,
    address: *const c_char,
    port: u16,
) -> *mut evhttp_bound_socket {
    // SAFETY: rule 2.
    let address = (!address.is_null()).then(|| unsafe { CStr::from_ptr(address) });
    // SAFETY: rule 1.
    unsafe { on_server(http, null_mut(), |s| bound(s.bind(address, port))) }
}
/// Accepts connections on a socket that listens already.
///
/// @param http the server
/// @param fd the socket, nonblocking; the server closes it when it is done
/// @return 0, or -1 (the socket stays open then)
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_accept_socket(http: *mut evhttp, fd: evutil_socket_t) -> c_int {
    // SAFETY: rule 1.
    let b = unsafe { evhttp_accept_socket_with_handle(http, fd) };
    if b.is_null() { -1 } else { 0 }
}
/// As evhttp_accept_socket(), and gives a handle.
///
/// @param http the server
/// @param fd the socket, nonblocking; the server closes it when it is done
/// @return the bound socket, which belongs to the server, or NULL (the socket
///   stays open then)
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_accept_socket_with_handle(
    http: *mut evhttp,
    fd: evutil_socket_t,
) -> *mut evhttp_bound_socket {
    // SAFETY: rule 1.
    unsafe { on_server(http, null_mut(), |s| bound(s.accept_socket(fd))) }
}
/// Takes over a listener: what it accepts is served, and the server frees it.
///
/// @param http the server
/// @param listener the listener; its callback and argument are replaced
/// @return the bound socket, which belongs to the server, or NULL (the listener
///   stays the program's then)
///
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bind_listener(
    http: *mut evhttp,
    listener: *mut evconnlistener,
) -> *mut evhttp_bound_socket {
    // SAFETY: rule 1.
    let Some(listener) = (unsafe { ListenerRef::from_raw(listener) }) else { return null_mut() };
    // SAFETY: rule 1.
    unsafe { on_server(http, null_mut(), |s| bound(s.bind_listener(listener))) }
}
/// Gets the listener of a bound socket. It belongs to the server.
///
/// @param bound the bound socket
/// @return its listener
///
/// # Safety
/// Rule 1 for `bound`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bound_socket_get_listener(
    bound: *mut evhttp_bound_socket,
) -> *mut evconnlistener {
    // SAFETY: rule 1.
    unsafe { BoundRef::from_raw(bound) }.map_or(null_mut(), |b| b.listener().as_ptr())
}
/// Calls a function for each bound socket of a server, which it may remove.
///
/// @param http the server
/// @param function called with a bound socket and the argument
/// @param argument passed to the function
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_foreach_bound_socket(
    http: *mut evhttp,
    function: Option<unsafe extern "C" fn(bound: *mut evhttp_bound_socket, argument: *mut c_void)>,
    argument: *mut c_void,
) {
    let Some(f) = function else { return };
    // SAFETY: rule 1; the program gave function and argument together.
    unsafe { on_server(http, (), |s| s.each_bound(|b| f(b.as_ptr(), argument))) }
}
/// Stops listening on a bound socket and closes it. Connections stay.
///
/// @param http the server
/// @param bound_socket one of its bound sockets; released by this call
///
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_del_accept_socket(http: *mut evhttp, bound_socket: *mut evhttp_bound_socket) {
    // SAFETY: rule 1.
    let Some(b) = (unsafe { BoundRef::from_raw(bound_socket) }) else { return };
    // SAFETY: rule 1.
    unsafe { on_server(http, (), |s| oxievent::http::bound::remove(s, b)) }
}
/// Gets the descriptor of a bound socket.
///
/// @param bound_socket the bound socket
/// @return its descriptor, which the server goes on using
///
/// # Safety
/// Rule 1 for `bound_socket`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bound_socket_get_fd(
    bound_socket: *mut evhttp_bound_socket,
) -> evutil_socket_t {
    // SAFETY: rule 1.
    unsafe { BoundRef::from_raw(bound_socket) }.map_or(-1, BoundRef::fd)
}
/// Frees a server: its sockets and connections are closed, its virtual hosts
/// freed. Requests that the program is working on go too, unless it owns them.
///
/// @param http the server; may be NULL
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_free(http: *mut evhttp) {
    // SAFETY: rule 1.
    unsafe { on_server(http, (), ServerRef::free) }
}
/// Limits the head of requests: first line and header fields.
///
/// @param http the server; applies to connections accepted later
/// @param max_headers_size bytes; below 0 for 1 MiB, which is also the default
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_max_headers_size(http: *mut evhttp, max_headers_size: ev_ssize_t) {
    // SAFETY: rule 1.
    unsafe { on_server(http, (), |s| s.set_max_head(max_headers_size)) }
}
/// Limits the body of requests. A longer one is answered with 413.
///
/// Without a limit, which is the default, a request can fill all memory.
///
/// @param http the server; applies to connections accepted later
/// @param max_body_size bytes; below 0 for no limit
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_max_body_size(http: *mut evhttp, max_body_size: ev_ssize_t) {
    // SAFETY: rule 1.
    unsafe { on_server(http, (), |s| s.set_max_body(max_body_size)) }
}
/// Sets the Content-Type of replies for which the program gives none.
///
/// @param http the server
/// @param content_type the value, which must stay valid as long as the server;
///   NULL: such replies have none
///
/// # Safety
/// Rule 1 for `http`, rule 2 for `content_type`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_default_content_type(http: *mut evhttp, content_type: *const c_char) {
    // SAFETY: rule 1.
    unsafe { on_server(http, (), |s| s.set_default_content_type(content_type)) }
}
/// Sets which methods the program answers. Others get 501.
///
/// @param http the server
/// @param methods EVHTTP_REQ_* values joined by "|"; GET, POST, HEAD, PUT and
///   DELETE by default
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_allowed_methods(http: *mut evhttp, methods: u16) {
    // SAFETY: rule 1.
    unsafe { on_server(http, (), |s| s.set_allowed_methods(methods)) }
}
/// Sets what serves a path.
///
/// The callback answers the request with evhttp_send_reply() or its kin, at
/// once or later. If the other side goes away meanwhile, the request loses its
/// connection (see evhttp_request_set_error_cb() and
/// evhttp_connection_set_closecb()) and must still be answered or freed.
///
/// @param http the server
/// @param path the path, decoded; the query is no part of it
/// @param cb the callback
/// @param cb_arg passed to it
/// @return 0; -1 if the path has a callback, -2 if memory is short
///
/// # Safety
/// Rule 1 for `http`, rule 2 for `path`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_cb(
    http: *mut evhttp,
    path: *const c_char,
    cb: Option<unsafe extern "C" fn(req: *mut evhttp_request, arg: *mut c_void)>,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: rule 2.
    let Some(path) = (unsafe { bytes(path) }) else { return -1 };
    // SAFETY: rule 1.
    let r = unsafe { on_server(http, Err(Error::Invalid), |s| s.set_cb(path, cb, cb_arg)) };
    match r {
        Err(Error::NoMem) => Error::NoMem.to_c() - 1,
        r => done(r),
    }
}
/// Removes the callback of a path.
///
/// @param http the server
/// @param path as given to evhttp_set_cb()
/// @return 0, or -1 if there is none
///
/// # Safety
/// Rule 1 for `http`, rule 2 for `path`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_del_cb(http: *mut evhttp, path: *const c_char) -> c_int {
    // SAFETY: rule 2.
    let Some(path) = (unsafe { bytes(path) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { on_server(http, -1, |s| done(s.del_cb(path))) }
}
/// Sets what serves all paths that have no callback of their own. Without it
/// they get 404.
///
/// @param http the server
/// @param cb the callback, as for evhttp_set_cb(), or NULL
/// @param arg passed to it
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_gencb(
    http: *mut evhttp,
    cb: Option<unsafe extern "C" fn(req: *mut evhttp_request, arg: *mut c_void)>,
    arg: *mut c_void,
) {
    // SAFETY: rule 1.
    unsafe { on_server(http, (), |s| s.set_gencb(cb, arg)) }
}
/// Sets what makes the bufferevents of accepted connections: for TLS, or for
/// options of the program's.
///
/// The bufferevent has no descriptor yet. It belongs to the connection from
/// then on. When the callback returns NULL, a socket bufferevent is made.
///
/// @param http the server
/// @param cb called with the server's base and the argument
/// @param arg passed to it
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_bevcb(
    http: *mut evhttp,
    cb: Option<unsafe extern "C" fn(base: *mut event_base, arg: *mut c_void) -> *mut bufferevent>,
    arg: *mut c_void,
) {
    // SAFETY: rule 1.
    unsafe { on_server(http, (), |s| s.set_bevcb(cb, arg)) }
}
/// Adds a virtual host: a server without sockets of its own, which serves the
/// requests whose host matches a pattern.
///
/// @param http the server
/// @param pattern a host's name; each "*" stands for any characters, or none.
///   Upper and lower case are the same.
/// @param vhost the virtual host; belongs to the server from then on
/// @return 0, or -1: it is a virtual host already, or has sockets
///
/// # Safety
/// Rule 1 for both servers, rule 2 for `pattern`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_add_virtual_host(
    http: *mut evhttp,
    pattern: *const c_char,
    vhost: *mut evhttp,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (Some(pattern), Some(vhost)) = (unsafe { (bytes(pattern), ServerRef::from_raw(vhost)) }) else {
        return -1;
    };
    // SAFETY: rule 1.
    unsafe { on_server(http, -1, |s| done(s.add_virtual_host(pattern, vhost))) }
}
/// Removes a virtual host, which is the program's again.
///
/// @param http the server
/// @param vhost its virtual host
/// @return 0, or -1: it is none of this server's
///
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_remove_virtual_host(http: *mut evhttp, vhost: *mut evhttp) -> c_int {
    // SAFETY: rule 1.
    let Some(vhost) = (unsafe { ServerRef::from_raw(vhost) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { on_server(http, -1, |s| done(s.remove_virtual_host(vhost))) }
}
/// Adds a name under which a server, or a virtual host, is known. Aliases are
/// looked at before patterns.
///
/// @param http the server
/// @param alias the name; upper and lower case are the same
/// @return 0, or -1
///
/// # Safety
/// Rule 1 for `http`, rule 2 for `alias`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_add_server_alias(http: *mut evhttp, alias: *const c_char) -> c_int {
    // SAFETY: rule 2.
    let Some(alias) = (unsafe { bytes(alias) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { on_server(http, -1, |s| done(s.add_alias(alias))) }
}
/// Removes a name that evhttp_add_server_alias() added.
///
/// @param http the server
/// @param alias the name
/// @return 0, or -1 if it is not there
///
/// # Safety
/// Rule 1 for `http`, rule 2 for `alias`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_remove_server_alias(http: *mut evhttp, alias: *const c_char) -> c_int {
    // SAFETY: rule 2.
    let Some(alias) = (unsafe { bytes(alias) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { on_server(http, -1, |s| done(s.remove_alias(alias))) }
}
/// Sets how long a connection may rest: reading a request, waiting for one, and
/// writing a reply. The time in which the program prepares a reply does not
/// count.
///
/// @param http the server; applies to connections accepted later
/// @param timeout_in_secs seconds; -1 for no limit, which is the default
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_timeout(http: *mut evhttp, timeout_in_secs: c_int) {
    // SAFETY: rule 1.
    unsafe { on_server(http, (), |s| s.set_timeout(seconds(timeout_in_secs))) }
}
/// As evhttp_set_timeout(), with a finer unit.
///
/// @param http the server; applies to connections accepted later
/// @param tv the time; NULL for no limit
///
/// # Safety
/// Rule 1 for `http`, rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_timeout_tv(http: *mut evhttp, tv: *const timeval) {
    // SAFETY: rules 1 and 2.
    unsafe { on_server(http, (), |s| s.set_timeout(tv.as_ref().copied())) }
}
/// Sets flags of a server.
///
/// @param http the server; applies to connections accepted later
/// @param flags 0, or EVHTTP_SERVER_LINGERING_CLOSE: a body that is too large
///   is read to its end and dropped, so that the other side sees the reply
/// @return 0, or 1 if a flag is not known
///
/// # Safety
/// Rule 1 for `http`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_flags(http: *mut evhttp, flags: c_int) -> c_int {
    // SAFETY: rule 1.
    unsafe { on_server(http, 1, |s| c_int::from(s.set_flags(flags).is_err())) }
}

// ---- replies ----

/// Answers a request with an error page and closes the connection.
///
/// @param req the request
/// @param error the status code
/// @param reason the reason phrase; NULL for the code's usual one
///
/// # Safety
/// Rule 1 for `req`, rule 2 for `reason`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_error(req: *mut evhttp_request, error: c_int, reason: *const c_char) {
    // SAFETY: rules 1 and 2.
    unsafe { on_request(req, |r| reply::send_error(r, error, bytes(reason))) }
}
/// Answers a request.
///
/// The headers are those in evhttp_request_get_output_headers(); Date,
/// Content-Length and Content-Type are added where the program gave none. The
/// request is freed once the reply has been written, or at once if its
/// connection has gone. Replies to HEAD requests, and those with code 1xx, 204
/// or 304, are sent without body.
///
/// @param req the request
/// @param code the status code
/// @param reason the reason phrase; NULL, or one with control characters, for
///   the code's usual one
/// @param databuf the body, or NULL; it is empty afterwards
///
/// # Safety
/// Rule 1 for `req` and `databuf`, rule 2 for `reason`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply(
    req: *mut evhttp_request,
    code: c_int,
    reason: *const c_char,
    databuf: *mut evbuffer,
) {
    // SAFETY: rules 1 and 2.
    unsafe {
        on_request(req, |r| reply::send_reply(r, code, bytes(reason), BufferRef::from_raw(databuf)));
    }
}
/// Begins a reply whose body is given piece by piece.
///
/// It is sent in chunks, unless the program has set a Content-Length or the
/// other side speaks HTTP/1.0: then the end of the connection ends the body.
///
/// @param req the request
/// @param code the status code
/// @param reason the reason phrase; NULL for the code's usual one
///
/// # Safety
/// Rule 1 for `req`, rule 2 for `reason`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_start(
    req: *mut evhttp_request,
    code: c_int,
    reason: *const c_char,
) {
    // SAFETY: rules 1 and 2.
    unsafe { on_request(req, |r| reply::send_reply_start(r, code, bytes(reason))) }
}
/// Sends a piece of the body of a reply that was begun.
///
/// @param req the request
/// @param databuf the piece; it is empty afterwards. An empty one does nothing.
///
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_chunk(req: *mut evhttp_request, databuf: *mut evbuffer) {
    // SAFETY: rule 1.
    unsafe { evhttp_send_reply_chunk_with_cb(req, databuf, None, null_mut()) }
}
/// As evhttp_send_reply_chunk(), and calls back once all has been written.
///
/// @param req the request
/// @param databuf the piece; it is empty afterwards. An empty one does nothing.
/// @param cb called with the connection when its output is empty; a later call
///   for this request replaces it
/// @param arg passed to it
///
/// # Safety
/// Rule 1 for `req` and `databuf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_chunk_with_cb(
    req: *mut evhttp_request,
    databuf: *mut evbuffer,
    cb: Option<unsafe extern "C" fn(evcon: *mut evhttp_connection, arg: *mut c_void)>,
    arg: *mut c_void,
) {
    // SAFETY: rule 1.
    let Some(data) = (unsafe { BufferRef::from_raw(databuf) }) else { return };
    // SAFETY: rule 1.
    unsafe { on_request(req, |r| reply::send_reply_chunk(r, data, cb, arg)) }
}
/// Ends a reply that was begun. The request is freed once all has been written,
/// or at once if its connection has gone.
///
/// @param req the request
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_end(req: *mut evhttp_request) {
    // SAFETY: rule 1.
    unsafe { on_request(req, reply::send_reply_end) }
}

// ---- requests ----

/// Makes a request object, to be filled and given to evhttp_make_request.
///
/// @param cb called once: with the request when its response has been read,
///   or when no connection could be made (its response code is 0 then); with
///   NULL when the request failed. The request is freed after that, unless
///   evhttp_request_own was called
/// @param arg passed to all callbacks of the request
/// @return the request, or NULL if memory is short
///
/// # Safety
/// `cb` may be called with `arg` until the request is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_new(cb: evhttp_request_cb, arg: *mut c_void) -> *mut evhttp_request {
    pointer(ReqRef::new(cb, arg).map(ReqRef::as_ptr))
}

/// Has the body of a response handed over piece by piece, instead of
/// collected for the callback of the request.
///
/// @param req the request
/// @param cb called with the request (and the argument of its callback)
///   whenever part of the body has come: with chunked encoding for each chunk
///   (large ones in several parts). It takes what it wants from the input
///   buffer, which is emptied after it. It may cancel the request
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_chunked_cb(req: *mut evhttp_request, cb: evhttp_request_cb) {
    // SAFETY: rule 1.
    if let Some(req) = unsafe { ReqRef::from_raw(req) } {
        req.set_chunk_cb(cb);
    }
}
/// Has the program look at the headers of a response before its body is read.
///
/// @param req the request
/// @param cb called with the request (and the argument of its callback) once
///   all headers have come, not for interim responses. Less than 0 ends the
///   request and its connection
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_header_cb(req: *mut evhttp_request, cb: evhttp_header_cb) {
    // SAFETY: rule 1.
    if let Some(req) = unsafe { ReqRef::from_raw(req) } {
        req.set_header_cb(cb);
    }
}
/// Has the program told why a request failed.
///
/// @param req the request
/// @param cb called with the reason (and the argument of the request's
///   callback), before that callback is called with NULL
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_error_cb(req: *mut evhttp_request, cb: evhttp_error_cb) {
    // SAFETY: rule 1.
    if let Some(req) = unsafe { ReqRef::from_raw(req) } {
        req.set_error_cb(cb);
    }
}
/// Has a server told when a reply has been sent.
///
/// @param req the request
/// @param cb called with the request once all of the reply has been written,
///   before the request is freed
/// @param cb_arg passed to it
///
/// # Safety
/// Rule 1 for `req`; `cb` may be called with `cb_arg` until the request is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_on_complete_cb(
    req: *mut evhttp_request,
    cb: evhttp_request_cb,
    cb_arg: *mut c_void,
) {
    // SAFETY: rule 1.
    if let Some(req) = unsafe { ReqRef::from_raw(req) } {
        req.set_on_complete_cb(cb);
        req.set_on_complete_arg(cb_arg);
    }
}

/// Frees a request that the program owns, or one that was never given to a
/// connection. While one of its callbacks runs this takes effect behind it.
///
/// @param req the request; may be NULL
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_free(req: *mut evhttp_request) {
    // SAFETY: rule 1.
    if let Some(req) = unsafe { ReqRef::from_raw(req) } {
        req.free();
    }
}
/// Makes a request the program's: it stays after its callback, until
/// evhttp_request_free.
///
/// @param req the request
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_own(req: *mut evhttp_request) {
    // SAFETY: rule 1.
    if let Some(req) = unsafe { ReqRef::from_raw(req) } {
        req.set_flag(ReqFlags::USER_OWNED, true);
    }
}
/// Whether evhttp_request_own was called.
///
/// @param req the request
/// @return 1 or 0
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_is_owned(req: *mut evhttp_request) -> c_int {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req) }.is_some_and(|r| r.has(ReqFlags::USER_OWNED)).into()
}

/// The connection that a request is on.
///
/// @param req the request
/// @return the connection; NULL if it is on none (any more)
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_connection(req: *mut evhttp_request) -> *mut evhttp_connection {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req) }.map_or(null_mut(), ReqRef::evcon)
}
/// The target of a request, as it stands in its first line.
///
/// @param req the request
/// @return the text, which belongs to the request; may be NULL
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_uri(req: *const evhttp_request) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req.cast_mut()) }.map_or(null(), |r| r.uri_ptr().cast_const())
}
/// The target of a request that was received, taken apart.
///
/// @param req the request
/// @return the URI, which belongs to the request; may be NULL
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_evhttp_uri(req: *const evhttp_request) -> *const evhttp_uri {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req.cast_mut()) }.map_or(null(), |r| r.uri_elems().cast_const())
}
/// The method of a request.
///
/// @param req the request
/// @return the method; 0 for one that is not known
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_command(req: *const evhttp_request) -> evhttp_cmd_type {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req.cast_mut()) }.map_or(evhttp_cmd_type::EVHTTP_REQ_UNKNOWN_, ReqRef::method)
}
/// The status code of a response.
///
/// @param req the request
/// @return the code; 0 while there is none, and when no connection was made
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_response_code(req: *const evhttp_request) -> c_int {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req.cast_mut()) }.map_or(0, ReqRef::response_code)
}
/// The words behind the status code of a response.
///
/// @param req the request
/// @return the text, which belongs to the request; may be NULL
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_response_code_line(req: *const evhttp_request) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req.cast_mut()) }.map_or(null(), |r| r.reason_ptr().cast_const())
}

/// The headers that were received.
///
/// @param req the request
/// @return the list, which belongs to the request
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_input_headers(req: *mut evhttp_request) -> *mut evkeyvalq {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req) }.and_then(ReqRef::input_headers).map_or(null_mut(), Headers::as_ptr)
}
/// The headers that are to be sent. A client should add Host; nobody else
/// does.
///
/// @param req the request
/// @return the list, which belongs to the request
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_output_headers(req: *mut evhttp_request) -> *mut evkeyvalq {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req) }.and_then(ReqRef::output_headers).map_or(null_mut(), Headers::as_ptr)
}
/// The body that was received.
///
/// @param req the request
/// @return the buffer, which belongs to the request
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_input_buffer(req: *mut evhttp_request) -> *mut evbuffer {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req) }.and_then(ReqRef::input_buffer).map_or(null_mut(), BufferRef::as_ptr)
}
/// The body that is to be sent.
///
/// @param req the request
/// @return the buffer, which belongs to the request
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_output_buffer(req: *mut evhttp_request) -> *mut evbuffer {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req) }.and_then(ReqRef::output_buffer).map_or(null_mut(), BufferRef::as_ptr)
}
/// The host that a received request is for: the one in its target, or else
/// that of its Host header, without the port.
///
/// @param req the request
/// @return the host, which belongs to the request; NULL if it names none
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_host(req: *mut evhttp_request) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { ReqRef::from_raw(req) }.map_or(null(), ReqRef::host)
}

// ---- connections ----

/// A connection, if the pointer is one.
///
/// # Safety
/// Rule 1 for `evcon`.
unsafe fn con(evcon: *mut evhttp_connection) -> Option<ConRef> {
    // SAFETY: the caller's promise.
    unsafe { ConRef::from_raw(evcon) }
}

/// Makes a connection for requests, over a bufferevent of the program's. It
/// connects when it is given the first request.
///
/// @param base the base; NULL: that of the bufferevent, or the current one
/// @param dnsbase looks up the address; NULL: looking it up blocks
/// @param bev a bufferevent without a socket, which is the connection's from
///   here on; NULL: one for plain TCP is made
/// @param address the server's name or address
/// @param port its port
/// @return the connection, to be freed with evhttp_connection_free; NULL if
///   memory is short (then bev is still the program's)
///
/// # Safety
/// Rule 1 for `base`, `dnsbase` and `bev`, rule 2 for `address`. base and dnsbase outlive the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_base_bufferevent_new(
    base: *mut event_base,
    dnsbase: *mut evdns_base,
    bev: *mut bufferevent,
    address: *const c_char,
    port: u16,
) -> *mut evhttp_connection {
    // SAFETY: rules 1 and 2.
    let (base, bev, address) = unsafe { (BaseRef::from_raw(base), BevRef::from_raw(bev), bytes(address)) };
    let Some(address) = address else { return null_mut() };
    pointer(ConRef::new_client(base, dnsbase, bev, address, port).map(ConRef::as_ptr))
}
/// Makes a connection for requests over plain TCP. It connects when it is
/// given the first request.
///
/// @param base the base; NULL: the current one
/// @param dnsbase looks up the address; NULL: looking it up blocks
/// @param address the server's name or address
/// @param port its port
/// @return the connection, to be freed with evhttp_connection_free; NULL if
///   memory is short
///
/// # Safety
/// Rule 1 for `base` and `dnsbase`, rule 2 for `address`. base and dnsbase outlive the connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_base_new(
    base: *mut event_base,
    dnsbase: *mut evdns_base,
    address: *const c_char,
    port: u16,
) -> *mut evhttp_connection {
    // SAFETY: rules 1 and 2.
    unsafe { evhttp_connection_base_bufferevent_new(base, dnsbase, null_mut(), address, port) }
}

/// The bufferevent of a connection. It stays the connection's.
///
/// @param evcon the connection
/// @return the bufferevent
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_bufferevent(
    evcon: *mut evhttp_connection,
) -> *mut bufferevent {
    // SAFETY: rule 1.
    unsafe { con(evcon) }.map_or(null_mut(), ConRef::bufferevent)
}
/// The server that accepted a connection.
///
/// @param evcon the connection
/// @return the server; NULL if the connection is a client's
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_server(evcon: *mut evhttp_connection) -> *mut evhttp {
    // SAFETY: rule 1.
    unsafe { con(evcon) }.and_then(ConRef::server).map_or(null_mut(), |s| s.as_ptr())
}
/// The base of a connection.
///
/// @param req the connection
/// @return the base
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_base(req: *mut evhttp_connection) -> *mut event_base {
    // SAFETY: rule 1.
    unsafe { con(req) }.map_or(null_mut(), ConRef::given_base)
}

/// Which addresses a look-up is to ask for.
///
/// @param evcon a client's connection
/// @param family AF_INET, AF_INET6, or AF_UNSPEC for both (the default)
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_family(evcon: *mut evhttp_connection, family: c_int) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.set_family(family);
    }
}
/// Sets the flags of a connection.
///
/// @param evcon the connection
/// @param flags EVHTTP_CON_ bits; those that are not given are cleared
/// @return 0; 1 if a flag is not known, then nothing changes
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_flags(evcon: *mut evhttp_connection, flags: c_int) -> c_int {
    // SAFETY: rule 1.
    unsafe { con(evcon) }.is_none_or(|c| !client::set_flags(c, flags)).into()
}
/// Limits the heads of what is received.
///
/// @param evcon the connection
/// @param new_max_headers_size the most bytes that the first line and the
///   headers may have together; less than 0: 1 MiB, which is the default
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_max_headers_size(
    evcon: *mut evhttp_connection,
    new_max_headers_size: isize,
) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.set_max_head(new_max_headers_size);
    }
}
/// Limits the bodies of what is received. A request whose response is larger
/// fails with EVREQ_HTTP_DATA_TOO_LONG.
///
/// @param evcon the connection
/// @param new_max_body_size the most bytes; less than 0: no limit, which is
///   the default
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_max_body_size(
    evcon: *mut evhttp_connection,
    new_max_body_size: isize,
) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.set_max_body(new_max_body_size);
    }
}

/// Closes and frees a connection, with the requests on it that the program
/// does not own. Their callbacks are not called; the close callback is. This
/// may be done in any callback.
///
/// @param evcon the connection; may be NULL
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_free(evcon: *mut evhttp_connection) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.free();
    }
}
/// Has a client's connection freed once its last request has been served or
/// has failed and the connection is closed. Only while requests are under way
/// may the program use it any more.
///
/// @param evcon the connection
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_free_on_completion(evcon: *mut evhttp_connection) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.free_on_completion();
    }
}

/// Sets the address that a client connects from, the next time it does.
///
/// @param evcon the connection
/// @param address a numeric address of this machine; NULL: any
///
/// # Safety
/// Rule 1 for `evcon`, rule 2 for `address`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_local_address(
    evcon: *mut evhttp_connection,
    address: *const c_char,
) {
    // SAFETY: rules 1 and 2.
    if let Some(con) = unsafe { con(evcon) } {
        // SAFETY: rule 2.
        con.set_local_address(unsafe { bytes(address) });
    }
}
/// Sets the port that a client connects from, the next time it does.
///
/// @param evcon the connection
/// @param port the port; 0: any
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_local_port(evcon: *mut evhttp_connection, port: u16) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.set_local_port(port);
    }
}
/// Sets how long connecting, reading and writing may rest.
///
/// @param evcon the connection
/// @param timeout_in_secs seconds; -1: 45 to connect, 50 to read or write
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_timeout(
    evcon: *mut evhttp_connection,
    timeout_in_secs: c_int,
) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.set_timeout(
            (timeout_in_secs != -1).then_some(timeval { tv_sec: timeout_in_secs.into(), tv_usec: 0 }),
        );
    }
}
/// As evhttp_connection_set_timeout.
///
/// @param evcon the connection
/// @param tv the time; NULL: the defaults
///
/// # Safety
/// Rule 1 for `evcon`, rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_timeout_tv(evcon: *mut evhttp_connection, tv: *const timeval) {
    // SAFETY: rules 1 and 2.
    if let Some(con) = unsafe { con(evcon) } {
        // SAFETY: rule 2.
        con.set_timeout(unsafe { tv.as_ref() }.copied());
    }
}
/// Sets how long a client waits before it tries to connect again. Each wait
/// is twice as long as the one before, up to an hour, until a connection
/// stands.
///
/// @param evcon the connection
/// @param tv the first wait; NULL: 2 seconds
///
/// # Safety
/// Rule 1 for `evcon`, rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_initial_retry_tv(
    evcon: *mut evhttp_connection,
    tv: *const timeval,
) {
    // SAFETY: rules 1 and 2.
    if let Some(con) = unsafe { con(evcon) } {
        // SAFETY: rule 2.
        con.set_first_retry(unsafe { tv.as_ref() }.copied());
    }
}
/// Sets how often a client tries again to connect when the server refuses or
/// does not answer. A request that was sent is never sent again.
///
/// @param evcon the connection
/// @param retry_max how often; -1: for ever; 0 is the default
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_retries(evcon: *mut evhttp_connection, retry_max: c_int) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.set_retries(retry_max);
    }
}
/// Sets a callback for the end of a connection.
///
/// @param evcon the connection
/// @param cb called when a connection that stands is closed, by whichever
///   side
/// @param arg passed to it
///
/// # Safety
/// Rule 1 for `evcon`; `cb` may be called with `arg` until the connection is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_closecb(
    evcon: *mut evhttp_connection,
    cb: Option<unsafe extern "C" fn(evcon: *mut evhttp_connection, arg: *mut c_void)>,
    arg: *mut c_void,
) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { con(evcon) } {
        con.set_closecb(cb, arg);
    }
}
/// The other side: what a client was told to connect to, or the address that
/// a server was connected from.
///
/// @param evcon the connection
/// @param address receives the name or address, which belongs to the
///   connection
/// @param port receives the port
///
/// # Safety
/// Rule 1 for `evcon`, rule 2 for `address` and `port`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_peer(
    evcon: *mut evhttp_connection,
    address: *mut *mut c_char,
    port: *mut u16,
) {
    // SAFETY: rules 1 and 2.
    unsafe {
        let Some((name, number)) = con(evcon).map(ConRef::peer) else { return };
        if !address.is_null() {
            *address = name;
        }
        if !port.is_null() {
            *port = number;
        }
    }
}
/// The address of the other side, once it is known.
///
/// @param evcon the connection
/// @return an address that belongs to the connection. Its family is AF_UNSPEC
///   as long as none is known
///
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_addr(evcon: *mut evhttp_connection) -> *const sockaddr {
    // SAFETY: rule 1.
    unsafe { con(evcon) }.map_or(null(), ConRef::peer_address)
}

/// Sends a request, as soon as the connection stands and all requests before
/// it have been served.
///
/// The request line and the headers must not hold control bytes; a body
/// without a length gets one. A response that is not well formed, or that
/// goes on longer than it says, ends the connection.
///
/// @param evcon a client's connection
/// @param req the request, which is the connection's from here on
/// @param type the method
/// @param uri the target: usually a path with a query
/// @return 0; -1 if the request cannot be sent. It has been freed then, unless
///   the program owns it
///
/// # Safety
/// Rule 1 for `evcon` and `req`, rule 2 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_make_request(
    evcon: *mut evhttp_connection,
    req: *mut evhttp_request,
    r#type: evhttp_cmd_type,
    uri: *const c_char,
) -> c_int {
    // SAFETY: rules 1 and 2.
    match unsafe { (con(evcon), ReqRef::from_raw(req), bytes(uri)) } {
        (Some(con), Some(req), Some(uri)) => done(con.make_request(req, r#type, uri)),
        (_, Some(req), _) => {
            client::drop_unused(req);
            -1
        }
        _ => -1,
    }
}
/// Takes a request back. Its callback is not called; its error callback is,
/// with EVREQ_HTTP_REQUEST_CANCEL, if it was under way. Then its connection is
/// closed, and made anew for the requests behind it. This may be done in any
/// callback.
///
/// @param req the request. It is freed, unless the program owns it
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_cancel_request(req: *mut evhttp_request) {
    // SAFETY: rule 1.
    if let Some(req) = unsafe { ReqRef::from_raw(req) } {
        client::cancel(req);
    }
}

// ---- headers ----

/// Finds a header.
///
/// @param headers a list of headers
/// @param key the name; upper and lower case are the same
/// @return the value of the first header of that name, or NULL; it belongs to
///   the list
///
/// # Safety
/// Rule 1 for `headers`, rule 2 for `key`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_find_header(headers: *const evkeyvalq, key: *const c_char) -> *const c_char {
    // SAFETY: rules 1 and 2.
    match unsafe { (Headers::from_raw(headers.cast_mut()), bytes(key)) } {
        (Some(headers), Some(key)) => headers.find_raw(key),
        _ => null(),
    }
}

/// Removes the first header of a name.
///
/// @param headers a list of headers
/// @param key the name; upper and lower case are the same
/// @return 0, or -1 if there is none
///
/// # Safety
/// Rule 1 for `headers`, rule 2 for `key`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_remove_header(headers: *mut evkeyvalq, key: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    match unsafe { (Headers::from_raw(headers), bytes(key)) } {
        (Some(headers), Some(key)) if headers.remove(key) => 0,
        _ => -1,
    }
}

/// Appends a header, even if there is one of that name.
///
/// @param headers a list of headers
/// @param key the name: no blanks, colons or control bytes
/// @param value the value. It may have several lines if each but the first
///   begins with a space or tab; they are sent as one. Other control bytes
///   are refused
/// @return 0; -1 if it could not be sent as one header, or if memory is short
///
/// # Safety
/// Rule 1 for `headers`, rule 2 for `key` and `value`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_add_header(
    headers: *mut evkeyvalq,
    key: *const c_char,
    value: *const c_char,
) -> c_int {
    // SAFETY: rules 1 and 2.
    match unsafe { (Headers::from_raw(headers), bytes(key), bytes(value)) } {
        (Some(headers), Some(key), Some(value)) => done(headers.add(key, value)),
        _ => Error::Invalid.to_c(),
    }
}

/// Removes all headers from a list.
///
/// @param headers the list
///
/// # Safety
/// Rule 1 for `headers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_clear_headers(headers: *mut evkeyvalq) {
    // SAFETY: rule 1.
    if let Some(headers) = unsafe { Headers::from_raw(headers) } {
        headers.clear();
    }
}

// ---- encoding ----

/// Encodes a string so that it can stand anywhere in a URI: letters, digits
/// and the characters - . _ ~ stay, every other byte becomes %XX.
///
/// @param str the string
/// @return the encoded string, to be freed by the caller; NULL if memory is
///   short
///
/// # Safety
/// Rule 2 for `str`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_encode_uri(str: *const c_char) -> *mut c_char {
    // SAFETY: rule 2.
    unsafe { bytes(str) }.map_or(null_mut(), |s| pointer(text::encode(s, false)))
}

/// Encodes bytes so that they can stand anywhere in a URI, as
/// evhttp_encode_uri does.
///
/// @param str the bytes
/// @param size how many; negative: str is a string that ends with a NUL
/// @param space_to_plus not 0: a space becomes + instead of %20
/// @return the encoded string, to be freed by the caller; NULL if memory is
///   short
///
/// # Safety
/// Rule 2 for `str`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uriencode(
    str: *const c_char,
    size: isize,
    space_to_plus: c_int,
) -> *mut c_char {
    // SAFETY: rule 2.
    let source = unsafe {
        match usize::try_from(size) {
            Ok(0) => Some(&[][..]),
            Ok(n) if !str.is_null() => Some(std::slice::from_raw_parts(str.cast::<u8>(), n)),
            Ok(_) => None,
            Err(_) => bytes(str),
        }
    };
    source.map_or(null_mut(), |s| pointer(text::encode(s, space_to_plus != 0)))
}

/// Undoes %XX everywhere, and + for a space behind the first question mark.
/// That is right neither for a whole URI nor for a part of one: use
/// evhttp_uridecode for the parts.
///
/// @param uri an encoded string
/// @return the decoded string, to be freed by the caller; NULL if memory is
///   short or if a NUL would come out (%00), which would cut it short
///
/// # Safety
/// Rule 2 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_decode_uri(uri: *const c_char) -> *mut c_char {
    // SAFETY: rule 2.
    match unsafe { bytes(uri) } {
        Some(s) if !escape::has_nul(s) => pointer(text::decode(s, Plus::InQuery).map(|(p, _)| p)),
        _ => null_mut(),
    }
}

/// Undoes %XX. What is no complete escape stays as it is.
///
/// @param uri an encoded string
/// @param decode_plus not 0: + becomes a space, as in the arguments of a query
/// @param size_out receives the length of the result, which may hold a NUL
///   (%00); may be NULL
/// @return the decoded string, to be freed by the caller; NULL if memory is
///   short
///
/// # Safety
/// Rule 2 for `uri` and `size_out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uridecode(
    uri: *const c_char,
    decode_plus: c_int,
    size_out: *mut usize,
) -> *mut c_char {
    // SAFETY: rule 2.
    let Some(source) = (unsafe { bytes(uri) }) else { return null_mut() };
    let plus = if decode_plus != 0 { Plus::Always } else { Plus::Never };
    pointer(text::decode(source, plus).map(|(p, len)| {
        if !size_out.is_null() {
            // SAFETY: rule 2.
            unsafe { *size_out = len };
        }
        p
    }))
}

/// Takes the arguments out of a whole URI. evhttp_uri_parse with
/// evhttp_parse_query_str does that for a URI whose other parts matter too.
///
/// @param uri a URI
/// @param headers becomes a list of the arguments: the names as they stand
///   there, the values decoded. What it held is not freed. Empty it with
///   evhttp_clear_headers
/// @return 0; -1 (and an empty list) if the URI or an argument is malformed,
///   if a value would hold a NUL, or if memory is short
///
/// # Safety
/// Rule 2 for `uri` and `headers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_query(uri: *const c_char, headers: *mut evkeyvalq) -> c_int {
    // SAFETY: rule 2.
    let (Some(list), Some(source)) = (unsafe { fresh(headers) }, unsafe { bytes(uri) }) else {
        return Error::Invalid.to_c();
    };
    let arguments = |uri: Uri| uri.get(Part::Query).map_or(Ok(()), |query| list.append_query(query));
    done(Uri::parse(source, 0).and_then(arguments))
}

/// Takes the arguments out of a query string, such as "q=test&s=some+thing".
///
/// @param uri the query of a URI, without the question mark
/// @param headers becomes a list of the arguments: the names as they stand
///   there, the values decoded. What it held is not freed. Empty it with
///   evhttp_clear_headers
/// @return 0; -1 (and an empty list) if an argument is malformed, if a value
///   would hold a NUL, or if memory is short
///
/// # Safety
/// Rule 2 for `uri` and `headers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_query_str(uri: *const c_char, headers: *mut evkeyvalq) -> c_int {
    // SAFETY: rule 2.
    match unsafe { (fresh(headers), bytes(uri)) } {
        // A URI without a query gives NULL here, and that is no error.
        (Some(list), query) => done(list.append_query(query.unwrap_or_default())),
        _ => Error::Invalid.to_c(),
    }
}
/// Makes an empty list of the program's memory.
///
/// # Safety
/// Rule 2 for `headers`.
unsafe fn fresh(headers: *mut evkeyvalq) -> Option<Headers> {
    if !headers.is_null() {
        // SAFETY: rule 2.
        unsafe { Headers::init(headers) };
    }
    // SAFETY: just initialised, or null.
    unsafe { Headers::from_raw(headers) }
}

/// Replaces the characters that mean something to HTML by their entities.
///
/// @param html any text
/// @return text that shows just that, to be freed by the caller; NULL if
///   memory is short
///
/// # Safety
/// Rule 2 for `html`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_htmlescape(html: *const c_char) -> *mut c_char {
    // SAFETY: rule 2.
    unsafe { bytes(html) }.map_or(null_mut(), |s| pointer(text::escape_html(s)))
}

// ---- URIs ----

/// A part of a URI as C reads it.
///
/// # Safety
/// Rule 1 for `uri`.
unsafe fn part(uri: *const evhttp_uri, which: Part) -> *const c_char {
    // SAFETY: rule 1; parts end with a NUL.
    unsafe { Uri::from_raw(uri) }.and_then(|u| u.get_c(which)).map_or(null(), |s| s.as_ptr().cast())
}
/// Replaces a part.
///
/// # Safety
/// Rule 1 for `uri`, rule 2 for `text`, which may be null.
unsafe fn set_part(uri: *mut evhttp_uri, which: Part, text: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { done(Uri::from_raw_mut(uri).ok_or(Error::Invalid).and_then(|u| u.set(which, bytes(text)))) }
}

/// Makes a URI without any part.
///
/// @return the URI, to be freed with evhttp_uri_free; NULL if memory is short
///
/// # Safety
/// None.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_new() -> *mut evhttp_uri {
    pointer(Uri::new(0).into_raw())
}

/// Sets how strict evhttp_uri_set_path and the like are with a URI.
///
/// @param uri the URI
/// @param flags EVHTTP_URI_ bits
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_flags(uri: *mut evhttp_uri, flags: c_uint) {
    // SAFETY: rule 1.
    if let Some(uri) = unsafe { Uri::from_raw_mut(uri) } {
        uri.flags = flags;
    }
}

/// The scheme, such as "http".
///
/// @param uri the URI
/// @return the scheme, which belongs to the URI; NULL if it has none (a
///   relative reference)
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_scheme(uri: *const evhttp_uri) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { part(uri, Part::Scheme) }
}
/// What stands before an @ in front of the host.
///
/// @param uri the URI
/// @return the text, which belongs to the URI; NULL if there is none
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_userinfo(uri: *const evhttp_uri) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { part(uri, Part::Userinfo) }
}
/// The host: a name, an IPv4 address, or an IPv6 address (or one of the
/// future) in brackets. In "file:///etc/motd" it is there, and empty.
///
/// @param uri the URI
/// @return the host, which belongs to the URI; NULL if the URI has no
///   authority (no "//")
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_host(uri: *const evhttp_uri) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { part(uri, Part::Host) }
}
/// The port.
///
/// @param uri the URI
/// @return the port, or -1 if there is none
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_port(uri: *const evhttp_uri) -> c_int {
    // SAFETY: rule 1.
    unsafe { Uri::from_raw(uri) }.map_or(-1, Uri::port)
}
/// The path. A parsed URI has one, which may be empty.
///
/// @param uri the URI
/// @return the path, which belongs to the URI; NULL if none has been set
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_path(uri: *const evhttp_uri) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { part(uri, Part::Path) }
}
/// What stands behind the question mark, without it.
///
/// @param uri the URI
/// @return the query, which belongs to the URI; NULL if there is none
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_query(uri: *const evhttp_uri) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { part(uri, Part::Query) }
}
/// What stands behind the #, without it.
///
/// @param uri the URI
/// @return the fragment, which belongs to the URI; NULL if there is none
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_fragment(uri: *const evhttp_uri) -> *const c_char {
    // SAFETY: rule 1.
    unsafe { part(uri, Part::Fragment) }
}

/// Sets the scheme.
///
/// @param uri the URI
/// @param scheme the scheme, without the colon; NULL: none
/// @return 0; -1 if it is malformed, or if memory is short
///
/// # Safety
/// Rule 1 for `uri`, rule 2 for `scheme`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_scheme(uri: *mut evhttp_uri, scheme: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { set_part(uri, Part::Scheme, scheme) }
}
/// Sets what stands in front of the host.
///
/// @param uri the URI
/// @param userinfo the text, without the @; NULL: none
/// @return 0; -1 if it is malformed, or if memory is short
///
/// # Safety
/// Rule 1 for `uri`, rule 2 for `userinfo`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_userinfo(uri: *mut evhttp_uri, userinfo: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { set_part(uri, Part::Userinfo, userinfo) }
}
/// Sets the host.
///
/// @param uri the URI
/// @param host the host, an IPv6 address in brackets; NULL: none, and no
///   authority
/// @return 0; -1 if it is malformed, or if memory is short
///
/// # Safety
/// Rule 1 for `uri`, rule 2 for `host`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_host(uri: *mut evhttp_uri, host: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { set_part(uri, Part::Host, host) }
}
/// Sets the port.
///
/// @param uri the URI
/// @param port the port; -1: none
/// @return 0, or -1 if it is less than -1
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_port(uri: *mut evhttp_uri, port: c_int) -> c_int {
    // SAFETY: rule 1.
    done(unsafe { Uri::from_raw_mut(uri) }.ok_or(Error::Invalid).and_then(|u| u.set_port(port)))
}
/// Sets the path.
///
/// @param uri the URI
/// @param path the path; NULL: none
/// @return 0; -1 if it is malformed, or if memory is short
///
/// # Safety
/// Rule 1 for `uri`, rule 2 for `path`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_path(uri: *mut evhttp_uri, path: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { set_part(uri, Part::Path, path) }
}
/// Sets what stands behind the question mark.
///
/// @param uri the URI
/// @param query the query, without the question mark; NULL: none
/// @return 0; -1 if it is malformed, or if memory is short
///
/// # Safety
/// Rule 1 for `uri`, rule 2 for `query`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_query(uri: *mut evhttp_uri, query: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { set_part(uri, Part::Query, query) }
}
/// Sets what stands behind the #.
///
/// @param uri the URI
/// @param fragment the fragment, without the #; NULL: none
/// @return 0; -1 if it is malformed, or if memory is short
///
/// # Safety
/// Rule 1 for `uri`, rule 2 for `fragment`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_fragment(uri: *mut evhttp_uri, fragment: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { set_part(uri, Part::Fragment, fragment) }
}

/// Takes a URI or a relative reference apart, as RFC 3986 defines them.
///
/// Nothing is decoded: use evhttp_uridecode on the parts, and
/// evhttp_parse_query_str on the query. What a scheme asks for beyond the
/// general grammar is not checked.
///
/// @param source_uri the text
/// @param flags EVHTTP_URI_ bits
/// @return the URI, to be freed with evhttp_uri_free; NULL if the text is
///   malformed, or if memory is short
///
/// # Safety
/// Rule 2 for `source_uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_parse_with_flags(
    source_uri: *const c_char,
    flags: c_uint,
) -> *mut evhttp_uri {
    // SAFETY: rule 2.
    let Some(source) = (unsafe { bytes(source_uri) }) else { return null_mut() };
    pointer(Uri::parse_raw(source, flags))
}
/// evhttp_uri_parse_with_flags without any flags.
///
/// @param source_uri the text
/// @return the URI, to be freed with evhttp_uri_free; NULL if the text is
///   malformed, or if memory is short
///
/// # Safety
/// Rule 2 for `source_uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_parse(source_uri: *const c_char) -> *mut evhttp_uri {
    // SAFETY: rule 2.
    unsafe { evhttp_uri_parse_with_flags(source_uri, 0) }
}

/// Frees a URI.
///
/// @param uri the URI; may be NULL
///
/// # Safety
/// Rule 1 for `uri`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_free(uri: *mut evhttp_uri) {
    // SAFETY: rule 1.
    unsafe { Uri::free(uri) };
}

/// Puts a URI together from its parts. Nothing is encoded.
///
/// @param uri the URI
/// @param buf receives the text, ended by a NUL
/// @param limit the size of buf in bytes
/// @return buf; NULL if it is too small, or if there is a host and a path
///   that does not begin with a slash
///
/// # Safety
/// Rule 1 for `uri`, rule 2 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_join(
    uri: *mut evhttp_uri,
    buf: *mut c_char,
    limit: usize,
) -> *mut c_char {
    // SAFETY: rule 1.
    let Some(uri) = (unsafe { Uri::from_raw(uri) }) else { return null_mut() };
    if buf.is_null() || limit == 0 || limit > isize::MAX as usize {
        return null_mut();
    }
    // SAFETY: rule 2. The memory is only written to.
    let out = unsafe { std::slice::from_raw_parts_mut(buf.cast::<u8>(), limit) };
    if uri.join(out).is_ok() { buf } else { null_mut() }
}
