//! What a backend must do, and the ordered list of the backends that are compiled in.
//!
//! * A backend knows descriptors and interests, never events: `base::io_map` turns one into the other.
//! * `change` is told the old and the new interest of one descriptor. It must survive a descriptor that was
//!   closed and reused behind its back (ENOENT, EEXIST are repaired, not reported).
//! * Waiting is split in three, because the base lock is released while the system sleeps: `start_wait` (locked)
//!   moves what the call needs into a `Wait`, `Wait::run` (unlocked) makes the call, `finish_wait` (locked) reports
//!   and takes the arrays back. Descriptors may change between the three; a report for a descriptor nobody watches
//!   any more is ignored by the io_map.
//! * EINTR is a wait without events, not an error.
//! * Errors and hang-ups are reported as READ | WRITE | ERROR; who watches for CLOSED only is told that.
//! * What happened on one descriptor may be reported in several parts.
//! * A backend may watch signals itself (`watches_signals`), and wake the loop without a descriptor (`wake_up`).
#[cfg(any(has_epoll, has_kqueue))]
mod changelist;
#[cfg(has_ports)]
mod devpoll;
#[cfg(has_epoll)]
mod epoll;
#[cfg(has_ports)]
mod evport;
#[cfg(has_kqueue)]
mod kqueue;
mod list;
#[cfg(unix)]
mod poll;
#[cfg(feature = "scripted")]
pub mod scripted;
#[cfg(unix)]
mod select;
#[cfg(windows)]
mod win32select;

pub use list::{Info, LIST, by_name};

use crate::abi::event::Feature;
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};
use std::ffi::{CStr, c_int};

bitflags::bitflags! {
    /// What is watched on a descriptor, and what happened on it. READ, WRITE, CLOSED and ET have the values of
    /// `EV_READ`, `EV_WRITE`, `EV_CLOSED` and `EV_ET`, so that no report has to be translated.
    #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
    pub struct Interest: u8 {
        /// Disarm after one report; only for backends whose `Backend::oneshot` is true.
        const ONESHOT = 0x01;
        const READ = 0x02;
        const WRITE = 0x04;
        /// Edge triggered.
        const ET = 0x20;
        /// In reports only, beside READ and WRITE: an error or a hang-up.
        const ERROR = 0x40;
        const CLOSED = 0x80;
    }
}

impl Interest {
    /// READ, WRITE and CLOSED, without the ways of reporting them.
    pub const WHAT: Interest =
        Interest::from_bits_retain(Interest::READ.bits() | Interest::WRITE.bits() | Interest::CLOSED.bits());
}

/// A descriptor whose interest changes.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub fd: evutil_socket_t,
    pub old: Interest,
    pub new: Interest,
    /// The kernel's entry exists but has been disarmed by a one-shot report.
    pub disarmed: bool,
    /// The event that is added is the one that was deleted last, and its owner has not assigned it anew: the
    /// descriptor is still the same file (as far as the contract of EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST goes).
    pub same_event: bool,
}

/// How a backend is to work, from the base's flags and the environment.
#[derive(Clone, Copy, Default, Debug)]
pub struct Options {
    /// Collect changes and make them just before the wait (epoll only).
    pub changelist: bool,
    /// Wait with more than a millisecond's precision (epoll only; select is precise by nature).
    pub precise_timer: bool,
}

enum Kind {
    #[cfg(has_epoll)]
    Epoll(epoll::Epoll),
    #[cfg(has_ports)]
    Evport(evport::Evport),
    #[cfg(has_ports)]
    Devpoll(devpoll::Devpoll),
    #[cfg(has_kqueue)]
    Kqueue(kqueue::Kqueue),
    #[cfg(unix)]
    Poll(poll::Poll),
    #[cfg(unix)]
    Select(select::Select),
    #[cfg(windows)]
    Win32(win32select::Win32),
    #[cfg(feature = "scripted")]
    Scripted(scripted::Scripted),
}

/// A live backend. Dropping it closes what it opened.
pub struct Backend {
    kind: Kind,
    info: &'static Info,
    /// Differs from `info.name` for epoll with a changelist.
    name: &'static CStr,
    oneshot: bool,
}

