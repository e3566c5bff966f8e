//! The nameservers: adding and dropping them, choosing one, noticing which are down, trying those again.
use super::base::{DnsRef, NEVER, Note, State};
use super::channel::{Busy, ChannelRef};
use super::handle::Handle;
use super::name::Name;
use super::parse_addr;
use super::request::{Kind, Owner, Place, RequestRef};
use crate::Error;
use crate::abi::dns::{DNS_ERR_NODATA, DNS_ERR_NONE, DNS_ERR_NOTEXIST, DNS_QUERY_NO_SEARCH};
use crate::abi::util::evutil_socket_t;
use crate::list::TailQueue;
use crate::log::Severity;
use crate::mem::TryVec;
use crate::sys::c;
use crate::sys::c::sockaddr;
use crate::util::addr::Inet;
use std::cell::{Cell, UnsafeCell};
use std::ffi::c_int;

/// Where a nameserver listens if nobody says otherwise.
const PORT: u16 = 53;
/// What is asked of a nameserver that is down, as libevent does.
const PROBE_NAME: &[u8] = b"google.com";
/// After so many replies that spelled a name differently, a nameserver is asked without 0x20.
const CASE_MISSES: u32 = 3;

pub(super) struct Nameserver {
    pub(super) addr: Inet,
    pub(super) up: Cell<bool>,
    /// Timeouts in a row.
    timeouts: Cell<u32>,
    /// Vain probes in a row.
    failed_probes: Cell<u32>,
    /// When it is probed next.
    probe_at: Cell<i64>,
    probe: Cell<Option<RequestRef>>,
    /// It does not understand EDNS.
    pub(super) no_edns: Cell<bool>,
    case_misses: Cell<u32>,
    /// How many sockets for UDP there are.
    pub(super) sockets: Cell<u32>,
    /// How many of them are idle, a stack.
    pub(super) idle_sockets: Cell<u32>,
    pub(super) idle: Cell<Option<ChannelRef>>,
    /// The others, the one that got the latest query last.
    pub(super) busy: UnsafeCell<TailQueue<Busy>>,
    pub(super) tcp: Cell<Option<ChannelRef>>,
}
pub(super) type ServerRef = Handle<Nameserver>;

impl Nameserver {
    /// 0x20 does not work with it.
    pub(super) fn spoils_case(&self) -> bool {
        self.case_misses.get() >= CASE_MISSES
    }
    pub(super) fn note_case_miss(&self) {
        self.case_misses.set(self.case_misses.get().saturating_add(1));
    }
    /// A server that has kept a random case does not spoil it: what differed came from someone else.
    pub(super) fn note_case_kept(&self) {
        self.case_misses.set(0);
    }
}

/// Why a nameserver was not added; the numbers are libevent's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddError {
    NoMem,
    /// No socket of this family.
    Socket,
    /// It cannot be bound, connected or watched.
    Unusable,
    Duplicate,
    /// The text is no address.
    BadAddress,
    /// A buffer size was refused; the option.
    BufferSize(c_int),
}
impl AddError {
    pub fn to_c(self) -> c_int {
        match self {
            AddError::NoMem => -1,
            AddError::Socket => 1,
            AddError::Unusable => 2,
            AddError::Duplicate => 3,
            AddError::BadAddress => 4,
            AddError::BufferSize(option) => -option,
        }
    }
}

fn same(a: &Inet, b: &Inet) -> bool {
    match (a, b) {
        (Inet::V4(x), Inet::V4(y)) => x.sin_addr.s_addr == y.sin_addr.s_addr && x.sin_port == y.sin_port,
        (Inet::V6(x), Inet::V6(y)) => {
            x.sin6_addr.s6_addr == y.sin6_addr.s6_addr
                && x.sin6_port == y.sin6_port
                && x.sin6_scope_id == y.sin6_scope_id
        }
        _ => false,
    }
}
pub(super) fn with_port(addr: Inet) -> Inet {
    match addr {
        Inet::V4(a) if a.sin_port == 0 => Inet::v4(a.sin_addr.s_addr.to_ne_bytes(), PORT),
        Inet::V6(a) if a.sin6_port == 0 => Inet::v6(a.sin6_addr.s6_addr, PORT, a.sin6_scope_id),
        _ => addr,
    }
}

