//! Searching for strings and for ends of lines.
use super::chain::ChainRef;
use super::edit::copy_out;
use super::ptr::{NOT_FOUND, Pos};
use super::{BufferRef, Evbuffer, FROZEN_FRONT};
use crate::abi::buffer::{evbuffer_eol_style, evbuffer_ptr};
use crate::mem;
use memchr::{memchr2, memmem};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// The first `byte`. glibc's search is the fastest where there is one.
#[cfg(target_env = "gnu")]
#[inline]
fn memchr(byte: u8, hay: &[u8]) -> Option<usize> {
    // SAFETY: the slice is readable.
    let p = unsafe { crate::sys::c::memchr(hay.as_ptr().cast(), byte.into(), hay.len()) };
    (!p.is_null()).then(|| p as usize - hay.as_ptr() as usize)
}
#[cfg(not(target_env = "gnu"))]
use memchr::memchr;

/// Whether the bytes from `skip` in `c` on begin with `what`.
fn starts_with(mut c: ChainRef, mut skip: usize, mut what: &[u8]) -> bool {
    loop {
        if c.load().is_err() {
            return false;
        }
        let have = c.bytes().get(skip..).unwrap_or_default();
        let n = have.len().min(what.len());
        if have[..n] != what[..n] {
            return false;
        }
        what = &what[n..];
        skip = 0;
        match c.next() {
            _ if what.is_empty() => return true,
            Some(next) => c = next,
            None => return false,
        }
    }
}

/// The first `what` in one piece. Else, as an error, where one that goes on behind the piece may begin: at that place or
/// later. Most strings begin with a byte that is rare enough to be looked for alone, which is the fastest search there
/// is; if it turns out to be frequent, a search of linear time takes over.
fn find_inside(hay: &[u8], what: &[u8], first: u8) -> std::result::Result<usize, usize> {
    let (mut at, mut hits) = (0, 0);
    while let Some(i) = memchr(first, &hay[at..]) {
        at += i;
        let rest = &hay[at..];
        if rest.len() < what.len() {
            return Err(at);
        }
        if rest.starts_with(what) {
            return Ok(at);
        }
        hits += 1;
        if hits > 4 + at / 128 {
            return memmem::find(rest, what).map_or(Err(hay.len() + 1 - what.len()), |i| Ok(at + i));
        }
        at += 1;
    }
    Err(hay.len())
}

/// The first `what` (not empty) from `from` on that ends at or before `limit`.
fn find(from: Pos, what: &[u8], limit: usize) -> Option<Pos> {
    let (mut at, mut skip, mut chain) = (from.at, from.skip, from.chain);
    let first = *what.first()?;
    while let Some(c) = chain {
        if at.checked_add(what.len())? > limit {
            return None;
        }
        c.load().ok()?;
        let hay = c.bytes().get(skip..)?;
        // No match begins where it could not end before the limit.
        let hay = &hay[..hay.len().min(limit - at)];
        let mut i = match find_inside(hay, what, first) {
            Ok(i) => return Some(Pos { at: at + i, chain, skip: skip + i }),
            Err(i) => i,
        };
        // A match that begins here and ends in later blocks.
        while let Some(j) = hay.get(i..).filter(|rest| !rest.is_empty()).and_then(|rest| memchr(first, rest))
        {
            i += j;
            if at + i + what.len() > limit {
                return None;
            }
            if starts_with(c, skip + i, what) {
                return Some(Pos { at: at + i, chain, skip: skip + i });
            }
            i += 1;
        }
        at += hay.len();
        skip = 0;
        chain = c.next();
    }
    None
}

/// The first byte that `find` finds in a piece.
fn find_byte(from: Pos, find: impl Fn(&[u8]) -> Option<usize>) -> Option<Pos> {
    let (mut at, mut skip, mut chain) = (from.at, from.skip, from.chain);
    while let Some(c) = chain {
        c.load().ok()?;
        let hay = c.bytes().get(skip..)?;
        if let Some(i) = find(hay) {
            return Some(Pos { at: at + i, chain, skip: skip + i });
        }
        at += hay.len();
        skip = 0;
        chain = c.next();
    }
    None
}

