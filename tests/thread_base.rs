//! A base shared by threads, with lock debugging on.
#![allow(clippy::disallowed_types, reason = "tests may use std")]
mod base_common;
mod net;
mod thread_common;
use base_common::*;
use oxievent::abi::event::{Ev, Evloop};
use oxievent::base::{BaseRef, CountOf, Ended};
use oxievent::thread;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};
use thread_common::*;

/// To hand a base or an event to another thread.
#[derive(Clone, Copy)]
struct Shared<T>(T);
// SAFETY: the tests use locks.
unsafe impl<T> Send for Shared<T> {}
impl<T: Copy> Shared<T> {
    fn get(&self) -> T {
        self.0
    }
}

fn locked_base() -> BaseRef {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        thread::set_lock_callbacks(Some(&LOCKS)).unwrap();
        thread::set_condition_callbacks(Some(&CONDS)).unwrap();
        thread::set_id_callback(Some(id));
        thread::enable_debugging();
    });
    base()
}

#[test]
fn a_callback_under_the_lock_may_ask_and_others_wait() {
    let b = locked_base();
    let evs: Vec<_> = (0..3).map(|_| Event::new(b, -1, Ev::empty(), |_, _| {})).collect();
    evs.iter().for_each(|e| e.get().add(Some(&ms(60_000))).unwrap());
    let other = Shared(b);
    let mut seen = 0u32;
    let mut asker = None;
    let mut last = Instant::now();
    let end = b.for_each_event(|ev| {
        if asker.is_none() {
            asker =
                Some(std::thread::spawn(move || (other.get().num_events(CountOf::ADDED), Instant::now())));
            std::thread::sleep(Duration::from_millis(30));
        }
        // The base's own event for waking the loop is met too.
        seen += u32::from(ev.pending(Ev::TIMEOUT) == Ev::TIMEOUT);
        assert_eq!(b.num_events(CountOf::ADDED), 3);
        let r = b.for_each_event(|_| ControlFlow::Break(7)).unwrap();
        assert_eq!(r, ControlFlow::Break(7));
        last = Instant::now();
        ControlFlow::<()>::Continue(())
    });
    assert_eq!(end, Ok(ControlFlow::Continue(())));
    assert_eq!(seen, 3);
    let (count, when) = asker.unwrap().join().unwrap();
    assert_eq!(count, 3);
    assert!(when >= last, "the other thread got in amid the walk");
    drop(evs);
    // SAFETY: nothing uses it any more.
    unsafe { b.free(true) };
}

#[test]
fn adding_and_deleting_from_another_thread_wakes_the_loop() {
    let b = locked_base();
    let keep = Event::new(b, -1, Ev::empty(), |_, _| {});
    keep.get().add(Some(&ms(20_000))).unwrap();
    let fired = Event::new(b, -1, Ev::empty(), |_, _| log(1));
    let (ev, far) = (Shared(fired.get()), Shared(keep.get()));
    let t = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        ev.get().add(Some(&ms(10))).unwrap();
        std::thread::sleep(Duration::from_millis(30));
        // The last event goes: the loop must notice now, not in 20 seconds.
        far.get().del().unwrap();
    });
    let start = Instant::now();
    assert_eq!(b.run(Evloop::empty()), Ok(Ended::Empty));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(logged(), [1]);
    t.join().unwrap();
    drop((keep, fired));
    // SAFETY: nothing uses it any more.
    unsafe { b.free(true) };
}

#[test]
fn deleting_waits_for_the_running_callback() {
    let b = locked_base();
    let state = Arc::new(AtomicU32::new(0));
    let inner = state.clone();
    let ev = Event::new(b, -1, Ev::empty(), move |_, _| {
        inner.store(1, SeqCst);
        std::thread::sleep(Duration::from_millis(60));
        inner.store(2, SeqCst);
    });
    ev.get().add(Some(&ms(1))).unwrap();
    let (e, seen) = (Shared(ev.get()), state.clone());
    let t = std::thread::spawn(move || {
        while seen.load(SeqCst) == 0 {
            std::thread::yield_now();
        }
        e.get().del_noblock().unwrap();
        let early = seen.load(SeqCst);
        e.get().del().unwrap();
        (early, seen.load(SeqCst))
    });
    b.run(Evloop::empty()).unwrap();
    assert_eq!(t.join().unwrap(), (1, 2));
    drop(ev);
    // SAFETY: nothing uses it any more.
    unsafe { b.free(true) };
}

#[test]
fn many_threads_activate_one_event() {
    let b = locked_base();
    b.make_notifiable().unwrap();
    let count = Arc::new(AtomicU32::new(0));
    let inner = count.clone();
    let ev = Event::new(b, -1, Ev::PERSIST, move |_, _| {
        inner.fetch_add(1, SeqCst);
    });
    let keep = Event::new(b, -1, Ev::empty(), |_, _| {});
    keep.get().add(Some(&ms(20_000))).unwrap();
    let (e, far) = (Shared(ev.get()), Shared(keep.get()));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                for _ in 0..500 {
                    e.get().active(Ev::WRITE);
                }
            })
        })
        .collect();
    let last = std::thread::spawn(move || {
        threads.into_iter().for_each(|t| t.join().unwrap());
        far.get().del().unwrap();
    });
    assert_eq!(b.run(Evloop::empty()), Ok(Ended::Empty));
    last.join().unwrap();
    assert!(b.is_consistent());
    let n = count.load(SeqCst);
    assert!((1..=2000).contains(&n), "{n}");
    drop((ev, keep));
    // SAFETY: nothing uses it any more.
    unsafe { b.free(true) };
}
