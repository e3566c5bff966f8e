//! The resolver with locks: several threads ask, cancel and configure while the loop runs; it ends in the middle.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod dns_common;
mod net;
mod thread_common;
use dns_common::Server;
use oxievent::abi::dns::*;
use oxievent::abi::event::Evloop;
use oxievent::base::{BaseRef, Config};
use oxievent::dns::DnsRef;
use oxievent::dns::request::{Done, Kind};
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

struct Sent<T>(T);
// SAFETY: the objects were made with locks.
unsafe impl<T> Send for Sent<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Sent<T> {}

static RESULTS: [AtomicUsize; 80] = [const { AtomicUsize::new(0) }; 80];
unsafe extern "C" fn count(result: c_int, _: c_char, _: c_int, _: c_int, _: *mut c_void, arg: *mut c_void) {
    RESULTS[result as usize].fetch_add(1, SeqCst);
    // SAFETY: the test's own counter.
    unsafe { (*arg.cast::<AtomicUsize>()).fetch_add(1, SeqCst) };
}
fn looping(base: BaseRef, f: impl FnOnce()) {
    let base = Sent(base);
    std::thread::scope(|s| {
        let t = s.spawn(|| {
            let base = &base;
            base.0.run(Evloop::NO_EXIT_ON_EMPTY).unwrap();
        });
        // Its first wait.
        std::thread::sleep(Duration::from_millis(20));
        let r = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
        base.0.loopbreak();
        t.join().unwrap();
        r.unwrap();
    });
}
fn ask(dns: DnsRef, name: &str, n: &AtomicUsize) -> Option<oxievent::dns::request::RequestRef> {
    let arg = std::ptr::from_ref(n).cast_mut().cast();
    dns.start(Kind::A, name.as_bytes(), 0, Done::C(Some(count), arg))
}

#[test]
fn threads_ask_and_the_loop_answers() {
    thread_common::set_up();
    let s = Server::new(|q| {
        let silent = q.text().to_ascii_lowercase().starts_with("silent");
        if silent { vec![] } else { vec![q.answer()] }
    });
    let base = BaseRef::new(&Config::new()).unwrap();
    let dns = DnsRef::new(Some(base), 0).unwrap();
    dns.add_server_text(s.addr.to_string().as_bytes()).unwrap();
    dns.set_option(b"max-inflight", b"200").unwrap();
    // Bursts lose datagrams.
    dns.set_option(b"timeout", b"1").unwrap();
    dns.set_option(b"attempts", b"10").unwrap();
    let (answered, cancelled) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let shared = Sent(dns);
    looping(base, || {
        std::thread::scope(|t| {
            for _ in 0..3 {
                t.spawn(|| {
                    let shared = &shared;
                    let dns = shared.0;
                    for i in 0..150 {
                        ask(dns, "good.test", &answered).unwrap();
                        // Nobody answers these, so that their handles are good.
                        let r = ask(dns, "silent.test", &cancelled).unwrap();
                        dns.set_option(b"randomize-case", if i % 2 == 0 { b"0" } else { b"1" }).unwrap();
                        let _ = (dns.count_servers(), dns.server_addr(0), dns.stats());
                        r.cancel();
                    }
                });
            }
        });
        let end = Instant::now() + Duration::from_secs(20);
        while (answered.load(SeqCst), cancelled.load(SeqCst)) != (450, 450) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!((answered.load(SeqCst), cancelled.load(SeqCst)), (450, 450), "{:?}", dns.stats());
        // It ends while the loop runs, with requests under way, over UDP and TCP.
        for _ in 0..50 {
            ask(dns, "silent.test", &cancelled).unwrap();
        }
        dns.set_option(b"use-vc", b"").unwrap();
        for _ in 0..50 {
            ask(dns, "good.test", &answered).unwrap();
        }
        dns.free(true);
        let end = Instant::now() + Duration::from_secs(20);
        while answered.load(SeqCst) + cancelled.load(SeqCst) < 1000 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(answered.load(SeqCst) + cancelled.load(SeqCst), 1000);
    });
    assert_eq!(RESULTS[DNS_ERR_CANCEL as usize].load(SeqCst), 450);
    // SAFETY: the test's own.
    unsafe { base.free(true) };
}

#[test]
fn servers_come_and_go_under_the_loop() {
    thread_common::set_up();
    let s = Server::new(|q| vec![q.answer()]);
    let base = BaseRef::new(&Config::new()).unwrap();
    let dns = DnsRef::new(Some(base), 0).unwrap();
    dns.set_option(b"timeout", b"5").unwrap();
    let n = AtomicUsize::new(0);
    let addr = s.addr.to_string();
    looping(base, || {
        for _ in 0..100 {
            dns.add_server_text(addr.as_bytes()).unwrap();
            dns.resume();
            for _ in 0..5 {
                ask(dns, "good.test", &n).unwrap();
            }
            dns.clear_servers();
        }
        dns.add_server_text(addr.as_bytes()).unwrap();
        dns.resume();
        let end = Instant::now() + Duration::from_secs(20);
        while n.load(SeqCst) < 500 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(n.load(SeqCst), 500);
        dns.free(false);
    });
    // SAFETY: the test's own.
    unsafe { base.free(true) };
}
