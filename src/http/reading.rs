//! Reading messages: requests on a server's connections, responses on a client's.
//!
//! One loop, [`advance`], goes from state to state as far as the input lasts. Bytes are parsed where they lie in the
//! bufferevent's input and dropped once per step. Whatever calls the program is a step of its own end: after it, only
//! the connection's state counts.
use super::chunked::Step as Chunk;
use super::connection::{ConRef, Mark, State};
use super::framing::{Body, Keep};
use super::parser::{Field, RequestLine, StatusLine, Version};
use super::request::ReqRef;
use super::{Refused, client, incoming, method};
use crate::Error;
use crate::abi::http::{
    ConFlags, EVHTTP_URI_NONCONFORMANT, ReqBits, evhttp_cmd_type, evhttp_request_cb, evhttp_request_error,
};
use crate::buffer::BufferRef;

/// A chunk is handed to the program's callback as a whole, unless it is larger than this.
const WHOLE_CHUNK: usize = 64 * 1024;
/// The longest folded value that is unfolded without the heap.
const SHORT_VALUE: usize = 256;

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Look at the state again.
    Again,
    /// Nothing more can be done now.
    Wait,
}

/// Why reading a message ends early.
pub(super) enum Broken {
    Refused(Refused),
    /// Larger than the program allows.
    TooLong,
    NoMemory,
}
impl From<Refused> for Broken {
    fn from(r: Refused) -> Broken {
        Broken::Refused(r)
    }
}
impl From<Error> for Broken {
    fn from(e: Error) -> Broken {
        if e == Error::NoMem { Broken::NoMemory } else { Broken::Refused(Refused::Syntax) }
    }
}

/// Goes on with what has arrived.
pub(super) fn advance(con: ConRef) {
    if con.is_dead() || con.is(Mark::ADVANCING) {
        return;
    }
    let _pin = con.pin();
    con.mark(Mark::ADVANCING, true);
    while step(con) == Step::Again && !con.is_dead() {}
    con.mark(Mark::ADVANCING, false);
    if !con.is_dead() && con.is_incoming() {
        incoming::settle(con);
    }
}

fn step(con: ConRef) -> Step {
    match con.state() {
        State::Disconnected | State::Connecting => Step::Wait,
        State::Idle if con.is_incoming() => incoming::begin(con),
        State::Idle => client::idle_input(con),
        State::Writing if con.is_incoming() => incoming::goes_on(con),
        State::Writing => client::early_input(con),
        State::FirstLine | State::Headers | State::Body => {
            let Some(req) = con.last_or_current() else { return Step::Wait };
            let done = match con.state() {
                State::FirstLine => first_line(con, req),
                State::Headers => headers(con, req),
                _ => body(con, req),
            };
            let step = done.unwrap_or_else(|why| broken(con, req, &why));
            if step == Step::Wait && !con.is_incoming() {
                client::waits(con);
            }
            step
        }
    }
}

impl ConRef {
    /// The request whose message is being read: a server's newest, a client's oldest.
    pub(super) fn last_or_current(self) -> Option<ReqRef> {
        if self.is_incoming() { self.last_request() } else { self.first_request() }
    }
}

fn broken(con: ConRef, req: ReqRef, why: &Broken) -> Step {
    let (error, code) = match why {
        Broken::Refused(Refused::BodyTooLong) | Broken::TooLong => {
            (evhttp_request_error::EVREQ_HTTP_DATA_TOO_LONG, 413)
        }
        Broken::Refused(r) => (evhttp_request_error::EVREQ_HTTP_INVALID_HEADER, i32::from(r.status())),
        Broken::NoMemory => (evhttp_request_error::EVREQ_HTTP_BUFFER_ERROR, 0),
    };
    if con.is_incoming() && code != 0 {
        incoming::refuse(con, req, code, error);
    } else if con.is_incoming() {
        incoming::lost(con, error);
    } else {
        client::fail(con, error);
    }
    Step::Again
}

// ---- the bytes at hand ----

/// The contiguous start of `input`.
///
/// # Safety
/// The buffer is not changed while the result is used.
#[inline]
pub(super) unsafe fn front<'a>(input: BufferRef) -> &'a [u8] {
    match input.front() {
        (_, 0) => &[],
        // SAFETY: so many contiguous bytes, and the caller's promise.
        (p, n) => unsafe { std::slice::from_raw_parts(p, n) },
    }
}
/// Makes more of it contiguous. False: all of it is, or there is no memory.
pub(super) fn widen(input: BufferRef) -> bool {
    let (have, all) = (input.first_len(), input.len());
    have < all && input.pullup(Some(all.min(have.saturating_mul(2).max(4096)))).is_some()
}

// ---- the head ----

