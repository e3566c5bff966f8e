//! Pairs and filters.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
use bev_common::*;
use oxievent::abi::buffer::evbuffer;
use oxievent::abi::bufferevent::{BevEvent, bufferevent_filter_result, bufferevent_flush_mode};
use oxievent::abi::event::Ev;
use oxievent::abi::util::ev_ssize_t;
use oxievent::buffer::BufferRef;
use oxievent::bufferevent::{BevRef, FilterConfig, Kind};
use std::cell::Cell;
use std::ffi::c_void;
use std::io::{Read, Write};
use std::rc::Rc;

fn pair() -> (oxievent::base::BaseRef, BevRef, BevRef) {
    let b = base();
    let (x, y) = BevRef::pair_new(b, 0).unwrap();
    (b, x, y)
}

#[test]
fn a_pair_passes_data_from_the_loop() {
    let (b, x, y) = pair();
    assert!(x.kind() == Kind::Pair && x.partner() == Some(y) && y.partner() == Some(x));
    assert_eq!(x.fd(), None);
    assert!(x.set_fd(3).is_err());
    On::new()
        .read(|bev| {
            log(format!("y {}", take(bev).len()));
            bev.output().add(b"back").unwrap();
        })
        .set(y);
    On::new().read(|bev| log(format!("x {}", take(bev).len()))).write(|_| log("sent")).set(x);
    x.output().add(b"early").unwrap();
    assert_eq!(y.input().len(), 0, "y does not read yet");
    y.enable(Ev::READ).unwrap();
    x.enable(Ev::READ).unwrap();
    assert_eq!((y.input().len(), logged().len()), (5, 0), "moved at once, told from the loop");
    run(b);
    assert_eq!(logged(), ["y 5", "x 4", "sent"]);
    x.free();
    assert_eq!(y.partner(), None);
    y.output().add(b"nobody").unwrap();
    assert!(y.flush(Ev::WRITE, bufferevent_flush_mode::BEV_FLUSH).is_err());
    y.free();
    end(b);
}

/// The buffer's short paths tell the pair after the bytes are in.
#[test]
fn a_pair_passes_what_goes_into_reserved_room() {
    let (b, x, y) = pair();
    y.enable(Ev::READ).unwrap();
    x.output().expand(100).unwrap();
    x.output().add(b"hello").unwrap();
    assert_eq!((y.input().len(), x.output().len()), (5, 0));
    x.output().expand(100).unwrap();
    let done = x.output().add_formatted(|out| {
        out[0].write(b'!');
        1
    });
    assert_eq!((done, y.input().len(), x.output().len()), (Ok(1), 6, 0));
    x.output().add(b"").unwrap();
    x.free();
    y.free();
    end(b);
}

#[test]
fn a_pair_obeys_the_readers_watermark() {
    let (b, x, y) = pair();
    y.set_watermark(Ev::READ, 0, 10);
    y.enable(Ev::READ).unwrap();
    x.output().add(&[1; 25]).unwrap();
    assert_eq!((y.input().len(), x.output().len()), (10, 15));
    y.input().drain(4).unwrap();
    assert_eq!((y.input().len(), x.output().len()), (10, 11));
    // Flushing passes it.
    y.flush(Ev::READ, bufferevent_flush_mode::BEV_NORMAL).unwrap();
    assert_eq!(y.input().len(), 10);
    On::new().event(|_, w| log(format!("{:x}", w.bits()))).set(y);
    x.flush(Ev::WRITE, bufferevent_flush_mode::BEV_FINISHED).unwrap();
    assert_eq!((y.input().len(), x.output().len()), (21, 0));
    turn(b);
    assert_eq!(logged(), ["11"]);
    x.free();
    y.free();
    end(b);
}

#[test]
fn a_pair_times_out() {
    let (b, x, y) = pair();
    On::new().event(|_, w| log(format!("x {:x}", w.bits()))).set(x);
    On::new().event(|_, w| log(format!("y {:x}", w.bits()))).set(y);
    x.set_timeouts(Some(ms(30)), None).unwrap();
    y.set_timeouts(None, Some(ms(60))).unwrap();
    x.enable(Ev::READ).unwrap();
    y.output().add(b"z").unwrap();
    x.disable(Ev::READ).unwrap();
    y.output().add(b"z").unwrap();
    x.enable(Ev::READ).unwrap();
    x.disable(Ev::READ).unwrap();
    y.output().add(b"z").unwrap();
    y.enable(Ev::WRITE).unwrap();
    x.set_timeouts(Some(ms(30)), None).unwrap();
    run(b);
    assert_eq!(logged(), ["y 42"], "only what is enabled and has something to do waits");
    x.free();
    y.free();
    end(b);
}

