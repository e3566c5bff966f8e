//! Completion ports and overlapped operations on sockets.
//!
//! Whoever starts an operation keeps its [`Overlapped`] and its memory where they are until the operation has come out of
//! the port, which it does exactly once if starting it succeeded, however it ends.
use crate::abi::util::evutil_socket_t;
use crate::sys::c::{sockaddr, sockaddr_storage, socklen_t};
use crate::{Error, Result};
use std::ffi::{c_int, c_void};
use std::mem::{size_of, transmute, zeroed};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};
use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_INVALID_PARAMETER, ERROR_NETNAME_DELETED, GetLastError, HANDLE, INVALID_HANDLE_VALUE,
    WAIT_OBJECT_0, WAIT_TIMEOUT,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, INVALID_SOCKET, SIO_GET_EXTENSION_FUNCTION_POINTER, SO_ACCEPTCONN,
    SO_UPDATE_ACCEPT_CONTEXT, SO_UPDATE_CONNECT_CONTEXT, SOCK_STREAM, SOCKADDR, SOCKET, SOL_SOCKET,
    WSA_IO_PENDING, WSA_OPERATION_ABORTED, WSABUF, WSAECONNRESET, WSAEINVAL, WSAENOTCONN, WSAENOTSOCK,
    WSAGetLastError, WSAGetOverlappedResult, WSAID_ACCEPTEX, WSAID_CONNECTEX, WSAID_GETACCEPTEXSOCKADDRS,
    WSAIoctl, WSARecv, WSASend, bind, closesocket, setsockopt, socket,
};
use windows_sys::Win32::System::IO::{
    CancelIoEx, CreateIoCompletionPort, GetQueuedCompletionStatus, OVERLAPPED, PostQueuedCompletionStatus,
};
use windows_sys::Win32::System::Threading::{CreateThread, INFINITE, WaitForSingleObject};
use windows_sys::core::GUID;

/// What an operation that was cancelled, or whose socket was closed, reports.
pub const ABORTED: c_int = WSA_OPERATION_ABORTED as c_int;
/// Starting an operation on a socket that is not connected.
pub const NOT_CONNECTED: c_int = WSAENOTCONN as c_int;
/// What the system writes about one operation while it is under way.
#[repr(transparent)]
pub struct Overlapped(OVERLAPPED);
impl Overlapped {
    pub fn new() -> Overlapped {
        // SAFETY: all zeros: no event, no offset.
        Overlapped(unsafe { zeroed() })
    }
}
impl Default for Overlapped {
    fn default() -> Self {
        Overlapped::new()
    }
}
/// One piece of memory of a scattered read or a gathered write.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Slice(WSABUF);
impl Slice {
    pub const EMPTY: Slice = Slice(WSABUF { len: 0, buf: null_mut() });
    /// The system counts to 4 GiB: what is longer is cut off.
    pub fn new(at: *mut u8, len: usize) -> Slice {
        Slice(WSABUF { len: u32::try_from(len).unwrap_or(u32::MAX & !0xfff), buf: at })
    }
    pub fn len(&self) -> usize {
        self.0.len as usize
    }
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }
}

fn last() -> Error {
    // SAFETY: the thread's own last error.
    Error::Os(unsafe { GetLastError() } as c_int)
}
fn wsa() -> c_int {
    // SAFETY: the thread's own last error.
    unsafe { WSAGetLastError() }
}
/// Whether an operation was started; one that has ended already comes out of the port as well.
fn started(ok: bool) -> Result<()> {
    if ok {
        return Ok(());
    }
    match wsa() {
        WSA_IO_PENDING => Ok(()),
        e => Err(Error::Os(e as c_int)),
    }
}

/// What came out of a port.
pub struct Packet {
    pub key: usize,
    pub bytes: u32,
    /// Null for what was posted without one.
    pub overlapped: *mut Overlapped,
    pub ok: bool,
}

