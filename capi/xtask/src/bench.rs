//! `cargo xtask bench`: the workloads of bench/ on our libraries and on the installed libevent.
//!
//! One program, compiled once against our headers, runs with one or the other library folder in front of the loader.
//! CPU time drifts on shared machines, so it is taken in interleaved pairs and compared by medians; instructions
//! (valgrind callgrind) and system calls (strace) are exact and are measured once.
use crate::util::{self, Args, Outcome, output, root, say, target};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const HELP: &str = "
cargo xtask bench [WORKLOAD...]

Runs the workloads of bench/ on our libraries and on the installed libevent (packages libevent-2.1-7 and
libevent-pthreads-2.1-7), and prints per workload: instructions, system calls and CPU time of one operation, ours,
theirs and the ratio, and the target. Without names, all of them, and bench/RESULTS.md is written.

The name wrk stands for another measurement: an evhttp server under wrk, beside nginx; bench/WRK.md is written.

  --list           print the workloads
  --pairs N        pairs of runs for CPU time (default 5)
  --quick          CPU time only
  --prefix DIR     measure what is installed in DIR, and build nothing
  --against DIR    folder of the libraries to compare with (default /usr/lib/x86_64-linux-gnu)";

/// What a target is about. A ratio is ours divided by theirs; a limit is for our side alone.
#[derive(Clone, Copy)]
enum Goal {
    CpuRatio(f64),
    CpuNs(f64),
    Instructions(f64),
    InstructionRatio(f64),
    /// At most so many of this call (all calls if empty) per operation.
    Calls(&'static str, f64),
    /// At most so many instructions more than this other workload.
    Above(&'static str, f64),
    Bytes(f64),
}
use Goal::{Above, Bytes, Calls, CpuNs, CpuRatio, InstructionRatio, Instructions};

struct Workload {
    name: &'static str,
    /// Operations for CPU time, and for the two exact methods.
    ops: u64,
    exact: u64,
    goals: &'static [Goal],
}
const fn work(name: &'static str, ops: u64, exact: u64, goals: &'static [Goal]) -> Workload {
    Workload { name, ops, exact, goals }
}

/// The targets are what was asked of the first version. The client of the echo workloads makes two calls and the ring's callbacks two,
/// which are taken off before a number of calls is compared.
const WORKLOADS: &[Workload] = &[
    work("io_1000", 1_000_000, 20_000, &[Instructions(165.0)]),
    work("io_9000", 1_000_000, 20_000, &[Instructions(165.0)]),
    work("io_timeout_9000", 1_000_000, 20_000, &[Instructions(250.0)]),
    work("io_oneshot_1000", 500_000, 20_000, &[Calls("epoll_ctl", 1.0), CpuRatio(0.55)]),
    work("active", 5_000_000, 20_000, &[Instructions(160.0)]),
    work("active_locked", 5_000_000, 20_000, &[Above("active", 80.0)]),
    work("once", 2_000_000, 20_000, &[Instructions(350.0)]),
    work("add_del", 5_000_000, 20_000, &[]),
    work("add_del_locked", 5_000_000, 20_000, &[Above("add_del", 45.0)]),
    work("signal", 200_000, 10_000, &[Instructions(900.0), Calls("read", 1.0)]),
    work("timer_reschedule_100k", 2_000_000, 20_000, &[CpuRatio(1.0 / 3.0)]),
    work("timer_reschedule_1m", 1_000_000, 0, &[CpuRatio(1.0 / 4.0)]),
    work("timer_push_later_100k", 2_000_000, 20_000, &[CpuRatio(1.0 / 6.0)]),
    work("timer_expire_100k", 500_000, 100_000, &[CpuRatio(1.0 / 3.0)]),
    work("timer_add_delete_1m", 2_000_000, 0, &[CpuRatio(1.0 / 2.5)]),
    work("cross_thread_hop", 50_000, 0, &[CpuNs(4600.0), Calls("futex", 0.0)]),
    work("bufferevent_echo_64", 200_000, 10_000, &[Calls("", 2.0), Instructions(1200.0), CpuRatio(0.7)]),
    work("bufferevent_echo_16k", 50_000, 2_000, &[Calls("", 3.0), CpuRatio(0.33)]),
    work("bufferevent_pair_echo", 500_000, 10_000, &[InstructionRatio(0.5)]),
    work("bufferevent_filter_echo", 300_000, 10_000, &[InstructionRatio(0.5)]),
    work("evbuffer_move_4k", 2_000_000, 20_000, &[CpuNs(85.0)]),
    work("evbuffer_add_64k", 100_000, 5_000, &[]),
    work("evbuffer_pullup_256k", 2_000, 200, &[CpuRatio(0.3)]),
    work("evbuffer_add_16", 10_000_000, 50_000, &[Instructions(50.0)]),
    work("evbuffer_remove_16", 10_000_000, 50_000, &[Instructions(110.0)]),
    work("evbuffer_readln", 2_000_000, 20_000, &[Instructions(300.0)]),
    work("evbuffer_printf", 2_000_000, 20_000, &[Instructions(450.0)]),
    work("evbuffer_search_1k", 1_000_000, 20_000, &[Instructions(60.0)]),
    work("http_small", 100_000, 5_000, &[Calls("", 2.0), Instructions(4500.0)]),
    work("http_20_request_headers", 50_000, 2_000, &[Calls("", 2.0), Instructions(11_000.0)]),
    work("http_20_reply_headers", 50_000, 2_000, &[Calls("", 2.0), Instructions(11_000.0)]),
    work("http_64k_reply", 60, 40, &[Calls("epoll_ctl", 0.0), CpuRatio(0.33)]),
    work("http_16_pipelined", 60, 40, &[Calls("writes", 2.0), Calls("epoll_ctl", 0.0)]),
    work("http_round_trip", 50_000, 2_000, &[Calls("all", 8.0)]),
    work("uri_encode_68", 500_000, 20_000, &[Instructions(1000.0)]),
    work("uri_parse", 1_000_000, 20_000, &[Instructions(1200.0)]),
    work("header_find_20", 2_000_000, 20_000, &[Instructions(600.0)]),
    work("dns_query", 50_000, 2_000, &[Instructions(3500.0), Calls("getrandom", 0.1)]),
    work("dns_hosts_100", 200_000, 5_000, &[Instructions(1200.0)]),
    work("tls_echo_64", 50_000, 2_000, &[Calls("", 4.0)]),
    work("tls_echo_16k", 10_000, 500, &[Calls("", 4.0)]),
    work("base_new_free", 20_000, 1_000, &[Calls("getuid-family", 0.0), Calls("epoll_ctl", 2.0)]),
    work("event_new_free", 5_000_000, 20_000, &[]),
    work("bufferevent_new_free", 100_000, 5_000, &[Calls("epoll_ctl", 2.0)]),
    work("memory_event", 0, 0, &[Bytes(180.0)]),
    work("memory_bufferevent", 0, 0, &[Bytes(900.0)]),
    work("memory_evbuffer", 0, 0, &[Bytes(350.0)]),
    work("memory_http_connection", 0, 0, &[Bytes(1500.0)]),
];
const WRITES: [&str; 4] = ["write", "writev", "sendmsg", "sendto"];
const UIDS: [&str; 4] = ["getuid", "geteuid", "getgid", "getegid"];

/// What was measured of one workload on one library, per operation.
#[derive(Default, Clone)]
struct Figures {
    cpu: Option<f64>,
    instructions: Option<f64>,
    calls: Option<BTreeMap<String, f64>>,
    bytes: Option<f64>,
}

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    if args.flag("--list") {
        WORKLOADS.iter().for_each(|w| println!("{}", w.name));
        return Ok(());
    }
    let pairs: usize = args.value("--pairs")?.map_or(Ok(5), |n| n.parse())?;
    let quick = args.flag("--quick");
    let prefix = args.value("--prefix")?;
    let theirs =
        PathBuf::from(args.value("--against")?.unwrap_or_else(|| "/usr/lib/x86_64-linux-gnu".into()));
    let mut names = args.words()?;
    let wrk = names.iter().any(|n| n == "wrk");
    names.retain(|n| n != "wrk");
    if let Some(unknown) = names.iter().find(|n| WORKLOADS.iter().all(|w| w.name != **n)) {
        return Err(format!("no workload {unknown:?}; --list names them").into());
    }
    for library in ["libevent-2.1.so.7", "libevent_pthreads-2.1.so.7", "libevent_openssl-2.1.so.7"] {
        if !theirs.join(library).exists() {
            return Err(format!("{library} is not in {}: run `cargo xtask deps`", theirs.display()).into());
        }
    }
    let prefix = match prefix {
        Some(dir) => std::path::absolute(dir)?,
        None => crate::install::private("release")?,
    };
    if wrk {
        crate::bench_wrk::run(&prefix, &theirs)?;
        if names.is_empty() {
            return Ok(());
        }
    }
    let bench = Bench { program: compile(&prefix)?, folders: [prefix.join("lib"), theirs] };
    let chosen: Vec<&Workload> =
        WORKLOADS.iter().filter(|w| names.is_empty() || names.iter().any(|n| n == w.name)).collect();

    let mut results: BTreeMap<&str, [Figures; 2]> = BTreeMap::new();
    for (at, w) in chosen.iter().enumerate() {
        say(format!("{} of {}: {}", at + 1, chosen.len(), w.name));
        results.insert(w.name, bench.measure(w, pairs, quick)?);
    }
    let table = table(&chosen, &results);
    println!("{table}");
    if names.is_empty() && !quick {
        let path = root().join("bench/RESULTS.md");
        util::write(&path, format!("{}{table}", heading()?))?;
        say(format!("written to {}", path.display()));
    }
    Ok(())
}

/// The program links with -levent and -levent_pthreads: the same names on both sides.
fn compile(prefix: &Path) -> Outcome<PathBuf> {
    let program = target().join("bench");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("bench"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "c") {
            files.push(path);
        }
    }
    let lib = prefix.join("lib");
    let mut cmd = Command::new(util::cc());
    cmd.args(["-O2", "-g", "-o"]).arg(&program).args(&files);
    cmd.arg(format!("-I{}", prefix.join("include").display())).arg(format!("-L{}", lib.display()));
    cmd.args(["-levent", "-levent_openssl", "-levent_pthreads", "-lssl", "-lcrypto", "-lpthread"]);
    util::run(cmd.arg(format!("-Wl,-rpath-link,{}", lib.display())))?;
    Ok(program)
}

