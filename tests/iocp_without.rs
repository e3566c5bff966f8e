//! Where AcceptEx or ConnectEx is missing, connections come and go through the base's events.
#![cfg(any(windows, target_os = "linux"))]
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod iocp_common;
mod net;
mod thread_common;
use iocp_common::*;
use oxievent::abi::bufferevent::BevEvent;
use oxievent::abi::event::Ev;
use oxievent::bufferevent::{BevRef, Kind};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::rc::Rc;

/// Which functions there are: AcceptEx, ConnectEx.
#[cfg(windows)]
fn lack(accept: bool, connect: bool) {
    use oxievent::sys::iocp::extensions;
    use std::ptr::null_mut;
    let table = extensions().cast_mut().cast::<*mut u8>();
    // SAFETY: the table of three pointers that libevent's own tests clear in the same way.
    unsafe {
        if accept {
            table.write(null_mut());
        }
        if connect {
            table.add(1).write(null_mut());
        }
    }
}
#[cfg(unix)]
fn lack(accept: bool, connect: bool) {
    let bits = i32::from(accept) | i32::from(connect) << 1;
    oxievent::sys::iocp::LACKS.store(bits, std::sync::atomic::Ordering::Relaxed);
}

/// One test, as what it changes is the whole process's.
#[test]
fn it_works_without() {
    let b = base();
    lack(false, true);
    let peers = Rc::new(RefCell::new(Vec::new()));
    let into = Rc::clone(&peers);
    let (l, addr) = listener(b, move |_, fd| into.borrow_mut().push(stream(fd)));
    let log = Rc::new(RefCell::new(Vec::new()));
    let into = Rc::clone(&log);
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    assert_eq!(bev.kind(), Kind::Async);
    On::here().event(move |_, e| into.borrow_mut().push(e)).set(bev);
    bev.enable(RW).unwrap();
    bev.output().add(b"out").unwrap();
    connect(bev, addr).unwrap();
    assert!(log.borrow().is_empty());
    until(b, || bev.output().is_empty() && !peers.borrow().is_empty());
    assert_eq!(*log.borrow(), [BevEvent::CONNECTED]);
    let mut peer = peers.borrow_mut().pop().unwrap();
    peer.set_nonblocking(false).unwrap();
    let mut got = [0; 3];
    peer.read_exact(&mut got).unwrap();
    peer.write_all(b"back").unwrap();
    until(b, || bev.input().len() == 4);
    bev.free();

    // A connect that the program has started itself.
    let (x, mut y) = pair();
    let bev = BevRef::socket_new(Some(b), raw(x), CLOSE).unwrap();
    let into = Rc::clone(&log);
    log.borrow_mut().clear();
    On::here().event(move |_, e| into.borrow_mut().push(e)).set(bev);
    bev.enable(Ev::READ).unwrap();
    // SAFETY: no address.
    unsafe { bev.connect(std::ptr::null(), 0) }.unwrap();
    y.write_all(b"x").unwrap();
    until(b, || bev.input().len() == 1);
    assert_eq!(*log.borrow(), [BevEvent::CONNECTED]);
    bev.free();

    // Refused, reported from the loop.
    l.free();
    // A socket that is waited for is closed when the wait is over.
    pass(b, 50);
    log.borrow_mut().clear();
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    let into = Rc::clone(&log);
    On::here().event(move |_, e| into.borrow_mut().push(e)).set(bev);
    bev.enable(RW).unwrap();
    connect(bev, addr).unwrap();
    until(b, || !log.borrow().is_empty());
    assert_eq!(*log.borrow(), [BevEvent::ERROR]);
    bev.free();

    // A listener without AcceptEx.
    lack(true, true);
    let got: &'static Cell<u32> = Box::leak(Box::new(Cell::new(0)));
    let (l, addr) = listener(b, move |_, fd| {
        drop(stream(fd));
        got.set(got.get() + 1);
    });
    let _s = std::net::TcpStream::connect(addr).unwrap();
    until(b, || got.get() == 1);
    l.free();
    end_quiet(b);
}
