//! Erasing: what concepts said is in no byte of any file afterwards, and the rest is as it was.

use std::collections::BTreeSet;

use sutra_format::{AssociationFlags, AssociationKind, AssociationRecord, ConceptId, FactKey};
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, EraseReport, LsmError,
    LsmTree, Touch, WriteBatch,
};
use sutra_testkit::{CrashPlan, Fault, Image, Profile, SimDir, SplitMix, Tears, Times};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

use crate::content::{Content, read_and_search};

const KIND: AssociationKind = AssociationKind::SEMANTIC;

/// Concepts of a store; 3 and 4 are erased.
const CONCEPTS: u64 = 30;

fn id(n: u64) -> ConceptId {
    ConceptId::from_key(&key(n))
}

fn key(n: u64) -> String {
    format!("name of {n:02}")
}

/// What the concept says after so many changes. The first words of 3 and 4 begin as no others do, so
/// that an index has them whole.
fn text(n: u64, version: u64) -> String {
    let odd = match n {
        3 => "Quokka03",
        4 => "Xombat04",
        _ => "Numbat",
    };
    format!("{odd} has said this in version {version}, {n} times")
}

fn attributes(n: u64, version: u64) -> String {
    format!("{{\"attribute of {n:02}\":{version}}}")
}

fn vector(n: u64, version: u64) -> Vec<f32> {
    let mut chance = SplitMix::new(n * 100 + version);
    (0..2000).map(|_| chance.below(1 << 20) as f32 / 1e6 - 0.5).collect()
}

fn fact_text(source: u64, target: u64) -> String {
    format!("that {source:02} goes with {target:02} is known")
}

fn put(batch: &mut WriteBatch, n: u64, version: u64) {
    let (text, attributes, key) = (text(n, version), attributes(n, version), key(n));
    let put = ConceptPut {
        content: Some(&text),
        attributes: attributes.as_bytes(),
        key: key.as_bytes(),
        vector: Some(&vector(n, version)),
        ..ConceptPut::new(id(n))
    };
    batch.put_concept(&put).unwrap();
}

/// An association with a text of its own.
fn state(batch: &mut WriteBatch, source: u64, target: u64) {
    let mut record = AssociationRecord::new(id(source), id(target), KIND, 1.0);
    record.flags = U16::new(AssociationFlags::HAS_FACT);
    batch.put_association(record).unwrap();
    let key = FactKey { source: id(source), target: id(target), kind: U16::new(KIND.code()) };
    let text = fact_text(source, target);
    let put = ConceptPut {
        content: Some(&text),
        key: key.as_bytes(),
        fact: true,
        ..ConceptPut::new(ConceptId::of_fact(id(source), KIND, id(target)))
    };
    batch.put_concept(&put).unwrap();
}

fn open(dir: &SimDir) -> LsmTree<SimDir> {
    let config = CompactionConfig { max_segment_size: 1 << 20, ..CompactionConfig::default() };
    let environment =
        Environment { entropy: Some(7), background: Background::Manual, ..Environment::default() };
    LsmTree::open_in(dir.clone(), config, environment).unwrap()
}

fn commit(tree: &LsmTree<SimDir>, fill: impl FnOnce(&mut WriteBatch)) {
    let mut batch = WriteBatch::new();
    fill(&mut batch);
    tree.commit(batch, Durability::Sync).unwrap();
}

/// A store with vectors that stayed in the file where they were first written, texts that were
/// replaced before and after merges, and the newest in memory.
fn store(dir: &SimDir) -> LsmTree<SimDir> {
    let tree = open(dir);
    commit(&tree, |batch| (0..CONCEPTS).for_each(|n| put(batch, n, 0)));
    commit(&tree, |batch| {
        [(3, 1), (3, 4), (1, 3), (1, 2), (5, 4)].into_iter().for_each(|(a, b)| state(batch, a, b));
    });
    tree.flush().unwrap();
    commit(&tree, |batch| put(batch, 3, 1));
    tree.flush().unwrap();
    tree.compact_all().unwrap();
    commit(&tree, |batch| {
        put(batch, 4, 1);
        put(batch, 1, 1);
        batch.touch(&Touch::new(id(3))).unwrap();
    });
    tree.flush().unwrap();
    commit(&tree, |batch| put(batch, 3, 2));
    commit(&tree, |batch| put(batch, 3, 3));
    tree
}

