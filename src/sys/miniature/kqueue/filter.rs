//! The filters: whether a note's condition holds, and what is told of it.
use super::{
    EV_CLEAR, EV_EOF, EVFILT_WRITE, Errno, Key, Knote, NOTE_FILE_POLL, NOTE_LOWAT, checked, signals,
};
use libc::{c_int, c_short, c_void};
use std::mem::{size_of, zeroed};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Socket,
    Pipe,
    Vnode,
    /// Terminals and what Linux has besides.
    Device,
}

pub(super) enum Filter {
    Descriptor {
        kind: Kind,
        /// In an epoll set; files cannot be.
        polled: bool,
        id: (u64, u64),
    },
    Signal {
        /// Deliveries that have been told.
        seen: u64,
    },
    User {
        triggered: bool,
    },
}

pub(super) enum Look {
    Quiet,
    Ready { flags: u16, fflags: u32, data: i64 },
}

/// What a descriptor is: the device and number of its file.
pub(super) fn identity(fd: c_int) -> Result<(u64, u64), Errno> {
    status(fd).map(|st| id_of(&st))
}
#[allow(clippy::unnecessary_cast, reason = "narrower on 32-bit systems")]
fn id_of(st: &libc::stat) -> (u64, u64) {
    (st.st_dev as u64, st.st_ino as u64)
}
fn status(fd: c_int) -> Result<libc::stat, Errno> {
    // SAFETY: a zeroed stat is a place for the answer.
    let mut st: libc::stat = unsafe { zeroed() };
    // SAFETY: as above; the kernel checks `fd`.
    checked(unsafe { libc::fstat(fd, &mut st) }).map(|_| st)
}

/// The filter of a new note for the descriptor `fd`.
pub(super) fn attach(filter: i16, fd: c_int) -> Result<Filter, Errno> {
    let st = status(fd)?;
    let (kind, polled) = match st.st_mode & libc::S_IFMT {
        libc::S_IFSOCK => (Kind::Socket, true),
        libc::S_IFIFO => (Kind::Pipe, true),
        libc::S_IFREG | libc::S_IFDIR | libc::S_IFLNK | libc::S_IFBLK => (Kind::Vnode, false),
        _ => (Kind::Device, true),
    };
    // The other end of the pipe has gone: there is nothing to wait for.
    if kind == Kind::Pipe && filter == EVFILT_WRITE && poll(fd, libc::POLLOUT) & libc::POLLERR != 0 {
        return Err(libc::EPIPE);
    }
    // Devices that know no events refuse.
    if kind == Kind::Device && !can_be_polled(fd) {
        return Err(libc::ENODEV);
    }
    Ok(Filter::Descriptor { kind, polled, id: id_of(&st) })
}
fn can_be_polled(fd: c_int) -> bool {
    // SAFETY: no pointers.
    let Ok(set) = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }) else { return true };
    let r = super::epoll_ctl(set, libc::EPOLL_CTL_ADD, fd, 0, 0);
    super::close_fd(set);
    r != Err(libc::EPERM)
}

fn poll(fd: c_int, events: c_short) -> c_short {
    let mut p = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one entry, no wait.
    unsafe { libc::poll(&mut p, 1, 0) };
    p.revents
}
fn ioctl(fd: c_int, request: libc::c_ulong) -> i64 {
    let mut n: c_int = 0;
    // SAFETY: both requests store an int.
    let r = unsafe { libc::ioctl(fd, request as _, &raw mut n) };
    if r < 0 { 0 } else { n.into() }
}
fn option(fd: c_int, level: c_int, name: c_int) -> i64 {
    let mut n: c_int = 0;
    let mut len = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: room for an int.
    let r = unsafe { libc::getsockopt(fd, level, name, (&raw mut n).cast::<c_void>(), &mut len) };
    if r < 0 { 0 } else { n.into() }
}
/// Connections that wait to be accepted.
fn backlog(fd: c_int) -> i64 {
    // SAFETY: zeros are a place for the answer.
    let mut info: libc::tcp_info = unsafe { zeroed() };
    let mut len = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: room for what is asked.
    let r = unsafe {
        libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, (&raw mut info).cast::<c_void>(), &mut len)
    };
    if r < 0 { 1 } else { i64::from(info.tcpi_unacked).max(1) }
}
#[allow(clippy::unnecessary_cast, reason = "narrower on 32-bit systems")]
fn bytes_to_end(fd: c_int) -> i64 {
    // SAFETY: numbers only.
    let at = unsafe { libc::lseek(fd, 0, libc::SEEK_CUR) };
    status(fd).map_or(0, |st| st.st_size as i64 - at as i64)
}

