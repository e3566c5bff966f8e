//! Groups: bufferevents that share one token bucket.
//!
//! The group's lock is taken inside bufferevents' locks. To suspend or resume all members it is therefore the
//! bufferevents that are only tried: one that is busy finds out itself when it next asks for its share.
use super::private::Suspend;
use super::ratelimit::{Dir, InGroup, RateLimit};
use super::token_bucket::{Bucket, Config};
use crate::abi::event::{Ev, event, event_callback};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, CallbackRef, EventRef};
use crate::list::List;
use crate::thread::Lock;
use crate::{Error, Result, mem};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_short, c_void};
use std::mem::offset_of;

/// `bufferevent_rate_limit_group`
pub struct Group {
    /// Runs once per tick, as long as the group exists.
    refill: UnsafeCell<event>,
    lock: Lock,
    members: UnsafeCell<List<InGroup>>,
    n_members: Cell<usize>,
    cfg: Cell<Config>,
    bucket: Cell<Bucket>,
    rests: Cell<[bool; 2]>,
    /// Some member could not be resumed because it was busy.
    retry: Cell<[bool; 2]>,
    total: Cell<[u64; 2]>,
    /// No member gets less than this in a turn; as asked, and as the rates allow.
    wanted_share: Cell<usize>,
    min_share: Cell<usize>,
    random: Cell<u32>,
}

struct Held<'a>(&'a Lock);
impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: acquired in `hold`.
        unsafe { self.0.release() };
    }
}

const DEFAULT_MIN_SHARE: usize = 64;

