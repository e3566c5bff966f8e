//! Listeners: options, callbacks that disable, free and change, errors.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
use bev_common::{base, end, log, logged, turn};
use net::UnixStream;
use net::{FromRawFd, IntoRawFd};
use net::{evutil_socket_t, libc};
use oxievent::Error;
use oxievent::abi::listener::{LevOpt, evconnlistener};
use oxievent::base::BaseRef;
use oxievent::listener::ListenerRef;
use std::ffi::{c_int, c_void};
use std::io::Read;
use std::net::TcpStream;

type Accept = Box<dyn FnMut(ListenerRef, evutil_socket_t)>;
unsafe extern "C" fn on_accept(
    l: *mut evconnlistener,
    fd: evutil_socket_t,
    addr: *mut libc::sockaddr,
    len: c_int,
    arg: *mut c_void,
) {
    // SAFETY: the library passes a live listener, and an address of that length.
    let (l, family) = unsafe { (ListenerRef::from_raw(l).unwrap(), (*addr).sa_family) };
    assert!(len >= 2 && i32::from(family) != libc::AF_UNSPEC);
    // SAFETY: leaked by `accept`.
    unsafe { (*arg.cast::<Accept>())(l, fd) }
}
fn accept(f: impl FnMut(ListenerRef, evutil_socket_t) + 'static) -> *mut c_void {
    Box::into_raw(Box::new(Box::new(f) as Accept)).cast()
}
fn closing(name: &'static str) -> *mut c_void {
    accept(move |_, fd| {
        log(name);
        close(fd);
    })
}
fn close(fd: evutil_socket_t) {
    // SAFETY: ours.
    unsafe { libc::close(fd) };
}
fn loopback() -> libc::sockaddr_in {
    // SAFETY: zeros are a valid address.
    let mut s: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    s.sin_family = libc::AF_INET as _;
    s.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
    s
}
fn bind(b: BaseRef, flags: LevOpt, arg: *mut c_void) -> ListenerRef {
    let a = loopback();
    // SAFETY: an address on our stack.
    unsafe {
        ListenerRef::new_bind(
            Some(b),
            Some(on_accept),
            arg,
            flags | LevOpt::CLOSE_ON_FREE,
            -1,
            (&raw const a).cast(),
            size_of_val(&a) as c_int,
        )
        .unwrap()
    }
}
fn port(l: ListenerRef) -> u16 {
    let mut a = loopback();
    let mut len = size_of_val(&a) as libc::socklen_t;
    // SAFETY: room on our stack.
    unsafe { libc::getsockname(l.fd(), (&raw mut a).cast(), &mut len) };
    u16::from_be(a.sin_port)
}
fn dial(l: ListenerRef) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port(l))).unwrap()
}

#[cfg(unix)]
#[test]
fn connections_come_as_asked_for() {
    let b = base();
    for (flags, nonblocking, cloexec) in [
        (LevOpt::empty(), true, false),
        (LevOpt::LEAVE_SOCKETS_BLOCKING, false, false),
        (LevOpt::CLOSE_ON_EXEC | LevOpt::REUSEABLE | LevOpt::REUSEABLE_PORT, true, true),
        (LevOpt::LEAVE_SOCKETS_BLOCKING | LevOpt::CLOSE_ON_EXEC, false, true),
    ] {
        let l = bind(
            b,
            flags,
            accept(move |_, fd| {
                // SAFETY: no pointers.
                unsafe {
                    assert_eq!(libc::fcntl(fd, libc::F_GETFL) & libc::O_NONBLOCK != 0, nonblocking);
                    assert_eq!(libc::fcntl(fd, libc::F_GETFD) & libc::FD_CLOEXEC != 0, cloexec);
                }
                log("accepted");
                close(fd);
            }),
        );
        // SAFETY: no pointers.
        assert_eq!(unsafe { libc::fcntl(l.fd(), libc::F_GETFD) } & libc::FD_CLOEXEC != 0, cloexec);
        assert!(l.base() == Some(b));
        let _clients = (dial(l), dial(l), dial(l));
        turn(b);
        assert_eq!(logged(), ["accepted"; 3]);
        l.free();
    }
    end(b);
}

#[test]
fn it_accepts_only_while_enabled_and_wanted() {
    let b = base();
    let l = bind(b, LevOpt::DISABLED, closing("a"));
    let _c = dial(l);
    turn(b);
    assert_eq!(logged(), [""; 0]);
    l.enable().unwrap();
    turn(b);
    assert_eq!(logged(), ["a"]);
    l.disable().unwrap();
    let _c = dial(l);
    turn(b);
    l.set_cb(Some(on_accept), closing("b"));
    turn(b);
    assert_eq!(logged(), [""; 0], "another callback does not enable it");
    l.enable().unwrap();
    turn(b);
    assert_eq!(logged(), ["b"]);
    // Without a callback: enabled, but it begins when there is one.
    l.disable().unwrap();
    l.set_cb(None, std::ptr::null_mut());
    l.enable().unwrap();
    let _c = dial(l);
    turn(b);
    l.set_cb(Some(on_accept), closing("c"));
    turn(b);
    assert_eq!(logged(), ["c"]);
    l.free();
    end(b);
}

