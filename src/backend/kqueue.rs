//! kqueue.
//!
//! Changes are collected, one per descriptor, and handed over together with the wait: one system call a turn. What of
//! them fails comes back as receipts, ahead of any event. Deleting what the kernel has forgotten is no failure: closing a
//! descriptor removes its entries. An addition that the kernel refuses is reported as an error of the descriptor, so
//! that its owner finds out, as poll does it. The one mistake that can be told at once, a descriptor that is not open, is:
//! descriptors that are new to the queue are looked at when they are added.
//!
//! A descriptor has an entry (knote) for reading and one for writing. Whoever watches for CLOSED alone gets the one for
//! reading with a low-water mark that no buffer reaches, so that only the end is reported; for what does not
//! know low-water marks (pipes) it becomes edge triggered as soon as it has been reported for nothing.
//!
//! Signals and wake-ups are entries too. They are made at once and need no descriptor, no handler that does
//! anything, and no event.
use super::changelist::Changelist;
use super::{Change, Interest, Reports};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, Box, TryVec, Vec};
use crate::sys::kqueue::{self as os, Entry};
use crate::sys::{c, fd};
use crate::{Error, Result, debugx, warn_errno};
use std::ffi::c_int;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

const FIRST_ROOM: usize = 64;
const MOST_ROOM: usize = 4096;
/// Some systems refuse longer waits; the loop simply asks again.
const LONGEST_WAIT: u64 = 86_400 * 1_000_000;

/// What an addition carries through the kernel: the interest that it stands for, never 0; a deletion carries 0.
const CLOSED_ONLY: usize = Interest::CLOSED.bits() as usize;
/// Beside CLOSED_ONLY: edge triggered, though its owner wants it level triggered.
const MUTED: usize = 0x100;

/// The queue's descriptor. A wake-up may outlive the backend, so it is counted.
struct Shared {
    refs: AtomicUsize,
    kq: c_int,
    /// Who made it: in a child of fork the number belongs to somebody else.
    owner: c_int,
}
struct Queue(NonNull<Shared>);
// SAFETY: an atomic count and two numbers that never change.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}

impl Queue {
    fn new() -> Result<Queue> {
        let kq = os::create()?;
        let made = mem::new_box(Shared { refs: AtomicUsize::new(1), kq, owner: os::process() });
        if made.is_err() {
            os::close(kq);
        }
        let (p, _) = Box::into_raw_with_allocator(made?);
        NonNull::new(p).map(Queue).ok_or(Error::NoMem)
    }
    fn shared(&self) -> &Shared {
        // SAFETY: we hold a reference.
        unsafe { self.0.as_ref() }
    }
    #[inline]
    fn fd(&self) -> c_int {
        self.shared().kq
    }
    /// Makes one change at once.
    fn now(&self, change: Entry) -> Result<()> {
        loop {
            match os::kevent(self.fd(), &[change], &mut [], Some(0)) {
                Err(Error::Os(c::EINTR)) => {}
                r => return r.map(drop),
            }
        }
    }
}
impl Clone for Queue {
    fn clone(&self) -> Queue {
        self.shared().refs.fetch_add(1, Ordering::Relaxed);
        Queue(self.0)
    }
}
impl Drop for Queue {
    fn drop(&mut self) {
        if self.shared().refs.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        fence(Ordering::Acquire);
        let s = self.shared();
        if s.owner == os::process() {
            os::close(s.kq);
        }
        // SAFETY: made by `new`; this was the last reference.
        drop(unsafe { Box::from_raw_in(self.0.as_ptr(), mem::Alloc) });
    }
}

pub(super) struct Kqueue {
    queue: Queue,
    pending: Changelist,
    /// Entries that change between level and edge triggered; made before what is pending.
    switches: Vec<Entry>,
    /// What has been handed over, until the wait has come back.
    changes: Vec<Entry>,
    /// Moved out while a wait is under way.
    copy: Vec<Entry>,
    events: Vec<Entry>,
    /// The wake-up's entry exists.
    can_wake: bool,
}

