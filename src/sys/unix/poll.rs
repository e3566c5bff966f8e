//! poll
use super::cvt;
use crate::Result;
use libc::{c_int, c_short, pollfd};

/// "The peer closed its half", or 0 where poll cannot tell.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "illumos"))]
pub const RDHUP: c_short = libc::POLLRDHUP;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "illumos")))]
pub const RDHUP: c_short = 0;

/// The number of entries with something to report; `msec` -1 waits without end.
#[inline]
pub fn poll(set: &mut [pollfd], msec: c_int) -> Result<usize> {
    // SAFETY: the kernel reads and writes `set.len()` entries.
    cvt(unsafe { libc::poll(set.as_mut_ptr(), set.len() as libc::nfds_t, msec) }).map(|n| n as usize)
}
