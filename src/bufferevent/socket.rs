//! The socket kind: reading, and everything that turns on the two events. Writing is in `flush.rs`.
use super::ops::{self, Kind, Ops};
use super::private::{State, Suspend};
use super::timeouts::{add_event, adjust_waiting, is_set};
use super::{BevRef, flush, init};
use crate::abi::buffer::EVBUFFER_FLAG_DRAINS_TO_FD;
use crate::abi::bufferevent::{BevEvent, BevOpt, bufferevent_flush_mode};
use crate::abi::event::Ev;
use crate::abi::util::evutil_socket_t;
use crate::base::BaseRef;
use crate::{Error, Result, sys};
use std::ffi::{c_int, c_short, c_void};

pub(super) static SOCKET: Ops = Ops {
    kind: Kind::Socket,
    enable,
    disable,
    unlink: ops::nothing,
    destruct,
    adjust_timeouts: adjust_waiting,
    output_added: flush::output_added,
    flush: nothing_to_flush,
    set_fd,
    get_fd,
    underlying: ops::no_underlying,
    cancel: BevRef::cancel_lookup,
};

impl BevRef {
    /// `bufferevent_socket_new`. `fd` may be -1: it comes later. With `base` None the current base is taken, but no
    /// completion port: the program may still give it another base.
    pub fn socket_new(base: Option<BaseRef>, fd: evutil_socket_t, options: c_int) -> Result<BevRef> {
        #[cfg(has_iocp)]
        if let Some(b) = base
            && let Some(port) = b.iocp()
        {
            return BevRef::async_new(b, port, fd, options);
        }
        // SAFETY: Private itself.
        unsafe {
            init::make(init::private(&SOCKET, options), base, |bev| {
                bev.assign_io(fd)?;
                init::ready(bev);
                bev.output().set_flags(EVBUFFER_FLAG_DRAINS_TO_FD, true);
                bev.input().freeze(false)?;
                bev.output().freeze(true)
            })
        }
    }
    /// Makes the two events wait for `fd`.
    fn assign_io(self, fd: evutil_socket_t) -> Result<()> {
        let arg = self.as_ptr().cast::<c_void>();
        let always = Ev::PERSIST | Ev::FINALIZE;
        self.ev_read().assign(self.base(), fd, Ev::READ | always, Some(readable), arg)?;
        self.ev_write().assign(self.base(), fd, Ev::WRITE | always, Some(flush::writable), arg)
    }
    /// Waits until the socket takes data (or connects).
    pub(super) fn wait_writable(self) -> Result<()> {
        add_event(self.ev_write(), &self.timeout_write())?;
        self.own().set(State::WRITE_ADDED, true);
        Ok(())
    }
    pub(super) fn stop_waiting_writable(self) -> Result<()> {
        self.own().set(State::WRITE_ADDED, false);
        self.ev_write().del_noblock()
    }
    /// `bufferevent_base_set`: sockets only, and only while no event is pending.
    pub fn set_base(self, base: BaseRef) -> Result<()> {
        let _busy = self.busy();
        let any = Ev::READ | Ev::WRITE | Ev::TIMEOUT | Ev::SIGNAL;
        let pending = |ev: crate::base::EventRef| !ev.pending(any).is_empty();
        if self.kind() != Kind::Socket || pending(self.ev_read()) || pending(self.ev_write()) {
            return Err(Error::Invalid);
        }
        // What waits in the old base's queues moves with it.
        let output = self.own().has(State::OUTPUT_QUEUED) && self.unqueue_output();
        let deferred = self.own().has(State::DEFERRED_QUEUED) && self.unqueue_deferred();
        self.set_ev_base_ptr(base.as_ptr());
        let moved = self.assign_io(self.ev_read().fd());
        if output {
            self.schedule_output();
        }
        if deferred {
            self.schedule_deferred();
        }
        moved
    }
}

fn enable(bev: BevRef, what: Ev) -> Result<()> {
    if what.contains(Ev::READ) {
        add_event(bev.ev_read(), &bev.timeout_read())?;
    }
    if what.contains(Ev::WRITE) {
        enable_write(bev)?;
    }
    Ok(())
}

/// Someone who enables writing is called back once the socket takes data, even with nothing to write. That needs the
/// event only if there is someone to call, and by the end of the turn this is known (and the output there).
fn enable_write(bev: BevRef) -> Result<()> {
    let own = bev.own();
    if own.has(State::CONNECTING) || own.has(State::WRITE_ADDED) || bev.ev_write().fd() < 0 {
        return bev.wait_writable();
    }
    own.set(State::WRITE_OWED, true);
    if bev.schedule_output() { Ok(()) } else { bev.wait_writable() }
}

