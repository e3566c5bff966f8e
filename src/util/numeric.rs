//! Internet addresses as text, to and from bytes. No I/O, no unsafe.
#![forbid(unsafe_code)]
use super::text::Buf;
use std::fmt::Write;
use std::net::Ipv6Addr;

/// Room for every address as text: 39 bytes for IPv6, 46 with dotted quads.
pub(super) type AddrText = Buf<64>;

/// Four decimal numbers below 256. Blanks in front and zeroes before a number are let through, as libevent does.
pub(super) fn parse_v4(s: &[u8]) -> Option<[u8; 4]> {
    let mut out = [0; 4];
    let mut parts = s.trim_ascii_start().split(|&c| c == b'.');
    for byte in &mut out {
        let digits = parts.next().filter(|d| !d.is_empty())?;
        let mut value = 0u16;
        for c in digits {
            value = value * 10 + u16::from(c.checked_sub(b'0').filter(|d| *d < 10)?);
            if value > 255 {
                return None;
            }
        }
        *byte = value as u8;
    }
    parts.next().is_none().then_some(out)
}

/// The text form of RFC 4291, dotted quads at the end included, without brackets or zone.
pub(super) fn parse_v6(s: &[u8]) -> Option<[u8; 16]> {
    std::str::from_utf8(s).ok()?.parse::<Ipv6Addr>().ok().map(|a| a.octets())
}

pub(super) fn format_v4(a: [u8; 4]) -> AddrText {
    let mut b = AddrText::new();
    let _ = write!(b, "{}.{}.{}.{}", a[0], a[1], a[2], a[3]);
    b
}
/// Shortest form, lower case; addresses that embed an IPv4 address (::a.b.c.d, ::ffff:a.b.c.d) show it dotted.
pub(super) fn format_v6(a: [u8; 16]) -> AddrText {
    let mut b = AddrText::new();
    let addr = Ipv6Addr::from(a);
    let w = addr.segments();
    let _ = if w[..6] == [0; 6] && w[6] != 0 && w[7] != 0 {
        write!(b, "::{}.{}.{}.{}", a[12], a[13], a[14], a[15])
    } else {
        write!(b, "{addr}")
    };
    b
}

/// A port as C's atoi reads it: blanks, a sign, digits, and whatever follows them.
pub(super) fn parse_port_leniently(s: &[u8]) -> Option<u16> {
    let s = s.trim_ascii_start();
    let s = s.strip_prefix(b"+").unwrap_or(s);
    let mut value = 0u32;
    for c in s.iter().map_while(|c| c.checked_sub(b'0').filter(|d| *d < 10)) {
        value = value * 10 + u32::from(c);
        if value > 65535 {
            return None;
        }
    }
    Some(value as u16).filter(|p| *p != 0)
}

/// The parts of an address with a port, not yet looked into.
pub(super) struct HostPort<'a> {
    pub(super) host: &'a [u8],
    pub(super) is_v6: bool,
    pub(super) port: Option<&'a [u8]>,
}
/// Splits what [`super::addr::parse_sockaddr_port`] takes.
pub(super) fn split_host_port(s: &[u8]) -> Option<HostPort<'_>> {
    if let Some(rest) = s.strip_prefix(b"[") {
        let end = rest.iter().position(|&c| c == b']')?;
        return Some(HostPort { host: &rest[..end], is_v6: true, port: rest[end + 1..].strip_prefix(b":") });
    }
    let Some(colon) = s.iter().position(|&c| c == b':') else {
        return Some(HostPort { host: s, is_v6: false, port: None });
    };
    let after = &s[colon + 1..];
    if after.contains(&b':') {
        return Some(HostPort { host: s, is_v6: true, port: None });
    }
    Some(HostPort { host: &s[..colon], is_v6: false, port: Some(after) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_is_four_decimal_numbers() {
        assert_eq!(parse_v4(b"1.2.3.4"), Some([1, 2, 3, 4]));
        assert_eq!(parse_v4(b" 010.0.0.255"), Some([10, 0, 0, 255]));
        for bad in [
            "",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.256",
            "1..3.4",
            "1.2.3.4 ",
            "1.2.3.-4",
            "1.2.3.+4",
            "a.b.c.d",
            "1.2.3.4.",
        ] {
            assert_eq!(parse_v4(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse_v4(&[b'0'; 100_000]), None);
    }
    #[test]
    fn v6_shows_embedded_v4() {
        for s in [
            "::",
            "::1",
            "::1.2.3.4",
            "::ffff:1.2.3.4",
            "ffff:1::",
            "::9:c0a8:1:1",
            "1:2:3:4:5:6:7:8",
            "1::8",
        ] {
            let a = parse_v6(s.as_bytes()).unwrap();
            assert_eq!(format_v6(a).as_str(), s);
        }
        for bad in [
            "1:2:3:4:5:6:7:8:",
            "1:2:3:4:5:6:7:8:9",
            "0x1::",
            "1::2::3",
            ":::1",
            "::1%lo",
            "[::1]",
            "fffff::",
            ":1",
        ] {
            assert_eq!(parse_v6(bad.as_bytes()), None, "{bad}");
        }
    }
    #[test]
    fn ports_read_as_atoi_reads_them() {
        assert_eq!(parse_port_leniently(b"80"), Some(80));
        assert_eq!(parse_port_leniently(b" +80\r\n"), Some(80));
        for bad in ["", "0", "-1", "65536", "99999999999999999999", "x80"] {
            assert_eq!(parse_port_leniently(bad.as_bytes()), None, "{bad}");
        }
    }
}
