//! Connecting to a host's name: its addresses in turn, failures at each stage, re-entry.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
use bev_common::*;
use net::libc;
use net::libc::addrinfo;
use net::{AsRawFd, IntoRawFd};
use oxievent::Error;
use oxievent::abi::bufferevent::{BevEvent, evdns_base};
use oxievent::abi::event::Evloop;
use oxievent::abi::util::EVUTIL_EAI_CANCEL;
use oxievent::base::BaseRef;
use oxievent::bufferevent::BevRef;
use oxievent::util::addr::Inet;
use oxievent::util::getaddrinfo::{self, AddrList};
use oxievent::util::resolve::{ResolveCb, set_async};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int, c_void};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

/// A resolver for tests: what it is handed as a DNS base says what it answers, and when.
struct Resolver {
    answer: Vec<SocketAddr>,
    code: c_int,
    later: bool,
    pending: RefCell<Option<(ResolveCb, *mut c_void)>>,
    asked: Cell<(c_int, c_int, c_int)>,
}
impl Resolver {
    fn new(answer: &[SocketAddr]) -> Resolver {
        set_async(start, cancel);
        let answer = answer.to_vec();
        Resolver { answer, code: 0, later: false, pending: RefCell::default(), asked: Cell::default() }
    }
    fn ptr(&self) -> *mut evdns_base {
        std::ptr::from_ref(self).cast_mut().cast()
    }
    fn list(&self) -> *mut addrinfo {
        // SAFETY: null is an empty list.
        let mut all = unsafe { AddrList::from_raw(std::ptr::null_mut()) };
        for a in &self.answer {
            let to = match a {
                SocketAddr::V4(a) => Inet::v4(a.ip().octets(), a.port()),
                SocketAddr::V6(a) => Inet::v6(a.ip().octets(), a.port(), 0),
            };
            // SAFETY: all zero is a valid addrinfo.
            let mut hints: addrinfo = unsafe { std::mem::zeroed() };
            hints.ai_socktype = libc::SOCK_STREAM;
            all.append(getaddrinfo::entries(&to, &hints).unwrap());
        }
        all.into_raw()
    }
    /// Answers the look-up that waits.
    fn answer(&self) {
        let (cb, arg) = self.pending.take().unwrap();
        let list = if self.code == 0 { self.list() } else { std::ptr::null_mut() };
        // SAFETY: what the bufferevent has registered.
        unsafe { cb(self.code, list, arg) };
    }
}
unsafe fn start(
    dns: *mut evdns_base,
    _: Option<&CStr>,
    _: Option<&CStr>,
    hints: &addrinfo,
    cb: ResolveCb,
    arg: *mut c_void,
) -> *mut c_void {
    // SAFETY: a Resolver of the test's.
    let r = unsafe { &*dns.cast::<Resolver>() };
    r.asked.set((hints.ai_family, hints.ai_socktype, hints.ai_flags));
    assert!(r.pending.borrow().is_none());
    *r.pending.borrow_mut() = Some((cb, arg));
    if r.later {
        return dns.cast();
    }
    r.answer();
    std::ptr::null_mut()
}
unsafe fn cancel(request: *mut c_void) {
    // SAFETY: as above.
    let r = unsafe { &*request.cast::<Resolver>() };
    let (cb, arg) = r.pending.take().unwrap();
    // SAFETY: as above.
    unsafe { cb(EVUTIL_EAI_CANCEL, std::ptr::null_mut(), arg) };
}

