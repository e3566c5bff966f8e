//! /dev/poll of Solaris and illumos, from its manual page poll(4D) (formerly 7D) and the header <sys/devpoll.h>.
//!
//! The set is what has been written: entries of one descriptor are OR-ed, POLLREMOVE takes one out, a closed descriptor
//! stays and reports POLLNVAL until it is taken out or its number is another file's. What the page leaves open is taken
//! the stricter way: a write waits until nobody sleeps in DP_POLL (as the systems did until 2013), so it cannot reach
//! a sleeping one; POLLREMOVE together with other flags takes nothing out; a torn entry is EINVAL.
//! Not here: DP_PPOLL and DP_EPOLLCOMPAT.
#![allow(clippy::disallowed_types, reason = "for tests only: std's collections will do")]
#![allow(non_camel_case_types, reason = "C's names")]
use crate::sys::{errno, set_errno};
use libc::{
    EACCES, EBADF, EFAULT, EINVAL, ENODEV, ENOENT, c_char, c_int, c_short, c_void, nfds_t, off_t, pollfd,
};
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::sync::Arc;

pub const DP_POLL: c_int = 0xd001;
pub const DP_ISPOLLED: c_int = 0xd002;
pub const POLLREMOVE: c_short = 0x0800;

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct dvpoll {
    pub dp_fds: *mut pollfd,
    pub dp_nfds: nfds_t,
    pub dp_timeout: c_int,
    pub dp_setp: *mut c_void,
}

struct State {
    entries: BTreeMap<c_int, c_short>,
    /// Where the next look starts, so that low descriptors are not always served first.
    next: c_int,
    pollers: usize,
    writers: usize,
}
struct Set {
    /// Whose descriptors are meant.
    pid: u32,
    state: Mutex<State>,
    changed: Condvar,
}
/// The sets of this process by descriptor. One that was closed without `close` stays until its number is used again.
static SETS: Mutex<BTreeMap<c_int, Arc<Set>>> = Mutex::new(BTreeMap::new());

type Done<T> = Result<T, c_int>;

fn answer(r: Done<c_int>) -> c_int {
    r.unwrap_or_else(|e| {
        set_errno(e);
        -1
    })
}
fn find(fd: c_int) -> Done<Arc<Set>> {
    // SAFETY: fcntl on integers.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(EBADF);
    }
    let set = SETS.lock().get(&fd).cloned().ok_or(ENODEV)?;
    if set.pid == std::process::id() { Ok(set) } else { Err(EACCES) }
}
/// OPEN_MAX
fn most() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a place for the answer.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
}

impl Set {
    fn write(&self, list: &[pollfd]) {
        let mut s = self.state.lock();
        s.writers += 1;
        while s.pollers > 0 {
            self.changed.wait(&mut s);
        }
        for p in list.iter().filter(|p| p.fd >= 0) {
            if p.events == POLLREMOVE {
                s.entries.remove(&p.fd);
            } else {
                *s.entries.entry(p.fd).or_default() |= p.events;
            }
        }
        s.writers -= 1;
        self.changed.notify_all();
    }
    /// What is ready, at most `room` descriptors.
    fn poll(&self, room: usize, msec: c_int) -> Done<Vec<pollfd>> {
        let mut s = self.state.lock();
        while s.writers > 0 {
            self.changed.wait(&mut s);
        }
        s.pollers += 1;
        let entry = |(fd, events): (&c_int, &c_short)| pollfd { fd: *fd, events: *events, revents: 0 };
        let first = s.next;
        let mut all: Vec<pollfd> = s.entries.range(first..).map(entry).collect();
        all.extend(s.entries.range(..first).map(entry));
        drop(s);
        // SAFETY: the kernel writes to the entries that are there.
        let r = unsafe { libc::poll(all.as_mut_ptr(), all.len() as nfds_t, msec.max(-1)) };
        let failed = (r < 0).then(errno);
        let mut s = self.state.lock();
        s.pollers -= 1;
        self.changed.notify_all();
        if let Some(e) = failed {
            return Err(e);
        }
        all.retain(|p| p.revents != 0);
        s.next = all.get(room).map_or(0, |p| p.fd);
        all.truncate(room);
        Ok(all)
    }
}

