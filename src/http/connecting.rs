//! How a client's connection comes to be, is tried again, and ends.
use super::client::{self, Ended};
use super::connection::{ConRef, Mark, State};
use super::text;
use crate::abi::bufferevent::{BevEvent, evdns_base};
use crate::abi::event::{Ev, event};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, EventRef};
use crate::bufferevent::BevRef;
use crate::sys::c;
use crate::sys::c::{addrinfo, sockaddr, sockaddr_in, sockaddr_in6, timeval};
use crate::sys::socket;
use crate::util::getaddrinfo::{AddrList, getaddrinfo};
use crate::{Error, Result, mem, sys};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_short, c_void};
use std::ptr::null_mut;

/// Seconds that connecting may take, where no timeout is set.
const CONNECT_TIMEOUT: c::tv_sec_t = 45;
/// Seconds before the first retry, where the program has not said otherwise.
const FIRST_RETRY: c::tv_sec_t = 2;
/// The most seconds between two tries.
const LONGEST_RETRY: i64 = 3600;

/// What the timer is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    Nothing,
    /// Connecting is tried again.
    Retry,
    /// The attempt failed at once: that is told from the loop, not from within the program's call.
    Failure {
        what: BevEvent,
        errno: c_int,
    },
    /// As that, where not even an attempt was possible.
    NoAttempt,
}

/// What only a client's connection has.
pub(in crate::http) struct Part {
    dns: *mut evdns_base,
    family: Cell<c_int>,
    /// Null, or a C string.
    local_address: Cell<*mut c_char>,
    local_port: Cell<u16>,
    /// How often connecting is tried again; negative: for ever.
    retries: Cell<c_int>,
    /// How often it was, for these requests.
    retried: Cell<c_int>,
    /// How many pauses were made since a connection stood: each is twice as long as the one before.
    pauses: Cell<u32>,
    first_retry: Cell<timeval>,
    timer: Cell<*mut event>,
    due: Cell<Due>,
    /// `connect` runs further up.
    starting: Cell<bool>,
    /// Interim responses that came for the request under way.
    pub(super) interim: Cell<u32>,
    /// The request's body waits for a 100.
    pub(super) body_held: Cell<bool>,
}

const fn seconds(n: c::tv_sec_t) -> timeval {
    timeval { tv_sec: n, tv_usec: 0 }
}

/// Frees the client's part of a connection that ends.
pub(in crate::http) fn drop_part(con: ConRef) {
    let p = con.get().client.replace(null_mut());
    if p.is_null() {
        return;
    }
    // SAFETY: from `new_client`, and no longer to be found.
    let part = unsafe { mem::Box::from_raw_in(p, mem::Alloc) };
    super::connection::drop_event(&part.timer);
    // SAFETY: null, or from our allocator.
    unsafe { mem::free(part.local_address.get().cast()) };
}

impl ConRef {
    /// `evhttp_connection_base_bufferevent_new`. On success `bev` is owned. `address` holds no NUL.
    pub fn new_client(
        base: Option<BaseRef>,
        dns: *mut evdns_base,
        bev: Option<BevRef>,
        address: &[u8],
        port: u16,
    ) -> Result<ConRef> {
        let part = mem::new_box(Part {
            dns,
            family: Cell::new(c::AF_UNSPEC),
            local_address: Cell::new(null_mut()),
            local_port: Cell::new(0),
            retries: Cell::new(0),
            retried: Cell::new(0),
            pauses: Cell::new(0),
            first_retry: Cell::new(seconds(FIRST_RETRY)),
            timer: Cell::new(null_mut()),
            due: Cell::new(Due::Nothing),
            starting: Cell::new(false),
            interim: Cell::new(0),
            body_held: Cell::new(false),
        })?;
        // One that the program gave stays the program's if this fails.
        let own = match bev {
            Some(bev) => {
                bev.incref();
                bev
            }
            None => BevRef::socket_new(base, -1, 0)?,
        };
        let con = ConRef::new(base, own, address, port)?;
        if bev.is_some() {
            own.decref();
        }
        con.get().client.set(mem::Box::into_raw_with_allocator(part).0);
        Ok(con)
    }
    #[inline]
    pub(in crate::http) fn part<'a>(self) -> Option<&'a Part> {
        // SAFETY: null, or alive as long as the connection; its fields are cells or constant.
        unsafe { self.get().client.get().as_ref() }
    }

