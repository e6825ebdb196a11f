//! Vectors to test with, segments of them, and the naive scan.

use std::cell::Cell;

use proptest::prelude::*;
use sutra_index::vectors::{
    Centroids, Coder, GONE, Hit, Matrix, Metric, Part, Query, RowSet, Searcher, Section, Space,
    build, cells_for,
};
use sutra_testkit::SplitMix;

pub(crate) const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::Euclidean];

pub(crate) fn space(dimension: usize, metric: Metric) -> Space {
    let dimension = u32::try_from(dimension).expect("small");
    Space::new("texts", "model-1", dimension, metric, 7).expect("a good space")
}

/// A seeded generator.
pub(crate) struct Chance(SplitMix);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SplitMix::new(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// By the remainder: bytes that tests know by heart depend on it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    /// About normal, with a standard deviation of one.
    pub(crate) fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| (self.next() >> 40) as f32 / (1 << 24) as f32).sum();
        sum - 6.0
    }
}

/// Vectors around centres, `count` of them.
pub(crate) fn clustered(
    chance: &mut Chance,
    dimension: usize,
    centres: usize,
    count: usize,
) -> Vec<f32> {
    let middle: Vec<f32> = (0..centres * dimension).map(|_| chance.normal()).collect();
    let mut values = Vec::with_capacity(count * dimension);
    for _ in 0..count {
        let centre = &middle[chance.below(centres) * dimension..][..dimension];
        values.extend(centre.iter().map(|value| value + 0.6 * chance.normal()));
    }
    values
}

/// A segment: all its rows have a vector, but for those that are a multiple of 7 plus 3.
#[derive(Clone)]
pub(crate) struct Segment {
    pub(crate) values: Vec<f32>,
    pub(crate) dimension: usize,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn rows_with_vectors(row_limit: usize) -> Vec<u32> {
    (0..u32::try_from(row_limit).expect("small")).filter(|row| row % 7 != 3).collect()
}

impl Segment {
    pub(crate) fn of(coder: &Coder, centroids: Option<&Centroids>, values: Vec<f32>) -> Self {
        let dimension = coder.space().dimension() as usize;
        let limit = values.len() / dimension;
        let rows = rows_with_vectors(limit);
        let limit = u32::try_from(limit).expect("small");
        let bytes = build(coder, centroids, limit, &rows, &matrix(&values, dimension));
        Self { bytes: bytes.expect("good vectors"), values, dimension }
    }

    pub(crate) fn row_limit(&self) -> usize {
        self.values.len() / self.dimension
    }

    pub(crate) fn vectors(&self) -> Sparse<'_> {
        Sparse(matrix(&self.values, self.dimension))
    }

    pub(crate) fn section(&self) -> Section<'_> {
        Section::open(&self.bytes).expect("a good section")
    }
}

/// The vectors of a [`Segment`], without those that it does not have.
#[derive(Clone, Copy)]
pub(crate) struct Sparse<'a>(Matrix<'a>);

impl sutra_index::vectors::Vectors for Sparse<'_> {
    fn vector(&self, row: u32) -> Option<&[f32]> {
        if row % 7 == 3 { None } else { self.0.vector(row) }
    }
}

pub(crate) fn matrix(values: &[f32], dimension: usize) -> Matrix<'_> {
    Matrix { values, dimension, stride: dimension }
}

pub(crate) fn train(coder: &Coder, values: &[f32]) -> Centroids {
    let dimension = coder.space().dimension() as usize;
    let count = u32::try_from(values.len() / dimension).expect("small");
    let rows: Vec<u32> = (0..count).collect();
    let cells = cells_for(u64::from(count));
    Centroids::train(coder, 1, cells, &rows, &matrix(values, dimension)).expect("good vectors")
}

/// Which rows of a segment may be found, as a test says it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    pub(crate) dead: Option<Vec<u64>>,
    pub(crate) filter: Option<Vec<u64>>,
}

