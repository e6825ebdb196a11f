//! Vector spaces: registered once and for good, and never mixed.

use std::path::Path;

use sutra_format::ConceptId;
use sutra_fs::Name;
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, LSMTree, LsmError, LsmTree,
    Snapshot, VectorQuery, WriteBatch,
};
use sutra_manifest::{Manifest, Metric, SpaceError, VectorSpace};
use sutra_testkit::{CrashPlan, Fault, Image, Note, Profile, SimDir, Times};

fn titles() -> VectorSpace {
    VectorSpace::new("titles", 3).metric(Metric::Dot).model("a model")
}

fn id(key: &str) -> ConceptId {
    ConceptId::from_key(key)
}

fn batch(key: &str, space: u16, vector: &[f32]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    let put = ConceptPut { vector: Some(vector), space, ..ConceptPut::new(id(key)) };
    batch.put_concept(&put).unwrap();
    batch
}

fn open(dir: &SimDir) -> LsmTree<SimDir> {
    let environment =
        Environment { entropy: Some(1), background: Background::Manual, ..Environment::default() };
    LsmTree::open_in(dir.clone(), CompactionConfig::default(), environment).unwrap()
}

/// A store that was closed: one segment and no journal.
fn store() -> Image {
    let dir = SimDir::new();
    let tree = open(&dir);
    tree.commit(batch("first", 0, &[1.0]), Durability::Sync).unwrap();
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
fn a_space_is_known_only_once_it_is_durable() {
    let image = store();
    let trial = SimDir::from_image(&image);
    let tree = open(&trial);
    let first = trial.op_count();
    assert_eq!(tree.register_spaces(&[titles()]).unwrap(), [1]);
    let last = trial.op_count();
    let mut in_doubt = 0;
    for op in first..last {
        let dir = SimDir::from_image(&image);
        let tree = open(&dir);
        dir.fail_at(op, Fault::Eio, Times::Once);
        tree.register_spaces(&[titles()]).unwrap_err();
        assert_eq!(tree.snapshot().vector_spaces(), []);
        let again = tree.register_spaces(&[titles()]);
        assert!(matches!(again, Err(LsmError::Poisoned { .. })), "{again:?}");
        drop(tree);

        let tree = open(&dir);
        in_doubt += u64::from(tree.snapshot().space_named("titles").is_some());
        assert_eq!(tree.register_spaces(&[titles()]).unwrap(), [1]);
        dir.note(Note::Ack(1));
        let mut images = 0;
        for image in after_ack(&dir) {
            let after = open(&SimDir::from_image(&image));
            assert_eq!(after.snapshot().vector_spaces(), [titles()], "operation {op}");
            assert_eq!(after.verify(&mut |_| {}).unwrap().damages, []);
            images += 1;
        }
        assert!(images > 0);
        drop(tree);
    }
    assert_eq!(in_doubt, 1, "the sync of the directory behind the rename");
}

#[test]
fn a_space_that_is_durable_is_known_without_writing() {
    let dir = SimDir::from_image(&store());
    let tree = open(&dir);
    for is_first in [true, false] {
        let before = dir.op_count();
        assert_eq!(tree.register_spaces(&[titles()]).unwrap(), [1]);
        assert_eq!(dir.op_count() > before, is_first);
    }
    let reader = LsmTree::open_read_only_in(dir.clone()).unwrap();
    let before = dir.op_count();
    assert_eq!(reader.register_spaces(&[titles()]).unwrap(), [1]);
    assert_eq!(dir.op_count(), before, "a reader says what it reads, and writes nothing");
    let new = reader.register_spaces(&[VectorSpace::new("new", 3)]);
    assert!(matches!(new, Err(LsmError::ReadOnly)), "{new:?}");
}

#[test]
fn several_spaces_are_registered_all_or_none() {
    let dir = SimDir::from_image(&store());
    let tree = open(&dir);
    let before = dir.op_count();
    let other = VectorSpace { dimension: 4, ..titles() };
    let error = tree.register_spaces(&[titles(), other.clone()]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&titles().to_string()) && text.contains(&other.to_string()), "{text}");
    let LsmError::Space(error) = error else { panic!("{error}") };
    assert_eq!(*error, SpaceError::Different { known: titles(), asked: other });
    let nameless = tree.register_spaces(&[titles(), VectorSpace::new("", 3)]).unwrap_err();
    assert!(matches!(nameless, LsmError::Space(error) if *error == SpaceError::Nameless));
    assert_eq!((tree.snapshot().vector_spaces().len(), dir.op_count()), (0, before));
    let two = [titles(), VectorSpace::new("other", 65_536)];
    assert_eq!(tree.register_spaces(&two).unwrap(), [1, 2]);
    assert_eq!(tree.snapshot().vector_spaces(), two);
}

