//! Random histories against plain maps, with snapshots that are held while it goes on.

use std::collections::BTreeMap;

use sutra_format::ConceptId;
use sutra_index::vectors::{Effort, Metric, Space, score};
use sutra_lsm::{
    CompactionConfig, ConceptPut, Durability, LSMTree, Snapshot, Touch, VectorQuery, WriteBatch,
};
use sutra_testkit::SplitMix;

type Model = BTreeMap<ConceptId, Option<Vec<f32>>>;

fn id(n: u64) -> ConceptId {
    ConceptId::from_key(&n.to_string())
}

fn vector(chance: &mut SplitMix) -> Vec<f32> {
    let dimension = if chance.below(4) == 0 { 5 } else { 3 };
    // Few values, so that scores tie.
    (0..dimension).map(|_| chance.below(5) as f32 - 2.0).collect()
}

fn change(chance: &mut SplitMix, model: &mut Model, batch: &mut WriteBatch) {
    let id = id(chance.below(24));
    match chance.below(8) {
        0 => {
            model.remove(&id);
            batch.delete_concept(id);
        }
        1 => batch.touch(&Touch::new(id)).expect("a good touch"),
        _ => {
            let vector = (chance.below(5) > 0).then(|| vector(chance));
            let put = ConceptPut { vector: vector.as_deref(), ..ConceptPut::new(id) };
            batch.put_concept(&put).expect("a good concept");
            model.insert(id, vector);
        }
    }
}

fn nearest(model: &Model, query: &[f32], wanted: impl Fn(&ConceptId) -> bool) -> Vec<f32> {
    let space = Space::new("", "", query.len() as u32, Metric::Cosine, 1).expect("a good space");
    let vectors = model
        .iter()
        .filter(|(id, _)| wanted(id))
        .filter_map(|(_, vector)| vector.as_ref().filter(|vector| vector.len() == query.len()));
    let mut scores: Vec<f32> =
        vectors.map(|vector| score(&space, query, vector).expect("comparable")).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    scores
}

#[track_caller]
fn check(snapshot: &Snapshot, model: &Model, chance: &mut SplitMix) {
    let query = vector(chance);
    for limit in [3, usize::MAX] {
        let all = VectorQuery {
            vector: &query,
            space: 0,
            limit,
            effort: Effort::default(),
            min_score: None,
        };
        let found = snapshot.search_vectors(&all, None).expect("readable");
        let mut expected = nearest(model, &query, |_| true);
        expected.truncate(limit);
        assert_eq!(found.iter().map(|hit| hit.score).collect::<Vec<_>>(), expected);
        for hit in &found {
            let own = hit.concept.vector().expect("readable").expect("it has one");
            assert_eq!(model.get(&hit.concept.id()), Some(&Some(own.to_vec())));
        }
        let is_even = |id: &ConceptId| id.as_bytes()[0].is_multiple_of(2);
        let found = snapshot.search_vectors(&all, Some(&|concept| Ok(is_even(&concept.id()))));
        let found = found.expect("readable");
        let mut expected = nearest(model, &query, is_even);
        expected.truncate(limit);
        assert_eq!(found.iter().map(|hit| hit.score).collect::<Vec<_>>(), expected, "filtered");
        let least = VectorQuery { min_score: Some(0.5), ..all };
        let found = snapshot.search_vectors(&least, None).expect("readable");
        let mut expected = nearest(model, &query, |_| true);
        expected.retain(|score| *score >= 0.5);
        expected.truncate(limit);
        assert_eq!(found.iter().map(|hit| hit.score).collect::<Vec<_>>(), expected, "at least");
    }
}

fn open(dir: &tempfile::TempDir) -> LSMTree {
    LSMTree::open(dir.path(), CompactionConfig::default()).expect("the store opens")
}

fn live(seed: u64) {
    let mut chance = SplitMix::new(seed);
    let dir = tempfile::tempdir().expect("a directory");
    let mut tree = Some(open(&dir));
    let mut model = Model::default();
    let mut held: Vec<(Snapshot, Model)> = Vec::new();
    for _ in 0..40 {
        let store = tree.get_or_insert_with(|| open(&dir));
        let mut batch = WriteBatch::new();
        for _ in 0..=chance.below(5) {
            change(&mut chance, &mut model, &mut batch);
        }
        store.commit(batch, Durability::None).expect("committed");
        match chance.below(12) {
            0..=2 => store.flush().expect("flushed"),
            3 => drop(store.compact_level(chance.below(3) as u32).expect("compacted")),
            4 => store.compact_all().expect("compacted"),
            5 => held.push((store.snapshot(), model.clone())),
            6 => {
                held.clear();
                tree.take().expect("open").close().expect("closed");
                continue;
            }
            _ => {}
        }
        check(&store.snapshot(), &model, &mut chance);
        if let Some((snapshot, then)) = held.first() {
            check(snapshot, then, &mut chance);
        }
    }
    let store = tree.unwrap_or_else(|| open(&dir));
    assert_eq!(store.verify(&mut |_| {}).expect("readable").damages, []);
    for (snapshot, then) in &held {
        check(snapshot, then, &mut chance);
    }
}

#[test]
fn the_nearest_are_what_comparing_all_gives() {
    for seed in 0..20 {
        println!("seed {seed}"); // Shown only when it fails.
        live(seed);
    }
}
