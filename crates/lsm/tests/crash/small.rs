//! Workloads of one idea each. They are short, so that many crashes of each can be looked at.

use sutra_format::AssociationKind;
use sutra_lsm::Durability::{Buffered, None, Sync};
use sutra_lsm::{Expiry, ExpiryScope, Retention};

use crate::model::Change::{
    Associate, Delete, Dissociate, During, Put, PutIn, PutUntil, State, Touch,
};
use crate::workload::Step::{
    self, Backup, Commit, CompactAll, CompactDue, CompactLevel, Erase, Expire, Flush, Forget, Hold,
    Kill, Read, Recall, Register, Release, Reopen, Restore, Retain, Salvage, Scrub, Space, Verify,
};
use crate::workloads::{Workload, put};

pub(crate) fn all() -> Vec<Workload> {
    vec![
        first_commit(),
        rotations(),
        kinds(),
        levels(),
        by_size(),
        held(),
        facts(),
        hub(),
        touches(),
        reopens(),
        kills(),
        nothing_left(),
        large_commits(),
        readers(),
        donors(),
        kinds_in_commits(),
        spaces(),
        backups(),
        copies(),
        scrubs(),
        history(),
        history_later(),
        erasures(),
        expiry(),
    ]
}

fn workload(name: &'static str, segment_bytes: u64, steps: Vec<Step>) -> Workload {
    Workload { name, segment_bytes, steps }
}

/// What was is kept from the first commit on, through merges of both kinds of segments.
pub(crate) fn history() -> Workload {
    let steps = vec![
        Retain(Retention::Forever),
        Commit(Sync, vec![put(1, 60), put(2, 30), Associate(1, 1, 2), State(2, 2, 1)]),
        Commit(None, vec![put(1, 70), Touch(2)]),
        Flush,
        Commit(Sync, vec![Touch(1), Delete(2), put(3, 30)]),
        Flush,
        Commit(Buffered, vec![put(2, 20), Associate(2, 1, 3), Touch(9)]),
        Flush,
        CompactDue,
        CompactDue,
        Commit(None, vec![Dissociate(2, 1, 3), put(1, 400)]),
        Reopen,
        Commit(Sync, vec![Touch(1), Touch(1)]),
        CompactAll,
        Commit(Sync, vec![put(4, 10)]),
    ];
    workload("history", 4 << 10, steps)
}

/// It begins late, has a window, and ends.
pub(crate) fn history_later() -> Workload {
    let steps = vec![
        Commit(Sync, vec![put(1, 60), put(2, 30), Associate(1, 1, 2)]),
        Flush,
        Commit(Sync, vec![Delete(2), Touch(1)]),
        Flush,
        Commit(Buffered, vec![put(3, 60)]),
        Retain(Retention::Window(3)),
        Commit(Sync, vec![put(1, 61), put(2, 5)]),
        Flush,
        Commit(Sync, vec![put(1, 62)]),
        Commit(Sync, vec![put(1, 63), Delete(3)]),
        Commit(Sync, vec![put(1, 64)]),
        CompactAll,
        Commit(Sync, vec![Touch(1)]),
        Retain(Retention::Latest),
        Commit(Sync, vec![put(1, 65)]),
        Flush,
    ];
    workload("history that begins and ends", 4 << 10, steps)
}

/// Concepts that go from all that was, with vectors of two spaces.
pub(crate) fn erasures() -> Workload {
    let steps = vec![
        Space("titles"),
        Retain(Retention::Forever),
        Commit(Sync, vec![put(1, 60), PutIn(2, 1), Associate(1, 1, 2), State(2, 2, 1)]),
        Flush,
        Retain(Retention::Window(9_000)),
        Commit(None, vec![put(1, 70), PutIn(3, 1), Associate(1, 1, 3)]),
        Erase(1),
        Recall,
        Commit(Buffered, vec![put(1, 20), Associate(3, 1, 1), Touch(2)]),
        Retain(Retention::Forever),
        Erase(2),
        Commit(Sync, vec![PutIn(2, 1), Delete(3)]),
        Recall,
    ];
    workload("erasures", 4 << 10, steps)
}

