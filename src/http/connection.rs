//! `struct evhttp_connection`: what a client's connection and one that a server has accepted have in common.
//!
//! * A connection has one bufferevent, which it owns, and a queue of requests. A client's requests wait there for their
//!   turn; a server's are those whose replies are not yet written, and at the end the one that is read or served.
//! * It is counted: existing counts one, and each function that calls out holds a [`Pin`]. [`ConRef::free`] takes the
//!   connection apart at once; the memory goes with the last pin. Whoever has called out asks [`ConRef::is_dead`].
//! * All state is in cells: the program's code may re-enter anywhere. Only the loop's thread uses a connection.
//! * `reading.rs` reads messages and `writing.rs` composes heads for both roles; they part in `server` (`incoming.rs`,
//!   `reply.rs`) and `client.rs`, which this file and `reading.rs` call by the same four names.
use super::chunked::Decoder;
use super::framing::{Body, Framing};
use super::parser::Head;
use super::request::ReqRef;
use super::server::ServerRef;
use super::{client, incoming, reading, text};
use crate::abi::bufferevent::{BevEvent, BevOpt, bufferevent};
use crate::abi::event::{Ev, TailqEntry, event, event_base, event_callback};
use crate::abi::http::{
    ConFlags, evhttp_connection, evhttp_connection_cb, evhttp_request, evhttp_request_error,
};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, CallbackRef, EventRef};
use crate::bufferevent::{BevRef, Kind};
use crate::list::{TailLink, TailQueue};
use crate::sys::c;
use crate::sys::c::{sockaddr, timeval};
use crate::sys::socket;
use crate::{Error, Result, mem, sys};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_char, c_short, c_void};
use std::ptr::{NonNull, null_mut};

/// Seconds that reading, writing and connecting may rest, where a timeout is set to its default.
pub(super) const READ_TIMEOUT: c::tv_sec_t = 50;
pub(super) const WRITE_TIMEOUT: c::tv_sec_t = 50;
/// The most bytes of a head where the program has set no limit of its own.
pub(super) const HEAD_CEILING: usize = 1024 * 1024;
/// The most header fields of one message.
pub(super) const MAX_FIELDS: u32 = 4096;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Disconnected,
    Connecting,
    /// Connected, and no message is under way.
    Idle,
    FirstLine,
    Headers,
    Body,
    /// A client sends its request; a server waits for the program's reply.
    Writing,
}

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct Mark: u32 {
        /// A server accepted it.
        const INCOMING = 1;
        /// A client's, which has connected once.
        const OUTGOING = 2;
        /// To be freed when no request is left.
        const AUTOFREE = 4;
        /// A client's, idle: input or an end mean that the server has closed it.
        const CLOSE_DETECT = 8;
        /// A client's: writing failed, but the response may have arrived.
        const READING_ERROR = 16;
        /// `free` has been called.
        const FREED = 32;
        /// `reading::advance` runs further up.
        const ADVANCING = 64;
        /// No further request is served; the connection ends when its output is written.
        const CLOSING = 128;
        /// Too much has been sent ahead: reading rests.
        const READ_RESTS = 256;
        /// The rest of a body that is too large is dropped.
        const DROPPING = 512;
        /// The reply's head has been written.
        const REPLY_BEGUN = 2048;
        /// The reply's end is told by closing.
        const UNTIL_CLOSE = 4096;
        /// A client's: the program is being told, and nothing begins meanwhile.
        const SETTLING = 0x1_0000;
        /// The close callback runs.
        const TELLING = 0x2_0000;
        /// The reply to CONNECT has been given: what comes now is none of ours.
        const TUNNEL = 16384;
        /// A server's: the other side will send nothing more.
        const ENDED = 32768;
        /// A reply is being put into the output.
        const COMPOSING = 1024;
        /// The deadline runs.
        const TIMED = 8192;
    }
}

/// The message that is being read.
pub(super) struct Incoming {
    pub(super) head: Head,
    pub(super) framing: Framing,
    pub(super) body: Body,
    pub(super) decoder: Decoder,
}
impl Incoming {
    fn new(limit: usize) -> Incoming {
        Incoming {
            head: Head::new(limit, MAX_FIELDS),
            framing: Framing::default(),
            body: Body::None,
            decoder: Decoder::new(limit),
        }
    }
}

