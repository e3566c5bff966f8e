//! What the engine asks of a TLS implementation, and what it offers one: C tables, because the implementation lives in a
//! library of its own (capi/openssl) that must not contain a second engine.
use core::ffi::{c_int, c_uint, c_ulong, c_void};

/// What an operation answers when it is not a number of bytes (or 1: the handshake is complete).
pub mod answer {
    use core::ffi::c_int;
    /// Cannot go on before the transport has data.
    pub const WANT_READ: c_int = -1;
    /// Cannot go on before the transport takes data.
    pub const WANT_WRITE: c_int = -2;
    /// The peer has ended the TLS stream properly.
    pub const CLOSED: c_int = -3;
    /// The transport ended, or the peer broke off, without that.
    pub const DIRTY: c_int = -4;
    pub const FAILED: c_int = -5;
}

/// The errors of a failed operation: at most this many, oldest first.
pub const MAX_ERRORS: usize = 3;

/// Filled in by an operation that fails.
#[repr(C)]
pub struct TlsReport {
    pub errors: [c_ulong; MAX_ERRORS],
    pub n_errors: c_uint,
    /// errno of the transport, or 0.
    pub sys_errno: c_int,
}
impl TlsReport {
    pub const EMPTY: TlsReport = TlsReport { errors: [0; MAX_ERRORS], n_errors: 0, sys_errno: 0 };
}

/// [`TlsIo`]'s answers besides a number of bytes; 0 is the end.
pub mod io {
    pub const AGAIN: isize = -1;
    pub const FAILED: isize = -2;
}

/// The transport below a filter, for the session to read from and write to. `ctx` goes with it.
#[repr(C)]
pub struct TlsIo {
    pub read: unsafe extern "C" fn(ctx: *mut c_void, to: *mut c_void, len: usize) -> isize,
    pub write: unsafe extern "C" fn(ctx: *mut c_void, from: *const c_void, len: usize) -> isize,
    /// Bytes that could be read at once, and bytes that wait to be sent.
    pub pending: unsafe extern "C" fn(ctx: *mut c_void) -> usize,
    pub unsent: unsafe extern "C" fn(ctx: *mut c_void) -> usize,
}

/// A TLS implementation. `session` is one connection's state. No operation is called inside another of the same session.
/// Those with a report leave the thread's queue of errors empty.
#[repr(C)]
pub struct TlsOps {
    /// The table's size: another version of it is refused.
    pub size: usize,
    /// Makes a new connection of it: 0, or -1.
    pub reset: unsafe extern "C" fn(session: *mut c_void, accepting: c_int) -> c_int,
    /// Reads and writes a socket from now on, with few calls; it stays the caller's: 0, or -1. -1 as `fd` for none.
    pub attach_fd: unsafe extern "C" fn(session: *mut c_void, fd: c_int) -> c_int,
    /// Reads and writes through `io` from now on. What it returns is given to `detach` once; null: no memory.
    pub attach_io:
        unsafe extern "C" fn(session: *mut c_void, io: *const TlsIo, ctx: *mut c_void) -> *mut c_void,
    /// `ctx` is not used any more, even where the session lives on.
    pub detach: unsafe extern "C" fn(link: *mut c_void),
    /// 1 or an answer.
    pub handshake: unsafe extern "C" fn(session: *mut c_void, report: *mut TlsReport) -> c_int,
    /// Bytes (more than 0) or an answer.
    pub read: unsafe extern "C" fn(
        session: *mut c_void,
        to: *mut c_void,
        len: c_int,
        report: *mut TlsReport,
    ) -> c_int,
    /// Bytes (more than 0) or an answer. After WANT_READ or WANT_WRITE it is called again with the same bytes,
    /// which may have moved.
    pub write: unsafe extern "C" fn(
        session: *mut c_void,
        from: *const c_void,
        len: c_int,
        report: *mut TlsReport,
    ) -> c_int,
    /// Whether it holds bytes that it has read and not handed out.
    pub pending: unsafe extern "C" fn(session: *mut c_void) -> c_int,
    /// Begins another handshake: 0, or -1 where the protocol has no such thing.
    pub renegotiate: unsafe extern "C" fn(session: *mut c_void) -> c_int,
    /// Whether that handshake is not complete yet.
    pub renegotiating: unsafe extern "C" fn(session: *mut c_void) -> c_int,
    /// Bytes that went over the transport so far; the counts may wrap around.
    pub counts: unsafe extern "C" fn(session: *mut c_void, read: *mut u64, written: *mut u64),
    /// Lets go of the session.
    pub free: unsafe extern "C" fn(session: *mut c_void),
}
