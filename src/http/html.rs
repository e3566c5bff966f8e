//! Text inside HTML.
#![forbid(unsafe_code)]

/// What a byte must be replaced by where HTML is expected.
fn entity(c: u8) -> Option<&'static [u8]> {
    Some(match c {
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'"' => b"&quot;",
        b'\'' => b"&#039;",
        b'&' => b"&amp;",
        _ => return None,
    })
}
/// Bytes that [`escape`] makes of `text`.
pub fn escaped_len(text: &[u8]) -> Option<usize> {
    text.iter().try_fold(0usize, |n, &c| n.checked_add(entity(c).map_or(1, <[u8]>::len)))
}
/// Hands `text` to `put` such that HTML shows just what it says.
pub fn escape(text: &[u8], mut put: impl FnMut(&[u8])) {
    let mut rest = text;
    while let Some(i) = rest.iter().position(|&c| entity(c).is_some()) {
        let Some((plain, [c, tail @ ..])) = rest.split_at_checked(i) else { break };
        put(plain);
        put(entity(*c).unwrap_or_default());
        rest = tail;
    }
    put(rest);
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn markup_is_made_harmless() {
        for (text, want) in [
            ("", ""),
            ("plain", "plain"),
            ("<a href=\"x\">it's & more</a>", "&lt;a href=&quot;x&quot;&gt;it&#039;s &amp; more&lt;/a&gt;"),
            ("&lt;", "&amp;lt;"),
            ("\u{e9}>", "\u{e9}&gt;"),
        ] {
            let mut out = Vec::new();
            escape(text.as_bytes(), |s| out.extend_from_slice(s));
            assert_eq!(std::str::from_utf8(&out), Ok(want));
            assert_eq!(escaped_len(text.as_bytes()), Some(want.len()));
        }
    }
}