/// open(2) of "/dev/poll". Polling the descriptor itself gives POLLERR.
///
/// # Safety
/// `path` is a C string.
pub unsafe fn open(path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: the caller's promise.
    if unsafe { CStr::from_ptr(path) } != c"/dev/poll" {
        return answer(Err(ENOENT));
    }
    let mut p = [-1; 2];
    // SAFETY: room for two numbers.
    if unsafe { libc::pipe2(p.as_mut_ptr(), flags & libc::O_CLOEXEC) } < 0 {
        return -1;
    }
    // A number that comes from the lower end, as every descriptor's does; the pipe has no reader.
    let [low, high] = p;
    // SAFETY: both are ours.
    unsafe {
        libc::dup3(high, low, flags & libc::O_CLOEXEC);
        libc::close(high);
    }
    let state = State { entries: BTreeMap::new(), next: 0, pollers: 0, writers: 0 };
    let set = Set { pid: std::process::id(), state: Mutex::new(state), changed: Condvar::new() };
    SETS.lock().insert(low, Arc::new(set));
    low
}
/// close(2) of a set.
pub fn close(fd: c_int) -> c_int {
    SETS.lock().remove(&fd);
    // SAFETY: the caller owns it.
    unsafe { libc::close(fd) }
}
/// pwrite(2) to a set. The offset means nothing.
///
/// # Safety
/// `bytes` is readable for `len`.
pub unsafe fn pwrite(fd: c_int, bytes: *const c_void, len: usize, _offset: off_t) -> isize {
    let done = find(fd).and_then(|set| {
        let n = len / size_of::<pollfd>();
        if !len.is_multiple_of(size_of::<pollfd>()) || n > most() {
            return Err(EINVAL);
        }
        if n > 0 {
            // SAFETY: the caller's promise.
            let list = (0..n).map(|i| unsafe { bytes.cast::<pollfd>().add(i).read_unaligned() });
            set.write(&list.collect::<Vec<_>>());
        }
        Ok(0)
    });
    if answer(done) < 0 { -1 } else { len as isize }
}
/// ioctl(2) on a set.
///
/// # Safety
/// `arg` is null or points at what the request takes, and that at what it says.
pub unsafe fn ioctl(fd: c_int, request: c_int, arg: *mut c_void) -> c_int {
    let done = find(fd).and_then(|set| {
        if !matches!(request, DP_POLL | DP_ISPOLLED) {
            return Err(EINVAL);
        }
        if arg.is_null() {
            return Err(EFAULT);
        }
        if request == DP_ISPOLLED {
            // SAFETY: the caller's promise.
            let p = unsafe { &mut *arg.cast::<pollfd>() };
            let found = set.state.lock().entries.get(&p.fd).copied();
            if let Some(events) = found {
                (p.events, p.revents) = (0, events);
            }
            return Ok(found.is_some().into());
        }
        // SAFETY: as above.
        let dp = unsafe { &*arg.cast::<dvpoll>() };
        let room = dp.dp_nfds as usize;
        if room >= most() {
            return Err(EINVAL);
        }
        if room == 0 {
            // SAFETY: no entries.
            let r = unsafe { libc::poll(std::ptr::null_mut(), 0, dp.dp_timeout.max(-1)) };
            return if r < 0 { Err(errno()) } else { Ok(0) };
        }
        let ready = set.poll(room, dp.dp_timeout)?;
        if !ready.is_empty() && dp.dp_fds.is_null() {
            return Err(EFAULT);
        }
        for (i, p) in ready.iter().enumerate() {
            // SAFETY: room for `dp_nfds` entries.
            unsafe { dp.dp_fds.add(i).write(*p) };
        }
        Ok(ready.len() as c_int)
    });
    answer(done)
}

#[cfg(test)]
mod tests {
    //! The statements of the manual page, one by one.
    use super::*;
    use libc::{POLLIN, POLLNVAL, POLLOUT};
    use std::ptr::null_mut;
    use std::time::{Duration, Instant};

