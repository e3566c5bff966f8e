//! The state machine of TLS bufferevents over a session that makes every detour TLS allows, far more often than any real
//! one: reads that must write first, writes that must read first, records in pieces, data that waits inside.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
use bev_common::*;
use net::libc;
use oxievent::abi::bufferevent::BevEvent;
use oxievent::abi::bufferevent_ssl::bufferevent_ssl_state as Ssl;
use oxievent::abi::event::Ev;
use oxievent::base::BaseRef;
use oxievent::bufferevent::BevRef;
use oxievent::bufferevent::tls::table::{answer, io};
use oxievent::bufferevent::tls::{TlsIo, TlsOps, TlsReport};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::rc::Rc;

/// What the two ends say to each other: H (handshake), D len len bytes (data), Q (asks for an answer), A (the answer),
/// E (the end).
struct Session {
    fd: Cell<net::evutil_socket_t>,
    io: Cell<Option<(&'static TlsIo, *mut c_void)>>,
    random: Cell<u32>,
    /// How many H are still to be sent and to be received.
    hands: Cell<(u32, u32)>,
    unsent: RefCell<VecDeque<u8>>,
    raw: RefCell<VecDeque<u8>>,
    data: RefCell<VecDeque<u8>>,
    asked: Cell<bool>,
    ended: Cell<bool>,
    eof: Cell<bool>,
    /// A write that has not been completed: it must come again.
    blocked: RefCell<Vec<u8>>,
    staged: Cell<bool>,
    in_op: Cell<bool>,
    detours: Cell<u32>,
}

fn session<'a>(p: *mut c_void) -> &'a Session {
    // SAFETY: made by `Session::new`; leaked until `free`.
    unsafe { &*p.cast::<Session>() }
}

impl Session {
    #[allow(clippy::new_ret_no_self, reason = "C knows it as a pointer")]
    fn new(seed: u32, fd: net::evutil_socket_t) -> *mut c_void {
        Box::into_raw(Box::new(Session {
            fd: Cell::new(fd),
            io: Cell::new(None),
            random: Cell::new(seed),
            hands: Cell::new((3, 3)),
            unsent: RefCell::default(),
            raw: RefCell::default(),
            data: RefCell::default(),
            asked: Cell::new(false),
            ended: Cell::new(false),
            eof: Cell::new(false),
            blocked: RefCell::default(),
            staged: Cell::new(false),
            in_op: Cell::new(false),
            detours: Cell::new(0),
        }))
        .cast()
    }
    fn show(&self, bev: BevRef) {
        println!(
            "hands {:?}, unsent {}, raw {:?} of {}, data {}, asked {}, blocked {}, output {}, input {}, detours {}",
            self.hands.get(),
            self.unsent.borrow().len(),
            self.raw.borrow().front(),
            self.raw.borrow().len(),
            self.data.borrow().len(),
            self.asked.get(),
            self.blocked.borrow().len(),
            bev.output().len(),
            bev.input().len(),
            self.detours.get()
        );
    }
    fn one_in(&self, n: u32) -> bool {
        self.random.set(self.random.get().wrapping_mul(1_103_515_245).wrapping_add(12345));
        (self.random.get() >> 16).is_multiple_of(n)
    }
    /// An event tells at once that a socket takes data, if it does. A bufferevent below tells only if it was full.
    fn pretends_full(&self, n: u32) -> bool {
        #[cfg(unix)]
        let takes_data = || {
            let mut p = libc::pollfd { fd: self.fd.get(), events: libc::POLLOUT, revents: 0 };
            // SAFETY: one entry.
            unsafe { libc::poll(&mut p, 1, 0) == 1 }
        };
        #[cfg(windows)]
        let takes_data = || {
            let none = &mut [];
            oxievent::sys::select::select(none, &mut [1, self.fd.get() as usize], &mut [], Some(0)) == Ok(1)
        };
        self.one_in(n) && self.io.get().is_none() && takes_data()
    }
    fn op(&self, f: impl FnOnce() -> c_int) -> c_int {
        assert!(!self.in_op.replace(true), "an operation inside another");
        let r = f();
        self.in_op.set(false);
        r
    }
    /// Bytes to the transport; how many it took.
    fn put(&self, bytes: &[u8]) -> usize {
        let n = match self.io.get() {
            // SAFETY: attached and not detached.
            Some((t, ctx)) => unsafe { (t.write)(ctx, bytes.as_ptr().cast(), bytes.len()) },
            // SAFETY: plain call.
            None => unsafe {
                libc::send(self.fd.get(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL)
            },
        };
        usize::try_from(n).unwrap_or(0)
    }
    fn flushed(&self) -> bool {
        let mut out = self.unsent.borrow_mut();
        while !out.is_empty() {
            let bytes: Vec<u8> = out.iter().copied().collect();
            let n = self.put(&bytes);
            out.drain(..n);
            if n < bytes.len() {
                return false;
            }
        }
        true
    }
    fn say(&self, bytes: &[u8]) {
        self.unsent.borrow_mut().extend(bytes);
    }
    /// Takes what the transport has. False: nothing new.
    fn listen(&self) -> bool {
        let mut buf = [0u8; 700];
        let n = match self.io.get() {
            // SAFETY: attached and not detached.
            Some((t, ctx)) => unsafe { (t.read)(ctx, buf.as_mut_ptr().cast(), buf.len()) },
            // SAFETY: plain call.
            None => unsafe { libc::recv(self.fd.get(), buf.as_mut_ptr().cast(), buf.len(), 0) },
        };
        if n == 0 {
            self.eof.set(true);
        }
        let Ok(n) = usize::try_from(n) else { return false };
        self.raw.borrow_mut().extend(&buf[..n]);
        n > 0
    }
    /// Interprets one thing that has arrived. False: there is none.
    fn hear(&self) -> bool {
        let mut raw = self.raw.borrow_mut();
        match raw.front() {
            None => return false,
            Some(b'H') => {
                let (send, receive) = self.hands.get();
                self.hands.set((send, receive - 1));
            }
            Some(b'Q') => self.say(b"A"),
            Some(b'A') => self.asked.set(false),
            Some(b'E') => self.ended.set(true),
            Some(b'D') => {
                if raw.len() < 3 {
                    return false;
                }
                let len = usize::from(raw[1]) + 256 * usize::from(raw[2]);
                if raw.len() < 3 + len {
                    return false;
                }
                raw.drain(..2);
                raw.pop_front();
                self.data.borrow_mut().extend(raw.drain(..len));
                return true;
            }
            Some(other) => panic!("heard {other}"),
        }
        raw.pop_front();
        true
    }
    fn want(&self, what: c_int) -> c_int {
        self.detours.set(self.detours.get() + 1);
        what
    }
    fn handshake(&self) -> c_int {
        loop {
            if !self.flushed() || self.pretends_full(6) {
                return self.want(answer::WANT_WRITE);
            }
            match self.hands.get() {
                (0, 0) => return 1,
                // Not further than one step ahead of the other side.
                (send, receive) if send > 0 && send >= receive => {
                    self.say(b"H");
                    self.hands.set((send - 1, receive));
                }
                _ => {
                    while !self.hear() {
                        if !self.listen() {
                            return if self.eof.get() { answer::DIRTY } else { answer::WANT_READ };
                        }
                    }
                }
            }
        }
    }
    fn read(&self, to: &mut [u8]) -> c_int {
        loop {
            // A write that is blocked sends what it has first; reading does not wait for that.
            if self.blocked.borrow().is_empty() && (!self.flushed() || self.pretends_full(9)) {
                return self.want(answer::WANT_WRITE);
            }
            let mut data = self.data.borrow_mut();
            if !data.is_empty() {
                let n = to.len().min(data.len());
                to.iter_mut().zip(data.drain(..n)).for_each(|(a, b)| *a = b);
                return n as c_int;
            }
            drop(data);
            if self.ended.get() {
                return answer::CLOSED;
            }
            if !self.hear() && !self.listen() {
                return if self.eof.get() { answer::DIRTY } else { answer::WANT_READ };
            }
        }
    }
    fn write(&self, from: &[u8]) -> c_int {
        let mut blocked = self.blocked.borrow_mut();
        if blocked.is_empty() {
            blocked.extend(from);
            if self.one_in(3) {
                self.say(b"Q");
                self.asked.set(true);
            }
        } else {
            assert_eq!(*blocked, from, "a blocked write must be repeated with the same bytes");
        }
        while self.asked.get() {
            if !self.flushed() {
                return self.want(answer::WANT_WRITE);
            }
            while !self.hear() {
                if !self.listen() {
                    return self.want(if self.eof.get() { answer::FAILED } else { answer::WANT_READ });
                }
            }
        }
        let n = from.len();
        if !self.staged.replace(true) {
            self.say(&[b'D', (n % 256) as u8, (n / 256) as u8]);
            self.say(from);
        }
        if !self.flushed() || self.pretends_full(5) {
            return self.want(answer::WANT_WRITE);
        }
        self.staged.set(false);
        blocked.clear();
        n as c_int
    }
}

unsafe extern "C" fn reset(p: *mut c_void, _: c_int) -> c_int {
    session(p).hands.set((3, 3));
    0
}
unsafe extern "C" fn attach_fd(p: *mut c_void, fd: c_int) -> c_int {
    session(p).fd.set(fd as net::evutil_socket_t);
    0
}
unsafe extern "C" fn attach_io(p: *mut c_void, io: *const TlsIo, ctx: *mut c_void) -> *mut c_void {
    // SAFETY: the engine's table is static.
    session(p).io.set(Some((unsafe { &*io }, ctx)));
    p
}
unsafe extern "C" fn detach(p: *mut c_void) {
    session(p).io.set(None);
}
unsafe extern "C" fn handshake(p: *mut c_void, _: *mut TlsReport) -> c_int {
    session(p).op(|| session(p).handshake())
}
unsafe extern "C" fn read(p: *mut c_void, to: *mut c_void, n: c_int, _: *mut TlsReport) -> c_int {
    // SAFETY: the engine's room.
    let to = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), n as usize) };
    session(p).op(|| session(p).read(to))
}
unsafe extern "C" fn write(p: *mut c_void, from: *const c_void, n: c_int, report: *mut TlsReport) -> c_int {
    // SAFETY: the engine's data.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), n as usize) };
    let r = session(p).op(|| session(p).write(from));
    if r == answer::FAILED {
        // SAFETY: the engine's report.
        unsafe {
            (*report).errors[0] = 7;
            (*report).n_errors = 1;
        }
    }
    r
}
unsafe extern "C" fn pending(p: *mut c_void) -> c_int {
    let s = session(p);
    c_int::from(!s.data.borrow().is_empty() || !s.raw.borrow().is_empty() || !s.unsent.borrow().is_empty())
}
unsafe extern "C" fn renegotiate(_: *mut c_void) -> c_int {
    -1
}
unsafe extern "C" fn renegotiating(_: *mut c_void) -> c_int {
    0
}
unsafe extern "C" fn counts(_: *mut c_void, _: *mut u64, _: *mut u64) {}
unsafe extern "C" fn free(p: *mut c_void) {
    // SAFETY: made by `Session::new`, freed once.
    drop(unsafe { Box::from_raw(p.cast::<Session>()) });
}
static OPS: TlsOps = TlsOps {
    size: size_of::<TlsOps>(),
    reset,
    attach_fd,
    attach_io,
    detach,
    handshake,
    read,
    write,
    pending,
    renegotiate,
    renegotiating,
    counts,
    free,
};

