//! Room at the end of a buffer for others to write into.
use super::chain::{CHAIN_MAX, ChainRef, LinkRef};
use super::{BufferRef, Call, Evbuffer, FROZEN_BACK};
use crate::sys::c::iovec;
use crate::{Error, Result};

/// The least room to try to format into.
const MIN_FORMATTED: usize = 64;
/// More than this is not copied to a larger block for the sake of contiguous room.
const MAX_COPY: usize = 4096;

impl Evbuffer {
    /// The link to the first block with room, or the link where the next one goes.
    pub(super) fn room_link(&self) -> LinkRef {
        let link = self.data_link();
        match link.get() {
            Some(c) if c.is_empty() && c.is_plain() => {
                c.reset(false);
                link
            }
            Some(c) if c.room() == 0 => c.next_link(),
            _ => link,
        }
    }
    /// Makes room for `want` bytes in at most `max` (two or more) blocks, without moving data.
    /// Returns the link to the first of them.
    pub(super) fn make_room(&self, call: &Call, want: usize, max: usize) -> Result<LinkRef> {
        let link = self.room_link();
        let (mut room, mut used, mut at, mut blocked) = (0usize, 0, link.get(), false);
        while let Some(c) = at {
            if !c.is_plain() {
                blocked = true;
                break;
            }
            if c.is_empty() {
                c.reset(false);
            }
            room += c.room();
            used += 1;
            if room >= want {
                return Ok(link);
            }
            if used == max {
                blocked = true;
                break;
            }
            at = c.next();
        }
        if !blocked {
            if want == 0 && used > 0 {
                return Ok(link);
            }
            self.append_spare(ChainRef::new(want - room)?);
            return Ok(link);
        }
        // Too many small blocks: one large one takes the place of the spare ones.
        let tail_room = self.data_chain().filter(|c| !c.is_empty()).map_or(0, |c| c.room());
        let fresh = ChainRef::new(want.saturating_sub(tail_room).max(1))?;
        let spare = self.append(fresh);
        call.dispose(spare);
        Ok(self.room_link())
    }
    /// Makes `want` bytes of room in one block, moving or copying a little data if that saves memory.
    pub(super) fn make_contiguous_room(&self, call: &Call, want: usize) -> Result<ChainRef> {
        let link = self.room_link();
        if let Some(c) = link.get().filter(|c| c.is_plain()) {
            if c.room() >= want {
                return Ok(c);
            }
            if c.is_empty() {
                c.reset(false);
                if c.room() >= want {
                    return Ok(c);
                }
            } else if c.worth_realigning(want) {
                c.realign();
                return Ok(c);
            } else if c.room() >= c.capacity() / 8 && c.len() <= MAX_COPY && want < CHAIN_MAX - c.len() {
                let bigger = ChainRef::new(c.len() + want)?;
                bigger.push(c.bytes());
                bigger.set_next(c.next());
                if self.last.get() == Some(c) {
                    self.last.set(Some(bigger));
                }
                link.set(Some(bigger));
                c.release();
                return Ok(bigger);
            } else if let Some(n) = c.next().filter(|n| n.is_plain() && n.capacity() >= want) {
                n.reset(false);
                return Ok(n);
            }
        }
        let fresh = ChainRef::new(want.max(1))?;
        call.dispose(self.append(fresh));
        Ok(fresh)
    }
    /// After somebody has put data into spare blocks: finds the last one that holds any.
    pub(super) fn advance_data_link(&self) {
        let mut link = self.data_link();
        while let Some(c) = link.get() {
            if !c.is_empty() {
                self.data_link.set(link);
            }
            link = c.next_link();
        }
    }
}

