//! The original's test suite, compiled with mingw on our headers and libraries, under Wine.
//!
//! c-tests/windows/expected.txt says what is known to fail; WINE.md there gives the proofs. With `original` the same suite
//! runs on the original library, compiled with mingw as well.
use super::{STATIC, original, tool};
use crate::platforms::{Report, wine};
use crate::upstream::{REGRESS, copy_all, hash_tree};
use crate::util::{Args, Outcome, output, read, root, say, target};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const HELP: &str = "
cargo xtask windows [--original] [--profile NAME] [--jobs N] [GROUP|TEST...]
cargo xtask windows --programs [--profile NAME]

Builds for Windows and runs the original's suite (without names: all of it) or our own C programs under Wine.

  --original       on the original library instead of ours: what fails there, too, is Wine's or the suite's
  --profile NAME   cargo profile: dev (default) or release
  --jobs N         processes at once (default: 2 per core)
  --programs       the programs of c-tests/windows";

/// What does not exist on Windows: no OpenSSL and no zlib for mingw among Debian's packages.
const NOT_HERE: &[&str] = &["regress_ssl", "regress_zlib"];
const MORE: &[&str] = &["regress_iocp"];
const PROGRAMS: &[&str] =
    &["test-init", "test-eof", "test-weof", "test-time", "test-changelist", "test-ratelim"];
/// Seconds for one test; the suite itself gives up after 30.
const LIMIT: &str = "60";

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let (on_original, own) = (args.flag("--original"), args.flag("--programs"));
    let profile = args.value("--profile")?.unwrap_or_else(|| "dev".into());
    let jobs = args.value("--jobs")?.map(|n| n.parse()).transpose()?;
    let names = args.words()?;
    super::ensure()?;
    let _wine = wine::Session;
    let mut report = Report::new();
    let prefix = super::private(&profile)?;
    if own {
        super::programs(&prefix, &mut report)?;
    } else {
        suite(&prefix, on_original, &names, jobs, &mut report)?;
    }
    report.verdict()
}

/// What is known of a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    /// Fails under Wine whatever the library is.
    Fail,
    /// Passes or fails there.
    Either,
    /// Skips itself, or is off in the suite.
    Skip,
    /// Passes on ours, and fails or not on the original.
    Original,
}

fn expected() -> Outcome<(BTreeMap<String, usize>, BTreeMap<String, Known>)> {
    let file = root().join("c-tests/windows/expected.txt");
    let (mut groups, mut tests) = (BTreeMap::new(), BTreeMap::new());
    for line in read(&file)?.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["group", name, count] => {
                groups.insert((*name).to_owned(), count.parse()?);
            }
            ["fail", test] => {
                tests.insert((*test).to_owned(), Known::Fail);
            }
            ["either", test] => {
                tests.insert((*test).to_owned(), Known::Either);
            }
            ["original", test] => {
                tests.insert((*test).to_owned(), Known::Original);
            }
            ["skip", test] => {
                tests.insert((*test).to_owned(), Known::Skip);
            }
            _ => return Err(format!("{}: cannot read {line:?}", file.display()).into()),
        }
    }
    Ok((groups, tests))
}

#[derive(PartialEq, Eq)]
enum Ended {
    Passed,
    Skipped,
    Failed(String),
}

