//! select on lists of sockets of any length.
use super::cvt;
use crate::Result;
use std::ptr::null_mut;
use windows_sys::Win32::Networking::WinSock as ws;

/// What a set begins with: how many sockets follow (a u32), in a word as wide as a socket. Everything after it is
/// sockets. An `fd_set` is laid out like that, whatever its FD_SETSIZE.
pub const HEAD: usize = 1;

/// Waits until a socket of one of the sets is ready and leaves the ready ones in them. Each set is a slice of a head
/// ([`set_count`]) and the sockets. At least one set has a socket.
pub fn select(
    read: &mut [usize],
    write: &mut [usize],
    except: &mut [usize],
    usec: Option<u64>,
) -> Result<usize> {
    let span =
        usec.map(|us| ws::TIMEVAL { tv_sec: (us / 1_000_000) as i32, tv_usec: (us % 1_000_000) as i32 });
    let set = |s: &mut [usize]| match count(s) {
        0 => null_mut(),
        _ => s.as_mut_ptr().cast::<ws::FD_SET>(),
    };
    let span = span.as_ref().map_or(std::ptr::null(), |s| s as *const ws::TIMEVAL);
    // SAFETY: each set has as many sockets as its head says; the call writes no more than that.
    let n = unsafe { ws::select(0, set(read), set(write), set(except), span) };
    cvt(n).map(|n| n as usize)
}
/// How many sockets the set has by its own word.
pub fn count(set: &[usize]) -> usize {
    // The count is the first u32 of the head.
    set.first().map_or(0, |h| (*h as u32) as usize).min(set.len().saturating_sub(HEAD))
}
/// Writes the head of a set that is filled otherwise.
pub fn set_count(set: &mut [usize]) {
    let n = set.len().saturating_sub(HEAD) as u32;
    if let Some(h) = set.first_mut() {
        *h = n as usize;
    }
}
const _: () = assert!(cfg!(target_endian = "little"));
