//! Addresses as text, held against the C library over random input.
#![cfg(unix)]
#![allow(clippy::disallowed_types, reason = "tests may use std")]
mod net;
use net::libc;
use oxievent::util::addr::{self, Inet};
use oxievent::util::text;
use oxievent::util::weak_random::WeakRandom;
use std::ffi::{CStr, CString, c_char, c_int, c_void};

fn libc_pton<const N: usize>(family: c_int, s: &CStr) -> Option<[u8; N]> {
    let mut out = [0; N];
    // SAFETY: N bytes for the family.
    (unsafe { inet_pton(family, s.as_ptr(), out.as_mut_ptr().cast()) } == 1).then_some(out)
}
unsafe extern "C" {
    fn inet_pton(family: c_int, src: *const c_char, dst: *mut c_void) -> c_int;
    fn inet_ntop(family: c_int, src: *const c_void, dst: *mut c_char, len: libc::socklen_t) -> *const c_char;
}
fn libc_ntop(family: c_int, bytes: &[u8]) -> String {
    let mut out = [0 as c_char; 64];
    // SAFETY: an address of the family and 64 bytes.
    unsafe {
        assert!(!inet_ntop(family, bytes.as_ptr().cast(), out.as_mut_ptr(), 64).is_null());
        CStr::from_ptr(out.as_ptr()).to_str().unwrap().to_owned()
    }
}
fn pick(r: &mut WeakRandom, n: usize) -> usize {
    r.below(n as c_int) as usize
}
/// Text that is nearly an address: pieces of addresses in random order, and valid ones with a byte changed.
fn nearly(r: &mut WeakRandom) -> CString {
    const PIECES: [&str; 24] = [
        ":", "::", ".", "0", "1", "ff", "FFFF", "12345", "255", "256", "1.2.3.4", "fe80", "[", "]", "]:",
        "%", "%1", "%lo", "80", "65536", "-", "+", " ", "g",
    ];
    let mut s = String::new();
    for _ in 0..1 + pick(r, 14) {
        s += PIECES[pick(r, PIECES.len())];
    }
    if r.below(3) == 0 {
        let mut b = [0u8; 16];
        b.fill_with(|| if r.below(2) == 0 { 0 } else { r.below(256) as u8 });
        s = libc_ntop(libc::AF_INET6, &b);
        if r.below(2) == 0 {
            let at = pick(r, s.len());
            s.replace_range(at..=at, PIECES[pick(r, PIECES.len())]);
        }
    }
    CString::new(s).unwrap()
}

