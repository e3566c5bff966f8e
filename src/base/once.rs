//! `event_base_once`: an event that the base owns and frees when it has fired.
use super::{BaseRef, EventRef, debug, state};
use crate::abi::event::{Ev, ListEntry, event, event_callback_fn};
use crate::abi::util::evutil_socket_t;
use crate::list::ListLink;
use crate::mem::{self, Box};
use crate::{Error, Result};
use libc::timeval;
use std::ffi::c_void;

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
        // SAFETY: all zeros is an event that has not been assigned, and a link on no list.
        let b = mem::new_box(unsafe { std::mem::zeroed::<Once>() })?;
        let (once, _) = Box::into_raw_with_allocator(b);
        // SAFETY: just made; the event is its first field.
        let ev = unsafe { EventRef::from_callback(once.cast()) };
        let made = ev.assign(Some(self), fd, io, cb, arg);
        ev.set_closure(CLOSURE);
        let mut g = self.lock();
        let done = made.and_then(|()| {
            // A callback for at once is queued directly, which also keeps such callbacks in order.
            if timer_only && tv.is_none_or(|t| t.tv_sec == 0 && t.tv_usec == 0) {
                g.activate(ev, Ev::TIMEOUT, 1);
                return Ok(());
            }
            g.add(ev, tv)
        });
        match done {
            // SAFETY: alive until `take` or `free_all`.
            Ok(()) => unsafe { g.once.insert_head(once) },
            // SAFETY: on no queue.
            Err(_) => unsafe { free(once) },
        }
        done
    }
}

/// # Safety
/// `once` is on no queue and no list any more.
unsafe fn free(once: *mut Once) {
    // SAFETY: alive until the next line.
    debug::note_teardown(unsafe { EventRef::from_callback(once.cast()) });
    // SAFETY: made by `BaseRef::once`.
    drop(unsafe { Box::from_raw_in(once, mem::Alloc) });
}

impl state::State {
    /// Frees the `Once` that `ev`, on no queue any more, is the head of.
    pub(super) fn free_once(&mut self, ev: EventRef) {
        let once = ev.as_ptr().cast::<Once>();
        // SAFETY: the closure said that it is a `Once`; it has been on the list since `BaseRef::once`.
        unsafe {
            self.once.remove(once);
            free(once);
        }
    }
    /// The base dies, and its events have been deleted.
    pub(super) fn free_all_once(&mut self) {
        while !self.once.is_empty() {
            // SAFETY: members of the list are alive.
            let ev = unsafe { EventRef::from_callback(self.once.first().cast()) };
            self.free_once(ev);
        }
    }
}
