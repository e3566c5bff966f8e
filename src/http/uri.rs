//! URIs: `evhttp_uri_parse`, `evhttp_uri_join` and what lies between (RFC 3986).
//!
//! All parts of a parsed URI share one block, each ended by a NUL so that C can read it where it is. A part that is
//! set gets a block of its own: pointers to the other parts stay good.
#![forbid(unsafe_code)]
use super::chars;
use crate::mem::{Box, TryVec, Vec, new_box, new_vec, zero};
use crate::{Error, Result};

/// Path, query and fragment may hold any bytes but those that end them.
pub const NONCONFORMANT: u32 = 1;

/// Where a part's text and the NUL behind it stand in `text`; nowhere if both are 0.
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
    /// The parts of the text that was parsed.
    text: Vec<u8>,
    parts: [Place; PARTS],
    own: Option<Box<Own>>,
}

impl Uri {
    pub fn new(flags: u32) -> Uri {
        Uri { flags, port: -1, text: new_vec(), parts: [(0, 0); PARTS], own: None }
    }
    /// Takes a URI or a relative reference apart. `source` holds no NUL.
    pub fn parse(source: &[u8], flags: u32) -> Result<Uri> {
        let mut uri = Uri::new(flags);
        uri.read(source, flags)?;
        Ok(uri)
    }
    /// As [`Self::parse`], in place of what it was. An error leaves it as it was, or without parts.
    pub fn read(&mut self, source: &[u8], flags: u32) -> Result<()> {
        let mut rest = source;
        let mut found = Found::default();
        if let Some((scheme, tail)) = split_at(rest, b':').filter(|(s, _)| valid_scheme(s)) {
            found.scheme = Some(scheme);
            rest = tail;
        }
        let mut authority = false;
        if let [b'/', b'/', tail @ ..] = rest {
            let end = tail.iter().position(|c| matches!(c, b'/' | b'?' | b'#')).unwrap_or(tail.len());
            let (text, tail) = tail.split_at_checked(end).ok_or(Error::Invalid)?;
            found.authority(text)?;
            authority = true;
            rest = tail;
        }
        let (path, tail) = cut(rest, Part::Path, flags);
        rest = tail;
        if let [b'?', tail @ ..] = rest {
            let (query, tail) = cut(tail, Part::Query, flags);
            found.query = Some(query);
            rest = tail;
        }
        if let [b'#', tail @ ..] = rest {
            let (fragment, tail) = cut(tail, Part::Fragment, flags);
            found.fragment = Some(fragment);
            rest = tail;
        }
        // What is left stands where it must not. Behind an authority the path begins with a slash or is empty, by the
        // way the authority ends; without a scheme, a colon in the path's first segment would look like one.
        let first_segment = path.split(|&c| c == b'/').next().unwrap_or_default();
        let like_scheme = found.scheme.is_none() && first_segment.contains(&b':');
        if !rest.is_empty() || like_scheme || (!authority && path.starts_with(b"//")) {
            return Err(Error::Invalid);
        }
        found.path = path;
        found.build(self, flags)
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
        found.authority(source)?;
        found.build(self, 0)
    }
    /// Whether it holds little memory.
    pub fn is_small(&self) -> bool {
        self.text.capacity() <= 512 && self.own.is_none()
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
            (start, end) => self.text.get(start as usize..end as usize),
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
                    Part::Path | Part::Query | Part::Fragment => cut(s, part, self.flags).1.is_empty(),
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

/// The parts of a text under examination.
#[derive(Default)]
struct Found<'a> {
    scheme: Option<&'a [u8]>,
    userinfo: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
    port: Option<i32>,
    path: &'a [u8],
    query: Option<&'a [u8]>,
    fragment: Option<&'a [u8]>,
}
impl<'a> Found<'a> {
    /// `[ userinfo "@" ] host [ ":" port ]`
    fn authority(&mut self, text: &'a [u8]) -> Result<()> {
        let mut host = text;
        if let Some((user, tail)) = split_at(text, b'@') {
            if !valid_userinfo(user) {
                return Err(Error::Invalid);
            }
            self.userinfo = Some(user);
            host = tail;
        }
        let name_len = host.iter().rposition(|c| !c.is_ascii_digit());
        if let Some((name, [b':', digits @ ..])) = name_len.and_then(|i| host.split_at_checked(i)) {
            host = name;
            if !digits.is_empty() {
                self.port = Some(port(digits)?);
            }
        }
        let literal = host.len() >= 2 && host.starts_with(b"[") && host.ends_with(b"]");
        if !(if literal { valid_literal(host) } else { valid_name(host) }) {
            return Err(Error::Invalid);
        }
        self.host = Some(host);
        Ok(())
    }
    fn build(self, uri: &mut Uri, flags: u32) -> Result<()> {
        let all = [self.scheme, self.userinfo, self.host, Some(self.path), self.query, self.fragment];
        let size = all.iter().flatten().map(|s| s.len() + 1).sum();
        u32::try_from(size).map_err(|_| Error::Invalid)?;
        let Uri { text: to, parts, .. } = uri;
        *parts = [(0, 0); PARTS];
        zero(to, size)?;
        let mut at = 0;
        for (place, text) in parts.iter_mut().zip(all) {
            let Some(text) = text else { continue };
            // The NULs are there already.
            let end = at + text.len();
            to.get_mut(at..end).ok_or(Error::NoMem)?.copy_from_slice(text);
            *place = (at as u32, end as u32 + 1);
            at = end + 1;
        }
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
/// The longest start of `s` that can be such a part, and what follows.
fn cut(s: &[u8], part: Part, flags: u32) -> (&[u8], &[u8]) {
    let end = if flags & NONCONFORMANT != 0 {
        let ends = |c: &u8| match part {
            Part::Path => matches!(c, b'?' | b'#'),
            Part::Query => *c == b'#',
            _ => false,
        };
        s.iter().position(ends).unwrap_or(s.len())
    } else {
        chars::span(s, if part == Part::Path { chars::PATH } else { chars::QUERY })
    };
    s.split_at_checked(end).unwrap_or((s, &[]))
}
fn valid_scheme(s: &[u8]) -> bool {
    let more = |&c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.');
    s.first().is_some_and(u8::is_ascii_alphabetic) && s.iter().all(more)
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
