//! `cargo xtask clients`: unmodified Debian programs do checked work on our libraries.
use crate::util::{Args, Outcome, root, say};
use crate::{deps, install};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HELP: &str = "
cargo xtask clients [NAME..] [--prefix DIR] [--profile NAME]

Runs c-tests/clients/NAME.sh (all of them if none is named) with the libraries in front of Debian's. Each asserts which
library the program maps, and checks the result of its work.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    let names = args.words()?;
    let prefix = match prefix {
        Some(prefix) => prefix,
        None => {
            deps::ensure()?;
            install::private(&profile)?
        }
    };
    check(&prefix, &names)
}

/// Runs the named clients (all if there are none) on an installation; one that fails or is not installed is an error.
pub fn check(prefix: &Path, names: &[String]) -> Outcome {
    let all = names_of_all()?;
    let names = if names.is_empty() { &all } else { names };
    let mut failed = Vec::new();
    for name in names {
        say(format!("running {name}"));
        let run = run_one(prefix, name)?;
        println!("{name}: {}", run.verdict);
        if !run.passed {
            eprint!("{}", run.said);
            failed.push(name.as_str());
        }
    }
    println!("{} passed, {} failed", names.len() - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(" ")).into()) }
}

fn folder() -> PathBuf {
    root().join("c-tests/clients")
}

fn names_of_all() -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder())? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        names.extend(file.strip_suffix(".sh").filter(|n| *n != "lib").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// How one client's run ended.
pub struct ClientRun {
    pub passed: bool,
    /// `PASS figures`, `FAIL reason` or `SKIP what`.
    pub verdict: String,
    /// The files of ours that were mapped.
    pub mapped: Vec<String>,
    /// All output, for a failure.
    pub said: String,
}

/// Runs one client on the libraries below `prefix`.
pub fn run_one(prefix: &Path, name: &str) -> Outcome<ClientRun> {
    let script = folder().join(format!("{name}.sh"));
    if !script.is_file() {
        return Err(format!("there is no client {name} (have: {})", names_of_all()?.join(" ")).into());
    }
    let mut cmd = Command::new("bash");
    let out = cmd.arg(&script).arg(prefix.join("lib")).stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let after = |word: &str| {
        let head = format!("{name}: {word}");
        text.lines().filter_map(|l| l.strip_prefix(&head)).map(str::to_owned).next_back()
    };
    let mapped = after("MAPPED ").unwrap_or_default().split(' ').map(str::to_owned).collect();
    let verdict = after("").unwrap_or_else(|| "FAIL no verdict".into());
    let said = text + &String::from_utf8_lossy(&out.stderr);
    Ok(ClientRun { passed: out.status.success(), verdict, mapped, said })
}
