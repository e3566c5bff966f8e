//! evbuffer: a queue of bytes in a list of blocks.
//!
//! | file | what |
//! |---|---|
//! | `chain.rs`, `store.rs` | one block and its memory |
//! | `list.rs` | the list of blocks and its invariants |
//! | `edit.rs` | add, prepend, drain, remove, move, pull up |
//! | `reserve.rs` | room for others to write into |
//! | `search.rs`, `ptr.rs` | searching, lines, positions, peeking |
//! | `io.rs` | reading from and writing to descriptors |
//! | `reference.rs`, `segment.rs` | memory and files of others |
//! | `observers.rs` | callbacks |
//! | `overlapped.rs` | memory that the system uses meanwhile (completion ports) |
//!
//! All state is in `Cell`s, and each call is one [`Call`]: callbacks run under the buffer's recursive lock, may use
//! the buffer in any way, and may free it, in which case it lives until the outermost call returns.
mod chain;
mod edit;
mod io;
mod list;
mod observers;
#[cfg(has_iocp)]
mod overlapped;
mod ptr;
mod reference;
mod reserve;
mod search;
mod segment;
mod store;

pub use chain::{CHAIN_MAX, MIN_ALLOC};
pub use io::MAX_READ;
pub use observers::ParentOps;
#[cfg(has_iocp)]
pub use overlapped::{Inbox, MAX_SLICES, Pinned};
pub use ptr::NOT_FOUND;
pub use segment::{FileSegment, SegmentRef};
pub use store::trim;

use crate::abi::buffer::{EVBUFFER_FLAG_DRAINS_TO_FD, evbuffer, evbuffer_cb_info};
use crate::abi::bufferevent::bufferevent;
use crate::thread::SharedLock;
use crate::{Error, Result, mem};
use chain::{Link, LinkRef, Removed};
use observers::{Deferred, Observer};
use std::cell::{Cell, UnsafeCell};
use std::ffi::c_void;
use std::ops::Deref;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU16, Ordering};

/// What a callback is told; kept here so that observers and the C layer agree.
pub type ChangeInfo = evbuffer_cb_info;

/// What a `struct evbuffer *` points at.
#[repr(C)]
pub struct Evbuffer {
    first: Link,
    last: Link,
    /// libevent's `last_with_datap`; see `list.rs`.
    data_link: Cell<LinkRef>,
    total: Cell<usize>,
    /// Changes that callbacks have not been told.
    n_added: Cell<usize>,
    n_deleted: Cell<usize>,
    /// Set before the buffer is shared between threads, then only read.
    lock: UnsafeCell<Option<SharedLock>>,
    refs: Cell<u32>,
    state: Bits,
    /// How many rounds of callbacks are running.
    rounds: Cell<u16>,
    observers: Cell<*mut Observer>,
    deferred: Cell<*mut Deferred>,
    parent: Cell<*mut bufferevent>,
}
#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Evbuffer, first) == 0 && offset_of!(Evbuffer, last) == 8);
    assert!(offset_of!(Evbuffer, data_link) == 16 && offset_of!(Evbuffer, total) == 24);
    assert!(size_of::<Evbuffer>() == 88);
};

/// Bits that are changed under the lock, if there is one, and looked at without it: whether there is a lock is one of them.
struct Bits(AtomicU16);

impl Bits {
    #[inline]
    fn get(&self) -> u16 {
        self.0.load(Ordering::Relaxed)
    }
    #[inline]
    fn set(&self, bits: u16) {
        self.0.store(bits, Ordering::Relaxed);
    }
}

// Bits of `Evbuffer::state`.
const FROZEN_FRONT: u16 = 1;
const FROZEN_BACK: u16 = 2;
const DRAINS_TO_FD: u16 = 4;
/// There is a lock.
const LOCKED: u16 = 16;
/// There are callbacks.
const OBSERVED: u16 = 32;
/// The bufferevent wants to know when data was added.
const WATCHED: u16 = 64;
/// An evbuffer of libevent's internal interface for completion ports, in a larger allocation; see `overlapped.rs`.
const OVERLAPPED: u16 = 128;
/// Some callback was removed while callbacks ran: the list must be swept.
const DEAD_OBSERVERS: u16 = 8;

/// A handle on an evbuffer; copying it does not keep the buffer alive, [`BufferRef::incref`] does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BufferRef(NonNull<evbuffer>);

/// A call in progress: the lock is held, and given back at the end.
struct Call {
    buf: BufferRef,
    /// This call holds a reference, because it runs code of the program.
    kept: Cell<bool>,
}

