//! Who waits for what on which descriptor: an array of entries, indexed by descriptor where those are
//! small numbers (`io_slots`).
use super::EventRef;
use super::io_slots::Slots;
use super::links::IoLink;
use crate::abi::event::{Ev, event};
use crate::abi::util::evutil_socket_t;
use crate::backend::{Backend, Change, Interest};
use crate::list::{List, ListLink};
use crate::mem::{self, Vec};
use crate::{Error, Result, warnx};

/// One descriptor. What the kernel holds is `registered`, possibly `disarmed`; what the events want is computed
/// from the counts and the list.
#[derive(Default)]
struct Entry {
    events: List<IoLink>,
    readers: u16,
    writers: u16,
    closers: u16,
    registered: Interest,
    disarmed: bool,
}

/// The map. It owns no events: each is on its descriptor's list from `add` to `del`.
pub(crate) struct IoMap {
    entries: Vec<Entry>,
    slots: Slots,
    /// Debug mode: an edge-triggered and a level-triggered event cannot share a descriptor.
    refuse_mixed: bool,
}

/// The mark of an event that a backend with a changelist has just been told to forget. `event_assign` erases it.
fn deleted_mark() -> *mut *mut event {
    static MARK: u8 = 0;
    (&raw const MARK).cast_mut().cast()
}

fn back_link(ev: EventRef) -> *mut *mut event {
    // SAFETY: the handle's event is alive.
    unsafe { (*IoLink::entry(ev.as_ptr())).le_prev }
}
fn set_back_link(ev: EventRef, link: *mut *mut event) {
    // SAFETY: as above; the event is on no list.
    unsafe { (*IoLink::entry(ev.as_ptr())).le_prev = link }
}

/// What `ev` waits for.
#[inline]
fn what_of(ev: EventRef) -> Interest {
    Interest::from_bits_retain(ev.events_raw() as u8) & Interest::WHAT
}

impl IoMap {
    pub(crate) fn new(refuse_mixed: bool) -> IoMap {
        IoMap { entries: mem::new_vec(), slots: Slots::new(), refuse_mixed }
    }

    /// Makes room at `slot`.
    fn reach(&mut self, slot: usize) -> Result<()> {
        if slot < self.entries.len() {
            return Ok(());
        }
        let len = self.slots.reach(slot)?;
        let more = len - self.entries.len();
        self.entries.try_reserve_exact(more).map_err(|_| Error::NoMem)?;
        self.entries.resize_with(len, Entry::default);
        Ok(())
    }

    /// Starts watching for `ev`, which is not on the map. A negative descriptor is watched by nobody. On failure
    /// nothing has changed.
    pub(crate) fn add(&mut self, backend: &mut Backend, ev: EventRef) -> Result<()> {
        let fd = ev.fd();
        if fd < 0 {
            return Ok(());
        }
        let slot = self.slots.claim(fd)?;
        let done = self.add_at(backend, ev, slot);
        if done.is_err() {
            self.tidy(slot);
        }
        done
    }
    /// A place that nobody uses can be another descriptor's.
    #[inline(always)]
    fn tidy(&mut self, slot: usize) {
        if cfg!(windows) && self.entries.get(slot).is_none_or(Entry::is_unused) {
            self.slots.give_back(slot);
        }
    }
    #[inline(always)]
    fn add_at(&mut self, backend: &mut Backend, ev: EventRef, slot: usize) -> Result<()> {
        if slot >= self.entries.len() {
            self.reach(slot)?;
        }
        let fd = ev.fd();
        let entry = self.entries.get_mut(slot).ok_or(Error::Invalid)?;
        let what = what_of(ev);
        if self.refuse_mixed && entry.would_mix(ev) {
            warnx!("fd {fd}: edge-triggered and level-triggered events cannot be mixed");
            return Err(Error::Invalid);
        }
        if !entry.count_up(what) {
            warnx!("fd {fd}: too many events");
            return Err(Error::Invalid);
        }
        // The same for one more: the usual case of company.
        let known = entry.registered.contains(what) && !entry.registered.contains(Interest::ONESHOT);
        if !known && let Err(e) = entry.tell_added(backend, fd, what, ev) {
            entry.count_down(what);
            return Err(e);
        }
        // SAFETY: the caller keeps `ev` alive until it has called `del`.
        unsafe { entry.events.insert_head(ev.as_ptr()) };
        Ok(())
    }

