//! Intrusive containers over memory that callers own: tail queue and list, laid out as sys/queue.h has them.
//!
//! They work on raw pointers only; no reference to a node is ever formed, so a caller may read or free its
//! struct between two operations. Their one contract is the unsafe trait.
use crate::abi::event::{ListEntry, TailqEntry, TailqHead};
use std::marker::PhantomData;
use std::ptr::null_mut;

/// Says where in `Self::Node` the link of one particular tail queue lies.
///
/// # Safety
/// `entry` returns a field of the node it is given, always the same one, and no other queue uses that field.
pub unsafe trait TailLink {
    type Node;
    /// # Safety
    /// `node` points into a live allocation of a `Node`.
    unsafe fn entry(node: *mut Self::Node) -> *mut TailqEntry<Self::Node>;
}

/// A tail queue whose head must not move while it holds nodes (nodes point back into it, as in C).
#[repr(transparent)]
pub struct TailQueue<L: TailLink> {
    head: TailqHead<L::Node>,
    link: PhantomData<L>,
}

impl<L: TailLink> TailQueue<L> {
    /// An empty head; call [`Self::init`] once it stands in its final place.
    pub const fn unplaced() -> Self {
        TailQueue { head: TailqHead { tqh_first: null_mut(), tqh_last: null_mut() }, link: PhantomData }
    }
    pub fn init(&mut self) {
        self.head.tqh_first = null_mut();
        self.head.tqh_last = &raw mut self.head.tqh_first;
    }
    #[inline]
    pub fn first(&self) -> *mut L::Node {
        self.head.tqh_first
    }
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head.tqh_first.is_null()
    }
    /// # Safety
    /// `node` is on this queue.
    #[inline]
    pub unsafe fn next(node: *mut L::Node) -> *mut L::Node {
        // SAFETY: the caller's promise.
        unsafe { (*L::entry(node)).tqe_next }
    }
    /// The last node, or null.
    pub fn last(&self) -> *mut L::Node {
        let first = self.head.tqh_first;
        // SAFETY: nodes on the queue are alive by `insert_tail`'s contract. The link that `tqh_last` points into has
        // `tqe_next` first; with two nodes or more its back pointer points into a node.
        unsafe {
            if first.is_null() || (*L::entry(first)).tqe_next.is_null() {
                return first;
            }
            let link = self.head.tqh_last.cast::<TailqEntry<L::Node>>();
            *(*link).tqe_prev
        }
    }
    /// The node before `node`, or null.
    ///
    /// # Safety
    /// `node` is on this queue.
    pub unsafe fn previous(&self, node: *mut L::Node) -> *mut L::Node {
        let first = self.head.tqh_first;
        if node == first {
            return null_mut();
        }
        // SAFETY: the caller's promise; `node` is not the first, so its back pointer points at a node's link.
        unsafe {
            let link = (*L::entry(node)).tqe_prev.cast::<TailqEntry<L::Node>>();
            if link == L::entry(first) { first } else { *(*link).tqe_prev }
        }
    }
    /// # Safety
    /// `node` is alive, stays so while it is on the queue, and is on no queue through this link.
    #[inline]
    pub unsafe fn insert_tail(&mut self, node: *mut L::Node) {
        // SAFETY: the caller's promise; tqh_last points at the last node's link.
        unsafe {
            let e = L::entry(node);
            (*e).tqe_next = null_mut();
            // The head is never written through a pointer into it: `&mut self` promises that nobody does.
            if self.head.tqh_first.is_null() {
                (*e).tqe_prev = &raw mut self.head.tqh_first;
                self.head.tqh_first = node;
            } else {
                (*e).tqe_prev = self.head.tqh_last;
                *self.head.tqh_last = node;
            }
            self.head.tqh_last = &raw mut (*e).tqe_next;
        }
    }
    /// # Safety
    /// As [`Self::insert_tail`].
    #[inline]
    pub unsafe fn insert_head(&mut self, node: *mut L::Node) {
        // SAFETY: the caller's promise.
        unsafe {
            let e = L::entry(node);
            let first = self.head.tqh_first;
            (*e).tqe_next = first;
            (*e).tqe_prev = &raw mut self.head.tqh_first;
            if first.is_null() {
                self.head.tqh_last = &raw mut (*e).tqe_next;
            } else {
                (*L::entry(first)).tqe_prev = &raw mut (*e).tqe_next;
            }
            self.head.tqh_first = node;
        }
    }
    /// # Safety
    /// As [`Self::insert_tail`]; `after` is on this queue.
    pub unsafe fn insert_after(&mut self, after: *mut L::Node, node: *mut L::Node) {
        // SAFETY: the caller's promise.
        unsafe {
            let (a, e) = (L::entry(after), L::entry(node));
            let next = (*a).tqe_next;
            (*e).tqe_next = next;
            (*e).tqe_prev = &raw mut (*a).tqe_next;
            if next.is_null() {
                self.head.tqh_last = &raw mut (*e).tqe_next;
            } else {
                (*L::entry(next)).tqe_prev = &raw mut (*e).tqe_next;
            }
            (*a).tqe_next = node;
        }
    }
    /// # Safety
    /// `node` is the first on this queue.
    #[inline]
    pub unsafe fn remove_first(&mut self, node: *mut L::Node) {
        debug_assert!(self.head.tqh_first == node);
        // SAFETY: the caller's promise.
        unsafe {
            let next = (*L::entry(node)).tqe_next;
            self.head.tqh_first = next;
            if next.is_null() {
                self.head.tqh_last = &raw mut self.head.tqh_first;
            } else {
                (*L::entry(next)).tqe_prev = &raw mut self.head.tqh_first;
            }
        }
    }
    /// # Safety
    /// `node` is on this queue.
    #[inline]
    pub unsafe fn remove(&mut self, node: *mut L::Node) {
        // SAFETY: the caller's promise.
        unsafe {
            let e = L::entry(node);
            let next = (*e).tqe_next;
            if next.is_null() {
                self.head.tqh_last = (*e).tqe_prev;
            } else {
                (*L::entry(next)).tqe_prev = (*e).tqe_prev;
            }
            if self.head.tqh_first == node {
                self.head.tqh_first = next;
            } else {
                *(*e).tqe_prev = next;
            }
        }
    }
}