fn listener() -> (TcpListener, SocketAddr) {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let a = l.local_addr().unwrap();
    (l, a)
}
/// An address that refuses, as long as what is returned lives.
fn refusing() -> (net::OwnedFd, SocketAddr) {
    use net::FromRawFd;
    // SAFETY: plain calls on our own memory.
    unsafe {
        let s = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
        let mut a: libc::sockaddr_in = std::mem::zeroed();
        a.sin_family = libc::AF_INET as _;
        a.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
        let mut len = size_of_val(&a) as libc::socklen_t;
        assert_eq!(libc::bind(s, (&raw const a).cast(), len), 0);
        libc::getsockname(s, (&raw mut a).cast(), &mut len);
        (net::OwnedFd::from_raw_fd(s), (Ipv4Addr::LOCALHOST, u16::from_be(a.sin_port)).into())
    }
}
/// An address that never answers.
fn black_hole() -> (TcpListener, Vec<net::OwnedFd>, SocketAddr) {
    use net::FromRawFd;
    let (l, a) = listener();
    // SAFETY: no pointers.
    unsafe { libc::listen(l.as_raw_fd(), 0) };
    let mut fill = Vec::new();
    for _ in 0..4 {
        // SAFETY: plain calls on our own memory.
        unsafe {
            let s = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0);
            let Inet::V4(to) = Inet::v4([127, 0, 0, 1], a.port()) else { unreachable!() };
            libc::connect(s, (&raw const to).cast(), size_of_val(&to) as libc::socklen_t);
            fill.push(net::OwnedFd::from_raw_fd(s));
        }
    }
    (l, fill, a)
}
/// What fails at once.
fn unreachable() -> SocketAddr {
    (Ipv4Addr::BROADCAST, 80).into()
}
fn new(b: BaseRef) -> BevRef {
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    On::new()
        .event(|bev, what| {
            log(format!("{:?} dns {}", what.bits(), bev.dns_error()));
        })
        .set(bev)
}
fn go(bev: BevRef, r: &Resolver) -> oxievent::Result<()> {
    // SAFETY: the resolver outlives the look-up.
    unsafe { bev.connect_hostname(r.ptr(), libc::AF_UNSPEC, c"host.example", 80) }
}
fn address(bev: BevRef) -> Option<SocketAddr> {
    // SAFETY: the bufferevent's own address.
    match unsafe { Inet::read(bev.conn_address()) } {
        Some(Inet::V4(a)) => {
            Some((Ipv4Addr::from(u32::from_be(a.sin_addr.s_addr)), u16::from_be(a.sin_port)).into())
        }
        _ => None,
    }
}
/// Runs until something was reported.
fn wait(b: BaseRef) -> Vec<String> {
    for _ in 0..200 {
        b.loopexit(Some(&ms(20))).unwrap();
        b.run(Evloop::ONCE).unwrap();
        let l = logged();
        if !l.is_empty() {
            turn(b);
            return l.into_iter().chain(logged()).collect();
        }
    }
    panic!("nothing was reported");
}
const CONNECTED: &str = "128 dns 0";
const ERROR: &str = "32 dns 0";

#[test]
fn the_next_address_when_one_fails() {
    let (l, good) = listener();
    let ((_r1, bad), (_r2, bad2)) = (refusing(), refusing());
    for (list, reached) in [
        (vec![good], true),
        (vec![bad, good], true),
        (vec![bad, bad2, good, bad], true),
        (vec![unreachable(), good], true),
        (vec![unreachable(), bad, unreachable(), good], true),
        (vec![good, bad], true),
        (vec![bad], false),
        (vec![bad, bad2], false),
        (vec![unreachable()], false),
        (vec![bad, unreachable()], false),
    ] {
        for later in [false, true] {
            let b = base();
            let r = Resolver { later, ..Resolver::new(&list) };
            let bev = new(b);
            go(bev, &r).unwrap();
            if later {
                turn(b);
                r.answer();
            }
            // What is written meanwhile goes to the one that answers.
            bev.output().add(b"hello").unwrap();
            let want = if reached { CONNECTED } else { ERROR };
            assert_eq!(wait(b), [want], "{list:?}");
            assert_eq!(r.asked.get(), (libc::AF_UNSPEC, libc::SOCK_STREAM, 0));
            if reached {
                assert_eq!(address(bev), Some(good));
                let (mut s, _) = l.accept().unwrap();
                turn(b);
                let mut got = [0; 5];
                std::io::Read::read_exact(&mut s, &mut got).unwrap();
                assert_eq!(&got, b"hello");
            }
            bev.free();
            turn(b);
            assert_eq!(logged(), [""; 0]);
            end(b);
        }
    }
}

