//! The workloads: small ones that together make the engine do everything that it can do.

use sutra_lsm::Durability::{Buffered, None, Sync};
use sutra_testkit::SplitMix;

use crate::model::Change::{self, Associate, Delete, Dissociate, Put, State, Touch};
use crate::small;
use crate::workload::Step::{
    self, Commit, CompactAll, CompactDue, CompactLevel, Flush, Hold, Register, Release, Reopen,
};

/// Steps, and the memory that a memtable may take.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) segment_bytes: u64,
    pub(crate) steps: Vec<Step>,
}

pub(crate) fn all() -> Vec<Workload> {
    let mut all = vec![everything(), vectors(), unsynced(), deletes()];
    let draws = ["first draw", "second draw", "third draw"];
    all.extend(draws.into_iter().zip(1..).map(|(name, seed)| random(name, seed)));
    all.extend(small::all());
    all
}

pub(crate) fn put(n: u64, text: usize) -> Change {
    Put { n, text: Some(text), vector: 0 }
}

/// Each step at least once, with all three durabilities between them.
pub(crate) fn everything() -> Workload {
    let steps = vec![
        Commit(Sync, vec![put(1, 60), put(2, 0), put(3, 60), Associate(1, 1, 2)]),
        Commit(Buffered, vec![Put { n: 4, text: Option::None, vector: 5 }, Touch(2)]),
        Commit(None, vec![State(2, 2, 3), put(5, 60)]),
        Register("hypernym"),
        Commit(None, vec![put(6, 900), Delete(1), Touch(1), Associate(6, 0, 4)]),
        Step::Sync,
        Commit(Sync, vec![put(7, 60), Associate(7, 1, 6), Dissociate(2, 2, 3)]),
        Flush,
        Commit(None, vec![put(1, 60), Associate(1, 1, 2), Touch(7)]),
        Flush,
        Hold,
        Commit(Sync, vec![Touch(3), Touch(4), Delete(6)]),
        Flush,
        CompactDue,
        Commit(Buffered, vec![put(8, 60), State(8, 3, 1)]),
        Register("meronym"),
        Release,
        Commit(None, vec![put(9, 60), put(10, 60)]),
        Reopen,
        Commit(Sync, vec![Touch(8), Delete(2), put(3, 1_200)]),
        Flush,
        Commit(None, vec![put(11, 60), Dissociate(8, 3, 1)]),
        CompactLevel(0),
        CompactAll,
        Commit(None, vec![put(12, 700)]),
    ];
    Workload { name: "everything", segment_bytes: 8 << 10, steps }
}

/// A little of everything, for tests that run it once for each of its operations.
pub(crate) fn short() -> Workload {
    let steps = vec![
        Commit(Sync, vec![put(1, 60), put(2, 0), Associate(1, 1, 2)]),
        Commit(Buffered, (3..12).map(|n| put(n, 60)).collect()),
        Register("hypernym"),
        Commit(None, vec![Delete(1), Touch(2), State(2, 2, 3), Touch(4)]),
        Commit(Sync, (3..14).map(Touch).collect()),
        Commit(Buffered, vec![put(1, 900), Touch(5)]),
        Step::Sync,
        Hold,
        CompactAll,
        Commit(Sync, vec![put(15, 60), Delete(2)]),
        Release,
        Reopen,
        Commit(None, vec![put(16, 60), Associate(16, 1, 15)]),
        Flush,
        CompactLevel(0),
        Commit(Sync, vec![Touch(16)]),
    ];
    Workload { name: "short", segment_bytes: 4 << 10, steps }
}