    // ---- settings ----

    pub fn set_family(self, family: c_int) {
        if let Some(p) = self.part() {
            p.family.set(family);
        }
    }
    /// `evhttp_connection_set_local_address`; without memory the old one stays.
    pub fn set_local_address(self, address: Option<&[u8]>) {
        let Some(p) = self.part() else { return };
        let new = match address.map(text::duplicate) {
            None => null_mut(),
            Some(Ok(new)) => new,
            Some(Err(_)) => return crate::warnx!("evhttp_connection_set_local_address: out of memory"),
        };
        // SAFETY: null, or from our allocator.
        unsafe { mem::free(p.local_address.replace(new).cast()) };
    }
    pub fn set_local_port(self, port: u16) {
        if let Some(p) = self.part() {
            p.local_port.set(port);
        }
    }
    /// `evhttp_connection_set_initial_retry_tv`; None: the default.
    pub fn set_first_retry(self, tv: Option<timeval>) {
        if let Some(p) = self.part() {
            p.first_retry.set(tv.unwrap_or(seconds(FIRST_RETRY)));
        }
    }
    pub fn set_retries(self, n: c_int) {
        if let Some(p) = self.part() {
            p.retries.set(n);
        }
    }
    /// `evhttp_connection_free_on_completion`
    pub fn free_on_completion(self) {
        self.mark(Mark::AUTOFREE, true);
    }

    // ---- connecting ----

