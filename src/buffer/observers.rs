//! Callbacks on changes, at once or from the loop.
//!
//! A callback may add and remove callbacks, itself included: while a round runs, removed entries are only marked,
//! and swept when the outermost round is over.
use super::{BufferRef, Call, ChangeInfo, DEAD_OBSERVERS, Evbuffer, OBSERVED, WATCHED};
use crate::abi::buffer::{
    EVBUFFER_CB_ENABLED, EVBUFFER_CB_NODEFER, evbuffer_cb, evbuffer_cb_entry, evbuffer_cb_func,
};
use crate::abi::bufferevent::bufferevent;
use crate::abi::event::event_callback;
use crate::base::{BaseRef, CallbackRef};
use crate::{Error, Result, mem};
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

#[derive(Clone, Copy)]
enum Func {
    Info(evbuffer_cb_func),
    /// As `evbuffer_setcb` registers it: told the sizes before and after.
    Sizes(evbuffer_cb),
    Removed,
}

/// What a `struct evbuffer_cb_entry *` points at.
pub(super) struct Observer {
    next: Cell<*mut Observer>,
    func: Cell<Func>,
    arg: *mut c_void,
    flags: Cell<u32>,
}
/// Bits of `Observer::flags` that C programs may change.
const USER_FLAGS: u32 = 0xffff;

/// What a buffer needs whose callbacks run from the loop.
pub(super) struct Deferred {
    callback: event_callback,
    base: Cell<BaseRef>,
}

/// How to hold a bufferevent over a deferred callback. The bufferevent module registers it once, because lower
/// layers do not know upper ones.
pub struct ParentOps {
    pub hold: unsafe fn(*mut bufferevent),
    pub release: unsafe fn(*mut bufferevent),
    /// Data was added to a buffer with `tell_parent`. May change the buffer, and run the program's code, but never
    /// frees the buffer: bufferevents do that from the loop only.
    pub added: unsafe fn(*mut bufferevent),
}
static PARENT_OPS: AtomicPtr<ParentOps> = AtomicPtr::new(null_mut());

impl ParentOps {
    /// Makes `ops` known; every call must pass the same ones.
    pub fn register(ops: &'static ParentOps) {
        PARENT_OPS.store(std::ptr::from_ref(ops).cast_mut(), Ordering::Release);
    }
    fn get() -> Option<&'static ParentOps> {
        // SAFETY: null, or the static reference stored above.
        unsafe { PARENT_OPS.load(Ordering::Acquire).as_ref() }
    }
    fn hold(parent: *mut bufferevent) {
        if let (false, Some(ops)) = (parent.is_null(), ParentOps::get()) {
            // SAFETY: the buffer's parent is alive: it owns the buffer and clears itself when it goes.
            unsafe { (ops.hold)(parent) }
        }
    }
    fn release(parent: *mut bufferevent) {
        if let (false, Some(ops)) = (parent.is_null(), ParentOps::get()) {
            // SAFETY: held since the callback was scheduled.
            unsafe { (ops.release)(parent) }
        }
    }
}

fn observer<'a>(p: *mut Observer) -> Option<&'a Observer> {
    // SAFETY: entries on a buffer's list live until they are removed while no round runs.
    unsafe { p.as_ref() }
}
fn free_observer(p: *mut Observer) {
    // SAFETY: made by `add_observer`, off the list, no round runs.
    unsafe { mem::free(p.cast()) }
}

impl Evbuffer {
    /// Tells the parent, if it wants to know, that data was added.
    #[inline]
    pub(super) fn note_added(&self) {
        if self.state.get() & WATCHED != 0
            && let Some(ops) = ParentOps::get()
        {
            // SAFETY: `tell_parent` and `set_parent` see to it that the parent is there.
            unsafe { (ops.added)(self.parent.get()) }
        }
    }
}