#[test]
fn parsing_agrees() {
    let mut r = WeakRandom::from_seed(12345);
    let mut good = 0;
    for _ in 0..200_000 {
        let s = nearly(&mut r);
        let v6 = libc_pton::<16>(libc::AF_INET6, &s);
        assert_eq!(addr::parse_v6(&s), v6, "{s:?}");
        good += usize::from(v6.is_some());
        // Ours takes all that libc takes; blanks in front and leading zeroes besides.
        let (v4, ours) = (libc_pton::<4>(libc::AF_INET, &s), addr::parse_v4(&s));
        if v4.is_some() || !s.to_bytes().iter().any(|b| *b == b' ' || *b == b'0') {
            assert_eq!(ours, v4, "{s:?}");
        }
        // Neither may panic, and what is taken can be written and read again.
        if let Some(a) = addr::parse_sockaddr_port(&s) {
            // SAFETY: an address of ours.
            let text = unsafe { addr::format_sockaddr_port(a.as_ptr()) };
            let back = CString::new(text.as_str().trim_end_matches(":0")).unwrap();
            let again = addr::parse_sockaddr_port(&back).unwrap();
            // SAFETY: addresses of ours.
            assert_eq!(unsafe { addr::sockaddr_cmp(a.as_ptr(), again.as_ptr(), true) }, 0, "{s:?} {back:?}");
        }
    }
    assert!(good > 20_000, "{good}");
}
#[test]
fn every_v4_form_agrees() {
    let mut r = WeakRandom::from_seed(99);
    for _ in 0..100_000 {
        let s = (0..3 + r.below(3)).map(|_| r.below(300).to_string()).collect::<Vec<_>>().join(".");
        let s = CString::new(s).unwrap();
        assert_eq!(addr::parse_v4(&s), libc_pton::<4>(libc::AF_INET, &s), "{s:?}");
    }
}
#[test]
fn writing_agrees_and_reads_back() {
    let mut r = WeakRandom::from_seed(7);
    for _ in 0..100_000 {
        let mut b = [0u8; 16];
        let zero_chance = r.below(10);
        for pair in b.chunks_mut(2) {
            if r.below(10) >= zero_chance {
                pair.copy_from_slice(&(r.number() as u16).to_be_bytes());
            }
        }
        let mut out = [0 as c_char; 64];
        // SAFETY: 64 bytes, then a C string.
        let ours = unsafe {
            assert!(addr::format_v6(b, out.as_mut_ptr(), 64));
            CStr::from_ptr(out.as_ptr())
        };
        assert_eq!(addr::parse_v6(ours), Some(b));
        // glibc writes ::a.b.c.d also when one of its two words is zero.
        if b[..12] != [0; 12] {
            // Of two equal runs musl shortens the second, RFC 5952 and everybody else the first.
            let theirs = if cfg!(target_env = "musl") {
                std::net::Ipv6Addr::from(b).to_string()
            } else {
                libc_ntop(libc::AF_INET6, &b)
            };
            assert_eq!(ours.to_str().unwrap(), theirs);
        }
        let Inet::V4(_) = Inet::v4([b[0], b[1], b[2], b[3]], 1) else { panic!() };
        // SAFETY: 64 bytes, then a C string.
        let ours = unsafe {
            assert!(addr::format_v4([b[0], b[1], b[2], b[3]], out.as_mut_ptr(), 64));
            CStr::from_ptr(out.as_ptr())
        };
        assert_eq!(ours.to_str().unwrap(), libc_ntop(libc::AF_INET, &b[..4]));
    }
}
/// Whatever the room: never beyond it, always ended, and true exactly if it fits.
#[test]
fn writing_keeps_to_its_room() {
    let full = "1234:5678:9abc:def0:1234:5678:9abc:def0";
    let bytes = addr::parse_v6(&CString::new(full).unwrap()).unwrap();
    for room in 0..50 {
        let mut out = [0x55 as c_char; 64];
        // SAFETY: room is below 64.
        let fitted = unsafe { addr::format_v6(bytes, out.as_mut_ptr(), room) };
        assert_eq!(fitted, room > full.len());
        assert!(out[room..].iter().all(|c| *c == 0x55));
        if room > 0 {
            // SAFETY: ended within its room.
            let got = unsafe { CStr::from_ptr(out.as_ptr()) };
            assert_eq!(got.to_str().unwrap(), &full[..full.len().min(room - 1)]);
        }
    }
}
#[test]
fn comparing_without_case_agrees_for_ascii() {
    let mut r = WeakRandom::from_seed(3);
    for _ in 0..100_000 {
        let mut word = || {
            let n = pick(&mut r, 6);
            CString::new((0..n).map(|_| b'@' + r.below(60) as u8).collect::<Vec<u8>>()).unwrap()
        };
        let (a, b) = (word(), word());
        let n = pick(&mut r, 8);
        // SAFETY: C strings.
        unsafe {
            assert_eq!(
                text::casecmp(&a, &b).signum(),
                libc::strcasecmp(a.as_ptr(), b.as_ptr()).signum(),
                "{a:?} {b:?}"
            );
            assert_eq!(
                text::ncasecmp(a.as_ptr(), b.as_ptr(), n).signum(),
                libc::strncasecmp(a.as_ptr(), b.as_ptr(), n).signum(),
                "{a:?} {b:?} {n}"
            );
        }
    }
}