struct Bench {
    program: PathBuf,
    /// Ours, theirs.
    folders: [PathBuf; 2],
}

impl Bench {
    fn command(&self, with: &[&str], side: usize, w: &Workload, ops: u64) -> Command {
        let mut cmd = match with {
            [] => Command::new(&self.program),
            [tool, rest @ ..] => {
                let mut cmd = Command::new(tool);
                cmd.args(rest).arg(&self.program);
                cmd
            }
        };
        cmd.arg(w.name).arg(ops.to_string()).env("LD_LIBRARY_PATH", &self.folders[side]);
        cmd
    }

    fn measure(&self, w: &Workload, pairs: usize, quick: bool) -> Outcome<[Figures; 2]> {
        let mut figures = [Figures::default(), Figures::default()];
        if w.ops == 0 {
            for side in [0, 1] {
                figures[side].bytes = value(&output(&mut self.command(&[], side, w, 1))?, "bytes");
            }
            return Ok(figures);
        }
        let mut cpu = [Vec::new(), Vec::new()];
        for pair in 0..pairs {
            for side in if pair % 2 == 0 { [0, 1] } else { [1, 0] } {
                let text = output(&mut self.command(&[], side, w, w.ops))?;
                cpu[side].extend(value(&text, "cpu"));
            }
        }
        for side in [0, 1] {
            cpu[side].sort_by(f64::total_cmp);
            figures[side].cpu = cpu[side].get(cpu[side].len() / 2).copied();
            if !quick && w.exact > 0 {
                figures[side].instructions = Some(self.instructions(side, w)?);
            }
            if !quick && w.exact.max(1_000) > 0 {
                figures[side].calls = Some(self.calls(side, w)?);
            }
        }
        Ok(figures)
    }

