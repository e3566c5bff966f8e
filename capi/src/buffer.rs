//! event2/buffer.h
use oxievent::Result;
use oxievent::abi::buffer::{
    SegmentFlag, evbuffer, evbuffer_cb_entry, evbuffer_cb_func, evbuffer_eol_style, evbuffer_file_segment,
    evbuffer_file_segment_cleanup_cb, evbuffer_ptr, evbuffer_ptr_how, evbuffer_ref_cleanup_cb,
};
use oxievent::abi::event::event_base;
use oxievent::abi::util::{ev_off_t, ev_ssize_t, evutil_socket_t};
use oxievent::base::BaseRef;
use oxievent::buffer::{BufferRef, MAX_READ, NOT_FOUND, SegmentRef};
use oxievent::sys::c::iovec;
use std::ffi::{c_char, c_int, c_uchar, c_uint, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// 0 or -1 with errno.
fn status(r: Result<()>) -> c_int {
    r.map_or_else(|e| e.to_c(), |()| 0)
}
/// A count or -1 with errno.
fn count(r: Result<usize>) -> c_int {
    r.map_or_else(|e| e.to_c(), |n| c_int::try_from(n).unwrap_or(c_int::MAX))
}
/// Runs `f` on the buffer, or answers `none` for null.
///
/// # Safety
/// Rule 1 for `buf`.
unsafe fn with<T>(buf: *const evbuffer, none: T, f: impl FnOnce(BufferRef) -> T) -> T {
    // SAFETY: the caller's promise.
    match unsafe { BufferRef::from_raw(buf.cast_mut()) } {
        Some(b) => f(b),
        None => none,
    }
}
/// The caller's bytes; None: no object can be that large, or there is none.
///
/// # Safety
/// Rule 2.
#[inline(always)]
pub(crate) unsafe fn bytes<'a>(data: *const c_void, len: usize) -> Option<&'a [u8]> {
    if data.is_null() || len > isize::MAX as usize {
        return no_bytes(len);
    }
    // SAFETY: the caller's promise.
    Some(unsafe { std::slice::from_raw_parts(data.cast(), len) })
}
#[cold]
fn no_bytes<'a>(len: usize) -> Option<&'a [u8]> {
    (len == 0).then_some(&[])
}

/// The caller's memory for an answer.
///
/// # Safety
/// Rule 2.
pub(crate) unsafe fn room<'a, T>(data: *mut c_void, len: usize) -> &'a mut [MaybeUninit<T>] {
    if data.is_null() || len == 0 {
        return &mut [];
    }
    // SAFETY: the caller's promise; no object is larger than isize::MAX.
    unsafe { std::slice::from_raw_parts_mut(data.cast(), len.min(isize::MAX as usize / size_of::<T>())) }
}
/// The caller's vector of extents.
///
/// # Safety
/// Rule 2 for `n` elements.
unsafe fn extents<'a>(vec: *mut iovec, n: c_int) -> &'a mut [iovec] {
    match usize::try_from(n) {
        // SAFETY: the caller's promise.
        Ok(n) if n > 0 && !vec.is_null() => unsafe { std::slice::from_raw_parts_mut(vec, n) },
        _ => &mut [],
    }
}

/// Makes an empty buffer.
///
/// @return the buffer, to be released with evbuffer_free(), or NULL when
///   memory is short.
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_new() -> *mut evbuffer {
    BufferRef::new().map_or_else(
        |e| {
            e.to_c();
            null_mut()
        },
        BufferRef::as_ptr,
    )
}

/// Gives up a buffer. Its memory goes as soon as nothing inside the library
/// uses it any more: a call in progress, or a deferred callback.
///
/// @param buf the buffer, which must not be used afterwards
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_free(buf: *mut evbuffer) {
    // SAFETY: rule 1.
    unsafe { with(buf, (), BufferRef::free) }
}

/// Lets several threads use one buffer: from now on each call locks it.
/// Callbacks run with the lock held, so take care in which order your own
/// locks are taken. Call this before a second thread knows the buffer, and
/// after evthread_use_pthreads() or its like.
///
/// @param buf the buffer
/// @param lock a recursive lock that outlives the buffer, or NULL to have one
///   made
/// @return 0, or -1 if the buffer has a lock already, threads have not been
///   set up, or memory is short
///
/// # Safety
/// Rule 1 for `buf`; `lock` is null or comes from the table of locks in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_enable_locking(buf: *mut evbuffer, lock: *mut c_void) -> c_int {
    // SAFETY: rule 1, and the caller's promise for the lock.
    unsafe { with(buf, -1, |b| status(b.enable_locking(lock))) }
}

