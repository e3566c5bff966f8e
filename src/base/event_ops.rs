//! What can be done with an event: assign, add, delete, activate, ask.
use super::clock::{micros_masked, timeval_of};
use super::guard::Guard;
use super::{BaseRef, EventRef, current, debug, state};
use crate::abi::event::{
    Ev, Evlist, ListEntry, TailqEntry, closure, ev_io, ev_timeout_pos, ev_union, evcb_cb_union, event,
    event_base, event_callback, event_callback_fn,
};
use crate::abi::util::evutil_socket_t;
use crate::sys::c::timeval;
use crate::{Error, Result, warnx};
use std::ffi::{c_short, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;

/// Whether `event_del` waits for a callback that is running in another thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Del {
    /// Unless the event was assigned with EV_FINALIZE.
    Auto,
    Block,
    NoBlock,
}

const ZERO: timeval = timeval { tv_sec: 0, tv_usec: 0 };

impl EventRef {
    /// Writes every field.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "an event has that many fields")]
    pub(super) fn fill(
        self,
        base: *mut event_base,
        fd: evutil_socket_t,
        events: Ev,
        flags: Evlist,
        pri: u8,
        cb: event_callback_fn,
        arg: *mut c_void,
    ) {
        let kind = if events.contains(Ev::SIGNAL) {
            closure::EVENT_SIGNAL
        } else if events.contains(Ev::PERSIST) {
            closure::EVENT_PERSIST
        } else {
            closure::EVENT
        };
        let io =
            ev_io { ev_io_next: ListEntry { le_next: null_mut(), le_prev: null_mut() }, ev_timeout: ZERO };
        let new = event {
            ev_evcallback: event_callback {
                evcb_active_next: TailqEntry { tqe_next: null_mut(), tqe_prev: null_mut() },
                evcb_flags: flags.bits(),
                evcb_pri: pri,
                evcb_closure: kind,
                evcb_cb_union: evcb_cb_union { evcb_callback: cb },
                evcb_arg: arg,
            },
            ev_timeout_pos: ev_timeout_pos { min_heap_idx: -1 },
            ev_fd: fd,
            ev_base: base,
            ev_: ev_union { ev_io: ManuallyDrop::new(io) },
            ev_events: events.bits(),
            ev_res: 0,
            ev_timeout: ZERO,
        };
        // SAFETY: room for an event, and no reference to it exists.
        unsafe { self.as_ptr().write(new) }
    }
    /// Makes this one of the base's own events: most urgent, counted nowhere, known to no debug table.
    pub(super) fn init_internal(
        self,
        base: *mut event_base,
        fd: evutil_socket_t,
        events: Ev,
        arg: *mut c_void,
    ) {
        self.fill(base, fd, events, Evlist::INIT | Evlist::INTERNAL, 0, None, arg);
    }

    /// `event_assign`. None: the current base of the 1.x API.
    #[inline]
    pub fn assign(
        self,
        base: Option<BaseRef>,
        fd: evutil_socket_t,
        events: Ev,
        cb: event_callback_fn,
        arg: *mut c_void,
    ) -> Result<()> {
        let base = base.or_else(current::get);
        debug::assert_assignable(self, fd, events);
        let arg = if arg == self_cbarg() { self.as_ptr().cast() } else { arg };
        let pri = base.map_or(0, |b| b.priorities() / 2) as u8;
        self.fill(base.map_or(null_mut(), BaseRef::as_ptr), fd, events, Evlist::INIT, pri, cb, arg);
        if events.contains(Ev::SIGNAL) && events.intersects(state::IO) {
            warnx!("event_assign: EV_SIGNAL is not compatible with EV_READ, EV_WRITE or EV_CLOSED");
            return Err(Error::Invalid);
        }
        debug::note_setup(self);
        Ok(())
    }
    /// `event_base_set`: only for an event that is nowhere.
    pub fn set_base(self, base: BaseRef) -> Result<()> {
        if self.flags() != Evlist::INIT {
            return Err(Error::Invalid);
        }
        debug::assert_set_up(self, "event_base_set");
        self.set_base_field(base.as_ptr());
        self.set_pri((base.priorities() / 2) as u8);
        Ok(())
    }
    /// `event_debug_unassign`
    pub fn unassign(self) {
        debug::assert_not_added(self, "event_debug_unassign");
        debug::note_teardown(self);
        self.remove_flags(Evlist::INIT);
    }