#[test]
fn what_does_not_fit_a_space_is_refused_and_nothing_is_written() {
    let dir = SimDir::from_image(&store());
    let tree = open(&dir);
    tree.register_spaces(&[titles()]).unwrap();
    tree.commit(batch("good", 1, &[1.0; 3]), Durability::Sync).unwrap();
    let (before, seq) = (dir.op_count(), tree.snapshot().seq());
    let refuse = |space, vector: &[f32], parts: [&str; 2]| {
        let mut both = batch("never", 0, &[1.0]);
        let put = ConceptPut { vector: Some(vector), space, ..ConceptPut::new(id("misfit")) };
        both.put_concept(&put).unwrap();
        let error = tree.commit(both, Durability::Sync).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    };
    refuse(2, &[1.0; 3], ["no vector space has the code 2", "register it"]);
    refuse(u16::MAX, &[1.0; 3], ["the code 65535", "register it"]);
    refuse(1, &[1.0; 2], ["the vector has 2 values", "\"titles\""]);
    assert_eq!((dir.op_count(), tree.snapshot().seq()), (before, seq));
    assert!(tree.snapshot().concept(&id("never")).unwrap().is_none());
    let mut bare = WriteBatch::new();
    let without = ConceptPut { space: 1, ..ConceptPut::new(id("bare")) };
    let error = bare.put_concept(&without).unwrap_err().to_string();
    assert!(error.contains("without a vector"), "{error}");
    tree.commit(batch("good", 1, &[2.0; 3]), Durability::Sync).unwrap();
}

fn scores<D: sutra_fs::Dir>(snapshot: &Snapshot<D>, space: u16, vector: &[f32]) -> Vec<f32> {
    let query =
        VectorQuery { vector, space, limit: 10, effort: Default::default(), min_score: None };
    snapshot.search_vectors(&query, None).unwrap().iter().map(|hit| hit.score).collect()
}

#[test]
fn the_longest_vectors_have_finite_scores_in_every_space() {
    // Three squares of this sum up to just less than 9e36.
    const LONG: f32 = 1.732e18;
    let dir = SimDir::from_image(&store());
    let tree = open(&dir);
    let metrics = [Metric::Dot, Metric::Euclidean, Metric::Cosine];
    let spaces = metrics.map(|metric| VectorSpace::new(metric.name(), 3).metric(metric));
    let codes = tree.register_spaces(&spaces).unwrap();
    for code in &codes {
        for (key, sign) in [("there", 1.0), ("opposite", -1.0)] {
            let key = format!("{key} {code}");
            tree.commit(batch(&key, *code, &[sign * LONG; 3]), Durability::None).unwrap();
        }
        let mut longer = WriteBatch::new();
        let vector = [LONG * 1.001; 3];
        let put = ConceptPut { vector: Some(&vector), space: *code, ..ConceptPut::new(id("x")) };
        assert!(longer.put_concept(&put).is_err());
    }
    let check = |snapshot: &Snapshot<SimDir>| {
        let square = 3.0 * LONG * LONG;
        for (code, wanted) in
            codes.iter().zip([[square, -square], [-0.0, -4.0 * square], [1.0, -1.0]])
        {
            let found = scores(snapshot, *code, &[LONG; 3]);
            let is_near = |(a, b): (&f32, f32)| (a - b).abs() <= b.abs() * 1e-5;
            assert!(found.len() == 2 && found.iter().zip(wanted).all(is_near), "{found:?}");
        }
    };
    check(&tree.snapshot());
    tree.flush().unwrap();
    check(&tree.snapshot());
}

/// Has the manifest in `dir` name these spaces and no others.
fn rename_spaces(dir: &Path, spaces: &[VectorSpace]) {
    let path = dir.join(Manifest::NAME);
    let old = Manifest::load(&path).unwrap();
    let mut manifest = Manifest::for_store(old.store_id, old.hash_seed);
    manifest.skip_segment_id(old.next_segment_id() - 1);
    manifest.last_seq = old.last_seq;
    old.segments().iter().for_each(|segment| manifest.add_segment(segment.clone()));
    for space in spaces {
        manifest.register_space(space).unwrap();
    }
    manifest.save(path).unwrap();
}

