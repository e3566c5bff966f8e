//! `struct evhttp_bound_socket`: a socket that a server listens on.
use super::incoming;
use super::server::ServerRef;
use crate::abi::http::evhttp_bound_socket;
use crate::abi::listener::{LevOpt, evconnlistener};
use crate::abi::util::evutil_socket_t;
use crate::listener::ListenerRef;
use crate::mem::TryVec;
use crate::sys::c;
use crate::sys::c::{addrinfo, sockaddr};
use crate::sys::socket;
use crate::util::getaddrinfo::getaddrinfo;
use crate::{Error, Result, mem, sys};
use std::ffi::{CStr, c_int, c_void};
use std::io::Write;
use std::ptr::NonNull;

/// Connections that may wait to be accepted.
const BACKLOG: c_int = 128;

pub(super) struct Bound {
    listener: ListenerRef,
    server: ServerRef,
}

/// A handle on a bound socket; copying it keeps nothing alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct BoundRef(NonNull<evhttp_bound_socket>);

impl BoundRef {
    /// # Safety
    /// `p` is null or a live bound socket, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evhttp_bound_socket) -> Option<BoundRef> {
        NonNull::new(p).map(BoundRef)
    }
    pub fn as_ptr(self) -> *mut evhttp_bound_socket {
        self.0.as_ptr()
    }
    fn get<'a>(self) -> &'a Bound {
        // SAFETY: the handle's socket is alive; it holds what never changes.
        unsafe { self.0.cast::<Bound>().as_ref() }
    }
    pub fn listener(self) -> ListenerRef {
        self.get().listener
    }
    pub fn fd(self) -> evutil_socket_t {
        self.get().listener.fd()
    }
}

impl ServerRef {
    /// `evhttp_bind_socket_with_handle`. Without address and port any free port of IPv4 is taken.
    pub fn bind(self, address: Option<&CStr>, port: u16) -> Result<BoundRef> {
        let fd = bound_socket(address, port)?;
        socket::listen(fd, BACKLOG).and_then(|()| self.accept_socket(fd)).inspect_err(|_| sys::fd::close(fd))
    }
    /// `evhttp_accept_socket_with_handle`: `fd` listens already. It stays open when this fails.
    pub fn accept_socket(self, fd: evutil_socket_t) -> Result<BoundRef> {
        let room = self.room()?;
        let flags = LevOpt::REUSEABLE | LevOpt::CLOSE_ON_EXEC | LevOpt::CLOSE_ON_FREE;
        let listener =
            ListenerRef::new(self.base(), None, std::ptr::null_mut(), flags, 0, fd).inspect_err(|_| {
                // SAFETY: made above.
                unsafe { mem::free(room.as_ptr().cast()) };
            })?;
        Ok(self.attach(room, listener))
    }
    /// `evhttp_bind_listener`: the server takes the listener over.
    pub fn bind_listener(self, listener: ListenerRef) -> Result<BoundRef> {
        Ok(self.attach(self.room()?, listener))
    }
    /// Memory for one more bound socket.
    fn room(self) -> Result<NonNull<Bound>> {
        self.sockets().try_reserve(1).map_err(|_| Error::NoMem)?;
        NonNull::new(mem::malloc(size_of::<Bound>()).cast()).ok_or(Error::NoMem)
    }
    fn attach(self, room: NonNull<Bound>, listener: ListenerRef) -> BoundRef {
        // SAFETY: fresh memory of that size.
        unsafe { room.write(Bound { listener, server: self }) };
        // Room was made.
        let _ = self.sockets().try_push(room.as_ptr());
        listener.set_cb(Some(accepted), room.as_ptr().cast());
        BoundRef(room.cast())
    }
    /// `evhttp_foreach_bound_socket`. `f` may remove the socket it is shown.
    pub fn each_bound(self, mut f: impl FnMut(BoundRef)) {
        let _pin = self.pin();
        let mut i = 0;
        while let Some(&p) = self.sockets().get(i) {
            if let Some(b) = NonNull::new(p) {
                f(BoundRef(b.cast()));
            }
            if self.sockets().get(i) == Some(&p) {
                i += 1;
            }
        }
    }
}

/// `evhttp_del_accept_socket`: no longer listens there. A socket of another server is left alone.
pub fn remove(server: ServerRef, b: BoundRef) {
    let p = b.as_ptr().cast::<Bound>();
    let Some(i) = server.sockets().iter().position(|&s| s == p) else { return };
    server.sockets().remove(i);
    b.listener().free();
    // SAFETY: made by `room`; the listener does not call any more.
    unsafe { mem::free(p.cast()) };
}

/// # Safety
/// `arg` is the bound socket of the listener; `sa` is readable for `len` bytes.
unsafe extern "C" fn accepted(
    _: *mut evconnlistener,
    fd: evutil_socket_t,
    sa: *mut sockaddr,
    len: c_int,
    arg: *mut c_void,
) {
    // SAFETY: the contract above.
    let Some(bound) = (unsafe { BoundRef::from_raw(arg.cast()) }) else { return sys::fd::close(fd) };
    let b = bound.get();
    let server = b.server;
    // SAFETY: the contract above.
    unsafe { incoming::accept(server, fd, sa, usize::try_from(len).unwrap_or(0)) }
}

/// A socket for streams, bound to the first address that `address` and `port` name.
fn bound_socket(address: Option<&CStr>, port: u16) -> Result<evutil_socket_t> {
    let kind = c::SOCK_STREAM | socket::SOCK_NONBLOCK | socket::SOCK_CLOEXEC;
    let prepare = |family: c_int| {
        let fd = socket::socket(family, kind, 0)?;
        let set = socket::set_option(fd, c::SOL_SOCKET, c::SO_KEEPALIVE, 1)
            .and_then(|()| crate::util::socket::make_reuseable(fd));
        set.map(|()| fd).inspect_err(|_| sys::fd::close(fd))
    };
    if address.is_none() && port == 0 {
        return prepare(c::AF_INET);
    }
    let mut text = [0u8; 8];
    let _ = write!(&mut text[..7], "{port}");
    let service = CStr::from_bytes_until_nul(&text).map_err(|_| Error::Invalid)?;
    // SAFETY: all zero is a valid addrinfo.
    let mut hints: addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = c::AF_UNSPEC;
    hints.ai_socktype = c::SOCK_STREAM;
    // Not ADDRCONFIG together with a numeric address, which may be one of loopback only.
    hints.ai_flags = c::AI_PASSIVE;
    let list = getaddrinfo(address, Some(service), Some(&hints)).map_err(|e| {
        crate::warnx!("evhttp_bind_socket: the address cannot be resolved (error {})", e.0);
        Error::Invalid
    })?;
    // SAFETY: a successful look-up gives at least one address; the list lives until the end of this function.
    let (family, sa, len) = unsafe {
        let ai = list.as_ptr().as_ref().ok_or(Error::Invalid)?;
        (ai.ai_family, ai.ai_addr, ai.ai_addrlen)
    };
    let fd = prepare(family)?;
    // SAFETY: as above.
    unsafe { socket::bind(fd, sa, len as c::socklen_t) }.map(|()| fd).inspect_err(|_| sys::fd::close(fd))
}
