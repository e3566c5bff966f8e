//! From the session into the input.
use super::super::BevRef;
use super::super::private::MAX_SINGLE_DEFAULT;
use super::*;
use crate::abi::bufferevent::BevEvent;

/// One turn takes not much more than this from one connection, where the program has set no limit: others want a turn
/// too.
const FAIR: usize = 64 * 1024;
/// A record holds no more.
const RECORD: usize = 16 * 1024;

/// Why the session gives no more for now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// There may be more at once.
    No,
    /// New data will wake us.
    Idle,
    Blocked,
    WantsWrite,
    Ended(End),
}

/// How much may be read now; 0: nothing.
fn allowed(bev: BevRef) -> usize {
    if !can_read(bev) {
        return 0;
    }
    let high = bev.wm_read().high;
    let mut max = RECORD.min(bev.read_max());
    if high != 0 {
        let len = bev.input().len();
        if len >= high {
            // The program has lowered the watermark, or the field itself.
            bev.suspend_read(Suspend::WATERMARK);
            return 0;
        }
        max = max.min(high - len);
    }
    // The question may have found the group at its limit.
    if can_read(bev) { max } else { 0 }
}

/// Fills `len` bytes at `to` from the session, as far as it gives them.
fn fill(bev: BevRef, to: *mut u8, len: usize, stop: &mut Stop) -> usize {
    let t = tls(bev);
    let mut got = 0;
    while got < len && *stop == Stop::No {
        let n = c_int::try_from(len - got).unwrap_or(c_int::MAX);
        // SAFETY: `n` bytes at `to + got` are ours; the session is alive, no operation is under way.
        let step = operate(bev, |ops, session, report| unsafe {
            (ops.read)(session, to.add(got).cast(), n, report)
        });
        match step {
            Step::Done(n) => {
                got += n;
                t.set(Flags::READ_WAITS_WRITE, false);
                if !can_read(bev) || t.has(Flags::FREED) {
                    // Its cost has emptied a bucket.
                    break;
                }
                // A socket wakes us for what it has; what the session has, nobody would tell of.
                if t.underlying.is_none() && !t.pending() {
                    *stop = Stop::Idle;
                }
            }
            Step::WantRead => *stop = Stop::Blocked,
            Step::WantWrite => *stop = Stop::WantsWrite,
            Step::Ended(end) => *stop = Stop::Ended(end),
        }
    }
    got
}

/// Reads as long as that costs little, tells the program, and then of the end if that has come.
pub(super) fn round(bev: BevRef) {
    let t = tls(bev);
    if t.rests() {
        return;
    }
    let round = t.round.get();
    let (mut total, mut stop) = (0, Stop::No);
    let single = bev.own().max_single_read.get();
    let fair = if single == MAX_SINGLE_DEFAULT { FAIR } else { single };
    let had_to_wait = t.has(Flags::READ_WAITS_WRITE);
    while stop == Stop::No && t.round.get() == round {
        let max = allowed(bev).min(fair);
        if max == 0 {
            break;
        }
        if total >= fair {
            kick_reading(bev);
            break;
        }
        match bev.input().owner_add_with(max, |to, len| fill(bev, to, len, &mut stop)) {
            Ok(n) => total += n,
            Err(e) => {
                t.errno.set(e.errno().unwrap_or(0));
                stop = Stop::Ended(End::Failed);
            }
        }
    }
    if t.has(Flags::FREED) || t.round.get() != round {
        return;
    }
    if stop == Stop::WantsWrite {
        t.set(Flags::READ_WAITS_WRITE, true);
        if t.underlying.is_none() {
            stop_reading(bev);
        }
        if start_writing(bev).is_err() {
            stop = Stop::Ended(End::Failed);
        }
    } else if had_to_wait {
        t.set(Flags::READ_WAITS_WRITE, false);
        if bev.output().is_empty() {
            stop_writing(bev);
        }
        if can_read(bev) {
            let _ = start_reading(bev);
        }
    }
    handshake::check_renegotiated(bev);
    if total > 0 {
        if t.underlying.is_some() {
            bev.restart_read_timer();
        }
        // The program's callback comes last: it may change anything.
        bev.trigger_locked(Ev::READ, 0);
    }
    if let Stop::Ended(end) = stop
        && t.round.get() == round
    {
        ends::ended(bev, end, BevEvent::READING, 0);
    }
}
