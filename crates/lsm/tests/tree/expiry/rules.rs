//! What is hidden when, what brings it back, what is deleted, and what goes along.

use std::collections::BTreeSet;
use std::sync::Arc;

use sutra_format::AssociationKind;
use sutra_lsm::{
    Durability, Environment, Expiry, ExpiryScope, LsmError, LsmTree, Reader, Retention,
    SalvageOptions, StoreIdentity, WriteBatch, restore, salvage,
};
use sutra_testkit::SimDir;

use crate::content::read;
use crate::model::Change::{self, Associate, Delete, During, Put, PutUntil, State, Touch};
use crate::model::id;
use crate::workload::{Stage, batch};

fn put(n: u64) -> Change {
    Put { n, text: Some(30), vector: 0 }
}

/// A store that commits at times that the test says.
struct Place {
    stage: Stage,
    tree: LsmTree<SimDir>,
}

impl Place {
    fn new() -> Self {
        let stage = Stage::new(SimDir::new(), 64 << 10);
        let tree = stage.open().unwrap();
        Self { stage, tree }
    }

    fn commit(&self, time: u64, changes: &[Change]) {
        self.stage.set_time(time);
        self.tree.commit(batch(time, changes), Durability::Sync).unwrap();
    }

    fn set(&self, scope: ExpiryScope, expiry: Expiry) {
        self.tree.set_expiry(scope, Some(expiry)).unwrap();
    }

    /// Whether a concept is seen at a time.
    fn shows(&self, time: u64, n: u64) -> bool {
        self.stage.set_time(time);
        self.tree.snapshot().concept(&id(n)).unwrap().is_some()
    }

    fn is_stored(&self, n: u64) -> bool {
        self.tree.snapshot().concept_even_expired(&id(n)).unwrap().is_some()
    }

    /// How many associations start at a concept, as seen at a time.
    fn degree(&self, time: u64, n: u64) -> usize {
        self.stage.set_time(time);
        self.tree.snapshot().outgoing(&id(n)).unwrap().len()
    }
}

const CONCEPTS: ExpiryScope = ExpiryScope::Concepts;

#[test]
fn a_concept_lives_so_long_after_it_was_put_or_touched() {
    let place = Place::new();
    place.set(CONCEPTS, Expiry::new().time_to_live(100));
    place.commit(1_000, &[put(1), put(2), PutUntil(3, 1_010)]);
    assert_eq!([1_099, 1_100].map(|time| place.shows(time, 1)), [true, false]);
    place.commit(1_050, &[Touch(1)]);
    assert_eq!([1_149, 1_150].map(|time| place.shows(time, 1)), [true, false]);
    // Until it is deleted a touch brings it back, and a put as well.
    place.commit(1_300, &[Touch(1), put(2)]);
    assert_eq!([1, 2, 3].map(|n| place.shows(1_310, n)), [true, true, false]);
    place.set(CONCEPTS, Expiry::new().after_end(20));
    assert_eq!([1, 2, 3].map(|n| place.shows(1_029, n)), [true; 3]);
    assert_eq!([1, 2, 3].map(|n| place.shows(1_030, n)), [true, true, false]);
    place.tree.set_expiry(CONCEPTS, None).unwrap();
    assert_eq!([1, 2, 3].map(|n| place.shows(9_000, n)), [true; 3]);
}

#[test]
fn strength_fades_by_half_and_is_forgotten_below_the_least() {
    let place = Place::new();
    place.set(CONCEPTS, Expiry::new().half_life(100, 0.25));
    place.commit(1_000, &[put(1)]);
    assert_eq!([1_000, 1_200, 1_201].map(|time| place.shows(time, 1)), [true, true, false]);
    // Touching number 2 sets its strength to the time.
    place.commit(1_024, &[put(2), Touch(2)]);
    assert_eq!([2_224, 2_225].map(|time| place.shows(time, 2)), [true, false]);
}

