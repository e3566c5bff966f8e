//! One question of the program: its life from being asked to its callback.
//!
//! A request is one allocation. It stands on a queue (waiting) or in the tables of those under way (`inflight.rs`);
//! once finished it belongs to its deferred callback, which frees it. It holds a reference on the DNS base.
use super::base::{DnsRef, State};
use super::channel::ChannelRef;
use super::handle::Handle;
use super::name::Name;
use super::nameserver::ServerRef;
use super::search::Search;
use super::wire::{Answer, PlainAnswers, Reply, TYPE_A, TYPE_AAAA, TYPE_PTR};
use crate::abi::dns::{
    DNS_ERR_CANCEL, DNS_ERR_NONE, DNS_ERR_SHUTDOWN, DNS_IPv4_A, DNS_IPv6_AAAA, DNS_PTR, DNS_QUERY_NO_SEARCH,
    evdns_callback_type, evdns_request,
};
use crate::abi::event::{ListEntry, TailqEntry, event_callback};
use crate::base::{BaseRef, CallbackRef};
use crate::list::{ListLink, TailLink};
use crate::mem::{self, TryVec, Vec};
use crate::util::secure_random;
use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::slice;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    A,
    Aaaa,
    Ptr,
}
impl Kind {
    pub(super) fn qtype(self) -> u16 {
        match self {
            Kind::A => TYPE_A,
            Kind::Aaaa => TYPE_AAAA,
            Kind::Ptr => TYPE_PTR,
        }
    }
    /// What C callbacks are told.
    pub fn to_c(self) -> c_char {
        match self {
            Kind::A => DNS_IPv4_A,
            Kind::Aaaa => DNS_IPv6_AAAA,
            Kind::Ptr => DNS_PTR,
        }
    }
}

/// Flag for [`DnsRef::start`]: keep the name that the question's name is an alias of. (The number is libevent 2.2's
/// DNS_CNAME_CALLBACK.)
pub const WANT_CANONICAL: c_int = 0x80;

