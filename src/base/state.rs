//! What a base knows, under its lock: adding and deleting events, and their timers.
//!
//! Nothing here calls out: user callbacks run from `run.rs`, `free.rs` and `inspect.rs` only.
use super::EventRef;
use super::clock::{Clock, USEC_MASK, micros, micros_masked, timeval_of};
use super::common::CommonTimeouts;
use super::debug;
use super::io_map::IoMap;
use super::once::{OnceLink, Spare};
use super::queues::{QUEUED, Queues};
use super::signal::Signals;
use super::timer_heap::TimerHeap;
use super::waker::Notify;
use crate::abi::event::{BaseFlag, Ev, Evlist, event, event_base, event_callback};
use crate::backend::Backend;
use crate::list::List;
use crate::sys::c;
use crate::sys::c::timeval;
use crate::{Error, Result, debugx, log, warnx};
use std::ffi::{c_int, c_short, c_ulong};

/// What an event may wait for besides time.
pub(super) const IO: Ev = Ev::from_bits_retain(Ev::READ.bits() | Ev::WRITE.bits() | Ev::CLOSED.bits());

/// Our own bit of `evcb_flags`: active after a timeout, with the next deadline set already.
pub(super) const REARMED: Evlist = Evlist::from_bits_retain(0x200);

/// `event_config_set_max_dispatch_interval`
pub(super) struct Limits {
    /// Microseconds.
    pub(super) max_time: Option<i64>,
    pub(super) max_callbacks: c_int,
    /// Queues before this priority are not limited.
    pub(super) from_priority: c_int,
}

pub(crate) struct State {
    pub(super) backend: Backend,
    pub(super) io: IoMap,
    pub(super) signals: Signals,
    pub(super) q: Queues,
    pub(super) timers: TimerHeap<EventRef>,
    /// Some entry of the heap may be earlier than its event's deadline.
    pub(super) timers_stale: bool,
    pub(super) common: CommonTimeouts,
    pub(super) clock: Clock,
    pub(super) notify: Notify,
    /// The guard shall wake the loop when it unlocks.
    pub(super) wake_wanted: bool,
    /// The loop sleeps, or is about to. The lock is released in between only.
    pub(super) in_wait: bool,
    /// Until when it sleeps at most.
    pub(super) wait_until: i64,
    pub(super) running: bool,
    pub(super) exit: bool,
    pub(super) stop: bool,
    /// The callback that is running, or null.
    pub(super) current: *mut event_callback,
    /// How many more times the running signal callback is to be called.
    pub(super) signal_left: c_short,
    /// Another thread waits for the running callback.
    pub(super) waiters: bool,
    pub(super) callbacks_awaited: u32,
    /// The thread that runs, or last ran, the loop.
    pub(super) owner: c_ulong,
    pub(super) once: List<OnceLink>,
    pub(super) spare_once: Spare,
    pub(super) flags: BaseFlag,
    pub(super) limits: Limits,
    /// Internal events: the waker's and the signals' descriptors.
    pub(super) notify_event: event,
    pub(super) signal_event: event,
    #[cfg(has_iocp)]
    pub(super) iocp: Option<crate::iocp::Port>,
}

impl State {
    /// The loop must look again before it would have by itself.
    #[inline]
    pub(super) fn wake(&mut self) {
        self.wake_wanted |= self.in_wait;
    }
    /// Another thread changed what is watched: does a wait under way know?
    #[inline]
    fn wake_for_change(&mut self) {
        if self.in_wait {
            self.wake_unless_live();
        }
    }
    #[cold]
    #[inline(never)]
    fn wake_unless_live(&mut self) {
        self.wake_wanted |= !self.backend.changes_reach_wait();
    }

