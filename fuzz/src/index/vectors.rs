//! Changes to a sound section of vectors, and to centroids.

use std::sync::OnceLock;

use sutra_index::vectors::{
    Centroids, Coder, Effort, Matrix, MergeInput, Metric, Part, Query, Searcher, Section, Space,
    VectorError, Vectors, build, merge,
};

use super::super::bound::bounded;
use super::super::damage::{CHANGES_MAX, damage};
use super::super::tape::Tape;

/// Vectors of a sound section: the fewest that have lists.
const ROWS: u32 = 2048;

/// Tables with more rows are not merged.
const ROWS_MAX: u32 = 20_000;

/// Where a section, and centroids, say how long they are.
const LENGTH_AT: [usize; 2] = [48, 56];

/// A sound section, and what it is searched with.
struct Base {
    coder: Coder,
    centroids: Centroids,
    values: Vec<f32>,
    bytes: Vec<u8>,
}

/// The first byte chooses the sound section, the next whether it or its centroids are damaged. The
/// length is made right again where the tape says so.
pub fn vectors(input: &[u8]) {
    let mut tape = Tape::new(input);
    let base = tape.pick(bases());
    let (blob, repairs) = (tape.byte().is_multiple_of(8), !tape.byte().is_multiple_of(8));
    let mut bytes = if blob { base.centroids.to_bytes() } else { base.bytes.clone() };
    for _ in 0..CHANGES_MAX {
        if tape.is_at_end() {
            break;
        }
        // The header, names and starts, the first block, or anything.
        let ends =
            [(0, 64), (0, 192), (192, 1024), (0, bytes.len()), (bytes.len() - 64, bytes.len())];
        let (start, end) = *tape.pick(&ends);
        let (start, end) = (start.min(bytes.len()), end.min(bytes.len()));
        let mut piece = bytes[start..end].to_vec();
        damage(&mut piece, &mut tape);
        drop(bytes.splice(start..end, piece));
        bytes.resize(bytes.len().max(64), 0);
    }
    if repairs {
        let (length, at) = (bytes.len() as u64, LENGTH_AT[usize::from(blob)]);
        bytes[at..at + 8].copy_from_slice(&length.to_le_bytes());
    }
    if blob {
        look_at_centroids(base, &bytes);
    } else {
        look(base, &base.centroids, &bytes);
    }
}

fn bases() -> &'static [Base] {
    static BASES: OnceLock<Vec<Base>> = OnceLock::new();
    BASES.get_or_init(|| {
        let of = [
            (3, Metric::Cosine, ROWS),
            (3, Metric::Cosine, 40),
            (20, Metric::Euclidean, ROWS),
            (3, Metric::Dot, ROWS),
            (20, Metric::Dot, 60),
            (3, Metric::Euclidean, ROWS),
            (256, Metric::Euclidean, ROWS),
        ];
        of.map(|(dimension, metric, rows)| base(dimension, metric, rows)).into()
    })
}

fn base(dimension: u32, metric: Metric, rows: u32) -> Base {
    let space = Space::new("texts", "model-1", dimension, metric, 7).expect("a good space");
    let coder = Coder::new(&space);
    let value = |at: u32| ((at.wrapping_mul(2_654_435_761) >> 20) % 200) as f32 / 20.0 - 5.0;
    let values: Vec<f32> = (0..rows * dimension).map(value).collect();
    let all: Vec<u32> = (0..rows).collect();
    let vectors = matrix(&values, dimension);
    let centroids = Centroids::train(&coder, 1, 4, &all, &vectors).expect("good vectors");
    let bytes = build(&coder, Some(&centroids), rows, &all, &vectors).expect("good vectors");
    Base { coder, centroids, values, bytes }
}

fn matrix(values: &[f32], dimension: u32) -> Matrix<'_> {
    Matrix { values, dimension: dimension as usize, stride: dimension as usize }
}

fn look_at_centroids(base: &Base, bytes: &[u8]) {
    let opened = bounded(bytes.len() as u64, || Centroids::open(&base.coder, bytes));
    let Ok(centroids) = opened else { return };
    assert_eq!(centroids.to_bytes(), bytes, "what was opened is written back the same");
    look(base, &centroids, &base.bytes);
}

