//! Socket bufferevents: data, watermarks, timeouts, connecting, and what callbacks may do.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
use bev_common::*;
use net::libc;
use net::{AsRawFd, IntoRawFd};
use oxievent::Error;
use oxievent::abi::bufferevent::{BEV_TRIG_DEFER_CALLBACKS, BEV_TRIG_IGNORE_WATERMARKS, BevEvent};
use oxievent::abi::event::Ev;
use oxievent::bufferevent::BevRef;
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::{Duration, Instant};

#[test]
fn a_request_is_echoed_and_the_end_is_reported() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    On::new()
        .read(|bev| {
            let data = take(bev);
            bev.output().add(&data).unwrap();
        })
        .event(move |bev, what| {
            assert_eq!(what, BevEvent::READING | BevEvent::EOF);
            assert_eq!(bev.enabled(), Ev::WRITE.bits());
            log("eof");
            bev.free();
        })
        .set(bev);
    bev.enable(RW).unwrap();
    peer.write_all(b"hello").unwrap();
    turn(b);
    let mut got = [0; 16];
    assert_eq!(peer.read(&mut got).unwrap(), 5, "written in the turn that read it");
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    run(b);
    assert_eq!(logged(), ["eof"]);
    assert!(closed(&peer), "closed with the bufferevent");
    end(b);
}

#[test]
fn nothing_is_written_inside_write() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.output().add(b"abc").unwrap();
    bev.output().add(b"def").unwrap();
    assert_eq!(peer.read(&mut [0; 1]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    turn(b);
    let mut got = [0; 16];
    assert_eq!(peer.read(&mut got).unwrap(), 6);
    bev.free();
    end(b);
}

/// A write that libevent would do in the first turn comes before a timer that has expired by then.
#[test]
fn what_was_written_before_the_loop_leaves_before_timers_run() {
    unsafe extern "C" fn free_it(_: net::evutil_socket_t, _: std::ffi::c_short, bev: *mut std::ffi::c_void) {
        // SAFETY: the test gave the timer its bufferevent.
        unsafe { BevRef::from_raw(bev.cast()) }.unwrap().free();
    }
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.output().add(b"hello").unwrap();
    let tv = libc::timeval { tv_sec: 0, tv_usec: 1000 };
    b.once(-1, Ev::TIMEOUT, Some(free_it), bev.as_ptr().cast(), Some(&tv)).unwrap();
    std::thread::sleep(Duration::from_millis(5));
    run(b);
    assert_eq!(peer.read(&mut [0; 16]).unwrap(), 5);
    end(b);
}

#[test]
fn much_data_passes_a_full_socket() {
    let b = base();
    let (x, y) = sockets(b, 0);
    let size = 3_000_000;
    let data: Vec<u8> = (0..size).map(|i| (i * 7 / 3) as u8).collect();
    let got = Rc::new(Cell::new(0));
    let (want, seen) = (data.clone(), got.clone());
    On::new()
        .read(move |bev| {
            let part = take(bev);
            assert!(part.len() <= 16384);
            assert_eq!(part, want[seen.get()..seen.get() + part.len()]);
            seen.set(seen.get() + part.len());
            if seen.get() == want.len() {
                bev.free();
            }
        })
        .set(y);
    On::new()
        .write(|bev| {
            assert!(bev.output().is_empty());
            log("drained");
            bev.free();
        })
        .set(x);
    y.enable(Ev::READ).unwrap();
    x.output().add(&data).unwrap();
    run(b);
    assert_eq!(got.get(), size as usize);
    assert_eq!(logged(), ["drained"]);
    end(b);
}

#[test]
fn the_read_limit_is_what_the_program_says() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    assert_eq!(bev.max_single_read(), 16384);
    peer.write_all(&[7; 100_000]).unwrap();
    let limits = [40_000, 1, 0, 0, 0];
    let mut next = 0;
    On::new()
        .read(move |bev| {
            log(format!("{}", take(bev).len()));
            if let Some(&n) = limits.get(next + 1) {
                bev.set_max_single_read(n);
            }
            next += 1;
        })
        .set(bev);
    bev.set_max_single_read(limits[0]);
    bev.enable(Ev::READ).unwrap();
    turn(b);
    assert_eq!(logged(), ["40000", "1", "16384", "16384", "16384", "10847"]);
    bev.free();
    end(b);
}

