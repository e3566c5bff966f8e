//! What hooks remember about a call: named pieces of data, and the connection it is on.
//!
//! Hooks get a call as `void *`, of a server or of a client. Both begin with the same field, [`Call`].
use super::{boxed, unbox};
use crate::abi::http::{evhttp_connection, evhttp_request};
use crate::abi::rpc::evrpc_hook_meta;
use crate::mem::{TryVec, Vec, new_vec};
use crate::{Error, Result};
use std::cell::Cell;
use std::ptr::{NonNull, null_mut};

/// The begin of a server's and of a client's call.
#[repr(C)]
pub struct Call {
    meta: Cell<*mut evrpc_hook_meta>,
}

struct Entry {
    key: Vec<u8>,
    /// Stays where it is when others are added.
    data: Vec<u8>,
}
struct Meta {
    entries: Vec<Entry>,
    /// The request that knows its connection, if that is the one.
    request: *mut evhttp_request,
    connection: *mut evhttp_connection,
}

impl Call {
    pub(super) const fn new() -> Call {
        Call { meta: Cell::new(null_mut()) }
    }
    /// # Safety
    /// `ctx` is null or what a hook was called with, or a client's call; it is alive as long as the result is used.
    pub unsafe fn from_ctx<'a>(ctx: *mut std::ffi::c_void) -> Option<&'a Call> {
        // SAFETY: the caller's promise; both kinds of calls begin with this.
        NonNull::new(ctx.cast::<Call>()).map(|p| unsafe { p.as_ref() })
    }
    fn meta(&self) -> Option<NonNull<Meta>> {
        NonNull::new(self.meta.get().cast())
    }
    fn make(&self) -> Result<NonNull<Meta>> {
        if let Some(meta) = self.meta() {
            return Ok(meta);
        }
        let new = boxed(Meta { entries: new_vec(), request: null_mut(), connection: null_mut() })?;
        self.meta.set(new.cast());
        NonNull::new(new).ok_or(Error::NoMem)
    }
    /// Before hooks are called: where the call is.
    pub(super) fn associate(
        &self,
        request: *mut evhttp_request,
        connection: *mut evhttp_connection,
    ) -> Result<()> {
        let mut meta = self.make()?;
        // SAFETY: ours; no reference to it outlives the functions here.
        let meta = unsafe { meta.as_mut() };
        (meta.request, meta.connection) = (request, connection);
        Ok(())
    }
    /// `evrpc_hook_add_meta`
    pub fn add(&self, key: &[u8], data: &[u8]) -> Result<()> {
        let mut entry = Entry { key: new_vec(), data: new_vec() };
        entry.key.try_extend(key)?;
        entry.data.try_extend(data)?;
        let mut meta = self.make()?;
        // SAFETY: as above.
        unsafe { meta.as_mut() }.entries.try_push(entry)
    }
    /// `evrpc_hook_find_meta`: the first of that name; good until the call ends.
    pub fn find(&self, key: &[u8]) -> Option<&[u8]> {
        // SAFETY: as above; entries are neither moved nor freed before the call ends.
        let meta = unsafe { self.meta()?.as_ref() };
        meta.entries.iter().find(|e| e.key == key).map(|e| e.data.as_slice())
    }
    /// `evrpc_hook_get_connection`
    pub fn connection(&self) -> *mut evhttp_connection {
        let Some(meta) = self.meta() else { return null_mut() };
        // SAFETY: as above; the request is alive while it stands here.
        unsafe {
            let meta = meta.as_ref();
            if meta.request.is_null() || (*meta.request).evcon.is_null() {
                meta.connection
            } else {
                (*meta.request).evcon
            }
        }
    }
}
impl Drop for Call {
    fn drop(&mut self) {
        if let Some(meta) = self.meta() {
            // SAFETY: made by `make`, and the call was its only owner.
            unsafe { unbox(meta.as_ptr()) };
        }
    }
}
