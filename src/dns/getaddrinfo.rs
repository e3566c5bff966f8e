//! `evdns_getaddrinfo`: what needs no resolver is answered at once, then the hosts file is asked, then A and AAAA
//! records are, both at the same time.
//!
//! A look-up is one block of memory that holds a reference on its DNS base, whose lock protects it. Each of its
//! requests calls `answered` exactly once, in the loop's thread, as does the timer; so it is freed there, by the last
//! of them, after the program has been told.
use super::base::DnsRef;
use super::request::{Answers, Done, Kind, Outcome, RequestRef, WANT_CANONICAL};
use crate::abi::bufferevent::evdns_base;
use crate::abi::dns::{
    DNS_ERR_CANCEL, DNS_ERR_NODATA, DNS_ERR_NONE, DNS_ERR_NOTEXIST, DNS_ERR_NOTIMPL, DNS_ERR_REFUSED,
    DNS_ERR_SERVERFAILED, DNS_ERR_SHUTDOWN,
};
use crate::abi::event::{Ev, event};
use crate::abi::util::EVUTIL_EAI_CANCEL;
use crate::base::EventRef;
use crate::mem;
use crate::sys::c;
use crate::sys::c::{
    AF_INET, AF_INET6, AF_UNSPEC, AI_ADDRCONFIG, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE,
    addrinfo, timeval,
};
use crate::util::addr::Inet;
use crate::util::families;
use crate::util::getaddrinfo::{self as system, AddrList, GaiError};
use crate::util::resolve::ResolveCb;
use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_char, c_int, c_short, c_void};
use std::ptr::{NonNull, null_mut};
use std::time::Duration;

/// Errors that the C library hides from strict programs; the header has numbers for those who do not see them.
const EAI_NODATA: c_int = -5;
const EAI_ADDRFAMILY: c_int = -9;

/// How the answers of the two families came.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Counters {
    pub v4_timeouts: u32,
    pub v4_answered: u32,
    pub v6_timeouts: u32,
    pub v6_answered: u32,
}

struct Lookup {
    dns: DnsRef,
    cb: ResolveCb,
    arg: *mut c_void,
    hints: addrinfo,
    port: u16,
    /// The rest is touched under the DNS base's lock.
    v4: Cell<Option<RequestRef>>,
    v6: Cell<Option<RequestRef>>,
    /// The program has been told, or is being told.
    told: Cell<bool>,
    cancelled: Cell<bool>,
    /// What the family that was first has given.
    list: Cell<*mut addrinfo>,
    error: Cell<c_int>,
    /// malloced; it goes to the list.
    canonical: Cell<*mut c_char>,
    /// Runs while one family has answered and the other has not.
    timer: UnsafeCell<event>,
}
#[derive(Clone, Copy)]
struct LookupRef(NonNull<Lookup>);

/// What to do once the lock is free.
enum Next {
    Wait,
    /// Tell the program; `free`: nobody else refers to the look-up.
    Tell {
        free: bool,
    },
    Free,
}

/// What `start` finds out without a resolver.
enum Plan {
    Answer(Result<AddrList, GaiError>),
    Ask { hints: addrinfo, port: u16 },
}

/// Looks up `node` and `service`; the meaning is that of [`crate::util::resolve::AsyncStart`].
///
/// # Safety
/// `dns` is a live DNS base, or null: then there is an error. `cb` may be called with `arg` from here and from the
/// loop.
pub unsafe fn start(
    dns: *mut evdns_base,
    node: Option<&CStr>,
    service: Option<&CStr>,
    hints: &addrinfo,
    cb: ResolveCb,
    arg: *mut c_void,
) -> *mut c_void {
    // SAFETY: the caller's promise.
    let begun = match unsafe { DnsRef::from_raw(dns) } {
        None => Err(Err(GaiError(c::EAI_FAIL))),
        Some(dns) => match plan(node, service, hints) {
            Plan::Answer(a) => Err(a),
            Plan::Ask { hints, port } => begin(dns, node.unwrap_or_default(), hints, port, cb, arg),
        },
    };
    let answer = match begun {
        Ok(lookup) => return lookup.0.as_ptr().cast(),
        Err(a) => a,
    };
    let (code, list) = match answer {
        Ok(list) => (0, list.into_raw()),
        Err(GaiError(code)) => (code, null_mut()),
    };
    // SAFETY: the caller's promise.
    unsafe { cb(code, list, arg) };
    null_mut()
}

