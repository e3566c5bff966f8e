//! `cargo xtask races`: threaded programs under valgrind's helgrind (races, lock order) and memcheck (memory).
use crate::install;
use crate::util::{Args, Outcome, cc, root, run as execute, say, target};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HELP: &str = "
cargo xtask races [--prefix DIR] [--profile NAME]

Runs c-tests/races/*.c, in which several threads use one base and its objects, on our libraries: plainly some times, under
helgrind and under memcheck. Either tool's complaint is an error.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

const PLAIN_RUNS: usize = 20;

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    args.end()?;
    let prefix = std::path::absolute(prefix.map_or_else(|| install::private(&profile), Ok)?)?;
    let folder = root().join("c-tests/races");
    let mut names: Vec<String> = std::fs::read_dir(&folder)?
        .filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".c")?.to_owned()))
        .collect();
    names.sort();
    let (mut passed, mut failed) = (0, 0);
    for name in &names {
        let program = compile(name, &folder, &prefix)?;
        let plain = (0..PLAIN_RUNS).map(|_| ("plain", vec![]));
        let tools = [
            ("helgrind", vec!["--tool=helgrind", "--error-limit=no"]),
            ("memcheck", vec!["--leak-check=full", "--errors-for-leak-kinds=definite"]),
        ];
        for (what, tool) in plain.chain(tools) {
            match once(&program, &prefix, &tool) {
                Ok(()) => passed += 1,
                Err(e) => {
                    failed += 1;
                    say(format!("races {name} {what}: {e}"));
                }
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err("threads get in each other's way".into()) }
}

fn compile(name: &str, folder: &Path, prefix: &Path) -> Outcome<PathBuf> {
    let program = target().join("races").join(name);
    std::fs::create_dir_all(program.parent().unwrap_or(&program))?;
    let lib = prefix.join("lib");
    let mut cmd = Command::new(cc());
    cmd.args(["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
    cmd.arg("-I").arg(prefix.join("include")).arg(folder.join(name).with_extension("c")).arg("-L").arg(&lib);
    cmd.args(["-levent", "-levent_pthreads", "-lpthread"]);
    execute(cmd.arg(format!("-Wl,-rpath-link,{}", lib.display())))?;
    Ok(program)
}

fn once(program: &Path, prefix: &Path, tool: &[&str]) -> Outcome {
    let mut cmd = Command::new("timeout");
    cmd.args(["-k", "5", "120"]);
    if !tool.is_empty() {
        cmd.args(["valgrind", "-q", "--error-exitcode=99", "--num-callers=30"]).args(tool);
    }
    let out = cmd.arg(program).env("LD_LIBRARY_PATH", prefix.join("lib")).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    let reports: Vec<&str> =
        said.split("------------------------------------------\n").filter(|r| is_fault(r)).collect();
    match out.status.code() {
        Some(0) => Ok(()),
        Some(99) if !said.is_empty() && reports.is_empty() => Ok(()),
        _ => {
            let all = [&*said];
            let reports = if reports.is_empty() { &all[..] } else { &reports };
            let lines: Vec<&str> = reports.iter().flat_map(|r| r.lines()).take(120).collect();
            Err(format!("{}\n{}", out.status, lines.join("\n")).into())
        }
    }
}

/// Helgrind takes the loads and stores of atomics for plain ones: a pair of them is no race. Anything else is a fault.
fn is_fault(report: &str) -> bool {
    // What follows a report introduces the threads of the next one.
    let report = report.split("---Thread-Announcement").next().unwrap_or_default();
    let Some((_, race)) = report.split_once("Possible data race") else {
        return !report.contains(" was created") && report.chars().any(char::is_alphabetic);
    };
    // The stack of this access, then of the other one, if helgrind still knows it.
    let (this, rest) = race.split_once("This conflicts with").unwrap_or((race, ""));
    let other = rest.split("Address 0x").next().unwrap_or_default();
    let atomic = |stack: &str| {
        let first = stack.lines().find(|l| l.contains("   at 0x"));
        first.is_none_or(|l| l.contains("/sync/atomic.rs:"))
    };
    !(atomic(this) && atomic(other))
}
