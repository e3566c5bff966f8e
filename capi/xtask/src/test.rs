//! `cargo xtask test`: everything that CI runs, step by step.
use crate::util::{Args, Outcome, cargo, say};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

const HELP: &str = "
cargo xtask test [STEP...]

Runs everything that CI runs; with names, only these steps. Every step runs even if one before it failed.

  --list        print the steps
  --from STEP   begin with this step";

struct Step {
    name: &'static str,
    about: &'static str,
    commands: &'static [Run],
}
enum Run {
    Cargo(&'static [&'static str]),
    /// A command of this program.
    Xtask(&'static [&'static str]),
}
use Run::{Cargo, Xtask};

/// In the order in which faults are cheapest to find.
const STEPS: &[Step] = &[
    Step { name: "deps", about: "what building and testing need is there", commands: &[Xtask(&["deps"])] },
    Step { name: "fmt", about: "rustfmt", commands: &[Cargo(&["fmt", "--all", "--check"])] },
    Step {
        name: "clippy",
        about: "no warning in the whole workspace",
        // Tests are ordinary programs: they may use std and need not argue for each unsafe call.
        commands: &[
            Cargo(&["clippy", "-q", "--workspace", "--", "-D", "warnings"]),
            Cargo(&[
                "clippy",
                "-q",
                "--workspace",
                "--tests",
                "--",
                "-D",
                "warnings",
                "-A",
                "clippy::disallowed_types",
                "-A",
                "clippy::disallowed_methods",
                "-A",
                "clippy::undocumented_unsafe_blocks",
                "-A",
                "clippy::missing_safety_doc",
                // The types of C differ between targets.
                "-A",
                "clippy::unnecessary_cast",
            ]),
        ],
    },
    Step {
        name: "engine",
        about: "the Rust tests of the engine and of this command list",
        commands: &[Cargo(&["test", "-q", "-p", "oxievent", "-p", "xtask"])],
    },
    Step {
        name: "headers",
        about: "include/ is what capi/ generates",
        commands: &[Xtask(&["headers", "--check"])],
    },
    Step {
        name: "symbols",
        about: "export lists and jump table are up to date",
        commands: &[Xtask(&["symbols", "--check"])],
    },
    Step {
        name: "abi",
        about: "the installed headers, libraries and .pc files have libevent's C interface",
        commands: &[Xtask(&["headers", "--abi"])],
    },
    Step {
        name: "differential",
        about: "the same C programs print the same with the original library and with ours",
        commands: &[Xtask(&["differential"])],
    },
    Step { name: "upstream", about: "the original suite in all variants", commands: &[Xtask(&["upstream"])] },
    Step {
        name: "miniatures",
        about: "the original suite on kqueue, event ports and /dev/poll over miniatures of their kernels",
        commands: &[Xtask(&["upstream", "--miniatures"])],
    },
    Step {
        name: "memcheck",
        about: "a part of the original suite under valgrind",
        commands: &[Xtask(&[
            "upstream",
            "--valgrind",
            "--variant",
            "epoll",
            "main",
            "et",
            "finalize",
            "evbuffer",
            "signal",
            "util",
            "bufferevent",
            "listener",
            "evtag",
            "rpc",
            "http",
            "dns",
            "ssl",
        ])],
    },
    Step {
        name: "platforms",
        about: "32-bit Linux runs, the code for FreeBSD and macOS is type-checked (`cargo xtask platforms` has them all)",
        commands: &[Xtask(&["platforms", "i686-linux", "freebsd-check", "macos-check"])],
    },
    Step {
        name: "samples",
        about: "the original's samples and bench programs do what they should on our libraries",
        commands: &[Xtask(&["samples"])],
    },
    Step {
        name: "rpcgen",
        about: "event_rpcgen.py, and what it makes, in C and C++, beside the original's",
        commands: &[Xtask(&["rpcgen"])],
    },
    Step {
        name: "fuzz",
        about: "each fuzz target for some seconds",
        commands: &[Xtask(&["fuzz", "--seconds", "4"])],
    },
    Step {
        name: "links",
        about: "every mix of the libraries, linked in every way, has the state once",
        commands: &[Xtask(&["links"])],
    },
    Step {
        name: "faults",
        about: "no single failing system call or allocation loses data or aborts",
        commands: &[Xtask(&["faults"])],
    },
    Step {
        name: "hostile",
        about: "raw requests, forged answers, malicious peers and misuse, plain and under valgrind",
        commands: &[Xtask(&["hostile"])],
    },
    Step {
        name: "tls",
        about: "TLS bufferevents of every kind against friendly and unfriendly peers",
        commands: &[Xtask(&["tls"]), Xtask(&["tls", "--valgrind"])],
    },
    Step {
        name: "races",
        about: "a threaded program with HTTP and DNS, under helgrind and memcheck",
        commands: &[Xtask(&["races"])],
    },
    Step {
        name: "soak",
        about: "servers under well and badly behaved peers, for a short time",
        commands: &[Xtask(&["soak", "--seconds", "10"])],
    },
    Step {
        name: "examples",
        about: "the programs of examples/ compile through pkg-config and do what they should",
        commands: &[Xtask(&["examples"])],
    },
    Step {
        name: "clients",
        about: "unmodified Debian programs do checked work on our libraries",
        commands: &[Xtask(&["clients"])],
    },
];

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    if args.flag("--list") {
        STEPS.iter().for_each(|s| println!("  {:<10} {}", s.name, s.about));
        return Ok(());
    }
    let from = args.value("--from")?;
    let names = args.words()?;
    if let Some(unknown) = names.iter().chain(&from).find(|n| STEPS.iter().all(|s| s.name != **n)) {
        return Err(format!("no step {unknown:?}; --list names them").into());
    }
    let begin = from.and_then(|f| STEPS.iter().position(|s| s.name == f)).unwrap_or(0);
    let chosen: Vec<&Step> =
        STEPS.iter().skip(begin).filter(|s| names.is_empty() || names.iter().any(|n| n == s.name)).collect();

    let start = Instant::now();
    let mut table = Vec::new();
    let mut sum = Count::default();
    for (at, step) in chosen.iter().enumerate() {
        say(format!("test {} of {}: {}: {}", at + 1, chosen.len(), step.name, step.about));
        let begun = Instant::now();
        let count = run_step(step);
        say(format!("{}: {} passed, {} failed", step.name, count.passed, count.failed));
        sum.add(&count);
        table.push((step.name, count, begun.elapsed().as_secs_f64()));
    }
    println!("\n{:<12} {:>8} {:>8} {:>9}", "step", "passed", "failed", "time");
    for (name, count, seconds) in &table {
        println!("{name:<12} {:>8} {:>8} {seconds:>8.1}s", count.passed, count.failed);
    }
    println!("{:<12} {:>8} {:>8} {:>8.1}s", "", "", "", start.elapsed().as_secs_f64());
    println!("{} passed, {} failed", sum.passed, sum.failed);
    let bad: Vec<_> = table.iter().filter(|(_, c, _)| c.failed > 0).map(|(n, ..)| *n).collect();
    if bad.is_empty() { Ok(()) } else { Err(format!("failed: {}", bad.join(", ")).into()) }
}

