//! `evutil_getaddrinfo`: what needs no resolver is answered here, the rest by the system's resolver, blocking.
//!
//! A list may mix entries of ours and of the system's, in any order: each of ours carries [`OURS`] in `ai_flags`
//! and is one allocation (the address behind the entry), and [`free`] gives every entry back to where it came from.
use super::addr::{self, Inet};
use crate::abi::util::EVUTIL_EAI_CANCEL;
use crate::mem;
use crate::sys::c;
use crate::sys::c::{
    AF_INET, AF_INET6, AF_UNSPEC, AI_ADDRCONFIG, AI_ALL, AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE,
    AI_V4MAPPED, IPPROTO_TCP, IPPROTO_UDP, SOCK_DGRAM, SOCK_STREAM, addrinfo,
};
use std::ffi::{CStr, c_char, c_int};
use std::ptr::null_mut;

/// Marks an entry that this library allocated. No system uses the sign bit.
pub const OURS: c_int = c_int::MIN;

/// An error of getaddrinfo, as its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GaiError(pub c_int);

/// A list of addresses, freed when dropped.
pub struct AddrList(*mut addrinfo);
// SAFETY: a list is plain memory with one owner.
unsafe impl Send for AddrList {}
impl AddrList {
    /// Takes over a list.
    ///
    /// # Safety
    /// `head` is null or a list that nobody else owns.
    pub unsafe fn from_raw(head: *mut addrinfo) -> AddrList {
        AddrList(head)
    }
    pub fn as_ptr(&self) -> *mut addrinfo {
        self.0
    }
    /// Gives the list away, to be freed with [`free`].
    pub fn into_raw(self) -> *mut addrinfo {
        let p = self.0;
        std::mem::forget(self);
        p
    }
    /// Appends `other`.
    pub fn append(&mut self, other: AddrList) {
        let mut link = &raw mut self.0;
        // SAFETY: we own the list; each link is null or a live entry.
        unsafe {
            while !(*link).is_null() {
                link = &raw mut (**link).ai_next;
            }
            *link = other.into_raw();
        }
    }
}
impl Drop for AddrList {
    fn drop(&mut self) {
        // SAFETY: we own it.
        unsafe { free(self.0) }
    }
}

/// `evutil_freeaddrinfo`
///
/// # Safety
/// `ai` is null or a list of `getaddrinfo`'s, ours or the system's or mixed, used no more.
pub unsafe fn free(mut ai: *mut addrinfo) {
    let _keep = crate::sys::ErrnoGuard::new();
    while !ai.is_null() {
        // SAFETY: the caller's promise. A single system entry is a list to the system.
        unsafe {
            let next = (*ai).ai_next;
            (*ai).ai_next = null_mut();
            if (*ai).ai_flags & OURS != 0 {
                mem::free((*ai).ai_canonname.cast());
                mem::free(ai.cast());
            } else {
                c::freeaddrinfo(ai);
            }
            ai = next;
        }
    }
}

