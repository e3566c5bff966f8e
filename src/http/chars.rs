//! Classes of bytes, as RFC 9110 and RFC 3986 name them.
#![forbid(unsafe_code)]
use super::vector::{self, V};

const TOKEN: u8 = 1;
const UNRESERVED: u8 = 2;
const SUB_DELIM: u8 = 4;
const HEX: u8 = 8;
const COLON: u8 = 16;
const AT_SLASH: u8 = 32;
const QUESTION: u8 = 64;
const HOST: u8 = 128;

/// Sets of bytes for [`span`]: those that may stand in a part of a URI, besides percent escapes.
pub const NAME: u8 = UNRESERVED | SUB_DELIM;
pub const USERINFO: u8 = NAME | COLON;
pub const PATH: u8 = USERINFO | AT_SLASH;
pub const QUERY: u8 = PATH | QUESTION;

const CLASS: [u8; 256] = {
    let mut t = [0u8; 256];
    let mut c = 0;
    while c < 256 {
        let b = c as u8;
        if b.is_ascii_alphanumeric() {
            t[c] |= TOKEN | UNRESERVED | HOST;
        }
        if b.is_ascii_hexdigit() {
            t[c] |= HEX;
        }
        c += 1;
    }
    let more: [(&[u8], u8); 7] = [
        (b"!#$%&'*+-.^_`|~", TOKEN),
        (b"-._~", UNRESERVED | HOST),
        (b"!$&'()*+,;=", SUB_DELIM | HOST),
        (b":", COLON),
        (b"@/", AT_SLASH),
        (b"?", QUESTION),
        (b"%[]:", HOST),
    ];
    let mut i = 0;
    while i < more.len() {
        let mut j = 0;
        while j < more[i].0.len() {
            t[more[i].0[j] as usize] |= more[i].1;
            j += 1;
        }
        i += 1;
    }
    t
};

