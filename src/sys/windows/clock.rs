//! Clocks, in the forms the loop needs.
//!
//! The performance counter serves for coarse times too: on the machines of today it costs some twenty nanoseconds, and
//! the tick count steps by 16 ms.
use super::c::{self, timeval};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::{Performance, SystemInformation, Threading};

/// From 1601, where Windows begins to count, to 1970.
const EPOCH_US: i64 = 11_644_473_600_000_000;

fn frequency() -> i64 {
    static FREQUENCY: AtomicI64 = AtomicI64::new(0);
    let known = FREQUENCY.load(Relaxed);
    if known > 0 {
        return known;
    }
    let mut f = 0;
    // SAFETY: `f` is a place for the answer. The call does not fail on Windows XP or later.
    unsafe { Performance::QueryPerformanceFrequency(&mut f) };
    FREQUENCY.store(f.max(1), Relaxed);
    f.max(1)
}
fn split(us: i64) -> timeval {
    timeval { tv_sec: us.div_euclid(1_000_000) as c::tv_sec_t, tv_usec: us.rem_euclid(1_000_000) as _ }
}

/// Time since an arbitrary start, never going back.
#[inline]
pub fn monotonic(coarse: bool) -> timeval {
    split(monotonic_us(coarse))
}
/// The same in microseconds.
#[inline]
pub fn monotonic_us(_coarse: bool) -> i64 {
    let mut count = 0;
    // SAFETY: `count` is a place for the answer.
    unsafe { Performance::QueryPerformanceCounter(&mut count) };
    match frequency() {
        10_000_000 => count / 10,
        // In two steps, so that no product overflows.
        f => count / f * 1_000_000 + count % f * 1_000_000 / f,
    }
}
/// The wall clock.
#[inline]
pub fn wall() -> timeval {
    split(wall_us())
}
/// The wall clock in microseconds since 1970.
#[inline]
pub fn wall_us() -> i64 {
    let mut t = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
    // SAFETY: `t` is a place for the answer.
    unsafe { SystemInformation::GetSystemTimePreciseAsFileTime(&mut t) };
    ((i64::from(t.dwHighDateTime) << 32) | i64::from(t.dwLowDateTime)) / 10 - EPOCH_US
}
/// Any timeval in microseconds; out of range stays at the end of the range.
#[inline]
pub fn timeval_us(tv: &timeval) -> i64 {
    i64::from(tv.tv_sec).saturating_mul(1_000_000).saturating_add(i64::from(tv.tv_usec))
}
/// Sleeps for `us` microseconds, rounded up to milliseconds.
pub fn sleep_us(us: i64) {
    if us <= 0 {
        return;
    }
    let end = monotonic_us(false).saturating_add(us);
    loop {
        let left = end - monotonic_us(false);
        if left <= 0 {
            return;
        }
        // A day at most: all bits set would be for ever.
        let ms = left.saturating_add(999) / 1000;
        // SAFETY: no pointers.
        unsafe { Threading::Sleep(ms.min(86_400_000) as u32) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_advance() {
        let a = monotonic_us(true);
        sleep_us(2_000);
        assert!(monotonic_us(false) - a >= 2_000);
        assert!((wall_us() - timeval_us(&wall())).abs() < 5_000_000);
        assert!(wall_us() > 1_600_000_000_000_000);
        sleep_us(-1);
    }
}
