//! Queries over TCP (RFC 7766): each message after its length. One connection per server, on which queries follow one
//! another without waiting for replies, and which stays open for a while when there are none.
use super::base::{NEVER, State};
use super::channel::ChannelRef;
use super::nameserver::ServerRef;
use super::request::{RequestRef, Tcp};
use super::wire::MAX_QUERY;
use crate::abi::dns::DNS_ERR_TRUNCATED;
use crate::abi::event::Ev;
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, TryVec, Vec};
use crate::sys::c;
use crate::sys::{self, datagram_io as io, socket};
use crate::util::addr::Inet;
use crate::{Error, Result};

/// What is read at once at least.
const READ: usize = 4096;
/// So many messages that answer nothing end a connection.
const MAX_STRAY: u32 = 32;
/// Unsent bytes beyond which a server is not asked over this connection any more.
const MAX_UNSENT: usize = 1 << 20;

/// The state of a connection.
pub(super) struct Stream {
    connecting: bool,
    /// The event watches for writing.
    wants_write: bool,
    out: Vec<u8>,
    /// How much of `out` has been written.
    written: usize,
    /// Bytes that have come, the last message perhaps in part.
    input: Vec<u8>,
    stray: u32,
    /// A reply has come.
    answered: bool,
    pub(super) idle_until: i64,
}

impl ChannelRef {
    /// The stream, for a moment: nothing that is called meanwhile reaches it.
    fn with<R>(self, f: impl FnOnce(&mut Stream) -> R) -> Option<R> {
        // SAFETY: under the lock, and no other borrow is alive: the closures below only touch the stream.
        self.stream.as_ref().map(|s| f(unsafe { &mut *s.get() }))
    }
}

/// What a connection has to give.
enum Frame {
    Message(Vec<u8>),
    None,
}

impl State {
    pub(super) fn send_tcp(&mut self, r: RequestRef, s: ServerRef) -> Result<()> {
        self.detach(r);
        let ch = match s.tcp.get() {
            Some(ch) => ch,
            None => self.open_tcp(s)?,
        };
        self.inflight.assign_id(r);
        self.attach(r, ch);
        let mut buf = [0; MAX_QUERY];
        let len = self.encode(r, s, &mut buf)?;
        let msg = buf.get(..len).unwrap_or(&[]);
        let connecting = ch.with(|t| {
            t.idle_until = NEVER;
            if t.out.len() - t.written > MAX_UNSENT {
                return Err(Error::Os(c::EAGAIN));
            }
            t.out.try_reserve(2 + len).map_err(|_| Error::NoMem)?;
            t.out.try_extend(&(len as u16).to_be_bytes())?;
            t.out.try_extend(msg)?;
            Ok(t.connecting)
        });
        if !connecting.unwrap_or(Err(Error::Invalid))? {
            self.tcp_flush(ch).inspect_err(|_| {
                self.take_off(r);
                self.tcp_lost(ch);
            })?;
        }
        self.stats.sent += 1;
        Ok(())
    }
    fn open_tcp(&mut self, s: ServerRef) -> Result<ChannelRef> {
        let kind = c::SOCK_STREAM | socket::SOCK_NONBLOCK | socket::SOCK_CLOEXEC;
        let fd = socket::socket(s.addr.family(), kind, 0)?;
        let connecting = self.connect(s, fd).inspect_err(|_| sys::fd::close(fd))?;
        let stream = Stream {
            connecting,
            wants_write: connecting,
            out: mem::new_vec(),
            written: 0,
            input: mem::new_vec(),
            stray: 0,
            answered: false,
            idle_until: NEVER,
        };
        let what = if connecting { Ev::READ | Ev::WRITE } else { Ev::READ };
        let ch = self.open_channel(s, fd, Some(stream), what)?;
        s.tcp.set(Some(ch));
        Ok(ch)
    }
    /// Whether it is still under way.
    fn connect(&mut self, s: ServerRef, fd: evutil_socket_t) -> Result<bool> {
        if let Some(a) = self.bind_address(s) {
            // Its port is for UDP.
            let a = match a {
                Inet::V4(a) => Inet::v4(a.sin_addr.s_addr.to_ne_bytes(), 0),
                Inet::V6(a) => Inet::v6(a.sin6_addr.s6_addr, 0, a.sin6_scope_id),
            };
            // SAFETY: an address of ours.
            unsafe { socket::bind(fd, a.as_ptr(), a.len() as c::socklen_t)? };
        }
        // Queries are small, and each is worth a packet.
        let _ = socket::set_option(fd, c::IPPROTO_TCP, c::TCP_NODELAY, 1);
        // SAFETY: an address of ours.
        match unsafe { socket::connect(fd, s.addr.as_ptr(), s.addr.len() as c::socklen_t) } {
            Ok(()) => Ok(false),
            Err(Error::Os(e)) if socket::connect_failure(e) == socket::ConnectFailure::InProgress => Ok(true),
            Err(e) => Err(e),
        }
    }
    fn tcp_flush(&mut self, ch: ChannelRef) -> Result<()> {
        let fd = ch.fd();
        let pending = ch.with(|t| {
            while let Some(rest) = t.out.get(t.written..).filter(|r| !r.is_empty()) {
                match io::send(fd, rest) {
                    Ok(n) => t.written += n,
                    Err(Error::Os(c::EINTR)) => {}
                    Err(Error::Os(e)) if socket::is_retriable(e) => return Ok(true),
                    Err(e) => return Err(e),
                }
            }
            t.out.clear();
            t.written = 0;
            Ok(false)
        });
        self.watch_tcp(ch, pending.unwrap_or(Ok(false))?)
    }
    fn watch_tcp(&mut self, ch: ChannelRef, write: bool) -> Result<()> {
        if ch.with(|t| std::mem::replace(&mut t.wants_write, write)) == Some(write) {
            return Ok(());
        }
        ch.watch(if write { Ev::READ | Ev::WRITE } else { Ev::READ })
    }