impl Group {
    /// `bufferevent_rate_limit_group_new`
    pub fn new(base: BaseRef, cfg: &Config) -> Result<*mut Group> {
        let now = base.gettimeofday_cached()?;
        // SAFETY: null links are valid values of an event.
        let refill = unsafe { std::mem::zeroed::<event>() };
        let group = mem::new_box(Group {
            refill: UnsafeCell::new(refill),
            lock: Lock::new()?,
            members: UnsafeCell::new(List::new()),
            n_members: Cell::new(0),
            cfg: Cell::new(*cfg),
            bucket: Cell::new(Bucket::new(cfg, cfg.tick_of(&now))),
            rests: Cell::new([false; 2]),
            retry: Cell::new([false; 2]),
            total: Cell::new([0; 2]),
            wanted_share: Cell::new(0),
            min_share: Cell::new(0),
            random: Cell::new(now.tv_usec as u32 | 1),
        })?;
        group.set_min_share(DEFAULT_MIN_SHARE)?;
        let arg = (&raw const *group).cast_mut().cast::<c_void>();
        group.event().assign(Some(base), -1, Ev::PERSIST | Ev::FINALIZE, Some(tick), arg)?;
        group.event().add(Some(&cfg.tick))?;
        Ok(mem::Box::into_raw_with_allocator(group).0)
    }
    /// `bufferevent_rate_limit_group_free`. A group that still has members stays, with a warning: they refer to it.
    ///
    /// # Safety
    /// `group` came from [`Self::new`] and is not used afterwards.
    pub unsafe fn free(group: *mut Group) {
        // SAFETY: the caller's promise.
        let g = unsafe { &*group };
        let held = g.hold();
        if g.n_members.get() != 0 {
            crate::warnx!("a rate limit group with {} members cannot be freed", g.n_members.get());
            return;
        }
        let ev = g.event();
        let _ = ev.del_noblock();
        drop(held);
        match ev.base() {
            Some(base) if !g.lock.is_none() => {
                // Its tick may be running in the loop's thread just now.
                // SAFETY: the head of the group's event; the group stays until `freed`.
                unsafe {
                    CallbackRef::finalize_many(
                        base,
                        &[CallbackRef::from_raw(ev.as_ptr().cast())],
                        Some(freed),
                    );
                }
            }
            _ => {
                ev.unassign();
                // SAFETY: made by `new`; without locks nobody else is running.
                drop(unsafe { mem::Box::from_raw_in(group, mem::Alloc) });
            }
        }
    }
    fn event(&self) -> EventRef {
        // SAFETY: a field of the live group: not null.
        unsafe { EventRef::from_raw(self.refill.get()).unwrap_unchecked() }
    }
    fn hold(&self) -> Held<'_> {
        self.lock.acquire();
        Held(&self.lock)
    }

    /// `bufferevent_rate_limit_group_set_cfg`
    pub fn set_cfg(&self, cfg: &Config) -> Result<()> {
        let _held = self.hold();
        let old = self.cfg.replace(*cfg).tick;
        let mut b = self.bucket.get();
        b.clip(cfg);
        self.bucket.set(b);
        self.set_min_share(self.wanted_share.get())?;
        if (old.tv_sec, old.tv_usec) != (cfg.tick.tv_sec, cfg.tick.tv_usec) {
            self.event().add(Some(&cfg.tick))?;
        }
        Ok(())
    }
    /// `bufferevent_rate_limit_group_set_min_share`. It is not more than a tick brings, or nobody could go on.
    pub fn set_min_share(&self, share: usize) -> Result<()> {
        if share > isize::MAX as usize {
            return Err(Error::Invalid);
        }
        let _held = self.hold();
        let cfg = self.cfg.get();
        self.wanted_share.set(share);
        self.min_share.set(share.min(cfg.read_rate).min(cfg.write_rate));
        Ok(())
    }
    /// What is left: (to read, to write).
    pub fn limits(&self) -> (isize, isize) {
        let _held = self.hold();
        let b = self.bucket.get();
        (b.read, b.write)
    }
    /// Bytes (read, written) by all members since the last reset.
    pub fn totals(&self) -> (u64, u64) {
        let _held = self.hold();
        let [r, w] = self.total.get();
        (r, w)
    }
    pub fn reset_totals(&self) {
        let _held = self.hold();
        self.total.set([0; 2]);
    }
    /// `bufferevent_rate_limit_group_decrement_read`
    pub fn decrement_read(&self, n: isize) {
        self.decrement(Dir::Read, n);
    }
    pub fn decrement_write(&self, n: isize) {
        self.decrement(Dir::Write, n);
    }
    fn decrement(&self, dir: Dir, n: isize) {
        let _held = self.hold();
        let mut b = self.bucket.get();
        let (old, new) = dir.take(&mut b, n);
        self.bucket.set(b);
        if old > 0 && new <= 0 {
            self.suspend_all(dir);
        } else if old <= 0 && new > 0 {
            self.resume_all(dir);
        }
    }

    /// One member's share of what is left; None: the group rests.
    pub(super) fn share(&self, dir: Dir) -> Option<usize> {
        let _held = self.hold();
        if self.rests.get()[dir as usize] {
            return None;
        }
        let left = usize::try_from(dir.of(&self.bucket.get())).unwrap_or(0);
        // At least a byte, or the members would be called in vain.
        Some((left / self.n_members.get().max(1)).max(self.min_share.get()).max(1))
    }
    /// A member has moved `n` bytes.
    pub(super) fn charge(&self, dir: Dir, n: isize) {
        let _held = self.hold();
        let mut b = self.bucket.get();
        let (_, left) = dir.take(&mut b, n);
        self.bucket.set(b);
        let mut total = self.total.get();
        total[dir as usize] = total[dir as usize].wrapping_add(n as u64);
        self.total.set(total);
        if left <= 0 {
            self.suspend_all(dir);
        } else if self.rests.get()[dir as usize] {
            self.resume_all(dir);
        }
    }
    /// Adds a member; tells whether the group rests: (reading, writing).
    ///
    /// # Safety
    /// `m` is in no group, and stays alive until [`Self::remove`].
    pub(super) unsafe fn insert(&self, m: *mut RateLimit) -> (bool, bool) {
        let _held = self.hold();
        // SAFETY: the caller's promise; the list is used under the lock, and by nobody else further up this stack
        // while it is changed.
        unsafe { (*self.members.get()).insert_head(m) };
        self.n_members.set(self.n_members.get() + 1);
        let [r, w] = self.rests.get();
        (r, w)
    }
    /// # Safety
    /// `m` is a member.
    pub(super) unsafe fn remove(&self, m: *mut RateLimit) {
        let _held = self.hold();
        // SAFETY: as in `insert`.
        unsafe { (*self.members.get()).remove(m) };
        self.n_members.set(self.n_members.get() - 1);
    }

    fn suspend_all(&self, dir: Dir) {
        set(&self.rests, dir, true);
        set(&self.retry, dir, false);
        self.each(0, |m| dir.suspend(m.bev, Suspend::GROUP));
    }
    fn resume_all(&self, dir: Dir) {
        set(&self.rests, dir, false);
        // Start anywhere, so that the first in the list is not always the one that finds a full bucket.
        let busy = self.each(self.any(), |m| dir.unsuspend(m.bev, Suspend::GROUP));
        set(&self.retry, dir, busy);
    }
    fn any(&self) -> usize {
        let x = self.random.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.random.set(x);
        (x >> 8) as usize % self.n_members.get().max(1)
    }
    /// Calls `f` for each member whose lock is free, the one at `start` first; true if one was busy.
    fn each(&self, start: usize, f: impl Fn(&RateLimit)) -> bool {
        let mut busy = false;
        let mut visit = |skip: usize, count: usize| {
            // SAFETY: the lock is held, so members stay and stay alive.
            let mut at = unsafe { (*self.members.get()).first() };
            let mut i = 0;
            while !at.is_null() && i < skip.saturating_add(count) {
                // SAFETY: as above. The link is read before `f`, which may remove this member.
                let (m, next) = unsafe { (&*at, List::<InGroup>::next(at)) };
                if i >= skip {
                    match m.bev.shared_lock() {
                        None => f(m),
                        Some(l) if l.try_acquire() => {
                            f(m);
                            // SAFETY: just acquired.
                            unsafe { l.release() };
                        }
                        Some(_) => busy = true,
                    }
                }
                at = next;
                i += 1;
            }
        };
        visit(start, usize::MAX);
        visit(0, start);
        busy
    }
}

