//! `cargo xtask platforms`: every system besides this machine's own, each by the strongest means that there is here.
//!
//! [`ALL`] is the list: a platform, what it needs, and the function that does the work and tells a [`Report`] about it.
//! `cross` has the second toolchain, with which cargo builds std for any target.
mod check;
pub mod cross;
mod link;
mod linux;
mod report;
mod windows;
pub mod wine;

use crate::util::{Args, Outcome, say};
use crate::{deps, util};
pub use report::Report;
use std::time::Instant;

const HELP: &str = "
cargo xtask platforms [NAME...]

Builds, checks and runs the libraries for other systems; without names, for all of them. Installs the packages that it
needs. Everything that it makes is below target/platforms.

  --list   print the platforms and what is done for each";

/// What is done for a platform.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Programs for it run here.
    Run,
    /// Programs for it are linked.
    Link,
    /// The code is compiled as far as types go.
    Check,
}

pub struct Platform {
    pub name: &'static str,
    pub means: Means,
    pub about: &'static str,
    /// Debian packages, all of them in [`deps::PLATFORMS`].
    pub packages: &'static [&'static str],
    /// An error is a failure of the platform, like a failed test of the report.
    pub work: fn(&mut Report) -> Outcome,
}

/// All platforms. Those of one file stand together; `NAME` on the command line also takes the part before a dash.
const ALL: &[&[Platform]] = &[linux::ALL, link::ALL, check::ALL, wine::ALL, windows::ALL];

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let list = args.flag("--list");
    let names = args.words()?;
    let all = || ALL.iter().copied().flatten();
    if list {
        for p in all() {
            println!("{:<22} {:<11} {}", p.name, p.means.text(), p.about);
        }
        return Ok(());
    }
    let meant = |p: &Platform, name: &str| {
        p.name == name || p.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
    };
    if let Some(unknown) = names.iter().find(|n| !all().any(|p| meant(p, n))) {
        return Err(format!("no platform {unknown:?}; --list names them").into());
    }
    let chosen: Vec<&Platform> =
        all().filter(|p| names.is_empty() || names.iter().any(|n| meant(p, n))).collect();

    let mut rows = Vec::new();
    for (at, platform) in chosen.iter().enumerate() {
        say(format!("platform {} of {}: {}: {}", at + 1, chosen.len(), platform.name, platform.about));
        let begun = Instant::now();
        let mut report = Report::new();
        match deps::ensure_for(platform.packages) {
            // What cannot be installed here leaves the platform out; anything else that goes wrong is a failure.
            Err(e) => report.skip("everything", &e.to_string()),
            Ok(()) => {
                if let Err(e) = (platform.work)(&mut report) {
                    say(format!("{}: {e}", platform.name));
                    report.fail();
                }
            }
        }
        say(format!("{}: {}", platform.name, report.sum()));
        rows.push((*platform, report, begun.elapsed().as_secs_f64()));
    }
    table(&rows)
}

fn table(rows: &[(&Platform, Report, f64)]) -> Outcome {
    println!(
        "\n{:<22} {:<11} {:>6} {:>6} {:>6} {:>8}  what",
        "platform", "means", "passed", "failed", "skipped", "time"
    );
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (platform, report, seconds) in rows {
        println!(
            "{:<22} {:<11} {:>6} {:>6} {:>6} {seconds:>7.1}s  {}",
            platform.name,
            platform.means.text(),
            report.passed,
            report.failed,
            report.skipped.len(),
            report.what()
        );
        for (what, why) in &report.skipped {
            println!("{:<22} skipped: {what}: {why}", "");
        }
        passed += report.passed;
        failed += report.failed;
        skipped += report.skipped.len();
    }
    println!("{passed} passed, {failed} failed, {skipped} left out");
    let bad: Vec<_> = rows.iter().filter(|r| r.1.failed > 0).map(|r| r.0.name).collect();
    if bad.is_empty() { Ok(()) } else { Err(format!("failed: {}", bad.join(", ")).into()) }
}

impl Means {
    fn text(self) -> &'static str {
        match self {
            Means::Run => "run",
            Means::Link => "link",
            Means::Check => "type check",
        }
    }
}

/// The folder for all that is made here.
pub fn folder() -> std::path::PathBuf {
    util::target().join("platforms")
}
