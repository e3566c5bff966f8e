//! Hooks, and the calls that they have paused. A server's base and a client's pool both begin with a [`Hooks`].
use super::{List, boxed, unbox};
use crate::abi::buffer::evbuffer;
use crate::abi::http::evhttp_request;
use crate::abi::rpc::{EVRPC_HOOK_RESULT, EVRPC_HOOK_TYPE, evrpc_hook_cb};
use crate::{Error, Result};
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::NonNull;

struct Hook {
    /// None: it was removed while hooks were being called.
    cb: Cell<evrpc_hook_cb>,
    arg: *mut c_void,
}

/// What a paused call waits to do.
pub(super) type Resume = unsafe fn(ctx: *mut c_void, go_on: bool);
#[derive(Clone, Copy)]
struct Paused {
    ctx: *mut c_void,
    resume: Resume,
}
impl PartialEq for Paused {
    fn eq(&self, other: &Paused) -> bool {
        self.ctx == other.ctx
    }
}

#[repr(C)]
pub struct Hooks {
    lists: [List<*mut Hook>; 2],
    paused: List<Paused>,
    /// How many callers are going through the lists: removed hooks stay in their places.
    busy: Cell<u32>,
}

/// What is to happen after the hooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    GoOn,
    Fail,
    Wait,
}

impl Hooks {
    pub(super) const fn new() -> Hooks {
        Hooks { lists: [List::new(), List::new()], paused: List::new(), busy: Cell::new(0) }
    }
    /// # Safety
    /// `p` is null, a server's base or a client's pool, alive as long as the result is used.
    pub unsafe fn from_raw<'a>(p: *mut c_void) -> Option<&'a Hooks> {
        // SAFETY: the caller's promise; both begin with this.
        NonNull::new(p.cast::<Hooks>()).map(|p| unsafe { p.as_ref() })
    }
    fn list(&self, kind: EVRPC_HOOK_TYPE) -> Option<&List<*mut Hook>> {
        self.lists.get(kind.0 as usize)
    }
    pub(super) fn any(&self, kind: EVRPC_HOOK_TYPE) -> bool {
        self.list(kind).is_some_and(|l| !l.is_empty())
    }
    /// `evrpc_add_hook`: the handle.
    pub fn add(&self, kind: EVRPC_HOOK_TYPE, cb: evrpc_hook_cb, arg: *mut c_void) -> Result<*mut c_void> {
        let list = self.list(kind).filter(|_| cb.is_some()).ok_or(Error::Invalid)?;
        let hook = boxed(Hook { cb: Cell::new(cb), arg })?;
        list.push(hook).inspect_err(|_| {
            // SAFETY: made above, on no list.
            unsafe { unbox(hook) }
        })?;
        Ok(hook.cast())
    }
    /// `evrpc_remove_hook`: whether there was such a hook.
    pub fn remove(&self, kind: EVRPC_HOOK_TYPE, handle: *mut c_void) -> bool {
        let Some(list) = self.list(kind) else { return false };
        let hook = handle.cast::<Hook>();
        if list.position(|h| h == hook).is_none() {
            return false;
        }
        // SAFETY: what stands on the list is alive.
        let was_there = unsafe { (*hook).cb.take() }.is_some();
        if self.busy.get() == 0 {
            list.remove(hook);
            // SAFETY: on no list any more.
            unsafe { unbox(hook) };
        }
        was_there
    }
    fn sweep(&self) {
        for list in &self.lists {
            // SAFETY: as in `remove`.
            while let Some(at) = list.position(|h| unsafe { (*h).cb.get() }.is_none()) {
                if let Some(hook) = list.take(at) {
                    // SAFETY: as in `remove`.
                    unsafe { unbox(hook) };
                }
            }
        }
    }
    /// Calls the hooks one after the other until one of them does not want to go on.
    ///
    /// # Safety
    /// `ctx` is a call, `req` and `evbuf` belong to it; all of them and `self` outlive what the hooks do.
    pub(super) unsafe fn run(
        &self,
        kind: EVRPC_HOOK_TYPE,
        ctx: *mut c_void,
        req: *mut evhttp_request,
        evbuf: *mut evbuffer,
    ) -> After {
        let Some(list) = self.list(kind) else { return After::GoOn };
        self.busy.set(self.busy.get() + 1);
        let mut after = After::GoOn;
        let mut at = 0;
        while after == After::GoOn
            && let Some(hook) = list.get(at)
        {
            at += 1;
            // SAFETY: on the list, and kept there as long as we are busy.
            let (cb, arg) = unsafe { ((*hook).cb.get(), (*hook).arg) };
            let Some(f) = cb else { continue };
            // SAFETY: what the program registered together; the rest is the caller's promise.
            let said = unsafe { f(ctx, req, evbuf, arg) };
            after = match EVRPC_HOOK_RESULT(said as _) {
                EVRPC_HOOK_RESULT::EVRPC_CONTINUE => After::GoOn,
                EVRPC_HOOK_RESULT::EVRPC_PAUSE => After::Wait,
                _ => After::Fail,
            };
        }
        self.busy.set(self.busy.get() - 1);
        if self.busy.get() == 0 {
            self.sweep();
        }
        after
    }

    // ---- paused calls ----

    pub(super) fn pause(&self, ctx: *mut c_void, resume: Resume) -> Result<()> {
        self.paused.push(Paused { ctx, resume })
    }
    /// Forgets a paused call.
    pub(super) fn forget(&self, ctx: *mut c_void) {
        if let Some(at) = self.paused.position(|p| p.ctx == ctx) {
            self.paused.take(at);
        }
    }
    /// `evrpc_resume_request`: false if no such call waits.
    pub fn resume(&self, ctx: *mut c_void, res: EVRPC_HOOK_RESULT) -> bool {
        let found = self.paused.position(|p| p.ctx == ctx).and_then(|at| self.paused.take(at));
        let Some(p) = found else { return false };
        // It is off the list before: whatever follows may resume others, or free everything.
        // SAFETY: a call takes itself off the list before it ends, so this one is alive.
        unsafe { (p.resume)(p.ctx, res != EVRPC_HOOK_RESULT::EVRPC_TERMINATE) };
        true
    }
    /// Ends all paused calls.
    pub(super) fn resume_all_failing(&self) {
        while let Some(p) = self.paused.take(0) {
            // SAFETY: as in `resume`.
            unsafe { (p.resume)(p.ctx, false) };
        }
    }
}
impl Drop for Hooks {
    fn drop(&mut self) {
        for list in &self.lists {
            while let Some(hook) = list.take(0) {
                // SAFETY: as in `remove`; nobody is going through the lists of something that is dropped.
                unsafe { unbox(hook) };
            }
        }
    }
}
