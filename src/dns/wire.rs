//! DNS messages (RFC 1035, 2308, 6891): reading them, and writing queries.
//!
//! Everything that comes from a peer goes through [`Cursor`], which cannot leave the message. A compression pointer
//! must lead backwards, so following pointers ends. A reply is only looked at if it repeats our question exactly, and
//! only records that belong to the question's name, or to what a chain of CNAMEs makes of it, are believed.
#![forbid(unsafe_code)]
use super::compose::WireName;
use super::name::{Builder, MAX_WIRE, Name};
use crate::mem::copy;

pub const TYPE_A: u16 = 1;
pub const TYPE_CNAME: u16 = 5;
pub const TYPE_SOA: u16 = 6;
pub const TYPE_PTR: u16 = 12;
pub const TYPE_AAAA: u16 = 28;
pub const TYPE_OPT: u16 = 41;
pub const CLASS_INET: u16 = 1;

/// The bits of a header's second word.
pub const FLAG_QR: u16 = 0x8000;
pub const MASK_OPCODE: u16 = 0x7800;
pub const FLAG_AA: u16 = 0x0400;
pub const FLAG_TC: u16 = 0x0200;
pub const FLAG_RD: u16 = 0x0100;
pub const FLAG_RA: u16 = 0x0080;
pub const FLAG_CD: u16 = 0x0010;
pub const MASK_RCODE: u16 = 0x000f;

pub const RCODE_FORMAT: u8 = 1;
pub const RCODE_SERVER_FAILED: u8 = 2;
pub const RCODE_NOT_EXIST: u8 = 3;

pub const HEADER_LEN: usize = 12;
/// The most that a query takes: header, name, type, class, OPT.
pub const MAX_QUERY: usize = HEADER_LEN + super::name::MAX_WIRE + 4 + OPT_LEN;
/// The size of an OPT record without options.
pub const OPT_LEN: usize = 11;
/// How many addresses of one answer are kept.
pub const MAX_ADDRS: usize = 32;
/// The second byte of [`TYPE_OPT`].
const OPT: u8 = TYPE_OPT as u8;
/// The second byte of a pointer to the question's name.
const TO_QUESTION: u8 = HEADER_LEN as u8;
/// How many CNAMEs are followed.
const MAX_CHAIN: usize = 16;
/// How many pointers a name may hold: more than it can have labels would only cost time.
const MAX_POINTERS: usize = 127;