#[test]
fn sockets_that_failed_are_closed() {
    let (_l, good) = listener();
    let (_r, bad) = refusing();
    let b = base();
    let r = Resolver::new(&[bad, bad, unreachable(), bad, good]);
    let bev = new(b);
    go(bev, &r).unwrap();
    assert_eq!(wait(b), [CONNECTED]);
    // The connection sits on the lowest descriptor that was free when it was made: nothing was left open below, which
    // would show as a descriptor of TCP that is not connected.
    let fd = bev.fd().unwrap();
    // SAFETY: no pointers but to our own memory.
    unsafe {
        let mut a: libc::sockaddr_in = std::mem::zeroed();
        let mut len = size_of_val(&a) as libc::socklen_t;
        assert_eq!(libc::getpeername(fd, (&raw mut a).cast(), &mut len), 0);
        assert_eq!(u16::from_be(a.sin_port), good.port());
    }
    bev.free();
    turn(b);
    // SAFETY: no pointers.
    assert_eq!(unsafe { libc::fcntl(fd, libc::F_GETFD) }, -1);
    end(b);
}

#[test]
fn an_address_that_does_not_answer() {
    let (_l, good) = listener();
    let (_hole, _fill, silent) = black_hole();
    for (list, want) in [
        (vec![silent, good], vec![CONNECTED]),
        (vec![silent, silent, good], vec![CONNECTED]),
        (vec![silent], vec!["66 dns 0"]),
        (vec![silent, silent], vec!["66 dns 0"]),
        (vec![silent, unreachable()], vec!["66 dns 0"]),
    ] {
        let b = base();
        let r = Resolver::new(&list);
        let bev = new(b);
        bev.set_timeouts(None, Some(ms(60))).unwrap();
        let begin = std::time::Instant::now();
        go(bev, &r).unwrap();
        assert_eq!(wait(b), want, "{list:?}");
        let silent_ones = list.iter().filter(|&&a| a == silent).count();
        // The loop's clock may be some milliseconds late.
        assert!(begin.elapsed().as_millis() >= 50 * silent_ones as u128);
        bev.free();
        turn(b);
        end(b);
    }
}

#[test]
fn a_failed_look_up() {
    let b = base();
    for later in [false, true] {
        let r = Resolver { code: libc::EAI_FAIL, later, ..Resolver::new(&[]) };
        let bev = new(b);
        go(bev, &r).unwrap();
        if later {
            assert_eq!(go(bev, &r), Err(Error::Invalid), "one at a time");
            r.answer();
        }
        assert_eq!(logged(), [format!("32 dns {}", libc::EAI_FAIL)]);
        bev.free();
    }
    // Success without an address is none.
    let r = Resolver::new(&[]);
    let bev = new(b);
    go(bev, &r).unwrap();
    assert_eq!(logged(), [format!("32 dns {}", libc::EAI_NONAME)]);
    // SAFETY: no look-up begins.
    unsafe {
        let name = |family, port| bev.connect_hostname(r.ptr(), family, c"x", port);
        assert_eq!(name(libc::AF_UNIX, 80), Err(Error::Invalid));
        assert_eq!(name(libc::AF_INET, 0), Err(Error::Invalid));
        assert_eq!(name(libc::AF_INET6, 65536), Err(Error::Invalid));
        assert_eq!(bev.dns_error(), libc::EAI_NONAME);
        let mut hints: addrinfo = std::mem::zeroed();
        (hints.ai_family, hints.ai_flags, hints.ai_socktype) =
            (libc::AF_INET, libc::AI_NUMERICHOST, libc::SOCK_DGRAM);
        bev.connect_hostname_hints(r.ptr(), &hints, c"x", 80).unwrap();
        assert_eq!(r.asked.get(), (libc::AF_INET, libc::SOCK_STREAM, libc::AI_NUMERICHOST));
    }
    logged();
    bev.free();
    turn(b);
    end(b);
}