fn disable(bev: BevRef, what: Ev) -> Result<()> {
    if what.contains(Ev::READ) {
        bev.ev_read().del_noblock()?;
    }
    // How a connect ends is reported whatever is enabled.
    if what.contains(Ev::WRITE) && !bev.own().has(State::CONNECTING) {
        bev.own().set(State::WRITE_OWED, false);
        if bev.own().has(State::WRITE_ADDED) {
            bev.stop_waiting_writable()?;
        }
    }
    Ok(())
}

fn destruct(bev: BevRef) -> Option<BevRef> {
    let fd = bev.ev_read().fd();
    if bev.options().contains(BevOpt::CLOSE_ON_FREE) && fd >= 0 {
        sys::fd::close(fd);
    }
    bev.cancel_lookup();
    bev.unwatch_input();
    None
}

/// What is in the output is on its way already: the loop writes it as fast as the socket takes it.
fn nothing_to_flush(_: BevRef, _: Ev, _: bufferevent_flush_mode) -> Result<bool> {
    Ok(false)
}

fn set_fd(bev: BevRef, fd: evutil_socket_t) -> Result<()> {
    let own = bev.own();
    let pri = bev.priority();
    let _ = bev.ev_read().del_noblock();
    let _ = bev.stop_waiting_writable();
    own.set(State::CONNECTING | State::WRITE_OWED, false);
    // A program that gives another socket may want to empty or fill the buffers first.
    let _ = bev.input().unfreeze(false);
    let _ = bev.output().unfreeze(true);
    own.set(State::THAWED, true);
    bev.assign_io(fd)?;
    // Assigning has put them back to the middle.
    let _ = bev.ev_read().set_priority(pri);
    let _ = bev.ev_write().set_priority(pri);
    bev.cancel_lookup();
    if fd >= 0 { bev.enable(Ev::from_bits_retain(bev.enabled_bits())) } else { Ok(()) }
}

fn get_fd(bev: BevRef) -> Option<evutil_socket_t> {
    Some(bev.ev_read().fd())
}

/// `ev_read` has fired.
///
/// # Safety
/// `arg` is a bufferevent that is alive or being finalized.
unsafe extern "C" fn readable(fd: evutil_socket_t, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    let own = bev.own();

    // Data that came together with the timeout count: only the timeout alone is one.
    if what == Ev::TIMEOUT.bits() {
        return bev.timed_out(BevEvent::READING, Ev::READ);
    }
    if own.has(State::CONNECTING) {
        // The connection comes first. `ev_write` reports it; an error is not left to it, since some systems report
        // a refused connection as readable only, and reading would take the error away.
        return bev.check_connect_failed(fd);
    }
    let high = bev.wm_read().high;
    let mut max = usize::MAX;
    if high != 0 {
        let len = bev.input().len();
        if len >= high {
            // The program has lowered the watermark, or the field itself.
            return bev.suspend_read(Suspend::WATERMARK);
        }
        max = high - len;
    }
    max = max.min(bev.read_max_held());
    if !own.read_suspended.get().is_empty() {
        return;
    }
    // An empty bucket suspends reading; whoever fills it starts it again.
    if max == 0 {
        return;
    }
    bev.refreeze();
    match bev.input().owner_read_from(fd, max) {
        Ok(0) => bev.broken(BevEvent::READING | BevEvent::EOF, Ev::READ, None),
        Ok(n) => {
            bev.charge_read(n);
            // The program's callback comes last: it may change anything.
            bev.trigger_locked(Ev::READ, 0);
        }
        Err(Error::Os(e)) if sys::socket::is_retriable(e) => {}
        Err(e) => bev.broken(BevEvent::READING | BevEvent::ERROR, Ev::READ, e.errno()),
    }
}

impl BevRef {
    /// Stops one direction and reports why; the callback finds `errno`.
    pub(super) fn broken(self, what: BevEvent, stop: Ev, errno: Option<c_int>) {
        let _ = self.disable(stop);
        if let Some(e) = errno {
            sys::set_errno(e);
        }
        self.run_eventcb(what, 0);
    }
    /// Only we add input and take output, once data flows again.
    #[inline(always)]
    pub(super) fn refreeze(self) {
        if self.own().has(State::THAWED) {
            self.freeze_again();
        }
    }
    #[cold]
    fn freeze_again(self) {
        self.own().set(State::THAWED, false);
        let _ = self.input().freeze(false);
        let _ = self.output().freeze(true);
    }
    /// Whether somebody would notice that the socket takes data although there is none.
    pub(super) fn write_event_matters(self) -> bool {
        self.writecb().is_some() || is_set(&self.timeout_write())
    }
}