/// A place in a message that cannot be left: every read is checked.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    msg: &'a [u8],
    at: usize,
}
impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a [u8] {
        self.msg.get(self.at..).unwrap_or(&[])
    }
    pub fn new(msg: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { msg, at: at.min(msg.len()) }
    }
    pub fn position(&self) -> usize {
        self.at
    }
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let bytes = self.msg.get(self.at..)?.get(..n)?;
        self.at += n;
        Some(bytes)
    }
    pub fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }
    #[inline]
    fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let bytes = self.msg.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(bytes)
    }
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(|b| u16::from_be_bytes(*b))
    }
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(|b| u32::from_be_bytes(*b))
    }
    /// Reads a name; labels that pointers lead to are included, and the cursor ends behind the first pointer.
    pub fn name(&mut self) -> Option<Name> {
        if let Some(len) = self.plain_len() {
            return Name::from_plain(self.take(len)?);
        }
        let mut out = Builder::new();
        let mut here = *self;
        // Where the run of labels began that is being read: pointers must lead before it.
        let mut start = self.at;
        let mut pointers = 0;
        loop {
            let len = here.u8()?;
            match len & 0xc0 {
                0 if len == 0 => break,
                0 => out.label(here.take(usize::from(len))?)?,
                0xc0 => {
                    let target = usize::from(len & 0x3f) << 8 | usize::from(here.u8()?);
                    if pointers == 0 {
                        self.at = here.at;
                    }
                    pointers += 1;
                    if target >= start || pointers > MAX_POINTERS {
                        return None;
                    }
                    start = target;
                    here.at = target;
                }
                _ => return None,
            }
        }
        if pointers == 0 {
            self.at = here.at;
        }
        Some(out.finish())
    }
    /// The length of a name that is here and has no pointers.
    fn plain_len(&self) -> Option<usize> {
        let mut len = 0;
        while len < MAX_WIRE {
            match *self.msg.get(self.at + len)? {
                0 => return Some(len + 1),
                l @ 1..=63 => len += 1 + usize::from(l),
                _ => return None,
            }
        }
        None
    }
    /// Reads a question: name, type, class.
    fn question(&mut self) -> Option<(Name, u16, u16)> {
        Some((self.name()?, self.u16()?, self.u16()?))
    }
    /// Steps over a name that [`Self::name`] could read: the name, if it is spelled out.
    #[inline]
    fn check_name(&mut self) -> Option<Option<WireName<'a>>> {
        if let Some((name, _)) = WireName::split(self.msg.get(self.at..)?) {
            self.at += name.as_bytes().len();
            return Some(Some(name));
        }
        self.name().map(|_| None)
    }
    /// Steps over a name without following pointers.
    #[inline]
    fn skip_name(&mut self) -> Option<()> {
        // A pointer alone, as in most answers.
        if let Some([0xc0..=0xff, _]) = self.msg.get(self.at..)?.first_chunk() {
            self.at += 2;
            return Some(());
        }
        self.skip_labels()
    }
    fn skip_labels(&mut self) -> Option<()> {
        loop {
            let len = self.u8()?;
            match len & 0xc0 {
                0 if len == 0 => return Some(()),
                0 => {
                    self.take(usize::from(len))?;
                }
                0xc0 => {
                    self.u8()?;
                    return Some(());
                }
                _ => return None,
            }
        }
    }
}

/// The fixed start of every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub id: u16,
    pub flags: u16,
    pub questions: u16,
    pub answers: u16,
    pub authorities: u16,
    pub additionals: u16,
}
impl Header {
    pub fn parse(msg: &[u8]) -> Option<Header> {
        let words = msg.first_chunk::<HEADER_LEN>()?.as_chunks().0;
        let &[id, flags, questions, answers, authorities, additionals] = words else { return None };
        Some(Header {
            id: u16::from_be_bytes(id),
            flags: u16::from_be_bytes(flags),
            questions: u16::from_be_bytes(questions),
            answers: u16::from_be_bytes(answers),
            authorities: u16::from_be_bytes(authorities),
            additionals: u16::from_be_bytes(additionals),
        })
    }
    pub fn rcode(&self) -> u8 {
        (self.flags & MASK_RCODE) as u8
    }
}

