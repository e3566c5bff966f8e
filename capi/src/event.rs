//! event2/event.h
use crate::internal_event::show_current;
use libc::FILE;
use oxievent::abi::event::{
    BaseFlag, Ev, Evloop, Feature, event, event_base, event_base_foreach_event_cb, event_callback_fn,
    event_config, event_fatal_cb, event_finalize_callback_fn, event_log_cb,
};
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::{BaseRef, Config, CountOf, Del, Ended, EventRef, current, debug, self_cbarg};
use oxievent::mem::{self, Box};
use oxievent::sys::c::timeval;
use oxievent::{Result, backend, log, sys, warnx};
use std::ffi::{CStr, c_char, c_int, c_short, c_uint, c_void};
use std::ops::ControlFlow;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// # Safety
/// Rule 1 for `p`.
pub(crate) unsafe fn base_of(p: *const event_base) -> Option<BaseRef> {
    // SAFETY: the caller's promise.
    unsafe { BaseRef::from_raw(p.cast_mut()) }
}
/// # Safety
/// Rule 1 for `p`.
pub(crate) unsafe fn event_of(p: *const event) -> Option<EventRef> {
    // SAFETY: the caller's promise.
    unsafe { EventRef::from_raw(p.cast_mut()) }
}
/// # Safety
/// Rule 1 for `p`; the program uses a configuration in one thread only.
unsafe fn config_of<'a>(p: *mut event_config) -> Option<&'a mut Config> {
    // SAFETY: the caller's promise; made by event_config_new.
    unsafe { p.cast::<Config>().as_mut() }
}
pub(crate) fn status(r: Result<()>) -> c_int {
    match r {
        Ok(()) => 0,
        Err(e) => e.to_c(),
    }
}
/// What `run` says, as event_base_loop tells it.
pub(crate) fn loop_status(r: Result<Ended>) -> c_int {
    match r {
        Ok(Ended::Asked) => 0,
        Ok(Ended::Empty) => 1,
        Err(e) => e.to_c(),
    }
}

/// Turns on checks for the misuse of events: an event that is added without event_assign(), assigned while it is
/// added, or used after it was freed ends the process with a message. Slow, and it needs memory for each event until
/// event_free() or event_debug_unassign() forgets it. Must be called before any event or base is made, and once.
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_enable_debug_mode() {
    debug::enable();
}

/// Tells debug mode to forget an event that is not added, so that its memory may be used for something else without
/// event_free(). Without debug mode it only makes the event uninitialised.
///
/// @param ev an event that was set up by event_assign() and is not added
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_debug_unassign(ev: *mut event) {
    // SAFETY: Rule 1.
    if let Some(ev) = unsafe { event_of(ev) } {
        ev.unassign();
    }
}

/// Makes an event base with the default configuration: the best backend that the system has and the environment
/// does not turn off.
///
/// @return the base, to be released with event_base_free(); NULL on failure
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_new() -> *mut event_base {
    new_base(&Config::new())
}

/// Prepares a base for use in a child process after fork(). Without it the parent's and the child's loop disturb each
/// other. All events that were added are kept.
///
/// @param base the base, in the child
/// @return 0, or -1 if some events could not be added again
///
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_reinit(base: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    match unsafe { base_of(base) } {
        Some(b) => status(b.reinit()),
        None => -1,
    }
}

/// Runs the loop until no events are left, or event_base_loopbreak() or event_base_loopexit() ends it: the same as
/// event_base_loop() without flags.
///
/// @param base the base
/// @return 0 if the loop was told to end, 1 if no events were left, -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_dispatch(base: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    unsafe { event_base_loop(base, 0) }
}

/// The name of the backend that a base uses.
///
/// @param eb the base
/// @return a string that is never freed, such as "epoll"
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_method(eb: *const event_base) -> *const c_char {
    // SAFETY: Rule 1.
    unsafe { base_of(eb) }.map_or(std::ptr::null(), |b| b.method().as_ptr())
}

/// The names of all backends in this library, best first. What the running system really supports may be less.
///
/// @return an array that ends with NULL, and belongs to the library
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_supported_methods() -> *mut *const c_char {
    const ROOM: usize = 16;
    static NAMES: [AtomicPtr<c_char>; ROOM] = [const { AtomicPtr::new(null_mut()) }; ROOM];
    for (slot, info) in NAMES[..ROOM - 1].iter().zip(backend::LIST) {
        slot.store(info.name.as_ptr().cast_mut(), Relaxed);
    }
    NAMES.as_ptr().cast_mut().cast()
}

