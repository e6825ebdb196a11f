//! What the workloads make the engine do: a table, and the test that it is so.

use std::collections::BTreeSet;

use sutra_lsm::{Durability, LsmTree};
use sutra_testkit::SimDir;

use crate::workload::{Stage, Step, run};
use crate::workloads::{self, Workload};
use Reach::{
    Backups, Buffered, ClosesAndOpens, DropsDeletions, Erases, Expires, Flushes, Forgets,
    ForgetsWhenAsked, GoesOnAfterAKill, Holds, MergesAll, MergesBySize, MergesIntoHigher,
    MergesWhenDue, MovesPayload, NamesSpaces, ReadsBeside, Recalls, Registers, Restores, Retains,
    Rotates, Salvages, Scrubs, SharesPayload, Syncs, Unsynced, Verifies, WaitsForSync,
};

/// Something that the engine can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    WaitsForSync,
    Buffered,
    Unsynced,
    Syncs,
    Registers,
    NamesSpaces,
    /// A full memtable is set aside and flushed.
    Rotates,
    Flushes,
    MergesWhenDue,
    /// Since the files are too large, not too many.
    MergesBySize,
    MergesIntoHigher,
    MergesAll,
    /// Payload stays in a file of which no record is left.
    SharesPayload,
    MovesPayload,
    /// A merge drops deletions, since nothing older is left.
    DropsDeletions,
    Holds,
    ClosesAndOpens,
    GoesOnAfterAKill,
    ReadsBeside,
    Verifies,
    Scrubs,
    Backups,
    Restores,
    Salvages,
    /// What was is kept, in segments of its own.
    Retains,
    Recalls,
    Erases,
    Expires,
    /// A merge leads to a commit that deletes what is expired.
    Forgets,
    ForgetsWhenAsked,
}

/// Which workloads reach what, at least.
const TABLE: [(Reach, &[&str]); 30] = [
    (WaitsForSync, &["first commit", "everything", "rotations", "facts"]),
    (Buffered, &["everything", "rotations", "unsynced", "kinds in commits"]),
    (Unsynced, &["everything", "rotations", "unsynced", "kinds in commits"]),
    (Syncs, &["everything", "unsynced", "large commits"]),
    (Registers, &["everything", "kinds", "kinds in commits"]),
    (NamesSpaces, &["spaces", "erasures"]),
    (Rotates, &["rotations", "unsynced", "large commits"]),
    (Flushes, &["everything", "levels", "hub", "scrubs"]),
    (MergesWhenDue, &["levels", "by size", "scrubs"]),
    (MergesBySize, &["by size"]),
    (MergesIntoHigher, &["levels", "deletes", "touches"]),
    (MergesAll, &["everything", "vectors", "donors", "backups"]),
    (SharesPayload, &["vectors", "donors"]),
    (MovesPayload, &["vectors", "donors"]),
    (DropsDeletions, &["deletes"]),
    (Holds, &["everything", "held"]),
    (ClosesAndOpens, &["everything", "reopens", "kinds", "backups"]),
    (GoesOnAfterAKill, &["kills"]),
    (ReadsBeside, &["readers"]),
    (Verifies, &["readers"]),
    (Scrubs, &["scrubs"]),
    (Backups, &["backups"]),
    (Restores, &["copies"]),
    (Salvages, &["copies"]),
    (Retains, &["history", "history that begins and ends", "erasures"]),
    (Recalls, &["erasures"]),
    (Erases, &["erasures"]),
    (Expires, &["expiry"]),
    (Forgets, &["expiry"]),
    (ForgetsWhenAsked, &["expiry"]),
];

