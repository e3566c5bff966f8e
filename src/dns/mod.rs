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
mod handle;
pub mod hosts;
mod inflight;
pub mod log;
pub mod name;
pub mod nameserver;
pub mod request;
pub mod resolv_conf;
pub mod search;
pub mod server;
pub mod settings;
mod tcp;
mod udp;
pub mod wire;

pub use base::{DnsRef, Guard};

use crate::util::addr::{self, Inet};
use std::ffi::CStr;

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
