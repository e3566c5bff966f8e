//! event2/util.h (evutil_snprintf and evutil_vsnprintf are in variadic.c)
use oxievent::abi::util::{evutil_monotonic_timer, evutil_socket_t};
use oxievent::sys::c::{addrinfo, sockaddr, timeval, tm};
use oxievent::sys::{self, c, fd};
use oxievent::util::getaddrinfo::{self as gai, GaiError};
use oxievent::util::time::{MonotonicTimer, date_rfc1123};
use oxievent::util::{addr, secure_random, socket, text};
use oxievent::{Error, Result, mem};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};

/// 0, or -1 with errno.
fn status(r: Result<()>) -> c_int {
    match r {
        Ok(()) => 0,
        Err(e) => e.to_c(),
    }
}
/// # Safety
/// Rule 2 for `s`.
pub(crate) unsafe fn c_str<'a>(s: *const c_char) -> Option<&'a CStr> {
    // SAFETY: the caller's promise.
    if s.is_null() { None } else { Some(unsafe { CStr::from_ptr(s) }) }
}

/// Makes two sockets that are connected to each other, as socketpair(2) does.
///
/// For AF_UNIX, and whatever else the system has pairs of, this is the system's own call. For AF_INET two sockets
/// (SOCK_STREAM or SOCK_DGRAM) are connected over the loopback interface.
///
/// @param d the address family
/// @param type the socket type, optionally with SOCK_NONBLOCK and SOCK_CLOEXEC
/// @param protocol 0 for the type's usual protocol
/// @param sv receives the two sockets; the caller closes them
/// @return 0, or -1 with the socket error set
///
/// # Safety
/// Rule 2: `sv` has room for two sockets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_socketpair(
    d: c_int,
    r#type: c_int,
    protocol: c_int,
    sv: *mut evutil_socket_t,
) -> c_int {
    if sv.is_null() {
        return Error::Os(c::EFAULT).to_c();
    }
    match socket::pair(d, r#type, protocol) {
        // SAFETY: Rule 2 for `sv`.
        Ok((a, b)) => unsafe {
            *sv = a;
            *sv.add(1) = b;
            0
        },
        Err(e) => e.to_c(),
    }
}

/// Makes reading, writing, connecting and accepting on a socket return at once instead of waiting.
///
/// @param sock the socket
/// @return 0, or -1 with the socket error set; a failure is also logged as a warning
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_make_socket_nonblocking(sock: evutil_socket_t) -> c_int {
    status(socket::make_nonblocking(sock))
}

/// Lets a listening socket take an address that connections of an earlier listener still linger on
/// (SO_REUSEADDR). Does nothing to AF_UNIX sockets, and nothing on Windows, where the option means something else.
///
/// @param sock the socket
/// @return 0, or -1 with the socket error set
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_make_listen_socket_reuseable(sock: evutil_socket_t) -> c_int {
    status(socket::make_reuseable(sock))
}

/// Lets several sockets listen on one port, the kernel spreading the connections over them (SO_REUSEPORT). Each of
/// them must call this before bind. Does nothing to AF_UNIX sockets, nor where the system cannot do it.
///
/// @param sock the socket
/// @return 0, or -1 with the socket error set
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_make_listen_socket_reuseable_port(sock: evutil_socket_t) -> c_int {
    status(socket::make_reuseable_port(sock))
}

/// Keeps an AF_INET6 socket to IPv6: it will not take IPv4 connections as mapped addresses. To be called before
/// bind.
///
/// @param sock the socket
/// @return 0, or -1 with the socket error set
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_make_listen_socket_ipv6only(sock: evutil_socket_t) -> c_int {
    status(socket::make_ipv6only(sock))
}

/// Has the kernel report a TCP connection to its listener only when data has arrived on it (TCP_DEFER_ACCEPT). To be
/// called after listen. Does nothing where the system has no such option.
///
/// @param sock the socket
/// @return 0, or -1 with the socket error set
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_make_tcp_listen_socket_deferred(sock: evutil_socket_t) -> c_int {
    status(socket::make_deferred(sock))
}

/// Has a socket closed when the process executes another program (FD_CLOEXEC).
///
/// @param sock the socket
/// @return 0, or -1 with errno set; a failure is also logged as a warning
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_make_socket_closeonexec(sock: evutil_socket_t) -> c_int {
    status(socket::make_closeonexec(sock))
}

/// Closes a socket.
///
/// @param sock the socket
/// @return 0, or -1 with the socket error set
///
/// # Safety
/// The caller owns `sock`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_closesocket(sock: evutil_socket_t) -> c_int {
    status(fd::try_close(sock))
}

