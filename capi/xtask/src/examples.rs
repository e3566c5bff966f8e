//! Compiles examples/*.c as a user would, through pkg-config, runs them and checks what they do.
use crate::install;
use crate::util::{Args, Outcome, cc, output, root, say, target};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const HELP: &str = "
cargo xtask examples [NAME..] [--prefix DIR] [--profile NAME]

Compiles examples/NAME.c (all if none is named) through pkg-config, runs it and checks what it does.

  --prefix DIR     use the libraries installed there; otherwise they are built and installed into target/
  --profile NAME   cargo profile for that build: release (default) or dev";

/// How long an example may keep its driver waiting.
const PATIENCE: Duration = Duration::from_secs(20);

struct Example {
    name: &'static str,
    packages: &'static [&'static str],
    /// Drives the running program and says in a few words what it did.
    drive: fn(&mut Program) -> Outcome<String>,
}

const EXAMPLES: &[Example] = &[
    Example { name: "timer", packages: &["libevent_core"], drive: timer },
    Example { name: "signal", packages: &["libevent_core"], drive: signal },
    Example { name: "echo-server", packages: &["libevent"], drive: echo },
    Example { name: "chat", packages: &["libevent"], drive: chat },
    Example { name: "tls-echo", packages: &["libevent_openssl", "openssl"], drive: tls_echo },
    Example { name: "workers", packages: &["libevent", "libevent_pthreads"], drive: workers },
];

pub fn run(args: &[String]) -> Outcome {
    let Some(mut args) = Args::new(args, HELP) else { return Ok(()) };
    let profile = args.value("--profile")?.unwrap_or_else(|| "release".into());
    let prefix = args.value("--prefix")?.map(PathBuf::from);
    let names = args.words()?;
    let prefix = prefix.map_or_else(|| install::private(&profile), Ok)?;
    let all = || EXAMPLES.iter().map(|e| e.name.to_owned()).collect();
    let names: Vec<String> = if names.is_empty() { all() } else { names };
    let mut failed = 0;
    for name in &names {
        match run_one(&prefix, name) {
            Ok(done) => say(format!("example {name}: {}", done.work)),
            Err(e) => {
                say(e.to_string());
                failed += 1;
            }
        }
    }
    println!("{} passed, {failed} failed", names.len() - failed);
    if failed == 0 { Ok(()) } else { Err("an example did not do what it should".into()) }
}

/// What an example did, and on which of our libraries.
pub struct ExampleRun {
    pub work: String,
    pub mapped: Vec<PathBuf>,
}

/// Compiles and runs one example.
pub fn run_one(prefix: &Path, name: &str) -> Outcome<ExampleRun> {
    let example = EXAMPLES.iter().find(|e| e.name == name).ok_or_else(|| format!("no example {name}"))?;
    let binary = compile(prefix, example)?;
    let mapped = mapped(prefix, &binary)?;
    let mut program = Program::start(prefix, &binary)?;
    let work = (example.drive)(&mut program).map_err(|e| format!("example {name}: {e}"))?;
    Ok(ExampleRun { work, mapped })
}