impl DnsRef {
    /// `evdns_base_nameserver_ip_add`
    pub fn add_server_text(self, text: &[u8]) -> std::result::Result<(), AddError> {
        let Some(addr) = parse_addr(text) else {
            let shown = text.escape_ascii();
            super::log::write(Severity::Warn, format_args!("\"{shown}\" is no nameserver's address"));
            return Err(AddError::BadAddress);
        };
        self.add_server(with_port(addr))
    }
    /// `evdns_base_nameserver_add`: an IPv4 address in network order.
    pub fn add_server_v4(self, addr: [u8; 4]) -> std::result::Result<(), AddError> {
        self.add_server(Inet::v4(addr, PORT))
    }
    pub fn add_server(self, addr: Inet) -> std::result::Result<(), AddError> {
        self.lock().add_server(addr)
    }
    /// `evdns_base_nameserver_sockaddr_add`
    ///
    /// # Safety
    /// `sa` is readable for `len` bytes.
    pub unsafe fn add_server_sockaddr(
        self,
        sa: *const sockaddr,
        len: usize,
    ) -> std::result::Result<(), AddError> {
        // SAFETY: the caller's promise, as far as `len` covers the address of its family.
        let addr = unsafe {
            if len < size_of::<c::sockaddr_in>() {
                return Err(AddError::Unusable);
            }
            let v6 = c_int::from((&raw const (*sa).sa_family).read_unaligned()) == c::AF_INET6;
            if v6 && len < size_of::<c::sockaddr_in6>() {
                return Err(AddError::Unusable);
            }
            Inet::read(sa)
        };
        self.add_server(addr.ok_or(AddError::Socket)?)
    }
    /// `evdns_base_count_nameservers`
    pub fn count_servers(self) -> usize {
        self.lock().servers.len()
    }
    /// The address of the `index`th nameserver, in the order in which they were added.
    pub fn server_addr(self, index: usize) -> Option<Inet> {
        self.lock().servers.get(index).map(|s| s.addr)
    }
    /// The descriptor of a socket of the `index`th nameserver, if it has one now.
    pub fn server_fd(self, index: usize) -> Option<evutil_socket_t> {
        let g = self.lock();
        let s = g.servers.get(index)?;
        s.idle.get().or(s.first_busy()).map(|ch| ch.fd())
    }
    /// `evdns_base_clear_nameservers_and_suspend`: requests under way wait until there are servers again.
    pub fn clear_servers(self) {
        let mut g = self.lock();
        g.suspended = true;
        g.suspend_requests();
        g.drop_servers();
    }
    /// `evdns_base_resume`
    pub fn resume(self) {
        let mut g = self.lock();
        if std::mem::replace(&mut g.suspended, false) {
            // Those that wait begin to have a deadline.
            g.wait_anew();
        }
        g.pump();
    }
}

impl Nameserver {
    pub(super) fn first_busy(&self) -> Option<ChannelRef> {
        // SAFETY: under the lock; nothing is borrowed from the queue. Members are alive.
        unsafe { ChannelRef::from_node((*self.busy.get()).first()) }
    }
}

