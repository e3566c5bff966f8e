//! Systems for which programs are linked, with zig, which brings their C libraries' headers and symbols along: the C layout
//! of our headers and of struct kevent, libevent itself, and a C program on it.
use super::cross::{built, cargo_for, variable, zig_cc};
use super::{Means, Platform, Report, folder};
use crate::util::{self, Outcome, output, root};
use std::path::{Path, PathBuf};

const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];

pub const ALL: &[Platform] = &[
    Platform {
        name: "freebsd",
        means: Means::Link,
        about: "C layouts, libevent and a C program for x86_64 FreeBSD",
        packages: PACKAGES,
        work: |report| FREEBSD.link(report),
    },
    Platform {
        name: "macos",
        means: Means::Link,
        about: "C layouts, libevent and a C program for x86_64 macOS",
        packages: PACKAGES,
        work: |report| MACOS.link(report),
    },
    Platform {
        name: "layouts",
        means: Means::Check,
        about: "C layouts on ARM macOS, NetBSD and OpenBSD",
        packages: &[],
        work: |report| {
            for target in ["aarch64-macos", "x86_64-netbsd", "x86_64-openbsd"] {
                layouts(report, target);
            }
            Ok(())
        },
    },
];

struct Linked {
    /// As Rust and as zig call it.
    target: &'static str,
    zig: &'static str,
    library: &'static str,
    /// Libraries that std or the libc crate name, for which zig has no symbols and of which nothing is used; and what only
    /// its linker does not know.
    dropped: &'static [&'static str],
}
const FREEBSD: Linked = Linked {
    target: "x86_64-unknown-freebsd",
    zig: "x86_64-freebsd",
    library: "libevent.so",
    dropped: &["-lkvm", "-lmemstat", "-lprocstat", "-ldevstat", "-Wl,-Bsymbolic-functions"],
};
const MACOS: Linked = Linked {
    target: "x86_64-apple-darwin",
    zig: "x86_64-macos",
    library: "libevent.dylib",
    dropped: &["-liconv"],
};

/// What the system's own headers say, against ours and against what the backend assumes.
fn layouts(report: &mut Report, zig: &str) {
    for (file, standard) in [("layout.c", "-std=c11"), ("kevent.c", "-std=gnu11")] {
        let compile = || -> Outcome {
            let object = folder().join(format!("{zig}-{file}.o"));
            let mut cmd = zig_cc(zig)?;
            cmd.args([standard, "-Wall", "-Wextra", "-Werror", "-c", "-o"]).arg(object);
            output(cmd.arg("-I").arg(root().join("include")).arg(root().join("c-tests/layout").join(file)))?;
            Ok(())
        };
        report.check(&format!("{zig}: {file}"), compile());
    }
}

fn executable(script: &Path, text: &str) -> Outcome {
    util::write(script, text)?;
    std::fs::set_permissions(script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

impl Linked {
    fn link(&self, report: &mut Report) -> Outcome {
        layouts(report, self.zig);
        let library = self.library();
        if report.check("libevent linked", library.as_ref().map(drop).map_err(|e| e.to_string().into())) {
            report.built("libevent");
            report.check("C programs linked to it", self.programs());
        }
        Ok(())
    }
    /// A script that cargo takes for the linker and the C compiler of the target.
    fn compiler(&self) -> Outcome<PathBuf> {
        let zig = zig_cc(self.zig)?;
        let script = std::path::absolute(folder().join(self.target).join("cc"))?;
        let cache = std::path::absolute(folder().join("zig-cache"))?;
        let text = format!(
            "#!/bin/sh\n# Made by xtask.\nexport ZIG_GLOBAL_CACHE_DIR='{0}' ZIG_LOCAL_CACHE_DIR='{0}'\n\
             for word do\n  shift\n  case $word in {1}) ;; *) set -- \"$@\" \"$word\" ;; esac\ndone\n\
             exec '{2}' cc -target {3} \"$@\"\n",
            cache.display(),
            // cc's own -target would be the name that Rust has.
            [self.dropped, &["--target=*"]].concat().join("|"),
            std::path::absolute(zig.get_program())?.display(),
            self.zig
        );
        executable(&script, &text)?;
        Ok(script)
    }
    /// The same for archives, whose index has the system's own form.
    fn archiver(&self) -> Outcome<PathBuf> {
        let script = std::path::absolute(folder().join(self.target).join("ar"))?;
        let zig = std::path::absolute(zig_cc(self.zig)?.get_program())?;
        executable(&script, &format!("#!/bin/sh\n# Made by xtask.\nexec '{}' ar \"$@\"\n", zig.display()))?;
        Ok(script)
    }
    fn library(&self) -> Outcome<PathBuf> {
        let compiler = self.compiler()?;
        let mut cmd = cargo_for(&["build", "-q", "-p", "oxievent-capi"], self.target);
        cmd.env(variable(self.target, "LINKER"), &compiler);
        cmd.env(format!("CC_{}", self.target.replace('-', "_")), &compiler);
        cmd.env(format!("AR_{}", self.target.replace('-', "_")), self.archiver()?);
        // For macOS rustc would call a tool that Debian's Rust does not have.
        cmd.env("CARGO_PROFILE_DEV_STRIP", "none");
        output(&mut cmd)?;
        let library = built(self.target).join(self.library);
        if library.is_file() {
            Ok(library)
        } else {
            Err(format!("{} was not made", library.display()).into())
        }
    }
    /// The examples that need nothing but libevent.
    fn programs(&self) -> Outcome {
        for name in ["timer", "signal", "echo-server", "chat"] {
            let mut cmd = zig_cc(self.zig)?;
            cmd.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
            cmd.arg(folder().join(self.target).join(name)).arg("-I").arg(root().join("include"));
            cmd.arg(root().join("examples").join(format!("{name}.c")));
            output(cmd.arg(built(self.target).join(self.library)))?;
        }
        Ok(())
    }
}
