//! Locked evbuffers used by several threads; memory shared between buffers with different locks.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod net;
mod thread_common;
use oxievent::abi::thread::EVTHREAD_LOCKTYPE_RECURSIVE;
use oxievent::buffer::BufferRef;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{scope, spawn};
use thread_common::LOCKS;

#[derive(Clone, Copy)]
struct Shared(BufferRef);
// The buffers below are locked.
unsafe impl Send for Shared {}
unsafe impl Sync for Shared {}

fn buffer() -> Shared {
    thread_common::set_up();
    let b = BufferRef::new().unwrap();
    unsafe { b.enable_locking(null_mut()) }.unwrap();
    assert!(unsafe { b.enable_locking(null_mut()) }.is_err());
    Shared(b)
}

#[test]
fn one_adds_another_takes() {
    const N: usize = 400_000;
    let b = buffer();
    scope(|s| {
        s.spawn(move || {
            let b = { b }.0;
            let mut at = 0;
            while at < N {
                let n = (at % 977 + 1).min(N - at);
                let piece: Vec<u8> = (at..at + n).map(|i| (i % 251) as u8).collect();
                b.add(&piece).unwrap();
                at += n;
            }
        });
        s.spawn(move || {
            let b = { b }.0;
            let (mut at, mut out) = (0, [0; 701]);
            while at < N {
                let n = b.remove(&mut out).unwrap();
                for (i, byte) in out[..n].iter().enumerate() {
                    assert_eq!(*byte, ((at + i) % 251) as u8);
                }
                at += n;
            }
        });
    });
    assert!(b.0.is_empty() && b.0.is_consistent());
    b.0.free();
}

#[test]
fn moves_in_both_directions_do_not_deadlock() {
    let (a, b) = (buffer(), buffer());
    a.0.add(&[1; 3000]).unwrap();
    b.0.add(&[2; 3000]).unwrap();
    scope(|s| {
        for (to, from) in [(a, b), (b, a)] {
            s.spawn(move || {
                let (to, from) = ({ to }.0, { from }.0);
                for i in 0..3000 {
                    match i % 3 {
                        0 => to.add_buffer(from).unwrap(),
                        1 => to.prepend_buffer(from).unwrap(),
                        _ => drop(from.remove_buffer(to, 100).unwrap()),
                    }
                }
            });
        }
    });
    assert_eq!(a.0.len() + b.0.len(), 6000);
    assert!(a.0.is_consistent() && b.0.is_consistent());
    a.0.free();
    b.0.free();
}

static GIVEN_BACK: AtomicUsize = AtomicUsize::new(0);
unsafe extern "C" fn give_back(_: *const c_void, _: usize, _: *mut c_void) {
    GIVEN_BACK.fetch_add(1, SeqCst);
}

/// Blocks shown by two buffers are let go by two threads at once, neither of which has the other's lock. The
/// buffer that was shown is gone by then, its lock with it (libevent issue 1842).
#[test]
fn shared_blocks_outlive_their_buffer() {
    static TEXT: [u8; 64] = [b't'; 64];
    for _ in 0..200 {
        let (src, one, two) = (buffer(), buffer(), buffer());
        for _ in 0..10 {
            src.0.add(&[b'x'; 700]).unwrap();
            unsafe { src.0.add_reference(TEXT.as_ptr(), TEXT.len(), Some(give_back), null_mut()) }.unwrap();
        }
        one.0.add_buffer_reference(src.0).unwrap();
        two.0.add_buffer_reference(src.0).unwrap();
        let n = src.0.len();
        let threads = [src, one, two].map(|b| {
            spawn(move || {
                let b = { b }.0;
                assert_eq!(b.len(), n);
                b.drain(300).unwrap();
                assert!(b.is_consistent());
                b.free();
            })
        });
        for t in threads {
            t.join().unwrap();
        }
    }
    assert_eq!(GIVEN_BACK.load(SeqCst), 2000);
}

#[test]
fn a_lock_can_be_shared_and_lent() {
    let raw = unsafe { LOCKS.alloc.unwrap()(EVTHREAD_LOCKTYPE_RECURSIVE) };
    let (a, b) = (BufferRef::new().unwrap(), BufferRef::new().unwrap());
    buffer().0.free();
    unsafe {
        a.enable_locking(raw).unwrap();
        b.enable_locking(raw).unwrap();
    }
    a.lock();
    b.add(b"text").unwrap();
    a.add_buffer(b).unwrap();
    a.unlock();
    assert_eq!(a.len(), 4);
    a.free();
    b.free();
    unsafe { LOCKS.free.unwrap()(raw, EVTHREAD_LOCKTYPE_RECURSIVE) };
}

/// What a thread's end runs after the library has let go of the thread's spare blocks: buffers still work there.
#[cfg(unix)]
#[test]
fn buffers_outlive_what_their_thread_keeps() {
    use net::libc;
    static LEFT: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "C" fn at_end(p: *mut c_void) {
        // SAFETY: the buffer that the thread has left.
        let b = unsafe { BufferRef::from_raw(p.cast()) }.unwrap();
        let other = BufferRef::new().unwrap();
        for _ in 0..50 {
            b.add(&[7; 300]).unwrap();
            other.add(&[8; 10]).unwrap();
        }
        b.drain(15_000).unwrap();
        LEFT.fetch_add(b.len(), SeqCst);
        b.free();
        other.free();
    }
    let mut key = 0;
    // SAFETY: a key with such a destructor.
    assert_eq!(unsafe { libc::pthread_key_create(&mut key, Some(at_end)) }, 0);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let b = BufferRef::new().unwrap();
                b.add(&[1; 5000]).unwrap();
                // SAFETY: the destructor takes the buffer over.
                assert_eq!(unsafe { libc::pthread_setspecific(key, b.as_ptr().cast()) }, 0);
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(LEFT.load(SeqCst), 4 * 5000);
}
