//! Reading, writing, files and mappings.
use super::{cvt, cvt_size};
use crate::{Error, Result};
use libc::iovec;
use std::ffi::c_int;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

// glibc's plain names have a 32-bit off_t on 32-bit systems.
#[cfg(not(target_env = "gnu"))]
use libc::{fstat, mmap, pread as pread_at, stat};
#[cfg(target_env = "gnu")]
use libc::{fstat64 as fstat, mmap64 as mmap, pread64 as pread_at, stat64 as stat};

/// More vectors than that are refused with EINVAL; fewer bytes than were asked for are always a legal answer.
const MOST_VECS: usize = if cfg!(any(target_os = "solaris", target_os = "illumos")) { 16 } else { 1024 };

/// One vector is read into with plain read, which is cheaper.
///
/// # Safety
/// The vectors describe memory that may be written.
#[inline]
pub unsafe fn readv(fd: c_int, vecs: &[iovec]) -> Result<usize> {
    if let [one] = vecs {
        // SAFETY: the caller's promise.
        return cvt_size(unsafe { libc::read(fd, one.iov_base, one.iov_len) });
    }
    let vecs = vecs.get(..MOST_VECS).unwrap_or(vecs);
    // SAFETY: the caller's promise.
    cvt_size(unsafe { libc::readv(fd, vecs.as_ptr(), vecs.len() as c_int) })
}
/// # Safety
/// The vectors describe memory that may be read.
#[inline]
pub unsafe fn writev(fd: c_int, vecs: &[iovec]) -> Result<usize> {
    if let [one] = vecs {
        // SAFETY: the caller's promise.
        return cvt_size(unsafe { libc::write(fd, one.iov_base, one.iov_len) });
    }
    let vecs = vecs.get(..MOST_VECS).unwrap_or(vecs);
    // SAFETY: the caller's promise.
    cvt_size(unsafe { libc::writev(fd, vecs.as_ptr(), vecs.len() as c_int) })
}
/// # Safety
/// `len` bytes at `into` may be written.
pub unsafe fn pread(fd: c_int, into: *mut u8, len: usize, offset: u64) -> Result<usize> {
    // SAFETY: the caller's promise.
    cvt_size(unsafe { pread_at(fd, into.cast(), len, offset as _) })
}
pub fn file_size(fd: c_int) -> Result<i64> {
    // SAFETY: all zeros are a valid stat.
    let mut st: stat = unsafe { std::mem::zeroed() };
    // SAFETY: `st` is a place for the answer.
    cvt(unsafe { fstat(fd, &mut st) })?;
    Ok(st.st_size)
}
pub fn page_size() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    let size = SIZE.load(Relaxed);
    if size != 0 {
        return size;
    }
    // SAFETY: asks for a constant.
    let size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096).max(1);
    SIZE.store(size, Relaxed);
    size
}
/// A private read-only mapping; `offset` is a multiple of the page size.
pub fn map_file(fd: c_int, offset: u64, len: usize) -> Result<NonNull<u8>> {
    // SAFETY: a fresh mapping touches no memory of ours.
    let p = unsafe { mmap(null_mut(), len, libc::PROT_READ, libc::MAP_PRIVATE, fd, offset as _) };
    if p == libc::MAP_FAILED { Err(Error::last()) } else { NonNull::new(p.cast()).ok_or(Error::Invalid) }
}
/// # Safety
/// `p` and `len` came from `map_file`, and nobody uses the memory any more.
pub unsafe fn unmap(p: NonNull<u8>, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { libc::munmap(p.as_ptr().cast(), len) };
}

/// Whether [`send_file`] exists here.
pub const HAVE_SENDFILE: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "macos",
    target_os = "ios",
    target_os = "solaris",
    target_os = "illumos"
));

/// Sends at most `len` bytes (not 0) at `offset` of the file `from` to `to`. Ok(0): the file ends before `offset`.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn send_file(to: c_int, from: c_int, offset: u64, len: usize) -> Result<usize> {
    #[cfg(not(target_env = "gnu"))]
    use libc::sendfile;
    #[cfg(target_env = "gnu")]
    use libc::sendfile64 as sendfile;
    let mut at = offset as _;
    // SAFETY: `at` is a place for the new offset.
    cvt_size(unsafe { sendfile(to, from, &mut at, len) })
}
#[cfg(any(target_os = "solaris", target_os = "illumos"))]
pub fn send_file(to: c_int, from: c_int, offset: u64, len: usize) -> Result<usize> {
    let mut at = offset as libc::off_t;
    // SAFETY: `at` is a place for the new offset.
    let r = cvt_size(unsafe { libc::sendfile(to, from, &mut at, len) });
    // What went out before a full socket or a signal is told by the offset alone.
    match (at as u64).saturating_sub(offset) {
        0 => r,
        sent => Ok(sent as usize),
    }
}
#[cfg(target_os = "freebsd")]
pub fn send_file(to: c_int, from: c_int, offset: u64, len: usize) -> Result<usize> {
    let mut sent: libc::off_t = 0;
    // SAFETY: `sent` is a place for the answer.
    let r = unsafe { libc::sendfile(from, to, offset as _, len, null_mut(), &mut sent, 0) };
    if r < 0 && sent == 0 { Err(Error::last()) } else { Ok(sent as usize) }
}
#[cfg(any(target_os = "macos", target_os = "ios"))]
pub fn send_file(to: c_int, from: c_int, offset: u64, len: usize) -> Result<usize> {
    let mut sent = len as libc::off_t;
    // SAFETY: `sent` is a place for the answer.
    let r = unsafe { libc::sendfile(from, to, offset as _, &mut sent, null_mut(), 0) };
    if r < 0 && sent == 0 { Err(Error::last()) } else { Ok(sent as usize) }
}
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "macos",
    target_os = "ios",
    target_os = "solaris",
    target_os = "illumos"
)))]
pub fn send_file(_to: c_int, _from: c_int, _offset: u64, _len: usize) -> Result<usize> {
    Err(Error::Os(libc::ENOSYS))
}
