//! event2/dns.h and event2/dns_struct.h
#![allow(non_upper_case_globals, reason = "DNS_IPv4_A is called so")]
use crate::sys::c;
use std::ffi::{c_char, c_int, c_void};

pub const DNS_ERR_NONE: c_int = 0;
/// The nameserver could not understand the query.
pub const DNS_ERR_FORMAT: c_int = 1;
/// The nameserver failed.
pub const DNS_ERR_SERVERFAILED: c_int = 2;
/// There is no such name.
pub const DNS_ERR_NOTEXIST: c_int = 3;
/// The nameserver does not do such queries.
pub const DNS_ERR_NOTIMPL: c_int = 4;
/// The nameserver does not want to answer.
pub const DNS_ERR_REFUSED: c_int = 5;
/// The reply is incomplete.
pub const DNS_ERR_TRUNCATED: c_int = 65;
pub const DNS_ERR_UNKNOWN: c_int = 66;
/// No reply came in time.
pub const DNS_ERR_TIMEOUT: c_int = 67;
/// The DNS base was freed.
pub const DNS_ERR_SHUTDOWN: c_int = 68;
/// The request was cancelled.
pub const DNS_ERR_CANCEL: c_int = 69;
/// The name exists and has no record of the type asked for.
pub const DNS_ERR_NODATA: c_int = 70;

/// The kind of an answer: IPv4 addresses.
pub const DNS_IPv4_A: c_char = 1;
/// The kind of an answer: the name of a host.
pub const DNS_PTR: c_char = 2;
/// The kind of an answer: IPv6 addresses.
pub const DNS_IPv6_AAAA: c_char = 3;

/// For queries: the name is complete, the search list is not used.
pub const DNS_QUERY_NO_SEARCH: c_int = 1;

/// Of resolv.conf: `domain`, `search` and ndots.
pub const DNS_OPTION_SEARCH: c_int = 1;
/// Of resolv.conf: `nameserver`.
pub const DNS_OPTION_NAMESERVERS: c_int = 2;
/// Of resolv.conf: options.
pub const DNS_OPTION_MISC: c_int = 4;
/// The hosts file of the system.
pub const DNS_OPTION_HOSTSFILE: c_int = 8;
/// Without a `nameserver` line there is none, not the one on this host.
pub const DNS_OPTION_NAMESERVERS_NO_DEFAULT: c_int = 16;

/// For `evdns_base_new`: read the system's configuration.
pub const EVDNS_BASE_INITIALIZE_NAMESERVERS: c_int = 1;
/// For `evdns_base_new`: a DNS base without requests does not keep the loop running.
pub const EVDNS_BASE_DISABLE_WHEN_INACTIVE: c_int = 0x8000;
/// For `evdns_base_new`, with the first: as `DNS_OPTION_NAMESERVERS_NO_DEFAULT`.
pub const EVDNS_BASE_NAMESERVERS_NO_DEFAULT: c_int = 0x10000;

pub const EVDNS_ANSWER_SECTION: c_int = 0;
pub const EVDNS_AUTHORITY_SECTION: c_int = 1;
pub const EVDNS_ADDITIONAL_SECTION: c_int = 2;

pub const EVDNS_TYPE_A: c_int = 1;
pub const EVDNS_TYPE_NS: c_int = 2;
pub const EVDNS_TYPE_CNAME: c_int = 5;
pub const EVDNS_TYPE_SOA: c_int = 6;
pub const EVDNS_TYPE_PTR: c_int = 12;
pub const EVDNS_TYPE_MX: c_int = 15;
pub const EVDNS_TYPE_TXT: c_int = 16;
pub const EVDNS_TYPE_AAAA: c_int = 28;
pub const EVDNS_QTYPE_AXFR: c_int = 252;
pub const EVDNS_QTYPE_ALL: c_int = 255;
pub const EVDNS_CLASS_INET: c_int = 1;

/// Flag of a reply: this server is an authority for the name.
pub const EVDNS_FLAGS_AA: c_int = 0x400;
/// Flag of a reply: recursion. The name is libevent's; on the wire the bit is RA.
pub const EVDNS_FLAGS_RD: c_int = 0x080;

/// Opaque to C: a query under way.
#[repr(C)]
pub struct evdns_request {
    _opaque: [u8; 0],
}
/// Opaque to C: an `evdns_getaddrinfo` under way.
#[repr(C)]
pub struct evdns_getaddrinfo_request {
    _opaque: [u8; 0],
}
/// Opaque to C: a socket on which a program answers queries.
#[repr(C)]
pub struct evdns_server_port {
    _opaque: [u8; 0],
}

/// What a program sees of a request that it shall answer.
#[repr(C)]
pub struct evdns_server_request {
    /// The flags of the request that a reply repeats, and those that the program sets.
    pub flags: c_int,
    pub nquestions: c_int,
    /// `nquestions` pointers.
    pub questions: *mut *mut evdns_server_question,
}
/// One question of a request. C may call the second member `class`.
#[repr(C)]
pub struct evdns_server_question {
    pub r#type: c_int,
    pub dns_question_class: c_int,
    /// The name's text, which goes on behind the struct, ended by a NUL.
    pub name: [c_char; 1],
}

/// Called with a query's outcome: a `DNS_ERR_` code, the kind of the answer, how many there are, for how many seconds
/// they hold, the answers (valid during the call) and the query's argument.
pub type evdns_callback_type = Option<
    unsafe extern "C" fn(
        result: c_int,
        r#type: c_char,
        count: c_int,
        ttl: c_int,
        addresses: *mut c_void,
        arg: *mut c_void,
    ),
>;
/// Called with each request that reaches a server port, and the port's argument.
pub type evdns_request_callback_fn_type =
    Option<unsafe extern "C" fn(req: *mut evdns_server_request, user_data: *mut c_void)>;
/// Called with the outcome of `evdns_getaddrinfo`: an `EVUTIL_EAI_` code, the list (the callee's from now on) and the
/// request's argument.
pub type evdns_getaddrinfo_cb =
    Option<unsafe extern "C" fn(result: c_int, res: *mut c::addrinfo, arg: *mut c_void)>;
/// Called with each log message of evdns, and whether it is a warning.
pub type evdns_debug_log_fn_type = Option<unsafe extern "C" fn(is_warning: c_int, msg: *const c_char)>;

const _: () = {
    use std::mem::{align_of, offset_of, size_of};
    let pointer = size_of::<*mut c_void>();
    assert!(size_of::<evdns_server_request>() == 8 + pointer);
    assert!(align_of::<evdns_server_request>() == pointer);
    assert!(offset_of!(evdns_server_request, flags) == 0);
    assert!(offset_of!(evdns_server_request, nquestions) == 4);
    assert!(offset_of!(evdns_server_request, questions) == 8);
    assert!(size_of::<evdns_server_question>() == 12);
    assert!(align_of::<evdns_server_question>() == 4);
    assert!(offset_of!(evdns_server_question, r#type) == 0);
    assert!(offset_of!(evdns_server_question, dns_question_class) == 4);
    assert!(offset_of!(evdns_server_question, name) == 8);
};