#[test]
fn a_write_limit_cuts_writes_without_stopping() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.set_max_single_write(10);
    assert_eq!(bev.write_max(), 10);
    On::new().write(|bev| log(format!("{}", bev.output().len()))).set(bev);
    bev.set_watermark(Ev::WRITE, 100, 0);
    bev.output().add(&[1; 35]).unwrap();
    turn(b);
    assert_eq!(logged(), ["25", "15", "5", "0"]);
    assert_eq!(peer.read(&mut [0; 64]).unwrap(), 35);
    bev.free();
    end(b);
}

#[test]
fn enabling_write_calls_the_write_callback_once() {
    let b = base();
    let (bev, _peer) = socket(b, 0);
    bev.disable(Ev::WRITE).unwrap();
    On::new().write(|_| log("w")).set(bev);
    turn(b);
    assert_eq!(logged(), [""; 0]);
    bev.enable(Ev::WRITE).unwrap();
    for _ in 0..4 {
        turn(b);
    }
    assert_eq!(logged(), ["w"]);
    // Set after enabling.
    let (other, _peer) = socket(b, 0);
    other.enable(RW).unwrap();
    On::new().write(|_| log("o")).set(other);
    for _ in 0..4 {
        turn(b);
    }
    assert_eq!(logged(), ["o"]);
    bev.free();
    other.free();
    end(b);
}

#[test]
fn low_watermarks_hold_callbacks_back() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.set_watermark(Ev::READ, 5, 0);
    bev.set_watermark(Ev::WRITE, 3, 0);
    assert_eq!(bev.watermark(Ev::READ), Ok((5, 0)));
    assert_eq!(bev.watermark(RW), Err(Error::Invalid));
    On::new()
        .read(|bev| log(format!("r{}", bev.input().len())))
        .write(|bev| log(format!("w{}", bev.output().len())))
        .set(bev);
    bev.enable(Ev::READ).unwrap();
    peer.write_all(b"1234").unwrap();
    turn(b);
    assert_eq!(logged(), [""; 0]);
    peer.write_all(b"5").unwrap();
    turn(b);
    assert_eq!(logged(), ["r5"]);
    bev.set_max_single_write(4);
    bev.output().add(b"0123456789").unwrap();
    turn(b);
    assert_eq!(logged(), ["w2", "w0"], "six bytes are above the mark");
    bev.free();
    end(b);
}

#[test]
fn a_high_watermark_stops_reading_until_input_is_taken() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.set_watermark(Ev::READ, 0, 10);
    bev.enable(Ev::READ).unwrap();
    peer.write_all(&[1; 25]).unwrap();
    for want in [10, 10, 5] {
        for _ in 0..3 {
            turn(b);
        }
        assert_eq!(take(bev).len(), want);
    }
    // Gone again.
    bev.set_watermark(Ev::READ, 0, 2);
    peer.write_all(&[1; 25]).unwrap();
    turn(b);
    turn(b);
    assert_eq!(bev.input().len(), 2);
    bev.set_watermark(Ev::READ, 0, 0);
    turn(b);
    assert_eq!(bev.input().len(), 25);
    bev.free();
    end(b);
}

#[test]
fn a_full_input_that_the_callback_leaves_is_offered_again() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.set_watermark(Ev::READ, 0, 4);
    let n = Rc::new(Cell::new(0));
    let c = n.clone();
    On::new()
        .read(move |bev| {
            c.set(c.get() + 1);
            if c.get() == 3 {
                take(bev);
            }
        })
        .set(bev);
    bev.enable(Ev::READ).unwrap();
    peer.write_all(b"abcd").unwrap();
    for _ in 0..6 {
        turn(b);
    }
    assert_eq!(n.get(), 3);
    bev.free();
    end(b);
}

