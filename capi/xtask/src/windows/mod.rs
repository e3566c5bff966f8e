//! The libraries for Windows: built with mingw, installed with the names that the original has there, tried under Wine.
//!
//! There is one real DLL, libevent-2-1-7.dll, linked from the static library that cargo makes, with a .def file of the
//! export lists. libevent_core and libevent_extra are DLLs without code: each export is a forwarder, which Windows
//! resolves to libevent's when it loads them. So any mix of the three in a process has one state, data included.
mod original;
mod programs;
mod suite;

pub use programs::programs;
pub use suite::{run, suite};

use crate::platforms::{cross, wine};
use crate::symbols::{self, Kind, Names};
use crate::util::{self, Outcome, root, say, target, write};
use crate::{deps, install as unix, package_files, rpcgen};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const TARGET: &str = wine::TARGET;
/// What a program linked with the static library needs of Windows besides what mingw links by itself.
const STATIC: &str = " -lws2_32 -lntdll -luserenv";

/// Installs the packages that building for Windows needs.
pub fn ensure() -> Outcome {
    deps::ensure_for(wine::PACKAGES)
}

/// A program of mingw's.
fn tool(name: &str) -> Command {
    Command::new(format!("x86_64-w64-mingw32-{name}"))
}

/// Installs a build for the project's own use below target/ and returns that folder.
pub fn private(profile: &str) -> Outcome<PathBuf> {
    let to = target().join(format!("install-windows-{profile}"));
    install(&to, &to, profile)?;
    Ok(to)
}

/// Builds with a cargo profile and installs into `to`, to be used as `prefix`.
pub fn install(to: &Path, prefix: &Path, profile: &str) -> Outcome {
    symbols::update(false)?;
    say(format!("building the static library for {TARGET}, profile {profile}"));
    let kind = ["--lib", "--crate-type", "staticlib"];
    let words = [&["rustc", "--profile", profile, "-p", "oxievent-capi"], &kind[..]].concat();
    util::run(&mut cross::cargo_for(&words, TARGET))?;
    let built = cross::built(TARGET).with_file_name(if profile == "dev" { "debug" } else { profile });
    let whole = built.join("libevent.a");

    say(format!("installing into {}", to.display()));
    let (bin, lib) = (to.join("bin"), to.join("lib"));
    for dir in [&bin, &lib] {
        std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    }
    let scratch = lib.join(format!(".install-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let done = (|| {
        real(&whole, &bin, &lib, &scratch)?;
        forwarder("core", &bin, &lib, &scratch)?;
        forwarder("extra", &bin, &lib, &scratch)?;
        archives(&whole, &lib, &scratch)
    })();
    let _ = std::fs::remove_dir_all(&scratch);
    done?;
    let has = |name: &str| matches!(name, "libevent" | "libevent_core" | "libevent_extra");
    package_files::write_some(to, prefix, has, STATIC)?;
    rpcgen::install(to)?;
    unix::copy_tree(&root().join("include"), &to.join("include"))
}

fn dll(library: &str) -> String {
    if library.is_empty() { "libevent-2-1-7".into() } else { format!("libevent_{library}-2-1-7") }
}

/// A module definition file; `forward` to another DLL, or not.
fn definitions(library: &str, names: &Names, forward: Option<&str>) -> Outcome<String> {
    let mut text = format!("LIBRARY \"{}.dll\"\nEXPORTS\n", dll(library));
    for (name, kind) in names {
        text.push_str(name);
        if let Some(other) = forward {
            write!(text, " = \"{other}.{name}\"")?;
        }
        text.push_str(if *kind == Kind::Data { " DATA\n" } else { "\n" });
    }
    Ok(text)
}

/// The one DLL with code. A name of the lists that is not defined is an error of the linker's.
fn real(whole: &Path, bin: &Path, lib: &Path, scratch: &Path) -> Outcome {
    let def = scratch.join("event.def");
    write(&def, definitions("", &symbols::exported_on_windows("")?, None)?)?;
    let mut gcc = tool("gcc");
    gcc.args(["-shared", "-s", "-static-libgcc", "-Wl,--gc-sections", "-o"]);
    gcc.arg(bin.join(dll("") + ".dll")).args([&def, whole]);
    gcc.arg(format!("-Wl,--out-implib,{}", lib.join("libevent.dll.a").display()));
    util::run(gcc.args(STATIC.split_whitespace()))
}

/// libevent_`library`: nothing but forwarders.
fn forwarder(library: &str, bin: &Path, lib: &Path, scratch: &Path) -> Outcome {
    let def = scratch.join(format!("{library}.def"));
    let names = symbols::exported_on_windows(library)?;
    write(&def, definitions(library, &names, Some(&dll("")))?)?;
    let mut gcc = tool("gcc");
    // No code, so no entry point.
    gcc.args(["-shared", "-nostdlib", "-s", "-Wl,-e,0", "-o"]).arg(bin.join(dll(library) + ".dll")).arg(&def);
    let import = lib.join(format!("libevent_{library}.dll.a"));
    util::run(gcc.arg(format!("-Wl,--out-implib,{}", import.display())))
}

/// libevent.a is cargo's archive without debug data, libevent_core.a the same: whichever comes first on a command line
/// serves both. Nothing is left for extra.
fn archives(whole: &Path, lib: &Path, scratch: &Path) -> Outcome {
    let event = lib.join("libevent.a");
    util::run(tool("objcopy").arg("--strip-debug").args([whole, &event]))?;
    std::fs::copy(&event, lib.join("libevent_core.a"))?;
    let (source, object) = (scratch.join("empty.s"), scratch.join("nothing_of_its_own.o"));
    write(&source, "")?;
    util::run(tool("gcc").arg("-c").arg("-o").args([&object, &source]))?;
    let extra = lib.join("libevent_extra.a");
    let _ = std::fs::remove_file(&extra);
    util::run(tool("ar").arg("rcsD").args([&extra, &object]))
}
