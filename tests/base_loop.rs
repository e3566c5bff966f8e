//! The loop over real descriptors: I/O, timers, signals, once, priorities, deferred and output callbacks, limits.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod base_common;
mod net;
use base_common::*;
use net::AsRawFd;
use net::UnixStream;
use net::libc;
use oxievent::abi::event::{BaseFlag, Ev, Evloop, event};
use oxievent::base::{BaseRef, CallbackRef, Config, CountOf, Ended};
use std::ffi::{c_short, c_void};
use std::time::{Duration, Instant};

#[test]
fn an_empty_base_ends_at_once() {
    let b = base();
    assert_eq!(b.run(Evloop::empty()), Ok(Ended::Empty));
    assert_eq!(b.run(Evloop::NONBLOCK), Ok(Ended::Empty));
    assert_eq!(b.run(Evloop::NONBLOCK | Evloop::NO_EXIT_ON_EMPTY), Ok(Ended::Asked));
    unsafe { b.free(true) };
}

#[test]
fn reading_and_timing_out() {
    let b = base();
    let (x, y) = UnixStream::pair().unwrap();
    let ev = Event::new(b, x.as_raw_fd(), Ev::READ | Ev::PERSIST, move |fd, what| {
        if what.contains(Ev::READ) {
            let mut buf = [0u8; 8];
            assert_eq!(unsafe { libc::read(fd, buf.as_mut_ptr().cast(), 8) }, 1);
            log(1);
        } else {
            assert_eq!(what, Ev::TIMEOUT);
            log(2);
            b.loopbreak();
        }
    });
    ev.get().add(Some(&ms(50))).unwrap();
    assert_eq!(ev.get().pending(Ev::READ | Ev::TIMEOUT | Ev::WRITE), Ev::READ | Ev::TIMEOUT);
    send(&y);
    let t = Instant::now();
    assert_eq!(b.run(Evloop::empty()), Ok(Ended::Asked));
    assert!(b.got_break());
    assert!(t.elapsed() >= Duration::from_millis(40) && t.elapsed() < Duration::from_millis(500));
    assert_eq!(logged(), [1, 2]);
    assert!(b.is_consistent());
    drop(ev);
    assert_eq!(b.num_events(CountOf::ADDED), 0);
    unsafe { b.free(true) };
}

#[test]
fn timers_fire_in_order_and_can_be_moved() {
    let b = base();
    let evs: Vec<_> = (0..5).map(|i| Event::new(b, -1, Ev::empty(), move |_, _| log(i))).collect();
    for (i, at) in [(0, 50), (1, 10), (2, 30), (3, 20), (4, 40)] {
        evs[i].get().add(Some(&ms(at))).unwrap();
    }
    // Later, earlier, gone.
    evs[1].get().add(Some(&ms(60))).unwrap();
    evs[0].get().add(Some(&ms(5))).unwrap();
    evs[4].get().del().unwrap();
    assert!(b.is_consistent());
    assert_eq!(b.run(Evloop::empty()), Ok(Ended::Empty));
    assert_eq!(logged(), [0, 3, 2, 1]);
    drop(evs);
    unsafe { b.free(true) };
}

#[test]
fn wild_timeouts_do_no_harm() {
    let b = base();
    let fired = Event::new(b, -1, Ev::empty(), |_, _| log(1));
    fired.get().add(Some(&libc::timeval { tv_sec: -5, tv_usec: -1 })).unwrap();
    let far = Event::new(b, -1, Ev::PERSIST, |_, _| log(2));
    use oxievent::sys::c::{suseconds_t as Usec, tv_sec_t};
    let (most, least) = (tv_sec_t::MAX, tv_sec_t::MIN);
    for (s, u) in [(most, Usec::MAX), (most, 0), (most / 2, 999_999), (least, Usec::MIN)] {
        far.get().add(Some(&libc::timeval { tv_sec: s, tv_usec: u })).unwrap();
    }
    far.get().add(Some(&libc::timeval { tv_sec: most, tv_usec: 3 })).unwrap();
    assert_eq!(b.run(Evloop::ONCE), Ok(Ended::Asked));
    assert_eq!(logged(), [1]);
    drop(far);
    let back = Event::new(b, -1, Ev::PERSIST, move |_, _| {
        log(3);
        b.loopbreak();
    });
    back.get().add(Some(&libc::timeval { tv_sec: -1, tv_usec: 0 })).unwrap();
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [3]);
    drop((back, fired));
    unsafe { b.free(true) };
}

