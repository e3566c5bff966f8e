//! resolv.conf and the options of `evdns_base_set_option`, which are the same.
//!
//! Lines are `nameserver`, `domain`, `search` and `options`; others, and words from a '#' or ';' on, are passed over.
#![forbid(unsafe_code)]
use super::parse_addr;
use crate::util::addr::Inet;
use std::time::Duration;

/// A larger file is refused.
pub const MAX_FILE: usize = 64 << 10;

/// The file is larger than [`MAX_FILE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge;

/// One line that says something.
pub enum Line<'a> {
    /// Port 0 where none is given.
    Nameserver(Inet),
    /// The only domain to search in, instead of those that earlier lines gave.
    Domain(&'a [u8]),
    /// The domains to search in, first to last, instead of those that earlier lines gave.
    Search(Words<'a>),
    /// Each word is for [`parse_option_word`].
    Options(Words<'a>),
}

/// The words of a line.
#[derive(Clone)]
pub struct Words<'a>(&'a [u8]);
impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> {
        let blank = |c: &u8| matches!(c, b' ' | b'\t' | b'\r');
        let begin = self.0.iter().position(|c| !blank(c))?;
        let rest = self.0.get(begin..)?;
        if matches!(rest.first(), Some(b'#' | b';')) {
            self.0 = &[];
            return None;
        }
        let end = rest.iter().position(blank).unwrap_or(rest.len());
        let (word, rest) = rest.split_at_checked(end)?;
        self.0 = rest;
        Some(word)
    }
}

/// The lines of a file that say something; what cannot be understood is left out.
pub fn parse(file: &[u8]) -> Result<impl Iterator<Item = Line<'_>>, TooLarge> {
    if file.len() > MAX_FILE {
        return Err(TooLarge);
    }
    let text = file.split(|&c| c == 0).next().unwrap_or(&[]);
    Ok(text.split(|&c| c == b'\n').filter_map(|line| {
        let mut words = Words(line);
        Some(match words.next()? {
            b"nameserver" => Line::Nameserver(parse_addr(words.next()?)?),
            b"domain" => Line::Domain(words.next()?),
            b"search" => Line::Search(words),
            b"options" => Line::Options(words),
            _ => return None,
        })
    }))
}

/// The part of a host's name behind its first '.': where to search if no line says.
pub fn domain_of_host(host: &[u8]) -> Option<&[u8]> {
    let dot = host.iter().position(|&c| c == b'.')?;
    host.get(dot + 1..).filter(|d| !d.is_empty())
}

