//! select, on sets of any size.
use super::cvt;
use crate::Result;
use libc::{c_int, c_ulong, fd_set, timeval};
use std::ptr::null_mut;

/// What sets are made of: a descriptor is bit `fd % BITS` of word `fd / BITS`.
pub type Word = c_ulong;
pub const BITS: usize = Word::BITS as usize;

#[cfg(any(target_os = "macos", target_os = "ios"))]
unsafe extern "C" {
    /// The variant that takes sets of more than FD_SETSIZE bits.
    #[link_name = "select$DARWIN_EXTSN"]
    fn system_select(
        nfds: c_int,
        read: *mut fd_set,
        write: *mut fd_set,
        except: *mut fd_set,
        span: *mut timeval,
    ) -> c_int;
}
#[cfg(not(any(target_os = "macos", target_os = "ios")))]
use libc::select as system_select;

/// Looks at descriptors below `nfds`; both sets hold at least that many bits and are overwritten with what is ready.
pub fn select(nfds: usize, read: &mut [Word], write: &mut [Word], usec: Option<u64>) -> Result<usize> {
    debug_assert!(read.len() * BITS >= nfds && write.len() * BITS >= nfds);
    let mut span = usec.map(|us| timeval {
        tv_sec: (us / 1_000_000).min(super::c::time_t::MAX as u64) as super::c::time_t,
        tv_usec: (us % 1_000_000) as super::c::suseconds_t,
    });
    let span_ptr = span.as_mut().map_or(null_mut(), |s| s as *mut timeval);
    // SAFETY: the kernel touches the words that hold the first `nfds` bits, whatever FD_SETSIZE is.
    let n = unsafe {
        system_select(
            nfds as c_int,
            read.as_mut_ptr().cast::<fd_set>(),
            write.as_mut_ptr().cast::<fd_set>(),
            null_mut(),
            span_ptr,
        )
    };
    cvt(n).map(|n| n as usize)
}
