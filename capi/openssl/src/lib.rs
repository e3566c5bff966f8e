//! libevent_openssl: OpenSSL's operations for the TLS bufferevents of libevent_core, and event2/bufferevent_ssl.h.
//!
//! The state machine is the engine's (src/bufferevent/tls), which knows a table of operations and nothing of OpenSSL.
//! Here are that table and the functions that take or give an `SSL`. No engine, no std: whichever core the process has
//! loaded makes the bufferevents.
#![cfg_attr(not(test), no_std)]
#![allow(non_camel_case_types, reason = "the names are those of the C interface")]

// (clippy --all-targets also looks at a test build, which always unwinds and is never linked.)
#[cfg(not(any(panic = "abort", test)))]
compile_error!("the libraries must be built with panic=abort: unwinding into C is undefined");

mod bio;
mod ffi;
mod host;
mod session;
/// The engine's side of the contract; it refuses a table of another size.
#[allow(dead_code, unreachable_pub, reason = "the engine's file: not all of it is for us")]
#[path = "../../../src/bufferevent/tls/table.rs"]
mod table;

use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use core::ptr::null_mut;
use table::TlsOps;

// As in src/abi.
#[repr(C)]
pub struct event_base {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct bufferevent {
    _opaque: [u8; 0],
}
#[repr(C)]
pub struct ssl_st {
    _opaque: [u8; 0],
}
type evutil_socket_t = c_int;
#[repr(transparent)]
pub struct bufferevent_ssl_state(c_uint);

const BEV_OPT_CLOSE_ON_FREE: c_int = 1;
const DIRTY_SHUTDOWN: u64 = 1;

// libevent_core's.
unsafe extern "C" {
    fn bufferevent_tls_new_(
        base: *mut event_base,
        underlying: *mut bufferevent,
        fd: evutil_socket_t,
        ops: *const TlsOps,
        session: *mut c_void,
        state: bufferevent_ssl_state,
        options: c_int,
    ) -> *mut bufferevent;
    fn bufferevent_tls_session_(bev: *mut bufferevent) -> *mut c_void;
    fn bufferevent_tls_flags_(bev: *mut bufferevent, on: u64, off: u64) -> u64;
    fn bufferevent_tls_pop_error_(bev: *mut bufferevent) -> c_ulong;
    fn bufferevent_tls_renegotiate_(bev: *mut bufferevent) -> c_int;
    fn event_mm_malloc_(size: usize) -> *mut c_void;
    fn event_mm_free_(p: *mut c_void);
}

/// Makes the bufferevent. With BEV_OPT_CLOSE_ON_FREE a failure frees the session, as libevent does.
///
/// # Safety
/// As the two functions below.
unsafe fn make(
    base: *mut event_base,
    underlying: *mut bufferevent,
    fd: evutil_socket_t,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
) -> *mut bufferevent {
    // SAFETY: the caller's promise; OPS never changes.
    unsafe {
        ffi::SSL_ctrl(ssl, ffi::SSL_CTRL_MODE, ffi::SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, null_mut());
        let bev = bufferevent_tls_new_(base, underlying, fd, &session::OPS, ssl.cast(), state, options);
        if bev.is_null() { refuse(ssl, options) } else { bev }
    }
}
/// # Safety
/// `ssl` is null or alive.
unsafe fn refuse(ssl: *mut ssl_st, options: c_int) -> *mut bufferevent {
    if options & BEV_OPT_CLOSE_ON_FREE != 0 {
        // SAFETY: the caller has given it away.
        unsafe { ffi::SSL_free(ssl) };
    }
    null_mut()
}

/// Makes a TLS bufferevent on top of another bufferevent: what is written is
/// encrypted and written to that one, what that one reads is decrypted.
///
/// From now on the other bufferevent belongs to this one: its callbacks are
/// replaced, it is enabled, its read watermarks are cleared. Whether the
/// handshake is complete is told with BEV_EVENT_CONNECTED; only then data
/// flows. The handshake needs both directions and goes on as long as one of
/// them is enabled.
///
/// @param base the event base, that of the other bufferevent
/// @param underlying the bufferevent below: of a socket, of a pair, a filter,
///   or again one of TLS
/// @param ssl the session (an `SSL *` of OpenSSL), whose BIO is replaced
/// @param state whether the handshake has been made, or which side we are
/// @param options BEV_OPT_* flags. With BEV_OPT_CLOSE_ON_FREE the bufferevent
///   below and the session are freed with this one; and the session also when
///   this function fails
/// @return the bufferevent, to be released with bufferevent_free(), or NULL
///
/// # Safety
/// Rule 1 for `base` and `underlying`; `ssl` is null or a live SSL, which outlives the bufferevent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_filter_new(
    base: *mut event_base,
    underlying: *mut bufferevent,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
) -> *mut bufferevent {
    // SAFETY: the caller's promise.
    unsafe {
        if ssl.is_null() || underlying.is_null() {
            return refuse(ssl, options);
        }
        make(base, underlying, -1, ssl, state, options)
    }
}

