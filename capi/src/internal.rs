//! Names that no public header declares: what the original suite and our sibling libraries import.
//! This file: evutil, memory, log and locks.
use crate::util::{c_str, evutil_configure_monotonic_time, evutil_gettime_monotonic};
use oxievent::abi::thread::{evthread_condition_callbacks, evthread_lock_callbacks};
use oxievent::abi::util::{evutil_monotonic_timer, evutil_socket_t};
use oxievent::sys::c;
use oxievent::sys::c::{in_addr, in6_addr, sockaddr, timeval};
use oxievent::util::socket::{Connecting, connect_stream};
use oxievent::util::weak_random::WeakRandom;
use oxievent::util::{addr, text, time};
use oxievent::{Error, log, mem, sys, thread};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr::null_mut;

/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EVUTIL_ISDIGIT_(c: c_char) -> c_int {
    c_int::from((c as u8).is_ascii_digit())
}
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EVUTIL_TOLOWER_(c: c_char) -> c_char {
    (c as u8).to_ascii_lowercase() as c_char
}
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EVUTIL_TOUPPER_(c: c_char) -> c_char {
    (c as u8).to_ascii_uppercase() as c_char
}

/// malloc through event_set_mem_functions; NULL for 0.
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_mm_malloc_(sz: usize) -> *mut c_void {
    mem::malloc(sz)
}
/// calloc through event_set_mem_functions; NULL for 0.
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_mm_calloc_(count: usize, size: usize) -> *mut c_void {
    mem::calloc(count, size)
}
/// strdup through event_set_mem_functions; NULL with EINVAL for NULL.
/// # Safety
/// Rule 2 for `s`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_mm_strdup_(s: *const c_char) -> *mut c_char {
    // SAFETY: Rule 2.
    let Some(s) = (unsafe { c_str(s) }) else {
        sys::set_errno(c::EINVAL);
        return null_mut();
    };
    let bytes = s.to_bytes_with_nul();
    let p = mem::malloc(bytes.len()).cast::<c_char>();
    if !p.is_null() {
        // SAFETY: just allocated with this length.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), p, bytes.len()) };
    }
    p
}
/// # Safety
/// `p` is null or came from one of the three above and is used no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_mm_free_(p: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { mem::free(p) }
}

/// Copies as much of `src` as `siz` allows, always with a NUL; returns the length of `src`.
/// # Safety
/// Rule 2 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_strlcpy_(dst: *mut c_char, src: *const c_char, siz: usize) -> usize {
    // SAFETY: Rule 2.
    unsafe {
        let src = CStr::from_ptr(src).to_bytes();
        text::copy_out(src, dst, siz);
        src.len()
    }
}
/// Cuts spaces and tabs off the end. NULL does nothing.
/// # Safety
/// Rule 2 for `str`, which is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_rtrim_lws_(str: *mut c_char) {
    // SAFETY: Rule 2; the cut is within the string.
    unsafe {
        if let Some(s) = c_str(str) {
            let n = text::trim_end_lws(s.to_bytes()).len();
            *str.add(n) = 0;
        }
    }
}

/// As evutil_configure_monotonic_time, for a timer in the caller's memory.
/// # Safety
/// Rule 2: `timer` has 40 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_configure_monotonic_time_(
    timer: *mut evutil_monotonic_timer,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { evutil_configure_monotonic_time(timer, flags) }
}
/// As evutil_gettime_monotonic.
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_gettime_monotonic_(
    timer: *mut evutil_monotonic_timer,
    tp: *mut timeval,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { evutil_gettime_monotonic(timer, tp) }
}
/// Sleeps.
/// # Safety
/// Rule 2 for `tv`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_usleep_(tv: *const timeval) {
    // SAFETY: Rule 2.
    if let Some(tv) = unsafe { tv.as_ref() } {
        time::sleep(tv);
    }
}

/// The time of day, where event2/util.h has no macro for it. -1 for NULL.
/// # Safety
/// Rule 2 for `tv`.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_gettimeofday(tv: *mut timeval, tz: *mut c_void) -> c_int {
    let _ = tz;
    // SAFETY: Rule 2.
    let Some(tv) = (unsafe { tv.as_mut() }) else { return -1 };
    *tv = sys::clock::wall();
    0
}

/// Loads a DLL of Windows' own folder; NULL if there is none of that name.
/// # Safety
/// Rule 2 for `library_name`.
#[cfg(windows)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_load_windows_system_library_(library_name: *const c_char) -> *mut c_void {
    // SAFETY: Rule 2.
    unsafe { c_str(library_name) }.map_or(null_mut(), sys::library::load_system)
}

