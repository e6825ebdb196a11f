//! Wrong answers.

use std::time::{SystemTime, UNIX_EPOCH};

use sutra_storage::{
    AssociationKind, ConceptId, Direction, Manifest, NewAssociation, NewConcept, Snapshot, Store,
    Touch,
};

use crate::defects::{commit, content, crashed, everywhere, id, open, place};

const KIND: AssociationKind = AssociationKind::CAUSAL;

fn association<'a>(source: &str, target: &str) -> NewAssociation<'a> {
    NewAssociation::new(id(source), KIND, id(target))
}

/// The other ends of the associations of a concept, sorted, with their weights.
fn neighbors(snapshot: &Snapshot, key: &str) -> Vec<(ConceptId, f32)> {
    let found = snapshot.neighbors(&id(key)).collect().unwrap().into_iter();
    let mut ends: Vec<_> = found.map(|n| (n.id, n.association.weight.get())).collect();
    ends.sort_by_key(|end| end.0);
    ends
}

/// Guards against an index that is rebuilt at opening with the same place for every id, so that
/// each answer is whatever lies there, the header of the file included.
#[test]
fn each_id_finds_its_own_concept_and_an_unknown_one_finds_none() {
    let place = place();
    let store = open(place.path());
    commit(&store, |batch| {
        for n in 0..300 {
            let (key, content) = (format!("key {n}"), format!("content {n}"));
            batch.put(NewConcept::with_key(&key).content(&content)).unwrap();
        }
    });
    everywhere(&place, store, |store, state| {
        for n in 0..300 {
            let (key, expected) = (format!("key {n}"), format!("content {n}"));
            let snapshot = store.snapshot();
            let concept = snapshot.concept_of_key(&key).unwrap().expect(state);
            assert_eq!((concept.id(), concept.key().unwrap()), (id(&key), Some(&*key)), "{state}");
            assert_eq!(concept.content().unwrap(), Some(&*expected), "{state}");
        }
        assert!(content(store, "key 300").is_none(), "{state}");
    });
}

/// Guards against merging by a list that is walked the wrong way, which keeps the oldest record,
/// and against moving records without their text, vectors and associations.
#[test]
fn a_merge_keeps_the_newest_of_everything_and_all_that_belongs_to_it() {
    let place = place();
    let store = open(place.path());
    for round in 0..4_u8 {
        let (text, own) = (format!("round {round}"), format!("only {round}"));
        commit(&store, |batch| {
            batch.put(NewConcept::with_key("same").content(&text)).unwrap();
            let vector = [f32::from(round), 0.5];
            batch.put(NewConcept::with_key(&own).content(&text).vector(&vector)).unwrap();
            batch.associate(association("same", &own)).unwrap();
            batch.associate(association("same", "same").weight(f32::from(round))).unwrap();
        });
        store.flush().unwrap();
    }
    assert_eq!(store.stats().total_segments, 4);
    assert!(store.engine().needs_compaction());
    assert!(store.engine().compact_level(0).unwrap());
    assert_eq!(store.stats().total_segments, 1);
    everywhere(&place, store, |store, state| {
        assert_eq!(content(store, "same").as_deref(), Some("round 3"), "{state}");
        let snapshot = store.snapshot();
        for round in 0..4_u8 {
            let own = snapshot.concept_of_key(&format!("only {round}")).unwrap().expect(state);
            assert_eq!(own.content().unwrap(), Some(&*format!("round {round}")), "{state}");
            assert_eq!(own.vector().unwrap(), Some(&[f32::from(round), 0.5][..]), "{state}");
            assert_eq!(snapshot.neighbors(&own.id()).collect().unwrap().len(), 1, "{state}");
        }
        assert_eq!(neighbors(&snapshot, "same").len(), 5, "{state}");
        let own = snapshot.association(&id("same"), KIND, &id("same")).unwrap().expect(state);
        assert_eq!(own.weight.get(), 3.0, "{state}");
    });
}

/// Guards against a merge that takes the segment that is still written to and removes its file,
/// and against one after which the manifest says that there is nothing.
#[test]
fn a_merge_leaves_alone_what_is_still_in_memory_and_counts_what_it_wrote() {
    let place = place();
    let store = open(place.path());
    for key in ["a", "b"] {
        commit(&store, |batch| batch.put(NewConcept::with_key(key).content("old")).unwrap());
        store.flush().unwrap();
    }
    commit(&store, |batch| {
        batch.put(NewConcept::with_key("b").content("new")).unwrap();
        batch.put(NewConcept::with_key("c").content("new")).unwrap();
    });
    assert!(store.engine().compact_level(0).unwrap());
    let counted = Manifest::load(place.path().join(Manifest::NAME)).unwrap();
    assert_eq!((counted.total_concepts(), counted.segments().len()), (2, 1));
    for store in [&store, &open(crashed(place.path()).path())] {
        let found = ["a", "b", "c"].map(|key| content(store, key));
        assert_eq!(found, ["old", "new", "new"].map(|text| Some(text.to_owned())));
    }
}