#[test]
fn a_space_that_no_manifest_names_is_told_and_breaks_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let open = || LSMTree::open(dir.path(), CompactionConfig::default()).unwrap();
    let tree = open();
    let other = VectorSpace::new("other", 2);
    tree.register_spaces(&[titles(), other.clone()]).unwrap();
    tree.commit(batch("a", 1, &[1.0, 2.0, 3.0]), Durability::Sync).unwrap();
    tree.commit(batch("b", 0, &[1.0, 2.0, 3.0]), Durability::Sync).unwrap();
    tree.close().unwrap();

    rename_spaces(dir.path(), &[]);
    let tree = open();
    let query = VectorQuery {
        vector: &[1.0; 3],
        space: 1,
        limit: 1,
        effort: Default::default(),
        min_score: None,
    };
    let check_untold = |tree: &LSMTree| {
        let snapshot = tree.snapshot();
        let found = snapshot.search_vectors(&query, None);
        assert!(matches!(found.err(), Some(LsmError::UnknownSpace { code: 1 })));
        let concept = snapshot.concept(&id("a")).unwrap().unwrap();
        assert!(matches!(concept.vector_space(), Err(LsmError::UnknownSpace { code: 1 })));
        assert_eq!(concept.vector().unwrap(), Some(&[1.0, 2.0, 3.0][..]));
        assert_eq!(scores(&snapshot, 0, &[1.0, 2.0, 3.0]).len(), 1, "the default space");
        let damages = tree.verify(&mut |_| {}).unwrap().damages;
        assert!(damages[0].reason.contains("the code 1"), "{damages:?}");
        assert_eq!(damages.len(), 1);
    };
    check_untold(&tree);
    tree.compact_all().unwrap();
    check_untold(&tree);
    // What was indexed without knowing the space is no answer, and is indexed again.
    tree.register_spaces(&[titles(), VectorSpace::new("other", 2)]).unwrap();
    let found = tree.snapshot().search_vectors(&query, None).err();
    assert!(matches!(found, Some(LsmError::NotIndexed { .. })), "{found:?}");
    tree.commit(batch("c", 1, &[0.0; 3]), Durability::Sync).unwrap();
    tree.flush().unwrap();
    tree.compact_all().unwrap();
    assert_eq!(scores(&tree.snapshot(), 1, &[1.0; 3]), [6.0, 0.0]);
    assert_eq!(tree.verify(&mut |_| {}).unwrap().damages, []);
    tree.close().unwrap();

    // And one of another dimension than its vectors have.
    rename_spaces(dir.path(), &[VectorSpace { dimension: 4, ..titles() }, other]);
    let tree = open();
    tree.compact_all().unwrap();
    assert!(scores(&tree.snapshot(), 1, &[1.0; 4]).is_empty());
    let damages = tree.verify(&mut |_| {}).unwrap().damages;
    assert!(damages[0].reason.contains("the vector has 3 values"), "{damages:?}");
}

#[test]
fn a_name_that_only_the_lost_manifest_had_is_reported() {
    let source = SimDir::new();
    let tree = open(&source);
    tree.register_spaces(&[titles(), VectorSpace::new("unused", 3)]).unwrap();
    tree.register_spaces(&[VectorSpace::new("third", 3)]).unwrap();
    tree.commit(batch("a", 3, &[1.0; 3]), Durability::Sync).unwrap();
    tree.close().unwrap();
    let mut image = source.image();
    for name in [Manifest::NAME, Manifest::PREVIOUS_NAME] {
        image.remove(&Name::new(name).unwrap());
    }
    let (from, to) = (std::sync::Arc::new(SimDir::from_image(&image)), SimDir::new());
    let environment = Environment { entropy: Some(3), ..Environment::default() };
    let report =
        sutra_lsm::salvage(&from, to.clone(), Default::default(), &environment, &mut |_| {});
    let losses = report.unwrap().losses;
    let spaces = sutra_lsm::Lost::VectorSpaces { first: 3, last: 3 };
    assert!(losses.iter().any(|loss| loss.what == spaces), "{losses:?}");
    assert!(spaces.to_string().contains("register them again in the order"));
    let tree = open(&to);
    let all = [titles(), VectorSpace::new("unused", 3), VectorSpace::new("third", 3)];
    assert_eq!(tree.register_spaces(&all).unwrap(), [1, 2, 3], "as it says");
    tree.compact_all().unwrap();
    assert_eq!(scores(&tree.snapshot(), 3, &[1.0; 3]), [1.0]);
}
