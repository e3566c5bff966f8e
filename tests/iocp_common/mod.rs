//! Bufferevents and listeners on a base with a completion port: the system's, or (Linux) the miniature.
#![allow(dead_code, reason = "each test uses some of it")]
use oxievent::abi::bufferevent::{BevEvent, BevOpt, bufferevent};
use oxievent::abi::event::{BaseFlag, Ev, Evloop};
use oxievent::abi::listener::{LevOpt, evconnlistener};
use oxievent::abi::thread::*;
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::{BaseRef, Config};
use oxievent::bufferevent::BevRef;
use oxievent::listener::ListenerRef;
use oxievent::sys::c::{sockaddr, timeval};
use parking_lot::lock_api::{GetThreadId, RawReentrantMutex};
use std::ffi::{c_int, c_short, c_uint, c_ulong, c_void};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

// ---- locks ----

type Raw = RawReentrantMutex<parking_lot::RawMutex, parking_lot::RawThreadId>;
unsafe extern "C" fn alloc(_: c_uint) -> *mut c_void {
    Box::into_raw(Box::new(Raw::INIT)).cast()
}
unsafe extern "C" fn free(m: *mut c_void, _: c_uint) {
    // SAFETY: made by `alloc`.
    let m = unsafe { Box::from_raw(m.cast::<Raw>()) };
    assert!(!m.is_locked(), "a lock that is held is freed");
}
unsafe extern "C" fn lock(mode: c_uint, m: *mut c_void) -> c_int {
    // SAFETY: made by `alloc`.
    let m = unsafe { &*m.cast::<Raw>() };
    if mode & EVTHREAD_TRY != 0 {
        return c_int::from(!m.try_lock());
    }
    m.lock();
    0
}
unsafe extern "C" fn unlock(_: c_uint, m: *mut c_void) -> c_int {
    // SAFETY: made by `alloc`, held.
    unsafe { (*m.cast::<Raw>()).unlock() };
    0
}
unsafe extern "C" fn id() -> c_ulong {
    parking_lot::RawThreadId.nonzero_thread_id().get() as c_ulong
}
#[derive(Default)]
struct Cond(std::sync::Mutex<u64>, std::sync::Condvar);
unsafe extern "C" fn cond_alloc(_: c_uint) -> *mut c_void {
    Box::into_raw(Box::<Cond>::default()).cast()
}
unsafe extern "C" fn cond_free(c: *mut c_void) {
    // SAFETY: made by `cond_alloc`.
    drop(unsafe { Box::from_raw(c.cast::<Cond>()) });
}
unsafe extern "C" fn cond_signal(c: *mut c_void, _: c_int) -> c_int {
    // SAFETY: made by `cond_alloc`.
    let c = unsafe { &*c.cast::<Cond>() };
    *c.0.lock().unwrap() += 1;
    c.1.notify_all();
    0
}
unsafe extern "C" fn cond_wait(c: *mut c_void, m: *mut c_void, tv: *const timeval) -> c_int {
    // SAFETY: made by the functions above, the lock is held.
    unsafe {
        let c = &*c.cast::<Cond>();
        let mut n = c.0.lock().unwrap();
        let before = *n;
        unlock(0, m);
        let end = tv.as_ref().map(|tv| Duration::new(tv.tv_sec as u64, tv.tv_usec as u32 * 1000));
        let end = Instant::now() + end.unwrap_or(Duration::from_secs(600));
        while *n == before && Instant::now() < end {
            n = c.1.wait_timeout(n, end - Instant::now()).unwrap().0;
        }
        let told = *n != before;
        drop(n);
        lock(0, m);
        c_int::from(!told)
    }
}
const LOCKS: evthread_lock_callbacks = evthread_lock_callbacks {
    lock_api_version: EVTHREAD_LOCK_API_VERSION,
    supported_locktypes: EVTHREAD_LOCKTYPE_RECURSIVE,
    alloc: Some(alloc),
    free: Some(free),
    lock: Some(lock),
    unlock: Some(unlock),
};
const CONDS: evthread_condition_callbacks = evthread_condition_callbacks {
    condition_api_version: EVTHREAD_CONDITION_API_VERSION,
    alloc_condition: Some(cond_alloc),
    free_condition: Some(cond_free),
    signal_condition: Some(cond_signal),
    wait_condition: Some(cond_wait),
};
fn set_up() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        oxievent::thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
        oxievent::thread::set_condition_callbacks(Some(&CONDS)).unwrap();
        oxievent::thread::set_id_callback(Some(id));
        // Winsock is up once std has made a socket.
        drop(TcpListener::bind("127.0.0.1:0"));
    });
}

