//! Filters: a bufferevent over another one, with a function for each direction.
//!
//! A filter is the underlying bufferevent's only user: it sets that one's callbacks, holds a reference on it, and
//! lets it read only while the filter itself reads.
use super::ops::{self, Kind, Ops};
use super::private::{Private, Suspend};
use super::timeouts::adjust_timers;
use super::{BevRef, init};
use crate::abi::buffer::{evbuffer, evbuffer_cb_info};
use crate::abi::bufferevent::{
    BEV_TRIG_DEFER_CALLBACKS, BevEvent, BevOpt, bufferevent, bufferevent_filter_cb,
    bufferevent_filter_result, bufferevent_flush_mode, bufferevent_free_context_cb,
};
use crate::abi::event::Ev;
use crate::abi::util::{ev_ssize_t, evutil_socket_t};
use crate::buffer::BufferRef;
use crate::{Result, callback};
use std::cell::Cell;
use std::ffi::{c_int, c_short, c_void};
use std::ptr::{NonNull, null_mut};

/// What `bufferevent_filter_new` is given besides the underlying bufferevent. A missing function passes data on.
#[derive(Clone, Copy)]
pub struct FilterConfig {
    pub input: bufferevent_filter_cb,
    pub output: bufferevent_filter_cb,
    pub options: c_int,
    /// Told when the filter is gone, with `context`.
    pub free_context: bufferevent_free_context_cb,
    pub context: *mut c_void,
}

#[repr(C)]
struct Filter {
    common: Private,
    underlying: BevRef,
    config: FilterConfig,
    /// Our callback on our input, made when it is first needed: enabled while input waits below because ours is full.
    input_cb: Cell<*mut c_void>,
    /// The output function is being fed: what is added meanwhile is picked up there.
    feeding: Cell<bool>,
}

static FILTER: Ops = Ops {
    kind: Kind::Filter,
    enable,
    disable,
    unlink,
    destruct,
    adjust_timeouts: adjust_timers,
    output_added,
    flush,
    set_fd,
    get_fd,
    underlying: |bev| Some(filter(bev).underlying),
    cancel: ops::nothing,
};

/// The kind's own fields. Only for bufferevents whose table is `FILTER`.
fn filter<'a>(bev: BevRef) -> &'a Filter {
    debug_assert!(bev.kind() == Kind::Filter);
    // SAFETY: the table says that it is a Filter, which is alive while the handle is used. The public head inside it
    // is not looked at through this reference.
    unsafe { &*bev.as_ptr().cast::<Filter>() }
}

impl BevRef {
    /// `bufferevent_filter_new`
    pub fn filter_new(underlying: BevRef, config: FilterConfig) -> Result<BevRef> {
        let value = Filter {
            common: init::private(&FILTER, config.options & !BevOpt::THREADSAFE.bits()),
            underlying,
            config,
            input_cb: Cell::new(null_mut()),
            feeding: Cell::new(false),
        };
        // SAFETY: Filter is repr(C), starts with Private, and the rest needs no dropping.
        let bev = unsafe {
            init::make(value, underlying.base(), |bev| {
                if BevOpt::from_bits_retain(config.options).contains(BevOpt::THREADSAFE) {
                    // Without locks the filter is made all the same.
                    let _ = bev.enable_locking(None);
                }
                bev.assign_timers()?;
                init::ready(bev);
                Ok(())
            })
        }?;
        let arg = bev.as_ptr().cast::<c_void>();
        underlying.incref();
        underlying.setcb(Some(below_readable), Some(below_written), Some(below_event), arg);
        underlying.suspend_read(Suspend::FILTER);
        let _ = underlying.enable(Ev::READ | Ev::WRITE);
        Ok(bev)
    }
}

/// Whether we want to know when room comes in our full input. Without memory for the callback the next data from
/// below, or enabling reading, goes on.
fn watch_input(bev: BevRef, on: bool) {
    let f = filter(bev);
    match NonNull::new(f.input_cb.get()) {
        Some(entry) => {
            let _ = bev.input().cb_set_enabled(entry, on);
        }
        None if on => {
            if let Ok(entry) = bev.input().add_cb(Some(input_changed), bev.as_ptr().cast(), false) {
                f.input_cb.set(entry.as_ptr());
            }
        }
        None => {}
    }
}

