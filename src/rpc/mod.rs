//! evrpc: calls with structured messages over HTTP.
//!
//! A request is the body of a POST to `/.rpc.NAME`, its reply the body of the response. The messages themselves are the
//! program's (or those of code that event_rpcgen.py made): functions that make, free, read and write them come with each
//! call. All of them may come back to us and free what they are called for, so what is used across a call-out is
//! counted, and everything else is read anew.
pub mod hooks;
pub mod meta;
pub mod pool;
pub mod server;

use crate::mem::{TryVec, Vec, new_vec};
use crate::{Result, mem};
use std::cell::{Cell, UnsafeCell};

/// What stands before a call's name in its URI.
const PREFIX: &[u8] = b"/.rpc.";

/// The URI of a call.
fn uri(name: &[u8]) -> Result<Vec<u8>> {
    let mut out = new_vec();
    out.try_extend(PREFIX)?;
    out.try_extend(name)?;
    Ok(out)
}

/// A list that may be changed by whoever is called while it is looked at: nobody gets a reference into it.
struct List<T>(UnsafeCell<Vec<T>>);
impl<T: Copy + PartialEq> List<T> {
    const fn new() -> List<T> {
        List(UnsafeCell::new(new_vec()))
    }
    fn with<R>(&self, f: impl FnOnce(&mut Vec<T>) -> R) -> R {
        // SAFETY: the functions below call out neither to the program nor to each other.
        f(unsafe { &mut *self.0.get() })
    }
    fn push(&self, item: T) -> Result<()> {
        self.with(|v| v.try_push(item))
    }
    fn get(&self, at: usize) -> Option<T> {
        self.with(|v| v.get(at).copied())
    }
    fn is_empty(&self) -> bool {
        self.with(|v| v.is_empty())
    }
    fn position(&self, f: impl Fn(T) -> bool) -> Option<usize> {
        self.with(|v| v.iter().position(|i| f(*i)))
    }
    /// Takes out the item at a place, keeping the order of the others.
    fn take(&self, at: usize) -> Option<T> {
        self.with(|v| (at < v.len()).then(|| v.remove(at)))
    }
    fn remove(&self, item: T) -> bool {
        self.position(|i| i == item).and_then(|at| self.take(at)).is_some()
    }
}

/// A count of those who need an object: existing counts one.
struct Count(Cell<u32>);
impl Count {
    const fn new() -> Count {
        Count(Cell::new(1))
    }
    fn up(&self) {
        self.0.set(self.0.get() + 1);
    }
    /// True: that was the last one.
    fn down(&self) -> bool {
        self.0.set(self.0.get() - 1);
        self.0.get() == 0
    }
}

/// An object of `T` on the heap, to be freed with [`unbox`].
fn boxed<T>(value: T) -> Result<*mut T> {
    let (p, _) = mem::Box::into_raw_with_allocator(mem::new_box(value)?);
    Ok(p)
}
/// # Safety
/// `p` is from [`boxed`], and nobody uses it any more.
unsafe fn unbox<T>(p: *mut T) {
    // SAFETY: the caller's promise.
    drop(unsafe { mem::Box::from_raw_in(p, mem::Alloc) });
}
