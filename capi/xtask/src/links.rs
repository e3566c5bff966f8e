//! `cargo xtask links`: programs linked against every mix of the installed libraries, in every way.
use crate::util::{Args, Outcome, cc, have, output, root, say, target};
use crate::{install, symbols};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

const HELP: &str = "
cargo xtask links [--prefix DIR] [--profile NAME]

Links small C, C++ and Rust programs against every mix of the libraries, shared and static, with GNU ld and lld, or loads the
libraries at run time, and proves in each that the process has the library's state once.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    args.end()?;
    let prefix = prefix.map_or_else(|| install::private(&profile), Ok)?;
    run_link_matrix(&std::path::absolute(prefix)?)
}

const LINKERS: [&str; 2] = ["bfd", "lld"];

const SHARED: &[&[&str]] = &[
    &["event"],
    &["event_core"],
    &["event_core", "event_extra"],
    &["event_extra", "event_core"],
    &["event", "event_pthreads"],
    &["event_pthreads", "event_core"],
    &["event_openssl", "event"],
    &["event_core", "event_openssl"],
    &["event_core", "event"],
    &["event", "event_extra", "event_pthreads"],
    &["event_openssl", "event_pthreads", "event_extra", "event_core", "event"],
];

const STATIC: &[&[&str]] = &[
    &["event"],
    &["event_core"],
    &["event_extra", "event_core"],
    &["event_core", "event_extra"],
    &["event", "event_core"],
    &["event_pthreads", "event"],
    &["event_core", "event_pthreads", "event_extra"],
    &["event_openssl", "event"],
    &["event_openssl", "event_pthreads", "event_core"],
];

/// A named check; an error says what went wrong.
type Case = (String, Box<dyn Fn() -> Outcome + Send + Sync>);

