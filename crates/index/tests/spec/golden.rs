//! Golden bytes of what version 1 writes: whole sections where they are small, and the heads of
//! large ones up to the end of their first block.

use std::fmt::Write as _;

use sutra_index::vectors::{Metric, build};
use sutra_index::words::{Analyser, SectionBuilder};

use crate::vectors::{coder, matrix, train, values};
use crate::words::Chance;
use crate::{vectors_reader, words_reader};

fn golden(name: &str, bytes: &[u8]) {
    let mut hex = String::new();
    for line in bytes.chunks(32) {
        line.iter().for_each(|byte| write!(hex, "{byte:02x}").unwrap());
        hex.push('\n');
    }
    let path = format!("{}/tests/golden/v1/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == hex, "{path} should be, where the format was meant to change:\n{hex}");
}

/// A section with full blocks, in which positions run over the ends of rows, long lengths, terms
/// taken back, and more than one block of the dictionary.
fn blocks_of_words(with_positions: bool) -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::named("unicode-en").unwrap(), with_positions);
    let mut chance = Chance(9);
    for row in 0..300 {
        let count = if row == 77 { 260 } else { 1 + chance.below(3) };
        let mut text: Vec<String> = (0..count).map(|_| format!("w{}", chance.below(2))).collect();
        if row % 8 == 0 {
            text.push(format!("rarely{row}"));
        }
        builder.put(row, &text.join(" ")).unwrap();
    }
    builder.retract("w0 w0 gone").unwrap();
    builder.retract("w1 gone").unwrap();
    builder.finish(300).unwrap()
}

#[test]
fn golden_blocks_of_words_are_written_and_read() {
    for (name, with_positions) in [("words_blocks", false), ("words_blocks_with_positions", true)] {
        let bytes = blocks_of_words(with_positions);
        golden(name, &bytes);
        let read = words_reader::read(&bytes);
        assert_eq!(read.analyser, ("unicode-en".into(), 1));
        assert_eq!((read.retracted, read.lengths[77]), ((2, 5), 260));
        let gone = read.terms.iter().find(|term| term.bytes == b"gone").unwrap();
        assert_eq!((gone.retracted, gone.postings.len()), (2, 0));
    }
}

#[test]
fn golden_rows_codes_signs_and_centroids_are_written() {
    let rows: Vec<u32> = (0..2048).collect();
    for (name, dimension, metric) in [
        ("codes_cosine", 3, Metric::Cosine),
        ("codes_euclidean", 20, Metric::Euclidean),
        ("signs_dot", 256, Metric::Dot),
    ] {
        let coder = coder(dimension, metric);
        let values = values(dimension, 2048);
        let vectors = matrix(&values, dimension);
        let centroids = train(&coder, &values, 3);
        let blob = centroids.to_bytes();
        golden(&format!("centroids_{name}"), &blob);
        assert_eq!(vectors_reader::read_centroids(&blob).2.len(), 3);
        let bytes = build(&coder, Some(&centroids), 2048, &rows, &vectors).unwrap();
        let p = vectors_reader::padded(dimension);
        // Header, names and starts take 64 bytes each.
        let block = match metric {
            Metric::Cosine => 16 * p + 128,
            Metric::Euclidean => 16 * p + 192,
            Metric::Dot => 2 * p + 192,
        };
        golden(&format!("vectors_{name}_head"), &bytes[..192 + block]);
    }
    let coder = coder(3, Metric::Cosine);
    let values = values(3, 9);
    let bytes = build(&coder, None, 9, &[0, 5, 8], &matrix(&values, 3)).unwrap();
    golden("vectors_rows", &bytes);
}
