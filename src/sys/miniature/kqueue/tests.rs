//! The statements of the manual page, one by one.
use super::*;
use std::ptr::{null, null_mut};
use std::vec::Vec;

const NOTHING: &[(usize, i16)] = &[];

struct Kq(c_int);
impl Drop for Kq {
    fn drop(&mut self) {
        close(self.0);
    }
}
fn kq() -> Kq {
    // SAFETY: none needed.
    let fd = unsafe { kqueue() };
    assert!(fd >= 0);
    Kq(fd)
}
fn entry(ident: usize, filter: i16, flags: u16) -> kevent {
    kevent { ident, filter, flags, fflags: 0, data: 0, udata: 0x1234 as *mut c_void, ext: [1, 2, 3, 4] }
}
fn blank() -> kevent {
    kevent { udata: null_mut(), ext: [0; 4], ..entry(0, 0, 0) }
}
/// One call; the events, or errno.
fn call(q: &Kq, changes: &[kevent], room: usize, wait: Option<Duration>) -> Result<Vec<kevent>, Errno> {
    let mut events = vec![blank(); room];
    let span = wait
        .map(|d| timespec { tv_sec: d.as_secs() as libc::time_t, tv_nsec: d.subsec_nanos() as libc::c_long });
    let span = span.as_ref().map_or(null(), |t| t as *const timespec);
    // SAFETY: all of it is as long as is said.
    let n = unsafe {
        super::kevent(q.0, changes.as_ptr(), changes.len() as c_int, events.as_mut_ptr(), room as c_int, span)
    };
    events.truncate(checked(n)? as usize);
    Ok(events)
}
fn change(q: &Kq, changes: &[kevent]) -> Result<(), Errno> {
    call(q, changes, 0, None).map(drop)
}
fn look(q: &Kq) -> Vec<kevent> {
    call(q, &[], 16, Some(Duration::ZERO)).unwrap()
}
fn keys(events: &[kevent]) -> Vec<(usize, i16)> {
    events.iter().map(|e| (e.ident, e.filter)).collect()
}
/// Two descriptors, closed by the tests or with the process.
fn pair(of: impl FnOnce(*mut c_int) -> c_int) -> (usize, usize) {
    let mut p = [0; 2];
    assert_eq!(of(p.as_mut_ptr()), 0);
    // Out of the way of tests that count on the lowest numbers.
    let [a, b] = p.map(|fd| {
        // SAFETY: numbers only.
        let high = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 300) };
        close_fd(fd);
        assert!(high >= 0);
        high as usize
    });
    (a, b)
}
fn sockets() -> (usize, usize) {
    // SAFETY: room for two.
    pair(|p| unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0, p) })
}
fn pipes() -> (usize, usize) {
    // SAFETY: room for two.
    pair(|p| unsafe { libc::pipe2(p, libc::O_NONBLOCK) })
}
fn put(fd: usize, bytes: &[u8]) -> isize {
    // SAFETY: readable for its length.
    unsafe { libc::write(fd as c_int, bytes.as_ptr().cast(), bytes.len()) }
}
fn take(fd: usize, n: usize) {
    let mut b = vec![0u8; n];
    // SAFETY: writable for its length.
    assert_eq!(unsafe { libc::read(fd as c_int, b.as_mut_ptr().cast(), n) }, n as isize);
}
fn shut(fds: &[usize]) {
    fds.iter().for_each(|&fd| close_fd(fd as c_int));
}
/// Signals and fork: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    lock(&ONE)
}

#[cfg(target_pointer_width = "64")]
#[test]
fn the_structure_is_freebsds() {
    assert_eq!((size_of::<kevent>(), align_of::<kevent>()), (64, 8));
}

