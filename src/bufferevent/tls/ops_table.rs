//! What the interface of all bufferevents asks of a TLS one.
use super::super::ops::Ops;
use super::super::timeouts::{adjust_timers, adjust_waiting};
use super::super::{BevRef, Kind};
use super::*;
use crate::abi::bufferevent::{BEV_TRIG_DEFER_CALLBACKS, bufferevent_flush_mode};
use crate::sys;

pub(super) static TLS: Ops = Ops {
    kind: Kind::Tls,
    enable,
    disable,
    unlink,
    destruct,
    adjust_timeouts: |bev| {
        if tls(bev).underlying.is_some() { adjust_timers(bev) } else { adjust_waiting(bev) }
    },
    output_added,
    flush,
    set_fd,
    get_fd: |bev| match tls(bev).underlying {
        Some(u) => Some(u.fd().unwrap_or(-1)),
        None => Some(bev.ev_read().fd()),
    },
    underlying: |bev| tls(bev).underlying,
    cancel: |bev| {
        tls(bev).set(Flags::FREED, true);
        bev.cancel_lookup();
    },
};

pub(super) fn enable(bev: BevRef, what: Ev) -> Result<()> {
    let t = tls(bev);
    if t.has(Flags::DEAD | Flags::FREED) {
        return Ok(());
    }
    if t.underlying.is_some() {
        if what.contains(Ev::READ) {
            bev.restart_read_timer();
        }
        if what.contains(Ev::WRITE) && !bev.output().is_empty() {
            bev.restart_write_timer();
        }
    }
    if !t.is_open() {
        // The handshake goes on, unless it waits for the transport already.
        let waits = !bev.ev_read().pending(Ev::READ).is_empty() || bev.own().has(State::WRITE_ADDED);
        if has_transport(bev) && !waits {
            kick(bev);
        }
        return Ok(());
    }
    let mut done = Ok(());
    if what.contains(Ev::READ) && can_read(bev) {
        done = start_reading(bev);
    }
    if what.contains(Ev::WRITE)
        && can_write(bev)
        && !bev.output().is_empty()
        && !t.has(Flags::WRITE_WAITS_READ)
    {
        // A record that the socket did not take goes when it does.
        if t.retry.get() > 0 {
            done = done.and(start_writing(bev));
        }
        kick(bev);
    }
    done
}

fn disable(bev: BevRef, what: Ev) -> Result<()> {
    let t = tls(bev);
    if t.underlying.is_some() {
        if what.contains(Ev::READ) {
            bev.stop_read_timer();
        }
        if what.contains(Ev::WRITE) {
            bev.stop_write_timer();
        }
    }
    if !t.is_open() {
        // A handshake needs both directions, whichever the program wants to use later. It rests when it wants none.
        if !bev.is_enabled(Ev::READ | Ev::WRITE) {
            stop_reading(bev);
            stop_writing(bev);
        }
        return Ok(());
    }
    if what.contains(Ev::READ) && !t.has(Flags::WRITE_WAITS_READ) {
        stop_reading(bev);
    }
    if what.contains(Ev::WRITE) && !t.has(Flags::READ_WAITS_WRITE) {
        stop_writing(bev);
    }
    Ok(())
}

fn output_added(bev: BevRef) {
    let t = tls(bev);
    if bev.own().refs.get() == 0 || !t.is_open() || !can_write(bev) || t.has(Flags::WRITE_WAITS_READ) {
        return;
    }
    if t.underlying.is_none() {
        // What is blocked, or queued, sees to it.
        if t.retry.get() == 0 && !bev.schedule_output() {
            let _ = start_writing(bev);
        }
        return;
    }
    if bev.ev_write().pending(Ev::TIMEOUT).is_empty() {
        bev.restart_write_timer();
    }
    if t.has(Flags::IN_OP | Flags::BATCH) {
        return kick(bev);
    }
    // The bufferevent below has it at once, as with any filter; the program hears of it from the loop.
    let _busy = bev.busy();
    write::round(bev, BEV_TRIG_DEFER_CALLBACKS);
}

/// A filter passes on what it has; a socket writes as fast as it can anyway.
fn flush(bev: BevRef, what: Ev, mode: bufferevent_flush_mode) -> Result<bool> {
    let t = tls(bev);
    let Some(u) = t.underlying else { return Ok(false) };
    if !what.contains(Ev::WRITE) || mode == bufferevent_flush_mode::BEV_NORMAL || t.has(Flags::IN_OP) {
        return Ok(false);
    }
    let before = bev.output().len();
    if t.is_open() {
        write::round(bev, BEV_TRIG_DEFER_CALLBACKS);
    }
    // Not the end: without close_notify that would look like an attack.
    let _ = u.flush(Ev::WRITE, bufferevent_flush_mode::BEV_FLUSH);
    Ok(bev.output().len() < before)
}

/// Another connection, on which the session begins anew.
fn set_fd(bev: BevRef, fd: evutil_socket_t) -> Result<()> {
    let t = tls(bev);
    if t.has(Flags::IN_OP) {
        return Err(Error::Invalid);
    }
    let started = t.has(Flags::STARTED);
    forget_connection(bev);
    match t.underlying {
        None => {
            let pri = bev.priority();
            let _ = bev.ev_read().del_noblock();
            let _ = bev.stop_waiting_writable();
            bev.own().set(State::CONNECTING, false);
            // SAFETY: the session is alive, no operation is under way.
            if unsafe { (t.table().attach_fd)(t.session, fd as c_int) } != 0 {
                return Err(Error::NoMem);
            }
            socket::assign(bev, fd)?;
            // Assigning has put them back to the middle.
            let _ = bev.ev_read().set_priority(pri);
            let _ = bev.ev_write().set_priority(pri);
            bev.cancel_lookup();
        }
        // Without a new socket the one below stays.
        Some(u) if fd >= 0 => {
            u.set_fd(fd)?;
            if started {
                below::discard(u);
            }
        }
        Some(_) => {}
    }
    connect_session(bev)?;
    if fd >= 0 { bev.enable(Ev::from_bits_retain(bev.enabled_bits())) } else { Ok(()) }
}

/// What belongs to the connection so far.
pub(super) fn forget_connection(bev: BevRef) {
    let t = tls(bev);
    write::unblock(bev);
    t.flags.set(t.flags.get() & (Flags::SETTINGS | Flags::FREED));
    t.round.set(t.round.get().wrapping_add(1));
    bev.forget_output();
}

fn unlink(bev: BevRef) {
    let t = tls(bev);
    t.set(Flags::FREED, true);
    disconnect_session(bev);
    if let Some(u) = t.underlying {
        below::let_go(bev, u);
    }
}

fn destruct(bev: BevRef) -> Option<BevRef> {
    let t = tls(bev);
    bev.cancel_lookup();
    bev.unwatch_input();
    if bev.options().contains(BevOpt::CLOSE_ON_FREE) {
        let fd = bev.ev_read().fd();
        if t.underlying.is_none() && fd >= 0 {
            sys::fd::close(fd);
        }
        // SAFETY: the program gave it to us to free, and nobody uses it any more.
        unsafe { (t.table().free)(t.session) };
    }
    t.underlying
}
