//! `cargo xtask hostile`: C programs over the public headers that attack the libraries through sockets and misuse.
use crate::install;
use crate::util::{Args, Outcome, cc, root, run as run_command, say, target};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const HELP: &str = "
cargo xtask hostile [--prefix DIR] [--profile NAME] [--no-valgrind] [--only-valgrind] [NAME...]

Compiles the programs of c-tests/hostile and runs each twice: plainly, and under valgrind's memcheck (without its
heaviest cases). NAME is a program, or PROGRAM:PART for its cases whose name contains PART.

  --prefix DIR     use the libraries and headers installed there (any libevent 2.1); otherwise ours are built and
                   installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

/// A macro for each header that a program may need; without the header its cases are left out.
const FEATURES: &[(&str, &str)] = &[
    ("HAVE_HTTP", "event2/http.h"),
    ("HAVE_DNS", "event2/dns.h"),
    ("HAVE_RPC", "event2/rpc.h"),
    ("HAVE_SSL", "event2/bufferevent_ssl.h"),
];
/// Seconds that a whole program may take; each case has a limit of its own below this.
const PLAIN_LIMIT: &str = "600";
const VALGRIND_LIMIT: &str = "1200";

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    let (plain, valgrind) = (!args.flag("--only-valgrind"), !args.flag("--no-valgrind"));
    let names = args.words()?;
    let prefix = std::path::absolute(prefix.map_or_else(|| install::private(&profile), Ok)?)?;
    let folder = root().join("c-tests/hostile");
    let mut programs: Vec<String> = std::fs::read_dir(&folder)?
        .filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".c")?.to_owned()))
        .collect();
    programs.sort();
    let asked: Vec<(&str, Option<&str>)> =
        names.iter().map(|n| n.split_once(':').map_or((n.as_str(), None), |(p, c)| (p, Some(c)))).collect();
    if let Some((unknown, _)) = asked.iter().find(|(p, _)| programs.iter().all(|x| x != p)) {
        return Err(format!("there is no c-tests/hostile/{unknown}.c").into());
    }
    let mut jobs = Vec::new();
    for name in &programs {
        let cases: Vec<&str> = asked.iter().filter(|(p, _)| p == name).filter_map(|(_, c)| *c).collect();
        if !asked.is_empty() && !asked.iter().any(|(p, _)| p == name) {
            continue;
        }
        let program = build(name, &folder, &prefix)?;
        jobs.extend(valgrind.then(|| (name, program.clone(), cases.clone(), true)));
        jobs.extend(plain.then_some((name, program, cases, false)));
    }
    // Most of the time the programs wait: two at a time. Those under valgrind, which take longest, begin.
    jobs.sort_by_key(|(_, _, _, under_valgrind)| !under_valgrind);
    let (next, counts) = (AtomicUsize::new(0), Mutex::new((0, 0)));
    let work = || -> Outcome {
        while let Some((name, program, cases, under_valgrind)) =
            jobs.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let begun = Instant::now();
            let count = execute(program, &prefix, cases, *under_valgrind)?;
            let how = if *under_valgrind { " under valgrind" } else { "" };
            let seconds = begun.elapsed().as_secs_f64();
            say(format!("{name}{how}: {} of {} in {seconds:.1} s", count.0, count.0 + count.1));
            let mut sum = counts.lock().map_err(|e| e.to_string())?;
            *sum = (sum.0 + count.0, sum.1 + count.1);
        }
        Ok(())
    };
    std::thread::scope(|scope| -> Outcome {
        let other = scope.spawn(|| work().map_err(|e| e.to_string()));
        work()?;
        Ok(other.join().map_err(|_| "a thread has panicked")??)
    })?;
    let (passed, failed) = counts.into_inner().map_err(|e| e.to_string())?;
    println!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err("an attack was not met as it should be".into()) }
}

fn build(name: &str, folder: &Path, prefix: &Path) -> Outcome<PathBuf> {
    let out = target().join("hostile").join(name);
    std::fs::create_dir_all(out.parent().unwrap_or(&out))?;
    let mut cmd = Command::new(cc());
    cmd.args(["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]);
    cmd.arg("-Wno-nonnull").arg("-I").arg(prefix.join("include"));
    let there = FEATURES.iter().filter(|(_, header)| prefix.join("include").join(header).exists());
    cmd.args(there.map(|(feature, _)| format!("-D{feature}")));
    cmd.arg(folder.join(name).with_extension("c")).arg("-o").arg(&out).arg("-L").arg(prefix.join("lib"));
    cmd.args(["-levent", "-levent_openssl", "-levent_pthreads", "-lssl", "-lcrypto", "-lpthread"]);
    cmd.arg(format!("-Wl,-rpath-link,{}", prefix.join("lib").display()));
    run_command(&mut cmd)?;
    Ok(out)
}

/// Runs the cases and shows what failed. Returns (passed, failed).
fn execute(program: &Path, prefix: &Path, cases: &[&str], valgrind: bool) -> Outcome<(usize, usize)> {
    let mut cmd = Command::new("timeout");
    cmd.arg(if valgrind { VALGRIND_LIMIT } else { PLAIN_LIMIT });
    if valgrind {
        cmd.args([
            "valgrind",
            "-q",
            "--error-exitcode=99",
            "--leak-check=full",
            "--show-leak-kinds=definite",
        ]);
        cmd.args(["--errors-for-leak-kinds=definite", "--num-callers=30", "--vgdb=no"]);
        cmd.env("HOSTILE_VALGRIND", "1");
    }
    cmd.arg(program).args(cases).env("LD_LIBRARY_PATH", prefix.join("lib")).stdin(Stdio::null());
    let out = cmd.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
    let (text, said) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let (mut reasons, mut report) = (Vec::new(), String::new());
    let (mut passed, mut failed) = (0, 0);
    for line in text.lines() {
        if line.starts_with("PASS ") {
            passed += 1;
            reasons.clear();
        } else if line.starts_with("FAIL ") {
            failed += 1;
            report += &format!("{line}\n");
            reasons.drain(..).for_each(|r| report += &format!("{r}\n"));
        } else {
            reasons.push(line);
        }
    }
    // A program that does not get to its end has failed even if no case did.
    let ended = out.status.code().is_some_and(|c| c == 0 || (c == 1 && failed > 0) || (valgrind && c == 99));
    if !ended {
        failed += 1;
        report += &format!("FAIL {}: ends with {}\n", program.display(), out.status);
    }
    if !said.trim().is_empty() && failed > 0 {
        said.lines().take(200).for_each(|l| report += &format!("      {l}\n"));
    }
    print!("{report}");
    Ok((passed, failed))
}