#[test]
fn data_is_the_number_of_bytes_and_udata_comes_back() {
    for (a, b) in [sockets(), pipes()] {
        let q = kq();
        change(&q, &[entry(a, EVFILT_READ, EV_ADD)]).unwrap();
        assert_eq!(keys(&look(&q)), NOTHING);
        assert_eq!(put(b, b"hello"), 5);
        for _ in 0..2 {
            // Level triggered: while the condition holds.
            let [e] = look(&q)[..] else { panic!("one event") };
            assert_eq!((e.ident, e.filter, e.flags, e.fflags, e.data), (a, EVFILT_READ, 0, 0, 5));
            assert_eq!((e.udata as usize, e.ext), (0x1234, [1, 2, 3, 4]));
        }
        take(a, 2);
        assert_eq!(look(&q)[0].data, 3);
        take(a, 3);
        assert_eq!(keys(&look(&q)), NOTHING, "the filter is run again when the event is retrieved");
        shut(&[a, b]);
    }
}

#[test]
fn adding_again_changes_and_does_not_double() {
    let (q, (a, b)) = (kq(), sockets());
    change(&q, &[entry(a, EVFILT_READ, EV_ADD), entry(a, EVFILT_WRITE, EV_ADD)]).unwrap();
    change(&q, &[kevent { udata: 7 as *mut c_void, ..entry(a, EVFILT_READ, EV_ADD) }]).unwrap();
    put(b, b"x");
    let mut seen = look(&q);
    seen.sort_by_key(|e| e.filter);
    assert_eq!(keys(&seen), [(a, EVFILT_WRITE), (a, EVFILT_READ)]);
    assert_eq!(seen[1].udata as usize, 7);
    assert!(seen[0].data > 0, "the space that is left");
    shut(&[a, b]);
}

#[test]
fn clear_reports_changes_only() {
    let (q, (a, b)) = (kq(), sockets());
    put(b, b"x");
    change(&q, &[entry(a, EVFILT_READ, EV_ADD | EV_CLEAR)]).unwrap();
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)], "a condition that holds already");
    assert_eq!(keys(&look(&q)), NOTHING);
    put(b, b"y");
    let seen = look(&q);
    assert_eq!((seen[0].data, seen[0].flags), (2, EV_CLEAR));
    assert_eq!(keys(&look(&q)), NOTHING);
    // The other direction does not count as a change of this one.
    let w = entry(a, EVFILT_WRITE, EV_ADD | EV_CLEAR);
    assert_eq!(keys(&call(&q, &[w], 4, None).unwrap()), [(a, EVFILT_WRITE)]);
    put(b, b"z");
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    shut(&[a, b]);
}

#[test]
fn oneshot_dispatch_disable_enable_delete() {
    let (q, (a, b)) = (kq(), sockets());
    put(b, b"x");
    change(&q, &[entry(a, EVFILT_READ, EV_ADD | EV_ONESHOT)]).unwrap();
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    assert_eq!(keys(&look(&q)), NOTHING);
    assert_eq!(change(&q, &[entry(a, EVFILT_READ, EV_DELETE)]), Err(libc::ENOENT), "deleted by its report");

    change(&q, &[entry(a, EVFILT_READ, EV_ADD | EV_DISPATCH)]).unwrap();
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    assert_eq!(keys(&look(&q)), NOTHING, "disabled by its report");
    change(&q, &[entry(a, EVFILT_READ, EV_ENABLE)]).unwrap();
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    change(&q, &[entry(a, EVFILT_READ, EV_DELETE), entry(a, EVFILT_READ, EV_ADD | EV_DISABLE)]).unwrap();
    assert_eq!(keys(&look(&q)), NOTHING);
    change(&q, &[entry(a, EVFILT_READ, EV_ENABLE)]).unwrap();
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    change(&q, &[entry(a, EVFILT_READ, EV_DISABLE)]).unwrap();
    assert_eq!(keys(&look(&q)), NOTHING);
    change(&q, &[entry(a, EVFILT_READ, EV_DELETE)]).unwrap();
    for flags in [EV_DELETE, EV_ENABLE, EV_DISABLE, 0] {
        assert_eq!(change(&q, &[entry(a, EVFILT_READ, flags)]), Err(libc::ENOENT));
    }
    shut(&[a, b]);
}

