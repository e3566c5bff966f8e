//! evtag: tagged values in an evbuffer.
//!
//! An element is a tag, a length and that many bytes. A tag is written in groups of 7 bits, lowest first, with the
//! top bit set on all but the last byte. Other numbers are written in nibbles: their count less one, then the
//! nibbles from the lowest up, filled to a whole byte.
//!
//! Input is hostile: nothing is read beyond the buffer, however it is divided into blocks, and no length is believed
//! before the data is there.
use crate::buffer::BufferRef;
use crate::{Error, Result, mem};
use std::mem::MaybeUninit;

/// The most bytes that a tag, a 32-bit and a 64-bit number take.
const TAG_MAX: usize = 5;
const INT_MAX: usize = 5;
const INT64_MAX: usize = 9;

/// A few bytes on the stack.
#[derive(Clone, Copy, Default)]
struct Short {
    bytes: [u8; 2 * INT64_MAX],
    len: usize,
}
impl Short {
    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
    fn push(&mut self, byte: u8) {
        if let Some(b) = self.bytes.get_mut(self.len) {
            *b = byte;
            self.len += 1;
        }
    }
    fn tag(tag: u32) -> Short {
        let mut out = Short::default();
        let mut rest = tag;
        while rest > 0x7f {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
        out
    }
    fn number(mut self, n: u64) -> Short {
        let nibbles = (64 - n.leading_zeros()).div_ceil(4).max(1) as u8;
        let mut rest = n;
        let mut low = || {
            let nibble = (rest & 0xf) as u8;
            rest >>= 4;
            nibble
        };
        self.push((nibbles - 1) << 4 | low());
        for _ in 0..nibbles / 2 {
            let high = low() << 4;
            self.push(high | low());
        }
        self
    }
}

/// The value of a tag at the start of `bytes`, and the bytes it takes.
fn parse_tag(bytes: &[u8]) -> Option<(u32, usize)> {
    let mut tag = 0u32;
    for (i, &b) in bytes.iter().enumerate().take(TAG_MAX) {
        let part = u32::from(b & 0x7f);
        if i == TAG_MAX - 1 && part > 0xf {
            return None;
        }
        tag |= part << (7 * i);
        if b & 0x80 == 0 {
            return Some((tag, i + 1));
        }
    }
    None
}
/// The value of a number of at most `bits` bits at the start of `bytes`, and the bytes it takes.
fn parse_number(bytes: &[u8], bits: usize) -> Option<(u64, usize)> {
    let nibbles = usize::from(*bytes.first()? >> 4) + 1;
    let all = bytes.get(..nibbles / 2 + 1)?;
    if nibbles > bits / 4 {
        return None;
    }
    let nibble = |i: usize| {
        let byte = all.get(i / 2).copied().unwrap_or(0);
        u64::from(if i.is_multiple_of(2) { byte >> 4 } else { byte & 0xf })
    };
    Some(((1..=nibbles).rev().fold(0, |n, i| n << 4 | nibble(i)), all.len()))
}

/// The first bytes of a buffer.
fn head(buf: BufferRef, room: &mut [MaybeUninit<u8>]) -> &[u8] {
    // SAFETY: no position is given.
    let n = unsafe { buf.copyout(None, room) }.unwrap_or(0);
    let Some(filled) = room.get(..n) else { return &[] };
    // SAFETY: copyout has written so many.
    unsafe { std::slice::from_raw_parts(filled.as_ptr().cast(), filled.len()) }
}
macro_rules! head {
    ($buf:expr, $n:expr) => {
        head($buf, &mut [MaybeUninit::uninit(); $n])
    };
}

/// What the start of an element says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub tag: u32,
    /// Bytes of the tag and the length.
    pub len: usize,
    /// Bytes of the data, which need not have arrived.
    pub payload: u32,
}

/// `evtag_encode_tag`: the bytes it takes; added only to a buffer.
pub fn encode_tag(buf: Option<BufferRef>, tag: u32) -> Result<usize> {
    let text = Short::tag(tag);
    buf.map_or(Ok(()), |b| b.add(text.as_slice()))?;
    Ok(text.len)
}
/// `evtag_encode_int`, `evtag_encode_int64`
pub fn encode_number(buf: BufferRef, n: u64) -> Result<()> {
    buf.add(Short::default().number(n).as_slice())
}
/// `evtag_marshal`: the whole element or nothing.
pub fn marshal(buf: BufferRef, tag: u32, data: &[u8]) -> Result<()> {
    let len = u32::try_from(data.len()).map_err(|_| Error::Invalid)?;
    let (tag, len) = (Short::tag(tag), Short::default().number(len.into()));
    buf.add_all([tag.as_slice(), len.as_slice(), data].into_iter()).map(drop)
}
/// `evtag_marshal_int` and its kin: an element with one or two numbers.
pub fn marshal_numbers(buf: BufferRef, tag: u32, numbers: &[u64]) -> Result<()> {
    let data = numbers.iter().fold(Short::default(), |s, n| s.number(*n));
    marshal(buf, tag, data.as_slice())
}
/// `evtag_marshal_buffer`: moves the contents of `data`.
pub fn marshal_buffer(buf: BufferRef, tag: u32, data: BufferRef) -> Result<()> {
    let len = u32::try_from(data.len()).map_err(|_| Error::Invalid)?;
    let (tag, len) = (Short::tag(tag), Short::default().number(len.into()));
    buf.add_all([tag.as_slice(), len.as_slice()].into_iter())?;
    buf.add_buffer(data)
}

