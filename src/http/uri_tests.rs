#![expect(clippy::disallowed_types, reason = "a test")]
use super::*;

const STRICT: u32 = 0;

type Parts<'a> =
    (Option<&'a str>, Option<&'a str>, Option<&'a str>, i32, &'a str, Option<&'a str>, Option<&'a str>);

fn text(s: &[u8]) -> &str {
    std::str::from_utf8(s).unwrap()
}
fn joined(uri: &Uri) -> Option<String> {
    let mut out = [0xffu8; 4096];
    let n = uri.join(&mut out).ok()?;
    assert_eq!(out[n], 0);
    Some(text(&out[..n]).to_owned())
}
fn check(source: &str, want: Parts<'_>, again: &str) {
    for flags in [STRICT, NONCONFORMANT] {
        let uri = Uri::parse(source.as_bytes(), flags).unwrap_or_else(|_| panic!("{source:?}"));
        let get = |p| uri.get(p).map(text);
        let parts = (
            get(Part::Scheme),
            get(Part::Userinfo),
            get(Part::Host),
            uri.port(),
            get(Part::Path).unwrap(),
            get(Part::Query),
            get(Part::Fragment),
        );
        assert_eq!(parts, want, "{source:?}");
        for p in [Part::Scheme, Part::Host, Part::Path, Part::Query, Part::Fragment] {
            assert!(uri.get_c(p).is_none_or(|s| s.last() == Some(&0)));
        }
        assert_eq!(joined(&uri).as_deref(), Some(again));
    }
}

