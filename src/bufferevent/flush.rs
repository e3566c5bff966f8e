//! Writing to a socket.
//!
//! Output is never written inside `bufferevent_write`. Adding to the output puts the bufferevent on the base's output
//! queue, once; after the turn's callbacks the loop calls [`run_output`], which writes with one system call. Only when
//! the socket takes less than that is `ev_write` added, and [`writable`] goes on from there.
use super::BevRef;
use super::private::State;
use crate::abi::bufferevent::BevEvent;
use crate::abi::event::{Ev, event_callback};
use crate::abi::util::evutil_socket_t;
use crate::{Error, sys};
use std::ffi::{c_short, c_void};

/// One write of the flusher is not longer than this, where the program has set no limit: others want a turn too.
const FAIR_WRITE: usize = 256 * 1024;

impl BevRef {
    /// Puts it on the base's output queue, which then holds a reference. False: there is no base.
    pub(super) fn schedule_output(self) -> bool {
        let own = self.own();
        if own.has(State::OUTPUT_QUEUED) {
            return true;
        }
        let Some(base) = self.base() else { return false };
        if self.flusher().schedule_output(base) {
            own.set(State::OUTPUT_QUEUED, true);
            own.refs.set(own.refs.get() + 1);
        }
        true
    }
    /// What was queued for the socket as it was is not tried on it any more.
    pub(super) fn forget_output(self) {
        self.own().set(State::WRITE_OWED, false);
        if self.own().has(State::OUTPUT_QUEUED) {
            self.unqueue_output();
        }
    }
    /// The most that one write may take.
    #[inline]
    fn write_now(self) -> usize {
        if self.own().rate.get().is_null() && !self.own().has(State::WRITE_LIMIT_SET) {
            FAIR_WRITE
        } else {
            self.write_max()
        }
    }
}

/// Data was added to the output: it is to be sent. The bufferevent's lock, which is the buffer's, is held.
pub(super) fn output_added(bev: BevRef) {
    let own = bev.own();
    if own.has(State::OUTPUT_QUEUED | State::WRITE_ADDED)
        || own.refs.get() == 0
        || !bev.is_enabled(Ev::WRITE)
        || !own.write_suspended.get().is_empty()
    {
        return;
    }
    // While it connects, or has no socket yet, the event waits (and its timeout runs).
    if own.has(State::CONNECTING) || bev.ev_write().fd() < 0 || !bev.schedule_output() {
        let _ = bev.wait_writable();
    }
}

/// Runs from the base's output queue.
///
/// # Safety
/// `arg` is a bufferevent on which the queue held a reference.
pub(super) unsafe extern "C" fn run_output(_: *mut event_callback, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let _busy = bev.enter_from_queue();
    let own = bev.own();
    let owed = own.has(State::WRITE_OWED);
    own.set(State::OUTPUT_QUEUED | State::WRITE_OWED, false);
    let fd = bev.ev_write().fd();
    if own.has(State::WRITE_ADDED | State::CONNECTING)
        || fd < 0
        || !bev.is_enabled(Ev::WRITE)
        || !own.write_suspended.get().is_empty()
    {
        return;
    }
    if bev.output().is_empty() {
        if owed && bev.write_event_matters() {
            let _ = bev.wait_writable();
        }
        return;
    }
    let max = bev.write_now();
    // The question may have found the group at its limit.
    if own.write_suspended.get().is_empty() {
        write_some(bev, fd, max);
    }
}

/// `ev_write` has fired: the socket takes data, or a connect has ended, or too much time has passed.
///
/// # Safety
/// `arg` is a bufferevent that is alive or being finalized.
pub(super) unsafe extern "C" fn writable(fd: evutil_socket_t, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    let own = bev.own();
    if what == Ev::TIMEOUT.bits() {
        return bev.timed_out(BevEvent::WRITING, Ev::WRITE);
    }
    let mut connected = false;
    if own.has(State::CONNECTING) {
        if !bev.finish_connect(fd) {
            return;
        }
        connected = true;
        // The callback may have freed it, or given it another socket.
        if bev.is_orphan() || own.has(State::CONNECTING) || bev.ev_write().fd() != fd {
            return;
        }
        if !bev.is_enabled(Ev::WRITE) || !own.write_suspended.get().is_empty() {
            let _ = bev.stop_waiting_writable();
            return;
        }
    }
    let max = bev.write_now();
    if !own.write_suspended.get().is_empty() {
        return;
    }
    if bev.output().is_empty() {
        let _ = bev.stop_waiting_writable();
        // Nothing was written, but the socket takes data: that is what was waited for.
        if !connected {
            bev.trigger_locked(Ev::WRITE, 0);
        }
        return;
    }
    write_some(bev, fd, max);
}

/// Writes at most `max` bytes and sees to the rest; the program's callback comes last.
#[inline(always)]
fn write_some(bev: BevRef, fd: evutil_socket_t, max: usize) {
    let own = bev.own();
    let output = bev.output();
    if max == 0 {
        // An empty bucket suspends writing; whoever fills it starts it again.
        return;
    }
    let asked = output.len().min(max);
    bev.refreeze();
    let wrote = output.owner_write_to(fd, max);
    match wrote {
        Ok(0) => bev.broken(BevEvent::WRITING | BevEvent::EOF, Ev::WRITE, None),
        Ok(n) => {
            bev.charge_write(n);
            if output.is_empty() {
                if own.has(State::WRITE_ADDED) {
                    let _ = bev.stop_waiting_writable();
                }
            } else if own.write_suspended.get().is_empty() && !own.has(State::WRITE_ADDED) {
                // All that was asked has gone: the socket takes more, so the next turn goes on without the kernel's word.
                if n < asked || !bev.schedule_output() {
                    let _ = bev.wait_writable();
                }
            }
            bev.trigger_locked(Ev::WRITE, 0);
        }
        Err(Error::Os(e)) if sys::socket::is_retriable(e) => {
            if !own.has(State::WRITE_ADDED) {
                let _ = bev.wait_writable();
            }
        }
        Err(e) => bev.broken(BevEvent::WRITING | BevEvent::ERROR, Ev::WRITE, e.errno()),
    }
}
