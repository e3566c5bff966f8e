//! Replies: whole ones, streamed ones, and error pages.
use super::connection::{ConRef, Mark, State};
use super::parser::Version;
use super::request::ReqRef;
use super::writing::{self, ChunkLine, Decimal, Rules, Said};
use super::{chars, html, reading, status};
use crate::abi::event::Ev;
use crate::abi::http::{ReqBits, ReqFlags, evhttp_connection_cb};
use crate::buffer::BufferRef;
use crate::{Error, Result, warnx};
use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};

/// The most bytes of a body that are copied behind the head.
const SMALL_BODY: usize = 256;

/// The connection on which `req` is the one to be answered. None with a word to the program's author: it is not, or has
/// been answered.
fn current(req: ReqRef, doing: &str) -> Option<ConRef> {
    let con = req.connection()?;
    let turn = con.is_incoming()
        && con.state() == State::Writing
        && con.last_request() == Some(req)
        && !req.has_bit(ReqBits::USERDONE);
    if !turn {
        warnx!("{doing}: the request is not one that waits for a reply");
        return None;
    }
    Some(con)
}

/// `evhttp_send_reply`: the whole reply. A request whose connection has gone is freed.
pub fn send_reply(req: ReqRef, code: c_int, reason: Option<&[u8]>, body: Option<BufferRef>) {
    if req.connection().is_none() {
        return req.free();
    }
    let Some(con) = current(req, "evhttp_send_reply") else { return };
    if con.is(Mark::REPLY_BEGUN) {
        warnx!("evhttp_send_reply: a reply has been begun");
        // What has gone out cannot be taken back, only cut short.
        return con.free();
    }
    req.set_response(code, reason);
    send(con, req, body);
}

/// Sends the reply whose first line and headers stand in the request.
fn send(con: ConRef, req: ReqRef, body: Option<BufferRef>) {
    let _pin = con.pin();
    let kept = req.keep();
    let composed = compose(con, |output| {
        let own = req.output_buffer().ok_or(Error::Invalid)?;
        req.set_bit(ReqBits::USERDONE, true);
        // What the program has put into the request's own buffer goes first; mostly there is nothing. (A body that
        // stands in the output already has to leave it first.)
        let body = match body {
            Some(b) if own.is_empty() && b != output => b,
            Some(b) => {
                own.add_buffer(b)?;
                own
            }
            None => own,
        };
        let sent = req.response_has_body();
        // SAFETY: nothing changes the body before it has been copied.
        let small = if sent { unsafe { small_body(body) } } else { &[] };
        let rest = sent && small.is_empty();
        let said = put_head(con, req, output, Some(body), small)?;
        if said.close {
            con.mark(Mark::CLOSING, true);
        }
        if rest { output.add_buffer(body) } else { body.drain(usize::MAX) }
    });
    end(con, req, composed);
    kept.release();
}

/// A body that is better copied behind the head than sent from a block of its own; nothing if it is not.
///
/// # Safety
/// The buffer is not changed while the result is used.
unsafe fn small_body<'a>(body: BufferRef) -> &'a [u8] {
    if body.len() > SMALL_BODY {
        return &[];
    }
    // SAFETY: the caller's promise.
    let front = unsafe { reading::front(body) };
    if front.len() == body.len() { front } else { &[] }
}

/// Runs `f` with the output; what leaves it meanwhile is not yet told.
fn compose(con: ConRef, f: impl FnOnce(BufferRef) -> Result<()>) -> Result<()> {
    con.mark(Mark::COMPOSING, true);
    let r = f(con.bev().output());
    con.mark(Mark::COMPOSING, false);
    r
}

/// The reply is complete in the output: the connection may serve the next request, or closes.
fn end(con: ConRef, req: ReqRef, composed: Result<()>) {
    if con.is_dead() || req.connection() != Some(con) {
        return;
    }
    if composed.is_err() {
        // Half a reply must not be followed by another one.
        return con.free();
    }
    if closes_after(con, req) {
        con.mark(Mark::CLOSING, true);
    }
    con.get().drained_cb.set(None);
    con.get().replied.set(con.get().replied.get() + 1);
    con.set_state(State::Idle);
    start_writing(con);
    let waits = con.bev().output().is_empty() || !con.bev().input().is_empty() || con.is(Mark::READ_RESTS);
    if waits && !con.is(Mark::ADVANCING) {
        con.advance_later();
    }
}
/// The output is to be written.
pub(super) fn start_writing(con: ConRef) {
    if !con.bev().is_enabled(Ev::WRITE) && con.bev().enable(Ev::WRITE).is_err() {
        con.free();
    }
}

