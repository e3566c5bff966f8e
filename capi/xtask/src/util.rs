//! What the commands share: paths, running programs, progress.
use std::path::{Path, PathBuf};
use std::process::Command;

pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The project's top folder.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}
/// cargo's target folder.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
/// A progress line.
pub fn say(text: impl AsRef<str>) {
    eprintln!("xtask: {}", text.as_ref());
}
/// Runs a command to its end; an error says which command failed and how.
pub fn run(cmd: &mut Command) -> Outcome {
    let status = cmd.status().map_err(|e| format!("cannot start {cmd:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{cmd:?} ended with {status}").into()) }
}