/// The last error of a socket. Unlike EVUTIL_SOCKET_ERROR this also finds what happened to the socket while nobody
/// called it, a failed connection attempt for example. On Unix a macro.
///
/// @param sock the socket that the failed call was made on
/// @return the error's number, one of Winsock's (WSAE...)
///
/// # Safety
/// No pointers.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_socket_geterror(sock: evutil_socket_t) -> c_int {
    sys::socket::error_of(sock)
}

/// The text of a socket error, in the system's words. On Unix a macro.
///
/// @param errcode the error's number, one of Winsock's (WSAE...)
/// @return the text, which stays valid; never NULL
///
/// # Safety
/// No pointers.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_socket_error_to_string(errcode: c_int) -> *const c_char {
    sys::error_text(errcode).as_ptr()
}

/// Reads a number as strtoll(3) does.
///
/// @param s the text; blanks in front are skipped
/// @param endptr receives where the number ends, unless it is NULL
/// @param base 2 to 36, or 0 to go by a prefix 0 or 0x
/// @return the number; at overflow the largest or smallest one with errno ERANGE
///
/// # Safety
/// Rule 2 for `s`; `endptr` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_strtoll(s: *const c_char, endptr: *mut *mut c_char, base: c_int) -> i64 {
    // SAFETY: Rule 2 for both.
    unsafe { libc::strtoll(s, endptr, base) }
}

/// Writes an IP address as text, without port or brackets. An IPv6 address comes in its shortest form, with dotted
/// numbers where it embeds an IPv4 address.
///
/// @param af AF_INET or AF_INET6
/// @param src a struct in_addr or in6_addr
/// @param dst where the text goes
/// @param len the room at dst; 46 bytes are enough for every address
/// @return dst, or NULL with errno set to ENOSPC if it does not fit, EAFNOSUPPORT for another family
///
/// # Safety
/// Rule 2: `src` is an address of the family, `dst` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_inet_ntop(
    af: c_int,
    src: *const c_void,
    dst: *mut c_char,
    len: usize,
) -> *const c_char {
    // SAFETY: Rule 2 for both.
    let fitted = unsafe {
        match af {
            c::AF_INET => addr::format_v4(src.cast::<[u8; 4]>().read_unaligned(), dst, len),
            c::AF_INET6 => addr::format_v6(src.cast::<[u8; 16]>().read_unaligned(), dst, len),
            _ => {
                sys::set_errno(c::EAFNOSUPPORT);
                return null();
            }
        }
    };
    if fitted {
        return dst;
    }
    sys::set_errno(c::ENOSPC);
    null()
}

/// Reads an IPv6 address with an optional zone ("fe80::1%eth0"), or an IPv4 address.
///
/// @param af AF_INET6 or AF_INET
/// @param src the text
/// @param dst receives a struct in6_addr or in_addr
/// @param indexp receives the zone's interface number; 0 if there is none
/// @return 1, 0 if the text is no such address, -1 for another family
///
/// # Safety
/// Rule 2: `src` is a string, `dst` holds an address of the family, `indexp` a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_inet_pton_scope(
    af: c_int,
    src: *const c_char,
    dst: *mut c_void,
    indexp: *mut c_uint,
) -> c_int {
    // SAFETY: Rule 2 for all three.
    unsafe {
        *indexp = 0;
        if af != c::AF_INET6 {
            return evutil_inet_pton(af, src, dst);
        }
        let Some((bytes, zone)) = addr::parse_v6_scope(CStr::from_ptr(src)) else { return 0 };
        dst.cast::<[u8; 16]>().write_unaligned(bytes);
        *indexp = zone;
    }
    1
}

/// Reads an IP address from text.
///
/// @param af AF_INET for four decimal numbers with dots, AF_INET6 for an IPv6 address without zone
/// @param src the text
/// @param dst receives a struct in_addr or in6_addr
/// @return 1, 0 if the text is no such address, -1 for another family
///
/// # Safety
/// Rule 2: `src` is a string, `dst` holds an address of the family.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_inet_pton(af: c_int, src: *const c_char, dst: *mut c_void) -> c_int {
    // SAFETY: Rule 2 for both.
    unsafe {
        match af {
            c::AF_INET => addr::parse_v4(CStr::from_ptr(src))
                .map_or(0, |a| (dst.cast::<[u8; 4]>().write_unaligned(a), 1).1),
            c::AF_INET6 => addr::parse_v6(CStr::from_ptr(src))
                .map_or(0, |a| (dst.cast::<[u8; 16]>().write_unaligned(a), 1).1),
            _ => -1,
        }
    }
}

