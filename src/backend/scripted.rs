//! A backend without an operating system, for tests: readiness is what the test says it is.
//!
//! It behaves like epoll: level triggered unless ET, and ONESHOT entries are disarmed by their report.
use super::{Backend, Change, Interest, Kind, Options, Reports, list};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, TryVec, Vec};
use crate::sys::c;
use crate::{Error, Result};

#[derive(Clone, Copy)]
struct Fd {
    fd: evutil_socket_t,
    watched: Interest,
    armed: bool,
    ready: Interest,
    /// Ready since the last report, for edge triggering.
    fresh: Interest,
    /// What the next change of this descriptor returns instead of being made.
    refuse: i32,
}

/// The script: what is ready, what fails, and what has been asked.
pub struct Scripted {
    fds: Vec<Fd>,
    /// The next wait fails with this errno.
    pub fail_wait: Option<i32>,
    /// The timeout of the last wait.
    pub timeout: Option<u64>,
    /// Changes made, as system calls would be.
    pub changes: usize,
    pub waits: usize,
}

impl Default for Scripted {
    fn default() -> Scripted {
        Scripted { fds: mem::new_vec(), fail_wait: None, timeout: None, changes: 0, waits: 0 }
    }
}

/// A new scripted backend.
pub fn backend() -> Result<Backend> {
    Backend::new(&list::SCRIPTED, Options::default())
}
/// The script of a backend made by [`backend`].
pub fn script(b: &mut Backend) -> Option<&mut Scripted> {
    if let Kind::Scripted(s) = &mut b.kind { Some(s) } else { None }
}

impl Scripted {
    fn entry(&mut self, fd: evutil_socket_t) -> Result<&mut Fd> {
        let at = match self.fds.iter().position(|f| f.fd == fd) {
            Some(i) => i,
            None => {
                let none = Interest::empty();
                self.fds.try_push(Fd {
                    fd,
                    watched: none,
                    armed: false,
                    ready: none,
                    fresh: none,
                    refuse: 0,
                })?;
                self.fds.len() - 1
            }
        };
        self.fds.get_mut(at).ok_or(Error::Invalid)
    }
    /// From now on `ready` is what `fd` is ready for.
    pub fn set_ready(&mut self, fd: evutil_socket_t, ready: Interest) -> Result<()> {
        let f = self.entry(fd)?;
        f.fresh |= ready.difference(f.ready);
        f.ready = ready;
        Ok(())
    }
    /// The next change of `fd` fails with `errno`.
    pub fn refuse(&mut self, fd: evutil_socket_t, errno: i32) -> Result<()> {
        self.entry(fd)?.refuse = errno;
        Ok(())
    }
    /// `fd` was closed behind the library's back.
    pub fn close(&mut self, fd: evutil_socket_t) {
        self.fds.retain(|f| f.fd != fd);
    }
    /// What is watched on `fd`, if it can still report.
    pub fn watched(&self, fd: evutil_socket_t) -> Interest {
        self.fds.iter().find(|f| f.fd == fd && f.armed).map_or(Interest::empty(), |f| f.watched)
    }

    pub(super) fn change(&mut self, c: Change) -> Result<()> {
        self.changes += 1;
        let f = self.entry(c.fd)?;
        let errno = std::mem::take(&mut f.refuse);
        if errno != 0 {
            return Err(Error::Os(errno));
        }
        f.watched = c.new;
        f.armed = c.new.intersects(Interest::WHAT);
        f.fresh = f.ready;
        Ok(())
    }
    pub(super) fn start_wait(&mut self, timeout: Option<u64>) {
        self.timeout = timeout;
        self.waits += 1;
    }
    pub(super) fn finish_wait(&mut self, reports: &mut (impl Reports + ?Sized)) -> Result<()> {
        match self.fail_wait.take() {
            Some(c::EINTR) => return Ok(()),
            Some(e) => return Err(Error::Os(e)),
            None => {}
        }
        for f in self.fds.iter_mut().filter(|f| f.armed) {
            let seen = if f.watched.contains(Interest::ET) { f.fresh } else { f.ready };
            let what = seen & f.watched & Interest::WHAT;
            if !what.is_empty() {
                f.fresh = f.fresh.difference(what);
                f.armed = !f.watched.contains(Interest::ONESHOT);
                reports.report(f.fd, what | Interest::ET);
            }
        }
        Ok(())
    }
}
