//! event2/bufferevent.h, event2/bufferevent_struct.h
use super::buffer::evbuffer;
use super::event::{event, event_base};
use super::util::ev_ssize_t;
use libc::timeval;
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

pub type bufferevent_data_cb = Option<unsafe extern "C" fn(*mut bufferevent, *mut c_void)>;
pub type bufferevent_event_cb = Option<unsafe extern "C" fn(*mut bufferevent, c_short, *mut c_void)>;
pub type bufferevent_filter_cb = Option<
    unsafe extern "C" fn(
        *mut evbuffer,
        *mut evbuffer,
        ev_ssize_t,
        bufferevent_flush_mode,
        *mut c_void,
    ) -> bufferevent_filter_result,
>;
pub type bufferevent_free_context_cb = Option<unsafe extern "C" fn(*mut c_void)>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct event_watermark {
    pub low: usize,
    pub high: usize,
}

/// The public part: programs read and write these fields directly. Ours follows it in memory.
#[repr(C)]
pub struct bufferevent {
    pub ev_base: *mut event_base,
    pub be_ops: *const bufferevent_ops,
    pub ev_read: event,
    pub ev_write: event,
    pub input: *mut evbuffer,
    pub output: *mut evbuffer,
    pub wm_read: event_watermark,
    pub wm_write: event_watermark,
    pub readcb: bufferevent_data_cb,
    pub writecb: bufferevent_data_cb,
    pub errorcb: bufferevent_event_cb,
    pub cbarg: *mut c_void,
    pub timeout_read: timeval,
    pub timeout_write: timeval,
    pub enabled: c_short,
}

super::c_enum!(bufferevent_flush_mode { BEV_NORMAL = 0, BEV_FLUSH = 1, BEV_FINISHED = 2 });
super::c_enum!(bufferevent_filter_result { BEV_OK = 0, BEV_NEED_MORE = 1, BEV_ERROR = 2 });
super::c_enum!(bufferevent_ctrl_op {
    BEV_CTRL_SET_FD = 0,
    BEV_CTRL_GET_FD = 1,
    BEV_CTRL_GET_UNDERLYING = 2,
    BEV_CTRL_CANCEL_ALL = 3,
});

bitflags::bitflags! {
    /// `BEV_OPT_*`
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct BevOpt: c_int {
        const CLOSE_ON_FREE = 1;
        const THREADSAFE = 2;
        const DEFER_CALLBACKS = 4;
        const UNLOCK_CALLBACKS = 8;
        const _ = !0;
    }
    /// `BEV_EVENT_*`
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct BevEvent: c_short {
        const READING = 0x01;
        const WRITING = 0x02;
        const EOF = 0x10;
        const ERROR = 0x20;
        const TIMEOUT = 0x40;
        const CONNECTED = 0x80;
        const _ = !0;
    }
}
pub const BEV_TRIG_IGNORE_WATERMARKS: c_int = 1 << 16;
pub const BEV_TRIG_DEFER_CALLBACKS: c_int = 4;

#[cfg(all(target_pointer_width = "64", target_os = "linux"))]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<bufferevent>() == 392);
    assert!(offset_of!(bufferevent, ev_write) == 144);
    assert!(offset_of!(bufferevent, input) == 272);
    assert!(offset_of!(bufferevent, readcb) == 320);
    assert!(offset_of!(bufferevent, enabled) == 384);
};
