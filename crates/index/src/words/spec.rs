//! FORMAT.md against the types and constants of sections of words, and its worked values.

use std::fmt::Write as _;

use super::analyser::{ANALYSER_VERSION, Analyser, TERM_BYTES_MAX, TERMS_OF_TEXT_MAX};
use super::dictionary::BLOCK_TERMS;
use super::impact::{CORNERS, Corner, length_code, length_of};
use super::layout::{
    BlockEntry, HAS_POSITIONS, Header, ListHead, LongLength, MAGIC, NAME_BYTES, VERSION,
};
use super::pack::{self, BLOCK, Packer};
use super::score::{B, K1, Norms, Statistics, contribution};
use super::search::PREFIX_TERMS_MAX;
use super::varint;
use crate::spec::{SPEC, constant, structures, table_after, worked};

pub(crate) const CONSTANTS: [&str; 13] = [
    "words MAGIC",
    "words VERSION",
    "HAS_POSITIONS",
    "NAME_BYTES",
    "ANALYSER_VERSION",
    "TERM_BYTES_MAX",
    "TERMS_OF_TEXT_MAX",
    "BLOCK_TERMS",
    "BLOCK",
    "CORNERS",
    "K1",
    "B",
    "PREFIX_TERMS_MAX",
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string");
        hex
    })
}

#[test]
fn every_structure_of_words_is_documented_field_by_field() {
    structures! {
        Header {
            magic, version, flags, analyser, analyser_version, rows, own_rows, own_terms,
            retracted_rows, retracted_terms, term_count, length_width, lengths_bytes,
            long_lengths_bytes, dictionary_bytes, directory_bytes, postings_bytes, positions_bytes,
            reserved,
        }
        LongLength { row, length }
        ListHead { corners }
        BlockEntry { last_row, start, row_bits, frequency_bits, corners }
        Corner { frequency, length }
    }
}

#[test]
fn every_constant_of_words_is_documented_with_its_value() {
    let code = [
        hex(&MAGIC),
        VERSION.to_string(),
        HAS_POSITIONS.to_string(),
        NAME_BYTES.to_string(),
        ANALYSER_VERSION.to_string(),
        TERM_BYTES_MAX.to_string(),
        TERMS_OF_TEXT_MAX.to_string(),
        BLOCK_TERMS.to_string(),
        BLOCK.to_string(),
        CORNERS.to_string(),
        K1.to_string(),
        B.to_string(),
        PREFIX_TERMS_MAX.to_string(),
    ];
    for (name, value) in CONSTANTS.into_iter().zip(code) {
        assert_eq!(constant(name), value, "{name}: FORMAT.md on the left");
    }
}

#[test]
fn the_stemmers_are_those_of_the_document() {
    let documented = table_after("**Stemming**");
    for row in &documented {
        assert_eq!(Analyser::named(row[0]).expect("a known name").name(), row[0]);
    }
    let source = include_str!("analyser/language.rs");
    for row in &documented {
        let entry = format!("(\"{}\", Algorithm::{})", row[0], row[1]);
        assert!(source.contains(&entry), "{entry}");
    }
    assert_eq!(source.matches("(\"unicode-").count(), documented.len());
}

/// Ranges of characters as the sources write them, as the document does.
fn ranges(source: &str) -> Vec<String> {
    let matched = source.split("matches!(c,").nth(1).expect("a list").split(')').next();
    let ranges = matched.expect("an end").split('|').map(str::trim);
    ranges.map(|range| range.replace("'\\u{", "").replace("}'", "").replace("..=", "-")).collect()
}

