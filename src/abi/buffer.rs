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
/// A position in an evbuffer, set by `evbuffer_ptr_set` or a search. Any change of the buffer makes it invalid.
pub struct evbuffer_ptr {
    /// Bytes from the start; -1 when it stands for nothing (not found, out of range).
    pub pos: ev_ssize_t,
    /// The library's.
    pub internal_: evbuffer_ptr_internal,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evbuffer_cb_info {
    /// Bytes in the buffer before the change.
    pub orig_size: usize,
    /// Bytes added since the last call of the callbacks.
    pub n_added: usize,
    /// Bytes removed since the last call of the callbacks.
    pub n_deleted: usize,
}

/// Called after the contents of a buffer changed: the buffer, what changed, and the argument it was added with.
pub type evbuffer_cb_func =
    Option<unsafe extern "C" fn(buffer: *mut evbuffer, info: *const evbuffer_cb_info, arg: *mut c_void)>;
/// The callback of `evbuffer_setcb`: the buffer, its length before and after the change, and the argument.
pub type evbuffer_cb =
    Option<unsafe extern "C" fn(buffer: *mut evbuffer, old_len: usize, new_len: usize, arg: *mut c_void)>;
/// Called when the library no longer needs memory that `evbuffer_add_reference` was given.
pub type evbuffer_ref_cleanup_cb =
    Option<unsafe extern "C" fn(data: *const c_void, datalen: usize, extra: *mut c_void)>;
/// Called when a file segment is freed: the segment, the `EVBUF_FS_*` flags it was made with, and the argument.
pub type evbuffer_file_segment_cleanup_cb =
    Option<unsafe extern "C" fn(segment: *const evbuffer_file_segment, flags: c_int, arg: *mut c_void)>;

super::c_enum!(
    /// How `evbuffer_readln` finds the end of a line.
    evbuffer_eol_style {
        /// Any run of CR and LF bytes. Empty lines are lost.
        EVBUFFER_EOL_ANY = 0,
        /// LF, with or without a CR before it. The usual choice.
        EVBUFFER_EOL_CRLF = 1,
        /// CR and LF together, nothing else.
        EVBUFFER_EOL_CRLF_STRICT = 2,
        /// LF.
        EVBUFFER_EOL_LF = 3,
        /// A NUL byte.
        EVBUFFER_EOL_NUL = 4,
    }
);
super::c_enum!(
    /// How `evbuffer_ptr_set` reads its offset.
    evbuffer_ptr_how {
        /// From the start of the buffer.
        EVBUFFER_PTR_SET = 0,
        /// Forward from where the pointer is.
        EVBUFFER_PTR_ADD = 1,
    }
);

bitflags::bitflags! {
    /// For `evbuffer_file_segment_new`.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct SegmentFlag: u32 {
        /// Close the file when the segment is freed.
        const CLOSE_ON_FREE = 0x01;
        /// Never map the file into memory.
        const DISABLE_MMAP = 0x02;
        /// Never send with sendfile().
        const DISABLE_SENDFILE = 0x04;
        /// No lock for the segment: it is only used by one thread.
        const DISABLE_LOCKING = 0x08;
        const _ = !0;
    }
}
/// For `evbuffer_set_flags`: the buffer is only ever drained by writing it to a socket or file, so that files in it
/// may be sent without reading them into memory.
pub const EVBUFFER_FLAG_DRAINS_TO_FD: u64 = 1;
/// For `evbuffer_cb_set_flags`: the callback is called. Set from the start.
pub const EVBUFFER_CB_ENABLED: u32 = 1;
/// Internal companion of `EVBUFFER_CB_ENABLED`: run this callback even when the others are deferred.
pub const EVBUFFER_CB_NODEFER: u32 = 2;
pub type evbuffer_flags = c_short;