/// A completion port.
pub struct Port(HANDLE);
// SAFETY: a kernel handle, made to be used from several threads.
unsafe impl Send for Port {}
// SAFETY: as above.
unsafe impl Sync for Port {}

impl Port {
    /// At most `concurrency` threads that wait at it run at a time.
    pub fn new(concurrency: u32) -> Result<Port> {
        // SAFETY: no file, no port: a new one.
        let h = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, null_mut(), 0, concurrency) };
        if h.is_null() { Err(last()) } else { Ok(Port(h)) }
    }
    /// Operations on `s` end here from now on. A socket belongs to one port for life: one that has a port is left alone.
    pub fn associate(&self, s: evutil_socket_t, key: usize) -> Result<()> {
        // SAFETY: plain handles; a bad one is refused.
        let h = unsafe { CreateIoCompletionPort(s as HANDLE, self.0, key, 0) };
        // SAFETY: the thread's own last error.
        if !h.is_null() || unsafe { GetLastError() } == ERROR_INVALID_PARAMETER {
            Ok(())
        } else {
            Err(last())
        }
    }
    /// Puts a packet of the program's own into the port.
    pub fn post(&self, bytes: u32, key: usize, overlapped: *mut Overlapped) -> Result<()> {
        // SAFETY: the pointer is only handed through.
        let ok = unsafe { PostQueuedCompletionStatus(self.0, bytes, key, overlapped.cast()) };
        if ok == 0 { Err(last()) } else { Ok(()) }
    }
    /// Waits for a packet. None: the port is of no use any more.
    pub fn wait(&self) -> Option<Packet> {
        let (mut bytes, mut key, mut overlapped) = (0, 0, null_mut());
        // SAFETY: the three are ours to write.
        let ok =
            unsafe { GetQueuedCompletionStatus(self.0, &mut bytes, &mut key, &mut overlapped, INFINITE) }
                != 0;
        if !ok && overlapped.is_null() {
            return None;
        }
        Some(Packet { key, bytes, overlapped: overlapped.cast(), ok })
    }
}
impl Drop for Port {
    fn drop(&mut self) {
        // SAFETY: ours, closed once.
        unsafe { CloseHandle(self.0) };
    }
}

/// Starts receiving into `to`.
///
/// # Safety
/// The memory and `ov` stay until the operation has come out of the socket's port.
pub unsafe fn recv(s: evutil_socket_t, to: &[Slice], ov: *mut Overlapped) -> Result<()> {
    let mut flags = 0;
    let n = to.len() as u32;
    // SAFETY: the caller's promise; the array itself is copied by the call. No count: it would be of no use.
    let r = unsafe { WSARecv(s as SOCKET, to.as_ptr().cast(), n, null_mut(), &mut flags, ov.cast(), None) };
    started(r == 0)
}
/// Starts sending `from`.
///
/// # Safety
/// As [`recv`].
pub unsafe fn send(s: evutil_socket_t, from: &[Slice], ov: *mut Overlapped) -> Result<()> {
    let n = from.len() as u32;
    // SAFETY: as in `recv`.
    let r = unsafe { WSASend(s as SOCKET, from.as_ptr().cast(), n, null_mut(), 0, ov.cast(), None) };
    started(r == 0)
}
/// Asks to end one operation; it still comes out of the port.
///
/// # Safety
/// `ov` belongs to an operation that has not come out of its port.
pub unsafe fn cancel(s: evutil_socket_t, ov: *mut Overlapped) {
    // SAFETY: the caller's promise; on a handle that is closed, or another's, the call finds nothing.
    unsafe { CancelIoEx(s as HANDLE, ov.cast()) };
}
/// Why the operation failed.
///
/// # Safety
/// `ov` belongs to an operation on `s` that has come out of its port as failed.
pub unsafe fn failure(s: evutil_socket_t, ov: *mut Overlapped) -> c_int {
    let (mut bytes, mut flags) = (0, 0);
    // SAFETY: the caller's promise.
    let ok = unsafe { WSAGetOverlappedResult(s as SOCKET, ov.cast(), &mut bytes, 0, &mut flags) };
    match wsa() {
        _ if ok != 0 => 0,
        // Closed meanwhile.
        WSAENOTSOCK => ABORTED,
        e => e as c_int,
    }
}

