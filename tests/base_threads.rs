//! A base used from several threads: wake-ups, deletions that wait, freeing while others wake.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod base_common;
mod net;
mod thread_common;
use base_common::*;
use net::libc;
use oxievent::abi::event::{BaseFlag, Ev, Evloop};
use oxievent::base::{BaseRef, Config, CountOf, Del, Ended, EventRef};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// A handle that may be sent to another thread.
#[derive(Clone, Copy)]
struct Shared<T>(T);
// SAFETY: bases with locks may be used from every thread; the tests keep them alive.
unsafe impl<T> Send for Shared<T> {}
impl<T: Copy> Shared<T> {
    fn get(&self) -> T {
        self.0
    }
}
/// One base for each backend that there is.
fn bases() -> Vec<BaseRef> {
    thread_common::set_up();
    let mut all = Vec::new();
    for info in oxievent::backend::LIST {
        let mut c = Config::new();
        c.flags |= BaseFlag::IGNORE_ENV;
        for other in oxievent::backend::LIST.iter().filter(|o| o.name != info.name) {
            c.avoid_method(other.name).unwrap();
        }
        all.push(BaseRef::new(&c).unwrap());
    }
    let mut c = Config::new();
    c.flags |= BaseFlag::EPOLL_USE_CHANGELIST;
    all.push(BaseRef::new(&c).unwrap());
    all
}
fn after<R: Send + 'static>(ms: u64, f: impl FnOnce() -> R + Send + 'static) -> std::thread::JoinHandle<R> {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(ms));
        f()
    })
}
fn far() -> libc::timeval {
    ms(10_000)
}
fn soon(t: Instant) {
    assert!(t.elapsed() < Duration::from_secs(3), "the loop slept for {:?}", t.elapsed());
}

#[test]
fn other_threads_wake_the_loop() {
    for b in bases() {
        let sb = Shared(b);
        let keep = Event::new(b, -1, Ev::empty(), |_, _| {});
        keep.get().add(Some(&far())).unwrap();
        let ev = Event::new(b, -1, Ev::empty(), move |_, _| b.loopbreak());
        let se = Shared(ev.get());
        let t = Instant::now();
        // An activation.
        let h = after(20, move || se.get().active(Ev::READ));
        b.run(Evloop::empty()).unwrap();
        h.join().unwrap();
        // An earlier timer.
        let h = after(20, move || se.get().add(Some(&ms(5))).unwrap());
        b.run(Evloop::empty()).unwrap();
        h.join().unwrap();
        // A break, an exit, once.
        let h = after(20, move || sb.get().loopbreak());
        b.run(Evloop::empty()).unwrap();
        assert!(b.got_break());
        h.join().unwrap();
        let h = after(20, move || sb.get().loopexit(None).unwrap());
        b.run(Evloop::empty()).unwrap();
        assert!(b.got_exit());
        h.join().unwrap();
        // New descriptors.
        let (x, y) = net::UnixStream::pair().unwrap();
        send(&y);
        let io =
            Event::new(b, net::AsRawFd::as_raw_fd(&x), Ev::READ | Ev::PERSIST, move |_, _| b.loopbreak());
        let si = Shared(io.get());
        let h = after(20, move || si.get().add(None).unwrap());
        b.run(Evloop::empty()).unwrap();
        h.join().unwrap();
        soon(t);
        drop((io, ev, keep));
        // SAFETY: nothing uses it any more.
        unsafe { b.free(true) };
    }
}

#[test]
fn deleting_the_last_event_ends_the_loop() {
    for b in bases() {
        let (x, _y) = net::UnixStream::pair().unwrap();
        for io in [false, true] {
            let fd = if io { net::AsRawFd::as_raw_fd(&x) } else { -1 };
            let ev = Event::new(b, fd, if io { Ev::READ } else { Ev::PERSIST }, |_, _| {});
            let tv = ms(10_000);
            ev.get().add(if io { None } else { Some(&tv) }).unwrap();
            let se = Shared(ev.get());
            let t = Instant::now();
            let h = after(30, move || se.get().del().unwrap());
            assert_eq!(b.run(Evloop::empty()), Ok(Ended::Empty));
            h.join().unwrap();
            soon(t);
        }
        b.add_virtual();
        let sb = Shared(b);
        let h = after(30, move || sb.get().del_virtual());
        assert_eq!(b.run(Evloop::empty()), Ok(Ended::Empty));
        h.join().unwrap();
        // SAFETY: nothing uses it any more.
        unsafe { b.free(true) };
    }
}

#[test]
fn deleting_waits_for_the_callback() {
    static INSIDE: AtomicBool = AtomicBool::new(false);
    let b = bases().remove(0);
    for (events, how, waits) in [
        (Ev::PERSIST, Del::Auto, true),
        (Ev::PERSIST | Ev::FINALIZE, Del::Auto, false),
        (Ev::PERSIST | Ev::FINALIZE, Del::Block, true),
        (Ev::PERSIST, Del::NoBlock, false),
        (Ev::SIGNAL | Ev::PERSIST, Del::Auto, true),
    ] {
        let fd = if events.contains(Ev::SIGNAL) { libc::SIGURG as net::evutil_socket_t } else { -1 };
        let ev = Event::new(b, fd, events, |_, _| {
            INSIDE.store(true, SeqCst);
            std::thread::sleep(Duration::from_millis(60));
            INSIDE.store(false, SeqCst);
        });
        ev.get().active_with(Ev::READ, 1);
        let se = Shared(ev.get());
        let h = std::thread::spawn(move || {
            while !INSIDE.load(SeqCst) {
                std::thread::yield_now();
            }
            se.get().del_as(how).unwrap();
            INSIDE.load(SeqCst)
        });
        b.run(Evloop::ONCE).unwrap();
        assert_eq!(h.join().unwrap(), !waits, "{events:?} {how:?}");
    }
    // SAFETY: nothing uses it any more.
    unsafe { b.free(true) };
}

