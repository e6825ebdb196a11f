//! A segment that is not what was put into it replaces nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord, SegmentHeader};
use sutra_fs::{Name, Operation};
use sutra_lsm::planted::{Bug, plant};
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, Health, LsmError, LsmTree,
    WriteBatch,
};
use sutra_testkit::{SimDir, Twist};
use zerocopy::FromBytes;

use crate::repair::{self, Repairs, change};

fn open(dir: &SimDir) -> LsmTree<SimDir> {
    let environment =
        Environment { entropy: Some(1), background: Background::Manual, ..Environment::default() };
    LsmTree::open_in(dir.clone(), CompactionConfig::default(), environment).unwrap()
}

fn id(n: u64) -> ConceptId {
    ConceptId::from_key(&n.to_string())
}

fn put(tree: &LsmTree<SimDir>, numbers: std::ops::Range<u64>) {
    let mut batch = WriteBatch::new();
    for n in numbers {
        let (text, vector) = (format!("concept {n}"), [n as f32, 1.0]);
        let put =
            ConceptPut { content: Some(&text), vector: Some(&vector), ..ConceptPut::new(id(n)) };
        batch.put_concept(&put).unwrap();
        let link = AssociationRecord::new(id(n), id(n + 1), AssociationKind::CAUSAL, 0.5);
        batch.put_association(link).unwrap();
    }
    tree.commit(batch, Durability::Sync).unwrap();
}

#[track_caller]
fn check(tree: &LsmTree<SimDir>, count: u64) {
    let snapshot = tree.snapshot();
    for n in 0..count {
        let concept = snapshot.concept(&id(n)).unwrap().unwrap();
        assert_eq!(concept.content().unwrap(), Some(&*format!("concept {n}")));
        assert_eq!(concept.vector().unwrap(), Some(&[n as f32, 1.0][..]));
        assert_eq!(snapshot.outgoing(&id(n)).unwrap()[0].weight.get(), 1.0);
    }
    assert_eq!(snapshot.iter_concepts().unwrap().count() as u64, count);
}

/// Two segments and a full memtable.
fn store(dir: &SimDir) -> LsmTree<SimDir> {
    let tree = open(dir);
    for start in [0, 100] {
        put(&tree, start..start + 100);
        tree.flush().unwrap();
    }
    tree
}

fn segments(dir: &SimDir) -> Vec<Name> {
    dir.image().names().filter(|name| name.as_str().starts_with("seg_")).cloned().collect()
}

#[track_caller]
fn check_refused(dir: &SimDir, tree: LsmTree<SimDir>, result: Result<(), LsmError>, count: u64) {
    plant(None);
    let error = result.unwrap_err();
    assert!(matches!(error, LsmError::Miswritten { .. }), "{error}");
    assert!(error.to_string().contains("nothing was replaced; memory, processor or disk"));
    assert!(matches!(tree.health(), Health::Poisoned { cause } if cause.contains("read again")));
    check(&tree, count);
    drop(tree);
    let tree = open(dir);
    check(&tree, count);
    tree.compact_all().unwrap();
    check(&tree, count);
    assert_eq!(tree.verify(&mut |_| {}).unwrap().damages, []);
}

#[track_caller]
fn says_that_rows_differ(result: &Result<(), LsmError>) {
    let error = result.as_ref().unwrap_err().to_string();
    assert!(error.contains("rows differ in what they say"), "{error}");
}

#[test]
fn what_changes_between_merge_and_file_is_noticed_and_the_inputs_stay() {
    for bug in [Bug::RowChangedInMerge, Bug::TextChangedInMerge, Bug::AssociationChangedInMerge] {
        let dir = SimDir::new();
        let tree = store(&dir);
        let before = segments(&dir);
        plant(Some(bug));
        let result = tree.compact_all();
        assert_eq!(segments(&dir), before, "{bug:?}");
        says_that_rows_differ(&result);
        check_refused(&dir, tree, result, 200);
    }
}

