//! The timers: a 4-ary heap of (deadline, slot), where a slot is what an event remembers to find its entry again.
//!
//! Deadlines stand in the heap itself, so that comparing touches no event; positions stand in an array of their
//! own, so that moving an entry touches no event either. Four children lie in one or two cache lines.
#![forbid(unsafe_code)]
use crate::mem::{self, TryVec, Vec};
use crate::{Error, Result};

#[derive(Clone, Copy)]
struct Entry {
    at: i64,
    slot: u32,
}

/// End of the list of free slots.
const NONE: u32 = u32::MAX;

pub(crate) struct TimerHeap<T> {
    heap: Vec<Entry>,
    /// By slot: the place in `heap`; of a free slot: the next free one.
    pos: Vec<u32>,
    /// By slot.
    items: Vec<T>,
    free: u32,
}

impl<T: Copy> TimerHeap<T> {
    pub(crate) const fn new() -> Self {
        TimerHeap { heap: mem::new_vec(), pos: mem::new_vec(), items: mem::new_vec(), free: NONE }
    }
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
    /// The earliest deadline and whose it is.
    #[inline]
    pub(crate) fn first(&self) -> Option<(i64, T)> {
        let e = self.heap.first()?;
        Some((e.at, *self.items.get(e.slot as usize)?))
    }
    /// Makes sure that the next `push` succeeds.
    #[inline]
    pub(crate) fn reserve(&mut self) -> Result<()> {
        if self.free == NONE && self.pos.len() == self.pos.capacity().min(self.items.capacity()) {
            self.pos.try_reserve(1).map_err(|_| Error::NoMem)?;
            self.items.try_reserve(1).map_err(|_| Error::NoMem)?;
        }
        if self.heap.len() == self.heap.capacity() {
            self.heap.try_reserve(1).map_err(|_| Error::NoMem)?;
        }
        Ok(())
    }
    /// Adds an entry; the slot it got.
    pub(crate) fn push(&mut self, at: i64, item: T) -> Result<i32> {
        let slot = if self.free == NONE { self.new_slot(item)? } else { self.free };
        let place = self.heap.len();
        let e = Entry { at, slot };
        if place == self.heap.capacity() {
            self.heap.try_reserve(1).map_err(|_| Error::NoMem)?;
        }
        self.heap.push(e);
        self.free = self.pos[slot as usize];
        self.items[slot as usize] = item;
        self.sift_up(place, e);
        Ok(slot as i32)
    }
    /// A slot that was never used; it is the first free one.
    #[cold]
    fn new_slot(&mut self, item: T) -> Result<u32> {
        let slot = u32::try_from(self.pos.len()).ok().filter(|s| *s < i32::MAX as u32).ok_or(Error::NoMem)?;
        self.items.try_reserve(1).map_err(|_| Error::NoMem)?;
        self.pos.try_push(NONE)?;
        self.items.try_push(item)?;
        self.free = slot;
        Ok(slot)
    }
    /// The deadline that the entry of `slot` is sorted by.
    #[inline]
    pub(crate) fn deadline(&self, slot: i32) -> Option<i64> {
        let place = *self.pos.get(slot as usize)?;
        Some(self.heap.get(place as usize)?.at)
    }
    /// Gives the entry of `slot` another deadline.
    pub(crate) fn update(&mut self, slot: i32, at: i64) {
        let Some(&place) = self.pos.get(slot as usize) else { return };
        let place = place as usize;
        let e = Entry { at, slot: slot as u32 };
        match self.heap.get(place) {
            Some(old) if at < old.at => self.sift_up(place, e),
            Some(_) => self.sift_down(place, e),
            None => {}
        }
    }
    /// Takes the entry of `slot` out; the slot is free again.
    pub(crate) fn remove(&mut self, slot: i32) {
        let Some(&place) = self.pos.get(slot as usize) else { return };
        let place = place as usize;
        let Some(last) = self.heap.pop() else { return };
        if place < self.heap.len() {
            if place > 0 && last.at < self.heap[(place - 1) / 4].at {
                self.sift_up(place, last);
            } else {
                self.sift_down(place, last);
            }
        }
        self.pos[slot as usize] = self.free;
        self.free = slot as u32;
    }
    /// Everything in the heap, in no particular order.
    pub(crate) fn item(&self, place: usize) -> Option<T> {
        self.items.get(self.heap.get(place)?.slot as usize).copied()
    }
    /// Puts `e` at `place` or, while its parent is later, further up. What stood at `place` is overwritten.
    fn sift_up(&mut self, mut place: usize, e: Entry) {
        let (heap, pos) = (&mut self.heap[..], &mut self.pos[..]);
        while place > 0 {
            let parent = (place - 1) / 4;
            let p = heap[parent];
            if p.at <= e.at {
                break;
            }
            heap[place] = p;
            pos[p.slot as usize] = place as u32;
            place = parent;
        }
        heap[place] = e;
        pos[e.slot as usize] = place as u32;
    }
    /// Puts `e` at `place` or, while a child is earlier, further down.
    fn sift_down(&mut self, mut place: usize, e: Entry) {
        let (heap, pos) = (&mut self.heap[..], &mut self.pos[..]);
        loop {
            let first = 4 * place + 1;
            let (best, child) = match heap.get(first..).and_then(<[Entry]>::first_chunk::<4>) {
                // A tournament without branches to guess.
                Some(four) => {
                    let ab = usize::from(four[1].at < four[0].at);
                    let cd = 2 + usize::from(four[3].at < four[2].at);
                    let best = if four[cd & 3].at < four[ab & 3].at { cd } else { ab };
                    (first + best, four[best & 3])
                }
                None => {
                    let rest = heap.get(first..).unwrap_or(&[]);
                    match rest.iter().enumerate().min_by_key(|(_, c)| c.at) {
                        Some((i, c)) => (first + i, *c),
                        None => break,
                    }
                }
            };
            if e.at <= child.at {
                break;
            }
            heap[place] = child;
            pos[child.slot as usize] = place as u32;
            place = best;
        }
        heap[place] = e;
        pos[e.slot as usize] = place as u32;
    }
    /// True if parents are never later than their children and slots and places agree.
    pub(crate) fn is_consistent(&self) -> bool {
        self.heap.iter().enumerate().all(|(i, e)| {
            let parent_ok = i == 0 || self.heap[(i - 1) / 4].at <= e.at;
            parent_ok && self.pos.get(e.slot as usize) == Some(&(i as u32))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

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