#[test]
fn a_storm_of_everything() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    let b = {
        thread_common::set_up();
        base()
    };
    let evs: Vec<_> = (0..32)
        .map(|_| {
            Event::new(b, -1, Ev::PERSIST, |_, _| {
                RUNS.fetch_add(1, SeqCst);
            })
        })
        .collect();
    let raw: Vec<_> = evs.iter().map(|e| Shared(e.get())).collect();
    let workers: Vec<_> = (0..4u64)
        .map(|n| {
            let raw: Vec<Shared<EventRef>> = raw.clone();
            let sb = Shared(b);
            std::thread::spawn(move || {
                let mut s = n + 1;
                for _ in 0..4000 {
                    s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    let e = raw[(s >> 33) as usize % raw.len()].get();
                    match (s >> 45) % 6 {
                        0 => e.add(Some(&ms((s >> 50) as i64 % 5))).unwrap(),
                        1 => e.del().unwrap(),
                        2 => e.active(Ev::READ),
                        3 => drop(e.pending(Ev::all())),
                        4 => e.remove_timer().unwrap(),
                        _ => {
                            sb.get().once(-1, Ev::TIMEOUT, None, std::ptr::null_mut(), Some(&ms(1))).unwrap()
                        }
                    }
                }
            })
        })
        .collect();
    let sb = Shared(b);
    let closer = std::thread::spawn(move || {
        workers.into_iter().for_each(|w| w.join().unwrap());
        sb.get().loopexit(Some(&ms(10))).unwrap();
    });
    b.run(Evloop::NO_EXIT_ON_EMPTY).unwrap();
    closer.join().unwrap();
    assert!(RUNS.load(SeqCst) > 0);
    assert!(b.is_consistent());
    drop(evs);
    let _ = b.run(Evloop::NONBLOCK);
    assert!(b.num_events(CountOf::ADDED) >= 0);
    // SAFETY: nothing uses it any more.
    unsafe { b.free(true) };
}

#[test]
fn no_wake_up_is_lost() {
    // Each side wakes the other in turn: one lost wake-up, and the test hangs until its timer.
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    for (x, y) in bases().into_iter().zip(bases()) {
        COUNT.store(0, SeqCst);
        let hops = if cfg!(windows) { 200 } else { 2000 };
        let (ex, ey) = (Event::new(x, -1, Ev::empty(), |_, _| {}), Event::new(y, -1, Ev::empty(), |_, _| {}));
        let (rx, ry) = (ex.get(), ey.get());
        ex.set(move |_, _| {
            if COUNT.fetch_add(1, SeqCst) >= hops {
                x.loopbreak();
            }
            ry.active(Ev::READ);
        });
        ey.set(move |_, _| {
            if COUNT.fetch_add(1, SeqCst) >= hops {
                y.loopbreak();
            }
            rx.active(Ev::READ);
        });
        let t = Instant::now();
        rx.active(Ev::READ);
        let sy = Shared(y);
        let h = std::thread::spawn(move || sy.get().run(Evloop::NO_EXIT_ON_EMPTY).unwrap());
        x.run(Evloop::NO_EXIT_ON_EMPTY).unwrap();
        h.join().unwrap();
        soon(t);
        drop((ex, ey));
        // SAFETY: nothing uses them any more.
        unsafe {
            x.free(true);
            y.free(true);
        }
    }
}

#[test]
fn a_waker_may_outlive_the_base() {
    // The woken loop ends and its base is freed, while the waking thread may still be in its call.
    thread_common::set_up();
    for _ in 0..300 {
        let b = base();
        let ev = Event::new(b, -1, Ev::FINALIZE, move |_, _| b.loopbreak());
        let se = Shared(ev.get());
        let h = std::thread::spawn(move || se.get().active(Ev::READ));
        b.run(Evloop::NO_EXIT_ON_EMPTY).unwrap();
        drop(ev);
        // SAFETY: the other thread has only its reference to the waker left.
        unsafe { b.free(true) };
        h.join().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_child_of_fork_has_no_loop_of_another_thread() {
    thread_common::set_up();
    let b = base();
    let sb = Shared(b);
    let h = std::thread::spawn(move || sb.get().run(Evloop::NO_EXIT_ON_EMPTY).unwrap());
    std::thread::sleep(Duration::from_millis(50));
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let ok = b.reinit().is_ok() && b.run(Evloop::NONBLOCK | Evloop::NO_EXIT_ON_EMPTY).is_ok();
        unsafe { libc::_exit(if ok { 0 } else { 1 }) };
    }
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert_eq!(status, 0);
    // The parent's loop has not noticed.
    b.loopbreak();
    h.join().unwrap();
    unsafe { b.free(true) };
}
