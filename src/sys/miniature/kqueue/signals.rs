//! EVFILT_SIGNAL: while a note watches a signal, a handler of ours stands before the program's action. It counts the
//! delivery and then does what the program's action would have done. A program that changes its action through
//! `sigaction` of this module changes what comes after the counting.
use super::{Errno, checked, errno, lock, ring};
use crate::sys::ErrnoGuard;
use libc::{SIG_DFL, SIG_IGN, c_int, c_void, siginfo_t};
use std::mem::{transmute, zeroed};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard};

const COUNT: usize = 65;

static DELIVERIES: [AtomicU64; COUNT] = [const { AtomicU64::new(0) }; COUNT];
/// What the handler needs of the program's action.
static ACTIONS: [AtomicUsize; COUNT] = [const { AtomicUsize::new(SIG_DFL) }; COUNT];
/// eventfds of queues that watch signals; -1: free.
static BELLS: [AtomicI32; 64] = [const { AtomicI32::new(-1) }; 64];
static IN_HANDLER: AtomicUsize = AtomicUsize::new(0);

/// A signal that is watched: by how many notes, and the program's action.
pub(super) struct Watched {
    notes: usize,
    program: libc::sigaction,
}
static WATCHED: Mutex<[Option<Watched>; COUNT]> = Mutex::new([const { None }; COUNT]);

pub(super) type Held = MutexGuard<'static, [Option<Watched>; COUNT]>;

extern "C" fn on_signal(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let keep = ErrnoGuard::new();
    let at = signal as usize;
    let action = ACTIONS.get(at).map_or(SIG_DFL, |a| a.load(SeqCst));
    IN_HANDLER.fetch_add(1, SeqCst);
    // The one exception of the manual.
    if !(signal == libc::SIGCHLD && action == SIG_IGN) {
        if let Some(n) = DELIVERIES.get(at) {
            n.fetch_add(1, SeqCst);
        }
        for bell in &BELLS {
            let fd = bell.load(SeqCst);
            if fd >= 0 {
                ring(fd);
            }
        }
    }
    IN_HANDLER.fetch_sub(1, SeqCst);
    drop(keep);
    match action {
        SIG_IGN => {}
        SIG_DFL => by_default(signal),
        handler => {
            // SAFETY: the program's handler; one that takes the number alone does not look at the others.
            unsafe {
                let f: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = transmute(handler);
                f(signal, info, context);
            }
        }
    }
}
/// What happens to a signal that nobody handles.
fn by_default(signal: c_int) {
    if [libc::SIGCHLD, libc::SIGURG, libc::SIGWINCH, libc::SIGCONT].contains(&signal) {
        return;
    }
    // SAFETY: the default action, then the signal again, once it is let through.
    unsafe {
        let mut a: libc::sigaction = zeroed();
        a.sa_sigaction = SIG_DFL;
        libc::sigaction(signal, &a, null_mut());
        let mut set: libc::sigset_t = zeroed();
        libc::sigaddset(&mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, null_mut());
        libc::raise(signal);
    }
}

fn is_ours(a: &libc::sigaction) -> bool {
    a.sa_sigaction == on_signal as *const () as usize
}
/// Puts our handler before `program`.
fn install(signal: c_int, program: &libc::sigaction) -> Result<(), Errno> {
    if let Some(a) = ACTIONS.get(signal as usize) {
        a.store(program.sa_sigaction, SeqCst);
    }
    let mut a = *program;
    a.sa_sigaction = on_signal as *const () as usize;
    a.sa_flags = (program.sa_flags & !libc::SA_RESETHAND) | libc::SA_SIGINFO;
    // SAFETY: both handlers stay.
    checked(unsafe { libc::sigaction(signal, &a, null_mut()) }).map(drop)
}

/// How often `signal` has been delivered.
pub(super) fn count(signal: c_int) -> u64 {
    DELIVERIES.get(signal as usize).map_or(0, |n| n.load(SeqCst))
}
/// One more note for `signal`; its count as it is now.
pub(super) fn watch(signal: c_int) -> Result<u64, Errno> {
    let mut all = lock(&WATCHED);
    if signal <= 0 {
        return Err(libc::EINVAL);
    }
    let slot = all.get_mut(signal as usize).ok_or(libc::EINVAL)?;
    let now = count(signal);
    if let Some(w) = slot {
        w.notes += 1;
        return Ok(now);
    }
    // SAFETY: zeros are a place for the answer.
    let mut program: libc::sigaction = unsafe { zeroed() };
    // SAFETY: as above.
    checked(unsafe { libc::sigaction(signal, null(), &mut program) })?;
    // SIGKILL and SIGSTOP may be watched; they are never told of.
    let _ = install(signal, &program);
    *slot = Some(Watched { notes: 1, program });
    Ok(now)
}
/// One note less.
pub(super) fn unwatch(signal: c_int) {
    let _keep = ErrnoGuard::new();
    let mut all = lock(&WATCHED);
    let Some(slot) = all.get_mut(signal as usize) else { return };
    let Some(w) = slot else { return };
    w.notes -= 1;
    if w.notes == 0 {
        restore(signal, &w.program);
        *slot = None;
    }
}
fn restore(signal: c_int, program: &libc::sigaction) {
    // SAFETY: what stood there before.
    unsafe {
        let mut now: libc::sigaction = zeroed();
        libc::sigaction(signal, null(), &mut now);
        if is_ours(&now) {
            libc::sigaction(signal, program, null_mut());
        }
    }
}

/// sigaction(2)
///
/// # Safety
/// As the system's.
pub(crate) unsafe fn sigaction(
    signal: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> c_int {
    let mut all = lock(&WATCHED);
    let Some(Some(w)) = usize::try_from(signal).ok().and_then(|at| all.get_mut(at)) else {
        // SAFETY: the caller's promise.
        return unsafe { libc::sigaction(signal, new, old) };
    };
    // SAFETY: the caller's promise.
    unsafe {
        let before = w.program;
        if let Some(new) = new.as_ref() {
            if let Err(e) = install(signal, new) {
                let _ = install(signal, &before);
                return super::fail(e);
            }
            w.program = *new;
        }
        if !old.is_null() {
            old.write(before);
        }
    }
    0
}

pub(super) fn add_bell(fd: c_int) {
    for bell in &BELLS {
        if bell.compare_exchange(-1, fd, SeqCst, SeqCst).is_ok() {
            return;
        }
    }
}
/// After it no handler writes to `fd` any more.
pub(super) fn remove_bell(fd: c_int) {
    for bell in &BELLS {
        let _ = bell.compare_exchange(fd, -1, SeqCst, SeqCst);
    }
    for _ in 0..1000 {
        if IN_HANDLER.load(SeqCst) == 0 {
            return;
        }
        std::thread::yield_now();
    }
}

pub(super) fn hold() -> Held {
    lock(&WATCHED)
}
/// In the child of a fork: no queue is left, so nobody watches.
pub(super) fn forget_all(all: &mut Held) {
    let _keep = errno();
    for (signal, slot) in all.iter_mut().enumerate() {
        if let Some(w) = slot.take() {
            restore(signal as c_int, &w.program);
        }
    }
    BELLS.iter().for_each(|b| b.store(-1, SeqCst));
    IN_HANDLER.store(0, SeqCst);
}
