#![expect(clippy::disallowed_types, reason = "a test")]
use super::*;

const V10: Version = Version { major: 1, minor: 0 };
const V11: Version = Version { major: 1, minor: 1 };

fn text(s: &[u8]) -> String {
    s.escape_ascii().to_string()
}
/// First line, fields and the bytes of the head; None when the head is not complete.
type Parsed = Result<Option<(String, Vec<(String, String)>, usize)>, Refused>;

/// Reads the head of a request that arrives in pieces ending at `cuts`.
fn read_in(input: &[u8], cuts: &[usize], bare_lf: bool) -> Parsed {
    let mut head = Head::new(1000, 10);
    head.allow_bare_lf(bare_lf);
    let (mut at, mut first, mut fields) = (0, None, Vec::new());
    for &cut in cuts.iter().chain(&[input.len()]) {
        loop {
            let data = &input[at..cut];
            if first.is_none() {
                let Some((line, n)) = head.request_line(data)? else { break };
                first = Some(format!("{} {} 1.{}", text(line.method), text(line.target), line.version.minor));
                at += n;
                continue;
            }
            let Some((field, n)) = head.field(data)? else { break };
            at += n;
            let Field::Named { name, value } = field else {
                return Ok(Some((first.unwrap_or_default(), fields, at)));
            };
            let mut v = Vec::new();
            value.each(|piece| v.extend_from_slice(piece));
            assert!(v.len() <= value.room());
            assert!(value.whole().is_none_or(|w| w == v));
            fields.push((text(name), text(&v)));
        }
    }
    Ok(None)
}
fn read_with(input: &[u8], bare_lf: bool) -> Parsed {
    let whole = read_in(input, &[], bare_lf);
    let each: Vec<usize> = (0..input.len()).collect();
    assert_eq!(read_in(input, &each, bare_lf), whole, "{}", text(input));
    for cut in each {
        assert_eq!(read_in(input, &[cut], bare_lf), whole, "{} at {cut}", text(input));
    }
    whole
}
fn fields(lines: &str) -> Result<Vec<(String, String)>, Refused> {
    let message = format!("GET / HTTP/1.1\r\n{lines}\r\n");
    let read = read_with(message.as_bytes(), false)?;
    Ok(read
        .map(|(_, f, n)| {
            assert_eq!(n, message.len());
            f
        })
        .expect("complete"))
}
fn good(lines: &str, want: &[(&str, &str)]) {
    let want: Vec<_> = want.iter().map(|(n, v)| (text(n.as_bytes()), text(v.as_bytes()))).collect();
    assert_eq!(fields(lines), Ok(want), "{lines:?}");
}
fn bad(lines: &str) {
    let message = format!("GET / HTTP/1.1\r\n{lines}\r\nx");
    assert_eq!(read_with(message.as_bytes(), false), Err(Refused::Syntax), "{lines:?}");
}

#[test]
fn usual_request_lines_are_read_in_one_pass() {
    for (target, path, query) in [
        ("/", 1, 1),
        ("/a/long/path/of/more/than/sixteen/bytes", 39, 39),
        ("/p?q", 2, 4),
        ("/p?", 2, 3),
        ("/p?q?r=/s", 2, 9),
        ("/p?q#f", 2, 4),
        ("/p#f?g#h", 2, 2),
        ("/%zz\u{e9}:x?\u{e9}", 8, 11),
    ] {
        for method in ["GET", "POST", "M-SEARCH"] {
            let data = format!("{method} {target} HTTP/1.0\r\n");
            let (line, n) = Head::new(1000, 10).request_line(data.as_bytes()).unwrap().unwrap();
            assert_eq!(n, data.len());
            assert_eq!(line.origin, Some(Origin { path, query }), "{target}");
            // The other way sees the same, but for the parts.
            let other = request_line(&data.as_bytes()[..n - 2]).unwrap();
            assert_eq!(line, RequestLine { origin: line.origin, ..other });
        }
    }
    for unusual in ["//a", "*", "http://a/", "/a b", " /", "/ ", "a"] {
        let data = format!("GET {unusual} HTTP/1.1\r\n");
        let read = Head::new(1000, 10).request_line(data.as_bytes());
        assert!(read.is_err() || read.is_ok_and(|r| r.unwrap().0.origin.is_none()), "{unusual}");
    }
    for bad in ["/\x01", "/\x7f", "/a\tb", "/?\x01", "/#\x01", "/a HTTP/1.1"] {
        let data = format!("GET {bad} HTTP/1.1\r\n");
        assert_eq!(Head::new(1000, 10).request_line(data.as_bytes()), Err(Refused::Syntax), "{bad:?}");
    }
}

