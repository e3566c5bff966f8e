//! Bufferevents on a completion port, each against a plain socket.
#![cfg(any(windows, target_os = "linux"))]
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod iocp_common;
mod net;
mod thread_common;
use iocp_common::*;
use oxievent::abi::bufferevent::{BevEvent, bufferevent_flush_mode};
use oxievent::abi::event::Ev;
use oxievent::bufferevent::{BevRef, Kind, free_config, new_config};
use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::{Duration, Instant};

fn cell<T: Copy + 'static>(v: T) -> &'static Cell<T> {
    Box::leak(Box::new(Cell::new(v)))
}

#[test]
fn data_comes_and_goes() {
    let b = base();
    let (bev, mut peer) = socket(b);
    assert_eq!(bev.kind(), Kind::Async);
    // One that may yet get another base has no port.
    let other = BevRef::socket_new(None, -1, 0).unwrap();
    assert_eq!(other.kind(), Kind::Socket);
    other.free();
    let wrote = cell(0);
    On::here().read(|bev| bev.output().add_buffer(bev.input()).unwrap()).write(|_| wrote.set(1)).set(bev);
    bev.enable(RW).unwrap();
    peer.write_all(b"hello").unwrap();
    until(b, || wrote.get() > 0);
    let mut got = [0; 5];
    peer.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"hello");
    bev.free();
    end_quiet(b);
    assert_eq!(peer.read(&mut got).unwrap(), 0, "closed");
}

#[test]
fn large_transfers_both_ways() {
    let b = base();
    let (bev, mut peer) = socket(b);
    let n = 3_000_000;
    let got = Rc::new(RefCell::new(Vec::new()));
    let end_seen = cell(false);
    let into = Rc::clone(&got);
    On::here()
        .read(move |bev| into.borrow_mut().extend(take(bev)))
        .event(|_, e| {
            assert_eq!(e, BevEvent::READING | BevEvent::EOF);
            end_seen.set(true);
        })
        .set(bev);
    // In pieces of many sizes, so that there are many blocks.
    let out = pattern(n, 7);
    let mut at = 0;
    let mut size = 1;
    while at < n {
        let to = (at + size).min(n);
        bev.output().add(&out[at..to]).unwrap();
        at = to;
        size = size * 3 % 40_001 + 1;
    }
    bev.enable(RW).unwrap();
    let t = std::thread::spawn(move || {
        let mut r = peer.try_clone().unwrap();
        let t = std::thread::spawn(move || {
            let mut all = vec![0; n];
            r.read_exact(&mut all).unwrap();
            assert!(all == pattern(n, 7));
        });
        peer.write_all(&pattern(n, 3)).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        t.join().unwrap();
    });
    until(b, || end_seen.get() && bev.output().is_empty());
    t.join().unwrap();
    assert!(*got.borrow() == pattern(n, 3));
    assert!(bev.input().is_consistent() && bev.output().is_consistent());
    bev.free();
    end_quiet(b);
}

#[test]
fn after_the_peers_end_it_still_writes() {
    let b = base();
    let (bev, mut peer) = socket(b);
    let eof = cell(0);
    On::here()
        .event(|bev, e| {
            assert_eq!(e, BevEvent::READING | BevEvent::EOF);
            eof.set(eof.get() + 1);
            bev.output().add(b"late").unwrap();
        })
        .set(bev);
    bev.enable(RW).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    until(b, || eof.get() == 1 && bev.output().is_empty());
    assert_eq!(Ev::from_bits_retain(bev.enabled()), Ev::WRITE);
    let mut got = [0; 4];
    peer.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"late");
    // Asked again, it says so again.
    bev.enable(Ev::READ).unwrap();
    until(b, || eof.get() == 2);
    bev.free();
    end_quiet(b);
}

#[test]
fn the_loop_runs_as_long_as_something_is_awaited() {
    let b = base();
    let (bev, mut peer) = socket(b);
    On::here().read(|bev| bev.disable(Ev::READ).unwrap()).set(bev);
    bev.enable(Ev::READ).unwrap();
    assert_eq!(b.num_events(oxievent::base::CountOf::VIRTUAL), 1);
    peer.write_all(b"x").unwrap();
    // Disabling reading lets it end.
    run(b);
    assert_eq!(take(bev), b"x");
    bev.output().add(b"y").unwrap();
    run(b);
    let mut got = [0; 1];
    peer.read_exact(&mut got).unwrap();
    // After the end too.
    bev.enable(Ev::READ).unwrap();
    drop(peer);
    run(b);
    bev.free();
    run(b);
    end_quiet(b);
}

