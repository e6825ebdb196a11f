//! A segment that is not what was put into it replaces nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_fs::{Name, Operation};
use sutra_lsm::planted::{Bug, plant};
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, Health, LsmError, LsmTree,
    WriteBatch,
};
use sutra_testkit::{SimDir, Twist};

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

#[test]
fn what_changes_between_merge_and_file_is_noticed_and_the_inputs_stay() {
    for bug in [Bug::RowChangedInMerge, Bug::TextChangedInMerge, Bug::AssociationChangedInMerge] {
        let dir = SimDir::new();
        let tree = store(&dir);
        let before = segments(&dir);
        plant(Some(bug));
        let result = tree.compact_all();
        assert_eq!(segments(&dir), before, "{bug:?}");
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