/// One wait under way, owned by the thread that runs the loop.
pub struct Wait(WaitKind);

enum WaitKind {
    #[cfg(has_epoll)]
    Epoll(epoll::Wait),
    #[cfg(has_ports)]
    Evport(evport::Wait),
    #[cfg(has_ports)]
    Devpoll(devpoll::Wait),
    #[cfg(has_kqueue)]
    Kqueue(kqueue::Wait),
    #[cfg(unix)]
    Poll(poll::Wait),
    #[cfg(unix)]
    Select(select::Wait),
    #[cfg(windows)]
    Win32(win32select::Wait),
    #[cfg(feature = "scripted")]
    Scripted,
}

/// Ends waits of the backend that made it. Its owner may use it, and drop it, after the backend has gone.
pub struct WakeUp(WakeUpKind);

enum WakeUpKind {
    #[cfg(has_ports)]
    Evport(evport::WakeUp),
    #[cfg(has_kqueue)]
    Kqueue(kqueue::WakeUp),
}

impl WakeUp {
    /// Any number of wake-ups before the next wait are one.
    pub fn wake(&self) -> Result<()> {
        // By value, so that nothing is left to match where no backend can do this.
        match self.0 {
            #[cfg(has_ports)]
            WakeUpKind::Evport(ref w) => w.wake(),
            #[cfg(has_kqueue)]
            WakeUpKind::Kqueue(ref w) => w.wake(),
        }
    }
}

/// Takes the reports of a wait. A trait and not a closure, so that it can be inlined into each backend's loop.
pub trait Reports {
    /// `what` happened on `fd`.
    fn report(&mut self, fd: evutil_socket_t, what: Interest);
    /// `signal` came `times` times; only from a backend that watches signals.
    fn signal(&mut self, _signal: c_int, _times: u32) {}
    /// A [`WakeUp`] of the backend was used.
    fn woken(&mut self) {}
}
struct Closure<F>(F);
impl<F: FnMut(evutil_socket_t, Interest)> Reports for Closure<F> {
    fn report(&mut self, fd: evutil_socket_t, what: Interest) {
        (self.0)(fd, what)
    }
}