fn make(
    b: BaseRef,
    under: Option<BevRef>,
    fd: net::evutil_socket_t,
    seed: u32,
    state: Ssl,
    options: c_int,
) -> BevRef {
    // SAFETY: the table is static; the bufferevent frees the session.
    unsafe { BevRef::tls_new(Some(b), under, fd, &OPS, Session::new(seed, fd), state, options | CLOSE) }
        .unwrap()
}
fn over_sockets(b: BaseRef, seed: u32, options: c_int) -> [BevRef; 2] {
    use net::IntoRawFd;
    let (x, y) = net::UnixStream::pair().unwrap();
    [(x, Ssl::BUFFEREVENT_SSL_CONNECTING), (y, Ssl::BUFFEREVENT_SSL_ACCEPTING)].map(|(s, state)| {
        s.set_nonblocking(true).unwrap();
        let fd = s.into_raw_fd();
        let small: c_int = 3000;
        // SAFETY: plain call.
        unsafe {
            libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, (&raw const small).cast(), 4);
        }
        make(b, None, fd, seed ^ fd as u32, state, options)
    })
}
fn over_below(b: BaseRef, seed: u32, options: c_int, below: (BevRef, BevRef)) -> [BevRef; 2] {
    for u in [below.0, below.1] {
        u.set_watermark(Ev::WRITE, 0, 900);
    }
    [
        make(b, Some(below.0), -1, seed, Ssl::BUFFEREVENT_SSL_CONNECTING, options),
        make(b, Some(below.1), -1, seed + 1, Ssl::BUFFEREVENT_SSL_ACCEPTING, options),
    ]
}