#[test]
fn well_formed_uris() {
    let same = |s: &'static str, parts: Parts<'_>| check(s, parts, s);
    let (http, host) = (Some("http"), Some("www.test.com"));
    same("mailto:foo@bar", (Some("mailto"), None, None, -1, "foo@bar", None, None));
    same("http://www.test.com/?q=t%33est", (http, None, host, -1, "/", Some("q=t%33est"), None));
    same("http://%77ww.test.com", (http, None, Some("%77ww.test.com"), -1, "", None, None));
    same("http://www.test.com?q=test", (http, None, host, -1, "", Some("q=test"), None));
    same("http://www.test.com#fragment", (http, None, host, -1, "", None, Some("fragment")));
    same("http://8000/", (http, None, Some("8000"), -1, "/", None, None));
    same("http://:8000/", (http, None, Some(""), 8000, "/", None, None));
    check("http://www.test.com:/", (http, None, host, -1, "/", None, None), "http://www.test.com/");
    check("http://www.test.com:", (http, None, host, -1, "", None, None), "http://www.test.com");
    check("http://a:0080/", (http, None, Some("a"), 80, "/", None, None), "http://a:80/");
    same("ftp://[::1]:999/?q=test", (Some("ftp"), None, Some("[::1]"), 999, "/", Some("q=test"), None));
    same("ftp://[ff00::127.0.0.1]/", (Some("ftp"), None, Some("[ff00::127.0.0.1]"), -1, "/", None, None));
    same(
        "ftp://[v99.not_(any:time)_soon]/",
        (Some("ftp"), None, Some("[v99.not_(any:time)_soon]"), -1, "/", None, None),
    );
    same(
        "scheme://user:pass@foo.com:42/?q=test&s=some+thing#fragment",
        (
            Some("scheme"),
            Some("user:pass"),
            Some("foo.com"),
            42,
            "/",
            Some("q=test&s=some+thing"),
            Some("fragment"),
        ),
    );
    same(
        "s://%75ser@foo.com/#frag@ment",
        (Some("s"), Some("%75ser"), Some("foo.com"), -1, "/", None, Some("frag@ment")),
    );
    same("s://@h/", (Some("s"), Some(""), Some("h"), -1, "/", None, None));
    same("file:///some/path", (Some("file"), None, Some(""), -1, "/some/path", None, None));
    same("///some/path", (None, None, Some(""), -1, "/some/path", None, None));
    same("//h//p", (None, None, Some("h"), -1, "//p", None, None));
    same("/s:ome/path?q=99#fred", (None, None, None, -1, "/s:ome/path", Some("q=99"), Some("fred")));
    same("relative/path/with/co:lon", (None, None, None, -1, "relative/path/with/co:lon", None, None));
    same("bob?q=99&q2=q?33#fr?ed", (None, None, None, -1, "bob", Some("q=99&q2=q?33"), Some("fr?ed")));
    same("#fr?ed", (None, None, None, -1, "", None, Some("fr?ed")));
    same("?", (None, None, None, -1, "", Some(""), None));
    same("#", (None, None, None, -1, "", None, Some("")));
    same("", (None, None, None, -1, "", None, None));
    same("a:", (Some("a"), None, None, -1, "", None, None));
    same("http://h:65535", (http, None, Some("h"), 65535, "", None, None));
}
#[test]
fn only_nonconformant_parsing_takes_these() {
    for s in [
        "http://www.test.com/ why hello",
        "http://www.test.com/why-hello\x01",
        "http://www.test.com/why-hello?\x01",
        "http://www.test.com/why-hello#\x01",
        "http://www.test.com/why-hell%7o",
        "http://www.test.com/why-hello%7",
        "http://www.test.com/why%",
        "http://www.test.com/foo?ba%r",
        "http://www.test.com/foo#ba%r",
        "/a#b#c",
        "/a[b]",
        "/\u{e9}",
    ] {
        assert!(Uri::parse(s.as_bytes(), STRICT).is_err(), "{s:?}");
        let uri = Uri::parse(s.as_bytes(), NONCONFORMANT).unwrap_or_else(|_| panic!("{s:?}"));
        assert_eq!(joined(&uri).as_deref(), Some(s));
    }
}
#[test]
fn no_parsing_takes_these() {
    for s in [
        "http://www.\x01.test.com/why-hello",
        "http://www.%7test.com/why-hello",
        "http://www.test%7/",
        "h%3ttp://www.test.com/why-hello",
        "99:99/foo",
        "http://www.test.com:999x/",
        "http://www.test.com:x/",
        "http://www.test.com:65536/",
        "http://www.test.com:-1/",
        "http://[hello-there]/",
        "http://[::1]]/",
        "http://[::1/",
        "http://[::1]x/",
        "http://x[::1]/",
        "http://[foob/",
        "http://[/",
        "http://[]/",
        "http://[ffff:ffff:ffff:ffff:Ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]/",
        "http://[vX.foo]/",
        "http://[v.foo]/",
        "http://[v5.fo%o]/",
        "http://[v5X]/",
        "http://[v5]/",
        "http://f\x01red@www.example.com/",
        "http://f%0red@www.example.com/",
        "http://a@b@c/",
        "http://www.example.com:9999999999999999999999999999999999999/",
        "http://www.example.com:hihi/",
        "http://a b/",
        "http://a\r\nb/",
        "://www.example.com/",
        ":",
        "a b:c",
    ] {
        for flags in [STRICT, NONCONFORMANT] {
            assert!(Uri::parse(s.as_bytes(), flags).is_err(), "{s:?}");
        }
    }
}
#[test]
fn authorities() {
    let a = Uri::parse_authority(b"example.com:443").unwrap();
    assert_eq!(
        (a.get(Part::Host), a.port(), a.get(Part::Path)),
        (Some(&b"example.com"[..]), 443, Some(&b""[..]))
    );
    assert_eq!(Uri::parse_authority(b"[::1]:1").unwrap().get(Part::Host), Some(&b"[::1]"[..]));
    for s in ["a/b", "a:443/", "a:x", "http://a", "a b:443", "a?b", "a#b"] {
        assert!(Uri::parse_authority(s.as_bytes()).is_err(), "{s}");
    }
}
#[test]
fn parts_are_checked_when_set() {
    let mut u = Uri::new(STRICT);
    for (part, bad) in [
        (Part::Scheme, ""),
        (Part::Scheme, "33"),
        (Part::Scheme, "hi!"),
        (Part::Userinfo, "hello@"),
        (Part::Host, "[1.2.3.4]"),
        (Part::Host, "["),
        (Part::Host, "www.[foo].com"),
        (Part::Host, "a\r\nb"),
        (Part::Path, "hello?world"),
        (Part::Query, "hello#world"),
        (Part::Fragment, "hello#world"),
        (Part::Path, "a b"),
    ] {
        assert_eq!(u.set(part, Some(bad.as_bytes())), Err(Error::Invalid), "{bad}");
        assert_eq!(u.get(part), None);
    }
    for (part, good) in [
        (Part::Scheme, "http"),
        (Part::Userinfo, "username:pass"),
        (Part::Host, "www.example.com"),
        (Part::Host, "[1:2:3:4::]"),
        (Part::Host, "[v7.wobblewobble]"),
        (Part::Host, ""),
        (Part::Path, ""),
        (Part::Path, "/documents/public/index.html"),
        (Part::Query, "key=val&key2=val2"),
        (Part::Query, ""),
        (Part::Fragment, "here?i?am"),
    ] {
        assert_eq!(u.set(part, Some(good.as_bytes())), Ok(()), "{good}");
        assert_eq!(u.get(part), Some(good.as_bytes()));
        assert_eq!(u.get_c(part).map(<[u8]>::len), Some(good.len() + 1));
        assert_eq!(u.set(part, None), Ok(()));
        assert_eq!(u.get(part), None);
    }
    assert!(u.set_port(-3).is_err());
    for port in [-1, 0, 80, 65535, i32::MAX] {
        assert_eq!(u.set_port(port), Ok(()));
        assert_eq!(u.port(), port);
    }
    u.flags = NONCONFORMANT;
    assert_eq!(u.set(Part::Path, Some(b"a b")), Ok(()));
    assert!(u.set(Part::Path, Some(b"a?b")).is_err());
    assert_eq!(u.set(Part::Fragment, Some(b"a#b")), Ok(()));
}
#[test]
fn setting_one_part_leaves_the_others_where_they_are() {
    let mut u = Uri::parse(b"http://h/p?q#f", STRICT).unwrap();
    let query = u.get(Part::Query).unwrap().as_ptr();
    u.set(Part::Path, Some("/much/longer/than/before".repeat(100).as_bytes())).unwrap();
    assert_eq!(u.get(Part::Query).unwrap().as_ptr(), query);
    assert!(joined(&u).unwrap().ends_with("/before?q#f"));
}
#[test]
fn joining_needs_room_and_a_rooted_path() {
    let mut u = Uri::new(STRICT);
    u.set(Part::Host, Some(b"www.example.com")).unwrap();
    assert_eq!(joined(&u).as_deref(), Some("//www.example.com"));
    let mut out = [0u8; 18];
    assert_eq!(u.join(&mut out), Ok(17));
    for n in 0..18 {
        assert!(u.join(&mut out[..n]).is_err(), "{n}");
    }
    u.set(Part::Path, Some(b"hi_mom")).unwrap();
    assert_eq!(joined(&u), None);
    u.set(Part::Host, None).unwrap();
    assert_eq!(joined(&u).as_deref(), Some("hi_mom"));
}
#[test]
fn what_is_parsed_and_joined_parses_the_same() {
    let alphabet = b"ah:/?#@[]%41. ";
    let mut seed = 7u32;
    for _ in 0..20000 {
        let mut s = [0u8; 12];
        for c in &mut s {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *c = alphabet[(seed >> 16) as usize % alphabet.len()];
        }
        for flags in [STRICT, NONCONFORMANT] {
            let Ok(uri) = Uri::parse(&s, flags) else { continue };
            let once = joined(&uri).unwrap();
            let twice = joined(&Uri::parse(once.as_bytes(), flags).unwrap()).unwrap();
            assert_eq!(once, twice);
        }
    }
}

