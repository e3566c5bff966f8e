//! Accepting through the base's completion port: several accepts wait ahead, each with a socket for its connection.
//!
//! Accepts end in worker threads; the program's callback runs in the loop. An accept under way holds a reference on the
//! listener, and so does the callback that waits for the loop. Disabling cancels; a connection that was quicker
//! waits until the listener is enabled again. Where accepting fails the program is told once, and what failed
//! is tried again after a moment.
use super::{Held, Listener, ListenerRef};
use crate::abi::event::{Ev, event, event_callback};
use crate::abi::listener::{LevOpt, evconnlistener};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, CallbackRef, EventRef};
use crate::iocp::{KEY, Operation, Outcome, Port};
use crate::sys::c::{self, sockaddr, timeval};
use crate::sys::iocp as system;
use crate::sys::socket;
use crate::{Error, Result, callback, mem, sys};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_short, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;

/// How many accepts wait ahead.
const AHEAD: usize = 8;
/// When accepting that failed is tried again.
const RETRY: timeval = timeval { tv_sec: 0, tv_usec: 50_000 };

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    UnderWay,
    /// `socket` is a connection that nobody has been told of.
    Accepted,
}

/// One accept.
#[repr(C)]
struct Slot {
    op: Operation,
    listener: Cell<*mut evconnlistener>,
    phase: Cell<Phase>,
    socket: Cell<evutil_socket_t>,
    /// Where the system puts the addresses.
    room: UnsafeCell<[u64; system::ACCEPT_ROOM.div_ceil(8)]>,
}

/// The part of a listener that accepts through a port.
pub(super) struct Accepts {
    port: Port,
    base: BaseRef,
    family: c_int,
    slots: [Slot; AHEAD],
    /// Hands over from the loop what has been accepted.
    hand_over: UnsafeCell<event_callback>,
    queued: Cell<bool>,
    retry: UnsafeCell<event>,
    /// What the program has not been told yet.
    error: Cell<c_int>,
    /// The base counts a virtual event.
    counted: Cell<bool>,
}

impl Accepts {
    /// For a listening socket on a base with a port. None: its connections cannot be accepted that way.
    pub(super) fn new(base: BaseRef, fd: evutil_socket_t) -> Result<Option<mem::Box<Accepts>>> {
        let Some(port) = base.iocp().filter(|_| system::can_accept()) else { return Ok(None) };
        let (address, _) = socket::local_address(fd)?;
        let family = c_int::from(address.ss_family);
        if !matches!(family, c::AF_INET | c::AF_INET6) {
            return Ok(None);
        }
        port.associate(fd, KEY)?;
        // SAFETY: null links are valid values of both.
        let (hand_over, retry) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        let new = mem::new_box(Accepts {
            port,
            base,
            family,
            slots: std::array::from_fn(|_| Slot {
                op: Operation::new(accepted),
                listener: Cell::new(std::ptr::null_mut()),
                phase: Cell::new(Phase::Idle),
                socket: Cell::new(-1),
                room: UnsafeCell::new([0; system::ACCEPT_ROOM.div_ceil(8)]),
            }),
            hand_over: UnsafeCell::new(hand_over),
            queued: Cell::new(false),
            retry: UnsafeCell::new(retry),
            error: Cell::new(0),
            counted: Cell::new(false),
        })?;
        Ok(Some(new))
    }
    /// Once the listener stands where it stays.
    pub(super) fn place(&self, listener: ListenerRef) -> Result<()> {
        let arg = listener.as_ptr().cast::<c_void>();
        let pri = (self.base.priorities() / 2).clamp(0, 255) as u8;
        self.hand_over().init(pri, Some(hand_over), arg);
        for s in &self.slots {
            s.listener.set(listener.as_ptr());
        }
        self.retry().assign(Some(self.base), -1, Ev::FINALIZE, Some(retry), arg)
    }
    fn hand_over(&self) -> CallbackRef {
        // SAFETY: a field of the live listener.
        unsafe { CallbackRef::from_raw(self.hand_over.get()) }
    }
    fn retry(&self) -> EventRef {
        // SAFETY: as above: not null.
        unsafe { EventRef::from_raw(self.retry.get()).unwrap_unchecked() }
    }
    /// What the listener's finalizer must wait for.
    pub(super) fn callbacks(&self) -> [CallbackRef; 2] {
        // SAFETY: an event starts with its callback.
        [self.hand_over(), unsafe { CallbackRef::from_raw(self.retry.get().cast()) }]
    }
    fn count(&self, on: bool) {
        if self.counted.replace(on) != on {
            if on { self.base.add_virtual() } else { self.base.del_virtual() }
        }
    }
}

