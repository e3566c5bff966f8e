//! Event ports of Solaris and illumos, from their manual pages: port_create(3C), port_associate(3C), port_get(3C),
//! port_send(3C) and port_alert(3C). A port is an epoll descriptor whose entries report once; what has been sent, and
//! what epoll does not take (regular files), waits in a queue of ours.
//!
//! Where a manual page leaves something open the stricter way of the known systems is taken: an interrupted port_getn
//! leaves `*nget` as it was, and a wait that ends without enough events fails with ETIME though it brings some.
//! Not here: sources other than FD, USER and ALERT; events sent to a port that two processes share.
#![allow(clippy::disallowed_types, reason = "for tests only: std's collections will do")]
#![allow(non_camel_case_types, reason = "C's names")]
use crate::sys::{errno, set_errno};
use libc::{
    EACCES, EAGAIN, EBADF, EBADFD, EBUSY, EEXIST, EINTR, EINVAL, ENOENT, ENOTSUP, EPERM, ETIME, POLLIN,
    POLLOUT, c_int, c_uint, c_ushort, c_void, timespec, uintptr_t,
};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const PORT_SOURCE_USER: c_int = 3;
pub const PORT_SOURCE_FD: c_int = 4;
pub const PORT_SOURCE_ALERT: c_int = 5;
pub const PORT_SOURCE_FILE: c_int = 7;
pub const PORT_ALERT_SET: c_int = 1;
pub const PORT_ALERT_UPDATE: c_int = 2;

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct port_event {
    pub portev_events: c_int,
    pub portev_source: c_ushort,
    pub portev_pad: c_ushort,
    pub portev_object: uintptr_t,
    pub portev_user: *mut c_void,
}

/// process.max-port-events
const MOST: usize = 65536;

/// An object that is associated, from port_associate until its event is retrieved.
struct Association {
    owner: u32,
    /// Which association of this port it is: an event of an earlier one is void.
    serial: u32,
    events: c_int,
    user: usize,
    /// What the descriptor was, if epoll did not take it.
    file: Option<(u64, u64)>,
}
/// An event that has not been retrieved.
struct Fired {
    events: c_int,
    source: c_int,
    object: usize,
    user: usize,
    serial: u32,
}
/// A thread that sleeps in port_getn; its descriptor wakes it.
struct Waiter {
    fd: c_int,
    busy: bool,
}
struct State {
    associated: BTreeMap<c_int, Association>,
    queue: VecDeque<Fired>,
    alert: Option<(c_int, usize)>,
    waiters: Vec<Waiter>,
    serial: u32,
    most: usize,
    closed: bool,
}
struct Port {
    epfd: c_int,
    state: Mutex<State>,
}
/// The ports of this process by descriptor. One that was closed without `close` stays until its number is used again.
static PORTS: Mutex<BTreeMap<c_int, Arc<Port>>> = Mutex::new(BTreeMap::new());

type Done<T> = Result<T, c_int>;

