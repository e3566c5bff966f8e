//! Which callback of the program serves a request.
use super::connection::ConRef;
use super::request::ReqRef;
use super::uri::Part;
use super::{escape, reply, vhost};
use crate::abi::http::{evhttp_cmd_type, evhttp_request};
use crate::buffer::BufferRef;
use crate::mem::{TryVec, Vec, new_vec};
use crate::{Error, Result};
use std::ffi::{CStr, c_void};

/// The longest path that is decoded without the heap.
const SHORT_PATH: usize = 512;

/// What stands in the `cb` field of a server's requests.
///
/// # Safety
/// `req` is null or a live request.
pub(super) unsafe extern "C" fn served(req: *mut evhttp_request, _: *mut c_void) {
    // SAFETY: the contract above.
    let Some(req) = (unsafe { ReqRef::from_raw(req) }) else { return };
    if let Some(con) = req.connection() {
        dispatch(con, req);
    }
}

/// Calls the program with a request that has been read, or answers it with an error. Our caller keeps both.
pub(super) fn dispatch(con: ConRef, req: ReqRef) {
    let Some(mut server) = con.server() else { return };
    if req.method() == evhttp_cmd_type::EVHTTP_REQ_UNKNOWN_ || !server.allows(req.method()) {
        return reply::send_error(req, 501, None);
    }
    let Some(parts) = req.elements() else { return reply::send_error(req, 400, None) };
    if server.has_hosts() {
        let name = req.host();
        if !name.is_null() {
            // SAFETY: `host` gives a C string.
            let name = unsafe { CStr::from_ptr(name) }.to_bytes();
            server = vhost::find(server, name).unwrap_or(server);
        }
    }
    let path = parts.get(Part::Path).unwrap_or_default();
    let found = if server.has_paths() && memchr::memchr(b'%', path).is_some() {
        with_decoded(path, |p| server.callback_for(p))
    } else {
        Ok(server.callback_for(path))
    };
    match found {
        Ok((Some(f), arg)) => {
            let _pin = server.pin();
            // SAFETY: what the program registered together; request, connection and server stay.
            unsafe { f(req.as_ptr(), arg) }
        }
        Ok((None, _)) => {
            if not_found(con, req).is_err() {
                con.free();
            }
        }
        Err(_) => con.free(),
    }
}

/// Hands the decoded path to `f`. What is decoded to a NUL stays one: no path of the program's has it.
fn with_decoded<R>(path: &[u8], f: impl FnOnce(&[u8]) -> R) -> Result<R> {
    let mut short = [0u8; SHORT_PATH];
    let mut long: Vec<u8> = new_vec();
    let to = if path.len() <= SHORT_PATH {
        &mut short[..]
    } else {
        long.try_resize(path.len(), 0)?;
        &mut long[..]
    };
    let mut n = 0;
    escape::decode(path, escape::Plus::Never, |c| {
        if let Some(place) = to.get_mut(n) {
            *place = c;
            n += 1;
        }
    });
    Ok(f(to.get(..n).unwrap_or_default()))
}

/// Nobody serves that path.
fn not_found(con: ConRef, req: ReqRef) -> Result<()> {
    let page = BufferRef::new()?;
    let made = (|| {
        page.add(b"<html><head><title>404 Not Found</title></head>\n<body><h1>Not Found</h1>\n<p>Nothing is served at ")?;
        reply::add_html(page, req.uri().unwrap_or_default())?;
        page.add(b".</p></body></html>\n")
    })();
    if made.is_ok() {
        req.set_response(404, None);
        reply::send_page(con, req, page);
    }
    page.free();
    made.map_err(|_| Error::NoMem)
}
