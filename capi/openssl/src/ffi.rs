//! What we use of OpenSSL: names that 1.1 and 3 both have, with the same meaning.
use core::ffi::{c_char, c_int, c_long, c_uchar, c_uint, c_ulong, c_void};

/// `SSL` itself is `ssl_st` of the interface.
pub(crate) use crate::ssl_st;

#[repr(C)]
pub(crate) struct Bio {
    _opaque: [u8; 0],
}
#[repr(C)]
pub(crate) struct BioMethod {
    _opaque: [u8; 0],
}
#[repr(C)]
pub(crate) struct VerifyParam {
    _opaque: [u8; 0],
}

pub(crate) const SSL_ERROR_SSL: c_int = 1;
pub(crate) const SSL_ERROR_WANT_READ: c_int = 2;
pub(crate) const SSL_ERROR_WANT_WRITE: c_int = 3;
pub(crate) const SSL_ERROR_SYSCALL: c_int = 5;
pub(crate) const SSL_ERROR_ZERO_RETURN: c_int = 6;
pub(crate) const SSL_ERROR_WANT_CONNECT: c_int = 7;
pub(crate) const SSL_ERROR_WANT_ACCEPT: c_int = 8;
pub(crate) const SSL_RECEIVED_SHUTDOWN: c_int = 2;
pub(crate) const SSL_VERIFY_PEER: c_int = 1;
pub(crate) const TLS1_3_VERSION: c_int = 0x0304;
pub(crate) const ERR_LIB_SSL: c_ulong = 20;
pub(crate) const SSL_R_UNEXPECTED_EOF_WHILE_READING: c_ulong = 294;

pub(crate) const SSL_CTRL_MODE: c_int = 33;
pub(crate) const SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER: c_long = 2;
pub(crate) const SSL_CTRL_SET_TLSEXT_HOSTNAME: c_int = 55;
pub(crate) const TLSEXT_NAMETYPE_HOST_NAME: c_long = 0;
pub(crate) const X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS: c_uint = 4;

pub(crate) const BIO_NOCLOSE: c_int = 0;
pub(crate) const BIO_TYPE_SOURCE_SINK: c_int = 0x0400;
pub(crate) const BIO_FLAGS_READ: c_int = 0x01;
pub(crate) const BIO_FLAGS_WRITE: c_int = 0x02;
/// READ, WRITE, IO_SPECIAL and SHOULD_RETRY.
pub(crate) const BIO_FLAGS_RETRY: c_int = 0x0f;
pub(crate) const BIO_FLAGS_SHOULD_RETRY: c_int = 0x08;
pub(crate) const BIO_FLAGS_IN_EOF: c_int = 0x800;
pub(crate) const BIO_CTRL_EOF: c_int = 2;
pub(crate) const BIO_CTRL_GET_CLOSE: c_int = 8;
pub(crate) const BIO_CTRL_SET_CLOSE: c_int = 9;
pub(crate) const BIO_CTRL_PENDING: c_int = 10;
pub(crate) const BIO_CTRL_FLUSH: c_int = 11;
pub(crate) const BIO_CTRL_DUP: c_int = 12;
pub(crate) const BIO_CTRL_WPENDING: c_int = 13;
pub(crate) const BIO_C_GET_FD: c_int = 105;

pub(crate) type BioRead = unsafe extern "C" fn(*mut Bio, *mut c_char, c_int) -> c_int;
pub(crate) type BioWrite = unsafe extern "C" fn(*mut Bio, *const c_char, c_int) -> c_int;
pub(crate) type BioPuts = unsafe extern "C" fn(*mut Bio, *const c_char) -> c_int;
pub(crate) type BioCtrl = unsafe extern "C" fn(*mut Bio, c_int, c_long, *mut c_void) -> c_long;
pub(crate) type VerifyCb = Option<unsafe extern "C" fn(c_int, *mut c_void) -> c_int>;

