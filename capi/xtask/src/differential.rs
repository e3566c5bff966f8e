//! `cargo xtask differential`: the same C programs on the original library and on ours, with equal output.
use crate::install;
use crate::util::{Args, Outcome, cc, output, read, root, run as run_command, say, target};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HELP: &str = "
cargo xtask differential [--prefix DIR] [--original DIR] [--profile NAME] [PROGRAM...]

Compiles the programs of c-tests/differential once and runs each against the original libevent 2.1.12 and against ours,
on every backend. Their output must be the same, but for the lines in better.txt and those where the original crashes.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --original DIR   the folder with the original's libevent-2.1.so.7; otherwise the system's
  --profile NAME   cargo profile for that build: release (default) or dev";

/// A name and environment variables that choose a backend.
type Variant = (&'static str, &'static [(&'static str, &'static str)]);
const VARIANTS: &[Variant] = &[
    ("epoll", &[]),
    ("poll", &[("EVENT_NOEPOLL", "1")]),
    ("select", &[("EVENT_NOEPOLL", "1"), ("EVENT_NOPOLL", "1")]),
    ("changelist", &[("EVENT_EPOLL_USE_CHANGELIST", "1")]),
    ("precise timer", &[("EVENT_PRECISE_TIMER", "1")]),
];
/// Programs without a loop: one variant is enough.
const NO_LOOP: &[&str] = &["macros", "null", "null_dns", "null_http", "util"];
/// Some programs wait for timers: on a busy machine one may be late.
const TRIES: usize = 3;

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    let original = args.value("--original")?.map_or_else(system_folder, |d| Ok(PathBuf::from(d)))?;
    let names = args.words()?;
    let prefix = prefix.map_or_else(|| install::private(&profile), Ok)?;
    compare(&std::path::absolute(prefix)?, &original, &names)
}

/// Where Debian keeps libevent-2.1.so.7.
fn system_folder() -> Outcome<PathBuf> {
    let triple = output(Command::new(cc()).arg("-print-multiarch"))?;
    let folder = Path::new("/usr/lib").join(triple.trim());
    let file = folder.join("libevent-2.1.so.7");
    if file.exists() {
        Ok(folder)
    } else {
        Err(format!("{} is missing (try `cargo xtask deps`)", file.display()).into())
    }
}

fn compare(prefix: &Path, original: &Path, only: &[String]) -> Outcome {
    let folder = root().join("c-tests/differential");
    let mut programs: Vec<String> = std::fs::read_dir(&folder)?
        .filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".c")?.to_owned()))
        .filter(|n| only.is_empty() || only.contains(n))
        .collect();
    programs.sort();
    let better = Better::read(&folder.join("better.txt"))?;
    let (mut passed, mut failed) = (0, 0);
    for name in &programs {
        let program = build(name, &folder, prefix)?;
        let variants = if NO_LOOP.contains(&name.as_str()) { &VARIANTS[..1] } else { VARIANTS };
        for variant in variants {
            let mut result = Ok(());
            for _ in 0..TRIES {
                result = one(name, &program, variant, prefix, original, &better);
                if result.is_ok() {
                    break;
                }
            }
            match result {
                Ok(()) => passed += 1,
                Err(e) => {
                    failed += 1;
                    say(format!("{name} ({}): {e}", variant.0));
                }
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err("our library behaves differently from the original".into()) }
}

fn build(name: &str, folder: &Path, prefix: &Path) -> Outcome<PathBuf> {
    let out = target().join("differential").join(name);
    std::fs::create_dir_all(out.parent().unwrap_or(&out))?;
    let mut cmd = Command::new(cc());
    cmd.args([
        "-std=gnu11",
        "-g",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-format",
        "-Wno-format-security",
        "-Wno-nonnull",
    ]);
    cmd.arg("-I").arg(prefix.join("include")).arg(folder.join(name).with_extension("c")).arg("-o").arg(&out);
    cmd.arg("-L").arg(prefix.join("lib")).args(["-levent", "-levent_pthreads", "-lpthread"]);
    cmd.arg(format!("-Wl,-rpath-link,{}", prefix.join("lib").display()));
    run_command(&mut cmd)?;
    Ok(out)
}

fn one(
    name: &str,
    program: &Path,
    variant: &Variant,
    prefix: &Path,
    original: &Path,
    better: &Better,
) -> Outcome {
    let (theirs, ours) =
        (execute(program, variant, original)?, execute(program, variant, &prefix.join("lib"))?);
    let theirs: Vec<&str> = theirs.lines().map(|l| better.expected(name, l)).collect();
    let ours: Vec<&str> = ours.lines().collect();
    let differs = (0..theirs.len().max(ours.len())).filter(|&i| {
        let (t, o) = (theirs.get(i), ours.get(i));
        t != o && !t.is_some_and(|t| t.ends_with(": crashed"))
    });
    let differs: Vec<usize> = differs.collect();
    let Some(&first) = differs.first() else { return Ok(()) };
    let mut text = format!("{} of {} lines differ, the first is {}", differs.len(), theirs.len(), first + 1);
    for i in first.saturating_sub(4)..first {
        text += &format!("\n      {}", theirs.get(i).unwrap_or(&""));
    }
    let shown = if theirs.len() == ours.len() { &differs[..differs.len().min(12)] } else { &differs[..1] };
    for &i in shown {
        text += &format!(
            "\n    - {}\n    + {}",
            theirs.get(i).unwrap_or(&"(end)"),
            ours.get(i).unwrap_or(&"(end)")
        );
    }
    Err(text.into())
}

/// What the program prints with the libraries of a folder, and how it ends.
fn execute(program: &Path, variant: &Variant, libraries: &Path) -> Outcome<String> {
    let command = || {
        let mut cmd = Command::new(program);
        cmd.env("LD_LIBRARY_PATH", libraries).envs(variant.1.iter().copied()).stdin(Stdio::null());
        for other in ["EVENT_NOEPOLL", "EVENT_NOPOLL", "EVENT_EPOLL_USE_CHANGELIST", "EVENT_PRECISE_TIMER"] {
            if !variant.1.iter().any(|(n, _)| *n == other) {
                cmd.env_remove(other);
            }
        }
        cmd
    };
    let loaded = output(command().env("LD_TRACE_LOADED_OBJECTS", "1"))?;
    let folder = libraries.display().to_string();
    if !loaded.lines().any(|l| l.contains("libevent-2.1.so.7 => ") && l.contains(&folder)) {
        return Err(format!("the loader does not take libevent from {folder}:\n{loaded}").into());
    }
    let out = command().output()?;
    let mut text = String::from_utf8_lossy(&out.stdout).into_owned();
    text += &format!("ends with {}\n", out.status);
    Ok(text)
}

/// Lines that are meant to differ.
struct Better(Vec<[String; 3]>);
impl Better {
    fn read(path: &Path) -> Outcome<Better> {
        let text = read(path)?;
        let lines = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
        let entries = lines.map(|l| {
            let mut parts = l.split(" | ").map(str::to_owned);
            match (parts.next(), parts.next(), parts.next(), parts.next()) {
                (Some(program), Some(theirs), Some(ours), Some(_why)) => Ok([program, theirs, ours]),
                _ => Err(format!("{}: not program | original | ours | why: {l}", path.display()).into()),
            }
        });
        Ok(Better(entries.collect::<Outcome<_>>()?))
    }
    fn expected<'a>(&'a self, program: &str, line: &'a str) -> &'a str {
        let entry = self.0.iter().find(|[p, theirs, _]| p == program && theirs == line.trim_start());
        entry.map_or(line, |[_, _, ours]| ours)
    }
}
