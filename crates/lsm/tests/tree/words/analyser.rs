//! The analyser of a store: chosen once, and kept by all that the store goes through.

use std::sync::Arc;

use sutra_format::ConceptId;
use sutra_fs::Name;
use sutra_index::vectors::Effort;
use sutra_index::words::search::Query;
use sutra_index::words::{Analyser, Language};
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, Lost, LsmError, LsmTree,
    SalvageOptions, Snapshot, StoreIdentity, VectorQuery, WriteBatch, restore, salvage,
};
use sutra_manifest::{AnalyserName, Manifest};
use sutra_testkit::{Image, SimDir};

fn environment() -> Environment {
    let (entropy, background) = (Some(1), Background::Manual);
    Environment { entropy, background, ..Environment::default() }
}

fn open_as(dir: &SimDir, analyser: Option<Analyser>) -> Result<LsmTree<SimDir>, LsmError> {
    let config = CompactionConfig::default();
    LsmTree::open_with_analyser_in(dir.clone(), config, environment(), analyser)
}

fn german() -> Analyser {
    Analyser::stemming(Language::German)
}

fn put(tree: &LsmTree<SimDir>, key: &str, text: &str) {
    let mut batch = WriteBatch::new();
    let put = ConceptPut { content: Some(text), ..ConceptPut::new(ConceptId::from_key(key)) };
    batch.put_concept(&put).unwrap();
    tree.commit(batch, Durability::Sync).unwrap();
}

/// Texts in a merged segment, in one of level 0 and in the journal.
fn store(analyser: Option<Analyser>) -> SimDir {
    let dir = SimDir::new();
    let tree = open_as(&dir, analyser).unwrap();
    for (key, text) in [("a", "ein Haus"), ("b", "viele Häuser"), ("c", "des Hauses")] {
        put(&tree, key, text);
        tree.flush().unwrap();
        if key == "b" {
            tree.compact_all().unwrap();
        }
    }
    put(&tree, "d", "dem Hause");
    dir
}

fn count(snapshot: &Snapshot<SimDir>) -> usize {
    let query = Query::any(&snapshot.analyser(), "Häusern");
    snapshot.search_words(&query, 10, None).unwrap().len()
}

#[track_caller]
fn check(dir: &SimDir) {
    let reader = LsmTree::open_read_only_in(dir.clone()).unwrap();
    assert_eq!((reader.snapshot().analyser(), count(&reader.snapshot())), (german(), 4));
    let tree = open_as(dir, None).unwrap();
    assert_eq!((tree.snapshot().analyser(), count(&tree.snapshot())), (german(), 4));
    put(&tree, "e", "Haus");
    assert_eq!(count(&tree.snapshot()), 5);
    tree.flush().unwrap();
    tree.compact_all().unwrap();
    assert_eq!(count(&tree.snapshot()), 5);
    assert_eq!(tree.verify(&mut |_| {}).unwrap().damages, []);
}

fn without_manifests(dir: &SimDir) -> Image {
    let mut image = dir.image();
    for name in [Manifest::NAME, Manifest::PREVIOUS_NAME] {
        image.remove(&Name::new(name).unwrap());
    }
    image
}

#[test]
fn the_analyser_is_that_with_which_the_store_was_made() {
    let plain = store(None);
    let tree = open_as(&plain, None).unwrap();
    assert_eq!((tree.snapshot().analyser(), count(&tree.snapshot())), (Analyser::default(), 0));
    check(&store(Some(german())));
}

#[test]
fn a_backup_and_what_is_restored_of_it_have_it() {
    let dir = store(Some(german()));
    let (copy, restored) = (SimDir::new(), SimDir::new());
    let reader = LsmTree::open_read_only_in(dir).unwrap(); // Its journal becomes a segment there.
    reader.backup(&copy, &mut |_| {}).unwrap();
    restore(copy, &restored, StoreIdentity::New, &environment(), &mut |_| {}).unwrap();
    check(&restored);
}

