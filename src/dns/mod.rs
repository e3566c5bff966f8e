//! evdns. The parsers below are pure: bytes in, typed results out, no I/O and no unsafe code.
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
//! | what options set, with libevent's defaults | `settings.rs` |
pub mod compose;
pub mod hosts;
pub mod name;
pub mod resolv_conf;
pub mod search;
pub mod server;
pub mod settings;
pub mod wire;

use crate::util::addr::{self, Inet};
use std::ffi::CStr;

/// An address as configuration files write it: `v4`, `v4:port`, `v6`, `[v6]`, `[v6]:port`, with zones. No port is 0.
pub(crate) fn parse_addr(text: &[u8]) -> Option<Inet> {
    // Longer than any address with a zone and a port.
    let mut room = [0; 128];
    room.get_mut(..text.len()).filter(|r| r.len() < 127)?.copy_from_slice(text);
    let c = CStr::from_bytes_until_nul(&room).ok()?;
    if c.count_bytes() != text.len() {
        return None;
    }
    addr::parse_sockaddr_port(c)
}
