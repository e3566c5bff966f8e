//! One table of behaviours, run on every backend that is compiled in, in each of its modes.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod net;
use net::{evutil_socket_t, libc};
use oxievent::abi::event::Feature;
use oxievent::backend::{Backend, Change, Interest, LIST, Options, by_name};
use oxievent::{Error, Result};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const NONE: Interest = Interest::empty();
const READ: Interest = Interest::READ;
const WRITE: Interest = Interest::WRITE;
const CLOSED: Interest = Interest::CLOSED;
const ET: Interest = Interest::ET;
const ONESHOT: Interest = Interest::ONESHOT;

/// A backend and what the io_map would know.
struct Bed {
    b: Backend,
    watched: BTreeMap<evutil_socket_t, (Interest, bool)>,
    changelist: bool,
}

impl Bed {
    fn watch(&mut self, fd: evutil_socket_t, new: Interest) -> Result<()> {
        let (old, disarmed) = self.watched.get(&fd).copied().unwrap_or((NONE, false));
        self.b.change(Change { fd, old, new, disarmed, same_event: false })?;
        self.watched.insert(fd, (new, false));
        Ok(())
    }
    /// One wait; the reports without ET.
    fn turn(&mut self, timeout: Option<u64>) -> BTreeMap<evutil_socket_t, Interest> {
        let mut w = self.b.start_wait(timeout);
        w.run();
        let mut seen = BTreeMap::new();
        // What happened on one descriptor may come in parts.
        self.b.finish_wait(w, |fd, i| *seen.entry(fd).or_insert(NONE) |= i & Interest::WHAT).unwrap();
        for fd in seen.keys() {
            if let Some(e) = self.watched.get_mut(fd) {
                e.1 = e.0.contains(ONESHOT);
            }
        }
        seen
    }
    fn look(&mut self) -> BTreeMap<evutil_socket_t, Interest> {
        self.turn(Some(0))
    }
    fn has(&self, f: Feature) -> bool {
        self.b.features().contains(f)
    }
    fn is(&self, name: &str) -> bool {
        self.b.info().name.to_str() == Ok(name)
    }
}

/// Runs `test` on every backend in every mode.
fn on_all(test: impl Fn(Bed)) {
    // Tests close descriptors and look at their numbers: one at a time.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    for info in LIST {
        for changelist in [false, true] {
            for precise_timer in [false, true] {
                let b = Backend::new(info, Options { changelist, precise_timer }).unwrap();
                let changelist = changelist && info.name == c"epoll";
                eprintln!("{:?} precise {precise_timer}", b.name());
                test(Bed { b, watched: BTreeMap::new(), changelist });
            }
        }
    }
}

/// Two descriptors that close themselves.
struct Pair(evutil_socket_t, evutil_socket_t);
impl Pair {
    fn pipe() -> Pair {
        let mut p = [0; 2];
        assert_eq!(unsafe { libc::pipe(p.as_mut_ptr()) }, 0);
        Pair(p[0], p[1])
    }
    fn socket() -> Pair {
        let mut p = [0; 2];
        assert_eq!(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, p.as_mut_ptr()) }, 0);
        Pair(p[0], p[1])
    }
    fn close0(&mut self) {
        close(std::mem::replace(&mut self.0, -1));
    }
    fn close1(&mut self) {
        close(std::mem::replace(&mut self.1, -1));
    }
}
impl Drop for Pair {
    fn drop(&mut self) {
        self.close0();
        self.close1();
    }
}
fn close(fd: evutil_socket_t) {
    if fd >= 0 {
        unsafe { libc::close(fd) };
    }
}
fn put(fd: evutil_socket_t) {
    assert_eq!(unsafe { libc::write(fd, b"x".as_ptr().cast(), 1) }, 1);
}
fn take(fd: evutil_socket_t) {
    let mut b = [0u8; 1];
    assert_eq!(unsafe { libc::read(fd, b.as_mut_ptr().cast(), 1) }, 1);
}
fn one(fd: evutil_socket_t, i: Interest) -> BTreeMap<evutil_socket_t, Interest> {
    BTreeMap::from([(fd, i)])
}
fn nothing() -> BTreeMap<evutil_socket_t, Interest> {
    BTreeMap::new()
}

