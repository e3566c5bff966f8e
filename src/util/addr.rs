//! Socket addresses: to and from text, comparing, classifying.
use super::numeric;
use super::text::{Buf, copy_out};
use crate::sys::c::{AF_INET, AF_INET6, sockaddr, sockaddr_in, sockaddr_in6, sockaddr_storage};
use crate::sys::{c, socket};
use std::ffi::{CStr, c_char, c_int};
use std::fmt::Write;

/// An address of the two internet families.
#[derive(Clone, Copy)]
pub enum Inet {
    V4(sockaddr_in),
    V6(sockaddr_in6),
}
impl Inet {
    pub fn v4(bytes: [u8; 4], port: u16) -> Inet {
        let mut a = socket::empty_v4();
        a.sin_port = port.to_be();
        a.sin_addr.s_addr = u32::from_ne_bytes(bytes);
        Inet::V4(a)
    }
    pub fn v6(bytes: [u8; 16], port: u16, scope: u32) -> Inet {
        let mut a = socket::empty_v6();
        a.sin6_port = port.to_be();
        a.sin6_addr.s6_addr = bytes;
        a.sin6_scope_id = scope;
        Inet::V6(a)
    }
    pub fn family(&self) -> c_int {
        match self {
            Inet::V4(_) => AF_INET,
            Inet::V6(_) => AF_INET6,
        }
    }
    pub fn len(&self) -> usize {
        match self {
            Inet::V4(_) => size_of::<sockaddr_in>(),
            Inet::V6(_) => size_of::<sockaddr_in6>(),
        }
    }
    pub fn is_empty(&self) -> bool {
        false
    }
    pub fn as_ptr(&self) -> *const sockaddr {
        match self {
            Inet::V4(a) => (&raw const *a).cast(),
            Inet::V6(a) => (&raw const *a).cast(),
        }
    }
    /// Reads the address that `sa` points at; None for other families.
    ///
    /// # Safety
    /// `sa` is readable for the size that its family has.
    pub unsafe fn read(sa: *const sockaddr) -> Option<Inet> {
        // SAFETY: the caller's promise. Programs hand over buffers of any alignment.
        unsafe {
            match c_int::from((&raw const (*sa).sa_family).read_unaligned()) {
                AF_INET => Some(Inet::V4(sa.cast::<sockaddr_in>().read_unaligned())),
                AF_INET6 => Some(Inet::V6(sa.cast::<sockaddr_in6>().read_unaligned())),
                _ => None,
            }
        }
    }
    /// The port in host order.
    pub fn port(&self) -> u16 {
        match self {
            Inet::V4(a) => u16::from_be(a.sin_port),
            Inet::V6(a) => u16::from_be(a.sin6_port),
        }
    }
    /// The address in its usual form, without zone and port.
    pub fn host(&self) -> Buf<64> {
        let mut out = Buf::new();
        let _ = match self {
            Inet::V4(a) => out.write_str(numeric::format_v4(a.sin_addr.s_addr.to_ne_bytes()).as_str()),
            Inet::V6(a) => out.write_str(numeric::format_v6(a.sin6_addr.s6_addr).as_str()),
        };
        out
    }
    /// An address as large as any, for those who keep one.
    pub fn to_storage(self) -> sockaddr_storage {
        let mut s = crate::sys::socket::empty_address();
        // SAFETY: sockaddr_storage holds every address.
        unsafe {
            std::ptr::copy_nonoverlapping(self.as_ptr().cast::<u8>(), (&raw mut s).cast::<u8>(), self.len())
        };
        s
    }
}

