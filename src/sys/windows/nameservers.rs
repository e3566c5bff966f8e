//! What the system knows of name resolution.
use crate::mem::{self, TryVec};
use crate::{Error, Result};
use std::ffi::CStr;
use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper as ip;
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryA;

/// A fact of the system's network settings.
pub enum Setting<'a> {
    /// The address of a nameserver, as text.
    Nameserver(&'a CStr),
    /// The domain of this host.
    Domain(&'a CStr),
}

/// Calls `f` with each nameserver in the order of preference, and with the host's domain.
pub fn each_setting(mut f: impl FnMut(Setting<'_>)) -> Result<()> {
    let mut len = size_of::<ip::FIXED_INFO_W2KSP1>() as u32;
    // u64s: the structs want that alignment.
    let mut room: mem::Vec<u64> = mem::new_vec();
    for _ in 0..8 {
        room.try_resize(len as usize / 8 + 1, 0)?;
        let info = room.as_mut_ptr().cast::<ip::FIXED_INFO_W2KSP1>();
        // SAFETY: `info` has room for `len` bytes.
        match unsafe { ip::GetNetworkParams(info, &mut len) } {
            NO_ERROR => {
                // SAFETY: filled in by the call.
                let info = unsafe { &*info };
                let mut at: *const ip::IP_ADDR_STRING = &info.DnsServerList;
                // SAFETY: a list that begins in `info`, goes on in `room` and ends with a null pointer.
                while let Some(a) = unsafe { at.as_ref() } {
                    if let Some(text) = text(&a.IpAddress.String) {
                        f(Setting::Nameserver(text));
                    }
                    at = a.Next;
                }
                if let Some(text) = text(&info.DomainName) {
                    f(Setting::Domain(text));
                }
                return Ok(());
            }
            ERROR_NO_DATA => return Ok(()),
            ERROR_BUFFER_OVERFLOW => {}
            _ => break,
        }
    }
    Err(Error::Os(super::c::EIO))
}
fn text(s: &[i8]) -> Option<&CStr> {
    // SAFETY: the same bytes.
    let s = unsafe { std::slice::from_raw_parts(s.as_ptr().cast::<u8>(), s.len()) };
    CStr::from_bytes_until_nul(s).ok().filter(|t| !t.is_empty())
}

/// The path of the hosts file in `out`, if it fits.
pub fn hosts_file(out: &mut [u8; 512]) -> Option<&CStr> {
    const REST: &[u8] = b"\\drivers\\etc\\hosts\0";
    let most = out.len() - REST.len();
    // SAFETY: at most `most` bytes are written.
    let n = unsafe { GetSystemDirectoryA(out.as_mut_ptr(), most as u32) } as usize;
    if n == 0 || n >= most {
        return None;
    }
    out.get_mut(n..n + REST.len())?.copy_from_slice(REST);
    CStr::from_bytes_until_nul(out).ok()
}
