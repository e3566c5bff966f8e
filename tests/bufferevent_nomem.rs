//! Each allocation of each object fails once: an error, nothing leaked, nothing broken.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod memory_common;
mod net;
use bev_common::*;
use memory_common::{LEFT, LIVE};
use net::IntoRawFd;
use net::UnixStream;
use net::libc;
use oxievent::Error;
use oxievent::abi::event::Ev;
use oxievent::abi::listener::LevOpt;
use oxievent::bufferevent::{BevRef, FilterConfig, Group, free_config, new_config};
use oxievent::listener::ListenerRef;
use std::io::Write;
use std::sync::atomic::Ordering::SeqCst;

/// Calls `make` with ever more requests that succeed, until it does.
fn each<T>(name: &str, make: impl Fn() -> oxievent::Result<T>, clean: impl Fn(T)) {
    for k in 0..100 {
        LEFT.store(k, SeqCst);
        let r = make();
        let used_all = LEFT.swap(-1, SeqCst) == 0;
        match r {
            Err(e) => assert_eq!(e, Error::NoMem, "{name} {k}"),
            Ok(x) => {
                clean(x);
                if !used_all {
                    assert!(k > 0, "{name} asks for nothing?");
                    return;
                }
            }
        }
    }
    panic!("{name} never succeeds");
}

// One test: the allocator is the process's.
#[test]
fn allocations_fail() {
    memory_common::install();
    let start = LIVE.load(SeqCst);
    let b = base();
    each("socket", || BevRef::socket_new(Some(b), -1, 0), |x| x.free());
    turn(b);
    each(
        "pair",
        || BevRef::pair_new(b, 0),
        |(x, y)| {
            x.free();
            y.free();
        },
    );
    turn(b);
    let none = FilterConfig {
        input: None,
        output: None,
        options: 0,
        free_context: None,
        context: std::ptr::null_mut(),
    };
    let (below, mut peer) = socket(b, 0);
    each("filter", || BevRef::filter_new(below, none), |x| x.free());
    turn(b);
    // SAFETY: nobody uses it.
    each("cfg", || new_config((1, 2), (3, 4), None), |c| unsafe { free_config(c) });
    let cfg = new_config((1000, 1000), (1000, 1000), None).unwrap();
    each(
        "limit",
        || {
            let x = BevRef::socket_new(Some(b), -1, 0)?;
            // SAFETY: freed at the end.
            let r = unsafe { x.set_rate_limit(cfg) };
            x.free();
            r
        },
        |()| (),
    );
    turn(b);
    each(
        "group",
        // SAFETY: copied.
        || unsafe { Group::new(b, &*cfg) },
        // SAFETY: made above.
        |g| unsafe { Group::free(g) },
    );
    turn(b);
    each(
        "listener",
        || {
            let (x, _) = UnixStream::pair().unwrap();
            let fd = x.into_raw_fd();
            let r = ListenerRef::new(Some(b), None, std::ptr::null_mut(), LevOpt::CLOSE_ON_FREE, 0, fd);
            if r.is_err() {
                // SAFETY: still ours.
                unsafe { libc::close(fd) };
            }
            r
        },
        |l| l.free(),
    );
    // Data: what cannot be stored is reported, and nothing else is lost.
    each("write", || below.output().add(&[1; 5000]), |()| ());
    below.enable(Ev::READ).unwrap();
    for k in 0..6 {
        peer.write_all(b"data").unwrap();
        LEFT.store(k, SeqCst);
        turn(b);
        LEFT.store(-1, SeqCst);
        // A read without memory is an error: reading stops, and goes on when asked.
        below.enable(Ev::READ).unwrap();
        turn(b);
    }
    assert_eq!(below.input().len(), 24);
    below.free();
    turn(b);
    // SAFETY: nobody uses it.
    unsafe { free_config(cfg) };
    end(b);
    oxievent::buffer::trim();
    assert_eq!(LIVE.load(SeqCst), start, "something leaks");
}
