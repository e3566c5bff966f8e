//! The loop: wait, collect what is ready and what has timed out, run the callbacks, write the output.
use super::guard::Guard;
use super::io_map::IoMap;
use super::queues::{QUEUED, Queues, flags};
use super::signal::Signals;
use super::state::State;
use super::{BaseRef, EventRef, debug, once};
use crate::abi::event::{Ev, Evlist, Evloop, closure, event, event_callback};
use crate::abi::util::evutil_socket_t;
use crate::backend::{Interest, Reports, Wait};
use crate::sys::c::timeval;
use crate::thread::current_id;
use crate::{Error, Result, callback, debugx, mem, warnx};
use std::ffi::{c_int, c_short, c_void};
use std::ptr::null_mut;

/// Why a loop ended that did not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It was told to: by its flags, loopexit or loopbreak.
    Asked,
    /// No events were left.
    Empty,
}

impl BaseRef {
    /// `event_base_loop`
    pub fn run(self, how: Evloop) -> Result<Ended> {
        let mut g = self.lock();
        if g.running {
            warnx!("event_base_loop: this base's loop is running already");
            return Err(Error::Invalid);
        }
        g.running = true;
        g.clock.end_turn();
        g.signals.set_current();
        g.owner = current_id();
        g.exit = false;
        g.stop = false;
        let (mut g, result) = turns(g, how);
        g.clock.end_turn();
        g.running = false;
        result
    }
    /// `event_base_loopexit`: the loop ends after the callbacks that are active when `tv` has passed.
    pub fn loopexit(self, tv: Option<&timeval>) -> Result<()> {
        self.once(-1, Ev::TIMEOUT, Some(exit_cb), self.as_ptr().cast(), tv)
    }
    /// `event_base_loopbreak`: the loop ends after the running callback.
    pub fn loopbreak(self) {
        let mut g = self.lock();
        g.stop = true;
        g.q.attention = true;
        g.wake();
    }
    /// `event_base_loopcontinue`: the loop looks for new events after the running callback.
    pub fn loopcontinue(self) {
        let mut g = self.lock();
        g.q.restart = true;
        g.q.attention = true;
        g.wake();
    }
    pub fn got_break(self) -> bool {
        self.lock().stop
    }
    pub fn got_exit(self) -> bool {
        self.lock().exit
    }
    /// `event_base_get_running_event`: of the loop that the calling thread runs.
    pub fn running_event(self) -> Option<EventRef> {
        let g = self.lock();
        let cb = g.current;
        if cb.is_null() || !g.in_loop_thread() || !flags(cb).contains(Evlist::INIT) {
            return None;
        }
        // SAFETY: INIT says that it is the head of an event.
        Some(unsafe { EventRef::from_callback(cb) })
    }
}

unsafe extern "C" fn exit_cb(_fd: crate::abi::util::evutil_socket_t, _what: c_short, arg: *mut c_void) {
    // SAFETY: `loopexit` registered the base itself, which is running this callback.
    if let Some(base) = unsafe { BaseRef::from_raw(arg.cast()) } {
        base.lock().exit = true;
    }
}

fn turns(mut g: Guard, how: Evloop) -> (Guard, Result<Ended>) {
    // What was written before the loop began, or by another thread, goes out before the timers that are due: they are
    // put off for one turn.
    let mut put_off = false;
    loop {
        if g.exit || g.stop {
            return (g, Ok(Ended::Asked));
        }
        let timeout = if put_off || g.q.any_active() || how.contains(Evloop::NONBLOCK) {
            Some(0)
        } else if !how.contains(Evloop::NO_EXIT_ON_EMPTY) && !g.q.any_events() {
            debugx!("event_base_loop: no events registered.");
            return (g, Ok(Ended::Empty));
        } else {
            g.next_timeout()
        };
        if timeout == Some(0)
            && !put_off
            && !g.q.any_active()
            && !g.q.any_events()
            && !how.contains(Evloop::NO_EXIT_ON_EMPTY)
        {
            return (g, Ok(Ended::Empty));
        }
        g.q.start_turn();
        let mut wait = g.backend.start_wait(timeout);
        g.clock.end_turn();
        // From here on whoever makes something active wakes us: the lock is not released in between.
        g.in_wait = timeout != Some(0);
        g = g.call_out(|| wait.run());
        g.in_wait = false;
        g.clock.start_turn();
        if let Err(e) = g.collect(wait) {
            return (g, Err(e));
        }
        let was_put_off = put_off;
        put_off = g.q.output_len() != 0 && !was_put_off;
        if !put_off {
            g.expire_timers();
        }
        if g.q.any_active() {
            let n;
            (g, n) = run_active(g);
            if how.contains(Evloop::ONCE) && (n != 0 || was_put_off) && !put_off && !g.q.any_active() {
                return (g, Ok(Ended::Asked));
            }
        } else if how.contains(Evloop::NONBLOCK) || (how.contains(Evloop::ONCE) && was_put_off) {
            return (g, Ok(Ended::Asked));
        }
    }
}

