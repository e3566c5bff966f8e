//! Parts of evtag that no public header declares; the original suite imports them.
use crate::tag::{answer, on};
use oxievent::abi::buffer::evbuffer;
use oxievent::tag as engine;
use std::ffi::c_int;

/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `pnumber`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_int(pnumber: *mut u32, evbuf: *mut evbuffer) -> c_int {
    // SAFETY: rules 1 and 2.
    answer(unsafe { on(evbuf, engine::take_int).map(|n| pnumber.write(n)) }.map(|()| 0))
}
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `pnumber`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_int64(pnumber: *mut u64, evbuf: *mut evbuffer) -> c_int {
    // SAFETY: rules 1 and 2.
    answer(unsafe { on(evbuf, engine::take_int64).map(|n| pnumber.write(n)) }.map(|()| 0))
}
/// # Safety
/// Rule 1 for `evbuf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_encode_tag(evbuf: *mut evbuffer, tag: u32) -> c_int {
    // SAFETY: rule 1.
    answer(engine::encode_tag(unsafe { oxievent::buffer::BufferRef::from_raw(evbuf) }, tag))
}
/// # Safety
/// Rule 1 for `evbuf`, rule 2 for `ptag`, which may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_tag(ptag: *mut u32, evbuf: *mut evbuffer) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        answer(on(evbuf, engine::take_tag).map(|(tag, len)| {
            if !ptag.is_null() {
                ptag.write(tag);
            }
            len
        }))
    }
}
