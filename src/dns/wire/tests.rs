//! Messages of every kind: known bytes, forged, cut, random.
use super::*;

fn name(t: &str) -> Name {
    Name::from_text(t.as_bytes()).unwrap()
}
/// A message under construction.
struct Msg(Vec<u8>);
impl Msg {
    fn new(id: u16, flags: u16, counts: [u16; 4]) -> Msg {
        let words = [id, flags, counts[0], counts[1], counts[2], counts[3]];
        Msg(words.iter().flat_map(|w| w.to_be_bytes()).collect())
    }
    fn question(mut self, n: &str, qtype: u16) -> Msg {
        self.0.extend_from_slice(name(n).as_wire());
        self.0.extend_from_slice(&qtype.to_be_bytes());
        self.0.extend_from_slice(&CLASS_INET.to_be_bytes());
        self
    }
    fn rr(self, owner: &str, rtype: u16, ttl: u32, data: &[u8]) -> Msg {
        self.raw_rr(name(owner).as_wire(), rtype, CLASS_INET, ttl, data)
    }
    fn raw_rr(mut self, owner: &[u8], rtype: u16, class: u16, ttl: u32, data: &[u8]) -> Msg {
        self.0.extend_from_slice(owner);
        self.0.extend_from_slice(&rtype.to_be_bytes());
        self.0.extend_from_slice(&class.to_be_bytes());
        self.0.extend_from_slice(&ttl.to_be_bytes());
        self.0.extend_from_slice(&(data.len() as u16).to_be_bytes());
        self.0.extend_from_slice(data);
        self
    }
    fn soa(self, owner: &str, ttl: u32, minimum: u32) -> Msg {
        let mut d = [name("ns").as_wire(), name("root").as_wire(), &[0; 16]].concat();
        d.extend_from_slice(&minimum.to_be_bytes());
        self.rr(owner, TYPE_SOA, ttl, &d)
    }
}
const OK: u16 = FLAG_QR | FLAG_RD | FLAG_RA;

fn ask(msg: &[u8], n: &str, qtype: u16) -> (Verdict, Reply) {
    let asked = name(n);
    let asked = Question { id: 7, name: &asked, qtype, exact_case: true };
    let verdict = parse_reply(msg, &asked);
    // Where the fast way finds something, it is that.
    if let Some(plain) = plain_reply(msg, &asked) {
        let (Verdict::Reply, r) = &verdict else { panic!("{verdict:?}") };
        let slow: Vec<&[u8]> = match &r.answer {
            Answer::V4(a) => a.as_slice().iter().map(|a| &a[..]).collect(),
            Answer::V6(a) => a.as_slice().iter().map(|a| &a[..]).collect(),
            other => panic!("{other:?}"),
        };
        assert_eq!(plain.addresses().collect::<Vec<_>>(), slow);
        assert_eq!((plain.count as usize, plain.ttl), (slow.len(), r.ttl));
        assert!(r.rcode == 0 && !r.truncated && r.canonical.is_none());
    }
    verdict
}