/// Locks a buffer, so that several calls appear as one to other threads. May
/// be nested. Does nothing where evbuffer_enable_locking() was not called.
///
/// @param buf the buffer
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_lock(buf: *mut evbuffer) {
    // SAFETY: rule 1.
    unsafe { with(buf, (), BufferRef::lock) }
}

/// Undoes one evbuffer_lock() of the same thread.
///
/// @param buf the buffer
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_unlock(buf: *mut evbuffer) {
    // SAFETY: rule 1.
    unsafe { with(buf, (), BufferRef::unlock) }
}

/// Sets flags of a buffer.
///
/// @param buf the buffer
/// @param flags EVBUFFER_FLAG_DRAINS_TO_FD: its bytes will only be written to
///   a descriptor, drained or moved as a whole, so that files added to it
///   may be sent with sendfile(). The output of socket bufferevents has it.
/// @return 0, or -1 for NULL
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_set_flags(buf: *mut evbuffer, flags: u64) -> c_int {
    // SAFETY: rule 1.
    unsafe {
        with(buf, -1, |b| {
            b.set_flags(flags, true);
            0
        })
    }
}

/// Clears flags that evbuffer_set_flags() set.
///
/// @param buf the buffer
/// @param flags the flags to clear
/// @return 0, or -1 for NULL
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_clear_flags(buf: *mut evbuffer, flags: u64) -> c_int {
    // SAFETY: rule 1.
    unsafe {
        with(buf, -1, |b| {
            b.set_flags(flags, false);
            0
        })
    }
}

/// The number of bytes in a buffer.
///
/// @param buf the buffer
/// @return its length
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_get_length(buf: *const evbuffer) -> usize {
    // SAFETY: rule 1.
    unsafe { with(buf, 0, BufferRef::len) }
}

/// The number of bytes in the first block of a buffer: what evbuffer_pullup()
/// can return without copying anything.
///
/// @param buf the buffer
/// @return that number, 0 for an empty buffer
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_get_contiguous_space(buf: *const evbuffer) -> usize {
    // SAFETY: rule 1.
    unsafe { with(buf, 0, BufferRef::first_len) }
}

/// Makes room, so that adding `datlen` more bytes needs no memory.
///
/// @param buf the buffer
/// @param datlen the room wanted, in bytes
/// @return 0, or -1 when memory is short
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_expand(buf: *mut evbuffer, datlen: usize) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(buf, -1, |b| status(b.expand(datlen))) }
}

/// Lends out room at the end of a buffer, for you to write into. It becomes
/// data only with evbuffer_commit_space(). Until then do nothing that changes
/// the buffer; asking again lends the same room again.
///
/// @param buf the buffer
/// @param size the least number of bytes wanted in all; there may be more
/// @param vec filled with the address and length of each extent
/// @param n_vecs elements of vec, 1 or more. With 1 the room is contiguous;
///   2 or more may save copying.
/// @return how many extents were filled in, or -1 if the back of the buffer
///   is frozen, memory is short or an argument makes no sense
///
/// # Safety
/// Rule 1 for `buf`, rule 2 for `vec`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_reserve_space(
    buf: *mut evbuffer,
    size: ev_ssize_t,
    vec: *mut iovec,
    n_vecs: c_int,
) -> c_int {
    let Ok(size) = usize::try_from(size) else { return -1 };
    // SAFETY: rules 1 and 2.
    unsafe { with(buf, -1, |b| count(b.reserve(size, extents(vec, n_vecs)))) }
}

/// Turns lent room into data.
///
/// @param buf the buffer
/// @param vec the extents of evbuffer_reserve_space(), in that order, each
///   shortened to what was written
/// @param n_vecs how many of them
/// @return 0, or -1 if they are not (or no longer) the buffer's room, or its
///   back is frozen; then nothing has changed
///
/// # Safety
/// Rule 1 for `buf`, rule 2 for `vec`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_commit_space(buf: *mut evbuffer, vec: *mut iovec, n_vecs: c_int) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { with(buf, -1, |b| status(b.commit(extents(vec, n_vecs)))) }
}

