//! c-tests/abi/abi-check: the recorded C interface of libevent 2.1.12 against ours; and what else a compiler can tell.
use crate::util::{Outcome, cc, root, run, say};
use std::path::Path;
use std::process::{Command, Stdio};

/// Language modes in which every macro is used, without a warning.
const MODES: &[(&str, &[&str])] = &[
    ("c", &["-std=gnu89"]),
    ("c", &["-std=c99", "-Wpedantic"]),
    ("c", &["-std=c11", "-Wpedantic", "-Wundef", "-Wstrict-prototypes", "-Wshadow"]),
    ("c", &["-std=gnu17"]),
    ("c", &["-std=c2x", "-Wpedantic"]),
    ("c++", &["-std=c++98", "-Wpedantic"]),
    ("c++", &["-std=c++11", "-Wpedantic", "-Wundef"]),
    ("c++", &["-std=c++17", "-Wpedantic"]),
    ("c++", &["-std=c++20", "-Wpedantic"]),
];
const I386: &[&str] = &["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"];

/// The committed headers alone: against the record, compiled in every mode and order, layouts asserted.
pub fn headers() -> Outcome {
    let include = root().join("include");
    run(check().arg("--include").arg(&include).args(["--only", "api,layout,compile", "--quiet"]))?;
    let compile = |language: &str, flags: &[&str]| {
        let mut cmd = Command::new(cc());
        cmd.args(flags)
            .args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", language])
            .arg("-I")
            .arg(&include);
        cmd
    };
    let mut passed = 1;
    for (language, flags) in MODES {
        run(compile(language, flags).arg(root().join("c-tests/differential/macros.c")))?;
        passed += 1;
    }
    for target in [&[][..], I386] {
        let flags = [target, &["-std=c11", "-Wpedantic"][..]].concat();
        // The 32-bit headers of the C library are a package of their own, which may be missing.
        let mut probe = compile("c", &flags);
        probe.args(["-include", "sys/socket.h", "/dev/null"]).stderr(Stdio::null());
        if target.is_empty() || probe.status().is_ok_and(|s| s.success()) {
            run(compile("c", &flags).arg(root().join("c-tests/layout/layout.c")))?;
            passed += 1;
        } else {
            say("headers: no 32-bit C library headers: layouts for i386 not checked");
        }
    }
    println!("{passed} passed, 0 failed");
    Ok(())
}

/// An installed copy: headers, libraries, .pc files, and programs compiled, linked and run with them.
pub fn installed(prefix: &Path) -> Outcome {
    run(check()
        .arg("--include")
        .arg(prefix.join("include"))
        .arg("--libs")
        .arg(prefix.join("lib"))
        .args(["--run", "--quiet"]))
}

fn check() -> Command {
    let mut cmd = Command::new(root().join("c-tests/abi/abi-check"));
    cmd.env("PYTHONDONTWRITEBYTECODE", "1");
    cmd
}
