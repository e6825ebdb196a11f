//! Random histories against the model, with snapshots that are held while it goes on.

use std::collections::BTreeMap;

use sutra_fs::OsDir;
use sutra_index::words::search::Query;
use sutra_index::words::{Analyser, Language};
use sutra_lsm::{
    CompactionConfig, Durability, Environment, LSMTree, LsmError, Retention, Snapshot, WriteBatch,
};
use sutra_testkit::SplitMix;

use super::model::{Answer, Change, Model};

/// More histories for a longer run: `SUTRA_WORDS_STORE_HISTORIES`.
fn histories() -> u64 {
    let asked = std::env::var("SUTRA_WORDS_STORE_HISTORIES");
    asked.ok().map_or(12, |number| number.parse().expect("a number of histories"))
}

/// Some are one word to one analyser and two to another.
const WORDS: [&str; 12] = [
    "ape", "apes", "bee", "bees", "cat", "dog", "dogs", "eel", "foxes", "fox", "hunting", "hunted",
];

/// The analyser of a store: with and without stemmers, of which each has its turn.
fn analyser_of(seed: u64) -> Analyser {
    match seed % 4 {
        0 | 1 => Analyser::default(),
        2 => Analyser::stemming(Language::English),
        _ => Analyser::stemming(Language::ALL[(seed / 4) as usize % Language::ALL.len()]),
    }
}

fn text(chance: &mut SplitMix) -> String {
    let words: Vec<&str> = (0..chance.below(6)).map(|_| *chance.pick(&WORDS)).collect();
    words.join(" ")
}

fn change(chance: &mut SplitMix) -> Change {
    let mut n = || chance.below(12) as u8;
    let (a, b) = (n(), n());
    match chance.below(16) {
        0..=5 => Change::Put(a, (chance.below(5) > 0).then(|| text(chance))),
        6 => Change::Touch(a),
        7..=8 => Change::Delete(a),
        9..=12 => Change::Associate(a, b, (chance.below(4) > 0).then(|| text(chance))),
        13..=14 => Change::Dissociate(a, b),
        _ => Change::TouchFact(a, b),
    }
}

fn queries(chance: &mut SplitMix, analyser: Analyser) -> Vec<Query> {
    let words = format!("{} {}", chance.pick(&WORDS), chance.pick(&WORDS));
    let not = Query::any(&analyser, chance.pick::<&str>(&WORDS)).should;
    vec![
        Query::any(&analyser, &words),
        Query::all(&analyser, &words),
        Query::phrase(&analyser, &words),
        Query::prefix(&analyser, "d"),
        Query { must_not: not, ..Query::any(&analyser, &words) },
    ]
}

fn ask(snapshot: &Snapshot, query: &Query, limit: usize) -> Answer {
    let hits = snapshot.search_words(query, limit, None).expect("readable");
    let mut answer: Answer =
        hits.iter().map(|hit| (hit.score.to_bits(), hit.concept.id())).collect();
    assert!(answer.is_sorted_by(|a, b| a.0 >= b.0), "the best first");
    answer.sort_by_key(|(score, id)| (std::cmp::Reverse(*score), *id));
    answer
}

#[track_caller]
fn check(snapshot: &Snapshot, model: &Model, chance: &mut SplitMix) {
    assert_eq!(snapshot.analyser(), model.analyser);
    for query in queries(chance, model.analyser) {
        let all = model.answer(&query, usize::MAX);
        assert_eq!(ask(snapshot, &query, usize::MAX), all, "{query:?}\n{model:?}");
        let scores = |answer: &Answer| answer.iter().map(|hit| hit.0).collect::<Vec<_>>();
        let (few, best) = (ask(snapshot, &query, 3), model.answer(&query, 3));
        assert_eq!(scores(&few), scores(&best), "the three best of {query:?}");
        assert!(few.iter().all(|hit| all.contains(hit)), "{few:?} of {all:?}");
    }
}

/// Makes the store with an analyser, or opens it without naming one.
fn open(dir: &tempfile::TempDir, analyser: Option<Analyser>) -> LSMTree {
    let (config, environment) = (CompactionConfig::default(), Environment::default());
    let dir = OsDir::open(dir.path()).expect("a directory");
    LSMTree::open_with_analyser_in(dir, config, environment, analyser).expect("the store opens")
}

fn live(seed: u64) {
    let mut chance = SplitMix::new(seed);
    let dir = tempfile::tempdir().expect("a directory");
    let analyser = analyser_of(seed);
    let mut tree = Some(open(&dir, Some(analyser)));
    let mut model = Model::indexed_by(analyser);
    let mut held: Vec<(Snapshot<OsDir>, Model)> = Vec::new();
    let mut past = BTreeMap::new();
    let keeps = !seed.is_multiple_of(3);
    let since = chance.below(10); // From this step on.
    for step in 0..40 {
        let store = tree.get_or_insert_with(|| open(&dir, None));
        let mut batch = WriteBatch::new();
        for _ in 0..=chance.below(5) {
            model.change(&change(&mut chance), &mut batch);
        }
        let time = store.commit(batch, Durability::None).expect("committed").time;
        if keeps && step >= since {
            store.set_retention(Retention::Forever).expect("it can be kept");
            past.insert(time.max(kept_since(store)), model.clone());
        }
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
        if chance.below(3) == 0 {
            check(&store.snapshot(), &model, &mut chance);
        }
        if let Some((snapshot, then)) = held.first().filter(|_| chance.below(4) == 0) {
            check(snapshot, then, &mut chance);
        }
        let some = chance.below(past.len().max(1) as u64) as usize;
        if let Some((time, then)) = past.iter().nth(some) {
            check(&store.snapshot_at(*time).expect("kept"), then, &mut chance);
        }
    }
    let store = tree.unwrap_or_else(|| open(&dir, None));
    check(&store.snapshot(), &model, &mut chance);
    store.compact_all().expect("compacted");
    check(&store.snapshot(), &model, &mut chance);
    for (snapshot, then) in &held {
        check(snapshot, then, &mut chance);
    }
    for (time, then) in &past {
        check(&store.snapshot_at(*time).expect("kept"), then, &mut chance);
    }
}

/// The earliest time as of which a store can be read.
fn kept_since(store: &LSMTree) -> u64 {
    match store.snapshot_at(0) {
        Err(LsmError::NotKept { since: Some(since) }) => since,
        Err(error) => panic!("{error}"),
        Ok(_) => 0,
    }
}

#[test]
fn a_search_gives_what_an_index_made_afresh_gives_to_the_last_bit() {
    for seed in 0..histories() {
        println!("seed {seed}"); // Shown only when it fails.
        live(seed);
    }
}
