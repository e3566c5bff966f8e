//! Connecting a socket bufferevent, to an address or to a host's name.
use super::private::{ConnAddress, State, Suspend};
use super::{BevRef, Kind, tls};
use crate::abi::bufferevent::{BEV_TRIG_DEFER_CALLBACKS, BevEvent, evdns_base};
use crate::abi::event::Ev;
use crate::abi::util::{EVUTIL_EAI_CANCEL, evutil_socket_t};
use crate::sys::c;
use crate::sys::c::{addrinfo, sockaddr, sockaddr_in, sockaddr_in6};
use crate::sys::socket::{self, ConnectFailure};
use crate::util::getaddrinfo::AddrList;
use crate::util::resolve;
use crate::{Error, Result, sys};
use std::ffi::{CStr, c_int, c_void};
use std::io::Write;
use std::ptr::null_mut;

/// How connect() went.
enum Connect {
    Pending,
    Done,
    Refused(c_int),
}

impl BevRef {
    /// `bufferevent_socket_connect`. With `addr` null the socket's connect has been started by the program.
    ///
    /// # Safety
    /// `addr` is null or readable for `len` bytes.
    pub unsafe fn connect(self, addr: *const sockaddr, len: c_int) -> Result<()> {
        let _busy = self.busy();
        if !self.can_connect() {
            return Err(Error::Invalid);
        }
        self.forget_addresses();
        if let Some(below) = (self.ops().underlying)(self) {
            // What connects is the socket at the bottom; its event starts our handshake.
            tls::before_connect(self)?;
            // SAFETY: the caller's promise.
            return unsafe { below.connect(addr, len) };
        }
        let old = (self.ops().get_fd)(self).filter(|&fd| fd >= 0);
        #[cfg(has_iocp)]
        if self.kind() == Kind::Async {
            if addr.is_null() {
                return self.async_await_connect();
            }
            // SAFETY: the caller's promise.
            return unsafe { self.async_connect(old, addr, len) };
        }
        if addr.is_null() {
            return self.settle(old.ok_or(Error::Invalid)?, Connect::Pending);
        }
        // SAFETY: the caller's promise.
        let (fd, how) = unsafe { dial(old, addr, len)? };
        self.settle(fd, how).inspect_err(|_| {
            if old.is_none() && (self.ops().get_fd)(self) != Some(fd) {
                sys::fd::close(fd);
            }
        })
    }
    fn can_connect(self) -> bool {
        matches!(self.kind(), Kind::Socket | Kind::Tls | Kind::Async)
    }
    /// Takes over a socket whose connect has gone as `how` says.
    fn settle(self, fd: evutil_socket_t, how: Connect) -> Result<()> {
        (self.ops().set_fd)(self, fd)?;
        match how {
            Connect::Refused(e) => {
                sys::set_errno(e);
                self.run_eventcb(BevEvent::ERROR, BEV_TRIG_DEFER_CALLBACKS);
                let _ = self.disable(Ev::READ | Ev::WRITE);
            }
            Connect::Pending | Connect::Done => {
                // Also when it stands already: the event reports it, from the loop, whatever is enabled.
                self.own().set(State::CONNECTING, true);
                self.forget_output();
                self.wait_writable().inspect_err(|_| self.own().set(State::CONNECTING, false))?;
                if let Connect::Done = how {
                    self.trigger_locked(Ev::WRITE, BEV_TRIG_DEFER_CALLBACKS);
                }
            }
        }
        Ok(())
    }
    /// The socket is writable while it connects: how did it end? True: connected, and reported.
    pub(super) fn finish_connect(self, fd: evutil_socket_t) -> bool {
        let connected = self.settle_connect(fd);
        if connected {
            self.run_eventcb(BevEvent::CONNECTED, 0);
        }
        connected
    }
    /// The same, where success is not reported yet.
    pub(super) fn settle_connect(self, fd: evutil_socket_t) -> bool {
        match socket::take_error(fd) {
            Ok(0) => {}
            Ok(e) if socket::connect_failure(e) == ConnectFailure::InProgress => return false,
            Ok(e) => {
                self.connect_failed(e);
                return false;
            }
            Err(e) => {
                self.connect_failed(e.errno().unwrap_or(0));
                return false;
            }
        }
        self.own().set(State::CONNECTING, false);
        self.forget_addresses();
        self.note_peer(fd);
        true
    }
    /// The socket is readable while it connects: reports an error, and leaves success to the write event.
    pub(super) fn check_connect_failed(self, fd: evutil_socket_t) {
        if let Ok(e) = socket::take_error(fd)
            && e != 0
            && socket::connect_failure(e) != ConnectFailure::InProgress
        {
            self.connect_failed(e);
        }
    }
    fn connect_failed(self, errno: c_int) {
        if self.connect_elsewhere() {
            return;
        }
        self.own().set(State::CONNECTING, false);
        self.forget_output();
        let _ = self.stop_waiting_writable();
        let _ = self.ev_read().del_noblock();
        if self.kind() == Kind::Tls {
            tls::connect_failed(self);
        }
        sys::set_errno(errno);
        self.run_eventcb(BevEvent::ERROR, 0);
    }

