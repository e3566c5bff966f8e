//! The head of a message: first line and fields, from a slice that holds all that has arrived and was not taken yet.
//!
//! The caller drops what was consumed and comes again when more has arrived; any split of the bytes gives the same result.
//! A line ends in CRLF. A folded value (a line that begins with a blank continues the one before) is one value, its parts
//! joined by one space; what it says is never taken for a field of its own.
#![forbid(unsafe_code)]
use super::uri::Origin;
use super::{Refused, chars};

const LINE_END: usize = 2;

/// What may come, and how far reading has got. One per message.
pub struct Head {
    /// Bytes of lines (without their ends) that the head may have.
    limit: usize,
    /// Fields that it may have.
    max_fields: u32,
    /// A bare LF ends a line as well.
    bare_lf: bool,
    /// Bytes of lines that were taken.
    size: usize,
    fields: u32,
    /// Bytes at the start of the data that are known not to end what is being read: a sender of single bytes must
    /// not make us search the same ones over and over.
    searched: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestLine<'a> {
    pub method: &'a [u8],
    /// Not empty, free of control bytes. Blanks may stand inside it: libevent's programs rely on that.
    pub target: &'a [u8],
    /// The target's parts, where they have been found already.
    pub origin: Option<Origin>,
    pub version: Version,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StatusLine<'a> {
    pub version: Version,
    /// 100 to 999.
    pub code: u16,
    pub reason: &'a [u8],
}

/// A field's value as it stands in the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Value<'a> {
    raw: &'a [u8],
    folded: bool,
}
impl<'a> Value<'a> {
    /// At least as many bytes as the value has.
    pub fn room(&self) -> usize {
        self.raw.len()
    }
    /// The value itself if it stands in one piece.
    pub fn whole(&self) -> Option<&'a [u8]> {
        (!self.folded).then_some(self.raw)
    }
    /// Hands the value piece by piece to `put`.
    #[inline(always)]
    pub fn each(&self, mut put: impl FnMut(&[u8])) {
        if !self.folded {
            return put(self.raw);
        }
        self.each_part(&mut put);
    }
    #[cold]
    fn each_part(&self, put: &mut dyn FnMut(&[u8])) {
        let mut any = false;
        for part in parts(self.raw).filter(|p| !p.is_empty()) {
            if any {
                put(b" ");
            }
            any = true;
            put(part);
        }
    }
}
/// The lines of a folded value, without blanks around them.
fn parts(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split(|&c| c == b'\n').map(|line| chars::trim(line.strip_suffix(b"\r").unwrap_or(line)))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field<'a> {
    Named {
        name: &'a [u8],
        value: Value<'a>,
    },
    /// The empty line that ends the head.
    End,
}

/// Something read, with the bytes it took; None when more bytes have to arrive.
pub type Read<T> = Result<Option<(T, usize)>, Refused>;

impl Head {
    pub fn new(limit: usize, max_fields: u32) -> Head {
        Head { limit, max_fields, bare_lf: false, size: 0, fields: 0, searched: 0 }
    }
    /// Takes a bare LF for the end of a line: for peers that write no CR.
    pub fn allow_bare_lf(&mut self, allow: bool) {
        self.bare_lf = allow;
    }
    /// Bytes of lines taken so far, line ends not counted.
    pub fn size(&self) -> usize {
        self.size
    }