/// Runs the tests of the names (none: all) and judges them.
pub fn suite(
    prefix: &Path,
    on_original: bool,
    names: &[String],
    jobs: Option<usize>,
    report: &mut Report,
) -> Outcome {
    let folder = build(prefix, on_original)?;
    let (groups, known) = expected()?;
    let regress = folder.join("regress.exe");
    let list = output(Command::new(wine::runner()?).arg(&regress).arg("--list-tests"))?;
    let mut tests: Vec<Vec<String>> = Vec::new();
    for line in list.lines().filter(|l| l.starts_with("    ") && !l.contains("Off by default")) {
        let name = line.split_whitespace().next().unwrap_or_default().to_owned();
        tests.push(vec![name]);
    }
    for (group, want) in &groups {
        let have = tests.iter().filter(|t| t[0].split('/').next() == Some(group)).count();
        if have != *want {
            return Err(format!("group {group} has {have} tests, expected.txt says {want}").into());
        }
    }
    tests.extend(PROGRAMS.iter().map(|p| vec![format!("program/{p}")]));
    let meant = |test: &str| {
        names.is_empty()
            || names.iter().any(|n| {
                let n = n.trim_end_matches('/');
                test == n || test.strip_prefix(n).is_some_and(|rest| rest.starts_with('/'))
            })
    };
    tests.retain(|t| meant(&t[0]));
    if tests.is_empty() {
        return Err(format!("no test is named {names:?}").into());
    }
    let at_once = jobs.unwrap_or_else(|| 2 * std::thread::available_parallelism().map_or(2, usize::from));
    let library = if on_original { "the original" } else { "ours" };
    say(format!("{} tests of the original suite under Wine on {library}, {at_once} at once", tests.len()));
    let results = run_all(&folder, &tests, at_once)?;

    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let mut expected_to_fail = 0;
    for (test, first) in tests.iter().zip(results) {
        let name = &test[0];
        let known = match known.get(name).copied() {
            Some(Known::Original) => on_original.then_some(Known::Either),
            other => other,
        };
        let good = |ended: &Ended| {
            matches!(
                (ended, known),
                (Ended::Passed, None | Some(Known::Either))
                    | (Ended::Skipped, Some(Known::Skip | Known::Either))
                    | (Ended::Failed(_), Some(Known::Fail | Known::Either))
            )
        };
        // Wine on a busy machine is slow: a failure is tried again alone.
        let mut ended = first;
        for _ in 0..2 {
            if !good(&ended) && !on_original {
                ended = run_one(&folder, name)?;
            }
        }
        match (&ended, good(&ended)) {
            (Ended::Failed(_), true) => expected_to_fail += 1,
            (Ended::Skipped, true) => skipped += 1,
            (_, true) => passed += 1,
            (Ended::Failed(why), false) => {
                failed += 1;
                say(format!("FAILED: {name}: {why}"));
            }
            (Ended::Passed, false) => {
                failed += 1;
                say(format!("FAILED: {name} passes, but expected.txt says {known:?}"));
            }
            (Ended::Skipped, false) => {
                failed += 1;
                say(format!("FAILED: {name} skips itself"));
            }
        }
    }
    say(format!(
        "{passed} passed, {failed} failed, {skipped} skipped, {expected_to_fail} known to fail under Wine"
    ));
    report.count(
        &format!("original suite ({skipped} skipped, {expected_to_fail} known to fail under Wine)"),
        passed,
        failed,
    );
    Ok(())
}

fn run_all(folder: &Path, tests: &[Vec<String>], at_once: usize) -> Outcome<Vec<Ended>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(tests.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(test) = tests.get(at) else { break };
                    let ended = run_one(folder, &test[0]).unwrap_or_else(|e| Ended::Failed(e.to_string()));
                    if let Ok(mut all) = results.lock() {
                        all.insert(at, ended);
                        if all.len() % 50 == 0 {
                            say(format!("{} tests done, {} s", all.len(), begun.elapsed().as_secs()));
                        }
                    }
                }
            });
        }
    });
    Ok(results.into_inner()?.into_values().collect())
}

fn run_one(folder: &Path, name: &str) -> Outcome<Ended> {
    let mut cmd = Command::new(wine::runner()?);
    cmd.env(wine::LIMIT, LIMIT);
    match name.strip_prefix("program/") {
        // Small figures: the machine is busy and Wine is slow.
        Some("test-ratelim") => {
            let words = "-c 1000 -n 10 -t 20 --check-connlimit 100 --check-stddev 100".split(' ');
            cmd.arg(folder.join("test-ratelim.exe")).args(words);
        }
        Some(program) => {
            cmd.arg(folder.join(format!("{program}.exe")));
        }
        None => {
            cmd.arg(folder.join("regress.exe")).args(["--no-fork", name]);
        }
    }
    let out = cmd.current_dir(folder).stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        let tail: Vec<&str> = text.lines().rev().take(25).collect();
        let tail: String = tail.into_iter().rev().map(|l| format!("\n    {}", l.trim_end())).collect();
        return Ok(Ended::Failed(format!("{}{tail}", out.status)));
    }
    Ok(if text.contains("SKIPPED") || text.contains("DISABLED") { Ended::Skipped } else { Ended::Passed })
}

