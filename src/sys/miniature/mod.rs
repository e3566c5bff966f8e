//! Miniatures of foreign kernels' interfaces on Linux, for tests only: the real backends run over them. Each is
//! written from the manual pages of the systems that have the interface, with its edges.
pub mod devpoll;
pub mod iocp;
pub mod ports;
