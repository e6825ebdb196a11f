//! A verification finds what is wrong where all sums are right: each lie that a segment can tell,
//! and the reason that is given.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{Switched, check_verify, open, sample, sum_again};
use sutra_format::{SectionEntry, SectionKind, SegmentHeader};
use sutra_segment::Segment;
use zerocopy::{FromBytes, IntoBytes};

/// A segment that is being edited.
struct Edit(Vec<u8>);

impl Edit {
    fn header(&self) -> SegmentHeader {
        SegmentHeader::read_from_prefix(&self.0).unwrap().0
    }

    fn edit_header(&mut self, edit: impl FnOnce(&mut SegmentHeader)) {
        edit(SegmentHeader::mut_from_prefix(&mut self.0).unwrap().0);
    }

    fn table(&mut self) -> &mut [SectionEntry] {
        let start = self.header().section_table_offset.get() as usize;
        <[SectionEntry]>::mut_from_bytes(&mut self.0[start..]).unwrap()
    }

    fn section(&mut self, kind: SectionKind) -> Range<usize> {
        let entry = self.table().iter().find(|entry| entry.kind.get() == kind.code()).unwrap();
        let start = entry.offset.get() as usize;
        start..start + entry.length.get() as usize
    }

    fn concept(&self, row: usize) -> Range<usize> {
        let start = self.header().concepts.offset.get() as usize + row * 128;
        start..start + 128
    }

    fn association(&self, row: usize) -> Range<usize> {
        let start = self.header().associations.offset.get() as usize + row * 64;
        start..start + 64
    }

    fn swap(&mut self, one: Range<usize>, other: Range<usize>) {
        let first = self.0[one.clone()].to_vec();
        self.0.copy_within(other.clone(), one.start);
        self.0[other].copy_from_slice(&first);
    }

    fn copy(&mut self, from: Range<usize>, to: Range<usize>) {
        self.0.copy_within(from, to.start);
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().unwrap())
}

/// Checks that the lie is found out, by a verification at the latest.
#[track_caller]
fn check(reason: &str, lie: impl FnOnce(&mut Edit)) {
    let mut edit = Edit(sample().write());
    lie(&mut edit);
    let mut bytes = edit.0;
    sum_again(&mut bytes);
    let error = open(&bytes).and_then(|segment| segment.verify(&mut |_| ())).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(reason) && text.contains("tests/sample.seg"), "{reason}: {text}");
}

#[test]
fn records_that_say_what_none_may_say() {
    check("strength is not finite", |s| s.set(s.concept(2).start + 104, &[0, 0, 0xc0, 0x7f]));
    check("weight is not finite", |s| s.set(s.association(2).start + 52, &[0, 0, 0xc0, 0x7f]));
    check("reserved bytes", |s| s.set(s.concept(0).start + 124, &[1]));
    let outside = "sequence number is outside";
    check(outside, |s| s.set(s.concept(5).start + 16, &[0xff; 8]));
    check(outside, |s| s.set(s.association(5).start + 32, &[0xff; 8]));
    check(outside, |s| s.edit_header(|header| header.min_seq = 1.into()));
    let another = "another number of tombstones";
    check(another, |s| s.edit_header(|header| header.concept_tombstones = 1.into()));
    check(another, |s| s.edit_header(|header| header.association_tombstones = 1.into()));
}

#[test]
fn rows_out_of_order() {
    check("rows do not rise", |s| s.swap(s.concept(1), s.concept(2)));
    check("two rows for one concept", |s| s.copy(s.concept(1), s.concept(2)));
    check("rows do not rise", |s| s.swap(s.association(0), s.association(5)));
    check("associations do not rise", |s| s.copy(s.association(1), s.association(2)));
    check("vertex tombstones do not rise", |s| {
        let rows = s.section(SectionKind::VertexTombstones);
        s.swap(rows.start..rows.start + 24, rows.start + 24..rows.start + 48);
    });
    check("sequence number is outside", |s| {
        let rows = s.section(SectionKind::VertexTombstones);
        s.set(rows.start + 16, &[0xff; 8]);
    });
}