    pub(super) fn tcp_ready(&mut self, ch: ChannelRef, what: Ev) {
        if what.contains(Ev::WRITE) && self.tcp_writable(ch).is_err() {
            return self.tcp_lost(ch);
        }
        let mut frames = 0u32;
        while what.contains(Ev::READ) && self.channel_alive(ch) {
            match self.tcp_frame(ch) {
                Ok(Frame::Message(msg)) => {
                    let known = self.tcp_message(ch, &msg);
                    self.give_back(ch, msg);
                    let stray = ch.with(|t| {
                        t.answered |= known;
                        t.stray += u32::from(!known);
                        t.stray
                    });
                    if self.channel_alive(ch) && stray > Some(MAX_STRAY) {
                        return self.tcp_lost(ch);
                    }
                    // Others have a turn too: what is left wakes us again.
                    frames += 1;
                    if frames >= 256 {
                        return;
                    }
                }
                Ok(Frame::None) => return,
                Err(_) => return self.tcp_lost(ch),
            }
        }
    }
    fn tcp_writable(&mut self, ch: ChannelRef) -> Result<()> {
        if ch.with(|t| t.connecting) == Some(true) {
            match socket::take_error(ch.fd())? {
                0 => {}
                e => return Err(Error::Os(e)),
            }
            ch.with(|t| t.connecting = false);
        }
        self.tcp_flush(ch)
    }
    /// The next message that is there completely; reads as long as there is something to read. The message stands
    /// behind its length in what is returned, and goes back with `give_back`.
    fn tcp_frame(&mut self, ch: ChannelRef) -> Result<Frame> {
        let fd = ch.fd();
        ch.with(|t| {
            loop {
                if let Some(&[a, b]) = t.input.first_chunk::<2>() {
                    let end = 2 + usize::from(u16::from_be_bytes([a, b]));
                    if t.input.len() >= end {
                        return Ok(Frame::Message(std::mem::replace(&mut t.input, mem::new_vec())));
                    }
                }
                let had = t.input.len();
                t.input.try_resize(had + READ, 0)?;
                let got = t.input.get_mut(had..).map_or(Ok(0), |room| sys::fd::read(fd, room));
                t.input.truncate(had + *got.as_ref().unwrap_or(&0));
                match got {
                    Ok(0) => return Err(Error::Os(c::ECONNRESET)),
                    Ok(_) => {}
                    Err(Error::Os(c::EINTR)) => {}
                    Err(Error::Os(e)) if socket::is_retriable(e) => return Ok(Frame::None),
                    Err(e) => return Err(e),
                }
            }
        })
        .unwrap_or(Ok(Frame::None))
    }
    /// `input` begins with the message that has been dealt with: what follows it is looked at next.
    fn give_back(&mut self, ch: ChannelRef, mut input: Vec<u8>) {
        if !self.channel_alive(ch) {
            return;
        }
        if let Some(&[a, b]) = input.first_chunk::<2>() {
            let end = (2 + usize::from(u16::from_be_bytes([a, b]))).min(input.len());
            input.drain(..end);
        }
        ch.with(|t| t.input = input);
    }
    /// Deals with the message at the start of `input`. False if it answers nothing that was asked here.
    fn tcp_message(&mut self, ch: ChannelRef, input: &[u8]) -> bool {
        let Some((&[a, b], rest)) = input.split_first_chunk::<2>() else { return false };
        let len = usize::from(u16::from_be_bytes([a, b]));
        self.datagram(ch, rest.get(..len).unwrap_or(&[]))
    }

