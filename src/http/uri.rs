//! URIs: `evhttp_uri_parse`, `evhttp_uri_join` and what lies between (RFC 3986).
//!
//! All parts of a parsed URI stand in one text, mostly inside the object, each ended by a NUL so that C can read it where
//! it is. A part that is set gets a block of its own: pointers to the other parts stay good.
#![forbid(unsafe_code)]
use super::chars;
use crate::mem::{Box, TryVec, Vec, new_box, new_vec, zero};
use crate::{Error, Result};
use std::ops::Range;

/// Path, query and fragment may hold any bytes but those that end them.
pub const NONCONFORMANT: u32 = 1;

/// Bytes of a text that needs no block of its own.
const SHORT: usize = 128;
/// Where a part's text and the NUL behind it stand in the text; nowhere if both are 0.
type Place = (u32, u32);
/// Parts that were set: text with a NUL, or None. They stand before what was parsed.
type Own = [Option<Vec<u8>>; PARTS];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Scheme,
    Userinfo,
    Host,
    Path,
    Query,
    Fragment,
}
const PARTS: usize = 6;

pub struct Uri {
    pub flags: u32,
    /// -1 when there is none.
    port: i32,
    /// The text that was parsed, unless it is longer.
    short: [u8; SHORT],
    /// If it is; otherwise empty.
    long: Vec<u8>,
    parts: [Place; PARTS],
    own: Option<Box<Own>>,
}

/// A request's target that is a path, with one slash in front, and what may follow it: where the path ends, and where the
/// query, if there is one, does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    pub path: usize,
    pub query: usize,
}

impl Uri {
    pub fn new(flags: u32) -> Uri {
        Uri { flags, port: -1, short: [0; SHORT], long: new_vec(), parts: [(0, 0); PARTS], own: None }
    }
    /// Takes a URI or a relative reference apart. `source` holds no NUL.
    pub fn parse(source: &[u8], flags: u32) -> Result<Uri> {
        let mut uri = Uri::new(flags);
        uri.read(source, flags)?;
        Ok(uri)
    }
    /// As [`Self::parse`], in place of what it was. An error leaves it as it was, or without parts.
    pub fn read(&mut self, source: &[u8], flags: u32) -> Result<()> {
        let mut found = Found::default();
        let mut at = 0;
        let end = scheme_len(source);
        if source.get(end) == Some(&b':') && source.first().is_some_and(u8::is_ascii_alphabetic) {
            found.scheme = Some(end);
            at = end + 1;
        }
        let authority = matches!(source.get(at..), Some([b'/', b'/', ..]));
        if authority {
            at = found.authority(source, at + 2)?;
        }
        found.path.start = at;
        at = cut(source, at, Part::Path, flags);
        found.path.end = at;
        if source.get(at) == Some(&b'?') {
            let end = cut(source, at + 1, Part::Query, flags);
            found.query = Some(at + 1..end);
            at = end;
        }
        if source.get(at) == Some(&b'#') {
            let end = cut(source, at + 1, Part::Fragment, flags);
            found.fragment = Some(at + 1..end);
            at = end;
        }
        // What is left stands where it must not. Behind an authority the path begins with a slash or is empty, by the
        // way the authority ends; without a scheme, a colon in the path's first segment would look like one.
        let path = source.get(found.path.clone()).unwrap_or_default();
        let like_scheme = || path.iter().take_while(|c| **c != b'/').any(|c| *c == b':');
        let misread = !authority && (path.starts_with(b"//") || (found.scheme.is_none() && like_scheme()));
        if at != source.len() || misread {
            return Err(Error::Invalid);
        }
        found.build(self, source, flags)
    }
    /// What follows CONNECT: `host:port`. There is a path, an empty one.
    pub fn parse_authority(source: &[u8]) -> Result<Uri> {
        let mut uri = Uri::new(0);
        uri.read_authority(source)?;
        Ok(uri)
    }
    /// As [`Self::parse_authority`], in place of what it was.
    pub fn read_authority(&mut self, source: &[u8]) -> Result<()> {
        let mut found = Found::default();
        found.authority_text(source, 0, source.len())?;
        found.path = source.len()..source.len();
        found.build(self, source, 0)
    }
    /// A target whose parts have been found, in place of what it was.
    pub fn read_origin(&mut self, target: &[u8], origin: Origin) -> Result<()> {
        let Origin { path, query } = origin;
        let place = |start: usize, end: usize| (start as u32, end as u32 + 1);
        let end = target.len();
        let text = self.room(end + 1)?;
        text.get_mut(..end).ok_or(Error::NoMem)?.copy_from_slice(target);
        for nul in [path, query, end] {
            *text.get_mut(nul).ok_or(Error::Invalid)? = 0;
        }
        self.parts = [(0, 0); PARTS];
        self.parts[Part::Path as usize] = place(0, path);
        if path < query {
            self.parts[Part::Query as usize] = place(path + 1, query);
        }
        if query < end {
            self.parts[Part::Fragment as usize] = place(query + 1, end);
        }
        self.own = None;
        self.flags = NONCONFORMANT;
        self.port = -1;
        Ok(())
    }
    /// Whether it holds little memory.
    pub fn is_small(&self) -> bool {
        self.long.capacity() <= 512 && self.own.is_none()
    }

