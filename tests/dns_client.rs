//! The resolver: answers of all kinds, search, servers that fail, waiting, cancelling, the end of the base.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod dns_common;
mod net;
use dns_common::{A1, Client, Server, all_got, hook, record, wire};
use oxievent::abi::dns::*;
use oxievent::abi::event::Evloop;
use oxievent::dns::request::{Done, Kind, Outcome};
use std::collections::HashSet;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ROOT: u8 = 0xc0;

#[test]
fn answers_of_each_kind() {
    let s = Server::new(|q| {
        let me = [ROOT, 12];
        let records = match (q.qtype(), q.text().to_ascii_lowercase().as_str()) {
            (1, "many.test") => (0..40u8).map(|i| record(&me, 1, 9, &[10, 1, 0, i])).collect(),
            (1, "alias.test") => {
                vec![
                    record(&me, 5, 7, &wire("b.test")),
                    record(&wire("c.test"), 1, 50, &A1),
                    record(&wire("b.test"), 5, 60, &wire("c.test")),
                ]
            }
            (1, _) => vec![record(&me, 1, 300, &A1)],
            (28, _) => vec![record(&me, 28, 300, &[7; 16])],
            (12, _) => vec![record(&me, 12, 300, &wire(&format!("{0}.{0}.{0}.long.test", "x".repeat(63))))],
            _ => vec![],
        };
        vec![q.reply(0, &records)]
    });
    let c = Client::new(&[&s]);
    let got = c.ask("www.test");
    assert_eq!((got.result, got.kind, got.ttl, got.data.as_slice()), (0, DNS_IPv4_A, 300, &A1[..]));
    let got = c.ask_kind(Kind::Aaaa, "www.test");
    assert_eq!((got.result, got.kind, got.data.as_slice()), (0, DNS_IPv6_AAAA, &[7; 16][..]));
    // Names of more than 63 bytes were refused (libevent issue 1280).
    let got = c.ask_kind(Kind::Ptr, "1.0.0.127.in-addr.arpa");
    assert_eq!((got.result, got.kind, got.data.len()), (0, DNS_PTR, 3 * 64 + 9));
    let got = c.ask("alias.test");
    assert_eq!((got.result, got.ttl, got.data.as_slice()), (0, 7, &A1[..]));
    assert_eq!(c.ask("many.test").data.len(), 32 * 4);
    assert_eq!(c.dns.stats().dropped, 0);
    assert!(c.start(Kind::A, "bad..name", 0).is_none());
    assert!(c.start(Kind::A, &"x".repeat(64), 0).is_none());
    c.end();
}

#[test]
fn each_query_has_its_own_port_id_and_case() {
    let s = Server::new(|q| vec![q.answer()]);
    let c = Client::new(&[&s]);
    for _ in 0..40 {
        assert_eq!(c.ask("some-long-name.example.test").result, 0);
    }
    // Many at once have a socket each.
    for i in 0..30 {
        c.start(Kind::A, "some-long-name.example.test", i).unwrap();
    }
    c.run_until(70);
    let q = s.queries();
    let ports: HashSet<u16> = q.iter().map(|q| q.from.port()).collect();
    let ids: HashSet<u16> = q.iter().map(|q| q.id()).collect();
    let names: HashSet<&[u8]> = q.iter().map(|q| q.name()).collect();
    assert!(ports.len() > 60 && ids.len() > 60 && names.len() > 60, "{} {}", ports.len(), ids.len());
    assert!(q.iter().all(|q| q.has_edns()));
    c.end();
}

#[test]
fn errors_tell_the_kind_that_was_asked_for() {
    let s = Server::new(|q| {
        let code =
            q.text().to_ascii_lowercase().trim_end_matches(".test").trim_start_matches('e').parse().unwrap();
        vec![q.reply(code, &[])]
    });
    let c = Client::new(&[&s]);
    for (name, code) in [
        ("e0.test", DNS_ERR_NODATA),
        ("e1.test", DNS_ERR_FORMAT),
        ("e2.test", DNS_ERR_SERVERFAILED),
        ("e3.test", DNS_ERR_NOTEXIST),
        ("e4.test", DNS_ERR_NOTIMPL),
        ("e5.test", DNS_ERR_REFUSED),
        ("e9.test", DNS_ERR_UNKNOWN),
    ] {
        let got = c.ask_kind(Kind::Aaaa, name);
        assert_eq!((got.result, got.kind, got.data.len()), (code, DNS_IPv6_AAAA, 0), "{name}");
    }
    c.end();
}

