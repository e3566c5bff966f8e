//! A server's connections: from the accepted socket to the last byte of the last reply.
//!
//! Requests may be sent ahead (pipelining): the next one is served as soon as the reply before it is complete in the
//! output, so several replies leave with one write. How much is read and answered ahead is bounded. Reading stays on
//! while the program works on a reply, so that the other side's end is noticed.
use super::connection::{ConRef, Mark, READ_TIMEOUT, State};
use super::framing::{Body, Expect};
use super::parser::Version;
use super::reading::{self, Broken, Step};
use super::request::ReqRef;
use super::server::ServerRef;
use super::{dispatch, reply, vhost};
use crate::abi::bufferevent::BevEvent;
use crate::abi::event::Ev;
use crate::abi::http::{ConFlags, ReqBits, ReqFlags, evhttp_request_error, evhttp_request_kind};
use crate::abi::util::evutil_socket_t;
use crate::buffer::BufferRef;
use crate::bufferevent::{BevRef, Kind};
use crate::sys::c;
use crate::sys::c::{sockaddr, timeval};
use crate::util::addr::Inet;
use crate::{Error, Result, sys};
use std::ffi::{c_int, c_short, c_void};
use std::mem::offset_of;

/// The most bytes that may wait for the request before them to be answered; then reading rests.
const AHEAD_INPUT: usize = 64 * 1024;
/// The most bytes of replies that may wait for the socket before the next request is looked at.
const AHEAD_OUTPUT: usize = 256 * 1024;
/// The most replies that may.
const AHEAD_REPLIES: u16 = 128;
/// What a body must bring within each period of the deadline.
const LEAST_PROGRESS: usize = 1024;

// ---- arrival ----

/// Serves a socket that was accepted. It is closed if that fails.
///
/// # Safety
/// `sa` is readable for `len` bytes.
pub(super) unsafe fn accept(server: ServerRef, fd: evutil_socket_t, sa: *const sockaddr, len: usize) {
    let _pin = server.pin();
    // SAFETY: the caller's promise.
    if unsafe { make(server, fd, sa, len) }.is_err() {
        crate::debugx!("no connection could be made of descriptor {fd}");
        sys::fd::close(fd);
    }
}

/// # Safety
/// As [`accept`].
unsafe fn make(server: ServerRef, fd: evutil_socket_t, sa: *const sockaddr, len: usize) -> Result<()> {
    let bev = match server.make_bufferevent() {
        Some(bev) => bev,
        None => BevRef::socket_new(server.base(), fd, 0)?,
    };
    if server.is_dead() {
        bev.free();
        return Err(Error::Invalid);
    }
    // SAFETY: the caller's promise.
    let name = unsafe { PeerName::of(sa, len) };
    let con = ConRef::new(server.base(), bev, name.as_bytes(), name.port)?;
    con.mark(Mark::INCOMING, true);
    if con.fd() != fd
        && let Err(e) = bev.set_fd(fd)
    {
        con.free();
        return Err(e);
    }
    // SAFETY: the caller's promise.
    unsafe { bev.set_conn_address(sa, len) };
    let family = if len >= offset_of!(sockaddr, sa_data) {
        // SAFETY: the caller's promise; the family stands before the address itself.
        c_int::from(unsafe { (&raw const (*sa).sa_family).read_unaligned() })
    } else {
        c::AF_UNSPEC
    };
    if matches!(family, c::AF_INET | c::AF_INET6) {
        let _ = sys::socket::set_option(fd, c::IPPROTO_TCP, c::TCP_NODELAY, 1);
    }
    server.adopt(con);
    con.set_state(State::Idle);
    // From here on the connection owns the socket.
    if bev.enable(Ev::READ).is_err() {
        con.free();
        return Ok(());
    }
    if !bev.input().is_empty() {
        con.advance_later();
    }
    Ok(())
}

