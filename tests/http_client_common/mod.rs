//! An HTTP client under test and servers that say exactly what a test wants.
#![allow(dead_code, reason = "each test uses some of it")]
use crate::net::libc;
use oxievent::abi::event::Ev;
use oxievent::abi::http::{evhttp_cmd_type, evhttp_connection, evhttp_request, evhttp_request_error};
use oxievent::abi::util::evutil_socket_t;
use oxievent::base::{BaseRef, EventRef};
use oxievent::http::connection::ConRef;
use oxievent::http::request::ReqRef;
use std::ffi::{c_int, c_short, c_void};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ptr::null_mut;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a server does on its connections, one step after the other.
pub(crate) enum Do {
    Accept,
    /// Waits for a whole head (and what came with it).
    Head,
    /// Waits until so many bytes have come behind the last head.
    Body(usize),
    Say(Vec<u8>),
    /// In single bytes, with a pause in milliseconds after each.
    Drip(&'static str, u64),
    Pause(u64),
    /// Ends the sending side.
    EndOutput,
    Close,
    Reset,
    /// Waits for the client to end the connection.
    WaitEnd,
}
pub(crate) fn say(s: &str) -> Do {
    Do::Say(s.as_bytes().to_vec())
}
pub(crate) fn ok(body: &str) -> Do {
    say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// A server on a port of its own; the thread's result is all that clients sent, by connection.
pub(crate) fn server(steps: Vec<Do>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, std::thread::spawn(move || play(&listener, steps)))
}
/// The next connection. A client that does not come fails the test; it would wait for ever otherwise.
fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match listener.accept() {
            Ok((new, _)) => {
                new.set_nonblocking(false).unwrap();
                return new;
            }
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
                assert!(Instant::now() < end, "no client comes");
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(e) => panic!("accept: {e}"),
        }
    }
}
pub(crate) fn play(listener: &TcpListener, steps: Vec<Do>) -> Vec<String> {
    let mut heard: Vec<Vec<u8>> = Vec::new();
    let mut s: Option<TcpStream> = None;
    let mut behind = 0;
    for step in steps {
        if let Do::Accept = step {
            let new = accept(listener);
            new.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            new.set_nodelay(true).unwrap();
            s = Some(new);
            heard.push(Vec::new());
            behind = 0;
            continue;
        }
        let Some(c) = s.as_mut() else { continue };
        let got = heard.last_mut().unwrap();
        let more = |got: &mut Vec<u8>, c: &mut TcpStream| {
            let mut b = [0u8; 65536];
            let n = c.read(&mut b).unwrap_or(0);
            got.extend_from_slice(&b[..n]);
            n > 0
        };
        match step {
            Do::Accept => {}
            Do::Head => loop {
                if let Some(i) = got[behind..].windows(4).position(|w| w == b"\r\n\r\n") {
                    behind += i + 4;
                    break;
                }
                if !more(got, c) {
                    break;
                }
            },
            Do::Body(n) => {
                while got.len() < behind + n && more(got, c) {}
                behind += n;
            }
            Do::Say(text) => {
                let _ = c.write_all(&text);
            }
            Do::Drip(text, pause) => {
                for b in text.as_bytes() {
                    if c.write_all(&[*b]).is_err() {
                        break;
                    }
                    std::thread::sleep(Duration::from_millis(pause));
                }
            }
            Do::Pause(n) => std::thread::sleep(Duration::from_millis(n)),
            Do::EndOutput => drop(c.shutdown(Shutdown::Write)),
            Do::Close => s = None,
            Do::Reset => {
                crate::net::linger_none(crate::net::AsRawFd::as_raw_fd(c));
                s = None;
            }
            Do::WaitEnd => while more(got, c) {},
        }
    }
    heard.into_iter().map(|h| String::from_utf8_lossy(&h).into_owned()).collect()
}

// ---- the client ----

pub(crate) const GET: evhttp_cmd_type = evhttp_cmd_type::EVHTTP_REQ_GET;
pub(crate) const POST: evhttp_cmd_type = evhttp_cmd_type::EVHTTP_REQ_POST;
pub(crate) const HEAD: evhttp_cmd_type = evhttp_cmd_type::EVHTTP_REQ_HEAD;
pub(crate) const CONNECT: evhttp_cmd_type = evhttp_cmd_type::EVHTTP_REQ_CONNECT;

pub(crate) fn connection(b: BaseRef, port: u16) -> ConRef {
    ConRef::new_client(Some(b), null_mut(), None, b"127.0.0.1", port).unwrap()
}

