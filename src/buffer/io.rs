//! Between buffers and descriptors.
use super::chain::{ChainRef, Removed};
use super::{BufferRef, Call, Evbuffer, WATCHED, store};
use crate::abi::util::evutil_socket_t;
use crate::sys;
use crate::sys::c;
use crate::sys::c::iovec;
use crate::{Error, Result};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// The most that one call reads, where the caller sets no limit.
pub const MAX_READ: usize = 65536;
/// How many blocks one call writes.
const MAX_WRITE_VECS: usize = 128;
/// Room smaller than this behind the data is not worth splitting what arrives.
const MIN_ROOM: usize = 64;

const NO_VEC: iovec = iovec { iov_base: null_mut(), iov_len: 0 };

impl BufferRef {
    /// Reads at most `max` bytes from `fd` with one system call: into the room behind the data, and into a large
    /// block of which only a part that was filled well is kept. Ok(0) is EOF.
    pub fn read_from(self, fd: evutil_socket_t, max: usize) -> Result<usize> {
        let call = self.enter();
        if call.frozen_back() {
            return Err(Error::Invalid);
        }
        call.read_some(fd, max)
    }
    /// The same for the bufferevent that owns the buffer, which may be frozen.
    #[inline]
    pub fn owner_read_from(self, fd: evutil_socket_t, max: usize) -> Result<usize> {
        let b = self.state();
        // What most reads find: nothing in the way, and nothing there.
        if b.is_simple(0) && b.first.get().is_none() {
            return b.read_first(fd, max.min(MAX_READ));
        }
        self.enter().read_some(fd, max)
    }
    /// Appends what `fill` puts into a block of at least `max` bytes, of which it is to use no more; it returns how many
    /// it has written. The block is nobody else's meanwhile: `fill` may call out. For the owner, as above.
    pub fn owner_add_with(self, max: usize, fill: impl FnOnce(*mut u8, usize) -> usize) -> Result<usize> {
        let max = max.min(MAX_READ);
        self.enter().check_growth(max)?;
        let block = store::spill(max)?;
        let mut spill = Spill(Some(block));
        let got = fill(block.end(), max).min(max);
        if got > 0 {
            let call = self.enter();
            block.grow(got);
            // A block for little data is not worth keeping, unless there is no other.
            if got >= block.capacity() / 2 || call.push_back(&call, block.bytes()).is_err() {
                spill.0 = None;
                call.dispose(call.append(block));
            }
            drop(spill);
            call.changed(got, 0);
        }
        Ok(got)
    }
    /// Writes at most `max` bytes (None: everything) to `fd` with one system call and drains what was taken.
    pub fn write_to(self, fd: evutil_socket_t, max: Option<usize>) -> Result<usize> {
        let call = self.enter();
        if call.frozen_front() {
            return Err(Error::Invalid);
        }
        call.write_some(fd, max.unwrap_or(usize::MAX))
    }
    /// The same for the bufferevent that owns the buffer, which may be frozen.
    #[inline]
    pub fn owner_write_to(self, fd: evutil_socket_t, max: usize) -> Result<usize> {
        let b = self.state();
        // What most writes find: nothing in the way, and all of it in one block of ours.
        if b.is_simple(0)
            && let Some(c) = b.first.get()
            && c.len() == b.total.get()
            && c.is_plain()
            && c.len().min(max) != 0
        {
            let all = iovec { iov_base: c.data().cast(), iov_len: c.len().min(max) };
            // SAFETY: data of the block.
            let n = unsafe { sys::io::writev(fd, &[all]) }?;
            drop(b.cut_front(n));
            return Ok(n);
        }
        self.enter().write_some(fd, max)
    }
}