fn answer(r: Done<()>) -> c_int {
    match r {
        Ok(()) => 0,
        Err(e) => {
            set_errno(e);
            -1
        }
    }
}
fn is_open(fd: c_int) -> bool {
    // SAFETY: fcntl on integers.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}
fn find(port: c_int) -> Done<Arc<Port>> {
    if !is_open(port) {
        return Err(EBADF);
    }
    PORTS.lock().get(&port).cloned().ok_or(EBADFD)
}
fn file_of(fd: c_int) -> Option<(u64, u64)> {
    // SAFETY: a zeroed stat is a valid place for the answer.
    let mut st: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    (unsafe { libc::fstat(fd, &mut st) } == 0).then_some((st.st_dev as u64, st.st_ino as u64))
}
fn object_fd(source: c_int, object: uintptr_t) -> Done<c_int> {
    match source {
        PORT_SOURCE_FD => {}
        PORT_SOURCE_FILE => return Err(ENOTSUP),
        _ => return Err(EINVAL),
    }
    let fd = c_int::try_from(object).map_err(|_| EBADFD)?;
    if is_open(fd) { Ok(fd) } else { Err(EBADFD) }
}

impl Port {
    /// Whether `fd` is still the file that was associated: closing it has ended the association.
    fn is_same(&self, fd: c_int, a: &Association) -> bool {
        if a.file.is_some() {
            return file_of(fd) == a.file;
        }
        const KCMP_EPOLL_TFD: c_int = 7;
        let slot: [u32; 3] = [self.epfd as u32, fd as u32, 0];
        // SAFETY: `slot` is the structure that this kind of comparison reads.
        let r = unsafe {
            let pid = libc::getpid();
            libc::syscall(libc::SYS_kcmp, pid, pid, KCMP_EPOLL_TFD, fd, slot.as_ptr())
        };
        // A kernel that does not compare: nearly always it is.
        r == 0 || (r < 0 && errno() != EBADF && errno() != ENOENT && is_open(fd))
    }
    /// Lets go of associations whose descriptors have been closed, with their events.
    fn forget_closed(&self, s: &mut State) {
        let gone: Vec<c_int> =
            s.associated.iter().filter(|(fd, a)| !self.is_same(**fd, a)).map(|(fd, _)| *fd).collect();
        for fd in gone {
            s.forget(fd);
        }
    }
    /// Takes what epoll has into the queue.
    fn pump(&self, s: &mut State) {
        let mut list = [libc::epoll_event { events: 0, u64: 0 }; 64];
        loop {
            // SAFETY: `list` has room for its length.
            let n = unsafe { libc::epoll_wait(self.epfd, list.as_mut_ptr(), list.len() as c_int, 0) };
            let n = usize::try_from(n).unwrap_or(0);
            for e in list.iter().take(n) {
                let (flags, data) = (e.events, e.u64);
                let (fd, serial) = (data as u32 as c_int, (data >> 32) as u32);
                let Some(a) = s.associated.get(&fd).filter(|a| a.serial == serial) else { continue };
                let wanted = (a.events | libc::POLLERR as c_int | libc::POLLHUP as c_int) as u32;
                let events = (flags & wanted) as c_int;
                let (object, user) = (fd as usize, a.user);
                s.queue.push_back(Fired { events, source: PORT_SOURCE_FD, object, user, serial });
            }
            if n < list.len() {
                break;
            }
        }
        // Events of descriptors that were closed, or became other files, before anybody retrieved them.
        let fds: Vec<c_int> =
            s.queue.iter().filter(|f| f.source == PORT_SOURCE_FD).map(|f| f.object as c_int).collect();
        for fd in fds {
            if s.associated.get(&fd).is_some_and(|a| !self.is_same(fd, a)) {
                s.forget(fd);
            }
        }
    }
    fn associate(&self, fd: c_int, events: c_int, user: usize) -> Done<()> {
        let s = &mut *self.state.lock();
        if s.associated.len() + s.queue.len() >= s.most {
            self.forget_closed(s);
        }
        let old = s.associated.get(&fd).filter(|a| self.is_same(fd, a)).map(|a| a.owner);
        if old.is_none() && s.associated.len() + s.queue.len() >= s.most {
            return Err(EAGAIN);
        }
        s.forget(fd);
        s.serial = s.serial.wrapping_add(1);
        let serial = s.serial;
        let mut e = libc::epoll_event {
            events: events as u32 & 0xffff | libc::EPOLLONESHOT as u32,
            u64: u64::from(serial) << 32 | u64::from(fd as u32),
        };
        let mut ctl = |op| {
            // SAFETY: `e` lives for the call.
            let r = unsafe { libc::epoll_ctl(self.epfd, op, fd, &mut e) };
            if r == 0 { Ok(()) } else { Err(errno()) }
        };
        let mut done = ctl(libc::EPOLL_CTL_ADD);
        if done == Err(EEXIST) {
            done = ctl(libc::EPOLL_CTL_MOD);
        }
        let mut file = None;
        match done {
            Ok(()) => {}
            // What epoll refuses is always ready.
            Err(EPERM) => {
                file = file_of(fd);
                let events = events & (POLLIN | POLLOUT | libc::POLLRDNORM) as c_int;
                if events != 0 {
                    let object = fd as usize;
                    s.queue.push_back(Fired { events, source: PORT_SOURCE_FD, object, user, serial });
                }
            }
            Err(EBADF) => return Err(EBADFD),
            Err(e) => return Err(e),
        }
        let owner = old.unwrap_or_else(std::process::id);
        s.associated.insert(fd, Association { owner, serial, events, user, file });
        s.wake();
        Ok(())
    }
    fn dissociate(&self, fd: c_int) -> Done<()> {
        let s = &mut *self.state.lock();
        let owner = s.associated.get(&fd).filter(|a| self.is_same(fd, a)).map(|a| a.owner);
        match owner {
            None => {
                s.forget(fd);
                Err(ENOENT)
            }
            Some(pid) if pid != std::process::id() => Err(EACCES),
            Some(_) => {
                s.forget(fd);
                // SAFETY: the deletion reads no event.
                unsafe { libc::epoll_ctl(self.epfd, libc::EPOLL_CTL_DEL, fd, std::ptr::null_mut()) };
                Ok(())
            }
        }
    }
    fn send(&self, events: c_int, user: usize) -> Done<()> {
        let s = &mut *self.state.lock();
        if s.associated.len() + s.queue.len() >= s.most {
            return Err(EAGAIN);
        }
        s.queue.push_back(Fired { events, source: PORT_SOURCE_USER, object: 0, user, serial: 0 });
        s.wake();
        Ok(())
    }
    fn alert(&self, flags: c_int, events: c_int, user: usize) -> Done<()> {
        let s = &mut *self.state.lock();
        if flags & PORT_ALERT_SET != 0 && flags & PORT_ALERT_UPDATE != 0 {
            return Err(EINVAL);
        }
        if flags == PORT_ALERT_UPDATE && s.alert.is_some() && events != 0 {
            return Err(EBUSY);
        }
        s.alert = (events != 0).then_some((events, user));
        s.wake();
        Ok(())
    }
    /// The events that are retrieved, at most `most`. Err comes with what was retrieved all the same.
    fn get(&self, want: usize, most: usize, until: Option<Instant>) -> (Vec<Fired>, Done<()>) {
        let mut s = self.state.lock();
        loop {
            if s.closed {
                return (Vec::new(), Err(EBADFD));
            }
            if let Some((events, user)) = s.alert {
                let alert = Fired { events, source: PORT_SOURCE_ALERT, object: 0, user, serial: 0 };
                return (Vec::from([alert]), Ok(()));
            }
            self.pump(&mut s);
            if s.queue.len() >= want {
                return (s.retrieve(most), Ok(()));
            }
            let left = until.map(|u| u.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return (s.retrieve(most), Err(ETIME));
            }
            let (back, slept) = self.sleep(s, left);
            s = back;
            if let Err(e) = slept {
                return (Vec::new(), Err(e));
            }
        }
    }
    fn sleep<'a>(
        &'a self,
        mut s: MutexGuard<'a, State>,
        left: Option<Duration>,
    ) -> (MutexGuard<'a, State>, Done<()>) {
        let at = match s.waiters.iter().position(|w| !w.busy) {
            Some(at) => at,
            None => match waker() {
                Ok(fd) => {
                    s.waiters.push(Waiter { fd, busy: false });
                    s.waiters.len() - 1
                }
                Err(e) => return (s, Err(e)),
            },
        };
        s.waiters[at].busy = true;
        let mine = s.waiters[at].fd;
        drop(s);
        let mut set = [self.epfd, mine].map(|fd| libc::pollfd { fd, events: POLLIN, revents: 0 });
        let span = left.map(|l| timespec {
            tv_sec: l.as_secs() as crate::sys::c::time_t,
            tv_nsec: l.subsec_nanos() as libc::c_long,
        });
        let span = span.as_ref().map_or(std::ptr::null(), |s| s as *const timespec);
        // SAFETY: two entries; the time lives for the call; no signal mask.
        let r = unsafe { libc::ppoll(set.as_mut_ptr(), 2, span, std::ptr::null()) };
        let slept = if r < 0 { Err(errno()) } else { Ok(()) };
        let mut s = self.state.lock();
        s.waiters[at].busy = false;
        let mut n = 0u64;
        // SAFETY: eight bytes.
        unsafe { libc::read(mine, (&raw mut n).cast(), 8) };
        (s, slept)
    }
}