fn first_line(con: ConRef, req: ReqRef) -> Result<Step, Broken> {
    let input = con.bev().input();
    if !read_first_line(con, req, input)? {
        return Ok(Step::Wait);
    }
    con.set_state(State::Headers);
    headers(con, req)
}

/// Reads and drops the first line. False: it is not complete.
fn read_first_line(con: ConRef, req: ReqRef, input: BufferRef) -> Result<bool, Broken> {
    loop {
        // SAFETY: the input is drained only when the line is not used any more.
        let data = unsafe { front(input) };
        let head = &mut con.message().head;
        let read = if req.is_request() {
            head.request_line(data)?.map(|(line, n)| take_request_line(req, &line).map(|()| n))
        } else {
            head.status_line(data)?.map(|(line, n)| take_status_line(req, &line).map(|()| n))
        };
        if let Some(n) = read {
            let n = n?;
            req.set_headers_size(head.size());
            input.drain(n)?;
            return Ok(true);
        }
        if !widen(input) {
            return Ok(false);
        }
    }
}
pub(super) fn take_request_line(req: ReqRef, line: &RequestLine) -> Result<(), Broken> {
    let method = method::from_name(line.method);
    req.set_method(method);
    set_version(req, line.version);
    req.set_target(line.target, |uri| match line.origin {
        _ if method == evhttp_cmd_type::EVHTTP_REQ_CONNECT => uri.read_authority(line.target),
        Some(origin) => uri.read_origin(line.target, origin),
        None => uri.read(line.target, EVHTTP_URI_NONCONFORMANT),
    })?;
    Ok(())
}
pub(super) fn take_status_line(req: ReqRef, line: &StatusLine) -> Result<(), Broken> {
    set_version(req, line.version);
    req.set_response_code(line.code.into());
    req.set_reason(line.reason);
    Ok(())
}
fn set_version(req: ReqRef, v: Version) {
    req.set_major(v.major as _);
    req.set_minor(v.minor as _);
}
pub(super) fn version(req: ReqRef) -> Version {
    Version { major: 1, minor: u8::from(req.minor() >= 1) }
}

fn headers(con: ConRef, req: ReqRef) -> Result<Step, Broken> {
    if !read_headers(con, req, con.bev().input())? {
        return Ok(Step::Wait);
    }
    head_complete(con, req)
}

/// Reads and drops fields. False: the head is not complete.
fn read_headers(con: ConRef, req: ReqRef, input: BufferRef) -> Result<bool, Broken> {
    let mut done = false;
    while !done {
        // SAFETY: the input is drained only when the fields are not used any more.
        let data = unsafe { front(input) };
        let mut at = 0;
        let message = con.message();
        let list = req.input_headers().ok_or(Error::Invalid)?;
        while let Some((field, n)) = message.head.field(data.get(at..).unwrap_or_default())? {
            at += n;
            match field {
                Field::End => {
                    done = true;
                    break;
                }
                Field::Named { name, value } => {
                    let keep = match value.whole() {
                        Some(v) => message.framing.note(name, v)?,
                        None => note_folded(&mut message.framing, name, &value)?,
                    };
                    if keep == Keep::Yes {
                        req.append_field(list, name, &value)?;
                    }
                }
            }
        }
        req.set_headers_size(message.head.size());
        if at != 0 {
            input.drain(at)?;
        }
        // What was dropped may have been all of the first block.
        let seen_all = at == 0 || input.is_empty();
        if !done && seen_all && !widen(input) {
            return Ok(false);
        }
    }
    Ok(true)
}
/// Notes a field whose value stands on several lines.
pub(super) fn note_folded(
    framing: &mut super::framing::Framing,
    name: &[u8],
    value: &super::parser::Value,
) -> Result<Keep, Refused> {
    let mut short = [0u8; SHORT_VALUE];
    let mut len = 0;
    let mut fits = true;
    value.each(|piece| match short.get_mut(len..len + piece.len()) {
        Some(to) => {
            to.copy_from_slice(piece);
            len += piece.len();
        }
        None => fits = false,
    });
    // A value that long says nothing about the framing, and one that seems to is refused.
    if fits { framing.note(name, short.get(..len).unwrap_or_default()) } else { framing.note(name, b"?") }
}

fn head_complete(con: ConRef, req: ReqRef) -> Result<Step, Broken> {
    if let Some(f) = req.header_cb()
        && (req.is_request() || !client::is_interim(req))
    {
        let kept = req.keep();
        // SAFETY: what the program registered; the request is kept.
        let verdict = unsafe { f(req.as_ptr(), req.cb_arg()) };
        if kept.release() || con.is_dead() || con.state() != State::Headers {
            return Ok(Step::Again);
        }
        if verdict < 0 {
            con.fail(evhttp_request_error::EVREQ_HTTP_EOF);
            return Ok(Step::Again);
        }
    }
    if con.is_incoming() { incoming::head_read(con, req) } else { client::head_read(con, req) }
}

