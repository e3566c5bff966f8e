//! Classes of bytes, as RFC 9110 and RFC 3986 name them.
#![forbid(unsafe_code)]

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
    let mut rest = s;
    loop {
        let n = rest.iter().position(|&c| CLASS[c as usize] & set == 0).unwrap_or(rest.len());
        rest = match rest.get(n..) {
            Some([b'%', a, b, tail @ ..]) if is_hex(*a) && is_hex(*b) => tail,
            Some(tail) => return s.len() - tail.len(),
            None => return s.len(),
        };
    }
}
/// A byte of a Host field.
#[inline]
pub fn is_host(c: u8) -> bool {
    CLASS[c as usize] & HOST != 0
}
/// A space or a tab.
#[inline]
pub fn is_blank(c: u8) -> bool {
    c == b' ' || c == b'\t'
}
// Eight bytes at a time. Borrows between bytes can only add marks above a byte that is marked rightly, so "any" is exact.
const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
#[inline(always)]
fn any_below(x: u64, n: u8) -> u64 {
    x.wrapping_sub(ONES * n as u64) & !x & HIGH
}
#[inline(always)]
fn any_equal(x: u64, c: u8) -> u64 {
    let y = x ^ (ONES * c as u64);
    y.wrapping_sub(ONES) & !y & HIGH
}
/// Whether nothing is odd in `s`: neither for `byte`, nor for `odd`, which says the same of any of eight. The letter x
/// is not odd.
#[inline(always)]
fn none_odd(s: &[u8], byte: impl Fn(u8) -> bool, odd: impl Fn(u64) -> u64) -> bool {
    let mut found = 0;
    if let Some(last) = s.last_chunk::<16>() {
        // Made of the machine's vectors by the compiler.
        let any = |w: &[u8; 16]| w.iter().fold(false, |any, &c| any | byte(c));
        let mut found = any(last);
        for w in s.as_chunks::<16>().0 {
            found |= any(w);
        }
        return !found;
    }
    if let Some(last) = s.last_chunk::<8>() {
        for w in s.chunks_exact(8) {
            found |= odd(u64::from_ne_bytes(w.try_into().unwrap_or([0; 8])));
        }
        found |= odd(u64::from_ne_bytes(*last));
    } else if let (Some(&[a, b, c, d]), Some(&[e, f, g, h])) = (s.first_chunk::<4>(), s.last_chunk::<4>()) {
        found = odd(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    } else {
        let mut w = [b'x'; 8];
        for (to, &from) in w.iter_mut().zip(s) {
            *to = from;
        }
        found = odd(u64::from_ne_bytes(w));
    }
    found == 0
}

/// One token at least, and nothing else.
pub fn token(s: &[u8]) -> bool {
    !s.is_empty() && s.iter().all(|&c| is_token(c))
}
/// How many bytes at the start of `s` are those of a token.
#[inline]
pub fn token_len(s: &[u8]) -> usize {
    // Names are mostly made of letters, digits and hyphens.
    let mut n = 0;
    for w in s.chunks_exact(8) {
        let x = u64::from_le_bytes(w.try_into().unwrap_or([0; 8]));
        // All below 0x80 here, so nothing is carried from byte to byte; the high bits answer.
        let y = x & !HIGH;
        let z = y | (ONES * 0x20);
        let letter = z.wrapping_add(ONES * 0x1f) & !z.wrapping_add(ONES * 0x05);
        let digit = y.wrapping_add(ONES * 0x50) & !y.wrapping_add(ONES * 0x46);
        let hyphen = !(y ^ (ONES * b'-' as u64)).wrapping_add(ONES * 0x7f);
        let others = !((letter | digit | hyphen) & !x) & HIGH;
        if others != 0 {
            n += others.trailing_zeros() as usize / 8;
            break;
        }
        n += 8;
    }
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
    none_odd(s, |c| (c < b' ') | (c == 0x7f), |x| any_below(x, b' ') | any_equal(x, 0x7f))
}
/// How many bytes at the start of `s` are no control bytes.
#[inline]
pub fn visible_len(s: &[u8]) -> usize {
    let mut n = 0;
    for w in s.chunks_exact(8) {
        // The first byte of memory is the lowest of the number: the lowest mark is a true one.
        let x = u64::from_le_bytes(w.try_into().unwrap_or([0; 8]));
        let odd = any_below(x, b' ') | any_equal(x, 0x7f);
        if odd != 0 {
            return n + odd.trailing_zeros() as usize / 8;
        }
        n += 8;
    }
    while s.get(n).is_some_and(|&c| c >= b' ' && c != 0x7f) {
        n += 1;
    }
    n
}
/// Something, and in it no control byte, blank or colon: a name that can stand before a colon.
#[inline]
pub fn field_name(s: &[u8]) -> bool {
    let byte = |c| (c < b'!') | (c == 0x7f) | (c == b':');
    !s.is_empty() && none_odd(s, byte, |x| any_below(x, b'!') | any_equal(x, 0x7f) | any_equal(x, b':'))
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
            assert_eq!(is_host(c), both || b"%[]:".contains(&c), "{c}");
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
                    assert_eq!(visible_len(s), if c >= 32 && c != 127 { len } else { at }, "{c} {at} {len}");
                    assert_eq!(token_len(s), if is_token(c) { len } else { at }, "{c} {at} {len}");
                }
            }
        }
        assert!(!field_name(b"") && token_len(b"") == 0);
        assert!(text(b"") && target(b"") && !token(b"") && !token(b"a b") && token(b"X-a"));
    }
    #[test]
    fn blanks_are_trimmed_at_both_ends() {
        for (s, want) in [(" \t a b\t ", "a b"), ("", ""), ("  ", ""), ("x", "x"), ("\u{a0}", "\u{a0}")] {
            assert_eq!(trim(s.as_bytes()), want.as_bytes());
        }
    }
}