fn byte(at: usize) -> u8 {
    (at * 7 + at / 256) as u8
}

/// Both send `N` bytes; readers stop and go on, watermarks fill. Everything arrives.
fn exchange(ends: [BevRef; 2], b: BaseRef, high: usize) {
    const N: usize = 30_000;
    let detours = Rc::new(Cell::new(0));
    let got: [Rc<Cell<usize>>; 2] = [Rc::default(), Rc::default()];
    for (bev, got) in ends.iter().zip(&got) {
        let (bev, got, count) = (*bev, got.clone(), detours.clone());
        On::new()
            .read(move |bev| {
                for x in take(bev) {
                    assert_eq!(x, byte(got.get()));
                    got.set(got.get() + 1);
                }
                count.set(count.get() + 1);
                if count.get() % 5 == 0 {
                    bev.disable(Ev::READ).unwrap();
                    bev.enable(Ev::READ).unwrap();
                }
            })
            .event(|_, what| assert_eq!(what, BevEvent::CONNECTED))
            .set(bev);
        bev.set_watermark(Ev::READ, 0, high);
        // Many records.
        bev.set_max_single_write(700);
        let data: Vec<u8> = (0..N).map(byte).collect();
        for piece in data.chunks(333) {
            bev.output().add(piece).unwrap();
        }
        bev.enable(RW).unwrap();
    }
    for _ in 0..200_000 {
        turn(b);
        if got.iter().all(|g| g.get() == N) {
            break;
        }
    }
    if got.iter().any(|g| g.get() != N) {
        let _ = ends.map(|bev| session(bev.tls_session().unwrap()).show(bev));
    }
    assert_eq!(got.map(|g| g.get()), [N, N]);
    for bev in ends {
        let s = session(bev.tls_session().unwrap());
        assert!(s.detours.get() > 1, "{} detours", s.detours.get());
        bev.free();
    }
    turn(b);
    end(b);
}