/// A resource record's fixed part and where its data lies.
#[derive(Clone, Copy)]
struct Record<'a> {
    owner: Cursor<'a>,
    rtype: u16,
    class: u16,
    ttl: u32,
    data: &'a [u8],
    data_at: usize,
}
impl<'a> Record<'a> {
    #[inline]
    fn read(c: &mut Cursor<'a>) -> Option<Record<'a>> {
        let owner = *c;
        c.skip_name()?;
        let &[t0, t1, c0, c1, a, b, d, e, n0, n1] = c.array()?;
        let (rtype, class) = (u16::from_be_bytes([t0, t1]), u16::from_be_bytes([c0, c1]));
        let ttl = read_ttl([a, b, d, e]);
        let data_at = c.at;
        let data = c.take(usize::from(u16::from_be_bytes([n0, n1])))?;
        Some(Record { owner, rtype, class, ttl, data, data_at })
    }
    #[inline]
    fn belongs_to(&self, name: &Name, asked: &Question<'_>) -> Option<bool> {
        // A pointer to the question, which is where most servers point.
        if std::ptr::eq(name, asked.name)
            && let Some([0xc0, TO_QUESTION]) = self.owner.msg.get(self.owner.at..)?.first_chunk()
        {
            return Some(true);
        }
        self.is_of(name)
    }
    #[inline(never)]
    fn is_of(&self, name: &Name) -> Option<bool> {
        let mut c = self.owner;
        Some(c.name()?.eq_ignore_case(name))
    }
    /// Takes the record if it is one of `owner`'s that answer the question.
    #[inline(always)]
    fn collect(
        &self,
        msg: &'a [u8],
        owner: &Name,
        asked: &Question<'_>,
        ttl: &mut u32,
        answer: &mut Answer,
    ) -> Option<()> {
        if self.rtype != asked.qtype || self.class != CLASS_INET || !self.belongs_to(owner, asked)? {
            return Some(());
        }
        if matches!(answer, Answer::None) {
            match self.rtype {
                TYPE_A => *answer = Answer::V4(Addrs::new()),
                TYPE_AAAA => *answer = Answer::V6(Addrs::new()),
                TYPE_PTR | TYPE_CNAME => {
                    *answer = Answer::Name(self.name(msg)?);
                    *ttl = (*ttl).min(self.ttl);
                    return Some(());
                }
                _ => return Some(()),
            }
        }
        match answer {
            Answer::V4(list) => list.add_all(self.data)?,
            Answer::V6(list) => list.add_all(self.data)?,
            // Of several names the first counts.
            Answer::Name(_) | Answer::None => return Some(()),
        }
        *ttl = (*ttl).min(self.ttl);
        Some(())
    }
    /// The data as one name, which must fill it.
    fn name(&self, msg: &'a [u8]) -> Option<Name> {
        let mut c = Cursor::new(msg, self.data_at);
        let name = c.name()?;
        (c.at == self.data_at + self.data.len()).then_some(name)
    }
}

/// What we asked, to hold replies against.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub id: u16,
    /// As it was sent: with 0x20, in that case.
    pub name: &'a Name,
    pub qtype: u16,
    /// 0x20 is on: the reply must repeat the name's case.
    pub exact_case: bool,
}

/// What a datagram that came back turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Not the reply to this question: to be dropped and counted. The query stays open.
    NotOurs,
    /// Id, type, class and name fit, but the letters have another case than 0x20 gave them: the server spoils
    /// the case, or someone guesses. To be asked again in another way, not to be believed.
    CaseDiffers,
    /// A bare header that says FORMERR, as servers send that know no EDNS. To be asked again without it.
    FormatErrorOnly,
    /// It repeats our question, and the rest makes no sense.
    Malformed,
    /// It is the reply.
    Reply,
}

/// The data of an answer.
#[allow(clippy::large_enum_variant, reason = "lives on the stack: nothing to allocate, nothing to fail")]
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// There is none of the type asked for.
    None,
    V4(Addrs<4>),
    V6(Addrs<16>),
    /// The target of a PTR or CNAME question.
    Name(Name),
}
/// Addresses in network order, at most [`MAX_ADDRS`].
#[derive(Clone, Copy)]
pub struct Addrs<const N: usize> {
    count: usize,
    list: [[u8; N]; MAX_ADDRS],
}
impl<const N: usize> Addrs<N> {
    fn new() -> Self {
        Addrs { count: 0, list: [[0; N]; MAX_ADDRS] }
    }
    pub fn as_slice(&self) -> &[[u8; N]] {
        self.list.get(..self.count).unwrap_or(&[])
    }
    fn add(&mut self, addr: [u8; N]) {
        if let Some(a) = self.list.get_mut(self.count) {
            *a = addr;
            self.count += 1;
        }
    }
    /// A record's data: one address, or several, as libevent 2.1's own server sends them.
    fn add_all(&mut self, data: &[u8]) -> Option<()> {
        if let Ok(one) = data.try_into() {
            self.add(one);
            return Some(());
        }
        if data.is_empty() || !data.len().is_multiple_of(N) {
            return None;
        }
        data.chunks_exact(N).filter_map(|c| c.try_into().ok()).for_each(|a| self.add(a));
        Some(())
    }
}
impl<const N: usize> std::fmt::Debug for Addrs<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