#[test]
fn what_comes_while_reading_is_disabled_waits() {
    let b = base();
    let (bev, mut peer) = socket(b);
    let reads = cell(0);
    On::here().read(|_| reads.set(reads.get() + 1)).set(bev);
    bev.enable(Ev::READ).unwrap();
    pass(b, 20);
    bev.disable(Ev::READ).unwrap();
    pass(b, 20);
    peer.write_all(b"later").unwrap();
    pass(b, 50);
    assert_eq!(reads.get(), 0);
    bev.enable(Ev::READ).unwrap();
    until(b, || reads.get() > 0);
    assert_eq!(take(bev), b"later");
    // Both in the same turn, again and again: nothing is lost.
    for i in 0..200u8 {
        bev.disable(Ev::READ).unwrap();
        peer.write_all(&[i]).unwrap();
        bev.enable(Ev::READ).unwrap();
        if i % 3 == 0 {
            pass(b, 1);
        }
    }
    until(b, || bev.input().len() == 200);
    assert_eq!(take(bev), (0..200).collect::<Vec<u8>>());
    bev.free();
    end_quiet(b);
}

#[test]
fn a_reset_is_an_error() {
    let b = base();
    let (bev, peer) = socket(b);
    let what = cell(BevEvent::empty());
    On::here().event(|_, e| what.set(e)).set(bev);
    bev.enable(RW).unwrap();
    // What is unread when a socket is closed makes that a reset.
    bev.output().add(b"unread").unwrap();
    until(b, || bev.output().is_empty());
    std::thread::sleep(Duration::from_millis(20));
    drop(peer);
    until(b, || !what.get().is_empty());
    assert_eq!(what.get(), BevEvent::READING | BevEvent::ERROR);
    assert!(bev.input().is_empty());
    bev.free();
    end_quiet(b);
}

#[test]
fn timeouts() {
    let b = base();
    let (bev, mut peer) = socket(b);
    let log = Rc::new(RefCell::new(Vec::new()));
    let into = Rc::clone(&log);
    On::here().read(|bev| drop(take(bev))).event(move |_, e| into.borrow_mut().push(e)).set(bev);
    bev.set_timeouts(Some(ms(120)), Some(ms(60))).unwrap();
    bev.enable(RW).unwrap();
    let start = Instant::now();
    pass(b, 60);
    peer.write_all(b"x").unwrap();
    until(b, || !log.borrow().is_empty());
    // Counted from the data; a write timeout needs something to write.
    assert!(start.elapsed() >= Duration::from_millis(170), "{:?}", start.elapsed());
    assert_eq!(*log.borrow(), [BevEvent::READING | BevEvent::TIMEOUT]);
    log.borrow_mut().clear();
    bev.output().add(&vec![0; 64 << 20]).unwrap();
    until(b, || !log.borrow().is_empty());
    assert_eq!(*log.borrow(), [BevEvent::WRITING | BevEvent::TIMEOUT]);
    bev.free();
    end_quiet(b);
}

#[test]
fn watermarks() {
    let b = base();
    let (bev, mut peer) = socket(b);
    let reads = cell(0);
    On::here().read(|_| reads.set(reads.get() + 1)).set(bev);
    bev.set_watermark(Ev::READ, 10, 100);
    bev.enable(RW).unwrap();
    peer.write_all(b"12345").unwrap();
    until(b, || bev.input().len() == 5);
    pass(b, 20);
    assert_eq!(reads.get(), 0);
    peer.write_all(&[b'x'; 500]).unwrap();
    until(b, || bev.input().len() == 100);
    pass(b, 50);
    assert_eq!(bev.input().len(), 100);
    bev.input().drain(50).unwrap();
    until(b, || bev.input().len() == 100);
    bev.set_watermark(Ev::READ, 0, 0);
    until(b, || bev.input().len() == 455);
    // A read that was begun without the mark ends where the mark is.
    bev.input().drain(455).unwrap();
    pass(b, 20);
    bev.set_watermark(Ev::READ, 0, 50);
    pass(b, 20);
    peer.write_all(&[b'x'; 200]).unwrap();
    until(b, || bev.input().len() >= 50);
    pass(b, 20);
    assert_eq!(bev.input().len(), 50);
    bev.set_watermark(Ev::READ, 0, 0);
    until(b, || bev.input().len() == 200);
    // The write callback comes at the low mark.
    let done = cell(0);
    On::here().write(|bev| done.set(bev.output().len() + 1)).set(bev);
    bev.set_watermark(Ev::WRITE, 1000, 0);
    bev.output().add(&[1; 5000]).unwrap();
    until(b, || done.get() > 0);
    assert!(done.get() <= 1001);
    bev.free();
    end_quiet(b);
}

