//! Replies of a server port: questions, three sections of records, compressed names.
//!
//! A reply that is too long ends at the last record that fits: the counts say what is there, and TC is set unless only
//! additional records are missing (RFC 2181).
#![forbid(unsafe_code)]
use super::name::{MAX_WIRE, Name};
use super::wire::{FLAG_QR, FLAG_TC, HEADER_LEN, MASK_RCODE, OPT_LEN, Writer, opt_record};
use crate::mem::copy;

/// Pointers have 14 bits.
const MAX_POINTER: usize = 0x3fff;
/// How many places of names are remembered.
const MAX_PLACES: usize = 128;

/// A name in the form of a message, uncompressed, wherever it is kept.
#[derive(Clone, Copy)]
pub struct WireName<'a>(&'a [u8]);
impl<'a> WireName<'a> {
    /// Stands for the name of the reply's first question, which must not be the root.
    pub const FIRST_QUESTION: WireName<'static> = WireName(&[]);

    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
    /// The name that `bytes` are, known to be one.
    pub(super) fn whole(bytes: &'a [u8]) -> WireName<'a> {
        WireName(bytes)
    }
    /// Whether `text` spells this name, letter for letter.
    #[inline]
    pub fn is_spelled(&self, mut text: &[u8]) -> bool {
        let mut wire = self.0;
        // Behind the first length the name is as long as its text and the end.
        if wire.len() != text.len() + 2 {
            return matches!(wire, [0]) && text.is_empty();
        }
        loop {
            let Some((&len, rest)) = wire.split_first() else { return false };
            let len = usize::from(len);
            let (Some((label, after)), Some((word, end))) =
                (rest.split_at_checked(len), text.split_at_checked(len))
            else {
                return false;
            };
            if !same_bytes(label, word) {
                return false;
            }
            match end.split_first() {
                None => return true,
                Some((b'.', next)) => (wire, text) = (after, next),
                Some(_) => return false,
            }
        }
    }
    /// The name that `bytes` begin with, and what follows it.
    pub fn split(bytes: &'a [u8]) -> Option<(WireName<'a>, &'a [u8])> {
        let mut at = 0;
        loop {
            let len = usize::from(*bytes.get(at)?);
            at += 1 + len;
            if len > super::name::MAX_LABEL || at > MAX_WIRE {
                return None;
            }
            if len == 0 {
                let (name, rest) = bytes.split_at_checked(at)?;
                return Some((WireName(name), rest));
            }
        }
    }
}
/// Labels are short: a call of the C library's would cost more than comparing them.
#[inline]
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    let ((a8, a1), (b8, b1)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut differ = 0;
    for (x, y) in a8.iter().zip(b8) {
        differ |= u64::from_ne_bytes(*x) ^ u64::from_ne_bytes(*y);
    }
    for (x, y) in a1.iter().zip(b1) {
        differ |= u64::from(x ^ y);
    }
    differ == 0 && a.len() == b.len()
}
impl<'a> From<&'a Name> for WireName<'a> {
    fn from(n: &'a Name) -> WireName<'a> {
        WireName(n.as_wire())
    }
}

/// A record to be sent.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub name: WireName<'a>,
    pub rtype: u16,
    pub class: u16,
    pub ttl: u32,
    pub data: Data<'a>,
}
#[derive(Clone, Copy)]
pub enum Data<'a> {
    Bytes(&'a [u8]),
    /// A name, which may be compressed.
    Name(WireName<'a>),
}
/// A question to be repeated.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub name: WireName<'a>,
    pub qtype: u16,
    pub class: u16,
}
/// A whole reply.
pub struct Reply<Q, R> {
    pub id: u16,
    /// Everything of the flags but QR and the code. TC is set too if the reply is cut.
    pub flags: u16,
    pub rcode: u8,
    pub questions: Q,
    pub answers: R,
    pub authorities: R,
    pub additionals: R,
    /// Tells a client that sent EDNS how much we take ourselves.
    pub udp_size: Option<u16>,
}

/// Where names and their ends stand in the message.
struct Places {
    count: usize,
    at: [u16; MAX_PLACES],
}

impl Places {
    /// Where the name `wire` already stands, letter for letter.
    fn find(&self, msg: &[u8], wire: &[u8]) -> Option<u16> {
        self.at.iter().take(self.count).copied().find(|&at| stands_at(msg, at.into(), wire))
    }
    fn add(&mut self, at: usize) {
        if let (Some(slot), Ok(at)) = (self.at.get_mut(self.count), u16::try_from(at))
            && usize::from(at) <= MAX_POINTER
        {
            *slot = at;
            self.count += 1;
        }
    }
}