    /// `event_add`. None: no timeout; one that runs already goes on.
    #[inline]
    pub(super) fn add(&mut self, ev: EventRef, timeout: Option<&timeval>) -> Result<()> {
        debug::assert_set_up(ev, "event_add");
        trace(ev, "event_add");
        let flags = ev.flags();
        if flags.contains(Evlist::FINALIZING) {
            return Err(Error::Invalid);
        }
        let events = ev.events();
        // What can fail comes first.
        if timeout.is_some() && !flags.contains(Evlist::TIMEOUT) {
            self.timers.reserve()?;
        }
        if events.intersects(IO | Ev::SIGNAL) && !flags.contains(Evlist::INSERTED) {
            if events.intersects(IO) {
                self.io.add(&mut self.backend, ev)?;
                self.wake_for_change();
            } else {
                self.add_signal(ev)?;
            }
            self.q.added.add(c_int::from(!flags.contains(Evlist::INTERNAL)));
            ev.insert_flags(Evlist::INSERTED);
        }
        if let Some(tv) = timeout {
            // Active, signal and common timeouts have their own rules.
            if flags.intersects(QUEUED) || events.contains(Ev::SIGNAL) || !self.set_timer(ev, flags, tv) {
                self.add_timeout(ev, tv)?;
            } else if events.contains(Ev::PERSIST) {
                ev.set_interval(*tv);
            }
        }
        debug::note_add(ev, true);
        Ok(())
    }

    fn add_signal(&mut self, ev: EventRef) -> Result<()> {
        // SAFETY: a field of the base, which stands still.
        let Some(own) = (unsafe { EventRef::from_raw(&raw mut self.signal_event) }) else { return Ok(()) };
        if !own.flags().contains(Evlist::INSERTED) && !self.backend.watches_signals() {
            self.io.add(&mut self.backend, own)?;
            own.insert_flags(Evlist::INSERTED);
            self.wake_for_change();
        }
        self.signals.add(&mut self.backend, ev)
    }

    /// The part of `event_add` that concerns time.
    #[inline(never)]
    fn add_timeout(&mut self, ev: EventRef, tv: &timeval) -> Result<()> {
        let events = ev.events();
        if events.contains(Ev::PERSIST) && !events.contains(Ev::SIGNAL) {
            ev.set_interval(*tv);
        }
        // Active because of the old timeout, and not run yet: that activation is taken back.
        if ev.flags().intersects(QUEUED) && ev.res().contains(Ev::TIMEOUT) {
            if events.contains(Ev::SIGNAL) && self.current == ev.callback() {
                self.signal_left = 0;
            }
            ev.set_res(ev.res() - Ev::TIMEOUT);
            ev.remove_flags(REARMED);
            if !ev.res().intersects(IO | Ev::SIGNAL) {
                self.q.remove_any(ev.callback());
            }
        }
        let now = self.clock.now();
        match self.common.index_of(tv) {
            Some(i) => {
                self.remove_timeout(ev);
                let at = now.saturating_add(micros_masked(tv));
                self.insert_common(i, ev, at, tv);
                Ok(())
            }
            None => self.set_deadline(ev, now.saturating_add(micros(tv))),
        }
    }

    /// Makes `ev` time out at `at`.
    #[inline]
    pub(super) fn set_deadline(&mut self, ev: EventRef, at: i64) -> Result<()> {
        if ev.flags().contains(Evlist::TIMEOUT) {
            let old = ev.timeout();
            if self.common.index_of(&old).is_none() {
                // A later deadline is only noted; the entry moves when it surfaces.
                if at < micros(&old) {
                    self.advance(ev, at);
                } else {
                    self.timers_stale = true;
                }
                ev.set_timeout(timeval_of(at));
                return Ok(());
            }
            self.remove_timeout(ev);
        }
        ev.set_timeout(timeval_of(at));
        let slot = self.timers.push(at, ev)?;
        ev.set_heap_slot(slot);
        ev.insert_flags(Evlist::TIMEOUT);
        self.q.added.add(c_int::from(!ev.flags().contains(Evlist::INTERNAL)));
        self.note_deadline(at);
        Ok(())
    }
    /// There is a timer at `at`: a loop that sleeps longer must be told.
    #[inline]
    pub(super) fn note_deadline(&mut self, at: i64) {
        if self.in_wait && at < self.wait_until {
            self.wake_wanted = true;
        }
    }