pub(super) struct Wait {
    kq: c_int,
    timeout: Option<u64>,
    changes: Vec<Entry>,
    events: Vec<Entry>,
    /// The first of `events` are receipts.
    receipts: usize,
    got: Result<usize>,
}

/// How the entry for reading is to be, if there is to be one.
fn reading(i: Interest) -> Option<Interest> {
    let what = i & (Interest::READ | Interest::CLOSED);
    (!what.is_empty()).then_some(what | (i & Interest::ET))
}
fn writing(i: Interest) -> Option<Interest> {
    let what = i & Interest::WRITE;
    (!what.is_empty()).then_some(what | (i & Interest::ET))
}

fn addition(fd: evutil_socket_t, filter: os::Filter, how: Interest) -> Entry {
    let clear = if how.contains(Interest::ET) { os::CLEAR } else { 0 };
    let (fflags, data) = if filter == os::WRITE {
        (0, 0)
    } else if how.contains(Interest::READ) {
        (os::AS_POLL, 0)
    } else {
        (os::LOW_WATER, i64::from(i32::MAX))
    };
    Entry::new(fd as usize, filter, os::ADD | clear, fflags, data, usize::from(how.bits()))
}
fn deletion(fd: evutil_socket_t, filter: os::Filter) -> Entry {
    Entry::new(fd as usize, filter, os::DELETE, 0, 0, 0)
}

/// Calls `f` with what brings one entry from `old` to `new`; `again`: even if the kernel should know.
fn changes_of(
    fd: evutil_socket_t,
    filter: os::Filter,
    old: Option<Interest>,
    new: Option<Interest>,
    again: bool,
    mut f: impl FnMut(Entry),
) {
    // Adding again changes the numbers of an entry, but not whether it is edge triggered; and one for CLOSED alone
    // may have been switched.
    let switched = |o: Interest, n: Interest| {
        o.contains(Interest::ET) != n.contains(Interest::ET) || (o != n && o == Interest::CLOSED)
    };
    match (old, new) {
        (Some(_), None) => f(deletion(fd, filter)),
        (Some(o), Some(n)) if switched(o, n) => {
            f(deletion(fd, filter));
            f(addition(fd, filter, n));
        }
        (o, Some(n)) if again || o != Some(n) => f(addition(fd, filter, n)),
        _ => {}
    }
}

