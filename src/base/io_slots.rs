//! Where in the I/O map a descriptor's entry is.
//!
//! Descriptors of Unix are small numbers: the number is the place. Sockets of Windows are handles, which may be any
//! number: a hashed index knows their places, and places are used again.
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};

#[cfg(not(windows))]
pub(super) use by_number::Slots;
#[cfg(windows)]
pub(super) use hashed::Slots;

#[cfg(not(windows))]
mod by_number {
    use super::*;
    use crate::sys::{c, fd};

    /// Descriptors from here on get room in the map only if they are open: a wild number must not cost gigabytes.
    const SUSPICIOUS: usize = 1 << 20;

    /// Nothing is kept.
    pub(in super::super) struct Slots;
    impl Slots {
        pub(in super::super) const fn new() -> Slots {
            Slots
        }
        /// The place of `fd`, whether or not the map reaches that far; None for what is no descriptor.
        #[inline(always)]
        pub(in super::super) fn find(&self, fd: evutil_socket_t) -> Option<usize> {
            usize::try_from(fd).ok()
        }
        /// The same for a descriptor that the kernel has told.
        #[inline(always)]
        pub(in super::super) fn of_report(&self, fd: evutil_socket_t) -> usize {
            fd as u32 as usize
        }
        /// The place of `fd`, which is to be watched.
        #[inline(always)]
        pub(in super::super) fn claim(&mut self, fd: evutil_socket_t) -> Result<usize> {
            usize::try_from(fd).map_err(|_| Error::Invalid)
        }
        /// Nobody watches at `slot` any more.
        #[inline(always)]
        pub(in super::super) fn give_back(&mut self, _slot: usize) {}
        /// Whose place that is.
        #[inline(always)]
        pub(in super::super) fn fd_at(&self, slot: usize) -> evutil_socket_t {
            slot as evutil_socket_t
        }
        /// How large the map has to be for `slot`, beyond what it has.
        pub(in super::super) fn reach(&self, slot: usize) -> Result<usize> {
            if slot >= SUSPICIOUS && !fd::is_open(slot as evutil_socket_t) {
                return Err(Error::Os(c::EBADF));
            }
            let len = slot.checked_add(1).and_then(usize::checked_next_power_of_two).ok_or(Error::NoMem)?;
            Ok(len.max(32))
        }
    }
}

#[cfg(any(windows, test))]
#[cfg_attr(not(windows), allow(dead_code, reason = "tested everywhere, used on Windows"))]
mod hashed {
    use super::*;
    use crate::mem::{self, HashMap, TryVec, Vec};
    use std::hash::{BuildHasherDefault, Hasher};

    /// Handles are multiples of 4 that grow: a multiplication spreads them.
    #[derive(Default)]
    pub(in super::super) struct Spread(u64);
    impl Hasher for Spread {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            bytes.iter().for_each(|&b| self.write_u64(b.into()));
        }
        fn write_u64(&mut self, n: u64) {
            let product = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = product ^ (product >> 32);
        }
        fn write_isize(&mut self, n: isize) {
            self.write_u64(n as u64);
        }
        fn write_i32(&mut self, n: i32) {
            self.write_u64(n as u64);
        }
    }

    /// Of a place that nobody has.
    const NOBODY: evutil_socket_t = -1;

    pub(in super::super) struct Slots {
        places: HashMap<evutil_socket_t, u32, BuildHasherDefault<Spread>>,
        /// Whose each place is.
        owners: Vec<evutil_socket_t>,
        /// Places to be used again; there is room for all of them.
        free: Vec<u32>,
    }
    impl Slots {
        pub(in super::super) const fn new() -> Slots {
            Slots {
                places: HashMap::with_hasher_in(BuildHasherDefault::new(), mem::Alloc),
                owners: mem::new_vec(),
                free: mem::new_vec(),
            }
        }
        pub(in super::super) fn find(&self, fd: evutil_socket_t) -> Option<usize> {
            self.places.get(&fd).map(|&slot| slot as usize)
        }
        pub(in super::super) fn of_report(&self, fd: evutil_socket_t) -> usize {
            self.find(fd).unwrap_or(usize::MAX)
        }
        pub(in super::super) fn claim(&mut self, fd: evutil_socket_t) -> Result<usize> {
            if fd == NOBODY {
                return Err(Error::Invalid);
            }
            if let Some(slot) = self.find(fd) {
                return Ok(slot);
            }
            self.places.try_reserve(1).map_err(|_| Error::NoMem)?;
            let slot = match self.free.pop() {
                Some(slot) => slot,
                None => {
                    let slot = u32::try_from(self.owners.len()).map_err(|_| Error::NoMem)?;
                    self.owners.try_push(NOBODY)?;
                    let room = self.owners.capacity() - self.free.len();
                    if self.free.try_reserve(room).is_err() {
                        self.owners.pop();
                        return Err(Error::NoMem);
                    }
                    slot
                }
            };
            if let Some(owner) = self.owners.get_mut(slot as usize) {
                *owner = fd;
            }
            self.places.insert(fd, slot);
            Ok(slot as usize)
        }
        pub(in super::super) fn give_back(&mut self, slot: usize) {
            if let Some(owner) = self.owners.get_mut(slot)
                && *owner != NOBODY
            {
                self.places.remove(owner);
                *owner = NOBODY;
                if self.free.len() < self.free.capacity() {
                    self.free.push(slot as u32);
                }
            }
        }
        pub(in super::super) fn fd_at(&self, slot: usize) -> evutil_socket_t {
            self.owners.get(slot).copied().unwrap_or(NOBODY)
        }
        pub(in super::super) fn reach(&self, slot: usize) -> Result<usize> {
            slot.checked_add(1)
                .and_then(usize::checked_next_power_of_two)
                .map(|n| n.max(32))
                .ok_or(Error::NoMem)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn places_are_found_and_used_again() {
            let mut s = Slots::new();
            assert_eq!((s.find(4), s.of_report(4), s.fd_at(0)), (None, usize::MAX, NOBODY));
            assert_eq!(s.claim(NOBODY), Err(Error::Invalid));
            for i in 0..1000 {
                assert_eq!(s.claim(i * 4 + 0x7f00_0000), Ok(i as usize));
            }
            assert_eq!(s.claim(0x7f00_0000), Ok(0));
            for i in 0..1000 {
                let fd = i * 4 + 0x7f00_0000;
                assert_eq!((s.find(fd), s.fd_at(i as usize)), (Some(i as usize), fd));
                s.give_back(i as usize);
                s.give_back(i as usize);
                assert_eq!(s.find(fd), None);
            }
            s.give_back(5000);
            assert!(s.claim(8).is_ok_and(|slot| slot < 1000));
            assert_eq!(s.owners.len(), 1000);
            assert_eq!(s.free.len(), 999);
        }
    }
}
