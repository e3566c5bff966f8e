//! A miniature of Windows' completion ports and overlapped sockets, over one thread that polls.
//!
//! What it keeps of the original: an operation that was started comes out of the port of its socket exactly once, also when
//! it was cancelled or its socket closed; the program's memory is used at any time until then; operations of one kind on
//! one socket end in the order of their start; packets wait in the port in the order of their ends.
#![allow(clippy::disallowed_types, reason = "for tests only")]
use crate::abi::util::evutil_socket_t;
use crate::sys::c::{sockaddr, sockaddr_storage, socklen_t};
use crate::sys::{cvt, cvt_size, errno};
use crate::{Error, Result};
use std::collections::{HashMap, VecDeque};
use std::ffi::{c_int, c_void};
use std::mem::zeroed;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};

pub const ABORTED: c_int = libc::ECANCELED;
pub const NOT_CONNECTED: c_int = libc::ENOTCONN;
/// Where the reason of a failure is kept.
#[repr(C, align(8))]
pub struct Overlapped(AtomicI32, [usize; 3]);
impl Overlapped {
    pub fn new() -> Overlapped {
        Overlapped(AtomicI32::new(0), [0; 3])
    }
}
impl Default for Overlapped {
    fn default() -> Self {
        Overlapped::new()
    }
}
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Slice(libc::iovec);
impl Slice {
    pub const EMPTY: Slice = Slice(libc::iovec { iov_base: null_mut(), iov_len: 0 });
    pub fn new(at: *mut u8, len: usize) -> Slice {
        Slice(libc::iovec { iov_base: at.cast(), iov_len: len })
    }
    pub fn len(&self) -> usize {
        self.0.iov_len
    }
    pub fn is_empty(&self) -> bool {
        self.0.iov_len == 0
    }
}

pub struct Packet {
    pub key: usize,
    pub bytes: u32,
    pub overlapped: *mut Overlapped,
    pub ok: bool,
}