/// Runs all cases on the installation below `prefix`.
pub fn run_link_matrix(prefix: &Path) -> Outcome {
    let cases = cases(prefix)?;
    say(format!("{} links on {}", cases.len(), prefix.display()));
    let failures = Mutex::new(Vec::new());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((name, case)) =
                    cases.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    if let Err(e) = case() {
                        failures.lock().unwrap_or_else(|e| e.into_inner()).push(format!("{name}: {e}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(|e| e.into_inner());
    for failure in &failures {
        say(failure);
    }
    println!("{} passed, {} failed", cases.len() - failures.len(), failures.len());
    if failures.is_empty() { Ok(()) } else { Err("the library is not the same in every link".into()) }
}

fn cases(prefix: &Path) -> Outcome<Vec<Case>> {
    let folder = target().join("links");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |name: String, case: Box<dyn Fn() -> Outcome + Send + Sync>| cases.push((name, case));
    let setting = Setting { prefix: prefix.into(), folder };
    for linker in LINKERS {
        for mix in SHARED {
            for (compiler, pie) in [("cc", "-pie"), ("cc", "-no-pie"), ("c++", "-pie")] {
                let name = format!("{} {compiler} {pie} {linker}", mix.join("+"));
                let s = setting.clone();
                add(name.clone(), Box::new(move || s.shared(&name, mix, compiler, pie, linker)));
            }
        }
        for mix in STATIC {
            for mode in ["-pie", "-static", "-static-pie"] {
                let name = format!("{} archive {mode} {linker}", mix.join("+"));
                let s = setting.clone();
                add(name.clone(), Box::new(move || s.archives(&name, mix, mode, linker)));
            }
        }
        let s = setting.clone();
        add(format!("run path {linker}"), Box::new(move || s.run_path(linker)));
        let s = setting.clone();
        add(format!("Rust host {linker}"), Box::new(move || s.rust_host(linker)));
    }
    for mode in ["local", "global", "new"] {
        for mix in SHARED {
            let s = setting.clone();
            add(format!("dlopen {mode} {}", mix.join("+")), Box::new(move || s.opened(mode, mix)));
        }
    }
    for library in ["event", "event_core"] {
        let s = setting.clone();
        add(format!("dlclose {library}"), Box::new(move || s.reopened(library)));
    }
    let s = setting.clone();
    add("stale companion".into(), Box::new(move || s.stale()));
    let s = setting.clone();
    add("needed".into(), Box::new(move || s.needed()));
    let s = setting.clone();
    add("abi-check".into(), Box::new(move || s.abi_check()));
    let s = setting.clone();
    add("pkg-config".into(), Box::new(move || s.pkg_config()));
    let s = setting;
    add("cmake".into(), Box::new(move || s.cmake()));
    Ok(cases)
}

#[derive(Clone)]
struct Setting {
    prefix: PathBuf,
    folder: PathBuf,
}

impl Setting {
    fn lib(&self) -> PathBuf {
        self.prefix.join("lib")
    }
    fn source(name: &str) -> PathBuf {
        root().join("c-tests/link").join(name)
    }
    /// The path of a program with this case's name.
    fn program(&self, case: &str) -> PathBuf {
        self.folder.join(case.replace([' ', '+'], "_"))
    }
    fn compiler(&self, name: &str, linker: &str, to: &Path) -> Command {
        let mut cmd =
            Command::new(if name == "cc" { cc() } else { std::env::var("CXX").unwrap_or("c++".into()) });
        cmd.args(["-O1", "-Wall", "-D_GNU_SOURCE", "-pthread"]).arg(format!("-fuse-ld={linker}"));
        cmd.arg("-I").arg(self.prefix.join("include")).arg("-L").arg(self.lib());
        cmd.arg("-o").arg(to).args(["-x", if name == "cc" { "c" } else { "c++" }]);
        cmd
    }
    /// Runs a program on our libraries, lazily bound and bound at once.
    fn runs(&self, program: &Path, args: &[&str], search: bool) -> Outcome {
        for bind in [false, true] {
            let mut cmd = Command::new(program);
            cmd.args(args).env("LIBDIR", self.lib());
            cmd.env_remove("LD_LIBRARY_PATH");
            if search {
                cmd.env("LD_LIBRARY_PATH", self.lib());
            }
            if bind {
                cmd.env("LD_BIND_NOW", "1");
            }
            output(&mut cmd)?;
        }
        Ok(())
    }

    fn shared(&self, case: &str, mix: &[&str], compiler: &str, pie: &str, linker: &str) -> Outcome {
        let program = self.program(case);
        let mut cmd = self.compiler(compiler, linker, &program);
        cmd.arg(Self::source("linked.c")).args(["-x", "none"]);
        cmd.args(if pie == "-pie" { ["-fPIE", "-pie"] } else { ["-fno-pie", "-no-pie"] });
        if mix.contains(&"event_pthreads") {
            cmd.arg("-DWITH_PTHREADS");
        }
        if mix.contains(&"event_openssl") {
            cmd.arg("-DWITH_OPENSSL");
        }
        cmd.arg("-Wl,--no-as-needed").args(mix.iter().map(|l| format!("-l{l}")));
        if mix.contains(&"event_openssl") {
            cmd.args(["-lssl", "-lcrypto"]);
        }
        output(&mut cmd)?;
        let needed = symbols::library(&program)?.needed;
        for lib in mix {
            let soname = format!("lib{lib}-2.1.so.7");
            if !needed.contains(&soname) {
                return Err(format!("the program does not need {soname}: {needed:?}").into());
            }
        }
        self.runs(&program, &[], true)
    }

    fn archives(&self, case: &str, mix: &[&str], mode: &str, linker: &str) -> Outcome {
        let program = self.program(case);
        let mut cmd = self.compiler("cc", linker, &program);
        cmd.arg("-DSTATIC_LINK").arg(Self::source("linked.c")).args(["-x", "none", mode]);
        cmd.arg(if mode == "-static" { "-fno-pie" } else { "-fPIE" });
        if mix.contains(&"event_pthreads") {
            cmd.arg("-DWITH_PTHREADS");
        }
        cmd.args(mix.iter().map(|l| format!("-l:lib{l}.a")));
        if mix.contains(&"event_openssl") {
            cmd.args(["-DWITH_OPENSSL", "-lssl", "-lcrypto"]);
        }
        output(&mut cmd)?;
        self.runs(&program, &[], false)
    }

    /// A program that finds the companion by its own run path gets the libevent beside it, not the system's.
    fn run_path(&self, linker: &str) -> Outcome {
        let program = self.program(&format!("run path {linker}"));
        let mut cmd = self.compiler("cc", linker, &program);
        cmd.arg(Self::source("linked.c")).args(["-x", "none", "-DWITH_PTHREADS"]);
        cmd.args(["-Wl,--no-as-needed", "-levent_pthreads", "-levent_extra", "-levent_core"]);
        let mut path = std::ffi::OsString::from("-Wl,--enable-new-dtags,-rpath,");
        path.push(self.lib());
        output(cmd.arg(path))?;
        self.runs(&program, &[], false)
    }

    fn rust_host(&self, linker: &str) -> Outcome {
        let program = self.program(&format!("rust host {linker}"));
        let mut cmd = Command::new("rustc");
        cmd.args(["--edition", "2024", "-O", "-C"]).arg(format!("link-arg=-fuse-ld={linker}"));
        cmd.arg("-L").arg(self.lib()).args(["-l", "static=event", "-o"]);
        output(cmd.args([&program, &Self::source("host.rs")]).current_dir(root()))?;
        self.runs(&program, &[], false)
    }

    fn opened(&self, mode: &str, mix: &[&str]) -> Outcome {
        let program = self.program(&format!("opened {mode} {}", mix.join("+")));
        let mut cmd = self.compiler("cc", LINKERS[0], &program);
        output(cmd.arg(Self::source("opened.c")).arg("-ldl"))?;
        let files: Vec<String> = mix.iter().map(|l| format!("lib{l}-2.1.so.7")).collect();
        let mut args = vec![mode];
        args.extend(files.iter().map(String::as_str));
        self.runs(&program, &args, true)?;
        // By path, where only a companion's own run path can find the rest.
        let files: Vec<String> = files.iter().map(|f| self.lib().join(f).display().to_string()).collect();
        let mut args = vec![mode];
        args.extend(files.iter().map(String::as_str));
        self.runs(&program, &args, false)
    }

    /// Loaded, used and unloaded, several times.
    fn reopened(&self, library: &str) -> Outcome {
        let program = self.program(&format!("reopened {library}"));
        let mut cmd = self.compiler("cc", LINKERS[0], &program);
        output(cmd.arg(Self::source("reopened.c")).arg("-ldl"))?;
        self.runs(&program, &[&format!("lib{library}-2.1.so.7")], true)
    }

    /// A companion made for another jump table does not load.
    fn stale(&self) -> Outcome {
        let folder = self.folder.join("stale");
        std::fs::create_dir_all(&folder)?;
        let (core, event) = ("libevent_core-2.1.so.7", "libevent-2.1.so.7");
        std::fs::copy(self.lib().join(event), folder.join(event))?;
        let mut bytes = std::fs::read(self.lib().join(core))?;
        let name = b"oxievent_table_";
        let at = bytes
            .windows(name.len())
            .position(|w| w == name)
            .ok_or("the table's name is not in libevent_core")?;
        let digit = &mut bytes[at + name.len()];
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        std::fs::write(folder.join(core), bytes)?;
        let program = self.program("stale program");
        output(self.compiler("cc", LINKERS[0], &program).arg(Self::source("opened.c")).arg("-ldl"))?;
        let out = Command::new(&program).args(["local", core]).env("LD_LIBRARY_PATH", &folder).output()?;
        let said = String::from_utf8_lossy(&out.stdout);
        if out.status.code() == Some(1) && said.contains("oxievent_table_") {
            return Ok(());
        }
        Err(format!("it was loaded: {} {said}", out.status).into())
    }

    /// The sonames and what each library needs.
    fn needed(&self) -> Outcome {
        let libc = ["libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"];
        let expected: [(&str, &[&str]); 5] = [
            ("event", &[]),
            ("event_core", &["libevent-2.1.so.7"]),
            ("event_extra", &["libevent_core-2.1.so.7", "libevent-2.1.so.7"]),
            ("event_openssl", &["libssl.so.3", "libcrypto.so.3", "libevent_core-2.1.so.7"]),
            ("event_pthreads", &["libevent_core-2.1.so.7"]),
        ];
        for (name, beyond_libc) in expected {
            let soname = format!("lib{name}-2.1.so.7");
            let lib = symbols::library(&self.lib().join(&soname))?;
            let needed: Vec<&str> =
                lib.needed.iter().map(String::as_str).filter(|n| !libc.contains(n)).collect();
            if lib.soname != soname || needed != beyond_libc || !lib.needed.iter().any(|n| n == "libc.so.6") {
                return Err(format!("{soname}: soname {}, needed {:?}", lib.soname, lib.needed).into());
            }
        }
        Ok(())
    }

    /// Sonames, exported names and .pc files against those recorded from the original.
    fn abi_check(&self) -> Outcome {
        let mut cmd = Command::new("python3");
        cmd.env("PYTHONDONTWRITEBYTECODE", "1").arg(root().join("c-tests/abi/abi-check"));
        cmd.args(["--only", "libs,pkgconfig", "--libs"]).arg(self.lib());
        output(&mut cmd).map(drop)
    }

    fn pkg_config(&self) -> Outcome {
        for (name, libs) in [
            ("libevent", "-levent"),
            ("libevent_core", "-levent_core"),
            ("libevent_extra", "-levent_extra"),
            ("libevent_openssl", "-levent_openssl -levent"),
            ("libevent_pthreads", "-levent_pthreads -levent"),
        ] {
            for extra in [&[][..], &["--static"]] {
                let mut words = extra.to_vec();
                words.extend(["--libs", "--cflags", name]);
                let answer = crate::examples::pkg_config(&self.prefix, &words)?.join(" ");
                let (include, lib) = (self.prefix.join("include"), self.lib());
                let libs = match (name, extra.is_empty()) {
                    ("libevent_openssl", false) => "-levent_openssl -lssl -lcrypto -levent",
                    _ => libs,
                };
                let want = format!("-I{} -L{} {libs}", include.display(), lib.display());
                if answer != want {
                    return Err(format!("{name} answers {answer:?} instead of {want:?}").into());
                }
            }
            let version = crate::examples::pkg_config(&self.prefix, &["--modversion", name])?.join(" ");
            if version != "2.1.12-stable" {
                return Err(format!("{name} has version {version}").into());
            }
        }
        Ok(())
    }

    fn cmake(&self) -> Outcome {
        if !have("cmake") {
            return Err("cmake is missing (cargo xtask deps)".into());
        }
        for (kind, is_static) in [("shared", "OFF"), ("static", "ON")] {
            let build = self.folder.join(format!("cmake-{kind}"));
            let mut cmd = Command::new("cmake");
            cmd.arg("-S").arg(root().join("c-tests/link")).arg("-B").arg(&build);
            cmd.arg(format!("-DCMAKE_PREFIX_PATH={}", self.prefix.display()));
            cmd.arg(format!("-DLIBEVENT_STATIC_LINK={is_static}"));
            cmd.arg(format!(
                "-DCMAKE_C_FLAGS=-D_GNU_SOURCE{}",
                if is_static == "ON" { " -DSTATIC_LINK" } else { "" }
            ));
            output(&mut cmd)?;
            output(Command::new("cmake").arg("--build").arg(&build))?;
            for program in ["user", "user-core"] {
                self.runs(&build.join(program), &[], false)?;
            }
        }
        Ok(())
    }
}
