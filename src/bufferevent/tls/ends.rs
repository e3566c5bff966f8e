//! How a connection ends.
use super::super::BevRef;
use super::*;
use crate::abi::bufferevent::BevEvent;
use crate::sys;

/// The session, asked for `dir`, has come to an end. Reports it, unless it was reported already. Last thing to do.
pub(super) fn ended(bev: BevRef, end: End, dir: BevEvent, options: c_int) {
    let t = tls(bev);
    if t.has(Flags::DEAD | Flags::FREED) {
        return;
    }
    let what = match end {
        End::Clean => BevEvent::EOF,
        End::Dirty if t.has(Flags::DIRTY_OK) => BevEvent::EOF,
        End::Dirty | End::Failed => BevEvent::ERROR,
    };
    if end == End::Clean && dir == BevEvent::READING && t.is_open() {
        // The peer sends no more; it may still be listening.
        t.set(Flags::READ_CLOSED, true);
        if !t.has(Flags::WRITE_WAITS_READ) {
            stop_reading(bev);
        }
    } else {
        bury(bev);
    }
    let errno = t.errno.replace(0);
    if errno != 0 {
        sys::set_errno(errno);
    }
    bev.run_eventcb(what | dir, options);
}

/// Stops everything: the connection is of no more use.
pub(super) fn bury(bev: BevRef) {
    let t = tls(bev);
    t.set(Flags::DEAD, true);
    t.set(Flags::READ_DUE | Flags::READ_WAITS_WRITE | Flags::WRITE_WAITS_READ, false);
    write::unblock(bev);
    stop_reading(bev);
    stop_writing(bev);
    if t.underlying.is_some() {
        bev.stop_read_timer();
        bev.stop_write_timer();
    }
}
