//! Bufferevents: a pair of evbuffers, a transport, and callbacks when there is something to do.
//!
//! * The public head of the struct is live: programs assign callbacks and read `input`, `output`, `enabled`, the
//!   watermarks and the timeouts, so these are always read from there.
//! * One recursive lock is shared by a bufferevent, its two evbuffers, and its partner or underlying bufferevent.
//!   Lock order: bufferevent, rate-limit group, base. Callbacks run under it unless UNLOCK_CALLBACKS is set.
//! * References are counted under the lock. The last one schedules a finalizer on the base, so that a callback
//!   that is running in the loop's thread still finds the memory. Whoever calls out holds a reference ([`Busy`]).
//! * A function that the loop calls uses [`BevRef::enter`]: it may have lost the race against the last `decref`.
mod callbacks;
mod connect;
mod filter;
mod flush;
mod group;
mod init;
#[cfg(has_iocp)]
mod iocp;
mod ops;
mod pair;
mod private;
mod ratelimit;
mod socket;
mod timeouts;
pub mod tls;
mod token_bucket;
mod watermark;

pub use filter::FilterConfig;
pub use group::Group;
pub use ops::{Kind, Ops};
pub use private::Suspend;
pub use ratelimit::{free_config, new_config};
pub use token_bucket::Config as TokenBucketConfig;

use crate::abi::bufferevent::{
    BevOpt, bufferevent, bufferevent_data_cb, bufferevent_event_cb, bufferevent_flush_mode, event_watermark,
};
use crate::abi::event::{Ev, event_base};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, CallbackRef, EventRef};
use crate::buffer::BufferRef;
use crate::sys::c::timeval;
use crate::thread::SharedLock;
use crate::{Error, Result};
use private::{Own, Private, State};
use std::ffi::{c_int, c_short, c_void};
use std::ptr::NonNull;

/// A handle on a bufferevent; copying it does not keep the bufferevent alive, [`BevRef::incref`] does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct BevRef(NonNull<bufferevent>);

/// Reads, and where asked writes, one live field of the public head.
macro_rules! live {
    ($($get:ident: $f:ident as $t:ty;)+) => {$(
        #[inline]
        pub(crate) fn $get(self) -> $t {
            // SAFETY: the handle's bufferevent is alive; the program may write the field too, so no reference is formed.
            unsafe { (*self.as_ptr()).$f }
        }
    )+};
    (set $($set:ident: $f:ident as $t:ty;)+) => {$(
        #[inline]
        pub(crate) fn $set(self, v: $t) {
            // SAFETY: as for reading.
            unsafe { (*self.as_ptr()).$f = v }
        }
    )+};
}