    /// Stops watching for `ev`, which is on the map. It is off the map even if the backend reports an error.
    pub(crate) fn del(&mut self, backend: &mut Backend, ev: EventRef) -> Result<()> {
        let Some(slot) = self.slots.find(ev.fd()) else { return Ok(()) };
        let done = self.del_at(backend, ev, slot);
        self.tidy(slot);
        done
    }
    #[inline(always)]
    fn del_at(&mut self, backend: &mut Backend, ev: EventRef, slot: usize) -> Result<()> {
        let fd = ev.fd();
        let entry = self.entries.get_mut(slot).ok_or(Error::Invalid)?;
        // SAFETY: `add` put it there.
        unsafe { entry.events.remove(ev.as_ptr()) };
        if !entry.count_down(what_of(ev)) {
            return Ok(());
        }
        if entry.disarmed && entry.events.is_empty() {
            // A disarmed entry reports nothing: it stays for the next MOD, or until the descriptor is closed.
            entry.registered = Interest::empty();
            return Ok(());
        }
        entry.tell_deleted(backend, fd, ev)
    }

    /// `what` happened on `fd`: calls `f` with each event that waits for it, and what of it concerns that event.
    #[inline(always)]
    pub(crate) fn active(&mut self, fd: evutil_socket_t, what: Interest, f: impl FnMut(EventRef, Ev)) {
        let Some(entry) = self.entries.get_mut(self.slots.of_report(fd)) else { return };
        if entry.registered.contains(Interest::ONESHOT) {
            entry.disarmed = true;
        }
        entry.tell_events(what, f);
    }
    /// Calls `f` with each event that waits for any of `what` on `fd`, without anything having happened there.
    pub(crate) fn watching(&self, fd: evutil_socket_t, what: Interest, f: impl FnMut(EventRef, Ev)) {
        if let Some(entry) = self.entries.get(self.slots.of_report(fd)) {
            entry.tell_events(what, f);
        }
    }
    /// The same after an error or a hang-up, which reaches those who watch for CLOSED only, too.
    #[cold]
    pub(crate) fn active_error(&mut self, fd: evutil_socket_t, what: Interest, f: impl FnMut(EventRef, Ev)) {
        let registered =
            self.entries.get(self.slots.of_report(fd)).map_or(Interest::empty(), |e| e.registered);
        // The bit of ERROR means something else in an event.
        let what = what.difference(Interest::ERROR);
        let told = registered.intersects(what & Interest::WHAT);
        self.active(fd, if told { what } else { what | Interest::CLOSED }, f);
    }

    /// Tells a new backend everything. All descriptors are tried; the first error is returned.
    pub(crate) fn reinit(&mut self, backend: &mut Backend) -> Result<()> {
        let mut result = Ok(());
        for (slot, entry) in self.entries.iter_mut().enumerate() {
            entry.registered = Interest::empty();
            entry.disarmed = false;
            if entry.events.is_empty() {
                continue;
            }
            let wanted = entry.wanted(backend);
            result = result.and(entry.tell(backend, self.slots.fd_at(slot), wanted, false));
        }
        result
    }

    /// The event after `after` on the map (None: the first), in no particular order.
    pub(crate) fn next_event(&self, after: Option<EventRef>) -> Option<EventRef> {
        let mut start = 0;
        if let Some(ev) = after {
            // SAFETY: `after` is on the map; its list holds live events.
            let next = unsafe { EventRef::from_raw(List::<IoLink>::next(ev.as_ptr())) };
            if next.is_some() {
                return next;
            }
            start = self.slots.find(ev.fd())? + 1;
        }
        let entry = self.entries.get(start..)?.iter().find(|e| !e.events.is_empty())?;
        // SAFETY: events on the list are alive.
        unsafe { EventRef::from_raw(entry.events.first()) }
    }

    /// True if lists, counts and what the backend was told agree.
    pub(crate) fn is_consistent(&self) -> bool {
        self.entries.iter().enumerate().all(|(slot, e)| {
            let fd = self.slots.fd_at(slot);
            let (mut r, mut w, mut c) = (0u16, 0u16, 0u16);
            let mut at = e.events.first();
            // SAFETY: events on the list are alive.
            while let Some(ev) = unsafe { EventRef::from_raw(at) } {
                let what = ev.events();
                if ev.fd() != fd || what.contains(Ev::SIGNAL) {
                    return false;
                }
                r = r.saturating_add(what.contains(Ev::READ).into());
                w = w.saturating_add(what.contains(Ev::WRITE).into());
                c = c.saturating_add(what.contains(Ev::CLOSED).into());
                // SAFETY: `ev` is on the list.
                at = unsafe { List::<IoLink>::next(at) };
            }
            (r, w, c) == (e.readers, e.writers, e.closers) && (e.registered & Interest::WHAT) == e.what()
        })
    }
}

