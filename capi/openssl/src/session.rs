//! OpenSSL's operations, as the engine's state machine wants them.
use crate::bio;
use crate::ffi::*;
use crate::table::{MAX_ERRORS, TlsIo, TlsOps, TlsReport, answer};
use core::ffi::{c_int, c_ulong, c_void};
use core::ptr::null_mut;

pub(crate) static OPS: TlsOps = TlsOps {
    size: size_of::<TlsOps>(),
    reset,
    attach_fd,
    attach_io,
    detach,
    handshake,
    read,
    write,
    pending,
    renegotiate,
    renegotiating,
    counts,
    free,
};

fn errno() -> c_int {
    // SAFETY: the thread's own errno.
    #[cfg(target_os = "linux")]
    return unsafe { *libc::__errno_location() };
    // SAFETY: as above.
    #[cfg(not(target_os = "linux"))]
    return unsafe { *libc::__error() };
}

impl TlsReport {
    fn add(&mut self, error: c_ulong) {
        if let Some(place) = self.errors.get_mut(self.n_errors as usize) {
            *place = error;
            self.n_errors += 1;
        }
    }
}
const _: () = assert!(MAX_ERRORS == 3);

/// "unexpected eof while reading", in the packing of OpenSSL 3, which alone has it.
fn is_unexpected_eof(error: c_ulong) -> bool {
    (error >> 23) & 0xff == ERR_LIB_SSL && error & 0x7f_ffff == SSL_R_UNEXPECTED_EOF_WHILE_READING
}

/// What it means that an operation returned `ret`. Takes the errors off the thread's queue.
///
/// # Safety
/// `ssl` is alive, `ret` is what its last operation returned, and `report` is the engine's.
unsafe fn classify(ssl: *mut ssl_st, ret: c_int, report: *mut TlsReport) -> c_int {
    let sys = errno();
    // SAFETY: the caller's promise.
    unsafe {
        let report = &mut *report;
        let why = SSL_get_error(ssl, ret);
        let result = match why {
            SSL_ERROR_WANT_READ | SSL_ERROR_WANT_ACCEPT => answer::WANT_READ,
            SSL_ERROR_WANT_WRITE | SSL_ERROR_WANT_CONNECT => answer::WANT_WRITE,
            SSL_ERROR_ZERO_RETURN if SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 => answer::CLOSED,
            SSL_ERROR_ZERO_RETURN => answer::DIRTY,
            SSL_ERROR_SYSCALL => {
                if ret < 0 {
                    report.sys_errno = sys;
                }
                if ERR_peek_error() == 0 { answer::DIRTY } else { answer::FAILED }
            }
            // OpenSSL 3 says this when the transport ends, and when the peer breaks off with an alert: 0 was read, and
            // its state machine has stopped.
            SSL_ERROR_SSL
                if is_unexpected_eof(ERR_peek_error()) || (ret == 0 && SSL_is_init_finished(ssl) == 0) =>
            {
                answer::DIRTY
            }
            _ => answer::FAILED,
        };
        if matches!(result, answer::DIRTY | answer::FAILED) && why != SSL_ERROR_ZERO_RETURN {
            report.add(c_ulong::from(why.unsigned_abs()));
        }
        loop {
            match ERR_get_error() {
                0 => break,
                e => report.add(e),
            }
        }
        result
    }
}

// The engine calls these with a live session, which is an SSL, and with places that fit.

unsafe extern "C" fn reset(session: *mut c_void, accepting: c_int) -> c_int {
    let ssl = session.cast::<ssl_st>();
    // SAFETY: the contract above.
    unsafe {
        ERR_clear_error();
        if SSL_clear(ssl) == 0 {
            ERR_clear_error();
            return -1;
        }
        if accepting != 0 {
            SSL_set_accept_state(ssl);
        } else {
            SSL_set_connect_state(ssl);
        }
    }
    0
}
pub(crate) unsafe extern "C" fn attach_fd(session: *mut c_void, fd: c_int) -> c_int {
    let ssl = session.cast::<ssl_st>();
    // SAFETY: the contract above; SSL_set_bio takes the reference.
    unsafe {
        let bio = BIO_new_socket(fd, BIO_NOCLOSE);
        if bio.is_null() {
            ERR_clear_error();
            return -1;
        }
        SSL_set_bio(ssl, bio, bio);
        read_ahead(ssl);
    }
    0
}
/// Without this OpenSSL asks the socket for a record's head and for its body one after the other.
///
/// # Safety
/// `ssl` is alive.
pub(crate) unsafe fn read_ahead(ssl: *mut ssl_st) {
    // SAFETY: the caller's promise.
    unsafe { SSL_set_read_ahead(ssl, 1) }
}
unsafe extern "C" fn attach_io(session: *mut c_void, io: *const TlsIo, ctx: *mut c_void) -> *mut c_void {
    // SAFETY: the contract above.
    unsafe {
        let link = bio::attach(session.cast(), io, ctx);
        if link.is_null() {
            ERR_clear_error();
        } else {
            // What is not needed yet stays where the engine sees it.
            SSL_set_read_ahead(session.cast(), 0);
        }
        link.cast()
    }
}
unsafe extern "C" fn detach(link: *mut c_void) {
    // SAFETY: the contract above.
    unsafe { bio::detach(link.cast()) }
}