#[derive(Default)]
struct Queue {
    packets: Mutex<VecDeque<(usize, u32, usize, bool)>>,
    arrived: Condvar,
}
impl Queue {
    fn push(&self, key: usize, bytes: u32, ov: *mut Overlapped, ok: bool) {
        lock(&self.packets).push_back((key, bytes, ov as usize, ok));
        self.arrived.notify_one();
    }
}
fn lock<T>(m: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

pub struct Port(Arc<Queue>);
impl Port {
    pub fn new(_concurrency: u32) -> Result<Port> {
        Ok(Port(Arc::default()))
    }
    pub fn associate(&self, s: evutil_socket_t, key: usize) -> Result<()> {
        cvt(unsafe_fcntl(s, libc::F_GETFD))?;
        lock(&kernel().state).ports.insert(s, (Arc::clone(&self.0), key));
        Ok(())
    }
    pub fn post(&self, bytes: u32, key: usize, overlapped: *mut Overlapped) -> Result<()> {
        self.0.push(key, bytes, overlapped, true);
        Ok(())
    }
    pub fn wait(&self) -> Option<Packet> {
        let mut q = lock(&self.0.packets);
        loop {
            if let Some((key, bytes, ov, ok)) = q.pop_front() {
                return Some(Packet { key, bytes, overlapped: ov as *mut Overlapped, ok });
            }
            q = self.0.arrived.wait(q).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

enum What {
    Recv(Vec<Slice>),
    Send(Vec<Slice>),
    Accept { new: c_int, room: *mut u8 },
    Connect,
}
struct Pending {
    id: u64,
    s: c_int,
    what: What,
    ov: *mut Overlapped,
    port: Arc<Queue>,
    key: usize,
    cancelled: bool,
}
// SAFETY: the pointers belong to the operation until it has ended.
unsafe impl Send for Pending {}

#[derive(Default)]
struct State {
    ports: HashMap<c_int, (Arc<Queue>, usize)>,
    pending: Vec<Pending>,
    last_id: u64,
}
struct Kernel {
    state: Mutex<State>,
    wake: c_int,
    running: AtomicBool,
}

fn unsafe_fcntl(s: c_int, what: c_int) -> c_int {
    // SAFETY: no pointers.
    unsafe { libc::fcntl(s, what) }
}
fn kernel() -> &'static Kernel {
    static KERNEL: OnceLock<Kernel> = OnceLock::new();
    KERNEL.get_or_init(|| {
        // SAFETY: no pointers.
        let wake = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        Kernel { state: Mutex::default(), wake, running: AtomicBool::new(false) }
    })
}
impl Kernel {
    fn wake(&'static self) {
        if !self.running.swap(true, Ordering::AcqRel) {
            std::thread::spawn(|| self.run());
        }
        let one = 1u64;
        // SAFETY: eight bytes of ours.
        unsafe { libc::write(self.wake, (&raw const one).cast(), 8) };
    }
    fn run(&self) {
        loop {
            let (mut fds, ids): (Vec<_>, Vec<_>) = {
                let st = lock(&self.state);
                let mut seen = Vec::new();
                st.pending
                    .iter()
                    .filter_map(|p| {
                        let events = match p.what {
                            What::Recv(_) | What::Accept { .. } => libc::POLLIN,
                            What::Send(_) | What::Connect => libc::POLLOUT,
                        };
                        // One of a kind at a time: the order of starting is that of ending.
                        if seen.contains(&(p.s, events)) && !p.cancelled {
                            return None;
                        }
                        seen.push((p.s, events));
                        Some((libc::pollfd { fd: p.s, events, revents: 0 }, p.id))
                    })
                    .unzip()
            };
            let urgent = lock(&self.state).pending.iter().any(|p| p.cancelled);
            fds.push(libc::pollfd { fd: self.wake, events: libc::POLLIN, revents: 0 });
            // SAFETY: the array is ours.
            unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, if urgent { 0 } else { -1 }) };
            let mut n = 0u64;
            // SAFETY: eight bytes of ours.
            unsafe { libc::read(self.wake, (&raw mut n).cast(), 8) };
            let mut st = lock(&self.state);
            for (fd, id) in fds.iter().zip(&ids) {
                let Some(i) = st.pending.iter().position(|p| p.id == *id) else { continue };
                let end = if st.pending[i].cancelled || fd.revents & libc::POLLNVAL != 0 {
                    Some(Err(Error::Os(ABORTED)))
                } else if fd.revents != 0 {
                    perform(&st.pending[i])
                } else {
                    None
                };
                if let Some(end) = end {
                    let p = st.pending.remove(i);
                    let (bytes, error) = match end {
                        Ok(n) => (n as u32, 0),
                        Err(e) => (0, e.errno().unwrap_or(libc::EIO)),
                    };
                    // SAFETY: the program keeps it until the packet is out.
                    unsafe { (*p.ov).0.store(error, Ordering::Release) };
                    p.port.push(p.key, bytes, p.ov, error == 0);
                }
            }
        }
    }
}
/// None: not yet.
fn perform(p: &Pending) -> Option<Result<usize>> {
    let message = |v: &[Slice]| {
        // SAFETY: all zeros is an empty message.
        let mut m: libc::msghdr = unsafe { zeroed() };
        m.msg_iov = v.as_ptr().cast_mut().cast();
        m.msg_iovlen = v.len() as _;
        m
    };
    let r = match &p.what {
        // SAFETY: the program keeps the memory.
        What::Recv(v) => unsafe { cvt_size(libc::recvmsg(p.s, &mut message(v), libc::MSG_DONTWAIT)) },
        // SAFETY: as above.
        What::Send(v) => unsafe {
            cvt_size(libc::sendmsg(p.s, &message(v), libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL))
        },
        What::Accept { new, room } => accept_now(p.s, *new, *room),
        What::Connect => match crate::sys::socket::take_error(p.s) {
            Ok(0) => Ok(0),
            Ok(e) => Err(Error::Os(e)),
            Err(e) => Err(e),
        },
    };
    match r {
        Err(Error::Os(libc::EAGAIN | libc::EINTR)) => None,
        r => Some(r),
    }
}
fn accept_now(s: c_int, new: c_int, room: *mut u8) -> Result<usize> {
    let mut from = crate::sys::socket::empty_address();
    let (got, len) = crate::sys::socket::accept4(s, &mut from, crate::sys::socket::SOCK_CLOEXEC)?;
    // SAFETY: numbers only; then the room that the program keeps.
    unsafe {
        let r = cvt(libc::dup3(got, new, libc::O_CLOEXEC));
        libc::close(got);
        r?;
        room.cast::<(socklen_t, sockaddr_storage)>().write_unaligned((len, from));
    }
    Ok(0)
}

fn start(s: evutil_socket_t, what: What, ov: *mut Overlapped) -> Result<()> {
    let k = kernel();
    let mut st = lock(&k.state);
    let (port, key) = st.ports.get(&s).cloned().ok_or(Error::Os(libc::EBADF))?;
    st.last_id += 1;
    let id = st.last_id;
    st.pending.push(Pending { id, s, what, ov, port, key, cancelled: false });
    drop(st);
    k.wake();
    Ok(())
}
fn check_connected(s: evutil_socket_t) -> Result<()> {
    crate::sys::socket::peer_address(s).map(drop).map_err(|e| match crate::sys::socket::take_error(s) {
        Ok(broken) if broken != 0 => Error::Os(broken),
        _ => e,
    })
}

/// # Safety
/// The memory and `ov` stay until the operation has come out of the socket's port.
pub unsafe fn recv(s: evutil_socket_t, to: &[Slice], ov: *mut Overlapped) -> Result<()> {
    check_connected(s)?;
    start(s, What::Recv(to.to_vec()), ov)
}
/// # Safety
/// As [`recv`].
pub unsafe fn send(s: evutil_socket_t, from: &[Slice], ov: *mut Overlapped) -> Result<()> {
    check_connected(s)?;
    start(s, What::Send(from.to_vec()), ov)
}
/// # Safety
/// `ov` belongs to an operation that has not come out of its port.
pub unsafe fn cancel(s: evutil_socket_t, ov: *mut Overlapped) {
    let k = kernel();
    let mut st = lock(&k.state);
    if let Some(p) = st.pending.iter_mut().find(|p| p.s == s && p.ov == ov) {
        p.cancelled = true;
        drop(st);
        k.wake();
    }
}
/// # Safety
/// `ov` belongs to an operation on `s` that has come out of its port as failed.
pub unsafe fn failure(_s: evutil_socket_t, ov: *mut Overlapped) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { (*ov).0.load(Ordering::Acquire) }
}

