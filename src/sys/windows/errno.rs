//! The two errors of a thread, Winsock's and the C runtime's, and the one way from a C return value to a Result.
use crate::{Error, Result};
use std::ffi::c_int;
use std::ptr::null;
use windows_sys::Win32::Foundation::{GetLastError, SetLastError};
use windows_sys::Win32::Networking::WinSock as ws;
use windows_sys::Win32::System::Diagnostics::Debug::{
    FORMAT_MESSAGE_FROM_SYSTEM, FORMAT_MESSAGE_IGNORE_INSERTS, FormatMessageA,
};

unsafe extern "C" {
    #[link_name = "_errno"]
    fn location() -> *mut c_int;
    fn strerror(e: c_int) -> *const std::ffi::c_char;
}

/// Winsock's codes begin here; the runtime's end below.
const FIRST_OF_WINSOCK: c_int = 10_000;

/// The runtime's number for an error of Winsock's that it knows.
fn of_runtime(e: c_int) -> c_int {
    match e {
        ws::WSAEWOULDBLOCK => libc::EAGAIN,
        ws::WSAEINTR => libc::EINTR,
        ws::WSAENOTSOCK | ws::WSAEBADF => libc::EBADF,
        ws::WSAEACCES => libc::EACCES,
        ws::WSAEFAULT => libc::EFAULT,
        ws::WSAEINVAL => libc::EINVAL,
        ws::WSAEMFILE => libc::EMFILE,
        ws::WSAENOBUFS => libc::ENOMEM,
        ws::WSAEINPROGRESS => libc::EINPROGRESS,
        ws::WSAECONNREFUSED => libc::ECONNREFUSED,
        ws::WSAECONNRESET => libc::ECONNRESET,
        ws::WSAECONNABORTED => libc::ECONNABORTED,
        ws::WSAETIMEDOUT => libc::ETIMEDOUT,
        ws::WSAEADDRINUSE => libc::EADDRINUSE,
        ws::WSAEADDRNOTAVAIL => libc::EADDRNOTAVAIL,
        ws::WSAENOTCONN => libc::ENOTCONN,
        ws::WSAEMSGSIZE => libc::EMSGSIZE,
        ws::WSAEOPNOTSUPP => libc::EOPNOTSUPP,
        _ => libc::EIO,
    }
}

/// The thread's error as programs ask for it with `EVUTIL_SOCKET_ERROR()`.
#[inline]
pub fn errno() -> c_int {
    // SAFETY: no pointers.
    unsafe { ws::WSAGetLastError() }
}
/// Sets both errors: `EVUTIL_SOCKET_ERROR()` tells `e` itself, the runtime's errno what comes nearest.
#[inline]
pub fn set_errno(e: c_int) {
    // SAFETY: no pointers; the thread's own errno.
    unsafe {
        *location() = if e >= FIRST_OF_WINSOCK { of_runtime(e) } else { e };
        ws::WSASetLastError(e);
    }
}
/// The runtime's errno.
pub(super) fn runtime_errno() -> c_int {
    // SAFETY: the thread's own errno.
    unsafe { *location() }
}

/// A negative result becomes Winsock's error.
#[inline]
pub fn cvt(r: c_int) -> Result<c_int> {
    if r < 0 { Err(Error::Os(errno())) } else { Ok(r) }
}
/// The same for calls that count bytes.
#[inline]
pub fn cvt_size(r: isize) -> Result<usize> {
    if r < 0 { Err(Error::Os(errno())) } else { Ok(r as usize) }
}
/// A negative result becomes the runtime's error, which [`errno`] then tells, too.
pub(super) fn cvt_file(r: i64) -> Result<u64> {
    u64::try_from(r).map_err(|_| {
        let e = runtime_errno();
        set_errno(e);
        Error::Os(e)
    })
}
/// The error of a call of Win32 that failed, as the runtime's nearest.
pub(super) fn last_of_win32() -> Error {
    // SAFETY: no pointers.
    let e = match unsafe { GetLastError() } {
        2 | 3 => libc::ENOENT,
        4 => libc::EMFILE,
        5 => libc::EACCES,
        6 => libc::EBADF,
        8 | 14 => libc::ENOMEM,
        87 => libc::EINVAL,
        _ => libc::EIO,
    };
    set_errno(e);
    Error::Os(e)
}

/// Writes what error `e`, of the runtime's or of Winsock's, means into `out`, ended by a NUL.
pub fn describe(e: c_int, out: &mut [u8]) {
    let Some(room) = out.len().checked_sub(1) else { return };
    let _keep = ErrnoGuard::new();
    let mut n = 0;
    if e < FIRST_OF_WINSOCK {
        // SAFETY: the runtime answers every number, in memory of the thread's.
        let text = unsafe { strerror(e) };
        if !text.is_null() {
            // SAFETY: as above.
            let text = unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes();
            n = text.len().min(room);
            out[..n].copy_from_slice(&text[..n]);
        }
    } else {
        let flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS;
        let mut text = [0u8; 512];
        // SAFETY: at most the length of `text` is written.
        let len = unsafe {
            FormatMessageA(flags, null(), e as u32, 0, text.as_mut_ptr(), text.len() as u32, null())
        };
        let text = text.get(..len as usize).unwrap_or_default().trim_ascii_end();
        n = text.len().min(room);
        out[..n].copy_from_slice(&text[..n]);
    }
    if n == 0 {
        use std::fmt::Write;
        let mut text = crate::util::text::Buf::<32>::new();
        let _ = write!(text, "error {e}");
        n = text.as_bytes().len().min(room);
        out[..n].copy_from_slice(&text.as_bytes()[..n]);
    }
    out[n] = 0;
}

/// Keeps both errors as they were over a cleanup that may disturb them.
pub struct ErrnoGuard(u32, c_int);
impl ErrnoGuard {
    #[expect(clippy::new_without_default, reason = "it reads errno: not a default value")]
    pub fn new() -> ErrnoGuard {
        // SAFETY: no pointers. Winsock keeps its error there as well.
        ErrnoGuard(unsafe { GetLastError() }, runtime_errno())
    }
}
impl Drop for ErrnoGuard {
    fn drop(&mut self) {
        // SAFETY: no pointers; the thread's own errno.
        unsafe {
            *location() = self.1;
            SetLastError(self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_errors_are_kept_and_set() {
        set_errno(ws::WSAEWOULDBLOCK);
        assert_eq!((errno(), runtime_errno()), (ws::WSAEWOULDBLOCK, libc::EAGAIN));
        {
            let _keep = ErrnoGuard::new();
            set_errno(libc::ENOENT);
            assert_eq!((errno(), runtime_errno()), (libc::ENOENT, libc::ENOENT));
        }
        assert_eq!((errno(), runtime_errno()), (ws::WSAEWOULDBLOCK, libc::EAGAIN));
    }
    #[test]
    fn errors_have_texts() {
        let text = |e| {
            let mut b = [1u8; 128];
            describe(e, &mut b);
            std::ffi::CStr::from_bytes_until_nul(&b).unwrap().to_bytes().len()
        };
        assert!(text(libc::ENOENT) > 5 && text(ws::WSAECONNREFUSED) > 5 && text(99_999) > 5);
        describe(2, &mut []);
        let mut one = [7];
        describe(2, &mut one);
        assert_eq!(one, [0]);
    }
}
