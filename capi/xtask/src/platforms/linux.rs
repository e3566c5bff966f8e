//! Linux on other processors and with another C library: the engine's tests, the libraries, the original suite on them.
use super::cross::{built, cargo_for, variable};
use super::{Means, Platform, Report, folder};
use crate::util::{self, Outcome, output, root};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const ALL: &[Platform] = &[
    Platform {
        name: "i686-linux",
        means: Means::Run,
        about: "32-bit Linux: engine and original suite, run by this processor",
        packages: &["rustc-web", "cargo-web", "rust-web-src", "gcc-i686-linux-gnu", "libc6-dev-i386-cross"],
        work: |report| I686.test(report),
    },
    Platform {
        name: "aarch64-linux",
        means: Means::Run,
        about: "Linux on ARM: engine and original suite, run by qemu-user",
        packages: &[
            "rustc-web",
            "cargo-web",
            "rust-web-src",
            "gcc-aarch64-linux-gnu",
            "libc6-dev-arm64-cross",
            "qemu-user",
        ],
        work: |report| AARCH64.test(report),
    },
    Platform {
        name: "musl-linux",
        means: Means::Run,
        about: "Linux with musl: engine and original suite, run by this processor",
        packages: &["rustc-web", "cargo-web", "rust-web-src", "musl-tools"],
        work: |report| MUSL.test(report),
    },
];

/// A Linux other than this machine's.
struct Other {
    name: &'static str,
    target: &'static str,
    cc: &'static str,
    /// Before ld, objcopy and ar.
    binutils: &'static str,
    runs: &'static str,
    /// The C library's folder, and its loader in there: programs for tests name both, so that they run as they are.
    libc: Option<(&'static str, &'static str)>,
    /// What starts a program, if the system cannot.
    runner: &'static [&'static str],
    /// Tests of the engine that what runs them here cannot run, and why.
    excused: &'static [(&'static str, &'static str)],
    /// Groups of the original suite.
    groups: &'static [&'static str],
    /// Libraries that Debian does not have for it; and what is left out with them.
    without: &'static [&'static str],
    left_out: &'static str,
}

const CORE: &[&str] = &[
    "main",
    "heap",
    "et",
    "finalize",
    "evbuffer",
    "signal",
    "util",
    "bufferevent",
    "thread",
    "listener",
    "evtag",
    "http",
    "dns",
    "rpc",
    "program",
];
const RESTARTS: &str = "it starts its own program again, which qemu-user cannot";
const NO_LIBRARIES: &str = "no OpenSSL and no zlib for it among this Debian's packages";