/// One entry of ours for `to`.
pub fn entry(to: &Inet, socktype: c_int, protocol: c_int) -> Result<AddrList, GaiError> {
    let size = size_of::<addrinfo>() + to.len();
    let p = mem::calloc(1, size).cast::<addrinfo>();
    if p.is_null() {
        return Err(GaiError(c::EAI_MEMORY));
    }
    // SAFETY: `size` bytes were allocated, the address goes behind the entry, whose size keeps it aligned.
    unsafe {
        let sa = p.add(1).cast::<u8>();
        std::ptr::copy_nonoverlapping(to.as_ptr().cast::<u8>(), sa, to.len());
        (*p).ai_flags = OURS;
        (*p).ai_family = to.family();
        (*p).ai_socktype = socktype;
        (*p).ai_protocol = protocol;
        (*p).ai_addrlen = to.len() as c::ai_addrlen_t;
        (*p).ai_addr = sa.cast();
        Ok(AddrList(p))
    }
}
/// The entries of ours for `to` that `hints` ask for: one if they name a type or a protocol, else TCP and UDP.
pub fn entries(to: &Inet, hints: &addrinfo) -> Result<AddrList, GaiError> {
    match complete_type(hints.ai_socktype, hints.ai_protocol) {
        (0, 0) => {
            let mut list = entry(to, SOCK_STREAM, IPPROTO_TCP)?;
            list.append(entry(to, SOCK_DGRAM, IPPROTO_UDP)?);
            Ok(list)
        }
        (kind, protocol) => entry(to, kind, protocol),
    }
}
/// Fills in the socket type that a protocol implies, or the protocol that a type implies.
pub fn complete_type(socktype: c_int, protocol: c_int) -> (c_int, c_int) {
    match (socktype, protocol) {
        (SOCK_STREAM, 0) => (SOCK_STREAM, IPPROTO_TCP),
        (SOCK_DGRAM, 0) => (SOCK_DGRAM, IPPROTO_UDP),
        (0, IPPROTO_TCP) => (SOCK_STREAM, IPPROTO_TCP),
        (0, IPPROTO_UDP) => (SOCK_DGRAM, IPPROTO_UDP),
        (0, c::IPPROTO_SCTP) => (SOCK_STREAM, c::IPPROTO_SCTP),
        other => other,
    }
}
/// A decimal port, nothing else.
pub fn numeric_port(service: &CStr) -> Option<u16> {
    let s = service.to_bytes();
    let digits = !s.is_empty() && s.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(s).ok()?.parse().ok() } else { None }
}
/// The address that `node` spells out, if it does and `family` allows it.
pub fn numeric_host(node: &CStr, family: c_int, port: u16) -> Option<Inet> {
    // What most names look like is seen at a glance: IPv6 has a ':', IPv4 begins with a digit.
    let text = node.to_bytes();
    let v6 = || {
        memchr::memchr(b':', text)?;
        addr::parse_v6_scope(node).map(|(a, scope)| Inet::v6(a, port, scope))
    };
    if !text.first().is_some_and(u8::is_ascii_digit) {
        return if matches!(family, AF_INET6 | AF_UNSPEC) { v6() } else { None };
    }
    // Only the strict form: what the system's resolver takes differently ("010.1") is left to it.
    let strict = node.to_str().is_ok_and(|s| s.parse::<std::net::Ipv4Addr>().is_ok());
    let v4 = || addr::parse_v4(node).filter(|_| strict).map(|a| Inet::v4(a, port));
    match family {
        AF_INET => v4(),
        AF_INET6 => v6(),
        AF_UNSPEC => v4().or_else(v6),
        _ => None,
    }
}

/// The answer without a resolver, if there is one: a host and a port in numbers, and hints that leave no choice.
fn without_resolver(
    node: Option<&CStr>,
    service: Option<&CStr>,
    hints: &addrinfo,
) -> Option<Result<AddrList, GaiError>> {
    let plain = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV | AI_V4MAPPED | AI_ADDRCONFIG | AI_ALL;
    let (kind, protocol) = complete_type(hints.ai_socktype, hints.ai_protocol);
    if hints.ai_flags & !plain != 0
        || !matches!((kind, protocol), (SOCK_STREAM, IPPROTO_TCP) | (SOCK_DGRAM, IPPROTO_UDP))
    {
        return None;
    }
    let port = match service {
        None => 0,
        Some(s) => numeric_port(s)?,
    };
    numeric_host(node?, hints.ai_family, port).map(|to| entry(&to, kind, protocol))
}