/// Copies bytes to the end of a buffer.
///
/// @param buf the buffer
/// @param data the bytes
/// @param datlen how many
/// @return 0, or -1 if the back of the buffer is frozen or memory is short;
///   then nothing has been added
///
/// # Safety
/// Rule 1 for `buf`, rule 2 for `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add(buf: *mut evbuffer, data: *const c_void, datlen: usize) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        match BufferRef::from_raw(buf) {
            Some(b) if b.add_few(data.cast(), datlen) => 0,
            _ => add_more(buf, data, datlen),
        }
    }
}
/// The rest of [`evbuffer_add`], which is a jump from there: so the short way saves no registers.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn add_more(buf: *mut evbuffer, data: *const c_void, datlen: usize) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { with(buf, -1, |b| bytes(data, datlen).map_or(-1, |d| status(b.add_more(d)))) }
}

/// Takes bytes from the front of a buffer.
///
/// @param buf the buffer
/// @param data where they go
/// @param datlen how many at most
/// @return how many were taken, or -1 if the front is frozen or part of a
///   file could not be read
///
/// # Safety
/// Rule 1 for `buf`, rule 2 for `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove(buf: *mut evbuffer, data: *mut c_void, datlen: usize) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { with(buf, -1, |b| count(b.remove_uninit(room(data, datlen.min(c_int::MAX as usize))))) }
}

/// Copies bytes from the front of a buffer, which keeps them.
///
/// @param buf the buffer
/// @param data_out where they go
/// @param datlen how many at most
/// @return how many were copied, or -1 if the front is frozen or part of a
///   file could not be read
///
/// # Safety
/// Rule 1 for `buf`, rule 2 for `data_out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_copyout(
    buf: *mut evbuffer,
    data_out: *mut c_void,
    datlen: usize,
) -> ev_ssize_t {
    // SAFETY: rules 1 and 2.
    unsafe { evbuffer_copyout_from(buf, std::ptr::null(), data_out, datlen) }
}

/// Copies bytes from the middle of a buffer, which keeps them.
///
/// @param buf the buffer
/// @param pos where to begin; NULL: at the front
/// @param data_out where they go
/// @param datlen how many at most
/// @return how many were copied, or -1 if the front is frozen, pos is no
///   position or part of a file could not be read
///
/// # Safety
/// Rule 1 for `buf`; `pos` is null or a position in it; rule 2 for `data_out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_copyout_from(
    buf: *mut evbuffer,
    pos: *const evbuffer_ptr,
    data_out: *mut c_void,
    datlen: usize,
) -> ev_ssize_t {
    // SAFETY: rules 1 and 2; the position is the caller's promise.
    let r = unsafe { with(buf, Ok(0), |b| b.copyout(pos.as_ref(), room(data_out, datlen))) };
    r.map_or_else(|e| e.to_c() as ev_ssize_t, |n| n as ev_ssize_t)
}

/// Moves bytes from the front of one buffer to the end of another, copying
/// only where a block has to be divided.
///
/// @param src the buffer to take from
/// @param dst the buffer to add to
/// @param datlen how many bytes at most
/// @return how many were moved, or -1 if the front of src or the back of dst
///   is frozen or memory is short; then nothing has moved
///
/// # Safety
/// Rule 1 for both buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove_buffer(
    src: *mut evbuffer,
    dst: *mut evbuffer,
    datlen: usize,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(src, -1, |src| with(dst, -1, |dst| count(src.remove_buffer(dst, datlen)))) }
}

/// Takes one line from the front of a buffer, without its terminator.
///
/// @param buffer the buffer
/// @param n_read_out where the length of the line goes, or NULL. With
///   EVBUFFER_EOL_NUL, or where lines may hold NUL bytes, you need it.
/// @param eol_style what ends a line
/// @return the line, with a NUL added, allocated with malloc() (or its
///   replacement) for you to free; NULL if there is no whole line yet, the
///   front is frozen or memory is short
///
/// # Safety
/// Rule 1 for `buffer`, rule 2 for `n_read_out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_readln(
    buffer: *mut evbuffer,
    n_read_out: *mut usize,
    eol_style: evbuffer_eol_style,
) -> *mut c_char {
    // SAFETY: rule 1.
    let (line, n) = unsafe { with(buffer, (null_mut(), 0), |b| b.readln(eol_style)) };
    // SAFETY: rule 2.
    if let Some(out) = unsafe { n_read_out.as_mut() } {
        *out = n;
    }
    line.cast()
}