#[test]
fn directories_that_lead_astray() {
    for kind in [SectionKind::ConceptLines, SectionKind::SourceLines, SectionKind::TargetLines] {
        check("tag lines are not those", |s| {
            let lines = s.section(kind);
            s.0[lines.start] ^= 1;
        });
        check("tag lines are not those", |s| {
            let count = s.section(kind).start + 60;
            s.0[count] -= 1;
        });
    }
    for kind in [SectionKind::SourceStarts, SectionKind::TargetStarts] {
        check("starts are not those", |s| {
            let starts = s.section(kind);
            s.0[starts.start + 4] += 1;
        });
        check("starts are not those", |s| {
            let starts = s.section(kind);
            s.0[starts.end - 4] -= 1;
        });
    }
    check("incoming rows do not rise", |s| {
        let rows = s.section(SectionKind::IncomingRows);
        s.swap(rows.start..rows.start + 4, rows.start + 4..rows.start + 8);
    });
    check("incoming rows do not rise", |s| {
        let rows = s.section(SectionKind::IncomingRows);
        s.set(rows.end - 4, &[0xff; 4]);
    });
}

#[test]
fn vectors_that_are_not_what_the_runs_say() {
    let field = |s: &mut Edit, at: usize| s.section(SectionKind::VectorRuns).start + at;
    check("do not follow one another", |s| {
        let at = field(s, 16);
        s.set(at, &[64 + 64]);
    });
    check("do not follow one another", |s| {
        let at = field(s, 8);
        s.set(at, &[0]);
    });
    check("dimension of a vector run is out of range", |s| {
        let at = field(s, 12);
        s.set(at, &[0; 4]);
    });
    check("dimension of a vector run is out of range", |s| {
        let at = field(s, 12);
        s.set(at, &[1, 0, 1, 0]);
    });
    check("reaches beyond the vector block", |s| {
        let at = s.section(SectionKind::VectorRuns).end - 8;
        s.set(at, &[0xff]);
    });
    check("do not cover the vector block", |s| {
        s.edit_header(|header| header.vectors.count -= 1);
    });
    let start = |s: &Edit| s.header().vectors.offset.get() as usize;
    check("a value that is not finite", |s| s.set(start(s) + 4, &[0, 0, 0x80, 0x7f]));
    check("padding of a vector", |s| s.set(start(s) + 63, &[1]));
}

#[test]
fn texts_that_are_not_what_their_records_say() {
    let start = |s: &Edit| s.header().content.offset.get() as usize;
    check("text entry is cut short", |s| s.set(start(s), &[0xff; 4]));
    check("another number of texts", |s| s.edit_header(|header| header.content.count -= 1));
    // The entries of the first record that has content: its length, and the first byte.
    let of = |s: &Edit| {
        let has_text = |row: &usize| s.0[s.concept(*row).start + 72] != 0;
        let row = (0..6).find(has_text).unwrap();
        let offset = s.concept(row).start + 64;
        start(s) + u64::from_le_bytes(s.0[offset..offset + 8].try_into().unwrap()) as usize
    };
    check("content is not UTF-8", |s| s.set(of(s) + 4, &[0xff]));
    check("key is neither UTF-8", |s| {
        let length = s.0[of(s)] as usize;
        s.set(of(s) + 4 + length + 4, &[0xff]);
    });
}