    /// Room for a text of `size` bytes, NULs included, in place of the one that was there.
    #[inline]
    fn room(&mut self, size: usize) -> Result<&mut [u8]> {
        if size <= SHORT {
            self.long.clear();
            return Ok(&mut self.short);
        }
        u32::try_from(size).map_err(|_| Error::Invalid)?;
        self.parts = [(0, 0); PARTS];
        zero(&mut self.long, size)?;
        Ok(&mut self.long)
    }
    fn text(&self) -> &[u8] {
        if self.long.is_empty() { &self.short } else { &self.long }
    }
    /// A part's text, without the NUL.
    pub fn get(&self, part: Part) -> Option<&[u8]> {
        self.get_c(part)?.split_last().map(|(_, text)| text)
    }
    /// A part's text with the NUL that ends it.
    pub fn get_c(&self, part: Part) -> Option<&[u8]> {
        if let Some(own) = self.own.as_ref().and_then(|o| o.get(part as usize)?.as_ref()) {
            return Some(own);
        }
        match *self.parts.get(part as usize)? {
            (0, 0) => None,
            (start, end) => self.text().get(start as usize..end as usize),
        }
    }
    pub fn port(&self) -> i32 {
        self.port
    }
    /// -1 for none. Any positive number passes, as in libevent.
    pub fn set_port(&mut self, port: i32) -> Result<()> {
        if port < -1 {
            return Err(Error::Invalid);
        }
        self.port = port;
        Ok(())
    }
    /// Replaces a part by `text` (which holds no NUL), or removes it.
    pub fn set(&mut self, part: Part, text: Option<&[u8]>) -> Result<()> {
        let new = match text {
            None => None,
            Some(s) => {
                let valid = match part {
                    Part::Scheme => valid_scheme(s),
                    Part::Userinfo => valid_userinfo(s),
                    Part::Host if s.starts_with(b"[") => valid_literal(s),
                    Part::Host => valid_name(s),
                    Part::Path | Part::Query | Part::Fragment => cut(s, 0, part, self.flags) == s.len(),
                };
                if !valid {
                    return Err(Error::Invalid);
                }
                let mut own = new_vec();
                own.try_reserve_exact(s.len() + 1).map_err(|_| Error::NoMem)?;
                own.try_extend(s)?;
                own.try_push(0)?;
                Some(own)
            }
        };
        if new.is_some() && self.own.is_none() {
            self.own = Some(new_box([const { None }; PARTS])?);
        }
        if let Some(place) = self.own.as_mut().and_then(|o| o.get_mut(part as usize)) {
            *place = new;
        }
        if let Some(place) = self.parts.get_mut(part as usize) {
            *place = (0, 0);
        }
        Ok(())
    }

    /// Writes the whole URI and a NUL into `out`, which may be larger. Fails if it does not fit, or if a path that
    /// does not begin with a slash would run into the host.
    pub fn join(&self, out: &mut [u8]) -> Result<usize> {
        let mut to = Joined { out, len: 0 };
        if let Some(scheme) = self.get(Part::Scheme) {
            to.add(scheme)?;
            to.add(b":")?;
        }
        let path = self.get(Part::Path).unwrap_or_default();
        if let Some(host) = self.get(Part::Host) {
            to.add(b"//")?;
            if let Some(user) = self.get(Part::Userinfo) {
                to.add(user)?;
                to.add(b"@")?;
            }
            to.add(host)?;
            if let Ok(port) = u32::try_from(self.port) {
                to.add(b":")?;
                to.number(port)?;
            }
            if !matches!(path, [] | [b'/', ..]) {
                return Err(Error::Invalid);
            }
        }
        to.add(path)?;
        if let Some(query) = self.get(Part::Query) {
            to.add(b"?")?;
            to.add(query)?;
        }
        if let Some(fragment) = self.get(Part::Fragment) {
            to.add(b"#")?;
            to.add(fragment)?;
        }
        to.add(b"\0")?;
        Ok(to.len - 1)
    }
}

