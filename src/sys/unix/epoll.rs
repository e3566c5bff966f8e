//! epoll and its precise relatives.
use super::{cvt, fd};
use crate::Result;
use libc::{c_int, epoll_event, timespec};
use std::ptr::{null, null_mut};

/// A new epoll descriptor, closed on exec.
pub fn create() -> Result<c_int> {
    // SAFETY: no pointers.
    cvt(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

/// `EPOLL_CTL_*` of `fd`, whose number is the entry's data.
#[inline]
pub fn ctl(epfd: c_int, op: c_int, fd: c_int, events: u32) -> Result<()> {
    let mut e = epoll_event { events, u64: fd as u32 as u64 };
    // SAFETY: `e` lives for the call.
    cvt(unsafe { libc::epoll_ctl(epfd, op, fd, &mut e) }).map(drop)
}

/// Fills `events` from its start; `msec` -1 waits without end.
#[inline]
pub fn wait(epfd: c_int, events: &mut [epoll_event], msec: c_int) -> Result<usize> {
    let room = events.len().min(c_int::MAX as usize) as c_int;
    // SAFETY: at least `room` entries may be written.
    cvt(unsafe { libc::epoll_wait(epfd, events.as_mut_ptr(), room, msec) }).map(|n| n as usize)
}

/// As [`wait`], with the timeout in microseconds. ENOSYS before Linux 5.11.
pub fn pwait2(epfd: c_int, events: &mut [epoll_event], usec: Option<u64>) -> Result<usize> {
    let room = events.len().min(c_int::MAX as usize) as c_int;
    // The system call takes two 64-bit words on every architecture, whatever time_t is.
    let span = usec.map(|us| [(us / 1_000_000) as i64, (us % 1_000_000) as i64 * 1000]);
    let span_ptr = span.as_ref().map_or(null(), |s| s.as_ptr());
    // SAFETY: at least `room` entries may be written; `span` lives for the call; no signal mask.
    let n = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epfd,
            events.as_mut_ptr(),
            room,
            span_ptr,
            null::<libc::sigset_t>(),
            0usize,
        )
    };
    cvt(n as c_int).map(|n| n as usize)
}

/// A monotonic timer descriptor, for kernels without [`pwait2`].
pub fn timer() -> Result<c_int> {
    // SAFETY: no pointers.
    cvt(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) })
}

/// Arms `timer` to fire once in `usec` microseconds (at least one), or disarms it.
pub fn set_timer(timer: c_int, usec: Option<u64>) -> Result<()> {
    let us = usec.map_or(0, |us| us.max(1));
    let spec = libc::itimerspec {
        it_interval: timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: timespec {
            tv_sec: (us / 1_000_000).min(super::c::time_t::MAX as u64) as super::c::time_t,
            tv_nsec: ((us % 1_000_000) * 1000) as libc::c_long,
        },
    };
    // SAFETY: `spec` lives for the call; the old value is not wanted.
    cvt(unsafe { libc::timerfd_settime(timer, 0, &spec, null_mut()) }).map(drop)
}

/// Closes a descriptor made here.
pub fn close(fd_: c_int) {
    fd::close(fd_);
}