/// Tests that passed and failed.
#[derive(Default)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}
impl Count {
    fn add(&mut self, other: &Count) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
    /// Takes up a line such as "12 passed, 0 failed" or "test result: ok. 12 passed; 0 failed; ...".
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for four in words.windows(4) {
            let [a, passed, b, failed] = four else { continue };
            if passed.trim_end_matches([',', ';']) == "passed"
                && failed.trim_end_matches([',', ';']) == "failed"
            {
                self.passed += a.parse::<u64>().unwrap_or(0);
                self.failed += b.parse::<u64>().unwrap_or(0);
            }
        }
    }
}

/// A step that counts its own tests adds them all; any other counts as one.
fn run_step(step: &Step) -> Count {
    let mut all = Count::default();
    for command in step.commands {
        let mut count = Count::default();
        let ok = match start(command, &mut count) {
            Ok(ok) => ok,
            Err(e) => {
                say(format!("{}: {e}", step.name));
                false
            }
        };
        if ok && count.passed == 0 {
            count.passed = 1;
        }
        if !ok && count.failed == 0 {
            count.failed = 1;
        }
        all.add(&count);
    }
    all
}

/// Runs a command, shows its output as it comes and counts the tests that it tells of.
fn start(command: &Run, count: &mut Count) -> Outcome<bool> {
    let mut cmd = match command {
        Cargo(args) => {
            let mut cmd = cargo();
            cmd.args(*args);
            cmd
        }
        Xtask(args) => {
            let mut cmd = Command::new(std::env::current_exe()?);
            cmd.args(*args);
            cmd
        }
    };
    stream(&mut cmd, count, &mut std::io::stdout())
}

/// Runs a command, passes its output on to `out` as it comes and counts the tests that it tells of; true if it ended well.
pub fn stream(cmd: &mut Command, count: &mut Count, out: &mut dyn Write) -> Outcome<bool> {
    let mut child = cmd.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    if let Some(pipe) = child.stdout.take() {
        for line in BufReader::new(pipe).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            count.read(&line);
            writeln!(out, "{line}")?;
        }
    }
    Ok(child.wait()?.success())
}
