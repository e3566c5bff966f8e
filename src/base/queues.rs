//! The queues of active callbacks (one per priority), the later queue, the output queue, and the counts of events.
use super::EventRef;
use super::links::ActiveLink;
use crate::abi::event::{EVENT_MAX_PRIORITIES, Ev, Evlist, event_callback};
use crate::list::TailQueue;
use crate::mem::{self, Vec};
use crate::{Error, Result};
use std::ffi::{c_int, c_short};

type Queue = TailQueue<ActiveLink>;

/// A count and the highest it has been.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) now: c_int,
    pub(crate) max: c_int,
}
impl Count {
    #[inline]
    pub(crate) fn add(&mut self, n: c_int) {
        self.now += n;
        self.max = self.max.max(self.now);
    }
    #[inline]
    pub(crate) fn sub(&mut self, n: c_int) {
        self.now -= n;
    }
}

/// Reads or writes the flags of a callback.
///
/// SAFETY (all): callbacks that reach the queues are alive until they have been taken off (see `CallbackRef` and
/// `EventRef`), and are only touched with the base lock held.
#[inline]
pub(crate) fn flags(cb: *mut event_callback) -> Evlist {
    // SAFETY: as said above.
    Evlist::from_bits_retain(unsafe { (*cb).evcb_flags })
}
#[inline]
pub(crate) fn set_flags(cb: *mut event_callback, f: Evlist) {
    // SAFETY: as said above.
    unsafe { (*cb).evcb_flags = f.bits() }
}
#[inline]
fn counts(f: Evlist) -> c_int {
    c_int::from(!f.contains(Evlist::INTERNAL))
}

/// The bits that say on which queue a callback stands.
pub(crate) const QUEUED: Evlist =
    Evlist::from_bits_retain(Evlist::ACTIVE.bits() | Evlist::ACTIVE_LATER.bits() | Evlist::OUTPUT.bits());

pub(crate) struct Queues {
    active: Vec<Queue>,
    later: Queue,
    output: Queue,
    output_len: usize,
    /// Events added and active; an event may count several times.
    pub(crate) added: Count,
    /// Callbacks on any of the queues.
    pub(crate) active_count: Count,
    pub(crate) virtuals: Count,
    /// The priority whose queue is running; -1: none.
    pub(crate) running_priority: c_int,
    /// After this callback, look at the queues again from the top.
    pub(crate) restart: bool,
    /// Something has to be looked at after this callback: `restart`, or the base's `stop` or `waiters`.
    pub(crate) attention: bool,
    /// Deferred callbacks made active in this turn.
    deferred: u32,
}

/// So many deferred callbacks may become active in one turn; the rest waits for the next.
const MAX_DEFERRED: u32 = 32;