/// `evtag_peek`: the tag, and the bytes it takes.
pub fn peek(buf: BufferRef) -> Result<(u32, usize)> {
    parse_tag(head!(buf, TAG_MAX)).ok_or(Error::Invalid)
}
/// `evtag_peek_length`, `evtag_payload_length`
pub fn peek_header(buf: BufferRef) -> Result<Header> {
    let mut room = [MaybeUninit::uninit(); TAG_MAX + INT_MAX];
    let bytes = head(buf, &mut room);
    let (tag, at) = parse_tag(bytes).ok_or(Error::Invalid)?;
    let (payload, n) = parse_number(bytes.get(at..).unwrap_or(&[]), 32).ok_or(Error::Invalid)?;
    Ok(Header { tag, len: at + n, payload: u32::try_from(payload).map_err(|_| Error::Invalid)? })
}
/// `evtag_decode_tag`: takes the tag off.
pub fn take_tag(buf: BufferRef) -> Result<(u32, usize)> {
    let (tag, n) = peek(buf)?;
    buf.drain(n)?;
    Ok((tag, n))
}
/// `evtag_decode_int`
pub fn take_int(buf: BufferRef) -> Result<u32> {
    let (n, len) = parse_number(head!(buf, INT_MAX), 32).ok_or(Error::Invalid)?;
    buf.drain(len)?;
    u32::try_from(n).map_err(|_| Error::Invalid)
}
/// `evtag_decode_int64`
pub fn take_int64(buf: BufferRef) -> Result<u64> {
    let (n, len) = parse_number(head!(buf, INT64_MAX), 64).ok_or(Error::Invalid)?;
    buf.drain(len)?;
    Ok(n)
}
/// `evtag_unmarshal_header`: takes tag and length off; the data is there, and its length fits an `int`.
pub fn take_header(buf: BufferRef) -> Result<(u32, usize)> {
    let (tag, _) = take_tag(buf)?;
    let len = take_int(buf)?;
    let len = i32::try_from(len).map_err(|_| Error::Invalid)?.unsigned_abs() as usize;
    if buf.len() < len { Err(Error::Invalid) } else { Ok((tag, len)) }
}
/// The header of an element that must have this tag. Of one with another tag only the header is taken off.
pub fn take_header_of(buf: BufferRef, tag: u32) -> Result<usize> {
    let (found, len) = take_header(buf)?;
    if found == tag { Ok(len) } else { Err(Error::Invalid) }
}
/// `evtag_consume`
pub fn skip(buf: BufferRef) -> Result<()> {
    let (_, len) = take_header(buf)?;
    buf.drain(len)
}
/// `evtag_unmarshal`: moves the data of the next element to the end of `to`; its tag and length.
pub fn take(buf: BufferRef, to: BufferRef) -> Result<(u32, usize)> {
    let (tag, len) = take_header(buf)?;
    buf.remove_buffer(to, len)?;
    Ok((tag, len))
}
/// `evtag_unmarshal_int` and `_int64`: the number, and the bytes it took.
pub fn take_number(buf: BufferRef, tag: u32, bits: usize) -> Result<(u64, usize)> {
    let (found, _) = take_tag(buf)?;
    if found != tag {
        return Err(Error::Invalid);
    }
    let len = take_int(buf)? as usize;
    if buf.len() < len {
        return Err(Error::Invalid);
    }
    let mut room = [MaybeUninit::uninit(); INT64_MAX];
    let bytes = head(buf, &mut room);
    let number = parse_number(bytes.get(..len).unwrap_or(bytes), bits);
    buf.drain(len)?;
    number.ok_or(Error::Invalid)
}
/// `evtag_unmarshal_fixed`
pub fn take_fixed(buf: BufferRef, tag: u32, into: &mut [MaybeUninit<u8>]) -> Result<()> {
    if take_header_of(buf, tag)? != into.len() {
        return Err(Error::Invalid);
    }
    buf.remove_uninit(into).map(drop)
}
/// `evtag_unmarshal_string`: memory of the program's allocator, ended by a NUL.
pub fn take_string(buf: BufferRef, tag: u32) -> Result<*mut u8> {
    let len = take_header_of(buf, tag)?;
    let p = mem::malloc(len + 1).cast::<u8>();
    if p.is_null() {
        return Err(Error::NoMem);
    }
    // SAFETY: just allocated with one byte more.
    let room = unsafe { std::slice::from_raw_parts_mut(p.cast::<MaybeUninit<u8>>(), len) };
    match buf.remove_uninit(room) {
        Ok(n) => {
            // SAFETY: `n <= len`.
            unsafe { p.add(n).write(0) };
            Ok(p)
        }
        Err(e) => {
            // SAFETY: from `malloc` above.
            unsafe { mem::free(p.cast()) };
            Err(e)
        }
    }
}
/// `evtag_unmarshal_timeval`: seconds and microseconds. Always takes the element off.
pub fn take_pair(buf: BufferRef, tag: u32) -> Result<(u32, u32)> {
    let (found, len) = take_header(buf)?;
    let mut room = [MaybeUninit::uninit(); 2 * INT_MAX];
    let bytes = head(buf, &mut room);
    let bytes = bytes.get(..len).unwrap_or(bytes);
    let pair = parse_number(bytes, 32).and_then(|(a, n)| Some((a, parse_number(bytes.get(n..)?, 32)?.0)));
    buf.drain(len)?;
    match pair {
        Some((a, b)) if found == tag => Ok((a as u32, b as u32)),
        _ => Err(Error::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(f: impl FnOnce(BufferRef)) {
        let b = BufferRef::new().unwrap();
        f(b);
        b.free();
    }
    fn bytes(b: BufferRef) -> [u8; 16] {
        let mut out = [0; 16];
        b.remove(&mut out).unwrap();
        out
    }

    #[test]
    fn numbers_and_tags_have_the_recorded_form() {
        // Written by libevent 2.1.12.
        for (n, form) in [(0u64, &[0x00u8][..]), (0xaf0, &[0x20, 0xfa]), (0x1000, &[0x30, 0x00, 0x10])] {
            assert_eq!(Short::default().number(n).as_slice(), form, "{n:#x}");
        }
        assert_eq!(Short::default().number(0xdead_beef).as_slice(), [0x7f, 0xee, 0xbd, 0xae, 0xd0]);
        assert_eq!(Short::tag(0x66).as_slice(), [0x66]);
        assert_eq!(Short::tag(0x166).as_slice(), [0xe6, 0x02]);
    }
    #[test]
    fn numbers_round_trip() {
        for shift in 0..64 {
            for n in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let text = Short::default().number(n);
                assert_eq!(parse_number(text.as_slice(), 64), Some((n, text.len)));
                assert_eq!(parse_number(text.as_slice(), 32).is_some(), n <= u64::from(u32::MAX));
                assert_eq!(parse_number(&text.as_slice()[..text.len - 1], 64), None);
            }
        }
    }
    #[test]
    fn tags_round_trip_and_do_not_overflow() {
        for tag in [0, 0x7f, 0x80, 0x3fff, 0x4000, 0xabad_cafe, u32::MAX] {
            let text = Short::tag(tag);
            assert_eq!(parse_tag(text.as_slice()), Some((tag, text.len)));
        }
        assert_eq!(parse_tag(&[0xff, 0xff, 0xff, 0xff, 0x1f]), None);
        assert_eq!(parse_tag(&[0x80; 9]), None);
    }
    #[test]
    fn a_tag_divided_among_blocks_is_read() {
        with(|b| {
            for byte in Short::tag(u32::MAX).as_slice() {
                with(|one| {
                    one.add(&[*byte]).unwrap();
                    b.add_buffer(one).unwrap();
                });
            }
            assert_eq!(peek(b).unwrap(), (u32::MAX, 5));
            assert!(peek_header(b).is_err());
        });
    }
    #[test]
    fn a_length_beyond_int_is_refused() {
        with(|b| {
            encode_tag(Some(b), 1).unwrap();
            encode_number(b, 0x8000_0000).unwrap();
            b.add(b"x").unwrap();
            assert!(take_header(b).is_err());
        });
    }
    #[test]
    fn elements_round_trip() {
        with(|b| {
            marshal(b, 7, b"hello").unwrap();
            assert_eq!(peek_header(b).unwrap(), Header { tag: 7, len: 2, payload: 5 });
            with(|to| {
                assert_eq!(take(b, to).unwrap(), (7, 5));
                assert_eq!(&bytes(to)[..5], b"hello");
            });
            marshal_numbers(b, 300, &[17, 999_999]).unwrap();
            assert_eq!(take_pair(b, 300).unwrap(), (17, 999_999));
            marshal_numbers(b, 301, &[u64::MAX]).unwrap();
            assert_eq!(take_number(b, 301, 64).unwrap(), (u64::MAX, 9));
            assert!(b.is_empty());
        });
    }
    #[test]
    fn a_number_longer_than_its_element_is_refused() {
        with(|b| {
            marshal(b, 1, &[0x70, 1]).unwrap();
            b.add(&[0; 8]).unwrap();
            assert!(take_number(b, 1, 32).is_err());
            assert_eq!(b.len(), 8);
        });
    }
}
