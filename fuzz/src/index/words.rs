//! Changes to a sound section of words.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use sutra_index::words::{
    Analyser, GONE, MergeInput, Query, Section, SectionBuilder, Source, WordsError, merge, search,
};

use super::super::bound::bounded;
use super::super::damage::{CHANGES_MAX, damage};
use super::super::tape::Tape;

const HEADER_BYTES: usize = 136;

/// Where the header says how long each part is.
const SIZES_AT: usize = 80;

/// Bytes that a merge may take for each term of a row.
const BYTES_OF_TERM: u64 = 16;

/// Tables with more rows are not merged.
const ROWS_MAX: u32 = 20_000;

/// Each byte chooses; the first one the sound section. Parts are damaged one by one, and what the
/// header says of their lengths is made right again where the tape says so.
pub fn words(input: &[u8]) {
    let mut tape = Tape::new(input);
    let base = tape.pick(bases()).as_slice();
    let (sizes, counts) = (!tape.byte().is_multiple_of(8), !tape.byte().is_multiple_of(4));
    let mut parts = parts(base);
    for _ in 0..CHANGES_MAX {
        if tape.is_at_end() {
            break;
        }
        let part = usize::from(tape.byte()) % parts.len();
        damage(&mut parts[part], &mut tape);
    }
    parts[0].resize(HEADER_BYTES, 0);
    if counts {
        count_lengths(&mut parts);
    }
    if sizes {
        for part in 1..parts.len() {
            let size = (parts[part].len() as u64).to_le_bytes();
            parts[0][SIZES_AT + 8 * (part - 1)..][..8].copy_from_slice(&size);
        }
    }
    look(&parts.concat(), base);
}

/// Sound sections: small ones, and one with full blocks, with and without positions.
fn bases() -> &'static [Vec<u8>] {
    static BASES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    BASES.get_or_init(|| {
        let of = [short as fn(bool) -> Vec<u8>, long, many_terms];
        of.iter().flat_map(|section| [section(false), section(true)]).collect()
    })
}

fn short(positions: bool) -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::default(), positions);
    let texts = ["sorted tables of words", "a sorted_table", "words, words, words a", "東京都"];
    for (row, text) in (0..).zip(texts) {
        builder.put(row * 2, text).expect("rows that rise");
    }
    builder.retract("a table elsewhere").expect("a short text");
    builder.finish(9).expect("a small section")
}

fn long(positions: bool) -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::default(), positions);
    for row in 0..300_u32 {
        let count = if row == 77 { 300 } else { 1 + row % 3 };
        let word = |at: u32| ["a", "b", "sorted"][((row * 7 + at * at) % 3) as usize];
        let text: Vec<&str> = (0..count).map(word).collect();
        builder.put(row, &text.join(" ")).expect("rows that rise");
    }
    builder.finish(300).expect("a small section")
}

fn many_terms(positions: bool) -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::default(), positions);
    for row in 0..8 {
        let text: Vec<String> = (0..9).map(|word| format!("t{}", row * 9 + word)).collect();
        builder.put(row, &text.join(" ")).expect("rows that rise");
    }
    builder.finish(8).expect("a small section")
}

/// The header and the six parts.
fn parts(section: &[u8]) -> Vec<Vec<u8>> {
    let (header, mut rest) = section.split_at(HEADER_BYTES);
    let mut parts = vec![header.to_vec()];
    for size in header[SIZES_AT..SIZES_AT + 48].as_chunks::<8>().0 {
        let (part, behind) = rest.split_at(u64::from_le_bytes(*size) as usize);
        parts.push(part.to_vec());
        rest = behind;
    }
    parts
}

/// Makes the header say how many rows and terms the lengths count, if they are of a byte.
fn count_lengths(parts: &mut [Vec<u8>]) {
    let long = parts[2].as_chunks::<8>().0.iter();
    let long =
        long.map(|entry| u64::from(u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]])));
    let short = parts[1].iter().filter(|length| **length < 255).map(|length| u64::from(*length));
    let terms: u64 = short.chain(long).sum();
    let rows = parts[1].iter().filter(|length| **length > 0).count() as u64;
    let table = (parts[1].len() as u32).to_le_bytes();
    parts[0][36..40].copy_from_slice(&table);
    parts[0][40..48].copy_from_slice(&rows.to_le_bytes());
    parts[0][48..56].copy_from_slice(&terms.to_le_bytes());
}

