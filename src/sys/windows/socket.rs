//! Sockets: making them, connecting, accepting, options.
use super::c::{sockaddr, sockaddr_in, sockaddr_in6, sockaddr_storage, socklen_t};
use super::{ErrnoGuard, c, cvt, errno, fd};
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};
use std::ffi::c_int;
use std::ptr::null;
use windows_sys::Win32::Networking::WinSock as ws;

// Windows has no such bits: ours are taken off again before it sees them.
pub const SOCK_NONBLOCK: c_int = 0x4000_0000;
pub const SOCK_CLOEXEC: c_int = 0x2000_0000;

/// No option of Windows' spreads connections over several listeners of a port.
pub const SHARE_PORT: Option<c_int> = None;
/// A listener hears of each connection at once.
pub const DEFER_ACCEPT: Option<c_int> = None;
/// The option that keeps others from taking over a port.
pub const EXCLUSIVE: Option<c_int> = Some(ws::SO_EXCLUSIVEADDRUSE);
/// SO_REUSEADDR lets anybody take over a port here; that of a closed listener is free without it.
pub const REUSE_ADDRESS: Option<c_int> = None;

fn owned(s: ws::SOCKET) -> Result<evutil_socket_t> {
    if s == ws::INVALID_SOCKET { Err(Error::Os(errno())) } else { Ok(s as evutil_socket_t) }
}

/// A new socket, fit for overlapped calls; `kind` may have SOCK_NONBLOCK and SOCK_CLOEXEC on every system.
pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> Result<evutil_socket_t> {
    super::start();
    let plain = kind & !(SOCK_NONBLOCK | SOCK_CLOEXEC);
    let inherit = if kind & SOCK_CLOEXEC != 0 { ws::WSA_FLAG_NO_HANDLE_INHERIT } else { 0 };
    let flags = ws::WSA_FLAG_OVERLAPPED | inherit;
    // SAFETY: no description of a protocol is given.
    let s = owned(unsafe { ws::WSASocketW(domain, plain, protocol, null(), 0, flags) })?;
    if kind & SOCK_NONBLOCK != 0 {
        fd::set_nonblocking(s).inspect_err(|_| fd::close(s))?;
    }
    Ok(s)
}
/// Windows connects no pair by itself: `util::socket` makes one over the loopback interface.
pub fn socketpair(
    _domain: c_int,
    _kind: c_int,
    _protocol: c_int,
) -> Result<(evutil_socket_t, evutil_socket_t)> {
    Err(Error::Os(ws::WSAEAFNOSUPPORT))
}
/// Whether [`socketpair`] works.
pub const HAS_SOCKETPAIR: bool = false;

/// Accepts a connection; `flags` are SOCK_NONBLOCK and SOCK_CLOEXEC. The peer's address goes to `from`, its length
/// is returned with the socket.
pub fn accept4(
    listener: evutil_socket_t,
    from: &mut sockaddr_storage,
    flags: c_int,
) -> Result<(evutil_socket_t, socklen_t)> {
    let mut len = size_of::<sockaddr_storage>() as socklen_t;
    let p = (&raw mut *from).cast::<ws::SOCKADDR>();
    // SAFETY: `p` is writable for `len` bytes.
    let s = owned(unsafe { ws::accept(listener as ws::SOCKET, p, &mut len) })?;
    // The socket takes after the listener, whose mode we do not know.
    fd::set_blocking(s, flags & SOCK_NONBLOCK == 0)
        .and_then(|()| if flags & SOCK_CLOEXEC != 0 { fd::set_cloexec(s) } else { Ok(()) })
        .inspect_err(|_| fd::close(s))?;
    Ok((s, len.min(size_of::<sockaddr_storage>() as socklen_t)))
}
/// # Safety
/// `addr` is readable for `len` bytes.
pub unsafe fn bind(s: evutil_socket_t, addr: *const sockaddr, len: socklen_t) -> Result<()> {
    // SAFETY: the caller's promise.
    cvt(unsafe { ws::bind(s as ws::SOCKET, addr.cast(), len) }).map(drop)
}
pub fn listen(s: evutil_socket_t, backlog: c_int) -> Result<()> {
    // SAFETY: no pointers.
    cvt(unsafe { ws::listen(s as ws::SOCKET, backlog) }).map(drop)
}
/// # Safety
/// `addr` is readable for `len` bytes.
pub unsafe fn connect(s: evutil_socket_t, addr: *const sockaddr, len: socklen_t) -> Result<()> {
    // SAFETY: the caller's promise.
    cvt(unsafe { ws::connect(s as ws::SOCKET, addr.cast(), len) }).map(drop)
}
/// A socket whose connect has failed can connect again as it is; nothing ends one that is under way.
pub fn disconnect(_s: evutil_socket_t) -> Result<()> {
    Ok(())
}
pub fn shutdown(s: evutil_socket_t, how: c_int) -> Result<()> {
    // SAFETY: no pointers.
    cvt(unsafe { ws::shutdown(s as ws::SOCKET, how) }).map(drop)
}
/// A zeroed address to be filled.
pub fn empty_address() -> sockaddr_storage {
    // SAFETY: all zero is a valid sockaddr_storage.
    unsafe { std::mem::zeroed() }
}
/// An address of IPv4 with nothing but its family.
pub fn empty_v4() -> sockaddr_in {
    // SAFETY: all zero is a valid sockaddr_in.
    let mut a: sockaddr_in = unsafe { std::mem::zeroed() };
    a.sin_family = c::AF_INET as c::sa_family_t;
    a
}
/// The same for IPv6.
pub fn empty_v6() -> sockaddr_in6 {
    // SAFETY: all zero is a valid sockaddr_in6.
    let mut a: sockaddr_in6 = unsafe { std::mem::zeroed() };
    a.sin6_family = c::AF_INET6 as c::sa_family_t;
    a
}
/// The socket's own address.
pub fn local_address(s: evutil_socket_t) -> Result<(sockaddr_storage, socklen_t)> {
    let mut a = empty_address();
    let mut len = size_of::<sockaddr_storage>() as socklen_t;
    // SAFETY: `a` is writable for `len` bytes.
    cvt(unsafe { ws::getsockname(s as ws::SOCKET, (&raw mut a).cast(), &mut len) })?;
    Ok((a, len.min(size_of::<sockaddr_storage>() as socklen_t)))
}
/// The peer's address.
pub fn peer_address(s: evutil_socket_t) -> Result<(sockaddr_storage, socklen_t)> {
    let mut a = empty_address();
    let mut len = size_of::<sockaddr_storage>() as socklen_t;
    // SAFETY: `a` is writable for `len` bytes.
    cvt(unsafe { ws::getpeername(s as ws::SOCKET, (&raw mut a).cast(), &mut len) })?;
    Ok((a, len.min(size_of::<sockaddr_storage>() as socklen_t)))
}

