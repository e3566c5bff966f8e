//! Bytes sixteen at a time: where the first odd one is, and whether there is any.
//!
//! x86-64 always has the machine's vectors; elsewhere plain loops say the same, which compilers make vectors of where
//! there are any.

#[cfg(target_arch = "x86_64")]
mod machine {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8,
        _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };

    /// Sixteen bytes, or for each of them yes or no.
    #[derive(Clone, Copy)]
    pub(in super::super) struct V(__m128i);

    // SAFETY (all): SSE2 is part of every x86-64.
    impl V {
        #[inline(always)]
        pub(super) fn load(b: &[u8; 16]) -> V {
            // SAFETY: as said; sixteen bytes may be read.
            unsafe { V(_mm_loadu_si128(b.as_ptr().cast())) }
        }
        /// Eight bytes, then eight others.
        #[inline(always)]
        pub(super) fn halves(a: [u8; 8], b: [u8; 8]) -> V {
            // SAFETY: as said.
            unsafe { V(_mm_set_epi64x(i64::from_le_bytes(b), i64::from_le_bytes(a))) }
        }
        /// Which are `c`.
        #[inline(always)]
        pub(in super::super) fn is(self, c: u8) -> V {
            // SAFETY: as said.
            unsafe { V(_mm_cmpeq_epi8(self.0, _mm_set1_epi8(c as i8))) }
        }
        /// Which are at most `c`.
        #[inline(always)]
        pub(in super::super) fn at_most(self, c: u8) -> V {
            // SAFETY: as said.
            unsafe { V(_mm_cmpeq_epi8(_mm_min_epu8(self.0, _mm_set1_epi8(c as i8)), self.0)) }
        }
        /// Which are one of `first..=last`.
        #[inline(always)]
        pub(in super::super) fn within(self, first: u8, last: u8) -> V {
            // SAFETY: as said.
            let moved = unsafe { V(_mm_add_epi8(self.0, _mm_set1_epi8(first.wrapping_neg() as i8))) };
            moved.at_most(last - first)
        }
        /// Each with bit 5 set: letters become small ones.
        #[inline(always)]
        pub(in super::super) fn small(self) -> V {
            // SAFETY: as said.
            unsafe { V(_mm_or_si128(self.0, _mm_set1_epi8(0x20))) }
        }
        #[inline(always)]
        pub(in super::super) fn or(self, other: V) -> V {
            // SAFETY: as said.
            unsafe { V(_mm_or_si128(self.0, other.0)) }
        }
        /// The others.
        #[inline(always)]
        pub(in super::super) fn not(self) -> V {
            self.is(0)
        }
        /// One bit for each yes; the first byte's is the lowest.
        #[inline(always)]
        pub(super) fn bits(self) -> u32 {
            // SAFETY: as said.
            unsafe { _mm_movemask_epi8(self.0) as u32 }
        }
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
#[cfg_attr(target_arch = "x86_64", allow(dead_code, reason = "tested against the machine's"))]
mod plain {
    #[derive(Clone, Copy)]
    pub(in super::super) struct V([u8; 16]);

    impl V {
        #[inline(always)]
        pub(super) fn load(b: &[u8; 16]) -> V {
            V(*b)
        }
        #[inline(always)]
        pub(super) fn halves(a: [u8; 8], b: [u8; 8]) -> V {
            let mut all = [0; 16];
            all[..8].copy_from_slice(&a);
            all[8..].copy_from_slice(&b);
            V(all)
        }
        #[inline(always)]
        fn each(self, yes: impl Fn(u8) -> bool) -> V {
            V(self.0.map(|c| if yes(c) { 0xff } else { 0 }))
        }
        #[inline(always)]
        pub(in super::super) fn is(self, c: u8) -> V {
            self.each(|b| b == c)
        }
        #[inline(always)]
        pub(in super::super) fn at_most(self, c: u8) -> V {
            self.each(|b| b <= c)
        }
        #[inline(always)]
        pub(in super::super) fn within(self, first: u8, last: u8) -> V {
            self.each(|b| b.wrapping_sub(first) <= last - first)
        }
        #[inline(always)]
        pub(in super::super) fn small(self) -> V {
            V(self.0.map(|c| c | 0x20))
        }
        #[inline(always)]
        pub(in super::super) fn or(self, other: V) -> V {
            let mut v = self;
            for (a, b) in v.0.iter_mut().zip(other.0) {
                *a |= b;
            }
            v
        }
        #[inline(always)]
        pub(in super::super) fn not(self) -> V {
            self.is(0)
        }
        #[inline(always)]
        pub(super) fn bits(self) -> u32 {
            self.0.iter().enumerate().fold(0, |bits, (i, b)| bits | u32::from(b >> 7) << i)
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use machine::V;
#[cfg(not(target_arch = "x86_64"))]
pub(super) use plain::V;

/// Where the first byte at or behind `from` stands that is odd; the end of `data` if none is. `odd` and `byte` say the
/// same, of sixteen bytes and of one.
#[inline(always)]
pub(super) fn find(data: &[u8], from: usize, odd: impl Fn(V) -> V, byte: impl Fn(u8) -> bool) -> usize {
    let mut at = from;
    while let Some(some) = data.get(at..).and_then(|d| d.first_chunk()) {
        let bits = odd(V::load(some)).bits();
        if bits != 0 {
            return at + bits.trailing_zeros() as usize;
        }
        at += 16;
    }
    if let Some(last) = data.last_chunk() {
        // Those before `at` are known.
        let bits = odd(V::load(last)).bits() >> (at + 16 - data.len()).min(16);
        return if bits == 0 { data.len() } else { at + bits.trailing_zeros() as usize };
    }
    while data.get(at).is_some_and(|&c| !byte(c)) {
        at += 1;
    }
    at
}

/// Whether any byte of `s` is odd.
#[inline(always)]
pub(super) fn any(s: &[u8], odd: impl Fn(V) -> V) -> bool {
    gather(s, odd).bits() != 0
}
/// Whether any byte of `a` is odd in its way, or any of `b` in that.
#[inline(always)]
pub(super) fn any_of_two(a: &[u8], odd_a: impl Fn(V) -> V, b: &[u8], odd_b: impl Fn(V) -> V) -> bool {
    gather(a, odd_a).or(gather(b, odd_b)).bits() != 0
}
/// What says yes somewhere if any byte of `s` is odd.
#[inline(always)]
fn gather(s: &[u8], odd: impl Fn(V) -> V) -> V {
    if let (Some(first), Some(last)) = (s.first_chunk(), s.last_chunk()) {
        let mut found = odd(V::load(first)).or(odd(V::load(last)));
        if s.len() > 32 {
            for some in s.as_chunks().0 {
                found = found.or(odd(V::load(some)));
            }
        }
        found
    } else if let (Some(first), Some(last)) = (s.first_chunk(), s.last_chunk()) {
        odd(V::halves(*first, *last))
    } else if let (Some(&[a, b, c, d]), Some(&[e, f, g, h])) = (s.first_chunk(), s.last_chunk()) {
        let both = [a, b, c, d, e, f, g, h];
        odd(V::halves(both, both))
    } else {
        // Three at most, or none.
        let (Some(&a), Some(&b), Some(&c)) = (s.first(), s.get(s.len() / 2), s.last()) else {
            return V::halves([0; 8], [0; 8]);
        };
        let few = [a, b, c, a, b, c, a, b];
        odd(V::halves(few, few))
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::{machine, plain};

    #[test]
    fn the_machine_says_what_plain_loops_say() {
        for at in 0..16 {
            for c in 0..=255u8 {
                let mut b = *b"0123456789abcdef";
                b[at] = c;
                let (m, p) = (machine::V::load(&b), plain::V::load(&b));
                for k in [0, 9, b' ', b'5', 0x7f, 0x80, 0xff] {
                    assert_eq!(m.is(k).bits(), p.is(k).bits());
                    let [m2, p2] = [*b"abcdefg\x20", [c; 8]];
                    assert_eq!(
                        machine::V::halves(m2, p2).is(k).bits(),
                        plain::V::halves(m2, p2).is(k).bits()
                    );
                    assert_eq!(m.at_most(k).bits(), p.at_most(k).bits());
                    assert_eq!(m.within(k / 2, k).bits(), p.within(k / 2, k).bits());
                    assert_eq!(m.at_most(k).not().bits(), p.at_most(k).not().bits());
                    assert_eq!(m.small().is(k).or(m.is(c)).bits(), p.small().is(k).or(p.is(c)).bits());
                }
            }
        }
    }
}
