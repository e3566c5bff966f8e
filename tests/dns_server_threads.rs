//! Server ports with locks: other threads answer, drop, close. And allocations that fail.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod memory_common;
mod net;
mod thread_common;
use bev_common::{base, end, turn};
use memory_common::{LEFT, LIVE};
use net::IntoRawFd;
use oxievent::abi::dns::evdns_server_request;
use oxievent::dns::name::Name;
use oxievent::dns::server::{PortRef, ReplyData, RequestRef, Section};
use oxievent::dns::wire::{self, Header, TYPE_A};
use oxievent::thread;
use std::ffi::c_void;
use std::net::UdpSocket;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::time::Duration;

struct Sent(RequestRef);
// SAFETY: requests may be answered by any thread.
unsafe impl Send for Sent {}
struct SentPort(PortRef);
// SAFETY: as above.
unsafe impl Send for SentPort {}

unsafe extern "C" fn forward(req: *mut evdns_server_request, arg: *mut c_void) {
    // SAFETY: a live request, and the test's own channel.
    unsafe {
        let to = &*arg.cast::<mpsc::Sender<Sent>>();
        to.send(Sent(RequestRef::from_raw(req).unwrap())).unwrap();
    }
}
unsafe extern "C" fn at_once(req: *mut evdns_server_request, _: *mut c_void) {
    // SAFETY: a live request.
    let r = unsafe { RequestRef::from_raw(req).unwrap() };
    // More than a request has room for itself.
    let added = r.add(Section::Answer, b"a.example", 16, 1, 1, ReplyData::Bytes(&[1; 200]));
    // Too little memory for the answer: the failure is told.
    assert!(r.respond(if added.is_ok() { 0 } else { 2 }).is_ok());
}
fn query(id: u16) -> Vec<u8> {
    let mut out = [0; wire::MAX_QUERY];
    let n = wire::encode_query(&mut out, id, &Name::from_text(b"a.example").unwrap(), TYPE_A, None);
    out[..n.unwrap()].to_vec()
}
fn sockets() -> (net::evutil_socket_t, UdpSocket) {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    (server.into_raw_fd(), client)
}

fn without_memory() {
    let before = LIVE.load(SeqCst);
    let b = base();
    let (fd, c) = sockets();
    let mut k = 0;
    let p = loop {
        LEFT.store(k, SeqCst);
        let made = PortRef::new(Some(b), fd, 0, Some(at_once), std::ptr::null_mut());
        LEFT.store(-1, SeqCst);
        match made {
            Ok(p) => break p,
            Err(_) => k += 1,
        }
    };
    assert!(k > 0);
    c.set_nonblocking(true).unwrap();
    let mut room = [0; 600];
    let mut outcomes = Vec::new();
    // A backend may need memory for its first wait.
    turn(b);
    for k in 0..10 {
        c.send(&query(1)).unwrap();
        LEFT.store(k, SeqCst);
        turn(b);
        LEFT.store(-1, SeqCst);
        outcomes.push(c.recv(&mut room).ok().map(|n| Header::parse(&room[..n]).unwrap().rcode()));
    }
    // No request, then no room for the answer, then all of it.
    outcomes.dedup();
    assert_eq!(outcomes, [None, Some(2), Some(0)]);
    p.close();
    end(b);
    assert_eq!(LIVE.load(SeqCst), before);
}

fn answered_elsewhere(close_early: bool) {
    let before = LIVE.load(SeqCst);
    let b = base();
    let (fd, c) = sockets();
    let (to, requests) = mpsc::channel::<Sent>();
    let to = Box::into_raw(Box::new(to));
    let p = PortRef::new(Some(b), fd, 0, Some(forward), to.cast()).unwrap();
    let p = SentPort(p);
    let count = 2000u16;
    let workers = std::thread::spawn(move || {
        let p = p;
        for (i, Sent(r)) in requests.into_iter().enumerate() {
            if close_early && i == 500 {
                p.0.close();
            }
            r.add(Section::Answer, b"a.example", TYPE_A, 1, 1, ReplyData::Bytes(&[1; 4])).unwrap();
            if i % 7 == 6 {
                r.drop_unanswered();
            } else {
                r.respond(0).unwrap();
            }
        }
        if !close_early {
            p.0.close();
        }
    });
    let client = std::thread::spawn(move || {
        let mut got = 0;
        let mut room = [0; 600];
        c.set_nonblocking(true).unwrap();
        for id in 0..count {
            let _ = c.send(&query(id));
            while c.recv(&mut room).is_ok() {
                got += 1;
            }
            if id % 16 == 0 {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        got
    });
    while !client.is_finished() {
        b.loopexit(Some(&bev_common::ms(5))).unwrap();
        bev_common::run(b);
    }
    let got = client.join().unwrap();
    turn(b);
    // Ends the channel.
    // SAFETY: made above; the callback does not run any more.
    drop(unsafe { Box::from_raw(to) });
    workers.join().unwrap();
    turn(b);
    assert!(got > 0 && (close_early || got > 500), "{got}");
    end(b);
    assert_eq!(LIVE.load(SeqCst), before);
}

// One test: locks and allocator are the process's.
#[test]
fn threads_and_memory() {
    memory_common::install();
    without_memory();
    thread::set_id_callback(Some(thread_common::id));
    thread::set_lock_callbacks(Some(&thread_common::LOCKS)).unwrap();
    thread::set_condition_callbacks(Some(&thread_common::CONDS)).unwrap();
    for close_early in [false, true, false, true] {
        answered_elsewhere(close_early);
    }
}
