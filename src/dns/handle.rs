//! Handles on the resolver's own objects: requests, nameservers, channels.
//!
//! They are shared by nature (lists and events point at them), so they hold cells only and are never borrowed
//! mutably. Everything but what their text exempts is touched under the lock of the DNS base.
use crate::mem::{self, Alloc, Box};
use crate::{Error, Result};
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::ptr::NonNull;

/// Points at an object that [`Handle::new`] made, which lives until [`Handle::free`].
pub(crate) struct Handle<T>(NonNull<T>);

impl<T> Clone for Handle<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Handle<T> {}
impl<T> PartialEq for Handle<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Handle<T> {
    pub(crate) fn new(value: T) -> Result<Handle<T>> {
        let (p, _) = Box::into_raw_with_allocator(mem::new_box(value)?);
        NonNull::new(p).map(Handle).ok_or(Error::NoMem)
    }
    /// # Safety
    /// `p` is null or came from [`Self::as_ptr`], and the object lives while copies of the handle are used.
    #[inline]
    pub(crate) unsafe fn from_raw(p: *mut T) -> Option<Handle<T>> {
        NonNull::new(p).map(Handle)
    }
    #[inline]
    pub(crate) fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }
    /// Ends the object and leaves its place.
    ///
    /// # Safety
    /// No copy of the handle is used any more, and nothing points at the object.
    pub(crate) unsafe fn vacate(self) -> Handle<MaybeUninit<T>> {
        // SAFETY: the caller's promise.
        unsafe { self.0.drop_in_place() };
        Handle(self.0.cast())
    }
    /// # Safety
    /// No copy of the handle is used any more, and nothing points at the object.
    pub(crate) unsafe fn free(self) {
        // SAFETY: made by `new`; the caller's promise.
        drop(unsafe { Box::from_raw_in(self.0.as_ptr(), Alloc) });
    }
}
/// A place without an object.
impl<T> Handle<MaybeUninit<T>> {
    pub(crate) fn empty() -> Result<Handle<MaybeUninit<T>>> {
        let p = mem::malloc(
            const {
                assert!(size_of::<T>() > 0 && align_of::<T>() <= 16);
                size_of::<T>()
            },
        );
        NonNull::new(p.cast()).map(Handle).ok_or(Error::NoMem)
    }
    /// # Safety
    /// The place holds no object, and no copy of the handle is used any more.
    #[inline]
    pub(crate) unsafe fn fill(self, value: T) -> Handle<T> {
        let place = self.0.cast::<T>();
        // SAFETY: the caller's promise.
        unsafe { place.write(value) };
        Handle(place)
    }
}
impl<T> Deref for Handle<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: alive until `free`, whose caller promises that no handle is used afterwards.
        unsafe { self.0.as_ref() }
    }
}
