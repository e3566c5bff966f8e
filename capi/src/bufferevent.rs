//! event2/bufferevent.h
use crate::buffer::{bytes, room};
use oxievent::Result;
use oxievent::abi::buffer::evbuffer;
use oxievent::abi::bufferevent::{
    BevEvent, bufferevent, bufferevent_data_cb, bufferevent_event_cb, bufferevent_filter_cb,
    bufferevent_flush_mode, bufferevent_free_context_cb, bufferevent_rate_limit_group, ev_token_bucket_cfg,
    evdns_base,
};
use oxievent::abi::event::{Ev, event_base};
use oxievent::abi::util::{ev_ssize_t, evutil_socket_t};
use oxievent::base::{BaseRef, current};
use oxievent::buffer::BufferRef;
use oxievent::bufferevent::{BevRef, FilterConfig, Group, TokenBucketConfig, free_config, new_config};
use oxievent::sys::c::{addrinfo, sockaddr, timeval};
use std::ffi::{CStr, c_char, c_int, c_short, c_void};
use std::ptr::{null, null_mut};

/// 0 or -1 with errno.
fn status(r: Result<()>) -> c_int {
    r.map_or_else(|e| e.to_c(), |()| 0)
}
/// A new bufferevent, or null with errno.
pub(crate) fn handle(r: Result<BevRef>) -> *mut bufferevent {
    r.map_or_else(
        |e| {
            e.to_c();
            null_mut()
        },
        BevRef::as_ptr,
    )
}
fn size(n: usize) -> ev_ssize_t {
    ev_ssize_t::try_from(n).unwrap_or(ev_ssize_t::MAX)
}
/// Runs `f` on the bufferevent, or answers `none` for null.
///
/// # Safety
/// Rule 1 for `bufev`.
unsafe fn with<T>(bufev: *mut bufferevent, none: T, f: impl FnOnce(BevRef) -> T) -> T {
    // SAFETY: the caller's promise.
    match unsafe { BevRef::from_raw(bufev) } {
        Some(b) => f(b),
        None => none,
    }
}
/// The same for a group.
///
/// # Safety
/// Rule 1 for `group`.
unsafe fn with_group<T>(group: *mut bufferevent_rate_limit_group, none: T, f: impl FnOnce(&Group) -> T) -> T {
    // SAFETY: the caller's promise; a group holds cells only.
    match unsafe { group.cast::<Group>().as_ref() } {
        Some(g) => f(g),
        None => none,
    }
}
/// Stores an answer where it is wanted.
///
/// # Safety
/// Rule 2 for `to`, which may be null.
unsafe fn give<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(value) }
    }
}

/// Makes a bufferevent over a socket. Writing is enabled, reading is not.
///
/// @param base the event base whose loop serves it
/// @param fd a nonblocking socket, or -1 if it will come with
///   bufferevent_setfd() or bufferevent_socket_connect()
/// @param options BEV_OPT_* flags
/// @return the bufferevent, to be released with bufferevent_free(), or NULL when
///   memory is short, when BEV_OPT_THREADSAFE is asked for before evthread is
///   set up, or when BEV_OPT_UNLOCK_CALLBACKS comes without
///   BEV_OPT_DEFER_CALLBACKS
///
/// # Safety
/// Rule 1 for `base`, which may be null for the current base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_new(
    base: *mut event_base,
    fd: evutil_socket_t,
    options: c_int,
) -> *mut bufferevent {
    // SAFETY: rule 1.
    let base = unsafe { BaseRef::from_raw(base) };
    handle(BevRef::socket_new(base, fd, options))
}

/// Connects a socket bufferevent. When the connection stands, or has failed,
/// the event callback gets BEV_EVENT_CONNECTED or BEV_EVENT_ERROR from the event
/// loop. Data may be written at once: it goes out when the connection stands.
///
/// @param bufev a bufferevent made with bufferevent_socket_new()
/// @param addr where to; NULL if the program itself has called connect() on the
///   bufferevent's socket
/// @param socklen the length of the address in bytes
/// @return 0 if connecting has begun, -1 if not (errno tells why; a socket that
///   was made for this is closed again)
///
/// # Safety
/// Rule 1 for `bufev`; rule 2 for `addr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect(
    bufev: *mut bufferevent,
    addr: *const sockaddr,
    socklen: c_int,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { with(bufev, -1, |b| status(b.connect(addr, socklen))) }
}