impl State {
    fn forget(&mut self, fd: c_int) {
        if let Some(a) = self.associated.remove(&fd) {
            self.queue.retain(|f| f.source != PORT_SOURCE_FD || f.serial != a.serial);
        }
    }
    /// Up to `most` events, whose associations end with that.
    fn retrieve(&mut self, most: usize) -> Vec<Fired> {
        let n = self.queue.len().min(most);
        let got: Vec<Fired> = self.queue.drain(..n).collect();
        for f in got.iter().filter(|f| f.source == PORT_SOURCE_FD) {
            self.associated.remove(&(f.object as c_int));
        }
        if !self.queue.is_empty() {
            self.wake();
        }
        got
    }
    /// Every thread that sleeps looks again.
    fn wake(&self) {
        for w in self.waiters.iter().filter(|w| w.busy) {
            let one = 1u64;
            // SAFETY: eight bytes.
            unsafe { libc::write(w.fd, (&raw const one).cast(), 8) };
        }
    }
}
impl Drop for State {
    fn drop(&mut self) {
        for w in &self.waiters {
            // SAFETY: ours.
            unsafe { libc::close(w.fd) };
        }
    }
}
fn waker() -> Done<c_int> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
    if fd < 0 { Err(errno()) } else { Ok(fd) }
}

