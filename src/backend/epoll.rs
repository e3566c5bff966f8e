//! epoll.
//!
//! Non-persistent events that are alone on their descriptor use EPOLLONESHOT: the kernel disarms the entry with the
//! report, the deletion that follows costs nothing, and adding again is one MOD.
use super::changelist::Changelist;
use super::{Change, Interest, Options, Reports, to_msec};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, TryVec, Vec};
use crate::sys::epoll as os;
use crate::{Error, Result, debugx, warn_errno};
use libc::{EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, c_int, epoll_event};

const FIRST_ROOM: usize = 32;
const MOST_ROOM: usize = 4096;
/// Nine years in microseconds: fits every form of a timeout. The loop simply asks again.
const LONGEST_WAIT: u64 = 1 << 48;

/// How to wait with microseconds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Precision {
    /// Not asked for: epoll_wait and its milliseconds.
    Millisecond,
    Pwait2,
    /// A timer descriptor in the set, on kernels without epoll_pwait2.
    Timer(c_int),
}

pub(super) struct Epoll {
    epfd: c_int,
    precision: Precision,
    /// While a wait is under way, it alone uses them; nothing moves them meanwhile.
    events: Vec<epoll_event>,
    changes: Option<Changelist>,
}

pub(super) struct Wait {
    epfd: c_int,
    precision: Precision,
    timeout: Option<u64>,
    /// The backend's array: moving it out and back would cost more than the rest of a wait.
    events: *mut [epoll_event],
    got: Result<usize>,
}

fn flags_of(i: Interest) -> u32 {
    let mut flags = 0;
    for (interest, flag) in [
        (Interest::READ, libc::EPOLLIN),
        (Interest::WRITE, libc::EPOLLOUT),
        (Interest::CLOSED, libc::EPOLLRDHUP),
        (Interest::ET, libc::EPOLLET),
        (Interest::ONESHOT, libc::EPOLLONESHOT),
    ] {
        if i.contains(interest) {
            flags |= flag as u32;
        }
    }
    flags
}

/// What the kernel's flags mean. A hang-up together with RDHUP is the peer's orderly end.
#[inline]
fn what(flags: u32) -> Interest {
    const ERR: u32 = libc::EPOLLERR as u32;
    const HUP: u32 = libc::EPOLLHUP as u32;
    const RDHUP: u32 = libc::EPOLLRDHUP as u32;
    const { assert!(libc::EPOLLIN as u32 == 1 && libc::EPOLLOUT as u32 == 4 && RDHUP == 0x2000) };
    if flags == libc::EPOLLIN as u32 {
        return Interest::READ.union(Interest::ET);
    }
    // From the kernel's bits to ours by shifting.
    let mut bits = ((flags & 1) << 1) | (flags & 4) | ((flags & RDHUP) >> 6);
    if flags & (ERR | HUP) != 0 && flags & (ERR | RDHUP) != RDHUP {
        bits = u32::from((Interest::READ | Interest::WRITE | Interest::ERROR).bits());
    }
    Interest::from_bits_retain(bits as u8 | Interest::ET.bits())
}

/// Brings the kernel's entry of `fd` from `old` to `new`, whatever has become of the descriptor meanwhile.
fn apply(epfd: c_int, fd: evutil_socket_t, old: Interest, new: Interest, disarmed: bool) -> Result<()> {
    let known = disarmed || old.intersects(Interest::WHAT);
    if !new.intersects(Interest::WHAT) {
        if !known {
            return Ok(());
        }
        return match os::ctl(epfd, EPOLL_CTL_DEL, fd, 0) {
            // Closed already, or closed and its number reused: the kernel has forgotten it.
            Err(Error::Os(libc::ENOENT | libc::EBADF | libc::EPERM)) => Ok(()),
            Err(e) => {
                warn_errno!("epoll: fd {fd} cannot be deleted");
                Err(e)
            }
            Ok(()) => Ok(()),
        };
    }
    let flags = flags_of(new);
    let (op, other, repairs) = if known {
        // Closed and reused behind our back.
        (EPOLL_CTL_MOD, EPOLL_CTL_ADD, libc::ENOENT)
    } else {
        // The same file under the same number again, by dup.
        (EPOLL_CTL_ADD, EPOLL_CTL_MOD, libc::EEXIST)
    };
    let mut done = os::ctl(epfd, op, fd, flags);
    if done == Err(Error::Os(repairs)) {
        debugx!("epoll: fd {fd} is not what it was, trying the other way");
        done = os::ctl(epfd, other, fd, flags);
    }
    if done.is_err() {
        warn_errno!("epoll: fd {fd} cannot be watched (interest {:#x}, was {:#x})", new.bits(), old.bits());
    }
    done
}

