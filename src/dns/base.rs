//! The DNS base: what a resolver is, its lock, its life, its one timer.
//!
//! It is reference counted: its maker, each request and each event that may be running hold it. Under the lock
//! nobody is called: answers are delivered from the loop (`request.rs`), and messages are noted and said once the
//! lock is free.
use super::channel::ChannelRef;
use super::handle::Handle;
use super::hosts::Hosts;
use super::inflight::Inflight;
use super::log as dns_log;
use super::nameserver::ServerRef;
use super::pace::Pace;
use super::request::{Request, RequestRef};
use super::search::SearchList;
use super::settings::Settings;
use crate::abi::bufferevent::evdns_base;
use crate::abi::dns::{
    DNS_OPTION_HOSTSFILE, DNS_OPTION_MISC, DNS_OPTION_NAMESERVERS, DNS_OPTION_NAMESERVERS_NO_DEFAULT,
    DNS_OPTION_SEARCH, EVDNS_BASE_DISABLE_WHEN_INACTIVE, EVDNS_BASE_INITIALIZE_NAMESERVERS,
    EVDNS_BASE_NAMESERVERS_NO_DEFAULT,
};
use crate::abi::event::{Ev, event, event_callback};
use crate::base::{BaseRef, CallbackRef, EventRef, current};
use crate::log::Severity;
use crate::mem::{self, Alloc, Box, TryVec, Vec};
use crate::sys::c::timeval;
use crate::sys::clock;
use crate::thread::PlainLock;
use crate::util::addr::{self, Inet};
use crate::util::secure_random;
use crate::{Error, Result};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_short, c_void};
use std::mem::{MaybeUninit, offset_of};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

/// What an `evdns_base` is.
struct Base {
    refs: AtomicUsize,
    lock: PlainLock,
    timer: UnsafeCell<event>,
    /// The memory of one request that is gone, for the next. Only where there is one thread: with more, handing it on
    /// would want the lock, and the allocator does it better.
    spare_request: Cell<Option<Handle<MaybeUninit<Request>>>>,
    state: UnsafeCell<State>,
}
impl Drop for Base {
    fn drop(&mut self) {
        if let Some(place) = self.spare_request.take() {
            // SAFETY: put there by `keep_place`; it is nobody's.
            unsafe { place.free() };
        }
    }
}

/// A handle on a DNS base; alive until [`DnsRef::free`], or while a reference is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DnsRef(NonNull<evdns_base>);

/// The locked DNS base. The lock is not recursive, and nothing that may call out runs under it.
pub struct Guard(DnsRef);

/// When nothing is due.
pub(crate) const NEVER: i64 = i64::MAX;

/// Counters, for tests and for those who want to know.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Queries sent, again ones included.
    pub sent: u64,
    /// Messages that answered no question of ours, and were dropped.
    pub dropped: u64,
    /// Queries that went to TCP because too many messages did not fit.
    pub suspicious: u64,
    /// Replies that spelled the name in another case than 0x20 asked for.
    pub case_differed: u64,
}

/// What is under the lock.
pub struct State {
    pub settings: Settings,
    pub hosts: Hosts,
    pub search: SearchList,
    /// How the answers for the two families came, for `evdns_getaddrinfo`: v4 timeouts and answers, v6 timeouts
    /// and answers.
    pub gai: super::getaddrinfo::Counters,
    pub stats: Stats,
    pub(super) me: DnsRef,
    pub(super) event_base: Option<BaseRef>,
    pub(super) servers: Vec<ServerRef>,
    /// The server that gets the next query.
    pub(super) next_server: usize,
    /// How many servers are up.
    pub(super) up: usize,
    pub(super) inflight: Inflight,
    pub(super) pace: Pace,
    /// EVDNS_BASE_DISABLE_WHEN_INACTIVE
    pub(super) disable_when_inactive: bool,
    /// Between `clear_nameservers` and `resume`.
    pub(super) suspended: bool,
    pub(super) freed: bool,
    /// Messages are read into this; empty until the first.
    pub(super) rx: Vec<u8>,
    /// See [`Direct`].
    pub(super) direct: Direct,
    /// Closed channels, to be freed once the lock is.
    pub(super) retired: Option<ChannelRef>,
    timer_made: bool,
    /// What the timer is set to.
    armed: i64,
    /// The timer has to be looked at before the lock is released.
    pub(super) timer_dirty: bool,
    notes: Vec<Note>,
}

