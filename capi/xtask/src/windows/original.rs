//! The original library compiled with mingw, for comparison: what fails with it as well is not ours.
use super::tool;
use crate::upstream;
use crate::util::{Outcome, output, say, target};
use std::path::{Path, PathBuf};

const SOURCES: &[&str] = &[
    "buffer",
    "buffer_iocp",
    "bufferevent",
    "bufferevent_async",
    "bufferevent_filter",
    "bufferevent_pair",
    "bufferevent_ratelim",
    "bufferevent_sock",
    "evdns",
    "event",
    "event_iocp",
    "event_tagging",
    "evmap",
    "evrpc",
    "evthread",
    "evthread_win32",
    "evutil",
    "evutil_rand",
    "evutil_time",
    "http",
    "listener",
    "log",
    "signal",
    "strlcpy",
    "win32select",
];

pub struct Original {
    /// Include folders: its public and private headers.
    pub include: Vec<PathBuf>,
    pub archive: PathBuf,
}

/// Builds it below target/, unless it is there.
pub fn build() -> Outcome<Original> {
    let original = upstream::original()?;
    let folder = target().join("windows/original");
    let archive = folder.join("libevent.a");
    // Its own configuration for mingw finds what our event-config.h says; its private one is empty but for this.
    let config = folder.join("include");
    crate::util::write(config.join("evconfig-private.h"), "#define _GNU_SOURCE 1\n")?;
    std::fs::create_dir_all(config.join("event2"))?;
    let ours = crate::util::root().join("include/event2/event-config.h");
    std::fs::copy(&ours, config.join("event2/event-config.h"))?;
    let include = vec![config, original.join("include"), original.clone(), original.join("compat")];
    if !archive.is_file() {
        say("compiling the original for Windows");
        let objects = folder.join("obj");
        std::fs::create_dir_all(&objects)?;
        compile(&include, &original, &objects)?;
        let mut ar = tool("ar");
        ar.arg("rcsD").arg(&archive);
        output(ar.args(SOURCES.iter().map(|s| objects.join(format!("{s}.o")))))?;
    }
    Ok(Original { include, archive })
}

fn compile(include: &[PathBuf], from: &Path, to: &Path) -> Outcome {
    for name in SOURCES {
        let mut cc = tool("gcc");
        cc.args(["-O1", "-g", "-w", "-DHAVE_CONFIG_H"]);
        cc.args(include.iter().map(|i| format!("-I{}", i.display())));
        output(cc.arg("-c").arg("-o").args([to.join(format!("{name}.o")), from.join(format!("{name}.c"))]))?;
    }
    Ok(())
}