/// A reply to our question.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    pub rcode: u8,
    /// The server had more than fits: what is here may be incomplete.
    pub truncated: bool,
    /// Seconds for which this holds: of the answer and the CNAMEs that led to it, or, without an answer, what
    /// the SOA record allows (RFC 2308). 0 if nothing says.
    pub ttl: u32,
    pub answer: Answer,
    /// The name that the question's name is an alias of, if it is one.
    pub canonical: Option<Name>,
}

impl Reply {
    /// Nothing has been read yet.
    #[inline]
    pub fn new() -> Reply {
        Reply { rcode: 0, truncated: false, ttl: 0, answer: Answer::None, canonical: None }
    }
}
impl Default for Reply {
    fn default() -> Reply {
        Reply::new()
    }
}

/// [`read_reply`] for those to whom speed is nothing: fuzz targets and tests.
pub fn parse_reply(msg: &[u8], asked: &Question<'_>) -> (Verdict, Reply) {
    let mut reply = Reply::new();
    (read_reply(msg, asked, &mut reply), reply)
}
/// Addresses as most replies bring them: one record behind the other, each for the question's name.
#[derive(Clone, Copy, Debug)]
pub struct PlainAnswers<'a> {
    /// Whole records, with an address of this size at the end of each.
    records: &'a [u8],
    size: usize,
    pub count: u32,
    pub ttl: u32,
}
impl<'a> PlainAnswers<'a> {
    /// The addresses' bytes.
    #[inline]
    pub fn addresses(&self) -> impl Iterator<Item = &'a [u8]> {
        let (mut rest, size) = (self.records, self.size);
        std::iter::from_fn(move || {
            let address;
            (address, rest) = rest.get(PLAIN_HEAD..)?.split_at_checked(size)?;
            Some(address)
        })
    }
}
/// Owner (a pointer), type, class, ttl, length.
const PLAIN_HEAD: usize = 12;

/// The fast way for what most replies are: [`read_reply`] would find these addresses, and nothing else of interest.
/// None: it has to say what the message is.
#[inline]
pub fn plain_reply<'a>(msg: &'a [u8], asked: &Question<'_>) -> Option<PlainAnswers<'a>> {
    let size: u8 = match asked.qtype {
        TYPE_A => 4,
        TYPE_AAAA => 16,
        _ => return None,
    };
    let (&[i0, i1, f0, f1, q0, q1, n0, n1, ..], rest) = msg.split_first_chunk::<HEADER_LEN>()?;
    // A reply to a standard query, whole and without an error.
    const WATCHED: u16 = FLAG_QR | MASK_OPCODE | FLAG_TC | MASK_RCODE;
    let count = usize::from(u16::from_be_bytes([n0, n1]));
    if u16::from_be_bytes([i0, i1]) != asked.id
        || u16::from_be_bytes([f0, f1]) & WATCHED != FLAG_QR
        || [q0, q1] != [0, 1]
        || !(1..=MAX_ADDRS).contains(&count)
    {
        return None;
    }
    let name = asked.name.as_wire();
    let (question, rest) = rest.split_at_checked(name.len())?;
    let (tail, rest) = rest.split_first_chunk::<4>()?;
    let [t0, t1] = asked.qtype.to_be_bytes();
    let record = PLAIN_HEAD + usize::from(size);
    let records = rest.get(..count * record)?;
    let (mut ttl, mut left) = (u32::MAX, records);
    while let Some((r, next)) = left.split_at_checked(record) {
        left = next;
        let &[p0, p1, r0, r1, c0, c1, a, b, c, d, l0, l1] = r.first_chunk::<PLAIN_HEAD>()?;
        if [p0, p1, r0, r1, c0, c1, l0, l1] != [0xc0, TO_QUESTION, t0, t1, 0, CLASS_INET as u8, 0, size] {
            return None;
        }
        ttl = ttl.min(read_ttl([a, b, c, d]));
    }
    let ours = *tail == [t0, t1, 0, CLASS_INET as u8] && copy::same(question, name);
    ours.then_some(PlainAnswers { records, size: size.into(), count: count as u32, ttl })
}
/// RFC 2181: with the top bit set it means 0.
#[inline]
fn read_ttl(bytes: [u8; 4]) -> u32 {
    let n = u32::from_be_bytes(bytes);
    if n >> 31 == 0 { n } else { 0 }
}

