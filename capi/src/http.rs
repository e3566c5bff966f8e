//! event2/http.h
use crate::tag::answer;
use oxievent::abi::http::evhttp_uri;
use oxievent::abi::keyvalq::evkeyvalq;
use oxievent::http::escape::{self, Plus};
use oxievent::http::headers::Headers;
use oxievent::http::text;
use oxievent::http::uri::{Part, Uri};
use oxievent::{Error, Result};
use std::ffi::{CStr, c_char, c_int, c_uint};
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
