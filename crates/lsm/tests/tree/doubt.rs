//! What a call left behind that failed in doubt: what a later one finds there is made durable
//! before anything relies on it.

use sutra_format::ConceptId;
use sutra_fs::Name;
use sutra_lsm::{
    Background, BackupOptions, CompactionConfig, ConceptPut, Durability, Environment, LsmError,
    LsmTree, Retention, WriteBatch,
};
use sutra_testkit::{CrashPlan, Fault, Image, Note, Op, Profile, SimDir, Tears, Times};

const KIND: &str = "hypernym";

fn open(dir: &SimDir) -> LsmTree<SimDir> {
    let environment =
        Environment { entropy: Some(1), background: Background::Manual, ..Environment::default() };
    LsmTree::open_in(dir.clone(), CompactionConfig::default(), environment).unwrap()
}

fn put(tree: &LsmTree<SimDir>, key: &str) {
    let mut batch = WriteBatch::new();
    batch.put_concept(&ConceptPut::new(ConceptId::from_key(key))).unwrap();
    tree.commit(batch, Durability::Sync).unwrap();
}

/// A store that was closed: one segment and no journal.
fn store() -> Image {
    let dir = SimDir::new();
    let tree = open(&dir);
    put(&tree, "first");
    tree.close().unwrap();
    dir.image()
}

/// Every image that a power cut can leave from the first acknowledgement on.
fn after_ack(dir: &SimDir) -> impl Iterator<Item = Image> {
    let plans = [Profile::PosixWeak, Profile::Ext4Like].map(CrashPlan::new);
    let all: Vec<_> = plans.iter().flat_map(|plan| dir.crashes(plan)).collect();
    all.into_iter().filter(|crash| crash.acked > 0).map(|crash| crash.image)
}

#[test]
fn a_kind_is_known_only_once_its_name_is_durable() {
    let image = store();
    let trial = SimDir::from_image(&image);
    let tree = open(&trial);
    let first = trial.op_count();
    tree.register_kinds(&[KIND]).unwrap();
    let last = trial.op_count();
    let mut in_doubt = 0;
    for op in first..last {
        let dir = SimDir::from_image(&image);
        let tree = open(&dir);
        dir.fail_at(op, Fault::Eio, Times::Once);
        tree.register_kinds(&[KIND]).unwrap_err();
        let again = tree.register_kinds(&[KIND]);
        assert!(matches!(again, Err(LsmError::Poisoned { .. })), "{again:?}");
        drop(tree);

        let tree = open(&dir);
        in_doubt += u64::from(tree.kind_named(KIND).is_some());
        let kind = tree.register_kinds(&[KIND]).unwrap()[0];
        dir.note(Note::Ack(1));
        let mut images = 0;
        for image in after_ack(&dir) {
            let after = open(&SimDir::from_image(&image));
            assert_eq!(after.kind_named(KIND), Some(kind), "operation {op}");
            images += 1;
        }
        assert!(images > 0);
        drop(tree);
    }
    assert_eq!(in_doubt, 1, "the sync of the directory behind the rename");
}

/// A closed store of which nothing is left but the number of the last commit.
fn empty_store() -> Image {
    let dir = SimDir::from_image(&store());
    let tree = open(&dir);
    let mut batch = WriteBatch::new();
    batch.delete_concept(ConceptId::from_key("first"));
    tree.commit(batch, Durability::Sync).unwrap();
    tree.compact_all().unwrap();
    tree.close().unwrap();
    dir.image()
}

#[test]
fn a_retention_holds_only_once_it_is_durable() {
    let all = [Retention::Latest, Retention::Window(9), Retention::Versions(2), Retention::Forever];
    let changes = all.iter().flat_map(|from| all.iter().map(move |to| (*from, *to)));
    for ((from, to), image) in
        changes.flat_map(|change| [(change, store()), (change, empty_store())])
    {
        let dir = SimDir::from_image(&image);
        let tree = open(&dir);
        tree.set_retention(from).unwrap();
        tree.close().unwrap();
        let in_doubt = retain_in_doubt(&dir.image(), from, to);
        assert_eq!(in_doubt, u64::from(from != to), "from {from:?} to {to:?}");
    }
}

