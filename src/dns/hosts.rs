//! Hosts files, in a hashed table: looking up a name takes as long in a file of a million lines as in one of ten.
#![forbid(unsafe_code)]
use super::name::MAX_TEXT;
use super::parse_addr;
use crate::mem::{self, Alloc, TryVec, Vec};
use crate::util::addr::Inet;
use crate::{Error, Result};
use hashbrown::HashTable;

/// A larger file is refused. Lists that block advertising are a few megabytes.
pub const MAX_FILE: usize = 16 << 20;

const END: u32 = u32::MAX;

/// A name and its addresses, a chain through [`Hosts::addrs`].
struct Host {
    hash: u64,
    name_at: u32,
    name_len: u8,
    first: u32,
    last: u32,
}
struct Addr {
    inet: Inet,
    next: u32,
}

/// Names and their addresses, each in the order in which they were added.
pub struct Hosts {
    /// The names, in lower case, one after the other.
    names: Vec<u8>,
    hosts: Vec<Host>,
    addrs: Vec<Addr>,
    /// Indexes of `hosts`.
    table: HashTable<u32, Alloc>,
}

impl Hosts {
    pub const fn new() -> Hosts {
        Hosts {
            names: mem::new_vec(),
            hosts: mem::new_vec(),
            addrs: mem::new_vec(),
            table: HashTable::new_in(Alloc),
        }
    }
    pub fn clear(&mut self) {
        *self = Hosts::new();
    }
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Adds what a file says; lines that cannot be understood are passed over. [`Error::Invalid`] if it is too large.
    /// What was added before memory ran out stays.
    pub fn load(&mut self, file: &[u8]) -> Result<()> {
        if file.len() > MAX_FILE {
            return Err(Error::Invalid);
        }
        let text = file.split(|&c| c == 0).next().unwrap_or(&[]);
        text.split(|&c| c == b'\n').try_for_each(|line| self.load_line(line))
    }
    /// What there is without a file: localhost.
    pub fn load_default(&mut self) -> Result<()> {
        self.load(b"127.0.0.1 localhost\n::1 localhost")
    }
    fn load_line(&mut self, line: &[u8]) -> Result<()> {
        let line = line.split(|&c| c == b'#').next().unwrap_or(line);
        let mut words = line.split(|c| matches!(c, b' ' | b'\t' | b'\r')).filter(|w| !w.is_empty());
        let Some(inet) = words.next().and_then(parse_addr).filter(|a| a.port() == 0) else { return Ok(()) };
        words.try_for_each(|name| self.add(name, inet))
    }

    /// Adds an address to a name. Names that are too long for DNS are passed over.
    pub fn add(&mut self, name: &[u8], inet: Inet) -> Result<()> {
        let name = plain(name);
        if name.is_empty() || name.len() > MAX_TEXT {
            return Ok(());
        }
        let name_len = name.len() as u8;
        let addr = u32::try_from(self.addrs.len()).ok().filter(|&n| n != END).ok_or(Error::NoMem)?;
        let hash = hash(name);
        let known = self.find(hash, name);
        // Whatever can fail comes first.
        self.addrs.try_reserve(1).map_err(|_| Error::NoMem)?;
        if let Some(host) = known.and_then(|i| self.hosts.get_mut(i as usize)) {
            if let Some(last) = self.addrs.get_mut(host.last as usize) {
                last.next = addr;
            }
            host.last = addr;
            return self.addrs.try_push(Addr { inet, next: END });
        }
        let index = u32::try_from(self.hosts.len()).map_err(|_| Error::NoMem)?;
        let name_at = u32::try_from(self.names.len()).map_err(|_| Error::NoMem)?;
        self.hosts.try_reserve(1).map_err(|_| Error::NoMem)?;
        let hosts = &self.hosts;
        let rehash = |&i: &u32| hosts.get(i as usize).map_or(0, |h| h.hash);
        self.table.try_reserve(1, rehash).map_err(|_| Error::NoMem)?;
        self.names.try_extend(name)?;
        if let Some(new) = self.names.get_mut(name_at as usize..) {
            new.make_ascii_lowercase();
        }
        self.table.insert_unique(hash, index, rehash);
        self.addrs.try_push(Addr { inet, next: END })?;
        self.hosts.try_push(Host { hash, name_at, name_len, first: addr, last: addr })
    }

    /// The addresses of a name, whatever the case of its letters.
    pub fn lookup(&self, name: &[u8]) -> Addrs<'_> {
        let name = plain(name);
        let host = self.find(hash(name), name).and_then(|i| self.hosts.get(i as usize));
        Addrs { hosts: self, next: host.map_or(END, |h| h.first) }
    }

    fn find(&self, hash: u64, name: &[u8]) -> Option<u32> {
        let is = |&i: &u32| {
            self.hosts.get(i as usize).is_some_and(|h| {
                let at = h.name_at as usize;
                h.hash == hash
                    && self
                        .names
                        .get(at..at + usize::from(h.name_len))
                        .is_some_and(|n| n.eq_ignore_ascii_case(name))
            })
        };
        self.table.find(hash, is).copied()
    }
}
impl Default for Hosts {
    fn default() -> Hosts {
        Hosts::new()
    }
}

