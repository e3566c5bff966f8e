//! Reading, writing, files and mappings.
use super::c::iovec;
use super::cvt;
use super::errno::last_of_win32;
use crate::abi::util::evutil_socket_t;
use crate::{Error, Result};
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr::{NonNull, null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_HANDLE_EOF, GetLastError, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Networking::WinSock as ws;
use windows_sys::Win32::Storage::FileSystem::{GetFileSizeEx, ReadFile};
use windows_sys::Win32::System::IO::OVERLAPPED;
use windows_sys::Win32::System::Memory as memory;
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

unsafe extern "C" {
    #[link_name = "_get_osfhandle"]
    fn crt_handle(fd: c_int) -> isize;
}

/// So many pieces go into one call.
const MOST: usize = 128;
/// Room for the pieces in Winsock's form.
type Pieces = [MaybeUninit<ws::WSABUF>; MOST];

/// Fills `out` from `vecs` and returns how many there are. A piece longer than Windows can say ends them.
#[inline]
fn translate(vecs: &[iovec], out: &mut Pieces) -> u32 {
    let mut n = 0;
    for (v, slot) in vecs.iter().zip(out.iter_mut()) {
        let len = v.iov_len.min(u32::MAX as usize);
        slot.write(ws::WSABUF { len: len as u32, buf: v.iov_base.cast() });
        n += 1;
        if len < v.iov_len {
            break;
        }
    }
    n
}

/// Receives into several pieces of memory.
///
/// # Safety
/// The vectors describe memory that may be written.
#[inline]
pub unsafe fn readv(s: evutil_socket_t, vecs: &[iovec]) -> Result<usize> {
    let mut pieces: Pieces = [const { MaybeUninit::uninit() }; MOST];
    let n = translate(vecs, &mut pieces);
    let (mut got, mut flags) = (0, 0);
    // SAFETY: the first `n` pieces have been written; the caller's promise.
    cvt(unsafe {
        ws::WSARecv(s as ws::SOCKET, pieces.as_ptr().cast(), n, &mut got, &mut flags, null_mut(), None)
    })?;
    Ok(got as usize)
}
/// Sends several pieces of memory.
///
/// # Safety
/// The vectors describe memory that may be read.
#[inline]
pub unsafe fn writev(s: evutil_socket_t, vecs: &[iovec]) -> Result<usize> {
    let mut pieces: Pieces = [const { MaybeUninit::uninit() }; MOST];
    let n = translate(vecs, &mut pieces);
    let mut sent = 0;
    // SAFETY: the first `n` pieces have been written; the caller's promise.
    cvt(unsafe { ws::WSASend(s as ws::SOCKET, pieces.as_ptr().cast(), n, &mut sent, 0, null_mut(), None) })?;
    Ok(sent as usize)
}

/// What the runtime's descriptor stands for.
fn handle(fd: c_int) -> Result<HANDLE> {
    // (The runtime of today ends the process for numbers that can be no descriptor's.)
    // SAFETY: the runtime checks the number.
    let h = if fd < 0 { -1 } else { unsafe { crt_handle(fd) } };
    // -2 is a standard stream that leads nowhere.
    if h == INVALID_HANDLE_VALUE as isize || h == -2 {
        super::set_errno(libc::EBADF);
        return Err(Error::Os(libc::EBADF));
    }
    Ok(h as HANDLE)
}
/// Reads a file at `offset`. Windows moves the file's own position with it, so it is put back.
///
/// # Safety
/// `len` bytes at `into` may be written.
pub unsafe fn pread(fd: c_int, into: *mut u8, len: usize, offset: u64) -> Result<usize> {
    use windows_sys::Win32::Storage::FileSystem::{FILE_BEGIN, FILE_CURRENT, SetFilePointerEx};
    let h = handle(fd)?;
    // SAFETY: all zero is no event and no offset.
    let mut at: OVERLAPPED = unsafe { std::mem::zeroed() };
    at.Anonymous.Anonymous.Offset = offset as u32;
    at.Anonymous.Anonymous.OffsetHigh = (offset >> 32) as u32;
    let (mut got, mut before) = (0, 0);
    // SAFETY: `before` is a place for the answer.
    let told = unsafe { SetFilePointerEx(h, 0, &mut before, FILE_CURRENT) } != 0;
    let len = len.min(u32::MAX as usize) as u32;
    // SAFETY: the caller's promise; a file of the runtime's is not overlapped, so nothing outlives the call.
    let ok = unsafe { ReadFile(h, into, len, &mut got, &mut at) } != 0;
    // SAFETY: no pointers.
    let result = match ok {
        true => Ok(got as usize),
        // SAFETY: no pointers.
        false if unsafe { GetLastError() } == ERROR_HANDLE_EOF => Ok(0),
        false => Err(last_of_win32()),
    };
    if told {
        // SAFETY: nobody wants to know the new position.
        unsafe { SetFilePointerEx(h, before, null_mut(), FILE_BEGIN) };
    }
    result
}
pub fn file_size(fd: c_int) -> Result<i64> {
    let h = handle(fd)?;
    let mut size = 0;
    // SAFETY: `size` is a place for the answer.
    if unsafe { GetFileSizeEx(h, &mut size) } == 0 {
        return Err(last_of_win32());
    }
    Ok(size)
}
/// What offsets of mappings are multiples of.
pub fn page_size() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    let size = SIZE.load(Relaxed);
    if size != 0 {
        return size;
    }
    // SAFETY: plain data that the call fills in.
    let mut info: SYSTEM_INFO = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is a place for the answer.
    unsafe { GetSystemInfo(&mut info) };
    let size = (info.dwAllocationGranularity as usize).max(1);
    SIZE.store(size, Relaxed);
    size
}
/// A private read-only mapping; `offset` is a multiple of [`page_size`].
pub fn map_file(fd: c_int, offset: u64, len: usize) -> Result<NonNull<u8>> {
    let h = handle(fd)?;
    // SAFETY: a mapping without a name, of the whole file.
    let mapping = unsafe { memory::CreateFileMappingW(h, null(), memory::PAGE_READONLY, 0, 0, null()) };
    if mapping.is_null() {
        return Err(last_of_win32());
    }
    // SAFETY: a fresh view touches no memory of ours.
    let view = unsafe {
        memory::MapViewOfFile(mapping, memory::FILE_MAP_READ, (offset >> 32) as u32, offset as u32, len)
    };
    let result = NonNull::new(view.Value.cast()).ok_or_else(last_of_win32);
    // SAFETY: ours; the view keeps what it needs.
    unsafe { CloseHandle(mapping) };
    result
}
/// # Safety
/// `p` came from `map_file`, and nobody uses the memory any more.
pub unsafe fn unmap(p: NonNull<u8>, _len: usize) {
    let view = memory::MEMORY_MAPPED_VIEW_ADDRESS { Value: p.as_ptr().cast() };
    // SAFETY: the caller's promise.
    unsafe { memory::UnmapViewOfFile(view) };
}

/// Whether [`send_file`] exists here.
pub const HAVE_SENDFILE: bool = false;
pub fn send_file(_to: evutil_socket_t, _from: c_int, _offset: u64, _len: usize) -> Result<usize> {
    Err(Error::Os(super::c::ENOSYS))
}