// ---- what Winsock gives only on request ----

type AcceptEx =
    unsafe extern "system" fn(SOCKET, SOCKET, *mut c_void, u32, u32, u32, *mut u32, *mut OVERLAPPED) -> i32;
type ConnectEx = unsafe extern "system" fn(
    SOCKET,
    *const SOCKADDR,
    i32,
    *const c_void,
    u32,
    *mut u32,
    *mut OVERLAPPED,
) -> i32;
type GetAcceptExSockaddrs = unsafe extern "system" fn(
    *const c_void,
    u32,
    u32,
    u32,
    *mut *mut SOCKADDR,
    *mut i32,
    *mut *mut SOCKADDR,
    *mut i32,
);

/// libevent's own tests look at this (`struct win32_extension_fns`) and clear fields of it, which then counts as not
/// having that function.
#[repr(C)]
pub struct Extensions {
    accept: AtomicPtr<c_void>,
    connect: AtomicPtr<c_void>,
    accept_addresses: AtomicPtr<c_void>,
}
static EXTENSIONS: Extensions = Extensions {
    accept: AtomicPtr::new(null_mut()),
    connect: AtomicPtr::new(null_mut()),
    accept_addresses: AtomicPtr::new(null_mut()),
};
static LOADED: AtomicU8 = AtomicU8::new(0);

/// Asks Winsock for the functions; later calls do nothing. Two threads at once store the same.
pub fn load_extensions() {
    if LOADED.load(Ordering::Acquire) != 0 {
        return;
    }
    // SAFETY: no pointers.
    let s = unsafe { socket(i32::from(AF_INET), SOCK_STREAM, 0) };
    if s == INVALID_SOCKET {
        return;
    }
    EXTENSIONS.accept.store(extension(s, WSAID_ACCEPTEX), Ordering::Relaxed);
    EXTENSIONS.connect.store(extension(s, WSAID_CONNECTEX), Ordering::Relaxed);
    EXTENSIONS.accept_addresses.store(extension(s, WSAID_GETACCEPTEXSOCKADDRS), Ordering::Relaxed);
    // SAFETY: ours.
    unsafe { closesocket(s) };
    LOADED.store(1, Ordering::Release);
}
fn extension(s: SOCKET, which: GUID) -> *mut c_void {
    let (mut f, mut bytes) = (null_mut::<c_void>(), 0);
    let size = (size_of::<GUID>() as u32, size_of::<*mut c_void>() as u32);
    // SAFETY: `which` is read, `f` and `bytes` are written; nothing is overlapped.
    unsafe {
        WSAIoctl(
            s,
            SIO_GET_EXTENSION_FUNCTION_POINTER,
            (&raw const which).cast(),
            size.0,
            (&raw mut f).cast(),
            size.1,
            &mut bytes,
            null_mut(),
            None,
        )
    };
    f
}
/// For `event_get_win32_extension_fns_`.
pub fn extensions() -> *const Extensions {
    &raw const EXTENSIONS
}
pub fn can_accept() -> bool {
    !EXTENSIONS.accept.load(Ordering::Relaxed).is_null()
        && !EXTENSIONS.accept_addresses.load(Ordering::Relaxed).is_null()
}
pub fn can_connect() -> bool {
    !EXTENSIONS.connect.load(Ordering::Relaxed).is_null()
}

/// One address as AcceptEx stores it.
const ADDRESS_ROOM: u32 = size_of::<sockaddr_storage>() as u32 + 16;
/// What [`accept`] needs for the two addresses.
pub const ACCEPT_ROOM: usize = 2 * ADDRESS_ROOM as usize;

