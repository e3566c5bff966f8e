//! `cargo xtask fuzz`: the fuzz targets of tests/fuzz, under libFuzzer, with coverage, on stable Rust.
use crate::install;
use crate::util::{self, Args, Outcome, cargo, output, root, say, target};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const HELP: &str = "
cargo xtask fuzz [TARGET...] [--seconds N] [--long] [--jobs N] [--asan] [--prefix DIR]
cargo xtask fuzz TARGET FILE...
cargo xtask fuzz --minimize [TARGET...]

Builds the targets (all if none is named) and runs each on its corpus (tests/fuzz/corpus/TARGET) and on what libFuzzer
makes of it. What it finds is kept in target/fuzz/corpus and used again; an input that fails is kept in
target/fuzz/failed. With FILEs, only these are run.

  --seconds N    how long each target runs; default 4
  --long         600 seconds each, at low priority
  --jobs N       targets at once; default: one per core
  --asan         with AddressSanitizer; needs a nightly toolchain (C targets always have it)
  --prefix DIR   the libraries that C targets (tests/fuzz/c) use; otherwise they are built and installed into target/
  --profile NAME cargo profile for that build: release (default) or dev
  --list         print the targets
  --minimize     replace the committed corpus by the smallest set of inputs, old and found, that reaches the same code";

/// What cargo-fuzz sets too: the counters and comparisons that libFuzzer watches.
const COVERAGE: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

struct Options {
    seconds: u32,
    long: bool,
    jobs: usize,
}

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let (list, long, asan) = (args.flag("--list"), args.flag("--long"), args.flag("--asan"));
    let minimize = args.flag("--minimize");
    let seconds = args.value("--seconds")?.map(|n| n.parse()).transpose()?;
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let prefix = args.value("--prefix")?.map(std::path::absolute).transpose()?;
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let jobs = args.value("--jobs")?.map_or(Ok(cores), |n| n.parse())?;
    let words = args.words()?;
    let all = targets()?;
    if list {
        all.iter().for_each(|name| println!("{name}"));
        return Ok(());
    }
    let options = Options { seconds: seconds.unwrap_or(if long { 600 } else { 4 }), long, jobs };
    let files: Vec<PathBuf> = words.iter().filter(|w| !all.contains(w)).map(PathBuf::from).collect();
    if let Some(missing) = files.iter().find(|f| !f.exists()) {
        return Err(format!("{} is neither a target (--list) nor a file", missing.display()).into());
    }
    let names: Vec<String> = all.into_iter().filter(|n| words.is_empty() || words.contains(n)).collect();
    let (in_c, in_rust): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|n| c_folder().join(format!("{n}.c")).exists());
    let mut bins = Bins { folder: PathBuf::new(), in_c, libraries: PathBuf::new() };
    if !in_rust.is_empty() {
        bins.folder = build(&in_rust, asan)?;
    }
    if !bins.in_c.is_empty() {
        let prefix = prefix.map_or_else(|| install::private(&profile), Ok)?;
        bins.libraries = prefix.join("lib");
        bins.in_c.iter().try_for_each(|name| build_c(name, &prefix))?;
    }
    if !files.is_empty() {
        let [name] = &names[..] else { return Err("files are for one target".into()) };
        return util::run(bins.command(name).args(&files));
    }
    if minimize {
        return names.iter().try_for_each(|name| shrink(&bins, name));
    }

    say(format!("{} targets, {} s each, {} at once", names.len(), options.seconds, options.jobs));
    let (next, lines) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = one(&bins, name, &options).map_err(|e| e.to_string());
                    match &result {
                        Ok(done) => say(format!("fuzz {name}: {done}")),
                        Err(e) => say(format!("fuzz {name}: FAILED: {e}")),
                    }
                    if let Ok(mut lines) = lines.lock() {
                        lines.push(result.is_ok());
                    }
                }
            });
        }
    });
    let results = lines.into_inner().unwrap_or_default();
    let passed = results.iter().filter(|ok| **ok).count();
    println!("{passed} passed, {} failed", results.len() - passed);
    if passed == results.len() { Ok(()) } else { Err("see target/fuzz/failed".into()) }
}

fn package() -> PathBuf {
    root().join("tests/fuzz")
}
/// What is built and found.
fn output_folder() -> PathBuf {
    target().join("fuzz")
}

fn c_folder() -> PathBuf {
    package().join("c")
}