impl Entry {
    /// Whether nobody waits there and the backend knows nothing of it.
    fn is_unused(&self) -> bool {
        self.events.is_empty() && self.registered.is_empty() && !self.disarmed
    }
    /// Calls `f` with the events that wait for any of `what`.
    #[inline(always)]
    fn tell_events(&self, what: Interest, mut f: impl FnMut(EventRef, Ev)) {
        let mut at = self.events.first();
        // SAFETY: events on the list are alive.
        while let Some(ev) = unsafe { EventRef::from_raw(at) } {
            // SAFETY: `ev` is on the list.
            at = unsafe { List::<IoLink>::next(at) };
            let res = ev.events().bits() & i16::from(what.bits());
            if res & i16::from(Interest::WHAT.bits()) != 0 {
                f(ev, Ev::from_bits_retain(res));
            }
        }
    }
    fn would_mix(&self, ev: EventRef) -> bool {
        // SAFETY: events on the list are alive.
        let first = unsafe { EventRef::from_raw(self.events.first()) };
        first.is_some_and(|f| f.events().contains(Ev::ET) != ev.events().contains(Ev::ET))
    }
    /// Counts one more event. False, and no change, if there are too many.
    #[inline]
    fn count_up(&mut self, what: Interest) -> bool {
        let full = |n: u16, kind| n == u16::MAX && what.contains(kind);
        if full(self.readers, Interest::READ)
            | full(self.writers, Interest::WRITE)
            | full(self.closers, Interest::CLOSED)
        {
            return false;
        }
        self.readers += u16::from(what.contains(Interest::READ));
        self.writers += u16::from(what.contains(Interest::WRITE));
        self.closers += u16::from(what.contains(Interest::CLOSED));
        true
    }
    /// Counts one event less. True if it was the last one with some kind of interest.
    #[inline]
    fn count_down(&mut self, what: Interest) -> bool {
        let mut last = false;
        let mut step = |n: &mut u16, kind| {
            if what.contains(kind) {
                *n = n.wrapping_sub(1);
                last |= *n == 0;
            }
        };
        step(&mut self.readers, Interest::READ);
        step(&mut self.writers, Interest::WRITE);
        step(&mut self.closers, Interest::CLOSED);
        last
    }
    /// `ev`, which has been counted and is not on the list yet, wants more than the backend knows, or ends ONESHOT.
    #[inline(never)]
    fn tell_added(
        &mut self,
        backend: &mut Backend,
        fd: evutil_socket_t,
        what: Interest,
        ev: EventRef,
    ) -> Result<()> {
        let events = ev.events();
        let mut wanted = self.what();
        if self.registered.contains(what) {
            // Nothing new to watch: the trigger stays as it is.
            wanted |= self.registered & Interest::ET;
        } else if events.contains(Ev::ET) {
            wanted |= Interest::ET;
        } else if self.events.is_empty() && !events.contains(Ev::PERSIST) && backend.oneshot() {
            wanted |= Interest::ONESHOT;
        }
        let same_event = backend.defers_changes() && back_link(ev) == deleted_mark();
        self.tell(backend, fd, wanted, same_event)
    }
    /// `ev`, which has been taken off the list, was the last with some kind of interest.
    #[inline(never)]
    fn tell_deleted(&mut self, backend: &mut Backend, fd: evutil_socket_t, ev: EventRef) -> Result<()> {
        if backend.defers_changes() {
            set_back_link(ev, deleted_mark());
        }
        let wanted = self.wanted(backend);
        // If the backend fails, nobody waits there any more all the same.
        self.tell(backend, fd, wanted, false).inspect_err(|_| self.registered = wanted)
    }
    fn what(&self) -> Interest {
        let mut i = Interest::empty();
        i.set(Interest::READ, self.readers > 0);
        i.set(Interest::WRITE, self.writers > 0);
        i.set(Interest::CLOSED, self.closers > 0);
        i
    }
    /// What the events on the list want.
    fn wanted(&self, backend: &Backend) -> Interest {
        let mut i = self.what();
        // SAFETY: events on the list are alive.
        let Some(first) = (unsafe { EventRef::from_raw(self.events.first()) }) else { return i };
        let events = first.events();
        if events.contains(Ev::ET) {
            i |= Interest::ET;
        } else if backend.oneshot() && !events.contains(Ev::PERSIST) {
            // SAFETY: `first` is on the list.
            let lone = unsafe { List::<IoLink>::next(first.as_ptr()) }.is_null();
            i.set(Interest::ONESHOT, lone);
        }
        i
    }
    /// Brings the backend from `registered` to `new`, by at most one change.
    #[inline]
    fn tell(
        &mut self,
        backend: &mut Backend,
        fd: evutil_socket_t,
        new: Interest,
        same_event: bool,
    ) -> Result<()> {
        let old = self.registered;
        if new == old && !self.disarmed {
            return Ok(());
        }
        let change = Change { fd, old, new, disarmed: self.disarmed, same_event };
        let done = backend.change(change);
        if done.is_ok() {
            self.registered = new;
            self.disarmed = false;
        }
        done
    }
}

