//! Names as messages carry them: labels of 1 to 63 bytes, each after its length, ended by the empty label, 255 bytes
//! at most with everything. No heap.
//!
//! The text form has one '.' between labels. A label that holds a '.' or a NUL has no text form: it would read as
//! another name.
#![forbid(unsafe_code)]
use crate::mem::copy;
use std::fmt;

/// The most bytes of a name, length bytes and end included.
pub const MAX_WIRE: usize = 255;
/// The most bytes of a label.
pub const MAX_LABEL: usize = 63;
/// The most bytes of a name's text.
pub const MAX_TEXT: usize = MAX_WIRE - 2;

/// A name in the form of a message, uncompressed.
#[derive(Clone, Copy)]
pub struct Name {
    len: u8,
    wire: [u8; MAX_WIRE],
}

/// A name's text, without a '.' at the end; empty for the root.
#[derive(Clone, Copy)]
pub struct Text {
    len: u8,
    bytes: [u8; MAX_TEXT],
}
impl Text {
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl Name {
    /// The root: no labels.
    pub const ROOT: Name = Name { len: 1, wire: [0; MAX_WIRE] };
    /// Makes bytes that are all zero, which are a name without even an end, the root.
    #[inline]
    pub(super) fn make_root(&mut self) {
        self.len = 1;
    }

    /// From text, with or without a '.' at the end. None if a label is empty or too long, or the whole is. Both ""
    /// and "." are the root.
    pub fn from_text(text: &[u8]) -> Option<Name> {
        let mut n = Name::ROOT;
        n.set_text(text).then_some(n)
    }
    /// Makes the root what [`Self::from_text`] would; false, and some name or other, if that is None.
    #[inline(always)]
    pub fn set_text(&mut self, text: &[u8]) -> bool {
        let text = text.strip_suffix(b".").unwrap_or(text);
        if text.is_empty() {
            return true;
        }
        // There must be room for the first length and the end.
        let Some(inner) = self.wire.get_mut(1..=text.len()).filter(|_| text.len() <= MAX_TEXT) else {
            return false;
        };
        copy::copy_slice(inner, text);
        self.len = (text.len() + 2) as u8;
        // Each '.', and the place before the text, becomes the length of the label behind it.
        let mut label = 0;
        let mut at = 0;
        while at < text.len() {
            // Behind the text there are zeroes.
            let Some(eight) = self.wire.get(at + 1..).map(first_eight) else { return false };
            let mut dots = dots_of(eight);
            while dots != 0 {
                let dot = at + dots.trailing_zeros() as usize / 8;
                dots &= dots - 1;
                if !self.end_label(label, dot) {
                    return false;
                }
                label = dot + 1;
            }
            at += 8;
        }
        self.end_label(label, text.len())
    }
    /// The label whose length stands at `at` ends before the byte `end` of the text.
    #[inline]
    fn end_label(&mut self, at: usize, end: usize) -> bool {
        let len = end.wrapping_sub(at);
        match self.wire.get_mut(at) {
            Some(place) if (1..=MAX_LABEL).contains(&len) => {
                *place = len as u8;
                true
            }
            _ => false,
        }
    }
    /// From the bytes of a message, which are a name without pointers, at most [`MAX_WIRE`] of them.
    pub(super) fn from_plain(wire: &[u8]) -> Option<Name> {
        let mut n = Name { len: u8::try_from(wire.len()).ok()?, wire: [0; MAX_WIRE] };
        n.wire.get_mut(..wire.len())?.copy_from_slice(wire);
        Some(n)
    }
    /// From two texts, read as if a '.' stood between them: a host and its domain.
    pub fn from_host_and_domain(host: &[u8], domain: &[u8]) -> Option<Name> {
        let mut b = Builder::new();
        b.text(host)?;
        b.text(domain)?;
        Some(b.finish())
    }
    /// The name that asks for the host of an IPv4 address.
    pub fn reverse_v4(addr: [u8; 4]) -> Name {
        let mut b = Builder::new();
        for byte in addr.iter().rev() {
            let digits = [byte / 100, byte / 10 % 10, byte % 10].map(|d| d + b'0');
            let skip = usize::from(*byte < 100) + usize::from(*byte < 10);
            let _ = b.label(digits.get(skip..).unwrap_or(&digits));
        }
        let _ = b.text(b"in-addr.arpa");
        b.finish()
    }
    /// The name that asks for the host of an IPv6 address.
    pub fn reverse_v6(addr: [u8; 16]) -> Name {
        let digit = |n: u8| [if n < 10 { b'0' + n } else { b'a' + n - 10 }];
        let mut b = Builder::new();
        for byte in addr.iter().rev() {
            let _ = b.label(&digit(byte & 0xf));
            let _ = b.label(&digit(byte >> 4));
        }
        let _ = b.text(b"ip6.arpa");
        b.finish()
    }

    /// The bytes of the message form, the end included.
    pub fn as_wire(&self) -> &[u8] {
        self.wire.get(..usize::from(self.len)).unwrap_or(&[0])
    }
    pub fn is_root(&self) -> bool {
        self.len <= 1
    }
    /// The labels, without their lengths.
    pub fn labels(&self) -> Labels<'_> {
        Labels(self.as_wire())
    }
    /// The text, unless a label holds a '.' or a NUL.
    pub fn to_text(&self) -> Option<Text> {
        let mut t = Text { len: 0, bytes: [0; MAX_TEXT] };
        let mut at = 0;
        for label in self.labels() {
            if at > 0 {
                *t.bytes.get_mut(at)? = b'.';
                at += 1;
            }
            if label.iter().any(|c| matches!(c, b'.' | 0)) {
                return None;
            }
            t.bytes.get_mut(at..at + label.len())?.copy_from_slice(label);
            at += label.len();
        }
        t.len = u8::try_from(at).ok()?;
        Some(t)
    }
    /// The text, if programs can print it: not with control bytes either, which whoever owns the name may put in.
    pub fn to_printable(&self) -> Option<Text> {
        self.to_text().filter(|t| !t.as_bytes().iter().any(u8::is_ascii_control))
    }
    /// Equal byte for byte: what a reply to a query with 0x20 must be.
    pub fn eq_exact(&self, other: &Name) -> bool {
        self.as_wire() == other.as_wire()
    }
    /// Equal as names are: ASCII letters of either case are the same.
    pub fn eq_ignore_case(&self, other: &Name) -> bool {
        // No length byte is a letter, so lengths are compared as they are.
        self.as_wire().eq_ignore_ascii_case(other.as_wire())
    }
    /// 0x20: gives each letter the case that a bit of `random` says. Bits that are missing count as 0.
    pub fn randomize_case(&mut self, random: &[u8]) {
        let used = usize::from(self.len).div_ceil(8);
        for i in 0..used {
            self.randomize_eight(i, random.get(i).copied().unwrap_or(0));
        }
    }
    /// [`Self::randomize_case`] for the eight bytes from `8 * i` on.
    #[inline]
    pub(super) fn randomize_eight(&mut self, i: usize, bits: u8) {
        let Some(rest) = self.wire.get_mut(8 * i..) else { return };
        match rest.first_chunk_mut::<8>() {
            Some(eight) => *eight = with_case(u64::from_le_bytes(*eight), bits).to_le_bytes(),
            None => {
                let new = with_case(first_eight(rest), bits).to_le_bytes();
                rest.iter_mut().zip(new).for_each(|(c, n)| *c = n);
            }
        }
    }
    pub fn make_lowercase(&mut self) {
        self.wire.make_ascii_lowercase();
    }
}
impl Default for Name {
    fn default() -> Name {
        Name::ROOT
    }
}
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for label in self.labels() {
            write!(f, "{}.", label.escape_ascii())?;
        }
        if self.is_root() { f.write_str(".") } else { Ok(()) }
    }
}