#[test]
fn errors_take_entries_and_stop_the_wait() {
    let (q, (a, b)) = (kq(), sockets());
    put(b, b"x");
    let bad = entry(99_999, EVFILT_READ, EV_ADD);
    let unknown = entry(a, EVFILT_WRITE, EV_DELETE);
    let changes = [bad, entry(a, EVFILT_READ, EV_ADD), unknown, entry(1, -99, EV_ADD)];
    let seen = call(&q, &changes, 8, None).unwrap();
    let errors: Vec<_> = seen.iter().map(|e| (e.ident, e.flags, e.data as c_int)).collect();
    assert_eq!(
        errors,
        [(99_999, EV_ERROR, libc::EBADF), (a, EV_ERROR, libc::ENOENT), (1, EV_ERROR, libc::EINVAL)]
    );
    assert_eq!(seen[0].udata as usize, 0x1234);
    // All other changes have been made; events come with the next call.
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    // Without room: -1, and what follows is not looked at.
    let more = entry(a, EVFILT_WRITE, EV_ADD);
    assert_eq!(change(&q, &[bad, more]), Err(libc::EBADF));
    assert_eq!(call(&q, &[bad, unknown, more], 1, None).map(|_| ()), Err(libc::ENOENT));
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    // In the array of the changes itself.
    let mut one = [bad, entry(a, EVFILT_WRITE, EV_ADD), unknown];
    let p = one.as_mut_ptr();
    // SAFETY: one array of three.
    assert_eq!(unsafe { super::kevent(q.0, p, 2, p, 3, null()) }, 1);
    assert_eq!((one[0].flags, one[0].data as c_int), (EV_ERROR, libc::EBADF));
    shut(&[a, b]);
}

#[test]
fn receipts_are_given_without_taking_events() {
    let (q, (a, b)) = (kq(), sockets());
    put(b, b"x");
    let seen = call(&q, &[entry(a, EVFILT_READ, EV_ADD | EV_RECEIPT)], 4, None).unwrap();
    assert_eq!((seen.len(), seen[0].flags, seen[0].data), (1, EV_ERROR, 0));
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    shut(&[a, b]);
}

#[test]
fn wrong_calls() {
    let q = kq();
    // SAFETY: nothing is read before it is checked.
    let wrong = |kq, n, t: *const timespec| {
        let mut room = [blank(); 2];
        // SAFETY: as above.
        checked(unsafe { super::kevent(kq, null(), n, room.as_mut_ptr(), 2, t) })
    };
    assert_eq!(wrong(-1, 0, null()), Err(libc::EBADF));
    assert_eq!(wrong(0, 0, null()), Err(libc::EBADF), "a descriptor that is no queue");
    assert_eq!(wrong(q.0, 1, null()), Err(libc::EFAULT));
    for (sec, nsec) in [(-1, 0), (0, -1), (0, 1_000_000_000)] {
        assert_eq!(wrong(q.0, 0, &timespec { tv_sec: sec, tv_nsec: nsec }), Err(libc::EINVAL));
    }
    // No room for events: it returns at once, whatever the timeout.
    assert_eq!(call(&q, &[], 0, None).map(|e| e.len()), Ok(0));
    // What knows no events is refused.
    // SAFETY: a C string.
    let null_device = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
    assert_eq!(change(&q, &[entry(null_device as usize, EVFILT_READ, EV_ADD)]), Err(libc::ENODEV));
    close_fd(null_device);
}