/// Reads a base's monotonic clock: it never goes back, and has nothing to do with the time of day.
///
/// @param base the base
/// @param tp where the time goes
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `base`, rule 2 for `tp`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_gettime_monotonic(base: *mut event_base, tp: *mut timeval) -> c_int {
    // SAFETY: Rules 1 and 2.
    let (Some(b), Some(tp)) = (unsafe { (base_of(base), tp.as_mut()) }) else { return -1 };
    *tp = b.monotonic_now();
    0
}

/// How many events a base has, by kind.
///
/// @param eb the base
/// @param flags any of EVENT_BASE_COUNT_ACTIVE, EVENT_BASE_COUNT_VIRTUAL and EVENT_BASE_COUNT_ADDED
/// @return the sum of these counts; an event may count more than once
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_num_events(eb: *mut event_base, flags: c_uint) -> c_int {
    // SAFETY: Rule 1.
    unsafe { base_of(eb) }.map_or(0, |b| b.num_events(CountOf::from_bits_retain(flags)))
}

/// The highest counts of events a base has had, by kind.
///
/// @param eb the base
/// @param flags any of EVENT_BASE_COUNT_ACTIVE, EVENT_BASE_COUNT_VIRTUAL and EVENT_BASE_COUNT_ADDED
/// @param clear not 0: start from 0 again
/// @return the sum of these highest counts
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_max_events(
    eb: *mut event_base,
    flags: c_uint,
    clear: c_int,
) -> c_int {
    // SAFETY: Rule 1.
    unsafe { base_of(eb) }.map_or(0, |b| b.max_events(CountOf::from_bits_retain(flags), clear != 0))
}

/// Makes a configuration for event_base_new_with_config().
///
/// @return the configuration, to be released with event_config_free(); NULL if memory is short
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_new() -> *mut event_config {
    match mem::new_box(Config::new()) {
        Ok(b) => Box::into_raw_with_allocator(b).0.cast(),
        Err(_) => null_mut(),
    }
}

/// Frees a configuration. Bases that were made with it stay as they are.
///
/// @param cfg the configuration
///
/// # Safety
/// Rule 1 for `cfg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_free(cfg: *mut event_config) {
    if !cfg.is_null() {
        // SAFETY: Rule 1: made by event_config_new.
        drop(unsafe { Box::from_raw_in(cfg.cast::<Config>(), mem::Alloc) });
    }
}

/// Asks for a base that does not use a certain backend.
///
/// @param cfg the configuration
/// @param method the backend's name, as event_get_supported_methods() has it
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 1 for `cfg`, rule 2 for `method`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_avoid_method(cfg: *mut event_config, method: *const c_char) -> c_int {
    // SAFETY: Rule 1.
    let Some(cfg) = (unsafe { config_of(cfg) }) else { return -1 };
    if method.is_null() {
        return -1;
    }
    // SAFETY: Rule 2.
    status(cfg.avoid_method(unsafe { CStr::from_ptr(method) }))
}

/// The features of the backend that a base uses.
///
/// @param base the base
/// @return any of the EV_FEATURE_ bits
///
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_features(base: *const event_base) -> c_int {
    // SAFETY: Rule 1.
    unsafe { base_of(base) }.map_or(0, |b| b.features().bits())
}

/// Asks for a base whose backend has certain features. Each call replaces the request of the one before.
///
/// @param cfg the configuration
/// @param feature EV_FEATURE_ bits; all of them are required
/// @return 0, or -1 on failure. Whether there is such a backend shows when the base is made
///
/// # Safety
/// Rule 1 for `cfg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_require_features(cfg: *mut event_config, feature: c_int) -> c_int {
    // SAFETY: Rule 1.
    let Some(cfg) = (unsafe { config_of(cfg) }) else { return -1 };
    cfg.require = Feature::from_bits_retain(feature);
    0
}

/// Sets options of the base to be made.
///
/// @param cfg the configuration
/// @param flag EVENT_BASE_FLAG_ bits, added to those that are set
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 1 for `cfg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_flag(cfg: *mut event_config, flag: c_int) -> c_int {
    // SAFETY: Rule 1.
    let Some(cfg) = (unsafe { config_of(cfg) }) else { return -1 };
    cfg.flags |= BaseFlag::from_bits_retain(flag);
    0
}

/// Says for how many processors work should be spread. Only the completion ports of Windows care.
///
/// @param cfg the configuration
/// @param cpus the number of processors
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 1 for `cfg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_num_cpus_hint(cfg: *mut event_config, cpus: c_int) -> c_int {
    // SAFETY: Rule 1.
    let Some(cfg) = (unsafe { config_of(cfg) }) else { return -1 };
    cfg.cpus_hint = cpus;
    0
}

