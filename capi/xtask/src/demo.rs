//! `cargo xtask demo`: the library at work, from nothing.
use crate::util::{Args, Outcome, say};
use crate::{clients, deps, examples, install};
use std::path::Path;

const HELP: &str = "
cargo xtask demo [--profile NAME]

Installs the packages it needs (as root; otherwise says which), builds the libraries and installs them into target/, compiles
an example through pkg-config and runs it, then runs Debian's own memcached, tmux, webdis, Tor and Transmission on our
libraries. Each does work whose result is checked. Prints one row per program.

  --profile NAME   cargo profile: release (default) or dev";

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    args.end()?;
    say("1/4 packages");
    deps::ensure_demo()?;
    say("2/4 build and install");
    let prefix = install::private(&profile)?;
    say("3/4 an example, compiled through pkg-config");
    let example = examples::run_one(&prefix, "echo-server")?;
    let mapped: Vec<String> = example.mapped.iter().map(|f| f.display().to_string()).collect();
    let mut rows = vec![Row::new("examples/echo-server.c", &prefix, &mapped, &example.work, "PASS")];
    say("4/4 Debian's memcached, tmux, webdis, Tor and Transmission, unmodified");
    for name in ["memcached", "tmux", "webdis", "tor", "transmission"] {
        say(name);
        let run = clients::run_one(&prefix, name)?;
        if !run.passed {
            eprint!("{}", run.said);
        }
        let (result, work) = run.verdict.split_once(' ').unwrap_or((&run.verdict, ""));
        rows.push(Row::new(name, &prefix, &run.mapped, work, result));
    }
    println!("\nlibraries in {}", prefix.join("lib").display());
    println!("{:<24}{:<52}{:<8}WORK", "PROGRAM", "LIBRARY MAPPED", "RESULT");
    for row in &rows {
        println!("{:<24}{:<52}{:<8}{}", row.program, row.library, row.result, row.work);
    }
    match rows.iter().find(|r| r.result != "PASS") {
        None => Ok(()),
        Some(row) => Err(format!("{} did not pass", row.program).into()),
    }
}

struct Row {
    program: String,
    library: String,
    work: String,
    result: String,
}

impl Row {
    fn new(program: &str, prefix: &Path, mapped: &[String], work: &str, result: &str) -> Row {
        let ours =
            mapped.iter().map(|m| m.strip_prefix(&format!("{}/", prefix.join("lib").display())).unwrap_or(m));
        Row {
            program: program.into(),
            library: ours.collect::<Vec<_>>().join(" "),
            work: work.into(),
            result: result.into(),
        }
    }
}
