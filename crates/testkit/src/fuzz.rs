//! [`FuzzRuns`]: the targets of fuzzers without a fuzzer, on their stored inputs and on inputs that
//! chance makes of those.
//!
//! The ordinary run is short. `SUTRA_FUZZ_RUNS=N` asks for `N` runs of each target, and
//! `SUTRA_FUZZ_TARGETS=a,b` for these targets alone. Two processes share them, since memory is counted
//! for a process as a whole. What is run follows from the number alone.

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::rng::SplitMix;

/// A target, and what its inputs are like.
#[derive(Clone, Copy, Debug)]
pub struct FuzzTarget {
    /// Its name, and that of the folder of its stored inputs.
    pub name: &'static str,
    /// Panics when something does what it must not.
    pub run: fn(&[u8]),
    /// Runs when no number is asked for.
    pub ordinary: u64,
    /// Of so many inputs one is bytes by chance alone.
    pub fresh: u64,
    /// Of 32 inputs 31 end here, where a run takes the longer the more its input says.
    pub brief: usize,
}

/// The targets of one test, and where their inputs lie.
#[derive(Clone, Debug)]
pub struct FuzzRuns<'a> {
    targets: &'a [FuzzTarget],
    /// Has a folder of inputs for each target.
    corpus: PathBuf,
}

/// Processes that share the runs.
const SHARES: u64 = 2;

/// As long as libFuzzer is allowed to make them.
const INPUT_BYTES_MAX: usize = 600;

/// Bytes at which something ends.
const EDGES: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

const RUNS: &str = "SUTRA_FUZZ_RUNS";
const NAMES: &str = "SUTRA_FUZZ_TARGETS";
const SHARE: &str = "SUTRA_FUZZ_SHARE";

/// The ignored test, in the root of its file, that does what [`FuzzRuns::run_share`] does.
const SHARE_TEST: &str = "a_share_of_the_runs";

impl FuzzTarget {
    /// A target whose inputs are the stored ones, changed, of any length.
    pub const fn new(name: &'static str, run: fn(&[u8]), ordinary: u64) -> Self {
        Self { name, run, ordinary, fresh: 64, brief: INPUT_BYTES_MAX }
    }

    /// The input of the run with this number: a stored one changed in up to six places, or bytes by
    /// chance alone.
    ///
    /// # Panics
    ///
    /// Panics if there are no stored inputs.
    pub fn input(&self, stored: &[Vec<u8>], number: u64) -> Vec<u8> {
        let rng = &mut SplitMix::new(number);
        let most = if rng.chance(31, 32) { self.brief } else { INPUT_BYTES_MAX };
        let mut input = rng.pick(stored).clone();
        if rng.chance(1, self.fresh) {
            input.resize(below(rng, most) + 1, 0);
            rng.fill(&mut input);
        }
        input.truncate(most);
        for _ in 0..=rng.below(6) {
            mutate(&mut input, stored, rng);
        }
        input.truncate(most);
        input
    }

    /// Whether it does with this input what it must.
    fn holds(&self, input: &[u8]) -> bool {
        catch_unwind(AssertUnwindSafe(|| (self.run)(input))).is_ok()
    }
}

impl<'a> FuzzRuns<'a> {
    /// These targets, on the inputs that the repository keeps. The file of the test has an ignored test
    /// `a_share_of_the_runs` that calls [`run_share`](Self::run_share).
    pub fn new(targets: &'a [FuzzTarget]) -> Self {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        Self::with_corpus(targets, corpus)
    }

    /// These targets, on inputs that lie elsewhere.
    pub fn with_corpus(targets: &'a [FuzzTarget], corpus: PathBuf) -> Self {
        Self { targets, corpus }
    }

    /// Runs every stored input of the target of this name.
    ///
    /// # Panics
    ///
    /// Panics if one finds something, and if there is no such target or it has no inputs.
    pub fn replay(&self, name: &str) {
        let target = self.targets.iter().find(|target| target.name == name).expect("a target");
        for (file, input) in self.stored(name) {
            assert!(target.holds(&input), "{}: what it does is said above", file.display());
        }
    }