/// `evdns_getaddrinfo_cancel`: the callback runs, from the loop, with EVUTIL_EAI_CANCEL.
///
/// # Safety
/// `request` is null or came from [`start`], and its callback has not run.
pub unsafe fn cancel(request: *mut c_void) {
    let Some(l) = NonNull::new(request.cast::<Lookup>()).map(LookupRef) else { return };
    let dns = l.get().dns;
    let mut g = dns.lock();
    if l.get().told.get() || l.get().cancelled.get() || !l.is_pending() {
        return;
    }
    l.get().cancelled.set(true);
    l.stop_timer();
    for r in [l.get().v4.get(), l.get().v6.get()].into_iter().flatten() {
        g.cancel(r);
    }
}

/// What can be said without asking anybody.
fn plan(node: Option<&CStr>, service: Option<&CStr>, hints: &addrinfo) -> Plan {
    let fail = |code| Plan::Answer(Err(GaiError(code)));
    if hints.ai_flags & AI_NUMERICHOST != 0 {
        return Plan::Answer(system::getaddrinfo(node, service, Some(hints)));
    }
    if node.is_none() && service.is_none() {
        return fail(c::EAI_NONAME);
    }
    let mut hints = *hints;
    if !matches!(hints.ai_family, AF_UNSPEC | AF_INET | AF_INET6) {
        return fail(c::EAI_FAMILY);
    }
    (hints.ai_socktype, hints.ai_protocol) = system::complete_type(hints.ai_socktype, hints.ai_protocol);
    let Some(port) = port_of(service, &hints) else { return fail(c::EAI_NONAME) };
    let Some(node) = node else { return Plan::Answer(this_host(&hints, port)) };
    if node.is_empty() {
        return fail(c::EAI_NONAME);
    }
    if let Some(a) = system::numeric_host(node, AF_UNSPEC, port) {
        let fits = hints.ai_family == AF_UNSPEC || hints.ai_family == a.family();
        let answer = if fits { system::entries(&a, &hints) } else { Err(GaiError(EAI_ADDRFAMILY)) };
        return Plan::Answer(answer);
    }
    if hints.ai_flags & AI_ADDRCONFIG != 0 && hints.ai_family == AF_UNSPEC {
        hints.ai_family = match families::reachable() {
            families::Families { v4: true, v6: false } => AF_INET,
            families::Families { v4: false, v6: true } => AF_INET6,
            _ => AF_UNSPEC,
        };
    }
    Plan::Ask { hints, port }
}
/// The port of a service: a number, or a name of the system's list. None: there is no such service.
fn port_of(service: Option<&CStr>, hints: &addrinfo) -> Option<u16> {
    let Some(service) = service else { return Some(0) };
    if let Some(port) = system::numeric_port(service) {
        return Some(port);
    }
    let digits = service.to_bytes().iter().all(u8::is_ascii_digit);
    if digits || hints.ai_flags & AI_NUMERICSERV != 0 {
        return None;
    }
    // SAFETY: all zero is a valid addrinfo.
    let mut asked: addrinfo = unsafe { std::mem::zeroed() };
    (asked.ai_family, asked.ai_flags) = (AF_INET, AI_PASSIVE);
    (asked.ai_socktype, asked.ai_protocol) = (hints.ai_socktype, hints.ai_protocol);
    let list = system::getaddrinfo(None, Some(service), Some(&asked)).ok()?;
    // SAFETY: a successful look-up has an entry with its address.
    unsafe { Inet::read((*list.as_ptr()).ai_addr) }.map(|a| a.port())
}
/// Without a node: any address to bind to, or the loopback to connect to.
fn this_host(hints: &addrinfo, port: u16) -> Result<AddrList, GaiError> {
    let passive = hints.ai_flags & AI_PASSIVE != 0;
    let (mut v4, mut v6) = ([0; 4], [0; 16]);
    if !passive {
        v4 = [127, 0, 0, 1];
        v6[15] = 1;
    }
    let (v4, v6) = (Inet::v4(v4, port), Inet::v6(v6, port, 0));
    match hints.ai_family {
        AF_INET => system::entries(&v4, hints),
        AF_INET6 => system::entries(&v6, hints),
        _ => {
            let mut list = system::entries(&v4, hints)?;
            list.append(system::entries(&v6, hints)?);
            Ok(list)
        }
    }
}
/// The addresses that `hosts` has for `node`, with `port`. None: the name does not stand there.
fn from_hosts<'a>(
    addrs: impl Iterator<Item = &'a Inet>,
    hints: &addrinfo,
    port: u16,
) -> Option<Result<AddrList, GaiError>> {
    let mut found = false;
    let mut list = empty();
    for a in addrs {
        found = true;
        let a = match *a {
            Inet::V4(a) => Inet::v4(a.sin_addr.s_addr.to_ne_bytes(), port),
            Inet::V6(a) => Inet::v6(a.sin6_addr.s6_addr, port, a.sin6_scope_id),
        };
        if hints.ai_family == AF_UNSPEC || hints.ai_family == a.family() {
            match system::entries(&a, hints) {
                Ok(e) => list.append(e),
                Err(e) => return Some(Err(e)),
            }
        }
    }
    let none = list.as_ptr().is_null();
    found.then_some(if none { Err(GaiError(EAI_ADDRFAMILY)) } else { Ok(list) })
}
fn empty() -> AddrList {
    // SAFETY: null is a list without entries.
    unsafe { AddrList::from_raw(null_mut()) }
}