    // ---- the peer's address, for the HTTP client ----

    pub(super) fn note_peer(self, fd: evutil_socket_t) {
        if self.conn_family() != c::AF_UNSPEC
            && let Ok((a, len)) = socket::peer_address(fd)
        {
            // SAFETY: `a` holds `len` bytes of address.
            unsafe { self.set_conn_address((&raw const a).cast(), len as usize) };
        }
    }
    fn conn_family(self) -> c_int {
        // SAFETY: every sockaddr starts with its family; ConnAddress is aligned for it.
        c_int::from(unsafe { (*self.conn_address()).sa_family })
    }
    /// The address that a look-up gave or the peer has; its family is AF_UNSPEC where there is none.
    pub fn conn_address(self) -> *const sockaddr {
        self.own().conn_address.as_ptr().cast::<sockaddr>()
    }
    /// Keeps an Internet address; any other is forgotten (there is no room for it, and no use).
    ///
    /// # Safety
    /// `addr` is readable for `len` bytes.
    pub unsafe fn set_conn_address(self, addr: *const sockaddr, len: usize) {
        let mut a = ConnAddress([0; size_of::<sockaddr_in6>()]);
        if len >= size_of::<sockaddr_in>() {
            // SAFETY: the caller's promise, and `len` covers it.
            let family = c_int::from(unsafe { (*addr).sa_family });
            let want = match family {
                c::AF_INET => size_of::<sockaddr_in>(),
                c::AF_INET6 => size_of::<sockaddr_in6>(),
                _ => 0,
            };
            if len >= want {
                // SAFETY: `want` is at most the size of both.
                unsafe { std::ptr::copy_nonoverlapping(addr.cast::<u8>(), a.0.as_mut_ptr(), want) };
            }
        }
        self.own().conn_address.set(a);
    }

    // ---- host names ----

