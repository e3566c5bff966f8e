//! A nameserver whose every byte the test chooses, and a client that keeps what it is told.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::disallowed_types, reason = "tests run on std")]
use crate::net::libc;
use oxievent::abi::event::Evloop;
use oxievent::base::{BaseRef, Config};
use oxievent::dns::DnsRef;
use oxievent::dns::request::{Done, Kind, RequestRef};
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A query as it came.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) raw: Vec<u8>,
    pub(crate) from: SocketAddr,
    /// How many came before it, over UDP and TCP.
    pub(crate) index: usize,
    pub(crate) tcp: bool,
}
impl Query {
    pub(crate) fn id(&self) -> u16 {
        u16::from_be_bytes([self.raw[0], self.raw[1]])
    }
    fn question_end(&self) -> usize {
        let mut at = 12;
        while self.raw[at] != 0 {
            at += 1 + usize::from(self.raw[at]);
        }
        at + 5
    }
    /// In the form of a message.
    pub(crate) fn name(&self) -> &[u8] {
        &self.raw[12..self.question_end() - 4]
    }
    pub(crate) fn text(&self) -> String {
        let mut out = vec![];
        let mut at = 12;
        while self.raw[at] != 0 {
            let n = usize::from(self.raw[at]);
            out.push(String::from_utf8_lossy(&self.raw[at + 1..at + 1 + n]).into_owned());
            at += 1 + n;
        }
        out.join(".")
    }
    pub(crate) fn qtype(&self) -> u16 {
        let end = self.question_end();
        u16::from_be_bytes([self.raw[end - 4], self.raw[end - 3]])
    }
    pub(crate) fn has_edns(&self) -> bool {
        self.raw[11] == 1
    }
    /// A reply that repeats the question.
    pub(crate) fn reply(&self, flags: u16, records: &[Vec<u8>]) -> Vec<u8> {
        let mut m = self.raw[..2].to_vec();
        m.extend_from_slice(&(0x8180 | flags).to_be_bytes());
        m.extend_from_slice(&[0, 1]);
        m.extend_from_slice(&(records.len() as u16).to_be_bytes());
        m.extend_from_slice(&[0; 4]);
        m.extend_from_slice(&self.raw[12..self.question_end()]);
        records.iter().for_each(|r| m.extend_from_slice(r));
        m
    }
    /// The usual answer: 10.0.0.1.
    pub(crate) fn answer(&self) -> Vec<u8> {
        self.reply(0, &[record(&[0xc0, 12], 1, 300, &[10, 0, 0, 1])])
    }
}
/// A record of class IN.
pub(crate) fn record(owner: &[u8], rtype: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut r = owner.to_vec();
    r.extend_from_slice(&rtype.to_be_bytes());
    r.extend_from_slice(&[0, 1]);
    r.extend_from_slice(&ttl.to_be_bytes());
    r.extend_from_slice(&(data.len() as u16).to_be_bytes());
    r.extend_from_slice(data);
    r
}
pub(crate) fn wire(text: &str) -> Vec<u8> {
    let mut out = vec![];
    for l in text.split('.').filter(|l| !l.is_empty()) {
        out.push(l.len() as u8);
        out.extend_from_slice(l.as_bytes());
    }
    out.push(0);
    out
}

