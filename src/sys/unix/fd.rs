//! Descriptors: close, flags, pipes, event counters.
use super::{ErrnoGuard, cvt};
use crate::Result;
use std::ffi::c_int;

/// Closes `fd`, leaving errno alone. EINTR is not retried: on Linux the descriptor is gone all the same.
pub fn close(fd: c_int) {
    let _keep = ErrnoGuard::new();
    // SAFETY: the caller owns `fd`.
    unsafe { libc::close(fd) };
}
