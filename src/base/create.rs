//! Making a base, making it wakeable, and making it anew after fork.
use super::clock::{Clock, micros};
use super::common::CommonTimeouts;
use super::config::{Config, options};
use super::guard::{Base, Guard, LockKind};
use super::io_map::IoMap;
use super::once::Spare;
use super::queues::Queues;
use super::signal::Signals;
use super::state::{Limits, State};
use super::timer_heap::TimerHeap;
use super::waker::Notify;
use super::{BaseRef, EventRef, debug};
use crate::abi::event::{BaseFlag, Ev, Evlist, event};
use crate::backend::Backend;
use crate::list::List;
use crate::mem::{self, Box};
use crate::thread::{Cond, PlainLock, locks_enabled};
use crate::{Error, Result, warnx};
use std::cell::UnsafeCell;
use std::ffi::c_int;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

fn unassigned() -> event {
    // SAFETY: all zeros is an event that has not been assigned.
    unsafe { std::mem::zeroed() }
}

impl BaseRef {
    /// `event_base_new_with_config`
    pub fn new(config: &Config) -> Result<BaseRef> {
        debug::note_too_late();
        let flags = config.effective_flags();
        let Some(backend) = config.open_backend(flags) else {
            warnx!("event_base_new_with_config: no event mechanism available");
            return Err(Error::Invalid);
        };
        BaseRef::with_backend(config, flags, backend)
    }
    pub(super) fn with_backend(config: &Config, flags: BaseFlag, backend: Backend) -> Result<BaseRef> {
        crate::thread::note_lockable();
        let threads = locks_enabled() && !flags.contains(BaseFlag::NOLOCK);
        let (lock, callback_done) =
            if threads { (PlainLock::new()?, Cond::new()?) } else { (PlainLock::NONE, Cond::NONE) };
        let unlimited = config.max_callbacks == c_int::MAX && config.max_interval.is_none();
        let precise = flags.contains(BaseFlag::PRECISE_TIMER);
        let signals = Signals::new(&backend)?;
        let base = mem::new_box(Base {
            signal_pair: UnsafeCell::new(signals.ev_signal_pair),
            notify_fd: UnsafeCell::new([-1, -1]),
            priorities: AtomicI32::new(1),
            lock_kind: LockKind::of(&lock),
            lock,
            callback_done,
            state: UnsafeCell::new(State {
                backend,
                io: IoMap::new(debug::is_on()),
                signals,
                q: Queues::unplaced(),
                timers: TimerHeap::new(),
                timers_stale: false,
                common: CommonTimeouts::new(),
                clock: Clock::new(precise, flags.contains(BaseFlag::NO_CACHE_TIME)),
                notify: Notify::none(),
                wake_wanted: false,
                in_wait: false,
                wait_until: i64::MAX,
                running: false,
                exit: false,
                stop: false,
                current: null_mut(),
                signal_left: 0,
                waiters: false,
                callbacks_awaited: 0,
                owner: 0,
                once: List::new(),
                spare_once: Spare::none(),
                flags,
                limits: Limits {
                    max_time: config.max_interval.as_ref().map(micros),
                    max_callbacks: config.max_callbacks,
                    from_priority: if unlimited { c_int::MAX } else { config.limit_from_priority },
                },
                notify_event: unassigned(),
                signal_event: unassigned(),
                #[cfg(has_iocp)]
                iocp: None,
            }),
        })?;
        let (p, _) = Box::into_raw_with_allocator(base);
        // SAFETY: just made, alive until `free`.
        let base = unsafe { BaseRef::from_raw(p.cast()) }.ok_or(Error::NoMem)?;
        base.place(threads).inspect_err(|_| {
            // SAFETY: nobody else knows the base.
            unsafe { base.free(false) }
        })?;
        #[cfg(has_iocp)]
        if flags.contains(BaseFlag::STARTUP_IOCP) {
            // A base without it serves as well: what went wrong has been logged.
            let _ = base.start_iocp(config.cpus_hint);
        }
        Ok(base)
    }
    /// What can be set up only once the base stands where it stays.
    fn place(self, threads: bool) -> Result<()> {
        let mut g = self.lock();
        g.q.init()?;
        let fd = g.signals.fd();
        // SAFETY: a field of the base.
        if let Some(own) = unsafe { EventRef::from_raw(&raw mut g.signal_event) } {
            own.init_internal(self.as_ptr(), fd, Ev::READ | Ev::PERSIST, null_mut());
        }
        if threads {
            g.make_notifiable().inspect_err(|_| {
                warnx!("event_base_new_with_config: Unable to make base notifiable.");
            })?;
        }
        Ok(())
    }
    /// `evthread_make_base_notifiable`
    pub fn make_notifiable(self) -> Result<()> {
        self.lock().make_notifiable()
    }
    /// `event_base_priority_init`
    pub fn set_priorities(self, n: c_int) -> Result<()> {
        let mut g = self.lock();
        g.q.set_priorities(usize::try_from(n).map_err(|_| Error::Invalid)?)?;
        // SAFETY: the base is alive; atomic.
        unsafe { (*self.raw()).priorities.store(n, Relaxed) };
        Ok(())
    }
    /// Number of priorities.
    #[inline]
    pub fn priorities(self) -> i32 {
        // SAFETY: the base is alive; atomic.
        unsafe { (*self.raw()).priorities.load(Relaxed) }
    }