/// Looks up a host name and connects to its addresses, one after the other,
/// until one accepts. The end is reported as by bufferevent_socket_connect();
/// a failure, or a timeout, only when the last address has failed, or timed
/// out. If the name cannot be found, the event callback gets BEV_EVENT_ERROR and
/// bufferevent_socket_get_dns_error() the code. Without a resolver the call
/// blocks until the name is found.
///
/// @param bufev a bufferevent made with bufferevent_socket_new()
/// @param evdns_base a resolver, or NULL
/// @param family AF_INET, AF_INET6, or AF_UNSPEC for either
/// @param hostname a name, or an address in text form
/// @param port the port, 1 to 65535
/// @return 0 if the look-up has begun, -1 for bad arguments
///
/// # Safety
/// Rule 1 for `bufev` and `evdns_base`; rule 2 for `hostname`, a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect_hostname(
    bufev: *mut bufferevent,
    evdns_base: *mut evdns_base,
    family: c_int,
    hostname: *const c_char,
    port: c_int,
) -> c_int {
    if hostname.is_null() {
        return -1;
    }
    // SAFETY: rules 1 and 2.
    unsafe {
        let host = CStr::from_ptr(hostname);
        with(bufev, -1, |b| status(b.connect_hostname(evdns_base, family, host, port)))
    }
}

/// As bufferevent_socket_connect_hostname(), with hints for the look-up. (An
/// addition to libevent 2.1; it comes from 2.2.)
///
/// @param bufev a bufferevent made with bufferevent_socket_new()
/// @param evdns_base a resolver, or NULL
/// @param hints_in which family, protocol and EVUTIL_AI_* flags are wanted. The
///   type is always SOCK_STREAM.
/// @param hostname a name, or an address in text form
/// @param port the port, 1 to 65535
/// @return 0 if the look-up has begun, -1 for bad arguments
///
/// # Safety
/// Rule 1 for `bufev` and `evdns_base`; rule 2 for `hints_in` and `hostname`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect_hostname_hints(
    bufev: *mut bufferevent,
    evdns_base: *mut evdns_base,
    hints_in: *const addrinfo,
    hostname: *const c_char,
    port: c_int,
) -> c_int {
    if hostname.is_null() || hints_in.is_null() {
        return -1;
    }
    // SAFETY: rules 1 and 2.
    unsafe {
        let (host, hints) = (CStr::from_ptr(hostname), &*hints_in);
        with(bufev, -1, |b| status(b.connect_hostname_hints(evdns_base, hints, host, port)))
    }
}

/// Tells why the last look-up of a host name failed.
///
/// @param bufev the bufferevent
/// @return an EVUTIL_EAI_* code for evutil_gai_strerror(), or 0
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_get_dns_error(bufev: *mut bufferevent) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, 0, BevRef::dns_error) }
}

/// Moves a socket bufferevent to another event base. Only possible while it waits
/// for nothing: reading is disabled and no write waits for the socket.
///
/// @param base the new base
/// @param bufev the bufferevent
/// @return 0, or -1 if it is of another kind or its events are pending
///
/// # Safety
/// Rule 1 for `base` and `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_base_set(base: *mut event_base, bufev: *mut bufferevent) -> c_int {
    // SAFETY: rule 1.
    let Some(base) = (unsafe { BaseRef::from_raw(base) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.set_base(base))) }
}

/// Tells which event base serves a bufferevent.
///
/// @param bufev the bufferevent
/// @return its base
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_base(bufev: *mut bufferevent) -> *mut event_base {
    // SAFETY: rule 1.
    unsafe { with(bufev, null_mut(), |b| b.base().map_or(null_mut(), BaseRef::as_ptr)) }
}

/// Sets the priority of a socket bufferevent: of its events and of its deferred
/// callbacks.
///
/// @param bufev the bufferevent
/// @param pri 0 (the most urgent) up to one less than the base's priorities
/// @return 0, or -1 if the number is out of range, the bufferevent is of another
///   kind, or one of its events is about to run
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_priority_set(bufev: *mut bufferevent, pri: c_int) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.set_priority(pri))) }
}

/// Tells a bufferevent's priority.
///
/// @param bufev the bufferevent
/// @return the priority
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_priority(bufev: *const bufferevent) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev.cast_mut(), -1, BevRef::priority) }
}