/// port_create(3C)
pub fn port_create() -> c_int {
    // SAFETY: no pointers.
    let epfd = unsafe { libc::epoll_create1(0) };
    if epfd < 0 {
        return -1;
    }
    let fd = match waker() {
        Ok(fd) => fd,
        Err(e) => {
            // SAFETY: ours.
            unsafe { libc::close(epfd) };
            return answer(Err(e));
        }
    };
    let state = State {
        associated: BTreeMap::new(),
        queue: VecDeque::new(),
        alert: None,
        waiters: Vec::from([Waiter { fd, busy: false }]),
        serial: 0,
        most: MOST,
        closed: false,
    };
    PORTS.lock().insert(epfd, Arc::new(Port { epfd, state: Mutex::new(state) }));
    epfd
}
/// close(2) of a port.
pub fn close(port: c_int) -> c_int {
    let found = PORTS.lock().remove(&port);
    if let Some(p) = found {
        let mut s = p.state.lock();
        s.closed = true;
        s.wake();
    }
    // SAFETY: the caller owns it.
    unsafe { libc::close(port) }
}
/// port_associate(3C)
pub fn port_associate(
    port: c_int,
    source: c_int,
    object: uintptr_t,
    events: c_int,
    user: *mut c_void,
) -> c_int {
    let done = find(port).and_then(|p| p.associate(object_fd(source, object)?, events, user as usize));
    answer(done)
}
/// port_dissociate(3C)
pub fn port_dissociate(port: c_int, source: c_int, object: uintptr_t) -> c_int {
    let done = find(port).and_then(|p| {
        let fd = object_fd(source, object);
        if fd == Err(EBADFD) {
            // Closing has ended it.
            p.state.lock().forget(object as c_int);
        }
        p.dissociate(fd?)
    });
    answer(done)
}
/// port_send(3C)
pub fn port_send(port: c_int, events: c_int, user: *mut c_void) -> c_int {
    answer(find(port).and_then(|p| p.send(events, user as usize)))
}
/// port_alert(3C)
pub fn port_alert(port: c_int, flags: c_int, events: c_int, user: *mut c_void) -> c_int {
    answer(find(port).and_then(|p| p.alert(flags, events, user as usize)))
}
/// port_getn(3C)
///
/// # Safety
/// `list` has room for `max` events, the other pointers are null or point at one value each.
pub unsafe fn port_getn(
    port: c_int,
    list: *mut port_event,
    max: c_uint,
    nget: *mut c_uint,
    timeout: *const timespec,
) -> c_int {
    // SAFETY: the caller's promise.
    let (nget, timeout) = unsafe { (nget.as_mut(), timeout.as_ref()) };
    let Some(nget) = nget.filter(|n| !list.is_null() && (max == 0 || **n <= max)) else {
        return answer(Err(EINVAL));
    };
    let until = match timeout {
        None => None,
        Some(t) if t.tv_sec < 0 || !(0..1_000_000_000).contains(&t.tv_nsec) => return answer(Err(EINVAL)),
        Some(t) => {
            let span = Duration::new(t.tv_sec as u64, t.tv_nsec as u32);
            Some(Instant::now() + span.min(Duration::from_secs(1 << 32)))
        }
    };
    let port = match find(port) {
        Ok(p) => p,
        Err(e) => return answer(Err(e)),
    };
    if max == 0 {
        let s = &mut *port.state.lock();
        port.pump(s);
        *nget = s.queue.len() as c_uint;
        return 0;
    }
    let (got, done) = port.get(*nget as usize, max as usize, until);
    if done == Err(EINTR) {
        return answer(done);
    }
    for (i, f) in got.iter().enumerate() {
        let e = port_event {
            portev_events: f.events,
            portev_source: f.source as c_ushort,
            portev_pad: 0,
            portev_object: f.object,
            portev_user: f.user as *mut c_void,
        };
        // SAFETY: no more than `max` were retrieved.
        unsafe { list.add(i).write(e) };
    }
    *nget = got.len() as c_uint;
    answer(done)
}
/// setrctl(2) of process.max-port-events, for one port.
pub fn limit(port: c_int, most: usize) {
    if let Ok(p) = find(port) {
        p.state.lock().most = most;
    }
}

