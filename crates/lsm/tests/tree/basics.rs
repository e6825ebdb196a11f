//! The engine from outside: what is committed is there, whatever happens in between.

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_fs::OsDir;
use sutra_lsm::{CompactionConfig, ConceptPut, Durability, LSMTree, Touch, WriteBatch};

const KIND: AssociationKind = AssociationKind::CAUSAL;

fn id(n: u64) -> ConceptId {
    ConceptId::from_key(&n.to_string())
}

fn open(dir: &tempfile::TempDir) -> LSMTree {
    LSMTree::open(dir.path(), CompactionConfig::default()).expect("the store opens")
}

fn put(tree: &LSMTree, numbers: std::ops::Range<u64>) {
    let mut batch = WriteBatch::new();
    for n in numbers {
        let (key, content) = (n.to_string(), format!("concept {n}"));
        let vector = [n as f32, 1.0];
        let put = ConceptPut {
            content: Some(&content),
            key: key.as_bytes(),
            vector: Some(&vector),
            ..ConceptPut::new(id(n))
        };
        batch.put_concept(&put).expect("a good concept");
        let association = AssociationRecord::new(id(n), id(n + 1), KIND, 0.5);
        batch.put_association(association).expect("a good association");
    }
    tree.commit(batch, Durability::Sync).expect("committed");
}

#[track_caller]
fn check(tree: &LSMTree, numbers: std::ops::Range<u64>) {
    let snapshot = tree.snapshot();
    let ids: Vec<_> = numbers.clone().map(id).collect();
    let all = snapshot.concepts(&ids).expect("readable");
    for (n, found) in numbers.clone().zip(all) {
        for concept in [snapshot.concept(&id(n)).expect("readable"), found] {
            let concept = concept.expect("it is there");
            assert_eq!(concept.content().expect("readable"), Some(&*format!("concept {n}")));
            assert_eq!(concept.key().expect("readable"), n.to_string().as_bytes());
            assert_eq!(concept.vector().expect("readable"), Some(&[n as f32, 1.0][..]));
        }
        let outgoing = snapshot.outgoing(&id(n)).expect("readable");
        assert_eq!(outgoing.iter().map(|r| r.target).collect::<Vec<_>>(), [id(n + 1)]);
        let incoming = snapshot.incoming(&id(n + 1)).expect("readable");
        assert_eq!(incoming.iter().map(|r| r.source).collect::<Vec<_>>(), [id(n)]);
    }
    assert_eq!(snapshot.iter_concepts().expect("readable").count() as u64, numbers.end);
    assert_eq!(snapshot.iter_associations().expect("readable").count() as u64, numbers.end);
    assert_eq!(tree.verify(&mut |_| {}).expect("readable").damages, []);
}

#[test]
fn what_is_committed_is_there_before_and_after_every_step() {
    let dir = tempfile::tempdir().expect("a directory");
    let tree = open(&dir);
    put(&tree, 0..100);
    check(&tree, 0..100);
    tree.flush().expect("flushed");
    check(&tree, 0..100);
    for step in 1..6 {
        put(&tree, step * 100..(step + 1) * 100);
        tree.rotate_active_segment().expect("rotated");
        check(&tree, 0..(step + 1) * 100);
    }
    assert!(tree.needs_compaction());
    assert!(tree.compact_level(0).expect("compacted"));
    check(&tree, 0..600);
    put(&tree, 600..700);
    tree.close().expect("closed");
    let tree = open(&dir);
    check(&tree, 0..700);
    tree.compact_all().expect("compacted");
    check(&tree, 0..700);
    assert_eq!(tree.stats().total_segments, 1);
}

#[test]
fn a_writer_that_vanishes_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let tree = open(&dir);
    put(&tree, 0..10);
    let copy = tempfile::tempdir().expect("a directory");
    for entry in std::fs::read_dir(dir.path()).expect("listed") {
        let path = entry.expect("listed").path();
        let name = path.file_name().expect("a name");
        std::fs::copy(&path, copy.path().join(name)).expect("copied");
    }
    let reader = LSMTree::open_read_only(copy.path()).expect("opens");
    check(&reader, 0..10);
    let again = open(&copy);
    assert_eq!(again.recovery().commits, 1);
    check(&again, 0..10);
}

