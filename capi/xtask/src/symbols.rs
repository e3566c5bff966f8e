//! `cargo xtask symbols`: the export lists.
//!
//! What capi/ defines is held against what the original publishes (c-tests/abi/symbols). The result is
//! capi/symbols/LIB.txt, one list per library, from which the jump table and the companions are made, and
//! known-gaps.txt, the published names that do not exist yet. An internal name is exported only if
//! capi/symbols/internal.txt gives the reason. What only Windows has stands in capi/symbols/windows.txt.
use crate::util::{Args, Outcome, read, root, say, write};
use object::read::elf::{ElfFile, FileHeader};
use object::{Endianness, Object as _, ObjectSymbol as _, SymbolKind, elf};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const HELP: &str = "
cargo xtask symbols [--check]

Writes capi/symbols/{core,extra,openssl,pthreads}.txt (what each library exports, sorted) from the sources in
capi/, and takes the names that exist by now out of known-gaps.txt. With --check nothing is written: a difference
is an error.";

/// The libraries that have names of their own, and the sources that may define them. libevent is core and extra.
pub const LIBRARIES: [&str; 4] = ["core", "extra", "openssl", "pthreads"];
const GAPS: &str = "known-gaps.txt";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    Func,
    Data,
}

impl Kind {
    fn word(self) -> &'static str {
        if self == Kind::Func { "func" } else { "data" }
    }
    fn parse(word: &str) -> Option<Kind> {
        [Kind::Func, Kind::Data].into_iter().find(|k| k.word() == word)
    }
}

/// Exported names, sorted by byte value (as LC_ALL=C sorts).
pub type Names = BTreeMap<String, Kind>;

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let check = args.flag("--check");
    args.end()?;
    update(check)
}

/// Writes the lists, or with `check` reports what is not as it should be.
pub fn update(check: bool) -> Outcome {
    let mut problems = Vec::new();
    let mut gaps = gaps()?;
    let mut defined = defined(System::Unix)?;
    let mut known = BTreeSet::new();
    for library in LIBRARIES {
        let wanted = wanted(library)?;
        let mut list = Names::new();
        let mut missing = 0;
        for (name, kind) in wanted {
            match (defined.remove(&name), gaps.contains_key(&name)) {
                (Some(found), _) if found != kind => {
                    problems.push(format!("{name} must be {}", kind.word()));
                }
                (Some(_), gap) => {
                    if gap && check {
                        problems.push(format!("{name} exists now: take it out of {GAPS}"));
                    }
                    gaps.remove(&name);
                    list.insert(name.clone(), kind);
                }
                (None, true) => missing += 1,
                (None, false) => {
                    problems.push(format!("{name} of {library} is not defined, and {GAPS} may not grow"))
                }
            }
            known.insert(name);
        }
        settle(&list_path(library), &to_text(&list), check, &mut problems)?;
        say(format!("libevent_{library}: {} names exported, {missing} known gaps", list.len()));
    }
    for name in defined.keys() {
        problems.push(format!("{name} is exported but neither public nor in capi/symbols/internal.txt"));
    }
    let of_windows = self::defined(System::Windows)?;
    let listed: Names = reasoned(WINDOWS)?.into_iter().map(|(name, _, kind)| (name, kind)).collect();
    for name in of_windows.keys().filter(|n| !known.contains(*n) && !listed.contains_key(*n)) {
        problems.push(format!("{name} is exported on Windows: {WINDOWS} does not know it"));
    }
    for name in listed.iter().filter(|(n, kind)| of_windows.get(*n) != Some(*kind)).map(|(n, _)| n) {
        problems.push(format!("{WINDOWS}: {name} is not defined"));
    }
    for name in gaps.keys().filter(|n| !known.contains(*n)) {
        problems.push(format!("{GAPS}: {name} is not a name we want"));
    }
    if !check {
        let old = read(root().join(GAPS))?;
        let kept = |line: &&str| {
            line.is_empty()
                || line.starts_with('#')
                || gaps.contains_key(line.split(' ').next().unwrap_or_default())
        };
        let text: String = old.lines().filter(kept).flat_map(|l| [l, "\n"]).collect();
        settle(&root().join(GAPS), &text, false, &mut problems)?;
    }
    if problems.is_empty() {
        return Ok(());
    }
    let hint = "`cargo xtask symbols` writes the lists anew";
    Err(format!("{} problems; {hint}\n  {}", problems.len(), problems.join("\n  ")).into())
}

