//! evconnlistener: accepts connections and hands them to a callback.
//!
//! Callbacks run without the listener's lock, so that another thread may disable or free it meanwhile. The event is
//! deleted without waiting for a callback that runs in the loop's thread: that one looks at `enabled` when it returns.
//! The memory is freed once no callback can be running.
#[cfg(has_iocp)]
mod iocp;

use crate::abi::event::{Ev, event, event_callback};
use crate::abi::listener::{LevOpt, evconnlistener, evconnlistener_cb, evconnlistener_errorcb};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, CallbackRef, EventRef};
use crate::sys::c;
use crate::sys::c::sockaddr;
use crate::sys::socket;
use crate::thread::Lock;
use crate::{Error, Result, callback, mem, sys};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_short, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;

/// The backlog that a negative number stands for.
const BACKLOG: c_int = 128;

struct Listener {
    event: UnsafeCell<event>,
    lock: Lock,
    cb: Cell<evconnlistener_cb>,
    error_cb: Cell<evconnlistener_errorcb>,
    arg: Cell<*mut c_void>,
    flags: LevOpt,
    accept_flags: c_int,
    refs: Cell<u32>,
    enabled: Cell<bool>,
    freed: Cell<bool>,
    /// On a base with a completion port: the event is not used then.
    #[cfg(has_iocp)]
    accepts: Cell<*mut iocp::Accepts>,
}

/// A handle on a listener; it stays alive until [`ListenerRef::free`], or until the callback that runs then returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListenerRef(NonNull<evconnlistener>);

/// The lock, held.
struct Held(ListenerRef);
impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: acquired by `hold`, and the listener is alive: by its caller's word, or by a reference.
        unsafe { self.0.get().lock.release() };
    }
}