#[test]
fn references_that_lead_nowhere_or_elsewhere() {
    check("text lies out of its block", |s| {
        let end = s.header().content.length.get();
        s.set(s.concept(0).start + 64, &end.to_le_bytes());
    });
    check("length of a text differs", |s| {
        let [first, second] = [0, 1].map(|row| s.concept(row).start + 64);
        s.0.copy_within(second..second + 8, first);
    });
    check("texts of records overlap", |s| {
        // The longest text stands for all others.
        let length = |s: &Edit, row: usize| u32_at(&s.0, s.concept(row).start + 72);
        let longest = (0..6).max_by_key(|row| length(s, *row)).unwrap();
        for row in (0..6).filter(|row| *row != longest) {
            let (from, to) = (s.concept(longest).start + 64, s.concept(row).start + 64);
            s.0.copy_within(from..from + 8 + 4, to);
        }
    });
    check("refers to no vector", |s| s.set(s.concept(0).start + 88, &[4]));
    check("a vector of another dimension", |s| {
        let at = s.concept(0).start + 100;
        s.0[at] += 1;
    });
    check("of another segment without its dimension", |s| {
        s.set(s.concept(0).start + 96, &[9]);
        s.set(s.concept(0).start + 100, &[0; 4]);
    });
    for field in [76, 96] {
        check("refers to a segment that is no payload home", |s| {
            s.set(s.concept(0).start + field, &[9]);
        });
    }
    let home = |s: &mut Edit, at: usize| s.section(SectionKind::PayloadHomes).start + at;
    check("state other sizes", |s| {
        let at = home(s, 8);
        s.0[at] += 1;
    });
    check("reserved bytes", |s| {
        let at = home(s, 4);
        s.set(at, &[1]);
    });
}

#[test]
fn sections_that_do_not_belong() {
    check("the header's page has a sum", |s| {
        let sums = s.section(SectionKind::PageSums);
        s.set(sums.start, &[1]);
    });
    check("tag lines do not match the rows", |s| {
        let entry = s.table().iter_mut().find(|entry| entry.kind.get() == 2).unwrap();
        entry.length = 0.into();
    });
    check("starts do not match", |s| {
        let entry = s.table().iter_mut().find(|entry| entry.kind.get() == 4).unwrap();
        entry.length = 0.into();
    });
    check("incoming rows do not match", |s| {
        let entry = s.table().iter_mut().find(|entry| entry.kind.get() == 7).unwrap();
        entry.length -= 4;
    });
    check("not a whole number of rows", |s| {
        let entry = s.table().iter_mut().find(|entry| entry.kind.get() == 10).unwrap();
        entry.length -= 1;
    });
    check("page sums do not match the pages", |s| s.table().last_mut().unwrap().length -= 4);
    check("not that of the page sums", |s| {
        let last = s.table().last_mut().unwrap();
        (last.kind, last.flags) = (11.into(), 0.into());
    });
    check("section of sorted rows", |s| s.edit_header(|header| header.flags = 0.into()));
    check("section of kind 99 is required", |s| {
        s.table()[0].kind = 99.into();
        s.table()[0].flags = SectionEntry::REQUIRED.into();
    });
}

#[test]
fn an_unknown_section_that_is_not_required_is_skipped_and_verified() {
    let mut edit = Edit(sample().write());
    let homes = edit.section(SectionKind::PayloadHomes);
    let tombstones = edit.section(SectionKind::VertexTombstones);
    for entry in edit.table() {
        if entry.kind.get() == SectionKind::VertexTombstones.code() {
            entry.kind = 99.into();
        }
    }
    let mut bytes = edit.0;
    sum_again(&mut bytes);
    let segment = open(&bytes).unwrap();
    check_verify(&segment);
    assert_eq!(segment.vertex_tombstones().unwrap(), []);
    assert_eq!(segment.homes().unwrap().as_bytes(), &bytes[homes]);
    let mut damaged = bytes.clone();
    damaged[tombstones.start] ^= 1;
    assert!(open(&damaged).unwrap().verify(&mut |_| ()).is_err());
}

#[test]
fn a_file_that_was_exchanged_behind_the_back_of_its_reader_is_noticed() {
    let mut rows = sample();
    let before = rows.write();
    rows.seed ^= 1;
    let after = rows.write();
    let switch = AtomicBool::new(false);
    let bytes = Switched { before: &before, after: &after, switch: &switch };
    let segment = Segment::open(bytes, "tests/sample.seg").unwrap();
    check_verify(&segment);
    switch.store(true, Ordering::Relaxed);
    let error = segment.verify(&mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("header is another"), "{error}");
}
