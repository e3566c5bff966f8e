//! The resolver when memory is short: each allocation of its life fails once. Nothing is lost, nobody waits for ever.
//! And after fork: a child's numbers are its own.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod dns_common;
mod memory_common;
mod net;
use dns_common::Server;
use memory_common::{LEFT, LIVE, ONE_FAILS};
use net::libc;
use oxievent::abi::dns::DNS_ERR_NONE;
use oxievent::abi::event::Evloop;
use oxievent::base::{BaseRef, Config};
use oxievent::dns::DnsRef;
use oxievent::dns::request::{Done, EngineDone, Kind, Outcome, WANT_CANONICAL};
use oxievent::mem;
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static STARTED: AtomicUsize = AtomicUsize::new(0);
static TOLD: AtomicUsize = AtomicUsize::new(0);
static GOOD: AtomicUsize = AtomicUsize::new(0);
unsafe extern "C" fn told(r: c_int, _: c_char, _: c_int, _: c_int, _: *mut c_void, _: *mut c_void) {
    TOLD.fetch_add(1, SeqCst);
    GOOD.fetch_add(usize::from(r == DNS_ERR_NONE), SeqCst);
}
unsafe fn engine(o: &Outcome<'_>, _: *mut c_void) {
    TOLD.fetch_add(1, SeqCst);
    GOOD.fetch_add(usize::from(o.result == DNS_ERR_NONE), SeqCst);
}

/// A life: servers, options, questions over UDP and TCP with a search, an end. Errors are passed over.
fn live(base: BaseRef, addr: &str) {
    let Ok(dns) = DnsRef::new(Some(base), 0) else { return };
    dns.set_option(b"timeout", b"0.05").unwrap();
    dns.set_option(b"attempts", b"2").unwrap();
    let _ = dns.set_option(b"max-inflight", b"300");
    let _ = dns.add_server_text(addr.as_bytes());
    let _ = dns.load_hosts(None);
    let _ = dns.load_hosts(Some(c"/etc/hosts"));
    dns.read_resolv_conf(1 | 4 | 8, Some(c"/etc/resolv.conf"));
    dns.lock().search.clear();
    let _ = dns.lock().search.push_front(b"test");
    let f: EngineDone = engine;
    let ask = |name: &[u8], flags| {
        for done in [Done::C(Some(told), std::ptr::null_mut()), Done::Engine(f, std::ptr::null_mut())] {
            STARTED.fetch_add(usize::from(dns.start(Kind::A, name, flags, done).is_some()), SeqCst);
        }
    };
    ask(b"alias", WANT_CANONICAL);
    ask(b"good.test", 1);
    base.run(Evloop::ONCE).unwrap();
    if dns.set_option(b"use-vc", b"").is_ok() {
        ask(b"good.test", 1);
    }
    let mut turns = 0;
    while TOLD.load(SeqCst) < STARTED.load(SeqCst) && turns < 400 {
        let tick = libc::timeval { tv_sec: 0, tv_usec: 5_000 };
        if base.loopexit(Some(&tick)).is_ok() {
            base.run(Evloop::ONCE).unwrap();
        }
        turns += 1;
    }
    assert_eq!(TOLD.load(SeqCst), STARTED.load(SeqCst));
    dns.free(true);
    base.run(Evloop::NONBLOCK).unwrap();
}

// One test: allocator and fork are the process's.
#[test]
fn memory_is_short() {
    memory_common::install();
    ONE_FAILS.store(true, SeqCst);
    let s = Server::new(|q| {
        let canonical = dns_common::wire("good.test");
        let alias = dns_common::record(&[0xc0, 12], 5, 9, &canonical);
        let addr = dns_common::record(&canonical, 1, 9, &[10, 0, 0, 1]);
        if q.text().to_ascii_lowercase().starts_with("alias") {
            vec![q.reply(0, &[alias, addr])]
        } else {
            vec![q.answer()]
        }
    });
    let addr = s.addr.to_string();
    let base = BaseRef::new(&Config::new()).unwrap();
    // Caches of the base fill first.
    live(base, &addr);
    let live_before = LIVE.load(SeqCst);
    let mut k = 0;
    loop {
        LEFT.store(k, SeqCst);
        live(base, &addr);
        let reached = LEFT.swap(-1, SeqCst) == -1;
        // The event base may have grown a little, the DNS base may not have left anything.
        assert!(LIVE.load(SeqCst) <= live_before + 8, "after {k}: {} live", LIVE.load(SeqCst));
        if !reached {
            break;
        }
        k += 1;
    }
    assert!(k > 20, "{k}");
    live(base, &addr);
    assert!(LIVE.load(SeqCst) <= live_before + 8);
    assert!(GOOD.load(SeqCst) > STARTED.load(SeqCst) / 2);
    // SAFETY: the test's own.
    unsafe { base.free(true) };
    assert_eq!(LIVE.load(SeqCst), 0);
    mem::set_functions(None, None, None);
    #[cfg(unix)]
    a_child_asks_with_numbers_of_its_own();
}

#[cfg(unix)]
fn a_child_asks_with_numbers_of_its_own() {
    let s = Server::new(|q| vec![q.answer()]);
    let ask = || {
        let base = BaseRef::new(&Config::new()).unwrap();
        let dns = DnsRef::new(Some(base), 0).unwrap();
        dns.add_server_text(s.addr.to_string().as_bytes()).unwrap();
        let before = TOLD.load(SeqCst);
        for _ in 0..8 {
            dns.start(Kind::A, b"a-name-of-many-letters.test", 0, Done::C(Some(told), std::ptr::null_mut()))
                .unwrap();
        }
        while TOLD.load(SeqCst) < before + 8 {
            base.run(Evloop::ONCE).unwrap();
        }
        dns.free(false);
        // SAFETY: the test's own.
        unsafe { base.free(true) };
    };
    ask();
    // SAFETY: the child only asks and exits.
    match unsafe { libc::fork() } {
        0 => {
            ask();
            // SAFETY: leaves without running the test's own ends.
            unsafe { libc::_exit(0) }
        }
        child => {
            ask();
            let mut status = 0;
            // SAFETY: our own child.
            unsafe { libc::waitpid(child, &mut status, 0) };
            assert_eq!(status, 0);
        }
    }
    let q = s.queries();
    assert_eq!(q.len(), 24);
    let ids: std::collections::HashSet<u16> = q.iter().map(|q| q.id()).collect();
    let names: std::collections::HashSet<&[u8]> = q.iter().map(|q| q.name()).collect();
    assert!(ids.len() >= 23 && names.len() >= 23, "{} {}", ids.len(), names.len());
}
