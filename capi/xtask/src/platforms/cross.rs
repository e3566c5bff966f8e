//! Debian's Rust, which has std's sources: cargo builds std itself for targets that rustup may not have here.
use super::folder;
use crate::util::{self, Outcome, output};
use std::process::Command;
use std::sync::OnceLock;

/// What [`cargo_for`] needs.
pub const RUST: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Debian's cargo, with one target folder for all targets. `CARGO_TARGET_X_LINKER` and the like come from the caller.
pub fn cargo_for(words: &[&str], target: &str) -> Command {
    // Types need no test harness.
    let std =
        if words.first() == Some(&"check") { "std,panic_abort" } else { "std,panic_abort,panic_unwind,test" };
    let mut cmd = Command::new("/usr/bin/cargo");
    cmd.current_dir(util::root())
        .args(words)
        .arg(format!("-Zbuild-std={std}"))
        .args(["--target", target])
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTDOC", "/usr/bin/rustdoc")
        .env("RUSTC_BOOTSTRAP", "1")
        // Smaller and quicker to make.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", folder().join("cargo"));
    // What rustup's cargo sets for its children.
    for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUST_RECURSION_COUNT", "LD_LIBRARY_PATH"] {
        cmd.env_remove(name);
    }
    cmd
}
/// The environment variable `CARGO_TARGET_<TARGET>_<WHAT>` of a target.
pub fn variable(target: &str, what: &str) -> String {
    format!("CARGO_TARGET_{}_{what}", target.to_uppercase().replace(['-', '.'], "_"))
}
/// The folder with the finished files of a target, dev profile.
pub fn built(target: &str) -> std::path::PathBuf {
    folder().join("cargo").join(target).join("debug")
}
/// zig as a C compiler and linker for other systems: the package ziglang of PyPI, below target/. The command takes what clang takes.
pub fn zig_cc(target: &str) -> Outcome<Command> {
    let mut cmd = Command::new(zig()?);
    let cache = folder().join("zig-cache");
    cmd.args(["cc", "-target", target]);
    cmd.env("ZIG_GLOBAL_CACHE_DIR", &cache).env("ZIG_LOCAL_CACHE_DIR", &cache);
    Ok(cmd)
}
/// Where zig is; installed when it is not there yet.
pub fn zig() -> Outcome<std::path::PathBuf> {
    static PLACE: OnceLock<Result<std::path::PathBuf, String>> = OnceLock::new();
    PLACE.get_or_init(|| install_zig().map_err(|e| e.to_string())).clone().map_err(Into::into)
}
fn install_zig() -> Outcome<std::path::PathBuf> {
    let place = folder().join("python");
    let zig = place.join("ziglang/zig");
    if !zig.is_file() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
        output(pip.arg(&place).arg("ziglang==0.17.1"))?;
    }
    Ok(zig)
}

/// Runs a build that must give no warning.
pub fn without_warnings(cmd: &mut Command) -> Outcome {
    let out = cmd.output()?;
    let text = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        return Err(format!("does not compile\n{text}").into());
    }
    let warnings: Vec<&str> = text.lines().filter(|l| l.starts_with("warning")).collect();
    if warnings.is_empty() { Ok(()) } else { Err(format!("warnings\n{text}").into()) }
}