/// Sets an option that takes an int.
pub fn set_option(s: evutil_socket_t, level: c_int, name: c_int, value: c_int) -> Result<()> {
    let len = size_of::<c_int>() as socklen_t;
    // SAFETY: an int on our stack.
    cvt(unsafe { ws::setsockopt(s as ws::SOCKET, level, name, (&raw const value).cast(), len) }).map(drop)
}
/// Reads an option that is an int.
pub fn option(s: evutil_socket_t, level: c_int, name: c_int) -> Result<c_int> {
    let mut value: c_int = 0;
    let mut len = size_of::<c_int>() as socklen_t;
    // SAFETY: an int on our stack.
    cvt(unsafe { ws::getsockopt(s as ws::SOCKET, level, name, (&raw mut value).cast(), &mut len) })?;
    Ok(value)
}
/// Takes the pending error of a socket (SO_ERROR); 0 if there is none.
pub fn take_error(s: evutil_socket_t) -> Result<c_int> {
    option(s, ws::SOL_SOCKET, ws::SO_ERROR)
}
/// The last error of a socket: the thread's, but where that only says to try again, what has happened to the socket
/// meanwhile.
pub fn error_of(s: evutil_socket_t) -> c_int {
    let last = errno();
    if last == ws::WSAEWOULDBLOCK && s >= 0 {
        match take_error(s) {
            Ok(pending) if pending != 0 => return pending,
            _ => super::set_errno(last),
        }
    }
    last
}
/// The address family of a socket, if it is one and the system tells.
pub fn family(s: evutil_socket_t) -> Option<c_int> {
    let _keep = ErrnoGuard::new();
    // SAFETY: plain data that the call fills in.
    let mut info: ws::WSAPROTOCOL_INFOW = unsafe { std::mem::zeroed() };
    let mut len = size_of::<ws::WSAPROTOCOL_INFOW>() as c_int;
    // SAFETY: `info` is writable for `len` bytes.
    let r = unsafe {
        ws::getsockopt(
            s as ws::SOCKET,
            ws::SOL_SOCKET,
            ws::SO_PROTOCOL_INFOW,
            (&raw mut info).cast(),
            &mut len,
        )
    };
    (r == 0).then_some(info.iAddressFamily)
}
/// Whether the socket takes connections.
pub fn is_listening(s: evutil_socket_t) -> bool {
    let _keep = ErrnoGuard::new();
    option(s, ws::SOL_SOCKET, ws::SO_ACCEPTCONN).is_ok_and(|v| v != 0)
}

/// What a failed connect means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectFailure {
    /// Under way: wait until the socket is writable.
    InProgress,
    Refused,
    Other,
}
pub fn connect_failure(e: c_int) -> ConnectFailure {
    match e {
        ws::WSAEWOULDBLOCK | ws::WSAEINTR | ws::WSAEINPROGRESS | ws::WSAEINVAL | ws::WSAEALREADY => {
            ConnectFailure::InProgress
        }
        c::ECONNREFUSED => ConnectFailure::Refused,
        _ => ConnectFailure::Other,
    }
}
/// Whether reading or writing should simply be tried again later.
#[inline]
pub fn is_retriable(e: c_int) -> bool {
    matches!(e, ws::WSAEWOULDBLOCK | ws::WSAEINTR)
}
/// Whether accept should simply be tried again later.
pub fn is_accept_retriable(e: c_int) -> bool {
    is_retriable(e) || e == c::ECONNABORTED || e == c::ECONNRESET
}