/// Has the loop look for new events after so much time or so many callbacks, so that more urgent events need not wait
/// until all that is active has been run. Costs a look at the clock after each callback.
///
/// @param cfg the configuration
/// @param max_interval the time after which the loop looks again; NULL: no limit
/// @param max_callbacks the number of callbacks after which it looks again; negative: no limit
/// @param min_priority events more urgent than this (with a lower number) are not limited
/// @return 0, or -1 on failure
///
/// # Safety
/// Rule 1 for `cfg`, rule 2 for `max_interval`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_max_dispatch_interval(
    cfg: *mut event_config,
    max_interval: *const timeval,
    max_callbacks: c_int,
    min_priority: c_int,
) -> c_int {
    // SAFETY: Rule 1.
    let Some(cfg) = (unsafe { config_of(cfg) }) else { return -1 };
    // SAFETY: Rule 2.
    cfg.set_max_dispatch(unsafe { max_interval.as_ref() }, max_callbacks, min_priority);
    0
}

fn new_base(config: &Config) -> *mut event_base {
    match BaseRef::new(config) {
        Ok(b) => b.as_ptr(),
        Err(e) => {
            e.to_c();
            null_mut()
        }
    }
}

/// Makes an event base as a configuration wants it.
///
/// @param cfg the configuration, which is only read; NULL: the default
/// @return the base, to be released with event_base_free(); NULL if no backend fits or something fails
///
/// # Safety
/// Rule 1 for `cfg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_new_with_config(cfg: *const event_config) -> *mut event_base {
    // SAFETY: Rule 1.
    match unsafe { cfg.cast::<Config>().as_ref() } {
        Some(c) => new_base(c),
        None => new_base(&Config::new()),
    }
}

/// # Safety
/// Rule 1 for `eb`, and what event_base_free() says.
unsafe fn free_base(eb: *mut event_base, finalize: bool) {
    // SAFETY: Rule 1.
    match unsafe { base_of(eb) }.or_else(current::get) {
        // SAFETY: the caller gives the base up.
        Some(b) => unsafe { b.free(finalize) },
        None => warnx!("event_base_free: no base to free"),
    }
    show_current();
}

/// Frees a base. Its events are deleted, but neither freed nor are their descriptors closed. Finalizers that have not
/// run yet are run. Free the objects that use the base, and all of its events, first.
///
/// @param eb the base, whose loop is not running; NULL: the base that event_init() made
///
/// # Safety
/// Rule 1 for `eb`; no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_free(eb: *mut event_base) {
    // SAFETY: passed on.
    unsafe { free_base(eb, true) }
}

/// As event_base_free(), but finalizers that have not run yet are not run.
///
/// @param eb the base, whose loop is not running; NULL: the base that event_init() made
///
/// # Safety
/// Rule 1 for `eb`; no other thread uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_free_nofinalize(eb: *mut event_base) {
    // SAFETY: passed on.
    unsafe { free_base(eb, false) }
}

/// Sets the function that gets all messages of the library, in place of standard error. It must not call the library.
/// Not to be changed while other threads use the library.
///
/// @param cb gets the severity (EVENT_LOG_) and one line without a newline; NULL: standard error again
///
/// # Safety
/// `cb` may be called from every thread that uses the library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_log_callback(cb: event_log_cb) {
    log::set_callback(cb);
}

/// Sets the function that is called when the library cannot go on, because the program misused it. It should not
/// return, and must not call the library; if it does return, the process exits.
///
/// @param cb gets an exit code; NULL: the process exits with that code
///
/// # Safety
/// `cb` may be called from every thread that uses the library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_fatal_callback(cb: event_fatal_cb) {
    log::set_fatal_callback(cb);
}

/// Turns messages for debugging the library on or off.
///
/// @param which EVENT_DBG_ALL or EVENT_DBG_NONE
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_enable_debug_logging(which: u32) {
    log::set_debug_mask(which);
}