/// Whether the condition of `note` holds now.
pub(super) fn look(key: Key, note: &Knote) -> Look {
    let fd = key.1 as c_int;
    match note.filter {
        Filter::Signal { seen } => match signals::count(fd).wrapping_sub(seen) {
            0 => Look::Quiet,
            n => Look::Ready { flags: EV_CLEAR, fflags: 0, data: n as i64 },
        },
        Filter::User { triggered: false } => Look::Quiet,
        Filter::User { triggered: true } => Look::Ready { flags: 0, fflags: note.fflags, data: note.data },
        Filter::Descriptor { kind, .. } if key.0 == EVFILT_WRITE => writable(fd, kind, note),
        Filter::Descriptor { kind, .. } => readable(fd, kind, note),
    }
}

fn ready(end: bool, error: Errno, data: i64) -> Look {
    Look::Ready { flags: if end { EV_EOF } else { 0 }, fflags: error as u32, data }
}

fn readable(fd: c_int, kind: Kind, note: &Knote) -> Look {
    if kind == Kind::Vnode {
        let data = bytes_to_end(fd);
        let always = note.fflags & NOTE_FILE_POLL != 0;
        return if always || data != 0 { ready(false, 0, data) } else { Look::Quiet };
    }
    let r = poll(fd, libc::POLLIN | libc::POLLRDHUP);
    let has = |flag: c_short| r & flag != 0;
    match kind {
        Kind::Socket => {
            if option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN) != 0 {
                return if has(libc::POLLIN) { ready(false, 0, backlog(fd)) } else { Look::Quiet };
            }
            // A hang-up without this is a socket that has never been connected.
            let end = has(libc::POLLRDHUP);
            let error = has(libc::POLLERR);
            let data = ioctl(fd, libc::FIONREAD as _);
            let enough = if note.fflags & NOTE_LOWAT != 0 { data >= note.data } else { has(libc::POLLIN) };
            if end || error || enough {
                return ready(end, if end && error { libc::ECONNRESET } else { 0 }, data);
            }
            Look::Quiet
        }
        Kind::Pipe => {
            let (end, data) = (has(libc::POLLHUP), ioctl(fd, libc::FIONREAD as _));
            if end || data > 0 && has(libc::POLLIN) { ready(end, 0, data) } else { Look::Quiet }
        }
        _ => {
            let end = has(libc::POLLHUP);
            if end || has(libc::POLLIN | libc::POLLERR) {
                return ready(end, 0, ioctl(fd, libc::FIONREAD as _));
            }
            Look::Quiet
        }
    }
}

fn writable(fd: c_int, kind: Kind, note: &Knote) -> Look {
    if kind == Kind::Vnode {
        return ready(false, 0, 0);
    }
    let r = poll(fd, libc::POLLOUT | libc::POLLRDHUP);
    let has = |flag: c_short| r & flag != 0;
    match kind {
        Kind::Socket => {
            let error = has(libc::POLLERR);
            let stream = option(fd, libc::SOL_SOCKET, libc::SO_TYPE) != i64::from(libc::SOCK_DGRAM);
            let end = stream && (error || has(libc::POLLHUP) && has(libc::POLLRDHUP));
            if has(libc::POLLHUP) && !has(libc::POLLRDHUP) && !error {
                // Not connected.
                return Look::Quiet;
            }
            let queued = ioctl(fd, libc::TIOCOUTQ as _);
            let space = (option(fd, libc::SOL_SOCKET, libc::SO_SNDBUF) - queued).max(0);
            let enough = has(libc::POLLOUT) && (note.fflags & NOTE_LOWAT == 0 || space >= note.data);
            if end || error || enough {
                return ready(end, if end && error { libc::ECONNRESET } else { 0 }, space);
            }
            Look::Quiet
        }
        Kind::Pipe => {
            let end = has(libc::POLLERR);
            // SAFETY: numbers only.
            let size = i64::from(unsafe { libc::fcntl(fd, libc::F_GETPIPE_SZ) });
            let space = (size - ioctl(fd, libc::FIONREAD as _)).max(0);
            if end || has(libc::POLLOUT) { ready(end, 0, space) } else { Look::Quiet }
        }
        _ => {
            let end = has(libc::POLLHUP);
            if end || has(libc::POLLOUT | libc::POLLERR) { ready(end, 0, 0) } else { Look::Quiet }
        }
    }
}

/// The program has been told of `note` with this `data`: what its filter forgets by that.
pub(super) fn handed_out(note: &mut Knote, data: i64) {
    match &mut note.filter {
        // Not what has been counted by now: a signal may have come since it was looked at.
        Filter::Signal { seen } => *seen = seen.wrapping_add(data as u64),
        Filter::User { triggered } if note.flags & EV_CLEAR != 0 => {
            *triggered = false;
            note.fflags = 0;
            note.data = 0;
        }
        _ => {}
    }
}
