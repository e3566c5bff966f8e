//! event2/event_compat.h: the interface of libevent 1.x, which works on one current base.
use crate::event::{base_of, die, event_base_new, loop_status, status};
use crate::internal_event::show_current;
use oxievent::abi::event::{Ev, Evloop, event, event_base};
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::{BaseRef, EventRef, current};
use oxievent::sys::c::timeval;
use std::ffi::{c_char, c_int, c_short, c_void};

/// Makes a base, and makes it the current base of the functions in this header. Old: use event_base_new().
///
/// @return the base; on failure the process ends
///
/// # Safety
/// No pointers. Not while another thread uses these functions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_init() -> *mut event_base {
    // SAFETY: no pointers.
    let base = unsafe { event_base_new() };
    // SAFETY: just made.
    let Some(b) = (unsafe { base_of(base) }) else { die("event_init: Unable to construct event_base") };
    current::set(Some(b));
    show_current();
    base
}

/// Runs the current base's loop. Old: use event_base_dispatch().
///
/// @return as event_base_dispatch()
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_dispatch() -> c_int {
    // SAFETY: no pointers.
    unsafe { event_loop(0) }
}

/// Runs the current base's loop. Old: use event_base_loop().
///
/// @param flags EVLOOP_ONCE and EVLOOP_NONBLOCK
/// @return as event_base_loop()
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_loop(flags: c_int) -> c_int {
    current::get().map_or(-1, |b| loop_status(b.run(Evloop::from_bits_retain(flags))))
}

/// Ends the current base's loop after a time. Old: use event_base_loopexit().
///
/// @param tv the time to wait; NULL: now
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_loopexit(tv: *const timeval) -> c_int {
    // SAFETY: Rule 2.
    let tv = unsafe { tv.as_ref() };
    current::get().map_or(-1, |b| status(b.loopexit(tv)))
}

/// Ends the current base's loop after the running callback. Old: use event_base_loopbreak().
///
/// @return 0, or -1 on failure
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_loopbreak() -> c_int {
    let Some(b) = current::get() else { return -1 };
    b.loopbreak();
    0
}

/// Calls a function once, on the current base. Old: use event_base_once().
///
/// @param fd the descriptor to watch, or -1
/// @param events any of EV_READ, EV_WRITE, EV_TIMEOUT
/// @param callback the function
/// @param arg its last argument
/// @param timeout how long to wait, or NULL
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 2 for `timeout`; `callback` and `arg` stay valid until it was called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_once(
    fd: evutil_socket_t,
    events: c_short,
    callback: Option<unsafe extern "C" fn(evutil_socket_t, c_short, *mut c_void)>,
    arg: *mut c_void,
    timeout: *const timeval,
) -> c_int {
    // SAFETY: Rule 2.
    let timeout = unsafe { timeout.as_ref() };
    current::get().map_or(-1, |b| status(b.once(fd, Ev::from_bits_retain(events), callback, arg, timeout)))
}

/// The name of the current base's backend. Old: use event_base_get_method().
///
/// @return a string that is never freed, or NULL if there is no current base
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_method() -> *const c_char {
    current::get().map_or(std::ptr::null(), |b| b.method().as_ptr())
}

/// Sets the number of priorities of the current base. Old: use event_base_priority_init().
///
/// @param npriorities how many
/// @return 0, or -1 on failure
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_priority_init(npriorities: c_int) -> c_int {
    current::get().map_or(-1, |b: BaseRef| status(b.set_priorities(npriorities)))
}

/// Sets up an event for the current base. Old: use event_assign() or event_new().
///
/// @param ev the event's memory
/// @param fd the descriptor to watch, or the signal's number
/// @param events what to wait for: EV_ bits
/// @param callback called when it happens
/// @param arg the callback's last argument
///
/// # Safety
/// Rule 2 for `ev`; `callback` and `arg` stay valid while the event is added or active.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set(
    ev: *mut event,
    fd: evutil_socket_t,
    events: c_short,
    callback: Option<unsafe extern "C" fn(evutil_socket_t, c_short, *mut c_void)>,
    arg: *mut c_void,
) {
    // SAFETY: Rule 2.
    if let Some(ev) = unsafe { EventRef::from_raw(ev) } {
        // A combination that cannot be shows when it is added.
        let _ = ev.assign(None, fd, Ev::from_bits_retain(events), callback, arg);
    }
}