/// The first eight bytes; those that are missing are 0.
#[inline]
fn first_eight(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => bytes.iter().rev().fold(0, |word, c| word << 8 | u64::from(*c)),
    }
}
/// The top bit of each byte that is a '.'.
#[inline]
fn dots_of(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f * ONES;
    let x = word ^ (u64::from(b'.') * ONES);
    !(((x & LOW) + LOW) | x | LOW)
}
/// Eight bytes, of which those that are letters get the case that their bits say: 1 is lower case.
#[inline]
fn with_case(word: u64, bits: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f * ONES;
    // The top bit of each byte says whether it is a letter: at least 'a', not above 'z', and ASCII.
    let folded = (word | (0x20 * ONES)) & LOW;
    let letter = (folded + (0x80 - 0x61) * ONES) & !(folded + (0x80 - 0x7b) * ONES) & !word & (0x80 * ONES);
    // And whether its bit is set: each byte keeps one bit of the eight, which carries into the top one.
    let own = (u64::from(bits) * ONES) & 0x8040_2010_0804_0201;
    let set = own + 0x0040_6070_787c_7e7f;
    word & !(letter >> 2) | (letter & set) >> 2
}

/// See [`Name::labels`].
pub struct Labels<'a>(&'a [u8]);
impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> {
        let (&len, rest) = self.0.split_first()?;
        if len == 0 {
            return None;
        }
        let label = rest.get(..usize::from(len))?;
        self.0 = rest.get(usize::from(len)..)?;
        Some(label)
    }
}

