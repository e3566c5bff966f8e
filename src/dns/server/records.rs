//! The records that a program has added to a reply, one behind the other in one block.
//!
//! Answers for the question's name stand first, as long as nothing else is added, in the form in which they go out
//! (most replies hold nothing else). Each of the others is: section, kind of data, type, class, ttl, length of the
//! data, the owner's name, the data.
#![forbid(unsafe_code)]
use crate::dns::compose::{Data, Record, WireName};
use crate::dns::name::Name;
use crate::dns::wire::HEADER_LEN;
use crate::mem::{self, TryVec};
use crate::{Error, Result};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    Answer = 0,
    Authority = 1,
    Additional = 2,
}

/// Short replies need no memory besides the request's own.
const INLINE: usize = 128;
pub(super) struct Records {
    /// What `inline` holds, while `heap` is empty.
    used: usize,
    inline: [u8; INLINE],
    heap: mem::Vec<u8>,
    plain: Plain,
}
/// The records in the form of the message, at the beginning.
#[derive(Clone, Copy, Default)]
struct Plain {
    bytes: usize,
    count: u16,
}
/// See [`Records::mark`].
#[derive(Clone, Copy)]
pub(super) struct Mark(usize, Plain);

const BYTES: u8 = 0;
const NAME: u8 = 1;
/// Besides: the owner is the first question's name, and does not follow.
const OF_QUESTION: u8 = 2;
/// A pointer to the question's name.
const TO_QUESTION: [u8; 2] = [0xc0, HEADER_LEN as u8];
/// Section, kind, type, class, ttl, data's length; or, in the form of the message, a pointer in place of the first two.
const HEAD: usize = 1 + 1 + 2 + 2 + 4 + 2;

/// What is added besides the name and the data.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) section: Section,
    pub(super) rtype: u16,
    pub(super) class: u16,
    pub(super) ttl: u32,
}
/// What is added as data.
#[derive(Clone, Copy)]
pub(super) enum NewData<'a> {
    Bytes(&'a [u8]),
    Name(&'a Name),
}

impl Head {
    /// For an answer to the question's name with so many bytes of data, in the form of the message.
    #[inline(always)]
    fn plain(&self, len: u16) -> [u8; HEAD] {
        let ([t0, t1], [c0, c1]) = (self.rtype.to_be_bytes(), self.class.to_be_bytes());
        let ([l0, l1, l2, l3], [n0, n1]) = (self.ttl.to_be_bytes(), len.to_be_bytes());
        [TO_QUESTION[0], TO_QUESTION[1], t0, t1, c0, c1, l0, l1, l2, l3, n0, n1]
    }
}

impl Records {
    pub(super) const fn new() -> Records {
        let plain = Plain { bytes: 0, count: 0 };
        Records { used: 0, inline: [0; INLINE], heap: mem::new_vec(), plain }
    }
    /// All records and how many they are, if all are answers for the question's name.
    #[inline]
    pub(super) fn plain(&self) -> Option<(&[u8], u16)> {
        let bytes = self.bytes();
        (bytes.len() == self.plain.bytes).then_some((bytes, self.plain.count))
    }
    fn bytes(&self) -> &[u8] {
        if self.heap.is_empty() { self.inline.get(..self.used).unwrap_or(&[]) } else { &self.heap }
    }
    pub(super) fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }
    /// Room for `n` more bytes, in one piece.
    #[inline(always)]
    fn grow(&mut self, n: usize) -> Result<&mut [u8]> {
        let end = self.used + n;
        if end > INLINE || !self.heap.is_empty() {
            return self.grow_heap(n);
        }
        let at = std::mem::replace(&mut self.used, end);
        self.inline.get_mut(at..end).ok_or(Error::NoMem)
    }
    /// The same on the heap, where what is here moves to first.
    #[cold]
    fn grow_heap(&mut self, n: usize) -> Result<&mut [u8]> {
        if self.heap.is_empty() {
            self.heap.try_reserve(self.used + n).map_err(|_| Error::NoMem)?;
            self.heap.try_extend(self.inline.get(..self.used).unwrap_or(&[]))?;
            self.used = 0;
        }
        let at = self.heap.len();
        self.heap.try_resize(at + n, 0)?;
        self.heap.get_mut(at..).ok_or(Error::NoMem)
    }
    /// Whether all that there is are answers for the question's name, and `more` can join them.
    #[inline]
    pub(super) fn is_plain(&self, more: usize) -> bool {
        self.mark().0 == self.plain.bytes && more <= usize::from(u16::MAX - self.plain.count)
    }
    /// [`Self::add`] of an answer for the question's name, where [`Self::is_plain`].
    #[inline(always)]
    pub(super) fn add_plain(&mut self, head: Head, data: &[u8]) -> Result<()> {
        let len = u16::try_from(data.len()).map_err(|_| Error::Invalid)?;
        let room = self.grow(HEAD + data.len())?;
        let (first, rest) = room.split_first_chunk_mut::<HEAD>().ok_or(Error::NoMem)?;
        *first = head.plain(len);
        mem::copy::copy_slice(rest, data);
        self.plain.bytes += HEAD + data.len();
        self.plain.count += 1;
        Ok(())
    }
    /// Adds a record, or fails and changes nothing.
    pub(super) fn add(&mut self, head: Head, name: WireName<'_>, data: NewData<'_>) -> Result<()> {
        let name = name.as_bytes();
        let (kind, bytes) = match data {
            NewData::Bytes(b) if name.is_empty() && head.section == Section::Answer && self.is_plain(1) => {
                return self.add_plain(head, b);
            }
            NewData::Bytes(b) => (BYTES, b),
            NewData::Name(n) => (NAME, n.as_wire()),
        };
        let len = u16::try_from(bytes.len()).map_err(|_| Error::Invalid)?;
        let room = self.grow(HEAD + name.len() + bytes.len())?;
        let ([t0, t1], [c0, c1]) = (head.rtype.to_ne_bytes(), head.class.to_ne_bytes());
        let ([l0, l1, l2, l3], [n0, n1]) = (head.ttl.to_ne_bytes(), len.to_ne_bytes());
        let kind = kind | if name.is_empty() { OF_QUESTION } else { 0 };
        let fields = [head.section as u8, kind, t0, t1, c0, c1, l0, l1, l2, l3, n0, n1];
        let (first, rest) = room.split_at_mut(HEAD.min(room.len()));
        first.copy_from_slice(&fields);
        let (owner, rest) = rest.split_at_mut(name.len().min(rest.len()));
        owner.copy_from_slice(name);
        rest.copy_from_slice(bytes);
        Ok(())
    }
    /// Where the next record will stand, for [`Self::back_to`].
    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark(if self.heap.is_empty() { self.used } else { self.heap.len() }, self.plain)
    }
    /// Takes back what was added since.
    pub(super) fn back_to(&mut self, Mark(len, plain): Mark) {
        self.plain = plain;
        if self.heap.is_empty() {
            self.used = len;
        } else {
            self.heap.truncate(len);
        }
    }
    /// The records of one section, in the order in which they were added.
    pub(super) fn of(&self, section: Section) -> Iter<'_> {
        Iter { rest: self.bytes(), plain: self.plain.bytes, section: section as u8 }
    }
}
impl Default for Records {
    fn default() -> Records {
        Records::new()
    }
}