/// Gives up a bufferevent. From now on it calls nothing. Output that has not been
/// sent is dropped. The memory, and with BEV_OPT_CLOSE_ON_FREE the socket, go as
/// soon as no callback of it can be running, in the event loop or when the base is
/// freed. Safe inside its own callbacks and from other threads.
///
/// @param bufev the bufferevent, which must not be used afterwards
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_free(bufev: *mut bufferevent) {
    // SAFETY: rule 1.
    unsafe { with(bufev, (), BevRef::free) }
}

/// Sets the callbacks.
///
/// @param bufev the bufferevent
/// @param readcb called when input has come and is at or above the read low
///   watermark, or NULL
/// @param writecb called when the output has shrunk to the write low watermark or
///   below, or NULL
/// @param eventcb called at the end of the stream, on errors and timeouts, and
///   when a connection stands, or NULL
/// @param cbarg passed to each of them
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setcb(
    bufev: *mut bufferevent,
    readcb: bufferevent_data_cb,
    writecb: bufferevent_data_cb,
    eventcb: bufferevent_event_cb,
    cbarg: *mut c_void,
) {
    // SAFETY: rule 1.
    unsafe { with(bufev, (), |b| b.setcb(readcb, writecb, eventcb, cbarg)) }
}

/// Tells the callbacks that are set. Each pointer may be NULL.
///
/// @param bufev the bufferevent
/// @param readcb_ptr receives the read callback
/// @param writecb_ptr receives the write callback
/// @param eventcb_ptr receives the event callback
/// @param cbarg_ptr receives their argument
///
/// # Safety
/// Rule 1 for `bufev`; rule 2 for the others, which may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getcb(
    bufev: *mut bufferevent,
    readcb_ptr: *mut bufferevent_data_cb,
    writecb_ptr: *mut bufferevent_data_cb,
    eventcb_ptr: *mut bufferevent_event_cb,
    cbarg_ptr: *mut *mut c_void,
) {
    // SAFETY: rules 1 and 2.
    unsafe {
        let Some(b) = BevRef::from_raw(bufev) else { return };
        let (readcb, writecb, eventcb, cbarg) = b.getcb();
        give(readcb_ptr, readcb);
        give(writecb_ptr, writecb);
        give(eventcb_ptr, eventcb);
        give(cbarg_ptr, cbarg);
    }
}

/// Gives a bufferevent another socket. The old one is not closed.
///
/// @param bufev a bufferevent over a socket
/// @param fd the socket, nonblocking, or -1 for none
/// @return 0, or -1 if its kind has no socket
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setfd(bufev: *mut bufferevent, fd: evutil_socket_t) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.set_fd(fd))) }
}

/// Tells a bufferevent's socket. A filter tells that of what lies below.
///
/// @param bufev the bufferevent
/// @return the socket, or -1 if there is none
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getfd(bufev: *mut bufferevent) -> evutil_socket_t {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| b.fd().unwrap_or(-1)) }
}

/// Tells the bufferevent that a filter works on.
///
/// @param bufev the bufferevent
/// @return the bufferevent below it, or NULL if it has none
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_underlying(bufev: *mut bufferevent) -> *mut bufferevent {
    // SAFETY: rule 1.
    unsafe { with(bufev, null_mut(), |b| b.underlying().map_or(null_mut(), BevRef::as_ptr)) }
}

/// Appends bytes to the output. They are sent from the event loop.
///
/// @param bufev the bufferevent
/// @param data the bytes, which are copied
/// @param size how many
/// @return 0, or -1 when memory is short
///
/// # Safety
/// Rule 1 for `bufev`; rule 2 for `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_write(
    bufev: *mut bufferevent,
    data: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        let Some(data) = bytes(data, size) else { return -1 };
        with(bufev, -1, |b| status(b.output().add(data)))
    }
}

/// Moves all bytes of a buffer to the output, without copying them. They are sent
/// from the event loop.
///
/// @param bufev the bufferevent
/// @param buf the buffer, which is empty afterwards
/// @return 0, or -1 on failure, and then nothing is moved
///
/// # Safety
/// Rule 1 for `bufev` and `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_write_buffer(bufev: *mut bufferevent, buf: *mut evbuffer) -> c_int {
    // SAFETY: rule 1.
    let Some(buf) = (unsafe { BufferRef::from_raw(buf) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.output().add_buffer(buf))) }
}

