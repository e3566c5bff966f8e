//! The client: requests go out one after the other, responses come back.
//!
//! A connection works on the first request of its queue. When its response has been read, or there will be none, the
//! request leaves the queue, the connection is put in order, and only then the program is told; after that the next
//! request has its turn. So a callback finds a connection that it can free, use again or add requests to.
use super::connecting::stop;
pub(super) use super::connecting::{Part, drop_part};
use super::connection::{ConRef, Mark, State};
use super::framing::Body;
use super::reading::{self, Broken, Step};
use super::request::ReqRef;
use super::writing::{self, Decimal};
use crate::abi::bufferevent::BevEvent;
use crate::abi::event::Ev;
use crate::abi::http::{ConFlags, ReqFlags, evhttp_cmd_type, evhttp_request_error, evhttp_request_kind};
use crate::abi::util::evutil_socket_t;
use crate::sys::c::timeval;
use crate::{Error, Result, sys};
use std::ffi::{c_int, c_short, c_void};

/// Interim responses that a server may send for one request.
const MAX_INTERIM: u32 = 64;
/// Bytes that are taken from a server which answers before it has the whole request.
const EARLY_INPUT: usize = 64 * 1024;

/// Whether the connection is still there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    No,
    Freed,
}

/// While it lives, nothing begins on the connection: the program is being called, and what it adds waits.
pub(super) struct Settling {
    con: ConRef,
    outermost: bool,
}
impl Settling {
    pub(super) fn begin(con: ConRef) -> Settling {
        let outermost = !con.is(Mark::SETTLING);
        con.mark(Mark::SETTLING, true);
        Settling { con, outermost }
    }
}
impl Drop for Settling {
    fn drop(&mut self) {
        if self.outermost {
            self.con.mark(Mark::SETTLING, false);
        }
    }
}

// ---- requests go out ----

impl ConRef {
    /// `evhttp_make_request`. On an error the request is freed, unless the program owns it.
    pub fn make_request(self, req: ReqRef, method: evhttp_cmd_type, uri: &[u8]) -> Result<()> {
        if req.connection().is_some() || req.has(ReqFlags::REQ_OWN_CONNECTION) {
            crate::warnx!("evhttp_make_request: the request is on a connection already");
            return Err(Error::Invalid);
        }
        self.enqueue(req, method, uri).inspect_err(|_| {
            if req.evcon() == self.as_ptr() {
                self.remove(req);
            }
            req.free_unless_owned();
        })
    }
    fn enqueue(self, req: ReqRef, method: evhttp_cmd_type, uri: &[u8]) -> Result<()> {
        if self.is_dead() || self.part().is_none() {
            return Err(Error::Invalid);
        }
        req.set_kind(evhttp_request_kind::EVHTTP_REQUEST);
        req.set_method(method);
        // A URI without a path asks for the root.
        req.set_uri(if uri.is_empty() && method != evhttp_cmd_type::EVHTTP_REQ_CONNECT {
            b"/"
        } else {
            uri
        })?;
        if (req.major(), req.minor()) == (0, 0) {
            req.set_major(1);
            req.set_minor(1);
        }
        writing::request_line(req)?;
        self.append(req);
        match self.state() {
            State::Disconnected if !self.waits_for_retry() && !self.is(Mark::SETTLING) => self.connect(),
            State::Idle if self.first_request() == Some(req) && !self.is(Mark::SETTLING) => {
                self.dispatch(req)
            }
            _ => Ok(()),
        }
    }
    /// Sends the first request on a connection that stands.
    fn dispatch(self, req: ReqRef) -> Result<()> {
        self.mark(Mark::CLOSE_DETECT | Mark::READING_ERROR, false);
        let output = self.bev().output();
        self.add_length(req)?;
        writing::put_request_head(output, req)?;
        // Whether the body waits until the server asks for it.
        let held = req.at_least_1(1)
            && req.header_out(b"Expect").is_some_and(|v| v.eq_ignore_ascii_case(b"100-continue"));
        if !held {
            self.put_body(req)?;
        }
        if let Some(part) = self.part() {
            part.interim.set(0);
            part.body_held.set(held);
        }
        self.set_state(State::Writing);
        // The time for writing and for reading starts anew.
        self.bev().enable(Ev::READ | Ev::WRITE)
    }
    /// A body must have a length, also one that a method is not known for: the server would take it for a request.
    fn add_length(self, req: ReqRef) -> Result<()> {
        let (Some(body), Some(headers)) = (req.output_buffer(), req.output_headers()) else { return Ok(()) };
        let expected =
            matches!(req.method(), evhttp_cmd_type::EVHTTP_REQ_POST | evhttp_cmd_type::EVHTTP_REQ_PUT);
        if (expected || !body.is_empty())
            && headers.find(b"Content-Length").is_none()
            && headers.find(b"Transfer-Encoding").is_none()
        {
            headers.append(b"Content-Length", Decimal::new(body.len() as u64).as_bytes())?;
        }
        Ok(())
    }
    fn put_body(self, req: ReqRef) -> Result<()> {
        match req.output_buffer() {
            Some(body) if !body.is_empty() => self.bev().output().add_buffer(body),
            _ => Ok(()),
        }
    }
}

