//! The blocks of memory a buffer is a list of.
//!
//! The original regression suite looks into buffers through an internal header. These offsets (64-bit) are what
//! that header must say; they are asserted below and in `mod.rs`:
//!
//! | struct | fields |
//! |---|---|
//! | `evbuffer` | `first` 0, `last` 8, `last_with_datap` 16, `total_len` 24 |
//! | `evbuffer_chain` (`EVBUFFER_CHAIN_SIZE` 48) | `next` 0, `buffer_len` 8, `misalign` 16, `off` 24, `buffer` 40 |
//! | `evbuffer_file_segment` | 32-bit word at 16: `can_sendfile` bit 0, `is_mapping` bit 1 |
//!
//! [`MIN_ALLOC`] is our `MIN_BUFFER_SIZE`: the smallest allocation that holds a block.
use super::segment::SegmentRef;
use super::store;
use crate::abi::buffer::evbuffer_ref_cleanup_cb;
use crate::{Error, Result};
use std::cell::Cell;
use std::ffi::c_void;
use std::mem::size_of;
use std::ops::Deref;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

/// No block, and no buffer, holds more than this.
pub const CHAIN_MAX: usize = isize::MAX as usize;
/// The smallest allocation: a buffer of one byte should be small. With malloc's own 8 bytes it fills a size class.
pub const MIN_ALLOC: usize = if size_of::<usize>() == 8 { 232 } else { 116 };
const HEADER: usize = size_of::<Chain>();
/// More than this is not moved to make room in place.
const MAX_REALIGN: usize = 2048;

/// A place that holds a chain: `first` of a buffer, or `next` of a chain.
pub(super) type Link = Cell<Option<ChainRef>>;

/// One block. A block without flags is ours alone and writable; everything else is read-only.
#[repr(C)]
pub(super) struct Chain {
    next: Link,
    /// Size of the memory at `buffer`.
    buffer_len: Cell<usize>,
    /// Where the data starts in `buffer`.
    misalign: Cell<usize>,
    /// How much data there is.
    off: Cell<usize>,
    flags: Cell<u32>,
    /// Owners: the list it is in, and the multicast blocks that show its memory. Atomic, because these may be
    /// in buffers with different locks.
    refs: AtomicU32,
    /// Usually the memory behind this header. Null while the data is only in a file.
    buffer: Cell<*mut u8>,
}
#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::offset_of;
    assert!(HEADER == 48);
    assert!(offset_of!(Chain, next) == 0 && offset_of!(Chain, buffer_len) == 8);
    assert!(offset_of!(Chain, misalign) == 16 && offset_of!(Chain, off) == 24);
    assert!(offset_of!(Chain, buffer) == 40);
};

/// Shared with multicast blocks: nobody writes into its memory any more.
const SHARED: u32 = 1;
/// The memory is the program's; `Reference` follows the header.
const REFERENCE: u32 = 2;
/// The memory is a file segment's; `SegmentRef` follows the header.
const SEGMENT: u32 = 4;
/// With `SEGMENT`: the data has not been brought into memory, `buffer` is null.
const IN_FILE: u32 = 8;
/// The memory is another block's; that `ChainRef` follows the header.
const MULTICAST: u32 = 16;

/// The system sends its data: nothing of its memory may change. One owner more holds it meanwhile.
#[cfg(has_iocp)]
const PINNED: u32 = 32;

/// What follows the header of a `REFERENCE` block.
#[derive(Clone, Copy)]
struct Reference {
    cleanup: evbuffer_ref_cleanup_cb,
    extra: *mut c_void,
}

/// A handle on a block. It is made by `Chain::new` and friends and stays valid until the list that owns the
/// block lets go of it; the code of this module keeps no handle beyond that.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct ChainRef(NonNull<Chain>);

impl Deref for ChainRef {
    type Target = Chain;
    #[inline]
    fn deref(&self) -> &Chain {
        // SAFETY: a handle is only kept while its block is owned by a list (see the type).
        unsafe { self.0.as_ref() }
    }
}

