//! event2/event.h, event2/event_struct.h
use super::util::evutil_socket_t;
use libc::timeval;
use std::ffi::{c_char, c_int, c_short, c_void};

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

pub type event_callback_fn = Option<unsafe extern "C" fn(evutil_socket_t, c_short, *mut c_void)>;
pub type event_finalize_callback_fn = Option<unsafe extern "C" fn(*mut event, *mut c_void)>;
pub type event_selfcb_fn = Option<unsafe extern "C" fn(*mut event_callback, *mut c_void)>;
pub type event_log_cb = Option<unsafe extern "C" fn(c_int, *const c_char)>;
pub type event_fatal_cb = Option<unsafe extern "C" fn(c_int)>;
pub type event_base_foreach_event_cb =
    Option<unsafe extern "C" fn(*const event_base, *const event, *mut c_void) -> c_int>;
pub type event_malloc_fn = Option<unsafe extern "C" fn(usize) -> *mut c_void>;
pub type event_realloc_fn = Option<unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>;
pub type event_free_fn = Option<unsafe extern "C" fn(*mut c_void)>;

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

/// The caller's event. Owned by the caller, linked into our queues: only `base::EventRef` may look inside.
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
    /// `EV_*`: what an event waits for and what happened.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Ev: c_short {
        const TIMEOUT = 0x01;
        const READ = 0x02;
        const WRITE = 0x04;
        const SIGNAL = 0x08;
        const PERSIST = 0x10;
        const ET = 0x20;
        const FINALIZE = 0x40;
        const CLOSED = 0x80;
        const _ = !0;
    }
    /// `EVLIST_*`: where an event stands. The bits above `EVLIST_ALL` are ours.
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
        const OUTPUT = 0x100;
        const _ = !0;
    }
    /// `EVLOOP_*`
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Evloop: c_int {
        const ONCE = 0x01;
        const NONBLOCK = 0x02;
        const NO_EXIT_ON_EMPTY = 0x04;
        const _ = !0;
    }
    /// `EV_FEATURE_*`
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Feature: c_int {
        const ET = 0x01;
        const O1 = 0x02;
        const FDS = 0x04;
        const EARLY_CLOSE = 0x08;
        const _ = !0;
    }
    /// `EVENT_BASE_FLAG_*`
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct BaseFlag: c_int {
        const NOLOCK = 0x01;
        const IGNORE_ENV = 0x02;
        const STARTUP_IOCP = 0x04;
        const NO_CACHE_TIME = 0x08;
        const EPOLL_USE_CHANGELIST = 0x10;
        const PRECISE_TIMER = 0x20;
        const _ = !0;
    }
}

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

pub const EVENT_MAX_PRIORITIES: c_int = 256;
pub const LIBEVENT_VERSION: &std::ffi::CStr = c"2.1.12-stable";
pub const LIBEVENT_VERSION_NUMBER: u32 = 0x02010c00;

#[cfg(all(target_pointer_width = "64", target_os = "linux"))]
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