    /// Its base, locked.
    #[inline(always)]
    fn lock(self, doing: &str) -> Option<Guard> {
        #[cold]
        #[inline(never)]
        fn none(doing: &str) {
            warnx!("{doing}: the event belongs to no base");
        }
        let base = self.base();
        if base.is_none() {
            none(doing);
        }
        base.map(BaseRef::lock)
    }
    /// `event_add`; None: no timeout (an existing one stays).
    #[inline]
    #[allow(clippy::should_implement_trait, reason = "libevent's noun")]
    pub fn add(self, timeout: Option<&timeval>) -> Result<()> {
        let Some(mut g) = self.lock("event_add") else { return Err(Error::Invalid) };
        let result = g.add(self, timeout);
        g.unlock();
        result
    }
    /// `event_del`
    #[inline]
    pub fn del(self) -> Result<()> {
        self.del_as(Del::Auto)
    }
    /// `event_del_noblock`
    pub fn del_noblock(self) -> Result<()> {
        self.del_as(Del::NoBlock)
    }
    #[inline]
    pub fn del_as(self, how: Del) -> Result<()> {
        let Some(mut g) = self.lock("event_del") else { return Err(Error::Invalid) };
        let finalizing = self.flags().contains(Evlist::FINALIZING);
        let result = g.del(self, false);
        if g.current == self.callback() && !finalizing {
            self.await_callback(&mut g, how);
        }
        g.unlock();
        result
    }
    /// Its callback is running: unless in this thread, waits for it as `how` says, so that the caller may free
    /// what the callback uses.
    #[cold]
    fn await_callback(self, g: &mut Guard, how: Del) {
        let wait = match how {
            Del::NoBlock => false,
            Del::Block => true,
            Del::Auto => !self.events().contains(Ev::FINALIZE),
        };
        if wait && !g.in_loop_thread() {
            g.wait_for_callback();
        }
    }
    /// `event_remove_timer`
    pub fn remove_timer(self) -> Result<()> {
        self.lock("event_remove_timer").ok_or(Error::Invalid)?.remove_timer(self);
        Ok(())
    }
    /// `event_active`
    #[inline]
    pub fn active(self, res: Ev) {
        self.active_with(res, 1);
    }
    /// `event_active`; `ncalls`: how often a signal event's callback is to run.
    #[inline]
    pub fn active_with(self, res: Ev, ncalls: c_short) {
        if let Some(mut g) = self.lock("event_active") {
            debug::assert_set_up(self, "event_active");
            g.activate(self, res, ncalls);
            g.unlock();
        }
    }
    /// Makes it active in the loop's next turn.
    pub fn active_later(self, res: Ev) {
        if let Some(mut g) = self.lock("event_active_later_") {
            g.q.activate_later(self, res);
            g.wake();
        }
    }
    /// `event_pending`
    pub fn pending(self, what: Ev) -> Ev {
        self.pending_until(what).0
    }
    /// `event_pending`, with the wall-clock time of its timeout if it has one and `what` asks for it.
    pub fn pending_until(self, what: Ev) -> (Ev, Option<timeval>) {
        let Some(mut g) = self.lock("event_pending") else { return (Ev::empty(), None) };
        debug::assert_set_up(self, "event_pending");
        let flags = self.flags();
        let all = state::IO | Ev::SIGNAL;
        let mut is = Ev::empty();
        if flags.contains(Evlist::INSERTED) {
            is |= self.events() & all;
        }
        if flags.intersects(Evlist::ACTIVE | Evlist::ACTIVE_LATER) {
            is |= self.res();
        }
        is.set(Ev::TIMEOUT, flags.contains(Evlist::TIMEOUT) || is.contains(Ev::TIMEOUT));
        is &= what & (all | Ev::TIMEOUT);
        let at = is.contains(Ev::TIMEOUT).then(|| g.wall_deadline(self));
        (is, at)
    }
    /// `event_priority_set`
    pub fn set_priority(self, pri: i32) -> Result<()> {
        debug::assert_set_up(self, "event_priority_set");
        let base = self.base().ok_or(Error::Invalid)?;
        if self.flags().contains(Evlist::ACTIVE) || pri < 0 || pri >= base.priorities() {
            return Err(Error::Invalid);
        }
        self.set_pri(pri as u8);
        Ok(())
    }
}

impl state::State {
    /// When `ev` times out, by the wall clock.
    pub(super) fn wall_deadline(&mut self, ev: EventRef) -> timeval {
        timeval_of(micros_masked(&ev.timeout()).saturating_add(self.clock.wall_offset()))
    }
}

/// `event_self_cbarg`: an argument that `event_assign` replaces by the event itself.
pub fn self_cbarg() -> *mut c_void {
    static MARK: u8 = 0;
    (&raw const MARK).cast_mut().cast()
}
