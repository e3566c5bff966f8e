//! Handshakes: the one a connection begins with, and further ones that the program asks for.
use super::super::BevRef;
use super::*;
use crate::abi::bufferevent::{BEV_TRIG_DEFER_CALLBACKS, BevEvent};

/// Goes on with the handshake. The lock and a reference are held, and we were called by the loop.
pub(super) fn step(bev: BevRef) {
    let t = tls(bev);
    if t.rests() {
        return;
    }
    // A socket that was given before its peer's name is looked up is not connected yet.
    let unconnected = bev.own().write_suspended.get().contains(Suspend::LOOKUP);
    if !bev.is_enabled(Ev::READ | Ev::WRITE) || !has_transport(bev) || unconnected {
        stop_reading(bev);
        return stop_writing(bev);
    }
    // SAFETY: the session is alive, no operation is under way.
    match operate(bev, |ops, session, report| unsafe { (ops.handshake)(session, report) }) {
        Step::Done(_) => complete(bev),
        Step::WantRead => {
            stop_writing(bev);
            wait_for_data(bev);
        }
        Step::WantWrite => {
            if t.underlying.is_none() {
                stop_reading(bev);
            }
            if start_writing(bev).is_err() {
                ends::ended(bev, End::Failed, BevEvent::WRITING, 0);
            }
        }
        Step::Ended(end) => ends::ended(bev, end, BevEvent::READING, 0),
    }
}

/// Data wakes us, whatever the program has enabled.
fn wait_for_data(bev: BevRef) {
    let t = tls(bev);
    let waits = match t.underlying {
        Some(u) => {
            u.unsuspend_read(Suspend::FILTER);
            // Below it has ended meanwhile.
            if t.has(Flags::BELOW_EOF) {
                kick(bev);
            }
            Ok(())
        }
        None => super::super::timeouts::add_event(bev.ev_read(), &bev.timeout_read()),
    };
    if waits.is_err() {
        ends::ended(bev, End::Failed, BevEvent::READING, 0);
    }
}

fn complete(bev: BevRef) {
    let t = tls(bev);
    t.phase.set(Phase::Open);
    t.set(Flags::RENEGOTIATING, false);
    stop_writing(bev);
    if can_read(bev) {
        let _ = start_reading(bev);
    } else {
        stop_reading(bev);
    }
    let to_write = !bev.output().is_empty() && can_write(bev);
    if to_write {
        kick(bev);
    }
    if t.underlying.is_some() {
        // The program's timeouts are about its data, and that begins now.
        if can_read(bev) {
            bev.restart_read_timer();
        }
        if to_write {
            bev.restart_write_timer();
        }
    }
    bev.run_eventcb(BevEvent::CONNECTED, 0);
}

/// Asks for another handshake. Application data may come in the middle of it: whoever reads takes both.
pub(super) fn renegotiate(bev: BevRef) -> Result<()> {
    let t = tls(bev);
    if !t.is_open() || t.rests() || !has_transport(bev) {
        return Err(Error::Invalid);
    }
    // SAFETY: the session is alive, no operation is under way.
    if unsafe { (t.table().renegotiate)(t.session) } != 0 {
        return Err(Error::Invalid);
    }
    t.set(Flags::RENEGOTIATING, true);
    if !can_read(bev) {
        t.phase.set(Phase::Again);
    }
    kick_reading(bev);
    Ok(())
}

/// Whether a further handshake has been completed by reading or writing; then that is reported, from the loop.
pub(super) fn check_renegotiated(bev: BevRef) {
    let t = tls(bev);
    if !t.has(Flags::RENEGOTIATING) || t.has(Flags::IN_OP | Flags::DEAD) {
        return;
    }
    // SAFETY: the session is alive, no operation is under way.
    if unsafe { (t.table().renegotiating)(t.session) } == 0 {
        t.set(Flags::RENEGOTIATING, false);
        bev.run_eventcb(BevEvent::CONNECTED, BEV_TRIG_DEFER_CALLBACKS);
    }
}
