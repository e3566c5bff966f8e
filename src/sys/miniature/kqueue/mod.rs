//! A miniature of FreeBSD's kqueue(2) on Linux.
//!
//! What it does is what FreeBSD's manual page says: kqueue, kevent with EVFILT_READ, EVFILT_WRITE, EVFILT_SIGNAL and
//! EVFILT_USER (other filters: EINVAL), with FreeBSD's numbers and its layout of `struct kevent`, and errno as C knows it.
//!
//! How: the queue's descriptor is an epoll set in which every descriptor with a read note is registered edge triggered; a
//! second one does the same for write notes. An edge puts a note on the list of those that may be ready; whether
//! it is, its filter decides when the note is to be handed out, by looking at the descriptor itself. As on the real
//! thing, a note that is not EV_CLEAR stays on the list as long as its filter says so.
//!
//! * Closing a descriptor removes its notes. Linux tells nobody, so it is found out when a note is used: adding
//!   the number to the epoll set once more fails with EEXIST only if it is still the same file.
//! * Closing the queue's descriptor ends the queue: found out by the next call; with `close` of this module, at once.
//! * A child of fork does not inherit queues: their descriptors are closed in it (pthread_atfork).
//!
//! Known differences: the numbers of bytes and of pending connections are as good as Linux tells them; the error of a
//! broken stream is always ECONNRESET, because asking Linux for it would take it away from the program; a signal is counted
//! when it is delivered, so one that is blocked is counted late, and not while the program has set its action
//! behind the back of `sigaction` of this module.
mod filter;
mod signals;
#[cfg(test)]
mod tests;

pub(crate) use signals::sigaction;

use crate::sys::{ErrnoGuard, errno, set_errno};
use filter::{Filter, Look};
use libc::{c_int, c_void, timespec};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

pub(crate) const EVFILT_READ: i16 = -1;
pub(crate) const EVFILT_WRITE: i16 = -2;
pub(crate) const EVFILT_SIGNAL: i16 = -6;
pub(crate) const EVFILT_USER: i16 = -11;

pub(crate) const EV_ADD: u16 = 0x0001;
pub(crate) const EV_DELETE: u16 = 0x0002;
pub(crate) const EV_ENABLE: u16 = 0x0004;
pub(crate) const EV_DISABLE: u16 = 0x0008;
pub(crate) const EV_ONESHOT: u16 = 0x0010;
pub(crate) const EV_CLEAR: u16 = 0x0020;
pub(crate) const EV_RECEIPT: u16 = 0x0040;
pub(crate) const EV_DISPATCH: u16 = 0x0080;
pub(crate) const EV_ERROR: u16 = 0x4000;
pub(crate) const EV_EOF: u16 = 0x8000;

pub(crate) const NOTE_LOWAT: u32 = 0x0001;
pub(crate) const NOTE_FILE_POLL: u32 = 0x0002;
pub(crate) const NOTE_FFAND: u32 = 0x4000_0000;
pub(crate) const NOTE_FFOR: u32 = 0x8000_0000;
pub(crate) const NOTE_FFCOPY: u32 = 0xc000_0000;
pub(crate) const NOTE_FFCTRLMASK: u32 = 0xc000_0000;
pub(crate) const NOTE_FFLAGSMASK: u32 = 0x00ff_ffff;
pub(crate) const NOTE_TRIGGER: u32 = 0x0100_0000;

/// `struct kevent` of FreeBSD 12 and later.
#[allow(non_camel_case_types, reason = "the name in C")]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct kevent {
    pub(crate) ident: usize,
    pub(crate) filter: i16,
    pub(crate) flags: u16,
    pub(crate) fflags: u32,
    pub(crate) data: i64,
    pub(crate) udata: *mut c_void,
    pub(crate) ext: [u64; 4],
}

/// An errno.
type Errno = c_int;
/// What identifies a note.
type Key = (i16, usize);

