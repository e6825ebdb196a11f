//! FORMAT.md against the types: every field, flag, code, constant and worked value, in both
//! directions. What is only in the document fails, and what is only in the code fails.

use std::any::type_name_of_val;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;
use std::path::Path;

use sutra_format::checksum::{self, PLAIN_SEED, crc32};
use sutra_format::hash::{mix, placement, range_of, tag};
use sutra_format::journal::{self, FrameHeader, FrameKind, JournalHeader};
use sutra_format::segment::{self, SegmentFlags, vector_stride};
use sutra_format::time::{OPEN_END, OPEN_START, pack_48};
use sutra_format::{
    AssociationFlags, AssociationKind, AssociationRecord, BlockExtent, ConceptFlags, ConceptId,
    ConceptRecord, FactKey, Moment, PayloadHome, SectionEntry, SectionKind, SegmentHeader, TagLine,
    VectorIndexEntry, VectorRun, VertexTombstone, limits, text,
};
use zerocopy::FromZeros;

const SPEC: &str = include_str!("../../FORMAT.md");

/// The rows of the first table behind the line that starts with `heading`, cell by cell.
#[track_caller]
fn table_after(heading: &str) -> Vec<Vec<&'static str>> {
    let mut lines = SPEC.lines().skip_while(|line| !line.starts_with(heading));
    assert!(lines.next().is_some(), "FORMAT.md has no line that starts with {heading:?}");
    lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2) // The head, and the rule below it.
        .map(cells)
        .collect()
}

