//! What only event ports and /dev/poll do, over the miniatures of their kernels.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
use oxievent::backend::{Backend, Change, Interest, Options, Reports, by_name};
use oxievent::sys::miniature;
use oxievent::{Error, Result};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_int};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

const NONE: Interest = Interest::empty();
const READ: Interest = Interest::READ;
const WRITE: Interest = Interest::WRITE;

/// Tests use numbers again and lower limits: one at a time.
static ONE: Mutex<()> = Mutex::new(());

struct Bed {
    b: Backend,
    /// The backend's own descriptor.
    own: c_int,
    watched: BTreeMap<c_int, Interest>,
    _one: MutexGuard<'static, ()>,
}
impl Bed {
    fn new(name: &CStr) -> Bed {
        let one = ONE.lock().unwrap_or_else(|e| e.into_inner());
        let own = next_number();
        let b = Backend::new(by_name(name).unwrap(), Options::default()).unwrap();
        Bed { b, own, watched: BTreeMap::new(), _one: one }
    }
    fn watch(&mut self, fd: c_int, new: Interest) -> Result<()> {
        let old = self.watched.get(&fd).copied().unwrap_or(NONE);
        self.b.change(Change { fd, old, new, disarmed: false, same_event: false })?;
        self.watched.insert(fd, new);
        Ok(())
    }
    fn turn(&mut self, timeout: Option<u64>) -> Vec<(c_int, Interest)> {
        let mut w = self.b.start_wait(timeout);
        w.run();
        self.finish(w)
    }
    fn finish(&mut self, w: oxievent::backend::Wait) -> Vec<(c_int, Interest)> {
        let mut seen = Vec::new();
        self.b.finish_wait(w, |fd, i| seen.push((fd, i & Interest::WHAT))).unwrap();
        seen.sort_unstable_by_key(|s| s.0);
        seen
    }
    fn look(&mut self) -> Vec<(c_int, Interest)> {
        self.turn(Some(0))
    }
}
/// A wait that another thread makes.
struct Sent(oxievent::backend::Wait);
// SAFETY: its pointers are the program's numbers, and nobody else has it.
unsafe impl Send for Sent {}
impl Sent {
    fn run(mut self) -> Sent {
        self.0.run();
        self
    }
}
/// The number that the next descriptor gets.
fn next_number() -> c_int {
    let fd = unsafe { libc::dup(2) };
    close(fd);
    fd
}
fn pipe() -> (c_int, c_int) {
    let mut p = [0; 2];
    assert_eq!(unsafe { libc::pipe(p.as_mut_ptr()) }, 0);
    (p[0], p[1])
}
fn put(fd: c_int) {
    assert_eq!(unsafe { libc::write(fd, b"x".as_ptr().cast(), 1) }, 1);
}
fn take(fd: c_int) {
    let mut b = [0u8; 1];
    assert_eq!(unsafe { libc::read(fd, b.as_mut_ptr().cast(), 1) }, 1);
}
fn close(fd: c_int) {
    assert_eq!(unsafe { libc::close(fd) }, 0);
}

#[test]
fn a_port_that_is_full_is_tried_again() {
    let mut bed = Bed::new(c"evport");
    let (p, q) = (pipe(), pipe());
    put(p.1);
    put(q.1);
    bed.watch(p.0, READ).unwrap();
    bed.watch(q.0, READ).unwrap();
    assert_eq!(bed.look(), [(p.0, READ), (q.0, READ)]);
    // One of them finds room again, the other waits for it, and so does no wait without end.
    miniature::ports::limit(bed.own, 1);
    take(p.0);
    take(q.0);
    let start = Instant::now();
    assert_eq!(bed.turn(None), []);
    assert!(start.elapsed() >= Duration::from_millis(20) && start.elapsed() < Duration::from_secs(2));
    assert_eq!(bed.watch(p.1, WRITE), Err(Error::Os(libc::EAGAIN)), "a new one is refused");
    miniature::ports::limit(bed.own, 100);
    put(p.1);
    put(q.1);
    assert_eq!(bed.look(), [(p.0, READ), (q.0, READ)]);
    for fd in [p.0, p.1, q.0, q.1] {
        close(fd);
    }
}

