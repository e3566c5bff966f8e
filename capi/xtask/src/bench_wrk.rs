//! `cargo xtask bench wrk`: an evhttp server under wrk, on our libraries, on the installed libevent, and nginx beside them.
use crate::util::{self, Outcome, output, root, say, target};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const SECONDS: u32 = 4;
const CONNECTIONS: u32 = 64;
const ROUNDS: usize = 3;

/// What one run of wrk saw.
#[derive(Clone, Copy)]
struct Seen {
    per_second: f64,
    p99_ms: f64,
    /// The server's CPU time for one request.
    cpu_us: f64,
}

/// The servers that are compared: a name, and the folder of the libraries (None: nginx).
type Contestant<'a> = (&'static str, Option<&'a Path>);

pub fn run(prefix: &Path, theirs: &Path) -> Outcome {
    let ours = prefix.join("lib");
    let program = compile(prefix)?;
    let contestants: [Contestant; 3] = [("ours", Some(&ours)), ("libevent", Some(theirs)), ("nginx", None)];
    let mut text =
        String::from("| reply | server | CPU us/request | requests/s | p99 ms |\n|---|---|---|---|---|\n");
    let mut goals = Vec::new();
    for path in ["small", "large"] {
        let mut seen: [Vec<Seen>; 3] = Default::default();
        for round in 0..ROUNDS {
            for at in 0..contestants.len() {
                let at = (at + round) % contestants.len();
                say(format!("{path}, round {} of {ROUNDS}: {}", round + 1, contestants[at].0));
                seen[at].push(once(&program, &contestants[at], path)?);
            }
        }
        let best = seen.map(|all| Seen {
            per_second: median(all.iter().map(|s| s.per_second)),
            p99_ms: median(all.iter().map(|s| s.p99_ms)),
            cpu_us: median(all.iter().map(|s| s.cpu_us)),
        });
        for ((name, _), s) in contestants.iter().zip(&best) {
            let _ = writeln!(
                text,
                "| {path} | {name} | {:.1} | {:.0} | {:.1} |",
                s.cpu_us, s.per_second, s.p99_ms
            );
        }
        let [ours, _, nginx] = best;
        let mut goal = |what: String, reached: bool| {
            goals.push(format!("- {what}: {}", if reached { "yes" } else { "NO" }));
        };
        if path == "small" {
            let x = ours.cpu_us / nginx.cpu_us;
            goal(format!("small: no more CPU per request than nginx (is {x:.2}x)"), x <= 1.0);
        } else {
            goal(
                format!("64 KiB: >= 12000 requests/s (is {:.0})", ours.per_second),
                ours.per_second >= 12000.0,
            );
            goal(format!("64 KiB: p99 < 20 ms (is {:.1})", ours.p99_ms), ours.p99_ms < 20.0);
        }
    }
    let _ = writeln!(text, "\n{}", goals.join("\n"));
    println!("{text}");
    let heading = format!(
        "# evhttp under wrk\n\nWritten by `cargo xtask bench wrk`: wrk -t1 -c{CONNECTIONS} -d{SECONDS}s on the same machine, medians of \
         {ROUNDS} interleaved rounds.\nCPU is the server's own (user and system) for one request. nginx answers `return 200` and a file, with one process.\n\n"
    );
    util::write(root().join("bench/WRK.md"), heading + &text)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

fn compile(prefix: &Path) -> Outcome<std::path::PathBuf> {
    let program = target().join("bench-wrk-server");
    let lib = prefix.join("lib");
    let mut cmd = Command::new(util::cc());
    cmd.args(["-O2", "-g", "-Wall", "-Wextra", "-o"]).arg(&program).arg(root().join("bench/wrk/server.c"));
    cmd.arg(format!("-I{}", prefix.join("include").display()))
        .arg(format!("-L{}", lib.display()))
        .arg("-levent");
    util::run(cmd.arg(format!("-Wl,-rpath-link,{}", lib.display())))?;
    Ok(program)
}

/// A server that ends with its owner.
struct Server {
    child: Child,
    port: u16,
}
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
impl Server {
    /// CPU time so far in microseconds, user and system.
    fn cpu(&self) -> Outcome<f64> {
        let stat = util::read(format!("/proc/{}/schedstat", self.child.id()))?;
        let ns: f64 = stat.split_whitespace().next().ok_or("no schedstat")?.parse()?;
        Ok(ns / 1000.0)
    }
}

fn start(program: &Path, contestant: &Contestant) -> Outcome<Server> {
    match contestant.1 {
        Some(folder) => {
            let mut child =
                Command::new(program).env("LD_LIBRARY_PATH", folder).stdout(Stdio::piped()).spawn()?;
            let mut line = String::new();
            if let Some(out) = child.stdout.take() {
                BufReader::new(out).read_line(&mut line)?;
            }
            let mut server = Server { child, port: 0 };
            server.port =
                line.trim().strip_prefix("port ").ok_or("the server does not say its port")?.parse()?;
            Ok(server)
        }
        None => nginx(),
    }
}

/// One process, no log, keep-alive without end.
fn nginx() -> Outcome<Server> {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let folder = target().join("bench-nginx");
    util::write(folder.join("www/large"), vec![0_u8; 65536])?;
    let dir = folder.display();
    let conf = format!(
        "daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; keepalive_requests 100000000; sendfile on; tcp_nopush on; default_type text/plain; root {dir}/www;\n\
         client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;\n\
         server {{ listen 127.0.0.1:{port}; location = /small {{ return 200 hello; }} location / {{ }} }} }}\n"
    );
    util::write(folder.join("nginx.conf"), conf)?;
    let child = Command::new("/usr/sbin/nginx")
        .arg("-c")
        .arg(folder.join("nginx.conf"))
        .args(["-e", "stderr"])
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| format!("nginx: {e} (try `cargo xtask deps`)"))?;
    let server = Server { child, port };
    for _ in 0..100 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(server);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err("nginx does not listen".into())
}

fn once(program: &Path, contestant: &Contestant, path: &str) -> Outcome<Seen> {
    let server = start(program, contestant)?;
    let url = format!("http://127.0.0.1:{}/{path}", server.port);
    let wrk = |seconds: u32| {
        let mut cmd = Command::new("wrk");
        cmd.args(["-t1", "--latency", "--timeout", "10s"]);
        output(cmd.arg(format!("-c{CONNECTIONS}")).arg(format!("-d{seconds}s")).arg(&url))
    };
    wrk(1)?;
    let before = server.cpu()?;
    let text = wrk(SECONDS)?;
    let cpu = server.cpu()? - before;
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(format!("{}: wrong answers\n{text}", contestant.0).into());
    }
    let requests: f64 = before_word(&text, "requests in").ok_or("wrk says no number of requests")?.parse()?;
    Ok(Seen {
        per_second: after_word(&text, "Requests/sec:").ok_or("wrk says no rate")?.parse()?,
        p99_ms: milliseconds(rest_of_line(&text, "99%").ok_or("wrk says no latency")?)?,
        cpu_us: cpu / requests.max(1.0),
    })
}

fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.split(word).nth(1)?.split_whitespace().next()
}
/// The rest of the line that begins with `word`.
fn rest_of_line<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.lines().find_map(|l| l.trim().strip_prefix(word)).map(str::trim)
}
fn before_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.split(word).next()?.split_whitespace().next_back()
}
fn milliseconds(text: &str) -> Outcome<f64> {
    for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1000.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    Err(format!("{text} is no time").into())
}