/// Makes a base the one that an event belongs to, for events that were set up by event_set(). The event must not be
/// added or active.
///
/// @param eb the base
/// @param ev the event
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `eb` and `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_set(eb: *mut event_base, ev: *mut event) -> c_int {
    // SAFETY: Rule 1.
    let (Some(b), Some(ev)) = (unsafe { (base_of(eb), event_of(ev)) }) else { return -1 };
    status(ev.set_base(b))
}

/// Runs the loop: waits for events and calls their callbacks.
///
/// @param eb the base
/// @param flags EVLOOP_ONCE: wait until something is active, run that and return. EVLOOP_NONBLOCK: run what is active
///     now and return. EVLOOP_NO_EXIT_ON_EMPTY: go on waiting even if no events are left
/// @return 0 if the loop ended because of its flags, event_base_loopexit() or event_base_loopbreak(), 1 if no events
///     were left, -1 on failure (also if a loop on this base is running already)
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loop(eb: *mut event_base, flags: c_int) -> c_int {
    // SAFETY: Rule 1.
    let Some(b) = (unsafe { base_of(eb) }) else { return -1 };
    loop_status(b.run(Evloop::from_bits_retain(flags)))
}

/// Ends the loop after a time: all events that are active then are still run. The loop, if not running, ends after
/// its start likewise.
///
/// @param eb the base
/// @param tv the time to wait; NULL: now
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `eb`, rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loopexit(eb: *mut event_base, tv: *const timeval) -> c_int {
    // SAFETY: Rules 1 and 2.
    let (Some(b), tv) = (unsafe { (base_of(eb), tv.as_ref()) }) else { return -1 };
    status(b.loopexit(tv))
}

/// Ends the loop after the callback that is running now. If no loop is running, nothing happens.
///
/// @param eb the base
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loopbreak(eb: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    let Some(b) = (unsafe { base_of(eb) }) else { return -1 };
    b.loopbreak();
    0
}

/// Has the loop look for new events after the callback that is running now, before it runs what else is active.
///
/// @param eb the base
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loopcontinue(eb: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    let Some(b) = (unsafe { base_of(eb) }) else { return -1 };
    b.loopcontinue();
    0
}

/// Whether the loop was told to end by event_base_loopexit(). The next start of the loop forgets it.
///
/// @param eb the base
/// @return 1 if so, else 0
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_got_exit(eb: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    unsafe { base_of(eb) }.map_or(0, |b| b.got_exit().into())
}

/// Whether the loop was told to end by event_base_loopbreak(). The next start of the loop forgets it.
///
/// @param eb the base
/// @return 1 if so, else 0
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_got_break(eb: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    unsafe { base_of(eb) }.map_or(0, |b| b.got_break().into())
}

/// An argument for event_new() and event_assign() that stands for the event itself.
///
/// @return the argument to pass as arg
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_self_cbarg() -> *mut c_void {
    self_cbarg()
}

/// Makes an event.
///
/// @param base the base that it belongs to
/// @param fd the descriptor to watch, the signal's number for EV_SIGNAL, or -1
/// @param events what to wait for: any of EV_TIMEOUT, EV_READ, EV_WRITE, EV_CLOSED, or EV_SIGNAL; with EV_PERSIST,
///     EV_ET, EV_FINALIZE
/// @param callback called when it happens
/// @param callback_arg the callback's last argument
/// @return the event, not added yet, to be released with event_free(); NULL on failure
///
/// # Safety
/// Rules 1 and 3 for `base`; `callback` and `callback_arg` stay valid while the event is added or active.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_new(
    base: *mut event_base,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    callback_arg: *mut c_void,
) -> *mut event {
    let p = mem::malloc(size_of::<event>()).cast::<event>();
    if p.is_null() {
        return p;
    }
    // SAFETY: room for an event was just allocated; Rule 1 for the base.
    if unsafe { event_assign(p, base, fd, events, callback, callback_arg) } < 0 {
        // SAFETY: nobody knows it.
        unsafe { mem::free(p.cast()) };
        return null_mut();
    }
    p
}

/// Sets up an event in memory of the caller's, which must not hold an event that is added or active.
///
/// @param ev the event's memory, event_get_struct_event_size() bytes
/// @param base the base that it belongs to; NULL: the one that event_init() made
/// @param fd the descriptor to watch, the signal's number for EV_SIGNAL, or -1
/// @param events what to wait for: any of EV_TIMEOUT, EV_READ, EV_WRITE, EV_CLOSED, or EV_SIGNAL; with EV_PERSIST,
///     EV_ET, EV_FINALIZE
/// @param callback called when it happens
/// @param callback_arg the callback's last argument
/// @return 0, or -1 if EV_SIGNAL is combined with reading or writing
///
/// # Safety
/// Rule 2 for `ev`, rules 1 and 3 for `base`; `callback` and `callback_arg` stay valid while the event is added or
/// active.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_assign(
    ev: *mut event,
    base: *mut event_base,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    callback_arg: *mut c_void,
) -> c_int {
    // SAFETY: Rules 1 and 2.
    let (Some(ev), base) = (unsafe { (event_of(ev), base_of(base)) }) else { return -1 };
    status(ev.assign(base, fd, Ev::from_bits_retain(events), callback, callback_arg))
}

/// Deletes and frees an event of event_new(). If its callback is running in another thread, waits for it to return.
///
/// @param ev the event
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_free(ev: *mut event) {
    // SAFETY: Rule 1.
    let Some(e) = (unsafe { event_of(ev) }) else { return };
    let _ = e.del();
    debug::note_teardown(e);
    // SAFETY: Rule 1: made by event_new.
    unsafe { mem::free(ev.cast()) };
}

/// Calls a function once, when something happens, without an event of the caller's.
///
/// @param base the base
/// @param fd the descriptor to watch, or -1
/// @param events any of EV_READ, EV_WRITE, EV_CLOSED, EV_TIMEOUT; not EV_SIGNAL, not EV_PERSIST
/// @param callback the function
/// @param arg its last argument
/// @param timeout how long to wait; NULL: without end, or, if events is EV_TIMEOUT, call it at once
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `base`, rule 2 for `timeout`; `callback` and `arg` stay valid until it was called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_once(
    base: *mut event_base,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    arg: *mut c_void,
    timeout: *const timeval,
) -> c_int {
    // SAFETY: Rules 1 and 2.
    let (Some(b), timeout) = (unsafe { (base_of(base), timeout.as_ref()) }) else { return -1 };
    status(b.once(fd, Ev::from_bits_retain(events), callback, arg, timeout))
}

/// Starts waiting for what an event was set up for. Adding it again replaces its timeout.
///
/// @param ev the event
/// @param timeout calls the callback with EV_TIMEOUT after this time, if nothing else happens before; NULL: no
///     timeout, or the one that is running
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `ev`, rule 2 for `timeout`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_add(ev: *mut event, timeout: *const timeval) -> c_int {
    // SAFETY: Rules 1 and 2.
    let (Some(ev), timeout) = (unsafe { (event_of(ev), timeout.as_ref()) }) else { return -1 };
    status(ev.add(timeout))
}

/// Removes the timeout of an event that is added; what else it waits for stays.
///
/// @param ev the event
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_remove_timer(ev: *mut event) -> c_int {
    // SAFETY: Rule 1.
    unsafe { event_of(ev) }.map_or(-1, |ev| status(ev.remove_timer()))
}

/// # Safety
/// Rule 1 for `ev`.
unsafe fn del(ev: *mut event, how: Del) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { event_of(ev) }.map_or(-1, |ev| status(ev.del_as(how)))
}

/// Stops waiting: an event that is active does not run any more. If its callback is running in another thread, waits
/// for it to return, unless the event has EV_FINALIZE. Does nothing if the event is not added.
///
/// @param ev the event
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del(ev: *mut event) -> c_int {
    // SAFETY: passed on.
    unsafe { del(ev, Del::Auto) }
}

/// As event_del(), but never waits for a callback that is running in another thread.
///
/// @param ev the event
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del_noblock(ev: *mut event) -> c_int {
    // SAFETY: passed on.
    unsafe { del(ev, Del::NoBlock) }
}

/// As event_del(), but waits for a callback that is running in another thread even if the event has EV_FINALIZE.
///
/// @param ev the event
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del_block(ev: *mut event) -> c_int {
    // SAFETY: passed on.
    unsafe { del(ev, Del::Block) }
}

/// Makes an event active, as if what it waits for had happened. It need not be added.
///
/// @param ev the event
/// @param res what to tell the callback: EV_ bits
/// @param ncalls for an event with EV_SIGNAL: how often to call its callback
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_active(ev: *mut event, res: c_int, ncalls: c_short) {
    // SAFETY: Rule 1.
    if let Some(ev) = unsafe { event_of(ev) } {
        ev.active_with(Ev::from_bits_retain(res as c_short), ncalls);
    }
}

/// What of some things an event is waiting for, or is active with.
///
/// @param ev the event
/// @param events the things in question: any of EV_TIMEOUT, EV_READ, EV_WRITE, EV_CLOSED, EV_SIGNAL
/// @param tv if not NULL, and EV_TIMEOUT is in question and pending: gets the time of day at which it ends
/// @return those of events that are pending; 0: none
///
/// # Safety
/// Rules 1 and 3 for `ev`, rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_pending(ev: *const event, events: c_short, tv: *mut timeval) -> c_int {
    // SAFETY: Rules 1 and 2.
    let (Some(ev), tv) = (unsafe { (event_of(ev), tv.as_mut()) }) else { return 0 };
    let what = Ev::from_bits_retain(events);
    let Some(tv) = tv else { return ev.pending(what).bits().into() };
    let (is, at) = ev.pending_until(what);
    if let Some(at) = at {
        *tv = at;
    }
    is.bits().into()
}

/// The event whose callback is running in a base's loop.
///
/// @param base the base
/// @return the event, or NULL if none is running or the calling thread is not the loop's
///
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_running_event(base: *mut event_base) -> *mut event {
    // SAFETY: Rule 1.
    unsafe { base_of(base) }.and_then(BaseRef::running_event).map_or(null_mut(), EventRef::as_ptr)
}

/// Whether an event was set up. Only sure for memory that was zeroed before.
///
/// @param ev the event's memory
/// @return 1 if so, else 0
///
/// # Safety
/// Rule 2 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_initialized(ev: *const event) -> c_int {
    // SAFETY: Rule 2.
    unsafe { event_of(ev) }.map_or(0, |ev| ev.is_initialized().into())
}

/// # Safety
/// Rule 1 for `ev`.
unsafe fn checked(ev: *const event, doing: &str) -> Option<EventRef> {
    // SAFETY: the caller's promise.
    let ev = unsafe { event_of(ev) }?;
    debug::assert_set_up(ev, doing);
    Some(ev)
}
/// Reads one field.
macro_rules! field {
    ($ev:ident, $doing:literal, $none:expr, $($f:ident).+) => {
        // SAFETY: Rule 1; fields are read through the raw pointer.
        unsafe { checked($ev, $doing).map_or($none, |e| (*e.as_ptr()).$($f).+) }
    };
}

/// The descriptor, or the signal's number, of an event.
///
/// @param ev the event
/// @return its descriptor, or -1
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_fd(ev: *const event) -> evutil_socket_t {
    field!(ev, "event_get_fd", -1, ev_fd)
}

/// The base of an event.
///
/// @param ev the event
/// @return its base
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_base(ev: *const event) -> *mut event_base {
    field!(ev, "event_get_base", null_mut(), ev_base)
}

/// What an event was set up to wait for.
///
/// @param ev the event
/// @return EV_ bits
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_events(ev: *const event) -> c_short {
    field!(ev, "event_get_events", 0, ev_events)
}

/// The callback of an event.
///
/// @param ev the event
/// @return its callback
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_callback(ev: *const event) -> event_callback_fn {
    field!(ev, "event_get_callback", None, ev_evcallback.evcb_cb_union.evcb_callback)
}

/// The last argument of an event's callback.
///
/// @param ev the event
/// @return the argument
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_callback_arg(ev: *const event) -> *mut c_void {
    field!(ev, "event_get_callback_arg", null_mut(), ev_evcallback.evcb_arg)
}

/// The priority of an event.
///
/// @param ev the event
/// @return its priority; 0 is the most urgent
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_priority(ev: *const event) -> c_int {
    c_int::from(field!(ev, "event_get_priority", 0, ev_evcallback.evcb_pri))
}

/// What an event was set up with, all at once. Each place may be NULL.
///
/// @param event the event
/// @param base_out gets its base
/// @param fd_out gets its descriptor or signal
/// @param events_out gets what it waits for
/// @param callback_out gets its callback
/// @param arg_out gets the callback's argument
///
/// # Safety
/// Rules 1 and 3 for `event`, rule 2 for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_assignment(
    event: *const event,
    base_out: *mut *mut event_base,
    fd_out: *mut evutil_socket_t,
    events_out: *mut c_short,
    callback_out: *mut event_callback_fn,
    arg_out: *mut *mut c_void,
) {
    // SAFETY: passed on; Rule 2.
    unsafe {
        put(base_out, event_get_base(event));
        put(fd_out, event_get_fd(event));
        put(events_out, event_get_events(event));
        put(callback_out, event_get_callback(event));
        put(arg_out, event_get_callback_arg(event));
    }
}
/// # Safety
/// Rule 2 for `to`.
unsafe fn put<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(value) }
    }
}

/// The size of a struct event in this library, for programs that must not depend on the one they were compiled with.
///
/// @return the size in bytes
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_struct_event_size() -> usize {
    size_of::<event>()
}

/// The version of the library.
///
/// @return a string such as "2.1.12-stable"
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_version() -> *const c_char {
    oxievent::abi::event::LIBEVENT_VERSION.as_ptr()
}

/// The version of the library as a number: one byte each for major, minor and patch level, and one that is 0 for
/// releases.
///
/// @return the number, to be compared with LIBEVENT_VERSION_NUMBER
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_version_number() -> u32 {
    oxievent::abi::event::LIBEVENT_VERSION_NUMBER
}

/// Sets the number of priorities of a base: events with priority 0 are run first, and those with a higher number only
/// when nothing more urgent is active. Should be called before events are made; refused while any is active. New
/// events get the priority in the middle.
///
/// @param eb the base
/// @param npriorities how many, less than EVENT_MAX_PRIORITIES
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_priority_init(eb: *mut event_base, npriorities: c_int) -> c_int {
    // SAFETY: Rule 1.
    unsafe { base_of(eb) }.map_or(-1, |b| status(b.set_priorities(npriorities)))
}

/// The number of priorities of a base.
///
/// @param eb the base; NULL: the one that event_init() made
/// @return how many
///
/// # Safety
/// Rules 1 and 3 for `eb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_npriorities(eb: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    unsafe { base_of(eb) }.or_else(current::get).map_or(-1, BaseRef::priorities)
}