/// Who reads replies in the loop's thread can tell the program as soon as the lock is free, and saves a finished request
/// the way over the queue of active callbacks: one of them at a time, so that whatever the callback does to the loop
/// (loopbreak) or to the other requests counts for these.
#[derive(Clone, Copy)]
pub(super) enum Direct {
    Off,
    Wanted,
    Is(RequestRef),
}

/// Something to be said when the lock is free.
pub(super) struct Note {
    pub(super) severity: Severity,
    pub(super) text: &'static str,
    pub(super) server: Option<Inet>,
    pub(super) errno: Option<c_int>,
}
impl Note {
    fn say(&self) {
        match self.server {
            Some(a) => {
                // SAFETY: an address of ours.
                let a = unsafe { addr::format_sockaddr_port(a.as_ptr()) };
                let text = format_args!("Nameserver {} {}", a.as_str(), self.text);
                dns_log::write_errno(self.severity, self.errno, text);
            }
            None => dns_log::write_errno(self.severity, self.errno, format_args!("{}", self.text)),
        }
    }
}

const ALL_FLAGS: c_int =
    EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE | EVDNS_BASE_NAMESERVERS_NO_DEFAULT;
/// DNS_OPTIONS_ALL
pub const OPTIONS_ALL: c_int =
    DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC | DNS_OPTION_HOSTSFILE;

