//! The graph of a snapshot, over random histories: what a naive model has, it has.

mod check;
mod model;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use sutra_format::AssociationRecord;
use sutra_format::time::{OPEN_END, OPEN_START, pack_48};
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, LsmTree, WriteBatch,
};
use sutra_testkit::SimDir;

use self::check::check;
use self::model::{KINDS, Model, VERTICES, id, kind};

#[derive(Clone, Debug)]
enum Step {
    Associate {
        source: u8,
        kind: u16,
        target: u8,
        form: u8,
    },
    /// A vertex becomes a hub, in both directions and by every kind.
    Hub(u8),
    Dissociate {
        source: u8,
        kind: u16,
        target: u8,
    },
    Put(u8),
    Delete(u8),
    Commit,
    Flush,
    Rotate,
    CompactLevel(u32),
    CompactAll,
    Reopen,
    /// Keep a snapshot until the end.
    Hold,
}

fn step() -> impl Strategy<Value = Step> {
    let (source, target, kind) = (0..VERTICES, 0..VERTICES, 0..KINDS);
    let edge = (source, kind, target);
    prop_oneof![
        24 => (edge.clone(), any::<u8>())
            .prop_map(|((source, kind, target), form)| Step::Associate { source, kind, target, form }),
        1 => (0..VERTICES).prop_map(Step::Hub),
        4 => edge.prop_map(|(source, kind, target)| Step::Dissociate { source, kind, target }),
        3 => (0..VERTICES).prop_map(Step::Put),
        2 => (0..VERTICES).prop_map(Step::Delete),
        4 => Just(Step::Commit),
        3 => Just(Step::Flush),
        1 => Just(Step::Rotate),
        1 => (0..2_u32).prop_map(Step::CompactLevel),
        1 => Just(Step::CompactAll),
        1 => Just(Step::Reopen),
        1 => Just(Step::Hold),
    ]
}

/// An association of one of several weights, confidences and intervals.
fn record(source: u8, code: u16, target: u8, form: u8) -> AssociationRecord {
    let mut record = AssociationRecord::new(id(source), id(target), kind(code), 1.0);
    record.weight = [1.0, 0.5, 2.0][usize::from(form % 3)].into();
    record.confidence = [1.0, 0.25][usize::from(form / 3 % 2)].into();
    let intervals = [(OPEN_START, OPEN_END), (-50, 150), (100, OPEN_END), (150, 151)];
    let (from, to) = intervals[usize::from(form / 6 % 4)];
    (record.valid_from_48, record.valid_to_48) = (pack_48(from), pack_48(to));
    record
}

fn open(dir: &SimDir) -> LsmTree<SimDir> {
    let time = AtomicU64::new(1);
    let environment = Environment {
        clock: Arc::new(move || time.fetch_add(1, Ordering::Relaxed)),
        entropy: Some(5),
        background: Background::Manual,
    };
    LsmTree::open_in(dir.clone(), CompactionConfig::default(), environment).expect("it opens")
}

/// Does one step in the batch, the model and the store.
fn perform(
    step: &Step,
    batch: &mut WriteBatch,
    model: &mut Model,
    tree: &LsmTree<SimDir>,
) -> sutra_lsm::Result<()> {
    let mut associate = |record: AssociationRecord| {
        model.associate(record);
        batch.put_association(record)
    };
    match *step {
        Step::Associate { source, kind, target, form } => {
            associate(record(source, kind, target, form))?;
        }
        Step::Hub(hub) => {
            for (other, code) in (0..VERTICES).flat_map(|v| (0..KINDS).map(move |k| (v, k))) {
                associate(record(hub, code, other, other))?;
                associate(record(other, code, hub, other / 2))?;
            }
        }
        Step::Dissociate { source, kind: code, target } => {
            model.edges.remove(&(id(source), code, id(target)));
            batch.delete_association(id(source), kind(code), id(target));
        }
        Step::Put(number) => {
            model.concepts.insert(id(number));
            batch.put_concept(&ConceptPut::new(id(number)))?;
        }
        Step::Delete(number) => {
            model.delete_concept(id(number));
            batch.delete_concept(id(number));
        }
        _ => {
            let batch = std::mem::replace(batch, WriteBatch::new());
            if !batch.is_empty() {
                tree.commit(batch, Durability::None)?;
            }
        }
    }
    match *step {
        Step::Flush => tree.flush(),
        Step::Rotate => tree.rotate_active_segment(),
        Step::CompactLevel(level) => tree.compact_level(level).map(|_| ()),
        Step::CompactAll => tree.compact_all(),
        _ => Ok(()),
    }
}

fn run(steps: &[Step]) {
    let dir = SimDir::new();
    let mut tree = open(&dir);
    let (mut model, mut batch, mut held) = (Model::default(), WriteBatch::new(), Vec::new());
    for step in steps.iter().chain([&Step::Commit]) {
        perform(step, &mut batch, &mut model, &tree).expect("done");
        match step {
            Step::Reopen => {
                tree.close().expect("closed");
                tree = open(&dir);
            }
            Step::Hold if held.len() < 2 => held.push((tree.snapshot(), model.clone())),
            _ => {}
        }
    }
    held.push((tree.snapshot(), model));
    for (snapshot, model) in &held {
        check(snapshot, model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn the_graph_of_a_snapshot_is_that_of_the_model(
        steps in proptest::collection::vec(step(), 0..100),
    ) {
        run(&steps);
    }
}

#[test]
fn one_segment_several_and_a_memtable_tell_the_same_graph() {
    let hubs = [Step::Hub(0), Step::Flush, Step::Hub(1), Step::Hub(0), Step::Flush];
    run(&hubs[..2]);
    run(&hubs);
    run(&[&hubs[..], &[Step::Delete(1), Step::Flush, Step::Hub(1)]].concat());
    run(&[&hubs[..], &[Step::CompactAll]].concat());
    run(&[&hubs[..], &[Step::Delete(0), Step::Hold, Step::CompactAll, Step::Put(0)]].concat());
}
