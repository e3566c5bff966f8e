//! Bytes as text, the way the network means it: ASCII whatever the locale says.
use crate::sys::c;
use std::cmp::Ordering;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt;

/// Text under construction in a fixed buffer. Writing more than fits is an error; what fits stays.
pub struct Buf<const N: usize> {
    bytes: [u8; N],
    len: usize,
}
impl<const N: usize> Buf<N> {
    #[expect(clippy::new_without_default, reason = "a scratch buffer, not a value")]
    pub fn new() -> Self {
        Buf { bytes: [0; N], len: 0 }
    }
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("")
    }
}
impl<const N: usize> fmt::Write for Buf<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let n = s.len().min(N - self.len);
        self.bytes[self.len..self.len + n].copy_from_slice(&s.as_bytes()[..n]);
        self.len += n;
        if n == s.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Copies `text` and a NUL to C memory of `size` bytes, cut short if need be (nothing at all if `size` is 0).
/// True if all of it fitted.
///
/// # Safety
/// `dst` is writable for `size` bytes.
pub unsafe fn copy_out(text: &[u8], dst: *mut c_char, size: usize) -> bool {
    if size == 0 {
        return false;
    }
    let n = text.len().min(size - 1);
    // SAFETY: n + 1 <= size; the caller's promise.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), dst, n);
        *dst.add(n) = 0;
    }
    n == text.len()
}

/// Order of two C strings, ASCII letters taken as lower case. Other bytes compare as `char` does on this machine.
pub fn casecmp(a: &CStr, b: &CStr) -> c_int {
    order(a.to_bytes_with_nul(), b.to_bytes_with_nul())
}
fn order(a: &[u8], b: &[u8]) -> c_int {
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x.to_ascii_lowercase() as c_char, y.to_ascii_lowercase() as c_char);
        match x.cmp(&y) {
            Ordering::Less => return -1,
            Ordering::Greater => return 1,
            Ordering::Equal => {}
        }
    }
    a.len().cmp(&b.len()) as c_int
}
/// The same over at most `n` bytes, none of which is looked at behind a NUL.
///
/// # Safety
/// `a` and `b` are readable up to a NUL or for `n` bytes.
pub unsafe fn ncasecmp(a: *const c_char, b: *const c_char, n: usize) -> c_int {
    // SAFETY: the caller's promise.
    let piece = |p: *const c_char| unsafe {
        let len = c::strnlen(p, n);
        // The NUL takes part when it lies within n.
        std::slice::from_raw_parts(p.cast::<u8>(), if len < n { len + 1 } else { n })
    };
    order(piece(a), piece(b))
}

/// Bytes without the spaces and tabs at their end.
pub fn trim_end_lws(s: &[u8]) -> &[u8] {
    let n = s.iter().rposition(|&c| c != b' ' && c != b'\t').map_or(0, |i| i + 1);
    &s[..n]
}

/// The value of a hexadecimal digit.
pub fn hex_value(c: u8) -> Option<u8> {
    (c as char).to_digit(16).map(|d| d as u8)
}

/// Overwrites memory that held a secret; the compiler may not leave it out.
///
/// # Safety
/// `p` is writable for `len` bytes.
pub unsafe fn wipe(p: *mut c_void, len: usize) {
    let p = p.cast::<u8>();
    for i in 0..len {
        // SAFETY: the caller's promise.
        unsafe { p.add(i).write_volatile(0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn case_is_ignored_for_ascii_only() {
        assert_eq!(casecmp(c"Content-Length", c"cONTENT-lENGTH"), 0);
        assert_eq!(casecmp(c"ABC", c"abcd"), -1);
        assert_eq!(casecmp(c"abcd", c"ABC"), 1);
        assert_eq!(casecmp(c"[", c"{"), -1);
        assert_eq!(casecmp(c"", c""), 0);
        let n = |a: &CStr, b: &CStr, n| {
            // SAFETY: C strings.
            unsafe { ncasecmp(a.as_ptr(), b.as_ptr(), n) }
        };
        assert_eq!(n(c"Lib", c"LibEvent", 4), -1);
        assert_eq!(n(c"Lib", c"LibEvent", 3), 0);
        assert_eq!(n(c"x", c"y", 0), 0);
        assert_eq!(n(c"Z", c"qrst", 1), 1);
    }
    #[test]
    fn the_end_is_trimmed_of_blanks() {
        assert_eq!(trim_end_lws(b" a \t "), b" a");
        assert_eq!(trim_end_lws(b" \t"), b"");
        assert_eq!(trim_end_lws(b"a\n "), b"a\n");
    }
    #[test]
    fn buffers_cut_and_say_so() {
        let mut b = Buf::<4>::new();
        assert!(b.write_str("ab").is_ok());
        assert!(b.write_str("cde").is_err());
        assert_eq!(b.as_bytes(), b"abcd");
        let mut out = [1 as c_char; 3];
        // SAFETY: three bytes.
        assert!(!unsafe { copy_out(b"abcd", out.as_mut_ptr(), 3) });
        assert_eq!(out, [b'a' as c_char, b'b' as c_char, 0]);
        // SAFETY: nothing is written.
        assert!(!unsafe { copy_out(b"", std::ptr::null_mut(), 0) });
    }
    #[test]
    fn wiped_memory_is_zero() {
        let mut a = [7u8; 9];
        // SAFETY: the array.
        unsafe { wipe(a.as_mut_ptr().cast(), a.len()) };
        assert_eq!(a, [0; 9]);
    }
}
