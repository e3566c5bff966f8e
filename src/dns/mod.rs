//! evdns. The parsers are pure: bytes in, typed results out, no I/O and no unsafe code. The resolver stands on them.
//!
//! | libevent's evdns.c | here |
//! |---|---|
//! | names and labels, 0x20 | `name.rs` |
//! | messages: queries, replies, server requests | `wire.rs` |
//! | replies of the server, name compression | `compose.rs` |
//! | resolv.conf, options | `resolv_conf.rs` |
//! | hosts files | `hosts.rs` |
//! | search list, ndots | `search.rs` |
//! | server ports | `server/` |
//! | `evdns_getaddrinfo` | `getaddrinfo.rs` |
//! | what options set, with libevent's defaults | `settings.rs` |
//! | `evdns_base`: lock, life, timer | `base.rs` |
//! | requests: from the question to the callback | `request.rs` |
//! | tables of ids and deadlines, the waiting queue | `inflight.rs` |
//! | how fast questions leave | `pace.rs` |
//! | sending, replies, second tries, giving up | `exchange.rs` |
//! | nameservers: choice, failure, probes | `nameserver.rs` |
//! | sockets | `channel.rs`, `udp.rs`, `tcp.rs` |
//! | reading resolv.conf and hosts, setting options | `config.rs` |
pub mod base;
mod channel;
pub mod compose;
pub mod config;
mod exchange;
pub mod getaddrinfo;
pub mod global;
mod handle;
pub mod hosts;
mod inflight;
pub mod log;
pub mod name;
pub mod nameserver;
mod pace;
pub mod request;
pub mod resolv_conf;
pub mod search;
pub mod server;
pub mod settings;
mod tcp;
mod udp;
pub mod wire;

pub use base::{DnsRef, Guard};

use crate::abi::dns as codes;

use crate::util::addr::{self, Inet};
use std::ffi::{CStr, c_int};

/// An address as configuration files write it: `v4`, `v4:port`, `v6`, `[v6]`, `[v6]:port`, with zones. No port is 0.
pub fn parse_addr(text: &[u8]) -> Option<Inet> {
    // Longer than any address with a zone and a port.
    let mut room = [0; 128];
    room.get_mut(..text.len()).filter(|r| r.len() < 127)?.copy_from_slice(text);
    let c = CStr::from_bytes_until_nul(&room).ok()?;
    if c.count_bytes() != text.len() {
        return None;
    }
    addr::parse_sockaddr_port(c)
}

/// `evdns_err_to_string`
pub fn error_text(code: c_int) -> &'static CStr {
    match code {
        codes::DNS_ERR_NONE => c"no error",
        codes::DNS_ERR_FORMAT => c"the server did not understand the query",
        codes::DNS_ERR_SERVERFAILED => c"the server failed",
        codes::DNS_ERR_NOTEXIST => c"there is no such name",
        codes::DNS_ERR_NOTIMPL => c"the server does not do such queries",
        codes::DNS_ERR_REFUSED => c"the server refused",
        codes::DNS_ERR_TRUNCATED => c"the reply is incomplete",
        codes::DNS_ERR_UNKNOWN => c"unknown error",
        codes::DNS_ERR_TIMEOUT => c"no reply came in time",
        codes::DNS_ERR_SHUTDOWN => c"the DNS base was freed",
        codes::DNS_ERR_CANCEL => c"the request was cancelled",
        codes::DNS_ERR_NODATA => c"the name has no such records",
        _ => c"no known error",
    }
}
