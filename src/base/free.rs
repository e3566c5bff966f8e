//! Freeing a base: every event is taken off it, finalizers run.
use super::guard::Guard;
use super::queues::flags;
use super::run::finalize_event;
use super::{BaseRef, EventRef, current};
use crate::abi::event::{Evlist, closure, event_callback};
use crate::mem::{self, Box};
use crate::{callback, debugx};

impl BaseRef {
    /// `event_base_free` and `event_base_free_nofinalize`.
    ///
    /// # Safety
    /// No handle on the base is used any more, no other thread is inside it, its loop does not run.
    pub unsafe fn free(self, run_finalizers: bool) {
        #[cfg(has_iocp)]
        self.stop_iocp();
        let mut g = self.lock();
        g.close_notify();
        let mut n = g.delete_all_events();
        loop {
            let some;
            (g, some) = empty_queues(g, run_finalizers);
            // A finalizer may have added more.
            if some + g.delete_all_events() == 0 {
                break;
            }
            n += some;
        }
        if n > 0 {
            debugx!("event_base_free: {n} events were left");
        }
        g.free_all_once();
        g.remove_own(false);
        drop(g);
        if current::get() == Some(self) {
            current::set(None);
        }
        // SAFETY: made by `new`; the caller's promise.
        drop(unsafe { Box::from_raw_in(self.raw(), mem::Alloc) });
    }
}

impl Guard {
    /// All that wait for something; how many there were. The base's own stay.
    fn delete_all_events(&mut self) -> usize {
        let mut n = 0;
        let mut kept = None;
        while let Some(ev) = self.io.next_event(kept) {
            if ev.flags().contains(Evlist::INTERNAL) {
                kept = Some(ev);
                continue;
            }
            let _ = self.del(ev, true);
            n += 1;
        }
        while let Some(ev) = self.signals.next_event(None) {
            let _ = self.del(ev, true);
            n += 1;
        }
        for i in 0..self.common.len() {
            while let Some(ev) = self.common.first(i) {
                let _ = self.del(ev, true);
                n += 1;
            }
        }
        while let Some((_, ev)) = self.timers.first() {
            if ev.flags().contains(Evlist::INTERNAL) {
                self.remove_timeout(ev);
            } else {
                let _ = self.del(ev, true);
                n += 1;
            }
        }
        n
    }
}

/// Takes everything off the active, later and output queues.
fn empty_queues(mut g: Guard, run_finalizers: bool) -> (Guard, usize) {
    let mut n = 0;
    loop {
        let cb = g.q.first_of_all();
        if cb.is_null() {
            return (g, n);
        }
        n += 1;
        g = cancel(g, cb, run_finalizers);
    }
}
fn cancel(mut g: Guard, cb: *mut event_callback, run_finalizers: bool) -> Guard {
    let f = flags(cb);
    if !f.contains(Evlist::INIT) {
        g.q.remove_any(cb);
        // SAFETY: it was on a queue, so it is alive; the union holds what the closure says.
        let (kind, fin, arg) =
            unsafe { ((*cb).evcb_closure, (*cb).evcb_cb_union.evcb_cbfinalize, (*cb).evcb_arg) };
        if run_finalizers && f.contains(Evlist::FINALIZING) && kind == closure::CB_FINALIZE {
            // SAFETY: registered together; no guard is alive.
            return g.call_out(|| unsafe { callback::selfcb(fin, cb, arg) });
        }
        return g;
    }
    // SAFETY: INIT says that it is the head of an event.
    let ev = unsafe { EventRef::from_callback(cb) };
    let _ = g.del(ev, true);
    if !run_finalizers || !f.contains(Evlist::FINALIZING) {
        return g;
    }
    match ev.closure() {
        kind @ (closure::EVENT_FINALIZE | closure::EVENT_FINALIZE_FREE) => {
            let (fin, arg) = (ev.finalize_fn(), ev.arg());
            g.call_out(|| finalize_event(ev, fin, arg, kind == closure::EVENT_FINALIZE_FREE))
        }
        closure::CB_FINALIZE => {
            // SAFETY: alive; the union holds what the closure says.
            let (fin, arg) = unsafe { ((*cb).evcb_cb_union.evcb_cbfinalize, (*cb).evcb_arg) };
            // SAFETY: registered together; no guard is alive.
            g.call_out(|| unsafe { callback::selfcb(fin, cb, arg) })
        }
        _ => g,
    }
}