/// What came of a request.
pub struct Outcome<'a> {
    /// DNS_ERR_...
    pub result: c_int,
    pub kind: Kind,
    /// Seconds for which this holds.
    pub ttl: u32,
    pub answers: Answers<'a>,
    /// The name that the question's name is an alias of, if it was wanted.
    pub canonical: Option<&'a [u8]>,
    /// The DNS base was freed, and the program does not want to hear of it.
    pub dropped: bool,
}
/// Answers, of the kind that was asked for.
#[derive(Clone, Copy, Debug)]
pub enum Answers<'a> {
    None,
    V4(&'a [[u8; 4]]),
    V6(&'a [[u8; 16]]),
    Name(&'a CStr),
}

/// A callback of the engine's own: called exactly once, from the loop, without any lock; also when the DNS base is
/// freed silently (see [`Outcome::dropped`]).
pub type EngineDone = unsafe fn(&Outcome<'_>, *mut c_void);
/// Whom to tell.
#[derive(Clone, Copy)]
pub enum Done {
    C(evdns_callback_type, *mut c_void),
    Engine(EngineDone, *mut c_void),
}
/// Who asks.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    User(Done),
    /// We ourselves: whether this nameserver is back.
    Probe(ServerRef),
}

/// What a finished request has come to know.
#[derive(Clone, Copy)]
pub(super) enum Found<'a> {
    Nothing,
    Plain(&'a PlainAnswers<'a>),
    Reply(&'a Reply),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// On no queue.
    Nowhere,
    Waiting,
    Inflight,
    /// Its callback has been scheduled, which frees it.
    Finished,
}

/// Why a request goes over TCP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tcp {
    No,
    /// The program said so.
    Always,
    /// The reply over UDP was cut.
    Truncated,
    /// Somebody seems to guess.
    Suspicious,
}

const DATA: usize = 512;
/// While it is asked for, the name as it is sent; when it is finished, what has been found: addresses, or a name with
/// its NUL.
#[repr(C, align(8))]
union Data {
    name: Name,
    found: MaybeUninit<[u8; DATA]>,
}

/// See [`RequestRef`].
pub struct Request {
    deferred: UnsafeCell<event_callback>,
    /// On the waiting queue, or among the deadlines.
    order: UnsafeCell<TailqEntry<Request>>,
    by_id: UnsafeCell<ListEntry<Request>>,
    on_channel: UnsafeCell<ListEntry<Request>>,
    pub(super) dns: DnsRef,
    event_base: BaseRef,
    owner: Owner,
    pub(super) kind: Kind,
    flags: c_int,
    pub(super) place: Cell<Place>,
    /// None if the name is not searched for.
    search: Option<mem::Box<Search>>,
    pub(super) id: Cell<u16>,
    /// Random bits for the first id, drawn along with those for the name's case.
    pub(super) id_bits: Cell<Option<u16>>,
    /// It has an id, and stands in the table.
    pub(super) has_id: Cell<bool>,
    pub(super) server: Cell<Option<ServerRef>>,
    pub(super) channel: Cell<Option<ChannelRef>>,
    /// When this try ends, or, waiting, since when.
    pub(super) at: Cell<i64>,
    /// When the tries for this name end.
    pub(super) expires: Cell<i64>,
    /// When the last of its names ends.
    pub(super) limit: Cell<i64>,
    /// How often it has been sent.
    pub(super) tries: Cell<u32>,
    /// How often a server's error sent it on to another one.
    pub(super) reissues: Cell<u32>,
    /// What a server said, to be reported if no other knows better.
    pub(super) error: Cell<c_int>,
    /// Messages that came instead of the reply.
    pub(super) mismatches: Cell<u32>,
    /// 0x20 is on.
    pub(super) exact_case: Cell<bool>,
    pub(super) edns: Cell<bool>,
    pub(super) sent_edns: Cell<bool>,
    pub(super) tcp: Cell<Tcp>,
    /// A TCP connection was lost under it once.
    pub(super) tcp_lost: Cell<bool>,
    result: Cell<c_int>,
    ttl: Cell<u32>,
    count: Cell<u32>,
    dropped: Cell<bool>,
    canonical: Cell<Option<Handle<Vec<u8>>>>,
    data: UnsafeCell<Data>,
}

/// A handle on a request: good until its callback has run.
#[derive(Clone, Copy, PartialEq)]
pub struct RequestRef(Handle<Request>);

impl std::ops::Deref for RequestRef {
    type Target = Request;
    #[inline]
    fn deref(&self) -> &Request {
        &self.0
    }
}

macro_rules! link {
    ($marker:ident, $trait:ident, $entry:ident, $field:ident) => {
        pub(super) enum $marker {}
        // SAFETY: one fixed field, and one kind of list uses it.
        unsafe impl $trait for $marker {
            type Node = Request;
            unsafe fn entry(node: *mut Request) -> *mut $entry<Request> {
                // SAFETY: the caller's promise.
                unsafe { UnsafeCell::raw_get(&raw const (*node).$field) }
            }
        }
    };
}
link!(Order, TailLink, TailqEntry, order);
link!(ById, ListLink, ListEntry, by_id);
link!(OnChannel, ListLink, ListEntry, on_channel);

impl DnsRef {
    /// Starts a request. `name` is text; for [`Kind::Ptr`] the name to ask for. None: nothing has begun, and nobody
    /// will be called. DNS_QUERY_NO_SEARCH and [`WANT_CANONICAL`] are the flags that mean something.
    #[inline(always)]
    pub fn start(self, kind: Kind, name: &[u8], flags: c_int, done: Done) -> Option<RequestRef> {
        self.lock().start(kind, name, flags, done)
    }
    /// As [`Self::start`], for a name that is known already and not searched for.
    pub fn start_name(self, kind: Kind, name: Name, done: Done) -> Option<RequestRef> {
        self.lock().begin(kind, &name, DNS_QUERY_NO_SEARCH, done, None)
    }
}

impl State {
    /// [`DnsRef::start`], for those who hold the lock.
    pub fn start(&mut self, kind: Kind, name: &[u8], flags: c_int, done: Done) -> Option<RequestRef> {
        let searched = flags & DNS_QUERY_NO_SEARCH == 0 && kind != Kind::Ptr && !self.search.is_empty();
        if !searched {
            let r = self.blank(kind, flags, Owner::User(done), None)?;
            // SAFETY: nobody else knows it yet.
            let fits = unsafe {
                // Made where it stands: copying the root there would cost more than all the rest.
                r.data.get().cast::<u8>().write_bytes(0, size_of::<Name>());
                let place = &mut (*r.data.get()).name;
                place.make_root();
                place.set_text(name)
            };
            if !fits {
                // SAFETY: on no list; whoever has the lock holds the base.
                unsafe { r.free() };
                return None;
            }
            r.spell(self.settings.randomize_case);
            self.submit(r);
            return Some(r);
        }
        // A name of nothing could only become the domains themselves.
        if name.is_empty() {
            return None;
        }
        let search = Search::new(name, &self.search).ok()?;
        let first = search.next_name()?;
        self.begin(kind, &first, flags, done, Some(mem::new_box(search).ok()?))
    }
    /// [`RequestRef::cancel`], for those who hold the lock.
    pub fn cancel(&mut self, r: RequestRef) {
        if r.place.get() != Place::Finished {
            self.finish(r, DNS_ERR_CANCEL, 0, Found::Nothing);
            self.pump();
        }
    }
    /// Makes a request and sends it, or lets it wait.
    fn begin(
        &mut self,
        kind: Kind,
        name: &Name,
        flags: c_int,
        done: Done,
        search: Option<mem::Box<Search>>,
    ) -> Option<RequestRef> {
        let r = self.make(kind, name, flags, Owner::User(done), search)?;
        self.submit(r);
        Some(r)
    }
    pub(super) fn make(
        &mut self,
        kind: Kind,
        name: &Name,
        flags: c_int,
        owner: Owner,
        search: Option<mem::Box<Search>>,
    ) -> Option<RequestRef> {
        let r = self.blank(kind, flags, owner, search)?;
        // SAFETY: nobody else knows it yet.
        unsafe { (*r.data.get()).name = *name };
        r.spell(self.settings.randomize_case);
        Some(r)
    }
    /// A request whose name is still to be set.
    #[inline]
    fn blank(
        &mut self,
        kind: Kind,
        flags: c_int,
        owner: Owner,
        search: Option<mem::Box<Search>>,
    ) -> Option<RequestRef> {
        if self.freed {
            return None;
        }
        let event_base = self.event_base()?;
        // SAFETY: null links are valid values of these.
        let deferred = UnsafeCell::new(unsafe { std::mem::zeroed::<event_callback>() });
        let tail = || UnsafeCell::new(TailqEntry { tqe_next: null_mut(), tqe_prev: null_mut() });
        let list_entry = || UnsafeCell::new(ListEntry { le_next: null_mut(), le_prev: null_mut() });
        let place = self.me.place_for_request().ok()?;
        let request = Request {
            deferred,
            order: tail(),
            by_id: list_entry(),
            on_channel: list_entry(),
            dns: self.me,
            event_base,
            owner,
            kind,
            flags,
            place: Cell::new(Place::Nowhere),
            search,
            id: Cell::new(0),
            id_bits: Cell::new(None),
            has_id: Cell::new(false),
            server: Cell::new(None),
            channel: Cell::new(None),
            at: Cell::new(0),
            expires: Cell::new(0),
            limit: Cell::new(0),
            tries: Cell::new(0),
            reissues: Cell::new(0),
            error: Cell::new(DNS_ERR_NONE),
            mismatches: Cell::new(0),
            exact_case: Cell::new(false),
            edns: Cell::new(true),
            sent_edns: Cell::new(false),
            tcp: Cell::new(if self.settings.use_tcp { Tcp::Always } else { Tcp::No }),
            tcp_lost: Cell::new(false),
            result: Cell::new(DNS_ERR_NONE),
            ttl: Cell::new(0),
            count: Cell::new(0),
            dropped: Cell::new(false),
            canonical: Cell::new(None),
            data: UnsafeCell::new(Data { found: MaybeUninit::uninit() }),
        };
        // SAFETY: an empty place, which is ours.
        let r = RequestRef(unsafe { place.fill(request) });
        self.me.retain();
        Some(r)
    }
}

impl RequestRef {
    /// # Safety
    /// `p` is null or a request whose callback has not run, and stays so while copies of the handle are used.
    pub unsafe fn from_raw(p: *mut evdns_request) -> Option<RequestRef> {
        // SAFETY: the caller's promise.
        unsafe { Handle::from_raw(p.cast()) }.map(RequestRef)
    }
    pub fn as_ptr(self) -> *mut evdns_request {
        self.0.as_ptr().cast()
    }
    pub(super) fn node(self) -> *mut Request {
        self.0.as_ptr()
    }
    /// # Safety
    /// `p` is null or a live request.
    pub(super) unsafe fn from_node(p: *mut Request) -> Option<RequestRef> {
        // SAFETY: the caller's promise.
        unsafe { Handle::from_raw(p) }.map(RequestRef)
    }
    /// `evdns_cancel_request`: the callback comes with DNS_ERR_CANCEL. Nothing happens if it is due anyway.
    pub fn cancel(self) {
        let dns = self.dns;
        dns.lock().cancel(self);
    }

    pub(super) fn name(&self) -> &Name {
        debug_assert!(self.place.get() != Place::Finished);
        // SAFETY: the name is there until the request is finished, and asked for before only. It is written by `spell`
        // and `next_search_step`, while nothing is lent out.
        unsafe { &(*self.data.get()).name }
    }
    /// Gives the name's letters a random case, or lower case if not `exact` and they had a random one.
    #[inline]
    pub(super) fn spell(&self, exact: bool) {
        // SAFETY: as above; under the lock, and nothing that `name` lent out is alive.
        let name = unsafe { &mut (*self.data.get()).name };
        if exact {
            // The end has no case.
            let used = (name.as_wire().len() - 1).div_ceil(8);
            if used <= 6 {
                // One number has the bits for the case and those for an id.
                let mut bits = secure_random::small(2 + used);
                self.id_bits.set(Some(bits as u16));
                for i in 0..used {
                    bits >>= if i == 0 { 16 } else { 8 };
                    name.randomize_eight(i, bits as u8);
                }
            } else {
                let mut bits = [0; super::name::MAX_WIRE.div_ceil(8)];
                if let Some(bits) = bits.get_mut(..used) {
                    secure_random::fill(bits);
                }
                name.randomize_case(&bits);
            }
        } else if self.exact_case.get() {
            name.make_lowercase();
        } else {
            return;
        }
        self.exact_case.set(exact);
    }
    /// Bits for an id: nobody else has seen them.
    pub(super) fn random_id(&self) -> u16 {
        self.id_bits.take().unwrap_or_else(|| secure_random::small(2) as u16)
    }
    /// Puts it on a chain of requests that are on no channel; the link to others on a channel serves.
    pub(super) fn chain(self, first: &mut Option<RequestRef>) {
        let next = first.replace(self).map_or(null_mut(), RequestRef::node);
        // SAFETY: on no channel, so that nobody else uses the link.
        unsafe { (*self.on_channel.get()).le_next = next };
    }
    /// The one behind it on the chain.
    pub(super) fn unchain(self) -> Option<RequestRef> {
        // SAFETY: set by `chain`; those on the chain are under way, hence alive.
        unsafe { RequestRef::from_node((*self.on_channel.get()).le_next) }
    }
    pub(super) fn is_probe(&self) -> bool {
        matches!(self.owner, Owner::Probe(_))
    }
    pub(super) fn probed(&self) -> Option<ServerRef> {
        match self.owner {
            Owner::Probe(s) => Some(s),
            Owner::User(_) => None,
        }
    }
    /// Goes on to the next name of its search, if there is one.
    pub(super) fn next_search_step(&self, exact: bool) -> bool {
        let Some(next) = self.search.as_ref().and_then(|s| s.next_name()) else { return false };
        // SAFETY: not finished; under the lock, and nothing that `name` lent out is alive.
        unsafe { (*self.data.get()).name = next };
        self.exact_case.set(false);
        self.spell(exact);
        true
    }

    /// Keeps what has been found, and schedules the callback, which owns the request from now on.
    fn deliver(self, result: c_int, dropped: bool) {
        self.complete(result, 0, Found::Nothing, dropped);
        self.schedule();
    }
    /// Keeps what has been found. The request is finished: it belongs to whoever tells the program.
    #[inline]
    pub(super) fn complete(self, result: c_int, ttl: u32, found: Found<'_>, dropped: bool) {
        self.place.set(Place::Finished);
        self.result.set(result);
        self.ttl.set(ttl);
        self.dropped.set(dropped);
        // Over the name, which is not asked for any more.
        match found {
            Found::Nothing => {}
            Found::Plain(p) => self.keep_plain(p),
            Found::Reply(r) => self.keep(r),
        }
    }
    pub(super) fn schedule(self) {
        let pri = (self.event_base.priorities() / 2) as u8;
        // SAFETY: the request lives until the callback has run.
        let cb = unsafe { CallbackRef::from_raw(self.deferred.get()) };
        cb.init(pri, Some(run), self.node().cast());
        cb.schedule(self.event_base);
    }
    #[inline]
    fn keep_plain(&self, plain: &PlainAnswers<'_>) {
        let mut at = 0;
        for address in plain.addresses() {
            self.put(at, address);
            at += address.len();
        }
        self.count.set(plain.count);
    }
    /// Copies to the place `at` of what is found; what does not fit is left out.
    #[inline]
    fn put(&self, at: usize, bytes: &[u8]) {
        if at + bytes.len() <= DATA {
            let to = self.data.get().cast::<u8>();
            // SAFETY: within `data`, which nobody has lent out.
            unsafe { mem::copy::copy(bytes.as_ptr(), to.add(at), bytes.len()) };
        }
    }
    fn keep(&self, reply: &Reply) {
        let data = match &reply.answer {
            Answer::None => &[],
            Answer::V4(list) => {
                self.count.set(list.as_slice().len() as u32);
                list.as_slice().as_flattened()
            }
            Answer::V6(list) => {
                self.count.set(list.as_slice().len() as u32);
                list.as_slice().as_flattened()
            }
            Answer::Name(name) => {
                if let Some(text) = name.to_printable() {
                    self.count.set(1);
                    self.copy(text.as_bytes(), true);
                }
                return;
            }
        };
        self.copy(data, false);
        if self.flags & WANT_CANONICAL != 0
            && let Some(text) = reply.canonical.and_then(|n| n.to_printable())
        {
            let mut copy = mem::new_vec();
            if copy.try_extend(text.as_bytes()).is_ok() {
                // Without memory it goes missing, as with a server that does not tell.
                self.canonical.set(Handle::new(copy).ok());
            }
        }
    }
    fn copy(&self, bytes: &[u8], nul: bool) {
        // 32 addresses of 16 bytes, or a name of 253 bytes and its NUL.
        const { assert!(super::wire::MAX_ADDRS * 16 <= DATA && super::name::MAX_TEXT < DATA) };
        let n = bytes.len().min(DATA - 1 + usize::from(!nul));
        let to = self.data.get().cast::<u8>();
        // SAFETY: within `data`, which nobody has lent out.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, n);
            if nul {
                to.add(n).write(0);
            }
        }
    }
    fn answers(&self) -> Answers<'_> {
        let (count, p) = (self.count.get() as usize, self.data.get());
        if count == 0 {
            return Answers::None;
        }
        // SAFETY: `keep` wrote that many; nobody writes any more.
        unsafe {
            match self.kind {
                Kind::A => Answers::V4(slice::from_raw_parts(p.cast(), count)),
                Kind::Aaaa => Answers::V6(slice::from_raw_parts(p.cast(), count)),
                Kind::Ptr => Answers::Name(CStr::from_ptr(p.cast())),
            }
        }
    }
    /// Tells whoever asked.
    fn tell(&self) {
        let result = self.result.get();
        match self.owner {
            Owner::User(Done::C(cb, arg)) => {
                let Some(f) = cb.filter(|_| !self.dropped.get()) else { return };
                let mut name = self.data.get().cast::<c_char>();
                let (count, data) = match self.kind {
                    _ if result != DNS_ERR_NONE => (0, null_mut()),
                    Kind::Ptr => (self.count.get(), (&raw mut name).cast::<c_void>()),
                    Kind::A | Kind::Aaaa => (self.count.get(), name.cast()),
                };
                let ttl = c_int::try_from(self.ttl.get()).unwrap_or(c_int::MAX);
                // SAFETY: what the program gave together; the answers live for the call; no lock is held.
                unsafe { f(result, self.kind.to_c(), count as c_int, ttl, data, arg) }
            }
            Owner::User(Done::Engine(f, arg)) => self.tell_engine(f, arg),
            Owner::Probe(_) => {}
        }
    }
    #[inline(never)]
    fn tell_engine(&self, f: EngineDone, arg: *mut c_void) {
        let canonical = self.canonical.get();
        let outcome = Outcome {
            result: self.result.get(),
            kind: self.kind,
            ttl: self.ttl.get(),
            answers: self.answers(),
            canonical: canonical.as_ref().map(|c| c.as_slice()),
            dropped: self.dropped.get(),
        };
        // SAFETY: what `start` was given together; no lock is held.
        unsafe { f(&outcome, arg) }
    }
    /// # Safety
    /// Finished, and not scheduled; the last use of the request. No lock is held.
    #[inline]
    pub(super) unsafe fn tell_and_free(self) {
        self.tell();
        // SAFETY: the caller's promise.
        unsafe { self.free() };
    }
    /// # Safety
    /// The last use of the request; it is on no list. Under the lock only if another reference on the DNS base is held.
    pub(super) unsafe fn free(self) {
        let dns = self.dns;
        // SAFETY: made by `keep` and `make`; the caller's promise.
        unsafe {
            if let Some(c) = self.canonical.take() {
                c.free();
            }
            dns.keep_place(self.0.vacate());
        }
        dns.release();
    }
    /// Ends with the DNS base: on no list any more.
    pub(super) fn end(self, fail: bool) {
        match self.owner {
            Owner::User(Done::Engine(..)) => self.deliver(DNS_ERR_SHUTDOWN, !fail),
            Owner::User(Done::C(..)) if fail => self.deliver(DNS_ERR_SHUTDOWN, false),
            // SAFETY: on no list; the base is being freed by someone who holds a reference.
            _ => unsafe { self.free() },
        }
    }
}

/// # Safety
/// `arg` is a finished request.
unsafe extern "C" fn run(_: *mut event_callback, arg: *mut c_void) {
    // SAFETY: the contract above: nobody else has it any more, but for handles on which cancelling does nothing.
    unsafe {
        if let Some(r) = RequestRef::from_node(arg.cast()) {
            r.tell_and_free();
        }
    }
}
