//! TLS bufferevents: the state machine between a TLS session and a socket, or another bufferevent.
//!
//! The session is a table of operations ([`table`]); nothing here knows whose. Over a socket the session does the system
//! calls and the two events tell when; a filter is the only user of the bufferevent below it, as any filter is.
//!
//! * Whatever can go on without the transport's word (a handshake to begin, records that wait inside the session,
//!   output) stands on the base's output queue and is done by [`work`], from the loop. So nothing recurses, and what
//!   one turn wrote becomes few records.
//! * Operations may ask for the other direction: reading may have to wait until the socket takes data, and writing
//!   until it has some. See `Flags`.
//! * Decrypted data is in the input, and the program has been told, before the end of the stream is reported.
mod below;
mod ends;
mod handshake;
mod ops_table;
mod read;
mod socket;
pub mod table;
mod write;

pub use table::{TlsIo, TlsOps, TlsReport};

use super::private::{Private, State, Suspend};
use super::{BevRef, Kind, init};
use crate::abi::bufferevent::BevOpt;
use crate::abi::bufferevent_ssl::bufferevent_ssl_state;
use crate::abi::event::{Ev, event_callback};
use crate::abi::util::evutil_socket_t;
use crate::base::BaseRef;
use crate::{Error, Result};
use std::cell::Cell;
use std::ffi::{c_int, c_ulong, c_void};
use std::ptr::{NonNull, null_mut};
use table::{MAX_ERRORS, answer};

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Flags: u16 {
        /// The program takes an end without close_notify for a proper one.
        const DIRTY_OK = 1;
        /// A filter collects what one turn writes, as a socket does.
        const BATCH = 2;
        /// The last read asked for the transport to take data; it is repeated then.
        const READ_WAITS_WRITE = 4;
        /// The last write asked for data from the transport; it is repeated then.
        const WRITE_WAITS_READ = 8;
        /// `work` is to read: there may be data that no event will tell of.
        const READ_DUE = 16;
        /// An operation of the session is under way: what is called back meanwhile starts no other.
        const IN_OP = 32;
        /// The peer has said that it sends no more.
        const READ_CLOSED = 64;
        /// Nothing more comes of this connection. A new socket starts afresh.
        const DEAD = 128;
        /// `bufferevent_free` was called.
        const FREED = 256;
        /// The session has used its transport.
        const STARTED = 512;
        /// The bufferevent below has come to its end; what it has read is still there.
        const BELOW_EOF = 1024;
        /// The program has asked for another handshake.
        const RENEGOTIATING = 2048;
        /// Survives a new socket.
        const SETTINGS = Self::DIRTY_OK.bits() | Self::BATCH.bits();
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Connecting,
    Accepting,
    Open,
    /// Another handshake, while nobody reads.
    Again,
}

/// What an operation came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Done(usize),
    WantRead,
    WantWrite,
    Ended(End),
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// close_notify.
    Clean,
    /// The transport ended without it.
    Dirty,
    Failed,
}

#[repr(C)]
struct Tls {
    common: Private,
    /// None: over a socket.
    underlying: Option<BevRef>,
    ops: NonNull<TlsOps>,
    session: *mut c_void,
    /// A filter's: what `attach_io` gave.
    link: Cell<*mut c_void>,
    /// Where a connection begins.
    initial: Phase,
    phase: Cell<Phase>,
    flags: Cell<Flags>,
    n_errors: Cell<u8>,
    /// The length that a blocked write must be repeated with; 0: none is blocked. The output is frozen meanwhile.
    retry: Cell<usize>,
    /// Which connection this is: tells that a callback has given us another one.
    round: Cell<u32>,
    errno: Cell<c_int>,
    errors: Cell<[c_ulong; MAX_ERRORS]>,
}

/// The kind's own fields. Only for bufferevents whose table is this module's.
fn tls<'a>(bev: BevRef) -> &'a Tls {
    debug_assert!(bev.kind() == Kind::Tls);
    // SAFETY: the table says that it is a Tls, which is alive while the handle is used. The public head inside it is
    // not looked at through this reference, and the rest is cells.
    unsafe { &*bev.as_ptr().cast::<Tls>() }
}

