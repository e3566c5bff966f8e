//! `cargo xtask install`: builds the libraries and puts them, the headers, the .pc and the CMake files below a prefix.
use crate::util::{self, Args, Outcome, cargo, cc, output, root, say, target};
use crate::{companion, package_files, rpcgen, symbols};
use std::path::{Path, PathBuf};
use std::process::Command;

const HELP: &str = "
cargo xtask install --prefix DIR [--destdir ROOT] [--profile NAME] [--target TRIPLE] [--without-openssl]

Builds the libraries and installs
  DIR/lib        libX-2.1.so.7.0.1, the links libX-2.1.so.7 and libX.so, libX.a, pkgconfig/, cmake/libevent/,
                 .debug/ (line tables for gdb); X is event, event_core, event_extra, event_openssl,
                 event_pthreads
  DIR/include    event2/*.h and event.h, evutil.h
  DIR/bin        event_rpcgen.py

  --prefix DIR     where the files will be used; written into the .pc files
  --destdir ROOT   install below ROOT/DIR instead (for packagers)
  --profile NAME   cargo profile: release (default) or dev
  --target TRIPLE  for another system: of Unix with $CC, $LD, $OBJCOPY and $AR of that system; for
                   x86_64-pc-windows-gnu: DIR/bin has libX-2-1-7.dll, DIR/lib libX.dll.a, libX.a and pkgconfig/;
                   X is event, event_core, event_extra
  --without-openssl   leave libevent_openssl out";

/// What is built, and how.
struct Build {
    profile: String,
    /// Another system than this one.
    target: Option<String>,
    openssl: bool,
    /// With the backends of other systems.
    miniatures: bool,
}

const FILE_VERSION: &str = "7.0.1";
/// The installed libraries, without lib.
const INSTALLED: [&str; 5] = ["event", "event_core", "event_extra", "event_openssl", "event_pthreads"];

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let prefix = args.value("--prefix")?.ok_or("--prefix DIR is needed (see --help)")?;
    let destdir = args.value("--destdir")?;
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let (target, openssl) = (args.value("--target")?, !args.flag("--without-openssl"));
    args.end()?;
    let prefix = std::path::absolute(prefix)?;
    let to = match destdir {
        Some(root) => std::path::absolute(root)?.join(prefix.strip_prefix("/").unwrap_or(&prefix)),
        None => prefix.clone(),
    };
    if target.as_deref() == Some(crate::windows::TARGET) {
        crate::windows::ensure()?;
        return crate::windows::install(&to, &prefix, &profile);
    }
    build_and_install(&to, &prefix, &Build { profile, target, openssl, miniatures: false })
}

/// Installs a build for the project's own use below target/ and returns that folder.
pub fn private(profile: &str) -> Outcome<PathBuf> {
    let to =
        target().join(if profile == "release" { "install".into() } else { format!("install-{profile}") });
    install(&to, &to, profile, false)?;
    Ok(to)
}
/// The same with the backends of other systems over miniatures of their kernels: nothing to be packaged.
pub fn with_miniatures(profile: &str) -> Outcome<PathBuf> {
    let to = target().join(format!("install-miniatures-{profile}"));
    install(&to, &to, profile, true)?;
    Ok(to)
}

/// Builds with a cargo profile and installs into `to`, to be used as `prefix`.
fn install(to: &Path, prefix: &Path, profile: &str, miniatures: bool) -> Outcome {
    build_and_install(to, prefix, &Build { profile: profile.into(), target: None, openssl: true, miniatures })
}

fn build_and_install(to: &Path, prefix: &Path, build: &Build) -> Outcome {
    let Build { profile, target: other, openssl, miniatures } = build;
    say("bringing the export lists up to date");
    symbols::update(false)?;
    say(format!("building the libraries, profile {profile}"));
    let mut cmd = cargo();
    cmd.args(["build", "--profile", profile, "-p", "oxievent-capi", "-p", "oxievent-capi-pthreads"]);
    cmd.args(openssl.then_some(["-p", "oxievent-capi-openssl"]).into_iter().flatten());
    cmd.args(other.iter().flat_map(|triple| ["--target", triple]));
    let mut built = target();
    if *miniatures {
        // In a folder of its own, so that neither build undoes the other.
        built.push("miniatures");
        cmd.args(["--features", "oxievent-capi/miniatures", "--target-dir"]).arg(&built);
    }
    util::run(&mut cmd)?;
    built.extend(other);
    built.push(if profile == "dev" { "debug" } else { profile });
    let wanted = |name: &str| *openssl || name != "event_openssl";
    let lib = to.join("lib");
    std::fs::create_dir_all(lib.join(".debug")).map_err(|e| format!("{}: {e}", lib.display()))?;
    // Everything is made aside and renamed into place: a program may have the old files mapped.
    let stage = Stage(lib.join(format!(".install-{}", std::process::id())));
    std::fs::create_dir_all(&stage.0)?;

    say(format!("installing into {}", to.display()));
    for name in ["event", "event_openssl", "event_pthreads"].into_iter().filter(|n| wanted(n)) {
        split_debug(&built.join(format!("lib{name}.so")), name, &stage.0, &lib)?;
    }
    let [event, core, extra] =
        ["event", "event_core", "event_extra"].map(|name| stage.0.join(shared_name(name)));
    companion::build("core", &event, &[], &core, &stage.0)?;
    companion::build("extra", &event, &[&core], &extra, &stage.0)?;
    for name in INSTALLED.into_iter().filter(|n| wanted(n)) {
        let file = stage.0.join(shared_name(name));
        let table = (name == "event").then(companion::table).transpose()?.map(|t| t.0);
        symbols::verify(&file, name.trim_start_matches("event").trim_start_matches('_'), table.as_deref())?;
        std::fs::rename(&file, lib.join(shared_name(name)))?;
        link(&lib, &format!("lib{name}-2.1.so.7"), &shared_name(name))?;
        link(&lib, &format!("lib{name}.so"), &shared_name(name))?;
    }
    archives(&built, &stage.0, &lib, *openssl)?;
    package_files::write_all(to, prefix)?;
    rpcgen::install(to)?;
    let headers = root().join("include");
    if headers.is_dir() {
        copy_tree(&headers, &to.join("include"))?;
    }
    Ok(())
}

/// The folder in which files are made; removed at the end.
struct Stage(PathBuf);

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn shared_name(name: &str) -> String {
    format!("lib{name}-2.1.so.{FILE_VERSION}")
}

fn link(lib: &Path, name: &str, points_to: &str) -> Outcome {
    let aside = lib.join(format!("{name}.{}", std::process::id()));
    let _ = std::fs::remove_file(&aside);
    std::os::unix::fs::symlink(points_to, &aside)?;
    Ok(std::fs::rename(aside, lib.join(name))?)
}

/// A binutils program: `$LD`, `$OBJCOPY`, `$AR`, or the plain name.
fn binutil(name: &str) -> Command {
    Command::new(std::env::var(name.to_uppercase()).unwrap_or_else(|_| name.into()))
}

/// Strips a built library into the stage; what gdb needs goes to lib/.debug, where gdb looks and ldconfig does not.
fn split_debug(from: &Path, name: &str, stage: &Path, lib: &Path) -> Outcome {
    let debug = lib.join(".debug").join(format!("{}.debug", shared_name(name)));
    util::run(binutil("objcopy").arg("--only-keep-debug").args([from, &debug]))?;
    std::fs::set_permissions(&debug, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    let link = format!("--add-gnu-debuglink={}", debug.display());
    util::run(
        binutil("objcopy").args(["--strip-unneeded", &link]).arg(from).arg(stage.join(shared_name(name))),
    )
}

/// One relocatable object per archive, all but the published names made local: a program may link several of them, in any
/// order, beside other Rust code.
fn archives(built: &Path, stage: &Path, lib: &Path, openssl: bool) -> Outcome {
    let keep = |library: &str, to: &Path| -> Outcome<Vec<String>> {
        let names: Vec<String> = symbols::exported(library)?.into_keys().collect();
        util::write(to, names.join("\n") + "\n")?;
        Ok(names)
    };
    let (source, empty) = (stage.join("empty.s"), stage.join("nothing_of_its_own.o"));
    util::write(&source, "\t.section .note.GNU-stack,\"\",%progbits\n")?;
    util::run(Command::new(cc()).arg("-c").arg("-o").args([&empty, &source]))?;
    // The unwinder that std refers to becomes part of the object, so a static program needs nothing but libc.
    let unwinder = output(Command::new(cc()).arg("-print-file-name=libgcc_eh.a"))?;
    let all = [("event", ""), ("event_openssl", "openssl"), ("event_pthreads", "pthreads")];
    for (name, library) in all.into_iter().filter(|(_, l)| openssl || *l != "openssl") {
        let (list, whole, object) =
            (stage.join("names"), stage.join("whole.o"), stage.join(format!("{name}.o")));
        let names = keep(library, &list)?;
        util::run(
            binutil("ld")
                .args(["-r", "--force-group-allocation", "--gc-sections"])
                .args(names.iter().map(|n| format!("-u{n}")))
                .arg("-o")
                .args([&whole, &built.join(format!("lib{name}.a"))])
                .arg(unwinder.trim()),
        )?;
        let mut keep = std::ffi::OsString::from("--keep-global-symbols=");
        keep.push(&list);
        // Bitcode that std brings along without LTO is of no use here, and clang's plugin for GNU ar dies of it.
        let bitcode = ["--remove-section=.llvmbc", "--remove-section=.llvmcmd"];
        util::run(binutil("objcopy").arg(keep).arg("--strip-debug").args(bitcode).args([&whole, &object]))?;
        archive(&object, stage, &lib.join(format!("lib{name}.a")))?;
    }
    // libevent_core.a is libevent.a: whichever comes first on a command line serves both. Nothing is left for extra.
    archive(&stage.join("event.o"), stage, &lib.join("libevent_core.a"))?;
    archive(&empty, stage, &lib.join("libevent_extra.a"))
}

fn archive(object: &Path, stage: &Path, to: &Path) -> Outcome {
    let aside = stage.join("archive.a");
    let _ = std::fs::remove_file(&aside);
    util::run(binutil("ar").arg("rcsD").args([&aside, object]))?;
    Ok(std::fs::rename(aside, to)?)
}

pub fn copy_tree(from: &Path, to: &Path) -> Outcome {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, dest) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_tree(&path, &dest)?;
        } else {
            std::fs::copy(&path, &dest).map_err(|e| format!("{}: {e}", dest.display()))?;
        }
    }
    Ok(())
}
