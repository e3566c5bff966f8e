//! Queries over UDP.
use super::base::{Note, State};
use super::channel::ChannelRef;
use super::name::MAX_WIRE;
use super::nameserver::{AddError, ServerRef, add_error};
use super::request::RequestRef;
use super::wire::{self, MAX_QUERY};
use crate::abi::event::Ev;
use crate::abi::util::evutil_socket_t;
use crate::log::Severity;
use crate::mem::{self, TryVec};
use crate::sys::c;
use crate::sys::{self, datagram_io as io, socket};
use crate::util::addr::{self, Inet};
use crate::{Error, Result};
use std::ffi::c_int;

/// So many sockets a server gets; more queries than that share them.
const MAX_SOCKETS: u32 = 256;
/// Names up to this length are short ones.
const SHORT_NAME: usize = 64;
/// Replies up to this size are read even if we told the server less.
const MIN_ROOM: usize = 2048;

impl State {
    /// Whether a server's sockets are bound to the address that the program named, and which that is.
    pub(super) fn bind_address(&self, s: ServerRef) -> Option<Inet> {
        // SAFETY: an address of ours.
        self.settings
            .bind_to
            .filter(|a| a.family() == s.addr.family() && !unsafe { addr::is_loopback(s.addr.as_ptr()) })
    }
    /// Opens a socket for UDP, idle and not connected yet.
    pub(super) fn open_udp(&mut self, s: ServerRef) -> std::result::Result<ChannelRef, AddError> {
        let kind = c::SOCK_DGRAM | socket::SOCK_NONBLOCK | socket::SOCK_CLOEXEC;
        let fd = socket::socket(s.addr.family(), kind, 0).map_err(|_| AddError::Socket)?;
        self.prepare_udp(s, fd).inspect_err(|_| sys::fd::close(fd))?;
        self.open_channel(s, fd, None, Ev::READ).map_err(add_error)
    }
    fn prepare_udp(&mut self, s: ServerRef, fd: evutil_socket_t) -> std::result::Result<(), AddError> {
        if let Some(a) = self.bind_address(s) {
            // SAFETY: an address of ours.
            let bound = unsafe { socket::bind(fd, a.as_ptr(), a.len() as c::socklen_t) };
            bound.map_err(|e| {
                let text = "cannot be asked from the outgoing address";
                let server = Some(s.addr);
                self.note(Note { severity: Severity::Warn, text, server, errno: e.errno() });
                AddError::Unusable
            })?;
        }
        for (option, size) in
            [(c::SO_RCVBUF, self.settings.receive_buffer), (c::SO_SNDBUF, self.settings.send_buffer)]
        {
            if size != 0 && socket::set_option(fd, c::SOL_SOCKET, option, size).is_err() {
                return Err(AddError::BufferSize(option));
            }
        }
        Ok(())
    }

    /// Sends `r` to `s`. `Again`: nothing has been sent, and later it may work.
    pub(super) fn send_udp(&mut self, r: RequestRef, s: ServerRef) -> Result<()> {
        // A second try at the same server keeps port and id: a late reply to the first one counts.
        let ch = match r.channel.get().filter(|ch| ch.server == s && !ch.is_tcp()) {
            Some(ch) => ch,
            None => {
                self.detach(r);
                let ch = self.udp_channel(s)?;
                self.inflight.assign_id(r);
                self.attach(r, ch);
                ch
            }
        };
        // Most names are short: there is less to be cleared then.
        let sent = if r.name().as_wire().len() <= SHORT_NAME {
            self.encode_and_send(r, s, ch, &mut [0; MAX_QUERY - MAX_WIRE + SHORT_NAME])
        } else {
            self.encode_and_send(r, s, ch, &mut [0; MAX_QUERY])
        };
        if sent.is_ok() {
            self.stats.sent += 1;
        }
        sent
    }
    #[inline]
    fn encode_and_send(&self, r: RequestRef, s: ServerRef, ch: ChannelRef, room: &mut [u8]) -> Result<()> {
        let len = self.encode(r, s, room)?;
        let Some(msg) = room.get(..len) else { return Err(Error::Invalid) };
        // An error may be that of an earlier query on this socket: asking takes it away.
        let sent = io::send(ch.fd(), msg).or_else(|e| match e {
            Error::Os(e) if socket::is_retriable(e) => Err(Error::Os(e)),
            _ => io::send(ch.fd(), msg),
        });
        sent.map(drop)
    }
    #[inline]
    pub(super) fn encode(&self, r: RequestRef, s: ServerRef, out: &mut [u8]) -> Result<usize> {
        const { assert!(MAX_QUERY > MAX_WIRE + 12) };
        let edns = self.settings.edns().filter(|_| r.edns.get() && !s.no_edns.get());
        r.sent_edns.set(edns.is_some());
        if s.spoils_case() && r.exact_case.get() {
            r.spell(false);
        }
        wire::encode_query(out, r.id.get(), r.name(), r.kind.qtype(), edns).ok_or(Error::Invalid)
    }