/// Reads an IP address with an optional port: "[v6]:port", "[v6]", "v6", "v4:port" or "v4". IPv6 addresses may have a
/// zone.
///
/// @param str the text
/// @param out receives a struct sockaddr_in or sockaddr_in6; without a port in the text, the port is 0
/// @param outlen the room at out; receives the address's size
/// @return 0, or -1 if the text is no address, its port not 1 to 65535, or the room too small
///
/// # Safety
/// Rule 2: `str` is a string, `out` has `*outlen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_parse_sockaddr_port(
    str: *const c_char,
    out: *mut sockaddr,
    outlen: *mut c_int,
) -> c_int {
    // SAFETY: Rule 2 for all three.
    unsafe {
        let Some(a) = addr::parse_sockaddr_port(CStr::from_ptr(str)) else { return -1 };
        let Some(room) = usize::try_from(*outlen).ok().filter(|room| *room >= a.len()) else { return -1 };
        out.cast::<u8>().write_bytes(0, room);
        std::ptr::copy_nonoverlapping(a.as_ptr().cast::<u8>(), out.cast::<u8>(), a.len());
        *outlen = a.len() as c_int;
    }
    0
}

/// Compares two addresses.
///
/// @param include_port nonzero: addresses of different ports differ
/// @return 0 if they are equal, else a number whose sign gives an order; addresses that are neither AF_INET nor
///   AF_INET6 are never equal
///
/// # Safety
/// Rule 2: both are as long as their family makes them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_sockaddr_cmp(
    sa1: *const sockaddr,
    sa2: *const sockaddr,
    include_port: c_int,
) -> c_int {
    // SAFETY: Rule 2 for both.
    unsafe { addr::sockaddr_cmp(sa1, sa2, include_port != 0) }
}

/// Compares two strings; ASCII letters count as lower case, whatever the locale.
///
/// @return 0 if they are equal, -1 if str1 comes first, 1 if str2 does
///
/// # Safety
/// Rule 2 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_ascii_strcasecmp(str1: *const c_char, str2: *const c_char) -> c_int {
    // SAFETY: Rule 2 for both.
    unsafe { text::casecmp(CStr::from_ptr(str1), CStr::from_ptr(str2)) }
}

/// evutil_ascii_strcasecmp over the first n characters at most.
///
/// @param str1 a string, or at least n characters
/// @param str2 another
/// @param n how many to compare
/// @return 0 if they are equal, -1 if str1 comes first, 1 if str2 does
///
/// # Safety
/// Rule 2: both end with a NUL or have `n` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_ascii_strncasecmp(
    str1: *const c_char,
    str2: *const c_char,
    n: usize,
) -> c_int {
    if n == 0 {
        return 0;
    }
    // SAFETY: Rule 2 for both.
    unsafe { text::ncasecmp(str1, str2, n) }
}

/// Looks up the addresses of a host and the port of a service, as getaddrinfo(3) does. This waits for the answer:
/// evdns_getaddrinfo does not. Addresses and ports written as numbers are answered without the system's resolver.
///
/// @param nodename a host's name or address; NULL for the local host, or for any address with EVUTIL_AI_PASSIVE
/// @param servname a service's name or port; NULL for none. One of both must be given
/// @param hints_in what is wanted: ai_family, ai_socktype, ai_protocol and EVUTIL_AI_ flags; NULL for anything
/// @param res receives a list, to be freed with evutil_freeaddrinfo; NULL on an error
/// @return 0, or one of EVUTIL_EAI_
///
/// # Safety
/// Rule 2: strings or null, hints or null, and a place for the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_getaddrinfo(
    nodename: *const c_char,
    servname: *const c_char,
    hints_in: *const addrinfo,
    res: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: Rule 2 for all.
    let answer = unsafe { gai::getaddrinfo(c_str(nodename), c_str(servname), hints_in.as_ref()) };
    let (code, list) = match answer {
        Ok(list) => (0, list.into_raw()),
        Err(GaiError(code)) => (code, null_mut()),
    };
    if res.is_null() {
        // SAFETY: from `into_raw`, or null.
        unsafe { gai::free(list) };
        return code;
    }
    // SAFETY: Rule 2 for `res`.
    unsafe { *res = list };
    code
}

/// Frees a list of evutil_getaddrinfo or evdns_getaddrinfo.
///
/// @param ai the list; NULL does nothing
///
/// # Safety
/// Rule 1 for `ai`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_freeaddrinfo(ai: *mut addrinfo) {
    // SAFETY: Rule 1.
    unsafe { gai::free(ai) }
}

/// The text for an error of evutil_getaddrinfo or evdns_getaddrinfo.
///
/// @param err what they returned
/// @return the text, which must not be changed or freed; never NULL
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_gai_strerror(err: c_int) -> *const c_char {
    gai::strerror(err)
}

