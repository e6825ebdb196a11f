//! The index of the vectors, and the payload it is about: damage is told with its file and its place.

use std::ops::Range;

use sutra_format::{FormatError, SectionKind, VectorIndexEntry};
use sutra_index::vectors::{Coder, Matrix, Metric, Space, VectorError, build};
use sutra_segment::{SegmentError, VectorIndexPart};
use zerocopy::FromBytes;

use crate::common::{open, sample, sum_again};
use crate::places::{header, section};

/// The sample with an index over its vectors of three and of four values, each of one concept.
fn indexed() -> Vec<u8> {
    let mut rows = sample();
    let part = |dimension: usize| {
        let concepts = rows.sorted_concepts();
        let row = concepts.iter().position(|concept| concept.vector.len() == dimension).unwrap();
        let space = Space::new("", "", dimension as u32, Metric::Cosine, 0).unwrap();
        let values = vec![0.5; dimension * concepts.len()];
        let vectors = Matrix { values: &values, dimension, stride: dimension };
        let count = concepts.len() as u32;
        let bytes = build(&Coder::new(&space), None, count, &[row as u32], &vectors).unwrap();
        VectorIndexPart { space: 0, dimension: dimension as u32, epoch: 0, bytes }
    };
    rows.vector_index = vec![part(3), part(4)];
    rows.write()
}

fn refused(bytes: &[u8]) -> SegmentError {
    open(bytes).and_then(|segment| segment.verify(&mut |_| {}).map(drop)).unwrap_err()
}

/// Where the entries of the index are.
fn entries(bytes: &[u8]) -> [Range<usize>; 2] {
    let start = section(bytes, SectionKind::VectorIndex).start + 8;
    [0, 1].map(|n| {
        let at = start + n * VectorIndexEntry::BYTES;
        at..at + VectorIndexEntry::BYTES
    })
}

/// Where the part of an entry is.
fn part(bytes: &[u8], entry: &Range<usize>) -> Range<usize> {
    let entry = VectorIndexEntry::read_from_bytes(&bytes[entry.clone()]).unwrap();
    let start = section(bytes, SectionKind::VectorIndex).start + entry.offset.get() as usize;
    start..start + entry.length.get() as usize
}

#[test]
fn a_byte_that_changed_is_told_by_file_page_and_block() {
    let mut bytes = indexed();
    open(&bytes).unwrap().verify(&mut |_| {}).unwrap();
    let of = header(&bytes);
    let places = [of.content, of.vectors].map(|block| {
        let start = block.offset.get() as usize;
        start..start + block.length.get() as usize
    });
    for place in places.into_iter().chain([section(&bytes, SectionKind::VectorIndex)]) {
        for at in [place.start, usize::midpoint(place.start, place.end), place.end - 1] {
            bytes[at] ^= 1;
            let error = refused(&bytes);
            bytes[at] ^= 1;
            let text = error.to_string();
            assert!(text.contains("tests/sample.seg"), "{text}");
            let SegmentError::Corrupt {
                source: FormatError::Checksum { offset, part, .. }, ..
            } = error
            else {
                panic!("byte {at}: {text}");
            };
            assert_eq!((offset as usize, part), (at / 4096 * 4096, "page"), "byte {at}");
        }
    }
}

#[test]
fn an_entry_that_makes_no_sense_is_told_by_its_place() {
    let sound = indexed();
    let [first, second] = entries(&sound);
    type Edit = fn(&mut VectorIndexEntry);
    let edits: [(&str, Edit); 6] = [
        ("reserved", |entry| entry.reserved = 1.into()),
        ("before its parts", |entry| entry.offset = 0.into()),
        ("between two lines", |entry| entry.offset = (entry.offset.get() + 1).into()),
        ("beyond the end", |entry| entry.offset = (entry.offset.get() + (1 << 20)).into()),
        ("too long", |entry| entry.length = (1 << 20).into()),
        ("too long to say", |entry| entry.length = u64::MAX.into()),
    ];
    for place in [&first, &second] {
        for (what, edit) in edits {
            let mut bytes = sound.clone();
            edit(VectorIndexEntry::mut_from_bytes(&mut bytes[place.clone()]).unwrap());
            told_at(bytes, place.start, "entry of the vector index makes no sense", what);
        }
    }
    let mut bytes = sound.clone();
    bytes.copy_within(first.start..first.start + 16, second.start); // Space, dimension, epoch.
    told_at(bytes, second.start, "entry of the vector index makes no sense", "twice");
    let count = second.start - 8 - VectorIndexEntry::BYTES;
    let mut bytes = sound;
    bytes[count + 2] = 1;
    told_at(bytes, count, "vector index has not as many entries", "their number");
}

#[track_caller]
fn told_at(mut bytes: Vec<u8>, at: usize, reason: &str, what: &str) {
    sum_again(&mut bytes);
    let error = refused(&bytes);
    let text = error.to_string();
    assert!(text.contains("tests/sample.seg"), "{what}: {text}");
    let SegmentError::Corrupt { source: FormatError::Invalid { offset, reason: said }, .. } = error
    else {
        panic!("{what}: {text}");
    };
    // The entries begin behind their number, and are told by where they are in the file.
    assert_eq!((offset as usize, said), (at, reason), "{what}");
}

#[test]
fn a_part_that_is_not_what_it_should_be_is_told_by_file_and_place_in_it() {
    let sound = indexed();
    for entry in entries(&sound) {
        let place = part(&sound, &entry);
        // Its version, its form, and the row of its only vector.
        for (at, value) in [(place.start, 9), (place.start + 4, 77), (place.start + 67, 0x7f)] {
            let mut bytes = sound.clone();
            bytes[at] = value;
            sum_again(&mut bytes);
            let error = refused(&bytes);
            let text = error.to_string();
            assert!(text.starts_with("tests/sample.seg: "), "{text}");
            match error {
                SegmentError::Vectors { source: VectorError::UnknownVersion { .. }, .. } => {
                    assert_eq!(at, place.start, "{text}");
                }
                SegmentError::Vectors { source: VectorError::Corrupt { offset, .. }, .. } => {
                    let told = place.start + offset as usize;
                    assert!(told <= at && at < told + 4, "byte {at} of {place:?}: {text}");
                }
                other => panic!("byte {at} of {place:?}: {other:?}"),
            }
        }
        let mut bytes = sound.clone();
        let entry_of = VectorIndexEntry::mut_from_bytes(&mut bytes[entry.clone()]).unwrap();
        entry_of.space = (entry_of.space.get() + 1).into();
        entry_of.dimension = (entry_of.dimension.get() + 2).into();
        let is_last = entry == entries(&sound)[1];
        if is_last {
            let reason = "vectors are not those of the concepts";
            told_at(bytes, place.start, reason, "of another dimension");
        }
    }
}
