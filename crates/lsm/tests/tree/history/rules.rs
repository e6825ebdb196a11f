//! What is refused, what is dropped, and what goes along.

use std::collections::BTreeSet;

use sutra_lsm::{
    ConceptPut, Durability, Environment, LsmError, LsmTree, Retention, SalvageOptions,
    StoreIdentity, WriteBatch, restore, salvage,
};
use sutra_testkit::SimDir;

use crate::content::{View, read};
use crate::model::Change::{self, Associate, Delete, Put, Touch};
use crate::model::id;
use crate::workload::{Stage, batch};

fn put(n: u64, text: usize) -> Change {
    Put { n, text: Some(text), vector: 4 }
}

/// A store that commits at times that the test says.
struct Place {
    stage: Stage,
    tree: LsmTree<SimDir>,
}

impl Place {
    fn new(retention: Retention) -> Self {
        let stage = Stage::new(SimDir::new(), 64 << 10);
        let tree = stage.open().unwrap();
        tree.set_retention(retention).unwrap();
        Self { stage, tree }
    }

    fn commit(&self, time: u64, changes: &[Change]) -> u64 {
        self.stage.set_time(time);
        self.tree.commit(batch(time, changes), Durability::Sync).unwrap().last_seq
    }

    /// The version of concept 1 as of a time, by when it was put.
    fn put_at(&self, time: u64) -> Option<u64> {
        let snapshot = self.tree.snapshot_at(time).unwrap();
        let concept = snapshot.concept(&id(1)).unwrap()?;
        let view = View::of(&concept).unwrap();
        let text = view.content.unwrap();
        assert!(text.contains(&format!("as of {}", view.updated_at)), "{text}");
        Some(view.updated_at)
    }
}