#[test]
fn salvage_finds_it_in_the_manifest_and_in_any_segment() {
    let dir = store(Some(german()));
    for image in [dir.image(), without_manifests(&dir)] {
        let (from, to) = (Arc::new(SimDir::from_image(&image)), SimDir::new());
        let options = SalvageOptions::default();
        let report = salvage(&from, to.clone(), options, &environment(), &mut |_| {}).unwrap();
        assert!(report.losses.iter().all(|loss| loss.what != Lost::Analyser), "{report:?}");
        check(&to);
    }
}

#[test]
fn salvage_says_where_nothing_tells_of_it() {
    let dir = SimDir::new();
    let tree = open_as(&dir, Some(german())).unwrap();
    put(&tree, "a", "Häuser");
    let image = without_manifests(&dir);
    drop(tree);
    let (from, to) = (Arc::new(SimDir::from_image(&image)), SimDir::new());
    let options = SalvageOptions::default();
    let report = salvage(&from, to.clone(), options, &environment(), &mut |_| {}).unwrap();
    let told = report.losses.iter().find(|loss| loss.what == Lost::Analyser).unwrap();
    assert!(told.what.to_string().contains("export the new one"), "{}", told.what);
    assert_eq!(open_as(&to, None).unwrap().snapshot().analyser(), Analyser::default());
}

#[test]
fn another_analyser_is_refused_once_anything_was_committed() {
    let dir = SimDir::new();
    drop(open_as(&dir, None).unwrap());
    drop(open_as(&dir, Some(german())).unwrap()); // Still without a commit.
    let tree = open_as(&dir, Some(german())).unwrap();
    put(&tree, "a", "Haus");
    let killed = dir.image(); // The commit is in the journal alone.
    drop(tree);
    for image in [killed, dir.image()] {
        refuses_another(&SimDir::from_image(&image));
    }
}

#[test]
fn an_analyser_that_was_asked_for_before_any_commit_is_kept() {
    let dir = SimDir::new();
    drop(open_as(&dir, None).unwrap());
    let tree = open_as(&dir, Some(german())).unwrap();
    let killed = dir.image(); // The tree had no time to close.
    drop(tree);
    for image in [killed, dir.image()] {
        let dir = SimDir::from_image(&image);
        let reader = LsmTree::open_read_only_in(dir.clone()).unwrap();
        assert_eq!(reader.snapshot().analyser(), german());
        assert_eq!(open_as(&dir, None).unwrap().snapshot().analyser(), german());
    }
}

#[test]
fn another_analyser_is_refused_even_if_nothing_is_left_of_what_was_committed() {
    let dir = store(Some(german()));
    let tree = open_as(&dir, None).unwrap();
    let mut batch = WriteBatch::new();
    for key in ["a", "b", "c", "d"] {
        batch.delete_concept(ConceptId::from_key(key));
    }
    tree.commit(batch, Durability::Sync).unwrap();
    tree.compact_all().unwrap();
    let (copy, restored) = (SimDir::new(), SimDir::new());
    tree.backup(&copy, &mut |_| {}).unwrap();
    restore(copy, &restored, StoreIdentity::New, &environment(), &mut |_| {}).unwrap();
    assert_eq!(
        Manifest::load_from(&restored, &Manifest::name()).unwrap().segments().len(),
        0,
        "nothing is left"
    );
    refuses_another(&restored);
}

/// Has the manifest say that the words were made by another analyser.
fn mistake(dir: &SimDir, name: &str, version: u32) {
    let mut manifest = Manifest::load_from(dir, &Manifest::name()).unwrap();
    manifest.analyser = AnalyserName { name: name.to_owned(), version };
    manifest.publish(dir).unwrap();
}

