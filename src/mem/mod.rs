//! The pluggable allocator: everything goes through the table of `event_set_mem_functions`, and can fail.
pub mod copy;
pub mod small;

use crate::abi::event::{event_free_fn, event_malloc_fn, event_realloc_fn};
use crate::sys::c;
use crate::{Error, Result};
use allocator_api2::alloc::{AllocError, Allocator, Layout};
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

// Null: the C library's own function.
static MALLOC: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
static REALLOC: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
static FREE: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// Whether any of them is not null.
static OTHERS: AtomicBool = AtomicBool::new(false);

/// `event_set_mem_functions`. Must come before any other use of the library; None restores the default.
pub fn set_functions(malloc: event_malloc_fn, realloc: event_realloc_fn, free: event_free_fn) {
    MALLOC.store(malloc.map_or(null_mut(), |f| f as *mut c_void), Relaxed);
    REALLOC.store(realloc.map_or(null_mut(), |f| f as *mut c_void), Relaxed);
    FREE.store(free.map_or(null_mut(), |f| f as *mut c_void), Relaxed);
    OTHERS.store(malloc.is_some() || realloc.is_some() || free.is_some(), Relaxed);
}

/// Whether memory is the C library's.
#[inline]
pub fn is_default() -> bool {
    !OTHERS.load(Relaxed)
}

/// Allocates `size` bytes; null for 0 and on failure (errno ENOMEM).
pub fn malloc(size: usize) -> *mut c_void {
    if size == 0 {
        return null_mut();
    }
    let f = MALLOC.load(Relaxed);
    let p = if f.is_null() {
        // SAFETY: plain C allocation.
        unsafe { c::malloc(size) }
    } else {
        // SAFETY: only a malloc-like function is ever stored there.
        unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn(usize) -> *mut c_void>(f)(size) }
    };
    if p.is_null() {
        crate::sys::set_errno(c::ENOMEM);
    }
    p
}

/// Allocates and zeroes `count * size` bytes; null for 0, on overflow and on failure (errno ENOMEM).
pub fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(n) = count.checked_mul(size) else {
        crate::sys::set_errno(c::ENOMEM);
        return null_mut();
    };
    let p = malloc(n);
    if !p.is_null() {
        // SAFETY: `n` bytes were just allocated.
        unsafe { std::ptr::write_bytes(p.cast::<u8>(), 0, n) };
    }
    p
}

/// # Safety
/// `p` is null or came from this module and is not used afterwards unless null is returned.
pub unsafe fn realloc(p: *mut c_void, size: usize) -> *mut c_void {
    let f = REALLOC.load(Relaxed);
    // SAFETY: the caller's promise; only a realloc-like function is ever stored there.
    let q = unsafe {
        if f.is_null() {
            c::realloc(p, size)
        } else {
            std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>(f)(
                p, size,
            )
        }
    };
    if q.is_null() && size != 0 {
        crate::sys::set_errno(c::ENOMEM);
    }
    q
}

/// # Safety
/// `p` is null or came from this module and is not used afterwards.
pub unsafe fn free(p: *mut c_void) {
    let f = FREE.load(Relaxed);
    // SAFETY: the caller's promise; only a free-like function is ever stored there.
    unsafe {
        if f.is_null() {
            c::free(p)
        } else {
            std::mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut c_void)>(f)(p)
        }
    }
}

/// The allocator type that the containers below carry.
#[derive(Clone, Copy, Default, Debug)]
pub struct Alloc;

/// What every malloc promises.
const MALLOC_ALIGN: usize = 2 * size_of::<usize>();

/// A block of a stricter alignment, which the tables of hashbrown want where pointers have four bytes. The address of
/// the block from malloc around it stands before it.
#[cold]
fn allocate_aligned(layout: Layout) -> std::result::Result<NonNull<[u8]>, AllocError> {
    let whole = layout.size().checked_add(layout.align()).ok_or(AllocError)?;
    let around = NonNull::new(malloc(whole).cast::<u8>()).ok_or(AllocError)?.as_ptr();
    // At least MALLOC_ALIGN bytes on, since both are multiples of that.
    let skip = layout.align() - (around as usize & (layout.align() - 1));
    // SAFETY: `skip` is at most the alignment, by which `whole` is longer; and at least MALLOC_ALIGN, which is more
    // than a pointer.
    let p = unsafe {
        let p = around.add(skip);
        p.cast::<*mut u8>().sub(1).write(around);
        NonNull::new_unchecked(p)
    };
    Ok(NonNull::slice_from_raw_parts(p, layout.size()))
}

