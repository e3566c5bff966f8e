//! c-tests/abi/abi-check: the recorded C interface of libevent 2.1.12 against ours.
use crate::util::{Outcome, cc, root, run, say};
use std::path::Path;
use std::process::{Command, Stdio};

/// The committed headers alone: against the record, compiled in every mode and order, layouts asserted.
pub fn headers() -> Outcome {
    let include = root().join("include");
    run(check().arg("--include").arg(&include).args(["--only", "api,layout,compile", "--quiet"]))?;
    let i386: &[&str] = &["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"];
    for target in [&[][..], i386] {
        let cc = || {
            let mut cmd = Command::new(cc());
            cmd.args(target).args([
                "-std=c11",
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
                "-fsyntax-only",
                "-x",
                "c",
            ]);
            cmd.arg("-I").arg(&include);
            cmd
        };
        // The 32-bit headers of the C library are a package of their own, which may be missing.
        let mut probe = cc();
        probe.args(["-include", "sys/socket.h", "/dev/null"]).stderr(Stdio::null());
        if target.is_empty() || probe.status().is_ok_and(|s| s.success()) {
            run(cc().arg(root().join("c-tests/layout/layout.c")))?;
        } else {
            say("headers: no 32-bit C library headers: layouts for i386 not checked");
        }
    }
    Ok(())
}

/// An installed copy: headers, libraries, .pc files, and programs compiled and linked with them.
pub fn installed(prefix: &Path) -> Outcome {
    run(check()
        .arg("--include")
        .arg(prefix.join("include"))
        .arg("--libs")
        .arg(prefix.join("lib"))
        .arg("--quiet"))
}

fn check() -> Command {
    let abi = root().join("c-tests/abi");
    let mut cmd = Command::new(abi.join("abi-check"));
    cmd.arg("--allow").arg(abi.join("gaps.allow")).env("PYTHONDONTWRITEBYTECODE", "1");
    cmd
}
