//! The timers: a 4-ary heap of (deadline, slot), where a slot is what an event remembers to find its entry again.
//!
//! Deadlines stand in an array of their own, so that comparing touches no event and the four children lie in one
//! cache line, seldom two. Slots and positions are arrays likewise, so that moving an entry touches no event either.
#![forbid(unsafe_code)]
use crate::mem::{self, TryVec, Vec};
use crate::{Error, Result};

/// So many entries stand on the upper levels.
const MANY: usize = 85;
/// So many entries tell about how many are due: from one in twenty on, going through all costs less than taking these
/// out one by one.
const SAMPLES: usize = 64;
/// End of the list of free slots.
const NONE: u32 = u32::MAX;

pub(crate) struct TimerHeap<T> {
    /// By place, as is `slots`.
    at: Vec<i64>,
    slots: Vec<u32>,
    /// By slot: its place; of a free slot: the next free one.
    pos: Vec<u32>,
    /// By slot.
    items: Vec<T>,
    free: u32,
}

impl<T: Copy> TimerHeap<T> {
    pub(crate) const fn new() -> Self {
        TimerHeap {
            at: mem::new_vec(),
            slots: mem::new_vec(),
            pos: mem::new_vec(),
            items: mem::new_vec(),
            free: NONE,
        }
    }
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.at.len()
    }
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
    /// The earliest deadline and whose it is.
    #[inline]
    pub(crate) fn first(&self) -> Option<(i64, T)> {
        Some((*self.at.first()?, *self.items.get(*self.slots.first()? as usize)?))
    }
    /// Makes sure that the next `push` succeeds.
    #[inline]
    pub(crate) fn reserve(&mut self) -> Result<()> {
        let full = |len: usize, room: usize| len == room;
        if full(self.at.len(), self.at.capacity().min(self.slots.capacity()))
            || self.free == NONE && full(self.pos.len(), self.pos.capacity().min(self.items.capacity()))
        {
            return self.grow();
        }
        Ok(())
    }
    #[cold]
    fn grow(&mut self) -> Result<()> {
        self.at.try_reserve(1).map_err(|_| Error::NoMem)?;
        self.slots.try_reserve(1).map_err(|_| Error::NoMem)?;
        self.pos.try_reserve(1).map_err(|_| Error::NoMem)?;
        self.items.try_reserve(1).map_err(|_| Error::NoMem)
    }
    /// Adds an entry; the slot it got.
    pub(crate) fn push(&mut self, at: i64, item: T) -> Result<i32> {
        self.reserve()?;
        let slot = if self.free == NONE { self.new_slot(item)? } else { self.free };
        let place = self.at.len();
        self.at.try_push(at)?;
        // There is room: see `reserve`.
        self.slots.try_push(slot)?;
        self.free = self.pos[slot as usize];
        self.items[slot as usize] = item;
        self.sift_up(place, at, slot);
        Ok(slot as i32)
    }
    /// A slot that was never used; it is the first free one.
    #[cold]
    fn new_slot(&mut self, item: T) -> Result<u32> {
        let slot = u32::try_from(self.pos.len()).ok().filter(|s| *s < i32::MAX as u32).ok_or(Error::NoMem)?;
        self.pos.try_push(NONE)?;
        self.items.try_push(item)?;
        self.free = slot;
        Ok(slot)
    }
    /// The deadline that the entry of `slot` is sorted by.
    #[inline]
    pub(crate) fn deadline(&self, slot: i32) -> Option<i64> {
        let place = *self.pos.get(slot as usize)?;
        self.at.get(place as usize).copied()
    }
    /// Gives the entry of `slot` another deadline.
    pub(crate) fn update(&mut self, slot: i32, at: i64) {
        let Some(&place) = self.pos.get(slot as usize) else { return };
        let place = place as usize;
        match self.at.get(place) {
            Some(old) if at < *old => self.sift_up(place, at, slot as u32),
            Some(_) => self.sift_down(place, at, slot as u32),
            None => {}
        }
    }
    /// Takes the entry of `slot` out; the slot is free again.
    pub(crate) fn remove(&mut self, slot: i32) {
        let Some(&place) = self.pos.get(slot as usize) else { return };
        let place = place as usize;
        let (Some(at), Some(last)) = (self.at.pop(), self.slots.pop()) else { return };
        if place < self.at.len() {
            if place > 0 && at < self.at[(place - 1) / 4] {
                self.sift_up(place, at, last);
            } else {
                self.sift_down(place, at, last);
            }
        }
        self.pos[slot as usize] = self.free;
        self.free = slot as u32;
    }
    /// Whether so much of a large heap is due at `now` that [`Self::take_due`] is the quicker way.
    #[inline]
    pub(crate) fn many_due(&self, now: i64) -> bool {
        // The first five, then most of the upper levels, then some of all.
        let Some(top) = self.at.first_chunk::<MANY>() else { return false };
        let is_due = |at: &&i64| **at <= now;
        top.iter().take(5).all(|at| *at <= now)
            && top.iter().filter(is_due).count() >= MANY * 3 / 4
            && self.at.iter().step_by(self.at.len().div_ceil(SAMPLES)).filter(is_due).count() >= SAMPLES / 8
    }
    /// Takes out all entries whose real deadline, as `real` says, is not behind `now`: earliest first. The others get
    /// their real deadlines. Fails, and has done nothing, without memory.
    pub(crate) fn take_due(&mut self, now: i64, real: impl Fn(&T) -> i64) -> Result<Vec<(i64, T)>> {
        let due = self.at.iter().filter(|at| **at <= now).count();
        let mut taken = mem::new_vec();
        taken.try_reserve_exact(due).map_err(|_| Error::NoMem)?;
        let mut kept = 0;
        for place in 0..self.at.len() {
            let (mut at, slot) = (self.at[place], self.slots[place]);
            if at <= now {
                let item = self.items[slot as usize];
                at = real(&item);
                if at <= now {
                    taken.push((at, item));
                    self.pos[slot as usize] = self.free;
                    self.free = slot;
                    continue;
                }
            }
            (self.at[kept], self.slots[kept]) = (at, slot);
            self.pos[slot as usize] = kept as u32;
            kept += 1;
        }
        self.at.truncate(kept);
        self.slots.truncate(kept);
        // Parents last first: each sinks into the heaps below it.
        for place in (0..kept.div_ceil(4)).rev() {
            let (at, slot) = (self.at[place], self.slots[place]);
            self.sift_down(place, at, slot);
        }
        taken.sort_unstable_by_key(|t| t.0);
        Ok(taken)
    }
    /// What stands at `place` in the heap: all of it, in no particular order.
    pub(crate) fn item(&self, place: usize) -> Option<T> {
        self.items.get(*self.slots.get(place)? as usize).copied()
    }
    /// Puts an entry at `place` or, while its parent is later, further up. What stood at `place` is overwritten.
    fn sift_up(&mut self, mut place: usize, e: i64, slot: u32) {
        let (at, pos) = (&mut self.at[..], &mut self.pos[..]);
        let slots = &mut self.slots[..at.len()];
        while place > 0 {
            let parent = (place - 1) / 4;
            let (p, s) = (at[parent], slots[parent]);
            if p <= e {
                break;
            }
            (at[place], slots[place]) = (p, s);
            pos[s as usize] = place as u32;
            place = parent;
        }
        (at[place], slots[place]) = (e, slot);
        pos[slot as usize] = place as u32;
    }
    /// Puts an entry at `place` or, while a child is earlier, further down.
    fn sift_down(&mut self, mut place: usize, e: i64, slot: u32) {
        let (at, pos) = (&mut self.at[..], &mut self.pos[..]);
        let slots = &mut self.slots[..at.len()];
        loop {
            let first = 4 * place + 1;
            let (best, earliest) = match at.get(first..).and_then(<[i64]>::first_chunk::<4>) {
                // A tournament without branches to guess.
                Some(&[a, b, c, d]) => {
                    let (i, x) = if b < a { (first + 1, b) } else { (first, a) };
                    let (j, y) = if d < c { (first + 3, d) } else { (first + 2, c) };
                    if y < x { (j, y) } else { (i, x) }
                }
                None => {
                    let rest = at.get(first..).unwrap_or(&[]);
                    match rest.iter().enumerate().min_by_key(|(_, c)| **c) {
                        Some((i, c)) => (first + i, *c),
                        None => break,
                    }
                }
            };
            if e <= earliest {
                break;
            }
            let s = slots[best];
            (at[place], slots[place]) = (earliest, s);
            pos[s as usize] = place as u32;
            place = best;
        }
        (at[place], slots[place]) = (e, slot);
        pos[slot as usize] = place as u32;
    }
    /// True if parents are never later than their children and slots and places agree.
    pub(crate) fn is_consistent(&self) -> bool {
        self.at.len() == self.slots.len()
            && self.slots.iter().enumerate().all(|(i, s)| {
                let parent_ok = i == 0 || self.at[(i - 1) / 4] <= self.at[i];
                parent_ok && self.pos.get(*s as usize) == Some(&(i as u32))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn rnd(s: &mut u64) -> u64 {
        *s ^= *s << 13;
        *s ^= *s >> 7;
        *s ^= *s << 17;
        *s
    }

    #[test]
    fn random_operations_against_a_model() {
        let mut heap = TimerHeap::<u32>::new();
        let mut model = BTreeMap::<i32, (i64, u32)>::new();
        let mut seed = 88172645463325252;
        for step in 0..20_000u32 {
            let r = rnd(&mut seed);
            let at = (rnd(&mut seed) % 1000) as i64 - 100;
            let pick = model.keys().nth(r as usize % model.len().max(1)).copied();
            match (r >> 32) % 5 {
                0 | 1 => {
                    let slot = heap.push(at, step).unwrap();
                    assert!(model.insert(slot, (at, step)).is_none());
                }
                2 => {
                    if let Some(slot) = pick {
                        heap.remove(slot);
                        model.remove(&slot);
                    }
                }
                3 => {
                    if let Some(slot) = pick {
                        heap.update(slot, at);
                        model.get_mut(&slot).unwrap().0 = at;
                        assert_eq!(heap.deadline(slot), Some(at));
                    }
                }
                _ => {
                    if let Some((at, item)) = heap.first() {
                        assert_eq!(at, model.values().map(|v| v.0).min().unwrap());
                        let slot = *model.iter().find(|(_, v)| v.1 == item).unwrap().0;
                        heap.remove(slot);
                        model.remove(&slot);
                    }
                }
            }
            assert_eq!(heap.len(), model.len());
            if step % 64 == 0 {
                assert!(heap.is_consistent());
            }
        }
    }

    #[test]
    fn many_at_once() {
        for (n, due_to, expect) in
            [(84, 2000, false), (5000, 1000, true), (5000, 950, true), (5000, 20, false)]
        {
            let mut heap = TimerHeap::<u32>::new();
            let mut seed = 99;
            let mut model = BTreeMap::new();
            for i in 0..n {
                let at = (rnd(&mut seed) % 1000) as i64;
                model.insert(i, (at, heap.push(at, i).unwrap()));
            }
            assert_eq!(heap.many_due(due_to), expect);
            // Every seventh is really due later, some of them behind now.
            let real = |i: u32, at: i64| if i.is_multiple_of(7) { at + 300 } else { at };
            let taken = heap.take_due(due_to, |&i| real(i, model[&i].0)).unwrap();
            assert!(heap.is_consistent() && taken.is_sorted_by_key(|t| t.0));
            let is_due = |i: u32, at: i64| at <= due_to && real(i, at) <= due_to;
            let due: BTreeSet<u32> = model.iter().filter(|m| is_due(*m.0, m.1.0)).map(|m| *m.0).collect();
            assert_eq!(taken.iter().map(|t| t.1).collect::<BTreeSet<_>>(), due);
            assert_eq!(heap.len(), n as usize - due.len());
            for (&i, &(at, slot)) in model.iter().filter(|m| !due.contains(m.0)) {
                assert_eq!(heap.deadline(slot), Some(if at <= due_to { real(i, at) } else { at }));
            }
            // Those taken out go back in without memory.
            for &(at, i) in &taken {
                heap.push(at + 5000, i).unwrap();
            }
            assert!(heap.is_consistent() && heap.len() == n as usize);
        }
    }

    #[test]
    fn comes_out_sorted() {
        let mut heap = TimerHeap::<u32>::new();
        let mut seed = 7;
        let mut slots = std::collections::BTreeMap::new();
        for i in 0..1000 {
            slots.insert(i, heap.push((rnd(&mut seed) % 500) as i64, i).unwrap());
        }
        let mut last = i64::MIN;
        while let Some((at, i)) = heap.first() {
            assert!(at >= last);
            last = at;
            heap.remove(slots[&i]);
        }
        assert!(heap.is_empty());
    }

    #[test]
    fn wild_slots_are_ignored() {
        let mut heap = TimerHeap::<u8>::new();
        heap.remove(3);
        heap.update(-1, 5);
        assert_eq!(heap.deadline(-1), None);
        assert!(heap.first().is_none());
    }
}