/// Resolves `node` and `service` as `hints` ask (none: anything). Blocks while the system's resolver works.
pub fn getaddrinfo(
    node: Option<&CStr>,
    service: Option<&CStr>,
    hints: Option<&addrinfo>,
) -> Result<AddrList, GaiError> {
    // SAFETY: all zero is a valid addrinfo: no wishes.
    let mut asked: addrinfo = unsafe { std::mem::zeroed() };
    if let Some(h) = hints {
        asked.ai_flags = h.ai_flags & !(OURS | c::AI_UNKNOWN);
        asked.ai_family = h.ai_family;
        asked.ai_socktype = h.ai_socktype;
        asked.ai_protocol = h.ai_protocol;
    }
    if let Some(answer) = without_resolver(node, service, &asked) {
        return answer;
    }
    let mut head = null_mut();
    // SAFETY: C strings or null, hints and a place of ours.
    let r = unsafe {
        c::getaddrinfo(
            node.map_or(std::ptr::null(), CStr::as_ptr),
            service.map_or(std::ptr::null(), CStr::as_ptr),
            &asked,
            &mut head,
        )
    };
    if r != 0 {
        return Err(GaiError(r));
    }
    let list = AddrList(head);
    name_types(&list, &asked)?;
    Ok(list)
}
/// Some systems (Windows) leave the type of a socket open: it becomes what `asked` implies, or, if that is nothing, TCP and
/// then UDP.
fn name_types(list: &AddrList, asked: &addrinfo) -> Result<(), GaiError> {
    let mut at = list.as_ptr();
    // SAFETY: the list is ours, and each link null or a live entry.
    while let Some(ai) = unsafe { at.as_mut() } {
        at = ai.ai_next;
        let open = ai.ai_socktype == 0 && ai.ai_protocol == 0;
        let (kind, protocol) =
            if open { (asked.ai_socktype, asked.ai_protocol) } else { (ai.ai_socktype, ai.ai_protocol) };
        (ai.ai_socktype, ai.ai_protocol) = complete_type(kind, protocol);
        if ai.ai_socktype != 0 || ai.ai_protocol != 0 {
            continue;
        }
        // SAFETY: an address of the system's, as long as its family says.
        if let Some(to) = unsafe { Inet::read(ai.ai_addr) } {
            (ai.ai_socktype, ai.ai_protocol) = (SOCK_STREAM, IPPROTO_TCP);
            let twin = entry(&to, SOCK_DGRAM, IPPROTO_UDP)?.into_raw();
            // SAFETY: a fresh entry.
            unsafe { (*twin).ai_next = at };
            ai.ai_next = twin;
        }
    }
    Ok(())
}

/// `evutil_gai_strerror`
pub fn strerror(code: c_int) -> *const c_char {
    // What the header calls the errors where the system's own names are hidden from the program.
    let native = match code {
        EVUTIL_EAI_CANCEL => return c"Request canceled".as_ptr(),
        0 => return c"No error".as_ptr(),
        -901 => -9, // EAI_ADDRFAMILY and EAI_NODATA, which libc does not name everywhere
        -902 => c::EAI_AGAIN,
        -903 => c::EAI_BADFLAGS,
        -904 => c::EAI_FAIL,
        -905 => c::EAI_FAMILY,
        -906 => c::EAI_MEMORY,
        -907 => -5,
        -908 => c::EAI_NONAME,
        -909 => c::EAI_SERVICE,
        -910 => c::EAI_SOCKTYPE,
        -911 => c::EAI_SYSTEM,
        other => other,
    };
    // SAFETY: a number; the answer is a constant string.
    unsafe { c::gai_strerror(native) }
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "tests may use std")]
mod tests {
    use super::*;

    fn hints(family: c_int, kind: c_int, flags: c_int) -> addrinfo {
        // SAFETY: all zero is a valid addrinfo.
        let mut h: addrinfo = unsafe { std::mem::zeroed() };
        (h.ai_family, h.ai_socktype, h.ai_flags) = (family, kind, flags);
        h
    }
    fn show(l: &AddrList) -> Vec<String> {
        let mut out = Vec::new();
        let mut p = l.as_ptr();
        while !p.is_null() {
            // SAFETY: a live list.
            unsafe {
                out.push(format!(
                    "{} {}",
                    addr::format_sockaddr_port((*p).ai_addr).as_str(),
                    (*p).ai_socktype
                ));
                p = (*p).ai_next;
            }
        }
        out
    }
    fn ask(node: Option<&CStr>, service: Option<&CStr>, h: &addrinfo) -> Result<AddrList, GaiError> {
        getaddrinfo(node, service, Some(h))
    }