#[test]
fn a_timeout_and_a_read_in_one_turn_are_both_told() {
    let b = base();
    let (x, y) = UnixStream::pair().unwrap();
    let ev = Event::new(b, x.as_raw_fd(), Ev::READ, |_, what| log(what.bits().into()));
    ev.get().add(Some(&ms(20))).unwrap();
    send(&y);
    std::thread::sleep(Duration::from_millis(40));
    b.run(Evloop::ONCE).unwrap();
    assert_eq!(logged(), [i32::from((Ev::READ | Ev::TIMEOUT).bits())]);
    assert!(ev.get().pending(Ev::all()).is_empty());
    drop(ev);
    unsafe { b.free(true) };
}

#[test]
fn persistent_timers_keep_their_grid() {
    let b = base();
    let mut n = 0;
    let t = Instant::now();
    let ev = Event::new(b, -1, Ev::PERSIST, move |_, _| {
        n += 1;
        std::thread::sleep(Duration::from_millis(5));
        if n == 5 {
            b.loopexit(None).unwrap();
        }
    });
    ev.get().add(Some(&ms(20))).unwrap();
    b.run(Evloop::empty()).unwrap();
    assert!(b.got_exit());
    let took = t.elapsed().as_millis();
    assert!((90..150).contains(&took), "{took}");
    drop(ev);
    unsafe { b.free(true) };
}

#[test]
fn thousands_of_timers_at_once() {
    let us = |n: i32| libc::timeval { tv_sec: 0, tv_usec: n.into() };
    let b = base();
    let tv = unsafe { &*b.init_common_timeout(&ms(5)).unwrap() };
    let evs: Vec<_> = (0..3000)
        .map(|i| {
            let span = if i % 50 == 0 { 5000 } else { 1000 + i * 7919 % 9000 };
            let kind = if i % 11 == 0 { Ev::PERSIST } else { Ev::empty() };
            (i, span, Event::new(b, -1, kind, move |_, _| log(span)))
        })
        .collect();
    // In one callback, where time stands still.
    let far = Event::new(b, -1, Ev::empty(), |_, _| unreachable!());
    far.get().add(Some(&ms(100_000))).unwrap();
    let timers: Vec<_> = evs.iter().map(|(i, span, e)| (*i, *span, e.get())).collect();
    let add = Event::new(b, -1, Ev::empty(), move |_, _| {
        for &(i, span, e) in &timers {
            if i % 50 == 0 {
                e.add(Some(tv)).unwrap();
                continue;
            }
            if i % 5 == 0 {
                // Put off: its entry is too early.
                e.add(Some(&us(500))).unwrap();
            }
            e.add(Some(&us(span))).unwrap();
        }
    });
    add.get().active(Ev::TIMEOUT);
    b.run(Evloop::ONCE | Evloop::NONBLOCK).unwrap();
    std::thread::sleep(Duration::from_millis(30));
    assert!(b.is_consistent());
    b.run(Evloop::ONCE | Evloop::NONBLOCK).unwrap();
    assert!(b.is_consistent());
    let told = logged();
    assert_eq!(told.len(), 3000);
    assert!(told.is_sorted(), "in the order of their deadlines");
    for (i, _, e) in &evs {
        assert_eq!(e.get().pending(Ev::TIMEOUT).is_empty(), i % 11 != 0);
    }
    assert!(far.get().pending(Ev::TIMEOUT).contains(Ev::TIMEOUT));
    assert_eq!(b.num_events(CountOf::ADDED), 1 + (3000 + 10) / 11);
    drop((evs, far, add));
    assert_eq!(b.num_events(CountOf::ADDED), 0);
    unsafe { b.free(true) };
}

#[test]
fn common_timeouts() {
    let b = base();
    let tv = b.init_common_timeout(&ms(30)).unwrap();
    assert_eq!(b.init_common_timeout(&ms(30)).unwrap(), tv);
    let other = b.init_common_timeout(&ms(10)).unwrap();
    assert_ne!(other, tv);
    let evs: Vec<_> = (0..6).map(|i| Event::new(b, -1, Ev::empty(), move |_, _| log(i))).collect();
    for (i, e) in evs.iter().enumerate() {
        e.get().add(Some(unsafe { if i % 2 == 0 { &*tv } else { &*other } })).unwrap();
    }
    evs[2].get().del().unwrap();
    evs[0].get().add(Some(unsafe { &*tv })).unwrap();
    assert!(b.is_consistent());
    let mut n = 0;
    let per = Event::new(b, -1, Ev::PERSIST, move |_, _| {
        n += 1;
        if n == 3 {
            b.loopexit(None).unwrap();
        }
    });
    per.get().add(Some(unsafe { &*tv })).unwrap();
    let t = Instant::now();
    b.run(Evloop::empty()).unwrap();
    assert!(t.elapsed() >= Duration::from_millis(80));
    assert_eq!(logged(), [1, 3, 5, 4, 0]);
    drop((evs, per));
    unsafe { b.free(true) };
}