#[test]
fn both_sides_may_go_in_any_order_and_place() {
    for who in 0..4 {
        let (b, x, y) = pair();
        On::new()
            .read(move |bev| {
                log("read");
                match who {
                    0 => bev.free(),
                    1 => x.free(),
                    2 => {
                        x.free();
                        bev.free();
                    }
                    _ => bev.disable(Ev::READ).unwrap(),
                }
            })
            .set(y);
        y.enable(Ev::READ).unwrap();
        x.output().add(b"1").unwrap();
        turn(b);
        assert_eq!(logged(), ["read"]);
        if who == 0 || who == 3 {
            x.output().add(b"2").unwrap();
            x.free();
        }
        if who == 1 || who == 3 {
            y.free();
        }
        turn(b);
        end(b);
    }
}

// ---- filters ----

/// Adds one to (or, the other way, takes one from) each byte, at most four at a time.
unsafe extern "C" fn shift(
    from: *mut evbuffer,
    to: *mut evbuffer,
    limit: ev_ssize_t,
    _: bufferevent_flush_mode,
    by: *mut c_void,
) -> bufferevent_filter_result {
    // SAFETY: the library passes live buffers.
    let (from, to) = unsafe { (BufferRef::from_raw(from).unwrap(), BufferRef::from_raw(to).unwrap()) };
    let most = if limit < 0 { 4 } else { 4.min(limit as usize) };
    let mut data = [0; 4];
    let n = from.remove(&mut data[..most]).unwrap();
    for x in &mut data[..n] {
        *x = x.wrapping_add(by as usize as u8);
    }
    to.add(&data[..n]).unwrap();
    bufferevent_filter_result::BEV_OK
}
fn config(options: i32, by: usize) -> FilterConfig {
    FilterConfig {
        input: Some(shift),
        output: Some(shift),
        options,
        free_context: None,
        context: by as *mut c_void,
    }
}

#[test]
fn a_filter_changes_data_both_ways() {
    let b = base();
    let (below, mut peer) = socket(b, 0);
    let f = BevRef::filter_new(below, config(CLOSE, 1)).unwrap();
    assert!(f.underlying() == Some(below) && f.fd() == below.fd() && f.kind() == Kind::Filter);
    On::new()
        .read(|bev| log(String::from_utf8(take(bev)).unwrap()))
        .write(|_| log("w"))
        .event(|bev, w| {
            log(format!("{:x}", w.bits()));
            bev.free();
        })
        .set(f);
    peer.write_all(b"HAL").unwrap();
    turn(b);
    assert_eq!(logged(), [""; 0], "a filter that does not read keeps the one below from reading");
    f.enable(Ev::READ).unwrap();
    turn(b);
    assert_eq!(logged(), ["IBM"]);
    f.output().add(b"UNREADABLE").unwrap();
    turn(b);
    let mut got = [0; 32];
    assert_eq!(peer.read(&mut got).unwrap(), 10);
    assert_eq!(&got[..10], b"VOSFBEBCMF");
    assert_eq!(logged(), ["w"]);
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    run(b);
    assert_eq!(logged(), ["11"]);
    assert!(closed(&peer), "freed with the filter");
    end(b);
}

#[test]
fn filters_without_functions_pass_data_on() {
    let (b, x, y) = pair();
    let none = FilterConfig {
        input: None,
        output: None,
        options: CLOSE,
        free_context: None,
        context: std::ptr::null_mut(),
    };
    let (fx, fy) = (BevRef::filter_new(x, none).unwrap(), BevRef::filter_new(y, none).unwrap());
    let top = BevRef::filter_new(fy, config(CLOSE, 0)).unwrap();
    On::new().read(|bev| log(String::from_utf8(take(bev)).unwrap())).set(top);
    top.enable(Ev::READ).unwrap();
    fx.output().add(b"through three layers").unwrap();
    turn(b);
    assert_eq!(logged().concat(), "through three layers");
    top.free();
    fx.free();
    turn(b);
    end(b);
}

#[test]
fn a_filters_watermark_keeps_the_rest_below() {
    let (b, x, y) = pair();
    let f = BevRef::filter_new(y, config(CLOSE, 0)).unwrap();
    f.set_watermark(Ev::READ, 0, 6);
    let n = Rc::new(Cell::new(0));
    let c = n.clone();
    On::new()
        .read(move |bev| {
            assert!(bev.input().len() <= 6);
            c.set(c.get() + take(bev).len());
        })
        .set(f);
    f.enable(Ev::READ).unwrap();
    x.output().add(&[0; 50]).unwrap();
    turn(b);
    assert_eq!(n.get(), 50);
    x.free();
    f.free();
    turn(b);
    end(b);
}