    /// Makes the ordinary runs, or as many as are asked for.
    ///
    /// # Panics
    ///
    /// Panics if one finds something; its input is left among the stored ones.
    pub fn run(&self) {
        if env::var_os(RUNS).is_none() {
            return self.run_ordinary();
        }
        let share = |share: u64| {
            let mut command = Command::new(env::current_exe().expect("this test has a file"));
            command.args(["--exact", SHARE_TEST, "--ignored", "--nocapture"]);
            command.env(SHARE, share.to_string()).stdout(Stdio::piped());
            command.spawn().expect("a test can be started")
        };
        let shares: Vec<_> = (0..SHARES).map(share).collect();
        for share in shares {
            let ended = share.wait_with_output().expect("a test ends");
            let said = String::from_utf8_lossy(&ended.stdout);
            // Without a test of that name nothing would have run, and nothing would have failed.
            assert!(ended.status.success() && said.contains("1 passed"), "a share failed: {said}");
        }
    }

    /// Makes the ordinary runs, whatever is asked for.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    pub fn run_ordinary(&self) {
        for target in self.targets {
            self.run_target(target, 0, target.ordinary);
        }
    }

    /// Makes one process's share of the runs that are asked for.
    ///
    /// # Panics
    ///
    /// Panics if one finds something, and if [`run`](Self::run) is not what calls it.
    pub fn run_share(&self) {
        let asked = |name: &str| env::var(name).ok()?.parse::<u64>().ok();
        let runs = asked(RUNS).unwrap_or_else(|| panic!("{RUNS} is a number"));
        let share = asked(SHARE).unwrap_or_else(|| panic!("{SHARE} is a number"));
        let wanted = env::var(NAMES).ok();
        for name in wanted.iter().flat_map(|all| all.split(',')) {
            assert!(self.corpus.join(name).is_dir(), "{NAMES}: there is no target {name}");
        }
        let is_wanted =
            |name| wanted.as_ref().is_none_or(|all| all.split(',').any(|one| one == name));
        let count = runs.div_ceil(SHARES);
        for target in self.targets.iter().filter(|target| is_wanted(target.name)) {
            self.run_target(target, share * count, count);
            eprintln!("{}: {count} runs, nothing found", target.name);
        }
    }

    fn run_target(&self, target: &FuzzTarget, first: u64, count: u64) {
        let stored: Vec<_> = self.stored(target.name).into_iter().map(|(_, input)| input).collect();
        for number in first..first + count {
            let input = target.input(&stored, number);
            if !target.holds(&input) {
                let path = self.corpus.join(target.name).join(format!("found-run-{number}"));
                fs::write(&path, &input).expect("the folder of inputs can be written");
                panic!("{}: what it does is said above", path.display());
            }
        }
    }

    /// The stored inputs of a target, in order.
    fn stored(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.corpus.join(name);
        let read = || -> std::io::Result<Vec<_>> {
            let files = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path()));
            let mut files = files.collect::<std::io::Result<Vec<_>>>()?;
            files.sort();
            files.into_iter().map(|file| Ok((file.clone(), fs::read(&file)?))).collect()
        };
        let inputs = read().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        assert!(!inputs.is_empty(), "{}: no inputs", folder.display());
        inputs
    }
}

fn mutate(input: &mut Vec<u8>, stored: &[Vec<u8>], rng: &mut SplitMix) {
    if input.is_empty() {
        input.push(rng.next_u64() as u8);
    }
    let at = below(rng, input.len());
    let end = at + below(rng, (input.len() - at).min(16)) + 1;
    match rng.below(9) {
        0 | 1 => input[at] ^= 1 << rng.below(8),
        2 => input[at] = rng.next_u64() as u8,
        3 => input[at] = *rng.pick(&EDGES),
        4 => input[at] = input[at].wrapping_add(*rng.pick(&[1, 2, 0xff, 0xfe])),
        5 => drop(input.drain(at..end)),
        6 => {
            let mut more = vec![0; below(rng, 8) + 1];
            rng.fill(&mut more);
            drop(input.splice(at..at, more));
        }
        7 => {
            let (piece, to) = (input[at..end].to_vec(), below(rng, input.len()));
            drop(input.splice(to..to, piece));
        }
        _ => {
            let other = rng.pick(stored);
            let from = below(rng, other.len().max(1)).min(other.len());
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
    }
}

fn below(rng: &mut SplitMix, bound: usize) -> usize {
    rng.below(bound as u64) as usize
}