#[test]
fn words_of_another_analyser_are_not_searched_and_are_made_again_by_a_merge_of_all() {
    let dir = SimDir::new();
    let tree = open_as(&dir, None).unwrap();
    for (key, text) in [("a", "ein Haus"), ("b", "viele Häuser")] {
        let (content, vector) = (Some(text), Some(&[1.0, 2.0][..]));
        let put = ConceptPut { content, vector, ..ConceptPut::new(ConceptId::from_key(key)) };
        let mut batch = WriteBatch::new();
        batch.put_concept(&put).unwrap();
        tree.commit(batch, Durability::Sync).unwrap();
        tree.flush().unwrap();
    }
    tree.close().unwrap();
    // At last there is one segment.
    for (name, expected) in [("unicode-de", 2), ("unicode", 0), ("unicode-de", 2)] {
        mistake(&dir, name, 1);
        let tree = open_as(&dir, None).unwrap();
        let words = || {
            let snapshot = tree.snapshot();
            let query = Query::any(&snapshot.analyser(), "Häusern");
            snapshot.search_words(&query, 10, None).map(|hits| hits.len())
        };
        let near = || {
            let (vector, effort) = (&[1.0, 2.0][..], Effort::Exact);
            let query = VectorQuery { vector, space: 0, limit: 10, effort, min_score: None };
            tree.snapshot().search_vectors(&query, None).map(|hits| hits.len())
        };
        for refusal in [words().unwrap_err(), near().unwrap_err()] {
            assert!(matches!(refusal, LsmError::NotIndexed { .. }), "{refusal}");
        }
        tree.compact_all().unwrap();
        assert_eq!((words().unwrap(), near().unwrap()), (expected, 2), "{name}");
        assert_eq!(tree.verify(&mut |_| {}).unwrap().damages, []);
        tree.close().unwrap();
    }
}

#[test]
fn salvage_refuses_an_analyser_that_this_build_does_not_have() {
    let (dir, to) = (store(Some(german())), SimDir::new());
    mistake(&dir, "unicode-de", 2);
    let (from, options) = (Arc::new(dir), SalvageOptions::default());
    let refused = salvage(&from, to.clone(), options, &environment(), &mut |_| {}).unwrap_err();
    assert!(matches!(refused, LsmError::UnknownAnalyser { .. }), "{refused}");
    assert!(matches!(LsmTree::open_read_only_in(to).err(), Some(LsmError::NoStore { .. })));
}

#[test]
fn a_stem_that_is_what_was_erased_belongs_to_what_stays() {
    let dir = SimDir::new();
    let tree = open_as(&dir, Some(Analyser::stemming(Language::English))).unwrap();
    put(&tree, "goes", "unnecessarili");
    put(&tree, "stays", "Unnecessarily");
    let report = tree.erase(&[ConceptId::from_key("goes")]).unwrap();
    assert_eq!((report.concepts, report.shared), (1, 1), "{report:?}");
}

#[track_caller]
fn refuses_another(dir: &SimDir) {
    let before = dir.image();
    let english = Analyser::stemming(Language::English);
    for asked in [Analyser::default(), english] {
        let refused = open_as(dir, Some(asked)).err().expect("refused");
        let is_told = |error: &LsmError| {
            let text = error.to_string();
            text.contains("unicode-de") && text.contains("manifest.json") && text.contains("export")
        };
        assert!(
            matches!(&refused, error @ LsmError::OtherAnalyser { .. } if is_told(error)),
            "{refused}"
        );
        assert_eq!(dir.image(), before, "nothing was written");
    }
    assert_eq!(open_as(dir, Some(german())).unwrap().snapshot().analyser(), german());
}

#[test]
fn an_analyser_that_this_build_does_not_have_is_told_and_nothing_is_touched() {
    for (name, version) in [("unicode-xx", 1), ("unicode-de", 2)] {
        let dir = tempfile::tempdir().unwrap();
        let open = || LsmTree::open(dir.path(), CompactionConfig::default());
        open().unwrap().close().unwrap();
        let path = dir.path().join(Manifest::NAME);
        let mut manifest = Manifest::load(&path).unwrap();
        manifest.analyser = AnalyserName { name: name.to_owned(), version };
        manifest.save(&path).unwrap();
        let refusals = [open().err(), LsmTree::open_read_only(dir.path()).err()];
        for refusal in refusals.map(|error| error.expect("refused")) {
            assert!(matches!(refusal, LsmError::UnknownAnalyser { .. }), "{refusal}");
            let text = refusal.to_string();
            let parts = [name, &format!("version {version}"), "manifest.json", "import it here"];
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
            assert!(!refusal.is_corruption());
        }
        assert_eq!(Manifest::load(&path).unwrap(), manifest);
    }
}