pub(super) struct RequestLink;
// SAFETY: `next` is the request's only link, used by the queue of its connection.
unsafe impl TailLink for RequestLink {
    type Node = evhttp_request;
    unsafe fn entry(node: *mut evhttp_request) -> *mut TailqEntry<evhttp_request> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*node).next }
    }
}
pub(super) struct ServerLink;
// SAFETY: `link` is used by the list of the server's connections only.
unsafe impl TailLink for ServerLink {
    type Node = Connection;
    unsafe fn entry(node: *mut Connection) -> *mut TailqEntry<Connection> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*node).link }
    }
}

/// What a `struct evhttp_connection *` points at.
pub struct Connection {
    link: TailqEntry<Connection>,
    requests: UnsafeCell<TailQueue<RequestLink>>,
    bev: BevRef,
    base: Cell<*mut event_base>,
    /// Null for a client's.
    pub(super) server: Cell<Option<ServerRef>>,
    /// What only a client's has.
    pub(super) client: Cell<*mut client::Part>,
    /// The other side: a C string.
    address: *mut c_char,
    address_len: u32,
    pub(super) port: u16,
    state: Cell<State>,
    marks: Cell<Mark>,
    flags: Cell<ConFlags>,
    refs: Cell<u32>,
    /// A server's: requests at the head of the queue whose replies are complete in the output.
    pub(super) replied: Cell<u16>,
    pub(super) timeout: Cell<timeval>,
    pub(super) max_head: Cell<usize>,
    pub(super) max_body: Cell<u64>,
    closecb: Cell<evhttp_connection_cb>,
    closecb_arg: Cell<*mut c_void>,
    /// Called once when the output is empty.
    pub(super) drained_cb: Cell<evhttp_connection_cb>,
    pub(super) drained_arg: Cell<*mut c_void>,
    deferred: UnsafeCell<event_callback>,
    /// Ends a message that takes too long. Made when first needed.
    pub(super) deadline: Cell<*mut event>,
    /// Tells that the other side has gone while reading rests. Made when first needed.
    pub(super) end_watch: Cell<*mut event>,
    /// Bytes of the body at the last deadline.
    pub(super) deadline_seen: Cell<usize>,
    message: UnsafeCell<Incoming>,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Connection>() <= 440);

/// A handle on a connection; copying it keeps nothing alive, [`ConRef::pin`] does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct ConRef(NonNull<evhttp_connection>);

/// Keeps a connection's memory.
pub(super) struct Pin(ConRef);
impl Drop for Pin {
    fn drop(&mut self) {
        self.0.unpin();
    }
}

