//! `cargo xtask tls`: c-tests/tls on the installed libraries.
use crate::install;
use crate::util::{self, Args, Outcome, cc, root, target};
use std::path::{Path, PathBuf};
use std::process::Command;

const HELP: &str = "
cargo xtask tls [--prefix DIR] [--profile NAME] [--valgrind] [TEST...]

Tests of the TLS bufferevents: every kind of link, truncated and malicious peers, freeing at every moment. With names
only those run, in one process.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev
  --valgrind       those that are quick enough for it (or the named ones) under memcheck";

/// Neither long nor about time.
const MEMCHECK: &[&str] =
    &["functions", "record_in_parts", "data_and_close", "bad_records", "kept_session", "batch", "no_memory"];

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    let valgrind = args.flag("--valgrind");
    let names = args.words()?;
    let prefix = prefix.map_or_else(|| install::private(&profile), Ok)?;
    let program = compile(&std::path::absolute(&prefix)?)?;
    let mut cmd = if valgrind {
        let mut v = Command::new("valgrind");
        v.args(["-q", "--error-exitcode=3", "--leak-check=full", "--errors-for-leak-kinds=definite"]);
        v.arg(&program).env("TLS_SLOW", "40");
        v
    } else {
        Command::new(&program)
    };
    if valgrind && names.is_empty() {
        cmd.args(MEMCHECK);
    }
    util::run(cmd.args(&names).env("LD_LIBRARY_PATH", prefix.join("lib")))?;
    if valgrind {
        println!("{} passed, 0 failed", if names.is_empty() { MEMCHECK.len() } else { names.len() });
    }
    Ok(())
}

fn compile(prefix: &Path) -> Outcome<PathBuf> {
    let source = root().join("c-tests/tls");
    let folder = target().join("tls");
    std::fs::create_dir_all(&folder)?;
    let program = folder.join("tls");
    let mut cmd = Command::new(cc());
    cmd.args(["-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I"]).arg(prefix.join("include"));
    cmd.arg("-o").arg(&program).args([source.join("tls.c"), source.join("common.c")]);
    cmd.arg("-L").arg(prefix.join("lib"));
    cmd.args(["-levent_openssl", "-levent_pthreads", "-levent_core", "-lssl", "-lcrypto", "-lpthread"]);
    util::run(&mut cmd)?;
    Ok(program)
}
