//! event2/keyvalq_struct.h
use super::event::{TailqEntry, TailqHead};
use std::ffi::c_char;

/// A name with a value, linked into a `struct evkeyvalq`: walk it with `TAILQ_FOREACH` of sys/queue.h. A program may
/// insert nodes of its own, and replace a string by one of its own, made with malloc(): both are freed with the list. The
/// strings of nodes that the library made belong to their nodes, and must not be freed.
#[repr(C)]
pub struct evkeyval {
    pub next: TailqEntry<evkeyval>,
    pub key: *mut c_char,
    pub value: *mut c_char,
}
/// A tail queue of names with values, such as the headers of an HTTP message.
pub type evkeyvalq = TailqHead<evkeyval>;
