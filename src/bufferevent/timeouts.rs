//! Timeouts. A socket's stand on its read and write events; other kinds use the same two events as plain timers.
use super::BevRef;
use crate::Result;
use crate::abi::bufferevent::BevEvent;
use crate::abi::event::Ev;
use crate::abi::util::evutil_socket_t;
use crate::base::EventRef;
use crate::sys::c::timeval;
use std::ffi::{c_short, c_void};

#[inline]
pub(super) fn is_set(tv: &timeval) -> bool {
    tv.tv_sec != 0 || tv.tv_usec != 0
}
/// Adds `ev`; a zero time means none.
#[inline]
pub(super) fn add_event(ev: EventRef, tv: &timeval) -> Result<()> {
    ev.add(if is_set(tv) { Some(tv) } else { None })
}

impl BevRef {
    /// `bufferevent_set_timeouts`; None: no timeout.
    pub fn set_timeouts(self, read: Option<timeval>, write: Option<timeval>) -> Result<()> {
        let none = timeval { tv_sec: 0, tv_usec: 0 };
        let _held = self.hold();
        self.set_timeout_read(read.unwrap_or(none));
        self.set_timeout_write(write.unwrap_or(none));
        (self.ops().adjust_timeouts)(self)
    }
    /// Makes the two events timers, for kinds without a descriptor.
    pub(super) fn assign_timers(self) -> Result<()> {
        let arg = self.as_ptr().cast::<c_void>();
        self.ev_read().assign(self.base(), -1, Ev::FINALIZE, Some(read_timed_out), arg)?;
        self.assign_write_timer()
    }
    pub(super) fn assign_write_timer(self) -> Result<()> {
        let arg = self.as_ptr().cast::<c_void>();
        self.ev_write().assign(self.base(), -1, Ev::FINALIZE, Some(write_timed_out), arg)
    }
    pub(super) fn restart_read_timer(self) {
        let tv = self.timeout_read();
        if is_set(&tv) {
            let _ = self.ev_read().add(Some(&tv));
        }
    }
    pub(super) fn restart_write_timer(self) {
        let tv = self.timeout_write();
        if is_set(&tv) {
            let _ = self.ev_write().add(Some(&tv));
        }
    }
    pub(super) fn stop_read_timer(self) {
        let _ = self.ev_read().del_noblock();
    }
    pub(super) fn stop_write_timer(self) {
        let _ = self.ev_write().del_noblock();
    }
    /// Reports `what` after it has stopped the direction that it names. A connect that takes too long goes on with the
    /// host's next address first, if there is one.
    pub(super) fn timed_out(self, what: BevEvent, stop: Ev) {
        if self.connect_elsewhere() {
            return;
        }
        let _ = self.disable(stop);
        self.run_eventcb(BevEvent::TIMEOUT | what, 0);
    }
}

/// For kinds whose two events are timers: they run while there is something to wait for.
pub(super) fn adjust_timers(bev: BevRef) -> Result<()> {
    let own = bev.own();
    let read = bev.timeout_read();
    let r = if bev.is_enabled(Ev::READ) && own.read_suspended.get().is_empty() && is_set(&read) {
        bev.ev_read().add(Some(&read))
    } else {
        bev.ev_read().del_noblock()
    };
    let write = bev.timeout_write();
    let waits = bev.is_enabled(Ev::WRITE) && own.write_suspended.get().is_empty() && !bev.output().is_empty();
    let w =
        if waits && is_set(&write) { bev.ev_write().add(Some(&write)) } else { bev.ev_write().del_noblock() };
    r.and(w)
}

/// For kinds whose two events wait for a descriptor: only those that wait get the new time.
pub(super) fn adjust_waiting(bev: BevRef) -> Result<()> {
    let adjust = |ev: EventRef, what: Ev, tv: timeval| {
        if !ev.pending(what).contains(what) {
            Ok(())
        } else if is_set(&tv) {
            ev.add(Some(&tv))
        } else {
            ev.remove_timer()
        }
    };
    let r = adjust(bev.ev_read(), Ev::READ, bev.timeout_read());
    let w = adjust(bev.ev_write(), Ev::WRITE, bev.timeout_write());
    r.and(w)
}

/// # Safety
/// `arg` is a bufferevent that is alive or being finalized.
unsafe extern "C" fn read_timed_out(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    bev.timed_out(BevEvent::READING, Ev::READ);
}
/// # Safety
/// As [`read_timed_out`].
unsafe extern "C" fn write_timed_out(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    bev.timed_out(BevEvent::WRITING, Ev::WRITE);
}
