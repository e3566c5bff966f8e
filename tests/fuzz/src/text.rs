//! URIs, query strings and escapes.
use crate::input::Input;
use oxievent::http::uri::{Part, Uri};
use oxievent::http::{escape, html, query as arguments};

const PARTS: [Part; 6] = [Part::Scheme, Part::Userinfo, Part::Host, Part::Path, Part::Query, Part::Fragment];

fn join(uri: &Uri) -> Option<Vec<u8>> {
    let mut out = vec![0xee; 8192];
    let n = uri.join(&mut out).ok()?;
    // The NUL is there, and nothing behind it was touched.
    assert_eq!(out.iter().position(|c| *c == 0), Some(n));
    assert!(out[n + 1..].iter().all(|c| *c == 0xee));
    // Into just enough room, and into one byte less.
    let mut exact = vec![0; n + 1];
    assert!(uri.join(&mut exact).is_ok() && exact == out[..=n]);
    assert!(uri.join(&mut exact[..n]).is_err());
    out.truncate(n);
    Some(out)
}

/// Flags, then a URI. What was read is written and read again.
pub fn uri(data: &[u8]) {
    let mut input = Input(data);
    let flags = u32::from(input.byte() & 1);
    let text = input.0.split(|c| *c == 0).next().unwrap_or_default();
    let text = &text[..text.len().min(4096)];
    if let Ok(uri) = Uri::parse_authority(text) {
        assert!(uri.get(Part::Host).is_some() && (-1..=65535).contains(&uri.port()));
    }
    let Ok(uri) = Uri::parse(text, flags) else { return };
    assert!((-1..=65535).contains(&uri.port()));
    assert!(uri.get(Part::Path).is_some());
    for part in PARTS {
        assert_eq!(uri.get(part).is_some(), uri.get_c(part).is_some());
        assert!(uri.get(part).is_none_or(|t| !t.contains(&0)));
        assert!(uri.get_c(part).is_none_or(|t| t.last() == Some(&0)));
    }
    let Some(joined) = join(&uri) else { return };
    let again =
        Uri::parse(&joined, flags).unwrap_or_else(|_| panic!("{joined:?} was written and is refused"));
    for part in PARTS {
        assert_eq!(uri.get(part), again.get(part), "{part:?} of {joined:?}");
    }
    assert_eq!(uri.port(), again.port());
    assert_eq!(join(&again).as_deref(), Some(&joined[..]));

    // Each part may be set to what it is, and taken away.
    let mut copy = Uri::new(flags);
    copy.set_port(uri.port()).unwrap();
    for part in PARTS {
        copy.set(part, uri.get(part)).unwrap_or_else(|_| panic!("{part:?} of {joined:?} cannot be set"));
        assert_eq!(copy.get(part), uri.get(part));
    }
    assert_eq!(join(&copy).as_deref(), Some(&joined[..]));
    for part in PARTS {
        copy.set(part, None).unwrap();
        assert_eq!(copy.get(part), None);
        let _ = join(&copy);
    }
}

/// A query string.
pub fn query(data: &[u8]) {
    let mut end = 0;
    for argument in arguments::arguments(data) {
        let Ok((name, value)) = argument else { return };
        assert!(!name.is_empty() && !name.contains(&b'=') && !name.contains(&b'&') && !value.contains(&b'&'));
        // They follow each other in the text.
        let at = name.as_ptr() as usize - data.as_ptr() as usize;
        assert!(at >= end);
        end = at + name.len() + value.len();
        let mut decoded = Vec::new();
        escape::decode(value, escape::Plus::Always, |c| decoded.push(c));
        assert!(decoded.len() <= value.len() && !decoded.contains(&0));
    }
}

/// Percent encoding and HTML.
pub fn escapes(data: &[u8]) {
    for plus in [false, true] {
        let mut encoded = Vec::new();
        escape::encode(data, plus, |[a, b, c, n]| encoded.extend_from_slice(&[a, b, c][..usize::from(n)]));
        assert_eq!(Some(encoded.len()), escape::encoded_len(data, plus));
        assert!(encoded.iter().all(|c| c.is_ascii_graphic() && !b"&=?#/<>\"".contains(c)));
        let mut back = Vec::new();
        let how = if plus { escape::Plus::Always } else { escape::Plus::Never };
        escape::decode(&encoded, how, |c| back.push(c));
        assert_eq!(back, data);
    }
    for how in [escape::Plus::Always, escape::Plus::Never, escape::Plus::InQuery] {
        let mut decoded = Vec::new();
        escape::decode(data, how, |c| decoded.push(c));
        assert!(decoded.len() <= data.len());
        assert!(!decoded.contains(&0) || escape::has_nul(data));
    }
    let mut page = Vec::new();
    html::escape(data, |piece| page.extend_from_slice(piece));
    assert_eq!(html::escaped_len(data), Some(page.len()));
    assert!(!page.iter().any(|c| b"<>\"'".contains(c)));
}