impl Tls {
    fn has(&self, f: Flags) -> bool {
        self.flags.get().intersects(f)
    }
    fn set(&self, f: Flags, on: bool) {
        let mut v = self.flags.get();
        v.set(f, on);
        self.flags.set(v);
    }
    fn is_open(&self) -> bool {
        self.phase.get() == Phase::Open
    }
    /// No operation may be started: it would be of no use, or is under way.
    fn rests(&self) -> bool {
        self.has(Flags::DEAD | Flags::FREED | Flags::IN_OP)
    }
    fn table(&self) -> &TlsOps {
        // SAFETY: `BevRef::tls_new`'s caller promised that it stays.
        unsafe { self.ops.as_ref() }
    }
    /// Whether records wait inside the session.
    fn pending(&self) -> bool {
        // SAFETY: the session is alive as long as we are; no operation is under way.
        !self.has(Flags::IN_OP) && unsafe { (self.table().pending)(self.session) } != 0
    }
    /// Bytes over the transport, where somebody counts.
    fn counts(&self, bev: BevRef) -> Option<(u64, u64)> {
        if bev.own().rate.get().is_null() {
            return None;
        }
        let (mut read, mut written) = (0, 0);
        // SAFETY: as above; both are places for a number.
        unsafe { (self.table().counts)(self.session, &mut read, &mut written) };
        Some((read, written))
    }
}

/// Runs one operation of the session. Its cost is charged, its errors are kept.
fn operate(bev: BevRef, f: impl FnOnce(&TlsOps, *mut c_void, *mut TlsReport) -> c_int) -> Step {
    let t = tls(bev);
    let mut report = TlsReport::EMPTY;
    let before = t.counts(bev);
    t.set(Flags::IN_OP | Flags::STARTED, true);
    let answer = f(t.table(), t.session, &mut report);
    t.set(Flags::IN_OP, false);
    if let (Some(before), Some(now)) = (before, t.counts(bev)) {
        let cost = |now: u64, before: u64| usize::try_from(now.wrapping_sub(before)).unwrap_or(0);
        let (read, written) = (cost(now.0, before.0), cost(now.1, before.1));
        if read > 0 {
            bev.charge_read(read);
        }
        if written > 0 {
            bev.charge_write(written);
        }
    }
    let end = match answer {
        answer::WANT_READ => return Step::WantRead,
        answer::WANT_WRITE => return Step::WantWrite,
        n if n > 0 => return Step::Done(n.unsigned_abs() as usize),
        answer::CLOSED => End::Clean,
        answer::DIRTY => End::Dirty,
        _ => End::Failed,
    };
    let n = (report.n_errors as usize).min(MAX_ERRORS);
    let mut errors = t.errors.get();
    for e in &report.errors[..n] {
        if let Some(place) = errors.get_mut(usize::from(t.n_errors.get())) {
            *place = *e;
            t.n_errors.set(t.n_errors.get() + 1);
        }
    }
    t.errors.set(errors);
    t.errno.set(report.sys_errno);
    Step::Ended(end)
}

/// Whether the program wants data, and there is room for it.
fn can_read(bev: BevRef) -> bool {
    bev.is_enabled(Ev::READ)
        && bev.own().read_suspended.get().is_empty()
        && !tls(bev).has(Flags::DEAD | Flags::FREED | Flags::READ_CLOSED)
}
/// Whether output may go.
fn can_write(bev: BevRef) -> bool {
    bev.is_enabled(Ev::WRITE)
        && bev.own().write_suspended.get().is_empty()
        && !tls(bev).has(Flags::DEAD | Flags::FREED)
}
/// Whether there is a transport by now: before that no handshake begins.
fn has_transport(bev: BevRef) -> bool {
    match tls(bev).underlying {
        None => bev.ev_read().fd() >= 0 && !bev.own().has(State::CONNECTING),
        Some(u) if matches!(u.kind(), Kind::Socket | Kind::Async) => {
            (u.ops().get_fd)(u).is_some_and(|fd| fd >= 0) && !u.own().has(State::CONNECTING)
        }
        Some(_) => true,
    }
}
/// [`work`] runs once this turn's callbacks have.
fn kick(bev: BevRef) {
    if !tls(bev).has(Flags::DEAD | Flags::FREED) {
        bev.schedule_output();
    }
}
fn kick_reading(bev: BevRef) {
    tls(bev).set(Flags::READ_DUE, true);
    kick(bev);
}

