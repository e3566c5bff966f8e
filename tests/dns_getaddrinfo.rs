//! evdns_getaddrinfo against a server port of our own: both families, errors, skew, cancelling, the end of the base.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod net;
use bev_common::{CLOSE, On, base, end, ms, turn};
use net::IntoRawFd;
use net::libc;
use net::libc::{
    AF_INET, AF_INET6, AF_UNSPEC, AI_ADDRCONFIG, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV, AI_PASSIVE,
    SOCK_DGRAM, SOCK_STREAM, addrinfo,
};
use oxievent::abi::dns::evdns_server_request;
use oxievent::abi::event::Evloop;
use oxievent::abi::util::EVUTIL_EAI_CANCEL;
use oxievent::base::BaseRef;
use oxievent::bufferevent::BevRef;
use oxievent::dns::DnsRef;
use oxievent::dns::getaddrinfo;
use oxievent::dns::server::{PortRef, ReplyData, RequestRef, Section};
use oxievent::dns::wire::{TYPE_A, TYPE_AAAA, TYPE_CNAME};
use oxievent::util::addr;
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_int, c_void};
use std::net::{TcpListener, UdpSocket};
use std::rc::Rc;

const NODATA: c_int = -5;
const ADDRFAMILY: c_int = -9;

/// Answers by the name: `v4`, `v6`, `both`, `alias`, `none` (no such name), `empty`, `fail`, `silent`, and pairs like
/// `v4-silent` for (A, AAAA).
unsafe extern "C" fn serve(req: *mut evdns_server_request, asked: *mut c_void) {
    // SAFETY: a live request with a question; the counter is the test's.
    unsafe {
        let asked = &*asked.cast::<Cell<u32>>();
        asked.set(asked.get() + 1);
        let r = RequestRef::from_raw(req).unwrap();
        let q = *(*req).questions;
        let name = CStr::from_ptr((&raw const (*q).name).cast()).to_bytes();
        let lower = name.to_ascii_lowercase();
        let host = lower.split(|&c| c == b'.').next().unwrap();
        let host = std::str::from_utf8(host).unwrap();
        let v4 = (*q).r#type == i32::from(TYPE_A);
        let what = match host.split_once('-') {
            Some((a, b)) => [b, a][usize::from(v4)],
            None => host,
        };
        let address = |owner: &[u8]| {
            if v4 {
                r.add(Section::Answer, owner, TYPE_A, 1, 60, ReplyData::Bytes(&[10, 1, 2, 3])).unwrap();
            } else {
                let mut a = [0; 16];
                (a[0], a[15]) = (0xfd, 7);
                r.add(Section::Answer, owner, TYPE_AAAA, 1, 60, ReplyData::Bytes(&a)).unwrap();
            }
        };
        match what {
            "alias" => {
                let to = ReplyData::Name(b"real.test");
                r.add(Section::Answer, name, TYPE_CNAME, 1, 60, to).unwrap();
                address(b"real.test");
            }
            "v4" if v4 => address(name),
            "v6" if !v4 => address(name),
            "both" => address(name),
            "none" => {
                r.respond(3).unwrap();
                return;
            }
            "refuse" => {
                r.respond(5).unwrap();
                return;
            }
            "silent" => return r.drop_unanswered(),
            _ => {}
        }
        r.respond(0).unwrap();
    }
}

