//! How fast vectors are searched, built and merged, and what is found of the true neighbours.
//!
//! `vectors` alone runs on a small generated set. `vectors FILE DIMENSION [TRUTH]` runs on rows of
//! little-endian f32; every (rows / 1,000)th row is a query and not in the index. `TRUTH` keeps the
//! numbers of the ten true neighbours of each query; it is written if it is not there. Times are
//! those of the processor, not of the wall, so that other work on it counts for less.

use std::env::args;
use std::fs;
use std::path::Path;
use std::time::Instant;

use sutra_index::vectors::{
    Centroids, Coder, Effort, Matrix, MergeInput, Metric, Part, Query, Searcher, Section, Space,
    build, cells_for, merge,
};

const LIMIT: usize = 10;

/// Seconds that this thread has run, where the system says so.
fn seconds(start: Instant) -> f64 {
    let ran = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ran = ran.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    ran.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds as f64 / 1e9)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let before = seconds(start);
    let result = work();
    (result, seconds(start) - before)
}

/// Bytes at a multiple of 64, as in a file that is mapped.
struct Mapped {
    bytes: Vec<u8>,
    start: usize,
}

impl Mapped {
    fn new(section: &[u8]) -> Self {
        let mut bytes = vec![0; section.len() + 64];
        let start = bytes.as_ptr().align_offset(64);
        bytes[start..start + section.len()].copy_from_slice(section);
        bytes.truncate(start + section.len());
        Self { bytes, start }
    }

    fn open(&self) -> Section<'_> {
        Section::open(&self.bytes[self.start..]).expect("opens")
    }
}

struct Data {
    dimension: usize,
    base: Vec<f32>,
    queries: Vec<f32>,
}

impl Data {
    fn split(values: &[f32], dimension: usize) -> Self {
        let step = (values.len() / dimension / 1000).max(1);
        let (mut base, mut queries) = (Vec::new(), Vec::new());
        for (row, vector) in values.chunks_exact(dimension).enumerate() {
            let is_query = row % step == 0;
            if !is_query {
                base.extend_from_slice(vector);
            } else if queries.len() < 1000 * dimension {
                queries.extend_from_slice(vector);
            }
        }
        Self { dimension, base, queries }
    }

    fn rows(&self) -> u32 {
        u32::try_from(self.base.len() / self.dimension).expect("fewer than 2^32 rows")
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix { values: &self.base, dimension: self.dimension, stride: self.dimension }
    }

    /// The rows that segment `part` of `parts` has: every `parts`th one.
    fn part(&self, part: usize, parts: usize) -> Vec<f32> {
        let rows = self.base.chunks_exact(self.dimension).skip(part).step_by(parts);
        rows.flatten().copied().collect()
    }
}

fn generated() -> Data {
    let mut state = 1_u64;
    let mut normal = || {
        let mut sum = -6.0_f32;
        for _ in 0..12 {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            sum += (state >> 40) as f32 / (1_u64 << 24) as f32;
        }
        sum
    };
    let centres: Vec<f32> = (0..100 * 32).map(|_| normal()).collect();
    let rows = 12_000_usize;
    let values: Vec<f32> = (0..rows)
        .flat_map(|row| {
            let centre = &centres[row % 100 * 32..][..32];
            centre.iter().map(|value| value + 0.7 * normal()).collect::<Vec<f32>>()
        })
        .collect();
    Data::split(&values, 32)
}

/// The answers to all queries, as rows of the whole set, and queries in a second.
fn run(
    data: &Data,
    searcher: &Searcher<'_>,
    parts: &[Part<'_, Matrix<'_>>],
    effort: Effort,
) -> (Vec<u32>, f64) {
    let queries = data.queries.chunks_exact(data.dimension);
    let count = queries.len();
    let (answers, time) = timed(|| {
        let mut answers = Vec::with_capacity(count * LIMIT);
        for vector in queries {
            let query = Query { effort, ..Query::new(vector, LIMIT) };
            let hits = searcher.search(parts, &query, |_, _| true).expect("good vectors");
            let rows = hits.iter().map(|hit| hit.row * parts.len() as u32 + hit.part as u32);
            answers.extend(rows);
        }
        answers
    });
    (answers, count as f64 / time)
}

fn recall(answers: &[u32], truth: &[u32]) -> f64 {
    let answers = answers.chunks_exact(LIMIT).zip(truth.chunks_exact(LIMIT));
    let found = answers.map(|(a, t)| a.iter().filter(|row| t.contains(row)).count());
    found.sum::<usize>() as f64 / truth.len() as f64
}

fn truth_of(
    path: Option<&str>,
    data: &Data,
    searcher: &Searcher<'_>,
    parts: &[Part<'_, Matrix<'_>>],
) -> Vec<u32> {
    if let Some(bytes) = path.filter(|path| Path::new(path).exists()).map(fs::read) {
        let bytes = bytes.expect("the truth can be read");
        return bytes.as_chunks::<4>().0.iter().map(|row| u32::from_le_bytes(*row)).collect();
    }
    let (truth, qps) = run(data, searcher, parts, Effort::Exact);
    println!("exact: {qps:.0} queries/s");
    if let Some(path) = path {
        let bytes: Vec<u8> = truth.iter().flat_map(|row| row.to_le_bytes()).collect();
        fs::write(path, bytes).expect("the truth can be kept");
    }
    truth
}

fn report(
    name: &str,
    data: &Data,
    searcher: &Searcher<'_>,
    parts: &[Part<'_, Matrix<'_>>],
    truth: &[u32],
) {
    let probes = [1, 2, 4, 8, 16, 32, 64].map(Effort::Probes);
    for effort in probes.into_iter().chain([Effort::Fast, Effort::Balanced, Effort::Thorough]) {
        let (answers, first) = run(data, searcher, parts, effort);
        let (_, second) = run(data, searcher, parts, effort);
        let (recall, qps) = (recall(&answers, truth), first.max(second));
        println!("{name}: {effort:?} recall {recall:.4} queries/s {qps:.0}");
    }
}

