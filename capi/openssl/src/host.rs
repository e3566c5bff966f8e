//! Who the peer must be.
use crate::ffi::*;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::{null, null_mut};

/// No host name is longer; SNI takes no longer one.
const MAX_NAME: usize = 255;

/// The session accepts the server of that name only.
///
/// # Safety
/// `ssl` is alive; `name` is a C string.
pub(crate) unsafe fn expect(ssl: *mut ssl_st, name: *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    let mut len = unsafe { libc::strlen(name) };
    // A dot at the end says that the name is complete; it is in no certificate and must not be in SNI.
    // SAFETY: within the string.
    if len > 1 && unsafe { *name.add(len - 1) } == b'.' as c_char {
        len -= 1;
    }
    if len == 0 || len > MAX_NAME {
        return -1;
    }
    let mut text: [c_char; MAX_NAME + 1] = [0; MAX_NAME + 1];
    for (at, c) in text.iter_mut().take(len).enumerate() {
        // SAFETY: within the string.
        *c = unsafe { *name.add(at) };
    }
    // SAFETY: the caller's promise; `text` ends with a NUL. OpenSSL copies what it is given.
    let done = unsafe {
        let param = SSL_get0_param(ssl);
        if is_address(&text, len) {
            X509_VERIFY_PARAM_set1_ip_asc(param, text.as_ptr()) == 1
                && X509_VERIFY_PARAM_set1_host(param, null(), 0) == 1
                && set_sni(ssl, null_mut())
        } else {
            X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            X509_VERIFY_PARAM_set1_host(param, text.as_ptr(), len) == 1
                && X509_VERIFY_PARAM_set1_ip(param, null(), 0) == 1
                && set_sni(ssl, text.as_mut_ptr().cast())
        }
    };
    // SAFETY: as above. A callback that the program has set stays.
    unsafe {
        if !done {
            ERR_clear_error();
            return -1;
        }
        SSL_set_verify(ssl, SSL_get_verify_mode(ssl) | SSL_VERIFY_PEER, SSL_get_verify_callback(ssl));
    }
    0
}

/// # Safety
/// `ssl` is alive; `name` is null or a C string.
unsafe fn set_sni(ssl: *mut ssl_st, name: *mut c_void) -> bool {
    // SAFETY: the caller's promise.
    unsafe { SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_HOST_NAME, name) == 1 }
}

/// Whether the first `len` characters of `text`, behind which is a NUL, are an IPv4 or IPv6 address.
fn is_address(text: &[c_char; MAX_NAME + 1], len: usize) -> bool {
    let mut room = [0u8; 16];
    let to = room.as_mut_ptr().cast::<c_void>();
    let parse = |family| {
        // SAFETY: a C string, and room for the larger of the two.
        unsafe { inet_pton(family, text.as_ptr(), to) == 1 }
    };
    len < 64 && (parse(libc::AF_INET) || parse(libc::AF_INET6))
}
unsafe extern "C" {
    fn inet_pton(family: c_int, text: *const c_char, to: *mut c_void) -> c_int;
}
