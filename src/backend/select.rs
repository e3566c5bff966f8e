//! select, with sets as large as the highest descriptor needs.
use super::{Change, Interest, Reports};
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
    /// Makes `fd`, for which there is room, what `i` says.
    fn set(&mut self, fd: usize, i: Interest) {
        let bit = 1 << (fd % BITS);
        for (set, kind) in [(&mut self.read, Interest::READ), (&mut self.write, Interest::WRITE)] {
            if let Some(w) = set.get_mut(fd / BITS) {
                *w = if i.contains(kind) { *w | bit } else { *w & !bit };
            }
        }
    }
    fn combine(&mut self, other: &Sets, f: impl Fn(Word, Word) -> Word) {
        for (a, b) in [(&mut self.read, &other.read), (&mut self.write, &other.write)] {
            a.iter_mut().zip(b).for_each(|(a, b)| *a = f(*a, *b));
        }
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
        if c.new.intersects(Interest::WHAT) {
            self.watched.reach((fd / BITS + 1).next_power_of_two())?;
            self.nfds = self.nfds.max(fd + 1);
        }
        self.watched.set(fd, c.new);
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
    pub(super) fn finish_wait(&mut self, w: Wait, reports: &mut (impl Reports + ?Sized)) -> Result<()> {
        self.ready = w.ready;
        match w.got {
            Ok(0) | Err(Error::Os(libc::EINTR)) => return Ok(()),
            Ok(_) => {}
            Err(e) => return Err(e),
        }
        let words = self.ready.words();
        self.start = self.start.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let start = (self.start >> 8) % words.max(1);
        for word in (start..words).chain(0..start) {
            self.ready.each(word, |fd, i| reports.report(fd as evutil_socket_t, i));
        }
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
        if self.got == Err(Error::Os(libc::EBADF)) {
            self.got = self.around_closed();
        }
        if !matches!(self.got, Ok(_) | Err(Error::Os(libc::EINTR))) {
            warn_errno!("select");
        }
    }
    /// Descriptors were closed while watched. They are reported as ready, so that their owners find out: what poll
    /// does by itself. The others must not suffer, so they are asked alone. A failed select has changed no set.
    #[cold]
    fn around_closed(&mut self) -> Result<usize> {
        let mut closed = Sets::new();
        closed.reach(self.ready.words())?;
        let mut n = 0;
        for word in 0..self.ready.words() {
            self.ready.each(word, |fd, i| {
                if !fd::is_open(fd as evutil_socket_t) {
                    closed.set(fd, i);
                    n += 1;
                }
            });
        }
        self.ready.combine(&closed, |ready, closed| ready & !closed);
        match os::select(self.nfds, &mut self.ready.read, &mut self.ready.write, Some(0)) {
            // Closed since we looked: next time. The sets are as they were.
            Err(Error::Os(libc::EBADF | libc::EINTR)) => return Ok(0),
            Err(e) => return Err(e),
            Ok(others) => n += others,
        }
        self.ready.combine(&closed, |ready, closed| ready | closed);
        Ok(n)
    }
}
