//! event2/keyvalq_struct.h
use super::event::{TailqEntry, TailqHead};
use std::ffi::c_char;

#[repr(C)]
pub struct evkeyval {
    pub next: TailqEntry<evkeyval>,
    pub key: *mut c_char,
    pub value: *mut c_char,
}
pub type evkeyvalq = TailqHead<evkeyval>;