    struct Bed(c_int);
    impl Bed {
        fn new() -> Bed {
            // SAFETY: a C string.
            let fd = unsafe { open(c"/dev/poll".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
            assert!(fd >= 0);
            Bed(fd)
        }
        fn write(&self, list: &[(c_int, c_short)]) {
            let list: Vec<_> = list.iter().map(|&(fd, events)| pollfd { fd, events, revents: -1 }).collect();
            let len = size_of_val(&*list);
            // SAFETY: a whole list.
            assert_eq!(unsafe { pwrite(self.0, list.as_ptr().cast(), len, 0) }, len as isize);
        }
        /// (descriptor, what happened) of each.
        fn poll(&self, room: usize, msec: c_int) -> Result<Vec<(c_int, c_short)>, c_int> {
            let mut list = [pollfd { fd: 0, events: 0, revents: 0 }; 16];
            let mut dp = dvpoll {
                dp_fds: list.as_mut_ptr(),
                dp_nfds: room as nfds_t,
                dp_timeout: msec,
                dp_setp: null_mut(),
            };
            // SAFETY: no test asks for more than 16 that are ready.
            let n = unsafe { ioctl(self.0, DP_POLL, (&raw mut dp).cast()) };
            if n < 0 {
                return Err(errno());
            }
            Ok(list[..n as usize].iter().map(|p| (p.fd, p.revents)).collect())
        }
        fn look(&self) -> Vec<(c_int, c_short)> {
            self.poll(16, 0).unwrap()
        }
        fn is_polled(&self, fd: c_int) -> (c_int, c_short, c_short) {
            let mut p = pollfd { fd, events: 99, revents: 99 };
            // SAFETY: one entry.
            let n = unsafe { ioctl(self.0, DP_ISPOLLED, (&raw mut p).cast()) };
            (n, p.events, p.revents)
        }
    }
    impl Drop for Bed {
        fn drop(&mut self) {
            close(self.0);
        }
    }
    fn pair() -> (c_int, c_int) {
        let mut p = [0; 2];
        // SAFETY: two numbers; each is moved to where no other test gets it once it is closed.
        unsafe {
            assert_eq!(libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, p.as_mut_ptr()), 0);
            let high = p.map(|fd| libc::fcntl(fd, libc::F_DUPFD, 700));
            p.iter().for_each(|&fd| assert_eq!(libc::close(fd), 0));
            (high[0], high[1])
        }
    }
    fn shut(fd: c_int) {
        // SAFETY: the descriptor is the test's.
        assert_eq!(unsafe { libc::close(fd) }, 0);
    }
    fn put(fd: c_int) {
        // SAFETY: one byte.
        assert_eq!(unsafe { libc::write(fd, b"x".as_ptr().cast(), 1) }, 1);
    }

    #[test]
    fn entries_of_one_descriptor_are_ored_until_it_is_removed() {
        let (b, p) = (Bed::new(), pair());
        put(p.1);
        b.write(&[(p.0, POLLIN), (p.0, POLLOUT)]);
        for _ in 0..2 {
            assert_eq!(b.look(), [(p.0, POLLIN | POLLOUT)], "level triggered");
        }
        b.write(&[(p.0, POLLIN)]);
        assert_eq!(b.look(), [(p.0, POLLIN | POLLOUT)], "not replaced");
        assert_eq!(b.is_polled(p.0), (1, 0, POLLIN | POLLOUT));
        b.write(&[(p.0, POLLREMOVE), (p.0, POLLOUT)]);
        assert_eq!(b.look(), [(p.0, POLLOUT)]);
        b.write(&[(p.0, POLLREMOVE | POLLIN)]);
        assert_eq!(b.look(), [(p.0, POLLIN | POLLOUT)], "only POLLREMOVE alone removes");
        b.write(&[(p.0, POLLREMOVE)]);
        assert_eq!(b.look(), []);
        assert_eq!(b.is_polled(p.0), (0, 99, 99), "not modified");
        b.write(&[(p.0, POLLREMOVE), (9999, POLLREMOVE), (-1, POLLIN)]);
        shut(p.0);
        shut(p.1);
    }

