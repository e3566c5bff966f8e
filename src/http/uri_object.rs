//! `struct evhttp_uri`: a [`Uri`] on the heap, behind a pointer that C holds.
use super::uri::Uri;
use crate::abi::http::evhttp_uri;
use crate::{Error, Result, mem};

impl Uri {
    /// [`Self::parse`], where it is to stay.
    pub fn parse_raw(source: &[u8], flags: u32) -> Result<*mut evhttp_uri> {
        let p = mem::malloc(size_of::<Uri>()).cast::<Uri>();
        if p.is_null() {
            return Err(Error::NoMem);
        }
        // SAFETY: fresh memory of that size, which is freed as a box of it is.
        unsafe {
            p.write(Uri::new(flags));
            (*p).read(source, flags).inspect_err(|_| Uri::free(p.cast()))?;
        }
        Ok(p.cast())
    }
    pub fn into_raw(self) -> Result<*mut evhttp_uri> {
        Ok(mem::Box::into_raw_with_allocator(mem::new_box(self)?).0.cast())
    }
    /// # Safety
    /// `p` is null or came from [`Self::into_raw`], is alive, and is not changed while the result is used.
    pub unsafe fn from_raw<'a>(p: *const evhttp_uri) -> Option<&'a Uri> {
        // SAFETY: the caller's promise.
        unsafe { p.cast::<Uri>().as_ref() }
    }
    /// # Safety
    /// As [`Self::from_raw`]; nobody else uses it while the result is used.
    pub unsafe fn from_raw_mut<'a>(p: *mut evhttp_uri) -> Option<&'a mut Uri> {
        // SAFETY: the caller's promise.
        unsafe { p.cast::<Uri>().as_mut() }
    }
    /// # Safety
    /// `p` is null or came from [`Self::into_raw`], and is not used any more.
    pub unsafe fn free(p: *mut evhttp_uri) {
        if !p.is_null() {
            // SAFETY: the caller's promise.
            drop(unsafe { mem::Box::from_raw_in(p.cast::<Uri>(), mem::Alloc) });
        }
    }
}
