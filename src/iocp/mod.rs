//! The completion port of an event base: worker threads, and the account of the operations that are under way.
//!
//! * An [`Operation`] stands inside the object that it works for. From the moment it is started until its `done` function
//!   has been called it holds a reference on that object, which the function takes over. So neither `Overlapped` nor
//!   memory goes away under the system's hands, whatever is freed meanwhile.
//! * Every operation comes out of the port once, also when it was cancelled. `done` runs in a worker thread, without
//!   any lock.
//! * The port lists what is under way. When it shuts down it starts nothing more, cancels everything on the list, and
//!   lets its workers go only when all of it has come back.
//!
//! Lock order: a bufferevent's or listener's lock, the base's, then the port's, which never calls out.
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, TryVec, Vec};
use crate::sys::iocp::{self as system, Overlapped};
use crate::{Error, Result, warnx};
use parking_lot::{Condvar, Mutex};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Processors to assume where nobody says how many there are.
const CPUS: c_int = 2;
const THREADS_PER_CPU: c_int = 2;
/// The key of the packets that end workers.
const QUIT: usize = usize::MAX;
/// The key of our sockets.
pub const KEY: usize = 1;
/// A port that shuts down gives operations up that do not come back for this long: their socket belongs to a port that is
/// gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the function of an [`EventOverlapped`] is told: itself, the socket's key, how many bytes, whether it succeeded.
pub type Complete = Option<unsafe extern "C" fn(*mut EventOverlapped, usize, isize, c_int)>;

/// What every packet of a port points at (libevent's `struct event_overlapped`).
#[repr(C)]
pub struct EventOverlapped {
    pub overlapped: Overlapped,
    pub cb: Complete,
}

/// How an operation ended: the number of bytes, or an error code.
pub type Outcome = std::result::Result<usize, c_int>;

/// One overlapped operation, which can be started again when it is done.
#[repr(C)]
pub struct Operation {
    head: UnsafeCell<EventOverlapped>,
    /// Takes over the reference that the operation held; runs in a worker.
    done: unsafe fn(NonNull<Operation>, Outcome),
    /// Set while it is under way.
    port: Cell<Option<NonNull<Inner>>>,
    socket: Cell<evutil_socket_t>,
    /// Links of the port's list, under its lock.
    prev: Cell<*mut Operation>,
    next: Cell<*mut Operation>,
}

impl Operation {
    pub fn new(done: unsafe fn(NonNull<Operation>, Outcome)) -> Operation {
        Operation {
            head: UnsafeCell::new(EventOverlapped { overlapped: Overlapped::new(), cb: Some(finished) }),
            done,
            port: Cell::new(None),
            socket: Cell::new(-1),
            prev: Cell::new(null_mut()),
            next: Cell::new(null_mut()),
        }
    }
    fn overlapped(&self) -> *mut Overlapped {
        self.head.get().cast()
    }
    /// Asks the system to end it soon. The owner's lock is held, and the operation is under way for the owner (`done` has
    /// not yet taken that lock).
    pub fn cancel(&self) {
        // SAFETY: its `Overlapped` stays: `done` has not given up the reference. If it has come out of the port already
        // the system finds nothing.
        unsafe { system::cancel(self.socket.get(), self.overlapped()) };
    }
}

/// A packet of an [`Operation`] has come out of the port.
///
/// # Safety
/// `eo` is the head of an operation that was started, and comes out for the first time since.
unsafe extern "C" fn finished(eo: *mut EventOverlapped, _: usize, bytes: isize, ok: c_int) {
    // SAFETY: the head is the first field; the operation's reference keeps it.
    let (at, op) = unsafe { (NonNull::new_unchecked(eo.cast::<Operation>()), &*eo.cast::<Operation>()) };
    let outcome = if ok != 0 {
        Ok(usize::try_from(bytes).unwrap_or(0))
    } else {
        // SAFETY: it has failed, on this socket.
        match unsafe { system::failure(op.socket.get(), op.overlapped()) } {
            0 => Ok(usize::try_from(bytes).unwrap_or(0)),
            e => Err(e),
        }
    };
    if let Some(port) = op.port.take() {
        // SAFETY: the workers, one of which we are, hold the port.
        unsafe { port.as_ref() }.forget(op);
    }
    // SAFETY: by this function's contract; `done` takes the reference over, so `op` is not used any more.
    unsafe { (op.done)(at, outcome) }
}

/// What is under way.
struct Account {
    first: *mut Operation,
    count: usize,
}
// SAFETY: the pointers are used under the lock only.
unsafe impl Send for Account {}

struct Inner {
    refs: AtomicUsize,
    port: system::Port,
    account: Mutex<Account>,
    /// Told when the last operation has come back while the port shuts down.
    idle: Condvar,
    closing: AtomicBool,
    threads: Mutex<Vec<system::Thread>>,
    /// How many workers run.
    live: AtomicUsize,
}

