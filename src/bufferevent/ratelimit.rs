//! Rate limits of one bufferevent: its own token bucket, and its place in a group.
//!
//! An empty bucket suspends the direction; a timer runs from tick to tick until the bucket holds something again.
use super::BevRef;
use super::group::Group;
use super::private::{MAX_SINGLE_DEFAULT, State, Suspend};
use super::token_bucket::{Bucket, Config};
use crate::abi::event::{Ev, ListEntry, event};
use crate::abi::util::evutil_socket_t;
use crate::base::EventRef;
use crate::list::ListLink;
use crate::sys::c::timeval;
use crate::{Error, Result, mem};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_short, c_void};
use std::ptr::{null, null_mut};

/// Allocated when the first limit is set, freed with the bufferevent.
pub(super) struct RateLimit {
    pub(super) bev: BevRef,
    /// Protected by the group's lock.
    link: UnsafeCell<ListEntry<RateLimit>>,
    pub(super) group: Cell<*const Group>,
    /// The program's; null when only the group limits.
    cfg: Cell<*const Config>,
    bucket: Cell<Bucket>,
    /// Assigned when this is made.
    refill: UnsafeCell<event>,
}

/// A group's list of members.
pub(super) enum InGroup {}
// SAFETY: `link` is one field, used by a group's list only.
unsafe impl ListLink for InGroup {
    type Node = RateLimit;
    unsafe fn entry(node: *mut RateLimit) -> *mut ListEntry<RateLimit> {
        // SAFETY: the node is alive.
        UnsafeCell::raw_get(unsafe { &raw const (*node).link })
    }
}

/// One of the two directions, so that each rule is written once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dir {
    Read,
    Write,
}
impl Dir {
    pub(super) fn of(self, b: &Bucket) -> isize {
        match self {
            Dir::Read => b.read,
            Dir::Write => b.write,
        }
    }
    /// Takes `n` (or gives, below 0); returns what was and what is left.
    pub(super) fn take(self, b: &mut Bucket, n: isize) -> (isize, isize) {
        let field = match self {
            Dir::Read => &mut b.read,
            Dir::Write => &mut b.write,
        };
        let old = *field;
        *field = old.saturating_sub(n);
        (old, *field)
    }
    pub(super) fn suspend(self, bev: BevRef, why: Suspend) {
        match self {
            Dir::Read => bev.suspend_read(why),
            Dir::Write => bev.suspend_write(why),
        }
    }
    pub(super) fn unsuspend(self, bev: BevRef, why: Suspend) {
        match self {
            Dir::Read => bev.unsuspend_read(why),
            Dir::Write => bev.unsuspend_write(why),
        }
    }
    fn suspended(self, bev: BevRef) -> Suspend {
        match self {
            Dir::Read => bev.own().read_suspended.get(),
            Dir::Write => bev.own().write_suspended.get(),
        }
    }
    fn other(self) -> Dir {
        match self {
            Dir::Read => Dir::Write,
            Dir::Write => Dir::Read,
        }
    }
}

impl RateLimit {
    fn refill_event(&self) -> EventRef {
        // SAFETY: a field of a live object: not null.
        unsafe { EventRef::from_raw(self.refill.get()).unwrap_unchecked() }
    }
    fn cfg(&self) -> Option<&Config> {
        // SAFETY: the program keeps a configuration alive while it is set.
        unsafe { self.cfg.get().as_ref() }
    }
    fn update(&self, cfg: &Config) {
        if let Some(now) = now(self.bev) {
            let mut b = self.bucket.get();
            b.refill(cfg, cfg.tick_of(&now));
            self.bucket.set(b);
        }
    }
    /// The bucket of `dir` went from `old` to `new`.
    fn crossed(&self, dir: Dir, new: isize, cfg: &Config) -> Result<()> {
        let bev = self.bev;
        if new <= 0 {
            dir.suspend(bev, Suspend::BUCKET);
            self.refill_event().add(Some(&cfg.tick))
        } else if dir.suspended(bev).contains(Suspend::BUCKET) {
            if !dir.other().suspended(bev).contains(Suspend::BUCKET) {
                let _ = self.refill_event().del_noblock();
            }
            dir.unsuspend(bev, Suspend::BUCKET);
            Ok(())
        } else {
            Ok(())
        }
    }
}

