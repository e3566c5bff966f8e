//! event2/tag.h
use oxievent::abi::buffer::evbuffer;
use oxievent::buffer::BufferRef;
use oxievent::sys::c::timeval;
use oxievent::{Error, Result, tag as engine};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::slice;

/// Runs `f` on the buffer; null is an error.
///
/// # Safety
/// Rule 1 for `buf`.
pub(crate) unsafe fn on<T>(buf: *mut evbuffer, f: impl FnOnce(BufferRef) -> Result<T>) -> Result<T> {
    // SAFETY: the caller's promise.
    unsafe { BufferRef::from_raw(buf) }.ok_or(Error::Invalid).and_then(f)
}
/// A count or 0; -1 with errno on an error.
pub(crate) fn answer(r: Result<usize>) -> c_int {
    r.map_or_else(|e| e.to_c(), |n| c_int::try_from(n).unwrap_or(c_int::MAX))
}
/// For functions that report nothing.
fn silent(r: Result<()>) {
    if let Err(e) = r {
        e.to_c();
    }
}
/// Stores what the caller wants to know.
///
/// # Safety
/// `to` is null or can be written.
unsafe fn tell<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(value) };
    }
}

/// Does nothing: there is nothing to set up.
///
/// # Safety
/// None.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_init() {}

/// Reads the tag and the length of the next element, whose data must be there
/// completely, and leaves the data.
///
/// @param evbuf the buffer; nothing is restored on failure
/// @param ptag receives the tag; may be NULL
/// @return the bytes of data that follow; -1 if the element is malformed, is
///   not complete, or has more data than an int can tell
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `ptag`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_header(evbuf: *mut evbuffer, ptag: *mut u32) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, engine::take_header).map(|(tag, len)| {
            tell(ptag, tag);
            len
        }))
    }
}

/// Appends an element.
///
/// @param evbuf the buffer
/// @param tag what it is, to those who read it
/// @param data its data, which are copied
/// @param len their length in bytes
///
/// If memory is short or the buffer is frozen, nothing is appended.
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal(evbuf: *mut evbuffer, tag: u32, data: *const c_void, len: u32) {
    // SAFETY: rules 1 and 2.
    silent(unsafe {
        on(evbuf, |b| {
            let data = if len == 0 { &[] } else { slice::from_raw_parts(data.cast(), len as usize) };
            engine::marshal(b, tag, data)
        })
    })
}

/// Appends an element whose data are the contents of a buffer, which is
/// emptied by that.
///
/// @param evbuf the buffer to append to
/// @param tag what it is
/// @param data a buffer with at most 4 GiB less one byte
///
/// # Safety
/// Rule 1 for `evbuf` and `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_buffer(evbuf: *mut evbuffer, tag: u32, data: *mut evbuffer) {
    // SAFETY: rule 1.
    silent(unsafe { on(evbuf, |b| on(data, |d| engine::marshal_buffer(b, tag, d))) })
}

/// Appends a number alone, without a tag: small ones take less room.
///
/// @param evbuf the buffer
/// @param number the number
///
/// # Safety
/// Rule 1 for `evbuf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_encode_int(evbuf: *mut evbuffer, number: u32) {
    // SAFETY: rule 1.
    silent(unsafe { on(evbuf, |b| engine::encode_number(b, number.into())) })
}
/// evtag_encode_int for numbers of 64 bits.
///
/// @param evbuf the buffer
/// @param number the number
///
/// # Safety
/// Rule 1 for `evbuf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_encode_int64(evbuf: *mut evbuffer, number: u64) {
    // SAFETY: rule 1.
    silent(unsafe { on(evbuf, |b| engine::encode_number(b, number)) })
}

/// Appends an element whose data are a number.
///
/// @param evbuf the buffer
/// @param tag what it is
/// @param integer the number
///
/// # Safety
/// Rule 1 for `evbuf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_int(evbuf: *mut evbuffer, tag: u32, integer: u32) {
    // SAFETY: rule 1.
    silent(unsafe { on(evbuf, |b| engine::marshal_numbers(b, tag, &[integer.into()])) })
}
/// evtag_marshal_int for numbers of 64 bits.
///
/// @param evbuf the buffer
/// @param tag what it is
/// @param integer the number
///
/// # Safety
/// Rule 1 for `evbuf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_int64(evbuf: *mut evbuffer, tag: u32, integer: u64) {
    // SAFETY: rule 1.
    silent(unsafe { on(evbuf, |b| engine::marshal_numbers(b, tag, &[integer])) })
}

/// Appends an element whose data are a string, without its NUL.
///
/// @param buf the buffer
/// @param tag what it is
/// @param string the string
///
/// # Safety
/// Rule 1 for `buf`, rule 2 for `string`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_string(buf: *mut evbuffer, tag: u32, string: *const c_char) {
    if string.is_null() {
        return;
    }
    // SAFETY: rules 1 and 2.
    silent(unsafe { on(buf, |b| engine::marshal(b, tag, CStr::from_ptr(string).to_bytes())) })
}

/// Appends an element whose data are a time. Of the seconds, 32 bits are
/// kept.
///
/// @param evbuf the buffer
/// @param tag what it is
/// @param tv the time
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_timeval(evbuf: *mut evbuffer, tag: u32, tv: *mut timeval) {
    // SAFETY: rule 2.
    let Some(tv) = (unsafe { tv.as_ref() }) else { return };
    let parts = [u64::from(tv.tv_sec as u32), u64::from(tv.tv_usec as u32)];
    // SAFETY: rule 1.
    silent(unsafe { on(evbuf, |b| engine::marshal_numbers(b, tag, &parts)) })
}

