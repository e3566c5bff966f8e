//! Rate limits and groups.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
use bev_common::*;
use net::libc;
use oxievent::abi::event::Ev;
use oxievent::bufferevent::{BevRef, Group, free_config, new_config};
use std::cell::Cell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

#[test]
fn reading_is_limited_and_goes_on() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    let cfg = new_config((1000, 1000), (1000, 1000), Some(ms(50))).unwrap();
    assert_eq!(bev.read_limit(), None);
    // SAFETY: freed at the end.
    unsafe { bev.set_rate_limit(cfg).unwrap() };
    assert_eq!(bev.rate_limit_cfg(), cfg.cast_const());
    assert_eq!(bev.read_limit(), Some(1000));
    peer.write_all(&[0; 4000]).unwrap();
    let t = Instant::now();
    let n = Rc::new(Cell::new(0));
    let c = n.clone();
    On::new()
        .read(move |bev| {
            c.set(c.get() + take(bev).len());
            if c.get() == 4000 {
                bev.disable(Ev::READ).unwrap();
            }
        })
        .set(bev);
    bev.enable(Ev::READ).unwrap();
    run(b);
    assert_eq!(n.get(), 4000);
    assert!(t.elapsed() > Duration::from_millis(90), "{:?}", t.elapsed());
    // SAFETY: null is allowed.
    unsafe { bev.set_rate_limit(std::ptr::null()).unwrap() };
    assert_eq!(bev.read_max(), 16384);
    bev.free();
    turn(b);
    // SAFETY: nobody uses it.
    unsafe { free_config(cfg) };
    end(b);
}

#[test]
fn writing_is_limited_and_goes_on() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    let cfg = new_config((1000, 1000), (1000, 1500), Some(ms(40))).unwrap();
    // SAFETY: freed at the end.
    unsafe { bev.set_rate_limit(cfg).unwrap() };
    bev.output().add(&[0; 3000]).unwrap();
    let t = Instant::now();
    run(b);
    assert!(t.elapsed() > Duration::from_millis(50), "{:?}", t.elapsed());
    assert_eq!(peer.read(&mut [0; 4000]).unwrap(), 3000);
    bev.free();
    end(b);
    // SAFETY: nobody uses it.
    unsafe { free_config(cfg) };
}

#[test]
fn buckets_can_be_drained_by_hand() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    assert!(bev.decrement_read_limit(1).is_err());
    assert!(bev.decrement_write_limit(1).is_err());
    let cfg = new_config((100, 100), (100, 100), Some(ms(1_000_000))).unwrap();
    // SAFETY: freed at the end.
    unsafe { bev.set_rate_limit(cfg).unwrap() };
    bev.enable(Ev::READ).unwrap();
    bev.decrement_read_limit(150).unwrap();
    assert_eq!(bev.read_limit(), Some(-50));
    peer.write_all(b"x").unwrap();
    turn(b);
    assert_eq!(bev.input().len(), 0);
    bev.decrement_read_limit(-60).unwrap();
    assert_eq!(bev.read_limit(), Some(10));
    turn(b);
    assert_eq!(bev.input().len(), 1);
    bev.decrement_write_limit(isize::MAX).unwrap();
    bev.decrement_write_limit(isize::MAX).unwrap();
    bev.output().add(b"x").unwrap();
    turn(b);
    assert!(peer.read(&mut [0; 1]).is_err());
    bev.decrement_write_limit(isize::MIN).unwrap();
    bev.decrement_write_limit(isize::MIN).unwrap();
    turn(b);
    assert_eq!(peer.read(&mut [0; 1]).unwrap(), 1);
    bev.free();
    end(b);
    // SAFETY: nobody uses it.
    unsafe { free_config(cfg) };
}

#[test]
fn a_tick_below_a_millisecond_works() {
    let b = base();
    let (bev, mut peer) = socket(b, 0);
    let cfg = new_config((10, 10), (10, 10), Some(libc::timeval { tv_sec: 0, tv_usec: 1 })).unwrap();
    // SAFETY: freed at the end.
    unsafe { bev.set_rate_limit(cfg).unwrap() };
    peer.write_all(&[0; 100]).unwrap();
    On::new()
        .read(|bev| {
            if bev.input().len() == 100 {
                bev.disable(Ev::READ).unwrap();
            }
        })
        .set(bev);
    bev.enable(Ev::READ).unwrap();
    run(b);
    assert_eq!(bev.input().len(), 100);
    bev.free();
    end(b);
    // SAFETY: nobody uses it.
    unsafe { free_config(cfg) };
}

fn group(b: oxievent::base::BaseRef, rate: usize, tick: i64) -> (*mut Group, &'static Group) {
    let cfg = new_config((rate, rate), (rate, rate), Some(ms(tick))).unwrap();
    // SAFETY: copied by the group; freed at once.
    unsafe {
        let g = Group::new(b, &*cfg).unwrap();
        free_config(cfg);
        (g, &*g)
    }
}