    fn instructions(&self, side: usize, w: &Workload) -> Outcome<f64> {
        let file = target().join("bench.callgrind");
        let out = format!("--callgrind-out-file={}", file.display());
        let tool = [
            "valgrind",
            "--tool=callgrind",
            "--collect-atstart=no",
            "--toggle-collect=bench_measured",
            out.as_str(),
        ];
        output(&mut self.command(&tool, side, w, w.exact))?;
        let text = util::read(&file)?;
        let line = text.lines().find_map(|l| l.strip_prefix("totals: ")).ok_or("callgrind gave no totals")?;
        Ok(line.trim().parse::<f64>()? / w.exact as f64)
    }

    /// Two runs of different length: the difference is what the operations cost.
    fn calls(&self, side: usize, w: &Workload) -> Outcome<BTreeMap<String, f64>> {
        let few = if w.exact == 0 { 1_000 } else { w.exact.min(2_000) };
        let many = 3 * few;
        let (less, more) = (self.count_calls(side, w, few)?, self.count_calls(side, w, many)?);
        let mut calls = BTreeMap::new();
        for (name, n) in more {
            let extra = n - less.get(&name).copied().unwrap_or(0.0);
            let each = extra / (many - few) as f64;
            if each > 0.004 {
                calls.insert(name, each);
            }
        }
        Ok(calls)
    }
    fn count_calls(&self, side: usize, w: &Workload, ops: u64) -> Outcome<BTreeMap<String, f64>> {
        let file = target().join("bench.strace");
        let name = file.display().to_string();
        output(&mut self.command(&["strace", "-f", "-c", "-o", &name], side, w, ops))?;
        let mut calls = BTreeMap::new();
        for line in util::read(&file)?.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            // % time, seconds, usecs/call, calls, [errors], name
            let (Some(n), Some(name)) = (words.get(3), words.last()) else { continue };
            if let Ok(n) = n.parse::<f64>()
                && *name != "total"
            {
                calls.insert((*name).to_owned(), n);
            }
        }
        Ok(calls)
    }
}

