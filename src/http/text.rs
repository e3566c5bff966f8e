//! C strings under construction on the heap, and the functions that return one.
use super::{escape, html};
use crate::mem::copy::copy;
use crate::{Error, Result, mem};
use std::ffi::c_char;

/// Text that grows in a block. What does not fit is left out.
pub(super) struct Writer {
    at: *mut u8,
    end: *mut u8,
}
impl Writer {
    /// # Safety
    /// `at..end` is writable as long as the writer lives.
    #[inline]
    pub(super) unsafe fn new(at: *mut u8, end: *mut u8) -> Writer {
        Writer { at, end }
    }
    #[inline]
    pub(super) fn at(&self) -> *mut u8 {
        self.at
    }
    /// Bytes that still fit.
    #[inline]
    pub(super) fn room(&self) -> usize {
        self.end as usize - self.at as usize
    }
    #[inline]
    pub(super) fn put(&mut self, s: &[u8]) {
        let n = s.len().min(self.end as usize - self.at as usize);
        // SAFETY: `at..end` is writable and no part of `s`: nobody else knows of it yet.
        unsafe {
            copy(s.as_ptr(), self.at, n);
            self.at = self.at.add(n);
        }
    }
    /// As [`Self::put`], for a constant. All of it is left out if it does not fit.
    #[inline]
    pub(super) fn put_array<const N: usize>(&mut self, s: &[u8; N]) {
        if self.room() >= N {
            // SAFETY: as above.
            unsafe {
                self.at.cast::<[u8; N]>().write(*s);
                self.at = self.at.add(N);
            }
        }
    }
    /// Puts `a`, `between`, `b` and `end`.
    ///
    /// # Safety
    /// There is room for all of them.
    #[inline(always)]
    pub(super) unsafe fn put_all<const N: usize, const M: usize>(
        &mut self,
        a: &[u8],
        between: &[u8; N],
        b: &[u8],
        end: &[u8; M],
    ) {
        // SAFETY: the caller's promise; the rest as for `put`.
        unsafe {
            copy(a.as_ptr(), self.at, a.len());
            let at = self.at.add(a.len());
            at.cast::<[u8; N]>().write(*between);
            let at = at.add(N);
            copy(b.as_ptr(), at, b.len());
            let at = at.add(b.len());
            at.cast::<[u8; M]>().write(*end);
            self.at = at.add(M);
        }
    }
    #[inline]
    pub(super) fn byte(&mut self, c: u8) {
        if self.at != self.end {
            // SAFETY: as above.
            unsafe {
                *self.at = c;
                self.at = self.at.add(1);
            }
        }
    }
}

/// A string of at most `room` bytes that `fill` writes, and its length. It belongs to the program, which frees it.
fn string(room: usize, fill: impl FnOnce(&mut Writer)) -> Result<(*mut c_char, usize)> {
    let size = room.checked_add(1).filter(|&n| n <= isize::MAX as usize).ok_or(Error::NoMem)?;
    let start = mem::malloc(size).cast::<u8>();
    if start.is_null() {
        return Err(Error::NoMem);
    }
    // SAFETY: `size` bytes are ours, the last of which the writer leaves alone.
    unsafe {
        let mut to = Writer::new(start, start.add(room));
        fill(&mut to);
        *to.at = 0;
        Ok((start.cast(), to.at as usize - start as usize))
    }
}

/// `evhttp_uriencode`
pub fn encode(src: &[u8], space_as_plus: bool) -> Result<*mut c_char> {
    // Short strings are not worth counting first.
    let room = if src.len() <= 256 {
        src.len() * 3
    } else {
        escape::encoded_len(src, space_as_plus).ok_or(Error::NoMem)?
    };
    // All four bytes of a code are written; the next one covers those that do not count.
    let size = room.checked_add(size_of::<escape::Code>()).ok_or(Error::NoMem)?;
    let start = mem::malloc(size).cast::<u8>();
    if start.is_null() {
        return Err(Error::NoMem);
    }
    let mut at = start;
    escape::encode(src, space_as_plus, |code| {
        // SAFETY: the codes' own bytes are at most `room` together; what is written behind them fits as well.
        unsafe {
            at.cast::<escape::Code>().write_unaligned(code);
            at = at.add(code[3].into());
        }
    });
    // SAFETY: as above.
    unsafe { *at = 0 };
    Ok(start.cast())
}
/// `evhttp_uridecode`: the string may hold NULs, hence the length.
pub fn decode(src: &[u8], plus: escape::Plus) -> Result<(*mut c_char, usize)> {
    string(src.len(), |to| escape::decode(src, plus, |c| to.byte(c)))
}
/// `evhttp_htmlescape`
pub fn escape_html(src: &[u8]) -> Result<*mut c_char> {
    let room = html::escaped_len(src).ok_or(Error::NoMem)?;
    Ok(string(room, |to| html::escape(src, |s| to.put(s)))?.0)
}
/// A copy of `src`, which holds no NUL.
pub fn duplicate(src: &[u8]) -> Result<*mut c_char> {
    Ok(string(src.len(), |to| to.put(src))?.0)
}
