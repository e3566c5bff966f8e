//! Reason phrases.
#![forbid(unsafe_code)]
use std::ffi::CStr;

/// What a status code is called: libevent's words where it has any, RFC 9110's for newer codes, and the name of the
/// class for the rest.
pub fn reason(code: i32) -> &'static CStr {
    match code {
        100 => c"Continue",
        101 => c"Switching Protocols",
        102 => c"Processing",
        103 => c"Early Hints",
        200 => c"OK",
        201 => c"Created",
        202 => c"Accepted",
        203 => c"Non-Authoritative Information",
        204 => c"No Content",
        205 => c"Reset Content",
        206 => c"Partial Content",
        207 => c"Multi-Status",
        300 => c"Multiple Choices",
        301 => c"Moved Permanently",
        302 => c"Found",
        303 => c"See Other",
        304 => c"Not Modified",
        305 => c"Use Proxy",
        307 => c"Temporary Redirect",
        308 => c"Permanent Redirect",
        400 => c"Bad Request",
        401 => c"Unauthorized",
        402 => c"Payment Required",
        403 => c"Forbidden",
        404 => c"Not Found",
        405 => c"Method Not Allowed",
        406 => c"Not Acceptable",
        407 => c"Proxy Authentication Required",
        408 => c"Request Time-out",
        409 => c"Conflict",
        410 => c"Gone",
        411 => c"Length Required",
        412 => c"Precondition Failed",
        413 => c"Request Entity Too Large",
        414 => c"Request-URI Too Large",
        415 => c"Unsupported Media Type",
        416 => c"Requested range not satisfiable",
        417 => c"Expectation Failed",
        421 => c"Misdirected Request",
        422 => c"Unprocessable Content",
        423 => c"Locked",
        425 => c"Too Early",
        426 => c"Upgrade Required",
        428 => c"Precondition Required",
        429 => c"Too Many Requests",
        431 => c"Request Header Fields Too Large",
        451 => c"Unavailable For Legal Reasons",
        500 => c"Internal Server Error",
        501 => c"Not Implemented",
        502 => c"Bad Gateway",
        503 => c"Service Unavailable",
        504 => c"Gateway Time-out",
        505 => c"HTTP Version not supported",
        507 => c"Insufficient Storage",
        511 => c"Network Authentication Required",
        _ => class(code),
    }
}

fn class(code: i32) -> &'static CStr {
    match code / 100 {
        1 => c"Informational",
        2 => c"Success",
        3 => c"Redirection",
        4 => c"Client Error",
        5 => c"Server Error",
        _ => c"Unknown Status Class",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_phrase() {
        for code in -10..1000 {
            let phrase = reason(code).to_bytes();
            assert!(!phrase.is_empty() && crate::http::chars::text(phrase), "{code}");
        }
        assert_eq!(reason(200), c"OK");
        assert_eq!(reason(307), c"Temporary Redirect");
        assert_eq!(reason(299), c"Success");
        assert_eq!(reason(99), c"Unknown Status Class");
        assert_eq!(reason(600), c"Unknown Status Class");
    }
}
