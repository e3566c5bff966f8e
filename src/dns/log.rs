//! Messages of evdns: to the program's function if it set one (`evdns_set_log_fn`), else where all messages go.
use crate::abi::dns::evdns_debug_log_fn_type;
use crate::log::{self, Line, Severity};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt::{self, Write};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

static LOG: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

/// `evdns_set_log_fn`; None sends messages to the log of the library again.
pub fn set_log_fn(f: evdns_debug_log_fn_type) {
    LOG.store(f.map_or(null_mut(), |f| f as *mut c_void), Ordering::Relaxed);
}

/// Says something. No private lock may be held: the program's function may call anything.
pub fn write(severity: Severity, text: fmt::Arguments<'_>) {
    write_errno(severity, None, text);
}
/// Says something, and what `errno` means.
#[cold]
pub fn write_errno(severity: Severity, errno: Option<c_int>, text: fmt::Arguments<'_>) {
    let f = LOG.load(Ordering::Relaxed);
    if f.is_null() {
        if severity != Severity::Debug || log::debug_enabled() {
            log::write(severity, errno, text);
        }
        return;
    }
    let mut line = Line::new();
    let _ = line.write_fmt(text);
    log::append_errno(&mut line, errno);
    emit(f, severity, line.as_c_str());
}
fn emit(f: *mut c_void, severity: Severity, line: &CStr) {
    // SAFETY: only a function of this type is ever stored there.
    let f = unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn(c_int, *const c_char)>(f) };
    // SAFETY: the contract of that function: a flag and a C string that lives for the call.
    unsafe { f(c_int::from(severity == Severity::Warn), line.as_ptr()) }
}
/// Whether debug messages reach anybody.
#[inline]
pub fn wants_debug() -> bool {
    log::debug_enabled() || !LOG.load(Ordering::Relaxed).is_null()
}