fn now(bev: BevRef) -> Option<timeval> {
    bev.base()?.gettimeofday_cached().ok()
}

impl BevRef {
    fn rate_limit(&self) -> Option<&RateLimit> {
        // SAFETY: null or made by `need_rate_limit`, freed with the bufferevent. It holds cells only.
        unsafe { self.own().rate.get().as_ref() }
    }
    fn need_rate_limit(&self) -> Result<&RateLimit> {
        if self.own().rate.get().is_null() {
            // SAFETY: null links are valid values.
            let (link, refill) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
            let tick0 = Config::new(1, 1, 1, 1, None)?;
            let new = mem::new_box(RateLimit {
                bev: *self,
                link: UnsafeCell::new(link),
                group: Cell::new(null()),
                cfg: Cell::new(null()),
                bucket: Cell::new(Bucket::new(&tick0, 0)),
                refill: UnsafeCell::new(refill),
            })?;
            let arg = self.as_ptr().cast::<c_void>();
            new.refill_event().assign(self.base(), -1, Ev::FINALIZE, Some(refill_due), arg)?;
            let _ = new.refill_event().set_priority(self.priority());
            self.own().rate.set(mem::Box::into_raw_with_allocator(new).0);
        }
        self.rate_limit().ok_or(Error::Invalid)
    }
    /// The timer that the finalizer must wait for.
    pub(super) fn refill_event(self) -> Option<EventRef> {
        // SAFETY: as in `rate_limit`.
        unsafe { self.own().rate.get().as_ref() }.map(RateLimit::refill_event)
    }
    pub(super) fn set_refill_priority(self, pri: c_int) {
        if let Some(ev) = self.refill_event() {
            let _ = ev.set_priority(pri);
        }
    }
    /// # Safety
    /// The last use of the bufferevent; it is in no group and its timer runs no more.
    pub(super) unsafe fn drop_rate_limit(self) {
        let p = self.own().rate.replace(null_mut());
        if !p.is_null() {
            // SAFETY: made by `need_rate_limit`; its event was assigned there.
            unsafe { (*p).refill_event().unassign() };
            // SAFETY: as above.
            drop(unsafe { mem::Box::from_raw_in(p, mem::Alloc) });
        }
    }

    /// How much may be read at once now. May find that the group rests, and suspend.
    pub fn read_max(self) -> usize {
        let _held = self.hold();
        self.read_max_held()
    }
    /// The same for a caller that holds the lock.
    #[inline]
    pub(super) fn read_max_held(self) -> usize {
        self.max_now(Dir::Read, self.own().max_single_read.get())
    }
    pub fn write_max(self) -> usize {
        let _held = self.hold();
        self.max_now(Dir::Write, self.own().max_single_write.get())
    }
    #[inline]
    fn max_now(&self, dir: Dir, single: usize) -> usize {
        match self.rate_limit() {
            None => single,
            Some(rate) => self.limited(rate, dir, single),
        }
    }
    #[cold]
    fn limited(&self, rate: &RateLimit, dir: Dir, single: usize) -> usize {
        let mut max = single;
        if let Some(cfg) = rate.cfg() {
            rate.update(cfg);
            max = max.min(usize::try_from(dir.of(&rate.bucket.get())).unwrap_or(0));
        }
        // SAFETY: a group outlives its members' stay in it.
        if let Some(group) = unsafe { rate.group.get().as_ref() } {
            match group.share(dir) {
                Some(share) => max = max.min(share),
                None => {
                    dir.suspend(*self, Suspend::GROUP);
                    max = 0;
                }
            }
        }
        max
    }
    /// `n` bytes have been read.
    #[inline]
    pub fn charge_read(self, n: usize) {
        if !self.own().rate.get().is_null() {
            self.charge(Dir::Read, n);
        }
    }
    #[inline]
    pub fn charge_write(self, n: usize) {
        if !self.own().rate.get().is_null() {
            self.charge(Dir::Write, n);
        }
    }
    #[cold]
    fn charge(self, dir: Dir, n: usize) {
        let Some(rate) = self.rate_limit() else { return };
        let n = isize::try_from(n).unwrap_or(isize::MAX);
        if let Some(cfg) = rate.cfg() {
            let mut b = rate.bucket.get();
            let (_, left) = dir.take(&mut b, n);
            rate.bucket.set(b);
            // Without memory for the timer the next read or write looks at the bucket anew.
            let _ = rate.crossed(dir, left, cfg);
        }
        // SAFETY: a group outlives its members' stay in it.
        if let Some(group) = unsafe { rate.group.get().as_ref() } {
            group.charge(dir, n);
        }
    }

