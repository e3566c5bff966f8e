//! Link settings of libevent_pthreads.
#![allow(clippy::disallowed_types, reason = "a build script is an ordinary program")]
include!("../corestub.rs");

fn main() {
    core_stub("../symbols/core.txt");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libevent_pthreads-2.1.so.7");
}
