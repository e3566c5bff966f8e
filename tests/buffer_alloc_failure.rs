//! Every evbuffer operation while the k-th allocation fails: it says so, nothing is lost, nothing leaks.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod net;
use net::UnixStream;
use net::libc;
use net::libc::iovec;
use net::{AsRawFd, IntoRawFd};
use oxievent::abi::buffer::{SegmentFlag, evbuffer, evbuffer_cb_info, evbuffer_eol_style};
use oxievent::buffer::{BufferRef, SegmentRef};
use oxievent::{Error, mem};
use std::ffi::c_void;
use std::io::Write;
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::SeqCst};

/// Allocations that still work; and blocks alive.
static LEFT: AtomicIsize = AtomicIsize::new(isize::MAX);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static CLEANUPS: AtomicUsize = AtomicUsize::new(0);
/// These tests share the allocator.
static ONE: Mutex<()> = Mutex::new(());

unsafe extern "C" fn malloc(n: usize) -> *mut c_void {
    if LEFT.fetch_sub(1, SeqCst) <= 0 {
        return null_mut();
    }
    LIVE.fetch_add(1, SeqCst);
    unsafe { libc::malloc(n) }
}
unsafe extern "C" fn realloc(p: *mut c_void, n: usize) -> *mut c_void {
    if LEFT.fetch_sub(1, SeqCst) <= 0 {
        return null_mut();
    }
    unsafe { libc::realloc(p, n) }
}
unsafe extern "C" fn free(p: *mut c_void) {
    if !p.is_null() {
        LIVE.fetch_sub(1, SeqCst);
        unsafe { libc::free(p) }
    }
}
unsafe extern "C" fn cleanup(_: *const c_void, _: usize, _: *mut c_void) {
    CLEANUPS.fetch_add(1, SeqCst);
}
unsafe extern "C" fn observer(_: *mut evbuffer, _: *const evbuffer_cb_info, _: *mut c_void) {}

fn contents(b: BufferRef) -> Vec<u8> {
    let mut out = vec![std::mem::MaybeUninit::uninit(); b.len()];
    unsafe { b.copyout(None, &mut out) }.unwrap();
    out.iter().map(|b| unsafe { b.assume_init() }).collect()
}
/// A fragmented buffer: plain blocks, shown memory, a spare block.
fn prepare(b: BufferRef, text: &'static [u8]) {
    let tmp = BufferRef::new().unwrap();
    for piece in text.chunks(50) {
        tmp.add(piece).unwrap();
        b.add_buffer(tmp).unwrap();
        unsafe { b.add_reference(piece.as_ptr(), piece.len(), Some(cleanup), null_mut()) }.unwrap();
    }
    tmp.free();
    b.add(b"the end").unwrap();
    let mut v = [iovec { iov_base: null_mut(), iov_len: 0 }; 2];
    b.reserve(700, &mut v).unwrap();
}

/// What an operation does: Ok: done. Err: refused.
type Op = fn(BufferRef, BufferRef) -> Result<(), Error>;

fn operations() -> Vec<(&'static str, Op)> {
    static LARGE: [u8; 9000] = [b'L'; 9000];
    fn reserve(b: BufferRef, n: usize, extents: usize) -> Result<(), Error> {
        let mut v = [iovec { iov_base: null_mut(), iov_len: 0 }; 4];
        b.reserve(n, &mut v[..extents]).map(|_| ())
    }
    fn file() -> i32 {
        let mut f = net::temp_file();
        f.write_all(&LARGE).unwrap();
        f.into_raw_fd()
    }
    fn segment(b: BufferRef, flags: SegmentFlag) -> Result<(), Error> {
        let fd = file();
        let seg = match SegmentRef::new(fd, 5, -1, flags | SegmentFlag::CLOSE_ON_FREE) {
            Ok(s) => s,
            Err(e) => {
                assert!(net::file_is_open(fd), "a failed segment leaves the descriptor alone");
                oxievent::sys::fd::close_file(fd);
                return Err(e);
            }
        };
        let done = b.add_file_segment(seg, 10, 100);
        seg.release();
        assert_eq!(!net::file_is_open(fd), done.is_err());
        done
    }
    vec![
        ("new", |_, _| BufferRef::new().map(BufferRef::free)),
        ("add", |b, _| b.add(b"some words")),
        ("add large", |b, _| b.add(&LARGE)),
        ("add to empty", |b, _| b.drain(usize::MAX).and_then(|()| b.add(b"x"))),
        ("add_all", |b, _| b.add_all([&LARGE[..], b"and", &LARGE].into_iter()).map(|_| ())),
        ("prepend", |b, _| b.prepend(b"some words")),
        ("prepend large", |b, _| b.prepend(&LARGE)),
        ("expand", |b, _| b.expand(9000)),
        ("reserve 1", |b, _| reserve(b, 9000, 1)),
        ("reserve 2", |b, _| reserve(b, 9000, 2)),
        ("reserve 4", |b, _| reserve(b, 9000, 4)),
        ("pullup", |b, _| b.pullup(None).map(|_| ()).ok_or(Error::NoMem)),
        ("pullup some", |b, _| b.pullup(Some(333)).map(|_| ()).ok_or(Error::NoMem)),
        ("remove", |b, _| b.remove(&mut [0; 120]).map(|_| ())),
        ("remove_buffer", |b, o| b.remove_buffer(o, 120).map(|_| ())),
        ("remove_buffer all", |b, o| b.remove_buffer(o, 12000).map(|_| ())),
        ("add_buffer", |b, o| b.add_buffer(o)),
        ("prepend_buffer", |b, o| b.prepend_buffer(o)),
        ("add_buffer_reference", |b, o| b.add_buffer_reference(o)),
        ("add_reference", |b, _| {
            let before = CLEANUPS.load(SeqCst);
            unsafe { b.add_reference(LARGE.as_ptr(), 9000, Some(cleanup), null_mut()) }
                .inspect_err(|_| assert_eq!(before, CLEANUPS.load(SeqCst)))
        }),
        ("readln", |b, _| {
            let (line, _) = b.readln(evbuffer_eol_style::EVBUFFER_EOL_LF);
            unsafe { mem::free(line.cast()) };
            if line.is_null() { Err(Error::NoMem) } else { Ok(()) }
        }),
        ("add_formatted", |b, _| {
            b.add_formatted(|out| {
                let n = out.len().min(5000);
                out[..n].fill(std::mem::MaybeUninit::new(b'f'));
                5000
            })
            .map(|_| ())
        }),
        ("add_cb", |b, _| b.add_cb(Some(observer), null_mut(), false).map(|_| ())),
        ("read_from", |b, _| {
            let (mut a, r) = UnixStream::pair().unwrap();
            a.write_all(&LARGE[..3000]).unwrap();
            // Without memory for more it takes what there is room for.
            b.read_from(r.as_raw_fd(), 4000).map(|n| assert!((1..=3000).contains(&n)))
        }),
        ("add_file", |b, _| {
            let fd = file();
            b.add_file(fd, 0, -1).inspect_err(|_| {
                // Either it is still ours, or it has been closed.
                oxievent::sys::fd::close_file(fd);
            })
        }),
        ("add_file to fd", |b, _| {
            b.set_flags(1, true);
            let fd = file();
            b.add_file(fd, 0, -1).inspect_err(|_| {
                oxievent::sys::fd::close_file(fd);
            })
        }),
        ("segment mapped", |b, _| segment(b, SegmentFlag::DISABLE_SENDFILE)),
        ("segment read", |b, _| segment(b, SegmentFlag::DISABLE_SENDFILE | SegmentFlag::DISABLE_MMAP)),
        ("segment by fd", |b, _| {
            b.set_flags(1, true);
            segment(b, SegmentFlag::DISABLE_MMAP)
        }),
    ]
}

