//! History segments that lie under correct sums: it is said that they are damaged, and no merge takes
//! the lie along.

use std::collections::BTreeSet;

use sutra_format::segment::Moment;
use sutra_format::{AssociationRecord, ConceptRecord, SectionKind, SegmentHeader};
use sutra_fs::Name;
use sutra_lsm::{Durability, Retention};
use sutra_testkit::{Image, SimDir};
use zerocopy::FromBytes;

use crate::content::{Content, read};
use crate::model::Change::{Associate, Delete, Put, Touch};
use crate::model::id;
use crate::repair::{self, Repairs, change};
use crate::workload::{Stage, batch};

const CONCEPTS: u64 = 8;

/// When there were commits.
const TIMES: std::ops::RangeInclusive<u64> = 1..=8;

/// A store of two history segments, the names of both, and what it said as of each time.
fn store() -> (Image, Vec<Name>, Vec<Content>) {
    let stage = Stage::new(SimDir::new(), 64 << 10);
    let tree = stage.open().unwrap();
    tree.set_retention(Retention::Forever).unwrap();
    for time in TIMES {
        let n = time % CONCEPTS;
        let mut changes: Vec<_> =
            (0..CONCEPTS).map(|n| Put { n, text: Some(20), vector: 2 }).collect();
        changes.extend((0..CONCEPTS).map(|n| Associate(n, 1, (n + time % 2) % CONCEPTS)));
        changes.extend([Touch(n), Delete((n + 1) % CONCEPTS)]);
        stage.set_time(time);
        tree.commit(batch(time, &changes), Durability::Sync).unwrap();
        if time % 4 == 0 {
            tree.flush().unwrap();
        }
    }
    let segments = tree.segments().unwrap().into_iter().filter(|segment| segment.history);
    let names: Vec<_> = segments.map(|segment| Name::new(segment.file).unwrap()).collect();
    let all = BTreeSet::new();
    let contents = TIMES.map(|time| read(&tree.snapshot_at(time).unwrap(), &all).unwrap());
    let contents = contents.collect();
    tree.close().unwrap();
    assert_eq!(names.len(), 2);
    (stage.dir.image(), names, contents)
}

/// Where a table of records is in a file: its offset, and how many there are of so many bytes.
struct Table {
    what: &'static str,
    offset: usize,
    count: usize,
    bytes: usize,
}

fn tables(file: &[u8]) -> Vec<Table> {
    let (header, _) = SegmentHeader::ref_from_prefix(file).unwrap();
    let table = |what, offset: u64, length: u64, bytes: usize| {
        let (offset, length) = (usize::try_from(offset).unwrap(), usize::try_from(length).unwrap());
        Table { what, offset, count: length / bytes, bytes }
    };
    let block = |what, of: &sutra_format::BlockExtent, bytes| {
        table(what, of.offset.get(), of.length.get(), bytes)
    };
    let start = usize::try_from(header.section_table_offset.get()).unwrap();
    let entries = header.sections(&file[start..]).unwrap();
    let section = |what, kind: SectionKind, bytes| {
        let entry = entries.iter().find(|entry| entry.kind.get() == kind.code()).unwrap();
        table(what, entry.offset.get(), entry.length.get(), bytes)
    };
    let (concept, association) = (ConceptRecord::BYTES, AssociationRecord::BYTES);
    vec![
        block("concepts", &header.concepts, concept),
        block("associations", &header.associations, association),
        section("older concepts", SectionKind::ConceptVersions, concept),
        section("older associations", SectionKind::AssociationVersions, association),
        section("moments", SectionKind::Timeline, Moment::BYTES),
    ]
}

/// Asks everything, and believes nothing.
fn ask(stage: &Stage) {
    let Ok(tree) = stage.open() else { return };
    let now = tree.snapshot();
    tree.changes(&now, 0, 1_000).ok();
    for time in TIMES {
        let Ok(snapshot) = tree.snapshot_at(time) else { continue };
        snapshot.iter_concepts().map(|all| all.filter(Result::is_ok).count()).ok();
        snapshot.iter_associations().map(|all| all.filter(Result::is_ok).count()).ok();
        for n in 0..CONCEPTS {
            snapshot.concept(&id(n)).ok();
            snapshot.outgoing(&id(n)).ok();
            snapshot.incoming(&id(n)).ok();
            snapshot.history(&id(n)).ok();
        }
    }
}

/// The damage must be found, and a merge must refuse it, or change nothing of what was. Says whether
/// it was refused.
fn is_refused(image: &Image, sound: &[Content], damage: &str) -> bool {
    let stage = Stage::new(SimDir::from_image(image), 64 << 10);
    ask(&stage);
    let tree = match stage.open() {
        Ok(tree) => tree,
        Err(error) => {
            assert!(error.is_corruption() && error.path().is_some(), "{damage}: {error}");
            return true;
        }
    };
    let report = tree.verify(&mut |_| {}).unwrap();
    assert!(!report.is_intact(), "{damage}: verified");
    if let Err(error) = tree.compact_all() {
        assert!(error.is_corruption() && error.path().is_some(), "{damage}: {error}");
        return true;
    }
    for (time, content) in TIMES.zip(sound) {
        let found = read(&tree.snapshot_at(time).unwrap(), &BTreeSet::new()).unwrap();
        assert_eq!(found, *content, "{damage}, merged: as of {time}");
    }
    assert!(tree.verify(&mut |_| {}).unwrap().is_intact(), "{damage}: merged and still there");
    false
}

#[test]
fn rows_that_were_exchanged_under_correct_sums_are_found_and_not_merged() {
    let (image, names, sound) = store();
    let repairs = Repairs { segments: true, journals: false, manifests: false, names: true };
    for name in &names {
        for table in tables(&image.read(name).unwrap()) {
            let Table { what, offset, count, bytes } = table;
            assert!(count > 3, "{count} {what}");
            for row in 1..count {
                let mut damaged = image.clone();
                change(&mut damaged, name, |file| {
                    let (before, rest) = file[offset + (row - 1) * bytes..].split_at_mut(bytes);
                    before.swap_with_slice(&mut rest[..bytes]);
                });
                repair::store(&mut damaged, repairs);
                let damage = format!("{what} {} and {row} of {name}", row - 1);
                assert!(is_refused(&damaged, &sound, &damage), "{damage}");
            }
        }
    }
    let stage = Stage::new(SimDir::from_image(&image), 64 << 10);
    assert!(stage.open().unwrap().verify(&mut |_| {}).unwrap().is_intact(), "to begin with");
}
