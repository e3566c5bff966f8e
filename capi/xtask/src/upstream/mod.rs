//! `cargo xtask upstream`: the original libevent 2.1.12 test suite, unmodified, on our installed libraries.
//!
//! The sources come from the crates.io package libevent-sys, which cargo fetches and never compiles. `build` compiles a
//! copy of them beside our own small internal headers (c-tests/upstream), `variant` names the environments they run
//! in, `expected` holds what is known about single tests, `run` starts one process per test and gathers the results.
mod build;
mod expected;
mod run;
mod variant;

use crate::util::{Args, Outcome, say};
use build::Suite;
pub use build::{REGRESS, copy_all, hash_tree, original};
use expected::Expected;
use run::{Job, Kind, Report};
use std::path::PathBuf;
use variant::Variant;

const HELP: &str = "\
usage: cargo xtask upstream [OPTION...] [GROUP|TEST...]

Builds the original libevent test suite against our installed headers and libraries and runs it, one process per
test, in all its environment variants. Without names every group runs; the small programs are the group `program`.
  cargo xtask upstream --variant epoll evbuffer
  cargo xtask upstream --variant poll main/simpleread

  --variant V     only this variant (may be given several times; `--variant list` names them)
  --miniatures    the backends of other systems, over miniatures of their kernels, as many as the library has
                  (profile dev unless told); a variant of one of them means this too
  --profile NAME  build and install with this cargo profile: release (default), ci or dev
  --prefix DIR    test what is installed in DIR, and build nothing
  --jobs N        processes at once (default: 4 per core)
  --list          print the tests that would run
  --valgrind      run each test under valgrind memcheck; errors and lost memory fail it
  --libevent      the prefix holds plain libevent 2.1.12, not oxievent: checks the suite and this driver
  --folder NAME   build the suite in target/NAME; with $CC it may be for another system
  --runner WORDS  start its programs with these words before them
  --without LIST  leave out what needs openssl, zlib (a list with commas)
  --gdb TEST      build, then run one test in gdb without forking";

struct Options {
    names: Vec<String>,
    variants: Vec<Variant>,
    prefix: PathBuf,
    jobs: usize,
    list: bool,
    valgrind: bool,
    libevent: bool,
    miniatures: bool,
    elsewhere: Elsewhere,
    gdb: Option<String>,
}

/// What a suite for another system has and lacks.
#[derive(Default)]
struct Elsewhere {
    folder: Option<String>,
    runner: Vec<String>,
    without: Vec<String>,
}

fn parse(args: &[String]) -> Outcome<Option<Options>> {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(None) };
    let mut variants = Vec::new();
    while let Some(name) = args.value("--variant")? {
        if name == "list" {
            Variant::all().iter().chain(&Variant::foreign()).for_each(|v| println!("{}", v.name()));
            return Ok(None);
        }
        variants.push(Variant::named(&name)?);
    }
    let miniatures = args.flag("--miniatures") || variants.iter().any(Variant::is_foreign);
    if variants.is_empty() {
        variants = if miniatures { Variant::foreign() } else { Variant::all() };
    }
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let profile =
        args.value("--profile")?.unwrap_or_else(|| if miniatures { "dev" } else { "release" }.into());
    let (only_list, valgrind, libevent) =
        (args.flag("--list"), args.flag("--valgrind"), args.flag("--libevent"));
    let jobs = match args.value("--jobs")? {
        Some(n) => n.parse()?,
        None if valgrind => 2 * cores,
        None => 4 * cores,
    };
    let gdb = args.value("--gdb")?;
    let list = |text: Option<String>, by: char| -> Vec<String> {
        text.iter().flat_map(|t| t.split(by)).map(str::to_owned).collect()
    };
    let elsewhere = Elsewhere {
        folder: args.value("--folder")?,
        runner: list(args.value("--runner")?, ' '),
        without: list(args.value("--without")?, ','),
    };
    let prefix = args.value("--prefix")?;
    let names: Vec<String> = args.words()?.iter().map(|n| n.trim_end_matches('/').to_owned()).collect();
    let prefix = match prefix {
        Some(dir) => std::path::absolute(dir)?,
        None if miniatures => crate::install::with_miniatures(&profile)?,
        None => crate::install::private(&profile)?,
    };
    Ok(Some(Options {
        names,
        variants,
        prefix,
        jobs,
        list: only_list,
        valgrind,
        libevent,
        miniatures,
        elsewhere,
        gdb,
    }))
}