/// Moves all bytes of one buffer to the end of another, without copying.
///
/// @param outbuf the buffer to add to
/// @param inbuf the buffer to empty
/// @return 0, or -1 if the back of outbuf or the front of inbuf is frozen;
///   then nothing has moved
///
/// # Safety
/// Rule 1 for both buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_buffer(outbuf: *mut evbuffer, inbuf: *mut evbuffer) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(outbuf, -1, |out| with(inbuf, -1, |inb| status(out.add_buffer(inb)))) }
}

/// Adds the bytes of one buffer to the end of another without copying or
/// removing them: both show the same memory, which nobody writes to any more.
/// Either buffer may be changed or freed afterwards.
///
/// @param outbuf the buffer to add to
/// @param inbuf the buffer whose bytes are shown
/// @return 0, or -1 if the back of outbuf is frozen, memory is short, both
///   are the same buffer, or inbuf holds parts of files or bytes that it
///   shows of a third buffer; then nothing has been added
///
/// # Safety
/// Rule 1 for both buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_buffer_reference(outbuf: *mut evbuffer, inbuf: *mut evbuffer) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(outbuf, -1, |out| with(inbuf, -1, |inb| status(out.add_buffer_reference(inb)))) }
}

/// Adds memory of yours to the end of a buffer without copying it.
///
/// @param outbuf the buffer
/// @param data the memory, which must stay as it is until cleanupfn is called
/// @param datlen its length in bytes
/// @param cleanupfn called once when no buffer needs the memory any more, by
///   the thread that finds out; may be NULL
/// @param cleanupfn_arg handed to it
/// @return 0, or -1 if the back of the buffer is frozen or memory is short;
///   then cleanupfn is not called
///
/// # Safety
/// Rule 1 for `outbuf`; `data` as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_reference(
    outbuf: *mut evbuffer,
    data: *const c_void,
    datlen: usize,
    cleanupfn: evbuffer_ref_cleanup_cb,
    cleanupfn_arg: *mut c_void,
) -> c_int {
    // SAFETY: rule 1, and the caller's promise for the memory.
    unsafe { with(outbuf, -1, |b| status(b.add_reference(data.cast(), datlen, cleanupfn, cleanupfn_arg))) }
}

/// Adds part of a file to the end of a buffer. Where the buffer has
/// EVBUFFER_FLAG_DRAINS_TO_FD, sendfile() sends it; else it is mapped, or
/// read. The file must not become shorter meanwhile.
///
/// The descriptor belongs to the library, which closes it when its bytes are
/// gone, or at once if they cannot be added. Only if -1 is returned because
/// the descriptor or the range is no good, or no memory was left to begin
/// with, it remains open. With an empty range it is closed at once.
///
/// @param outbuf the buffer
/// @param fd the file, open for reading; its position is not used
/// @param offset where to begin, in bytes
/// @param length how many bytes, or -1 for the rest (fd must support fstat)
/// @return 0, or -1: nothing has been added
///
/// # Safety
/// Rule 1 for `outbuf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_file(
    outbuf: *mut evbuffer,
    fd: c_int,
    offset: ev_off_t,
    length: ev_off_t,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(outbuf, -1, |b| status(b.add_file(fd, offset, length))) }
}

/// Makes a segment, a part of a file that can be added to any number of
/// buffers, any number of times.
///
/// @param fd the file, open for reading; it has to stay open as long as any
///   buffer shows the segment
/// @param offset where the segment begins in the file, in bytes
/// @param length its length, or -1 for the rest (fd must support fstat)
/// @param flags any of EVBUF_FS_CLOSE_ON_FREE, EVBUF_FS_DISABLE_MMAP,
///   EVBUF_FS_DISABLE_SENDFILE, EVBUF_FS_DISABLE_LOCKING
/// @return the segment, to be released with evbuffer_file_segment_free(), or
///   NULL (fd then stays open in any case)
///
/// # Safety
/// No pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_file_segment_new(
    fd: c_int,
    offset: ev_off_t,
    length: ev_off_t,
    flags: c_uint,
) -> *mut evbuffer_file_segment {
    match SegmentRef::new(fd, offset, length, SegmentFlag::from_bits_retain(flags)) {
        Ok(s) => s.as_ptr(),
        Err(e) => {
            e.to_c();
            null_mut()
        }
    }
}

