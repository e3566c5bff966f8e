//! Room for the datagrams of one call; `receive` of the systems fills it.
use super::c::{sockaddr, sockaddr_storage, socklen_t};
use std::mem::MaybeUninit;

/// How many datagrams one call takes at most.
pub const BATCH: usize = 8;
/// How long a datagram may be.
pub const ROOM: usize = 1500;

/// Room for the datagrams of one call. What has not been received is not initialised.
pub struct Batch {
    pub(super) bytes: [MaybeUninit<[u8; ROOM]>; BATCH],
    pub(super) from: [MaybeUninit<sockaddr_storage>; BATCH],
    /// Bytes of the datagram and of the address.
    pub(super) len: [MaybeUninit<(usize, socklen_t)>; BATCH],
    /// How many there are.
    pub(super) count: usize,
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
            len: [MaybeUninit::uninit(); BATCH],
            count: 0,
        }
    }
    /// Number `i` of those that the last [`Self::receive`] counted.
    #[inline]
    pub fn get(&self, i: usize) -> Option<Datagram<'_>> {
        let (len, bytes, from) =
            (self.len.get(i).filter(|_| i < self.count)?, self.bytes.get(i)?, self.from.get(i)?);
        // SAFETY: `receive` has written the lengths of that many.
        let (len, from_len) = unsafe { len.assume_init() };
        // SAFETY: and that many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), len) };
        Some(Datagram { bytes, from: from.as_ptr().cast(), from_len })
    }
}
impl Default for Batch {
    fn default() -> Batch {
        Batch::new()
    }
}