/// Takes bytes from the input.
///
/// @param bufev the bufferevent
/// @param data where to put them
/// @param size how many at most
/// @return how many were there; 0 also on failure
///
/// # Safety
/// Rule 1 for `bufev`; rule 2 for `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_read(bufev: *mut bufferevent, data: *mut c_void, size: usize) -> usize {
    // SAFETY: rules 1 and 2.
    unsafe { with(bufev, 0, |b| b.input().remove_uninit(room(data, size)).unwrap_or(0)) }
}

/// Moves all input to the end of a buffer, without copying it.
///
/// @param bufev the bufferevent
/// @param buf the buffer
/// @return 0, or -1 on failure, and then nothing is moved
///
/// # Safety
/// Rule 1 for `bufev` and `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_read_buffer(bufev: *mut bufferevent, buf: *mut evbuffer) -> c_int {
    // SAFETY: rule 1.
    let Some(buf) = (unsafe { BufferRef::from_raw(buf) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(buf.add_buffer(b.input()))) }
}

/// Tells the input buffer. It belongs to the bufferevent: take data out, but add
/// none.
///
/// @param bufev the bufferevent
/// @return the buffer
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_input(bufev: *mut bufferevent) -> *mut evbuffer {
    // SAFETY: rule 1.
    unsafe { with(bufev, null_mut(), |b| b.input().as_ptr()) }
}

/// Tells the output buffer. It belongs to the bufferevent: add data, but take none
/// out.
///
/// @param bufev the bufferevent
/// @return the buffer
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_output(bufev: *mut bufferevent) -> *mut evbuffer {
    // SAFETY: rule 1.
    unsafe { with(bufev, null_mut(), |b| b.output().as_ptr()) }
}

/// Enables reading, writing or both. Enabling writing calls the write callback
/// once the socket takes data.
///
/// @param bufev the bufferevent
/// @param event EV_READ, EV_WRITE, or both
/// @return 0, or -1 when memory is short or the socket cannot be watched
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_enable(bufev: *mut bufferevent, event: c_short) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.enable(Ev::from_bits_retain(event)))) }
}

/// Disables reading, writing or both. Data that has been read stays, data that is
/// not sent waits. A connect under way goes on.
///
/// @param bufev the bufferevent
/// @param event EV_READ, EV_WRITE, or both
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_disable(bufev: *mut bufferevent, event: c_short) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.disable(Ev::from_bits_retain(event)))) }
}

/// Tells what is enabled.
///
/// @param bufev the bufferevent
/// @return EV_READ, EV_WRITE, both or neither
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_enabled(bufev: *mut bufferevent) -> c_short {
    // SAFETY: rule 1.
    unsafe { with(bufev, 0, BevRef::enabled) }
}

/// Sets how long nothing may happen. After that time without a byte read, or
/// without one written while there is output, the direction is disabled and the
/// event callback gets BEV_EVENT_TIMEOUT with BEV_EVENT_READING or
/// BEV_EVENT_WRITING.
///
/// @param bufev the bufferevent
/// @param timeout_read the time for reading, or NULL for no limit
/// @param timeout_write the time for writing, or NULL for no limit
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 1 for `bufev`; rule 2 for the times.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_timeouts(
    bufev: *mut bufferevent,
    timeout_read: *const timeval,
    timeout_write: *const timeval,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        let (r, w) = (timeout_read.as_ref().copied(), timeout_write.as_ref().copied());
        with(bufev, -1, |b| status(b.set_timeouts(r, w)))
    }
}

/// Sets watermarks, in bytes. The read callback comes only with input of at least
/// the low mark; at the high mark (0: none) reading rests until input is taken.
/// The write callback comes when the output has shrunk to the low mark; the high
/// mark is for filters, which stop feeding a bufferevent whose output has reached
/// it.
///
/// @param bufev the bufferevent
/// @param events EV_READ, EV_WRITE or both: whose watermarks
/// @param lowmark the low watermark
/// @param highmark the high watermark
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setwatermark(
    bufev: *mut bufferevent,
    events: c_short,
    lowmark: usize,
    highmark: usize,
) {
    // SAFETY: rule 1.
    unsafe { with(bufev, (), |b| b.set_watermark(Ev::from_bits_retain(events), lowmark, highmark)) }
}

