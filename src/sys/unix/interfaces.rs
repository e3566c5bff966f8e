//! The addresses of this host's interfaces.
use super::cvt;
use crate::Result;
use libc::sockaddr;
use std::ptr::null_mut;

/// Calls `f` with the address of each interface that has one.
pub fn each_address(mut f: impl FnMut(*const sockaddr)) -> Result<()> {
    let mut list = null_mut();
    // SAFETY: `list` is a place for the answer.
    cvt(unsafe { libc::getifaddrs(&mut list) })?;
    let mut i = list;
    while !i.is_null() {
        // SAFETY: the list is alive until it is freed below.
        unsafe {
            if !(*i).ifa_addr.is_null() {
                f((*i).ifa_addr);
            }
            i = (*i).ifa_next;
        }
    }
    // SAFETY: the system's list, used no more.
    unsafe { libc::freeifaddrs(list) };
    Ok(())
}