#[test]
fn plain_replies() {
    let own = [0xc0, HEADER_LEN as u8];
    let good = |flags, counts, ttl| {
        Msg::new(7, flags, counts)
            .question("a.b", TYPE_A)
            .raw_rr(&own, TYPE_A, CLASS_INET, ttl, &[1, 2, 3, 4])
            .raw_rr(&own, TYPE_A, CLASS_INET, 9, &[5, 6, 7, 8])
            .raw_rr(&[0], TYPE_OPT, 1232, 0, &[])
    };
    let n = name("a.b");
    let asked = Question { id: 7, name: &n, qtype: TYPE_A, exact_case: true };
    let plain = |m: &Msg| plain_reply(&m.0, &asked).map(|p| (p.count, p.ttl));
    let m = good(OK, [1, 2, 0, 1], 100);
    assert_eq!(plain(&m), Some((2, 9)));
    assert_eq!(v4(&reply(&m, "a.b", TYPE_A)), [[1, 2, 3, 4], [5, 6, 7, 8]]);
    assert_eq!(plain(&good(OK, [1, 1, 1, 1], 100)), Some((1, 100)));
    // A ttl with the top bit means 0.
    assert_eq!(plain(&good(OK, [1, 2, 0, 1], u32::MAX)), Some((2, 0)));
    for flags in [OK ^ FLAG_QR, OK | FLAG_TC, OK | 3, OK | 0x0800] {
        assert_eq!(plain(&good(flags, [1, 2, 0, 1], 1)), None);
    }
    for counts in [[0, 2, 0, 1], [2, 2, 0, 1], [1, 0, 0, 1], [1, 3, 0, 0], [1, 33, 0, 0]] {
        assert_eq!(plain(&good(OK, counts, 1)), None);
    }
    let m = good(OK, [1, 2, 0, 1], 100);
    let needed = HEADER_LEN + 5 + 4 + 2 * 16;
    for cut in 0..m.0.len() {
        assert_eq!(plain_reply(&m.0[..cut], &asked).is_some(), cut >= needed, "{cut}");
        ask(&m.0[..cut], "a.b", TYPE_A);
        // Whatever changes, nothing else is found than the slow way finds.
        for bit in 0..8 {
            let mut other = m.0.clone();
            other[cut] ^= 1 << bit;
            ask(&other, "a.b", TYPE_A);
        }
    }
    for other in [Question { id: 8, ..asked }, Question { qtype: TYPE_AAAA, ..asked }] {
        assert!(plain_reply(&m.0, &other).is_none());
    }
}
#[track_caller]
fn reply(m: &Msg, n: &str, qtype: u16) -> Reply {
    match ask(&m.0, n, qtype) {
        (Verdict::Reply, r) => r,
        other => panic!("{other:?}"),
    }
}
fn v4(r: &Reply) -> Vec<[u8; 4]> {
    match &r.answer {
        Answer::V4(a) => a.as_slice().to_vec(),
        Answer::None => vec![],
        other => panic!("{other:?}"),
    }
}