#[test]
fn list_is_ordered_and_complete() {
    let names: Vec<_> = LIST.iter().map(|i| i.name.to_str().unwrap()).collect();
    #[cfg(windows)]
    assert_eq!(names, ["win32"]);
    #[cfg(target_os = "linux")]
    assert_eq!(names, ["epoll", "poll", "select", "evport", "kqueue", "devpoll"]);
    for i in LIST {
        let upper = i.name.to_str().unwrap().to_uppercase();
        assert_eq!(i.disabled_by.to_str().unwrap(), format!("EVENT_NO{upper}"));
        assert_eq!(by_name(i.name).unwrap().name, i.name);
    }
    assert!(by_name(c"EPOLL").is_some() || cfg!(not(target_os = "linux")));
    assert!(by_name(c"scripted").is_none());
}

#[test]
fn add_report_delete() {
    on_all(|mut bed| {
        let p = Pair::pipe();
        bed.watch(p.0, READ).unwrap();
        assert_eq!(bed.look(), nothing());
        put(p.1);
        assert_eq!(bed.look(), one(p.0, READ));
        assert_eq!(bed.look(), one(p.0, READ), "level triggered: again");
        bed.watch(p.0, NONE).unwrap();
        assert_eq!(bed.look(), nothing());
        bed.watch(p.0, READ).unwrap();
        assert_eq!(bed.look(), one(p.0, READ));
        take(p.0);
        assert_eq!(bed.look(), nothing());
    });
}

#[test]
fn modify() {
    on_all(|mut bed| {
        let s = Pair::socket();
        put(s.1);
        bed.watch(s.0, WRITE).unwrap();
        assert_eq!(bed.look(), one(s.0, WRITE));
        bed.watch(s.0, READ | WRITE).unwrap();
        assert_eq!(bed.look(), one(s.0, READ | WRITE));
        bed.watch(s.0, READ).unwrap();
        assert_eq!(bed.look(), one(s.0, READ));
        bed.watch(s.0, NONE).unwrap();
        bed.watch(s.0, WRITE).unwrap();
        assert_eq!(bed.look(), one(s.0, WRITE));
    });
}

#[test]
fn many_changes_between_two_waits() {
    on_all(|mut bed| {
        let s = Pair::socket();
        put(s.1);
        for i in [READ, READ | WRITE, NONE, WRITE, NONE, READ, NONE] {
            bed.watch(s.0, i).unwrap();
        }
        assert_eq!(bed.look(), nothing());
        for i in [READ, NONE, WRITE, NONE, READ] {
            bed.watch(s.0, i).unwrap();
        }
        assert_eq!(bed.look(), one(s.0, READ));
        bed.watch(s.0, NONE).unwrap();
        bed.watch(s.0, READ).unwrap();
        assert_eq!(bed.look(), one(s.0, READ));
    });
}

#[test]
fn edge_triggered() {
    on_all(|mut bed| {
        if !bed.has(Feature::ET) {
            return;
        }
        let s = Pair::socket();
        bed.watch(s.0, READ | ET).unwrap();
        put(s.1);
        assert_eq!(bed.look(), one(s.0, READ));
        assert_eq!(bed.look(), nothing(), "no new edge");
        put(s.1);
        assert_eq!(bed.look(), one(s.0, READ));
        // Adding again asks for what is ready already.
        bed.watch(s.0, NONE).unwrap();
        bed.watch(s.0, READ | ET).unwrap();
        assert_eq!(bed.look(), one(s.0, READ));
        assert_eq!(bed.look(), nothing());
    });
}

