//! Link settings of the one real library, and its only C file.
include!("libgcc.rs");

fn main() {
    println!("cargo:rerun-if-changed=src/variadic.c");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    // cc only compiles; the link line is ours, because its own would neither whole-archive nor export.
    cc::Build::new()
        .file("src/variadic.c")
        .pic(true)
        .warnings(true)
        .extra_warnings(true)
        .flag("-fvisibility=hidden")
        .cargo_metadata(false)
        .compile("event_variadic");
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static:+whole-archive,+export-symbols=event_variadic");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libevent-2.1.so.7");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic-functions");
    static_libgcc();
}