    /// `bufferevent_set_rate_limit`; null takes the limit away.
    ///
    /// # Safety
    /// `cfg` is null or a live configuration that stays until another is set or the bufferevent is freed.
    pub unsafe fn set_rate_limit(self, cfg: *const Config) -> Result<()> {
        let _busy = self.busy();
        // SAFETY: the caller's promise.
        let Some(new) = (unsafe { cfg.as_ref() }) else {
            if let Some(rate) = self.rate_limit() {
                rate.cfg.set(null());
                let _ = rate.refill_event().del_noblock();
                self.unsuspend_read(Suspend::BUCKET);
                self.unsuspend_write(Suspend::BUCKET);
            }
            return Ok(());
        };
        let now = now(self).ok_or(Error::Invalid)?;
        let rate = self.need_rate_limit()?;
        let old = rate.cfg.replace(cfg);
        if old == cfg {
            return Ok(());
        }
        if old.is_null() {
            rate.bucket.set(Bucket::new(new, new.tick_of(&now)));
        } else {
            let mut b = rate.bucket.get();
            b.clip(new);
            rate.bucket.set(b);
        }
        let _ = rate.refill_event().del_noblock();
        let mut wait = false;
        for dir in [Dir::Read, Dir::Write] {
            if dir.of(&rate.bucket.get()) > 0 {
                dir.unsuspend(self, Suspend::BUCKET);
            } else {
                dir.suspend(self, Suspend::BUCKET);
                wait = true;
            }
        }
        if wait { rate.refill_event().add(Some(&new.tick)) } else { Ok(()) }
    }
    /// `bufferevent_get_token_bucket_cfg`
    pub fn rate_limit_cfg(self) -> *const Config {
        let _held = self.hold();
        self.rate_limit().map_or(null(), |r| r.cfg.get())
    }
    fn left(self, dir: Dir) -> Option<isize> {
        let _held = self.hold();
        let rate = self.rate_limit()?;
        rate.update(rate.cfg()?);
        Some(dir.of(&rate.bucket.get()))
    }
    /// `bufferevent_get_read_limit`; None: there is no limit of its own.
    pub fn read_limit(self) -> Option<isize> {
        self.left(Dir::Read)
    }
    pub fn write_limit(self) -> Option<isize> {
        self.left(Dir::Write)
    }
    /// Takes `n` from a bucket by hand; an error if there is none.
    fn decrement(self, dir: Dir, n: isize) -> Result<()> {
        let _busy = self.busy();
        let rate = self.rate_limit().ok_or(Error::Invalid)?;
        let cfg = rate.cfg().ok_or(Error::Invalid)?;
        let mut b = rate.bucket.get();
        let (old, new) = dir.take(&mut b, n);
        rate.bucket.set(b);
        if (old > 0) != (new > 0) { rate.crossed(dir, new, cfg) } else { Ok(()) }
    }
    /// `bufferevent_decrement_read_limit`
    pub fn decrement_read_limit(self, n: isize) -> Result<()> {
        self.decrement(Dir::Read, n)
    }
    pub fn decrement_write_limit(self, n: isize) -> Result<()> {
        self.decrement(Dir::Write, n)
    }
    /// `bufferevent_set_max_single_read`; 0 or more than fits: the default.
    pub fn set_max_single_read(self, n: usize) {
        let _held = self.hold();
        let n = if n == 0 || n > isize::MAX as usize { MAX_SINGLE_DEFAULT } else { n };
        self.own().max_single_read.set(n);
    }
    pub fn set_max_single_write(self, n: usize) {
        let _held = self.hold();
        let chosen = n != 0 && n <= isize::MAX as usize;
        self.own().max_single_write.set(if chosen { n } else { MAX_SINGLE_DEFAULT });
        self.own().set(State::WRITE_LIMIT_SET, chosen);
    }
    pub fn max_single_read(self) -> usize {
        let _held = self.hold();
        self.own().max_single_read.get()
    }
    pub fn max_single_write(self) -> usize {
        let _held = self.hold();
        self.own().max_single_write.get()
    }