#[test]
fn an_event_under_way_is_not_taken_for_another_files() {
    let mut bed = Bed::new(c"evport");
    let (old, new) = (pipe(), pipe());
    put(old.1);
    bed.watch(old.0, READ).unwrap();
    let mut w = bed.b.start_wait(Some(0));
    w.run();
    // Meanwhile another thread deletes, closes, and watches another file of the same number.
    bed.watch(old.0, NONE).unwrap();
    assert_eq!(unsafe { libc::dup2(new.0, old.0) }, old.0);
    bed.watch(old.0, READ).unwrap();
    assert_eq!(bed.finish(w), []);
    assert_eq!(bed.look(), []);
    put(new.1);
    assert_eq!(bed.look(), [(old.0, READ)]);
    for fd in [old.0, old.1, new.0, new.1] {
        close(fd);
    }
}

#[test]
fn reported_and_deleted_stays_silent() {
    let mut bed = Bed::new(c"evport");
    let p = pipe();
    put(p.1);
    bed.watch(p.0, READ).unwrap();
    assert_eq!(bed.look(), [(p.0, READ)]);
    bed.watch(p.0, NONE).unwrap();
    assert_eq!(bed.look(), []);
    // Deleted and added while it waits to be associated again: once, with what is wanted last.
    bed.watch(p.0, READ).unwrap();
    assert_eq!(bed.look(), [(p.0, READ)]);
    bed.watch(p.0, NONE).unwrap();
    bed.watch(p.0, READ).unwrap();
    assert_eq!(bed.look(), [(p.0, READ)]);
    // Closed after its report, before it is associated again.
    close(p.0);
    assert_eq!(bed.look(), []);
    bed.watch(p.0, NONE).unwrap();
    close(p.1);
}

struct Woken(Vec<(c_int, Interest)>, u32);
impl Reports for Woken {
    fn report(&mut self, fd: c_int, what: Interest) {
        self.0.push((fd, what & Interest::WHAT));
    }
    fn woken(&mut self) {
        self.1 += 1;
    }
}

#[test]
fn wake_ups_go_through_the_port_even_if_it_is_full() {
    let mut bed = Bed::new(c"evport");
    let p = pipe();
    put(p.1);
    let wake_up = bed.b.wake_up().unwrap().unwrap();
    let turn = |bed: &mut Bed, timeout| {
        let mut w = bed.b.start_wait(timeout);
        w.run();
        let mut seen = Woken(Vec::new(), 0);
        bed.b.finish_wait_into(w, &mut seen).unwrap();
        (seen.0, seen.1)
    };
    wake_up.wake().unwrap();
    assert_eq!(turn(&mut bed, None), (vec![], 1));
    assert_eq!(turn(&mut bed, Some(0)), (vec![], 0));
    bed.watch(p.0, READ).unwrap();
    wake_up.wake().unwrap();
    assert_eq!(turn(&mut bed, None), (vec![(p.0, READ)], 1));
    // No room for an event: an alert, which comes alone and once.
    miniature::ports::limit(bed.own, 0);
    wake_up.wake().unwrap();
    assert_eq!(turn(&mut bed, None), (vec![], 1));
    miniature::ports::limit(bed.own, 100);
    assert_eq!(turn(&mut bed, None), (vec![(p.0, READ)], 0));
    // Who has the means may use them when the backend has gone.
    drop(bed);
    wake_up.wake().unwrap();
    close(p.0);
    close(p.1);
}

#[test]
fn an_associate_reaches_a_wait_under_way() {
    let mut bed = Bed::new(c"evport");
    assert!(bed.b.changes_reach_wait());
    let p = pipe();
    put(p.1);
    let w = Sent(bed.b.start_wait(None));
    let w = std::thread::scope(|s| {
        let waits = s.spawn(move || w.run());
        std::thread::sleep(Duration::from_millis(5));
        bed.watch(p.0, READ).unwrap();
        waits.join().unwrap().0
    });
    assert_eq!(bed.finish(w), [(p.0, READ)]);
    close(p.0);
    close(p.1);
}

