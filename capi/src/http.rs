//! event2/http.h
use crate::tag::answer;
use libc::timeval;
use oxievent::abi::buffer::evbuffer;
use oxievent::abi::bufferevent::bufferevent;
use oxievent::abi::event::event_base;
use oxievent::abi::http::{evhttp, evhttp_bound_socket, evhttp_connection, evhttp_request, evhttp_uri};
use oxievent::abi::keyvalq::evkeyvalq;
use oxievent::abi::listener::evconnlistener;
use oxievent::abi::util::{ev_ssize_t, evutil_socket_t};
use oxievent::base::BaseRef;
use oxievent::buffer::BufferRef;
use oxievent::http::bound::BoundRef;
use oxievent::http::escape::{self, Plus};
use oxievent::http::headers::Headers;
use oxievent::http::reply;
use oxievent::http::request::ReqRef;
use oxievent::http::server::ServerRef;
use oxievent::http::text;
use oxievent::http::uri::{Part, Uri};
use oxievent::listener::ListenerRef;
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
        (Some(list), Some(query)) => done(list.append_query(query)),
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
    pointer(Uri::parse(source, flags).and_then(Uri::into_raw))
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