/// The connection stands.
pub(super) fn connected(con: ConRef) {
    let _pin = con.pin();
    con.set_state(State::Idle);
    con.take_callbacks();
    let tv = con.get().timeout.get();
    con.set_timeout(Some(tv).filter(|tv| (tv.tv_sec, tv.tv_usec) != (0, 0)));
    con.send_at_once();
    let _ = con.bev().enable(Ev::READ | Ev::WRITE);
    go_on(con);
}

/// The output is written.
pub(super) fn drained(con: ConRef) {
    if con.state() != State::Writing {
        return;
    }
    let Some(req) = con.first_request() else { return };
    let _pin = con.pin();
    req.set_kind(evhttp_request_kind::EVHTTP_RESPONSE);
    con.begin_message();
    con.mark(Mark::READ_RESTS, false);
    // The time for the response starts now.
    if con.bev().enable(Ev::READ).is_err() {
        return fail(con, evhttp_request_error::EVREQ_HTTP_BUFFER_ERROR);
    }
    if !con.bev().input().is_empty() {
        reading::advance(con);
    }
}

/// The server answers before it has the whole request: the answer waits, but not all of it.
pub(super) fn early_input(con: ConRef) -> Step {
    if !con.is(Mark::READ_RESTS) && con.bev().input().len() > EARLY_INPUT {
        con.mark(Mark::READ_RESTS, true);
        let _ = con.bev().disable(Ev::READ);
    }
    Step::Wait
}

// ---- responses come back ----

/// Part of a head has arrived: the rest must come within the time that reading may rest, however it is dripped.
pub(super) fn waits(con: ConRef) {
    if !matches!(con.state(), State::FirstLine | State::Headers) {
        return;
    }
    // SAFETY: null, or an event of ours.
    let running = unsafe { crate::base::EventRef::from_raw(con.get().deadline.get()) }
        .is_some_and(|ev| !ev.pending(Ev::TIMEOUT).is_empty());
    if running || con.bev().input().is_empty() && con.state() == State::FirstLine {
        return;
    }
    let tv = con.get().timeout.get();
    let tv = match (tv.tv_sec, tv.tv_usec) {
        (0, 0) => timeval { tv_sec: super::connection::READ_TIMEOUT, tv_usec: 0 },
        _ => tv,
    };
    if let Some(ev) = con.own_event(&con.get().deadline, -1, Ev::empty(), head_is_late) {
        let _ = ev.add(Some(&tv));
    }
}
/// # Safety
/// `arg` is a live connection: the event ends with it.
unsafe extern "C" fn head_is_late(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    if let Some(con) = unsafe { ConRef::from_raw(arg.cast()) } {
        fail(con, evhttp_request_error::EVREQ_HTTP_TIMEOUT);
    }
}

/// Whether the head that was read is not that of the final response.
pub(super) fn is_interim(req: ReqRef) -> bool {
    // What follows 101 is another protocol.
    matches!(req.response_code(), 100 | 102..=199)
}

/// A head was read.
pub(super) fn head_read(con: ConRef, req: ReqRef) -> std::result::Result<Step, Broken> {
    stop(&con.get().deadline);
    if is_interim(req) {
        return Ok(interim(con, req));
    }
    let success = matches!(req.response_code(), 200..=299);
    let no_body = match req.method() {
        evhttp_cmd_type::EVHTTP_REQ_HEAD => true,
        evhttp_cmd_type::EVHTTP_REQ_CONNECT => success,
        _ => false,
    };
    reading::begin_body(con, req, no_body)?;
    Ok(Step::Again)
}
/// The final response is still to come.
fn interim(con: ConRef, req: ReqRef) -> Step {
    let Some(part) = con.part() else { return Step::Wait };
    part.interim.set(part.interim.get() + 1);
    if part.interim.get() > MAX_INTERIM {
        fail(con, evhttp_request_error::EVREQ_HTTP_INVALID_HEADER);
        return Step::Again;
    }
    let code = req.response_code();
    if let Some(h) = req.input_headers() {
        h.clear();
    }
    req.set_response_code(0);
    req.set_headers_size(0);
    if code == 100 && part.body_held.replace(false) && req.output_buffer().is_some_and(|b| !b.is_empty()) {
        con.set_state(State::Writing);
        req.set_kind(evhttp_request_kind::EVHTTP_REQUEST);
        if con.put_body(req).is_err() || con.bev().enable(Ev::WRITE).is_err() {
            fail(con, evhttp_request_error::EVREQ_HTTP_BUFFER_ERROR);
        }
    } else {
        con.begin_message();
    }
    Step::Again
}