// SAFETY: blocks come from and return to one malloc-like table, which does not move them.
unsafe impl Allocator for Alloc {
    fn allocate(&self, layout: Layout) -> std::result::Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            let dangling = NonNull::new(layout.align() as *mut u8).ok_or(AllocError)?;
            return Ok(NonNull::slice_from_raw_parts(dangling, 0));
        }
        if layout.align() > MALLOC_ALIGN {
            return allocate_aligned(layout);
        }
        let p = NonNull::new(malloc(layout.size()).cast::<u8>()).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(p, layout.size()))
    }
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        // SAFETY: the trait's contract; what stands before an aligned block is the block from malloc.
        unsafe {
            if layout.align() > MALLOC_ALIGN {
                free(ptr.cast::<*mut c_void>().sub(1).read());
            } else {
                free(ptr.as_ptr().cast());
            }
        }
    }
    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> std::result::Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.allocate(new);
        }
        if new.align().max(old.align()) > MALLOC_ALIGN {
            let bigger = self.allocate(new)?;
            // SAFETY: both are at least as long as the old one, which is given back.
            unsafe {
                std::ptr::copy_nonoverlapping(ptr.as_ptr(), bigger.cast().as_ptr(), old.size());
                self.deallocate(ptr, old);
            }
            return Ok(bigger);
        }
        // SAFETY: the trait's contract; a failed realloc leaves the old block alone.
        let p = unsafe { realloc(ptr.as_ptr().cast(), new.size()) };
        let p = NonNull::new(p.cast::<u8>()).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(p, new.size()))
    }
}

pub type Box<T> = allocator_api2::boxed::Box<T, Alloc>;
pub type Vec<T> = allocator_api2::vec::Vec<T, Alloc>;
pub type HashMap<K, V, S> = hashbrown::HashMap<K, V, S, Alloc>;

/// A box on the pluggable allocator.
pub fn new_box<T>(value: T) -> Result<Box<T>> {
    Box::try_new_in(value, Alloc).map_err(|_| Error::NoMem)
}
/// An empty vector on the pluggable allocator.
pub const fn new_vec<T>() -> Vec<T> {
    Vec::new_in(Alloc)
}
/// Makes so many zeros of a vector, whatever it was.
pub fn zero(v: &mut Vec<u8>, len: usize) -> Result<()> {
    v.clear();
    v.try_reserve_exact(len).map_err(|_| Error::NoMem)?;
    // SAFETY: there is room for them.
    unsafe {
        std::ptr::write_bytes(v.as_mut_ptr(), 0, len);
        v.set_len(len);
    }
    Ok(())
}
/// Fallible growth, to be used instead of `push` and `extend`, which abort.
pub trait TryVec<T> {
    fn try_push(&mut self, value: T) -> Result<()>;
    fn try_extend(&mut self, items: &[T]) -> Result<()>
    where
        T: Copy;
    fn try_resize(&mut self, len: usize, value: T) -> Result<()>
    where
        T: Clone;
}
impl<T> TryVec<T> for Vec<T> {
    #[inline]
    fn try_push(&mut self, value: T) -> Result<()> {
        if self.len() == self.capacity() {
            self.try_reserve(1).map_err(|_| Error::NoMem)?;
        }
        self.push(value);
        Ok(())
    }
    fn try_extend(&mut self, items: &[T]) -> Result<()>
    where
        T: Copy,
    {
        self.try_reserve(items.len()).map_err(|_| Error::NoMem)?;
        let len = self.len();
        // (extend_from_slice of this Vec clones one item after the other.)
        // SAFETY: there is room for them, and they are Copy.
        unsafe {
            std::ptr::copy_nonoverlapping(items.as_ptr(), self.as_mut_ptr().add(len), items.len());
            self.set_len(len + items.len());
        }
        Ok(())
    }
    fn try_resize(&mut self, len: usize, value: T) -> Result<()>
    where
        T: Clone,
    {
        if len > self.len() {
            self.try_reserve(len - self.len()).map_err(|_| Error::NoMem)?;
        }
        self.resize(len, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stricter_alignments_than_mallocs() {
        for align in [MALLOC_ALIGN * 2, 64, 4096] {
            for size in [1, 24, 4097] {
                let old = Layout::from_size_align(size, align).unwrap();
                let new = Layout::from_size_align(size * 3, align).unwrap();
                let p = Alloc.allocate(old).unwrap().cast::<u8>();
                assert_eq!(p.as_ptr() as usize % align, 0);
                // SAFETY: blocks of these layouts, used within their sizes, each given back once.
                unsafe {
                    p.as_ptr().write_bytes(7, size);
                    let q = Alloc.grow(p, old, new).unwrap().cast::<u8>();
                    assert_eq!(q.as_ptr() as usize % align, 0);
                    assert!(std::slice::from_raw_parts(q.as_ptr(), size).iter().all(|b| *b == 7));
                    q.as_ptr().write_bytes(9, size * 3);
                    Alloc.deallocate(q, new);
                }
            }
        }
    }
}
