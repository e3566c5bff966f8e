//! A channel: a socket that is connected to a nameserver, over UDP or TCP, with the requests that it carries.
//!
//! Sockets for UDP are connected, so that the kernel drops what comes from elsewhere and reports errors, and each
//! query gets a source port of its own: the socket is idle before, and connecting it anew makes the kernel choose
//! another port (two cheap calls; the descriptor stays registered).
use super::base::{Direct, DnsRef, State};
use super::handle::Handle;
use super::nameserver::ServerRef;
use super::request::{OnChannel, RequestRef};
use super::tcp::Stream;
use crate::abi::event::{Ev, Evlist, TailqEntry, event, event_callback};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, CallbackRef, EventRef};
use crate::list::{List, TailLink};
use crate::{Error, Result, sys};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_short, c_void};
use std::ptr::null_mut;

/// So many idle sockets of a server are kept open.
const SPARE: u32 = 8;

#[repr(C)]
pub(crate) struct Channel {
    event: UnsafeCell<event>,
    busy: UnsafeCell<TailqEntry<Channel>>,
    dns: DnsRef,
    pub(super) server: ServerRef,
    fd: Cell<evutil_socket_t>,
    /// The event has been assigned.
    assigned: Cell<bool>,
    /// Does not count for the loop (DISABLE_WHEN_INACTIVE): the deadlines of requests keep it running.
    internal: bool,
    requests: UnsafeCell<List<OnChannel>>,
    count: Cell<u32>,
    /// UDP: it is connected, with a port that has been used.
    pub(super) connected: Cell<bool>,
    /// UDP: the next on the stack of idle ones.
    next_idle: Cell<Option<ChannelRef>>,
    pub(super) stream: Option<UnsafeCell<Stream>>,
}

/// A handle on a channel. It is open until it is retired; the memory stays a while longer if other threads may be
/// about to look at it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct ChannelRef(Handle<Channel>);

impl std::ops::Deref for ChannelRef {
    type Target = Channel;
    #[inline]
    fn deref(&self) -> &Channel {
        &self.0
    }
}

pub(super) enum Busy {}
// SAFETY: one fixed field; only a nameserver's queue of busy channels uses it.
unsafe impl TailLink for Busy {
    type Node = Channel;
    unsafe fn entry(node: *mut Channel) -> *mut TailqEntry<Channel> {
        // SAFETY: the caller's promise.
        unsafe { UnsafeCell::raw_get(&raw const (*node).busy) }
    }
}

impl ChannelRef {
    /// # Safety
    /// `p` is null or a live channel.
    pub(super) unsafe fn from_node(p: *mut Channel) -> Option<ChannelRef> {
        // SAFETY: the caller's promise.
        unsafe { Handle::from_raw(p) }.map(ChannelRef)
    }
    fn node(self) -> *mut Channel {
        self.0.as_ptr()
    }
    pub(super) fn event(self) -> Option<EventRef> {
        // SAFETY: a field of the live channel.
        unsafe { EventRef::from_raw(self.event.get()) }
    }
    pub(super) fn fd(&self) -> evutil_socket_t {
        self.fd.get()
    }
    pub(super) fn is_open(&self) -> bool {
        self.fd.get() >= 0
    }
    pub(super) fn is_tcp(&self) -> bool {
        self.stream.is_some()
    }
    /// How many requests it carries.
    pub(super) fn load(&self) -> u32 {
        self.count.get()
    }
    pub(super) fn first_request(&self) -> Option<RequestRef> {
        // SAFETY: under the lock; members of the list are alive.
        unsafe { RequestRef::from_node((*self.requests.get()).first()) }
    }
    /// TCP: when it is closed for want of work.
    pub(super) fn idle_until(&self) -> i64 {
        // SAFETY: under the lock, for this moment.
        self.stream.as_ref().map_or(super::base::NEVER, |s| unsafe { (*s.get()).idle_until })
    }
    /// Watches for `what` from now on, and for nothing else.
    pub(super) fn watch(self, what: Ev) -> Result<()> {
        let ev = self.event().ok_or(Error::Invalid)?;
        let base = ev.base();
        let _ = ev.del_noblock();
        self.begin_watching(base, what)
    }
    fn begin_watching(self, base: Option<BaseRef>, what: Ev) -> Result<()> {
        let ev = self.event().ok_or(Error::Invalid)?;
        ev.assign(base, self.fd(), what | Ev::PERSIST, Some(ready), self.node().cast())?;
        self.assigned.set(true);
        if self.internal {
            ev.insert_flags(Evlist::INTERNAL);
        }
        ev.add(None)
    }
}

