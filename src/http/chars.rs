//! Classes of bytes, as RFC 9110 and RFC 3986 name them.
#![forbid(unsafe_code)]

const TOKEN: u8 = 1;
const UNRESERVED: u8 = 2;
const SUB_DELIM: u8 = 4;
const HEX: u8 = 8;

const CLASS: [u8; 256] = {
    let mut t = [0u8; 256];
    let mut c = 0;
    while c < 256 {
        let b = c as u8;
        if b.is_ascii_alphanumeric() {
            t[c] |= TOKEN | UNRESERVED;
        }
        if b.is_ascii_hexdigit() {
            t[c] |= HEX;
        }
        c += 1;
    }
    let more: [(&[u8], u8); 3] =
        [(b"!#$%&'*+-.^_`|~", TOKEN), (b"-._~", UNRESERVED), (b"!$&'()*+,;=", SUB_DELIM)];
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
pub fn is_unreserved(c: u8) -> bool {
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
/// A space or a tab.
#[inline]
pub fn is_blank(c: u8) -> bool {
    c == b' ' || c == b'\t'
}
/// One token at least, and nothing else.
pub fn token(s: &[u8]) -> bool {
    !s.is_empty() && s.iter().all(|&c| is_token(c))
}
/// No byte that a field's value or a reason phrase must not have: control bytes other than the tab.
#[inline]
pub fn text(s: &[u8]) -> bool {
    // No early exit: the compiler makes this a few vector operations.
    s.iter().fold(true, |ok, &c| ok & ((c >= b' ' && c != 0x7f) | (c == b'\t')))
}
/// No control byte at all, not even a tab. Blanks and bytes above ASCII pass: programs send them in request targets.
#[inline]
pub fn target(s: &[u8]) -> bool {
    s.iter().fold(true, |ok, &c| ok & (c >= b' ' && c != 0x7f))
}
/// `s` without the blanks at both ends.
pub fn trim(s: &[u8]) -> &[u8] {
    let Some(start) = s.iter().position(|&c| !is_blank(c)) else { return &[] };
    let s = s.get(start..).unwrap_or_default();
    crate::util::text::trim_end_lws(s)
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
            assert_eq!(is_hex(c), c.is_ascii_hexdigit());
            assert_eq!(text(&[c]), c == 9 || (c >= 32 && c != 127), "{c}");
            assert_eq!(target(&[c]), c >= 32 && c != 127, "{c}");
        }
        assert!(text(b"") && target(b"") && !token(b"") && !token(b"a b") && token(b"X-a"));
    }
    #[test]
    fn blanks_are_trimmed_at_both_ends() {
        for (s, want) in [(" \t a b\t ", "a b"), ("", ""), ("  ", ""), ("x", "x"), ("\u{a0}", "\u{a0}")] {
            assert_eq!(trim(s.as_bytes()), want.as_bytes());
        }
    }
}