impl ListenerRef {
    /// # Safety
    /// `p` is null or a live listener, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evconnlistener) -> Option<ListenerRef> {
        NonNull::new(p).map(ListenerRef)
    }
    pub fn as_ptr(self) -> *mut evconnlistener {
        self.0.as_ptr()
    }
    fn get(&self) -> &Listener {
        // SAFETY: alive by the contract of `from_raw`. It holds cells only.
        unsafe { self.0.cast::<Listener>().as_ref() }
    }
    fn event(self) -> EventRef {
        // SAFETY: a field of the live listener: not null.
        unsafe { EventRef::from_raw(self.get().event.get()).unwrap_unchecked() }
    }
    fn hold(self) -> Held {
        self.get().lock.acquire();
        Held(self)
    }

    /// `evconnlistener_new`. `backlog` 0: the socket listens already; below 0: a default.
    pub fn new(
        base: Option<BaseRef>,
        cb: evconnlistener_cb,
        arg: *mut c_void,
        flags: LevOpt,
        backlog: c_int,
        fd: evutil_socket_t,
    ) -> Result<ListenerRef> {
        if backlog != 0 {
            socket::listen(fd, if backlog > 0 { backlog } else { BACKLOG })?;
        }
        #[cfg(has_iocp)]
        let through_port = match base.or_else(crate::base::current::get) {
            Some(base) => iocp::Accepts::new(base, fd)?,
            None => None,
        };
        #[cfg(has_iocp)]
        // Workers use it, whatever the program does.
        let flags = if through_port.is_some() { flags | LevOpt::THREADSAFE } else { flags };
        let mut accept_flags = 0;
        if !flags.contains(LevOpt::LEAVE_SOCKETS_BLOCKING) {
            accept_flags |= socket::SOCK_NONBLOCK;
        }
        if flags.contains(LevOpt::CLOSE_ON_EXEC) {
            accept_flags |= socket::SOCK_CLOEXEC;
        }
        // SAFETY: null links are valid values of an event.
        let event = unsafe { std::mem::zeroed::<event>() };
        let listener = mem::new_box(Listener {
            event: UnsafeCell::new(event),
            lock: if flags.contains(LevOpt::THREADSAFE) { Lock::new()? } else { Lock::NONE },
            cb: Cell::new(cb),
            error_cb: Cell::new(None),
            arg: Cell::new(arg),
            flags,
            accept_flags,
            refs: Cell::new(1),
            enabled: Cell::new(false),
            freed: Cell::new(false),
            #[cfg(has_iocp)]
            accepts: Cell::new(std::ptr::null_mut()),
        })?;
        let (p, _) = mem::Box::into_raw_with_allocator(listener);
        // SAFETY: a box is never null.
        let l = ListenerRef(unsafe { NonNull::new_unchecked(p.cast()) });
        let what = Ev::READ | Ev::PERSIST | Ev::FINALIZE;
        let assigned = l.event().assign(base, fd, what, Some(acceptable), p.cast());
        #[cfg(has_iocp)]
        let assigned = assigned.and_then(|()| match through_port {
            Some(a) => {
                let (a, _) = mem::Box::into_raw_with_allocator(a);
                l.get().accepts.set(a);
                // SAFETY: just made, and the listener's from now on.
                unsafe { (*a).place(l) }
            }
            None => Ok(()),
        });
        let made = assigned.and_then(|()| if flags.contains(LevOpt::DISABLED) { Ok(()) } else { l.enable() });
        made.inspect_err(|_| {
            // SAFETY: nobody knows it, and its event is not added.
            unsafe { l.release_memory() };
        })?;
        Ok(l)
    }

    /// `evconnlistener_new_bind`: makes the socket too. `addr` null: the system chooses on `listen`.
    ///
    /// # Safety
    /// `addr` is null or readable for `len` bytes.
    pub unsafe fn new_bind(
        base: Option<BaseRef>,
        cb: evconnlistener_cb,
        arg: *mut c_void,
        flags: LevOpt,
        backlog: c_int,
        addr: *const sockaddr,
        len: c_int,
    ) -> Result<ListenerRef> {
        if backlog == 0 {
            return Err(Error::Invalid);
        }
        // SAFETY: the caller's promise.
        let family = if addr.is_null() { c::AF_UNSPEC } else { c_int::from(unsafe { (*addr).sa_family }) };
        let mut kind = c::SOCK_STREAM | socket::SOCK_NONBLOCK;
        if flags.contains(LevOpt::CLOSE_ON_EXEC) {
            kind |= socket::SOCK_CLOEXEC;
        }
        let fd = socket::socket(family, kind, 0)?;
        let bound = set_options(fd, family, flags).and_then(|()| {
            if addr.is_null() {
                return Ok(());
            }
            let len = c::socklen_t::try_from(len).map_err(|_| Error::Os(c::EINVAL))?;
            // SAFETY: the caller's promise.
            unsafe { socket::bind(fd, addr, len) }
        });
        bound
            .and_then(|()| ListenerRef::new(base, cb, arg, flags, backlog, fd))
            // `close` leaves errno alone: the caller sees what went wrong.
            .inspect_err(|_| sys::fd::close(fd))
    }

    /// `evconnlistener_free`
    pub fn free(self) {
        let l = self.get();
        let held = self.hold();
        l.cb.set(None);
        l.error_cb.set(None);
        l.enabled.set(false);
        l.freed.set(true);
        let _ = self.stop();
        #[cfg(has_iocp)]
        // SAFETY: null or the live listener's own.
        if let Some(a) = unsafe { l.accepts.get().as_ref() } {
            self.drop_accepted(a);
        }
        // At once, so that the address can be bound again. Nobody is in accept: that runs under the lock.
        if l.flags.contains(LevOpt::CLOSE_ON_FREE) && self.event().fd() >= 0 {
            sys::fd::close(self.event().fd());
        }
        self.decref(held);
    }
    fn decref(self, held: Held) {
        let l = self.get();
        l.refs.set(l.refs.get() - 1);
        if l.refs.get() > 0 {
            return;
        }
        if l.lock.is_none() {
            drop(held);
            // SAFETY: the last reference, and no other thread knows it.
            return unsafe { self.release_memory() };
        }
        match self.event().base() {
            // The loop's thread may be about to take the lock.
            // SAFETY: the head of the listener's event; the memory stays until `finalized`.
            Some(base) => unsafe {
                let head = CallbackRef::from_raw(self.event().as_ptr().cast());
                // Released before the finalizer can free it.
                drop(held);
                #[cfg(has_iocp)]
                if let Some(a) = l.accepts.get().as_ref() {
                    let [b, c] = a.callbacks();
                    return CallbackRef::finalize_many(base, &[head, b, c], Some(finalized));
                }
                CallbackRef::finalize_many(base, &[head], Some(finalized));
            },
            None => {
                drop(held);
                // SAFETY: without a base there is no loop that could be calling.
                unsafe { self.release_memory() };
            }
        }
    }
    /// # Safety
    /// The last use of the listener.
    unsafe fn release_memory(self) {
        if self.event().is_initialized() {
            self.event().unassign();
        }
        #[cfg(has_iocp)]
        // SAFETY: the caller's promise.
        unsafe {
            iocp::free(self.get());
        }
        // SAFETY: made by `new`.
        drop(unsafe { mem::Box::from_raw_in(self.0.as_ptr().cast::<Listener>(), mem::Alloc) });
    }

    /// `evconnlistener_enable`. Without a callback it begins when there is one.
    pub fn enable(self) -> Result<()> {
        let _held = self.hold();
        let l = self.get();
        l.enabled.set(true);
        if l.cb.get().is_some() { self.start() } else { Ok(()) }
    }
    /// `evconnlistener_disable`. A callback that runs in another thread finishes; none starts afterwards.
    pub fn disable(self) -> Result<()> {
        let _held = self.hold();
        self.get().enabled.set(false);
        self.stop()
    }
    fn start(self) -> Result<()> {
        #[cfg(has_iocp)]
        // SAFETY: null or the live listener's own.
        if let Some(a) = unsafe { self.get().accepts.get().as_ref() } {
            self.start_accepting(a);
            return Ok(());
        }
        self.event().add(None)
    }
    fn stop(self) -> Result<()> {
        #[cfg(has_iocp)]
        // SAFETY: null or the live listener's own.
        if let Some(a) = unsafe { self.get().accepts.get().as_ref() } {
            self.stop_accepting(a);
            return Ok(());
        }
        self.event().del_noblock()
    }
    /// `evconnlistener_set_cb`
    pub fn set_cb(self, cb: evconnlistener_cb, arg: *mut c_void) {
        let _held = self.hold();
        let l = self.get();
        let begin = l.enabled.get() && l.cb.get().is_none();
        l.cb.set(cb);
        l.arg.set(arg);
        if begin {
            // Nobody to tell; the next `enable` reports it.
            let _ = self.enable();
        }
    }
    /// `evconnlistener_set_error_cb`
    pub fn set_error_cb(self, cb: evconnlistener_errorcb) {
        let _held = self.hold();
        self.get().error_cb.set(cb);
    }
    pub fn fd(self) -> evutil_socket_t {
        let _held = self.hold();
        self.event().fd()
    }
    pub fn base(self) -> Option<BaseRef> {
        let _held = self.hold();
        self.event().base()
    }
    /// Runs `f` without the lock but with a reference. None: that was the last one, and `self` is gone.
    fn call_out(self, held: Held, f: impl FnOnce()) -> Option<Held> {
        let l = self.get();
        l.refs.set(l.refs.get() + 1);
        drop(held);
        f();
        let held = self.hold();
        if l.refs.get() == 1 {
            self.decref(held);
            return None;
        }
        l.refs.set(l.refs.get() - 1);
        Some(held)
    }
}