// All that follows: the listener's lock is held.
impl ListenerRef {
    fn accepts(&self) -> Option<&Accepts> {
        // SAFETY: null or made with the listener, freed with it. It holds cells only.
        unsafe { self.get().accepts.get().as_ref() }
    }
    fn add_ref(self) {
        self.get().refs.set(self.get().refs.get() + 1);
    }
    /// Lets accepts wait ahead.
    pub(super) fn start_accepting(self, a: &Accepts) {
        a.count(true);
        let accepted = a.slots.iter().any(|s| s.phase.get() == Phase::Accepted);
        if accepted {
            self.queue(a);
        }
        if a.retry().pending(Ev::TIMEOUT).is_empty() {
            self.fill(a);
        }
    }
    /// Lets each idle slot accept, as far as that works.
    fn fill(self, a: &Accepts) {
        // Not every system refuses to accept on a socket that does not listen.
        match system::listens(self.event().fd()) {
            Ok(false) => return self.failed(a, c::EINVAL),
            Ok(true) => {}
            Err(e) => return self.failed(a, e.errno().unwrap_or(0)),
        }
        for slot in a.slots.iter().filter(|s| s.phase.get() == Phase::Idle) {
            match self.accept_ahead(a, slot) {
                Ok(()) => {}
                // The base goes.
                Err(Error::Invalid) => return,
                // The others would fare no better.
                Err(e) => return self.failed(a, e.errno().unwrap_or(0)),
            }
        }
    }
    fn accept_ahead(self, a: &Accepts, slot: &Slot) -> Result<()> {
        let l = self.get();
        let mut kind = c::SOCK_STREAM;
        if l.flags.contains(LevOpt::CLOSE_ON_EXEC) {
            kind |= socket::SOCK_CLOEXEC;
        }
        if !l.flags.contains(LevOpt::LEAVE_SOCKETS_BLOCKING) {
            kind |= socket::SOCK_NONBLOCK;
        }
        let new = socket::socket(a.family, kind, 0)?;
        slot.socket.set(new);
        slot.phase.set(Phase::UnderWay);
        self.add_ref();
        let fd = self.event().fd();
        // SAFETY: the lock is held; the operation's reference keeps the slot and its room.
        let started =
            unsafe { a.port.start(&slot.op, fd, |ov| system::accept(fd, new, slot.room.get().cast(), ov)) };
        started.inspect_err(|_| {
            l.refs.set(l.refs.get() - 1);
            slot.drop_socket();
        })
    }
    /// The program is told from the loop; after a moment it is tried again.
    fn failed(self, a: &Accepts, error: c_int) {
        if a.retry().pending(Ev::TIMEOUT).is_empty() {
            a.error.set(error);
            let _ = a.retry().add(Some(&RETRY));
            self.queue(a);
        }
    }
    fn queue(self, a: &Accepts) {
        if !a.queued.get() && a.hand_over().schedule(a.base) {
            a.queued.set(true);
            self.add_ref();
        }
    }
    /// Cancels what waits ahead.
    pub(super) fn stop_accepting(self, a: &Accepts) {
        a.count(false);
        a.error.set(0);
        let _ = a.retry().del_noblock();
        for slot in a.slots.iter().filter(|s| s.phase.get() == Phase::UnderWay) {
            slot.op.cancel();
        }
    }
    /// The listener is freed: what nobody has been told of goes too. The caller holds a reference.
    pub(super) fn drop_accepted(self, a: &Accepts) {
        for slot in a.slots.iter().filter(|s| s.phase.get() == Phase::Accepted) {
            slot.drop_socket();
        }
        if a.queued.get() && a.hand_over().cancel(a.base) {
            a.queued.set(false);
            self.get().refs.set(self.get().refs.get() - 1);
        }
    }
    fn wants(self) -> bool {
        let l = self.get();
        !l.freed.get() && l.enabled.get() && l.cb.get().is_some()
    }
}

impl Slot {
    fn drop_socket(&self) {
        self.phase.set(Phase::Idle);
        let s = self.socket.replace(-1);
        if s >= 0 {
            sys::fd::close(s);
        }
    }
}

