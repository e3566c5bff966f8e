//! select, with sets as large as the highest descriptor needs.
use super::{Change, Interest};
use crate::abi::util::evutil_socket_t;
use crate::mem::{self, TryVec, Vec};
use crate::sys::fd;
use crate::sys::select::{self as os, BITS, Word};
use crate::{Error, Result, warn_errno};

/// Some systems refuse longer waits; the loop simply asks again.
const LONGEST_WAIT: u64 = 86_400 * 1_000_000;

/// The read set and the write set, of one length.
struct Sets {
    read: Vec<Word>,
    write: Vec<Word>,
}

pub(super) struct Select {
    watched: Sets,
    /// Moved out while a wait is under way.
    ready: Sets,
    /// One more than the highest descriptor ever watched.
    nfds: usize,
    /// Where the next report starts, so that low descriptors are not always served first.
    start: usize,
}

pub(super) struct Wait {
    ready: Sets,
    nfds: usize,
    timeout: Option<u64>,
    got: Result<usize>,
}

impl Sets {
    const fn new() -> Sets {
        Sets { read: mem::new_vec(), write: mem::new_vec() }
    }
    fn reach(&mut self, words: usize) -> Result<()> {
        if self.read.len() < words {
            self.read.try_resize(words, 0)?;
        }
        if self.write.len() < words {
            self.write.try_resize(words, 0)?;
        }
        Ok(())
    }
    fn words(&self) -> usize {
        self.read.len().min(self.write.len())
    }
    /// What the bits of one word say, descriptor by descriptor.
    fn each(&self, word: usize, mut f: impl FnMut(usize, Interest)) {
        let (Some(&r), Some(&w)) = (self.read.get(word), self.write.get(word)) else { return };
        let mut both = r | w;
        while both != 0 {
            let bit = both & both.wrapping_neg();
            let mut i = Interest::empty();
            i.set(Interest::READ, r & bit != 0);
            i.set(Interest::WRITE, w & bit != 0);
            f(word * BITS + bit.trailing_zeros() as usize, i);
            both &= both - 1;
        }
    }
}

impl Select {
    pub(super) fn new() -> Select {
        Select { watched: Sets::new(), ready: Sets::new(), nfds: 0, start: 0 }
    }
    pub(super) fn change(&mut self, c: Change) -> Result<()> {
        let fd = usize::try_from(c.fd).map_err(|_| Error::Invalid)?;
        let word = fd / BITS;
        if c.new.intersects(Interest::WHAT) {
            self.watched.reach((word + 1).next_power_of_two())?;
            self.nfds = self.nfds.max(fd + 1);
        }
        let bit = 1 << (fd % BITS);
        for (set, kind) in
            [(&mut self.watched.read, Interest::READ), (&mut self.watched.write, Interest::WRITE)]
        {
            if let Some(w) = set.get_mut(word) {
                *w = if c.new.contains(kind) { *w | bit } else { *w & !bit };
            }
        }
        Ok(())
    }
    pub(super) fn start_wait(&mut self, timeout: Option<u64>) -> Wait {
        let mut ready = std::mem::replace(&mut self.ready, Sets::new());
        let copy = |to: &mut Vec<Word>, from: &Vec<Word>| {
            to.clear();
            to.try_extend(from)
        };
        let got = copy(&mut ready.read, &self.watched.read)
            .and_then(|()| copy(&mut ready.write, &self.watched.write))
            .map(|()| 0);
        Wait { ready, nfds: self.nfds, timeout, got }
    }
    pub(super) fn finish_wait(
        &mut self,
        w: Wait,
        mut report: impl FnMut(evutil_socket_t, Interest),
    ) -> Result<()> {
        self.ready = w.ready;
        match w.got {
            Ok(0) | Err(Error::Os(libc::EINTR)) => return Ok(()),
            Ok(_) => {}
            Err(Error::Os(libc::EBADF)) => return self.report_closed(report),
            Err(e) => return Err(e),
        }
        let words = self.ready.words();
        self.start = self.start.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let start = (self.start >> 8) % words.max(1);
        for word in (start..words).chain(0..start) {
            self.ready.each(word, |fd, i| report(fd as evutil_socket_t, i));
        }
        Ok(())
    }
    /// Descriptors were closed while watched. They are reported as ready, so that their owners find out: what
    /// poll does by itself.
    fn report_closed(&mut self, mut report: impl FnMut(evutil_socket_t, Interest)) -> Result<()> {
        for word in 0..self.watched.words() {
            self.watched.each(word, |fd, i| {
                if !fd::is_open(fd as evutil_socket_t) {
                    report(fd as evutil_socket_t, i);
                }
            });
        }
        // Nothing found: it was opened again or deleted meanwhile. The next turn will tell.
        Ok(())
    }
}

impl Wait {
    pub(super) fn run(&mut self) {
        if self.got.is_err() {
            return;
        }
        let usec = self.timeout.map(|us| us.min(LONGEST_WAIT));
        self.got = os::select(self.nfds, &mut self.ready.read, &mut self.ready.write, usec);
        if !matches!(self.got, Ok(_) | Err(Error::Os(libc::EINTR | libc::EBADF))) {
            warn_errno!("select");
        }
    }
}