/// Reads the next element and appends its data to another buffer.
///
/// @param src the buffer to read from
/// @param ptag receives the tag; may be NULL
/// @param dst receives the data
/// @return the bytes of data; -1 as for evtag_unmarshal_header, or if dst
///   takes none
///
/// # Safety
/// Rule 1 for `src` and `dst`, rule 2 for `ptag`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal(src: *mut evbuffer, ptag: *mut u32, dst: *mut evbuffer) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(src, |s| on(dst, |d| engine::take(s, d))).map(|(tag, len)| {
            tell(ptag, tag);
            len
        }))
    }
}

/// Tells the tag of the next element and leaves the element where it is.
///
/// @param evbuf the buffer
/// @param ptag receives the tag; may be NULL
/// @return the bytes that the tag takes, or -1 if it is not complete or
///   malformed
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `ptag`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_peek(evbuf: *mut evbuffer, ptag: *mut u32) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, engine::peek).map(|(tag, len)| {
            tell(ptag, tag);
            len
        }))
    }
}

/// Tells the length of the next element with its tag and length, and leaves
/// it where it is. The data need not be there yet.
///
/// @param evbuf the buffer
/// @param plength receives the length in bytes
/// @return 0, or -1 if tag and length are not complete or malformed
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `plength`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_peek_length(evbuf: *mut evbuffer, plength: *mut u32) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, engine::peek_header).and_then(|h| {
            tell(
                plength,
                u32::try_from(h.len).ok().and_then(|n| n.checked_add(h.payload)).ok_or(Error::Invalid)?,
            );
            Ok(0)
        }))
    }
}

/// Tells the length of the next element's data, and leaves the element where
/// it is. The data need not be there yet.
///
/// @param evbuf the buffer
/// @param plength receives the length in bytes
/// @return 0, or -1 if tag and length are not complete or malformed
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `plength`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_payload_length(evbuf: *mut evbuffer, plength: *mut u32) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, engine::peek_header).map(|h| {
            tell(plength, h.payload);
            0
        }))
    }
}

/// Removes the next element.
///
/// @param evbuf the buffer
/// @return 0, or -1 as for evtag_unmarshal_header
///
/// # Safety
/// Rule 1 for `evbuf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_consume(evbuf: *mut evbuffer) -> c_int {
    // SAFETY: rule 1.
    answer(unsafe { on(evbuf, engine::skip) }.map(|()| 0))
}

/// Reads an element whose data are a number.
///
/// @param evbuf the buffer; nothing is restored on failure
/// @param need_tag the tag that it must have
/// @param pinteger receives the number
/// @return the bytes that the number took; -1 if the element is malformed,
///   not complete, or has another tag
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `pinteger`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_int(
    evbuf: *mut evbuffer,
    need_tag: u32,
    pinteger: *mut u32,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, |b| engine::take_number(b, need_tag, 32)).map(|(n, len)| {
            tell(pinteger, n as u32);
            len
        }))
    }
}
/// evtag_unmarshal_int for numbers of 64 bits.
///
/// @param evbuf the buffer; nothing is restored on failure
/// @param need_tag the tag that it must have
/// @param pinteger receives the number
/// @return the bytes that the number took, or -1
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `pinteger`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_int64(
    evbuf: *mut evbuffer,
    need_tag: u32,
    pinteger: *mut u64,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, |b| engine::take_number(b, need_tag, 64)).map(|(n, len)| {
            tell(pinteger, n);
            len
        }))
    }
}

/// Reads an element whose data have a known length.
///
/// @param src the buffer; nothing is restored on failure
/// @param need_tag the tag that it must have
/// @param data receives the data
/// @param len how many bytes they must be
/// @return 0; -1 if the element is malformed, not complete, or has another
///   tag or length
///
/// # Safety
/// Rule 1 for `src`, rule 2 for `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_fixed(
    src: *mut evbuffer,
    need_tag: u32,
    data: *mut c_void,
    len: usize,
) -> c_int {
    // SAFETY: rule 2; an element is never longer than an int can tell.
    let data = if len == 0 { &mut [] } else { unsafe { slice::from_raw_parts_mut(data.cast(), len) } };
    // SAFETY: rule 1.
    answer(unsafe { on(src, |b| engine::take_fixed(b, need_tag, data)) }.map(|()| 0))
}

/// Reads an element whose data are a string.
///
/// @param evbuf the buffer; nothing is restored on failure
/// @param need_tag the tag that it must have
/// @param pstring receives the string, ended by a NUL; free() it, or use the
///   function given to event_set_mem_functions
/// @return 0; -1 if the element is malformed, not complete, or has another
///   tag, or if memory is short
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `pstring`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_string(
    evbuf: *mut evbuffer,
    need_tag: u32,
    pstring: *mut *mut c_char,
) -> c_int {
    if pstring.is_null() {
        return Error::Invalid.to_c();
    }
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, |b| engine::take_string(b, need_tag)).map(|p| {
            tell(pstring, p.cast());
            0
        }))
    }
}

/// Reads an element whose data are a time.
///
/// @param evbuf the buffer; the element is removed even if it is malformed
///   or has another tag
/// @param need_tag the tag that it must have
/// @param ptv receives the time
/// @return 0; -1 if the element is malformed, not complete, or has another
///   tag
///
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `ptv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_timeval(
    evbuf: *mut evbuffer,
    need_tag: u32,
    ptv: *mut timeval,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, |b| engine::take_pair(b, need_tag)).map(|(sec, usec)| {
            tell(ptv, timeval { tv_sec: sec as _, tv_usec: usec as _ });
            0
        }))
    }
}