impl State {
    fn add_server(&mut self, addr: Inet) -> std::result::Result<(), AddError> {
        let added = self.try_add_server(addr);
        match added {
            Ok(()) => {
                if !self.suspended {
                    self.pump();
                }
            }
            Err(AddError::Duplicate) => {}
            Err(_) => self.note(Note {
                severity: Severity::Warn,
                text: "cannot be added",
                server: Some(addr),
                errno: None,
            }),
        }
        added
    }
    fn try_add_server(&mut self, addr: Inet) -> std::result::Result<(), AddError> {
        if self.freed || self.servers.iter().any(|s| same(&s.addr, &addr)) {
            return Err(AddError::Duplicate);
        }
        let no_mem = |_| AddError::NoMem;
        self.servers.try_reserve(1).map_err(|_| AddError::NoMem)?;
        let s = Handle::new(Nameserver {
            addr,
            up: Cell::new(true),
            timeouts: Cell::new(0),
            failed_probes: Cell::new(0),
            probe_at: Cell::new(NEVER),
            probe: Cell::new(None),
            no_edns: Cell::new(false),
            case_misses: Cell::new(0),
            sockets: Cell::new(0),
            idle_sockets: Cell::new(0),
            idle: Cell::new(None),
            busy: UnsafeCell::new(TailQueue::unplaced()),
            tcp: Cell::new(None),
        })
        .map_err(no_mem)?;
        // SAFETY: in its final place, and nobody else knows it.
        unsafe { (*s.busy.get()).init() };
        // The first socket is made now: it tells whether the address can be used at all, it is there when
        // descriptors run out, and without DISABLE_WHEN_INACTIVE it keeps the loop running.
        let first = self.open_udp(s).and_then(|ch| {
            self.make_idle(ch);
            self.servers.try_push(s).map_err(no_mem)
        });
        match first {
            Ok(()) => {
                self.up += 1;
                Ok(())
            }
            Err(e) => {
                self.close_channels(s);
                // SAFETY: nobody has heard of it.
                unsafe { s.free() };
                Err(e)
            }
        }
    }
    /// Forgets all servers. No request uses one any more, but for probes, which end here.
    pub(super) fn drop_servers(&mut self) {
        while let Some(s) = self.servers.pop() {
            self.end_probe(s);
            self.close_channels(s);
            // SAFETY: taken off the list; requests and channels of it are gone.
            unsafe { s.free() };
        }
        self.up = 0;
        self.next_server = 0;
        self.timer_dirty = true;
    }

    /// The server for the next query: the next one that is up, any if none is, `not` only if there is no other.
    #[inline]
    pub(super) fn pick(&mut self, not: Option<ServerRef>) -> Option<ServerRef> {
        if let [only] = self.servers.as_slice() {
            return Some(*only);
        }
        self.pick_among(not)
    }
    fn pick_among(&mut self, not: Option<ServerRef>) -> Option<ServerRef> {
        let n = self.servers.len();
        let mut second = None;
        for i in 0..n {
            let at = (self.next_server + i) % n;
            let s = *self.servers.get(at)?;
            let eligible = s.up.get() || self.up == 0;
            if eligible && not != Some(s) {
                self.next_server = (at + 1) % n;
                return Some(s);
            }
            if eligible || second.is_none() {
                second = Some(s);
            }
        }
        second
    }
    /// Another server than `not` that is up.
    pub(super) fn pick_other_up(&mut self, not: ServerRef) -> Option<ServerRef> {
        if self.up == 0 {
            return None;
        }
        self.pick(Some(not)).filter(|s| *s != not && s.up.get())
    }

    /// It does not answer, or answers nonsense: it is tried again after a while, and until then others are asked.
    pub(super) fn server_failed(&mut self, s: ServerRef, why: &'static str, errno: Option<c_int>) {
        if !s.up.replace(false) {
            return;
        }
        self.up -= 1;
        s.failed_probes.set(0);
        self.note(Note { severity: Severity::Msg, text: why, server: Some(s.addr), errno });
        if self.up == 0 {
            let text = "All nameservers have failed";
            self.note(Note { severity: Severity::Msg, text, server: None, errno: None });
            // Those that wait have a deadline from now on.
            self.timer_dirty = true;
        }
        self.schedule_probe(s);
    }
    fn schedule_probe(&mut self, s: ServerRef) {
        let wait = self.settings.probe_wait(s.failed_probes.get());
        let at = self.now().saturating_add(i64::try_from(wait.as_micros()).unwrap_or(NEVER));
        s.probe_at.set(at);
        self.due(at);
    }
    /// It answers.
    pub(super) fn server_answered(&mut self, s: ServerRef) {
        s.timeouts.set(0);
        if s.up.replace(true) {
            return;
        }
        self.up += 1;
        s.failed_probes.set(0);
        s.probe_at.set(NEVER);
        self.note(Note { severity: Severity::Msg, text: "is back up", server: Some(s.addr), errno: None });
        self.end_probe(s);
    }
    /// A try timed out.
    pub(super) fn server_timed_out(&mut self, s: ServerRef) {
        s.timeouts.set(s.timeouts.get() + 1);
        if s.timeouts.get() > u32::from(self.settings.max_timeouts) {
            s.timeouts.set(0);
            self.server_failed(s, "has failed: requests time out", None);
        }
    }

