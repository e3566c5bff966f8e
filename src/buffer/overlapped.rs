//! Memory of buffers that the system reads from or writes to while nobody looks.
//!
//! * What is received comes into a block that is in no buffer yet ([`Inbox`]); so the buffer itself can be used in any way.
//! * What is sent stays in the buffer. Its blocks are pinned: nobody writes into them or moves their data, and each has
//!   one owner more, so that it outlives whatever happens to the list.
use super::chain::{ChainRef, Removed};
use super::{BufferRef, FROZEN_BACK, FROZEN_FRONT, store};
use crate::abi::util::evutil_socket_t;
use crate::sys::iocp::{self as system, Overlapped, Slice};
use crate::{Error, Result};
use std::cell::Cell;

/// How many blocks one operation sends.
pub const MAX_SLICES: usize = 16;

/// A block to receive into.
pub struct Inbox(Cell<Option<ChainRef>>);
impl Inbox {
    pub const fn new() -> Inbox {
        Inbox(Cell::new(None))
    }
    /// Room for `n` bytes, which stays the same until [`BufferRef::owner_take`] or [`Inbox::discard`].
    pub fn room(&self, n: usize) -> Result<Slice> {
        let n = n.max(1);
        if self.0.get().is_some_and(|c| c.capacity() < n) {
            self.discard();
        }
        let c = match self.0.get() {
            Some(c) => c,
            None => store::spill(n)?,
        };
        self.0.set(Some(c));
        Ok(Slice::new(c.end(), n))
    }
    pub fn discard(&self) {
        drop(Removed::list(self.0.take()));
    }
}
impl Default for Inbox {
    fn default() -> Self {
        Inbox::new()
    }
}
impl Drop for Inbox {
    fn drop(&mut self) {
        self.discard();
    }
}

/// The blocks that one operation sends.
pub struct Pinned {
    blocks: [Cell<Option<ChainRef>>; MAX_SLICES],
}
impl Pinned {
    pub const fn new() -> Pinned {
        Pinned { blocks: [const { Cell::new(None) }; MAX_SLICES] }
    }
}
impl Default for Pinned {
    fn default() -> Self {
        Pinned::new()
    }
}

impl BufferRef {
    /// Adds the `n` bytes that were received into `from`. For the owner, who may have frozen the buffer.
    pub fn owner_take(self, from: &Inbox, n: usize) -> Result<()> {
        let call = self.enter();
        let Some(c) = from.0.get().filter(|c| n > 0 && n <= c.room()) else { return Ok(()) };
        call.check_growth(n)?;
        c.grow(n);
        // The block stays for the next time, unless it is filled well or there is no memory for a copy.
        if n < c.capacity() / 2 && call.push_back(&call, c.bytes()).is_ok() {
            c.consume(n);
            c.reset(false);
        } else {
            from.0.set(None);
            call.dispose(call.append(c));
        }
        call.changed(n, 0);
        Ok(())
    }
    /// Pins the first blocks, of at most `max` bytes together, and describes them in `to`; returns how many they are and how
    /// many bytes. None: there is nothing to send. For the owner, as above.
    pub fn owner_pin(
        self,
        max: usize,
        pins: &Pinned,
        to: &mut [Slice; MAX_SLICES],
    ) -> Result<Option<(usize, usize)>> {
        let call = self.enter();
        let (mut n, mut left, mut failed) = (0, max, None);
        call.each(|c| {
            if c.is_empty() {
                return true;
            }
            let (Some(slice), Some(pin)) = (to.get_mut(n), pins.blocks.get(n)) else { return false };
            if left == 0 {
                return false;
            }
            // Bytes that are only in a file must be in memory to be sent this way.
            if let Err(e) = c.load() {
                failed = Some(e);
                return false;
            }
            *slice = Slice::new(c.data(), c.len().min(left));
            c.pin();
            pin.set(Some(c));
            n += 1;
            left -= slice.len();
            // A block that is too long for one slice ends the list.
            slice.len() == c.len()
        });
        match failed {
            Some(e) if n == 0 => Err(e),
            _ if n == 0 => Ok(None),
            _ => Ok(Some((n, max - left))),
        }
    }
    /// Gives the pinned blocks back to the buffer, and drops the first `sent` bytes.
    pub fn owner_unpin(self, pins: &Pinned, sent: usize) {
        let call = self.enter();
        // What the program took out of the list meanwhile is freed, which may call it.
        call.keep();
        for pin in &pins.blocks {
            if let Some(c) = pin.take() {
                c.unpin();
            }
        }
        let sent = sent.min(call.total.get());
        if sent > 0 {
            call.dispose(call.cut_front(sent));
            call.changed(0, sent);
        }
    }
}

// ---- the overlapped evbuffers of libevent's internal interface ----

