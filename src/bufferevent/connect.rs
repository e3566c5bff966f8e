//! Connecting a socket bufferevent, to an address or to a host's name.
use super::private::{ConnAddress, State, Suspend};
use super::{BevRef, Kind};
use crate::abi::bufferevent::{BEV_TRIG_DEFER_CALLBACKS, BevEvent, evdns_base};
use crate::abi::event::Ev;
use crate::abi::util::{EVUTIL_EAI_CANCEL, evutil_socket_t};
use crate::sys::socket::{self, ConnectFailure};
use crate::util::resolve;
use crate::{Error, Result, sys};
use libc::{addrinfo, sockaddr, sockaddr_in, sockaddr_in6};
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
        if !matches!(self.kind(), Kind::Socket | Kind::Tls) {
            return Err(Error::Invalid);
        }
        let old = (self.ops().get_fd)(self).filter(|&fd| fd >= 0);
        let fd = match old {
            Some(fd) => fd,
            None if addr.is_null() => return Err(Error::Invalid),
            None => {
                // SAFETY: the caller's promise.
                let family = c_int::from(unsafe { (*addr).sa_family });
                socket::socket(family, libc::SOCK_STREAM | socket::SOCK_NONBLOCK, 0)?
            }
        };
        // SAFETY: the caller's promise.
        let connected = unsafe { self.connect_fd(fd, addr, len) };
        connected.inspect_err(|_| {
            if old.is_none() && (self.ops().get_fd)(self) != Some(fd) {
                sys::fd::close(fd);
            }
        })
    }
    /// # Safety
    /// As [`Self::connect`].
    unsafe fn connect_fd(self, fd: evutil_socket_t, addr: *const sockaddr, len: c_int) -> Result<()> {
        let how = if addr.is_null() {
            Connect::Pending
        } else {
            let len = libc::socklen_t::try_from(len).map_err(|_| Error::Os(libc::EINVAL))?;
            // SAFETY: the caller's promise.
            match unsafe { socket::connect(fd, addr, len) } {
                Ok(()) => Connect::Done,
                Err(Error::Os(e)) => match socket::connect_failure(e) {
                    ConnectFailure::InProgress => Connect::Pending,
                    ConnectFailure::Refused => Connect::Refused(e),
                    ConnectFailure::Other => return Err(Error::Os(e)),
                },
                Err(e) => return Err(e),
            }
        };
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
        self.note_peer(fd);
        self.run_eventcb(BevEvent::CONNECTED, 0);
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
        self.own().set(State::CONNECTING, false);
        self.forget_output();
        let _ = self.stop_waiting_writable();
        let _ = self.ev_read().del_noblock();
        sys::set_errno(errno);
        self.run_eventcb(BevEvent::ERROR, 0);
    }

    // ---- the peer's address, for the HTTP client ----

    fn note_peer(self, fd: evutil_socket_t) {
        if self.conn_family() != libc::AF_UNSPEC
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
                libc::AF_INET => size_of::<sockaddr_in>(),
                libc::AF_INET6 => size_of::<sockaddr_in6>(),
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
        if !matches!(family, libc::AF_INET | libc::AF_INET6 | libc::AF_UNSPEC) || !(1..=65535).contains(&port)
        {
            return Err(Error::Invalid);
        }
        let mut text = [0u8; 8];
        let _ = write!(&mut text[..7], "{port}");
        let port = CStr::from_bytes_until_nul(&text).map_err(|_| Error::Invalid)?;
        // SAFETY: all zero is a valid addrinfo.
        let mut hints: addrinfo = unsafe { std::mem::zeroed() };
        hints.ai_family = family;
        hints.ai_protocol = libc::IPPROTO_TCP;
        hints.ai_socktype = libc::SOCK_STREAM;

        let _busy = self.busy();
        let own = self.own();
        own.dns_error.set(0);
        self.suspend_write(Suspend::LOOKUP);
        self.suspend_read(Suspend::LOOKUP);
        // The look-up's reference.
        own.refs.set(own.refs.get() + 1);
        let arg = self.as_ptr().cast::<c_void>();
        // SAFETY: the caller's promise; the reference keeps `arg` valid until `looked_up` has run.
        let request = unsafe { resolve::resolve(dns, Some(host), Some(port), &hints, looked_up, arg) };
        if !request.is_null() {
            own.lookup.set(request);
        }
        Ok(())
    }
    /// Ends a look-up that is under way.
    pub(super) fn cancel_lookup(self) {
        // SAFETY: `looked_up` clears the field, so it has not been called for this one.
        unsafe { resolve::cancel(self.own().lookup.replace(null_mut())) };
    }
}

/// # Safety
/// `arg` is a bufferevent on which the look-up held a reference; `list` is null or given to us to free.
unsafe extern "C" fn looked_up(result: c_int, list: *mut addrinfo, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let _busy = bev.enter_from_queue();
    let own = bev.own();
    own.lookup.set(null_mut());
    bev.unsuspend_write(Suspend::LOOKUP);
    bev.unsuspend_read(Suspend::LOOKUP);
    if result != 0 {
        own.dns_error.set(result);
        if result != EVUTIL_EAI_CANCEL {
            bev.run_eventcb(BevEvent::ERROR, 0);
        }
    } else if !list.is_null() && !bev.is_orphan() {
        // SAFETY: a successful look-up gives at least one address.
        let (addr, len) = unsafe { ((*list).ai_addr, (*list).ai_addrlen) };
        // SAFETY: as above.
        let connected = unsafe {
            bev.set_conn_address(addr, len as usize);
            bev.connect(addr, len as c_int)
        };
        if let Err(e) = connected {
            if let Some(e) = e.errno() {
                sys::set_errno(e);
            }
            bev.run_eventcb(BevEvent::ERROR, 0);
        }
    }
    if !list.is_null() {
        // SAFETY: the contract above; nobody uses it any more.
        unsafe { crate::util::getaddrinfo::free(list) };
    }
}