    /// `bufferevent_socket_connect_hostname`. The end is reported by the event callback, with [`Self::dns_error`].
    ///
    /// # Safety
    /// `dns` is null or a live `evdns_base`.
    pub unsafe fn connect_hostname(
        self,
        dns: *mut evdns_base,
        family: c_int,
        host: &CStr,
        port: c_int,
    ) -> Result<()> {
        // SAFETY: all zero is a valid addrinfo.
        let mut hints: addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_family = family;
        hints.ai_protocol = c::IPPROTO_TCP;
        hints.ai_socktype = c::SOCK_STREAM;
        // SAFETY: the caller's promise.
        unsafe { self.connect_hostname_hints(dns, &hints, host, port) }
    }
    /// `bufferevent_socket_connect_hostname_hints`: of the hints flags, family and protocol count.
    ///
    /// # Safety
    /// As [`Self::connect_hostname`].
    pub unsafe fn connect_hostname_hints(
        self,
        dns: *mut evdns_base,
        hints: &addrinfo,
        host: &CStr,
        port: c_int,
    ) -> Result<()> {
        let known = matches!(hints.ai_family, c::AF_INET | c::AF_INET6 | c::AF_UNSPEC);
        if !known || !(1..=65535).contains(&port) {
            return Err(Error::Invalid);
        }
        let mut text = [0u8; 8];
        let _ = write!(&mut text[..7], "{port}");
        let port = CStr::from_bytes_until_nul(&text).map_err(|_| Error::Invalid)?;
        // SAFETY: all zero is a valid addrinfo.
        let mut asked: addrinfo = unsafe { std::mem::zeroed() };
        asked.ai_flags = hints.ai_flags;
        asked.ai_family = hints.ai_family;
        asked.ai_protocol = hints.ai_protocol;
        // A bufferevent is a stream; and each address shall come once.
        asked.ai_socktype = c::SOCK_STREAM;

        let _busy = self.busy();
        let own = self.own();
        if !own.lookup.get().is_null() {
            return Err(Error::Invalid);
        }
        self.forget_addresses();
        own.dns_error.set(0);
        self.suspend_write(Suspend::LOOKUP);
        self.suspend_read(Suspend::LOOKUP);
        // The look-up's reference.
        own.refs.set(own.refs.get() + 1);
        let arg = self.as_ptr().cast::<c_void>();
        // SAFETY: the caller's promise; the reference keeps `arg` valid until `looked_up` has run.
        let request = unsafe { resolve::resolve(dns, Some(host), Some(port), &asked, looked_up, arg) };
        if !request.is_null() {
            own.lookup.set(request);
        }
        Ok(())
    }
    /// Ends a look-up that is under way, and tries no more of the addresses that one has given.
    pub(super) fn cancel_lookup(self) {
        self.forget_addresses();
        // SAFETY: `looked_up` clears the field, so it has not been called for this one.
        unsafe { resolve::cancel(self.own().lookup.replace(null_mut())) };
    }

    // ---- several addresses, in turn ----

    /// Gives up the addresses that have not been tried.
    pub(super) fn forget_addresses(self) {
        let list = self.own().addresses.replace(null_mut());
        if !list.is_null() {
            // SAFETY: the list is ours.
            unsafe { crate::util::getaddrinfo::free(list) };
        }
    }
    /// The next address to be tried; it leaves the list.
    fn take_address(self) -> Option<AddrList> {
        let first = self.own().addresses.get();
        if first.is_null() {
            return None;
        }
        // SAFETY: the list is ours; the first entry becomes a list of its own.
        unsafe {
            self.own().addresses.set((*first).ai_next);
            (*first).ai_next = null_mut();
            Some(AddrList::from_raw(first))
        }
    }
    /// Connects to the first of the addresses that does not fail at once. Each failure later goes on with the next one,
    /// in [`Self::connect_elsewhere`].
    fn connect_to_any(self) -> Result<()> {
        if !self.can_connect() {
            self.forget_addresses();
            return Err(Error::Invalid);
        }
        if let Some(below) = (self.ops().underlying)(self) {
            tls::before_connect(self)?;
            let list = self.own().addresses.replace(null_mut());
            let _busy = below.busy();
            below.forget_addresses();
            below.own().addresses.set(list);
            return below.connect_to_any();
        }
        let mut failure = Error::Invalid;
        while let Some(address) = self.take_address() {
            // SAFETY: an entry of a list, with its address.
            let (addr, len) = unsafe { ((*address.as_ptr()).ai_addr, (*address.as_ptr()).ai_addrlen) };
            // Setting the descriptor gives up what has not been tried.
            let rest = self.own().addresses.replace(null_mut());
            let old = (self.ops().get_fd)(self).filter(|&fd| fd >= 0);
            // SAFETY: as above.
            unsafe { self.set_conn_address(addr, len as usize) };
            // SAFETY: as above.
            let result = unsafe { self.try_address(old, addr, len as c_int, rest.is_null()) };
            self.own().addresses.set(rest);
            self.own().set(State::DIALLED, old.is_none());
            match result {
                Ok(()) => return Ok(()),
                Err(e) => failure = e,
            }
        }
        Err(failure)
    }
    /// Starts connecting to one address. A refusal at once is an error, unless it is the `last` one, which is reported.
    ///
    /// # Safety
    /// `addr` is readable for `len` bytes.
    unsafe fn try_address(
        self,
        old: Option<evutil_socket_t>,
        addr: *const sockaddr,
        len: c_int,
        last: bool,
    ) -> Result<()> {
        #[cfg(has_iocp)]
        if self.kind() == Kind::Async {
            // SAFETY: the caller's promise.
            return unsafe { self.async_connect(old, addr, len) };
        }
        // SAFETY: the caller's promise.
        match unsafe { dial(old, addr, len) } {
            Ok((fd, Connect::Refused(e))) if !last => {
                if old.is_none() {
                    sys::fd::close(fd);
                }
                Err(Error::Os(e))
            }
            Ok((fd, how)) => self.settle(fd, how).inspect_err(|_| {
                if old.is_none() && (self.ops().get_fd)(self) != Some(fd) {
                    sys::fd::close(fd);
                }
            }),
            Err(e) => Err(e),
        }
    }
    /// A connect has failed, or takes too long: whether there was another address, which is tried now.
    pub(super) fn connect_elsewhere(self) -> bool {
        let own = self.own();
        if own.addresses.get().is_null() || !own.has(State::CONNECTING) {
            return false;
        }
        let keep = sys::ErrnoGuard::new();
        if own.has(State::DIALLED) {
            // Closed first: there may be no descriptor left for another socket.
            let rest = own.addresses.replace(null_mut());
            let old = (self.ops().get_fd)(self);
            if (self.ops().set_fd)(self, -1).is_ok()
                && let Some(fd) = old.filter(|&fd| fd >= 0)
            {
                sys::fd::close(fd);
            }
            own.addresses.set(rest);
        } else if let Some(fd) = (self.ops().get_fd)(self) {
            // The program's own socket: made ready for another connect.
            let _ = socket::disconnect(fd);
        }
        let tried = self.connect_to_any();
        drop(keep);
        tried.is_ok()
    }
}