    #[test]
    fn a_closed_descriptor_stays_and_its_number_is_polled() {
        let (b, p, q) = (Bed::new(), pair(), pair());
        b.write(&[(p.0, POLLIN)]);
        shut(p.0);
        for _ in 0..2 {
            assert_eq!(b.look(), [(p.0, POLLNVAL)]);
        }
        // SAFETY: descriptors of the test.
        assert_eq!(unsafe { libc::dup2(q.0, p.0) }, p.0);
        assert_eq!(b.look(), []);
        put(q.1);
        assert_eq!(b.look(), [(p.0, POLLIN)], "another file");
        b.write(&[(p.0, POLLREMOVE)]);
        assert_eq!(b.look(), []);
        for fd in [p.0, p.1, q.0, q.1] {
            shut(fd);
        }
    }

    #[test]
    fn no_more_than_there_is_room_for_and_all_in_turn() {
        let b = Bed::new();
        let pairs: Vec<_> = (0..5).map(|_| pair()).collect();
        b.write(&pairs.iter().map(|p| (p.0, POLLOUT)).collect::<Vec<_>>());
        let mut seen = Vec::new();
        for _ in 0..3 {
            let some = b.poll(2, -1).unwrap();
            assert!(some.len() <= 2 && !some.is_empty());
            seen.extend(some);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 5);
        for p in pairs {
            shut(p.0);
            shut(p.1);
        }
    }

    #[test]
    fn timeouts() {
        let (b, p) = (Bed::new(), pair());
        b.write(&[(p.0, POLLIN)]);
        for room in [16, 0] {
            let start = Instant::now();
            assert_eq!(b.poll(room, 15), Ok(Vec::new()));
            assert!(start.elapsed() >= Duration::from_millis(15));
        }
        std::thread::scope(|s| {
            let waits = s.spawn(|| b.poll(16, -1));
            std::thread::sleep(Duration::from_millis(5));
            put(p.1);
            assert_eq!(waits.join().unwrap(), Ok(Vec::from([(p.0, POLLIN)])));
        });
        shut(p.0);
        shut(p.1);
    }

    #[test]
    fn errors() {
        let (b, p) = (Bed::new(), pair());
        let list = [pollfd { fd: p.0, events: POLLIN, revents: 0 }; 2];
        // SAFETY: valid memory; refused otherwise.
        unsafe {
            assert_eq!((open(c"/dev/null".as_ptr(), 0), errno()), (-1, ENOENT));
            assert_eq!((pwrite(b.0, list.as_ptr().cast(), 12, 0), errno()), (-1, EINVAL), "a torn entry");
            assert_eq!(pwrite(b.0, list.as_ptr().cast(), 0, 0), 0);
            assert_eq!((pwrite(p.0, list.as_ptr().cast(), 8, 0), errno()), (-1, ENODEV));
            assert_eq!((pwrite(9999, list.as_ptr().cast(), 8, 0), errno()), (-1, EBADF));
            assert_eq!((ioctl(b.0, 7, list.as_ptr() as *mut c_void), errno()), (-1, EINVAL));
            assert_eq!((ioctl(b.0, DP_POLL, null_mut()), errno()), (-1, EFAULT));
        }
        assert_eq!(b.poll(most(), 0), Err(EINVAL));
        assert_eq!(b.poll(most() - 1, 0), Ok(Vec::new()));
        let mut itself = pollfd { fd: b.0, events: POLLIN, revents: 0 };
        // SAFETY: one entry.
        assert_eq!(unsafe { libc::poll(&mut itself, 1, 0) }, 1);
        assert_eq!(itself.revents, libc::POLLERR);
        shut(p.0);
        shut(p.1);
    }

    #[test]
    fn the_set_belongs_to_the_process_that_opened_it() {
        let b = Bed::new();
        b.write(&[(0, POLLIN)]);
        // SAFETY: the child only makes calls of ours that take uncontended locks, and leaves.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let list = [pollfd { fd: 0, events: POLLIN, revents: 0 }];
            // SAFETY: a whole entry.
            let refused = unsafe { pwrite(b.0, list.as_ptr().cast(), 8, 0) } == -1 && errno() == EACCES;
            let refused = refused && b.poll(1, 0) == Err(EACCES);
            // SAFETY: ends the child.
            unsafe { libc::_exit(refused.into()) };
        }
        let mut status = 0;
        // SAFETY: a place for the answer.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(libc::WEXITSTATUS(status), 1);
    }
}