#[test]
fn parts_that_were_found_are_those_that_are_read() {
    let long = format!("/{}?{}#{}", "p".repeat(100), "q".repeat(100), "f".repeat(100));
    let mut reused = Uri::parse(long.as_bytes(), NONCONFORMANT).unwrap();
    for target in ["/", "/p", "/p?", "/p?q", "/p?q#", "/p?q#f", "/p#", "/p#f?g#h", "/a:b?c", &long, "/last"] {
        let end = target.len();
        let query = target.find('#').unwrap_or(end);
        let path = target.find(['?', '#']).unwrap_or(end);
        reused.read_origin(target.as_bytes(), Origin { path, query }).unwrap();
        let read = Uri::parse(target.as_bytes(), NONCONFORMANT).unwrap();
        for part in [Part::Scheme, Part::Userinfo, Part::Host, Part::Path, Part::Query, Part::Fragment] {
            assert_eq!(reused.get_c(part), read.get_c(part), "{target} {part:?}");
        }
        assert_eq!((reused.port(), reused.flags), (read.port(), read.flags));
    }
}

#[test]
fn texts_of_any_length_keep_their_parts() {
    for n in 0..300 {
        let a = "a".repeat(n);
        for source in
            [format!("http://u@{a}/?{a}"), format!("s:{a}#{a}"), format!("//h:1/{a}"), format!("/{a}?{a}")]
        {
            let uri = Uri::parse(source.as_bytes(), STRICT).unwrap();
            assert_eq!(joined(&uri).as_deref(), Some(&*source));
        }
    }
}
