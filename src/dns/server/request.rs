//! A request: one block of memory with what the program sees (`evdns_server_request`, its questions), our own part,
//! and the questions' names as they came, for the reply.
use super::records::{Head, NewData, Records, Section};
use super::{Held, MAX_UDP, PLAIN_UDP, PortRef, amplification};
use crate::abi::dns::{EVDNS_FLAGS_AA, EVDNS_FLAGS_RD, evdns_server_question, evdns_server_request};
use crate::dns::compose::{self, Question, WireName};
use crate::dns::name::Name;
use crate::dns::wire::{self, FLAG_CD, FLAG_RD, HEADER_LEN, MASK_OPCODE, RCODE_FORMAT};
use crate::sys::c;
use crate::sys::c::{sockaddr, sockaddr_in, sockaddr_in6, sockaddr_storage, socklen_t};
use crate::sys::datagram::{self, Datagram};
use crate::sys::socket;
use crate::util::addr::Inet;
use crate::{Error, Result, mem};
use std::cell::{Cell, UnsafeCell};
use std::ffi::c_int;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;

/// "Not implemented".
const RCODE_NOTIMPL: u8 = 4;
/// More questions than this are refused. Every resolver asks one.
const MAX_QUESTIONS: u16 = 32;

#[repr(C)]
struct Request {
    /// What the program sees. Its fields are read anew when they matter.
    public: evdns_server_request,
    port: PortRef,
    /// Among the replies that wait. Under the port's lock.
    next: Cell<Option<RequestRef>>,
    /// The code that the program answered with. Under the port's lock.
    answered: Cell<Option<u8>>,
    id: u16,
    opcode: u16,
    udp_size: Option<u16>,
    /// How long the query was.
    size: usize,
    /// Names of the questions in the form of a message, one behind the other: at the block's end.
    names: *const u8,
    names_len: usize,
    /// With `one_question`: its text, which follows the names. The program may write to the one that it sees.
    text_len: usize,
    /// `from_len` bytes of it, and at least those of the internet families' addresses, are there.
    from: MaybeUninit<sockaddr_storage>,
    from_len: socklen_t,
    /// The block has [`SPARE_SIZE`] bytes.
    spare: bool,
    /// And its name is not the root, so that `names` is that name and nothing else.
    one_question: bool,
    /// Under the port's lock.
    records: UnsafeCell<Records>,
}

/// Replies up to this length are short.
const SHORT: usize = 192;
/// Blocks for requests with one question of a usual name have this size, and are kept by the port for the next.
const SPARE_SIZE: usize = align_up(size_of::<Request>() + 192, 64);

/// A handle on a request; it lives until it is answered and sent, or dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestRef(NonNull<evdns_server_request>);