fn settle(path: &Path, text: &str, check: bool, problems: &mut Vec<String>) -> Outcome {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if check {
        problems.push(format!("{} is out of date", path.display()));
        return Ok(());
    }
    write(path, text)
}

fn list_path(library: &str) -> PathBuf {
    root().join(format!("capi/symbols/{library}.txt"))
}

fn parse_list(path: &Path) -> Outcome<Names> {
    let mut names = Names::new();
    for line in read(path)?.lines() {
        let (name, kind) = line.split_once(' ').ok_or_else(|| format!("{}: {line:?}", path.display()))?;
        let kind = Kind::parse(kind).ok_or_else(|| format!("{}: {line:?}", path.display()))?;
        names.insert(name.to_owned(), kind);
    }
    Ok(names)
}

/// What capi/symbols says that libevent_`library` exports; "" stands for libevent itself.
pub fn exported(library: &str) -> Outcome<Names> {
    if library.is_empty() {
        let mut all = parse_list(&list_path("core"))?;
        all.extend(parse_list(&list_path("extra"))?);
        return Ok(all);
    }
    parse_list(&list_path(library))
}

fn to_text(names: &Names) -> String {
    names.iter().map(|(name, kind)| format!("{name} {}\n", kind.word())).collect()
}

/// What libevent_`library` shall export: the original's public names, and ours of internal.txt.
fn wanted(library: &str) -> Outcome<Names> {
    let mut names = parse_list(&root().join(format!("c-tests/abi/symbols/libevent_{library}.txt")))?;
    let internal = reasoned(INTERNAL)?.into_iter().filter(|(_, of, _)| of == library);
    names.extend(internal.map(|(name, _, kind)| (name, kind)));
    Ok(names)
}

/// What a DLL of Windows exports: the names of `exported` that exist there, and those that only exist there.
pub fn exported_on_windows(library: &str) -> Outcome<Names> {
    let there = defined(System::Windows)?;
    let mut names = exported(library)?;
    let more = reasoned(WINDOWS)?.into_iter().filter(|(_, of, _)| library.is_empty() || of == library);
    names.extend(more.map(|(name, _, kind)| (name, kind)));
    names.retain(|name, _| there.contains_key(name));
    Ok(names)
}

const INTERNAL: &str = "capi/symbols/internal.txt";
const WINDOWS: &str = "capi/symbols/windows.txt";

/// A list whose lines are `name library kind reason`.
fn reasoned(file: &str) -> Outcome<Vec<(String, String, Kind)>> {
    let mut all = Vec::new();
    let mut last = String::new();
    for line in read(root().join(file))?.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let mut words = line.splitn(4, ' ');
        let (Some(name), Some(of), Some(kind), Some(_reason)) =
            (words.next(), words.next(), words.next().and_then(Kind::parse), words.next())
        else {
            return Err(format!("{file}: {line:?} is not `name library kind reason`").into());
        };
        if *name <= *last {
            return Err(format!("{file}: {name} is out of order (LC_ALL=C sort)").into());
        }
        last = name.to_owned();
        all.push((last.clone(), of.to_owned(), kind));
    }
    Ok(all)
}

