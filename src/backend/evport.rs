//! Event ports (Solaris, illumos).
//!
//! An association reports once and is over. What was reported is kept in `spent` and associated again before the next
//! wait, if it is still wanted: so everything is level triggered, and a descriptor that is deleted after its report
//! costs no call. Each association has a number, which its event brings back: an event that was under way when its
//! descriptor was associated anew is not taken for one of the new association, which may be another file's.
//!
//! The loop is woken by an event that is sent to the port; if the port can hold no more, by its alert mode, which needs
//! no room and is ended by who has seen it.
use super::poll::{flags_of, what};
use super::{Change, Interest, Reports};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, TryVec, Vec};
use crate::sys::ports::{self as os, Told, port_event};
use crate::{Error, Result, warn_errno};
use libc::{EAGAIN, EBADF, EBADFD, EINTR, ENOENT, ENOMEM, c_int, c_short};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

const FIRST_ROOM: usize = 32;
const MOST_ROOM: usize = 4096;
/// A day in microseconds: fits every form of a timeout. The loop simply asks again.
const LONGEST_WAIT: u64 = 86_400 * 1_000_000;
/// When to try again what the system had no room for.
const RETRY: u64 = 50_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// The port knows nothing of it, or has been told to forget it.
    Nothing,
    Associated,
    /// Reported; it is on the list `spent` and still wanted.
    Spent,
}

#[derive(Clone, Copy)]
struct Slot {
    held: Held,
    events: c_short,
    /// Of the last association.
    number: usize,
}

/// A reference to an open port: who wakes a loop may do so when its base has gone.
struct Port(NonNull<Shared>);
struct Shared {
    refs: AtomicUsize,
    port: c_int,
}
// SAFETY: an atomic count and a number that never changes.
unsafe impl Send for Port {}
// SAFETY: as above.
unsafe impl Sync for Port {}

impl Port {
    fn new() -> Result<Port> {
        let port = os::create().inspect_err(|_| warn_errno!("port_create"))?;
        let made =
            mem::new_box(Shared { refs: AtomicUsize::new(1), port }).inspect_err(|_| os::close(port))?;
        let (p, _) = mem::Box::into_raw_with_allocator(made);
        NonNull::new(p).map(Port).ok_or(Error::NoMem)
    }
    fn fd(&self) -> c_int {
        // SAFETY: we hold a reference.
        unsafe { self.0.as_ref() }.port
    }
}
impl Clone for Port {
    fn clone(&self) -> Port {
        // SAFETY: we hold a reference.
        unsafe { self.0.as_ref() }.refs.fetch_add(1, Ordering::Relaxed);
        Port(self.0)
    }
}
impl Drop for Port {
    fn drop(&mut self) {
        // SAFETY: we hold a reference.
        if unsafe { self.0.as_ref() }.refs.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            os::close(self.fd());
            // SAFETY: made by `new`; this was the last reference.
            drop(unsafe { mem::Box::from_raw_in(self.0.as_ptr(), mem::Alloc) });
        }
    }
}

pub(super) struct WakeUp(Port);

impl WakeUp {
    pub(super) fn wake(&self) -> Result<()> {
        match os::send(self.0.fd()) {
            Err(Error::Os(EAGAIN | ENOMEM)) => os::alert(self.0.fd(), true),
            r => r,
        }
    }
}

pub(super) struct Evport {
    port: Port,
    /// By descriptor.
    slots: Vec<Slot>,
    /// What may have to be associated again; only those that are `Held::Spent` have to.
    spent: Vec<evutil_socket_t>,
    /// Moved out while a wait is under way.
    events: Vec<port_event>,
    /// How many associations there have been.
    count: usize,
}

pub(super) struct Wait {
    port: c_int,
    timeout: Option<u64>,
    events: Vec<port_event>,
    got: Result<usize>,
}

