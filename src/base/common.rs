//! Common timeouts: many events with the same span stand in a queue, which needs no sorting. Each queue has one
//! entry in the timer heap from its beginning, so that nothing can fail later: an internal event that is due when its
//! first event is.
//!
//! A queue's span is handed to the program with a mark and the queue's number in the upper bits of `tv_usec`.
use super::EventRef;
use super::clock::{USEC_MASK, micros_masked, timeval_of};
use super::links::CommonLink;
use crate::abi::event::{Ev, Evlist, event, event_base};
use crate::list::TailQueue;
use crate::mem::{self, Box, TryVec, Vec};
use crate::sys::c;
use crate::sys::c::timeval;
use crate::{Error, Result, warnx};
use std::ffi::c_void;
use std::ptr::NonNull;

const MARK_MASK: i64 = 0xf000_0000;
const MARK: i64 = 0x5000_0000;
const INDEX_SHIFT: u32 = 20;
/// The number has 8 bits.
const MAX: usize = 256;

struct CommonTimeout {
    queue: TailQueue<CommonLink>,
    /// What the program got: marked.
    span: timeval,
    /// The entry in the heap.
    own: event,
}

/// The queues stay where they are, and alive, until the base is freed.
pub(crate) struct CommonTimeouts(Vec<NonNull<CommonTimeout>>);

impl CommonTimeouts {
    pub(super) const fn new() -> CommonTimeouts {
        CommonTimeouts(mem::new_vec())
    }
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
    fn get(&self, i: usize) -> Option<*mut CommonTimeout> {
        self.0.get(i).map(|p| p.as_ptr())
    }
    /// The queue whose mark `tv` carries.
    #[inline]
    pub(super) fn index_of(&self, tv: &timeval) -> Option<usize> {
        #[allow(clippy::unnecessary_cast, reason = "suseconds_t differs between targets")]
        let usec = tv.tv_usec as i64;
        if usec & MARK_MASK != MARK {
            return None;
        }
        let i = ((usec >> INDEX_SHIFT) & 0xff) as usize;
        (i < self.0.len()).then_some(i)
    }
    /// The marked span of the queue for `tv`, which is made if there is none; then also its own event, which the caller
    /// puts into the heap.
    pub(super) fn find_or_make(
        &mut self,
        base: *mut event_base,
        tv: &timeval,
    ) -> Result<(*const timeval, Option<EventRef>)> {
        let mut span = *tv;
        if self.index_of(tv).is_some() {
            span.tv_usec = (tv.tv_usec as i64 & USEC_MASK) as c::suseconds_t;
        }
        let span = timeval_of(super::clock::micros(&span));
        for p in &self.0 {
            // SAFETY: queues live as long as the base.
            let known = unsafe { &raw const (*p.as_ptr()).span };
            // SAFETY: as above.
            if micros_masked(unsafe { &*known }) == super::clock::micros(&span) {
                return Ok((known, None));
            }
        }
        let i = self.0.len();
        if i >= MAX {
            warnx!("event_base_init_common_timeout: an event_base has at most {MAX} common timeouts");
            return Err(Error::Invalid);
        }
        self.0.try_reserve(1).map_err(|_| Error::NoMem)?;
        let marked = span.tv_usec as i64 | MARK | ((i as i64) << INDEX_SHIFT);
        let b = mem::new_box(CommonTimeout {
            queue: TailQueue::unplaced(),
            span: timeval { tv_sec: span.tv_sec, tv_usec: marked as c::suseconds_t },
            // SAFETY: all zeros is an event that has not been assigned.
            own: unsafe { std::mem::zeroed() },
        })?;
        let (p, _) = Box::into_raw_with_allocator(b);
        // SAFETY: just made, standing where it stays.
        let own = unsafe {
            (*p).queue.init();
            EventRef::from_raw(&raw mut (*p).own)
        };
        if let Some(own) = own {
            own.init_internal(base, -1, Ev::empty(), i as *mut c_void);
        }
        if let Some(p) = NonNull::new(p) {
            self.0.try_push(p)?;
        }
        // SAFETY: as above.
        Ok((unsafe { &raw const (*p).span }, own))
    }
    /// The event that stands in the heap for queue `i`.
    pub(super) fn own(&self, i: usize) -> Option<EventRef> {
        // SAFETY: queues live as long as the base.
        unsafe { EventRef::from_raw(&raw mut (*self.get(i)?).own) }
    }
    /// When its first event is due; never, if it is empty.
    pub(super) fn first_due(&self, i: usize) -> i64 {
        self.first(i).map_or(i64::MAX, |ev| micros_masked(&ev.timeout()))
    }
    pub(super) fn first(&self, i: usize) -> Option<EventRef> {
        let q = self.get(i)?;
        // SAFETY: queues live as long as the base, events on them are alive.
        unsafe { EventRef::from_raw((*q).queue.first()) }
    }
    pub(super) fn next(&self, ev: EventRef) -> Option<EventRef> {
        // SAFETY: the caller got it from a queue under the same lock.
        unsafe { EventRef::from_raw(TailQueue::<CommonLink>::next(ev.as_ptr())) }
    }
    /// Puts `ev` where its deadline belongs: at the end, but for clocks that are not quite monotonic. True if it is
    /// the first now.
    pub(super) fn insert(&mut self, i: usize, ev: EventRef) -> bool {
        let Some(q) = self.get(i) else { return false };
        let due = micros_masked(&ev.timeout());
        // SAFETY: queues live as long as the base, events on them are alive, `ev` is on none.
        unsafe {
            let mut before = (*q).queue.last();
            while let Some(b) = EventRef::from_raw(before) {
                if micros_masked(&b.timeout()) <= due {
                    break;
                }
                before = (*q).queue.previous(before);
            }
            if before.is_null() {
                (*q).queue.insert_head(ev.as_ptr());
            } else {
                (*q).queue.insert_after(before, ev.as_ptr());
            }
            (*q).queue.first() == ev.as_ptr()
        }
    }
    pub(super) fn remove(&mut self, i: usize, ev: EventRef) {
        if let Some(q) = self.get(i) {
            // SAFETY: its deadline says that it is on this queue.
            unsafe { (*q).queue.remove(ev.as_ptr()) }
        }
        // From now on the field holds a slot of the heap again.
        ev.set_heap_slot(-1);
    }
    /// Takes off the first event if it is due.
    pub(super) fn pop_due(&mut self, i: usize, now: i64) -> Option<EventRef> {
        let first = self.first(i)?;
        if micros_masked(&first.timeout()) > now {
            return None;
        }
        self.remove(i, first);
        Some(first)
    }
    /// True if each queue is sorted and its events carry its mark.
    pub(super) fn is_consistent(&self) -> bool {
        (0..self.len()).all(|i| {
            let (mut at, mut last) = (self.first(i), i64::MIN);
            while let Some(ev) = at {
                let due = micros_masked(&ev.timeout());
                if due < last
                    || !ev.flags().contains(Evlist::TIMEOUT)
                    || self.index_of(&ev.timeout()) != Some(i)
                {
                    return false;
                }
                last = due;
                at = self.next(ev);
            }
            true
        })
    }
}
impl Drop for CommonTimeouts {
    fn drop(&mut self) {
        for p in &self.0 {
            // SAFETY: made by `find_or_make`; the base is gone.
            drop(unsafe { Box::from_raw_in(p.as_ptr(), mem::Alloc) });
        }
    }
}