/// Reads the reply to `asked` from a whole message into a new [`Reply`] of the caller's, which is larger than one likes to
/// hand around.
#[inline]
pub fn read_reply(msg: &[u8], asked: &Question<'_>, reply: &mut Reply) -> Verdict {
    let Some(h) = Header::parse(msg) else { return Verdict::NotOurs };
    if h.id != asked.id || h.flags & (FLAG_QR | MASK_OPCODE) != FLAG_QR {
        return Verdict::NotOurs;
    }
    if h.questions == 0 && h.rcode() == RCODE_FORMAT && msg.len() == HEADER_LEN {
        return Verdict::FormatErrorOnly;
    }
    let mut c = Cursor::new(msg, HEADER_LEN);
    if h.questions != 1 {
        return Verdict::NotOurs;
    }
    let begin = c;
    // As it was sent, mostly: one comparison.
    let exact = c.take(asked.name.as_wire().len()) == Some(asked.name.as_wire());
    if !exact {
        c = begin;
        if !c.name().is_some_and(|name| name.eq_ignore_case(asked.name)) {
            return Verdict::NotOurs;
        }
    }
    if (c.u16(), c.u16()) != (Some(asked.qtype), Some(CLASS_INET)) {
        return Verdict::NotOurs;
    }
    // A name that is spelled by a pointer to itself is none, so what is not exact differs in case.
    if asked.exact_case && !exact {
        return Verdict::CaseDiffers;
    }
    reply.rcode = h.rcode();
    reply.truncated = h.flags & FLAG_TC != 0;
    if read_sections(msg, c, &h, asked, reply).is_none() {
        // Servers cut truncated messages anywhere: what counts is that they are.
        if !reply.truncated {
            return Verdict::Malformed;
        }
        (reply.ttl, reply.answer, reply.canonical) = (0, Answer::None, None);
    }
    Verdict::Reply
}

/// The records behind the question. None if they are not well formed.
#[inline]
fn read_sections<'a>(
    msg: &'a [u8],
    mut c: Cursor<'a>,
    h: &Header,
    asked: &Question<'_>,
    out: &mut Reply,
) -> Option<()> {
    let answers = c;
    let mut ttl = u32::MAX;
    let mut aliases = false;
    // In the same pass what belongs to the name itself is taken: mostly that is all.
    for _ in 0..h.answers {
        let r = Record::read(&mut c)?;
        aliases |= r.rtype == TYPE_CNAME;
        r.collect(msg, asked.name, asked, &mut ttl, &mut out.answer)?;
    }
    let authorities = c;
    if aliases && asked.qtype != TYPE_CNAME {
        (ttl, out.answer) = (u32::MAX, Answer::None);
        collect_of_alias(msg, answers, h.answers, asked, &mut ttl, out)?;
    }
    if matches!(out.answer, Answer::None) {
        ttl = negative_ttl(msg, authorities, h.authorities, out.truncated)?.unwrap_or(u32::MAX);
    }
    out.ttl = if ttl == u32::MAX { 0 } else { ttl };
    Some(())
}
/// The answers where there are CNAMEs among them.
#[cold]
fn collect_of_alias<'a>(
    msg: &'a [u8],
    answers: Cursor<'a>,
    count: u16,
    asked: &Question<'_>,
    ttl: &mut u32,
    out: &mut Reply,
) -> Option<()> {
    follow_aliases(msg, answers, count, asked, ttl, &mut out.canonical)?;
    let owner = out.canonical.as_ref().unwrap_or(asked.name);
    collect(msg, answers, count, owner, asked, ttl, &mut out.answer)?;
    if matches!(out.answer, Answer::None) && out.canonical.is_some() {
        // Against the rules, and seen: an alias that has addresses itself.
        collect(msg, answers, count, asked.name, asked, ttl, &mut out.answer)?;
    }
    Some(())
}

