//! Copies of a store: whole at every moment, of one moment, and only where they may go.

use std::collections::BTreeSet;

use sutra_format::ConceptId;
use sutra_fs::{Dir, ErrorKind, Name, OsDir};
use sutra_lsm::{
    BackupOptions, BackupReport, CompactionConfig, Durability, Environment, LSMTree, LsmError,
    LsmTree, StoreIdentity, restore,
};
use sutra_testkit::{CrashPlan, Fault, Image, Note, Profile, SimDir, Times};

use crate::content::{Content, read};
use crate::model::Change::{self, Associate, Delete, Put, PutIn, State, Touch};
use crate::workload::{Session, Stage, Step};

const SEGMENT_BYTES: u64 = 16 << 10;

fn put(n: u64) -> Change {
    Put { n, text: Some(60), vector: 3 }
}

fn commit(changes: Vec<Change>) -> Step {
    Step::Commit(Durability::Sync, changes)
}

/// Two segments of two levels and a journal, with everything that a store can hold.
fn first_steps() -> Vec<Step> {
    vec![
        commit((1..6).map(put).collect()),
        commit(vec![Associate(1, 1, 2), State(2, 2, 3), Associate(4, 1, 1)]),
        Step::Register("hypernym"),
        Step::Space("titles"),
        commit(vec![PutIn(20, 1), PutIn(21, 1)]),
        Step::CompactAll,
        commit(vec![Delete(3), Touch(2), put(6)]),
        Step::Flush,
        commit(vec![put(7), Touch(1)]),
    ]
}

/// What comes between two backups.
fn second_steps() -> Vec<Step> {
    vec![
        commit(vec![put(8), Delete(1), State(5, 3, 6)]),
        Step::Flush,
        commit(vec![put(4), Touch(8)]),
        Step::CompactLevel(0),
        commit(vec![put(9)]),
    ]
}

fn session(steps: &[Step]) -> Session {
    let mut session = Session::new(Stage::new(SimDir::new(), SEGMENT_BYTES));
    go_on(&mut session, steps);
    session
}

fn go_on(session: &mut Session, steps: &[Step]) {
    steps.iter().for_each(|step| session.step(step).unwrap());
}

fn tree(session: &Session) -> &LsmTree<SimDir> {
    session.tree.as_ref().unwrap()
}

fn backup(session: &Session, to: &SimDir) -> Result<BackupReport, LsmError> {
    tree(session).backup(to, &mut |_| {})
}

fn content(dir: SimDir, ids: &BTreeSet<ConceptId>) -> Content {
    let tree = LsmTree::open_read_only_in(dir).unwrap_or_else(|error| panic!("{error}"));
    let report = tree.verify(&mut |_| {}).unwrap();
    assert_eq!((report.damages, report.foreign), (vec![], vec![]));
    read(&tree.snapshot(), ids).unwrap()
}

#[track_caller]
fn check(session: &Session, image: &Image) {
    let history = &session.history;
    assert_eq!(content(SimDir::from_image(image), &history.ids), history.last().content);
    let written = Stage::new(SimDir::from_image(image), SEGMENT_BYTES);
    let tree = written.open().unwrap();
    assert_eq!(read(&tree.snapshot(), &history.ids).unwrap(), history.last().content);
    assert!(tree.kind_named("hypernym").is_some());
}