/// A registered event.
struct Knote {
    filter: Filter,
    /// EV_CLEAR, EV_ONESHOT, EV_DISPATCH, as they were when it was added.
    flags: u16,
    fflags: u32,
    data: i64,
    udata: *mut c_void,
    ext: [u64; 4],
    enabled: bool,
    /// On the list of those that may be ready.
    active: bool,
    /// What its epoll entry carries; another note of the same key has another one.
    token: u64,
}
// SAFETY: `udata` is never looked at.
unsafe impl Send for Knote {}

struct State {
    notes: BTreeMap<Key, Knote>,
    /// The keys of active notes, in the order of their activation.
    active: VecDeque<Key>,
    tokens: BTreeMap<u64, Key>,
    last_token: u64,
    /// One eventfd for each thread that sleeps in kevent, and some to spare.
    sleepers: Vec<c_int>,
    spare: Vec<c_int>,
    /// Rung by the signal handler; -1 without a signal note.
    bell: c_int,
    closed: bool,
}

struct Queue {
    /// The queue's own descriptor: an epoll set of the read notes. The set of the write notes is in it, too.
    fd: c_int,
    writes: c_int,
    state: Mutex<State>,
}

static QUEUES: Mutex<Vec<Arc<Queue>>> = Mutex::new(Vec::new());

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}
/// The result of a system call.
fn checked(r: c_int) -> Result<c_int, Errno> {
    if r < 0 { Err(errno()) } else { Ok(r) }
}
fn close_fd(fd: c_int) {
    let _keep = ErrnoGuard::new();
    // SAFETY: ours.
    unsafe { libc::close(fd) };
}
/// Moves a descriptor of the miniature's own out of the way: a program may count on getting the lowest numbers.
fn hidden(fd: c_int) -> c_int {
    let _keep = ErrnoGuard::new();
    // SAFETY: numbers only.
    let high = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 900) };
    if high < 0 {
        return fd;
    }
    close_fd(fd);
    high
}
fn eventfd() -> Result<c_int, Errno> {
    // SAFETY: no pointers.
    checked(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) }).map(hidden)
}
fn ring(eventfd: c_int) {
    let one = 1u64.to_ne_bytes();
    // SAFETY: eight bytes. A full counter has rung already.
    unsafe { libc::write(eventfd, one.as_ptr().cast(), one.len()) };
}
fn silence(eventfd: c_int) {
    let mut count = [0u8; 8];
    // SAFETY: eight bytes.
    unsafe { libc::read(eventfd, count.as_mut_ptr().cast(), count.len()) };
}
fn epoll_ctl(set: c_int, op: c_int, fd: c_int, events: u32, token: u64) -> Result<(), Errno> {
    let mut e = libc::epoll_event { events, u64: token };
    // SAFETY: `e` lives for the call.
    checked(unsafe { libc::epoll_ctl(set, op, fd, &mut e) }).map(drop)
}
/// Whether the number `fd` still means the file that was added to `set` under it.
fn still_in(set: c_int, fd: c_int) -> bool {
    match epoll_ctl(set, libc::EPOLL_CTL_ADD, fd, 0, u64::MAX) {
        Err(libc::EEXIST) => true,
        Err(_) => false,
        Ok(()) => {
            let _ = epoll_ctl(set, libc::EPOLL_CTL_DEL, fd, 0, 0);
            false
        }
    }
}

impl Queue {
    fn new() -> Result<Arc<Queue>, Errno> {
        // SAFETY: no pointers.
        let writes = hidden(checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?);
        let made = || -> Result<c_int, Errno> {
            // SAFETY: no pointers.
            let fd = checked(unsafe { libc::epoll_create1(0) })?;
            // By this entry the queue is known from any other descriptor of the same number.
            epoll_ctl(fd, libc::EPOLL_CTL_ADD, writes, 0, u64::MAX).inspect_err(|_| close_fd(fd))?;
            Ok(fd)
        };
        let fd = made().inspect_err(|_| close_fd(writes))?;
        let state = State {
            notes: BTreeMap::new(),
            active: VecDeque::new(),
            tokens: BTreeMap::new(),
            last_token: 0,
            sleepers: Vec::new(),
            spare: Vec::new(),
            bell: -1,
            closed: false,
        };
        Ok(Arc::new(Queue { fd, writes, state: Mutex::new(state) }))
    }
    fn is_open(&self) -> bool {
        still_in(self.fd, self.writes)
    }
    /// Frees what the queue has besides its own descriptor.
    fn end(&self) {
        let mut s = lock(&self.state);
        s.closed = true;
        let keys: Vec<Key> = s.notes.keys().copied().collect();
        keys.into_iter().for_each(|key| self.remove(&mut s, key));
        s.sleepers.iter().for_each(|&fd| ring(fd));
        close_fd(self.writes);
        s.spare.drain(..).for_each(close_fd);
        if s.bell >= 0 {
            signals::remove_bell(s.bell);
            close_fd(s.bell);
            s.bell = -1;
        }
    }