    /// A socket for one query: idle until now, with a port that no query has had; a shared one only when there are
    /// no more to be had.
    fn udp_channel(&mut self, s: ServerRef) -> Result<ChannelRef> {
        let fixed_port = self.bind_address(s).is_some_and(|a| a.port() != 0);
        let most = if fixed_port { 1 } else { MAX_SOCKETS };
        let mut failed = Error::Invalid;
        // A socket that has died is replaced once.
        for _ in 0..2 {
            let ch = match self.take_idle(s) {
                Some(ch) => ch,
                None if s.sockets.get() < most => match self.open_udp(s) {
                    Ok(ch) => ch,
                    Err(_) if s.sockets.get() > 0 => break,
                    Err(AddError::NoMem) => return Err(Error::NoMem),
                    Err(_) => return Err(Error::last()),
                },
                None => break,
            };
            match fresh_port(ch, &s.addr) {
                Ok(()) => return Ok(ch),
                Err(e) => {
                    failed = e;
                    self.retire(ch);
                }
            }
        }
        s.first_busy().ok_or(failed)
    }

    pub(super) fn udp_readable(&mut self, ch: ChannelRef) {
        let room = usize::from(self.settings.edns_udp_size).max(MIN_ROOM);
        let mut rx = std::mem::replace(&mut self.rx, mem::new_vec());
        if rx.len() < room && rx.try_resize(room, 0).is_err() {
            self.rx = rx;
            return;
        }
        // One message per query at most: what else there is wakes us again.
        let mut left = ch.load().max(1);
        while left > 0 && self.channel_alive(ch) {
            left -= 1;
            match io::recv_truncating(ch.fd(), &mut rx) {
                Ok(len) => {
                    if len > rx.len()
                        && let Some(flags) = rx.get_mut(2)
                    {
                        // Longer than we can take: as if the server had cut it.
                        *flags |= (wire::FLAG_TC >> 8) as u8;
                    }
                    let len = len.min(rx.len());
                    self.datagram(ch, rx.get(..len).unwrap_or(&[]));
                }
                Err(Error::Os(e)) if socket::is_retriable(e) => break,
                Err(e) => {
                    self.udp_broken(ch, e.errno());
                    break;
                }
            }
        }
        self.rx = rx;
    }

    /// The kernel reports an error: mostly that nobody listens there.
    fn udp_broken(&mut self, ch: ChannelRef, errno: Option<c_int>) {
        let s = ch.server;
        if ch.load() == 0 {
            // Late: the query that it concerns has found its end. Without a socket the loop might end.
            self.remove_idle(ch);
            self.retire(ch);
            self.keep_one_socket(s);
            return;
        }
        self.server_failed(s, "has failed", errno);
        while let Some(r) = ch.first_request() {
            self.take_off(r);
            // Another server is asked at once; if none is up, the next try is due when this one's time is over.
            self.ask_other(r, s);
        }
        self.retire(ch);
        self.keep_one_socket(s);
    }
    /// A server has a socket always, if there are descriptors.
    fn keep_one_socket(&mut self, s: ServerRef) {
        if s.sockets.get() == 0
            && let Ok(ch) = self.open_udp(s)
        {
            self.make_idle(ch);
        }
    }
}

/// Connects a socket that carries nothing, so that it gets a port of the kernel's choice.
fn fresh_port(ch: ChannelRef, to: &Inet) -> Result<()> {
    if ch.connected.replace(true) {
        // Gives up the port.
        let _ = io::disconnect(ch.fd());
    }
    // SAFETY: an address of ours.
    unsafe { socket::connect(ch.fd(), to.as_ptr(), to.len() as c::socklen_t) }
}