/// Whether the name that begins at `at` of `msg` is `wire`. Pointers in `msg` are our own and lead backwards.
fn stands_at(msg: &[u8], mut at: usize, mut wire: &[u8]) -> bool {
    loop {
        let Some(&len) = msg.get(at) else { return false };
        if len & 0xc0 == 0xc0 {
            let Some(&low) = msg.get(at + 1) else { return false };
            let to = usize::from(len & 0x3f) << 8 | usize::from(low);
            if to >= at {
                return false;
            }
            at = to;
            continue;
        }
        let n = usize::from(len) + 1;
        let (Some(ours), Some(theirs)) = (msg.get(at..at + n), wire.get(..n)) else { return false };
        if ours != theirs {
            return false;
        }
        if len == 0 {
            return true;
        }
        at += n;
        wire = wire.get(n..).unwrap_or(&[]);
    }
}

fn put_name(w: &mut Writer<'_>, places: &mut Places, name: WireName<'_>) -> Option<()> {
    let wire = name.0;
    if wire.is_empty() {
        return w.u16(0xc000 | HEADER_LEN as u16);
    }
    // How much of it stands nowhere yet, and where the rest stands.
    let (mut new, mut known) = (0, None);
    while let Some(&len) = wire.get(new).filter(|&&len| len != 0) {
        if places.count > 0 {
            known = places.find(w.written(), wire.get(new..)?);
            if known.is_some() {
                break;
            }
        }
        new += usize::from(len) + 1;
    }
    let at = w.position();
    match known {
        Some(place) => {
            w.bytes(wire.get(..new)?)?;
            w.u16(0xc000 | place)?;
        }
        None => w.bytes(wire)?,
    }
    let mut label = 0;
    while label < new {
        places.add(at + label);
        label += usize::from(*wire.get(label)?) + 1;
    }
    Some(())
}

fn put_record(w: &mut Writer<'_>, places: &mut Places, r: &Record<'_>) -> Option<()> {
    put_name(w, places, r.name)?;
    let ([t0, t1], [c0, c1]) = (r.rtype.to_be_bytes(), r.class.to_be_bytes());
    let [a, b, c, d] = r.ttl.to_be_bytes();
    match r.data {
        Data::Bytes(bytes) => {
            let [n0, n1] = u16::try_from(bytes.len()).ok()?.to_be_bytes();
            w.bytes(&[t0, t1, c0, c1, a, b, c, d, n0, n1])?;
            w.bytes(bytes)
        }
        Data::Name(n) => {
            w.bytes(&[t0, t1, c0, c1, a, b, c, d, 0, 0])?;
            let at = w.position();
            put_name(w, places, n)?;
            let len = u16::try_from(w.position() - at).ok()?;
            w.patch_u16(at - 2, len)
        }
    }
}

/// Writes records until one does not fit; how many did, and whether that was all.
fn put_section<'r>(
    w: &mut Writer<'_>,
    places: &mut Places,
    records: impl Iterator<Item = Record<'r>>,
) -> (u16, bool) {
    let mut count = 0u16;
    for r in records {
        let (at, known) = (w.position(), places.count);
        if count == u16::MAX || put_record(w, places, &r).is_none() {
            w.rewind(at);
            places.count = known;
            return (count, false);
        }
        count += 1;
    }
    (count, true)
}

/// A reply with one question, and answers for its name only, in the form of the message already.
pub struct PlainReply<'a> {
    pub id: u16,
    /// As in [`Reply`].
    pub flags: u16,
    pub rcode: u8,
    /// Not the root, so that pointers may lead to it.
    pub question: Question<'a>,
    pub answers: &'a [u8],
    pub count: u16,
    pub udp_size: Option<u16>,
}
/// Writes what [`encode_reply`] would, if all of it fits; otherwise None.
#[inline]
pub fn encode_plain(out: &mut [u8], reply: &PlainReply<'_>) -> Option<usize> {
    let name = reply.question.name.0;
    let (head, rest) = out.split_first_chunk_mut::<HEADER_LEN>()?;
    let (owner, rest) = rest.split_at_mut_checked(name.len())?;
    let (tail, rest) = rest.split_first_chunk_mut::<4>()?;
    let (answers, rest) = rest.split_at_mut_checked(reply.answers.len())?;
    let flags = reply.flags & !MASK_RCODE | FLAG_QR | u16::from(reply.rcode) & MASK_RCODE;
    let opt = u16::from(reply.udp_size.is_some());
    *head = word_bytes([reply.id, flags, 1, reply.count, 0, opt]);
    copy::copy_slice(owner, name);
    let ([t0, t1], [c0, c1]) = (reply.question.qtype.to_be_bytes(), reply.question.class.to_be_bytes());
    *tail = [t0, t1, c0, c1];
    copy::copy_slice(answers, reply.answers);
    let len = HEADER_LEN + name.len() + 4 + reply.answers.len();
    let Some(size) = reply.udp_size else { return Some(len) };
    *rest.first_chunk_mut::<OPT_LEN>()? = opt_record(size);
    Some(len + OPT_LEN)
}
fn word_bytes(words: [u16; 6]) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes.copy_from_slice(words.map(u16::to_be_bytes).as_flattened());
    bytes
}

