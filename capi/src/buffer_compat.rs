//! event2/buffer_compat.h
use super::buffer::bytes;
use oxievent::abi::buffer::{evbuffer, evbuffer_cb, evbuffer_eol_style};
use oxievent::buffer::BufferRef;
use std::ffi::{c_char, c_int, c_uchar, c_void};
use std::ptr::null_mut;

/// Takes one line from the front of a buffer, where any run of CR and LF ends
/// a line. Obsolete: such a run may be cut by the network, so use
/// evbuffer_readln() and say what ends a line.
///
/// @param buffer the buffer
/// @return the line, to be freed by you, or NULL
///
/// # Safety
/// Rule 1 for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_readline(buffer: *mut evbuffer) -> *mut c_char {
    // SAFETY: rule 1.
    let buffer = unsafe { BufferRef::from_raw(buffer) };
    buffer.map_or(null_mut(), |b| b.readln(evbuffer_eol_style::EVBUFFER_EOL_ANY).0.cast())
}

/// Removes all callbacks of a buffer and registers one that is told the
/// lengths before and after a change. Obsolete: it removes callbacks of
/// others, so use evbuffer_add_cb() and evbuffer_remove_cb().
///
/// @param buffer the buffer
/// @param cb the function, or NULL for none
/// @param cbarg handed to it
/// @return 0, or -1 when memory is short (the others are gone, then, too)
///
/// # Safety
/// Rule 1 for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_setcb(buffer: *mut evbuffer, cb: evbuffer_cb, cbarg: *mut c_void) -> c_int {
    // SAFETY: rule 1.
    let Some(b) = (unsafe { BufferRef::from_raw(buffer) }) else { return -1 };
    b.set_cb(cb, cbarg).map_or_else(|e| e.to_c(), |()| 0)
}

/// Searches a buffer for a string of bytes, and makes the bytes up to its end
/// contiguous. Obsolete: use evbuffer_search().
///
/// @param buffer the buffer
/// @param what the bytes to look for
/// @param len how many
/// @return the address of the first occurrence in the buffer, valid until the
///   buffer changes, or NULL
///
/// # Safety
/// Rule 1 for `buffer`, rule 2 for `what`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_find(
    buffer: *mut evbuffer,
    what: *const c_uchar,
    len: usize,
) -> *mut c_uchar {
    // SAFETY: rules 1 and 2.
    let (buffer, what) = unsafe { (BufferRef::from_raw(buffer), bytes(what.cast(), len)) };
    let (Some(b), Some(what)) = (buffer, what) else { return null_mut() };
    b.find_contiguous(what).unwrap_or(null_mut())
}