#[test]
fn the_end_of_a_stream() {
    let q = kq();
    let (a, b) = sockets();
    change(&q, &[entry(a, EVFILT_READ, EV_ADD)]).unwrap();
    put(b, b"xy");
    // SAFETY: numbers only.
    unsafe { libc::shutdown(b as c_int, libc::SHUT_WR) };
    let e = look(&q)[0];
    assert_eq!((e.flags, e.fflags, e.data), (EV_EOF, 0, 2), "the end is told while data is left");
    shut(&[b]);
    change(&q, &[entry(a, EVFILT_WRITE, EV_ADD)]).unwrap();
    assert!(look(&q).iter().all(|e| e.flags == EV_EOF));
    shut(&[a]);

    let (r, w) = pipes();
    change(&q, &[entry(r, EVFILT_READ, EV_ADD), entry(w, EVFILT_WRITE, EV_ADD)]).unwrap();
    let seen = look(&q);
    assert_eq!((keys(&seen), seen[0].data), (vec![(w, EVFILT_WRITE)], 65536));
    shut(&[w]);
    assert_eq!((look(&q)[0].ident, look(&q)[0].flags), (r, EV_EOF));
    shut(&[r]);
    let (r, w) = pipes();
    change(&q, &[entry(w, EVFILT_WRITE, EV_ADD)]).unwrap();
    shut(&[r]);
    assert_eq!((look(&q)[0].ident, look(&q)[0].flags), (w, EV_EOF));
    change(&q, &[entry(w, EVFILT_WRITE, EV_DELETE)]).unwrap();
    assert_eq!(change(&q, &[entry(w, EVFILT_WRITE, EV_ADD)]), Err(libc::EPIPE), "nobody can ever read");
    shut(&[w]);
}

fn tcp() -> (std::net::TcpListener, std::net::SocketAddr) {
    let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = l.local_addr().unwrap();
    (l, at)
}
fn fd_of(s: &impl std::os::fd::AsRawFd) -> usize {
    s.as_raw_fd() as usize
}

#[test]
fn listening_sockets_errors_and_low_water_marks() {
    let (q, (listener, at)) = (kq(), tcp());
    change(&q, &[entry(fd_of(&listener), EVFILT_READ, EV_ADD)]).unwrap();
    assert_eq!(keys(&look(&q)), NOTHING);
    let clients = [at, at, at].map(|at| std::net::TcpStream::connect(at).unwrap());
    // A connection may be there for the client a moment before it is there for the listener.
    let backlog = || {
        let [e] = call(&q, &[], 4, None).unwrap()[..] else { panic!("one event") };
        assert_eq!(e.ident, fd_of(&listener));
        e.data
    };
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while backlog() != 3 {
        assert!(std::time::Instant::now() < end, "the backlog: {}", backlog());
    }
    let (peer, _) = listener.accept().unwrap();
    drop(listener);
    assert_eq!(keys(&look(&q)), NOTHING, "closed");

    let low = |data| kevent { fflags: NOTE_LOWAT, data, ..entry(fd_of(&peer), EVFILT_READ, EV_ADD) };
    change(&q, &[low(3)]).unwrap();
    put(fd_of(&clients[0]), b"ab");
    assert_eq!(keys(&call(&q, &[], 4, Some(Duration::from_millis(20))).unwrap()), NOTHING);
    put(fd_of(&clients[0]), b"c");
    assert_eq!(call(&q, &[], 4, None).unwrap()[0].data, 3);
    change(&q, &[low(i64::from(i32::MAX))]).unwrap();
    assert_eq!(keys(&look(&q)), NOTHING);
    // Data that is left unread: the other side gets a reset.
    let client = fd_of(&clients[0]);
    change(&q, &[entry(client, EVFILT_WRITE, EV_ADD), entry(client, EVFILT_READ, EV_ADD)]).unwrap();
    drop(peer);
    let seen = call(&q, &[entry(client, EVFILT_WRITE, EV_DELETE)], 4, None).unwrap();
    assert_eq!(
        (seen[0].flags, seen[0].fflags),
        (EV_EOF, libc::ECONNRESET as u32),
        "fflags has the socket's error"
    );

    // A socket that is not connected is neither readable nor writable.
    // SAFETY: numbers only.
    let fresh = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) } as usize;
    let q = kq();
    change(&q, &[entry(fresh, EVFILT_READ, EV_ADD), entry(fresh, EVFILT_WRITE, EV_ADD)]).unwrap();
    assert_eq!(keys(&look(&q)), NOTHING);
    shut(&[fresh]);
}

