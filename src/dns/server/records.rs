//! The records that a program has added to a reply, one behind the other in one block.
//!
//! Each is: section, kind of data, type, class, ttl, length of the data, the owner's name, the data.
#![forbid(unsafe_code)]
use crate::dns::compose::{Data, Record, WireName};
use crate::dns::name::Name;
use crate::mem::{self, TryVec};
use crate::{Error, Result};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    Answer = 0,
    Authority = 1,
    Additional = 2,
}

pub(super) struct Records(mem::Vec<u8>);

const BYTES: u8 = 0;
const NAME: u8 = 1;
/// Section, kind, type, class, ttl, data's length.
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

impl Records {
    pub(super) const fn new() -> Records {
        Records(mem::new_vec())
    }
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Adds a record, or fails and changes nothing.
    pub(super) fn add(&mut self, head: Head, name: &Name, data: NewData<'_>) -> Result<()> {
        let (kind, bytes) = match data {
            NewData::Bytes(b) => (BYTES, b),
            NewData::Name(n) => (NAME, n.as_wire()),
        };
        let len = u16::try_from(bytes.len()).map_err(|_| Error::Invalid)?;
        let name = name.as_wire();
        self.0.try_reserve(HEAD + name.len() + bytes.len()).map_err(|_| Error::NoMem)?;
        let mut h = [0; HEAD];
        let (t, rest) = (head.rtype.to_ne_bytes(), head.class.to_ne_bytes());
        let (ttl, len) = (head.ttl.to_ne_bytes(), len.to_ne_bytes());
        let fields = [head.section as u8, kind].into_iter().chain(t).chain(rest).chain(ttl).chain(len);
        h.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        // Reserved above.
        self.0.try_extend(&h)?;
        self.0.try_extend(name)?;
        self.0.try_extend(bytes)
    }
    /// Where the next record will stand, for [`Self::back_to`].
    pub(super) fn mark(&self) -> usize {
        self.0.len()
    }
    /// Takes back what was added since.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.0.truncate(mark);
    }
    /// The records of one section, in the order in which they were added.
    pub(super) fn of(&self, section: Section) -> Iter<'_> {
        Iter { rest: &self.0, section: section as u8 }
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
    section: u8,
}
impl<'a> Iter<'a> {
    /// The next record of any section, and its section.
    fn any(&mut self) -> Option<(u8, Record<'a>)> {
        let (h, rest) = self.rest.split_first_chunk::<HEAD>()?;
        let [section, kind, t0, t1, c0, c1, l0, l1, l2, l3, n0, n1] = *h;
        let (name, rest) = WireName::split(rest)?;
        let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_ne_bytes([n0, n1])))?;
        let data = match kind {
            NAME => Data::Name(WireName::split(bytes)?.0),
            _ => Data::Bytes(bytes),
        };
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
        r.add(head(Section::Answer, 1), &a, NewData::Bytes(&[1, 2, 3, 4])).unwrap();
        r.add(head(Section::Additional, 16), &a, NewData::Bytes(&[])).unwrap();
        r.add(head(Section::Answer, 5), &b, NewData::Name(&a)).unwrap();
        assert_eq!(r.add(head(Section::Answer, 9), &b, NewData::Bytes(&[0; 65536])), Err(Error::Invalid));
        let types = |s| r.of(s).map(|r| (r.rtype, r.ttl)).collect::<std::collections::VecDeque<_>>();
        assert_eq!(types(Section::Answer), [(1, 0x0102_0304), (5, 0x0102_0304)]);
        assert_eq!(types(Section::Additional), [(16, 0x0102_0304)]);
        assert!(types(Section::Authority).is_empty());
        let cname = r.of(Section::Answer).nth(1).unwrap();
        assert!(matches!(cname.data, Data::Name(_)));
    }
}