#[cfg(test)]
mod tests {
    //! The statements of the manual pages, one by one.
    use super::*;
    use libc::c_short;
    use std::ptr::{null, null_mut};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    const NONE: port_event = port_event {
        portev_events: -7,
        portev_source: 0,
        portev_pad: 0,
        portev_object: 0,
        portev_user: null_mut(),
    };
    struct Bed(c_int);
    impl Bed {
        fn new() -> Bed {
            let port = port_create();
            assert!(port >= 0);
            Bed(port)
        }
        fn associate(&self, fd: c_int, events: c_short, user: usize) -> Done<()> {
            done(port_associate(
                self.0,
                PORT_SOURCE_FD,
                fd as usize,
                c_int::from(events),
                user as *mut c_void,
            ))
        }
        fn dissociate(&self, fd: c_int) -> Done<()> {
            done(port_dissociate(self.0, PORT_SOURCE_FD, fd as usize))
        }
        /// port_getn: nget as it is left, (object, events, user) of each, and how it ended.
        fn getn(&self, want: u32, max: u32, ms: i64) -> (u32, Vec<(usize, c_int, usize)>, Done<()>) {
            let mut list = [NONE; 8];
            let mut n = want;
            let t = timespec {
                tv_sec: (ms / 1000) as crate::sys::c::time_t,
                tv_nsec: (ms % 1000 * 1_000_000) as libc::c_long,
            };
            let t = if ms < 0 { null() } else { &raw const t };
            // SAFETY: room for 8.
            let r = done(unsafe { port_getn(self.0, list.as_mut_ptr(), max, &mut n, t) });
            let got = list
                .iter()
                .filter(|e| e.portev_source != 0)
                .map(|e| (e.portev_object, e.portev_events, e.portev_user as usize))
                .collect();
            (n, got, r)
        }
        /// What is there.
        fn look(&self) -> Vec<(usize, c_int, usize)> {
            let (n, got, r) = self.getn(1, 8, 0);
            assert_eq!((r, n as usize), (if got.is_empty() { Err(ETIME) } else { Ok(()) }, got.len()));
            got
        }
    }
    impl Drop for Bed {
        fn drop(&mut self) {
            close(self.0);
        }
    }
    fn done(r: c_int) -> Done<()> {
        if r == 0 { Ok(()) } else { Err(errno()) }
    }
    fn pipe() -> (c_int, c_int) {
        let mut p = [0; 2];
        // SAFETY: two numbers.
        assert_eq!(unsafe { libc::pipe2(p.as_mut_ptr(), libc::O_NONBLOCK) }, 0);
        // Numbers that no other test of this process is given once they are closed.
        let high = |fd| {
            // SAFETY: the descriptor is ours.
            unsafe {
                let high = libc::fcntl(fd, libc::F_DUPFD, 600);
                libc::close(fd);
                high
            }
        };
        (high(p[0]), high(p[1]))
    }
    fn shut(fd: c_int) {
        // SAFETY: the descriptor is the test's.
        assert_eq!(unsafe { libc::close(fd) }, 0);
    }
    fn put(fd: c_int) {
        // SAFETY: one byte.
        assert_eq!(unsafe { libc::write(fd, b"x".as_ptr().cast(), 1) }, 1);
    }
    const IN: c_int = POLLIN as c_int;