    fn set_of(&self, filter: i16) -> c_int {
        if filter == EVFILT_WRITE { self.writes } else { self.fd }
    }
    /// Puts a note on the list of those that may be ready.
    fn activate(s: &mut State, key: Key) {
        if let Some(n) = s.notes.get_mut(&key)
            && !n.active
        {
            n.active = true;
            s.active.push_back(key);
        }
    }
    /// Takes a note away, as EV_DELETE, EV_ONESHOT and the closing of its descriptor do.
    fn remove(&self, s: &mut State, key: Key) {
        let Some(n) = s.notes.remove(&key) else { return };
        s.tokens.remove(&n.token);
        if n.active {
            s.active.retain(|k| *k != key);
        }
        match n.filter {
            Filter::Descriptor { polled: true, .. } => {
                let (set, fd) = (self.set_of(key.0), key.1 as c_int);
                if still_in(set, fd) {
                    let _ = epoll_ctl(set, libc::EPOLL_CTL_DEL, fd, 0, 0);
                }
            }
            Filter::Signal { .. } => signals::unwatch(key.1 as c_int),
            _ => {}
        }
    }
    /// Whether the note's descriptor is what it was when the note was added.
    fn is_same_file(&self, key: Key, note: &Knote) -> bool {
        match note.filter {
            Filter::Descriptor { polled: true, .. } => still_in(self.set_of(key.0), key.1 as c_int),
            Filter::Descriptor { id, .. } => filter::identity(key.1 as c_int) == Ok(id),
            _ => true,
        }
    }

