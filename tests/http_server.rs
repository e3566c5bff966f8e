//! The server: replies, connections that stay, requests sent ahead, streams, ends.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod http_common;
mod net;
use http_common::{Site, body, chunk, con_cb, log, logged, ok, request_cb};
use net::libc;
use oxievent::abi::http::{evhttp_cmd_type, evhttp_request_error};
use oxievent::http::reply;
use oxievent::http::request::ReqRef;
use std::cell::Cell;
use std::ffi::c_void;
use std::net::Shutdown;
use std::ptr::null_mut;
use std::rc::Rc;

const GET: &str = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST: &str = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

fn echo() -> Site {
    Site::serving(|r| {
        let text = format!("[{:?} {} {}]", r.method(), String::from_utf8_lossy(r.uri().unwrap()), body(r));
        ok(r, &text);
    })
}

#[test]
fn a_reply_has_its_headers() {
    let s = echo();
    let got = s.ask(LAST);
    let (head, body) = got.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some("HTTP/1.1 200 OK"));
    let fields: Vec<&str> = lines.collect();
    assert!(fields.iter().any(|f| f.starts_with("Date: ") && f.ends_with(" GMT")));
    assert!(fields.contains(&format!("Content-Length: {}", body.len()).as_str()));
    assert!(fields.contains(&"Content-Type: text/html; charset=ISO-8859-1"));
    assert!(fields.contains(&"Connection: close"));
    s.end();
}
#[test]
fn connections_stay_and_requests_are_answered_in_order() {
    let s = echo();
    let mut c = s.connect();
    for i in 0..3 {
        c.send(format!("GET /{i} HTTP/1.1\r\n\r\n").as_bytes());
        s.until(|| c.has(&format!("/{i} ]")));
    }
    assert!(!c.ended);
    // Ahead of time.
    let mut all = String::new();
    for i in 10..60 {
        all += &format!("POST /{i} HTTP/1.1\r\nContent-Length: 3\r\n\r\n#{i}");
    }
    c.send((all + LAST).as_bytes());
    s.until(|| c.poll());
    let text = c.text();
    let mut at = 0;
    for i in 10..60 {
        at += text[at..].find(&format!("/{i} #{i}]")).unwrap();
    }
    assert_eq!(s.http.connection_count(), 0);
    s.end();
}
#[test]
fn any_split_of_the_bytes_is_the_same() {
    let s = echo();
    let input = format!(
        "POST /a?b HTTP/1.1\r\nA: b\r\n c\r\nContent-Length: 5\r\n\r\nHello\r\n\
         POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x\r\nWiki\r\n3\r\nped\r\n0\r\nT: x\r\n\r\n{LAST}"
    );
    for n in [1, 2, 3, 7, 1000] {
        let got = s.ask_slowly(&input, n);
        assert!(got.contains("/a?b Hello]") && got.contains("/c Wikiped]") && got.ends_with("/x ]"), "{got}");
    }
    s.end();
}
#[test]
fn old_clients() {
    let s = echo();
    let got = s.ask("GET /x HTTP/1.0\r\n\r\n");
    assert!(got.starts_with("HTTP/1.0 200 OK\r\n") && !got.contains("Date") && !got.contains("Connection"));
    let mut c = s.connect();
    c.send(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    s.until(|| c.has("/x ]"));
    assert!(c.has("Connection: keep-alive\r\n") && c.has("Content-Length: ") && !c.ended);
    s.end();
}
#[test]
fn replies_without_body() {
    for code in [204, 304] {
        let s = Site::serving(move |r| {
            let b = oxievent::buffer::BufferRef::new().unwrap();
            b.add(b"not sent").unwrap();
            reply::send_reply(r, code, None, Some(b));
            b.free();
        });
        let got = s.ask(LAST);
        assert!(got.ends_with("\r\n\r\n") && !got.contains("Content-"), "{got}");
        s.end();
    }
    let s = echo();
    let got = s.ask(&format!("HEAD /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nab{LAST}"));
    assert_eq!(got.matches("HTTP/1.1 200").count(), 2);
    assert_eq!(got.matches('[').count(), 1);
    s.end();
}
#[test]
fn streams() {
    let s = Site::new()
        .path("/s", |r| {
            reply::send_reply_start(r, 200, None);
            step(r, 0);
            fn step(r: ReqRef, n: u32) {
                if n == 3 {
                    return reply::send_reply_end(r);
                }
                chunk(r, &format!("part{n}"), con_cb(move |_| step(r, n + 1)));
            }
        })
        .path("/sync", |r| {
            reply::send_reply_start(r, 200, None);
            chunk(r, "one", (None, null_mut()));
            chunk(r, "two", (None, null_mut()));
            reply::send_reply_end(r);
        })
        .path("/empty", |r| {
            reply::send_reply_start(r, 204, None);
            reply::send_reply_end(r);
        });
    let mut c = s.connect();
    c.send(b"GET /s HTTP/1.1\r\n\r\nGET /sync HTTP/1.1\r\n\r\nGET /empty HTTP/1.1\r\n\r\n");
    s.until(|| c.has(" 204 "));
    let text = c.text();
    assert!(
        text.contains("\r\n\r\n5\r\npart0\r\n5\r\npart1\r\n5\r\npart2\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"),
        "{text}"
    );
    assert!(text.contains("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 204 "));
    assert!(!c.ended);
    // To an old client the end of the connection is the end of the body.
    let got = s.ask("GET /sync HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(
        got.ends_with("\r\n\r\nonetwo") && !got.contains("Content-Length") && !got.contains("keep-alive"),
        "{got}"
    );
    s.end();
}
#[test]
fn complete_is_told_when_all_is_written() {
    let s = Site::serving(|r| {
        let (cb, arg) = request_cb(|r| log(format!("done {}", r.response_code())));
        r.set_on_complete_cb(cb);
        r.set_on_complete_arg(arg);
        ok(r, "x");
        log("sent");
    });
    s.ask(&format!("{GET}{LAST}"));
    assert_eq!(logged(), ["sent", "sent", "done 200", "done 200"]);
    s.end();
}
#[test]
fn errors_end_the_connection() {
    let s = echo();
    s.http.set_max_body(5);
    for (input, code) in [
        ("GET\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/2.0\r\n\r\n", "400"),
        ("BREW / HTTP/1.1\r\n\r\n", "501"),
        ("OPTIONS / HTTP/1.1\r\n\r\n", "501"),
        ("GET / HTTP/1.1\nA: b\n\n", "400"),
        ("GET / HTTP/1.1\r\nA : b\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\n", "413"),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "413"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "501"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", "400"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n", "413"),
        ("POST / HTTP/1.1\r\nExpect: 101-continue\r\nContent-Length: 1\r\n\r\n", "417"),
    ] {
        let got = s.ask(&format!("{input}{GET}"));
        assert!(got.starts_with(&format!("HTTP/1.1 {code}")), "{input:?}: {got}");
        assert!(got.contains("Connection: close\r\n") && got.matches("HTTP/1.1").count() == 1, "{got}");
    }
    s.end();
}
#[test]
fn continue_is_said_once_it_is_waited_for() {
    let s = echo();
    let mut c = s.connect();
    c.send(b"POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    s.until(|| c.has("HTTP/1.1 100 Continue\r\n\r\n"));
    c.send(b"abc");
    s.until(|| c.has("/p abc]"));
    let got =
        s.ask(&format!("POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc{LAST}"));
    assert!(!got.contains("100 Continue"));
    s.end();
}
#[test]
fn no_control_byte_leaves() {
    let s = Site::serving(|r| {
        let list = r.output_headers().unwrap();
        assert!(list.add(b"X", b"a\r\nEvil: 1").is_err());
        list.append(b"Y", b"b\r\nEvil: 1").unwrap();
        list.append(b"Z\r\nEvil", b"1").unwrap();
        list.append(b"F", b"one\r\n two").unwrap();
        reply::send_reply(r, 200, Some(b"OK\r\nEvil: 1"), None);
    });
    let got = s.ask(LAST);
    assert!(!got.contains("Evil") && got.contains("\r\nF: one two\r\n"), "{got}");
    s.end();
}
#[test]
fn paths_and_methods() {
    let s = Site::new().path("/a b", |r| ok(r, "spaced")).path("/", |r| ok(r, "root"));
    assert!(s.http.set_cb(b"/", None, null_mut()).is_err());
    assert!(s.ask("GET /a%20b?x=1 HTTP/1.0\r\n\r\n").ends_with("spaced"));
    assert!(s.ask("GET http://h/ HTTP/1.0\r\n\r\n").ends_with("root"));
    let got = s.ask("GET /<a> HTTP/1.1\r\n\r\n");
    assert!(
        got.contains(" 404 ") && got.contains("/&lt;a&gt;") && got.contains("Connection: close"),
        "{got}"
    );
    assert!(s.ask("GET /%00 HTTP/1.1\r\n\r\n").contains(" 404 "));
    s.http.set_allowed_methods(evhttp_cmd_type::EVHTTP_REQ_GET.0 as u16);
    assert!(s.ask("POST / HTTP/1.1\r\n\r\n").contains(" 501 "));
    s.http.del_cb(b"/").unwrap();
    assert!(s.http.del_cb(b"/").is_err());
    s.end();
}
#[test]
fn virtual_hosts() {
    let s = Site::serving(|r| ok(r, "root"));
    let host = |name: &'static str| {
        let v = oxievent::http::server::ServerRef::new(Some(s.base)).unwrap();
        let (cb, arg) = request_cb(move |r| ok(r, name));
        v.set_gencb(cb, arg);
        v
    };
    let (a, b) = (host("a"), host("b"));
    s.http.add_virtual_host(b"*.a.com", a).unwrap();
    a.add_virtual_host(b"b.*", b).unwrap();
    assert!(b.add_virtual_host(b"x", s.http).is_err());
    b.add_alias(b"manolito.info").unwrap();
    for (host, want) in
        [("x.a.com", "a"), ("X.A.COM:80", "a"), ("b.a.com", "b"), ("Manolito.info", "b"), ("other", "root")]
    {
        let got = s.ask(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        assert!(got.ends_with(&format!("\r\n\r\n{want}")), "{host}: {got}");
    }
    b.remove_alias(b"MANOLITO.info").unwrap();
    s.http.remove_virtual_host(a).unwrap();
    assert!(s.ask("GET / HTTP/1.1\r\nHost: x.a.com\r\nConnection: close\r\n\r\n").ends_with("root"));
    a.free();
    s.end();
}

unsafe extern "C" fn on_error(e: evhttp_request_error, _: *mut c_void) {
    log(format!("error {}", e.0));
}
#[test]
fn the_end_of_a_waiting_client_is_noticed() {
    let held = Rc::new(Cell::new(None));
    let h = held.clone();
    let s = Site::serving(move |r| {
        r.set_error_cb(Some(on_error));
        let con = r.connection().unwrap();
        let (cb, arg) = con_cb(|_| log("closed"));
        con.set_closecb(cb, arg);
        h.set(Some(r));
    });
    for how in [Shutdown::Both, Shutdown::Write] {
        let mut c = s.connect();
        c.send(GET.as_bytes());
        s.until(|| held.get().is_some());
        c.s.shutdown(how).unwrap();
        s.until(|| s.http.connection_count() == 0);
        assert_eq!(logged(), ["error 1", "closed"]);
        let r = held.take().unwrap();
        assert!(r.connection().is_none());
        ok(r, "nobody hears it");
    }
    s.end();
}
#[test]
fn reading_ahead_is_bounded_and_ends_are_noticed_all_the_same() {
    let held = Rc::new(Cell::new(None));
    let h = held.clone();
    let s = Site::serving(move |r| {
        r.set_error_cb(Some(on_error));
        h.set(Some(r));
    });
    // Without such a backend nobody looks at a connection that rests.
    if !s.base.features().contains(oxievent::abi::event::Feature::EARLY_CLOSE) {
        return s.end();
    }
    // A little more than is read ahead, and an orderly end behind it; or much more, and a reset.
    for (requests, reset) in [(4_500, false), (400_000, true)] {
        let mut c = s.connect();
        c.send(GET.as_bytes());
        s.until(|| held.get().is_some());
        let con = held.get().unwrap().connection().unwrap();
        if !reset {
            // A program that wants to know of an orderly end says so.
            con.set_closecb(con_cb(|_| ()).0, con_cb(|_| ()).1);
        }
        use std::io::Write;
        let flood = GET.repeat(500);
        let mut sent = 0;
        for _ in 0..requests / 500 {
            sent += c.s.write(flood.as_bytes()).unwrap_or(0);
            s.turn();
        }
        let ahead = con.bev().input().len();
        assert!(sent > ahead && (64 * 1024..128 * 1024).contains(&ahead), "{sent} {ahead}");
        if reset {
            net::linger_none(net::AsRawFd::as_raw_fd(&c.s));
        }
        drop(c);
        s.until(|| s.http.connection_count() == 0);
        assert_eq!(logged(), ["error 1"]);
        held.take().unwrap().free();
    }
    s.end();
}
#[test]
fn many_requests_ahead_are_all_answered() {
    let s = echo();
    let mut c = s.connect();
    let n = 20_000;
    let all = GET.repeat(n);
    let mut rest = all.as_bytes();
    use std::io::Write;
    let mut got = 0;
    s.until(|| {
        while let Ok(sent) = c.s.write(rest) {
            if sent == 0 {
                break;
            }
            rest = &rest[sent..];
        }
        c.poll();
        // The text is counted piece by piece, as it is long.
        if c.got.len() > 1 << 20 {
            let keep = c.got.len() - 10;
            got += c.text()[..keep].matches("/x ]").count();
            c.got.drain(..keep);
        }
        got + c.text().matches("/x ]").count() >= n
    });
    s.end();
}
#[test]
fn a_slow_head_has_a_deadline() {
    let s = echo();
    s.http.set_timeout(Some(libc::timeval { tv_sec: 0, tv_usec: 100_000 }));
    let mut c = s.connect();
    let begin = std::time::Instant::now();
    s.until(|| {
        c.send(b"G");
        s.idle(20);
        c.poll()
    });
    assert!(begin.elapsed().as_millis() < 1000);
    // A reply that takes its time is none of it.
    let held = Rc::new(Cell::new(None));
    let h = held.clone();
    let (cb, arg) = request_cb(move |r| h.set(Some(r)));
    s.http.set_gencb(cb, arg);
    let mut c = s.connect();
    c.send(GET.as_bytes());
    s.until(|| held.get().is_some());
    s.idle(350);
    ok(held.take().unwrap(), "late");
    s.until(|| c.has("late"));
    // And then it rests too long.
    s.until(|| c.poll());
    s.end();
}
#[test]
fn large_replies_and_requests() {
    let s = Site::serving(|r| {
        let n = body(r).len();
        ok(r, &"x".repeat(n));
    });
    let mut c = s.connect();
    let big = 3_000_000;
    c.send(format!("POST / HTTP/1.1\r\nContent-Length: {big}\r\nConnection: close\r\n\r\n").as_bytes());
    let data = vec![b'y'; big];
    let mut rest = &data[..];
    use std::io::Write;
    s.until(|| {
        if let Ok(n) = c.s.write(rest) {
            rest = &rest[n..];
        }
        c.poll()
    });
    assert_eq!(c.got.iter().filter(|&&b| b == b'x').count(), big + 1, "one in text/html");
    s.end();
}
#[cfg(unix)]
#[test]
fn peers_are_named() {
    let s = Site::serving(|r| {
        let con = r.connection().unwrap();
        // SAFETY: a C string of the request's.
        let host = unsafe { std::ffi::CStr::from_ptr(r.remote_host()) };
        let text =
            format!("<{} {} {}>", host.to_str().unwrap(), r.remote_port() == con.peer().1, con.fd() >= 0);
        ok(r, &text);
    });
    assert!(s.ask(LAST).ends_with("<127.0.0.1 true true>"));
    // A peer with a name in the file system (CVE-2026-63388).
    let dir = std::env::temp_dir().join(format!("oxievent-http-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("server");
    let l = std::os::unix::net::UnixListener::bind(&path).unwrap();
    l.set_nonblocking(true).unwrap();
    s.http.accept_socket(net::IntoRawFd::into_raw_fd(l)).unwrap();
    let client = std::process::Command::new("true").status();
    drop(client);
    use net::FromRawFd;
    use std::io::{Read, Write};
    // SAFETY: a socket of ours, bound to a long name of ours.
    let mut c = unsafe {
        let fd = libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0);
        let mut a: libc::sockaddr_un = std::mem::zeroed();
        a.sun_family = libc::AF_UNIX as _;
        let long = dir.join("a-name-of-more-than-thirty-bytes-for-the-client");
        for (to, from) in a.sun_path.iter_mut().zip(long.to_str().unwrap().bytes()) {
            *to = from as _;
        }
        assert_eq!(libc::bind(fd, (&raw const a).cast(), size_of_val(&a) as u32), 0);
        net::UnixStream::from_raw_fd(fd)
    };
    // SAFETY: as above.
    unsafe {
        let mut a: libc::sockaddr_un = std::mem::zeroed();
        a.sun_family = libc::AF_UNIX as _;
        for (to, from) in a.sun_path.iter_mut().zip(path.to_str().unwrap().bytes()) {
            *to = from as _;
        }
        let fd = net::AsRawFd::as_raw_fd(&c);
        assert_eq!(libc::connect(fd, (&raw const a).cast(), size_of_val(&a) as u32), 0);
    }
    c.set_nonblocking(true).unwrap();
    c.write_all(LAST.as_bytes()).unwrap();
    let mut all = String::new();
    s.until(|| c.read_to_string(&mut all).is_ok());
    assert!(all.ends_with("<localhost true true>"), "{all}");
    std::fs::remove_dir_all(&dir).unwrap();
    s.end();
}
#[test]
fn files_are_sent() {
    let path = std::env::temp_dir().join(format!("oxievent-http-file-{}", std::process::id()));
    std::fs::write(&path, vec![b'f'; 300_000]).unwrap();
    let p = path.clone();
    let s = Site::serving(move |r| {
        let f = std::fs::File::open(&p).unwrap();
        let b = oxievent::buffer::BufferRef::new().unwrap();
        b.add_file(net::IntoRawFd::into_raw_fd(f), 0, 300_000).unwrap();
        reply::send_reply(r, 200, None, Some(b));
        b.free();
    });
    let got = s.ask(LAST);
    assert!(got.contains("Content-Length: 300000\r\n") && got.ends_with(&"f".repeat(300_000)));
    std::fs::remove_file(path).unwrap();
    s.end();
}
#[test]
fn connect_begins_a_tunnel() {
    let s = Site::serving(|r| reply::send_reply(r, 200, None, None));
    let input = format!("CONNECT h:1 HTTP/1.1\r\n\r\n{GET}");
    assert!(s.ask(&input).starts_with("HTTP/1.1 501 "));
    s.http.set_allowed_methods(0xffff);
    // Nobody takes the tunnel over.
    let got = s.ask(&input);
    assert!(got.matches("HTTP/1.1").count() == 1 && !got.contains("Content-"), "{got}");
    let (cb, arg) = request_cb(|r| {
        let (cb, arg) = request_cb(|r| {
            unsafe extern "C" fn back(bev: *mut oxievent::abi::bufferevent::bufferevent, _: *mut c_void) {
                // SAFETY: the library passes a live bufferevent.
                let bev = unsafe { oxievent::bufferevent::BevRef::from_raw(bev) }.unwrap();
                bev.output().add_buffer(bev.input()).unwrap();
            }
            r.connection();
            log("tunnel");
            let bev = TAKEN.get().unwrap();
            bev.setcb(Some(back), None, None, null_mut());
            bev.trigger(oxievent::abi::event::Ev::READ, 0);
        });
        TAKEN.set(Some(r.connection().unwrap().bev()));
        r.set_on_complete_cb(cb);
        r.set_on_complete_arg(arg);
        reply::send_reply(r, 200, None, None);
    });
    thread_local!(static TAKEN: Cell<Option<oxievent::bufferevent::BevRef>> = const { Cell::new(None) });
    s.http.set_gencb(cb, arg);
    let mut c = s.connect();
    c.send(b"CONNECT h:1 HTTP/1.1\r\n\r\nfirst");
    s.until(|| c.has("\r\n\r\nfirst"));
    c.send(b"second");
    s.until(|| c.has("firstsecond"));
    s.end();
}

#[test]
fn what_a_program_gets_wrong_stays_a_reply() {
    let s = Site::new()
        .path("/code", |r| reply::send_reply(r, -1, Some(b"OK"), None))
        .path("/length", |r| {
            r.output_headers().unwrap().append(b"Content-Length", b"1\r\n9").unwrap();
            ok(r, "body");
        })
        .path("/coding", |r| {
            r.output_headers().unwrap().add(b"Transfer-Encoding", b"chunked").unwrap();
            ok(r, "body");
        })
        .path("/coded", |r| {
            r.output_headers().unwrap().add(b"Transfer-Encoding", b"chunked").unwrap();
            ok(r, "4\r\nbody\r\n0\r\n\r\n");
        })
        .path("/codings", |r| {
            // The first one decides.
            let list = r.output_headers().unwrap();
            list.add(b"Transfer-Encoding", b"CHUNKED").unwrap();
            list.add(b"A", b"b").unwrap();
            list.add(b"transfer-encoding", b"gzip").unwrap();
            ok(r, &"body".repeat(100));
        })
        .path("/packed", |r| {
            let list = r.output_headers().unwrap();
            list.add(b"Transfer-Encoding", b"gzip").unwrap();
            list.add(b"Transfer-Encoding", b"chunked").unwrap();
            ok(r, "4\r\nbody\r\n0\r\n\r\n");
        })
        .path("/twice", |r| {
            ok(r, "one");
            ok(r, "two");
        })
        .path("/cut", |r| {
            reply::send_reply_start(r, 200, None);
            ok(r, "two");
        })
        .path("/freed", |r| r.free());
    for (path, want) in [
        ("/code", "HTTP/1.1 500 Internal Server Error"),
        ("/length", "Content-Length: 4\r\n"),
        ("/coding", "Content-Length: 4\r\n"),
        ("/coded", "Transfer-Encoding: chunked\r\n"),
        ("/codings", "\r\nA: b\r\nDate"),
        ("/codings", "\r\nContent-Length: 400\r\n"),
        ("/packed", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nDate"),
        ("/twice", "one"),
        ("/cut", ""),
        ("/freed", ""),
    ] {
        let got = s.ask(&format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"));
        assert!(got.contains(want) && !got.contains("two"), "{path}: {got}");
        assert!(got.matches("HTTP/1.1").count() < 2);
        assert!(!(got.contains("-Length") && got.to_lowercase().contains("-encoding")), "{got}");
        assert_eq!(s.http.connection_count(), 0);
    }
    s.end();
}

/// What comes back for `input` when the client ends its direction behind it, and reads slowly.
fn half_closed(s: &Site, unix: bool, input: &str, mut turn: impl FnMut()) -> String {
    use std::io::{Read, Write};
    trait Stream: Read {}
    impl<T: Read> Stream for T {}
    let input = input.as_bytes().to_vec();
    let mut c: Box<dyn Stream> = if unix {
        #[cfg(unix)]
        {
            let path = std::env::temp_dir().join(format!("oxievent-half-{}", std::process::id()));
            let _ = std::fs::remove_file(&path);
            let l = std::os::unix::net::UnixListener::bind(&path).unwrap();
            l.set_nonblocking(true).unwrap();
            let b = s.http.accept_socket(net::IntoRawFd::into_raw_fd(l)).unwrap();
            let mut c = net::UnixStream::connect(&path).unwrap();
            s.until(|| s.http.connection_count() == 1);
            oxievent::http::bound::remove(s.http, b);
            std::fs::remove_file(&path).unwrap();
            c.write_all(&input).unwrap();
            c.shutdown(Shutdown::Write).unwrap();
            c.set_nonblocking(true).unwrap();
            Box::new(c)
        }
        #[cfg(windows)]
        unreachable!()
    } else {
        let mut c = s.connect();
        c.send(&input);
        c.s.shutdown(Shutdown::Write).unwrap();
        Box::new(c.s)
    };
    let mut all = Vec::new();
    let mut buf = [0; 4096];
    s.until(|| {
        turn();
        match c.read(&mut buf) {
            Ok(0) => true,
            Ok(n) => {
                all.extend_from_slice(&buf[..n]);
                false
            }
            Err(e) => e.kind() != std::io::ErrorKind::WouldBlock,
        }
    });
    String::from_utf8_lossy(&all).into_owned()
}
#[test]
fn a_client_that_ends_its_direction_gets_what_it_asked_for() {
    for unix in [false, true] {
        if unix && cfg!(windows) {
            continue;
        }
        let held = Rc::new(Cell::new(None));
        let h = held.clone();
        let s = Site::serving(|r| ok(r, &"x".repeat(3000))).path("/later", move |r| {
            r.set_error_cb(Some(on_error));
            h.set(Some(r));
        });
        let count = |text: &str| text.matches("HTTP/1.1 200").count();
        assert_eq!(count(&half_closed(&s, unix, GET, || ())), 1);
        assert_eq!(count(&half_closed(&s, unix, &GET.repeat(300), || ())), 300);
        // The second request is not complete: the first one is answered all the same.
        assert_eq!(count(&half_closed(&s, unix, &format!("{GET}GET /x HTTP/1.1\r\nHost:"), || ())), 1);
        assert_eq!(half_closed(&s, unix, "GET /x HTTP/1.1\r\nHost:", || ()), "");
        assert_eq!(logged(), [""; 0]);
        // The program takes its time, twice.
        let later = "GET /later HTTP/1.1\r\n\r\n";
        for rest in ["", "GET /x HTTP/1.1\r\nHost"] {
            let mut turns = 0;
            let got = half_closed(&s, unix, &format!("{later}{later}{GET}{rest}"), || {
                turns += 1;
                if turns % 50 == 0
                    && let Some(r) = held.take()
                {
                    ok(r, "late");
                }
            });
            assert_eq!((count(&got), got.matches("late").count()), (3, 2), "{got}");
            assert!(logged().iter().all(|l| l == "error 1"));
        }
        assert_eq!(s.http.connection_count(), 0);
        s.end();
    }
}
/// What a program does to the headers of one request must not show in the next one, whose headers lie where the first
/// one's did.
#[test]
fn programs_may_take_and_change_headers_of_a_request_that_is_used_again() {
    use oxievent::abi::keyvalq::evkeyval;
    let taken = Rc::new(Cell::new(null_mut::<evkeyval>()));
    let t = taken.clone();
    let s = Site::serving(move |r| {
        let (list, out) = (r.input_headers().unwrap(), r.output_headers().unwrap());
        let got: Vec<String> =
            list.iter().map(|(n, v)| format!("{}={}", n.escape_ascii(), v.escape_ascii())).collect();
        log(got.join(" "));
        for (n, v) in list.iter() {
            out.add(&[b"Re-", n].concat(), v).unwrap();
        }
        out.add(b"Long", "v".repeat(300).as_bytes()).unwrap();
        // SAFETY: what C's macros and assignments do.
        unsafe {
            // The first node leaves the list for good, the second gets strings of the program's own, the third no value.
            let first = (*list.as_ptr()).tqh_first;
            let second = (*first).next.tqe_next;
            (*second).next.tqe_prev = (*first).next.tqe_prev;
            *(*first).next.tqe_prev = second;
            libc::free(t.replace(first).cast());
            (*second).key = libc::strdup(c"Other".as_ptr());
            (*second).value = libc::strdup(c"thing".as_ptr());
            let third = (*second).next.tqe_next;
            (*third).value = null_mut();
            // And one of the program's own in front.
            let own = libc::malloc(size_of::<evkeyval>()).cast::<evkeyval>();
            own.write(evkeyval {
                next: oxievent::abi::event::TailqEntry {
                    tqe_next: second,
                    tqe_prev: (*second).next.tqe_prev,
                },
                key: libc::strdup(c"Own".as_ptr()),
                value: libc::strdup(c"1".as_ptr()),
            });
            *(*own).next.tqe_prev = own;
            (*second).next.tqe_prev = &raw mut (*own).next.tqe_next;
        }
        assert!(list.remove(b"d") && !list.remove(b"a") && list.find(b"own").is_some());
        ok(r, "");
    });
    let mut c = s.connect();
    for i in 0..6 {
        // More of them than are kept, and of all lengths.
        let more: String = (0..40).map(|n| format!("N{n}: {}\r\n", "x".repeat(n * i))).collect();
        c.send(
            format!("GET /{} HTTP/1.1\r\na: {i}\r\nb: 2\r\nc: 3\r\nd:\r\n{more}\r\n", "p".repeat(200 * i))
                .as_bytes(),
        );
        s.until(|| c.count("\r\n\r\n") == i + 1);
        let want: String = (0..40).map(|n| format!(" N{n}={}", "x".repeat(n * i))).collect();
        assert_eq!(logged(), [format!("a={i} b=2 c=3 d={want}")]);
        assert!(c.has(&format!("\r\nRe-a: {i}\r\nRe-b: 2\r\nRe-c: 3\r\nRe-d: \r\nRe-N0: \r\n")));
        // SAFETY: the node that was taken is still what it was.
        let kept = unsafe { std::ffi::CStr::from_ptr((*taken.get()).value) };
        assert_eq!(kept.to_str(), Ok(i.to_string().as_str()));
    }
    s.end();
    // SAFETY: taken off its list, as above.
    unsafe { libc::free(taken.get().cast()) };
}

#[test]
fn a_cleanup_function_may_free_the_server_when_its_request_is_over() {
    use oxievent::abi::http::{evhttp, evhttp_request};
    use std::ffi::c_void;
    unsafe extern "C" fn cleanup(_: *const c_void, _: usize, server: *mut c_void) {
        // SAFETY: as it was given below, once.
        unsafe { oxievent::http::server::ServerRef::from_raw(server.cast::<evhttp>()) }.unwrap().free();
        log("freed");
    }
    unsafe extern "C" fn complete(req: *mut evhttp_request, server: *mut c_void) {
        // SAFETY: the library's request, and constant bytes.
        unsafe {
            let input = oxievent::http::request::ReqRef::from_raw(req).unwrap().input_buffer().unwrap();
            input.add_reference(b"left".as_ptr().cast(), 4, Some(cleanup), server).unwrap();
        }
    }
    for requests in [1, 3] {
        let s = Site::serving(|r| {
            let server = r.connection().unwrap().server().unwrap();
            if r.header_in(b"Last").is_some() {
                r.set_on_complete_cb(Some(complete));
                r.set_on_complete_arg(server.as_ptr().cast());
            }
            ok(r, "body");
        });
        let mut c = s.connect();
        c.send("GET / HTTP/1.1\r\n\r\n".repeat(requests - 1).as_bytes());
        c.send(b"GET / HTTP/1.1\r\nLast: 1\r\n\r\n");
        s.until(|| c.poll());
        assert_eq!(c.count("\r\n\r\nbody"), requests);
        assert_eq!(logged(), ["freed"]);
        // SAFETY: the server has gone, nobody uses the base.
        unsafe { s.base.free(true) };
    }
}

#[test]
fn the_connections_own_output_is_no_body_but_harms_nobody() {
    for n in [10, 150, 200, 250] {
        let s = Site::serving(move |r| {
            let output = r.connection().unwrap().bev().output();
            // Nearly a block.
            output.add("x".repeat(n).as_bytes()).unwrap();
            r.output_headers().unwrap().add(b"Long", "v".repeat(300).as_bytes()).unwrap();
            reply::send_reply(r, 200, Some(b"OK"), Some(output));
        });
        s.ask(LAST);
        s.end();
    }
}

#[test]
fn a_close_callback_may_free_the_server_and_reply_all_the_same() {
    let open = Rc::new(Cell::new(None));
    let o = open.clone();
    let s = Site::serving(move |r| {
        let con = r.connection().unwrap();
        let server = con.server().unwrap();
        let (cb, arg) = con_cb(move |_| {
            server.free();
            ok(r, "late");
            log("closed");
        });
        con.set_closecb(cb, arg);
        o.set(Some(con));
    });
    let mut c = s.connect();
    c.send(GET.as_bytes());
    s.until(|| open.get().is_some());
    open.take().unwrap().free();
    assert_eq!(logged(), ["closed"]);
    s.until(|| c.poll());
    // SAFETY: the server has gone, nobody uses the base.
    unsafe { s.base.free(true) };
}