    /// Takes `ev` off the timers if it is on them.
    #[inline]
    pub(super) fn remove_timeout(&mut self, ev: EventRef) {
        if !ev.flags().contains(Evlist::TIMEOUT) {
            return;
        }
        self.q.added.sub(c_int::from(!ev.flags().contains(Evlist::INTERNAL)));
        ev.remove_flags(Evlist::TIMEOUT);
        match self.common.index_of(&ev.timeout()) {
            Some(i) => self.common.remove(i, ev),
            None => {
                self.timers.remove(ev.heap_slot());
                ev.set_heap_slot(-1);
            }
        }
    }
    /// `event_remove_timer`
    pub(super) fn remove_timer(&mut self, ev: EventRef) {
        debug::assert_set_up(ev, "event_remove_timer");
        if ev.flags().contains(Evlist::TIMEOUT) {
            self.remove_timeout(ev);
            if !ev.events().contains(Ev::SIGNAL) {
                ev.set_interval(timeval { tv_sec: 0, tv_usec: 0 });
            }
            self.wake_if_idle();
        }
    }

    /// `event_del` without waiting. `even_finalizing`: also an event that is being finalized, as the base dies.
    pub(super) fn del(&mut self, ev: EventRef, even_finalizing: bool) -> Result<()> {
        trace(ev, "event_del");
        if ev.flags().contains(Evlist::FINALIZING) && !even_finalizing {
            return Ok(());
        }
        if ev.events().contains(Ev::SIGNAL) && self.current == ev.callback() {
            self.signal_left = 0;
        }
        self.remove_timeout(ev);
        if ev.flags().intersects(QUEUED) {
            self.q.remove_any(ev.callback());
            ev.remove_flags(REARMED);
        }
        let result = self.remove_inserted(ev);
        self.wake_if_idle();
        debug::note_add(ev, false);
        result
    }
    /// [`Self::del`] for an event that is about to run, the head of the queue of `pri`.
    #[inline(always)]
    pub(super) fn take_to_run(&mut self, pri: usize, n: c_int, ev: EventRef) {
        self.q.remove_first(pri, n, ev.callback());
        if ev.flags().intersects(Evlist::TIMEOUT | Evlist::INSERTED | REARMED) {
            self.untie(ev);
        }
        debug::note_add(ev, false);
    }
    #[inline(never)]
    fn untie(&mut self, ev: EventRef) {
        ev.remove_flags(REARMED);
        self.remove_timeout(ev);
        // An error of the backend concerns a descriptor that nobody watches any more.
        let _ = self.remove_inserted(ev);
    }
    /// Stops watching for `ev` if it is watched for. It is off the map even if an error is returned.
    #[inline]
    pub(super) fn remove_inserted(&mut self, ev: EventRef) -> Result<()> {
        let flags = ev.flags();
        if !flags.contains(Evlist::INSERTED) {
            return Ok(());
        }
        self.q.added.sub(c_int::from(!flags.contains(Evlist::INTERNAL)));
        ev.remove_flags(Evlist::INSERTED);
        if ev.events().intersects(IO) {
            let done = self.io.del(&mut self.backend, ev);
            self.wake_for_change();
            done
        } else {
            self.signals.del(&mut self.backend, ev)
        }
    }
    /// A loop that sleeps over nothing has to be told that it may return.
    #[inline]
    pub(super) fn wake_if_idle(&mut self) {
        if self.in_wait && !self.q.any_events() && !self.q.any_active() {
            self.wake_wanted = true;
        }
    }

    /// `event_active`
    #[inline]
    pub(super) fn activate(&mut self, ev: EventRef, what: Ev, ncalls: c_short) {
        trace(ev, "event_active");
        self.q.activate(ev, what, ncalls);
        self.wake();
    }

