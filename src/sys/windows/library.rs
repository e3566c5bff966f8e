//! DLLs of the system's.
use std::ffi::{CStr, c_void};
use windows_sys::Win32::System::LibraryLoader::{LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExA};

/// Loads a DLL from the system's folder and from nowhere else; null if it is not there.
pub fn load_system(name: &CStr) -> *mut c_void {
    // SAFETY: a C string; DLLs of the system's folder are trusted.
    unsafe { LoadLibraryExA(name.as_ptr().cast(), std::ptr::null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) }
}
