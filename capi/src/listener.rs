//! event2/listener.h
use oxievent::Result;
use oxievent::abi::event::event_base;
use oxievent::abi::listener::{LevOpt, evconnlistener, evconnlistener_cb, evconnlistener_errorcb};
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::BaseRef;
use oxievent::listener::ListenerRef;
use oxievent::sys::c::sockaddr;
use std::ffi::{c_int, c_uint, c_void};
use std::ptr::null_mut;

/// A new listener, or null with errno.
fn handle(r: Result<ListenerRef>) -> *mut evconnlistener {
    r.map_or_else(
        |e| {
            e.to_c();
            null_mut()
        },
        ListenerRef::as_ptr,
    )
}
/// Runs `f` on the listener, or answers `none` for null.
///
/// # Safety
/// Rule 1 for `lev`.
unsafe fn with<T>(lev: *mut evconnlistener, none: T, f: impl FnOnce(ListenerRef) -> T) -> T {
    // SAFETY: the caller's promise.
    match unsafe { ListenerRef::from_raw(lev) } {
        Some(l) => f(l),
        None => none,
    }
}

/// Makes a listener on a bound socket.
///
/// @param base the event base whose loop accepts
/// @param cb called with each connection, or NULL: then nothing is accepted
///   until evconnlistener_set_cb()
/// @param ptr passed to the callback
/// @param flags LEV_OPT_* flags; those about the socket's address have no
///   effect here
/// @param backlog how many connections may wait; below 0 for a default, 0 if
///   listen() has been called on the socket
/// @param fd the socket, nonblocking
/// @return the listener, to be released with evconnlistener_free(), or NULL
///   (errno tells why; the socket stays open)
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_new(
    base: *mut event_base,
    cb: evconnlistener_cb,
    ptr: *mut c_void,
    flags: c_uint,
    backlog: c_int,
    fd: evutil_socket_t,
) -> *mut evconnlistener {
    // SAFETY: rule 1.
    let base = unsafe { BaseRef::from_raw(base) };
    handle(ListenerRef::new(base, cb, ptr, LevOpt::from_bits_retain(flags), backlog, fd))
}

/// Makes a stream socket, binds it to an address, and listens on it.
///
/// @param base the event base whose loop accepts
/// @param cb called with each connection, or NULL
/// @param ptr passed to the callback
/// @param flags LEV_OPT_* flags. On an AF_UNIX address LEV_OPT_REUSEABLE and
///   LEV_OPT_REUSEABLE_PORT mean nothing and are passed over
/// @param backlog how many connections may wait; below 0 for a default; not 0
/// @param addr the address, or NULL
/// @param socklen its length in bytes
/// @return the listener, to be released with evconnlistener_free(), or NULL
///   (errno tells why)
///
/// # Safety
/// Rule 1 for `base`; rule 2 for `addr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_new_bind(
    base: *mut event_base,
    cb: evconnlistener_cb,
    ptr: *mut c_void,
    flags: c_uint,
    backlog: c_int,
    addr: *const sockaddr,
    socklen: c_int,
) -> *mut evconnlistener {
    let flags = LevOpt::from_bits_retain(flags);
    // SAFETY: rules 1 and 2.
    unsafe {
        let base = BaseRef::from_raw(base);
        handle(ListenerRef::new_bind(base, cb, ptr, flags, backlog, addr, socklen))
    }
}

/// Gives up a listener; with LEV_OPT_CLOSE_ON_FREE its socket is closed at
/// once. Safe inside its own callbacks, and from other threads with
/// LEV_OPT_THREADSAFE: a callback that is running finishes.
///
/// @param lev the listener, which must not be used afterwards
///
/// # Safety
/// Rule 1 for `lev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_free(lev: *mut evconnlistener) {
    // SAFETY: rule 1.
    unsafe { with(lev, (), ListenerRef::free) }
}

/// Makes a disabled listener accept again.
///
/// @param lev the listener
/// @return 0, or -1 if the socket cannot be watched
///
/// # Safety
/// Rule 1 for `lev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_enable(lev: *mut evconnlistener) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(lev, -1, |l| l.enable().map_or_else(|e| e.to_c(), |()| 0)) }
}

/// Stops accepting. Connections wait in the system's queue. Does not wait for
/// a callback that runs in another thread.
///
/// @param lev the listener
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 1 for `lev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_disable(lev: *mut evconnlistener) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(lev, -1, |l| l.disable().map_or_else(|e| e.to_c(), |()| 0)) }
}

/// Tells which event base a listener uses.
///
/// @param lev the listener
/// @return its base
///
/// # Safety
/// Rule 1 for `lev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_get_base(lev: *mut evconnlistener) -> *mut event_base {
    // SAFETY: rule 1.
    unsafe { with(lev, null_mut(), |l| l.base().map_or(null_mut(), BaseRef::as_ptr)) }
}

/// Tells the socket of a listener.
///
/// @param lev the listener
/// @return the socket
///
/// # Safety
/// Rule 1 for `lev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_get_fd(lev: *mut evconnlistener) -> evutil_socket_t {
    // SAFETY: rule 1.
    unsafe { with(lev, -1, ListenerRef::fd) }
}

/// Sets the callback. A listener that had none begins to accept, unless it is
/// disabled.
///
/// @param lev the listener
/// @param cb the callback, or NULL
/// @param arg passed to it, and to the error callback
///
/// # Safety
/// Rule 1 for `lev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_set_cb(
    lev: *mut evconnlistener,
    cb: evconnlistener_cb,
    arg: *mut c_void,
) {
    // SAFETY: rule 1.
    unsafe { with(lev, (), |l| l.set_cb(cb, arg)) }
}

/// Sets the callback for errors of accept() that will not pass by themselves,
/// such as too many open files; errno tells which. Without one a warning is
/// logged. The listener stays enabled and tries again as long as connections
/// wait: disable it there to pause.
///
/// @param lev the listener
/// @param errorcb the callback, or NULL
///
/// # Safety
/// Rule 1 for `lev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_set_error_cb(
    lev: *mut evconnlistener,
    errorcb: evconnlistener_errorcb,
) {
    // SAFETY: rule 1.
    unsafe { with(lev, (), |l| l.set_error_cb(errorcb)) }
}