/// See [`Records::of`].
#[derive(Clone)]
pub(super) struct Iter<'a> {
    rest: &'a [u8],
    /// How many bytes of `rest` are in the form of the message.
    plain: usize,
    section: u8,
}
impl<'a> Iter<'a> {
    /// The next record of any section, and its section.
    fn any(&mut self) -> Option<(u8, Record<'a>)> {
        let (h, rest) = self.rest.split_first_chunk::<HEAD>()?;
        let [section, kind, t0, t1, c0, c1, l0, l1, l2, l3, n0, n1] = *h;
        if let Some(left) = self.plain.checked_sub(HEAD) {
            let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([n0, n1])))?;
            self.plain = left.saturating_sub(bytes.len());
            self.rest = rest;
            let (rtype, class) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([c0, c1]));
            let ttl = u32::from_be_bytes([l0, l1, l2, l3]);
            let name = WireName::FIRST_QUESTION;
            return Some((
                Section::Answer as u8,
                Record { name, rtype, class, ttl, data: Data::Bytes(bytes) },
            ));
        }
        let (name, rest) =
            if kind & OF_QUESTION != 0 { (WireName::FIRST_QUESTION, rest) } else { WireName::split(rest)? };
        let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_ne_bytes([n0, n1])))?;
        let data = if kind & NAME != 0 { Data::Name(WireName::split(bytes)?.0) } else { Data::Bytes(bytes) };
        self.rest = rest;
        let (rtype, class) = (u16::from_ne_bytes([t0, t1]), u16::from_ne_bytes([c0, c1]));
        Some((section, Record { name, rtype, class, ttl: u32::from_ne_bytes([l0, l1, l2, l3]), data }))
    }
}
impl<'a> Iterator for Iter<'a> {
    type Item = Record<'a>;
    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            let (section, r) = self.any()?;
            if section == self.section {
                return Some(r);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_by_section() {
        let (a, b) = (Name::from_text(b"a.example").unwrap(), Name::from_text(b"b").unwrap());
        let mut r = Records::new();
        assert!(r.is_empty() && r.of(Section::Answer).next().is_none());
        let head = |section, rtype| Head { section, rtype, class: 1, ttl: 0x0102_0304 };
        r.add(head(Section::Answer, 1), (&a).into(), NewData::Bytes(&[1, 2, 3, 4])).unwrap();
        r.add(head(Section::Additional, 16), (&a).into(), NewData::Bytes(&[])).unwrap();
        r.add(head(Section::Answer, 5), (&b).into(), NewData::Name(&a)).unwrap();
        assert_eq!(
            r.add(head(Section::Answer, 9), (&b).into(), NewData::Bytes(&[0; 65536])),
            Err(Error::Invalid)
        );
        let types =
            |r: &Records, s| r.of(s).map(|r| (r.rtype, r.ttl)).collect::<std::collections::VecDeque<_>>();
        assert_eq!(types(&r, Section::Answer), [(1, 0x0102_0304), (5, 0x0102_0304)]);
        assert_eq!(types(&r, Section::Additional), [(16, 0x0102_0304)]);
        assert!(types(&r, Section::Authority).is_empty());
        // More than fits inline moves; taking back works in both places.
        let before = r.mark();
        for size in [10, 100, 300] {
            r.add(head(Section::Authority, 7), WireName::FIRST_QUESTION, NewData::Bytes(&[7; 300][..size]))
                .unwrap();
        }
        assert_eq!(types(&r, Section::Answer).len(), 2);
        assert_eq!(r.of(Section::Authority).filter(|r| r.name.as_bytes().is_empty()).count(), 3);
        r.back_to(before);
        assert!(types(&r, Section::Authority).is_empty() && types(&r, Section::Answer).len() == 2);
        let cname = r.of(Section::Answer).nth(1).unwrap();
        assert!(matches!(cname.data, Data::Name(_)));
    }
}
