//! Questions about a base: counts, a walk over its events, a dump, a check of its structures.
use super::guard::Guard;
use super::state::{IO, State};
use super::{BaseRef, EventRef, clock};
use crate::Result;
use crate::abi::event::{Ev, Evlist, Feature};
use crate::abi::util::evutil_socket_t;
use crate::backend::Interest;
use crate::log::Line;
use crate::mem::{self, TryVec, Vec};
use crate::sys::c::timeval;
use std::ffi::{CStr, c_int};
use std::fmt::Write;
use std::ops::ControlFlow;

bitflags::bitflags! {
    /// `EVENT_BASE_COUNT_*`
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct CountOf: std::ffi::c_uint {
        const ACTIVE = 1;
        const VIRTUAL = 2;
        const ADDED = 4;
        const _ = !0;
    }
}

impl BaseRef {
    /// `event_base_get_method`
    pub fn method(self) -> &'static CStr {
        self.lock().backend.name()
    }
    /// `event_base_get_features`
    pub fn features(self) -> Feature {
        self.lock().backend.features()
    }
    /// `event_base_get_num_events`
    pub fn num_events(self, what: CountOf) -> c_int {
        let g = self.lock();
        let part = |c, n| if what.contains(c) { n } else { 0 };
        part(CountOf::ACTIVE, g.q.active_count.now)
            + part(CountOf::VIRTUAL, g.q.virtuals.now)
            + part(CountOf::ADDED, g.q.added.now)
    }
    /// `event_base_get_max_events`; `clear`: from now on the highest counts are of what follows.
    pub fn max_events(self, what: CountOf, clear: bool) -> c_int {
        let mut g = self.lock();
        let q = &mut g.q;
        let mut sum = 0;
        for (kind, count) in [
            (CountOf::ACTIVE, &mut q.active_count),
            (CountOf::VIRTUAL, &mut q.virtuals),
            (CountOf::ADDED, &mut q.added),
        ] {
            if what.contains(kind) {
                sum += count.max;
                if clear {
                    count.max = 0;
                }
            }
        }
        sum
    }
    /// Counts something that keeps the loop alive though no event is pending.
    pub fn add_virtual(self) {
        self.lock().q.virtuals.add(1);
    }
    pub fn del_virtual(self) {
        let mut g = self.lock();
        g.q.virtuals.sub(1);
        g.wake_if_idle();
    }

    /// The loop's idea of the wall clock (cached within a turn).
    pub fn gettimeofday_cached(self) -> Result<timeval> {
        Ok(self.lock().clock.wall())
    }
    /// `event_base_update_cache_time`
    pub fn update_cache_time(self) {
        self.lock().clock.update();
    }
    /// The loop's monotonic time: of this turn when called from a callback, else read now.
    #[inline]
    pub fn monotonic(self) -> timeval {
        clock::timeval_of(self.lock().clock.now())
    }
    /// `event_gettime_monotonic`: never cached.
    pub fn monotonic_now(self) -> timeval {
        clock::timeval_of(self.lock().clock.fresh())
    }
    /// A common timeout queue of this duration, as `event_base_init_common_timeout`.
    pub fn init_common_timeout(self, tv: &timeval) -> Result<*const timeval> {
        self.lock().init_common(self.as_ptr(), tv)
    }

    /// `event_base_active_by_fd`: with EV_TIMEOUT the events of `fd` that have one, else those that wait for `what`.
    pub fn active_by_fd(self, fd: evutil_socket_t, what: Ev) {
        let mut g = self.lock();
        if what.contains(Ev::TIMEOUT) {
            let State { timers, common, q, .. } = &mut *g;
            let mut activate = |ev: EventRef| {
                if ev.fd() == fd && !ev.flags().contains(Evlist::INTERNAL) {
                    q.activate(ev, Ev::TIMEOUT, 1);
                }
            };
            (0..timers.len()).filter_map(|i| timers.item(i)).for_each(&mut activate);
            for i in 0..common.len() {
                let mut at = common.first(i);
                while let Some(ev) = at {
                    at = common.next(ev);
                    activate(ev);
                }
            }
        } else if fd >= 0 {
            let State { io, q, .. } = &mut *g;
            let what = Interest::from_bits_retain((what & IO).bits() as u8);
            io.watching(fd, what, |ev, res| {
                if !ev.flags().contains(Evlist::INTERNAL) {
                    q.activate(ev, res, 1);
                }
            });
        }
        g.wake();
    }
    /// `event_base_active_by_signal`
    pub fn active_by_signal(self, signal: c_int) {
        let mut g = self.lock();
        let State { signals, q, .. } = &mut *g;
        let mut at = signals.next_event(None);
        while let Some(ev) = at {
            at = signals.next_event(Some(ev));
            if ev.fd() == signal as evutil_socket_t {
                q.activate(ev, Ev::SIGNAL, 1);
            }
        }
        g.wake();
    }

    /// Calls `f` with each event, with the base locked, until it breaks. `f` may ask the events and the base
    /// things, but must change nothing.
    pub fn for_each_event<B>(self, mut f: impl FnMut(EventRef) -> ControlFlow<B>) -> Result<ControlFlow<B>> {
        let mut g = self.lock();
        let all = g.all_events()?;
        for ev in all.iter() {
            if let ControlFlow::Break(b) = g.call_locked(|| f(*ev)) {
                return Ok(ControlFlow::Break(b));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
    /// `event_base_dump_events`: hands the text to `out`, line by line.
    pub fn dump(self, mut out: impl FnMut(&CStr)) -> Result<()> {
        let mut g = self.lock();
        let all = g.all_events()?;
        let offset = g.clock.wall_offset();
        out(c"Inserted events:\n");
        all.iter().for_each(|ev| dump_inserted(*ev, offset, &mut out));
        out(c"Active events:\n");
        all.iter().for_each(|ev| dump_active(*ev, &mut out));
        Ok(())
    }
    /// True if all structures of the base agree with each other.
    pub fn is_consistent(self) -> bool {
        let g = self.lock();
        g.io.is_consistent()
            && g.signals.is_consistent()
            && g.timers.is_consistent()
            && g.common.is_consistent()
            && g.q.is_consistent()
            && (0..g.timers.len()).filter_map(|i| g.timers.item(i)).all(|ev| {
                ev.flags().contains(Evlist::TIMEOUT)
                    && g.timers
                        .deadline(ev.heap_slot())
                        // (As a timeval, which on some systems ends earlier.)
                        .map(clock::timeval_of)
                        .is_some_and(|d| clock::micros(&d) <= clock::micros_masked(&ev.timeout()))
            })
    }
}

impl Guard {
    /// Each event once: those that are watched for, those with a timeout, those that are only active.
    fn all_events(&mut self) -> Result<Vec<EventRef>> {
        let mut all = mem::new_vec();
        let mut at = self.io.next_event(None);
        while let Some(ev) = at {
            all.try_push(ev)?;
            at = self.io.next_event(Some(ev));
        }
        at = self.signals.next_event(None);
        while let Some(ev) = at {
            all.try_push(ev)?;
            at = self.signals.next_event(Some(ev));
        }
        let fresh = |ev: &EventRef| !ev.flags().contains(Evlist::INSERTED);
        // The timers of common timeouts stay in the heap; those that wait for nothing are nobody's business.
        let idle = |ev: &EventRef| {
            ev.flags().contains(Evlist::INTERNAL)
                && (0..self.common.len())
                    .any(|i| self.common.own(i) == Some(*ev) && self.common.first(i).is_none())
        };
        for i in 0..self.timers.len() {
            if let Some(ev) = self.timers.item(i).filter(|ev| fresh(ev) && !idle(ev)) {
                all.try_push(ev)?;
            }
        }
        for i in 0..self.common.len() {
            at = self.common.first(i);
            while let Some(ev) = at {
                if fresh(&ev) {
                    all.try_push(ev)?;
                }
                at = self.common.next(ev);
            }
        }
        for first in (0..self.q.priorities()).map(|p| self.q.first(p)).chain([self.q.first_later()]) {
            let mut cb = first;
            while !cb.is_null() {
                let f = super::queues::flags(cb);
                if f & (Evlist::INIT | Evlist::INSERTED | Evlist::TIMEOUT) == Evlist::INIT {
                    // SAFETY: INIT says that it is the head of an event.
                    all.try_push(unsafe { EventRef::from_callback(cb) })?;
                }
                cb = self.q.next(cb);
            }
        }
        Ok(all)
    }
}

fn words(line: &mut Line, set: Ev, names: &[(Ev, &str)]) {
    for (bit, name) in names {
        if set.contains(*bit) {
            let _ = write!(line, " {name}");
        }
    }
}
fn kind(ev: EventRef) -> &'static str {
    if ev.events().contains(Ev::SIGNAL) { "sig" } else { "fd " }
}
const IO_NAMES: [(Ev, &str); 4] =
    [(Ev::READ, "Read"), (Ev::WRITE, "Write"), (Ev::CLOSED, "EOF"), (Ev::SIGNAL, "Signal")];

fn dump_inserted(ev: EventRef, wall_offset: i64, out: &mut impl FnMut(&CStr)) {
    let flags = ev.flags();
    if !flags.intersects(Evlist::INSERTED | Evlist::TIMEOUT) {
        return;
    }
    let mut line = Line::new();
    let _ = write!(line, "  {:p} [{} {}]", ev.as_ptr(), kind(ev), ev.fd());
    words(&mut line, ev.events(), &IO_NAMES);
    words(&mut line, ev.events(), &[(Ev::PERSIST, "Persist"), (Ev::ET, "ET")]);
    if flags.contains(Evlist::INTERNAL) {
        let _ = line.write_str(" Internal");
    }
    if flags.contains(Evlist::TIMEOUT) {
        let at = clock::timeval_of(clock::micros_masked(&ev.timeout()).saturating_add(wall_offset));
        let _ = write!(line, " Timeout={}.{:06}", at.tv_sec, at.tv_usec);
    }
    let _ = line.write_str("\n");
    out(line.as_c_str());
}
fn dump_active(ev: EventRef, out: &mut impl FnMut(&CStr)) {
    let flags = ev.flags();
    if !flags.intersects(Evlist::ACTIVE | Evlist::ACTIVE_LATER) {
        return;
    }
    let mut line = Line::new();
    let _ = write!(line, "  {:p} [{} {}, priority={}]", ev.as_ptr(), kind(ev), ev.fd(), ev.pri());
    words(&mut line, ev.res(), &IO_NAMES);
    words(&mut line, ev.res(), &[(Ev::TIMEOUT, "Timeout")]);
    let _ = line.write_str(" active");
    if flags.contains(Evlist::INTERNAL) {
        let _ = line.write_str(" [Internal]");
    }
    if flags.contains(Evlist::ACTIVE_LATER) {
        let _ = line.write_str(" [NextTime]");
    }
    let _ = line.write_str("\n");
    out(line.as_c_str());
}