#[test]
fn silence_times_out() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.set_timeouts(Some(ms(300)), None).unwrap();
    On::new()
        .read(|bev| drop(take(bev)))
        .event(|bev, what| {
            assert_eq!(what, BevEvent::TIMEOUT | BevEvent::READING);
            assert_eq!(bev.enabled(), Ev::WRITE.bits());
            log("timeout");
        })
        .set(bev);
    bev.enable(Ev::READ).unwrap();
    let t = Instant::now();
    std::thread::scope(|s| {
        s.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            peer.write_all(b"x").unwrap();
        });
        run(b);
    });
    assert!(t.elapsed() >= Duration::from_millis(395), "a byte starts it anew");
    assert_eq!(logged(), ["timeout"]);
    bev.free();
    end(b);
}

#[test]
fn a_peer_that_takes_nothing_times_out() {
    let b = base();
    let (bev, _peer) = socket(b, 0);
    bev.set_timeouts(None, Some(ms(50))).unwrap();
    On::new()
        .event(|bev, what| {
            assert_eq!(what, BevEvent::TIMEOUT | BevEvent::WRITING);
            assert_eq!(bev.enabled(), 0);
            log("timeout");
        })
        .set(bev);
    bev.output().add(&vec![0; 5_000_000]).unwrap();
    run(b);
    assert_eq!(logged(), ["timeout"]);
    bev.free();
    end(b);
}

#[cfg(unix)]
#[test]
fn a_broken_connection_is_a_write_error() {
    let b = base();
    let (bev, peer) = socket(b, 0);
    // SAFETY: a plain signal setting.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    drop(peer);
    On::new()
        .event(|bev, what| {
            assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EPIPE));
            assert_eq!(what, BevEvent::ERROR | BevEvent::WRITING);
            log("epipe");
            bev.free();
        })
        .set(bev);
    bev.output().add(b"x").unwrap();
    run(b);
    assert_eq!(logged(), ["epipe"]);
    end(b);
}

#[test]
fn freeing_drops_what_is_unsent_and_closes_soon() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    On::new().read(|_| log("r")).write(|_| log("w")).event(|_, _| log("e")).set(bev);
    bev.enable(RW).unwrap();
    peer.write_all(b"x").unwrap();
    bev.output().add(b"lost").unwrap();
    bev.trigger(RW, BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS);
    bev.free();
    turn(b);
    let mut all = Vec::new();
    let end_of = peer.read_to_end(&mut all);
    assert!(matches!(end_of, Ok(0)) || end_of.is_err_and(|e| e.raw_os_error() == Some(libc::ECONNRESET)));
    assert_eq!(logged(), [""; 0]);
    end(b);
    // The same without another turn.
    let b = base();
    let (bev, peer) = socket(b, 0);
    bev.output().add(b"lost").unwrap();
    bev.free();
    end(b);
    assert!(closed(&peer));
}

#[test]
fn a_reference_keeps_it() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.incref();
    bev.output().add(b"kept").unwrap();
    bev.free();
    turn(b);
    let mut got = [0; 8];
    assert_eq!(peer.read(&mut got).unwrap(), 4, "somebody still has it: the output goes");
    assert!(bev.decref());
    turn(b);
    assert!(closed(&peer));
    end(b);
}

