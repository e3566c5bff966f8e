//! /dev/poll of Solaris and illumos.
use super::{cvt, cvt_size};
use crate::Result;
#[cfg(target_os = "linux")]
use crate::sys::miniature::devpoll as system;
#[cfg(not(target_os = "linux"))]
use libc as system;
use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, c_int, c_short, c_void, nfds_t, pollfd};
use std::ptr::null_mut;

// libc has nothing of <sys/devpoll.h>.
const DP_POLL: c_int = 0xd0 << 8 | 1;
const DP_ISPOLLED: c_int = 0xd0 << 8 | 2;
/// In `events`, alone: the descriptor leaves the set.
pub const POLLREMOVE: c_short = 0x0800;
/// What DP_POLL takes. The last member is read by DP_PPOLL only, and not by all systems.
#[repr(C)]
struct Dvpoll {
    fds: *mut pollfd,
    nfds: nfds_t,
    timeout: c_int,
    set: *mut c_void,
}
const _: () = {
    use std::mem::offset_of;
    let word = size_of::<usize>();
    assert!(size_of::<pollfd>() == 8 && size_of::<nfds_t>() == word && size_of::<Dvpoll>() == 4 * word);
    assert!(offset_of!(Dvpoll, nfds) == word && offset_of!(Dvpoll, timeout) == 2 * word);
    assert!(POLLIN == 1 && POLLOUT == 4 && POLLERR == 8 && POLLHUP == 0x10 && POLLNVAL == 0x20);
};
#[cfg(target_os = "linux")]
const _: () = assert!(
    DP_POLL == system::DP_POLL
        && DP_ISPOLLED == system::DP_ISPOLLED
        && POLLREMOVE == system::POLLREMOVE
        && size_of::<Dvpoll>() == size_of::<system::dvpoll>()
);

/// A new, empty set, closed on exec.
pub fn open() -> Result<c_int> {
    // SAFETY: a C string.
    cvt(unsafe { system::open(c"/dev/poll".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) })
}

/// Makes changes: each entry is added to what the set has of its descriptor, or takes it out with [`POLLREMOVE`].
/// EINVAL: more entries than the process may have descriptors.
pub fn write(set: c_int, changes: &[pollfd]) -> Result<()> {
    // At offset 0: Solaris counts the bytes that were written and would refuse more than 2 GiB of them.
    // SAFETY: `changes` is readable for its length.
    cvt_size(unsafe { system::pwrite(set, changes.as_ptr().cast(), size_of_val(changes), 0) }).map(drop)
}

/// Waits and fills `ready` from its start; `msec` -1 waits without end. How many there are. EINVAL: there is more room
/// than the process may have descriptors.
pub fn wait(set: c_int, ready: &mut [pollfd], msec: c_int) -> Result<usize> {
    let mut arg =
        Dvpoll { fds: ready.as_mut_ptr(), nfds: ready.len() as nfds_t, timeout: msec, set: null_mut() };
    // SAFETY: as many entries as `nfds` says may be written; `arg` lives for the call.
    cvt(unsafe { system::ioctl(set, DP_POLL, (&raw mut arg).cast::<c_void>()) }).map(|n| n as usize)
}

/// What the set has of `fd`: None if it is not in it.
pub fn watched(set: c_int, fd: c_int) -> Result<Option<c_short>> {
    let mut p = pollfd { fd, events: 0, revents: 0 };
    // SAFETY: `p` lives for the call.
    let n = cvt(unsafe { system::ioctl(set, DP_ISPOLLED, (&raw mut p).cast::<c_void>()) })?;
    Ok((n > 0).then_some(p.revents))
}

/// Closes a set.
pub fn close(set: c_int) {
    #[cfg(target_os = "linux")]
    {
        let _keep = super::ErrnoGuard::new();
        system::close(set);
    }
    #[cfg(not(target_os = "linux"))]
    super::fd::close(set);
}
