//! The memory of a bufferevent: the public head that programs read and write, then our own part.
use super::ops::Ops;
use super::ratelimit::RateLimit;
use crate::abi::bufferevent::bufferevent;
use crate::abi::event::event_callback;
use crate::sys::c;
use crate::thread::SharedLock;
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_short, c_void};
use std::ptr::null_mut;

bitflags::bitflags! {
    /// Why reading or writing rests although it is enabled.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Suspend: u8 {
        /// The input has reached its high watermark.
        const WATERMARK = 1;
        /// The bufferevent's own token bucket is empty.
        const BUCKET = 2;
        /// Its group's bucket is empty.
        const GROUP = 4;
        /// A host name is being looked up.
        const LOOKUP = 8;
        /// A filter above does not want to read.
        const FILTER = 16;
    }
}
bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct State: u16 {
        /// A deferred read callback is due.
        const READCB_PENDING = 1;
        /// A deferred write callback is due.
        const WRITECB_PENDING = 2;
        /// connect() is under way; `ev_write` tells how it ends.
        const CONNECTING = 4;
        /// `deferred` stands on the base's queue and holds a reference.
        const DEFERRED_QUEUED = 8;
        /// `output` stands on the base's output queue and holds a reference.
        const OUTPUT_QUEUED = 16;
        /// Socket: `ev_write` is added.
        const WRITE_ADDED = 32;
        /// Socket: writing was enabled with nothing to write: the write callback is owed once.
        const WRITE_OWED = 64;
        /// The program chose max_single_write itself.
        const WRITE_LIMIT_SET = 128;
        /// Socket: `set_fd` has unfrozen the buffers.
        const THAWED = 256;
        /// The socket was made by us, for one of a host's addresses.
        const DIALLED = 512;
    }
}

/// What the other side of a connect was; room for the two Internet families only (CVE-2026-63388).
#[derive(Clone, Copy)]
#[repr(C, align(4))]
pub(super) struct ConnAddress(pub(super) [u8; size_of::<c::sockaddr_in6>()]);

/// Ours. Protected by the bufferevent's lock; never behind `&mut`, because callbacks re-enter.
pub(super) struct Own {
    /// Runs deferred callbacks.
    pub(super) deferred: UnsafeCell<event_callback>,
    /// Flushes the output after the turn's callbacks.
    pub(super) flusher: UnsafeCell<event_callback>,
    /// Written once, before anybody else knows the bufferevent (or under the lock of a filter above).
    pub(super) lock: UnsafeCell<Option<SharedLock>>,
    pub(super) rate: Cell<*mut RateLimit>,
    /// The input's callback that watches the high watermark.
    pub(super) watermark_cb: Cell<*mut c_void>,
    /// A name look-up under way in a resolver that is not ours.
    pub(super) lookup: Cell<*mut c_void>,
    /// The addresses of a host that have not been tried yet. The list is ours.
    pub(super) addresses: Cell<*mut c::addrinfo>,
    pub(super) max_single_read: Cell<usize>,
    pub(super) max_single_write: Cell<usize>,
    pub(super) refs: Cell<u32>,
    pub(super) options: Cell<c_int>,
    pub(super) errno_pending: Cell<c_int>,
    pub(super) dns_error: Cell<c_int>,
    pub(super) event_pending: Cell<c_short>,
    pub(super) state: Cell<State>,
    pub(super) read_suspended: Cell<Suspend>,
    pub(super) write_suspended: Cell<Suspend>,
    pub(super) conn_address: Cell<ConnAddress>,
}

/// Reads and writes at most this much at once, unless the program says otherwise.
pub(super) const MAX_SINGLE_DEFAULT: usize = 16384;

impl Own {
    pub(super) fn new(options: c_int) -> Own {
        // SAFETY: null links and functions are valid values of an event_callback.
        let callback = || UnsafeCell::new(unsafe { std::mem::zeroed::<event_callback>() });
        Own {
            deferred: callback(),
            flusher: callback(),
            lock: UnsafeCell::new(None),
            rate: Cell::new(null_mut()),
            watermark_cb: Cell::new(null_mut()),
            lookup: Cell::new(null_mut()),
            addresses: Cell::new(null_mut()),
            max_single_read: Cell::new(MAX_SINGLE_DEFAULT),
            max_single_write: Cell::new(MAX_SINGLE_DEFAULT),
            refs: Cell::new(1),
            options: Cell::new(options),
            errno_pending: Cell::new(0),
            dns_error: Cell::new(0),
            event_pending: Cell::new(0),
            state: Cell::new(State::empty()),
            read_suspended: Cell::new(Suspend::empty()),
            write_suspended: Cell::new(Suspend::empty()),
            conn_address: Cell::new(ConnAddress([0; size_of::<c::sockaddr_in6>()])),
        }
    }
    #[inline]
    pub(super) fn has(&self, s: State) -> bool {
        self.state.get().intersects(s)
    }
    #[inline]
    pub(super) fn set(&self, s: State, on: bool) {
        let mut v = self.state.get();
        v.set(s, on);
        self.state.set(v);
    }
}

/// Every kind of bufferevent starts with this.
#[repr(C)]
pub(super) struct Private {
    pub(super) public: bufferevent,
    pub(super) own: Own,
}
impl Private {
    pub(super) fn new(ops: &'static Ops, options: c_int) -> Private {
        // SAFETY: null pointers, no callbacks and zero times are valid values of the public part.
        let mut public: bufferevent = unsafe { std::mem::zeroed() };
        public.be_ops = std::ptr::from_ref(ops).cast();
        Private { public, own: Own::new(options) }
    }
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Private>() <= 600);