#[cfg(unix)]
#[test]
fn oneshot() {
    on_all(|mut bed| {
        if !bed.b.oneshot() {
            return;
        }
        let mut s = Pair::socket();
        put(s.1);
        bed.watch(s.0, READ | ONESHOT).unwrap();
        assert_eq!(bed.look(), one(s.0, READ));
        assert_eq!(bed.look(), nothing(), "disarmed");
        bed.watch(s.0, READ | ONESHOT).unwrap();
        assert_eq!(bed.look(), one(s.0, READ));
        bed.watch(s.0, READ | WRITE).unwrap();
        assert_eq!(bed.look(), one(s.0, READ | WRITE));
        bed.watch(s.0, READ | ONESHOT).unwrap();
        assert_eq!(bed.look(), one(s.0, READ));
        // A disarmed entry says nothing about the peer's end either.
        s.close1();
        assert_eq!(bed.look(), nothing());
        // Its number becomes another file: the re-arming MOD turns into an ADD.
        let fd = s.0;
        let other = Pair::pipe();
        put(other.1);
        assert_eq!(unsafe { libc::dup2(other.0, fd) }, fd);
        bed.watch(fd, READ | ONESHOT).unwrap();
        assert_eq!(bed.look(), one(fd, READ));
    });
}

#[test]
fn early_close() {
    on_all(|mut bed| {
        let s = Pair::socket();
        if !bed.has(Feature::EARLY_CLOSE) {
            return;
        }
        bed.watch(s.0, CLOSED).unwrap();
        put(s.1);
        assert_eq!(bed.look(), nothing());
        assert_eq!(unsafe { libc::shutdown(s.1, libc::SHUT_WR) }, 0);
        assert_eq!(bed.look(), one(s.0, CLOSED));
        bed.watch(s.0, READ | CLOSED).unwrap();
        assert_eq!(bed.look(), one(s.0, READ | CLOSED));
    });
}

#[test]
fn hang_up_and_error() {
    on_all(|mut bed| {
        let mut p = Pair::pipe();
        bed.watch(p.0, READ).unwrap();
        p.close1();
        assert!(bed.look()[&p.0].contains(READ));
        let mut q = Pair::pipe();
        bed.watch(q.1, WRITE).unwrap();
        q.close0();
        assert!(bed.look()[&q.1].contains(WRITE));
        bed.watch(p.0, NONE).unwrap();
        bed.watch(q.1, NONE).unwrap();
        assert_eq!(bed.look(), nothing());
    });
}

#[test]
fn closed_while_watched() {
    on_all(|mut bed| {
        let mut s = Pair::socket();
        let (fd, other) = (s.0, Pair::pipe());
        put(other.1);
        bed.watch(fd, READ | WRITE).unwrap();
        bed.watch(other.0, READ).unwrap();
        bed.look();
        s.close0();
        let seen = bed.look();
        if bed.has(Feature::O1) {
            assert_eq!(seen, one(other.0, READ));
        } else {
            // The owner has to find out: as if an error had happened.
            assert_eq!(seen[&fd], READ | WRITE);
            assert_eq!(seen[&other.0], READ, "others do not suffer");
        }
        bed.watch(fd, NONE).unwrap();
        assert_eq!(bed.look(), one(other.0, READ));
    });
}

#[cfg(unix)]
#[test]
fn reused_numbers() {
    on_all(|mut bed| {
        let a = Pair::socket();
        bed.watch(a.0, READ).unwrap();
        bed.look();
        // Another file under the same number: what the kernel knew is gone, the library does not know.
        let b = Pair::socket();
        put(b.1);
        assert_eq!(unsafe { libc::dup2(b.0, a.0) }, a.0);
        bed.watch(a.0, READ | WRITE).unwrap();
        assert_eq!(bed.look(), one(a.0, READ | WRITE));
        bed.watch(a.0, NONE).unwrap();
        assert_eq!(bed.look(), nothing());

        // Closed without a deletion, and the same file back under the same number: the kernel has an entry, the
        // library thinks it has none.
        bed.watch(b.0, READ).unwrap();
        bed.look();
        let spare = unsafe { libc::dup(b.0) };
        close(b.0);
        assert_eq!(unsafe { libc::dup2(spare, b.0) }, b.0);
        bed.watched.clear();
        bed.watch(b.0, READ | WRITE).unwrap();
        assert_eq!(bed.look()[&b.0], READ | WRITE);
        close(spare);
    });
}

#[cfg(unix)]
#[test]
fn deletion_and_addition_of_another_file_in_one_turn() {
    on_all(|mut bed| {
        let mut a = Pair::pipe();
        bed.watch(a.0, READ).unwrap();
        bed.look();
        let (fd, b) = (a.0, Pair::pipe());
        put(b.1);
        bed.watch(fd, NONE).unwrap();
        a.close0();
        assert_eq!(unsafe { libc::dup2(b.0, fd) }, fd);
        bed.watch(fd, READ).unwrap();
        assert_eq!(bed.look(), one(fd, READ));
        close(fd);
    });
}