/// Where the reports of a wait go.
struct Collector<'a> {
    io: &'a mut IoMap,
    q: &'a mut Queues,
    signals: &'a Signals,
    /// Events made active and not counted yet.
    n: c_int,
    own: Own,
}
/// The base's own events.
struct Own {
    signal: *mut event,
    notify: *mut event,
    signalled: bool,
    notified: bool,
}
impl Reports for Collector<'_> {
    #[inline(always)]
    fn report(&mut self, fd: evutil_socket_t, what: Interest) {
        let Collector { io, q, n, own, .. } = self;
        if what.contains(Interest::ERROR) {
            return self.report_error(fd, what);
        }
        io.active(fd, what, |ev, res| {
            if ev.flags().intersects(NOT_PLAIN) {
                own.unusual(q, ev, res);
            } else {
                q.collect(ev, res);
                *n += 1;
            }
        });
    }
    #[cold]
    fn signal(&mut self, signal: c_int, times: u32) {
        let Collector { q, signals, .. } = self;
        signals.deliver(signal, times, |ev, n| activate_signal(q, ev, n));
    }
    #[cold]
    fn woken(&mut self) {
        self.own.notified = true;
    }
}
fn activate_signal(q: &mut Queues, ev: EventRef, n: u32) {
    q.activate(ev, Ev::SIGNAL, n.min(c_short::MAX as u32) as c_short);
}
/// What sets an event apart from one that is simply to be made active.
const NOT_PLAIN: Evlist =
    Evlist::from_bits_retain(Evlist::INTERNAL.bits() | Evlist::FINALIZING.bits() | QUEUED.bits());

impl Collector<'_> {
    #[cold]
    fn report_error(&mut self, fd: evutil_socket_t, what: Interest) {
        let Collector { io, q, own, .. } = self;
        io.active_error(fd, what, |ev, res| own.unusual(q, ev, res));
    }
}
impl Own {
    #[cold]
    fn unusual(&mut self, q: &mut Queues, ev: EventRef, what: Ev) {
        if ev.as_ptr() == self.signal {
            self.signalled = true;
        } else if ev.as_ptr() == self.notify {
            self.notified = true;
        } else {
            q.activate(ev, what, 1);
        }
    }
}

impl State {
    /// From ready descriptors to active events, in one pass.
    fn collect(&mut self, wait: Wait) -> Result<()> {
        let (signal, notify) = (&raw mut self.signal_event, &raw mut self.notify_event);
        let State { backend, io, signals, q, .. } = self;
        let own = Own { signal, notify, signalled: false, notified: false };
        let mut c = Collector { io, q, signals, n: 0, own };
        let result = backend.finish_wait_into(wait, &mut c);
        let Collector { n, own: Own { signalled, notified, .. }, .. } = c;
        q.count_collected(n);
        if signalled {
            signals.drain(|ev, n| activate_signal(q, ev, n));
        }
        if notified {
            self.notify.served();
        }
        result
    }
}