struct Setup {
    base: BaseRef,
    dns: DnsRef,
    port: PortRef,
    asked: Rc<Cell<u32>>,
}
impl Setup {
    fn new() -> Setup {
        let base = base();
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = server.local_addr().unwrap();
        let asked = Rc::new(Cell::new(0));
        let arg = Rc::as_ptr(&asked).cast_mut().cast();
        let port = PortRef::new(Some(base), server.into_raw_fd(), 0, Some(serve), arg).unwrap();
        let dns = DnsRef::new(Some(base), 0).unwrap();
        assert!(dns.add_server_text(at.to_string().as_bytes()).is_ok());
        dns.set_option(b"timeout", if cfg!(windows) { b"3.0" } else { b"0.4" }).unwrap();
        dns.set_option(b"getaddrinfo-allow-skew", b"0.1").unwrap();
        Setup { base, dns, port, asked }
    }
    fn end(self) {
        self.dns.free(true);
        self.port.close();
        turn(self.base);
        end(self.base);
    }
    fn ask(&self, node: &str, h: &addrinfo) -> Asked {
        self.ask_for(Some(node), Some("80"), h)
    }
    fn ask_for(&self, node: Option<&str>, service: Option<&str>, h: &addrinfo) -> Asked {
        let slot =
            Rc::new(Slot { base: self.base, got: RefCell::default(), in_callback: RefCell::default() });
        let c = |s: Option<&str>| s.map(|s| CString::new(s).unwrap());
        let (node, service) = (c(node), c(service));
        let arg = Rc::into_raw(slot.clone()).cast_mut().cast();
        // SAFETY: the base is alive; the callback takes the reference.
        let handle = unsafe {
            getaddrinfo::start(self.dns.as_ptr(), node.as_deref(), service.as_deref(), h, finished, arg)
        };
        Asked { slot, handle }
    }
}
struct Slot {
    base: BaseRef,
    got: RefCell<Vec<Result<Vec<String>, c_int>>>,
    in_callback: RefCell<Option<Box<dyn FnOnce()>>>,
}
struct Asked {
    slot: Rc<Slot>,
    handle: *mut c_void,
}
impl Asked {
    fn at_once(&self) -> Result<Vec<String>, c_int> {
        assert!(self.handle.is_null());
        self.now()
    }
    fn now(&self) -> Result<Vec<String>, c_int> {
        let got = self.slot.got.borrow();
        assert_eq!(got.len(), 1, "answered once");
        got[0].clone()
    }
    fn is_told(&self) -> bool {
        !self.slot.got.borrow().is_empty()
    }
    fn wait(&self) -> Result<Vec<String>, c_int> {
        assert!(!self.handle.is_null() && !self.is_told(), "not before the loop runs");
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while std::time::Instant::now() < end {
            if self.is_told() {
                return self.now();
            }
            self.slot.base.loopexit(Some(&ms(10))).unwrap();
            self.slot.base.run(Evloop::ONCE).unwrap();
        }
        panic!("no answer");
    }
    fn cancel(&self) {
        // SAFETY: called before the callback.
        unsafe { getaddrinfo::cancel(self.handle) }
    }
}
unsafe extern "C" fn finished(code: c_int, list: *mut addrinfo, arg: *mut c_void) {
    // SAFETY: the reference of `ask_for`, and a list that is ours.
    unsafe {
        let slot = Rc::from_raw(arg.cast::<Slot>());
        assert_eq!(code == 0, !list.is_null(), "success has addresses");
        let mut all = Vec::new();
        let mut p = list;
        while !p.is_null() {
            let mut s = format!("{} {}", addr::format_sockaddr_port((*p).ai_addr).as_str(), (*p).ai_socktype);
            if !(*p).ai_canonname.is_null() {
                s += &format!(" ({})", CStr::from_ptr((*p).ai_canonname).to_str().unwrap());
            }
            all.push(s);
            p = (*p).ai_next;
        }
        oxievent::util::getaddrinfo::free(list);
        slot.got.borrow_mut().push(if code == 0 { Ok(all) } else { Err(code) });
        let f = slot.in_callback.take();
        if let Some(f) = f {
            f();
        }
    }
}
fn hints(family: c_int, kind: c_int, flags: c_int) -> addrinfo {
    // SAFETY: all zero is a valid addrinfo.
    let mut h: addrinfo = unsafe { std::mem::zeroed() };
    (h.ai_family, h.ai_socktype, h.ai_flags) = (family, kind, flags);
    h
}
fn ok(all: &[&str]) -> Result<Vec<String>, c_int> {
    Ok(all.iter().map(|s| s.to_string()).collect())
}
const V4: &str = "10.1.2.3:80 1";
const V6: &str = "[fd00::7]:80 1";

