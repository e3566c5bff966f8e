//! c-tests/windows: C and C++ programs that users of the libraries could have written, run under Wine.
use super::{STATIC, tool};
use crate::platforms::{Report, wine};
use crate::util::{Outcome, output, root, say, target};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every header alone, in each language that the original's headers can be used from.
const LANGUAGES: &[&str] = &[
    "gcc -std=c89",
    "gcc -std=c99",
    "gcc -std=gnu17",
    "g++ -std=c++98",
    "g++ -std=c++11",
    "g++ -std=gnu++20",
];
/// -levent..., in the ways that the libraries can be combined; the first is the usual one.
const MIXES: &[&str] = &[
    "-levent",
    "-levent_extra -levent_core",
    "-levent_core -levent",
    "-levent_extra -levent",
    "-levent_core -levent_extra -levent",
];

/// Programs whose names begin so show a failing of Wine's without any of our libraries.
const PROOF: &str = "wine_";
/// A DLL, and the proof that ends Wine's server.
const NOT_RUN: &[&str] = &["bcryptprimitives", "wine_server"];

/// The programs, with IOCP and without, on the DLLs and on the static library.
pub fn programs(prefix: &Path, report: &mut Report) -> Outcome {
    report.check("headers in C and C++", headers(prefix));
    let work = target().join("windows/programs");
    std::fs::create_dir_all(&work)?;
    // Windows looks for DLLs beside the program first.
    for entry in std::fs::read_dir(prefix.join("bin"))? {
        let path = entry?.path();
        if let (Some(name), true) = (path.file_name(), path.extension().is_some_and(|e| e == "dll")) {
            std::fs::copy(&path, work.join(name))?;
        }
    }
    let mut sources: Vec<PathBuf> = std::fs::read_dir(root().join("c-tests/windows"))?
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "c" || e == "cc"))
        .filter(|p| p.file_stem().is_some_and(|s| !NOT_RUN.iter().any(|n| s == *n)))
        .collect();
    sources.sort();
    for source in &sources {
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        if name.starts_with(PROOF) {
            report.check(&format!("{name}: Wine's own"), proof(source, &work.join(format!("{name}.exe"))));
            continue;
        }
        let program = work.join(format!("{name}.exe"));
        compile(prefix, source, &program, MIXES[0])?;
        report.test(&format!("{name}, DLL"), &mut run(&program)?)?;
        report.test(&format!("{name}, DLL, IOCP"), run(&program)?.arg("iocp"))?;
        let program = work.join(format!("{name}-static.exe"));
        compile(prefix, source, &program, "-Wl,-Bstatic -levent")?;
        report.test(&format!("{name}, static"), &mut run(&program)?)?;
    }
    // One state, whatever is linked.
    let mixed = root().join("c-tests/windows/mixed.c");
    for (at, mix) in MIXES.iter().enumerate().skip(1) {
        for (how, prefix_words) in [("DLLs", ""), ("static", "-Wl,-Bstatic ")] {
            let program = work.join(format!("mixed-{at}-{how}.exe"));
            compile(prefix, &mixed, &program, &format!("{prefix_words}{mix}"))?;
            report.test(&format!("{mix}, {how}"), &mut run(&program)?)?;
        }
    }
    Ok(())
}

/// A program under Wine, that must end within a minute.
fn run(program: &Path) -> Outcome<Command> {
    let mut cmd = Command::new(wine::runner()?);
    cmd.arg(program).env(wine::LIMIT, "60");
    Ok(cmd)
}
/// A program that ends with 1 where Wine fails, and with 0 where all is as on Windows.
fn proof(source: &Path, program: &Path) -> Outcome {
    let mut cc = tool("gcc");
    cc.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-static-libgcc", "-o"])
        .args([program, source]);
    output(cc.arg("-lws2_32"))?;
    match run(program)?.status()?.code() {
        Some(1) => Ok(()),
        Some(0) => {
            say(format!("{}: this Wine is right, so the allowance for it can go", source.display()));
            Ok(())
        }
        other => Err(format!("ended with {other:?}").into()),
    }
}

fn compile(prefix: &Path, source: &Path, to: &Path, libraries: &str) -> Outcome {
    let (compiler, standard) = if source.extension().is_some_and(|e| e == "cc") {
        ("g++", "-std=gnu++17")
    } else {
        ("gcc", "-std=gnu11")
    };
    let mut cc = tool(compiler);
    cc.args([standard, "-O1", "-Wall", "-Wextra", "-Werror", "-static-libgcc", "-static-libstdc++"]);
    // mingw's gcc takes printf formats for those of msvcrt; the library takes C's as well.
    cc.args(["-Wno-format", "-Wno-format-extra-args", "-I"]).arg(prefix.join("include")).arg("-o");
    cc.args([to, source]).arg(format!("-L{}", prefix.join("lib").display()));
    output(cc.args(libraries.split_whitespace()).args(STATIC.split_whitespace())).map(drop)
}

fn headers(prefix: &Path) -> Outcome {
    say("compiling every header alone");
    let include = prefix.join("include");
    let mut names: Vec<String> = Vec::new();
    for folder in ["", "event2/"] {
        for entry in std::fs::read_dir(include.join(folder))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".h") {
                names.push(format!("{folder}{name}"));
            }
        }
    }
    let source = target().join("windows/header.c");
    for name in &names {
        // As with the original, a few need another before them.
        let before = if name == "event2/dns_compat.h" { "#include <event2/dns.h>\n" } else { "" };
        crate::util::write(&source, format!("{before}#include <{name}>\n#include <{name}>\nint x;\n"))?;
        for language in LANGUAGES {
            let mut words = language.split(' ');
            let mut cc = tool(words.next().unwrap_or_default());
            cc.args(words).args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]);
            cc.args(["-x", if language.starts_with("g++") { "c++" } else { "c" }]).arg("-I").arg(&include);
            output(cc.arg(&source)).map_err(|e| format!("{name}, {language}: {e}"))?;
        }
    }
    Ok(())
}