/// Tells watermarks.
///
/// @param bufev the bufferevent
/// @param events either EV_READ or EV_WRITE
/// @param lowmark receives the low one, or NULL
/// @param highmark receives the high one, or NULL
/// @return 0, or -1 for other events
///
/// # Safety
/// Rule 1 for `bufev`; rule 2 for the others, which may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getwatermark(
    bufev: *mut bufferevent,
    events: c_short,
    lowmark: *mut usize,
    highmark: *mut usize,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        with(bufev, -1, |b| match b.watermark(Ev::from_bits_retain(events)) {
            Ok((low, high)) => {
                give(lowmark, low);
                give(highmark, high);
                0
            }
            Err(e) => e.to_c(),
        })
    }
}

/// Locks a bufferevent made with BEV_OPT_THREADSAFE, together with its buffers and
/// those it shares the lock with, and holds a reference. May be nested.
///
/// @param bufev the bufferevent
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_lock(bufev: *mut bufferevent) {
    // SAFETY: rule 1.
    unsafe { with(bufev, (), BevRef::lock) }
}

/// Undoes one bufferevent_lock() of the same thread.
///
/// @param bufev the bufferevent
///
/// # Safety
/// Rule 1 for `bufev`. This thread has locked it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_unlock(bufev: *mut bufferevent) {
    // SAFETY: rule 1, and the caller's promise.
    unsafe { with(bufev, (), |b| b.unlock()) }
}

/// Adds a reference, which keeps the bufferevent after bufferevent_free().
///
/// @param bufev the bufferevent
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_incref(bufev: *mut bufferevent) {
    // SAFETY: rule 1.
    unsafe { with(bufev, (), BevRef::incref) }
}

/// Gives up a reference.
///
/// @param bufev the bufferevent
/// @return 1 if it was the last one, and the bufferevent is gone, else 0
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_decref(bufev: *mut bufferevent) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, 0, |b| c_int::from(b.decref())) }
}

/// Moves as much data as possible now. A socket's data is on its way already;
/// pairs and filters pass on what watermarks or their functions hold back.
///
/// @param bufev the bufferevent
/// @param iotype EV_READ, EV_WRITE or both
/// @param mode BEV_NORMAL as always, BEV_FLUSH for everything, BEV_FINISHED for
///   everything and the end of the stream
/// @return -1 on failure, 0 if nothing was produced, 1 if something was
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_flush(
    bufev: *mut bufferevent,
    iotype: c_short,
    mode: bufferevent_flush_mode,
) -> c_int {
    // SAFETY: rule 1.
    unsafe {
        with(bufev, -1, |b| {
            b.flush(Ev::from_bits_retain(iotype), mode).map_or_else(|e| e.to_c(), c_int::from)
        })
    }
}

/// Calls the data callbacks whose low watermarks are satisfied, as if data had
/// moved.
///
/// @param bufev the bufferevent
/// @param iotype EV_READ, EV_WRITE or both
/// @param options BEV_TRIG_IGNORE_WATERMARKS to call them in any case,
///   BEV_TRIG_DEFER_CALLBACKS to call them from the event loop
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_trigger(bufev: *mut bufferevent, iotype: c_short, options: c_int) {
    // SAFETY: rule 1.
    unsafe { with(bufev, (), |b| b.trigger(Ev::from_bits_retain(iotype), options)) }
}

/// Calls the event callback.
///
/// @param bufev the bufferevent
/// @param what BEV_EVENT_* flags to pass
/// @param options BEV_TRIG_DEFER_CALLBACKS to call it from the event loop
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_trigger_event(bufev: *mut bufferevent, what: c_short, options: c_int) {
    // SAFETY: rule 1.
    unsafe { with(bufev, (), |b| b.trigger_event(BevEvent::from_bits_retain(what), options)) }
}

/// Puts a filter over a bufferevent: what comes from it goes through one function,
/// what is written to it through another. The filter takes over the callbacks of
/// the bufferevent below and holds a reference on it. Both use one lock.
///
/// @param underlying the bufferevent below
/// @param input_filter treats data from below, or NULL to pass it on
/// @param output_filter treats data on its way down, or NULL to pass it on
/// @param options BEV_OPT_* flags; BEV_OPT_CLOSE_ON_FREE frees the one below too
/// @param free_context told, with `ctx`, when the filter is gone, or NULL
/// @param ctx passed to the functions
/// @return the filter, or NULL when memory is short
///
/// # Safety
/// Rule 1 for `underlying`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_filter_new(
    underlying: *mut bufferevent,
    input_filter: bufferevent_filter_cb,
    output_filter: bufferevent_filter_cb,
    options: c_int,
    free_context: bufferevent_free_context_cb,
    ctx: *mut c_void,
) -> *mut bufferevent {
    let config =
        FilterConfig { input: input_filter, output: output_filter, options, free_context, context: ctx };
    // SAFETY: rule 1.
    unsafe { with(underlying, null_mut(), |b| handle(BevRef::filter_new(b, config))) }
}

