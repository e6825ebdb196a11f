//! Concepts by id, one by one and many at once, that are there and that are not, over 1 and over
//! 6 segments.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sutra_bench::engine::Sum;
use sutra_bench::fixture::{ASSOCIATIONS, CONCEPTS, Fixture, right};
use sutra_bench::graph::Graph;
use sutra_bench::reads::{self, Questions};

const ASKED: usize = 1_000;

fn point_get(criterion: &mut Criterion) {
    let graph = Graph::new(CONCEPTS, ASSOCIATIONS, 1);
    let asked = Questions::new(&graph, ASKED, 2);
    for segments in [1, 6] {
        let fixture = Fixture::of(&graph, segments).expect("a store");
        let reader = fixture.reader();
        let mut group = criterion.benchmark_group(format!("get over {segments}"));
        group.throughput(Throughput::Elements(ASKED as u64));
        let questions =
            [("hit", &asked.ids, asked.records()), ("miss", &asked.absent, Sum::default())];
        for (name, ids, expected) in questions {
            let one_by_one = || reads::records(&reader, ids).expect("readable");
            right(name, one_by_one(), expected).expect("right");
            group.bench_function(name, |bencher| bencher.iter(one_by_one));
            let at_once = || reads::records_at_once(&reader, ids).expect("readable");
            right(name, at_once(), expected).expect("right");
            group.bench_function(format!("{name}, many at once"), |bencher| bencher.iter(at_once));
        }
        let texts = || reads::texts(&reader, &asked.ids).expect("readable");
        right("texts", texts(), asked.texts(&graph)).expect("right");
        group.bench_function("hit, with text", |bencher| bencher.iter(texts));
        group.finish();
    }
}

criterion_group!(benches, point_get);
criterion_main!(benches);