impl DnsRef {
    /// # Safety
    /// `p` is null or a live DNS base, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut evdns_base) -> Option<DnsRef> {
        NonNull::new(p).map(DnsRef)
    }
    #[inline]
    pub fn as_ptr(self) -> *mut evdns_base {
        self.0.as_ptr()
    }
    #[inline]
    fn raw(self) -> *mut Base {
        self.0.as_ptr().cast()
    }

    /// `evdns_base_new`. Without an event base the current one of the 1.x API is used, as soon as there is one.
    pub fn new(event_base: Option<BaseRef>, flags: c_int) -> Result<DnsRef> {
        crate::util::resolve::set_async(super::getaddrinfo::start, super::getaddrinfo::cancel);
        if secure_random::init().is_err() {
            dns_log::write(Severity::Warn, format_args!("there are no secure random bytes: DNS cannot run"));
            return Err(Error::Invalid);
        }
        let known = flags & !ALL_FLAGS == 0;
        let flags = if known { flags } else { EVDNS_BASE_INITIALIZE_NAMESERVERS };
        let me = DnsRef(NonNull::dangling());
        let state = State {
            settings: Settings::default(),
            hosts: Hosts::new(),
            search: SearchList::new(),
            gai: Default::default(),
            stats: Stats::default(),
            me,
            event_base: event_base.or_else(current::get),
            servers: mem::new_vec(),
            next_server: 0,
            up: 0,
            inflight: Inflight::new()?,
            pace: Pace::new(),
            // Before the nameservers are read: their events depend on it.
            disable_when_inactive: flags & EVDNS_BASE_DISABLE_WHEN_INACTIVE != 0,
            suspended: false,
            freed: false,
            rx: mem::new_vec(),
            direct: Direct::Off,
            retired: None,
            timer_made: false,
            armed: NEVER,
            timer_dirty: false,
            notes: mem::new_vec(),
        };
        // SAFETY: null links are valid values of an event.
        let timer = UnsafeCell::new(unsafe { std::mem::zeroed::<event>() });
        let base = mem::new_box(Base {
            refs: AtomicUsize::new(1),
            lock: PlainLock::new()?,
            timer,
            spare_request: Cell::new(None),
            state: UnsafeCell::new(state),
        })?;
        let (p, _) = Box::into_raw_with_allocator(base);
        let me = DnsRef(NonNull::new(p.cast()).ok_or(Error::NoMem)?);
        {
            let mut g = me.lock();
            g.me = me;
            g.inflight.placed();
        }
        if !known {
            dns_log::write(
                Severity::Warn,
                format_args!("evdns_base_new: unknown flags; reading the system's nameservers"),
            );
        }
        if flags & EVDNS_BASE_INITIALIZE_NAMESERVERS != 0 {
            let no_default = flags & EVDNS_BASE_NAMESERVERS_NO_DEFAULT != 0;
            let what = OPTIONS_ALL | if no_default { DNS_OPTION_NAMESERVERS_NO_DEFAULT } else { 0 };
            me.read_system(what).inspect_err(|_| me.free(false))?;
        }
        Ok(me)
    }
    /// `evdns_base_free`. With `fail`, the callbacks of requests under way still run, with DNS_ERR_SHUTDOWN.
    pub fn free(self, fail: bool) {
        let mut g = self.lock();
        if !g.freed {
            g.freed = true;
            g.shut_down(fail);
            let timer = g.timer_made;
            drop(g);
            if timer {
                self.finish_timer();
            }
            self.release();
        }
    }
    pub fn retain(self) {
        // SAFETY: alive; atomic.
        unsafe { (*self.raw()).refs.fetch_add(1, Ordering::Relaxed) };
    }
    /// Gives up a reference; the last one frees the memory. The lock is not held.
    pub fn release(self) {
        // SAFETY: the reference given up kept it alive until here.
        unsafe {
            if (*self.raw()).refs.fetch_sub(1, Ordering::Release) == 1 {
                fence(Ordering::Acquire);
                drop(Box::from_raw_in(self.raw(), Alloc));
            }
        }
    }
    /// Memory for a request. The lock is held.
    #[inline]
    pub(super) fn place_for_request(self) -> Result<Handle<MaybeUninit<Request>>> {
        // SAFETY: alive; a cell that is used under the lock here, and elsewhere only if there is one thread.
        unsafe { (*self.raw()).spare_request.take() }.map_or_else(Handle::empty, Ok)
    }
    /// Keeps the memory of a request that is gone, or frees it.
    ///
    /// # Safety
    /// Nobody uses it any more.
    #[inline]
    pub(super) unsafe fn keep_place(self, place: Handle<MaybeUninit<Request>>) {
        // SAFETY: alive; a cell, of which only one thread knows; the caller's promise.
        unsafe {
            if !self.is_threaded() && (*self.raw()).spare_request.get().is_none() {
                (*self.raw()).spare_request.set(Some(place));
            } else {
                place.free();
            }
        }
    }
    #[inline]
    pub fn lock(self) -> Guard {
        // SAFETY: alive; the lock is shared by nature.
        unsafe { (*self.raw()).lock.acquire() };
        Guard(self)
    }
    /// Whether other threads may be in here: then what events point at is freed by the loop.
    #[inline]
    pub(super) fn is_threaded(self) -> bool {
        // SAFETY: alive; shared by nature.
        !unsafe { (*self.raw()).lock.is_none() }
    }
    /// The event base, if one is known by now.
    pub fn event_base(self) -> Option<BaseRef> {
        self.lock().event_base()
    }
    pub fn stats(self) -> Stats {
        self.lock().stats
    }

    fn timer(self) -> Option<EventRef> {
        // SAFETY: a field of the live base.
        unsafe { EventRef::from_raw((*self.raw()).timer.get()) }
    }
    /// The timer will not be used again.
    fn finish_timer(self) {
        let Some(t) = self.timer() else { return };
        let _ = t.del_noblock();
        match t.base() {
            Some(base) if self.is_threaded() => {
                self.retain();
                // SAFETY: the head of an event of ours; the reference keeps it alive until the finalizer.
                unsafe { CallbackRef::from_raw(t.as_ptr().cast()).finalize(base, Some(timer_finished)) };
            }
            _ => t.unassign(),
        }
    }
}