/// Writes an address with its port; returns `out`.
/// # Safety
/// Rule 2: `out` has `outlen` bytes, `sa` is as long as its family makes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_format_sockaddr_port_(
    sa: *const sockaddr,
    out: *mut c_char,
    outlen: usize,
) -> *const c_char {
    // SAFETY: Rule 2.
    unsafe { text::copy_out(addr::format_sockaddr_port(sa).as_bytes(), out, outlen) };
    out
}
/// # Safety
/// Rule 2: `addr` is as long as its family makes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_sockaddr_is_loopback_(addr: *const sockaddr) -> c_int {
    // SAFETY: Rule 2.
    c_int::from(unsafe { addr::is_loopback(addr) })
}
/// # Safety
/// Rule 2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_v4addr_is_local_(r#in: *const in_addr) -> c_int {
    // SAFETY: Rule 2.
    c_int::from(addr::v4_is_local(unsafe { r#in.cast::<[u8; 4]>().read_unaligned() }))
}
/// # Safety
/// Rule 2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_v6addr_is_local_(r#in: *const in6_addr) -> c_int {
    // SAFETY: Rule 2.
    c_int::from(addr::v6_is_local(unsafe { r#in.cast::<[u8; 16]>().read_unaligned() }))
}
/// Connects a stream socket, making one if `*fd_ptr` is negative: 1 connected, 0 in progress, 2 refused, -1 failed.
/// # Safety
/// Rule 2 for all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_socket_connect_(
    fd_ptr: *mut evutil_socket_t,
    sa: *const sockaddr,
    socklen: c_int,
) -> c_int {
    // An unsigned type on Unix.
    let len = socklen as c::socklen_t;
    if socklen < 0 {
        return Error::Os(c::EINVAL).to_c();
    }
    // SAFETY: Rule 2.
    unsafe {
        match connect_stream(*fd_ptr, sa, len) {
            Ok((fd, how)) => {
                *fd_ptr = fd;
                match how {
                    Connecting::InProgress => 0,
                    Connecting::Done => 1,
                    Connecting::Refused => 2,
                }
            }
            Err(e) => e.to_c(),
        }
    }
}
/// A nonblocking, close-on-exec pipe: what is written to `fd[1]` is read from `fd[0]`.
/// # Safety
/// Rule 2: `fd` has room for two.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_make_internal_pipe_(fd: *mut evutil_socket_t) -> c_int {
    let (ends, result) = match sys::fd::pipe() {
        Ok(ends) => (ends, 0),
        Err(e) => ((-1, -1), e.to_c()),
    };
    // SAFETY: Rule 2.
    unsafe { (*fd, *fd.add(1)) = ends };
    result
}

/// # Safety
/// Rule 2 for `state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_weakrand_seed_(state: *mut WeakRandom, seed: u32) -> u32 {
    // SAFETY: Rule 2.
    unsafe { (*state).seed(seed) }
}
/// # Safety
/// Rule 2 for `state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_weakrand_(state: *mut WeakRandom) -> c_int {
    // SAFETY: Rule 2.
    unsafe { (*state).number() }
}
/// # Safety
/// Rule 2 for `state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_weakrand_range_(state: *mut WeakRandom, top: c_int) -> c_int {
    // SAFETY: Rule 2.
    unsafe { (*state).below(top) }
}

/// The locks that the program set, even while lock debugging stands in front of them.
/// # Safety
/// Nobody sets locks while the table is looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_get_lock_callbacks() -> *mut evthread_lock_callbacks {
    thread::lock_callbacks()
}
/// The same for conditions.
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_get_condition_callbacks() -> *mut evthread_condition_callbacks {
    thread::condition_callbacks()
}
/// libevent_pthreads says which lock function of a table means plain pthread mutexes; the engine then takes them
/// without the detour through the table.
/// # Safety
/// The locks of a table with this function are recursive `pthread_mutex_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_note_pthread_mutex_(
    lock: Option<unsafe extern "C" fn(c_uint, *mut c_void) -> c_int>,
) {
    if let Some(lock) = lock {
        thread::note_pthread_mutex(lock);
    }
}

// For variadic.c alone, which declares both as hidden: they are not exported.

/// Hands over a formatted line; `errnum` below 0 for none.
/// # Safety
/// Rule 2 for `line`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxievent_log_line_(severity: c_int, errnum: c_int, line: *const c_char) {
    // SAFETY: Rule 2.
    log::deliver(severity, Some(errnum).filter(|e| *e >= 0), unsafe { CStr::from_ptr(line) });
}
/// Ends the process the way event_set_fatal_callback says.
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxievent_fatal_(code: c_int) -> ! {
    log::fatal(code)
}
