//! System calls of Unix-like systems.
pub mod clock;
mod errno;
pub mod fd;
pub mod random;
pub mod socket;

pub use errno::{ErrnoGuard, cvt, cvt_size, errno, set_errno};
