//! Layout only: the structs and types that C programs see, one file per public header.
//!
//! Names are libevent's own, lower case, so that a C function, its header and this folder read alike.
//! Every size and offset is asserted at compile time on the targets that we know.
#![allow(non_camel_case_types, reason = "the names are those of the C interface")]

pub mod buffer;
pub mod bufferevent;
pub mod bufferevent_ssl;
pub mod dns;
pub mod event;
pub mod http;
pub mod keyvalq;
pub mod listener;
pub mod rpc;
pub mod thread;
pub mod util;

/// A C enumeration: any integer may arrive from C, so it is a number with named values, never a Rust enum.
macro_rules! c_enum {
    ($(#[$m:meta])* $name:ident { $($(#[$vm:meta])* $v:ident = $n:expr),+ $(,)? }) => {
        $(#[$m])*
        #[repr(transparent)]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name(pub std::ffi::c_uint);
        impl $name {
            $($(#[$vm])* pub const $v: $name = $name({
                const N: i64 = $n;
                N as std::ffi::c_uint
            });)+
        }
    };
}
pub(crate) use c_enum;