/// An option with its value, within the option's bounds.
#[derive(Clone, Copy)]
pub enum Setting {
    /// How many dots make a name be tried as it is before the search list.
    Ndots(u32),
    /// How long to wait for a reply before sending again.
    Timeout(Duration),
    /// How long `evdns_getaddrinfo` waits for the answer of one family once it has the other's.
    AllowSkew(Duration),
    /// How many timeouts in a row make a nameserver count as down: 1 to 255.
    MaxTimeouts(u8),
    /// How many queries are under way at once: 1 to 65000.
    MaxInflight(u16),
    /// How often a query is sent again: up to 255.
    Attempts(u8),
    /// 0x20.
    RandomizeCase(bool),
    /// The address that queries come from.
    BindTo(Inet),
    /// When a nameserver that is down is tried first: at most an hour.
    InitialProbeTimeout(Duration),
    /// The longest wait between two tries: at most an hour.
    MaxProbeTimeout(Duration),
    /// By how much the wait grows from try to try: 1 to 255.
    ProbeBackoffFactor(u8),
    /// SO_RCVBUF of the sockets that ask; 0 leaves the system's.
    ReceiveBuffer(i32),
    /// SO_SNDBUF of the sockets that ask; 0 leaves the system's.
    SendBuffer(i32),
    /// Ask over TCP always.
    UseTcp,
    /// Take truncated replies as they are.
    IgnoreTruncation,
    /// How long a TCP connection without queries is kept.
    TcpIdleTimeout(Duration),
    /// How large a reply over UDP we take: 512 to 65535. 512 sends no EDNS.
    EdnsUdpSize(u16),
}
impl Setting {
    /// Which part of the configuration it belongs to: DNS_OPTION_SEARCH, _NAMESERVERS or _MISC.
    pub fn part(&self) -> Part {
        match self {
            Setting::Ndots(_) => Part::Search,
            Setting::BindTo(_) => Part::Nameservers,
            _ => Part::Misc,
        }
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Search,
    Nameservers,
    Misc,
}

/// The value is none that the option takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadValue;

/// A word of an `options` line: `name:value` or `name`. None for options that we do not know.
pub fn parse_option_word(word: &[u8]) -> Result<Option<Setting>, BadValue> {
    let colon = word.iter().position(|&c| c == b':');
    parse_option(word, colon.and_then(|at| word.get(at + 1..)).unwrap_or(&[]))
}

/// An option by its name, which ends at a ':' if there is one. None for options that we do not know: they are other
/// resolvers'.
pub fn parse_option(name: &[u8], value: &[u8]) -> Result<Option<Setting>, BadValue> {
    let hour = Duration::from_secs(3600);
    let byte = |min| number(value).map(|n| n.clamp(min, 255) as u8);
    let setting = match name.split(|&c| c == b':').next().unwrap_or(name) {
        b"ndots" => Setting::Ndots(number(value)?),
        b"timeout" => Setting::Timeout(seconds(value)?),
        b"getaddrinfo-allow-skew" => Setting::AllowSkew(seconds(value)?),
        b"max-timeouts" => Setting::MaxTimeouts(byte(1)?),
        b"max-inflight" => Setting::MaxInflight(number(value)?.clamp(1, 65000) as u16),
        b"attempts" => Setting::Attempts(byte(0)?),
        b"randomize-case" => Setting::RandomizeCase(number(value)? != 0),
        b"bind-to" => Setting::BindTo(parse_addr(value).ok_or(BadValue)?),
        b"initial-probe-timeout" => Setting::InitialProbeTimeout(seconds(value)?.min(hour)),
        b"max-probe-timeout" => Setting::MaxProbeTimeout(seconds(value)?.min(hour)),
        b"probe-backoff-factor" => Setting::ProbeBackoffFactor(byte(1)?),
        b"so-rcvbuf" => Setting::ReceiveBuffer(number(value)? as i32),
        b"so-sndbuf" => Setting::SendBuffer(number(value)? as i32),
        b"use-vc" if value.is_empty() => Setting::UseTcp,
        b"ignore-tc" if value.is_empty() => Setting::IgnoreTruncation,
        b"use-vc" | b"ignore-tc" => return Err(BadValue),
        b"tcp-idle-timeout" => Setting::TcpIdleTimeout(seconds(value)?),
        b"edns-udp-size" => Setting::EdnsUdpSize(number(value)?.clamp(512, 65535) as u16),
        _ => return Ok(None),
    };
    Ok(Some(setting))
}

/// Decimal digits; not more than an int holds.
fn number(text: &[u8]) -> Result<u32, BadValue> {
    let ok = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let n: u32 =
        std::str::from_utf8(text).ok().filter(|_| ok).and_then(|t| t.parse().ok()).ok_or(BadValue)?;
    if n > i32::MAX as u32 { Err(BadValue) } else { Ok(n) }
}

/// Seconds with a fraction: at least a millisecond, at most an int's worth.
fn seconds(text: &[u8]) -> Result<Duration, BadValue> {
    let ok = text.iter().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'e' | b'E' | b'-' | b'+'));
    let s: f64 =
        std::str::from_utf8(text).ok().filter(|_| ok).and_then(|t| t.parse().ok()).ok_or(BadValue)?;
    if !(0.001..=f64::from(i32::MAX)).contains(&s) {
        return Err(BadValue);
    }
    Ok(Duration::from_micros((s * 1e6).round() as u64))
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "tests may use std")]
mod tests {
    use super::*;