    fn end_probe(&mut self, s: ServerRef) {
        if let Some(r) = s.probe.take() {
            self.detach(r);
            self.inflight.remove(r);
            // SAFETY: on no list, and nobody else knows probes; the DNS base is alive as we hold its lock.
            unsafe { r.free() };
            self.timer_dirty = true;
        }
    }
    fn send_probe(&mut self, s: ServerRef) {
        s.probe_at.set(NEVER);
        if s.probe.get().is_some() {
            return;
        }
        let made = Name::from_text(PROBE_NAME)
            .and_then(|name| self.make(Kind::A, &name, DNS_QUERY_NO_SEARCH, Owner::Probe(s), None));
        let Some(r) = made else { return self.probe_failed(s) };
        s.probe.set(Some(r));
        // However many requests are under way.
        self.activate_on(r, s);
    }
    fn probe_failed(&mut self, s: ServerRef) {
        s.failed_probes.set(s.failed_probes.get().saturating_add(1));
        self.schedule_probe(s);
    }
    /// The probe `r` of `s` ended. It is on no list any more.
    pub(super) fn probe_done(&mut self, r: RequestRef, s: ServerRef, result: c_int) {
        debug_assert!(r.place.get() == Place::Nowhere);
        s.probe.set(None);
        // SAFETY: nobody else knows probes; the DNS base is alive as we hold its lock.
        unsafe { r.free() };
        if matches!(result, DNS_ERR_NONE | DNS_ERR_NOTEXIST | DNS_ERR_NODATA) {
            self.server_answered(s);
        } else if !s.up.get() {
            self.probe_failed(s);
        }
    }
    /// Sends the probes that are due.
    pub(super) fn tick_servers(&mut self, now: i64) {
        let mut i = 0;
        while let Some(&s) = self.servers.get(i) {
            if s.probe_at.get() <= now && self.is_timed(s) {
                self.send_probe(s);
            }
            i += 1;
        }
    }
    /// With DISABLE_WHEN_INACTIVE a server that is down is probed once, and further only while requests are under
    /// way: the loop can end.
    fn is_timed(&self, s: ServerRef) -> bool {
        !self.disable_when_inactive || self.inflight.users() > 0 || s.failed_probes.get() == 0
    }
    /// When the timer has to fire.
    pub(super) fn next_due(&self) -> i64 {
        let mut next = NEVER;
        let mut first_probes = false;
        for &s in &self.servers {
            if self.is_timed(s) {
                next = next.min(s.probe_at.get());
                first_probes |= s.probe.get().is_some();
            }
            if let Some(tcp) = s.tcp.get() {
                next = next.min(tcp.idle_until());
            }
        }
        if !self.disable_when_inactive || self.inflight.users() > 0 || first_probes {
            next = next.min(self.inflight.first_deadline().map_or(NEVER, |r| r.at.get()));
        }
        if let Some(r) = self.inflight.first_waiting() {
            if self.up == 0 && !self.suspended {
                next = next.min(r.at.get().saturating_add(self.budget()));
            }
            if self.may_send() {
                next = next.min(self.pace.next());
            }
        }
        next
    }
}

pub(super) fn add_error(e: Error) -> AddError {
    match e {
        Error::NoMem => AddError::NoMem,
        _ => AddError::Unusable,
    }
}