/// Writes a reply of at most `out.len()` bytes: 512 over UDP unless the client said more, 65535 over TCP. The length;
/// None if not even the questions fit.
pub fn encode_reply<'r, Q, R>(out: &mut [u8], reply: Reply<Q, R>) -> Option<usize>
where
    Q: Iterator<Item = Question<'r>>,
    R: Iterator<Item = Record<'r>>,
{
    let mut places = Places { count: 0, at: [0; MAX_PLACES] };
    // What is kept free for the OPT record at the end.
    let reserved = if reply.udp_size.is_some() { OPT_LEN } else { 0 };
    let room = out.len().checked_sub(reserved)?;
    let mut w = Writer::new(out.get_mut(..room)?);
    w.bytes(&[0; HEADER_LEN])?;
    let mut questions = 0u16;
    for q in reply.questions {
        put_name(&mut w, &mut places, q.name)?;
        let ([t0, t1], [c0, c1]) = (q.qtype.to_be_bytes(), q.class.to_be_bytes());
        w.bytes(&[t0, t1, c0, c1])?;
        questions = questions.checked_add(1)?;
    }
    let (answers, mut whole) = put_section(&mut w, &mut places, reply.answers);
    let mut authorities = 0;
    let mut additionals = 0;
    if whole {
        (authorities, whole) = put_section(&mut w, &mut places, reply.authorities);
    }
    if whole {
        (additionals, _) = put_section(&mut w, &mut places, reply.additionals);
    }
    let used = w.position();
    let flags = reply.flags & !MASK_RCODE
        | FLAG_QR
        | u16::from(reply.rcode) & MASK_RCODE
        | if whole { 0 } else { FLAG_TC };
    let opt = u16::from(reply.udp_size.is_some() && additionals < u16::MAX);
    *out.first_chunk_mut()? =
        word_bytes([reply.id, flags, questions, answers, authorities, additionals + opt]);
    let Some(size) = reply.udp_size.filter(|_| opt == 1) else { return Some(used) };
    let mut tail = Writer::new(out.get_mut(used..)?);
    tail.opt(size)?;
    Some(used + tail.position())
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "tests may use std")]
mod tests {
    use super::super::wire::{self, CLASS_INET, FLAG_AA, FLAG_RD, Header, TYPE_A, TYPE_CNAME, TYPE_PTR};
    use super::*;

