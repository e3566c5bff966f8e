//! The arithmetic of token buckets: no clock, no I/O, no overflow.
#![forbid(unsafe_code)]
use crate::sys::c::timeval;
use crate::{Error, Result};

/// The bits of `tv_usec` that are a time; those above mark a common timeout.
const MICROSECONDS: i64 = 0xfffff;

/// `ev_token_bucket_cfg`: what flows in per tick, and how much a bucket holds.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    pub read_rate: usize,
    pub read_burst: usize,
    pub write_rate: usize,
    pub write_burst: usize,
    /// The length of a tick, as timers want it.
    pub tick: timeval,
    ms_per_tick: u64,
}

impl Config {
    /// Rates are bytes per tick, at least 1 and at most the burst. A tick lasts a second unless told otherwise;
    /// one below a millisecond counts as a millisecond.
    pub fn new(
        read_rate: usize,
        read_burst: usize,
        write_rate: usize,
        write_burst: usize,
        tick: Option<timeval>,
    ) -> Result<Config> {
        let mut tick = tick.unwrap_or(timeval { tv_sec: 1, tv_usec: 0 });
        let max = isize::MAX as usize;
        if read_rate > read_burst || write_rate > write_burst || read_rate < 1 || write_rate < 1 {
            return Err(Error::Invalid);
        }
        if read_burst > max || write_burst > max {
            return Err(Error::Invalid);
        }
        let sec = u64::try_from(tick.tv_sec).map_err(|_| Error::Invalid)?;
        let usec = (tick.tv_usec as i64 & MICROSECONDS) as u64;
        let mut ms_per_tick =
            sec.checked_mul(1000).and_then(|ms| ms.checked_add(usec / 1000)).ok_or(Error::Invalid)?;
        if ms_per_tick == 0 {
            tick = timeval { tv_sec: 0, tv_usec: 1000 };
            ms_per_tick = 1;
        }
        Ok(Config { read_rate, read_burst, write_rate, write_burst, tick, ms_per_tick })
    }
    /// The number of the tick in which `now` lies. It wraps around; only differences count.
    pub fn tick_of(&self, now: &timeval) -> u32 {
        let ms = (now.tv_sec as i64 as u64).wrapping_mul(1000).wrapping_add(now.tv_usec as i64 as u64 / 1000);
        (ms / self.ms_per_tick) as u32
    }
}

/// What may still be read and written; below 0 after more than that has been.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub(super) read: isize,
    pub(super) write: isize,
    last_tick: u32,
}

impl Bucket {
    /// A new bucket has one tick's worth.
    pub(super) fn new(cfg: &Config, tick: u32) -> Bucket {
        Bucket { read: cfg.read_rate as isize, write: cfg.write_rate as isize, last_tick: tick }
    }
    /// Another configuration: what is left is only cut. The coming tick adds what is due.
    pub(super) fn clip(&mut self, cfg: &Config) {
        self.read = self.read.min(cfg.read_burst as isize);
        self.write = self.write.min(cfg.write_burst as isize);
    }
    /// Fills in what the ticks since the last time are worth. False if there were none, or time went back.
    pub(super) fn refill(&mut self, cfg: &Config, tick: u32) -> bool {
        let ticks = tick.wrapping_sub(self.last_tick);
        if ticks == 0 || ticks > i32::MAX as u32 {
            return false;
        }
        self.read = filled(self.read, cfg.read_rate, cfg.read_burst, ticks);
        self.write = filled(self.write, cfg.write_rate, cfg.write_burst, ticks);
        self.last_tick = tick;
        true
    }
}

fn filled(have: isize, rate: usize, burst: usize, ticks: u32) -> isize {
    let more = isize::try_from(rate.saturating_mul(ticks as usize)).unwrap_or(isize::MAX);
    have.saturating_add(more).min(burst as isize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tv(tv_sec: i64, tv_usec: i64) -> timeval {
        timeval { tv_sec: tv_sec as _, tv_usec: tv_usec as _ }
    }

    #[test]
    fn a_tick_below_a_millisecond_is_one_millisecond() {
        for t in [tv(0, 0), tv(0, 1), tv(0, 999)] {
            let c = Config::new(1, 2, 3, 4, Some(t)).unwrap();
            assert_eq!((c.tick.tv_sec, c.tick.tv_usec), (0, 1000));
            assert_eq!(c.tick_of(&tv(1, 5_000)), 1005);
        }
    }
    #[test]
    fn bad_arguments_are_refused() {
        let t = || Some(tv(1, 0));
        for (a, b, c, d) in [
            (0, 1, 1, 1),
            (1, 1, 0, 1),
            (2, 1, 1, 1),
            (1, 1, 2, 1),
            (1, usize::MAX, 1, 1),
            (1, 1, 1, usize::MAX),
        ] {
            assert!(Config::new(a, b, c, d, t()).is_err());
        }
        assert!(Config::new(1, 1, 1, 1, Some(tv(i64::MAX, 0))).is_err());
        assert!(Config::new(1, 1, 1, 1, Some(tv(-1, 0))).is_err());
        let max = isize::MAX as usize;
        assert!(Config::new(max, max, max, max, None).is_ok());
    }
    #[test]
    fn the_common_timeout_mark_is_no_time() {
        let c = Config::new(1, 1, 1, 1, Some(tv(2, 0x5000_0000 | 500_000))).unwrap();
        assert_eq!(c.tick_of(&tv(5, 0)), 2);
    }
    #[test]
    fn buckets_fill_to_the_burst_and_never_overflow() {
        let c = Config::new(100, 250, 10, 20, None).unwrap();
        let mut b = Bucket::new(&c, 7);
        assert_eq!((b.read, b.write), (100, 10));
        assert!(!b.refill(&c, 7));
        assert!(!b.refill(&c, 6), "time went back");
        b.read = -150;
        assert!(b.refill(&c, 8));
        assert_eq!((b.read, b.write), (-50, 20));
        assert!(b.refill(&c, 8 + 1000));
        assert_eq!((b.read, b.write), (250, 20));
        let max = isize::MAX as usize;
        let big = Config::new(max, max, max, max, None).unwrap();
        b.clip(&big);
        b.read = isize::MIN;
        b.write = isize::MAX;
        assert!(b.refill(&big, b.last_tick.wrapping_add(i32::MAX as u32)));
        assert_eq!(b.write, isize::MAX);
        assert!(b.read >= -1);
        b.clip(&c);
        assert_eq!(b.write, 20);
    }
    #[test]
    fn the_tick_number_wraps() {
        let c = Config::new(1, 10, 1, 10, None).unwrap();
        let mut b = Bucket::new(&c, u32::MAX);
        assert!(b.refill(&c, 1));
        assert_eq!(b.read, 3);
    }
}