/// Asks the hosts file, then the servers. Err: this is the answer.
fn begin(
    dns: DnsRef,
    node: &CStr,
    hints: addrinfo,
    port: u16,
    cb: ResolveCb,
    arg: *mut c_void,
) -> Result<LookupRef, Result<AddrList, GaiError>> {
    let name = node.to_bytes();
    if let Some(answer) = from_hosts(dns.lock().hosts.lookup(name), &hints, port) {
        return Err(answer);
    }
    let fail = Err(Err(GaiError(c::EAI_FAIL)));
    let Some(event_base) = dns.event_base() else { return fail };
    // SAFETY: null links are valid values of an event.
    let timer = UnsafeCell::new(unsafe { std::mem::zeroed::<event>() });
    let lookup = mem::new_box(Lookup {
        dns,
        cb,
        arg,
        hints,
        port,
        v4: Cell::new(None),
        v6: Cell::new(None),
        told: Cell::new(false),
        cancelled: Cell::new(false),
        list: Cell::new(null_mut()),
        error: Cell::new(0),
        canonical: Cell::new(null_mut()),
        timer,
    });
    let Ok(lookup) = lookup else { return Err(Err(GaiError(c::EAI_MEMORY))) };
    let (p, _) = mem::Box::into_raw_with_allocator(lookup);
    // SAFETY: a box is never null.
    let l = LookupRef(unsafe { NonNull::new_unchecked(p) });
    dns.retain();
    if l.timer().assign(Some(event_base), -1, Ev::empty(), Some(too_late), p.cast()).is_ok() {
        let flags = if hints.ai_flags & AI_CANONNAME != 0 { WANT_CANONICAL } else { 0 };
        // One guard for both: nothing is answered before both have begun.
        let mut g = dns.lock();
        let done = Done::Engine(answered, p.cast());
        if hints.ai_family != AF_INET6 {
            l.get().v4.set(g.start(Kind::A, name, flags, done));
        }
        if hints.ai_family != AF_INET {
            l.get().v6.set(g.start(Kind::Aaaa, name, flags, done));
        }
        if l.is_pending() {
            return Ok(l);
        }
    }
    // SAFETY: nobody knows it.
    unsafe { l.free() };
    fail
}

