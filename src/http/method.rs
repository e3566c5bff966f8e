//! Methods and their names.
#![forbid(unsafe_code)]
use crate::abi::http::evhttp_cmd_type as Cmd;

/// The method of that name, or the unknown one.
pub fn from_name(name: &[u8]) -> Cmd {
    match name {
        b"GET" => Cmd::EVHTTP_REQ_GET,
        b"POST" => Cmd::EVHTTP_REQ_POST,
        b"HEAD" => Cmd::EVHTTP_REQ_HEAD,
        b"PUT" => Cmd::EVHTTP_REQ_PUT,
        b"DELETE" => Cmd::EVHTTP_REQ_DELETE,
        b"OPTIONS" => Cmd::EVHTTP_REQ_OPTIONS,
        b"TRACE" => Cmd::EVHTTP_REQ_TRACE,
        b"CONNECT" => Cmd::EVHTTP_REQ_CONNECT,
        b"PATCH" => Cmd::EVHTTP_REQ_PATCH,
        _ => Cmd::EVHTTP_REQ_UNKNOWN_,
    }
}
/// What goes into the first line.
pub fn name(method: Cmd) -> Option<&'static [u8]> {
    Some(match method {
        Cmd::EVHTTP_REQ_GET => b"GET",
        Cmd::EVHTTP_REQ_POST => b"POST",
        Cmd::EVHTTP_REQ_HEAD => b"HEAD",
        Cmd::EVHTTP_REQ_PUT => b"PUT",
        Cmd::EVHTTP_REQ_DELETE => b"DELETE",
        Cmd::EVHTTP_REQ_OPTIONS => b"OPTIONS",
        Cmd::EVHTTP_REQ_TRACE => b"TRACE",
        Cmd::EVHTTP_REQ_CONNECT => b"CONNECT",
        Cmd::EVHTTP_REQ_PATCH => b"PATCH",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_methods_belong_together() {
        for bit in 0..16 {
            let method = Cmd(1 << bit);
            match name(method) {
                Some(n) => assert_eq!(from_name(n), method),
                None => assert!(bit > 8),
            }
        }
        for n in ["", "get", "GETS", "OPTION", "BREW"] {
            assert_eq!(from_name(n.as_bytes()), Cmd::EVHTTP_REQ_UNKNOWN_);
        }
    }
}