/// Says where in `Self::Node` the link of one particular list lies.
///
/// # Safety
/// As [`TailLink`].
pub unsafe trait ListLink {
    type Node;
    /// # Safety
    /// `node` points into a live allocation of a `Node`.
    unsafe fn entry(node: *mut Self::Node) -> *mut ListEntry<Self::Node>;
}

/// A list whose head may move: the first node's back link is null instead of pointing at the head.
pub struct List<L: ListLink> {
    first: *mut L::Node,
    link: PhantomData<L>,
}
impl<L: ListLink> Default for List<L> {
    fn default() -> Self {
        Self::new()
    }
}
impl<L: ListLink> List<L> {
    pub const fn new() -> Self {
        List { first: null_mut(), link: PhantomData }
    }
    #[inline]
    pub fn first(&self) -> *mut L::Node {
        self.first
    }
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.first.is_null()
    }
    /// # Safety
    /// `node` is on a list.
    #[inline]
    pub unsafe fn next(node: *mut L::Node) -> *mut L::Node {
        // SAFETY: the caller's promise.
        unsafe { (*L::entry(node)).le_next }
    }
    /// # Safety
    /// `node` is alive, stays so while it is on the list, and is on no list through this link.
    #[inline]
    pub unsafe fn insert_head(&mut self, node: *mut L::Node) {
        // SAFETY: the caller's promise.
        unsafe {
            let e = L::entry(node);
            (*e).le_next = self.first;
            (*e).le_prev = null_mut();
            if !self.first.is_null() {
                (*L::entry(self.first)).le_prev = &raw mut (*e).le_next;
            }
            self.first = node;
        }
    }
    /// # Safety
    /// `node` is on this list.
    #[inline]
    pub unsafe fn remove(&mut self, node: *mut L::Node) {
        // SAFETY: the caller's promise.
        unsafe {
            let e = L::entry(node);
            let next = (*e).le_next;
            if !next.is_null() {
                (*L::entry(next)).le_prev = (*e).le_prev;
            }
            if (*e).le_prev.is_null() {
                self.first = next;
            } else {
                *(*e).le_prev = next;
            }
        }
    }
}
