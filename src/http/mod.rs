//! evhttp.
//!
//! Below stand the pure parts first: slices in, typed results out, no I/O, no unsafe code. They decide what a
//! message is; whatever could be read in two ways by two programs in a row is refused (request smuggling).
//!
//! Then the living ones:
//!
//! | file | what |
//! |---|---|
//! | `connection.rs` | a connection, of either role: its life, its queue of requests, its bufferevent |
//! | `request.rs` | `struct evhttp_request` |
//! | `reading.rs`, `writing.rs` | messages in, heads out, for both roles |
//! | `server.rs`, `bound.rs`, `vhost.rs` | a server, its sockets, its virtual hosts |
//! | `incoming.rs`, `dispatch.rs`, `reply.rs` | a server's connections, who serves a request, replies |
//! | `client.rs` | a client's connections |
pub mod bound;
pub mod chars;
pub mod chunked;
pub mod client;
mod connecting;
pub mod connection;
pub mod date;
mod dispatch;
pub mod escape;
pub mod framing;
pub mod headers;
pub mod html;
mod incoming;
pub mod method;
pub mod parser;
pub mod query;
pub mod reading;
pub mod reply;
pub mod request;
pub mod server;
pub mod status;
pub mod text;
pub mod uri;
mod uri_object;
mod vector;
mod vhost;
mod writing;

/// Why a message is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It breaks the grammar, or could be read in two ways. 400 to the sender.
    Syntax,
    /// A line, the head or the trailer is longer than allowed, or has more fields. 400, as libevent has it.
    HeadTooLong,
    /// A body length beyond any limit. 413.
    BodyTooLong,
    /// A transfer coding other than chunked. 501.
    Coding,
}
impl Refused {
    /// The status code that tells the sender.
    pub fn status(self) -> u16 {
        match self {
            Refused::Syntax | Refused::HeadTooLong => 400,
            Refused::BodyTooLong => 413,
            Refused::Coding => 501,
        }
    }
}
