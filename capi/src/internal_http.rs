//! Parts of evhttp that no public header declares; the original suite imports them.
use oxievent::abi::buffer::evbuffer;
use oxievent::abi::http::{evhttp_connection, evhttp_request, evhttp_request_error};
use oxievent::buffer::BufferRef;
use oxievent::http::connection::ConRef;
use oxievent::http::escape::{self, Plus};
use oxievent::http::reading::{Found, parse_first_line, parse_headers};
use oxievent::http::request::ReqRef;
use std::ffi::{c_char, c_int};

/// # Safety
/// Rule 2 for `uri`, which has `len` bytes, and `out`, which has one more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_decode_uri_internal(
    uri: *const c_char,
    len: usize,
    out: *mut c_char,
    decode_plus: c_int,
) -> c_int {
    // Negative: behind the first question mark only.
    let plus = match decode_plus {
        1 => Plus::Always,
        n if n < 0 => Plus::InQuery,
        _ => Plus::Never,
    };
    // SAFETY: rule 2; decoding never makes more bytes than it is given.
    unsafe {
        let source = if len == 0 { &[] } else { std::slice::from_raw_parts(uri.cast::<u8>(), len) };
        let mut n = 0;
        escape::decode(source, plus, |c| {
            *out.add(n) = c as c_char;
            n += 1;
        });
        *out.add(n) = 0;
        n as c_int
    }
}

/// The suite's `enum message_read_status`.
fn status(f: Found) -> c_int {
    match f {
        Found::All => 1,
        Found::More => 0,
        Found::Corrupted => -1,
        Found::TooLong => -3,
    }
}
/// Runs a parser on a request and a buffer.
///
/// # Safety
/// Rule 1 for both.
unsafe fn parse(
    req: *mut evhttp_request,
    buffer: *mut evbuffer,
    f: impl FnOnce(ReqRef, BufferRef) -> Found,
) -> c_int {
    // SAFETY: the caller's promise.
    match unsafe { (ReqRef::from_raw(req), BufferRef::from_raw(buffer)) } {
        (Some(req), Some(buffer)) => status(f(req, buffer)),
        _ => status(Found::Corrupted),
    }
}
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_firstline_(req: *mut evhttp_request, buffer: *mut evbuffer) -> c_int {
    // SAFETY: rule 1.
    unsafe { parse(req, buffer, parse_first_line) }
}
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_headers_(req: *mut evhttp_request, buffer: *mut evbuffer) -> c_int {
    // SAFETY: rule 1.
    unsafe { parse(req, buffer, parse_headers) }
}
/// # Safety
/// Rule 1 for `evcon`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_fail_(evcon: *mut evhttp_connection, error: evhttp_request_error) {
    // SAFETY: rule 1.
    if let Some(con) = unsafe { ConRef::from_raw(evcon) } {
        con.fail(error);
    }
}
