//! Sound stores to begin with, written by the engine into memory, and the files in them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use sutra_format::ConceptRecord;
use sutra_fs::Name;
use sutra_lsm::{
    Background, CompactionConfig, Durability, Environment, LsmTree, Result, Retention, WriteBatch,
};
use sutra_manifest::{Metric, VectorSpace};
use sutra_segment::SegmentAppender;
use sutra_testkit::{Image, SimDir};

use super::store_ops::{Change, id};

/// Bytes of a memtable: little, so that a store of many files is small.
const MEMTABLE_BYTES: u64 = 8 << 10;

/// Zeros behind the frames of a journal that are kept; the engine writes far more ahead.
const ZEROS_BYTES: usize = 128;

/// What the clock says, in milliseconds.
const NOW: u64 = 1_700_000_000_000;

/// Opens a store for writing in which everything happens in a fixed order, at a fixed time.
pub(super) fn open(dir: SimDir) -> Result<LsmTree<SimDir>> {
    open_with(dir, &Arc::new(AtomicU64::new(NOW)))
}

/// The same by a clock that is set.
pub(super) fn open_with(dir: SimDir, clock: &Arc<AtomicU64>) -> Result<LsmTree<SimDir>> {
    let config =
        CompactionConfig { max_segment_size: MEMTABLE_BYTES, ..CompactionConfig::default() };
    let clock = clock.clone();
    let environment = Environment {
        clock: Arc::new(move || clock.load(Ordering::Relaxed)),
        entropy: Some(1),
        background: Background::Manual,
    };
    LsmTree::open_in(dir, config, environment)
}

/// Vector spaces of the stores that have any.
pub(super) fn spaces() -> [VectorSpace; 2] {
    let images = VectorSpace::new("images", 8).metric(Metric::Euclidean);
    [VectorSpace::new("titles", 4).metric(Metric::Dot).model("a model"), images]
}

/// The stores.
pub(super) fn stores() -> &'static [Image] {
    static STORES: OnceLock<Vec<Image>> = OnceLock::new();
    STORES.get_or_init(|| {
        // Inputs name stores by their place here: new ones come last.
        let mut made = vec![closed(), killed(), with_homes(), layered(), Ok(Image::new())];
        made.extend([with_history(), with_spaces()]);
        made.into_iter().map(|made| made.expect("nothing fails in memory")).collect()
    })
}

/// The last stores: what they have comes behind everything else.
const LAST: usize = 2;

/// Every segment of the stores, and before those of the last ones, one that is not sorted.
pub(super) fn segments() -> &'static [Vec<u8>] {
    static SEGMENTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEGMENTS.get_or_init(|| {
        let (first, last) = stores().split_at(stores().len() - LAST);
        let mut segments = files(first, "seg_");
        segments.push(unsorted().expect("nothing fails in memory"));
        segments.extend(files(last, "seg_"));
        segments
    })
}

/// Every journal of the stores.
pub(super) fn journals() -> &'static [Vec<u8>] {
    static JOURNALS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    JOURNALS.get_or_init(|| files(stores(), "journal_"))
}

fn files(stores: &[Image], prefix: &str) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for image in stores {
        let names = image.names().filter(|name| name.as_str().starts_with(prefix));
        files.extend(names.filter_map(|name| image.read(name)));
    }
    files
}

fn commit(tree: &LsmTree<SimDir>, changes: impl IntoIterator<Item = Change>) -> Result<()> {
    let mut batch = WriteBatch::new();
    changes.into_iter().try_for_each(|change| change.add_to(&mut batch))?;
    tree.commit(batch, Durability::Sync).map(drop)
}

fn put(n: u8, text: u8, vector: u8) -> Change {
    Change::Put { n, text: Some(text), vector }
}

/// Two segments of two levels, with tombstones and deltas in the newer one.
fn fill(tree: &LsmTree<SimDir>) -> Result<()> {
    commit(tree, (1..6).map(|n| put(n, 30, n)))?;
    commit(tree, [Change::State(1, 1, 2), Change::Associate(2, 2, 3), Change::Associate(4, 1, 1)])?;
    tree.register_kinds(&["hypernym"])?;
    tree.compact_all()?;
    commit(tree, [Change::Delete(3), Change::Touch(2), put(6, 12, 0)])?;
    commit(tree, [Change::Dissociate(4, 1, 1), Change::Associate(6, 5, 2)])?;
    tree.flush()
}

/// Closed: two segments, no journal.
fn closed() -> Result<Image> {
    let dir = SimDir::new();
    let tree = open(dir.clone())?;
    fill(&tree)?;
    tree.close()?;
    Ok(dir.image())
}

