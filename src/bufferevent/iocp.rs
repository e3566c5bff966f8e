//! The kind of socket that works through the base's completion port.
//!
//! * At most one read, one write and one connect are under way. Each holds a reference; where it ends, in a worker thread,
//!   the reference is taken over, the lock taken, and what comes next is started at once. The program's callbacks
//!   are deferred to the loop.
//! * The two events are timers only, except while a connect goes on without ConnectEx.
//! * Output is sent from the base's output queue, as a socket's; what remains is sent as soon as that has gone.
//! * While an enabled operation is under way the base counts a virtual event, which keeps the loop running.
//! * `round` counts sockets: what ends for an earlier one is of no interest any more.
//! * A read is cancelled where reading stops, so that what comes later stays with the socket; data that was quicker is in the
//!   input, and its callback is owed. A write is never cancelled for that: the system would not say how much of it has gone.
use super::ops::{self, Kind, Ops};
use super::private::{Private, State, Suspend};
use super::timeouts::{adjust_timers, is_set};
use super::{BevRef, init};
use crate::abi::bufferevent::{
    BEV_TRIG_DEFER_CALLBACKS, BevEvent, BevOpt, bufferevent, bufferevent_flush_mode,
};
use crate::abi::event::{Ev, event_callback};
use crate::abi::util::evutil_socket_t;
use crate::base::BaseRef;
use crate::buffer::{Inbox, MAX_SLICES, Pinned};
use crate::iocp::{KEY, Operation, Outcome, Port};
use crate::sys::c::{self, sockaddr};
use crate::sys::iocp::{self as system, Slice};
use crate::sys::socket;
use crate::{Error, Result, mem, sys};
use std::cell::Cell;
use std::ffi::{c_int, c_short, c_void};
use std::mem::offset_of;
use std::ptr::{NonNull, null_mut};

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Flags: u16 {
        /// `reader` is under way.
        const READING = 1;
        /// `writer` is under way.
        const WRITING = 2;
        /// The base counts a virtual event for reading.
        const READ_COUNTED = 4;
        /// The same for writing, and for a connect.
        const WRITE_COUNTED = 8;
        /// `bufferevent_free` was called: nothing starts any more.
        const DEAD = 16;
        /// Data has come while reading was disabled: the callback is owed once it is enabled.
        const READ_OWED = 32;
        /// We have cancelled the read.
        const READ_CANCELLED = 64;
        /// `ev_write` waits for the socket, not for a time: there is no ConnectEx.
        const WAITS_READY = 128;
        /// Reading, or writing, shall be counted.
        const READ_WANTED = 256;
        const WRITE_WANTED = 512;
        /// The end of an operation is being worked on: what is counted stays so until that is done, else the loop might end
        /// before it knows what there is to do.
        const SETTLING = 1024;
        /// The socket has been connected.
        const LIVE = 2048;
    }
}

#[repr(C)]
struct Async {
    common: Private,
    reader: Operation,
    writer: Operation,
    /// The connect under way; freed where it ends.
    dialler: Cell<*mut Dial>,
    port: Cell<Option<NonNull<c_void>>>,
    fd: Cell<evutil_socket_t>,
    flags: Cell<Flags>,
    round: Cell<u32>,
    /// The rounds in which the operations were started.
    read_round: Cell<u32>,
    write_round: Cell<u32>,
    /// How much to ask for at once: grows while reads fill it.
    read_size: Cell<usize>,
    asked: Cell<usize>,
    inbox: Inbox,
    pins: Pinned,
}

/// A connect under way: the socket may be another one before it ends.
#[repr(C)]
struct Dial {
    op: Operation,
    bev: BevRef,
    round: u32,
}

/// The first read of a connection asks for this much, later ones for up to what the program allows.
const FIRST_READ: usize = 4096;
/// One write is not longer than this, where the program has set no limit.
const FAIR_WRITE: usize = 256 * 1024;