#[test]
fn deleting_a_concept_hides_its_associations_and_putting_it_again_does_not_bring_them_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let tree = open(&dir);
    put(&tree, 0..3);
    let step = |work: &dyn Fn(&LSMTree)| {
        work(&tree);
        let counts = || {
            let snapshot = tree.snapshot();
            let ends = [
                snapshot.outgoing(&id(0)).expect("readable").len(),
                snapshot.outgoing(&id(1)).expect("readable").len(),
                snapshot.incoming(&id(1)).expect("readable").len(),
                snapshot.incoming(&id(2)).expect("readable").len(),
            ];
            (snapshot.concept(&id(1)).expect("readable").is_some(), ends)
        };
        let before = counts();
        tree.flush().expect("flushed");
        assert_eq!(counts(), before, "a flush changes nothing");
        before
    };
    assert_eq!(step(&|_| {}), (true, [1, 1, 1, 1]));
    let delete = |tree: &LSMTree| {
        let mut batch = WriteBatch::new();
        batch.delete_concept(id(1));
        tree.commit(batch, Durability::Sync).expect("committed");
    };
    assert_eq!(step(&delete), (false, [0, 0, 0, 0]));
    let put_again = |tree: &LSMTree| {
        let mut batch = WriteBatch::new();
        batch.put_concept(&ConceptPut::new(id(1))).expect("a good concept");
        tree.commit(batch, Durability::Sync).expect("committed");
    };
    assert_eq!(step(&put_again), (true, [0, 0, 0, 0]));
    tree.compact_all().expect("compacted");
    assert_eq!(step(&|_| {}), (true, [0, 0, 0, 0]));
    assert_eq!(tree.stats().total_associations, 1, "what is hidden is dropped at the bottom");
}

#[test]
fn a_touch_changes_counters_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let tree = open(&dir);
    put(&tree, 0..2);
    for round in 1..=4 {
        let mut batch = WriteBatch::new();
        let touch = Touch { strength: Some(0.25), ..Touch::new(id(1)) };
        batch.touch(&touch).expect("a good touch");
        batch.touch(&Touch::new(id(77))).expect("a good touch");
        tree.commit(batch, Durability::Sync).expect("committed");
        if round % 2 == 0 {
            tree.flush().expect("flushed");
        }
        let snapshot = tree.snapshot();
        let concept = snapshot.concept(&id(1)).expect("readable").expect("there");
        assert_eq!(concept.record().access_count.get(), round);
        assert_eq!(concept.record().strength.get(), 0.25);
        assert_eq!(concept.record().confidence.get(), 1.0);
        assert!(snapshot.concept(&id(77)).expect("readable").is_none());
        drop(snapshot);
        check(&tree, 0..2);
    }
    tree.compact_all().expect("compacted");
    check(&tree, 0..2);
}

#[test]
fn a_second_writer_is_refused_and_a_reader_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let tree = open(&dir);
    put(&tree, 0..5);
    let refused = LSMTree::open(dir.path(), CompactionConfig::default()).err().expect("refused");
    assert!(refused.to_string().contains("another writer"), "{refused}");
    let reader = LSMTree::open_read_only(dir.path()).expect("opens");
    check(&reader, 0..5);
    let error = reader.commit(WriteBatch::new(), Durability::Sync).expect_err("refused");
    assert!(error.to_string().contains("for reading only"), "{error}");
    let nowhere = LSMTree::open_read_only(dir.path().join("nowhere")).err();
    assert!(nowhere.expect("refused").to_string().contains("nowhere"));
    let empty = tempfile::tempdir().expect("a directory");
    let error = sutra_lsm::LsmTree::open_read_only_in(OsDir::open(empty.path()).expect("opens"));
    assert!(error.err().expect("refused").to_string().contains("no store here"));
}

#[test]
fn opening_and_closing_an_idle_store_changes_no_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let list = || {
        let mut files: Vec<_> = std::fs::read_dir(dir.path())
            .expect("listed")
            .map(|entry| {
                let entry = entry.expect("listed");
                let bytes = std::fs::read(entry.path()).expect("readable");
                (entry.file_name(), bytes)
            })
            .collect();
        files.sort();
        files
    };
    let tree = open(&dir);
    put(&tree, 0..5);
    tree.close().expect("closed");
    let before = list();
    for _ in 0..5 {
        open(&dir).close().expect("closed");
    }
    assert!(list() == before);
}

#[test]
fn a_key_that_is_no_text_is_refused_when_it_is_put() {
    let put = ConceptPut { key: b"\xff", ..ConceptPut::new(id(1)) };
    let error = WriteBatch::new().put_concept(&put).expect_err("no text has this byte");
    assert_eq!(error.to_string(), "key: it is not UTF-8");
}
