//! Several threads on one bufferevent, or one listener, while the loop runs in another.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
mod thread_common;
use bev_common::*;
use net::IntoRawFd;
use net::UnixStream;
use net::libc;
use oxievent::abi::event::{Ev, Evloop};
use oxievent::abi::listener::{LevOpt, evconnlistener};
use oxievent::base::BaseRef;
use oxievent::bufferevent::{BevRef, Group, free_config, new_config};
use oxievent::listener::ListenerRef;
use std::ffi::{c_int, c_void};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Handles cross threads here: that is what is tested.
struct Sent<T>(T);
// SAFETY: the objects were made with locks.
unsafe impl<T> Send for Sent<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Sent<T> {}

unsafe extern "C" fn note_start(_: net::evutil_socket_t, _: i16, arg: *mut c_void) {
    // SAFETY: on the stack of `looping`.
    unsafe { (*arg.cast::<AtomicBool>()).store(true, SeqCst) }
}
fn looping<R>(b: BaseRef, f: impl FnOnce() -> R) -> R {
    // A loopbreak before the loop has started would be lost.
    let started = AtomicBool::new(false);
    let arg = (&raw const started).cast_mut().cast();
    b.once(-1, Ev::TIMEOUT, Some(note_start), arg, Some(&ms(0))).unwrap();
    let b = Sent(b);
    std::thread::scope(|s| {
        let t = s.spawn(move || {
            let b = b;
            b.0.run(Evloop::NO_EXIT_ON_EMPTY).unwrap();
        });
        while !started.load(SeqCst) {
            std::thread::yield_now();
        }
        let r = f();
        t.join().unwrap();
        r
    })
}

#[test]
fn writers_in_other_threads() {
    thread_common::set_up();
    for options in [SAFE, SAFE | DEFER, SAFE | DEFER | UNLOCK] {
        let b = base();
        let (bev, mut peer) = socket(b, options);
        peer.set_nonblocking(false).unwrap();
        let bev = Sent(bev);
        let (writers, each) = (4, 2000);
        looping(b, || {
            std::thread::scope(|s| {
                for i in 0..writers {
                    let bev = &bev;
                    s.spawn(move || {
                        let bev = bev;
                        for _ in 0..each {
                            bev.0.output().add(&[i as u8; 10]).unwrap();
                        }
                    });
                }
                let mut counts = [0; 4];
                let mut buf = [0; 4096];
                while counts.iter().sum::<usize>() < writers * each * 10 {
                    let n = peer.read(&mut buf).unwrap();
                    for &x in &buf[..n] {
                        counts[x as usize] += 1;
                    }
                }
                assert_eq!(counts, [each * 10; 4]);
            });
            b.loopbreak();
        });
        bev.0.free();
        end(b);
    }
}

#[test]
fn freeing_against_the_callbacks() {
    thread_common::set_up();
    for options in [SAFE, SAFE | DEFER, SAFE | DEFER | UNLOCK] {
        let b = base();
        looping(b, || {
            for i in 0..300 {
                let (bev, mut peer) = socket(b, options);
                On::new()
                    .read(|bev| {
                        let data = take(bev);
                        let _ = bev.output().add(&data);
                    })
                    .write(|_| ())
                    .event(|_, _| ())
                    .set(bev);
                bev.enable(RW).unwrap();
                peer.write_all(b"hello").unwrap();
                if i % 3 == 0 {
                    std::thread::yield_now();
                }
                bev.output().add(b"out").unwrap();
                if i % 2 == 0 {
                    bev.disable(RW).unwrap();
                }
                bev.free();
            }
            b.loopbreak();
        });
        end(b);
    }
}

#[test]
fn pairs_across_threads() {
    thread_common::set_up();
    let b = base();
    let (x, y) = BevRef::pair_new(b, SAFE | UNLOCK).unwrap();
    static GOT: AtomicUsize = AtomicUsize::new(0);
    On::new()
        .read(|bev| {
            GOT.fetch_add(take(bev).len(), SeqCst);
        })
        .set(y);
    y.enable(Ev::READ).unwrap();
    let x = Sent(x);
    looping(b, || {
        std::thread::scope(|s| {
            for _ in 0..3 {
                let x = &x;
                s.spawn(move || {
                    let x = x;
                    for _ in 0..1000 {
                        x.0.output().add(b"12345").unwrap();
                    }
                });
            }
        });
        let t = Instant::now();
        while GOT.load(SeqCst) < 15_000 {
            assert!(t.elapsed() < Duration::from_secs(10));
            std::thread::yield_now();
        }
        y.free();
        x.0.free();
        b.loopbreak();
    });
    end(b);
}

