//! Looking up a concept as it is, and as it was, with a hundred versions of each behind it.
//!
//! One store keeps no history: what is must not cost more where it is kept. `SUTRA_PAST_CONCEPTS` says
//! how many concepts there are, 5,000 otherwise: all that is fits into the caches of a processor then,
//! and what was does not.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sutra_format::ConceptId;
use sutra_format::hash::mix;
use sutra_lsm::{
    CompactionConfig, ConceptPut, Durability, LSMTree, Retention, Snapshot, WriteBatch,
};
use sutra_testkit::SplitMix;
use tempfile::TempDir;

const VERSIONS: u64 = 100;

/// A store of which every concept was put so often, and when.
struct Place {
    concepts: u64,
    tree: LSMTree,
    times: Vec<u64>,
    _dir: TempDir,
}

fn id(n: u64) -> ConceptId {
    let bytes = u128::from(mix(n)) << 64 | u128::from(mix(!n));
    ConceptId::from_bytes(bytes.to_be_bytes())
}

fn start(version: u64) -> String {
    format!("version {version} of ")
}

fn concepts() -> u64 {
    let asked = std::env::var("SUTRA_PAST_CONCEPTS").ok();
    asked.map_or(5_000, |asked| asked.parse().expect("SUTRA_PAST_CONCEPTS is a number"))
}

fn place(retention: Retention) -> Place {
    let concepts = concepts();
    let dir = tempfile::tempdir().expect("a directory");
    let tree = LSMTree::open(dir.path(), CompactionConfig::default()).expect("a store");
    tree.set_retention(retention).expect("a retention");
    let mut times = Vec::new();
    for version in 0..VERSIONS {
        let mut batch = WriteBatch::new();
        for n in 0..concepts {
            let text = format!("{}concept {n}, as long as a short fact is", start(version));
            let put = ConceptPut { content: Some(&text), ..ConceptPut::new(id(n)) };
            batch.put_concept(&put).expect("a concept");
        }
        times.push(tree.commit(batch, Durability::None).expect("a commit").time);
    }
    tree.compact_all().expect("merged");
    Place { concepts, tree, times, _dir: dir }
}

/// Reads one concept with its text, which must be of that version.
fn look_up(snapshot: &Snapshot, n: u64, start: &str) -> usize {
    let concept = snapshot.concept(&id(n)).expect("read").expect("there");
    let text = concept.content().expect("read").expect("a text");
    assert!(text.starts_with(start), "{text}");
    text.len()
}

fn past(criterion: &mut Criterion) {
    let (plain, kept) = (place(Retention::Latest), place(Retention::Forever));
    let as_of = |version: usize| kept.tree.snapshot_at(kept.times[version]).expect("kept");
    let cases = [
        ("now, no history", plain.tree.snapshot(), VERSIONS - 1),
        ("now", kept.tree.snapshot(), VERSIONS - 1),
        ("50 versions ago", as_of(49), 49),
        ("99 versions ago", as_of(0), 0),
    ];
    let mut group = criterion.benchmark_group("get with text");
    for (name, snapshot, version) in &cases {
        let (mut rng, start) = (SplitMix::new(1), start(*version));
        group.bench_function(*name, |bencher| {
            bencher.iter(|| black_box(look_up(snapshot, rng.below(kept.concepts), &start)));
        });
    }
    group.finish();
}

criterion_group!(benches, past);
criterion_main!(benches);
