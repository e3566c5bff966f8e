//! What callbacks do to descriptors while the loop runs, on every backend and in every mode.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
#![allow(clippy::unnecessary_cast, reason = "descriptors are wider on some systems")]
mod base_common;
mod net;
use base_common::*;
use net::{evutil_socket_t, libc};
#[cfg(unix)]
use oxievent::abi::event::Feature;
use oxievent::abi::event::{BaseFlag, Ev, Evloop};
use oxievent::base::{BaseRef, Config, EventRef};
use std::cell::{Cell, RefCell};
#[cfg(unix)]
use std::ffi::c_int;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Runs `test` on a base of every kind. One test at a time: they close descriptors and use their numbers again.
fn on_all(test: impl Fn(BaseRef)) {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    let modes = [
        ("epoll", BaseFlag::empty()),
        ("epoll", BaseFlag::EPOLL_USE_CHANGELIST),
        ("epoll", BaseFlag::PRECISE_TIMER),
        ("poll", BaseFlag::empty()),
        ("select", BaseFlag::empty()),
        ("evport", BaseFlag::empty()),
        ("devpoll", BaseFlag::empty()),
        ("kqueue", BaseFlag::empty()),
        ("win32", BaseFlag::empty()),
    ];
    for (name, flags) in modes {
        if !oxievent::backend::LIST.iter().any(|i| i.name.to_str() == Ok(name)) {
            continue;
        }
        let mut config = Config::new();
        config.flags = flags | BaseFlag::IGNORE_ENV;
        for info in oxievent::backend::LIST {
            if info.name.to_str() != Ok(name) {
                config.avoid_method(info.name).unwrap();
            }
        }
        eprintln!("{name} {flags:?}");
        let b = BaseRef::new(&config).unwrap();
        test(b);
        assert!(b.is_consistent());
        unsafe { b.free(true) };
    }
}
fn pipe() -> (evutil_socket_t, evutil_socket_t) {
    let mut p = [0; 2];
    assert_eq!(unsafe { libc::pipe2(p.as_mut_ptr(), libc::O_NONBLOCK) }, 0);
    (p[0], p[1])
}
fn put(fd: evutil_socket_t) {
    assert_eq!(unsafe { libc::write(fd, b"x".as_ptr().cast(), 1) }, 1);
}
fn take(fd: evutil_socket_t) -> bool {
    let mut b = [0u8; 1];
    unsafe { libc::read(fd, b.as_mut_ptr().cast(), 1) == 1 }
}
fn close(fd: evutil_socket_t) {
    assert_eq!(unsafe { libc::close(fd) }, 0);
}
fn close_both((r, w): (evutil_socket_t, evutil_socket_t)) {
    close(r);
    close(w);
}
/// One look; how many callbacks have logged.
fn look(b: BaseRef) -> Vec<i32> {
    b.run(Evloop::ONCE | Evloop::NONBLOCK).unwrap();
    logged()
}

#[test]
fn a_oneshot_event_added_again_by_its_callback() {
    on_all(|b| {
        let p = pipe();
        let me: Rc<Cell<Option<EventRef>>> = Rc::default();
        let again = me.clone();
        let ev = Event::new(b, p.0, Ev::READ, move |fd, _| {
            log(1);
            if take(fd) {
                again.get().unwrap().add(None).unwrap();
            }
        });
        me.set(Some(ev.get()));
        ev.get().add(None).unwrap();
        for _ in 0..5 {
            put(p.1);
            assert_eq!(look(b), [1]);
            assert_eq!(look(b), []);
        }
        // Not added again: silence, though there is something to read.
        ev.set(|_, _| log(2));
        put(p.1);
        assert_eq!(look(b), [2]);
        put(p.1);
        assert_eq!(look(b), []);
        ev.get().add(None).unwrap();
        assert_eq!(look(b), [2]);
        drop(ev);
        close_both(p);
    });
}

#[test]
fn a_oneshot_edge_triggered_event_sees_what_is_left() {
    on_all(|b| {
        let p = pipe();
        let me: Rc<Cell<Option<EventRef>>> = Rc::default();
        let again = me.clone();
        let ev = Event::new(b, p.0, Ev::READ | Ev::ET, move |fd, _| {
            log(1);
            take(fd);
            again.get().unwrap().add(None).unwrap();
        });
        me.set(Some(ev.get()));
        ev.get().add(None).unwrap();
        put(p.1);
        put(p.1);
        assert_eq!(look(b), [1]);
        assert_eq!(look(b), [1], "added again while something is left");
        assert_eq!(look(b), []);
        drop(ev);
        close_both(p);
    });
}

