//! Files in evbuffers: by sendfile, mapped, read; empty, short, on descriptors that cannot do it.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod net;
use net::UnixStream;
use net::libc;
use net::{AsRawFd, IntoRawFd};
use oxievent::Error;
use oxievent::abi::buffer::{SegmentFlag, evbuffer_file_segment};
use oxievent::buffer::{BufferRef, SegmentRef};
use std::ffi::{c_int, c_void};
use std::io::{Read, Seek, SeekFrom, Write};

const CLOSE: SegmentFlag = SegmentFlag::CLOSE_ON_FREE;
const NO_SENDFILE: SegmentFlag = SegmentFlag::DISABLE_SENDFILE;
const NO_MMAP: SegmentFlag = SegmentFlag::DISABLE_MMAP;

fn file(text: &[u8]) -> std::fs::File {
    let mut f = net::temp_file();
    f.write_all(text).unwrap();
    f
}
fn is_open(fd: c_int) -> bool {
    net::file_is_open(fd)
}
fn text(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 7 % 251) as u8).collect()
}
/// All of `b` through a socket.
fn sent(b: BufferRef) -> Vec<u8> {
    let (a, mut r) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    r.set_nonblocking(true).unwrap();
    let mut out = Vec::new();
    loop {
        let left = b.len();
        if left > 0 {
            match b.write_to(a.as_raw_fd(), None) {
                Ok(n) => assert!(n > 0 && b.len() == left - n),
                Err(e) => assert_eq!(e, Error::Os(libc::EAGAIN)),
            }
        }
        let mut piece = [0; 50000];
        match r.read(&mut piece) {
            Ok(n) => out.extend_from_slice(&piece[..n]),
            Err(_) if b.is_empty() => return out,
            Err(_) => {}
        }
    }
}

/// Tests that look whether a descriptor is open must not run beside others that open some.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn every_way_sends_the_same() {
    let _alone = alone();
    let all = text(300_000);
    for flags in [SegmentFlag::empty(), NO_SENDFILE, NO_SENDFILE | NO_MMAP] {
        for drains in [false, true] {
            let mut f = file(&all);
            f.seek(SeekFrom::Start(17)).unwrap();
            let seg = SegmentRef::new(f.as_raw_fd(), 5000, 200_000, flags).unwrap();
            let b = BufferRef::new().unwrap();
            b.set_flags(1, drains);
            b.add(b"head").unwrap();
            b.add_file_segment(seg, 100, 150_000).unwrap();
            b.add(b"tail").unwrap();
            b.add_file_segment(seg, 0, -1).unwrap();
            seg.release();
            assert!(b.is_consistent());
            let expect = [b"head", &all[5100..155_100], b"tail", &all[5000..205_000]].concat();
            assert_eq!(b.len(), expect.len());
            assert!(sent(b) == expect, "{flags:?} {drains}");
            assert_eq!(f.stream_position().unwrap(), 17, "the descriptor's position is the program's");
            b.free();
        }
    }
}

/// What 2.1.12 leaves undefined: looking at bytes that are only in a file.
#[test]
fn bytes_in_files_can_be_read() {
    let _alone = alone();
    let all = text(9000);
    let b = BufferRef::new().unwrap();
    b.set_flags(1, true);
    for _ in 0..4 {
        b.add_file(file(&all).into_raw_fd(), 0, -1).unwrap();
    }
    assert_eq!(b.find(&all[100..120]), Some(100));
    let mut out = vec![0; 12_000];
    assert_eq!(b.remove(&mut out), Ok(12_000));
    assert!(out == [&all[..], &all[..3000]].concat());
    let p = b.pullup(Some(8000)).unwrap();
    assert!(unsafe { std::slice::from_raw_parts(p, 8000) } == [&all[3000..], &all[..2000]].concat());
    let o = BufferRef::new().unwrap();
    assert_eq!(b.remove_buffer(o, 10_000), Ok(10_000));
    assert!(sent(o) == [&all[3000..], &all[..4000]].concat());
    assert!(sent(b) == [&all[4000..], &all[..]].concat());
    b.free();
    o.free();
}

#[test]
fn empty_files_leave_nothing_behind() {
    let _alone = alone();
    let b = BufferRef::new().unwrap();
    for drains in [false, true] {
        b.set_flags(1, drains);
        for length in [0, -1] {
            let fd = file(b"").into_raw_fd();
            b.add_file(fd, 0, length).unwrap();
            assert!(!is_open(fd) && b.is_empty() && b.is_consistent());
        }
        let fd = file(b"text").into_raw_fd();
        b.add_file(fd, 4, -1).unwrap();
        assert!(!is_open(fd) && b.is_empty());
    }
    for flags in [CLOSE, CLOSE | NO_SENDFILE, CLOSE | NO_SENDFILE | NO_MMAP] {
        let fd = file(b"").into_raw_fd();
        let seg = SegmentRef::new(fd, 0, -1, flags).unwrap();
        b.add_file_segment(seg, 0, -1).unwrap();
        seg.release();
        assert!(!is_open(fd) && b.is_empty());
    }
    b.free();
}

