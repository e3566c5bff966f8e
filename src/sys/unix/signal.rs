//! sigaction, and the one thing a handler may do to wake a loop.
use super::{cvt, errno};
use crate::Result;
#[cfg(miniatures)]
use crate::sys::miniature::kqueue::sigaction as set_action;
#[cfg(not(miniatures))]
use libc::sigaction as set_action;
use libc::{c_int, sigaction, sighandler_t};
use std::mem::zeroed;
use std::ptr::{null, null_mut};

/// One more than the highest signal number that we accept; the kernel knows better about those below.
pub const NSIG: usize = if cfg!(any(target_os = "macos", target_os = "ios")) {
    32
} else if cfg!(target_os = "openbsd") {
    33
} else if cfg!(target_os = "netbsd") {
    64
} else if cfg!(any(target_os = "linux", target_os = "android"))
    && !cfg!(any(target_arch = "mips", target_arch = "mips64"))
{
    65
} else {
    // FreeBSD and DragonFly have 128 signals, Linux on MIPS as well, Solaris and illumos fewer.
    129
};

pub type Action = sigaction;

/// The action that runs `handler` with every signal blocked, on the alternate stack where a thread has one, and
/// restarts interrupted calls.
pub fn action_of(handler: extern "C" fn(c_int)) -> Action {
    // SAFETY: all-zero is a valid sigaction (SIG_DFL, no flags).
    let mut a: Action = unsafe { zeroed() };
    a.sa_sigaction = handler as *const () as sighandler_t;
    a.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: sa_mask is writable.
    unsafe { libc::sigfillset(&mut a.sa_mask) };
    a
}
/// True if `a` runs `handler`.
pub fn runs(a: &Action, handler: extern "C" fn(c_int)) -> bool {
    a.sa_sigaction == handler as *const () as sighandler_t
}
/// Sets the process's action and returns the one before.
///
/// # Safety
/// A handler in `new` may run at any time on any thread.
pub unsafe fn replace(signal: c_int, new: &Action) -> Result<Action> {
    // SAFETY: all-zero is a valid sigaction.
    let mut old: Action = unsafe { zeroed() };
    // SAFETY: both live for the call; the caller's promise about the handler.
    cvt(unsafe { set_action(signal, new, &mut old) })?;
    Ok(old)
}
/// Called in a handler: the next signal of that number shall come here, too. It does so by itself.
#[inline]
pub fn rearm(_signal: c_int, _handler: extern "C" fn(c_int)) {}
/// The action as it is.
pub fn current(signal: c_int) -> Result<Action> {
    // SAFETY: all-zero is a valid sigaction.
    let mut old: Action = unsafe { zeroed() };
    // SAFETY: nothing is set.
    cvt(unsafe { set_action(signal, null(), &mut old) })?;
    Ok(old)
}
/// Writes one event to an eventfd, or eight bytes to a pipe. Async-signal-safe; errno may change.
pub fn wake(fd: c_int) -> bool {
    let one = 1u64.to_ne_bytes();
    loop {
        // SAFETY: `one` is readable for its length.
        if unsafe { libc::write(fd, one.as_ptr().cast(), one.len()) } >= 0 {
            return true;
        }
        if errno() != libc::EINTR {
            // A full pipe is a wake-up too.
            return errno() == libc::EAGAIN;
        }
    }
}
/// Lets other threads run.
pub fn yield_now() {
    // SAFETY: no arguments.
    unsafe { libc::sched_yield() };
}
/// Waits a millisecond, or less when a signal comes.
pub fn nap() {
    // SAFETY: no descriptors; waits only.
    unsafe { libc::poll(null_mut(), 0, 1) };
}