    /// The connection ended or makes no sense: its requests are asked in another way.
    pub(super) fn tcp_lost(&mut self, ch: ChannelRef) {
        let s = ch.server;
        if s.tcp.get() == Some(ch) {
            s.tcp.set(None);
        }
        let answered = ch.with(|t| t.answered) == Some(true);
        // All leave before one is sent again: that opens the next connection.
        let mut moved: Option<RequestRef> = None;
        while let Some(r) = ch.first_request() {
            self.take_off(r);
            r.chain(&mut moved);
        }
        self.retire(ch);
        while let Some(r) = moved {
            moved = r.unchain();
            // A server may close a connection at any time; the one that has just been asked again does not get a
            // third chance.
            if answered && !r.tcp_lost.replace(true) {
                self.send(r, s);
            } else {
                self.tcp_failed(r, s);
            }
        }
    }
    /// The server cannot be asked over TCP.
    pub(super) fn tcp_failed(&mut self, r: RequestRef, s: ServerRef) {
        match r.tcp.get() {
            Tcp::No => {}
            Tcp::Always => {
                self.server_failed(s, "takes no queries over TCP", None);
                self.ask_other(r, s);
            }
            Tcp::Truncated => {
                r.tcp.set(Tcp::No);
                self.server_error(r, s, DNS_ERR_TRUNCATED, None);
            }
            Tcp::Suspicious => {
                // With another port, another id and the next letters.
                r.tcp.set(Tcp::No);
                r.spell(self.settings.randomize_case);
                self.send(r, s);
            }
        }
    }
    /// Nothing is asked over this connection any more.
    pub(super) fn tcp_idle(&mut self, ch: ChannelRef) {
        let at = if self.disable_when_inactive {
            // The loop may end now, and nobody would close it later.
            self.now()
        } else {
            let wait = i64::try_from(self.settings.tcp_idle_timeout.as_micros()).unwrap_or(NEVER);
            self.now().saturating_add(wait)
        };
        ch.with(|t| t.idle_until = at);
        if self.disable_when_inactive {
            ch.server.tcp.set(None);
            self.retire(ch);
        } else {
            self.due(at);
        }
    }
    /// Closes connections that have been idle for long.
    pub(super) fn tick_tcp(&mut self, now: i64) {
        let mut i = 0;
        while let Some(&s) = self.servers.get(i) {
            if let Some(ch) = s.tcp.get()
                && ch.idle_until() <= now
            {
                s.tcp.set(None);
                self.retire(ch);
            }
            i += 1;
        }
    }
}