/// A port; the threads go when it is shut down, its memory with the last handle.
pub struct Port(NonNull<Inner>);
// SAFETY: everything in it is atomic, behind a lock, or a handle for all threads.
unsafe impl Send for Port {}
// SAFETY: as above.
unsafe impl Sync for Port {}

impl Clone for Port {
    fn clone(&self) -> Port {
        self.inner().refs.fetch_add(1, Ordering::Relaxed);
        Port(self.0)
    }
}
impl Drop for Port {
    fn drop(&mut self) {
        if self.inner().refs.fetch_sub(1, Ordering::Release) == 1 {
            std::sync::atomic::fence(Ordering::Acquire);
            // SAFETY: made by `launch`; the last handle.
            drop(unsafe { mem::Box::from_raw_in(self.0.as_ptr(), mem::Alloc) });
        }
    }
}

impl Port {
    fn inner(&self) -> &Inner {
        // SAFETY: we hold a reference.
        unsafe { self.0.as_ref() }
    }
    /// A new port, with two workers for each of `cpus` processors (0 or less: of two).
    pub fn launch(cpus: c_int) -> Result<Port> {
        system::load_extensions();
        let cpus = if cpus <= 0 { CPUS } else { cpus.min(1 << 10) };
        let inner = mem::new_box(Inner {
            refs: AtomicUsize::new(1),
            port: system::Port::new(cpus as u32)?,
            account: Mutex::new(Account { first: null_mut(), count: 0 }),
            idle: Condvar::new(),
            closing: AtomicBool::new(false),
            threads: Mutex::new(mem::new_vec()),
            live: AtomicUsize::new(0),
        })?;
        let (p, _) = mem::Box::into_raw_with_allocator(inner);
        // SAFETY: a box is never null.
        let port = Port(unsafe { NonNull::new_unchecked(p) });
        let started = (0..cpus * THREADS_PER_CPU).try_for_each(|_| port.add_worker());
        if let Err(e) = started {
            port.shutdown(None);
            return Err(e);
        }
        Ok(port)
    }
    fn add_worker(&self) -> Result<()> {
        let i = self.inner();
        let mut threads = i.threads.lock();
        threads.try_reserve(1).map_err(|_| Error::NoMem)?;
        let handle = self.clone();
        i.live.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the worker takes over one handle.
        let t = unsafe { system::Thread::start(work, handle.0.as_ptr().cast()) };
        match t {
            Ok(t) => {
                std::mem::forget(handle);
                threads.try_push(t)
            }
            Err(e) => {
                i.live.fetch_sub(1, Ordering::Relaxed);
                Err(e)
            }
        }
    }
    /// Operations on `s` end here. A socket that has a port already is left as it is.
    pub fn associate(&self, s: evutil_socket_t, key: usize) -> Result<()> {
        self.inner().port.associate(s, key)
    }
    /// Puts a packet into the port as if an operation had ended.
    ///
    /// # Safety
    /// `eo` stays alive until its function has been called.
    pub unsafe fn activate(&self, eo: *mut EventOverlapped, key: usize, bytes: u32) -> Result<()> {
        self.inner().port.post(bytes, key, eo.cast())
    }
    /// Starts `op` on `s`, with `start`. `Error::Invalid`: the port shuts down.
    ///
    /// # Safety
    /// The owner's lock is held and `op` is not under way. The owner keeps `op` and all memory that `start` names until `done`
    /// has been called, which it will be if this succeeds.
    pub unsafe fn start(
        &self,
        op: &Operation,
        s: evutil_socket_t,
        start: impl FnOnce(*mut Overlapped) -> Result<()>,
    ) -> Result<()> {
        let i = self.inner();
        debug_assert!(op.port.get().is_none());
        op.socket.set(s);
        op.port.set(Some(self.0));
        // SAFETY: it is not under way: the system does not look at it.
        unsafe { op.overlapped().write(Overlapped::new()) };
        if !i.note(op) {
            op.port.set(None);
            return Err(Error::Invalid);
        }
        start(op.overlapped()).inspect_err(|_| {
            op.port.set(None);
            i.forget(op);
        })?;
        // A shutdown that went through the list between `note` and `start` has missed it. `op` may be done by now, but
        // not freed: `done` waits for the owner's lock.
        if i.closing.load(Ordering::SeqCst) {
            op.cancel();
        }
        Ok(())
    }
    /// How many operations are under way.
    pub fn under_way(&self) -> usize {
        self.inner().account.lock().count
    }
    /// Cancels what is under way, waits until all of it is done, and ends the workers, for at most `ms` milliseconds (None: as
    /// long as it takes). False: they run still, and it may be called again. Not to be called by a worker, nor
    /// with a lock held that `done` functions take.
    pub fn shutdown(&self, ms: Option<u32>) -> bool {
        let i = self.inner();
        let deadline = ms.map(|ms| Instant::now() + Duration::from_millis(ms.into()));
        let first = !i.closing.swap(true, Ordering::SeqCst);
        i.cancel_all();
        if !i.drained(deadline) {
            return false;
        }
        if first || i.live.load(Ordering::Acquire) > 0 {
            for _ in 0..i.live.load(Ordering::Acquire) {
                if i.port.post(0, QUIT, null_mut()).is_err() {
                    return false;
                }
            }
        }
        let threads = i.threads.lock();
        threads.iter().all(|t| {
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()).as_millis() as u32);
            t.wait(left)
        })
    }
    /// For C: a handle that is given back with [`Port::from_raw`].
    pub fn into_raw(self) -> *mut c_void {
        let p = self.0.as_ptr().cast();
        std::mem::forget(self);
        p
    }
    /// # Safety
    /// `p` came from [`Port::into_raw`], and is given back once.
    pub unsafe fn from_raw(p: *mut c_void) -> Option<Port> {
        NonNull::new(p.cast()).map(Port)
    }
    pub fn as_raw(&self) -> *mut c_void {
        self.0.as_ptr().cast()
    }
}