/// All that 3 and 4 ever said.
fn secrets() -> Vec<Vec<u8>> {
    let mut secrets = Vec::new();
    for (n, versions) in [(3, 4), (4, 2)] {
        for version in 0..versions {
            secrets.push(text(n, version).into_bytes());
            secrets.push(attributes(n, version).into_bytes());
            secrets.push(vector(n, version).as_bytes().to_vec());
        }
        secrets.push(key(n).into_bytes());
        secrets.push(id(n).as_bytes().to_vec());
    }
    for (a, b) in [(3, 1), (3, 4), (1, 3), (5, 4)] {
        secrets.push(fact_text(a, b).into_bytes());
        secrets.push(ConceptId::of_fact(id(a), KIND, id(b)).as_bytes().to_vec());
    }
    // As the index of words has them.
    secrets.extend([&b"quokka03"[..], b"xombat04"].map(<[u8]>::to_vec));
    secrets
}

/// How many of the secrets stand in files.
fn told(image: &Image) -> usize {
    let files: Vec<Vec<u8>> = image.names().map(|name| image.read(name).unwrap()).collect();
    let stands = |secret: &&Vec<u8>| {
        let is_it = |file: &Vec<u8>| {
            file.windows(secret.len()).any(|bytes| bytes[0] == secret[0] && bytes == **secret)
        };
        files.iter().any(is_it)
    };
    secrets().iter().filter(stands).count()
}

fn content(tree: &LsmTree<SimDir>) -> Content {
    let ids: BTreeSet<ConceptId> = (0..CONCEPTS).map(id).collect();
    let report = tree.verify(&mut |_| {}).unwrap();
    assert_eq!(report.damages, []);
    read_and_search(&tree.snapshot(), &ids).unwrap()
}

/// What the store should say afterwards: as if the two had only been deleted.
fn expected() -> Content {
    let tree = store(&SimDir::new());
    commit(&tree, |batch| [3, 4].iter().for_each(|n| batch.delete_concept(id(*n))));
    timeless(content(&tree))
}

/// Times are those of the clock.
fn timeless(mut content: Content) -> Content {
    for view in content.concepts.values_mut().chain(content.facts.values_mut()) {
        (view.created_at, view.updated_at, view.accessed_at) = (0, 0, 0);
    }
    content
}

fn erase(tree: &LsmTree<SimDir>) -> Result<EraseReport, LsmError> {
    tree.erase(&[id(3), id(4)])
}

#[test]
fn no_byte_of_an_erased_concept_is_left_in_any_file() {
    let dir = SimDir::new();
    let tree = store(&dir);
    assert!(tree.segments().unwrap().iter().any(|file| file.payload_only), "nothing stays home");
    assert_eq!(told(&dir.image()), secrets().len(), "the secrets are nowhere to begin with");
    let report = erase(&tree).unwrap();
    assert!(report.is_complete());
    assert_eq!((report.concepts, report.associations, report.shared), (2, 4, 0));
    // Of each version three, of each concept two, of each fact three: text, key and id.
    assert_eq!((report.searched, report.too_plain), (6 * 3 + 2 * 2 + 4 * 3, 0));
    let bytes: u64 = tree.segments().unwrap().iter().map(|file| file.file_bytes).sum();
    assert_eq!(report.bytes_searched, bytes);
    assert_eq!(told(&dir.image()), 0);
    assert_eq!(told(&dir.durable_image()), 0, "a power cut brings some back");
    assert_eq!(timeless(content(&tree)), expected());
    drop(tree);
    assert_eq!(timeless(content(&open(&dir))), expected());
    assert_eq!(told(&dir.image()), 0);
}

