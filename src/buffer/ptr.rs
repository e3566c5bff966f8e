//! Positions in a buffer, and what can be read at them.
use super::chain::{ChainRef, NO_CHAIN};
use super::edit::copy_out;
use super::{BufferRef, Evbuffer};
use crate::abi::buffer::{evbuffer_ptr, evbuffer_ptr_internal};
use crate::sys::c::iovec;
use crate::{Error, Result};
use std::mem::MaybeUninit;

/// A position: block and offset in it; no block: the end of the buffer.
#[derive(Clone, Copy)]
pub(super) struct Pos {
    pub(super) at: usize,
    pub(super) chain: Option<ChainRef>,
    pub(super) skip: usize,
}

/// What a search without result returns.
pub const NOT_FOUND: evbuffer_ptr =
    evbuffer_ptr { pos: -1, internal_: evbuffer_ptr_internal { chain: NO_CHAIN, pos_in_chain: 0 } };

impl Pos {
    /// None: `p` says "not found".
    ///
    /// # Safety
    /// `p` was made by this library for this buffer, which has not changed since.
    pub(super) unsafe fn from_c(p: &evbuffer_ptr) -> Option<Pos> {
        let at = usize::try_from(p.pos).ok()?;
        // SAFETY: the caller's promise.
        let chain = unsafe { ChainRef::from_raw(p.internal_.chain) };
        Some(Pos { at, chain, skip: p.internal_.pos_in_chain })
    }
    pub(super) fn to_c(self) -> evbuffer_ptr {
        let chain = self.chain.map_or(NO_CHAIN, ChainRef::as_raw);
        evbuffer_ptr {
            pos: self.at as isize,
            internal_: evbuffer_ptr_internal { chain, pos_in_chain: self.skip },
        }
    }
    /// Further on by `n` bytes, at most to the end.
    fn forward(self, n: usize) -> Option<Pos> {
        let at = self.at.checked_add(n).filter(|a| isize::try_from(*a).is_ok())?;
        let (mut chain, mut skip, mut left) = (self.chain, self.skip, n);
        while let Some(c) = chain {
            let here = c.len().checked_sub(skip)?;
            if left < here {
                return Some(Pos { at, chain, skip: skip + left });
            }
            left -= here;
            skip = 0;
            chain = c.next();
        }
        (left == 0).then_some(Pos { at, chain: None, skip: 0 })
    }
}

impl Evbuffer {
    pub(super) fn start(&self) -> Pos {
        Pos { at: 0, chain: self.first.get(), skip: 0 }
    }
    pub(super) fn pos(&self, at: usize) -> Option<Pos> {
        self.start().forward(at)
    }
}

impl BufferRef {
    /// `evbuffer_ptr_set` with EVBUFFER_PTR_SET
    pub fn ptr_at(self, position: usize) -> Result<evbuffer_ptr> {
        self.enter().pos(position).map(Pos::to_c).ok_or(Error::Invalid)
    }
    /// `evbuffer_ptr_set` with EVBUFFER_PTR_ADD
    ///
    /// # Safety
    /// `from` is a position in this buffer, which has not changed since it was made.
    pub unsafe fn ptr_add(self, from: &evbuffer_ptr, n: usize) -> Result<evbuffer_ptr> {
        let _call = self.enter();
        // SAFETY: the caller's promise.
        let from = unsafe { Pos::from_c(from) };
        from.and_then(|p| p.forward(n)).map(Pos::to_c).ok_or(Error::Invalid)
    }
    /// `evbuffer_copyout` (no `from`) and `evbuffer_copyout_from`: copies at most `out.len()` bytes.
    ///
    /// # Safety
    /// As [`Self::ptr_add`] for `from`.
    pub unsafe fn copyout(self, from: Option<&evbuffer_ptr>, out: &mut [MaybeUninit<u8>]) -> Result<usize> {
        let call = self.enter();
        let start = match from {
            None => call.start(),
            // SAFETY: the caller's promise.
            Some(p) => unsafe { Pos::from_c(p) }.ok_or(Error::Invalid)?,
        };
        let n = out.len().min(call.total.get().saturating_sub(start.at));
        if n == 0 {
            return Ok(0);
        }
        if call.frozen_front() {
            return Err(Error::Invalid);
        }
        copy_out(start.chain, start.skip, &mut out[..n])?;
        Ok(n)
    }
    /// `evbuffer_peek`: fills `vec` with extents of data from `from` on. Returns how many extents `len` bytes
    /// (None: as many as fit into `vec`; if that is empty, all) take.
    ///
    /// # Safety
    /// As [`Self::ptr_add`] for `from`.
    pub unsafe fn peek(
        self,
        len: Option<usize>,
        from: Option<&evbuffer_ptr>,
        vec: &mut [iovec],
    ) -> Result<usize> {
        let call = self.enter();
        let start = match from {
            None => call.start(),
            // SAFETY: the caller's promise.
            Some(p) => match unsafe { Pos::from_c(p) } {
                Some(p) => p,
                None => return Ok(0),
            },
        };
        let fill_only = len.is_none() && !vec.is_empty();
        let want = len.unwrap_or(usize::MAX);
        let (mut n, mut seen, mut at, mut skip) = (0, 0usize, start.chain, start.skip);
        while let Some(c) = at {
            if seen >= want || (fill_only && n == vec.len()) {
                break;
            }
            c.load()?;
            let bytes = c.bytes().get(skip..).unwrap_or_default();
            if !bytes.is_empty() {
                if let Some(v) = vec.get_mut(n) {
                    *v = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
                }
                n += 1;
                seen += bytes.len();
            }
            skip = 0;
            at = c.next();
        }
        Ok(n)
    }
}
