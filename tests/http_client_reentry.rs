//! Everything that a program may do inside a callback of an HTTP client, in each of its callbacks, whatever the server
//! does; and all of it without memory.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod http_client_common;
mod net;
use bev_common::{base, ms};
use http_client_common::*;
use net::libc;
use oxievent::abi::http::ReqFlags;
use oxievent::base::BaseRef;
use oxievent::http::client;
use oxievent::http::connection::ConRef;
use oxievent::http::request::ReqRef;
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Where {
    Done,
    Chunk,
    Header,
    Error,
    Close,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    FreeConnection,
    CancelThis,
    CancelOther,
    CancelBoth,
    FreeThis,
    OwnThis,
    OwnAndCancel,
    Another,
    CancelAndAnother,
    GiveAway,
}
/// What the callbacks share.
struct Scene {
    con: Cell<Option<ConRef>>,
    this: Cell<Option<ReqRef>>,
    other: Cell<Option<ReqRef>>,
    owned: Cell<Option<ReqRef>>,
    acted: Cell<bool>,
    given: Cell<bool>,
}
impl Scene {
    fn act(self: &Rc<Self>, what: What) {
        if self.acted.replace(true) {
            return;
        }
        let (con, this) = (self.con.get(), self.this.get());
        let cancel = |r: &Cell<Option<ReqRef>>| r.take().into_iter().for_each(client::cancel);
        match what {
            What::FreeConnection => {
                // What stands on it goes with it.
                self.this.set(None);
                self.other.set(None);
                self.con.set(None);
                con.into_iter().for_each(ConRef::free);
            }
            What::CancelThis => cancel(&self.this),
            What::CancelOther => cancel(&self.other),
            What::CancelBoth => {
                cancel(&self.other);
                cancel(&self.this);
            }
            What::FreeThis => self.this.take().into_iter().for_each(ReqRef::free),
            What::OwnThis | What::OwnAndCancel => {
                if let Some(r) = this {
                    r.set_flag(ReqFlags::USER_OWNED, true);
                    self.owned.set(Some(r));
                    if what == What::OwnAndCancel {
                        client::cancel(r);
                    }
                }
            }
            What::Another | What::CancelAndAnother => {
                let on = On::done(|_| {});
                if let Some(con) = con {
                    let _ = con.make_request(on.request(), GET, b"/another");
                }
                if what == What::CancelAndAnother {
                    cancel(&self.this);
                }
            }
            What::GiveAway => {
                self.given.set(true);
                con.into_iter().for_each(ConRef::free_on_completion);
            }
        }
    }
}

fn scene(b: BaseRef, port: u16, place: Where, what: What, memory: isize) {
    let s = Rc::new(Scene {
        con: Cell::new(None),
        this: Cell::new(None),
        other: Cell::new(None),
        owned: Cell::new(None),
        acted: Cell::new(false),
        given: Cell::new(false),
    });
    // Ends what is left.
    let t = s.clone();
    after(b, 25, move || {
        if !t.given.get() {
            t.this.set(None);
            t.other.set(None);
            t.con.take().into_iter().for_each(ConRef::free);
        }
    });
    // From here on memory may be short.
    LEFT.store(memory, Relaxed);
    let Ok(con) = ConRef::new_client(Some(b), null_mut(), None, b"127.0.0.1", port) else { return };
    s.con.set(Some(con));
    con.set_timeout(Some(ms(300)));
    let act = |at: Where| {
        let s = s.clone();
        move || {
            if at == place {
                s.act(what);
            }
        }
    };
    let (done, chunk, header, error, close) =
        (act(Where::Done), act(Where::Chunk), act(Where::Header), act(Where::Error), act(Where::Close));
    let t = s.clone();
    let on = On::done(move |r| {
        if r.is_none() {
            t.this.set(None);
        }
        done();
        t.this.set(None);
    })
    .chunk(move |_| chunk())
    .header(move |_| {
        header();
        0
    })
    .error({
        let t = s.clone();
        move |_| {
            // It is gone, unless it was kept.
            t.this.set(None);
            error();
        }
    });
    on_close(con, move |_| close());
    let t = s.clone();
    let second = On::done(move |_| t.other.set(None)).error(|_| {});
    for (place, on, uri) in [(&s.this, on, b"/1"), (&s.other, second, b"/2")] {
        let Some(req) = on.try_request() else { continue };
        place.set(Some(req));
        if con.make_request(req, GET, uri).is_err() {
            place.set(None);
        }
    }
    let _ = b.run(oxievent::abi::event::Evloop::empty());
    s.owned.take().into_iter().for_each(ReqRef::free);
}