    /// `bufferevent_add_to_rate_limit_group`
    ///
    /// # Safety
    /// The group stays alive while this bufferevent is in it.
    pub unsafe fn join_group(self, group: &Group) -> Result<()> {
        let _busy = self.busy();
        let rate = self.need_rate_limit()?;
        if std::ptr::eq(rate.group.get(), group) {
            return Ok(());
        }
        self.leave_group(true);
        rate.group.set(group);
        // SAFETY: the limit is in no group now, and leaves this one before it is freed.
        let rests = unsafe { group.insert(self.own().rate.get()) };
        if rests.0 {
            self.suspend_read(Suspend::GROUP);
        }
        if rests.1 {
            self.suspend_write(Suspend::GROUP);
        }
        Ok(())
    }
    /// `bufferevent_remove_from_rate_limit_group`; `resume`: what rested for the group's sake goes on.
    pub fn leave_group(self, resume: bool) {
        let _held = self.hold();
        if let Some(rate) = self.rate_limit() {
            let group = rate.group.replace(null());
            // SAFETY: a group outlives its members' stay in it.
            if let Some(group) = unsafe { group.as_ref() } {
                // SAFETY: the field said that it is a member.
                unsafe { group.remove(self.own().rate.get()) };
            }
        }
        if resume {
            self.unsuspend_read(Suspend::GROUP);
            self.unsuspend_write(Suspend::GROUP);
        }
    }
}

/// A tick has passed since a bucket was found empty.
///
/// # Safety
/// `arg` is a bufferevent that is alive or being finalized.
unsafe extern "C" fn refill_due(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    let Some(rate) = bev.rate_limit() else { return };
    let Some(cfg) = rate.cfg() else { return };
    rate.update(cfg);
    let mut again = false;
    for dir in [Dir::Read, Dir::Write] {
        if dir.suspended(bev).contains(Suspend::BUCKET) {
            if dir.of(&rate.bucket.get()) > 0 {
                dir.unsuspend(bev, Suspend::BUCKET);
            } else {
                again = true;
            }
        }
    }
    // The program may have changed the limit meanwhile.
    if again && let Some(cfg) = rate.cfg() {
        let _ = rate.refill_event().add(Some(&cfg.tick));
    }
}

/// `ev_token_bucket_cfg_new`
pub fn new_config(read: (usize, usize), write: (usize, usize), tick: Option<timeval>) -> Result<*mut Config> {
    let cfg = mem::new_box(Config::new(read.0, read.1, write.0, write.1, tick)?)?;
    Ok(mem::Box::into_raw_with_allocator(cfg).0)
}
/// `ev_token_bucket_cfg_free`
///
/// # Safety
/// `cfg` came from [`new_config`], and no bufferevent uses it any more.
pub unsafe fn free_config(cfg: *mut Config) {
    // SAFETY: the caller's promise.
    drop(unsafe { mem::Box::from_raw_in(cfg, mem::Alloc) });
}
