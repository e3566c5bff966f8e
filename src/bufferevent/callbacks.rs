//! Calling the program: at once, or from a deferred callback.
use super::BevRef;
use super::private::State;
use crate::abi::bufferevent::{BEV_TRIG_DEFER_CALLBACKS, BEV_TRIG_IGNORE_WATERMARKS, BevEvent, BevOpt};
use crate::abi::event::{Ev, event_callback};
use crate::{callback, sys};
use std::ffi::{c_int, c_void};

/// What a trigger may be told.
const TRIGGER_OPTIONS: c_int = BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS;

impl BevRef {
    /// `bufferevent_trigger`
    pub fn trigger(self, what: Ev, options: c_int) {
        let _busy = self.busy();
        self.trigger_locked(what, options & TRIGGER_OPTIONS);
    }
    /// `bufferevent_trigger_event`
    pub fn trigger_event(self, what: BevEvent, options: c_int) {
        let _busy = self.busy();
        self.run_eventcb(what, options & TRIGGER_OPTIONS);
    }
    /// Runs the data callbacks whose low watermarks are satisfied. Like all below: the lock and a reference are held.
    #[inline(always)]
    pub(crate) fn trigger_locked(self, what: Ev, options: c_int) {
        let any = options & BEV_TRIG_IGNORE_WATERMARKS != 0;
        if what.contains(Ev::READ)
            && self.readcb().is_some()
            && (any || self.input().len() >= self.wm_read().low)
        {
            self.run_readcb(options);
        }
        if what.contains(Ev::WRITE)
            && self.writecb().is_some()
            && (any || self.output().len() <= self.wm_write().low)
        {
            self.run_writecb(options);
        }
    }
    #[inline]
    fn defers(self, options: c_int) -> bool {
        (self.own().options.get() | options) & BevOpt::DEFER_CALLBACKS.bits() != 0
    }
    #[inline]
    pub(crate) fn run_readcb(self, options: c_int) {
        let cb = self.readcb();
        if cb.is_none() {
            return;
        }
        if self.defers(options) {
            self.defer(State::READCB_PENDING);
        } else {
            // SAFETY: what the program registered together; a reference keeps us alive.
            unsafe { callback::bufferevent_data(cb, self.as_ptr(), self.cbarg()) };
            self.check_still_full();
        }
    }
    #[inline]
    pub(crate) fn run_writecb(self, options: c_int) {
        let cb = self.writecb();
        if cb.is_none() {
            return;
        }
        if self.defers(options) {
            self.defer(State::WRITECB_PENDING);
        } else {
            // SAFETY: as in `run_readcb`.
            unsafe { callback::bufferevent_data(cb, self.as_ptr(), self.cbarg()) };
        }
    }
    /// The callback finds errno as it is now.
    pub(crate) fn run_eventcb(self, what: BevEvent, options: c_int) {
        let cb = self.eventcb();
        if cb.is_none() {
            return;
        }
        if self.defers(options) {
            let own = self.own();
            own.event_pending.set(own.event_pending.get() | what.bits());
            own.errno_pending.set(sys::errno());
            self.defer(State::empty());
        } else {
            // SAFETY: as in `run_readcb`.
            unsafe { callback::bufferevent_event(cb, self.as_ptr(), what.bits(), self.cbarg()) };
        }
    }
    /// Notes what is due and queues the deferred callback; the queue holds a reference.
    fn defer(self, pending: State) {
        self.own().set(pending, true);
        self.schedule_deferred();
    }
    pub(super) fn schedule_deferred(self) {
        let own = self.own();
        if own.has(State::DEFERRED_QUEUED) {
            return;
        }
        if let Some(base) = self.base()
            && self.deferred().schedule(base)
        {
            own.set(State::DEFERRED_QUEUED, true);
            own.refs.set(own.refs.get() + 1);
        }
    }
    /// A transport may overrun the high watermark (TLS does), and reading rests there. If the program's callback has
    /// left the input full, nothing would call it again: so it is called from the loop until it drains or stops reading.
    #[inline]
    fn check_still_full(self) {
        let high = self.wm_read().high;
        if high != 0 && self.is_enabled(Ev::READ) && self.input().len() >= high {
            self.trigger_locked(Ev::READ, BEV_TRIG_DEFER_CALLBACKS);
        }
    }
}

/// Runs `f` without the lock if the program asked for that, else with it.
struct Caller {
    bev: BevRef,
    unlock: bool,
}
impl Caller {
    fn call(&self, f: impl FnOnce()) {
        if self.unlock {
            // SAFETY: `run_deferred` acquired it, once: nothing that it protects is borrowed here.
            unsafe { self.bev.release() };
            f();
            self.bev.acquire();
        } else {
            f();
        }
    }
}

/// # Safety
/// `arg` is a bufferevent on which the queue held a reference.
pub(super) unsafe extern "C" fn run_deferred(_: *mut event_callback, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let _busy = bev.enter_from_queue();
    let own = bev.own();
    own.set(State::DEFERRED_QUEUED, false);
    let caller = Caller { bev, unlock: bev.options().contains(BevOpt::UNLOCK_CALLBACKS) };
    let p = bev.as_ptr();

    // The connection stood before anything was read or written, so that comes first.
    let pending = BevEvent::from_bits_retain(own.event_pending.get());
    if pending.contains(BevEvent::CONNECTED) && bev.eventcb().is_some() {
        own.event_pending.set((pending - BevEvent::CONNECTED).bits());
        let (cb, arg) = (bev.eventcb(), bev.cbarg());
        // SAFETY: what the program registered together; we hold a reference.
        caller.call(|| unsafe { callback::bufferevent_event(cb, p, BevEvent::CONNECTED.bits(), arg) });
    }
    if own.has(State::READCB_PENDING) && bev.readcb().is_some() {
        own.set(State::READCB_PENDING, false);
        let (cb, arg) = (bev.readcb(), bev.cbarg());
        // SAFETY: as above.
        caller.call(|| unsafe { callback::bufferevent_data(cb, p, arg) });
        bev.check_still_full();
    }
    if own.has(State::WRITECB_PENDING) && bev.writecb().is_some() {
        own.set(State::WRITECB_PENDING, false);
        let (cb, arg) = (bev.writecb(), bev.cbarg());
        // SAFETY: as above.
        caller.call(|| unsafe { callback::bufferevent_data(cb, p, arg) });
    }
    let what = own.event_pending.get();
    if what != 0 && bev.eventcb().is_some() {
        own.event_pending.set(0);
        let err = own.errno_pending.replace(0);
        let (cb, arg) = (bev.eventcb(), bev.cbarg());
        caller.call(|| {
            sys::set_errno(err);
            // SAFETY: as above.
            unsafe { callback::bufferevent_event(cb, p, what, arg) }
        });
    }
}
