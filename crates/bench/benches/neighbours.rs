//! Associations of one concept, both ways, and all within two hops, one look-up at a time and by
//! search, over 1 and over 6 segments.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sutra_bench::fixture::{ASSOCIATIONS, CONCEPTS, Fixture, right};
use sutra_bench::graph::{Direction, Graph};
use sutra_bench::reads::{self, Questions};

const ASKED: usize = 1_000;

fn neighbours(criterion: &mut Criterion) {
    let graph = Graph::new(CONCEPTS, ASSOCIATIONS, 1);
    let asked = Questions::new(&graph, ASKED, 2);
    for segments in [1, 6] {
        let fixture = Fixture::of(&graph, segments).expect("a store");
        let reader = fixture.reader();
        let mut group = criterion.benchmark_group(format!("neighbours over {segments}"));
        group.throughput(Throughput::Elements(ASKED as u64));
        for (name, direction) in [("out", Direction::Out), ("in", Direction::In)] {
            let all = || reads::neighbours(&reader, &asked.ids, direction).expect("readable");
            right(name, all(), asked.neighbours(&graph, direction, ASKED)).expect("right");
            group.bench_function(name, |bencher| bencher.iter(all));
        }
        let all = || reads::two_hops(&reader, &asked.ids).expect("readable");
        right("two hops", all(), asked.two_hops(&graph, ASKED)).expect("right");
        group.sample_size(20).bench_function("two hops", |bencher| bencher.iter(all));
        let all = || reads::within_two(&reader, &asked.ids).expect("readable");
        right("search", all(), asked.within_two(&graph, ASKED)).expect("right");
        group.bench_function("two hops by search", |bencher| bencher.iter(all));
        group.finish();
    }
}

criterion_group!(benches, neighbours);
criterion_main!(benches);