/// known-gaps.txt: name -> rest of its line.
pub fn gaps() -> Outcome<BTreeMap<String, String>> {
    let text = read(root().join(GAPS))?;
    let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    Ok(lines
        .map(|l| l.split_once(' ').unwrap_or((l, "")))
        .map(|(n, r)| (n.to_owned(), r.to_owned()))
        .collect())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum System {
    Unix,
    Windows,
}

/// All names that the sources of capi/ define for C.
fn defined(system: System) -> Outcome<Names> {
    let capi = root().join("capi");
    let mut names = Names::new();
    let mut hidden = Vec::new();
    let folders: &[&str] = match system {
        System::Unix => &["src", "pthreads/src", "openssl/src"],
        System::Windows => &["src"],
    };
    for folder in folders {
        let Ok(files) = std::fs::read_dir(capi.join(folder)) else { continue };
        for file in files {
            let path = file?.path();
            match path.extension().and_then(|e| e.to_str()) {
                Some("rs") => rust_names(&read(&path)?, system, &mut names),
                Some("c") => {
                    let text = read(&path)?;
                    c_names(&text, &mut names);
                    hidden.extend(text.lines().filter_map(hidden_name));
                }
                _ => {}
            }
        }
    }
    for name in hidden {
        names.remove(&name);
    }
    Ok(names)
}

/// The name in a C declaration of a Rust function that C alone calls: `HIDDEN` keeps the linker from exporting it.
fn hidden_name(line: &str) -> Option<String> {
    let (head, _) = line.strip_prefix("HIDDEN ")?.split_once('(')?;
    head.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned)
}

/// The item after each `#[unsafe(no_mangle)]`, unless it is another system's; one under `#[cfg(cbindgen)]` is only
/// text for the headers.
fn rust_names(text: &str, system: System, names: &mut Names) {
    let elsewhere = match system {
        System::Unix => "#[cfg(windows)]",
        System::Windows => "#[cfg(not(windows))]",
    };
    if text.lines().any(|line| line.replace("#!", "#") == elsewhere && line.starts_with("#!")) {
        return;
    }
    let mut exported = false;
    let mut for_headers = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[cfg(cbindgen)]") || line == elsewhere {
            for_headers = true;
        } else if line.starts_with("#[unsafe(no_mangle)]") {
            exported = true;
        } else if line.starts_with('#') || line.starts_with("//") {
            continue;
        } else {
            let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let item = words.iter().position(|w| matches!(*w, "fn" | "static"));
            if let (true, false, Some(at)) = (exported, for_headers, item) {
                let kind = if words[at] == "fn" { Kind::Func } else { Kind::Data };
                if let Some(name) = words[at + 1..].iter().find(|w| !matches!(**w, "" | "mut")) {
                    names.insert((*name).to_owned(), kind);
                }
            }
            (exported, for_headers) = (false, false);
        }
    }
}

/// Each declaration that starts with `EXPORT`.
fn c_names(text: &str, names: &mut Names) {
    for line in text.lines().filter_map(|l| l.strip_prefix("EXPORT ")) {
        // An attribute macro stands before the type: FMT(3, 0) int name(...)
        let line = match line.split_once(") ") {
            Some((attribute, rest))
                if attribute.starts_with("FMT(") || attribute.starts_with("NORETURN FMT(") =>
            {
                rest
            }
            _ => line,
        };
        let (head, kind) = match line.split_once('(') {
            Some((head, _)) if !head.contains('=') => (head, Kind::Func),
            _ => (line.split(['=', ';', '[']).next().unwrap_or_default(), Kind::Data),
        };
        let name = head.split(|c: char| !c.is_alphanumeric() && c != '_').rfind(|w| !w.is_empty());
        if let Some(name) = name {
            names.insert(name.to_owned(), kind);
        }
    }
}

/// What a built shared library says of itself.
pub struct Library {
    pub exports: Names,
    /// Size and first bytes of each exported data symbol (all zero where the file holds none).
    pub data: BTreeMap<String, Vec<u8>>,
    pub soname: String,
    pub needed: Vec<String>,
    /// Of the ELF header.
    pub machine: u16,
    /// Bytes of a pointer.
    pub pointer: usize,
}

/// Reads a shared library.
pub fn library(path: &Path) -> Outcome<Library> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    // The fifth byte of every ELF file tells.
    if bytes.get(4) == Some(&elf::ELFCLASS32) {
        read_library::<elf::FileHeader32<Endianness>>(&bytes, 4)
    } else {
        read_library::<elf::FileHeader64<Endianness>>(&bytes, 8)
    }
}