#[cfg(unix)]
#[test]
fn the_callback_closes_and_another_file_gets_the_number() {
    for persist in [Ev::empty(), Ev::PERSIST] {
        on_all(|b| {
            let (old, new) = (pipe(), pipe());
            let me: Rc<Cell<Option<EventRef>>> = Rc::default();
            let it = me.clone();
            let ev = Event::new(b, old.0, Ev::READ | persist, move |fd, _| {
                log(1);
                let ev = it.get().unwrap();
                if persist != Ev::empty() {
                    ev.del().unwrap();
                }
                close(fd);
                assert_eq!(unsafe { libc::dup2(new.0, fd) }, fd);
                // A different owner of the number.
                let next = Event::new(b, fd, Ev::READ | Ev::PERSIST, |fd, _| {
                    log(2);
                    take(fd);
                });
                next.get().add(None).unwrap();
                std::mem::forget(next);
            });
            me.set(Some(ev.get()));
            ev.get().add(None).unwrap();
            put(old.1);
            assert_eq!(look(b), [1]);
            assert_eq!(look(b), []);
            put(new.1);
            assert_eq!(look(b), [2]);
            assert_eq!(look(b), []);
            close_both(new);
            close_both(old);
        });
    }
}

#[cfg(unix)]
#[test]
fn an_assigned_event_forgets_the_old_file() {
    on_all(|b| {
        let (old, new) = (pipe(), pipe());
        let me: Rc<Cell<Option<EventRef>>> = Rc::default();
        let it = me.clone();
        let ev = Event::new(b, old.0, Ev::READ, move |fd, _| {
            log(1);
            let ev = it.get().unwrap();
            if fd == old.0 && take(fd) {
                // The descriptor becomes another file, the event is set up anew on the same number.
                assert_eq!(unsafe { libc::dup2(new.0, fd) }, fd);
                let (cb, arg) = unsafe {
                    let e = &*ev.as_ptr();
                    (e.ev_evcallback.evcb_cb_union.evcb_callback, e.ev_evcallback.evcb_arg)
                };
                ev.assign(Some(b), fd, Ev::READ, cb, arg).unwrap();
                ev.add(None).unwrap();
            }
        });
        me.set(Some(ev.get()));
        ev.get().add(None).unwrap();
        put(old.1);
        assert_eq!(look(b), [1]);
        put(new.1);
        assert_eq!(look(b), [1]);
        drop(ev);
        close_both(old);
        close_both(new);
    });
}

#[test]
fn closed_before_it_is_deleted() {
    on_all(|b| {
        let p = pipe();
        let ev = Event::new(b, p.0, Ev::READ | Ev::PERSIST, |_, _| log(1));
        ev.get().add(None).unwrap();
        look(b);
        close(p.0);
        ev.get().del().unwrap();
        assert_eq!(look(b), []);
        let mut others = Vec::new();
        let q = loop {
            let q = pipe();
            if q.0 == p.0 || others.len() == 50 {
                break q;
            }
            others.push(q);
        };
        // Windows numbers all sorts of things in one row, and another thread may have been quicker.
        assert!(q.0 == p.0 || cfg!(windows), "the number is used again");
        let other = Event::new(b, q.0, Ev::READ | Ev::PERSIST, |fd, _| {
            log(2);
            take(fd);
        });
        other.get().add(None).unwrap();
        put(q.1);
        assert_eq!(look(b), [2]);
        drop((ev, other));
        close(p.1);
        close_both(q);
        others.into_iter().for_each(close_both);
    });
}

