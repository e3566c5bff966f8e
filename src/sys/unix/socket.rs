//! Sockets: making them, connecting, accepting, options.
#[cfg(any(target_os = "macos", target_os = "ios"))]
use super::fd;
use super::{ErrnoGuard, cvt};
use crate::Result;
use libc::{sockaddr, sockaddr_in, sockaddr_in6, sockaddr_storage, socklen_t};
use std::ffi::c_int;

#[cfg(not(any(target_os = "macos", target_os = "ios")))]
pub use libc::{SOCK_CLOEXEC, SOCK_NONBLOCK};
// Where the system has no such bits, ours are taken off again before it sees them.
#[cfg(any(target_os = "macos", target_os = "ios"))]
pub const SOCK_NONBLOCK: c_int = 0x4000_0000;
#[cfg(any(target_os = "macos", target_os = "ios"))]
pub const SOCK_CLOEXEC: c_int = 0x2000_0000;

/// The option by which several sockets listen on one port and the kernel spreads connections over them, if it does.
pub const SHARE_PORT: Option<c_int> = {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let option = Some(libc::SO_REUSEPORT);
    #[cfg(target_os = "freebsd")]
    let option = Some(libc::SO_REUSEPORT_LB);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    let option = None;
    option
};
/// The option that keeps others from taking over a port, where they could.
pub const EXCLUSIVE: Option<c_int> = None;
/// The option by which a listener gets the port of connections that have ended not long ago.
pub const REUSE_ADDRESS: Option<c_int> = Some(libc::SO_REUSEADDR);
/// The option of TCP by which a listener hears of a connection only when it has data, if there is one.
pub const DEFER_ACCEPT: Option<c_int> = {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let option = Some(libc::TCP_DEFER_ACCEPT);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let option = None;
    option
};

#[cfg(any(target_os = "macos", target_os = "ios"))]
fn apply(s: c_int, kind: c_int) -> Result<c_int> {
    let set = || {
        if kind & SOCK_NONBLOCK != 0 {
            fd::set_nonblocking(s)?;
        }
        if kind & SOCK_CLOEXEC != 0 {
            fd::set_cloexec(s)?;
        }
        // MSG_NOSIGNAL is young here.
        set_option(s, libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1)?;
        Ok(s)
    };
    set().inspect_err(|_| fd::close(s))
}

