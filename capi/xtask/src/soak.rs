//! `cargo xtask soak`: servers under load from well and badly behaved peers, for as long as one likes.
use crate::install;
use crate::util::{Args, Outcome, cc, root, run as execute, say, target};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const HELP: &str = "
cargo xtask soak [NAME..] [--seconds N] [--prefix DIR] [--profile NAME] [--no-valgrind]

Runs c-tests/soak/NAME.c (http, dns; all if none is named) on our libraries. Peers stall, reset, send slowly, pipeline, lose, forge
and repeat; each program fails if an answer is lost or wrong, or if memory or descriptors grow. wrk joins in with http. After
that it runs for some seconds under valgrind, where nothing may be lost.

  --seconds N      how long (default 60)
  --no-valgrind    leave the second run out
  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

/// Seconds under valgrind.
const SLOW_SECONDS: u32 = 4;

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let seconds: u32 = args.value("--seconds")?.map_or(Ok(60), |n| n.parse())?;
    let valgrind = !args.flag("--no-valgrind");
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    let names = args.words()?;
    let prefix = std::path::absolute(prefix.map_or_else(|| install::private(&profile), Ok)?)?;
    let folder = root().join("c-tests/soak");
    let mut all: Vec<String> = std::fs::read_dir(&folder)?
        .filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".c")?.to_owned()))
        .collect();
    all.sort();
    if let Some(unknown) = names.iter().find(|n| !all.contains(n)) {
        return Err(format!("there is no c-tests/soak/{unknown}.c").into());
    }
    let (mut passed, mut failed) = (0, 0);
    for name in all.iter().filter(|n| names.is_empty() || names.contains(n)) {
        let program = compile(name, &folder, &prefix)?;
        for slow in [false, true] {
            if slow && !valgrind {
                continue;
            }
            match once(name, &program, &prefix, if slow { SLOW_SECONDS } else { seconds }, slow) {
                Ok(said) => {
                    say(format!("{said}{}", if slow { " (valgrind)" } else { "" }));
                    passed += 1;
                }
                Err(e) => {
                    say(format!("soak {name}{}: {e}", if slow { " under valgrind" } else { "" }));
                    failed += 1;
                }
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err("something was lost, or grew".into()) }
}

fn compile(name: &str, folder: &Path, prefix: &Path) -> Outcome<PathBuf> {
    let program = target().join("soak").join(name);
    std::fs::create_dir_all(program.parent().unwrap_or(&program))?;
    let lib = prefix.join("lib");
    let mut cmd = Command::new(cc());
    cmd.args(["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
    cmd.arg("-I").arg(prefix.join("include")).arg(folder.join(name).with_extension("c")).arg("-L").arg(&lib);
    cmd.args(["-levent", "-levent_pthreads", "-lpthread", "-lm"]);
    execute(cmd.arg(format!("-Wl,-rpath-link,{}", lib.display())))?;
    Ok(program)
}

fn once(name: &str, program: &Path, prefix: &Path, seconds: u32, slow: bool) -> Outcome<String> {
    let mut cmd = Command::new("timeout");
    cmd.args(["-k", "5", &(seconds + if slow { 150 } else { 60 }).to_string()]);
    if slow {
        cmd.args(["valgrind", "-q", "--leak-check=full", "--error-exitcode=99", "--num-callers=30"]);
        cmd.args(["--errors-for-leak-kinds=definite", "--show-leak-kinds=definite"]).env("SOAK_SLOW", "1");
    }
    cmd.arg(program).arg(seconds.to_string()).env("LD_LIBRARY_PATH", prefix.join("lib"));
    let mut child = cmd.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let errors = child.stderr.take();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        errors.map(|mut e| e.read_to_string(&mut text));
        text
    });
    let (mut verdict, mut wrk) = (String::new(), None);
    for line in BufReader::new(child.stdout.take().ok_or("no pipe")?).lines() {
        let line = line?;
        match line.strip_prefix("port ") {
            // It ends before the program looks whether all is as before.
            Some(port) if !slow => wrk = Some(load(port, (seconds * 3 / 4).max(1))?),
            Some(_) => {}
            None => verdict = line,
        }
    }
    let status = child.wait()?;
    let errors = errors.join().unwrap_or_default();
    let load = wrk.map(|w| w.wait_with_output()).transpose()?;
    if !status.success() || !verdict.starts_with(&format!("soak {name}: PASS")) {
        return Err(format!("{status} {verdict}\n{errors}").into());
    }
    let Some(load) = load else { return Ok(verdict) };
    let load = String::from_utf8_lossy(&load.stdout);
    if load.contains("Non-2xx") || load.contains("Socket errors") || !load.contains("requests in") {
        return Err(format!("wrk saw errors\n{load}").into());
    }
    let requests = load.lines().find(|l| l.contains("requests in")).unwrap_or_default();
    Ok(format!("{verdict}; wrk: {}", requests.trim()))
}

fn load(port: &str, seconds: u32) -> Outcome<Child> {
    let mut cmd = Command::new("wrk");
    cmd.args(["-t1", "-c32", "--timeout", "20s"]).arg(format!("-d{seconds}s"));
    cmd.arg(format!("http://127.0.0.1:{port}/echo")).stdin(Stdio::null()).stdout(Stdio::piped());
    cmd.spawn().map_err(|e| format!("wrk: {e} (try `cargo xtask deps`)").into())
}
