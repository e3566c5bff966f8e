//! Parts of files in buffers: sent from the descriptor, mapped, or read.
use super::chain::{CHAIN_MAX, ChainRef};
use super::{BufferRef, DRAINS_TO_FD};
use crate::abi::buffer::{SegmentFlag, evbuffer_file_segment, evbuffer_file_segment_cleanup_cb};
use crate::sys::c;
use crate::{Error, Result, mem, sys};
use parking_lot::Mutex;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

// Bits of `FileSegment::kind`; the original suite reads them.
const CAN_SENDFILE: u32 = 1;
const IS_MAPPING: u32 = 2;

/// What a `struct evbuffer_file_segment *` points at.
#[repr(C)]
pub struct FileSegment {
    refs: AtomicUsize,
    flags: SegmentFlag,
    fd: c_int,
    kind: AtomicU32,
    contents: Mutex<Contents>,
    /// Where the segment starts in the file.
    offset: u64,
    length: usize,
    cleanup: Cell<(evbuffer_file_segment_cleanup_cb, *mut c_void)>,
}
#[cfg(target_pointer_width = "64")]
const _: () = assert!(std::mem::offset_of!(FileSegment, kind) == 16);

/// The bytes, once somebody has needed them in memory.
#[derive(Clone, Copy)]
enum Contents {
    NotYet,
    /// `start` is where the segment starts in the mapping of `size` bytes at `base`.
    Mapped {
        base: NonNull<u8>,
        size: usize,
        start: usize,
    },
    Read(NonNull<u8>),
}
impl Contents {
    fn bytes(&self) -> Option<*mut u8> {
        match *self {
            Contents::NotYet => None,
            Contents::Mapped { base, start, .. } => Some(base.as_ptr().wrapping_add(start)),
            Contents::Read(p) => Some(p.as_ptr()),
        }
    }
}

/// A handle on a segment; `hold` and `release` count its owners.
#[derive(Clone, Copy)]
pub struct SegmentRef(NonNull<FileSegment>);

impl SegmentRef {
    /// # Safety
    /// `p` is null or a live segment, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evbuffer_file_segment) -> Option<SegmentRef> {
        NonNull::new(p.cast()).map(SegmentRef)
    }
    pub fn as_ptr(self) -> *mut evbuffer_file_segment {
        self.0.as_ptr().cast()
    }
    fn get<'a>(self) -> &'a FileSegment {
        // SAFETY: the handle's contract.
        unsafe { self.0.as_ref() }
    }
    /// `evbuffer_file_segment_new`; `length` negative: up to the end of the file.
    pub fn new(fd: c_int, offset: i64, length: i64, flags: SegmentFlag) -> Result<SegmentRef> {
        let length = if length == -1 {
            sys::io::file_size(fd)?.checked_sub(offset.max(0)).ok_or(Error::Invalid)?
        } else {
            length
        };
        let (Ok(offset), Ok(length)) = (u64::try_from(offset), usize::try_from(length)) else {
            return Err(Error::Invalid);
        };
        if length > CHAIN_MAX || offset > (CHAIN_MAX - length) as u64 {
            return Err(Error::Invalid);
        }
        let p = mem::malloc(size_of::<FileSegment>()).cast::<FileSegment>();
        let p = NonNull::new(p).ok_or(Error::NoMem)?;
        let by_fd = sys::io::HAVE_SENDFILE && !flags.contains(SegmentFlag::DISABLE_SENDFILE);
        // SAFETY: fresh memory of that size.
        unsafe {
            p.write(FileSegment {
                refs: AtomicUsize::new(1),
                flags,
                fd,
                kind: AtomicU32::new(if by_fd { CAN_SENDFILE } else { 0 }),
                contents: Mutex::new(Contents::NotYet),
                offset,
                length,
                cleanup: Cell::new((None, null_mut())),
            });
        }
        let seg = SegmentRef(p);
        if !by_fd && let Err(e) = seg.load() {
            // The descriptor stays the caller's.
            seg.destroy(false);
            return Err(e);
        }
        Ok(seg)
    }
    pub(super) fn hold(self) {
        self.get().refs.fetch_add(1, Ordering::Relaxed);
    }
    /// `evbuffer_file_segment_free`
    pub fn release(self) {
        if self.get().refs.fetch_sub(1, Ordering::Release) == 1 {
            std::sync::atomic::fence(Ordering::Acquire);
            self.destroy(true);
        }
    }
    fn destroy(self, dispose_of_fd: bool) {
        let s = self.get();
        match *s.contents.lock() {
            Contents::NotYet => {}
            // SAFETY: the last owner is gone; made by `load`.
            Contents::Mapped { base, size, .. } => unsafe { sys::io::unmap(base, size) },
            // SAFETY: as above.
            Contents::Read(p) => unsafe { mem::free(p.as_ptr().cast()) },
        }
        if dispose_of_fd {
            if s.flags.contains(SegmentFlag::CLOSE_ON_FREE) && s.fd >= 0 {
                sys::fd::close_file(s.fd);
            }
            if let (Some(f), arg) = s.cleanup.get() {
                // SAFETY: as registered.
                unsafe { f(self.as_ptr(), s.flags.bits() as c_int, arg) };
            }
        }
        // SAFETY: made by `new`, not used any more. Its fields need no drop.
        unsafe { mem::free(self.0.as_ptr().cast()) };
    }
    /// `evbuffer_file_segment_add_cleanup_cb`
    pub fn set_cleanup(self, cb: evbuffer_file_segment_cleanup_cb, arg: *mut c_void) {
        self.get().cleanup.set((cb, arg));
    }
    pub(super) fn fd(self) -> c_int {
        self.get().fd
    }
    /// Where byte `at` of the segment is in the file.
    pub(super) fn file_offset(self, at: usize) -> u64 {
        self.get().offset + at as u64
    }
    /// The bytes in memory: mapped if that is allowed and works, else read. An empty segment needs none.
    pub(super) fn load(self) -> Result<*mut u8> {
        let s = self.get();
        let mut contents = s.contents.lock();
        if let Some(p) = contents.bytes() {
            return Ok(p);
        }
        if s.length == 0 {
            return Ok(null_mut());
        }
        let start = (s.offset % sys::io::page_size() as u64) as usize;
        let size = s.length + start;
        // Touching a mapping beyond the end of the file would kill the process.
        if sys::io::file_size(s.fd).is_ok_and(|f| f > 0 && (f as u64) < s.offset + s.length as u64) {
            return Err(Error::Invalid);
        }
        let mapped = if s.flags.contains(SegmentFlag::DISABLE_MMAP) {
            None
        } else {
            sys::io::map_file(s.fd, s.offset - start as u64, size).ok()
        };
        *contents = match mapped {
            Some(base) => {
                s.kind.fetch_or(IS_MAPPING, Ordering::Relaxed);
                Contents::Mapped { base, size, start }
            }
            None => Contents::Read(read_all(s.fd, s.offset, s.length)?),
        };
        contents.bytes().ok_or(Error::Invalid)
    }
}