/// Guards against replacing a concept together with its list of neighbours, which empties it.
#[test]
fn putting_a_concept_again_keeps_its_associations() {
    let place = place();
    let store = open(place.path());
    commit(&store, |batch| {
        batch.put(NewConcept::with_key("a").content("old")).unwrap();
        batch.associate(association("a", "b")).unwrap();
        batch.associate(association("c", "a")).unwrap();
    });
    commit(&store, |batch| batch.put(NewConcept::with_key("a").content("new")).unwrap());
    everywhere(&place, store, |store, state| {
        assert_eq!(content(store, "a").as_deref(), Some("new"), "{state}");
        assert_eq!(neighbors(&store.snapshot(), "a").len(), 2, "{state}");
    });
}

/// Guards against dropping an association whose end is not there yet, or one direction of it.
#[test]
fn an_association_may_come_before_the_concepts_at_its_ends() {
    let place = place();
    let store = open(place.path());
    commit(&store, |batch| batch.associate(association("a", "b")).unwrap());
    commit(&store, |batch| {
        batch.put(NewConcept::with_key("b")).unwrap();
        batch.put(NewConcept::with_key("a")).unwrap();
    });
    everywhere(&place, store, |store, state| {
        let snapshot = store.snapshot();
        assert_eq!(neighbors(&snapshot, "a"), [(id("b"), 1.0)], "{state}");
        assert_eq!(neighbors(&snapshot, "b"), [(id("a"), 1.0)], "{state}");
    });
}

/// Guards against a form on disk with fewer fields, or shorter ones, than the form in memory:
/// kinds that become the default, the confidence of the source in place of the weight, times
/// without their high bits.
#[test]
fn no_field_changes_on_its_way_through_the_disk() {
    let place = place();
    let store = open(place.path());
    let kind = store.register_kind("quite another").unwrap();
    let (early, late) = (Some(-(1 << 46)), Some(1 << 46));
    commit(&store, |batch| {
        let all = NewConcept::with_key("a").content("text").attributes("{}").vector(&[0.5, -1.0]);
        let all = all.strength(0.25).confidence(0.75).source_hash(u32::MAX).valid(early, late);
        batch.put(all).unwrap();
        let all = NewAssociation::new(id("a"), kind, id("b")).weight(0.25).confidence(0.375);
        batch.associate(all.valid(early, late).content("fact")).unwrap();
        batch.associate(association("a", "b")).unwrap();
    });
    let accessed_at = Some((1 << 50) + 1);
    let touch = Touch { accesses: 70_000, accessed_at, ..Touch::new(id("a")) };
    commit(&store, |batch| batch.touch(touch).unwrap());
    let expected = everything_about_a(&store);
    assert_eq!(expected.matches("Neighbor").count(), 2, "{expected}");
    everywhere(&place, store, |store, state| {
        assert_eq!(everything_about_a(store), expected, "{state}");
        let snapshot = store.snapshot();
        let row = snapshot.association(&id("a"), kind, &id("b")).unwrap().expect(state);
        assert_eq!((row.weight.get(), row.confidence.get(), row.kind()), (0.25, 0.375, kind));
        assert_eq!((Some(row.valid_from()), Some(row.valid_to())), (early, late), "{state}");
        let concept = snapshot.concept_of_key("a").unwrap().expect(state);
        assert_eq!(concept.record().access_count.get(), 70_000, "{state}");
        assert_eq!(Some(concept.record().accessed_at.get()), accessed_at, "{state}");
    });
}

fn everything_about_a(store: &Store) -> String {
    let snapshot = store.snapshot();
    let a = snapshot.concept_of_key("a").unwrap().unwrap();
    let r = a.record();
    let times = (r.created_at, r.updated_at, r.accessed_at, r.valid_from, r.valid_to);
    let numbers = (r.strength, r.confidence, r.access_count, r.source_hash, r.flags, r.seq);
    let texts = (a.key().unwrap(), a.content().unwrap(), a.attributes().unwrap());
    let rows = snapshot.neighbors(&id("a")).collect().unwrap();
    format!("{times:?} {numbers:?} {texts:?} {:?} {rows:?}", a.vector().unwrap())
}