#[test]
fn regular_files() {
    let q = kq();
    let path = std::env::temp_dir().join(format!("kqueue-{}", std::process::id()));
    std::fs::write(&path, b"0123456789").unwrap();
    let mut file = std::fs::OpenOptions::new().read(true).append(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let fd = fd_of(&file);
    change(&q, &[entry(fd, EVFILT_READ, EV_ADD)]).unwrap();
    take(fd, 4);
    assert_eq!(look(&q)[0].data, 6, "from the position to the end");
    take(fd, 6);
    assert_eq!(keys(&look(&q)), NOTHING);
    std::io::Write::write_all(&mut file, b"more").unwrap();
    // SAFETY: numbers only.
    unsafe { libc::lseek(fd as c_int, 12, libc::SEEK_SET) };
    assert_eq!(call(&q, &[], 4, None).unwrap()[0].data, 2);
    // SAFETY: numbers only.
    unsafe { libc::lseek(fd as c_int, 20, libc::SEEK_SET) };
    assert_eq!(look(&q)[0].data, -6, "may be negative");
    // SAFETY: numbers only.
    unsafe { libc::lseek(fd as c_int, 0, libc::SEEK_END) };
    assert_eq!(keys(&look(&q)), NOTHING);
    change(&q, &[kevent { fflags: NOTE_FILE_POLL, ..entry(fd, EVFILT_READ, EV_ADD) }]).unwrap();
    assert_eq!(keys(&look(&q)), [(fd, EVFILT_READ)], "as poll does");
}

#[test]
fn closing_removes_notes() {
    let _alone = alone();
    let q = kq();
    let (a, b) = sockets();
    put(b, b"x");
    change(&q, &[entry(a, EVFILT_READ, EV_ADD), entry(a, EVFILT_WRITE, EV_ADD)]).unwrap();
    assert_eq!(look(&q).len(), 2);
    // A duplicate keeps the file, not the notes, which belong to the number.
    // SAFETY: numbers only.
    let other = unsafe { libc::fcntl(a as c_int, libc::F_DUPFD_CLOEXEC, 350) } as usize;
    shut(&[a]);
    assert_eq!(keys(&look(&q)), NOTHING);
    for flags in [EV_ADD, EV_DELETE] {
        assert_eq!(change(&q, &[entry(a, EVFILT_READ, flags)]), Err(libc::EBADF));
    }
    // The number means another file at once.
    let (c, d) = sockets();
    put(d, b"y");
    // SAFETY: numbers only.
    assert_eq!(unsafe { libc::dup2(c as c_int, other as c_int) }, other as c_int);
    change(&q, &[entry(c, EVFILT_READ, EV_ADD | EV_CLEAR)]).unwrap();
    let (e, f) = sockets();
    put(f, b"z");
    // SAFETY: numbers only.
    assert_eq!(unsafe { libc::dup2(e as c_int, c as c_int) }, c as c_int);
    assert_eq!(keys(&look(&q)), NOTHING, "the note went with the old file");
    assert_eq!(change(&q, &[entry(c, EVFILT_READ, EV_DELETE)]), Err(libc::ENOENT));
    change(&q, &[entry(c, EVFILT_READ, EV_ADD)]).unwrap();
    assert_eq!(keys(&look(&q)), [(c, EVFILT_READ)]);
    shut(&[b, c, d, e, f, other]);
}

#[test]
fn user_events() {
    let q = kq();
    let user = |flags, fflags| kevent { fflags, ..entry(5, EVFILT_USER, flags) };
    assert_eq!(change(&q, &[user(0, NOTE_TRIGGER)]), Err(libc::ENOENT));
    change(&q, &[user(EV_ADD | EV_CLEAR, NOTE_FFCOPY | 6)]).unwrap();
    assert_eq!(keys(&look(&q)), NOTHING);
    for _ in 0..3 {
        change(&q, &[user(0, NOTE_TRIGGER)]).unwrap();
    }
    let [e] = look(&q)[..] else { panic!("one event") };
    assert_eq!((e.ident, e.filter, e.fflags), (5, EVFILT_USER, 6));
    assert_eq!(keys(&look(&q)), NOTHING, "its state is reset");
    // Without EV_CLEAR it stays triggered.
    let other = |flags, fflags| kevent { fflags, ..entry(6, EVFILT_USER, flags) };
    change(&q, &[other(EV_ADD, NOTE_TRIGGER | NOTE_FFCOPY | 3)]).unwrap();
    assert_eq!((look(&q)[0].fflags, look(&q).len()), (3, 1));
    change(&q, &[other(0, NOTE_FFAND | 2)]).unwrap();
    assert_eq!(look(&q)[0].fflags, 2);
    change(&q, &[other(0, NOTE_FFOR | 8)]).unwrap();
    assert_eq!(look(&q)[0].fflags, 10);
    change(&q, &[other(EV_CLEAR, 0)]).unwrap();
    assert_eq!(keys(&look(&q)), NOTHING);
}

extern "C" fn count_it(_: c_int) {
    HANDLED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
}
static HANDLED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

fn set_handler(signal: c_int, handler: usize) -> usize {
    // SAFETY: the handlers of these tests only count.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        a.sa_sigaction = handler;
        let mut old = a;
        assert_eq!(super::sigaction(signal, &a, &mut old), 0);
        old.sa_sigaction
    }
}
fn raise(signal: c_int) {
    // SAFETY: watched or handled by the test.
    unsafe { libc::raise(signal) };
}

