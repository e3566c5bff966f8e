//! evbuffer: a queue of bytes in a chain of blocks.
//!
//! The signatures below are what bufferevents and the C layer build on.
use crate::abi::buffer::{evbuffer, evbuffer_cb_func, evbuffer_cb_info};
use crate::abi::bufferevent::bufferevent;
use crate::abi::util::evutil_socket_t;
use crate::base::BaseRef;
use crate::thread::SharedLock;
use crate::{Error, Result};
use std::ffi::c_void;
use std::ptr::NonNull;

/// A handle on an evbuffer; copying it does not keep the buffer alive, [`BufferRef::incref`] does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BufferRef(NonNull<evbuffer>);

impl BufferRef {
    pub fn new() -> Result<BufferRef> {
        todo!()
    }
    /// # Safety
    /// `p` is null or a live evbuffer, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evbuffer) -> Option<BufferRef> {
        NonNull::new(p).map(BufferRef)
    }
    pub fn as_ptr(self) -> *mut evbuffer {
        self.0.as_ptr()
    }
    /// `evbuffer_free`: gives up one reference.
    pub fn free(self) {
        todo!()
    }
    pub fn incref(self) {
        todo!()
    }
    /// Shares `lock` with this buffer; every later call locks it.
    pub fn set_lock(self, _lock: Option<SharedLock>) {
        todo!()
    }
    /// The bufferevent this buffer belongs to: deferred callbacks hold a reference on it while they run.
    pub fn set_parent(self, _parent: *mut bufferevent) {
        todo!()
    }
    /// `evbuffer_lock` and `evbuffer_unlock`.
    pub fn lock(self) {
        todo!()
    }
    pub fn unlock(self) {
        todo!()
    }
    pub fn len(self) -> usize {
        todo!()
    }
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
    pub fn add(self, _data: &[u8]) -> Result<()> {
        todo!()
    }
    pub fn remove(self, _into: &mut [u8]) -> Result<usize> {
        todo!()
    }
    pub fn drain(self, _n: usize) -> Result<()> {
        todo!()
    }
    /// Moves everything of `from` to the end.
    pub fn add_buffer(self, _from: BufferRef) -> Result<()> {
        todo!()
    }
    /// Moves at most `n` bytes from here to the end of `to`; returns how many.
    pub fn remove_buffer(self, _to: BufferRef, _n: usize) -> Result<usize> {
        todo!()
    }
    pub fn freeze(self, _at_front: bool) -> Result<()> {
        todo!()
    }
    pub fn unfreeze(self, _at_front: bool) -> Result<()> {
        todo!()
    }
    pub fn defer_callbacks(self, _base: BaseRef) -> Result<()> {
        todo!()
    }
    /// Registers `cb`; `nodefer`: it runs at once even when the buffer defers its callbacks.
    pub fn add_cb(self, _cb: evbuffer_cb_func, _arg: *mut c_void, _nodefer: bool) -> Result<NonNull<c_void>> {
        todo!()
    }
    pub fn remove_cb(self, _cb: evbuffer_cb_func, _arg: *mut c_void) -> Result<()> {
        todo!()
    }
    pub fn cb_set_enabled(self, _entry: NonNull<c_void>, _enabled: bool) -> Result<()> {
        todo!()
    }
    /// Reads at most `max` bytes from `fd` into spare room plus a spill vector: one system call. Ok(0) is EOF.
    pub fn read_from(self, _fd: evutil_socket_t, _max: usize) -> Result<usize> {
        todo!()
    }
    /// Writes at most `max` bytes (None: everything) to `fd` with one system call and drains what was taken.
    pub fn write_to(self, _fd: evutil_socket_t, _max: Option<usize>) -> Result<usize> {
        todo!()
    }
}

/// What a callback is told; kept here so that observers and the C layer agree.
pub type ChangeInfo = evbuffer_cb_info;
/// Silences the unused import until the owner lands.
const _: Error = Error::Invalid;