#[test]
fn what_needs_no_server() {
    let s = Setup::new();
    s.dns.load_hosts(None).unwrap();
    let stream = hints(AF_UNSPEC, SOCK_STREAM, 0);
    let of = |family, flags| hints(family, SOCK_STREAM, flags);
    assert_eq!(s.ask("1.2.3.4", &stream).at_once(), ok(&["1.2.3.4:80 1"]));
    assert_eq!(s.ask("f::f", &stream).at_once(), ok(&["[f::f]:80 1"]));
    assert_eq!(s.ask("1.2.3.4", &hints(0, 0, 0)).at_once(), ok(&["1.2.3.4:80 1", "1.2.3.4:80 2"]));
    assert_eq!(s.ask("1.2.3.4", &hints(0, SOCK_DGRAM, 0)).at_once(), ok(&["1.2.3.4:80 2"]));
    assert_eq!(s.ask("1.2.3.4", &of(AF_INET6, 0)).at_once(), Err(ADDRFAMILY));
    assert_eq!(s.ask("::1", &of(AF_INET, 0)).at_once(), Err(ADDRFAMILY));
    // Hosts: any case, either family, and none of the family asked for.
    assert_eq!(s.ask("LocalHost", &stream).at_once(), ok(&["127.0.0.1:80 1", "[::1]:80 1"]));
    assert_eq!(s.ask("localhost", &of(AF_INET6, 0)).at_once(), ok(&["[::1]:80 1"]));
    s.dns.lock().hosts.load(b"192.0.2.1 only4").unwrap();
    assert_eq!(s.ask("only4", &of(AF_INET6, 0)).at_once(), Err(ADDRFAMILY));
    // No node, no service.
    let none = |service, h: &addrinfo| s.ask_for(None, service, h).at_once();
    assert_eq!(none(None, &stream), Err(libc::EAI_NONAME));
    assert_eq!(none(Some("80"), &stream), ok(&["127.0.0.1:80 1", "[::1]:80 1"]));
    assert_eq!(none(Some("80"), &of(AF_INET, AI_PASSIVE)), ok(&["0.0.0.0:80 1"]));
    assert_eq!(none(Some("80"), &of(AF_INET6, AI_PASSIVE)), ok(&["[::]:80 1"]));
    assert_eq!(s.ask_for(Some("1.2.3.4"), None, &stream).at_once(), ok(&["1.2.3.4:0 1"]));
    // Services.
    let http = s.ask_for(Some("1.2.3.4"), Some("http"), &stream).at_once();
    assert!(http == ok(&["1.2.3.4:80 1"]) || http == Err(libc::EAI_NONAME), "{http:?}");
    for bad in ["nosuchservice", "65536", "99999999999999999999", "", "80 ", "-1"] {
        let got = s.ask_for(Some("both.test"), Some(bad), &stream);
        assert_eq!(got.at_once(), Err(libc::EAI_NONAME), "{bad}");
    }
    let numeric = of(AF_UNSPEC, AI_NUMERICSERV);
    assert_eq!(s.ask_for(Some("both.test"), Some("http"), &numeric).at_once(), Err(libc::EAI_NONAME));
    assert_eq!(s.ask("both.test", &of(AF_UNSPEC, AI_NUMERICHOST)).at_once(), Err(libc::EAI_NONAME));
    assert_eq!(s.ask("both.test", &of(77, 0)).at_once(), Err(libc::EAI_FAMILY));
    assert_eq!(s.ask("", &stream).at_once(), Err(libc::EAI_NONAME));
    // Names that no message can hold.
    assert_eq!(s.ask(&"x".repeat(64), &stream).at_once(), Err(libc::EAI_FAIL));
    assert_eq!(s.ask("a..b", &stream).at_once(), Err(libc::EAI_FAIL));
    assert_eq!(s.asked.get(), 0);
    s.end();
}

