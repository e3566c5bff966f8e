//! Monotonic timers, sleeping, dates.
use super::text::Buf;
use crate::abi::util::{EV_MONOT_FALLBACK, EV_MONOT_PRECISE};
use crate::sys::c;
use crate::sys::c::{timeval, tm};
use crate::sys::clock;
use std::ffi::c_int;
use std::fmt::Write;

/// `struct evutil_monotonic_timer`: which clock, and for a clock that may jump, what keeps it from going back.
/// All zero is a timer as after configuring it with no flags.
#[repr(C)]
pub struct MonotonicTimer {
    mode: c_int,
    /// What is added to the fallback clock since it was seen to go back, in microseconds.
    adjust: i64,
    last: i64,
    _room: [u64; 2],
}
const COARSE: c_int = 0;
const PRECISE: c_int = 1;
const FALLBACK: c_int = 2;
// The original suite keeps one in 40 bytes of its own.
const _: () = assert!(size_of::<MonotonicTimer>() <= 40);

impl MonotonicTimer {
    /// `flags`: EV_MONOT_PRECISE for the exact clock instead of the cheap one, EV_MONOT_FALLBACK to do without the
    /// system's monotonic clock.
    pub fn new(flags: c_int) -> MonotonicTimer {
        let mode = if flags & EV_MONOT_FALLBACK != 0 {
            FALLBACK
        } else if flags & EV_MONOT_PRECISE != 0 {
            PRECISE
        } else {
            COARSE
        };
        MonotonicTimer { mode, adjust: 0, last: i64::MIN, _room: [0; 2] }
    }
    pub fn now(&mut self) -> timeval {
        match self.mode {
            FALLBACK => to_timeval(self.ratchet(clock::wall_us())),
            mode => clock::monotonic(mode == COARSE),
        }
    }
    /// A wall clock that was set back makes time stand still for a moment, then it goes on from there.
    fn ratchet(&mut self, now: i64) -> i64 {
        let mut t = now.saturating_add(self.adjust);
        if t < self.last {
            self.adjust = self.adjust.saturating_add(self.last - t);
            t = self.last;
        }
        self.last = t;
        t
    }
}
fn to_timeval(us: i64) -> timeval {
    timeval { tv_sec: us.div_euclid(1_000_000) as _, tv_usec: us.rem_euclid(1_000_000) as _ }
}

/// Sleeps for `tv`; not at all if it is not positive.
pub fn sleep(tv: &timeval) {
    clock::sleep_us(clock::timeval_us(tv));
}

/// A date as HTTP writes it, "Sun, 06 Nov 1994 08:49:37 GMT", of `when` (taken as GMT) or of now.
pub fn date_rfc1123(when: Option<&tm>) -> Buf<96> {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let now;
    let t = match when {
        Some(t) => t,
        None => {
            let secs = clock::wall().tv_sec as c::time_t;
            // SAFETY: all zero is a valid tm.
            let mut broken: tm = unsafe { std::mem::zeroed() };
            // SAFETY: two places of ours; gmtime_r knows every time of ours.
            unsafe { c::gmtime_r(&secs, &mut broken) };
            now = broken;
            &now
        }
    };
    let name = |table: &[&'static str], i: c_int| {
        usize::try_from(i).ok().and_then(|i| table.get(i).copied()).unwrap_or("???")
    };
    let mut out = Buf::new();
    let _ = write!(
        out,
        "{}, {:02} {} {:4} {:02}:{:02}:{:02} GMT",
        name(&DAYS, t.tm_wday),
        t.tm_mday,
        name(&MONTHS, t.tm_mon),
        1900 + i64::from(t.tm_year),
        t.tm_hour,
        t.tm_min,
        t.tm_sec
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_never_goes_back() {
        let mut m = MonotonicTimer::new(EV_MONOT_FALLBACK);
        assert_eq!(m.ratchet(1_000), 1_000);
        assert_eq!(m.ratchet(1_500), 1_500);
        assert_eq!(m.ratchet(200), 1_500);
        assert_eq!(m.ratchet(300), 1_600);
        assert_eq!(m.ratchet(i64::MAX), i64::MAX);
    }
    #[test]
    fn dates() {
        let at = |secs: c::time_t| {
            // SAFETY: all zero is a valid tm, and gmtime_r fills it.
            let mut t: tm = unsafe { std::mem::zeroed() };
            // SAFETY: as above.
            unsafe { c::gmtime_r(&secs, &mut t) };
            date_rfc1123(Some(&t)).as_str().to_owned()
        };
        assert_eq!(at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(at(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        if size_of::<c::time_t>() == 8 {
            assert_eq!(at(253_402_300_799i64 as c::time_t), "Fri, 31 Dec 9999 23:59:59 GMT");
        }
        // SAFETY: all zero is a valid tm.
        let mut t: tm = unsafe { std::mem::zeroed() };
        (t.tm_wday, t.tm_mon, t.tm_year) = (-1, 99, c_int::MAX);
        (t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec) = (c_int::MIN, c_int::MIN, c_int::MIN, c_int::MIN);
        assert!(date_rfc1123(Some(&t)).as_str().starts_with("???, -2147483648 ???"));
        assert_eq!(date_rfc1123(None).as_str().len(), 29);
    }
}
