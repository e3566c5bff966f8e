//! What the commands share: paths, arguments, running programs, progress.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The project's top folder.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}
/// cargo's target folder.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
/// A progress line.
pub fn say(text: impl AsRef<str>) {
    eprintln!("xtask: {}", text.as_ref());
}
/// The C compiler: `$CC` or `cc`.
pub fn cc() -> String {
    std::env::var("CC").unwrap_or_else(|_| "cc".into())
}
/// A cargo command in the project's top folder.
pub fn cargo() -> Command {
    let mut cmd = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cmd.current_dir(root());
    cmd
}
/// Runs a command to its end; an error says which command failed and how.
pub fn run(cmd: &mut Command) -> Outcome {
    let status = cmd.status().map_err(|e| cannot_start(cmd, &e))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(cmd)).into()) }
}
/// Runs a command and returns what it wrote to standard output; an error carries what it wrote to standard error.
pub fn output(cmd: &mut Command) -> Outcome<String> {
    let out = cmd.stdin(Stdio::null()).output().map_err(|e| cannot_start(cmd, &e))?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    let (said, also) = (String::from_utf8_lossy(&out.stderr), String::from_utf8_lossy(&out.stdout));
    Err(format!("{} ended with {}\n{also}{said}", shown(cmd), out.status).into())
}
fn cannot_start(cmd: &Command, e: &std::io::Error) -> String {
    let hint = if e.kind() == std::io::ErrorKind::NotFound { " (try `cargo xtask deps`)" } else { "" };
    format!("cannot start {}: {e}{hint}", shown(cmd))
}
fn shown(cmd: &Command) -> String {
    let words = std::iter::once(cmd.get_program()).chain(cmd.get_args());
    words.map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
/// Whether a program is on the PATH.
pub fn have(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).any(|dir| dir.join(program).is_file())
}
/// Reads a text file; an error names it.
pub fn read(path: impl AsRef<Path>) -> Outcome<String> {
    let path = path.as_ref();
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()).into())
}
/// Writes a file and the folders above it; an error names it.
pub fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Outcome {
    let path = path.as_ref();
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(|e| format!("{}: {e}", path.display()))?;
    std::fs::write(path, content).map_err(|e| format!("{}: {e}", path.display()).into())
}

/// The arguments of a command: `--name value`, `--name=value`, `--flag` and plain words.
pub struct Args {
    rest: Vec<String>,
}

impl Args {
    /// Takes the arguments. With `--help` among them it prints `help` and gives None.
    pub fn new(args: &[String], help: &str) -> Option<Args> {
        if args.iter().any(|a| a == "--help" || a == "-h") {
            println!("{}", help.trim());
            return None;
        }
        Some(Args { rest: args.to_vec() })
    }
    /// Whether `--name` was given.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|a| a != name);
        self.rest.len() != before
    }
    /// The value of `--name VALUE` or `--name=VALUE`.
    pub fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let with_value = format!("{name}=");
        if let Some(at) = self.rest.iter().position(|a| a.starts_with(&with_value)) {
            return Ok(Some(self.rest.remove(at)[with_value.len()..].to_owned()));
        }
        let Some(at) = self.rest.iter().position(|a| a == name) else { return Ok(None) };
        self.rest.remove(at);
        if at == self.rest.len() {
            return Err(format!("{name} needs a value").into());
        }
        Ok(Some(self.rest.remove(at)))
    }
    /// The plain words that are left; an unknown option is an error.
    pub fn words(self) -> Outcome<Vec<String>> {
        match self.rest.iter().find(|a| a.starts_with('-')) {
            Some(unknown) => Err(format!("unknown option {unknown} (see --help)").into()),
            None => Ok(self.rest),
        }
    }
    /// Nothing may be left.
    pub fn end(self) -> Outcome {
        match self.words()?.first() {
            Some(word) => Err(format!("unexpected argument {word} (see --help)").into()),
            None => Ok(()),
        }
    }
}