#[test]
fn a_callback_deletes_another_event_that_is_active() {
    on_all(|b| {
        let (p, q) = (pipe(), pipe());
        let evs: Rc<RefCell<Vec<EventRef>>> = Rc::default();
        let make = |fd| {
            let evs = evs.clone();
            Event::new(b, fd, Ev::READ | Ev::PERSIST, move |_, _| {
                log(1);
                // Whoever comes first deletes both.
                evs.borrow().iter().for_each(|e| e.del().unwrap());
            })
        };
        let both = [make(p.0), make(q.0), make(p.0)];
        for e in &both {
            evs.borrow_mut().push(e.get());
            e.get().add(None).unwrap();
        }
        put(p.1);
        put(q.1);
        assert_eq!(look(b), [1]);
        assert_eq!(look(b), []);
        drop(both);
        close_both(p);
        close_both(q);
    });
}

#[test]
fn a_timeout_ends_a_oneshot_event_and_it_can_be_added_again() {
    on_all(|b| {
        let p = pipe();
        let ev = Event::new(b, p.0, Ev::READ, |fd, what| {
            log(i32::from(what.bits()));
            take(fd);
        });
        ev.get().add(Some(&ms(5))).unwrap();
        let start = Instant::now();
        b.run(Evloop::empty()).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(3) && start.elapsed() < Duration::from_secs(2));
        assert_eq!(logged(), [Ev::TIMEOUT.bits().into()]);
        put(p.1);
        assert_eq!(look(b), []);
        ev.get().add(None).unwrap();
        assert_eq!(look(b), [Ev::READ.bits().into()]);
        // Made active by hand: deleted before the callback as well.
        ev.get().add(None).unwrap();
        ev.get().active(Ev::WRITE);
        assert_eq!(look(b), [Ev::WRITE.bits().into()]);
        put(p.1);
        assert_eq!(look(b), []);
        drop(ev);
        close_both(p);
    });
}

#[test]
fn the_end_of_a_stream_reaches_readers_and_writers() {
    on_all(|b| {
        let (p, q) = (pipe(), pipe());
        let r = Event::new(b, p.0, Ev::READ, |_, what| log(i32::from(what.bits())));
        let w = Event::new(b, q.1, Ev::WRITE, |_, what| log(i32::from(what.bits())));
        r.get().add(None).unwrap();
        assert_eq!(look(b), []);
        close(p.1);
        assert_eq!(look(b), [Ev::READ.bits().into()]);
        while unsafe { libc::write(q.1, [0u8; 4096].as_ptr().cast(), 4096) } > 0 {}
        w.get().add(None).unwrap();
        assert_eq!(look(b), []);
        close(q.0);
        assert_eq!(look(b), [Ev::WRITE.bits().into()]);
        drop((r, w));
        close(p.0);
        close(q.1);
    });
}

#[test]
fn one_more_event_on_a_descriptor_that_has_just_fired() {
    on_all(|b| {
        let p = pipe();
        let second = Event::new(b, p.0, Ev::READ, |fd, _| {
            log(2);
            take(fd);
        });
        let ev = second.get();
        let first = Event::new(b, p.0, Ev::READ, move |_, _| {
            log(1);
            ev.add(None).unwrap();
        });
        first.get().add(None).unwrap();
        put(p.1);
        assert_eq!(look(b), [1]);
        assert_eq!(look(b), [2]);
        assert_eq!(look(b), []);
        drop((first, second));
        close_both(p);
    });
}

#[test]
fn many_descriptors_all_at_once() {
    on_all(|b| {
        let pipes: Vec<_> = (0..100).map(|_| pipe()).collect();
        let evs: Vec<_> = pipes
            .iter()
            .map(|p| {
                Event::new(b, p.0, Ev::READ | Ev::PERSIST, |fd, _| {
                    log(fd as i32);
                    take(fd);
                })
            })
            .collect();
        for e in &evs {
            e.get().add(None).unwrap();
        }
        for p in &pipes {
            put(p.1);
        }
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.extend(look(b));
        }
        seen.sort_unstable();
        let mut all: Vec<_> = pipes.iter().map(|p| p.0 as i32).collect();
        all.sort_unstable();
        assert_eq!(seen, all);
        drop(evs);
        pipes.into_iter().for_each(close_both);
    });
}

