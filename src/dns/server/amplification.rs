//! How much a server port may be used as an amplifier.
//!
//! A query over UDP may carry a forged sender, whom the replies then hit. What is at most three times as long as its
//! query is of no use for that and always goes out, and so does everything to this host, which nobody can name from
//! outside. Longer replies are paid from a budget per network (an IPv4 /24, an IPv6 /56): 256 KiB a second,
//! up to 1 MiB at once. When it is used up a reply is cut to its question, with TC set: a true client asks again
//! over TCP, a victim gets no more than the attacker sent.
//!
//! Networks share the counters of a table of fixed size by a secret hash, so nobody can push a counter out by asking
//! in many names.
#![forbid(unsafe_code)]
use crate::mem;
use crate::util::addr::Inet;
use crate::{Result, util};

/// Replies up to this many times their query are free.
const FREE_FACTOR: usize = 3;
/// Bytes per second and network.
const RATE: u64 = 256 * 1024;
/// The most bytes that a network that kept quiet gets at once.
const BURST: u32 = 1024 * 1024;
const SLOTS: usize = 1024;

#[derive(Clone, Copy)]
struct Slot {
    left: u32,
    /// When `left` was right, in milliseconds of the table's clock. It wraps: after seven weeks of silence a budget
    /// may be found less full than it should be.
    at: u32,
}
/// The budgets. 8 KiB, made when the first long reply goes out.
pub(super) struct Budgets {
    key: u64,
    slots: [Slot; SLOTS],
}

/// Whether a reply of `reply` bytes to a query of `query` is free of charge.
pub(super) fn is_free(query: usize, reply: usize) -> bool {
    reply <= query.saturating_mul(FREE_FACTOR)
}

impl Budgets {
    pub(super) fn new(now_ms: u32) -> Result<mem::Box<Budgets>> {
        let mut key = [0; 8];
        util::secure_random::fill(&mut key);
        mem::new_box(Budgets {
            key: u64::from_ne_bytes(key),
            slots: [Slot { left: BURST, at: now_ms }; SLOTS],
        })
    }
    /// Pays for a reply of `bytes`; false if the budget of `to` does not suffice.
    pub(super) fn pay(&mut self, to: &Inet, bytes: usize, now_ms: u32) -> bool {
        let Some(network) = network(to) else { return true };
        let i = mix(network ^ self.key) as usize % SLOTS;
        let Some(slot) = self.slots.get_mut(i) else { return true };
        let gained = u64::from(now_ms.wrapping_sub(slot.at)) * RATE / 1000;
        let left = u64::from(slot.left).saturating_add(gained).min(u64::from(BURST)) as u32;
        *slot = Slot { left, at: now_ms };
        match u32::try_from(bytes).ok().and_then(|b| left.checked_sub(b)) {
            Some(rest) => {
                slot.left = rest;
                true
            }
            None => false,
        }
    }
}

/// What an address has in common with those that one attack can hit; None for this host.
fn network(a: &Inet) -> Option<u64> {
    match a {
        Inet::V4(a) => v4_network(a.sin_addr.s_addr.to_ne_bytes()),
        Inet::V6(a) => match a.sin6_addr.s6_addr {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] => None,
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => v4_network([a, b, c, d]),
            [a, b, c, d, e, f, g, ..] => Some(u64::from_be_bytes([6, a, b, c, d, e, f, g])),
        },
    }
}
fn v4_network([a, b, c, _]: [u8; 4]) -> Option<u64> {
    (a != 127).then(|| u64::from_be_bytes([4, 0, 0, 0, 0, a, b, c]))
}
/// The finisher of SplitMix64.
fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_a_budget_that_fills_again() {
        let mut b = Budgets::new(5).unwrap();
        let victim = Inet::v4([192, 0, 2, 7], 1);
        let neighbour = Inet::v4([192, 0, 2, 250], 9);
        let mut sent = 0;
        while b.pay(if sent % 2 == 0 { &victim } else { &neighbour }, 1000, 5) {
            sent += 1;
        }
        assert_eq!(sent, BURST / 1000);
        assert!(!b.pay(&victim, 1000, 6));
        // A tenth of a second later there is a tenth of the rate.
        let mut more = 0;
        while b.pay(&victim, 1000, 105) {
            more += 1;
        }
        assert!((25..=26).contains(&more), "{more}");
        assert!(b.pay(&victim, BURST as usize, 100_000) && !b.pay(&victim, 1, 100_000));
        assert!(!b.pay(&victim, usize::MAX, 200_000));
        // Others have their own, this host needs none.
        let served = (0..200u8).filter(|&i| b.pay(&Inet::v4([10, 0, i, 1], 1), 1000, 100_000)).count();
        assert!(served >= 198, "{served}");
        let v6 = |last| Inet::v6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last], 1, 0);
        for here in [Inet::v4([127, 1, 2, 3], 1), v6(1)] {
            assert!((0..5000).all(|_| b.pay(&here, 1000, 100_000)));
        }
    }
    #[test]
    fn networks() {
        let mapped = |d| {
            let mut a = [0; 16];
            a[10..].copy_from_slice(&[0xff, 0xff, 192, 0, 2, d]);
            network(&Inet::v6(a, 1, 0))
        };
        assert_eq!(mapped(3), network(&Inet::v4([192, 0, 2, 77], 1)));
        let v6 = |i: usize| {
            let mut a = [0x20; 16];
            a[i] = 1;
            network(&Inet::v6(a, 1, 0))
        };
        assert_eq!(v6(7), v6(15));
        assert_ne!(v6(6), v6(15));
        assert!(is_free(40, 120) && !is_free(40, 121));
    }
}
