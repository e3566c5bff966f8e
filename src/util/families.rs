//! Which of the two internet families can reach anything from this host (AI_ADDRCONFIG).
use super::addr::{self, Inet};
use crate::sys::{clock, interfaces};
use parking_lot::Mutex;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Families {
    pub v4: bool,
    pub v6: bool,
}

/// An answer is used this long: asking takes several system calls, and interfaces come and go.
const VALID_US: i64 = 5_000_000;
static LAST: Mutex<Option<(i64, Families)>> = Mutex::new(None);

/// The families of which some interface has an address that others can reach. All, where the system does not tell.
pub fn reachable() -> Families {
    let now = clock::monotonic_us(true);
    let mut last = LAST.lock();
    if let Some((at, known)) = *last
        && now - at < VALID_US
    {
        return known;
    }
    let mut found = Families { v4: false, v6: false };
    let asked = interfaces::each_address(|a| {
        // SAFETY: the system's own address, of the size of its family.
        match unsafe { Inet::read(a) } {
            Some(Inet::V4(a)) => found.v4 |= !addr::v4_is_local(a.sin_addr.s_addr.to_ne_bytes()),
            Some(Inet::V6(a)) => found.v6 |= !addr::v6_is_local(a.sin6_addr.s6_addr),
            None => {}
        }
    });
    if asked.is_err() {
        found = Families { v4: true, v6: true };
    }
    *last = Some((now, found));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_stable() {
        assert_eq!(reachable(), reachable());
    }
}
