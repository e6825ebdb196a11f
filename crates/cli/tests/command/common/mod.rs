//! Runs the built command, as a shell would.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of this")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub const CONCEPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/wordnet/concepts.jsonl");
pub const ASSOCIATIONS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/data/wordnet/associations.jsonl");

/// The command with these arguments; neither a terminal nor colours.
pub fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sutra"));
    command.args(arguments).stdin(Stdio::null()).env_remove("RUST_LOG");
    command
}

/// What a run of the command gave.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Run {
    /// Expects success without a word on standard error, and gives the output.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!((self.code, &*self.err), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// Expects this exit code, and gives what standard error says.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self.err
    }
}

pub fn sutra<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Run {
    command(arguments).output().unwrap().into()
}

/// Starts the command with a pipe to its standard input.
pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Child {
    let mut command = command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Runs the command with `input` as its standard input.
pub fn sutra_with<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, input: &[u8]) -> Run {
    let mut child = start(arguments);
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // From a thread of its own: both pipes may be full. Whoever stops early closes it.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap().into()
    })
}

/// A store in a directory of its own, and files beside it.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With the excerpt of WordNet in the store.
    pub fn with_excerpt() -> Self {
        let place = Self::new();
        place.import(&["--concepts", CONCEPTS, "--associations", ASSOCIATIONS]).done();
        place
    }

    /// With these lines in the store.
    pub fn with(lines: &str) -> Self {
        let place = Self::new();
        sutra_with(["import", &place.store()], lines.as_bytes()).done();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn store(&self) -> String {
        self.path("store").to_str().unwrap().to_owned()
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs a command on the store.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Run {
        let store = self.store();
        sutra([&[command, &store], arguments].concat())
    }

    pub fn import(&self, arguments: &[&str]) -> Run {
        self.run("import", arguments)
    }

    /// All of the store, as lines.
    pub fn export(&self) -> String {
        self.run("export", &[]).done()
    }

    /// The only file of the store whose name starts like this.
    pub fn store_file(&self, prefix: &str) -> PathBuf {
        let mut found = self.store_files(prefix);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    pub fn store_files(&self, prefix: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("store")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let named = |path: &PathBuf| {
            path.file_name().unwrap().to_str().is_some_and(|name| name.starts_with(prefix))
        };
        paths.filter(named).collect()
    }
}

/// Flips a bit of a file, which may be write-protected.
pub fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 1;
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The fields of a report in JSON.
#[track_caller]
pub fn json(line: &str) -> serde_json::Value {
    assert!(line.ends_with('\n') && !line.trim_end().contains('\n'), "one line: {line}");
    serde_json::from_str(line).unwrap()
}