/// The number after a word.
fn value(text: &str, word: &str) -> Option<f64> {
    let mut words = text.split_whitespace().skip_while(|w| *w != word);
    words.nth(1)?.parse().ok()
}

fn number(n: Option<f64>) -> String {
    n.map_or_else(
        || "-".into(),
        |n| {
            if n < 0.05 {
                "0".into()
            } else if n < 100.0 {
                format!("{n:.1}")
            } else {
                format!("{n:.0}")
            }
        },
    )
}
fn ratio(ours: Option<f64>, theirs: Option<f64>) -> Option<f64> {
    Some(ours? / theirs.filter(|n| *n > 0.0)?)
}
fn total(figures: &Figures) -> Option<f64> {
    figures.calls.as_ref().map(|c| c.values().sum())
}
fn calls(figures: &Figures) -> String {
    let Some(calls) = &figures.calls else { return "-".into() };
    let mut all: Vec<_> = calls.iter().collect();
    all.sort_by(|a, b| b.1.total_cmp(a.1));
    let text: Vec<_> = all.iter().take(8).map(|(name, n)| format!("{name} {n:.2}")).collect();
    if text.is_empty() { "none".into() } else { text.join(", ") }
}

/// Text of a goal and whether it is reached; None where it was not measured.
fn check(goal: &Goal, w: &Workload, results: &BTreeMap<&str, [Figures; 2]>) -> (String, Option<bool>) {
    let Some([ours, theirs]) = results.get(w.name) else { return (String::new(), None) };
    let at_most = |have: Option<f64>, limit: f64| have.map(|h| h <= limit + 0.005);
    match goal {
        CpuRatio(limit) => (format!("CPU <= {limit:.2}x"), at_most(ratio(ours.cpu, theirs.cpu), *limit)),
        CpuNs(limit) => (format!("<= {limit:.0} ns"), at_most(ours.cpu, *limit)),
        Instructions(limit) => (format!("<= {limit:.0} instr"), at_most(ours.instructions, *limit)),
        InstructionRatio(limit) => {
            (format!("instr <= {limit:.2}x"), at_most(ratio(ours.instructions, theirs.instructions), *limit))
        }
        Calls(name, limit) => {
            let plain_client = w.name.starts_with("bufferevent_echo") || w.name.starts_with("http_");
            let own = if plain_client { 2.0 } else { 0.0 };
            let have = ours.calls.as_ref().map(|c| match *name {
                "all" => c.values().sum(),
                "writes" => WRITES.iter().filter_map(|n| c.get(*n)).sum::<f64>() - 1.0,
                "" => c.values().sum::<f64>() - own - c.get("epoll_wait").copied().unwrap_or(0.0),
                "getuid-family" => UIDS.iter().filter_map(|n| c.get(*n)).sum(),
                name => c.get(name).copied().unwrap_or(0.0),
            });
            let what = match *name {
                "" => "calls besides epoll_wait and the client's",
                "all" => "calls",
                name => name,
            };
            (format!("{what} <= {limit:.0}"), at_most(have, *limit + 0.02))
        }
        Above(other, limit) => {
            let base = results.get(other).and_then(|f| f[0].instructions);
            let more = ours.instructions.zip(base).map(|(a, b)| a - b);
            let shown = more.map_or_else(String::new, |m| format!(" (is +{m:.0})"));
            (format!("<= +{limit:.0} instr over {other}{shown}"), at_most(more, *limit))
        }
        Bytes(limit) => (format!("<= {limit:.0} B"), at_most(ours.bytes, *limit)),
    }
}