/// Whether the connection ends with this reply.
fn closes_after(con: ConRef, req: ReqRef) -> bool {
    use crate::abi::http::evhttp_cmd_type;
    if con.is(Mark::UNTIL_CLOSE) || con.is(Mark::CLOSING) {
        return true;
    }
    let says_close = |value: Option<&[u8]>| value.is_some_and(|v| v.eq_ignore_ascii_case(b"close"));
    if req.method() == evhttp_cmd_type::EVHTTP_REQ_CONNECT && matches!(req.response_code(), 200..=299) {
        con.mark(Mark::TUNNEL, true);
        return says_close(req.header_out(b"Connection"));
    }
    let version = Version { major: 1, minor: u8::from(req.at_least_1(1)) };
    !con.message().framing.persistent(version)
        // (A program may have added it since a streamed reply was begun.)
        || (con.is(Mark::REPLY_BEGUN) && says_close(req.header_out(b"Connection")))
        || (req.has(ReqFlags::PROXY_REQUEST) && !proxy_keeps(req))
}
fn proxy_keeps(req: ReqRef) -> bool {
    let keeps = |v: Option<&[u8]>| v.is_some_and(|v| v.eq_ignore_ascii_case(b"keep-alive"));
    keeps(req.header_in(b"Proxy-Connection")) && keeps(req.header_out(b"Proxy-Connection"))
}

/// Writes the head of a reply. What the program's headers do not say and the other side has to know is added.
/// `whole`: the body; None: it comes piece by piece. `small`: all of it, or nothing.
fn put_head(
    con: ConRef,
    req: ReqRef,
    output: BufferRef,
    whole: Option<BufferRef>,
    small: &[u8],
) -> Result<Said> {
    let length = whole.map(BufferRef::len);
    let framing = &con.message().framing;
    let proxy = req.has(ReqFlags::PROXY_REQUEST);
    // Whoever asked for a close, or is about to see one, is told.
    let closes = framing.must_close()
        || con.is(Mark::CLOSING)
        || (proxy
            && !req.header_in(b"Proxy-Connection").is_some_and(|v| v.eq_ignore_ascii_case(b"keep-alive")));
    let body = req.response_has_body();
    let (first, new) = (req.major() == 1, req.at_least_1(1));
    let server = con.server();
    // A program that names a transfer coding has to send the body in it. If it does not, no coding is named.
    let misfit = Cell::new(None);
    let is_misfit = |coding: &[u8]| match (misfit.get(), whole) {
        (Some(known), _) => known,
        (None, Some(whole)) if body => {
            // (A small body is in one piece, where looking at it leaves it.)
            let odd = coding.eq_ignore_ascii_case(b"chunked") && !reading::is_chunked(whole);
            misfit.set(Some(odd));
            odd
        }
        _ => false,
    };
    let rules = Rules { no_connection: closes, misfit: &is_misfit };
    writing::put_response_head(output, req, &rules, small, |said, out| {
        if length.is_none() {
            let chunked = body && !said.length && new;
            req.set_bit(ReqBits::CHUNKED, chunked);
            if chunked && !said.coding {
                out.field(b"Transfer-Encoding: ", b"chunked")?;
            }
            // Where the body's length is not told in any way, its end is the connection's.
            con.mark(Mark::UNTIL_CLOSE, body && !said.length && !chunked);
        }
        if first
            && new
            && !said.date
            && let Some(s) = server
        {
            s.with_date(|date| out.field(b"Date: ", date))?;
        }
        let keep_alive = !new && framing.keep_alive() && !con.is(Mark::UNTIL_CLOSE) && !closes;
        if first && keep_alive && !said.connection {
            out.field(b"Connection: ", b"keep-alive")?;
        }
        if let Some(n) = length
            && body
            && (new || keep_alive)
            && !said.length
            && !said.coding
        {
            out.field(b"Content-Length: ", Decimal::new(n as u64).as_bytes())?;
        }
        if body
            && !said.content_type
            && let Some(default) = server.and_then(|s| s.default_content_type()).filter(|t| chars::text(t))
        {
            out.field(b"Content-Type: ", default)?;
        }
        if closes && !proxy {
            out.field(b"Connection: ", b"close")?;
        }
        Ok(())
    })
}

// ---- streamed replies ----

/// `evhttp_send_reply_start`
pub fn send_reply_start(req: ReqRef, code: c_int, reason: Option<&[u8]>) {
    if req.connection().is_none() {
        return req.set_response(code, reason);
    }
    let Some(con) = current(req, "evhttp_send_reply_start") else { return };
    if con.is(Mark::REPLY_BEGUN) {
        return warnx!("evhttp_send_reply_start: a reply has been begun");
    }
    req.set_response(code, reason);
    let _pin = con.pin();
    let kept = req.keep();
    con.mark(Mark::REPLY_BEGUN, true);
    let composed = compose(con, |output| {
        put_head(con, req, output, None, &[])?;
        let own = req.output_buffer().ok_or(Error::Invalid)?;
        if own.is_empty() { Ok(()) } else { put_chunk(req, output, own) }
    });
    under_way(con, req, composed);
    kept.release();
}
/// A part of a reply is in the output.
fn under_way(con: ConRef, req: ReqRef, composed: Result<()>) {
    if con.is_dead() || req.connection() != Some(con) {
        return;
    }
    if composed.is_err() {
        return con.free();
    }
    start_writing(con);
    if !con.is_dead() && con.get().drained_cb.get().is_some() && con.bev().output().is_empty() {
        con.advance_later();
    }
}
fn put_chunk(req: ReqRef, output: BufferRef, data: BufferRef) -> Result<()> {
    if !req.response_has_body() {
        return data.drain(usize::MAX);
    }
    if !req.has_bit(ReqBits::CHUNKED) {
        return output.add_buffer(data);
    }
    output.add(ChunkLine::new(data.len() as u64).as_bytes())?;
    output.add_buffer(data)?;
    output.add(b"\r\n")
}

