//! System calls of Unix-like systems.
pub mod clock;
mod errno;
pub mod fd;

pub use errno::{ErrnoGuard, cvt, cvt_size, errno, set_errno};