/// The response has been read.
pub(super) fn message_read(con: ConRef, req: ReqRef) {
    let _pin = con.pin();
    stop(&con.get().deadline);
    con.remove(req);
    con.set_state(State::Idle);
    let kept = req.keep();
    let settling = Settling::begin(con);
    if must_close(con, req) {
        con.reset();
    } else {
        detect_close(con);
    }
    // The close callback may have freed either.
    if !con.is_dead() && !req.is_doomed() {
        reading::call(req, req.cb(), |_| {});
    }
    drop(settling);
    if !kept.release() {
        req.free_unless_owned();
    }
    go_on(con);
}
/// Whether the connection can serve no more requests after this response.
fn must_close(con: ConRef, req: ReqRef) -> bool {
    let message = con.message();
    // A tunnel, or another protocol: it is the program's now.
    if req.response_code() == 101
        || (req.method() == evhttp_cmd_type::EVHTTP_REQ_CONNECT
            && message.body == Body::None
            && matches!(req.response_code(), 200..=299))
    {
        return false;
    }
    let asked = req.header_out(b"Connection").is_some_and(|v| v.eq_ignore_ascii_case(b"close"));
    // What stands behind the response answers no request: taken for the next response, it would be a forged one.
    asked
        || !message.framing.persistent(reading::version(req))
        || message.body == Body::UntilClose
        || !con.bev().input().is_empty()
        || !con.bev().output().is_empty()
}
/// Waits for the server to close a connection that rests.
fn detect_close(con: ConRef) {
    // Unless the program has taken the bufferevent for a tunnel.
    if con.has_callbacks() {
        con.mark(Mark::CLOSE_DETECT, true);
        let _ = con.bev().enable(Ev::READ);
    }
}
/// Something arrives although nothing was asked for.
pub(super) fn idle_input(con: ConRef) -> Step {
    if !con.bev().input().is_empty() && con.has_callbacks() {
        closed_while_idle(con);
    }
    Step::Wait
}
fn closed_while_idle(con: ConRef) {
    let _pin = con.pin();
    con.reset();
    go_on(con);
}

/// Gives the next request its turn, or frees a connection that was to end with its last one.
pub(super) fn go_on(con: ConRef) {
    if con.is_dead() || con.is(Mark::SETTLING) {
        return;
    }
    let _pin = con.pin();
    match con.first_request() {
        Some(req) => match con.state() {
            State::Disconnected if !con.waits_for_retry() => connect_or_fail(con),
            State::Idle if con.dispatch(req).is_err() => {
                fail(con, evhttp_request_error::EVREQ_HTTP_BUFFER_ERROR);
            }
            _ => {}
        },
        None if con.state() == State::Idle => detect_close(con),
        None => drop(settle(con)),
    }
}
/// Frees a connection without requests that the program has given away.
pub(super) fn settle(con: ConRef) -> Ended {
    if con.is_dead() {
        return Ended::Freed;
    }
    let resting = matches!(con.state(), State::Disconnected) && con.first_request().is_none();
    if resting && con.is(Mark::AUTOFREE) && !con.is(Mark::SETTLING) {
        con.free();
        return Ended::Freed;
    }
    Ended::No
}
/// Connects; where not even that can be begun, all requests have failed.
pub(super) fn connect_or_fail(con: ConRef) {
    let _pin = con.pin();
    if con.connect().is_err() && !con.is_dead() {
        con.reset();
        give_up(con);
    }
}

// ---- failures ----

/// No connection: each request's callback is told by a response code of 0.
pub(super) fn give_up(con: ConRef) {
    let _pin = con.pin();
    let settling = Settling::begin(con);
    // Those that callbacks add are tried anew.
    let mut last = con.last_request();
    while let Some(req) = con.first_request().filter(|_| last.is_some()) {
        if last == Some(req) {
            last = None;
        }
        con.remove(req);
        if !reading::call(req, req.cb(), |_| {}) {
            req.free_unless_owned();
        }
        if con.is_dead() {
            return;
        }
        // A callback may have taken the last one away.
        if last.is_some_and(|l| !con.has_request(l)) {
            last = con.last_request();
        }
    }
    drop(settling);
    go_on(con);
}