/// Makes two bufferevents, each of which reads what the other writes, without the
/// system. Their callbacks are always deferred.
///
/// @param base the event base that serves both; NULL: the current one of event_init()
/// @param options BEV_OPT_* flags for both
/// @param pair receives the two
/// @return 0, or -1 as bufferevent_socket_new() fails
///
/// # Safety
/// Rule 1 for `base`; rule 2 for `pair`, room for two.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_pair_new(
    base: *mut event_base,
    options: c_int,
    pair: *mut *mut bufferevent,
) -> c_int {
    // SAFETY: rule 1.
    let Some(base) = unsafe { BaseRef::from_raw(base) }.or_else(current::get) else { return -1 };
    match BevRef::pair_new(base, options) {
        // SAFETY: rule 2.
        Ok((a, b)) => unsafe {
            pair.write(a.as_ptr());
            pair.add(1).write(b.as_ptr());
            0
        },
        Err(e) => e.to_c(),
    }
}

/// Tells the other side of a pair.
///
/// @param bufev one side
/// @return the other side, or NULL if that was freed or this is no pair
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_pair_get_partner(bufev: *mut bufferevent) -> *mut bufferevent {
    // SAFETY: rule 1.
    unsafe { with(bufev, null_mut(), |b| b.partner().map_or(null_mut(), BevRef::as_ptr)) }
}

/// Makes a configuration of token buckets. All four numbers are in bytes, at least
/// 1 and at most EV_RATE_LIMIT_MAX; a burst is not less than its rate.
///
/// @param read_rate how much may be read per tick on average
/// @param read_burst how much may be read in one tick
/// @param write_rate how much may be written per tick on average
/// @param write_burst how much may be written in one tick
/// @param tick_len how long a tick lasts, in whole milliseconds (less counts as
///   one), or NULL for one second
/// @return the configuration, to be released with ev_token_bucket_cfg_free(), or
///   NULL for bad numbers and when memory is short
///
/// # Safety
/// Rule 2 for `tick_len`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_token_bucket_cfg_new(
    read_rate: usize,
    read_burst: usize,
    write_rate: usize,
    write_burst: usize,
    tick_len: *const timeval,
) -> *mut ev_token_bucket_cfg {
    // SAFETY: rule 2.
    let tick = unsafe { tick_len.as_ref() }.copied();
    match new_config((read_rate, read_burst), (write_rate, write_burst), tick) {
        Ok(cfg) => cfg.cast(),
        Err(e) => {
            e.to_c();
            null_mut()
        }
    }
}

/// Releases a configuration, which no bufferevent may be using any more.
///
/// @param cfg the configuration
///
/// # Safety
/// Rule 1 for `cfg`, which nothing uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ev_token_bucket_cfg_free(cfg: *mut ev_token_bucket_cfg) {
    if !cfg.is_null() {
        // SAFETY: rule 1, and the caller's promise.
        unsafe { free_config(cfg.cast()) }
    }
}

/// Limits how fast a bufferevent reads and writes.
///
/// @param bufev the bufferevent
/// @param cfg the limits, which must stay as long as they are set, or NULL for none
/// @return 0, or -1 when memory is short
///
/// # Safety
/// Rule 1 for `bufev` and `cfg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_rate_limit(
    bufev: *mut bufferevent,
    cfg: *mut ev_token_bucket_cfg,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.set_rate_limit(cfg.cast()))) }
}

/// Makes a group: bufferevents that share one token bucket. They may be served by
/// different event bases.
///
/// @param base the base whose loop fills the bucket; NULL: the current one of event_init()
/// @param cfg the limits, which are copied
/// @return the group, or NULL when memory is short
///
/// # Safety
/// Rule 1 for `base` and `cfg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_new(
    base: *mut event_base,
    cfg: *const ev_token_bucket_cfg,
) -> *mut bufferevent_rate_limit_group {
    // SAFETY: rule 1.
    let (base, cfg) = unsafe { (BaseRef::from_raw(base), cfg.cast::<TokenBucketConfig>().as_ref()) };
    let (Some(base), Some(cfg)) = (base.or_else(current::get), cfg) else { return null_mut() };
    match Group::new(base, cfg) {
        Ok(group) => group.cast(),
        Err(e) => {
            e.to_c();
            null_mut()
        }
    }
}