#[test]
fn detours_over_sockets() {
    for seed in 0..200 {
        let b = base();
        exchange(over_sockets(b, seed, if seed % 2 == 0 { 0 } else { DEFER }), b, seed as usize % 3 * 500);
    }
}
#[test]
fn detours_over_a_pair() {
    for seed in 0..200 {
        let b = base();
        let below = BevRef::pair_new(b, CLOSE).unwrap();
        let options = if seed % 2 == 0 { 0 } else { DEFER };
        exchange(over_below(b, seed * 2, options, below), b, seed as usize % 3 * 500);
    }
}
#[test]
fn detours_over_socket_bufferevents() {
    for seed in 0..200 {
        let b = base();
        let below = sockets(b, 0);
        exchange(over_below(b, seed * 2 + 5, 0, below), b, seed as usize % 3 * 500);
    }
}
#[test]
fn another_table_is_refused() {
    let b = base();
    let other = TlsOps { size: 8, ..OPS };
    let s = Session::new(1, -1);
    // SAFETY: as in `make`.
    unsafe {
        assert!(BevRef::tls_new(Some(b), None, -1, &other, s, Ssl::BUFFEREVENT_SSL_OPEN, 0).is_err());
        assert!(BevRef::tls_new(Some(b), None, -1, &OPS, null_mut(), Ssl::BUFFEREVENT_SSL_OPEN, 0).is_err());
        assert!(BevRef::tls_new(Some(b), None, -1, &OPS, s, Ssl(9), 0).is_err());
        free(s);
    }
    assert_eq!(io::AGAIN, -1);
    end(b);
}