    #[inline]
    pub fn request_line<'a>(&mut self, data: &'a [u8]) -> Read<RequestLine<'a>> {
        if self.searched == 0
            && let Some((line, len)) = simple_request_line(data)
        {
            self.take(len)?;
            return Ok(Some((line, len + LINE_END)));
        }
        let Some((line, n)) = self.first_line(data)? else { return Ok(None) };
        Ok(Some((request_line(line)?, n)))
    }
    pub fn status_line<'a>(&mut self, data: &'a [u8]) -> Read<StatusLine<'a>> {
        let Some((line, n)) = self.first_line(data)? else { return Ok(None) };
        Ok(Some((status_line(line)?, n)))
    }
    fn first_line<'a>(&mut self, data: &'a [u8]) -> Read<&'a [u8]> {
        let Some(lf) = self.find_lf(data, self.searched) else { return self.wait(data, data.len()) };
        let line = self.without_end(data, lf)?;
        self.take(line.len())?;
        Ok(Some((line, lf + 1)))
    }

    /// The next field. Its value is complete only when the line behind it has begun.
    #[inline(always)]
    pub fn field<'a>(&mut self, data: &'a [u8]) -> Read<Field<'a>> {
        match data {
            [b'\r', b'\n', ..] => return Ok(Some((Field::End, 2))),
            [b'\n', ..] if self.bare_lf => return Ok(Some((Field::End, 1))),
            [b' ' | b'\t', ..] => return Err(Refused::Syntax),
            _ => {}
        }
        if self.searched == 0
            && let Some((name, value, len)) = simple_field(data)
        {
            self.take(len)?;
            self.count()?;
            let value = Value { raw: value, folded: false };
            return Ok(Some((Field::Named { name, value }, len + LINE_END)));
        }
        self.any_field(data)
    }
    /// A field that may be folded, or wrong, or not complete.
    fn any_field<'a>(&mut self, data: &'a [u8]) -> Read<Field<'a>> {
        let mut from = self.searched;
        let lf = loop {
            let Some(lf) = self.find_lf(data, from) else { return self.wait(data, data.len()) };
            match data.get(lf + 1) {
                None => return self.wait(data, lf),
                Some(&c) if chars::is_blank(c) => from = lf + 1,
                Some(_) => break lf,
            }
        };
        let line = self.without_end(data, lf)?;
        self.take(line.len())?;
        self.count()?;
        let (name, raw) = split_field(line)?;
        let folded = from != 0 && memchr::memchr(b'\n', raw).is_some();
        let value = if folded { self.folded(raw)? } else { plain(raw)? };
        Ok(Some((Field::Named { name, value }, lf + 1)))
    }
    /// One field more.
    #[inline]
    fn count(&mut self) -> Result<(), Refused> {
        self.fields += 1;
        if self.fields > self.max_fields { Err(Refused::HeadTooLong) } else { Ok(()) }
    }
    fn folded<'a>(&self, raw: &'a [u8]) -> Result<Value<'a>, Refused> {
        let mut rest = raw;
        while let Some(lf) = memchr::memchr(b'\n', rest) {
            self.without_end(rest, lf)?;
            rest = rest.get(lf + 1..).unwrap_or_default();
        }
        if !parts(raw).all(chars::text) {
            return Err(Refused::Syntax);
        }
        Ok(Value { raw, folded: true })
    }

    fn find_lf(&self, data: &[u8], from: usize) -> Option<usize> {
        memchr::memchr(b'\n', data.get(from..)?).map(|i| from + i)
    }
    /// The line before `lf`.
    fn without_end<'a>(&self, data: &'a [u8], lf: usize) -> Result<&'a [u8], Refused> {
        let line = data.get(..lf).unwrap_or_default();
        match line.strip_suffix(b"\r") {
            Some(line) => Ok(line),
            None if self.bare_lf => Ok(line),
            None => Err(Refused::Syntax),
        }
    }
    fn wait<T>(&mut self, data: &[u8], searched: usize) -> Read<T> {
        self.searched = searched;
        // The end of the line, which does not count, may be there already.
        let line = data.len().saturating_sub(LINE_END);
        match self.size.checked_add(line) {
            Some(n) if n <= self.limit => Ok(None),
            _ => Err(Refused::HeadTooLong),
        }
    }
    #[inline]
    fn take(&mut self, len: usize) -> Result<(), Refused> {
        self.searched = 0;
        self.size = self.size.saturating_add(len);
        if self.size > self.limit { Err(Refused::HeadTooLong) } else { Ok(()) }
    }
}