/// An LF and the CR before it, if that is not before `from`.
fn find_crlf(from: Pos) -> Option<(Pos, usize)> {
    let (mut at, mut skip, mut chain) = (from.at, from.skip, from.chain);
    // The end of the last block that was not empty.
    let mut before: Option<(ChainRef, usize)> = None;
    while let Some(c) = chain {
        c.load().ok()?;
        let hay = c.bytes().get(skip..)?;
        if let Some(i) = memchr(b'\n', hay) {
            if i > 0 {
                if hay[i - 1] == b'\r' {
                    return Some((Pos { at: at + i - 1, chain, skip: skip + i - 1 }, 2));
                }
            } else if let Some((b, last)) = before
                && b.bytes().get(last) == Some(&b'\r')
            {
                return Some((Pos { at: at - 1, chain: before.map(|b| b.0), skip: last }, 2));
            }
            return Some((Pos { at: at + i, chain, skip: skip + i }, 1));
        }
        if !hay.is_empty() {
            before = Some((c, c.len() - 1));
        }
        at += hay.len();
        skip = 0;
        chain = c.next();
    }
    None
}

/// How many CRs and LFs stand at `from`.
fn eol_run(from: Pos) -> usize {
    let (mut n, mut skip, mut chain) = (0, from.skip, from.chain);
    while let Some(c) = chain {
        if c.load().is_err() {
            break;
        }
        let hay = c.bytes().get(skip..).unwrap_or_default();
        let run = hay.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        n += run;
        if run < hay.len() {
            break;
        }
        skip = 0;
        chain = c.next();
    }
    n
}

/// Where the next line ends, and how long its terminator is.
fn find_eol(from: Pos, style: evbuffer_eol_style) -> Option<(Pos, usize)> {
    use evbuffer_eol_style as S;
    match style {
        S::EVBUFFER_EOL_CRLF => find_crlf(from),
        S::EVBUFFER_EOL_LF => find_byte(from, |h| memchr(b'\n', h)).map(|p| (p, 1)),
        S::EVBUFFER_EOL_NUL => find_byte(from, |h| memchr(0, h)).map(|p| (p, 1)),
        S::EVBUFFER_EOL_CRLF_STRICT => find(from, b"\r\n", usize::MAX).map(|p| (p, 2)),
        S::EVBUFFER_EOL_ANY => find_byte(from, |h| memchr2(b'\r', b'\n', h)).map(|p| (p, eol_run(p))),
        _ => None,
    }
}

impl Evbuffer {
    fn search(&self, what: &[u8], from: Pos, end: Option<&evbuffer_ptr>) -> Option<Pos> {
        let total = self.total.get();
        let limit = match end {
            None => total,
            Some(e) => usize::try_from(e.pos).ok()?.min(total),
        };
        if what.is_empty() { Some(from) } else { find(from, what, limit) }
    }
}

