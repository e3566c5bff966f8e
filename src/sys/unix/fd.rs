//! Descriptors: close, flags, pipes, event counters; reading and writing one piece of memory.
use super::{ErrnoGuard, cvt, cvt_size};
use crate::Result;
use std::ffi::{CStr, c_int};

/// Closes `fd`, leaving errno alone. EINTR is not retried: on Linux the descriptor is gone all the same.
pub fn close(fd: c_int) {
    let _keep = ErrnoGuard::new();
    // SAFETY: the caller owns `fd`.
    unsafe { libc::close(fd) };
}
/// Closes a file: a descriptor like any other.
pub fn close_file(fd: c_int) {
    close(fd)
}
/// Reads from a file. 0 is its end.
pub fn read_file(fd: c_int, buf: &mut [u8]) -> Result<usize> {
    read(fd, buf)
}
/// Closes `fd` and tells how that went.
pub fn try_close(fd: c_int) -> Result<()> {
    // SAFETY: the caller owns `fd`; the kernel checks it.
    cvt(unsafe { libc::close(fd) }).map(drop)
}

fn add_flag(fd: c_int, get: c_int, set: c_int, flag: c_int) -> Result<()> {
    // SAFETY: fcntl on integers; the kernel checks `fd`.
    let old = cvt(unsafe { libc::fcntl(fd, get) })?;
    if old & flag == 0 {
        // SAFETY: as above.
        cvt(unsafe { libc::fcntl(fd, set, old | flag) })?;
    }
    Ok(())
}
/// Sets O_NONBLOCK; one system call less when it is set already.
pub fn set_nonblocking(fd: c_int) -> Result<()> {
    add_flag(fd, libc::F_GETFL, libc::F_SETFL, libc::O_NONBLOCK)
}
/// Sets FD_CLOEXEC.
pub fn set_cloexec(fd: c_int) -> Result<()> {
    add_flag(fd, libc::F_GETFD, libc::F_SETFD, libc::FD_CLOEXEC)
}
/// Whether a program that is executed would have the descriptor.
pub fn is_inherited(fd: c_int) -> bool {
    // SAFETY: fcntl on integers.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    flags >= 0 && flags & libc::FD_CLOEXEC == 0
}
/// Whether `fd` is an open descriptor.
pub fn is_open(fd: c_int) -> bool {
    let _keep = ErrnoGuard::new();
    // SAFETY: fcntl on integers.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}

/// A nonblocking, close-on-exec pipe: (read end, write end).
pub fn pipe() -> Result<(c_int, c_int)> {
    let mut p = [-1; 2];
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    // SAFETY: `p` takes the two numbers.
    cvt(unsafe { libc::pipe2(p.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC) })?;
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    {
        // SAFETY: `p` takes the two numbers.
        cvt(unsafe { libc::pipe(p.as_mut_ptr()) })?;
        prepare_pair(&p, true, true)?;
    }
    Ok((p[0], p[1]))
}
/// Sets the flags of both ends, or closes both.
#[cfg(any(target_os = "macos", target_os = "ios"))]
pub(super) fn prepare_pair(p: &[c_int; 2], nonblocking: bool, cloexec: bool) -> Result<()> {
    let set = || {
        for &fd in p {
            if nonblocking {
                set_nonblocking(fd)?;
            }
            if cloexec {
                set_cloexec(fd)?;
            }
        }
        Ok(())
    };
    set().inspect_err(|_| {
        close(p[0]);
        close(p[1]);
    })
}

/// A nonblocking, close-on-exec event counter starting at 0.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn eventfd() -> Result<c_int> {
    // SAFETY: no pointers.
    cvt(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })
}
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn eventfd() -> Result<c_int> {
    Err(crate::Error::Os(libc::ENOSYS))
}

/// Opens a file close-on-exec.
pub fn open(path: &CStr, flags: c_int, mode: libc::mode_t) -> Result<c_int> {
    // Files of more than 2 GiB need this where off_t has 32 bits.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let flags = flags | libc::O_LARGEFILE;
    // SAFETY: a C string; `mode` is read only when a file is made.
    cvt(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, libc::c_uint::from(mode)) })
}
/// Reads into `buf`. 0 is the end of the stream.
pub fn read(fd: c_int, buf: &mut [u8]) -> Result<usize> {
    // SAFETY: `buf` is writable for its length.
    cvt_size(unsafe { libc::read(fd, buf.as_mut_ptr().cast(), buf.len()) })
}
/// Writes some of `buf`.
pub fn write(fd: c_int, buf: &[u8]) -> Result<usize> {
    // SAFETY: `buf` is readable for its length.
    cvt_size(unsafe { libc::write(fd, buf.as_ptr().cast(), buf.len()) })
}
/// Bytes that can be read at once, for those who must know before they read.
pub fn bytes_readable(fd: c_int) -> Result<usize> {
    let mut n: c_int = 0;
    // SAFETY: FIONREAD stores an int.
    cvt(unsafe { libc::ioctl(fd, libc::FIONREAD as _, &raw mut n) })?;
    Ok(n.max(0) as usize)
}

/// Whether a descriptor blocks. False for what is no descriptor.
pub fn is_blocking(fd: c_int) -> bool {
    // SAFETY: no memory is involved.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags >= 0 && flags & libc::O_NONBLOCK == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::sys::{errno, set_errno};
    use libc::iovec;
    use std::ffi::c_void;

    #[test]
    fn pipe_is_nonblocking_and_reads_what_was_written() {
        let (r, w) = pipe().unwrap();
        let mut b = [0; 8];
        assert_eq!(read(r, &mut b), Err(Error::Os(libc::EAGAIN)));
        let one = *b"abcd";
        let v = [
            iovec { iov_base: one.as_ptr() as *mut c_void, iov_len: 1 },
            iovec { iov_base: one[1..].as_ptr() as *mut c_void, iov_len: 3 },
        ];
        // SAFETY: both point into `one`.
        assert_eq!(unsafe { crate::sys::io::writev(w, &v) }, Ok(4));
        assert_eq!(bytes_readable(r), Ok(4));
        assert_eq!(read(r, &mut b), Ok(4));
        assert_eq!(&b[..4], b"abcd");
        close(w);
        // A number that no other test of this process is given meanwhile.
        // SAFETY: fcntl on integers.
        let high = unsafe { libc::fcntl(r, libc::F_DUPFD, 800) };
        close(r);
        assert!(high >= 800 && is_open(high));
        set_errno(7);
        close(high);
        close(high);
        assert_eq!(errno(), 7);
        assert!(!is_open(high));
        assert_eq!(set_nonblocking(high), Err(Error::Os(libc::EBADF)));
    }
}