#[test]
fn both_families_are_asked() {
    let s = Setup::new();
    let h = |family| hints(family, SOCK_STREAM, 0);
    for (name, family, want, asked) in [
        ("both.test", AF_UNSPEC, ok(&[V4, V6]), 2),
        ("both.test", AF_INET, ok(&[V4]), 1),
        ("both.test", AF_INET6, ok(&[V6]), 1),
        ("v4.test", AF_UNSPEC, ok(&[V4]), 2),
        ("v6.test", AF_UNSPEC, ok(&[V6]), 2),
        ("v6.test", AF_INET, Err(NODATA), 1),
        ("empty.test", AF_UNSPEC, Err(NODATA), 2),
        ("none.test", AF_INET, Err(libc::EAI_NONAME), 1),
        ("none.test", AF_UNSPEC, Err(libc::EAI_NONAME), 2),
        ("none-empty.test", AF_UNSPEC, Err(libc::EAI_NONAME), 2),
        ("empty-none.test", AF_UNSPEC, Err(libc::EAI_NONAME), 2),
        ("both-none.test", AF_UNSPEC, ok(&[V4]), 2),
        ("none-both.test", AF_UNSPEC, ok(&[V6]), 2),
    ] {
        s.asked.set(0);
        assert_eq!(s.ask(name, &h(family)).wait(), want, "{name} {family}");
        assert_eq!(s.asked.get(), asked, "{name} {family}");
    }
    // Whatever this host has, one of them is asked.
    let got = s.ask("both.test", &hints(AF_UNSPEC, SOCK_STREAM, AI_ADDRCONFIG)).wait().unwrap();
    assert!(got.iter().all(|a| a == V4 || a == V6));
    assert_eq!(s.ask("both.test", &hints(AF_INET, 0, 0)).wait(), ok(&["10.1.2.3:80 1", "10.1.2.3:80 2"]));
    s.end();
}

#[test]
fn aliases() {
    let s = Setup::new();
    let h = |flags| hints(AF_UNSPEC, SOCK_STREAM, flags);
    assert_eq!(s.ask("alias.test", &h(0)).wait(), ok(&[V4, V6]));
    let with = "10.1.2.3:80 1 (real.test)";
    assert_eq!(s.ask("alias.test", &h(AI_CANONNAME)).wait(), ok(&[with, V6]));
    // Told by the family that has no address here, used for the other.
    assert_eq!(s.ask("v4-alias.test", &h(AI_CANONNAME)).wait(), ok(&[with, V6]));
    assert_eq!(s.ask("both.test", &h(AI_CANONNAME)).wait(), ok(&[V4, V6]));
    s.end();
}

#[test]
fn the_slower_family_is_waited_for_a_while() {
    let s = Setup::new();
    let h = hints(AF_UNSPEC, SOCK_STREAM, 0);
    for (name, want) in [
        ("v4-silent.test", ok(&[V4])),
        ("silent-v6.test", ok(&[V6])),
        ("none-silent.test", Err(libc::EAI_NONAME)),
        ("silent-none.test", Err(libc::EAI_NONAME)),
        ("empty-silent.test", Err(NODATA)),
    ] {
        let begin = std::time::Instant::now();
        assert_eq!(s.ask(name, &h).wait(), want, "{name}");
        let took = begin.elapsed().as_millis();
        assert!((90..390).contains(&took), "{name}: {took}");
    }
    let g = s.dns.lock().gai;
    assert_eq!((g.v4_timeouts, g.v6_timeouts), (2, 3));
    assert_eq!((g.v4_answered, g.v6_answered), (3, 2));
    // Nobody answers: the query's own timeouts end it.
    s.dns.set_option(b"attempts", b"1").unwrap();
    assert_eq!(s.ask("silent.test", &h).wait(), Err(libc::EAI_FAIL));
    s.end();
}