const PLACES: [Where; 5] = [Where::Done, Where::Chunk, Where::Header, Where::Error, Where::Close];
const ACTIONS: [What; 10] = [
    What::FreeConnection,
    What::CancelThis,
    What::CancelOther,
    What::CancelBoth,
    What::FreeThis,
    What::OwnThis,
    What::OwnAndCancel,
    What::Another,
    What::CancelAndAnother,
    What::GiveAway,
];

fn answers() -> Vec<&'static str> {
    vec![
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nz",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naxxx",
        "nonsense\r\n",
        "",
    ]
}

#[test]
fn callbacks_may_do_anything() {
    if !alone("callbacks_may_do_anything") {
        return;
    }
    for answer in answers() {
        let threads: Vec<_> = PLACES
            .into_iter()
            .flat_map(|p| ACTIONS.map(|a| (p, a)))
            .map(|(place, what)| {
                std::thread::spawn(move || {
                    let b = base();
                    let mut steps = Vec::new();
                    for _ in 0..3 {
                        steps.extend([Do::Accept, Do::Head, say(answer), Do::EndOutput, Do::Close]);
                    }
                    let (port, t) = server(steps);
                    scene(b, port, place, what, -1);
                    bev_common::end(b);
                    // The server may still wait for connections that never come.
                    for _ in 0..3 {
                        let _ = std::net::TcpStream::connect(("127.0.0.1", port));
                    }
                    t.join().unwrap();
                })
            })
            .collect();
        for t in threads {
            t.join().unwrap();
        }
    }
    nothing_is_left();
}
#[test]
fn callbacks_may_do_anything_when_nobody_listens() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for what in ACTIONS {
        let b = base();
        scene(b, port, Where::Done, what, -1);
        bev_common::end(b);
    }
}

/// Requests until one fails; a negative number: none does.
static LEFT: AtomicIsize = AtomicIsize::new(-1);
unsafe extern "C" fn scarce(n: usize) -> *mut c_void {
    if ours() && LEFT.load(Relaxed) >= 0 && LEFT.fetch_sub(1, Relaxed) <= 0 {
        LEFT.store(0, Relaxed);
        return null_mut();
    }
    LIVE.fetch_add(1, Relaxed);
    // SAFETY: plain C.
    unsafe { libc::malloc(n) }
}
unsafe extern "C" fn scarce_again(p: *mut c_void, n: usize) -> *mut c_void {
    if ours() && LEFT.load(Relaxed) >= 0 && LEFT.fetch_sub(1, Relaxed) <= 0 {
        LEFT.store(0, Relaxed);
        return null_mut();
    }
    if p.is_null() {
        LIVE.fetch_add(1, Relaxed);
    }
    // SAFETY: plain C.
    unsafe { libc::realloc(p, n) }
}
unsafe extern "C" fn counted_free(p: *mut c_void) {
    if !p.is_null() {
        LIVE.fetch_sub(1, Relaxed);
    }
    // SAFETY: plain C.
    unsafe { libc::free(p) }
}
static LIVE: AtomicIsize = AtomicIsize::new(0);
/// What is left of the library's memory: nothing but spare blocks of buffers may be.
fn nothing_is_left() {
    oxievent::mem::set_functions(Some(scarce), Some(scarce_again), Some(counted_free));
    let left = LIVE.load(Relaxed);
    assert!((0..20).contains(&left), "{left} blocks were never freed");
}
/// Runs `test` in a process of its own, where memory is counted. True: this is that process.
fn alone(test: &str) -> bool {
    if std::env::var_os("OXI_NOMEM").is_some() {
        oxievent::mem::set_functions(Some(scarce), Some(scarce_again), Some(counted_free));
        return true;
    }
    let me = std::env::current_exe().unwrap();
    let done = std::process::Command::new(me)
        .args(["--exact", test, "--test-threads=1"])
        .env("OXI_NOMEM", "1")
        .status()
        .unwrap();
    assert!(done.success());
    false
}
thread_local!(static OURS: Cell<bool> = const { Cell::new(false) });
fn ours() -> bool {
    OURS.with(Cell::get)
}

#[test]
fn without_memory_requests_fail_and_nothing_else_happens() {
    if !alone("without_memory_requests_fail_and_nothing_else_happens") {
        return;
    }
    OURS.with(|o| o.set(true));
    for answer in &answers()[..2] {
        for k in 0..70 {
            let b = base();
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let answer = *answer;
            let t = std::thread::spawn(move || {
                let steps =
                    [(); 2].map(|()| vec![Do::Accept, Do::Head, say(answer), Do::EndOutput, Do::WaitEnd]);
                play(&listener, steps.into_iter().flatten().collect())
            });
            scene(b, port, Where::Chunk, What::OwnThis, k);
            LEFT.store(-1, Relaxed);
            bev_common::end(b);
            for _ in 0..2 {
                let _ = std::net::TcpStream::connect(("127.0.0.1", port));
            }
            t.join().unwrap();
        }
    }
    nothing_is_left();
}