#[test]
fn the_tables_of_characters_are_those_of_the_document() {
    let row = SPEC.lines().skip_while(|line| !line.starts_with("| marks |")).nth(2);
    let cells: Vec<&str> = row.expect("a table").trim_matches('|').split('|').collect();
    let listed = |cell: &str| {
        let mut listed: Vec<String> = cell.split_whitespace().map(String::from).collect();
        listed.sort();
        listed
    };
    let sorted = |mut ranges: Vec<String>| {
        ranges.sort();
        ranges
    };
    let fold = include_str!("analyser/fold.rs");
    assert_eq!(listed(cells[0]), sorted(ranges(fold)), "marks");
    assert_eq!(listed(cells[2]), sorted(ranges(include_str!("analyser/script.rs"))), "scripts");
    let letters: Vec<String> = fold
        .split("Some(match c {")
        .nth(1)
        .expect("letters")
        .lines()
        .filter_map(|line| line.split_once("=>"))
        .filter_map(|(from, to)| Some((from, to.trim().strip_prefix('"')?.strip_suffix("\",")?)))
        .flat_map(|(from, to)| from.split('|').map(move |from| (from.trim(), to)))
        .map(|(from, to)| {
            let from = from.trim_matches('\'').replace("\\u{", "").replace('}', "");
            format!("{from} {to}")
        })
        .collect();
    let documented: Vec<&str> = cells[1].split(',').map(str::trim).collect();
    assert_eq!(documented, letters, "FORMAT.md on the left");
}

/// The numbers of "name of 1, 2, 3".
fn numbers(what: &str) -> Vec<i64> {
    let (_, list) = what.split_once(" of ").expect("numbers");
    list.split(", ").map(|number| number.parse().expect("a number")).collect()
}

/// What a worked value of section 2 is, computed.
fn packed(what: &str) -> Option<String> {
    let mut bytes = Vec::new();
    if what.starts_with("varint of") {
        varint::put(numbers(what)[0] as u64, &mut bytes);
    } else if what.starts_with("signed varint of") {
        varint::put_signed(numbers(what)[0], &mut bytes);
    } else if what.starts_with("run(") {
        let values: Vec<u32> = numbers(what).iter().map(|number| *number as u32).collect();
        pack::put_few(&values, pack::width(&values), &mut bytes);
    } else if what == "block(1) of 1 at number 5, else 0" {
        Packer::new().put(&std::array::from_fn(|i| u32::from(i == 5)), &mut bytes);
    } else if what == "block(2) of i % 4" {
        Packer::new().put(&std::array::from_fn(|i| i as u32 % 4), &mut bytes);
    } else {
        return None;
    }
    Some(hex(&bytes))
}

/// What a worked value of the sections on corners and scores is, computed.
fn scored(what: &str) -> Option<String> {
    let statistics = Statistics { rows: 10, terms: 55 };
    let inverse = |length| Norms::new(statistics).inverse(length).to_string();
    Some(match what {
        "weight of df 3, repeats 1, at N 10, T 55" => statistics.weight(3, 1).to_string(),
        "weight of df 0, repeats 2, at N 10, T 55" => statistics.weight(0, 2).to_string(),
        "inverse of length 4, at N 10, T 55" => inverse(4),
        "inverse of length 1000, at N 10, T 55" => inverse(1000),
        "contribution of weight 2, frequency 3, inverse 0.5" => {
            contribution(2.0, 3, 0.5).to_string()
        }
        _ => {
            let number = || what.rsplit(' ').next().expect("a number").parse::<u32>();
            if what.starts_with("code of length ") {
                length_code(number().expect("a length")).to_string()
            } else if what.starts_with("length of code ") {
                length_of(number().expect("a code") as u8).to_string()
            } else {
                return None;
            }
        }
    })
}

#[test]
fn worked_values_of_words_hold() {
    let mut others = Vec::new();
    for (what, result) in worked() {
        match packed(what) {
            Some(value) => assert_eq!(result.replace(' ', ""), value, "{what}: left FORMAT.md"),
            None => match scored(what) {
                Some(value) => assert_eq!(result, value, "{what}: FORMAT.md on the left"),
                None => others.push(what),
            },
        }
    }
    assert_eq!(others, ["(1, 2, 3), turned", "its code", "its scale"], "those of vectors");
}