/// Gives up a segment. Buffers that show it keep it alive.
///
/// @param seg the segment
///
/// # Safety
/// Rule 1 for `seg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_file_segment_free(seg: *mut evbuffer_file_segment) {
    // SAFETY: rule 1.
    if let Some(s) = unsafe { SegmentRef::from_raw(seg) } {
        s.release();
    }
}

/// Registers a function that is called when a segment goes: after its
/// descriptor was closed, if it was to be.
///
/// @param seg the segment, not yet shared with other threads
/// @param cb the function, or NULL
/// @param arg handed to it, with the segment and its flags
///
/// # Safety
/// Rule 1 for `seg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_file_segment_add_cleanup_cb(
    seg: *mut evbuffer_file_segment,
    cb: evbuffer_file_segment_cleanup_cb,
    arg: *mut c_void,
) {
    // SAFETY: rule 1.
    if let Some(s) = unsafe { SegmentRef::from_raw(seg) } {
        s.set_cleanup(cb, arg);
    }
}

/// Adds a segment, or part of it, to the end of a buffer. Your ownership of
/// the segment does not change, whether it works or not.
///
/// @param buf the buffer
/// @param seg the segment
/// @param offset where to begin in the segment (not in the file), in bytes
/// @param length how many bytes, or -1 for the rest of the segment
/// @return 0, or -1 if the range lies outside the segment, the file cannot be
///   read, the back of the buffer is frozen or memory is short
///
/// # Safety
/// Rule 1 for `buf` and `seg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_file_segment(
    buf: *mut evbuffer,
    seg: *mut evbuffer_file_segment,
    offset: ev_off_t,
    length: ev_off_t,
) -> c_int {
    // SAFETY: rule 1.
    let Some(seg) = (unsafe { SegmentRef::from_raw(seg) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { with(buf, -1, |b| status(b.add_file_segment(seg, offset, length))) }
}

/// The function behind evbuffer_add_vprintf() (in variadic.c): `format`
/// writes into the memory it is given, as vsnprintf() does, once or twice.
///
/// # Safety
/// Rule 1 for `buf`; `format` may be called with `ctx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_formatted_(
    buf: *mut evbuffer,
    format: unsafe extern "C" fn(*mut c_char, usize, *mut c_void) -> c_int,
    ctx: *mut c_void,
) -> c_int {
    // SAFETY: rule 1; the memory is as long as said.
    unsafe {
        with(buf, -1, |b| count(b.add_formatted(|out| format(out.as_mut_ptr().cast(), out.len(), ctx))))
    }
}

/// Removes bytes from the front of a buffer.
///
/// @param buf the buffer
/// @param len how many; if there are fewer, all
/// @return 0, or -1 if the front is frozen and the buffer is not empty
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_drain(buf: *mut evbuffer, len: usize) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(buf, -1, |b| status(b.drain(len))) }
}

/// Writes as much of a buffer to a descriptor as one system call takes, and
/// drains that.
///
/// @param buffer the buffer
/// @param fd the descriptor
/// @return how many bytes were written, or -1: the call failed (see errno;
///   EAGAIN means later), there is nothing to write, or the front is frozen
///
/// # Safety
/// Rule 1 for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_write(buffer: *mut evbuffer, fd: evutil_socket_t) -> c_int {
    // SAFETY: rule 1.
    unsafe { evbuffer_write_atmost(buffer, fd, -1) }
}

/// As evbuffer_write(), with a limit.
///
/// @param buffer the buffer
/// @param fd the descriptor
/// @param howmuch how many bytes at most; negative: no limit
/// @return as evbuffer_write()
///
/// # Safety
/// Rule 1 for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_write_atmost(
    buffer: *mut evbuffer,
    fd: evutil_socket_t,
    howmuch: ev_ssize_t,
) -> c_int {
    let max = usize::try_from(howmuch).ok();
    // SAFETY: rule 1.
    unsafe {
        with(buffer, -1, |b| {
            let nothing = max == Some(0) || b.is_empty();
            if nothing { -1 } else { count(b.write_to(fd, max)) }
        })
    }
}