#[test]
fn associations_follow_the_rule_of_their_kind_and_their_ends() {
    let place = Place::new();
    let kind = |code| ExpiryScope::Kind(AssociationKind::from_code(code));
    place.commit(1_000, &[put(1), put(2)]);
    let holds = |code| During(1, code, 2, [1_000, 1_500]);
    place.commit(1_000, &[holds(0), holds(1), holds(2), Associate(1, 3, 2), State(1, 4, 2)]);
    place.set(ExpiryScope::Associations, Expiry::new().time_to_live(100));
    place.set(kind(1), Expiry::new());
    place.set(kind(2), Expiry::new().after_end(50));
    // Those that have always held have no age.
    let degrees = [1_099, 1_100, 1_549, 1_550].map(|time| place.degree(time, 1));
    assert_eq!(degrees, [5, 4, 4, 3]);
    place.set(CONCEPTS, Expiry::new().time_to_live(700));
    place.commit(1_600, &[Touch(1)]);
    assert_eq!([1_699, 1_700].map(|time| place.degree(time, 1)), [3, 0], "an end is hidden");
    assert_eq!(place.tree.snapshot().iter_associations().unwrap().count(), 0);
    let unnamed = place.tree.set_expiry(kind(5), Some(Expiry::new()));
    assert!(unnamed.unwrap_err().to_string().contains("kind 5 of associations has no name"));
}

#[test]
fn a_merge_deletes_what_it_meets_unless_it_was_touched_since() {
    let place = Place::new();
    place.set(CONCEPTS, Expiry::new().time_to_live(100));
    for n in 1..4 {
        place.commit(1_000, &[put(n), Associate(n, 1, 9)]);
        place.tree.flush().unwrap();
    }
    place.commit(1_090, &[Touch(2)]);
    place.stage.set_time(1_120);
    assert!(place.tree.compaction_step().unwrap());
    assert_eq!([1, 2, 3].map(|n| place.is_stored(n)), [false, true, false]);
    assert_eq!([1, 2, 3].map(|n| place.shows(1_120, n)), [false, true, false]);
    // They are deleted as anything is: a clock that goes back, or no rule, brings none back.
    place.tree.set_expiry(CONCEPTS, None).unwrap();
    assert_eq!([1, 2, 3].map(|n| place.shows(1_000, n)), [false, true, false]);
    assert_eq!([1, 2, 3].map(|n| place.degree(1_000, n)), [0, 1, 0]);
    place.tree.compact_all().unwrap();
    let segments = place.tree.segments().unwrap();
    let rows = segments.iter().map(|s| (s.concepts, s.associations));
    assert_eq!(rows.collect::<Vec<_>>(), [(1, 1)], "and nothing is left of them");
}

#[test]
fn all_that_is_expired_is_forgotten_when_asked_for() {
    let place = Place::new();
    let changes: Vec<_> = (0..5_000).map(put).collect();
    place.commit(1_000, &changes);
    place.commit(1_000, &[State(1, 1, 2), State(6_000, 1, 3)]);
    assert_eq!(place.tree.forget_expired().unwrap(), 0);
    place.set(CONCEPTS, Expiry::new().time_to_live(10));
    place.stage.set_time(1_009);
    assert_eq!(place.tree.forget_expired().unwrap(), 0);
    place.commit(1_010, &[Touch(7)]);
    assert_eq!(place.tree.forget_expired().unwrap(), 4_999, "in more than one commit");
    let content = read(&place.tree.snapshot().with_expired(), &BTreeSet::new()).unwrap();
    assert_eq!((content.concepts.len(), content.associations.len()), (1, 0));
    assert_eq!(place.tree.forget_expired().unwrap(), 0);
}

#[test]
fn time_makes_no_conflict_and_what_is_expired_can_be_put_anew() {
    let place = Place::new();
    place.set(CONCEPTS, Expiry::new().time_to_live(100));
    place.commit(1_000, &[put(1)]);
    let reader = Reader::new(place.tree.snapshot());
    assert!(reader.concept(&id(1)).unwrap().is_some());
    place.commit(1_200, &[put(2)]);
    let commit = |reader: Reader<SimDir>| {
        let batch = batch(1_200, &[put(3)]);
        place.tree.commit_if(batch, reader.into_reads(), Durability::Sync)
    };
    commit(reader).unwrap();
    // Who found nothing, and puts it, is in the way of who touches it.
    let reader = Reader::new(place.tree.snapshot());
    assert!(reader.concept(&id(1)).unwrap().is_none());
    place.commit(1_200, &[Touch(1)]);
    assert!(matches!(commit(reader), Err(LsmError::Conflict { .. })));
    place.commit(1_400, &[put(1)]);
    let snapshot = place.tree.snapshot();
    assert_eq!(snapshot.concept(&id(1)).unwrap().unwrap().record().created_at.get(), 1_400);
}

