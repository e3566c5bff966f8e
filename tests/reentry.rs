//! Every kind of callback of a base does everything to its own event, and to another that is active too: free,
//! delete, add, add again, break, exit, nest. The base must stay sound, and the right callbacks must run.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod base_common;
mod net;
use base_common::*;
use net::AsRawFd;
use net::UnixStream;
use net::{evutil_socket_t, libc};
use oxievent::abi::event::{Ev, Evloop, event, event_callback};
use oxievent::base::{BaseRef, CallbackRef, CountOf, Ended, EventRef};
use std::cell::Cell;
use std::ffi::{c_short, c_void};
use std::ptr::null_mut;
use std::rc::Rc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Io,
    IoPersist,
    IoTimeout,
    Timer,
    TimerPersist,
    Common,
    Signal,
    SignalOnce,
    Active,
    Once,
    Deferred,
    Output,
    Finalizer,
}
const KINDS: [Kind; 13] = [
    Kind::Io,
    Kind::IoPersist,
    Kind::IoTimeout,
    Kind::Timer,
    Kind::TimerPersist,
    Kind::Common,
    Kind::Signal,
    Kind::SignalOnce,
    Kind::Active,
    Kind::Once,
    Kind::Deferred,
    Kind::Output,
    Kind::Finalizer,
];
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    Free,
    Delete,
    Add,
    Readd,
    Activate,
    Finalize,
    Break,
    Exit,
    Nest,
    FreeOther,
    DeleteOther,
    ActivateOther,
    Priority,
    Walk,
}
const ACTIONS: [Action; 14] = [
    Action::Free,
    Action::Delete,
    Action::Add,
    Action::Readd,
    Action::Activate,
    Action::Finalize,
    Action::Break,
    Action::Exit,
    Action::Nest,
    Action::FreeOther,
    Action::DeleteOther,
    Action::ActivateOther,
    Action::Priority,
    Action::Walk,
];

/// One case under way.
struct Case {
    base: BaseRef,
    kind: Kind,
    action: Action,
    /// The event whose callback acts; null for callbacks without an event, and once freed.
    me: Cell<*mut event>,
    /// Another event, active in the same turn, less urgent.
    other: Cell<*mut event>,
    calls: Cell<u32>,
    other_calls: Cell<u32>,
    cb: CallbackRef,
    finalized: Cell<u32>,
}

fn new_event() -> *mut event {
    // Poisoned when freed: a late access shows.
    let p = oxievent::mem::malloc(size_of::<event>()).cast::<event>();
    assert!(!p.is_null());
    p
}
fn free_event(p: *mut event) {
    // SAFETY: made by `new_event`, used no more.
    unsafe {
        std::ptr::write_bytes(p.cast::<u8>(), 0x5a, size_of::<event>());
        oxievent::mem::free(p.cast());
    }
}
fn get(p: *mut event) -> Option<EventRef> {
    // SAFETY: null or alive.
    unsafe { EventRef::from_raw(p) }
}
fn drop_event(cell: &Cell<*mut event>) {
    let p = cell.replace(null_mut());
    if let Some(e) = get(p) {
        e.del().unwrap();
        free_event(p);
    }
}
unsafe extern "C" fn finalized(_ev: *mut event, arg: *mut c_void) {
    // SAFETY: the case outlives its loop.
    let c = unsafe { &*arg.cast::<Case>() };
    c.finalized.set(c.finalized.get() + 1);
}
unsafe extern "C" fn on_event(_fd: oxievent::abi::util::evutil_socket_t, what: c_short, arg: *mut c_void) {
    assert_ne!(what, 0);
    // SAFETY: the case outlives its loop.
    act(unsafe { &*arg.cast::<Case>() });
}
unsafe extern "C" fn on_callback(_cb: *mut event_callback, arg: *mut c_void) {
    // SAFETY: as above.
    act(unsafe { &*arg.cast::<Case>() });
}
unsafe extern "C" fn on_finalize(_ev: *mut event, arg: *mut c_void) {
    // SAFETY: as above.
    act(unsafe { &*arg.cast::<Case>() });
}
unsafe extern "C" fn on_other(_fd: oxievent::abi::util::evutil_socket_t, _what: c_short, arg: *mut c_void) {
    // SAFETY: as above.
    let c = unsafe { &*arg.cast::<Case>() };
    c.other_calls.set(c.other_calls.get() + 1);
}

