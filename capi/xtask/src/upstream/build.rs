//! Compiles the suite: its unmodified sources, our internal headers, the installed public headers and libraries.
use super::expected::Expected;
use super::run::Kind;
use super::{Elsewhere, Test};
use crate::util::{self, Outcome, root, say, target};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files of the `regress` program.
pub const REGRESS: &[&str] = &[
    "regress",
    "regress_buffer",
    "regress_bufferevent",
    "regress_dns",
    "regress_et",
    "regress_finalize",
    "regress_http",
    "regress_listener",
    "regress_main",
    "regress_minheap",
    "regress_rpc",
    "regress_ssl",
    "regress_testutils",
    "regress_thread",
    "regress_util",
    "regress_zlib",
    "regress.gen",
    "tinytest",
];
const PROGRAMS: &[&str] = &[
    "test-init",
    "test-eof",
    "test-weof",
    "test-closed",
    "test-time",
    "test-changelist",
    "test-fdleak",
    "test-dumpevents",
    "test-ratelim",
];
/// The command lines of the original's test-ratelim.sh.
const RATE_LIMITS: &[&str] = &[
    "-g 30000 -n 30 -t 100 --check-grouplimit 1000 --check-stddev 100",
    "-c 1000 -n 30 -t 100 --check-connlimit 50 --check-stddev 50",
    "-c 1000 -g 30000 -n 30 -t 100 --check-grouplimit 1000 --check-connlimit 50 --check-stddev 50",
    "-c 1000 -g 35000 -n 30 -t 100 -G 500 --check-grouplimit 1000 --check-connlimit 50 --check-stddev 50",
];
/// None of them is asked of the system: whatever is missing in our libraries is told, and the link goes on.
const LINK: &[&str] = &["-rdynamic", "-Wl,-z,lazy", "-Wl,--warn-unresolved-symbols", "-Wl,--no-as-needed"];

pub(super) struct Suite {
    folder: PathBuf,
    prefix: PathBuf,
    runner: Vec<String>,
    /// Some libraries are missing, and with them some tests.
    without: Vec<String>,
    /// Libraries besides ours.
    libraries: Vec<&'static str>,
}

/// The original's folder inside the fetched package.
pub fn original() -> Outcome<PathBuf> {
    let text = util::output(util::cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let end =
        text.find("libevent-sys-0.4.0/Cargo.toml\"").ok_or("libevent-sys 0.4.0 is not among the packages")?;
    let start = text[..end].rfind('"').map_or(0, |at| at + 1);
    Ok(Path::new(&text[start..end]).join("libevent-sys-0.4.0/libevent"))
}

pub fn copy_all(from: &Path, to: &Path, keep: impl Fn(&str) -> bool) -> Outcome {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && keep(&name.to_string_lossy()) {
            let data = std::fs::read(entry.path())?;
            let place = to.join(&name);
            if std::fs::read(&place).ok().as_ref() != Some(&data) {
                std::fs::write(place, data)?;
            }
        }
    }
    Ok(())
}

pub fn hash_tree(folder: &Path, state: &mut DefaultHasher) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            hash_tree(&path, state);
        } else if let Ok(data) = std::fs::read(&path) {
            path.hash(state);
            data.hash(state);
        }
    }
}