#[test]
fn a_search_goes_through_its_names() {
    let s = Server::new(|q| {
        let good = q.text().eq_ignore_ascii_case("host.b.test");
        vec![if good { q.answer() } else { q.reply(3, &[]) }]
    });
    let c = Client::new(&[&s]);
    for d in ["c.test", "b.test", "a.test"] {
        c.dns.lock().search.push_front(d.as_bytes()).unwrap();
    }
    assert_eq!(c.ask("host").data, A1);
    let texts = |s: &Server| s.queries().iter().map(|q| q.text().to_ascii_lowercase()).collect::<Vec<_>>();
    assert_eq!(texts(&s), ["host.a.test", "host.b.test"]);
    assert_eq!(c.ask("none").result, DNS_ERR_NOTEXIST);
    assert_eq!(texts(&s)[2..], ["none.a.test", "none.b.test", "none.c.test", "none"]);
    assert_eq!(c.ask("host.").result, DNS_ERR_NOTEXIST);
    assert!(c.start(Kind::A, "", 0).is_none());
    c.end();
}

#[test]
fn lost_queries_are_sent_again_and_late_replies_count() {
    let s = Server::new(|q| match q.index {
        0 | 1 => vec![],
        _ => vec![q.answer()],
    });
    let c = Client::new(&[&s]);
    c.set("timeout", "0.1");
    assert_eq!(c.ask("a.test").data, A1);
    let q = s.queries();
    assert_eq!(q.len(), 3);
    // To the same server: the same question from the same port, so that a late reply still counts.
    assert!(q.iter().all(|x| x.id() == q[0].id() && x.from == q[0].from));
    c.end();

    let late = Server::new(|q| {
        std::thread::sleep(Duration::from_millis(150));
        if q.index == 0 { vec![q.answer(), q.answer(), q.answer()] } else { vec![] }
    });
    let c = Client::new(&[&late]);
    c.set("timeout", "0.1");
    assert_eq!(c.ask("a.test").data, A1);
    // What comes later, and twice, concerns nobody.
    c.run_for(Duration::from_millis(300));
    assert_eq!(all_got().len(), 1);
    c.end();
}

#[test]
fn a_request_ends_in_time_whatever_servers_do() {
    let silent = [Server::new(|_| vec![]), Server::new(|_| vec![])];
    let c = Client::new(&[&silent[0], &silent[1]]);
    c.set("timeout", "0.1");
    let begin = Instant::now();
    // More than may be under way: the others wait, and have a deadline all the same.
    c.set("max-inflight", "2");
    for i in 0..8 {
        c.start(Kind::A, "a.test", i).unwrap();
    }
    let got = c.run_until(8);
    assert!(got.iter().all(|(_, g)| g.result == DNS_ERR_TIMEOUT && g.kind == DNS_IPv4_A));
    let took = begin.elapsed();
    assert!(took > Duration::from_millis(290) && took < Duration::from_millis(1500), "{took:?}");
    c.end();
}

#[test]
fn another_server_is_asked_when_one_fails() {
    for code in [2u16, 4, 5] {
        let bad = Server::new(move |q| vec![q.reply(code, &[])]);
        let good = Server::new(|q| vec![q.answer()]);
        let c = Client::new(&[&bad, &good]);
        for _ in 0..4 {
            assert_eq!(c.ask("a.test").data, A1, "code {code}");
        }
        c.end();
    }
    // All fail: the error that they give.
    let bad = [Server::new(|q| vec![q.reply(2, &[])]), Server::new(|q| vec![q.reply(2, &[])])];
    let c = Client::new(&[&bad[0], &bad[1]]);
    assert_eq!(c.ask("a.test").result, DNS_ERR_SERVERFAILED);
    assert_eq!(bad.iter().map(|s| s.queries().len()).sum::<usize>(), 2);
    c.end();
}

