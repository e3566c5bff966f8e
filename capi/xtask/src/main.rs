//! `cargo xtask`: the project's one command list.
mod bench;
mod bench_wrk;
mod clients;
mod companion;
mod demo;
mod deps;
mod differential;
mod examples;
mod faults;
mod fuzz;
mod headers;
mod hostile;
mod install;
mod links;
mod package_files;
mod platforms;
mod races;
mod rpcgen;
mod samples;
mod soak;
mod symbols;
mod test;
mod tls;
mod upstream;
mod util;
mod windows;

use std::process::ExitCode;

struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> util::Outcome,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "deps",
        about: "install the Debian packages that building and testing need",
        run: deps::run,
    },
    Command {
        name: "demo",
        about: "build, install into target/, run an example and five Debian programs on it",
        run: demo::run,
    },
    Command { name: "test", about: "every test that CI runs", run: test::run },
    Command {
        name: "install",
        about: "install libraries, headers, .pc and CMake files: --prefix DIR",
        run: install::run,
    },
    Command { name: "headers", about: "generate include/ from capi/ [--check]", run: headers::run },
    Command { name: "symbols", about: "the export lists and the jump table [--check]", run: symbols::run },
    Command {
        name: "upstream",
        about: "build and run the original libevent suite on our libraries",
        run: upstream::run,
    },
    Command {
        name: "examples",
        about: "compile examples/ through pkg-config and check what they do",
        run: examples::run,
    },
    Command {
        name: "fuzz",
        about: "the fuzz targets of tests/fuzz: [TARGET...] [--seconds N]",
        run: fuzz::run,
    },
    Command {
        name: "samples",
        about: "the original's samples and bench programs, with checks",
        run: samples::run,
    },
    Command { name: "rpcgen", about: "event_rpcgen.py and the code that it makes", run: rpcgen::run },
    Command {
        name: "faults",
        about: "a C program while single system calls and allocations fail",
        run: faults::run,
    },
    Command {
        name: "hostile",
        about: "C programs that attack the libraries through sockets and misuse",
        run: hostile::run,
    },
    Command {
        name: "tls",
        about: "TLS bufferevents: every kind of link, unfriendly peers [--valgrind]",
        run: tls::run,
    },
    Command { name: "links", about: "every mix of the libraries, linked in every way", run: links::run },
    Command {
        name: "differential",
        about: "the same C programs on the original library and on ours",
        run: differential::run,
    },
    Command { name: "soak", about: "servers under well and badly behaved peers, for long", run: soak::run },
    Command {
        name: "races",
        about: "a threaded program under valgrind's helgrind and memcheck",
        run: races::run,
    },
    Command { name: "clients", about: "run unmodified Debian programs on our libraries", run: clients::run },
    Command {
        name: "platforms",
        about: "other systems: run, linked or type-checked: [NAME...] [--list]",
        run: platforms::run,
    },
    Command {
        name: "windows",
        about: "C programs and the original suite for Windows, under Wine",
        run: windows::run,
    },
    Command {
        name: "bench",
        about: "ours against the installed libevent, one binary, two library folders",
        run: bench::run,
    },
];

fn usage() {
    println!("usage: cargo xtask COMMAND [--help]\n");
    for c in COMMANDS {
        println!("  {:<13}{}", c.name, c.about);
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(name) = args.first().filter(|a| !matches!(a.as_str(), "--help" | "-h" | "help")) else {
        usage();
        return ExitCode::SUCCESS;
    };
    let Some(command) = COMMANDS.iter().find(|c| c.name == name) else {
        eprintln!("xtask: no command {name:?}\n");
        usage();
        return ExitCode::from(2);
    };
    match (command.run)(&args[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("xtask {name}: {e}");
            ExitCode::FAILURE
        }
    }
}
