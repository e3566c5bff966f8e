//! The kernel's random bytes, and what tells a child process from its parent.
use super::{cvt_size, fd};
use crate::{Error, Result};
use std::ffi::{CStr, c_void};
use std::ptr::null_mut;

/// Fills `buf` with secure bytes of the kernel: all of it or an error.
pub fn kernel_random(buf: &mut [u8]) -> Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    {
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|r| !r.is_empty()) {
            // SAFETY: `rest` is writable for its length.
            match cvt_size(unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) }) {
                Ok(n) => done += n,
                Err(Error::Os(libc::EINTR)) => {}
                // An old kernel, or a sandbox that forbids the call.
                Err(Error::Os(libc::ENOSYS | libc::EPERM)) => return from_file(c"/dev/urandom", rest),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
    #[cfg(any(target_os = "macos", target_os = "ios", target_os = "openbsd", target_os = "netbsd"))]
    {
        for piece in buf.chunks_mut(256) {
            // SAFETY: at most 256 bytes, as the call demands.
            super::cvt(unsafe { libc::getentropy(piece.as_mut_ptr().cast(), piece.len()) })?;
        }
        Ok(())
    }
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "macos",
        target_os = "ios",
        target_os = "openbsd",
        target_os = "netbsd"
    )))]
    from_file(c"/dev/urandom", buf)
}
/// Fills `buf` from a device or file: all of it or an error.
pub fn from_file(path: &CStr, buf: &mut [u8]) -> Result<()> {
    let f = fd::open(path, libc::O_RDONLY, 0)?;
    let mut done = 0;
    let r = loop {
        let Some(rest) = buf.get_mut(done..).filter(|r| !r.is_empty()) else { break Ok(()) };
        match fd::read(f, rest) {
            Ok(0) => break Err(Error::Os(libc::EIO)),
            Ok(n) => done += n,
            Err(Error::Os(libc::EINTR)) => {}
            Err(e) => break Err(e),
        }
    };
    fd::close(f);
    r
}

/// One page that a forked child finds zeroed, where the kernel can do that.
pub fn wipe_on_fork_page() -> Option<*mut c_void> {
    #[cfg(target_os = "linux")]
    {
        let _keep = super::ErrnoGuard::new();
        let len = fd::page_size();
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new anonymous mapping disturbs nobody.
        let p = unsafe { libc::mmap(null_mut(), len, prot, flags, -1, 0) };
        if p == libc::MAP_FAILED {
            return None;
        }
        // SAFETY: the page was just mapped.
        if unsafe { libc::madvise(p, len, libc::MADV_WIPEONFORK) } != 0 {
            // SAFETY: as above, nobody uses it.
            unsafe { libc::munmap(p, len) };
            return None;
        }
        Some(p)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = null_mut::<c_void>();
        None
    }
}
/// The process's id.
#[inline]
pub fn process_id() -> i32 {
    // SAFETY: no pointers.
    unsafe { libc::getpid() }
}
/// Whether the process runs with more rights than its caller (set-user-id and the like): the kernel's own word, one
/// read of the auxiliary vector and no system call.
pub fn is_privileged() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let _keep = super::ErrnoGuard::new();
        // SAFETY: no pointers.
        unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: no pointers.
    unsafe {
        libc::issetugid() != 0
    }
}