#[track_caller]
fn check_unfit(result: Result<BackupReport, LsmError>, reason: &str) {
    match result {
        Err(error @ LsmError::Unfit { .. }) => {
            assert!(error.to_string().contains(reason), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_backup_has_all_that_was_acknowledged_and_opens_as_a_store() {
    let session = session(&first_steps());
    let to = SimDir::new();
    let report = backup(&session, &to).unwrap();
    check(&session, &to.image());
    let files = tree(&session).segments().unwrap();
    let bytes: u64 = files.iter().map(|file| file.file_bytes).sum();
    let seq = session.history.last().seq;
    let expected = BackupReport {
        seq,
        files_copied: files.len(),
        bytes_copied: bytes,
        ..BackupReport::default()
    };
    assert_eq!(report, expected);
}

#[test]
fn a_second_backup_copies_what_is_new_and_drops_what_is_not_needed() {
    let mut session = session(&first_steps());
    let to = SimDir::new();
    let first = backup(&session, &to).unwrap();
    let again = backup(&session, &to).unwrap();
    assert_eq!((again.files_copied, again.files_kept), (0, first.files_copied));
    assert_eq!(again.bytes_kept, first.bytes_copied);
    check(&session, &to.image());
    go_on(&mut session, &[commit(vec![put(8)])]);
    let report = backup(&session, &to).unwrap();
    assert_eq!((report.files_copied, report.files_kept), (1, first.files_copied));
    check(&session, &to.image());
    go_on(&mut session, &[Step::CompactAll]);
    let report = backup(&session, &to).unwrap();
    assert!(report.files_copied == 1 && report.files_removed > 0, "{report:?}");
    check(&session, &to.image());
    let segments = to.list().unwrap().iter().filter(|n| n.as_str().starts_with("seg_")).count();
    assert_eq!(segments, tree(&session).segments().unwrap().len());
}

#[test]
fn a_power_cut_at_any_moment_of_a_backup_leaves_the_old_or_the_new_one() {
    let mut session = session(&first_steps());
    for incremental in [false, true] {
        let to = SimDir::new();
        let mut old = None;
        if incremental {
            backup(&session, &to).unwrap();
            old = Some(session.history.last().content.clone());
            go_on(&mut session, &second_steps());
        }
        let to = SimDir::from_image(&to.image());
        backup(&session, &to).unwrap();
        to.note(Note::Ack(1));
        let source = session.stage.dir.image();
        let new = &session.history.last().content;
        let mut met = [0, 0];
        for profile in [Profile::PosixWeak, Profile::Ext4Like] {
            for crash in to.crashes(&CrashPlan::new(profile)) {
                let is_new = after_crash(&session, &crash.image, old.as_ref(), new);
                assert!(is_new || crash.acked == 0, "a backup that was reported is gone");
                met[usize::from(is_new)] += 1;
            }
        }
        assert!(met.iter().all(|met| *met > 2), "{met:?}");
        assert_eq!(session.stage.dir.image(), source, "a backup changes nothing in the store");
    }
}

/// Looks at what a crash left, and backs up once more; says whether it is the new backup.
fn after_crash(session: &Session, image: &Image, old: Option<&Content>, new: &Content) -> bool {
    let ids = &session.history.ids;
    let found = match LsmTree::open_read_only_in(SimDir::from_image(image)) {
        Ok(tree) => Some(read(&tree.snapshot(), ids).unwrap()),
        Err(error) => {
            assert!(!image.contains(&name("manifest.json")), "refused: {error}");
            None
        }
    };
    let is_new = found.as_ref() == Some(new);
    assert!(is_new || found.as_ref() == old, "neither the old backup nor the new one");
    if let Some(found) = found {
        let stage = Stage::new(SimDir::from_image(image), SEGMENT_BYTES);
        assert_eq!(read(&stage.open().unwrap().snapshot(), ids).unwrap(), found);
    }
    let again = SimDir::from_image(image);
    backup(session, &again).unwrap();
    assert_eq!(content(again, ids), *new);
    is_new
}

#[test]
fn a_backup_that_fails_leaves_the_old_one_and_can_be_repeated() {
    let mut session = session(&first_steps());
    let to = SimDir::new();
    backup(&session, &to).unwrap();
    let (before, old) = (to.image(), session.history.last().content.clone());
    go_on(&mut session, &second_steps());
    let trial = SimDir::from_image(&before);
    backup(&session, &trial).unwrap();
    let ids = &session.history.ids;
    for op in 0..trial.op_count() {
        for (fault, times) in [(Fault::Eio, Times::Once), (Fault::Enospc, Times::Forever)] {
            let to = SimDir::from_image(&before);
            to.fail_at(op, fault, times);
            let result = backup(&session, &to);
            to.clear_faults();
            let found = content(SimDir::from_image(&to.image()), ids);
            let new = &session.history.last().content;
            assert!(found == *new || (found == old && result.is_err()), "operation {op}");
            backup(&session, &to).unwrap();
            assert_eq!(content(to, ids), *new);
        }
    }
    assert!(trial.op_count() > 20);
}

#[test]
fn commits_and_compactions_go_on_while_it_copies_and_do_not_show() {
    let mut session = session(&first_steps());
    go_on(&mut session, &[Step::Flush]);
    let source = tree(&session);
    let to = SimDir::new();
    let mut calls = 0;
    let progress = &mut |_| {
        calls += 1;
        let changes = [put(20 + calls), Delete(1), Touch(2)];
        source.commit(crate::workload::batch(9_000, &changes), Durability::Sync).unwrap();
        source.compact_all().unwrap();
    };
    source.backup(&to, progress).unwrap();
    assert!(calls >= 2, "it was called between files");
    check(&session, &to.image());
    let orphans = source.segments().unwrap().len();
    let names = session.stage.dir.list().unwrap();
    let files = names.iter().filter(|name| name.as_str().starts_with("seg_")).count();
    assert_eq!(files, orphans, "what was pinned goes when the backup is done");
}

#[test]
fn a_reader_backs_up_what_the_journal_has() {
    let mut session = session(&first_steps());
    let reader = LsmTree::open_read_only_in(session.stage.dir.clone()).unwrap();
    let before = session.stage.dir.op_count();
    let to = SimDir::new();
    let report = reader.backup(&to, &mut |_| {}).unwrap();
    assert_eq!(report.seq, session.history.last().seq);
    assert_eq!(session.stage.dir.op_count(), before, "a reader writes nothing");
    check(&session, &to.image());
    go_on(&mut session, &second_steps());
    let reader = LsmTree::open_read_only_in(session.stage.dir.clone()).unwrap();
    reader.backup(&to, &mut |_| {}).unwrap();
    check(&session, &to.image());
    session.close().unwrap();
    let reader = LsmTree::open_read_only_in(session.stage.dir.clone()).unwrap();
    reader.backup(&to, &mut |_| {}).unwrap();
    check(&session, &to.image());
}

#[test]
fn a_store_that_takes_no_more_writes_can_still_be_backed_up() {
    for (fault, times) in [(Fault::Eio, Times::Forever), (Fault::Enospc, Times::Forever)] {
        let session = session(&first_steps());
        session.stage.dir.fail_at(session.stage.dir.op_count(), fault, times);
        assert!(tree(&session).flush().is_err());
        let to = SimDir::new();
        backup(&session, &to).unwrap();
        check(&session, &to.image());
    }
}

#[test]
fn only_an_empty_directory_or_an_earlier_backup_takes_one() {
    let session = session(&first_steps());
    let foreign = SimDir::new();
    sutra_fs::publish(&foreign, &name("letter.txt"), b"mine").unwrap();
    let before = foreign.image();
    check_unfit(backup(&session, &foreign), "neither empty nor a backup");
    assert_eq!(foreign.image(), before, "not even a lock file is left");

    let mut other = Stage::new(SimDir::new(), SEGMENT_BYTES).open().unwrap();
    drop(other);
    let stage = Stage::new(SimDir::new(), SEGMENT_BYTES);
    let environment = Environment { entropy: Some(8), ..Environment::default() };
    other = LsmTree::open_in(stage.dir.clone(), stage.config.clone(), environment).unwrap();
    other.close().unwrap();
    check_unfit(backup(&session, &stage.dir), "another store");

    let written = SimDir::new();
    backup(&session, &written).unwrap();
    Stage::new(written.clone(), SEGMENT_BYTES).open().unwrap().close().unwrap();
    check_unfit(backup(&session, &written), "opened for writing since");

    let own = backup(&session, &session.stage.dir);
    check_unfit(own, "this is no backup");
}

#[test]
fn one_backup_at_a_time_goes_into_a_directory() {
    let session = session(&first_steps());
    let to = SimDir::new();
    let _lock = to.lock(&name("lock")).unwrap();
    let error = backup(&session, &to).unwrap_err();
    assert_eq!(error.fs().map(|fs| fs.kind), Some(ErrorKind::Locked));
}

#[test]
fn a_copy_is_known_by_its_content_and_not_by_its_name() {
    let session = session(&first_steps());
    let to = SimDir::new();
    backup(&session, &to).unwrap();
    let whole = to.image();
    let segments: Vec<Name> =
        whole.names().filter(|name| name.as_str().starts_with("seg_")).cloned().collect();
    assert!(segments.len() >= 2);
    for name in &segments {
        let length = whole.length(name);
        // In the header, in the sums, at the end; cut; and exchanged for another file.
        let mut images: Vec<Image> = Vec::new();
        for byte in [16, 200, length - 40, length - 1] {
            images.push(whole.clone());
            images.last_mut().unwrap().flip(name, byte * 8);
        }
        images.push(whole.clone());
        images.last_mut().unwrap().truncate(name, length - 1);
        images.push(whole.clone());
        let other = segments.iter().find(|other| *other != name).unwrap();
        images.last_mut().unwrap().put(name, &whole.read(other).unwrap());
        for image in images {
            let to = SimDir::from_image(&image);
            let report = backup(&session, &to).unwrap();
            assert_eq!(report.files_copied, 1, "{name}");
            check(&session, &to.image());
        }
    }
}

#[test]
fn damage_in_the_store_stops_the_backup_and_is_named() {
    let mut session = session(&first_steps());
    let to = SimDir::new();
    backup(&session, &to).unwrap();
    let (before, old) = (to.image(), session.history.last().content.clone());
    go_on(&mut session, &[commit(vec![put(8)])]);
    session.close().unwrap();
    let mut image = session.stage.dir.image();
    let newest = image.names().filter(|name| name.as_str().starts_with("seg_")).last();
    let newest = newest.unwrap().clone();
    image.flip(&newest, 4096 * 8);
    let reader = LsmTree::open_read_only_in(SimDir::from_image(&image)).unwrap();
    let to = SimDir::from_image(&before);
    let error = reader.backup(&to, &mut |_| {}).unwrap_err();
    assert!(error.is_corruption() && error.path().unwrap().ends_with(newest.as_str()), "{error}");
    assert_eq!(content(to, &session.history.ids), old);
}

#[test]
fn a_restored_store_goes_on_by_itself() {
    let mut session = session(&first_steps());
    let backups = SimDir::new();
    backup(&session, &backups).unwrap();
    let (new, kept) = (SimDir::new(), SimDir::new());
    for (to, identity) in [(&new, StoreIdentity::New), (&kept, StoreIdentity::Kept)] {
        let environment = Environment { entropy: Some(99), ..Environment::default() };
        restore(backups.clone(), to, identity, &environment, &mut |_| {}).unwrap();
        check(&session, &to.image());
        let again = restore(backups.clone(), to, identity, &environment, &mut |_| {});
        check_unfit(again, "not empty");
    }
    go_on(&mut session, &second_steps());
    let restored = Stage::new(new, SEGMENT_BYTES).open().unwrap();
    restored.commit(crate::workload::batch(9_000, &[put(30)]), Durability::Sync).unwrap();
    restored.compact_all().unwrap();
    assert_eq!(restored.verify(&mut |_| {}).unwrap().damages, []);
    check_unfit(restored.backup(&backups, &mut |_| {}), "another store");
    let restored = Stage::new(kept, SEGMENT_BYTES).open().unwrap();
    restored.commit(crate::workload::batch(9_000, &[put(30)]), Durability::Sync).unwrap();
    let report = restored.backup(&backups, &mut |_| {}).unwrap();
    assert!(report.files_kept > 0 && report.files_copied == 1, "{report:?}");
}

#[test]
fn a_backup_on_the_file_system_is_made_beside_a_writer_and_read_by_the_next() {
    let place = tempfile::tempdir().unwrap();
    let [store, backups] = ["store", "backups"].map(|name| place.path().join(name));
    let tree = LSMTree::open(&store, CompactionConfig::default()).unwrap();
    let changes: Vec<Change> = (0..300).map(put).collect();
    tree.commit(crate::workload::batch(1_000, &changes), Durability::Sync).unwrap();
    let reader = LSMTree::open_read_only(&store).unwrap();
    let mut bytes = 0;
    let to = OsDir::create(&backups).unwrap();
    reader.backup(&to, &mut |_| {}).unwrap();
    let report = tree.backup(&to, &mut |more| bytes += more).unwrap();
    assert_eq!(bytes, report.bytes_copied + report.bytes_kept);
    let copy = LSMTree::open_read_only(&backups).unwrap();
    assert_eq!(copy.snapshot().iter_concepts().unwrap().count(), 300);
}

/// A backup that links.
fn link(session: &Session, to: &SimDir) -> Result<BackupReport, LsmError> {
    tree(session).backup_with(to, BackupOptions { link: true }, &mut |_| {})
}

#[test]
fn a_linked_backup_survives_a_power_cut_at_any_moment() {
    let mut session = session(&first_steps());
    let to = SimDir::new();
    let first = link(&session, &to).unwrap();
    assert!(first.files_linked >= 2 && first.files_copied == 0, "{first:?}");
    check(&session, &to.image());
    let old = session.history.last().content.clone();
    go_on(&mut session, &second_steps());
    let to = SimDir::from_image(&to.image());
    let second = link(&session, &to).unwrap();
    assert!(second.files_linked > 0 && second.files_copied == 0, "{second:?}");
    to.note(Note::Ack(1));
    let new = &session.history.last().content;
    let mut met = [0, 0];
    for profile in [Profile::PosixWeak, Profile::Ext4Like] {
        for crash in to.crashes(&CrashPlan::new(profile)) {
            let is_new = after_crash(&session, &crash.image, Some(&old), new);
            assert!(is_new || crash.acked == 0, "a backup that was reported is gone");
            met[usize::from(is_new)] += 1;
        }
    }
    assert!(met.iter().all(|met| *met > 2), "{met:?}");
}

#[test]
fn what_cannot_be_linked_is_copied() {
    let session = session(&first_steps());
    let trial = SimDir::new();
    let whole = link(&session, &trial).unwrap();
    let mut copied = 0;
    for op in 0..trial.op_count() {
        let to = SimDir::new();
        to.fail_at(op, Fault::Eio, Times::Once);
        if let Ok(report) = link(&session, &to) {
            let files = report.files_linked + report.files_copied;
            assert_eq!(files, whole.files_linked, "operation {op}");
            copied += report.files_copied;
            check(&session, &to.image());
        }
    }
    assert!(copied >= whole.files_linked, "each once");
}

#[test]
fn links_are_the_files_of_the_store_and_outlive_them() {
    use std::os::unix::fs::MetadataExt;
    let place = tempfile::tempdir().unwrap();
    let [store, backups] = ["store", "backups"].map(|name| place.path().join(name));
    let tree = LSMTree::open(&store, CompactionConfig::default()).unwrap();
    for n in [0, 100] {
        let changes: Vec<Change> = (n..n + 100).map(put).collect();
        tree.commit(crate::workload::batch(1_000 + n, &changes), Durability::Sync).unwrap();
        tree.flush().unwrap();
    }
    let to = OsDir::create(&backups).unwrap();
    let report = tree.backup_with(&to, BackupOptions { link: true }, &mut |_| {}).unwrap();
    assert_eq!((report.files_linked, report.files_copied), (2, 0));
    for file in tree.segments().unwrap() {
        let name = format!("seg_{:08}.dat", file.segment_id);
        let [a, b] = [&store, &backups].map(|dir| dir.join(&name).metadata().unwrap());
        assert_eq!((a.ino(), a.nlink()), (b.ino(), 2), "{name}");
    }
    // One that was cut off before its manifest is made again, with the same files.
    std::fs::remove_file(backups.join("manifest.json")).unwrap();
    let again = tree.backup_with(&to, BackupOptions { link: true }, &mut |_| {}).unwrap();
    assert_eq!((again.files_linked, again.files_kept), (1, 1));
    assert!(to.list().unwrap().iter().all(|name| !name.as_str().ends_with(".tmp")));
    for file in tree.segments().unwrap() {
        let path = backups.join(format!("seg_{:08}.dat", file.segment_id));
        assert_eq!(path.metadata().unwrap().nlink(), 2);
    }
    tree.compact_all().unwrap();
    let copy = LSMTree::open_read_only(&backups).unwrap();
    assert_eq!(copy.verify(&mut |_| {}).unwrap().damages, []);
    assert_eq!(copy.snapshot().iter_concepts().unwrap().count(), 200);
    let plain = tree.backup(&to, &mut |_| {}).unwrap();
    assert_eq!((plain.files_copied, plain.files_removed), (1, 2), "{plain:?}");
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}