static ASYNC: Ops = Ops {
    kind: Kind::Async,
    enable,
    disable,
    unlink: ops::nothing,
    destruct,
    adjust_timeouts,
    output_added,
    flush: nothing_to_flush,
    set_fd,
    get_fd: |bev| Some(part(&bev).fd.get()),
    underlying: ops::no_underlying,
    cancel,
};

/// The kind's own part. Only for bufferevents whose table is `ASYNC`.
fn part(bev: &BevRef) -> &Async {
    debug_assert!(bev.kind() == Kind::Async);
    // SAFETY: the table says that it is an Async, which is alive while the handle is used. Our part of it is cells and
    // what guards itself.
    unsafe { &*bev.as_ptr().cast::<Async>() }
}
impl Async {
    fn has(&self, f: Flags) -> bool {
        self.flags.get().intersects(f)
    }
    fn set(&self, f: Flags, on: bool) {
        let mut v = self.flags.get();
        v.set(f, on);
        self.flags.set(v);
    }
    /// The port; its handle is owned by the bufferevent from `new` to `destruct`.
    fn port(&self) -> Option<std::mem::ManuallyDrop<Port>> {
        let p = self.port.get()?;
        // SAFETY: the handle is not given back here, only by `destruct`.
        unsafe { Port::from_raw(p.as_ptr()) }.map(std::mem::ManuallyDrop::new)
    }
}

impl BevRef {
    /// A socket bufferevent on the port of `base`. `fd` may be -1: it comes later.
    pub(super) fn async_new(
        base: BaseRef,
        port: Port,
        fd: evutil_socket_t,
        options: c_int,
    ) -> Result<BevRef> {
        if fd >= 0 {
            port.associate(fd, KEY)?;
        }
        // Workers use it, whatever the program does.
        let options = options | BevOpt::THREADSAFE.bits();
        let value = Async {
            common: init::private(&ASYNC, options),
            reader: Operation::new(read_done),
            writer: Operation::new(write_done),
            dialler: Cell::new(null_mut()),
            port: Cell::new(None),
            fd: Cell::new(fd),
            flags: Cell::new(Flags::empty()),
            round: Cell::new(0),
            read_round: Cell::new(0),
            write_round: Cell::new(0),
            read_size: Cell::new(FIRST_READ),
            asked: Cell::new(0),
            inbox: Inbox::new(),
            pins: Pinned::new(),
        };
        // SAFETY: Async is repr(C) and starts with Private; what needs dropping is empty until the bufferevent is used,
        // and emptied by `destruct`.
        unsafe {
            init::make(value, Some(base), |bev| {
                bev.assign_timers()?;
                init::ready(bev);
                let pri = bev.priority().clamp(0, 255) as u8;
                bev.flusher().init(pri, Some(send_output), bev.as_ptr().cast());
                // Callbacks of the program run in the loop's thread.
                bev.input().defer_callbacks(base)?;
                bev.output().defer_callbacks(base)?;
                bev.input().freeze(false)?;
                bev.output().freeze(true)?;
                part(&bev).port.set(NonNull::new(port.into_raw()));
                Ok(())
            })
        }
    }
    /// Lets the base count a virtual event, or not.
    fn count(self, which: Flags, on: bool) {
        let a = part(&self);
        let wanted = if which == Flags::READ_COUNTED { Flags::READ_WANTED } else { Flags::WRITE_WANTED };
        a.set(wanted, on);
        if a.has(which) == on || (!on && a.has(Flags::SETTLING)) {
            return;
        }
        a.set(which, on);
        if let Some(base) = self.base() {
            if on { base.add_virtual() } else { base.del_virtual() }
        }
    }
    /// Takes over the reference of an operation that has ended, in a worker.
    fn settle_end(self) -> Settling {
        let busy = self.enter_from_queue();
        part(&self).set(Flags::SETTLING, true);
        Settling(self, busy)
    }
    /// Stops one direction and lets the loop report why.
    fn broken_later(self, what: BevEvent, stop: Ev, errno: Option<c_int>) {
        let _ = self.disable(stop);
        sys::set_errno(errno.unwrap_or(0));
        self.run_eventcb(what, BEV_TRIG_DEFER_CALLBACKS);
    }
    fn add_ref(self) {
        self.own().refs.set(self.own().refs.get() + 1);
    }
    /// Gives a reference back that is not the last.
    fn drop_ref(self) {
        self.own().refs.set(self.own().refs.get() - 1);
    }
    fn may_start(self, what: Ev) -> bool {
        let own = self.own();
        let suspended = if what == Ev::READ { &own.read_suspended } else { &own.write_suspended };
        !part(&self).has(Flags::DEAD)
            && !own.has(State::CONNECTING)
            && own.refs.get() > 0
            && part(&self).fd.get() >= 0
            && self.is_enabled(what)
            && suspended.get().is_empty()
    }
}