impl Bits {
    pub(crate) fn is_live(&self, row: u32) -> bool {
        !self.dead.as_deref().map(RowSet::new).is_some_and(|dead| dead.contains(row))
    }

    pub(crate) fn filter(&self) -> Option<RowSet<'_>> {
        self.filter.as_deref().map(RowSet::new)
    }

    pub(crate) fn allows(&self, row: u32) -> bool {
        self.is_live(row) && self.filter().is_none_or(|filter| filter.contains(row))
    }
}

pub(crate) fn bits(rows: impl IntoIterator<Item = u32>) -> Vec<u64> {
    let mut words = Vec::new();
    for row in rows {
        let word = row as usize / 64;
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        words[word] |= 1_u64 << (row % 64);
    }
    words
}

/// Scores in the order of the definition, one value after the other, in f64.
pub(crate) fn score_by_definition(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| f(f64::from(*a), f64::from(*b))).sum()
    };
    match metric {
        Metric::Cosine => {
            let lengths = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
            if lengths > 0.0 { sum(&|a, b| a * b) / lengths } else { 0.0 }
        }
        Metric::Dot => sum(&|a, b| a * b),
        Metric::Euclidean => -sum(&|a, b| (a - b) * (a - b)),
    }
}

/// Every visible vector, scored exactly and sorted. Scores come from searches of one vector each,
/// so that they are bit for bit those of the index; the order and the choice are made here.
pub(crate) fn naive(
    coder: &Coder,
    segments: &[Segment],
    bits: &[Bits],
    query: &Query<'_>,
) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (part, (segment, bits)) in segments.iter().zip(bits).enumerate() {
        for row in rows_with_vectors(segment.row_limit()) {
            if bits.allows(row) {
                let vector = &segment.values[row as usize * segment.dimension..];
                let score = score_of(coder, query.vector, &vector[..segment.dimension]);
                hits.push(Hit { part, row, score });
            }
        }
    }
    hits.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then(a.part.cmp(&b.part)).then(a.row.cmp(&b.row))
    });
    hits.retain(|hit| query.min_score.is_none_or(|least| hit.score >= least));
    hits.truncate(query.limit);
    hits
}

fn score_of(coder: &Coder, query: &[f32], vector: &[f32]) -> f32 {
    sutra_index::vectors::score(coder.space(), query, vector).expect("good vectors")
}

/// A search that knows filters beforehand and asks for what is live.
pub(crate) fn search(
    coder: &Coder,
    epochs: &[&Centroids],
    segments: &[Segment],
    bits: &[Bits],
    query: &Query<'_>,
) -> Vec<Hit> {
    let filters: Vec<_> = bits.iter().map(Bits::filter).collect();
    let allows = |part: usize, row: u32| bits[part].is_live(row);
    search_asking(coder, epochs, segments, &filters, query, allows)
}

/// A search that asks for everything. Also how often it asked.
pub(crate) fn search_lazily(
    coder: &Coder,
    epochs: &[&Centroids],
    segments: &[Segment],
    bits: &[Bits],
    query: &Query<'_>,
) -> (Vec<Hit>, usize) {
    let asked = Cell::new(0);
    let allows = |part: usize, row: u32| {
        asked.set(asked.get() + 1);
        bits[part].allows(row)
    };
    let filters = vec![None; segments.len()];
    (search_asking(coder, epochs, segments, &filters, query, allows), asked.get())
}

