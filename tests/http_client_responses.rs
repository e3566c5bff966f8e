//! The HTTP client against servers that behave, and against those that do not: what a response is, where it ends, and
//! whether the connection is used again.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod http_client_common;
mod net;
use bev_common::{base, end, log, logged, run};
use http_client_common::*;
use oxievent::abi::http::evhttp_request_error as E;

/// What became of one GET to a server that gives `response` and then does `then`.
fn get(response: &[u8], then: Do) -> Vec<String> {
    get_with(GET, response, then, false)
}
fn get_with(
    method: oxievent::abi::http::evhttp_cmd_type,
    response: &[u8],
    then: Do,
    chunks: bool,
) -> Vec<String> {
    let b = base();
    let (port, t) = server(vec![Do::Accept, Do::Head, Do::Say(response.to_vec()), then]);
    let con = connection(b, port);
    on_close(con, |_| log("closed"));
    let mut on = On::done(move |r| {
        log(tell(r));
        con.free();
    })
    .error(|e| log(format!("error {}", e.0)));
    if chunks {
        on = on.chunk(|r| log(format!("chunk {}", tell(Some(r)))));
    }
    con.make_request(on.request(), method, b"/").unwrap();
    run(b);
    end(b);
    t.join().unwrap();
    logged()
}
fn body(response: &str, want: &str) {
    let got = get(response.as_bytes(), Do::WaitEnd);
    assert!(got.contains(&format!("200 {want}")), "{response:?}: {got:?}");
}
fn fails(response: &str, why: E) {
    let got = get(response.as_bytes(), Do::WaitEnd);
    let want = [format!("error {}", why.0), "null".to_string()];
    assert_eq!(
        got.iter().filter(|l| *l != "closed").collect::<Vec<_>>(),
        want.iter().collect::<Vec<_>>(),
        "{response:?}"
    );
}