type Answer = Box<dyn FnMut(&Query) -> Vec<Vec<u8>> + Send>;

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) udp: UdpSocket,
    stop: Arc<AtomicBool>,
    pub(crate) seen: Arc<Mutex<Vec<Query>>>,
    threads: Vec<JoinHandle<()>>,
    pub(crate) connections: Arc<AtomicUsize>,
}
impl Server {
    /// Each query gets the messages that `f` returns, over UDP as datagrams, over TCP as frames.
    pub(crate) fn new(f: impl FnMut(&Query) -> Vec<Vec<u8>> + Send + 'static) -> Server {
        Server::with_tcp(f, true)
    }
    pub(crate) fn with_tcp(f: impl FnMut(&Query) -> Vec<Vec<u8>> + Send + 'static, with_tcp: bool) -> Server {
        // The same port for both: another try if TCP's is taken.
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
                break (udp, tcp);
            }
        };
        let addr = udp.local_addr().unwrap();
        let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(Box::new(f)));
        let stop = Arc::new(AtomicBool::new(false));
        let seen: Arc<Mutex<Vec<Query>>> = Arc::default();
        let connections: Arc<AtomicUsize> = Arc::default();
        let mut threads = vec![];
        {
            let (udp, stop, seen, answer) =
                (udp.try_clone().unwrap(), stop.clone(), seen.clone(), answer.clone());
            udp.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            threads.push(std::thread::spawn(move || {
                let mut buf = [0; 4096];
                while !stop.load(Ordering::Relaxed) {
                    let Ok((n, from)) = udp.recv_from(&mut buf) else { continue };
                    for m in ask(&answer, &seen, &buf[..n], from, false) {
                        let _ = udp.send_to(&m, from);
                    }
                }
            }));
        }
        if with_tcp {
            tcp.set_nonblocking(true).unwrap();
            let (stop, seen, answer, count) =
                (stop.clone(), seen.clone(), answer.clone(), connections.clone());
            threads.push(std::thread::spawn(move || {
                let mut open = vec![];
                while !stop.load(Ordering::Relaxed) {
                    let Ok((s, from)) = tcp.accept() else {
                        std::thread::sleep(Duration::from_millis(2));
                        continue;
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                    let (stop, seen, answer) = (stop.clone(), seen.clone(), answer.clone());
                    open.push(std::thread::spawn(move || serve_tcp(s, from, &answer, &seen, &stop)));
                }
                open.into_iter().for_each(|t| t.join().unwrap());
            }));
        }
        Server { addr, udp, stop, seen, threads, connections }
    }
    pub(crate) fn queries(&self) -> Vec<Query> {
        self.seen.lock().unwrap().clone()
    }
}
impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for t in self.threads.drain(..) {
            let _ = t.join();
        }
    }
}
fn ask(
    answer: &Mutex<Answer>,
    seen: &Mutex<Vec<Query>>,
    raw: &[u8],
    from: SocketAddr,
    tcp: bool,
) -> Vec<Vec<u8>> {
    let q = {
        let mut seen = seen.lock().unwrap();
        let q = Query { raw: raw.to_vec(), from, index: seen.len(), tcp };
        seen.push(q.clone());
        q
    };
    (answer.lock().unwrap())(&q)
}
fn serve_tcp(
    mut s: TcpStream,
    from: SocketAddr,
    answer: &Mutex<Answer>,
    seen: &Mutex<Vec<Query>>,
    stop: &AtomicBool,
) {
    s.set_nonblocking(false).unwrap();
    s.set_nodelay(true).unwrap();
    s.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut got: Vec<u8> = vec![];
    let mut buf = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        match s.read(&mut buf) {
            Ok(0) => return,
            Ok(n) => got.extend_from_slice(&buf[..n]),
            Err(_) => continue,
        }
        while got.len() >= 2 && got.len() >= 2 + usize::from(u16::from_be_bytes([got[0], got[1]])) {
            let n = usize::from(u16::from_be_bytes([got[0], got[1]]));
            let raw: Vec<u8> = got.drain(..n + 2).skip(2).collect();
            for m in ask(answer, seen, &raw, from, true) {
                // "close" ends the connection; a message of bytes else, in two pieces.
                if m == b"close" {
                    return;
                }
                let mut frame = (m.len() as u16).to_be_bytes().to_vec();
                frame.extend_from_slice(&m);
                let (a, b) = frame.split_at(frame.len() / 2);
                let _ = s.write_all(a);
                std::thread::sleep(Duration::from_millis(3));
                let _ = s.write_all(b);
            }
        }
    }
}

type Hook = Box<dyn FnMut(usize, &Got)>;