/// Gives an event another priority; refused while it is active.
///
/// @param ev the event
/// @param priority the priority, from 0 (most urgent) to event_base_get_npriorities() - 1
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_priority_set(ev: *mut event, priority: c_int) -> c_int {
    // SAFETY: Rule 1.
    unsafe { event_of(ev) }.map_or(-1, |ev| status(ev.set_priority(priority)))
}

/// Prepares a base for many timeouts of the same length, which it then keeps in a queue instead of a heap. At most
/// 256 different lengths in a base.
///
/// @param base the base
/// @param duration the length
/// @return a value to pass as the timeout to event_add(), valid as long as the base, and good for nothing else; NULL
///     on failure
///
/// # Safety
/// Rules 1 and 3 for `base`, rule 2 for `duration`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_init_common_timeout(
    base: *mut event_base,
    duration: *const timeval,
) -> *const timeval {
    // SAFETY: Rules 1 and 2.
    let (Some(b), Some(tv)) = (unsafe { (base_of(base), duration.as_ref()) }) else {
        return std::ptr::null();
    };
    b.init_common_timeout(tv).unwrap_or_else(|e| {
        e.to_c();
        std::ptr::null()
    })
}

/// Replaces the functions by which the library gets memory. To be called before any other function of the library.
/// NULL stands for the C library's own.
///
/// @param malloc_fn as malloc()
/// @param realloc_fn as realloc()
/// @param free_fn as free()
///
/// # Safety
/// The functions behave as those of the C library, and may be called from every thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_mem_functions(
    malloc_fn: Option<unsafe extern "C" fn(sz: usize) -> *mut c_void>,
    realloc_fn: Option<unsafe extern "C" fn(ptr: *mut c_void, sz: usize) -> *mut c_void>,
    free_fn: Option<unsafe extern "C" fn(ptr: *mut c_void)>,
) {
    // What the old functions made goes back to them.
    oxievent::buffer::trim();
    mem::set_functions(malloc_fn, realloc_fn, free_fn);
}

