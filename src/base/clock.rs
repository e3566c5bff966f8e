//! The base's idea of time, in microseconds, read at most once per turn of the loop.
use crate::sys::c;
use crate::sys::c::timeval;
use crate::sys::clock;

/// Bits of a common timeout in `tv_usec`: a mark, the queue's number, the microseconds.
pub(crate) const USEC_MASK: i64 = 0x000f_ffff;

/// Microseconds of a span or an instant; what does not fit is clamped.
#[inline]
pub(crate) fn micros(tv: &timeval) -> i64 {
    #[allow(clippy::unnecessary_cast, reason = "time_t and suseconds_t differ between targets")]
    (tv.tv_sec as i64).saturating_mul(1_000_000).saturating_add(tv.tv_usec as i64)
}
/// The same for what the monotonic clock says, which always fits.
#[inline]
#[allow(clippy::unnecessary_cast, reason = "time_t and suseconds_t differ between targets")]
fn clock_micros(tv: &timeval) -> i64 {
    (tv.tv_sec as i64) * 1_000_000 + tv.tv_usec as i64
}
/// [`micros`] of a value that may carry the mark of a common timeout.
#[inline]
pub(crate) fn micros_masked(tv: &timeval) -> i64 {
    micros(&timeval { tv_sec: tv.tv_sec, tv_usec: (tv.tv_usec as i64 & USEC_MASK) as c::suseconds_t })
}
#[inline]
pub(crate) fn timeval_of(us: i64) -> timeval {
    // Where seconds have 32 bits, what they cannot tell stays at the end of the range.
    let sec = us.div_euclid(1_000_000).clamp(c::tv_sec_t::MIN as i64, c::tv_sec_t::MAX as i64);
    timeval { tv_sec: sec as c::tv_sec_t, tv_usec: us.rem_euclid(1_000_000) as c::suseconds_t }
}

pub(crate) struct Clock {
    /// The system's coarse clock will do.
    coarse: bool,
    /// Nothing is remembered (EVENT_BASE_FLAG_NO_CACHE_TIME).
    no_cache: bool,
    /// Between a wait and the next: what is read is remembered.
    in_turn: bool,
    now: Option<i64>,
    /// `now`, if it is Some.
    now_tv: timeval,
    /// Wall clock minus monotonic clock, measured in this turn: steps of the wall clock show in the next turn.
    wall_minus_mono: Option<i64>,
}

impl Clock {
    pub(crate) fn new(precise: bool, no_cache: bool) -> Clock {
        Clock {
            coarse: !precise,
            no_cache,
            in_turn: false,
            now: None,
            now_tv: timeval_of(0),
            wall_minus_mono: None,
        }
    }
    #[inline]
    fn read(&self) -> i64 {
        clock::monotonic_us(self.coarse)
    }
    /// Monotonic time: this turn's, if a turn is under way.
    #[inline]
    pub(crate) fn now(&mut self) -> i64 {
        match self.now {
            Some(t) => t,
            None => clock_micros(&self.read_now()),
        }
    }
    #[inline]
    fn read_now(&mut self) -> timeval {
        let tv = clock::monotonic(self.coarse);
        if self.in_turn {
            self.now = Some(clock_micros(&tv));
            self.now_tv = tv;
        }
        tv
    }
    /// The same as a timeval.
    #[inline]
    pub(crate) fn now_timeval(&mut self) -> timeval {
        match self.now {
            Some(_) => self.now_tv,
            None => self.read_now(),
        }
    }
    fn remember(&mut self, t: i64) {
        self.now = Some(t);
        self.now_tv = timeval_of(t);
    }
    /// Monotonic time, read from the system.
    pub(crate) fn fresh(&self) -> i64 {
        self.read()
    }
    /// A wait is over: from here on what is read is remembered.
    #[inline]
    pub(crate) fn start_turn(&mut self) {
        self.in_turn = !self.no_cache;
        self.now = None;
        self.wall_minus_mono = None;
    }
    /// A wait is about to begin, or the loop ends.
    #[inline]
    pub(crate) fn end_turn(&mut self) {
        self.in_turn = false;
        self.now = None;
        self.wall_minus_mono = None;
    }
    /// `event_base_update_cache_time`
    pub(crate) fn update(&mut self) {
        if self.in_turn {
            let t = self.read();
            self.remember(t);
            self.wall_minus_mono = None;
        }
    }
    pub(crate) fn wall_offset(&mut self) -> i64 {
        if let Some(d) = self.wall_minus_mono {
            return d;
        }
        let d = clock::wall_us().wrapping_sub(self.read());
        if self.in_turn {
            self.wall_minus_mono = Some(d);
        }
        d
    }
    /// The wall clock at the start of this turn, or now.
    pub(crate) fn wall(&mut self) -> timeval {
        if !self.in_turn {
            return clock::wall();
        }
        let now = self.now();
        timeval_of(now.saturating_add(self.wall_offset()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_clamp_and_normalise() {
        let tv = |s, u| timeval { tv_sec: s, tv_usec: u };
        assert_eq!(micros(&tv(1, 5)), 1_000_005);
        let (least, most) = (c::tv_sec_t::MIN, c::tv_sec_t::MAX);
        let wide = |s: c::tv_sec_t, us| (s as i64).saturating_mul(1_000_000).saturating_add(us);
        assert_eq!(micros(&tv(most, 5)), wide(most, 5));
        assert_eq!(micros(&tv(least, -5)), wide(least, -5));
        assert_eq!(micros(&tv(-1, 0)), -1_000_000);
        let t = timeval_of(-1);
        assert_eq!((t.tv_sec, t.tv_usec), (-1, 999_999));
        assert_eq!(micros(&timeval_of(i64::MAX)), wide(most, 775_807));
        assert_eq!(micros_masked(&tv(2, 0x5030_0007)), 2_000_007);
    }

    #[test]
    fn a_turn_remembers_and_a_wait_forgets() {
        let mut c = Clock::new(true, false);
        let a = c.now();
        assert!(c.now() >= a);
        c.start_turn();
        let t = c.now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert_eq!(c.now(), t);
        c.update();
        assert!(c.now() > t);
        c.end_turn();
        assert!(c.now() >= t);
        let mut c = Clock::new(true, true);
        c.start_turn();
        let t = c.now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(c.now() > t);
    }
}