/// The number of the interface a zone names: its name, or a decimal number.
fn parse_zone(zone: &CStr) -> Option<u32> {
    let _keep = crate::sys::ErrnoGuard::new();
    // SAFETY: a C string.
    let index = unsafe { c::if_nametoindex(zone.as_ptr()) };
    if index != 0 {
        return Some(index);
    }
    let digits = zone.to_bytes();
    if digits.is_empty() {
        return Some(0);
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `evutil_inet_pton_scope`: IPv6 text with an optional `%zone`; the zone's number is 0 if there is none.
pub fn parse_v6_scope(s: &CStr) -> Option<([u8; 16], u32)> {
    let bytes = s.to_bytes();
    match bytes.iter().position(|&c| c == b'%') {
        None => Some((numeric::parse_v6(bytes)?, 0)),
        Some(at) => {
            let addr = numeric::parse_v6(&bytes[..at])?;
            // The rest of a C string is one.
            let zone = CStr::from_bytes_with_nul(&s.to_bytes_with_nul()[at + 1..]).ok()?;
            Some((addr, parse_zone(zone)?))
        }
    }
}
/// Dotted decimal text as bytes in network order.
pub fn parse_v4(s: &CStr) -> Option<[u8; 4]> {
    numeric::parse_v4(s.to_bytes())
}
/// IPv6 text without a zone.
pub fn parse_v6(s: &CStr) -> Option<[u8; 16]> {
    numeric::parse_v6(s.to_bytes())
}

/// `evutil_parse_sockaddr_port`: `[v6]:port`, `[v6]`, `v6`, `v4:port` or `v4`; no port is port 0.
pub fn parse_sockaddr_port(s: &CStr) -> Option<Inet> {
    let numeric::HostPort { host: addr, is_v6, port } = numeric::split_host_port(s.to_bytes())?;
    let port = match port {
        None => 0,
        Some(p) => numeric::parse_port_leniently(p)?,
    };
    if !is_v6 {
        return numeric::parse_v4(addr).map(|a| Inet::v4(a, port));
    }
    // A zone needs a C string of its own: an address is 45 bytes at most, an interface's name 15.
    let mut text = Buf::<128>::new();
    text.write_str(std::str::from_utf8(addr).ok()?).ok()?;
    text.write_str("\0").ok()?;
    let (a, scope) = parse_v6_scope(CStr::from_bytes_until_nul(text.as_bytes()).ok()?)?;
    Some(Inet::v6(a, port, scope))
}

/// `evutil_inet_ntop` of 4 bytes. False if it does not fit with its NUL.
///
/// # Safety
/// `dst` is writable for `size` bytes.
pub unsafe fn format_v4(a: [u8; 4], dst: *mut c_char, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { copy_out(numeric::format_v4(a).as_bytes(), dst, size) }
}
/// `evutil_inet_ntop` of 16 bytes. False if it does not fit with its NUL.
///
/// # Safety
/// `dst` is writable for `size` bytes.
pub unsafe fn format_v6(a: [u8; 16], dst: *mut c_char, size: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { copy_out(numeric::format_v6(a).as_bytes(), dst, size) }
}

/// "a.b.c.d:port", "[v6]:port", or a note of the family's number for others.
///
/// # Safety
/// `sa` is readable for the size that its family has.
pub unsafe fn format_sockaddr_port(sa: *const sockaddr) -> Buf<128> {
    let mut out = Buf::new();
    // SAFETY: the caller's promise.
    let _ = match unsafe { Inet::read(sa) } {
        Some(i @ Inet::V4(a)) => {
            let host = numeric::format_v4(a.sin_addr.s_addr.to_ne_bytes());
            write!(out, "{}:{}", host.as_str(), i.port())
        }
        Some(i @ Inet::V6(a)) => {
            write!(out, "[{}]:{}", numeric::format_v6(a.sin6_addr.s6_addr).as_str(), i.port())
        }
        None => {
            // SAFETY: the caller's promise.
            let family = unsafe { (&raw const (*sa).sa_family).read_unaligned() };
            write!(out, "<addr with socktype {family}>")
        }
    };
    out
}

/// `evutil_sockaddr_cmp`: 0 if equal, otherwise the sign tells the order. Families that are not of the internet are
/// never equal.
///
/// # Safety
/// Both are readable for the size that their family has.
pub unsafe fn sockaddr_cmp(a: *const sockaddr, b: *const sockaddr, with_port: bool) -> c_int {
    // SAFETY: the caller's promise.
    let (fa, fb) = unsafe {
        ((&raw const (*a).sa_family).read_unaligned(), (&raw const (*b).sa_family).read_unaligned())
    };
    if fa != fb {
        return c_int::from(fa) - c_int::from(fb);
    }
    // SAFETY: the caller's promise.
    let (addr, pa, pb) = match unsafe { (Inet::read(a), Inet::read(b)) } {
        (Some(Inet::V4(x)), Some(Inet::V4(y))) => {
            (x.sin_addr.s_addr.cmp(&y.sin_addr.s_addr), x.sin_port, y.sin_port)
        }
        (Some(Inet::V6(x)), Some(Inet::V6(y))) => {
            (x.sin6_addr.s6_addr.cmp(&y.sin6_addr.s6_addr), x.sin6_port, y.sin6_port)
        }
        _ => return 1,
    };
    match addr as c_int {
        0 if with_port => c_int::from(pa) - c_int::from(pb),
        r => r,
    }
}

/// 127.0.0.0/8 or ::1.
///
/// # Safety
/// `sa` is readable for the size that its family has.
pub unsafe fn is_loopback(sa: *const sockaddr) -> bool {
    // SAFETY: the caller's promise.
    match unsafe { Inet::read(sa) } {
        Some(Inet::V4(a)) => a.sin_addr.s_addr.to_ne_bytes()[0] == 127,
        Some(Inet::V6(a)) => u128::from_be_bytes(a.sin6_addr.s6_addr) == 1,
        None => false,
    }
}
/// An address that says nothing about being connected to the world: any, loopback, link-local, multicast.
pub fn v4_is_local(a: [u8; 4]) -> bool {
    a == [0; 4] || a[0] == 127 || (a[0] == 169 && a[1] == 254) || a[0] & 0xf0 == 0xe0
}
/// The same for IPv6: the block of ::, unique local, link-local, site-local, multicast.
pub fn v6_is_local(a: [u8; 16]) -> bool {
    a[..8] == [0; 8] || a[0] & 0xfe == 0xfc || (a[0] == 0xfe && a[1] & 0x80 != 0) || a[0] == 0xff
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "tests may use std")]
mod tests {
    use super::*;

    fn text(s: &CStr) -> Option<String> {
        let a = parse_sockaddr_port(s)?;
        // SAFETY: an address of ours.
        Some(unsafe { format_sockaddr_port(a.as_ptr()) }.as_str().to_owned())
    }
    #[test]
    fn addresses_with_ports() {
        for (s, want) in [
            (c"[ffff::1]:1000", Some("[ffff::1]:1000")),
            (c"[ffff::1]", Some("[ffff::1]:0")),
            (c"1:2::1", Some("[1:2::1]:0")),
            (c"192.168.0.1:50", Some("192.168.0.1:50")),
            (c"1.2.3.4", Some("1.2.3.4:0")),
            (c"[ffff::1", None),
            (c"[ffff::1]:65599", None),
            (c"[ffff::1]:0", None),
            (c"[ffff::1]:-1", None),
            (c"1.2.3.4:", None),
            (c"", None),
            (c"[]", None),
            (c":", None),
            (c":80", None),
            (c"[1.2.3.4]:80", None),
        ] {
            assert_eq!(text(s).as_deref(), want, "{s:?}");
        }
    }
    #[test]
    fn an_endless_address_is_refused() {
        let mut s = vec![b'1'; 1 << 20];
        s[0] = b'[';
        s.extend_from_slice(b"]:80\0");
        assert!(parse_sockaddr_port(CStr::from_bytes_with_nul(&s).unwrap()).is_none());
    }
    #[test]
    fn zones_are_names_or_numbers() {
        assert_eq!(parse_v6_scope(c"fe80::1%7").unwrap().1, 7);
        #[cfg(target_os = "linux")]
        assert_eq!(parse_v6_scope(c"fe80::1%lo").map(|r| r.1), Some(1));
        assert_eq!(parse_v6_scope(c"fe80::1%").unwrap().1, 0);
        assert!(parse_v6_scope(c"fe80::1%no-such-interface").is_none());
        assert!(parse_v6_scope(c"fe80::1%99999999999").is_none());
        let Some(Inet::V6(a)) = parse_sockaddr_port(c"[fe80::1%3]:9") else { panic!() };
        assert_eq!((a.sin6_scope_id, a.sin6_port), (3, 9u16.to_be()));
    }
    #[test]
    fn locality() {
        let v4 = |s: &CStr| v4_is_local(parse_v4(s).unwrap());
        assert!(v4(c"0.0.0.0") && v4(c"127.9.9.9") && v4(c"169.254.1.1") && v4(c"224.0.0.1"));
        assert!(!v4(c"10.0.0.1") && !v4(c"8.8.8.8") && !v4(c"240.0.0.1"));
        let v6 = |s: &CStr| v6_is_local(parse_v6(s).unwrap());
        assert!(v6(c"::1") && v6(c"fc00::1") && v6(c"fe80::1") && v6(c"fec0::1") && v6(c"ff02::1"));
        assert!(!v6(c"2001:db8::1") && !v6(c"fe00::1"));
    }
    #[test]
    fn comparing() {
        let p = |s| parse_sockaddr_port(s).unwrap();
        let cmp = |a: Inet, b: Inet, port| {
            // SAFETY: addresses of ours.
            unsafe { sockaddr_cmp(a.as_ptr(), b.as_ptr(), port) }
        };
        assert_eq!(cmp(p(c"1.2.3.4:5"), p(c"1.2.3.4:6"), false), 0);
        assert!(cmp(p(c"1.2.3.4:5"), p(c"1.2.3.4:6"), true) < 0);
        assert!(cmp(p(c"[::2]:5"), p(c"[::1]:5"), true) > 0);
        assert_ne!(cmp(p(c"::1"), p(c"127.0.0.1"), false), 0);
    }
}
