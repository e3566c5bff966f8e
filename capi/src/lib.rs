//! The C surface: one file per public header, same name. Each function converts its arguments, calls the engine
//! and maps the result; nothing clever lives here.
//!
//! # The three pointer rules
//! Every `# Safety` section of this crate cites these.
//!
//! 1. **Live or null.** A pointer to one of our objects is null or was returned by the matching `_new` (or, for
//!    `struct event`, initialised by `event_assign`) and has not been freed. Null gives the answer that libevent
//!    gives, where libevent survives it.
//! 2. **Sized.** A pointer to memory of the caller's is valid for the length passed with it, for the time of the
//!    call (or for as long as the function's text says); strings end with a NUL.
//! 3. **Threads.** Calls from several threads on one object need evthread locks set up before the object was
//!    made, unless the function's text says more.
#![allow(non_camel_case_types, reason = "the names are those of the C interface")]

// (clippy --all-targets also looks at a test build, which always unwinds and is never linked.)
#[cfg(not(any(panic = "abort", test)))]
compile_error!("the libraries must be built with panic=abort: unwinding into C is undefined");

pub mod buffer;
pub mod buffer_compat;
pub mod bufferevent;
pub mod bufferevent_compat;
pub mod dns;
pub mod dns_compat;
pub mod event;
pub mod event_compat;
pub mod http;
pub mod http_compat;
pub mod internal;
pub mod internal_event;
pub mod internal_http;
pub mod internal_iocp;
pub mod internal_tag;
pub mod internal_tls;
pub mod listener;
pub mod rpc;
#[cfg(not(windows))]
pub mod table;
pub mod tag;
pub mod thread;
pub mod util;
