//! Cheap random numbers for fairness and jitter, never for secrets.
use crate::sys::{clock, random};
use std::ffi::c_int;

/// `struct evutil_weakrand_state`: any value is a state.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct WeakRandom(u32);

impl WeakRandom {
    /// Seeds from `seed`, or from the time and the process if that is 0. Returns the seed used.
    pub fn seed(&mut self, seed: u32) -> u32 {
        self.0 = match seed {
            0 => {
                let us = clock::wall_us();
                (us as u32) ^ ((us >> 32) as u32) ^ (random::process_id() as u32).rotate_left(16)
            }
            s => s,
        };
        self.0
    }
    pub fn from_seed(seed: u32) -> WeakRandom {
        let mut r = WeakRandom(0);
        r.seed(seed);
        r
    }
    /// 32 bits: a Weyl sequence through a mixing function, so that low bits are as good as high ones.
    #[inline]
    fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9);
        let mut z = self.0;
        z = (z ^ (z >> 16)).wrapping_mul(0x85eb_ca6b);
        z = (z ^ (z >> 13)).wrapping_mul(0xc2b2_ae35);
        z ^ (z >> 16)
    }
    /// 0 to 2^31-1.
    #[inline]
    pub fn number(&mut self) -> c_int {
        (self.bits() >> 1) as c_int
    }
    /// 0 to `top`-1; 0 if `top` is not positive.
    #[inline]
    pub fn below(&mut self, top: c_int) -> c_int {
        match u64::try_from(top) {
            Ok(top) => ((u64::from(self.bits()) * top) >> 32) as c_int,
            Err(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_kept_and_filled() {
        let mut r = WeakRandom::from_seed(0);
        let mut seen = [0u32; 10];
        for _ in 0..10_000 {
            seen[usize::try_from(r.below(10)).unwrap()] += 1;
            assert!(r.number() >= 0);
        }
        assert!(seen.iter().all(|n| (800..1200).contains(n)), "{seen:?}");
        assert_eq!(r.below(1), 0);
        assert_eq!(r.below(0), 0);
        assert_eq!(r.below(-5), 0);
    }
}
