//! Commits: large ones that nobody waits for, and durable ones of one concept by 1, 8 and 64
//! threads.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sutra_bench::commits::durable;
use sutra_bench::engine::{Reader, Writer};
use sutra_bench::fixture::{ASSOCIATIONS, CONCEPTS, Fixture};
use sutra_bench::graph::Graph;

const BATCH: usize = 1_000;

fn batches(criterion: &mut Criterion) {
    let graph = Graph::new(CONCEPTS, ASSOCIATIONS, 1);
    let mut group = criterion.benchmark_group("commit of 1000");
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
    group.bench_function("concepts", |bencher| {
        let fixture = Fixture::empty().expect("a store");
        let mut starts = (0..CONCEPTS).step_by(BATCH).cycle();
        bencher.iter(|| {
            let start = starts.next().expect("it goes round");
            fixture.store().put_concepts(&graph, start..start + BATCH).expect("committed");
        });
        let sum = fixture.reader().scan_concepts().expect("readable");
        assert!(sum.count >= BATCH as u64, "{sum:?}");
    });
    group.bench_function("associations", |bencher| {
        let fixture = Fixture::empty().expect("a store");
        let mut starts = (0..ASSOCIATIONS).step_by(BATCH).cycle();
        bencher.iter(|| {
            let start = starts.next().expect("it goes round");
            fixture.store().put_associations(&graph, start..start + BATCH).expect("committed");
        });
        let sum = fixture.reader().scan_associations().expect("readable");
        assert!(sum.count >= BATCH as u64, "{sum:?}");
    });
    group.finish();
}

/// One element is one commit; in each iteration each thread makes one.
fn durable_ones(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("durable commit of one");
    group.sample_size(10);
    for threads in [1, 8, 64] {
        let fixture = Fixture::empty().expect("a store");
        let (mut seed, mut commits) = (0, 0);
        group.throughput(Throughput::Elements(threads as u64));
        group.bench_function(format!("threads: {threads}"), |bencher| {
            bencher.iter_custom(|iterations| {
                seed += 1;
                commits += iterations * threads as u64;
                let each = usize::try_from(iterations).expect("not that many");
                durable(fixture.store(), threads, each, seed).expect("committed")
            });
        });
        let sum = fixture.reader().scan_concepts().expect("readable");
        assert_eq!(sum.count, commits);
    }
    group.finish();
}

criterion_group!(benches, batches, durable_ones);
criterion_main!(benches);