type Call<T> = Option<Box<dyn FnMut(T)>>;
type Verdict = Option<Box<dyn FnMut(ReqRef) -> c_int>>;
/// The callbacks of a request, as closures.
#[derive(Default)]
pub(crate) struct On {
    done: Call<Option<ReqRef>>,
    chunk: Call<ReqRef>,
    header: Verdict,
    error: Call<evhttp_request_error>,
}
impl On {
    pub(crate) fn done(f: impl FnMut(Option<ReqRef>) + 'static) -> On {
        On { done: Some(Box::new(f)), ..On::default() }
    }
    pub(crate) fn chunk(mut self, f: impl FnMut(ReqRef) + 'static) -> On {
        self.chunk = Some(Box::new(f));
        self
    }
    pub(crate) fn header(mut self, f: impl FnMut(ReqRef) -> c_int + 'static) -> On {
        self.header = Some(Box::new(f));
        self
    }
    pub(crate) fn error(mut self, f: impl FnMut(evhttp_request_error) + 'static) -> On {
        self.error = Some(Box::new(f));
        self
    }
    /// A request with these callbacks, which live as long as the process.
    pub(crate) fn request(self) -> ReqRef {
        self.try_request().unwrap()
    }
    /// The same where memory may be short.
    pub(crate) fn try_request(self) -> Option<ReqRef> {
        let (chunk, header, error) = (self.chunk.is_some(), self.header.is_some(), self.error.is_some());
        let req = ReqRef::new(Some(on_done), Box::into_raw(Box::new(self)).cast()).ok()?;
        if chunk {
            req.set_chunk_cb(Some(on_chunk));
        }
        if header {
            req.set_header_cb(Some(on_header));
        }
        if error {
            req.set_error_cb(Some(on_error));
        }
        Some(req)
    }
}
unsafe extern "C" fn on_done(req: *mut evhttp_request, arg: *mut c_void) {
    // SAFETY: leaked by `request`; the library passes a live request or null.
    unsafe { ((*arg.cast::<On>()).done.as_mut().unwrap())(ReqRef::from_raw(req)) }
}
unsafe extern "C" fn on_chunk(req: *mut evhttp_request, arg: *mut c_void) {
    // SAFETY: as above.
    unsafe { ((*arg.cast::<On>()).chunk.as_mut().unwrap())(ReqRef::from_raw(req).unwrap()) }
}
unsafe extern "C" fn on_header(req: *mut evhttp_request, arg: *mut c_void) -> c_int {
    // SAFETY: as above.
    unsafe { ((*arg.cast::<On>()).header.as_mut().unwrap())(ReqRef::from_raw(req).unwrap()) }
}
unsafe extern "C" fn on_error(why: evhttp_request_error, arg: *mut c_void) {
    // SAFETY: as above.
    unsafe { ((*arg.cast::<On>()).error.as_mut().unwrap())(why) }
}
pub(crate) fn on_close(con: ConRef, f: impl FnMut(ConRef) + 'static) {
    type F = Box<dyn FnMut(ConRef)>;
    unsafe extern "C" fn closed(con: *mut evhttp_connection, arg: *mut c_void) {
        // SAFETY: leaked below; the library passes a live connection.
        unsafe { (*arg.cast::<F>())(ConRef::from_raw(con).unwrap()) }
    }
    con.set_closecb(Some(closed), Box::into_raw(Box::new(Box::new(f) as F)).cast());
}

/// What a finished request has to tell.
pub(crate) fn tell(req: Option<ReqRef>) -> String {
    let Some(req) = req else { return "null".into() };
    let body = req.input_buffer().map_or(Vec::new(), |b| {
        let mut v = vec![0; b.len()];
        b.remove(&mut v).unwrap();
        v
    });
    format!("{} {}", req.response_code(), String::from_utf8_lossy(&body))
}
/// Calls `f` once, so many milliseconds from now.
pub(crate) fn after(b: BaseRef, n: i64, f: impl FnOnce() + 'static) {
    type F = Option<Box<dyn FnOnce()>>;
    unsafe extern "C" fn fire(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
        // SAFETY: leaked below.
        if let Some(f) = unsafe { (*arg.cast::<F>()).take() } {
            f();
        }
    }
    // SAFETY: zeros are room for an event, which lives as long as the process.
    let ev = unsafe {
        EventRef::from_raw(Box::into_raw(Box::new(std::mem::zeroed::<oxievent::abi::event::event>())))
            .unwrap()
    };
    let f: F = Some(Box::new(f));
    ev.assign(Some(b), -1, Ev::empty(), Some(fire), Box::into_raw(Box::new(f)).cast()).unwrap();
    ev.add(Some(&libc::timeval { tv_sec: (n / 1000) as _, tv_usec: (n % 1000 * 1000) as _ })).unwrap();
}
