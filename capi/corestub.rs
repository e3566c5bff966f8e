// include!d by the build scripts of the libraries that stand on libevent_core: a link-time stand-in for it.
//
// Cargo gives no order between the cdylibs of two packages, and libevent_core is made by `cargo xtask install` after
// both, so those libraries link this stub instead: its soname gives the right NEEDED, and its symbols are those of
// symbols/core.txt, so that `-z defs` checks every import against the published list.
fn core_stub(list: &str) {
    println!("cargo:rerun-if-changed={list}");
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut text = String::from(".text\n");
    for line in std::fs::read_to_string(list).unwrap_or_else(|e| panic!("{list}: {e}")).lines() {
        let name = line.split(' ').next().unwrap_or_default();
        let kind = if line.ends_with(" data") { "object" } else { "function" };
        text += &format!(".globl {name}\n.type {name},%{kind}\n{name}:\n");
    }
    text += ".section .note.GNU-stack,\"\",%progbits\n";
    std::fs::write(out.join("stub.s"), text).expect("OUT_DIR is writable");
    let compiler = cc::Build::new().get_compiler();
    let status = compiler
        .to_command()
        .args(["-shared", "-nostdlib", "-Wl,-soname,libevent_core-2.1.so.7", "-o"])
        .arg(out.join("libevent_core.so"))
        .arg(out.join("stub.s"))
        .status()
        .expect("the C compiler starts");
    assert!(status.success(), "cannot link the stand-in for libevent_core");
    println!("cargo:rustc-cdylib-link-arg=-Wl,--no-as-needed");
    println!("cargo:rustc-cdylib-link-arg={}", out.join("libevent_core.so").display());
    println!("cargo:rustc-cdylib-link-arg=-Wl,--as-needed");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs");
    // libevent_core is found beside this library, also when a program found this one by its own run path.
    println!("cargo:rustc-cdylib-link-arg=-Wl,--enable-new-dtags,-rpath,$ORIGIN");
}