/// Of a killed writer the journal is not durable, but the segment is that the next one makes of it.
#[test]
fn a_recovery_goes_past_segments_of_one_that_was_cut() {
    let dir = SimDir::new();
    let tree = open(&dir);
    put(&tree, "first");
    let mut batch = WriteBatch::new();
    batch.put_concept(&ConceptPut::new(ConceptId::from_key("second"))).unwrap();
    tree.commit(batch, Durability::Buffered).unwrap();
    dir.kill(|| drop(tree));
    let killed = dir.op_count();
    drop(open(&dir));

    let plan = CrashPlan { tears: Tears::None, ..CrashPlan::new(Profile::PosixWeak) };
    let crashes = dir.crashes_within(killed..=dir.op_count(), &plan).map(|crash| crash.image);
    let with_both = crashes.filter(|image| has(image, "journal_") && has(image, "seg_"));
    let mut ahead = 0;
    for image in with_both {
        let dir = SimDir::from_image(&image);
        let tree = open(&dir);
        let commits = tree.snapshot().seq();
        ahead += u64::from(commits == 1);
        for crash in dir.crashes(&plan) {
            assert_eq!(open(&SimDir::from_image(&crash.image)).snapshot().seq(), commits);
        }
    }
    assert!(ahead > 0, "no segment held more than the journal");
}

fn has(image: &Image, start: &str) -> bool {
    image.names().any(|name| name.to_string().starts_with(start))
}

/// Changes retention by a call of which each operation fails once, and again by a later writer. Says
/// how often that one found it changed.
fn retain_in_doubt(image: &Image, from: Retention, to: Retention) -> u64 {
    let trial = SimDir::from_image(image);
    let tree = open(&trial);
    let first = trial.op_count();
    tree.set_retention(to).unwrap();
    let mut in_doubt = 0;
    for op in first..trial.op_count() {
        let dir = SimDir::from_image(image);
        let tree = open(&dir);
        dir.fail_at(op, Fault::Eio, Times::Once);
        let _ = tree.set_retention(to); // Removing what is needed no longer may fail.
        drop(tree);

        let tree = open(&dir);
        let failed_last = matches!(dir.ops()[op].op, Op::SyncDir);
        in_doubt += u64::from(failed_last && from != to && tree.retention() == to);
        tree.set_retention(to).unwrap();
        dir.note(Note::Ack(1));
        for image in after_ack(&dir) {
            let after = open(&SimDir::from_image(&image));
            assert_eq!(after.retention(), to, "from {from:?}, operation {op}");
        }
    }
    in_doubt
}

#[test]
fn a_kind_that_is_durable_is_known_without_writing() {
    let dir = SimDir::from_image(&store());
    let tree = open(&dir);
    tree.register_kinds(&[KIND]).unwrap();
    let before = dir.op_count();
    tree.register_kinds(&[KIND]).unwrap();
    assert_eq!(dir.op_count(), before, "it was published by this session");
    tree.close().unwrap();
    let tree = open(&dir);
    tree.register_kinds(&[KIND]).unwrap();
    let before = dir.op_count();
    tree.register_kinds(&[KIND]).unwrap();
    assert_eq!(dir.op_count(), before, "once in a session is enough");
    let reader = LsmTree::open_read_only_in(dir.clone()).unwrap();
    reader.register_kinds(&[KIND]).unwrap();
    assert_eq!(dir.op_count(), before, "a reader says what it reads, and writes nothing");
}

#[test]
fn a_backup_takes_no_file_on_trust_whose_name_may_not_be_durable() {
    let source = SimDir::from_image(&store());
    let tree = open(&source);
    put(&tree, "second");
    tree.flush().unwrap();
    for link in [false, true] {
        fail_everywhere(&tree, BackupOptions { link });
    }
}

/// Each call fails once while a backup is made, and then it is made again.
fn fail_everywhere(tree: &LsmTree<SimDir>, options: BackupOptions) {
    let trial = SimDir::new();
    tree.backup_with(&trial, options, &mut |_| {}).unwrap();
    let mut kept = 0;
    for op in 0..trial.op_count() {
        let to = SimDir::new();
        to.fail_at(op, Fault::Eio, Times::Once);
        if tree.backup_with(&to, options, &mut |_| {}).is_ok() {
            continue; // What failed was a link, which became a copy, or tidying up.
        }
        let report = tree.backup_with(&to, options, &mut |_| {}).unwrap();
        kept += report.files_kept;
        to.note(Note::Ack(1));
        for image in after_ack(&to) {
            let what = format!("operation {op}: {image:?}");
            assert!(image.contains(&Name::new("manifest.json").unwrap()), "{what}");
            let copy = LsmTree::open_read_only_in(SimDir::from_image(&image));
            let copy = copy.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(copy.verify(&mut |_| {}).unwrap().damages, [], "{what}");
            assert_eq!(copy.snapshot().iter_concepts().unwrap().count(), 2);
        }
    }
    assert!(kept > 0, "what was copied is not copied again");
}
