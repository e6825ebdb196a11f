//! Who may do what: directories that are read-only, files that are another user's, and a user who
//! is not root.
//!
//! Root may do everything, so the tests run the engine in a child: under root as `nobody`, else as
//! whoever runs them. Either way the child is not root, which it asserts.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sutra_storage::{Batch, ConceptId, Error, ErrorKind, NewConcept, Store, StoreOptions};

/// `nobody`, on every system that has one.
const NOBODY: u32 = 65_534;
const TASK: &str = "SUTRA_TEST_TASK";
const DIR: &str = "SUTRA_TEST_DIR";

fn user() -> u32 {
    fs::metadata("/proc/self").unwrap().uid()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A place that everybody may enter, with the test binary in it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        set_mode(place.path(), 0o755);
        fs::copy(std::env::current_exe().unwrap(), place.path().join("tests")).unwrap();
        set_mode(&place.path().join("tests"), 0o755);
        Self(place)
    }

    fn store(&self) -> PathBuf {
        self.0.path().join("store")
    }

    /// With a store of the user of the tests that has one concept.
    fn with_store() -> Self {
        let place = Self::new();
        put(&Store::open(place.store()).unwrap(), "one").unwrap();
        set_mode(&place.store(), 0o755);
        place
    }

    /// Does a task in a child that is not root; gives what it prints.
    fn child(&self, task: &str) -> String {
        let mut command = Command::new(self.0.path().join("tests"));
        command.args(["--exact", "permissions::child", "--ignored", "--nocapture"]);
        command.env(TASK, task).env(DIR, self.store()).current_dir(self.0.path());
        if user() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let what = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{task}: {text}{what}");
        let told = text.lines().find_map(|line| line.split_once("told: "));
        told.unwrap_or_else(|| panic!("{task} tells nothing: {text}")).1.to_owned()
    }

    /// Names, modes and bytes of all files of the store.
    fn content(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let files = fs::read_dir(self.store()).unwrap().map(|entry| entry.unwrap().path());
        let content = |path: &PathBuf| (path.metadata().unwrap().mode(), fs::read(path).unwrap());
        files.map(|path| (path.clone(), content(&path))).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::set_permissions(self.store(), Permissions::from_mode(0o755));
    }
}

fn put(store: &Store, key: &str) -> Result<(), Error> {
    let mut batch = Batch::new();
    batch.put(NewConcept::with_key(key).content("text"))?;
    store.commit(&batch).map(drop)
}

fn count(store: &Store) -> usize {
    let snapshot = store.snapshot();
    snapshot.iter().unwrap().map(Result::unwrap).count()
}

/// What a child does. Nothing, unless it is told to.
#[test]
#[ignore = "run by the other tests, as another user"]
fn child() {
    let (Ok(task), Ok(dir)) = (std::env::var(TASK), std::env::var(DIR)) else { return };
    assert_ne!(user(), 0, "a child is not root");
    let told = match &*task {
        "read" => Store::open_read_only(&dir).map(|store| {
            assert_eq!(store.verify(&mut |_| {}).unwrap().damages, []);
            store.snapshot().concept(&ConceptId::from_key("one")).unwrap().expect("it is there");
            count(&store)
        }),
        "read without maps" => {
            let options = StoreOptions { maps: false, ..StoreOptions::default() };
            options.open_read_only(&dir).map(|store| count(&store))
        }
        "write" => Store::open(&dir).and_then(|store| put(&store, "two").map(|()| count(&store))),
        "live" => live(Path::new(&dir)),
        other => panic!("{other}"),
    };
    match told {
        Ok(count) => println!("told: {count}"),
        Err(error) => println!("told: {:?} {error}", error.kind()),
    }
}

/// All that a store goes through.
fn live(dir: &Path) -> Result<usize, Error> {
    for key in ["one", "two", "three"] {
        let store = Store::open(dir)?;
        put(&store, key)?;
        store.close()?;
    }
    let store = Store::open(dir)?;
    store.compact()?;
    assert_eq!(store.verify(&mut |_| {})?.damages, []);
    store.backup(dir.join("../backup"), &mut |_| {})?;
    store.close()?;
    Ok(count(&Store::open_read_only(dir)?))
}

#[track_caller]
fn check_refused(told: &str, parts: &[&str]) {
    let kind = format!("{:?} ", ErrorKind::PermissionDenied);
    assert!(told.starts_with(&kind), "{told}");
    for part in parts {
        assert!(told.contains(part), "{told} lacks {part}");
    }
}

#[test]
fn a_read_only_directory_can_be_read_and_a_writer_is_told_what_to_do() {
    let place = Place::with_store();
    for entry in fs::read_dir(place.store()).unwrap() {
        set_mode(&entry.unwrap().path(), 0o444);
    }
    set_mode(&place.store(), 0o555);
    let before = place.content();
    assert_eq!(place.child("read"), "1");
    assert_eq!(place.child("read without maps"), "1");
    let lock = place.store().join("lock");
    let told = place.child("write");
    check_refused(&told, &[lock.to_str().unwrap(), "who may write", "for reading"]);
    assert_eq!(place.content(), before);
    match Store::open(place.store()) {
        Ok(store) => {
            assert_eq!(user(), 0, "only root may write in spite of the mode");
            put(&store, "two").unwrap();
        }
        Err(error) => assert!(user() != 0 && error.kind() == ErrorKind::PermissionDenied),
    }
}

#[test]
fn a_store_whose_lock_is_gone_can_be_read_where_nothing_can_be_made() {
    let place = Place::with_store();
    fs::remove_file(place.store().join("lock")).unwrap();
    set_mode(&place.store(), 0o555);
    assert_eq!(place.child("read"), "1");
    check_refused(&place.child("write"), &["lock", "who may write"]);
    assert!(!place.store().join("lock").exists());
}

#[test]
fn what_may_not_be_read_is_named() {
    let place = Place::with_store();
    let mut files = fs::read_dir(place.store()).unwrap().map(|entry| entry.unwrap().path());
    let segment = files.find(|path| path.to_str().unwrap().contains("seg_")).unwrap();
    for path in [segment, place.store().join("manifest.json")] {
        set_mode(&path, 0);
        let told = place.child("read");
        check_refused(&told, &[path.to_str().unwrap(), "who may read"]);
        set_mode(&path, 0o444);
    }
    set_mode(&place.store(), 0);
    check_refused(&place.child("read"), &[place.store().to_str().unwrap(), "who may read"]);
    set_mode(&place.store(), 0o755);
    assert_eq!(place.child("read"), "1");
}

#[test]
fn a_store_of_another_user_can_be_read_and_not_written_to() {
    let place = Place::with_store();
    let before = place.content();
    assert_eq!(place.child("read"), "1");
    assert_eq!(place.content(), before);
    let told = place.child("write");
    if user() == 0 {
        check_refused(&told, &["lock", "who may write"]);
        assert_eq!(place.content(), before);
    } else {
        assert_eq!(told, "2", "it is the child's own");
    }
}

#[test]
fn a_user_who_is_not_root_needs_no_more_than_the_directory() {
    let place = Place::new();
    let told = place.child("live");
    if user() == 0 {
        let parent = place.0.path().to_str().unwrap();
        check_refused(&told, &[parent, "who may"]);
        chown(place.0.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        assert_eq!(place.child("live"), "3");
    } else {
        assert_eq!(told, "3");
    }
    for path in place.content().keys().filter(|path| path.to_str().unwrap().contains("seg_")) {
        assert_eq!(path.metadata().unwrap().mode() & 0o222, 0, "sealed files are read-only");
    }
}
