//! event2/event.h, event2/event_struct.h
use super::util::evutil_socket_t;
use crate::sys::c::timeval;
use std::ffi::{c_char, c_int, c_short, c_uint, c_void};

/// Opaque to C; the engine's [`crate::base::Base`].
#[repr(C)]
pub struct event_base {
    _opaque: [u8; 0],
}
/// Opaque to C; the engine's [`crate::base::Config`].
#[repr(C)]
pub struct event_config {
    _opaque: [u8; 0],
}

/// What an event runs: its socket or signal number (-1 for a plain timer), what happened (`EV_*` bits), and the
/// argument it was made with.
pub type event_callback_fn =
    Option<unsafe extern "C" fn(fd: evutil_socket_t, what: c_short, arg: *mut c_void)>;
/// Called once an event that is being finalized is no longer in use: the event, and its argument.
pub type event_finalize_callback_fn = Option<unsafe extern "C" fn(ev: *mut event, arg: *mut c_void)>;
pub type event_selfcb_fn = Option<unsafe extern "C" fn(cb: *mut event_callback, arg: *mut c_void)>;
/// Receives the library's messages: one of `EVENT_LOG_*`, and one line of text without a line end. It must not call
/// the library.
pub type event_log_cb = Option<unsafe extern "C" fn(severity: c_int, msg: *const c_char)>;
/// Called on an error the library cannot go on from, with a code (unspecified). It must not return.
pub type event_fatal_cb = Option<unsafe extern "C" fn(err: c_int)>;
/// Called for one event by `event_base_foreach_event`. Any result but 0 ends the walk. It runs with the base locked:
/// it must neither change events nor call the base.
pub type event_base_foreach_event_cb =
    Option<unsafe extern "C" fn(base: *const event_base, ev: *const event, arg: *mut c_void) -> c_int>;
pub type event_malloc_fn = Option<unsafe extern "C" fn(sz: usize) -> *mut c_void>;
pub type event_realloc_fn = Option<unsafe extern "C" fn(ptr: *mut c_void, sz: usize) -> *mut c_void>;
pub type event_free_fn = Option<unsafe extern "C" fn(ptr: *mut c_void)>;

/// Link of a tail queue, as sys/queue.h lays it out.
#[repr(C)]
pub struct TailqEntry<T> {
    pub tqe_next: *mut T,
    pub tqe_prev: *mut *mut T,
}
/// Head of a tail queue.
#[repr(C)]
pub struct TailqHead<T> {
    pub tqh_first: *mut T,
    pub tqh_last: *mut *mut T,
}
/// Head of a list.
#[repr(C)]
pub struct ListHead<T> {
    pub lh_first: *mut T,
}
/// Link of a list, as sys/queue.h lays it out.
#[repr(C)]
pub struct ListEntry<T> {
    pub le_next: *mut T,
    pub le_prev: *mut *mut T,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union evcb_cb_union {
    pub evcb_callback: event_callback_fn,
    pub evcb_selfcb: event_selfcb_fn,
    pub evcb_evfinalize: event_finalize_callback_fn,
    pub evcb_cbfinalize: event_selfcb_fn,
}

/// A tail queue of events, for `TAILQ_*` of sys/queue.h.
pub type event_list = TailqHead<event>;
/// A list of events, for `LIST_*` of sys/queue.h.
pub type event_dlist = ListHead<event>;

/// What stands on an active queue: the head of every `struct event`, or an internal callback on its own.
#[repr(C)]
pub struct event_callback {
    pub evcb_active_next: TailqEntry<event_callback>,
    pub evcb_flags: c_short,
    pub evcb_pri: u8,
    pub evcb_closure: u8,
    pub evcb_cb_union: evcb_cb_union,
    pub evcb_arg: *mut c_void,
}

#[repr(C)]
pub union ev_timeout_pos {
    pub ev_next_with_common_timeout: std::mem::ManuallyDrop<TailqEntry<event>>,
    pub min_heap_idx: c_int,
}
#[repr(C)]
pub struct ev_io {
    pub ev_io_next: ListEntry<event>,
    pub ev_timeout: timeval,
}
#[repr(C)]
pub struct ev_signal {
    pub ev_signal_next: ListEntry<event>,
    pub ev_ncalls: c_short,
    pub ev_pncalls: *mut c_short,
}
#[repr(C)]
pub union ev_union {
    pub ev_io: std::mem::ManuallyDrop<ev_io>,
    pub ev_signal: std::mem::ManuallyDrop<ev_signal>,
}

/// An event. It belongs to the program, which may place it inside structs of its own, and is linked into the queues
/// of its base: reading or writing members is for the library alone, except where a program needs the size.
#[repr(C)]
pub struct event {
    pub ev_evcallback: event_callback,
    pub ev_timeout_pos: ev_timeout_pos,
    pub ev_fd: evutil_socket_t,
    pub ev_base: *mut event_base,
    pub ev_: ev_union,
    pub ev_events: c_short,
    pub ev_res: c_short,
    pub ev_timeout: timeval,
}

bitflags::bitflags! {
    /// What an event waits for, and what happened.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Ev: c_short {
        /// The event's timeout ran out. Ignored when an event is made: any event can be added with a timeout.
        const TIMEOUT = 0x01;
        /// The socket can be read.
        const READ = 0x02;
        /// The socket can be written.
        const WRITE = 0x04;
        /// A signal was delivered; the event's socket is the signal's number.
        const SIGNAL = 0x08;
        /// The event stays added after its callback ran, and its timeout starts anew.
        const PERSIST = 0x10;
        /// Edge triggered: reported once per change, where the backend can do that.
        const ET = 0x20;
        /// `event_del` does not wait for a callback that runs in another thread; for events that are freed with
        /// `event_free_finalize` or after `event_finalize`.
        const FINALIZE = 0x40;
        /// The other side closed the connection, noticed without reading all of its data, where the backend can do
        /// that.
        const CLOSED = 0x80;
        const _ = !0;
    }
    /// Where an event stands. For the library's own use.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Evlist: c_short {
        const TIMEOUT = 0x01;
        const INSERTED = 0x02;
        const SIGNAL = 0x04;
        const ACTIVE = 0x08;
        const INTERNAL = 0x10;
        const ACTIVE_LATER = 0x20;
        const FINALIZING = 0x40;
        const INIT = 0x80;
        /// On the base's output queue (see `base::output`).
        #[doc(hidden)]
        const OUTPUT = 0x100;
        const _ = !0;
    }
    /// How `event_base_loop` runs.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Evloop: c_int {
        /// Wait until something becomes active, run what is active, then return.
        const ONCE = 0x01;
        /// Do not wait: run what is active or ready now, then return.
        const NONBLOCK = 0x02;
        /// Go on waiting when no events are left, until told to stop.
        const NO_EXIT_ON_EMPTY = 0x04;
        const _ = !0;
    }
    /// What a backend can do. `event_base_get_features` tells, `event_config_require_features` demands.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Feature: c_int {
        /// Edge-triggered events (`EV_ET`).
        const ET = 0x01;
        /// Adding, deleting and triggering one event takes the same time however many there are.
        const O1 = 0x02;
        /// Any kind of file descriptor, not only sockets.
        const FDS = 0x04;
        /// A closed connection is noticed without reading (`EV_CLOSED`).
        const EARLY_CLOSE = 0x08;
        const _ = !0;
    }
    /// How a base works, for `event_config_set_flag`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct BaseFlag: c_int {
        /// No lock for the base: only one thread ever uses it.
        const NOLOCK = 0x01;
        /// The `EVENT_*` environment variables do not influence the choice of the backend.
        const IGNORE_ENV = 0x02;
        /// Windows: start the completion port together with the base.
        const STARTUP_IOCP = 0x04;
        /// Ask for the time whenever a timeout is added instead of once per turn of the loop.
        const NO_CACHE_TIME = 0x08;
        /// epoll: collect changes and hand them over once per turn. Wrong for descriptors made with dup().
        const EPOLL_USE_CHANGELIST = 0x10;
        /// Prefer the clock of finest resolution and precise waiting, even if they cost more.
        const PRECISE_TIMER = 0x20;
        const _ = !0;
    }
}
/// All of the above. For the library's own use.
pub const EVLIST_ALL: c_int = 0xff;

