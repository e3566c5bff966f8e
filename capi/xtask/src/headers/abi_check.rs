//! c-tests/abi/abi-check: the recorded C interface of libevent 2.1.12 against ours.
use crate::util::{Outcome, root, run};
use std::path::Path;
use std::process::Command;

/// The committed headers alone.
pub fn headers() -> Outcome {
    run(check().arg("--include").arg(root().join("include")).args([
        "--only",
        "api,layout,compile",
        "--quiet",
    ]))
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
