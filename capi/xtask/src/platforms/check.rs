//! Systems for which the code is compiled as far as types go: engine and C surface, without a warning.
use super::cross::{cargo_for, without_warnings};
use super::{Means, Platform, Report};
use crate::util::Outcome;

const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];

/// A target with the system's own name in `cargo xtask platforms`.
macro_rules! checked {
    ($name:literal, $target:literal) => {
        Platform {
            name: $name,
            means: Means::Check,
            about: concat!("types of engine and C surface for ", $target),
            packages: PACKAGES,
            work: |report| check(report, $target),
        }
    };
}

pub const ALL: &[Platform] = &[
    checked!("freebsd-check", "x86_64-unknown-freebsd"),
    checked!("openbsd-check", "x86_64-unknown-openbsd"),
    checked!("netbsd-check", "x86_64-unknown-netbsd"),
    checked!("dragonfly-check", "x86_64-unknown-dragonfly"),
    checked!("macos-check", "x86_64-apple-darwin"),
    checked!("macos-arm-check", "aarch64-apple-darwin"),
    checked!("illumos-check", "x86_64-unknown-illumos"),
    checked!("solaris-check", "x86_64-pc-solaris"),
    checked!("windows-gnu-check", "x86_64-pc-windows-gnu"),
    checked!("windows-msvc-check", "x86_64-pc-windows-msvc"),
];

pub fn check(report: &mut Report, target: &str) -> Outcome {
    // The C surface's build script compiles a C file for the target: without a compiler for it, that file is left out.
    let words = ["check", "-p", "oxievent", "-p", "oxievent-capi"];
    let mut cmd = cargo_for(&words, target);
    cmd.env("OXIEVENT_TYPES_ONLY", "1");
    report.check("types", without_warnings(&mut cmd));
    Ok(())
}
