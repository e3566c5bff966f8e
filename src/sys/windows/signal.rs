//! The C runtime's signals, and the one thing a handler may do to wake a loop.
//!
//! They come from `raise`, from the console (Ctrl-C, Ctrl-Break: on a thread of their own) and from faults.
use super::errno::cvt_file;
use super::{c, fd};
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};
use std::ffi::c_int;
use windows_sys::Win32::System::Threading;

/// One more than the highest signal number of the runtime.
pub const NSIG: usize = 23;

unsafe extern "C" {
    fn signal(number: c_int, handler: usize) -> usize;
}

/// What the runtime calls, or SIG_DFL (0), or SIG_IGN (1).
#[derive(Clone, Copy)]
pub struct Action(usize);

/// The action that runs `handler`. The runtime forgets it when a signal comes: the handler must [`rearm`].
pub fn action_of(handler: extern "C" fn(c_int)) -> Action {
    Action(handler as *const () as usize)
}
/// True if `a` runs `handler`, or may be what the runtime has put in its place while it runs.
pub fn runs(a: &Action, handler: extern "C" fn(c_int)) -> bool {
    a.0 == handler as *const () as usize || a.0 == 0
}
/// Sets the process's action and returns the one before.
///
/// # Safety
/// A handler in `new` may run at any time on any thread.
pub unsafe fn replace(number: c_int, new: &Action) -> Result<Action> {
    // The runtime calls its invalid parameter handler, which may end the process, for numbers that it does not know.
    if !matches!(
        number,
        c::SIGINT | c::SIGILL | c::SIGFPE | c::SIGSEGV | c::SIGTERM | c::SIGABRT | c::SIGBREAK
    ) {
        super::set_errno(c::EINVAL);
        return Err(Error::Os(c::EINVAL));
    }
    // SAFETY: the caller's promise about the handler.
    let old = unsafe { signal(number, new.0) };
    if old == usize::MAX {
        cvt_file(-1)?
    } else {
        0
    };
    Ok(Action(old))
}
/// Called in a handler: the next signal of that number shall come here, too.
pub fn rearm(number: c_int, handler: extern "C" fn(c_int)) {
    // SAFETY: the handler is in use already.
    let _ = unsafe { replace(number, &action_of(handler)) };
}
/// Sends a byte to a loop. The error may change.
pub fn wake(s: evutil_socket_t) -> bool {
    // A full socket is a wake-up too.
    matches!(fd::write(s, &[1]), Ok(_) | Err(Error::Os(c::EAGAIN)))
}
/// Lets other threads run.
pub fn yield_now() {
    // SAFETY: no arguments.
    unsafe { Threading::SwitchToThread() };
}
/// Waits a millisecond.
pub fn nap() {
    // SAFETY: no pointers.
    unsafe { Threading::Sleep(1) };
}