/// Compiles and links; returns the folder with the programs and DLLs.
fn build(prefix: &Path, on_original: bool) -> Outcome<PathBuf> {
    let folder = target().join(if on_original { "windows/suite-original" } else { "windows/suite" });
    let source = crate::upstream::original()?;
    let (top, test) = (folder.join("src"), folder.join("src/test"));
    copy_all(&source.join("test"), &test, |n| n.ends_with(".c") || n.ends_with(".h") || n.ends_with(".rpc"))?;
    let mut generate = Command::new("python3");
    generate.arg(root().join("capi/rpcgen/event_rpcgen.py")).args(["--quiet", "regress.rpc"]);
    output(generate.current_dir(&test))?;

    let mut flags: Vec<String> = ["-O1", "-g", "-w", "-c"].map(str::to_owned).to_vec();
    let libraries: Vec<String>;
    if on_original {
        let original = original::build()?;
        // The tests include "../util-internal.h": the original's folder stands above the copy.
        copy_all(&source, &top, |n| n.ends_with(".h"))?;
        flags.extend(original.include.iter().map(|i| format!("-I{}", i.display())));
        libraries = vec![original.archive.display().to_string()];
    } else {
        copy_all(&root().join("c-tests/upstream/include"), &top, |n| n.ends_with(".h"))?;
        // sys/queue.h, which mingw has not.
        copy_all(&source.join("compat/sys"), &top.join("compat/sys"), |n| n == "queue.h")?;
        flags.extend(
            [prefix.join("include"), top.clone(), top.join("compat")].map(|i| format!("-I{}", i.display())),
        );
        libraries = vec![format!("-L{}", prefix.join("lib").display()), "-levent".into()];
        for entry in std::fs::read_dir(prefix.join("bin"))? {
            let path = entry?.path();
            if let (Some(name), true) = (path.file_name(), path.extension().is_some_and(|e| e == "dll")) {
                std::fs::copy(&path, folder.join(name))?;
            }
        }
    }
    flags.push(format!("-I{}", test.display()));

    let files: Vec<&str> =
        REGRESS.iter().copied().filter(|f| !NOT_HERE.contains(f)).chain(MORE.iter().copied()).collect();
    let all: Vec<&str> = files.iter().copied().chain(PROGRAMS.iter().copied()).collect();
    let mut state = DefaultHasher::new();
    (&flags, &all).hash(&mut state);
    for dir in [&prefix.join("include"), &top] {
        hash_tree(dir, &mut state);
    }
    let (stamp, objects) = (format!("{:x}", state.finish()), folder.join("obj"));
    if std::fs::read_to_string(objects.join("stamp")).ok().as_deref() != Some(&stamp) {
        say(format!("compiling {} files of the original suite for Windows", all.len()));
        std::fs::create_dir_all(&objects)?;
        compile(&all, &flags, &test, &objects)?;
        std::fs::write(objects.join("stamp"), stamp)?;
    }
    link("regress", &files, &objects, &libraries, &folder)?;
    for program in PROGRAMS {
        link(program, &[program], &objects, &libraries, &folder)?;
    }
    Ok(folder)
}

fn compile(names: &[&str], flags: &[String], from: &Path, to: &Path) -> Outcome {
    let next = AtomicUsize::new(0);
    let errors = Mutex::new(String::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut cc = tool("gcc");
                    cc.args(flags).arg(from.join(format!("{name}.c")));
                    if let (Err(e), Ok(mut all)) =
                        (output(cc.arg("-o").arg(to.join(format!("{name}.o")))), errors.lock())
                    {
                        *all += &format!("{e}\n");
                    }
                }
            });
        }
    });
    let errors = errors.into_inner()?;
    if errors.is_empty() { Ok(()) } else { Err(format!("the suite does not compile\n{errors}").into()) }
}

fn link(name: &str, files: &[&str], objects: &Path, libraries: &[String], folder: &Path) -> Outcome {
    let mut cc = tool("gcc");
    cc.arg("-o")
        .arg(folder.join(format!("{name}.exe")))
        .args(files.iter().map(|f| objects.join(format!("{f}.o"))));
    cc.args(libraries).args(STATIC.split_whitespace()).args([
        "-liphlpapi",
        "-lshell32",
        "-ladvapi32",
        "-lbcrypt",
    ]);
    output(cc.arg("-static-libgcc")).map(drop)
}