fn set(which: &Cell<[bool; 2]>, dir: Dir, on: bool) {
    let mut v = which.get();
    v[dir as usize] = on;
    which.set(v);
}

/// A tick has passed.
///
/// # Safety
/// `arg` is a group that is alive or being freed.
unsafe extern "C" fn tick(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let g = unsafe { &*arg.cast::<Group>() };
    let Some(Ok(now)) = g.event().base().map(BaseRef::gettimeofday_cached) else { return };
    let _held = g.hold();
    let cfg = g.cfg.get();
    let mut b = g.bucket.get();
    b.refill(&cfg, cfg.tick_of(&now));
    g.bucket.set(b);
    let enough = g.min_share.get().max(1) as isize;
    for dir in [Dir::Read, Dir::Write] {
        let full = dir.of(&g.bucket.get()) >= enough;
        if g.retry.get()[dir as usize] || (g.rests.get()[dir as usize] && full) {
            g.resume_all(dir);
        }
    }
}

/// # Safety
/// `cb` is the head of the event of a group that nobody uses any more.
unsafe extern "C" fn freed(cb: *mut event_callback, _: *mut c_void) {
    // SAFETY: the contract above; the group was boxed by `new`.
    unsafe {
        let group = cb.cast::<u8>().sub(offset_of!(Group, refill)).cast::<Group>();
        (*group).event().unassign();
        drop(mem::Box::from_raw_in(group, mem::Alloc));
    }
}
