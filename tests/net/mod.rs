//! Sockets, files and C's names for tests, the same on Unix and Windows: a stream pair is `UnixStream::pair` on both,
//! descriptors are taken with `as_raw_fd`, and `libc` has the constants and structs that the engine uses.
#![allow(dead_code, unused_imports, reason = "each test uses some of it")]
#![allow(clippy::disallowed_types, reason = "tests run on std")]
use oxievent::sys;
use std::time::Duration;

pub(crate) use os::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, UnixStream, libc};
pub(crate) use oxievent::abi::util::evutil_socket_t;

/// Closes a socket.
pub(crate) fn close(s: evutil_socket_t) {
    sys::fd::try_close(s).unwrap();
}
/// Writes to a socket; all of it goes out.
pub(crate) fn write(s: evutil_socket_t, bytes: &[u8]) {
    assert_eq!(sys::fd::write(s, bytes), Ok(bytes.len()));
}
/// Reads from a socket what is there, or the error.
pub(crate) fn read(s: evutil_socket_t, room: &mut [u8]) -> oxievent::Result<usize> {
    sys::fd::read(s, room)
}
/// Closing the socket resets the connection.
pub(crate) fn linger_none(s: evutil_socket_t) {
    let l = libc::linger { l_onoff: 1, l_linger: 0 };
    // SAFETY: an option of our socket.
    unsafe { os::set_linger(s, &l) };
}
/// What was sent is there: on Windows it takes a moment.
pub(crate) fn settle() {
    if cfg!(windows) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a file's descriptor is open.
pub(crate) fn file_is_open(fd: std::ffi::c_int) -> bool {
    sys::io::file_size(fd).is_ok()
}
/// A file of nobody else's, to be read and written.
pub(crate) fn temp_file() -> std::fs::File {
    os::temp_file()
}

#[cfg(unix)]
mod os {
    use super::evutil_socket_t;
    pub(crate) use ::libc;
    pub(crate) use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
    pub(crate) use std::os::unix::net::UnixStream;

    pub(super) fn temp_file() -> std::fs::File {
        use std::os::unix::fs::OpenOptionsExt;
        #[cfg(target_os = "linux")]
        // SAFETY: a fresh descriptor.
        return unsafe {
            let fd = libc::memfd_create(c"test".as_ptr(), libc::MFD_CLOEXEC);
            assert!(fd >= 0);
            std::fs::File::from_raw_fd(fd)
        };
        #[allow(unreachable_code, reason = "for systems without memfd_create")]
        {
            static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
            let n = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("oxievent-{}-{n}", std::process::id()));
            let mut how = std::fs::OpenOptions::new();
            let f = how.read(true).write(true).create_new(true).mode(0o600).open(&path).unwrap();
            std::fs::remove_file(path).unwrap();
            f
        }
    }
    pub(super) unsafe fn set_linger(s: evutil_socket_t, l: &libc::linger) {
        // SAFETY: the whole struct.
        let r = unsafe {
            libc::setsockopt(
                s,
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const *l).cast(),
                size_of_val(l) as _,
            )
        };
        assert_eq!(r, 0);
    }
}

#[cfg(windows)]
mod os {
    use super::evutil_socket_t;
    use std::ffi::c_int;
    use std::fs::File;
    use std::io::{Read, Result, Write};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::windows::io::{AsRawHandle, AsRawSocket, FromRawSocket, IntoRawHandle, IntoRawSocket};

    /// The names that tests use, with the meanings that they have on Unix as far as there is one.
    #[allow(non_camel_case_types, clippy::missing_safety_doc, reason = "as in C")]
    #[allow(clippy::undocumented_unsafe_blocks, reason = "the callers keep C's rules")]
    pub(crate) mod libc {
        use super::evutil_socket_t;
        pub(crate) use ::libc::{EADDRNOTAVAIL, SIG_IGN, calloc, signal, strdup};
        pub(crate) use oxievent::sys::c::*;
        pub(crate) use oxievent::sys::socket::{SOCK_CLOEXEC, SOCK_NONBLOCK};
        use oxievent::sys::threads as os;
        use oxievent::{Error, Result};
        use std::ffi::{c_int, c_ulong, c_void};