    /// How long the loop may sleep, in microseconds; None: until something happens.
    pub(super) fn next_timeout(&mut self) -> Option<u64> {
        self.wait_until = i64::MAX;
        if self.timers.is_empty() {
            return None;
        }
        // The callbacks may have taken long: the deadline is compared with the time as it is.
        let now = self.clock.fresh();
        // A stale deadline in front may cost a wake-up too many. Where there are few timers, keep them exact.
        if self.timers_stale && self.timers.len() <= SMALL_HEAP {
            self.settle_first();
        }
        let (at, _) = self.timers.first()?;
        self.wait_until = at;
        // The clock is positive, so that the difference fits.
        Some(at.max(now).wrapping_sub(now) as u64)
    }
    /// Brings the first entry to where its event's deadline says, until the first is right.
    fn settle_first(&mut self) {
        while let Some((at, ev)) = self.timers.first() {
            let real = micros_masked(&ev.timeout());
            if real <= at {
                // The only one is right; of others nothing is known.
                self.timers_stale = self.timers.len() > 1;
                return;
            }
            self.timers.update(ev.heap_slot(), real);
        }
    }
    /// Makes active whatever has timed out.
    #[inline]
    pub(super) fn expire_timers(&mut self) {
        if !self.timers.is_empty() {
            let now = self.clock.now();
            if self.timers.many_due(now) {
                self.expire_many(now);
            }
            while let Some((at, ev)) = self.timers.first() {
                if at > now {
                    return;
                }
                self.expire(at, ev, now);
            }
        }
    }
    /// Very many have timed out: they are taken out all at once, not one by one, each of which would have the last
    /// entry sink through the heap.
    #[cold]
    fn expire_many(&mut self, now: i64) {
        // Without memory it goes one by one.
        let Ok(due) = self.timers.take_due(now, |ev| micros_masked(&ev.timeout())) else { return };
        for (i, &(at, ev)) in due.iter().enumerate() {
            if let Some((_, soon)) = due.get(i + 4) {
                fetch(*soon);
            }
            let next = self.next_expiry(ev, at, now);
            if let Some(next) = next.or(ev.flags().contains(Evlist::INTERNAL).then_some(at)) {
                // Back into the heap, where there is room: it was there before.
                if let Ok(slot) = self.timers.push(next, ev) {
                    ev.set_heap_slot(slot);
                }
            }
            match next {
                _ if ev.flags().contains(Evlist::INTERNAL) => self.expire_common(ev, now),
                Some(next) => self.expired_and_rearmed(ev, next),
                None => self.expired(ev),
            }
        }
    }
    /// The next deadline of `ev`, which has timed out: of a persistent event with an interval of its own.
    #[inline]
    fn next_expiry(&self, ev: EventRef, at: i64, now: i64) -> Option<i64> {
        let events = ev.events();
        if !events.contains(Ev::PERSIST) || events.contains(Ev::SIGNAL) {
            return None;
        }
        let interval = ev.interval();
        let span = micros(&interval);
        if span <= 0 || self.common.index_of(&interval).is_some() {
            return None;
        }
        let next = at.saturating_add(span);
        Some(if next <= now { now.saturating_add(span) } else { next })
    }
    /// `ev` stands in the heap for its next deadline already.
    fn expired_and_rearmed(&mut self, ev: EventRef, next: i64) {
        ev.set_timeout(timeval_of(next));
        ev.insert_flags(REARMED);
        self.q.activate(ev, Ev::TIMEOUT, 1);
    }
    /// `ev` is off the heap.
    fn expired(&mut self, ev: EventRef) {
        ev.set_heap_slot(-1);
        ev.remove_flags(Evlist::TIMEOUT);
        self.q.added.sub(1);
        self.time_out(ev);
    }
    fn expire(&mut self, at: i64, ev: EventRef, now: i64) {
        let real = micros_masked(&ev.timeout());
        if real > at {
            // It was moved to later while it stood in the heap.
            self.timers.update(ev.heap_slot(), real);
            return;
        }
        if ev.flags().contains(Evlist::INTERNAL) {
            return self.expire_common(ev, now);
        }
        if let Some(next) = self.next_expiry(ev, real, now) {
            // Its next deadline at once: the entry only sinks, and nothing can fail.
            self.timers.update(ev.heap_slot(), next);
            self.fetch_first_timer();
            return self.expired_and_rearmed(ev, next);
        }
        self.timers.remove(ev.heap_slot());
        self.fetch_first_timer();
        self.expired(ev);
    }
    /// The event that may expire next is far away in memory: have it brought while this one is dealt with.
    #[inline]
    fn fetch_first_timer(&self) {
        if let Some((_, ev)) = self.timers.first() {
            fetch(ev);
        }
    }
    /// `ev` is off the timers, because its time has come.
    pub(super) fn time_out(&mut self, ev: EventRef) {
        let (flags, events) = (ev.flags(), ev.events());
        if !flags.intersects(QUEUED) && flags.contains(Evlist::INSERTED) {
            // A signal event, and a persistent event without an interval, wait for one timeout only. Others are
            // deleted, or get their next deadline, when their callback runs.
            let last =
                events.contains(Ev::SIGNAL) || events.contains(Ev::PERSIST) && micros(&ev.interval()) == 0;
            if last {
                let _ = self.remove_inserted(ev);
            }
        }
        // Reports of I/O in the same turn stay: both are told.
        self.q.activate(ev, Ev::TIMEOUT, 1);
    }