fn set_options(fd: evutil_socket_t, family: c_int, flags: LevOpt) -> Result<()> {
    // Addresses of AF_UNIX are files: nothing is kept alive or reused there, and newer kernels refuse such options.
    if family != c::AF_UNIX {
        socket::set_option(fd, c::SOL_SOCKET, c::SO_KEEPALIVE, 1)?;
        if flags.contains(LevOpt::REUSEABLE) {
            crate::util::socket::make_reuseable(fd)?;
        }
        if flags.contains(LevOpt::REUSEABLE_PORT) {
            crate::util::socket::make_reuseable_port(fd)?;
        }
    }
    if flags.contains(LevOpt::DEFERRED_ACCEPT) {
        crate::util::socket::make_deferred(fd)?;
    }
    if flags.contains(LevOpt::BIND_IPV6ONLY) {
        crate::util::socket::make_ipv6only(fd)?;
    }
    Ok(())
}

/// Connections are waiting: takes all of them, as long as the program wants them.
///
/// # Safety
/// `arg` is a listener that is alive or waits for its finalizer.
unsafe extern "C" fn acceptable(fd: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(this) = (unsafe { ListenerRef::from_raw(arg.cast()) }) else { return };
    let mut held = this.hold();
    let l = this.get();
    let error = loop {
        if l.freed.get() || !l.enabled.get() {
            return;
        }
        let mut from = socket::empty_address();
        let (new, len) = match socket::accept4(fd, &mut from, l.accept_flags) {
            Ok(x) => x,
            Err(e) => break e.errno().unwrap_or(0),
        };
        // Some kernels tell no address of a connection that is gone already.
        if len == 0 {
            sys::fd::close(new);
            continue;
        }
        let (cb, arg) = (l.cb.get(), l.arg.get());
        if cb.is_none() {
            // Nobody wants it, and nobody will be asked until there is a callback again.
            sys::fd::close(new);
            return;
        }
        let addr = (&raw mut from).cast::<sockaddr>();
        // SAFETY: what the program registered; `call_out` holds a reference.
        match this.call_out(held, || unsafe {
            callback::listener_accept(cb, this.as_ptr(), new, addr, len as c_int, arg)
        }) {
            Some(h) => held = h,
            None => return,
        }
    };
    if socket::is_accept_retriable(error) {
        return;
    }
    let (cb, arg) = (l.error_cb.get(), l.arg.get());
    if cb.is_some() {
        this.call_out(held, || {
            sys::set_errno(error);
            // SAFETY: as above.
            unsafe { callback::listener_error(cb, this.as_ptr(), arg) }
        });
    } else {
        sys::set_errno(error);
        crate::warn_errno!("a listener cannot accept connections on descriptor {fd}");
    }
}

/// # Safety
/// `cb` is the head of the event of a listener that nobody uses any more.
unsafe extern "C" fn finalized(cb: *mut event_callback, _: *mut c_void) {
    // SAFETY: the contract above; the event is a field of the listener.
    unsafe {
        let l = cb.cast::<u8>().sub(offset_of!(Listener, event)).cast::<evconnlistener>();
        ListenerRef(NonNull::new_unchecked(l)).release_memory();
    }
}