    #[test]
    fn an_association_is_for_one_event() {
        let (b, p) = (Bed::new(), pipe());
        b.associate(p.0, POLLIN, 77).unwrap();
        assert_eq!(b.look(), []);
        put(p.1);
        assert_eq!(b.look(), [(p.0 as usize, IN, 77)]);
        assert_eq!(b.look(), [], "no longer associated");
        assert_eq!(b.dissociate(p.0), Err(ENOENT));
        // There already when it is associated: sent at once.
        b.associate(p.0, POLLIN, 78).unwrap();
        assert_eq!(b.look(), [(p.0 as usize, IN, 78)]);
        shut(p.0);
        shut(p.1);
    }

    #[test]
    fn associating_again_replaces_events_and_user_and_dissociating_ends_it() {
        let (b, p) = (Bed::new(), pipe());
        put(p.1);
        b.associate(p.0, POLLIN, 1).unwrap();
        b.associate(p.0, POLLIN, 2).unwrap();
        assert_eq!(b.look(), [(p.0 as usize, IN, 2)]);
        b.associate(p.0, POLLIN, 3).unwrap();
        b.associate(p.0, POLLOUT, 4).unwrap();
        assert_eq!(b.look(), [], "the event that had been sent is gone with its wish");
        b.associate(p.0, POLLIN, 5).unwrap();
        assert_eq!(b.dissociate(p.0), Ok(()));
        assert_eq!(b.look(), []);
        assert_eq!(b.dissociate(p.0), Err(ENOENT));
        shut(p.0);
        shut(p.1);
    }

    #[test]
    fn closing_a_descriptor_ends_its_association() {
        let (b, p, q) = (Bed::new(), pipe(), pipe());
        put(p.1);
        b.associate(p.0, POLLIN, 1).unwrap();
        // SAFETY: descriptors of the test.
        let spare = unsafe { libc::dup(p.0) };
        shut(p.0);
        assert_eq!(b.look(), [], "with the event that had been sent, though a duplicate keeps the file");
        assert_eq!(b.dissociate(p.0), Err(EBADFD));
        b.associate(spare, POLLIN, 2).unwrap();
        // SAFETY: as above; `spare` becomes another file.
        unsafe { libc::dup2(q.0, spare) };
        put(q.1);
        assert_eq!(b.look(), []);
        assert_eq!(b.dissociate(spare), Err(ENOENT));
        for fd in [p.1, q.0, q.1, spare] {
            shut(fd);
        }
    }

