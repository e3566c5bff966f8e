//! Every system call. What stands above this folder does not know which system it runs on.
#[cfg(all(feature = "miniatures", target_os = "linux"))]
pub mod miniature;
#[cfg(all(feature = "miniatures", target_os = "linux"))]
pub use miniature::iocp;
#[cfg(unix)]
pub mod unix;
#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub mod windows;
#[cfg(windows)]
pub use windows::*;
