//! System calls of Unix-like systems.
pub mod c;
pub mod clock;
pub mod datagram;
pub mod datagram_io;
#[cfg(any(target_os = "solaris", target_os = "illumos", all(feature = "miniatures", target_os = "linux")))]
pub mod devpoll;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod epoll;
mod errno;
pub mod fd;
pub mod interfaces;
pub mod io;
#[cfg(any(
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd",
    target_vendor = "apple",
    all(feature = "miniatures", target_os = "linux")
))]
pub mod kqueue;
pub mod poll;
#[cfg(any(target_os = "solaris", target_os = "illumos", all(feature = "miniatures", target_os = "linux")))]
pub mod ports;
pub mod random;
pub mod select;
pub mod signal;
pub mod socket;

pub use errno::{ErrnoGuard, cvt, cvt_size, errno, set_errno};