/// Lets data from the transport wake us. What is here already is seen to as well.
fn start_reading(bev: BevRef) -> Result<()> {
    let t = tls(bev);
    match t.underlying {
        Some(u) => {
            u.unsuspend_read(Suspend::FILTER);
            if !u.input().is_empty() || t.has(Flags::BELOW_EOF) || t.pending() {
                kick_reading(bev);
            }
        }
        // It waits for the other event, and must not be woken by data that it cannot take.
        None if t.has(Flags::READ_WAITS_WRITE) => {}
        None => {
            super::timeouts::add_event(bev.ev_read(), &bev.timeout_read())?;
            if t.pending() {
                kick_reading(bev);
            }
        }
    }
    Ok(())
}
fn stop_reading(bev: BevRef) {
    match tls(bev).underlying {
        Some(u) => u.suspend_read(Suspend::FILTER),
        None => drop(bev.ev_read().del_noblock()),
    }
}
/// Lets the transport wake us once it takes data. (The bufferevent below a filter tells of that unasked.)
fn start_writing(bev: BevRef) -> Result<()> {
    if tls(bev).underlying.is_some() || bev.own().has(State::WRITE_ADDED) {
        return Ok(());
    }
    bev.wait_writable()
}
fn stop_writing(bev: BevRef) {
    if bev.own().has(State::WRITE_ADDED) && !bev.own().has(State::CONNECTING) {
        let _ = bev.stop_waiting_writable();
    }
}

/// Does what is due. The lock and a reference are held, and we were called by the loop.
fn proceed(bev: BevRef) {
    let t = tls(bev);
    if t.rests() {
        return;
    }
    if !t.is_open() {
        return handshake::step(bev);
    }
    if t.has(Flags::WRITE_WAITS_READ) {
        write::round(bev, 0);
    }
    let due = t.has(Flags::READ_DUE | Flags::RENEGOTIATING);
    t.set(Flags::READ_DUE, false);
    if due && can_read(bev) && !t.has(Flags::WRITE_WAITS_READ | Flags::READ_WAITS_WRITE) {
        read::round(bev);
    }
    write::round(bev, 0);
}

/// Runs from the base's output queue.
///
/// # Safety
/// `arg` is a TLS bufferevent on which the queue held a reference.
unsafe extern "C" fn work(_: *mut event_callback, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let _busy = bev.enter_from_queue();
    bev.own().set(State::OUTPUT_QUEUED, false);
    if !bev.own().has(State::CONNECTING) {
        proceed(bev);
    }
}

impl BevRef {
    /// A TLS bufferevent over `underlying`, or over the socket `fd`, which the session must be attached to already
    /// (-1: it comes later).
    ///
    /// # Safety
    /// `ops` stays alive and unchanged for ever; `session` is one of its sessions and stays alive as long as the
    /// bufferevent (which frees it in the end if BEV_OPT_CLOSE_ON_FREE is among the options).
    pub unsafe fn tls_new(
        base: Option<BaseRef>,
        underlying: Option<BevRef>,
        fd: evutil_socket_t,
        ops: &TlsOps,
        session: *mut c_void,
        state: bufferevent_ssl_state,
        options: c_int,
    ) -> Result<BevRef> {
        let initial = match state {
            bufferevent_ssl_state::BUFFEREVENT_SSL_OPEN => Phase::Open,
            bufferevent_ssl_state::BUFFEREVENT_SSL_CONNECTING => Phase::Connecting,
            bufferevent_ssl_state::BUFFEREVENT_SSL_ACCEPTING => Phase::Accepting,
            _ => return Err(Error::Invalid),
        };
        if ops.size != size_of::<TlsOps>() || session.is_null() || (underlying.is_some() && fd >= 0) {
            return Err(Error::Invalid);
        }
        let value = Tls {
            common: init::private(&ops_table::TLS, options & !BevOpt::THREADSAFE.bits()),
            underlying,
            ops: NonNull::from(ops),
            session,
            link: Cell::new(null_mut()),
            initial,
            phase: Cell::new(initial),
            flags: Cell::new(Flags::empty()),
            n_errors: Cell::new(0),
            retry: Cell::new(0),
            round: Cell::new(0),
            errno: Cell::new(0),
            errors: Cell::new([0; MAX_ERRORS]),
        };
        let base = base.or_else(|| underlying.and_then(BevRef::base));
        // SAFETY: Tls is repr(C), starts with Private, and the rest needs no dropping.
        let bev = unsafe {
            init::make(value, base, |bev| {
                if BevOpt::from_bits_retain(options).contains(BevOpt::THREADSAFE) {
                    // Without locks it is made all the same.
                    let _ = bev.enable_locking(None);
                }
                match underlying {
                    Some(_) => bev.assign_timers()?,
                    None => socket::assign(bev, fd)?,
                }
                init::ready(bev);
                let pri = u8::try_from(bev.priority()).unwrap_or(0);
                bev.flusher().init(pri, Some(work), bev.as_ptr().cast());
                // Last: nothing of the session has changed when this fails.
                connect_session(bev).inspect_err(|_| disconnect_session(bev))
            })
        }?;
        if let Some(u) = underlying {
            below::take_over(bev, u);
        }
        let _busy = bev.busy();
        let _ = ops_table::enable(bev, Ev::from_bits_retain(bev.enabled_bits()));
        Ok(bev)
    }

