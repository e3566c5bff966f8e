//! event2/bufferevent.h, event2/bufferevent_struct.h
use super::buffer::evbuffer;
use super::event::{event, event_base};
use super::util::ev_ssize_t;
use crate::sys::c::timeval;
use std::ffi::{c_int, c_short, c_void};

/// Opaque to C; the engine's table of operations, one per kind of bufferevent.
#[repr(C)]
pub struct bufferevent_ops {
    _opaque: [u8; 0],
}
/// Opaque to C.
#[repr(C)]
pub struct bufferevent_rate_limit_group {
    _opaque: [u8; 0],
}
/// Opaque to C.
#[repr(C)]
pub struct ev_token_bucket_cfg {
    _opaque: [u8; 0],
}
/// Opaque to C.
#[repr(C)]
pub struct evdns_base {
    _opaque: [u8; 0],
}

/// Called when data has arrived, or when output has been written: the bufferevent, and the argument given to
/// `bufferevent_setcb`.
pub type bufferevent_data_cb = Option<unsafe extern "C" fn(bev: *mut bufferevent, ctx: *mut c_void)>;
/// Called when a connection is made or fails, at its end, on errors and timeouts: the bufferevent, `BEV_EVENT_*` bits
/// that tell what happened in which direction, and the argument given to `bufferevent_setcb`.
pub type bufferevent_event_cb =
    Option<unsafe extern "C" fn(bev: *mut bufferevent, what: c_short, ctx: *mut c_void)>;
/// One direction of a filter: moves data from `src` to `dst`, changing it on the way. `dst_limit` is the most that it
/// should put into `dst` (-1: no limit), `mode` says whether to hold data back, `ctx` is the filter's argument.
pub type bufferevent_filter_cb = Option<
    unsafe extern "C" fn(
        src: *mut evbuffer,
        dst: *mut evbuffer,
        dst_limit: ev_ssize_t,
        mode: bufferevent_flush_mode,
        ctx: *mut c_void,
    ) -> bufferevent_filter_result,
>;
pub type bufferevent_free_context_cb = Option<unsafe extern "C" fn(ctx: *mut c_void)>;

/// Watermarks of one direction, in bytes; 0 as the high one means none.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct event_watermark {
    pub low: usize,
    pub high: usize,
}

/// The part of a bufferevent that programs may look at. Functions exist for all of it: use them where you can. Never
/// make one of these yourself, nor copy it: the library's own part follows in memory.
#[repr(C)]
pub struct bufferevent {
    /// The base it runs on.
    pub ev_base: *mut event_base,
    /// The library's.
    pub be_ops: *const bufferevent_ops,
    /// The events of its socket, where it has one.
    pub ev_read: event,
    pub ev_write: event,
    /// Received data. Owned by the bufferevent.
    pub input: *mut evbuffer,
    /// Data to send. Owned by the bufferevent.
    pub output: *mut evbuffer,
    /// Watermarks of the two directions.
    pub wm_read: event_watermark,
    pub wm_write: event_watermark,
    /// The callbacks, and their argument.
    pub readcb: bufferevent_data_cb,
    pub writecb: bufferevent_data_cb,
    pub errorcb: bufferevent_event_cb,
    pub cbarg: *mut c_void,
    /// Timeouts; 0 for none.
    pub timeout_read: timeval,
    pub timeout_write: timeval,
    /// The enabled directions: `EV_READ`, `EV_WRITE`.
    pub enabled: c_short,
}

super::c_enum!(
    /// How eagerly `bufferevent_flush` and filters pass data on.
    bufferevent_flush_mode {
        /// As much as is sensible.
        BEV_NORMAL = 0,
        /// All there is.
        BEV_FLUSH = 1,
        /// All there is, and no more will follow.
        BEV_FINISHED = 2,
    }
);
super::c_enum!(
    /// What a filter says about its work.
    bufferevent_filter_result {
        /// Something was passed on.
        BEV_OK = 0,
        /// Nothing was passed on: it needs more input first.
        BEV_NEED_MORE = 1,
        /// The data cannot be processed.
        BEV_ERROR = 2,
    }
);
super::c_enum!(bufferevent_ctrl_op {
    BEV_CTRL_SET_FD = 0,
    BEV_CTRL_GET_FD = 1,
    BEV_CTRL_GET_UNDERLYING = 2,
    BEV_CTRL_CANCEL_ALL = 3,
});

bitflags::bitflags! {
    /// How a bufferevent is made.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct BevOpt: c_int {
        /// Freeing the bufferevent closes its socket or frees the bufferevent below it.
        const CLOSE_ON_FREE = 1;
        /// It has a lock, so that several threads may use it. Needs evthread.
        const THREADSAFE = 2;
        /// Callbacks run from the event loop, never from within a call of the program.
        const DEFER_CALLBACKS = 4;
        /// Callbacks run without the bufferevent's lock. Needs `BEV_OPT_DEFER_CALLBACKS`.
        const UNLOCK_CALLBACKS = 8;
        const _ = !0;
    }
    /// What the event callback is told. Direction and kind are combined: `BEV_EVENT_READING | BEV_EVENT_EOF`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct BevEvent: c_short {
        /// It happened while reading.
        const READING = 0x01;
        /// It happened while writing.
        const WRITING = 0x02;
        /// The other side ended the connection.
        const EOF = 0x10;
        /// An error that ends the connection; `EVUTIL_SOCKET_ERROR` tells which.
        const ERROR = 0x20;
        /// The timeout of the direction ran out, which was disabled thereby.
        const TIMEOUT = 0x40;
        /// A connection that `bufferevent_socket_connect` started is there.
        const CONNECTED = 0x80;
        const _ = !0;
    }
}
/// Run the callback even if the watermarks say that there is nothing to tell.
pub const BEV_TRIG_IGNORE_WATERMARKS: c_int = 1 << 16;
/// Run it from the event loop, even if the bufferevent's callbacks are not deferred.
pub const BEV_TRIG_DEFER_CALLBACKS: c_int = 4;

#[cfg(all(target_pointer_width = "64", unix))]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<bufferevent>() == 392);
    assert!(offset_of!(bufferevent, ev_write) == 144);
    assert!(offset_of!(bufferevent, input) == 272);
    assert!(offset_of!(bufferevent, readcb) == 320);
    assert!(offset_of!(bufferevent, enabled) == 384);
};
