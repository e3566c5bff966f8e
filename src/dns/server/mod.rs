//! Server ports: a socket on which a program answers queries.
//!
//! Callbacks run without the port's lock, so that requests can be answered by any thread, inside the callback or long
//! after it. Each request holds a reference on its port: a port that the program has closed reads nothing any more,
//! and its socket stays open until the last request has been answered and sent, or dropped.
//!
//! Lock order: port, base. The memory is freed once no callback can be running (see `listener.rs`).
mod amplification;
mod records;
mod request;

pub use records::Section;
pub use request::{ReplyData, RequestRef};

use super::{log, wire};
use crate::abi::dns::{evdns_request_callback_fn_type, evdns_server_port};
use crate::abi::event::{Ev, event, event_callback};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, CallbackRef, EventRef};
use crate::log::Severity;
use crate::sys::datagram::{self, Batch, Datagram};
use crate::sys::{self, clock, socket};
use crate::thread::Lock;
use crate::util::addr::Inet;
use crate::{Error, Result, callback, mem};
use amplification::Budgets;
use request::{Sent, Verdict};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_short, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The longest reply that goes out over UDP, whatever the client says it takes: what crosses the internet unfragmented.
const MAX_UDP: usize = 1232;
/// The longest reply to a client that knows no EDNS.
const PLAIN_UDP: usize = 512;
/// How many batches of datagrams are taken before others get their turn.
const BATCHES_PER_TURN: usize = 16;
/// How many replies wait for the socket to become writable. What comes then is lost, as on the wire.
const MAX_WAITING: u32 = 4096;

struct Port {
    /// EV_READ, while the port is open.
    read: UnsafeCell<event>,
    /// EV_WRITE, while replies wait.
    write: UnsafeCell<event>,
    lock: Lock,
    cb: evdns_request_callback_fn_type,
    arg: *mut c_void,
    fd: evutil_socket_t,
    refs: Cell<u32>,
    closed: AtomicBool,
    /// Replies that met a full socket, oldest first.
    waiting: Cell<Option<RequestRef>>,
    last_waiting: Cell<Option<RequestRef>>,
    waiting_count: Cell<u32>,
    budgets: Cell<Option<mem::Box<Budgets>>>,
    /// Blocks of answered requests, for the next ones: the first, which points at the next, and how many.
    spare: Cell<Option<NonNull<Spare>>>,
    spare_count: Cell<u32>,
}
/// A block without a request in it.
struct Spare {
    next: Option<NonNull<Spare>>,
}
/// So many blocks are kept.
const MAX_SPARE: u32 = 16;

/// A handle on a port; the port lives until it is closed and its last request is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortRef(NonNull<evdns_server_port>);

/// The lock, held.
struct Held(PortRef);
impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: acquired by `hold`, and the port is alive: by its caller's word, or by a reference.
        unsafe { self.0.get().lock.release() };
    }
}