#[test]
fn cancelled() {
    let s = Setup::new();
    let h = hints(AF_UNSPEC, SOCK_STREAM, 0);
    // At once; after one family has answered; with one family.
    for name in ["both.test", "v4-silent.test", "silent.test"] {
        for turns in 0..4 {
            for family in [AF_UNSPEC, AF_INET6] {
                let a = s.ask(name, &hints(family, SOCK_STREAM, 0));
                for _ in 0..turns {
                    turn(s.base);
                }
                if a.is_told() {
                    continue;
                }
                a.cancel();
                a.cancel();
                assert!(!a.is_told(), "from the loop only");
                turn(s.base);
                turn(s.base);
                assert_eq!(a.now(), Err(EVUTIL_EAI_CANCEL), "{name} {turns}");
            }
        }
    }
    // SAFETY: null.
    unsafe { getaddrinfo::cancel(std::ptr::null_mut()) };
    // Many, each cancelled or answered once.
    let all: Vec<_> = (0..500).map(|_| s.ask("both.test", &h)).collect();
    for (i, a) in all.iter().enumerate() {
        if i % 3 == 0 {
            turn(s.base);
        }
        if !a.is_told() && i % 2 == 0 {
            a.cancel();
        }
    }
    for a in &all {
        while !a.is_told() {
            s.base.loopexit(Some(&ms(10))).unwrap();
            s.base.run(Evloop::ONCE).unwrap();
        }
        let told = a.now();
        assert!(matches!(told, Ok(_) | Err(EVUTIL_EAI_CANCEL)), "{:?}", told.err());
    }
    s.end();
}

#[test]
fn the_base_is_freed_with_look_ups_under_way() {
    for (fail, want) in [(true, Some(Err(libc::EAI_FAIL))), (false, None)] {
        let s = Setup::new();
        let all: Vec<_> = ["both.test", "silent.test", "v4-silent.test"]
            .iter()
            .flat_map(|n| [AF_UNSPEC, AF_INET].map(|f| s.ask(n, &hints(f, SOCK_STREAM, 0))))
            .collect();
        s.dns.free(fail);
        turn(s.base);
        turn(s.base);
        for a in all {
            assert_eq!(a.slot.got.borrow().first().cloned(), want);
            if !fail {
                // SAFETY: the callback will not run: its reference is taken back.
                drop(unsafe { Rc::from_raw(Rc::as_ptr(&a.slot)) });
            }
        }
        s.port.close();
        turn(s.base);
        end(s.base);
    }
}

#[test]
fn callbacks_that_free_the_base_or_ask_again() {
    let s = Setup::new();
    let again: Rc<RefCell<Option<Asked>>> = Rc::default();
    let a = s.ask("both.test", &hints(AF_UNSPEC, SOCK_STREAM, 0));
    let (put, this) = (again.clone(), Setup { asked: s.asked.clone(), ..s });
    *a.slot.in_callback.borrow_mut() = Some(Box::new(move || {
        let next = this.ask("v6.test", &hints(AF_UNSPEC, SOCK_STREAM, 0));
        let dns = this.dns;
        *next.slot.in_callback.borrow_mut() = Some(Box::new(move || dns.free(false)));
        *put.borrow_mut() = Some(next);
    }));
    assert_eq!(a.wait(), ok(&[V4, V6]));
    let next = again.borrow_mut().take().unwrap();
    assert_eq!(next.wait(), ok(&[V6]));
    s.port.close();
    turn(s.base);
    end(s.base);
}

#[test]
fn bufferevents_connect_by_name() {
    let s = Setup::new();
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = l.local_addr().unwrap().port();
    s.dns.lock().hosts.load(b"127.0.0.1 here.test").unwrap();
    let told: Rc<RefCell<Vec<(i16, c_int)>>> = Rc::default();
    let connect = |name: &CStr| {
        let bev = BevRef::socket_new(Some(s.base), -1, CLOSE).unwrap();
        let to = told.clone();
        On::new().event(move |b, what| to.borrow_mut().push((what.bits(), b.dns_error()))).set(bev);
        // SAFETY: a live DNS base.
        unsafe { bev.connect_hostname(s.dns.as_ptr(), AF_INET, name, port.into()).unwrap() };
        bev
    };
    let wait = || {
        while told.borrow().is_empty() {
            s.base.run(Evloop::ONCE).unwrap();
        }
        told.take()
    };
    let a = connect(c"here.test");
    assert_eq!(wait(), [(128, 0)]);
    let b = connect(c"none.test");
    assert_eq!(wait(), [(32, libc::EAI_NONAME)]);
    // Freed during the look-up.
    let c = connect(c"silent.test");
    turn(s.base);
    c.free();
    turn(s.base);
    turn(s.base);
    assert!(told.borrow().is_empty());
    a.free();
    b.free();
    turn(s.base);
    s.end();
}
