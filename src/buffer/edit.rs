//! Adding, taking and moving bytes.
use super::chain::{ChainRef, MIN_ALLOC, Removed};
use super::{BufferRef, Call, Evbuffer, FROZEN_BACK, FROZEN_FRONT, WATCHED};
use crate::mem::copy::{FEW, copy_few};
use crate::{Error, Result};
use std::mem::MaybeUninit;

/// Blocks grow fourfold up to this size, and beyond `MANY` bytes up to `MAX_AUTO_LONG`.
const MAX_AUTO: usize = 4096;
const MAX_AUTO_LONG: usize = 16384;
const MANY: usize = 16384;

/// Copies the bytes from `at`, `skip` bytes into the block, on to `out`. The caller knows that there are enough.
pub(super) fn copy_out(
    mut at: Option<ChainRef>,
    mut skip: usize,
    mut out: &mut [MaybeUninit<u8>],
) -> Result<()> {
    while !out.is_empty() {
        let c = at.ok_or(Error::Invalid)?;
        c.load()?;
        let have = c.bytes().get(skip..).unwrap_or_default();
        let n = have.len().min(out.len());
        let (now, later) = out.split_at_mut(n);
        // SAFETY: both are `n` bytes long; blocks never overlap memory that the program passes in.
        unsafe { std::ptr::copy_nonoverlapping(have.as_ptr(), now.as_mut_ptr().cast(), n) };
        out = later;
        skip = 0;
        at = c.next();
    }
    Ok(())
}

impl Evbuffer {
    /// How much room to give a new block behind `tail`, if `need` bytes did not fit into that.
    fn growth(&self, tail: Option<ChainRef>, need: usize) -> usize {
        let max = if self.total.get() >= MANY { MAX_AUTO_LONG } else { MAX_AUTO };
        match tail {
            Some(c) if c.is_plain() => need.max((c.capacity() * 4).min(max - MIN_ALLOC)),
            _ => need,
        }
    }
    /// Adds at the end if there is room behind the data.
    #[inline]
    fn push_back_here(&self, data: &[u8]) -> bool {
        let Some(c) = self.data_chain() else { return false };
        if c.room() < data.len() {
            return false;
        }
        self.add_len(data.len());
        c.push(data);
        true
    }
    /// Adds at the end, all or nothing.
    pub(super) fn push_back(&self, call: &Call, data: &[u8]) -> Result<()> {
        if self.push_back_here(data) { Ok(()) } else { self.push_back_slow(call, data) }
    }
    fn push_back_slow(&self, call: &Call, data: &[u8]) -> Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        self.check_growth(data.len())?;
        let tail = self.data_chain();
        let mut room = 0;
        if let Some(c) = tail.filter(|c| c.is_plain()) {
            if c.is_empty() && c.capacity() >= data.len() {
                c.reset(false);
            } else if c.room() < data.len() && c.worth_realigning(data.len()) {
                c.realign();
            }
            room = if c.is_empty() && c.room() < data.len() { 0 } else { c.room().min(data.len()) };
            if room == data.len() {
                c.push(data);
                self.add_len(data.len());
                return Ok(());
            }
        }
        let (here, rest) = data.split_at(room);
        // The block behind, kept by an earlier reservation.
        let spare = tail.filter(|c| !c.is_empty()).and_then(|c| c.next());
        if let (Some(c), Some(s)) = (tail, spare.filter(|s| s.is_plain() && s.capacity() >= rest.len())) {
            c.push(here);
            s.reset(false);
            s.push(rest);
            self.data_link.set(c.next_link());
            self.add_len(data.len());
            return Ok(());
        }
        let fresh = ChainRef::new(self.growth(tail, rest.len()))?;
        fresh.push(rest);
        if let Some(c) = tail.filter(|_| room > 0) {
            c.push(here);
            self.add_len(room);
        }
        call.dispose(self.append(fresh));
        Ok(())
    }
    /// Takes `out.len()` bytes, which are there.
    #[inline]
    pub(super) fn take_front(&self, out: &mut [MaybeUninit<u8>]) -> Result<Removed> {
        copy_out(self.first.get(), 0, out)?;
        Ok(self.cut_front(out.len()))
    }
}