/// # Safety
/// `cb` is the head of a DNS base's timer, and the base has been retained for this call.
unsafe extern "C" fn timer_finished(cb: *mut event_callback, _: *mut c_void) {
    // SAFETY: the contract above.
    if let Some(dns) = unsafe { DnsRef::from_raw(cb.byte_sub(offset_of!(Base, timer)).cast()) } {
        if let Some(t) = dns.timer() {
            t.unassign();
        }
        dns.release();
    }
}
/// # Safety
/// `arg` is a DNS base that has not finished its timer.
unsafe extern "C" fn timer_fired(_: crate::abi::util::evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(dns) = (unsafe { DnsRef::from_raw(arg.cast()) }) else { return };
    let mut g = dns.lock();
    if !g.freed {
        g.armed = NEVER;
        g.timer_dirty = true;
        g.tick(clock::monotonic_us(false));
    }
}

impl State {
    pub fn event_base(&mut self) -> Option<BaseRef> {
        if self.event_base.is_none() {
            self.event_base = current::get();
        }
        self.event_base
    }
    /// The time for deadlines: a few milliseconds late at most, and cheap.
    pub(super) fn now(&self) -> i64 {
        clock::monotonic_us(true)
    }
    #[cold]
    pub(super) fn note(&mut self, note: Note) {
        // Without memory there is nothing to be said.
        let _ = self.notes.try_push(note);
    }
    /// `at` is the deadline of something.
    #[inline]
    pub(super) fn due(&mut self, at: i64) {
        if at < self.armed {
            self.timer_dirty = true;
        }
    }
    /// Everything ends: requests, servers, sockets.
    fn shut_down(&mut self, fail: bool) {
        self.end_all_requests(fail);
        self.drop_servers();
        self.timer_dirty = false;
        if let (true, Some(t)) = (self.timer_made, self.me.timer()) {
            let _ = t.del_noblock();
        }
        self.hosts.clear();
        self.search.clear();
        self.rx = mem::new_vec();
    }
    /// Sets the timer to what is due next. It may fire too early: then nothing is due and it is set anew.
    #[cold]
    fn settle(&mut self) {
        self.timer_dirty = false;
        let next = self.next_due();
        if next == self.armed {
            return;
        }
        if !self.timer_made {
            let (Some(t), Some(base)) = (self.me.timer(), self.event_base()) else { return };
            if t.assign(Some(base), -1, Ev::empty(), Some(timer_fired), self.me.as_ptr().cast()).is_err() {
                return;
            }
            self.timer_made = true;
        }
        let Some(t) = self.me.timer() else { return };
        if next == NEVER {
            self.armed = NEVER;
            let _ = t.del_noblock();
            return;
        }
        let wait = (next - clock::monotonic_us(false)).max(0);
        let tv = timeval { tv_sec: (wait / 1_000_000) as _, tv_usec: (wait % 1_000_000) as _ };
        // Without memory the next operation tries again.
        self.armed = if t.add(Some(&tv)).is_ok() { next } else { NEVER };
    }
    pub(super) fn channel_alive(&self, ch: ChannelRef) -> bool {
        !self.freed && ch.is_open()
    }
}

impl Deref for Guard {
    type Target = State;
    #[inline]
    fn deref(&self) -> &State {
        // SAFETY: the lock is held, and it is not recursive: this is the one guard.
        unsafe { &*(*self.0.raw()).state.get() }
    }
}
impl DerefMut for Guard {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        // SAFETY: as above.
        unsafe { &mut *(*self.0.raw()).state.get() }
    }
}
impl Drop for Guard {
    #[inline(always)]
    fn drop(&mut self) {
        if self.timer_dirty || self.retired.is_some() || !self.notes.is_empty() {
            return self.release_with_work();
        }
        // SAFETY: we hold it, and no borrow of the state is alive.
        unsafe { (*self.0.raw()).lock.release() };
    }
}
impl Guard {
    /// Unlocks, and does what had to wait for that.
    #[inline(never)]
    fn release_with_work(&mut self) {
        if self.timer_dirty && !self.freed {
            self.settle();
        }
        let notes = if self.notes.is_empty() {
            None
        } else {
            Some(std::mem::replace(&mut self.notes, mem::new_vec()))
        };
        let retired = self.retired.take();
        // SAFETY: we hold it, and no borrow of the state is alive.
        unsafe { (*self.0.raw()).lock.release() };
        if retired.is_some() {
            ChannelRef::bury(retired);
        }
        if let Some(notes) = notes {
            notes.iter().for_each(Note::say);
        }
    }
}
