//! From the commit of a text to the search that finds it, in a store of many.
//!
//! The commit is one that nobody waits for: a durable one costs what the disk takes besides.

use std::cell::Cell;

use criterion::{Criterion, criterion_group, criterion_main};
use sutra_bench::fixture::Fixture;
use sutra_format::ConceptId;
use sutra_format::hash::mix;
use sutra_index::words::Query;
use sutra_lsm::{ConceptPut, Durability, WriteBatch};
use sutra_testkit::SplitMix;

/// Texts that are there before, flushed in this many segments.
const TEXTS: u64 = 50_000;
const SEGMENTS: u64 = 2;
/// Words of a text, and how many there are; how often each comes falls with its rank (Zipf's law).
const WORDS: usize = 12;
const VOCABULARY: f64 = 20_000.0;

fn id(n: u64) -> ConceptId {
    ConceptId::from_bytes((u128::from(mix(n)) << 64 | u128::from(mix(!n))).to_be_bytes())
}

/// A text with a word that no other has.
fn text(n: u64, rng: &mut SplitMix) -> String {
    let uniform = |rng: &mut SplitMix| (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let words = (0..WORDS).map(|_| format!("w{:.0} ", VOCABULARY.powf(uniform(rng))));
    words.collect::<String>() + &format!("unique{n}")
}

fn put(batch: &mut WriteBatch, n: u64, text: &str) {
    let put = ConceptPut { content: Some(text), ..ConceptPut::new(id(n)) };
    batch.put_concept(&put).expect("a concept");
}

fn filled(rng: &mut SplitMix) -> Fixture {
    let fixture = Fixture::empty().expect("a store");
    let tree = fixture.store().tree();
    for segment in 0..SEGMENTS {
        let mut batch = WriteBatch::new();
        let each = TEXTS / SEGMENTS;
        (segment * each..(segment + 1) * each).for_each(|n| put(&mut batch, n, &text(n, rng)));
        tree.commit(batch, Durability::None).expect("committed");
        tree.flush().expect("flushed");
    }
    fixture
}

fn found(criterion: &mut Criterion) {
    let mut rng = SplitMix::new(1);
    let fixture = filled(&mut rng);
    let tree = fixture.store().tree();
    let next = Cell::new(TEXTS);
    let commit = |text: &str| {
        let mut batch = WriteBatch::new();
        put(&mut batch, next.get(), text);
        tree.commit(batch, Durability::None).expect("committed");
    };
    let new_text = || {
        next.set(next.get() + 1);
        text(next.get(), &mut SplitMix::new(next.get()))
    };
    let mut group = criterion.benchmark_group("a text");
    group.bench_function("committed", |bencher| {
        bencher.iter_batched(new_text, |text| commit(&text), criterion::BatchSize::PerIteration);
    });
    group.bench_function("committed and found", |bencher| {
        let and_query = || {
            let text = new_text();
            let query = Query::any(&tree.snapshot().analyser(), &format!("unique{}", next.get()));
            (text, query)
        };
        let find = |(text, query): (String, Query)| {
            commit(&text);
            let snapshot = tree.snapshot();
            let hits = snapshot.search_words(&query, 10, None).expect("searched");
            assert_eq!(hits.len(), 1, "{text}");
        };
        bencher.iter_batched(and_query, find, criterion::BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, found);
criterion_main!(benches);