// ---- bufferevents ----

type Data = Box<dyn FnMut(BevRef)>;
type Event = Box<dyn FnMut(BevRef, BevEvent)>;
/// Callbacks; they check that they run in the thread that set them.
pub(crate) struct On {
    read: Option<Data>,
    write: Option<Data>,
    event: Option<Event>,
    thread: std::thread::ThreadId,
}
impl On {
    pub(crate) fn new() -> On {
        On { read: None, write: None, event: None, thread: std::thread::current().id() }
    }
    pub(crate) fn read(mut self, f: impl FnMut(BevRef) + 'static) -> On {
        self.read = Some(Box::new(f));
        self
    }
    pub(crate) fn write(mut self, f: impl FnMut(BevRef) + 'static) -> On {
        self.write = Some(Box::new(f));
        self
    }
    pub(crate) fn event(mut self, f: impl FnMut(BevRef, BevEvent) + 'static) -> On {
        self.event = Some(Box::new(f));
        self
    }
    /// Sets them on `bev`; leaks, as callbacks may come as long as the process lives.
    pub(crate) fn set(self, bev: BevRef) -> BevRef {
        let (r, w, e) = (self.read.is_some(), self.write.is_some(), self.event.is_some());
        let arg = Box::into_raw(Box::new(self)).cast::<c_void>();
        bev.setcb(
            if r { Some(on_read) } else { None },
            if w { Some(on_write) } else { None },
            if e { Some(on_event) } else { None },
            arg,
        );
        bev
    }
}
/// The callbacks behind `arg`, in the right thread.
unsafe fn on<'a>(arg: *mut c_void) -> &'a mut On {
    // SAFETY: set by `On::set`, leaked.
    let on = unsafe { &mut *arg.cast::<On>() };
    assert_eq!(on.thread, std::thread::current().id(), "a callback outside the loop's thread");
    on
}
fn bev_of(p: *mut bufferevent) -> BevRef {
    // SAFETY: the library passes a live bufferevent.
    unsafe { BevRef::from_raw(p).unwrap() }
}
unsafe extern "C" fn on_read(p: *mut bufferevent, arg: *mut c_void) {
    // SAFETY: set by `On::set`.
    if let Some(f) = unsafe { on(arg) }.read.as_mut() {
        f(bev_of(p));
    }
}
unsafe extern "C" fn on_write(p: *mut bufferevent, arg: *mut c_void) {
    // SAFETY: as above.
    if let Some(f) = unsafe { on(arg) }.write.as_mut() {
        f(bev_of(p));
    }
}
unsafe extern "C" fn on_event(p: *mut bufferevent, what: c_short, arg: *mut c_void) {
    // Looking at thread-local things clears Windows' error.
    let errno = oxievent::sys::errno();
    // SAFETY: as above.
    if let Some(f) = unsafe { on(arg) }.event.as_mut() {
        oxievent::sys::set_errno(errno);
        f(bev_of(p), BevEvent::from_bits_retain(what));
    }
}

pub(crate) const RW: Ev = Ev::READ.union(Ev::WRITE);
pub(crate) const CLOSE: c_int = BevOpt::CLOSE_ON_FREE.bits();

pub(crate) fn base() -> BaseRef {
    set_up();
    let mut c = Config::new();
    c.flags = BaseFlag::STARTUP_IOCP;
    let b = BaseRef::new(&c).unwrap();
    assert!(b.iocp().is_some());
    b
}
/// Runs until there is nothing to wait for.
pub(crate) fn run(b: BaseRef) {
    b.run(Evloop::empty()).unwrap();
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
pub(crate) fn ms(n: i64) -> timeval {
    timeval { tv_sec: (n / 1000) as _, tv_usec: (n % 1000 * 1000) as _ }
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
pub(crate) fn take(bev: BevRef) -> Vec<u8> {
    let mut v = vec![0; bev.input().len()];
    assert_eq!(bev.input().remove(&mut v), Ok(v.len()));
    v
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
