//! Datagrams from anywhere, one per call.
use super::c::{sockaddr, sockaddr_storage, socklen_t};
use super::cvt;
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};
use std::ffi::c_int;
use std::mem::MaybeUninit;
use windows_sys::Win32::Networking::WinSock as ws;

/// How many datagrams one call takes at most.
pub const BATCH: usize = 8;
/// How long a datagram may be.
pub const ROOM: usize = 1500;

/// Room for the datagrams of one call. What has not been received is not initialised.
pub struct Batch {
    bytes: [MaybeUninit<[u8; ROOM]>; BATCH],
    from: [MaybeUninit<sockaddr_storage>; BATCH],
    /// Bytes of the datagram and of the address.
    len: [(usize, socklen_t); BATCH],
}
/// A datagram and where it came from.
#[derive(Clone, Copy)]
pub struct Datagram<'a> {
    pub bytes: &'a [u8],
    pub from: *const sockaddr,
    pub from_len: socklen_t,
}

impl Batch {
    #[inline]
    pub const fn new() -> Batch {
        Batch {
            bytes: [const { MaybeUninit::uninit() }; BATCH],
            from: [const { MaybeUninit::uninit() }; BATCH],
            len: [(0, 0); BATCH],
        }
    }
    /// Takes a datagram without waiting, if the socket does not block: how many, that is 1. One that is longer than the
    /// room counts, and is empty.
    pub fn receive(&mut self, s: evutil_socket_t, _most: usize) -> Result<usize> {
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
            self.len[0] = (n.min(ROOM), len.clamp(0, size_of::<sockaddr_storage>() as socklen_t));
            return Ok(1);
        }
        Err(Error::Os(ws::WSAEWOULDBLOCK))
    }
    /// Number `i` of those that the last [`Self::receive`] counted.
    #[inline]
    pub fn get(&self, i: usize) -> Option<Datagram<'_>> {
        let (&(len, from_len), bytes, from) = (self.len.get(i)?, self.bytes.get(i)?, self.from.get(i)?);
        // SAFETY: `receive` has written that many bytes; before that the length is 0.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), len) };
        Some(Datagram { bytes, from: from.as_ptr().cast(), from_len })
    }
}
impl Default for Batch {
    fn default() -> Batch {
        Batch::new()
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
