//! Opening a store of 1 and of 6 segments after a clean close, its files in memory.

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use sutra_bench::fixture::{ASSOCIATIONS, CONCEPTS, Fixture, right};
use sutra_bench::graph::Graph;
use sutra_bench::reads::{self, Questions};
use sutra_bench::sutra::Sutra;
use sutra_lsm::CompactionConfig;

fn open(criterion: &mut Criterion) {
    let graph = Graph::new(CONCEPTS, ASSOCIATIONS, 1);
    let asked = Questions::new(&graph, 10, 2);
    let mut group = criterion.benchmark_group("open");
    for segments in [1, 6] {
        let place = Fixture::of(&graph, segments).and_then(Fixture::close).expect("a store");
        let open = || Sutra::open_with(place.path(), CompactionConfig::default()).expect("opened");
        group.sample_size(20).bench_function(format!("segments: {segments}"), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations {
                    let start = Instant::now();
                    let store = open();
                    time += start.elapsed();
                    let found = reads::records(&store.reader(), &asked.ids).expect("readable");
                    right("records", found, asked.records()).expect("right");
                    store.close().expect("closed");
                }
                time
            });
        });
    }
    group.finish();
}

criterion_group!(benches, open);
criterion_main!(benches);