#[test]
fn signals_arrive_once_each_under_fire() {
    on_all(|b| {
        let n = Rc::new(Cell::new(0u32));
        let counted = n.clone();
        let ev =
            Event::new(b, libc::SIGPROF as evutil_socket_t, Ev::SIGNAL | Ev::PERSIST, move |signal, what| {
                assert_eq!((signal, what), (libc::SIGPROF as evutil_socket_t, Ev::SIGNAL));
                counted.set(counted.get() + 1);
            });
        ev.get().add(None).unwrap();
        static SENT: AtomicUsize = AtomicUsize::new(0);
        SENT.store(0, Ordering::SeqCst);
        let t = std::thread::spawn(|| {
            for _ in 0..500 {
                // Handled on the thread that raises it, while the other one runs the loop.
                unsafe { libc::raise(libc::SIGPROF) };
                SENT.fetch_add(1, Ordering::SeqCst);
            }
        });
        // So that a signal that gets lost fails the test and does not stop it.
        let tick = Event::new(b, -1, Ev::PERSIST, |_, _| {});
        tick.get().add(Some(&ms(1000))).unwrap();
        let start = Instant::now();
        while n.get() < 500 && start.elapsed() < Duration::from_secs(10) {
            b.run(Evloop::ONCE).unwrap();
        }
        t.join().unwrap();
        assert_eq!((n.get(), SENT.load(Ordering::SeqCst)), (500, 500));
        drop((ev, tick));
    });
}

#[cfg(unix)]
#[test]
fn a_child_that_reinits_watches_what_its_parent_watched() {
    on_all(|b| {
        let (p, q) = (pipe(), pipe());
        let evs = [(p.0, Ev::READ | Ev::PERSIST), (q.0, Ev::READ)].map(|(fd, what)| {
            let ev = Event::new(b, fd, what, |fd, _| {
                log(fd);
                take(fd);
            });
            ev.get().add(None).unwrap();
            ev
        });
        assert_eq!(look(b), []);
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let mut ok = b.reinit().is_ok() && b.is_consistent();
            put(p.1);
            put(q.1);
            let mut seen = look(b);
            seen.sort_unstable();
            ok &= seen == [p.0, q.0];
            put(p.1);
            ok &= look(b) == [p.0];
            ok &= look(b).is_empty();
            unsafe { libc::_exit(ok.into()) };
        }
        let mut status = 0;
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(libc::WEXITSTATUS(status), 1);
        // The child has taken nothing from its parent's backend.
        put(p.1);
        put(q.1);
        let mut seen = look(b);
        seen.sort_unstable();
        assert_eq!(seen, [p.0, q.0]);
        put(p.1);
        assert_eq!(look(b), [p.0]);
        drop(evs);
        close_both(p);
        close_both(q);
    });
}

#[test]
fn a_base_is_freed_while_events_are_active() {
    on_all(|b| {
        // `b` is freed by `on_all`; these events stay added, active or both.
        let (p, q) = (pipe(), pipe());
        put(p.1);
        put(q.1);
        let evs = [p.0, q.0, p.0].map(|fd| {
            let ev = Event::new(b, fd, Ev::READ | Ev::PERSIST, move |_, _| {
                log(1);
                b.loopbreak();
            });
            ev.get().add(None).unwrap();
            ev
        });
        b.run(Evloop::ONCE).unwrap();
        assert_eq!(logged(), [1]);
        evs[1].get().active(Ev::WRITE);
        std::mem::forget(evs);
        // Closed under the backend as well.
        close_both(p);
        // The other pipe stays open.
    });
}

#[cfg(unix)]
#[test]
fn closed_alone_is_told_of_the_end_only() {
    on_all(|b| {
        if !b.features().contains(Feature::EARLY_CLOSE) {
            return;
        }
        let mut s = [0; 2];
        assert_eq!(unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, s.as_mut_ptr()) }, 0);
        // A backend may have to find out first that a pipe knows no low-water marks.
        for (read, write) in [pipe(), (s[0], s[1])] {
            let ev = Event::new(b, read, Ev::CLOSED | Ev::PERSIST, |_, what| log(i32::from(what.bits())));
            put(write);
            ev.get().add(None).unwrap();
            for _ in 0..3 {
                assert_eq!(look(b), []);
                put(write);
            }
            let start = Instant::now();
            b.loopexit(Some(&ms(30))).unwrap();
            b.run(Evloop::empty()).unwrap();
            assert!(start.elapsed() >= Duration::from_millis(25), "nobody is woken by data");
            assert_eq!(logged(), []);
            close(write);
            for _ in 0..3 {
                assert_eq!(look(b), [Ev::CLOSED.bits().into()], "level triggered");
            }
            if read != s[0] {
                // The end of a pipe is a hang-up for some, which readers are told of as readiness.
                drop(ev);
                close(read);
                continue;
            }
            // Now with READ beside it.
            let r = Event::new(b, read, Ev::READ | Ev::PERSIST, |_, what| log(i32::from(what.bits())));
            r.get().add(None).unwrap();
            let mut both = look(b);
            both.sort_unstable_by_key(|n| n.unsigned_abs());
            assert_eq!(both, [i32::from(Ev::READ.bits()), Ev::CLOSED.bits().into()]);
            drop(ev);
            assert_eq!(look(b), [Ev::READ.bits().into()]);
            drop(r);
            assert_eq!(look(b), []);
            close(read);
        }
    });
}