impl LookupRef {
    fn get(&self) -> &Lookup {
        // SAFETY: alive until `free`; what changes are cells.
        unsafe { self.0.as_ref() }
    }
    fn timer(self) -> EventRef {
        // SAFETY: a field of the live look-up: not null.
        unsafe { EventRef::from_raw(self.get().timer.get()).unwrap_unchecked() }
    }
    fn is_pending(self) -> bool {
        self.get().v4.get().is_some() || self.get().v6.get().is_some()
    }
    fn stop_timer(self) {
        let _ = self.timer().del_noblock();
    }
    /// # Safety
    /// The last use of the look-up; the DNS base's lock is not held. In the loop's thread, or before anything began.
    unsafe fn free(self) {
        let l = self.get();
        if self.timer().is_initialized() {
            self.stop_timer();
            self.timer().unassign();
        }
        let dns = l.dns;
        // SAFETY: ours, malloced; null is fine. The box was made by `begin`.
        unsafe {
            system::free(l.list.get());
            mem::free(l.canonical.get().cast());
            drop(mem::Box::from_raw_in(self.0.as_ptr(), mem::Alloc));
        }
        dns.release();
    }
    /// Tells the program. `told` has been set under the lock, and the look-up stays.
    fn tell(self) {
        let l = self.get();
        let (code, list) = {
            let _g = l.dns.lock();
            self.stop_timer();
            let list = l.list.replace(null_mut());
            if list.is_null() || l.cancelled.get() {
                l.list.set(list);
                let code = if l.cancelled.get() { EVUTIL_EAI_CANCEL } else { l.error.get() };
                (if code == 0 { c::EAI_AGAIN } else { code }, null_mut())
            } else {
                // SAFETY: the list is ours, and not empty.
                unsafe { (*list).ai_canonname = l.canonical.replace(null_mut()) };
                (0, list)
            }
        };
        // SAFETY: what the program gave together; no lock is held, and the list is the program's from now on.
        unsafe { (l.cb)(code, list, l.arg) };
    }
    fn go_on(self, next: Next) {
        match next {
            Next::Wait => {}
            Next::Tell { free } => {
                self.tell();
                if free {
                    // SAFETY: nothing is pending, and the program has been told.
                    unsafe { self.free() };
                }
            }
            // SAFETY: as above.
            Next::Free => unsafe { self.free() },
        }
    }
    /// The entries for an answer; an error if there is none.
    fn entries(self, o: &Outcome<'_>) -> Result<AddrList, GaiError> {
        let l = self.get();
        let code = match o.result {
            DNS_ERR_NONE => EAI_NODATA,
            DNS_ERR_NODATA => EAI_NODATA,
            DNS_ERR_NOTEXIST => c::EAI_NONAME,
            _ => c::EAI_FAIL,
        };
        let mut list = empty();
        if o.result == DNS_ERR_NONE {
            match o.answers {
                Answers::V4(all) => {
                    for &a in all {
                        list.append(system::entries(&Inet::v4(a, l.port), &l.hints)?);
                    }
                }
                Answers::V6(all) => {
                    for &a in all {
                        list.append(system::entries(&Inet::v6(a, l.port, 0), &l.hints)?);
                    }
                }
                Answers::Name(_) | Answers::None => {}
            }
        }
        if list.as_ptr().is_null() { Err(GaiError(code)) } else { Ok(list) }
    }
    /// Keeps what a family has given, IPv4 first. Under the lock.
    fn keep(self, kind: Kind, found: Result<AddrList, GaiError>) {
        let l = self.get();
        match found {
            Ok(new) => {
                // SAFETY: what the cell holds is ours.
                let old = unsafe { AddrList::from_raw(l.list.get()) };
                let (mut first, second) = if kind == Kind::A { (new, old) } else { (old, new) };
                first.append(second);
                l.list.set(first.into_raw());
            }
            Err(GaiError(code)) => l.error.set(graver(l.error.get(), code)),
        }
    }
    /// Keeps the name that the question's is an alias of: the first that is told.
    fn keep_canonical(self, name: Option<&[u8]>) {
        let l = self.get();
        let Some(name) = name.filter(|_| l.canonical.get().is_null()) else { return };
        let copy = mem::malloc(name.len() + 1).cast::<u8>();
        if !copy.is_null() {
            // SAFETY: just allocated, with room for the NUL.
            unsafe {
                std::ptr::copy_nonoverlapping(name.as_ptr(), copy, name.len());
                copy.add(name.len()).write(0);
            }
            l.canonical.set(copy.cast());
        }
    }
}

