//! Names that no public header declares: what the original suite imports of the event loop.
use crate::event::{base_of, event_of};
use oxievent::abi::event::{Ev, event, event_base, event_callback, event_selfcb_fn};
use oxievent::base::{CallbackRef, current};
use oxievent::log;
use std::ffi::{c_int, c_uint, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

/// The current base of the 1.x interface, for others to read; the engine has its own.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "libevent's name")]
pub static event_global_current_base_: AtomicPtr<event_base> = AtomicPtr::new(null_mut());

/// Copies the current base to where C looks for it.
pub(crate) fn show_current() {
    event_global_current_base_.store(current::get().map_or(null_mut(), |b| b.as_ptr()), Relaxed);
}

/// Makes an event active in the loop's next turn.
/// # Safety
/// Rules 1 and 3 for `ev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_active_later_(ev: *mut event, res: c_int) {
    // SAFETY: Rule 1.
    if let Some(ev) = unsafe { event_of(ev) } {
        ev.active_later(Ev::from_bits_retain(res as i16));
    }
}
/// Counts something that keeps the loop alive.
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_add_virtual_(base: *mut event_base) {
    // SAFETY: Rule 1.
    if let Some(b) = unsafe { base_of(base) } {
        b.add_virtual();
    }
}
/// Fatal if the base's structures contradict each other.
/// # Safety
/// Rules 1 and 3 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_assert_ok_(base: *mut event_base) {
    // SAFETY: Rule 1.
    if unsafe { base_of(base) }.is_some_and(|b| !b.is_consistent()) {
        log::write(log::Severity::Err, None, format_args!("event_base {base:p} is inconsistent"));
        log::fatal(oxievent::base::debug::ABORT);
    }
}
/// Makes a callback active. 1 if it was not before.
/// # Safety
/// Rules 1 and 3 for `base`; `evcb` stays alive while it is queued.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_callback_activate_(base: *mut event_base, evcb: *mut event_callback) -> c_int {
    // SAFETY: Rule 1.
    unsafe { base_of(base).map_or(0, |b| CallbackRef::from_raw(evcb).activate(b).into()) }
}
/// Cancels a callback and calls `cb` from the loop once it cannot be running.
/// # Safety
/// Rules 1 and 3 for `base`; `evcb` stays alive until `cb` was called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_callback_finalize_(
    base: *mut event_base,
    flags: c_uint,
    evcb: *mut event_callback,
    cb: event_selfcb_fn,
) {
    let _ = flags;
    // SAFETY: Rule 1.
    if let Some(b) = unsafe { base_of(base) } {
        // SAFETY: the caller's promise.
        unsafe { CallbackRef::from_raw(evcb).finalize(b, cb) }
    }
}
/// Sets up a deferred callback.
/// # Safety
/// Rule 2 for `cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_deferred_cb_init_(
    cb: *mut event_callback,
    priority: u8,
    f: event_selfcb_fn,
    arg: *mut c_void,
) {
    // SAFETY: Rule 2.
    unsafe { CallbackRef::from_raw(cb) }.init(priority, f, arg);
}
/// Makes a deferred callback active. 1 if it was not before.
/// # Safety
/// Rules 1 and 3 for `base` (NULL: the current one); `cb` stays alive while it is queued.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_deferred_cb_schedule_(
    base: *mut event_base,
    cb: *mut event_callback,
) -> c_int {
    // SAFETY: Rule 1.
    let Some(b) = unsafe { base_of(base) }.or_else(current::get) else { return 0 };
    // SAFETY: the caller's promise.
    unsafe { CallbackRef::from_raw(cb) }.schedule(b).into()
}
/// Completion ports are Windows's.
/// # Safety
/// Rule 1 for `base`.
#[cfg(not(windows))]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_start_iocp_(base: *mut event_base, n_cpus: c_int) -> c_int {
    let _ = (base, n_cpus);
    -1
}
