//! Sockets as streams: close, flags, pairs, reading and writing; and opening files.
use super::errno::cvt_file;
use super::{ErrnoGuard, cvt};
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};
use std::ffi::{CStr, c_int, c_uint, c_void};
use windows_sys::Win32::Foundation::{
    GetHandleInformation, HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation,
};
use windows_sys::Win32::Networking::WinSock as ws;

unsafe extern "C" {
    #[link_name = "_open"]
    fn crt_open(path: *const std::ffi::c_char, flags: c_int, mode: c_int) -> c_int;
    #[link_name = "_close"]
    fn crt_close(fd: c_int) -> c_int;
    #[link_name = "_read"]
    fn crt_read(fd: c_int, buf: *mut c_void, len: c_uint) -> c_int;
}

/// Closes a socket, leaving the error alone.
pub fn close(s: evutil_socket_t) {
    let _keep = ErrnoGuard::new();
    // SAFETY: the caller owns `s`.
    unsafe { ws::closesocket(s as ws::SOCKET) };
}
/// Closes a socket and tells how that went.
pub fn try_close(s: evutil_socket_t) -> Result<()> {
    // SAFETY: the caller owns `s`; Windows checks it.
    cvt(unsafe { ws::closesocket(s as ws::SOCKET) }).map(drop)
}
/// Closes a file, leaving the error alone.
pub fn close_file(fd: c_int) {
    let _keep = ErrnoGuard::new();
    // SAFETY: the caller owns `fd`.
    unsafe { crt_close(fd) };
}

pub(super) fn set_blocking(s: evutil_socket_t, blocking: bool) -> Result<()> {
    let mut nonblocking = u32::from(!blocking);
    // SAFETY: the call reads one word.
    cvt(unsafe { ws::ioctlsocket(s as ws::SOCKET, ws::FIONBIO, &mut nonblocking) }).map(drop)
}
pub fn set_nonblocking(s: evutil_socket_t) -> Result<()> {
    set_blocking(s, false)
}
/// Keeps child processes from inheriting the handle.
pub fn set_cloexec(s: evutil_socket_t) -> Result<()> {
    // SAFETY: the system checks the handle.
    if unsafe { SetHandleInformation(s as HANDLE, HANDLE_FLAG_INHERIT, 0) } == 0 {
        // Handles of layered providers are no handles of the system: nothing can be said about them.
        if !is_open(s) {
            super::set_errno(ws::WSAENOTSOCK);
            return Err(Error::Os(ws::WSAENOTSOCK));
        }
    }
    Ok(())
}
/// Whether the handle would be inherited by a child.
pub fn is_inherited(s: evutil_socket_t) -> bool {
    let mut flags = 0;
    // SAFETY: `flags` is a place for the answer.
    unsafe { GetHandleInformation(s as HANDLE, &mut flags) != 0 && flags & HANDLE_FLAG_INHERIT != 0 }
}
/// Whether `s` is an open socket.
pub fn is_open(s: evutil_socket_t) -> bool {
    let _keep = ErrnoGuard::new();
    super::socket::option(s, ws::SOL_SOCKET, ws::SO_TYPE).is_ok()
}
/// Windows does not tell whether a socket blocks: false.
pub fn is_blocking(_s: evutil_socket_t) -> bool {
    false
}

/// A nonblocking pair of connected sockets that no child inherits: (read end, write end).
pub fn pipe() -> Result<(evutil_socket_t, evutil_socket_t)> {
    let kind = super::c::SOCK_STREAM | super::socket::SOCK_NONBLOCK | super::socket::SOCK_CLOEXEC;
    let (read, write) = crate::util::socket::pair(super::c::AF_INET, kind, 0)?;
    // A wake-up must not wait for the acknowledgement of the one before.
    let _ = super::socket::set_option(write, ws::IPPROTO_TCP, ws::TCP_NODELAY, 1);
    Ok((read, write))
}
/// Windows has no event counters that select waits for.
pub fn eventfd() -> Result<evutil_socket_t> {
    Err(Error::Os(super::c::ENOSYS))
}

/// Reads from a socket. 0 is the end of the stream.
#[inline]
pub fn read(s: evutil_socket_t, buf: &mut [u8]) -> Result<usize> {
    let len = buf.len().min(c_int::MAX as usize) as c_int;
    // SAFETY: `buf` is writable for its length.
    cvt(unsafe { ws::recv(s as ws::SOCKET, buf.as_mut_ptr(), len, 0) }).map(|n| n as usize)
}
/// Writes some of `buf` to a socket.
#[inline]
pub fn write(s: evutil_socket_t, buf: &[u8]) -> Result<usize> {
    let len = buf.len().min(c_int::MAX as usize) as c_int;
    // SAFETY: `buf` is readable for its length.
    cvt(unsafe { ws::send(s as ws::SOCKET, buf.as_ptr(), len, 0) }).map(|n| n as usize)
}
/// Bytes that can be read from a socket at once.
pub fn bytes_readable(s: evutil_socket_t) -> Result<usize> {
    let mut n = 0u32;
    // SAFETY: the call stores one word.
    cvt(unsafe { ws::ioctlsocket(s as ws::SOCKET, ws::FIONREAD, &mut n) })?;
    Ok(n as usize)
}

/// Opens a file, in binary mode and for this process alone.
pub fn open(path: &CStr, flags: c_int, mode: u16) -> Result<c_int> {
    const O_NOINHERIT: c_int = 0x80;
    let flags = flags | libc::O_BINARY | O_NOINHERIT;
    // SAFETY: a C string.
    cvt_file(unsafe { crt_open(path.as_ptr(), flags, c_int::from(mode)) }.into()).map(|fd| fd as c_int)
}
/// Reads from a file. 0 is its end.
pub fn read_file(fd: c_int, buf: &mut [u8]) -> Result<usize> {
    let len = buf.len().min(c_int::MAX as usize) as c_uint;
    // SAFETY: `buf` is writable for its length.
    cvt_file(unsafe { crt_read(fd, buf.as_mut_ptr().cast(), len) }.into()).map(|n| n as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::windows::errno::{errno, runtime_errno};

    #[test]
    fn pipe_is_nonblocking_and_reads_what_was_written() {
        let (r, w) = pipe().unwrap();
        let mut b = [0; 8];
        assert_eq!(read(r, &mut b), Err(Error::Os(ws::WSAEWOULDBLOCK)));
        assert_eq!(write(w, b"abcd"), Ok(4));
        super::super::clock::sleep_us(20_000);
        assert_eq!(bytes_readable(r), Ok(4));
        assert_eq!(read(r, &mut b), Ok(4));
        assert_eq!(&b[..4], b"abcd");
        assert!(is_open(r) && !is_inherited(r) && !is_inherited(w));
        close(w);
        close(r);
        super::super::set_errno(7);
        close(r);
        assert_eq!((errno(), runtime_errno()), (7, 7));
        assert!(!is_open(r));
        assert_eq!(set_nonblocking(r), Err(Error::Os(super::super::c::EBADF)));
        assert_eq!(set_cloexec(r), Err(Error::Os(super::super::c::EBADF)));
    }
    #[test]
    fn files_that_are_not_there() {
        assert_eq!(open(c"C:\\surely\\not\\there", 0, 0), Err(Error::Os(libc::ENOENT)));
        assert_eq!(errno(), libc::ENOENT);
    }
}
