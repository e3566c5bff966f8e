//! `cargo xtask deps`: the Debian packages that building and testing need.
use crate::util::{self, Args, Outcome, cargo, have, output, say};
use std::process::{Command, Stdio};

const HELP: &str = "
cargo xtask deps [--list]

Installs the Debian packages that are missing: with apt-get when run by root, otherwise it prints the command.
`demo` and `test` do this by themselves. --list shows all packages and what they are for.";

/// What `demo` needs: to build, to find the library as users do, and to run real programs.
const DEMO: &[(&str, &str)] = &[
    ("gcc", "links Rust programs; compiles variadic.c, the companions, the examples and the original suite"),
    ("libc6-dev", "the C library's headers"),
    ("binutils", "ld -r, objcopy and ar make the static archives and the debug files"),
    ("libssl-dev", "libevent_openssl stands on OpenSSL"),
    ("pkg-config", "examples and tests find the installed library as users do"),
    ("python3", "the scripts that drive real programs; abi-check"),
    ("memcached", "an unmodified program that runs on our libraries"),
    ("tmux", "an unmodified program that runs on our libraries"),
    ("tor", "an unmodified program that runs on our libraries: evdns"),
    ("transmission-daemon", "an unmodified program that runs on our libraries: evhttp, evdns"),
    ("transmission-cli", "its tools"),
    ("webdis", "an unmodified program that runs on our libraries"),
    ("redis-server", "webdis stands in front of it"),
];
/// What `test` and `bench` need besides.
const TESTS: &[(&str, &str)] = &[
    ("g++", "C++ programs in the link matrix and the header checks"),
    ("clang", "abi-check reads declarations with it"),
    ("libclang-rt-14-dev", "libFuzzer and the sanitizers for C code"),
    ("lld", "the link matrix runs with both linkers"),
    ("libc6-dev-i386", "abi-check compares struct layouts for i386 with it"),
    ("cmake", "the installed CMake files are tested with it"),
    ("make", "cmake builds with it"),
    ("zlib1g-dev", "the original suite filters through zlib"),
    ("libevent-2.1-7", "the original, to compare with"),
    ("libevent-core-2.1-7", "the original, to compare with"),
    ("libevent-extra-2.1-7", "the original, to compare with"),
    ("libevent-openssl-2.1-7", "the original, to compare with"),
    ("libevent-pthreads-2.1-7", "the original, to compare with"),
    ("valgrind", "memory checks, and instruction counts of the benches"),
    ("libc6-dbg", "valgrind needs the C library's symbols"),
    ("strace", "system call counts of the benches"),
    ("litecoind", "an unmodified program that runs on our libraries: evhttp, server and client"),
    ("ustreamer", "an unmodified program that runs on our libraries: evhttp"),
    ("sslsplit", "an unmodified program that runs on our libraries: TLS"),
    ("openssl", "makes certificates for it"),
    ("wrk", "loads the HTTP servers of the soak and the benches"),
    ("nginx-light", "the HTTP server that the benches compare with"),
];
/// What `platforms` needs besides; each platform installs its own.
const PLATFORMS: &[(&str, &str)] = &[
    ("rustc-web", "a Rust with std's sources: std is built for targets that rustup may not have here"),
    ("cargo-web", "its cargo"),
    ("rust-web-src", "std's sources"),
    ("gcc-i686-linux-gnu", "32-bit Linux: compiler and linker"),
    ("libc6-dev-i386-cross", "32-bit Linux: C library, with which programs run here"),
    ("gcc-aarch64-linux-gnu", "Linux on ARM: compiler and linker"),
    ("libc6-dev-arm64-cross", "Linux on ARM: C library"),
    ("qemu-user", "runs programs for Linux on ARM"),
    ("musl-tools", "Linux with musl: compiler, C library and loader"),
    ("gcc-mingw-w64-x86-64-win32", "Windows: compiler and linker"),
    ("gcc-mingw-w64-x86-64-posix", "Windows: the unwinder that std wants"),
    ("g++-mingw-w64-x86-64-win32", "Windows: the headers are C++ too"),
    ("wine64", "runs programs for Windows"),
];

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let list = args.flag("--list");
    args.end()?;
    if list {
        for (package, reason) in DEMO.iter().chain(TESTS).chain(PLATFORMS) {
            println!("{package:<24} {reason}");
        }
        return Ok(());
    }
    ensure()?;
    say("everything is installed");
    Ok(())
}

/// Installs what building and testing need and is missing, or says how to.
pub fn ensure() -> Outcome {
    rust_components()?;
    packages(DEMO.iter().chain(TESTS))
}

/// The same for `demo` alone, which needs much less.
pub fn ensure_demo() -> Outcome {
    packages(DEMO.iter())
}

/// The same for one platform.
pub fn ensure_for(names: &[&str]) -> Outcome {
    if let Some(unknown) = names.iter().find(|n| PLATFORMS.iter().all(|(p, _)| p != *n)) {
        return Err(format!("{unknown} is not in the list of packages").into());
    }
    packages(PLATFORMS.iter().filter(|(p, _)| names.contains(p)))
}

fn packages<'a>(wanted: impl Iterator<Item = &'a (&'a str, &'a str)>) -> Outcome {
    let missing: Vec<&str> = wanted.map(|(p, _)| *p).filter(|p| !installed(p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !have("apt-get") {
        return Err(format!("these Debian packages, or their like, are needed: {list}").into());
    }
    let root = output(Command::new("id").arg("-u"))?.trim() == "0";
    if !root {
        let command = format!("apt-get update && sudo apt-get install -y --no-install-recommends {list}");
        return Err(format!("packages are missing; install them with\n\n  sudo {command}\n").into());
    }
    say(format!("installing {list}"));
    let apt = |words: &[&str]| {
        let mut cmd = Command::new("apt-get");
        util::run(
            cmd.args(words)
                .env("DEBIAN_FRONTEND", "noninteractive")
                .stdin(Stdio::null())
                .stdout(Stdio::null()),
        )
    };
    apt(&["-qq", "update"])?;
    let mut words = vec!["-qq", "install", "-y", "--no-install-recommends"];
    words.extend(&missing);
    apt(&words)
}

fn installed(package: &str) -> bool {
    let status = output(Command::new("dpkg-query").args(["-W", "-f", "${Status}", package]));
    status.is_ok_and(|s| s.ends_with(" installed"))
}

/// rustup's minimal profile lacks what the tests call.
fn rust_components() -> Outcome {
    for (tool, component) in [("clippy", "clippy"), ("fmt", "rustfmt")] {
        let works = cargo().args([tool, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if works.is_ok_and(|s| s.success()) {
            continue;
        }
        util::run(Command::new("rustup").args(["component", "add", component]))
            .map_err(|e| format!("the Rust component {component} is missing: {e}"))?;
    }
    Ok(())
}