/// `evhttp_send_reply_chunk` and `evhttp_send_reply_chunk_with_cb`: `cb` is called once all has been written.
pub fn send_reply_chunk(req: ReqRef, data: BufferRef, cb: evhttp_connection_cb, arg: *mut c_void) {
    if req.connection().is_none() {
        return;
    }
    let Some(con) = current(req, "evhttp_send_reply_chunk") else { return };
    if !con.is(Mark::REPLY_BEGUN) {
        return warnx!("evhttp_send_reply_chunk: no reply has been begun");
    }
    if data.is_empty() || !req.response_has_body() {
        return;
    }
    let _pin = con.pin();
    let kept = req.keep();
    con.get().drained_cb.set(cb);
    con.get().drained_arg.set(arg);
    let composed = compose(con, |output| put_chunk(req, output, data));
    under_way(con, req, composed);
    kept.release();
}

/// `evhttp_send_reply_end`. A request whose connection has gone is freed.
pub fn send_reply_end(req: ReqRef) {
    if req.connection().is_none() {
        return req.free();
    }
    let Some(con) = current(req, "evhttp_send_reply_end") else { return };
    if !con.is(Mark::REPLY_BEGUN) {
        return warnx!("evhttp_send_reply_end: no reply has been begun");
    }
    let _pin = con.pin();
    let kept = req.keep();
    req.set_bit(ReqBits::USERDONE, true);
    let composed = compose(con, |output| {
        if req.has_bit(ReqBits::CHUNKED) {
            output.add(b"0\r\n\r\n")?;
        }
        req.set_bit(ReqBits::CHUNKED, false);
        Ok(())
    });
    end(con, req, composed);
    kept.release();
}

// ---- error pages ----

/// `evhttp_send_error`: a small page, and the connection's end.
pub fn send_error(req: ReqRef, code: c_int, reason: Option<&[u8]>) {
    let Some(con) = req.connection() else { return req.free() };
    if current(req, "evhttp_send_error").is_none() {
        return;
    }
    if con.is(Mark::REPLY_BEGUN) {
        // The other side is in the middle of another answer: only the end of the connection can tell it.
        return con.free();
    }
    let _pin = con.pin();
    let kept = req.keep();
    let reason = reason.unwrap_or_else(|| status::reason(code).to_bytes());
    req.set_response(code, Some(reason));
    let page = (|| {
        let page = BufferRef::new()?;
        default_page(page, req.response_code(), req.reason()).inspect_err(|_| page.free())?;
        Ok::<_, Error>(page)
    })();
    match page {
        Ok(page) => {
            send_page(con, req, page);
            page.free();
        }
        Err(_) => con.free(),
    }
    kept.release();
}
fn default_page(page: BufferRef, code: c_int, reason: &[u8]) -> Result<()> {
    let code = Decimal::new(u64::try_from(code).unwrap_or(0));
    page.add(b"<html><head>\n<title>")?;
    page.add(code.as_bytes())?;
    page.add(b" ")?;
    add_html(page, reason)?;
    page.add(b"</title>\n</head><body>\n<h1>")?;
    add_html(page, reason)?;
    page.add(b"</h1>\n</body></html>\n")
}
/// Appends text such that HTML shows just what it says.
pub(super) fn add_html(page: BufferRef, text: &[u8]) -> Result<()> {
    let mut r = Ok(());
    html::escape(text, |piece| {
        if r.is_ok() {
            r = page.add(piece);
        }
    });
    r
}
/// Sends `page` as the whole reply, with the code that was set, in place of whatever the program had prepared.
pub(super) fn send_page(con: ConRef, req: ReqRef, page: BufferRef) {
    // What was not understood has no version.
    if req.major() == 0 {
        req.set_major(1);
        req.set_minor(1);
    }
    let ready = (|| {
        let list = req.output_headers().ok_or(Error::Invalid)?;
        list.clear();
        list.append(b"Content-Type", b"text/html")?;
        list.append(b"Connection", b"close")?;
        req.output_buffer().ok_or(Error::Invalid)?.drain(usize::MAX)
    })();
    match ready {
        Ok(()) => send(con, req, Some(page)),
        Err(_) => con.free(),
    }
}

/// A reason that the program gave.
///
/// # Safety
/// `p` is null or a C string.
pub unsafe fn reason_of<'a>(p: *const std::ffi::c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!p.is_null()).then(|| unsafe { CStr::from_ptr(p) }.to_bytes())
}