impl Evport {
    pub(super) fn new() -> Result<Evport> {
        let port = Port::new()?;
        let mut e =
            Evport { port, slots: mem::new_vec(), spent: mem::new_vec(), events: mem::new_vec(), count: 0 };
        e.events.try_resize(FIRST_ROOM, os::NOTHING)?;
        Ok(e)
    }
    fn slot(&mut self, fd: evutil_socket_t) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(fd).ok()?)
    }
    /// Makes room for `fd`.
    fn reach(&mut self, fd: evutil_socket_t) -> Result<()> {
        let fd = usize::try_from(fd).map_err(|_| Error::Invalid)?;
        if fd >= self.slots.len() {
            let len = (fd + 1).checked_next_power_of_two().ok_or(Error::NoMem)?.max(32);
            self.slots.try_resize(len, Slot { held: Held::Nothing, events: 0, number: 0 })?;
        }
        Ok(())
    }
    fn associate(&mut self, fd: evutil_socket_t, events: c_short) -> Result<()> {
        let number = self.count.wrapping_add(1);
        self.count = number;
        let done = os::associate(self.port.fd(), fd, events, number);
        if let Some(slot) = self.slot(fd) {
            *slot =
                Slot { held: if done.is_ok() { Held::Associated } else { Held::Nothing }, events, number };
        }
        done
    }
    pub(super) fn change(&mut self, c: Change) -> Result<()> {
        if c.new.intersects(Interest::WHAT) {
            self.reach(c.fd)?;
            let events = flags_of(c.new & (Interest::READ | Interest::WRITE));
            if let Some(slot) = self.slot(c.fd).filter(|s| s.held == Held::Spent) {
                slot.events = events;
                return Ok(());
            }
            return self.associate(c.fd, events).map_err(|e| {
                warn_errno!(
                    "port_associate: fd {} cannot be watched (interest {:#x}, was {:#x})",
                    c.fd,
                    c.new.bits(),
                    c.old.bits()
                );
                // As every other call names it.
                if e == Error::Os(EBADFD) { Error::Os(EBADF) } else { e }
            });
        }
        let port = self.port.fd();
        let Some(slot) = self.slot(c.fd) else { return Ok(()) };
        if std::mem::replace(&mut slot.held, Held::Nothing) != Held::Associated {
            return Ok(());
        }
        match os::dissociate(port, c.fd) {
            // Closed already, or closed and its number reused, or its event is under way to us.
            Err(Error::Os(ENOENT | EBADF | EBADFD)) => Ok(()),
            Err(e) => {
                warn_errno!("port_dissociate: fd {}", c.fd);
                Err(e)
            }
            Ok(()) => Ok(()),
        }
    }
    /// Associates `fd` again if that is wanted. False: the system has no room for it now.
    fn renew(&mut self, fd: evutil_socket_t) -> bool {
        let Some(events) = self.slot(fd).filter(|s| s.held == Held::Spent).map(|s| s.events) else {
            return true;
        };
        match self.associate(fd, events) {
            // Closed: as if it had been closed before its event came, forgotten.
            Ok(()) | Err(Error::Os(EBADFD | EBADF)) => true,
            Err(Error::Os(EAGAIN | ENOMEM)) => {
                if let Some(slot) = self.slot(fd) {
                    slot.held = Held::Spent;
                }
                false
            }
            // A failure has been told; the descriptor is simply not reported any more.
            Err(_) => {
                warn_errno!("port_associate: fd {fd} cannot be watched any longer");
                true
            }
        }
    }
    fn renew_all(&mut self) {
        let (mut i, mut left) = (0, 0);
        while let Some(&fd) = self.spent.get(i) {
            i += 1;
            if !self.renew(fd)
                && let Some(place) = self.spent.get_mut(left)
            {
                *place = fd;
                left += 1;
            }
        }
        self.spent.truncate(left);
    }
    pub(super) fn wake_up(&self) -> WakeUp {
        WakeUp(self.port.clone())
    }
    pub(super) fn start_wait(&mut self, timeout: Option<u64>) -> Wait {
        self.renew_all();
        let most = if self.spent.is_empty() { LONGEST_WAIT } else { RETRY };
        let timeout = match timeout {
            None if self.spent.is_empty() => None,
            t => Some(t.unwrap_or(most).min(most)),
        };
        // Empty only if an earlier wait never came back.
        let room = FIRST_ROOM.max(self.events.len());
        let got = self.events.try_resize(room, os::NOTHING).map(|()| 0);
        let events = std::mem::replace(&mut self.events, mem::new_vec());
        Wait { port: self.port.fd(), timeout, events, got }
    }
    pub(super) fn finish_wait(&mut self, w: Wait, reports: &mut (impl Reports + ?Sized)) -> Result<()> {
        let n = match w.got {
            Ok(n) => n,
            Err(Error::Os(EINTR)) => 0,
            Err(e) => {
                self.events = w.events;
                return Err(e);
            }
        };
        let mut woken = false;
        for e in w.events.get(..n).unwrap_or_default() {
            let (fd, flags, number) = match os::told(e) {
                Told::Descriptor(fd, flags, number) => (fd, flags, number),
                Told::Sent => {
                    woken = true;
                    continue;
                }
                Told::Alert => {
                    woken = true;
                    if os::alert(self.port.fd(), false).is_err() {
                        warn_errno!("port_alert");
                    }
                    continue;
                }
                Told::Other => continue,
            };
            let current = |s: &&mut Slot| s.held == Held::Associated && s.number == number;
            let Some(slot) = self.slot(fd).filter(current) else { continue };
            slot.held = Held::Spent;
            if self.spent.try_push(fd).is_err() {
                // Without memory for the list, at once. What the system refuses as well is lost, and that is told.
                if !self.renew(fd) {
                    warn_errno!("port_associate: fd {fd} cannot be watched any longer");
                }
            }
            reports.report(fd, what(flags));
        }
        if woken {
            // However many were sent.
            reports.woken();
        }
        self.events = w.events;
        let len = self.events.len();
        if n == len && len < MOST_ROOM {
            // There may be more than fitted; without memory the next turn gets the rest all the same.
            let _ = self.events.try_resize((len * 2).min(MOST_ROOM), os::NOTHING);
        }
        Ok(())
    }
}

impl Wait {
    pub(super) fn run(&mut self) {
        if self.got.is_err() {
            return;
        }
        self.got = os::get(self.port, &mut self.events, self.timeout);
        if self.got.is_err() && self.got != Err(Error::Os(EINTR)) {
            warn_errno!("port_getn");
        }
    }
}