#[test]
fn what_changes_between_memory_and_file_is_noticed_and_the_journal_stays() {
    for bug in [Bug::RowChangedInMerge, Bug::TextChangedInMerge, Bug::AssociationChangedInMerge] {
        let dir = SimDir::new();
        let tree = store(&dir);
        put(&tree, 200..300);
        plant(Some(bug));
        let result = tree.flush();
        says_that_rows_differ(&result);
        check_refused(&dir, tree, result, 300);
    }
}

#[test]
fn a_write_that_is_lost_on_the_way_to_the_file_is_noticed() {
    for skipped in 0..6 {
        lose_a_write(skipped);
    }
}

/// Merges, with one write that is said to have worked and was not made.
fn lose_a_write(skipped: u64) {
    let dir = SimDir::new();
    let tree = store(&dir);
    let (before, count) = (segments(&dir), AtomicU64::new(0));
    dir.twist(Arc::new(move |call| {
        let is_of_segment = call.name.is_some_and(|name| name.as_str().ends_with(".dat.tmp"));
        let is_write = is_of_segment && call.operation == Operation::Write;
        let nth = count.fetch_add(u64::from(is_write), Ordering::Relaxed);
        if is_write && nth == skipped { Twist::Skipped } else { Twist::Straight }
    }));
    let result = tree.compact_all();
    dir.twist(Arc::new(|_| Twist::Straight));
    assert_eq!(segments(&dir), before);
    check_refused(&dir, tree, result, 200);
}

#[test]
fn a_write_that_is_lost_on_the_way_to_a_backup_is_noticed() {
    for skipped in 0..4 {
        let (dir, copy) = (SimDir::new(), SimDir::new());
        let tree = store(&dir);
        put(&tree, 200..300);
        // What a reader has in memory becomes a segment of the backup.
        let reader = LsmTree::open_read_only_in(dir.clone()).unwrap();
        let sound = SimDir::new();
        reader.backup(&sound, &mut |_| {}).unwrap();
        let known = segments(&dir);
        let new = segments(&sound).into_iter().find(|name| !known.contains(name)).unwrap();
        let count = AtomicU64::new(0);
        copy.twist(Arc::new(move |call| {
            let is_new = call.name.is_some_and(|name| name.as_str().starts_with(new.as_str()));
            let is_write = is_new && call.operation == Operation::Write;
            let nth = count.fetch_add(u64::from(is_write), Ordering::Relaxed);
            if is_write && nth == skipped { Twist::Skipped } else { Twist::Straight }
        }));
        let error = reader.backup(&copy, &mut |_| {}).unwrap_err();
        assert!(matches!(error, LsmError::Miswritten { .. }), "{skipped}: {error}");
        check(&tree, 300);
    }
}

#[test]
fn rows_that_were_exchanged_under_correct_sums_are_not_merged() {
    let dir = SimDir::new();
    let tree = store(&dir);
    tree.close().unwrap();
    let (image, name) = (dir.image(), segments(&dir).remove(0));
    let file = image.read(&name).unwrap();
    let (header, _) = SegmentHeader::ref_from_prefix(&file).unwrap();
    let tables =
        [(header.concepts, ConceptRecord::BYTES), (header.associations, AssociationRecord::BYTES)];
    let repairs = Repairs { segments: true, journals: false, manifests: false, names: true };
    for (table, bytes) in tables {
        let start = usize::try_from(table.offset.get()).unwrap();
        for row in (1..100).step_by(7) {
            let mut damaged = image.clone();
            change(&mut damaged, &name, |file| {
                let (before, rest) = file[start + (row - 1) * bytes..].split_at_mut(bytes);
                before.swap_with_slice(&mut rest[..bytes]);
            });
            repair::store(&mut damaged, repairs);
            let tree = open(&SimDir::from_image(&damaged));
            let error = tree.compact_all().unwrap_err();
            assert!(error.is_corruption() && error.path().is_some(), "row {row}: {error}");
        }
    }
}
