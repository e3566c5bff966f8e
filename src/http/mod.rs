//! evhttp.
//!
//! Below stand the pure parts first: slices in, typed results out, no I/O, no unsafe code. They decide what a
//! message is; whatever could be read in two ways by two programs in a row is refused (request smuggling).
pub mod chars;
pub mod chunked;
pub mod date;
pub mod escape;
pub mod framing;
pub mod headers;
pub mod html;
pub mod parser;
pub mod query;
pub mod status;
pub mod text;
pub mod uri;
mod uri_object;

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