/// Reads from a descriptor, with one system call, to the end of a buffer.
///
/// @param buffer the buffer
/// @param fd the descriptor
/// @param howmuch how many bytes at most; negative: as many as the library
///   reads at once (64 KiB), which no call exceeds
/// @return how many bytes were added, 0 at the end of the stream, or -1: the
///   call failed (see errno; EAGAIN means later), the back is frozen, or
///   memory is short
///
/// # Safety
/// Rule 1 for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_read(buffer: *mut evbuffer, fd: evutil_socket_t, howmuch: c_int) -> c_int {
    let max = usize::try_from(howmuch).unwrap_or(MAX_READ);
    // SAFETY: rule 1.
    unsafe { with(buffer, -1, |b| count(b.read_from(fd, max))) }
}

/// Searches a buffer for a string of bytes.
///
/// @param buffer the buffer
/// @param what the bytes to look for
/// @param len how many
/// @param start where to begin; NULL: at the front
/// @return the position of the first occurrence; its pos is -1 if there is
///   none
///
/// # Safety
/// Rule 1 for `buffer`, rule 2 for `what`; `start` is null or a position in
/// the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_search(
    buffer: *mut evbuffer,
    what: *const c_char,
    len: usize,
    start: *const evbuffer_ptr,
) -> evbuffer_ptr {
    // SAFETY: rules 1 and 2.
    unsafe { evbuffer_search_range(buffer, what, len, start, std::ptr::null()) }
}

/// Searches part of a buffer for a string of bytes.
///
/// @param buffer the buffer
/// @param what the bytes to look for
/// @param len how many
/// @param start where to begin; NULL: at the front
/// @param end where an occurrence has to end at the latest; NULL: at the back
/// @return the position of the first occurrence; its pos is -1 if there is
///   none
///
/// # Safety
/// Rule 1 for `buffer`, rule 2 for `what`; `start` and `end` are null or
/// positions in the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_search_range(
    buffer: *mut evbuffer,
    what: *const c_char,
    len: usize,
    start: *const evbuffer_ptr,
    end: *const evbuffer_ptr,
) -> evbuffer_ptr {
    // SAFETY: rule 2.
    let Some(what) = (unsafe { bytes(what.cast(), len) }) else { return NOT_FOUND };
    // SAFETY: rule 1; the positions are the caller's promise.
    unsafe { with(buffer, NOT_FOUND, |b| b.search_range(what, start.as_ref(), end.as_ref())) }
}

/// Sets or moves a position in a buffer. Positions reach from the front to
/// just behind the last byte, and become invalid when the buffer changes.
///
/// @param buffer the buffer
/// @param ptr the position; need not be initialised for EVBUFFER_PTR_SET
/// @param position how many bytes from the front, or to move forward
/// @param how EVBUFFER_PTR_SET or EVBUFFER_PTR_ADD
/// @return 0, or -1 if there is no such position; ptr's pos is then -1
///
/// # Safety
/// Rule 1 for `buffer`, rule 2 for `ptr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_ptr_set(
    buffer: *mut evbuffer,
    ptr: *mut evbuffer_ptr,
    position: usize,
    how: evbuffer_ptr_how,
) -> c_int {
    // SAFETY: rules 1 and 2; `ptr` is only read where it has to be a position.
    let r = unsafe {
        with(buffer, None, |b| match how {
            evbuffer_ptr_how::EVBUFFER_PTR_SET => Some(b.ptr_at(position)),
            evbuffer_ptr_how::EVBUFFER_PTR_ADD => Some(b.ptr_add(&*ptr, position)),
            _ => None,
        })
    };
    let Some(r) = r else { return -1 };
    // SAFETY: rule 2.
    unsafe { ptr.write(r.unwrap_or(NOT_FOUND)) };
    status(r.map(|_| ()))
}

/// Searches a buffer for the end of a line.
///
/// @param buffer the buffer
/// @param start where to begin; NULL: at the front
/// @param eol_len_out where the length of the terminator goes, or NULL
/// @param eol_style what ends a line, see evbuffer_readln()
/// @return the position of the terminator; its pos is -1 if there is none
///
/// # Safety
/// Rule 1 for `buffer`, rule 2 for `eol_len_out`; `start` is null or a
/// position in the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_search_eol(
    buffer: *mut evbuffer,
    start: *mut evbuffer_ptr,
    eol_len_out: *mut usize,
    eol_style: evbuffer_eol_style,
) -> evbuffer_ptr {
    // SAFETY: rule 1; the position is the caller's promise.
    let found = unsafe { with(buffer, None, |b| b.search_eol(start.as_ref(), eol_style)) };
    let (at, n) = found.unwrap_or((NOT_FOUND, 0));
    // SAFETY: rule 2.
    if let Some(out) = unsafe { eol_len_out.as_mut() } {
        *out = n;
    }
    at
}