/// Writes a list of a base's events to a file, for debugging. The format may change.
///
/// @param base the base
/// @param output the file
///
/// # Safety
/// Rules 1 and 3 for `base`; `output` is an open file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_dump_events(base: *mut event_base, output: *mut FILE) {
    // SAFETY: Rule 1.
    if let (Some(b), false) = (unsafe { base_of(base) }, output.is_null()) {
        let _ = b.dump(|line| {
            // SAFETY: an open file; lines end with a NUL.
            unsafe { libc::fputs(line.as_ptr(), output) };
        });
    }
}

/// Makes all events of a base active that wait for something on a descriptor.
///
/// @param base the base
/// @param fd the descriptor
/// @param events what happened: EV_READ, EV_WRITE, EV_CLOSED; with EV_TIMEOUT: the events with a timeout instead
///
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_active_by_fd(
    base: *mut event_base,
    fd: evutil_socket_t,
    events: c_short,
) {
    // SAFETY: Rule 1.
    if let Some(b) = unsafe { base_of(base) } {
        b.active_by_fd(fd, Ev::from_bits_retain(events));
    }
}

/// Makes all events of a base active that wait for a signal.
///
/// @param base the base
/// @param sig the signal
///
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_active_by_signal(base: *mut event_base, sig: c_int) {
    // SAFETY: Rule 1.
    if let Some(b) = unsafe { base_of(base) } {
        b.active_by_signal(sig);
    }
}