#[test]
fn a_server_that_is_not_there_costs_no_time_if_another_is() {
    // A port that nobody has.
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let good = Server::new(|q| vec![q.answer()]);
    let c = Client::new(&[]);
    c.dns.add_server_text(gone.to_string().as_bytes()).unwrap();
    c.dns.add_server_text(good.addr.to_string().as_bytes()).unwrap();
    c.set("timeout", "5");
    let begin = Instant::now();
    for _ in 0..6 {
        assert_eq!(c.ask("a.test").data, A1);
    }
    // (Wine loses the message that nobody is there: c-tests/windows/WINE.md.)
    assert!(cfg!(windows) || begin.elapsed() < Duration::from_secs(2));
    c.end();
}

#[test]
fn a_server_that_comes_back_is_noticed() {
    let alive = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = alive.clone();
    let s = Server::new(move |q| if seen.load(Ordering::Relaxed) { vec![q.answer()] } else { vec![] });
    let c = Client::new(&[&s]);
    c.set("timeout", "0.05");
    c.set("initial-probe-timeout", "0.05");
    assert_eq!(c.ask("a.test").result, DNS_ERR_TIMEOUT);
    alive.store(true, Ordering::Relaxed);
    c.run_for(Duration::from_millis(400));
    let probes = s.queries().iter().filter(|q| q.text().eq_ignore_ascii_case("google.com")).count();
    assert!(probes >= 1, "{:?}", s.queries().iter().map(|q| q.text()).collect::<Vec<_>>());
    assert_eq!(c.ask("a.test").data, A1);
    c.end();
}

#[test]
fn a_dead_socket_recovers_without_spinning() {
    // The server goes away (the kernel says so each time), and comes back on its port.
    let addr = {
        let s = Server::new(|q| vec![q.answer()]);
        let c = Client::new(&[&s]);
        assert_eq!(c.ask("a.test").data, A1);
        c.end();
        s.addr
    };
    let c = Client::new(&[]);
    c.dns.add_server_text(addr.to_string().as_bytes()).unwrap();
    c.set("timeout", "0.1");
    c.start(Kind::A, "a.test", 1).unwrap();
    let mut turns = 0;
    while all_got().is_empty() {
        c.turn();
        turns += 1;
    }
    assert_eq!(all_got()[0].1.result, DNS_ERR_TIMEOUT);
    assert!(turns < 200, "{turns} turns of the loop");
    let udp = std::net::UdpSocket::bind(addr).unwrap();
    c.start(Kind::A, "a.test", 2).unwrap();
    let mut buf = [0; 600];
    let (_, from) = udp.recv_from(&mut buf).unwrap();
    let q = dns_common::Query { raw: buf.to_vec(), from, index: 0, tcp: false };
    udp.send_to(&q.answer(), from).unwrap();
    assert_eq!(c.run_until(2)[1].1.data, A1);
    c.end();
}

#[test]
fn edns_is_left_out_for_servers_that_do_not_know_it() {
    for bare in [false, true] {
        let s = Server::new(move |q| {
            if !q.has_edns() {
                return vec![q.answer()];
            }
            let mut m = q.reply(1, &[]);
            if bare {
                m.truncate(12);
                m[5] = 0;
            }
            vec![m]
        });
        let c = Client::new(&[&s]);
        assert_eq!(c.ask("a.test").data, A1);
        assert_eq!(s.queries().len(), 2);
        // Remembered.
        assert_eq!(c.ask("a.test").data, A1);
        assert_eq!(s.queries().len(), 3);
        c.set("edns-udp-size", "512");
        c.end();
    }
}

#[test]
fn requests_wait_without_servers_and_go_on() {
    let s = Server::new(|q| vec![q.answer()]);
    let c = Client::new(&[]);
    c.start(Kind::A, "a.test", 1).unwrap();
    c.run_for(Duration::from_millis(50));
    assert!(all_got().is_empty());
    c.dns.add_server_text(s.addr.to_string().as_bytes()).unwrap();
    c.run_until(1);
    // Suspended with requests under way.
    let silent = Server::new(|_| vec![]);
    c.dns.clear_servers();
    assert_eq!(c.dns.count_servers(), 0);
    c.dns.add_server_text(silent.addr.to_string().as_bytes()).unwrap();
    c.dns.resume();
    for i in 2..6 {
        c.start(Kind::A, "b.test", i).unwrap();
    }
    c.run_for(Duration::from_millis(50));
    c.dns.clear_servers();
    c.run_for(Duration::from_millis(50));
    assert_eq!(all_got().len(), 1);
    c.dns.add_server_text(s.addr.to_string().as_bytes()).unwrap();
    c.dns.resume();
    let got = c.run_until(5);
    let mut order: Vec<_> = got.iter().map(|g| g.0).collect();
    if cfg!(windows) {
        // Each has a socket of its own, and select does not always begin with the same one.
        order.sort_unstable();
    }
    assert_eq!(order, [1, 2, 3, 4, 5]);
    assert!(got.iter().all(|g| g.1.data == A1));
    c.end();
}

