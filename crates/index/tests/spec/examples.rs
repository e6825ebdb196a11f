//! The examples of FORMAT.md, byte by byte, against what the crate writes.

use sutra_index::vectors::{Coder, Matrix, Metric, Space, build};
use sutra_index::words::{Analyser, Purpose, Scratch, SectionBuilder};

use crate::words_reader;

const SPEC: &str = include_str!("../../FORMAT.md");

/// The rows of the table with this head that is behind `heading`.
fn table(heading: &str, head: &str) -> Vec<Vec<&'static str>> {
    let lines = SPEC.lines().skip_while(|line| !line.starts_with(heading));
    let table = lines.skip_while(|line| !line.starts_with(head));
    let rows = table.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The bytes of an example, and that each row stands where it says.
fn example(heading: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    for row in table(heading, "| offset | bytes of the example |") {
        assert_eq!(row[0], bytes.len().to_string(), "offset of {row:?}");
        if let Some(zeros) = row[1].strip_prefix("00 x ") {
            bytes.resize(bytes.len() + zeros.parse::<usize>().unwrap(), 0);
            continue;
        }
        let digits: Vec<char> = row[1].chars().filter(|c| *c != ' ').collect();
        let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
        bytes.extend(digits.chunks(2).map(byte));
    }
    assert!(!bytes.is_empty(), "no example behind {heading:?}");
    bytes
}

#[test]
fn the_example_of_words_is_what_the_crate_writes() {
    let mut builder = SectionBuilder::new(Analyser::default(), true);
    builder.put(0, "red apple, red pear").unwrap();
    builder.put(2, "apple_pie").unwrap();
    builder.retract("a pear tart").unwrap();
    let written = builder.finish(3).unwrap();
    let example = example("## 3. The section of words");
    assert_eq!(example, written, "FORMAT.md on the left");
    let read = words_reader::read(&example);
    assert_eq!(read.lengths, [4, 0, 3]);
    let red = read.terms.iter().find(|term| term.bytes == b"red").unwrap();
    assert_eq!(red.postings[0].positions, [0, 2]);
}

#[test]
fn the_example_of_vectors_is_what_the_crate_writes() {
    let coder = Coder::new(&Space::new("texts", "model-1", 2, Metric::Dot, 7).unwrap());
    let vectors = Matrix { values: &[1.0; 18], dimension: 2, stride: 2 };
    let written = build(&coder, None, 9, &[2, 8], &vectors).unwrap();
    assert_eq!(example("## 12. The section of vectors"), written, "FORMAT.md on the left");
}

#[test]
fn the_examples_of_the_analyser_are_what_it_gives() {
    let rows = table("## 10. The analyser", "| analyser | text |");
    assert!(rows.len() > 5);
    for row in rows {
        let name = row[0].trim_end_matches(", to search");
        let purpose = if name == row[0] { Purpose::Index } else { Purpose::Query };
        let plain = |cell: &str| cell.replace('\\', "");
        let mut terms = Vec::new();
        let sink = |term: &str, position: u32| terms.push(format!("{term} {position}"));
        let analyser = Analyser::named(name).unwrap();
        analyser.each(&plain(row[1]), purpose, &mut Scratch::default(), sink);
        assert_eq!(plain(row[2]), terms.join(", "), "{}: FORMAT.md on the left", row[1]);
    }
}

#[test]
fn the_unicode_of_the_analyser_is_that_of_the_document() {
    let words = unicode_segmentation::UNICODE_VERSION.0;
    let forms = u64::from(unicode_normalization::UNICODE_VERSION.0);
    let text = format!("are those of Unicode {words}, normal forms those of Unicode {forms}.");
    assert!(SPEC.contains(&text), "{text}");
}