#[test]
fn bodies_end_where_they_say() {
    body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello");
    body("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "");
    body("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nab", "ab");
    body(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: x\r\n\r\n",
        "abcde",
    );
    body("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", "x");
    body(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        "x",
    );
}
#[test]
fn bodies_that_end_with_the_connection() {
    for head in [
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n",
    ] {
        assert_eq!(get(format!("{head}to the end").as_bytes(), Do::Close), ["closed", "200 to the end"]);
    }
    let got = get(b"HTTP/1.1 200 OK\r\n\r\nsome", Do::Reset);
    // What had arrived is not the whole body. (Wine takes a reset for an end: c-tests/windows/WINE.md.)
    #[cfg(not(windows))]
    assert_eq!(got.last().unwrap(), "null", "{got:?}");
}
#[test]
fn responses_without_body() {
    for code in [204, 304] {
        let r = format!("HTTP/1.1 {code} X\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(get(r.as_bytes(), Do::WaitEnd), [format!("{code} "), "closed".into()]);
    }
    let r = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
    assert_eq!(get_with(HEAD, r, Do::WaitEnd, false), ["200 ", "closed"]);
    let r = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(get_with(HEAD, r, Do::WaitEnd, false), ["200 ", "closed"]);
}
#[test]
fn chunks_are_handed_over() {
    let r = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(get_with(GET, r, Do::WaitEnd, true), ["chunk 200 abc", "chunk 200 de", "200 ", "closed"]);
    let r = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(get_with(GET, r, Do::WaitEnd, true), ["chunk 200 abc", "200 ", "closed"]);
    assert_eq!(
        get_with(GET, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Do::WaitEnd, true),
        ["200 ", "closed"]
    );
    assert_eq!(
        get_with(GET, b"HTTP/1.1 200 OK\r\n\r\nxy", Do::Close, true),
        ["chunk 200 xy", "closed", "200 "]
    );
}
#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let ok = "HTTP/1.1 200 OK\r\n";
    for bad in [
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "\r\n\r\n",
        "HTTP/1.1 200 O\0K\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
    ] {
        fails(bad, E::EVREQ_HTTP_INVALID_HEADER);
    }
    for bad in [
        "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "Content-Length: -1\r\n\r\nabc",
        "Content-Length: +3\r\n\r\nabc",
        "Content-Length: 0x3\r\n\r\nabc",
        "Content-Length : 3\r\n\r\nabc",
        "Content-Length: 3\n\r\nabc",
        ": x\r\n\r\n",
        "A: b\0c\r\n\r\n",
        " A: b\r\n\r\n",
        "Transfer-Encoding: gzip\r\n\r\nabc",
        "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
        "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
    ] {
        fails(&format!("{ok}{bad}"), E::EVREQ_HTTP_INVALID_HEADER);
    }
    for bad in [
        "Content-Length: 18446744073709551620\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na",
    ] {
        fails(&format!("{ok}{bad}"), E::EVREQ_HTTP_DATA_TOO_LONG);
    }
    // A length beside a coding: the coding counts, and the connection ends.
    let got = get(
        b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        Do::WaitEnd,
    );
    assert_eq!(got, ["closed", "200 a"]);
}
#[test]
fn ends_that_come_too_early() {
    for part in [
        "",
        "HTTP",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nA: b",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        for then in [Do::Close, Do::Reset, Do::EndOutput] {
            let got = get(part.as_bytes(), then);
            assert_eq!(
                got.iter().filter(|l| *l != "closed").collect::<Vec<_>>(),
                ["error 1", "null"],
                "{part:?}"
            );
        }
    }
}
#[test]
fn heads_and_interim_responses_have_limits() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(2 << 20));
    fails(&long, E::EVREQ_HTTP_INVALID_HEADER);
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(5000));
    fails(&many, E::EVREQ_HTTP_INVALID_HEADER);
    let interim = "HTTP/1.1 102 Processing\r\n\r\n".repeat(100);
    fails(&interim, E::EVREQ_HTTP_INVALID_HEADER);
}
#[test]
fn the_program_limits_heads_and_bodies() {
    for (head, limit_body, response) in [
        (20, -1, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
        (-1, 2, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"),
        (-1, 2, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        (-1, 2, "HTTP/1.1 200 OK\r\n\r\nabc"),
    ] {
        let b = base();
        let (port, t) = server(vec![Do::Accept, Do::Head, say(response), Do::WaitEnd]);
        let con = connection(b, port);
        con.set_max_head(head);
        con.set_max_body(limit_body);
        let on = On::done(move |r| {
            log(tell(r));
            con.free();
        })
        .error(|e| log(format!("error {}", e.0)));
        con.make_request(on.request(), GET, b"/").unwrap();
        run(b);
        end(b);
        t.join().unwrap();
        let why = if head > 0 { 2 } else { 5 };
        assert_eq!(logged(), [format!("error {why}"), "null".into()], "{response}");
    }
}
#[test]
fn nothing_depends_on_how_the_bytes_are_cut() {
    let r = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 Fine\r\nA: b\r\n c\r\nTransfer-Encoding: chunked\r\n\r\n\
             5;e\r\nhello\r\n0\r\nT: u\r\n\r\n";
    for cut in 0..r.len() {
        let b = base();
        let (head, tail) = r.split_at(cut);
        let (port, t) = server(vec![Do::Accept, Do::Head, say(head), Do::Pause(1), say(tail), Do::WaitEnd]);
        let con = connection(b, port);
        let on = On::done(move |r| {
            let q = r.unwrap();
            let h = q.input_headers().unwrap();
            assert_eq!((h.find(b"A"), h.find(b"X"), h.find(b"T")), (Some(&b"b c"[..]), None, None));
            assert_eq!(q.reason(), b"Fine");
            log(tell(r));
            con.free();
        });
        con.make_request(on.request(), GET, b"/").unwrap();
        run(b);
        end(b);
        t.join().unwrap();
        assert_eq!(logged(), ["200 hello"], "{cut}");
    }
}
#[test]
fn slow_heads_end_by_the_clock() {
    let b = base();
    let drip = "HTTP/1.1 200 OK\r\nX-Slow: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";
    let (port, t) = server(vec![Do::Accept, Do::Head, Do::Drip(drip, 20), Do::WaitEnd]);
    let con = connection(b, port);
    con.set_timeout(Some(bev_common::ms(300)));
    let started = std::time::Instant::now();
    let on = On::done(move |r| {
        log(tell(r));
        con.free();
    })
    .error(|e| log(format!("error {}", e.0)));
    con.make_request(on.request(), GET, b"/").unwrap();
    run(b);
    end(b);
    assert!(started.elapsed().as_millis() < 1000);
    assert_eq!(logged(), ["error 0", "null"]);
    t.join().unwrap();
}
#[test]
fn silence_is_a_timeout() {
    for steps in [
        vec![Do::Accept, Do::Head, Do::WaitEnd],
        vec![Do::Accept, Do::Head, say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"), Do::WaitEnd],
    ] {
        let b = base();
        let (port, t) = server(steps);
        let con = connection(b, port);
        con.set_timeout(Some(bev_common::ms(100)));
        let on = On::done(move |r| {
            log(tell(r));
            con.free();
        })
        .error(|e| log(format!("error {}", e.0)));
        con.make_request(on.request(), GET, b"/").unwrap();
        run(b);
        end(b);
        assert_eq!(logged(), ["error 0", "null"]);
        t.join().unwrap();
    }
}