/// A field as nearly all are: name, value, and the length of its line, found in one pass. None: it is not complete, or
/// something about it is unusual, or wrong.
#[inline(always)]
fn simple_field(data: &[u8]) -> Option<(&[u8], &[u8], usize)> {
    let colon = chars::token_len(data);
    if colon == 0 || data.get(colon) != Some(&b':') {
        return None;
    }
    let end = chars::visible_end(data, colon + 1);
    let value = match data.get(end..) {
        Some([b'\r', b'\n', next, ..]) if !chars::is_blank(*next) => data.get(colon + 1..end)?,
        _ => return None,
    };
    // One blank before the value and none behind it, mostly.
    let value = match value {
        [b' ', rest @ ..] if !matches!(rest, [] | [b' ' | b'\t', ..] | [.., b' ' | b'\t']) => rest,
        _ => chars::trim(value),
    };
    Some((data.get(..colon)?, value, end))
}
/// A request line as nearly all are, and its length, found in one pass: a path, no blanks but the two that belong there.
/// None: it is not complete, or something about it is unusual, or wrong.
#[inline]
fn simple_request_line(data: &[u8]) -> Option<(RequestLine<'_>, usize)> {
    let len = match data {
        [b'G', b'E', b'T', b' ', ..] => 3,
        _ => chars::token_len(data),
    };
    let start = len + 1;
    match data.get(len..) {
        Some([b' ', b'/', next, ..]) if *next != b'/' && len != 0 => {}
        _ => return None,
    }
    let path = chars::path_end(data, start);
    let query = if data.get(path) == Some(&b'?') { chars::query_end(data, path + 1) } else { path };
    let end = if data.get(query) == Some(&b'#') { chars::graphic_end(data, query + 1) } else { query };
    let (proto, rest) = data.get(end..)?.split_first_chunk::<8>()?;
    let [minor @ b'0'..=b'9', b'\r', b'\n', ..] = rest else { return None };
    if *proto != *b" HTTP/1." {
        return None;
    }
    let version = Version { major: 1, minor: (minor - b'0').min(1) };
    let origin = Some(Origin { path: path - start, query: query - start });
    let line = RequestLine { method: data.get(..len)?, target: data.get(start..end)?, origin, version };
    Some((line, end + 9))
}
/// A name, and what stands behind the colon that directly follows it.
fn split_field(line: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    let n = chars::token_len(line);
    match line.split_at_checked(n) {
        Some((name, [b':', raw @ ..])) if n != 0 => Ok((name, raw)),
        _ => Err(Refused::Syntax),
    }
}
fn plain(raw: &[u8]) -> Result<Value<'_>, Refused> {
    let raw = chars::trim(raw);
    if chars::text(raw) { Ok(Value { raw, folded: false }) } else { Err(Refused::Syntax) }
}
/// Whether `line` (without its end) is a well-formed field that is not folded.
pub fn is_field(line: &[u8]) -> bool {
    split_field(line).is_ok_and(|(_, raw)| plain(raw).is_ok())
}

/// Method, target and version. Spaces at the end are tolerated.
pub fn request_line(line: &[u8]) -> Result<RequestLine<'_>, Refused> {
    let end = line.iter().rposition(|&c| c != b' ').map_or(0, |i| i + 1);
    let line = line.get(..end).unwrap_or_default();
    let n = chars::token_len(line);
    let Some((method, [b' ', rest @ ..])) = line.split_at_checked(n) else { return Err(Refused::Syntax) };
    // " HTTP/1.1"
    let at = rest.len().checked_sub(9).ok_or(Refused::Syntax)?;
    let Some((target, [b' ', proto @ ..])) = rest.split_at_checked(at) else { return Err(Refused::Syntax) };
    let version = version(proto)?;
    let framed = matches!(target, [] | [b' ', ..] | [.., b' ']);
    if method.is_empty() || framed || !chars::target(target) {
        return Err(Refused::Syntax);
    }
    // Whoever takes the first version for the end of the line would see another request than we do.
    if target.contains(&b' ') && memchr::memmem::find(target, b" HTTP/").is_some() {
        return Err(Refused::Syntax);
    }
    Ok(RequestLine { method, target, origin: None, version })
}

/// Version, code and reason phrase; the phrase, and even the space before it, may be missing.
pub fn status_line(line: &[u8]) -> Result<StatusLine<'_>, Refused> {
    let (proto, rest) = line.split_at_checked(8).ok_or(Refused::Syntax)?;
    let version = version(proto)?;
    let (digits, reason) = match rest {
        [b' ', a, b, c] => ([*a, *b, *c], &[][..]),
        [b' ', a, b, c, b' ', reason @ ..] => ([*a, *b, *c], reason),
        _ => return Err(Refused::Syntax),
    };
    if !digits.iter().all(u8::is_ascii_digit) || digits[0] == b'0' || !chars::text(reason) {
        return Err(Refused::Syntax);
    }
    let code = digits.iter().fold(0, |n, &d| n * 10 + u16::from(d - b'0'));
    Ok(StatusLine { version, code, reason })
}

/// `HTTP/1.x`. A minor version that we do not know is served as 1.1, so nothing we say depends on it.
fn version(s: &[u8]) -> Result<Version, Refused> {
    match s {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'0'..=b'9'] => {
            Ok(Version { major: 1, minor: (minor - b'0').min(1) })
        }
        _ => Err(Refused::Syntax),
    }
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