fn look(base: &Base, centroids: &Centroids, bytes: &[u8]) {
    let length = bytes.len() as u64;
    let Ok(section) = bounded(length, || Section::open(bytes)) else { return };
    let sound = bounded(0, || section.verify()).is_ok();
    assert!(sound || bytes != base.bytes, "what is sound is verified as sound");
    let dimension = base.coder.space().dimension();
    let part = Part { section: &section, vectors: matrix(&base.values, dimension), filter: None };
    for effort in [Effort::Probes(1), Effort::Balanced, Effort::Exact] {
        let query = Query { effort, ..Query::new(&base.values[..dimension as usize], 5) };
        let found = bounded(length, || {
            let epochs = [centroids];
            let allows = |_, row| {
                assert!(row < section.row_limit(), "row {row} is not in the table");
                true
            };
            Searcher::new(&base.coder, &epochs)?.search(&[part], &query, allows)
        });
        match found {
            Ok(hits) => assert!(hits.iter().all(|hit| hit.score.is_finite())),
            Err(error) => assert!(!sound || is_of_others(&error), "{error}"),
        }
    }
    if section.row_limit() <= ROWS_MAX {
        merge_all(base, centroids, &section, sound);
    }
}

/// Whether an error says that a section does not fit what it was used with.
fn is_of_others(error: &VectorError) -> bool {
    let lists = |reason: &str| reason == "number of lists is not that of the epoch";
    match error {
        VectorError::OtherSpace { .. }
        | VectorError::MissingVector { .. }
        | VectorError::MissingCentroids { .. } => true,
        VectorError::BadRow { reason, .. } => *reason == "two vectors become one row",
        VectorError::Corrupt { reason, .. } => lists(reason),
        _ => false,
    }
}

/// Each row twice, or all of one section and then all of the other.
struct Rows<'a>(Matrix<'a>, u32);

impl Vectors for Rows<'_> {
    fn vector(&self, row: u32) -> Option<&[f32]> {
        self.0.vector(if self.1 == 0 { row / 2 } else { row % self.1 })
    }
}

/// Merges a section with itself, and with a sound one.
fn merge_all(base: &Base, centroids: &Centroids, section: &Section<'_>, sound: bool) {
    let other = Section::open(&base.bytes).expect("a sound section");
    let rows = section.row_limit();
    let values = matrix(&base.values, base.coder.space().dimension());
    let maps = [0, 1].map(|odd| (0..rows).map(|row| 2 * row + odd).collect::<Vec<u32>>());
    let inputs = [section, section].into_iter().zip(&maps);
    let inputs: Vec<_> =
        inputs.map(|(section, map)| MergeInput { section, new_rows: map }).collect();
    merge_sound(base, centroids, &inputs, &Rows(values, 0), sound);
    let maps =
        [(0..rows).collect::<Vec<u32>>(), (rows..rows + other.row_limit()).collect::<Vec<u32>>()];
    let inputs = [section, &other].into_iter().zip(&maps);
    let inputs: Vec<_> =
        inputs.map(|(section, map)| MergeInput { section, new_rows: map }).collect();
    merge_sound(base, centroids, &inputs, &Rows(values, rows.max(1)), sound);
}

fn merge_sound(
    base: &Base,
    centroids: &Centroids,
    inputs: &[MergeInput<'_>],
    vectors: &Rows<'_>,
    sound: bool,
) {
    let rows: usize = inputs.iter().map(|input| input.new_rows.len()).sum();
    let length = 3 * (base.bytes.len() + 16 * rows) as u64;
    let limit = u32::try_from(rows).expect("few rows");
    match bounded(length, || merge(&base.coder, Some(centroids), limit, inputs, vectors)) {
        Ok(merged) => {
            let merged = Section::open(&merged).expect("what was merged opens");
            let verified = merged.verify();
            assert!(!sound || verified.is_ok(), "what was merged is sound: {verified:?}");
            let count: u32 = inputs.iter().map(|input| input.section.len()).sum();
            assert!(!sound || merged.len() == count, "no vector is lost");
        }
        Err(error) => assert!(!sound || is_of_others(&error), "{error}"),
    }
}
