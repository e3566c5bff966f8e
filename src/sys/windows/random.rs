//! The system's random bytes, and what other systems need to know of processes.
use super::{c, fd};
use crate::{Error, Result};
use std::ffi::{CStr, c_int, c_void};
use windows_sys::Win32::Security::Authentication::Identity::RtlGenRandom;

/// Fills `buf` with secure bytes of the system's: all of it or an error.
pub fn kernel_random(buf: &mut [u8]) -> Result<()> {
    for piece in buf.chunks_mut(1 << 20) {
        // SAFETY: `piece` is writable for its length.
        if !unsafe { RtlGenRandom(piece.as_mut_ptr().cast(), piece.len() as u32) } {
            return Err(Error::Os(c::EIO));
        }
    }
    Ok(())
}
/// Fills `buf` from a file: all of it or an error.
pub fn from_file(path: &CStr, buf: &mut [u8]) -> Result<()> {
    let f = fd::open(path, c::O_RDONLY, 0)?;
    let mut done = 0;
    let r = loop {
        let Some(rest) = buf.get_mut(done..).filter(|r| !r.is_empty()) else { break Ok(()) };
        match fd::read_file(f, rest) {
            Ok(0) => break Err(Error::Os(c::EIO)),
            Ok(n) => done += n,
            Err(e) => break Err(e),
        }
    };
    fd::close_file(f);
    r
}

/// Windows does not fork.
pub fn wipe_on_fork_page() -> Option<*mut c_void> {
    None
}
/// Gives a page of [`wipe_on_fork_page`] back: there are none.
///
/// # Safety
/// None is needed; other systems' function is unsafe.
pub unsafe fn free_page(_p: *mut c_void) {}
/// Tells a process from its forked child: there are none here, so one number serves.
#[inline]
pub fn process_id() -> c_int {
    1
}
/// Whether the process runs with more rights than its caller gave it: a notion that Windows does not have.
pub fn is_privileged() -> bool {
    false
}
