//! Runs the tests, each in its own process, some at once, and judges them.
use super::build::Suite;
use super::expected::{Expected, Want};
use super::variant::Variant;
use crate::util::say;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A test inside the program `regress`.
    Regress,
    /// A small program that says by its exit code whether all is well.
    Program,
    /// Its output is compared by the original's own script.
    DumpEvents,
    RateLimit(&'static str),
}

pub(super) struct Job {
    pub(super) variant: Variant,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) off: bool,
}
impl Job {
    fn title(&self) -> String {
        format!("{} [{}]", self.name, self.variant.name())
    }
}

enum Ended {
    Passed,
    Skipped,
    Failed(String),
}

struct Verdict {
    job: Job,
    ended: Ended,
    seconds: f64,
    /// How often it was run again, alone.
    reruns: u32,
    ok: bool,
}

/// Seconds for one process; the suite itself ends a test after 30.
const LIMIT: u32 = 75;
const LIMIT_VALGRIND: u32 = 280;

fn command(suite: &Suite, job: &Job, valgrind: Option<&Expected>) -> Command {
    let limit = if valgrind.is_some() { LIMIT_VALGRIND } else { LIMIT };
    let mut cmd = Command::new("timeout");
    cmd.args(["-k", "5", &limit.to_string()]);
    if let Some(expected) = valgrind {
        let leaks = if expected.leaks(&job.name) { "--leak-check=no" } else { "--leak-check=full" };
        cmd.args(["valgrind", "-q", "--error-exitcode=99", leaks, "--num-callers=30"]);
        cmd.args(["--errors-for-leak-kinds=definite", "--show-leak-kinds=definite", "--track-fds=no"]);
    }
    match &job.kind {
        Kind::Regress => {
            cmd.args(suite.words("regress"));
            if valgrind.is_some() {
                cmd.args(["--timeout", "240"]);
            }
            cmd.arg(if job.off { format!("+{}", job.name) } else { job.name.clone() });
        }
        Kind::Program => {
            cmd.args(suite.words(program(job)));
        }
        Kind::DumpEvents => {
            cmd.args(["sh", "-c", r#"out=$("$@") && printf '%s\n' "$out" | python3 "$0""#]);
            cmd.arg(suite.script()).args(suite.words("test-dumpevents"));
        }
        Kind::RateLimit(line) => {
            cmd.args(suite.words("test-ratelim")).args(line.split(' '));
        }
    }
    suite.prepare(&mut cmd);
    job.variant.apply(&mut cmd);
    cmd
}

fn program(job: &Job) -> &str {
    job.name.split('/').nth(1).unwrap_or_default()
}

fn run_one(suite: &Suite, job: &Job, valgrind: Option<&Expected>) -> Ended {
    let out = match command(suite, job, valgrind).stdin(std::process::Stdio::null()).output() {
        Ok(out) => out,
        Err(e) => return Ended::Failed(format!("cannot start it: {e}")),
    };
    let text = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    if !out.status.success() {
        let how = match (out.status.code(), out.status.signal()) {
            (Some(124 | 137), _) => "took too long".to_owned(),
            (Some(code), _) => format!("exit code {code}"),
            (_, signal) => format!("signal {}", signal.unwrap_or(0)),
        };
        return Ended::Failed(format!("{how}\n{}", shorten(&text)));
    }
    if job.kind != Kind::Regress {
        return Ended::Passed;
    }
    if text.contains("SKIPPED") || text.contains("DISABLED") {
        Ended::Skipped
    } else if text.contains("1 tests ok.") {
        Ended::Passed
    } else {
        Ended::Failed(format!("no result\n{}", shorten(&text)))
    }
}

/// The first and the last lines of a long output.
fn shorten(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= 60 {
        return lines.iter().map(|l| format!("    {l}\n")).collect();
    }
    let (head, tail) = (&lines[..30], &lines[lines.len() - 25..]);
    let mut out: String = head.iter().map(|l| format!("    {l}\n")).collect();
    out += "    [...]\n";
    out.extend(tail.iter().map(|l| format!("    {l}\n")));
    out
}

fn judge(suite: &Suite, expected: &Expected, job: &Job, ended: &Ended, valgrind: bool) -> Result<(), String> {
    match (ended, expected.want(job)) {
        // Valgrind slows everything down: of a test that compares clocks only the errors of memory count, whose
        // lines begin with ==.
        (Ended::Failed(why), _)
            if valgrind
                && expected.is_timing(&job.name)
                && !why.lines().any(|l| l.trim_start().starts_with("==")) =>
        {
            Ok(())
        }
        (Ended::Passed, Want::Pass) | (Ended::Skipped, Want::Skip) | (Ended::Failed(_), Want::Fail) => Ok(()),
        (Ended::Passed, _) if job.off => Ok(()),
        (Ended::Skipped, Want::Pass) if suite.lacks_for(&job.name) => Ok(()),
        (Ended::Failed(why), _) => Err(why.clone()),
        (Ended::Passed, want) => Err(format!("passes, but expected.txt says {want:?}: correct the file")),
        (Ended::Skipped, want) => Err(format!("skips itself, but expected.txt says {want:?}")),
    }
}

pub(super) fn run_all(
    suite: &Suite,
    expected: &Expected,
    jobs: Vec<Job>,
    at_once: usize,
    valgrind: bool,
) -> Report {
    let total = jobs.len();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Mutex<Vec<(usize, Ended, f64)>> = Mutex::new(Vec::with_capacity(total));
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(total) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let start = Instant::now();
                    let ended = run_one(suite, job, valgrind.then_some(expected));
                    if let Err(why) = judge(suite, expected, job, &ended, valgrind) {
                        say(format!("{}: {}", job.title(), why.trim_end()));
                    }
                    if let Ok(mut all) = results.lock() {
                        all.push((at, ended, start.elapsed().as_secs_f64()));
                    }
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if done % 200 == 0 {
                        say(format!("{done} of {total} tests done"));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|r| r.0);
    let mut verdicts = Vec::new();
    for (job, (_, mut ended, seconds)) in jobs.into_iter().zip(results) {
        let mut reruns = 0;
        while judge(suite, expected, &job, &ended, valgrind).is_err()
            && expected.is_timing(&job.name)
            && reruns < expected.reruns(&job.name)
        {
            reruns += 1;
            say(format!("{}: compares clocks, run again alone ({reruns})", job.title()));
            ended = run_one(suite, &job, valgrind.then_some(expected));
        }
        let ok = judge(suite, expected, &job, &ended, valgrind).is_ok();
        verdicts.push(Verdict { job, ended, seconds, reruns, ok });
    }
    Report { verdicts }
}

pub(super) struct Report {
    verdicts: Vec<Verdict>,
}
pub(super) struct Row {
    pub(super) variant: Variant,
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    pub(super) seconds: f64,
}
impl Report {
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for v in &self.verdicts {
            if rows.last().is_none_or(|r| r.variant != v.job.variant) {
                rows.push(Row { variant: v.job.variant, passed: 0, failed: 0, skipped: 0, seconds: 0.0 });
            }
            let Some(row) = rows.last_mut() else { continue };
            row.seconds += v.seconds;
            match (&v.ended, v.ok) {
                (_, false) => row.failed += 1,
                (Ended::Skipped, _) => row.skipped += 1,
                _ => row.passed += 1,
            }
        }
        rows
    }
    pub(super) fn failed(&self) -> Vec<String> {
        self.verdicts.iter().filter(|v| !v.ok).map(|v| v.job.title()).collect()
    }
    pub(super) fn rerun(&self) -> Vec<String> {
        self.verdicts.iter().filter(|v| v.ok && v.reruns > 0).map(|v| v.job.title()).collect()
    }
}
