//! kqueue and kevent: the BSDs' and Apple's, or, on Linux, the miniature's with FreeBSD's layout.
use super::{cvt, fd};
use crate::Result;
use std::ffi::c_int;
use std::mem::zeroed;
use std::ptr::{null, null_mut};

#[cfg(target_os = "linux")]
use crate::sys::miniature::kqueue as os;
#[cfg(not(target_os = "linux"))]
use libc as os;

#[cfg(target_os = "linux")]
type Timespec = libc::timespec;
#[cfg(not(target_os = "linux"))]
use libc::timespec as Timespec;

/// The types of `filter`, `flags` and the two counts, which NetBSD has chosen otherwise.
#[cfg(target_os = "netbsd")]
mod types {
    pub type Filter = u32;
    pub type Flags = u32;
    pub(super) type Count = libc::size_t;
}
#[cfg(not(target_os = "netbsd"))]
mod types {
    pub type Filter = i16;
    pub type Flags = u16;
    pub(super) type Count = std::ffi::c_int;
}
pub use types::{Filter, Flags};

pub const READ: Filter = os::EVFILT_READ;
pub const WRITE: Filter = os::EVFILT_WRITE;
pub const SIGNAL: Filter = os::EVFILT_SIGNAL;
pub const USER: Filter = os::EVFILT_USER;

pub const ADD: Flags = os::EV_ADD;
pub const DELETE: Flags = os::EV_DELETE;
/// Reported once per change: edge triggered.
pub const CLEAR: Flags = os::EV_CLEAR;
pub const ERROR: Flags = os::EV_ERROR;
pub const EOF: Flags = os::EV_EOF;

pub const TRIGGER: u32 = os::NOTE_TRIGGER;
/// `data` of a socket's entry says how many bytes must be there; its end is reported whatever it says.
pub const LOW_WATER: u32 = os::NOTE_LOWAT;
/// Regular files are always ready to be read, as for poll; 0 where there is no such thing.
#[cfg(any(target_os = "freebsd", target_os = "linux"))]
pub const AS_POLL: u32 = os::NOTE_FILE_POLL;
#[cfg(target_os = "openbsd")]
pub const AS_POLL: u32 = os::NOTE_EOF;
#[cfg(not(any(target_os = "freebsd", target_os = "linux", target_os = "openbsd")))]
pub const AS_POLL: u32 = 0;

/// `struct kevent`: a change, or what happened.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Entry(os::kevent);

// SAFETY: `udata` holds a number, never a pointer.
unsafe impl Send for Entry {}

const _: () = {
    use std::mem::{offset_of, size_of};
    type K = os::kevent;
    assert!(offset_of!(K, ident) == 0 && offset_of!(K, filter) == size_of::<usize>());
    #[cfg(all(target_os = "netbsd", target_pointer_width = "64"))]
    {
        assert!(size_of::<K>() == 40 && offset_of!(K, flags) == 12 && offset_of!(K, fflags) == 16);
        assert!(offset_of!(K, data) == 24 && offset_of!(K, udata) == 32);
    }
    #[cfg(all(not(target_os = "netbsd"), target_pointer_width = "64"))]
    {
        assert!(offset_of!(K, flags) == 10 && offset_of!(K, fflags) == 12);
        assert!(offset_of!(K, data) == 16 && offset_of!(K, udata) == 24);
        #[cfg(any(target_os = "freebsd", target_os = "linux"))]
        assert!(size_of::<K>() == 64 && offset_of!(K, ext) == 32);
        #[cfg(not(any(target_os = "freebsd", target_os = "linux")))]
        assert!(size_of::<K>() == 32);
    }
};

impl Entry {
    /// Does nothing; fills an array.
    pub const fn empty() -> Entry {
        // SAFETY: numbers and a pointer that is nothing but a number.
        Entry(unsafe { zeroed() })
    }
    /// `EV_SET`. `mark` comes back with what is reported.
    pub fn new(ident: usize, filter: Filter, flags: Flags, fflags: u32, data: i64, mark: usize) -> Entry {
        let mut e = Entry::empty();
        e.0.ident = ident;
        e.0.filter = filter;
        e.0.flags = flags;
        e.0.fflags = fflags;
        e.0.data = data as _;
        e.0.udata = mark as _;
        e
    }
    #[inline]
    pub fn ident(&self) -> usize {
        self.0.ident
    }
    #[inline]
    pub fn filter(&self) -> Filter {
        self.0.filter
    }
    #[inline]
    pub fn has(&self, flag: Flags) -> bool {
        self.0.flags & flag != 0
    }
    #[inline]
    pub fn fflags(&self) -> u32 {
        self.0.fflags
    }
    /// For ERROR entries an errno; otherwise the filter's own.
    #[inline]
    #[allow(clippy::unnecessary_cast, reason = "not an i64 everywhere")]
    pub fn data(&self) -> i64 {
        self.0.data as i64
    }
    #[inline]
    pub fn mark(&self) -> usize {
        self.0.udata as usize
    }
}

/// A new queue, closed on exec. A child of fork does not have it.
pub fn create() -> Result<c_int> {
    #[cfg(target_os = "netbsd")]
    // SAFETY: no pointers.
    return cvt(unsafe { os::kqueue1(libc::O_CLOEXEC) });
    #[cfg(not(target_os = "netbsd"))]
    {
        // SAFETY: no pointers.
        let kq = cvt(unsafe { os::kqueue() })?;
        if let Err(e) = fd::set_cloexec(kq) {
            close(kq);
            return Err(e);
        }
        Ok(kq)
    }
}

/// Makes `changes`, then fills `events` from its start and says how many there are. Microseconds; None waits without
/// end. A change that fails takes an entry with ERROR, and then nothing else is reported; without room for it the call
/// fails.
#[inline]
pub fn kevent(kq: c_int, changes: &[Entry], events: &mut [Entry], usec: Option<u64>) -> Result<usize> {
    let span = usec.map(|us| {
        // SAFETY: all-zero is a time.
        let mut t: Timespec = unsafe { zeroed() };
        t.tv_sec = (us / 1_000_000) as _;
        t.tv_nsec = ((us % 1_000_000) * 1000) as _;
        t
    });
    let span_ptr = span.as_ref().map_or(null(), |t| t as *const Timespec);
    let count = |n: usize| n.min(c_int::MAX as usize) as types::Count;
    let changes_ptr: *const os::kevent = if changes.is_empty() { null() } else { changes.as_ptr().cast() };
    let events_ptr: *mut os::kevent = if events.is_empty() { null_mut() } else { events.as_mut_ptr().cast() };
    // SAFETY: an Entry is a struct kevent; both arrays are as long as is said, and `span` lives for the call.
    let n = unsafe {
        os::kevent(kq, changes_ptr, count(changes.len()), events_ptr, count(events.len()), span_ptr)
    };
    cvt(n).map(|n| n as usize)
}

/// Closes a queue.
pub fn close(kq: c_int) {
    #[cfg(target_os = "linux")]
    os::close(kq);
    #[cfg(not(target_os = "linux"))]
    fd::close(kq);
}

/// The process, to tell a child of fork, which has no queue, from its parent.
pub fn process() -> c_int {
    // SAFETY: no arguments.
    unsafe { libc::getpid() }
}
