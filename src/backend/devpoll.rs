//! /dev/poll (Solaris, illumos).
//!
//! The set stands in the kernel; it is changed by writing to it. Changes are collected by descriptor and written before
//! the next wait, each descriptor once with what it has come to. The kernel adds flags to those it has, so an entry is
//! taken out first, always: there may be one of a file that had the number before.
//!
//! Nothing is written while a wait is under way: on some systems a write waits for that wait's end, with the base's
//! lock held here. The loop is woken instead.
//!
//! An entry outlives its descriptor. One that turns out to be closed is taken out, and nobody is told: with O(1)
//! backends a closed descriptor is silent.
use super::poll::{flags_of, what};
use super::{Change, Interest, Reports, to_msec};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, TryVec, Vec};
use crate::sys::devpoll as os;
use crate::sys::fd;
use crate::{Error, Result, warn_errno};
use libc::{EACCES, EBADF, EINTR, EINVAL, POLLNVAL, c_int, c_short, pollfd};

const FIRST_ROOM: usize = 32;
const MOST_ROOM: usize = 4096;
const EMPTY: pollfd = pollfd { fd: -1, events: 0, revents: 0 };

#[derive(Clone, Copy)]
struct Slot {
    events: c_short,
    watched: bool,
    /// It is in the kernel's set.
    written: bool,
    /// It is on the list `changed`.
    changed: bool,
}

pub(super) struct Devpoll {
    set: c_int,
    /// By descriptor.
    slots: Vec<Slot>,
    /// What is to be written before the next wait. There is room in `writes` for all of it.
    changed: Vec<evutil_socket_t>,
    writes: Vec<pollfd>,
    /// Moved out while a wait is under way.
    ready: Vec<pollfd>,
}

pub(super) struct Wait {
    set: c_int,
    timeout: Option<u64>,
    ready: Vec<pollfd>,
    got: Result<usize>,
}

