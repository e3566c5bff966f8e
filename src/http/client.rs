//! A client's connections: what they do where they differ from a server's.
use super::connection::ConRef;
use super::reading::{Broken, Step, begin_body};
use super::request::ReqRef;
use crate::abi::bufferevent::BevEvent;
use crate::abi::http::evhttp_request_error;

/// What only a client's connection has.
pub struct Part;

/// The connection is freed.
pub(super) fn drop_part(_: ConRef) {}
/// Input on an idle connection: nobody asked for it.
pub(super) fn idle_input(con: ConRef) -> Step {
    con.free();
    Step::Wait
}
/// The head of a response has been read.
pub(super) fn head_read(con: ConRef, req: ReqRef) -> Result<Step, Broken> {
    begin_body(con, req, !req.response_has_body())?;
    Ok(Step::Again)
}
/// A response has been read.
pub(super) fn message_read(con: ConRef, _: ReqRef) {
    con.free();
}
/// The connection, or what was read, is no good.
pub(super) fn fail(con: ConRef, _: evhttp_request_error) {
    con.free();
}
pub(super) fn event(con: ConRef, _: BevEvent) {
    con.free();
}
/// The output is empty.
pub(super) fn drained(_: ConRef) {}
/// The program has freed a request that stood on the queue.
pub(super) fn forgotten(_: ConRef) {}