/// Vectors so large that they stay home in merges, until half of them are replaced.
pub(crate) fn vectors() -> Workload {
    const DIMENSIONS: usize = 7 << 10;
    let large = |n| Put { n, text: Some(30), vector: DIMENSIONS };
    let load = |n| [Commit(Sync, vec![large(n), large(n + 1), put(n + 2, 50)]), Flush];
    let mut steps: Vec<Step> = [1, 4, 7].into_iter().flat_map(load).collect();
    steps.push(CompactLevel(0));
    steps.push(Commit(Sync, vec![put(1, 20), Delete(4), Touch(7)]));
    steps.push(Flush);
    steps.push(CompactAll);
    steps.push(Commit(Buffered, vec![Delete(7), Delete(8), put(2, 5)]));
    steps.push(CompactAll);
    Workload { name: "vectors", segment_bytes: 16 << 10, steps }
}

/// Long commits that wait for a sync, through full memtables.
pub(crate) fn unsynced() -> Workload {
    let mut steps = Vec::new();
    for round in 0..9 {
        let n = round * 4;
        steps.push(Commit(None, vec![put(n, 700), put(n + 1, 20), Associate(n, 1, n + 1)]));
        steps.push(Commit(Buffered, vec![put(n + 2, 1_500), Touch(n)]));
        steps.push(Commit(None, vec![Touch(n + 1), State(n, 2, n + 1), Delete(n.max(3) - 3)]));
        steps.push(match round % 3 {
            0 => Commit(None, vec![put(n + 3, 5)]),
            1 => Step::Sync,
            _ => Commit(Sync, vec![Touch(n + 2)]),
        });
    }
    Workload { name: "unsynced", segment_bytes: 16 << 10, steps }
}

/// Concepts and associations that are deleted in a newer segment than they are in, down to where
/// the deletions themselves are dropped.
pub(crate) fn deletes() -> Workload {
    let steps = vec![
        Commit(Sync, (1..8).map(|n| put(n, 30)).collect()),
        Commit(Sync, (1..7).map(|n| Associate(n, 1, n + 1)).collect()),
        Commit(None, vec![State(1, 4, 7), State(2, 4, 6)]),
        Flush,
        Commit(None, vec![Delete(3), Dissociate(1, 1, 2), Dissociate(1, 4, 7)]),
        Commit(Buffered, vec![Delete(2), put(2, 31), Associate(2, 1, 4)]),
        Flush,
        CompactLevel(0),
        Commit(Sync, vec![Delete(5), Touch(5), Touch(4)]),
        Flush,
        Commit(None, vec![put(5, 32), Associate(5, 1, 6), Delete(1)]),
        Flush,
        CompactLevel(0),
        CompactLevel(1),
        Commit(Sync, (1..8).map(Delete).collect()),
        Flush,
        CompactAll,
        Commit(None, vec![put(1, 33), Touch(2)]),
        Reopen,
        CompactDue,
    ];
    Workload { name: "deletes", segment_bytes: 12 << 10, steps }
}

/// Whatever comes.
pub(crate) fn random(name: &'static str, seed: u64) -> Workload {
    let mut rng = SplitMix::new(seed);
    let mut steps = Vec::new();
    for _ in 0..45 {
        steps.push(match rng.below(16) {
            0 => Flush,
            1 => CompactDue,
            2 => CompactLevel(rng.below(3) as u32),
            3 => [Hold, Release, Reopen, CompactAll, Step::Sync][rng.below(5) as usize].clone(),
            _ => {
                let changes = (0..1 + rng.below(4)).map(|_| change(&mut rng)).collect();
                Commit(*rng.pick(&[Sync, Sync, Buffered, None]), changes)
            }
        });
    }
    Workload { name, segment_bytes: 10 << 10, steps }
}

fn change(rng: &mut SplitMix) -> Change {
    let (n, kind, other) = (rng.below(16), rng.below(3) as u16, rng.below(16));
    match rng.below(12) {
        0 => Delete(n),
        1 | 2 => Touch(n),
        3 | 4 => Associate(n, kind, other),
        5 => State(n, kind, other),
        6 => Dissociate(n, kind, other),
        _ => {
            let text = Some(rng.below(1_000) as usize).filter(|_| rng.chance(7, 8));
            Put { n, text, vector: if rng.chance(1, 4) { 20 } else { 0 } }
        }
    }
}