/// Fills a buffer with random bytes that nobody can guess. From any thread, and different in parent and child
/// after fork. Ends the process through the fatal callback if the system gives no random bytes.
///
/// # Safety
/// Rule 2: `buf` has `n` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_secure_rng_get_bytes(buf: *mut c_void, n: usize) {
    if n != 0 {
        // SAFETY: Rule 2 for `buf`.
        secure_random::fill(unsafe { std::slice::from_raw_parts_mut(buf.cast::<u8>(), n) });
    }
}

/// Seeds the secure random numbers now instead of at their first use. Wanted by programs that lose access to the
/// system's random device later (chroot), and by those that want to know.
///
/// @return 0, or -1 if the system gives no random bytes
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_secure_rng_init() -> c_int {
    status(secure_random::init())
}

/// Names a random device to seed the secure random numbers from, besides what the kernel gives.
///
/// @param fname its path, which is copied; NULL for none
/// @return 0, or -1 if memory is short
///
/// # Safety
/// Rule 2 for `fname`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_secure_rng_set_urandom_device_file(fname: *mut c_char) -> c_int {
    // SAFETY: Rule 2.
    status(secure_random::set_device(unsafe { c_str(fname) }))
}

/// Mixes bytes of the program's own into the secure random numbers. Hardly ever needed: they are seeded without it,
/// and these bytes cannot make them worse.
///
/// # Safety
/// Rule 2: `dat` has `datlen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_secure_rng_add_bytes(dat: *const c_char, datlen: usize) {
    if datlen != 0 {
        // SAFETY: Rule 2 for `dat`.
        secure_random::add_bytes(unsafe { std::slice::from_raw_parts(dat.cast::<u8>(), datlen) });
    }
}

/// Makes a timer for evutil_configure_monotonic_time.
///
/// @return the timer, to be freed with evutil_monotonic_timer_free, or NULL if memory is short
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_monotonic_timer_new() -> *mut evutil_monotonic_timer {
    mem::new_box(MonotonicTimer::new(0)).map_or(null_mut(), |b| mem::Box::into_raw_with_allocator(b).0.cast())
}

/// Frees a timer of evutil_monotonic_timer_new. NULL does nothing.
///
/// # Safety
/// Rule 1 for `timer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_monotonic_timer_free(timer: *mut evutil_monotonic_timer) {
    // SAFETY: Rule 1: made by `new_box` above, plain memory.
    unsafe { mem::free(timer.cast()) }
}

/// Chooses the clock of a timer.
///
/// @param flags 0 for a clock that is cheap to read and some milliseconds coarse; EV_MONOT_PRECISE for the exact
///   one; EV_MONOT_FALLBACK for the wall clock with its backward steps taken out
/// @return 0, or -1 if timer is NULL
///
/// # Safety
/// Rule 1 for `timer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_configure_monotonic_time(
    timer: *mut evutil_monotonic_timer,
    flags: c_int,
) -> c_int {
    if timer.is_null() {
        return -1;
    }
    // SAFETY: Rule 1. Whatever was there is plain memory.
    unsafe { timer.cast::<MonotonicTimer>().write_unaligned(MonotonicTimer::new(flags)) };
    0
}

/// Reads a timer: the time since some moment in the past. It never goes back, whatever happens to the wall clock.
/// One timer is for one thread at a time.
///
/// @param timer a configured timer
/// @param tp receives the time
/// @return 0, or -1 if an argument is NULL
///
/// # Safety
/// Rule 1 for `timer`, Rule 2 for `tp`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_gettime_monotonic(
    timer: *mut evutil_monotonic_timer,
    tp: *mut timeval,
) -> c_int {
    if timer.is_null() || tp.is_null() {
        return -1;
    }
    // SAFETY: Rule 1 and Rule 2. The original suite's own 40 bytes are aligned like ours.
    unsafe { *tp = (*timer.cast::<MonotonicTimer>()).now() };
    0
}

/// Writes a date as HTTP and mail have it: "Sun, 06 Nov 1994 08:49:37 GMT".
///
/// @param date where the text goes; it is cut to fit and ended by a NUL
/// @param datelen the room there; 30 bytes are enough up to the year 9999
/// @param tm the time, taken as GMT; NULL for now
/// @return the length of the whole text, which was cut if that is not below datelen; 0 if datelen is 0
///
/// # Safety
/// Rule 2 for `date` and `tm`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_date_rfc1123(date: *mut c_char, datelen: usize, tm: *const tm) -> c_int {
    if datelen == 0 {
        return 0;
    }
    // SAFETY: Rule 2 for both.
    unsafe {
        let line = date_rfc1123(tm.as_ref());
        text::copy_out(line.as_bytes(), date, datelen);
        line.as_bytes().len() as c_int
    }
}