    #[test]
    fn regular_files_are_always_ready_and_hang_ups_are_told_unasked() {
        let (b, p) = (Bed::new(), pipe());
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
        b.associate(fd, POLLIN, 1).unwrap();
        assert_eq!(b.look(), [(fd as usize, IN, 1)]);
        assert_eq!(b.look(), []);
        b.associate(p.0, 0, 2).unwrap();
        shut(p.1);
        assert_eq!(b.look(), [(p.0 as usize, c_int::from(libc::POLLHUP), 2)]);
        shut(p.0);
    }

    #[test]
    fn getn_waits_for_as_many_as_are_asked_for() {
        let b = Bed::new();
        for user in 1..=3 {
            assert_eq!(port_send(b.0, 9, user as *mut c_void), 0);
        }
        let (n, got, r) = b.getn(1, 2, -1);
        assert_eq!((n, r), (2, Ok(())), "more than asked for, as far as there is room");
        assert_eq!(got, [(0, 9, 1), (0, 9, 2)]);
        let start = Instant::now();
        let (n, got, r) = b.getn(2, 8, 20);
        assert_eq!((n, r), (1, Err(ETIME)), "the time is over, and what there is comes");
        assert_eq!(got, [(0, 9, 3)]);
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(b.getn(2, 8, 0), (0, Vec::new(), Err(ETIME)));
        port_send(b.0, 9, null_mut());
        port_send(b.0, 9, null_mut());
        let mut n = 1;
        // SAFETY: nothing is written for a maximum of 0.
        let r = unsafe { port_getn(b.0, (&raw mut *Box::new(NONE)).cast(), 0, &mut n, null()) };
        assert_eq!((r, n), (0, 2), "a maximum of 0 counts");
    }

    #[test]
    fn errors() {
        let (b, p) = (Bed::new(), pipe());
        let mut n = 3;
        // SAFETY: all of it is refused before anything is written.
        unsafe {
            let one = &raw mut *Box::leak(Box::new(NONE));
            assert_eq!(done(port_getn(b.0, null_mut(), 1, &mut n, null())), Err(EINVAL));
            assert_eq!(done(port_getn(b.0, one, 1, null_mut(), null())), Err(EINVAL));
            assert_eq!(done(port_getn(b.0, one, 2, &mut n, null())), Err(EINVAL));
            let (zero, bad) = (0, timespec { tv_sec: 0, tv_nsec: 2_000_000_000 });
            n = 1;
            assert_eq!(done(port_getn(b.0, one, 1, &mut n, &bad)), Err(EINVAL));
            let bad = timespec { tv_sec: -1, tv_nsec: zero };
            assert_eq!(done(port_getn(b.0, one, 1, &mut n, &bad)), Err(EINVAL));
            assert_eq!(done(port_getn(p.0, one, 1, &mut n, null())), Err(EBADFD));
            assert_eq!(done(port_getn(-1, one, 1, &mut n, null())), Err(EBADF));
            drop(Box::from_raw(one));
        }
        assert_eq!(done(port_send(p.0, 1, null_mut())), Err(EBADFD));
        assert_eq!(done(port_send(9999, 1, null_mut())), Err(EBADF));
        assert_eq!(done(port_associate(b.0, PORT_SOURCE_USER, p.0 as usize, 1, null_mut())), Err(EINVAL));
        assert_eq!(b.associate(9999, POLLIN, 0), Err(EBADFD));
        assert_eq!(done(port_associate(9999, PORT_SOURCE_FD, p.0 as usize, 1, null_mut())), Err(EBADF));
        limit(b.0, 1);
        b.associate(p.0, POLLIN, 0).unwrap();
        b.associate(p.0, POLLIN, 1).unwrap();
        assert_eq!(b.associate(p.1, POLLOUT, 0), Err(EAGAIN));
        assert_eq!(done(port_send(b.0, 1, null_mut())), Err(EAGAIN));
        shut(p.0);
        assert_eq!(b.associate(p.1, POLLOUT, 2), Ok(()), "a closed one does not count");
        shut(p.1);
    }