/// Calls a function with each event of a base that is added or active. The function must not add, delete or change
/// events, nor run the loop.
///
/// @param base the base
/// @param fn the function; a result other than 0 ends the walk
/// @param arg its last argument
/// @return what the last call of the function returned, 0 if there were no events, -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `base`; `fn` and `arg` are valid for the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_foreach_event(
    base: *mut event_base,
    r#fn: event_base_foreach_event_cb,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: Rule 1.
    let (Some(b), Some(f)) = (unsafe { base_of(base) }, r#fn) else { return -1 };
    // SAFETY: given together by the caller.
    let walk = b.for_each_event(|ev| match unsafe { f(base, ev.as_ptr(), arg) } {
        0 => ControlFlow::Continue(()),
        r => ControlFlow::Break(r),
    });
    match walk {
        Ok(ControlFlow::Continue(())) => 0,
        Ok(ControlFlow::Break(r)) => r,
        Err(e) => e.to_c(),
    }
}

/// The time of day, as it was when the loop last woke up: much cheaper than asking the system. Outside of callbacks
/// the system is asked.
///
/// @param base the base; NULL: the one that event_init() made
/// @param tv gets the time
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `base`, rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_gettimeofday_cached(base: *mut event_base, tv: *mut timeval) -> c_int {
    // SAFETY: Rule 2.
    let Some(tv) = (unsafe { tv.as_mut() }) else { return -1 };
    // SAFETY: Rule 1.
    match unsafe { base_of(base) }
        .or_else(current::get)
        .map_or_else(|| Ok(sys::clock::wall()), BaseRef::gettimeofday_cached)
    {
        Ok(t) => *tv = t,
        Err(e) => return e.to_c(),
    }
    0
}

