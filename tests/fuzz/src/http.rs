//! Streams of HTTP messages: whole, byte by byte and in other pieces, always with the same result.
use crate::input::{Input, pieces};
use oxievent::http::chunked::{Decoder, Step};
use oxievent::http::framing::{Body, Framing};
use oxievent::http::parser::{Field, Head, Version};

/// What was read. Data is gathered: how it is cut must not matter.
#[derive(PartialEq, Eq, Debug)]
enum Seen {
    Request(Vec<u8>, Vec<u8>, u8),
    Response(u8, u16, Vec<u8>),
    Field(Vec<u8>, Vec<u8>),
    HeadEnd(String),
    Chunk(u64),
    Data(Vec<u8>),
    MessageEnd,
    Refused(String),
    Closed,
}

enum State {
    FirstLine,
    Fields,
    Length(u64),
    Chunked(Decoder),
    UntilClose,
    Over,
}

struct Reader {
    responses: bool,
    bare_lf: bool,
    limit: usize,
    state: State,
    head: Head,
    framing: Framing,
    version: Version,
    code: u16,
    waiting: Vec<u8>,
    seen: Vec<Seen>,
}

impl Reader {
    fn new(options: u8, responses: bool) -> Reader {
        let limit = if options & 2 == 0 { usize::MAX } else { 64 };
        let mut reader = Reader {
            responses,
            bare_lf: options & 1 != 0,
            limit,
            state: State::FirstLine,
            head: Head::new(limit, 8),
            framing: Framing::default(),
            version: Version { major: 1, minor: 1 },
            code: 0,
            waiting: Vec::new(),
            seen: Vec::new(),
        };
        reader.next_message();
        reader
    }
    fn next_message(&mut self) {
        self.head = Head::new(self.limit, 8);
        self.head.allow_bare_lf(self.bare_lf);
        self.framing = Framing::default();
        self.state = State::FirstLine;
    }
    fn feed(&mut self, piece: &[u8]) {
        self.waiting.extend_from_slice(piece);
        while !matches!(self.state, State::Over) {
            match self.step() {
                Ok(Some(n)) => drop(self.waiting.drain(..n)),
                Ok(None) => break,
                // What is too long as well as wrong is told as the one or the other, by what came first.
                Err(refused) => {
                    let refused = if refused == "HeadTooLong" { "Syntax".into() } else { refused };
                    self.seen.push(Seen::Refused(refused));
                    self.state = State::Over;
                }
            }
        }
    }
    /// One step: the bytes it took, or None if more must come.
    fn step(&mut self) -> Result<Option<usize>, String> {
        let data = &self.waiting[..];
        let told = |e| format!("{e:?}");
        match &mut self.state {
            State::FirstLine if self.responses => {
                let Some((line, n)) = self.head.status_line(data).map_err(told)? else { return Ok(None) };
                assert!((100..=999).contains(&line.code));
                clean(line.reason);
                self.version = line.version;
                self.code = line.code;
                self.seen.push(Seen::Response(line.version.minor, line.code, line.reason.to_vec()));
                self.state = State::Fields;
                Ok(Some(n))
            }
            State::FirstLine => {
                let Some((line, n)) = self.head.request_line(data).map_err(told)? else { return Ok(None) };
                assert!(!line.method.is_empty() && !line.target.is_empty());
                clean(line.method);
                clean(line.target);
                self.version = line.version;
                self.seen.push(Seen::Request(line.method.to_vec(), line.target.to_vec(), line.version.minor));
                self.state = State::Fields;
                Ok(Some(n))
            }
            State::Fields => {
                let Some((field, n)) = self.head.field(data).map_err(told)? else { return Ok(None) };
                match field {
                    Field::Named { name, value } => {
                        let mut text = Vec::new();
                        value.each(|part| text.extend_from_slice(part));
                        assert!(text.len() <= value.room() && value.whole().is_none_or(|w| w == text));
                        assert!(!name.is_empty());
                        clean(name);
                        clean(&text);
                        self.framing.note(name, &text).map_err(told)?;
                        self.seen.push(Seen::Field(name.to_vec(), text));
                    }
                    Field::End => {
                        assert!(self.head.size() <= self.limit);
                        let f = &self.framing;
                        let body = if self.responses {
                            f.response_body(self.version, self.code, false)
                        } else {
                            f.request_body(self.version)
                        }
                        .map_err(told)?;
                        self.seen.push(Seen::HeadEnd(format!("{f:?} {body:?} {:?}", f.expect(self.version))));
                        self.body(body);
                    }
                }
                Ok(Some(n))
            }
            State::Length(left) => {
                let n = data.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                if n == 0 {
                    return Ok(None);
                }
                *left -= n as u64;
                let done = *left == 0;
                self.data(n);
                if done {
                    self.end();
                }
                Ok(Some(n))
            }
            State::Chunked(decoder) => {
                let (n, step) = decoder.step(data).map_err(told)?;
                match step {
                    Step::More if n == 0 => return Ok(None),
                    Step::More | Step::ChunkEnd => {}
                    Step::Chunk(size) => self.seen.push(Seen::Chunk(size)),
                    Step::Data(m) => {
                        assert!(m > 0);
                        self.waiting.drain(..n);
                        self.data(m);
                        return Ok(Some(m));
                    }
                    Step::Done => self.end(),
                }
                Ok(Some(n))
            }
            State::UntilClose if data.is_empty() => Ok(None),
            State::UntilClose => {
                let n = data.len();
                self.data(n);
                Ok(Some(n))
            }
            State::Over => Ok(None),
        }
    }
    fn data(&mut self, n: usize) {
        let piece = &self.waiting[..n];
        match self.seen.last_mut() {
            Some(Seen::Data(all)) => all.extend_from_slice(piece),
            _ => self.seen.push(Seen::Data(piece.to_vec())),
        }
    }
    fn body(&mut self, body: Body) {
        match body {
            Body::None => self.end(),
            Body::Length(n) => {
                assert!(n > 0);
                self.state = State::Length(n);
            }
            Body::Chunked => self.state = State::Chunked(Decoder::new(256)),
            Body::UntilClose => {
                assert!(self.responses);
                self.state = State::UntilClose;
            }
        }
    }
    fn end(&mut self) {
        self.seen.push(Seen::MessageEnd);
        if self.framing.persistent(self.version) {
            self.next_message();
        } else {
            self.seen.push(Seen::Closed);
            self.state = State::Over;
        }
    }
}

/// Nothing that could end a line or a string.
fn clean(text: &[u8]) {
    assert!(!text.iter().any(|c| b"\r\n\0".contains(c)), "{text:?}");
}

fn stream(data: &[u8], responses: bool) {
    let mut input = Input(data);
    let (options, seed) = (input.byte(), input.byte());
    let stream = input.0;
    let run = |pieces: &[&[u8]]| {
        let mut reader = Reader::new(options, responses);
        pieces.iter().for_each(|p| reader.feed(p));
        reader.seen
    };
    let whole = run(&[stream]);
    let single = run(&pieces(stream, 0));
    assert_eq!(whole, single, "one byte at a time");
    let cut = run(&pieces(stream, seed | 1));
    assert_eq!(whole, cut, "in pieces");
}

/// Options, a seed for the pieces, then what a client sends.
pub fn http_request(data: &[u8]) {
    stream(data, false);
}
/// Options, a seed for the pieces, then what a server sends.
pub fn http_response(data: &[u8]) {
    stream(data, true);
}
