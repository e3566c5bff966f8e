//! Copying few bytes: a call of memcpy would cost more than they do.

/// The most bytes that [`copy_few`] copies.
pub const FEW: usize = 32;

/// Copies `n` bytes; more than a few are left to the C library.
///
/// # Safety
/// As `copy_nonoverlapping`.
#[inline(always)]
pub unsafe fn copy(from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match n {
            0..16 => copy_short(from, to, n),
            16..=FEW => ends::<u128>(from, to, n),
            _ => std::ptr::copy_nonoverlapping(from, to, n),
        }
    }
}
/// Copies `from` to the beginning of `to`, as much of it as there is room for.
#[inline(always)]
pub fn copy_slice(to: &mut [u8], from: &[u8]) {
    // SAFETY: both have so many, and a slice that may be written overlaps no other.
    unsafe { copy(from.as_ptr(), to.as_mut_ptr(), from.len().min(to.len())) };
}
/// `a == b`, where they are short mostly.
#[inline(always)]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        17..=FEW => same_ends::<16>(a, b),
        8..=16 => same_ends::<8>(a, b),
        _ => a == b,
    }
}
/// Whether the first and the last `N` bytes are the same; both may overlap.
#[inline(always)]
fn same_ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
    a.first_chunk::<N>() == b.first_chunk() && a.last_chunk::<N>() == b.last_chunk()
}
/// Copies at most [`FEW`] bytes.
///
/// # Safety
/// As `copy_nonoverlapping`; `n` is no more than that.
#[inline(always)]
pub unsafe fn copy_few(from: *const u8, to: *mut u8, n: usize) {
    debug_assert!(n <= FEW);
    // SAFETY: the caller's promise.
    unsafe { if n >= 16 { ends::<u128>(from, to, n) } else { copy_short(from, to, n) } }
}
#[inline(always)]
unsafe fn copy_short(from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match n {
            8.. => ends::<u64>(from, to, n),
            4..8 => ends::<u32>(from, to, n),
            2..4 => ends::<u16>(from, to, n),
            1 => *to = *from,
            0 => {}
        }
    }
}
/// Copies the first and the last bytes, as many as a `T` has; both may overlap.
#[inline(always)]
unsafe fn ends<T>(from: *const u8, to: *mut u8, n: usize) {
    let rest = n - size_of::<T>();
    // SAFETY: the caller's promise; there are so many.
    unsafe {
        let last = from.add(rest).cast::<T>().read_unaligned();
        to.cast::<T>().write_unaligned(from.cast::<T>().read_unaligned());
        to.add(rest).cast::<T>().write_unaligned(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices() {
        let a: [u8; 40] = std::array::from_fn(|i| i as u8);
        for n in 0..=40 {
            let mut b = [0xee; 40];
            copy_slice(&mut b[..n], &a);
            assert!(b[..n] == a[..n] && b[n..].iter().all(|&c| c == 0xee));
            assert!(same(&a[..n], &b[..n]) && !same(&a[..n], &b[..n.wrapping_sub(1).min(30)]));
            for i in 0..n {
                let mut other = b;
                other[i] ^= 1;
                assert!(!same(&a[..n], &other[..n]));
            }
        }
        let mut b = [0xee; 8];
        copy_slice(&mut b, &[1, 2, 3]);
        assert_eq!(b, [1, 2, 3, 0xee, 0xee, 0xee, 0xee, 0xee]);
    }
    #[test]
    fn copies_what_it_is_told_and_nothing_else() {
        let from: [u8; 64] = std::array::from_fn(|i| i as u8 + 1);
        for n in 0..=40 {
            let mut to = [0u8; 64];
            // SAFETY: both are longer than that.
            unsafe { copy(from[3..].as_ptr(), to[5..].as_mut_ptr(), n) };
            let mut want = [0u8; 64];
            want[5..5 + n].copy_from_slice(&from[3..3 + n]);
            assert_eq!(to, want);
        }
    }
}
