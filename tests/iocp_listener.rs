//! Listeners on a completion port, and many connections through them.
#![cfg(any(windows, target_os = "linux"))]
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod iocp_common;
mod net;
mod thread_common;
use iocp_common::*;
use oxievent::abi::bufferevent::BevEvent;
use oxievent::abi::event::Ev;
use oxievent::abi::listener::LevOpt;
use oxievent::base::CountOf;
use oxievent::bufferevent::BevRef;
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn cell<T: Copy + 'static>(v: T) -> &'static Cell<T> {
    Box::leak(Box::new(Cell::new(v)))
}

/// Sends everything back, and goes when the peer has ended.
fn echo(b: oxievent::base::BaseRef, fd: oxievent::abi::util::evutil_socket_t, left: &'static Cell<usize>) {
    let bev = BevRef::socket_new(Some(b), fd, CLOSE).unwrap();
    let ended = cell(false);
    let gone = move |bev: BevRef| {
        bev.free();
        left.set(left.get() - 1);
    };
    On::here()
        .read(|bev| bev.output().add_buffer(bev.input()).unwrap())
        .write(move |bev| {
            if ended.get() && bev.output().is_empty() {
                gone(bev);
            }
        })
        .event(move |bev, e| {
            if e.contains(BevEvent::EOF) && !bev.output().is_empty() {
                ended.set(true);
            } else {
                gone(bev);
            }
        })
        .set(bev);
    bev.enable(RW).unwrap();
}