/// The end of an operation is being worked on.
struct Settling(BevRef, #[expect(dead_code, reason = "dropped last")] super::Busy);
impl Drop for Settling {
    fn drop(&mut self) {
        let a = part(&self.0);
        a.set(Flags::SETTLING, false);
        self.0.count(Flags::READ_COUNTED, a.has(Flags::READ_WANTED));
        self.0.count(Flags::WRITE_COUNTED, a.has(Flags::WRITE_WANTED));
    }
}

// ---- reading ----

/// Starts a read if one is wanted and none is under way. The lock is held.
fn consider_reading(bev: BevRef) {
    let a = part(&bev);
    if a.has(Flags::READING) || !bev.may_start(Ev::READ) {
        return bev.count(Flags::READ_COUNTED, bev.may_start(Ev::READ));
    }
    let high = bev.wm_read().high;
    let have = if high == 0 { 0 } else { bev.input().len() };
    if high != 0 && have >= high {
        // The program has lowered the watermark, or the field itself.
        bev.suspend_read(Suspend::WATERMARK);
        return bev.count(Flags::READ_COUNTED, false);
    }
    let max = bev.read_max().min(a.read_size.get());
    let max = if high == 0 { max } else { max.min(high - have) };
    // An empty bucket suspends reading; whoever fills it starts it again.
    if max == 0 || !bev.may_start(Ev::READ) {
        return bev.count(Flags::READ_COUNTED, false);
    }
    bev.refreeze();
    match start_read(bev, max) {
        Ok(()) => bev.count(Flags::READ_COUNTED, true),
        Err(e) => {
            bev.count(Flags::READ_COUNTED, false);
            match e {
                // The base goes.
                Error::Invalid => {}
                // Not yet: reading begins once it is.
                Error::Os(system::NOT_CONNECTED) if !a.has(Flags::LIVE) => {}
                e => bev.broken_later(BevEvent::READING | BevEvent::ERROR, Ev::READ, e.errno()),
            }
        }
    }
}
fn start_read(bev: BevRef, max: usize) -> Result<()> {
    let a = part(&bev);
    let room = a.inbox.room(max)?;
    let port = a.port().ok_or(Error::Invalid)?;
    a.asked.set(room.len());
    a.read_round.set(a.round.get());
    a.set(Flags::READING, true);
    a.set(Flags::READ_CANCELLED, false);
    bev.add_ref();
    let fd = a.fd.get();
    // SAFETY: the lock is held; the reference keeps the operation, and the inbox its block.
    let started = unsafe { port.start(&a.reader, fd, |ov| system::recv(fd, &[room], ov)) };
    a.set(Flags::LIVE, started.is_ok() || a.has(Flags::LIVE));
    started.inspect_err(|_| {
        a.set(Flags::READING, false);
        bev.drop_ref();
    })
}
/// Ends a read that was begun when more was allowed; the next one asks for less.
pub(super) fn watermark_set(bev: BevRef) {
    if bev.kind() != Kind::Async {
        return;
    }
    let (a, high) = (part(&bev), bev.wm_read().high);
    if high != 0 && a.has(Flags::READING) && a.asked.get() > high.saturating_sub(bev.input().len()) {
        cancel_read(a);
    }
}
fn cancel_read(a: &Async) {
    if a.has(Flags::READING) && !a.has(Flags::READ_CANCELLED) {
        a.set(Flags::READ_CANCELLED, true);
        a.reader.cancel();
    }
}

/// # Safety
/// `op` is the `reader` of a bufferevent, with a reference.
unsafe fn read_done(op: NonNull<Operation>, outcome: Outcome) {
    // SAFETY: the contract above.
    let bev = unsafe { bev_at(op, offset_of!(Async, reader)) };
    let _settling = bev.settle_end();
    let a = part(&bev);
    if a.has(Flags::DEAD) || a.read_round.get() != a.round.get() {
        a.set(Flags::READING, false);
        return consider_reading(bev);
    }
    let cancelled = a.has(Flags::READ_CANCELLED);
    match outcome {
        Ok(n) if n > 0 => {
            if n == a.asked.get() {
                a.read_size.set((n * 2).clamp(FIRST_READ, crate::buffer::MAX_READ));
            }
            // Observers of the input may do anything, but start no second read, and find nothing to cancel.
            a.set(Flags::READ_CANCELLED, true);
            let taken = bev.input().owner_take(&a.inbox, n);
            a.set(Flags::READING, false);
            if let Err(e) = taken {
                return bev.broken_later(BevEvent::READING | BevEvent::ERROR, Ev::READ, e.errno());
            }
            bev.charge_read(n);
            if bev.is_enabled(Ev::READ) {
                if bev.own().read_suspended.get().is_empty() {
                    bev.restart_read_timer();
                }
                bev.trigger_locked(Ev::READ, BEV_TRIG_DEFER_CALLBACKS);
            } else {
                a.set(Flags::READ_OWED, true);
            }
            consider_reading(bev);
        }
        // The end, and most errors, are there for the next read too.
        _ if !bev.is_enabled(Ev::READ) => a.set(Flags::READING, false),
        Ok(_) => {
            a.set(Flags::READING, false);
            bev.broken_later(BevEvent::READING | BevEvent::EOF, Ev::READ, None);
        }
        Err(e) => {
            a.set(Flags::READING, false);
            if cancelled && e == system::ABORTED {
                consider_reading(bev);
            } else {
                bev.broken_later(BevEvent::READING | BevEvent::ERROR, Ev::READ, Some(e));
            }
        }
    }
}

// ---- writing ----

/// Starts a write if one is wanted and none is under way. The lock is held.
fn consider_writing(bev: BevRef) {
    let a = part(&bev);
    if bev.own().has(State::CONNECTING) {
        return;
    }
    let wanted = bev.may_start(Ev::WRITE) && !bev.output().is_empty();
    if a.has(Flags::WRITING) || !wanted {
        return bev.count(Flags::WRITE_COUNTED, wanted);
    }
    let limited = !bev.own().rate.get().is_null() || bev.own().has(State::WRITE_LIMIT_SET);
    let max = if limited { bev.write_max() } else { FAIR_WRITE };
    if max == 0 || !bev.may_start(Ev::WRITE) {
        return bev.count(Flags::WRITE_COUNTED, false);
    }
    bev.refreeze();
    match start_write(bev, max) {
        Ok(()) => {
            if is_set(&bev.timeout_write()) && bev.ev_write().pending(Ev::TIMEOUT).is_empty() {
                bev.restart_write_timer();
            }
            bev.count(Flags::WRITE_COUNTED, true);
        }
        Err(e) => {
            bev.count(Flags::WRITE_COUNTED, false);
            match e {
                Error::Invalid => {}
                Error::Os(system::NOT_CONNECTED) if !a.has(Flags::LIVE) => {}
                e => bev.broken_later(BevEvent::WRITING | BevEvent::ERROR, Ev::WRITE, e.errno()),
            }
        }
    }
}
fn start_write(bev: BevRef, max: usize) -> Result<()> {
    let a = part(&bev);
    let port = a.port().ok_or(Error::Invalid)?;
    let mut slices = [Slice::EMPTY; MAX_SLICES];
    let Some((n, _)) = bev.output().owner_pin(max, &a.pins, &mut slices)? else { return Ok(()) };
    a.write_round.set(a.round.get());
    a.set(Flags::WRITING, true);
    bev.add_ref();
    let fd = a.fd.get();
    // SAFETY: the lock is held; the reference keeps the operation, and `pins` the blocks.
    let started = unsafe { port.start(&a.writer, fd, |ov| system::send(fd, &slices[..n], ov)) };
    a.set(Flags::LIVE, started.is_ok() || a.has(Flags::LIVE));
    started.inspect_err(|_| {
        a.set(Flags::WRITING, false);
        bev.output().owner_unpin(&a.pins, 0);
        bev.drop_ref();
    })
}

/// # Safety
/// `op` is the `writer` of a bufferevent, with a reference.
unsafe fn write_done(op: NonNull<Operation>, outcome: Outcome) {
    // SAFETY: the contract above.
    let bev = unsafe { bev_at(op, offset_of!(Async, writer)) };
    let _settling = bev.settle_end();
    let a = part(&bev);
    // Observers of the output may do anything, but start no second write.
    bev.output().owner_unpin(&a.pins, outcome.unwrap_or(0));
    a.set(Flags::WRITING, false);
    if a.has(Flags::DEAD) || a.write_round.get() != a.round.get() {
        return consider_writing(bev);
    }
    match outcome {
        Ok(n) if n > 0 => {
            bev.charge_write(n);
            bev.stop_write_timer();
            if bev.is_enabled(Ev::WRITE) {
                bev.trigger_locked(Ev::WRITE, BEV_TRIG_DEFER_CALLBACKS);
            }
            consider_writing(bev);
        }
        Ok(_) => bev.broken_later(BevEvent::WRITING | BevEvent::EOF, Ev::WRITE, None),
        Err(e) => bev.broken_later(BevEvent::WRITING | BevEvent::ERROR, Ev::WRITE, Some(e)),
    }
}

/// Data was added to the output: it goes with this turn's end.
fn output_added(bev: BevRef) {
    let own = bev.own();
    if own.has(State::OUTPUT_QUEUED) || part(&bev).has(Flags::WRITING) || !bev.may_start(Ev::WRITE) {
        return;
    }
    if !bev.schedule_output() {
        consider_writing(bev);
    }
}
/// Runs from the base's output queue.
///
/// # Safety
/// `arg` is a bufferevent on which the queue held a reference.
unsafe extern "C" fn send_output(_: *mut event_callback, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let _busy = bev.enter_from_queue();
    bev.own().set(State::OUTPUT_QUEUED, false);
    consider_writing(bev);
}

// ---- the table ----

fn enable(bev: BevRef, what: Ev) -> Result<()> {
    let a = part(&bev);
    if a.has(Flags::DEAD) {
        return Err(Error::Invalid);
    }
    if what.contains(Ev::READ) {
        bev.restart_read_timer();
        if a.has(Flags::READ_OWED) {
            a.set(Flags::READ_OWED, false);
            if !bev.input().is_empty() {
                bev.trigger_locked(Ev::READ, BEV_TRIG_DEFER_CALLBACKS);
            }
        }
        consider_reading(bev);
    }
    if what.contains(Ev::WRITE) && !bev.own().has(State::CONNECTING) {
        if !bev.output().is_empty() {
            bev.restart_write_timer();
        }
        consider_writing(bev);
    }
    Ok(())
}
fn disable(bev: BevRef, what: Ev) -> Result<()> {
    let a = part(&bev);
    if what.contains(Ev::READ) {
        bev.stop_read_timer();
        bev.count(Flags::READ_COUNTED, false);
        cancel_read(a);
    }
    // How a connect ends is reported whatever is enabled.
    if what.contains(Ev::WRITE) && !bev.own().has(State::CONNECTING) {
        bev.stop_write_timer();
        bev.count(Flags::WRITE_COUNTED, false);
    }
    Ok(())
}
fn adjust_timeouts(bev: BevRef) -> Result<()> {
    if !bev.own().has(State::CONNECTING) {
        return adjust_timers(bev);
    }
    let time = bev.timeout_write();
    if part(&bev).has(Flags::WAITS_READY) {
        if is_set(&time) { bev.ev_write().add(Some(&time)) } else { bev.ev_write().remove_timer() }
    } else if is_set(&time) {
        bev.ev_write().add(Some(&time))
    } else {
        bev.ev_write().del_noblock()
    }
}
fn nothing_to_flush(_: BevRef, _: Ev, _: bufferevent_flush_mode) -> Result<bool> {
    Ok(false)
}
/// Ends what is under way for the socket as it was.
fn let_go(bev: BevRef) {
    let a = part(&bev);
    a.round.set(a.round.get().wrapping_add(1));
    cancel_read(a);
    if a.has(Flags::WRITING) {
        a.writer.cancel();
    }
    // It frees itself where it ends.
    let dial = a.dialler.replace(null_mut());
    if !dial.is_null() {
        // SAFETY: it is under way, and takes our lock before it goes.
        unsafe { (*dial).op.cancel() };
    }
    bev.count(Flags::READ_COUNTED, false);
    bev.count(Flags::WRITE_COUNTED, false);
    bev.own().set(State::CONNECTING, false);
    bev.stop_read_timer();
    bev.stop_write_timer();
    if a.has(Flags::WAITS_READY) {
        wait_for_times(bev);
    }
}
fn cancel(bev: BevRef) {
    bev.cancel_lookup();
    part(&bev).set(Flags::DEAD, true);
    let_go(bev);
}
fn destruct(bev: BevRef) -> Option<BevRef> {
    let a = part(&bev);
    debug_assert!(!a.has(Flags::READING | Flags::WRITING));
    let fd = a.fd.get();
    if bev.options().contains(BevOpt::CLOSE_ON_FREE) && fd >= 0 {
        sys::fd::close(fd);
    }
    bev.count(Flags::READ_COUNTED, false);
    bev.count(Flags::WRITE_COUNTED, false);
    bev.cancel_lookup();
    bev.unwatch_input();
    a.inbox.discard();
    if let Some(p) = a.port.take() {
        // SAFETY: our own handle, given back once.
        drop(unsafe { Port::from_raw(p.as_ptr()) });
    }
    None
}
fn set_fd(bev: BevRef, fd: evutil_socket_t) -> Result<()> {
    if fd == part(&bev).fd.get() && !bev.own().has(State::CONNECTING) {
        return Ok(());
    }
    take_fd(bev, fd)?;
    // A socket that is not connected yet starts nothing.
    if fd >= 0 { bev.enable(Ev::from_bits_retain(bev.enabled_bits())) } else { Ok(()) }
}
/// From now on `fd` is the socket; nothing begins on it.
fn take_fd(bev: BevRef, fd: evutil_socket_t) -> Result<()> {
    let a = part(&bev);
    if fd >= 0 {
        a.port().ok_or(Error::Invalid)?.associate(fd, KEY)?;
    }
    let_go(bev);
    bev.cancel_lookup();
    // A program that gives another socket may want to empty or fill the buffers first, unless the system reads them.
    if !a.has(Flags::WRITING) {
        let _ = bev.input().unfreeze(false);
        let _ = bev.output().unfreeze(true);
        bev.own().set(State::THAWED, true);
    }
    a.read_size.set(FIRST_READ);
    a.set(Flags::LIVE, false);
    a.fd.set(fd);
    Ok(())
}

// ---- connecting ----

impl BevRef {
    /// Connects `old`, or a new socket.
    ///
    /// # Safety
    /// `addr` is readable for `len` bytes.
    pub(super) unsafe fn async_connect(
        self,
        old: Option<evutil_socket_t>,
        addr: *const sockaddr,
        len: c_int,
    ) -> Result<()> {
        let len = c::socklen_t::try_from(len).map_err(|_| Error::Os(c::EINVAL))?;
        // SAFETY: the caller's promise; every address starts with its family.
        let family = c_int::from(unsafe { (*addr).sa_family });
        let fd = match old {
            Some(fd) => fd,
            None => socket::socket(family, c::SOCK_STREAM | socket::SOCK_NONBLOCK, 0)?,
        };
        // SAFETY: the caller's promise.
        let tried = take_fd(self, fd).and_then(|()| unsafe { dial(self, fd, family, addr, len) });
        tried.inspect_err(|_| {
            if old.is_none() {
                part(&self).fd.set(-1);
                sys::fd::close(fd);
            }
        })
    }
    /// Waits until the connect on the bufferevent's socket, which somebody else has started, has ended.
    pub(super) fn async_await_connect(self) -> Result<()> {
        let fd = part(&self).fd.get();
        if fd < 0 {
            return Err(Error::Invalid);
        }
        take_fd(self, fd)?;
        wait_for_ready(self, fd)
    }
    fn connecting(self) {
        self.own().set(State::CONNECTING, true);
        self.forget_output();
        self.count(Flags::WRITE_COUNTED, true);
        if self.is_enabled(Ev::READ) && self.own().read_suspended.get().is_empty() {
            self.restart_read_timer();
        }
    }
    fn connect_refused(self, errno: c_int) {
        sys::set_errno(errno);
        self.run_eventcb(BevEvent::ERROR, BEV_TRIG_DEFER_CALLBACKS);
        let _ = self.disable(Ev::READ | Ev::WRITE);
    }
    /// A connect has ended: 0, or its error.
    fn async_connected(self, error: c_int) {
        let a = part(&self);
        if error != 0 && self.connect_elsewhere() {
            return;
        }
        if a.has(Flags::WAITS_READY) {
            wait_for_times(self);
        }
        self.own().set(State::CONNECTING, false);
        self.stop_write_timer();
        self.count(Flags::WRITE_COUNTED, false);
        if error != 0 {
            self.stop_read_timer();
            sys::set_errno(error);
            return self.run_eventcb(BevEvent::ERROR, BEV_TRIG_DEFER_CALLBACKS);
        }
        self.forget_addresses();
        a.set(Flags::LIVE, true);
        self.note_peer(a.fd.get());
        self.run_eventcb(BevEvent::CONNECTED, BEV_TRIG_DEFER_CALLBACKS);
        let mut now = Ev::from_bits_retain(self.enabled_bits()) & (Ev::READ | Ev::WRITE);
        now.set(Ev::READ, now.contains(Ev::READ) && self.own().read_suspended.get().is_empty());
        now.set(Ev::WRITE, now.contains(Ev::WRITE) && self.own().write_suspended.get().is_empty());
        let _ = enable(self, now);
    }
}

/// # Safety
/// `addr` is readable for `len` bytes.
unsafe fn dial(
    bev: BevRef,
    fd: evutil_socket_t,
    family: c_int,
    addr: *const sockaddr,
    len: c::socklen_t,
) -> Result<()> {
    let a = part(&bev);
    if !system::can_connect() || !system::bind_for_connect(fd, family)? {
        // SAFETY: the caller's promise.
        return match unsafe { socket::connect(fd, addr, len) } {
            // Also when it stands already: the loop reports it.
            Ok(()) => wait_for_ready(bev, fd),
            Err(e) => match e.errno().map(|e| (e, socket::connect_failure(e))) {
                Some((_, socket::ConnectFailure::InProgress)) => wait_for_ready(bev, fd),
                Some((e, socket::ConnectFailure::Refused)) => {
                    bev.connect_refused(e);
                    Ok(())
                }
                _ => Err(e),
            },
        };
    }
    let port = a.port().ok_or(Error::Invalid)?;
    let dial = mem::new_box(Dial { op: Operation::new(dialled), bev, round: a.round.get() })?;
    let (p, _) = mem::Box::into_raw_with_allocator(dial);
    bev.add_ref();
    // SAFETY: the lock is held; the operation owns its box and a reference; the address is used at once.
    let started = unsafe { port.start(&(*p).op, fd, |ov| system::connect(fd, addr, len, ov)) };
    if let Err(e) = started {
        bev.drop_ref();
        // SAFETY: it was not started.
        drop(unsafe { mem::Box::from_raw_in(p, mem::Alloc) });
        return match e.errno().map(|e| (e, socket::connect_failure(e))) {
            Some((e, socket::ConnectFailure::Refused)) => {
                bev.connect_refused(e);
                Ok(())
            }
            _ => Err(e),
        };
    }
    a.dialler.set(p);
    bev.connecting();
    let time = bev.timeout_write();
    if is_set(&time) {
        let _ = bev.ev_write().add(Some(&time));
    }
    Ok(())
}

/// # Safety
/// `op` is the head of a `Dial` that was started.
unsafe fn dialled(op: NonNull<Operation>, outcome: Outcome) {
    let p = op.cast::<Dial>().as_ptr();
    // SAFETY: the contract above.
    let (bev, round) = unsafe { ((*p).bev, (*p).round) };
    let _settling = bev.settle_end();
    let a = part(&bev);
    if a.dialler.get() == p {
        a.dialler.set(null_mut());
    }
    // SAFETY: made by `dial`; it has ended, and nobody else knows it any more.
    drop(unsafe { mem::Box::from_raw_in(p, mem::Alloc) });
    if round != a.round.get() || a.has(Flags::DEAD) {
        return;
    }
    let error = match outcome {
        Ok(_) => system::finish_connect(a.fd.get()).err().and_then(Error::errno).unwrap_or(0),
        Err(e) => e,
    };
    bev.async_connected(error);
}

/// `ev_write` waits for the socket, and for a time.
fn wait_for_ready(bev: BevRef, fd: evutil_socket_t) -> Result<()> {
    let what = Ev::WRITE | Ev::PERSIST | Ev::FINALIZE;
    bev.ev_write().assign(bev.base(), fd, what, Some(ready), bev.as_ptr().cast())?;
    part(&bev).set(Flags::WAITS_READY, true);
    bev.connecting();
    let time = bev.timeout_write();
    bev.ev_write().add(if is_set(&time) { Some(&time) } else { None }).inspect_err(|_| let_go(bev))
}
/// The events are timers again.
fn wait_for_times(bev: BevRef) {
    let _ = bev.ev_write().del_noblock();
    part(&bev).set(Flags::WAITS_READY, false);
    let _ = bev.assign_write_timer();
}
/// # Safety
/// `arg` is a bufferevent that is alive or being finalized.
unsafe extern "C" fn ready(fd: evutil_socket_t, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    if what == Ev::TIMEOUT.bits() {
        return bev.timed_out(BevEvent::WRITING, Ev::WRITE);
    }
    if !bev.own().has(State::CONNECTING) || !part(&bev).has(Flags::WAITS_READY) {
        return;
    }
    let error = match socket::take_error(fd) {
        Ok(e) if e != 0 && socket::connect_failure(e) == socket::ConnectFailure::InProgress => return,
        Ok(e) => e,
        Err(e) => e.errno().unwrap_or(0),
    };
    bev.async_connected(error);
}

/// # Safety
/// `op` stands `offset` bytes into an Async.
unsafe fn bev_at(op: NonNull<Operation>, offset: usize) -> BevRef {
    // SAFETY: the contract above.
    BevRef(unsafe { op.cast::<u8>().sub(offset).cast::<bufferevent>() })
}
