//! Bufferevents with Rust closures as callbacks, for their tests.
#![allow(dead_code, reason = "each test uses some of it")]
use crate::net::IntoRawFd;
use crate::net::UnixStream;
use crate::net::libc;
use oxievent::abi::bufferevent::{BevEvent, BevOpt, bufferevent};
use oxievent::abi::event::{Ev, Evloop};
use oxievent::base::{BaseRef, Config};
use oxievent::bufferevent::BevRef;
use std::ffi::{c_int, c_short, c_void};
use std::thread::ThreadId;

type Data = Box<dyn FnMut(BevRef)>;
type Event = Box<dyn FnMut(BevRef, BevEvent)>;

#[derive(Default)]
pub(crate) struct On {
    read: Option<Data>,
    write: Option<Data>,
    event: Option<Event>,
    /// The only thread in which they may be called.
    thread: Option<ThreadId>,
}
impl On {
    pub(crate) fn new() -> On {
        On::default()
    }
    /// Callbacks that check that they run in this thread.
    pub(crate) fn here() -> On {
        On { thread: Some(std::thread::current().id()), ..On::default() }
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
fn bev_of(p: *mut bufferevent) -> BevRef {
    // SAFETY: the library passes a live bufferevent.
    unsafe { BevRef::from_raw(p).unwrap() }
}
/// The callbacks behind `arg`. One may run again while it runs (a trigger): closures here must bear that.
unsafe fn on<'a>(arg: *mut c_void) -> &'a mut On {
    // SAFETY: set by `On::set`, leaked.
    let on = unsafe { &mut *arg.cast::<On>() };
    if let Some(thread) = on.thread {
        assert_eq!(thread, std::thread::current().id(), "a callback outside the loop's thread");
    }
    on
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
pub(crate) const DEFER: c_int = BevOpt::DEFER_CALLBACKS.bits();
pub(crate) const SAFE: c_int = BevOpt::THREADSAFE.bits();
pub(crate) const UNLOCK: c_int = BevOpt::UNLOCK_CALLBACKS.bits();

pub(crate) fn base() -> BaseRef {
    BaseRef::new(&Config::new()).unwrap()
}
pub(crate) fn run(b: BaseRef) {
    b.run(Evloop::empty()).unwrap();
}
/// Runs until nothing is active any more, without waiting.
pub(crate) fn turn(b: BaseRef) {
    b.run(Evloop::NONBLOCK).unwrap();
}
pub(crate) fn ms(n: i64) -> libc::timeval {
    libc::timeval { tv_sec: (n / 1000) as _, tv_usec: (n % 1000 * 1000) as _ }
}
/// A socket bufferevent and the plain other end.
pub(crate) fn socket(b: BaseRef, options: c_int) -> (BevRef, UnixStream) {
    let (x, y) = UnixStream::pair().unwrap();
    x.set_nonblocking(true).unwrap();
    y.set_nonblocking(true).unwrap();
    (BevRef::socket_new(Some(b), x.into_raw_fd(), options | CLOSE).unwrap(), y)
}
/// Two connected socket bufferevents.
pub(crate) fn sockets(b: BaseRef, options: c_int) -> (BevRef, BevRef) {
    let (x, y) = UnixStream::pair().unwrap();
    x.set_nonblocking(true).unwrap();
    y.set_nonblocking(true).unwrap();
    let new = |s: UnixStream| BevRef::socket_new(Some(b), s.into_raw_fd(), options | CLOSE).unwrap();
    (new(x), new(y))
}
/// All that is in `bev`'s input.
pub(crate) fn take(bev: BevRef) -> Vec<u8> {
    let mut v = vec![0; bev.input().len()];
    assert_eq!(bev.input().remove(&mut v), Ok(v.len()));
    v
}
/// Ends what is freed and frees the base.
pub(crate) fn end(b: BaseRef) {
    // SAFETY: nobody uses it any more.
    unsafe { b.free(true) };
}
/// Whether the other end of `s` is closed.
pub(crate) fn closed(s: &UnixStream) -> bool {
    use std::io::Read;
    let mut all = Vec::new();
    let mut s = s;
    // Closing with input that nobody has read resets the connection.
    s.read_to_end(&mut all).map_or_else(|e| e.raw_os_error() == Some(libc::ECONNRESET), |_| true)
}
thread_local!(static LOG: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) });
pub(crate) fn log(s: impl Into<String>) {
    LOG.with_borrow_mut(|l| l.push(s.into()));
}
pub(crate) fn logged() -> Vec<String> {
    LOG.take()
}