/// Whether `buffer` has reached `high`, where that counts: flushing goes past watermarks.
fn is_full(buffer: BufferRef, high: usize, mode: bufferevent_flush_mode) -> bool {
    mode == bufferevent_flush_mode::BEV_NORMAL && high != 0 && buffer.len() >= high
}
/// What a filter function is told that the destination may still take; -1: as much as it likes.
fn room(buffer: BufferRef, high: usize, mode: bufferevent_flush_mode) -> ev_ssize_t {
    if mode == bufferevent_flush_mode::BEV_NORMAL && high != 0 {
        ev_ssize_t::try_from(high.saturating_sub(buffer.len())).unwrap_or(ev_ssize_t::MAX)
    } else {
        -1
    }
}

/// Calls one of the two functions. True: it gave BEV_OK.
fn run(
    f: bufferevent_filter_cb,
    from: BufferRef,
    to: BufferRef,
    limit: ev_ssize_t,
    mode: bufferevent_flush_mode,
    context: *mut c_void,
) -> bool {
    if f.is_some() {
        // SAFETY: what the program gave together; both buffers belong to bufferevents that are held.
        let r = unsafe { callback::filter(f, from.as_ptr(), to.as_ptr(), limit, mode, context) };
        r == bufferevent_filter_result::BEV_OK
    } else {
        from.remove_buffer(to, usize::try_from(limit).unwrap_or(usize::MAX)).is_ok()
    }
}

/// Feeds the input function as long as there is something, and room. True: it has done something.
fn process_input(bev: BevRef, mode: bufferevent_flush_mode) -> bool {
    let f = filter(bev);
    let below = f.underlying;
    let full = || is_full(bev.input(), bev.wm_read().high, mode);
    if mode == bufferevent_flush_mode::BEV_NORMAL && (!bev.is_enabled(Ev::READ) || full()) {
        return false;
    }
    let (from, to) = (below.input(), bev.input());
    let mut processed = false;
    loop {
        let before = (from.len(), to.len());
        let limit = room(to, bev.wm_read().high, mode);
        if !run(f.config.input, from, to, limit, mode, f.config.context) {
            break;
        }
        processed = true;
        // Nothing left, nowhere to put it, or a function that moves nothing.
        let left = from.len();
        if left == 0 || !bev.is_enabled(Ev::READ) || full() || (left, to.len()) == before {
            break;
        }
    }
    if processed {
        bev.restart_read_timer();
    }
    processed
}

/// Feeds the output function. True: it has done something. The lock and a reference are held: it calls the program.
fn process_output(bev: BevRef, mode: bufferevent_flush_mode) -> bool {
    let f = filter(bev);
    let below = f.underlying;
    let full = || is_full(below.output(), below.wm_write().high, mode);
    let blocked = || bev.output().is_empty() || !bev.is_enabled(Ev::WRITE) || full();
    if mode == bufferevent_flush_mode::BEV_NORMAL && blocked() {
        return false;
    }
    // What the program adds from its write callback is picked up by the outer loop.
    let outer = f.feeding.replace(true);
    let (from, to) = (bev.output(), below.output());
    let mut any = false;
    loop {
        let mut go_on = false;
        let mut processed = false;
        loop {
            let before = (from.len(), to.len());
            let limit = room(to, below.wm_write().high, mode);
            if !run(f.config.output, from, to, limit, mode, f.config.context) {
                break;
            }
            processed = true;
            if blocked() {
                go_on = true;
                break;
            }
            if (from.len(), to.len()) == before {
                break;
            }
        }
        any |= processed;
        if !processed {
            break;
        }
        bev.trigger_locked(Ev::WRITE, 0);
        if !go_on || blocked() {
            break;
        }
    }
    f.feeding.set(outer);
    if any {
        bev.restart_write_timer();
    }
    any
}

/// There may be input below: takes it, tells the program, and remembers if some had to stay.
fn read_below(bev: BevRef) {
    let f = filter(bev);
    let mode = bufferevent_flush_mode::BEV_NORMAL;
    let mut left = f.underlying.input().len();
    while process_input(bev, mode) {
        bev.trigger_locked(Ev::READ, 0);
        let still = f.underlying.input().len();
        if still != 0 && is_full(bev.input(), bev.wm_read().high, mode) {
            watch_input(bev, true);
            return;
        }
        // The callback may have made room: go on as long as that gets something.
        if still == 0 || still == left || bev.is_orphan() {
            return;
        }
        left = still;
    }
}

