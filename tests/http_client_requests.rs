//! What the HTTP client sends, and how it uses connections.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod http_client_common;
mod net;
use bev_common::{base, end, log, logged, ms, run};
use http_client_common::*;
use net::libc;
use oxievent::abi::http::{ReqFlags, evhttp_cmd_type as Cmd, evhttp_request_error as E};
use oxievent::base::BaseRef;
use oxievent::bufferevent::BevRef;
use oxievent::http::client;
use oxievent::http::connection::ConRef;
use oxievent::http::request::ReqRef;
use std::cell::Cell;
use std::net::TcpListener;
use std::ptr::null_mut;
use std::rc::Rc;

/// Frees the connection when so many of its requests have ended.
fn countdown(con: ConRef, n: usize) -> impl Fn() + Clone + 'static {
    let left = Rc::new(Cell::new(n));
    move || {
        left.set(left.get() - 1);
        if left.get() == 0 {
            con.free();
        }
    }
}
fn logging(ended: impl Fn() + 'static) -> On {
    On::done(move |r| {
        log(tell(r));
        ended();
    })
    .error(|e| log(format!("error {}", e.0)))
}
fn send(con: ConRef, req: ReqRef, uri: &str) {
    con.make_request(req, GET, uri.as_bytes()).unwrap();
}
/// One request as the server sees it.
fn sent(method: Cmd, uri: &str, prepare: impl Fn(ReqRef)) -> String {
    let b = base();
    let (port, t) = server(vec![Do::Accept, Do::Head, ok("x"), Do::WaitEnd]);
    let con = connection(b, port);
    let req = On::done(move |_| con.free()).request();
    prepare(req);
    con.make_request(req, method, uri.as_bytes()).unwrap();
    run(b);
    end(b);
    t.join().unwrap().remove(0)
}