struct Joined<'a> {
    out: &'a mut [u8],
    len: usize,
}
impl Joined<'_> {
    fn add(&mut self, s: &[u8]) -> Result<()> {
        let to = self.out.get_mut(self.len..).and_then(|o| o.get_mut(..s.len())).ok_or(Error::Invalid)?;
        to.copy_from_slice(s);
        self.len += s.len();
        Ok(())
    }
    fn number(&mut self, n: u32) -> Result<()> {
        use std::fmt::Write;
        let mut digits = crate::util::text::Buf::<10>::new();
        write!(digits, "{n}").map_err(|_| Error::Invalid)?;
        self.add(digits.as_bytes())
    }
}

/// Where the parts of a text under examination stand in it.
#[derive(Default)]
struct Found {
    /// Its end; it begins at 0.
    scheme: Option<usize>,
    userinfo: Option<Range<usize>>,
    host: Option<Range<usize>>,
    port: Option<i32>,
    path: Range<usize>,
    query: Option<Range<usize>>,
    fragment: Option<Range<usize>>,
}
impl Found {
    /// `[ userinfo "@" ] host [ ":" port ]` from `start` on; where it ends.
    fn authority(&mut self, source: &[u8], start: usize) -> Result<usize> {
        // Most need no more than one look at each byte.
        let (mut host, mut at) = (start, start);
        let mut colon = None;
        loop {
            at = chars::name_end(source, at);
            match source.get(at) {
                None | Some(b'/' | b'?' | b'#') => break,
                Some(b':') if colon.is_none() => colon = Some(at),
                Some(b'@') if self.userinfo.is_none() => {
                    self.userinfo = Some(start..at);
                    host = at + 1;
                    colon = None;
                }
                // A literal, a password with colons, or an error.
                Some(_) => return self.odd_authority(source, start),
            }
            at += 1;
        }
        self.host = Some(host..colon.unwrap_or(at));
        if let Some(digits) = colon.and_then(|c| source.get(c + 1..at)) {
            if !digits.iter().all(u8::is_ascii_digit) {
                return Err(Error::Invalid);
            }
            self.set_port(digits)?;
        }
        Ok(at)
    }
    #[cold]
    fn odd_authority(&mut self, source: &[u8], start: usize) -> Result<usize> {
        let tail = source.get(start..).unwrap_or_default();
        let len = tail.iter().position(|c| matches!(c, b'/' | b'?' | b'#')).unwrap_or(tail.len());
        self.authority_text(source, start, start + len)?;
        Ok(start + len)
    }
    /// The same for all that stands between `start` and `end`.
    fn authority_text(&mut self, source: &[u8], start: usize, end: usize) -> Result<()> {
        let text = source.get(start..end).ok_or(Error::Invalid)?;
        let mut host = text;
        self.userinfo = None;
        if let Some((user, tail)) = split_at(text, b'@') {
            if !valid_userinfo(user) {
                return Err(Error::Invalid);
            }
            self.userinfo = Some(start..start + user.len());
            host = tail;
        }
        let from = end - host.len();
        let name_len = host.iter().rposition(|c| !c.is_ascii_digit());
        if let Some((name, [b':', digits @ ..])) = name_len.and_then(|i| host.split_at_checked(i)) {
            host = name;
            self.set_port(digits)?;
        }
        let literal = host.len() >= 2 && host.starts_with(b"[") && host.ends_with(b"]");
        if !(if literal { valid_literal(host) } else { valid_name(host) }) {
            return Err(Error::Invalid);
        }
        self.host = Some(from..from + host.len());
        Ok(())
    }
    fn set_port(&mut self, digits: &[u8]) -> Result<()> {
        if !digits.is_empty() {
            self.port = Some(port(digits)?);
        }
        Ok(())
    }
    /// Copies what stands before the path, and the path with what follows it, each with a NUL behind it. What separates
    /// the parts makes room for the other NULs.
    fn build(self, uri: &mut Uri, source: &[u8], flags: u32) -> Result<()> {
        let before = self.host.as_ref().map(|h| h.end).or(self.scheme);
        let head = before.map_or(&[][..], |end| source.get(..end).unwrap_or_default());
        let tail = source.get(self.path.start..).unwrap_or_default();
        let middle = before.map_or(0, |end| end + 1);
        let size = middle + tail.len() + 1;
        let to = uri.room(size)?;
        to.get_mut(..head.len()).ok_or(Error::NoMem)?.copy_from_slice(head);
        to.get_mut(middle..size - 1).ok_or(Error::NoMem)?.copy_from_slice(tail);
        let mut parts = [(0, 0); PARTS];
        let mut put = |part: Part, start: usize, end: usize| {
            if let Some(nul) = to.get_mut(end) {
                *nul = 0;
            }
            parts[part as usize] = (start as u32, end as u32 + 1);
        };
        if let Some(end) = self.scheme {
            put(Part::Scheme, 0, end);
        }
        if let Some(Range { start, end }) = self.userinfo {
            put(Part::Userinfo, start, end);
        }
        if let Some(Range { start, end }) = self.host {
            put(Part::Host, start, end);
        }
        // From here on all stands further left, or one place further right.
        let moved = |at: usize| at - self.path.start + middle;
        put(Part::Path, middle, moved(self.path.end));
        if let Some(Range { start, end }) = self.query {
            put(Part::Query, moved(start), moved(end));
        }
        if let Some(Range { start, end }) = self.fragment {
            put(Part::Fragment, moved(start), moved(end));
        }
        uri.parts = parts;
        uri.own = None;
        uri.flags = flags;
        uri.port = self.port.unwrap_or(-1);
        Ok(())
    }
}