/// Has the loop's idea of the time brought up to date, after a callback that took long. Does nothing outside of
/// callbacks.
///
/// @param base the base; NULL: the one that event_init() made
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_update_cache_time(base: *mut event_base) -> c_int {
    // SAFETY: Rule 1.
    let Some(b) = unsafe { base_of(base) }.or_else(current::get) else { return -1 };
    b.update_cache_time();
    0
}

/// Frees what the library keeps for the whole process, so that tools which look for leaks find nothing. No function of
/// the library may be called afterwards, and all objects must have been freed before.
///
/// # Safety
/// No object of the library is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn libevent_global_shutdown() {
    debug::disable();
    oxievent::buffer::trim();
    oxievent::thread::stop_debugging();
}

/// Deletes an event and has a function called once its callback cannot be running any more: from the loop, or from
/// event_base_free(). Until then the event stays in use and must not be freed. Never waits for another thread.
///
/// @param flags 0
/// @param ev the event
/// @param callback gets the event and its callback's argument
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `ev`, which stays alive until `callback` was called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_finalize(
    flags: c_uint,
    ev: *mut event,
    callback: event_finalize_callback_fn,
) -> c_int {
    let _ = flags;
    // SAFETY: Rule 1.
    unsafe { event_of(ev).map_or(-1, |ev| status(ev.finalize(callback, false))) }
}

/// As event_finalize(), and frees the event afterwards.
///
/// @param flags 0
/// @param ev an event of event_new()
/// @param callback gets the event and its callback's argument
/// @return 0, or -1 on failure
///
/// # Safety
/// Rules 1 and 3 for `ev`, which event_new() made and nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_free_finalize(
    flags: c_uint,
    ev: *mut event,
    callback: event_finalize_callback_fn,
) -> c_int {
    let _ = flags;
    // SAFETY: Rule 1.
    unsafe { event_of(ev).map_or(-1, |ev| status(ev.finalize(callback, true))) }
}

/// Ends the process because there is no base to work with.
pub(crate) fn die(what: &str) -> ! {
    log::write(log::Severity::Err, None, format_args!("{what}"));
    log::fatal(1)
}