/// A byte of a method or of a field's name.
#[inline]
pub fn is_token(c: u8) -> bool {
    CLASS[c as usize] & TOKEN != 0
}
/// A letter, a digit or one of `-._~`: stands for itself anywhere in a URI.
#[inline]
pub const fn is_unreserved(c: u8) -> bool {
    CLASS[c as usize] & UNRESERVED != 0
}
#[inline]
pub fn is_unreserved_or_sub_delim(c: u8) -> bool {
    CLASS[c as usize] & (UNRESERVED | SUB_DELIM) != 0
}
#[inline]
pub fn is_hex(c: u8) -> bool {
    CLASS[c as usize] & HEX != 0
}
/// How many bytes at the start of `s` are of that set or belong to a percent escape.
#[inline]
pub fn span(s: &[u8], set: u8) -> usize {
    span_from(s, 0, set)
}
/// Where what begins at `from` ends that is made of bytes of that set and percent escapes.
#[inline]
pub fn span_from(s: &[u8], from: usize, set: u8) -> usize {
    let mut at = from;
    loop {
        while s.get(at).is_some_and(|&c| CLASS[c as usize] & set != 0) {
            at += 1;
        }
        match s.get(at..) {
            Some([b'%', a, b, ..]) if is_hex(*a) && is_hex(*b) => at += 3,
            _ => return at,
        }
    }
}
/// [`span_from`] for [`NAME`].
#[inline]
pub fn name_end(s: &[u8], from: usize) -> usize {
    let usual = |v: V| v.small().within(b'a', b'z').or(v.within(b'0', b'9')).or(v.within(b'-', b'.'));
    let at = vector::find(s, from, |v| usual(v).not(), |c| CLASS[c as usize] & NAME == 0);
    span_from(s, at, NAME)
}
/// [`span_from`] for [`PATH`] and [`QUERY`], whose texts may be long.
#[inline]
pub fn long_span_from(s: &[u8], from: usize, set: u8) -> usize {
    // Nearly all that stands there: letters, `_`, `=`, and what lies between `&` and `;`.
    let usual = |v: V| v.small().within(b'a', b'z').or(v.within(b'&', b';')).or(v.is(b'=')).or(v.is(b'_'));
    let at = vector::find(s, from, |v| usual(v).not(), |c| CLASS[c as usize] & set == 0);
    span_from(s, at, set)
}
/// Whether a Host field may have such a value.
#[inline]
pub fn host(s: &[u8]) -> bool {
    s.iter().fold(HOST, |all, &c| all & CLASS[c as usize]) != 0
}
/// Whether `name`, which holds no control byte, is `small` (letters and hyphens), whatever the case of its letters.
#[inline(always)]
pub fn is_named<const N: usize>(name: &[u8], small: &[u8; N]) -> bool {
    // No other bytes than those meant become a letter or a hyphen so.
    let same = |name: &[u8; N]| name.iter().zip(small).fold(0, |odd, (a, b)| odd | ((a | 0x20) ^ b)) == 0;
    name.try_into().is_ok_and(same)
}
/// A space or a tab.
#[inline]
pub fn is_blank(c: u8) -> bool {
    c == b' ' || c == b'\t'
}
/// One token at least, and nothing else.
pub fn token(s: &[u8]) -> bool {
    !s.is_empty() && s.iter().all(|&c| is_token(c))
}
/// How many bytes at the start of `s` are those of a token.
#[inline]
pub fn token_len(s: &[u8]) -> usize {
    // Names are mostly made of letters, digits and hyphens.
    let usual = |v: V| v.small().within(b'a', b'z').or(v.within(b'0', b'9')).or(v.is(b'-'));
    let mut n = vector::find(s, 0, |v| usual(v).not(), |c| !is_token(c));
    while s.get(n).is_some_and(|&c| is_token(c)) {
        n += 1;
    }
    n
}
/// No byte that a field's value or a reason phrase must not have: control bytes other than the tab.
#[inline]
pub fn text(s: &[u8]) -> bool {
    target(s) || s.iter().all(|&c| (c >= b' ' && c != 0x7f) || c == b'\t')
}
/// No control byte at all, not even a tab. Blanks and bytes above ASCII pass: programs send them in request targets.
#[inline]
pub fn target(s: &[u8]) -> bool {
    !vector::any(s, control)
}
#[inline(always)]
fn control(v: V) -> V {
    v.at_most(b' ' - 1).or(v.is(0x7f))
}
/// Where the first control byte at or behind `from` stands; the end of `s` if there is none.
#[inline]
pub fn visible_end(s: &[u8], from: usize) -> usize {
    vector::find(s, from, control, |c| c < b' ' || c == 0x7f)
}
/// Where the first byte at or behind `from` stands that is a control byte, a space or a `#`.
#[inline]
pub fn query_end(s: &[u8], from: usize) -> usize {
    let odd = |v: V| v.at_most(b' ').or(v.is(0x7f)).or(v.is(b'#'));
    vector::find(s, from, odd, |c| c <= b' ' || matches!(c, 0x7f | b'#'))
}
/// The same, or a `?`.
#[inline]
pub fn path_end(s: &[u8], from: usize) -> usize {
    let odd = |v: V| v.at_most(b' ').or(v.is(0x7f)).or(v.is(b'#')).or(v.is(b'?'));
    vector::find(s, from, odd, |c| c <= b' ' || matches!(c, 0x7f | b'#' | b'?'))
}
/// Where the first byte at or behind `from` stands that is a control byte or a space.
#[inline]
pub fn graphic_end(s: &[u8], from: usize) -> usize {
    vector::find(s, from, |v| v.at_most(b' ').or(v.is(0x7f)), |c| c <= b' ' || c == 0x7f)
}
/// Something, and in it no control byte, blank or colon: a name that can stand before a colon.
#[inline]
pub fn field_name(s: &[u8]) -> bool {
    !s.is_empty() && !vector::any(s, not_in_name)
}
#[inline(always)]
fn not_in_name(v: V) -> V {
    v.at_most(b' ').or(v.is(0x7f)).or(v.is(b':'))
}
/// Whether both [`field_name`] and [`target`] hold.
#[inline(always)]
pub fn plain_field(name: &[u8], value: &[u8]) -> bool {
    !name.is_empty() && !vector::any_of_two(name, not_in_name, value, control)
}
/// `s` without the blanks at both ends.
#[inline]
pub fn trim(mut s: &[u8]) -> &[u8] {
    while let [c, rest @ ..] = s
        && is_blank(*c)
    {
        s = rest;
    }
    while let [rest @ .., c] = s
        && is_blank(*c)
    {
        s = rest;
    }
    s
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_the_rfcs() {
        for c in 0..=255u8 {
            let alnum = c.is_ascii_alphanumeric();
            assert_eq!(is_token(c), alnum || b"!#$%&'*+-.^_`|~".contains(&c), "{c}");
            assert_eq!(is_unreserved(c), alnum || b"-._~".contains(&c), "{c}");
            let both = alnum || b"-._~!$&'()*+,;=".contains(&c);
            assert_eq!(is_unreserved_or_sub_delim(c), both, "{c}");
            assert_eq!(host(&[b'a', c, b'z']), both || b"%[]:".contains(&c), "{c}");
            assert_eq!(is_hex(c), c.is_ascii_hexdigit());
            assert_eq!(text(&[c]), c == 9 || (c >= 32 && c != 127), "{c}");
            assert_eq!(target(&[c]), c >= 32 && c != 127, "{c}");
        }
        // Each byte at each place of texts of each length up to some words.
        for len in 1..40 {
            for at in 0..len {
                for c in 0..=255u8 {
                    let mut s = [b'a'; 40];
                    s[at] = c;
                    let s = &s[..len];
                    assert_eq!(text(s), c == 9 || (c >= 32 && c != 127), "{c} {at} {len}");
                    assert_eq!(target(s), c >= 32 && c != 127, "{c} {at} {len}");
                    assert_eq!(field_name(s), c > 32 && c != 127 && c != b':', "{c} {at} {len}");
                    assert_eq!(
                        visible_end(s, 0),
                        if c >= 32 && c != 127 { len } else { at },
                        "{c} {at} {len}"
                    );
                    assert_eq!(token_len(s), if is_token(c) { len } else { at }, "{c} {at} {len}");
                }
            }
        }
        // The same of what belongs together in URIs.
        for at in 0..20 {
            for c in 0..=255u8 {
                let mut s = *b"abcdefghijkl%4amnopqrs";
                s[at] = c;
                for from in 0..5 {
                    assert_eq!(name_end(&s, from), span_from(&s, from, NAME), "{c} {at} {from}");
                    for set in [PATH, QUERY] {
                        assert_eq!(
                            long_span_from(&s, from, set),
                            span_from(&s, from, set),
                            "{c} {at} {from}"
                        );
                    }
                }
            }
        }
        assert!(!field_name(b"") && token_len(b"") == 0);
        assert!(text(b"") && target(b"") && !token(b"") && !token(b"a b") && token(b"X-a"));
    }
    #[test]
    fn names_are_compared_without_their_case() {
        for (name, want) in
            [("host", true), ("HOST", true), ("hOsT", true), ("hosts", false), ("hos", false), ("", false)]
        {
            assert_eq!(is_named(name.as_bytes(), b"host"), want, "{name}");
        }
        for c in b' '..=255 {
            let name = [b'a', c, b'z'];
            assert_eq!(is_named(&name, b"a-z"), c == b'-', "{c}");
            assert_eq!(is_named(&name, b"akz"), matches!(c, b'k' | b'K'), "{c}");
        }
    }
    #[test]
    fn blanks_are_trimmed_at_both_ends() {
        for (s, want) in [(" \t a b\t ", "a b"), ("", ""), ("  ", ""), ("x", "x"), ("\u{a0}", "\u{a0}")] {
            assert_eq!(trim(s.as_bytes()), want.as_bytes());
        }
    }
}
