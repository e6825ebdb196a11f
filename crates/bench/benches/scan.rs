//! All concepts with their texts, and all associations, over 1 and over 6 segments.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sutra_bench::engine::Reader;
use sutra_bench::fixture::{ASSOCIATIONS, CONCEPTS, Fixture};
use sutra_bench::graph::Graph;

fn scan(criterion: &mut Criterion) {
    let graph = Graph::new(CONCEPTS, ASSOCIATIONS, 1);
    for segments in [1, 6] {
        // Making it checks both scans.
        let fixture = Fixture::of(&graph, segments).expect("a store");
        let reader = fixture.reader();
        let mut group = criterion.benchmark_group(format!("scan of {segments}"));
        group.sample_size(20);
        group.throughput(Throughput::Elements(CONCEPTS as u64));
        let concepts = || reader.scan_concepts().expect("readable");
        group.bench_function("concepts", |bencher| bencher.iter(concepts));
        group.throughput(Throughput::Elements(ASSOCIATIONS as u64));
        let associations = || reader.scan_associations().expect("readable");
        group.bench_function("associations", |bencher| bencher.iter(associations));
        group.finish();
    }
}

criterion_group!(benches, scan);
criterion_main!(benches);