    /// Makes one change.
    fn change(&self, s: &mut State, c: &kevent) -> Result<(), Errno> {
        let key = (c.filter, c.ident);
        match c.filter {
            EVFILT_READ | EVFILT_WRITE => {
                let fd = c_int::try_from(c.ident).map_err(|_| libc::EBADF)?;
                filter::identity(fd)?;
                if s.notes.get(&key).is_some_and(|n| !self.is_same_file(key, n)) {
                    self.remove(s, key);
                }
            }
            EVFILT_SIGNAL | EVFILT_USER => {}
            _ => return Err(libc::EINVAL),
        }
        if !s.notes.contains_key(&key) {
            if c.flags & EV_ADD == 0 {
                return Err(libc::ENOENT);
            }
            self.add(s, c)?;
        } else if c.flags & EV_DELETE != 0 {
            self.remove(s, key);
            return Ok(());
        }
        let note = s.notes.get_mut(&key).ok_or(libc::ENOENT)?;
        note.udata = c.udata;
        note.ext = c.ext;
        match &mut note.filter {
            Filter::User { triggered } => {
                let (value, given) = (c.fflags & NOTE_FFLAGSMASK, note.fflags);
                note.fflags = match c.fflags & NOTE_FFCTRLMASK {
                    NOTE_FFAND => given & value,
                    NOTE_FFOR => given | value,
                    NOTE_FFCOPY => value,
                    _ => given,
                };
                note.data = c.data;
                if c.flags & EV_CLEAR != 0 && c.flags & EV_ADD == 0 {
                    *triggered = false;
                    note.fflags = 0;
                    note.data = 0;
                }
                *triggered |= c.fflags & NOTE_TRIGGER != 0;
            }
            _ => {
                note.fflags = c.fflags;
                note.data = c.data;
            }
        }
        if c.flags & EV_DISABLE != 0 {
            note.enabled = false;
        } else if c.flags & (EV_ENABLE | EV_ADD) != 0 {
            note.enabled = true;
        }
        // The filter is asked at once whether its condition holds already.
        if note.enabled {
            Queue::activate(s, key);
        }
        Ok(())
    }
    /// A new note, without what every change may set.
    fn add(&self, s: &mut State, c: &kevent) -> Result<(), Errno> {
        let key = (c.filter, c.ident);
        s.last_token += 1;
        let token = s.last_token;
        let filter = match c.filter {
            EVFILT_SIGNAL => {
                let signal = c_int::try_from(c.ident).map_err(|_| libc::EINVAL)?;
                if s.bell < 0 {
                    s.bell = eventfd()?;
                    signals::add_bell(s.bell);
                }
                Filter::Signal { seen: signals::watch(signal)? }
            }
            EVFILT_USER => Filter::User { triggered: false },
            _ => {
                let fd = c.ident as c_int;
                let filter = filter::attach(c.filter, fd)?;
                if matches!(filter, Filter::Descriptor { polled: true, .. }) {
                    let what = if c.filter == EVFILT_WRITE {
                        libc::EPOLLOUT | libc::EPOLLET
                    } else {
                        libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLET
                    };
                    let set = self.set_of(c.filter);
                    match epoll_ctl(set, libc::EPOLL_CTL_ADD, fd, what as u32, token) {
                        // Left over: closed, and the same file under the same number again.
                        Err(libc::EEXIST) => epoll_ctl(set, libc::EPOLL_CTL_MOD, fd, what as u32, token)?,
                        r => r?,
                    }
                }
                filter
            }
        };
        s.tokens.insert(token, key);
        let note = Knote {
            filter,
            flags: c.flags & (EV_CLEAR | EV_ONESHOT | EV_DISPATCH),
            fflags: 0,
            data: 0,
            udata: c.udata,
            ext: c.ext,
            enabled: true,
            active: false,
            token,
        };
        s.notes.insert(key, note);
        Ok(())
    }