#[test]
fn many_connections_echo() {
    let b = base();
    let (clients, each) = (60, 40_000);
    let left = cell(clients);
    let accepted = cell(0);
    let (l, addr) = listener(b, move |_, fd| {
        accepted.set(accepted.get() + 1);
        echo(b, fd, left);
    });
    let done = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..4)
        .map(|t| {
            let done = Arc::clone(&done);
            std::thread::spawn(move || {
                for i in 0..clients / 4 {
                    let mut s = TcpStream::connect(addr).unwrap();
                    s.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    let mut w = s.try_clone().unwrap();
                    let writer = std::thread::spawn(move || {
                        w.write_all(&pattern(each, t * 1000 + i)).unwrap();
                        w.shutdown(Shutdown::Write).unwrap();
                    });
                    let mut got = Vec::new();
                    s.read_to_end(&mut got).unwrap();
                    writer.join().unwrap();
                    assert!(got == pattern(each, t * 1000 + i), "{}", got.len());
                    done.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    until(b, || done.load(SeqCst) == clients && left.get() == 0);
    for t in threads {
        t.join().unwrap();
    }
    assert_eq!(accepted.get(), clients);
    l.free();
    end_quiet(b);
}

#[test]
fn both_ends_on_the_port() {
    let b = base();
    let n = 30;
    let left = cell(n);
    let (l, addr) = listener(b, move |_, fd| echo(b, fd, left));
    let right = cell(0);
    for i in 0..n {
        let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
        let out = pattern(10_000 + i, i);
        bev.output().add(&out).unwrap();
        On::here()
            .read(move |bev| {
                if bev.input().len() == out.len() {
                    assert!(take(bev) == out);
                    right.set(right.get() + 1);
                    bev.free();
                }
            })
            .event(|_, e| assert_eq!(e, BevEvent::CONNECTED))
            .set(bev);
        bev.enable(RW).unwrap();
        connect(bev, addr).unwrap();
    }
    until(b, || right.get() == n && left.get() == 0);
    l.free();
    end_quiet(b);
}

#[test]
fn enabling_and_disabling() {
    let b = base();
    let got = cell(0);
    let (l, addr) = listener(b, move |_, fd| {
        drop(stream(fd));
        got.set(got.get() + 1);
    });
    assert_eq!(b.num_events(CountOf::VIRTUAL), 1);
    l.disable().unwrap();
    // Nothing keeps the loop.
    run(b);
    pass(b, 10);
    let a = TcpStream::connect(addr).unwrap();
    pass(b, 50);
    assert_eq!(got.get(), 0);
    l.enable().unwrap();
    until(b, || got.get() == 1);
    // Quickly, again and again: no connection is lost.
    let mut all = vec![a];
    for i in 0..50 {
        l.disable().unwrap();
        all.push(TcpStream::connect(addr).unwrap());
        if i % 3 == 0 {
            pass(b, 1);
        }
        l.enable().unwrap();
        if i % 5 == 0 {
            pass(b, 1);
        }
    }
    until(b, || got.get() == 51);
    l.free();
    end_quiet(b);
}

#[test]
fn freed_in_its_callback() {
    let b = base();
    let got = cell(0);
    let (_, addr) = listener(b, move |l, fd| {
        drop(stream(fd));
        got.set(got.get() + 1);
        l.free();
    });
    let _a = TcpStream::connect(addr).unwrap();
    let _b = TcpStream::connect(addr);
    until(b, || got.get() > 0);
    run(b);
    assert_eq!(got.get(), 1);
    assert!(TcpStream::connect(addr).is_err());
    end_quiet(b);
}

#[test]
fn freed_with_accepts_and_connections_waiting() {
    let b = base();
    for i in 0..20 {
        let (l, addr) = listener(b, |_, fd| drop(stream(fd)));
        let s: Vec<_> = (0..i % 4).map(|_| TcpStream::connect(addr).unwrap()).collect();
        if i % 2 == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        l.free();
        drop(s);
    }
    end_quiet(b);
}

#[test]
fn the_base_goes_first() {
    let b = base();
    let (_l, addr) = listener(b, |_, fd| drop(stream(fd)));
    let _s = TcpStream::connect(addr).unwrap();
    std::thread::sleep(Duration::from_millis(5));
    end(b);
}

#[test]
fn errors_are_told_from_the_loop_and_tried_again() {
    let b = base();
    // Not a listening socket.
    let (x, _y) = pair();
    let errors = cell(0);
    let l = listen_on(
        b,
        raw(x),
        0,
        LevOpt::CLOSE_ON_FREE,
        |_, _| panic!("a connection"),
        move |l| {
            errors.set(errors.get() + 1);
            if errors.get() == 3 {
                l.disable().unwrap();
            }
        },
    );
    assert_eq!(errors.get(), 0);
    run(b);
    assert_eq!(errors.get(), 3);
    l.free();
    end_quiet(b);
}

#[test]
fn without_a_callback_it_waits_for_one() {
    let b = base();
    let s = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = s.local_addr().unwrap();
    let l = oxievent::listener::ListenerRef::new(
        Some(b),
        None,
        std::ptr::null_mut(),
        LevOpt::CLOSE_ON_FREE,
        0,
        raw(s),
    )
    .unwrap();
    let c = TcpStream::connect(addr).unwrap();
    pass(b, 20);
    assert_eq!(b.num_events(CountOf::VIRTUAL), 0);
    let got = cell(0);
    unsafe extern "C" fn accept(
        _: *mut oxievent::abi::listener::evconnlistener,
        fd: oxievent::abi::util::evutil_socket_t,
        _: *mut oxievent::sys::c::sockaddr,
        _: std::ffi::c_int,
        arg: *mut std::ffi::c_void,
    ) {
        drop(stream(fd));
        // SAFETY: leaked by `cell`.
        unsafe { (*arg.cast::<Cell<i32>>()).set(1) };
    }
    l.set_cb(Some(accept), std::ptr::from_ref(got).cast_mut().cast());
    until(b, || got.get() == 1);
    drop(c);
    l.free();
    end_quiet(b);
}

#[test]
fn disabled_from_the_start() {
    let b = base();
    let s = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = s.local_addr().unwrap();
    let got = cell(0);
    let l = listen_on(
        b,
        raw(s),
        -1,
        LevOpt::CLOSE_ON_FREE | LevOpt::DISABLED | LevOpt::LEAVE_SOCKETS_BLOCKING,
        move |_, fd| {
            let mut s = stream(fd);
            // It blocks.
            let mut x = [0; 1];
            s.read_exact(&mut x).unwrap();
            assert!(s.peer_addr().is_ok() && s.local_addr().is_ok());
            got.set(got.get() + 1);
        },
        |_| panic!("no error"),
    );
    let c = std::thread::spawn(move || {
        let mut c = TcpStream::connect(addr).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        c.write_all(b"x").unwrap();
    });
    pass(b, 20);
    assert_eq!(got.get(), 0);
    l.enable().unwrap();
    until(b, || got.get() == 1);
    c.join().unwrap();
    l.free();
    end_quiet(b);
}

#[test]
fn reading_and_writing_from_other_threads() {
    struct Sent<T>(T);
    // SAFETY: these bufferevents have locks.
    unsafe impl<T> Send for Sent<T> {}
    let b = base();
    let (bev, mut peer) = socket(b);
    bev.enable(RW).unwrap();
    let n = 300;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let bev = Sent(bev);
            std::thread::spawn(move || {
                let bev = bev;
                for i in 0..n {
                    bev.0.output().add(&[b'x'; 100]).unwrap();
                    if i % 10 == 0 {
                        bev.0.disable(Ev::READ).unwrap();
                        bev.0.enable(Ev::READ).unwrap();
                    }
                }
            })
        })
        .collect();
    let reader = std::thread::spawn(move || {
        let mut all = vec![0; 4 * n * 100];
        peer.read_exact(&mut all).unwrap();
        peer
    });
    until(b, || reader.is_finished());
    for t in threads {
        t.join().unwrap();
    }
    drop(reader.join().unwrap());
    bev.free();
    end_quiet(b);
}