impl ChainRef {
    /// # Safety
    /// `p` is null or a block of a buffer that has not changed since `p` was taken.
    pub(super) unsafe fn from_raw(p: *mut c_void) -> Option<ChainRef> {
        NonNull::new(p.cast()).map(ChainRef)
    }
    pub(super) fn as_raw(self) -> *mut c_void {
        self.0.as_ptr().cast()
    }
    #[inline]
    pub(super) fn next_link(self) -> LinkRef {
        // SAFETY: the block is alive; `next` is its first field.
        LinkRef(self.0.cast())
    }
    /// What follows the header.
    fn extra<T>(self) -> *mut T {
        // SAFETY: every allocation is larger than the header.
        unsafe { self.0.as_ptr().add(1).cast() }
    }

    /// A writable block with room for at least `room` bytes.
    pub(super) fn new(room: usize) -> Result<ChainRef> {
        if room > CHAIN_MAX / 2 {
            return Err(Error::NoMem);
        }
        let size = store::round(room + HEADER, MIN_ALLOC);
        let p = NonNull::new(store::take(size)).ok_or(Error::NoMem)?.cast::<Chain>();
        // SAFETY: `size` fresh bytes, aligned as malloc does, hold the header and the memory behind it.
        unsafe {
            let data = p.as_ptr().add(1).cast::<u8>();
            p.write(Chain::header(data, size - HEADER, 0, 0));
        }
        Ok(ChainRef(p))
    }
    fn special<T>(flags: u32, data: *mut u8, start: usize, len: usize, extra: T) -> Result<ChainRef> {
        const { assert!(size_of::<T>() + HEADER <= MIN_ALLOC && align_of::<T>() <= align_of::<Chain>()) }
        let p = NonNull::new(store::take(HEADER + size_of::<T>())).ok_or(Error::NoMem)?.cast::<Chain>();
        // SAFETY: fresh memory for the header and `T` behind it.
        unsafe {
            p.write(Chain::header(data, start + len, len, flags));
            (*p.as_ptr()).misalign.set(start);
            p.as_ptr().add(1).cast::<T>().write(extra);
        }
        Ok(ChainRef(p))
    }
    /// A block that shows `len` bytes of the program's memory.
    pub(super) fn reference(
        data: *const u8,
        len: usize,
        cleanup: evbuffer_ref_cleanup_cb,
        extra: *mut c_void,
    ) -> Result<ChainRef> {
        ChainRef::special(REFERENCE, data.cast_mut(), 0, len, Reference { cleanup, extra })
    }
    /// A block that shows part of a file segment, which is held from now on. `loaded`: its memory, if it has any.
    pub(super) fn segment(seg: SegmentRef, loaded: *mut u8, start: usize, len: usize) -> Result<ChainRef> {
        let flags = if loaded.is_null() && len > 0 { SEGMENT | IN_FILE } else { SEGMENT };
        let c = ChainRef::special(flags, loaded, start, len, seg)?;
        seg.hold();
        Ok(c)
    }
    /// A block that shows the data of `self`, whose memory becomes read-only.
    pub(super) fn multicast(self) -> Result<ChainRef> {
        let c = ChainRef::special(MULTICAST, self.buffer.get(), self.misalign.get(), self.off.get(), self)?;
        self.flags.set(self.flags.get() | SHARED);
        self.refs.fetch_add(1, Ordering::Relaxed);
        Ok(c)
    }
    /// Gives up one ownership.
    #[inline]
    pub(super) fn release(self) {
        if self.flags.get() == 0 {
            store::give(self.0.as_ptr().cast(), HEADER + self.buffer_len.get());
        } else {
            self.release_special();
        }
    }
    #[cold]
    fn release_special(mut self) {
        loop {
            if self.refs.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            std::sync::atomic::fence(Ordering::Acquire);
            let flags = self.flags.get();
            let mut parent = None;
            let mut size = HEADER + self.buffer_len.get();
            if flags & REFERENCE != 0 {
                // SAFETY: the flag says what follows the header.
                let r = unsafe { *self.extra::<Reference>() };
                if let Some(cleanup) = r.cleanup {
                    // SAFETY: as the program registered it; nobody shows this memory any more.
                    unsafe { cleanup(self.buffer.get().cast(), self.buffer_len.get(), r.extra) };
                }
                size = HEADER + size_of::<Reference>();
            } else if flags & SEGMENT != 0 {
                self.file_segment().release();
                size = HEADER + size_of::<SegmentRef>();
            } else if flags & MULTICAST != 0 {
                // SAFETY: the flag says what follows the header.
                parent = Some(unsafe { *self.extra::<ChainRef>() });
                size = HEADER + size_of::<ChainRef>();
            }
            store::give(self.0.as_ptr().cast(), size);
            match parent {
                None => return,
                Some(p) => self = p,
            }
        }
    }
    /// The system sends its data from now on. Under the lock of the buffer it is in, as `unpin`.
    #[cfg(has_iocp)]
    pub(super) fn pin(self) {
        self.flags.set(self.flags.get() | PINNED);
        self.refs.fetch_add(1, Ordering::Relaxed);
    }
    /// Undoes `pin`; it may be the last owner's word.
    #[cfg(has_iocp)]
    pub(super) fn unpin(self) {
        self.flags.set(self.flags.get() & !PINNED);
        self.release_special();
    }
    /// The segment behind a block for which `is_segment` is true.
    pub(super) fn file_segment(self) -> SegmentRef {
        debug_assert!(self.is_segment());
        // SAFETY: the flag says what follows the header.
        unsafe { *self.extra::<SegmentRef>() }
    }
    /// Brings the data into memory if it is only in a file.
    #[inline]
    pub(super) fn load(self) -> Result<()> {
        if self.in_file() { self.load_file() } else { Ok(()) }
    }
    #[cold]
    fn load_file(self) -> Result<()> {
        self.buffer.set(self.file_segment().load()?);
        self.flags.set(self.flags.get() & !IN_FILE);
        Ok(())
    }
}