impl Devpoll {
    pub(super) fn new() -> Result<Devpoll> {
        let set = os::open().inspect_err(|_| warn_errno!("open: /dev/poll"))?;
        let mut d = Devpoll {
            set,
            slots: mem::new_vec(),
            changed: mem::new_vec(),
            writes: mem::new_vec(),
            ready: mem::new_vec(),
        };
        d.ready.try_resize(FIRST_ROOM, EMPTY)?;
        Ok(d)
    }
    /// The entry of `fd`, which exists from then on.
    fn reach(&mut self, fd: evutil_socket_t) -> Result<&mut Slot> {
        let at = usize::try_from(fd).map_err(|_| Error::Invalid)?;
        if at >= self.slots.len() {
            let len = (at + 1).checked_next_power_of_two().ok_or(Error::NoMem)?.max(32);
            self.slots.try_resize(len, Slot { events: 0, watched: false, written: false, changed: false })?;
        }
        self.slots.get_mut(at).ok_or(Error::Invalid)
    }
    fn slot(&mut self, fd: evutil_socket_t) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(fd).ok()?)
    }
    /// Puts `fd` on the list of changes, if it is not there.
    fn note(&mut self, fd: evutil_socket_t) -> Result<()> {
        if self.slot(fd).is_none_or(|s| s.changed) {
            return Ok(());
        }
        let n = 2 * (self.changed.len() + 1);
        self.writes.clear();
        self.writes.try_reserve(n).map_err(|_| Error::NoMem)?;
        self.changed.try_push(fd)?;
        if let Some(slot) = self.slot(fd) {
            slot.changed = true;
        }
        Ok(())
    }
    pub(super) fn change(&mut self, c: Change) -> Result<()> {
        if c.new.intersects(Interest::WHAT) {
            let slot = self.reach(c.fd)?;
            // The kernel takes any number and says nothing, so we ask.
            if !slot.watched && !fd::is_open(c.fd) {
                crate::warnx!("/dev/poll: fd {} cannot be watched: it is not open", c.fd);
                return Err(Error::Os(EBADF));
            }
            self.note(c.fd)?;
            let slot = self.reach(c.fd)?;
            slot.watched = true;
            slot.events = flags_of(c.new & (Interest::READ | Interest::WRITE));
        } else if self.slot(c.fd).is_some_and(|s| s.watched) {
            self.note(c.fd)?;
            if let Some(slot) = self.slot(c.fd) {
                slot.watched = false;
            }
        }
        Ok(())
    }
    /// Writes what has changed.
    fn flush(&mut self) -> Result<()> {
        if self.changed.is_empty() {
            return Ok(());
        }
        let Devpoll { set, slots, changed, writes, .. } = self;
        writes.clear();
        for &fd in changed.iter() {
            let Some(slot) = usize::try_from(fd).ok().and_then(|at| slots.get_mut(at)) else { continue };
            slot.changed = false;
            if slot.written || slot.watched {
                writes.try_push(pollfd { fd, events: os::POLLREMOVE, revents: 0 })?;
            }
            if slot.watched {
                writes.try_push(pollfd { fd, events: slot.events, revents: 0 })?;
            }
            slot.written = slot.watched;
        }
        changed.clear();
        write(*set, writes)
    }
    pub(super) fn start_wait(&mut self, timeout: Option<u64>) -> Wait {
        // Empty only if an earlier wait never came back.
        let room = FIRST_ROOM.max(self.ready.len());
        let got = self.flush().and_then(|()| self.ready.try_resize(room, EMPTY)).map(|()| 0);
        let ready = std::mem::replace(&mut self.ready, mem::new_vec());
        Wait { set: self.set, timeout, ready, got }
    }
    pub(super) fn finish_wait(&mut self, w: Wait, reports: &mut (impl Reports + ?Sized)) -> Result<()> {
        let n = match w.got {
            Ok(n) => n,
            Err(Error::Os(EINTR)) => 0,
            Err(e) => {
                self.ready = w.ready;
                return Err(e);
            }
        };
        for p in w.ready.get(..n).unwrap_or_default() {
            // What has changed since the wait began is not in the set yet: the next wait tells about it.
            let Some(slot) = self.slot(p.fd).filter(|s| s.watched && !s.changed) else { continue };
            if p.revents & POLLNVAL == 0 {
                reports.report(p.fd, what(p.revents));
                continue;
            }
            slot.watched = false;
            if self.note(p.fd).is_err()
                && let Some(slot) = self.slot(p.fd)
            {
                // It will be told again.
                slot.watched = true;
            }
        }
        self.ready = w.ready;
        let len = self.ready.len();
        if n == len && len < MOST_ROOM {
            // There may be more than fitted; without memory the next turn gets the rest all the same.
            let _ = self.ready.try_resize((len * 2).min(MOST_ROOM), EMPTY);
        }
        Ok(())
    }
}

/// Writes `changes`, in parts if the system takes only so many, and around one that it refuses.
fn write(set: c_int, changes: &[pollfd]) -> Result<()> {
    loop {
        return match os::write(set, changes) {
            Err(Error::Os(EINTR)) => continue,
            Ok(()) => Ok(()),
            // The set is not ours, as in the child after fork.
            Err(e @ Error::Os(EACCES | EBADF)) => {
                warn_errno!("write: /dev/poll");
                Err(e)
            }
            Err(_) => match changes {
                // A failure has been told; the descriptor is simply not reported.
                [] => Ok(()),
                [one] => {
                    warn_errno!("/dev/poll: fd {} cannot be watched (events {:#x})", one.fd, one.events);
                    Ok(())
                }
                _ => {
                    let (first, second) = changes.split_at(changes.len() / 2);
                    write(set, first)?;
                    write(set, second)
                }
            },
        };
    }
}

impl Drop for Devpoll {
    fn drop(&mut self) {
        os::close(self.set);
    }
}

impl Wait {
    pub(super) fn run(&mut self) {
        if self.got.is_err() {
            return;
        }
        self.got = os::wait(self.set, &mut self.ready, to_msec(self.timeout));
        // No more room may be offered than the process may have descriptors: that limit has been lowered.
        while self.got == Err(Error::Os(EINVAL)) && self.ready.len() > 1 {
            self.ready.truncate(self.ready.len() / 2);
            self.got = os::wait(self.set, &mut self.ready, to_msec(self.timeout));
        }
        if self.got.is_err() && self.got != Err(Error::Os(EINTR)) {
            warn_errno!("ioctl: DP_POLL");
        }
    }
}