#[test]
fn requests_as_they_are_sent() {
    let host = |r: ReqRef| r.output_headers().unwrap().add(b"Host", b"h").unwrap();
    let body = |r: ReqRef| r.output_buffer().unwrap().add(b"abc").unwrap();
    assert_eq!(sent(GET, "/x?y", host), "GET /x?y HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(sent(GET, "", |_| {}), "GET / HTTP/1.1\r\n\r\n");
    assert_eq!(sent(GET, "/a b", |_| {}), "GET /a b HTTP/1.1\r\n\r\n");
    assert_eq!(sent(POST, "/", |_| {}), "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(sent(POST, "/", body), "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    // A body without a length would be taken for the next request.
    assert_eq!(sent(GET, "/", body), "GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    let given = |r: ReqRef| {
        r.output_headers().unwrap().add(b"content-length", b"3").unwrap();
        body(r);
    };
    assert_eq!(sent(POST, "/", given), "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc");
    let proxy = |r: ReqRef| r.output_headers().unwrap().add(b"Proxy-Connection", b"keep-alive").unwrap();
    assert_eq!(
        sent(GET, "http://h/", proxy),
        "GET http://h/ HTTP/1.1\r\nProxy-Connection: keep-alive\r\n\r\n"
    );
    let old = |r: ReqRef| {
        r.set_major(1);
        r.set_minor(0);
    };
    assert_eq!(sent(Cmd::EVHTTP_REQ_PATCH, "/", old), "PATCH / HTTP/1.0\r\n\r\n");
    let folded = |r: ReqRef| r.output_headers().unwrap().add(b"A", b"b\r\n c").unwrap();
    assert_eq!(sent(GET, "/", folded), "GET / HTTP/1.1\r\nA: b c\r\n\r\n");
}
#[test]
fn nothing_can_be_smuggled_out() {
    let b = base();
    let con = connection(b, 1);
    let req = || On::done(|_| panic!("never sent")).request();
    for uri in ["/\r\nX: y", "/\n", "/a\tb", "/\x7f", "/\x01", "\r"] {
        assert!(con.make_request(req(), GET, uri.as_bytes()).is_err(), "{uri:?}");
    }
    for method in [Cmd(0), Cmd(512), Cmd(3), Cmd(u32::MAX)] {
        assert!(con.make_request(req(), method, b"/").is_err(), "{method:?}");
    }
    assert!(con.make_request(req(), CONNECT, b"").is_err());
    // One that the program owns stays.
    let own = req();
    own.set_flag(ReqFlags::USER_OWNED, true);
    assert!(con.make_request(own, GET, b"/\n").is_err());
    assert!(own.connection().is_none());
    own.free();
    con.free();
    end(b);
    // What a program writes into the struct itself is not sent either.
    let got = sent(GET, "/", |r| {
        let h = r.output_headers().unwrap();
        h.append(b"A", b"x\r\nB: y").unwrap();
        h.append(b"C\r\nD", b"z").unwrap();
        h.append(b"E", b"f").unwrap();
    });
    assert_eq!(got, "GET / HTTP/1.1\r\nE: f\r\n\r\n");
}

#[test]
fn one_connection_serves_many_requests() {
    let b = base();
    let mut steps = vec![Do::Accept];
    for i in 0..4 {
        steps.extend([Do::Head, ok(&i.to_string())]);
    }
    steps.push(Do::WaitEnd);
    let (port, t) = server(steps);
    let con = connection(b, port);
    on_close(con, |_| log("closed"));
    let ended = countdown(con, 4);
    // Three at once, and one in a callback.
    for i in 0..3 {
        let e = ended.clone();
        let more = ended.clone();
        let on = On::done(move |r| {
            log(tell(r));
            if i == 2 {
                send(con, logging(more.clone()).request(), "/3");
            }
            e();
        });
        send(con, on.request(), &format!("/{i}"));
    }
    run(b);
    end(b);
    let heard = t.join().unwrap();
    assert_eq!(heard.len(), 1);
    let lines: Vec<&str> = heard[0].lines().filter(|l| l.starts_with("GET")).collect();
    assert_eq!(lines, ["GET /0 HTTP/1.1", "GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /3 HTTP/1.1"]);
    assert_eq!(logged(), ["200 0", "200 1", "200 2", "200 3", "closed"]);
}
#[test]
fn connections_end_where_a_message_says_so() {
    let ends = |first: &'static str| {
        let b = base();
        let (port, t) = server(vec![
            Do::Accept,
            Do::Head,
            say(first),
            Do::WaitEnd,
            Do::Accept,
            Do::Head,
            ok("2"),
            Do::WaitEnd,
        ]);
        let con = connection(b, port);
        let ended = countdown(con, 2);
        send(con, logging(ended.clone()).request(), "/1");
        send(con, logging(ended).request(), "/2");
        run(b);
        end(b);
        assert_eq!(t.join().unwrap().len(), 2, "{first}");
        let got = logged();
        assert_eq!(got.last().unwrap(), "200 2", "{first}: {got:?}");
    };
    ends("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1");
    ends("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\n1");
    ends("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n1");
    // A forged answer to the next request.
    ends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
    ends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1\r\n");
    ends("HTTP/1.1 304 X\r\n\r\nx");
    // Failures: the next request gets a connection of its own.
    ends("nonsense\r\n\r\n");
    ends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
}
/// Logs each close; shortly after the first `f` runs.
fn after_close(b: BaseRef, con: ConRef, f: impl FnOnce() + 'static) {
    let mut f = Some(f);
    on_close(con, move |_| {
        log("closed");
        if let Some(f) = f.take() {
            after(b, 1, f);
        }
    });
}
#[test]
fn an_answer_nobody_asked_for_ends_the_connection() {
    let b = base();
    let (port, t) = server(vec![
        Do::Accept,
        Do::Head,
        ok("1"),
        Do::Pause(20),
        ok("forged"),
        Do::WaitEnd,
        Do::Accept,
        Do::Head,
        ok("2"),
        Do::WaitEnd,
    ]);
    let con = connection(b, port);
    after_close(b, con, move || send(con, logging(move || con.free()).request(), "/2"));
    send(con, logging(|| {}).request(), "/1");
    run(b);
    end(b);
    assert_eq!(t.join().unwrap().len(), 2);
    assert_eq!(logged(), ["200 1", "closed", "200 2", "closed"]);
}
#[test]
fn the_end_of_an_idle_connection_is_noticed() {
    for close in [true, false] {
        let b = base();
        let how = if close { Do::Close } else { Do::Reset };
        let (port, t) = server(vec![
            Do::Accept,
            Do::Head,
            ok("1"),
            Do::Pause(10),
            how,
            Do::Accept,
            Do::Head,
            ok("2"),
            Do::WaitEnd,
        ]);
        let con = connection(b, port);
        after_close(b, con, move || send(con, logging(move || con.free()).request(), "/2"));
        send(con, logging(|| {}).request(), "/1");
        run(b);
        end(b);
        t.join().unwrap();
        assert_eq!(logged(), ["200 1", "closed", "200 2", "closed"]);
    }
}
#[test]
fn requests_may_begin_while_the_close_callback_runs() {
    let b = base();
    let (port, t) = server(vec![
        Do::Accept,
        Do::Head,
        say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n1"),
        Do::Close,
        Do::Accept,
        Do::Head,
        Do::Body(3),
        ok("2"),
        Do::WaitEnd,
    ]);
    let con = connection(b, port);
    let first = Cell::new(true);
    on_close(con, move |c| {
        log("closed");
        if first.replace(false) {
            let req = logging(move || c.free()).request();
            req.output_buffer().unwrap().add(b"abc").unwrap();
            c.make_request(req, POST, b"/2").unwrap();
        }
    });
    send(con, logging(|| {}).request(), "/1");
    run(b);
    end(b);
    assert!(t.join().unwrap()[1].ends_with("\r\n\r\nabc"));
    assert_eq!(logged(), ["closed", "200 1", "200 2", "closed"]);
}

#[test]
fn bodies_wait_for_100() {
    let b = base();
    let (port, t) = server(vec![
        Do::Accept,
        Do::Head,
        Do::Pause(20),
        say("HTTP/1.1 100 Continue\r\n\r\n"),
        Do::Body(5),
        ok("done"),
        Do::Head,
        say("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"),
        Do::WaitEnd,
    ]);
    let con = connection(b, port);
    let ended = countdown(con, 2);
    for i in 0..2 {
        let req = logging(ended.clone()).header(|_| {
            log("head");
            0
        });
        let req = req.request();
        req.output_headers().unwrap().add(b"Expect", b"100-Continue").unwrap();
        req.output_buffer().unwrap().add(b"hello").unwrap();
        con.make_request(req, POST, format!("/{i}").as_bytes()).unwrap();
    }
    run(b);
    end(b);
    let heard = t.join().unwrap().remove(0);
    assert_eq!(heard.matches("hello").count(), 1);
    assert_eq!(logged(), ["head", "200 done", "head", "417 "]);
}
#[test]
fn tunnels_are_the_programs() {
    let b = base();
    let (port, t) = server(vec![
        Do::Accept,
        Do::Head,
        say("HTTP/1.1 200 OK\r\n\r\nhello"),
        Do::Pause(20),
        say(" there"),
        Do::Body(3),
        Do::Close,
    ]);
    let con = connection(b, port);
    let on = On::done(move |r| {
        log(tell(r));
        let got = Rc::new(Cell::new(0));
        let bev = con.bev();
        bev_common::On::new()
            .read(move |v: BevRef| {
                let text = String::from_utf8(bev_common::take(v)).unwrap();
                got.set(got.get() + text.len());
                log(text);
                if got.get() == 11 {
                    v.output().add(b"bye").unwrap();
                }
            })
            .event(move |_, _| con.free())
            .set(bev);
        let text = String::from_utf8(bev_common::take(bev)).unwrap();
        assert_eq!(text, "hello");
        bev_common::On::new()
            .read(move |v: BevRef| {
                log(String::from_utf8(bev_common::take(v)).unwrap());
                v.output().add(b"bye").unwrap();
            })
            .event(move |_, _| con.free())
            .set(bev);
    });
    con.make_request(on.request(), CONNECT, b"h:1").unwrap();
    run(b);
    end(b);
    assert_eq!(t.join().unwrap()[0], "CONNECT h:1 HTTP/1.1\r\n\r\nbye");
    assert_eq!(logged(), ["200 ", " there"]);
}

// ---- connecting ----

fn unused_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
#[test]
fn refused_connections() {
    let b = base();
    let con = connection(b, unused_port());
    on_close(con, |_| log("closed"));
    let ended = countdown(con, 3);
    for _ in 0..2 {
        send(con, logging(ended.clone()).request(), "/");
    }
    // A request made in a callback is tried anew, and fails on its own.
    let (e, f) = (ended.clone(), ended.clone());
    let first = On::done(move |r| {
        log(tell(r));
        send(con, logging(f.clone()).request(), "/again");
        e();
    });
    drop(first);
    let again = ended;
    let once = Cell::new(true);
    after(b, 0, move || {
        if once.replace(false) {
            send(con, logging(again).request(), "/later");
        }
    });
    run(b);
    end(b);
    assert_eq!(logged(), ["0 ", "0 ", "0 "]);
}
#[test]
fn failing_callbacks_may_ask_again_for_ever() {
    let b = base();
    let con = connection(b, unused_port());
    fn again(con: ConRef, left: u32) {
        let on = On::done(move |_| if left == 0 { con.free() } else { again(con, left - 1) });
        send(con, on.request(), "/");
    }
    again(con, 3000);
    run(b);
    end(b);
    // The same where not even an attempt can be made.
    let b = base();
    let con = ConRef::new_client(Some(b), null_mut(), None, b"127.0.0.1", 0).unwrap();
    again(con, 3000);
    run(b);
    end(b);
    let b = base();
    let con = ConRef::new_client(Some(b), null_mut(), None, b"no host's name", 80).unwrap();
    again(con, 300);
    run(b);
    end(b);
}
#[test]
fn unreachable_hosts_give_no_request() {
    let b = base();
    for host in [&b"239.10.20.30"[..], b"[::ffff:0:0", b"::1::", b"a\nb"] {
        let con = ConRef::new_client(Some(b), null_mut(), None, host, 80).unwrap();
        con.set_timeout(Some(ms(200)));
        send(con, logging(move || con.free()).request(), "/");
        run(b);
        let got = logged();
        assert!(got == ["error 1", "null"] || got == ["0 "], "{got:?}");
    }
    end(b);
}
#[test]
fn retries_wait_twice_as_long_each_time() {
    let b = base();
    let port = unused_port();
    let con = connection(b, port);
    con.set_retries(2);
    con.set_first_retry(Some(ms(40)));
    let started = std::time::Instant::now();
    let ended = countdown(con, 2);
    send(con, logging(ended.clone()).request(), "/");
    // One that joins while a retry is waited for neither hastens nor hinders it.
    after(b, 20, move || send(con, logging(ended).request(), "/"));
    run(b);
    end(b);
    let took = started.elapsed().as_millis();
    assert!((115..400).contains(&took), "{took}");
    assert_eq!(logged(), ["0 ", "0 "]);
}
#[test]
fn a_server_that_comes_later_is_found() {
    let b = base();
    let port = unused_port();
    let con = connection(b, port);
    con.set_retries(-1);
    con.set_first_retry(Some(ms(20)));
    send(con, logging(move || con.free()).request(), "/");
    let t = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        play(
            &TcpListener::bind(("127.0.0.1", port)).unwrap(),
            vec![Do::Accept, Do::Head, ok("late"), Do::WaitEnd],
        )
    });
    run(b);
    end(b);
    t.join().unwrap();
    assert_eq!(logged(), ["200 late"]);
}
#[test]
fn cancelling_while_a_retry_is_waited_for() {
    let b = base();
    let con = connection(b, unused_port());
    con.set_retries(1);
    con.set_first_retry(Some(ms(5000)));
    let req = logging(|| {}).request();
    send(con, req, "/");
    after(b, 30, move || {
        client::cancel(req);
        con.free();
    });
    run(b);
    end(b);
    assert_eq!(logged(), Vec::<String>::new());
}
#[test]
fn local_addresses_and_families() {
    let b = base();
    let (port, t) = server(vec![Do::Accept, Do::Head, ok("x"), Do::WaitEnd]);
    let con = connection(b, port);
    con.set_local_address(Some(b"127.0.0.1"));
    send(con, logging(move || con.free()).request(), "/");
    run(b);
    t.join().unwrap();
    assert_eq!(logged(), ["200 x"]);
    // An address that is none of ours: nothing can be begun.
    let con = connection(b, port);
    con.set_local_address(Some(b"192.0.2.1"));
    assert!(con.make_request(logging(|| {}).request(), GET, b"/").is_err());
    con.set_local_address(None);
    con.free();
    end(b);
}
#[test]
fn hosts_with_brackets() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let port = listener.local_addr().unwrap().port();
    let t = std::thread::spawn(move || {
        play(
            &listener,
            vec![Do::Accept, Do::Head, ok("six"), Do::WaitEnd, Do::Accept, Do::Head, ok("six"), Do::WaitEnd],
        )
    });
    for host in [&b"[::1]"[..], b"::1"] {
        let b = base();
        let con = ConRef::new_client(Some(b), null_mut(), None, host, port).unwrap();
        send(con, logging(move || con.free()).request(), "/");
        run(b);
        end(b);
        assert_eq!(logged(), ["200 six"]);
    }
    t.join().unwrap();
}
#[test]
fn the_address_that_was_connected_is_used_again() {
    let b = base();
    let (port, t) =
        server(vec![Do::Accept, Do::Head, ok("1"), Do::Close, Do::Accept, Do::Head, ok("2"), Do::WaitEnd]);
    let con = ConRef::new_client(Some(b), null_mut(), None, b"localhost", port).unwrap();
    con.set_family(libc::AF_INET);
    assert!(!client::set_flags(con, 1) && !client::set_flags(con, 1 << 20));
    assert!(client::set_flags(con, 8 | 16 | 32));
    after_close(b, con, move || {
        // From here on no look-up would give anything.
        con.set_family(libc::AF_INET6);
        send(con, logging(move || con.free()).request(), "/");
    });
    send(con, logging(|| {}).request(), "/");
    run(b);
    end(b);
    t.join().unwrap();
    assert_eq!(logged(), ["200 1", "closed", "200 2", "closed"]);
}

