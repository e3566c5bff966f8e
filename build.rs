//! Names for what the target has: each stands for a list of systems that the sources would repeat otherwise.
#![allow(clippy::disallowed_types, reason = "a build script is an ordinary program")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let (os, vendor) = (of("CARGO_CFG_TARGET_OS"), of("CARGO_CFG_TARGET_VENDOR"));
    let is = |systems: &[&str]| systems.contains(&os.as_str());
    let bsd = is(&["freebsd", "dragonfly", "netbsd", "openbsd"]) || vendor == "apple";
    let miniatures = std::env::var_os("CARGO_FEATURE_MINIATURES").is_some() && is(&["linux"]);
    for (name, has) in [
        // Miniatures of foreign kernels are compiled in.
        ("miniatures", miniatures),
        ("has_epoll", is(&["linux", "android"])),
        ("has_kqueue", bsd || miniatures),
        // Event ports and /dev/poll.
        ("has_ports", is(&["solaris", "illumos"]) || miniatures),
        // Completion ports.
        ("has_iocp", is(&["windows"]) || miniatures),
        // One call takes many datagrams.
        ("has_recvmmsg", is(&["linux", "freebsd", "netbsd", "openbsd"])),
        // Socket addresses begin with their length.
        ("has_sa_len", bsd),
    ] {
        println!("cargo::rustc-check-cfg=cfg({name})");
        if has {
            println!("cargo::rustc-cfg={name}");
        }
    }
}