/// Guards against counting all vectors and writing only those of one length, after which a reader
/// takes what follows for vectors.
#[test]
fn vectors_of_different_lengths_lie_side_by_side() {
    let place = place();
    let store = open(place.path());
    let vectors: Vec<Vec<f32>> = [1, 3, 384, 0, 17].map(|length| vec![0.5; length]).into();
    commit(&store, |batch| {
        for (n, vector) in vectors.iter().enumerate() {
            let key = n.to_string();
            let concept = NewConcept::with_key(&key).attributes("{}");
            let with = if vector.is_empty() { concept } else { concept.vector(vector) };
            batch.put(with).unwrap();
        }
    });
    everywhere(&place, store, |store, state| {
        let snapshot = store.snapshot();
        for (n, vector) in vectors.iter().enumerate() {
            let concept = snapshot.concept_of_key(&n.to_string()).unwrap().expect(state);
            assert_eq!(concept.vector().unwrap().unwrap_or_default(), vector, "{state}");
            assert_eq!(concept.attributes().unwrap(), Some("{}"), "{state}");
        }
    });
}

/// Guards against keeping neighbours and their associations in two lists and pairing them by
/// position: once one list has a repetition or a gap that the other lacks, weights go astray.
#[test]
fn each_neighbour_has_the_weight_of_its_own_association() {
    let place = place();
    let store = open(place.path());
    let weights = [("b", 0.1), ("c", 0.2), ("d", 0.3), ("e", 0.4)];
    for (target, weight) in weights {
        commit(&store, |batch| batch.associate(association("a", target).weight(weight)).unwrap());
    }
    store.flush().unwrap();
    commit(&store, |batch| {
        batch.associate(association("a", "b").weight(0.9)).unwrap();
        batch.delete(id("c"));
        batch.dissociate(id("a"), KIND, id("d"));
    });
    let mut expected = [(id("b"), 0.9), (id("e"), 0.4)];
    expected.sort_by_key(|end| end.0);
    everywhere(&place, store, |store, state| {
        assert_eq!(neighbors(&store.snapshot(), "a"), expected, "{state}");
    });
}

/// Guards against entering an association at both ends alike, so that nobody can tell where it
/// starts, and against associations of different kinds that take each other's place.
#[test]
fn an_association_has_a_direction_and_a_kind() {
    let place = place();
    let store = open(place.path());
    let other = AssociationKind::TEMPORAL;
    commit(&store, |batch| {
        batch.associate(association("a", "b").weight(0.25)).unwrap();
        let temporal = NewAssociation::new(id("a"), other, id("b"));
        batch.associate(temporal.weight(0.75)).unwrap();
    });
    everywhere(&place, store, |store, state| {
        let snapshot = store.snapshot();
        let (a, b) = (snapshot.neighbors(&id("a")), snapshot.neighbors(&id("b")));
        assert_eq!(a.clone().outgoing().collect().unwrap().len(), 2, "{state}");
        assert_eq!(a.incoming().collect().unwrap(), [], "{state}");
        assert_eq!(b.clone().outgoing().collect().unwrap(), [], "{state}");
        for (kind, weight) in [(KIND, 0.25), (other, 0.75)] {
            let found = b.clone().of_kind(kind).collect().unwrap();
            assert_eq!(found.len(), 1, "{state}");
            assert_eq!((found[0].id, found[0].direction), (id("a"), Direction::Incoming));
            assert_eq!(found[0].association.weight.get(), weight, "{state}");
        }
        assert!(snapshot.association(&id("b"), KIND, &id("a")).unwrap().is_none(), "{state}");
    });
}

/// Guards against entries that stay behind when a concept goes, against counting one twice that
/// is put twice, and against a counter that goes below zero.
#[test]
fn what_is_deleted_or_put_again_is_counted_right() {
    let place = place();
    let store = open(place.path());
    let count = |store: &Store| {
        store.compact().unwrap();
        let (snapshot, stats) = (store.snapshot(), store.stats());
        let listed = snapshot.iter().unwrap().count() as u64;
        let associations = snapshot.iter_associations().unwrap().count() as u64;
        assert_eq!((stats.total_concepts, stats.total_associations), (listed, associations));
        (listed, associations)
    };
    let fill = |store: &Store| {
        commit(store, |batch| {
            batch.put(NewConcept::with_key("a")).unwrap();
            batch.put(NewConcept::with_key("b")).unwrap();
            batch.associate(association("a", "b")).unwrap();
            batch.associate(association("b", "a")).unwrap();
        });
    };
    fill(&store);
    assert_eq!(count(&store), (2, 2));
    fill(&store);
    assert_eq!(count(&store), (2, 2));
    for _ in 0..2 {
        commit(&store, |batch| {
            batch.delete(id("a"));
            batch.dissociate(id("b"), KIND, id("a"));
        });
        assert_eq!(count(&store), (1, 0));
    }
    commit(&store, |batch| batch.put(NewConcept::with_key("a")).unwrap());
    assert_eq!(count(&store), (2, 0), "the associations do not come back");
}