/// Makes a TLS bufferevent over a socket.
///
/// Whether the handshake is complete is told with BEV_EVENT_CONNECTED; only
/// then data flows. The handshake needs both directions and goes on as long as
/// one of them is enabled (writing is from the beginning). Nobody checks who
/// the peer is unless the session is told to: see
/// bufferevent_openssl_set_hostname().
///
/// @param base the event base whose loop serves it
/// @param fd a nonblocking socket; or -1: the one that the session has been
///   given with SSL_set_fd(), or, if it has none, one that comes with
///   bufferevent_setfd() or bufferevent_socket_connect()
/// @param ssl the session (an `SSL *` of OpenSSL)
/// @param state whether the handshake has been made, or which side we are
/// @param options BEV_OPT_* flags. With BEV_OPT_CLOSE_ON_FREE the socket is
///   closed and the session freed with the bufferevent; and the session also
///   when this function fails
/// @return the bufferevent, to be released with bufferevent_free(), or NULL, for
///   example when the session has another socket
///
/// # Safety
/// Rule 1 for `base`; `ssl` is null or a live SSL, which outlives the bufferevent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_socket_new(
    base: *mut event_base,
    fd: evutil_socket_t,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
) -> *mut bufferevent {
    // SAFETY: the caller's promise.
    unsafe {
        if ssl.is_null() {
            return null_mut();
        }
        let mut fd = fd;
        let own = session::own_fd(ssl);
        if own >= 0 {
            if fd >= 0 && fd != own {
                return refuse(ssl, options);
            }
            fd = own;
            session::keep_fd(ssl);
            session::read_ahead(ssl);
        } else if fd >= 0 && session::attach_fd(ssl.cast(), fd) != 0 {
            return refuse(ssl, options);
        }
        make(base, null_mut(), fd, ssl, state, options)
    }
}

/// Whether an end of the connection without a proper end of the TLS stream is
/// reported as BEV_EVENT_EOF.
///
/// @param bev a TLS bufferevent
/// @return 1 or 0, or -1 if it is no TLS bufferevent
///
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_get_allow_dirty_shutdown(bev: *mut bufferevent) -> c_int {
    // SAFETY: Rule 1.
    match unsafe { bufferevent_tls_flags_(bev, 0, 0) } {
        u64::MAX => -1,
        flags => c_int::from(flags & DIRTY_SHUTDOWN != 0),
    }
}

/// Says how an end of the connection without a proper end of the TLS stream
/// (a "dirty shutdown") is reported: as BEV_EVENT_ERROR, which is the default,
/// or as BEV_EVENT_EOF. Whoever can cut the connection can shorten what the
/// peer has sent: allow it only where the protocol above TLS tells the end of
/// its messages itself.
///
/// @param bev a TLS bufferevent; another kind is left alone
/// @param allow_dirty_shutdown not 0 to report it as BEV_EVENT_EOF
///
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_set_allow_dirty_shutdown(
    bev: *mut bufferevent,
    allow_dirty_shutdown: c_int,
) {
    let (on, off) = if allow_dirty_shutdown != 0 { (DIRTY_SHUTDOWN, 0) } else { (0, DIRTY_SHUTDOWN) };
    // SAFETY: Rule 1.
    unsafe { bufferevent_tls_flags_(bev, on, off) };
}