/// How many signals a note has to tell of.
fn told(sig: c_int, note: &Knote) -> i64 {
    match filter::look((EVFILT_SIGNAL, sig as usize), note) {
        Look::Ready { data, .. } => data,
        Look::Quiet => 0,
    }
}
#[test]
fn a_signal_that_comes_while_others_are_told_of_is_told_next() {
    let _alone = alone();
    let sig = libc::SIGRTMIN() + 3;
    set_handler(sig, count_it as *const () as usize);
    let mut note = Knote {
        filter: Filter::Signal { seen: signals::watch(sig).unwrap() },
        flags: EV_CLEAR,
        fflags: 0,
        data: 0,
        udata: null_mut(),
        ext: [0; 4],
        enabled: true,
        active: false,
        token: 0,
    };
    raise(sig);
    raise(sig);
    let two = told(sig, &note);
    raise(sig);
    filter::handed_out(&mut note, two);
    assert_eq!((two, told(sig, &note)), (2, 1));
    signals::unwatch(sig);
}

#[test]
fn signals_are_counted_beside_their_handlers() {
    let _alone = alone();
    let handled = || HANDLED.swap(0, std::sync::atomic::Ordering::SeqCst);
    let (q, r) = (kq(), kq());
    let sig = libc::SIGRTMIN() + 3;
    let note = |flags| entry(sig as usize, EVFILT_SIGNAL, flags);
    set_handler(sig, count_it as *const () as usize);
    handled();
    change(&q, &[note(EV_ADD)]).unwrap();
    change(&r, &[note(EV_ADD)]).unwrap();
    for _ in 0..3 {
        raise(sig);
    }
    assert_eq!(handled(), 3, "it coexists with sigaction");
    for queue in [&q, &r] {
        let [e] = look(queue)[..] else { panic!("one event") };
        assert_eq!((e.ident, e.data, e.flags), (sig as usize, 3, EV_CLEAR), "every queue gets all");
        assert_eq!(keys(&look(queue)), NOTHING);
    }
    // Recorded even if ignored.
    let ours = set_handler(sig, libc::SIG_IGN);
    assert_eq!(ours, count_it as *const () as usize, "the program sees its own action");
    raise(sig);
    assert_eq!((handled(), look(&q)[0].data), (0, 1));
    change(&q, &[note(EV_DELETE)]).unwrap();
    set_handler(sig, count_it as *const () as usize);
    raise(sig);
    assert_eq!(keys(&look(&q)), NOTHING);
    assert_eq!((handled(), look(&r)[0].data), (1, 2));
    drop(r);
    raise(sig);
    assert_eq!(handled(), 1, "the action is the program's again");
    // SAFETY: reads the action.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(sig, null(), &mut now);
        assert_eq!(now.sa_sigaction, count_it as *const () as usize);
    }
    // A waiting thread gets it, though another one handles it.
    change(&q, &[note(EV_ADD)]).unwrap();
    let t = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        raise(sig);
    });
    assert_eq!(keys(&call(&q, &[], 4, None).unwrap()), [(sig as usize, EVFILT_SIGNAL)]);
    t.join().unwrap();
    // SIGCHLD is the exception: ignored, it is not recorded.
    let child = entry(libc::SIGCHLD as usize, EVFILT_SIGNAL, EV_ADD);
    change(&q, &[child]).unwrap();
    raise(libc::SIGCHLD);
    assert_eq!(look(&q).len(), 1);
    let before = set_handler(libc::SIGCHLD, libc::SIG_IGN);
    raise(libc::SIGCHLD);
    assert_eq!(keys(&look(&q)), NOTHING);
    set_handler(libc::SIGCHLD, before);
}