/// How a peer is called: its numeric address, as getnameinfo writes it, without asking anybody.
struct PeerName {
    text: crate::util::text::Buf<80>,
    port: u16,
}
impl PeerName {
    /// # Safety
    /// `sa` is readable for `len` bytes.
    unsafe fn of(sa: *const sockaddr, len: usize) -> PeerName {
        let mut name = PeerName { text: crate::util::text::Buf::new(), port: 0 };
        if len < offset_of!(sockaddr, sa_data) {
            return name;
        }
        // SAFETY: the caller's promise.
        let family = c_int::from(unsafe { (&raw const (*sa).sa_family).read_unaligned() });
        let enough = match family {
            c::AF_INET => len >= size_of::<c::sockaddr_in>(),
            c::AF_INET6 => len >= size_of::<c::sockaddr_in6>(),
            _ => false,
        };
        use std::fmt::Write;
        if family == c::AF_UNIX {
            let _ = name.text.write_str("localhost");
        } else if enough {
            // SAFETY: as long as its family asks for.
            if let Some(inet) = unsafe { Inet::read(sa) } {
                name.port = inet.port();
                let _ = name.text.write_str(inet.host().as_str());
                name.zone(&inet);
            }
        }
        name
    }
    /// A link-local address means something only with the interface it belongs to.
    fn zone(&mut self, inet: &Inet) {
        use std::fmt::Write;
        let Inet::V6(a) = inet else { return };
        let link_local = a.sin6_addr.s6_addr[0] == 0xfe && a.sin6_addr.s6_addr[1] & 0xc0 == 0x80;
        if a.sin6_scope_id == 0 {
            return;
        }
        let mut ifname = [0u8; c::IF_NAMESIZE];
        // SAFETY: room for any interface's name.
        let known = link_local
            && !unsafe { c::if_indextoname(a.sin6_scope_id, ifname.as_mut_ptr().cast()) }.is_null();
        let text = ifname.split(|&c| c == 0).next().and_then(|n| std::str::from_utf8(n).ok());
        let _ = match text {
            Some(n) if known => write!(self.text, "%{n}"),
            _ => write!(self.text, "%{}", a.sin6_scope_id),
        };
    }
    fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

// ---- reading requests ----

fn new_request(con: ConRef) -> Result<ReqRef> {
    let req = con.server().ok_or(Error::Invalid)?.new_request(Some(dispatch::served))?;
    req.set_kind(evhttp_request_kind::EVHTTP_REQUEST);
    if let Err(e) = req.set_remote_host(con.peer_name()) {
        req.free();
        return Err(e);
    }
    req.set_remote_port(con.get().port);
    req.set_flag(ReqFlags::REQ_OWN_CONNECTION, true);
    // The program does not know it yet, so it may be freed without its word.
    req.set_bit(ReqBits::USERDONE, true);
    con.append(req);
    Ok(req)
}

/// Idle, and there may be input: the next request begins.
pub(super) fn begin(con: ConRef) -> Step {
    let input = con.bev().input();
    if con.is(Mark::TUNNEL) {
        return Step::Wait;
    }
    if con.is(Mark::CLOSING) {
        // Nobody will read what comes behind the last request.
        let _ = input.drain(usize::MAX);
        return Step::Wait;
    }
    // SAFETY: the slice is not used any more when anything happens.
    match unsafe { reading::front(input) } {
        [] => return Step::Wait,
        [b'\r', ..] if !skip_empty_lines(input) || input.is_empty() => return Step::Wait,
        _ => {}
    }
    if con.get().replied.get() >= AHEAD_REPLIES || con.bev().output().len() > AHEAD_OUTPUT {
        return Step::Wait;
    }
    if new_request(con).is_err() {
        lost(con, evhttp_request_error::EVREQ_HTTP_BUFFER_ERROR);
        return Step::Wait;
    }
    con.begin_message();
    con.mark(Mark::REPLY_BEGUN | Mark::UNTIL_CLOSE, false);
    Step::Again
}
/// Empty lines before a request are no part of it. False: what is there may be half of one.
fn skip_empty_lines(input: BufferRef) -> bool {
    loop {
        // SAFETY: the input is drained only when the slice is not used any more.
        match unsafe { reading::front(input) } {
            [b'\r', b'\n', ..] => {
                if input.drain(2).is_err() {
                    return true;
                }
            }
            [b'\r'] if !reading::widen(input) => return false,
            [b'\r'] => {}
            _ => return true,
        }
    }
}

/// The head of a request has been read.
pub(super) fn head_read(con: ConRef, req: ReqRef) -> std::result::Result<Step, Broken> {
    note_proxy(con, req);
    let body = reading::begin_body(con, req, false)?;
    if body == Body::None {
        return Ok(reading::complete(con, req));
    }
    let version = Version { major: 1, minor: u8::from(req.minor() >= 1) };
    match con.message().framing.expect(version) {
        Expect::Nothing => {}
        Expect::Unknown => {
            refuse(con, req, 417, evhttp_request_error::EVREQ_HTTP_INVALID_HEADER);
            return Ok(Step::Again);
        }
        Expect::Continue => {
            if let Body::Length(n) = body
                && n > con.get().max_body.get()
                && !con.has_flag(ConFlags::LINGERING_CLOSE)
            {
                return Err(Broken::TooLong);
            }
            // Who has begun to send does not wait for our word.
            if con.bev().input().is_empty() {
                let line: &[u8] = b" 100 Continue\r\n\r\n";
                con.bev().output().add_all([super::writing::version(req), line].into_iter())?;
                reply::start_writing(con);
            }
        }
    }
    Ok(Step::Again)
}
/// A target with a host that is none of ours asks us to be a proxy.
fn note_proxy(con: ConRef, req: ReqRef) {
    use super::uri::Part;
    let Some(parts) = req.elements() else { return };
    let (Some(scheme), Some(host)) = (parts.get(Part::Scheme), parts.get(Part::Host)) else { return };
    if !scheme.eq_ignore_ascii_case(b"http") && !scheme.eq_ignore_ascii_case(b"https") {
        return;
    }
    if con.server().is_some_and(|s| vhost::find(s, host).is_none()) {
        req.set_flag(ReqFlags::PROXY_REQUEST, true);
    }
}

/// A whole request: the program's turn.
pub(super) fn serve(con: ConRef, req: ReqRef) {
    con.set_state(State::Writing);
    req.set_bit(ReqBits::USERDONE, false);
    let kept = req.keep();
    let serving = req.serving();
    dispatch::dispatch(con, req);
    drop(serving);
    kept.release();
}

/// While the program works on a reply there is nothing to read.
pub(super) fn goes_on(_: ConRef) -> Step {
    Step::Wait
}

/// What was read is no request that can be served: the reply says `code`, and the connection ends.
pub(super) fn refuse(con: ConRef, req: ReqRef, code: c_int, error: evhttp_request_error) {
    con.set_state(State::Writing);
    con.mark(Mark::CLOSING, true);
    req.set_bit(ReqBits::USERDONE, false);
    req.set_response_code(code);
    req.clear_uri();
    let kept = req.keep();
    tell_error(req, error);
    if !req.is_doomed() && req.connection() == Some(con) && !req.has_bit(ReqBits::USERDONE) {
        reply::send_error(req, code, None);
    }
    kept.release();
}
fn tell_error(req: ReqRef, error: evhttp_request_error) {
    if let Some(f) = req.error_cb() {
        // SAFETY: what the program registered; our caller keeps the request.
        unsafe { f(error, req.cb_arg()) }
    }
}

// ---- the end ----

/// The connection failed, or (for the suite) is said to have failed.
pub(super) fn fail(con: ConRef, error: evhttp_request_error) {
    let _pin = con.pin();
    let current = con.last_request().filter(|_| con.state() != State::Idle);
    match error {
        evhttp_request_error::EVREQ_HTTP_TIMEOUT | evhttp_request_error::EVREQ_HTTP_EOF => lost(con, error),
        _ => match current {
            Some(req) => {
                let too_long = error == evhttp_request_error::EVREQ_HTTP_DATA_TOO_LONG;
                refuse(con, req, if too_long { 413 } else { 400 }, error);
            }
            None => con.free(),
        },
    }
}
/// The other side has gone: a request that the program is working on loses its connection, all others go with it.
pub(super) fn lost(con: ConRef, error: evhttp_request_error) {
    if con.is_dead() {
        return;
    }
    let _pin = con.pin();
    if con.state() != State::Idle
        && let Some(req) = con.last_request()
    {
        let kept = req.keep();
        if !req.has_bit(ReqBits::USERDONE) {
            con.remove(req);
        }
        tell_error(req, error);
        kept.release();
    }
    con.free();
}
/// The program has freed a request that stood on the queue.
pub(super) fn forgotten(con: ConRef, was_last: bool) {
    let c = con.get();
    if con.state() == State::Idle || !was_last {
        c.replied.set(c.replied.get().saturating_sub(1));
    } else {
        // Nobody can answer it any more.
        con.free();
    }
}

/// The bufferevent has something to say.
pub(super) fn event(con: ConRef, what: BevEvent) {
    if con.is_dead() || what == BevEvent::CONNECTED {
        return;
    }
    let _pin = con.pin();
    let replies_under_way = con.state() == State::Idle && !con.bev().output().is_empty();
    if what.contains(BevEvent::TIMEOUT) {
        if what.contains(BevEvent::READING) && (con.state() == State::Writing || replies_under_way) {
            // It is not the other side that we wait for. The time begins anew.
            let _ = con.bev().enable(Ev::READ);
            return;
        }
        return lost(con, evhttp_request_error::EVREQ_HTTP_TIMEOUT);
    }
    if what == BevEvent::EOF | BevEvent::READING {
        return no_more_input(con);
    }
    if what.intersects(BevEvent::EOF | BevEvent::ERROR) {
        lost(con, evhttp_request_error::EVREQ_HTTP_EOF);
    } else {
        fail(con, evhttp_request_error::EVREQ_HTTP_BUFFER_ERROR);
    }
}
/// The other side has ended its direction. It may be gone, or wait for what it has asked for: programs that set a close
/// callback want to be told at once, the others' replies are sent.
fn no_more_input(con: ConRef) {
    let waits = con.state() == State::Writing;
    if waits && (con.end_matters() || con.is(Mark::REPLY_BEGUN)) {
        return lost(con, evhttp_request_error::EVREQ_HTTP_EOF);
    }
    con.mark(Mark::ENDED, true);
    if waits && let Some(req) = con.last_request() {
        let kept = req.keep();
        tell_error(req, evhttp_request_error::EVREQ_HTTP_EOF);
        kept.release();
    }
    reading::advance(con);
}
/// A request that will never be complete: it goes, and the connection as soon as the replies before it have gone out.
fn abandon(con: ConRef) {
    if con.get().replied.get() == 0 && con.bev().output().is_empty() {
        return lost(con, evhttp_request_error::EVREQ_HTTP_EOF);
    }
    con.set_state(State::Idle);
    con.mark(Mark::CLOSING, true);
    if let Some(req) = con.last_request() {
        let kept = req.keep();
        con.remove(req);
        tell_error(req, evhttp_request_error::EVREQ_HTTP_EOF);
        if !kept.release() {
            req.free_unless_owned();
        }
    }
}

/// The output is empty: all replies that were complete have gone out.
pub(super) fn drained(con: ConRef) {
    // Some bufferevents take each piece of a reply at once.
    if con.is_dead() || con.is(Mark::COMPOSING) {
        return;
    }
    let _pin = con.pin();
    let c = con.get();
    for _ in 0..c.replied.get() {
        let Some(req) = con.first_request().filter(|_| c.replied.get() > 0) else { break };
        c.replied.set(c.replied.get() - 1);
        con.remove(req);
        done(con, req);
        if con.is_dead() {
            return;
        }
    }
    if let Some(f) = c.drained_cb.take() {
        // SAFETY: what the program gave together; the pin keeps the connection.
        unsafe { f(con.as_ptr(), c.drained_arg.get()) }
        if con.is_dead() {
            return;
        }
    }
    if con.state() != State::Idle || c.replied.get() != 0 || !con.bev().output().is_empty() {
        return;
    }
    let over = con.is(Mark::CLOSING) || (con.is(Mark::ENDED) && con.bev().input().is_empty());
    // A tunnel that the program has not taken over by now leads nowhere.
    if over || (con.is(Mark::TUNNEL) && con.has_callbacks()) {
        con.free();
    } else if !con.bev().input().is_empty() {
        reading::advance(con);
    }
}
/// A reply has gone out completely.
fn done(con: ConRef, req: ReqRef) {
    let kept = req.keep();
    if let Some(f) = req.on_complete_cb() {
        // SAFETY: what the program registered together; the request is kept.
        unsafe { f(req.as_ptr(), req.on_complete_arg()) }
    }
    if kept.release() {
        return;
    }
    match con.server() {
        Some(s) => s.give_back(req),
        None => req.free(),
    }
}

// ---- what a round of reading leaves behind ----

/// Sees to the output, to reading ahead and to the deadline.
pub(super) fn settle(con: ConRef) {
    if con.get().replied.get() != 0 && con.bev().output().is_empty() {
        drained(con);
        if con.is_dead() {
            return;
        }
    }
    if con.is(Mark::ENDED) {
        match con.state() {
            State::FirstLine | State::Headers | State::Body => abandon(con),
            State::Idle if con.get().replied.get() == 0 && con.bev().output().is_empty() => con.free(),
            _ => {}
        }
        if con.is_dead() {
            return;
        }
    }
    let ahead = con.bev().input().len() > AHEAD_INPUT && matches!(con.state(), State::Idle | State::Writing)
        || con.is(Mark::CLOSING) && con.state() == State::Idle && !con.bev().input().is_empty();
    if ahead != con.is(Mark::READ_RESTS) {
        rest(con, ahead);
    }
    let timed = match con.state() {
        State::FirstLine | State::Headers => true,
        State::Body => con.last_request().is_some_and(|r| r.chunk_cb().is_none()),
        _ => false,
    };
    if timed != con.is(Mark::TIMED) {
        time(con, timed);
    }
}

/// Stops reading, or goes on. While it rests, only the other side's end is looked for.
fn rest(con: ConRef, rests: bool) {
    con.mark(Mark::READ_RESTS, rests);
    let bev = con.bev();
    if !rests {
        if let Some(ev) = con.existing(&con.get().end_watch) {
            let _ = ev.del_noblock();
        }
        if !con.is(Mark::ENDED) {
            let _ = bev.enable(Ev::READ);
        }
        return;
    }
    if con.is(Mark::ENDED) {
        return;
    }
    let _ = bev.disable(Ev::READ);
    if bev.kind() == Kind::Socket
        && let Some(ev) = con.own_event(&con.get().end_watch, con.fd(), Ev::CLOSED, ended)
    {
        // Backends that cannot tell the end without reading leave it to the next read.
        let _ = ev.add(None);
    }
}
/// # Safety
/// `arg` is a live connection.
unsafe extern "C" fn ended(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above; freeing the connection deletes the event.
    let Some(con) = (unsafe { ConRef::from_raw(arg.cast()) }) else { return };
    let failed = !matches!(sys::socket::take_error(con.fd()), Ok(0));
    if failed || con.end_matters() {
        lost(con, evhttp_request_error::EVREQ_HTTP_EOF);
    }
    // Otherwise there is more to be read before that end.
}

/// Starts or stops the deadline of the request that is being read.
fn time(con: ConRef, on: bool) {
    con.mark(Mark::TIMED, on);
    let c = con.get();
    if !on {
        if let Some(ev) = con.existing(&c.deadline) {
            let _ = ev.del_noblock();
        }
        return;
    }
    c.deadline_seen.set(0);
    start_deadline(con);
}
fn start_deadline(con: ConRef) {
    let own = con.get().timeout.get();
    let set = own.tv_sec != 0 || own.tv_usec != 0;
    let period = if set { own } else { timeval { tv_sec: READ_TIMEOUT, tv_usec: 0 } };
    if let Some(ev) = con.own_event(&con.get().deadline, -1, Ev::empty(), too_slow) {
        let _ = ev.add(Some(&period));
    }
}
/// A head must be complete within one period of its first byte; a body must bring something in each.
///
/// # Safety
/// `arg` is a live connection.
unsafe extern "C" fn too_slow(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(con) = (unsafe { ConRef::from_raw(arg.cast()) }) else { return };
    let c = con.get();
    if con.state() == State::Body
        && let Some(req) = con.last_request()
        && req.body_size().saturating_sub(c.deadline_seen.get()) >= LEAST_PROGRESS
    {
        c.deadline_seen.set(req.body_size());
        return start_deadline(con);
    }
    lost(con, evhttp_request_error::EVREQ_HTTP_TIMEOUT);
}
