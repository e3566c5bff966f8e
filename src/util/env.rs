//! Environment variables, ignored by programs that run with more rights than their caller.
use crate::sys::c;
use crate::sys::random::is_privileged;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// 0: not asked yet, 1: ordinary, 2: privileged.
static STATE: AtomicU8 = AtomicU8::new(0);

/// Whether the environment can be trusted. The kernel is asked once.
pub fn is_trusted() -> bool {
    match STATE.load(Relaxed) {
        0 => {
            let trusted = !is_privileged();
            STATE.store(if trusted { 1 } else { 2 }, Relaxed);
            trusted
        }
        s => s == 1,
    }
}

/// The value of an environment variable; None when it is not set or the environment is not to be trusted.
/// The text belongs to the C library: it is good until the program changes its environment.
pub fn getenv<'a>(name: &CStr) -> Option<&'a CStr> {
    if !is_trusted() {
        return None;
    }
    // SAFETY: a C string; the answer is null or a C string of the environment.
    let p = unsafe { c::getenv(name.as_ptr()) };
    if p.is_null() {
        return None;
    }
    // SAFETY: as above.
    Some(unsafe { CStr::from_ptr(p) })
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_what_is_there() {
        assert!(super::getenv(c"PATH").is_some());
        assert!(super::getenv(c"OXIEVENT_SURELY_NOT_SET").is_none());
    }
}
