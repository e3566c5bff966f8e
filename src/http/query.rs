//! Query strings: `name=value&name=value`.
#![forbid(unsafe_code)]
use super::escape;
use crate::{Error, Result};

/// The arguments of a query string: names as they stand there, values still encoded. An argument without `=`, with an
/// empty name, or with a NUL in its value, ends it with an error; one `&` at the end does not matter.
pub struct Arguments<'a> {
    rest: &'a [u8],
}
pub fn arguments(query: &[u8]) -> Arguments<'_> {
    Arguments { rest: query }
}
impl<'a> Iterator for Arguments<'a> {
    type Item = Result<(&'a [u8], &'a [u8])>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (argument, rest) = split_at(self.rest, b'&').unwrap_or((self.rest, &[]));
        self.rest = rest;
        match split_at(argument, b'=') {
            Some((name, value)) if !name.is_empty() && !escape::has_nul(value) => Some(Ok((name, value))),
            _ => {
                self.rest = &[];
                Some(Err(Error::Invalid))
            }
        }
    }
}
/// What stands before and behind the first `at`.
fn split_at(s: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let i = memchr::memchr(at, s)?;
    Some((s.get(..i)?, s.get(i + 1..)?))
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "a test")]
mod tests {
    use super::*;

    fn parsed(query: &str) -> Option<Vec<(&str, &str)>> {
        let text = |s| std::str::from_utf8(s).unwrap();
        arguments(query.as_bytes()).map(|a| a.ok().map(|(n, v)| (text(n), text(v)))).collect()
    }
    #[test]
    fn arguments_are_split() {
        assert_eq!(parsed(""), Some(vec![]));
        assert_eq!(parsed("q=test"), Some(vec![("q", "test")]));
        assert_eq!(parsed("q=test&foo=bar"), Some(vec![("q", "test"), ("foo", "bar")]));
        assert_eq!(parsed("q=&q2=&q3="), Some(vec![("q", ""), ("q2", ""), ("q3", "")]));
        assert_eq!(parsed("q=a=b&q=%41+"), Some(vec![("q", "a=b"), ("q", "%41+")]));
        assert_eq!(parsed("q=1&"), Some(vec![("q", "1")]));
        assert_eq!(parsed("http://x/?q=1"), Some(vec![("http://x/?q", "1")]));
    }
    #[test]
    fn broken_arguments_are_refused() {
        for q in [
            "q=test&&q2",
            "q&q2=foo",
            "q=foo&q2",
            "q=foo&q2&q3=x",
            "&q=1",
            "=1",
            "q",
            "&",
            "q=1&=",
            "q=a%00b",
        ] {
            assert_eq!(parsed(q), None, "{q}");
        }
        assert_eq!(arguments(b"&q=1").count(), 1);
    }
}
