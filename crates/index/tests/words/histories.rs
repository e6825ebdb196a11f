//! Whatever happened to the texts, a search answers as one that reads all of them would: the same
//! hits, the same scores to the last bit.
//!
//! `SUTRA_WORDS_HISTORIES` says how many histories are tried.

use crate::support::{Chance, Naive, Store};
use sutra_index::words::{Analyser, Clause, Language, Query};

const WORDS: [&str; 24] = [
    "the",
    "of",
    "store",
    "graph",
    "word",
    "vector",
    "merge",
    "Segment",
    "row",
    "log_file",
    "HTTPServer",
    "it's",
    "naïve",
    "Straße",
    "东京都",
    "サーバー",
    "storing",
    "stored",
    "storage",
    "graphs",
    "a.b.c",
    "x1",
    "memory",
    "journal",
];

fn text(chance: &mut Chance) -> String {
    let words = match chance.below(40) {
        0 => 0,
        1 => 300 + chance.below(500),
        2..10 => 1 + chance.below(2),
        _ => 1 + chance.below(14),
    };
    let mut text = String::new();
    for _ in 0..words {
        // The square makes the first words frequent and the last ones rare.
        let word = chance.below(24) * chance.below(24) / 24;
        text.push_str(WORDS[word]);
        text.push(' ');
    }
    text
}

fn clause(chance: &mut Chance, analyser: &Analyser, positions: bool) -> Clause {
    let word = WORDS[chance.below(24)];
    match chance.below(6) {
        0 => Clause::Prefix(
            ["sto", "g", "x", "東", "东", "mer", "s", ""][chance.below(8)].to_owned(),
        ),
        1 | 2 if positions => {
            let phrase = format!("{word} {}", WORDS[chance.below(8)]);
            Query::phrase(analyser, &phrase).must.remove(0)
        }
        _ => {
            let mut terms = Query::any(analyser, word).should;
            let at = chance.below(terms.len());
            terms.swap_remove(at)
        }
    }
}

fn query(chance: &mut Chance, analyser: &Analyser, positions: bool) -> Query {
    let words =
        (0..1 + chance.below(5)).map(|_| WORDS[chance.below(24)]).collect::<Vec<_>>().join(" ");
    let some = |chance: &mut Chance, most: usize| -> Vec<Clause> {
        (0..chance.below(most)).map(|_| clause(chance, analyser, positions)).collect()
    };
    let mut query = match chance.below(4) {
        0 | 1 => Query::any(analyser, &words),
        2 => Query::all(analyser, &words),
        _ => Query {
            must: some(chance, 3),
            should: some(chance, 4),
            must_not: some(chance, 2),
            min_score: None,
        },
    };
    query.min_score = chance.one_in(5).then(|| chance.below(400) as f32 / 100.0);
    query
}

fn step(chance: &mut Chance, store: &mut Store, size: usize) {
    match chance.below(10) {
        0..6 => {
            for _ in 0..1 + chance.below(size) {
                let id = chance.below(size * 4) as u32;
                let text = text(chance);
                store.put(id, &text);
            }
        }
        6 => (0..chance.below(size)).for_each(|_| store.delete(chance.below(size * 4) as u32)),
        7 | 8 => store.flush(chance),
        _ if store.sections.len() > 1 => {
            let first = chance.below(store.sections.len() - 1);
            let count = 2 + chance.below(store.sections.len() - first - 1);
            store.merge(first, count, chance);
        }
        _ => {}
    }
}

fn one_history(seed: u64) {
    let chance = &mut Chance::new(seed);
    let positions = chance.one_in(2);
    let analyser = match chance.below(4) {
        0 => Analyser::stemming(Language::English),
        1 => Analyser::stemming(Language::ALL[chance.below(Language::ALL.len())]),
        _ => Analyser::default(),
    };
    let mut store = Store::new(analyser, positions);
    let size = if chance.one_in(8) { 150 } else { 12 };
    for _ in 0..4 + chance.below(16) {
        step(chance, &mut store, size);
    }
    let naive = Naive::new(&analyser, &store);
    assert_eq!(store.statistics(), naive.statistics, "seed {seed}");
    for _ in 0..8 {
        let query = query(chance, &analyser, positions);
        let limit = [1, 3, 10, 1_000][chance.below(4)];
        let (modulo, rest) = (1 + chance.below(4) as u32, chance.below(3) as u32);
        let keep = move |id: u32| id % modulo == rest % modulo;
        let filter: Option<&dyn Fn(u32) -> bool> =
            if chance.one_in(3) { Some(&keep) } else { None };
        let expected = naive.search(&query, limit, filter);
        let hits = store.search(&query, limit, filter).unwrap();
        let bits = |hits: &[(f32, u32)]| -> Vec<(u32, u32)> {
            hits.iter().map(|(score, id)| (score.to_bits(), *id)).collect()
        };
        assert_eq!(bits(&hits), bits(&expected), "seed {seed}, {query:?}, {hits:?}, {expected:?}");
    }
}

#[test]
fn every_history_ends_in_the_scores_of_a_fresh_index() {
    let histories =
        std::env::var("SUTRA_WORDS_HISTORIES").ok().and_then(|count| count.parse().ok());
    (0..histories.unwrap_or(150)).for_each(one_history);
}