#[test]
fn the_past_is_judged_by_its_own_time_and_rules() {
    let place = Place::new();
    place.tree.set_retention(Retention::Forever).unwrap();
    place.commit(1_000, &[put(1), put(2), Associate(2, 1, 1)]);
    place.stage.set_time(1_200);
    place.set(CONCEPTS, Expiry::new().time_to_live(300));
    place.commit(1_250, &[Touch(2)]);
    place.stage.set_time(1_400);
    place.tree.compact_all().unwrap();
    place.stage.set_time(1_450);
    place.set(CONCEPTS, Expiry::new().time_to_live(100));
    let seen = |time| {
        let snapshot = place.tree.snapshot_at(time).unwrap();
        let shows = [1, 2].map(|n| snapshot.concept(&id(n)).unwrap().is_some());
        (shows, snapshot.outgoing(&id(2)).unwrap().len())
    };
    assert_eq!(seen(1_000), ([true, true], 1));
    assert_eq!(seen(1_299), ([true, true], 1));
    assert_eq!(seen(1_300), ([false, true], 0), "expired, and not deleted yet");
    assert_eq!(seen(1_400), ([false, true], 0));
    assert_eq!(seen(1_449), ([false, true], 0), "by the rule before");
    assert_eq!(seen(1_450), ([false, false], 0));
    assert_eq!(seen(u64::MAX), ([false, false], 0), "nobody knows what will be");
    let snapshot = place.tree.snapshot();
    let versions = snapshot.history(&id(1)).unwrap();
    let versions: Vec<_> = versions.iter().map(|v| (v.time, v.concept.is_some())).collect();
    assert_eq!(versions, [(1_400, false), (1_000, true)], "the deletion is a version");
}

#[test]
fn rules_are_there_again_and_go_along() {
    let place = Place::new();
    let rule = Expiry::new().time_to_live(100).half_life(7, 0.1).after_end(5);
    place.set(CONCEPTS, rule);
    place.commit(1_000, &[put(1), put(2)]);
    place.commit(2_000, &[put(3), Delete(2)]);
    let rules = vec![(CONCEPTS, rule)];
    let (backup, environment) = (SimDir::new(), Environment::default());
    place.tree.backup(&backup, &mut |_| {}).unwrap();
    let restored = SimDir::new();
    restore(backup.clone(), &restored, StoreIdentity::New, &environment, &mut |_| {}).unwrap();
    let Place { stage, tree } = place;
    tree.close().unwrap();
    let (from, saved) = (Arc::new(stage.dir.clone()), SimDir::new());
    let options = SalvageOptions::default();
    let report = salvage(&from, saved.clone(), options, &environment, &mut |_| {}).unwrap();
    assert_eq!((report.concepts, report.losses.len()), (2, 0), "what is expired is saved");
    for dir in [stage.dir.clone(), backup, restored, saved] {
        let tree = LsmTree::open_read_only_in(dir).unwrap();
        assert_eq!(tree.expiry(), rules);
        assert!(tree.snapshot().concept(&id(1)).unwrap().is_none());
        assert!(tree.snapshot().concept_even_expired(&id(1)).unwrap().is_some());
        assert!(matches!(tree.set_expiry(CONCEPTS, None), Err(LsmError::ReadOnly)));
        assert!(matches!(tree.forget_expired(), Err(LsmError::ReadOnly)));
    }
    let tree = stage.open().unwrap();
    assert_eq!(tree.expiry(), rules);
    // What is hidden can be erased.
    stage.set_time(9_000);
    assert_eq!(tree.erase(&[id(1)]).unwrap().concepts, 1);
    assert!(tree.snapshot().concept_even_expired(&id(1)).unwrap().is_none());
}

#[test]
fn without_a_rule_nothing_is_looked_at() {
    let place = Place::new();
    place.set(CONCEPTS, Expiry::new().time_to_live(1));
    place.tree.set_expiry(CONCEPTS, None).unwrap();
    place.commit(1_000, &[PutUntil(1, 5), During(1, 1, 1, [1, 2])]);
    assert_eq!((place.shows(9_000, 1), place.degree(9_000, 1)), (true, 1));
    assert_eq!(place.tree.forget_expired().unwrap(), 0);
    place.tree.compact_all().unwrap();
    assert_eq!((place.shows(9_000, 1), place.degree(9_000, 1)), (true, 1));
    for refused in [
        Expiry::new().time_to_live(0),
        Expiry::new().half_life(0, 0.5),
        Expiry::new().half_life(5, 0.0),
        Expiry::new().half_life(5, f32::NAN),
        Expiry::new().after_end(0),
    ] {
        let error = place.tree.set_expiry(CONCEPTS, Some(refused)).unwrap_err();
        assert!(matches!(error, LsmError::Invalid { .. }), "{error}");
    }
    let empty = place.tree.commit(WriteBatch::new(), Durability::Sync).unwrap();
    assert_eq!(empty.last_seq + 1, empty.first_seq);
}