#[test]
fn signals_count_and_stop_when_deleted() {
    let b = base();
    let ev = Event::new(b, libc::SIGUSR2 as _, Ev::SIGNAL | Ev::PERSIST, move |s, what| {
        assert_eq!((s, what), (libc::SIGUSR2 as net::evutil_socket_t, Ev::SIGNAL));
        log(7);
        b.loopbreak();
    });
    ev.get().add(None).unwrap();
    unsafe { libc::raise(libc::SIGUSR2) };
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [7]);
    // A series of calls ends with the event.
    let two = Event::new(b, libc::SIGUSR1 as _, Ev::SIGNAL | Ev::PERSIST, |_, _| {});
    let raw = two.get();
    two.set(move |_, _| {
        log(8);
        raw.del().unwrap();
    });
    raw.add(None).unwrap();
    raw.active_with(Ev::SIGNAL, 5);
    b.run(Evloop::NONBLOCK).unwrap();
    assert_eq!(logged(), [8]);
    raw.add(None).unwrap();
    two.set(|_, _| log(9));
    raw.active_with(Ev::SIGNAL, 3);
    b.run(Evloop::NONBLOCK).unwrap();
    assert_eq!(logged(), [9, 9, 9]);
    drop((ev, two));
    unsafe { b.free(true) };
}

#[test]
fn once_and_its_order() {
    let b = base();
    unsafe extern "C" fn note(_: oxievent::abi::util::evutil_socket_t, what: c_short, arg: *mut c_void) {
        assert_ne!(what, 0);
        log(arg as usize as i32);
    }
    let arg = |n: usize| n as *mut c_void;
    for i in 0..3usize {
        b.once(-1, Ev::TIMEOUT, Some(note), arg(i), None).unwrap();
    }
    b.once(-1, Ev::TIMEOUT, Some(note), arg(9), Some(&ms(15))).unwrap();
    let (x, _y) = UnixStream::pair().unwrap();
    b.once(x.as_raw_fd(), Ev::WRITE, Some(note), arg(5), None).unwrap();
    assert!(b.once(-1, Ev::TIMEOUT | Ev::PERSIST, Some(note), arg(0), None).is_err());
    assert!(b.once(-1, Ev::empty(), Some(note), arg(0), None).is_err());
    assert_eq!(b.run(Evloop::empty()), Ok(Ended::Empty));
    assert_eq!(logged(), [0, 1, 2, 5, 9]);
    // Freed with the base.
    b.once(-1, Ev::TIMEOUT, Some(note), arg(0), Some(&ms(10_000))).unwrap();
    b.once(-1, Ev::TIMEOUT, Some(note), arg(0), None).unwrap();
    unsafe { b.free(true) };
    assert_eq!(logged(), []);
}

#[test]
fn priorities() {
    let b = base();
    b.set_priorities(3).unwrap();
    assert_eq!(b.priorities(), 3);
    assert!(b.set_priorities(0).is_err() && b.set_priorities(256).is_err());
    let evs: Vec<_> = (0..3).map(|i| Event::new(b, -1, Ev::empty(), move |_, _| log(i))).collect();
    for (i, e) in evs.iter().enumerate().rev() {
        e.get().set_priority(i as i32).unwrap();
        e.get().active(Ev::TIMEOUT);
    }
    assert!(evs[0].get().set_priority(1).is_err());
    assert!(b.set_priorities(2).is_err());
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [0, 1, 2]);
    // What is more urgent cuts in.
    let urgent = evs[0].get();
    let low: Vec<_> = (0..2)
        .map(|i| {
            Event::new(b, -1, Ev::empty(), move |_, _| {
                log(10 + i);
                urgent.active(Ev::READ);
            })
        })
        .collect();
    low.iter().for_each(|e| e.get().active(Ev::READ));
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [10, 0, 11, 0]);
    drop((low, evs));
    unsafe { b.free(true) };
}

