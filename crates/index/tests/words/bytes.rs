//! The bytes of a section: the same on every machine, and never trusted.

use std::fmt::Write as _;

use crate::support::Chance;
use sutra_index::words::{
    Analyser, MergeInput, Query, Section, SectionBuilder, Source, WordsError, merge, search,
};

const TEXTS: [&str; 5] = [
    "Sutra keeps what it knows in sorted tables",
    "A table that is sorted is a table that merges",
    "sorted_tables and mergeSorted, naïve 东京都",
    "",
    "words, words, words",
];

fn section(positions: bool) -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::default(), positions);
    for (row, text) in TEXTS.iter().enumerate() {
        builder.put(row as u32 * 2, text).unwrap();
    }
    builder.retract("a table elsewhere").unwrap();
    builder.finish(10).unwrap()
}

/// A section whose lists have full blocks, and lengths of more than a byte.
fn long_section(positions: bool) -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::default(), positions);
    let mut chance = Chance::new(7);
    for row in 0..400 {
        let words = if row == 77 { 300 } else { 2 + chance.below(4) };
        let mut text = vec!["c"];
        text.extend((1..words).map(|_| ["a", "b"][chance.below(2)]));
        if row == 300 {
            // The best of its list, in a block behind others.
            text = ["c"; 9].to_vec();
        }
        builder.put(row, &text.join(" ")).unwrap();
    }
    builder.finish(400).unwrap()
}

/// Everything that can be done with a section that opens.
fn use_it(bytes: &[u8]) -> Result<(), WordsError> {
    let section = Section::open(bytes)?;
    let analyser = section.analyser()?;
    let queries = [
        Query::any(&analyser, "sorted tables that words a b"),
        Query::all(&analyser, "table sorted a b"),
        Query::phrase(&analyser, "sorted tables"),
        Query::phrase(&analyser, "a b"),
        Query::prefix(&analyser, "t"),
    ];
    for query in queries {
        let hits = search(&[Source::section(section)], &query, 3, |_, row| row, |_, _| true);
        match hits {
            Ok(hits) => assert!(hits.len() <= 3),
            Err(WordsError::Damaged { .. } | WordsError::NoPositions) => {}
            Err(other) => return Err(other),
        }
    }
    if section.rows() < 10_000 {
        let map: Vec<u32> = (0..section.rows()).collect();
        let merged = merge(&[MergeInput { section, map: &map }], section.rows())?;
        Section::open(&merged)?;
    }
    Ok(())
}

/// Does something with a section in which one bit is flipped, for every bit of some bytes of it.
fn flip_every_bit(
    bytes: &[u8],
    places: std::ops::Range<usize>,
    mut each: impl FnMut(usize, &[u8]),
) {
    let mut bytes = bytes.to_vec();
    for bit in places.start * 8..places.end * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        each(bit, &bytes);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

/// A section whose terms fill more than one block of the dictionary.
fn section_of_many_terms(positions: bool) -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::default(), positions);
    for row in 0..10 {
        let text: Vec<String> = (0..7).map(|word| format!("t{}", row * 7 + word)).collect();
        builder.put(row, &text.join(" ")).unwrap();
    }
    builder.finish(10).unwrap()
}

fn all_sections() -> Vec<Vec<u8>> {
    let of = [section, long_section, section_of_many_terms];
    of.iter().flat_map(|section| [section(false), section(true)]).collect()
}

#[test]
fn a_flipped_bit_gives_an_error_or_an_answer() {
    for bytes in all_sections() {
        flip_every_bit(&bytes, 0..bytes.len(), |_, flipped| {
            let _answer_or_error = use_it(flipped);
        });
    }
}

#[test]
fn what_is_checked_can_be_read() {
    for bytes in all_sections() {
        assert_eq!(Section::open(&bytes).unwrap().check(), Ok(()));
        flip_every_bit(&bytes, 0..bytes.len(), |bit, flipped| {
            if Section::open(flipped).is_ok_and(|section| section.check().is_ok()) {
                match use_it(flipped) {
                    Ok(()) | Err(WordsError::UnknownAnalyser { .. }) => {}
                    Err(error) => panic!("bit {bit}: {error}"),
                }
            }
        });
    }
}

/// Where the lengths are, and where the directory of the dictionary and the postings.
fn checked_parts(bytes: &[u8]) -> [std::ops::Range<usize>; 2] {
    let size = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize;
    let ends = [80, 88, 96, 104, 112].map(size).into_iter().scan(136, |end, size| {
        *end += size;
        Some(*end)
    });
    let ends: Vec<usize> = ends.collect();
    [136..ends[1], ends[2]..ends[4]]
}

