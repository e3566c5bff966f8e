//! Clocks, in the forms the loop needs.
use libc::{timespec, timeval};

#[inline]
fn get(id: libc::clockid_t) -> timespec {
    let mut ts = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `ts` is a place for the answer. The clocks we ask for always exist.
    unsafe { libc::clock_gettime(id, &mut ts) };
    ts
}
/// A clock's nanoseconds, which fit 30 bits: dividing fewer bits without a sign is cheaper.
#[inline]
fn usec(ts: &timespec) -> u32 {
    ts.tv_nsec as u32 / 1000
}
#[inline]
fn to_timeval(ts: timespec) -> timeval {
    timeval { tv_sec: ts.tv_sec, tv_usec: usec(&ts) as super::c::suseconds_t }
}
#[inline]
fn to_micros(ts: timespec) -> i64 {
    ts.tv_sec as i64 * 1_000_000 + i64::from(usec(&ts))
}
#[inline]
fn monotonic_id(coarse: bool) -> libc::clockid_t {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCKS: [libc::clockid_t; 2] = [libc::CLOCK_MONOTONIC, libc::CLOCK_MONOTONIC_COARSE];
    #[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
    const CLOCKS: [libc::clockid_t; 2] = [libc::CLOCK_MONOTONIC, libc::CLOCK_MONOTONIC_FAST];
    // The clock that kevent's timeouts follow: it rests while the machine sleeps, as mach_absolute_time does.
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    const CLOCKS: [libc::clockid_t; 2] = [libc::CLOCK_UPTIME_RAW, libc::CLOCK_UPTIME_RAW_APPROX];
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "dragonfly",
        target_os = "macos",
        target_os = "ios"
    )))]
    const CLOCKS: [libc::clockid_t; 2] = [libc::CLOCK_MONOTONIC; 2];
    CLOCKS[usize::from(coarse)]
}

/// Time since an arbitrary start, never going back. `coarse`: cheaper, some milliseconds late.
#[inline]
pub fn monotonic(coarse: bool) -> timeval {
    to_timeval(get(monotonic_id(coarse)))
}
/// The same in microseconds.
#[inline]
pub fn monotonic_us(coarse: bool) -> i64 {
    to_micros(get(monotonic_id(coarse)))
}
/// The wall clock.
#[inline]
pub fn wall() -> timeval {
    to_timeval(get(libc::CLOCK_REALTIME))
}
/// The wall clock in microseconds since 1970.
#[inline]
pub fn wall_us() -> i64 {
    to_micros(get(libc::CLOCK_REALTIME))
}
/// Any timeval in microseconds; out of range stays at the end of the range.
#[inline]
pub fn timeval_us(tv: &timeval) -> i64 {
    (tv.tv_sec as i64).saturating_mul(1_000_000).saturating_add(tv.tv_usec as i64)
}
/// Sleeps for `us` microseconds, whatever signals arrive meanwhile.
pub fn sleep_us(us: i64) {
    if us <= 0 {
        return;
    }
    let mut left = timespec {
        tv_sec: (us / 1_000_000) as super::c::time_t,
        tv_nsec: (us % 1_000_000 * 1000) as libc::c_long,
    };
    loop {
        let want = left;
        // SAFETY: two timespecs on our stack.
        if unsafe { libc::nanosleep(&want, &mut left) } == 0 || super::errno() != libc::EINTR {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_advance_together() {
        let (a, c) = (monotonic_us(false), monotonic_us(true));
        assert!(c <= monotonic_us(false) && c > a - 1_000_000);
        sleep_us(2_000);
        assert!(monotonic_us(false) - a >= 2_000);
        assert!((wall_us() - timeval_us(&wall())).abs() < 5_000_000);
        sleep_us(-1);
    }
}
