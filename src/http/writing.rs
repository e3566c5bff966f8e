//! Composing the heads of messages, straight into an evbuffer: the length is counted first, then room is reserved once.
//!
//! No control byte leaves here, whatever a program has written into a request's fields: such headers are left out, such
//! reasons were replaced when they were set.
use super::headers::{Headers, sendable_value};
use super::request::ReqRef;
use super::text::Writer;
use super::{chars, method};
use crate::buffer::BufferRef;
use crate::{Error, Result};
use libc::iovec;
use std::ptr::null_mut;

/// Decimal digits of a number.
pub(super) struct Decimal {
    digits: [u8; 20],
    start: usize,
}
impl Decimal {
    pub(super) fn new(mut n: u64) -> Decimal {
        let mut d = Decimal { digits: [b'0'; 20], start: 20 };
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
    pub(super) fn of(list: Headers) -> Said {
        let mut said = Said::default();
        for (name, value) in list.iter() {
            // What is not going to be sent says nothing.
            let is = |n: &[u8]| name.eq_ignore_ascii_case(n) && sendable_value(value);
            match name.len() {
                4 => said.date |= is(b"Date"),
                10 if is(b"Connection") && !said.connection => {
                    said.connection = true;
                    said.close = value.eq_ignore_ascii_case(b"close");
                }
                12 => said.content_type |= is(b"Content-Type"),
                14 => said.length |= is(b"Content-Length"),
                17 => said.coding |= is(b"Transfer-Encoding"),
                _ => {}
            }
        }
        said
    }
}

/// Appends the first line (in `first`, without its end) and the headers.
pub(super) fn put_head(to: BufferRef, first: &[&[u8]], headers: Option<Headers>) -> Result<()> {
    let mut size = 4usize;
    for part in first {
        size += part.len();
    }
    if let Some(h) = headers {
        h.each_wire(|piece| size = size.saturating_add(piece.len()));
    }
    let mut room = [iovec { iov_base: null_mut(), iov_len: 0 }];
    to.reserve(size, &mut room)?;
    let start = room[0].iov_base.cast::<u8>();
    if room[0].iov_len < size || start.is_null() {
        return Err(Error::NoMem);
    }
    // SAFETY: reserved, at least `size` bytes; the writer stays inside.
    let mut out = unsafe { Writer::new(start, start.add(size)) };
    for part in first {
        out.put(part);
    }
    out.put(b"\r\n");
    if let Some(h) = headers {
        h.each_wire(|piece| out.put(piece));
    }
    out.put(b"\r\n");
    room[0].iov_len = out.at() as usize - start as usize;
    to.commit(&room)
}

/// `HTTP/1.1`, by the version of the request.
pub(super) fn version(req: ReqRef) -> &'static [u8] {
    if req.major() == 1 && req.minor() == 0 { b"HTTP/1.0" } else { b"HTTP/1.1" }
}

/// The head of a response: its first line and its headers as they are now.
pub(super) fn put_response_head(to: BufferRef, req: ReqRef) -> Result<()> {
    let code = Decimal::new(u64::try_from(req.response_code()).unwrap_or(0).min(999));
    let reason = Some(req.reason()).filter(|r| chars::text(r)).unwrap_or_default();
    put_head(to, &[version(req), b" ", code.as_bytes(), b" ", reason], req.output_headers())
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
    put_head(to, &[name, b" ", target, b" ", version(req)], req.output_headers())
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
