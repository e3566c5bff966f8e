//! Where the memory of blocks comes from: `mem`, with a small cache for large blocks.
//!
//! Small ones come from and go to the thread's shelf (`mem::small`). Large ones malloc tends to give back to the system
//! and fetch again, page fault by page fault; so some of them are kept, sorted by size. A program with threads (one that
//! has set evthread locks) does without: a block that changes threads here, by an atomic of ours, looks like a data race
//! to TSan and helgrind, and malloc's arenas keep threads apart better.
use super::chain::{ChainRef, MIN_ALLOC};
use crate::mem::small;
use crate::{Result, mem, thread};
use parking_lot::Mutex;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// malloc's own share of a block that is to fill whole pages.
const OVERHEAD: usize = 16;
/// The sizes that are cached: four to each doubling.
const MIN_CACHED: usize = 4096 - OVERHEAD;
const CLASSES: usize = 4 * 7 + 1;
/// How many bytes the cache may hold.
const MAX_HELD: usize = 1 << 20;

/// A block in the cache.
struct Free {
    next: *mut Free,
}
struct Cache {
    heads: [*mut Free; CLASSES],
    held: usize,
}
// SAFETY: blocks in the cache belong to nobody else.
unsafe impl Send for Cache {}
/// One block of each of the smaller sizes, to be had without the lock.
static FRONT: [AtomicPtr<u8>; 18] = [const { AtomicPtr::new(null_mut()) }; 18];
static CACHE: Mutex<Cache> = Mutex::new(Cache { heads: [null_mut(); CLASSES], held: 0 });

/// What to ask for when `need` bytes are wanted: malloc's size classes while small, then whole pages and quarters
/// of powers of two.
pub(super) const fn round(need: usize, min: usize) -> usize {
    if need <= min {
        min
    } else if need <= MIN_CACHED {
        (need + OVERHEAD).next_power_of_two() - OVERHEAD
    } else {
        let n = need + OVERHEAD;
        let step = (1usize << (usize::BITS - 1 - (n - 1).leading_zeros())) / 4;
        ((n + step - 1) & !(step - 1)) - OVERHEAD
    }
}
/// The cache's class of a size that `round` made.
#[inline]
fn class(size: usize) -> Option<usize> {
    if size < MIN_CACHED {
        return None;
    }
    let n = size + OVERHEAD;
    let log = usize::BITS - 1 - n.leading_zeros();
    let quarter = (n >> (log - 2)) & 3;
    let i = (log as usize - 12) * 4 + quarter;
    (i < CLASSES).then_some(i)
}

// Where the thread keeps small blocks. Class 0 is for the evbuffers themselves.
const SMALLEST: usize = MIN_ALLOC;
const SMALL2: usize = 512 - OVERHEAD;
const SMALL3: usize = 1024 - OVERHEAD;
const SMALL4: usize = 2048 - OVERHEAD;
/// Room of the block that a thread keeps to read into: what bufferevents read at once, mostly.
const SPILL_ROOM: usize = 16384;

/// `size` bytes, or null. It is a size that `round` made, or less than [`MIN_ALLOC`].
#[inline]
pub(super) fn take(size: usize) -> *mut u8 {
    if size == SMALLEST { small::take::<1>(size).cast() } else { take_other(size) }
}
#[inline(never)]
fn take_other(size: usize) -> *mut u8 {
    match size {
        SMALL2 => small::take::<2>(size).cast(),
        SMALL3 => small::take::<3>(size).cast(),
        SMALL4 => small::take::<4>(size).cast(),
        _ => match class(size).filter(|_| !thread::locks_enabled()).and_then(|i| from_cache(i, size)) {
            Some(p) => p.as_ptr(),
            None => mem::malloc(size).cast(),
        },
    }
}
/// Gives back what `take(size)` returned.
#[inline]
pub(super) fn give(p: *mut u8, size: usize) {
    // SAFETY: by this module's contract it came from `take` for that size, and is not used any more.
    unsafe { if size == SMALLEST { small::give::<1>(p.cast()) } else { give_other(p, size) } }
}
/// # Safety
/// As for [`mem::free`], and of that size.
#[inline(never)]
unsafe fn give_other(p: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match size {
            SMALL2 => small::give::<2>(p.cast()),
            SMALL3 => small::give::<3>(p.cast()),
            SMALL4 => small::give::<4>(p.cast()),
            _ => {
                let kept = class(size).is_some_and(|i| !thread::locks_enabled() && to_cache(p, i, size));
                if !kept {
                    mem::free(p.cast());
                }
            }
        }
    }
}
#[inline]
fn from_cache(i: usize, size: usize) -> Option<NonNull<u8>> {
    if let Some(front) = FRONT.get(i).filter(|f| !f.load(Relaxed).is_null())
        && let Some(p) = NonNull::new(front.swap(null_mut(), Acquire))
    {
        return Some(p);
    }
    from_list(i, size)
}
#[inline]
fn to_cache(p: *mut u8, i: usize, size: usize) -> bool {
    if let Some(front) = FRONT.get(i).filter(|f| f.load(Relaxed).is_null())
        && front.compare_exchange(null_mut(), p, Release, Relaxed).is_ok()
    {
        return true;
    }
    to_list(p, i, size)
}
fn from_list(i: usize, size: usize) -> Option<NonNull<u8>> {
    let mut c = CACHE.try_lock()?;
    let p = NonNull::new(c.heads[i])?;
    // SAFETY: blocks in the cache are ours.
    c.heads[i] = unsafe { p.as_ref() }.next;
    c.held -= size;
    Some(p.cast())
}
fn to_list(p: *mut u8, i: usize, size: usize) -> bool {
    let Some(mut c) = CACHE.try_lock() else { return false };
    if c.held + size > MAX_HELD {
        return false;
    }
    let free = p.cast::<Free>();
    // SAFETY: the block is ours now, large enough and aligned as malloc does.
    unsafe { free.write(Free { next: c.heads[i] }) };
    c.heads[i] = free;
    c.held += size;
    true
}

