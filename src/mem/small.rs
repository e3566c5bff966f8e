//! Small blocks that come and go with each message: a thread keeps some that it has let go of.
//!
//! malloc and free of one take some 130 instructions together, this takes 50. Nothing is kept once the program has set
//! functions of its own, which may want to see each block. A thread's blocks go when it ends.
use super::{free, is_default, malloc};
use crate::sys::c;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;

/// How many blocks of each class a thread keeps.
const MOST: [usize; CLASSES] = [16, 16, 8, 4, 2];
const CLASSES: usize = 5;

/// What a block is while it is kept.
struct Kept {
    next: *mut Kept,
    /// How many stand here, with this one.
    count: usize,
}
struct Shelf {
    blocks: [Cell<*mut Kept>; CLASSES],
    /// One block of a size that its users agree upon, or null.
    single: Cell<*mut c_void>,
}

impl Shelf {
    #[inline(always)]
    fn take<const CLASS: usize>(&self) -> *mut Kept {
        let p = self.blocks[CLASS].get();
        if !p.is_null() {
            // SAFETY: what stands here is ours alone.
            self.blocks[CLASS].set(unsafe { (*p).next });
        }
        p
    }
    /// # Safety
    /// The block is nobody's, has room for a `Kept`, and came from the C library.
    #[inline(always)]
    unsafe fn give<const CLASS: usize>(&self, p: *mut Kept) -> bool {
        let next = self.blocks[CLASS].get();
        // SAFETY: what stands here is ours alone.
        let count = if next.is_null() { 0 } else { unsafe { (*next).count } };
        if count >= MOST[CLASS] {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe { p.write(Kept { next, count: count + 1 }) };
        self.blocks[CLASS].set(p);
        true
    }
    fn clear(&self) {
        // SAFETY: null, or the C library's and ours alone.
        unsafe { c::free(self.single.replace(null_mut())) };
        for first in &self.blocks {
            let mut at = first.replace(null_mut());
            while !at.is_null() {
                // SAFETY: what stands here came from the C library and is ours alone.
                unsafe {
                    let next = (*at).next;
                    c::free(at.cast());
                    at = next;
                }
            }
        }
    }
}
impl Drop for Shelf {
    fn drop(&mut self) {
        self.clear();
    }
}
thread_local!(static SHELF: Shelf = const {
    Shelf { blocks: [const { Cell::new(null_mut()) }; CLASSES], single: Cell::new(null_mut()) }
});

/// `size` bytes, or null. All that are taken and given for one class have the same size, which is 16 at least.
// Out of line, and all that is rare further out: the places that call it stay small.
#[inline(never)]
pub fn take<const CLASS: usize>(size: usize) -> *mut c_void {
    if is_default()
        && let Ok(p) = SHELF.try_with(Shelf::take::<CLASS>)
        && !p.is_null()
    {
        return p.cast();
    }
    malloc(size)
}
/// Gives back what [`take`] returned.
///
/// # Safety
/// It came from there, for the same class, and is not used any more.
#[inline(never)]
pub unsafe fn give<const CLASS: usize>(p: *mut c_void) {
    // SAFETY: the caller's promise.
    if is_default() && SHELF.try_with(|s| unsafe { s.give::<CLASS>(p.cast()) }) == Ok(true) {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe { free(p) };
}
/// Calls `f` with the place where the thread keeps a single block of the C library's: null, or one that an earlier call
/// has left there. `f` must not call out. It gets `other` if it is not to have that place
/// (`wanted`), or there is none.
#[inline(always)]
pub fn with_single<R>(wanted: bool, other: &Cell<*mut c_void>, f: impl FnOnce(&Cell<*mut c_void>) -> R) -> R {
    // (`f` stands here once, and not within `try_with`, so that it is made part of its caller.)
    let own =
        if wanted && is_default() { SHELF.try_with(|s| &raw const s.single).unwrap_or(other) } else { other };
    // SAFETY: the thread's shelf goes when the thread ends, which is not while `f` runs.
    f(unsafe { &*own })
}
/// Gives back what this thread keeps.
pub fn trim() {
    let _ = SHELF.try_with(Shelf::clear);
}