/// Runs the most urgent queue that has anything, then the output queue. How many callbacks ran; -1 after loopbreak.
fn run_active(mut g: Guard) -> (Guard, c_int) {
    let until = match g.limits.max_time {
        Some(t) => {
            g.clock.update();
            Some(g.clock.now().saturating_add(t))
        }
        None => None,
    };
    let mut count = 0;
    let mut pri = 0;
    while pri < g.q.priorities() {
        if !g.q.first(pri).is_null() {
            g.q.running_priority = pri as c_int;
            let limited = pri as c_int >= g.limits.from_priority;
            let (max, until) = if limited { (g.limits.max_callbacks, until) } else { (c_int::MAX, None) };
            (g, count) = run_queue(g, pri, max, until);
            if count != 0 {
                break;
            }
            // Only internal callbacks so far: they do not keep others waiting.
        }
        pri += 1;
    }
    g.q.running_priority = -1;
    if count >= 0 && g.q.output_len() != 0 {
        let n;
        (g, n) = run_output(g);
        count += n;
    }
    (g, count)
}

/// What is to be called, read before the lock is released: the event may not survive its callback.
struct Call {
    cb: crate::abi::event::event_callback_fn,
    fd: crate::abi::util::evutil_socket_t,
    what: c_short,
    arg: *mut c_void,
}
impl Call {
    #[inline]
    fn of(ev: EventRef) -> Call {
        Call { cb: ev.event_fn(), fd: ev.fd(), what: ev.res_raw(), arg: ev.arg() }
    }
    #[inline]
    fn run(&self) {
        // SAFETY: registered together by `event_assign`; the guard has been released.
        unsafe { callback::event(self.cb, self.fd, self.what, self.arg) }
    }
}

/// How long one queue may run.
struct Limit {
    max: c_int,
    until: Option<i64>,
}
impl Limit {
    fn is_set(&self) -> bool {
        self.max != c_int::MAX || self.until.is_some()
    }
}

fn run_queue(mut g: Guard, pri: usize, max: c_int, until: Option<i64>) -> (Guard, c_int) {
    let limit = Limit { max, until };
    g.q.attention |= limit.is_set();
    let mut count = 0;
    loop {
        let cb = g.q.first(pri);
        if cb.is_null() {
            break;
        }
        let f = flags(cb);
        g = if f & (Evlist::INIT | Evlist::INTERNAL) == Evlist::INIT {
            count += 1;
            // SAFETY: INIT says that it is the head of an event.
            run_event(g, pri, 1, unsafe { EventRef::from_callback(cb) })
        } else if f.contains(Evlist::INIT) {
            // SAFETY: as above.
            run_internal_event(g, pri, unsafe { EventRef::from_callback(cb) })
        } else {
            count += c_int::from(!f.contains(Evlist::INTERNAL));
            run_callback(g, cb)
        };
        g.current = null_mut();
        if g.q.attention && g.stop_queue(&limit, count) {
            break;
        }
    }
    if g.stop {
        count = -1;
    }
    (g, count)
}

impl Guard {
    /// Something asks for attention after a callback: is it the last of its queue?
    #[cold]
    fn stop_queue(&mut self, limit: &Limit, count: c_int) -> bool {
        if self.waiters {
            self.callback_returned();
        }
        if self.stop || count >= limit.max {
            return true;
        }
        if let (Some(t), true) = (limit.until, count > 0) {
            self.clock.update();
            if self.clock.now() >= t {
                return true;
            }
        }
        self.q.attention = self.q.restart | limit.is_set();
        self.q.restart
    }
}