/// A new socket; `kind` may have SOCK_NONBLOCK and SOCK_CLOEXEC on every system.
pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> Result<c_int> {
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    // SAFETY: no pointers.
    return cvt(unsafe { libc::socket(domain, kind, protocol) });
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    {
        // SAFETY: no pointers.
        let s = cvt(unsafe { libc::socket(domain, kind & !(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol) })?;
        apply(s, kind)
    }
}
/// Whether [`socketpair`] works.
pub const HAS_SOCKETPAIR: bool = true;
/// Two connected sockets of the system's own making; `kind` as in [`socket`].
pub fn socketpair(domain: c_int, kind: c_int, protocol: c_int) -> Result<(c_int, c_int)> {
    let mut p = [-1; 2];
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    // SAFETY: `p` takes two numbers.
    cvt(unsafe { libc::socketpair(domain, kind, protocol, p.as_mut_ptr()) })?;
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    {
        let plain = kind & !(SOCK_NONBLOCK | SOCK_CLOEXEC);
        // SAFETY: `p` takes two numbers.
        cvt(unsafe { libc::socketpair(domain, plain, protocol, p.as_mut_ptr()) })?;
        fd::prepare_pair(&p, kind & SOCK_NONBLOCK != 0, kind & SOCK_CLOEXEC != 0)?;
    }
    Ok((p[0], p[1]))
}
/// Accepts a connection; `flags` are SOCK_NONBLOCK and SOCK_CLOEXEC. The peer's address goes to `from`, its length
/// is returned with the socket.
pub fn accept4(listener: c_int, from: &mut sockaddr_storage, flags: c_int) -> Result<(c_int, socklen_t)> {
    let mut len = size_of::<sockaddr_storage>() as socklen_t;
    let p = (&raw mut *from).cast::<sockaddr>();
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    // SAFETY: `p` is writable for `len` bytes.
    let s = cvt(unsafe { libc::accept4(listener, p, &mut len, flags) })?;
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    // SAFETY: `p` is writable for `len` bytes.
    let s = apply(cvt(unsafe { libc::accept(listener, p, &mut len) })?, flags)?;
    Ok((s, len.min(size_of::<sockaddr_storage>() as socklen_t)))
}
/// # Safety
/// `addr` is readable for `len` bytes.
pub unsafe fn bind(s: c_int, addr: *const sockaddr, len: socklen_t) -> Result<()> {
    // SAFETY: the caller's promise.
    cvt(unsafe { libc::bind(s, addr, len) }).map(drop)
}
pub fn listen(s: c_int, backlog: c_int) -> Result<()> {
    // SAFETY: no pointers.
    cvt(unsafe { libc::listen(s, backlog) }).map(drop)
}
/// # Safety
/// `addr` is readable for `len` bytes.
pub unsafe fn connect(s: c_int, addr: *const sockaddr, len: socklen_t) -> Result<()> {
    // SAFETY: the caller's promise.
    cvt(unsafe { libc::connect(s, addr, len) }).map(drop)
}
/// Ends a connect that has failed or is under way, so that the socket can connect again.
pub fn disconnect(s: c_int) -> Result<()> {
    let mut nowhere = empty_address();
    nowhere.ss_family = libc::AF_UNSPEC as libc::sa_family_t;
    // SAFETY: a whole address of ours.
    unsafe { connect(s, (&raw const nowhere).cast(), size_of::<sockaddr_storage>() as socklen_t) }
}
pub fn shutdown(s: c_int, how: c_int) -> Result<()> {
    // SAFETY: no pointers.
    cvt(unsafe { libc::shutdown(s, how) }).map(drop)
}
/// A zeroed address to be filled.
pub fn empty_address() -> sockaddr_storage {
    // SAFETY: all zero is a valid sockaddr_storage.
    unsafe { std::mem::zeroed() }
}
/// An address of IPv4 with nothing but its family, and its length where the system keeps that in it.
pub fn empty_v4() -> sockaddr_in {
    // SAFETY: all zero is a valid sockaddr_in.
    let mut a: sockaddr_in = unsafe { std::mem::zeroed() };
    a.sin_family = libc::AF_INET as libc::sa_family_t;
    #[cfg(has_sa_len)]
    {
        a.sin_len = size_of::<sockaddr_in>() as u8;
    }
    a
}
/// The same for IPv6.
pub fn empty_v6() -> sockaddr_in6 {
    // SAFETY: all zero is a valid sockaddr_in6.
    let mut a: sockaddr_in6 = unsafe { std::mem::zeroed() };
    a.sin6_family = libc::AF_INET6 as libc::sa_family_t;
    #[cfg(has_sa_len)]
    {
        a.sin6_len = size_of::<sockaddr_in6>() as u8;
    }
    a
}
/// The socket's own address.
pub fn local_address(s: c_int) -> Result<(sockaddr_storage, socklen_t)> {
    let mut a = empty_address();
    let mut len = size_of::<sockaddr_storage>() as socklen_t;
    // SAFETY: `a` is writable for `len` bytes.
    cvt(unsafe { libc::getsockname(s, (&raw mut a).cast(), &mut len) })?;
    Ok((a, len.min(size_of::<sockaddr_storage>() as socklen_t)))
}
/// The peer's address.
pub fn peer_address(s: c_int) -> Result<(sockaddr_storage, socklen_t)> {
    let mut a = empty_address();
    let mut len = size_of::<sockaddr_storage>() as socklen_t;
    // SAFETY: `a` is writable for `len` bytes.
    cvt(unsafe { libc::getpeername(s, (&raw mut a).cast(), &mut len) })?;
    Ok((a, len.min(size_of::<sockaddr_storage>() as socklen_t)))
}

/// Sets an option that takes an int.
pub fn set_option(s: c_int, level: c_int, name: c_int, value: c_int) -> Result<()> {
    let len = size_of::<c_int>() as socklen_t;
    // SAFETY: an int on our stack.
    cvt(unsafe { libc::setsockopt(s, level, name, (&raw const value).cast(), len) }).map(drop)
}
/// Reads an option that is an int.
pub fn option(s: c_int, level: c_int, name: c_int) -> Result<c_int> {
    let mut value: c_int = 0;
    let mut len = size_of::<c_int>() as socklen_t;
    // SAFETY: an int on our stack.
    cvt(unsafe { libc::getsockopt(s, level, name, (&raw mut value).cast(), &mut len) })?;
    Ok(value)
}
/// Takes the pending error of a socket (SO_ERROR); 0 if there is none.
pub fn take_error(s: c_int) -> Result<c_int> {
    option(s, libc::SOL_SOCKET, libc::SO_ERROR)
}
/// The address family of a socket, if it is one and the system tells.
pub fn family(s: c_int) -> Option<c_int> {
    let _keep = ErrnoGuard::new();
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "openbsd"))]
    return option(s, libc::SOL_SOCKET, libc::SO_DOMAIN).ok();
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "openbsd"
    )))]
    return local_address(s).ok().map(|(a, _)| c_int::from(a.ss_family));
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
        libc::EINTR | libc::EINPROGRESS => ConnectFailure::InProgress,
        libc::ECONNREFUSED => ConnectFailure::Refused,
        _ => ConnectFailure::Other,
    }
}
/// Whether reading or writing should simply be tried again later.
#[inline]
pub fn is_retriable(e: c_int) -> bool {
    e == libc::EAGAIN || e == libc::EWOULDBLOCK || e == libc::EINTR
}
/// Whether accept should simply be tried again later.
pub fn is_accept_retriable(e: c_int) -> bool {
    is_retriable(e) || e == libc::ECONNABORTED
}