/// Decides how the body of the message is delimited, and begins to read it. `no_body`: it is a response to a request
/// that has none.
pub(super) fn begin_body(con: ConRef, req: ReqRef, no_body: bool) -> Result<Body, Refused> {
    let message = con.message();
    let version = version(req);
    let body = if req.is_request() {
        message.framing.request_body(version)?
    } else {
        let code = u16::try_from(req.response_code()).unwrap_or(0);
        message.framing.response_body(version, code, no_body)?
    };
    message.body = body;
    req.set_bit(ReqBits::CHUNKED, body == Body::Chunked);
    req.set_ntoread(match body {
        Body::None => 0,
        Body::Length(n) => i64::try_from(n).unwrap_or(i64::MAX),
        Body::Chunked | Body::UntilClose => -1,
    });
    con.set_state(State::Body);
    Ok(body)
}

// ---- the body ----

fn body(con: ConRef, req: ReqRef) -> Result<Step, Broken> {
    match con.message().body {
        Body::None => Ok(complete(con, req)),
        Body::Length(_) => length(con, req),
        Body::Chunked => chunks(con, req),
        Body::UntilClose => until_close(con, req),
    }
}

/// Adds `n` bytes of the input to the request's body.
fn take_body(con: ConRef, req: ReqRef, n: usize) -> Result<(), Broken> {
    let to = req.input_buffer().ok_or(Error::Invalid)?;
    req.set_body_size(req.body_size().checked_add(n).ok_or(Refused::BodyTooLong)?);
    con.bev().input().remove_buffer(to, n)?;
    Ok(())
}

fn length(con: ConRef, req: ReqRef) -> Result<Step, Broken> {
    let left = u64::try_from(req.ntoread()).unwrap_or(0);
    let n = usize::try_from(left).unwrap_or(usize::MAX).min(con.bev().input().len());
    let too_long = (req.body_size() as u64).saturating_add(left) > con.get().max_body.get();
    if con.is(Mark::DROPPING) || too_long {
        if !con.has_flag(ConFlags::LINGERING_CLOSE) {
            return Err(Broken::TooLong);
        }
        con.mark(Mark::DROPPING, true);
        con.bev().input().drain(n)?;
        req.set_body_size(req.body_size().saturating_add(n));
    } else if n != 0 {
        take_body(con, req, n)?;
    }
    req.set_ntoread(req.ntoread() - n as i64);
    if con.is(Mark::DROPPING) {
        return if req.ntoread() == 0 { Err(Broken::TooLong) } else { Ok(Step::Wait) };
    }
    if n != 0 && hand_over(con, req, 1) {
        return Ok(Step::Again);
    }
    Ok(if req.ntoread() == 0 { complete(con, req) } else { Step::Wait })
}

fn until_close(con: ConRef, req: ReqRef) -> Result<Step, Broken> {
    let n = con.bev().input().len();
    if n != 0 {
        take_body(con, req, n)?;
        if req.body_size() as u64 > con.get().max_body.get() {
            return Err(Broken::TooLong);
        }
        hand_over(con, req, 1);
    }
    Ok(Step::Wait)
}

fn chunks(con: ConRef, req: ReqRef) -> Result<Step, Broken> {
    let input = con.bev().input();
    loop {
        // SAFETY: the slice is used for one step of the decoder only.
        let (skip, step) = con.message().decoder.step(unsafe { front(input) })?;
        if skip != 0 {
            input.drain(skip)?;
        }
        match step {
            Chunk::More if widen(input) => {}
            // What was dropped may have been all of the first block.
            Chunk::More if skip != 0 && !input.is_empty() => {}
            Chunk::More => return Ok(Step::Wait),
            Chunk::Chunk(n) => {
                if (req.body_size() as u64).saturating_add(n) > con.get().max_body.get() {
                    return Err(Broken::TooLong);
                }
                req.set_ntoread(i64::try_from(n).map_err(|_| Refused::BodyTooLong)?);
            }
            Chunk::Data(n) => {
                req.set_ntoread(req.ntoread() - n as i64);
                take_body(con, req, n)?;
                if hand_over(con, req, WHOLE_CHUNK) {
                    return Ok(Step::Again);
                }
            }
            Chunk::ChunkEnd => {
                req.set_ntoread(-1);
                if hand_over(con, req, 1) {
                    return Ok(Step::Again);
                }
            }
            Chunk::Done => {
                req.set_ntoread(0);
                return Ok(complete(con, req));
            }
        }
    }
}

