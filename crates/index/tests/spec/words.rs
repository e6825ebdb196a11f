//! Sections of words, read by the reader of the document.

use std::collections::BTreeMap;

use sutra_index::words::{Analyser, GONE, MemoryWords, MergeInput, Section, SectionBuilder, merge};

use crate::words_reader::{Posting, Term, Words, read};

/// Chance from a seed: SplitMix64.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
}

/// Texts of words that are their own terms: common ones, rare ones, long ones.
fn texts(seed: u64, rows: usize) -> Vec<String> {
    let mut chance = Chance(seed);
    let mut word = || match chance.below(4) {
        0 => "all".to_owned(),
        1 => format!("w{}", chance.below(5)),
        2 => format!("rare{}", chance.below(900)),
        _ => format!("{}{}", "long".repeat(chance.below(31)), chance.below(9)),
    };
    let words = |row: usize| match row {
        0 => 70_000,
        1 => 300,
        row if row.is_multiple_of(5) => 0,
        row => 1 + row % 12,
    };
    (0..rows).map(|row| (0..words(row)).map(|_| word()).collect::<Vec<_>>().join(" ")).collect()
}

/// What a section of texts should have in it.
fn expected(texts: &[String], retracted: &[String], with_positions: bool) -> Words {
    let mut terms: BTreeMap<Vec<u8>, (i64, Vec<Posting>)> = BTreeMap::new();
    let split = |text: &str| -> Vec<Vec<u8>> {
        text.split_whitespace().map(|word| word.as_bytes().to_vec()).collect()
    };
    let (mut own, mut taken_back, mut lengths) = ((0, 0), (0, 0), Vec::new());
    for (row, text) in (0..).zip(texts) {
        let words = split(text);
        own = (own.0 + i64::from(!words.is_empty()), own.1 + words.len() as i64);
        lengths.push(words.len() as u32);
        for (position, word) in (0..).zip(words) {
            let list = &mut terms.entry(word).or_default().1;
            if list.last().is_none_or(|last| last.row != row) {
                list.push(Posting { row, frequency: 0, positions: Vec::new() });
            }
            let last = list.last_mut().unwrap();
            last.frequency += 1;
            if with_positions {
                last.positions.push(position);
            }
        }
    }
    for text in retracted {
        let mut words = split(text);
        taken_back = (taken_back.0 + 1, taken_back.1 + words.len() as i64);
        words.sort();
        words.dedup();
        words.into_iter().for_each(|word| terms.entry(word).or_default().0 += 1);
    }
    let term = |(bytes, (retracted, postings))| Term { bytes, retracted, postings };
    let terms = terms.into_iter().map(term).collect();
    let analyser = ("unicode".to_owned(), 1);
    Words { with_positions, analyser, own, retracted: taken_back, lengths, terms }
}

fn section(texts: &[String], retracted: &[String], with_positions: bool) -> Vec<u8> {
    let mut builder = SectionBuilder::new(Analyser::default(), with_positions);
    for (row, text) in (0..).zip(texts) {
        builder.put(row, text).unwrap();
    }
    retracted.iter().for_each(|text| builder.retract(text).unwrap());
    builder.finish(texts.len() as u32).unwrap()
}

fn retracted() -> Vec<String> {
    ["all all w1", "nowhere", "rare7 w1"].map(String::from).to_vec()
}

#[test]
fn a_section_of_words_is_read_by_the_text_alone() {
    let texts = texts(1, 1500);
    for with_positions in [false, true] {
        let read = read(&section(&texts, &retracted(), with_positions));
        let expected = expected(&texts, &retracted(), with_positions);
        let blocks = expected.terms.iter().map(|term| term.postings.len() / 128).sum::<usize>();
        assert!(blocks > 8 && expected.terms.len() > 32, "small for a test: {blocks}");
        assert!(read == expected, "{with_positions}");
    }
}

#[test]
fn lengths_of_two_bytes_are_read_by_the_text_alone() {
    let texts = vec!["x ".repeat(400); 20];
    for texts in [texts.clone(), [texts, vec!["y ".repeat(65_535)]].concat()] {
        let bytes = section(&texts, &[], false);
        assert_eq!(bytes[76], 2, "width of the lengths");
        assert!(read(&bytes) == expected(&texts, &[], false));
    }
}

#[test]
fn a_merged_section_is_read_by_the_text_alone() {
    let all = texts(2, 400);
    let dropped = |row: usize| row % 3 == 1;
    for with_positions in [false, true] {
        let (first, second) = all.split_at(150);
        let bytes = [first, second].map(|texts| section(texts, &retracted(), with_positions));
        let mut kept = 0;
        let mut map = |rows: std::ops::Range<usize>| -> Vec<u32> {
            let mut new = |row: usize| {
                kept += u32::from(!dropped(row));
                if dropped(row) { GONE } else { kept - 1 }
            };
            rows.map(&mut new).collect()
        };
        let maps = [map(0..150), map(150..400)];
        let inputs = [0, 1].map(|part| MergeInput {
            section: Section::open(&bytes[part]).unwrap(),
            map: &maps[part],
        });
        let merged = read(&merge(&inputs, kept).unwrap());
        let of = |holds: bool| -> Vec<String> {
            let rows = (0..400).filter(|row| dropped(*row) != holds);
            rows.map(|row| all[row].clone()).collect()
        };
        let mut expected = expected(&of(true), &[], with_positions);
        // Both inputs took something back, and what is dropped need no longer be.
        let twice = [retracted(), retracted()].concat();
        take_back(&mut expected, &twice, 1);
        take_back(&mut expected, &of(false), -1);
        assert!(merged == expected, "{with_positions}");
    }
}

/// Adds to what a section takes back.
fn take_back(words: &mut Words, texts: &[String], sign: i64) {
    let here = expected(&[], texts, false);
    let empty = texts.iter().filter(|text| text.is_empty()).count() as i64;
    words.retracted.0 += sign * (here.retracted.0 - empty);
    words.retracted.1 += sign * here.retracted.1;
    for term in here.terms {
        match words.terms.binary_search_by(|known| known.bytes.cmp(&term.bytes)) {
            Ok(at) => words.terms[at].retracted += sign * term.retracted,
            Err(at) => {
                let retracted = sign * term.retracted;
                words.terms.insert(at, Term { retracted, ..term });
            }
        }
    }
    words.terms.retain(|term| term.retracted != 0 || !term.postings.is_empty());
}

#[test]
fn a_section_out_of_memory_is_read_by_the_text_alone() {
    let texts: Vec<String> = texts(3, 500).into_iter().filter(|text| !text.is_empty()).collect();
    for with_positions in [false, true] {
        let mut memory = MemoryWords::new(Analyser::default(), with_positions);
        for text in &texts {
            memory.put(text).unwrap();
        }
        let view = memory.view();
        let map: Vec<u32> = (0..texts.len() as u32).collect();
        let bytes = view.section(&map, texts.len() as u32).unwrap();
        assert!(read(&bytes) == expected(&texts, &[], with_positions), "{with_positions}");
    }
}
