//! Every system call. What stands above this folder does not know which system it runs on.
mod batch;
#[cfg(miniatures)]
pub mod miniature;
#[cfg(miniatures)]
pub use miniature::iocp;
#[cfg(unix)]
pub mod unix;
#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub mod windows;
#[cfg(windows)]
pub use windows::*;