impl Inner {
    /// Puts `op` on the list. False: the port shuts down.
    fn note(&self, op: &Operation) -> bool {
        let mut a = self.account.lock();
        if self.closing.load(Ordering::SeqCst) {
            return false;
        }
        let this = std::ptr::from_ref(op).cast_mut();
        op.prev.set(null_mut());
        op.next.set(a.first);
        // SAFETY: what is on the list is under way, hence alive.
        if let Some(next) = unsafe { a.first.as_ref() } {
            next.prev.set(this);
        }
        a.first = this;
        a.count += 1;
        true
    }
    fn forget(&self, op: &Operation) {
        let mut a = self.account.lock();
        // SAFETY: what is on the list is under way, hence alive.
        unsafe {
            match op.prev.get().as_ref() {
                Some(prev) => prev.next.set(op.next.get()),
                None => a.first = op.next.get(),
            }
            if let Some(next) = op.next.get().as_ref() {
                next.prev.set(op.prev.get());
            }
        }
        a.count -= 1;
        if a.count == 0 && self.closing.load(Ordering::SeqCst) {
            self.idle.notify_all();
        }
    }
    fn cancel_all(&self) {
        let a = self.account.lock();
        let mut at = a.first;
        // SAFETY: what is on the list is under way, hence alive; `forget` waits for our lock.
        while let Some(op) = unsafe { at.as_ref() } {
            op.cancel();
            at = op.next.get();
        }
    }
    /// Waits until nothing is under way.
    fn drained(&self, deadline: Option<Instant>) -> bool {
        let mut a = self.account.lock();
        let mut last = (a.count, Instant::now());
        while a.count > 0 {
            let patience = last.1 + PATIENCE;
            let until = deadline.map_or(patience, |d| d.min(patience));
            let timed_out = self.idle.wait_until(&mut a, until).timed_out();
            if a.count != last.0 {
                last = (a.count, Instant::now());
            } else if timed_out && a.count > 0 {
                if deadline.is_some_and(|d| Instant::now() >= d) {
                    return false;
                }
                warnx!("{} overlapped operations did not come back: their memory is left alone", a.count);
                return true;
            }
        }
        true
    }
}

/// A worker.
///
/// # Safety
/// `arg` is a handle's pointer, which the worker owns.
unsafe fn work(arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(port) = (unsafe { Port::from_raw(arg) }) else { return };
    while let Some(p) = port.inner().port.wait() {
        if p.overlapped.is_null() {
            if p.key == QUIT {
                break;
            }
            continue;
        }
        let eo = p.overlapped.cast::<EventOverlapped>();
        // SAFETY: every packet with an `Overlapped` is the head of an operation that is kept until its function has
        // been called.
        unsafe {
            if let Some(f) = (*eo).cb {
                f(eo, p.key, p.bytes as isize, p.ok.into());
            }
        }
    }
    port.inner().live.fetch_sub(1, Ordering::AcqRel);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicIsize;

    static SUM: AtomicIsize = AtomicIsize::new(0);
    unsafe extern "C" fn count(_: *mut EventOverlapped, key: usize, n: isize, ok: c_int) {
        SUM.fetch_add(key as isize * 1000 + n + ok as isize, Ordering::SeqCst);
    }

    #[test]
    fn packets_reach_their_functions_and_workers_go() {
        let port = Port::launch(1).unwrap();
        let mut eo = EventOverlapped { overlapped: Overlapped::new(), cb: Some(count) };
        for i in 0..10 {
            // SAFETY: `eo` outlives the shutdown.
            unsafe { port.activate(&raw mut eo, 3, i) }.unwrap();
        }
        while SUM.load(Ordering::SeqCst) != 10 * 3001 + 45 {
            std::thread::yield_now();
        }
        assert_eq!(port.under_way(), 0);
        assert!(port.shutdown(Some(5000)));
        assert!(port.shutdown(Some(5000)), "once more");
    }
}