    /// Makes `ev` time out `span` from now, where all is plain: no common timeout, microseconds below a million, and
    /// room in the heap. A later deadline of an event in the heap is only noted, the entry moves when it surfaces.
    /// False, and nothing is done, in all other cases.
    #[inline(always)]
    fn set_timer(&mut self, ev: EventRef, flags: Evlist, span: &timeval) -> bool {
        // Marks of common timeouts are no plain microseconds.
        let plain = |tv: &timeval| (0..1_000_000).contains(&tv.tv_usec);
        let in_heap = flags.contains(Evlist::TIMEOUT);
        let old = ev.timeout();
        if !plain(span) || in_heap && !plain(&old) {
            return false;
        }
        let now = self.clock.now_timeval();
        let usec = now.tv_usec + span.tv_usec;
        let carry = usec >= 1_000_000;
        let new = timeval {
            tv_sec: now.tv_sec.saturating_add(span.tv_sec).saturating_add(carry.into()),
            tv_usec: if carry { usec - 1_000_000 } else { usec },
        };
        if !in_heap {
            let Ok(slot) = self.timers.push(micros(&new), ev) else { return false };
            ev.set_heap_slot(slot);
            ev.insert_flags(Evlist::TIMEOUT);
            self.q.added.add(c_int::from(!flags.contains(Evlist::INTERNAL)));
            self.note_deadline(micros(&new));
        } else if (new.tv_sec, new.tv_usec) < (old.tv_sec, old.tv_usec) {
            self.advance(ev, micros(&new));
        } else {
            self.timers_stale = true;
        }
        ev.set_timeout(new);
        true
    }
    /// The deadline of `ev`, which is in the heap, becomes `at`, which is earlier: so does the entry's, if it is later.
    #[inline]
    fn advance(&mut self, ev: EventRef, at: i64) {
        if self.timers.deadline(ev.heap_slot()).is_some_and(|d| at < d) {
            self.timers.update(ev.heap_slot(), at);
            self.note_deadline(at);
        }
    }
    /// A persistent event is about to run: sets its next deadline, if it has an interval.
    #[inline]
    pub(super) fn rearm(&mut self, ev: EventRef) {
        let interval = ev.interval();
        if interval.tv_sec | interval.tv_usec as c::tv_sec_t == 0 {
            return;
        }
        // The usual case: I/O came before the timeout.
        let flags = ev.flags();
        if flags & (Evlist::TIMEOUT | REARMED) == Evlist::TIMEOUT
            && !ev.res().contains(Ev::TIMEOUT)
            && self.set_timer(ev, flags, &interval)
        {
            return;
        }
        self.rearm_by(ev, &interval);
    }
    #[inline(never)]
    fn rearm_by(&mut self, ev: EventRef, interval: &timeval) {
        let flags = ev.flags();
        if flags.contains(REARMED) {
            return ev.remove_flags(REARMED);
        }
        let timed_out = ev.res().contains(Ev::TIMEOUT);
        if !flags.contains(Evlist::TIMEOUT) && !timed_out {
            // Its timer has been removed.
            return;
        }
        if ev.events().intersects(IO) && !flags.contains(Evlist::INSERTED) {
            // Deleted, and activated by the program: it stays deleted.
            return;
        }
        let now = self.clock.now();
        let common = self.common.index_of(interval);
        let span = if common.is_some() { micros_masked(interval) } else { micros(interval) };
        // After a timeout the next one is counted from when this one was due, so that no drift adds up.
        let from = if timed_out { micros_masked(&ev.timeout()) } else { now };
        let mut at = from.saturating_add(span);
        if at < now {
            at = now.saturating_add(span);
        }
        match common {
            Some(i) => {
                self.remove_timeout(ev);
                self.insert_common(i, ev, at, interval);
            }
            None => {
                if self.set_deadline(ev, at).is_err() {
                    warnx!("event {:p}: out of memory, its timeout is not set again", ev.as_ptr());
                }
            }
        }
    }
    /// Puts `ev`, which is on no timer queue, on common queue `i`, due at `at`.
    fn insert_common(&mut self, i: usize, ev: EventRef, at: i64, tv: &timeval) {
        let mark = tv.tv_usec as i64 & !USEC_MASK;
        let mut due = timeval_of(at);
        due.tv_usec = (due.tv_usec as i64 | mark) as c::suseconds_t;
        ev.set_timeout(due);
        ev.insert_flags(Evlist::TIMEOUT);
        self.q.added.add(c_int::from(!ev.flags().contains(Evlist::INTERNAL)));
        if self.common.insert(i, ev) {
            self.schedule_common(i);
        }
    }
    /// `event_base_init_common_timeout`
    pub(super) fn init_common(&mut self, base: *mut event_base, tv: &timeval) -> Result<*const timeval> {
        self.timers.reserve()?;
        let (span, new) = self.common.find_or_make(base, tv)?;
        if let Some(own) = new {
            self.set_deadline(own, i64::MAX)?;
        }
        Ok(span)
    }
    /// The first event of queue `i` has changed: its own timer follows.
    fn schedule_common(&mut self, i: usize) {
        if let Some(own) = self.common.own(i) {
            // It is in the heap, so this cannot fail.
            let _ = self.set_deadline(own, self.common.first_due(i));
        }
    }
    /// The timer of a common queue has fired.
    fn expire_common(&mut self, own: EventRef, now: i64) {
        let i = own.arg() as usize;
        while let Some(ev) = self.common.pop_due(i, now) {
            ev.remove_flags(Evlist::TIMEOUT);
            self.q.added.sub(c_int::from(!ev.flags().contains(Evlist::INTERNAL)));
            self.time_out(ev);
        }
        let next = self.common.first_due(i);
        own.set_timeout(timeval_of(next));
        self.timers.update(own.heap_slot(), next);
    }
}

/// Has an event brought into the cache.
#[inline]
fn fetch(ev: EventRef) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint; it cannot fault.
        unsafe {
            _mm_prefetch(ev.as_ptr().cast::<i8>(), _MM_HINT_T0);
            _mm_prefetch(ev.as_ptr().cast::<i8>().wrapping_add(64), _MM_HINT_T0);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = ev;
}

/// Up to so many timers the first deadline is kept exact.
const SMALL_HEAP: usize = 64;

/// A debug message; its making stays out of the callers' way.
#[inline]
fn trace(ev: EventRef, doing: &str) {
    #[cold]
    #[inline(never)]
    fn say(ev: EventRef, doing: &str) {
        debugx!(
            "{doing}: {:p} (fd {}), events 0x{:x}, flags 0x{:x}",
            ev.as_ptr(),
            ev.fd(),
            ev.events_raw(),
            ev.flags_raw()
        );
    }
    if log::debug_enabled() {
        say(ev, doing);
    }
}