#[test]
fn a_group_over_threads() {
    thread_common::set_up();
    let (b, c) = (base(), base());
    let cfg = new_config((50_000, 50_000), (50_000, 50_000), Some(ms(5))).unwrap();
    // SAFETY: copied.
    let raw = unsafe { Group::new(b, &*cfg).unwrap() };
    // SAFETY: freed at the end.
    let g = Sent(unsafe { &*raw });
    let ends: Vec<_> = [b, c].into_iter().map(|base| Sent(socket(base, SAFE))).collect();
    for e in &ends {
        // SAFETY: freed after them.
        unsafe { e.0.0.join_group(g.0).unwrap() };
        e.0.1.set_nonblocking(false).unwrap();
        e.0.0.output().add(&vec![0; 400_000]).unwrap();
    }
    let read = |mut s: &UnixStream| {
        let mut left = 400_000;
        let mut buf = [0; 8192];
        while left > 0 {
            left -= s.read(&mut buf).unwrap();
        }
    };
    looping(b, || {
        looping(c, || {
            std::thread::scope(|s| {
                for e in &ends {
                    s.spawn(move || {
                        let e = e;
                        read(&e.0.1)
                    });
                }
            });
            c.loopbreak();
        });
        b.loopbreak();
    });
    assert_eq!(g.0.totals(), (0, 800_000));
    for e in &ends {
        e.0.0.free();
    }
    end(c);
    b.run(Evloop::NONBLOCK).unwrap();
    // SAFETY: empty; nobody uses either.
    unsafe {
        Group::free(raw);
        free_config(cfg);
    }
    end(b);
}

static IN_CALLBACK: AtomicBool = AtomicBool::new(false);
static GO_ON: AtomicBool = AtomicBool::new(false);
unsafe extern "C" fn slow_accept(
    l: *mut evconnlistener,
    fd: net::evutil_socket_t,
    _: *mut libc::sockaddr,
    _: c_int,
    _: *mut c_void,
) {
    // SAFETY: ours.
    unsafe { libc::close(fd) };
    IN_CALLBACK.store(true, SeqCst);
    while !GO_ON.load(SeqCst) {
        std::thread::yield_now();
    }
    // SAFETY: alive while its callback runs.
    let _ = unsafe { ListenerRef::from_raw(l).unwrap() }.fd();
}

#[cfg(unix)]
#[test]
fn a_listener_is_disabled_and_freed_against_its_callback() {
    thread_common::set_up();
    let b = base();
    let path = std::env::temp_dir().join(format!("oxievent-threads-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let flags = LevOpt::THREADSAFE | LevOpt::CLOSE_ON_FREE;
    let l =
        ListenerRef::new(Some(b), Some(slow_accept), std::ptr::null_mut(), flags, 0, socket.into_raw_fd())
            .unwrap();
    looping(b, || {
        let _c = UnixStream::connect(&path).unwrap();
        while !IN_CALLBACK.load(SeqCst) {
            std::thread::yield_now();
        }
        l.disable().unwrap();
        l.enable().unwrap();
        l.disable().unwrap();
        l.free();
        GO_ON.store(true, SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        b.loopbreak();
    });
    end(b);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_buffer_that_refers_to_a_freed_ones_data_keeps_the_lock() {
    thread_common::set_up();
    let b = base();
    let (bev, mut peer) = socket(b, SAFE);
    let mine = oxievent::buffer::BufferRef::new().unwrap();
    peer.write_all(&[7; 5000]).unwrap();
    bev.enable(Ev::READ).unwrap();
    turn(b);
    mine.add_buffer_reference(bev.input()).unwrap();
    bev.free();
    turn(b);
    assert_eq!(mine.len(), 5000);
    mine.drain(5000).unwrap();
    mine.free();
    end(b);
}
