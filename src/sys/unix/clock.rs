//! Clocks, in the forms the loop needs.
use libc::{timespec, timeval};

fn get(id: libc::clockid_t) -> timespec {
    let mut ts = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `ts` is a place for the answer. The clocks we ask for always exist.
    unsafe { libc::clock_gettime(id, &mut ts) };
    ts
}
fn to_timeval(ts: timespec) -> timeval {
    timeval { tv_sec: ts.tv_sec, tv_usec: (ts.tv_nsec / 1000) as libc::suseconds_t }
}

/// Time since an arbitrary start, never going back. `coarse`: cheaper, some milliseconds late.
#[inline]
pub fn monotonic(coarse: bool) -> timeval {
    #[cfg(target_os = "linux")]
    let id = if coarse { libc::CLOCK_MONOTONIC_COARSE } else { libc::CLOCK_MONOTONIC };
    #[cfg(not(target_os = "linux"))]
    let id = {
        let _ = coarse;
        libc::CLOCK_MONOTONIC
    };
    to_timeval(get(id))
}
/// The wall clock.
#[inline]
pub fn wall() -> timeval {
    to_timeval(get(libc::CLOCK_REALTIME))
}
