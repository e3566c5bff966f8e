//! From the output into the session.
use super::super::BevRef;
use super::*;
use crate::abi::bufferevent::BevEvent;
use crate::sys::c::iovec;
use std::mem::MaybeUninit;

/// What one record holds. Small blocks of the output are put together for one.
const RECORD: usize = 16 * 1024;
/// One turn writes not much more than this of one connection, where the program has set no limit.
const FAIR: usize = 256 * 1024;

/// Takes back that a write is to be repeated.
pub(super) fn unblock(bev: BevRef) {
    let t = tls(bev);
    if t.retry.replace(0) > 0 {
        let _ = bev.output().unfreeze(true);
    }
}

/// Gives the first `len` bytes of the output, which are there, to `f`: where they are if they lie together, else a copy.
fn with_front<T>(bev: BevRef, len: usize, f: impl FnOnce(*const u8) -> T) -> Option<T> {
    let output = bev.output();
    let mut first = [iovec { iov_base: null_mut(), iov_len: 0 }];
    // SAFETY: from the beginning.
    unsafe { output.peek(Some(len), None, &mut first) }.ok()?;
    let [first] = first;
    if first.iov_len >= len {
        return Some(f(first.iov_base.cast_const().cast()));
    }
    with_copy(bev, len, f)
}
/// (Apart, because of the room that it takes on the stack.)
#[inline(never)]
fn with_copy<T>(bev: BevRef, len: usize, f: impl FnOnce(*const u8) -> T) -> Option<T> {
    let output = bev.output();
    let mut copy = [MaybeUninit::<u8>::uninit(); RECORD];
    // A blocked write froze it against everybody else.
    let frozen = tls(bev).retry.get() > 0;
    if frozen {
        let _ = output.unfreeze(true);
    }
    // SAFETY: from the beginning.
    let n = unsafe { output.copyout(None, copy.get_mut(..len)?) };
    if frozen {
        let _ = output.freeze(true);
    }
    (n.ok()? == len).then(|| f(copy.as_ptr().cast()))
}

/// Gives the session the output, record by record, as long as the transport takes it. `options` are those of the
/// program's callbacks.
pub(super) fn round(bev: BevRef, options: c_int) {
    let t = tls(bev);
    // A read that has something to say comes first: if both sides filled their sockets instead, neither would read.
    if t.rests() || !t.is_open() || t.has(Flags::READ_WAITS_WRITE) {
        return;
    }
    let round = t.round.get();
    let output = bev.output();
    let mut total = 0;
    let mut end = None;
    while can_write(bev) && !output.is_empty() && t.round.get() == round && !t.rests() {
        let retry = t.retry.get();
        let len = if retry > 0 { retry } else { output.len().min(RECORD).min(bev.write_max()) };
        if len == 0 || !can_write(bev) {
            break;
        }
        let had_pending = t.pending();
        let step = with_front(bev, len, |from| {
            // SAFETY: `len` bytes, at most a record's, are at `from`; the session is alive, no operation is under way.
            operate(bev, |ops, session, report| unsafe {
                (ops.write)(session, from.cast(), len as c_int, report)
            })
        });
        match step {
            Some(Step::Done(n)) => {
                let waited = t.has(Flags::WRITE_WAITS_READ);
                t.set(Flags::WRITE_WAITS_READ, false);
                unblock(bev);
                if waited && !can_read(bev) {
                    stop_reading(bev);
                } else if (waited || !had_pending) && t.pending() {
                    // It has read, for a handshake in between, and more than it needed.
                    kick_reading(bev);
                }
                total += n;
                // It may call out.
                let _ = output.drain(n);
                if total >= FAIR || bev.own().has(State::WRITE_LIMIT_SET) {
                    // The rest in the next turn, without waiting for the kernel's word.
                    break;
                }
            }
            Some(Step::WantRead) => {
                block(bev, len);
                t.set(Flags::WRITE_WAITS_READ, true);
                if !t.has(Flags::READ_WAITS_WRITE) {
                    stop_writing(bev);
                }
                end = wait_for_data(bev).err().map(|_| End::Failed);
                break;
            }
            Some(Step::WantWrite) => {
                block(bev, len);
                t.set(Flags::WRITE_WAITS_READ, false);
                end = start_writing(bev).err().map(|_| End::Failed);
                break;
            }
            Some(Step::Ended(e)) => {
                end = Some(e);
                break;
            }
            None => {
                // The data cannot be had: a file that cannot be read, or no memory.
                t.errno.set(crate::sys::errno());
                end = Some(End::Failed);
                break;
            }
        }
    }
    if t.has(Flags::FREED) || t.round.get() != round {
        return;
    }
    if end.is_none() {
        if output.is_empty() {
            if !t.has(Flags::READ_WAITS_WRITE) {
                stop_writing(bev);
            }
        } else if t.retry.get() == 0 && can_write(bev) && !bev.schedule_output() {
            let _ = start_writing(bev);
        }
    }
    handshake::check_renegotiated(bev);
    if total > 0 {
        if t.underlying.is_some() {
            if output.is_empty() {
                bev.stop_write_timer();
            } else {
                bev.restart_write_timer();
            }
        }
        bev.trigger_locked(Ev::WRITE, options);
    }
    if let Some(end) = end
        && t.round.get() == round
    {
        ends::ended(bev, end, BevEvent::WRITING, options);
    }
}

/// The same bytes must be written again: nobody takes them out of the output meanwhile.
fn block(bev: BevRef, len: usize) {
    tls(bev).retry.set(len);
    let _ = bev.output().freeze(true);
}

fn wait_for_data(bev: BevRef) -> Result<()> {
    match tls(bev).underlying {
        Some(u) => {
            u.unsuspend_read(Suspend::FILTER);
            Ok(())
        }
        None => super::super::timeouts::add_event(bev.ev_read(), &bev.timeout_read()),
    }
}
