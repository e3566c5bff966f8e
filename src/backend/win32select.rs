//! select of Windows.
//!
//! Sets are lists of sockets there. Sockets that somebody wants to write to are also watched for exceptions: that is
//! how a failed connect shows. An index knows where in the lists a socket stands.
use super::{Change, Interest, Reports};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, HashMap, TryVec, Vec};
use crate::sys::select::{self as os, HEAD};
use crate::sys::{c, clock, fd};
use crate::{Error, Result, warn_errno};
use std::hash::{BuildHasherDefault, Hasher};

/// The loop simply asks again.
const LONGEST_WAIT: u64 = 86_400 * 1_000_000;

/// Handles are multiples of 4 that grow: a multiplication spreads them.
#[derive(Default)]
struct Spread(u64);
impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_usize(b.into()));
    }
    fn write_usize(&mut self, n: usize) {
        let product = (self.0 ^ n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}

/// A set in select's form: the head, then the sockets. Empty: not even the head.
type Set = Vec<usize>;

/// Where a socket stands in the two sets; 0: not there.
#[derive(Clone, Copy, Default)]
struct Place {
    read: usize,
    write: usize,
}
type Index = HashMap<usize, Place, BuildHasherDefault<Spread>>;

pub(super) struct Win32 {
    read: Set,
    write: Set,
    places: Index,
    /// Moved out while a wait is under way. What `change` puts in has room here, so that a wait needs no memory.
    ready: Ready,
    /// Where the next report starts, so that the same sockets are not always served first.
    start: usize,
}

/// What select works on and leaves the ready ones in.
struct Ready {
    read: Set,
    write: Set,
    except: Set,
}
impl Ready {
    const fn new() -> Ready {
        Ready { read: mem::new_vec(), write: mem::new_vec(), except: mem::new_vec() }
    }
    fn fill(&mut self, read: &Set, write: &Set) -> Result<()> {
        for (to, from) in [(&mut self.read, read), (&mut self.write, write), (&mut self.except, write)] {
            to.clear();
            to.try_extend(from)?;
            os::set_count(to);
        }
        Ok(())
    }
    /// Makes room for one socket more than there are.
    fn reserve(&mut self, read: &Set, write: &Set) -> Result<()> {
        for (to, from) in [(&mut self.read, read), (&mut self.write, write), (&mut self.except, write)] {
            let wanted = from.len().max(HEAD) + 1;
            to.try_reserve(wanted.saturating_sub(to.len())).map_err(|_| Error::NoMem)?;
        }
        Ok(())
    }
    /// Takes the roomier of its own lists and `other`'s.
    fn keep_room(&mut self, other: Ready) {
        for (mine, theirs) in
            [(&mut self.read, other.read), (&mut self.write, other.write), (&mut self.except, other.except)]
        {
            if mine.capacity() < theirs.capacity() {
                *mine = theirs;
            }
        }
    }
    fn is_empty(&self) -> bool {
        os::count(&self.read) + os::count(&self.write) == 0
    }
    fn select(&mut self, usec: Option<u64>) -> Result<usize> {
        os::select(&mut self.read, &mut self.write, &mut self.except, usec)
    }
}

pub(super) struct Wait {
    ready: Ready,
    timeout: Option<u64>,
    got: Result<usize>,
    /// Sockets that were closed while they were watched, and what for.
    closed: Vec<(usize, Interest)>,
}

/// Puts `socket` into a set, which has room, and returns where it stands.
fn enter(set: &mut Set, socket: usize) -> Result<usize> {
    set.try_reserve(HEAD + 1).map_err(|_| Error::NoMem)?;
    if set.is_empty() {
        set.push(0);
    }
    set.push(socket);
    Ok(set.len() - 1)
}
/// Takes away what stands at `at`; the socket that stands there now, if one does.
fn leave(set: &mut Set, at: usize) -> Option<usize> {
    if at < HEAD || at >= set.len() {
        return None;
    }
    set.swap_remove(at);
    set.get(at).copied()
}

impl Win32 {
    pub(super) fn new() -> Win32 {
        let places = HashMap::with_hasher_in(BuildHasherDefault::new(), mem::Alloc);
        crate::sys::start();
        Win32 { read: mem::new_vec(), write: mem::new_vec(), places, ready: Ready::new(), start: 0 }
    }
    pub(super) fn change(&mut self, change: Change) -> Result<()> {
        if change.fd < 0 {
            return Err(Error::Invalid);
        }
        let socket = change.fd as usize;
        let mut place = self.places.get(&socket).copied().unwrap_or_default();
        let before = place;
        let wants = |kind| change.new.contains(kind);
        if change.new.intersects(Interest::WHAT) {
            self.places.try_reserve(1).map_err(|_| Error::NoMem)?;
            self.ready.reserve(&self.read, &self.write)?;
        }
        if wants(Interest::READ) && place.read == 0 {
            place.read = enter(&mut self.read, socket)?;
        }
        if wants(Interest::WRITE) && place.write == 0 {
            place.write = match enter(&mut self.write, socket) {
                Ok(at) => at,
                Err(e) => {
                    if before.read == 0 && place.read != 0 {
                        leave(&mut self.read, place.read);
                    }
                    return Err(e);
                }
            };
        }
        if !wants(Interest::READ) && place.read != 0 {
            if let Some(moved) = leave(&mut self.read, place.read)
                && let Some(p) = self.places.get_mut(&moved)
            {
                p.read = place.read;
            }
            place.read = 0;
        }
        if !wants(Interest::WRITE) && place.write != 0 {
            if let Some(moved) = leave(&mut self.write, place.write)
                && let Some(p) = self.places.get_mut(&moved)
            {
                p.write = place.write;
            }
            place.write = 0;
        }
        if place.read == 0 && place.write == 0 {
            self.places.remove(&socket);
        } else {
            self.places.insert(socket, place);
        }
        Ok(())
    }
    pub(super) fn start_wait(&mut self, timeout: Option<u64>) -> Wait {
        let mut ready = std::mem::replace(&mut self.ready, Ready::new());
        let got = ready.fill(&self.read, &self.write).map(|()| 0);
        Wait { ready, timeout, got, closed: mem::new_vec() }
    }
    pub(super) fn finish_wait(&mut self, w: Wait, reports: &mut (impl Reports + ?Sized)) -> Result<()> {
        // Room that changes have made meanwhile.
        let grown = std::mem::replace(&mut self.ready, w.ready);
        let told = self.report(w.got, &w.closed, reports);
        self.ready.keep_room(grown);
        told
    }
    fn report(
        &mut self,
        got: Result<usize>,
        closed: &[(usize, Interest)],
        reports: &mut (impl Reports + ?Sized),
    ) -> Result<()> {
        match got {
            Ok(0) | Err(Error::Os(c::EINTR)) => return Ok(()),
            Ok(_) => {}
            Err(e) => return Err(e),
        }
        self.start = self.start.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let broken = Interest::READ | Interest::WRITE | Interest::ERROR;
        let r = &self.ready;
        // A failed connect is in the set of exceptions and, on some versions, among the writable ones: reporting twice
        // makes an event active once.
        for (set, what) in [(&r.read, Interest::READ), (&r.except, broken), (&r.write, Interest::WRITE)] {
            let n = os::count(set);
            let sockets = set.get(HEAD..HEAD + n).unwrap_or_default();
            let (head, tail) = sockets.split_at((self.start >> 8) % n.max(1));
            for &s in tail.iter().chain(head) {
                reports.report(s as evutil_socket_t, what);
            }
        }
        for &(s, what) in closed {
            reports.report(s as evutil_socket_t, what);
        }
        Ok(())
    }
}

impl Wait {
    pub(super) fn run(&mut self) {
        if self.got.is_err() {
            return;
        }
        let usec = self.timeout.map(|us| us.min(LONGEST_WAIT));
        if self.ready.is_empty() {
            // select refuses to wait for nothing.
            clock::sleep_us(usec.unwrap_or(LONGEST_WAIT) as i64);
            return;
        }
        // In whole milliseconds, as Windows counts: rounded down, the loop would ask again and again at the end.
        self.got = self.ready.select(usec.map(|us| us.div_ceil(1000) * 1000));
        if self.got == Err(Error::Os(c::EBADF)) {
            self.got = self.around_closed();
        }
        if !matches!(self.got, Ok(_) | Err(Error::Os(c::EINTR))) {
            warn_errno!("select");
        }
    }
    /// Sockets were closed while watched. They are reported as ready, so that their owners find out; the others are
    /// asked alone. A failed select has changed no set.
    #[cold]
    fn around_closed(&mut self) -> Result<usize> {
        let closed = &mut self.closed;
        let mut no_memory = false;
        let r = &mut self.ready;
        for (set, what) in [
            (&mut r.read, Interest::READ),
            (&mut r.write, Interest::WRITE),
            (&mut r.except, Interest::empty()),
        ] {
            let mut at = HEAD;
            while let Some(&s) = set.get(at) {
                if fd::is_open(s as evutil_socket_t) {
                    at += 1;
                    continue;
                }
                no_memory |= !what.is_empty() && closed.try_push((s, what)).is_err();
                set.swap_remove(at);
            }
            os::set_count(set);
        }
        if no_memory {
            return Err(Error::NoMem);
        }
        let n = closed.len();
        if r.is_empty() {
            return Ok(n);
        }
        match r.select(Some(0)) {
            Ok(others) => Ok(n + others),
            // Closed since we looked: next time. Of the others nothing is known.
            Err(Error::Os(c::EBADF | c::EINTR)) => {
                for set in [&mut r.read, &mut r.write, &mut r.except] {
                    set.truncate(HEAD);
                    os::set_count(set);
                }
                Ok(n)
            }
            Err(e) => Err(e),
        }
    }
}
