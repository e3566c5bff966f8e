//! event2/buffer.h
use super::util::ev_ssize_t;
use std::ffi::{c_int, c_short, c_void};

/// Opaque to C; the engine's [`crate::buffer::Evbuffer`].
#[repr(C)]
pub struct evbuffer {
    _opaque: [u8; 0],
}
/// Opaque to C; the engine's callback registration on an evbuffer.
#[repr(C)]
pub struct evbuffer_cb_entry {
    _opaque: [u8; 0],
}
/// Opaque to C; the engine's [`crate::buffer::FileSegment`].
#[repr(C)]
pub struct evbuffer_file_segment {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct evbuffer_ptr_internal {
    pub chain: *mut c_void,
    pub pos_in_chain: usize,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evbuffer_ptr {
    pub pos: ev_ssize_t,
    pub internal_: evbuffer_ptr_internal,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evbuffer_cb_info {
    pub orig_size: usize,
    pub n_added: usize,
    pub n_deleted: usize,
}

pub type evbuffer_cb_func = Option<unsafe extern "C" fn(*mut evbuffer, *const evbuffer_cb_info, *mut c_void)>;
pub type evbuffer_cb = Option<unsafe extern "C" fn(*mut evbuffer, usize, usize, *mut c_void)>;
pub type evbuffer_ref_cleanup_cb = Option<unsafe extern "C" fn(*const c_void, usize, *mut c_void)>;
pub type evbuffer_file_segment_cleanup_cb =
    Option<unsafe extern "C" fn(*const evbuffer_file_segment, c_int, *mut c_void)>;

super::c_enum!(
    /// How `evbuffer_readln` finds the end of a line.
    evbuffer_eol_style {
        EVBUFFER_EOL_ANY = 0,
        EVBUFFER_EOL_CRLF = 1,
        EVBUFFER_EOL_CRLF_STRICT = 2,
        EVBUFFER_EOL_LF = 3,
        EVBUFFER_EOL_NUL = 4,
    }
);
super::c_enum!(
    /// How `evbuffer_ptr_set` reads its offset.
    evbuffer_ptr_how { EVBUFFER_PTR_SET = 0, EVBUFFER_PTR_ADD = 1 }
);

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct SegmentFlag: u32 {
        const CLOSE_ON_FREE = 0x01;
        const DISABLE_MMAP = 0x02;
        const DISABLE_SENDFILE = 0x04;
        const DISABLE_LOCKING = 0x08;
        const _ = !0;
    }
}
pub const EVBUFFER_FLAG_DRAINS_TO_FD: u64 = 1;
pub const EVBUFFER_CB_ENABLED: u32 = 1;
/// Internal companion of `EVBUFFER_CB_ENABLED`: run this callback even when the others are deferred.
pub const EVBUFFER_CB_NODEFER: u32 = 2;
pub type evbuffer_flags = c_short;