impl Call {
    #[inline]
    fn read_some(&self, fd: evutil_socket_t, max: usize) -> Result<usize> {
        let call = self;
        let max = max.min(MAX_READ);
        call.check_growth(max)?;
        let (mut vecs, mut n, mut room) = ([NO_VEC; 3], 0, 0);
        let mut at = call.room_link().get();
        let first = at.filter(|c| c.room() >= max.min(MIN_ROOM) || c.next().is_some());
        at = first;
        while let Some(c) = at.filter(|c| c.is_plain() && n < 2 && room < max) {
            if c.is_empty() {
                c.reset(false);
            }
            let len = c.room().min(max - room);
            vecs[n] = iovec { iov_base: c.end().cast(), iov_len: len };
            n += 1;
            room += len;
            at = c.next();
        }
        let mut spill = Spill(None);
        if room < max {
            match store::spill(max - room) {
                Ok(c) => {
                    vecs[n] = iovec { iov_base: c.end().cast(), iov_len: c.room().min(max - room) };
                    n += 1;
                    spill.0 = Some(c);
                }
                // Less than `max` will do.
                Err(e) if room == 0 => return Err(e),
                Err(_) => {}
            }
        }
        // SAFETY: the vectors describe room that is ours.
        let got = unsafe { sys::io::readv(fd, &vecs[..n]) }?;
        let here = got.min(room);
        if here > 0 {
            let (mut left, mut at) = (here, first);
            for v in &vecs[..n] {
                let Some(c) = at.filter(|_| left > 0) else { break };
                let len = left.min(v.iov_len);
                c.grow(len);
                left -= len;
                at = c.next();
            }
            call.add_len(here);
            call.advance_data_link();
        }
        if let (Some(c), true) = (spill.0, got > here) {
            c.grow(got - here);
            call.dispose(call.append(spill.kept()?));
        }
        drop(spill);
        if got > 0 {
            call.changed(got, 0);
        }
        Ok(got)
    }
    #[inline]
    fn write_some(&self, fd: evutil_socket_t, max: usize) -> Result<usize> {
        let call = self;
        let max = max.min(call.total.get());
        if max == 0 {
            return Ok(0);
        }
        let mut first = call.first.get();
        while let Some(c) = first.filter(|c| c.is_empty()) {
            first = c.next();
        }
        let n = match first {
            Some(c) if c.in_file() => send_file(c, fd, max)?,
            _ => call.write_blocks(fd, max)?,
        };
        if n > 0 {
            call.dispose(call.cut_front(n));
            call.changed(0, n);
        }
        Ok(n)
    }
}

/// A block to read into, which goes back to the store unless it is kept.
struct Spill(Option<ChainRef>);
impl Spill {
    /// The data in it as a block of a fitting size.
    fn kept(&mut self) -> Result<ChainRef> {
        let c = self.0.ok_or(Error::Invalid)?;
        if c.len() < c.capacity() / 2
            && let Ok(small) = ChainRef::new(c.len())
        {
            small.push(c.bytes());
            return Ok(small);
        }
        self.0 = None;
        Ok(c)
    }
}
impl Drop for Spill {
    fn drop(&mut self) {
        drop(Removed::list(self.0));
    }
}

impl Evbuffer {
    /// [`Call::read_some`] into a buffer without blocks, which nobody locks or observes.
    fn read_first(&self, fd: evutil_socket_t, max: usize) -> Result<usize> {
        let read = |to: *mut u8| {
            // SAFETY: there is that much room, which is ours.
            unsafe { sys::io::readv(fd, &[iovec { iov_base: to.cast(), iov_len: max }]) }
        };
        let Some(block) = store::read_block(max, read)? else { return Ok(0) };
        let got = block.len();
        self.put_first(block);
        if self.state.get() & WATCHED != 0 {
            // Last: it may change the buffer.
            self.note_added();
        }
        Ok(got)
    }
    /// writev of the blocks up to the first that is only in a file.
    fn write_blocks(&self, fd: evutil_socket_t, max: usize) -> Result<usize> {
        // Only what is used is filled in: this is the hot path.
        let mut vecs = [const { MaybeUninit::<iovec>::uninit() }; MAX_WRITE_VECS];
        let (mut n, mut left) = (0, max);
        self.each(|c| {
            if c.in_file() && !c.is_empty() {
                return false;
            }
            if !c.is_empty() {
                let len = c.len().min(left);
                if let Some(v) = vecs.get_mut(n) {
                    v.write(iovec { iov_base: c.data().cast(), iov_len: len });
                }
                n += 1;
                left -= len;
            }
            n < MAX_WRITE_VECS && left > 0
        });
        // SAFETY: the first `n` (at most MAX_WRITE_VECS) have been written; they describe data of our blocks.
        unsafe { sys::io::writev(fd, std::slice::from_raw_parts(vecs.as_ptr().cast::<iovec>(), n)) }
    }
}

/// sendfile; where the descriptors are not fit for it, the file is brought into memory.
fn send_file(c: ChainRef, fd: evutil_socket_t, max: usize) -> Result<usize> {
    let seg = c.file_segment();
    let len = c.len().min(max);
    match sys::io::send_file(fd, seg.fd(), seg.file_offset(c.start()), len) {
        Err(Error::Os(c::EINVAL | c::ENOSYS | c::EOPNOTSUPP)) => {
            c.load()?;
            let v = iovec { iov_base: c.data().cast(), iov_len: len };
            // SAFETY: data of this block.
            unsafe { sys::io::writev(fd, &[v]) }
        }
        other => other,
    }
}