impl State {
    /// A channel for `fd`, which it owns from now on, also on failure.
    pub(super) fn open_channel(
        &mut self,
        server: ServerRef,
        fd: evutil_socket_t,
        stream: Option<Stream>,
        what: Ev,
    ) -> Result<ChannelRef> {
        let made = Handle::new(Channel {
            // SAFETY: null links are valid values of an event.
            event: UnsafeCell::new(unsafe { std::mem::zeroed::<event>() }),
            busy: UnsafeCell::new(TailqEntry { tqe_next: null_mut(), tqe_prev: null_mut() }),
            dns: self.me,
            server,
            fd: Cell::new(fd),
            assigned: Cell::new(false),
            internal: self.disable_when_inactive,
            requests: UnsafeCell::new(List::new()),
            count: Cell::new(0),
            connected: Cell::new(false),
            next_idle: Cell::new(None),
            stream: stream.map(UnsafeCell::new),
        });
        let ch = ChannelRef(made.inspect_err(|_| sys::fd::close(fd))?);
        self.me.retain();
        if !ch.is_tcp() {
            server.sockets.set(server.sockets.get() + 1);
        }
        let base = self.event_base();
        let watched = if base.is_some() { ch.begin_watching(base, what) } else { Err(Error::Invalid) };
        watched.inspect_err(|_| self.retire(ch))?;
        Ok(ch)
    }
    /// Closes a channel that carries nothing and is on no list.
    pub(super) fn retire(&mut self, ch: ChannelRef) {
        if !ch.is_tcp() {
            ch.server.sockets.set(ch.server.sockets.get() - 1);
        }
        if let Some(ev) = ch.event().filter(|_| ch.assigned.get()) {
            let _ = ev.del_noblock();
        }
        sys::fd::close(ch.fd.replace(-1));
        // It is looked at until the lock is released.
        ch.next_idle.set(self.retired.replace(ch));
    }
    /// Closes all channels of a server whose requests have left them.
    pub(super) fn close_channels(&mut self, s: ServerRef) {
        while let Some(ch) = self.take_idle(s) {
            self.retire(ch);
        }
        if let Some(ch) = s.tcp.take() {
            self.retire(ch);
        }
    }
    /// Puts a channel for UDP on the stack of idle ones, or closes it if there are enough.
    pub(super) fn make_idle(&mut self, ch: ChannelRef) {
        let s = ch.server;
        let spent = ch.connected.get() && !sys::datagram_io::DISCONNECT_FREES_PORT;
        if spent || s.idle_sockets.get() >= SPARE {
            return self.retire(ch);
        }
        s.idle_sockets.set(s.idle_sockets.get() + 1);
        ch.next_idle.set(s.idle.replace(Some(ch)));
    }
    pub(super) fn take_idle(&mut self, s: ServerRef) -> Option<ChannelRef> {
        let ch = s.idle.get()?;
        s.idle.set(ch.next_idle.take());
        s.idle_sockets.set(s.idle_sockets.get() - 1);
        Some(ch)
    }
    /// Takes an idle channel out of the middle of the stack.
    pub(super) fn remove_idle(&mut self, ch: ChannelRef) {
        let s = ch.server;
        let mut before: Option<ChannelRef> = None;
        let mut at = s.idle.get();
        while let Some(c) = at {
            at = c.next_idle.get();
            if c == ch {
                match before {
                    Some(b) => b.next_idle.set(ch.next_idle.take()),
                    None => s.idle.set(ch.next_idle.take()),
                }
                s.idle_sockets.set(s.idle_sockets.get() - 1);
                return;
            }
            before = Some(c);
        }
    }

