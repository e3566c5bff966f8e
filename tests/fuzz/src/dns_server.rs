//! A server port: any datagram arrives, a program adds any records, and what goes out is read back.
use crate::input::Input;
use oxievent::abi::dns::evdns_server_request;
use oxievent::abi::event::Evloop;
use oxievent::base::{BaseRef, Config};
use oxievent::dns::name::Name;
use oxievent::dns::server::{PortRef, ReplyData, RequestRef, Section};
use oxievent::dns::wire::{Cursor, FLAG_TC, Header, Request};
use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixDatagram;

/// A record that was added: section, owner, type, class, ttl, data, and whether the data is a name.
type Added = (usize, Name, u16, u16, u32, Vec<u8>, bool);

struct Script {
    /// What the program does with a request.
    steps: Vec<u8>,
    added: Vec<Added>,
    /// The code that was answered with.
    answered: Option<u8>,
    called: usize,
}
thread_local! {
    static SCRIPT: RefCell<Script> =
        const { RefCell::new(Script { steps: Vec::new(), added: Vec::new(), answered: None, called: 0 }) };
    static SETUP: (BaseRef, UnixDatagram) = setup();
}

fn setup() -> (BaseRef, UnixDatagram) {
    let base = BaseRef::new(&Config::new()).expect("a base");
    let (ours, theirs) = UnixDatagram::pair().expect("a pair");
    theirs.set_nonblocking(true).expect("nonblocking");
    PortRef::new(Some(base), ours.into_raw_fd(), 0, Some(on_request), std::ptr::null_mut()).expect("a port");
    (base, theirs)
}

unsafe extern "C" fn on_request(req: *mut evdns_server_request, _: *mut c_void) {
    // SAFETY: a live request.
    let (r, questions) = unsafe { (RequestRef::from_raw(req).expect("a request"), (*req).nquestions) };
    assert!((1..=32).contains(&questions));
    SCRIPT.with_borrow_mut(|s| {
        s.called += 1;
        let steps = std::mem::take(&mut s.steps);
        let mut input = Input(&steps);
        while !input.is_empty() {
            match input.byte() {
                0..=99 => {
                    // SAFETY: there is a question; the text ends with a NUL.
                    let name = unsafe { CStr::from_ptr((&raw const (**(*req).questions).name).cast()) };
                    add(r, Some(name), &mut input, &mut s.added);
                }
                100..=199 => add(r, None, &mut input, &mut s.added),
                200..=219 => r.set_flags(i32::from(input.word())),
                220..=229 => assert!(r.respond(i32::from(input.byte()) + 16).is_err()),
                230..=239 => return r.drop_unanswered(),
                _ => break,
            }
        }
        let code = input.byte() % 16;
        s.answered = Some(code);
        assert!(r.respond(i32::from(code)).is_ok());
    });
}
fn add(r: RequestRef, owner: Option<&CStr>, input: &mut Input<'_>, added: &mut Vec<Added>) {
    let section = input.below(3);
    let which = [Section::Answer, Section::Authority, Section::Additional][section];
    let text = |input: &mut Input<'_>| -> Vec<u8> {
        let n = input.below(80);
        (0..n).map(|_| input.byte()).collect()
    };
    let owner = owner.map_or_else(|| text(input), |o| o.to_bytes().to_vec());
    let (rtype, class) = (input.word(), input.word());
    let ttl = u32::from(input.word()) << 16 | 5;
    let is_name = input.byte() & 1 != 0;
    let data: Vec<u8> = if is_name { text(input) } else { vec![input.byte(); input.size()] };
    let given = if is_name { ReplyData::Name(&data) } else { ReplyData::Bytes(&data) };
    let result = r.add(which, &owner, rtype, class, ttl as i32, given);
    let (owner, target) = (Name::from_text(&owner), Name::from_text(&data));
    match owner {
        Some(owner) if !is_name || target.is_some() => {
            assert!(result.is_ok());
            let data = if is_name { target.unwrap_or_default().as_wire().to_vec() } else { data };
            added.push((section, owner, rtype, class, ttl, data, is_name));
        }
        _ => assert!(result.is_err()),
    }
}

/// A word of length, a request of that length, and what the program does.
pub fn dns_server(data: &[u8]) {
    let mut input = Input(data);
    let len = input.below(1600).min(input.0.len());
    let (msg, steps) = input.0.split_at(len);
    SCRIPT.set(Script { steps: steps.to_vec(), added: Vec::new(), answered: None, called: 0 });
    let mut room = [0; 2000];
    let reply = SETUP.with(|(base, client)| {
        client.send(msg).expect("room for one");
        base.run(Evloop::NONBLOCK).expect("the loop runs");
        let n = client.recv(&mut room).ok();
        assert!(client.recv(&mut [0; 1]).is_err(), "one reply at most");
        n
    });
    let script = SCRIPT.take_script();
    let request = if msg.len() <= 1500 { Request::parse(msg) } else { None };
    let Some(n) = reply else {
        assert!(script.answered.is_none());
        return;
    };
    let request = request.expect("only requests are answered");
    let h = Header::parse(&room[..n]).expect("a whole header");
    assert!(h.flags & 0x8000 != 0 && h.id == request.id);
    let limit = request.udp_size.map_or(512, |n| usize::from(n).clamp(512, 1232));
    assert!(n <= limit);
    match script.answered {
        Some(code) => check(&room[..n], &h, &request, &script, code),
        // Refused without the program's knowledge.
        None => assert!(script.called == 0 && h.answers == 0 && matches!(h.rcode(), 1 | 4)),
    }
}

trait Take {
    fn take_script(&'static self) -> Script;
}
impl Take for std::thread::LocalKey<RefCell<Script>> {
    fn take_script(&'static self) -> Script {
        self.replace(Script { steps: Vec::new(), added: Vec::new(), answered: None, called: 0 })
    }
}

/// The reply says what was asked and added, as far as it goes.
fn check(msg: &[u8], h: &Header, request: &Request<'_>, script: &Script, code: u8) {
    assert_eq!((h.rcode(), h.questions), (code, request.questions));
    let mut c = Cursor::new(msg, 12);
    for (name, qtype, class) in request.questions() {
        assert!(c.name().is_some_and(|n| n.eq_exact(&name)));
        assert_eq!((c.u16(), c.u16()), (Some(qtype), Some(class)));
    }
    let opt = u16::from(request.udp_size.is_some());
    let shown = [h.answers, h.authorities, h.additionals - opt];
    let mut whole = true;
    for (section, &shown) in shown.iter().enumerate() {
        let all: Vec<_> = script.added.iter().filter(|a| a.0 == section).collect();
        assert!(usize::from(shown) <= all.len());
        if section < 2 {
            whole &= usize::from(shown) == all.len();
        }
        for (_, owner, rtype, class, ttl, data, is_name) in all.into_iter().take(shown.into()) {
            assert!(c.name().is_some_and(|n| n.eq_exact(owner)));
            let head = (c.u16(), c.u16(), c.u32());
            assert_eq!(head, (Some(*rtype), Some(*class), Some(*ttl)));
            let len = usize::from(c.u16().expect("a length"));
            if *is_name {
                let at = c.position();
                assert!(c.name().is_some_and(|n| n.as_wire() == data) && c.position() == at + len);
            } else {
                assert_eq!(c.take(len), Some(&data[..]));
            }
        }
    }
    let forced = script.added.is_empty() || h.flags & FLAG_TC != 0;
    assert!(whole || forced, "what is left out is told");
    assert_eq!(msg.len() - c.position(), if opt == 1 { 11 } else { 0 });
}
