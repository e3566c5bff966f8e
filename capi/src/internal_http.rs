//! Parts of evhttp that no public header declares; the original suite imports them.
use oxievent::http::escape::{self, Plus};
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
