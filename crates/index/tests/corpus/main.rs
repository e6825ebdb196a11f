//! Replays the stored inputs of the fuzzers of sections, and inputs that chance makes of them,
//! through the same functions: no panic, no more memory than is said there.
//!
//! `SUTRA_FUZZ_RUNS=N` asks for a tenth of `N` runs of `words`, and a fiftieth of `vectors`, which take as
//! much longer than those of other targets. An input that finds something is left in the folder of the
//! stored ones.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "elsewhere these are a library")]

#[path = "../../../../fuzz/src/bound.rs"]
mod bound;
#[expect(dead_code, reason = "the other targets use more of it")]
#[path = "../../../../fuzz/src/damage.rs"]
mod damage;
#[path = "../../../../fuzz/src/index/mod.rs"]
mod index;
#[expect(dead_code, reason = "the other targets use more of it")]
#[path = "../../../../fuzz/src/tape.rs"]
mod tape;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use sutra_testkit::SplitMix;

/// Memory is counted for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What is run, and how often.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
    /// Of so many runs that are asked for one is made.
    cost: u64,
}

const TARGETS: [Target; 2] = [
    Target { name: "words", run: index::words, cost: 10 },
    Target { name: "vectors", run: index::vectors, cost: 50 },
];

/// Runs of the ordinary test, before the cost.
const RUNS: u64 = 30_000;

/// As long as libFuzzer is allowed to make them.
const INPUT_BYTES_MAX: usize = 300;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name)
}

/// The stored inputs of a target, in order.
fn inputs(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> =
        fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{name}: no inputs");
    files.into_iter().map(|file| (file.clone(), fs::read(&file).unwrap())).collect()
}

fn holds(target: fn(&[u8]), input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| target(input))).is_ok()
}

#[test]
fn stored_inputs_do_no_harm() {
    let _alone = ALONE.lock();
    for Target { name, run, .. } in TARGETS {
        for (file, input) in inputs(name) {
            assert!(holds(run, &input), "{}: what it does is said above", file.display());
        }
    }
}

#[test]
fn inputs_made_by_chance_do_no_harm() {
    let _alone = ALONE.lock();
    let asked = std::env::var("SUTRA_FUZZ_RUNS").ok();
    let runs = asked.map_or(RUNS, |runs| runs.parse().expect("a number of runs"));
    for Target { name, run, cost } in TARGETS {
        let stored: Vec<_> = inputs(name).into_iter().map(|(_, input)| input).collect();
        for number in 0..runs.div_ceil(cost) {
            let input = made(&stored, &mut SplitMix::new(number));
            if !holds(run, &input) {
                let path = folder(name).join(format!("found-run-{number}"));
                fs::write(&path, &input).unwrap();
                panic!("{}: what it does is said above", path.display());
            }
        }
    }
}

/// Bytes by chance alone, or a stored input changed in a few places.
fn made(stored: &[Vec<u8>], rng: &mut SplitMix) -> Vec<u8> {
    let below = |rng: &mut SplitMix, bound: usize| rng.below(bound as u64) as usize;
    if rng.chance(1, 2) {
        // Short ones leave more of the section sound.
        let most = *rng.pick(&[12, 20, 40, INPUT_BYTES_MAX]);
        let mut input = vec![0; 4 + below(rng, most)];
        rng.fill(&mut input);
        return input;
    }
    let mut input = rng.pick(stored).clone();
    for _ in 0..=rng.below(4) {
        let at = below(rng, input.len() + 1);
        match rng.below(4) {
            0 => input.insert(at, rng.next_u64() as u8),
            1 => input.truncate(at.max(1)),
            _ if at < input.len() => input[at] = rng.next_u64() as u8,
            _ => input.extend_from_slice(rng.pick::<Vec<u8>>(stored)),
        }
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

#[test]
#[should_panic(expected = "bytes of memory for 0")]
fn more_memory_than_allowed_is_noticed() {
    let _alone = ALONE.lock();
    bound::bounded(0, || std::hint::black_box(vec![1_u8; 17 << 20]));
}