/// Shows where bytes of a buffer lie, without copying or removing them. The
/// addresses hold until the buffer changes.
///
/// @param buffer the buffer
/// @param len how many bytes to show; negative: as many as vec_out has
///   elements for or, with n_vec 0, all. The last extent may be longer.
/// @param start_at where to begin; NULL: at the front
/// @param vec_out filled with the address and length of each extent
/// @param n_vec elements of vec_out; 0: only count
/// @return how many extents the bytes take, which may be more than n_vec, or
///   fewer than len bytes if the buffer has no more; -1 if part of a file
///   could not be read
///
/// # Safety
/// Rule 1 for `buffer`, rule 2 for `vec_out`; `start_at` is null or a
/// position in the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_peek(
    buffer: *mut evbuffer,
    len: ev_ssize_t,
    start_at: *mut evbuffer_ptr,
    vec_out: *mut iovec,
    n_vec: c_int,
) -> c_int {
    let len = usize::try_from(len).ok();
    // SAFETY: rules 1 and 2; the position is the caller's promise.
    unsafe { with(buffer, 0, |b| count(b.peek(len, start_at.as_ref(), extents(vec_out, n_vec)))) }
}

/// Registers a function that is called after each change of a buffer's
/// length, at once or, after evbuffer_defer_callbacks(), from the loop. It
/// may do anything with the buffer and its callbacks, even free it. Callbacks
/// run newest first, with the buffer's lock held.
///
/// @param buffer the buffer
/// @param cb the function; NULL removes all callbacks
/// @param cbarg handed to it, with what has changed
/// @return a handle for evbuffer_remove_cb_entry() and the like; NULL when
///   memory is short, or cb was NULL
///
/// # Safety
/// Rule 1 for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_cb(
    buffer: *mut evbuffer,
    cb: evbuffer_cb_func,
    cbarg: *mut c_void,
) -> *mut evbuffer_cb_entry {
    // SAFETY: rule 1.
    unsafe {
        with(buffer, null_mut(), |b| {
            if cb.is_none() {
                b.remove_all_cbs();
                return null_mut();
            }
            b.add_cb(cb, cbarg, false).map_or(null_mut(), |p| p.as_ptr().cast())
        })
    }
}

/// Removes a callback.
///
/// @param buffer the buffer
/// @param ent its handle, invalid afterwards
/// @return 0, or -1 if the buffer has no such callback
///
/// # Safety
/// Rule 1 for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove_cb_entry(
    buffer: *mut evbuffer,
    ent: *mut evbuffer_cb_entry,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(buffer, -1, |b| status(b.remove_cb_entry(ent))) }
}

/// Removes the newest callback with this function and argument.
///
/// @param buffer the buffer
/// @param cb the function
/// @param cbarg its argument
/// @return 0, or -1 if the buffer has no such callback
///
/// # Safety
/// Rule 1 for `buffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove_cb(
    buffer: *mut evbuffer,
    cb: evbuffer_cb_func,
    cbarg: *mut c_void,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(buffer, -1, |b| status(b.remove_cb(cb, cbarg))) }
}

/// Sets flags of a callback.
///
/// @param buffer the buffer
/// @param cb the callback's handle
/// @param flags EVBUFFER_CB_ENABLED: it is called
/// @return 0, or -1 for NULL
///
/// # Safety
/// Rule 1 for `buffer` and `cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_cb_set_flags(
    buffer: *mut evbuffer,
    cb: *mut evbuffer_cb_entry,
    flags: u32,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(buffer, -1, |b| status(b.cb_change_flags(cb, flags, true))) }
}

/// Clears flags of a callback.
///
/// @param buffer the buffer
/// @param cb the callback's handle
/// @param flags EVBUFFER_CB_ENABLED: it is not called until it is set again
/// @return 0, or -1 for NULL
///
/// # Safety
/// Rule 1 for `buffer` and `cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_cb_clear_flags(
    buffer: *mut evbuffer,
    cb: *mut evbuffer_cb_entry,
    flags: u32,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(buffer, -1, |b| status(b.cb_change_flags(cb, flags, false))) }
}

