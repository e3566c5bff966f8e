//! Bufferevents and listeners on a base with a completion port: the system's, or (Linux) the miniature.
#![allow(dead_code, unused_imports, reason = "each test uses some of it")]
pub(crate) use crate::bev_common::{CLOSE, On, RW, ms, run, take};
use crate::thread_common;
use oxievent::abi::event::{BaseFlag, Evloop};
use oxievent::abi::listener::{LevOpt, evconnlistener};
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::{BaseRef, Config};
use oxievent::bufferevent::BevRef;
use oxievent::listener::ListenerRef;
use oxievent::sys::c::sockaddr;
use std::ffi::{c_int, c_void};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

pub(crate) fn base() -> BaseRef {
    thread_common::set_up();
    // Winsock is up once std has made a socket.
    drop(TcpListener::bind("127.0.0.1:0"));
    let mut c = Config::new();
    c.flags = BaseFlag::STARTUP_IOCP;
    let b = BaseRef::new(&c).unwrap();
    assert!(b.iocp().is_some());
    b
}
/// Runs until `done` says so, 20 seconds at most.
pub(crate) fn until(b: BaseRef, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "it takes too long");
        b.loopexit(Some(&ms(5))).unwrap();
        b.run(Evloop::NO_EXIT_ON_EMPTY).unwrap();
    }
}
/// Runs for a while.
pub(crate) fn pass(b: BaseRef, n: i64) {
    b.loopexit(Some(&ms(n))).unwrap();
    b.run(Evloop::NO_EXIT_ON_EMPTY).unwrap();
}
/// Frees the base; nothing may be under way any more afterwards.
pub(crate) fn end(b: BaseRef) {
    let port = b.iocp().unwrap();
    // SAFETY: nobody uses it any more.
    unsafe { b.free(true) };
    assert_eq!(port.under_way(), 0, "operations outlive the base");
}
/// Waits until all operations have come back, then frees the base.
pub(crate) fn end_quiet(b: BaseRef) {
    let port = b.iocp().unwrap();
    until(b, || port.under_way() == 0);
    end(b);
}

// ---- sockets ----

#[cfg(unix)]
pub(crate) fn raw(s: impl std::os::fd::IntoRawFd) -> evutil_socket_t {
    s.into_raw_fd()
}
#[cfg(windows)]
pub(crate) fn raw(s: impl std::os::windows::io::IntoRawSocket) -> evutil_socket_t {
    s.into_raw_socket() as evutil_socket_t
}
#[cfg(unix)]
pub(crate) fn stream(fd: evutil_socket_t) -> TcpStream {
    // SAFETY: a socket that is ours.
    unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) }
}
#[cfg(windows)]
pub(crate) fn stream(fd: evutil_socket_t) -> TcpStream {
    // SAFETY: a socket that is ours.
    unsafe { std::os::windows::io::FromRawSocket::from_raw_socket(fd as _) }
}
/// Two connected sockets, the first non-blocking.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let a = TcpStream::connect(l.local_addr().unwrap()).unwrap();
    let (b, _) = l.accept().unwrap();
    a.set_nonblocking(true).unwrap();
    a.set_nodelay(true).unwrap();
    b.set_nodelay(true).unwrap();
    b.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (a, b)
}
/// A bufferevent and the plain other end (which blocks).
pub(crate) fn socket(b: BaseRef) -> (BevRef, TcpStream) {
    let (x, y) = pair();
    (BevRef::socket_new(Some(b), raw(x), CLOSE).unwrap(), y)
}
/// An address as C sees it: sockaddr_in.
#[repr(C, align(8))]
pub(crate) struct Addr([u8; 16]);
impl Addr {
    pub(crate) fn new(a: SocketAddr) -> Addr {
        let SocketAddr::V4(v4) = a else { panic!("IPv4 only") };
        let mut raw = [0; 16];
        raw[..2].copy_from_slice(&(oxievent::sys::c::AF_INET as u16).to_ne_bytes());
        raw[2..4].copy_from_slice(&v4.port().to_be_bytes());
        raw[4..8].copy_from_slice(&v4.ip().octets());
        Addr(raw)
    }
    pub(crate) fn as_ptr(&self) -> *const sockaddr {
        self.0.as_ptr().cast()
    }
}
pub(crate) fn connect(bev: BevRef, a: SocketAddr) -> oxievent::Result<()> {
    let a = Addr::new(a);
    // SAFETY: 16 readable bytes.
    unsafe { bev.connect(a.as_ptr(), 16) }
}
/// `n` bytes that tell where they stand.
pub(crate) fn pattern(n: usize, seed: usize) -> Vec<u8> {
    (0..n).map(|i| ((i + seed) * 131 % 251) as u8).collect()
}

// ---- listeners ----

pub(crate) struct Accepting {
    accept: Box<dyn FnMut(ListenerRef, evutil_socket_t)>,
    error: Box<dyn FnMut(ListenerRef)>,
    thread: std::thread::ThreadId,
}
unsafe extern "C" fn on_accept(
    l: *mut evconnlistener,
    fd: evutil_socket_t,
    addr: *mut sockaddr,
    len: c_int,
    arg: *mut c_void,
) {
    // SAFETY: the library's promise; leaked by `listener`.
    unsafe {
        let a = &mut *arg.cast::<Accepting>();
        assert_eq!(a.thread, std::thread::current().id());
        assert_eq!(len, 16);
        assert_eq!(addr.cast::<u16>().read(), oxievent::sys::c::AF_INET as u16);
        (a.accept)(ListenerRef::from_raw(l).unwrap(), fd);
    }
}
unsafe extern "C" fn on_error(l: *mut evconnlistener, arg: *mut c_void) {
    // SAFETY: as above.
    unsafe { ((*arg.cast::<Accepting>()).error)(ListenerRef::from_raw(l).unwrap()) }
}
pub(crate) fn listen_on(
    b: BaseRef,
    fd: evutil_socket_t,
    backlog: c_int,
    flags: LevOpt,
    accept: impl FnMut(ListenerRef, evutil_socket_t) + 'static,
    error: impl FnMut(ListenerRef) + 'static,
) -> ListenerRef {
    let thread = std::thread::current().id();
    let arg = Box::into_raw(Box::new(Accepting { accept: Box::new(accept), error: Box::new(error), thread }));
    let l = ListenerRef::new(Some(b), Some(on_accept), arg.cast(), flags, backlog, fd).unwrap();
    l.set_error_cb(Some(on_error));
    l
}
pub(crate) fn listener(
    b: BaseRef,
    accept: impl FnMut(ListenerRef, evutil_socket_t) + 'static,
) -> (ListenerRef, SocketAddr) {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = l.local_addr().unwrap();
    l.set_nonblocking(true).unwrap();
    let flags = LevOpt::CLOSE_ON_FREE;
    (listen_on(b, raw(l), 0, flags, accept, |_| panic!("no error is expected")), addr)
}
