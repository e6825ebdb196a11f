//! The directory that a copy goes into, cut off at any moment: the copy is whole or not there, and
//! where there was a backup before, that one is. What is copied from is never written to.

use std::collections::BTreeSet;
use std::sync::Arc;

use sutra_format::ConceptId;
use sutra_lsm::Durability::{None as Unsynced, Sync};
use sutra_lsm::{Environment, LsmError, LsmTree, SalvageOptions, StoreIdentity, restore, salvage};
use sutra_testkit::{CrashPlan, Image, Note, Profile, SimDir};

use crate::content::{Content, read, read_and_search};
use crate::model::Change::{Associate, Delete, Put, State, Touch};
use crate::workload::{Moment, Session, Stage, Step};

/// Of so many images, one takes another backup.
const GO_ON_EVERY: u64 = 16;

fn put(n: u64) -> crate::model::Change {
    Put { n, text: Some(300), vector: 3 }
}

/// A store that was killed: segments of two levels, kinds, a journal in use.
fn session() -> Session {
    let steps = [
        Step::Commit(Sync, (1..6).map(put).collect()),
        Step::Commit(Sync, vec![Associate(1, 1, 2), State(2, 2, 3)]),
        Step::Register("hypernym"),
        Step::CompactAll,
        Step::Commit(Sync, vec![Delete(3), Touch(2), put(6)]),
        Step::Flush,
        Step::Commit(Unsynced, vec![put(7), Touch(1)]),
        Step::Commit(Sync, vec![put(8)]),
    ];
    let mut session = Session::new(Stage::new(SimDir::new(), 16 << 10));
    steps.iter().for_each(|step| session.step(step).unwrap());
    session
}

fn environment() -> Environment {
    Environment { entropy: Some(11), ..Environment::default() }
}

/// A reader of the image must find one of these moments, or, where nothing may be, no store.
fn check(session: &Session, image: &Image, may_be: &[Option<Moment>]) {
    let dir = SimDir::from_image(image);
    match LsmTree::open_read_only_in(dir.clone()) {
        Ok(tree) => {
            let (snapshot, ids) = (tree.snapshot(), &session.history.ids);
            let found = may_be.iter().flatten().find(|moment| moment.seq == snapshot.seq());
            let found = found.unwrap_or_else(|| panic!("a copy at {}", snapshot.seq()));
            let content = match read_and_search(&snapshot, ids) {
                // Whoever was salvaging did not come to the words.
                Err(LsmError::NotIndexed { .. }) if may_be.contains(&None) => {
                    assert_eq!(index_and_search(&dir.image(), ids), found.content);
                    read(&snapshot, ids).unwrap()
                }
                content => content.unwrap(),
            };
            assert_eq!(content, found.content, "a copy that is not whole");
            assert!(tree.kind_named("hypernym").is_some());
            assert_eq!(tree.verify(&mut |_| {}).unwrap().damages, []);
        }
        Err(error) => {
            let is_absent = matches!(error, LsmError::NoStore { .. });
            assert!(is_absent && may_be.contains(&None), "refuses to open: {error}");
        }
    }
    assert_eq!(dir.op_count(), 0, "a reader changes nothing");
}

/// What is found in a store once it is compacted, as it asks for.
fn index_and_search(image: &Image, ids: &BTreeSet<ConceptId>) -> Content {
    let stage = Stage::new(SimDir::from_image(image), 16 << 10);
    let tree = stage.open().unwrap();
    tree.compact_all().unwrap();
    read_and_search(&tree.snapshot(), ids).unwrap()
}

/// Every power cut over the directory `to`, where copy number `n` is moment `n` of these.
fn cut(
    session: &Session,
    to: &SimDir,
    moments: &[Option<Moment>],
    go_on: impl Fn(&Image),
) -> usize {
    let mut images = 0;
    for profile in [Profile::PosixWeak, Profile::Ext4Like] {
        for crash in to.crashes(&CrashPlan::new(profile)) {
            let [acked, issued] = [crash.acked, crash.issued].map(|n| usize::try_from(n).unwrap());
            check(session, &crash.image, &moments[acked..=issued]);
            if crash.image.fingerprint().is_multiple_of(GO_ON_EVERY) {
                go_on(&crash.image);
            }
            images += 1;
        }
    }
    images
}

#[test]
fn a_cut_leaves_of_backups_the_one_before_or_the_new_one_whole() {
    let (mut session, to) = (session(), SimDir::new());
    session.backups = to.clone();
    let mut moments = vec![None];
    let rounds = [
        vec![],
        vec![Step::Commit(Sync, vec![put(9), Delete(1)]), Step::Flush],
        vec![Step::Commit(Sync, vec![put(10), Touch(9)]), Step::CompactAll],
    ];
    for (number, steps) in (1..).zip(rounds) {
        steps.iter().for_each(|step| session.step(step).unwrap());
        moments.push(Some(session.history.last().clone()));
        to.note(Note::Issue(number));
        session.step(&Step::Backup(vec![])).unwrap();
        to.note(Note::Ack(number));
    }
    let source = session.stage.dir.image();
    let images = cut(&session, &to, &moments, |image| {
        // The next backup goes into what was left.
        let dir = SimDir::from_image(image);
        session.tree.as_ref().unwrap().backup(&dir, &mut |_| {}).unwrap();
        check(&session, &dir.image(), &moments[3..]);
    });
    assert!(images > 500, "only {images} images");
    assert!(
        session.stage.dir.image() == source,
        "a backup of a flushed store writes nothing there"
    );
}

/// Restores or salvages, with a cut at any moment.
fn cut_copy(copy: impl Fn(SimDir, SimDir) -> Result<(), LsmError>) {
    let mut session = session();
    session.abandon();
    let (from, to) = (session.stage.dir.clone(), SimDir::new());
    let (before, ops) = (from.image(), from.op_count());
    to.note(Note::Issue(1));
    copy(from.clone(), to.clone()).unwrap();
    to.note(Note::Ack(1));
    let moments = [None, Some(session.history.last().clone())];
    let images = cut(&session, &to, &moments, |_| {});
    assert!(images > 100, "only {images} images");
    // A copy that fails at any of its calls leaves the same.
    for call in 0..to.op_count() {
        let to = SimDir::new();
        to.fail_at(call, sutra_testkit::Fault::Enospc, sutra_testkit::Times::Forever);
        if copy(from.clone(), to.clone()).is_err() {
            check(&session, &to.image(), &moments);
        }
    }
    assert_eq!(from.op_count(), ops, "what is copied from is not written to");
    assert!(from.image() == before);
}

#[test]
fn a_cut_leaves_a_restored_store_whole_or_none() {
    cut_copy(|from, to| {
        restore(from, &to, StoreIdentity::New, &environment(), &mut |_| {}).map(drop)
    });
}

#[test]
fn a_cut_leaves_a_salvaged_store_whole_or_none() {
    cut_copy(|from, to| {
        let options = SalvageOptions::default();
        salvage(&Arc::new(from), to, options, &environment(), &mut |_| {}).map(drop)
    });
}