#[test]
fn rate_limits() {
    let b = base();
    let (bev, mut peer) = socket(b);
    let tick = ms(50);
    let cfg = new_config((1000, 1000), (1000, 1000), Some(tick)).unwrap();
    // SAFETY: the configuration is freed last.
    unsafe { bev.set_rate_limit(cfg) }.unwrap();
    bev.enable(RW).unwrap();
    peer.write_all(&[1; 10_000]).unwrap();
    bev.output().add(&[2; 10_000]).unwrap();
    let start = Instant::now();
    until(b, || bev.input().len() == 10_000 && bev.output().is_empty());
    let t = start.elapsed();
    assert!(t >= Duration::from_millis(400) && t < Duration::from_secs(5), "{t:?}");
    let mut got = vec![0; 10_000];
    peer.read_exact(&mut got).unwrap();
    // SAFETY: the configuration is freed last.
    unsafe { bev.set_rate_limit(std::ptr::null()) }.unwrap();
    bev.free();
    end_quiet(b);
    // SAFETY: nobody uses it any more.
    unsafe { free_config(cfg) };
}

#[test]
fn freed_with_operations_under_way() {
    let b = base();
    for round in 0..50 {
        let (bev, mut peer) = socket(b);
        bev.enable(RW).unwrap();
        if round % 2 == 0 {
            bev.output().add(&vec![1; 30 << 20]).unwrap();
        }
        if round % 3 == 0 {
            pass(b, 1);
        }
        if round % 5 == 0 {
            peer.write_all(&[1; 1000]).unwrap();
        }
        bev.free();
    }
    end_quiet(b);
}

#[test]
fn freed_in_callbacks() {
    let b = base();
    let freed = cell(0);
    for how in 0..3 {
        let (bev, mut peer) = socket(b);
        let free = move |bev: BevRef| {
            bev.free();
            freed.set(freed.get() + 1);
        };
        let on = match how {
            0 => On::here().read(free),
            1 => On::here().write(free),
            _ => On::here().event(move |bev, _| free(bev)),
        };
        on.set(bev).enable(RW).unwrap();
        match how {
            0 => peer.write_all(b"x").unwrap(),
            1 => bev.output().add(b"x").unwrap(),
            _ => drop(peer),
        }
        until(b, || freed.get() == how + 1);
    }
    end_quiet(b);
}

#[test]
fn the_base_goes_with_live_connections() {
    let b = base();
    let mut all = Vec::new();
    for i in 0..20 {
        let (bev, peer) = socket(b);
        bev.enable(RW).unwrap();
        if i % 2 == 0 {
            bev.output().add(&vec![1; 8 << 20]).unwrap();
        }
        all.push((bev, peer));
    }
    pass(b, 10);
    for (bev, _) in all.iter().take(10) {
        bev.free();
    }
    end(b);
}

#[test]
fn connects() {
    let b = base();
    let log = Rc::new(RefCell::new(Vec::new()));
    let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    let into = Rc::clone(&log);
    On::here().event(move |_, e| into.borrow_mut().push(e)).set(bev);
    // Before there is a connection: kept for it.
    bev.output().add(b"first").unwrap();
    bev.enable(RW).unwrap();
    connect(bev, l.local_addr().unwrap()).unwrap();
    assert!(log.borrow().is_empty(), "from the loop only");
    let (mut peer, from) = l.accept().unwrap();
    until(b, || !log.borrow().is_empty() && bev.output().is_empty());
    assert_eq!(*log.borrow(), [BevEvent::CONNECTED]);
    let mut got = [0; 5];
    peer.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"first");
    peer.write_all(b"back").unwrap();
    until(b, || bev.input().len() == 4);
    // The socket knows its names.
    let s = stream(bev.fd().unwrap());
    assert_eq!((s.local_addr().unwrap(), s.peer_addr().unwrap()), (from, l.local_addr().unwrap()));
    std::mem::forget(s);
    bev.free();
    end_quiet(b);
}