fn cells(line: &'static str) -> Vec<&'static str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// The names in headings of the form "### `Name`: ...", where what follows ends in `ending`.
fn headed(ending: &str) -> BTreeSet<&'static str> {
    SPEC.lines()
        .filter(|line| line.ends_with(ending))
        .filter_map(|line| line.strip_prefix("### `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect()
}

/// A row of the table of a structure: offset, size, type and name of a field.
type Field = (usize, usize, String, String);

/// How FORMAT.md names the type of a field.
fn spec_type(field: &str, rust: &str, size: usize) -> String {
    let number = |rust: &str| {
        ["U16", "U32", "U64", "I64", "F32"]
            .into_iter()
            .find(|name| rust.contains(&format!("::{name}<")))
            .map(str::to_lowercase)
    };
    match (number(rust), rust.strip_prefix('[')) {
        (Some(name), None) => name,
        (Some(name), Some(_)) => {
            let count = rust.trim_end_matches(']').rsplit(' ').next().expect("a length");
            format!("{name} x {count}")
        }
        (None, _) if field.ends_with("_48") => "i48".into(),
        (None, Some(_)) => format!("bytes {size}"),
        (None, None) if rust.ends_with("::ConceptId") => "id".into(),
        (None, None) => rust.rsplit("::").next().expect("a name").into(),
    }
}

#[track_caller]
fn check_structure(name: &str, size: usize, fields: &[Field]) {
    let heading = format!("### `{name}`: {size} bytes");
    let documented: Vec<Field> = table_after(&heading)
        .into_iter()
        .map(|row| {
            let number = |text: &str| text.parse().expect("a number");
            (number(row[0]), number(row[1]), row[2].to_owned(), row[3].to_owned())
        })
        .collect();
    assert_eq!(documented, fields, "{name}: FORMAT.md on the left, the type on the right");
    let covered: usize = fields.iter().map(|(_, size, ..)| size).sum();
    assert_eq!(covered, size, "{name} has padding that no field accounts for");
}

/// Compares a structure with its table. A field that is not listed here does not compile.
macro_rules! structures {
    ($($type:ident { $($field:ident),* $(,)? })*) => {{
        $(
            let value = $type::new_zeroed();
            let $type { $($field: _),* } = value;
            check_structure(stringify!($type), size_of::<$type>(), &[$({
                let (name, size) = (stringify!($field), size_of_val(&value.$field));
                let kind = spec_type(name, type_name_of_val(&value.$field), size);
                (offset_of!($type, $field), size, kind, name.to_owned())
            }),*]);
        )*
        BTreeSet::from([$(stringify!($type)),*])
    }};
}

#[test]
fn every_structure_is_documented_field_by_field() {
    let checked = structures! {
        ConceptRecord {
            id, seq, created_at, updated_at, accessed_at, valid_from, valid_to, content_offset,
            content_length, content_segment, attributes_length, key_length, vector_space,
            vector_offset, vector_segment, vector_dimension, strength, confidence, access_count,
            source_hash, flags, reserved,
        }
        FactKey { source, target, kind }
        AssociationRecord {
            source, target, seq, valid_from_48, valid_to_48, weight, confidence, kind_code, flags,
        }
        SegmentHeader {
            magic, version, segment_id, concepts, associations, vectors, content, created_at,
            compacted_at, concepts_crc, associations_crc, vectors_crc, content_crc, min_seq,
            max_seq, hash_seed, store_id, section_table_offset, section_table_length,
            section_table_crc, flags, concept_tombstones, association_tombstones, reserved,
            header_crc,
        }
        BlockExtent { offset, length, count }
        SectionEntry { kind, flags, offset, length, crc, reserved }
        TagLine { tags, base, count }
        VertexTombstone { id, seq }
        VectorRun { offset, count, dimension }
        PayloadHome { segment_id, reserved, live_bytes }
        Moment { seq, time }
        VectorIndexEntry { space, reserved, dimension, epoch, offset, length }
        JournalHeader {
            magic, version, journal_id, store_id, hash_seed, first_seq, created_at, reserved,
            header_crc,
        }
        FrameHeader {
            magic, kind, flags, first_seq, commit_time, synced_upto, concept_count,
            association_count, payload_length, body_crc, previous_crc, next_journal, reserved,
            header_crc,
        }
    };
    assert_eq!(headed(" bytes"), checked, "FORMAT.md on the left, this test on the right");
    let in_code = named_in_sources("#[repr(C)]\npub struct ");
    assert_eq!(in_code, checked.into_iter().map(String::from).collect(), "left: src/");
}

#[test]
fn every_flag_is_documented_with_its_bit() {
    let all = [
        (
            "ConceptFlags",
            ConceptFlags::ALL,
            vec![
                ("TOMBSTONE", ConceptFlags::TOMBSTONE),
                ("DELTA", ConceptFlags::DELTA),
                ("FACT", ConceptFlags::FACT),
                ("HAS_CONTENT", ConceptFlags::HAS_CONTENT),
                ("SETS_STRENGTH", ConceptFlags::SETS_STRENGTH),
                ("SETS_CONFIDENCE", ConceptFlags::SETS_CONFIDENCE),
            ],
        ),
        (
            "AssociationFlags",
            AssociationFlags::ALL.into(),
            vec![
                ("TOMBSTONE", AssociationFlags::TOMBSTONE.into()),
                ("HAS_FACT", AssociationFlags::HAS_FACT.into()),
            ],
        ),
        (
            "SegmentFlags",
            SegmentFlags::ALL,
            vec![("SORTED", SegmentFlags::SORTED), ("HISTORY", SegmentFlags::HISTORY)],
        ),
    ];
    for (name, known, flags) in all {
        let documented: Vec<(&str, u32)> = table_after(&format!("### `{name}`: bits of"))
            .into_iter()
            .map(|row| (row[1], 1 << row[0].parse::<u32>().unwrap()))
            .collect();
        assert_eq!(documented, flags, "{name}: FORMAT.md on the left");
        assert_eq!(known, flags.iter().map(|(_, bit)| bit).sum::<u32>(), "{name}::ALL");
    }
}

#[test]
fn every_code_is_documented_with_its_name() {
    let coded = |heading| -> Vec<(u32, &str)> {
        table_after(heading).into_iter().map(|row| (row[0].parse().unwrap(), row[1])).collect()
    };
    let sections = SectionKind::ALL.map(|kind| (kind.code(), format!("{kind:?}")));
    assert_eq!(coded("## 8. Sections"), sections.each_ref().map(|(code, name)| (*code, &**name)));

    let frames: Vec<(u32, String)> = (0..=u16::MAX)
        .filter_map(|code| Some((code.into(), format!("{:?}", FrameKind::from_code(code)?))))
        .collect();
    let frames: Vec<_> = frames.iter().map(|(code, name)| (*code, &**name)).collect();
    assert_eq!(coded("The kinds of frames"), frames);

    let kinds: Vec<(u32, &str)> = (0..).zip(AssociationKind::BUILT_IN).collect();
    assert_eq!(coded("**Kind** of an association"), kinds);
}

#[test]
fn every_constant_is_documented_with_its_value() {
    let code = BTreeMap::from([
        ("PAGE_BYTES", limits::PAGE_BYTES.to_string()),
        ("VECTOR_ALIGNMENT", limits::VECTOR_ALIGNMENT.to_string()),
        ("CONTENT_BYTES_MAX", limits::CONTENT_BYTES_MAX.to_string()),
        ("ATTRIBUTES_BYTES_MAX", limits::ATTRIBUTES_BYTES_MAX.to_string()),
        ("KEY_BYTES_MAX", limits::KEY_BYTES_MAX.to_string()),
        ("VECTOR_DIMENSION_MAX", limits::VECTOR_DIMENSION_MAX.to_string()),
        ("KIND_NAME_BYTES_MAX", limits::KIND_NAME_BYTES_MAX.to_string()),
        ("SPACE_NAME_BYTES_MAX", limits::SPACE_NAME_BYTES_MAX.to_string()),
        ("COMMIT_BYTES_MAX", limits::COMMIT_BYTES_MAX.to_string()),
        ("ROWS_MAX", limits::ROWS_MAX.to_string()),
        ("SECTIONS_MAX", limits::SECTIONS_MAX.to_string()),
        ("SectionEntry::REQUIRED", SectionEntry::REQUIRED.to_string()),
        ("TagLine::ITEMS", TagLine::ITEMS.to_string()),
        ("TagLine::TAGS", TagLine::TAGS.to_string()),
        ("LENGTH_PREFIX_BYTES", text::LENGTH_PREFIX_BYTES.to_string()),
        ("ConceptRecord::ABSENT", ConceptRecord::ABSENT.to_string()),
        ("OPEN_START", OPEN_START.to_string()),
        ("OPEN_END", OPEN_END.to_string()),
        ("MAGIC", hex(&segment::MAGIC)),
        ("VERSION", segment::VERSION.to_string()),
        ("JOURNAL_MAGIC", hex(&journal::JOURNAL_MAGIC)),
        ("JOURNAL_VERSION", journal::JOURNAL_VERSION.to_string()),
        ("FrameHeader::MAGIC", FrameHeader::MAGIC.to_string()),
        ("FRAMES_START", journal::FRAMES_START.to_string()),
        ("FRAME_ALIGNMENT", journal::FRAME_ALIGNMENT.to_string()),
        ("PLAIN_SEED", PLAIN_SEED.to_string()),
    ]);
    let documented: BTreeMap<&str, String> = table_after("## 16. Constants")
        .into_iter()
        .map(|row| (row[0], row[1].to_owned()))
        .collect();
    assert_eq!(documented, code, "FORMAT.md on the left");

    // Flags and codes have tables of their own; the rest is derived.
    let elsewhere = ["BYTES", "ALL", "BUILT_IN", "SEMANTIC", "CAUSAL", "TEMPORAL", "HIERARCHICAL"];
    let elsewhere = elsewhere.into_iter().chain(["COMPOSITIONAL", "TOMBSTONE", "DELTA", "FACT"]);
    let elsewhere: BTreeSet<&str> = elsewhere
        .chain(["HAS_CONTENT", "SETS_STRENGTH", "SETS_CONFIDENCE", "HAS_FACT", "SORTED", "HISTORY"])
        .collect();
    let listed: BTreeSet<&str> =
        code.keys().map(|name| name.rsplit("::").next().expect("a name")).collect();
    for name in named_in_sources("pub const ") {
        let function = name.starts_with("fn");
        let known = listed.contains(&*name) || elsewhere.contains(&*name);
        assert!(function || known, "{name} is neither in FORMAT.md nor listed in this test");
    }
}

#[test]
fn every_worked_value_holds() {
    let seed = 0x0123_4567_89ab_cdef;
    let (zero, all) = (ConceptId::from_bytes([0; 16]), ConceptId::from_bytes([0xff; 16]));
    let rising = ConceptId::from_bytes(std::array::from_fn(|at| at as u8));
    let mut code: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |name: String, value: String| assert!(code.insert(name, value).is_none());

    for key in ["", "Sutra", "naïve"] {
        add(format!("id of key \"{key}\""), ConceptId::from_key(key).to_string());
    }
    let fact = ConceptId::of_fact(rising, AssociationKind::CAUSAL, all);
    add(format!("id of fact ({rising}, 1, {all})"), fact.to_string());
    for (name, time) in [
        ("0", 0),
        ("-1", -1),
        ("1700000000000", 1_700_000_000_000),
        ("always", OPEN_START),
        ("until further notice", OPEN_END),
    ] {
        add(format!("i48 of {name}"), hex(&pack_48(time)));
    }
    for number in [1, seed] {
        add(format!("mix({number:016x})"), format!("{:016x}", mix(number)));
    }
    for (seed, id) in [(seed, zero), (seed, rising), (seed, all), (0, rising)] {
        add(format!("placement({seed:016x}, {id})"), format!("{:016x}", placement(seed, &id)));
    }
    let hash = placement(seed, &rising);
    add(format!("tag({hash:016x})"), format!("{:04x}", tag(hash)));
    add(format!("range_of({hash:016x}, 1000)"), range_of(hash, 1000).to_string());
    for (name, seed, bytes) in [
        ("\"123456789\"", 0, &b"123456789"[..]),
        ("\"123456789\"", PLAIN_SEED, b"123456789"),
        ("\"\"", PLAIN_SEED, b""),
        ("4096 zeros", PLAIN_SEED, &[0; 4096]),
    ] {
        add(format!("crc32({seed:08x}, {name})"), format!("{:08x}", crc32(seed, bytes)));
    }
    for (sort, place, value) in [
        (1, 1, checksum::page_seed(seed, 7, 1)),
        (2, 4096, checksum::part_seed(seed, 7, 4096)),
        (3, 4096, checksum::frame_seed(seed, 7, 4096)),
    ] {
        add(format!("place_seed({sort}, {seed:016x}, 7, {place})"), format!("{value:08x}"));
    }
    for dimension in [1, 16, 17, 384] {
        let stride = vector_stride(dimension).to_string();
        add(format!("stride of dimension {dimension}"), stride);
    }

    assert_eq!(worked_values(), code, "FORMAT.md on the left");
}

/// The rows of all tables of worked values.
fn worked_values() -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut lines = SPEC.lines();
    while lines.any(|line| line == "| worked value | result |") {
        let rows = lines.clone().skip(1).take_while(|line| line.starts_with('|'));
        values.extend(rows.map(cells).map(|row| (row[0].to_owned(), row[1].to_owned())));
    }
    values
}

/// The words that follow `before` in the sources of this crate.
fn named_in_sources(before: &str) -> BTreeSet<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(sources).expect("the sources are there") {
        let path = entry.expect("a source file").path();
        let text = std::fs::read_to_string(path).expect("sources are UTF-8");
        for (at, _) in text.match_indices(before) {
            let rest = &text[at + before.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .expect("no source ends in a name");
            names.insert(rest[..end].to_owned());
        }
    }
    names
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