    #[test]
    fn numbers_need_no_resolver() {
        let h = hints(AF_UNSPEC, SOCK_STREAM, 0);
        for (node, want) in [(c"1.2.3.4", "1.2.3.4:80 1"), (c"::1", "[::1]:80 1")] {
            let l = without_resolver(Some(node), Some(c"80"), &h).unwrap().unwrap();
            assert_eq!(show(&l), [want]);
        }
        assert!(without_resolver(Some(c"1.2.3.4"), Some(c"http"), &h).is_none());
        assert!(without_resolver(Some(c"localhost"), Some(c"80"), &h).is_none());
        assert!(without_resolver(None, Some(c"80"), &h).is_none());
        assert!(without_resolver(Some(c"1.2.3.4"), Some(c"65536"), &h).is_none());
    }
    #[test]
    fn errors_are_the_systems() {
        let h = hints(AF_UNSPEC, SOCK_STREAM, AI_NUMERICHOST);
        assert_eq!(ask(Some(c"www.example.com"), Some(c"80"), &h).err(), Some(GaiError(c::EAI_NONAME)));
        let h = hints(AF_UNSPEC, SOCK_STREAM, AI_NUMERICSERV);
        assert_eq!(ask(Some(c"1.2.3.4"), Some(c"http"), &h).err(), Some(GaiError(c::EAI_NONAME)));
        assert_eq!(ask(None, None, &h).err(), Some(GaiError(c::EAI_NONAME)));
        assert_eq!(ask(Some(c"1.2.3.4"), None, &hints(77, 0, 0)).err(), Some(GaiError(c::EAI_FAMILY)));
    }
    #[test]
    fn no_host_is_any_or_loopback() {
        let l = ask(None, Some(c"99"), &hints(AF_INET, SOCK_STREAM, AI_PASSIVE)).unwrap();
        assert_eq!(show(&l), ["0.0.0.0:99 1"]);
        let l = ask(None, Some(c"99"), &hints(AF_INET6, SOCK_STREAM, 0)).unwrap();
        assert_eq!(show(&l), ["[::1]:99 1"]);
    }
    #[test]
    fn types_are_named() {
        // As the system leaves them on Windows.
        let bare = || {
            let mut l = entry(&Inet::v4([1, 2, 3, 4], 5), 0, 0).unwrap();
            l.append(entry(&Inet::v6([0; 16], 5, 0), 0, 0).unwrap());
            l
        };
        let named = |kind, protocol| {
            let (l, mut h) = (bare(), hints(0, kind, 0));
            h.ai_protocol = protocol;
            name_types(&l, &h).unwrap();
            show(&l)
        };
        assert_eq!(named(0, 0), ["1.2.3.4:5 1", "1.2.3.4:5 2", "[::]:5 1", "[::]:5 2"]);
        assert_eq!(named(SOCK_STREAM, 0), ["1.2.3.4:5 1", "[::]:5 1"]);
        assert_eq!(named(0, IPPROTO_UDP), ["1.2.3.4:5 2", "[::]:5 2"]);
        // The system's own, whatever it is.
        for kind in [0, SOCK_STREAM, SOCK_DGRAM] {
            let l = ask(None, Some(c"9"), &hints(AF_INET, kind, AI_PASSIVE)).unwrap();
            let found = show(&l);
            assert_eq!(found.contains(&"0.0.0.0:9 1".to_owned()), kind != SOCK_DGRAM, "{found:?}");
            assert_eq!(found.contains(&"0.0.0.0:9 2".to_owned()), kind != SOCK_STREAM, "{found:?}");
        }
    }
    #[test]
    fn mixed_lists_are_freed_by_either_end() {
        let h = hints(AF_INET, SOCK_STREAM, AI_PASSIVE);
        let mut l = ask(None, Some(c"1"), &h).unwrap();
        l.append(entry(&Inet::v4([1, 2, 3, 4], 5), SOCK_STREAM, IPPROTO_TCP).unwrap());
        l.append(ask(None, Some(c"2"), &h).unwrap());
        l.append(entries(&Inet::v6([0; 16], 5, 0), &hints(0, 0, 0)).unwrap());
        assert_eq!(show(&l), ["0.0.0.0:1 1", "1.2.3.4:5 1", "0.0.0.0:2 1", "[::]:5 1", "[::]:5 2"]);
    }
    #[test]
    fn every_code_has_a_text() {
        for code in [0, EVUTIL_EAI_CANCEL, c::EAI_AGAIN, -901, -907, -911, 12345, c_int::MIN] {
            // SAFETY: a C string.
            assert!(!unsafe { CStr::from_ptr(strerror(code)) }.is_empty(), "{code}");
        }
    }
}
