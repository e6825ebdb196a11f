//! Enough vectors for lists: centroids are trained, shared, carried along, and trained again.

use sutra_format::ConceptId;
use sutra_index::vectors::Effort;
use sutra_lsm::{CompactionConfig, ConceptPut, Durability, LSMTree, VectorQuery, WriteBatch};
use sutra_manifest::{Metric, VectorSpace};
use sutra_testkit::SplitMix;

const DIMENSION: usize = 8;

fn put(tree: &LSMTree, chance: &mut SplitMix, numbers: std::ops::Range<u32>) {
    put_in(tree, chance, numbers, 0);
}

fn put_in(tree: &LSMTree, chance: &mut SplitMix, numbers: std::ops::Range<u32>, space: u16) {
    let mut batch = WriteBatch::new();
    for n in numbers {
        let centre = f64::from(n % 40);
        let vector: Vec<f32> = (0..DIMENSION)
            .map(|at| {
                ((centre * (at as f64 + 1.0)).sin() + chance.below(100) as f64 / 400.0) as f32
            })
            .collect();
        let id = ConceptId::from_key(&format!("{n} in {space}"));
        let put = ConceptPut { vector: Some(&vector), space, ..ConceptPut::new(id) };
        batch.put_concept(&put).expect("a good concept");
    }
    tree.commit(batch, Durability::None).expect("committed");
}

/// How many of the ten nearest a search in lists finds, of all that comparing everything does.
fn recall(tree: &LSMTree, chance: &mut SplitMix, space: u16) -> f64 {
    let snapshot = tree.snapshot();
    let (mut found, mut asked) = (0, 0);
    for _ in 0..20 {
        let query: Vec<f32> =
            (0..DIMENSION).map(|_| chance.below(200) as f32 / 100.0 - 1.0).collect();
        let search = |effort| {
            let query = VectorQuery { vector: &query, space, limit: 10, effort, min_score: None };
            let hits = snapshot.search_vectors(&query, None).expect("readable");
            hits.iter().map(|hit| (hit.score, hit.concept.id())).collect::<Vec<_>>()
        };
        let (exact, quick) = (search(Effort::Exact), search(Effort::Balanced));
        assert_eq!((exact.len(), quick.len()), (10, 10));
        assert!(exact.is_sorted_by(|a, b| a.0 >= b.0));
        asked += 10;
        found += quick.iter().filter(|hit| exact.contains(hit)).count();
    }
    f64::from(u32::try_from(found).expect("few")) / f64::from(asked)
}

#[test]
fn lists_find_nearly_all_through_flushes_and_merges() {
    let dir = tempfile::tempdir().expect("a directory");
    let open = || {
        let config = CompactionConfig { compaction_threshold: 100, ..Default::default() };
        LSMTree::open(dir.path(), config).expect("the store opens")
    };
    let (tree, chance) = (open(), &mut SplitMix::new(1));
    let check = |tree: &LSMTree, what: &str| {
        let recall = recall(tree, &mut SplitMix::new(2), 0);
        assert!(recall >= 0.95, "{recall} {what}");
        assert_eq!(tree.verify(&mut |_| {}).expect("readable").damages, [], "{what}");
    };
    put(&tree, chance, 0..3000);
    check(&tree, "in memory");
    tree.flush().expect("flushed");
    check(&tree, "in one segment");
    put(&tree, chance, 2500..5500);
    tree.flush().expect("flushed");
    put(&tree, chance, 5500..5600);
    tree.flush().expect("flushed");
    check(&tree, "in three segments, of which the second names the centroids of the first");
    assert!(tree.compact_level(0).expect("merged"));
    check(&tree, "in one merged segment");
    for part in 1..6 {
        put(&tree, chance, part * 6000..part * 6000 + 6000);
        tree.flush().expect("flushed");
    }
    check(&tree, "in six segments");
    tree.compact_all().expect("merged");
    check(&tree, "with centroids that were trained again");
    tree.close().expect("closed");
    check(&open(), "opened again");
}

#[test]
fn lists_of_every_metric_find_nearly_all() {
    let dir = tempfile::tempdir().expect("a directory");
    let tree = LSMTree::open(dir.path(), CompactionConfig::default()).expect("the store opens");
    let space = |metric: Metric| VectorSpace::new(metric.name(), DIMENSION as u32).metric(metric);
    let codes = tree.register_spaces(&Metric::ALL.map(space)).expect("registered");
    for part in 0..2 {
        let chance = &mut SplitMix::new(part.into());
        codes.iter().for_each(|code| put_in(&tree, chance, part * 3000..part * 3000 + 3000, *code));
        tree.flush().expect("flushed");
        for code in &codes {
            let recall = recall(&tree, &mut SplitMix::new(2), *code);
            assert!(recall >= 0.95, "{recall} in space {code}, {part}");
        }
    }
    tree.compact_all().expect("merged");
    for code in &codes {
        let recall = recall(&tree, &mut SplitMix::new(2), *code);
        assert!(recall >= 0.95, "{recall} in space {code}, merged");
    }
    assert_eq!(tree.verify(&mut |_| {}).expect("readable").damages, []);
}
