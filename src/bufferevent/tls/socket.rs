//! Over a socket: the two events.
use super::super::BevRef;
use super::*;
use crate::abi::bufferevent::BevEvent;
use std::ffi::c_short;

/// Makes the two events wait for `fd`.
pub(super) fn assign(bev: BevRef, fd: evutil_socket_t) -> Result<()> {
    let arg = bev.as_ptr().cast::<c_void>();
    let always = Ev::PERSIST | Ev::FINALIZE;
    bev.ev_read().assign(bev.base(), fd, Ev::READ | always, Some(readable), arg)?;
    bev.ev_write().assign(bev.base(), fd, Ev::WRITE | always, Some(writable), arg)
}

/// A handshake that takes too long has no direction; it rests.
fn timed_out(bev: BevRef, dir: BevEvent, stop: Ev) {
    if tls(bev).is_open() || bev.own().has(State::CONNECTING) {
        return bev.timed_out(dir, stop);
    }
    stop_reading(bev);
    stop_writing(bev);
    bev.run_eventcb(BevEvent::TIMEOUT, 0);
}

/// `ev_read` has fired.
///
/// # Safety
/// `arg` is a TLS bufferevent that is alive or being finalized.
unsafe extern "C" fn readable(fd: evutil_socket_t, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    let t = tls(bev);
    // Data that came together with the timeout count.
    if what == Ev::TIMEOUT.bits() {
        return timed_out(bev, BevEvent::READING, Ev::READ);
    }
    if bev.own().has(State::CONNECTING) {
        return bev.check_connect_failed(fd);
    }
    if t.rests() {
        return stop_reading(bev);
    }
    if !t.is_open() {
        return handshake::step(bev);
    }
    if t.has(Flags::WRITE_WAITS_READ) {
        write::round(bev, 0);
    }
    // The callback may have changed everything.
    if t.rests() || !t.is_open() || t.has(Flags::WRITE_WAITS_READ) {
        return;
    }
    if can_read(bev) && !t.has(Flags::READ_WAITS_WRITE) {
        read::round(bev);
    } else {
        stop_reading(bev);
    }
}

/// `ev_write` has fired: the socket takes data, or a connect has ended, or too much time has passed.
///
/// # Safety
/// As [`readable`].
unsafe extern "C" fn writable(fd: evutil_socket_t, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    let t = tls(bev);
    if what == Ev::TIMEOUT.bits() {
        return timed_out(bev, BevEvent::WRITING, Ev::WRITE);
    }
    if bev.own().has(State::CONNECTING) {
        if !bev.settle_connect(fd) {
            return;
        }
        // The program hears of it when the handshake is complete as well.
        if !t.is_open() {
            return handshake::step(bev);
        }
        stop_writing(bev);
        let _ = ops_table::enable(bev, Ev::from_bits_retain(bev.enabled_bits()));
        return;
    }
    if t.rests() {
        return stop_writing(bev);
    }
    if !t.is_open() {
        return handshake::step(bev);
    }
    if t.has(Flags::READ_WAITS_WRITE) {
        read::round(bev);
    }
    if t.rests() || !t.is_open() || t.has(Flags::READ_WAITS_WRITE) {
        return;
    }
    write::round(bev, 0);
    if !t.rests() && t.is_open() && (!can_write(bev) || bev.output().is_empty()) {
        stop_writing(bev);
    }
}