#[test]
fn more_events_than_the_array_holds() {
    on_all(|mut bed| {
        let pipes: Vec<_> = (0..150).map(|_| Pair::pipe()).collect();
        for p in &pipes {
            bed.watch(p.0, READ).unwrap();
            put(p.1);
        }
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..4 {
            seen.extend(bed.look().into_keys());
        }
        assert_eq!(seen.len(), pipes.len());
        assert_eq!(bed.look().len(), pipes.len(), "the array has grown");
        for p in pipes.iter().step_by(2) {
            bed.watch(p.0, NONE).unwrap();
        }
        let seen = bed.look();
        assert!(seen.keys().eq(pipes.iter().skip(1).step_by(2).map(|p| &p.0)));
    });
}

#[cfg(unix)]
#[test]
fn descriptors_beyond_fd_setsize() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    limit.rlim_cur = limit.rlim_max;
    unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    on_all(|mut bed| {
        let p = Pair::pipe();
        for high in [1023, 1024, 1500, 2047, 2048] {
            let fd = unsafe { libc::fcntl(p.0, libc::F_DUPFD, high) };
            if fd < 0 {
                return;
            }
            let fd = Pair(fd, -1);
            bed.watch(fd.0, READ).unwrap();
            put(p.1);
            assert_eq!(bed.look(), one(fd.0, READ));
            bed.watch(fd.0, NONE).unwrap();
            // With a changelist a duplicate must not be closed before its deletion has been made.
            bed.look();
            take(p.0);
        }
    });
}

#[test]
fn timeouts_are_never_early() {
    on_all(|mut bed| {
        let p = Pair::pipe();
        bed.watch(p.0, READ).unwrap();
        for us in [1, 999, 1_000, 1_001, 5_500, 20_000] {
            let start = Instant::now();
            assert_eq!(bed.turn(Some(us)), nothing());
            assert!(start.elapsed() >= Duration::from_micros(us), "{us} us");
            assert!(start.elapsed() < Duration::from_micros(us) + Duration::from_secs(2));
        }
        put(p.1);
        for long in [None, Some(u64::MAX), Some(u64::MAX / 1000), Some(1 << 53)] {
            assert_eq!(bed.turn(long), one(p.0, READ));
        }
    });
}

#[test]
fn precise_timeouts_are_shorter_than_a_millisecond() {
    for name in [c"epoll", c"select"] {
        let Some(info) = by_name(name) else { continue };
        let b = Backend::new(info, Options { changelist: false, precise_timer: true }).unwrap();
        let mut bed = Bed { b, watched: BTreeMap::new(), changelist: false };
        let best = (0..20)
            .map(|_| {
                let start = Instant::now();
                bed.turn(Some(200));
                start.elapsed()
            })
            .min()
            .unwrap();
        assert!(
            best >= Duration::from_micros(200) && best < Duration::from_micros(900),
            "{name:?}: {best:?}"
        );
    }
}

extern "C" fn ignore(_: std::ffi::c_int) {}