impl Queues {
    /// Call `init` once it stands in its final place.
    pub(crate) const fn unplaced() -> Queues {
        Queues {
            active: mem::new_vec(),
            later: Queue::unplaced(),
            output: Queue::unplaced(),
            output_len: 0,
            added: Count { now: 0, max: 0 },
            active_count: Count { now: 0, max: 0 },
            virtuals: Count { now: 0, max: 0 },
            running_priority: -1,
            restart: false,
            attention: false,
            deferred: 0,
        }
    }
    pub(crate) fn init(&mut self) -> Result<()> {
        self.later.init();
        self.output.init();
        self.set_priorities(1)
    }
    #[inline]
    pub(crate) fn priorities(&self) -> usize {
        self.active.len()
    }
    /// `event_base_priority_init`: only while nothing is active.
    pub(crate) fn set_priorities(&mut self, n: usize) -> Result<()> {
        if self.active_count.now != 0 || n < 1 || n >= EVENT_MAX_PRIORITIES as usize {
            return Err(Error::Invalid);
        }
        if n == self.active.len() {
            return Ok(());
        }
        let mut new = mem::new_vec();
        new.try_reserve_exact(n).map_err(|_| Error::NoMem)?;
        new.resize_with(n, Queue::unplaced);
        // Heads must stay where they are from `init` on; the vector's block does not move any more.
        new.iter_mut().for_each(Queue::init);
        self.active = new;
        Ok(())
    }
    /// Whether something is on any of the queues.
    #[inline]
    pub(crate) fn any_active(&self) -> bool {
        self.active_count.now != 0
    }
    /// Whether something keeps the loop alive.
    #[inline]
    pub(crate) fn any_events(&self) -> bool {
        self.added.now > 0 || self.virtuals.now > 0
    }
    #[inline]
    fn queue_of(&mut self, cb: *mut event_callback) -> Option<&mut Queue> {
        // SAFETY: see `flags`.
        let pri = usize::from(unsafe { (*cb).evcb_pri });
        if pri >= self.active.len() {
            // From before a smaller `event_base_priority_init`: counts as the least urgent.
            return self.active.last_mut();
        }
        self.active.get_mut(pri)
    }
    /// Puts a callback that is on no queue on its active queue.
    #[inline]
    pub(crate) fn insert_active(&mut self, cb: *mut event_callback) {
        let f = flags(cb);
        self.added.add(counts(f));
        self.active_count.add(1);
        set_flags(cb, f | Evlist::ACTIVE);
        self.append(cb);
    }
    pub(crate) fn insert_later(&mut self, cb: *mut event_callback) {
        let f = flags(cb);
        self.added.add(counts(f));
        self.active_count.add(1);
        set_flags(cb, f | Evlist::ACTIVE_LATER);
        // SAFETY: alive, and on no queue.
        unsafe { self.later.insert_tail(cb) }
    }
    pub(crate) fn insert_output(&mut self, cb: *mut event_callback) {
        let f = flags(cb);
        self.added.add(counts(f));
        self.active_count.add(1);
        self.output_len += 1;
        set_flags(cb, f | Evlist::OUTPUT);
        // SAFETY: alive, and on no queue.
        unsafe { self.output.insert_tail(cb) }
    }
    /// Takes a callback off the active queue it is on.
    #[inline]
    pub(crate) fn remove_active(&mut self, cb: *mut event_callback) {
        let f = flags(cb);
        self.added.sub(counts(f));
        self.active_count.sub(1);
        set_flags(cb, f & !Evlist::ACTIVE);
        if let Some(q) = self.queue_of(cb) {
            // SAFETY: ACTIVE said that it is on this queue.
            unsafe { q.remove(cb) }
        }
    }
    /// Takes `cb` off the queue of `pri`, whose head it is. `n` is 0 for an internal event, else 1.
    #[inline]
    pub(crate) fn remove_first(&mut self, pri: usize, n: c_int, cb: *mut event_callback) {
        let f = flags(cb);
        // Before anything is written: the caller's test of `pri` still counts for the compiler.
        if let Some(q) = self.active.get_mut(pri) {
            // SAFETY: the caller has just read it as the head.
            unsafe { q.remove_first(cb) }
        }
        self.added.sub(n);
        self.active_count.sub(1);
        set_flags(cb, f & !Evlist::ACTIVE);
    }
    /// Takes a callback off whatever queue it is on. False: it was on none.
    pub(crate) fn remove_any(&mut self, cb: *mut event_callback) -> bool {
        let f = flags(cb);
        if f.contains(Evlist::ACTIVE) {
            self.remove_active(cb);
            return true;
        }
        let q = if f.contains(Evlist::ACTIVE_LATER) {
            &mut self.later
        } else if f.contains(Evlist::OUTPUT) {
            self.output_len -= 1;
            &mut self.output
        } else {
            return false;
        };
        // SAFETY: its flag said that it is on this queue.
        unsafe { q.remove(cb) };
        self.added.sub(counts(f));
        self.active_count.sub(1);
        set_flags(cb, f & !QUEUED);
        true
    }
    /// The head of the queue of `pri`, or null.
    #[inline]
    pub(crate) fn first(&self, pri: usize) -> *mut event_callback {
        // Not through `get`: a test of the option would stay in the hottest loop.
        if pri < self.active.len() { self.active[pri].first() } else { std::ptr::null_mut() }
    }
    /// The head of the later queue, or null.
    pub(crate) fn first_later(&self) -> *mut event_callback {
        self.later.first()
    }
    #[inline]
    pub(crate) fn output_len(&self) -> usize {
        self.output_len
    }
    /// Takes the head off the output queue.
    #[inline]
    pub(crate) fn take_output(&mut self) -> Option<*mut event_callback> {
        let cb = self.output.first();
        if cb.is_null() {
            return None;
        }
        // SAFETY: it is the first.
        unsafe { self.output.remove_first(cb) };
        let f = flags(cb);
        self.output_len -= 1;
        self.added.sub(counts(f));
        self.active_count.sub(1);
        set_flags(cb, f & !QUEUED);
        Some(cb)
    }
    /// The head of any queue that is not empty, or null.
    pub(crate) fn first_of_all(&self) -> *mut event_callback {
        let all = self.active.iter().chain([&self.later, &self.output]);
        all.map(Queue::first).find(|cb| !cb.is_null()).unwrap_or(std::ptr::null_mut())
    }
    /// What comes after `cb` on the queue it is on.
    pub(crate) fn next(&self, cb: *mut event_callback) -> *mut event_callback {
        // SAFETY: the caller got it from this queue under the same lock.
        unsafe { Queue::next(cb) }
    }
    /// A new turn: what was put off becomes active.
    #[inline]
    pub(crate) fn start_turn(&mut self) {
        self.restart = false;
        self.attention = false;
        self.deferred = 0;
        if !self.later.is_empty() {
            self.promote_later();
        }
    }
    fn promote_later(&mut self) {
        loop {
            let cb = self.later.first();
            if cb.is_null() {
                return;
            }
            self.remove_any(cb);
            self.insert_active(cb);
            // SAFETY: see `flags`.
            let closure = unsafe { (*cb).evcb_closure };
            self.deferred += u32::from(closure == crate::abi::event::closure::CB_SELF);
        }
    }