impl BufferRef {
    /// `evbuffer_expand`
    pub fn expand(self, n: usize) -> Result<()> {
        let call = self.enter();
        if n > CHAIN_MAX {
            return Err(Error::NoMem);
        }
        call.make_contiguous_room(&call, n).map(|_| ())
    }
    /// `evbuffer_reserve_space`: fills `vec` with extents of room, together at least `size` bytes; returns how many.
    pub fn reserve(self, size: usize, vec: &mut [iovec]) -> Result<usize> {
        let call = self.enter();
        if call.frozen_back() || vec.is_empty() || size > CHAIN_MAX {
            return Err(Error::Invalid);
        }
        if let [one] = vec {
            let c = call.make_contiguous_room(&call, size)?;
            *one = iovec { iov_base: c.end().cast(), iov_len: c.room() };
            return Ok(1);
        }
        let mut at = call.make_room(&call, size, vec.len())?.get();
        let (mut n, mut so_far) = (0, 0);
        for v in vec.iter_mut() {
            let Some(c) = at.filter(|_| so_far < size) else { break };
            *v = iovec { iov_base: c.end().cast(), iov_len: c.room() };
            so_far += c.room();
            n += 1;
            at = c.next();
        }
        Ok(n)
    }
    /// `evbuffer_commit_space`: the extents are those of `reserve`, in order, possibly shortened.
    pub fn commit(self, vec: &[iovec]) -> Result<()> {
        let call = self.enter();
        if call.frozen_back() {
            return Err(Error::Invalid);
        }
        let Some(head) = vec.first() else { return Ok(()) };
        // The block where the first extent lies.
        let mut start = call.data_link().get();
        while let Some(c) = start {
            if c.is_plain() && c.end().cast() == head.iov_base {
                break;
            }
            start = c.next();
        }
        let mut added = 0;
        let mut at = start;
        for v in vec {
            let c = at.filter(|c| c.end().cast() == v.iov_base && v.iov_len <= c.room());
            let c = c.ok_or(Error::Invalid)?;
            added += v.iov_len;
            at = c.next();
        }
        call.check_growth(added)?;
        let mut at = start;
        for v in vec {
            let Some(c) = at else { break };
            c.grow(v.iov_len);
            at = c.next();
        }
        if added > 0 {
            call.advance_data_link();
            call.add_len(added);
            call.changed(added, 0);
        }
        Ok(())
    }
    /// Room for `size` bytes at least, in one piece: where it is and how much. What is written there becomes data by
    /// [`Self::commit_room`].
    #[inline]
    pub fn room(self, size: usize) -> Result<(*mut u8, usize)> {
        let b = self.state();
        if b.is_simple(FROZEN_BACK) {
            let tail = b.data_chain().filter(|c| c.is_plain());
            if let Some(c) = tail.filter(|c| c.room() >= size) {
                return Ok((c.end(), c.room()));
            }
            if b.first.get().is_none() {
                let c = ChainRef::new(size)?;
                b.append_spare(c);
                return Ok((c.end(), c.room()));
            }
        }
        let mut room = [iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }];
        self.reserve(size, &mut room)?;
        Ok((room[0].iov_base.cast(), room[0].iov_len))
    }
    /// The first `n` bytes of the room at `start`, which [`Self::room`] gave, are data now.
    #[inline]
    pub fn commit_room(self, start: *mut u8, n: usize) -> Result<()> {
        let b = self.state();
        let tail = b.data_chain().filter(|c| b.is_simple(FROZEN_BACK) && c.end() == start && c.room() >= n);
        if let Some(c) = tail.filter(|_| n != 0) {
            c.grow(n);
            b.add_len(n);
            // Last: it may change the buffer.
            b.note_added();
            return Ok(());
        }
        self.commit(&[iovec { iov_base: start.cast(), iov_len: n }])
    }
    /// `evbuffer_add_vprintf`: lets `format` write into the room at the end. `format` returns how many bytes it
    /// needs, and is called once more with that room if there were fewer; negative: it failed.
    pub fn add_formatted(
        self,
        mut format: impl FnMut(&mut [std::mem::MaybeUninit<u8>]) -> i32,
    ) -> Result<usize> {
        let mut want = MIN_FORMATTED;
        let b = self.state();
        if let Some(c) = b.data_chain().filter(|c| b.is_simple(FROZEN_BACK) && c.room() >= MIN_FORMATTED) {
            let room = c.room();
            // SAFETY: as below.
            let out = unsafe { std::slice::from_raw_parts_mut(c.end().cast(), room) };
            let n = format(out);
            if n >= 0 && (n as usize) < room {
                c.grow(n as usize);
                b.add_len(n as usize);
                if n > 0 {
                    // Last: it may change the buffer.
                    b.note_added();
                }
                return Ok(n as usize);
            }
            want = usize::try_from(n).map_err(|_| Error::last())?.saturating_add(1);
        }
        let call = self.enter();
        if call.frozen_back() {
            return Err(Error::Invalid);
        }
        loop {
            let c = call.make_contiguous_room(&call, want)?;
            let room = c.room();
            // SAFETY: the block's room is ours, and nobody else touches the buffer during this call.
            let out = unsafe { std::slice::from_raw_parts_mut(c.end().cast(), room) };
            let n = usize::try_from(format(out)).map_err(|_| Error::last())?;
            // The terminator needs its place, too.
            if n < room {
                call.check_growth(n)?;
                c.grow(n);
                call.advance_data_link();
                call.add_len(n);
                call.changed(n, 0);
                return Ok(n);
            }
            if n < want {
                return Err(Error::Invalid);
            }
            want = n + 1;
        }
    }
}