    /// Takes up what the epoll sets and the signal handler have to tell.
    fn take_edges(&self, s: &mut State) {
        for set in [self.fd, self.writes] {
            loop {
                let mut got = [libc::epoll_event { events: 0, u64: 0 }; 64];
                // SAFETY: room for 64.
                let n = unsafe { libc::epoll_wait(set, got.as_mut_ptr(), got.len() as c_int, 0) };
                for e in got.iter().take(n.max(0) as usize) {
                    let token = e.u64;
                    if let Some(&key) = s.tokens.get(&token) {
                        Queue::activate(s, key);
                    }
                }
                if n < got.len() as c_int {
                    break;
                }
            }
        }
        if s.bell >= 0 {
            silence(s.bell);
        }
        // Signals are few, and files have no edges.
        let quiet = |n: &Knote| {
            !n.active && matches!(n.filter, Filter::Signal { .. } | Filter::Descriptor { polled: false, .. })
        };
        let again: Vec<Key> = s
            .notes
            .iter()
            .filter(|(k, n)| quiet(n) && Queue::may_have_changed(n, **k))
            .map(|(k, _)| *k)
            .collect();
        again.into_iter().for_each(|key| Queue::activate(s, key));
    }
    fn may_have_changed(n: &Knote, key: Key) -> bool {
        match n.filter {
            Filter::Signal { seen } => signals::count(key.1 as c_int) != seen,
            _ => n.flags & EV_CLEAR == 0,
        }
    }
    /// Hands out what is ready, each note at most once.
    fn scan(&self, s: &mut State, mut put: impl FnMut(kevent), room: usize) -> usize {
        let mut done = 0;
        for _ in 0..s.active.len() {
            if done == room {
                break;
            }
            let Some(key) = s.active.pop_front() else { break };
            let Some(note) = s.notes.get_mut(&key) else { continue };
            note.active = false;
            if !note.enabled {
                // It is looked at again when it is enabled.
                continue;
            }
            if !self.is_same_file(key, note) {
                // Off the list already.
                self.remove(s, key);
                continue;
            }
            let look = filter::look(key, note);
            let Look::Ready { flags, fflags, data } = look else { continue };
            put(kevent {
                ident: key.1,
                filter: key.0,
                flags: note.flags | flags,
                fflags,
                data,
                udata: note.udata,
                ext: note.ext,
            });
            done += 1;
            filter::handed_out(note, data);
            if note.flags & EV_ONESHOT != 0 {
                self.remove(s, key);
            } else if note.flags & EV_DISPATCH != 0 {
                note.enabled = false;
            } else if note.flags & EV_CLEAR == 0 && !matches!(note.filter, Filter::Signal { .. }) {
                Queue::activate(s, key);
            }
        }
        done
    }
    fn wake_others(s: &State) {
        s.sleepers.iter().for_each(|&fd| ring(fd));
    }
    /// Sleeps until something may have happened. The lock is released meanwhile.
    fn sleep(&self, mut s: MutexGuard<'_, State>, until: Option<Instant>) -> Result<(), Errno> {
        let own = match s.spare.pop() {
            Some(fd) => fd,
            None => eventfd()?,
        };
        silence(own);
        s.sleepers.push(own);
        let bell = s.bell;
        let files = s.notes.values().any(|n| matches!(n.filter, Filter::Descriptor { polled: false, .. }));
        drop(s);
        let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut set = [entry(self.fd), entry(self.writes), entry(own), entry(bell)];
        let mut left = until.map(|t| t.saturating_duration_since(Instant::now()));
        if files {
            // Nobody tells of a file that grows.
            left = Some(left.unwrap_or(Duration::MAX).min(Duration::from_millis(20)));
        }
        let span = left.map(|d| timespec {
            tv_sec: d.as_secs() as crate::sys::c::time_t,
            tv_nsec: d.subsec_nanos() as libc::c_long,
        });
        let span_ptr = span.as_ref().map_or(std::ptr::null(), |t| t as *const timespec);
        // SAFETY: four entries, a time that lives for the call, no signal mask.
        let slept = checked(unsafe { libc::ppoll(set.as_mut_ptr(), 4, span_ptr, std::ptr::null()) });
        let mut s = lock(&self.state);
        s.sleepers.retain(|&fd| fd != own);
        if s.closed {
            close_fd(own);
            return Err(libc::EBADF);
        }
        s.spare.push(own);
        slept.map(drop)
    }
}

/// Lets go of queues whose descriptor has been closed.
fn sweep(queues: &mut Vec<Arc<Queue>>) {
    queues.retain(|q| {
        let open = q.is_open();
        if !open {
            q.end();
        }
        open
    });
}
fn find(kq: c_int) -> Option<Arc<Queue>> {
    let mut queues = lock(&QUEUES);
    let q = queues.iter().find(|q| q.fd == kq)?.clone();
    if !q.is_open() {
        sweep(&mut queues);
        return None;
    }
    Some(q)
}
fn fail(e: Errno) -> c_int {
    set_errno(e);
    -1
}

/// kqueue(2)
///
/// # Safety
/// None is needed; unsafe as the system's is.
pub(crate) unsafe fn kqueue() -> c_int {
    fork::prepare_once();
    let mut queues = lock(&QUEUES);
    sweep(&mut queues);
    match Queue::new() {
        Ok(q) => {
            let fd = q.fd;
            queues.push(q);
            fd
        }
        Err(e) => fail(e),
    }
}

/// close(2) of a queue, which then ends at once and not at the next call.
pub(crate) fn close(kq: c_int) {
    let mut queues = lock(&QUEUES);
    if let Some(at) = queues.iter().position(|q| q.fd == kq)
        && queues.get(at).is_some_and(|q| q.is_open())
    {
        queues.swap_remove(at).end();
    }
    close_fd(kq);
}

