//! Log and fatal-error callbacks, and the macros the engine logs through. No allocation: one line, cut at 1 KiB.
use crate::abi::event::{event_fatal_cb, event_log_cb};
use crate::sys::ErrnoGuard;
use crate::sys::c;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt::{self, Write};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Severity {
    Debug = 0,
    Msg = 1,
    Warn = 2,
    Err = 3,
}

static LOG: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
static FATAL: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
static DEBUG_MASK: AtomicU32 = AtomicU32::new(0);

/// `event_set_log_callback`; None writes to standard error again.
pub fn set_callback(cb: event_log_cb) {
    LOG.store(cb.map_or(null_mut(), |f| f as *mut c_void), Ordering::Relaxed);
}
/// `event_set_fatal_callback`; None exits the process again.
pub fn set_fatal_callback(cb: event_fatal_cb) {
    FATAL.store(cb.map_or(null_mut(), |f| f as *mut c_void), Ordering::Relaxed);
}
/// `event_enable_debug_logging`
pub fn set_debug_mask(mask: u32) {
    DEBUG_MASK.store(mask, Ordering::Relaxed);
}
#[inline]
pub fn debug_enabled() -> bool {
    DEBUG_MASK.load(Ordering::Relaxed) != 0
}

/// Hands one line to the callback, or to standard error.
pub fn emit(severity: Severity, line: &CStr) {
    let _keep = ErrnoGuard::new();
    let f = LOG.load(Ordering::Relaxed);
    if !f.is_null() {
        // SAFETY: only an event_log_cb is stored there.
        let f = unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn(c_int, *const c_char)>(f) };
        // SAFETY: the callback's contract: a severity and a C string that lives for the call.
        return unsafe { f(severity as c_int, line.as_ptr()) };
    }
    let word: &[u8] = match severity {
        Severity::Debug => b"debug",
        Severity::Msg => b"msg",
        Severity::Warn => b"warn",
        Severity::Err => b"err",
    };
    let mut out = Line::new();
    let _ = out.write_bytes(b"[");
    let _ = out.write_bytes(word);
    let _ = out.write_bytes(b"] ");
    let _ = out.write_bytes(line.to_bytes());
    out.newline();
    // SAFETY: plain write; there is nobody to tell if it fails.
    unsafe { c::write(2, out.buf.as_ptr().cast(), out.len) };
}

/// The code of a failed internal check: without a fatal callback it aborts, so that there is a core to look at.
pub const CODE_ABORT: c_int = 0xdead_dead_u32 as c_int;

/// Runs the fatal callback, or exits with the code's low byte. Never returns: a callback that does is followed by exit.
pub fn fatal(code: c_int) -> ! {
    let f = FATAL.load(Ordering::Relaxed);
    if !f.is_null() {
        // SAFETY: only an event_fatal_cb is stored there.
        unsafe { std::mem::transmute::<*mut c_void, unsafe extern "C" fn(c_int)>(f)(code) };
    } else if code == CODE_ABORT {
        // SAFETY: as below.
        unsafe { c::abort() }
    }
    // SAFETY: ends the process. Only the program's own misuse leads here, never a peer.
    unsafe { c::exit(code) }
}

/// One line under construction.
pub struct Line {
    buf: [u8; 1024],
    len: usize,
}
impl Line {
    #[expect(clippy::new_without_default, reason = "a scratch buffer, not a value")]
    pub fn new() -> Line {
        Line { buf: [0; 1024], len: 0 }
    }
    pub fn write_bytes(&mut self, b: &[u8]) -> fmt::Result {
        // The last two bytes stay free for a newline and the terminator.
        let n = b.len().min(self.buf.len() - 2 - self.len);
        self.buf[self.len..self.len + n].copy_from_slice(&b[..n]);
        self.len += n;
        Ok(())
    }
    fn newline(&mut self) {
        self.buf[self.len] = b'\n';
        self.len += 1;
    }
    pub fn as_c_str(&mut self) -> &CStr {
        self.buf[self.len] = 0;
        CStr::from_bytes_until_nul(&self.buf).unwrap_or(c"")
    }
}
impl Write for Line {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.write_bytes(s.as_bytes())
    }
}

pub(crate) fn append_errno(line: &mut Line, errno: Option<c_int>) {
    let Some(e) = errno else { return };
    let mut text = [0 as c_char; 128];
    // SAFETY: strerror_r (POSIX form) fills at most `text.len()` bytes.
    let ok = unsafe { c::strerror_r(e, text.as_mut_ptr(), text.len()) } == 0;
    let _ = line.write_bytes(b": ");
    if ok {
        // SAFETY: terminated by strerror_r.
        let _ = line.write_bytes(unsafe { CStr::from_ptr(text.as_ptr()) }.to_bytes());
    } else {
        let _ = write!(line, "errno {e}");
    }
}

/// Formats and emits; with `errno`, ": strerror" is appended.
pub fn write(severity: Severity, errno: Option<c_int>, args: fmt::Arguments<'_>) {
    let mut line = Line::new();
    let _ = line.write_fmt(args);
    append_errno(&mut line, errno);
    emit(severity, line.as_c_str());
}

/// Logs at `severity`: `text`, and after it what `errno` means if one is given. For the C variadic functions.
pub fn deliver(severity: c_int, errno: Option<c_int>, text: &CStr) {
    let severity = match severity {
        0 if !debug_enabled() => return,
        0 => Severity::Debug,
        1 => Severity::Msg,
        2 => Severity::Warn,
        _ => Severity::Err,
    };
    match errno {
        None => emit(severity, text),
        Some(_) => {
            let mut line = Line::new();
            let _ = line.write_bytes(text.to_bytes());
            append_errno(&mut line, errno);
            emit(severity, line.as_c_str());
        }
    }
}

/// The program broke a rule that the library checks: says which, then takes the fatal path.
#[cold]
pub fn misuse(args: fmt::Arguments<'_>) -> ! {
    write(Severity::Err, None, args);
    fatal(CODE_ABORT)
}

/// A warning without errno.
#[macro_export]
macro_rules! warnx {
    ($($a:tt)*) => { $crate::log::write($crate::log::Severity::Warn, None, format_args!($($a)*)) };
}
/// A warning followed by the text of errno.
#[macro_export]
macro_rules! warn_errno {
    ($($a:tt)*) => {
        $crate::log::write($crate::log::Severity::Warn, Some($crate::sys::errno()), format_args!($($a)*))
    };
}
/// A debug line; nothing is formatted unless debug logging is on.
#[macro_export]
macro_rules! debugx {
    ($($a:tt)*) => {
        if $crate::log::debug_enabled() {
            $crate::log::write($crate::log::Severity::Debug, None, format_args!($($a)*))
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_outgrows_its_buffer() {
        let mut l = Line::new();
        for _ in 0..300 {
            l.write_bytes(b"0123456789").unwrap();
        }
        assert_eq!(l.as_c_str().to_bytes().len(), 1022);
        l.newline();
        assert_eq!(l.len, 1023);
    }
    #[test]
    fn errno_text_follows_the_message() {
        let mut l = Line::new();
        l.write_bytes(b"open").unwrap();
        append_errno(&mut l, Some(c::ENOENT));
        assert_eq!(l.as_c_str(), c"open: No such file or directory");
    }
}
