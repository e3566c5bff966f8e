//! Link settings of libevent_pthreads.
include!("../corestub.rs");

fn main() {
    core_stub("../symbols/core.txt");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libevent_pthreads-2.1.so.7");
}