impl Call {
    /// Tells the callbacks that `added` bytes came and `deleted` bytes went.
    #[inline]
    pub(super) fn changed(&self, added: usize, deleted: usize) {
        let state = self.state.get();
        if state & (OBSERVED | WATCHED) == 0 {
            return;
        }
        if state & OBSERVED != 0 {
            self.tell(added, deleted);
        }
        if added > 0 {
            self.note_added();
        }
    }
    /// The same for two buffers, both of which the callbacks may free.
    #[inline]
    pub(super) fn both_changed(a: (&Call, usize, usize), b: (&Call, usize, usize)) {
        if !a.0.has(OBSERVED | WATCHED) && !b.0.has(OBSERVED | WATCHED) {
            return;
        }
        a.0.keep();
        b.0.keep();
        a.0.changed(a.1, a.2);
        b.0.changed(b.1, b.2);
    }
    #[cold]
    fn tell(&self, added: usize, deleted: usize) {
        if added == 0 && deleted == 0 {
            return;
        }
        self.n_added.set(self.n_added.get().wrapping_add(added));
        self.n_deleted.set(self.n_deleted.get().wrapping_add(deleted));
        self.keep();
        let deferred = self.deferred.get();
        if !deferred.is_null() {
            // SAFETY: the buffer owns it and is kept.
            let (cb, base) =
                unsafe { (CallbackRef::from_raw(&raw mut (*deferred).callback), (*deferred).base.get()) };
            if cb.schedule(base) {
                self.refs.set(self.refs.get() + 1);
                ParentOps::hold(self.parent.get());
            }
        }
        self.run_round(false);
    }
    /// Runs the callbacks that are due now. When others wait for the loop, the counts stay for them.
    fn run_round(&self, from_loop: bool) {
        let defers = !self.deferred.get().is_null();
        let both = EVBUFFER_CB_ENABLED | EVBUFFER_CB_NODEFER;
        let (mask, wanted) = match (from_loop, defers) {
            (true, _) => (both, EVBUFFER_CB_ENABLED),
            (false, true) => (both, both),
            (false, false) => (EVBUFFER_CB_ENABLED, EVBUFFER_CB_ENABLED),
        };
        let (n_added, n_deleted) = (self.n_added.get(), self.n_deleted.get());
        if n_added == 0 && n_deleted == 0 {
            return;
        }
        let size = self.total.get();
        let info =
            ChangeInfo { orig_size: size.wrapping_add(n_deleted).wrapping_sub(n_added), n_added, n_deleted };
        if from_loop || !defers {
            self.n_added.set(0);
            self.n_deleted.set(0);
        }
        let buf = self.buf.as_ptr();
        self.rounds.set(self.rounds.get() + 1);
        let mut at = self.observers.get();
        while let Some(o) = observer(at) {
            if o.flags.get() & mask == wanted {
                match o.func.get() {
                    // SAFETY: as registered; the buffer is kept by this call.
                    Func::Info(Some(f)) => unsafe { f(buf, &info, o.arg) },
                    // SAFETY: as above.
                    Func::Sizes(Some(f)) => unsafe { f(buf, info.orig_size, size, o.arg) },
                    _ => {}
                }
            }
            // Read after the callback: it may have put nothing behind itself, but entries stay linked.
            at = o.next.get();
        }
        self.rounds.set(self.rounds.get() - 1);
        if self.has(DEAD_OBSERVERS) && self.rounds.get() == 0 {
            self.sweep();
        }
    }
    fn sweep(&self) {
        self.set_state(DEAD_OBSERVERS, false);
        let mut link: &Cell<*mut Observer> = &self.observers;
        while let Some(o) = observer(link.get()) {
            if matches!(o.func.get(), Func::Removed) {
                let dead = link.get();
                link.set(o.next.get());
                free_observer(dead);
            } else {
                link = &o.next;
            }
        }
        self.forget_counts_if_unobserved();
    }
    fn add_observer(&self, func: Func, arg: *mut c_void, nodefer: bool) -> Result<NonNull<Observer>> {
        let p = NonNull::new(mem::malloc(size_of::<Observer>()).cast::<Observer>()).ok_or(Error::NoMem)?;
        let flags = EVBUFFER_CB_ENABLED | if nodefer { EVBUFFER_CB_NODEFER } else { 0 };
        // SAFETY: fresh memory of that size.
        unsafe {
            p.write(Observer {
                next: Cell::new(self.observers.get()),
                func: Cell::new(func),
                arg,
                flags: Cell::new(flags),
            });
        }
        self.observers.set(p.as_ptr());
        self.set_state(OBSERVED, true);
        Ok(p)
    }
    /// Removes the entries that `which` selects, at most one unless `all`; says whether there was any.
    fn remove_observers(&self, all: bool, which: impl Fn(*mut Observer, &Observer) -> bool) -> bool {
        let mut found = false;
        let mut link: &Cell<*mut Observer> = &self.observers;
        while let Some(o) = observer(link.get()) {
            if !matches!(o.func.get(), Func::Removed) && which(link.get(), o) {
                found = true;
                if self.rounds.get() > 0 {
                    o.func.set(Func::Removed);
                    self.set_state(DEAD_OBSERVERS, true);
                } else {
                    let dead = link.get();
                    link.set(o.next.get());
                    free_observer(dead);
                    if all {
                        continue;
                    }
                }
                if !all {
                    break;
                }
            }
            link = &o.next;
        }
        self.forget_counts_if_unobserved();
        found
    }
}

impl Evbuffer {
    fn forget_counts_if_unobserved(&self) {
        if self.observers.get().is_null() {
            self.set_state(OBSERVED, false);
            self.n_added.set(0);
            self.n_deleted.set(0);
        }
    }
}

