//! SIGKILL at random moments, in the midst of commits, flushes, compactions and recoveries.

use std::time::Duration;

use sutra_testkit::SplitMix;

use crate::child::{Task, check, models};

const RUNS: u64 = 1_000;
/// A store comes through so many kills.
const RUNS_PER_STORE: u64 = 50;
const BATCHES: u64 = 60;
const MICROS_MAX: u64 = 20_000;

#[test]
fn a_thousand_kills_lose_nothing_and_leave_nothing_half_done() {
    let models = models(RUNS_PER_STORE * BATCHES);
    let mut rng = SplitMix::new(0x5177);
    let (mut killed, mut acked) = (0, 0);
    for _ in 0..RUNS / RUNS_PER_STORE {
        let place = tempfile::tempdir().unwrap();
        let store = place.path().join("store");
        let mut held = 0;
        for _ in 0..RUNS_PER_STORE {
            let task = Task { store: &store, first: held + 1, count: BATCHES, manual: false };
            let said = task.start(&[]).kill_after(Duration::from_micros(rng.below(MICROS_MAX)));
            assert!(!said.failed, "{said:?}");
            killed += u64::from(!said.done);
            acked += said.acked - held;
            held = check(&store, &models, said);
        }
    }
    assert!(killed > RUNS / 2, "only {killed} were killed before they were done");
    assert!(acked > RUNS, "only {acked} batches were acknowledged");
}
