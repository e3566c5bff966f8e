//! The tables of requests: those under way by id and by deadline, and those that wait for their turn.
use super::request::{ById, Order, Place, RequestRef};
use crate::Result;
use crate::list::{List, TailQueue};
use crate::mem::{self, TryVec, Vec};

pub(crate) struct Inflight {
    /// A power of two of them; an id's low bits choose.
    by_id: Vec<List<ById>>,
    /// Those under way, the next deadline first.
    deadlines: TailQueue<Order>,
    waiting: TailQueue<Order>,
    /// How many are under way, probes included.
    pub(super) count: usize,
    /// How many of them are probes.
    pub(super) probes: usize,
}

/// More ids than that are never in use, so that a free one is found quickly.
const MAX_INFLIGHT: usize = 65_000;

impl Inflight {
    pub(super) fn new() -> Result<Inflight> {
        let mut t = Inflight {
            by_id: mem::new_vec(),
            deadlines: TailQueue::unplaced(),
            waiting: TailQueue::unplaced(),
            count: 0,
            probes: 0,
        };
        t.resize(64)?;
        Ok(t)
    }
    /// It stands where it will stay.
    pub(super) fn placed(&mut self) {
        self.deadlines.init();
        self.waiting.init();
    }
    /// Makes the table of ids fit for so many requests.
    pub(super) fn resize(&mut self, requests: usize) -> Result<()> {
        let len = (requests / 2).clamp(16, MAX_INFLIGHT / 4).next_power_of_two();
        if len == self.by_id.len() {
            return Ok(());
        }
        let mut table = mem::new_vec();
        table.try_reserve(len).map_err(|_| crate::Error::NoMem)?;
        for _ in 0..len {
            table.try_push(List::new())?;
        }
        let old = std::mem::replace(&mut self.by_id, table);
        for mut list in old {
            while let Some(r) = Self::take_first(&mut list) {
                self.enter(r);
            }
        }
        Ok(())
    }
    fn take_first(list: &mut List<ById>) -> Option<RequestRef> {
        // SAFETY: members of a list are alive.
        unsafe {
            let r = RequestRef::from_node(list.first())?;
            list.remove(r.node());
            Some(r)
        }
    }
    fn bucket(&mut self, id: u16) -> Option<&mut List<ById>> {
        let mask = self.by_id.len().wrapping_sub(1);
        self.by_id.get_mut(usize::from(id) & mask)
    }
    fn enter(&mut self, r: RequestRef) {
        if let Some(list) = self.bucket(r.id.get()) {
            // SAFETY: alive while it is listed: `forget_id` comes before it is freed.
            unsafe { list.insert_head(r.node()) };
            r.has_id.set(true);
        }
    }
    /// The request with this id, if there is one.
    pub(super) fn find(&self, id: u16) -> Option<RequestRef> {
        let mask = self.by_id.len().wrapping_sub(1);
        let mut p = self.by_id.get(usize::from(id) & mask)?.first();
        // SAFETY: members of a list are alive.
        unsafe {
            while let Some(r) = RequestRef::from_node(p) {
                if r.id.get() == id {
                    return Some(r);
                }
                p = List::<ById>::next(p);
            }
        }
        None
    }
    /// Gives it an id that no other has and nobody can foresee.
    #[inline]
    pub(super) fn assign_id(&mut self, r: RequestRef) {
        self.forget_id(r);
        let mut id = r.random_id();
        let mut tries = 0u32;
        // At most every id but a few hundred is in use.
        while self.find(id).is_some() && tries < 1 << 20 {
            id = r.random_id();
            tries += 1;
        }
        r.id.set(id);
        self.enter(r);
    }
    pub(super) fn forget_id(&mut self, r: RequestRef) {
        if r.has_id.replace(false)
            && let Some(list) = self.bucket(r.id.get())
        {
            // SAFETY: `has_id` says that it is listed, and the bucket follows from the id.
            unsafe { list.remove(r.node()) };
        }
    }

    /// Is under way from now on, with a deadline that [`Self::set_deadline`] gives.
    pub(super) fn begin(&mut self, r: RequestRef, at: i64) {
        self.count += 1;
        self.probes += usize::from(r.is_probe());
        r.place.set(Place::Inflight);
        r.at.set(at);
        self.insert_deadline(r);
    }
    pub(super) fn set_deadline(&mut self, r: RequestRef, at: i64) {
        if r.at.get() == at {
            return;
        }
        // SAFETY: under way, hence on this queue.
        unsafe { self.deadlines.remove(r.node()) };
        r.at.set(at);
        self.insert_deadline(r);
    }
    /// Most deadlines come in order: the search for the place begins at the end.
    #[inline]
    fn insert_deadline(&mut self, r: RequestRef) {
        let mut p = self.deadlines.last();
        // SAFETY: members of the queue are alive; `r` is on no queue and alive until `remove`.
        unsafe {
            while let Some(other) = RequestRef::from_node(p) {
                if other.at.get() <= r.at.get() {
                    return self.deadlines.insert_after(p, r.node());
                }
                p = self.deadlines.previous(p);
            }
            self.deadlines.insert_head(r.node());
        }
    }
    pub(super) fn first_deadline(&self) -> Option<RequestRef> {
        // SAFETY: members of the queue are alive.
        unsafe { RequestRef::from_node(self.deadlines.first()) }
    }
    /// The one after `r` on its queue.
    pub(super) fn next_of(&self, r: RequestRef) -> Option<RequestRef> {
        // SAFETY: `r` is on the queue, members are alive.
        unsafe { RequestRef::from_node(TailQueue::<Order>::next(r.node())) }
    }
    /// The one with the latest deadline, or the one before `r`.
    pub(super) fn last_deadline(&self, r: Option<RequestRef>) -> Option<RequestRef> {
        // SAFETY: `r` is on the queue, members are alive.
        unsafe {
            RequestRef::from_node(match r {
                None => self.deadlines.last(),
                Some(r) => self.deadlines.previous(r.node()),
            })
        }
    }
    pub(super) fn wait(&mut self, r: RequestRef, since: i64) {
        r.at.set(since);
        r.place.set(Place::Waiting);
        // SAFETY: on no queue, and alive until `remove`.
        unsafe { self.waiting.insert_tail(r.node()) };
    }
    /// Before all others that wait.
    pub(super) fn wait_first(&mut self, r: RequestRef, since: i64) {
        r.at.set(since);
        r.place.set(Place::Waiting);
        // SAFETY: as above.
        unsafe { self.waiting.insert_head(r.node()) };
    }
    pub(super) fn first_waiting(&self) -> Option<RequestRef> {
        // SAFETY: members of the queue are alive.
        unsafe { RequestRef::from_node(self.waiting.first()) }
    }
    /// Off every queue and table.
    #[inline]
    pub(super) fn remove(&mut self, r: RequestRef) {
        // SAFETY: its place says on which queue it is.
        unsafe {
            if r.place.get() == Place::Inflight {
                self.deadlines.remove(r.node());
                self.count -= 1;
                self.probes -= usize::from(r.is_probe());
            } else if r.place.get() == Place::Waiting {
                self.waiting.remove(r.node());
            }
        }
        self.forget_id(r);
        r.place.set(Place::Nowhere);
    }
    /// How many of the program's own requests are under way.
    pub(super) fn users(&self) -> usize {
        self.count - self.probes
    }
}