/// Follows CNAME records by their owners from the question's name, in whatever order they stand. `owner` becomes the
/// last name of the chain, if there is one, `ttl` the least of theirs.
fn follow_aliases<'a>(
    msg: &'a [u8],
    answers: Cursor<'a>,
    count: u16,
    asked: &Question<'_>,
    ttl: &mut u32,
    owner: &mut Option<Name>,
) -> Option<()> {
    let mut hops = 0;
    loop {
        let before = hops;
        let mut c = answers;
        for _ in 0..count {
            let r = Record::read(&mut c)?;
            if r.rtype == TYPE_CNAME
                && r.class == CLASS_INET
                && r.belongs_to(owner.as_ref().unwrap_or(asked.name), asked)?
            {
                if hops == MAX_CHAIN {
                    return None; // a loop, or as good as one
                }
                *owner = Some(r.name(msg)?);
                *ttl = (*ttl).min(r.ttl);
                hops += 1;
            }
        }
        if hops == before {
            return Some(());
        }
    }
}

/// The records of `owner` that answer the question.
fn collect<'a>(
    msg: &'a [u8],
    mut c: Cursor<'a>,
    count: u16,
    owner: &Name,
    asked: &Question<'_>,
    ttl: &mut u32,
    answer: &mut Answer,
) -> Option<()> {
    for _ in 0..count {
        Record::read(&mut c)?.collect(msg, owner, asked, ttl, answer)?;
    }
    Some(())
}

/// How long the absence of an answer may be believed, if an SOA record says.
fn negative_ttl<'a>(msg: &'a [u8], mut c: Cursor<'a>, count: u16, truncated: bool) -> Option<Option<u32>> {
    let mut best: Option<u32> = None;
    for _ in 0..count {
        let Some(r) = Record::read(&mut c) else { return truncated.then_some(best) };
        if r.rtype == TYPE_SOA && r.class == CLASS_INET {
            let mut d = Cursor::new(msg, r.data_at);
            d.name()?;
            d.name()?;
            d.take(16)?; // serial, refresh, retry, expire
            let ttl = r.ttl.min(d.u32()?);
            if d.at != r.data_at + r.data.len() {
                return None;
            }
            best = Some(best.map_or(ttl, |b| b.min(ttl)));
        }
    }
    Some(best)
}

/// Writes a query for recursion. With `udp_size`, an EDNS0 record says how much a reply over UDP may hold. The length;
/// `out` of [`MAX_QUERY`] bytes always suffices.
#[inline(always)]
pub fn encode_query(
    out: &mut [u8],
    id: u16,
    name: &Name,
    qtype: u16,
    udp_size: Option<u16>,
) -> Option<usize> {
    let name = name.as_wire();
    let (head, rest) = out.split_first_chunk_mut::<HEADER_LEN>()?;
    let (asked, rest) = rest.split_at_mut_checked(name.len())?;
    let (tail, rest) = rest.split_first_chunk_mut::<4>()?;
    let ([i0, i1], [f0, f1], [t0, t1]) = (id.to_be_bytes(), FLAG_RD.to_be_bytes(), qtype.to_be_bytes());
    *head = [i0, i1, f0, f1, 0, 1, 0, 0, 0, 0, 0, u8::from(udp_size.is_some())];
    copy::copy_slice(asked, name);
    *tail = [t0, t1, 0, CLASS_INET as u8];
    let len = HEADER_LEN + name.len() + 4;
    let Some(size) = udp_size else { return Some(len) };
    *rest.first_chunk_mut()? = opt_record(size);
    Some(len + OPT_LEN)
}