    /// The session of a TLS bufferevent; None: it is of another kind.
    pub fn tls_session(self) -> Option<*mut c_void> {
        (self.kind() == Kind::Tls).then(|| tls(self).session)
    }
    /// `bufferevent_ssl_get_flags`, `_set_flags` and `_clear_flags`: the flags as they were; None: another kind.
    pub fn tls_flags(self, on: u64, off: u64) -> Option<u64> {
        if self.kind() != Kind::Tls {
            return None;
        }
        let _held = self.hold();
        let t = tls(self);
        let old = t.flags.get() & Flags::SETTINGS;
        let bits = |n: u64| Flags::from_bits_truncate((n & 0xff) as u16) & Flags::SETTINGS;
        t.flags.set((t.flags.get() | bits(on)) - bits(off));
        Some(u64::from(old.bits()))
    }
    /// `bufferevent_get_openssl_error`: the latest error that is left, which is taken away; 0: none.
    pub fn tls_pop_error(self) -> c_ulong {
        if self.kind() != Kind::Tls {
            return 0;
        }
        let _held = self.hold();
        let t = tls(self);
        let Some(n) = t.n_errors.get().checked_sub(1) else { return 0 };
        t.n_errors.set(n);
        t.errors.get().get(usize::from(n)).copied().unwrap_or(0)
    }
    /// `bufferevent_ssl_renegotiate`
    pub fn tls_renegotiate(self) -> Result<()> {
        if self.kind() != Kind::Tls {
            return Err(Error::Invalid);
        }
        let _busy = self.busy();
        handshake::renegotiate(self)
    }
}

/// Prepares the session for the connection that begins.
fn connect_session(bev: BevRef) -> Result<()> {
    let t = tls(bev);
    if t.underlying.is_some() {
        // SAFETY: the session is alive; we are, until `detach`.
        let link = unsafe { (t.table().attach_io)(t.session, &below::IO, bev.as_ptr().cast()) };
        if link.is_null() {
            return Err(Error::NoMem);
        }
        disconnect_session(bev);
        t.link.set(link);
    }
    t.phase.set(t.initial);
    if t.initial == Phase::Open {
        return Ok(());
    }
    // SAFETY: the session is alive, no operation is under way.
    let done = unsafe { (t.table().reset)(t.session, c_int::from(t.initial == Phase::Accepting)) };
    if done == 0 { Ok(()) } else { Err(Error::Invalid) }
}
/// From now on the session does not reach us, even where it outlives us.
fn disconnect_session(bev: BevRef) {
    let t = tls(bev);
    let link = t.link.replace(null_mut());
    if !link.is_null() {
        // SAFETY: made by `attach_io`, given back once.
        unsafe { (t.table().detach)(link) };
    }
}

/// The socket of a TLS bufferevent could not be connected: there is nothing to shake hands with.
pub(super) fn connect_failed(bev: BevRef) {
    tls(bev).set(Flags::DEAD, true);
}
/// The socket below a TLS filter is about to be connected: the session begins anew.
pub(super) fn before_connect(bev: BevRef) -> Result<()> {
    let t = tls(bev);
    if t.has(Flags::IN_OP) {
        return Err(Error::Invalid);
    }
    if t.has(Flags::STARTED)
        && let Some(u) = t.underlying
    {
        below::discard(u);
    }
    ops_table::forget_connection(bev);
    connect_session(bev)
}