/// The addresses of a name; see [`Hosts::lookup`].
pub struct Addrs<'a> {
    hosts: &'a Hosts,
    next: u32,
}
impl<'a> Iterator for Addrs<'a> {
    type Item = &'a Inet;
    fn next(&mut self) -> Option<&'a Inet> {
        let a = self.hosts.addrs.get(self.next as usize)?;
        self.next = a.next;
        Some(&a.inet)
    }
}

/// A name without the '.' that may end it.
fn plain(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").unwrap_or(name)
}

/// FNV-1a of the name in lower case, mixed so that the top bits are as good as the low ones. The table holds what the
/// machine's owner wrote, so nobody else can make names collide.
fn hash(name: &[u8]) -> u64 {
    let h = name.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, c| {
        (h ^ u64::from(c.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (h ^ (h >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "tests may use std")]
mod tests {
    use super::*;

    fn show(h: &Hosts, name: &str) -> std::vec::Vec<String> {
        let one = |a: &Inet| match a {
            Inet::V4(a) => std::net::Ipv4Addr::from(a.sin_addr.s_addr.to_ne_bytes()).to_string(),
            Inet::V6(a) => std::net::Ipv6Addr::from(a.sin6_addr.s6_addr).to_string(),
        };
        h.lookup(name.as_bytes()).map(one).collect()
    }

    #[test]
    fn files() {
        let mut h = Hosts::new();
        h.load(
            b"# comment\n127.0.0.1\tlocalhost loop # not-this\n::1 localhost\r\n 10.0.0.1 Big.Example.COM big\n\
              10.0.0.2 big\n1.2.3.4:5 port\nnonsense name\n1.1.1.1\n1.1.1.1 #x\n2.2.2.2 a#b c\n\
              [::2] bracket\nfe80::1%1 zone\n3.3.3.3 dot.\n9.9.9.9 .\n\0\n4.4.4.4 behind",
        )
        .unwrap();
        assert_eq!(show(&h, "localhost"), ["127.0.0.1", "::1"]);
        assert_eq!(show(&h, "LOOP"), ["127.0.0.1"]);
        assert_eq!(show(&h, "big.example.com"), ["10.0.0.1"]);
        assert_eq!(show(&h, "big.example.com."), ["10.0.0.1"]);
        assert_eq!(show(&h, "BIG"), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(show(&h, "a"), ["2.2.2.2"]);
        assert_eq!(show(&h, "bracket"), ["::2"]);
        assert_eq!(show(&h, "dot"), ["3.3.3.3"]);
        for absent in
            ["not-this", "port", "name", "", ".", "#x", "x", "b", "c", "behind", "localhos", "localhostt"]
        {
            assert!(show(&h, absent).is_empty(), "{absent}");
        }
        assert!(matches!(h.lookup(b"zone").next(), Some(Inet::V6(a)) if a.sin6_scope_id == 1));
        h.clear();
        assert!(h.is_empty() && show(&h, "localhost").is_empty());
        h.load_default().unwrap();
        assert_eq!(show(&h, "localhost"), ["127.0.0.1", "::1"]);
        h.load(b"5.5.5.5 localhost").unwrap();
        assert_eq!(show(&h, "localhost"), ["127.0.0.1", "::1", "5.5.5.5"]);
    }
    #[test]
    fn sizes() {
        let mut h = Hosts::new();
        assert_eq!(h.load(&vec![b'\n'; MAX_FILE + 1]), Err(Error::Invalid));
        assert_eq!(h.load(&vec![b'\n'; MAX_FILE]), Ok(()));
        let (fits, long) = ("x".repeat(MAX_TEXT), "x".repeat(MAX_TEXT + 1));
        h.load(format!("1.1.1.1 {fits}\n2.2.2.2 {long}").as_bytes()).unwrap();
        assert_eq!(show(&h, &fits), ["1.1.1.1"]);
        assert!(show(&h, &long).is_empty());
    }
    #[test]
    fn many_names() {
        let mut file = String::new();
        for i in 0..50_000u32 {
            file.push_str(&format!("10.{}.{}.{} host-{i}.example.com\n", i >> 16, i >> 8 & 255, i & 255));
        }
        let mut h = Hosts::new();
        h.load(file.as_bytes()).unwrap();
        for i in (0..50_000u32).step_by(7) {
            let want = format!("10.{}.{}.{}", i >> 16, i >> 8 & 255, i & 255);
            assert_eq!(show(&h, &format!("HOST-{i}.example.com")), [want]);
        }
        assert!(show(&h, "host-50000.example.com").is_empty());
        // One name with every address: adding does not walk the chain.
        for i in 0..50_000u32 {
            h.add(b"same", Inet::v4(i.to_be_bytes(), 0)).unwrap();
        }
        assert_eq!(h.lookup(b"same").count(), 50_000);
    }
    #[test]
    fn random_bytes_do_no_harm() {
        let mut seed = 0x9876_5432_1fed_cba1u64;
        let mut next = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        let alphabet: &[u8] = b"1.2.3.4 ::1 abc \t\n\r#%[]\xff\0";
        let mut h = Hosts::new();
        for _ in 0..2000 {
            let len = (next() % 120) as usize;
            let text: std::vec::Vec<u8> =
                (0..len).map(|_| alphabet[next() as usize % alphabet.len()]).collect();
            h.load(&text).unwrap();
            let _ = h.lookup(&text).count();
        }
    }
}