/// For tests: which of AcceptEx (1) and ConnectEx (2) this system lacks.
pub static LACKS: AtomicI32 = AtomicI32::new(0);
pub fn load_extensions() {}
pub fn can_accept() -> bool {
    LACKS.load(Ordering::Relaxed) & 1 == 0
}
pub fn can_connect() -> bool {
    LACKS.load(Ordering::Relaxed) & 2 == 0
}

pub const ACCEPT_ROOM: usize = size_of::<(socklen_t, sockaddr_storage)>();
/// # Safety
/// As [`recv`], for the [`ACCEPT_ROOM`] bytes at `room`.
pub unsafe fn accept(
    listener: evutil_socket_t,
    new: evutil_socket_t,
    room: *mut u8,
    ov: *mut Overlapped,
) -> Result<()> {
    crate::sys::fd::set_nonblocking(listener)?;
    start(listener, What::Accept { new, room }, ov)
}
/// Whether connections can be accepted on `s`.
pub fn listens(s: evutil_socket_t) -> Result<bool> {
    Ok(crate::sys::socket::option(s, libc::SOL_SOCKET, libc::SO_ACCEPTCONN)? != 0)
}
/// Whether an accept failed because its client has gone again.
pub fn is_peer_gone(e: c_int) -> bool {
    e == libc::ECONNRESET
}
pub fn finish_accept(_new: evutil_socket_t, _listener: evutil_socket_t) -> Result<()> {
    Ok(())
}
/// # Safety
/// `room` is that of an [`accept`] that has succeeded on `new`.
pub unsafe fn accepted_from(_new: evutil_socket_t, room: *const u8) -> (sockaddr_storage, socklen_t) {
    // SAFETY: written by `accept_now`.
    let (len, from) = unsafe { room.cast::<(socklen_t, sockaddr_storage)>().read_unaligned() };
    (from, len)
}
/// # Safety
/// As [`recv`]; `addr` is readable for `len` bytes now.
pub unsafe fn connect(
    s: evutil_socket_t,
    addr: *const sockaddr,
    len: socklen_t,
    ov: *mut Overlapped,
) -> Result<()> {
    crate::sys::fd::set_nonblocking(s)?;
    // SAFETY: the caller's promise.
    match cvt(unsafe { libc::connect(s, addr, len) }) {
        Ok(_) => {}
        Err(_) if errno() == libc::EINPROGRESS => {}
        Err(e) => return Err(e),
    }
    start(s, What::Connect, ov)
}
pub fn bind_for_connect(_s: evutil_socket_t, family: c_int) -> Result<bool> {
    Ok(matches!(family, libc::AF_INET | libc::AF_INET6))
}
pub fn finish_connect(_s: evutil_socket_t) -> Result<()> {
    Ok(())
}

pub struct Thread(Arc<(Mutex<bool>, Condvar)>);
impl Thread {
    /// # Safety
    /// `run(arg)` may be called in another thread, later.
    pub unsafe fn start(run: unsafe fn(*mut c_void), arg: *mut c_void) -> Result<Thread> {
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let (arg, mine) = (arg as usize, Arc::clone(&done));
        let body = move || {
            // SAFETY: the caller's promise.
            unsafe { run(arg as *mut c_void) };
            *lock(&mine.0) = true;
            mine.1.notify_all();
        };
        std::thread::Builder::new().spawn(body).map_err(|_| Error::Os(libc::EAGAIN))?;
        Ok(Thread(done))
    }
    pub fn wait(&self, ms: Option<u32>) -> bool {
        let mut done = lock(&self.0.0);
        let end = ms.map(|ms| std::time::Instant::now() + std::time::Duration::from_millis(ms.into()));
        while !*done {
            done = match end.map(|e| e.saturating_duration_since(std::time::Instant::now())) {
                Some(left) if left.is_zero() => return false,
                Some(left) => self.0.1.wait_timeout(done, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.0.1.wait(done).unwrap_or_else(PoisonError::into_inner),
            };
        }
        true
    }
}