#[test]
fn an_interrupted_wait_has_made_its_changes() {
    let _alone = alone();
    let (q, (a, b)) = (kq(), sockets());
    let sig = libc::SIGRTMIN() + 4;
    set_handler(sig, count_it as *const () as usize);
    // SAFETY: no arguments.
    let me = unsafe { libc::pthread_self() };
    let me = me as usize;
    let t = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        // SAFETY: the thread waits for us.
        unsafe { libc::pthread_kill(me as libc::pthread_t, sig) };
    });
    assert_eq!(call(&q, &[entry(a, EVFILT_READ, EV_ADD)], 4, None).map(|_| ()), Err(libc::EINTR));
    t.join().unwrap();
    put(b, b"x");
    assert_eq!(keys(&look(&q)), [(a, EVFILT_READ)]);
    shut(&[a, b]);
}

#[test]
fn timeouts() {
    let (q, (a, b)) = (kq(), sockets());
    change(&q, &[entry(a, EVFILT_READ, EV_ADD)]).unwrap();
    for us in [1, 200, 1500] {
        let (start, span) = (Instant::now(), Duration::from_micros(us));
        assert_eq!(keys(&call(&q, &[], 4, Some(span)).unwrap()), NOTHING);
        assert!(start.elapsed() >= span && start.elapsed() < span + Duration::from_secs(1));
    }
    put(b, b"x");
    let forever = Some(Duration::from_secs(libc::time_t::MAX as u64));
    assert_eq!(keys(&call(&q, &[], 4, forever).unwrap()), [(a, EVFILT_READ)]);
    shut(&[a, b]);
}

