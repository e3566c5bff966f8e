//! Where the memory of blocks comes from.
use super::chain::ChainRef;
use crate::{Result, mem};

/// `size` bytes, or null.
#[inline]
pub(super) fn take(size: usize) -> *mut u8 {
    mem::malloc(size).cast()
}
/// Gives back what `take(size)` returned.
#[inline]
pub(super) fn give(p: *mut u8, _size: usize) {
    // SAFETY: by this module's contract it came from `take` and is not used any more.
    unsafe { mem::free(p.cast()) }
}

/// An empty block to read up to `n` bytes into.
pub(super) fn spill(n: usize) -> Result<ChainRef> {
    ChainRef::new(n)
}