/// Changes a group's limits.
///
/// @param group the group
/// @param cfg the new limits, which are copied
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 1 for `group` and `cfg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_set_cfg(
    group: *mut bufferevent_rate_limit_group,
    cfg: *const ev_token_bucket_cfg,
) -> c_int {
    // SAFETY: rule 1.
    let Some(cfg) = (unsafe { cfg.cast::<TokenBucketConfig>().as_ref() }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { with_group(group, -1, |g| status(g.set_cfg(cfg))) }
}

/// Sets the least that a member of a group reads or writes at a time, so that many
/// members do not move a few bytes each. 64 at first; never more than a tick
/// brings.
///
/// @param group the group
/// @param share bytes
/// @return 0, or -1 if that is too much
///
/// # Safety
/// Rule 1 for `group`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_set_min_share(
    group: *mut bufferevent_rate_limit_group,
    share: usize,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with_group(group, -1, |g| status(g.set_min_share(share))) }
}

/// Releases a group. Its members must have been removed or freed.
///
/// @param group the group
///
/// # Safety
/// Rule 1 for `group`. It is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_free(group: *mut bufferevent_rate_limit_group) {
    if !group.is_null() {
        // SAFETY: rule 1.
        unsafe { Group::free(group.cast()) }
    }
}

/// Adds a bufferevent to a group, and takes it from the one it was in.
///
/// @param bufev the bufferevent
/// @param group the group, which must outlive the membership
/// @return 0, or -1 when memory is short
///
/// # Safety
/// Rule 1 for `bufev` and `group`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_add_to_rate_limit_group(
    bufev: *mut bufferevent,
    group: *mut bufferevent_rate_limit_group,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| with_group(group, -1, |g| status(b.join_group(g)))) }
}

/// Takes a bufferevent out of its group, if it is in one.
///
/// @param bufev the bufferevent
/// @return 0
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_remove_from_rate_limit_group(bufev: *mut bufferevent) -> c_int {
    // SAFETY: rule 1.
    unsafe {
        with(bufev, -1, |b| {
            b.leave_group(true);
            0
        })
    }
}

/// Sets the most that is read at a time.
///
/// @param bufev the bufferevent
/// @param size bytes; 0 for the default of 16 KiB
/// @return 0
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_max_single_read(bufev: *mut bufferevent, size: usize) -> c_int {
    // SAFETY: rule 1.
    unsafe {
        with(bufev, -1, |b| {
            b.set_max_single_read(size);
            0
        })
    }
}

/// Sets the most that is written at a time.
///
/// @param bufev the bufferevent
/// @param size bytes; 0 for the default
/// @return 0
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_max_single_write(bufev: *mut bufferevent, size: usize) -> c_int {
    // SAFETY: rule 1.
    unsafe {
        with(bufev, -1, |b| {
            b.set_max_single_write(size);
            0
        })
    }
}

/// Tells the most that is read at a time.
///
/// @param bufev the bufferevent
/// @return bytes
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_single_read(bufev: *mut bufferevent) -> ev_ssize_t {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| size(b.max_single_read())) }
}

/// Tells the most that is written at a time.
///
/// @param bufev the bufferevent
/// @return bytes
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_single_write(bufev: *mut bufferevent) -> ev_ssize_t {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| size(b.max_single_write())) }
}

/// Tells what is left in a bufferevent's own bucket for reading. May be below 0.
///
/// @param bufev the bufferevent
/// @return bytes, or EV_SSIZE_MAX if it has no limit of its own
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_read_limit(bufev: *mut bufferevent) -> ev_ssize_t {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| b.read_limit().unwrap_or(ev_ssize_t::MAX)) }
}

/// Tells what is left in a bufferevent's own bucket for writing. May be below 0.
///
/// @param bufev the bufferevent
/// @return bytes, or EV_SSIZE_MAX if it has no limit of its own
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_write_limit(bufev: *mut bufferevent) -> ev_ssize_t {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| b.write_limit().unwrap_or(ev_ssize_t::MAX)) }
}

/// Tells how much a bufferevent would read at once now, all limits considered.
///
/// @param bufev the bufferevent
/// @return bytes
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_to_read(bufev: *mut bufferevent) -> ev_ssize_t {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| size(b.read_max())) }
}

/// Tells how much a bufferevent would write at once now, all limits considered.
///
/// @param bufev the bufferevent
/// @return bytes
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_to_write(bufev: *mut bufferevent) -> ev_ssize_t {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| size(b.write_max())) }
}

/// Tells a bufferevent's limits.
///
/// @param bufev the bufferevent
/// @return what bufferevent_set_rate_limit() was given, or NULL
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_token_bucket_cfg(
    bufev: *const bufferevent,
) -> *const ev_token_bucket_cfg {
    // SAFETY: rule 1.
    unsafe { with(bufev.cast_mut(), null(), |b| b.rate_limit_cfg().cast()) }
}

/// Tells what is left in a group's bucket for reading. May be below 0.
///
/// @param group the group
/// @return bytes
///
/// # Safety
/// Rule 1 for `group`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_get_read_limit(
    group: *mut bufferevent_rate_limit_group,
) -> ev_ssize_t {
    // SAFETY: rule 1.
    unsafe { with_group(group, -1, |g| g.limits().0) }
}

/// Tells what is left in a group's bucket for writing. May be below 0.
///
/// @param group the group
/// @return bytes
///
/// # Safety
/// Rule 1 for `group`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_get_write_limit(
    group: *mut bufferevent_rate_limit_group,
) -> ev_ssize_t {
    // SAFETY: rule 1.
    unsafe { with_group(group, -1, |g| g.limits().1) }
}

/// Takes bytes from a bufferevent's own bucket for reading, as if they had been
/// read: for data that the program moves past the bufferevent.
///
/// @param bufev a bufferevent with a rate limit
/// @param decr bytes; below 0 gives some back
/// @return 0, or -1 if it has no limit of its own or on failure
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_decrement_read_limit(
    bufev: *mut bufferevent,
    decr: ev_ssize_t,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.decrement_read_limit(decr))) }
}

/// Takes bytes from a bufferevent's own bucket for writing, as if they had been
/// written: for data that the program moves past the bufferevent.
///
/// @param bufev a bufferevent with a rate limit
/// @param decr bytes; below 0 gives some back
/// @return 0, or -1 if it has no limit of its own or on failure
///
/// # Safety
/// Rule 1 for `bufev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_decrement_write_limit(
    bufev: *mut bufferevent,
    decr: ev_ssize_t,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(bufev, -1, |b| status(b.decrement_write_limit(decr))) }
}