impl Backend {
    /// Opens the backend that `info` describes. Error: the system does not have it, or is out of something.
    pub fn new(info: &'static Info, options: Options) -> Result<Backend> {
        let (kind, name, oneshot) = match (info.id, options) {
            #[cfg(has_epoll)]
            (list::Id::Epoll, options) => (
                Kind::Epoll(epoll::Epoll::new(options)?),
                if options.changelist { c"epoll (with changelist)" } else { info.name },
                !options.changelist,
            ),
            #[cfg(has_ports)]
            (list::Id::Evport, _) => (Kind::Evport(evport::Evport::new()?), info.name, false),
            #[cfg(has_ports)]
            (list::Id::Devpoll, _) => (Kind::Devpoll(devpoll::Devpoll::new()?), info.name, false),
            #[cfg(has_kqueue)]
            (list::Id::Kqueue, _) => (Kind::Kqueue(kqueue::Kqueue::new()?), info.name, false),
            #[cfg(unix)]
            (list::Id::Poll, _) => (Kind::Poll(poll::Poll::new()), info.name, false),
            #[cfg(unix)]
            (list::Id::Select, _) => (Kind::Select(select::Select::new()), info.name, false),
            #[cfg(windows)]
            (list::Id::Win32, _) => (Kind::Win32(win32select::Win32::new()), info.name, false),
            #[cfg(feature = "scripted")]
            (list::Id::Scripted, _) => (Kind::Scripted(scripted::Scripted::default()), info.name, true),
        };
        Ok(Backend { kind, info, name, oneshot })
    }
    /// For `event_base_get_method`.
    pub fn name(&self) -> &'static CStr {
        self.name
    }
    pub fn info(&self) -> &'static Info {
        self.info
    }
    pub fn features(&self) -> Feature {
        self.info.features
    }
    /// True if `Interest::ONESHOT` may be asked for.
    #[inline]
    pub fn oneshot(&self) -> bool {
        self.oneshot
    }
    /// True if changes are collected and applied by `start_wait`.
    #[inline]
    pub fn defers_changes(&self) -> bool {
        match &self.kind {
            #[cfg(has_epoll)]
            Kind::Epoll(e) => e.defers_changes(),
            #[cfg(has_kqueue)]
            Kind::Kqueue(_) => true,
            _ => false,
        }
    }
    /// True if a change made while another thread waits counts for that wait already.
    #[inline]
    pub fn changes_reach_wait(&self) -> bool {
        match &self.kind {
            #[cfg(has_epoll)]
            Kind::Epoll(e) => !e.defers_changes(),
            #[cfg(has_ports)]
            Kind::Evport(_) => true,
            _ => false,
        }
    }
    /// True if [`Self::watch_signal`] works: signals are reported like descriptors, and every base that watches one
    /// is told of it.
    #[inline]
    pub fn watches_signals(&self) -> bool {
        match self.kind {
            #[cfg(has_kqueue)]
            Kind::Kqueue(_) => true,
            _ => false,
        }
    }
    /// Begins (`on`) or ends to report `signal`, at once, also for a wait under way. How often a signal came counts from
    /// here. The signal's action is the caller's business.
    pub fn watch_signal(&mut self, signal: c_int, on: bool) -> Result<()> {
        match (&mut self.kind, signal, on) {
            #[cfg(has_kqueue)]
            (Kind::Kqueue(k), signal, on) => k.watch_signal(signal, on),
            _ => Err(Error::Invalid),
        }
    }
    /// A way to end a wait from another thread, which then reports [`Reports::woken`]. None: the base uses a descriptor.
    pub fn wake_up(&mut self) -> Result<Option<WakeUp>> {
        match &mut self.kind {
            #[cfg(has_ports)]
            Kind::Evport(e) => Ok(Some(WakeUp(WakeUpKind::Evport(e.wake_up())))),
            #[cfg(has_kqueue)]
            Kind::Kqueue(k) => Ok(k.wake_up()?.map(|w| WakeUp(WakeUpKind::Kqueue(w)))),
            _ => Ok(None),
        }
    }
    /// Makes `change`. On failure everything is as before.
    #[inline]
    pub fn change(&mut self, change: Change) -> Result<()> {
        match &mut self.kind {
            #[cfg(has_epoll)]
            Kind::Epoll(e) => e.change(change),
            #[cfg(has_ports)]
            Kind::Evport(e) => e.change(change),
            #[cfg(has_ports)]
            Kind::Devpoll(d) => d.change(change),
            #[cfg(has_kqueue)]
            Kind::Kqueue(k) => k.change(change),
            #[cfg(unix)]
            Kind::Poll(p) => p.change(change),
            #[cfg(unix)]
            Kind::Select(s) => s.change(change),
            #[cfg(windows)]
            Kind::Win32(w) => w.change(change),
            #[cfg(feature = "scripted")]
            Kind::Scripted(s) => s.change(change),
        }
    }
    /// Prepares a wait of at most `timeout` microseconds (None: without end; 0: look only). Base lock held.
    #[inline]
    pub fn start_wait(&mut self, timeout: Option<u64>) -> Wait {
        #[cfg(has_epoll)]
        if let Kind::Epoll(e) = &mut self.kind {
            return Wait(WaitKind::Epoll(e.start_wait(timeout)));
        }
        self.start_other_wait(timeout)
    }
    // Out of line, so that the wait of epoll, which is short, need not be moved about with room for the others'. The
    // matches name all backends, so that none is forgotten.
    #[inline(never)]
    fn start_other_wait(&mut self, timeout: Option<u64>) -> Wait {
        Wait(match &mut self.kind {
            #[cfg(has_epoll)]
            Kind::Epoll(e) => WaitKind::Epoll(e.start_wait(timeout)),
            #[cfg(has_ports)]
            Kind::Evport(e) => WaitKind::Evport(e.start_wait(timeout)),
            #[cfg(has_ports)]
            Kind::Devpoll(d) => WaitKind::Devpoll(d.start_wait(timeout)),
            #[cfg(has_kqueue)]
            Kind::Kqueue(k) => WaitKind::Kqueue(k.start_wait(timeout)),
            #[cfg(unix)]
            Kind::Poll(p) => WaitKind::Poll(p.start_wait(timeout)),
            #[cfg(unix)]
            Kind::Select(s) => WaitKind::Select(s.start_wait(timeout)),
            #[cfg(windows)]
            Kind::Win32(w) => WaitKind::Win32(w.start_wait(timeout)),
            #[cfg(feature = "scripted")]
            Kind::Scripted(s) => {
                s.start_wait(timeout);
                WaitKind::Scripted
            }
        })
    }
    /// Reports (descriptor, what happened) of `wait` and takes its arrays back. Base lock held again.
    #[inline]
    pub fn finish_wait_into(&mut self, wait: Wait, reports: &mut impl Reports) -> Result<()> {
        #[cfg(has_epoll)]
        if let (Kind::Epoll(e), WaitKind::Epoll(w)) = (&mut self.kind, &wait.0) {
            return e.finish_wait(w, reports);
        }
        self.finish_other_wait(wait, reports)
    }
    #[inline(never)]
    fn finish_other_wait(&mut self, wait: Wait, reports: &mut impl Reports) -> Result<()> {
        match (&mut self.kind, wait.0) {
            #[cfg(has_ports)]
            (Kind::Evport(e), WaitKind::Evport(w)) => e.finish_wait(w, reports),
            #[cfg(has_ports)]
            (Kind::Devpoll(d), WaitKind::Devpoll(w)) => d.finish_wait(w, reports),
            #[cfg(has_kqueue)]
            (Kind::Kqueue(k), WaitKind::Kqueue(w)) => k.finish_wait(w, reports),
            #[cfg(unix)]
            (Kind::Poll(p), WaitKind::Poll(w)) => p.finish_wait(w, reports),
            #[cfg(unix)]
            (Kind::Select(s), WaitKind::Select(w)) => s.finish_wait(w, reports),
            #[cfg(windows)]
            (Kind::Win32(b), WaitKind::Win32(w)) => b.finish_wait(w, reports),
            #[cfg(feature = "scripted")]
            (Kind::Scripted(s), WaitKind::Scripted) => s.finish_wait(reports),
            #[allow(unreachable_patterns, reason = "some systems have one backend only")]
            // A wait of another backend: the loop lost track of what it started.
            _ => Err(Error::Invalid),
        }
    }
    /// [`Self::finish_wait_into`] a closure.
    pub fn finish_wait(&mut self, wait: Wait, report: impl FnMut(evutil_socket_t, Interest)) -> Result<()> {
        self.finish_wait_into(wait, &mut Closure(report))
    }
}

