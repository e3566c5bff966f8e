//! Events with Rust closures as callbacks, for the tests of the base.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::disallowed_types, reason = "tests run on std")]
use crate::net::UnixStream;
use crate::net::libc;
use crate::net::{AsRawFd, evutil_socket_t};
use oxievent::abi::event::{Ev, event, event_callback};
use oxievent::base::{BaseRef, CallbackRef, Config, EventRef};
use std::ffi::{c_short, c_void};

type Cb = Box<dyn FnMut(evutil_socket_t, Ev)>;
unsafe extern "C" fn trampoline(fd: evutil_socket_t, what: c_short, arg: *mut c_void) {
    // SAFETY: `Event` keeps it alive; it is replaced only between two calls.
    let f = unsafe { &mut *arg.cast::<Cb>() };
    f(fd, Ev::from_bits_retain(what));
}
/// Deletes itself when dropped.
pub(crate) struct Event {
    ev: *mut event,
    cb: *mut Cb,
}
impl Event {
    pub(crate) fn new(
        base: BaseRef,
        fd: evutil_socket_t,
        events: Ev,
        f: impl FnMut(evutil_socket_t, Ev) + 'static,
    ) -> Event {
        let cb = Box::into_raw(Box::new(Box::new(f) as Cb));
        // SAFETY: zeros are a valid event.
        let ev = Box::into_raw(Box::new(unsafe { std::mem::zeroed::<event>() }));
        let e = Event { ev, cb };
        e.get().assign(Some(base), fd, events, Some(trampoline), cb.cast()).unwrap();
        e
    }
    /// Another callback from now on.
    pub(crate) fn set(&self, f: impl FnMut(evutil_socket_t, Ev) + 'static) {
        // SAFETY: not called from within the callback.
        unsafe { *self.cb = Box::new(f) }
    }
    pub(crate) fn get(&self) -> EventRef {
        // SAFETY: alive until drop.
        unsafe { EventRef::from_raw(self.ev).unwrap() }
    }
}
impl Drop for Event {
    fn drop(&mut self) {
        let _ = self.get().del();
        // SAFETY: made by `new`.
        drop(unsafe { (Box::from_raw(self.cb), Box::from_raw(self.ev)) });
    }
}
pub(crate) fn base() -> BaseRef {
    BaseRef::new(&Config::new()).unwrap()
}
pub(crate) fn ms(n: i64) -> libc::timeval {
    libc::timeval { tv_sec: (n / 1000) as _, tv_usec: (n % 1000 * 1000) as _ }
}
pub(crate) fn send(s: &UnixStream) {
    // SAFETY: one byte.
    assert_eq!(unsafe { libc::write(s.as_raw_fd(), b"x".as_ptr().cast(), 1) }, 1);
}
thread_local!(static LOG: std::cell::RefCell<Vec<i32>> = const { std::cell::RefCell::new(Vec::new()) });
pub(crate) fn log(n: i32) {
    LOG.with_borrow_mut(|l| l.push(n));
}
pub(crate) fn logged() -> Vec<i32> {
    LOG.take()
}
pub(crate) unsafe extern "C" fn self_cb(_cb: *mut event_callback, arg: *mut c_void) {
    // SAFETY: `callback` leaked it.
    let f = unsafe { &mut *arg.cast::<Box<dyn FnMut()>>() };
    f();
}
/// An internal callback, leaked.
pub(crate) fn callback(f: impl FnMut() + 'static) -> CallbackRef {
    // SAFETY: zeros are a valid callback; it is leaked.
    let c = unsafe { CallbackRef::from_raw(Box::into_raw(Box::new(std::mem::zeroed()))) };
    c.init(0, Some(self_cb), Box::into_raw(Box::new(Box::new(f) as Box<dyn FnMut()>)).cast());
    c
}
