//! errno, and the one way from a C return value to a Result.
use crate::{Error, Result};
use std::ffi::c_int;

#[cfg(any(target_os = "solaris", target_os = "illumos"))]
use libc::___errno as location;
#[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
use libc::__errno as location;
#[cfg(any(
    target_os = "linux",
    target_os = "emscripten",
    target_os = "hurd",
    target_os = "redox",
    target_os = "dragonfly"
))]
use libc::__errno_location as location;
#[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
use libc::__error as location;

#[inline]
pub fn errno() -> c_int {
    // SAFETY: the thread's own errno.
    unsafe { *location() }
}
#[inline]
pub fn set_errno(e: c_int) {
    // SAFETY: the thread's own errno.
    unsafe { *location() = e }
}

/// -1 becomes the error in errno.
#[inline]
pub fn cvt(r: c_int) -> Result<c_int> {
    if r < 0 { Err(Error::Os(errno())) } else { Ok(r) }
}
/// The same for calls that count bytes.
#[inline]
pub fn cvt_size(r: isize) -> Result<usize> {
    if r < 0 { Err(Error::Os(errno())) } else { Ok(r as usize) }
}

/// Keeps errno as it was over a cleanup that may disturb it.
pub struct ErrnoGuard(c_int);
impl ErrnoGuard {
    #[expect(clippy::new_without_default, reason = "it reads errno: not a default value")]
    pub fn new() -> ErrnoGuard {
        ErrnoGuard(errno())
    }
}
impl Drop for ErrnoGuard {
    fn drop(&mut self) {
        set_errno(self.0)
    }
}