    /// `event_reinit`: in the child, after fork.
    pub fn reinit(self) -> Result<()> {
        let mut g = self.lock();
        // A loop that ran in another thread of the parent does not run here.
        if g.running && !g.in_loop_thread() {
            g.running = false;
            g.current = null_mut();
            g.clock.end_turn();
        }
        g.in_wait = false;
        let info = g.backend.info();
        if info.needs_reinit_after_fork {
            // The old one, which it shares with the parent, is closed without a word to the kernel.
            let new = Backend::new(info, options(g.flags))?;
            g.backend = new;
        }
        let was_notifiable = g.notify.is_open();
        let had_signals = g.signal_event_added();
        g.close_notify();
        g.remove_own(false);
        let renewed = {
            let State { signals, backend, .. } = &mut *g;
            signals.reinit(backend)
        };
        // Descriptors of the old backend mean nothing to the new one: from here on all must succeed or fail late.
        let mut result = if info.needs_reinit_after_fork {
            let State { io, backend, .. } = &mut *g;
            io.reinit(backend)
        } else {
            Ok(())
        };
        result = result.and(renewed);
        let fd = g.signals.fd();
        // SAFETY: a field of the base.
        if let Some(own) = unsafe { EventRef::from_raw(&raw mut g.signal_event) } {
            own.init_internal(self.as_ptr(), fd, Ev::READ | Ev::PERSIST, null_mut());
            if had_signals {
                result = result.and(g.add_own(own));
            }
        }
        // SAFETY: the base is alive and locked; the field is only a copy for others to read.
        unsafe { *(*self.raw()).signal_pair.get() = g.signals.ev_signal_pair };
        if was_notifiable {
            result = result.and(g.make_notifiable());
        }
        result
    }
}

impl Guard {
    fn own_notify(&mut self) -> Option<EventRef> {
        // SAFETY: a field of the base.
        unsafe { EventRef::from_raw(&raw mut self.notify_event) }
    }
    fn signal_event_added(&mut self) -> bool {
        Evlist::from_bits_retain(self.signal_event.ev_evcallback.evcb_flags).contains(Evlist::INSERTED)
    }
    fn add_own(&mut self, own: EventRef) -> Result<()> {
        let State { io, backend, .. } = &mut **self;
        io.add(backend, own)?;
        own.insert_flags(Evlist::INSERTED);
        Ok(())
    }
    /// Takes one of the base's own descriptor events off the map: the notification's or the signals'.
    pub(super) fn remove_own(&mut self, notify: bool) {
        let own = if notify { &raw mut self.notify_event } else { &raw mut self.signal_event };
        // SAFETY: a field of the base.
        let Some(own) = (unsafe { EventRef::from_raw(own) }) else { return };
        if own.flags().contains(Evlist::INSERTED) {
            own.remove_flags(Evlist::INSERTED);
            let State { io, backend, .. } = &mut **self;
            let _ = io.del(backend, own);
        }
    }
    fn make_notifiable(&mut self) -> Result<()> {
        if self.notify.is_open() {
            return Ok(());
        }
        if let Some(wake_up) = self.backend.wake_up()? {
            return self.notify.open_on(wake_up);
        }
        let fd = self.notify.open()?;
        let base = self.base();
        if let Some(own) = self.own_notify() {
            own.init_internal(base.as_ptr(), fd, Ev::READ | Ev::PERSIST, null_mut());
            if let Err(e) = self.add_own(own) {
                self.notify.close();
                return Err(e);
            }
        }
        self.show_notify_fds();
        Ok(())
    }
    pub(super) fn close_notify(&mut self) {
        self.remove_own(true);
        self.notify.close();
        self.show_notify_fds();
    }
    fn show_notify_fds(&mut self) {
        // SAFETY: the base is alive and locked; the field is only a copy for others to read.
        unsafe { *(*self.base().raw()).notify_fd.get() = self.notify.fds() };
    }
}
