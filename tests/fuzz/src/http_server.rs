//! A whole server: what it answers must not depend on how a client's bytes are cut.
use crate::input::{Input, ignore_sigpipe, pieces};
use oxievent::abi::event::Evloop;
use oxievent::abi::http::evhttp_request;
use oxievent::base::{BaseRef, Config};
use oxievent::buffer::BufferRef;
use oxievent::http::reply;
use oxievent::http::request::ReqRef;
use oxievent::http::server::ServerRef;
use std::ffi::c_void;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::IntoRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::ptr::null_mut;

/// Tells what it got; every other path gets its answer in chunks.
unsafe extern "C" fn answer(req: *mut evhttp_request, _: *mut c_void) {
    // SAFETY: the server calls with a live request.
    let req = unsafe { ReqRef::from_raw(req) }.unwrap();
    let (input, out) = (req.input_buffer().unwrap(), BufferRef::new().unwrap());
    let mut body = vec![0; input.len()];
    input.remove(&mut body).unwrap();
    let mut text = format!("{:?} {:?}\n", req.method(), req.uri());
    for (name, value) in req.input_headers().unwrap().iter() {
        text += &format!("{name:?}={value:?}\n");
    }
    out.add(text.as_bytes()).unwrap();
    if req.uri().unwrap_or_default().len().is_multiple_of(2) {
        out.add(&body).unwrap();
        reply::send_reply(req, 200, None, Some(out));
    } else {
        reply::send_reply_start(req, 200, Some(b"in parts"));
        reply::send_reply_chunk(req, out, None, null_mut());
        out.add(&body).unwrap();
        reply::send_reply_chunk(req, out, None, null_mut());
        reply::send_reply_end(req);
    }
    out.free();
}

struct Bench {
    base: BaseRef,
    server: ServerRef,
    address: SocketAddr,
}

impl Bench {
    fn new() -> Bench {
        let base = BaseRef::new(&Config::new()).unwrap();
        let server = ServerRef::new(Some(base)).unwrap();
        server.set_gencb(Some(answer), null_mut());
        server.set_max_head(500);
        server.set_max_body(1000);
        server.set_allowed_methods(0x1ff);
        let name = format!("oxievent-fuzz-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        listener.set_nonblocking(true).unwrap();
        server.accept_socket(listener.into_raw_fd()).unwrap();
        Bench { base, server, address }
    }
    fn turn(&self, client: &mut UnixStream, said: &mut Vec<u8>) {
        for _ in 0..3 {
            self.base.run(Evloop::NONBLOCK).unwrap();
            let _ = client.read_to_end(said);
        }
    }
    /// All that the server says to this.
    fn run(&self, pieces: &[&[u8]]) -> Vec<u8> {
        let mut client = UnixStream::connect_addr(&self.address).unwrap();
        client.set_nonblocking(true).unwrap();
        let mut said = Vec::new();
        self.turn(&mut client, &mut said);
        for piece in pieces {
            // It may have closed already.
            let _ = client.write_all(piece);
            self.turn(&mut client, &mut said);
        }
        let _ = client.shutdown(Shutdown::Write);
        self.turn(&mut client, &mut said);
        drop(client);
        self.base.run(Evloop::NONBLOCK).unwrap();
        assert_eq!(self.server.connection_count(), 0, "a connection stays");
        said
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

/// Without what may differ: dates, invitations to go on, and, of what is wrong in several ways, which one is told.
fn essence(mut said: Vec<u8>) -> Vec<u8> {
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    while let Some(at) = find(&said, go_on) {
        said.drain(at..at + go_on.len());
    }
    let mut from = 0;
    while let Some(at) = find(&said[from..], b"\r\nDate: ") {
        let start = from + at + 8;
        let end = start + find(&said[start..], b"\r\n").unwrap_or(0);
        said.drain(start..end);
        from = start;
    }
    for error in [&b"HTTP/1.1 4"[..], b"HTTP/1.1 5", b"HTTP/1.0 4", b"HTTP/1.0 5"] {
        if let Some(at) = find(&said, error) {
            said.truncate(at);
            said.extend_from_slice(b"error");
        }
    }
    said
}

thread_local!(static BENCH: Bench = Bench::new());

/// A seed for the pieces, then what a client sends.
pub fn http_server(data: &[u8]) {
    ignore_sigpipe();
    let mut input = Input(data);
    let seed = input.byte();
    let stream = input.0;
    BENCH.with(|bench| {
        let whole = essence(bench.run(&[stream]));
        let cut = essence(bench.run(&pieces(stream, seed)));
        assert_eq!(String::from_utf8_lossy(&whole), String::from_utf8_lossy(&cut));
        assert_eq!(whole, cut);
    });
}
