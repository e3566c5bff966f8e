//! DNS messages, resolv.conf and hosts.
use crate::input::Input;
use oxievent::dns::name::{MAX_TEXT, Name};
use oxievent::dns::resolv_conf::{self as conf, Line};
use oxievent::dns::settings::Settings;
use oxievent::dns::wire::{self, Answer, Cursor, Question, Request, Verdict};

/// A byte of options, then a reply. The question it is held against is its own, or another.
pub fn dns_reply(data: &[u8]) {
    let mut input = Input(data);
    let options = input.byte();
    let msg = input.0;
    let mut cursor = Cursor::new(msg, 12);
    let own = cursor.name().and_then(|name| Some((name, cursor.u16()?)));
    let (name, own_type) = own.unwrap_or((Name::ROOT, 1));
    let id = msg.first_chunk().map_or(0, |two| u16::from_be_bytes(*two));
    let qtype = if options & 2 == 0 { own_type } else { u16::from(options >> 4) };
    let asked = Question { id, name: &name, qtype, exact_case: options & 1 != 0 };
    let verdict = wire::parse_reply(msg, &asked);
    if let (Verdict::Reply, reply) = &verdict {
        match &reply.answer {
            Answer::None => {}
            Answer::V4(a) => assert!(qtype == 1 && !a.as_slice().is_empty()),
            Answer::V6(a) => assert!(qtype == 28 && !a.as_slice().is_empty()),
            Answer::Name(n) => well_formed(n),
        }
        reply.canonical.iter().for_each(well_formed);
        assert!(own.is_some(), "nothing was asked");
    }
    // The fast way finds what the other one does.
    if let Some(plain) = wire::plain_reply(msg, &asked) {
        let (Verdict::Reply, reply) = &verdict else { panic!("{verdict:?}") };
        let mut found = plain.addresses();
        match &reply.answer {
            Answer::V4(a) => assert!(a.as_slice().iter().all(|a| found.next() == Some(a.as_slice()))),
            Answer::V6(a) => assert!(a.as_slice().iter().all(|a| found.next() == Some(a.as_slice()))),
            other => panic!("{other:?}"),
        }
        assert!(found.next().is_none() && plain.addresses().count() == plain.count as usize);
        assert!(reply.ttl == plain.ttl && reply.rcode == 0 && !reply.truncated && reply.canonical.is_none());
    }
    // A reply to another question is never believed.
    let other = Question { id: id ^ 1, ..asked };
    assert!(matches!(wire::parse_reply(msg, &other), (Verdict::NotOurs, _)));
    let mut longer = name;
    longer.make_lowercase();
    let text = name.to_text();
    let elsewhere = text.and_then(|t| Name::from_host_and_domain(b"x", t.as_bytes()));
    if let Some(elsewhere) = elsewhere {
        let other = Question { name: &elsewhere, ..asked };
        assert!(matches!(wire::parse_reply(msg, &other), (Verdict::NotOurs | Verdict::FormatErrorOnly, _)));
    }
    if !name.eq_exact(&longer) {
        let other = Question { name: &longer, exact_case: true, ..asked };
        assert!(!matches!(wire::parse_reply(msg, &other), (Verdict::Reply | Verdict::Malformed, _)));
    }
}

fn well_formed(name: &Name) {
    let wire = name.as_wire();
    assert!((1..=255).contains(&wire.len()) && wire.last() == Some(&0));
    let mut len = 1;
    for label in name.labels() {
        assert!((1..=63).contains(&label.len()));
        len += 1 + label.len();
    }
    assert_eq!(len, wire.len());
    if let Some(text) = name.to_text() {
        assert!(text.as_bytes().len() <= MAX_TEXT);
        assert!(Name::from_text(text.as_bytes()).is_some_and(|again| again.eq_exact(name)));
    }
    let mut c = Cursor::new(wire, 0);
    assert!(c.name().is_some_and(|again| again.eq_exact(name)) && c.position() == wire.len());
}

