//! How fast questions leave. A burst that a server's socket buffer (or one on the way) cannot hold is lost, and each
//! question lost so costs a time-out; so those beyond a first burst are spread over the milliseconds that follow.
#![forbid(unsafe_code)]

/// So many may leave at once.
const BURST: i64 = 256;
/// So many more may in each millisecond.
const PER_MS: i64 = 80;

pub(super) struct Pace {
    left: i64,
    /// When `left` was right last, in microseconds; 0: never.
    at: i64,
}
impl Pace {
    pub(super) const fn new() -> Pace {
        Pace { left: BURST, at: 0 }
    }
    /// One question leaves. False: it has to wait until [`Self::next`]. The clock is asked only when it matters.
    #[inline]
    pub(super) fn take(&mut self, clock: impl FnOnce() -> i64) -> bool {
        if (self.left == 0 || self.at == 0) && !self.refill(clock()) {
            return false;
        }
        self.left -= 1;
        true
    }
    fn refill(&mut self, now: i64) -> bool {
        if self.at != 0 {
            let gained = now.saturating_sub(self.at).max(0).saturating_mul(PER_MS) / 1000;
            if gained == 0 {
                return false;
            }
            self.left = gained.min(BURST);
        }
        self.at = now.max(1);
        true
    }
    /// When the next may leave, where none may now.
    pub(super) fn next(&self) -> i64 {
        self.at.saturating_add(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(p: &mut Pace, now: i64) -> i64 {
        (0..10_000).take_while(|_| p.take(|| now)).count() as i64
    }
    #[test]
    fn a_burst_and_then_so_many_each_millisecond() {
        let mut p = Pace::new();
        let start = 5_000_000;
        assert_eq!(burst(&mut p, start), BURST);
        assert_eq!(burst(&mut p, start), 0);
        assert_eq!(p.next(), start + 1000);
        for ms in 1..50 {
            assert_eq!(burst(&mut p, start + ms * 1000), PER_MS);
        }
        // Silence gains no more than one burst, and a clock that stands still or goes back gains nothing.
        assert_eq!(burst(&mut p, i64::MAX), BURST);
        assert_eq!(burst(&mut p, i64::MAX), 0);
        assert_eq!(burst(&mut p, 0), 0);
    }
    #[test]
    fn who_asks_slowly_never_waits() {
        let mut p = Pace::new();
        assert!((0..100_000).all(|i| p.take(|| 1 + i * 1000 / PER_MS * 2)));
    }
}