    fn show(line: Line<'_>) -> String {
        let join =
            |w: Words<'_>| w.map(|w| String::from_utf8_lossy(w).into_owned()).collect::<Vec<_>>().join(",");
        match line {
            Line::Nameserver(a) => format!("ns {} {}", a.family(), a.port()),
            Line::Domain(d) => format!("domain {}", String::from_utf8_lossy(d)),
            Line::Search(w) => format!("search {}", join(w)),
            Line::Options(w) => format!("options {}", join(w)),
        }
    }
    fn all(file: &str) -> Vec<String> {
        parse(file.as_bytes()).unwrap_or_else(|_| panic!()).map(show).collect()
    }

    #[test]
    fn files() {
        let (v4, v6) = (crate::sys::c::AF_INET, crate::sys::c::AF_INET6);
        assert_eq!(
            all("# made by hand\n; so\nnameserver 1.2.3.4\n\tnameserver\t[2001:db8::1]:5353 # x\r\n\
                 nameserver ::1\nnameserver 1.2.3.4:99\nnameserver [::1]\nnameserver nonsense\nnameserver\n\
                 domain example.com\nsearch a.com b.com\tc.com ;d.com\noptions ndots:2 use-vc\n\
                 sortlist 1.2.3.4\nNameserver 1.1.1.1\nnameserver# 1.1.1.1\nsearch\noptions timeout:1"),
            [
                format!("ns {v4} 0"),
                format!("ns {v6} 5353"),
                format!("ns {v6} 0"),
                format!("ns {v4} 99"),
                format!("ns {v6} 0"),
                "domain example.com".into(),
                "search a.com,b.com,c.com".into(),
                "options ndots:2,use-vc".into(),
                "search ".into(),
                "options timeout:1".into(),
            ]
        );
        assert!(all("").is_empty() && all("\n\n \t\r\n").is_empty());
        assert_eq!(all("nameserver 1.1.1.1\0\nnameserver 2.2.2.2").len(), 1);
    }
    #[test]
    fn sizes() {
        let full = vec![b' '; MAX_FILE];
        assert_eq!(parse(&full).ok().map(|l| l.count()), Some(0));
        assert_eq!(parse(&vec![b' '; MAX_FILE + 1]).err(), Some(TooLarge));
        let long = format!("nameserver {}\nnameserver 1.2.3.4", "1".repeat(60000));
        assert_eq!(all(&long).len(), 1);
    }
    #[test]
    fn host_domains() {
        assert_eq!(domain_of_host(b"h.example.com"), Some(b"example.com".as_slice()));
        assert_eq!(domain_of_host(b"h"), None);
        assert_eq!(domain_of_host(b"h."), None);
        assert_eq!(domain_of_host(b""), None);
    }
    fn set(name: &str, value: &str) -> Result<Option<Setting>, BadValue> {
        parse_option(name.as_bytes(), value.as_bytes())
    }
    #[test]
    fn numbers_of_options() {
        for name in
            ["ndots", "max-timeouts", "max-inflight", "attempts", "randomize-case", "so-rcvbuf", "so-sndbuf"]
        {
            for name in [name.to_owned(), format!("{name}:")] {
                for good in ["0", "1", "10000", "2147483647", "007"] {
                    assert!(matches!(set(&name, good), Ok(Some(_))), "{name} {good}");
                }
                for bad in ["", "foo", "3.14", "-1", "-5", "+1", " 1", "1 ", "2147483648", "99999999999999"] {
                    assert!(set(&name, bad).is_err(), "{name} {bad}");
                }
            }
        }
        assert!(matches!(set("max-inflight", "0"), Ok(Some(Setting::MaxInflight(1)))));
        assert!(matches!(set("max-inflight", "70000"), Ok(Some(Setting::MaxInflight(65000)))));
        assert!(matches!(set("max-timeouts", "1000"), Ok(Some(Setting::MaxTimeouts(255)))));
        assert!(matches!(set("max-timeouts", "0"), Ok(Some(Setting::MaxTimeouts(1)))));
        assert!(matches!(set("attempts", "0"), Ok(Some(Setting::Attempts(0)))));
        assert!(matches!(set("attempts", "300"), Ok(Some(Setting::Attempts(255)))));
        assert!(matches!(set("edns-udp-size", "1"), Ok(Some(Setting::EdnsUdpSize(512)))));
        assert!(matches!(set("edns-udp-size", "70000"), Ok(Some(Setting::EdnsUdpSize(65535)))));
        assert!(matches!(set("probe-backoff-factor", "0"), Ok(Some(Setting::ProbeBackoffFactor(1)))));
        assert!(matches!(set("randomize-case", "0"), Ok(Some(Setting::RandomizeCase(false)))));
        assert!(matches!(set("randomize-case", "2"), Ok(Some(Setting::RandomizeCase(true)))));
    }
    #[test]
    fn times_of_options() {
        for name in [
            "timeout",
            "getaddrinfo-allow-skew:",
            "initial-probe-timeout",
            "max-probe-timeout",
            "tcp-idle-timeout",
        ] {
            for good in ["1", "0.001", "3.14", "10000", ".5", "5."] {
                assert!(matches!(set(name, good), Ok(Some(_))), "{name} {good}");
            }
            for bad in ["0", "foo", "", "-1", "0.0009", "inf", "nan", "1e99", "1s", ".", "e"] {
                assert!(set(name, bad).is_err(), "{name} {bad}");
            }
        }
        let Ok(Some(Setting::Timeout(t))) = set("timeout", "3.14") else { panic!() };
        assert_eq!(t, Duration::from_millis(3140));
        let Ok(Some(Setting::InitialProbeTimeout(t))) = set("initial-probe-timeout", "4000") else {
            panic!()
        };
        assert_eq!(t.as_secs(), 3600);
    }
    #[test]
    fn other_options() {
        for good in ["8.8.8.8:80", "1.2.3.4", "::1:82", "3::4"] {
            let Ok(Some(s @ Setting::BindTo(_))) = set("bind-to", good) else { panic!("{good}") };
            assert_eq!(s.part(), Part::Nameservers);
        }
        for bad in ["3.14", "foo", "", "1.2.3.4\0"] {
            assert!(set("bind-to:", bad).is_err(), "{bad}");
        }
        assert!(matches!(set("use-vc", ""), Ok(Some(Setting::UseTcp))));
        assert!(matches!(set("ignore-tc:", ""), Ok(Some(Setting::IgnoreTruncation))));
        assert!(set("use-vc", "1").is_err() && set("ignore-tc", "x").is_err());
        assert!(matches!(set("rotate", ""), Ok(None)));
        assert!(matches!(set("ndotsy", "1"), Ok(None)) && matches!(set("ndot", "1"), Ok(None)));
        assert!(matches!(set("", ""), Ok(None)));
        let word = |w: &str| parse_option_word(w.as_bytes());
        let Ok(Some(s @ Setting::Ndots(2))) = word("ndots:2") else { panic!() };
        assert_eq!(s.part(), Part::Search);
        assert!(matches!(word("use-vc"), Ok(Some(Setting::UseTcp))));
        assert!(matches!(word("bind-to:[::1]:53"), Ok(Some(Setting::BindTo(a))) if a.port() == 53));
        assert!(word("ndots").is_err() && word("ndots:").is_err() && word("ndots:2:3").is_err());
        assert!(matches!(word("timeout:2"), Ok(Some(s)) if s.part() == Part::Misc));
    }
    #[test]
    fn random_bytes_do_no_harm() {
        let mut seed = 0x1234_5678_9abc_def1u64;
        let mut next = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        let alphabet: &[u8] = b"nameserver domain search options ndots: \t\n\r#;.:[]%0123456789\0\xff-";
        for _ in 0..3000 {
            let len = (next() % 200) as usize;
            let text: Vec<u8> = (0..len).map(|_| alphabet[next() as usize % alphabet.len()]).collect();
            for line in parse(&text).unwrap_or_else(|_| panic!()) {
                if let Line::Options(words) = line {
                    words.for_each(|w| {
                        let _ = parse_option_word(w);
                    });
                }
            }
            let _ = parse_option_word(&text);
        }
    }
}