/// Queries that share one look at the vectors, beside the same ones alone; which must find the same.
fn batches(data: &Data, searcher: &Searcher<'_>, parts: &[Part<'_, Matrix<'_>>]) {
    const TOGETHER: usize = 16;
    for effort in [Effort::Exact, Effort::Balanced] {
        let query = |vector| Query { effort, ..Query::new(vector, LIMIT) };
        let queries = data.queries.chunks_exact(data.dimension).take(8 * TOGETHER);
        let queries: Vec<Query<'_>> = queries.map(query).collect();
        let answer = |queries: &[Query<'_>]| {
            searcher.search_batch(parts, queries, |_, _| true).expect("good vectors")
        };
        let ask = |size: usize| timed(|| queries.chunks(size).flat_map(answer).collect::<Vec<_>>());
        let mut least = [f64::INFINITY; 2];
        for _ in 0..3 {
            let [(alone, first), (together, second)] = [ask(1), ask(TOGETHER)];
            assert_eq!(alone, together);
            least = [least[0].min(first), least[1].min(second)];
        }
        let [alone, together] = least.map(|time| queries.len() as f64 / time);
        println!("{effort:?}: {alone:.0} queries/s alone, {together:.0} by {TOGETHER}");
    }
}

fn main() {
    let arguments: Vec<String> = args().skip(1).filter(|argument| argument != "--bench").collect();
    let data = match arguments.as_slice() {
        [file, dimension, ..] => {
            let bytes = fs::read(file).expect("the file can be read");
            let values = bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value));
            let dimension = dimension.parse().expect("the dimension is a number");
            Data::split(&values.collect::<Vec<f32>>(), dimension)
        }
        _ => generated(),
    };
    let dimension = u32::try_from(data.dimension).expect("small");
    let space = Space::new("bench", "file", dimension, Metric::Cosine, 1).expect("a good space");
    let coder = Coder::new(&space);
    let rows: Vec<u32> = (0..data.rows()).collect();
    let cells = arguments.get(3).map_or_else(
        || cells_for(u64::from(data.rows())),
        |cells| cells.parse().expect("the number of cells is a number"),
    );
    let (centroids, train_time) =
        timed(|| Centroids::train(&coder, 1, cells, &rows, &data.matrix()).expect("trains"));
    let (bytes, build_time) = timed(|| {
        build(&coder, Some(&centroids), data.rows(), &rows, &data.matrix()).expect("builds")
    });
    let count = f64::from(data.rows());
    println!(
        "{} rows of {dimension}, {cells} cells: {:.0} rows/s with training ({train_time:.2} s), {:.0} without",
        rows.len(),
        count / (train_time + build_time),
        count / build_time
    );
    let mapped = Mapped::new(&bytes);
    let section = mapped.open();
    let hot = section.hot_bytes() as f64 / count;
    println!("bytes a vector: {:.1}, hot {hot:.1}", bytes.len() as f64 / count);
    let parts = [Part { section: &section, vectors: data.matrix(), filter: None }];
    let epochs = [&centroids];
    let searcher = Searcher::new(&coder, &epochs).expect("one space");
    let truth = truth_of(arguments.get(2).map(String::as_str), &data, &searcher, &parts);
    report("1 segment", &data, &searcher, &parts, &truth);
    batches(&data, &searcher, &parts);
    split(&data, &coder, &centroids, &truth, &bytes);
}

/// The same in 16 segments, and their merge, which must give the bytes of the one.
fn split(data: &Data, coder: &Coder, centroids: &Centroids, truth: &[u32], whole: &[u8]) {
    const PARTS: usize = 16;
    let dimension = data.dimension;
    let values: Vec<Vec<f32>> = (0..PARTS).map(|part| data.part(part, PARTS)).collect();
    let matrix = |values| Matrix { values, dimension, stride: dimension };
    let sections: Vec<Mapped> = values
        .iter()
        .map(|values| {
            let rows = u32::try_from(values.len() / dimension).expect("small");
            let all: Vec<u32> = (0..rows).collect();
            let built = build(coder, Some(centroids), rows, &all, &matrix(values));
            Mapped::new(&built.expect("builds"))
        })
        .collect();
    let opened: Vec<Section<'_>> = sections.iter().map(Mapped::open).collect();
    let parts: Vec<Part<'_, Matrix<'_>>> = opened
        .iter()
        .zip(&values)
        .map(|(section, values)| Part { section, vectors: matrix(values), filter: None })
        .collect();
    let epochs = [centroids];
    let searcher = Searcher::new(coder, &epochs).expect("one space");
    report("16 segments", data, &searcher, &parts, truth);
    let maps: Vec<Vec<u32>> =
        (0..PARTS).map(|part| (0..data.rows()).skip(part).step_by(PARTS).collect()).collect();
    let inputs: Vec<MergeInput<'_>> = opened
        .iter()
        .zip(&maps)
        .map(|(section, new_rows)| MergeInput { section, new_rows })
        .collect();
    for inputs in [&inputs[..2], &inputs[..]] {
        let (merged, time) = timed(|| {
            merge(coder, Some(centroids), data.rows(), inputs, &data.matrix()).expect("merges")
        });
        let gigabytes = merged.len() as f64 / 1e9;
        println!("merge of {}: {:.2} GB/s of sections", inputs.len(), gigabytes / time);
        assert!(inputs.len() < PARTS || merged == whole, "a merge gives the bytes of one build");
    }
}