/// Writes into a slice and never beyond it.
pub struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}
impl<'a> Writer<'a> {
    pub fn new(out: &'a mut [u8]) -> Writer<'a> {
        Writer { out, at: 0 }
    }
    pub fn position(&self) -> usize {
        self.at
    }
    /// Takes back everything from `at` on.
    pub fn rewind(&mut self, at: usize) {
        self.at = self.at.min(at);
    }
    pub fn written(&self) -> &[u8] {
        self.out.get(..self.at).unwrap_or(&[])
    }
    pub fn bytes(&mut self, b: &[u8]) -> Option<()> {
        self.out.get_mut(self.at..)?.get_mut(..b.len())?.copy_from_slice(b);
        self.at += b.len();
        Some(())
    }
    pub fn u8(&mut self, n: u8) -> Option<()> {
        self.bytes(&[n])
    }
    pub fn u16(&mut self, n: u16) -> Option<()> {
        self.bytes(&n.to_be_bytes())
    }
    pub fn u32(&mut self, n: u32) -> Option<()> {
        self.bytes(&n.to_be_bytes())
    }
    /// Overwrites two bytes that were written before.
    pub fn patch_u16(&mut self, at: usize, n: u16) -> Option<()> {
        let end = self.at;
        self.out.get_mut(..end)?.get_mut(at..)?.get_mut(..2)?.copy_from_slice(&n.to_be_bytes());
        Some(())
    }
    /// An OPT record without options.
    pub fn opt(&mut self, udp_size: u16) -> Option<()> {
        self.bytes(&opt_record(udp_size))
    }
}
/// An OPT record without options: the root, the type, the size in place of a class, nothing else.
pub(super) fn opt_record(udp_size: u16) -> [u8; OPT_LEN] {
    let ([t0, t1], [s0, s1]) = (TYPE_OPT.to_be_bytes(), udp_size.to_be_bytes());
    [0, t0, t1, s0, s1, 0, 0, 0, 0, 0, 0]
}

/// A request that a server port received.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub id: u16,
    /// As received.
    pub flags: u16,
    /// How many questions there are; all of them have been checked.
    pub questions: u16,
    /// How large a reply over UDP the client takes, at least 512; None if it knows no EDNS.
    pub udp_size: Option<u16>,
    first: Cursor<'a>,
    only: Option<(WireName<'a>, u16, u16)>,
}
impl<'a> Request<'a> {
    /// None for what is no request or is not well formed: to be dropped.
    pub fn parse(msg: &'a [u8]) -> Option<Request<'a>> {
        let h = Header::parse(msg)?;
        if h.flags & FLAG_QR != 0 {
            return None;
        }
        let first = Cursor::new(msg, HEADER_LEN);
        let mut c = first;
        let mut only = None;
        for _ in 0..h.questions {
            let plain = c.check_name()?;
            let &[t0, t1, c0, c1] = c.array()?;
            only = plain.map(|name| (name, u16::from_be_bytes([t0, t1]), u16::from_be_bytes([c0, c1])));
        }
        if h.questions != 1 {
            only = None;
        }
        let mut udp_size = None;
        // EDNS without options, and nothing else.
        if let (Some(&[0, 0, OPT, s0, s1, _, _, _, _, 0, 0]), 0, 0, 1) =
            (c.rest().first_chunk::<OPT_LEN>(), h.answers, h.authorities, h.additionals)
        {
            let udp_size = Some(u16::from_be_bytes([s0, s1]).max(512));
            return Some(Request { id: h.id, flags: h.flags, questions: h.questions, udp_size, first, only });
        }
        // The records behind the questions only matter for EDNS: requests with oddities there were always answered.
        for _ in 0..u32::from(h.answers) + u32::from(h.authorities) + u32::from(h.additionals) {
            let Some(r) = Record::read(&mut c) else { break };
            if r.rtype == TYPE_OPT && msg.get(r.owner.at) == Some(&0) {
                udp_size = Some(r.class.max(512));
            }
        }
        Some(Request { id: h.id, flags: h.flags, questions: h.questions, udp_size, first, only })
    }
    /// 0 is a standard query.
    pub fn opcode(&self) -> u8 {
        ((self.flags & MASK_OPCODE) >> 11) as u8
    }
    /// The question, if there is one only, and its name is spelled out.
    pub fn only_question(&self) -> Option<(WireName<'a>, u16, u16)> {
        self.only
    }
    /// Name, type and class of each question.
    pub fn questions(&self) -> impl Iterator<Item = (Name, u16, u16)> + 'a {
        let mut c = self.first;
        (0..self.questions).map_while(move |_| c.question())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "tests may use std")]
mod tests;
