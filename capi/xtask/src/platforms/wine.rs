//! Windows under Wine: the prefix (Wine's idea of a disk), the DLL that Wine 8 lacks, and how to run a program there.
use super::{Platform, cross, folder};
use crate::util::{self, Outcome, output};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

pub const TARGET: &str = "x86_64-pc-windows-gnu";
pub const CC: &str = "x86_64-w64-mingw32-gcc";
/// What building for Windows and running it here needs.
pub const PACKAGES: &[&str] = &[
    cross::RUST[0],
    cross::RUST[1],
    cross::RUST[2],
    "gcc-mingw-w64-x86-64-win32",
    "gcc-mingw-w64-x86-64-posix",
    "g++-mingw-w64-x86-64-win32",
    "wine64",
];
const WINE: &str = "/usr/lib/wine/wine64";
const SERVER: &str = "/usr/lib/wine/wineserver64";
/// The environment variable with the seconds that the runner gives a program.
pub const LIMIT: &str = "OXIEVENT_WINE_LIMIT";

/// While it lives, Wine may run; afterwards none of its processes do.
pub struct Session;
impl Drop for Session {
    fn drop(&mut self) {
        let prefix = place().join("prefix");
        let _ = Command::new(SERVER).arg("-k").env("WINEPREFIX", &prefix).status();
        // A server that crashed leaves its programs behind: those that have our prefix in their environment.
        let mark = format!("WINEPREFIX={}", prefix.display());
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            if environment.split(|b| *b == 0).any(|e| e == mark.as_bytes()) {
                let _ = Command::new("kill").arg("-9").arg(process.file_name()).status();
            }
        }
    }
}
fn place() -> PathBuf {
    folder().join("wine")
}

pub const ALL: &[Platform] = &[Platform {
    name: "windows-engine",
    means: super::Means::Run,
    about: "the engine's tests under Wine",
    packages: PACKAGES,
    work: engine_tests,
}];

/// The script that runs a Windows program given as its first argument: what cargo calls a runner. The prefix is made
/// when it is asked for first.
///
/// It ends the program after a time, shows its output when it has ended, and starts it again if Wine's server, which all
/// programs share, has crashed meanwhile (c-tests/windows/WINE.md).
pub fn runner() -> Outcome<PathBuf> {
    static PLACE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PLACE.get_or_init(|| prepare().map_err(|e| e.to_string())).clone().map_err(Into::into)
}
fn prepare() -> Outcome<PathBuf> {
    let place = place();
    let (prefix, script) = (place.join("prefix"), place.join("run"));
    std::fs::create_dir_all(&place)?;
    // Wine's own chatter, and its questions about .NET and HTML, are switched off. The server lives on for a while, so that the
    // next program starts at once; what it says goes to a file, to be looked at when a program fails.
    let text = format!(
        r#"#!/bin/sh
# Made by xtask: runs a Windows program.
export WINEPREFIX='{}' WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
log='{}/server.log'
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
touch "$log"
for try in 1 2 3 4; do
    {SERVER} -p20 2>>"$log"
    before=$(wc -c <"$log")
    timeout --kill-after=5 "${{{LIMIT}:-100}}" {WINE} "$@" >"$out" 2>&1
    result=$?
    if [ $result = 0 ] || [ "$(wc -c <"$log")" = "$before" ]; then break; fi
    echo "$1: Wine's server crashed ($(tail -n 1 "$log")): once more" >&2
done
cat "$out"
exit $result
"#,
        prefix.display(),
        place.display()
    );
    if std::fs::read_to_string(&script).ok().as_deref() != Some(text.as_str()) {
        std::fs::write(&script, text)?;
        output(Command::new("chmod").arg("+x").arg(&script))?;
    }
    let system = prefix.join("drive_c/windows/system32");
    let dll = system.join("bcryptprimitives.dll");
    if !dll.is_file() {
        util::say("making Wine's prefix");
        output(Command::new(&script).args(["wineboot", "-i"]))?;
        let source = util::root().join("c-tests/windows/bcryptprimitives.c");
        let fresh = place.join("bcryptprimitives.dll");
        let mut cc = Command::new(CC);
        cc.args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-o"]).arg(&fresh).arg(source);
        output(cc.arg("-ladvapi32"))?;
        std::fs::copy(fresh, dll)?;
    }
    Ok(script)
}
/// Debian's cargo for Windows, with Wine as the runner of what it builds.
pub fn cargo(words: &[&str]) -> Outcome<Command> {
    let mut cmd = cross::cargo_for(words, TARGET);
    // Tests unwind; with a profile that aborts, cargo would build two versions of std and mix them up.
    cmd.env("CARGO_PROFILE_DEV_PANIC", "unwind");
    cmd.env(cross::variable(TARGET, "RUNNER"), runner()?);
    Ok(cmd)
}

fn engine_tests(report: &mut super::Report) -> Outcome {
    report.runs("under Wine");
    let _wine = Session;
    report.test("the engine's tests", &mut cargo(&["test", "--no-fail-fast", "-p", "oxievent"])?)?;
    Ok(())
}
