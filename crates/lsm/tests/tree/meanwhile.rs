//! A reader opens a store while a writer changes it, and finds files that nothing leads to.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use sutra_format::ConceptId;
use sutra_fs::{Dir, Name, Result};
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, LsmError, LsmTree,
    WriteBatch,
};
use sutra_testkit::{Image, SimDir, SimFile, SimLock};

/// What happens before a file is opened; it may be opened in another directory.
type Event = Box<dyn FnMut(&Name) -> Option<SimDir> + Send>;

/// A directory in which something happens meanwhile.
struct Meanwhile {
    inner: SimDir,
    event: Mutex<Event>,
    /// Listed, and not there any more.
    gone: Option<Name>,
}

impl Meanwhile {
    fn new(inner: &SimDir, event: impl FnMut(&Name) -> Option<SimDir> + Send + 'static) -> Self {
        Self { inner: inner.clone(), event: Mutex::new(Box::new(event)), gone: None }
    }
}

impl Dir for Meanwhile {
    type File = SimFile;
    type Lock = SimLock;

    fn create(&self, name: &Name) -> Result<SimFile> {
        self.inner.create(name)
    }

    fn open(&self, name: &Name) -> Result<SimFile> {
        let other = (self.event.lock())(name);
        other.as_ref().unwrap_or(&self.inner).open(name)
    }

    fn rename(&self, from: &Name, to: &Name) -> Result<()> {
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &Name) -> Result<()> {
        self.inner.remove(name)
    }

    fn list(&self) -> Result<Vec<Name>> {
        let mut names = self.inner.list()?;
        names.extend(self.gone.clone());
        Ok(names)
    }

    fn sync(&self) -> Result<()> {
        self.inner.sync()
    }

    fn lock(&self, name: &Name) -> Result<SimLock> {
        self.inner.lock(name)
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.inner.path(name)
    }
}

fn open(dir: &SimDir) -> std::result::Result<LsmTree<SimDir>, LsmError> {
    let environment =
        Environment { entropy: Some(1), background: Background::Manual, ..Environment::default() };
    LsmTree::open_in(dir.clone(), CompactionConfig::default(), environment)
}

fn put(tree: &LsmTree<SimDir>, key: &str) {
    let mut batch = WriteBatch::new();
    batch.put_concept(&ConceptPut::new(ConceptId::from_key(key))).unwrap();
    tree.commit(batch, Durability::Sync).unwrap();
}

fn count<D: Dir>(tree: &LsmTree<D>) -> usize {
    tree.snapshot().iter_concepts().unwrap().count()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn is_journal(name: &Name) -> bool {
    name.as_str().starts_with("journal_")
}

/// A store that was closed: one segment and no journal.
fn closed() -> Image {
    let dir = SimDir::new();
    let tree = open(&dir).unwrap();
    put(&tree, "first");
    tree.close().unwrap();
    dir.image()
}

#[test]
fn a_reader_starts_over_when_the_manifest_was_replaced_meanwhile() {
    for times in [1, 2, 20] {
        let dir = SimDir::new();
        let tree = open(&dir).unwrap();
        put(&tree, "first");
        let writer = Arc::new(Mutex::new((tree, times)));
        let meanwhile = Meanwhile::new(&dir, move |name| {
            let (tree, left) = &mut *writer.lock();
            if is_journal(name) && *left > 0 {
                *left -= 1;
                tree.flush().unwrap(); // The journal that the reader is about to open goes.
                put(tree, &left.to_string());
            }
            None
        });
        let reader = LsmTree::open_read_only_in(meanwhile).unwrap();
        assert_eq!(count(&reader), 1 + times);
    }
}

#[test]
fn a_reader_looks_three_times_at_a_journal_that_seems_damaged() {
    let dir = SimDir::new();
    let tree = open(&dir).unwrap();
    put(&tree, "first");
    put(&tree, "second");
    let journal = dir.image().names().find(|name| is_journal(name)).cloned().unwrap();
    let mut damaged = dir.image();
    damaged.flip(&journal, 8 * 100); // Behind the header, where zeros must be.
    // It is opened twice each time: for its length, and for its frames.
    for (bad, is_read) in [(0, true), (1, true), (2, true), (3, false)] {
        let damaged = SimDir::from_image(&damaged);
        let mut opened = 0;
        let meanwhile = Meanwhile::new(&dir, move |name| {
            opened += usize::from(is_journal(name));
            (is_journal(name) && opened <= 2 * bad).then(|| damaged.clone())
        });
        match LsmTree::open_read_only_in(meanwhile) {
            Ok(reader) => assert!(is_read && count(&reader) == 2, "{bad} times"),
            Err(error) => assert!(!is_read && error.is_corruption(), "{bad} times: {error}"),
        }
    }
}

#[test]
fn a_reader_passes_over_what_a_writer_removed_before_it_looked() {
    for gone in ["journal_00000099.log", "seg_00000099.dat"] {
        let dir = SimDir::from_image(&closed());
        let meanwhile = Meanwhile { gone: Some(name(gone)), ..Meanwhile::new(&dir, |_| None) };
        assert_eq!(count(&LsmTree::open_read_only_in(meanwhile).unwrap()), 1, "{gone}");
    }
}

#[test]
fn a_journal_that_nobody_can_read_and_nothing_leads_to_is_told() {
    let mut image = closed();
    image.put(&name("journal_00000099.log"), &[7; 8192]);
    let dir = SimDir::from_image(&image);
    assert!(matches!(open(&dir).err().unwrap(), LsmError::Inconsistent { .. }));
    assert!(LsmTree::open_read_only_in(dir).is_err());
}

#[test]
fn what_is_left_of_a_journal_that_was_flushed_is_not_looked_at() {
    let dir = SimDir::new();
    let tree = open(&dir).unwrap();
    for key in ["first", "second", "third"] {
        put(&tree, key);
        tree.flush().unwrap();
    }
    put(&tree, "fourth"); // So that the manifest leads to a journal behind others.
    let mut image = dir.image();
    let old = name("journal_00000001.log");
    assert!(!image.contains(&old));
    image.put(&old, &[7; 8192]);
    let recovered = open(&SimDir::from_image(&image)).unwrap();
    assert_eq!((count(&recovered), recovered.recovery().orphans > 0), (4, true));
}

#[test]
fn what_is_left_of_a_segment_is_removed_however_short() {
    for length in [0, 1, 200, 511, 4096] {
        let mut image = closed();
        let left = name("seg_00000099.dat");
        image.put(&left, &vec![0; length]);
        let dir = SimDir::from_image(&image);
        assert_eq!(count(&LsmTree::open_read_only_in(dir.clone()).unwrap()), 1, "{length}");
        let tree = open(&dir).unwrap();
        assert_eq!((count(&tree), tree.recovery().orphans), (1, 1), "{length}");
        assert!(!dir.image().contains(&left), "{length}");
    }
}