#[test]
fn a_connect_that_is_refused() {
    let b = base();
    let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = l.local_addr().unwrap();
    drop(l);
    let log = Rc::new(RefCell::new(Vec::new()));
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    let into = Rc::clone(&log);
    On::here().event(move |_, e| into.borrow_mut().push((e, oxievent::sys::errno()))).set(bev);
    bev.enable(RW).unwrap();
    connect(bev, addr).unwrap();
    assert!(log.borrow().is_empty());
    until(b, || !log.borrow().is_empty());
    assert_eq!(*log.borrow(), [(BevEvent::ERROR, oxievent::sys::c::ECONNREFUSED)]);
    pass(b, 20);
    assert_eq!(log.borrow().len(), 1);
    bev.free();
    end_quiet(b);
}

#[test]
fn freed_while_it_connects() {
    let b = base();
    let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for i in 0..20 {
        let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
        On::here().event(|_, _| panic!("freed")).set(bev);
        connect(bev, l.local_addr().unwrap()).unwrap();
        if i % 2 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
        bev.free();
    }
    end_quiet(b);
}

#[test]
fn another_socket() {
    let b = base();
    let (bev, mut peer) = socket(b);
    let reads = cell(0);
    On::here().read(|_| reads.set(reads.get() + 1)).event(|_, e| panic!("{e:?}")).set(bev);
    bev.enable(RW).unwrap();
    peer.write_all(b"one").unwrap();
    until(b, || bev.input().len() == 3);
    let (x, mut y) = pair();
    let old = bev.fd().unwrap();
    let new = raw(x);
    bev.set_fd(new).unwrap();
    drop(stream(old));
    assert_eq!(bev.fd(), Some(new));
    y.write_all(b"two").unwrap();
    until(b, || bev.input().len() == 6);
    assert_eq!(take(bev), b"onetwo");
    bev.output().add(b"out").unwrap();
    until(b, || bev.output().is_empty());
    let mut got = [0; 3];
    y.read_exact(&mut got).unwrap();
    // None at all, with output that waits for one.
    bev.set_fd(-1).unwrap();
    drop(stream(new));
    bev.output().add(b"waits").unwrap();
    pass(b, 20);
    let (x, mut y) = pair();
    bev.set_fd(raw(x)).unwrap();
    let mut got = [0; 5];
    until(b, || bev.output().is_empty());
    y.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"waits");
    bev.free();
    end_quiet(b);
}

#[test]
fn odd_calls() {
    let b = base();
    let (bev, _peer) = socket(b);
    assert!(bev.set_base(b).is_err());
    assert!(bev.set_priority(0).is_err());
    assert_eq!(bev.flush(RW, bufferevent_flush_mode::BEV_FINISHED), Ok(false));
    assert!(bev.underlying().is_none());
    assert!(bev.set_fd(bev.fd().unwrap()).is_ok());
    bev.enable(RW).unwrap();
    for _ in 0..10 {
        bev.disable(RW).unwrap();
        bev.enable(RW).unwrap();
    }
    bev.free();
    let none = BevRef::socket_new(Some(b), -1, 0).unwrap();
    none.enable(RW).unwrap();
    none.output().add(b"x").unwrap();
    pass(b, 5);
    none.free();
    end_quiet(b);
}

#[test]
fn output_that_is_looked_at_while_it_goes() {
    let b = base();
    let (bev, mut peer) = socket(b);
    bev.enable(Ev::WRITE).unwrap();
    for i in 0..400 {
        bev.output().add(&pattern(50_000, i * 50_000)).unwrap();
    }
    pass(b, 5);
    // The system is sending the first blocks: making them one block must not disturb that.
    assert!(bev.output().pullup(None).is_some());
    assert!(bev.output().expand(100).is_ok());
    bev.output().add(b"tail").unwrap();
    assert!(bev.output().is_consistent());
    let t = std::thread::spawn(move || {
        let mut all = vec![0; 400 * 50_000 + 4];
        peer.read_exact(&mut all).unwrap();
        assert!(all[..400 * 50_000] == pattern(400 * 50_000, 0));
        assert_eq!(&all[400 * 50_000..], b"tail");
    });
    until(b, || bev.output().is_empty());
    t.join().unwrap();
    bev.free();
    end_quiet(b);
}
