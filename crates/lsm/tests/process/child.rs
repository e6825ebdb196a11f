//! The child: commits until it is killed, refused or done, and the parent's side of that.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use sutra_fs::OsDir;
use sutra_lsm::{Background, CompactionConfig, Durability, Environment, LSMTree, LsmError};

use crate::history::{State, batch};

const STORE: &str = "SUTRA_TEST_STORE";
const FIRST: &str = "SUTRA_TEST_FIRST";
const COUNT: &str = "SUTRA_TEST_COUNT";
const MANUAL: &str = "SUTRA_TEST_MANUAL";

/// So small that a few batches fill a memtable, and that a level merges often.
pub(crate) fn config() -> CompactionConfig {
    CompactionConfig {
        level_size_multiplier: 4,
        compaction_threshold: 2,
        max_segment_size: 16 << 10,
        check_interval: 1,
    }
}

/// What a child is to do.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) store: &'a Path,
    /// The first batch.
    pub(crate) first: u64,
    /// How many batches.
    pub(crate) count: u64,
    /// Whether all of it happens in one thread, always in the same order.
    pub(crate) manual: bool,
}

impl Task<'_> {
    /// The child, run by `runner`: a program with arguments, or nothing.
    pub(crate) fn start(self, runner: &[String]) -> Running {
        let own = std::env::current_exe().unwrap();
        let mut command = match runner {
            [] => Command::new(own),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(own);
                command
            }
        };
        command
            .args(["--exact", "child::commits", "--ignored", "--nocapture", "--test-threads=1"])
            .env(STORE, self.store)
            .env(FIRST, self.first.to_string())
            .env(COUNT, self.count.to_string())
            .env(MANUAL, if self.manual { "yes" } else { "no" })
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (send, told) = unbounded();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Running {
            child,
            told,
            said: Said { issued: self.first - 1, acked: self.first - 1, ..Said::default() },
        }
    }
}

/// A child at work.
pub(crate) struct Running {
    child: Child,
    told: Receiver<String>,
    said: Said,
}

/// What a child said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    /// The last batch that it began to commit.
    pub(crate) issued: u64,
    /// The last one that was acknowledged.
    pub(crate) acked: u64,
    /// Whether it came to its end.
    pub(crate) done: bool,
    /// Whether a call gave it an error.
    pub(crate) failed: bool,
}

impl Running {
    /// Kills it after a while, unless it is done before.
    pub(crate) fn kill_after(mut self, time: Duration) -> Said {
        let deadline = std::time::Instant::now() + time;
        while let Ok(line) = self.told.recv_deadline(deadline) {
            self.said.hear(&line);
        }
        self.child.kill().unwrap();
        self.end().0
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> (Said, ExitStatus) {
        while let Ok(line) = self.told.recv() {
            self.said.hear(&line);
        }
        (self.said, self.child.wait().unwrap())
    }
}

impl Said {
    fn hear(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("issued", number)) => self.issued = number.parse().unwrap(),
            Some(("acked", number)) => self.acked = number.parse().unwrap(),
            Some(("failed", _)) => self.failed = true,
            _ => self.done |= line == "done",
        }
    }
}

/// Opens the store as a writer after the child's end, checks it, and gives the number of batches
/// that it holds. `models[n]` is what it says after `n` batches.
#[track_caller]
pub(crate) fn check(store: &Path, models: &[State], said: Said) -> u64 {
    let tree = LSMTree::open(store, config()).unwrap();
    let state = State::of(&tree);
    let held =
        (said.acked..=said.issued).rev().find(|n| models[usize::try_from(*n).unwrap()] == state);
    let held = held.unwrap_or_else(|| panic!("{said:?}, and the store holds {state:?}"));
    check_files(tree, store);
    held
}

/// Checks every byte, and that closing leaves the files that are in use and no other.
#[track_caller]
pub(crate) fn check_files(tree: LSMTree, store: &Path) {
    let report = tree.verify(&mut |_| {}).unwrap();
    assert_eq!(report.damages, []);
    let used = tree.segments().unwrap().len();
    tree.close().unwrap();
    let names: Vec<_> = store.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let segments = names.iter().filter(|name| name.to_string_lossy().ends_with(".dat")).count();
    assert_eq!(segments, used, "{names:?}");
    let left = names
        .iter()
        .find(|name| [".tmp", ".log"].iter().any(|end| name.to_string_lossy().ends_with(end)));
    assert_eq!(left, None, "{names:?}");
}

/// What a store says after each number of batches.
pub(crate) fn models(count: u64) -> Vec<State> {
    let mut models = vec![State::default()];
    for number in 1..=count {
        let mut next = models[models.len() - 1].clone();
        next.apply(number);
        models.push(next);
    }
    models
}

fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{words}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

#[test]
#[ignore = "the child of the tests here"]
fn commits() {
    let Some(store) = std::env::var_os(STORE) else { return };
    let number = |name| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let manual = std::env::var(MANUAL).unwrap() == "yes";
    say(""); // The harness has begun a line.
    match work(Path::new(&store), number(FIRST), number(COUNT), manual) {
        Ok(()) => say("done"),
        Err(error) => say(&format!("failed {error}")),
    }
}

fn work(store: &Path, first: u64, count: u64, manual: bool) -> Result<(), LsmError> {
    let tree = if manual {
        let environment = Environment {
            background: Background::Manual,
            entropy: Some(7),
            ..Environment::default()
        };
        LSMTree::open_in(OsDir::create(store)?, config(), environment)?
    } else {
        let tree = LSMTree::open(store, config())?;
        tree.start_background_compaction()?;
        tree
    };
    for number in first..first + count {
        say(&format!("issued {number}"));
        tree.commit(batch(number), Durability::Sync)?;
        say(&format!("acked {number}"));
        if manual && number.is_multiple_of(5) {
            tree.flush()?;
        }
        if manual && number.is_multiple_of(12) {
            tree.compact_all()?;
        }
    }
    tree.close()
}
