//! What rules of expiry cost those who read, what it costs to delete what is expired, and to erase.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sutra_bench::fixture::{ASSOCIATIONS, CONCEPTS, Fixture};
use sutra_bench::graph::Graph;
use sutra_bench::reads::{self, Questions};
use sutra_lsm::{Expiry, ExpiryScope};

/// Concepts that are erased together.
const ERASED: usize = 10;

fn of_age(ms: u64) -> Option<Expiry> {
    Some(Expiry { time_to_live: Some(ms), ..Expiry::default() })
}

/// Nothing is expired: what is measured is asking.
fn reading(criterion: &mut Criterion) {
    let graph = Graph::new(CONCEPTS, ASSOCIATIONS, 1);
    let fixture = Fixture::of(&graph, 1).expect("a store");
    let asked = Questions::new(&graph, 1_000, 7);
    let mut group = criterion.benchmark_group("1000 reads");
    let rules: [(&str, &[ExpiryScope]); 3] = [
        ("no rule", &[]),
        ("a rule for associations", &[ExpiryScope::Associations]),
        ("rules for both", &[ExpiryScope::Associations, ExpiryScope::Concepts]),
    ];
    for (name, scopes) in rules {
        for scope in scopes {
            fixture.store().tree().set_expiry(*scope, of_age(1 << 40)).expect("a rule");
        }
        let reader = fixture.reader();
        group.bench_function(format!("get, {name}"), |bencher| {
            bencher.iter(|| {
                let sum = reads::records(&reader, &asked.ids).expect("read");
                assert_eq!(black_box(sum), asked.records());
            });
        });
        let right = asked.within_two(&graph, 100);
        group.bench_function(format!("100 within two, {name}"), |bencher| {
            bencher.iter(|| {
                let sum = reads::within_two(&reader, &asked.ids[..100]).expect("read");
                assert_eq!(black_box(sum), right);
            });
        });
    }
    group.finish();
}

fn deleting(criterion: &mut Criterion) {
    let graph = Graph::new(CONCEPTS, ASSOCIATIONS, 1);
    let mut group = criterion.benchmark_group("forgetting");
    group.sample_size(10);
    let store = || Fixture::of(&graph, 1).expect("a store");
    group.throughput(Throughput::Elements(CONCEPTS as u64));
    group.bench_function("all concepts, expired", |bencher| {
        let expired = || {
            let store = store();
            store.store().tree().set_expiry(ExpiryScope::Concepts, of_age(1)).expect("a rule");
            store
        };
        let forget = |store: Fixture| {
            let forgotten = store.store().tree().forget_expired().expect("forgotten");
            assert_eq!(forgotten, CONCEPTS as u64);
            store
        };
        bencher.iter_batched(expired, forget, BatchSize::PerIteration);
    });
    group.throughput(Throughput::Elements(ERASED as u64));
    group.bench_function(format!("erasing {ERASED} of {CONCEPTS}"), |bencher| {
        let erase = |store: Fixture| {
            let report = store.store().tree().erase(&graph.ids()[..ERASED]).expect("erased");
            (store, report)
        };
        bencher.iter_batched(store, erase, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, reading, deleting);
criterion_main!(benches);
