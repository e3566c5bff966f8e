//! How a message's body is delimited, gathered from its fields while they are read.
//!
//! RFC 9112 section 6, without its leeway: two lengths that differ, a length beside a transfer coding, a coding in
//! HTTP/1.0 or a second Host make a request unreadable, since the next program might take the other one.
#![forbid(unsafe_code)]
use super::Refused;
use super::chars;
use super::parser::Version;

/// The most that a body's length may say: `ntoread` of a request is a signed number.
pub const LENGTH_MAX: u64 = i64::MAX as u64;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Coding {
    #[default]
    Identity,
    Chunked,
    /// Something was named that we cannot undo.
    Other,
}

/// What the sender expects before it sends the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Expect {
    #[default]
    Nothing,
    Continue,
    /// Something else: 417.
    Unknown,
}

/// Whether a field goes into the list of headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    Yes,
    /// It says once more what another field said.
    No,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    None,
    Length(u64),
    Chunked,
    /// All that comes until the connection ends. Responses only.
    UntilClose,
}

/// What the fields of one message said.
#[derive(Default, Debug)]
pub struct Framing {
    length: Option<u64>,
    coding: Coding,
    host: bool,
    close: bool,
    keep_alive: bool,
    upgrade: bool,
    expect: Expect,
}

impl Framing {
    /// Notes one field, its name a token, its value unfolded and trimmed.
    #[inline]
    pub fn note(&mut self, name: &[u8], value: &[u8]) -> Result<Keep, Refused> {
        let first = name.first().map_or(0, |c| c | 0x20);
        if matches!(first, b'h' | b'e' | b'c' | b't') { self.note_known(name, value) } else { Ok(Keep::Yes) }
    }
    fn note_known(&mut self, name: &[u8], value: &[u8]) -> Result<Keep, Refused> {
        match name.len() {
            4 if chars::is_named(name, b"host") => self.note_host(value)?,
            6 if chars::is_named(name, b"expect") => self.note_expect(value),
            10 if chars::is_named(name, b"connection") => self.note_connection(value),
            14 if chars::is_named(name, b"content-length") => return self.note_length(value),
            17 if chars::is_named(name, b"transfer-encoding") => self.note_coding(value)?,
            _ => {}
        }
        Ok(Keep::Yes)
    }
    fn note_host(&mut self, value: &[u8]) -> Result<(), Refused> {
        if self.host || !chars::host(value) {
            return Err(Refused::Syntax);
        }
        self.host = true;
        Ok(())
    }
    fn note_expect(&mut self, value: &[u8]) {
        self.expect = match self.expect {
            Expect::Unknown => Expect::Unknown,
            _ if value.eq_ignore_ascii_case(b"100-continue") => Expect::Continue,
            _ => Expect::Unknown,
        };
    }
    fn note_connection(&mut self, value: &[u8]) {
        for option in value.split(|&c| c == b',').map(chars::trim) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }
    fn note_length(&mut self, value: &[u8]) -> Result<Keep, Refused> {
        let n = content_length(value)?;
        match self.length {
            None => {
                self.length = Some(n);
                Ok(Keep::Yes)
            }
            Some(same) if same == n => Ok(Keep::No),
            Some(_) => Err(Refused::Syntax),
        }
    }
    fn note_coding(&mut self, value: &[u8]) -> Result<(), Refused> {
        for coding in value.split(|&c| c == b',').map(chars::trim) {
            // Chunked must be the last one, and stand there once.
            if self.coding == Coding::Chunked || !is_coding(coding) {
                return Err(Refused::Syntax);
            }
            if !coding.eq_ignore_ascii_case(b"chunked") {
                self.coding = Coding::Other;
            } else if self.coding == Coding::Identity {
                self.coding = Coding::Chunked;
            }
        }
        Ok(())
    }

    /// How the body of a request ends.
    pub fn request_body(&self, version: Version) -> Result<Body, Refused> {
        match (self.coding, self.length) {
            (Coding::Identity, None | Some(0)) => Ok(Body::None),
            (Coding::Identity, Some(n)) => Ok(Body::Length(n)),
            (_, Some(_)) => Err(Refused::Syntax),
            _ if version.minor == 0 => Err(Refused::Syntax),
            (Coding::Chunked, None) => Ok(Body::Chunked),
            (Coding::Other, None) => Err(Refused::Coding),
        }
    }
    /// How the body of a response ends. `no_body`: it answers a HEAD request, or a CONNECT with success.
    ///
    /// A transfer coding beats a length, as RFC 9112 says; the connection must not be used again then: see
    /// [`Self::must_close`].
    pub fn response_body(&self, version: Version, code: u16, no_body: bool) -> Result<Body, Refused> {
        if no_body || matches!(code, 100..=199 | 204 | 304) {
            return Ok(Body::None);
        }
        match (self.coding, self.length) {
            (Coding::Other, _) => Err(Refused::Coding),
            (Coding::Chunked, _) if version.minor == 0 => Err(Refused::Syntax),
            (Coding::Chunked, _) => Ok(Body::Chunked),
            (Coding::Identity, Some(0)) => Ok(Body::None),
            (Coding::Identity, Some(n)) => Ok(Body::Length(n)),
            (Coding::Identity, None) => Ok(Body::UntilClose),
        }
    }

