//! Signals as events.
//!
//! A signal belongs to the process, an event to a base. Each base that watches signals has a mailbox: counters
//! that the handler increments, and a descriptor that wakes the base's loop. A table routes each signal number to
//! one mailbox: that of the base which added the signal last, or whose loop started last. When that base stops
//! watching, the signal goes to another base that still does. The action which the first of them found is
//! put back by the last.
//!
//! The handler touches atomics and one descriptor, nothing else. A mailbox is freed after its routes have been
//! cut and no handler is under way.
//!
//! A backend that watches signals itself (kqueue) needs neither mailbox nor descriptor: the handler is only there so that
//! the signal does nothing else, and every base that watches a signal is told of it.
use super::EventRef;
use super::signal_map::SignalMap;
use crate::abi::util::evutil_socket_t;
use crate::backend::Backend;
use crate::mem::{self, Box};
use crate::sys::c;
use crate::sys::signal::{self as os, Action, NSIG};
use crate::sys::{ErrnoGuard, fd};
use crate::{Error, Result, warn_errno, warnx};
use parking_lot::Mutex;
use std::ffi::c_int;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicPtr, AtomicU32, AtomicUsize, Ordering::SeqCst};

const BITS: usize = usize::BITS as usize;
const WORDS: usize = NSIG.div_ceil(BITS);