impl Chain {
    fn header(buffer: *mut u8, buffer_len: usize, off: usize, flags: u32) -> Chain {
        Chain {
            next: Cell::new(None),
            buffer_len: Cell::new(buffer_len),
            misalign: Cell::new(0),
            off: Cell::new(off),
            flags: Cell::new(flags),
            refs: AtomicU32::new(1),
            buffer: Cell::new(buffer),
        }
    }
    #[inline]
    pub(super) fn next(&self) -> Option<ChainRef> {
        self.next.get()
    }
    #[inline]
    pub(super) fn set_next(&self, to: Option<ChainRef>) {
        self.next.set(to);
    }
    /// Bytes of data.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.off.get()
    }
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.off.get() == 0
    }
    /// Ours alone: its memory may be written, moved and freed without telling anyone.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.flags.get() == 0
    }
    pub(super) fn is_segment(&self) -> bool {
        self.flags.get() & SEGMENT != 0
    }
    pub(super) fn is_multicast(&self) -> bool {
        self.flags.get() & MULTICAST != 0
    }
    /// The data is only in a file.
    #[inline]
    pub(super) fn in_file(&self) -> bool {
        self.flags.get() & IN_FILE != 0
    }
    /// Size of the memory.
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.buffer_len.get()
    }
    /// Where the data starts in the memory (or, for a file, in its segment).
    #[inline]
    pub(super) fn start(&self) -> usize {
        self.misalign.get()
    }
    /// Writable bytes behind the data.
    #[inline]
    pub(super) fn room(&self) -> usize {
        if self.is_plain() { self.buffer_len.get() - self.misalign.get() - self.off.get() } else { 0 }
    }
    /// Where `n` bytes more go, if there is room for them.
    #[inline]
    pub(super) fn place(&self, n: usize) -> Option<*mut u8> {
        let used = self.misalign.get() + self.off.get();
        let fits = self.is_plain() && self.buffer_len.get() - used >= n;
        fits.then(|| self.buffer.get().wrapping_add(used))
    }
    /// The first byte of data.
    #[inline]
    pub(super) fn data(&self) -> *mut u8 {
        self.buffer.get().wrapping_add(self.misalign.get())
    }
    /// The first byte behind the data.
    #[inline]
    pub(super) fn end(&self) -> *mut u8 {
        self.data().wrapping_add(self.off.get())
    }
    /// The data. Whoever holds the slice neither writes into this block nor lets go of it. Empty for what is
    /// only in a file.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        let p = self.data();
        if self.off.get() == 0 || self.in_file() {
            return &[];
        }
        // SAFETY: `off` bytes from `misalign` on are initialised data; see the rule above.
        unsafe { std::slice::from_raw_parts(p, self.off.get()) }
    }
    /// Appends `data`, for which there is room.
    #[inline]
    pub(super) fn push(&self, data: &[u8]) {
        debug_assert!(data.len() <= self.room());
        let to = self.end();
        self.off.set(self.off.get() + data.len());
        // SAFETY: `room` says that this memory is ours and unused; the program's `data` cannot overlap it.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), to, data.len()) };
    }
    /// Declares `n` bytes of the room to be data: somebody has just written them there.
    #[inline]
    pub(super) fn grow(&self, n: usize) {
        debug_assert!(n <= self.room());
        self.off.set(self.off.get() + n);
    }
    /// Puts `data` in front of the data; `start` bytes are free there.
    pub(super) fn push_front(&self, data: &[u8]) {
        debug_assert!(self.is_plain() && data.len() <= self.misalign.get());
        let at = self.misalign.get() - data.len();
        // SAFETY: the bytes before `misalign` are ours and unused.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), self.buffer.get().add(at), data.len()) };
        self.misalign.set(at);
        self.off.set(self.off.get() + data.len());
    }
    /// Forgets the first `n` bytes of data.
    #[inline]
    pub(super) fn consume(&self, n: usize) {
        debug_assert!(n <= self.off.get());
        self.misalign.set(self.misalign.get() + n);
        self.off.set(self.off.get() - n);
    }
    /// An empty plain block: all its memory becomes room behind the data, or, `at_end`, before it.
    #[inline]
    pub(super) fn reset(&self, at_end: bool) {
        debug_assert!(self.is_plain() && self.is_empty());
        self.misalign.set(if at_end { self.buffer_len.get() } else { 0 });
    }
    /// Whether moving the data to the front is cheap and makes room for `n` bytes.
    pub(super) fn worth_realigning(&self, n: usize) -> bool {
        let (size, len) = (self.buffer_len.get(), self.off.get());
        self.is_plain() && size - len >= n && len < size / 2 && len <= MAX_REALIGN
    }
    /// Moves the data to the front of the memory.
    pub(super) fn realign(&self) {
        debug_assert!(self.is_plain());
        // SAFETY: both ranges lie in our memory.
        unsafe { std::ptr::copy(self.data(), self.buffer.get(), self.off.get()) };
        self.misalign.set(0);
    }
}

