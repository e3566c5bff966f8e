//! The addresses of this host's interfaces.
use super::c::{self, sockaddr};
use crate::mem::{self, TryVec};
use crate::{Error, Result};
use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper as ip;

/// Calls `f` with the address of each interface that has one.
pub fn each_address(mut f: impl FnMut(*const sockaddr)) -> Result<()> {
    let flags = ip::GAA_FLAG_SKIP_ANYCAST | ip::GAA_FLAG_SKIP_MULTICAST | ip::GAA_FLAG_SKIP_DNS_SERVER;
    let mut len = 16 * 1024u32;
    // u64s: the structs want that alignment.
    let mut room: mem::Vec<u64> = mem::new_vec();
    // The list may grow between two calls.
    for _ in 0..8 {
        room.try_resize(len as usize / 8 + 1, 0)?;
        let list = room.as_mut_ptr().cast::<ip::IP_ADAPTER_ADDRESSES_LH>();
        // SAFETY: `list` has room for `len` bytes.
        let r =
            unsafe { ip::GetAdaptersAddresses(c::AF_UNSPEC as u32, flags, std::ptr::null(), list, &mut len) };
        match r {
            NO_ERROR => {
                let mut adapter = list.cast_const();
                // SAFETY: a list in `room`, which ends with a null pointer.
                while let Some(a) = unsafe { adapter.as_ref() } {
                    let mut unicast = a.FirstUnicastAddress.cast_const();
                    // SAFETY: as above.
                    while let Some(u) = unsafe { unicast.as_ref() } {
                        if !u.Address.lpSockaddr.is_null() {
                            f(u.Address.lpSockaddr.cast());
                        }
                        unicast = u.Next;
                    }
                    adapter = a.Next;
                }
                return Ok(());
            }
            ERROR_NO_DATA => return Ok(()),
            ERROR_BUFFER_OVERFLOW => {}
            _ => break,
        }
    }
    Err(Error::Os(c::EIO))
}