/// Starts accepting a connection of `listener` as `new`, a socket of the same family that is neither bound nor connected.
///
/// # Safety
/// As [`recv`], for the [`ACCEPT_ROOM`] bytes at `room`.
pub unsafe fn accept(
    listener: evutil_socket_t,
    new: evutil_socket_t,
    room: *mut u8,
    ov: *mut Overlapped,
) -> Result<()> {
    let f = EXTENSIONS.accept.load(Ordering::Relaxed);
    if f.is_null() {
        return Err(Error::Invalid);
    }
    let mut got = 0;
    // SAFETY: Winsock gave the pointer as this function; the caller's promise.
    let ok = unsafe {
        transmute::<*mut c_void, AcceptEx>(f)(
            listener as SOCKET,
            new as SOCKET,
            room.cast(),
            0,
            ADDRESS_ROOM,
            ADDRESS_ROOM,
            &mut got,
            ov.cast(),
        )
    };
    started(ok != 0)
}
/// Whether connections can be accepted on `s`.
pub fn listens(s: evutil_socket_t) -> Result<bool> {
    Ok(crate::sys::socket::option(s, SOL_SOCKET as c_int, SO_ACCEPTCONN as c_int)? != 0)
}
/// Whether an accept failed because its client has gone again.
pub fn is_peer_gone(e: c_int) -> bool {
    e == WSAECONNRESET as c_int || e == ERROR_NETNAME_DELETED as c_int
}
/// Makes `new`, which was accepted from `listener`, a socket like any other.
pub fn finish_accept(new: evutil_socket_t, listener: evutil_socket_t) -> Result<()> {
    // SAFETY: a socket's worth of bytes on our stack.
    unsafe {
        update_context(
            new,
            SO_UPDATE_ACCEPT_CONTEXT,
            (&raw const listener).cast(),
            size_of::<SOCKET>() as i32,
        )
    }
}
/// The peer of a socket that was accepted with `room`.
///
/// # Safety
/// `room` is that of an [`accept`] that has succeeded on `new`.
pub unsafe fn accepted_from(_new: evutil_socket_t, room: *const u8) -> (sockaddr_storage, socklen_t) {
    // SAFETY: all zeros is a valid address.
    let mut from: sockaddr_storage = unsafe { zeroed() };
    let f = EXTENSIONS.accept_addresses.load(Ordering::Relaxed);
    if f.is_null() {
        return (from, 0);
    }
    let (mut local, mut local_len, mut peer, mut peer_len) = (null_mut(), 0, null_mut::<SOCKADDR>(), 0);
    // SAFETY: Winsock gave the pointer as this function; the caller's promise. The results point into `room`.
    unsafe {
        transmute::<*mut c_void, GetAcceptExSockaddrs>(f)(
            room.cast(),
            0,
            ADDRESS_ROOM,
            ADDRESS_ROOM,
            &mut local,
            &mut local_len,
            &mut peer,
            &mut peer_len,
        );
        let len = usize::try_from(peer_len).unwrap_or(0).min(size_of::<sockaddr_storage>());
        if !peer.is_null() {
            std::ptr::copy_nonoverlapping(peer.cast::<u8>(), (&raw mut from).cast::<u8>(), len);
        }
        (from, len as socklen_t)
    }
}