impl Wait {
    /// The system call. No lock is held.
    #[inline]
    pub fn run(&mut self) {
        #[cfg(has_epoll)]
        if let WaitKind::Epoll(w) = &mut self.0 {
            return w.run();
        }
        self.run_other()
    }
    #[inline(never)]
    fn run_other(&mut self) {
        match &mut self.0 {
            #[cfg(has_epoll)]
            WaitKind::Epoll(w) => w.run(),
            #[cfg(has_ports)]
            WaitKind::Evport(w) => w.run(),
            #[cfg(has_ports)]
            WaitKind::Devpoll(w) => w.run(),
            #[cfg(has_kqueue)]
            WaitKind::Kqueue(w) => w.run(),
            #[cfg(unix)]
            WaitKind::Poll(w) => w.run(),
            #[cfg(unix)]
            WaitKind::Select(w) => w.run(),
            #[cfg(windows)]
            WaitKind::Win32(w) => w.run(),
            #[cfg(feature = "scripted")]
            WaitKind::Scripted => {}
        }
    }
}

/// Microseconds as milliseconds for poll and epoll_wait: never early, clamped to what the call takes, -1 for None.
#[cfg(unix)]
#[allow(clippy::manual_div_ceil, reason = "cheaper, and the sum fits")]
fn to_msec(timeout: Option<u64>) -> c_int {
    match timeout {
        None => -1,
        Some(us) => ((us.min(c_int::MAX as u64 * 1000 - 999) + 999) / 1000) as c_int,
    }
}
