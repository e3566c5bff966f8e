//! oxievent: the engine of a drop-in, C-ABI-compatible replacement for libevent 2.1.
//!
//! This crate exports no C symbol: `capi/` does, one file per public header. The modules below stand in the
//! order of their dependencies; ARCHITECTURE.md tells how they meet.
//!
//! Lock order: bufferevent (shared with its evbuffers) -> base -> private `parking_lot` locks. The base lock is
//! never held over a user's callback; private locks never call out at all.
//!
//! | libevent | here |
//! |---|---|
//! | event-internal.h, event.c | `base/` |
//! | evmap.c | `base/io_map.rs`, `base/signal_map.rs` |
//! | minheap-internal.h | `base/timer_heap.rs` |
//! | signal.c | `base/signal.rs` |
//! | epoll.c, kqueue.c, evport.c, devpoll.c, poll.c, select.c, win32select.c, evmap's changelist | `backend/` |
//! | evthread.c | `thread/` |
//! | event_iocp.c | `iocp/` |
//! | buffer_iocp.c | `buffer/overlapped.rs` |
//! | log.c | `log.rs` |
//! | buffer.c | `buffer/` |
//! | bufferevent*.c | `bufferevent/` |
//! | listener.c | `listener.rs` |
//! | evdns.c | `dns/` |
//! | http.c | `http/` |
//! | event_tagging.c | `tag.rs` |
//! | evrpc.c | `rpc/` |
//! | evutil*.c, arc4random.c, strlcpy.c | `util/`, `sys/` |

#![allow(clippy::unnecessary_cast, reason = "the types of C differ between targets")]

pub mod abi;
pub mod backend;
pub mod base;
pub mod buffer;
pub mod bufferevent;
pub mod callback;
pub mod dns;
pub mod error;
pub mod http;
#[cfg(has_iocp)]
pub mod iocp;
pub mod list;
pub mod listener;
#[macro_use]
pub mod log;
pub mod mem;
pub mod rpc;
pub mod sys;
pub mod tag;
pub mod thread;
pub mod util;

pub use error::{Error, Result};