fn split_at(s: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    // Near the start, mostly: a search by words would not pay.
    let i = s.iter().position(|&c| c == at)?;
    Some((s.get(..i)?, s.get(i + 1..)?))
}
/// Where a part that begins at `from` ends, as far as its bytes may stand there.
#[inline]
fn cut(s: &[u8], from: usize, part: Part, flags: u32) -> usize {
    if flags & NONCONFORMANT == 0 {
        return chars::long_span_from(s, from, if part == Part::Path { chars::PATH } else { chars::QUERY });
    }
    let ends = |c: &u8| match part {
        Part::Path => matches!(c, b'?' | b'#'),
        Part::Query => *c == b'#',
        _ => false,
    };
    let rest = s.get(from..).unwrap_or_default();
    from + rest.iter().position(ends).unwrap_or(rest.len())
}
fn in_scheme(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.')
}
/// How many bytes at the start of `s` are those of a scheme.
fn scheme_len(s: &[u8]) -> usize {
    s.iter().position(|&c| !in_scheme(c)).unwrap_or(s.len())
}
fn valid_scheme(s: &[u8]) -> bool {
    s.first().is_some_and(u8::is_ascii_alphabetic) && s.iter().all(|&c| in_scheme(c))
}
fn valid_userinfo(s: &[u8]) -> bool {
    chars::span(s, chars::USERINFO) == s.len()
}
/// A host's name, or an IPv4 address, which looks like one.
fn valid_name(s: &[u8]) -> bool {
    chars::span(s, chars::NAME) == s.len()
}
/// `[IPv6]` or `[vX.anything]`.
fn valid_literal(s: &[u8]) -> bool {
    let Some(inner) = s.strip_prefix(b"[").and_then(|s| s.strip_suffix(b"]")) else { return false };
    match inner.strip_prefix(b"v") {
        Some(future) => split_at(future, b'.').is_some_and(|(version, address)| {
            let plain = |&c: &u8| chars::is_unreserved_or_sub_delim(c) || c == b':';
            !version.is_empty() && version.iter().all(|&c| chars::is_hex(c)) && address.iter().all(plain)
        }),
        None => std::str::from_utf8(inner).is_ok_and(|t| t.parse::<std::net::Ipv6Addr>().is_ok()),
    }
}
fn port(digits: &[u8]) -> Result<i32> {
    digits
        .iter()
        .try_fold(0i32, |n, &d| Some(n * 10 + i32::from(d - b'0')).filter(|&n| n <= 65535))
        .ok_or(Error::Invalid)
}

#[cfg(test)]
#[path = "uri_tests.rs"]
mod tests;