#[link(name = "ssl")]
unsafe extern "C" {
    pub(crate) fn SSL_clear(ssl: *mut ssl_st) -> c_int;
    pub(crate) fn SSL_ctrl(ssl: *mut ssl_st, cmd: c_int, larg: c_long, parg: *mut c_void) -> c_long;
    pub(crate) fn SSL_do_handshake(ssl: *mut ssl_st) -> c_int;
    pub(crate) fn SSL_free(ssl: *mut ssl_st);
    pub(crate) fn SSL_get0_param(ssl: *mut ssl_st) -> *mut VerifyParam;
    pub(crate) fn SSL_get_error(ssl: *const ssl_st, ret: c_int) -> c_int;
    pub(crate) fn SSL_get_rbio(ssl: *const ssl_st) -> *mut Bio;
    pub(crate) fn SSL_get_shutdown(ssl: *const ssl_st) -> c_int;
    pub(crate) fn SSL_get_verify_callback(ssl: *const ssl_st) -> VerifyCb;
    pub(crate) fn SSL_get_verify_mode(ssl: *const ssl_st) -> c_int;
    pub(crate) fn SSL_get_wbio(ssl: *const ssl_st) -> *mut Bio;
    pub(crate) fn SSL_has_pending(ssl: *const ssl_st) -> c_int;
    pub(crate) fn SSL_is_init_finished(ssl: *const ssl_st) -> c_int;
    pub(crate) fn SSL_read(ssl: *mut ssl_st, to: *mut c_void, len: c_int) -> c_int;
    pub(crate) fn SSL_renegotiate(ssl: *mut ssl_st) -> c_int;
    pub(crate) fn SSL_renegotiate_pending(ssl: *const ssl_st) -> c_int;
    pub(crate) fn SSL_set_accept_state(ssl: *mut ssl_st);
    pub(crate) fn SSL_set_bio(ssl: *mut ssl_st, rbio: *mut Bio, wbio: *mut Bio);
    pub(crate) fn SSL_set_connect_state(ssl: *mut ssl_st);
    pub(crate) fn SSL_set_read_ahead(ssl: *mut ssl_st, yes: c_int);
    pub(crate) fn SSL_set_verify(ssl: *mut ssl_st, mode: c_int, cb: VerifyCb);
    pub(crate) fn SSL_version(ssl: *const ssl_st) -> c_int;
    pub(crate) fn SSL_write(ssl: *mut ssl_st, from: *const c_void, len: c_int) -> c_int;
}

#[link(name = "crypto")]
unsafe extern "C" {
    pub(crate) fn BIO_clear_flags(bio: *mut Bio, flags: c_int);
    pub(crate) fn BIO_ctrl(bio: *mut Bio, cmd: c_int, larg: c_long, parg: *mut c_void) -> c_long;
    pub(crate) fn BIO_free(bio: *mut Bio) -> c_int;
    pub(crate) fn BIO_get_data(bio: *mut Bio) -> *mut c_void;
    pub(crate) fn BIO_get_new_index() -> c_int;
    pub(crate) fn BIO_get_shutdown(bio: *mut Bio) -> c_int;
    pub(crate) fn BIO_meth_free(method: *mut BioMethod);
    pub(crate) fn BIO_meth_new(kind: c_int, name: *const c_char) -> *mut BioMethod;
    pub(crate) fn BIO_meth_set_ctrl(method: *mut BioMethod, f: BioCtrl) -> c_int;
    pub(crate) fn BIO_meth_set_puts(method: *mut BioMethod, f: BioPuts) -> c_int;
    pub(crate) fn BIO_meth_set_read(method: *mut BioMethod, f: BioRead) -> c_int;
    pub(crate) fn BIO_meth_set_write(method: *mut BioMethod, f: BioWrite) -> c_int;
    pub(crate) fn BIO_new(method: *const BioMethod) -> *mut Bio;
    pub(crate) fn BIO_new_socket(fd: c_int, close: c_int) -> *mut Bio;
    pub(crate) fn BIO_number_read(bio: *mut Bio) -> u64;
    pub(crate) fn BIO_number_written(bio: *mut Bio) -> u64;
    pub(crate) fn BIO_set_data(bio: *mut Bio, data: *mut c_void);
    pub(crate) fn BIO_set_flags(bio: *mut Bio, flags: c_int);
    pub(crate) fn BIO_set_init(bio: *mut Bio, init: c_int);
    pub(crate) fn BIO_set_shutdown(bio: *mut Bio, shut: c_int);
    pub(crate) fn BIO_test_flags(bio: *const Bio, flags: c_int) -> c_int;
    pub(crate) fn BIO_up_ref(bio: *mut Bio) -> c_int;
    pub(crate) fn ERR_clear_error();
    pub(crate) fn ERR_get_error() -> c_ulong;
    pub(crate) fn ERR_peek_error() -> c_ulong;
    pub(crate) fn X509_VERIFY_PARAM_set1_host(p: *mut VerifyParam, name: *const c_char, len: usize) -> c_int;
    pub(crate) fn X509_VERIFY_PARAM_set1_ip(p: *mut VerifyParam, ip: *const c_uchar, len: usize) -> c_int;
    pub(crate) fn X509_VERIFY_PARAM_set1_ip_asc(p: *mut VerifyParam, ip: *const c_char) -> c_int;
    pub(crate) fn X509_VERIFY_PARAM_set_hostflags(p: *mut VerifyParam, flags: c_uint);
}
// Without std nothing else asks for the C library.
#[link(name = "c")]
unsafe extern "C" {}