/// What a datagram turned out to be.
pub(super) enum Verdict {
    Accepted(RequestRef),
    /// Answered by us, with this code.
    Refused(u8),
    Unwanted,
}
/// What became of an attempt to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sent {
    Done,
    /// The socket is full.
    Later,
    /// It never will be.
    Lost(Error),
}
/// The data of a record as C gives it.
#[derive(Clone, Copy)]
pub enum ReplyData<'a> {
    Bytes(&'a [u8]),
    /// A name's text.
    Name(&'a [u8]),
}

/// Where the parts of the block lie.
struct Layout {
    questions: usize,
    first: usize,
    names: usize,
    text: usize,
    end: usize,
}
const fn align_up(n: usize, to: usize) -> usize {
    n.div_ceil(to) * to
}
/// The size of a question whose name's text is `text` bytes long.
fn question_size(text: usize) -> usize {
    align_up(offset_of!(evdns_server_question, name) + text + 1, align_of::<evdns_server_question>())
}

/// The length of the text of a name that has one.
fn text_len(name: WireName<'_>) -> usize {
    name.as_bytes().len().saturating_sub(2)
}
/// Eight bytes at a time: names are too short for anything cleverer.
#[inline]
fn holds_dot_or_nul(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let has_zero = |w: u64| w.wrapping_sub(ONES) & !w & (0x80 * ONES);
    let look = |b: &[u8; 8]| {
        let w = u64::from_ne_bytes(*b);
        has_zero(w) | has_zero(w ^ (u64::from(b'.') * ONES))
    };
    match bytes.last_chunk() {
        None => bytes.iter().any(|&c| c == b'.' || c == 0),
        // The last eight may overlap the others.
        Some(last) => bytes.as_chunks().0.iter().fold(look(last), |found, b| found | look(b)) != 0,
    }
}
/// Whether no label holds a '.' or a NUL.
fn has_text(name: WireName<'_>) -> bool {
    let inner = name.as_bytes().get(1..text_len(name) + 1).unwrap_or(&[]);
    // Most names have none at all. A length may look like a '.'.
    !holds_dot_or_nul(inner) || {
        let mut rest = name.as_bytes();
        std::iter::from_fn(|| {
            let (&len, after) = rest.split_first()?;
            let (label, next) = after.split_at_checked(len.into())?;
            rest = next;
            Some(label)
        })
        .all(|label| !label.iter().any(|&c| c == b'.' || c == 0))
    }
}
/// Writes a question, its text and its name in the form of a message to the places given, and moves them on.
///
/// # Safety
/// There is room: for a pointer, [`question_size`] of the text's length, and the name.
#[inline(always)]
unsafe fn put_question(
    place: &mut (*mut *mut evdns_server_question, *mut u8, *mut u8),
    name: WireName<'_>,
    qtype: u16,
    class: u16,
) {
    let (list, q, wire_name) = *place;
    let question = q.cast::<evdns_server_question>();
    // SAFETY: the caller's promise; a name's labels and the dots between them are as long as its text.
    unsafe {
        (*question).r#type = c_int::from(qtype);
        (*question).dns_question_class = c_int::from(class);
        let text = q.add(offset_of!(evdns_server_question, name));
        let (bytes, len) = (name.as_bytes(), text_len(name));
        // The text is the name without its first length and its end, and with dots for the other lengths.
        if len > 0 {
            mem::copy::copy(bytes.as_ptr().add(1), text, len);
        }
        text.add(len).write(0);
        let mut at = usize::from(*bytes.as_ptr());
        while at < len {
            text.add(at).write(b'.');
            at += 1 + usize::from(*bytes.as_ptr().add(at + 1));
        }
        list.write(question);
        mem::copy::copy(bytes.as_ptr(), wire_name, bytes.len());
        *place = (list.add(1), q.add(question_size(len)), wire_name.add(bytes.len()));
    }
}

impl RequestRef {
    /// # Safety
    /// `p` is null or a request that the library has handed out and that has been neither answered nor dropped, and
    /// stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evdns_server_request) -> Option<RequestRef> {
        NonNull::new(p).map(RequestRef)
    }
    pub fn as_ptr(self) -> *mut evdns_server_request {
        self.0.as_ptr()
    }
    fn raw(self) -> *mut Request {
        self.0.as_ptr().cast()
    }
    /// Our own part. The public one may be written by the program and is left out.
    fn port(self) -> PortRef {
        // SAFETY: alive; never written after it was made.
        unsafe { (*self.raw()).port }
    }
    pub(super) fn next(self) -> Option<RequestRef> {
        // SAFETY: alive; a cell.
        unsafe { (*self.raw()).next.get() }
    }
    pub(super) fn set_next(self, r: Option<RequestRef>) {
        // SAFETY: alive; a cell.
        unsafe { (*self.raw()).next.set(r) }
    }

    /// Takes over what arrived on `port`, or says why not. A request holds a reference on its port.
    pub(super) fn accept(port: PortRef, asked: &wire::Request<'_>, d: &Datagram<'_>) -> Verdict {
        if asked.questions == 0 {
            return Verdict::Unwanted;
        }
        if asked.opcode() != 0 {
            return Verdict::Refused(RCODE_NOTIMPL);
        }
        if asked.questions > MAX_QUESTIONS {
            return Verdict::Refused(RCODE_FORMAT);
        }
        let (mut texts, mut names) = (0, 0);
        // A '.' or NUL inside a label: C could not tell it from another name.
        let only = asked.only_question();
        if let Some((name, ..)) = only {
            if !has_text(name) {
                return Verdict::Refused(RCODE_FORMAT);
            }
            texts = question_size(text_len(name));
            names = name.as_bytes().len();
        } else {
            for (name, _, _) in asked.questions() {
                let name = WireName::from(&name);
                if !has_text(name) {
                    return Verdict::Refused(RCODE_FORMAT);
                }
                texts += question_size(text_len(name));
                names += name.as_bytes().len();
            }
        }
        let questions = align_up(size_of::<Request>(), align_of::<*mut u8>());
        let first = questions + usize::from(asked.questions) * size_of::<*mut evdns_server_question>();
        let text = first + texts + names;
        let end = text + only.map_or(0, |(name, ..)| text_len(name));
        let at = Layout { questions, first, names: first + texts, text, end };
        let spare = at.end <= SPARE_SIZE;
        let size = if spare { SPARE_SIZE } else { at.end };
        let kept = {
            let _held = port.hold();
            port.incref();
            if spare { port.take_spare() } else { None }
        };
        let Some(block) = kept.or_else(|| NonNull::new(mem::malloc(size).cast::<u8>())) else {
            port.decref(port.hold());
            return Verdict::Unwanted;
        };
        // SAFETY: the block is as large as the layout says.
        Verdict::Accepted(unsafe { RequestRef::fill(block, &at, port, asked, only, d) })
    }
    /// # Safety
    /// `block` has `at.end` bytes, which suffice for `asked`.
    unsafe fn fill(
        block: NonNull<u8>,
        at: &Layout,
        port: PortRef,
        asked: &wire::Request<'_>,
        only: Option<(WireName<'_>, u16, u16)>,
        d: &Datagram<'_>,
    ) -> RequestRef {
        let b = block.as_ptr();
        // SAFETY: every place lies inside the block (the caller's promise) and is aligned: malloc's alignment, and the
        // sizes before it are multiples of the alignment.
        unsafe {
            let list = b.add(at.questions).cast::<*mut evdns_server_question>();
            let from_len = d.from_len.min(size_of::<sockaddr_storage>() as socklen_t);
            b.cast::<Request>().write(Request {
                public: evdns_server_request {
                    flags: c_int::from(asked.flags & (FLAG_RD | FLAG_CD)),
                    nquestions: c_int::from(asked.questions),
                    questions: list,
                },
                port,
                next: Cell::new(None),
                answered: Cell::new(None),
                id: asked.id,
                opcode: asked.flags & MASK_OPCODE,
                udp_size: asked.udp_size,
                size: d.bytes.len(),
                names: b.add(at.names),
                names_len: at.text - at.names,
                text_len: at.end - at.text,
                from: MaybeUninit::uninit(),
                from_len,
                spare: at.end <= SPARE_SIZE,
                one_question: only.is_some_and(|(name, ..)| name.as_bytes().len() > 1),
                records: UnsafeCell::new(Records::new()),
            });
            let from = (&raw mut (*b.cast::<Request>()).from).cast::<u8>();
            // An address without family is that of a nameless sender.
            from.write_bytes(0, size_of::<sockaddr_in6>());
            if from_len == size_of::<sockaddr_in>() as socklen_t {
                from.cast::<[u8; size_of::<sockaddr_in>()]>().write(d.from.cast::<[u8; _]>().read());
            } else {
                std::ptr::copy_nonoverlapping(d.from.cast::<u8>(), from, from_len as usize);
            }
            let mut place = (list, b.add(at.first), b.add(at.names));
            if let Some((name, qtype, class)) = only {
                let shown = place.1.add(offset_of!(evdns_server_question, name));
                put_question(&mut place, name, qtype, class);
                mem::copy::copy(shown, b.add(at.text), at.end - at.text);
            } else {
                for (name, qtype, class) in asked.questions() {
                    put_question(&mut place, (&name).into(), qtype, class);
                }
            }
        }
        RequestRef(block.cast())
    }
    /// Frees it and gives up its reference on the port, which has another one. The port's lock is held.
    ///
    /// # Safety
    /// The last use of the request.
    pub(super) unsafe fn release(self, port: PortRef) {
        port.get().refs.set(port.get().refs.get() - 1);
        // SAFETY: the caller's promise.
        unsafe { self.free_memory() };
    }
    /// The port's lock is held.
    ///
    /// # Safety
    /// The last use of the request.
    unsafe fn free_memory(self) {
        // SAFETY: the caller's promise; the block was made by `accept`, and the port is alive: nobody has given up the
        // reference that the request held.
        unsafe {
            std::ptr::drop_in_place((*self.raw()).records.get());
            let (spare, port) = ((*self.raw()).spare, self.port());
            if !spare || !port.keep_spare(self.0.cast()) {
                mem::free(self.raw().cast());
            }
        }
    }
    /// Frees it; its port may go with it.
    ///
    /// # Safety
    /// The last use of the request.
    unsafe fn end(self, held: Held) {
        let port = self.port();
        // SAFETY: the caller's promise.
        unsafe { self.free_memory() };
        port.decref(held);
    }
    /// `evdns_server_request_drop`: no reply.
    pub fn drop_unanswered(self) {
        let held = self.port().hold();
        // SAFETY: the program's last word on it.
        unsafe { self.end(held) };
    }

    // ---- building the reply ----

    /// `evdns_server_request_set_flags`: of AA and RA those that `flags` has; other bits are added.
    pub fn set_flags(self, flags: c_int) {
        let _held = self.port().hold();
        // SAFETY: alive; the program's own threads take turns.
        unsafe {
            let f = &raw mut (*self.as_ptr()).flags;
            f.write(f.read() & !(EVDNS_FLAGS_AA | EVDNS_FLAGS_RD) | flags);
        }
    }
    /// Whether `text` is the first question's name, letter for letter.
    #[inline(always)]
    fn is_first_name(self, text: &[u8]) -> bool {
        // SAFETY: alive; names and text lie in its block and are never written.
        let (names, only) = unsafe {
            let r = self.raw();
            let names = std::slice::from_raw_parts((*r).names, (*r).names_len + (*r).text_len);
            (names, (*r).one_question.then_some((*r).names_len))
        };
        !text.is_empty()
            && match only {
                Some(at) => names.get(at..).is_some_and(|shown| mem::copy::same(shown, text)),
                None => WireName::split(names).is_some_and(|(n, _)| n.is_spelled(text)),
            }
    }
    /// A record's owner, given as text: most often the first question's name.
    fn owner<'a>(self, text: &[u8], room: &'a mut Option<Name>) -> Result<WireName<'a>> {
        if self.is_first_name(text) {
            return Ok(WireName::FIRST_QUESTION);
        }
        Ok(WireName::from(&*room.insert(Name::from_text(text).ok_or(Error::Invalid)?)))
    }
    /// `evdns_server_request_add_reply`. A ttl is a number of 32 bits, whatever its sign.
    pub fn add(
        self,
        section: Section,
        name: &[u8],
        rtype: u16,
        class: u16,
        ttl: c_int,
        data: ReplyData<'_>,
    ) -> Result<()> {
        let mut room = None;
        let name = self.owner(name, &mut room)?;
        let head = Head { section, rtype, class, ttl: ttl as u32 };
        let _held = self.port().hold();
        // SAFETY: alive; the lock is held, and nothing here calls out.
        let (answered, records) =
            unsafe { ((*self.raw()).answered.get(), &mut *(*self.raw()).records.get()) };
        if answered.is_some() {
            return Err(Error::Invalid);
        }
        match data {
            ReplyData::Bytes(b) => records.add(head, name, NewData::Bytes(b)),
            ReplyData::Name(t) => {
                let target = Name::from_text(t).ok_or(Error::Invalid)?;
                records.add(head, name, NewData::Name(&target))
            }
        }
    }
    /// Adds one answer of class IN for each address of `N` bytes. All or none.
    pub fn add_addresses<const N: usize>(
        self,
        name: &[u8],
        rtype: u16,
        addrs: &[[u8; N]],
        ttl: c_int,
    ) -> Result<()> {
        let head = Head { section: Section::Answer, rtype, class: wire::CLASS_INET, ttl: ttl as u32 };
        let is_first = self.is_first_name(name);
        let _held = self.port().hold();
        // SAFETY: as in `add`.
        let (answered, records) =
            unsafe { ((*self.raw()).answered.get(), &mut *(*self.raw()).records.get()) };
        if answered.is_some() || addrs.is_empty() {
            return Err(Error::Invalid);
        }
        let before = records.mark();
        let added = if is_first && records.is_plain(addrs.len()) {
            addrs.iter().try_for_each(|a| records.add_plain(head, a))
        } else {
            self.add_others(name, head, addrs, records)
        };
        added.inspect_err(|_| records.back_to(before))
    }
    /// [`Self::add_addresses`] where they are not all that there is.
    #[inline(never)]
    fn add_others<const N: usize>(
        self,
        name: &[u8],
        head: Head,
        addrs: &[[u8; N]],
        records: &mut Records,
    ) -> Result<()> {
        let mut room = None;
        let name = self.owner(name, &mut room)?;
        addrs.iter().try_for_each(|a| records.add(head, name, NewData::Bytes(a)))
    }

    // ---- sending ----

    /// `evdns_server_request_respond`: true if it is sent (or lost for good), false if it waits for the socket. The
    /// request is gone in both cases, and stays the program's when this fails.
    pub fn respond(self, rcode: c_int) -> Result<bool> {
        let rcode = u8::try_from(rcode).ok().filter(|&c| c <= 15).ok_or(Error::Invalid)?;
        let port = self.port();
        let held = port.hold();
        // SAFETY: alive; a cell.
        unsafe { (*self.raw()).answered.set(Some(rcode)) };
        // Behind those that wait already there is no point in trying.
        let sent = if port.get().waiting.get().is_some() { Sent::Later } else { self.send() };
        if sent == Sent::Later && port.enqueue(self) {
            return Ok(false);
        }
        // SAFETY: the program has given it to us.
        unsafe { self.end(held) };
        match sent {
            Sent::Done => {}
            Sent::Later => super::complain(Error::Os(c::EAGAIN), super::LOST),
            Sent::Lost(e) => super::complain(e, super::LOST),
        }
        Ok(true)
    }
    /// Composes the reply and sends it. The port's lock is held.
    #[inline]
    pub(super) fn send(self) -> Sent {
        // SAFETY: alive; never written after it was made.
        let udp_size = unsafe { (*self.raw()).udp_size };
        if let Some(sent) = self.send_plain(&mut [0; SHORT]) {
            return sent;
        }
        self.send_long(udp_size)
    }
    #[inline(never)]
    fn send_long(self, udp_size: Option<u16>) -> Sent {
        match udp_size.map_or(PLAIN_UDP, |n| usize::from(n).clamp(PLAIN_UDP, MAX_UDP)) {
            PLAIN_UDP => self.send_in(&mut [0; PLAIN_UDP]),
            limit => self.send_in([0; MAX_UDP].get_mut(..limit).unwrap_or_default()),
        }
    }
    /// Sends a reply that is short and plain, as most are: in one piece, and too short to be of use to an attacker.
    #[inline]
    fn send_plain(self, room: &mut [u8; SHORT]) -> Option<Sent> {
        // SAFETY: alive; only the program's part is written any more.
        let size = unsafe { (*self.raw()).size };
        let len = self.encode_plain(room).filter(|&len| amplification::is_free(size, len))?;
        Some(self.send_bytes(room.get(..len)?))
    }
    #[inline]
    fn send_bytes(self, bytes: &[u8]) -> Sent {
        // SAFETY: alive; `from` is not written any more.
        let (port, from, from_len) = unsafe {
            let r = self.raw();
            ((*r).port, (&raw const (*r).from).cast::<sockaddr>(), (*r).from_len)
        };
        // SAFETY: the address that the request came from.
        match unsafe { datagram::send_to(port.get().fd, bytes, from, from_len) } {
            Ok(_) => Sent::Done,
            Err(e) if e.errno().is_some_and(socket::is_retriable) => Sent::Later,
            Err(e) => Sent::Lost(e),
        }
    }
    /// Composes the reply in `room`, which is as large as it may become, and sends it.
    fn send_in(self, room: &mut [u8]) -> Sent {
        // SAFETY: alive; `from` is not written any more.
        let (port, size, from) = unsafe {
            let r = self.raw();
            ((*r).port, (*r).size, (&raw const (*r).from).cast::<sockaddr>())
        };
        let mut len = self.encode(room, true);
        // SAFETY: an address lies there, whole if it is one of the internet families'.
        if len.is_some_and(|len| !port.may_send(|| unsafe { Inet::read(from) }, size, len)) {
            len = self.encode(room, false);
        }
        let Some(bytes) = len.and_then(|len| room.get(..len)) else {
            // No room for its questions.
            return Sent::Lost(Error::Os(c::EMSGSIZE));
        };
        self.send_bytes(bytes)
    }
    /// Writes a plain reply; None if it is not, or does not fit.
    #[inline]
    fn encode_plain(self, out: &mut [u8]) -> Option<usize> {
        // SAFETY: alive and answered: nobody writes to it any more; the names lie in its block.
        let (r, flags, name) = unsafe {
            let r = self.raw();
            if !(*r).one_question {
                return None;
            }
            (&*r, (*r).public.flags, std::slice::from_raw_parts((*r).names, (*r).names_len))
        };
        // SAFETY: as above.
        let (answers, count) = unsafe { &*r.records.get() }.plain()?;
        let reply = compose::PlainReply {
            id: r.id,
            flags: flags as u16 & !MASK_OPCODE | r.opcode,
            rcode: r.answered.get().unwrap_or(0),
            question: self.question(0, WireName::whole(name)),
            answers,
            count,
            udp_size: r.udp_size.map(|_| MAX_UDP as u16),
        };
        compose::encode_plain(out, &reply)
    }
    /// Writes the reply; without `records` it is cut to the questions. None if not even these fit.
    fn encode(self, out: &mut [u8], records: bool) -> Option<usize> {
        // SAFETY: alive and answered: nobody writes to it any more; the names lie in its block.
        let (flags, r, names) = unsafe {
            let r = &*self.raw();
            (r.public.flags, r, std::slice::from_raw_parts(r.names, r.names_len))
        };
        // SAFETY: as above.
        let added = unsafe { &*r.records.get() };
        let none;
        let shown = if records {
            added
        } else {
            none = Records::new();
            &none
        };
        let cut = if records || added.is_empty() { 0 } else { wire::FLAG_TC };
        let reply = compose::Reply {
            id: r.id,
            flags: flags as u16 & !MASK_OPCODE | r.opcode | cut,
            rcode: r.answered.get().unwrap_or(0),
            questions: self.questions(names),
            answers: shown.of(Section::Answer),
            authorities: shown.of(Section::Authority),
            additionals: shown.of(Section::Additional),
            udp_size: r.udp_size.map(|_| MAX_UDP as u16),
        };
        compose::encode_reply(out, reply)
    }
    /// The questions as they came; type and class as the program sees them.
    fn questions(self, mut names: &[u8]) -> impl Iterator<Item = Question<'_>> {
        let mut i = 0;
        std::iter::from_fn(move || {
            let (name, rest) = WireName::split(names)?;
            names = rest;
            i += 1;
            Some(self.question(i - 1, name))
        })
    }
    /// Question `i`, which has this name.
    fn question(self, i: usize, name: WireName<'_>) -> Question<'_> {
        // SAFETY: alive; there is a pointer for each name. The block starts with the public part, whose pointer to
        // the list the program may have changed: the list's place is computed.
        let (qtype, class) = unsafe {
            let list = self
                .raw()
                .cast::<u8>()
                .add(align_up(size_of::<Request>(), align_of::<*mut u8>()))
                .cast::<*mut evdns_server_question>();
            let q = list.add(i).read();
            ((*q).r#type, (*q).dns_question_class)
        };
        Question { name, qtype: qtype as u16, class: class as u16 }
    }

    /// `evdns_server_request_get_requesting_addr`: copies the sender's address; its length.
    ///
    /// # Safety
    /// `to` is writable for `room` bytes.
    pub unsafe fn sender(self, to: *mut sockaddr, room: usize) -> Result<usize> {
        // SAFETY: alive; never written after it was made.
        let (from, len) = unsafe { (&raw const (*self.raw()).from, (*self.raw()).from_len as usize) };
        if to.is_null() || room < len {
            return Err(Error::Invalid);
        }
        // SAFETY: the caller's promise, and there is room.
        unsafe { std::ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast::<u8>(), len) };
        Ok(len)
    }
}

/// A reply without records to a request that the program does not see. Only the first question is repeated.
pub(super) fn encode_refusal(out: &mut [u8], asked: &wire::Request<'_>, rcode: u8) -> Option<usize> {
    let first = asked.questions().next();
    let question = first.as_ref().map(|(name, qtype, class)| Question {
        name: name.into(),
        qtype: *qtype,
        class: *class,
    });
    let none = || std::iter::empty::<compose::Record<'_>>();
    let reply = compose::Reply {
        id: asked.id,
        flags: asked.flags & (MASK_OPCODE | FLAG_RD),
        rcode,
        questions: question.into_iter(),
        answers: none(),
        authorities: none(),
        additionals: none(),
        udp_size: asked.udp_size.map(|_| MAX_UDP as u16),
    };
    compose::encode_reply(out, reply).filter(|&n| n >= HEADER_LEN)
}
