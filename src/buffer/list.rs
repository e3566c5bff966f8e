//! The list of blocks of a buffer, and what must hold for it after every call:
//!
//! * no block at all: `first` and `last` are null, `last_with_datap` is `&first`, the length is 0;
//! * else `last_with_datap` is the link to the last block that holds data (to the first block if none does);
//! * the blocks behind that one are spare: empty;
//! * the length is the sum of the blocks' data.
use super::Evbuffer;
use super::chain::{CHAIN_MAX, ChainRef, LinkRef, Removed};
use crate::{Error, Result};
use std::ptr::NonNull;

/// All blocks of a buffer on their way to another one.
pub(super) struct Batch {
    pub(super) first: ChainRef,
    pub(super) last: ChainRef,
    /// The link to the last block with data; None: it is `first`.
    data_link: Option<LinkRef>,
    pub(super) total: usize,
}

impl Evbuffer {
    #[inline]
    pub(super) fn first_link(&self) -> LinkRef {
        // SAFETY: the buffer lives as long as any link of it is used.
        unsafe { LinkRef::new(NonNull::from(&self.first)) }
    }
    #[inline]
    pub(super) fn data_link(&self) -> LinkRef {
        self.data_link.get()
    }
    /// The last block with data, else the first block.
    #[inline]
    pub(super) fn data_chain(&self) -> Option<ChainRef> {
        self.data_link().get()
    }
    /// The link behind the data, where spare blocks begin.
    pub(super) fn spare_link(&self) -> LinkRef {
        match self.data_chain() {
            Some(c) if !c.is_empty() => c.next_link(),
            _ => self.data_link(),
        }
    }
    /// Refuses what would make the buffer too long.
    pub(super) fn check_growth(&self, n: usize) -> Result<()> {
        if n > CHAIN_MAX - self.total.get().min(CHAIN_MAX) { Err(Error::NoMem) } else { Ok(()) }
    }
    pub(super) fn add_len(&self, n: usize) {
        self.total.set(self.total.get() + n);
    }
    pub(super) fn sub_len(&self, n: usize) {
        self.total.set(self.total.get() - n);
    }

    /// Takes the spare blocks off.
    pub(super) fn remove_spare(&self) -> Removed {
        let link = self.spare_link();
        let spare = link.get();
        if spare.is_some() {
            link.set(None);
            self.last.set(link.holder(self.first_link()));
        }
        Removed::list(spare)
    }
    /// Takes everything off.
    pub(super) fn remove_all(&self) -> Removed {
        let all = self.first.get();
        self.first.set(None);
        self.last.set(None);
        self.data_link.set(self.first_link());
        self.total.set(0);
        Removed::list(all)
    }
    /// Puts one block, which holds data, into a buffer without any.
    #[inline]
    pub(super) fn put_first(&self, c: ChainRef) {
        self.first.set(Some(c));
        self.last.set(Some(c));
        self.total.set(c.len());
    }
    /// Puts one block, which may hold data, at the end, in place of the spare blocks.
    pub(super) fn append(&self, c: ChainRef) -> Removed {
        let spare = self.remove_spare();
        let link = self.spare_link();
        link.set(Some(c));
        self.last.set(Some(c));
        if !c.is_empty() {
            self.data_link.set(link);
            self.add_len(c.len());
        }
        spare
    }
    /// Puts an empty block behind the spare ones.
    pub(super) fn append_spare(&self, c: ChainRef) {
        match self.last.get() {
            None => self.first.set(Some(c)),
            Some(last) => last.set_next(Some(c)),
        }
        self.last.set(Some(c));
    }
    /// Takes all blocks off a buffer that has data.
    pub(super) fn take_batch(&self) -> Option<Batch> {
        let (first, last) = (self.first.get()?, self.last.get()?);
        let link = self.data_link();
        let data_link = if link == self.first_link() { None } else { Some(link) };
        let total = self.total.get();
        self.first.set(None);
        self.last.set(None);
        self.data_link.set(self.first_link());
        self.total.set(0);
        Some(Batch { first, last, data_link, total })
    }
    /// Takes over all blocks of `from`; there are none here.
    #[inline]
    pub(super) fn adopt(&self, from: &Evbuffer) {
        let link = from.data_link();
        self.first.set(from.first.take());
        self.last.set(from.last.take());
        self.data_link.set(if link == from.first_link() { self.first_link() } else { link });
        self.total.set(from.total.replace(0));
        from.data_link.set(from.first_link());
    }
    /// Puts blocks that hold data at the end, in place of the spare ones.
    #[inline]
    pub(super) fn append_batch(&self, b: Batch) -> Removed {
        let spare = self.remove_spare();
        let link = self.spare_link();
        link.set(Some(b.first));
        self.last.set(Some(b.last));
        self.data_link.set(b.data_link.unwrap_or(link));
        self.add_len(b.total);
        spare
    }
    /// Puts blocks in front, the last of which holds data.
    pub(super) fn prepend_batch(&self, b: Batch) {
        b.last.set_next(self.first.get());
        if self.first.get().is_none() {
            self.last.set(Some(b.last));
        }
        if self.total.get() == 0 {
            self.data_link.set(b.data_link.unwrap_or(self.first_link()));
        } else if self.data_link() == self.first_link() {
            self.data_link.set(b.last.next_link());
        }
        self.first.set(Some(b.first));
        self.add_len(b.total);
    }
    /// Takes `n` bytes, of at most all, off the front.
    #[inline]
    pub(super) fn cut_front(&self, n: usize) -> Removed {
        let total = self.total.get();
        if n >= total {
            return self.remove_all();
        }
        self.total.set(total - n);
        if let Some(c) = self.first.get()
            && c.len() > n
        {
            c.consume(n);
            return Removed::NONE;
        }
        self.cut_blocks(n)
    }
    fn cut_blocks(&self, mut n: usize) -> Removed {
        let head = self.first.get();
        let mut cut: Option<ChainRef> = None;
        let mut at = head;
        while let Some(c) = at {
            if c.len() > n {
                break;
            }
            n -= c.len();
            cut = Some(c);
            at = c.next();
        }
        let Some(cut) = cut else { return Removed::NONE };
        if self.data_link() == cut.next_link() {
            self.data_link.set(self.first_link());
        }
        cut.set_next(None);
        self.first.set(at);
        if let Some(c) = at {
            c.consume(n);
        }
        Removed::list(head)
    }
    /// Calls `f` with every block; for tests and walks that must see all.
    pub(super) fn each(&self, mut f: impl FnMut(ChainRef) -> bool) {
        let mut at = self.first.get();
        while let Some(c) = at {
            at = c.next();
            if !f(c) {
                return;
            }
        }
    }
    /// Whether everything that the head of this file promises holds.
    pub(super) fn is_consistent(&self) -> bool {
        let (mut sum, mut last, mut link, mut link_seen) = (0, None, self.first_link(), false);
        let mut behind_data = false;
        let mut ok = true;
        self.each(|c| {
            sum += c.len();
            last = Some(c);
            ok &= c.start() + c.len() <= c.capacity();
            ok &= !behind_data || c.is_empty();
            if link == self.data_link() {
                link_seen = true;
                behind_data = true;
                ok &= !c.is_empty() || link == self.first_link();
            }
            link = c.next_link();
            true
        });
        ok &= link_seen || (last.is_none() && self.data_link() == self.first_link());
        ok && sum == self.total.get() && last == self.last.get()
    }
}