impl Epoll {
    pub(super) fn new(options: Options) -> Result<Epoll> {
        let epfd = os::create().inspect_err(|&e| {
            if e != Error::Os(libc::ENOSYS) {
                warn_errno!("epoll_create1");
            }
        })?;
        let mut epoll = Epoll {
            epfd,
            precision: if options.precise_timer { Precision::Pwait2 } else { Precision::Millisecond },
            events: mem::new_vec(),
            changes: options.changelist.then(Changelist::new),
        };
        epoll.room(FIRST_ROOM)?;
        Ok(epoll)
    }
    #[cold]
    fn room(&mut self, n: usize) -> Result<()> {
        self.events.try_resize(n, epoll_event { events: 0, u64: 0 })
    }
    #[inline]
    pub(super) fn defers_changes(&self) -> bool {
        self.changes.is_some()
    }
    #[inline]
    pub(super) fn change(&mut self, c: Change) -> Result<()> {
        match &mut self.changes {
            None => apply(self.epfd, c.fd, c.old, c.new, c.disarmed),
            Some(list) => list.record(c),
        }
    }
    #[inline]
    pub(super) fn start_wait(&mut self, timeout: Option<u64>) -> Wait {
        if let Some(list) = &mut self.changes {
            let epfd = self.epfd;
            // A failure has been logged; the descriptor is simply not reported, as with the original.
            list.drain(|fd, old, new| {
                let _ = apply(epfd, fd, old, new, false);
            });
        }
        Wait {
            epfd: self.epfd,
            precision: self.precision,
            timeout: timeout.map(|us| us.min(LONGEST_WAIT)),
            events: &raw mut self.events[..],
            got: Ok(0),
        }
    }
    #[inline]
    pub(super) fn finish_wait(&mut self, w: &Wait, reports: &mut (impl Reports + ?Sized)) -> Result<()> {
        self.precision = w.precision;
        let mut n = match w.got {
            Ok(n) => n,
            Err(Error::Os(libc::EINTR)) => 0,
            Err(e) => return Err(e),
        };
        let full = n == self.events.len();
        if let Precision::Timer(fd) = w.precision {
            n = drop_event_of(fd, &mut self.events, n);
        }
        for e in self.events.get(..n).unwrap_or_default() {
            let (flags, fd) = (e.events, e.u64 as u32 as evutil_socket_t);
            reports.report(fd, what(flags));
        }
        if full && self.events.len() < MOST_ROOM {
            // There may be more than fitted; without memory the next turn gets the rest all the same.
            let _ = self.room((self.events.len() * 2).min(MOST_ROOM));
        }
        Ok(())
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        os::close(self.epfd);
        if let Precision::Timer(fd) = self.precision {
            os::close(fd);
        }
    }
}

impl Wait {
    #[inline]
    pub(super) fn run(&mut self) {
        if self.got.is_err() {
            return;
        }
        // SAFETY: the backend's array, which stays where it is until the wait is over (see `Epoll`).
        let events = unsafe { &mut *self.events };
        self.got = match self.precision {
            Precision::Millisecond => os::wait(self.epfd, events, to_msec(self.timeout)),
            _ if self.timeout == Some(0) => os::wait(self.epfd, events, 0),
            _ => self.run_precisely(events),
        };
        if self.got.is_err() && self.got != Err(Error::Os(libc::EINTR)) {
            warn_errno!("epoll_wait");
        }
    }
    #[inline(never)]
    fn run_precisely(&mut self, events: &mut [epoll_event]) -> Result<usize> {
        if self.precision == Precision::Pwait2 {
            match os::pwait2(self.epfd, events, self.timeout) {
                // EPERM: a sandbox that does not know the call.
                Err(Error::Os(libc::ENOSYS | libc::EPERM)) => self.precision = open_timer(self.epfd),
                r => return r,
            }
        }
        match self.precision {
            Precision::Timer(timer) if os::set_timer(timer, self.timeout).is_ok() => {
                os::wait(self.epfd, events, -1)
            }
            _ => os::wait(self.epfd, events, to_msec(self.timeout)),
        }
    }
}