/// # Safety
/// `arg` is a live filter: its finalizer removes this callback.
unsafe extern "C" fn input_changed(_: *mut evbuffer, _: *const evbuffer_cb_info, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    if !is_full(bev.input(), bev.wm_read().high, bufferevent_flush_mode::BEV_NORMAL) {
        watch_input(bev, false);
        if !filter(bev).underlying.input().is_empty() {
            read_below(bev);
        }
    }
}
/// The program has written something.
fn output_added(bev: BevRef) {
    if bev.own().refs.get() != 0 && !filter(bev).feeding.get() {
        let _busy = bev.busy();
        process_output(bev, bufferevent_flush_mode::BEV_NORMAL);
    }
}

// The underlying bufferevent's callbacks. `arg` is the filter; it may have lost its last reference in another thread,
// but its finalizer runs in the loop's thread as these do, so the memory is there.

/// # Safety
/// `arg` is a filter that is alive or being finalized.
unsafe extern "C" fn below_readable(_: *mut bufferevent, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    read_below(bev);
}
/// # Safety
/// As [`below_readable`].
unsafe extern "C" fn below_written(_: *mut bufferevent, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    process_output(bev, bufferevent_flush_mode::BEV_NORMAL);
}
/// # Safety
/// As [`below_readable`].
unsafe extern "C" fn below_event(_: *mut bufferevent, what: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    bev.run_eventcb(BevEvent::from_bits_retain(what), 0);
}

fn enable(bev: BevRef, what: Ev) -> Result<()> {
    if what.contains(Ev::WRITE) {
        bev.restart_write_timer();
        if !bev.output().is_empty() {
            // Added while writing was disabled: nothing else need happen below that would take it.
            let below = filter(bev).underlying;
            let _busy = below.busy();
            below.run_writecb(BEV_TRIG_DEFER_CALLBACKS);
        }
    }
    if what.contains(Ev::READ) {
        bev.restart_read_timer();
        let below = filter(bev).underlying;
        below.unsuspend_read(Suspend::FILTER);
        if !below.input().is_empty() {
            // Left there when the filter stopped reading: nothing new need come for it.
            let _busy = below.busy();
            below.run_readcb(BEV_TRIG_DEFER_CALLBACKS);
        }
    }
    Ok(())
}

fn disable(bev: BevRef, what: Ev) -> Result<()> {
    if what.contains(Ev::WRITE) {
        bev.stop_write_timer();
    }
    if what.contains(Ev::READ) {
        bev.stop_read_timer();
        filter(bev).underlying.suspend_read(Suspend::FILTER);
    }
    Ok(())
}

fn unlink(bev: BevRef) {
    let below = filter(bev).underlying;
    if bev.options().contains(BevOpt::CLOSE_ON_FREE) {
        // The program's reference goes; ours goes after our memory has.
        if below.references() < 2 {
            crate::warnx!(
                "a filter with BEV_OPT_CLOSE_ON_FREE finds its underlying bufferevent freed already"
            );
        } else {
            below.free();
        }
        return;
    }
    let _held = below.hold();
    if below.cbarg() == bev.as_ptr().cast() {
        below.setcb(None, None, None, null_mut());
    }
    below.unsuspend_read(Suspend::FILTER);
}

fn destruct(bev: BevRef) -> Option<BevRef> {
    let f = filter(bev);
    // SAFETY: what the program gave together, called once.
    unsafe { callback::free_context(f.config.free_context, f.config.context) };
    bev.unwatch_input();
    if !f.input_cb.get().is_null() {
        let _ = bev.input().remove_cb(Some(input_changed), bev.as_ptr().cast());
    }
    Some(f.underlying)
}

fn flush(bev: BevRef, what: Ev, mode: bufferevent_flush_mode) -> Result<bool> {
    let mut any = false;
    if what.contains(Ev::READ) {
        any |= process_input(bev, mode);
    }
    if what.contains(Ev::WRITE) {
        any |= process_output(bev, mode);
    }
    let _ = filter(bev).underlying.flush(what, mode);
    Ok(any)
}

fn set_fd(bev: BevRef, fd: evutil_socket_t) -> Result<()> {
    filter(bev).underlying.set_fd(fd)
}

fn get_fd(bev: BevRef) -> Option<evutil_socket_t> {
    filter(bev).underlying.fd()
}
