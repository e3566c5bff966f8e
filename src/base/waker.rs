//! Waking a loop that waits, from another thread: by the backend's own means if it has any, else one write to an
//! eventfd, or to a pipe where there is none.
//!
//! The write happens after the base's lock has been released, so the descriptor is reference counted: a base
//! that is freed in that moment closes nothing that another thread is about to write to.
use crate::abi::util::evutil_socket_t;
use crate::backend::WakeUp;
use crate::sys::c;
use crate::sys::fd;
use crate::{Error, Result, mem, warn_errno};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering, fence};

struct Inner {
    refs: AtomicUsize,
    means: Means,
}
enum Means {
    /// The end that the loop watches, and the end that is written to; the same for an eventfd.
    Fds {
        read: evutil_socket_t,
        write: evutil_socket_t,
    },
    Backend(WakeUp),
}

/// One reference.
pub(super) struct Waker(NonNull<Inner>);

impl Waker {
    fn new() -> Result<Waker> {
        let (read, write) = match fd::eventfd() {
            Ok(f) => (f, f),
            Err(Error::Os(c::ENOSYS | c::EINVAL)) => fd::pipe()?,
            Err(e) => return Err(e),
        };
        Waker::by(Means::Fds { read, write }).inspect_err(|_| close(read, write))
    }
    fn by(means: Means) -> Result<Waker> {
        let made = mem::new_box(Inner { refs: AtomicUsize::new(1), means })?;
        let (p, _) = mem::Box::into_raw_with_allocator(made);
        NonNull::new(p).map(Waker).ok_or(Error::NoMem)
    }
    fn inner(&self) -> &Inner {
        // SAFETY: we hold a reference.
        unsafe { self.0.as_ref() }
    }
    /// As `th_notify_fd`: the end that is watched, and the other end of a pipe or -1.
    fn fds(&self) -> [evutil_socket_t; 2] {
        match self.inner().means {
            Means::Fds { read, write } => [read, if write == read { -1 } else { write }],
            Means::Backend(_) => [-1, -1],
        }
    }
    pub(super) fn wake(&self) {
        let write = match &self.inner().means {
            Means::Fds { write, .. } => *write,
            Means::Backend(w) => {
                if w.wake().is_err() {
                    warn_errno!("cannot wake the event loop");
                }
                return;
            }
        };
        loop {
            match fd::write(write, &1u64.to_ne_bytes()) {
                Err(Error::Os(c::EINTR)) => {}
                // Full: the loop has not served the wake-ups before, and will see this one with them.
                Ok(_) | Err(Error::Os(c::EAGAIN)) => return,
                Err(_) => return warn_errno!("cannot wake the event loop"),
            }
        }
    }
    fn drain(&self) {
        let Means::Fds { read, .. } = self.inner().means else { return };
        let mut bytes = [0u8; 256];
        while let Ok(n) = fd::read(read, &mut bytes) {
            if n < bytes.len() {
                return;
            }
        }
    }
}
fn close(read: evutil_socket_t, write: evutil_socket_t) {
    fd::close(read);
    if write != read {
        fd::close(write);
    }
}
impl Clone for Waker {
    fn clone(&self) -> Waker {
        self.inner().refs.fetch_add(1, Ordering::Relaxed);
        Waker(self.0)
    }
}
impl Drop for Waker {
    fn drop(&mut self) {
        if self.inner().refs.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            if let Means::Fds { read, write } = self.inner().means {
                close(read, write);
            }
            // SAFETY: made by `new`; this was the last reference.
            drop(unsafe { mem::Box::from_raw_in(self.0.as_ptr(), mem::Alloc) });
        }
    }
}

/// The base's side.
pub(crate) struct Notify {
    waker: Option<Waker>,
    /// A write is under way or has not been served yet: no other is needed.
    pending: bool,
}
impl Notify {
    pub(super) const fn none() -> Notify {
        Notify { waker: None, pending: false }
    }
    pub(super) fn open(&mut self) -> Result<evutil_socket_t> {
        let w = Waker::new()?;
        let [fd, _] = w.fds();
        self.waker = Some(w);
        self.pending = false;
        Ok(fd)
    }
    /// To wake by `means` of the backend.
    pub(super) fn open_on(&mut self, means: WakeUp) -> Result<()> {
        self.waker = Some(Waker::by(Means::Backend(means))?);
        self.pending = false;
        Ok(())
    }
    pub(super) fn close(&mut self) {
        self.waker = None;
        self.pending = false;
    }
    pub(super) fn is_open(&self) -> bool {
        self.waker.is_some()
    }
    pub(super) fn fds(&self) -> [evutil_socket_t; 2] {
        self.waker.as_ref().map_or([-1, -1], Waker::fds)
    }
    /// The right, and the duty, to wake the loop; None if that is under way already.
    pub(super) fn claim(&mut self) -> Option<Waker> {
        if self.pending {
            return None;
        }
        let w = self.waker.clone()?;
        self.pending = true;
        Some(w)
    }
    /// The loop has been woken.
    pub(super) fn served(&mut self) {
        if let Some(w) = &self.waker {
            w.drain();
        }
        self.pending = false;
    }
}