/// Severities of log messages.
pub const EVENT_LOG_DEBUG: c_int = 0;
pub const EVENT_LOG_MSG: c_int = 1;
pub const EVENT_LOG_WARN: c_int = 2;
pub const EVENT_LOG_ERR: c_int = 3;
/// For `event_enable_debug_logging`: no debugging messages, or all of them.
pub const EVENT_DBG_NONE: u32 = 0;
pub const EVENT_DBG_ALL: u32 = 0xffffffff;

/// What `event_base_get_num_events` and `event_base_get_max_events` count: active events, virtual ones (which keep the
/// loop running without being added), added ones.
pub const EVENT_BASE_COUNT_ACTIVE: c_uint = 1;
pub const EVENT_BASE_COUNT_VIRTUAL: c_uint = 2;
pub const EVENT_BASE_COUNT_ADDED: c_uint = 4;

/// Values of `evcb_closure`: how to run a callback.
pub mod closure {
    pub const EVENT: u8 = 0;
    pub const EVENT_SIGNAL: u8 = 1;
    pub const EVENT_PERSIST: u8 = 2;
    pub const CB_SELF: u8 = 3;
    pub const CB_FINALIZE: u8 = 4;
    pub const EVENT_FINALIZE: u8 = 5;
    pub const EVENT_FINALIZE_FREE: u8 = 6;
}

/// The most priorities that a base can have.
pub const EVENT_MAX_PRIORITIES: c_int = 256;
/// The version of libevent that these headers stand in for; `event_get_version` tells that of the library in use.
pub const LIBEVENT_VERSION: &std::ffi::CStr = c"2.1.12-stable";
/// The same as a number: major, minor and patch level, one byte each from the top.
pub const LIBEVENT_VERSION_NUMBER: u32 = 0x02010c00;

#[cfg(all(target_pointer_width = "64", unix))]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<event_callback>() == 40);
    assert!(offset_of!(event_callback, evcb_flags) == 16);
    assert!(offset_of!(event_callback, evcb_pri) == 18);
    assert!(offset_of!(event_callback, evcb_cb_union) == 24);
    assert!(size_of::<event>() == 128);
    assert!(offset_of!(event, ev_timeout_pos) == 40);
    assert!(offset_of!(event, ev_fd) == 56);
    assert!(offset_of!(event, ev_base) == 64);
    assert!(offset_of!(event, ev_) == 72);
    assert!(offset_of!(event, ev_events) == 104);
    assert!(offset_of!(event, ev_res) == 106);
    assert!(offset_of!(event, ev_timeout) == 112);
};
#[cfg(all(target_pointer_width = "32", target_os = "linux"))]
const _: () = {
    // With a 32-bit time_t; 64-bit time_t changes the struct, as it does in the original.
    assert!(std::mem::size_of::<timeval>() != 8 || std::mem::size_of::<event>() == 64);
};