fn targets() -> Outcome<Vec<String>> {
    let rust = std::fs::read_dir(package().join("fuzz_targets"))?;
    let c = std::fs::read_dir(c_folder())?;
    let mut names: Vec<String> =
        rust.chain(c).filter_map(|e| Some(e.ok()?.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

/// Where the programs are.
struct Bins {
    folder: PathBuf,
    /// Those of tests/fuzz/c.
    in_c: Vec<String>,
    libraries: PathBuf,
}
impl Bins {
    fn path(&self, name: &str) -> PathBuf {
        if self.in_c.iter().any(|n| n == name) {
            output_folder().join("c").join(name)
        } else {
            self.folder.join(name)
        }
    }
    fn command(&self, name: &str) -> Command {
        let mut cmd = Command::new(self.path(name));
        cmd.env("LD_LIBRARY_PATH", &self.libraries);
        cmd
    }
}

/// A C target: code that event_rpcgen.py made, with the sanitizers, on the installed libraries.
fn build_c(name: &str, prefix: &Path) -> Outcome {
    let folder = output_folder().join("c");
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(root().join("c-tests/rpcgen/everything.rpc"), folder.join("everything.rpc"))?;
    let mut generate = Command::new("python3");
    generate.arg("-B").arg(prefix.join("bin/event_rpcgen.py")).args(["--quiet", "everything.rpc"]);
    output(generate.current_dir(&folder))?;
    let mut clang = Command::new("clang");
    clang.args(["-g", "-O1", "-Wall", "-fsanitize=fuzzer,address,undefined", "-I"]).arg(&folder);
    clang.arg("-I").arg(prefix.join("include"));
    clang.args([c_folder().join(format!("{name}.c")), folder.join("everything.gen.c")]);
    clang.arg("-o").arg(folder.join(name)).arg("-L").arg(prefix.join("lib")).arg("-levent");
    output(&mut clang).map(drop)
}

/// The folder with the programs.
fn build(names: &[String], asan: bool) -> Outcome<PathBuf> {
    let mut flags = COVERAGE.to_vec();
    let mut command = cargo();
    let mut folder = output_folder().join("build");
    if asan {
        // rustup's cargo, so that the toolchain can be chosen.
        command = Command::new("cargo");
        command.arg("+nightly").env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
        flags.push("-Zsanitizer=address");
        folder = output_folder().join("build-asan");
    }
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).ok_or("rustc tells no host")?;
    command.args(["build", "--release", "--locked", "--features", "libfuzzer", "--target", host]);
    command.arg("--target-dir").arg(&folder).current_dir(package());
    for name in names {
        command.args(["--bin", name]);
    }
    util::run(command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))?;
    Ok(folder.join(host).join("release"))
}

fn folders(name: &str) -> Outcome<[PathBuf; 3]> {
    let (found, failed) =
        (output_folder().join("corpus").join(name), output_folder().join("failed").join(name));
    std::fs::create_dir_all(&found)?;
    std::fs::create_dir_all(&failed)?;
    Ok([found, package().join("corpus").join(name), failed])
}

/// Runs one target and tells what it did.
fn one(bins: &Bins, name: &str, options: &Options) -> Outcome<String> {
    let [found, seeds, failed] = folders(name)?;
    let mut cmd = Command::new("nice");
    cmd.args(["-n", if options.long { "19" } else { "0" }]).arg(bins.path(name)).args([&found, &seeds]);
    cmd.env("LD_LIBRARY_PATH", &bins.libraries);
    cmd.arg(format!("-max_total_time={}", options.seconds));
    cmd.arg(format!("-artifact_prefix={}/", failed.display()));
    cmd.args(["-timeout=20", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1"]);
    if !options.long {
        // The same inputs on each run, as far as time allows.
        cmd.arg("-seed=1");
    }
    let out = cmd.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        return Err(format!("{}\n{}", out.status, telling(&text).join("\n")).into());
    }
    let stat = |name: &str| {
        text.lines().find_map(|l| l.strip_prefix(name)).map_or("?", |l| l.trim_start_matches(':').trim())
    };
    let last = text.lines().rev().find(|l| l.starts_with('#') && l.contains("cov:")).unwrap_or_default();
    let reached = last.split_whitespace().skip_while(|w| *w != "cov:").nth(1).unwrap_or("?");
    Ok(format!("{} runs, {reached} places of the code reached", stat("stat::number_of_executed_units")))
}

/// The lines of a failing run that say why: a panic's message, a sanitizer's report, where the input is.
fn telling(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut lines = 0;
    for line in text.lines() {
        if line.contains("panicked at") || (line.starts_with("==") && line.contains("ERROR")) {
            lines = 8;
        }
        if lines > 0 || line.contains("Test unit written") {
            out.push(line.get(..300).unwrap_or(line));
            lines = i32::max(lines - 1, 0);
        }
    }
    out
}

fn shrink(bins: &Bins, name: &str) -> Outcome {
    let [found, seeds, _] = folders(name)?;
    let small = output_folder().join("small").join(name);
    let _ = std::fs::remove_dir_all(&small);
    std::fs::create_dir_all(&small)?;
    output(bins.command(name).args(["-merge=1", "-max_len=1024"]).args([&small, &seeds, &found]))?;
    std::fs::remove_dir_all(&seeds)?;
    std::fs::create_dir_all(&seeds)?;
    for file in std::fs::read_dir(&small)? {
        let file = file?;
        std::fs::copy(file.path(), seeds.join(file.file_name()))?;
    }
    say(format!("{name}: {} inputs", std::fs::read_dir(&seeds)?.count()));
    Ok(())
}