#[test]
fn without_servers_a_request_ends_too() {
    for flags in [0, EVDNS_BASE_DISABLE_WHEN_INACTIVE] {
        let c = Client::with_flags(&[], flags);
        c.set("timeout", "0.05");
        c.start(Kind::A, "a.test", 1).unwrap();
        c.base.run(Evloop::empty()).unwrap();
        assert_eq!(all_got()[0].1.result, DNS_ERR_TIMEOUT);
        // Suspended it waits for as long as it takes.
        c.dns.clear_servers();
        c.start(Kind::A, "a.test", 1).unwrap();
        c.run_for(Duration::from_millis(300));
        assert_eq!(all_got().len(), 1);
        c.dns.resume();
        assert_eq!(c.run_until(2)[1].1.result, DNS_ERR_TIMEOUT);
        c.end();
    }
}

#[test]
fn names_that_cannot_be_printed_are_no_answers() {
    let s = Server::new(|q| {
        let label: &[u8] = [b"a\nb".as_slice(), b"a.b", b"a\0b", b"ok"][q.index.min(3)];
        let mut name = vec![label.len() as u8];
        name.extend_from_slice(label);
        name.push(0);
        vec![q.reply(0, &[record(&[ROOT, 12], 12, 9, &name)])]
    });
    let c = Client::new(&[&s]);
    for _ in 0..3 {
        let got = c.ask_kind(Kind::Ptr, "1.0.0.127.in-addr.arpa");
        assert_eq!((got.result, got.kind), (DNS_ERR_UNKNOWN, DNS_PTR));
    }
    assert_eq!(c.ask_kind(Kind::Ptr, "1.0.0.127.in-addr.arpa").data, b"ok");
    c.end();
}

#[test]
fn cancelled_requests_hear_of_it_once() {
    let s = Server::new(|_| vec![]);
    let c = Client::new(&[&s]);
    c.set("max-inflight", "1");
    let (a, b) = (c.start(Kind::A, "a.test", 1).unwrap(), c.start(Kind::Ptr, "b.test", 2).unwrap());
    b.cancel();
    b.cancel();
    a.cancel();
    a.cancel();
    assert!(all_got().is_empty(), "callbacks come from the loop");
    let got = c.run_until(2);
    assert!(got.iter().all(|g| g.1.result == DNS_ERR_CANCEL));
    assert_eq!((got[0].1.kind, got[1].1.kind), (DNS_PTR, DNS_IPv4_A));
    c.run_for(Duration::from_millis(30));
    assert_eq!(all_got().len(), 2);
    c.end();
}

#[test]
fn callbacks_may_cancel_ask_and_free() {
    let s =
        Server::new(
            |q| if q.text().to_ascii_lowercase().starts_with('z') { vec![] } else { vec![q.answer()] },
        );
    let c = Client::new(&[&s]);
    let other = c.start(Kind::A, "z.test", 9).unwrap();
    let dns = c.dns;
    let mut asked = false;
    hook(move |tag, _| match tag {
        1 if !asked => {
            asked = true;
            other.cancel();
            for i in 20..25 {
                dns.start(Kind::A, b"n.test", 0, Done::C(Some(dns_common::told), i as *mut c_void)).unwrap();
            }
        }
        // Freed in the callback of one of its requests, with others under way.
        22 => dns.free(true),
        _ => {}
    });
    c.start(Kind::A, "a.test", 1).unwrap();
    let got = c.run_until(7);
    c.run_for(Duration::from_millis(30));
    assert_eq!(all_got().len(), 7);
    let of = |tag| got.iter().find(|g| g.0 == tag).unwrap().1.result;
    assert_eq!((of(1), of(22)), (0, 0));
    assert_eq!(of(9), DNS_ERR_CANCEL);
    for i in [20, 21, 23, 24] {
        assert!([0, DNS_ERR_SHUTDOWN].contains(&of(i)));
    }
    // SAFETY: the test's own.
    unsafe { c.base.free(true) };
}

