//! Overlapped evbuffers, as libevent's internal interface has them, straight on a port.
#![cfg(any(windows, target_os = "linux"))]
#![allow(clippy::disallowed_types, reason = "tests run on std")]
mod bev_common;
mod iocp_common;
mod net;
mod thread_common;
use iocp_common::*;
use oxievent::buffer::BufferRef;
use oxievent::iocp::{EventOverlapped, Port};
use oxievent::sys::iocp::Overlapped;
use std::ffi::c_int;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::SeqCst};

static READ: AtomicIsize = AtomicIsize::new(-1);
static WRITTEN: AtomicIsize = AtomicIsize::new(-1);
static BUFFERS: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];
fn buffer(i: usize) -> BufferRef {
    // SAFETY: alive as long as the test's operations are.
    unsafe { BufferRef::from_raw(BUFFERS[i].load(SeqCst) as *mut _).unwrap() }
}
unsafe extern "C" fn read(_: *mut EventOverlapped, key: usize, n: isize, ok: c_int) {
    assert!(ok != 0 && key == 100);
    buffer(0).commit_read(n as usize);
    READ.store(n, SeqCst);
}
unsafe extern "C" fn written(_: *mut EventOverlapped, _: usize, n: isize, ok: c_int) {
    assert!(ok != 0);
    buffer(1).commit_write(n as usize);
    WRITTEN.store(n, SeqCst);
}
fn wait(v: &AtomicIsize) -> isize {
    while v.load(SeqCst) < 0 {
        std::thread::yield_now();
    }
    v.swap(-1, SeqCst)
}

#[test]
fn reads_and_writes() {
    let base = base();
    let (x, y) = pair();
    let (x, y) = (raw(x), raw(y));
    let port = Port::launch(0).unwrap();
    port.associate(x, 100).unwrap();
    port.associate(y, 100).unwrap();
    let (r, w) = (BufferRef::overlapped_new(x).unwrap(), BufferRef::overlapped_new(y).unwrap());
    for (i, b) in [r, w].into_iter().enumerate() {
        // SAFETY: a new lock.
        unsafe { b.enable_locking(std::ptr::null_mut()) }.unwrap();
        BUFFERS[i].store(b.as_ptr() as usize, SeqCst);
    }
    assert_eq!((r.overlapped_fd(), w.overlapped_fd()), (Some(x), Some(y)));
    let mut rol = EventOverlapped { overlapped: Overlapped::new(), cb: Some(read) };
    let mut wol = EventOverlapped { overlapped: Overlapped::new(), cb: Some(written) };
    let (rol, wol) = ((&raw mut rol).cast(), (&raw mut wol).cast());
    r.add(b"before ").unwrap();
    for i in 0..100 {
        w.add(&pattern(1000, i * 1000)).unwrap();
    }
    // SAFETY: the operations end before the test does.
    unsafe {
        // Under the locks, as what has ended is taken in there: the port's threads may be quick.
        r.lock();
        w.lock();
        r.launch_read(2048, rol).unwrap();
        assert!(r.launch_read(2048, rol).is_err(), "one at a time");
        assert!(r.add(b"x").is_err(), "frozen");
        // The rest of the buffer is free to be used.
        let other = BufferRef::new().unwrap();
        other.add_buffer(r).unwrap();
        assert_eq!(other.len(), 7);
        other.free();
        // What has been written is told under the lock.
        w.lock();
        w.launch_write(Some(512), wol).unwrap();
        assert!(w.drain(1).is_err(), "frozen");
        w.unlock();
        w.add(b"more").unwrap();
        w.unlock();
        r.unlock();
    }
    assert_eq!(wait(&WRITTEN), 512);
    assert_eq!(wait(&READ), 512);
    assert_eq!((r.len(), w.len()), (512, 100_004 - 512));
    let mut got = Vec::new();
    let mut begun = false;
    while got.len() < 100_000 {
        // SAFETY: as above.
        unsafe {
            if !begun && !w.is_empty() {
                w.launch_write(None, wol).unwrap();
                begun = true;
            }
            r.launch_read(3000, rol).unwrap();
        }
        wait(&READ);
        if WRITTEN.load(SeqCst) >= 0 {
            wait(&WRITTEN);
            begun = false;
        }
        let mut piece = vec![0; r.len()];
        r.remove(&mut piece).unwrap();
        got.extend(piece);
        assert!(r.is_consistent() && w.is_consistent());
    }
    assert!(got[..100_000] == pattern(100_000, 0));
    if begun {
        wait(&WRITTEN);
    }
    let plain = BufferRef::new().unwrap();
    // SAFETY: nothing is started.
    unsafe {
        assert!(plain.launch_read(1, rol).is_err(), "not such a buffer");
    }
    plain.free();
    r.free();
    w.free();
    assert!(port.shutdown(Some(5000)));
    drop((stream(x), stream(y)));
    end(base);
}