/// What a callback was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) result: c_int,
    pub(crate) kind: c_char,
    pub(crate) ttl: c_int,
    pub(crate) data: Vec<u8>,
}
thread_local! {
    static GOT: RefCell<Vec<(usize, Got)>> = const { RefCell::new(vec![]) };
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}
/// Runs after each callback's outcome was kept.
pub(crate) fn hook(f: impl FnMut(usize, &Got) + 'static) {
    HOOK.with(|h| *h.borrow_mut() = Some(Box::new(f)));
}
pub(crate) unsafe extern "C" fn told(
    result: c_int,
    kind: c_char,
    count: c_int,
    ttl: c_int,
    addresses: *mut c_void,
    arg: *mut c_void,
) {
    let n = count as usize;
    // SAFETY: the callback's contract.
    let data = unsafe {
        match (kind, addresses.is_null()) {
            (_, true) => vec![],
            (1, _) => std::slice::from_raw_parts(addresses.cast::<u8>(), n * 4).to_vec(),
            (3, _) => std::slice::from_raw_parts(addresses.cast::<u8>(), n * 16).to_vec(),
            _ => CStr::from_ptr(*addresses.cast::<*const c_char>()).to_bytes().to_vec(),
        }
    };
    let got = Got { result, kind, ttl, data };
    GOT.with(|g| g.borrow_mut().push((arg as usize, got.clone())));
    let f = HOOK.with(|h| h.borrow_mut().take());
    if let Some(mut f) = f {
        f(arg as usize, &got);
        HOOK.with(|h| {
            h.borrow_mut().get_or_insert(f);
        });
    }
}
pub(crate) fn all_got() -> Vec<(usize, Got)> {
    GOT.with(|g| g.borrow().clone())
}

pub(crate) struct Client {
    pub(crate) base: BaseRef,
    pub(crate) dns: DnsRef,
}
impl Client {
    pub(crate) fn new(servers: &[&Server]) -> Client {
        Client::with_flags(servers, 0)
    }
    pub(crate) fn with_flags(servers: &[&Server], flags: c_int) -> Client {
        GOT.with(|g| g.borrow_mut().clear());
        let base = BaseRef::new(&Config::new()).unwrap();
        let dns = DnsRef::new(Some(base), flags).unwrap();
        for s in servers {
            dns.add_server_text(s.addr.to_string().as_bytes()).unwrap();
        }
        let c = Client { base, dns };
        c.set("timeout", "0.3");
        c
    }
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.dns.set_option(name.as_bytes(), value.as_bytes()).unwrap();
    }
    pub(crate) fn start(&self, kind: Kind, name: &str, tag: usize) -> Option<RequestRef> {
        self.dns.start(kind, name.as_bytes(), 0, Done::C(Some(told), tag as *mut c_void))
    }
    /// Runs the loop until `n` callbacks have come, for at most ten seconds.
    pub(crate) fn run_until(&self, n: usize) -> Vec<(usize, Got)> {
        let end = Instant::now() + Duration::from_secs(10);
        while all_got().len() < n {
            assert!(Instant::now() < end, "only {:?}", all_got());
            self.turn();
        }
        all_got()
    }
    /// Waits for events for a little while.
    pub(crate) fn turn(&self) {
        let tick = libc::timeval { tv_sec: 0, tv_usec: 10_000 };
        self.base.loopexit(Some(&tick)).unwrap();
        self.base.run(Evloop::ONCE).unwrap();
    }
    pub(crate) fn run_for(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.turn();
        }
    }
    pub(crate) fn ask(&self, name: &str) -> Got {
        self.ask_kind(Kind::A, name)
    }
    pub(crate) fn ask_kind(&self, kind: Kind, name: &str) -> Got {
        let before = all_got().len();
        self.start(kind, name, 0).expect("begun");
        self.run_until(before + 1).pop().unwrap().1
    }
    pub(crate) fn end(self) {
        self.dns.free(false);
        // SAFETY: the test's own, not used any more.
        unsafe { self.base.free(true) };
    }
}
pub(crate) const A1: [u8; 4] = [10, 0, 0, 1];