#[cfg(unix)]
#[test]
fn an_interrupted_wait_is_a_wait_without_events() {
    let mut a: libc::sigaction = unsafe { std::mem::zeroed() };
    a.sa_sigaction = ignore as *const () as usize;
    unsafe { libc::sigaction(libc::SIGURG, &a, std::ptr::null_mut()) };
    on_all(|mut bed| {
        let me = unsafe { libc::pthread_self() } as usize;
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = stop.clone();
        let t = std::thread::spawn(move || {
            while !seen.load(std::sync::atomic::Ordering::SeqCst) {
                unsafe { libc::pthread_kill(me as libc::pthread_t, libc::SIGURG) };
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        assert_eq!(bed.turn(None), nothing());
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        t.join().unwrap();
    });
}

#[test]
fn regular_files_and_closed_descriptors() {
    #[cfg(unix)]
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    #[cfg(unix)]
    let fd = net::AsRawFd::as_raw_fd(&file);
    on_all(|mut bed| {
        #[cfg(unix)]
        let refused = bed.watch(fd, READ);
        #[cfg(unix)]
        if bed.is("epoll") {
            if !bed.changelist {
                assert_eq!(refused, Err(Error::Os(libc::EPERM)));
            }
            assert_eq!(bed.look(), nothing());
        } else {
            refused.unwrap();
            assert_eq!(bed.look(), one(fd, READ));
        }
        let mut p = Pair::pipe();
        let gone = p.0;
        p.close0();
        if bed.has(Feature::O1) && !bed.changelist {
            assert_eq!(bed.watch(gone, READ), Err(Error::Os(libc::EBADF)));
        }
        assert_eq!(bed.watch(-1, READ).is_err(), !bed.changelist || bed.is("epoll"));
        assert!(!bed.look().contains_key(&-1));
    });
}

#[cfg(unix)]
#[test]
fn closed_before_the_first_wait() {
    on_all(|mut bed| {
        let mut s = Pair::socket();
        let (fd, other) = (s.0, Pair::pipe());
        put(other.1);
        bed.watch(fd, READ).unwrap();
        bed.watch(other.0, READ).unwrap();
        s.close0();
        for _ in 0..2 {
            let seen = bed.look();
            assert_eq!(seen[&other.0], READ, "others do not suffer");
            // Those that are told of it by each wait report it, for the others it is as if it had never been added.
            assert_eq!(seen.contains_key(&fd), !bed.has(Feature::O1));
        }
        bed.watch(fd, NONE).unwrap();
        assert_eq!(bed.look(), one(other.0, READ));
    });
}

#[cfg(unix)]
#[test]
fn what_the_kernel_refuses_is_told() {
    on_all(|mut bed| {
        let other = Pair::pipe();
        put(other.1);
        bed.watch(other.0, READ).unwrap();
        let null = Pair(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) }, -1);
        match bed.watch(null.0, READ) {
            // At once, or by a report, as readiness or as an error.
            Err(e) => assert_eq!(e, Error::Os(libc::EPERM)),
            Ok(()) => assert_eq!(bed.look().contains_key(&null.0), !bed.changelist),
        }
        assert_eq!(bed.look()[&other.0], READ, "others do not suffer");
        let _ = bed.watch(null.0, NONE);
        // A pipe that nobody can read any more: some systems refuse to watch it.
        let mut p = Pair::pipe();
        p.close0();
        bed.watch(p.1, WRITE).unwrap();
        let seen = bed.look();
        assert!(seen[&p.1].contains(WRITE));
        assert_eq!(seen[&other.0], READ);
        bed.watch(p.1, NONE).unwrap();
        assert_eq!(bed.look(), one(other.0, READ));
    });
}

#[cfg(unix)]
#[test]
fn a_reset_connection_tells_readers_and_writers() {
    on_all(|mut bed| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&client);
        let (server, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut &client, b"never read").unwrap();
        bed.watch(fd, READ).unwrap();
        assert_eq!(bed.look(), nothing());
        drop(server);
        assert!(bed.turn(None)[&fd].contains(READ));
        bed.watch(fd, WRITE).unwrap();
        assert!(bed.look()[&fd].contains(WRITE));
    });
}

#[cfg(unix)]
mod signals_and_wake_ups {
    use super::*;
    use oxievent::backend::Reports;
    use std::ffi::c_int;

    #[derive(Default)]
    struct Log {
        fds: usize,
        signals: Vec<(c_int, u32)>,
        woken: usize,
    }
    impl Reports for Log {
        fn report(&mut self, _: evutil_socket_t, _: Interest) {
            self.fds += 1;
        }
        fn signal(&mut self, signal: c_int, times: u32) {
            self.signals.push((signal, times));
        }
        fn woken(&mut self) {
            self.woken += 1;
        }
    }
    fn turn(b: &mut Backend, timeout: Option<u64>) -> Log {
        let mut w = b.start_wait(timeout);
        w.run();
        let mut log = Log::default();
        b.finish_wait_into(w, &mut log).unwrap();
        log
    }

