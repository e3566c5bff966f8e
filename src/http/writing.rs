//! Composing the heads of messages, in one pass, straight into the room at an evbuffer's end.
//!
//! No control byte leaves here, whatever a program has written into a request's fields: such headers are left out, such
//! reasons were replaced when they were set.
use super::headers::{Headers, Pair, sendable_name, sendable_value};
use super::request::ReqRef;
use super::text::Writer;
use super::{chars, method};
use crate::buffer::BufferRef;
use crate::{Error, Result};

/// Decimal digits of a number.
pub(super) struct Decimal {
    digits: [u8; 20],
    start: usize,
}
impl Decimal {
    #[inline]
    pub(super) fn new(mut n: u64) -> Decimal {
        let mut d = Decimal { digits: [b'0'; 20], start: 19 };
        if n < 10 {
            d.digits[19] += n as u8;
            return d;
        }
        for (i, place) in d.digits.iter_mut().enumerate().rev() {
            *place = b'0' + (n % 10) as u8;
            n /= 10;
            d.start = i;
            if n == 0 {
                break;
            }
        }
        d
    }
    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }
}
/// The line that begins a chunk of `n` bytes: hexadecimal digits and CRLF.
pub(super) struct ChunkLine {
    text: [u8; 18],
    start: usize,
}
impl ChunkLine {
    pub(super) fn new(mut n: u64) -> ChunkLine {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut line = ChunkLine { text: *b"0000000000000000\r\n", start: 16 };
        for (i, place) in line.text.iter_mut().enumerate().take(16).rev() {
            *place = DIGITS[(n % 16) as usize];
            n /= 16;
            line.start = i;
            if n == 0 {
                break;
            }
        }
        line
    }
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.get(self.start..).unwrap_or_default()
    }
}

/// What the headers to be sent say already.
#[derive(Default, Debug)]
pub(super) struct Said {
    pub(super) length: bool,
    pub(super) coding: bool,
    pub(super) date: bool,
    pub(super) content_type: bool,
    pub(super) connection: bool,
    /// The first Connection header is `close`.
    pub(super) close: bool,
}
impl Said {
    /// Notes what a header says. False: it is to be left out.
    #[inline(always)]
    fn note(&mut self, name: &[u8], value: &[u8], rules: &Rules<'_>) -> bool {
        match name.len() {
            4 => self.date |= chars::is_named(name, b"date"),
            10 if chars::is_named(name, b"connection") => {
                if rules.no_connection {
                    return false;
                }
                if !self.connection {
                    self.connection = true;
                    self.close = value.eq_ignore_ascii_case(b"close");
                }
            }
            12 => self.content_type |= chars::is_named(name, b"content-type"),
            14 => self.length |= chars::is_named(name, b"content-length"),
            16 if rules.no_connection => return !chars::is_named(name, b"proxy-connection"),
            17 if chars::is_named(name, b"transfer-encoding") => {
                if (rules.misfit)(value) {
                    return false;
                }
                self.coding = true;
            }
            _ => {}
        }
        true
    }
}

/// Which headers are left out.
pub(super) struct Rules<'a> {
    /// Those about the connection.
    pub(super) no_connection: bool,
    /// Codings that the body is not in.
    pub(super) misfit: &'a dyn Fn(&[u8]) -> bool,
}
impl Rules<'_> {
    const NONE: Rules<'static> = Rules { no_connection: false, misfit: &|_| false };
}

/// The first room for a head; most fit.
const FIRST_ROOM: usize = 512;

