//! The simulator, fed by seeds, by generated tapes, and by those that found something once.
//!
//! `cargo xtask sim --seed N --count M` runs more seeds. One that finds something is shortened and
//! left as a file in `tests/sim/tapes`, where this test replays it from then on.

mod driver;

use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use sutra_lsm::planted::{self, Bug};
use sutra_testkit::SplitMix;

use driver::run_tape;

/// Seeds of the ordinary run.
const SEEDS: u64 = 1_500;

fn tapes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/tapes")
}

/// The tape of a seed.
fn tape(seed: u64) -> Vec<u8> {
    let mut rng = SplitMix::new(seed);
    let length = 40 + rng.below(600);
    let mut tape = vec![0; usize::try_from(length).unwrap()];
    rng.fill(&mut tape);
    tape
}

/// Takes away from a tape what it does not need to find something.
fn shorten(tape: &[u8], finds: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut tape = tape.to_vec();
    let mut piece = tape.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < tape.len() {
            let mut shorter = tape.clone();
            shorter.drain(at..shorter.len().min(at + piece));
            if finds(&shorter) {
                tape = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    for at in 0..tape.len() {
        let mut simpler = tape.clone();
        simpler[at] = 0;
        if finds(&simpler) {
            tape = simpler;
        }
    }
    tape
}

/// Runs seeds, as many as `count`; leaves a tape of the first that finds something.
fn run_seeds(first: u64, count: u64) {
    for seed in first..first + count {
        let tape = tape(seed);
        let Err(violation) = run_tape(&tape) else { continue };
        let short = shorten(&tape, |tape| run_tape(tape).is_err());
        let path = tapes().join(format!("seed_{seed}.tape"));
        std::fs::write(&path, &short).unwrap();
        let (length, path) = (short.len(), path.display());
        panic!("seed {seed}: {violation}\nshortened to {length} bytes in {path}");
    }
}

#[test]
fn no_seed_finds_anything() {
    run_seeds(0, SEEDS);
}

/// What `cargo xtask sim` runs.
#[test]
#[ignore = "as long as it is asked to be"]
fn seeds_that_are_asked_for() {
    let number = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let first = number("SUTRA_SIM_SEED").expect("SUTRA_SIM_SEED is a number");
    run_seeds(first, number("SUTRA_SIM_COUNT").unwrap_or(1));
}

#[test]
fn tapes_that_found_something_find_nothing_any_more() {
    let mut paths: Vec<_> =
        std::fs::read_dir(tapes()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "tape"));
    for path in paths {
        let tape = std::fs::read(&path).unwrap();
        run_tape(&tape).unwrap_or_else(|violation| panic!("{}: {violation}", path.display()));
    }
}

/// Defects that it must find within some hundred seeds, on a tape that is short in the end.
#[test]
#[cfg_attr(not(debug_assertions), ignore = "nothing can be planted")]
fn it_finds_defects_and_shortens_their_tapes() {
    for bug in [
        Bug::EarlyAcknowledgement,
        Bug::VisibleBeforeSynced,
        Bug::PoisonForgotten,
        Bug::TombstonesDroppedInMerge,
        Bug::SequenceReused,
        Bug::DeltaFoldedTwice,
        Bug::KindsNotPublished,
    ] {
        planted::plant(Some(bug));
        let found = (0..500).map(tape).find(|tape| run_tape(tape).is_err());
        let found = found.unwrap_or_else(|| panic!("{bug:?} is not found"));
        let short = shorten(&found, |tape| run_tape(tape).is_err());
        planted::plant(None);
        assert!(short.len() < 200, "{bug:?}: {} bytes", short.len());
        run_tape(&short).unwrap_or_else(|violation| panic!("without {bug:?}: {violation}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_tape_finds_anything(tape in vec(any::<u8>(), 0..300)) {
        let outcome = run_tape(&tape);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}