#[cfg(all(test, feature = "scripted"))]
#[allow(clippy::disallowed_types, reason = "tests run on std")]
mod tests {
    use super::*;
    use crate::backend::scripted::{Scripted, backend, script};
    use crate::sys::c;

    /// A map on a scripted backend.
    struct Bed {
        map: IoMap,
        backend: Backend,
    }
    impl Bed {
        fn new() -> Bed {
            Bed { map: IoMap::new(false), backend: backend().unwrap() }
        }
        fn script(&mut self) -> &mut Scripted {
            script(&mut self.backend).unwrap()
        }
        fn add(&mut self, ev: EventRef) -> Result<()> {
            let r = self.map.add(&mut self.backend, ev);
            assert!(self.map.is_consistent());
            r
        }
        fn del(&mut self, ev: EventRef) {
            self.map.del(&mut self.backend, ev).unwrap();
            assert!(self.map.is_consistent());
        }
        /// Which events one wait makes active, and with what.
        fn turn(&mut self) -> std::vec::Vec<(EventRef, Ev)> {
            let mut seen = std::vec::Vec::new();
            let mut w = self.backend.start_wait(Some(0));
            w.run();
            let map = &mut self.map;
            self.backend
                .finish_wait(w, |fd, what| map.active(fd, what, |ev, res| seen.push((ev, res))))
                .unwrap();
            seen
        }
        fn changes(&mut self) -> usize {
            std::mem::take(&mut self.script().changes)
        }
    }
    fn new_event(fd: i32, what: Ev) -> EventRef {
        // SAFETY: all-zero is a valid event; it is leaked, so it stays alive.
        let ev =
            unsafe { EventRef::from_raw(std::boxed::Box::leak(std::boxed::Box::new(std::mem::zeroed()))) }
                .unwrap();
        // SAFETY: as above.
        unsafe {
            (*ev.as_ptr()).ev_fd = fd as evutil_socket_t;
            (*ev.as_ptr()).ev_events = what.bits();
        }
        ev
    }

    #[test]
    fn interests_are_counted() {
        let mut b = Bed::new();
        let [r1, r2] = [(); 2].map(|()| new_event(5, Ev::READ | Ev::PERSIST));
        let w = new_event(5, Ev::WRITE | Ev::PERSIST);
        b.add(r1).unwrap();
        assert_eq!(b.changes(), 1);
        b.add(r2).unwrap();
        assert_eq!(b.changes(), 0);
        b.add(w).unwrap();
        assert_eq!(b.changes(), 1);
        b.script().set_ready(5, Interest::READ).unwrap();
        assert_eq!(b.turn(), [(r2, Ev::READ), (r1, Ev::READ)]);
        b.script().set_ready(5, Interest::READ | Interest::WRITE).unwrap();
        assert_eq!(b.turn().len(), 3);
        b.del(r1);
        assert_eq!(b.changes(), 0);
        b.del(r2);
        assert_eq!(b.changes(), 1);
        assert_eq!(b.turn(), [(w, Ev::WRITE)]);
        b.del(w);
        assert_eq!(b.changes(), 1);
        assert_eq!(b.turn(), []);
    }