/// Bytes on their way into the room at a buffer's end.
pub(super) struct Out {
    to: BufferRef,
    start: *mut u8,
    out: Writer,
}
impl Out {
    #[inline]
    fn new(to: BufferRef, size: usize) -> Result<Out> {
        let (start, room) = to.room(size)?;
        if room < size || start.is_null() {
            return Err(Error::NoMem);
        }
        // SAFETY: reserved; the writer stays inside.
        let out = unsafe { Writer::new(start, start.add(room)) };
        Ok(Out { to, start, out })
    }
    fn len(&self) -> usize {
        self.out.at() as usize - self.start as usize
    }
    fn finish(self) -> Result<()> {
        self.to.commit_room(self.start, self.len())
    }
    #[inline]
    fn ensure(&mut self, n: usize) -> Result<()> {
        if self.out.room() >= n { Ok(()) } else { self.more(n) }
    }
    /// What has been written so far is committed, and more room is reserved.
    #[cold]
    fn more(&mut self, n: usize) -> Result<()> {
        self.to.commit_room(self.start, self.len())?;
        *self = Out::new(self.to, n.max(2 * FIRST_ROOM))?;
        Ok(())
    }
    #[inline]
    pub(super) fn put(&mut self, pieces: &[&[u8]]) -> Result<()> {
        self.ensure(pieces.iter().map(|p| p.len()).sum())?;
        pieces.iter().for_each(|p| self.out.put(p));
        Ok(())
    }
    /// A field: `name` has the colon and the blank with it.
    #[inline(always)]
    pub(super) fn field<const N: usize>(&mut self, name: &[u8; N], value: &[u8]) -> Result<()> {
        self.ensure(N + value.len() + 2)?;
        // SAFETY: so it is.
        unsafe { self.out.put_all(&[], name, value, b"\r\n") };
        Ok(())
    }
    /// A header, if it can be sent. A folded value becomes one line.
    #[inline(always)]
    fn header(&mut self, said: &mut Said, pair: &Pair<'_>, rules: &Rules<'_>) -> Result<()> {
        let Pair { name, value, .. } = *pair;
        if !chars::plain_field(name, value) {
            // That is what a NUL looks like, too.
            return self.odd_header(said, pair, rules);
        }
        if !said.note(name, value, rules) {
            return Ok(());
        }
        self.ensure(name.len() + value.len() + 4)?;
        // SAFETY: so it is.
        unsafe { self.out.put_all(name, b": ", value, b"\r\n") };
        Ok(())
    }
    #[cold]
    fn odd_header(&mut self, said: &mut Said, pair: &Pair<'_>, rules: &Rules<'_>) -> Result<()> {
        let (name, value) = pair.exact();
        if !sendable_name(name) || !sendable_value(value) || !said.note(name, value, rules) {
            return Ok(());
        }
        self.put(&[name, b":"])?;
        for line in value.split(|&c| c == b'\r' || c == b'\n').map(chars::trim).filter(|l| !l.is_empty()) {
            self.put(&[b" ", line])?;
        }
        self.put(&[b"\r\n"])
    }
}

/// Appends what `first` writes, the headers but those that `rules` leave out, what `more` adds once it
/// is known what they say, and the end of a head with `body` behind it.
///
/// A failure may leave part of it in the buffer.
#[inline(always)]
pub(super) fn put_head(
    to: BufferRef,
    first: impl FnOnce(&mut Out) -> Result<()>,
    headers: Option<Headers>,
    rules: &Rules<'_>,
    body: &[u8],
    more: impl FnOnce(&Said, &mut Out) -> Result<()>,
) -> Result<Said> {
    let mut out = Out::new(to, FIRST_ROOM)?;
    let mut said = Said::default();
    first(&mut out)?;
    if let Some(h) = headers {
        for pair in h.pairs() {
            out.header(&mut said, &pair, rules)?;
        }
    }
    more(&said, &mut out)?;
    out.ensure(2 + body.len())?;
    out.out.put_array(b"\r\n");
    out.out.put(body);
    out.finish()?;
    Ok(said)
}

/// `HTTP/1.1`, by the version of the request.
pub(super) fn version(req: ReqRef) -> &'static [u8] {
    if req.major() == 1 && req.minor() == 0 { b"HTTP/1.0" } else { b"HTTP/1.1" }
}

/// The head of a response: its first line, its headers as they are now, and what `more` adds. `body` follows it.
#[inline(always)]
pub(super) fn put_response_head(
    to: BufferRef,
    req: ReqRef,
    rules: &Rules<'_>,
    body: &[u8],
    more: impl FnOnce(&Said, &mut Out) -> Result<()>,
) -> Result<Said> {
    let first = |out: &mut Out| {
        let code = u32::try_from(req.response_code()).unwrap_or(0).min(999);
        let digit = |n: u32| b'0' + (n % 10) as u8;
        let reason = Some(req.reason()).filter(|r| chars::text(r)).unwrap_or_default();
        out.ensure(15 + reason.len())?;
        if req.major() == 1 && req.minor() == 0 {
            out.out.put_array(b"HTTP/1.0 ");
        } else {
            out.out.put_array(b"HTTP/1.1 ");
        }
        out.out.put_array(&[digit(code / 100), digit(code / 10), digit(code), b' ']);
        out.out.put(reason);
        out.out.put_array(b"\r\n");
        Ok(())
    };
    put_head(to, first, req.output_headers(), rules, body, more)
}

/// The method and the target of a request. Fails if they could not be read as such: the target holds control bytes, or
/// nothing.
pub(super) fn request_line<'a>(req: ReqRef) -> Result<(&'static [u8], &'a [u8])> {
    let target = req.uri().filter(|u| !u.is_empty() && chars::target(u)).ok_or(Error::Invalid)?;
    Ok((method::name(req.method()).ok_or(Error::Invalid)?, target))
}
/// The head of a request.
pub(super) fn put_request_head(to: BufferRef, req: ReqRef) -> Result<()> {
    let (name, target) = request_line(req)?;
    let first = |out: &mut Out| out.put(&[name, b" ", target, b" ", version(req), b"\r\n"]);
    put_head(to, first, req.output_headers(), &Rules::NONE, &[], |_, _| Ok(())).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for n in [0, 7, 10, 1234, u64::MAX] {
            assert_eq!(Decimal::new(n).as_bytes(), n.to_string().as_bytes());
            assert_eq!(ChunkLine::new(n).as_bytes(), format!("{n:x}\r\n").as_bytes());
        }
    }
}