#[test]
fn limits_on_dispatching() {
    let mut c = Config::new();
    c.set_max_dispatch(None, 2, 1);
    let b = BaseRef::new(&c).unwrap();
    b.set_priorities(2).unwrap();
    let urgent = Event::new(b, -1, Ev::empty(), |_, _| log(100));
    urgent.get().set_priority(0).unwrap();
    let raw = urgent.get();
    let evs: Vec<_> = (0..5).map(|i| Event::new(b, -1, Ev::empty(), move |_, _| log(i))).collect();
    evs.iter().for_each(|e| e.get().active(Ev::READ));
    // Two, then one turn of two, then the more urgent one gets in between.
    evs[1].set(move |_, _| {
        log(1);
        b.loopbreak();
    });
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [0, 1]);
    raw.active(Ev::READ);
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [100, 2, 3, 4]);
    drop((urgent, evs));
    unsafe { b.free(true) };
}

#[test]
fn deferred_and_output_callbacks() {
    let b = base();
    let d = callback(|| log(1));
    let o = callback(|| log(2));
    assert!(o.schedule_output(b) && !o.schedule_output(b));
    assert!(d.schedule(b) && !d.schedule(b) && !d.schedule_output(b));
    assert_eq!(b.num_events(CountOf::ACTIVE), 2);
    assert!(b.is_consistent());
    assert_eq!(b.run(Evloop::ONCE), Ok(Ended::Asked));
    assert_eq!(logged(), [1, 2]);
    assert!(d.schedule(b));
    d.cancel(b);
    assert!(o.schedule_output(b));
    o.cancel(b);
    assert_eq!(b.num_events(CountOf::ACTIVE | CountOf::ADDED), 0);
    // Output is run although the loop is told to exit.
    let ev = Event::new(b, -1, Ev::empty(), move |_, _| {
        assert!(o.schedule_output(b));
        b.loopexit(None).unwrap();
    });
    ev.get().active(Ev::READ);
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [2]);
    // A flood of deferred callbacks is spread over turns.
    let many: Vec<_> = (0..100).map(|i| callback(move || log(i))).collect();
    let raw = ev.get();
    ev.set(|_, _| log(-1));
    many.iter().for_each(|c| assert!(c.schedule(b)));
    raw.active(Ev::READ);
    b.run(Evloop::empty()).unwrap();
    let l = logged();
    assert_eq!(l.len(), 101);
    assert!(l.iter().position(|n| *n == -1).unwrap() < 100);
    drop(ev);
    unsafe { b.free(true) };
}

#[test]
fn finalizers() {
    let b = base();
    unsafe extern "C" fn fin(ev: *mut event, arg: *mut c_void) {
        assert!(!ev.is_null() && !arg.is_null());
        log(50);
    }
    let ev = Event::new(b, -1, Ev::PERSIST, |_, _| log(1));
    ev.get().add(Some(&ms(1))).unwrap();
    ev.get().active(Ev::READ);
    unsafe { ev.get().finalize(Some(fin), false).unwrap() };
    assert!(ev.get().add(None).is_err());
    assert!(ev.get().del().is_ok());
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [50]);
    // Freeing the base runs what is left.
    let b2 = base();
    let ev2 = Event::new(b2, -1, Ev::PERSIST, |_, _| log(1));
    unsafe { ev2.get().finalize(Some(fin), false).unwrap() };
    let (c, d) = (callback(|| log(60)), callback(|| log(61)));
    assert!(d.schedule(b2));
    unsafe { CallbackRef::finalize_many(b2, &[c, d], Some(self_cb)) };
    std::mem::forget(ev2);
    unsafe { b2.free(true) };
    assert_eq!(logged(), [50, 60]);
    std::mem::forget(ev);
    unsafe { b.free(true) };
}

#[test]
fn time_is_cached_within_a_turn() {
    for no_cache in [false, true] {
        let mut c = Config::new();
        if no_cache {
            c.flags |= BaseFlag::NO_CACHE_TIME;
        }
        let b = BaseRef::new(&c).unwrap();
        #[allow(clippy::unnecessary_cast, reason = "32 bits on some systems")]
        let us = |t: libc::timeval| t.tv_sec as i64 * 1_000_000 + t.tv_usec as i64;
        let ev = Event::new(b, -1, Ev::empty(), move |_, _| {
            let t = us(b.gettimeofday_cached().unwrap());
            std::thread::sleep(Duration::from_millis(20));
            assert_eq!(us(b.gettimeofday_cached().unwrap()) == t, !no_cache);
            b.update_cache_time();
            assert!(us(b.gettimeofday_cached().unwrap()) > t + 10_000);
        });
        ev.get().active(Ev::READ);
        b.run(Evloop::empty()).unwrap();
        drop(ev);
        unsafe { b.free(true) };
    }
}