#[test]
fn what_another_thread_does_reaches_a_wait() {
    let (q, (a, b)) = (kq(), sockets());
    put(b, b"x");
    let n = q.0;
    std::thread::scope(|s| {
        let t = s.spawn(|| keys(&call(&q, &[], 4, None).unwrap()));
        std::thread::sleep(Duration::from_millis(30));
        change(&q, &[entry(a, EVFILT_READ, EV_ADD)]).unwrap();
        assert_eq!(t.join().unwrap(), [(a, EVFILT_READ)]);
        change(&q, &[entry(a, EVFILT_READ, EV_DELETE), entry(1, EVFILT_USER, EV_ADD)]).unwrap();
        let t = s.spawn(|| keys(&call(&q, &[], 4, None).unwrap()));
        std::thread::sleep(Duration::from_millis(30));
        change(&q, &[kevent { fflags: NOTE_TRIGGER, ..entry(1, EVFILT_USER, 0) }]).unwrap();
        assert_eq!(t.join().unwrap(), [(1, EVFILT_USER)]);
        change(&q, &[entry(1, EVFILT_USER, EV_DELETE)]).unwrap();
        let t = s.spawn(|| call(&q, &[], 4, None).map(|e| e.len()));
        std::thread::sleep(Duration::from_millis(30));
        close(n);
        assert_eq!(t.join().unwrap(), Err(libc::EBADF));
    });
    std::mem::forget(q);
    shut(&[a, b]);
}

#[test]
fn more_events_than_room() {
    let q = kq();
    let pairs: Vec<_> = (0..10).map(|_| sockets()).collect();
    for &(a, b) in &pairs {
        put(b, b"x");
        change(&q, &[entry(a, EVFILT_READ, EV_ADD)]).unwrap();
    }
    // In turn: nobody is left out.
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let some = call(&q, &[], 3, None).unwrap();
        assert_eq!(some.len(), 3);
        seen.extend(some.iter().map(|e| e.ident));
    }
    assert_eq!(seen.len(), 10);
    pairs.iter().for_each(|&(a, b)| shut(&[a, b]));
}

#[test]
fn closed_by_the_system_call() {
    let _alone = alone();
    let q = kq();
    // SAFETY: numbers only.
    let other = unsafe { libc::fcntl(q.0, libc::F_DUPFD_CLOEXEC, 360) };
    close_fd(q.0);
    assert_eq!(change(&q, &[]), Err(libc::EBADF));
    let again = kq();
    assert!(call(&again, &[], 1, Some(Duration::ZERO)).is_ok());
    close_fd(other);
    std::mem::forget(q);
}

#[test]
fn a_child_does_not_inherit_it() {
    let _alone = alone();
    let (q, (a, b)) = (kq(), sockets());
    let sig = libc::SIGRTMIN() + 5;
    set_handler(sig, libc::SIG_IGN);
    change(&q, &[entry(a, EVFILT_READ, EV_ADD), entry(sig as usize, EVFILT_SIGNAL, EV_ADD)]).unwrap();
    // SAFETY: the child makes system calls and ends.
    match unsafe { libc::fork() } {
        0 => {
            let gone = change(&q, &[]) == Err(libc::EBADF);
            // SAFETY: numbers only.
            let closed = unsafe { libc::fcntl(q.0, libc::F_GETFD) } < 0;
            // SAFETY: reads the action.
            let restored = unsafe {
                let mut now: libc::sigaction = std::mem::zeroed();
                libc::sigaction(sig, null(), &mut now);
                now.sa_sigaction == libc::SIG_IGN
            };
            let own = kq();
            let works = call(&own, &[entry(a, EVFILT_WRITE, EV_ADD)], 1, None).is_ok_and(|e| e.len() == 1);
            // SAFETY: ends the child.
            unsafe {
                libc::_exit(
                    c_int::from(!gone)
                        | c_int::from(!closed) << 1
                        | c_int::from(!restored) << 2
                        | c_int::from(!works) << 3,
                )
            }
        }
        pid => {
            let mut status = 0;
            // SAFETY: our child.
            assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
            assert_eq!(status, 0);
        }
    }
    put(b, b"x");
    raise(sig);
    assert_eq!(look(&q).len(), 2, "the parent's goes on");
    shut(&[a, b]);
}
