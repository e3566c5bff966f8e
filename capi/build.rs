//! Link settings of the one real library, its only C file, and the jump table of its companions.
#![allow(clippy::disallowed_types, reason = "a build script is an ordinary program")]
use std::fmt::Write as _;
use std::path::Path;

include!("libgcc.rs");
include!("table_layout.rs");

fn main() {
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    table(&Path::new(&out).join("table.rs"));

    // `cargo check` for a system whose C compiler is not here.
    println!("cargo:rerun-if-env-changed=OXIEVENT_TYPES_ONLY");
    if std::env::var_os("OXIEVENT_TYPES_ONLY").is_some() {
        return;
    }
    println!("cargo:rerun-if-changed=src/variadic.c");
    let windows = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "windows");
    // cc only compiles; the link line is ours, because its own would neither whole-archive nor export.
    let mut cc = cc::Build::new();
    cc.file("src/variadic.c").warnings(true).extra_warnings(true).cargo_metadata(false);
    if !windows {
        cc.pic(true).flag("-fvisibility=hidden");
    }
    cc.compile("event_variadic");
    println!("cargo:rustc-link-search=native={out}");
    if windows {
        // The DLL is linked from the static library (capi/xtask/src/windows): its exports stand in a .def file.
        println!("cargo:rustc-link-lib=static:+whole-archive=event_variadic");
        return;
    }
    println!("cargo:rustc-link-lib=static:+whole-archive,+export-symbols=event_variadic");
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match system.as_str() {
        // Two-level names do there by themselves what the ELF options do.
        "macos" | "ios" => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libevent-2.1.7.dylib");
        }
        _ => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libevent-2.1.so.7");
            // A missing symbol is a build error, and our own calls cannot be interposed.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs");
            println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic-functions");
            static_libgcc();
        }
    }
}

/// Writes the table of all functions in symbols/core.txt and symbols/extra.txt.
fn table(to: &Path) {
    let lists = ["symbols/core.txt", "symbols/extra.txt"].map(|file| {
        println!("cargo:rerun-if-changed={file}");
        std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"))
    });
    println!("cargo:rerun-if-changed=table_layout.rs");
    let entries = table_entries(&[&lists[0], &lists[1]]);
    let mut text = String::from("mod listed {\n    unsafe extern \"C\" {\n");
    for name in &entries {
        writeln!(text, "        pub(super) fn {name}();").expect("a String takes all");
    }
    let (symbol, count) = (table_symbol(&entries), entries.len());
    write!(
        text,
        "    }}\n}}\n\
         #[unsafe(no_mangle)]\n\
         pub static {symbol}: [unsafe extern \"C\" fn(); {count}] = [\n"
    )
    .expect("a String takes all");
    for name in &entries {
        writeln!(text, "    listed::{name},").expect("a String takes all");
    }
    text.push_str("];\n");
    std::fs::write(to, text).unwrap_or_else(|e| panic!("{}: {e}", to.display()));
}