/// Guards against seconds in one place, milliseconds in the next and microseconds in a third.
#[test]
fn every_time_is_in_milliseconds() {
    let millis = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::try_from(since.as_millis()).unwrap()
    };
    let place = place();
    let start = millis();
    let store = open(place.path());
    let mut times = Vec::new();
    for _ in 0..2 {
        let mut batch = sutra_storage::Batch::new();
        batch.put(NewConcept::with_key("a")).unwrap();
        batch.touch(Touch::new(id("a"))).unwrap();
        times.push(store.commit(&batch).unwrap().time);
        store.flush().unwrap();
    }
    store.compact().unwrap();
    let snapshot = store.snapshot();
    let record = *snapshot.concept_of_key("a").unwrap().unwrap().record();
    times.extend([record.created_at, record.updated_at, record.accessed_at].map(|time| time.get()));
    times.extend(store.segments().unwrap().iter().map(|segment| segment.created_at));
    let manifest = Manifest::load(place.path().join(Manifest::NAME)).unwrap();
    times.push(manifest.last_compaction());
    times.extend(manifest.segments().iter().flat_map(|s| [s.created_at, s.compacted_at]));
    let now = start..=millis();
    assert_eq!(times.len(), 9);
    assert!(times.iter().all(|time| now.contains(time)), "{times:?} of {now:?}");
}

/// Guards against kinds of which only the built-in ones come back, while all others turn into the
/// first of them.
#[test]
fn a_kind_of_ones_own_is_the_same_kind_after_opening_again() {
    let place = place();
    let store = open(place.path());
    let kinds = ["x", "y"].map(|name| store.register_kind(name).unwrap());
    commit(&store, |batch| {
        for kind in kinds {
            batch.associate(NewAssociation::new(id("a"), kind, id("b"))).unwrap();
        }
    });
    everywhere(&place, store, |store, state| {
        assert_eq!(["x", "y"].map(|name| store.kind_named(name)), kinds.map(Some), "{state}");
        assert_eq!(kinds.map(|kind| store.kind_name(kind).expect(state)), ["x", "y"]);
        let found = store.snapshot().neighbors(&id("a")).collect().unwrap();
        let found: Vec<_> = found.iter().map(|neighbor| neighbor.association.kind()).collect();
        assert_eq!(found, kinds, "{state}");
    });
}

/// Guards against a deletion that reaches one index and not the next, and against a new vector
/// that is stored while the old one is served.
#[test]
fn a_deleted_concept_is_in_no_answer_and_a_replaced_vector_is_gone() {
    let place = place();
    let store = open(place.path());
    commit(&store, |batch| {
        batch.put(NewConcept::with_key("a").content("text").vector(&[1.0])).unwrap();
        batch.put(NewConcept::with_key("b").vector(&[1.0, 2.0])).unwrap();
        batch.associate(association("a", "b").content("fact")).unwrap();
    });
    store.flush().unwrap();
    let fact = ConceptId::of_fact(id("a"), KIND, id("b"));
    assert!(store.engine().snapshot().concept(&fact).unwrap().is_some());
    commit(&store, |batch| {
        batch.delete(id("a"));
        batch.put(NewConcept::with_key("b").vector(&[3.0])).unwrap();
    });
    everywhere(&place, store, |store, state| {
        let snapshot = store.snapshot();
        assert!(snapshot.concept(&id("a")).unwrap().is_none(), "{state}");
        assert!(snapshot.concepts(&[id("a")]).unwrap()[0].is_none(), "{state}");
        assert!(store.engine().snapshot().concept(&fact).unwrap().is_none(), "{state}");
        assert_eq!(neighbors(&snapshot, "b"), [], "{state}");
        assert_eq!(snapshot.iter_associations().unwrap().count(), 0, "{state}");
        let all: Vec<_> = snapshot.iter().unwrap().map(|found| found.unwrap()).collect();
        assert_eq!(all.iter().map(|found| found.id()).collect::<Vec<_>>(), [id("b")], "{state}");
        assert_eq!(all[0].vector().unwrap(), Some(&[3.0][..]), "{state}");
    });
}