#[test]
fn queries_byte_for_byte() {
    let mut out = [0xee; MAX_QUERY];
    let n = encode_query(&mut out, 0x1234, &name("wWw.a"), TYPE_AAAA, None).unwrap();
    assert_eq!(out[..n], *b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03wWw\x01a\0\0\x1c\0\x01");
    let n = encode_query(&mut out, 1, &name("a"), TYPE_A, Some(1232)).unwrap();
    assert_eq!(out[..n], *b"\0\x01\x01\0\0\x01\0\0\0\0\0\x01\x01a\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0");
    let longest = vec!["a"; 127].join(".");
    assert_eq!(encode_query(&mut out, 1, &name(&longest), TYPE_A, Some(1232)), Some(MAX_QUERY));
    for room in 0..n {
        let mut small = vec![0; room];
        assert_eq!(encode_query(&mut small, 1, &name("a"), TYPE_A, Some(1232)), None);
    }
    let r = Request::parse(&out).unwrap();
    let (q, t, c) = r.questions().next().unwrap();
    assert!(q.eq_exact(&name(&longest)) && (t, c) == (TYPE_A, CLASS_INET));
    assert_eq!((r.udp_size, r.opcode()), (Some(1232), 0));
}

#[test]
fn addresses() {
    let m = Msg::new(7, OK, [1, 2, 0, 0])
        .question("a.b", TYPE_A)
        .raw_rr(b"\xc0\x0c", TYPE_A, CLASS_INET, 60, &[1, 2, 3, 4])
        .rr("A.B", TYPE_A, 50, &[5, 6, 7, 8]);
    let r = reply(&m, "a.b", TYPE_A);
    assert_eq!((v4(&r), r.ttl, r.rcode, r.truncated), (vec![[1, 2, 3, 4], [5, 6, 7, 8]], 50, 0, false));
    assert!(r.canonical.is_none());
    let m = Msg::new(7, OK, [1, 1, 0, 0]).question("a", TYPE_AAAA).rr("a", TYPE_AAAA, 9, &[3; 16]);
    let Answer::V6(a) = reply(&m, "a", TYPE_AAAA).answer else { panic!() };
    assert_eq!(a.as_slice(), [[3; 16]]);
    // Several in one record: libevent 2.1's server does that.
    let m = Msg::new(7, OK, [1, 1, 0, 0]).question("a", TYPE_A).rr("a", TYPE_A, 9, &[9; 12]);
    assert_eq!(v4(&reply(&m, "a", TYPE_A)), [[9; 4]; 3]);
    for len in [0, 1, 3, 5, 13] {
        let m = Msg::new(7, OK, [1, 1, 0, 0]).question("a", TYPE_A).rr("a", TYPE_A, 9, &vec![9; len]);
        assert!(matches!(ask(&m.0, "a", TYPE_A), (Verdict::Malformed, _)), "{len}");
    }
    // More than we keep.
    let mut m = Msg::new(7, OK, [1, 100, 0, 0]).question("a", TYPE_A);
    for i in 0..100 {
        m = m.rr("a", TYPE_A, 9, &[i; 4]);
    }
    assert_eq!(v4(&reply(&m, "a", TYPE_A)).len(), MAX_ADDRS);
    // A ttl with the top bit set is 0.
    let m = Msg::new(7, OK, [1, 1, 0, 0]).question("a", TYPE_A).rr("a", TYPE_A, 0x8000_0001, &[9; 4]);
    assert_eq!(reply(&m, "a", TYPE_A).ttl, 0);
}

#[test]
fn only_the_reply_to_our_question_counts() {
    let good = Msg::new(7, OK, [1, 1, 0, 0]).question("a.b", TYPE_A).rr("a.b", TYPE_A, 9, &[9; 4]);
    assert!(matches!(ask(&good.0, "a.b", TYPE_A), (Verdict::Reply, _)));
    let not_ours = |m: Msg| assert!(matches!(ask(&m.0, "a.b", TYPE_A), (Verdict::NotOurs, _)));
    let with = |id, flags, counts| Msg::new(id, flags, counts);
    let rest = |m: Msg| m.question("a.b", TYPE_A).rr("a.b", TYPE_A, 9, &[9; 4]);
    not_ours(rest(with(8, OK, [1, 1, 0, 0])));
    not_ours(rest(with(7, FLAG_RD, [1, 1, 0, 0])));
    not_ours(rest(with(7, OK | 0x0800, [1, 1, 0, 0])));
    not_ours(rest(with(7, OK, [0, 1, 0, 0])));
    not_ours(rest(with(7, OK, [2, 1, 0, 0])));
    not_ours(with(7, OK, [1, 0, 0, 0]).question("a.c", TYPE_A));
    not_ours(with(7, OK, [1, 0, 0, 0]).question("a.b.c", TYPE_A));
    not_ours(with(7, OK, [1, 0, 0, 0]).question("a", TYPE_A));
    not_ours(with(7, OK, [1, 0, 0, 0]).question("a.b", TYPE_AAAA));
    not_ours(with(7, OK | 2, [0, 0, 0, 0]));
    let mut class = with(7, OK, [1, 0, 0, 0]).question("a.b", TYPE_A);
    *class.0.last_mut().unwrap() = 3;
    not_ours(class);
    let bare = with(7, OK | 1, [0, 0, 0, 0]);
    assert!(matches!(ask(&bare.0, "a.b", TYPE_A), (Verdict::FormatErrorOnly, _)));
}
#[test]
fn the_case_is_part_of_the_question() {
    let m = Msg::new(7, OK, [1, 1, 0, 0]).question("aB", TYPE_A).rr("ab", TYPE_A, 9, &[9; 4]);
    assert_eq!(v4(&reply(&m, "aB", TYPE_A)).len(), 1);
    assert!(matches!(ask(&m.0, "Ab", TYPE_A), (Verdict::CaseDiffers, _)));
    let lax = |n| parse_reply(&m.0, &Question { id: 7, name: &name(n), qtype: TYPE_A, exact_case: false });
    assert!(matches!(lax("Ab"), (Verdict::Reply, _)));
    assert!(matches!(lax("Ac"), (Verdict::NotOurs, _)));
}
#[test]
fn records_of_other_owners_are_ignored() {
    let m = Msg::new(7, OK, [1, 3, 0, 0])
        .question("good", TYPE_A)
        .rr("evil", TYPE_A, 9, &[6; 4])
        .rr("good", TYPE_AAAA, 9, &[6; 16])
        .raw_rr(name("good").as_wire(), TYPE_A, 3, 9, &[6; 4]);
    let r = reply(&m, "good", TYPE_A);
    assert!(v4(&r).is_empty() && r.ttl == 0);
}
#[test]
fn aliases_are_followed_by_owner() {
    let c = |n: &str| name(n).as_wire().to_vec();
    // In order, with a stray alias between.
    let m = Msg::new(7, OK, [1, 5, 0, 0])
        .question("a", TYPE_A)
        .rr("a", TYPE_CNAME, 30, &c("b"))
        .rr("x", TYPE_CNAME, 1, &c("y"))
        .rr("B", TYPE_CNAME, 20, &c("c"))
        .rr("c", TYPE_A, 40, &[1; 4])
        .rr("y", TYPE_A, 1, &[6; 4]);
    let r = reply(&m, "a", TYPE_A);
    assert_eq!((v4(&r), r.ttl), (vec![[1; 4]], 20));
    assert!(r.canonical.unwrap().eq_exact(&name("c")));
    // Backwards.
    let m = Msg::new(7, OK, [1, 3, 0, 0])
        .question("a", TYPE_A)
        .rr("c", TYPE_A, 40, &[1; 4])
        .rr("b", TYPE_CNAME, 20, &c("c"))
        .rr("a", TYPE_CNAME, 30, &c("b"));
    assert_eq!(v4(&reply(&m, "a", TYPE_A)), [[1; 4]]);
    // The first name's own address counts if the alias has none: against the rules, but libevent's own tests send it.
    let m = Msg::new(7, OK, [1, 2, 0, 0])
        .question("a", TYPE_A)
        .rr("a", TYPE_CNAME, 30, &c("b"))
        .rr("a", TYPE_A, 40, &[6; 4]);
    let r = reply(&m, "a", TYPE_A);
    assert_eq!(v4(&r), [[6; 4]]);
    assert!(r.canonical.is_some());
    let m = m.rr("b", TYPE_A, 40, &[1; 4]);
    let m = Msg([&[0, 7, 0x81, 0x80, 0, 1, 0, 3], &m.0[8..]].concat());
    assert_eq!(v4(&reply(&m, "a", TYPE_A)), [[1; 4]]);
    // Rings.
    for (x, y) in [("a", "a"), ("b", "b")] {
        let m = Msg::new(7, OK, [1, 2, 0, 0]).question("a", TYPE_A).rr("a", TYPE_CNAME, 30, &c(y)).rr(
            x,
            TYPE_CNAME,
            30,
            &c("a"),
        );
        assert!(matches!(ask(&m.0, "a", TYPE_A), (Verdict::Malformed, _)));
    }
    // 16 hops and no more.
    for (hops, fits) in [(16, true), (17, false)] {
        let mut m = Msg::new(7, OK, [1, hops + 1, 0, 0]).question("n0", TYPE_A);
        for i in (0..hops).rev() {
            m = m.rr(&format!("n{i}"), TYPE_CNAME, 9, &c(&format!("n{}", i + 1)));
        }
        m = m.rr(&format!("n{hops}"), TYPE_A, 9, &[1; 4]);
        assert_eq!(matches!(ask(&m.0, "n0", TYPE_A), (Verdict::Reply, _)), fits, "{hops}");
    }
    // Asked for itself, it is the answer.
    let m = Msg::new(7, OK, [1, 1, 0, 0]).question("a", TYPE_CNAME).rr("a", TYPE_CNAME, 30, &c("b"));
    assert!(matches!(reply(&m, "a", TYPE_CNAME).answer, Answer::Name(n) if n.eq_exact(&name("b"))));
}
#[test]
fn pointers_of_hosts() {
    let long = format!("{}.{}.example.com", "h".repeat(63), "i".repeat(63));
    let q = "4.3.2.1.in-addr.arpa";
    let m = Msg::new(7, OK, [1, 2, 0, 0])
        .question(q, TYPE_PTR)
        .rr(q, TYPE_PTR, 30, name(&long).as_wire())
        .rr(q, TYPE_PTR, 10, name("second").as_wire());
    let r = reply(&m, q, TYPE_PTR);
    assert!(matches!(&r.answer, Answer::Name(n) if n.eq_exact(&name(&long))));
    assert_eq!(r.ttl, 30);
    // A name that does not fill its record.
    let mut d = name("x").as_wire().to_vec();
    d.push(0);
    let m = Msg::new(7, OK, [1, 1, 0, 0]).question(q, TYPE_PTR).rr(q, TYPE_PTR, 30, &d);
    assert!(matches!(ask(&m.0, q, TYPE_PTR), (Verdict::Malformed, _)));
}
#[test]
fn absence_and_errors() {
    for rcode in 0..16 {
        let m = Msg::new(7, OK | rcode, [1, 0, 1, 0]).question("a.b", TYPE_A).soa("b", 42, 300);
        let r = reply(&m, "a.b", TYPE_A);
        assert_eq!((u16::from(r.rcode), r.ttl, v4(&r).len()), (rcode, 42, 0));
    }
    let m = Msg::new(7, OK, [1, 0, 1, 0]).question("a.b", TYPE_A).soa("b", 300, 41);
    assert_eq!(reply(&m, "a.b", TYPE_A).ttl, 41);
    let m = Msg::new(7, OK | 3, [1, 0, 0, 0]).question("a.b", TYPE_A);
    let r = reply(&m, "a.b", TYPE_A);
    assert_eq!((r.rcode, r.ttl), (RCODE_NOT_EXIST, 0));
    // With an answer the SOA does not matter.
    let m = Msg::new(7, OK, [1, 1, 1, 0]).question("a", TYPE_A).rr("a", TYPE_A, 99, &[1; 4]).soa("b", 1, 1);
    assert_eq!(reply(&m, "a", TYPE_A).ttl, 99);
    // An alias that leads nowhere: how long that holds is the SOA's to say.
    let m = Msg::new(7, OK, [1, 1, 1, 0])
        .question("a", TYPE_A)
        .rr("a", TYPE_CNAME, 5, name("b").as_wire())
        .soa("b", 77, 80);
    assert_eq!(reply(&m, "a", TYPE_A).ttl, 77);
    let m = Msg::new(7, OK, [1, 0, 1, 0]).question("a", TYPE_A).rr("b", TYPE_SOA, 5, &[0; 21]);
    assert!(matches!(ask(&m.0, "a", TYPE_A), (Verdict::Malformed, _)));
}
#[test]
fn truncated_replies_say_so() {
    let m = Msg::new(7, OK | FLAG_TC, [1, 9, 0, 0]).question("a", TYPE_A).rr("a", TYPE_A, 9, &[1; 4]);
    for cut in HEADER_LEN + 7..=m.0.len() {
        let (Verdict::Reply, r) = ask(&m.0[..cut], "a", TYPE_A) else { panic!("{cut}") };
        assert!(r.truncated);
    }
    let m = Msg::new(7, OK | FLAG_TC, [1, 1, 5, 0]).question("a", TYPE_A).rr("a", TYPE_A, 9, &[1; 4]);
    assert_eq!(v4(&reply(&m, "a", TYPE_A)), [[1; 4]]);
}
#[test]
fn every_cut_is_refused() {
    let m = Msg::new(7, OK, [1, 3, 1, 0])
        .question("a.b", TYPE_A)
        .raw_rr(b"\xc0\x0c", TYPE_CNAME, CLASS_INET, 60, b"\x01c\xc0\x0e")
        .rr("c.b", TYPE_A, 50, &[5, 6, 7, 8])
        .rr("c.b", TYPE_A, 50, &[5, 6, 7, 9])
        .soa("b", 1, 1);
    assert_eq!(v4(&reply(&m, "a.b", TYPE_A)).len(), 2);
    let question_end = HEADER_LEN + 9;
    let answers_end = m.0.len() - name("b").as_wire().len() - 10 - 4 - 6 - 20;
    for cut in 0..m.0.len() {
        match ask(&m.0[..cut], "a.b", TYPE_A) {
            (Verdict::NotOurs, _) => assert!(cut < question_end, "{cut}"),
            (Verdict::Malformed, _) => assert!(cut >= question_end && cut < answers_end, "{cut}"),
            // What an answer has no need of is not read.
            (Verdict::Reply, _) => assert!(cut >= answers_end, "{cut}"),
            other => panic!("{cut}: {other:?}"),
        }
    }
}

#[test]
fn names_and_pointers() {
    let at = |msg: &[u8], at: usize| {
        let mut c = Cursor::new(msg, at);
        c.name().map(|n| (format!("{n:?}"), c.position()))
    };
    assert_eq!(at(b"\x01a\x01b\0", 0), Some(("a.b.".into(), 5)));
    assert_eq!(at(b"\0", 0), Some((".".into(), 1)));
    assert_eq!(at(b"\x01b\0\x01a\xc0\0X", 3), Some(("a.b.".into(), 7)));
    assert_eq!(at(b"\x01c\0\x01b\xc0\0\x01a\xc0\x03", 7), Some(("a.b.c.".into(), 11)));
    // To itself, forwards, into a ring, into the middle of the own run, out of the message.
    assert_eq!(at(b"\xc0\0", 0), None);
    assert_eq!(at(b"\xc0\x02\0", 0), None);
    assert_eq!(at(b"\x01a\xc0\0", 0), None);
    assert_eq!(at(b"\xc0\x02\xc0\0", 2), None);
    assert_eq!(at(b"\x01a\xc0\x01", 0), None);
    assert_eq!(at(b"\xff\xff", 0), None);
    assert_eq!(at(b"\xc0", 0), None);
    // The other two kinds of label bytes.
    assert_eq!(at(b"\x40a\0", 0), None);
    assert_eq!(at(b"\x80a\0", 0), None);
    // Cut.
    for cut in 0..5 {
        assert_eq!(at(&b"\x01a\x01b\0"[..cut], 0), None, "{cut}");
    }
    // 255 bytes through pointers, and one label more.
    let mut msg = [[1, b'x'].repeat(126), vec![0]].concat();
    let end = msg.len();
    msg.extend_from_slice(b"\x01y\xc0\0");
    assert!(at(&msg, end).is_some());
    msg.extend_from_slice(b"\x01z\xc0\xfd");
    assert_eq!((end, at(&msg, end + 4)), (0xfd, None));
    // Chains of pointers, each leading one back.
    let mut msg = vec![0u8, 0];
    for i in 1..1000_usize {
        let to = 2 * (i - 1);
        msg.extend_from_slice(&[0xc0 | (to >> 8) as u8, to as u8]);
        assert_eq!(at(&msg, 2 * i).is_some(), i <= MAX_POINTERS, "{i}");
    }
}
#[test]
fn requests() {
    let m = Msg::new(9, FLAG_RD | FLAG_CD, [2, 0, 0, 1])
        .question("a.B", TYPE_A)
        .question("c", TYPE_PTR)
        .raw_rr(&[0], TYPE_OPT, 4096, 0, b"");
    let r = Request::parse(&m.0).unwrap();
    assert_eq!((r.id, r.flags, r.questions, r.udp_size), (9, FLAG_RD | FLAG_CD, 2, Some(4096)));
    let q: Vec<_> = r.questions().map(|(n, t, c)| (format!("{n:?}"), t, c)).collect();
    assert_eq!(q, [(String::from("a.B."), TYPE_A, 1), (String::from("c."), TYPE_PTR, 1)]);
    let questions_end = m.0.len() - 11;
    for cut in 0..m.0.len() {
        let r = Request::parse(&m.0[..cut]);
        assert_eq!(r.is_some(), cut >= questions_end, "{cut}");
        assert!(r.is_none_or(|r| r.udp_size.is_none()));
    }
    assert!(Request::parse(&Msg::new(9, FLAG_QR, [0, 0, 0, 0]).0).is_none());
    assert_eq!(Request::parse(&Msg::new(9, 0x2800, [0; 4]).0).unwrap().opcode(), 5);
    assert!(Request::parse(&Msg::new(9, 0, [0xffff, 0, 0, 0]).question("a", 1).0).is_none());
    let m = Msg::new(9, 0, [0, 0, 0, 1]).raw_rr(&[0], TYPE_OPT, 1, 0, b"");
    assert_eq!(Request::parse(&m.0).unwrap().udp_size, Some(512));
}
#[test]
fn random_bytes_do_no_harm() {
    let mut seed = 0x0123_4567_89ab_cdefu64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let good = Msg::new(7, OK, [1, 4, 1, 1])
        .question("a.b", TYPE_A)
        .raw_rr(b"\xc0\x0c", TYPE_CNAME, CLASS_INET, 60, b"\x01c\xc0\x0e")
        .rr("c.b", TYPE_A, 50, &[5, 6, 7, 8])
        .rr("c.b", TYPE_PTR, 50, b"\xc0\x0c")
        .rr("c.b", TYPE_AAAA, 50, &[5; 16])
        .soa("b", 1, 1)
        .raw_rr(&[0], TYPE_OPT, 4096, 0, b"");
    let n = name("a.b");
    let all = |m: &[u8]| {
        for qtype in [TYPE_A, TYPE_AAAA, TYPE_PTR, TYPE_CNAME, TYPE_SOA] {
            let _ = parse_reply(m, &Question { id: 7, name: &n, qtype, exact_case: false });
        }
        if let Some(r) = Request::parse(m) {
            assert_eq!(r.questions().count(), usize::from(r.questions));
        }
    };
    for _ in 0..20_000 {
        let mut m = good.0.clone();
        for _ in 0..next() % 6 {
            let at = next() as usize % m.len();
            m[at] = match next() % 3 {
                0 => next() as u8,
                1 => 0xc0,
                _ => (next() % 64) as u8,
            };
        }
        m.truncate(next() as usize % (m.len() + 40));
        all(&m);
        let noise: Vec<u8> = (0..next() % 80).map(|_| next() as u8).collect();
        all(&noise);
        let mut noise = [&good.0[..HEADER_LEN + 9], &noise].concat();
        noise[7] = next() as u8;
        all(&noise);
    }
}