/// Makes the first bytes of a buffer contiguous, copying only if they are
/// not. The address holds until the buffer changes. Do not write to bytes
/// that were added by reference or from a file.
///
/// @param buf the buffer
/// @param size how many bytes; negative: all
/// @return the address of the first; NULL if size is 0, the buffer has fewer
///   bytes, or memory is short
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_pullup(buf: *mut evbuffer, size: ev_ssize_t) -> *mut c_uchar {
    // SAFETY: rule 1.
    unsafe { with(buf, null_mut(), |b| b.pullup(usize::try_from(size).ok()).unwrap_or(null_mut())) }
}

/// Copies bytes to the front of a buffer.
///
/// @param buf the buffer
/// @param data the bytes
/// @param size how many
/// @return 0, or -1 if the front is frozen or memory is short; then nothing
///   has been added
///
/// # Safety
/// Rule 1 for `buf`, rule 2 for `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_prepend(buf: *mut evbuffer, data: *const c_void, size: usize) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe { with(buf, -1, |b| bytes(data, size).map_or(-1, |d| status(b.prepend(d)))) }
}

/// Moves all bytes of one buffer to the front of another, without copying.
///
/// @param dst the buffer to add to
/// @param src the buffer to empty
/// @return 0, or -1 if the front of either is frozen; then nothing has moved
///
/// # Safety
/// Rule 1 for both buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_prepend_buffer(dst: *mut evbuffer, src: *mut evbuffer) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(dst, -1, |dst| with(src, -1, |src| status(dst.prepend_buffer(src)))) }
}

/// Makes one end of a buffer read-only: while the front is frozen nothing can
/// be removed or prepended, while the back is frozen nothing can be added.
/// Such calls fail and change nothing.
///
/// @param buf the buffer
/// @param at_front nonzero: the front; 0: the back
/// @return 0, or -1 for NULL
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_freeze(buf: *mut evbuffer, at_front: c_int) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(buf, -1, |b| status(b.freeze(at_front != 0))) }
}

/// Undoes evbuffer_freeze().
///
/// @param buf the buffer
/// @param at_front nonzero: the front; 0: the back
/// @return 0, or -1 for NULL
///
/// # Safety
/// Rule 1 for `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_unfreeze(buf: *mut evbuffer, at_front: c_int) -> c_int {
    // SAFETY: rule 1.
    unsafe { with(buf, -1, |b| status(b.unfreeze(at_front != 0))) }
}

/// From now on a buffer's callbacks run from the loop of a base, once for all
/// changes since they ran last, rather than inside the call that changed it.
///
/// @param buffer the buffer
/// @param base the base, which has to outlive the buffer
/// @return 0, or -1 when memory is short
///
/// # Safety
/// Rule 1 for `buffer` and `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_defer_callbacks(buffer: *mut evbuffer, base: *mut event_base) -> c_int {
    // SAFETY: rule 1.
    let Some(base) = (unsafe { BaseRef::from_raw(base) }) else { return -1 };
    // SAFETY: rule 1.
    unsafe { with(buffer, -1, |b| status(b.defer_callbacks(base))) }
}

/// Copies several pieces of memory to the end of a buffer, as one change.
///
/// @param buffer the buffer
/// @param vec address and length of each piece
/// @param n_vec how many pieces
/// @return how many bytes were added: all, or 0 if the back of the buffer is
///   frozen or memory is short
///
/// # Safety
/// Rule 1 for `buffer`, rule 2 for `vec` and each of its pieces.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_iovec(buffer: *mut evbuffer, vec: *mut iovec, n_vec: c_int) -> usize {
    // SAFETY: rule 2.
    let vec = unsafe { extents(vec, n_vec) };
    // SAFETY: rule 2 for the pieces.
    let piece = |v: &iovec| unsafe { bytes(v.iov_base, v.iov_len) };
    if vec.iter().any(|v| piece(v).is_none()) {
        return 0;
    }
    // SAFETY: rule 1.
    unsafe { with(buffer, 0, |b| b.add_all(vec.iter().filter_map(piece)).unwrap_or(0)) }
}