    #[test]
    fn a_lone_oneshot_event_costs_one_change_per_round() {
        let mut b = Bed::new();
        let ev = new_event(40, Ev::READ);
        b.script().set_ready(40, Interest::READ).unwrap();
        for _ in 0..3 {
            b.add(ev).unwrap();
            assert_eq!(b.turn(), [(ev, Ev::READ)]);
            assert_eq!(b.turn(), [], "disarmed");
            b.del(ev);
            assert_eq!(b.changes(), 1);
        }
        // Deleted while armed: the kernel has to know.
        b.add(ev).unwrap();
        b.del(ev);
        assert_eq!(b.changes(), 2);
        assert_eq!(b.turn(), []);
    }

    #[test]
    fn company_ends_oneshot() {
        let mut b = Bed::new();
        let (r, w) = (new_event(4, Ev::READ), new_event(4, Ev::WRITE));
        b.script().set_ready(4, Interest::READ).unwrap();
        b.add(r).unwrap();
        assert_eq!(b.turn(), [(r, Ev::READ)]);
        // `r` is still on the map, disarmed: adding `w` arms both.
        b.add(w).unwrap();
        assert_eq!(b.turn(), [(r, Ev::READ)]);
        assert_eq!(b.turn(), [(r, Ev::READ)]);
        b.del(r);
        assert_eq!(b.script().watched(4), Interest::WRITE | Interest::ONESHOT);
        // One more of the same interest.
        let w2 = new_event(4, Ev::WRITE | Ev::PERSIST);
        b.add(w2).unwrap();
        assert_eq!(b.script().watched(4), Interest::WRITE);
        b.del(w);
        assert_eq!(b.script().watched(4), Interest::WRITE);
        b.del(w2);
        assert_eq!(b.script().watched(4), Interest::empty());
    }

    #[test]
    fn failure_leaves_everything_as_before() {
        let mut b = Bed::new();
        let (r, w) = (new_event(9, Ev::READ | Ev::PERSIST), new_event(9, Ev::WRITE));
        b.script().refuse(9, c::EPERM).unwrap();
        assert_eq!(b.add(r), Err(Error::Os(c::EPERM)));
        assert!(b.map.next_event(None).is_none());
        b.add(r).unwrap();
        b.script().refuse(9, c::EBADF).unwrap();
        assert_eq!(b.add(w), Err(Error::Os(c::EBADF)));
        b.script().set_ready(9, Interest::READ | Interest::WRITE).unwrap();
        assert_eq!(b.turn(), [(r, Ev::READ)]);
        b.add(w).unwrap();
        assert_eq!(b.turn(), [(w, Ev::WRITE), (r, Ev::READ)]);
        // A deletion that fails is a deletion all the same.
        b.script().refuse(9, c::EIO).unwrap();
        assert_eq!(b.map.del(&mut b.backend, w), Err(Error::Os(c::EIO)));
        assert!(b.map.is_consistent());
    }

    #[test]
    fn wild_descriptors() {
        let mut b = Bed::new();
        let nobody = new_event(-1, Ev::READ);
        b.add(nobody).unwrap();
        b.del(nobody);
        assert_eq!(b.changes(), 0);
        #[cfg(unix)]
        assert_eq!(b.add(new_event(i32::MAX, Ev::READ)), Err(Error::Os(c::EBADF)));
        b.map.active(77, Interest::READ, |_, _| unreachable!());
        b.map.active(-1, Interest::READ, |_, _| unreachable!());
        b.map.active(i32::MAX as evutil_socket_t, Interest::READ, |_, _| unreachable!());
    }

    #[test]
    fn mixing_triggers() {
        let mut b = Bed::new();
        let et = new_event(6, Ev::READ | Ev::ET | Ev::PERSIST);
        let level = new_event(6, Ev::READ | Ev::PERSIST);
        let level_w = new_event(6, Ev::WRITE | Ev::PERSIST);
        b.add(et).unwrap();
        b.add(level).unwrap();
        assert_eq!(b.script().watched(6), Interest::READ | Interest::ET, "nothing new to watch");
        b.add(level_w).unwrap();
        assert_eq!(b.script().watched(6), Interest::READ | Interest::WRITE);
        let mut strict = Bed { map: IoMap::new(true), backend: backend().unwrap() };
        strict.add(new_event(6, Ev::READ | Ev::ET)).unwrap();
        assert_eq!(strict.add(new_event(6, Ev::WRITE)), Err(Error::Invalid));
        strict.add(new_event(6, Ev::WRITE | Ev::ET)).unwrap();
    }