fn read_library<Elf>(bytes: &[u8], pointer: usize) -> Outcome<Library>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let file = ElfFile::<Elf>::parse(bytes)?;
    let mut lib = Library {
        exports: Names::new(),
        data: BTreeMap::new(),
        soname: String::new(),
        needed: Vec::new(),
        machine: file.elf_header().e_machine(file.endian()),
        pointer,
    };
    for symbol in file.dynamic_symbols().filter(|s| s.is_definition() && !s.is_local()) {
        let name = symbol.name()?.to_owned();
        let kind = if symbol.kind() == SymbolKind::Text { Kind::Func } else { Kind::Data };
        if kind == Kind::Data {
            let mut content = vec![0; usize::try_from(symbol.size())?];
            let section = symbol.section_index().map(|i| file.section_by_index(i)).transpose()?;
            if let Some(section) = section {
                use object::ObjectSection as _;
                if let Ok(Some(there)) = section.data_range(symbol.address(), symbol.size()) {
                    content.copy_from_slice(there);
                }
            }
            lib.data.insert(name.clone(), content);
        }
        lib.exports.insert(name, kind);
    }
    let endian = file.endian();
    let sections = file.elf_header().sections(endian, bytes)?;
    if let Some((entries, strings)) = sections.dynamic(endian, bytes)? {
        let strings = sections.strings(endian, bytes, strings)?;
        for entry in entries {
            use object::read::elf::Dyn as _;
            let text = || -> Outcome<String> {
                let text = entry.string(endian, strings)?;
                Ok(String::from_utf8_lossy(text).into_owned())
            };
            match entry.tag32(endian) {
                Some(elf::DT_SONAME) => lib.soname = text()?,
                Some(elf::DT_NEEDED) => lib.needed.push(text()?),
                _ => {}
            }
        }
    }
    Ok(lib)
}

/// Fails unless a built library exports exactly the names of its list, and `beside` if given.
pub fn verify(path: &Path, library_name: &str, beside: Option<&str>) -> Outcome {
    let have = library(path)?.exports;
    let mut want = exported(library_name)?;
    want.extend(beside.map(|name| (name.to_owned(), Kind::Data)));
    let lacking = want.iter().filter(|(n, k)| have.get(*n) != Some(k)).map(|(n, _)| format!("lacks {n}"));
    let beyond = have.keys().filter(|n| !want.contains_key(*n)).map(|n| format!("also exports {n}"));
    let all: Vec<String> = lacking.chain(beyond).collect();
    if all.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}: not its export list (run `cargo xtask symbols`):\n  {}",
        path.display(),
        all.join("\n  ")
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_rust() {
        let mut names = Names::new();
        let text = "/// Text.\n#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn event_new(\n    base: *mut x,\n) {}\n\
             #[unsafe(no_mangle)]\npub static mut event_x_: u32 = 0;\npub fn not_this() {}\n\
             /// cbindgen:postfix=A\n#[cfg(cbindgen)]\n#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn only_text() {}\n\
             #[cfg(windows)]\n#[unsafe(no_mangle)]\npub unsafe extern \"C\" fn there() {}\n";
        rust_names(text, System::Unix, &mut names);
        let want = [("event_new", Kind::Func), ("event_x_", Kind::Data)];
        assert_eq!(names, want.map(|(n, k)| (n.to_owned(), k)).into());
        rust_names(text, System::Windows, &mut names);
        assert_eq!(names.get("there"), Some(&Kind::Func));
        rust_names(&format!("#![cfg(windows)]\n{text}"), System::Unix, &mut names);
        assert_eq!(names.len(), 3);
    }

    #[test]
    fn names_in_c() {
        let mut names = Names::new();
        c_names(
            "EXPORT FMT(3, 0) int evutil_vsnprintf(char *buf)\n{\nEXPORT ev_uint32_t event_debug_logging_mask_ = 0;\n\
             EXPORT char *plain(void)\nextern int other(void);\n",
            &mut names,
        );
        let want = [
            ("evutil_vsnprintf", Kind::Func),
            ("event_debug_logging_mask_", Kind::Data),
            ("plain", Kind::Func),
        ];
        assert_eq!(names, want.map(|(n, k)| (n.to_owned(), k)).into());
    }
}