#[test]
fn freed_at_each_stage() {
    let (_l, good) = listener();
    let (_r, bad) = refusing();
    // During the look-up, and in the turns of the loop after it.
    for turns in 0..6 {
        let b = base();
        let r = Resolver { later: true, ..Resolver::new(&[bad, bad, good, bad]) };
        let bev = new(b);
        go(bev, &r).unwrap();
        if turns > 0 {
            r.answer();
        }
        for _ in 1..turns {
            turn(b);
        }
        logged();
        bev.free();
        assert!(r.pending.borrow().is_none());
        turn(b);
        assert_eq!(logged(), [""; 0]);
        end(b);
    }
    // In its own callback.
    for list in [vec![bad, good], vec![bad, bad], vec![unreachable(), unreachable()]] {
        let b = base();
        let r = Resolver::new(&list);
        let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
        On::new()
            .event(|bev, _| {
                log("freed");
                bev.free();
            })
            .set(bev);
        bev.incref();
        go(bev, &r).unwrap();
        if logged().is_empty() {
            assert_eq!(wait(b), ["freed"]);
        }
        bev.decref();
        turn(b);
        end(b);
    }
}

#[test]
fn another_socket_or_connect_ends_the_series() {
    let (l, good) = listener();
    let (_r, bad) = refusing();
    let b = base();
    // A socket of the program's.
    let r = Resolver::new(&[bad, good]);
    let bev = new(b);
    go(bev, &r).unwrap();
    let old = bev.fd().unwrap();
    let s = TcpStream::connect(good).unwrap();
    s.set_nonblocking(true).unwrap();
    bev.set_fd(s.into_raw_fd()).unwrap();
    // SAFETY: given up by the bufferevent.
    unsafe { libc::close(old) };
    l.accept().unwrap();
    turn(b);
    assert_eq!(logged(), [""; 0]);
    // Another name, in the callback that tells of the failure.
    let bev2 = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    let r2: &'static Resolver = Box::leak(Box::new(Resolver::new(&[bad, bad])));
    let r3: &'static Resolver = Box::leak(Box::new(Resolver::new(&[bad, good])));
    On::new()
        .event(move |bev, what| {
            log(format!("{}", what.bits()));
            if what.contains(BevEvent::ERROR) {
                let old = bev.fd().unwrap();
                bev.set_fd(-1).unwrap();
                // SAFETY: given up by the bufferevent.
                unsafe { libc::close(old) };
                go(bev, r3).unwrap();
            }
        })
        .set(bev2);
    go(bev2, r2).unwrap();
    let mut l = wait(b);
    if l.len() < 2 {
        l.extend(wait(b));
    }
    assert_eq!(l, ["32", "128"]);
    bev.free();
    bev2.free();
    turn(b);
    end(b);
}

#[test]
fn a_socket_of_the_programs_tries_them_all() {
    let (_l, good) = listener();
    let (_r, bad) = refusing();
    let (_hole, _fill, silent) = black_hole();
    let b = base();
    let r = Resolver::new(&[bad, silent, good]);
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0) };
    let bev = new(b);
    bev.set_fd(fd).unwrap();
    bev.set_timeouts(None, Some(ms(60))).unwrap();
    go(bev, &r).unwrap();
    assert_eq!(wait(b), [CONNECTED]);
    assert_eq!((bev.fd(), address(bev)), (Some(fd), Some(good)));
    bev.free();
    turn(b);
    end(b);
}

#[test]
fn without_a_dns_base() {
    let (_l, good) = listener();
    let b = base();
    let bev = new(b);
    // SAFETY: no DNS base: the look-up ends before this returns.
    unsafe {
        bev.connect_hostname(std::ptr::null_mut(), libc::AF_INET, c"127.0.0.1", c_int::from(good.port()))
            .unwrap();
    }
    assert_eq!(wait(b), [CONNECTED]);
    bev.free();
    turn(b);
    end(b);
}