/// Takes the report about `fd`, if there is one, out of the first `n`. How many are left.
#[cold]
fn drop_event_of(fd: c_int, events: &mut [epoll_event], n: usize) -> usize {
    match events.iter().take(n).position(|e| e.u64 == fd as u64) {
        Some(i) => {
            events.swap(i, n - 1);
            n - 1
        }
        None => n,
    }
}

/// A timer descriptor in the set, edge triggered so that its expiry need not be read. Milliseconds without it.
fn open_timer(epfd: c_int) -> Precision {
    let Ok(timer) = os::timer() else { return Precision::Millisecond };
    if os::ctl(epfd, EPOLL_CTL_ADD, timer, (libc::EPOLLIN | libc::EPOLLET) as u32).is_err() {
        os::close(timer);
        return Precision::Millisecond;
    }
    Precision::Timer(timer)
}

#[cfg(test)]
mod tests {
    use super::super::Closure;
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn flags_become_interests() {
        let (r, w, c) = (Interest::READ, Interest::WRITE, Interest::CLOSED);
        let error = r | w | Interest::ERROR;
        for (flags, means) in [
            (libc::EPOLLIN, r),
            (libc::EPOLLOUT, w),
            (libc::EPOLLIN | libc::EPOLLOUT, r | w),
            (libc::EPOLLRDHUP, c),
            (libc::EPOLLIN | libc::EPOLLRDHUP, r | c),
            (libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLHUP, r | c),
            (libc::EPOLLHUP, error),
            (libc::EPOLLIN | libc::EPOLLHUP, error),
            (libc::EPOLLERR, error),
            (libc::EPOLLIN | libc::EPOLLERR | libc::EPOLLHUP | libc::EPOLLRDHUP, error),
            (libc::EPOLLERR | libc::EPOLLRDHUP, error),
            (libc::EPOLLPRI, Interest::empty()),
        ] {
            assert_eq!(what(flags as u32), means | Interest::ET, "{flags:#x}");
        }
    }

    #[test]
    fn a_timer_descriptor_serves_kernels_without_pwait2() {
        let mut e = Epoll::new(Options { changelist: false, precise_timer: true }).unwrap();
        e.precision = open_timer(e.epfd);
        assert!(matches!(e.precision, Precision::Timer(_)));
        let mut best = Duration::MAX;
        for us in [300, 0, 1, 300, 300] {
            let start = Instant::now();
            let mut w = e.start_wait(Some(us));
            w.run();
            e.finish_wait(&w, &mut Closure(|_, _| unreachable!("the timer is nobody's event"))).unwrap();
            assert!(start.elapsed() >= Duration::from_micros(us));
            best = best.min(start.elapsed());
        }
        assert!(best < Duration::from_millis(1));
        let mut p = [0; 2];
        // SAFETY: two numbers.
        assert_eq!(unsafe { libc::pipe(p.as_mut_ptr()) }, 0);
        let change = |fd, new| Change { fd, old: Interest::empty(), new, disarmed: false, same_event: false };
        e.change(change(p[1], Interest::WRITE)).unwrap();
        for timeout in [None, Some(u64::MAX), Some(0)] {
            let mut w = e.start_wait(timeout);
            w.run();
            let mut seen = 0;
            let mut see = Closure(|fd, what| {
                assert_eq!((fd, what), (p[1], Interest::WRITE | Interest::ET));
                seen += 1;
            });
            e.finish_wait(&w, &mut see).unwrap();
            assert_eq!(seen, 1);
        }
        os::close(p[0]);
        os::close(p[1]);
    }
}
