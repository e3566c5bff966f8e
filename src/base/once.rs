//! `event_base_once`: an event that the base owns and frees when it has fired.
use super::{BaseRef, EventRef, debug, state};
use crate::abi::event::{Ev, Evlist, ListEntry, event, event_callback_fn};
use crate::abi::util::evutil_socket_t;
use crate::list::ListLink;
use crate::mem;
use crate::sys::c::timeval;
use crate::{Error, Result};
use std::ffi::c_void;
use std::ptr::null_mut;

/// Our own value of `evcb_closure`: an event at the head of a [`Once`].
pub(super) const CLOSURE: u8 = 7;

#[repr(C)]
pub(crate) struct Once {
    ev: event,
    link: ListEntry<Once>,
}
pub(crate) enum OnceLink {}
// SAFETY: one fixed field; only the base's list of once events uses it.
unsafe impl ListLink for OnceLink {
    type Node = Once;
    unsafe fn entry(node: *mut Once) -> *mut ListEntry<Once> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*node).link }
    }
}

impl BaseRef {
    /// One-shot callback as `event_base_once`.
    pub fn once(
        self,
        fd: evutil_socket_t,
        events: Ev,
        cb: event_callback_fn,
        arg: *mut c_void,
        tv: Option<&timeval>,
    ) -> Result<()> {
        if events.intersects(Ev::SIGNAL | Ev::PERSIST) {
            return Err(Error::Invalid);
        }
        let io = events & state::IO;
        let timer_only = io.is_empty();
        if timer_only && !events.contains(Ev::TIMEOUT) {
            return Err(Error::Invalid);
        }
        let fd = if timer_only { -1 } else { fd };
        let pri = (self.priorities() / 2) as u8;
        let mut g = self.lock();
        let once = g.new_once()?;
        // SAFETY: room for a Once; the event is its first field.
        let ev = unsafe { EventRef::from_callback(once.cast()) };
        ev.fill(self.as_ptr(), fd, io, Evlist::INIT, pri, cb, arg);
        ev.set_closure(CLOSURE);
        debug::note_setup(ev);
        // A callback for at once is queued directly, which also keeps such callbacks in order.
        let done = if timer_only && tv.is_none_or(|t| t.tv_sec == 0 && t.tv_usec == 0) {
            g.activate(ev, Ev::TIMEOUT, 1);
            Ok(())
        } else {
            g.add(ev, tv)
        };
        // SAFETY: alive until `free_once`.
        unsafe { g.once.insert_head(once) };
        if done.is_err() {
            g.free_once(ev);
        }
        g.unlock();
        done
    }
}

/// So many are kept for the next time.
const MAX_SPARE: u32 = 128;

/// Freed `Once`s, linked by `le_next`.
pub(crate) struct Spare {
    first: *mut Once,
    len: u32,
}
impl Spare {
    pub(super) const fn none() -> Spare {
        Spare { first: null_mut(), len: 0 }
    }
}

impl state::State {
    /// Room for one.
    #[inline]
    fn new_once(&mut self) -> Result<*mut Once> {
        let p = self.spare_once.first;
        if p.is_null() {
            let p = mem::malloc(size_of::<Once>()).cast::<Once>();
            return if p.is_null() { Err(Error::NoMem) } else { Ok(p) };
        }
        // SAFETY: spares are ours, with a valid link.
        self.spare_once.first = unsafe { (*p).link.le_next };
        self.spare_once.len -= 1;
        Ok(p)
    }
    /// Gives up the `Once` that `ev`, on no queue any more, is the head of.
    #[inline]
    pub(super) fn free_once(&mut self, ev: EventRef) {
        debug::note_teardown(ev);
        let once = ev.as_ptr().cast::<Once>();
        // SAFETY: the closure said that it is a `Once`; it has been on the list since `BaseRef::once`.
        unsafe {
            self.once.remove(once);
            if self.spare_once.len >= MAX_SPARE {
                return mem::free(once.cast());
            }
            (*once).link.le_next = self.spare_once.first;
        }
        self.spare_once.first = once;
        self.spare_once.len += 1;
    }
    /// The base dies, and its events have been deleted.
    pub(super) fn free_all_once(&mut self) {
        while !self.once.is_empty() {
            // SAFETY: members of the list are alive.
            let ev = unsafe { EventRef::from_callback(self.once.first().cast()) };
            self.free_once(ev);
        }
        while let Some(p) = self.take_spare() {
            // SAFETY: ours, from our allocator.
            unsafe { mem::free(p.cast()) };
        }
    }
    fn take_spare(&mut self) -> Option<*mut Once> {
        if self.spare_once.first.is_null() { None } else { self.new_once().ok() }
    }
}