/// The first request has failed. The connection starts anew with the next.
pub(super) fn fail(con: ConRef, why: evhttp_request_error) {
    if con.is_dead() {
        return;
    }
    let _pin = con.pin();
    let errno = sys::errno();
    let Some(req) = con.first_request() else {
        con.reset();
        return go_on(con);
    };
    let (error_cb, cb, arg) = (req.error_cb(), req.cb(), req.cb_arg());
    con.remove(req);
    // Callbacks that do not know yet may still cancel it.
    let kept = req.keep();
    let settling = Settling::begin(con);
    con.reset();
    sys::set_errno(errno);
    if let Some(f) = error_cb {
        // SAFETY: what the program registered together.
        unsafe { f(why, arg) };
    }
    // A request that the program cancelled is not heard of again.
    if let Some(f) = cb
        && why != evhttp_request_error::EVREQ_HTTP_REQUEST_CANCEL
    {
        // SAFETY: as above; a null request means that there is none.
        unsafe { f(std::ptr::null_mut(), arg) };
    }
    drop(settling);
    if !kept.release() {
        req.free_unless_owned();
    }
    go_on(con);
}

/// A request that could not even be tried.
pub fn drop_unused(req: ReqRef) {
    if req.connection().is_none() {
        req.free_unless_owned();
    }
}
/// `evhttp_cancel_request`
pub fn cancel(req: ReqRef) {
    let Some(con) = req.connection() else { return req.free_unless_owned() };
    let first = con.first_request() == Some(req);
    if !first || con.is_incoming() || con.waits_for_retry() {
        con.remove(req);
        req.free_unless_owned();
        if first && !con.is_incoming() && con.first_request().is_none() {
            con.reset();
            go_on(con);
        }
        return;
    }
    fail(con, evhttp_request_error::EVREQ_HTTP_REQUEST_CANCEL);
}
/// The program has freed a request that was on the queue.
pub(super) fn forgotten(con: ConRef, was_first: bool) {
    if was_first && !con.is(Mark::SETTLING) && !con.waits_for_retry() {
        let _pin = con.pin();
        con.reset();
        go_on(con);
    }
}

/// The bufferevent reports something.
pub(super) fn event(con: ConRef, what: BevEvent) {
    let _pin = con.pin();
    if con.state() == State::Connecting {
        return con.connecting_event(what);
    }
    if what.contains(BevEvent::CONNECTED) {
        return;
    }
    if con.state() == State::Idle || con.first_request().is_none() {
        return closed_while_idle(con);
    }
    if what.contains(BevEvent::TIMEOUT) {
        return fail(con, evhttp_request_error::EVREQ_HTTP_TIMEOUT);
    }
    if !what.intersects(BevEvent::EOF | BevEvent::ERROR) {
        return fail(con, evhttp_request_error::EVREQ_HTTP_BUFFER_ERROR);
    }
    ended(con, what);
}
/// The connection has ended while a request was under way.
fn ended(con: ConRef, what: BevEvent) {
    let Some(req) = con.first_request() else { return };
    let errno = sys::errno();
    if con.state() == State::Writing
        && con.has_flag(ConFlags::READ_ON_WRITE_ERROR)
        && !con.is(Mark::READING_ERROR)
    {
        // What the server said before it closed is worth more than the request.
        req.set_kind(evhttp_request_kind::EVHTTP_RESPONSE);
        let output = con.bev().output();
        let _ = output.unfreeze(true);
        let _ = output.drain(usize::MAX);
        let _ = output.freeze(true);
        con.begin_message();
        con.mark(Mark::READING_ERROR, true);
        if what.contains(BevEvent::WRITING) && con.bev().enable(Ev::READ).is_ok() {
            return reading::advance(con);
        }
        reading::advance(con);
        if con.is_dead() || con.first_request() != Some(req) {
            return;
        }
    }
    let clean = what.contains(BevEvent::EOF) && !what.intersects(BevEvent::ERROR | BevEvent::WRITING);
    if clean && con.state() == State::Body && con.message().body == Body::UntilClose {
        return message_read(con, req);
    }
    sys::set_errno(errno);
    fail(con, evhttp_request_error::EVREQ_HTTP_EOF);
}

/// `evhttp_connection_set_flags`
pub fn set_flags(con: ConRef, flags: c_int) -> bool {
    let known = ConFlags::REUSE_CONNECTED_ADDR | ConFlags::READ_ON_WRITE_ERROR | ConFlags::LINGERING_CLOSE;
    if flags & !known.bits() != 0 {
        return false;
    }
    for f in [ConFlags::REUSE_CONNECTED_ADDR, ConFlags::READ_ON_WRITE_ERROR, ConFlags::LINGERING_CLOSE] {
        con.set_flag(f, flags & f.bits() != 0);
    }
    true
}
