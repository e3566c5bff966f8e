//! poll.
//!
//! Two arrays: `set` is what is watched, `copy` is what the kernel works on while the lock is released. The copy
//! is made anew only when `set` has changed; poll itself changes nothing but `revents`.
use super::{Change, Interest, Reports, to_msec};
use crate::mem::{self, TryVec, Vec};
use crate::sys::poll as os;
use crate::{Error, Result, warn_errno};
use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, c_short, pollfd};

pub(super) struct Poll {
    set: Vec<pollfd>,
    /// By descriptor: one more than the index into `set`, or 0.
    place: Vec<u32>,
    /// Moved out while a wait is under way.
    copy: Vec<pollfd>,
    changed: bool,
    /// Where the next report starts, so that low descriptors are not always served first.
    start: usize,
}

pub(super) struct Wait {
    copy: Vec<pollfd>,
    timeout: Option<u64>,
    got: Result<usize>,
}

pub(super) fn flags_of(i: Interest) -> c_short {
    let mut flags = 0;
    if i.contains(Interest::READ) {
        flags |= POLLIN;
    }
    if i.contains(Interest::WRITE) {
        flags |= POLLOUT;
    }
    if i.contains(Interest::CLOSED) {
        flags |= os::RDHUP;
    }
    flags
}
#[inline]
pub(super) fn what(flags: c_short) -> Interest {
    let mut i = Interest::empty();
    let broken = flags & (POLLHUP | POLLERR | POLLNVAL) != 0;
    i.set(Interest::READ, broken || flags & POLLIN != 0);
    i.set(Interest::WRITE, broken || flags & POLLOUT != 0);
    i.set(Interest::CLOSED, flags & os::RDHUP != 0);
    i.set(Interest::ERROR, broken);
    i
}

impl Poll {
    pub(super) fn new() -> Poll {
        Poll { set: mem::new_vec(), place: mem::new_vec(), copy: mem::new_vec(), changed: false, start: 0 }
    }
    pub(super) fn change(&mut self, c: Change) -> Result<()> {
        let fd = usize::try_from(c.fd).map_err(|_| Error::Invalid)?;
        let events = flags_of(c.new);
        let place = self.place.get(fd).copied().unwrap_or(0);
        if c.new.intersects(Interest::WHAT) {
            if place == 0 {
                if fd >= self.place.len() {
                    let len = (fd + 1).checked_next_power_of_two().ok_or(Error::NoMem)?.max(32);
                    self.place.try_resize(len, 0)?;
                }
                self.set.try_push(pollfd { fd: c.fd, events, revents: 0 })?;
                self.move_to(fd, self.set.len());
            } else if let Some(p) = self.set.get_mut(place as usize - 1) {
                p.events = events;
            }
        } else if place != 0 {
            self.move_to(fd, 0);
            self.set.swap_remove(place as usize - 1);
            if let Some(moved) = self.set.get(place as usize - 1) {
                self.move_to(moved.fd as usize, place as usize);
            }
        }
        self.changed = true;
        Ok(())
    }
    fn move_to(&mut self, fd: usize, place: usize) {
        if let Some(p) = self.place.get_mut(fd) {
            *p = place as u32;
        }
    }
    pub(super) fn start_wait(&mut self, timeout: Option<u64>) -> Wait {
        let mut copy = std::mem::replace(&mut self.copy, mem::new_vec());
        let mut got = Ok(0);
        if self.changed || copy.len() != self.set.len() {
            copy.clear();
            got = copy.try_extend(&self.set).map(|()| 0);
            self.changed = got.is_err();
        }
        Wait { copy, timeout, got }
    }
    pub(super) fn finish_wait(&mut self, w: Wait, reports: &mut (impl Reports + ?Sized)) -> Result<()> {
        self.copy = w.copy;
        let mut left = match w.got {
            Ok(n) => n,
            Err(Error::Os(libc::EINTR)) => return Ok(()),
            Err(e) => return Err(e),
        };
        if left == 0 {
            return Ok(());
        }
        self.start = self.start.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (head, tail) = self.copy.split_at((self.start >> 8) % self.copy.len().max(1));
        for p in tail.iter().chain(head) {
            if p.revents != 0 {
                reports.report(p.fd, what(p.revents));
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        Ok(())
    }
}

impl Wait {
    pub(super) fn run(&mut self) {
        if self.got.is_err() {
            return;
        }
        self.got = os::poll(&mut self.copy, to_msec(self.timeout));
        if self.got.is_err() && self.got != Err(Error::Os(libc::EINTR)) {
            warn_errno!("poll");
        }
    }
}