impl ConRef {
    /// # Safety
    /// `p` is null or a live connection, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut evhttp_connection) -> Option<ConRef> {
        NonNull::new(p).map(ConRef)
    }
    #[inline]
    pub fn as_ptr(self) -> *mut evhttp_connection {
        self.0.as_ptr()
    }
    #[inline]
    pub(super) fn node(self) -> *mut Connection {
        self.as_ptr().cast()
    }
    #[inline]
    pub(super) fn from_node(p: NonNull<Connection>) -> ConRef {
        ConRef(p.cast())
    }
    #[inline]
    pub(super) fn get<'a>(self) -> &'a Connection {
        // SAFETY: the handle's connection is alive. Its fields are cells, or constant (`link` is never read through
        // this reference), so shared references live well together.
        unsafe { &*self.node() }
    }

    /// A connection without role. `bev` is owned from here on, also when making the connection fails: it is freed then.
    /// `base` None: the bufferevent's. `address` holds no NUL.
    pub(super) fn new(base: Option<BaseRef>, bev: BevRef, address: &[u8], port: u16) -> Result<ConRef> {
        let made = (|| {
            let address_len = u32::try_from(address.len()).map_err(|_| Error::Invalid)?;
            let address = text::duplicate(address)?;
            // SAFETY: null links and functions are valid values of both.
            let (link, deferred) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
            let none = timeval { tv_sec: 0, tv_usec: 0 };
            let boxed = mem::new_box(Connection {
                link,
                requests: UnsafeCell::new(TailQueue::unplaced()),
                bev,
                base: Cell::new(base.map_or(null_mut(), BaseRef::as_ptr)),
                server: Cell::new(None),
                client: Cell::new(null_mut()),
                address,
                address_len,
                port,
                state: Cell::new(State::Disconnected),
                marks: Cell::new(Mark::empty()),
                flags: Cell::new(ConFlags::empty()),
                refs: Cell::new(1),
                replied: Cell::new(0),
                timeout: Cell::new(none),
                max_head: Cell::new(usize::MAX),
                max_body: Cell::new(usize::MAX as u64),
                closecb: Cell::new(None),
                closecb_arg: Cell::new(null_mut()),
                drained_cb: Cell::new(None),
                drained_arg: Cell::new(null_mut()),
                deferred: UnsafeCell::new(deferred),
                deadline: Cell::new(null_mut()),
                end_watch: Cell::new(null_mut()),
                deadline_seen: Cell::new(0),
                message: UnsafeCell::new(Incoming::new(HEAD_CEILING)),
            })
            .inspect_err(|_| {
                // SAFETY: made above.
                unsafe { mem::free(address.cast()) };
            })?;
            let (p, _) = mem::Box::into_raw_with_allocator(boxed);
            // SAFETY: a box is not null.
            Ok(ConRef::from_node(unsafe { NonNull::new_unchecked(p) }))
        })();
        let con = made.inspect_err(|_| bev.free())?;
        con.requests().init();
        con.deferred().init(bev.priority() as u8, Some(go_on), con.as_ptr().cast());
        if let Some(base) = base
            && bev.base() != Some(base)
        {
            // Only a socket can move; another kind stays where the program has put it.
            let _ = bev.set_base(base);
        }
        con.take_callbacks();
        Ok(con)
    }

    // ---- life ----

    pub(super) fn pin(self) -> Pin {
        let c = self.get();
        c.refs.set(c.refs.get() + 1);
        Pin(self)
    }
    fn unpin(self) {
        let c = self.get();
        c.refs.set(c.refs.get() - 1);
        if c.refs.get() > 0 {
            return;
        }
        // SAFETY: `free` has let go of everything else, and nobody refers to it any more.
        unsafe {
            mem::free(c.address.cast());
            drop(mem::Box::from_raw_in(self.node(), mem::Alloc));
        }
    }
    /// Whether [`Self::free`] has begun: nothing more is to be done with it.
    #[inline]
    pub(super) fn is_dead(self) -> bool {
        self.is(Mark::FREED)
    }
    /// `evhttp_connection_free`: tells the close callback, ends all requests (without calling them back) and closes.
    pub fn free(self) {
        if self.is_dead() {
            return;
        }
        self.mark(Mark::FREED, true);
        // The reference of its existence goes with this guard.
        let pin = Pin(self);
        let c = self.get();
        // First: the close callback may free the server, which must not wait for us then.
        if let Some(server) = c.server.take() {
            server.connection_gone(self);
        }
        self.tell_closed();
        while let Some(req) = self.first_request() {
            self.remove(req);
            req.free_unless_owned();
        }
        client::drop_part(self);
        if let Some(base) = self.base() {
            self.deferred().cancel(base);
        }
        for place in [&c.deadline, &c.end_watch] {
            drop_event(place);
        }
        self.close();
        drop(pin);
    }
    /// The program's close callback, if the connection is one.
    pub(super) fn tell_closed(self) {
        let c = self.get();
        let connected = !matches!(c.state.get(), State::Disconnected | State::Connecting);
        if connected
            && !self.is(Mark::TELLING)
            && self.fd() >= 0
            && let Some(f) = c.closecb.get()
        {
            let _pin = self.pin();
            self.mark(Mark::TELLING, true);
            // SAFETY: what the program registered together; the pin keeps the connection.
            unsafe { f(self.as_ptr(), c.closecb_arg.get()) }
            self.mark(Mark::TELLING, false);
        }
    }
    /// Frees the bufferevent and closes its socket.
    fn close(self) {
        let bev = self.bev();
        let fd = self.fd();
        bev.setcb(None, None, None, null_mut());
        let _ = bev.disable_hard(Ev::READ | Ev::WRITE);
        let closes = bev.options().contains(BevOpt::CLOSE_ON_FREE);
        let plain = matches!(bev.kind(), Kind::Socket | Kind::Async);
        if !closes && plain {
            // The number is about to become another file's.
            let _ = bev.set_fd(-1);
        }
        bev.free();
        if fd >= 0 {
            // TLS has last words of its own.
            if plain || !closes {
                let _ = socket::shutdown(fd, c::SHUT_WR);
            }
            if !closes {
                sys::fd::close(fd);
            }
        }
    }

    // ---- fields ----

    #[inline]
    pub fn bev(self) -> BevRef {
        self.get().bev
    }
    pub fn bufferevent(self) -> *mut bufferevent {
        self.bev().as_ptr()
    }
    pub fn fd(self) -> evutil_socket_t {
        self.bev().fd().unwrap_or(-1)
    }
    /// The base it was given, or else its bufferevent's.
    pub fn base(self) -> Option<BaseRef> {
        // SAFETY: a connection's base outlives it: that is the program's duty.
        unsafe { BaseRef::from_raw(self.get().base.get()) }.or_else(|| self.bev().base())
    }
    pub fn given_base(self) -> *mut event_base {
        self.get().base.get()
    }
    /// `evhttp_connection_set_base`: only before it is used.
    pub fn set_base(self, base: BaseRef) {
        if self.state() != State::Disconnected {
            crate::warnx!("evhttp_connection_set_base: the connection is in use");
            return;
        }
        self.get().base.set(base.as_ptr());
        let _ = self.bev().set_base(base);
    }
    pub fn server(self) -> Option<ServerRef> {
        self.get().server.get()
    }
    /// The other side, as `evhttp_connection_get_peer` tells it.
    pub fn peer(self) -> (*mut c_char, u16) {
        (self.get().address, self.get().port)
    }
    pub fn peer_name<'a>(self) -> &'a [u8] {
        let c = self.get();
        // SAFETY: so many bytes, which live as long as the connection.
        unsafe { std::slice::from_raw_parts(c.address.cast(), c.address_len as usize) }
    }
    /// `evhttp_connection_get_addr`
    pub fn peer_address(self) -> *const sockaddr {
        self.bev().conn_address()
    }
    #[inline]
    pub(super) fn state(self) -> State {
        self.get().state.get()
    }
    #[inline]
    pub(super) fn set_state(self, s: State) {
        self.get().state.set(s);
    }
    #[inline]
    pub(super) fn is(self, m: Mark) -> bool {
        self.get().marks.get().intersects(m)
    }
    #[inline]
    pub(super) fn mark(self, m: Mark, on: bool) {
        let c = self.get();
        let mut v = c.marks.get();
        v.set(m, on);
        c.marks.set(v);
    }
    pub(super) fn has_flag(self, f: ConFlags) -> bool {
        self.get().flags.get().contains(f)
    }
    pub(super) fn set_flag(self, f: ConFlags, on: bool) {
        let mut v = self.get().flags.get();
        v.set(f, on);
        self.get().flags.set(v);
    }
    #[inline]
    pub(super) fn is_incoming(self) -> bool {
        self.is(Mark::INCOMING)
    }
    /// `evhttp_connection_set_closecb`
    pub fn set_closecb(self, cb: evhttp_connection_cb, arg: *mut c_void) {
        self.get().closecb.set(cb);
        self.get().closecb_arg.set(arg);
    }
    /// Whether the program wants to know of this connection's end.
    pub(super) fn end_matters(self) -> bool {
        self.get().closecb.get().is_some()
    }
    /// `evhttp_connection_set_max_headers_size`; below 0: no limit but the ceiling.
    pub fn set_max_head(self, n: isize) {
        self.get().max_head.set(usize::try_from(n).unwrap_or(usize::MAX));
    }
    /// `evhttp_connection_set_max_body_size`; below 0: no limit.
    pub fn set_max_body(self, n: isize) {
        self.get().max_body.set(u64::try_from(n).unwrap_or(u64::MAX));
    }
    /// The most bytes that a head may have.
    pub(super) fn head_limit(self) -> usize {
        match self.get().max_head.get() {
            usize::MAX => HEAD_CEILING,
            n => n,
        }
    }
    /// `evhttp_connection_set_timeout_tv`: for reading and writing; None: the defaults.
    pub fn set_timeout(self, tv: Option<timeval>) {
        let seconds = |n| timeval { tv_sec: n, tv_usec: 0 };
        self.get().timeout.set(tv.unwrap_or(seconds(0)));
        let (read, write) = match tv {
            Some(tv) => (tv, tv),
            None => (seconds(READ_TIMEOUT), seconds(WRITE_TIMEOUT)),
        };
        let _ = self.bev().set_timeouts(Some(read), Some(write));
    }

    /// Whether [`Self::set_timeout`] has set one.
    pub(crate) fn has_timeout(self) -> bool {
        let tv = self.get().timeout.get();
        tv.tv_sec != 0 || tv.tv_usec != 0
    }

    // ---- the requests ----
    pub(crate) fn has_requests(self) -> bool {
        self.first_request().is_some()
    }

    fn requests<'a>(self) -> &'a mut TailQueue<RequestLink> {
        // SAFETY: no use of the queue calls out, so none meets another.
        unsafe { &mut *self.get().requests.get() }
    }
    #[inline]
    pub(super) fn first_request(self) -> Option<ReqRef> {
        // SAFETY: what stands on the queue is alive.
        unsafe { ReqRef::from_raw(self.requests().first()) }
    }
    #[inline]
    pub(super) fn last_request(self) -> Option<ReqRef> {
        // SAFETY: as above.
        unsafe { ReqRef::from_raw(self.requests().last()) }
    }
    /// Appends a request that is on no connection.
    pub(super) fn append(self, req: ReqRef) {
        req.set_evcon(self.as_ptr());
        // SAFETY: the request is alive and on no queue.
        unsafe { self.requests().insert_tail(req.as_ptr()) };
    }
    /// Takes one of its requests off the queue; it has no connection then.
    pub(super) fn remove(self, req: ReqRef) {
        debug_assert!(req.evcon() == self.as_ptr());
        // SAFETY: it is on the queue, since its `evcon` says so.
        unsafe { self.requests().remove(req.as_ptr()) };
        req.set_evcon(null_mut());
    }
    /// Whether a request stands on the queue, or one at the same place that came later.
    pub(super) fn has_request(self, req: ReqRef) -> bool {
        let mut at = self.first_request();
        while let Some(r) = at {
            if r == req {
                return true;
            }
            // SAFETY: what stands on the queue is alive.
            at = unsafe { ReqRef::from_raw(TailQueue::<RequestLink>::next(r.as_ptr())) };
        }
        false
    }
    /// A request of ours is freed by the program.
    pub(super) fn forget(self, req: ReqRef) {
        let was_last = self.last_request() == Some(req);
        let was_first = self.first_request() == Some(req);
        self.remove(req);
        if self.is_dead() {
            return;
        }
        if self.is_incoming() {
            incoming::forgotten(self, was_last)
        } else {
            client::forgotten(self, was_first)
        }
    }

    // ---- the bufferevent ----

    /// The callbacks of a connection in use.
    #[inline]
    pub(super) fn take_callbacks(self) {
        self.bev().setcb(Some(readable), Some(writable), Some(noticed), self.as_ptr().cast());
    }
    /// Whether the bufferevent still calls us: the program may have taken it over.
    pub(super) fn has_callbacks(self) -> bool {
        self.bev().getcb().3 == self.as_ptr().cast()
    }
    /// Small replies must not wait for the other side's acknowledgement of what went before.
    pub(super) fn send_at_once(self) {
        let fd = self.fd();
        if fd >= 0 && matches!(socket::family(fd), Some(c::AF_INET | c::AF_INET6)) {
            let _ = socket::set_option(fd, c::IPPROTO_TCP, c::TCP_NODELAY, 1);
        }
    }
    /// The message that is being read. Nothing that is done with it calls out.
    #[inline]
    pub(super) fn message<'a>(self) -> &'a mut Incoming {
        // SAFETY: uses are short and call nobody who would come back for it.
        unsafe { &mut *self.get().message.get() }
    }
    /// Begins to read a message. `req` is what it is read into.
    pub(super) fn begin_message(self) {
        *self.message() = Incoming::new(self.head_limit());
        self.get().deadline_seen.set(0);
        self.mark(Mark::DROPPING, false);
        self.set_state(State::FirstLine);
    }
    pub(super) fn deferred(self) -> CallbackRef {
        // SAFETY: a field of the live connection.
        unsafe { CallbackRef::from_raw(self.get().deferred.get()) }
    }
    /// Looks at the input (and at what else is due) again from the loop.
    pub(super) fn advance_later(self) {
        if let Some(base) = self.base() {
            self.deferred().schedule(base);
        }
    }
    /// The connection has failed, or what was read makes no sense.
    pub fn fail(self, why: evhttp_request_error) {
        if self.is_dead() {
            return;
        }
        if self.is_incoming() { incoming::fail(self, why) } else { client::fail(self, why) }
    }

    /// The event in `place`, if it was made.
    pub(super) fn existing(self, place: &Cell<*mut event>) -> Option<EventRef> {
        // SAFETY: lives until `free` drops it.
        unsafe { EventRef::from_raw(place.get()) }
    }
    /// An event of this connection in `place`, made when first asked for.
    pub(super) fn own_event(
        self,
        place: &Cell<*mut event>,
        fd: evutil_socket_t,
        what: Ev,
        cb: unsafe extern "C" fn(evutil_socket_t, c_short, *mut c_void),
    ) -> Option<EventRef> {
        if place.get().is_null() {
            let p = mem::calloc(1, size_of::<event>()).cast::<event>();
            // SAFETY: null or room for an event.
            let ev = unsafe { EventRef::from_raw(p) }?;
            if ev.assign(self.base(), fd, what, Some(cb), self.as_ptr().cast()).is_err() {
                // SAFETY: made above, known to nobody.
                unsafe { mem::free(p.cast()) };
                return None;
            }
            place.set(p);
        }
        self.existing(place)
    }
}