impl Deref for Call {
    type Target = Evbuffer;
    #[inline]
    fn deref(&self) -> &Evbuffer {
        self.buf.state()
    }
}
impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        if self.kept.get() { self.buf.leave() } else { self.buf.unlock() }
    }
}
impl Call {
    /// Keeps the buffer until this call ends: from now on the program's code may run.
    #[inline]
    fn keep(&self) {
        if !self.kept.replace(true) {
            self.refs.set(self.refs.get() + 1);
        }
    }
    /// Frees blocks, possibly running cleanup callbacks.
    #[inline]
    fn dispose(&self, removed: Removed) {
        if removed.calls_out() {
            self.keep();
        }
        drop(removed);
    }
    fn frozen_front(&self) -> bool {
        self.has(FROZEN_FRONT)
    }
    fn frozen_back(&self) -> bool {
        self.has(FROZEN_BACK)
    }
    fn has(&self, bit: u16) -> bool {
        self.state.get() & bit != 0
    }
}
impl Evbuffer {
    /// Whether nothing stands in the way of a change: neither a lock, nor callbacks, nor `frozen`.
    #[inline]
    fn is_simple(&self, frozen: u16) -> bool {
        self.state.get() & (LOCKED | OBSERVED | frozen) == 0
    }
    fn set_state(&self, bit: u16, on: bool) {
        let s = self.state.get();
        self.state.set(if on { s | bit } else { s & !bit });
    }
    #[inline]
    fn lock(&self) -> Option<&SharedLock> {
        // SAFETY: only `set_lock` writes it, before other threads know the buffer, or under the old lock.
        unsafe { (*self.lock.get()).as_ref() }
    }
}

