//! `cargo xtask samples`: the original's samples and bench programs, unmodified, on our libraries.
use crate::util::{self, Args, Outcome, cc, output, root, say, target};
use crate::{install, upstream};
use std::process::Command;

const HELP: &str = "
cargo xtask samples [NAME...] [--prefix DIR] [--profile NAME]

Compiles the sample and bench programs that come with libevent 2.1.12 and runs them (all, or those named) against each
other and against servers and clients in Python (c-tests/samples/drive.py), which checks what they do.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

/// Each program with its sources, from the original's folder.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("hello-world", &["sample/hello-world.c"]),
    ("signal-test", &["sample/signal-test.c"]),
    ("time-test", &["sample/time-test.c"]),
    ("event-read-fifo", &["sample/event-read-fifo.c"]),
    ("http-server", &["sample/http-server.c"]),
    ("http-connect", &["sample/http-connect.c"]),
    (
        "https-client",
        &["sample/https-client.c", "sample/hostcheck.c", "sample/openssl_hostname_validation.c"],
    ),
    ("le-proxy", &["sample/le-proxy.c"]),
    ("dns-example", &["sample/dns-example.c"]),
    ("bench", &["test/bench.c"]),
    ("bench_cascade", &["test/bench_cascade.c"]),
    ("bench_http", &["test/bench_http.c"]),
    ("bench_httpclient", &["test/bench_httpclient.c"]),
];
const LIBRARIES: &[&str] =
    &["-levent_openssl", "-levent_extra", "-levent_core", "-lssl", "-lcrypto", "-lpthread"];

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(std::path::absolute).transpose()?;
    let names = args.words()?;
    let prefix = prefix.map_or_else(|| install::private(&profile), Ok)?;

    let original = upstream::original()?;
    let folder = target().join("samples");
    std::fs::create_dir_all(&folder)?;
    say(format!("compiling {} samples and bench programs", PROGRAMS.len()));
    for (name, sources) in PROGRAMS {
        let mut cmd = Command::new(cc());
        cmd.args(["-O1", "-g", "-w", "-o"]).arg(folder.join(name));
        cmd.arg("-I").arg(prefix.join("include")).arg("-I").arg(root().join("c-tests/upstream/include"));
        cmd.args(sources.iter().map(|s| original.join(s)));
        cmd.arg("-L").arg(prefix.join("lib")).args(LIBRARIES);
        output(&mut cmd)?;
    }
    util::run(
        Command::new("python3")
            .arg("-B")
            .arg(root().join("c-tests/samples/drive.py"))
            .arg(&folder)
            .args(names)
            .env("LD_LIBRARY_PATH", prefix.join("lib")),
    )
}
