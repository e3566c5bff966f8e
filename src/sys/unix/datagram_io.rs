//! Messages on connected sockets.
use super::{cvt, cvt_size};
use crate::{Error, Result};
use std::ffi::c_int;

/// Sends a message; a broken connection is an error, not a signal.
pub fn send(s: c_int, msg: &[u8]) -> Result<usize> {
    // SAFETY: `msg` is readable for its length.
    cvt_size(unsafe { libc::send(s, msg.as_ptr().cast(), msg.len(), libc::MSG_NOSIGNAL) })
}
/// Receives a message. Where the system tells, the length is the message's, which may be more than fits.
pub fn recv_truncating(s: c_int, buf: &mut [u8]) -> Result<usize> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const FLAGS: c_int = libc::MSG_TRUNC;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const FLAGS: c_int = 0;
    // SAFETY: `buf` is writable for its length.
    cvt_size(unsafe { libc::recv(s, buf.as_mut_ptr().cast(), buf.len(), FLAGS) })
}
/// Whether a datagram socket that [`disconnect`]s gives up the port that the kernel chose for it.
pub const DISCONNECT_FREES_PORT: bool = cfg!(any(target_os = "linux", target_os = "android"));
/// Dissolves the connection of a datagram socket.
pub fn disconnect(s: c_int) -> Result<()> {
    // SAFETY: all zero is an address of no family.
    let mut none: libc::sockaddr = unsafe { std::mem::zeroed() };
    none.sa_family = libc::AF_UNSPEC as libc::sa_family_t;
    // SAFETY: `none` is as long as it says.
    match cvt(unsafe { libc::connect(s, &none, size_of::<libc::sockaddr>() as libc::socklen_t) }) {
        // The BSDs do it and complain about the family.
        Err(Error::Os(libc::EAFNOSUPPORT)) if cfg!(not(target_os = "linux")) => Ok(()),
        r => r.map(drop),
    }
}