    #[test]
    fn errors_reach_those_who_watch_for_the_end_only() {
        let mut b = Bed::new();
        let c = new_event(8, Ev::CLOSED | Ev::PERSIST);
        b.add(c).unwrap();
        let mut seen = std::vec::Vec::new();
        let error = Interest::READ | Interest::WRITE | Interest::ERROR | Interest::ET;
        b.map.active_error(8, error, |_, res| seen.push(res));
        assert_eq!(seen, [Ev::CLOSED]);
    }

    #[test]
    fn every_event_is_visited_once() {
        let mut b = Bed::new();
        let evs = [3, 3, 100, 7, 7, 7].map(|fd| new_event(fd, Ev::READ | Ev::PERSIST));
        for ev in evs {
            b.add(ev).unwrap();
        }
        let (mut n, mut at) = (0, None);
        while let Some(ev) = b.map.next_event(at) {
            assert!(evs.contains(&ev));
            (n, at) = (n + 1, Some(ev));
        }
        assert_eq!(n, 6);
    }

    #[test]
    fn a_new_backend_is_told_everything() {
        let mut b = Bed::new();
        let (r, o) = (new_event(3, Ev::READ | Ev::PERSIST), new_event(4, Ev::WRITE));
        b.add(r).unwrap();
        b.add(o).unwrap();
        b.script().set_ready(4, Interest::WRITE).unwrap();
        assert_eq!(b.turn(), [(o, Ev::WRITE)]);
        b.backend = backend().unwrap();
        b.script().set_ready(4, Interest::WRITE).unwrap();
        b.map.reinit(&mut b.backend).unwrap();
        assert_eq!(b.script().watched(3), Interest::READ);
        assert_eq!(b.turn(), [(o, Ev::WRITE)], "armed again");
        b.backend = backend().unwrap();
        b.script().refuse(3, c::EBADF).unwrap();
        assert_eq!(b.map.reinit(&mut b.backend), Err(Error::Os(c::EBADF)));
        assert_eq!(b.script().watched(4), Interest::WRITE | Interest::ONESHOT, "the rest is tried");
    }

    /// Random additions, deletions and turns on few descriptors, against the obvious model: whoever waits for what
    /// is ready is told, in every turn, and non-persistent events are deleted as the loop does it.
    #[test]
    fn random_operations_follow_the_model() {
        let mut b = Bed::new();
        let mut seed = 12345u32;
        let mut random = |n: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % n
        };
        let what = [Ev::READ, Ev::WRITE, Ev::READ | Ev::WRITE, Ev::CLOSED, Ev::READ | Ev::CLOSED];
        let events: std::vec::Vec<_> = (0..40)
            .map(|i| {
                let persist = if i % 3 == 0 { Ev::PERSIST } else { Ev::empty() };
                new_event(i % 5, what[random(5) as usize] | persist)
            })
            .collect();
        let mut added = [false; 40];
        let mut ready = [Interest::empty(); 5];
        for _ in 0..20_000 {
            let i = random(40) as usize;
            match random(8) {
                0..3 if !added[i] => {
                    b.add(events[i]).unwrap();
                    added[i] = true;
                }
                3..5 if added[i] => {
                    b.del(events[i]);
                    added[i] = false;
                }
                5 => {
                    let fd = i % 5;
                    ready[fd] = Interest::from_bits_retain(random(256) as u8) & Interest::WHAT;
                    b.script().set_ready(fd as evutil_socket_t, ready[fd]).unwrap();
                }
                6 => {
                    let mut seen = [false; 40];
                    for (ev, res) in b.turn() {
                        let at = events.iter().position(|e| *e == ev).unwrap();
                        assert!(added[at] && !std::mem::replace(&mut seen[at], true));
                        let want = ready[at % 5].bits() as i16 & ev.events().bits();
                        assert_eq!(res.bits(), want, "event {at}");
                    }
                    for (at, ev) in events.iter().enumerate() {
                        let want = added[at] && ready[at % 5].bits() as i16 & ev.events().bits() != 0;
                        assert_eq!(seen[at], want, "event {at}");
                        if seen[at] && !ev.events().contains(Ev::PERSIST) {
                            b.del(*ev);
                            added[at] = false;
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