/// What a server is sent.
pub fn dns_request(data: &[u8]) {
    let Some(request) = Request::parse(data) else { return };
    assert!(request.udp_size.is_none_or(|n| n >= 512));
    assert!(request.opcode() < 16);
    let mut questions = 0;
    for (name, qtype, _class) in request.questions() {
        questions += 1;
        well_formed(&name);
        // Asked by us, it is read the same, and nobody else's reply fits it.
        let mut out = [0; 600];
        let n = wire::encode_query(&mut out, request.id, &name, qtype, request.udp_size).unwrap_or(0);
        let again = Request::parse(&out[..n]).map(|r| (r.questions, r.udp_size));
        assert_eq!(again, Some((1, request.udp_size)));
        for cut in [0, 11, n - 1] {
            assert!(wire::encode_query(&mut out[..cut], 0, &name, qtype, request.udp_size).is_none());
        }
    }
    assert_eq!(questions, usize::from(request.questions));
}

/// resolv.conf: the lines, the words, the options.
pub fn resolv_conf(data: &[u8]) {
    let Ok(lines) = conf::parse(data) else {
        assert!(data.len() > conf::MAX_FILE);
        return;
    };
    let mut settings = Settings::default();
    for line in lines {
        match line {
            Line::Nameserver(inet) => assert!(!inet.is_empty()),
            Line::Domain(d) => assert!(!d.is_empty() && !d.contains(&b' ')),
            Line::Search(words) => words.for_each(|w| assert!(!w.is_empty() && !w.contains(&b'\t'))),
            Line::Options(words) => {
                for word in words {
                    if let Ok(Some(setting)) = conf::parse_option_word(word) {
                        let _ = settings.apply(setting);
                        let _ = (settings.edns(), settings.probe_wait(3));
                    }
                }
            }
        }
    }
    let _ = conf::domain_of_host(data);
}

/// A hosts file against a plain reading of it.
pub fn hosts(data: &[u8]) {
    use oxievent::dns::hosts::Hosts;
    use oxievent::dns::parse_addr;
    let mut hosts = Hosts::new();
    if hosts.load(data).is_err() {
        return;
    }
    let plain = |name: &[u8]| name.strip_suffix(b".").unwrap_or(name).to_ascii_lowercase();
    let mut model: Vec<(Vec<u8>, Vec<Vec<u8>>)> = Vec::new();
    let text = data.split(|c| *c == 0).next().unwrap_or_default();
    for line in text.split(|c| *c == b'\n').take(400) {
        let line = line.split(|c| *c == b'#').next().unwrap_or_default();
        let mut words = line.split(|c| b" \t\r".contains(c)).filter(|w| !w.is_empty());
        let Some(addr) = words.next().and_then(parse_addr).filter(|a| a.port() == 0) else { continue };
        for name in words.map(plain).filter(|n| !n.is_empty() && n.len() <= MAX_TEXT) {
            match model.iter_mut().find(|m| m.0 == name) {
                Some(m) => m.1.push(shown(&addr)),
                None => model.push((name, vec![shown(&addr)])),
            }
        }
    }
    if text.split(|c| *c == b'\n').count() <= 400 {
        assert_eq!(hosts.is_empty(), model.is_empty());
        for (name, addrs) in &model {
            let asked = [&name.to_ascii_uppercase()[..], b"."].concat();
            let found: Vec<_> = hosts.lookup(&asked).map(|a| shown(&a)).collect();
            assert_eq!(&found, addrs, "{name:?}");
        }
    }
    assert_eq!(hosts.lookup(b"\0").count(), 0);
}

fn shown(addr: &oxievent::util::addr::Inet) -> Vec<u8> {
    // SAFETY: an address of that length.
    unsafe { std::slice::from_raw_parts(addr.as_ptr().cast::<u8>(), addr.len() as usize) }.to_vec()
}