impl BufferRef {
    /// `evbuffer_new`
    #[inline]
    pub fn new() -> Result<BufferRef> {
        let p = mem::small::take::<0>(size_of::<Evbuffer>()).cast::<Evbuffer>();
        BufferRef::place(NonNull::new(p).ok_or(Error::NoMem)?)
    }
    /// One in an allocation of `size` bytes, more than an Evbuffer's: it is OVERLAPPED.
    #[cfg(has_iocp)]
    fn with_size(size: usize) -> Result<BufferRef> {
        let p = mem::malloc(size).cast::<Evbuffer>();
        let buf = BufferRef::place(NonNull::new(p).ok_or(Error::NoMem)?)?;
        buf.state().set_state(OVERLAPPED, true);
        Ok(buf)
    }
    /// One at `p`, where there is room for an Evbuffer.
    #[inline]
    fn place(p: NonNull<Evbuffer>) -> Result<BufferRef> {
        let first = p.cast::<Link>();
        // SAFETY: fresh memory of that size; `first` is its first field and stays where it is.
        unsafe {
            p.write(Evbuffer {
                first: Cell::new(None),
                last: Cell::new(None),
                data_link: Cell::new(LinkRef::new(first)),
                total: Cell::new(0),
                n_added: Cell::new(0),
                n_deleted: Cell::new(0),
                lock: UnsafeCell::new(None),
                refs: Cell::new(1),
                state: Bits(AtomicU16::new(0)),
                rounds: Cell::new(0),
                observers: Cell::new(null_mut()),
                deferred: Cell::new(null_mut()),
                parent: Cell::new(null_mut()),
            });
        }
        Ok(BufferRef(p.cast()))
    }
    /// # Safety
    /// `p` is null or a live evbuffer, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut evbuffer) -> Option<BufferRef> {
        NonNull::new(p).map(BufferRef)
    }
    #[inline]
    pub fn as_ptr(self) -> *mut evbuffer {
        self.0.as_ptr()
    }
    #[inline]
    fn state<'a>(self) -> &'a Evbuffer {
        // SAFETY: the handle's contract: the buffer is alive while the handle is used, and no reference made here
        // is kept over code of the program without a `Call` that keeps the buffer.
        unsafe { self.0.cast().as_ref() }
    }
    #[inline]
    fn enter(self) -> Call {
        self.lock();
        Call { buf: self, kept: Cell::new(false) }
    }
    /// Locks two buffers, always in the same order of their locks.
    fn enter_both(a: BufferRef, b: BufferRef) -> (Call, Call) {
        let key = |x: BufferRef| x.state().lock().map_or(null_mut(), SharedLock::as_ptr) as usize;
        if key(a) <= key(b) {
            let a = a.enter();
            (a, b.enter())
        } else {
            let b = b.enter();
            (a.enter(), b)
        }
    }
    /// `evbuffer_free`: gives up one reference.
    pub fn free(self) {
        self.lock();
        self.leave();
    }
    pub fn incref(self) {
        let call = self.enter();
        call.refs.set(call.refs.get() + 1);
    }
    /// Empties a buffer of which the caller holds the last reference. False: it has a lock, callbacks or other users,
    /// so it is not as good as new.
    pub fn renew(self) -> bool {
        let b = self.state();
        let plain = || {
            let nobody =
                b.observers.get().is_null() && b.deferred.get().is_null() && b.parent.get().is_null();
            b.refs.get() == 1 && b.state.get() == 0 && b.rounds.get() == 0 && nobody
        };
        if !plain() {
            return false;
        }
        if b.first.get().is_some() {
            let blocks = b.remove_all();
            b.n_added.set(0);
            b.n_deleted.set(0);
            // Cleanup functions may do anything with the buffer.
            drop(blocks);
            return plain() && b.first.get().is_none();
        }
        true
    }
    /// Gives up one reference, and the lock.
    fn leave(self) {
        let b = self.state();
        b.refs.set(b.refs.get() - 1);
        if b.refs.get() > 0 {
            return self.unlock();
        }
        let blocks = b.remove_all();
        self.drop_observers();
        self.drop_deferred();
        // SAFETY: the last reference is gone: nobody else knows the buffer.
        let lock = unsafe { (*b.lock.get()).take() };
        if let Some(l) = &lock {
            // SAFETY: our caller held it.
            unsafe { l.release() };
        }
        drop(lock);
        // SAFETY: made by `new` or `with_size`, not used any more.
        unsafe {
            if b.state.get() & OVERLAPPED == 0 {
                mem::small::give::<0>(self.0.as_ptr().cast());
            } else {
                mem::free(self.0.as_ptr().cast());
            }
        }
        // Last: cleanup callbacks run the program's code.
        drop(blocks);
    }
    /// Shares `lock` with this buffer; every later call locks it.
    pub fn set_lock(self, lock: Option<SharedLock>) {
        // By contract called before other threads know the buffer; nobody holds the old one.
        let b = self.state();
        b.set_state(LOCKED, lock.is_some());
        // SAFETY: as said.
        unsafe { *b.lock.get() = lock };
    }
    pub fn has_lock(self) -> bool {
        self.state().lock().is_some()
    }
    /// `evbuffer_enable_locking`: with the program's own lock, or (null) with a new one. Refused when it has one.
    ///
    /// # Safety
    /// `lock` is null or a recursive lock of the live table which outlives the buffer.
    pub unsafe fn enable_locking(self, lock: *mut c_void) -> Result<()> {
        if self.has_lock() {
            return Err(Error::Invalid);
        }
        let lock = if lock.is_null() {
            SharedLock::new()?.ok_or(Error::Invalid)?
        } else {
            // SAFETY: the caller's promise.
            unsafe { SharedLock::lent(lock)? }
        };
        self.set_lock(Some(lock));
        Ok(())
    }
    /// The bufferevent this buffer belongs to: deferred callbacks hold a reference on it while they wait and run.
    pub fn set_parent(self, parent: *mut bufferevent) {
        let call = self.enter();
        call.parent.set(parent);
        call.set_state(WATCHED, false);
    }
    /// From now on the parent is told of each addition (see [`ParentOps`]), after the callbacks have been.
    pub fn tell_parent(self) {
        let call = self.enter();
        call.set_state(WATCHED, !call.parent.get().is_null());
    }
    /// `evbuffer_lock`
    #[inline]
    pub fn lock(self) {
        if self.state().state.get() & LOCKED != 0 {
            self.acquire();
        }
    }
    /// `evbuffer_unlock`
    #[inline]
    pub fn unlock(self) {
        if self.state().state.get() & LOCKED != 0 {
            self.release();
        }
    }
    fn acquire(self) {
        if let Some(l) = self.state().lock() {
            l.acquire();
        }
    }
    fn release(self) {
        if let Some(l) = self.state().lock() {
            // SAFETY: by contract follows a `lock` of the same thread.
            unsafe { l.release() };
        }
    }
    /// `evbuffer_get_length`
    #[inline]
    pub fn len(self) -> usize {
        if self.state().is_simple(0) { self.state().total.get() } else { self.len_locked() }
    }
    #[inline(never)]
    fn len_locked(self) -> usize {
        self.enter().total.get()
    }
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
    /// `evbuffer_get_contiguous_space`: bytes in the first block.
    pub fn first_len(self) -> usize {
        self.enter().first.get().map_or(0, |c| c.len())
    }
    /// `evbuffer_freeze`: at the front nothing is taken or prepended, at the back nothing is added.
    pub fn freeze(self, at_front: bool) -> Result<()> {
        self.enter().set_state(if at_front { FROZEN_FRONT } else { FROZEN_BACK }, true);
        Ok(())
    }
    pub fn unfreeze(self, at_front: bool) -> Result<()> {
        self.enter().set_state(if at_front { FROZEN_FRONT } else { FROZEN_BACK }, false);
        Ok(())
    }
    /// `evbuffer_set_flags` and `evbuffer_clear_flags`; there is one flag, others are ignored.
    pub fn set_flags(self, flags: u64, on: bool) {
        if flags & EVBUFFER_FLAG_DRAINS_TO_FD != 0 {
            self.enter().set_state(DRAINS_TO_FD, on);
        }
    }
    /// Whether the invariants of `list.rs` hold; for tests.
    pub fn is_consistent(self) -> bool {
        self.enter().is_consistent()
    }
}