/// Which of two errors says more: that the name does not exist holds for every type; that something went wrong, more
/// than that one type has no records.
fn graver(a: c_int, b: c_int) -> c_int {
    let weight = |e| match e {
        0 => 0,
        EAI_NODATA => 1,
        c::EAI_NONAME => 3,
        c::EAI_MEMORY => 4,
        _ => 2,
    };
    if weight(a) >= weight(b) { a } else { b }
}
/// Whether a server that answers so speaks for the family.
fn is_answer(result: c_int) -> bool {
    !matches!(
        result,
        DNS_ERR_NOTIMPL | DNS_ERR_REFUSED | DNS_ERR_SERVERFAILED | DNS_ERR_CANCEL | DNS_ERR_SHUTDOWN
    )
}
fn to_timeval(d: Duration) -> timeval {
    timeval { tv_sec: d.as_secs() as c::tv_sec_t, tv_usec: d.subsec_micros() as c::suseconds_t }
}

/// A family's request has come to its end.
///
/// # Safety
/// `arg` is the look-up that has started it.
unsafe fn answered(o: &Outcome<'_>, arg: *mut c_void) {
    let Some(l) = NonNull::new(arg.cast::<Lookup>()).map(LookupRef) else { return };
    let look = l.get();
    let found = l.entries(o);
    let next = {
        let mut g = look.dns.lock();
        let mine = if o.kind == Kind::A { &look.v4 } else { &look.v6 };
        mine.set(None);
        if is_answer(o.result) {
            let n = if o.kind == Kind::A { &mut g.gai.v4_answered } else { &mut g.gai.v6_answered };
            *n = n.wrapping_add(1);
        }
        let pending = l.is_pending();
        let no_memory = matches!(found, Err(GaiError(c::EAI_MEMORY)));
        if o.dropped {
            look.told.set(true);
        }
        if look.told.get() {
            if pending { Next::Wait } else { Next::Free }
        } else {
            l.keep(o.kind, found);
            l.keep_canonical(o.canonical);
            if no_memory {
                // SAFETY: ours.
                unsafe { system::free(look.list.replace(null_mut())) };
                for r in [look.v4.get(), look.v6.get()].into_iter().flatten() {
                    g.cancel(r);
                }
            }
            if pending && !no_memory {
                if !look.cancelled.get() {
                    let skew = to_timeval(g.settings.allow_skew);
                    // Without it both are waited for.
                    let _ = l.timer().add(Some(&skew));
                }
                Next::Wait
            } else {
                look.told.set(true);
                Next::Tell { free: !pending }
            }
        }
    };
    l.go_on(next);
}

/// One family has answered, and the other takes too long.
///
/// # Safety
/// `arg` is a look-up, which is freed in this thread only.
unsafe extern "C" fn too_late(_: crate::abi::util::evutil_socket_t, _: c_short, arg: *mut c_void) {
    let Some(l) = NonNull::new(arg.cast::<Lookup>()).map(LookupRef) else { return };
    let look = l.get();
    {
        let mut g = look.dns.lock();
        if look.told.get() || look.cancelled.get() || !l.is_pending() {
            return;
        }
        look.told.set(true);
        if let Some(r) = look.v4.get() {
            g.gai.v4_timeouts = g.gai.v4_timeouts.wrapping_add(1);
            g.cancel(r);
        }
        if let Some(r) = look.v6.get() {
            g.gai.v6_timeouts = g.gai.v6_timeouts.wrapping_add(1);
            g.cancel(r);
        }
    }
    // The requests that were cancelled come to `answered`, the last one frees it.
    l.go_on(Next::Tell { free: false });
}