impl BevRef {
    /// # Safety
    /// `p` is null or a live bufferevent, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut bufferevent) -> Option<BevRef> {
        NonNull::new(p).map(BevRef)
    }
    #[inline]
    pub fn as_ptr(self) -> *mut bufferevent {
        self.0.as_ptr()
    }
    live! {
        enabled_bits: enabled as c_short;
        wm_read: wm_read as event_watermark;
        wm_write: wm_write as event_watermark;
        timeout_read: timeout_read as timeval;
        timeout_write: timeout_write as timeval;
        readcb: readcb as bufferevent_data_cb;
        writecb: writecb as bufferevent_data_cb;
        eventcb: errorcb as bufferevent_event_cb;
        cbarg: cbarg as *mut c_void;
        ev_base_ptr: ev_base as *mut event_base;
    }
    live! { set
        set_enabled_bits: enabled as c_short;
        set_wm_read: wm_read as event_watermark;
        set_wm_write: wm_write as event_watermark;
        set_timeout_read: timeout_read as timeval;
        set_timeout_write: timeout_write as timeval;
        set_ev_base_ptr: ev_base as *mut event_base;
    }
    #[inline]
    pub(crate) fn is_enabled(self, what: Ev) -> bool {
        self.enabled_bits() & what.bits() != 0
    }
    /// The part that follows the public head.
    #[inline]
    fn own(&self) -> &Own {
        // SAFETY: every bufferevent starts with a Private (see `init`). `Own` holds cells only, so a shared
        // reference to it lives well with the program's own writes to the public head.
        unsafe { &(*self.as_ptr().cast::<Private>()).own }
    }
    #[inline]
    pub(crate) fn ops(self) -> &'static Ops {
        // SAFETY: set from a `&'static Ops` when the bufferevent was made.
        unsafe { &*(*self.as_ptr()).be_ops.cast::<Ops>() }
    }
    pub fn kind(self) -> Kind {
        self.ops().kind
    }
    #[inline]
    pub fn input(self) -> BufferRef {
        // SAFETY: set when the bufferevent was made, and freed by its finalizer only.
        unsafe { BufferRef::from_raw((*self.as_ptr()).input).unwrap_unchecked() }
    }
    #[inline]
    pub fn output(self) -> BufferRef {
        // SAFETY: as for `input`.
        unsafe { BufferRef::from_raw((*self.as_ptr()).output).unwrap_unchecked() }
    }
    #[inline]
    pub(crate) fn ev_read(self) -> EventRef {
        // SAFETY: a field of the live bufferevent: not null.
        unsafe { EventRef::from_raw(&raw mut (*self.as_ptr()).ev_read).unwrap_unchecked() }
    }
    #[inline]
    pub(crate) fn ev_write(self) -> EventRef {
        // SAFETY: as above.
        unsafe { EventRef::from_raw(&raw mut (*self.as_ptr()).ev_write).unwrap_unchecked() }
    }
    fn deferred(&self) -> CallbackRef {
        // SAFETY: a field of the live bufferevent.
        unsafe { CallbackRef::from_raw(self.own().deferred.get()) }
    }
    fn flusher(&self) -> CallbackRef {
        // SAFETY: as above.
        unsafe { CallbackRef::from_raw(self.own().flusher.get()) }
    }
    /// The base: the one it was made with, or else the current base, which its events have taken.
    #[inline]
    pub fn base(self) -> Option<BaseRef> {
        // SAFETY: a bufferevent's base outlives it: that is the program's duty.
        unsafe { BaseRef::from_raw(self.ev_base_ptr()) }.or_else(|| self.ev_read().base())
    }
    pub fn options(self) -> BevOpt {
        BevOpt::from_bits_retain(self.own().options.get())
    }

    // ---- the lock and the count ----

    #[inline]
    pub(crate) fn shared_lock(&self) -> Option<&SharedLock> {
        // SAFETY: written before other threads know the bufferevent, then never again.
        unsafe { (*self.own().lock.get()).as_ref() }
    }
    #[inline]
    pub(crate) fn acquire(self) {
        if let Some(l) = self.shared_lock() {
            l.acquire();
        }
    }
    /// # Safety
    /// The running thread has acquired it.
    #[inline]
    pub(crate) unsafe fn release(self) {
        if let Some(l) = self.shared_lock() {
            // SAFETY: the caller's promise.
            unsafe { l.release() };
        }
    }
    /// Holds the lock, until the guard is dropped. For calls whose caller owns a reference all the while.
    #[inline]
    pub fn hold(self) -> Held {
        self.acquire();
        Held(self)
    }
    /// Holds the lock and a reference.
    #[inline]
    pub fn busy(self) -> Busy {
        self.acquire();
        self.own().refs.set(self.own().refs.get() + 1);
        Busy(self)
    }
    /// As [`Self::busy`], for functions that the loop calls: None when the last reference has gone.
    #[inline]
    pub(crate) fn enter(self) -> Option<Busy> {
        self.acquire();
        if self.own().refs.get() == 0 {
            // SAFETY: just acquired.
            unsafe { self.release() };
            return None;
        }
        self.own().refs.set(self.own().refs.get() + 1);
        Some(Busy(self))
    }
    /// Takes over a reference that a queue held.
    fn enter_from_queue(self) -> Busy {
        self.acquire();
        Busy(self)
    }
    /// Whether the running function holds the only reference that is left: the program has freed it.
    fn is_orphan(self) -> bool {
        self.own().refs.get() == 1
    }
    /// `bufferevent_incref`
    pub fn incref(self) {
        let _held = self.hold();
        self.own().refs.set(self.own().refs.get() + 1);
    }
    /// `bufferevent_decref`: true if it was the last reference.
    pub fn decref(self) -> bool {
        self.acquire();
        self.decref_and_release()
    }
    pub fn references(self) -> u32 {
        let _held = self.hold();
        self.own().refs.get()
    }
    /// Gives up one reference and the lock.
    #[inline]
    fn decref_and_release(self) -> bool {
        let own = self.own();
        let left = own.refs.get().saturating_sub(1);
        if left > 1 || (left == 1 && !own.has(State::OUTPUT_QUEUED)) {
            own.refs.set(left);
            // SAFETY: our caller acquired it.
            unsafe { self.release() };
            return false;
        }
        self.last_decref(left)
    }
    #[cold]
    fn last_decref(self, mut left: u32) -> bool {
        let own = self.own();
        // Nobody but the output queue is left: what is unwritten is dropped, as it is when EV_WRITE is pending.
        own.refs.set(left);
        if left == 1 && own.has(State::OUTPUT_QUEUED) && self.unqueue_output() {
            left = 0;
        }
        if left == 0 {
            // The finalizer may run before `release`: keep the lock itself alive.
            let lock = self.shared_lock().cloned();
            (self.ops().unlink)(self);
            init::finalize(self);
            if let Some(l) = lock {
                // SAFETY: our caller acquired it.
                unsafe { l.release() };
            }
            return true;
        }
        // SAFETY: our caller acquired it.
        unsafe { self.release() };
        false
    }
    /// Takes the flusher off its queue, and the queue's reference with it. False: it is running already.
    fn unqueue_output(self) -> bool {
        let gone = self.base().is_some_and(|base| self.flusher().cancel(base));
        if gone {
            self.own().set(State::OUTPUT_QUEUED, false);
            self.own().refs.set(self.own().refs.get() - 1);
        }
        gone
    }
    /// The same for the deferred callback.
    fn unqueue_deferred(self) -> bool {
        let gone = self.base().is_some_and(|base| self.deferred().cancel(base));
        if gone {
            self.own().set(State::DEFERRED_QUEUED, false);
            self.own().refs.set(self.own().refs.get() - 1);
        }
        gone
    }
    /// `bufferevent_free`: no callback of the program starts any more, and the caller's reference goes.
    pub fn free(self) {
        self.acquire();
        self.set_callbacks(None, None, None, std::ptr::null_mut());
        (self.ops().cancel)(self);
        let own = self.own();
        if own.has(State::DEFERRED_QUEUED) && self.unqueue_deferred() {
            own.set(State::READCB_PENDING | State::WRITECB_PENDING, false);
            own.event_pending.set(0);
        }
        self.decref_and_release();
    }
    /// `bufferevent_lock`: takes the lock and a reference, which [`Self::unlock`] gives back.
    pub fn lock(self) {
        std::mem::forget(self.busy());
    }
    /// `bufferevent_unlock`
    ///
    /// # Safety
    /// Pairs with an earlier [`Self::lock`] of this thread.
    pub unsafe fn unlock(self) {
        self.decref_and_release();
    }

    // ---- enabling ----

    /// `bufferevent_enable`
    pub fn enable(self, what: Ev) -> Result<()> {
        let _busy = self.busy();
        let mut now = what;
        if !self.own().read_suspended.get().is_empty() {
            now.remove(Ev::READ);
        }
        if !self.own().write_suspended.get().is_empty() {
            now.remove(Ev::WRITE);
        }
        self.set_enabled_bits(self.enabled_bits() | what.bits());
        if now.is_empty() { Ok(()) } else { (self.ops().enable)(self, now) }
    }
    /// `bufferevent_disable`
    pub fn disable(self, what: Ev) -> Result<()> {
        let _held = self.hold();
        self.set_enabled_bits(self.enabled_bits() & !what.bits());
        (self.ops().disable)(self, what)
    }
    /// Disables even a connect under way.
    pub fn disable_hard(self, what: Ev) -> Result<()> {
        let _held = self.hold();
        self.set_enabled_bits(self.enabled_bits() & !what.bits());
        self.own().set(State::CONNECTING, false);
        (self.ops().disable)(self, what)
    }
    pub fn enabled(self) -> c_short {
        let _held = self.hold();
        self.enabled_bits()
    }
    pub fn suspend_read(self, why: Suspend) {
        let _held = self.hold();
        let old = self.own().read_suspended.get();
        if old.is_empty() {
            // A failure leaves an event that finds itself suspended.
            let _ = (self.ops().disable)(self, Ev::READ);
        }
        self.own().read_suspended.set(old | why);
    }
    pub fn unsuspend_read(self, why: Suspend) {
        let _held = self.hold();
        let old = self.own().read_suspended.get();
        if !old.intersects(why) {
            return;
        }
        self.own().read_suspended.set(old - why);
        if (old - why).is_empty() && self.is_enabled(Ev::READ) {
            let _ = (self.ops().enable)(self, Ev::READ);
        }
    }
    pub fn suspend_write(self, why: Suspend) {
        let _held = self.hold();
        let old = self.own().write_suspended.get();
        if old.is_empty() {
            let _ = (self.ops().disable)(self, Ev::WRITE);
        }
        self.own().write_suspended.set(old | why);
    }
    pub fn unsuspend_write(self, why: Suspend) {
        let _held = self.hold();
        let old = self.own().write_suspended.get();
        if !old.intersects(why) {
            return;
        }
        self.own().write_suspended.set(old - why);
        if (old - why).is_empty() && self.is_enabled(Ev::WRITE) {
            let _ = (self.ops().enable)(self, Ev::WRITE);
        }
    }

    // ---- fields ----

    /// `bufferevent_setcb`
    pub fn setcb(
        self,
        readcb: bufferevent_data_cb,
        writecb: bufferevent_data_cb,
        eventcb: bufferevent_event_cb,
        arg: *mut c_void,
    ) {
        let _held = self.hold();
        self.set_callbacks(readcb, writecb, eventcb, arg);
    }
    fn set_callbacks(
        self,
        readcb: bufferevent_data_cb,
        writecb: bufferevent_data_cb,
        eventcb: bufferevent_event_cb,
        arg: *mut c_void,
    ) {
        let p = self.as_ptr();
        // SAFETY: the bufferevent is alive.
        unsafe {
            (*p).readcb = readcb;
            (*p).writecb = writecb;
            (*p).errorcb = eventcb;
            (*p).cbarg = arg;
        }
    }
    /// `bufferevent_getcb`
    pub fn getcb(self) -> (bufferevent_data_cb, bufferevent_data_cb, bufferevent_event_cb, *mut c_void) {
        let _held = self.hold();
        (self.readcb(), self.writecb(), self.eventcb(), self.cbarg())
    }
    /// `bufferevent_priority_set`: sockets (and TLS) only.
    pub fn set_priority(self, pri: c_int) -> Result<()> {
        let _held = self.hold();
        if !matches!(self.kind(), Kind::Socket | Kind::Tls) {
            return Err(Error::Invalid);
        }
        self.ev_read().set_priority(pri)?;
        self.ev_write().set_priority(pri)?;
        // The base has accepted it, so it fits.
        self.deferred().set_priority(pri as u8);
        self.flusher().set_priority(pri as u8);
        self.set_refill_priority(pri);
        Ok(())
    }
    /// `bufferevent_get_priority`
    pub fn priority(self) -> c_int {
        let ev = self.ev_read();
        if ev.is_initialized() {
            // SAFETY: the event is alive.
            c_int::from(unsafe { (*ev.as_ptr()).ev_evcallback.evcb_pri })
        } else {
            self.base().map_or(0, |b| b.priorities() / 2)
        }
    }
    /// `bufferevent_flush`
    pub fn flush(self, what: Ev, mode: bufferevent_flush_mode) -> Result<bool> {
        let _busy = self.busy();
        (self.ops().flush)(self, what, mode)
    }
    /// `bufferevent_setfd`
    pub fn set_fd(self, fd: evutil_socket_t) -> Result<()> {
        let _busy = self.busy();
        self.forget_addresses();
        (self.ops().set_fd)(self, fd)
    }
    /// `bufferevent_getfd`
    pub fn fd(self) -> Option<evutil_socket_t> {
        let _held = self.hold();
        (self.ops().get_fd)(self)
    }
    /// `bufferevent_get_underlying`
    pub fn underlying(self) -> Option<BevRef> {
        let _held = self.hold();
        (self.ops().underlying)(self)
    }
    /// `bufferevent_socket_get_dns_error`
    pub fn dns_error(self) -> c_int {
        let _held = self.hold();
        self.own().dns_error.get()
    }
}

/// A bufferevent's lock, held.
pub struct Held(BevRef);
impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: whoever made us acquired it.
        unsafe { self.0.release() };
    }
}
/// A bufferevent's lock and a reference, held: what runs under it may free the bufferevent.
pub struct Busy(BevRef);
impl Drop for Busy {
    #[inline]
    fn drop(&mut self) {
        self.0.decref_and_release();
    }
}