    #[test]
    fn alert_mode() {
        let b = Bed::new();
        let alert = |flags, events| done(port_alert(b.0, flags, events, 5 as *mut c_void));
        port_send(b.0, 1, null_mut());
        assert_eq!(alert(PORT_ALERT_SET, 3), Ok(()));
        for _ in 0..2 {
            assert_eq!(b.getn(1, 8, -1), (1, Vec::from([(0, 3, 5)]), Ok(())), "alone, and again");
        }
        assert_eq!(alert(PORT_ALERT_UPDATE, 4), Err(EBUSY));
        assert_eq!(alert(PORT_ALERT_SET | PORT_ALERT_UPDATE, 4), Err(EINVAL));
        assert_eq!(alert(PORT_ALERT_SET, 4), Ok(()));
        assert_eq!(b.look(), [(0, 4, 5)]);
        assert_eq!(alert(PORT_ALERT_SET, 0), Ok(()));
        assert_eq!(b.look(), [(0, 1, 0)], "what was sent meanwhile");
        assert_eq!(alert(PORT_ALERT_UPDATE, 4), Ok(()));
    }

    extern "C" fn ignore(_: c_int) {}

    #[test]
    fn who_waits_is_woken() {
        let (b, p) = (Bed::new(), pipe());
        std::thread::scope(|s| {
            let asleep = |ms, act: &dyn Fn()| {
                let waits = s.spawn(|| b.getn(1, 8, -1));
                std::thread::sleep(Duration::from_millis(ms));
                act();
                waits.join().unwrap()
            };
            let (_, got, r) = asleep(5, &|| assert_eq!(port_send(b.0, 2, null_mut()), 0));
            assert_eq!((got, r), (Vec::from([(0, 2, 0)]), Ok(())));
            put(p.1);
            let (_, got, _) = asleep(5, &|| b.associate(p.0, POLLIN, 6).unwrap());
            assert_eq!(got, [(p.0 as usize, IN, 6)]);
            let (_, got, _) = asleep(5, &|| {
                port_alert(b.0, PORT_ALERT_SET, 8, null_mut());
            });
            assert_eq!(got, [(0, 8, 0)]);
            port_alert(b.0, PORT_ALERT_SET, 0, null_mut());
            // Two that wait for one each.
            let two = [s.spawn(|| b.getn(1, 1, -1)), s.spawn(|| b.getn(1, 1, -1))];
            std::thread::sleep(Duration::from_millis(5));
            port_send(b.0, 1, null_mut());
            port_send(b.0, 1, null_mut());
            assert!(two.map(|t| t.join().unwrap().0) == [1, 1]);
            // A signal: nothing is retrieved, and the count is left alone.
            // SAFETY: an action that does nothing.
            unsafe {
                let mut a: libc::sigaction = std::mem::zeroed();
                a.sa_sigaction = ignore as *const () as usize;
                libc::sigaction(libc::SIGURG, &a, null_mut());
            }
            static ID: AtomicUsize = AtomicUsize::new(0);
            let waits = s.spawn(|| {
                // SAFETY: no pointers.
                ID.store(unsafe { libc::pthread_self() } as usize, SeqCst);
                b.getn(1, 8, -1)
            });
            while !waits.is_finished() {
                if ID.load(SeqCst) != 0 {
                    // SAFETY: the thread has not been joined.
                    unsafe { libc::pthread_kill(ID.load(SeqCst) as libc::pthread_t, libc::SIGURG) };
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            assert_eq!(waits.join().unwrap(), (1, Vec::new(), Err(EINTR)));
        });
        shut(p.0);
        shut(p.1);
    }

    #[test]
    fn closing_the_port_ends_waits() {
        let b = Bed::new();
        std::thread::scope(|s| {
            let waits = s.spawn(|| b.getn(1, 8, -1));
            std::thread::sleep(Duration::from_millis(5));
            close(b.0);
            assert_eq!(waits.join().unwrap().2, Err(EBADFD));
        });
        std::mem::forget(b);
    }
}
