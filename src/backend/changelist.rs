//! Changes collected until the next wait, one per descriptor.
use super::{Change, Interest};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, TryVec, Vec};
use crate::{Error, Result};

struct Pending {
    fd: evutil_socket_t,
    /// What the kernel has.
    kernel: Interest,
    wanted: Interest,
    /// The descriptor may be another file by now: tell the kernel even what it should know.
    again: bool,
}

pub(super) struct Changelist {
    pending: Vec<Pending>,
    /// By descriptor: one more than the index into `pending`, or 0.
    place: Vec<u32>,
}

impl Changelist {
    pub(super) fn new() -> Changelist {
        Changelist { pending: mem::new_vec(), place: mem::new_vec() }
    }
    /// How many descriptors have changes.
    #[cfg(has_kqueue)]
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }
    /// Whether a change of `fd` waits to be made.
    #[cfg(has_kqueue)]
    pub(super) fn holds(&self, fd: evutil_socket_t) -> bool {
        usize::try_from(fd).ok().and_then(|fd| self.place.get(fd)).is_some_and(|&place| place != 0)
    }
    pub(super) fn record(&mut self, c: Change) -> Result<()> {
        let fd = usize::try_from(c.fd).map_err(|_| Error::Invalid)?;
        if fd >= self.place.len() {
            let len = (fd + 1).checked_next_power_of_two().ok_or(Error::NoMem)?.max(32);
            self.place.try_resize(len, 0)?;
        }
        // Watching begins or widens; a deletion never has to be forced.
        let adds = c.new.difference(c.old).intersects(Interest::WHAT);
        // Adding is also how an edge-triggered event asks for what is ready already.
        let again = adds && (!c.same_event || c.new.contains(Interest::ET));
        let place = self.place.get_mut(fd).ok_or(Error::Invalid)?;
        match self.pending.get_mut((*place as usize).wrapping_sub(1)) {
            Some(p) => {
                p.wanted = c.new;
                p.again |= again;
            }
            None => {
                self.pending.try_push(Pending { fd: c.fd, kernel: c.old, wanted: c.new, again })?;
                *place = self.pending.len() as u32;
            }
        }
        Ok(())
    }
    /// Empties the list, calling `apply` with each descriptor, what the kernel has and what it is to have.
    #[cfg(has_epoll)]
    pub(super) fn drain(&mut self, mut apply: impl FnMut(evutil_socket_t, Interest, Interest)) {
        self.drain_told(|fd, kernel, wanted, _| apply(fd, kernel, wanted));
    }
    /// [`Self::drain`]; the last argument: tell the kernel even what it should know.
    pub(super) fn drain_told(&mut self, mut apply: impl FnMut(evutil_socket_t, Interest, Interest, bool)) {
        for p in &self.pending {
            if let Some(place) = self.place.get_mut(p.fd as usize) {
                *place = 0;
            }
            let watched = p.wanted.intersects(Interest::WHAT);
            if p.wanted != p.kernel || (p.again && watched) {
                apply(p.fd, p.kernel, p.wanted, p.again && watched);
            }
        }
        self.pending.clear();
    }
}