#[test]
fn request_lines() {
    let line = |s: &'static str| request_line(s.as_bytes());
    let want = |method: &'static str, target: &'static str, version| {
        Ok(RequestLine { method: method.as_bytes(), target: target.as_bytes(), origin: None, version })
    };
    assert_eq!(line("GET / HTTP/1.1"), want("GET", "/", V11));
    assert_eq!(line("GET / HTTP/1.1   "), want("GET", "/", V11));
    assert_eq!(line("M-SEARCH * HTTP/1.0"), want("M-SEARCH", "*", V10));
    assert_eq!(line("GET /test nonconformant HTTP/1.1"), want("GET", "/test nonconformant", V11));
    assert_eq!(line("GET /\u{e9} HTTP/1.1"), want("GET", "/\u{e9}", V11));
    assert_eq!(line("CONNECT a:443 HTTP/1.1"), want("CONNECT", "a:443", V11));
    // Served as the highest version that we know.
    assert_eq!(line("GET / HTTP/1.9"), want("GET", "/", V11));
    for s in [
        "",
        " ",
        "GET",
        "GET /",
        "GET / ",
        "GET  HTTP/1.1",
        "GET HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        " GET / HTTP/1.1",
        "/ HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET / HTTP/1.1\t",
        "G(T / HTTP/1.1",
        "G\0T / HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\r HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "GET /a\tb HTTP/1.1",
        "GET / HTTP/1.1 HTTP/1.1",
        "GET / HTTP/1.1 x HTTP/1.1",
    ] {
        assert_eq!(line(s), Err(Refused::Syntax), "{s:?}");
    }
}
#[test]
fn versions_are_exact() {
    for v in [
        "HTTP/1.99",
        "HTTP/4294967297.1",
        "HTTP/2.0",
        "HTTP/0.9",
        "HTTP/1.",
        "HTTP/1",
        "HTTP/.1",
        "HTTP/1.-1",
        "HTTP/+1.1",
        "HTTP/01.1",
        "HTTP/1.01",
        "HTTP/1.1x",
        "HTTP/1,1",
        "http/1.1",
        "HTTPS/1.1",
        "HTTP /1.1",
        "XHTTP/1.1",
    ] {
        assert_eq!(request_line(format!("GET / {v}").as_bytes()), Err(Refused::Syntax), "{v}");
        assert_eq!(status_line(format!("{v} 200 OK").as_bytes()), Err(Refused::Syntax), "{v}");
    }
}
#[test]
fn status_lines() {
    let line = |s: &'static str| status_line(s.as_bytes());
    let want =
        |code, reason: &'static str, version| Ok(StatusLine { version, code, reason: reason.as_bytes() });
    assert_eq!(line("HTTP/1.1 200 OK"), want(200, "OK", V11));
    assert_eq!(line("HTTP/1.0 404 Not\tFound  x"), want(404, "Not\tFound  x", V10));
    assert_eq!(line("HTTP/1.1 200 "), want(200, "", V11));
    assert_eq!(line("HTTP/1.1 200"), want(200, "", V11));
    assert_eq!(line("HTTP/1.1 999 \u{e9}"), want(999, "\u{e9}", V11));
    for s in [
        "",
        "HTTP/1.1",
        "HTTP/1.1 ",
        "HTTP/1.1 20",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 2x0 OK",
        "HTTP/1.1 +20 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1 000",
        "HTTP/1.1  200 OK",
        "HTTP/1.1\t200 OK",
        "HTTP/1.1 200OK",
        "HTTP/1.1 200 O\0K",
        "HTTP/1.1 200 O\rK",
        "HTTP/1.1 200 \x1b[m",
    ] {
        assert_eq!(line(s), Err(Refused::Syntax), "{s:?}");
    }
    let mut head = Head::new(100, 1);
    assert_eq!(head.status_line(b"HTTP/1.1 200 OK\r"), Ok(None));
    assert!(head.status_line(b"HTTP/1.1 200 OK\r\nX").is_ok_and(|r| r.is_some_and(|(_, n)| n == 17)));
    assert_eq!(head.size(), 15);
}
#[test]
fn plain_fields() {
    good("", &[]);
    good("Host: somehost\r\n", &[("Host", "somehost")]);
    good("a:b\r\nA:  c \t\r\nb:\r\nc: \t \r\n", &[("a", "b"), ("A", "c"), ("b", ""), ("c", "")]);
    good("x: a:b:c\td \u{e9}\r\n", &[("x", "a:b:c\td \u{e9}")]);
    good("!#$%&'*+-.^_`|~09azAZ: v\r\n", &[("!#$%&'*+-.^_`|~09azAZ", "v")]);
}
#[test]
fn names_are_tokens() {
    for line in [
        ": v",
        " a: v",
        "\ta: v",
        "Content-Length : 40",
        "Content-Length\t: 40",
        "a b: v",
        "a(b: v",
        "a\x0b: v",
        "a\0: v",
        "\u{e9}: v",
        "no colon",
        "\"a\": v",
        "a\r: v",
    ] {
        bad(&format!("{line}\r\n"));
        bad(&format!("ok: 1\r\n{line}\r\n").replace("\r\n a", "\r\n(a").replace("\r\n\ta", "\r\n(a"));
    }
}
#[test]
fn values_have_no_control_bytes() {
    for c in (0..32u8).chain([127]).filter(|c| !b"\t\n".contains(c)) {
        bad(&format!("a: b{}c\r\n", c as char));
        bad(&format!("a: {}\r\n", c as char));
        bad(&format!("a: b\r\n b{}c\r\n", c as char));
    }
}
#[test]
fn folded_values_are_joined_by_one_space() {
    good("X-Multi-Extra-WS:  libevent  \r\n\t\t\t2.1 \r\n", &[("X-Multi-Extra-WS", "libevent 2.1")]);
    good(
        "X-Multi:  aaaaaaaa\r\n a\r\n\tEND\r\nX-Last: last\r\n",
        &[("X-Multi", "aaaaaaaa a END"), ("X-Last", "last")],
    );
    good("a:\r\n b\r\n", &[("a", "b")]);
    good("a: b\r\n  \r\n\t\r\n c\r\n", &[("a", "b c")]);
    good("a: b\r\n  \r\n", &[("a", "b")]);
    // It stays one value, whatever it looks like.
    good("a: b\r\n Content-Length: 4\r\nc: d\r\n", &[("a", "b Content-Length: 4"), ("c", "d")]);
}
#[test]
fn lines_end_in_crlf() {
    let full = "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n";
    let bare = full.replace("\r\n", "\n");
    assert_eq!(read_with(bare.as_bytes(), false), Err(Refused::Syntax));
    let read = read_with(bare.as_bytes(), true).unwrap().unwrap();
    assert_eq!(read.1, [("Host".into(), "h".into()), ("A".into(), "b c".into())]);
    assert_eq!(read.1, read_with(full.as_bytes(), true).unwrap().unwrap().1);
    for n in 0..full.matches("\r\n").count() {
        let at = full.match_indices("\r\n").nth(n).unwrap().0;
        let one = format!("{}{}x", &full[..at], &full[at + 1..]);
        assert_eq!(read_with(one.as_bytes(), false), Err(Refused::Syntax), "{one:?}");
    }
    bad("a: b\r");
    bad("a: b\r\r\n");
    bad("a\n: b\r\n");
}
#[test]
fn the_body_is_left_alone() {
    let read = read_with(b"POST /x HTTP/1.1\r\nA: b\r\n\r\nA: c\r\n\r\n", false).unwrap().unwrap();
    assert_eq!((read.1.len(), read.2), (1, 26));
}
#[test]
fn heads_have_limits() {
    let read = |n: usize, limit| {
        let mut head = Head::new(limit, 3);
        let line = format!("GET /{} HTTP/1.1\r\n", "a".repeat(n));
        head.request_line(line.as_bytes()).map(|r| r.is_some())
    };
    assert_eq!(read(10, 24), Ok(true));
    assert_eq!(read(11, 24), Err(Refused::HeadTooLong));
    // Not complete yet, and already too long.
    assert_eq!(Head::new(24, 3).request_line(&[b'a'; 24]), Ok(None));
    assert_eq!(Head::new(24, 3).request_line(&[b'a'; 27]), Err(Refused::HeadTooLong));
    assert_eq!(Head::new(24, 3).field(&[b'a'; 27]), Err(Refused::HeadTooLong));
    // A line of just the right length, whose end has arrived in part (found by fuzzing).
    let mut head = Head::new(10, 9);
    for so_far in [&b"a: 1234567"[..], b"a: 1234567\r", b"a: 1234567\r\n"] {
        assert_eq!(head.field(so_far), Ok(None));
    }
    assert!(matches!(head.field(b"a: 1234567\r\nx"), Ok(Some(_))));

    let mut head = Head::new(100, 3);
    for n in 1..=3 {
        assert!(head.field(b"a: b\r\nx").is_ok(), "{n}");
    }
    assert_eq!(head.size(), 12);
    assert_eq!(head.field(b"a: b\r\nx"), Err(Refused::HeadTooLong));
    // The sum counts, not the single line.
    let mut head = Head::new(10, 9);
    assert!(head.field(b"a: 123\r\nx").is_ok());
    assert_eq!(head.field(b"a: 12\r\nx"), Err(Refused::HeadTooLong));
    let mut head = Head::new(10, 9);
    assert_eq!(head.field(b"a: b\r\n c\r\n d\r\nx"), Err(Refused::HeadTooLong));
}
#[test]
fn garbage_never_panics_and_splits_do_not_matter() {
    let alphabet = b"Aa:\r\n \t\r\n\0";
    let mut seed = 3u32;
    for _ in 0..3000 {
        let mut input = *b"GET / HTTP/1.1\r\n????????????????????";
        for c in &mut input[16..] {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *c = alphabet[(seed >> 16) as usize % alphabet.len()];
        }
        for bare_lf in [false, true] {
            let whole = read_in(&input, &[], bare_lf);
            let each: Vec<usize> = (0..input.len()).collect();
            assert_eq!(read_in(&input, &each, bare_lf), whole, "{}", text(&input));
        }
    }
}
