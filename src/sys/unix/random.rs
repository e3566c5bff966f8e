//! The kernel's random bytes, and what tells a child process from its parent.
use super::{fd, io};
use crate::{Error, Result};
use std::ffi::{CStr, c_void};
use std::ptr::null_mut;

/// Fills `buf` with secure bytes of the kernel: all of it or an error.
pub fn kernel_random(buf: &mut [u8]) -> Result<()> {
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "dragonfly",
        target_os = "solaris",
        target_os = "illumos"
    ))]
    {
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|r| !r.is_empty()) {
            // SAFETY: `rest` is writable for its length.
            match super::cvt_size(unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) } as isize)
            {
                Ok(n) => done += n,
                Err(Error::Os(libc::EINTR)) => {}
                // An old kernel, or a sandbox that forbids the call.
                Err(Error::Os(libc::ENOSYS | libc::EPERM)) => return from_file(c"/dev/urandom", rest),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
    #[cfg(any(target_os = "macos", target_os = "ios", target_os = "openbsd"))]
    {
        for piece in buf.chunks_mut(256) {
            // SAFETY: at most 256 bytes, as the call demands.
            super::cvt(unsafe { libc::getentropy(piece.as_mut_ptr().cast(), piece.len()) })?;
        }
        Ok(())
    }
    // Keyed by the kernel in each process; getentropy is younger.
    #[cfg(target_os = "netbsd")]
    {
        // SAFETY: `buf` is writable for its length.
        unsafe { libc::arc4random_buf(buf.as_mut_ptr().cast(), buf.len()) };
        Ok(())
    }
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "freebsd",
        target_os = "dragonfly",
        target_os = "solaris",
        target_os = "illumos",
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

/// Asks the kernel to give forked children zeroes in the place of these pages.
///
/// # Safety
/// `p` and `len` are a mapping of ours.
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn wipe_on_fork(p: *mut c_void, len: usize) -> bool {
    // qemu-user says yes to all advice, and forgets it.
    const NONSENSE: std::ffi::c_int = -1;
    // SAFETY: the caller's promise.
    unsafe { libc::madvise(p, len, NONSENSE) != 0 && libc::madvise(p, len, libc::MADV_WIPEONFORK) == 0 }
}
/// Asks the kernel to give forked children zeroes in the place of these pages.
///
/// # Safety
/// `p` and `len` are a mapping of ours.
#[cfg(any(target_os = "freebsd", target_os = "openbsd", target_os = "netbsd"))]
unsafe fn wipe_on_fork(p: *mut c_void, len: usize) -> bool {
    unsafe extern "C" {
        fn minherit(p: *mut c_void, len: usize, how: std::ffi::c_int) -> std::ffi::c_int;
    }
    // INHERIT_ZERO, MAP_INHERIT_ZERO; kernels that do not have it refuse.
    let zero = if cfg!(target_os = "netbsd") { 4 } else { 3 };
    // SAFETY: the caller's promise.
    unsafe { minherit(p, len, zero) == 0 }
}
/// No such thing here.
///
/// # Safety
/// None is needed.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "netbsd"
)))]
unsafe fn wipe_on_fork(_p: *mut c_void, _len: usize) -> bool {
    false
}
/// One page that a forked child finds zeroed, where the kernel can do that.
pub fn wipe_on_fork_page() -> Option<*mut c_void> {
    let _keep = super::ErrnoGuard::new();
    let len = io::page_size();
    let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
    // SAFETY: a new anonymous mapping disturbs nobody.
    let p = unsafe { libc::mmap(null_mut(), len, prot, flags, -1, 0) };
    if p == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page was just mapped.
    if unsafe { wipe_on_fork(p, len) } {
        return Some(p);
    }
    // SAFETY: as above, nobody uses it.
    unsafe { free_page(p) };
    None
}
/// Gives a page of [`wipe_on_fork_page`] back.
///
/// # Safety
/// It is one, and nobody uses it any more.
pub unsafe fn free_page(p: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(p, io::page_size()) };
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
    {
        unsafe extern "C" {
            fn issetugid() -> std::ffi::c_int;
        }
        // SAFETY: no pointers.
        unsafe { issetugid() != 0 }
    }
}
