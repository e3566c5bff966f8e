//! Fault injection: a C program on our libraries under a shim that makes single system calls or allocations fail.
use crate::install;
use crate::util::{Args, Outcome, cc, root, run as execute, say, target};
use std::path::{Path, PathBuf};
use std::process::Command;

const HELP: &str = "
cargo xtask faults [--prefix DIR] [--profile NAME]

Runs c-tests/faults/echo.c on our libraries while single system calls and allocations fail.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    let prefix = prefix.map_or_else(|| install::private(&profile), Ok)?;
    let (passed, failed) = run_all(&prefix)?;
    println!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err("a fault was not survived as it should be".into()) }
}

/// A plan for the shim, and whether the transport may report an error under it (otherwise all bytes must arrive).
struct Case {
    plan: &'static str,
    may_lose: bool,
}
const fn whole(plan: &'static str) -> Case {
    Case { plan, may_lose: false }
}
const fn lossy(plan: &'static str) -> Case {
    Case { plan, may_lose: true }
}

const CASES: &[Case] = &[
    whole("readv:EINTR:3"),
    whole("readv:EAGAIN:2"),
    whole("readv:SHORT:2"),
    whole("writev:EINTR:3"),
    whole("writev:EAGAIN:2"),
    whole("writev:SHORT:2"),
    whole("readv:SHORT:3,writev:SHORT:3"),
    whole("accept4:EMFILE:=1"),
    whole("accept4:EINTR:=1"),
    whole("accept4:ECONNABORTED:=1"),
    lossy("readv:ECONNRESET:=7"),
    lossy("readv:ENOMEM:=5"),
    lossy("writev:ECONNRESET:=9"),
    lossy("writev:EPIPE:=4"),
    lossy("writev:ENOBUFS:=4"),
    lossy("socket:EMFILE:=1"),
    lossy("socket:EMFILE:=2"),
];
/// Plans that concern one method only.
const METHOD_CASES: &[(&str, Case)] = &[
    ("epoll", whole("epoll_wait:EINTR:2")),
    ("epoll", lossy("epoll_ctl:ENOMEM:=1")),
    ("epoll", lossy("epoll_ctl:ENOMEM:=2")),
    ("epoll", lossy("epoll_ctl:ENOSPC:=3")),
    ("epoll", lossy("epoll_ctl:ENOSPC:=4")),
    ("epoll", lossy("epoll_ctl:ENOSPC:=5")),
    ("poll", whole("poll:EINTR:2")),
    ("select", whole("select:EINTR:2")),
];

fn method(cmd: &mut Command, name: &str) {
    for other in ["EPOLL", "POLL", "SELECT"] {
        if !other.eq_ignore_ascii_case(name) {
            cmd.env(format!("EVENT_NO{other}"), "1");
        }
    }
}

/// Compiles the shim and the program against `prefix` and runs every plan on every method. Returns (passed, failed).
fn run_all(prefix: &Path) -> Outcome<(usize, usize)> {
    let src = root().join("c-tests/faults");
    let out = target().join("faults");
    std::fs::create_dir_all(&out)?;
    let (shim, echo, lib) = (out.join("shim.so"), out.join("echo"), prefix.join("lib"));
    execute(
        Command::new(cc())
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(&shim)
            .arg(src.join("shim.c"))
            .arg("-ldl"),
    )?;
    execute(
        Command::new(cc())
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(prefix.join("include"))
            .arg("-o")
            .arg(&echo)
            .arg(src.join("echo.c"))
            .arg("-L")
            .arg(&lib)
            .arg("-levent"),
    )?;
    let (mut passed, mut failed) = (0, 0);
    let mut judge = |title: String, ok: Result<(), String>| match ok {
        Ok(()) => passed += 1,
        Err(e) => {
            failed += 1;
            say(format!("FAIL {title}: {e}"));
        }
    };
    let base = |name: &str| {
        let mut c = Command::new("timeout");
        c.arg("30").arg(&echo).env("LD_LIBRARY_PATH", &lib);
        method(&mut c, name);
        c
    };
    for name in ["epoll", "poll", "select"] {
        let of_method = METHOD_CASES.iter().filter(|(m, _)| *m == name).map(|(_, c)| c);
        for case in CASES.iter().chain(of_method) {
            let mut c = base(name);
            c.arg("300000").env("FAULT", case.plan).env("FAULT_STATS", "1").env("LD_PRELOAD", &shim);
            judge(format!("{name} {}", case.plan), check_plan(&mut c, case));
        }
    }
    for k in 1.. {
        let o = base("epoll").arg("20000").arg(k.to_string()).output()?;
        let text = String::from_utf8_lossy(&o.stdout).into_owned();
        let seen: usize = number_after(&text, "allocations ").unwrap_or(usize::MAX);
        let fine = o.status.success() && (text.contains("ok 20000\n") || text.contains("lost: "));
        judge(format!("allocation {k}"), if fine { Ok(()) } else { Err(format!("{} {text}", o.status)) });
        if k > seen {
            break;
        }
    }
    Ok((passed, failed))
}

fn check_plan(c: &mut Command, case: &Case) -> Result<(), String> {
    let o = c.output().map_err(|e| e.to_string())?;
    let (text, log) = (String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));
    let fine = text.starts_with("ok 300000") || (case.may_lose && text.starts_with("lost: "));
    if !o.status.success() || !fine {
        return Err(format!("{} {text} {log}", o.status));
    }
    // A plan that never struck proves nothing.
    let hits: usize = log.lines().filter_map(|l| number_after::<usize>(l, " hit ")).sum();
    if hits == 0 { Err(format!("the plan never struck: {log}")) } else { Ok(()) }
}

fn number_after<T: std::str::FromStr>(text: &str, key: &str) -> Option<T> {
    let rest = &text[text.find(key)? + key.len()..];
    rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}