#[test]
fn each_operation_fails_cleanly() {
    let _one = ONE.lock().unwrap();
    oxievent::buffer::trim();
    mem::set_functions(Some(malloc), Some(realloc), Some(free));
    static TEXT: &[u8] =
        b"first line of many\nsecond line, which is a bit longer than the first\nthird\r\n0123456789\
        0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";
    for (name, op) in operations() {
        let mut worked = false;
        for k in 0..40 {
            let (live, seen) = (LIVE.load(SeqCst), CLEANUPS.load(SeqCst));
            let (b, o) = (BufferRef::new().unwrap(), BufferRef::new().unwrap());
            prepare(b, TEXT);
            prepare(o, TEXT);
            let shown = TEXT.chunks(50).count() * 2;
            let (was_b, was_o) = (contents(b), contents(o));
            oxievent::buffer::trim();
            LEFT.store(k, SeqCst);
            let done = op(b, o);
            let used_up = LEFT.swap(isize::MAX, SeqCst) < 0;
            assert!(b.is_consistent() && o.is_consistent(), "{name} {k}");
            if done.is_err() {
                assert!(used_up, "{name} {k} failed without a reason");
                assert!(!matches!(done, Err(Error::Os(libc::EBADF))));
                if name != "add to empty" {
                    assert!(contents(b) == was_b && contents(o) == was_o, "{name} {k} lost something");
                }
            } else if was_b == contents(b) {
                assert_eq!(was_o, contents(o), "{name} {k}");
            }
            b.free();
            o.free();
            oxievent::buffer::trim();
            assert!(CLEANUPS.load(SeqCst) - seen >= shown, "{name} {k}");
            assert_eq!(LIVE.load(SeqCst), live, "{name} {k} leaked");
            worked = done.is_ok();
            if worked && !used_up {
                break;
            }
        }
        assert!(worked, "{name} never worked");
    }
    mem::set_functions(None, None, None);
}

#[test]
fn absurd_sizes_are_refused() {
    let _one = ONE.lock().unwrap();
    let b = BufferRef::new().unwrap();
    b.add(b"1").unwrap();
    let max = oxievent::buffer::CHAIN_MAX;
    for n in [max - 1, max, max + 1, usize::MAX - 48, usize::MAX] {
        assert_eq!(b.expand(n), Err(Error::NoMem));
        let mut v = [iovec { iov_base: null_mut(), iov_len: 0 }; 2];
        assert!(b.reserve(n, &mut v).is_err());
        assert!(b.reserve(n, &mut v[..1]).is_err());
        assert!(b.is_consistent());
    }
    // Lengths that only lie: more than a buffer can count.
    unsafe {
        b.add_reference(b"2".as_ptr(), max - 10, None, null_mut()).unwrap();
        assert_eq!(b.add_reference(b"2".as_ptr(), 100, None, null_mut()), Err(Error::NoMem));
    }
    assert_eq!(b.add(&[0; 100]), Err(Error::NoMem));
    assert_eq!(b.prepend(&[0; 100]), Err(Error::NoMem));
    let o = BufferRef::new().unwrap();
    o.add(&[0; 100]).unwrap();
    assert_eq!(b.add_buffer(o), Err(Error::NoMem));
    assert_eq!(b.prepend_buffer(o), Err(Error::NoMem));
    assert_eq!(b.add_buffer_reference(o), Err(Error::NoMem));
    assert_eq!(o.remove_buffer(b, 50), Err(Error::NoMem));
    assert!(b.pullup(None).is_none());
    assert_eq!((b.len(), o.len()), (max - 9, 100));
    b.drain(usize::MAX).unwrap();
    b.free();
    o.free();
}