#[test]
fn what_is_only_in_the_journal_is_erased() {
    let dir = SimDir::new();
    let tree = open(&dir);
    commit(&tree, |batch| put(batch, 3, 0));
    commit(&tree, |batch| put(batch, 3, 1));
    let report = tree.erase(&[id(3)]).unwrap();
    assert_eq!((report.concepts, report.searched), (1, 8));
    assert_eq!((told(&dir.image()), report.is_complete()), (0, true));
    assert_eq!(tree.segments().unwrap(), []);
}

#[test]
fn a_concept_that_was_deleted_before_is_erased() {
    let dir = SimDir::new();
    let tree = store(&dir);
    commit(&tree, |batch| [3, 4].iter().for_each(|n| batch.delete_concept(id(*n))));
    tree.flush().unwrap();
    assert!(told(&dir.image()) > 0);
    let report = erase(&tree).unwrap();
    assert_eq!((report.concepts, report.associations), (0, 0));
    assert_eq!(told(&dir.image()), 0);
    assert_eq!(erase(&tree).unwrap().searched, 2, "only the ids are known");
    assert_eq!(tree.erase(&[]).unwrap(), EraseReport::default());
}

#[test]
fn files_that_a_snapshot_reads_are_told_and_go_with_it() {
    let dir = SimDir::new();
    let tree = store(&dir);
    let held = tree.snapshot();
    let report = erase(&tree).unwrap();
    assert!(!report.pending_files.is_empty() && !report.is_complete());
    assert!(told(&dir.image()) > 0);
    let concept = held.concept(&id(4)).unwrap().unwrap();
    assert_eq!(concept.content().unwrap(), Some(&*text(4, 1)));
    assert!(tree.snapshot().concept(&id(4)).unwrap().is_none());
    drop(held);
    assert!(erase(&tree).unwrap().is_complete());
    assert_eq!(told(&dir.image()), 0);
}

#[test]
fn what_others_say_as_well_stays_and_is_told() {
    let dir = SimDir::new();
    let tree = store(&dir);
    let (same, containing) = (attributes(4, 1), format!("It is said: {}.", text(3, 0)));
    let both = ConceptPut {
        content: Some(&containing),
        attributes: same.as_bytes(),
        vector: Some(&vector(3, 3)),
        ..ConceptPut::new(id(90))
    };
    commit(&tree, |batch| batch.put_concept(&both).unwrap());
    let report = erase(&tree).unwrap();
    assert_eq!((report.shared, report.is_complete()), (3, true));
    let found = tree.snapshot();
    let concept = found.concept(&id(90)).unwrap().unwrap();
    assert_eq!(concept.content().unwrap(), both.content);
    assert_eq!(concept.vector().unwrap(), both.vector);
}

#[test]
fn attributes_that_name_others_are_gone_though_the_others_stay() {
    let dir = SimDir::new();
    let tree = store(&dir);
    let (concept, ends) = (id(6), [id(7), id(0)].map(|id| *id.as_bytes()).concat());
    let of_another = ConceptPut { attributes: concept.as_bytes(), ..ConceptPut::new(id(95)) };
    let of_an_association = ConceptPut { attributes: &ends, ..ConceptPut::new(id(96)) };
    commit(&tree, |batch| {
        batch.put_association(AssociationRecord::new(id(7), id(0), KIND, 1.0)).unwrap();
        batch.put_concept(&of_another).unwrap();
        batch.put_concept(&of_an_association).unwrap();
    });
    let report = tree.erase(&[id(95), id(96)]).unwrap();
    assert_eq!((report.shared, report.is_complete()), (2, true));
}