        pub(crate) const EADDRINUSE: c_int = 10048;
        pub(crate) const EPIPE: c_int = 10058;
        // Signals of the runtime stand for those of Unix.
        pub(crate) const SIGUSR1: c_int = SIGINT;
        pub(crate) const SIGUSR2: c_int = SIGTERM;
        pub(crate) const SIGHUP: c_int = SIGBREAK;
        pub(crate) const SIGURG: c_int = SIGILL;
        pub(crate) const SIGPROF: c_int = SIGFPE;
        pub(crate) const F_GETFD: c_int = 1;
        pub(crate) struct linger {
            pub(crate) l_onoff: u16,
            pub(crate) l_linger: u16,
        }

        fn number<T>(r: Result<T>, f: impl FnOnce(T) -> isize) -> isize {
            match r {
                Ok(v) => f(v),
                Err(Error::Os(e)) => {
                    oxievent::sys::set_errno(e);
                    -1
                }
                Err(e) => panic!("{e:?}"),
            }
        }
        pub(crate) unsafe fn close(s: evutil_socket_t) -> c_int {
            number(oxievent::sys::fd::try_close(s), |()| 0) as c_int
        }
        pub(crate) unsafe fn read(s: evutil_socket_t, to: *mut c_void, n: usize) -> isize {
            let room = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), n) };
            number(oxievent::sys::fd::read(s, room), |n| n as isize)
        }
        pub(crate) unsafe fn write(s: evutil_socket_t, from: *const c_void, n: usize) -> isize {
            let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), n) };
            number(oxievent::sys::fd::write(s, bytes), |n| n as isize)
        }
        pub(crate) unsafe fn socket(family: c_int, kind: c_int, protocol: c_int) -> evutil_socket_t {
            number(oxievent::sys::socket::socket(family, kind, protocol), |s| s)
        }
        pub(crate) unsafe fn socketpair(
            family: c_int,
            kind: c_int,
            protocol: c_int,
            out: *mut evutil_socket_t,
        ) -> c_int {
            number(oxievent::util::socket::pair(family, kind, protocol), |(a, b)| {
                unsafe {
                    *out = a;
                    *out.add(1) = b;
                }
                0
            }) as c_int
        }
        pub(crate) const O_NONBLOCK: c_int = SOCK_NONBLOCK;
        pub(crate) const MSG_NOSIGNAL: c_int = 0;
        pub(crate) const SO_LINGER: c_int = 0x80;
        pub(crate) unsafe fn pipe(out: *mut evutil_socket_t) -> c_int {
            unsafe { pipe2(out, 0) }
        }
        pub(crate) unsafe fn pipe2(out: *mut evutil_socket_t, _: c_int) -> c_int {
            number(oxievent::sys::fd::pipe(), |(r, w)| {
                unsafe {
                    *out = r;
                    *out.add(1) = w;
                }
                0
            }) as c_int
        }
        pub(crate) unsafe fn recv(s: evutil_socket_t, to: *mut c_void, n: usize, _: c_int) -> isize {
            unsafe { read(s, to, n) }
        }
        pub(crate) unsafe fn send(s: evutil_socket_t, from: *const c_void, n: usize, _: c_int) -> isize {
            unsafe { write(s, from, n) }
        }
        /// Options that are ints.
        pub(crate) unsafe fn setsockopt(
            s: evutil_socket_t,
            level: c_int,
            name: c_int,
            value: *const c_void,
            _: socklen_t,
        ) -> c_int {
            let value = unsafe { *value.cast::<c_int>() };
            number(oxievent::sys::socket::set_option(s, level, name, value), |()| 0) as c_int
        }
        pub(crate) unsafe fn getsockopt(
            s: evutil_socket_t,
            level: c_int,
            name: c_int,
            value: *mut c_void,
            _: *mut socklen_t,
        ) -> c_int {
            number(oxievent::sys::socket::option(s, level, name), |v| {
                unsafe { *value.cast::<c_int>() = v };
                0
            }) as c_int
        }
        pub(crate) unsafe fn bind(s: evutil_socket_t, a: *const sockaddr, len: socklen_t) -> c_int {
            number(unsafe { oxievent::sys::socket::bind(s, a, len) }, |()| 0) as c_int
        }
        pub(crate) unsafe fn connect(s: evutil_socket_t, a: *const sockaddr, len: socklen_t) -> c_int {
            number(unsafe { oxievent::sys::socket::connect(s, a, len) }, |()| 0) as c_int
        }
        pub(crate) unsafe fn listen(s: evutil_socket_t, backlog: c_int) -> c_int {
            number(oxievent::sys::socket::listen(s, backlog), |()| 0) as c_int
        }
        pub(crate) unsafe fn shutdown(s: evutil_socket_t, how: c_int) -> c_int {
            number(oxievent::sys::socket::shutdown(s, how), |()| 0) as c_int
        }
        unsafe fn put(
            r: Result<(sockaddr_storage, socklen_t)>,
            a: *mut sockaddr,
            len: *mut socklen_t,
        ) -> c_int {
            number(r, |(from, n)| unsafe {
                *len = (*len).min(n);
                std::ptr::copy_nonoverlapping((&raw const from).cast::<u8>(), a.cast(), *len as usize);
                0
            }) as c_int
        }
        pub(crate) unsafe fn getsockname(s: evutil_socket_t, a: *mut sockaddr, len: *mut socklen_t) -> c_int {
            unsafe { put(oxievent::sys::socket::local_address(s), a, len) }
        }
        pub(crate) unsafe fn getpeername(s: evutil_socket_t, a: *mut sockaddr, len: *mut socklen_t) -> c_int {
            unsafe { put(oxievent::sys::socket::peer_address(s), a, len) }
        }
        /// Whether the socket is open: 0 or -1.
        pub(crate) unsafe fn fcntl(s: evutil_socket_t, _get: c_int) -> c_int {
            if oxievent::sys::fd::is_open(s) { 0 } else { -1 }
        }

        pub(crate) type pthread_mutex_t = os::Section;
        pub(crate) type pthread_mutexattr_t = ();
        pub(crate) type pthread_cond_t = os::Condition;
        pub(crate) const PTHREAD_MUTEX_RECURSIVE: c_int = 1;
        pub(crate) unsafe fn pthread_mutexattr_init(_: *mut ()) {}
        pub(crate) unsafe fn pthread_mutexattr_settype(_: *mut (), _: c_int) {}
        pub(crate) unsafe fn pthread_mutex_init(m: *mut pthread_mutex_t, _: *const ()) -> c_int {
            c_int::from(!unsafe { os::init(m) })
        }
        pub(crate) unsafe fn pthread_mutex_destroy(m: *mut pthread_mutex_t) -> c_int {
            unsafe { os::delete(m) };
            0
        }
        pub(crate) unsafe fn pthread_mutex_lock(m: *mut pthread_mutex_t) -> c_int {
            unsafe { os::enter(m) };
            0
        }
        pub(crate) unsafe fn pthread_mutex_trylock(m: *mut pthread_mutex_t) -> c_int {
            c_int::from(!unsafe { os::try_enter(m) })
        }
        pub(crate) unsafe fn pthread_mutex_unlock(m: *mut pthread_mutex_t) -> c_int {
            unsafe { os::leave(m) };
            0
        }
        pub(crate) unsafe fn pthread_self() -> c_ulong {
            os::current_id()
        }
        pub(crate) unsafe fn pthread_cond_init(c: *mut pthread_cond_t, _: *const ()) {
            unsafe { os::init_condition(c) }
        }
        pub(crate) unsafe fn pthread_cond_destroy(_: *mut pthread_cond_t) {}
        pub(crate) unsafe fn pthread_cond_signal(c: *mut pthread_cond_t) -> c_int {
            unsafe { os::wake(c, false) };
            0
        }
        pub(crate) unsafe fn pthread_cond_broadcast(c: *mut pthread_cond_t) -> c_int {
            unsafe { os::wake(c, true) };
            0
        }
        pub(crate) unsafe fn pthread_cond_wait(c: *mut pthread_cond_t, m: *mut pthread_mutex_t) -> c_int {
            c_int::from(!matches!(unsafe { os::wait(c, m, None) }, os::Woken::Yes))
        }
        /// Waits for so many milliseconds; true if nothing came.
        pub(crate) unsafe fn wait_for(c: *mut pthread_cond_t, m: *mut pthread_mutex_t, ms: u32) -> bool {
            matches!(unsafe { os::wait(c, m, Some(ms)) }, os::Woken::TimedOut)
        }
    }
    pub(super) unsafe fn set_linger(s: evutil_socket_t, l: &libc::linger) {
        const SO_LINGER: c_int = 0x80;
        let both = c_int::from(l.l_onoff) | c_int::from(l.l_linger) << 16;
        oxievent::sys::socket::set_option(s, libc::SOL_SOCKET, SO_LINGER, both).unwrap();
    }

    pub(super) fn temp_file() -> File {
        use std::os::windows::fs::OpenOptionsExt;
        use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        const DELETE_ON_CLOSE: u32 = 0x0400_0000;
        let name = format!("oxievent-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let mut how = std::fs::OpenOptions::new();
        how.read(true).write(true).create_new(true).custom_flags(DELETE_ON_CLOSE);
        how.open(std::env::temp_dir().join(name)).unwrap()
    }

    unsafe extern "C" {
        #[link_name = "_open_osfhandle"]
        fn descriptor_of(handle: isize, flags: c_int) -> c_int;
    }

    /// A stream over the loopback interface.
    pub(crate) struct UnixStream(TcpStream);
    impl UnixStream {
        pub(crate) fn pair() -> Result<(UnixStream, UnixStream)> {
            let l = TcpListener::bind("127.0.0.1:0")?;
            let a = TcpStream::connect(l.local_addr()?)?;
            let (b, from) = l.accept()?;
            assert_eq!(from, a.local_addr()?);
            a.set_nodelay(true)?;
            b.set_nodelay(true)?;
            Ok((UnixStream(a), UnixStream(b)))
        }
        pub(crate) fn try_clone(&self) -> Result<UnixStream> {
            self.0.try_clone().map(UnixStream)
        }
    }
    impl std::ops::Deref for UnixStream {
        type Target = TcpStream;
        fn deref(&self) -> &TcpStream {
            &self.0
        }
    }
    impl Read for UnixStream {
        fn read(&mut self, b: &mut [u8]) -> Result<usize> {
            self.0.read(b)
        }
    }
    impl Write for UnixStream {
        fn write(&mut self, b: &[u8]) -> Result<usize> {
            self.0.write(b)
        }
        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }
    impl Read for &UnixStream {
        fn read(&mut self, b: &mut [u8]) -> Result<usize> {
            (&self.0).read(b)
        }
    }
    impl Write for &UnixStream {
        fn write(&mut self, b: &[u8]) -> Result<usize> {
            (&self.0).write(b)
        }
        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    pub(crate) trait AsRawFd {
        type Fd;
        fn as_raw_fd(&self) -> Self::Fd;
    }
    pub(crate) trait IntoRawFd {
        type Fd;
        fn into_raw_fd(self) -> Self::Fd;
    }
    pub(crate) trait FromRawFd {
        type Fd;
        unsafe fn from_raw_fd(fd: Self::Fd) -> Self;
    }
    macro_rules! sockets {
        ($($t:ty)+) => {$(
            impl AsRawFd for $t {
                type Fd = evutil_socket_t;
                fn as_raw_fd(&self) -> evutil_socket_t {
                    self.as_raw_socket() as evutil_socket_t
                }
            }
            impl IntoRawFd for $t {
                type Fd = evutil_socket_t;
                fn into_raw_fd(self) -> evutil_socket_t {
                    self.into_raw_socket() as evutil_socket_t
                }
            }
            impl FromRawFd for $t {
                type Fd = evutil_socket_t;
                unsafe fn from_raw_fd(fd: evutil_socket_t) -> Self {
                    // SAFETY: the caller's promise.
                    unsafe { <$t>::from_raw_socket(fd as _) }
                }
            }
        )+};
    }
    sockets!(TcpStream TcpListener UdpSocket);
    /// A socket that closes itself.
    pub(crate) type OwnedFd = TcpStream;
    impl AsRawFd for UnixStream {
        type Fd = evutil_socket_t;
        fn as_raw_fd(&self) -> evutil_socket_t {
            self.0.as_raw_fd()
        }
    }
    impl IntoRawFd for UnixStream {
        type Fd = evutil_socket_t;
        fn into_raw_fd(self) -> evutil_socket_t {
            self.0.into_raw_fd()
        }
    }
    impl FromRawFd for UnixStream {
        type Fd = evutil_socket_t;
        unsafe fn from_raw_fd(fd: evutil_socket_t) -> Self {
            // SAFETY: the caller's promise.
            UnixStream(unsafe { TcpStream::from_raw_fd(fd) })
        }
    }
    /// A descriptor of the C runtime's for the same open file.
    impl AsRawFd for File {
        type Fd = c_int;
        fn as_raw_fd(&self) -> c_int {
            self.try_clone().unwrap().into_raw_fd()
        }
    }
    /// A descriptor of the C runtime's, which then owns the file.
    impl IntoRawFd for File {
        type Fd = c_int;
        fn into_raw_fd(self) -> c_int {
            // SAFETY: the handle is given away.
            unsafe { descriptor_of(self.into_raw_handle() as isize, 0) }
        }
    }
}