/// The session of a TLS bufferevent.
///
/// @param bufev a TLS bufferevent
/// @return the session (an `SSL *` of OpenSSL), which stays the bufferevent's, or
///   NULL if it is of another kind
///
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_get_ssl(bufev: *mut bufferevent) -> *mut ssl_st {
    // SAFETY: Rule 1.
    unsafe { bufferevent_tls_session_(bufev).cast() }
}

/// Begins another handshake on a connection that stands. BEV_EVENT_CONNECTED
/// tells when it is complete. TLS 1.3 has no such thing; and with OpenSSL 3 a
/// server takes it from a client only if SSL_OP_ALLOW_CLIENT_RENEGOTIATION is
/// set.
///
/// @param bev a TLS bufferevent
/// @return 0, or -1 if that is not possible
///
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_renegotiate(bev: *mut bufferevent) -> c_int {
    // SAFETY: Rule 1.
    unsafe { bufferevent_tls_renegotiate_(bev) }
}

/// Takes the latest error that OpenSSL has reported on a TLS bufferevent; call
/// it again for those before.
///
/// @param bev a TLS bufferevent
/// @return the error, as ERR_get_error() gives it, or 0 if there is none (left),
///   or if it is no TLS bufferevent. The last of several is the result of
///   SSL_get_error()
///
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_openssl_error(bev: *mut bufferevent) -> c_ulong {
    // SAFETY: Rule 1.
    unsafe { bufferevent_tls_pop_error_(bev) }
}

/// Makes a client accept only the server of that name: sends the name to the
/// server (SNI), and lets the handshake fail unless the server's certificate is
/// valid for it and comes from an authority that the session trusts (see
/// SSL_CTX_set_default_verify_paths()). An IP address is looked for among the
/// certificate's addresses, and not sent.
///
/// To be called before the handshake begins, best when the bufferevent has
/// just been made. An addition: libevent 2.1 has no such function.
///
/// @param bev a TLS bufferevent
/// @param name the host's name as the user knows it, or an IPv4 or IPv6 address
/// @return 0, or -1 if it is no TLS bufferevent, the name is empty or too long, or
///   memory is short: then nothing is verified yet, and the connection should
///   not be used
///
/// # Safety
/// Rule 1 for `bev`; rule 2 for `name`, which may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_set_hostname(
    bev: *mut bufferevent,
    name: *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let ssl = bufferevent_openssl_get_ssl(bev);
        if ssl.is_null() || name.is_null() { -1 } else { host::expect(ssl, name) }
    }
}

/// The flags of a TLS bufferevent. An addition, as in libevent 2.2.
///
/// @param bev a TLS bufferevent
/// @return BUFFEREVENT_SSL_* flags, or EV_UINT64_MAX if it is of another kind
///
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_get_flags(bev: *mut bufferevent) -> u64 {
    // SAFETY: Rule 1.
    unsafe { bufferevent_tls_flags_(bev, 0, 0) }
}

/// Sets flags of a TLS bufferevent. An addition, as in libevent 2.2.
///
/// @param bev a TLS bufferevent
/// @param flags BUFFEREVENT_SSL_* flags; others stay as they are
/// @return the flags as they were, or EV_UINT64_MAX if it is of another kind
///
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_set_flags(bev: *mut bufferevent, flags: u64) -> u64 {
    // SAFETY: Rule 1.
    unsafe { bufferevent_tls_flags_(bev, flags, 0) }
}

/// Clears flags of a TLS bufferevent. An addition, as in libevent 2.2.
///
/// @param bev a TLS bufferevent
/// @param flags BUFFEREVENT_SSL_* flags; others stay as they are
/// @return the flags as they were, or EV_UINT64_MAX if it is of another kind
///
/// # Safety
/// Rule 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_clear_flags(bev: *mut bufferevent, flags: u64) -> u64 {
    // SAFETY: Rule 1.
    unsafe { bufferevent_tls_flags_(bev, 0, flags) }
}

/// The library has nothing that could panic; the linker drops this.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::abort() }
}