/// Connects `old`, or a new socket. A socket of our own making is closed if that fails, other than by a refusal.
///
/// # Safety
/// `addr` is readable for `len` bytes.
unsafe fn dial(
    old: Option<evutil_socket_t>,
    addr: *const sockaddr,
    len: c_int,
) -> Result<(evutil_socket_t, Connect)> {
    let len = c::socklen_t::try_from(len).map_err(|_| Error::Os(c::EINVAL))?;
    let fd = match old {
        Some(fd) => fd,
        None => {
            // SAFETY: the caller's promise.
            let family = c_int::from(unsafe { (*addr).sa_family });
            socket::socket(family, c::SOCK_STREAM | socket::SOCK_NONBLOCK, 0)?
        }
    };
    // SAFETY: the caller's promise.
    let failed = match unsafe { socket::connect(fd, addr, len) } {
        Ok(()) => return Ok((fd, Connect::Done)),
        Err(e) => e,
    };
    match failed.errno().map(|e| (e, socket::connect_failure(e))) {
        Some((_, ConnectFailure::InProgress)) => Ok((fd, Connect::Pending)),
        Some((e, ConnectFailure::Refused)) => Ok((fd, Connect::Refused(e))),
        _ => {
            if old.is_none() {
                sys::fd::close(fd);
            }
            Err(failed)
        }
    }
}

/// # Safety
/// `arg` is a bufferevent on which the look-up held a reference; `list` is null or given to us to free.
unsafe extern "C" fn looked_up(result: c_int, list: *mut addrinfo, arg: *mut c_void) {
    // SAFETY: the contract above.
    let list = unsafe { AddrList::from_raw(list) };
    // SAFETY: as above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let _busy = bev.enter_from_queue();
    let own = bev.own();
    if result == EVUTIL_EAI_CANCEL && !own.lookup.get().is_null() {
        // Cancelled, and another one has been started since.
        return;
    }
    own.lookup.set(null_mut());
    bev.unsuspend_write(Suspend::LOOKUP);
    bev.unsuspend_read(Suspend::LOOKUP);
    if result == EVUTIL_EAI_CANCEL {
        own.dns_error.set(result);
    } else if result != 0 || list.as_ptr().is_null() {
        own.dns_error.set(if result != 0 { result } else { c::EAI_NONAME });
        bev.run_eventcb(BevEvent::ERROR, 0);
    } else if !bev.is_orphan() {
        bev.forget_addresses();
        own.addresses.set(list.into_raw());
        if let Err(e) = bev.connect_to_any() {
            if let Some(e) = e.errno() {
                sys::set_errno(e);
            }
            bev.run_eventcb(BevEvent::ERROR, 0);
        }
    }
}