#[test]
fn walking_and_dumping() {
    let b = base();
    let (x, _y) = UnixStream::pair().unwrap();
    let io = Event::new(b, x.as_raw_fd(), Ev::READ | Ev::PERSIST, |_, _| {});
    let t = Event::new(b, -1, Ev::empty(), |_, _| {});
    let a = Event::new(b, -1, Ev::empty(), |_, _| {});
    let s = Event::new(b, libc::SIGHUP as _, Ev::SIGNAL, |_, _| {});
    io.get().add(Some(&ms(5000))).unwrap();
    t.get().add(Some(&ms(5000))).unwrap();
    s.get().add(None).unwrap();
    a.get().active(Ev::WRITE);
    let mut seen = Vec::new();
    let end = b.for_each_event(|e| {
        seen.push(e.as_ptr());
        std::ops::ControlFlow::<()>::Continue(())
    });
    assert!(end.unwrap().is_continue());
    for e in [&io, &t, &a, &s] {
        assert_eq!(seen.iter().filter(|p| **p == e.get().as_ptr()).count(), 1);
    }
    let mut text = String::new();
    b.dump(|l| text.push_str(l.to_str().unwrap())).unwrap();
    let line = |e: &Event| {
        let p = format!("{:p}", e.get().as_ptr());
        text.lines().find(|l| l.contains(&p)).unwrap().to_owned()
    };
    assert!(line(&io).contains(&format!("[fd  {}] Read Persist Timeout=", x.as_raw_fd())), "{}", line(&io));
    assert!(line(&s).contains(&format!("[sig {}] Signal", libc::SIGHUP)), "{}", line(&s));
    assert!(line(&a).contains("priority=0] Write active"), "{}", line(&a));
    assert!(text.starts_with("Inserted events:\n") && text.contains("\nActive events:\n"));
    drop((io, t, a, s));
    unsafe { b.free(true) };
}

#[test]
fn wrong_events_are_refused() {
    let b = base();
    let e = Event::new(b, -1, Ev::empty(), |_, _| {});
    assert!(e.get().assign(Some(b), 1, Ev::SIGNAL | Ev::READ, None, std::ptr::null_mut()).is_err());
    for fd in [i32::MAX, i32::MAX / 2] {
        for kind in [Ev::READ, Ev::SIGNAL] {
            // A socket of Windows may be any number.
            if kind == Ev::READ && cfg!(windows) {
                continue;
            }
            let e = Event::new(b, fd as _, kind, |_, _| {});
            assert!(e.get().add(None).is_err());
        }
    }
    let e2 = Event::new(b, -1, Ev::SIGNAL, |_, _| {});
    assert!(e2.get().add(None).is_err());
    let nobody = Event::new(b, -1, Ev::READ, |_, _| {});
    assert!(nobody.get().add(None).is_ok());
    assert_eq!(b.num_events(CountOf::ADDED), 1);
    drop((e, e2, nobody));
    assert!(b.is_consistent());
    unsafe { b.free(true) };
}

#[test]
fn a_loop_in_a_loop_is_refused() {
    let b = base();
    let ev = Event::new(b, -1, Ev::empty(), move |_, _| {
        assert!(b.run(Evloop::NONBLOCK).is_err());
        log(1);
    });
    ev.get().active(Ev::READ);
    b.run(Evloop::empty()).unwrap();
    assert_eq!(logged(), [1]);
    drop(ev);
    unsafe { b.free(true) };
}

#[cfg(unix)]
#[test]
fn a_forked_child_starts_anew() {
    let b = base();
    let (x, y) = UnixStream::pair().unwrap();
    let ev = Event::new(b, x.as_raw_fd(), Ev::READ | Ev::PERSIST, move |_, _| {
        log(1);
        b.loopbreak();
    });
    let sig = Event::new(b, libc::SIGWINCH, Ev::SIGNAL | Ev::PERSIST, move |_, _| {
        log(2);
        b.loopbreak();
    });
    ev.get().add(None).unwrap();
    sig.get().add(None).unwrap();
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let ok = b.reinit().is_ok() && b.is_consistent();
        unsafe { libc::raise(libc::SIGWINCH) };
        let _ = b.run(Evloop::empty());
        let _ = unsafe { libc::write(y.as_raw_fd(), b"x".as_ptr().cast(), 1) };
        let _ = b.run(Evloop::empty());
        unsafe { libc::_exit(if ok && logged() == [2, 1] { 0 } else { 1 }) };
    }
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status, 0);
    b.run(Evloop::ONCE).unwrap();
    assert_eq!(logged(), [1]);
    drop((ev, sig));
    unsafe { b.free(true) };
}
