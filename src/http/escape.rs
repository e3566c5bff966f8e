//! Percent encoding.
#![forbid(unsafe_code)]
use super::chars;
use crate::util::text::hex_value;

/// Where `+` stands for a space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plus {
    Never,
    Always,
    /// Behind the first `?` only.
    InQuery,
}

/// What a byte is encoded to: one byte or three, and how many they are.
pub type Code = [u8; 4];
/// All but unreserved characters become `%XX`.
static CODES: [Code; 256] = codes(false);
/// The same with `+` for a space.
static CODES_WITH_PLUS: [Code; 256] = codes(true);

const fn codes(space_as_plus: bool) -> [Code; 256] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut all = [[0; 4]; 256];
    let mut c = 0;
    while c < 256 {
        all[c] = if chars::is_unreserved(c as u8) {
            [c as u8, 0, 0, 1]
        } else if c as u8 == b' ' && space_as_plus {
            [b'+', 0, 0, 1]
        } else {
            [b'%', DIGITS[c >> 4], DIGITS[c & 15], 3]
        };
        c += 1;
    }
    all
}
fn table(space_as_plus: bool) -> &'static [Code; 256] {
    if space_as_plus { &CODES_WITH_PLUS } else { &CODES }
}

/// Bytes that [`encode`] makes of `src`.
pub fn encoded_len(src: &[u8], space_as_plus: bool) -> Option<usize> {
    let codes = table(space_as_plus);
    src.iter().try_fold(0usize, |n, &c| n.checked_add(codes[usize::from(c)][3].into()))
}
/// Hands the codes of `src` to `put`.
#[inline]
pub fn encode(src: &[u8], space_as_plus: bool, mut put: impl FnMut(Code)) {
    let codes = table(space_as_plus);
    for &c in src {
        put(codes[usize::from(c)]);
    }
}

/// Hands the decoded bytes of `src`, at most as many as it has, to `put`. What is no complete escape stands for itself.
pub fn decode(src: &[u8], plus: Plus, mut put: impl FnMut(u8)) {
    let mut as_space = plus == Plus::Always;
    let mut rest = src;
    loop {
        rest = match rest {
            [] => return,
            [b'%', tail @ ..] => match escape(tail) {
                Some((c, tail)) => {
                    put(c);
                    tail
                }
                None => {
                    put(b'%');
                    tail
                }
            },
            [c, tail @ ..] => {
                as_space |= *c == b'?' && plus == Plus::InQuery;
                put(if *c == b'+' && as_space { b' ' } else { *c });
                tail
            }
        };
    }
}
fn escape(digits: &[u8]) -> Option<(u8, &[u8])> {
    let [a, b, tail @ ..] = digits else { return None };
    Some((hex_value(*a)? << 4 | hex_value(*b)?, tail))
}
/// Whether decoding makes a NUL, which would cut a C string short.
pub fn has_nul(src: &[u8]) -> bool {
    src.windows(3).any(|w| w == b"%00") || src.contains(&0)
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "a test")]
mod tests {
    use super::*;

    fn enc(src: &[u8], plus: bool) -> String {
        let mut out = Vec::new();
        encode(src, plus, |c| out.extend_from_slice(&c[..usize::from(c[3])]));
        assert_eq!(encoded_len(src, plus), Some(out.len()));
        String::from_utf8(out).unwrap()
    }
    fn dec(src: &[u8], plus: Plus) -> Vec<u8> {
        let mut out = Vec::new();
        decode(src, plus, |c| out.push(c));
        assert!(out.len() <= src.len());
        out
    }
    #[test]
    fn what_is_encoded() {
        for (src, want, plus) in [
            (&b"Hello"[..], "Hello", false),
            (b"", "", false),
            (b" ", "%20", false),
            (b" ", "+", true),
            (b"\xff\xf0\xe0", "%FF%F0%E0", false),
            (b"\x01\x19", "%01%19", true),
            (b"http://a.b/c", "http%3A%2F%2Fa.b%2Fc", true),
            (b"1+2=3", "1%2B2%3D3", true),
            (b"1+2=3", "1%2B2%3D3", false),
            (b"hello\0world", "hello%00world", false),
        ] {
            assert_eq!(enc(src, plus), want);
            assert_eq!(dec(want.as_bytes(), if plus { Plus::Always } else { Plus::Never }), src);
        }
    }
    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        for plus in [false, true] {
            let how = if plus { Plus::Always } else { Plus::Never };
            assert_eq!(dec(enc(&all, plus).as_bytes(), how), all);
        }
    }
    #[test]
    fn broken_escapes_stand_for_themselves() {
        for s in ["%", "%%", "%4", "%g1", "%1g", "a%", "a%4", "%%x", "%+1", "% 1"] {
            assert_eq!(dec(s.as_bytes(), Plus::Never), s.as_bytes());
        }
        assert_eq!(dec(b"hello%20%20"[..6].as_ref(), Plus::Never), b"hello%");
        assert_eq!(dec(b"%%41", Plus::Never), b"%A");
        assert_eq!(dec(b"%f0%A0%b0", Plus::Always), b"\xf0\xa0\xb0");
        assert_eq!(dec(b"%00%00x%00%00", Plus::Always), b"\0\0x\0\0");
    }
    #[test]
    fn plus_signs() {
        assert_eq!(dec(b"a+b?c+d%2B?+", Plus::InQuery), b"a+b?c d+? ");
        assert_eq!(dec(b"a+b%20c", Plus::Always), b"a b c");
        assert_eq!(dec(b"a+b", Plus::Never), b"a+b");
    }
    #[test]
    fn nul_is_seen() {
        assert!(has_nul(b"a%00") && has_nul(b"\0") && has_nul(b"%%00"));
        assert!(!has_nul(b"%0") && !has_nul(b"%01%0") && !has_nul(b""));
    }
}