fn act(c: &Case) {
    c.calls.set(c.calls.get() + 1);
    let b = c.base;
    assert!(b.is_consistent(), "{:?} {:?}", c.kind, c.action);
    if c.calls.get() > 3 {
        // Persistent and re-added ones end here.
        drop_event(&c.me);
        b.loopbreak();
        return;
    }
    let me = get(c.me.get());
    match c.action {
        Action::Free => drop_event(&c.me),
        Action::Delete => {
            if let Some(e) = me {
                e.del().unwrap();
                e.del().unwrap();
            }
            c.cb.cancel(b);
        }
        Action::Add => {
            if let Some(e) = me {
                let _ = e.add(Some(&ms(1)));
            }
        }
        Action::Readd => {
            if let Some(e) = me {
                e.del().unwrap();
                let _ = e.add(Some(&ms(1)));
                let _ = e.add(None);
            }
            match c.kind {
                Kind::Deferred => assert!(c.cb.schedule(b)),
                Kind::Output => assert!(c.cb.schedule_output(b)),
                _ => {}
            }
        }
        Action::Activate => {
            if let Some(e) = me {
                e.active(Ev::READ);
            }
        }
        Action::Finalize => {
            if let Some(e) = me {
                // SAFETY: the case frees it after the loop.
                unsafe { e.finalize(Some(finalized), false).unwrap() };
            }
        }
        Action::Break => b.loopbreak(),
        Action::Exit => b.loopexit(None).unwrap(),
        Action::Nest => assert!(b.run(Evloop::NONBLOCK).is_err()),
        Action::FreeOther => drop_event(&c.other),
        Action::DeleteOther => {
            if let Some(e) = get(c.other.get()) {
                e.del().unwrap();
            }
        }
        Action::ActivateOther => {
            if let Some(e) = get(c.other.get()) {
                e.active(Ev::WRITE);
            }
        }
        Action::Priority => {
            // Refused as long as anything is active.
            let active = b.num_events(CountOf::ACTIVE) > 0;
            assert_eq!(b.set_priorities(7).is_err(), active);
            if let Some(e) = me {
                let _ = e.set_priority(0);
            }
        }
        Action::Walk => {
            let seen = b.for_each_event(|e| {
                let _ = e.pending(Ev::all());
                std::ops::ControlFlow::<()>::Continue(())
            });
            assert!(seen.is_ok());
        }
    }
    assert!(b.is_consistent(), "{:?} {:?}", c.kind, c.action);
}

