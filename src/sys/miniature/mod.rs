//! Miniatures of foreign kernels' interfaces on Linux, for tests only: the real backends run over them. Each is
//! written from the manual pages of the systems that have the interface, with its edges.
#![allow(clippy::disallowed_types, reason = "stands in for a kernel: its memory is not the library's")]
pub mod devpoll;
pub mod iocp;
pub(crate) mod kqueue;
pub mod ports;