    /// `ch` carries `r` from now on.
    pub(super) fn attach(&mut self, r: RequestRef, ch: ChannelRef) {
        // SAFETY: under the lock; `r` is on no channel, and leaves this one before either is freed.
        unsafe {
            (*ch.requests.get()).insert_head(r.node());
            if !ch.is_tcp() {
                let busy = ch.server.busy.get();
                if ch.count.get() > 0 {
                    (*busy).remove(ch.node());
                }
                (*busy).insert_tail(ch.node());
            }
        }
        ch.count.set(ch.count.get() + 1);
        r.channel.set(Some(ch));
    }
    /// `r` is carried by no channel any more, and the channel goes on.
    #[inline]
    pub(super) fn detach(&mut self, r: RequestRef) {
        if r.channel.get().is_some() {
            self.leave(r);
        }
    }
    fn leave(&mut self, r: RequestRef) {
        let Some(ch) = self.take_off(r).filter(|ch| ch.count.get() == 0) else { return };
        if !ch.is_tcp() {
            self.make_idle(ch);
        } else if ch.server.tcp.get() == Some(ch) {
            self.tcp_idle(ch);
        }
    }
    /// As [`Self::detach`]; what becomes of the channel is the caller's business. None: there was none.
    pub(super) fn take_off(&mut self, r: RequestRef) -> Option<ChannelRef> {
        let ch = r.channel.take()?;
        // SAFETY: under the lock; it is on this channel's list.
        unsafe { (*ch.requests.get()).remove(r.node()) };
        ch.count.set(ch.count.get() - 1);
        if ch.count.get() == 0 && !ch.is_tcp() {
            // SAFETY: a channel for UDP that carries something is on this queue.
            unsafe { (*ch.server.busy.get()).remove(ch.node()) };
        }
        Some(ch)
    }
}

impl ChannelRef {
    /// Frees retired channels, linked as idle ones are. The lock is not held.
    pub(super) fn bury(first: Option<ChannelRef>) {
        let mut next = first;
        while let Some(ch) = next {
            next = ch.next_idle.take();
            let dns = ch.dns;
            match ch.event().and_then(|ev| ev.base().filter(|_| ch.assigned.get())) {
                // The loop's thread may be about to take our lock.
                // SAFETY: the head of the channel's event; the memory stays until `finalized`.
                Some(base) if dns.is_threaded() => unsafe {
                    CallbackRef::from_raw(ch.event.get().cast()).finalize(base, Some(finalized));
                },
                _ => {
                    // SAFETY: nobody else knows it.
                    unsafe { ch.free() };
                    dns.release();
                }
            }
        }
    }
    /// # Safety
    /// Retired, and its event cannot run any more.
    unsafe fn free(self) {
        if let Some(ev) = self.event().filter(|_| self.assigned.get()) {
            ev.unassign();
        }
        // SAFETY: the caller's promise.
        unsafe { self.0.free() };
    }
}

/// # Safety
/// `arg` is a channel whose event has not been finalized; the channel holds a reference on its DNS base.
unsafe extern "C" fn ready(_: crate::abi::util::evutil_socket_t, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(ch) = (unsafe { ChannelRef::from_node(arg.cast()) }) else { return };
    let mut g = ch.dns.lock();
    if !g.channel_alive(ch) {
        return;
    }
    if ch.is_tcp() {
        g.tcp_ready(ch, Ev::from_bits_retain(what));
        return;
    }
    // An internal event would not count as work for EVLOOP_ONCE.
    if !g.disable_when_inactive {
        g.direct = Direct::Wanted;
    }
    g.udp_readable(ch);
    let direct = std::mem::replace(&mut g.direct, Direct::Off);
    drop(g);
    if let Direct::Is(r) = direct {
        // SAFETY: finished, and ours; we are in the loop's thread. The channel is not touched any more.
        unsafe { r.tell_and_free() };
    }
}
/// # Safety
/// `cb` is the head of a retired channel's event.
unsafe extern "C" fn finalized(cb: *mut event_callback, _: *mut c_void) {
    const { assert!(std::mem::offset_of!(Channel, event) == 0) };
    // SAFETY: the contract above; the event is the first field.
    if let Some(ch) = unsafe { ChannelRef::from_node(cb.cast()) } {
        let dns = ch.dns;
        // SAFETY: retired, and no callback of its event runs any more.
        unsafe { ch.free() };
        dns.release();
    }
}
