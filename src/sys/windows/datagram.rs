//! Datagrams from anywhere, one per call.
use super::c::{sockaddr, sockaddr_storage, socklen_t};
use super::cvt;
use crate::abi::util::evutil_socket_t;
pub use crate::sys::batch::{BATCH, Batch, Datagram, ROOM};
use crate::{Error, Result};
use std::ffi::c_int;
use windows_sys::Win32::Networking::WinSock as ws;

impl Batch {
    /// Takes a datagram without waiting, if the socket does not block: how many, that is 1. One that is longer than the
    /// room counts, and is empty.
    pub fn receive(&mut self, s: evutil_socket_t, _most: usize) -> Result<usize> {
        self.count = 0;
        // An earlier answer that could not be delivered shows as an error of receiving: it concerns nobody here.
        for _ in 0..64 {
            let mut len = size_of::<sockaddr_storage>() as socklen_t;
            let (bytes, from) = (self.bytes[0].as_mut_ptr().cast(), self.from[0].as_mut_ptr().cast());
            // SAFETY: room of ours, as long as it says.
            let r = unsafe { ws::recvfrom(s as ws::SOCKET, bytes, ROOM as c_int, 0, from, &mut len) };
            let n = match cvt(r) {
                Ok(n) => n as usize,
                Err(Error::Os(ws::WSAEMSGSIZE)) => 0,
                Err(Error::Os(ws::WSAECONNRESET | ws::WSAENETRESET)) => continue,
                Err(e) => return Err(e),
            };
            let len = len.clamp(0, size_of::<sockaddr_storage>() as socklen_t);
            self.len[0].write((n.min(ROOM), len));
            self.count = 1;
            return Ok(1);
        }
        Err(Error::Os(ws::WSAEWOULDBLOCK))
    }
}

/// Sends one datagram; without waiting, if the socket does not block.
///
/// # Safety
/// `to` is readable for `len` bytes.
pub unsafe fn send_to(
    s: evutil_socket_t,
    bytes: &[u8],
    to: *const sockaddr,
    len: socklen_t,
) -> Result<usize> {
    let n = bytes.len().min(c_int::MAX as usize) as c_int;
    // SAFETY: the caller's promise.
    cvt(unsafe { ws::sendto(s as ws::SOCKET, bytes.as_ptr(), n, 0, to.cast(), len) }).map(|n| n as usize)
}
