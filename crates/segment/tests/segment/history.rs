//! History segments: versions are found as of any number, and every wrong one is noticed.

use sutra_format::hash::placement;
use sutra_format::segment::{Moment, SegmentFlags};
use sutra_format::{
    AssociationKind, AssociationRecord, ConceptId, ConceptRecord, FormatError, SectionEntry,
    SectionKind, SegmentHeader,
};
use sutra_fs::{Dir, File, Name};
use sutra_segment::{OlderVersions, Segment, SegmentError, SegmentPlan, SegmentWriter};
use sutra_testkit::SimDir;
use zerocopy::FromBytes;
use zerocopy::little_endian::U64;

use crate::common::{Rows, SEED, sum_again};

fn id(n: u8) -> ConceptId {
    ConceptId::from_bytes([n; 16])
}

fn concept(n: u8, seq: u64) -> ConceptRecord {
    let record = ConceptRecord::new(id(n), ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
    ConceptRecord { seq: U64::new(seq), ..record }
}

fn association(source: u8, target: u8, seq: u64) -> AssociationRecord {
    let record = AssociationRecord::new(id(source), id(target), AssociationKind::CAUSAL, 0.5);
    AssociationRecord { seq: U64::new(seq), ..record }
}

/// Each row with its older versions, and moments.
struct History {
    concepts: Vec<Vec<ConceptRecord>>,
    associations: Vec<Vec<AssociationRecord>>,
    moments: Vec<(u64, u64)>,
}

fn sample() -> History {
    let mut concepts: Vec<Vec<_>> = (1..=20)
        .map(|n| (0..u64::from(n % 4) + 1).rev().map(|v| concept(n, 100 * v + 50)).collect())
        .collect();
    concepts.sort_by_key(|versions: &Vec<ConceptRecord>| placement(SEED, &versions[0].id));
    let mut associations: Vec<Vec<_>> = (1..=9)
        .map(|n| {
            (0..u64::from(n % 3) + 1).rev().map(|v| association(n, n + 1, 90 * v + 7)).collect()
        })
        .collect();
    associations
        .sort_by_key(|versions: &Vec<AssociationRecord>| placement(SEED, &versions[0].source));
    History { concepts, associations, moments: vec![(60, 1_000), (200, 1_500), (400, 9_000)] }
}

impl History {
    fn write(&self) -> Vec<u8> {
        let older = OlderVersions {
            concepts: self.concepts.iter().map(|versions| versions.len() as u64 - 1).sum(),
            associations: self.associations.iter().map(|versions| versions.len() as u64 - 1).sum(),
        };
        let plan = SegmentPlan {
            concepts: self.concepts.len() as u64,
            associations: self.associations.len() as u64,
            max_seq: 400,
            history: Some(older),
            ..Rows::new().plan()
        };
        let dir = SimDir::new();
        let file = dir.create(&Name::new("seg_00000007.dat").unwrap()).unwrap();
        let mut writer = SegmentWriter::new(&file, plan);
        for versions in &self.concepts {
            writer.push_concept(&versions[0]).unwrap();
            versions[1..].iter().for_each(|older| writer.push_concept_version(older).unwrap());
        }
        for versions in &self.associations {
            writer.push_association(&versions[0]).unwrap();
            versions[1..].iter().for_each(|older| writer.push_association_version(older).unwrap());
        }
        let moment = |(seq, time): &(u64, u64)| Moment { seq: (*seq).into(), time: (*time).into() };
        writer.set_timeline(self.moments.iter().map(moment).collect());
        let summary = writer.finish().unwrap();
        let mut bytes = vec![0; usize::try_from(summary.file_length).unwrap()];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    }

    /// What a file of this says that it must not.
    fn refused(&self) -> String {
        let bytes = self.write();
        let segment = Segment::open(bytes, "history").unwrap();
        match segment.verify(&mut |_| {}) {
            Err(SegmentError::Corrupt { source, .. }) => source.to_string(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn versions_are_found_as_of_any_number() {
    let history = sample();
    let segment = Segment::open(history.write(), "history").unwrap();
    segment.verify(&mut |_| {}).unwrap();
    assert!(segment.is_history());
    let as_of = |upto: u64| move |record: &&ConceptRecord| record.seq.get() <= upto;
    for (row, versions) in (0..).zip(&history.concepts) {
        let hash = placement(SEED, &versions[0].id);
        assert_eq!(segment.concept_row(hash, &versions[0].id).unwrap(), Some(row));
        assert_eq!(segment.concept_versions(row).unwrap(), &versions[1..]);
        for upto in [0, 49, 50, 51, 149, 150, 249, 250, 350, u64::MAX] {
            let expected = versions.iter().find(as_of(upto));
            assert_eq!(segment.concept_at(row, upto).unwrap(), expected, "as of {upto}");
        }
    }
    for (row, versions) in (0..).zip(&history.associations) {
        for upto in [6, 7, 96, 97, 187, 1_000] {
            let expected = versions.iter().find(|record| record.seq.get() <= upto);
            assert_eq!(segment.association_at(row, upto).unwrap(), expected, "as of {upto}");
        }
    }
    let moments: Vec<_> =
        segment.timeline().unwrap().iter().map(|m| (m.seq.get(), m.time.get())).collect();
    assert_eq!(moments, history.moments);
    assert!(segment.concept_versions(20).is_err(), "a row that is not there");
}

#[test]
fn a_segment_without_older_versions_has_none() {
    let mut history = sample();
    history.concepts.iter_mut().for_each(|versions| versions.truncate(1));
    history.associations.clear();
    let segment = Segment::open(history.write(), "history").unwrap();
    segment.verify(&mut |_| {}).unwrap();
    assert_eq!(segment.concept_versions(3).unwrap(), []);
    assert_eq!(segment.older_associations().unwrap(), []);
}

#[test]
fn versions_that_are_of_another_row_or_not_older_are_noticed() {
    let mut history = sample();
    let place = history.concepts.iter().position(|versions| versions.len() == 3).unwrap();
    history.concepts[place].swap(1, 2);
    assert!(history.refused().contains("not older"), "{}", history.refused());
    let mut history = sample();
    history.concepts[place][1].id = id(77);
    assert!(history.refused().contains("another row"), "{}", history.refused());
    let mut history = sample();
    let place = history.associations.iter().position(|versions| versions.len() == 2).unwrap();
    history.associations[place][1].target = id(78);
    assert!(history.refused().contains("another row"), "{}", history.refused());
    let mut history = sample();
    history.associations[place][1].seq = history.associations[place][0].seq;
    assert!(history.refused().contains("not older"), "{}", history.refused());
}

#[test]
fn a_search_among_many_versions_finds_each() {
    let count = 1_000;
    let versions: Vec<_> = (1..=count).rev().map(|v| concept(1, 10 * v)).collect();
    let moments = vec![(20_000, 1)];
    let history = History { concepts: vec![versions], associations: Vec::new(), moments };
    let segment = Segment::open(history.write(), "history").unwrap();
    for version in 0..=count {
        for upto in [10 * version, 10 * version + 9] {
            let found = segment.concept_at(0, upto).unwrap().map(|record| record.seq.get());
            assert_eq!(found, Some(10 * version).filter(|seq| *seq > 0), "as of {upto}");
        }
    }
}

/// Where a section starts.
fn section(bytes: &[u8], kind: SectionKind) -> usize {
    let header = SegmentHeader::ref_from_prefix(bytes).unwrap().0;
    let table = header.section_table_offset.get() as usize;
    let entries = header.sections(&bytes[table..]).unwrap();
    let entry = entries.iter().find(|entry| entry.kind.get() == kind.code()).unwrap();
    entry.offset.get() as usize
}

#[test]
fn a_number_that_is_not_that_of_its_version_is_noticed() {
    for kind in [SectionKind::ConceptVersionSeqs, SectionKind::AssociationVersionSeqs] {
        let mut bytes = sample().write();
        let start = section(&bytes, kind);
        bytes[start] ^= 1;
        sum_again(&mut bytes);
        let segment = Segment::open(bytes, "history").unwrap();
        let error = segment.verify(&mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("not its sequence number"), "{error}");
    }
}

/// Where a file is said to be wrong.
#[track_caller]
fn wrong_at(bytes: Vec<u8>, reason: &str) -> u64 {
    let segment = Segment::open(bytes, "history").unwrap();
    match segment.verify(&mut |_| {}) {
        Err(SegmentError::Corrupt {
            source: FormatError::Invalid { offset, reason: said },
            ..
        }) => {
            assert!(said.contains(reason), "{said}");
            offset
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_wrong_of_the_past_is_told_with_its_place() {
    let sound = sample().write();
    let kinds = [
        (SectionKind::ConceptVersions, ConceptRecord::BYTES, 30),
        (SectionKind::AssociationVersions, AssociationRecord::BYTES, 9),
    ];
    for (kind, row_bytes, count) in kinds {
        let start = section(&sound, kind);
        for row in 0..count {
            let at = start + row * row_bytes;
            let mut bytes = sound.clone();
            match kind {
                SectionKind::ConceptVersions => {
                    let (record, _) = ConceptRecord::mut_from_prefix(&mut bytes[at..]).unwrap();
                    record.confidence = f32::NAN.into();
                }
                _ => {
                    let (record, _) = AssociationRecord::mut_from_prefix(&mut bytes[at..]).unwrap();
                    record.weight = f32::NAN.into();
                }
            }
            sum_again(&mut bytes);
            let told = wrong_at(bytes, "");
            let within = at as u64..(at + row_bytes) as u64;
            assert!(within.contains(&told), "{kind:?} {row}: {told} is not in {within:?}");
        }
    }
    let start = section(&sound, SectionKind::Timeline);
    for row in 1..3 {
        let mut bytes = sound.clone();
        let at = start + row * Moment::BYTES;
        bytes.copy_within(at - Moment::BYTES..at, at);
        sum_again(&mut bytes);
        assert_eq!(wrong_at(bytes, "moments do not rise strictly"), at as u64);
    }
}

#[test]
fn the_first_version_of_a_row_that_is_not_older_is_told_with_its_place() {
    let (mut history, mut before) = (sample(), 0);
    for row in 0..history.concepts.len() {
        let older = history.concepts[row].len() - 1;
        if older > 0 {
            let seq = history.concepts[row][1].seq;
            history.concepts[row][1].seq = history.concepts[row][0].seq;
            let bytes = history.write();
            let start = section(&bytes, SectionKind::ConceptVersions);
            let at = start + before * ConceptRecord::BYTES;
            assert_eq!(wrong_at(bytes, "older version is not older"), at as u64, "row {row}");
            history.concepts[row][1].seq = seq;
        }
        before += older;
    }
}

#[test]
fn moments_that_do_not_rise_or_end_early_are_noticed() {
    for moments in [
        vec![(60, 1_000), (60, 2_000), (400, 9_000)],
        vec![(60, 1_000), (400, 1_000)],
        vec![(60, 1_000)],
        vec![],
    ] {
        let history = History { moments, ..sample() };
        assert!(["moments", "timeline"].iter().any(|word| history.refused().contains(word)));
    }
}

#[test]
fn what_only_history_has_is_refused_in_a_segment_of_what_is() {
    let all = [
        SectionKind::ConceptVersions,
        SectionKind::ConceptVersionSeqs,
        SectionKind::ConceptVersionStarts,
        SectionKind::AssociationVersions,
        SectionKind::AssociationVersionSeqs,
        SectionKind::AssociationVersionStarts,
        SectionKind::Timeline,
    ];
    for kind in all {
        let mut bytes = sample().write();
        let start = section(&bytes, kind) as u64;
        let (header, _) = SegmentHeader::mut_from_prefix(&mut bytes).unwrap();
        header.flags = (header.flags.get() & !SegmentFlags::HISTORY).into();
        let (table, length) = (header.section_table_offset, header.section_table_length);
        let table = table.get() as usize..(table.get() + length.get()) as usize;
        for entry in <[SectionEntry]>::mut_from_bytes(&mut bytes[table]).unwrap() {
            // A reader passes over kinds that it does not know.
            if all.iter().any(|other| *other != kind && other.code() == entry.kind.get()) {
                entry.kind = (1_000 + entry.kind.get()).into();
            }
        }
        sum_again(&mut bytes);
        let refused = Segment::open(bytes, "history").map(drop);
        let Err(SegmentError::Corrupt { source: FormatError::Invalid { offset, reason }, .. }) =
            refused
        else {
            panic!("{kind:?}: {refused:?}");
        };
        assert_eq!(
            (offset, reason),
            (start, "section of a history segment, and it is none"),
            "{kind:?}"
        );
    }
}

#[test]
fn every_flipped_bit_of_a_history_segment_is_noticed() {
    crate::corruption::check_every_bit(&sample().write(), SEED);
}

#[test]
fn rows_that_do_not_rise_are_noticed_under_correct_sums() {
    let mut plain = sample();
    plain.concepts.iter_mut().for_each(|versions| versions.truncate(1));
    plain.associations.iter_mut().for_each(|versions| versions.truncate(1));
    for history in [sample(), plain] {
        let sound = history.write();
        let (header, _) = SegmentHeader::read_from_prefix(&sound).unwrap();
        let blocks = [
            (header.concepts, ConceptRecord::BYTES, "concept"),
            (header.associations, AssociationRecord::BYTES, "association"),
        ];
        for (extent, row_bytes, what) in blocks {
            let start = extent.offset.get() as usize;
            for row in 1..extent.count.get() as usize {
                let mut bytes = sound.clone();
                let at = start + (row - 1) * row_bytes;
                let (first, rest) = bytes[at..].split_at_mut(row_bytes);
                first.swap_with_slice(&mut rest[..row_bytes]);
                sum_again(&mut bytes);
                let verified = Segment::open(bytes, "history").unwrap().verify(&mut |_| {});
                let is_found = matches!(verified, Err(SegmentError::Corrupt { .. }));
                assert!(is_found, "{what} {row} before the one before it: {verified:?}");
            }
        }
    }
}
