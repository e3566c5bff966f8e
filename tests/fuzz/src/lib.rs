//! What is fuzzed: functions that take any bytes, and panic when something is not as it must be.
//!
//! fuzz_targets/NAME.rs makes a libFuzzer program of each; `cargo xtask fuzz` builds and runs them. A file that made
//! one fail is run again with `cargo xtask fuzz NAME FILE`, and then belongs into corpus/NAME.
mod bufferevents;
mod buffers;
mod chunked;
mod dns;
mod dns_server;
mod http;
mod http_client;
mod http_server;
mod input;
mod tag;
mod text;

pub use bufferevents::bufferevents;
pub use buffers::evbuffer;
pub use chunked::chunked;
pub use dns::{dns_reply, dns_request, hosts, resolv_conf};
pub use dns_server::dns_server;
pub use http::{http_request, http_response};
pub use http_client::http_client;
pub use http_server::http_server;
pub use tag::tag;
pub use text::{escapes, query, uri};