/// Puts a name together label by label, within its limits.
pub struct Builder {
    at: usize,
    name: Name,
}
impl Builder {
    pub fn new() -> Builder {
        Builder { at: 0, name: Name::ROOT }
    }
    /// Appends a label of 1 to 63 bytes; None if it is not that or leaves no room for the end.
    pub fn label(&mut self, label: &[u8]) -> Option<()> {
        if label.is_empty() || label.len() > MAX_LABEL || self.at + 1 + label.len() >= MAX_WIRE {
            return None;
        }
        let (len, rest) = self.name.wire.get_mut(self.at..)?.split_first_mut()?;
        rest.get_mut(..label.len())?.copy_from_slice(label);
        *len = label.len() as u8;
        self.at += 1 + label.len();
        Some(())
    }
    /// Appends the labels of a text.
    pub fn text(&mut self, text: &[u8]) -> Option<()> {
        let text = text.strip_suffix(b".").unwrap_or(text);
        if text.is_empty() {
            return Some(());
        }
        text.split(|&c| c == b'.').try_for_each(|label| self.label(label))
    }
    pub fn finish(mut self) -> Name {
        if let Some(end) = self.name.wire.get_mut(self.at) {
            *end = 0;
        }
        // `label` keeps `at` below MAX_WIRE.
        self.name.len = u8::try_from(self.at + 1).unwrap_or(1);
        self.name
    }
}
impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "tests may use std")]
mod tests {
    use super::*;

    fn text(n: &Name) -> String {
        String::from_utf8_lossy(n.to_text().unwrap().as_bytes()).into_owned()
    }

