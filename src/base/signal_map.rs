//! Who waits for which signal: a list of events per signal number.
use super::EventRef;
use super::links::SignalLink;
use crate::abi::util::evutil_socket_t;
use crate::list::List;
use crate::mem::{self, Vec};
use crate::{Error, Result};

/// It owns no events: each is on its signal's list from `insert` to `remove`.
pub(crate) struct SignalMap {
    lists: Vec<List<SignalLink>>,
}

impl SignalMap {
    pub(crate) const fn new() -> SignalMap {
        SignalMap { lists: mem::new_vec() }
    }
    /// Makes room for `signal`, which is a valid number.
    pub(crate) fn reach(&mut self, signal: usize) -> Result<()> {
        if let Some(more) = (signal + 1).checked_sub(self.lists.len()) {
            self.lists.try_reserve(more).map_err(|_| Error::NoMem)?;
            self.lists.resize_with(signal + 1, List::new);
        }
        Ok(())
    }
    pub(crate) fn is_empty(&self, signal: usize) -> bool {
        self.lists.get(signal).is_none_or(List::is_empty)
    }
    /// Puts `ev` on its list, for which there is room.
    pub(crate) fn insert(&mut self, signal: usize, ev: EventRef) -> Result<()> {
        let list = self.lists.get_mut(signal).ok_or(Error::Invalid)?;
        // SAFETY: the caller keeps `ev` alive until it has removed it.
        unsafe { list.insert_head(ev.as_ptr()) };
        Ok(())
    }
    /// Takes `ev` off its list.
    pub(crate) fn remove(&mut self, signal: usize, ev: EventRef) -> Result<()> {
        let list = self.lists.get_mut(signal).ok_or(Error::Invalid)?;
        // SAFETY: `insert` put it there.
        unsafe { list.remove(ev.as_ptr()) };
        Ok(())
    }
    /// Calls `f` with each event that waits for `signal`.
    #[inline]
    pub(crate) fn active(&self, signal: usize, ncalls: u32, mut f: impl FnMut(EventRef, u32)) {
        let Some(list) = self.lists.get(signal) else { return };
        let mut at = list.first();
        // SAFETY: events on the list are alive.
        while let Some(ev) = unsafe { EventRef::from_raw(at) } {
            // SAFETY: `ev` is on the list.
            at = unsafe { List::<SignalLink>::next(at) };
            f(ev, ncalls);
        }
    }
    /// The event after `after` on the map (None: the first).
    pub(crate) fn next_event(&self, after: Option<EventRef>) -> Option<EventRef> {
        let mut start = 0;
        if let Some(ev) = after {
            // SAFETY: `after` is on the map; its list holds live events.
            let next = unsafe { EventRef::from_raw(List::<SignalLink>::next(ev.as_ptr())) };
            if next.is_some() {
                return next;
            }
            start = usize::try_from(ev.fd()).ok()? + 1;
        }
        let list = self.lists.get(start..)?.iter().find(|l| !l.is_empty())?;
        // SAFETY: events on the list are alive.
        unsafe { EventRef::from_raw(list.first()) }
    }
    /// True if every event is on the list of its signal.
    pub(crate) fn is_consistent(&self) -> bool {
        self.lists.iter().enumerate().all(|(signal, list)| {
            let mut at = list.first();
            // SAFETY: events on the list are alive.
            while let Some(ev) = unsafe { EventRef::from_raw(at) } {
                if ev.fd() != signal as evutil_socket_t {
                    return false;
                }
                // SAFETY: `ev` is on the list.
                at = unsafe { List::<SignalLink>::next(at) };
            }
            true
        })
    }
}