#[cfg(unix)]
#[test]
fn a_base_is_freed_with_everything_active() {
    on_all(|b| {
        let mut config = Config::new();
        config.flags = BaseFlag::IGNORE_ENV;
        for info in oxievent::backend::LIST {
            if !b.method().to_bytes().starts_with(info.name.to_bytes()) {
                config.avoid_method(info.name).unwrap();
            }
        }
        let own = BaseRef::new(&config).unwrap();
        let (p, q) = (pipe(), pipe());
        put(p.1);
        let evs = [
            Event::new(own, p.0, Ev::READ | Ev::PERSIST, |_, _| log(1)),
            Event::new(own, q.0, Ev::READ, |_, _| log(2)),
            Event::new(own, libc::SIGSYS, Ev::SIGNAL | Ev::PERSIST, |_, _| log(3)),
        ];
        for e in &evs {
            e.get().add(None).unwrap();
        }
        assert_eq!(look(own), [1]);
        // Ready, active, and changed since the last wait.
        unsafe { libc::raise(libc::SIGSYS) };
        evs[1].get().active(Ev::READ);
        let late = Event::new(own, q.1, Ev::WRITE | Ev::PERSIST, |_, _| log(4));
        late.get().add(None).unwrap();
        unsafe { own.free(true) };
        let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
        unsafe { libc::sigaction(libc::SIGSYS, std::ptr::null(), &mut now) };
        assert_eq!(now.sa_sigaction, libc::SIG_DFL, "nobody watches the signal any more");
        assert_eq!(logged(), []);
        std::mem::forget(evs);
        std::mem::forget(late);
        close_both(p);
        close_both(q);
    });
}

#[cfg(unix)]
#[test]
fn a_child_has_its_own_and_keeps_its_descriptors() {
    on_all(|b| {
        let p = pipe();
        let r = Event::new(b, p.0, Ev::READ | Ev::PERSIST, |fd, _| {
            log(1);
            take(fd);
        });
        let signal = Event::new(b, libc::SIGXFSZ, Ev::SIGNAL | Ev::PERSIST, |_, _| log(2));
        r.get().add(None).unwrap();
        signal.get().add(None).unwrap();
        assert_eq!(look(b), []);
        match unsafe { libc::fork() } {
            0 => {
                // On some systems these get the number of the parent's queue, which the child does not have.
                let own: Vec<_> = (0..4).map(|_| pipe()).collect();
                let mut ok = b.reinit().is_ok();
                ok &= own.iter().all(|p| unsafe { libc::fcntl(p.0, libc::F_GETFD) } >= 0);
                put(p.1);
                unsafe { libc::raise(libc::SIGXFSZ) };
                let mut seen = look(b);
                seen.sort_unstable();
                ok &= seen == [1, 2] && b.is_consistent();
                drop((r, signal));
                unsafe { b.free(true) };
                ok &= own.iter().all(|p| unsafe { libc::fcntl(p.0, libc::F_GETFD) } >= 0);
                unsafe { libc::_exit(c_int::from(!ok)) }
            }
            pid => {
                let mut status = -1;
                assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
                assert_eq!(status, 0);
            }
        }
        // What the child wrote came into the one pipe, unless it read it; the parent's own base goes on.
        put(p.1);
        unsafe { libc::raise(libc::SIGXFSZ) };
        let mut seen = look(b);
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
        drop((r, signal));
        close_both(p);
    });
}