impl Kqueue {
    pub(super) fn new() -> Result<Kqueue> {
        let queue = Queue::new().inspect_err(|&e| {
            if e != Error::Os(c::ENOSYS) {
                warn_errno!("kqueue");
            }
        })?;
        let mut k = Kqueue {
            queue,
            pending: Changelist::new(),
            switches: mem::new_vec(),
            changes: mem::new_vec(),
            copy: mem::new_vec(),
            events: mem::new_vec(),
            can_wake: false,
        };
        k.events.try_resize(FIRST_ROOM, Entry::empty())?;
        k.check()?;
        Ok(k)
    }
    /// A kernel that does not hand out receipts cannot be used: ask for one.
    fn check(&mut self) -> Result<()> {
        let wrong = Entry::new(usize::MAX, os::READ, os::ADD, 0, 0, 1);
        let n = os::kevent(self.queue.fd(), &[wrong], &mut self.events, Some(0)).inspect_err(|_| {
            warn_errno!("kqueue does not work here");
        })?;
        match self.events.first() {
            Some(e) if n == 1 && e.has(os::ERROR) && e.ident() == usize::MAX => Ok(()),
            _ => {
                crate::warnx!("kqueue does not work here: it gives no receipts");
                Err(Error::Invalid)
            }
        }
    }
    pub(super) fn change(&mut self, change: Change) -> Result<()> {
        let watched = |i: Interest| i.intersects(Interest::WHAT);
        // The kernel would say so only with the next wait, when nobody can be told of it any more.
        let new = watched(change.new) && !watched(change.old) && !change.same_event;
        if new && change.fd >= 0 && !self.pending.holds(change.fd) && !fd::is_open(change.fd) {
            return Err(Error::Os(c::EBADF));
        }
        self.pending.record(change)
    }
    pub(super) fn watch_signal(&mut self, signal: c_int, on: bool) -> Result<()> {
        let flags = if on { os::ADD } else { os::DELETE };
        let signal = usize::try_from(signal).map_err(|_| Error::Invalid)?;
        self.queue.now(Entry::new(signal, os::SIGNAL, flags, 0, 0, usize::from(on)))
    }
    pub(super) fn wake_up(&mut self) -> Result<Option<WakeUp>> {
        if !self.can_wake {
            match self.queue.now(Entry::new(0, os::USER, os::ADD | os::CLEAR, 0, 0, 1)) {
                Ok(()) => self.can_wake = true,
                Err(Error::NoMem | Error::Os(c::ENOMEM)) => return Err(Error::NoMem),
                // A system without this filter: the base uses a pipe.
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(WakeUp(self.queue.clone())))
    }

    /// What is to be handed over becomes `copy`, and the array for events is made to hold as many receipts.
    fn collect_changes(&mut self, copy: &mut Vec<Entry>) -> Result<()> {
        copy.clear();
        // What an earlier wait has not confirmed is handed over once more. At most a deletion and an addition for each of
        // the two entries of a descriptor.
        let new = self.pending.len() * 4 + self.switches.len();
        let most = self.changes.len() + new;
        self.changes.try_reserve(new).map_err(|_| Error::NoMem)?;
        copy.try_reserve(most).map_err(|_| Error::NoMem)?;
        let room = self.events.len().max(FIRST_ROOM).max(most + 1);
        if room > self.events.len() {
            self.events.try_resize(room, Entry::empty())?;
        }
        let mut push = |e| self.changes.push(e);
        self.switches.drain(..).for_each(&mut push);
        self.pending.drain_told(|fd, old, new, again| {
            changes_of(fd, os::READ, reading(old), reading(new), again, &mut push);
            changes_of(fd, os::WRITE, writing(old), writing(new), again, &mut push);
        });
        copy.try_extend(&self.changes)
    }
    pub(super) fn start_wait(&mut self, timeout: Option<u64>) -> Wait {
        let mut changes = std::mem::replace(&mut self.copy, mem::new_vec());
        let got = self.collect_changes(&mut changes).map(|()| 0);
        Wait {
            kq: self.queue.fd(),
            timeout: timeout.map(|us| us.min(LONGEST_WAIT)),
            changes,
            events: std::mem::replace(&mut self.events, mem::new_vec()),
            receipts: 0,
            got,
        }
    }
    pub(super) fn finish_wait(&mut self, mut w: Wait, reports: &mut (impl Reports + ?Sized)) -> Result<()> {
        self.copy = w.changes;
        let n = match w.got {
            Ok(n) => n,
            // The changes have been made all the same.
            Err(Error::Os(c::EINTR)) => 0,
            Err(e) => {
                self.events = w.events;
                return Err(e);
            }
        };
        self.changes.clear();
        let (receipts, rest) = w.events.split_at(w.receipts.min(w.events.len()));
        for e in receipts {
            self.refused(e, reports);
        }
        let full = n == rest.len();
        for e in rest.get(..n).unwrap_or_default() {
            self.report(e, reports);
        }
        let len = w.events.len();
        if full && len < MOST_ROOM {
            // There may be more than fitted; without memory the next turn gets the rest all the same.
            let _ = w.events.try_resize((len * 2).min(MOST_ROOM), Entry::empty());
        }
        self.events = w.events;
        Ok(())
    }
    fn report(&mut self, e: &Entry, reports: &mut (impl Reports + ?Sized)) {
        let fd = e.ident() as evutil_socket_t;
        let filter = e.filter();
        if e.has(os::ERROR) {
            return self.refused(e, reports);
        }
        if filter == os::SIGNAL {
            return reports.signal(e.ident() as c_int, e.data().clamp(1, i64::from(u32::MAX)) as u32);
        }
        if filter == os::USER {
            return reports.woken();
        }
        let end = e.has(os::EOF);
        // With the end of a socket comes its error.
        let what = if end && e.fflags() != 0 {
            BROKEN
        } else if filter == os::WRITE {
            Interest::WRITE
        } else if e.mark() & !MUTED == CLOSED_ONLY {
            if end == (e.mark() & MUTED != 0) {
                // For nothing, and it would go on: only changes from now on. Or the end, which is to be told on and on.
                self.switch(fd, if end { 0 } else { MUTED });
            }
            if !end {
                return;
            }
            Interest::CLOSED
        } else if end {
            Interest::READ | Interest::CLOSED
        } else {
            Interest::READ
        };
        reports.report(fd, what | Interest::ET);
    }
    #[cold]
    fn switch(&mut self, fd: evutil_socket_t, muted: usize) {
        let clear = if muted != 0 { os::CLEAR } else { 0 };
        let add = os::ADD | clear;
        let mark = CLOSED_ONLY | muted;
        let anew = Entry::new(fd as usize, os::READ, add, os::LOW_WATER, i64::from(i32::MAX), mark);
        // Without memory the next report tries again.
        if self.switches.try_reserve(2).is_ok() {
            self.switches.push(deletion(fd, os::READ));
            self.switches.push(anew);
        }
    }
    /// A change was not made.
    #[cold]
    fn refused(&self, e: &Entry, reports: &mut (impl Reports + ?Sized)) {
        let (ident, errno) = (e.ident(), e.data() as c_int);
        if errno == 0 || e.mark() == 0 || !(e.filter() == os::READ || e.filter() == os::WRITE) {
            // The deletion of what the kernel has forgotten.
            return;
        }
        let fd = ident as evutil_socket_t;
        debugx!("kqueue: fd {fd} cannot be watched (filter {}): error {errno}", e.filter());
        // Closed after it was added: the kernel would have forgotten it. (NetBSD says so too of a pipe whose other end
        // has been closed.)
        if errno != c::EBADF || fd::is_open(fd) {
            reports.report(fd, BROKEN | Interest::ET);
        }
    }
}

const BROKEN: Interest = Interest::READ.union(Interest::WRITE).union(Interest::ERROR);

impl Wait {
    pub(super) fn run(&mut self) {
        if self.got.is_err() {
            return;
        }
        self.got = os::kevent(self.kq, &self.changes, &mut self.events, self.timeout);
        if let Ok(n) = self.got
            && n > 0
            && self.events.iter().take(n).all(|e| e.has(os::ERROR))
        {
            self.again(n);
        }
        if self.got.is_err() && self.got != Err(Error::Os(c::EINTR)) {
            warn_errno!("kevent");
        }
    }
    /// Changes have failed, and events have not been asked for yet: the receipts are kept, and the wait is made. It is
    /// only a look if one of them has to be reported.
    #[cold]
    fn again(&mut self, n: usize) {
        let mut kept = 0;
        for i in 0..n {
            if let Some(e) = self.events.get(i).copied()
                && e.mark() != 0
                && e.data() != 0
                && let Some(place) = self.events.get_mut(kept)
            {
                *place = e;
                kept += 1;
            }
        }
        self.receipts = kept;
        let timeout = if kept > 0 { Some(0) } else { self.timeout };
        self.got = os::kevent(self.kq, &[], self.events.get_mut(kept..).unwrap_or_default(), timeout);
        if kept > 0 && self.got == Err(Error::Os(c::EINTR)) {
            self.got = Ok(0);
        }
    }
}

/// One reference to the queue, for a thread that wakes its loop.
pub(super) struct WakeUp(Queue);

impl WakeUp {
    pub(super) fn wake(&self) -> Result<()> {
        self.0.now(Entry::new(0, os::USER, 0, os::TRIGGER, 0, 1))
    }
}
