//! C's types, constants and functions that the engine uses besides system calls, by the names that they have in C.
//! The engine above `sys` names them through this module only: each system has its own.
#![allow(non_camel_case_types, reason = "the names are those of C")]
#[cfg(not(any(
    target_os = "openbsd",
    target_os = "dragonfly",
    target_os = "solaris",
    target_os = "illumos"
)))]
pub use libc::IPPROTO_SCTP;
/// The protocol's number is the same everywhere.
#[cfg(any(target_os = "openbsd", target_os = "dragonfly", target_os = "solaris", target_os = "illumos"))]
pub const IPPROTO_SCTP: std::ffi::c_int = 132;
#[cfg(not(any(target_os = "solaris", target_os = "illumos")))]
pub use libc::{AI_ADDRCONFIG, AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE};
#[cfg(not(any(
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "solaris",
    target_os = "illumos"
)))]
pub use libc::{AI_ALL, AI_V4MAPPED};
/// These systems do not know the two: the numbers are our header's.
#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
pub const AI_V4MAPPED: std::ffi::c_int = 0x10000;
#[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
pub const AI_ALL: std::ffi::c_int = 0x20000;
/// Flags that the system's resolver must not be shown.
pub const AI_UNKNOWN: std::ffi::c_int =
    if cfg!(any(target_os = "netbsd", target_os = "openbsd")) { AI_V4MAPPED | AI_ALL } else { 0 };
/// libc lacks what is in <netdb.h> here.
#[cfg(any(target_os = "solaris", target_os = "illumos"))]
mod netdb {
    use std::ffi::c_int;
    pub const AI_V4MAPPED: c_int = 0x01;
    pub const AI_ALL: c_int = 0x02;
    pub const AI_ADDRCONFIG: c_int = 0x04;
    pub const AI_PASSIVE: c_int = 0x08;
    pub const AI_NUMERICHOST: c_int = 0x20;
    pub const AI_NUMERICSERV: c_int = 0x40;
}
pub use libc::{
    AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, AI_CANONNAME, EAGAIN, EAI_AGAIN, EAI_BADFLAGS, EAI_FAIL,
    EAI_FAMILY, EAI_MEMORY, EAI_NONAME, EAI_SERVICE, EAI_SOCKTYPE, EAI_SYSTEM, EBADF, ECONNABORTED,
    ECONNREFUSED, ECONNRESET, EINTR, EINVAL, EIO, EMFILE, EMSGSIZE, ENFILE, ENOBUFS, ENOENT, ENOMEM, ENOSYS,
    EOPNOTSUPP, EPERM, EPROTOTYPE, F_GETFD, F_GETFL, FD_CLOEXEC, IF_NAMESIZE, IPPROTO_IPV6, IPPROTO_TCP,
    IPPROTO_UDP, IPV6_V6ONLY, O_NONBLOCK, O_RDONLY, POLLIN, SHUT_WR, SIGCONT, SIGKILL, SIGUSR1, SIGUSR2,
    SIGWINCH, SO_KEEPALIVE, SO_RCVBUF, SO_REUSEADDR, SO_SNDBUF, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET,
    TCP_NODELAY, abort, addrinfo, exit, fcntl, free, freeaddrinfo, gai_strerror, getaddrinfo, getenv,
    gethostname, gmtime_r, if_indextoname, if_nametoindex, iovec, malloc, memchr, pollfd, pthread_mutex_lock,
    pthread_mutex_unlock, raise, realloc, sa_family_t, sockaddr, sockaddr_in, sockaddr_in6, sockaddr_storage,
    socklen_t, strerror_r, strnlen, time, timeval, tm, write,
};
#[cfg(any(target_os = "solaris", target_os = "illumos"))]
pub use netdb::*;

/// The type of `tv_sec`.
pub type tv_sec_t = time_t;
#[allow(deprecated, reason = "libc warns of what changes for 32-bit musl")]
pub type time_t = libc::time_t;
#[allow(deprecated, reason = "as above")]
pub type suseconds_t = libc::suseconds_t;
/// The type of `ai_addrlen`.
pub type ai_addrlen_t = libc::socklen_t;
// Those that only the C surface needs.
pub use libc::{EAFNOSUPPORT, EFAULT, ENOSPC, in_addr, in6_addr};