/// What expires is deleted after a merge or before it, and merges away; rules change and go.
pub(crate) fn expiry() -> Workload {
    let kind = ExpiryScope::Kind(AssociationKind::from_code(1));
    let concepts = ExpiryScope::Concepts;
    let ends_at = [900, 1_002];
    let steps = vec![
        Retain(Retention::Forever),
        Commit(Sync, vec![put(1, 60), put(2, 30), put(3, 30), Associate(1, 1, 2), State(2, 2, 3)]),
        Expire(concepts, Some(Expiry::new().time_to_live(3))),
        Flush,
        Commit(None, vec![Touch(1), put(4, 20), PutUntil(6, 1_003), During(4, 1, 1, ends_at)]),
        Flush,
        Commit(Sync, vec![Touch(1)]),
        Commit(Buffered, vec![Touch(1), State(4, 1, 6)]),
        Flush,
        CompactDue,
        Expire(kind, Some(Expiry::new().after_end(4))),
        Commit(Sync, vec![put(5, 700), During(5, 1, 1, ends_at)]),
        Commit(None, vec![Touch(1)]),
        CompactAll,
        Reopen,
        Expire(concepts, Option::None),
        Commit(Sync, vec![put(2, 30)]),
        CompactAll,
        Expire(concepts, Some(Expiry::new().time_to_live(2))),
        Commit(Buffered, vec![put(7, 20), State(7, 2, 1)]),
        Commit(None, vec![Touch(7)]),
        Forget,
        Commit(None, vec![put(8, 20)]),
        Flush,
        Commit(None, vec![put(9, 20)]),
        Flush,
        Commit(Buffered, vec![Touch(8)]),
        CompactLevel(0),
    ];
    workload("expiry", 16 << 10, steps)
}

fn first_commit() -> Workload {
    workload("first commit", 16 << 10, vec![Commit(Sync, vec![put(1, 10), Touch(1)])])
}

/// Memtables that fill up, with commits of all three durabilities on both sides of each seal.
pub(crate) fn rotations() -> Workload {
    let durability = |n| [Sync, None, Buffered][n as usize % 3];
    let steps = (0..14).map(|n| Commit(durability(n / 2), vec![put(n, 400), Touch(n / 2)]));
    workload("rotations", 4 << 10, steps.collect())
}

fn kinds() -> Workload {
    let steps = vec![
        Register("hypernym"),
        Commit(None, vec![put(1, 20), put(2, 20), Associate(1, 5, 2)]),
        Register("meronym"),
        Flush,
        Register("antonym"),
        Commit(Sync, vec![Associate(2, 7, 1)]),
        Reopen,
        Register("hypernym"), // Known: nothing is to be written down.
        Register("entails"),
    ];
    workload("kinds", 16 << 10, steps)
}

/// Vector spaces, each with vectors in the commits after it.
pub(crate) fn spaces() -> Workload {
    let steps = vec![
        Commit(None, vec![put(1, 20), Put { n: 2, text: Some(9), vector: 3 }]),
        Space("titles"),
        Commit(None, vec![PutIn(3, 1), PutIn(4, 1)]),
        Space("titles"), // Known: nothing is to be written down.
        Flush,
        Space("images"),
        Commit(Sync, vec![PutIn(3, 2), PutIn(5, 1), Delete(4)]),
        Reopen,
        Commit(Buffered, vec![PutIn(6, 2)]),
        Space("titles"),
        CompactAll,
        Space("sounds"),
        Commit(None, vec![PutIn(2, 3)]),
        Register("hypernym"),
    ];
    workload("spaces", 16 << 10, steps)
}

/// Three segments merge into one of the next level, and three of those again.
fn levels() -> Workload {
    let mut steps = Vec::new();
    for round in 0..9 {
        let changes = vec![put(round, 20), Touch(round / 2), Associate(round, 1, round / 3)];
        steps.extend([Commit(Sync, changes), Flush, CompactDue]);
    }
    steps.push(CompactDue);
    workload("levels", 16 << 10, steps)
}

/// Two segments that are more than their level may hold.
fn by_size() -> Workload {
    let large = |n| Commit(Sync, vec![Put { n, text: Some(10), vector: 6 << 10 }]);
    let steps = vec![large(1), Flush, CompactDue, large(2), Flush, CompactDue, CompactDue];
    workload("by size", 4 << 10, steps)
}