/// Ends and frees an event that `own_event` made.
pub(super) fn drop_event(place: &Cell<*mut event>) {
    let p = place.replace(null_mut());
    // SAFETY: null, or an event of ours.
    if let Some(ev) = unsafe { EventRef::from_raw(p) } {
        let _ = ev.del_noblock();
        ev.unassign();
        // SAFETY: from `own_event`; the loop has let go of it, also when its callback is what runs.
        unsafe { mem::free(p.cast()) };
    }
}

/// # Safety
/// `arg` is a live connection, whose bufferevent calls.
unsafe extern "C" fn readable(_: *mut bufferevent, arg: *mut c_void) {
    // SAFETY: the contract above.
    if let Some(con) = unsafe { ConRef::from_raw(arg.cast()) } {
        reading::advance(con);
    }
}
/// # Safety
/// As [`readable`].
unsafe extern "C" fn writable(_: *mut bufferevent, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(con) = (unsafe { ConRef::from_raw(arg.cast()) }) else { return };
    // A program may have set a low watermark.
    if !con.bev().output().is_empty() {
        return;
    }
    if con.is_incoming() { incoming::drained(con) } else { client::drained(con) }
}
/// # Safety
/// As [`readable`].
pub(super) unsafe extern "C" fn noticed(_: *mut bufferevent, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(con) = (unsafe { ConRef::from_raw(arg.cast()) }) else { return };
    let what = BevEvent::from_bits_retain(what);
    if con.is_incoming() { incoming::event(con, what) } else { client::event(con, what) }
}
/// Runs from the base's queue.
///
/// # Safety
/// As [`readable`].
unsafe extern "C" fn go_on(_: *mut event_callback, arg: *mut c_void) {
    // SAFETY: the contract above; freeing the connection takes the callback off the queue.
    let Some(con) = (unsafe { ConRef::from_raw(arg.cast()) }) else { return };
    reading::advance(con);
}