/// The same, killed some commits later.
fn killed() -> Result<Image> {
    let dir = SimDir::new();
    let tree = open(dir.clone())?;
    fill(&tree)?;
    commit(&tree, [put(7, 100, 2), Change::Touch(1)])?;
    commit(&tree, [Change::State(7, 1, 1), Change::Delete(5)])?;
    commit(&tree, [Change::Touch(6)])?;
    Ok(cut_journals(dir.image()))
}

/// A merged segment whose records refer to payload that stayed at home.
fn with_homes() -> Result<Image> {
    let dir = SimDir::new();
    let tree = open(dir.clone())?;
    commit(&tree, (0..3).map(|n| put(n, 20, 200)))?;
    tree.flush()?;
    commit(&tree, [Change::Touch(0), Change::Touch(1), put(4, 9, 0)])?;
    tree.compact_all()?;
    commit(&tree, [Change::Touch(2)])?;
    Ok(cut_journals(dir.image()))
}

/// Several segments of level 0, and two that share one source.
fn layered() -> Result<Image> {
    let dir = SimDir::new();
    let tree = open(dir.clone())?;
    for round in 0..3 {
        commit(&tree, [put(round, 3, 0), Change::Associate(0, u16::from(round), 1)])?;
        commit(&tree, (0..4).map(|n| Change::Associate(0, 7, n + 4 * round)))?;
        tree.flush()?;
    }
    tree.close()?;
    Ok(dir.image())
}

/// History of two levels and a commit that is only in the journal; rows come and go.
fn with_history() -> Result<Image> {
    let (dir, clock) = (SimDir::new(), Arc::new(AtomicU64::new(NOW - 1_000)));
    let tree = open_with(dir.clone(), &clock)?;
    let tick = || clock.fetch_add(7, Ordering::Relaxed);
    commit(&tree, [put(1, 9, 1), put(2, 9, 0), Change::State(1, 1, 2)])?;
    tree.flush()?;
    tree.set_retention(Retention::Forever)?;
    for round in 0..3 {
        tick();
        commit(&tree, [put(1, 10 + round, 1), Change::Touch(2), Change::Associate(2, 1, round)])?;
        tick();
        commit(&tree, [Change::Delete(round), put(3, 4, round), Change::Touch(1)])?;
        tree.flush()?;
        if round == 1 {
            tree.compact_all()?;
        }
    }
    tick();
    commit(&tree, [Change::State(3, 2, 1), Change::Dissociate(2, 1, 2), put(2, 7, 2)])?;
    Ok(cut_journals(dir.image()))
}

/// Vectors in spaces: one in a merged segment, one beside it, one in memory only.
fn with_spaces() -> Result<Image> {
    let dir = SimDir::new();
    let tree = open(dir.clone())?;
    tree.register_spaces(&spaces())?;
    commit(&tree, [put(1, 5, 2), Change::PutIn(2, 1), Change::PutIn(3, 2), Change::PutIn(4, 2)])?;
    tree.flush()?;
    commit(&tree, [Change::PutIn(2, 2), Change::Touch(3)])?;
    tree.compact_all()?;
    commit(&tree, [Change::PutIn(5, 1), put(3, 6, 1)])?;
    tree.flush()?;
    commit(&tree, [Change::PutIn(6, 2), Change::PutIn(1, 1)])?;
    Ok(cut_journals(dir.image()))
}

/// Takes away most of the zeros that were written ahead.
fn cut_journals(mut image: Image) -> Image {
    let names: Vec<Name> = image.names().cloned().collect();
    for name in names.iter().filter(|name| name.as_str().starts_with("journal_")) {
        let bytes = image.read(name).unwrap_or_default();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        let length = (used + ZEROS_BYTES).next_multiple_of(8).min(bytes.len());
        image.put(name, &bytes[..length]);
    }
    image
}

/// A segment in the order in which it was appended to.
fn unsorted() -> Result<Vec<u8>> {
    let (dir, name) = (SimDir::new(), Name::new("appended.seg").expect("a plain name"));
    let mut appender = SegmentAppender::create_in(dir.clone(), name.clone(), 1)?;
    for n in [3, 1, 2] {
        let (content, _) = appender.append_content("some text")?;
        let (vector, _) = appender.append_vector(&[0.5; 3])?;
        appender.append_concept(ConceptRecord::new(id(n), content, 9, vector))?;
    }
    appender.sync()?;
    drop(appender);
    Ok(dir.image().read(&name).unwrap_or_default())
}