fn table(chosen: &[&Workload], results: &BTreeMap<&str, [Figures; 2]>) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "| workload | instr | theirs | x | calls | theirs | CPU ns | theirs | x | target | reached |\n\
         |---|---|---|---|---|---|---|---|---|---|---|"
    );
    let (mut reached, mut missed) = (0, Vec::new());
    for w in chosen {
        let Some([ours, theirs]) = results.get(w.name) else { continue };
        let mut goals = Vec::new();
        let mut all = None;
        for (text, good) in w.goals.iter().map(|g| check(g, w, results)) {
            goals.push(text);
            match good {
                Some(good) => all = Some(all.unwrap_or(true) && good),
                None => all = all.filter(|a: &bool| !*a),
            }
        }
        match all {
            Some(true) => reached += 1,
            Some(false) => missed.push(w.name),
            None => {}
        }
        let x = |a, b| ratio(a, b).map_or_else(|| "-".into(), |r| format!("{r:.2}"));
        let verdict = all.map_or("", |a| if a { "yes" } else { "NO" });
        let (cpu, unit) = if ours.bytes.is_some() {
            ((ours.bytes, theirs.bytes), " B")
        } else {
            ((ours.cpu, theirs.cpu), "")
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {}{unit} | {}{unit} | {} | {} | {verdict} |",
            w.name,
            number(ours.instructions),
            number(theirs.instructions),
            x(ours.instructions, theirs.instructions),
            number(total(ours)),
            number(total(theirs)),
            number(cpu.0),
            number(cpu.1),
            x(cpu.0, cpu.1),
            goals.join("; "),
        );
    }
    let _ = writeln!(out, "\n{reached} targets reached, {} missed.\n", missed.len());
    let notes = util::read(root().join("bench/missed.txt")).unwrap_or_default();
    for name in missed {
        let note = notes.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
        let _ = writeln!(out, "- {name}: {}", note.unwrap_or("no reason recorded in bench/missed.txt yet"));
    }
    let _ = writeln!(out, "\nSystem calls of one operation:\n");
    for w in chosen {
        if let Some([ours, theirs]) = results.get(w.name)
            && (ours.calls.as_ref().is_some_and(|c| !c.is_empty())
                || theirs.calls.as_ref().is_some_and(|c| !c.is_empty()))
        {
            let _ = writeln!(out, "- {}: {}; theirs: {}", w.name, calls(ours), calls(theirs));
        }
    }
    out
}

fn heading() -> Outcome<String> {
    let cpu = util::read("/proc/cpuinfo")?;
    let model =
        cpu.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':')).map_or("", |m| m.1.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = output(Command::new("uname").arg("-r"))?;
    let date = output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let commit = output(Command::new("git").args(["rev-parse", "--short", "HEAD"]).current_dir(root()))?;
    let package = output(Command::new("dpkg-query").args(["-W", "-f", "${Version}", "libevent-2.1-7"]))?;
    Ok(format!(
        "# oxievent against libevent\n\n\
         Written by `cargo xtask bench`: one program, our libraries and Debian's libevent-2.1-7 {package}, per operation.\n\
         Machine: {model}, {cores} cores, Linux {}. Date: {}, commit {}.\n\n\
         Instructions are callgrind's and include the workload's own loop; calls are strace's; CPU time is the median of\n\
         interleaved runs and drifts by some 15 %. `x` is ours divided by theirs.\n\n",
        kernel.trim(),
        date.trim(),
        commit.trim(),
    ))
}
