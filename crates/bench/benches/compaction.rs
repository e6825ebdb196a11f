//! Merging four segments into one.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sutra_bench::fixture::Fixture;
use sutra_bench::graph::Graph;

const CONCEPTS: usize = 8_000;
const ASSOCIATIONS: usize = 4 * CONCEPTS;
const SEGMENTS: usize = 4;

fn merge(fixture: Fixture) -> Fixture {
    fixture.store().tree().compact_all().expect("merged");
    fixture
}

fn compaction(criterion: &mut Criterion) {
    let graph = Graph::new(CONCEPTS, ASSOCIATIONS, 1);
    let four = || Fixture::of(&graph, SEGMENTS).expect("a store");
    merge(four()).check(&graph, 1).expect("the graph is still there");
    let mut group = criterion.benchmark_group("compaction");
    group.throughput(Throughput::Bytes(graph.logical_bytes())).sample_size(10);
    group.bench_function("4 segments into 1", |bencher| {
        bencher.iter_batched(four, merge, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, compaction);
criterion_main!(benches);