/// What such a buffer has in addition.
struct Extra {
    fd: Cell<evutil_socket_t>,
    reading: Cell<bool>,
    writing: Cell<bool>,
    inbox: Inbox,
    pins: Pinned,
}

#[repr(C)]
struct OverlappedBuffer {
    buffer: super::Evbuffer,
    extra: Extra,
}

impl BufferRef {
    /// `evbuffer_overlapped_new_`
    pub fn overlapped_new(fd: evutil_socket_t) -> Result<BufferRef> {
        let b = BufferRef::with_size(size_of::<OverlappedBuffer>())?;
        let extra = Extra {
            fd: Cell::new(fd),
            reading: Cell::new(false),
            writing: Cell::new(false),
            inbox: Inbox::new(),
            pins: Pinned::new(),
        };
        // SAFETY: the allocation is that large; an empty Extra needs no drop.
        unsafe { (&raw mut (*b.as_ptr().cast::<OverlappedBuffer>()).extra).write(extra) };
        Ok(b)
    }
    fn extra<'a>(self) -> Option<&'a Extra> {
        let is = self.state().state.get() & super::OVERLAPPED != 0;
        // SAFETY: the bit says how the buffer was made; as for `state`.
        is.then(|| unsafe { &(*self.as_ptr().cast::<OverlappedBuffer>()).extra })
    }
    /// `evbuffer_overlapped_get_fd_`
    pub fn overlapped_fd(self) -> Option<evutil_socket_t> {
        self.extra().map(|x| x.fd.get())
    }
    /// `evbuffer_overlapped_set_fd_`
    pub fn set_overlapped_fd(self, fd: evutil_socket_t) {
        let _call = self.enter();
        if let Some(x) = self.extra() {
            x.fd.set(fd);
        }
    }
    /// `evbuffer_launch_read_`: the back is frozen until `commit_read`.
    ///
    /// # Safety
    /// `ov` stays until the operation has come out of the socket's port, and `commit_read` follows that.
    pub unsafe fn launch_read(self, max: usize, ov: *mut Overlapped) -> Result<()> {
        let call = self.enter();
        let x = self.extra().ok_or(Error::Invalid)?;
        if x.reading.get() || call.frozen_back() {
            return Err(Error::Invalid);
        }
        let slice = x.inbox.room(max)?;
        // SAFETY: the caller's promise; the buffer keeps the block, and a reference keeps the buffer.
        unsafe { system::recv(x.fd.get(), &[slice], ov) }.inspect_err(|_| x.inbox.discard())?;
        x.reading.set(true);
        call.set_state(FROZEN_BACK, true);
        call.refs.set(call.refs.get() + 1);
        Ok(())
    }
    /// `evbuffer_commit_read_`: `n` bytes have come.
    pub fn commit_read(self, n: usize) {
        self.lock();
        let Some(x) = self.extra().filter(|x| x.reading.get()) else { return self.unlock() };
        self.state().set_state(FROZEN_BACK, false);
        x.reading.set(false);
        // What would make the buffer too long has not fitted into memory.
        let _ = self.owner_take(&x.inbox, n);
        x.inbox.discard();
        // The operation's reference.
        self.leave();
    }
    /// `evbuffer_launch_write_`: the front is frozen until `commit_write`. Without data nothing is started.
    ///
    /// # Safety
    /// As [`BufferRef::launch_read`].
    pub unsafe fn launch_write(self, max: Option<usize>, ov: *mut Overlapped) -> Result<()> {
        let call = self.enter();
        let x = self.extra().ok_or(Error::Invalid)?;
        if x.writing.get() || call.frozen_front() {
            return Err(Error::Invalid);
        }
        let mut slices = [Slice::EMPTY; MAX_SLICES];
        let Some((n, _)) = self.owner_pin(max.unwrap_or(usize::MAX), &x.pins, &mut slices)? else {
            return Ok(());
        };
        // SAFETY: the caller's promise; the blocks are pinned, and a reference keeps the buffer.
        let sent = unsafe { system::send(x.fd.get(), &slices[..n], ov) };
        if let Err(e) = sent {
            self.owner_unpin(&x.pins, 0);
            return Err(e);
        }
        x.writing.set(true);
        call.set_state(FROZEN_FRONT, true);
        call.refs.set(call.refs.get() + 1);
        Ok(())
    }
    /// `evbuffer_commit_write_`: `n` bytes have gone.
    pub fn commit_write(self, n: usize) {
        self.lock();
        let Some(x) = self.extra().filter(|x| x.writing.get()) else { return self.unlock() };
        self.state().set_state(FROZEN_FRONT, false);
        x.writing.set(false);
        self.owner_unpin(&x.pins, n);
        self.leave();
    }
}