/// What pkg-config answers for an installation.
pub fn pkg_config(prefix: &Path, words: &[&str]) -> Outcome<Vec<String>> {
    let text =
        output(Command::new("pkg-config").env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(words))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

fn compile(prefix: &Path, example: &Example) -> Outcome<PathBuf> {
    let folder = target().join("examples-c");
    std::fs::create_dir_all(&folder)?;
    let binary = folder.join(example.name);
    let mut words = vec!["--cflags", "--libs"];
    words.extend(example.packages);
    output(
        Command::new(cc())
            .args(["-std=gnu99", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"])
            .args([&binary, &root().join("examples").join(format!("{}.c", example.name))])
            .args(pkg_config(prefix, &words)?),
    )?;
    Ok(binary)
}

/// The libevent files that the loader takes for `binary`; any that is not ours is an error.
fn mapped(prefix: &Path, binary: &Path) -> Outcome<Vec<PathBuf>> {
    let lib = prefix.join("lib");
    let list = output(Command::new(binary).env("LD_TRACE_LOADED_OBJECTS", "1").env("LD_LIBRARY_PATH", &lib))?;
    let files = list.lines().filter_map(|l| l.split("=> ").nth(1)).filter_map(|l| l.split(' ').next());
    let files: Vec<PathBuf> = files.filter(|f| f.contains("libevent")).map(PathBuf::from).collect();
    match files.iter().find(|f| !f.starts_with(&lib)) {
        None if files.is_empty() => Err(format!("{} loads no libevent", binary.display()).into()),
        None => Ok(files),
        Some(other) => Err(format!("{} is loaded, which is not ours", other.display()).into()),
    }
}

/// A running example.
struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// Ends a program that hangs, and with it our reads.
    watchdog: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Program {
    fn start(prefix: &Path, binary: &Path) -> Outcome<Program> {
        let mut child = Command::new(binary)
            .env("LD_LIBRARY_PATH", prefix.join("lib"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let pid = child.id();
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            if stopped.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _ = kill(pid, "KILL");
            }
        });
        Ok(Program { child, lines, watchdog: Some((stop, thread)) })
    }
    /// Before the process is waited for: its number may be another's then.
    fn stop_watchdog(&mut self) {
        if let Some((stop, thread)) = self.watchdog.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
    fn expect(&mut self, want: &str) -> Outcome {
        let have = self.line()?;
        if have == want { Ok(()) } else { Err(format!("printed {have:?} instead of {want:?}").into()) }
    }
    fn signal(&self, name: &str) -> Outcome {
        kill(self.child.id(), name)
    }
    /// A TCP connection to the port that the program announced.
    fn connect(port: u16) -> Outcome<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }
    fn port(&mut self) -> Outcome<u16> {
        let line = self.line()?;
        Ok(line
            .strip_prefix("port ")
            .ok_or_else(|| format!("printed {line:?} instead of its port"))?
            .parse()?)
    }
    /// It must have nothing more to say and end well.
    fn end(&mut self) -> Outcome {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest)?;
        self.stop_watchdog();
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if start.elapsed() > PATIENCE => return Err("does not end".into()),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        if status.success() && rest.is_empty() {
            return Ok(());
        }
        Err(format!("ended with {status} and said {rest:?}").into())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop_watchdog();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kill(pid: u32, signal: &str) -> Outcome {
    output(Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")])).map(drop)
}

fn timer(p: &mut Program) -> Outcome<String> {
    for n in 1..=5 {
        p.expect(&format!("tick {n}"))?;
    }
    p.expect("time is up")?;
    let last = p.line()?;
    if !last.ends_with(": 5 ticks") {
        return Err(format!("printed {last:?}").into());
    }
    p.end()?;
    Ok("5 ticks of a timer, one put off, then the end".into())
}

fn signal(p: &mut Program) -> Outcome<String> {
    p.expect(&format!("ready {}", p.child.id()))?;
    for n in 1..=3 {
        p.signal("USR1")?;
        p.expect(&format!("signal USR1, number {n}"))?;
    }
    p.signal("HUP")?;
    p.expect("signal HUP, number 1")?;
    p.signal("TERM")?;
    p.expect("USR1 3, HUP 1, terminated")?;
    p.end()?;
    Ok("5 signals caught".into())
}

fn tls_echo(p: &mut Program) -> Outcome<String> {
    p.expect("localhost: 1000 lines came back over TLSv1.3")?;
    p.expect("example.com: hostname mismatch")?;
    p.end()?;
    Ok("1000 lines came back over TLS, a server of another name was refused".into())
}

fn echo(p: &mut Program) -> Outcome<String> {
    const CLIENTS: usize = 20;
    const EACH: usize = 300_000;
    let port = p.port()?;
    // One that sends much and reads late: the server must stop reading from it, and lose nothing.
    let mut slow = Program::connect(port)?;
    let writer = slow.try_clone()?;
    let much: usize = 8_000_000;
    let sender = std::thread::spawn(move || send(&writer, 7, much).is_ok());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            std::thread::spawn(move || -> Result<(), String> {
                let mut stream = Program::connect(port).map_err(|e| e.to_string())?;
                let writer = stream.try_clone().map_err(|e| e.to_string())?;
                let sender = std::thread::spawn(move || send(&writer, n, EACH).is_ok());
                same(&mut stream, n, EACH)?;
                sender.join().is_ok_and(|sent| sent).then_some(()).ok_or("cannot send".into())
            })
        })
        .collect();
    for client in clients {
        client.join().map_err(|_| "a client panicked")??;
    }
    same(&mut slow, 7, much)?;
    if !sender.join().is_ok_and(|sent| sent) {
        return Err("cannot send".into());
    }
    p.signal("TERM")?;
    let bytes = CLIENTS * EACH + much;
    p.expect(&format!("{} connections, {bytes} bytes", CLIENTS + 1))?;
    p.end()?;
    Ok(format!("{} clients got {bytes} bytes back", CLIENTS + 1))
}

/// The byte at `at` of client `n`'s stream.
fn pattern(n: usize, at: usize) -> u8 {
    ((at * 31 + at / 251 + n * 17) % 256) as u8
}

fn send(mut to: &TcpStream, n: usize, len: usize) -> std::io::Result<()> {
    let bytes: Vec<u8> = (0..len).map(|at| pattern(n, at)).collect();
    to.write_all(&bytes)?;
    to.shutdown(Shutdown::Write)
}

fn same(from: &mut TcpStream, n: usize, len: usize) -> Result<(), String> {
    let mut back = Vec::new();
    from.read_to_end(&mut back).map_err(|e| format!("after {} bytes: {e}", back.len()))?;
    match back.iter().enumerate().find(|(at, b)| **b != pattern(n, *at)) {
        Some((at, _)) => Err(format!("client {n}: byte {at} came back different")),
        None if back.len() != len => Err(format!("client {n}: {} bytes of {len} came back", back.len())),
        None => Ok(()),
    }
}

fn chat(p: &mut Program) -> Outcome<String> {
    struct Client(BufReader<TcpStream>);
    impl Client {
        fn join(port: u16, name: &str) -> Outcome<Client> {
            let mut client = Client(BufReader::new(Program::connect(port)?));
            client.say(name)?;
            client.hears("welcome")?;
            Ok(client)
        }
        fn say(&mut self, line: &str) -> Outcome {
            Ok(self.0.get_mut().write_all(format!("{line}\n").as_bytes())?)
        }
        fn hears(&mut self, want: &str) -> Outcome {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            if line.trim_end() == want {
                return Ok(());
            }
            Err(format!("a client heard {line:?} instead of {want:?}").into())
        }
    }
    let port = p.port()?;
    let mut ann = Client::join(port, "ann")?;
    let mut bob = Client::join(port, "bob")?;
    ann.hears("bob joined: hello")?;
    bob.say("hi all")?;
    ann.hears("bob says: hi all")?;
    // Many lines in one piece, and one line in many pieces.
    ann.say(&(0..500).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\r\n"))?;
    for n in 0..500 {
        bob.hears(&format!("ann says: line {n}"))?;
    }
    for piece in ["in ", "three ", "parts\n"] {
        ann.0.get_mut().write_all(piece.as_bytes())?;
        std::thread::sleep(Duration::from_millis(5));
    }
    bob.hears("ann says: in three parts")?;
    // A line beyond the read watermark.
    let mut eve = Client::join(port, "eve")?;
    ann.hears("eve joined: hello")?;
    bob.hears("eve joined: hello")?;
    eve.0.get_mut().write_all(&[b'x'; 3000])?;
    ann.hears("eve left: line too long")?;
    bob.hears("eve left: line too long")?;
    // One that does not read: first the kernel's buffers fill, then the server's.
    let sleepy = Client::join(port, "sleepy")?;
    ann.hears("sleepy joined: hello")?;
    bob.hears("sleepy joined: hello")?;
    let text = "z".repeat(1000);
    let mut lines = 0;
    loop {
        if lines > 60_000 {
            return Err("a client that never reads is still there".into());
        }
        ann.say(&text)?;
        lines += 1;
        let mut line = String::new();
        bob.0.read_line(&mut line)?;
        if line == "sleepy left: connection lost\n" {
            break;
        }
        if line.trim_end() != format!("ann says: {text}") {
            return Err(format!("bob heard {line:?}").into());
        }
    }
    drop(sleepy);
    ann.hears("sleepy left: connection lost")?;
    bob.0.get_mut().shutdown(Shutdown::Write)?;
    ann.hears("bob left: bye")?;
    p.signal("TERM")?;
    p.expect("ended")?;
    p.end()?;
    Ok(format!("4 clients, {} lines, both watermarks", lines + 503))
}

fn workers(p: &mut Program) -> Outcome<String> {
    p.expect("2000 jobs; 1161 takes the longest, 181 steps")?;
    p.end()?;
    Ok("4 threads did 2000 jobs for one loop".into())
}