fn search_asking(
    coder: &Coder,
    epochs: &[&Centroids],
    segments: &[Segment],
    filters: &[Option<RowSet<'_>>],
    query: &Query<'_>,
    allows: impl Fn(usize, u32) -> bool,
) -> Vec<Hit> {
    let sections: Vec<Section<'_>> = segments.iter().map(Segment::section).collect();
    let parts = parts(segments, &sections, filters, Segment::vectors);
    let searcher = Searcher::new(coder, epochs).expect("one space");
    searcher.search(&parts, query, allows).expect("an answer")
}

fn parts<'a, V>(
    segments: &'a [Segment],
    sections: &'a [Section<'a>],
    filters: &[Option<RowSet<'a>>],
    vectors: impl Fn(&'a Segment) -> V,
) -> Vec<Part<'a, V>> {
    let parts = segments.iter().zip(sections).zip(filters);
    parts
        .map(|((segment, section), filter)| Part {
            section,
            vectors: vectors(segment),
            filter: *filter,
        })
        .collect()
}

/// Vectors that count how often they are looked up.
struct Counted<'a>(Sparse<'a>, &'a Cell<usize>);

impl sutra_index::vectors::Vectors for Counted<'_> {
    fn vector(&self, row: u32) -> Option<&[f32]> {
        self.1.set(self.1.get() + 1);
        self.0.vector(row)
    }
}

/// Many queries at once. Also how many vectors were looked up.
pub(crate) fn search_batch(
    coder: &Coder,
    epochs: &[&Centroids],
    segments: &[Segment],
    bits: &[Bits],
    queries: &[Query<'_>],
) -> (Vec<Vec<Hit>>, usize) {
    let filters: Vec<_> = bits.iter().map(Bits::filter).collect();
    let sections: Vec<Section<'_>> = segments.iter().map(Segment::section).collect();
    let count = Cell::new(0);
    let parts = parts(segments, &sections, &filters, |segment| Counted(segment.vectors(), &count));
    let searcher = Searcher::new(coder, epochs).expect("one space");
    let allows = |part: usize, row: u32| bits[part].is_live(row);
    let answers = searcher.search_batch(&parts, queries, allows).expect("answers");
    (answers, count.get())
}

/// How many of the true hits were found, of 100.
pub(crate) fn recall(found: &[Hit], truth: &[Hit]) -> usize {
    let hit = |hit: &&Hit| truth.iter().any(|t| (t.part, t.row) == (hit.part, hit.row));
    100 * found.iter().filter(hit).count() / truth.len().max(1)
}

/// Maps of a merge: each row of each segment to a new one or to nothing, rising within a segment.
pub(crate) fn maps(
    chance: &mut Chance,
    limits: &[usize],
    gone_of_8: usize,
) -> (Vec<Vec<u32>>, u32) {
    let mut maps: Vec<Vec<u32>> = limits.iter().map(|limit| vec![GONE; *limit]).collect();
    let mut left: Vec<usize> = vec![0; limits.len()];
    let mut next = 0;
    loop {
        let open: Vec<usize> = (0..limits.len()).filter(|i| left[*i] < limits[*i]).collect();
        if open.is_empty() {
            return (maps, next);
        }
        let segment = open[chance.below(open.len())];
        if chance.below(8) >= gone_of_8 {
            maps[segment][left[segment]] = next;
            next += 1;
        }
        left[segment] += 1;
    }
}

/// The segment that a merge should give: built at once from the vectors that stay.
pub(crate) fn merged_values(
    segments: &[Segment],
    maps: &[Vec<u32>],
    rows: u32,
) -> (Vec<f32>, Vec<u32>) {
    let dimension = segments[0].dimension;
    let mut values = vec![0.0; rows as usize * dimension];
    let mut with_vectors = Vec::new();
    for (segment, map) in segments.iter().zip(maps) {
        for row in rows_with_vectors(segment.row_limit()) {
            let new = map[row as usize];
            if new != GONE {
                let from = &segment.values[row as usize * dimension..][..dimension];
                values[new as usize * dimension..][..dimension].copy_from_slice(from);
                with_vectors.push(new);
            }
        }
    }
    with_vectors.sort_unstable();
    (values, with_vectors)
}

pub(crate) fn any_metric() -> impl Strategy<Value = Metric> {
    proptest::sample::select(METRICS.to_vec())
}
