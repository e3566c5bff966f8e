//! Making a bufferevent's common part, and ending it.
use super::ops::Ops;
use super::private::{Own, Private};
use super::{BevRef, callbacks, flush};
use crate::abi::bufferevent::{BevOpt, bufferevent};
use crate::abi::event::{event, event_callback};
use crate::base::{BaseRef, CallbackRef};
use crate::buffer::{BufferRef, ParentOps};
use crate::thread::SharedLock;
use crate::{Error, Result, mem};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::{NonNull, null_mut};

/// Allocates a `T`, which starts with a [`Private`], and sets up the common part. `finish` must make its events and
/// then call [`ready`]; if it fails, everything is taken back.
///
/// # Safety
/// `T` is `repr(C)`, starts with `Private`, and nothing after it needs dropping.
pub(super) unsafe fn make<T>(
    value: T,
    base: Option<BaseRef>,
    finish: impl FnOnce(BevRef) -> Result<()>,
) -> Result<BevRef> {
    // SAFETY: plain allocation.
    let p = NonNull::new(mem::malloc(size_of::<T>()).cast::<T>()).ok_or(Error::NoMem)?;
    // SAFETY: just allocated, large enough, aligned as malloc aligns.
    unsafe { p.write(value) };
    let bev = BevRef(p.cast::<bufferevent>());
    bev.set_ev_base_ptr(base.map_or(null_mut(), BaseRef::as_ptr));
    bev.set_enabled_bits(crate::abi::event::Ev::WRITE.bits());
    let made = (|| {
        if bev.options().contains(BevOpt::UNLOCK_CALLBACKS)
            && !bev.options().contains(BevOpt::DEFER_CALLBACKS)
        {
            crate::warnx!("a bufferevent with BEV_OPT_UNLOCK_CALLBACKS needs BEV_OPT_DEFER_CALLBACKS too");
            return Err(Error::Invalid);
        }
        // SAFETY: fields of the new bufferevent, known to nobody else.
        unsafe {
            (*bev.as_ptr()).input = BufferRef::new()?.as_ptr();
            (*bev.as_ptr()).output = BufferRef::new()?.as_ptr();
        }
        ParentOps::register(&PARENT);
        bev.input().set_parent(bev.as_ptr());
        bev.output().set_parent(bev.as_ptr());
        bev.output().tell_parent();
        if bev.options().contains(BevOpt::THREADSAFE) {
            bev.enable_locking(None)?;
        }
        finish(bev)
    })();
    match made {
        Ok(()) => Ok(bev),
        Err(e) => {
            // SAFETY: nobody but us knows it, and its events have not been added.
            unsafe { release_memory(bev) };
            Err(e)
        }
    }
}

/// A buffer whose callbacks wait for the loop keeps its bufferevent.
static PARENT: ParentOps = ParentOps { hold: hold_parent, release: release_parent, added: output_added };
unsafe fn hold_parent(p: *mut bufferevent) {
    // SAFETY: the buffer's parent is alive.
    if let Some(bev) = unsafe { BevRef::from_raw(p) } {
        bev.incref();
    }
}
unsafe fn output_added(p: *mut bufferevent) {
    // SAFETY: the buffer's parent is alive; its finalizer takes it out of the buffer.
    if let Some(bev) = unsafe { BevRef::from_raw(p) } {
        (bev.ops().output_added)(bev);
    }
}
unsafe fn release_parent(p: *mut bufferevent) {
    // SAFETY: held by `hold_parent`.
    if let Some(bev) = unsafe { BevRef::from_raw(p) } {
        bev.decref();
    }
}

/// Sets up the internal callbacks; the kind's events have been assigned, so their priority is known.
pub(super) fn ready(bev: BevRef) {
    // SAFETY: a field of the live bufferevent.
    let pri = unsafe { (*bev.as_ptr()).ev_read.ev_evcallback.evcb_pri };
    let arg = bev.as_ptr().cast::<c_void>();
    bev.deferred().init(pri, Some(callbacks::run_deferred), arg);
    bev.flusher().init(pri, Some(flush::run_output), arg);
}

