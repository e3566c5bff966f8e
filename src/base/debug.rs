//! Debug mode: a table of the events that have been assigned and added, by address, because the struct itself may
//! have been freed or overwritten. Misuse is fatal here; without debug mode it is undefined.
use super::EventRef;
use crate::abi::event::{Ev, Evlist};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, HashMap};
use crate::{log, sys, warnx};
use parking_lot::Mutex;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static ON: AtomicBool = AtomicBool::new(false);
/// Something has been made already.
static TOO_LATE: AtomicBool = AtomicBool::new(false);
/// By address: whether it is added.
static EVENTS: Mutex<Option<Table>> = Mutex::new(None);
type Table = HashMap<usize, bool, BuildHasherDefault<AddressHasher>>;

/// What libevent's fatal callback is told for misuse.
pub const ABORT: std::ffi::c_int = 0xdead_dead_u32 as std::ffi::c_int;

#[derive(Default)]
struct AddressHasher(u64);
impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_usize(usize::from(*b) ^ self.0 as usize);
        }
    }
    fn write_usize(&mut self, i: usize) {
        self.0 = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

/// `event_enable_debug_mode`
pub fn enable() {
    if ON.load(Relaxed) {
        die(1, format_args!("event_enable_debug_mode: debug mode is on already"));
    }
    if TOO_LATE.load(Relaxed) {
        die(1, format_args!("event_enable_debug_mode: too late, an event or a base exists already"));
    }
    *EVENTS.lock() = Some(HashMap::with_hasher_in(BuildHasherDefault::default(), mem::Alloc));
    ON.store(true, Relaxed);
    crate::thread::set_debug_mode(true);
}
/// `event_disable_debug_mode`, part of `libevent_global_shutdown`.
pub fn disable() {
    ON.store(false, Relaxed);
    crate::thread::set_debug_mode(false);
    *EVENTS.lock() = None;
}
#[inline]
pub fn is_on() -> bool {
    ON.load(Relaxed)
}
pub(super) fn note_too_late() {
    // Read first: events are assigned often, from many threads.
    if !TOO_LATE.load(Relaxed) {
        TOO_LATE.store(true, Relaxed);
    }
}
#[cold]
fn die(code: std::ffi::c_int, what: std::fmt::Arguments<'_>) -> ! {
    log::write(log::Severity::Err, None, what);
    log::fatal(code)
}
#[cold]
fn misuse(what: &str, ev: EventRef, doing: &str) -> ! {
    die(
        ABORT,
        format_args!(
            "{doing}: {what} {:p} (events: 0x{:x}, fd: {}, flags: 0x{:x})",
            ev.as_ptr(),
            ev.events_raw(),
            ev.fd(),
            ev.flags_raw()
        ),
    )
}
/// Whether there is a table, and `ev` is not in it.
fn is_unknown(ev: EventRef) -> bool {
    EVENTS.lock().as_ref().is_some_and(|t| !t.contains_key(&(ev.as_ptr() as usize)))
}
fn is_added(ev: EventRef) -> bool {
    EVENTS.lock().as_ref().is_some_and(|t| t.get(&(ev.as_ptr() as usize)) == Some(&true))
}

/// `ev` has been assigned.
#[inline]
pub(super) fn note_setup(ev: EventRef) {
    if is_on() {
        put(ev, false);
    }
    note_too_late();
}
#[cold]
#[inline(never)]
fn put(ev: EventRef, added: bool) {
    let mut table = EVENTS.lock();
    let Some(t) = table.as_mut() else { return };
    if t.try_reserve(1).is_err() {
        // With gaps in the table the checks would hit innocent events.
        *table = None;
        ON.store(false, Relaxed);
        drop(table);
        warnx!("debug mode: out of memory, events are not checked any more");
        return;
    }
    t.insert(ev.as_ptr() as usize, added);
}
/// `ev` is about to be freed, or forgotten.
#[inline]
pub fn note_teardown(ev: EventRef) {
    #[cold]
    #[inline(never)]
    fn take(ev: EventRef) {
        if let Some(t) = EVENTS.lock().as_mut() {
            t.remove(&(ev.as_ptr() as usize));
        }
    }
    if is_on() {
        take(ev);
    }
}
/// `ev` has been added, or deleted.
#[inline]
pub(super) fn note_add(ev: EventRef, added: bool) {
    #[cold]
    #[inline(never)]
    fn note(ev: EventRef, added: bool) {
        if is_unknown(ev) {
            let doing = if added { "event_add" } else { "event_del" };
            misuse("the event has not been assigned:", ev, doing);
        }
        put(ev, added);
    }
    if is_on() {
        note(ev, added);
    }
}
/// Fatal unless `ev` has been assigned, or is one of the base's own, which `event_base_foreach_event` shows too.
#[inline]
pub fn assert_set_up(ev: EventRef, doing: &str) {
    #[cold]
    #[inline(never)]
    fn check(ev: EventRef, doing: &str) {
        if is_unknown(ev) && !ev.flags().contains(Evlist::INTERNAL) {
            misuse("not an event that was assigned:", ev, doing);
        }
    }
    if is_on() {
        check(ev, doing);
    }
}
/// Fatal if `ev` is added, or its descriptor blocks: a callback must never make the loop wait.
#[inline]
pub(super) fn assert_assignable(ev: EventRef, fd: evutil_socket_t, events: Ev) {
    #[cold]
    #[inline(never)]
    fn check(ev: EventRef, fd: evutil_socket_t, events: Ev) {
        let _keep = sys::ErrnoGuard::new();
        if fd >= 0 && !events.contains(Ev::SIGNAL) && sys::fd::is_blocking(fd) {
            die(ABORT, format_args!("event_assign: descriptor {fd} is not nonblocking"));
        }
        assert_not_added(ev, "event_assign");
    }
    if is_on() {
        check(ev, fd, events);
    }
}
/// Fatal if `ev` is added.
#[inline]
pub(super) fn assert_not_added(ev: EventRef, doing: &str) {
    #[cold]
    #[inline(never)]
    fn check(ev: EventRef, doing: &str) {
        if is_added(ev) {
            misuse("the event is still added:", ev, doing);
        }
    }
    if is_on() {
        check(ev, doing);
    }
}