impl BufferRef {
    /// `evbuffer_add_cb`: runs `cb` on every change; with `nodefer` at once even when the buffer defers.
    pub fn add_cb(self, cb: evbuffer_cb_func, arg: *mut c_void, nodefer: bool) -> Result<NonNull<c_void>> {
        self.enter().add_observer(Func::Info(cb), arg, nodefer).map(NonNull::cast)
    }
    /// `evbuffer_setcb`: the only callback from now on; None: none at all.
    pub fn set_cb(self, cb: evbuffer_cb, arg: *mut c_void) -> Result<()> {
        let call = self.enter();
        call.remove_observers(true, |_, _| true);
        if cb.is_some() {
            call.add_observer(Func::Sizes(cb), arg, false)?;
        }
        Ok(())
    }
    /// Removes every callback.
    pub fn remove_all_cbs(self) {
        self.enter().remove_observers(true, |_, _| true);
    }
    /// `evbuffer_remove_cb`: the newest with this function and argument.
    pub fn remove_cb(self, cb: evbuffer_cb_func, arg: *mut c_void) -> Result<()> {
        let key = cb.map(|f| f as usize);
        let found = self.enter().remove_observers(false, |_, o| {
            let func = match o.func.get() {
                Func::Info(f) => f.map(|f| f as usize),
                Func::Sizes(f) => f.map(|f| f as usize),
                Func::Removed => None,
            };
            func == key && o.arg == arg
        });
        if found { Ok(()) } else { Err(Error::Invalid) }
    }
    /// `evbuffer_remove_cb_entry`
    pub fn remove_cb_entry(self, entry: *mut evbuffer_cb_entry) -> Result<()> {
        let found = self.enter().remove_observers(false, |p, _| p.cast() == entry);
        if found { Ok(()) } else { Err(Error::Invalid) }
    }
    /// `evbuffer_cb_set_flags` and `evbuffer_cb_clear_flags`.
    ///
    /// # Safety
    /// `entry` is a registration of this buffer that has not been removed.
    pub unsafe fn cb_change_flags(self, entry: *mut evbuffer_cb_entry, flags: u32, on: bool) -> Result<()> {
        let _call = self.enter();
        let Some(o) = observer(entry.cast()) else { return Err(Error::Invalid) };
        let (old, flags) = (o.flags.get(), flags & USER_FLAGS);
        o.flags.set(if on { old | flags } else { old & !flags });
        Ok(())
    }
    /// Enables or disables a registration that `add_cb` returned.
    pub fn cb_set_enabled(self, entry: NonNull<c_void>, enabled: bool) -> Result<()> {
        // SAFETY: the caller holds the registration.
        unsafe { self.cb_change_flags(entry.as_ptr().cast(), EVBUFFER_CB_ENABLED, enabled) }
    }

    /// `evbuffer_defer_callbacks`: from now on callbacks run from `base`'s loop; those that wait move there.
    pub fn defer_callbacks(self, base: BaseRef) -> Result<()> {
        let call = self.enter();
        let mut p = call.deferred.get();
        let mut waiting = false;
        if p.is_null() {
            p = mem::calloc(1, size_of::<Deferred>()).cast();
            if p.is_null() {
                return Err(Error::NoMem);
            }
            call.deferred.set(p);
        } else {
            // SAFETY: the buffer owns it and is locked.
            let (cb, old) = unsafe { (CallbackRef::from_raw(&raw mut (*p).callback), (*p).base.get()) };
            if old == base {
                return Ok(());
            }
            waiting = cb.is_queued() && cb.cancel(old);
        }
        // SAFETY: the buffer owns `p`; the callback is on no queue. All zeros are valid but for `base`.
        unsafe {
            (*p).base = Cell::new(base);
            let pri = (base.priorities() / 2).clamp(0, 255) as u8;
            let cb = CallbackRef::from_raw(&raw mut (*p).callback);
            cb.init(pri, Some(run_deferred), self.as_ptr().cast());
            if waiting {
                cb.schedule(base);
            }
        }
        Ok(())
    }
    /// The callback that runs deferred ones, for the bufferevent that finalizes it with its own.
    pub fn deferred_callback(self) -> Option<CallbackRef> {
        let p = self.enter().deferred.get();
        // SAFETY: the buffer owns it; the caller keeps the buffer.
        (!p.is_null()).then(|| unsafe { CallbackRef::from_raw(&raw mut (*p).callback) })
    }
    pub(super) fn drop_observers(self) {
        let b = self.state();
        while let Some(o) = observer(b.observers.get()) {
            let dead = b.observers.replace(o.next.get());
            free_observer(dead);
        }
    }
    pub(super) fn drop_deferred(self) {
        let p = self.state().deferred.replace(null_mut());
        if !p.is_null() {
            // SAFETY: ours. A callback that waits holds a reference on the buffer, so this one does not, and its
            // base, which may be gone, need not be asked.
            unsafe { mem::free(p.cast()) };
        }
    }
}

/// The loop runs this for a buffer that was kept when it was scheduled.
unsafe extern "C" fn run_deferred(_: *mut event_callback, arg: *mut c_void) {
    // SAFETY: `arg` is the buffer, alive by the reference taken in `tell`.
    let Some(buf) = (unsafe { BufferRef::from_raw(arg.cast()) }) else { return };
    buf.lock();
    // The reference of the schedule becomes this call's.
    let call = Call { buf, kept: Cell::new(true) };
    let parent = call.parent.get();
    call.run_round(true);
    drop(call);
    ParentOps::release(parent);
}
