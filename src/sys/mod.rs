//! Every system call. What stands above this folder does not know which system it runs on.
#[cfg(unix)]
pub mod unix;
#[cfg(unix)]
pub use unix::*;
