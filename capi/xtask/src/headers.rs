//! `cargo xtask headers`: makes include/ from capi/src/X.rs, src/abi and the text blocks in capi/headers.
//!
//! For each header of `table::HEADERS` the wanted items are collected into one small Rust file (`stage`), cbindgen
//! turns that into C, `shape` gives the C its final form, and the text blocks `X.top.h` (includes, macros that
//! declarations need) and `X.end.h` (function-like macros, variadic functions) are put around it.
mod abi_check;
mod catalogue;
mod constants;
mod docs;
mod shape;
mod stage;
mod table;

use crate::install;
use crate::util::{Args, Outcome, root, say};
use std::fs;
use std::path::PathBuf;

const HELP: &str = "
cargo xtask headers [--check]
cargo xtask headers --abi [--prefix DIR] [--profile NAME]

Writes include/event.h, include/evutil.h and include/event2/*.h from the C functions in capi/src, the layouts in
src/abi and the text blocks in capi/headers.

  --check        write nothing; fail if a header differs from what would be written, or if include/ differs from
                 the recorded C interface (c-tests/abi)
  --abi          write nothing; compare an installation (headers, libraries, .pc files) with it
  --prefix DIR   that installation; otherwise the libraries are built and installed into target/
  --profile NAME cargo profile for that build: release (default) or ci";

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let check_only = args.flag("--check");
    let installed = args.flag("--abi");
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    args.end()?;
    if installed {
        return abi_check::installed(&prefix.map_or_else(|| install::private(&profile), Ok)?);
    }
    if check_only { check() } else { write() }
}

fn write() -> Outcome {
    let mut changed = 0;
    for (path, text) in generate()? {
        if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, text)?;
            say(format!("wrote {}", path.display()));
            changed += 1;
        }
    }
    say(format!("headers: {changed} changed"));
    Ok(())
}

/// Fails when a committed header is not what its sources give, has no source, or breaks the C interface.
pub fn check() -> Outcome {
    let mut wrong = Vec::new();
    let all = generate()?;
    for (path, text) in &all {
        let have = fs::read_to_string(path).unwrap_or_default();
        if have != *text {
            let line = have.lines().zip(text.lines()).position(|(a, b)| a != b);
            let line = line.unwrap_or_else(|| have.lines().count().min(text.lines().count()));
            let (old, new) = (have.lines().nth(line), text.lines().nth(line));
            wrong.push(format!(
                "{}:{}: has {old:?}, would be {new:?}",
                path.strip_prefix(root()).unwrap_or(path).display(),
                line + 1,
            ));
        }
    }
    for folder in ["include", "include/event2"] {
        for entry in fs::read_dir(root().join(folder))? {
            let path = entry?.path();
            if path.is_file() && !all.iter().any(|(p, _)| *p == path) {
                wrong.push(format!("{}: no header of this name is generated", path.display()));
            }
        }
    }
    if wrong.is_empty() {
        say(format!("headers: {} are up to date", all.len()));
        return abi_check::headers();
    }
    Err(format!("run `cargo xtask headers` and commit include/\n  {}", wrong.join("\n  ")).into())
}

/// Every header with its text.
fn generate() -> Outcome<Vec<(PathBuf, String)>> {
    let abi = catalogue::Catalogue::read(&root().join("src/abi"))?;
    let mut out = Vec::new();
    for header in table::HEADERS {
        let text = one(header, &abi).map_err(|e| format!("{}: {e}", header.name))?;
        if let Some(long) = text.lines().find(|l| l.replace('\t', "        ").len() > 80) {
            return Err(format!("{}: wider than 80 columns: {long}", header.name).into());
        }
        if !text.is_ascii() {
            return Err(format!("{}: text that is not ASCII", header.name).into());
        }
        out.push((root().join("include").join(header.name), text));
    }
    Ok(out)
}

fn one(header: &table::Header, abi: &catalogue::Catalogue) -> Outcome<String> {
    let block = |part: &str| -> Outcome<String> {
        let path = root().join("capi/headers").join(header.name.replace(".h", &format!(".{part}.h")));
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().to_string() + "\n"),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(e) => Err(format!("{}: {e}", path.display()).into()),
        }
    };
    let (top, end) = (block("top")?, block("end")?);
    let constants = constants::of(header, abi)?;
    let body =
        if header.is_plain() { String::new() } else { shape::shape(&stage::to_c(header, abi)?, header, abi) };
    let mut out = format!("/* Made by cargo xtask headers. Sources: {} */\n", header.origin());
    out += &format!("#ifndef {0}\n#define {0}\n\n", header.guard());
    out += &top;
    if !constants.is_empty() {
        out += &format!("\n{constants}");
    }
    if !body.is_empty() || !end.is_empty() {
        let linkage = !header.macros_only;
        if linkage {
            out += "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
        }
        for part in [&body, &end] {
            if !part.is_empty() {
                out += &format!("\n{part}");
            }
        }
        if linkage {
            out += "\n#ifdef __cplusplus\n}\n#endif\n";
        }
    }
    out += &format!("\n#endif /* {} */\n", header.guard());
    Ok(out)
}
