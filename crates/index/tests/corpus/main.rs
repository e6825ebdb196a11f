//! Replays the stored inputs of the fuzzers of sections, and inputs that chance makes of them,
//! through the same functions: no panic, no more memory than is said there.
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

use parking_lot::Mutex;
use sutra_testkit::{FuzzRuns, FuzzTarget};

/// Memory is counted for the whole process, so one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Half of the inputs are bytes by chance, and most are short: that leaves more of a section sound.
const TARGETS: [FuzzTarget; 2] = [
    FuzzTarget { fresh: 2, brief: 40, ..FuzzTarget::new("words", index::words, 3_000) },
    FuzzTarget { fresh: 2, brief: 40, ..FuzzTarget::new("vectors", index::vectors, 600) },
];

fn runs() -> FuzzRuns<'static> {
    FuzzRuns::new(&TARGETS)
}

#[test]
fn stored_inputs_do_no_harm() {
    let _alone = ALONE.lock();
    TARGETS.iter().for_each(|target| runs().replay(target.name));
}

#[test]
fn inputs_made_by_chance_do_no_harm() {
    let _alone = ALONE.lock();
    runs().run();
}

/// What each of the processes does that share the runs.
#[test]
#[ignore = "a part of the one above"]
fn a_share_of_the_runs() {
    runs().run_share();
}

#[test]
#[should_panic(expected = "bytes of memory for 0")]
fn more_memory_than_allowed_is_noticed() {
    let _alone = ALONE.lock();
    bound::bounded(0, || std::hint::black_box(vec![1_u8; 17 << 20]));
}