impl BevRef {
    /// Gives it a lock (`lock`, or the underlying bufferevent's, or a new one), which its buffers and the underlying
    /// bufferevent share. An error if it has one already, or if locking is not set up.
    pub fn enable_locking(self, lock: Option<SharedLock>) -> Result<()> {
        if self.shared_lock().is_some() {
            return Err(Error::Invalid);
        }
        let underlying = (self.ops().underlying)(self);
        let lock = match lock.or_else(|| underlying.and_then(|u| u.shared_lock().cloned())) {
            Some(l) => l,
            None => SharedLock::new()?.ok_or(Error::Invalid)?,
        };
        self.input().set_lock(Some(lock.clone()));
        self.output().set_lock(Some(lock.clone()));
        // SAFETY: there was none, so no reference to the old value is alive.
        unsafe { *self.own().lock.get() = Some(lock.clone()) };
        match underlying {
            Some(u) if u.shared_lock().is_none() => u.enable_locking(Some(lock)),
            _ => Ok(()),
        }
    }
}

fn callback_of(ev: *mut event) -> CallbackRef {
    // SAFETY: the head of a field of the live bufferevent.
    unsafe { CallbackRef::from_raw(ev.cast::<event_callback>()) }
}

/// The count has reached 0: [`finalized`] will run once none of the callbacks can be running any more.
pub(super) fn finalize(bev: BevRef) {
    let base = bev.base();
    let p = bev.as_ptr();
    // SAFETY: fields of the live bufferevent.
    let (r, w) = unsafe { (&raw mut (*p).ev_read, &raw mut (*p).ev_write) };
    let Some(base) = base else {
        // Never had a base: no loop can be running anything of it.
        // SAFETY: the event of a bufferevent that nobody refers to.
        return unsafe { finalized(r.cast(), null_mut()) };
    };
    let (r, w) = (callback_of(r), callback_of(w));
    // SAFETY: all are parts of this bufferevent, which stays until `finalized` frees it.
    unsafe {
        match bev.refill_event() {
            Some(refill) => {
                let refill = callback_of(refill.as_ptr());
                CallbackRef::finalize_many(
                    base,
                    &[r, w, bev.deferred(), bev.flusher(), refill],
                    Some(finalized),
                );
            }
            None => CallbackRef::finalize_many(base, &[r, w, bev.deferred(), bev.flusher()], Some(finalized)),
        }
    }
}

/// # Safety
/// `cb` is the head of `ev_read` of a bufferevent whose count is 0 and whose callbacks run no more.
unsafe extern "C" fn finalized(cb: *mut event_callback, _: *mut c_void) {
    // SAFETY: by the contract above, `cb` stands inside a bufferevent.
    let bev = unsafe {
        BevRef(NonNull::new_unchecked(
            cb.cast::<u8>().sub(offset_of!(bufferevent, ev_read)).cast::<bufferevent>(),
        ))
    };
    let lock = bev.shared_lock().cloned();
    let held = SharedLock::hold(lock.as_ref());
    let underlying = (bev.ops().destruct)(bev);
    bev.leave_group(false);
    // SAFETY: nobody refers to it any more.
    unsafe { release_memory(bev) };
    drop(held);
    if let Some(u) = underlying {
        u.decref();
    }
}

/// # Safety
/// The last use of `bev`.
unsafe fn release_memory(bev: BevRef) {
    let p = bev.as_ptr();
    // Debug mode forgets them; their memory may become another event.
    for ev in [bev.ev_read(), bev.ev_write()] {
        if ev.is_initialized() {
            ev.unassign();
        }
    }
    // SAFETY: the buffers are ours; either may be null when making the bufferevent failed.
    unsafe {
        for b in [(*p).input, (*p).output] {
            if let Some(b) = BufferRef::from_raw(b) {
                // A reference elsewhere may keep the buffer alive: it must not find us any more.
                b.set_parent(null_mut());
                b.free();
            }
        }
        bev.drop_rate_limit();
        std::ptr::drop_in_place::<Own>(&raw mut (*p.cast::<Private>()).own);
        mem::free(p.cast());
    }
}

/// A new common part.
pub(super) fn private(ops: &'static Ops, options: c_int) -> Private {
    Private::new(ops, options)
}