    /// Makes an internal callback active. False: it was active already, or is being finalized.
    pub(crate) fn activate_callback(&mut self, cb: *mut event_callback) -> bool {
        let f = flags(cb);
        if f.intersects(Evlist::FINALIZING | Evlist::ACTIVE) {
            return false;
        }
        let fresh = !self.remove_any(cb);
        self.insert_active(cb);
        fresh
    }
    /// The same for the next turn.
    pub(crate) fn activate_callback_later(&mut self, cb: *mut event_callback) -> bool {
        if flags(cb).intersects(QUEUED | Evlist::FINALIZING) {
            return false;
        }
        self.insert_later(cb);
        true
    }
    /// A deferred callback: in this turn, or in the next if there have been many.
    pub(crate) fn schedule_deferred(&mut self, cb: *mut event_callback) -> bool {
        if self.deferred > MAX_DEFERRED {
            return self.activate_callback_later(cb);
        }
        let fresh = self.activate_callback(cb);
        self.deferred += u32::from(fresh);
        fresh
    }

    /// `what` happened to `ev`: puts it on its active queue, or adds to what it is active with.
    #[inline(always)]
    pub(crate) fn activate(&mut self, ev: EventRef, what: Ev, ncalls: c_short) {
        let f = ev.flags();
        if f.intersects(Evlist::FINALIZING | QUEUED) {
            return self.activate_again(ev, what);
        }
        ev.set_res(what);
        if ev.events().contains(Ev::SIGNAL) {
            ev.set_ncalls(ncalls);
        }
        self.note_priority(ev);
        self.insert_active(ev.callback());
    }
    /// [`Self::activate`] for the descriptors that a wait reports: no callback is running, the event is on no queue,
    /// not being finalized, neither a signal nor internal. It has to be told to [`Self::count_collected`].
    #[inline(always)]
    pub(crate) fn collect(&mut self, ev: EventRef, what: Ev) {
        ev.set_res(what);
        ev.insert_flags(Evlist::ACTIVE);
        self.append(ev.callback());
    }
    /// Puts `cb`, which is on no queue, at the end of the queue of its priority.
    #[inline(always)]
    fn append(&mut self, cb: *mut event_callback) {
        // SAFETY: see `flags`.
        let pri = usize::from(unsafe { (*cb).evcb_pri });
        match self.active.get_mut(pri) {
            // SAFETY: alive (see `flags`), and on no queue.
            Some(q) => unsafe { q.insert_tail(cb) },
            None => self.insert_least_urgent(cb),
        }
    }
    /// From before a smaller `event_base_priority_init`.
    #[cold]
    fn insert_least_urgent(&mut self, cb: *mut event_callback) {
        if let Some(q) = self.active.last_mut() {
            // SAFETY: as above.
            unsafe { q.insert_tail(cb) }
        }
    }
    #[inline]
    pub(crate) fn count_collected(&mut self, n: c_int) {
        self.added.add(n);
        self.active_count.add(n);
    }
    #[cold]
    fn activate_again(&mut self, ev: EventRef, what: Ev) {
        let f = ev.flags();
        if f.contains(Evlist::FINALIZING) {
            return;
        }
        ev.set_res(ev.res() | what);
        if f.contains(Evlist::ACTIVE_LATER) {
            self.note_priority(ev);
            self.remove_any(ev.callback());
            self.insert_active(ev.callback());
        }
    }
    #[inline]
    fn note_priority(&mut self, ev: EventRef) {
        // What is more urgent than what is running goes first.
        if c_int::from(ev.pri()) < self.running_priority {
            self.restart = true;
            self.attention = true;
        }
    }
    /// `ev` becomes active in the next turn.
    pub(crate) fn activate_later(&mut self, ev: EventRef, what: Ev) {
        let f = ev.flags();
        if f.intersects(QUEUED) {
            return ev.set_res(ev.res() | what);
        }
        if f.contains(Evlist::FINALIZING) {
            return;
        }
        ev.set_res(what);
        self.insert_later(ev.callback());
    }

    /// True if flags, queues and counts agree.
    pub(crate) fn is_consistent(&self) -> bool {
        let mut n = 0;
        let mut check = |q: &Queue, want: Evlist, pri: Option<usize>| {
            let mut cb = q.first();
            while !cb.is_null() {
                n += 1;
                // SAFETY: see `flags`.
                let p = usize::from(unsafe { (*cb).evcb_pri }).min(self.active.len().wrapping_sub(1));
                if flags(cb) & QUEUED != want || pri.is_some_and(|x| x != p) {
                    return false;
                }
                // SAFETY: it is on this queue.
                cb = unsafe { Queue::next(cb) };
            }
            true
        };
        let ok = self.active.iter().enumerate().all(|(i, q)| check(q, Evlist::ACTIVE, Some(i)))
            && check(&self.later, Evlist::ACTIVE_LATER, None)
            && check(&self.output, Evlist::OUTPUT, None);
        ok && n == self.active_count.now
    }
}
