//! Completion ports (Windows): what the original suite calls of `iocp-internal.h`, which no public header declares.
#![cfg(windows)]
use crate::event::base_of;
use oxievent::abi::buffer::evbuffer;
use oxievent::abi::bufferevent::bufferevent;
use oxievent::abi::event::event_base;
use oxievent::abi::util::evutil_socket_t;
use oxievent::buffer::BufferRef;
use oxievent::bufferevent::BevRef;
use oxievent::iocp::{Complete, EventOverlapped, Port};
use oxievent::sys::iocp::{Extensions, Overlapped, extensions};
use std::ffi::{c_int, c_long, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;

/// A port in C's hands: `p` keeps its handle.
/// # Safety
/// `p` is null or came from [`event_iocp_port_launch_`] or [`event_base_get_iocp_`] and is alive.
unsafe fn port_of(p: *mut c_void) -> Option<ManuallyDrop<Port>> {
    // SAFETY: the caller's promise; the handle is not given back.
    unsafe { Port::from_raw(p) }.map(ManuallyDrop::new)
}
fn done(ok: bool) -> c_int {
    if ok { 0 } else { -1 }
}

/// The functions that Winsock gives only on request. Tests clear some of them.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_win32_extension_fns_() -> *const Extensions {
    extensions()
}
/// Makes `o` ready to be passed to the system; `cb` is called in a worker thread when the operation has ended.
/// # Safety
/// `o` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_overlapped_init_(o: *mut EventOverlapped, cb: Complete) {
    // SAFETY: the caller's promise.
    unsafe { o.write(EventOverlapped { overlapped: Overlapped::new(), cb }) }
}
/// A port with two threads for each of `n_cpus` processors (0: of two). NULL on failure.
#[unsafe(no_mangle)]
pub extern "C" fn event_iocp_port_launch_(n_cpus: c_int) -> *mut c_void {
    Port::launch(n_cpus).map_or(null_mut(), Port::into_raw)
}
/// From now on what is done overlapped on `fd` ends in `port`, with `key`.
/// # Safety
/// `port` is a live port.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_iocp_port_associate_(
    port: *mut c_void,
    fd: evutil_socket_t,
    key: usize,
) -> c_int {
    // SAFETY: the caller's promise.
    done(unsafe { port_of(port) }.is_some_and(|p| p.associate(fd, key).is_ok()))
}
/// Ends the threads, in `wait_msec` milliseconds (negative: as long as it takes), and frees the port. -1: they have not
/// ended yet, and it may be called again.
/// # Safety
/// `port` is a live port; after 0 it is gone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_iocp_shutdown_(port: *mut c_void, wait_msec: c_long) -> c_int {
    // SAFETY: the caller's promise.
    let Some(p) = (unsafe { port_of(port) }) else { return -1 };
    let ended = p.shutdown(u32::try_from(wait_msec).ok());
    if ended {
        drop(ManuallyDrop::into_inner(p));
    }
    done(ended)
}
/// Lets a thread of `port` call the function of `o`, with `key` and `n`.
/// # Safety
/// `port` is a live port; `o` stays until its function has been called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_iocp_activate_overlapped_(
    port: *mut c_void,
    o: *mut EventOverlapped,
    key: usize,
    n: u32,
) -> c_int {
    // SAFETY: the caller's promise.
    done(unsafe { port_of(port).is_some_and(|p| p.activate(o, key, n).is_ok()) })
}
/// The port of a base, or NULL. It belongs to the base.
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_iocp_(base: *mut event_base) -> *mut c_void {
    // SAFETY: Rule 1.
    unsafe { base_of(base) }.and_then(|b| b.iocp()).map_or(null_mut(), |p| p.as_raw())
}
/// Gives a base a completion port: its sockets and listeners use it from now on. -1: locks are not set up, or the
/// system refused.
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_start_iocp_(base: *mut event_base, n_cpus: c_int) -> c_int {
    // SAFETY: Rule 1.
    done(unsafe { base_of(base) }.is_some_and(|b| b.start_iocp(n_cpus).is_ok()))
}
/// Takes a base's port away again.
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_stop_iocp_(base: *mut event_base) {
    // SAFETY: Rule 1.
    if let Some(b) = unsafe { base_of(base) } {
        b.stop_iocp();
    }
}
/// A buffer for overlapped reads or writes on `fd`.
#[unsafe(no_mangle)]
pub extern "C" fn evbuffer_overlapped_new_(fd: evutil_socket_t) -> *mut evbuffer {
    BufferRef::overlapped_new(fd).map_or(null_mut(), BufferRef::as_ptr)
}
/// The socket of such a buffer; -1: it is none.
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_overlapped_get_fd_(buf: *mut evbuffer) -> evutil_socket_t {
    // SAFETY: Rule 1.
    unsafe { BufferRef::from_raw(buf) }.and_then(BufferRef::overlapped_fd).unwrap_or(-1)
}
/// Another socket for such a buffer.
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_overlapped_set_fd_(buf: *mut evbuffer, fd: evutil_socket_t) {
    // SAFETY: Rule 1.
    if let Some(b) = unsafe { BufferRef::from_raw(buf) } {
        b.set_overlapped_fd(fd);
    }
}
/// Starts reading up to `n` bytes; [`evbuffer_commit_read_`] adds what has come.
/// # Safety
/// Rule 1 for `buf`; `ol` stays until its function has been called, which commits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_launch_read_(
    buf: *mut evbuffer,
    n: usize,
    ol: *mut EventOverlapped,
) -> c_int {
    // SAFETY: Rule 1, and the caller's promise.
    done(unsafe { BufferRef::from_raw(buf).is_some_and(|b| b.launch_read(n, ol.cast()).is_ok()) })
}
/// Starts writing up to `n` bytes (negative: all); [`evbuffer_commit_write_`] drains what has gone.
/// # Safety
/// As [`evbuffer_launch_read_`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_launch_write_(
    buf: *mut evbuffer,
    n: isize,
    ol: *mut EventOverlapped,
) -> c_int {
    // SAFETY: Rule 1, and the caller's promise.
    done(unsafe {
        BufferRef::from_raw(buf).is_some_and(|b| b.launch_write(usize::try_from(n).ok(), ol.cast()).is_ok())
    })
}
/// The read has ended, with `n` bytes.
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_commit_read_(buf: *mut evbuffer, n: isize) {
    // SAFETY: Rule 1.
    if let Some(b) = unsafe { BufferRef::from_raw(buf) } {
        b.commit_read(usize::try_from(n).unwrap_or(0));
    }
}
/// The write has ended, with `n` bytes.
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_commit_write_(buf: *mut evbuffer, n: isize) {
    // SAFETY: Rule 1.
    if let Some(b) = unsafe { BufferRef::from_raw(buf) } {
        b.commit_write(usize::try_from(n).unwrap_or(0));
    }
}
/// A socket bufferevent on the port of `base`; NULL: it has none.
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_async_new_(
    base: *mut event_base,
    fd: evutil_socket_t,
    options: c_int,
) -> *mut bufferevent {
    // SAFETY: Rule 1.
    let base = unsafe { base_of(base) }.filter(|b| b.iocp().is_some());
    base.and_then(|b| BevRef::socket_new(Some(b), fd, options).ok()).map_or(null_mut(), BevRef::as_ptr)
}