/// Each callback kind does each thing.
#[test]
fn callbacks_may_do_anything() {
    type Action = (&'static str, fn(BevRef));
    let actions: [Action; 8] = [
        ("free", |b| b.free()),
        ("disable", |b| b.disable(RW).unwrap()),
        ("enable", |b| b.enable(RW).unwrap()),
        ("setcb", |b| b.setcb(None, None, None, std::ptr::null_mut())),
        ("write", |b| b.output().add(b"more").unwrap()),
        ("watermark", |b| b.set_watermark(RW, 1, 100)),
        ("setfd", |b| {
            let fd = b.fd().unwrap();
            b.set_fd(-1).unwrap();
            b.set_fd(fd).unwrap();
        }),
        ("trigger", |b| b.trigger(RW, BEV_TRIG_DEFER_CALLBACKS)),
    ];
    for options in [0, DEFER, DEFER | UNLOCK] {
        for kind in ["read", "write", "event"] {
            for (name, action) in actions {
                let b = base();
                let (bev, mut peer) = socket(b, options);
                let done = Rc::new(Cell::new(false));
                let d = done.clone();
                let act = move |bev: BevRef| {
                    if !d.replace(true) {
                        action(bev);
                    }
                };
                let on = On::new();
                let on = match kind {
                    "read" => on.read(act),
                    "write" => on.write(act),
                    _ => on.event(move |b, _| act(b)),
                };
                on.set(bev);
                bev.enable(RW).unwrap();
                bev.output().add(b"out").unwrap();
                peer.write_all(b"in").unwrap();
                if kind == "event" {
                    peer.shutdown(std::net::Shutdown::Write).unwrap();
                }
                for _ in 0..5 {
                    turn(b);
                }
                assert!(done.get(), "{kind} {name} {options}");
                if name != "free" {
                    bev.free();
                }
                turn(b);
                end(b);
                assert!(closed(&peer), "{kind} {name} {options}");
            }
        }
    }
}

fn address(a: SocketAddr) -> libc::sockaddr_in {
    let SocketAddr::V4(a) = a else { panic!() };
    // SAFETY: zeros are a valid address.
    let mut s: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    s.sin_family = libc::AF_INET as _;
    s.sin_port = a.port().to_be();
    s.sin_addr.s_addr = u32::from_ne_bytes(a.ip().octets());
    s
}
fn connect(bev: BevRef, a: SocketAddr) -> oxievent::Result<()> {
    let s = address(a);
    // SAFETY: an address on our stack.
    unsafe { bev.connect((&raw const s).cast(), size_of_val(&s) as i32) }
}

#[test]
fn connecting_writes_what_was_queued() {
    for options in [0, DEFER] {
        let b = base();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bev = BevRef::socket_new(Some(b), -1, CLOSE | options).unwrap();
        On::new()
            .read(|bev| {
                assert_eq!(take(bev), b"pong");
                log("read");
                bev.free();
            })
            .event(|bev, what| {
                assert_eq!(what, BevEvent::CONNECTED);
                log("connected");
                bev.output().add(b"ping").unwrap();
            })
            .set(bev);
        bev.output().add(b"early ").unwrap();
        bev.enable(RW).unwrap();
        assert_eq!(bev.fd(), Some(-1));
        connect(bev, listener.local_addr().unwrap()).unwrap();
        let (mut s, _) = listener.accept().unwrap();
        turn(b);
        turn(b);
        turn(b);
        assert_eq!(logged(), ["connected"]);
        let mut got = [0; 32];
        assert_eq!(s.read(&mut got).unwrap(), 10);
        assert_eq!(&got[..10], b"early ping");
        s.write_all(b"pong").unwrap();
        run(b);
        assert_eq!(logged(), ["read"]);
        end(b);
    }
}

#[test]
fn a_connection_is_reported_even_when_nothing_is_enabled() {
    let b = base();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    bev.disable(RW).unwrap();
    On::new().write(|_| log("w")).event(|_, what| log(format!("{:x}", what.bits()))).set(bev);
    connect(bev, listener.local_addr().unwrap()).unwrap();
    run(b);
    assert_eq!(logged(), ["80"]);
    bev.free();
    end(b);
}

#[test]
fn a_refused_connection_is_one_error() {
    for options in [0, DEFER] {
        let b = base();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        drop(listener);
        let bev = BevRef::socket_new(Some(b), -1, CLOSE | options).unwrap();
        On::new()
            .read(|_| log("r"))
            .write(|_| log("w"))
            .event(|_, what| {
                let e = std::io::Error::last_os_error().raw_os_error();
                assert_eq!(e, Some(libc::ECONNREFUSED));
                log(format!("{:x}", what.bits()));
            })
            .set(bev);
        bev.output().add(b"x").unwrap();
        bev.enable(RW).unwrap();
        connect(bev, to).unwrap();
        run(b);
        assert_eq!(logged(), ["20"]);
        bev.free();
        end(b);
    }
}

#[test]
fn connecting_again_after_a_failure() {
    let b = base();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let good = listener.local_addr().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let bad = closed.local_addr().unwrap();
    drop(closed);
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    On::new()
        .event(move |bev, what| {
            log(format!("{:x}", what.bits()));
            if what == BevEvent::ERROR {
                let fd = bev.fd().unwrap();
                bev.set_fd(-1).unwrap();
                // SAFETY: ours.
                unsafe { libc::close(fd) };
                connect(bev, good).unwrap();
            } else {
                bev.free();
            }
        })
        .set(bev);
    connect(bev, bad).unwrap();
    run(b);
    assert_eq!(logged(), ["20", "80"]);
    end(b);
}

#[test]
fn names_are_looked_up() {
    let b = base();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = i32::from(listener.local_addr().unwrap().port());
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    On::new()
        .event(|bev, what| {
            log(format!("{:x}", what.bits()));
            bev.free();
        })
        .set(bev);
    let null = std::ptr::null_mut();
    // SAFETY: no resolver.
    unsafe {
        assert!(bev.connect_hostname(null, libc::AF_UNIX, c"127.0.0.1", port).is_err());
        assert!(bev.connect_hostname(null, libc::AF_INET, c"127.0.0.1", 0).is_err());
        assert!(bev.connect_hostname(null, libc::AF_INET, c"127.0.0.1", 65536).is_err());
        bev.connect_hostname(null, libc::AF_INET, c"127.0.0.1", port).unwrap();
        assert_eq!((*bev.conn_address()).sa_family, libc::AF_INET as u16);
    }
    run(b);
    assert_eq!(logged(), ["80"]);

    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    On::new().event(|_, what| log(format!("{:x}", what.bits()))).set(bev);
    // SAFETY: no resolver.
    unsafe { bev.connect_hostname(null, libc::AF_INET, c"no such name.invalid", 80).unwrap() };
    assert_eq!(logged(), ["20"]);
    assert_ne!(bev.dns_error(), 0);
    bev.free();
    end(b);
}

#[cfg(unix)]
#[test]
fn an_address_that_does_not_fit_is_not_kept() {
    let b = base();
    let bev = BevRef::socket_new(Some(b), -1, 0).unwrap();
    // SAFETY: zeros are a valid address.
    let mut un: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    un.sun_family = libc::AF_UNIX as _;
    un.sun_path.fill(b'a' as _);
    // SAFETY: an address on our stack.
    unsafe { bev.set_conn_address((&raw const un).cast(), size_of_val(&un)) };
    // SAFETY: points into the bufferevent.
    assert_eq!(unsafe { (*bev.conn_address()).sa_family }, libc::AF_UNSPEC as u16);
    bev.free();
    end(b);
}

#[cfg(unix)]
#[test]
fn failed_calls_leave_no_socket_behind() {
    let b = base();
    let bev = BevRef::socket_new(Some(b), -1, CLOSE).unwrap();
    // SAFETY: null is allowed.
    assert!(unsafe { bev.connect(std::ptr::null(), 0) }.is_err());
    // SAFETY: zeros are a valid address.
    let mut un: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    un.sun_family = libc::AF_UNIX as _;
    for (to, from) in un.sun_path.iter_mut().zip(b"/nowhere/at all") {
        *to = *from as _;
    }
    let before = next_fd();
    // SAFETY: an address on our stack.
    let r = unsafe { bev.connect((&raw const un).cast(), size_of_val(&un) as i32) };
    assert!(matches!(r, Err(Error::Os(_))), "{r:?}");
    assert_eq!(bev.fd(), Some(-1));
    assert_eq!(next_fd(), before);
    bev.free();
    end(b);
}
#[cfg(unix)]
fn next_fd() -> i32 {
    // Other tests open files too: the lowest free number above a range that they do not reach.
    // SAFETY: no pointers.
    unsafe {
        let fd = libc::fcntl(0, libc::F_DUPFD, 700);
        libc::close(fd);
        fd
    }
}

#[test]
fn another_socket_keeps_the_priority() {
    let b = base();
    b.set_priorities(3).unwrap();
    let (bev, _peer) = socket(b, 0);
    assert_eq!(bev.priority(), 1);
    bev.set_priority(2).unwrap();
    assert!(bev.set_priority(3).is_err());
    let (other, _peer2) = net::UnixStream::pair().unwrap();
    other.set_nonblocking(true).unwrap();
    let old = bev.fd().unwrap();
    bev.set_fd(other.into_raw_fd()).unwrap();
    // SAFETY: ours.
    unsafe { libc::close(old) };
    assert_eq!(bev.priority(), 2);
    bev.free();
    end(b);
}

#[test]
fn output_can_be_emptied_after_setfd() {
    let b = base();
    let (bev, peer) = socket(b, 0);
    bev.output().add(b"x").unwrap();
    assert!(bev.output().drain(1).is_err(), "only the bufferevent takes output");
    assert!(bev.input().add(b"x").is_err(), "only the bufferevent adds input");
    let fd = bev.fd().unwrap();
    bev.set_fd(-1).unwrap();
    bev.output().drain(1).unwrap();
    bev.set_fd(fd).unwrap();
    assert!(peer.as_raw_fd() >= 0);
    bev.free();
    end(b);
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let b = base();
    assert!(BevRef::socket_new(Some(b), -1, UNLOCK).is_err());
    // No locks are set up in this process.
    assert!(BevRef::socket_new(Some(b), -1, SAFE).is_err());
    end(b);
}

#[test]
fn bases_can_be_changed_while_nothing_waits() {
    let (a, b) = (base(), base());
    let (bev, mut peer) = socket(a, 0);
    bev.output().add(b"moved").unwrap();
    bev.enable(Ev::READ).unwrap();
    assert!(bev.set_base(b).is_err());
    bev.disable(Ev::READ).unwrap();
    bev.set_base(b).unwrap();
    turn(a);
    assert!(peer.read(&mut [0; 8]).is_err());
    turn(b);
    assert_eq!(peer.read(&mut [0; 8]).unwrap(), 5);
    bev.free();
    end(b);
    end(a);
}

#[test]
fn triggers_obey_watermarks_unless_told() {
    let b = base();
    let (bev, _peer) = socket(b, 0);
    On::new().read(|_| log("r")).write(|_| log("w")).event(|_, w| log(format!("{:x}", w.bits()))).set(bev);
    bev.set_watermark(Ev::READ, 1, 0);
    bev.trigger(RW, 0);
    assert_eq!(logged(), ["w"]);
    bev.trigger(RW, BEV_TRIG_IGNORE_WATERMARKS);
    assert_eq!(logged(), ["r", "w"]);
    bev.trigger(RW, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
    bev.trigger_event(BevEvent::CONNECTED | BevEvent::EOF, BEV_TRIG_DEFER_CALLBACKS);
    assert_eq!(logged(), [""; 0]);
    turn(b);
    assert_eq!(logged(), ["80", "r", "w", "10"]);
    bev.free();
    end(b);
}

#[test]
fn the_loop_ends_when_all_is_written() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    bev.output().add(b"last words").unwrap();
    run(b);
    assert_eq!(peer.read(&mut [0; 32]).unwrap(), 10);
    bev.free();
    end(b);
}