    fn name(t: &str) -> Name {
        Name::from_text(t.as_bytes()).unwrap()
    }
    fn a<'a>(name: &'a Name, data: &'a [u8]) -> Record<'a> {
        Record { name: name.into(), rtype: TYPE_A, class: CLASS_INET, ttl: 60, data: Data::Bytes(data) }
    }
    fn compose(
        room: usize,
        q: &Name,
        qtype: u16,
        sections: [&[Record<'_>]; 3],
        udp_size: Option<u16>,
    ) -> Option<Vec<u8>> {
        // Nothing is written behind the room.
        let mut out = vec![0xee; room + 8];
        let reply = Reply {
            id: 7,
            flags: FLAG_RD | FLAG_AA,
            rcode: 0,
            questions: [Question { name: q.into(), qtype, class: CLASS_INET }].into_iter(),
            answers: sections[0].iter().copied(),
            authorities: sections[1].iter().copied(),
            additionals: sections[2].iter().copied(),
            udp_size,
        };
        let n = encode_reply(&mut out[..room], reply);
        assert!(out[room..].iter().all(|&b| b == 0xee));
        out.truncate(n?);
        Some(out)
    }

    #[test]
    fn replies_byte_for_byte() {
        let (q, c) = (name("www.a.b"), name("x.A.b"));
        let cname = Record {
            name: (&q).into(),
            rtype: TYPE_CNAME,
            class: CLASS_INET,
            ttl: 0x0102_0304,
            data: Data::Name((&c).into()),
        };
        let m = compose(512, &q, TYPE_A, [&[cname, a(&c, &[1, 2, 3, 4])], &[], &[]], Some(1232)).unwrap();
        let want: &[u8] = b"\0\x07\x85\0\0\x01\0\x02\0\0\0\x01\
            \x03www\x01a\x01b\0\0\x01\0\x01\
            \xc0\x0c\0\x05\0\x01\x01\x02\x03\x04\0\x06\x01x\x01A\xc0\x12\
            \xc0\x25\0\x01\0\x01\0\0\0\x3c\0\x04\x01\x02\x03\x04\
            \0\0\x29\x04\xd0\0\0\0\0\0\0";
        assert_eq!(m, want);
    }
    #[test]
    fn what_we_write_we_can_read() {
        let q = name("4.3.2.1.in-addr.arpa");
        let host = name("host.arpa");
        let ptr = Record {
            name: (&q).into(),
            rtype: TYPE_PTR,
            class: CLASS_INET,
            ttl: 5,
            data: Data::Name((&host).into()),
        };
        let m = compose(512, &q, TYPE_PTR, [&[ptr], &[], &[]], None).unwrap();
        let asked = wire::Question { id: 7, name: &q, qtype: TYPE_PTR, exact_case: true };
        let (wire::Verdict::Reply, r) = wire::parse_reply(&m, &asked) else { panic!() };
        assert!(matches!(r.answer, wire::Answer::Name(n) if n.eq_exact(&host)) && r.ttl == 5);
    }
    #[test]
    fn every_room_gives_a_whole_message_or_none() {
        let (q, other) = (name("a.example"), name("b.example"));
        let answers: Vec<_> = (0..6).map(|_| a(&q, &[1, 2, 3, 4])).collect();
        let cname = Record {
            name: (&other).into(),
            rtype: TYPE_CNAME,
            class: CLASS_INET,
            ttl: 1,
            data: Data::Name((&q).into()),
        };
        for udp_size in [None, Some(1232)] {
            let full = compose(1000, &q, TYPE_A, [&answers, &[cname], &[cname]], udp_size).unwrap();
            for room in 0..=full.len() + 1 {
                let m = compose(room, &q, TYPE_A, [&answers, &[cname], &[cname]], udp_size);
                let Some(m) = m else {
                    // Only if the questions do not fit.
                    assert!(room < HEADER_LEN + 15 + udp_size.map_or(0, |_| OPT_LEN), "{room}");
                    continue;
                };
                assert!(m.len() <= room);
                let h = Header::parse(&m).unwrap();
                let whole = h.answers == 6 && h.authorities == 1;
                assert_eq!(h.flags & FLAG_TC == 0, whole, "{room}");
                assert_eq!(room >= full.len(), m == full, "{room}");
                let asked = wire::Question { id: 7, name: &q, qtype: TYPE_A, exact_case: true };
                let (wire::Verdict::Reply, r) = wire::parse_reply(&m, &asked) else { panic!("{room}") };
                match r.answer {
                    wire::Answer::V4(l) => assert_eq!(l.as_slice().len(), usize::from(h.answers)),
                    _ => assert_eq!(h.answers, 0),
                }
                if udp_size.is_some() {
                    assert_eq!(m[m.len() - OPT_LEN..][..3], [0, 0, 41], "{room}");
                }
            }
        }
    }
    #[test]
    fn plain_replies_are_those_of_the_long_way() {
        let q = name("www.a.example");
        for (count, size, udp_size) in [(0, 4, None), (1, 4, None), (3, 16, Some(1232)), (2, 0, Some(512))] {
            let data = vec![9; size];
            let own = Record { name: WireName::FIRST_QUESTION, ..a(&q, &data) };
            let want = compose(512, &q, TYPE_A, [&vec![own; count], &[], &[]], udp_size).unwrap();
            let head = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, size as u8];
            let reply = PlainReply {
                id: 7,
                flags: FLAG_RD | FLAG_AA,
                rcode: 0,
                question: Question { name: (&q).into(), qtype: TYPE_A, class: CLASS_INET },
                answers: &[&head[..], &data].concat().repeat(count),
                count: count as u16,
                udp_size,
            };
            for room in 0..want.len() + 4 {
                let mut out = vec![0xee; room];
                let len = encode_plain(&mut out, &reply);
                assert_eq!(len, (room >= want.len()).then_some(want.len()));
                assert!(len.is_none_or(|n| out[..n] == want && out[n..].iter().all(|&b| b == 0xee)));
            }
        }
    }
    #[test]
    fn names_of_every_length_at_the_end_of_the_room() {
        // What broke libevent (CVE-2026-63387): a name that ends just where the room does.
        let q = name("q");
        for len in 1..=63 {
            let long = name(&"n".repeat(len));
            let ptr = Record {
                name: (&q).into(),
                rtype: TYPE_PTR,
                class: CLASS_INET,
                ttl: 5,
                data: Data::Name((&long).into()),
            };
            let need = HEADER_LEN + 7 + 12 + len + 2;
            let m = |room| compose(room, &q, TYPE_PTR, [&[ptr], &[], &[]], None).unwrap();
            assert_eq!(m(need).len(), need);
            assert_eq!(m(need - 1).len(), HEADER_LEN + 7);
            assert_eq!(m(need - 2).len(), HEADER_LEN + 7);
        }
    }
    #[test]
    fn spelling() {
        let a = name("www.example");
        let w = WireName::from(&a);
        assert!(w.is_spelled(b"www.example") && WireName::from(&Name::ROOT).is_spelled(b""));
        for other in
            [&b"www.examplE"[..], b"www.exampl", b"www.example.", b"", b"wwwxexample", b"ww.wexample"]
        {
            assert!(!w.is_spelled(other));
        }
        assert!(!WireName::from(&Name::ROOT).is_spelled(b".") && !WireName::FIRST_QUESTION.is_spelled(b""));
    }
    #[test]
    fn names_in_a_row() {
        let (a, b) = (name("www.example"), Name::ROOT);
        let both = [a.as_wire(), b.as_wire(), b"x"].concat();
        let (first, rest) = WireName::split(&both).unwrap();
        let (second, rest) = WireName::split(rest).unwrap();
        assert_eq!((first.0, second.0, rest), (a.as_wire(), b.as_wire(), b"x".as_slice()));
        for cut in 0..a.as_wire().len() {
            assert!(WireName::split(&both[..cut]).is_none());
        }
        assert!(WireName::split(&[0xc0, 0, 0]).is_none() && WireName::split(&[1; 300]).is_none());
    }
    #[test]
    fn the_programs_own_truncation_stays() {
        let q = name("q");
        let mut out = [0; 64];
        let reply = Reply {
            id: 1,
            flags: FLAG_TC,
            rcode: 0,
            questions: [Question { name: (&q).into(), qtype: TYPE_A, class: CLASS_INET }].into_iter(),
            answers: std::iter::empty(),
            authorities: std::iter::empty(),
            additionals: std::iter::empty(),
            udp_size: None,
        };
        assert!(encode_reply(&mut out, reply).is_some() && out[2] & 2 != 0);
    }
    #[test]
    fn many_and_large_records() {
        let q = name("q");
        // More names than are remembered, and further away than pointers reach.
        let names: Vec<Name> = (0..2000).map(|i| name(&format!("n{i}.example.org"))).collect();
        let records: Vec<_> = names.iter().map(|n| a(n, &[0; 4])).collect();
        let m = compose(65535, &q, TYPE_A, [&records, &[], &[]], None).unwrap();
        assert_eq!(Header::parse(&m).unwrap().answers, 2000);
        for i in [0usize, 1, 130, 1999] {
            let asked = wire::Question { id: 7, name: &q, qtype: TYPE_A, exact_case: true };
            assert!(matches!(wire::parse_reply(&m, &asked), (wire::Verdict::Reply, _)), "{i}");
        }
        // Data that no length can tell.
        let huge = vec![0; 65536];
        let m = compose(70000, &q, TYPE_A, [&[a(&q, &huge)], &[], &[]], None).unwrap();
        assert_eq!(Header::parse(&m).unwrap().answers, 0);
        // Names are compressed letter for letter: the case of an answer's name stays.
        let upper = name("Q");
        let m = compose(512, &q, TYPE_A, [&[a(&upper, &[0; 4])], &[], &[]], None).unwrap();
        assert_eq!(m[HEADER_LEN + 7..][..3], *b"\x01Q\0");
        // The root.
        let m = compose(512, &Name::ROOT, TYPE_A, [&[a(&Name::ROOT, &[0; 4])], &[], &[]], None).unwrap();
        assert_eq!(m.len(), HEADER_LEN + 5 + 15);
    }
}