/// Where a chain is held: `first` of a buffer, or `next` of a chain. Valid as long as that buffer or chain.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct LinkRef(NonNull<Link>);

impl LinkRef {
    /// # Safety
    /// The link stays where it is while the handle is used.
    #[inline]
    pub(super) unsafe fn new(link: NonNull<Link>) -> LinkRef {
        LinkRef(link)
    }
    #[inline]
    pub(super) fn get(self) -> Option<ChainRef> {
        // SAFETY: see the type.
        unsafe { self.0.as_ref() }.get()
    }
    #[inline]
    pub(super) fn set(self, to: Option<ChainRef>) {
        // SAFETY: see the type.
        unsafe { self.0.as_ref() }.set(to)
    }
    /// The chain whose `next` this is, unless it is `first`.
    #[inline]
    pub(super) fn holder(self, first: LinkRef) -> Option<ChainRef> {
        // `next` is a chain's first field.
        if self == first { None } else { Some(ChainRef(self.0.cast())) }
    }
}

/// Chains that were taken off a buffer and are freed when this goes out of scope. By then the buffer must be in
/// order: cleanup callbacks may use it.
#[must_use]
pub(super) struct Removed(Option<ChainRef>);

impl Removed {
    pub(super) const NONE: Removed = Removed(None);
    #[inline]
    pub(super) fn list(first: Option<ChainRef>) -> Removed {
        Removed(first)
    }
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
    /// What it mostly is.
    #[inline]
    pub(super) fn is_one_plain(&self) -> bool {
        self.0.is_some_and(|c| c.is_plain() && c.next().is_none())
    }
    /// Whether freeing them may run the program's code.
    #[inline]
    pub(super) fn calls_out(&self) -> bool {
        let mut at = self.0;
        while let Some(c) = at {
            if !c.is_plain() {
                return true;
            }
            at = c.next();
        }
        false
    }
}
impl Drop for Removed {
    #[inline]
    fn drop(&mut self) {
        if let Some(first) = self.0 {
            release_list(first);
        }
    }
}

#[inline(never)]
fn release_list(mut c: ChainRef) {
    // One is what there is, mostly.
    while let Some(next) = c.next() {
        c.release();
        c = next;
    }
    c.release();
}

/// The null of `evbuffer_ptr`.
pub(super) const NO_CHAIN: *mut c_void = null_mut();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_the_impossible() {
        assert!(ChainRef::new(CHAIN_MAX).is_err());
        assert!(ChainRef::new(usize::MAX).is_err());
    }
}