    #[test]
    fn text_there_and_back() {
        for (t, wire) in [
            ("", b"\0".as_slice()),
            (".", b"\0"),
            ("a", b"\x01a\0"),
            ("www.Example.com", b"\x03www\x07Example\x03com\0"),
            ("a.b.", b"\x01a\x01b\0"),
        ] {
            let n = Name::from_text(t.as_bytes()).unwrap();
            assert_eq!(n.as_wire(), wire, "{t}");
            assert_eq!(text(&n), t.strip_suffix('.').unwrap_or(t));
        }
        for bad in ["..", ".a", "a..b", "a..", "...", ".."] {
            assert!(Name::from_text(bad.as_bytes()).is_none(), "{bad}");
        }
    }
    #[test]
    fn limits_of_labels_and_names() {
        assert!(Name::from_text("x".repeat(63).as_bytes()).is_some());
        assert!(Name::from_text("x".repeat(64).as_bytes()).is_none());
        // 63+63+63+61 bytes and four length bytes and the end: 255.
        let longest = |last: usize| {
            let l = "x".repeat(63);
            format!("{l}.{l}.{l}.{}", "y".repeat(last))
        };
        let n = Name::from_text(longest(61).as_bytes()).unwrap();
        assert_eq!(n.as_wire().len(), MAX_WIRE);
        assert_eq!(text(&n), longest(61));
        assert_eq!(n.to_text().unwrap().as_bytes().len(), MAX_TEXT);
        assert!(Name::from_text(longest(62).as_bytes()).is_none());
        // 127 labels of one byte are 255 bytes.
        let many = vec!["a"; 127].join(".");
        let n = Name::from_text(many.as_bytes()).unwrap();
        assert_eq!((n.as_wire().len(), n.labels().count()), (MAX_WIRE, 127));
        assert!(Name::from_text(format!("{many}.a").as_bytes()).is_none());
        for len in 0..600 {
            let _ = Name::from_text(&vec![b'z'; len]);
            let _ = Name::from_text(&vec![b'.'; len]);
            let _ = Name::from_text("ab.".repeat(len).as_bytes());
        }
    }
    #[test]
    fn hosts_and_domains() {
        let n = |h: &str, d: &str| Name::from_host_and_domain(h.as_bytes(), d.as_bytes());
        assert_eq!(text(&n("host", "a.example.com").unwrap()), "host.a.example.com");
        assert_eq!(text(&n("host.", "example.com.").unwrap()), "host.example.com");
        assert_eq!(text(&n("host", "").unwrap()), "host");
        assert!(n("ho..st", "x").is_none() && n("host", "x..y").is_none());
        assert!(n(&"x.".repeat(100), &"y.".repeat(27)).is_some());
        assert!(n(&"x.".repeat(100), &"y.".repeat(28)).is_none());
    }
    #[test]
    fn reverse_names() {
        assert_eq!(text(&Name::reverse_v4([192, 0, 2, 99])), "99.2.0.192.in-addr.arpa");
        assert_eq!(text(&Name::reverse_v4([255, 10, 9, 100])), "100.9.10.255.in-addr.arpa");
        let mut a = [0; 16];
        (a[0], a[1], a[15]) = (0x20, 0x01, 0xaf);
        let want = format!("f.a.{}1.0.0.2.ip6.arpa", "0.".repeat(26));
        assert_eq!(text(&Name::reverse_v6(a)), want);
    }
    #[test]
    fn equality_and_case() {
        let n = |t: &str| Name::from_text(t.as_bytes()).unwrap();
        assert!(n("WwW.a").eq_ignore_case(&n("wWw.A")) && !n("WwW.a").eq_exact(&n("wWw.A")));
        assert!(!n("ab.c").eq_ignore_case(&n("a.bc")) && !n("a").eq_ignore_case(&n("a.b")));
        assert!(n("x").eq_exact(&n("x")));
        // Not a letter: '[' and '{' differ by 0x20 too.
        assert!(!n("[").eq_ignore_case(&n("{")));
        // A length byte that looks like a letter with 0x20 flipped stays a length: 0x21 against 0x01.
        assert!(!n(&"a".repeat(0x21)).eq_ignore_case(&n("a")));
    }
    #[test]
    fn randomized_case_keeps_the_name() {
        let plain = Name::from_text(b"www-1.example.com").unwrap();
        let mut n = plain;
        n.randomize_case(&[0xff; 32]);
        assert_eq!(text(&n), "www-1.example.com");
        n.randomize_case(&[0; 32]);
        assert_eq!(text(&n), "WWW-1.EXAMPLE.COM");
        n.randomize_case(&[0x55; 32]);
        assert!(n.eq_ignore_case(&plain) && !n.eq_exact(&plain));
        n.randomize_case(&[]);
        assert_eq!(text(&n), "WWW-1.EXAMPLE.COM");
        n.make_lowercase();
        assert!(n.eq_exact(&plain));
        // Labels of 33 to 63 bytes: their lengths are not letters and stay.
        for len in 1..=63 {
            let mut n = Name::from_text(&vec![b'q'; len]).unwrap();
            n.randomize_case(&[0xaa; 32]);
            assert_eq!(n.as_wire().len(), len + 2);
            assert_eq!(usize::from(n.as_wire()[0]), len);
        }
    }
    #[test]
    fn eight_bytes_at_a_time() {
        let random = |seed: u64| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed >> 7;
        for byte in 0..=255u8 {
            for bits in 0..=255u8 {
                // The byte in each place, among others.
                let at = usize::from(bits ^ byte) % 8;
                let mut word = random(u64::from(byte) << 8 | u64::from(bits)).to_le_bytes();
                word[at] = byte;
                let want: [u8; 8] = std::array::from_fn(|i| match word[i] {
                    c if !c.is_ascii_alphabetic() => c,
                    c if bits >> i & 1 == 1 => c.to_ascii_lowercase(),
                    c => c.to_ascii_uppercase(),
                });
                let word = u64::from_le_bytes(word);
                assert_eq!(with_case(word, bits).to_le_bytes(), want);
                let dots: [u8; 8] = word.to_le_bytes().map(|c| if c == b'.' { 0x80 } else { 0 });
                assert_eq!(dots_of(word), u64::from_le_bytes(dots));
            }
        }
    }
    #[test]
    fn labels_without_a_text_form() {
        for bad in [b"a.b".as_slice(), b"a\0b"] {
            let mut b = Builder::new();
            b.label(bad).unwrap();
            assert!(b.finish().to_text().is_none());
        }
        let mut b = Builder::new();
        assert!(b.label(b"").is_none());
        b.label(b"a b\xff").unwrap();
        let n = b.finish();
        assert_eq!(n.to_text().unwrap().as_bytes(), b"a b\xff");
        assert_eq!(n.to_printable().unwrap().as_bytes(), b"a b\xff");
        for control in [b"a\nb".as_slice(), b"\x1b[0m", b"\x7f"] {
            let mut b = Builder::new();
            b.label(control).unwrap();
            let n = b.finish();
            assert!(n.to_text().is_some() && n.to_printable().is_none());
        }
    }
}