#[test]
fn what_a_disabled_filter_left_below_comes_when_it_reads_again() {
    let (b, x, y) = pair();
    let f = BevRef::filter_new(y, config(CLOSE, 0)).unwrap();
    On::new()
        .read(|bev| {
            log(format!("{}", take(bev).len()));
            bev.disable(Ev::READ).unwrap();
        })
        .set(f);
    f.set_watermark(Ev::READ, 0, 3);
    f.enable(Ev::READ).unwrap();
    x.output().add(&[0; 5]).unwrap();
    turn(b);
    assert_eq!(logged(), ["3"]);
    f.enable(Ev::READ).unwrap();
    assert_eq!(logged(), [""; 0]);
    turn(b);
    assert_eq!(logged(), ["2"]);
    x.free();
    f.free();
    turn(b);
    end(b);
}

#[test]
fn a_full_bufferevent_below_is_not_fed() {
    let (b, x, y) = pair();
    x.set_watermark(Ev::WRITE, 0, 8);
    let f = BevRef::filter_new(x, config(CLOSE, 0)).unwrap();
    f.output().add(&[0; 30]).unwrap();
    assert_eq!((f.output().len(), x.output().len()), (22, 8));
    assert!(f.flush(Ev::WRITE, bufferevent_flush_mode::BEV_FLUSH).unwrap());
    assert_eq!((f.output().len(), x.output().len(), y.input().len()), (0, 0, 30));
    f.free();
    y.free();
    turn(b);
    end(b);
}

static FREED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
unsafe extern "C" fn count_free(_: *mut c_void) {
    FREED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
}

#[test]
fn the_context_is_freed_once_and_what_is_below_stays_usable() {
    let b = base();
    let (below, mut peer) = socket(b, 0);
    let mut c = config(0, 0);
    c.free_context = Some(count_free);
    let f = BevRef::filter_new(below, c).unwrap();
    f.free();
    turn(b);
    assert_eq!(FREED.load(std::sync::atomic::Ordering::SeqCst), 1);
    On::new().read(|bev| log(String::from_utf8(take(bev)).unwrap())).set(below);
    peer.write_all(b"direct").unwrap();
    turn(b);
    assert_eq!(logged(), ["direct"]);
    below.free();
    end(b);
    assert_eq!(FREED.load(std::sync::atomic::Ordering::SeqCst), 1);
}

/// Found by fuzzing: nothing happened below that would have taken it.
#[test]
fn what_was_added_to_a_filter_that_did_not_write_goes_when_it_writes_again() {
    let (b, x, y) = pair();
    let f = BevRef::filter_new(x, config(0, 0)).unwrap();
    y.enable(Ev::READ).unwrap();
    f.disable(Ev::WRITE).unwrap();
    f.output().add(b"late").unwrap();
    turn(b);
    assert_eq!((f.output().len(), y.input().len()), (4, 0));
    f.enable(Ev::WRITE).unwrap();
    turn(b);
    assert_eq!((f.output().len(), y.input().len()), (0, 4));
    for bev in [f, x, y] {
        bev.free();
    }
    end(b);
}

/// A function that claims success without moving anything must not hang the loop.
unsafe extern "C" fn lazy(
    _: *mut evbuffer,
    _: *mut evbuffer,
    _: ev_ssize_t,
    _: bufferevent_flush_mode,
    _: *mut c_void,
) -> bufferevent_filter_result {
    bufferevent_filter_result::BEV_OK
}
#[test]
fn a_filter_that_moves_nothing_does_not_hang() {
    let (b, x, y) = pair();
    let c = FilterConfig {
        input: Some(lazy),
        output: Some(lazy),
        options: CLOSE,
        free_context: None,
        context: std::ptr::null_mut(),
    };
    let f = BevRef::filter_new(y, c).unwrap();
    f.enable(Ev::READ).unwrap();
    f.output().add(b"x").unwrap();
    x.output().add(b"x").unwrap();
    turn(b);
    f.free();
    x.free();
    end(b);
}

#[test]
fn a_filter_may_be_freed_in_its_callbacks() {
    for defer in [0, DEFER] {
        for kind in ["read", "write", "event"] {
            let b = base();
            let (below, mut peer) = socket(b, 0);
            let f = BevRef::filter_new(below, config(CLOSE | defer, 0)).unwrap();
            let on = On::new();
            match kind {
                "read" => on.read(|bev| bev.free()),
                "write" => on.write(|bev| bev.free()),
                _ => on.event(|bev, w| {
                    assert!(w.contains(BevEvent::EOF));
                    bev.free();
                }),
            }
            .set(f);
            f.enable(RW).unwrap();
            f.output().add(b"out").ok();
            peer.write_all(b"in").unwrap();
            peer.shutdown(std::net::Shutdown::Write).unwrap();
            for _ in 0..4 {
                turn(b);
            }
            end(b);
            assert!(closed(&peer), "{kind}");
        }
    }
}