const I686: Other = Other {
    name: "i686",
    target: "i686-unknown-linux-gnu",
    cc: "i686-linux-gnu-gcc",
    binutils: "i686-linux-gnu-",
    runs: "by this processor, with the C library of the cross compiler",
    libc: Some(("/usr/i686-linux-gnu/lib", "ld-linux.so.2")),
    runner: &[],
    excused: &[],
    groups: CORE,
    without: &["openssl", "zlib"],
    left_out: NO_LIBRARIES,
};
const AARCH64: Other = Other {
    name: "aarch64",
    target: "aarch64-unknown-linux-gnu",
    cc: "aarch64-linux-gnu-gcc",
    binutils: "aarch64-linux-gnu-",
    runs: "by qemu-user",
    libc: None,
    runner: &["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
    excused: &[
        ("callbacks_may_do_anything", RESTARTS),
        ("without_memory_requests_fail_and_nothing_else_happens", RESTARTS),
        ("without_memory_nothing_is_lost", RESTARTS),
        ("descriptors_beyond_fd_setsize", "qemu-user ends at FD_SETSIZE in its own select"),
        (
            "listening_sockets_errors_and_low_water_marks",
            "qemu-user gives four bytes of TCP_INFO, so that the miniature cannot tell how many wait",
        ),
    ],
    groups: CORE,
    without: &["openssl", "zlib"],
    left_out: NO_LIBRARIES,
};
const MUSL: Other = Other {
    name: "musl",
    target: "x86_64-unknown-linux-musl",
    cc: "musl-gcc",
    binutils: "",
    runs: "by this processor, with musl's loader",
    libc: None,
    runner: &[],
    excused: &[],
    groups: CORE,
    without: &["openssl", "zlib"],
    left_out: NO_LIBRARIES,
};

impl Other {
    fn test(&self, report: &mut Report) -> Outcome {
        report.runs(self.runs);
        self.engine(report)?;
        for (test, why) in self.excused {
            report.skip(test, why);
        }
        let prefix = self.install()?;
        report.built("libevent, _core, _extra, _pthreads, shared and static");
        self.suite(report, &prefix)?;
        report.skip("the suite's tests of TLS and zlib, libevent_openssl", self.left_out);
        Ok(())
    }
    /// Settings for cargo and the C compiler.
    fn prepare(&self, cmd: &mut Command) -> Outcome {
        cmd.env(variable(self.target, "LINKER"), self.cc);
        cmd.env(format!("CC_{}", self.target.replace('-', "_")), self.cc);
        cmd.env(format!("AR_{}", self.target.replace('-', "_")), format!("{}ar", self.binutils));
        if !self.runner.is_empty() {
            cmd.env(variable(self.target, "RUNNER"), self.runner.join(" "));
        }
        if self.target.ends_with("musl") {
            let unwinder = musl_unwinder()?;
            // The C library comes from Debian's musl, and libraries can be loaded.
            let flags = format!(
                "-Clink-self-contained=no -Ctarget-feature=-crt-static -Lnative={}",
                unwinder.display()
            );
            cmd.env(variable(self.target, "RUSTFLAGS"), flags);
        }
        Ok(())
    }
    fn engine(&self, report: &mut Report) -> Outcome {
        let words = ["test", "-q", "-p", "oxievent", "--no-fail-fast"];
        let mut cmd = cargo_for(&words, self.target);
        self.prepare(&mut cmd)?;
        cmd.env(variable(self.target, "LINKER"), self.linker()?);
        // Tests unwind; without this cargo mixes two builds of std.
        cmd.env("CARGO_PROFILE_DEV_PANIC", "unwind");
        cmd.arg("--");
        if !self.runner.is_empty() {
            // qemu-user dies of an assertion of its own when a child starts a thread that a program with several threads
            // has forked: the tests run one by one, each the only thread.
            cmd.arg("--test-threads=1");
        }
        cmd.args(self.excused.iter().flat_map(|(name, _)| ["--skip", name]));
        report.test("engine tests", &mut cmd)?;
        Ok(())
    }
    /// A linker whose programs run here as they are.
    fn linker(&self) -> Outcome<String> {
        let Some((lib, loader)) = self.libc else { return Ok(self.cc.into()) };
        let script = std::path::absolute(folder().join(self.name).join("cc"))?;
        let words = format!("-Wl,--dynamic-linker={lib}/{loader} -Wl,-rpath,{lib}");
        util::write(&script, format!("#!/bin/sh\nexec {} \"$@\" {words}\n", self.cc))?;
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(script.display().to_string())
    }
    /// Builds and installs our libraries for it.
    fn install(&self) -> Outcome<PathBuf> {
        let prefix = folder().join(self.name).join("install");
        // Its settings are those of a cargo for this target; the rest comes from `install` itself.
        let like = cargo_for(&[], self.target);
        let mut cmd = Command::new(std::env::current_exe()?);
        for (name, value) in like.get_envs() {
            match value {
                Some(value) => cmd.env(name, value),
                None => cmd.env_remove(name),
            };
        }
        self.prepare(&mut cmd)?;
        cmd.env("CARGO", like.get_program()).env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
        cmd.env("CC", self.cc);
        for tool in ["ld", "objcopy", "ar"] {
            cmd.env(tool.to_uppercase(), format!("{}{tool}", self.binutils));
        }
        cmd.args(["install", "--profile", "dev", "--without-openssl", "--target", self.target, "--prefix"]);
        util::run(cmd.arg(&prefix))?;
        debug_assert!(built(self.target).is_dir());
        Ok(prefix)
    }
    fn suite(&self, report: &mut Report, prefix: &Path) -> Outcome {
        let mut cmd = Command::new(std::env::current_exe()?);
        let place = folder().join(self.name).join("upstream");
        cmd.env("CC", self.linker()?).arg("upstream").arg("--prefix").arg(prefix).arg("--folder").arg(place);
        if !self.runner.is_empty() {
            cmd.arg("--runner").arg(self.runner.join(" "));
        }
        cmd.arg("--without").arg(self.without.join(","));
        for variant in ["epoll", "poll", "select"] {
            cmd.args(["--variant", variant]);
        }
        report.test("original suite on epoll, poll, select", cmd.args(self.groups))?;
        Ok(())
    }
}

/// A folder with what std asks for under the names of unwinders that musl does not have here: libgcc's static one, and the
/// function of glibc by which Debian's libgcc finds unwind tables.
fn musl_unwinder() -> Outcome<PathBuf> {
    let place = std::path::absolute(folder().join("musl/unwinder"))?;
    std::fs::create_dir_all(&place)?;
    let object = place.join("find_object.o");
    let archive = output(Command::new("musl-gcc").arg("-print-file-name=libgcc_eh.a"))?;
    let source = root().join("c-tests/platforms/find_object.c");
    util::run(Command::new("musl-gcc").args(["-O2", "-fPIC", "-Wall", "-c", "-o"]).args([&object, &source]))?;
    let script = format!("INPUT({} {})\n", archive.trim(), object.display());
    for name in ["libgcc_s.a", "libgcc_s.so", "libunwind.a"] {
        util::write(place.join(name), &script)?;
    }
    Ok(place)
}