impl PortRef {
    /// # Safety
    /// `p` is null or a live port, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evdns_server_port) -> Option<PortRef> {
        NonNull::new(p).map(PortRef)
    }
    pub fn as_ptr(self) -> *mut evdns_server_port {
        self.0.as_ptr()
    }
    fn get(&self) -> &Port {
        // SAFETY: alive by the contract of `from_raw`. What changes are cells.
        unsafe { self.0.cast::<Port>().as_ref() }
    }
    fn read_event(self) -> EventRef {
        // SAFETY: a field of the live port: not null.
        unsafe { EventRef::from_raw(self.get().read.get()).unwrap_unchecked() }
    }
    fn write_event(self) -> EventRef {
        // SAFETY: as above.
        unsafe { EventRef::from_raw(self.get().write.get()).unwrap_unchecked() }
    }
    fn hold(self) -> Held {
        self.get().lock.acquire();
        Held(self)
    }
    /// For functions that the loop calls: holds the lock and a reference. None when the last one has gone.
    fn enter(self) -> Option<Held> {
        let held = self.hold();
        if self.get().refs.get() == 0 {
            return None;
        }
        self.incref();
        Some(held)
    }
    /// Under the lock.
    fn incref(self) {
        self.get().refs.set(self.get().refs.get() + 1);
    }

    /// `evdns_add_server_port_with_base`: answers on the datagram socket `fd`, which is closed with the port. No base:
    /// the current one.
    pub fn new(
        base: Option<BaseRef>,
        fd: evutil_socket_t,
        flags: c_int,
        cb: evdns_request_callback_fn_type,
        arg: *mut c_void,
    ) -> Result<PortRef> {
        if flags != 0 || fd < 0 {
            return Err(Error::Invalid);
        }
        // SAFETY: null links are valid values of an event.
        let event = || UnsafeCell::new(unsafe { std::mem::zeroed::<event>() });
        let port = mem::new_box(Port {
            read: event(),
            write: event(),
            lock: Lock::new()?,
            cb,
            arg,
            fd,
            refs: Cell::new(1),
            closed: AtomicBool::new(false),
            waiting: Cell::new(None),
            last_waiting: Cell::new(None),
            waiting_count: Cell::new(0),
            budgets: Cell::new(None),
            spare: Cell::new(None),
            spare_count: Cell::new(0),
        })?;
        let (p, _) = mem::Box::into_raw_with_allocator(port);
        // SAFETY: a box is never null.
        let port = PortRef(unsafe { NonNull::new_unchecked(p.cast()) });
        let begin = || {
            port.write_event().assign(
                base,
                fd,
                Ev::WRITE | Ev::PERSIST | Ev::FINALIZE,
                Some(writable),
                p.cast(),
            )?;
            port.read_event().assign(
                base,
                fd,
                Ev::READ | Ev::PERSIST | Ev::FINALIZE,
                Some(readable),
                p.cast(),
            )?;
            port.read_event().add(None)
        };
        begin().inspect_err(|_| {
            // SAFETY: nobody knows it, and no event of it is added.
            unsafe { port.release_memory() };
        })?;
        Ok(port)
    }
    /// `evdns_close_server_port`: no request comes any more. Those that are unanswered can still be answered.
    pub fn close(self) {
        let held = self.hold();
        if !self.get().closed.swap(true, Relaxed) {
            let _ = self.read_event().del_noblock();
        }
        self.decref(held);
    }
    /// Gives up one reference and the lock.
    #[inline]
    fn decref(self, held: Held) {
        let p = self.get();
        p.refs.set(p.refs.get().saturating_sub(1));
        if p.refs.get() == 0 {
            self.end(held);
        }
    }
    /// The last reference has gone.
    #[cold]
    fn end(self, held: Held) {
        let p = self.get();
        let _ = self.read_event().del_noblock();
        let _ = self.write_event().del_noblock();
        // Nobody reads or writes there now: both happen under the lock.
        if p.fd >= 0 {
            sys::fd::close(p.fd);
        }
        if p.lock.is_none() {
            drop(held);
            // SAFETY: the last reference, and no other thread knows it.
            return unsafe { self.release_memory() };
        }
        match self.read_event().base() {
            // The loop's thread may be about to take the lock.
            // SAFETY: the heads of the port's events; the memory stays until `finalized`.
            Some(base) => unsafe {
                let heads = [self.read_event(), self.write_event()]
                    .map(|ev| CallbackRef::from_raw(ev.as_ptr().cast()));
                // Released before the finalizer can free it.
                drop(held);
                CallbackRef::finalize_many(base, &heads, Some(finalized));
            },
            None => {
                drop(held);
                // SAFETY: without a base there is no loop that could be calling.
                unsafe { self.release_memory() };
            }
        }
    }
    /// # Safety
    /// The last use of the port.
    unsafe fn release_memory(self) {
        for ev in [self.read_event(), self.write_event()] {
            if ev.is_initialized() {
                ev.unassign();
            }
        }
        while let Some(block) = self.take_spare() {
            // SAFETY: one of ours, and nobody else knows it.
            unsafe { mem::free(block.as_ptr().cast()) };
        }
        // SAFETY: made by `new`.
        drop(unsafe { mem::Box::from_raw_in(self.0.as_ptr().cast::<Port>(), mem::Alloc) });
    }

    // ---- requests ----

    /// A block for a request. The lock is held.
    #[inline]
    fn take_spare(self) -> Option<NonNull<u8>> {
        let p = self.get();
        let block = p.spare.get()?;
        // SAFETY: put there by `keep_spare`; the block is ours alone.
        p.spare.set(unsafe { block.read() }.next);
        p.spare_count.set(p.spare_count.get() - 1);
        Some(block.cast())
    }
    /// Keeps the block of a request that is gone; false if there are enough. The lock is held.
    ///
    /// # Safety
    /// The block came from our allocator, has the size of spare ones and is aligned, and nobody uses it any more.
    #[inline]
    unsafe fn keep_spare(self, block: NonNull<u8>) -> bool {
        let p = self.get();
        if p.spare_count.get() >= MAX_SPARE {
            return false;
        }
        // SAFETY: the caller's promise.
        unsafe { block.cast::<Spare>().write(Spare { next: p.spare.get() }) };
        p.spare.set(Some(block.cast()));
        p.spare_count.set(p.spare_count.get() + 1);
        true
    }

    /// Reads what is there and hands the requests to the program. The caller holds a reference.
    fn read_all(self, mut held: Held) {
        let mut batch = Batch::new();
        // Most often there is one: a second place tells so without another call.
        let mut most = 2;
        for _ in 0..BATCHES_PER_TURN {
            if self.get().closed.load(Relaxed) {
                return;
            }
            let received = batch.receive(self.get().fd, most);
            drop(held);
            let n = match received {
                Ok(n) => n,
                Err(e) => {
                    if !e.errno().is_some_and(socket::is_retriable) {
                        complain(e, "cannot read requests");
                    }
                    return;
                }
            };
            for i in 0..n {
                if let Some(d) = batch.get(i) {
                    self.received(&d);
                }
            }
            if n < most {
                return;
            }
            most = datagram::BATCH;
            held = self.hold();
        }
    }
    /// What is no request is dropped without a word.
    #[inline(never)]
    fn received(self, d: &Datagram<'_>) {
        if self.get().closed.load(Relaxed) {
            return;
        }
        let Some(asked) = wire::Request::parse(d.bytes) else { return };
        match RequestRef::accept(self, &asked, d) {
            Verdict::Accepted(req) => self.hand_over(req),
            Verdict::Refused(rcode) => {
                let mut room = [0; PLAIN_UDP];
                if let Some(len) = request::encode_refusal(&mut room, &asked, rcode) {
                    let _held = self.hold();
                    // SAFETY: the sender's address. A refusal that cannot be sent at once is not worth keeping.
                    let _ = unsafe {
                        datagram::send_to(self.get().fd, room.get(..len).unwrap_or(&[]), d.from, d.from_len)
                    };
                }
            }
            Verdict::Unwanted => {}
        }
    }
    fn hand_over(self, req: RequestRef) {
        let p = self.get();
        if p.cb.is_none() {
            return req.drop_unanswered();
        }
        // SAFETY: what the program registered; the request is its own from now on, the port is kept by our caller.
        unsafe { callback::dns_request(p.cb, req.as_ptr(), p.arg) };
    }

    // ---- replies ----

    /// Whether a reply this long may go to `to`, who may be the victim of a forged query.
    fn may_send(self, to: impl FnOnce() -> Option<Inet>, query: usize, reply: usize) -> bool {
        if amplification::is_free(query, reply) {
            return true;
        }
        let Some(to) = to() else { return true };
        let now = (clock::monotonic_us(true) / 1000) as u32;
        let cell = &self.get().budgets;
        let mut budgets = cell.take();
        if budgets.is_none() {
            budgets = Budgets::new(now).ok();
        }
        let Some(mut b) = budgets else { return false };
        let ok = b.pay(&to, reply, now);
        cell.set(Some(b));
        ok
    }
    /// Keeps a reply until the socket takes it; false if it is lost. The lock is held; `req` is ours.
    fn enqueue(self, req: RequestRef) -> bool {
        let p = self.get();
        if p.waiting_count.get() >= MAX_WAITING
            || (p.waiting.get().is_none() && self.write_event().add(None).is_err())
        {
            return false;
        }
        match p.last_waiting.replace(Some(req)) {
            Some(last) => last.set_next(Some(req)),
            None => p.waiting.set(Some(req)),
        }
        p.waiting_count.set(p.waiting_count.get() + 1);
        true
    }
    /// Sends the replies that wait. The lock is held, and the caller has a reference.
    fn send_waiting(self) -> Result<()> {
        let p = self.get();
        let mut result = Ok(());
        while let Some(req) = p.waiting.get() {
            match req.send() {
                Sent::Later => return result,
                Sent::Lost(e) => result = Err(e),
                Sent::Done => {}
            }
            p.waiting.set(req.next());
            if req.next().is_none() {
                p.last_waiting.set(None);
            }
            p.waiting_count.set(p.waiting_count.get() - 1);
            // SAFETY: answered: nobody else knows it. The port has a reference of our caller's left.
            unsafe { req.release(self) };
        }
        let _ = self.write_event().del_noblock();
        result
    }
}

