//! A Rust program with libevent.a in it: two copies of Rust's std, which must not meet.
use std::ffi::{CStr, c_char};

unsafe extern "C" {
    fn event_get_version() -> *const c_char;
}

fn main() {
    // SAFETY: the function takes nothing and returns a constant string.
    let version = unsafe { CStr::from_ptr(event_get_version()) };
    let caught = std::panic::catch_unwind(|| panic!("its own unwinder still works"));
    assert!(caught.is_err());
    println!("{}", version.to_string_lossy());
}