/// Starts connecting `s`, which is bound (see [`bind_for_connect`]).
///
/// # Safety
/// As [`recv`]; `addr` is readable for `len` bytes now.
pub unsafe fn connect(
    s: evutil_socket_t,
    addr: *const sockaddr,
    len: socklen_t,
    ov: *mut Overlapped,
) -> Result<()> {
    let f = EXTENSIONS.connect.load(Ordering::Relaxed);
    if f.is_null() {
        return Err(Error::Invalid);
    }
    // SAFETY: Winsock gave the pointer as this function; the caller's promise.
    let ok = unsafe {
        transmute::<*mut c_void, ConnectEx>(f)(
            s as SOCKET,
            addr.cast(),
            len as i32,
            null(),
            0,
            null_mut(),
            ov.cast(),
        )
    };
    started(ok != 0)
}
/// Binds `s` to any address of `family`, which [`connect`] needs, unless it is bound already. False: not a family for that.
pub fn bind_for_connect(s: evutil_socket_t, family: c_int) -> Result<bool> {
    // SAFETY: all zeros with a family is "any address".
    let mut any: sockaddr_storage = unsafe { zeroed() };
    // SAFETY: every address starts with its family.
    unsafe { (&raw mut any).cast::<u16>().write(family as u16) };
    let len = match u16::try_from(family) {
        Ok(AF_INET) => 16,
        Ok(AF_INET6) => 28,
        _ => return Ok(false),
    };
    // SAFETY: `any` holds `len` bytes.
    if unsafe { bind(s as SOCKET, (&raw const any).cast(), len) } == 0 {
        return Ok(true);
    }
    match wsa() {
        // Bound already.
        WSAEINVAL => Ok(true),
        e => Err(Error::Os(e as c_int)),
    }
}
/// Makes `s`, which [`connect`] has connected, a socket like any other.
pub fn finish_connect(s: evutil_socket_t) -> Result<()> {
    // SAFETY: no value.
    unsafe { update_context(s, SO_UPDATE_CONNECT_CONTEXT, null(), 0) }
}
/// # Safety
/// `value` is readable for `len` bytes.
unsafe fn update_context(s: evutil_socket_t, what: i32, value: *const u8, len: i32) -> Result<()> {
    // SAFETY: the caller's promise.
    let r = unsafe { setsockopt(s as SOCKET, SOL_SOCKET, what, value, len) };
    if r == 0 { Ok(()) } else { Err(Error::Os(wsa() as c_int)) }
}

/// A thread that has been started.
pub struct Thread(HANDLE);
// SAFETY: a kernel handle.
unsafe impl Send for Thread {}
// SAFETY: as above.
unsafe impl Sync for Thread {}

#[repr(C)]
struct Start {
    run: unsafe fn(*mut c_void),
    arg: *mut c_void,
}
unsafe extern "system" fn enter(start: *mut c_void) -> u32 {
    // SAFETY: made by `Thread::start` for this thread alone.
    unsafe {
        let start = crate::mem::Box::from_raw_in(start.cast::<Start>(), crate::mem::Alloc);
        let (run, arg) = (start.run, start.arg);
        drop(start);
        run(arg);
    }
    0
}

impl Thread {
    /// # Safety
    /// `run(arg)` may be called in another thread, later.
    pub unsafe fn start(run: unsafe fn(*mut c_void), arg: *mut c_void) -> Result<Thread> {
        let start = crate::mem::new_box(Start { run, arg })?;
        let (p, _) = crate::mem::Box::into_raw_with_allocator(start);
        // SAFETY: `enter` takes the box over.
        let h = unsafe { CreateThread(null(), 0, Some(enter), p.cast(), 0, null_mut()) };
        if h.is_null() {
            let e = last();
            // SAFETY: no thread has taken it.
            drop(unsafe { crate::mem::Box::from_raw_in(p, crate::mem::Alloc) });
            return Err(e);
        }
        Ok(Thread(h))
    }
    /// Waits until it has ended, at most `ms` milliseconds (None: without end). False: it runs still.
    pub fn wait(&self, ms: Option<u32>) -> bool {
        // SAFETY: our handle.
        let r = unsafe { WaitForSingleObject(self.0, ms.unwrap_or(INFINITE)) };
        debug_assert!(r == WAIT_OBJECT_0 || r == WAIT_TIMEOUT);
        r != WAIT_TIMEOUT
    }
}
impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: ours, closed once; the thread goes on.
        unsafe { CloseHandle(self.0) };
    }
}