/// A write to /dev/poll may wait until nobody sleeps there: a change must not, and so it cannot reach that wait.
#[test]
fn a_change_does_not_wait_for_a_sleeping_dp_poll() {
    let mut bed = Bed::new(c"devpoll");
    assert!(!bed.b.changes_reach_wait());
    let p = pipe();
    put(p.1);
    let w = Sent(bed.b.start_wait(Some(200_000)));
    let w = std::thread::scope(|s| {
        let waits = s.spawn(move || w.run());
        std::thread::sleep(Duration::from_millis(20));
        let start = Instant::now();
        bed.watch(p.0, READ).unwrap();
        assert!(start.elapsed() < Duration::from_millis(100));
        waits.join().unwrap().0
    });
    assert_eq!(bed.finish(w), []);
    assert_eq!(bed.look(), [(p.0, READ)]);
    close(p.0);
    close(p.1);
}

#[test]
fn entries_of_closed_descriptors_leave_the_set() {
    let mut bed = Bed::new(c"devpoll");
    let (p, q) = (pipe(), pipe());
    bed.watch(p.0, READ).unwrap();
    assert_eq!(bed.look(), []);
    assert_eq!(oxievent::sys::devpoll::watched(bed.own, p.0), Ok(Some(libc::POLLIN)));
    close(p.0);
    // The first wait comes back with nothing, the second one sleeps.
    assert_eq!(bed.turn(None), []);
    let start = Instant::now();
    assert_eq!(bed.turn(Some(20_000)), []);
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(oxievent::sys::devpoll::watched(bed.own, p.0), Ok(None));
    // The owner finds out later, and the number is another file's by then.
    assert_eq!(unsafe { libc::dup2(q.0, p.0) }, p.0);
    put(q.1);
    bed.watch(p.0, READ | WRITE).unwrap();
    assert_eq!(bed.look(), [(p.0, READ)]);
    bed.watch(p.0, NONE).unwrap();
    assert_eq!(bed.look(), []);
    for fd in [p.0, p.1, q.0, q.1] {
        close(fd);
    }
}

#[test]
fn an_interest_that_shrinks_is_taken_out_first() {
    let mut bed = Bed::new(c"devpoll");
    let mut s = [0; 2];
    assert_eq!(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, s.as_mut_ptr()) }, 0);
    bed.watch(s[0], READ | WRITE).unwrap();
    bed.look();
    bed.watch(s[0], READ).unwrap();
    bed.look();
    assert_eq!(oxievent::sys::devpoll::watched(bed.own, s[0]), Ok(Some(libc::POLLIN)));
    close(s[0]);
    close(s[1]);
}

#[test]
fn a_limit_of_descriptors_below_what_is_watched() {
    let mut bed = Bed::new(c"devpoll");
    let pipes: Vec<_> = (0..100).map(|_| pipe()).collect();
    for p in &pipes {
        put(p.1);
        bed.watch(p.0, READ).unwrap();
    }
    // More changes, and then more room, than the limit allows.
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    let low = libc::rlimit { rlim_cur: 110, rlim_max: limit.rlim_max };
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &low) }, 0);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        seen.extend(bed.look().into_iter().map(|s| s.0));
    }
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    assert_eq!(seen.len(), 100);
    for p in pipes {
        close(p.0);
        close(p.1);
    }
}

#[test]
fn a_child_has_no_part_in_its_parents_set() {
    let mut bed = Bed::new(c"devpoll");
    let p = pipe();
    bed.watch(p.0, READ).unwrap();
    bed.look();
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let mut w = bed.b.start_wait(Some(0));
        w.run();
        let refused = bed.b.finish_wait(w, |_, _| {}) == Err(Error::Os(libc::EACCES));
        bed.watch(p.0, READ | WRITE).unwrap();
        let w = bed.b.start_wait(Some(0));
        let refused = refused && bed.b.finish_wait(w, |_, _| {}) == Err(Error::Os(libc::EACCES));
        unsafe { libc::_exit(refused.into()) };
    }
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(libc::WEXITSTATUS(status), 1);
    put(p.1);
    assert_eq!(bed.look(), [(p.0, READ)], "the parent's is as it was");
    close(p.0);
    close(p.1);
}