    /// Whether a retry is waited for.
    pub(in crate::http) fn waits_for_retry(self) -> bool {
        self.part().is_some_and(|p| p.due.get() == Due::Retry)
    }
    /// Begins to connect. An error means that nothing was begun; how an attempt ends is told from the loop.
    pub(in crate::http) fn connect(self) -> Result<()> {
        if self.state() == State::Connecting {
            return Ok(());
        }
        let part = self.part().ok_or(Error::Invalid)?;
        // `reset` forgets where the connection went.
        let before = self.connected_address();
        self.reset();
        if self.is_dead() {
            return Ok(());
        }
        let bev = self.bev();
        let family = self.bind_local()?;
        self.set_connecting_callbacks();
        let tv = self.get().timeout.get();
        let tv = if (tv.tv_sec, tv.tv_usec) == (0, 0) { seconds(CONNECT_TIMEOUT) } else { tv };
        bev.set_timeouts(Some(tv), Some(tv))?;
        // The timeout runs from here on, also while the name is looked up.
        bev.enable(Ev::WRITE)?;
        self.mark(Mark::OUTGOING, true);
        self.set_state(State::Connecting);
        part.starting.set(true);
        let _pin = self.pin();
        let begun = match before {
            // SAFETY: an address of that length.
            Some((a, len)) => unsafe { bev.connect((&raw const a).cast(), len) },
            None => self.connect_by_name(part, family),
        };
        if self.is_dead() {
            return Ok(());
        }
        part.starting.set(false);
        if begun.is_err() {
            part.due.set(Due::NoAttempt);
        }
        if part.due.get() != Due::Nothing {
            self.start_timer(part, seconds(0))?;
        }
        Ok(())
    }
    fn connect_by_name(self, part: &Part, family: c_int) -> Result<()> {
        let name = self.peer_name();
        let mut literal = [0u8; 64];
        // The host of a URI has brackets around an IPv6 address; look-ups know none.
        let inner = name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")).filter(|n| n.contains(&b':'));
        let host = match inner.map(|n| (n, literal.get_mut(..n.len() + 1))) {
            Some((n, Some(to))) => {
                if let Some(to) = to.get_mut(..n.len()) {
                    to.copy_from_slice(n);
                }
                CStr::from_bytes_until_nul(&literal).map_err(|_| Error::Invalid)?
            }
            Some((_, None)) => return Err(Error::Invalid),
            // SAFETY: the peer's name is a C string that lives as long as the connection.
            None => unsafe { CStr::from_ptr(self.peer().0) },
        };
        // SAFETY: a connection's evdns_base outlives it: that is the program's duty.
        unsafe { self.bev().connect_hostname(part.dns, family, host, self.get().port.into()) }
    }
    /// The address to be used again instead of the name.
    fn connected_address(self) -> Option<(sockaddr_in6, c_int)> {
        if !self.has_flag(crate::abi::http::ConFlags::REUSE_CONNECTED_ADDR) {
            return None;
        }
        let p: *const sockaddr = self.peer_address();
        // SAFETY: the bufferevent keeps an address with room for both kinds.
        unsafe {
            let len = match c_int::from((*p).sa_family) {
                c::AF_INET => size_of::<sockaddr_in>(),
                c::AF_INET6 => size_of::<sockaddr_in6>(),
                _ => return None,
            };
            let mut a: sockaddr_in6 = std::mem::zeroed();
            std::ptr::copy_nonoverlapping(p.cast::<u8>(), (&raw mut a).cast::<u8>(), len);
            Some((a, len as c_int))
        }
    }
    /// Gives the bufferevent a socket with the local address that is wanted, if one is. Returns the family that a
    /// look-up is to ask for.
    fn bind_local(self) -> Result<c_int> {
        let part = self.part().ok_or(Error::Invalid)?;
        let family = part.family.get();
        let (address, port) = (part.local_address.get(), part.local_port.get());
        if address.is_null() && port == 0 {
            return Ok(family);
        }
        // SAFETY: null, or a C string of ours.
        let address = (!address.is_null()).then(|| unsafe { CStr::from_ptr(address) });
        let (fd, family) = bound_socket(address, port, family)?;
        self.bev().set_fd(fd).inspect_err(|_| sys::fd::close(fd))?;
        Ok(family)
    }
    fn start_timer(self, part: &Part, after: timeval) -> Result<()> {
        let ev = self.own_event(&part.timer, -1, Ev::empty(), timer_fired).ok_or(Error::NoMem)?;
        ev.add(Some(&after))
    }
    /// Something happened while connecting.
    pub(in crate::http) fn connecting_event(self, what: BevEvent) {
        let Some(part) = self.part() else { return };
        if what.contains(BevEvent::CONNECTED) {
            part.due.set(Due::Nothing);
            part.retried.set(0);
            part.pauses.set(0);
            return client::connected(self);
        }
        let errno = sys::errno();
        if part.starting.get() {
            return part.due.set(Due::Failure { what, errno });
        }
        self.connect_failed(what, errno);
    }
    fn connect_failed(self, what: BevEvent, errno: c_int) {
        let refused = errno == c::ECONNREFUSED && self.bev().dns_error() == 0;
        if what.contains(BevEvent::TIMEOUT) || refused {
            self.try_again();
        } else {
            sys::set_errno(errno);
            client::fail(self, crate::abi::http::evhttp_request_error::EVREQ_HTTP_EOF);
        }
    }
    /// Nobody listens there (yet): waits and connects again as often as the program wants, then gives up on all requests.
    fn try_again(self) {
        let Some(part) = self.part() else { return };
        let _pin = self.pin();
        self.reset();
        if self.is_dead() {
            return;
        }
        let (most, so_far) = (part.retries.get(), part.retried.get());
        if (most < 0 || so_far < most)
            && self.start_timer(part, pause(part.first_retry.get(), part.pauses.get())).is_ok()
        {
            part.due.set(Due::Retry);
            part.retried.set(so_far.saturating_add(1));
            part.pauses.set(part.pauses.get().saturating_add(1));
            return;
        }
        part.retried.set(0);
        client::give_up(self);
    }

    /// Back to the state of a connection that has not been used: no socket, no data, nothing under way.
    pub(in crate::http) fn reset(self) {
        if self.is(Mark::TELLING) {
            // Whoever tells the close callback resets it.
            return;
        }
        let bev = self.bev();
        bev.setcb(None, None, None, null_mut());
        let _ = bev.disable_hard(Ev::READ | Ev::WRITE);
        if let Some(part) = self.part() {
            part.due.set(Due::Nothing);
            part.interim.set(0);
            stop(&part.timer);
        }
        stop(&self.get().deadline);
        let fd = self.fd();
        if fd >= 0 {
            let _pin = self.pin();
            {
                let _settling = client::Settling::begin(self);
                self.tell_closed();
            }
            // The close callback may have done it all.
            if self.is_dead() || self.fd() != fd {
                return;
            }
            let _ = bev.set_fd(-1);
            let _ = socket::shutdown(fd, c::SHUT_WR);
            sys::fd::close(fd);
        } else {
            // Ends a look-up.
            let _ = bev.set_fd(-1);
        }
        for b in [bev.input(), bev.output()] {
            let _ = b.unfreeze(true);
            let _ = b.drain(usize::MAX);
        }
        self.mark(Mark::CLOSE_DETECT | Mark::READING_ERROR | Mark::READ_RESTS | Mark::DROPPING, false);
        self.set_state(State::Disconnected);
    }
    /// Only how the attempt ends is of interest: a write callback would cost a wait for it.
    fn set_connecting_callbacks(self) {
        self.bev().setcb(None, None, Some(super::connection::noticed), self.as_ptr().cast());
    }
}