/// Snapshots that keep files which are merged away.
fn held() -> Workload {
    let steps = vec![
        Commit(Sync, vec![put(1, 300), put(2, 300)]),
        Flush,
        Hold,
        Commit(None, vec![put(1, 310), Delete(2)]),
        Flush,
        CompactAll,
        Hold,
        Commit(Sync, vec![put(3, 300)]),
        CompactAll,
        Release,
        Commit(Sync, vec![put(4, 10)]),
    ];
    workload("held", 16 << 10, steps)
}

/// Associations with a text of their own, replaced, taken back, and hidden with their ends.
fn facts() -> Workload {
    let steps = vec![
        Commit(Sync, vec![put(1, 10), put(2, 10), State(1, 1, 2), State(2, 1, 1)]),
        Flush,
        Commit(None, vec![State(1, 1, 2), Dissociate(2, 1, 1), State(2, 2, 2)]),
        Flush,
        CompactLevel(0),
        Commit(Sync, vec![Delete(1), State(3, 1, 2)]),
        Flush,
        Commit(Buffered, vec![put(1, 11), State(1, 1, 2)]),
        CompactAll,
    ];
    workload("facts", 16 << 10, steps)
}

/// A concept with many associations that is deleted and put again.
fn hub() -> Workload {
    let all = |kind| (2..20).map(move |n| Associate(1, kind, n)).collect();
    let steps = vec![
        Commit(Sync, all(1)),
        Flush,
        Commit(None, (2..20).map(|n| Associate(n, 2, 1)).collect()),
        Commit(Sync, vec![Delete(1), Associate(1, 1, 3)]),
        Flush,
        CompactLevel(0),
        Commit(Sync, vec![put(1, 10), Delete(3), Dissociate(1, 1, 4)]),
        Flush,
        CompactAll,
    ];
    workload("hub", 16 << 10, steps)
}

/// Changes whose base lies further and further away, until they meet it.
fn touches() -> Workload {
    let all = || (1..7).map(Touch).collect();
    let steps = vec![
        Commit(Sync, (1..6).map(|n| put(n, 20)).collect()),
        Flush,
        Commit(Sync, all()),
        Flush,
        CompactLevel(0),
        Commit(None, all()),
        Flush,
        Commit(Sync, all()),
        Flush,
        CompactLevel(0),
        Commit(Sync, all()),
        CompactLevel(1),
        Flush,
        CompactAll,
    ];
    workload("touches", 16 << 10, steps)
}

fn reopens() -> Workload {
    let mut steps = vec![Reopen, Reopen];
    for n in 0..4 {
        steps.extend([Commit([Sync, None][n as usize % 2], vec![put(n, 30)]), Reopen]);
    }
    steps.push(Reopen);
    workload("reopens", 16 << 10, steps)
}

/// What is in the journal of a process that was killed is not durable before the next one makes
/// segments of it.
fn kills() -> Workload {
    let steps = vec![
        Commit(Sync, vec![put(1, 30), put(2, 30)]),
        Commit(Buffered, vec![put(1, 20), Associate(1, 1, 2)]),
        Kill,
        Commit(Buffered, vec![Delete(2), put(3, 40)]),
        Commit(None, vec![Touch(1)]),
        Kill,
        Commit(Sync, vec![put(2, 10)]),
        Commit(None, vec![put(4, 50)]),
        Kill,
    ];
    workload("kills", 16 << 10, steps)
}

/// Flushes and merges of which no segment comes, since all is deleted.
pub(crate) fn nothing_left() -> Workload {
    let steps = vec![
        Commit(Sync, vec![Delete(1)]),
        Flush,
        Commit(Sync, vec![put(1, 20), put(2, 20), Associate(1, 1, 2)]),
        Flush,
        Commit(None, vec![Delete(1), Delete(2)]),
        CompactAll,
        Commit(Sync, vec![Touch(1), Dissociate(1, 1, 2)]),
        Flush,
        Commit(Sync, vec![put(1, 21)]),
    ];
    workload("nothing left", 16 << 10, steps)
}