/// A set of signals that a handler may change.
struct AtomicSet([AtomicUsize; WORDS]);
impl AtomicSet {
    const fn new() -> AtomicSet {
        AtomicSet([const { AtomicUsize::new(0) }; WORDS])
    }
    fn insert(&self, signal: usize) {
        if let Some(w) = self.0.get(signal / BITS) {
            w.fetch_or(1 << (signal % BITS), SeqCst);
        }
    }
    fn remove(&self, signal: usize) {
        if let Some(w) = self.0.get(signal / BITS) {
            w.fetch_and(!(1 << (signal % BITS)), SeqCst);
        }
    }
    fn contains(&self, signal: usize) -> bool {
        self.0.get(signal / BITS).is_some_and(|w| w.load(SeqCst) & (1 << (signal % BITS)) != 0)
    }
    /// Calls `f` with each member; `take` empties the set.
    #[inline]
    fn each(&self, take: bool, mut f: impl FnMut(usize)) {
        for (i, w) in self.0.iter().enumerate() {
            let mut bits = if w.load(SeqCst) == 0 {
                0
            } else if take {
                w.swap(0, SeqCst)
            } else {
                w.load(SeqCst)
            };
            while bits != 0 {
                f(i * BITS + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }
}

/// What the handler knows of a base.
struct Mailbox {
    /// The end that wakes the base's loop.
    wake: AtomicIsize,
    /// A wake-up is on its way.
    woken: AtomicBool,
    /// Signals whose count is not 0.
    pending: AtomicSet,
    counts: [AtomicU32; NSIG],
    /// Signals that the base wants. Changed under the registry's lock.
    watched: AtomicSet,
    /// The next mailbox of the registry, under its lock.
    next: AtomicPtr<Mailbox>,
}

/// Where each signal goes; null: nowhere.
static ROUTES: [AtomicPtr<Mailbox>; NSIG] = [const { AtomicPtr::new(null_mut()) }; NSIG];
/// Handlers under way in this process.
static IN_HANDLER: AtomicUsize = AtomicUsize::new(0);
static REGISTRY: Mutex<Registry> = Mutex::new(Registry { first: null_mut(), old: [const { None }; NSIG] });

/// The action that stood before ours, and how many bases want the signal.
struct Saved {
    action: Action,
    users: usize,
}
struct Registry {
    first: *mut Mailbox,
    old: [Option<Saved>; NSIG],
}
// SAFETY: the pointers are to mailboxes, which live until they have left the registry.
unsafe impl Send for Registry {}

extern "C" fn handler(signal: c_int) {
    let _keep = ErrnoGuard::new();
    IN_HANDLER.fetch_add(1, SeqCst);
    os::rearm(signal, handler);
    let number = signal as usize;
    if let (Some(route), true) = (ROUTES.get(number), signal >= 0) {
        // SAFETY: `leave` waits for us between cutting the route and freeing the mailbox.
        if let Some(mailbox) = unsafe { route.load(SeqCst).as_ref() } {
            mailbox.post(number);
        }
    }
    IN_HANDLER.fetch_sub(1, SeqCst);
}

impl Mailbox {
    fn post(&self, signal: usize) {
        if let Some(n) = self.counts.get(signal) {
            n.fetch_add(1, SeqCst);
            self.pending.insert(signal);
            if !self.woken.swap(true, SeqCst) && !os::wake(self.wake.load(SeqCst) as evutil_socket_t) {
                self.woken.store(false, SeqCst);
            }
        }
    }
    /// Takes what has been posted.
    #[inline]
    fn take(&self, mut f: impl FnMut(usize, u32)) {
        // In this order: a signal that comes after the first line sends a new wake-up, one before it is counted.
        self.woken.store(false, SeqCst);
        self.pending.each(true, |signal| {
            let n = self.counts.get(signal).map_or(0, |n| n.swap(0, SeqCst));
            if n > 0 {
                f(signal, n);
            }
        });
    }
}

impl Registry {
    fn enter(&mut self, m: NonNull<Mailbox>) {
        // SAFETY: alive until `leave`.
        unsafe { m.as_ref() }.next.store(self.first, SeqCst);
        self.first = m.as_ptr();
    }
    fn leave(&mut self, m: NonNull<Mailbox>) {
        // SAFETY: members of the list are alive; we hold the lock.
        unsafe {
            let next = m.as_ref().next.load(SeqCst);
            if self.first == m.as_ptr() {
                self.first = next;
                return;
            }
            let mut at = self.first;
            while let Some(b) = at.as_ref() {
                at = b.next.load(SeqCst);
                if at == m.as_ptr() {
                    b.next.store(next, SeqCst);
                    return;
                }
            }
        }
    }
    /// A base that wants `signal`, or null.
    fn other(&self, signal: usize) -> *mut Mailbox {
        let mut at = self.first;
        // SAFETY: members of the list are alive.
        while let Some(m) = unsafe { at.as_ref() } {
            if m.watched.contains(signal) {
                return at;
            }
            at = m.next.load(SeqCst);
        }
        null_mut()
    }
    /// One more user of the handler.
    fn hold(&mut self, signal: usize) -> Result<()> {
        let saved = self.old.get_mut(signal).ok_or(Error::Invalid)?;
        // SAFETY: `handler` is async-signal-safe and outlives the process's signals.
        let old = unsafe { os::replace(signal as c_int, &os::action_of(handler)) }?;
        match saved {
            None => *saved = Some(Saved { action: old, users: 1 }),
            Some(s) => {
                s.users += 1;
                // The program has put its own handler over ours meanwhile.
                if !os::runs(&old, handler) {
                    s.action = old;
                }
            }
        }
        Ok(())
    }
    /// Undoes `hold`.
    fn release(&mut self, signal: usize) -> Result<()> {
        let slot = self.old.get_mut(signal).ok_or(Error::Invalid)?;
        if let Some(s) = slot {
            s.users -= 1;
            if s.users == 0 {
                // SAFETY: it was the process's action before us.
                let result = unsafe { os::replace(signal as c_int, &s.action) }.map(drop);
                *slot = None;
                return result;
            }
        }
        Ok(())
    }
    /// Routes `signal` to `m`, which did not watch it. Ok(true): another base had it until now.
    fn watch(&mut self, m: NonNull<Mailbox>, signal: usize) -> Result<bool> {
        let route = ROUTES.get(signal).ok_or(Error::Invalid)?;
        // The route first: the signal may come at once.
        let before = route.swap(m.as_ptr(), SeqCst);
        self.hold(signal).inspect_err(|_| route.store(before, SeqCst))?;
        // SAFETY: alive until `leave`.
        unsafe { m.as_ref() }.watched.insert(signal);
        Ok(!before.is_null() && before != m.as_ptr())
    }
    /// Undoes `watch`.
    fn unwatch(&mut self, m: NonNull<Mailbox>, signal: usize) -> Result<()> {
        // SAFETY: alive until `leave`.
        unsafe { m.as_ref() }.watched.remove(signal);
        let other = self.other(signal);
        let route = ROUTES.get(signal).ok_or(Error::Invalid)?;
        let result = self.release(signal);
        if route.load(SeqCst) == m.as_ptr() {
            route.store(other, SeqCst);
        }
        result
    }
}

/// Returns when no handler can still be using a mailbox whose routes have been cut. A child of fork may have
/// inherited the count of a handler that runs in its parent only; it does not wait for that forever.
fn await_handlers() {
    for round in 0..1000 {
        if IN_HANDLER.load(SeqCst) == 0 {
            return;
        }
        if round < 900 {
            os::yield_now();
        } else {
            os::nap();
        }
    }
}

/// The signals of one base. The first field is read by libevent's own tests.
#[repr(C)]
pub(crate) struct Signals {
    /// [read end, write end]; the same number twice where it is an eventfd; -1 where the backend watches signals.
    pub(crate) ev_signal_pair: [evutil_socket_t; 2],
    map: SignalMap,
    mailbox: Option<NonNull<Mailbox>>,
}
// SAFETY: the mailbox is ours alone but for atomics.
unsafe impl Send for Signals {}

fn open_pair() -> Result<[evutil_socket_t; 2]> {
    match fd::eventfd() {
        Ok(f) => Ok([f, f]),
        Err(Error::Os(c::ENOSYS | c::EINVAL)) => fd::pipe().map(|(r, w)| [r, w]),
        Err(e) => Err(e),
    }
}
fn close_pair(pair: [evutil_socket_t; 2]) {
    if pair[0] >= 0 {
        fd::close(pair[0]);
    }
    if pair[1] >= 0 && pair[1] != pair[0] {
        fd::close(pair[1]);
    }
}

impl Signals {
    pub(crate) fn new(backend: &Backend) -> Result<Signals> {
        let ev_signal_pair = if backend.watches_signals() { [-1, -1] } else { open_pair()? };
        Ok(Signals { ev_signal_pair, map: SignalMap::new(), mailbox: None })
    }
    /// Becomes readable when signals have been caught: the base watches it (persistently, highest priority) from
    /// the first `add` on and calls [`Self::drain`].
    pub(crate) fn fd(&self) -> evutil_socket_t {
        self.ev_signal_pair[0]
    }
    fn mailbox(&self) -> Option<&Mailbox> {
        // SAFETY: ours until drop.
        self.mailbox.map(|m| unsafe { m.as_ref() })
    }
    fn open_mailbox(&mut self) -> Result<NonNull<Mailbox>> {
        if let Some(m) = self.mailbox {
            return Ok(m);
        }
        let b = mem::new_box(Mailbox {
            wake: AtomicIsize::new(self.ev_signal_pair[1] as isize),
            woken: AtomicBool::new(false),
            pending: AtomicSet::new(),
            counts: [const { AtomicU32::new(0) }; NSIG],
            watched: AtomicSet::new(),
            next: AtomicPtr::new(null_mut()),
        })?;
        let (p, _) = Box::into_raw_with_allocator(b);
        let m = NonNull::new(p).ok_or(Error::NoMem)?;
        REGISTRY.lock().enter(m);
        self.mailbox = Some(m);
        Ok(m)
    }

    /// Starts watching for the signal `ev.fd()`. On failure nothing has changed.
    pub(crate) fn add(&mut self, backend: &mut Backend, ev: EventRef) -> Result<()> {
        let signal = usize::try_from(ev.fd()).ok().filter(|&n| n < NSIG).ok_or(Error::Invalid)?;
        self.map.reach(signal)?;
        if self.map.is_empty(signal) && backend.watches_signals() {
            // The backend first: what comes from now on is counted.
            let done = backend.watch_signal(signal as c_int, true).and_then(|()| {
                REGISTRY.lock().hold(signal).inspect_err(|_| {
                    let _ = backend.watch_signal(signal as c_int, false);
                })
            });
            if let Err(e) = done {
                warn_errno!("signal {signal}: cannot be watched");
                return Err(e);
            }
        } else if self.map.is_empty(signal) {
            let m = self.open_mailbox()?;
            let done = REGISTRY.lock().watch(m, signal);
            match done {
                Err(e) => {
                    warn_errno!("signal {signal}: cannot set the handler");
                    return Err(e);
                }
                Ok(true) => warnx!(
                    "signal {signal} is watched by more than one event_base; it is delivered to the one that \
                     added it last or whose loop was started last"
                ),
                Ok(false) => {}
            }
        }
        self.map.insert(signal, ev)
    }
    /// Stops watching for `ev`, which was added. It is off the map even if an error is reported.
    pub(crate) fn del(&mut self, backend: &mut Backend, ev: EventRef) -> Result<()> {
        let signal = usize::try_from(ev.fd()).map_err(|_| Error::Invalid)?;
        self.map.remove(signal, ev)?;
        if self.map.is_empty(signal) && backend.watches_signals() {
            let forgotten = backend.watch_signal(signal as c_int, false);
            let done = REGISTRY.lock().release(signal).and(forgotten);
            if done.is_err() {
                warn_errno!("signal {signal}: cannot restore the handler");
            }
            return done;
        }
        if self.map.is_empty(signal)
            && let Some(m) = self.mailbox
        {
            let done = REGISTRY.lock().unwatch(m, signal);
            if done.is_err() {
                warn_errno!("signal {signal}: cannot restore the handler");
            }
            return done;
        }
        Ok(())
    }
    /// The base's loop starts: its signals come to it from now on.
    #[inline]
    pub(crate) fn set_current(&self) {
        let (Some(m), Some(mailbox)) = (self.mailbox, self.mailbox()) else { return };
        let mut all = true;
        mailbox.watched.each(false, |s| {
            all &= ROUTES.get(s).is_some_and(|r| r.load(SeqCst) == m.as_ptr());
        });
        if !all {
            let _routes_stay = REGISTRY.lock();
            mailbox.watched.each(false, |s| {
                if let Some(r) = ROUTES.get(s) {
                    r.store(m.as_ptr(), SeqCst);
                }
            });
        }
    }
    /// Calls `f` with each event whose signal was caught, and how often. One read.
    #[inline]
    pub(crate) fn drain(&mut self, mut f: impl FnMut(EventRef, u32)) {
        let mut bytes = [0; 64];
        // Nothing to read is no error: another wake-up has been served with this one's signals.
        let _ = fd::read(self.ev_signal_pair[0], &mut bytes);
        if let Some(mailbox) = self.mailbox() {
            mailbox.take(|signal, n| self.map.active(signal, n, &mut f));
        }
    }
    /// Calls `f` with each event for `signal`, of which the backend has told.
    #[cold]
    pub(crate) fn deliver(&self, signal: c_int, n: u32, f: impl FnMut(EventRef, u32)) {
        if let Ok(signal) = usize::try_from(signal) {
            self.map.active(signal, n, f);
        }
    }
    /// After fork, in the child: a descriptor of its own. What the parent caught is the parent's. The event on the
    /// old descriptor must be off the I/O map. `backend` is new.
    pub(crate) fn reinit(&mut self, backend: &mut Backend) -> Result<()> {
        if backend.watches_signals() {
            let (mut result, mut last, mut at) = (Ok(()), -1, self.map.next_event(None));
            while let Some(ev) = at {
                if ev.fd() != last {
                    last = ev.fd();
                    result = result.and(backend.watch_signal(last as c_int, true));
                }
                at = self.map.next_event(Some(ev));
            }
            return result;
        }
        let pair = open_pair()?;
        let old = std::mem::replace(&mut self.ev_signal_pair, pair);
        // The child has one thread, and that one is not in a handler.
        IN_HANDLER.store(0, SeqCst);
        if let Some(mailbox) = self.mailbox() {
            mailbox.take(|_, _| {});
            mailbox.wake.store(pair[1] as isize, SeqCst);
            mailbox.woken.store(false, SeqCst);
        }
        close_pair(old);
        Ok(())
    }
    /// The event after `after` (None: the first).
    pub(crate) fn next_event(&self, after: Option<EventRef>) -> Option<EventRef> {
        self.map.next_event(after)
    }
    pub(crate) fn is_consistent(&self) -> bool {
        self.map.is_consistent()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        if let (Some(m), Some(mailbox)) = (self.mailbox, self.mailbox()) {
            let mut registry = REGISTRY.lock();
            mailbox.watched.each(false, |s| {
                let _ = registry.unwatch(m, s);
            });
            registry.leave(m);
            drop(registry);
            await_handlers();
            // SAFETY: made by `open_mailbox`; no route leads to it and no handler runs.
            drop(unsafe { Box::from_raw_in(m.as_ptr(), mem::Alloc) });
        }
        close_pair(self.ev_signal_pair);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_types, reason = "tests run on std")]
mod tests {
    use super::*;
    use crate::abi::event::Ev;
    use std::sync::atomic::AtomicI32 as Seen;

    // One for each test: they run side by side.
    #[cfg(windows)]
    use c::{SIGBREAK as THREE, SIGILL as FOUR, SIGINT as ONE, SIGTERM as TWO};
    #[cfg(unix)]
    use c::{SIGCONT as FOUR, SIGKILL as REFUSED, SIGUSR1 as ONE, SIGUSR2 as TWO, SIGWINCH as THREE};
    #[cfg(windows)]
    const REFUSED: c_int = 9;

    fn new_event(signal: c_int) -> EventRef {
        // SAFETY: all-zero is a valid event; it is leaked, so it stays alive.
        let ev =
            unsafe { EventRef::from_raw(std::boxed::Box::leak(std::boxed::Box::new(std::mem::zeroed()))) }
                .unwrap();
        // SAFETY: as above.
        unsafe {
            (*ev.as_ptr()).ev_fd = signal as evutil_socket_t;
            (*ev.as_ptr()).ev_events = (Ev::SIGNAL | Ev::PERSIST).bits();
        }
        ev
    }
    fn raise(signal: c_int) {
        // The runtime of Windows forgets the handler until it has run: a second signal of that moment would end us.
        #[cfg(windows)]
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        #[cfg(windows)]
        let _one_at_a_time = ONE_AT_A_TIME.lock();
        // SAFETY: each test uses a signal of its own that it handles.
        assert_eq!(unsafe { c::raise(signal) }, 0);
    }
    /// A backend that leaves signals to the mailbox.
    fn plain() -> Backend {
        let mut all = crate::backend::LIST.iter();
        let open = |info| Backend::new(info, crate::backend::Options::default()).ok();
        all.find_map(|info| open(info).filter(|b| !b.watches_signals())).unwrap()
    }
    fn new_signals() -> Signals {
        Signals::new(&plain()).unwrap()
    }
    fn drain(s: &mut Signals) -> std::vec::Vec<(EventRef, u32)> {
        let mut seen = std::vec::Vec::new();
        s.drain(|ev, n| seen.push((ev, n)));
        seen
    }
    fn readable(s: &Signals) -> bool {
        #[cfg(unix)]
        {
            let mut p = [c::pollfd { fd: s.fd(), events: c::POLLIN, revents: 0 }];
            crate::sys::poll::poll(&mut p, 0) == Ok(1)
        }
        #[cfg(windows)]
        (0..50).any(|_| {
            os::nap();
            fd::bytes_readable(s.fd()).is_ok_and(|n| n > 0)
        })
    }

    #[test]
    fn caught_counted_and_woken_once() {
        let mut s = new_signals();
        let (a, b) = (new_event(ONE), new_event(ONE));
        s.add(&mut plain(), a).unwrap();
        s.add(&mut plain(), b).unwrap();
        assert!(!readable(&s));
        raise(ONE);
        crate::sys::set_errno(77);
        // raise of some systems sets errno itself.
        handler(ONE);
        assert_eq!(crate::sys::errno(), 77);
        raise(ONE);
        assert!(readable(&s));
        assert_eq!(drain(&mut s), [(b, 3), (a, 3)]);
        assert!(!readable(&s));
        assert_eq!(drain(&mut s), []);
        s.del(&mut plain(), b).unwrap();
        raise(ONE);
        assert_eq!(drain(&mut s), [(a, 1)]);
        assert!(s.is_consistent());
        s.del(&mut plain(), a).unwrap();
        assert!(s.next_event(None).is_none());
    }

    static SEEN: Seen = Seen::new(0);
    extern "C" fn note(signal: c_int) {
        SEEN.store(signal, SeqCst);
    }

    #[test]
    fn the_old_action_comes_back_when_the_last_base_is_done() {
        // SAFETY: `note` only stores.
        unsafe { os::replace(TWO, &os::action_of(note)) }.unwrap();
        let (mut one, mut two) = (new_signals(), new_signals());
        let (a, b) = (new_event(TWO), new_event(TWO));
        one.add(&mut plain(), a).unwrap();
        two.add(&mut plain(), b).unwrap();
        raise(TWO);
        assert_eq!((drain(&mut one), drain(&mut two)), (vec![], vec![(b, 1)]), "the one that added last");
        one.set_current();
        raise(TWO);
        assert_eq!((drain(&mut one), drain(&mut two)), (vec![(a, 1)], vec![]), "the one whose loop runs");
        one.del(&mut plain(), a).unwrap();
        raise(TWO);
        assert_eq!(drain(&mut two), [(b, 1)], "the one that is left");
        one.add(&mut plain(), a).unwrap();
        drop(two);
        raise(TWO);
        assert_eq!(drain(&mut one), [(a, 1)]);
        assert_eq!(SEEN.load(SeqCst), 0);
        drop(one);
        raise(TWO);
        assert_eq!(SEEN.load(SeqCst), TWO);
    }

    #[test]
    fn wrong_numbers_are_refused() {
        let mut s = new_signals();
        for n in [-1, NSIG as c_int, c_int::MAX, c_int::MIN] {
            assert_eq!(s.add(&mut plain(), new_event(n)), Err(Error::Invalid));
        }
        assert_eq!(s.add(&mut plain(), new_event(REFUSED)), Err(Error::Os(c::EINVAL)));
        assert!(s.next_event(None).is_none());
    }

    #[test]
    fn reinit_opens_another_descriptor_and_forgets_what_was_caught() {
        let mut s = new_signals();
        let ev = new_event(THREE);
        s.add(&mut plain(), ev).unwrap();
        raise(THREE);
        s.reinit(&mut plain()).unwrap();
        assert!(!readable(&s));
        assert_eq!(drain(&mut s), []);
        raise(THREE);
        assert!(readable(&s));
        assert_eq!(drain(&mut s), [(ev, 1)]);
    }

    #[test]
    fn bases_come_and_go_while_signals_arrive() {
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let mut keep = new_signals();
        let kept = new_event(FOUR);
        keep.add(&mut plain(), kept).unwrap();
        let threads: std::vec::Vec<_> = (0..2)
            .map(|_| {
                let stop = stop.clone();
                std::thread::spawn(move || {
                    while !stop.load(SeqCst) {
                        raise(FOUR);
                    }
                })
            })
            .collect();
        for _ in 0..300 {
            let mut s = new_signals();
            let ev = new_event(FOUR);
            s.add(&mut plain(), ev).unwrap();
            drain(&mut s);
            if s.next_event(None).is_some() {
                s.del(&mut plain(), ev).unwrap();
            }
        }
        stop.store(true, SeqCst);
        for t in threads {
            t.join().unwrap();
        }
        drain(&mut keep);
        raise(FOUR);
        assert_eq!(drain(&mut keep), [(kept, 1)]);
    }
}