/// What a step asks for, whatever comes of it.
fn asks_for(step: &Step) -> Option<Reach> {
    Some(match step {
        Step::Commit(Durability::Sync, _) => WaitsForSync,
        Step::Commit(Durability::Buffered, _) => Buffered,
        Step::Commit(Durability::None, _) => Unsynced,
        Step::Register(_) => Registers,
        Step::Space(_) => NamesSpaces,
        Step::Sync => Syncs,
        Step::CompactAll => MergesAll,
        Step::Hold => Holds,
        Step::Reopen => ClosesAndOpens,
        Step::Kill => GoesOnAfterAKill,
        Step::Read => ReadsBeside,
        Step::Verify => Verifies,
        Step::Scrub(_) => Scrubs,
        Step::Backup(_) => Backups,
        Step::Restore => Restores,
        Step::Salvage => Salvages,
        Step::Retain(_) => Retains,
        Step::Recall => Recalls,
        Step::Erase(_) => Erases,
        Step::Expire(..) => Expires,
        Step::Forget => ForgetsWhenAsked,
        Step::Flush | Step::CompactLevel(_) | Step::CompactDue | Step::Release => return None,
    })
}

/// What was seen of a store after its last step.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    flushes: u64,
    compactions: u64,
    level: u32,
    segments: usize,
    payload_only: usize,
    tombstones: u64,
    last_seq: u64,
}

impl Seen {
    fn of(tree: &LsmTree<SimDir>) -> Self {
        let (stats, segments) = (tree.stats(), tree.segments().unwrap());
        Self {
            flushes: stats.flushes,
            compactions: stats.compactions,
            level: segments.iter().map(|segment| segment.level).max().unwrap_or(0),
            segments: stats.total_segments,
            payload_only: stats.payload_only_segments,
            tombstones: segments.iter().map(|segment| segment.tombstones).sum(),
            last_seq: stats.last_seq,
        }
    }

    /// What a step did that left this, and before it `before`.
    fn since(self, before: Self, step: &Step) -> Vec<Reach> {
        let (merges, due) = (self.compactions > before.compactions, Step::CompactDue);
        let is_due = merges && std::mem::discriminant(step) == std::mem::discriminant(&due);
        [
            (self.flushes > before.flushes && matches!(step, Step::Flush), Flushes),
            (self.flushes > before.flushes && matches!(step, Step::Commit(..)), Rotates),
            (merges && self.last_seq > before.last_seq, Forgets),
            (is_due, MergesWhenDue),
            (is_due && before.segments < 3, MergesBySize),
            (merges && self.level >= 2, MergesIntoHigher),
            (merges && self.payload_only > before.payload_only, SharesPayload),
            (merges && self.payload_only < before.payload_only, MovesPayload),
            (merges && self.tombstones == 0 && before.tombstones > 0, DropsDeletions),
        ]
        .into_iter()
        .filter_map(|(is_so, reach)| is_so.then_some(reach))
        .collect()
    }
}

fn reached(workload: &Workload) -> BTreeSet<Reach> {
    let mut reached: BTreeSet<_> = workload.steps.iter().filter_map(asks_for).collect();
    let (mut steps, mut before) = (workload.steps.iter(), Seen::default());
    let stage = Stage::new(SimDir::new(), workload.segment_bytes);
    run(&stage, &workload.steps, |tree| {
        let (now, step) = (Seen::of(tree), steps.next().unwrap());
        // A store that was opened again counts from zero.
        let is_new = matches!(step, Step::Reopen);
        reached.extend(now.since(if is_new { now } else { before }, step));
        before = now;
    });
    reached
}

#[test]
fn the_workloads_reach_all_that_the_engine_can_do_as_the_table_says() {
    let all = workloads::all();
    assert!(all.len() >= 20, "only {} workloads", all.len());
    for (reach, names) in TABLE {
        assert!(!names.is_empty(), "nothing reaches {reach:?}");
        for name in names {
            let workload = all.iter().find(|workload| workload.name == *name);
            let reached = reached(workload.unwrap_or_else(|| panic!("{name} is no workload")));
            assert!(reached.contains(&reach), "{name} reaches {reached:?}, and not {reach:?}");
        }
    }
    let in_table: BTreeSet<_> = TABLE.iter().map(|(reach, _)| *reach).collect();
    let by_all: BTreeSet<_> = all.iter().flat_map(reached).collect();
    assert_eq!(in_table.len(), TABLE.len(), "each once");
    assert_eq!(in_table, by_all, "what is reached stands in the table");
}