/// Takes bytes from a group's bucket for reading, as if a member had read them.
///
/// @param group the group
/// @param decr bytes; below 0 gives some back
/// @return 0
///
/// # Safety
/// Rule 1 for `group`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_decrement_read(
    group: *mut bufferevent_rate_limit_group,
    decr: ev_ssize_t,
) -> c_int {
    // SAFETY: rule 1.
    unsafe {
        with_group(group, -1, |g| {
            g.decrement_read(decr);
            0
        })
    }
}

/// Takes bytes from a group's bucket for writing, as if a member had written them.
///
/// @param group the group
/// @param decr bytes; below 0 gives some back
/// @return 0
///
/// # Safety
/// Rule 1 for `group`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_decrement_write(
    group: *mut bufferevent_rate_limit_group,
    decr: ev_ssize_t,
) -> c_int {
    // SAFETY: rule 1.
    unsafe {
        with_group(group, -1, |g| {
            g.decrement_write(decr);
            0
        })
    }
}

/// Tells how much all members of a group have read and written since it was made
/// or last reset.
///
/// @param group the group
/// @param total_read_out receives the bytes read, or NULL
/// @param total_written_out receives the bytes written, or NULL
///
/// # Safety
/// Rule 1 for `group`; rule 2 for the others, which may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_get_totals(
    group: *mut bufferevent_rate_limit_group,
    total_read_out: *mut u64,
    total_written_out: *mut u64,
) {
    // SAFETY: rules 1 and 2.
    unsafe {
        with_group(group, (), |g| {
            let (read, written) = g.totals();
            give(total_read_out, read);
            give(total_written_out, written);
        })
    }
}

/// Sets both totals of a group to 0.
///
/// @param group the group
///
/// # Safety
/// Rule 1 for `group`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_rate_limit_group_reset_totals(group: *mut bufferevent_rate_limit_group) {
    // SAFETY: rule 1.
    unsafe { with_group(group, (), Group::reset_totals) }
}