/// Gives the cache's memory back: before the allocator changes, and at the end.
pub fn trim() {
    mem::small::trim();
    for front in &FRONT {
        if let Some(p) = NonNull::new(front.swap(null_mut(), Acquire)) {
            // SAFETY: it belongs to us alone now, and came from `mem`.
            unsafe { mem::free(p.as_ptr().cast()) };
        }
    }
    // Busy, or held by a thread that fork left behind: then the memory stays where it is.
    let Some(mut c) = CACHE.try_lock() else { return };
    for i in 0..CLASSES {
        while let Some(p) = NonNull::new(c.heads[i]) {
            // SAFETY: blocks in the cache are ours and came from `mem`.
            unsafe {
                c.heads[i] = p.as_ref().next;
                mem::free(p.as_ptr().cast());
            }
        }
    }
    c.held = 0;
}

/// Reads at most `max` bytes by `read`, which is told where to and returns how many it has read. Gives a block with what was
/// read; None: nothing was.
#[inline]
pub(super) fn read_block(
    max: usize,
    read: impl FnOnce(*mut u8) -> Result<usize>,
) -> Result<Option<ChainRef>> {
    let none = Cell::new(null_mut());
    let through = |place: &Cell<*mut c_void>| {
        // SAFETY: what stands there is null, or a block that this function has put there.
        let spill = match unsafe { ChainRef::from_raw(place.get()) } {
            Some(c) => c,
            None => ChainRef::new(SPILL_ROOM.max(max))?,
        };
        place.set(spill.as_raw());
        let got = read(spill.end())?;
        if got == 0 {
            return Ok(None);
        }
        // Little data is not worth such a block.
        if got < spill.capacity() / 2
            && let Ok(small) = ChainRef::new(got)
        {
            // SAFETY: the block has room for them, and the other one holds them.
            unsafe { std::ptr::copy_nonoverlapping(spill.end(), small.end(), got) };
            small.grow(got);
            return Ok(Some(small));
        }
        place.set(null_mut());
        spill.grow(got);
        Ok(Some(spill))
    };
    let done = small::with_single(max <= SPILL_ROOM, &none, through);
    // SAFETY: as above; it is on no list.
    if let Some(unused) = unsafe { ChainRef::from_raw(none.get()) } {
        unused.release();
    }
    done
}
/// An empty block to read up to `n` bytes into.
pub(super) fn spill(n: usize) -> Result<ChainRef> {
    ChainRef::new(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rounded_size_has_its_class() {
        let mut sizes = std::collections::BTreeMap::new();
        for need in 1..600_000 {
            let size = round(need, 232);
            assert!(size >= need);
            if need > 232 {
                assert!(size < need * 2 + 2 * OVERHEAD);
            }
            if need > 5000 {
                assert!(size - need <= need / 4 + OVERHEAD);
            }
            if let Some(i) = class(size) {
                assert_eq!(*sizes.entry(i).or_insert(size), size);
            } else {
                assert!(!(MIN_CACHED..=512 * 1024 - OVERHEAD).contains(&size), "{size}");
            }
        }
        assert_eq!(sizes.len(), CLASSES);
    }
}