#[test]
fn a_group_shares_its_bucket() {
    let b = base();
    let (raw, g) = group(b, 1000, 40);
    g.set_min_share(100).unwrap();
    assert!(g.set_min_share(usize::MAX).is_err());
    let ends: Vec<_> = (0..4).map(|_| socket(b, 0)).collect();
    let n = Rc::new(Cell::new(0));
    for (bev, peer) in &ends {
        // SAFETY: freed after them.
        unsafe { bev.join_group(g).unwrap() };
        let mut peer = peer;
        peer.write_all(&[0; 1000]).unwrap();
        let c = n.clone();
        On::new().read(move |bev| c.set(c.get() + take(bev).len())).set(*bev);
        bev.enable(Ev::READ).unwrap();
    }
    assert_eq!(ends[0].0.read_max(), 250);
    let t = Instant::now();
    while n.get() < 4000 {
        b.run(oxievent::abi::event::Evloop::ONCE).unwrap();
        assert!(t.elapsed() < Duration::from_secs(5));
    }
    assert!(t.elapsed() > Duration::from_millis(60), "{:?}", t.elapsed());
    assert_eq!(g.totals(), (4000, 0));
    g.reset_totals();
    assert_eq!(g.totals(), (0, 0));
    for (bev, _) in &ends {
        bev.free();
    }
    turn(b);
    // SAFETY: its members are gone.
    unsafe { Group::free(raw) };
    end(b);
}

#[test]
fn members_may_come_and_go() {
    let b = base();
    let ((raw1, g1), (raw2, g2)) = (group(b, 100, 1_000_000), group(b, 1000, 1_000_000));
    let (bev, mut peer) = socket(b, 0);
    bev.enable(Ev::READ).unwrap();
    // SAFETY: freed after it.
    unsafe { bev.join_group(g1).unwrap() };
    // Again: nothing happens.
    // SAFETY: as above.
    unsafe { bev.join_group(g1).unwrap() };
    g1.decrement_read(100);
    g1.decrement_write(200);
    assert_eq!(g1.limits(), (0, -100));
    peer.write_all(b"x").unwrap();
    bev.output().add(b"y").unwrap();
    turn(b);
    assert_eq!(bev.input().len(), 0);
    assert_eq!(bev.read_max(), 0);
    // SAFETY: as above.
    unsafe { bev.join_group(g2).unwrap() };
    turn(b);
    assert_eq!(bev.input().len(), 1);
    assert_eq!(peer.read(&mut [0; 2]).unwrap(), 1);
    assert_eq!(g2.totals(), (1, 1));
    // A member of a resting group rests from the start.
    let (late, mut other) = socket(b, 0);
    // SAFETY: as above.
    unsafe { late.join_group(g1).unwrap() };
    late.output().add(b"z").unwrap();
    turn(b);
    assert!(other.read(&mut [0; 2]).is_err());
    late.leave_group(true);
    turn(b);
    assert_eq!(other.read(&mut [0; 2]).unwrap(), 1);
    // Not while it has members.
    // SAFETY: refused.
    unsafe { Group::free(raw2) };
    assert_eq!(g2.totals(), (1, 1));
    bev.leave_group(false);
    bev.free();
    late.free();
    // SAFETY: empty.
    unsafe {
        Group::free(raw1);
        Group::free(raw2);
    }
    end(b);
}

#[test]
fn a_group_takes_other_limits() {
    let b = base();
    let (raw, g) = group(b, 100, 1000);
    g.set_min_share(80).unwrap();
    let small = new_config((10, 20), (10, 20), None).unwrap();
    // SAFETY: copied.
    unsafe { g.set_cfg(&*small).unwrap() };
    assert_eq!(g.limits(), (20, 20));
    let (bev, _peer) = socket(b, 0);
    // SAFETY: freed after it.
    unsafe { bev.join_group(g).unwrap() };
    assert_eq!(bev.write_max(), 20, "the least share is not above the rate");
    let both = new_config((5, 5), (5, 5), None).unwrap();
    // SAFETY: freed at the end.
    unsafe { bev.set_rate_limit(both).unwrap() };
    assert_eq!(bev.write_max(), 5);
    bev.free();
    turn(b);
    // SAFETY: nobody uses them.
    unsafe {
        Group::free(raw);
        free_config(small);
        free_config(both);
    }
    end(b);
}

#[test]
fn a_limit_is_replaced() {
    let b = base();
    let bev = BevRef::socket_new(Some(b), -1, 0).unwrap();
    let big = new_config((1000, 5000), (1000, 5000), None).unwrap();
    let small = new_config((10, 20), (10, 20), None).unwrap();
    // SAFETY: freed at the end.
    unsafe {
        bev.set_rate_limit(big).unwrap();
        bev.set_rate_limit(big).unwrap();
        bev.set_rate_limit(small).unwrap();
    }
    assert_eq!((bev.read_limit(), bev.write_limit()), (Some(20), Some(20)));
    bev.free();
    end(b);
    // SAFETY: nobody uses them.
    unsafe {
        free_config(big);
        free_config(small);
    }
}