/// An accept has ended.
///
/// # Safety
/// `op` is the head of a slot of a listener, with a reference.
unsafe fn accepted(op: NonNull<Operation>, outcome: Outcome) {
    // SAFETY: the contract above: the reference keeps the listener and its slots.
    let slot = unsafe { op.cast::<Slot>().as_ref() };
    // SAFETY: as above.
    let Some(this) = (unsafe { ListenerRef::from_raw(slot.listener.get()) }) else { return };
    let held = this.hold();
    let Some(a) = this.accepts() else { return };
    match outcome {
        _ if this.get().freed.get() => slot.drop_socket(),
        Ok(_) => {
            slot.phase.set(Phase::Accepted);
            if this.wants() {
                this.queue(a);
            }
        }
        Err(e) => {
            slot.drop_socket();
            if this.wants() {
                // One that we have cancelled meanwhile, or whose client has gone, says nothing about the next.
                if e == system::ABORTED || socket::is_accept_retriable(e) || system::is_peer_gone(e) {
                    this.fill(a);
                } else {
                    this.failed(a, e);
                }
            }
        }
    }
    this.decref(held);
}

/// Runs in the loop: hands connections, or an error, to the program.
///
/// # Safety
/// `arg` is a listener on which the queue held a reference.
unsafe extern "C" fn hand_over(_: *mut event_callback, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(this) = (unsafe { ListenerRef::from_raw(arg.cast()) }) else { return };
    let mut held = this.hold();
    let l = this.get();
    let Some(a) = this.accepts() else { return };
    a.queued.set(false);
    // The queue's reference is ours until the end: whatever the callbacks do, the listener stays.
    for slot in &a.slots {
        if !this.wants() {
            break;
        }
        if slot.phase.get() != Phase::Accepted {
            continue;
        }
        let new = slot.socket.replace(-1);
        slot.phase.set(Phase::Idle);
        // Without it the socket works, but for its names.
        let _ = system::finish_accept(new, this.event().fd());
        // SAFETY: the slot's accept has succeeded on `new`.
        let (mut from, len) = unsafe { system::accepted_from(new, slot.room.get().cast()) };
        // Another one waits in its place while the program works.
        let refilled = this.accept_ahead(a, slot);
        let (cb, arg) = (l.cb.get(), l.arg.get());
        drop(held);
        let addr = (&raw mut from).cast::<sockaddr>();
        // SAFETY: what the program registered; we hold a reference.
        unsafe { callback::listener_accept(cb, this.as_ptr(), new, addr, len as c_int, arg) };
        held = this.hold();
        if let Err(Error::Os(e)) = refilled
            && this.wants()
        {
            this.failed(a, e);
        }
    }
    let error = a.error.replace(0);
    if error != 0 && this.wants() {
        let (cb, arg) = (l.error_cb.get(), l.arg.get());
        if cb.is_some() {
            drop(held);
            sys::set_errno(error);
            // SAFETY: as above.
            unsafe { callback::listener_error(cb, this.as_ptr(), arg) };
            held = this.hold();
        } else {
            sys::set_errno(error);
            let fd = this.event().fd();
            crate::warn_errno!("a listener cannot accept connections on descriptor {fd}");
        }
    }
    this.decref(held);
}

/// Accepting that failed is tried again.
///
/// # Safety
/// `arg` is a listener that is alive or waits for its finalizer.
unsafe extern "C" fn retry(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(this) = (unsafe { ListenerRef::from_raw(arg.cast()) }) else { return };
    let _held: Held = this.hold();
    if let Some(a) = this.accepts()
        && this.wants()
    {
        this.fill(a);
    }
}

/// Frees the part of a listener that nobody uses any more.
///
/// # Safety
/// Its last use; no accept is under way, and no callback runs.
pub(super) unsafe fn free(l: &Listener) {
    let p = l.accepts.replace(std::ptr::null_mut());
    if p.is_null() {
        return;
    }
    // SAFETY: made by `Accepts::new`, for this listener.
    let a = unsafe { mem::Box::from_raw_in(p, mem::Alloc) };
    a.count(false);
    for slot in &a.slots {
        slot.drop_socket();
    }
    if a.retry().is_initialized() {
        a.retry().unassign();
    }
}
const _: () = assert!(offset_of!(Slot, op) == 0);