unsafe extern "C" fn handshake(session: *mut c_void, report: *mut TlsReport) -> c_int {
    // SAFETY: the contract above.
    unsafe {
        ERR_clear_error();
        let ret = SSL_do_handshake(session.cast());
        if ret > 0 { 1 } else { classify(session.cast(), ret, report) }
    }
}
unsafe extern "C" fn read(
    session: *mut c_void,
    to: *mut c_void,
    len: c_int,
    report: *mut TlsReport,
) -> c_int {
    // SAFETY: the contract above.
    unsafe {
        ERR_clear_error();
        let ret = SSL_read(session.cast(), to, len);
        if ret > 0 { ret } else { classify(session.cast(), ret, report) }
    }
}
unsafe extern "C" fn write(
    session: *mut c_void,
    from: *const c_void,
    len: c_int,
    report: *mut TlsReport,
) -> c_int {
    // SAFETY: the contract above.
    unsafe {
        ERR_clear_error();
        let ret = SSL_write(session.cast(), from, len);
        if ret > 0 { ret } else { classify(session.cast(), ret, report) }
    }
}
unsafe extern "C" fn pending(session: *mut c_void) -> c_int {
    // SAFETY: the contract above.
    unsafe { SSL_has_pending(session.cast()) }
}
unsafe extern "C" fn renegotiate(session: *mut c_void) -> c_int {
    // SAFETY: the contract above.
    unsafe {
        if SSL_version(session.cast()) == TLS1_3_VERSION {
            return -1;
        }
        ERR_clear_error();
        if SSL_renegotiate(session.cast()) == 1 {
            return 0;
        }
        ERR_clear_error();
    }
    -1
}
unsafe extern "C" fn renegotiating(session: *mut c_void) -> c_int {
    // SAFETY: the contract above.
    unsafe { SSL_renegotiate_pending(session.cast()) }
}
unsafe extern "C" fn counts(session: *mut c_void, read: *mut u64, written: *mut u64) {
    // SAFETY: the contract above; a session may have no BIO.
    unsafe {
        let (r, w) = (SSL_get_rbio(session.cast()), SSL_get_wbio(session.cast()));
        *read = if r.is_null() { 0 } else { BIO_number_read(r) };
        *written = if w.is_null() { 0 } else { BIO_number_written(w) };
    }
}
unsafe extern "C" fn free(session: *mut c_void) {
    // SAFETY: the contract above.
    unsafe { SSL_free(session.cast()) }
}

/// The descriptor that the program has attached to `ssl`; below 0: none.
///
/// # Safety
/// `ssl` is alive.
pub(crate) unsafe fn own_fd(ssl: *mut ssl_st) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let bio = SSL_get_wbio(ssl);
        if bio.is_null() {
            return -1;
        }
        // A BIO without a descriptor answers 0, -1 or -2 and leaves the place alone.
        let mut fd: c_int = -1;
        let found = BIO_ctrl(bio, BIO_C_GET_FD, 0, (&raw mut fd).cast::<c_void>());
        if found > 0 || (found == 0 && fd == 0) { c_int::try_from(found).unwrap_or(fd) } else { -1 }
    }
}
/// The descriptor stays the program's when OpenSSL lets go of its BIO.
///
/// # Safety
/// As [`own_fd`], which has found one.
pub(crate) unsafe fn keep_fd(ssl: *mut ssl_st) {
    // SAFETY: the caller's promise.
    unsafe { BIO_ctrl(SSL_get_wbio(ssl), BIO_CTRL_SET_CLOSE, 0, null_mut()) };
}
