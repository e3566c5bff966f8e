//! What a backend must do, and the ordered list of the backends that are compiled in.
//!
//! * A backend knows descriptors and interests, never events: `base::io_map` turns one into the other.
//! * `change` is told the old and the new interest of one descriptor. It must survive a descriptor that was
//!   closed and reused behind its back (ENOENT, EEXIST are repaired, not reported).
//! * Waiting is split in three, because the base lock is released while the system sleeps: `start_wait` (locked)
//!   moves what the call needs into a `Wait`, `Wait::run` (unlocked) makes the call, `finish_wait` (locked) reports
//!   and takes the arrays back. Descriptors may change between the three; a report for a descriptor nobody watches
//!   any more is ignored by the io_map.
//! * EINTR is a wait without events, not an error.
//! * Errors and hang-ups are reported as READ | WRITE of what is watched (and CLOSED where watched).
use crate::abi::util::evutil_socket_t;

bitflags::bitflags! {
    /// What is watched on a descriptor, and what happened on it.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Interest: u8 {
        const READ = 1;
        const WRITE = 2;
        const CLOSED = 4;
        /// Edge triggered.
        const ET = 8;
        /// Disarm after one report; only for backends whose `Info::oneshot` is true.
        const ONESHOT = 16;
    }
}

/// A descriptor whose interest changes.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub fd: evutil_socket_t,
    pub old: Interest,
    pub new: Interest,
    /// The kernel's entry exists but has been disarmed by a one-shot report.
    pub disarmed: bool,
}
