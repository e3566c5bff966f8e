//! C's types, constants and functions that the engine uses besides system calls, by the names that they have in C.
//!
//! Errors of sockets are Winsock's (EAGAIN is WSAEWOULDBLOCK): that is what `EVUTIL_SOCKET_ERROR()` tells programs.
#![allow(non_camel_case_types, reason = "the names are those of C")]
use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_ushort, c_void};
use std::ptr::null_mut;
use windows_sys::Win32::NetworkManagement::IpHelper;
use windows_sys::Win32::Networking::WinSock as ws;

pub use libc::{
    O_RDONLY, SIGABRT, SIGFPE, SIGILL, SIGINT, SIGSEGV, SIGTERM, abort, exit, free, getenv, malloc, memchr,
    raise, realloc, strnlen, time, time_t, timeval, tm,
};

/// Ctrl-Break.
pub const SIGBREAK: c_int = 21;

/// The type of `tv_usec`.
pub type suseconds_t = c_long;
/// The type of `tv_sec`.
pub type tv_sec_t = c_long;
pub type socklen_t = c_int;
pub type sa_family_t = c_ushort;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct sockaddr {
    pub sa_family: sa_family_t,
    pub sa_data: [c_char; 14],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct in_addr {
    pub s_addr: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct in6_addr {
    pub s6_addr: [u8; 16],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sockaddr_in {
    pub sin_family: sa_family_t,
    pub sin_port: c_ushort,
    pub sin_addr: in_addr,
    pub sin_zero: [c_char; 8],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sockaddr_in6 {
    pub sin6_family: sa_family_t,
    pub sin6_port: c_ushort,
    pub sin6_flowinfo: u32,
    pub sin6_addr: in6_addr,
    pub sin6_scope_id: u32,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sockaddr_storage {
    pub ss_family: sa_family_t,
    _before: [u8; 6],
    _align: i64,
    _rest: [u8; 112],
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct addrinfo {
    pub ai_flags: c_int,
    pub ai_family: c_int,
    pub ai_socktype: c_int,
    pub ai_protocol: c_int,
    pub ai_addrlen: usize,
    pub ai_canonname: *mut c_char,
    pub ai_addr: *mut sockaddr,
    pub ai_next: *mut addrinfo,
}
/// The type of `ai_addrlen`.
pub type ai_addrlen_t = usize;
/// A piece of memory. Windows has no such struct; it is laid out as `struct evbuffer_iovec`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct iovec {
    pub iov_base: *mut c_void,
    pub iov_len: usize,
}
const _: () = {
    assert!(size_of::<sockaddr>() == size_of::<ws::SOCKADDR>());
    assert!(size_of::<sockaddr_in>() == size_of::<ws::SOCKADDR_IN>());
    assert!(size_of::<sockaddr_in6>() == size_of::<ws::SOCKADDR_IN6>());
    assert!(size_of::<sockaddr_storage>() == size_of::<ws::SOCKADDR_STORAGE>());
    assert!(size_of::<addrinfo>() == size_of::<ws::ADDRINFOA>());
    assert!(std::mem::offset_of!(addrinfo, ai_next) == std::mem::offset_of!(ws::ADDRINFOA, ai_next));
    assert!(
        std::mem::offset_of!(addrinfo, ai_canonname) == std::mem::offset_of!(ws::ADDRINFOA, ai_canonname)
    );
    assert!(size_of::<timeval>() == size_of::<ws::TIMEVAL>());
};

pub const AF_UNSPEC: c_int = ws::AF_UNSPEC as c_int;
pub const AF_UNIX: c_int = ws::AF_UNIX as c_int;
pub const AF_INET: c_int = ws::AF_INET as c_int;
pub const AF_INET6: c_int = ws::AF_INET6 as c_int;
pub const SOCK_STREAM: c_int = ws::SOCK_STREAM;
pub const SOCK_DGRAM: c_int = ws::SOCK_DGRAM;
pub const IPPROTO_TCP: c_int = ws::IPPROTO_TCP;
pub const IPPROTO_UDP: c_int = ws::IPPROTO_UDP;
pub const IPPROTO_IPV6: c_int = ws::IPPROTO_IPV6;
pub const IPPROTO_SCTP: c_int = ws::IPPROTO_SCTP;
pub const IPV6_V6ONLY: c_int = ws::IPV6_V6ONLY;
pub const SOL_SOCKET: c_int = ws::SOL_SOCKET;
pub const SO_REUSEADDR: c_int = ws::SO_REUSEADDR;
pub const SO_KEEPALIVE: c_int = ws::SO_KEEPALIVE;
pub const SO_RCVBUF: c_int = ws::SO_RCVBUF;
pub const SO_SNDBUF: c_int = ws::SO_SNDBUF;
pub const TCP_NODELAY: c_int = ws::TCP_NODELAY;
pub const SHUT_RD: c_int = ws::SD_RECEIVE;
pub const SHUT_WR: c_int = ws::SD_SEND;
pub const SHUT_RDWR: c_int = ws::SD_BOTH;
pub const IF_NAMESIZE: usize = 257;

pub const AI_PASSIVE: c_int = ws::AI_PASSIVE as c_int;
pub const AI_CANONNAME: c_int = ws::AI_CANONNAME as c_int;
pub const AI_NUMERICHOST: c_int = ws::AI_NUMERICHOST as c_int;
pub const AI_NUMERICSERV: c_int = ws::AI_NUMERICSERV as c_int;
pub const AI_ALL: c_int = ws::AI_ALL as c_int;
pub const AI_ADDRCONFIG: c_int = ws::AI_ADDRCONFIG as c_int;
pub const AI_V4MAPPED: c_int = ws::AI_V4MAPPED as c_int;
/// Flags that the system's resolver must not be shown.
pub const AI_UNKNOWN: c_int = 0;

pub const EAI_AGAIN: c_int = ws::WSATRY_AGAIN;
pub const EAI_BADFLAGS: c_int = ws::WSAEINVAL;
pub const EAI_FAIL: c_int = ws::WSANO_RECOVERY;
pub const EAI_FAMILY: c_int = ws::WSAEAFNOSUPPORT;
pub const EAI_MEMORY: c_int = ws::WSA_NOT_ENOUGH_MEMORY;
pub const EAI_NONAME: c_int = ws::WSAHOST_NOT_FOUND;
pub const EAI_SERVICE: c_int = ws::WSATYPE_NOT_FOUND;
pub const EAI_SOCKTYPE: c_int = ws::WSAESOCKTNOSUPPORT;
/// Windows has no such error: libevent's own number.
pub const EAI_SYSTEM: c_int = -911;

// What concerns sockets has Winsock's numbers.
pub const EAGAIN: c_int = ws::WSAEWOULDBLOCK;
pub const EBADF: c_int = ws::WSAENOTSOCK;
pub const ECONNABORTED: c_int = ws::WSAECONNABORTED;
pub const ECONNREFUSED: c_int = ws::WSAECONNREFUSED;
pub const ECONNRESET: c_int = ws::WSAECONNRESET;
pub const EINTR: c_int = ws::WSAEINTR;
pub const EMFILE: c_int = ws::WSAEMFILE;
pub const EMSGSIZE: c_int = ws::WSAEMSGSIZE;
pub const ENOBUFS: c_int = ws::WSAENOBUFS;
pub const EOPNOTSUPP: c_int = ws::WSAEOPNOTSUPP;
pub const EPROTOTYPE: c_int = ws::WSAEPROTOTYPE;
// The rest is the C runtime's.
pub const EPERM: c_int = 1;
pub const ENOENT: c_int = 2;
pub const EIO: c_int = 5;
pub const ENOMEM: c_int = 12;
pub const EINVAL: c_int = 22;
pub const ENFILE: c_int = 23;
pub const ENOSYS: c_int = 40;
// Those that only the C surface needs.
pub const EFAULT: c_int = ws::WSAEFAULT;
pub const EAFNOSUPPORT: c_int = ws::WSAEAFNOSUPPORT;
pub const ENOSPC: c_int = 28;

unsafe extern "C" {
    #[link_name = "_write"]
    fn crt_write(fd: c_int, buf: *const c_void, len: c_uint) -> c_int;
}

/// # Safety
/// `buf` is readable for `len` bytes.
pub unsafe fn write(fd: c_int, buf: *const c_void, len: usize) -> isize {
    // SAFETY: the caller's promise.
    unsafe { crt_write(fd, buf, len.min(c_int::MAX as usize) as c_uint) as isize }
}
/// A time as a date of the Gregorian calendar; null if its year is out of range. (The runtime's own function ends at
/// the year 3000.)
///
/// # Safety
/// `when` is readable and `out` writable.
pub unsafe fn gmtime_r(when: *const time_t, out: *mut tm) -> *mut tm {
    // SAFETY: the caller's promise.
    let when = unsafe { when.read() };
    let (days, second) = (when.div_euclid(86_400), when.rem_euclid(86_400));
    // Years that begin in March have their odd day at the end; 400 of them are an era.
    let since = days + 719_468;
    let (era, day) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let year = era * 400 + year_of_era + i64::from(month >= 10);
    let Ok(tm_year) = c_int::try_from(year - 1900) else { return null_mut() };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    // From January on again.
    let tm_yday = if month >= 10 { day_of_year - 306 } else { day_of_year + 59 + i64::from(leap) };
    let date = tm {
        tm_sec: (second % 60) as c_int,
        tm_min: (second / 60 % 60) as c_int,
        tm_hour: (second / 3600) as c_int,
        tm_mday: (day_of_year - (153 * month + 2) / 5 + 1) as c_int,
        tm_mon: ((month + 2) % 12) as c_int,
        tm_year,
        tm_wday: (days + 4).rem_euclid(7) as c_int,
        tm_yday: tm_yday as c_int,
        tm_isdst: 0,
    };
    // SAFETY: the caller's promise.
    unsafe { out.write(date) };
    out
}
/// What error `e` means, of the runtime's or of Winsock's, as a C string. 0 for success.
///
/// # Safety
/// `buf` is writable for `len` bytes.
pub unsafe fn strerror_r(e: c_int, buf: *mut c_char, len: usize) -> c_int {
    if len == 0 {
        return -1;
    }
    // SAFETY: the caller's promise.
    let room = unsafe { std::slice::from_raw_parts_mut(buf.cast::<u8>(), len) };
    super::describe(e, room);
    0
}
/// # Safety
/// As in C.
pub unsafe fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    out: *mut *mut addrinfo,
) -> c_int {
    super::start();
    // SAFETY: the caller's promise; the structs are laid out alike.
    unsafe { ws::getaddrinfo(node.cast(), service.cast(), hints.cast(), out.cast()) }
}
/// # Safety
/// A list of [`getaddrinfo`]'s, used no more.
pub unsafe fn freeaddrinfo(list: *mut addrinfo) {
    // SAFETY: the caller's promise.
    unsafe { ws::freeaddrinfo(list.cast()) }
}
/// The text of an error of getaddrinfo's. Windows' own function uses one buffer for all threads.
///
/// # Safety
/// None is needed; other systems' function is unsafe.
pub unsafe fn gai_strerror(e: c_int) -> *const c_char {
    let text: &CStr = match e {
        0 => c"no error",
        EAI_AGAIN => c"temporary failure in name resolution",
        EAI_BADFLAGS => c"invalid flags",
        EAI_FAIL => c"non-recoverable failure in name resolution",
        EAI_FAMILY => c"address family not supported",
        EAI_MEMORY => c"out of memory",
        EAI_NONAME => c"no such host or service",
        ws::WSANO_DATA => c"no address of that kind",
        EAI_SERVICE => c"service not supported for this socket type",
        EAI_SOCKTYPE => c"socket type not supported",
        EAI_SYSTEM => c"system error",
        _ => c"unknown error",
    };
    text.as_ptr()
}
/// # Safety
/// `name` is writable for `len` bytes.
pub unsafe fn gethostname(name: *mut c_char, len: usize) -> c_int {
    super::start();
    // SAFETY: the caller's promise.
    unsafe { ws::gethostname(name.cast(), len.min(c_int::MAX as usize) as c_int) }
}
/// # Safety
/// `name` is a C string.
pub unsafe fn if_nametoindex(name: *const c_char) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { IpHelper::if_nametoindex(name.cast()) }
}
/// # Safety
/// `name` is writable for [`IF_NAMESIZE`] bytes.
pub unsafe fn if_indextoname(index: u32, name: *mut c_char) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { IpHelper::if_indextoname(index, name.cast()).cast() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_runtime() {
        for day in -3..380_000i64 {
            let when = day * 86_400 + day.rem_euclid(86_399);
            // SAFETY: all zero is a valid tm.
            let (mut ours, mut theirs): (tm, tm) = unsafe { std::mem::zeroed() };
            // SAFETY: places of ours.
            let known = unsafe {
                gmtime_r(&when, &mut ours);
                libc::gmtime_s(&mut theirs, &when) == 0
            };
            let all = |t: &tm| {
                [t.tm_sec, t.tm_min, t.tm_hour, t.tm_mday, t.tm_mon, t.tm_year, t.tm_wday, t.tm_yday]
            };
            if known {
                assert_eq!(all(&ours), all(&theirs), "{when}");
            }
        }
        // SAFETY: all zero is a valid tm.
        let mut t: tm = unsafe { std::mem::zeroed() };
        // SAFETY: places of ours.
        assert!(unsafe { gmtime_r(&time_t::MAX, &mut t) }.is_null());
    }
}
