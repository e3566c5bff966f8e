//! The HTTP client on a real connection: whatever a server sends, however it is cut, each request ends once, and the first
//! one with the same result.
use crate::input::{Input, pieces};
use oxievent::abi::event::Evloop;
use oxievent::abi::http::{evhttp_cmd_type, evhttp_request};
use oxievent::base::{BaseRef, Config};
use oxievent::http::client;
use oxievent::http::connection::ConRef;
use oxievent::http::request::ReqRef;
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::ptr::null_mut;

thread_local!(static LISTENER: TcpListener = {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    l.set_nonblocking(true).unwrap();
    l
});
/// What the callbacks see and do.
#[derive(Default)]
struct Scene {
    options: u8,
    con: Option<ConRef>,
    results: Vec<String>,
    body: Vec<u8>,
}
thread_local!(static SCENE: RefCell<Scene> = RefCell::default());
fn with<T>(f: impl FnOnce(&mut Scene) -> T) -> T {
    SCENE.with_borrow_mut(f)
}

fn take_body(req: ReqRef) {
    let b = req.input_buffer().unwrap();
    let mut v = vec![0; b.len()];
    b.remove(&mut v).unwrap();
    with(|s| s.body.extend_from_slice(&v));
}
unsafe extern "C" fn done(req: *mut evhttp_request, arg: *mut c_void) {
    // SAFETY: the library passes a live request or null.
    let text = match unsafe { ReqRef::from_raw(req) } {
        None => "failed".into(),
        Some(r) => {
            take_body(r);
            let mut text = format!("{} {:?}", r.response_code(), String::from_utf8_lossy(r.reason()));
            for (name, value) in r.input_headers().unwrap().iter() {
                assert!(!name.is_empty() && name.iter().chain(value).all(|&c| c >= b' ' || c == b'\t'));
                text += &format!(" {}", name.escape_ascii());
            }
            text
        }
    };
    let free = with(|s| {
        let mut body = std::mem::take(&mut s.body);
        if text == "failed" {
            // How much of a body came before it turned out to be too large, or broken, depends on the cuts.
            body.clear();
        }
        s.results.push(format!("{} {text} {}", arg as usize, body.escape_ascii()));
        if s.options & 8 != 0 { s.con.take() } else { None }
    });
    free.into_iter().for_each(ConRef::free);
}
unsafe extern "C" fn chunk(req: *mut evhttp_request, _: *mut c_void) {
    // SAFETY: the library passes a live request.
    let Some(req) = (unsafe { ReqRef::from_raw(req) }) else { return };
    take_body(req);
    if with(|s| s.options & 2 != 0) {
        with(|s| s.results.push("cancelled".into()));
        client::cancel(req);
    }
}
unsafe extern "C" fn header(_: *mut evhttp_request, _: *mut c_void) -> c_int {
    if with(|s| s.options & 4 != 0) { -1 } else { 0 }
}

fn play(base: BaseRef, options: u8, parts: &[&[u8]]) -> Vec<String> {
    let port = LISTENER.with(|l| l.local_addr().unwrap().port());
    with(|s| *s = Scene { options, ..Scene::default() });
    let con = ConRef::new_client(Some(base), null_mut(), None, b"127.0.0.1", port).unwrap();
    with(|s| s.con = Some(con));
    if options & 16 != 0 {
        con.set_max_body(8);
    }
    for i in 0..2 {
        let req = ReqRef::new(Some(done), i as *mut c_void).unwrap();
        if options & 1 != 0 {
            req.set_chunk_cb(Some(chunk));
        }
        req.set_header_cb(Some(header));
        let method = match options >> 5 & 3 {
            0 | 1 => evhttp_cmd_type::EVHTTP_REQ_GET,
            2 => evhttp_cmd_type::EVHTTP_REQ_HEAD,
            _ => evhttp_cmd_type::EVHTTP_REQ_POST,
        };
        con.make_request(req, method, b"/").unwrap();
    }
    let mut parts = parts.iter();
    let mut server: Option<TcpStream> = None;
    for _ in 0..parts.len() * 3 + 60 {
        let _ = base.run(Evloop::NONBLOCK);
        if with(|s| s.results.len() >= 2 || s.con.is_none()) {
            break;
        }
        if let Ok((new, _)) = LISTENER.with(TcpListener::accept) {
            new.set_nonblocking(true).unwrap();
            // A second connection gets nothing but its end.
            if server.is_none() { server = Some(new) } else { drop(new) }
        }
        let Some(s) = server.as_mut() else { continue };
        let mut heard = [0; 4096];
        match s.read(&mut heard) {
            Ok(0) => server = Some(s.try_clone().unwrap()),
            Err(e) if e.kind() != ErrorKind::WouldBlock => {}
            _ => match parts.next() {
                Some(part) => drop(s.write_all(part)),
                None => drop(s.shutdown(Shutdown::Write)),
            },
        }
    }
    with(|s| s.con.take()).into_iter().for_each(ConRef::free);
    let _ = base.run(Evloop::NONBLOCK);
    drop(server);
    while LISTENER.with(TcpListener::accept).is_ok() {}
    let results = with(|s| std::mem::take(&mut s.results));
    for i in 0..2 {
        let ended = results.iter().filter(|r| r.starts_with(&format!("{i} "))).count();
        assert!(ended <= 1, "{results:?}");
    }
    results
}

/// Options, a seed for the cuts, then what the server says.
pub fn http_client(data: &[u8]) {
    let mut input = Input(data);
    let (options, seed) = (input.byte(), input.byte());
    let bytes = &input.0[..input.0.len().min(1 << 14)];
    let base = BaseRef::new(&Config::new()).unwrap();
    let whole = play(base, options, &[bytes]);
    let cut = play(base, options, &pieces(bytes, seed.max(1)));
    // With chunks taken out one by one, cancelling comes at another place; a program's limit does not.
    if options & 2 == 0 {
        assert_eq!(whole.first(), cut.first());
    }
    // SAFETY: nobody uses it any more.
    unsafe { base.free(true) };
}
