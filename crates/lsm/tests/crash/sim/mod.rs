//! The simulator, fed by seeds, by generated tapes, and by stored ones.
//!
//! `cargo xtask sim --seed N --count M` runs more seeds, and so does `SUTRA_CRASH_EFFORT=N`. A seed
//! that finds something is shortened and left as a file in `tapes`, where it is replayed from then
//! on. The tapes that lie there already reach each defect that the simulator knows how to find.

mod shorten;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use sutra_lsm::planted::{self, Bug};
use sutra_testkit::SplitMix;

use crate::life::driver::run_tape;
use crate::parallel::in_parallel;
use crate::states::Effort;
use shorten::shorten;

/// Seeds of the ordinary run, and of each unit of effort beyond it.
const SEEDS: u64 = 1_500;
const SEEDS_EACH: u64 = 10_000;

/// No stored tape is longer.
const TAPE_BYTES_MAX: usize = 199;

/// Defects that some hundred seeds find.
const FOUND: [Bug; 28] = [
    Bug::EarlyAcknowledgement,
    Bug::VisibleBeforeSynced,
    Bug::PoisonForgotten,
    Bug::SyncedTooFar,
    Bug::JournalNotSealed,
    Bug::SealNotSynced,
    Bug::JournalNotNamed,
    Bug::FloorAdvancedEarly,
    Bug::JournalRemovedEarly,
    Bug::LastSequenceForgotten,
    Bug::TombstonesDroppedInFlush,
    Bug::TombstonesDroppedInMerge,
    Bug::InputsRemovedEarly,
    Bug::InputsStayListed,
    Bug::DeltaFoldedTwice,
    Bug::KindsNotPublished,
    Bug::HoleSkipped,
    Bug::BodySumUnchecked,
    Bug::NextJournalForgotten,
    Bug::OrphansRemovedEarly,
    Bug::OrphansKept,
    Bug::SequenceReused,
    Bug::HistoryNotFlushed,
    Bug::HistoryNotRecovered,
    Bug::TimesForgotten,
    Bug::NewestVersionDropped,
    Bug::ExpiryNotPublished,
    Bug::ForgottenUnsynced,
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/sim/tapes")
}

/// The stored tapes, by name.
fn stored() -> Vec<(String, Vec<u8>)> {
    let paths = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "tape");
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut tapes: Vec<_> =
        paths.filter(named).map(|path| (name(&path), std::fs::read(&path).unwrap())).collect();
    tapes.sort();
    tapes
}

/// The tape of a seed.
fn tape(seed: u64) -> Vec<u8> {
    let mut rng = SplitMix::new(seed);
    let length = 40 + rng.below(600);
    let mut tape = vec![0; usize::try_from(length).unwrap()];
    rng.fill(&mut tape);
    tape
}

/// Runs seeds in two threads; leaves a tape of one that finds something.
fn run_seeds(first: u64, count: u64) {
    let seeds: Vec<u64> = (first..first + count).collect();
    in_parallel(&seeds, |seed| {
        let Err(violation) = run_tape(&tape(*seed)) else { return };
        let short = shorten(&tape(*seed), |tape| run_tape(tape).is_err());
        let path = folder().join(format!("seed_{seed}.tape"));
        std::fs::write(&path, &short).unwrap();
        let (length, path) = (short.len(), path.display());
        panic!("seed {seed}: {violation}\nshortened to {length} bytes in {path}");
    });
}

#[test]
fn no_seed_finds_anything() {
    let effort = Effort::asked();
    let count = if effort.is_ordinary() { SEEDS } else { SEEDS_EACH * effort.0 as u64 };
    run_seeds(0, count);
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
fn stored_tapes_find_nothing() {
    let tapes = stored();
    assert!(tapes.len() >= FOUND.len(), "only {} tapes in {}", tapes.len(), folder().display());
    for (name, tape) in tapes {
        assert!(tape.len() <= TAPE_BYTES_MAX, "{name} has {} bytes", tape.len());
        run_tape(&tape).unwrap_or_else(|violation| panic!("{name}: {violation}"));
    }
}

/// The stored tape of a defect that is planted.
fn name_of(bug: Bug) -> String {
    format!("planted_{bug:?}")
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "nothing can be planted")]
fn stored_tapes_find_the_defects_that_they_are_named_after() {
    let tapes = stored();
    let mut left: BTreeSet<_> =
        tapes.iter().map(|(name, _)| name).filter(|name| name.starts_with("planted_")).collect();
    for bug in FOUND {
        let name = name_of(bug);
        let (_, tape) = tapes.iter().find(|(of, _)| *of == name).unwrap_or_else(|| {
            panic!("{name}.tape is missing: run the ignored test that makes it again")
        });
        assert!(finds(tape, bug), "{name}.tape does not find it");
        left.remove(&name);
    }
    assert!(left.is_empty(), "tapes of no defect: {left:?}");
}

/// Whether the tape finds the defect when it is planted.
fn finds(tape: &[u8], bug: Bug) -> bool {
    planted::plant(Some(bug));
    let found = run_tape(tape);
    planted::plant(None);
    found.is_err()
}

/// A tape that finds the planted defect, and nothing without it, as short as can be.
fn find(bug: Bug, seeds: u64) -> Option<Vec<u8>> {
    planted::plant(Some(bug));
    let found = (0..seeds).map(tape).find(|tape| run_tape(tape).is_err());
    let short = found.map(|found| shorten(&found, |tape| run_tape(tape).is_err()));
    planted::plant(None);
    short
}

/// Writes the stored tapes of defects that have none, or whose tape means something else since the
/// meaning of tapes was changed.
#[test]
#[ignore = "changes files of the project"]
fn tapes_of_defects_are_made() {
    let tapes = stored();
    let is_good =
        |bug: &Bug| tapes.iter().any(|(name, tape)| *name == name_of(*bug) && finds(tape, *bug));
    let due: Vec<Bug> = FOUND.into_iter().filter(|bug| !is_good(bug)).collect();
    in_parallel(&due, |bug| match find(*bug, 3_000) {
        Some(tape) => std::fs::write(folder().join(name_of(*bug) + ".tape"), tape).unwrap(),
        None => eprintln!("{bug:?} is not found"),
    });
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
        let short = find(bug, 500).unwrap_or_else(|| panic!("{bug:?} is not found"));
        assert!(short.len() <= TAPE_BYTES_MAX, "{bug:?}: {} bytes", short.len());
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
