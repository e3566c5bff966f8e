//! System calls of Windows: Winsock, the C runtime's files, Win32.
//!
//! The names are those of `sys::unix`. Sockets are handles (`evutil_socket_t`, an isize), files are descriptors of
//! the C runtime. Errors of sockets are Winsock's codes, errors of files are the runtime's.
pub mod c;
pub mod clock;
pub mod datagram;
pub mod datagram_io;
mod errno;
mod error_text;
pub mod fd;
pub mod interfaces;
pub mod io;
pub mod iocp;
pub mod library;
pub mod nameservers;
pub mod random;
pub mod select;
pub mod signal;
pub mod socket;
pub mod threads;

pub use errno::{ErrnoGuard, cvt, cvt_size, describe, errno, set_errno};
pub use error_text::error_text;

use std::sync::Once;

/// Starts Winsock once. libevent leaves that to the program; doing it here as well hurts nobody (Windows counts), and a
/// program that forgot it works.
pub fn start() {
    use windows_sys::Win32::Networking::WinSock;
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let mut data = std::mem::MaybeUninit::<WinSock::WSADATA>::uninit();
        // SAFETY: `data` is a place for the answer. A failure shows in the calls that follow.
        unsafe { WinSock::WSAStartup(0x0202, data.as_mut_ptr()) };
    });
}