impl Suite {
    pub(super) fn build(
        prefix: &Path,
        folder: &str,
        libevent: bool,
        elsewhere: &Elsewhere,
    ) -> Outcome<Suite> {
        let ours = root().join("c-tests/upstream");
        let folder = target().join(elsewhere.folder.as_deref().unwrap_or(folder));
        let without = |name: &str| elsewhere.without.iter().any(|w| w == name);
        let (top, test) = (folder.join("src"), folder.join("src/test"));
        let is_c =
            |n: &str| n.ends_with(".c") || n.ends_with(".h") || n.ends_with(".py") || n.ends_with(".rpc");
        let original = original()?;
        copy_all(&original.join("test"), &test, is_c)?;
        copy_all(&ours.join("include"), &top, is_c)?;

        let include = prefix.join("include");
        if !include.join("event2/event.h").is_file() {
            return Err(format!(
                "no headers in {}: run `cargo xtask install --prefix` first",
                include.display()
            )
            .into());
        }
        // The original's tests of evrpc use what its message compiler makes of regress.rpc; here ours makes it.
        let generator = prefix.join("bin/event_rpcgen.py");
        let mut generate = Command::new("python3");
        generate.arg(&generator).args(["--quiet", "regress.rpc"]).current_dir(&test);
        util::output(&mut generate)?;

        // A test of DNS looks at a variable that is set only if the callback's type is none of its own.
        let words = "-O1 -g -w -fPIC -ftrivial-auto-var-init=zero";
        let mut flags: Vec<String> = words.split(' ').map(str::to_owned).collect();
        if !without("zlib") {
            flags.push("-DEVENT__HAVE_LIBZ=1".into());
        }
        if without("openssl") {
            // Read before every file, so that what the suite asks for is gone when it asks.
            let header = top.join("without-openssl.h");
            util::write(&header, "#include <event2/event-config.h>\n#undef EVENT__HAVE_OPENSSL\n")?;
            flags.push(format!("-include{}", header.display()));
        }
        for dir in [&include, &top, &test] {
            flags.push(format!("-I{}", dir.display()));
        }
        // sys/queue.h, for C libraries without it.
        flags.push(format!("-idirafter{}", original.join("compat").display()));
        if libevent {
            flags.push("-DSUITE_ON_LIBEVENT".into());
        }
        let used = |name: &&str| {
            !name.strip_prefix("regress_").is_some_and(|part| match part {
                "ssl" => without("openssl"),
                part => without(part),
            })
        };
        let mut files: Vec<PathBuf> =
            REGRESS.iter().copied().filter(used).map(|n| test.join(format!("{n}.c"))).collect();
        let regress_files = files.len();
        files.extend(PROGRAMS.iter().map(|n| test.join(format!("{n}.c"))));

        let mut state = DefaultHasher::new();
        (&flags, &files).hash(&mut state);
        for dir in [&include, &top] {
            hash_tree(dir, &mut state);
        }
        let stamp = format!("{:x}", state.finish());
        let objects = folder.join("obj");
        if std::fs::read_to_string(objects.join("stamp")).ok().as_deref() != Some(&stamp) {
            say(format!("compiling {} files of the original suite", files.len()));
            let _ = std::fs::remove_dir_all(&objects);
            std::fs::create_dir_all(&objects)?;
            compile(&files, &flags, &objects)?;
            std::fs::write(objects.join("stamp"), stamp)?;
        }

        let needs: [(&str, &[&str]); 2] = [("openssl", &["-lssl", "-lcrypto"]), ("zlib", &["-lz"])];
        let libraries = needs.iter().filter(|(name, _)| !without(name)).flat_map(|(_, l)| *l).copied();
        let suite = Suite {
            folder,
            prefix: prefix.to_owned(),
            runner: elsewhere.runner.clone(),
            without: elsewhere.without.clone(),
            libraries: libraries.collect(),
        };
        let object = |f: &PathBuf| objects.join(f.file_name().unwrap_or_default()).with_extension("c.o");
        let mut missing = BTreeSet::new();
        let regress: Vec<PathBuf> = files[..regress_files].iter().map(object).collect();
        missing.extend(suite.link("regress", &regress)?);
        for file in &files[regress_files..] {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            missing.extend(suite.link(&name, &[object(file)])?);
        }
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(String::as_str).collect();
            say(format!("{} names that tests use are not exported: {}", names.len(), names.join(" ")));
        }
        Ok(suite)
    }

    /// Whether the test needs something that is not there; it may find that out itself and skip.
    pub(super) fn lacks_for(&self, test: &str) -> bool {
        self.without.iter().any(|name| test.contains(name.as_str()))
    }
    fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }
    /// Links one program and returns the names that no library has.
    fn link(&self, name: &str, objects: &[PathBuf]) -> Outcome<Vec<String>> {
        std::fs::create_dir_all(self.bin())?;
        let lib = self.prefix.join("lib");
        let mut cmd = Command::new(util::cc());
        cmd.args(objects).arg("-o").arg(self.bin().join(name)).args(LINK).arg(format!("-L{}", lib.display()));
        cmd.arg(format!("-Wl,-rpath-link,{}", lib.display()));
        for library in ["event_openssl", "event_pthreads", "event_extra", "event_core"] {
            if lib.join(format!("lib{library}.so")).exists() {
                cmd.arg(format!("-l{library}"));
            }
        }
        let out = cmd.args(&self.libraries).args(["-lpthread", "-lm"]).output()?;
        let text = String::from_utf8_lossy(&out.stderr);
        if !out.status.success() {
            return Err(format!("cannot link {name}:\n{text}").into());
        }
        let quoted = |line: &str| {
            let name = line.split_once("undefined reference to `")?.1;
            Some(name.split('\'').next()?.to_owned())
        };
        Ok(text.lines().filter_map(quoted).collect())
    }

    /// The backends that the installed library knows.
    pub(super) fn methods(&self) -> Outcome<Vec<String>> {
        let (source, program) = (self.folder.join("methods.c"), self.bin().join("methods"));
        util::write(
            &source,
            "#include <event2/event.h>\n#include <stdio.h>\n\
             int main(void)\n{\n\tconst char **m;\n\
             \tfor (m = event_get_supported_methods(); *m; m++)\n\t\tputs(*m);\n\treturn 0;\n}\n",
        )?;
        let mut cmd = Command::new(util::cc());
        cmd.arg(&source).arg("-o").arg(&program).arg(format!("-I{}", self.prefix.join("include").display()));
        util::run(cmd.arg(format!("-L{}", self.prefix.join("lib").display())).arg("-levent_core"))?;
        let text = util::output(&mut self.command("methods"))?;
        Ok(text.lines().map(str::to_owned).collect())
    }
    /// A command that runs one of the programs on the installed libraries.
    pub(super) fn command(&self, program: &str) -> Command {
        let words = self.words(program);
        let mut cmd = Command::new(&words[0]);
        cmd.args(&words[1..]);
        self.prepare(&mut cmd);
        cmd
    }
    /// How one of the programs is started.
    pub(super) fn words(&self, program: &str) -> Vec<OsString> {
        let runner = self.runner.iter().map(OsString::from);
        runner.chain([self.bin().join(program).into_os_string()]).collect()
    }
    pub(super) fn script(&self) -> PathBuf {
        self.folder.join("src/test/check-dumpevents.py")
    }
    pub(super) fn prepare(&self, cmd: &mut Command) {
        cmd.env("LD_LIBRARY_PATH", self.prefix.join("lib")).current_dir(&self.folder);
    }

    /// Every test there is; the number in each group is compared with the list of the expected ones.
    pub(super) fn tests(&self, expected: &Expected, libevent: bool) -> Outcome<Vec<Test>> {
        let out = self.command("regress").arg("--list-tests").output()?;
        let text = String::from_utf8_lossy(&out.stdout);
        if !out.status.success() {
            let why = String::from_utf8_lossy(&out.stderr);
            return Err(format!("regress --list-tests: {}\n{text}{why}", out.status).into());
        }
        let mut tests = Vec::new();
        for line in text.lines().filter(|l| l.starts_with("    ")) {
            let name = line.split_whitespace().next().unwrap_or_default().to_owned();
            tests.push(Test { name, kind: Kind::Regress, off: line.contains("Off by default") });
        }
        for (group, want) in &expected.groups {
            let have = tests.iter().filter(|t| t.name.split('/').next() == Some(group)).count();
            if have != *want && !libevent && self.without.is_empty() {
                return Err(format!("group {group} has {have} tests, expected.txt says {want}").into());
            }
        }
        for program in PROGRAMS {
            let (kind, names) = match *program {
                "test-ratelim" => (None, RATE_LIMITS),
                "test-dumpevents" => (Some(Kind::DumpEvents), &[""][..]),
                _ => (Some(Kind::Program), &[""][..]),
            };
            for (at, line) in names.iter().enumerate() {
                let name = match kind {
                    None => format!("program/{program}/{}", at + 1),
                    Some(_) => format!("program/{program}"),
                };
                let kind = kind.clone().unwrap_or(Kind::RateLimit(line));
                tests.push(Test { name, kind, off: false });
            }
        }
        Ok(tests)
    }

    pub(super) fn gdb(&self, test: &str) -> Outcome {
        let mut cmd = Command::new("gdb");
        self.prepare(&mut cmd);
        cmd.args(["-ex", "run", "--args"]).args(self.words("regress"));
        util::run(cmd.args(["--no-fork", "--timeout", "0", test]))
    }
}

/// Compiles the files on all cores.
fn compile(files: &[PathBuf], flags: &[String], objects: &Path) -> Outcome {
    let next = AtomicUsize::new(0);
    let errors = Mutex::new(String::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let object = objects.join(file.file_name().unwrap_or_default()).with_extension("c.o");
                    let out = Command::new(util::cc())
                        .args(flags)
                        .arg("-c")
                        .arg(file)
                        .arg("-o")
                        .arg(object)
                        .output();
                    let problem = match out {
                        Ok(out) if out.status.success() => continue,
                        Ok(out) => String::from_utf8_lossy(&out.stderr).into_owned(),
                        Err(e) => format!("cannot start cc: {e}"),
                    };
                    if let Ok(mut all) = errors.lock() {
                        *all += &format!("{}:\n{problem}\n", file.display());
                    }
                }
            });
        }
    });
    let errors = errors.into_inner()?;
    if errors.is_empty() { Ok(()) } else { Err(format!("the suite does not compile\n{errors}").into()) }
}