/// Gives what has been read of the body to the program's callback, if there is one and at least `least` bytes have
/// come. True: the request or the connection is gone, or is not read any more.
fn hand_over(con: ConRef, req: ReqRef, least: usize) -> bool {
    let Some(f) = req.chunk_cb() else { return false };
    let Some(buf) = req.input_buffer() else { return false };
    if buf.len() < least {
        return false;
    }
    call(req, Some(f), |r| {
        if let Some(b) = r.input_buffer() {
            let _ = b.drain(usize::MAX);
        }
    }) || con.is_dead()
        || con.state() != State::Body
}
/// Calls the program with a request, then `after` if the request is still there. True: it is not.
pub(super) fn call(req: ReqRef, f: evhttp_request_cb, after: impl FnOnce(ReqRef)) -> bool {
    let Some(f) = f else { return false };
    let kept = req.keep();
    // SAFETY: what the program registered; the request is kept.
    unsafe { f(req.as_ptr(), req.cb_arg()) };
    if !req.is_doomed() {
        after(req);
    }
    kept.release()
}

/// The message has been read.
pub(super) fn complete(con: ConRef, req: ReqRef) -> Step {
    if con.is_incoming() {
        incoming::serve(con, req)
    } else {
        client::message_read(con, req)
    }
    Step::Again
}

/// Whether `data` is one body in chunks, and nothing else.
pub(super) fn is_chunked(data: BufferRef) -> bool {
    let mut decoder = super::chunked::Decoder::new(super::connection::HEAD_CEILING);
    // SAFETY: the buffer is not changed meanwhile.
    let mut rest = unsafe { whole(data) };
    while let Ok((skip, step)) = decoder.step(rest) {
        let take = match step {
            Chunk::Data(n) => skip + n,
            _ => skip,
        };
        rest = rest.get(take..).unwrap_or_default();
        match step {
            Chunk::Done => return rest.is_empty(),
            Chunk::More => return false,
            _ => {}
        }
    }
    false
}

// ---- the suite's own entrances ----

/// What the functions below found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    All,
    More,
    Corrupted,
    TooLong,
}
fn found(r: Result<bool, Broken>) -> Found {
    match r {
        Ok(true) => Found::All,
        Ok(false) => Found::More,
        Err(Broken::TooLong | Broken::Refused(Refused::HeadTooLong | Refused::BodyTooLong)) => Found::TooLong,
        Err(_) => Found::Corrupted,
    }
}
/// `evhttp_parse_firstline_`: from any buffer, for a request that may have no connection.
pub fn parse_first_line(req: ReqRef, input: BufferRef) -> Found {
    let mut head = super::parser::Head::new(limit(req), super::connection::MAX_FIELDS);
    // SAFETY: the input is drained only when the line is not used any more.
    let data = unsafe { whole(input) };
    let done = (|| {
        let n = if req.is_request() {
            let Some((line, n)) = head.request_line(data)? else { return Ok(false) };
            take_request_line(req, &line)?;
            n
        } else {
            let Some((line, n)) = head.status_line(data)? else { return Ok(false) };
            take_status_line(req, &line)?;
            n
        };
        req.set_headers_size(head.size());
        input.drain(n)?;
        Ok(true)
    })();
    found(done)
}
/// `evhttp_parse_headers_`
pub fn parse_headers(req: ReqRef, input: BufferRef) -> Found {
    let limit = limit(req).saturating_sub(req.headers_size());
    let mut head = super::parser::Head::new(limit, super::connection::MAX_FIELDS);
    let before = req.headers_size();
    // SAFETY: the input is drained only when the fields are not used any more.
    let data = unsafe { whole(input) };
    let mut at = 0;
    let done = (|| {
        let list = req.input_headers().ok_or(Error::Invalid)?;
        while let Some((field, n)) = head.field(data.get(at..).unwrap_or_default())? {
            at += n;
            match field {
                Field::End => return Ok(true),
                Field::Named { name, value } => req.append_field(list, name, &value)?,
            }
        }
        Ok(false)
    })();
    req.set_headers_size(before.saturating_add(head.size()));
    let _ = input.drain(at);
    found(done)
}
fn limit(req: ReqRef) -> usize {
    req.connection().map_or(super::connection::HEAD_CEILING, ConRef::head_limit)
}
/// All of `input`.
///
/// # Safety
/// As [`front`].
unsafe fn whole<'a>(input: BufferRef) -> &'a [u8] {
    match input.pullup(None) {
        // SAFETY: all bytes are contiguous now, and the caller's promise.
        Some(p) => unsafe { std::slice::from_raw_parts(p, input.len()) },
        None => &[],
    }
}
