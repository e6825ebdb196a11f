//! A merge of everything is made where something is to be gained by it, and only there.

use sutra_format::ConceptId;
use sutra_fs::Name;
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, LsmTree, WriteBatch,
};
use sutra_testkit::SimDir;

fn open(dir: &SimDir) -> LsmTree<SimDir> {
    let environment =
        Environment { entropy: Some(1), background: Background::Manual, ..Environment::default() };
    LsmTree::open_in(dir.clone(), CompactionConfig::default(), environment).unwrap()
}

fn id(n: u64) -> ConceptId {
    ConceptId::from_key(&n.to_string())
}

/// Puts concepts, with texts and with vectors of so many values, and flushes them.
fn put(tree: &LsmTree<SimDir>, numbers: std::ops::Range<u64>, values: usize) {
    let mut batch = WriteBatch::new();
    for n in numbers {
        let (text, vector) = (format!("concept {n}"), vec![n as f32; values]);
        let vector = Some(&vector[..]).filter(|vector| !vector.is_empty());
        let put = ConceptPut { content: Some(&text), vector, ..ConceptPut::new(id(n)) };
        batch.put_concept(&put).unwrap();
    }
    tree.commit(batch, Durability::Sync).unwrap();
    tree.flush().unwrap();
}

fn segments(dir: &SimDir) -> Vec<Name> {
    dir.image().names().filter(|name| name.as_str().starts_with("seg_")).cloned().collect()
}

/// Merges everything; says whether that made another file.
fn merges(dir: &SimDir, tree: &LsmTree<SimDir>) -> bool {
    let before = segments(dir);
    tree.compact_all().unwrap();
    segments(dir) != before
}

#[test]
fn a_store_of_one_segment_that_has_its_own_payload_is_left_as_it_is() {
    for values in [0, 4] {
        let dir = SimDir::new();
        let tree = open(&dir);
        assert!(!merges(&dir, &tree), "an empty store");
        put(&tree, 0..50, values);
        assert!(!merges(&dir, &tree), "a flushed segment");
        put(&tree, 0..50, values);
        assert!(merges(&dir, &tree), "two segments");
        assert!(!merges(&dir, &tree), "a merged segment");
    }
}

#[test]
fn a_store_of_one_segment_is_merged_again_while_its_payload_is_in_another_file() {
    let dir = SimDir::new();
    let tree = open(&dir);
    put(&tree, 0..50, 1000);
    put(&tree, 50..100, 1000);
    assert!(merges(&dir, &tree));
    let stats = tree.stats();
    let apart = (stats.total_segments, stats.payload_only_segments);
    assert_eq!(apart, (1, 2), "vectors that are in use stay where they are");
    assert!(merges(&dir, &tree));
}

#[test]
fn what_is_indexed_afresh_is_merged_though_nothing_is_to_be_gained() {
    let dir = SimDir::new();
    let tree = open(&dir);
    put(&tree, 0..50, 4);
    let before = segments(&dir);
    tree.index_afresh().unwrap();
    assert_ne!(segments(&dir), before);
}

#[test]
fn levels_are_due_once_they_have_enough_segments_and_not_before() {
    let dir = SimDir::new();
    let tree = open(&dir);
    let threshold = CompactionConfig::default().compaction_threshold as u64;
    for n in 0..threshold {
        assert!(!tree.needs_compaction(), "after {n} flushes");
        put(&tree, n..n + 1, 0);
    }
    assert!(tree.needs_compaction());
}

#[test]
fn of_the_bytes_of_a_store_those_of_records_texts_and_vectors_are_live() {
    let dir = SimDir::new();
    let tree = open(&dir);
    put(&tree, 0..50, 16);
    let live = |stats: &sutra_lsm::LsmStats| stats.live_bytes;
    let first = live(&tree.stats());
    let (records, vectors, texts) = (50 * 128, 50 * 16 * 4, 50 * (4 + 9) - 10);
    assert!(first >= records + vectors + texts, "{first}");
    assert!(first < records + vectors + texts + 50 * 64, "{first}");
    put(&tree, 50..100, 16);
    let second = live(&tree.stats());
    assert!(second >= 2 * first && second < 2 * first + 50 * 64, "{first}, {second}");
    put(&tree, 0..50, 16);
    tree.compact_all().unwrap();
    let merged = live(&tree.stats());
    assert!(merged.abs_diff(second) < 50 * 64, "{second}, {merged}");
}

/// A journal may be longer than what a memtable now holds: it was written under other settings.
#[test]
fn a_journal_that_is_longer_than_a_memtable_is_recovered_into_several_segments() {
    let dir = SimDir::new();
    let tree = open(&dir);
    for n in 0..60 {
        let mut batch = WriteBatch::new();
        let text = format!("concept {n} ").repeat(1000);
        let put = ConceptPut { content: Some(&text), ..ConceptPut::new(id(n)) };
        batch.put_concept(&put).unwrap();
        tree.commit(batch, Durability::Sync).unwrap();
    }
    let killed = SimDir::from_image(&dir.image());
    let config = CompactionConfig { max_segment_size: 256 << 10, ..CompactionConfig::default() };
    let environment =
        Environment { entropy: Some(1), background: Background::Manual, ..Environment::default() };
    let recovered = LsmTree::open_in(killed, config, environment).unwrap();
    assert_eq!(recovered.recovery().commits, 60);
    let segments = recovered.stats().total_segments;
    assert!((2..=8).contains(&segments), "{segments} segments");
    assert_eq!(recovered.snapshot().iter_concepts().unwrap().count(), 60);
}

#[test]
fn a_buffered_commit_is_on_disk_a_moment_later_though_nobody_asks() {
    let dir = SimDir::new();
    let environment = Environment { background: Background::Threads, ..Environment::default() };
    let tree = LsmTree::open_in(dir.clone(), CompactionConfig::default(), environment).unwrap();
    let mut batch = WriteBatch::new();
    batch.put_concept(&ConceptPut::new(id(1))).unwrap();
    tree.commit(batch, Durability::Buffered).unwrap();
    let start = std::time::Instant::now();
    loop {
        let reader = LsmTree::open_read_only_in(SimDir::from_image(&dir.durable_image())).unwrap();
        if reader.snapshot().concept(&id(1)).unwrap().is_some() {
            break;
        }
        assert!(start.elapsed().as_secs() < 60, "it is still not on disk");
        std::thread::yield_now();
    }
}
