//! System calls of Unix-like systems.
pub mod c;
pub mod clock;
pub mod datagram;
pub mod datagram_io;
#[cfg(has_ports)]
pub mod devpoll;
#[cfg(has_epoll)]
pub mod epoll;
mod errno;
pub mod fd;
pub mod interfaces;
pub mod io;
#[cfg(has_kqueue)]
pub mod kqueue;
pub mod poll;
#[cfg(has_ports)]
pub mod ports;
pub mod random;
pub mod select;
pub mod signal;
pub mod socket;

pub use errno::{ErrnoGuard, cvt, cvt_size, errno, set_errno};
