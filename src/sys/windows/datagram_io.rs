//! Messages on connected sockets.
use super::c::sockaddr_in6;
use super::{cvt, errno};
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};
use std::ffi::c_int;
use windows_sys::Win32::Networking::WinSock as ws;

/// Sends a message; a broken connection is an error.
pub fn send(s: evutil_socket_t, msg: &[u8]) -> Result<usize> {
    super::fd::write(s, msg)
}
/// Receives a message. One that is too long fills `buf` and counts as one byte more.
pub fn recv_truncating(s: evutil_socket_t, buf: &mut [u8]) -> Result<usize> {
    let len = buf.len().min(c_int::MAX as usize) as c_int;
    // SAFETY: `buf` is writable for its length.
    match cvt(unsafe { ws::recv(s as ws::SOCKET, buf.as_mut_ptr(), len, 0) }) {
        Err(Error::Os(ws::WSAEMSGSIZE)) => Ok(buf.len() + 1),
        r => r.map(|n| n as usize),
    }
}
/// Whether [`disconnect`] gives up the port that the system chose. Windows keeps it.
pub const DISCONNECT_FREES_PORT: bool = false;
/// Dissolves the connection of a datagram socket.
pub fn disconnect(s: evutil_socket_t) -> Result<()> {
    // SAFETY: all zero is a valid address: nowhere.
    let none: sockaddr_in6 = unsafe { std::mem::zeroed() };
    // SAFETY: `none` is as long as it says.
    let r =
        unsafe { ws::connect(s as ws::SOCKET, (&raw const none).cast(), size_of::<sockaddr_in6>() as c_int) };
    if r == 0 { Ok(()) } else { Err(Error::Os(errno())) }
}