#[test]
fn callbacks_may_disable_and_free() {
    let b = base();
    let l = bind(
        b,
        LevOpt::empty(),
        accept(|l, fd| {
            log("once");
            close(fd);
            l.disable().unwrap();
        }),
    );
    let _c = (dial(l), dial(l));
    turn(b);
    assert_eq!(logged(), ["once"]);
    l.set_cb(
        Some(on_accept),
        accept(|l, fd| {
            log("freed");
            close(fd);
            l.free();
        }),
    );
    l.enable().unwrap();
    let p = port(l);
    turn(b);
    assert_eq!(logged(), ["freed"]);
    assert!(TcpStream::connect(("127.0.0.1", p)).is_err());
    end(b);
}

#[test]
fn the_address_is_free_at_once() {
    let b = base();
    let l = bind(b, LevOpt::REUSEABLE, closing("x"));
    let p = port(l);
    l.free();
    let mut a = loopback();
    a.sin_port = p.to_be();
    let len = size_of_val(&a) as c_int;
    let flags = LevOpt::REUSEABLE | LevOpt::CLOSE_ON_FREE;
    // SAFETY: an address on our stack.
    let l = unsafe {
        ListenerRef::new_bind(Some(b), Some(on_accept), closing("y"), flags, 5, (&raw const a).cast(), len)
    }
    .unwrap();
    // Taken now: errno tells, through all the cleaning up.
    // SAFETY: as above.
    let r = unsafe {
        ListenerRef::new_bind(Some(b), Some(on_accept), closing("z"), flags, 5, (&raw const a).cast(), len)
    };
    assert_eq!(r, Err(Error::Os(libc::EADDRINUSE)));
    assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EADDRINUSE));
    // SAFETY: null is allowed.
    let r = unsafe {
        ListenerRef::new_bind(Some(b), Some(on_accept), closing("z"), flags, 0, std::ptr::null(), 0)
    };
    assert_eq!(r, Err(Error::Invalid));
    l.free();
    end(b);
}

#[cfg(unix)]
#[test]
fn unix_sockets_have_no_ports_to_reuse() {
    let b = base();
    let path = std::env::temp_dir().join(format!("oxievent-listener-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    // SAFETY: zeros are a valid address.
    let mut a: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    a.sun_family = libc::AF_UNIX as _;
    for (to, from) in a.sun_path.iter_mut().zip(path.to_str().unwrap().bytes()) {
        *to = from as _;
    }
    let flags = LevOpt::REUSEABLE | LevOpt::REUSEABLE_PORT | LevOpt::CLOSE_ON_FREE;
    // SAFETY: an address on our stack.
    let l = unsafe {
        let len = size_of_val(&a) as c_int;
        ListenerRef::new_bind(
            Some(b),
            Some(on_accept),
            closing("unix"),
            flags,
            -1,
            (&raw const a).cast(),
            len,
        )
    }
    .unwrap();
    let mut value: c_int = 1;
    let mut len = 4;
    // SAFETY: an int on our stack.
    unsafe {
        libc::getsockopt(l.fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, (&raw mut value).cast(), &mut len)
    };
    assert_eq!(value, 0);
    let mut c = UnixStream::connect(&path).unwrap();
    turn(b);
    assert_eq!(logged(), ["unix"]);
    assert_eq!(c.read(&mut [0; 1]).unwrap(), 0);
    l.free();
    end(b);
    std::fs::remove_file(&path).unwrap();
}

unsafe extern "C" fn on_error(l: *mut evconnlistener, _: *mut c_void) {
    // SAFETY: the library passes a live listener.
    let l = unsafe { ListenerRef::from_raw(l).unwrap() };
    log(format!("error {}", std::io::Error::last_os_error().raw_os_error().unwrap()));
    l.disable().unwrap();
    l.free();
}

#[test]
fn errors_of_accept_are_told() {
    let b = base();
    // A socket that does not listen: accept fails with EINVAL once it looks readable.
    let (x, y) = UnixStream::pair().unwrap();
    x.set_nonblocking(true).unwrap();
    let l = ListenerRef::new(
        Some(b),
        Some(on_accept),
        closing("never"),
        LevOpt::CLOSE_ON_FREE,
        0,
        x.into_raw_fd(),
    )
    .unwrap();
    l.set_error_cb(Some(on_error));
    drop(y);
    turn(b);
    assert_eq!(logged(), [if cfg!(windows) { "error 10022" } else { "error 22" }]);
    end(b);
}

#[cfg(unix)]
#[test]
fn a_socket_that_cannot_listen_is_refused() {
    let b = base();
    let (r, w) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let fd = r.into_raw_fd();
    let l = ListenerRef::new(Some(b), Some(on_accept), closing("x"), LevOpt::CLOSE_ON_FREE, 5, fd);
    assert!(matches!(l, Err(Error::Os(_))));
    drop(w);
    // Still the caller's.
    // SAFETY: ours.
    drop(unsafe { net::OwnedFd::from_raw_fd(fd) });
    end(b);
}
