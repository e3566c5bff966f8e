//! The texts of errors, in memory that stays: `evutil_socket_error_to_string` hands them out.
use super::errno::describe;
use std::ffi::{CStr, c_int};
use std::sync::OnceLock;

struct Text {
    code: c_int,
    bytes: [u8; 192],
}
/// More than Winsock has. Filled from the front; never emptied, so no lock is needed to look something up.
static TEXTS: [OnceLock<Text>; 128] = [const { OnceLock::new() }; 128];

/// The text of an error of Winsock's or of the runtime's.
pub fn error_text(code: c_int) -> &'static CStr {
    for slot in &TEXTS {
        let text = slot.get_or_init(|| {
            let mut bytes = [0; 192];
            describe(code, &mut bytes);
            Text { code, bytes }
        });
        if text.code == code {
            return CStr::from_bytes_until_nul(&text.bytes).unwrap_or_default();
        }
    }
    c"unknown error"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_and_are_bounded() {
        let refused = error_text(10061);
        assert!(refused.to_bytes().len() > 5);
        assert!(std::ptr::eq(refused, error_text(10061)));
        assert_ne!(refused, error_text(10060));
        for code in 20_000..20_400 {
            assert!(!error_text(code).is_empty());
        }
        assert!(std::ptr::eq(refused, error_text(10061)));
    }
}