/// Initialised memory may be overwritten as if it were not.
fn as_uninit(out: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: same layout, and only initialised bytes are ever written through it.
    unsafe { std::slice::from_raw_parts_mut(out.as_mut_ptr().cast(), out.len()) }
}

impl BufferRef {
    /// `evbuffer_add`
    #[expect(clippy::should_implement_trait, reason = "libevent's noun")]
    #[inline]
    pub fn add(self, data: &[u8]) -> Result<()> {
        // SAFETY: a slice.
        if unsafe { self.add_few(data.as_ptr(), data.len()) } { Ok(()) } else { self.add_more(data) }
    }
    /// What most calls of `evbuffer_add` do: a few bytes, for which there is room, and nobody to ask or to tell. False:
    /// it is not so simple, nothing has been done.
    ///
    /// # Safety
    /// `data` is null or has `n` bytes.
    #[inline(always)]
    pub unsafe fn add_few(self, data: *const u8, n: usize) -> bool {
        let b = self.state();
        // (Two conditions in a row on the arguments alone would be computed as numbers, which takes longer.)
        if b.is_simple(FROZEN_BACK | WATCHED)
            && !data.is_null()
            && let Some(c) = b.data_chain()
            && let Some(to) = c.place(n)
            && n <= FEW
        {
            // SAFETY: the caller's promise; the place is ours and unused.
            unsafe { copy_few(data, to, n) };
            c.grow(n);
            b.add_len(n);
            return true;
        }
        false
    }
    /// The next simple way: more bytes, and a bufferevent to tell.
    #[inline(never)]
    pub fn add_more(self, data: &[u8]) -> Result<()> {
        let b = self.state();
        if b.is_simple(FROZEN_BACK)
            && let Some(c) = b.data_chain().filter(|c| c.room() >= data.len())
        {
            b.add_len(data.len());
            c.push(data);
            if !data.is_empty() {
                // Last: it may change the buffer.
                b.note_added();
            }
            return Ok(());
        }
        self.add_slow(data)
    }
    #[inline(never)]
    fn add_slow(self, data: &[u8]) -> Result<()> {
        let b = self.state();
        if b.is_simple(FROZEN_BACK) && b.first.get().is_none() && !data.is_empty() {
            let c = ChainRef::new(data.len())?;
            c.push(data);
            b.put_first(c);
            // Last: it may change the buffer.
            b.note_added();
            return Ok(());
        }
        let call = self.enter();
        if call.frozen_back() {
            return Err(Error::Invalid);
        }
        call.push_back(&call, data)?;
        call.changed(data.len(), 0);
        Ok(())
    }
    /// `evbuffer_add_iovec`: all of the pieces, or none.
    pub fn add_all<'a>(self, pieces: impl Iterator<Item = &'a [u8]> + Clone) -> Result<usize> {
        let call = self.enter();
        if call.frozen_back() {
            return Err(Error::Invalid);
        }
        let mut total = 0usize;
        for p in pieces.clone() {
            total = total.checked_add(p.len()).ok_or(Error::NoMem)?;
        }
        if total == 0 {
            return Ok(0);
        }
        call.check_growth(total)?;
        let _ = call.make_room(&call, total, 2)?;
        for p in pieces {
            call.push_back(&call, p)?;
        }
        call.changed(total, 0);
        Ok(total)
    }
    /// `evbuffer_prepend`
    pub fn prepend(self, data: &[u8]) -> Result<()> {
        let call = self.enter();
        if data.is_empty() {
            return Ok(());
        }
        if call.frozen_front() {
            return Err(Error::Invalid);
        }
        call.check_growth(data.len())?;
        let head = call.first.get();
        let plain = head.filter(|c| c.is_plain());
        if let Some(c) = plain.filter(|c| c.is_empty()) {
            c.reset(true);
        }
        let before = plain.map_or(0, |c| c.start().min(data.len()));
        let (first, rest) = data.split_at(data.len() - before);
        let fresh = if first.is_empty() { None } else { Some(ChainRef::new(first.len())?) };
        if let Some(c) = plain {
            c.push_front(rest);
        }
        if let Some(f) = fresh {
            f.reset(true);
            f.push_front(first);
            f.set_next(head);
            match head {
                None => call.last.set(Some(f)),
                Some(c) if call.data_link() == call.first_link() && !c.is_empty() => {
                    call.data_link.set(f.next_link());
                }
                Some(_) => {}
            }
            call.first.set(fresh);
        }
        call.add_len(data.len());
        call.changed(data.len(), 0);
        Ok(())
    }
    /// `evbuffer_drain`
    #[inline]
    pub fn drain(self, n: usize) -> Result<()> {
        let b = self.state();
        if let Some(c) = b.first.get().filter(|c| b.is_simple(FROZEN_FRONT) && c.len() > n) {
            b.sub_len(n);
            c.consume(n);
            return Ok(());
        }
        self.drain_slow(n)
    }
    #[inline(never)]
    fn drain_slow(self, n: usize) -> Result<()> {
        let b = self.state();
        // Looked at before `n`, which programs compute carelessly when there is nothing to drain.
        if b.total.get() == 0 {
            return Ok(());
        }
        if n >= b.total.get() && b.is_simple(FROZEN_FRONT) {
            let all = b.remove_all();
            if all.is_one_plain() {
                drop(all);
            } else {
                self.discard(all);
            }
            return Ok(());
        }
        self.drain_told(n)
    }
    /// Frees blocks of a buffer that nobody locks or observes.
    #[inline]
    fn discard(self, removed: Removed) {
        if removed.calls_out() {
            self.enter().dispose(removed);
        }
    }
    fn drain_told(self, n: usize) -> Result<()> {
        let call = self.enter();
        if call.total.get() == 0 {
            return Ok(());
        }
        let n = n.min(call.total.get());
        if call.frozen_front() {
            return Err(Error::Invalid);
        }
        call.dispose(call.cut_front(n));
        call.changed(0, n);
        Ok(())
    }
    /// `evbuffer_remove`
    #[inline]
    pub fn remove(self, into: &mut [u8]) -> Result<usize> {
        self.remove_uninit(as_uninit(into))
    }
    #[inline]
    pub fn remove_uninit(self, into: &mut [MaybeUninit<u8>]) -> Result<usize> {
        let (b, n) = (self.state(), into.len());
        if let Some(c) = b.first.get().filter(|c| b.is_simple(FROZEN_FRONT) && c.len() > n && !c.in_file()) {
            // SAFETY: `n` bytes each; the program's memory is not the buffer's.
            unsafe { std::ptr::copy_nonoverlapping(c.data(), into.as_mut_ptr().cast(), n) };
            b.sub_len(n);
            c.consume(n);
            return Ok(n);
        }
        self.remove_slow(into)
    }
    #[inline(never)]
    fn remove_slow(self, into: &mut [MaybeUninit<u8>]) -> Result<usize> {
        let call = self.enter();
        let n = into.len().min(call.total.get());
        if n == 0 {
            return Ok(0);
        }
        if call.frozen_front() {
            return Err(Error::Invalid);
        }
        let removed = call.take_front(&mut into[..n])?;
        call.dispose(removed);
        call.changed(0, n);
        Ok(n)
    }
    /// `evbuffer_add_buffer`: moves everything of `from` to the end.
    pub fn add_buffer(self, from: BufferRef) -> Result<()> {
        self.append_all(from, FROZEN_FRONT, FROZEN_BACK)
    }
    /// The same for the bufferevents that own the two, which may be frozen.
    pub fn owner_add_buffer(self, from: BufferRef) -> Result<()> {
        self.append_all(from, 0, 0)
    }
    #[inline]
    fn append_all(self, from: BufferRef, not_from: u16, not_to: u16) -> Result<()> {
        let (src, dst) = (from.state(), self.state());
        // What pairs and filters do all day: all of one buffer into another one that is empty.
        if self != from
            && src.is_simple(not_from)
            && dst.is_simple(not_to)
            && src.total.get() != 0
            && dst.first.get().is_none()
        {
            dst.adopt(src);
            // Last: it may change the buffers.
            dst.note_added();
            return Ok(());
        }
        self.append_all_behind(from, not_from, not_to)
    }
    #[inline(never)]
    fn append_all_behind(self, from: BufferRef, not_from: u16, not_to: u16) -> Result<()> {
        let (src, dst) = (from.state(), self.state());
        if self != from && src.is_simple(not_from) && dst.is_simple(not_to) && src.total.get() != 0 {
            dst.check_growth(src.total.get())?;
            let Some(batch) = src.take_batch() else { return Ok(()) };
            let spare = dst.append_batch(batch);
            if spare.is_empty() {
                // Last: it may change the buffers.
                dst.note_added();
            } else {
                let call = self.enter();
                call.dispose(spare);
                call.note_added();
            }
            return Ok(());
        }
        self.append_all_slow(from, not_from, not_to)
    }
    fn append_all_slow(self, from: BufferRef, not_from: u16, not_to: u16) -> Result<()> {
        if self == from {
            return Ok(());
        }
        let (src, dst) = BufferRef::enter_both(from, self);
        if src.total.get() == 0 {
            return Ok(());
        }
        if dst.has(not_to) || src.has(not_from) {
            return Err(Error::Invalid);
        }
        dst.check_growth(src.total.get())?;
        let Some(batch) = src.take_batch() else { return Ok(()) };
        let n = batch.total;
        let spare = dst.append_batch(batch);
        if spare.calls_out() {
            src.keep();
        }
        dst.dispose(spare);
        Call::both_changed((&src, 0, n), (&dst, n, 0));
        Ok(())
    }
    /// `evbuffer_prepend_buffer`: moves everything of `from` to the front.
    pub fn prepend_buffer(self, from: BufferRef) -> Result<()> {
        if self == from {
            return Ok(());
        }
        let (src, dst) = BufferRef::enter_both(from, self);
        if src.total.get() == 0 {
            return Ok(());
        }
        if dst.frozen_front() || src.frozen_front() {
            return Err(Error::Invalid);
        }
        dst.check_growth(src.total.get())?;
        // Spare blocks would end up in the middle.
        let spare = src.remove_spare();
        let Some(batch) = src.take_batch() else { return Ok(()) };
        let n = batch.total;
        dst.prepend_batch(batch);
        if spare.calls_out() {
            dst.keep();
        }
        src.dispose(spare);
        Call::both_changed((&src, 0, n), (&dst, n, 0));
        Ok(())
    }
    /// `evbuffer_remove_buffer`: moves at most `n` bytes from here to the end of `to`; returns how many.
    pub fn remove_buffer(self, to: BufferRef, n: usize) -> Result<usize> {
        if n == 0 || self == to {
            return Ok(0);
        }
        let (src, dst) = BufferRef::enter_both(self, to);
        if dst.frozen_back() || src.frozen_front() {
            return Err(Error::Invalid);
        }
        let total = src.total.get();
        if n >= total {
            to.add_buffer(self)?;
            return Ok(total);
        }
        dst.check_growth(n)?;
        // Whole blocks are relinked; what is left of `n` in the block after them is copied.
        let (mut left, mut last_whole, mut at) = (n, None::<ChainRef>, src.first.get());
        while let Some(c) = at {
            if c.len() > left {
                break;
            }
            left -= c.len();
            last_whole = Some(c);
            at = c.next();
        }
        let Some(rest) = at else { return Err(Error::Invalid) };
        rest.load()?;
        // Where the rest goes: room behind what is moved, or behind what is there, or a block of its own.
        let tail = last_whole.or(dst.data_chain());
        let room = tail.filter(|c| !c.is_empty() && c.room() >= left);
        let fresh = if left > 0 && room.is_none() {
            let c = ChainRef::new(left)?;
            c.push(&rest.bytes()[..left]);
            Some(c)
        } else {
            None
        };
        let spare = match last_whole {
            None => Removed::NONE,
            Some(last) => dst.append_run(&src, last),
        };
        if let Some(c) = room {
            c.push(&rest.bytes()[..left]);
            dst.add_len(left);
        }
        let spare2 = fresh.map_or(Removed::NONE, |f| dst.append(f));
        rest.consume(left);
        src.sub_len(n);
        if spare.calls_out() || spare2.calls_out() {
            src.keep();
            dst.keep();
        }
        drop(spare);
        drop(spare2);
        Call::both_changed((&dst, n, 0), (&src, 0, n));
        Ok(n)
    }
    /// The bytes of the first block, where they lie: start and length.
    ///
    /// They stay there until the buffer is changed.
    #[inline]
    pub fn front(self) -> (*const u8, usize) {
        let b = self.state();
        if b.is_simple(0) {
            match b.first.get() {
                None => return (std::ptr::null(), 0),
                Some(c) if !c.in_file() && !c.is_empty() => return (c.data(), c.len()),
                Some(_) => {}
            }
        }
        let n = self.first_len();
        self.pullup(Some(n)).map_or((std::ptr::null(), 0), |p| (p.cast_const(), n))
    }
    /// `evbuffer_pullup`: makes the first `size` bytes (None: all) contiguous. None if there are not so many, or none.
    pub fn pullup(self, size: Option<usize>) -> Option<*mut u8> {
        let call = self.enter();
        let total = call.total.get();
        let n = size.unwrap_or(total);
        if n == 0 || n > total {
            return None;
        }
        let head = call.first.get()?;
        head.load().ok()?;
        if head.len() >= n {
            return Some(head.data());
        }
        let mut have = head.len();
        let mut at = head.next();
        while let Some(c) = at.filter(|_| have < n) {
            c.load().ok()?;
            have += c.len();
            at = c.next();
        }
        // The block that receives: the first one if it is large enough, else a new one.
        let own = head.is_plain() && head.capacity() >= n;
        let target = if own {
            if head.capacity() - head.start() < n {
                head.realign();
            }
            head
        } else {
            let f = ChainRef::new(n).ok()?;
            f.push(head.bytes());
            f
        };
        let mut cut = head;
        let mut at = head.next();
        while let Some(c) = at {
            let left = n - target.len();
            if c.len() > left {
                target.push(&c.bytes()[..left]);
                c.consume(left);
                break;
            }
            target.push(c.bytes());
            cut = c;
            at = c.next();
            if target.len() == n {
                break;
            }
        }
        // `cut` is the last block that has been emptied; `at` is what follows it.
        let removed = if own { head.next().filter(|_| cut != head) } else { Some(head) };
        if n == total {
            call.data_link.set(call.first_link());
        } else if call.data_link() == cut.next_link() {
            call.data_link.set(target.next_link());
        }
        cut.set_next(None);
        target.set_next(at);
        call.first.set(Some(target));
        if at.is_none() {
            call.last.set(Some(target));
        }
        call.dispose(Removed::list(removed));
        Some(target.data())
    }
}

impl Evbuffer {
    /// Moves the blocks of `src` up to and including `last`, which is not its last one, to the end. The length of
    /// `src` is left to the caller.
    fn append_run(&self, src: &Evbuffer, last: ChainRef) -> Removed {
        let spare = self.remove_spare();
        let mut link = self.spare_link();
        let first = src.first.get();
        src.first.set(last.next());
        if src.data_link() == last.next_link() {
            src.data_link.set(src.first_link());
        }
        last.set_next(None);
        link.set(first);
        self.last.set(Some(last));
        while let Some(c) = link.get() {
            if !c.is_empty() {
                self.data_link.set(link);
                self.add_len(c.len());
            }
            link = c.next_link();
        }
        spare
    }
}
