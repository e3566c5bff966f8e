//! The one error type. The C layer turns it into -1 or NULL and errno.
use crate::sys::c;
use std::ffi::c_int;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// The allocator said no. C sees ENOMEM.
    NoMem,
    /// A system call failed with this errno.
    Os(c_int),
    /// The caller asked for something the contract forbids. errno is left as it was.
    Invalid,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The errno that describes this error, if it has one.
    pub fn errno(self) -> Option<c_int> {
        match self {
            Error::NoMem => Some(c::ENOMEM),
            Error::Os(e) => Some(e),
            Error::Invalid => None,
        }
    }
    /// Sets the thread's errno and returns C's -1.
    pub fn to_c(self) -> c_int {
        if let Some(e) = self.errno() {
            crate::sys::set_errno(e);
        }
        -1
    }
    /// The error that errno holds now.
    pub fn last() -> Error {
        Error::Os(crate::sys::errno())
    }
}