static DROPPED: AtomicUsize = AtomicUsize::new(0);
unsafe fn engine(o: &Outcome<'_>, arg: *mut c_void) {
    assert_eq!((o.result, o.dropped), (DNS_ERR_SHUTDOWN, !arg.is_null()));
    DROPPED.fetch_add(1, Ordering::Relaxed);
}
#[test]
fn the_end_of_the_base() {
    for fail in [false, true] {
        let s = Server::new(|_| vec![]);
        let c = Client::new(&[&s]);
        c.set("max-inflight", "3");
        for i in 0..6 {
            c.start(Kind::A, "a.test", i).unwrap();
        }
        let arg = if fail { std::ptr::null_mut() } else { std::ptr::dangling_mut::<u8>().cast() };
        c.dns.start(Kind::A, b"a.test", 0, Done::Engine(engine, arg)).unwrap();
        let before = DROPPED.load(Ordering::Relaxed);
        c.run_for(Duration::from_millis(20));
        c.dns.free(fail);
        c.base.run(Evloop::NONBLOCK).unwrap();
        assert_eq!(DROPPED.load(Ordering::Relaxed), before + 1);
        assert_eq!(all_got().len(), if fail { 6 } else { 0 });
        assert!(all_got().iter().all(|g| g.1.result == DNS_ERR_SHUTDOWN));
        // SAFETY: the test's own.
        unsafe { c.base.free(true) };
    }
}

#[test]
fn a_reply_is_work_for_one_turn() {
    for flags in [0, EVDNS_BASE_DISABLE_WHEN_INACTIVE] {
        let s = Server::new(|q| vec![q.answer()]);
        let c = Client::with_flags(&[&s], flags);
        // The loop has something else to wait for.
        c.base.loopexit(Some(&libc::timeval { tv_sec: 20, tv_usec: 0 })).unwrap();
        let begin = Instant::now();
        c.start(Kind::A, "a.test", 1).unwrap();
        c.base.run(Evloop::ONCE).unwrap();
        assert_eq!(all_got().len(), 1);
        assert!(begin.elapsed() < Duration::from_secs(10));
        c.end();
    }
}

#[test]
fn an_inactive_base_lets_the_loop_end() {
    let s = Server::new(|q| vec![q.answer()]);
    let c = Client::with_flags(&[&s], EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    for _ in 0..3 {
        c.start(Kind::A, "a.test", 1).unwrap();
        c.base.run(Evloop::empty()).unwrap();
    }
    assert_eq!(all_got().len(), 3);
    // Over TCP too, and with a server that is down: it is probed once.
    c.set("use-vc", "");
    c.start(Kind::A, "a.test", 1).unwrap();
    c.base.run(Evloop::empty()).unwrap();
    assert_eq!(all_got().len(), 4);
    c.end();
    let silent = Server::new(|_| vec![]);
    let c = Client::with_flags(&[&silent], EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    c.set("timeout", "0.05");
    c.set("initial-probe-timeout", "0.05");
    c.start(Kind::A, "a.test", 1).unwrap();
    let begin = Instant::now();
    c.base.run(Evloop::empty()).unwrap();
    assert_eq!(all_got()[0].1.result, DNS_ERR_TIMEOUT);
    // (Wine loses the message that nobody is there: c-tests/windows/WINE.md.)
    assert!(cfg!(windows) || begin.elapsed() < Duration::from_secs(2));
    c.end();
    // Read from a file, as with EVDNS_BASE_INITIALIZE_NAMESERVERS (libevent issue 1488).
    let c = Client::with_flags(&[], EVDNS_BASE_DISABLE_WHEN_INACTIVE | EVDNS_BASE_INITIALIZE_NAMESERVERS);
    c.base.run(Evloop::empty()).unwrap();
    c.end();
}
