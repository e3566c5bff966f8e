//! `cargo xtask rpcgen`: event_rpcgen.py and the code that it makes.
use crate::util::{self, Args, Outcome, cc, output, root, say, target};
use crate::{install, upstream};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const HELP: &str = "
cargo xtask rpcgen [--prefix DIR] [--profile NAME]

Tests the generator (capi/rpcgen) and what it makes of c-tests/rpcgen/everything.rpc, compiled as C and as C++ with all
warnings, under the address and undefined behaviour sanitizers; then calls over HTTP under valgrind, and lets it
exchange messages with the code that the original generator makes.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

/// What is tested, and how.
type Test = (&'static str, fn(&Bench) -> Outcome);
const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror"];
const SANITIZERS: &[&str] = &["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
/// The generated file alone gets an allocator that fails on demand.
const RENAMED: &[&str] = &["-Dmalloc=failing_malloc", "-Dcalloc=failing_calloc", "-Drealloc=failing_realloc"];

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(std::path::absolute).transpose()?;
    args.end()?;
    let prefix = prefix.map_or_else(|| install::private(&profile), Ok)?;
    let bench = Bench { prefix, folder: target().join("rpcgen") };
    let _ = std::fs::remove_dir_all(&bench.folder);
    std::fs::create_dir_all(&bench.folder)?;

    let tests: [Test; 5] = [
        ("the generator's own tests", |_| language()),
        ("everything.rpc as C", |b| b.everything(&cc(), &["-std=c99"], RENAMED, &["", "custom", "nomem"])),
        ("everything.rpc as C++", |b| {
            b.everything("g++", &["-x", "c++", "-std=c++11"], &[], &["", "custom"])
        }),
        ("calls over HTTP", Bench::calls),
        ("messages to and from the original generator's code", Bench::exchange),
    ];
    let mut failed = 0;
    for (name, test) in &tests {
        match test(&bench) {
            Ok(()) => say(format!("rpcgen: {name}: ok")),
            Err(e) => {
                say(format!("rpcgen: {name}: {e}"));
                failed += 1;
            }
        }
    }
    println!("{} passed, {failed} failed", tests.len() - failed);
    if failed == 0 { Ok(()) } else { Err("event_rpcgen.py has a fault".into()) }
}

fn language() -> Outcome {
    let mut cmd = Command::new("python3");
    cmd.args(["-B", "-m", "unittest", "-q"]).current_dir(root().join("capi/rpcgen"));
    output(&mut cmd).map(drop)
}

/// Where the tests are compiled, and against what.
struct Bench {
    prefix: PathBuf,
    folder: PathBuf,
}

impl Bench {
    /// A folder with a source and what a generator makes of a .rpc file.
    fn prepare(&self, name: &str, generator: &Path, rpc: &Path, source: &str) -> Outcome<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let rpc_name = rpc.file_name().ok_or("no file")?;
        std::fs::copy(rpc, folder.join(rpc_name))?;
        std::fs::copy(root().join("c-tests/rpcgen").join(source), folder.join(source))?;
        output(
            Command::new("python3")
                .arg("-B")
                .arg(generator)
                .arg("--quiet")
                .arg(rpc_name)
                .current_dir(&folder),
        )?;
        Ok(folder)
    }
    fn ours(&self) -> PathBuf {
        self.prefix.join("bin/event_rpcgen.py")
    }
    fn compile(&self, compiler: &str, folder: &Path, flags: &[&[&str]], file: &str) -> Outcome<PathBuf> {
        let object = folder.join(file).with_extension("o");
        let mut cmd = Command::new(compiler);
        cmd.args(flags.concat()).arg("-I").arg(self.prefix.join("include")).arg("-I").arg(folder);
        output(cmd.arg("-c").arg(folder.join(file)).arg("-o").arg(&object))?;
        Ok(object)
    }
    fn link(&self, compiler: &str, folder: &Path, flags: &[&str], objects: &[PathBuf]) -> Outcome<PathBuf> {
        let program = folder.join("program");
        let lib = self.prefix.join("lib");
        let mut cmd = Command::new(compiler);
        cmd.args(flags).args(objects).arg("-o").arg(&program).arg("-L").arg(&lib).arg("-levent");
        output(&mut cmd)?;
        Ok(program)
    }
    fn command(&self, program: &Path) -> Command {
        let mut cmd = Command::new(program);
        cmd.env("LD_LIBRARY_PATH", self.prefix.join("lib"));
        cmd
    }

    fn everything(&self, compiler: &str, language: &[&str], renamed: &[&str], modes: &[&str]) -> Outcome {
        let rpc = root().join("c-tests/rpcgen/everything.rpc");
        let folder = self.prepare(compiler, &self.ours(), &rpc, "everything.c")?;
        let flags = [language, SANITIZERS, WARNINGS];
        let made = self.compile(compiler, &folder, &[&flags.concat(), renamed], "everything.gen.c")?;
        // The test itself may use what C++ only has as an extension.
        let test =
            self.compile(compiler, &folder, &[language, SANITIZERS, &["-Wall", "-Werror"]], "everything.c")?;
        let program = self.link(compiler, &folder, SANITIZERS, &[made, test])?;
        for mode in modes {
            output(self.command(&program).args((!mode.is_empty()).then_some(mode)))?;
        }
        Ok(())
    }

    /// evrpc itself, under valgrind: every call and message must be freed, whoever ends it.
    fn calls(&self) -> Outcome {
        let rpc = root().join("c-tests/rpcgen/everything.rpc");
        let folder = self.prepare("calls", &self.ours(), &rpc, "calls.c")?;
        let objects = [
            self.compile(&cc(), &folder, &[&["-g", "-O1"], WARNINGS], "everything.gen.c")?,
            self.compile(&cc(), &folder, &[&["-g", "-O1", "-Wall", "-Wextra", "-Werror"]], "calls.c")?,
        ];
        let program = self.link(&cc(), &folder, &[], &objects)?;
        output(&mut self.command(&program))?;
        let mut valgrind = self.command(Path::new("valgrind"));
        valgrind.args([
            "-q",
            "--error-exitcode=9",
            "--leak-check=full",
            "--show-leak-kinds=definite,indirect",
        ]);
        valgrind.arg("--errors-for-leak-kinds=definite,indirect").arg(&program);
        output(&mut valgrind)?;
        // Once more, with each allocation of the library failing in its turn.
        output(valgrind.arg("nomem")).map(drop)
    }

    /// One program, twice: with the code of either generator. They must write the same bytes, understand each other,
    /// and agree about damaged messages.
    fn exchange(&self) -> Outcome {
        let original = upstream::original()?;
        let rpc = original.join("test/regress.rpc");
        let mut programs = Vec::new();
        for (name, generator) in [("ours", self.ours()), ("original", original.join("event_rpcgen.py"))] {
            let folder = self.prepare(name, &generator, &rpc, "exchange.c")?;
            let objects = [
                self.compile(&cc(), &folder, &[&["-w", "-O1"]], "regress.gen.c")?,
                self.compile(&cc(), &folder, &[&["-O1", "-Wall", "-Werror"]], "exchange.c")?,
            ];
            programs.push(self.link(&cc(), &folder, &[], &objects)?);
        }
        let [ours, original] = &programs[..] else { return Err("two programs".into()) };
        let written = output(self.command(ours).arg("write"))?;
        same("what they write", &written, &output(self.command(original).arg("write"))?)?;
        let (here, there) = (self.read(ours, &written)?, self.read(original, &written)?);
        same("what they read", &here, &there)?;
        if here.contains("refused") {
            return Err("a good message is refused".into());
        }
        let damaged = damage(&written);
        let (here, there) = (self.read(ours, &damaged)?, self.read(original, &damaged)?);
        for ((ours, original), message) in here.lines().zip(there.lines()).zip(damaged.lines()) {
            // A string with a NUL inside is refused by ours alone.
            let has_nul = message.as_bytes().chunks(2).any(|byte| byte == b"00");
            if ours != original && !(ours == "refused" && has_nul) {
                return Err(format!("of {message}\nours reads     {ours}\noriginal reads {original}").into());
            }
        }
        Ok(())
    }
    fn read(&self, program: &Path, messages: &str) -> Outcome<String> {
        let mut child = self
            .command(program)
            .arg("read")
            .env("EVENT_LOG", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut stdin = child.stdin.take().ok_or("no pipe")?;
        let messages = messages.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(messages.as_bytes()));
        let out = child.wait_with_output()?;
        writer.join().map_err(|_| "the writer panicked")??;
        if !out.status.success() {
            return Err(format!("{} ended with {}", program.display(), out.status).into());
        }
        Ok(String::from_utf8(out.stdout)?)
    }
}

fn same(what: &str, ours: &str, original: &str) -> Outcome {
    match ours.lines().zip(original.lines()).position(|(a, b)| a != b) {
        None if ours.len() == original.len() && !ours.is_empty() => Ok(()),
        at => Err(format!("{what} differs in line {at:?}").into()),
    }
}

/// Each message three times, with one byte changed: the same ones on every run.
fn damage(messages: &str) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) as usize % below.max(1)
    };
    let mut out = String::new();
    for line in messages.lines() {
        for _ in 0..3 {
            let at = random(line.len() / 2) * 2;
            let byte = [0x00, 0x01, 0x0f, 0x10, 0x7f, 0x80, 0xff, random(256)][random(8)];
            out += &format!("{}{byte:02x}{}\n", &line[..at], &line[(at + 2).min(line.len())..]);
        }
    }
    out
}

/// Copies the generator into an installation.
pub fn install(to: &Path) -> Outcome {
    let place = to.join("bin/event_rpcgen.py");
    util::write(&place, util::read(root().join("capi/rpcgen/event_rpcgen.py"))?)?;
    Ok(std::fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o755))?)
}
