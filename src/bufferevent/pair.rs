//! Pairs: what one side writes, the other reads, without a system call.
//!
//! Both sides share one lock. Their callbacks are always deferred, so that two programs that answer each other at once
//! do not recurse.
use super::ops::{self, Kind, Ops};
use super::private::Private;
use super::timeouts::{adjust_timers, is_set};
use super::{BevRef, init};
use crate::abi::bufferevent::{BevEvent, BevOpt, bufferevent_flush_mode};
use crate::abi::event::Ev;
use crate::base::BaseRef;
use crate::{Error, Result};
use std::cell::Cell;
use std::ffi::c_int;

#[repr(C)]
struct Pair {
    common: Private,
    /// The other side; None once either is gone. It holds no reference.
    partner: Cell<Option<BevRef>>,
}

static PAIR: Ops = Ops {
    kind: Kind::Pair,
    enable,
    disable,
    unlink,
    destruct,
    adjust_timeouts: adjust_timers,
    output_added,
    flush,
    set_fd: ops::no_set_fd,
    get_fd: ops::no_fd,
    underlying: ops::no_underlying,
    cancel: ops::nothing,
};

fn new_side(base: BaseRef, options: c_int) -> Result<BevRef> {
    let value = Pair { common: init::private(&PAIR, options), partner: Cell::new(None) };
    // SAFETY: Pair is repr(C), starts with Private, and a Cell of a handle needs no dropping.
    unsafe {
        init::make(value, Some(base), |bev| {
            bev.assign_timers()?;
            init::ready(bev);
            Ok(())
        })
    }
}

impl BevRef {
    /// `bufferevent_pair_new`
    pub fn pair_new(base: BaseRef, options: c_int) -> Result<(BevRef, BevRef)> {
        let options = options | BevOpt::DEFER_CALLBACKS.bits();
        let a = new_side(base, options)?;
        let b = new_side(base, options & !BevOpt::THREADSAFE.bits()).inspect_err(|_| a.free())?;
        if let Some(lock) = a.shared_lock().cloned() {
            let shared = b.enable_locking(Some(lock));
            if let Err(e) = shared {
                a.free();
                b.free();
                return Err(e);
            }
        }
        pair(a).set(Some(b));
        pair(b).set(Some(a));
        for side in [a, b] {
            let _ = side.input().freeze(false);
            let _ = side.output().freeze(true);
        }
        Ok((a, b))
    }
    /// `bufferevent_pair_get_partner`
    pub fn partner(self) -> Option<BevRef> {
        if self.kind() != Kind::Pair {
            return None;
        }
        let _held = self.hold();
        pair(self).get()
    }
}

/// The kind's own field. Only for bufferevents whose table is `PAIR`.
fn pair<'a>(bev: BevRef) -> &'a Cell<Option<BevRef>> {
    debug_assert!(bev.kind() == Kind::Pair);
    // SAFETY: the table says that it is a Pair, which is alive while the handle is used.
    unsafe { &(*bev.as_ptr().cast::<Pair>()).partner }
}

/// Whether `from` has something that `to` wants.
fn can_move(from: BevRef, to: BevRef) -> bool {
    from.is_enabled(Ev::WRITE)
        && to.is_enabled(Ev::READ)
        && to.own().read_suspended.get().is_empty()
        && !from.output().is_empty()
}

/// Moves output to input, up to the reader's high watermark unless `all`, and triggers both sides.
fn transfer(from: BevRef, to: BevRef, all: bool) {
    let high = to.wm_read().high;
    let before = from.output().len();
    if high == 0 {
        let _ = to.input().owner_add_buffer(from.output());
    } else {
        let have = to.input().len();
        if have < high {
            let _ = from.output().unfreeze(true);
            let _ = to.input().unfreeze(false);
            let _ = from.output().remove_buffer(to.input(), high - have);
            let _ = from.output().freeze(true);
            let _ = to.input().freeze(false);
        } else if all {
            let _ = to.input().owner_add_buffer(from.output());
        } else {
            return;
        }
    }
    if from.output().len() < before {
        to.restart_read_timer();
        if is_set(&to.timeout_write()) {
            if to.output().is_empty() {
                to.stop_write_timer();
            } else {
                to.restart_write_timer();
            }
        }
    }
    to.trigger_locked(Ev::READ, 0);
    from.trigger_locked(Ev::WRITE, 0);
}

/// The other side may be waiting for it.
fn output_added(bev: BevRef) {
    let Some(partner) = pair(bev).get() else { return };
    if bev.own().refs.get() == 0 || !can_move(bev, partner) {
        return;
    }
    let _busy = (bev.busy(), partner.busy());
    transfer(bev, partner, false);
}

fn enable(bev: BevRef, what: Ev) -> Result<()> {
    let partner = pair(bev).get();
    let _busy = bev.busy();
    let _partner_busy = partner.map(BevRef::busy);
    if what.contains(Ev::READ) {
        bev.restart_read_timer();
    }
    if what.contains(Ev::WRITE) && !bev.output().is_empty() {
        bev.restart_write_timer();
    }
    let Some(partner) = partner else { return Ok(()) };
    if what.contains(Ev::READ) && can_move(partner, bev) {
        transfer(partner, bev, false);
    }
    if what.contains(Ev::WRITE) && can_move(bev, partner) {
        transfer(bev, partner, false);
    }
    Ok(())
}

fn disable(bev: BevRef, what: Ev) -> Result<()> {
    if what.contains(Ev::READ) {
        bev.stop_read_timer();
    }
    if what.contains(Ev::WRITE) {
        bev.stop_write_timer();
    }
    Ok(())
}

fn unlink(bev: BevRef) {
    if let Some(partner) = pair(bev).take() {
        pair(partner).set(None);
    }
}

fn destruct(bev: BevRef) -> Option<BevRef> {
    bev.unwatch_input();
    None
}

/// Moves data past watermarks and suspensions; at the end of the stream the partner is told so.
fn flush(bev: BevRef, what: Ev, mode: bufferevent_flush_mode) -> Result<bool> {
    let partner = pair(bev).get().ok_or(Error::Invalid)?;
    if mode == bufferevent_flush_mode::BEV_NORMAL {
        return Ok(false);
    }
    let _partner_busy = partner.busy();
    if what.contains(Ev::READ) {
        transfer(partner, bev, true);
    }
    if what.contains(Ev::WRITE) {
        transfer(bev, partner, true);
    }
    if mode == bufferevent_flush_mode::BEV_FINISHED {
        let mut event = BevEvent::EOF;
        // Our reading is the partner's writing.
        event.set(BevEvent::WRITING, what.contains(Ev::READ));
        event.set(BevEvent::READING, what.contains(Ev::WRITE));
        partner.run_eventcb(event, 0);
    }
    Ok(false)
}