fn run_case(kind: Kind, action: Action) {
    let b = base();
    b.set_priorities(3).unwrap();
    let (x, y) = UnixStream::pair().unwrap();
    let cb = callback(|| {});
    let c = Rc::new(Case {
        base: b,
        kind,
        action,
        me: Cell::new(null_mut()),
        other: Cell::new(new_event()),
        calls: Cell::new(0),
        other_calls: Cell::new(0),
        cb,
        finalized: Cell::new(0),
    });
    let arg = Rc::as_ptr(&c).cast_mut().cast::<c_void>();
    cb.init(1, Some(on_callback), arg);
    let other = get(c.other.get()).unwrap();
    other.assign(Some(b), -1, Ev::empty(), Some(on_other), arg).unwrap();
    other.set_priority(2).unwrap();
    other.active(Ev::READ);

    let make = |fd, what: Ev| {
        c.me.set(new_event());
        let e = get(c.me.get()).unwrap();
        e.assign(Some(b), fd, what, Some(on_event), arg).unwrap();
        e
    };
    let fd = x.as_raw_fd();
    match kind {
        Kind::Io => {
            send(&y);
            make(fd, Ev::READ).add(None).unwrap();
        }
        Kind::IoPersist => {
            send(&y);
            make(fd, Ev::READ | Ev::WRITE | Ev::PERSIST).add(Some(&ms(1000))).unwrap();
        }
        Kind::IoTimeout => make(fd, Ev::READ | Ev::PERSIST).add(Some(&ms(1))).unwrap(),
        Kind::Timer => make(-1, Ev::empty()).add(Some(&ms(0))).unwrap(),
        Kind::TimerPersist => make(-1, Ev::PERSIST).add(Some(&ms(1))).unwrap(),
        Kind::Common => {
            // SAFETY: lives as long as the base.
            let tv = unsafe { &*b.init_common_timeout(&ms(1)).unwrap() };
            make(-1, Ev::PERSIST).add(Some(tv)).unwrap();
        }
        Kind::Signal => {
            make(libc::SIGUSR1 as evutil_socket_t, Ev::SIGNAL | Ev::PERSIST).add(None).unwrap();
            get(c.me.get()).unwrap().active_with(Ev::SIGNAL, 3);
        }
        Kind::SignalOnce => {
            make(libc::SIGUSR2 as evutil_socket_t, Ev::SIGNAL).add(None).unwrap();
            // SAFETY: handled.
            unsafe { libc::raise(libc::SIGUSR2) };
        }
        Kind::Active => make(-1, Ev::empty()).active(Ev::READ),
        Kind::Once => b.once(-1, Ev::TIMEOUT, Some(on_event), arg, None).unwrap(),
        Kind::Deferred => assert!(cb.schedule(b)),
        Kind::Output => assert!(cb.schedule_output(b)),
        Kind::Finalizer => {
            let e = make(-1, Ev::PERSIST);
            // SAFETY: freed after the loop, or by its finalizer.
            unsafe { e.finalize(Some(on_finalize), false).unwrap() };
        }
    }
    // No turn may hang.
    let guard = Event::new(b, -1, Ev::PERSIST, |_, _| {});
    guard.get().add(Some(&ms(2))).unwrap();
    let mut turns = 0;
    loop {
        let end = b.run(Evloop::ONCE);
        assert!(b.is_consistent(), "{kind:?} {action:?}");
        turns += 1;
        let idle = c.calls.get() > 0 && (turns > 8 || b.got_break() || end == Ok(Ended::Empty));
        if idle || turns > 200 {
            break;
        }
        if c.calls.get() > 0 {
            // One more look at what is left.
            let _ = b.run(Evloop::NONBLOCK);
        }
        if c.calls.get() > 0 && !matches!(action, Action::Add | Action::Readd | Action::Activate) {
            break;
        }
    }
    let n = c.calls.get();
    assert!(n >= 1, "{kind:?} {action:?} never ran");
    if matches!(action, Action::Free | Action::Delete) && kind == Kind::Signal {
        assert_eq!(n, 1, "{kind:?} {action:?}: the series ends with the event");
    }
    if matches!(action, Action::Delete) && !c.me.get().is_null() && kind != Kind::Finalizer {
        assert!(get(c.me.get()).unwrap().pending(Ev::all()).is_empty());
    }
    // Those that act in the first turn, before the less urgent one.
    let late = matches!(kind, Kind::Output | Kind::IoTimeout | Kind::TimerPersist | Kind::Common);
    if matches!(action, Action::FreeOther | Action::DeleteOther) && !late {
        assert_eq!(c.other_calls.get(), 0, "{kind:?} {action:?}");
    }
    drop(guard);
    if action == Action::Finalize && kind != Kind::Finalizer && !c.me.get().is_null() {
        let _ = b.run(Evloop::NONBLOCK);
        let _ = b.run(Evloop::NONBLOCK);
        assert_eq!(c.finalized.get(), 1, "{kind:?}");
        free_event(c.me.replace(null_mut()));
    }
    drop_event(&c.me);
    drop_event(&c.other);
    cb.cancel(b);
    assert_eq!(b.num_events(CountOf::ACTIVE | CountOf::ADDED), 0, "{kind:?} {action:?}");
    assert!(b.is_consistent());
    // SAFETY: nothing uses it any more.
    unsafe { b.free(true) };
}

#[test]
fn every_callback_may_do_everything() {
    for kind in KINDS {
        for action in ACTIONS {
            run_case(kind, action);
        }
    }
}