/// Says what went wrong. The port's lock is not held: the program's function may do anything.
#[cold]
fn complain(e: Error, what: &str) {
    log::write_errno(Severity::Warn, e.errno(), format_args!("a DNS server port {what}"));
}
const LOST: &str = "cannot send a reply, which is dropped";

/// # Safety
/// `arg` is a port that is alive or waits for its finalizer.
unsafe extern "C" fn readable(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(port) = (unsafe { PortRef::from_raw(arg.cast()) }) else { return };
    if let Some(held) = port.enter() {
        port.read_all(held);
        port.decref(port.hold());
    }
}
/// # Safety
/// As [`readable`].
unsafe extern "C" fn writable(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(port) = (unsafe { PortRef::from_raw(arg.cast()) }) else { return };
    let Some(held) = port.enter() else { return };
    let sent = port.send_waiting();
    port.decref(held);
    if let Err(e) = sent {
        complain(e, LOST);
    }
}
/// # Safety
/// `cb` is the head of the read event of a port that nobody uses any more.
unsafe extern "C" fn finalized(cb: *mut event_callback, _: *mut c_void) {
    // SAFETY: the contract above; the event is a field of the port.
    unsafe {
        let p = cb.cast::<u8>().sub(offset_of!(Port, read)).cast::<evdns_server_port>();
        PortRef(NonNull::new_unchecked(p)).release_memory();
    }
}