fn look(bytes: &[u8], base: &[u8]) {
    let length = bytes.len() as u64;
    let Ok(section) = bounded(length, || Section::open(bytes)) else { return };
    let checked = bounded(0, || section.check()).is_ok();
    assert!(checked || bytes != base, "what is sound is checked as sound");
    for query in queries() {
        let found = bounded(length, || ask(section, &query));
        match found {
            Ok(_) | Err(WordsError::NoPositions) => {}
            Err(error) => assert!(!checked, "what was checked can be searched: {error}"),
        }
    }
    if section.rows() > ROWS_MAX {
        return;
    }
    if checked {
        merge_checked(section, length);
        merge_both(section, base, length);
    } else {
        let map: Vec<u32> = (0..section.rows()).collect();
        let _ = merge(&[MergeInput { section, map: &map }], section.rows());
    }
}

fn queries() -> Vec<Query> {
    let analyser = Analyser::default();
    vec![
        Query::any(&analyser, "sorted tables of a b t3 t40"),
        Query::all(&analyser, "sorted a"),
        Query::phrase(&analyser, "a b"),
        Query::phrase(&analyser, "words words"),
        Query::prefix(&analyser, "t"),
    ]
}

/// The rows that a query finds, for a few and for all.
fn ask(section: Section<'_>, query: &Query) -> Result<BTreeSet<u32>, WordsError> {
    let mut all = BTreeSet::new();
    for limit in [2, usize::MAX >> 1] {
        let in_table = |row: u32| assert!(row < section.rows(), "row {row} is not in the table");
        let key = |_, row| {
            in_table(row);
            row
        };
        let allows = |_, row| {
            in_table(row);
            true
        };
        let hits = search(&[Source::section(section)], query, limit, key, allows)?;
        all = hits.iter().map(|hit| hit.row).collect();
        assert_eq!(all.len(), hits.len(), "a row is found once");
    }
    Ok(all)
}

/// Merges a checked section with itself: each row is there twice, and found twice.
fn merge_checked(section: Section<'_>, length: u64) {
    let rows = section.rows();
    let maps = [0, 1].map(|odd| (0..rows).map(|row| 2 * row + odd).collect::<Vec<u32>>());
    let inputs = maps.each_ref().map(|map| MergeInput { section, map });
    let merged = bounded(memory(length, &[section, section]), || merge(&inputs, 2 * rows));
    let merged = merged.expect("what was checked can be merged");
    let merged = Section::open(&merged).expect("what was merged opens");
    assert_eq!(merged.check(), Ok(()), "what was merged is sound");
    for query in queries() {
        let (Ok(before), Ok(after)) = (ask(section, &query), ask(merged, &query)) else { continue };
        if !matches!(query.must.first(), Some(sutra_index::words::Clause::Prefix(_))) {
            let twice: BTreeSet<u32> =
                before.iter().flat_map(|row| [2 * row, 2 * row + 1]).collect();
            assert_eq!(after, twice, "a merge finds what its inputs have");
        }
    }
}

/// Merges a checked section with a sound one, with and without its rows.
fn merge_both(section: Section<'_>, base: &[u8], length: u64) {
    let base = Section::open(base).expect("a sound section");
    let (own, others) = (section.rows(), base.rows());
    for dropped in [false, true] {
        let map: Vec<u32> =
            (0..own).map(|row| if dropped && row % 3 > 0 { GONE } else { row }).collect();
        let behind: Vec<u32> = (own..own + others).collect();
        let inputs =
            [MergeInput { section, map: &map }, MergeInput { section: base, map: &behind }];
        let most = memory(length, &[section, base]);
        match bounded(most, || merge(&inputs, own + others)) {
            Ok(merged) => {
                let merged = Section::open(&merged).expect("what was merged opens");
                assert_eq!(merged.check(), Ok(()), "what was merged is sound");
            }
            Err(error) => assert!(matches!(error, WordsError::Mixed { .. }), "{error}"),
        }
    }
}

/// The length that the memory of a merge is held against.
fn memory(length: u64, sections: &[Section<'_>]) -> u64 {
    let terms = sections.iter().map(|section| section.statistics().terms.unsigned_abs());
    let rows = sections.iter().map(|section| u64::from(section.rows()));
    let retracted_or_own = terms.sum::<u64>().min(1 << 24);
    length + BYTES_OF_TERM * (retracted_or_own + rows.sum::<u64>())
}