impl BufferRef {
    /// `evbuffer_search_range`
    ///
    /// # Safety
    /// `start` and `end` are positions in this buffer, which has not changed since they were made.
    pub unsafe fn search_range(
        self,
        what: &[u8],
        start: Option<&evbuffer_ptr>,
        end: Option<&evbuffer_ptr>,
    ) -> evbuffer_ptr {
        let call = self.enter();
        let from = match start {
            None => Some(call.start()),
            // SAFETY: the caller's promise.
            Some(p) => unsafe { Pos::from_c(p) },
        };
        from.and_then(|from| call.search(what, from, end)).map_or(NOT_FOUND, Pos::to_c)
    }
    /// The position of the first `what`.
    pub fn find(self, what: &[u8]) -> Option<usize> {
        let call = self.enter();
        call.search(what, call.start(), None).map(|p| p.at)
    }
    /// `evbuffer_find`: the first `what`, made contiguous.
    pub fn find_contiguous(self, what: &[u8]) -> Option<*mut u8> {
        let call = self.enter();
        let at = call.search(what, call.start(), None)?.at;
        self.pullup(Some(at + what.len())).map(|p| p.wrapping_add(at))
    }
    /// `evbuffer_search_eol`: the end of the line and the length of its terminator.
    ///
    /// # Safety
    /// As [`Self::search_range`].
    pub unsafe fn search_eol(
        self,
        start: Option<&evbuffer_ptr>,
        style: evbuffer_eol_style,
    ) -> Option<(evbuffer_ptr, usize)> {
        let call = self.enter();
        let from = match start {
            None => call.start(),
            // SAFETY: the caller's promise.
            Some(p) => unsafe { Pos::from_c(p) }?,
        };
        find_eol(from, style).map(|(p, n)| (p.to_c(), n))
    }
    /// `evbuffer_readln`: takes one line. Returns it, NUL-terminated and allocated by `mem::malloc`, and its
    /// length; null if there is no whole line or no memory.
    pub fn readln(self, style: evbuffer_eol_style) -> (*mut u8, usize) {
        let b = self.state();
        if let Some(c) = b.first.get().filter(|c| b.is_simple(FROZEN_FRONT) && !c.in_file()) {
            // Most lines lie in one block that holds more.
            if let Some((n, eol)) = eol_inside(c.bytes(), style) {
                let line = copy_line(n, |out| {
                    // SAFETY: `n` bytes are in the block.
                    unsafe { std::ptr::copy_nonoverlapping(c.data(), out.cast(), n) };
                    true
                });
                if !line.is_null() {
                    b.sub_len(n + eol);
                    c.consume(n + eol);
                }
                return (line, if line.is_null() { 0 } else { n });
            }
        }
        self.readln_slow(style)
    }
    #[inline(never)]
    fn readln_slow(self, style: evbuffer_eol_style) -> (*mut u8, usize) {
        const NONE: (*mut u8, usize) = (null_mut(), 0);
        let call = self.enter();
        if call.frozen_front() {
            return NONE;
        }
        let Some((end, eol)) = find_eol(call.start(), style) else { return NONE };
        let n = end.at;
        let line = copy_line(n, |out| {
            // SAFETY: room for `n` bytes.
            let out = unsafe { std::slice::from_raw_parts_mut(out, n) };
            copy_out(call.first.get(), 0, out).is_ok()
        });
        if line.is_null() {
            return NONE;
        }
        call.dispose(call.cut_front(n + eol));
        call.changed(0, n + eol);
        (line, n)
    }
}

/// A fresh NUL-terminated line of `n` bytes that `fill` writes; null without memory, or if `fill` fails.
#[inline]
fn copy_line(n: usize, fill: impl FnOnce(*mut MaybeUninit<u8>) -> bool) -> *mut u8 {
    let line = mem::malloc(n + 1).cast::<u8>();
    if line.is_null() {
        return line;
    }
    if !fill(line.cast()) {
        // SAFETY: just allocated.
        unsafe { mem::free(line.cast()) };
        return null_mut();
    }
    // SAFETY: `n + 1` bytes were allocated.
    unsafe { line.add(n).write(0) };
    line
}

/// The end of the first line of `hay` and the length of its terminator, where both and at least one byte more are
/// in it and the style has one obvious byte to look for.
#[inline]
fn eol_inside(hay: &[u8], style: evbuffer_eol_style) -> Option<(usize, usize)> {
    use evbuffer_eol_style as S;
    let (last, cr) = match style {
        S::EVBUFFER_EOL_CRLF => (b'\n', true),
        S::EVBUFFER_EOL_LF => (b'\n', false),
        S::EVBUFFER_EOL_NUL => (0, false),
        _ => return None,
    };
    let i = memchr(last, hay)?;
    if i + 1 == hay.len() {
        return None;
    }
    if cr && i > 0 && hay[i - 1] == b'\r' { Some((i - 1, 2)) } else { Some((i, 1)) }
}