/// Commits for which the journal has to grow, synced and not.
pub(crate) fn large_commits() -> Workload {
    let steps = vec![
        Commit(Sync, vec![put(1, 30 << 10)]),
        Commit(Sync, vec![put(2, 10)]),
        Commit(None, vec![put(3, 40 << 10), Touch(1)]),
        Commit(None, vec![put(4, 10)]),
        Step::Sync,
        Commit(Buffered, vec![put(1, 20 << 10)]),
    ];
    workload("large commits", 4 << 10, steps)
}

/// Readers and checks beside the writer, in each of its states.
fn readers() -> Workload {
    let steps = vec![
        Read,
        Commit(None, vec![put(1, 30), Associate(1, 1, 1)]),
        Read,
        Commit(Sync, vec![put(2, 30), Touch(1)]),
        Read,
        Verify,
        Flush,
        Read,
        Commit(Buffered, vec![Delete(1), put(3, 2_000), put(4, 2_000)]),
        Commit(Buffered, vec![put(5, 2_000)]),
        Read,
        CompactAll,
        Read,
        Verify,
    ];
    workload("readers", 4 << 10, steps)
}

/// Vectors that stay where they were written, until few of them are left there.
pub(crate) fn donors() -> Workload {
    let large = |n| Put { n, text: Some(20), vector: 10 << 10 };
    let load = |n| [Commit(Sync, vec![large(n), large(n + 1)]), Flush];
    let mut steps: Vec<Step> = [1, 3].into_iter().flat_map(load).collect();
    steps.extend([
        CompactLevel(0),
        Commit(None, vec![put(1, 5), Touch(2)]),
        Flush,
        CompactAll,
        Commit(Sync, vec![Delete(2), Delete(3)]),
        CompactAll,
    ]);
    workload("donors", 16 << 10, steps)
}

/// Kinds, each used by the commits after it before anything was synced.
fn kinds_in_commits() -> Workload {
    let steps = vec![
        Commit(None, vec![put(1, 400), put(2, 400)]),
        Register("hypernym"),
        Commit(None, vec![Associate(1, 5, 2), put(3, 900)]),
        Register("meronym"),
        Commit(Buffered, vec![State(2, 6, 3), Associate(3, 5, 1)]),
        Commit(None, (4..10).map(|n| put(n, 400)).collect()),
        Register("antonym"),
        Commit(None, vec![Associate(3, 7, 1), Dissociate(2, 6, 3)]),
        CompactAll,
        Register("entails"),
        Commit(Sync, vec![State(1, 8, 2)]),
    ];
    workload("kinds in commits", 4 << 10, steps)
}

/// Backups, and what goes on while they are made.
fn backups() -> Workload {
    let steps = vec![
        Backup(vec![]),
        Commit(Sync, vec![put(1, 300), put(2, 300), Associate(1, 1, 2)]),
        Backup(vec![put(3, 40), Touch(1)]),
        Commit(None, vec![Delete(2), put(4, 300)]),
        Flush,
        Backup(vec![State(1, 1, 3)]),
        CompactAll,
        Commit(Buffered, vec![Touch(4)]),
        Backup(vec![Delete(4)]),
        Reopen,
        Backup(vec![]),
    ];
    workload("backups", 8 << 10, steps)
}

/// Copies that are made of what is on disk, in each of its states.
fn copies() -> Workload {
    let mut steps = vec![Commit(Sync, vec![put(1, 300), put(2, 30), Associate(1, 1, 2)])];
    let copy = || [Restore, Salvage];
    steps.extend(copy());
    steps.push(Commit(None, vec![Delete(2), put(3, 700), Touch(1)]));
    steps.extend(copy());
    steps.push(Flush);
    steps.extend(copy());
    steps.extend([Commit(Buffered, vec![put(4, 1_500), State(1, 2, 3)]), CompactAll]);
    steps.extend(copy());
    workload("copies", 4 << 10, steps)
}

/// A scrub that goes on page by page while its files are replaced.
fn scrubs() -> Workload {
    let mut steps = Vec::new();
    for n in 0..5 {
        let load = Commit([Sync, None][n as usize % 2], vec![put(n, 900), Touch(n / 2)]);
        steps.extend([load, Scrub(4_096), Flush, Scrub(1), Scrub(4_096), CompactDue]);
    }
    steps.extend([Scrub(1 << 20), CompactAll, Scrub(1), Reopen, Scrub(1 << 20)]);
    workload("scrubs", 8 << 10, steps)
}