#[test]
fn errors_leave_nothing_behind() {
    let _alone = alone();
    let b = BufferRef::new().unwrap();
    // No segment can be made: the descriptor stays ours.
    let f = file(b"text");
    for (offset, length) in [(-1, 2), (0, -2), (5, -1), (i64::MAX, 2), (1, i64::MAX)] {
        assert!(b.add_file(f.as_raw_fd(), offset, length).is_err(), "{offset} {length}");
        assert!(is_open(f.as_raw_fd()));
    }
    assert_eq!(b.add_file(-1, 0, -1), Err(Error::Os(9)));
    // The file is shorter than the range: found out before a mapping could kill us.
    let fd = file(b"text").into_raw_fd();
    assert!(b.add_file(fd, 0, 5000).is_err());
    // Without sendfile no segment can be made of it.
    assert_eq!(is_open(fd), !oxievent::sys::io::HAVE_SENDFILE);
    // The buffer takes nothing.
    b.freeze(false).unwrap();
    let fd = file(b"text").into_raw_fd();
    assert_eq!(b.add_file(fd, 0, -1), Err(Error::Invalid));
    assert!(!is_open(fd));
    let seg = SegmentRef::new(f.as_raw_fd(), 0, -1, SegmentFlag::empty()).unwrap();
    assert!(b.add_file_segment(seg, 0, -1).is_err());
    b.unfreeze(false).unwrap();
    for (offset, length) in [(-1, 1), (5, -1), (5, 0), (0, 5), (4, 1), (i64::MAX, i64::MAX)] {
        assert!(b.add_file_segment(seg, offset, length).is_err(), "{offset} {length}");
    }
    // It is still whole after all that.
    b.add_file_segment(seg, 1, 2).unwrap();
    seg.release();
    assert!(sent(b) == b"ex");
    b.free();
}

#[test]
fn cleanup_comes_last_and_once() {
    let _alone = alone();
    static mut SEEN: Option<(usize, c_int, bool)> = None;
    unsafe extern "C" fn gone(seg: *const evbuffer_file_segment, flags: c_int, arg: *mut c_void) {
        let before = unsafe { SEEN };
        assert!(before.is_none());
        unsafe { SEEN = Some((seg as usize, flags, is_open(arg as usize as c_int))) };
    }
    let fd = file(b"text").into_raw_fd();
    let seg = SegmentRef::new(fd, 0, -1, CLOSE).unwrap();
    seg.set_cleanup(Some(gone), fd as usize as *mut c_void);
    let b = BufferRef::new().unwrap();
    b.add_file_segment(seg, 0, -1).unwrap();
    b.add_file_segment(seg, 0, 1).unwrap();
    seg.release();
    b.drain(4).unwrap();
    assert!(unsafe { SEEN }.is_none() && is_open(fd));
    b.free();
    assert_eq!(unsafe { SEEN }, Some((seg.as_ptr() as usize, 1, false)));
}

#[cfg(unix)]
/// Where sendfile refuses (a file opened to append), the bytes come through memory.
#[test]
fn sendfile_has_a_fallback() {
    let _alone = alone();
    let path = std::env::temp_dir().join(format!("oxievent-append-{}", std::process::id()));
    let out = std::fs::OpenOptions::new().append(true).create(true).open(&path).unwrap();
    let b = BufferRef::new().unwrap();
    b.set_flags(1, true);
    b.add_file(file(b"some text").into_raw_fd(), 0, -1).unwrap();
    assert_eq!(b.write_to(out.as_raw_fd(), Some(4)), Ok(4));
    assert_eq!(b.write_to(out.as_raw_fd(), None), Ok(5));
    assert_eq!(std::fs::read(&path).unwrap(), b"some text");
    std::fs::remove_file(&path).unwrap();
    b.free();
}

#[test]
fn the_limit_of_a_write_holds_for_files() {
    let _alone = alone();
    let b = BufferRef::new().unwrap();
    b.set_flags(1, true);
    b.add_file(file(&text(5000)).into_raw_fd(), 0, -1).unwrap();
    let (a, _r) = UnixStream::pair().unwrap();
    assert_eq!(b.write_to(a.as_raw_fd(), Some(100)), Ok(100));
    assert_eq!(b.len(), 4900);
    b.free();
}