#[test]
fn the_key_of_a_fact_is_not_taken_for_zeros_before_a_row() {
    let (nil, other) = (ConceptId::from_bytes([0; 16]), id(0));
    for kind in 0..8 {
        let tree = open(&SimDir::new());
        let kind = AssociationKind::from_code(kind);
        commit(&tree, |batch| {
            batch.put_concept(&ConceptPut::new(other)).unwrap();
            let mut record = AssociationRecord::new(nil, other, kind, 1.0);
            record.flags = U16::new(AssociationFlags::HAS_FACT);
            batch.put_association(record).unwrap();
            let key = FactKey { source: nil, target: other, kind: U16::new(kind.code()) };
            let fact = ConceptId::of_fact(nil, kind, other);
            let key = key.as_bytes();
            batch.put_concept(&ConceptPut { key, fact: true, ..ConceptPut::new(fact) }).unwrap();
        });
        tree.erase(&[nil]).unwrap();
    }
}

#[test]
fn an_erasure_that_leaves_something_says_where() {
    let dir = SimDir::new();
    let tree = store(&dir);
    sutra_lsm::planted::plant(Some(sutra_lsm::planted::Bug::ErasedStays));
    let error = erase(&tree).unwrap_err();
    sutra_lsm::planted::plant(None);
    let LsmError::NotErased { path, offset, .. } = &error else { panic!("{error}") };
    let name = sutra_fs::Name::new(path.file_name().unwrap().to_str().unwrap()).unwrap();
    let file = dir.image().read(&name).unwrap();
    let rest = &file[usize::try_from(*offset).unwrap()..];
    assert!(secrets().iter().any(|secret| rest.starts_with(secret)), "{error}");
    assert!(error.offset() == Some(*offset) && error.path() == Some(path));
}

/// The store as it is on disk, erased at last: nothing is left, and nothing else is missing.
fn check_goes_on(dir: &SimDir) {
    let tree = open(dir);
    let snapshot = tree.snapshot();
    let is_there = [3, 4].map(|n| snapshot.concept(&id(n)).unwrap().is_some());
    assert_eq!(is_there[0], is_there[1], "one of two is deleted");
    drop(snapshot);
    assert!(erase(&tree).unwrap().is_complete());
    assert_eq!(told(&dir.image()), 0);
    assert_eq!(timeless(content(&tree)), expected());
}

#[test]
fn an_erasure_that_fails_at_any_call_can_be_done_again() {
    let start = SimDir::new();
    drop(store(&start));
    let calls = |dir: &SimDir| {
        let tree = open(dir);
        let before = dir.op_count();
        erase(&tree).unwrap();
        before..dir.op_count()
    };
    for call in calls(&SimDir::from_image(&start.image())) {
        let dir = SimDir::from_image(&start.image());
        let tree = open(&dir);
        dir.fail_at(call, Fault::Eio, Times::Once);
        // A removal that fails is no error: the file is told.
        if erase(&tree).is_ok_and(|report| report.is_complete()) {
            assert_eq!(told(&dir.image()), 0, "call {call} fails, and nobody is told");
        }
        dir.clear_faults();
        drop(tree);
        check_goes_on(&dir);
    }
}

#[test]
fn an_erasure_that_the_power_cuts_off_can_be_done_again() {
    let dir = SimDir::new();
    drop(store(&dir));
    let dir = SimDir::from_image(&dir.image());
    let tree = open(&dir);
    let before = dir.op_count();
    erase(&tree).unwrap();
    let plan = CrashPlan {
        exhaustive_up_to: 2,
        family_max: 2,
        random: 1,
        tears: Tears::None,
        ..CrashPlan::new(Profile::PosixWeak)
    };
    let mut states = 0;
    for crash in dir.crashes_within(before..=dir.op_count(), &plan) {
        check_goes_on(&SimDir::from_image(&crash.image));
        states += 1;
    }
    assert!(states > 20, "only {states} states");
}