/// Ends the wait of a timer.
pub(super) fn stop(place: &Cell<*mut event>) {
    // SAFETY: null, or an event of the connection's.
    if let Some(ev) = unsafe { EventRef::from_raw(place.get()) } {
        let _ = ev.del_noblock();
    }
}

/// # Safety
/// `arg` is a live connection: the event ends with it.
unsafe extern "C" fn timer_fired(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(con) = (unsafe { ConRef::from_raw(arg.cast()) }) else { return };
    let _pin = con.pin();
    let Some(part) = con.part() else { return };
    match part.due.replace(Due::Nothing) {
        Due::Nothing => {}
        Due::Retry => client::connect_or_fail(con),
        Due::NoAttempt => con.try_again(),
        Due::Failure { what, errno } => con.connect_failed(what, errno),
    }
    let _ = client::settle(con) == Ended::Freed;
}

/// How long to wait after so many pauses.
fn pause(first: timeval, so_far: u32) -> timeval {
    const MILLION: i128 = 1_000_000;
    let first = i128::from(first.tv_sec) * MILLION + i128::from(first.tv_usec);
    let us = (first.max(0) << so_far.min(40)).min(i128::from(LONGEST_RETRY) * MILLION);
    timeval { tv_sec: (us / MILLION) as _, tv_usec: (us % MILLION) as _ }
}

/// A socket with that local address, and its family.
fn bound_socket(address: Option<&CStr>, port: u16, family: c_int) -> Result<(evutil_socket_t, c_int)> {
    // SAFETY: all zero is a valid addrinfo.
    let mut hints: addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = if address.is_none() && family == c::AF_UNSPEC { c::AF_INET } else { family };
    hints.ai_socktype = c::SOCK_STREAM;
    hints.ai_flags = c::AI_PASSIVE;
    let mut digits = [0u8; 8];
    let _ = std::io::Write::write_fmt(&mut &mut digits[..7], format_args!("{port}"));
    let service = CStr::from_bytes_until_nul(&digits).map_err(|_| Error::Invalid)?;
    let list: AddrList = getaddrinfo(address, Some(service), Some(&hints)).map_err(|_| Error::Invalid)?;
    // SAFETY: a list has one entry at least; it lives to the end of this function.
    let (family, addr, len) = unsafe {
        let ai = list.as_ptr().as_ref().ok_or(Error::Invalid)?;
        (ai.ai_family, ai.ai_addr, ai.ai_addrlen)
    };
    let fd = socket::socket(family, c::SOCK_STREAM | socket::SOCK_NONBLOCK | socket::SOCK_CLOEXEC, 0)?;
    // SAFETY: an address of the list, with its length.
    match unsafe { socket::bind(fd, addr, len as c::socklen_t) } {
        Ok(()) => Ok((fd, family)),
        Err(e) => {
            sys::fd::close(fd);
            Err(e)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let tv = |s, us| timeval { tv_sec: s, tv_usec: us };
        let p = |first, n| {
            let t = pause(first, n);
            (t.tv_sec, t.tv_usec)
        };
        assert_eq!(p(tv(2, 0), 0), (2, 0));
        assert_eq!(p(tv(2, 0), 3), (16, 0));
        assert_eq!(p(tv(0, 750_000), 1), (1, 500_000));
        assert_eq!(p(tv(2, 0), 11), (3600, 0));
        assert_eq!(p(tv(c::tv_sec_t::MAX / 2_000_000, 0), u32::MAX), (3600, 0));
        assert_eq!(p(tv(0, 0), 7), (0, 0));
        assert_eq!(p(tv(-5, 0), 7), (0, 0));
    }
}