fn no_history(result: Result<sutra_lsm::Snapshot<SimDir>, LsmError>) -> Option<u64> {
    match result.err() {
        Some(LsmError::NotKept { since }) => since,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_history_the_past_is_refused_and_the_present_has_one_version() {
    let place = Place::new(Retention::Latest);
    place.commit(10, &[put(1, 40)]);
    place.commit(20, &[put(1, 41)]);
    assert_eq!(no_history(place.tree.snapshot_at(20)), None);
    let snapshot = place.tree.snapshot();
    assert!(matches!(place.tree.changes(&snapshot, 0, 9), Err(LsmError::NotKept { since: None })));
    let versions = snapshot.history(&id(1)).unwrap();
    let told: Vec<_> = versions.iter().map(|version| (version.seq, version.time)).collect();
    assert_eq!(told, [(2, 20)], "what is in memory by chance is no history");
    place.tree.compact_all().unwrap();
    assert_eq!(place.tree.snapshot().history(&id(1)).unwrap().len(), 1);
    assert_eq!(place.tree.stats().history_segments, 0);
}

#[test]
fn history_that_begins_late_says_nothing_of_before() {
    let place = Place::new(Retention::Latest);
    place.commit(10, &[put(1, 40), put(2, 40), Associate(1, 1, 2)]);
    place.tree.flush().unwrap();
    place.commit(20, &[put(1, 41), Delete(2)]);
    place.stage.set_time(30);
    place.tree.set_retention(Retention::Forever).unwrap();
    place.commit(40, &[put(1, 42)]);
    assert_eq!(no_history(place.tree.snapshot_at(29)), Some(30));
    assert_eq!([30, 39, 40, 99].map(|time| place.put_at(time)), [20, 20, 40, 40].map(Some));
    place.tree.compact_all().unwrap();
    assert_eq!([30, 39, 40, 99].map(|time| place.put_at(time)), [20, 20, 40, 40].map(Some));
    let snapshot = place.tree.snapshot();
    assert!(matches!(place.tree.changes(&snapshot, 0, 9), Err(LsmError::NotKept { .. })));
}

#[test]
fn a_window_drops_what_is_older_when_history_merges() {
    let place = Place::new(Retention::Window(100));
    for time in (100..=1_000).step_by(10) {
        place.commit(time, &[put(1, 200), Touch(1)]);
        if time % 50 == 0 {
            place.tree.flush().unwrap();
        }
    }
    let length = |place: &Place| -> u64 {
        let segments = place.tree.segments().unwrap();
        segments.iter().filter(|s| s.history).map(|s| s.file_bytes).sum()
    };
    let before = length(&place);
    place.tree.compact_all().unwrap();
    assert!(length(&place) * 2 < before, "{} of {before} bytes", length(&place));
    assert_eq!(place.tree.stats().history_segments, 1);
    for time in 900..=1_000 {
        assert_eq!(place.put_at(time), Some(time / 10 * 10), "as of {time}");
    }
    assert_eq!(no_history(place.tree.snapshot_at(899)), Some(900));
    // What was the last before the window is still what was at its start.
    let versions = place.tree.snapshot().history(&id(1)).unwrap().len();
    assert!((20..=23).contains(&versions), "{versions} versions");
    assert_eq!(place.tree.verify(&mut |_| {}).unwrap().damages, []);
}

#[test]
fn deletions_before_the_window_go_on_hiding() {
    let place = Place::new(Retention::Window(10));
    place.commit(10, &[put(1, 20), put(2, 20), Associate(1, 1, 2)]);
    place.tree.flush().unwrap();
    place.commit(20, &[Delete(2)]);
    place.commit(30, &[put(2, 20)]);
    place.tree.flush().unwrap();
    place.commit(100, &[Touch(1)]);
    place.commit(200, &[Touch(1)]);
    for _ in 0..3 {
        place.tree.compact_all().unwrap();
        for time in [190, 195, 200] {
            let snapshot = place.tree.snapshot_at(time).unwrap();
            assert_eq!(snapshot.outgoing(&id(1)).unwrap().len(), 0, "as of {time}");
            assert_eq!(snapshot.iter_associations().unwrap().count(), 0, "as of {time}");
        }
    }
}

/// Rows of history: concepts and associations, the newest versions of each.
fn rows_of_history(place: &Place) -> (u64, u64) {
    let segments = place.tree.segments().unwrap();
    let history = segments.iter().filter(|segment| segment.history);
    history.fold((0, 0), |sum, s| (sum.0 + s.concepts, sum.1 + s.associations))
}

#[test]
fn a_deletion_that_hides_nothing_any_more_is_dropped() {
    let place = Place::new(Retention::Window(10));
    place.commit(10, &[put(1, 20), put(2, 20), put(3, 20), Associate(1, 1, 2), Associate(1, 1, 3)]);
    place.tree.flush().unwrap();
    place.commit(20, &[Delete(2)]);
    place.tree.compact_all().unwrap();
    assert_eq!(rows_of_history(&place), (3, 2), "the deleted one included");
    place.commit(100, &[put(1, 20)]);
    place.commit(200, &[put(1, 20)]);
    place.tree.compact_all().unwrap();
    assert_eq!(rows_of_history(&place), (2, 1), "neither the deletions nor what they hid");
    for time in [190, 200] {
        let snapshot = place.tree.snapshot_at(time).unwrap();
        assert_eq!(snapshot.outgoing(&id(1)).unwrap().len(), 1, "as of {time}");
        assert_eq!(snapshot.incoming(&id(2)).unwrap().len(), 0, "as of {time}");
    }
    assert_eq!(place.tree.verify(&mut |_| {}).unwrap().damages, []);
}

#[test]
fn of_a_number_of_versions_the_older_ones_go_and_the_past_ends_where_they_were() {
    let place = Place::new(Retention::Versions(2));
    place.commit(5, &[put(2, 20)]);
    for time in [10, 20, 30, 40, 50] {
        place.commit(time, &[put(1, 40)]);
        place.tree.flush().unwrap();
    }
    assert_eq!(place.put_at(10), Some(10), "it is not merged yet");
    place.tree.compact_all().unwrap();
    assert_eq!([30, 39, 40, 99].map(|time| place.put_at(time)), [30, 30, 40, 50].map(Some));
    assert_eq!(no_history(place.tree.snapshot_at(29)), Some(30));
    let times = |n| -> Vec<u64> {
        let snapshot = place.tree.snapshot();
        let versions = snapshot.history(&id(n)).unwrap();
        versions.iter().map(|version| version.time).collect()
    };
    assert_eq!((times(1), times(2)), (vec![50, 40, 30], vec![5]));
    let snapshot = place.tree.snapshot();
    assert!(matches!(place.tree.changes(&snapshot, 3, 9), Err(LsmError::NotKept { .. })));
    assert_eq!(place.tree.changes(&snapshot, 4, 9).unwrap().len(), 2);
    // Of one segment as well, once fewer are wanted.
    place.tree.set_retention(Retention::Versions(1)).unwrap();
    place.tree.compact_all().unwrap();
    assert_eq!((times(1), times(2)), (vec![50, 40], vec![5]));
    assert_eq!(no_history(place.tree.snapshot_at(39)), Some(40));
    let refused = place.tree.set_retention(Retention::Versions(0));
    assert!(refused.unwrap_err().to_string().contains("0 versions"));
    assert_eq!(place.tree.retention(), Retention::Versions(1));
    assert_eq!(place.tree.verify(&mut |_| {}).unwrap().damages, []);
}

#[test]
fn history_that_is_no_longer_wanted_goes_with_its_files() {
    let place = Place::new(Retention::Forever);
    for time in 1..9 {
        place.commit(time * 10, &[put(1, 500), put(time, 30)]);
        place.tree.flush().unwrap();
    }
    let now = read(&place.tree.snapshot(), &BTreeSet::new()).unwrap();
    assert!(place.tree.stats().history_segments > 0);
    place.tree.set_retention(Retention::Latest).unwrap();
    assert_eq!(place.tree.stats().history_segments, 0);
    assert_eq!(no_history(place.tree.snapshot_at(80)), None);
    place.tree.compact_all().unwrap();
    assert_eq!(place.tree.segments().unwrap().len(), 1);
    assert_eq!(read(&place.tree.snapshot(), &BTreeSet::new()).unwrap(), now);
    assert_eq!(place.tree.verify(&mut |_| {}).unwrap().damages, []);
}

#[test]
fn what_is_erased_is_erased_from_the_past() {
    let place = Place::new(Retention::Forever);
    for time in 1..6 {
        place.commit(time * 10, &[put(1, 300), put(2, 60), Associate(1, 1, 2), Touch(1)]);
        place.tree.flush().unwrap();
    }
    place.commit(60, &[put(1, 301), Change::State(2, 2, 1)]);
    let report = place.tree.erase(&[id(1)]).unwrap();
    assert!(report.is_complete(), "{report:?}");
    for time in (10..=60).step_by(10) {
        let snapshot = place.tree.snapshot_at(time).unwrap();
        assert!(snapshot.concept(&id(1)).unwrap().is_none(), "as of {time}");
        assert_eq!(snapshot.iter_associations().unwrap().count(), 0, "as of {time}");
        let other = snapshot.concept(&id(2)).unwrap().expect("it stays");
        assert_eq!(View::of(&other).unwrap().updated_at, time.min(50));
    }
    assert_eq!(place.tree.snapshot().history(&id(1)).unwrap().len(), 0);
    assert_eq!(place.tree.verify(&mut |_| {}).unwrap().damages, []);
}

#[test]
fn copies_have_the_history_and_what_is_salvaged_says_that_it_has_none() {
    let place = Place::new(Retention::Forever);
    for time in 1..6 {
        place.commit(time * 10, &[put(1, 300), Touch(1)]);
        if time % 2 == 0 {
            place.tree.flush().unwrap();
        }
    }
    let (backup, environment) = (SimDir::new(), Environment::default());
    place.tree.backup(&backup, &mut |_| {}).unwrap();
    // A reader cannot flush, and gives its memtables along.
    let beside = SimDir::new();
    place.commit(60, &[put(1, 302)]);
    let reader = LsmTree::open_read_only_in(place.stage.dir.clone()).unwrap();
    reader.backup(&beside, &mut |_| {}).unwrap();
    let restored = SimDir::new();
    restore(backup.clone(), &restored, StoreIdentity::New, &environment, &mut |_| {}).unwrap();
    for (dir, last) in [(backup, 50), (restored, 50), (beside, 60)] {
        let copy = LsmTree::open_read_only_in(dir).unwrap();
        for time in (10..=last).step_by(10) {
            let there = copy.snapshot_at(time).unwrap();
            let here = place.tree.snapshot_at(time).unwrap();
            let all = |snapshot| read(snapshot, &BTreeSet::new()).unwrap();
            assert_eq!(all(&there), all(&here), "as of {time}");
        }
        assert_eq!(copy.verify(&mut |_| {}).unwrap().damages, []);
    }
    let (from, to) = (std::sync::Arc::new(place.stage.dir.clone()), SimDir::new());
    let options = SalvageOptions::default();
    let report = salvage(&from, to.clone(), options, &environment, &mut |_| {}).unwrap();
    assert_eq!(report.losses.len(), 1, "{report:?}");
    assert!(report.losses[0].what.to_string().starts_with("the history"));
    let salvaged = LsmTree::open_read_only_in(to).unwrap();
    assert_eq!(salvaged.retention(), Retention::Latest);
    let seq = salvaged.snapshot().history(&id(1)).unwrap()[0].seq;
    assert_eq!(seq, place.tree.snapshot().history(&id(1)).unwrap()[0].seq);
}

#[test]
fn reading_what_is_looks_at_no_history() {
    let place = Place::new(Retention::Forever);
    for time in 1..40 {
        place.commit(time * 10, &[put(1, 30), put(2, 30), Associate(1, 1, 2)]);
        place.tree.flush().unwrap();
        while place.tree.compaction_step().unwrap() {}
    }
    place.tree.compact_all().unwrap();
    let stats = place.tree.stats();
    assert_eq!((stats.total_segments, stats.history_segments), (1, 1));
    let segments = place.tree.segments().unwrap();
    let rows = |history: bool| {
        segments.iter().find(|s| s.history == history).map(|s| (s.concepts, s.associations))
    };
    // That the association has no text is a row as well, of history alone.
    assert_eq!((rows(false), rows(true)), (Some((2, 1)), Some((3, 1))));
    assert_eq!(place.tree.snapshot().history(&id(1)).unwrap().len(), 39);
}

#[test]
fn a_reader_reads_the_past_and_sets_no_retention() {
    let place = Place::new(Retention::Forever);
    place.commit(10, &[put(1, 30)]);
    place.commit(20, &[put(1, 30)]);
    place.tree.flush().unwrap();
    place.commit(30, &[put(1, 30)]);
    let reader = LsmTree::open_read_only_in(place.stage.dir).unwrap();
    for time in [10, 20, 30] {
        let snapshot = reader.snapshot_at(time).unwrap();
        let concept = snapshot.concept(&id(1)).unwrap().unwrap();
        assert_eq!(View::of(&concept).unwrap().updated_at, time);
    }
    assert!(matches!(reader.set_retention(Retention::Latest), Err(LsmError::ReadOnly)));
    assert_eq!(reader.retention(), Retention::Forever);
}

#[test]
fn what_another_said_once_does_not_keep_a_concept_from_being_erased() {
    let place = Place::new(Retention::Forever);
    let shared = "a sentence that two of them have in common";
    let put = |n: u64, text: &str| {
        let mut batch = WriteBatch::new();
        batch.put_concept(&ConceptPut { content: Some(text), ..ConceptPut::new(id(n)) }).unwrap();
        place.tree.commit(batch, Durability::Sync).unwrap()
    };
    put(1, shared);
    put(2, shared);
    place.tree.flush().unwrap();
    put(1, "something else");
    let report = place.tree.erase(&[id(2)]).unwrap();
    assert_eq!(report.shared, 1, "the text of the other one's past");
    let versions = place.tree.snapshot();
    let versions = versions.history(&id(1)).unwrap();
    let first = versions.last().unwrap().concept.as_ref().unwrap();
    assert_eq!(first.content().unwrap(), Some(shared));
}