// ---- connections given away ----

fn given_away(b: BaseRef, port: u16, n: usize) {
    let con = connection(b, port);
    con.free_on_completion();
    on_close(con, |_| log("closed"));
    for _ in 0..n {
        send(con, logging(|| {}).request(), "/");
    }
}
#[test]
fn connections_given_away_are_freed_whatever_happens() {
    let b = base();
    given_away(b, unused_port(), 2);
    run(b);
    assert_eq!(logged(), ["0 ", "0 "]);
    for (answer, want) in [
        (say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"), &["closed", "200 x"][..]),
        (say("nonsense\r\n"), &["closed", "error 2", "null"]),
    ] {
        let (port, t) = server(vec![Do::Accept, Do::Head, answer, Do::WaitEnd]);
        given_away(b, port, 1);
        run(b);
        t.join().unwrap();
        assert_eq!(logged(), want);
    }
    let (port, t) = server(vec![Do::Accept, Do::Head, ok("x"), Do::Pause(20), Do::Close]);
    given_away(b, port, 1);
    run(b);
    t.join().unwrap();
    assert_eq!(logged(), ["200 x", "closed"]);
    end(b);
}

// ---- write errors ----

#[test]
fn an_early_answer_counts_where_the_program_wants_it() {
    for flag in [0, 16] {
        let b = base();
        let (port, t) = server(vec![
            Do::Accept,
            Do::Head,
            say("HTTP/1.1 413 Too much\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"),
            Do::Pause(50),
            Do::Close,
        ]);
        let con = connection(b, port);
        assert!(client::set_flags(con, flag));
        let req = logging(move || con.free()).request();
        let big = vec![b'x'; 64 << 20];
        req.output_buffer().unwrap().add(&big).unwrap();
        con.make_request(req, POST, b"/").unwrap();
        run(b);
        end(b);
        t.join().unwrap();
        let got = logged();
        if flag == 0 {
            assert_eq!(got, [format!("error {}", E::EVREQ_HTTP_EOF.0), "null".into()]);
        } else {
            assert_eq!(got, ["413 no"]);
        }
    }
}
#[test]
fn a_server_that_floods_a_sending_client_is_not_stored() {
    let b = base();
    let (port, t) = server(vec![Do::Accept, Do::Head, Do::Say(vec![b'x'; 8 << 20]), Do::Close]);
    let con = connection(b, port);
    con.set_timeout(Some(ms(200)));
    let alive = Rc::new(Cell::new(true));
    let gone = alive.clone();
    let on = logging(move || {
        gone.set(false);
        con.free();
    });
    let req = on.request();
    req.output_buffer().unwrap().add(&vec![b'x'; 64 << 20]).unwrap();
    con.make_request(req, POST, b"/").unwrap();
    let most = Rc::new(Cell::new(0));
    fn watch(b: BaseRef, con: ConRef, alive: Rc<Cell<bool>>, most: Rc<Cell<usize>>) {
        after(b, 5, move || {
            if alive.get() {
                most.set(most.get().max(con.bev().input().len()));
                watch(b, con, alive, most);
            }
        });
    }
    watch(b, con, alive, most.clone());
    run(b);
    end(b);
    t.join().unwrap();
    assert!(most.get() < 1 << 20, "{}", most.get());
    assert_eq!(logged().last().unwrap(), "null");
}
