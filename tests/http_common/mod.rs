//! An HTTP server with Rust closures as callbacks, and raw sockets for clients.
#![allow(dead_code, reason = "each test uses some of it")]
use crate::net::IntoRawFd;
use oxievent::abi::event::Evloop;
use oxievent::abi::http::{evhttp_connection, evhttp_request};
use oxievent::base::{BaseRef, Config};
use oxievent::buffer::BufferRef;
use oxievent::http::connection::ConRef;
use oxievent::http::reply;
use oxievent::http::request::ReqRef;
use oxievent::http::server::ServerRef;
use std::ffi::c_void;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

pub(crate) struct Site {
    pub(crate) base: BaseRef,
    pub(crate) http: ServerRef,
    pub(crate) addr: SocketAddr,
}
impl Site {
    pub(crate) fn new() -> Site {
        let base = BaseRef::new(&Config::new()).unwrap();
        let http = ServerRef::new(Some(base)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        http.accept_socket(listener.into_raw_fd()).unwrap();
        Site { base, http, addr }
    }
    /// A server whose every path is served by `f`.
    pub(crate) fn serving(f: impl FnMut(ReqRef) + 'static) -> Site {
        let s = Site::new();
        let (cb, arg) = request_cb(f);
        s.http.set_gencb(cb, arg);
        s
    }
    pub(crate) fn path(self, path: &str, f: impl FnMut(ReqRef) + 'static) -> Site {
        let (cb, arg) = request_cb(f);
        self.http.set_cb(path.as_bytes(), cb, arg).unwrap();
        self
    }
    pub(crate) fn connect(&self) -> Client {
        let s = TcpStream::connect(self.addr).unwrap();
        s.set_nonblocking(true).unwrap();
        Client { s, got: Vec::new(), ended: false }
    }
    pub(crate) fn turn(&self) {
        self.base.run(Evloop::NONBLOCK).unwrap();
    }
    /// Turns the loop until `f` says so.
    pub(crate) fn until(&self, mut f: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !f() {
            self.turn();
            assert!(begin.elapsed() < Duration::from_secs(10), "waited in vain");
            std::thread::sleep(Duration::from_micros(100));
        }
    }
    /// Turns the loop for a while.
    pub(crate) fn idle(&self, ms: u64) {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(ms) {
            self.turn();
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    /// What comes back for `input`, until the server closes.
    pub(crate) fn ask(&self, input: &str) -> String {
        let mut c = self.connect();
        c.send(input.as_bytes());
        self.until(|| c.poll());
        c.text()
    }
    /// The same, the input in pieces of `n` bytes.
    pub(crate) fn ask_slowly(&self, input: &str, n: usize) -> String {
        let mut c = self.connect();
        for piece in input.as_bytes().chunks(n) {
            c.send(piece);
            self.turn();
            self.turn();
        }
        self.until(|| c.poll());
        c.text()
    }
    pub(crate) fn end(self) {
        self.http.free();
        self.turn();
        // SAFETY: nobody uses it any more.
        unsafe { self.base.free(true) };
    }
}

pub(crate) struct Client {
    pub(crate) s: TcpStream,
    pub(crate) got: Vec<u8>,
    pub(crate) ended: bool,
}
impl Client {
    pub(crate) fn send(&mut self, data: &[u8]) {
        // The server may have closed already.
        let _ = self.s.write_all(data);
    }
    /// Reads what is there; true at the end.
    pub(crate) fn poll(&mut self) -> bool {
        let mut buf = [0; 65536];
        loop {
            match self.s.read(&mut buf) {
                Ok(0) => self.ended = true,
                Ok(n) => {
                    self.got.extend_from_slice(&buf[..n]);
                    continue;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.ended = true,
            }
            return self.ended;
        }
    }
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.got).into_owned()
    }
    pub(crate) fn has(&mut self, what: &str) -> bool {
        self.poll();
        self.text().contains(what)
    }
    pub(crate) fn count(&mut self, what: &str) -> usize {
        self.poll();
        self.text().matches(what).count()
    }
}

type RequestFn = Box<dyn FnMut(ReqRef)>;
pub(crate) type RequestCb = Option<unsafe extern "C" fn(*mut evhttp_request, *mut c_void)>;
unsafe extern "C" fn on_request(req: *mut evhttp_request, arg: *mut c_void) {
    // SAFETY: the library passes a live request; the closure is leaked.
    unsafe { (*arg.cast::<RequestFn>())(ReqRef::from_raw(req).unwrap()) }
}
pub(crate) fn request_cb(f: impl FnMut(ReqRef) + 'static) -> (RequestCb, *mut c_void) {
    (Some(on_request), Box::into_raw(Box::new(Box::new(f) as RequestFn)).cast())
}
type ConFn = Box<dyn FnMut(ConRef)>;
pub(crate) type ConCb = Option<unsafe extern "C" fn(*mut evhttp_connection, *mut c_void)>;
unsafe extern "C" fn on_connection(con: *mut evhttp_connection, arg: *mut c_void) {
    // SAFETY: as above.
    unsafe { (*arg.cast::<ConFn>())(ConRef::from_raw(con).unwrap()) }
}
pub(crate) fn con_cb(f: impl FnMut(ConRef) + 'static) -> (ConCb, *mut c_void) {
    (Some(on_connection), Box::into_raw(Box::new(Box::new(f) as ConFn)).cast())
}

/// Answers 200 with `body`.
pub(crate) fn ok(req: ReqRef, body: &str) {
    let b = BufferRef::new().unwrap();
    b.add(body.as_bytes()).unwrap();
    reply::send_reply(req, 200, Some(b"OK"), Some(b));
    b.free();
}
pub(crate) fn chunk(req: ReqRef, body: &str, cb: (ConCb, *mut c_void)) {
    let b = BufferRef::new().unwrap();
    b.add(body.as_bytes()).unwrap();
    reply::send_reply_chunk(req, b, cb.0, cb.1);
    b.free();
}
/// The body that a request brought.
pub(crate) fn body(req: ReqRef) -> String {
    let b = req.input_buffer().unwrap();
    let mut v = vec![0; b.len()];
    assert_eq!(b.remove(&mut v), Ok(v.len()));
    String::from_utf8_lossy(&v).into_owned()
}
thread_local!(static LOG: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) });
pub(crate) fn log(s: impl Into<String>) {
    LOG.with_borrow_mut(|l| l.push(s.into()));
}
pub(crate) fn logged() -> Vec<String> {
    LOG.take()
}
