//! Server ports, asked by raw datagrams: replies, limits, late and lost answers, hostile queries.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
use bev_common::{base, end, turn};
use net::libc;
use net::{AsRawFd, IntoRawFd};
use oxievent::Error;
use oxievent::abi::dns::{EVDNS_FLAGS_AA, EVDNS_FLAGS_RD, evdns_server_request};
use oxievent::base::BaseRef;
use oxievent::dns::name::Name;
use oxievent::dns::server::{PortRef, ReplyData, RequestRef, Section};
use oxievent::dns::wire::{self, FLAG_TC, Header, TYPE_A, TYPE_CNAME, TYPE_PTR};
use std::ffi::{CStr, c_void};
use std::net::UdpSocket;
#[cfg(unix)]
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

type OnRequest = Box<dyn FnMut(RequestRef)>;
unsafe extern "C" fn on_request(req: *mut evdns_server_request, arg: *mut c_void) {
    // SAFETY: the library passes a live request; the closure is leaked by `port`.
    unsafe { (*arg.cast::<OnRequest>())(RequestRef::from_raw(req).unwrap()) }
}
fn leak(f: impl FnMut(RequestRef) + 'static) -> *mut c_void {
    Box::into_raw(Box::new(Box::new(f) as OnRequest)).cast()
}
/// A port on loopback, and a client that is connected to it.
fn port(b: BaseRef, f: impl FnMut(RequestRef) + 'static) -> (PortRef, UdpSocket) {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    (PortRef::new(Some(b), server.into_raw_fd(), 0, Some(on_request), leak(f)).unwrap(), client)
}
fn query(name: &str, qtype: u16, udp_size: Option<u16>) -> Vec<u8> {
    let mut out = [0; wire::MAX_QUERY];
    let n = wire::encode_query(&mut out, 77, &Name::from_text(name.as_bytes()).unwrap(), qtype, udp_size);
    out[..n.unwrap()].to_vec()
}
fn receive(c: &UdpSocket) -> Option<Vec<u8>> {
    let mut room = [0; 70000];
    c.recv(&mut room).ok().map(|n| room[..n].to_vec())
}
/// What is there already.
fn receive_now(c: &UdpSocket) -> Option<Vec<u8>> {
    c.set_nonblocking(true).unwrap();
    let r = receive(c);
    c.set_nonblocking(false).unwrap();
    r
}
fn ask(b: BaseRef, c: &UdpSocket, name: &str, qtype: u16) -> wire::Reply {
    c.send(&query(name, qtype, None)).unwrap();
    turn(b);
    reply_of(&receive(c).unwrap(), name, qtype)
}
fn reply_of(msg: &[u8], name: &str, qtype: u16) -> wire::Reply {
    let name = Name::from_text(name.as_bytes()).unwrap();
    let asked = wire::Question { id: 77, name: &name, qtype, exact_case: true };
    match wire::parse_reply(msg, &asked) {
        (wire::Verdict::Reply, r) => r,
        other => panic!("{other:?}"),
    }
}
/// Name, type and class of the questions that the program sees.
fn questions(r: RequestRef) -> Vec<(String, i32, i32)> {
    // SAFETY: a live request.
    unsafe {
        let p = r.as_ptr();
        (0..(*p).nquestions as usize)
            .map(|i| {
                let q = *(*p).questions.add(i);
                let name = CStr::from_ptr((&raw const (*q).name).cast());
                (name.to_str().unwrap().to_string(), (*q).r#type, (*q).dns_question_class)
            })
            .collect()
    }
}
fn add_a(r: RequestRef, name: &str, n: u8) -> oxievent::Result<()> {
    let addrs: Vec<[u8; 4]> = (0..n).map(|i| [10, 0, 0, i]).collect();
    r.add_addresses(name.as_bytes(), TYPE_A, &addrs, 60)
}

#[test]
fn answers_of_every_kind() {
    let b = base();
    let (p, c) = port(b, |r| {
        let (name, qtype, class) = questions(r).pop().unwrap();
        assert_eq!(class, 1);
        match qtype as u16 {
            TYPE_A => {
                let alias = ReplyData::Name(b"Real.example");
                r.add(Section::Answer, name.as_bytes(), TYPE_CNAME, 1, 30, alias).unwrap();
                add_a(r, "real.Example", 3).unwrap();
                r.add(Section::Authority, b"example", 2, 1, 9, ReplyData::Name(b"ns.example")).unwrap();
                r.add(Section::Additional, b"ns.example", TYPE_A, 1, 9, ReplyData::Bytes(&[9; 4])).unwrap();
                r.set_flags(EVDNS_FLAGS_AA | EVDNS_FLAGS_RD);
                assert_eq!(r.respond(0), Ok(true));
            }
            TYPE_PTR => {
                r.add(Section::Answer, name.as_bytes(), TYPE_PTR, 1, -1, ReplyData::Name(b"h")).unwrap();
                assert_eq!(r.respond(0), Ok(true));
            }
            _ => assert_eq!(r.respond(3), Ok(true)),
        }
    });
    let r = ask(b, &c, "WwW.example", TYPE_A);
    let wire::Answer::V4(l) = r.answer else { panic!() };
    assert_eq!(l.as_slice(), [[10, 0, 0, 0], [10, 0, 0, 1], [10, 0, 0, 2]]);
    assert_eq!((r.rcode, r.ttl, r.truncated), (0, 30, false));
    let r = ask(b, &c, "1.0.0.127.in-addr.arpa", TYPE_PTR);
    // A ttl with the top bit set means 0.
    assert!(
        matches!(r.answer, wire::Answer::Name(n) if n.to_text().unwrap().as_bytes() == b"h") && r.ttl == 0
    );
    let r = ask(b, &c, "nothing", 99);
    assert_eq!(r.rcode, 3);
    // What the bits of the header are.
    c.send(&query("x.example", TYPE_A, None)).unwrap();
    turn(b);
    let h = Header::parse(&receive(&c).unwrap()).unwrap();
    assert_eq!((h.flags, h.questions, h.answers, h.authorities, h.additionals), (0x8580, 1, 4, 1, 1));
    p.close();
    end(b);
}

#[test]
fn what_cannot_be_added_changes_nothing() {
    let b = base();
    let (p, c) = port(b, |r| {
        let add = |name: &[u8], data| r.add(Section::Answer, name, TYPE_A, 1, 1, data);
        let long = [b'x'; 64];
        assert_eq!(add(&long, ReplyData::Bytes(&[0; 4])), Err(Error::Invalid));
        assert_eq!(add(b"a..b", ReplyData::Bytes(&[0; 4])), Err(Error::Invalid));
        assert_eq!(add(b"a", ReplyData::Name(&long)), Err(Error::Invalid));
        assert_eq!(add(b"a", ReplyData::Bytes(&[0; 70000])), Err(Error::Invalid));
        assert_eq!(add_a(r, "a", 0), Err(Error::Invalid));
        assert_eq!((r.respond(-1), r.respond(16)), (Err(Error::Invalid), Err(Error::Invalid)));
        add_a(r, "ok", 1).unwrap();
        assert_eq!(r.respond(0), Ok(true));
    });
    let r = ask(b, &c, "ok", TYPE_A);
    assert!(matches!(r.answer, wire::Answer::V4(l) if l.as_slice().len() == 1));
    p.close();
    end(b);
}

#[test]
fn long_replies_are_cut_at_a_record() {
    let b = base();
    let (p, c) = port(b, |r| {
        let (name, ..) = questions(r).pop().unwrap();
        add_a(r, &name, 200).unwrap();
        r.respond(0).unwrap();
    });
    for (udp_size, most) in
        [(None, 512), (Some(100), 512), (Some(700), 700), (Some(1232), 1232), (Some(65535), 1232)]
    {
        c.send(&query("many.example", TYPE_A, udp_size)).unwrap();
        turn(b);
        let m = receive(&c).unwrap();
        let h = Header::parse(&m).unwrap();
        assert!(m.len() <= most && m.len() > most - 16, "{udp_size:?}: {}", m.len());
        assert!(h.flags & FLAG_TC != 0 && h.answers < 200);
        assert_eq!(h.additionals, u16::from(udp_size.is_some()));
        let name = Name::from_text(b"many.example").unwrap();
        let asked = wire::Question { id: 77, name: &name, qtype: TYPE_A, exact_case: true };
        let (wire::Verdict::Reply, r) = wire::parse_reply(&m, &asked) else { panic!() };
        assert!(r.truncated && matches!(r.answer, wire::Answer::V4(_)));
    }
    p.close();
    end(b);
}

#[test]
fn names_up_to_the_limits() {
    let b = base();
    let (p, c) = port(b, |r| {
        let (name, ..) = questions(r).pop().unwrap();
        r.add(Section::Answer, name.as_bytes(), TYPE_CNAME, 1, 1, ReplyData::Name(name.as_bytes())).unwrap();
        r.respond(0).unwrap();
    });
    let l = "x".repeat(63);
    for last in 1..=61 {
        let name = format!("{l}.{l}.{l}.{}", "y".repeat(last));
        let r = ask(b, &c, &name, TYPE_CNAME);
        assert!(
            matches!(r.answer, wire::Answer::Name(n) if n.to_text().unwrap().as_bytes() == name.as_bytes())
        );
    }
    // The root, and names with odd bytes.
    assert_eq!(ask(b, &c, "", TYPE_CNAME).rcode, 0);
    assert_eq!(ask(b, &c, "a b\u{7f}.é", TYPE_CNAME).rcode, 0);
    p.close();
    end(b);
}

#[test]
fn what_is_no_query_is_dropped_or_refused() {
    let b = base();
    let (p, c) = port(b, |r| {
        r.respond(0).unwrap();
    });
    let good = query("www.example", TYPE_A, Some(1232));
    let with = |at: usize, v: u8| {
        let mut m = good.clone();
        m[at] = v;
        m
    };
    let mut dropped = vec![vec![], vec![0; 11], vec![0; 1501], with(2, 0x80), with(5, 0), with(5, 4)];
    for cut in 0..28 {
        dropped.push(good[..cut].to_vec());
    }
    // A pointer to itself, a pointer forwards, a reserved kind of label.
    for name in [&[0xc0, 12][..], &[0xc0, 200], &[0x80, 0], &[0x40, 0], &[63]] {
        let mut m = good[..12].to_vec();
        m[11] = 0;
        m.extend_from_slice(name);
        m.extend_from_slice(&[0, 1, 0, 1]);
        dropped.push(m);
    }
    for m in &dropped {
        c.send(m).unwrap();
        turn(b);
        assert_eq!(receive_now(&c), None, "{m:?}");
    }
    // Refused: another kind of query, a label that C cannot see, too many questions.
    let mut dotted = good[..12].to_vec();
    dotted[11] = 0;
    dotted.extend_from_slice(b"\x03a.b\0\0\x01\0\x01");
    let mut many = good[..12].to_vec();
    (many[5], many[11]) = (33, 0);
    for _ in 0..33 {
        many.extend_from_slice(b"\0\0\x01\0\x01");
    }
    for (m, code) in [(with(2, 0x28), 4), (dotted, 1), (many, 1)] {
        c.send(&m).unwrap();
        turn(b);
        let r = receive_now(&c).unwrap();
        let h = Header::parse(&r).unwrap();
        assert_eq!((h.id, h.rcode(), h.questions, h.answers), (77, code, 1, 0));
        assert!(r.len() <= m.len() && h.flags & 0x7800 == u16::from(m[2] & 0x78) << 8);
    }
    // Oddities behind the questions do not matter.
    let mut m = good.clone();
    m.truncate(m.len() - 3);
    c.send(&m).unwrap();
    turn(b);
    assert!(receive_now(&c).is_some());
    p.close();
    end(b);
}

#[test]
fn several_questions() {
    let b = base();
    let (p, c) = port(b, |r| {
        let q = questions(r);
        assert_eq!(q, [("a.b".into(), 1, 1), ("x.a.b".into(), 28, 3), ("a.b".into(), 12, 1)]);
        r.respond(0).unwrap();
    });
    let mut m = query("a.b", TYPE_A, None);
    m[5] = 3;
    m.extend_from_slice(b"\x01x\xc0\x0c\0\x1c\0\x03\xc0\x0c\0\x0c\0\x01");
    c.send(&m).unwrap();
    turn(b);
    // The same names lie at the same places: the reply's questions are the query's, byte for byte.
    assert_eq!(receive(&c).unwrap()[12..], m[12..]);
    p.close();
    end(b);
}

#[test]
fn answers_after_the_port_was_closed() {
    let b = base();
    let kept: &'static _ = Box::leak(Box::new(std::cell::RefCell::new(Vec::new())));
    let (p, c) = port(b, |r| kept.borrow_mut().push(r));
    for _ in 0..3 {
        c.send(&query("late", TYPE_A, None)).unwrap();
    }
    turn(b);
    p.close();
    // Nothing is read any more.
    c.send(&query("too.late", TYPE_A, None)).unwrap();
    turn(b);
    let mut kept = kept.take();
    assert_eq!(kept.len(), 3);
    add_a(kept[0], "late", 1).unwrap();
    assert_eq!(kept.pop().unwrap().respond(0), Ok(true));
    kept.pop().unwrap().drop_unanswered();
    assert_eq!(kept.pop().unwrap().respond(2), Ok(true));
    assert_eq!(reply_of(&receive(&c).unwrap(), "late", TYPE_A).rcode, 0);
    assert_eq!(reply_of(&receive(&c).unwrap(), "late", TYPE_A).rcode, 2);
    // The last one has closed the socket: the kernel says so.
    c.send(&query("gone", TYPE_A, None)).unwrap();
    assert!(receive(&c).is_none());
    end(b);
}

#[test]
fn a_port_closed_in_its_callback() {
    let b = base();
    let this: &'static std::cell::Cell<Option<PortRef>> = Box::leak(Box::default());
    let (p, c) = port(b, |r| {
        this.take().expect("called once").close();
        assert_eq!(r.respond(0), Ok(true));
    });
    this.set(Some(p));
    // Two that arrive together: the second comes too late.
    c.send(&query("a", TYPE_A, None)).unwrap();
    c.send(&query("b", TYPE_A, None)).unwrap();
    turn(b);
    assert!(receive_now(&c).is_some());
    assert!(receive_now(&c).is_none());
    end(b);
}

#[test]
fn many_at_once_all_get_an_answer() {
    let b = base();
    let (p, c) = port(b, |r| {
        let (name, ..) = questions(r).pop().unwrap();
        add_a(r, &name, 1).unwrap();
        r.respond(0).unwrap();
    });
    for i in 0..100 {
        c.send(&query(&format!("n{i}"), TYPE_A, None)).unwrap();
    }
    turn(b);
    for i in 0..100 {
        reply_of(&receive_now(&c).unwrap(), &format!("n{i}"), TYPE_A);
    }
    p.close();
    end(b);
}

#[cfg(unix)]
#[test]
fn a_full_socket_keeps_replies_in_order() {
    for close in [false, true] {
        let b = base();
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let fd = ours.into_raw_fd();
        let kept: &'static _ = Box::leak(Box::new(std::cell::RefCell::new(Vec::new())));
        let p = PortRef::new(Some(b), fd, 0, Some(on_request), leak(|r| kept.borrow_mut().push(r))).unwrap();
        let count = 300;
        for i in 0..count {
            while theirs.send(&query(&format!("n{i}"), TYPE_A, None)).is_err() {
                turn(b);
            }
        }
        turn(b);
        let kept = kept.take();
        assert_eq!(kept.len(), count);
        let sent = kept.iter().map(|r| r.respond(0).unwrap()).take_while(|&x| x).count();
        assert!(sent > 0 && sent < count - 1, "{sent}");
        for r in &kept[sent + 1..] {
            assert_eq!(r.respond(0), Ok(false));
        }
        if close {
            p.close();
        }
        let mut got = 0;
        let mut room = [0; 600];
        while got < count {
            match theirs.recv(&mut room) {
                Ok(n) => {
                    reply_of(&room[..n], &format!("n{got}"), TYPE_A);
                    got += 1;
                }
                Err(_) => turn(b),
            }
        }
        turn(b);
        // Without replies that wait the loop has nothing more to do for a closed port.
        if close {
            assert!(b.run(oxievent::abi::event::Evloop::empty()).is_ok());
            assert_eq!(theirs.send(b"x").map_err(|e| e.raw_os_error()), Err(Some(libc::ECONNREFUSED)));
        } else {
            // And it can be full again.
            theirs.send(&query("again", TYPE_A, None)).unwrap();
            p.close();
        }
        end(b);
    }
}

#[test]
fn who_asked() {
    let b = base();
    let seen: &'static std::cell::Cell<u16> = Box::leak(Box::default());
    let (p, c) = port(b, |r| {
        // SAFETY: zeros are a valid address.
        let mut a: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        let to = (&raw mut a).cast();
        // SAFETY: room for an address.
        unsafe {
            assert_eq!(r.sender(to, 15), Err(Error::Invalid));
            assert_eq!(r.sender(std::ptr::null_mut(), 16), Err(Error::Invalid));
            assert_eq!(r.sender(to, 16), Ok(16));
        }
        seen.set(u16::from_be(a.sin_port));
        r.drop_unanswered();
    });
    c.send(&query("a", TYPE_A, None)).unwrap();
    turn(b);
    assert_eq!(seen.get(), c.local_addr().unwrap().port());
    assert!(receive_now(&c).is_none());
    p.close();
    end(b);
}

#[test]
fn ports_that_cannot_be() {
    let b = base();
    let s = UdpSocket::bind("127.0.0.1:0").unwrap();
    let new = |fd, flags| PortRef::new(Some(b), fd, flags, None, std::ptr::null_mut());
    assert_eq!(new(s.as_raw_fd(), 1).unwrap_err(), Error::Invalid);
    assert!(new(-1, 0).is_err());
    // (select of Windows finds out when it waits.)
    assert!(cfg!(windows) || new(9999, 0).is_err());
    // Without a callback everything is dropped.
    let c = UdpSocket::bind("127.0.0.1:0").unwrap();
    c.connect(s.local_addr().unwrap()).unwrap();
    let p = new(s.into_raw_fd(), 0).unwrap();
    c.send(&query("a", TYPE_A, None)).unwrap();
    turn(b);
    assert!(receive_now(&c).is_none());
    p.close();
    end(b);
}