/// kevent(2)
///
/// # Safety
/// `changelist` has `nchanges` entries, `eventlist` room for `nevents`, `timeout` is null or a time.
pub(crate) unsafe fn kevent(
    kq: c_int,
    changelist: *const kevent,
    nchanges: c_int,
    eventlist: *mut kevent,
    nevents: c_int,
    timeout: *const timespec,
) -> c_int {
    let Some(q) = find(kq) else { return fail(libc::EBADF) };
    if (changelist.is_null() && nchanges > 0) || (eventlist.is_null() && nevents > 0) {
        return fail(libc::EFAULT);
    }
    let room = nevents.max(0) as usize;
    let mut used = 0;
    let mut put = |e: kevent| {
        // SAFETY: `used` stays below `room`, which the caller promises.
        unsafe { eventlist.add(used).write(e) };
        used += 1;
        used
    };
    let mut s = lock(&q.state);
    let mut errors = 0;
    for i in 0..nchanges.max(0) as usize {
        // SAFETY: the caller's promise. Receipts never overtake the changes if the arrays are one.
        let change = unsafe { changelist.add(i).read() };
        let result = q.change(&mut s, &change);
        if result.is_err() || change.flags & EV_RECEIPT != 0 {
            if errors == room {
                Queue::wake_others(&s);
                return result.map_or_else(fail, |()| 0);
            }
            let data = result.map_or_else(i64::from, |()| 0);
            errors = put(kevent { flags: EV_ERROR, data, ..change });
        }
    }
    if nchanges > 0 {
        Queue::wake_others(&s);
    }
    if errors > 0 {
        return errors as c_int;
    }
    if room == 0 {
        return 0;
    }
    let mut until = None;
    // SAFETY: null or a time.
    let limit = unsafe { timeout.as_ref() };
    if let Some(t) = limit {
        if t.tv_sec < 0 || !(0..1_000_000_000).contains(&t.tv_nsec) {
            return fail(libc::EINVAL);
        }
        until = Instant::now().checked_add(Duration::new(t.tv_sec as u64, t.tv_nsec as u32));
    }
    let look_only = limit.is_some_and(|t| t.tv_sec == 0 && t.tv_nsec == 0);
    let mut interrupted = None;
    loop {
        q.take_edges(&mut s);
        let n = q.scan(&mut s, |e| _ = put(e), room);
        if n > 0 {
            if !s.active.is_empty() {
                Queue::wake_others(&s);
            }
            return n as c_int;
        }
        if let Some(e) = interrupted {
            return fail(e);
        }
        if look_only || until.is_some_and(|t| Instant::now() >= t) {
            return 0;
        }
        // What a signal's handler or another thread has done in between is seen before the sleep is given up.
        if let Err(e) = q.sleep(s, until) {
            if e == libc::EBADF {
                return fail(e);
            }
            interrupted = Some(e);
        }
        s = lock(&q.state);
        if s.closed {
            return fail(libc::EBADF);
        }
    }
}

/// The child of a fork has no queues.
mod fork {
    use super::{Arc, MutexGuard, QUEUES, Queue, close_fd, lock, signals};
    use std::cell::RefCell;
    use std::sync::Once;

    type Held = (MutexGuard<'static, Vec<Arc<Queue>>>, signals::Held);
    thread_local!(static HELD: RefCell<Option<Held>> = const { RefCell::new(None) });

    pub(super) fn prepare_once() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: the three functions stay for ever.
            unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
        });
    }
    extern "C" fn before() {
        let _ = HELD.try_with(|held| held.replace(Some((lock(&QUEUES), signals::hold()))));
    }
    extern "C" fn in_parent() {
        let _ = HELD.try_with(|held| held.take());
    }
    extern "C" fn in_child() {
        let Some((mut queues, mut held)) = HELD.try_with(|held| held.take()).ok().flatten() else { return };
        signals::forget_all(&mut held);
        for q in queues.drain(..) {
            if !q.is_open() {
                continue;
            }
            close_fd(q.fd);
            close_fd(q.writes);
            // A thread that does not exist here may hold the lock: then a few descriptors are lost.
            if let Ok(s) = q.state.try_lock() {
                s.spare.iter().chain(&s.sleepers).for_each(|&fd| close_fd(fd));
                if s.bell >= 0 {
                    close_fd(s.bell);
                }
            }
            std::mem::forget(q);
        }
    }
}
