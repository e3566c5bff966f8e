//! The value of the Date field, made once a second.
#![forbid(unsafe_code)]

/// Bytes of a date: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub const LEN: usize = 29;

/// The date of a second since 1970, in GMT. Years beyond 9999 are cut at their end.
pub fn format(second: i64) -> [u8; LEN] {
    const MAX: i64 = 253_402_300_799;
    const DAYS: &[u8; 21] = b"ThuFriSatSunMonTueWed";
    const MONTHS: &[u8; 36] = b"MarAprMayJunJulAugSepOctNovDecJanFeb";
    let second = second.clamp(0, MAX);
    let (day, time) = (second / 86400, second % 86400);
    // Years are counted from March, so that the leap day is the last one: day 0 is 1 March 0000.
    let n = day + 719_468;
    let (era, of_era) = (n / 146_097, n % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let year = year + 400 * era + i64::from(month >= 10);

    let mut out = *b"Thu, 01 Jan 1970 00:00:00 GMT";
    let mut put = |at: usize, s: &[u8]| {
        if let Some(to) = out.get_mut(at..at + s.len()) {
            to.copy_from_slice(s);
        }
    };
    let name = |table: &'static [u8], i: i64| table.chunks(3).nth(i as usize).unwrap_or_default();
    put(0, name(DAYS, day % 7));
    put(5, &two(of_month));
    put(8, name(MONTHS, month));
    put(12, &two(year / 100));
    put(14, &two(year % 100));
    put(17, &two(time / 3600));
    put(20, &two(time / 60 % 60));
    put(23, &two(time % 60));
    out
}
fn two(n: i64) -> [u8; 2] {
    [b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8]
}

/// The last date that was asked for.
pub struct Cache {
    second: i64,
    text: [u8; LEN],
}
impl Default for Cache {
    fn default() -> Self {
        Cache::new()
    }
}
impl Cache {
    pub const fn new() -> Cache {
        Cache { second: 0, text: *b"Thu, 01 Jan 1970 00:00:00 GMT" }
    }
    /// The date of `second`.
    pub fn at(&mut self, second: i64) -> &[u8; LEN] {
        if second != self.second {
            *self = Cache { second, text: format(second) };
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(second: i64) -> std::borrow::Cow<'static, str> {
        format(second).escape_ascii().to_string().into()
    }
    #[test]
    fn known_dates() {
        for (second, want) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ] {
            assert_eq!(text(second), want);
        }
    }
    #[test]
    fn days_follow_each_other() {
        // Against a plain count of days over four centuries and more.
        let (mut year, mut month, mut day) = (1970, 0, 1);
        for n in 0..200_000i64 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
            let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(n % 7) as usize];
            let want =
                format!("{weekday}, {day:02} {} {year} 12:34:56 GMT", &months[3 * month..3 * month + 3]);
            assert_eq!(&format(n * 86400 + 45_296)[..], want.as_bytes());
            day += 1;
            if day > lengths[month] {
                (day, month) = (1, month + 1);
            }
            if month == 12 {
                (month, year) = (0, year + 1);
            }
        }
    }
    #[test]
    fn the_cache_follows_the_clock_both_ways() {
        let mut c = Cache::new();
        for s in [0, 1_700_000_000, 1_700_000_000, 1_700_000_001, 1_699_999_999, 0] {
            assert_eq!(*c.at(s), format(s));
        }
    }
}