#[cold]
fn run_internal_event(g: Guard, pri: usize, ev: EventRef) -> Guard {
    run_event(g, pri, 0, ev)
}
/// Takes `ev` off the queue of `pri`, whose head it is, and calls its callback. `n` is 0 for an internal event, else 1.
#[inline(always)]
fn run_event(mut g: Guard, pri: usize, n: c_int, ev: EventRef) -> Guard {
    let persist = ev.events().contains(Ev::PERSIST);
    if persist && ev.closure() == closure::EVENT_PERSIST {
        g.q.remove_first(pri, n, ev.callback());
        g.current = ev.callback();
        let interval = ev.interval();
        if (interval.tv_sec != 0) | (interval.tv_usec != 0) {
            g.rearm(ev);
        }
        let call = Call::of(ev);
        return g.call_user(|| call.run());
    }
    if persist || ev.flags().contains(Evlist::FINALIZING) {
        g.q.remove_first(pri, n, ev.callback());
    } else {
        g.take_to_run(pri, n, ev);
    }
    g.current = ev.callback();
    if ev.closure() == closure::EVENT {
        let call = Call::of(ev);
        return g.call_user(|| call.run());
    }
    run_closure(g, ev)
}
/// The rarer kinds of `ev`, which has been taken off its queue.
fn run_closure(mut g: Guard, ev: EventRef) -> Guard {
    match ev.closure() {
        closure::EVENT_PERSIST => {
            g.rearm(ev);
            let call = Call::of(ev);
            g.call_user(|| call.run())
        }
        closure::EVENT_SIGNAL => run_signal(g, ev),
        once::CLOSURE => {
            let call = Call::of(ev);
            g.free_once(ev);
            g.call_out(|| call.run())
        }
        kind @ (closure::EVENT_FINALIZE | closure::EVENT_FINALIZE_FREE) => {
            g.current = null_mut();
            let (cb, arg) = (ev.finalize_fn(), ev.arg());
            g.call_out(|| finalize_event(ev, cb, arg, kind == closure::EVENT_FINALIZE_FREE))
        }
        _ => run_callback_as(g, ev.callback()),
    }
}

/// Calls the finalizer of `ev`, which is on no queue, and frees it if it belongs to us. No guard is alive.
pub(super) fn finalize_event(
    ev: EventRef,
    cb: crate::abi::event::event_finalize_callback_fn,
    arg: *mut c_void,
    free: bool,
) {
    debug::note_teardown(ev);
    // SAFETY: registered by `event_finalize`; nothing refers to the event any more.
    unsafe { callback::finalize(cb, ev.as_ptr(), arg) };
    if free {
        // SAFETY: `event_free_finalize` is for events of `event_new`, which come from our allocator.
        unsafe { mem::free(ev.as_ptr().cast()) };
    }
}

fn run_signal(mut g: Guard, ev: EventRef) -> Guard {
    let call = Call::of(ev);
    g.signal_left = ev.ncalls();
    // Deleting the event, even in its own callback, sets the count to 0. The event itself is not touched again.
    while g.signal_left > 0 {
        g.signal_left -= 1;
        g = g.call_out(|| call.run());
        if g.stop {
            break;
        }
    }
    g.signal_left = 0;
    g
}

fn run_callback(mut g: Guard, cb: *mut event_callback) -> Guard {
    g.q.remove_active(cb);
    g.current = cb;
    run_callback_as(g, cb)
}
/// An internal callback that has been taken off its queue.
fn run_callback_as(mut g: Guard, cb: *mut event_callback) -> Guard {
    // SAFETY: alive until it has been told so (see `CallbackRef`); the union holds what the closure says.
    let (kind, f, arg) = unsafe { ((*cb).evcb_closure, (*cb).evcb_cb_union.evcb_selfcb, (*cb).evcb_arg) };
    match kind {
        closure::CB_SELF => {}
        closure::CB_FINALIZE => g.current = null_mut(),
        _ => return g,
    }
    // SAFETY: registered together; no guard is alive.
    g.call_out(|| unsafe { callback::selfcb(f, cb, arg) })
}

/// Runs what stands on the output queue now; what it puts there is for the next turn.
fn run_output(mut g: Guard) -> (Guard, c_int) {
    let mut count = 0;
    let mut left = g.q.output_len();
    while left > 0 && !g.stop {
        let Some(cb) = g.q.take_output() else { break };
        left -= 1;
        count += 1;
        g.current = cb;
        // SAFETY: alive until it has been told so (see `CallbackRef`); only such callbacks stand on this queue.
        let (f, arg) = unsafe { ((*cb).evcb_cb_union.evcb_selfcb, (*cb).evcb_arg) };
        // SAFETY: registered together; the guard has been released.
        g = g.call_user(|| unsafe { callback::selfcb(f, cb, arg) });
        g.current = null_mut();
        if g.waiters {
            g.callback_returned();
        }
    }
    (g, count)
}