/// Reads `len` bytes at `offset` into fresh memory. The descriptor's own position is neither used nor moved.
fn read_all(fd: c_int, offset: u64, len: usize) -> Result<NonNull<u8>> {
    let p = NonNull::new(mem::malloc(len).cast::<u8>()).ok_or(Error::NoMem)?;
    let mut have = 0;
    while have < len {
        // SAFETY: the rest of the fresh memory.
        let r = unsafe { sys::io::pread(fd, p.as_ptr().add(have), len - have, offset + have as u64) };
        match r {
            Ok(n) if n > 0 => have += n,
            Err(Error::Os(c::EINTR)) => {}
            // An error, or the file is shorter than it should be.
            other => {
                let _keep = sys::ErrnoGuard::new();
                // SAFETY: just allocated.
                unsafe { mem::free(p.as_ptr().cast()) };
                return Err(other.err().unwrap_or(Error::Invalid));
            }
        }
    }
    Ok(p)
}

impl BufferRef {
    /// `evbuffer_add_file_segment`: `length` bytes (negative: the rest) of the segment from `offset` on. The
    /// caller's ownership of the segment stays as it is.
    pub fn add_file_segment(self, seg: SegmentRef, offset: i64, length: i64) -> Result<()> {
        let call = self.enter();
        if call.frozen_back() {
            return Err(Error::Invalid);
        }
        let s = seg.get();
        let offset = usize::try_from(offset).ok().filter(|o| *o <= s.length).ok_or(Error::Invalid)?;
        let rest = s.length - offset;
        let length = if length < 0 { rest } else { usize::try_from(length).map_err(|_| Error::Invalid)? };
        if length > rest {
            return Err(Error::Invalid);
        }
        call.check_growth(length)?;
        if length == 0 {
            // Nothing to show, nothing to keep open.
            return Ok(());
        }
        let by_fd = call.has(DRAINS_TO_FD) && s.kind.load(Ordering::Relaxed) & CAN_SENDFILE != 0;
        let bytes = if by_fd { null_mut() } else { seg.load()? };
        let c = ChainRef::segment(seg, bytes, offset, length)?;
        call.dispose(call.append(c));
        call.changed(length, 0);
        Ok(())
    }
    /// `evbuffer_add_file`: `fd` is ours and is closed when its bytes are gone, or at once if they cannot be added.
    /// Only when the descriptor or the range is no good (no segment can be made of it) it stays the caller's.
    pub fn add_file(self, fd: c_int, offset: i64, length: i64) -> Result<()> {
        let seg = SegmentRef::new(fd, offset, length, SegmentFlag::CLOSE_ON_FREE)?;
        let added = self.add_file_segment(seg, 0, -1);
        seg.release();
        added
    }
}
