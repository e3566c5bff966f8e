//! The jump table: one pointer per function of symbols/core.txt and symbols/extra.txt, in that order.
//!
//! libevent_core and libevent_extra hold no code: each of their functions is one jump through this table, so
//! that a process has one copy of the library whatever it links (ARCHITECTURE.md, "The libraries"). build.rs writes
//! the table; its name ends with a hash of its content.
#![allow(non_upper_case_globals, reason = "the name is that of an exported symbol")]

include!(concat!(env!("OUT_DIR"), "/table.rs"));