    #[test]
    fn a_backend_that_watches_signals_counts_them() {
        let mut a: libc::sigaction = unsafe { std::mem::zeroed() };
        a.sa_sigaction = ignore as *const () as usize;
        unsafe { libc::sigaction(libc::SIGVTALRM, &a, std::ptr::null_mut()) };
        on_all(|mut bed| {
            let b = &mut bed.b;
            if !b.watches_signals() {
                assert_eq!(b.watch_signal(libc::SIGVTALRM, true), Err(Error::Invalid));
                return;
            }
            assert!(b.watch_signal(-1, true).is_err());
            b.watch_signal(libc::SIGVTALRM, true).unwrap();
            for n in [1, 3] {
                for _ in 0..n {
                    unsafe { libc::raise(libc::SIGVTALRM) };
                }
                assert_eq!(turn(b, None).signals, [(libc::SIGVTALRM, n)]);
                assert_eq!(turn(b, Some(0)).signals, []);
            }
            b.watch_signal(libc::SIGVTALRM, false).unwrap();
            unsafe { libc::raise(libc::SIGVTALRM) };
            assert_eq!(turn(b, Some(0)).signals, []);
            assert_eq!(b.watch_signal(libc::SIGVTALRM, false), Err(Error::Os(libc::ENOENT)));
        });
    }

    #[test]
    fn a_wake_up_ends_waits_and_outlives_its_backend() {
        on_all(|mut bed| {
            let Some(wake_up) = bed.b.wake_up().unwrap() else { return };
            let again = bed.b.wake_up().unwrap().unwrap();
            for w in [&wake_up, &again, &wake_up] {
                w.wake().unwrap();
            }
            assert_eq!(turn(&mut bed.b, None).woken, 1, "many are one");
            assert_eq!(turn(&mut bed.b, Some(0)).woken, 0);
            std::thread::scope(|s| {
                s.spawn(|| {
                    std::thread::sleep(Duration::from_millis(20));
                    wake_up.wake().unwrap();
                });
                assert_eq!(turn(&mut bed.b, None).woken, 1);
            });
            drop(bed);
            drop(again);
            wake_up.wake().unwrap();
        });
    }
}

#[test]
fn changes_while_another_thread_waits() {
    on_all(|mut bed| {
        let (a, b) = (Pair::pipe(), Pair::pipe());
        put(a.1);
        put(b.1);
        bed.watch(a.0, READ).unwrap();
        let mut w = bed.b.start_wait(Some(0));
        bed.watch(b.0, READ).unwrap();
        w.run();
        bed.watch(a.0, NONE).unwrap();
        bed.b.finish_wait(w, |_, _| {}).unwrap();
        assert_eq!(bed.look(), one(b.0, READ));
    });
}

#[test]
fn a_wait_that_never_came_back() {
    on_all(|mut bed| {
        let p = Pair::pipe();
        put(p.1);
        bed.watch(p.0, READ).unwrap();
        drop(bed.b.start_wait(Some(0)));
        assert_eq!(bed.look(), one(p.0, READ));
    });
}

mod scripted {
    use super::*;
    use oxievent::backend::scripted::{backend, script};

    #[test]
    fn follows_its_script() {
        let mut bed = Bed { b: backend().unwrap(), watched: BTreeMap::new(), changelist: false };
        bed.watch(3, READ).unwrap();
        assert_eq!(bed.turn(None), nothing());
        script(&mut bed.b).unwrap().set_ready(3, READ | WRITE).unwrap();
        assert_eq!(bed.turn(Some(7)), one(3, READ));
        assert_eq!(script(&mut bed.b).unwrap().timeout, Some(7));
        bed.watch(3, READ | WRITE | ET).unwrap();
        assert_eq!(bed.look(), one(3, READ | WRITE));
        assert_eq!(bed.look(), nothing());
        bed.watch(3, WRITE | ONESHOT).unwrap();
        assert_eq!(bed.look(), one(3, WRITE));
        assert_eq!(bed.look(), nothing());
        script(&mut bed.b).unwrap().refuse(3, libc::EPERM).unwrap();
        assert_eq!(bed.watch(3, READ), Err(Error::Os(libc::EPERM)));
        script(&mut bed.b).unwrap().fail_wait = Some(libc::EINTR);
        assert_eq!(bed.look(), nothing());
    }
}