    /// The connection ends with this message, whatever else it is good for.
    pub fn must_close(&self) -> bool {
        self.close || (self.coding != Coding::Identity && self.length.is_some())
    }
    /// The connection serves more messages, as far as this side is concerned.
    pub fn persistent(&self, version: Version) -> bool {
        !self.must_close() && (version.minor >= 1 || self.keep_alive)
    }
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }
    pub fn upgrade(&self) -> bool {
        self.upgrade
    }
    pub fn has_host(&self) -> bool {
        self.host
    }
    /// HTTP/1.0 has no interim responses: there the field means nothing.
    pub fn expect(&self, version: Version) -> Expect {
        if version.minor == 0 { Expect::Nothing } else { self.expect }
    }
}

/// A coding's name, possibly with parameters: `token *( OWS ";" OWS token "=" value )`. Only the name and the absence
/// of odd bytes matter, as nothing with parameters is supported.
fn is_coding(s: &[u8]) -> bool {
    let n = s.iter().position(|&c| !chars::is_token(c)).unwrap_or(s.len());
    n != 0 && s.get(n..).is_some_and(|rest| rest.is_empty() || chars::trim(rest).first() == Some(&b';'))
}

/// Digits and nothing else.
pub fn content_length(value: &[u8]) -> Result<u64, Refused> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refused::Syntax);
    }
    value
        .iter()
        .try_fold(0u64, |n, &d| n.checked_mul(10)?.checked_add(u64::from(d - b'0')))
        .filter(|&n| n <= LENGTH_MAX)
        .ok_or(Refused::BodyTooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V10: Version = Version { major: 1, minor: 0 };
    const V11: Version = Version { major: 1, minor: 1 };

    fn noted(fields: &[(&str, &str)]) -> Result<Framing, Refused> {
        let mut f = Framing::default();
        for (name, value) in fields {
            f.note(name.as_bytes(), value.as_bytes())?;
        }
        Ok(f)
    }
    fn request(fields: &[(&str, &str)]) -> Result<Body, Refused> {
        noted(fields)?.request_body(V11)
    }
    const CL: &str = "Content-Length";
    const TE: &str = "Transfer-Encoding";

    #[test]
    fn lengths_are_digits() {
        assert_eq!(content_length(b"0"), Ok(0));
        assert_eq!(content_length(b"007"), Ok(7));
        assert_eq!(content_length(b"9223372036854775807"), Ok(LENGTH_MAX));
        for big in ["9223372036854775808", "18446744073709551620", "99999999999999999999999999"] {
            assert_eq!(content_length(big.as_bytes()), Err(Refused::BodyTooLong), "{big}");
        }
        for bad in ["", "+4", "-0", "-1", "\t\x0b4", " 4", "4 ", "4,4", "0x4", "4.0", "4\0", "a", "\u{664}"] {
            assert_eq!(content_length(bad.as_bytes()), Err(Refused::Syntax), "{bad:?}");
        }
    }
    #[test]
    fn repeated_lengths_must_agree() {
        let mut f = Framing::default();
        assert_eq!(f.note(b"content-length", b"4"), Ok(Keep::Yes));
        assert_eq!(f.note(b"CONTENT-LENGTH", b"4"), Ok(Keep::No));
        assert_eq!(f.note(b"Content-Length", b"5"), Err(Refused::Syntax));
        assert_eq!(f.request_body(V11), Ok(Body::Length(4)));
        assert_eq!(request(&[(CL, "4"), (CL, "x")]), Err(Refused::Syntax));
    }
    #[test]
    fn a_request_without_either_has_no_body() {
        assert_eq!(request(&[]), Ok(Body::None));
        assert_eq!(request(&[(CL, "0")]), Ok(Body::None));
        assert_eq!(request(&[("Connection", "close")]), Ok(Body::None));
    }
    #[test]
    fn codings_of_requests() {
        assert_eq!(request(&[(TE, "chunked")]), Ok(Body::Chunked));
        assert_eq!(request(&[(TE, "CHUNKED")]), Ok(Body::Chunked));
        for other in ["gzip, chunked", "gzip", "identity", "gzip ; q=1, chunked", "xchunked"] {
            assert_eq!(request(&[(TE, other)]), Err(Refused::Coding), "{other}");
        }
        assert_eq!(request(&[(TE, "gzip"), (TE, "chunked")]), Err(Refused::Coding));
        for bad in [
            "chunked, gzip",
            "chunked, chunked",
            "chunked,",
            ",chunked",
            "",
            "\x0bchunked",
            "chunked\x0b",
            "chun ked",
            "\"chunked\"",
            "chunked\0",
        ] {
            assert_eq!(request(&[(TE, bad)]), Err(Refused::Syntax), "{bad:?}");
        }
        // With a parameter it is another coding.
        assert_eq!(request(&[(TE, "chunked;q=1")]), Err(Refused::Coding));
        assert_eq!(request(&[(TE, "chunked"), (TE, "chunked")]), Err(Refused::Syntax));
        assert_eq!(request(&[(TE, "chunked"), (TE, "identity")]), Err(Refused::Syntax));
    }
    #[test]
    fn a_length_beside_a_coding_is_refused() {
        for order in [[(CL, "4"), (TE, "chunked")], [(TE, "chunked"), (CL, "4")], [(CL, "0"), (TE, "gzip")]] {
            assert_eq!(request(&order), Err(Refused::Syntax));
        }
    }
    #[test]
    fn http_1_0_has_no_codings() {
        let f = noted(&[(TE, "chunked")]).unwrap();
        assert_eq!(f.request_body(V10), Err(Refused::Syntax));
        assert_eq!(f.response_body(V10, 200, false), Err(Refused::Syntax));
    }
    #[test]
    fn hosts() {
        for good in ["", "somehost", "a.b:80", "[::1]:8080", "a_b", "1.2.3.4", "x%41"] {
            assert!(noted(&[("Host", good)]).is_ok_and(|f| f.has_host()), "{good}");
        }
        for bad in ["a b", "a/b", "a@b", "a?b", "a#b", "a\\b", "a\tb", "\u{e9}"] {
            assert_eq!(noted(&[("host", bad)]).err(), Some(Refused::Syntax), "{bad}");
        }
        assert_eq!(noted(&[("Host", "a"), ("HOST", "a")]).err(), Some(Refused::Syntax));
        assert!(!noted(&[]).unwrap().has_host());
    }
    #[test]
    fn responses() {
        let body = |fields: &[(&str, &str)], code, none| noted(fields)?.response_body(V11, code, none);
        assert_eq!(body(&[], 200, false), Ok(Body::UntilClose));
        assert_eq!(body(&[("Connection", "keep-alive")], 200, false), Ok(Body::UntilClose));
        assert_eq!(body(&[(CL, "9")], 200, false), Ok(Body::Length(9)));
        assert_eq!(body(&[(CL, "9")], 200, true), Ok(Body::None));
        for code in [100, 101, 103, 199, 204, 304] {
            assert_eq!(body(&[(CL, "9")], code, false), Ok(Body::None));
            assert_eq!(body(&[(TE, "chunked")], code, false), Ok(Body::None));
        }
        assert_eq!(body(&[(TE, "gzip")], 200, false), Err(Refused::Coding));
        assert_eq!(body(&[(CL, "-1")], 200, false), Err(Refused::Syntax));
        let both = noted(&[(CL, "9"), (TE, "chunked")]).unwrap();
        assert_eq!(both.response_body(V11, 200, false), Ok(Body::Chunked));
        assert!(both.must_close() && !both.persistent(V11));
    }
    #[test]
    fn persistence() {
        let f = |v| noted(&[("Connection", v)]).unwrap();
        assert!(f("x").persistent(V11) && !f("x").persistent(V10));
        assert!(f("Keep-Alive").persistent(V10));
        assert!(!f("keep-alive, Close").persistent(V11));
        assert!(!f("TE ,close").persistent(V11));
        assert!(f("closed").persistent(V11));
        assert!(f("keep-alive, Upgrade").upgrade());
        let two = noted(&[("Connection", "keep-alive"), ("Connection", "close")]).unwrap();
        assert!(two.must_close() && two.keep_alive());
    }
    #[test]
    fn expectations() {
        let f = |v| noted(&[("Expect", v)]).unwrap().expect(V11);
        assert_eq!(f("100-Continue"), Expect::Continue);
        assert_eq!(f("101-continue"), Expect::Unknown);
        assert_eq!(noted(&[]).unwrap().expect(V11), Expect::Nothing);
        let f = noted(&[("Expect", "x"), ("Expect", "100-continue")]).unwrap();
        assert_eq!(f.expect(V11), Expect::Unknown);
        assert_eq!(f.expect(V10), Expect::Nothing);
    }
}
