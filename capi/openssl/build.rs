//! Link settings of libevent_openssl.
#![allow(clippy::disallowed_types, reason = "a build script is an ordinary program")]
include!("../corestub.rs");

fn main() {
    core_stub("../symbols/core.txt");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libevent_openssl-2.1.so.7");
    // Where OpenSSL is, if the linker does not know.
    println!("cargo:rerun-if-env-changed=OPENSSL_LIB_DIR");
    if let Ok(folder) = std::env::var("OPENSSL_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
    }
}