#[test]
fn a_list_or_length_that_is_checked_gives_the_same_answers() {
    for bytes in all_sections() {
        let analyser = Analyser::default();
        let answers = |bytes: &[u8]| {
            let source = [Source::section(Section::open(bytes).unwrap())];
            let ask = |(limit, query)| search(&source, query, limit, |_, row| row, |_, _| true);
            let texts = ["sorted", "table words", "a", "b", "c", "a b c", "t3", "t40", "t69"];
            let queries = texts.map(|text| Query::any(&analyser, text));
            let asked = queries.iter().flat_map(|query| [(500, query), (1, query)]);
            asked.map(ask).collect::<Result<Vec<_>, _>>()
        };
        let expected = answers(&bytes).unwrap();
        for part in checked_parts(&bytes) {
            flip_every_bit(&bytes, part, |bit, flipped| {
                if Section::open(flipped).unwrap().check().is_ok() {
                    assert_eq!(answers(flipped).as_ref(), Ok(&expected), "bit {bit}");
                }
            });
        }
    }
}

#[test]
fn a_section_that_is_cut_or_grown_is_refused() {
    let mut bytes = section(true);
    for length in 0..bytes.len() {
        let error = Section::open(&bytes[..length]).unwrap_err();
        assert!(matches!(error, WordsError::TooShort { .. }), "{length}: {error}");
    }
    bytes.push(0);
    let error = Section::open(&bytes).unwrap_err();
    assert!(matches!(error, WordsError::Damaged { .. }), "{error}");
}

#[test]
fn a_section_of_another_kind_or_version_is_refused() {
    let mut bytes = section(false);
    bytes[0] ^= 1;
    assert_eq!(Section::open(&bytes).unwrap_err(), WordsError::BadMagic);
    bytes[0] ^= 1;
    bytes[8] = 9;
    let error = Section::open(&bytes).unwrap_err();
    assert_eq!(error, WordsError::UnknownVersion { version: 9, known: 1 });
    assert!(error.to_string().contains("version 9"));
}

fn check_golden(name: &str, bytes: &[u8]) {
    let mut hex = String::new();
    for line in bytes.chunks(32) {
        line.iter().for_each(|byte| write!(hex, "{byte:02x}").unwrap());
        hex.push('\n');
    }
    let path = format!("{}/tests/golden/v1/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == hex, "{path} should be, where the format was meant to change:\n{hex}");
}

#[test]
fn the_bytes_are_those_of_version_1() {
    check_golden("words_section", &section(false));
    check_golden("words_section_with_positions", &section(true));
}

#[test]
fn the_order_of_merging_does_not_show() {
    let build = |rows: &[u32]| {
        let mut builder = SectionBuilder::new(Analyser::default(), true);
        for (at, row) in rows.iter().enumerate() {
            builder.put(at as u32, TEXTS[*row as usize]).unwrap();
        }
        builder.finish(rows.len() as u32).unwrap()
    };
    let merged = |parts: &[(&[u8], &[u32])], rows: u32| {
        let inputs: Vec<MergeInput<'_>> = parts
            .iter()
            .map(|(bytes, map)| MergeInput { section: Section::open(bytes).unwrap(), map })
            .collect();
        merge(&inputs, rows).unwrap()
    };
    let (a, b, c) = (build(&[0, 4]), build(&[1]), build(&[2, 3]));
    let whole = build(&[0, 1, 2, 3, 4]);
    let at_once = merged(&[(&a, &[0, 4]), (&b, &[1]), (&c, &[2, 3])], 5);
    let ab = merged(&[(&a, &[0, 2]), (&b, &[1])], 3);
    let ab_c = merged(&[(&ab, &[0, 1, 4]), (&c, &[2, 3])], 5);
    let bc = merged(&[(&c, &[1, 2]), (&b, &[0])], 3);
    let a_bc = merged(&[(&bc, &[1, 2, 3]), (&a, &[0, 4])], 5);
    assert!(at_once == whole && ab_c == whole && a_bc == whole);
}

#[test]
fn maps_that_do_not_rise_or_lead_outside_are_refused() {
    let bytes = section(false);
    let section = Section::open(&bytes).unwrap();
    let mut map: Vec<u32> = (0..10).collect();
    map.swap(2, 4);
    let error = merge(&[MergeInput { section, map: &map }], 10).unwrap_err();
    assert!(matches!(error, WordsError::RowsOutOfOrder { row: 3, previous: 4 }), "{error}");
    let map: Vec<u32> = (0..10).collect();
    let error = merge(&[MergeInput { section, map: &map }], 9).unwrap_err();
    assert_eq!(error, WordsError::RowOutOfRange { row: 9, rows: 9 });
    let error = merge(&[MergeInput { section, map: &map[..9] }], 9).unwrap_err();
    assert_eq!(error, WordsError::RowOutOfRange { row: 9, rows: 10 });
}