pub fn run(args: &[String]) -> Outcome {
    let Some(mut options) = parse(args)? else {
        return Ok(());
    };
    let folder = match (options.libevent, options.miniatures) {
        (true, _) => "upstream-libevent",
        (_, true) => "upstream-miniatures",
        _ => "upstream",
    };
    let suite = Suite::build(&options.prefix, folder, options.libevent, &options.elsewhere)?;
    if options.miniatures {
        let methods = suite.methods()?;
        options.variants.retain(|v| methods.contains(&v.method()));
        say(format!("the library has {}", methods.join(" ")));
    }
    if let Some(test) = &options.gdb {
        return suite.gdb(test);
    }
    let expected = Expected::load()?;
    let tests = suite.tests(&expected, options.libevent)?;
    let chosen: Vec<_> = tests
        .iter()
        .filter(|t| wanted(&t.name, t.off && !expected.is_on(&t.name), &options.names))
        // What is off in the suite is slow: under valgrind it runs only by its name.
        .filter(|t| {
            !options.valgrind || options.names.contains(&t.name) || (expected.memcheck(&t.name) && !t.off)
        })
        .collect();
    if chosen.is_empty() {
        return Err(format!("no test is named {:?}", options.names).into());
    }
    if options.list {
        chosen.iter().for_each(|t| println!("{}", t.name));
        return Ok(());
    }

    let mut jobs = Vec::new();
    for variant in &options.variants {
        for test in &chosen {
            let here = variant.runs(&test.kind) && (!test.off || expected.is_on_in(&test.name, *variant));
            if here || options.names.contains(&test.name) {
                jobs.push(Job {
                    variant: *variant,
                    name: test.name.clone(),
                    kind: test.kind.clone(),
                    off: test.off,
                });
            }
        }
    }
    say(format!(
        "{} tests in {} variant(s) on {}, {} at once",
        jobs.len(),
        options.variants.len(),
        options.prefix.display(),
        options.jobs
    ));
    let report = run::run_all(&suite, &expected, jobs, options.jobs, options.valgrind);
    print_report(&report)
}

/// Is this test meant by the names on the command line? Tests that are off by default must be named in full.
fn wanted(test: &str, off: bool, names: &[String]) -> bool {
    if off {
        return names.iter().any(|n| n == test);
    }
    names.is_empty()
        || names
            .iter()
            .any(|n| test == n || test.strip_prefix(n.as_str()).is_some_and(|rest| rest.starts_with('/')))
}

fn print_report(report: &Report) -> Outcome {
    println!("{:<34} {:>7} {:>7} {:>8} {:>9}", "variant", "passed", "failed", "skipped", "CPU time");
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for row in report.rows() {
        println!(
            "{:<34} {:>7} {:>7} {:>8} {:>8.1}s",
            row.variant.name(),
            row.passed,
            row.failed,
            row.skipped,
            row.seconds
        );
        passed += row.passed;
        failed += row.failed;
        skipped += row.skipped;
    }
    for test in report.rerun() {
        println!("passed when run again alone: {test}");
    }
    for test in report.failed() {
        println!("FAILED: {test}");
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 { Ok(()) } else { Err(format!("{failed} tests of the original suite failed").into()) }
}

/// A test of the suite.
struct Test {
    name: String,
    kind: Kind,
    off: bool,
}
