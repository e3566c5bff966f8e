//! What evutil.h does to sockets.
use crate::abi::util::evutil_socket_t;
use crate::sys::c;
use crate::sys::c::{AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, sockaddr, sockaddr_storage, socklen_t};
use crate::sys::{self, fd, socket};
use crate::{Error, Result};
use std::ffi::c_int;

/// Closed unless taken out; errno survives.
struct Owned(evutil_socket_t);
impl Owned {
    fn release(self) -> evutil_socket_t {
        let fd = self.0;
        std::mem::forget(self);
        fd
    }
}
impl Drop for Owned {
    fn drop(&mut self) {
        fd::close(self.0)
    }
}

/// `evutil_socketpair`: the system's own where it has one (AF_UNIX and others), connected loopback sockets for
/// AF_INET. `kind` may have SOCK_NONBLOCK and SOCK_CLOEXEC.
pub fn pair(family: c_int, kind: c_int, protocol: c_int) -> Result<(evutil_socket_t, evutil_socket_t)> {
    match family {
        AF_INET => loopback_pair(kind, protocol),
        // Where the system makes no pairs of its own.
        AF_UNIX if !socket::HAS_SOCKETPAIR => loopback_pair(kind, protocol),
        _ => socket::socketpair(family, kind, protocol),
    }
}

fn bind_loopback(kind: c_int, protocol: c_int) -> Result<(Owned, sockaddr_storage, socklen_t)> {
    let s = Owned(socket::socket(AF_INET, kind, protocol)?);
    if let Some(option) = socket::EXCLUSIVE {
        socket::set_option(s.0, c::SOL_SOCKET, option, 1)?;
    }
    let any_port = super::addr::Inet::v4([127, 0, 0, 1], 0);
    // SAFETY: an address of ours with its length.
    unsafe { socket::bind(s.0, any_port.as_ptr(), any_port.len() as socklen_t)? };
    let (addr, len) = socket::local_address(s.0)?;
    Ok((s, addr, len))
}
fn connect(s: &Owned, to: &sockaddr_storage, len: socklen_t) -> Result<()> {
    // SAFETY: an address with its length.
    unsafe { socket::connect(s.0, (&raw const *to).cast(), len) }
}
/// # Errors
/// ECONNABORTED when a stranger got in between.
fn require_same(a: &sockaddr_storage, b: &sockaddr_storage) -> Result<()> {
    let (a, b) = ((&raw const *a).cast::<sockaddr>(), (&raw const *b).cast::<sockaddr>());
    // SAFETY: two whole addresses.
    match unsafe { super::addr::sockaddr_cmp(a, b, true) } {
        0 => Ok(()),
        _ => Err(Error::Os(c::ECONNABORTED)),
    }
}
fn loopback_pair(kind: c_int, protocol: c_int) -> Result<(evutil_socket_t, evutil_socket_t)> {
    let flags = kind & (socket::SOCK_NONBLOCK | socket::SOCK_CLOEXEC);
    match kind & !flags {
        SOCK_STREAM => {
            // The connecting side is made blocking: on the loopback interface the backlog answers at once.
            let (listener, at, len) = bind_loopback(SOCK_STREAM | socket::SOCK_CLOEXEC, protocol)?;
            socket::listen(listener.0, 1)?;
            let one = Owned(socket::socket(AF_INET, SOCK_STREAM | (flags & socket::SOCK_CLOEXEC), protocol)?);
            connect(&one, &at, len)?;
            let mut from = socket::empty_address();
            let two = Owned(socket::accept4(listener.0, &mut from, flags)?.0);
            require_same(&from, &socket::local_address(one.0)?.0)?;
            if flags & socket::SOCK_NONBLOCK != 0 {
                fd::set_nonblocking(one.0)?;
            }
            Ok((one.release(), two.release()))
        }
        SOCK_DGRAM => {
            let (one, at_one, len_one) = bind_loopback(kind, protocol)?;
            let (two, at_two, len_two) = bind_loopback(kind, protocol)?;
            connect(&one, &at_two, len_two)?;
            connect(&two, &at_one, len_one)?;
            Ok((one.release(), two.release()))
        }
        _ => Err(Error::Os(c::EPROTOTYPE)),
    }
}

/// `evutil_make_socket_nonblocking`
pub fn make_nonblocking(s: evutil_socket_t) -> Result<()> {
    fd::set_nonblocking(s).inspect_err(|_| crate::warn_errno!("cannot make descriptor {s} nonblocking"))
}
/// `evutil_make_socket_closeonexec`
pub fn make_closeonexec(s: evutil_socket_t) -> Result<()> {
    fd::set_cloexec(s).inspect_err(|_| crate::warn_errno!("cannot make descriptor {s} close-on-exec"))
}
/// Sockets with a path have no port to share: the options mean nothing to them, and some systems refuse.
fn is_unix(s: evutil_socket_t) -> bool {
    socket::family(s) == Some(AF_UNIX)
}
/// `evutil_make_listen_socket_reuseable`
pub fn make_reuseable(s: evutil_socket_t) -> Result<()> {
    match socket::REUSE_ADDRESS {
        Some(option) if !is_unix(s) => socket::set_option(s, c::SOL_SOCKET, option, 1),
        _ => Ok(()),
    }
}
/// `evutil_make_listen_socket_reuseable_port`: where the kernel then spreads connections over the listeners.
pub fn make_reuseable_port(s: evutil_socket_t) -> Result<()> {
    match socket::SHARE_PORT {
        Some(option) if !is_unix(s) => socket::set_option(s, c::SOL_SOCKET, option, 1),
        _ => Ok(()),
    }
}
/// `evutil_make_listen_socket_ipv6only`
pub fn make_ipv6only(s: evutil_socket_t) -> Result<()> {
    socket::set_option(s, c::IPPROTO_IPV6, c::IPV6_V6ONLY, 1)
}
/// `evutil_make_tcp_listen_socket_deferred`
pub fn make_deferred(s: evutil_socket_t) -> Result<()> {
    socket::DEFER_ACCEPT.map_or(Ok(()), |option| socket::set_option(s, c::IPPROTO_TCP, option, 1))
}

