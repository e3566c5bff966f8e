//! Over another bufferevent: its buffers are the session's transport.
use super::super::BevRef;
use super::*;
use crate::abi::bufferevent::{BevEvent, bufferevent};
use std::ffi::c_short;
use std::mem::MaybeUninit;

pub(super) static IO: TlsIo =
    TlsIo { read: io_read, write: io_write, pending: io_pending, unsent: io_unsent };

/// Becomes the only user of `u`.
pub(super) fn take_over(bev: BevRef, u: BevRef) {
    u.incref();
    u.setcb(Some(readable), Some(writable), Some(event), bev.as_ptr().cast());
    u.set_watermark(Ev::READ, 0, 0);
    if tls(bev).is_open() {
        u.suspend_read(Suspend::FILTER);
    }
    let _ = u.enable(Ev::READ | Ev::WRITE);
}

/// The last reference to `bev` has gone.
pub(super) fn let_go(bev: BevRef, u: BevRef) {
    if bev.options().contains(BevOpt::CLOSE_ON_FREE) {
        // The program's reference goes; ours goes after our memory has.
        if u.references() < 2 {
            crate::warnx!(
                "a TLS filter with BEV_OPT_CLOSE_ON_FREE finds its underlying bufferevent freed already"
            );
        } else {
            u.free();
        }
        return;
    }
    let _held = u.hold();
    if u.cbarg() == bev.as_ptr().cast() {
        u.setcb(None, None, None, null_mut());
    }
    u.unsuspend_read(Suspend::FILTER);
}

/// Drops what another connection has left in the buffers of `u`.
pub(super) fn discard(u: BevRef) {
    let _ = u.input().drain(usize::MAX);
    let _ = u.output().unfreeze(true);
    let _ = u.output().drain(usize::MAX);
    if matches!(u.kind(), Kind::Socket | Kind::Async) {
        let _ = u.output().freeze(true);
    }
}

// The session's transport. It is used only while an operation is under way, or by the program, which owns the session
// and its lock: in both cases `ctx` is a live bufferevent, since `detach` comes before its end.

/// # Safety
/// `ctx` is a live TLS filter; `to` has room for `len` bytes.
unsafe extern "C" fn io_read(ctx: *mut c_void, to: *mut c_void, len: usize) -> isize {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(ctx.cast()) }) else { return table::io::FAILED };
    let t = tls(bev);
    let Some(u) = t.underlying else { return table::io::FAILED };
    // SAFETY: the contract above.
    let room = unsafe { std::slice::from_raw_parts_mut(to.cast::<MaybeUninit<u8>>(), len) };
    match u.input().remove_uninit(room) {
        Ok(0) if t.has(Flags::BELOW_EOF) => 0,
        Ok(0) => table::io::AGAIN,
        Ok(n) => isize::try_from(n).unwrap_or(table::io::FAILED),
        Err(_) => table::io::FAILED,
    }
}
/// # Safety
/// `ctx` is a live TLS filter; `len` bytes at `from` are readable.
unsafe extern "C" fn io_write(ctx: *mut c_void, from: *const c_void, len: usize) -> isize {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(ctx.cast()) }) else { return table::io::FAILED };
    let Some(u) = tls(bev).underlying else { return table::io::FAILED };
    let high = u.wm_write().high;
    let n = if high == 0 { len } else { len.min(high.saturating_sub(u.output().len())) };
    if n == 0 {
        return table::io::AGAIN;
    }
    // SAFETY: the contract above.
    let data = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), n) };
    match u.output().add(data) {
        Ok(()) => isize::try_from(n).unwrap_or(table::io::FAILED),
        Err(_) => table::io::FAILED,
    }
}
/// # Safety
/// `ctx` is a live TLS filter.
unsafe extern "C" fn io_pending(ctx: *mut c_void) -> usize {
    // SAFETY: the contract above.
    unsafe { BevRef::from_raw(ctx.cast()) }.and_then(|b| tls(b).underlying).map_or(0, |u| u.input().len())
}
/// # Safety
/// As [`io_pending`].
unsafe extern "C" fn io_unsent(ctx: *mut c_void) -> usize {
    // SAFETY: the contract above.
    unsafe { BevRef::from_raw(ctx.cast()) }.and_then(|b| tls(b).underlying).map_or(0, |u| u.output().len())
}

// The callbacks of the bufferevent below. `arg` is the filter; it may have lost its last reference in another thread,
// but its finalizer runs in the loop's thread as these do, so the memory is there.

/// The transport has something: data, or its end.
fn data_came(bev: BevRef) {
    let t = tls(bev);
    if t.has(Flags::IN_OP) {
        // Below, something has called back at once.
        return kick_reading(bev);
    }
    if t.rests() {
        return;
    }
    if !t.is_open() {
        return handshake::step(bev);
    }
    if t.has(Flags::WRITE_WAITS_READ) {
        write::round(bev, 0);
    }
    if !t.rests() && t.is_open() && can_read(bev) && !t.has(Flags::WRITE_WAITS_READ) {
        read::round(bev);
    }
}

/// # Safety
/// `arg` is a TLS filter that is alive or being finalized.
unsafe extern "C" fn readable(_: *mut bufferevent, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    data_came(bev);
}
/// # Safety
/// As [`readable`].
unsafe extern "C" fn writable(_: *mut bufferevent, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    let t = tls(bev);
    if t.has(Flags::IN_OP) {
        return kick(bev);
    }
    if t.rests() {
        return;
    }
    if !t.is_open() {
        return handshake::step(bev);
    }
    if t.has(Flags::READ_WAITS_WRITE) {
        read::round(bev);
    }
    write::round(bev, 0);
}
/// # Safety
/// As [`readable`].
unsafe extern "C" fn event(_: *mut bufferevent, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    let t = tls(bev);
    if t.has(Flags::DEAD | Flags::FREED) {
        return;
    }
    let what = BevEvent::from_bits_retain(what);
    if what.contains(BevEvent::EOF) && !what.contains(BevEvent::WRITING) {
        // What has been read before comes first; the session finds the end behind it.
        t.set(Flags::BELOW_EOF, true);
        return data_came(bev);
    }
    if what.intersects(BevEvent::ERROR | BevEvent::EOF) {
        let errno = crate::sys::errno();
        if t.has(Flags::IN_OP) {
            t.set(Flags::DEAD, true);
        } else {
            ends::bury(bev);
        }
        crate::sys::set_errno(errno);
        return bev.run_eventcb((what - BevEvent::EOF) | BevEvent::ERROR, 0);
    }
    if what.contains(BevEvent::TIMEOUT) {
        return bev.run_eventcb(what, 0);
    }
    if what.contains(BevEvent::CONNECTED) && !t.is_open() {
        handshake::step(bev);
    }
}