/// How a connection attempt stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connecting {
    InProgress,
    Done,
    Refused,
}
/// Connects `s`, or a new nonblocking close-on-exec stream socket if that is negative. Returns the socket and how
/// it stands; a socket made here is closed on failure, except that a refused one stays for its owner to look at.
///
/// # Safety
/// `to` is readable for `len` bytes.
pub unsafe fn connect_stream(
    s: evutil_socket_t,
    to: *const sockaddr,
    len: socklen_t,
) -> Result<(evutil_socket_t, Connecting)> {
    let (s, made) = if s < 0 {
        // SAFETY: the caller's promise.
        let family = c_int::from(unsafe { (&raw const (*to).sa_family).read_unaligned() });
        let kind = SOCK_STREAM | socket::SOCK_NONBLOCK | socket::SOCK_CLOEXEC;
        (socket::socket(family, kind, 0)?, true)
    } else {
        (s, false)
    };
    // SAFETY: the caller's promise.
    match unsafe { socket::connect(s, to, len) } {
        Ok(()) => Ok((s, Connecting::Done)),
        Err(Error::Os(e)) => match socket::connect_failure(e) {
            socket::ConnectFailure::InProgress => Ok((s, Connecting::InProgress)),
            socket::ConnectFailure::Refused => Ok((s, Connecting::Refused)),
            socket::ConnectFailure::Other => {
                if made {
                    fd::close(s);
                }
                Err(Error::Os(e))
            }
        },
        Err(e) => Err(e),
    }
}
/// How an earlier connect went, once the socket is writable. An error is also left in errno.
pub fn finished_connecting(s: evutil_socket_t) -> Result<Connecting> {
    match socket::take_error(s)? {
        0 => Ok(Connecting::Done),
        e if socket::connect_failure(e) == socket::ConnectFailure::InProgress => Ok(Connecting::InProgress),
        e => {
            sys::set_errno(e);
            Err(Error::Os(e))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk((a, b): (evutil_socket_t, evutil_socket_t)) {
        assert_eq!(fd::write(a, b"ping"), Ok(4));
        let mut buf = [0; 8];
        let mut got = fd::read(b, &mut buf);
        for _ in 0..100 {
            if got != Err(Error::Os(c::EAGAIN)) {
                break;
            }
            sys::clock::sleep_us(1000);
            got = fd::read(b, &mut buf);
        }
        assert_eq!(got, Ok(4));
        fd::close(a);
        fd::close(b);
    }
    #[test]
    fn pairs_of_every_kind_talk() {
        let flags = socket::SOCK_NONBLOCK | socket::SOCK_CLOEXEC;
        for family in [AF_UNIX, AF_INET] {
            for kind in [SOCK_STREAM, SOCK_DGRAM] {
                talk(pair(family, kind, 0).unwrap());
                let p = pair(family, kind | flags, 0).unwrap();
                for s in [p.0, p.1] {
                    assert_eq!(fd::read(s, &mut [0]), Err(Error::Os(c::EAGAIN)));
                    assert!(!fd::is_inherited(s));
                }
                talk(p);
            }
        }
        assert!(pair(AF_INET, 77, 0).is_err());
        assert!(pair(12345, SOCK_STREAM, 0).is_err());
        assert!(pair(AF_INET, SOCK_STREAM, c::IPPROTO_UDP).is_err());
    }
    #[test]
    fn unix_sockets_take_no_port_options() {
        let (a, b) = pair(AF_UNIX, SOCK_STREAM, 0).unwrap();
        assert_eq!(make_reuseable(a), Ok(()));
        assert_eq!(make_reuseable_port(a), Ok(()));
        assert_eq!(socket::option(a, c::SOL_SOCKET, c::SO_REUSEADDR), Ok(0));
        assert_eq!(socket::option(a, c::SOL_SOCKET, socket::SHARE_PORT.unwrap_or(c::SO_REUSEADDR)), Ok(0));
        fd::close(a);
        fd::close(b);
        if socket::REUSE_ADDRESS.is_some() {
            assert_eq!(make_reuseable(a), Err(Error::Os(c::EBADF)));
        }
    }
    #[test]
    fn connecting_says_how_it_went() {
        let (l, at, len) = bind_loopback(SOCK_STREAM, 0).unwrap();
        let to = (&raw const at).cast::<sockaddr>();
        // SAFETY: an address with its length.
        let (s, how) = unsafe { connect_stream(-1, to, len) }.unwrap();
        // Nobody listens: refused at once or when asked.
        if how == Connecting::InProgress {
            assert_eq!(finished_connecting(s), Err(Error::Os(c::ECONNREFUSED)));
        } else {
            assert_eq!(how, Connecting::Refused);
        }
        fd::close(s);
        socket::listen(l.0, 1).unwrap();
        // SAFETY: as above.
        let (s, _) = unsafe { connect_stream(-1, to, len) }.unwrap();
        assert_eq!(finished_connecting(s), Ok(Connecting::Done));
        fd::close(s);
        let mut bad = at;
        bad.ss_family = 250;
        // SAFETY: as above.
        assert!(unsafe { connect_stream(-1, (&raw const bad).cast(), len) }.is_err());
    }
}
