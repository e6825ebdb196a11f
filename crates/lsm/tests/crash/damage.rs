//! Files that rot, are cut, get lost, or are mixed up: the store says so and names the file, or
//! says exactly what it said before.

use std::collections::BTreeSet;
use std::path::Path;

use sutra_format::ConceptId;
use sutra_fs::{Dir, ErrorKind, Name, OsDir};
use sutra_lsm::Durability::{None as Unsynced, Sync};
use sutra_lsm::{CompactionConfig, Environment, LsmError, LsmTree};
use sutra_testkit::{Image, SimDir};

use crate::content::{Content, read_and_search};
use crate::model::Change::{self, Associate, Delete, Dissociate, Put, State, Touch};
use crate::workload::{Session, Stage, Step};

/// A store at rest, and what it says.
pub(crate) struct Store {
    pub(crate) image: Image,
    content: Content,
    pub(crate) ids: BTreeSet<ConceptId>,
}

/// The kind that both stores know.
const KIND: &str = "hypernym";

/// What the store says to a caller who opens it in one of two ways.
pub(crate) enum Answer {
    /// Everything, as before.
    Same,
    Refusal(LsmError),
}

impl Store {
    /// Two segments of two levels, tombstones and deltas in the newer one.
    fn steps() -> Vec<Step> {
        let put = |n| Put { n, text: Some(40), vector: 3 };
        vec![
            Step::Commit(Sync, (1..5).map(put).collect()),
            Step::Commit(Sync, vec![Associate(1, 1, 2), State(2, 2, 3), Associate(4, 1, 1)]),
            Step::Flush,
            Step::Register(KIND),
            Step::Commit(Sync, vec![put(5), Touch(5)]),
            Step::CompactAll,
            Step::Commit(Sync, vec![Delete(3), Touch(2), put(6), Dissociate(4, 1, 1)]),
            Step::Flush,
        ]
    }

    pub(crate) fn of(steps: &[Step], end: impl FnOnce(&mut Session)) -> Self {
        let stage = Stage::new(SimDir::new(), 16 << 10);
        let mut session = Session::new(stage);
        steps.iter().for_each(|step| session.step(step).unwrap());
        end(&mut session);
        let (history, image) = (&session.history, session.stage.dir.image());
        Self { image, content: history.last().content.clone(), ids: history.ids.clone() }
    }

    pub(crate) fn closed() -> Self {
        Self::of(&Self::steps(), |session| session.close().unwrap())
    }

    /// The same, killed some commits later: the last of them was synced, and the mark says so.
    pub(crate) fn killed() -> Self {
        let more: Vec<Change> = vec![Put { n: 7, text: Some(600), vector: 2 }, Touch(1)];
        let more = [
            Step::Commit(Unsynced, more),
            Step::Commit(Sync, vec![State(7, 1, 1), Delete(5)]),
            Step::Commit(Sync, vec![Touch(6)]),
        ];
        let steps: Vec<_> = Self::steps().into_iter().chain(more).collect();
        Self::of(&steps, |_| {})
    }

    pub(crate) fn names(&self) -> Vec<Name> {
        self.image.names().cloned().collect()
    }

    pub(crate) fn reader<D: Dir>(&self, dir: D) -> Answer {
        self.answer(LsmTree::open_read_only_in(dir).as_ref())
    }

    pub(crate) fn writer<D: Dir>(&self, dir: D) -> Answer {
        let config = CompactionConfig { max_segment_size: 16 << 10, ..Default::default() };
        let environment = Environment {
            background: sutra_lsm::Background::Manual,
            entropy: Some(1),
            ..Environment::default()
        };
        self.answer(LsmTree::open_in(dir, config, environment).as_ref())
    }

    /// Panics if the store says anything else than before.
    fn answer<D: Dir>(&self, tree: Result<&LsmTree<D>, &LsmError>) -> Answer {
        let content = tree.map_err(LsmError::clone).and_then(|tree| {
            let content = read_and_search(&tree.snapshot(), &self.ids)?;
            Ok((content, tree.kind_named(KIND).is_some()))
        });
        match content {
            Ok(content) => {
                assert_eq!(content, (self.content.clone(), true), "wrong, and nobody is told");
                Answer::Same
            }
            Err(error) => Answer::Refusal(error),
        }
    }

    /// A reader and a writer must say what was there before, or name one of `files`.
    #[track_caller]
    pub(crate) fn check(&self, image: &Image, files: &[&Name], what: &str) {
        self.reader(SimDir::from_image(image)).check(files, what);
        self.writer(SimDir::from_image(image)).check(files, what);
    }

    /// The same of a file that was changed, which moreover opening or `verify` must notice.
    #[track_caller]
    pub(crate) fn check_noticed(&self, image: &Image, file: &Name, what: &str) {
        self.check_reader_notices(image, file, what);
        self.writer(SimDir::from_image(image)).check(&[file], what);
    }

    /// The same of a reader alone.
    #[track_caller]
    pub(crate) fn check_reader_notices(&self, image: &Image, file: &Name, what: &str) {
        let tree = LsmTree::open_read_only_in(SimDir::from_image(image));
        self.answer(tree.as_ref()).check(&[file], what);
        if let Ok(tree) = tree {
            let damages = tree.verify(&mut |_| {}).unwrap().damages;
            let is_named = damages.iter().any(|damage| damage.path.ends_with(file.as_str()));
            assert!(is_named, "{what}: {damages:?}");
        }
    }
}

impl Answer {
    /// A refusal must name some file.
    #[track_caller]
    pub(crate) fn names_a_file(self, what: &str) {
        let Self::Refusal(error) = self else { return };
        assert!(error.path().is_some(), "{what}: {error}");
    }

    /// A refusal must name this file, perhaps as it was called before it was renamed.
    #[track_caller]
    pub(crate) fn names(self, file: &str, what: &str) {
        let Self::Refusal(error) = self else { return };
        let named = error.path().and_then(Path::file_name).unwrap_or_default();
        let named = named.to_string_lossy().into_owned();
        assert_eq!(named.trim_end_matches(".tmp"), file, "{what}: {error}");
    }

    #[track_caller]
    pub(crate) fn check(self, files: &[&Name], what: &str) {
        let Self::Refusal(error) = self else { return };
        let file = error.path().and_then(Path::file_name).unwrap_or_default();
        let is_named = files.iter().any(|name| file == name.as_str());
        assert!(is_named, "{what}: {error}");
    }
}

/// Flips each bit of a small file, and of a large one a different bit in each of `bytes`.
fn flip(store: &Store, name: &Name, bytes: impl Iterator<Item = u64>) {
    const SMALL_BYTES: u64 = 2 << 10;
    let is_small = store.image.length(name) <= SMALL_BYTES;
    for at in bytes {
        for bit in if is_small { 0..8 } else { at % 8..at % 8 + 1 } {
            let mut image = store.image.clone();
            image.flip(name, at * 8 + bit);
            store.check_noticed(&image, name, &format!("bit {bit} of byte {at} of {name}"));
        }
    }
}

#[test]
fn a_flipped_bit_of_a_closed_store_is_noticed_and_never_served() {
    let store = Store::closed();
    for name in store.names() {
        flip(&store, &name, 0..store.image.length(&name));
    }
}

#[test]
pub(crate) fn a_flipped_bit_of_a_killed_store_is_noticed_and_never_served() {
    let store = Store::killed();
    let names = store.names();
    let journal = names.iter().find(|name| name.as_str().ends_with(".log")).unwrap();
    let bytes = store.image.read(journal).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let zeros = (end..bytes.len()).step_by(9);
    flip(&store, journal, (0..end).chain(zeros).map(|at| at as u64));
    for name in ["manifest.json", "manifest.prev.json"].map(|name| Name::new(name).unwrap()) {
        flip(&store, &name, 0..store.image.length(&name));
    }
}

#[test]
fn a_file_that_was_cut_or_has_grown_is_noticed_or_harmless() {
    for store in [Store::closed(), Store::killed()] {
        for name in store.names() {
            let length = store.image.length(&name);
            let step = if length <= 2 << 10 { 1 } else { 131 };
            let near_pages = (0..=length).filter(|at| (at + 1) % 4_096 <= 2);
            for cut in (0..length).step_by(step).chain(near_pages).chain([length + 1, 2 * length]) {
                let mut image = store.image.clone();
                image.truncate(&name, cut);
                let what = format!("{name} of {length} bytes is {cut} bytes long");
                if cut == length || name.as_str().ends_with(".log") {
                    store.check(&image, &[&name], &what); // Zeros behind the log do not count.
                } else {
                    store.check_noticed(&image, &name, &what);
                }
            }
        }
    }
}

/// Whether this is the last sector of a log. It holds the mark; what is lost together with what
/// tells of it looks as if the power had gone before.
pub(crate) fn holds_the_mark(name: &Name, bytes: &[u8], sector: usize) -> bool {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    name.as_str().ends_with(".log") && sector + 512 >= end
}

#[test]
fn sectors_that_are_lost_or_of_another_place_or_file_are_noticed() {
    const SECTOR: usize = 512;
    for store in [Store::closed(), Store::killed()] {
        for name in store.names() {
            for other in store.names() {
                let (bytes, others) = (store.image.read(&name), store.image.read(&other));
                let (bytes, others) = (bytes.unwrap(), others.unwrap());
                for (at, sector) in bytes.chunks(SECTOR).enumerate() {
                    // Of the same file the sector before, of another one the same.
                    let from = if name == other { at.wrapping_sub(1) } else { at };
                    let replacement = match others.chunks(SECTOR).nth(from) {
                        Some(replacement) if replacement.len() >= sector.len() => replacement,
                        _ => &[0; SECTOR],
                    };
                    let replacement = &replacement[..sector.len()];
                    if replacement == sector || holds_the_mark(&name, &bytes, at * SECTOR) {
                        continue;
                    }
                    let mut image = store.image.clone();
                    image.overwrite(&name, (at * SECTOR) as u64, replacement);
                    let what = format!("sector {at} of {name} is that of {other}");
                    store.check_noticed(&image, &name, &what);
                }
            }
        }
    }
}

#[test]
fn a_missing_file_is_named_or_not_needed() {
    for store in [Store::closed(), Store::killed()] {
        for name in store.names() {
            let mut image = store.image.clone();
            image.remove(&name);
            store.check(&image, &[&name], &format!("{name} is missing"));
            let needed = !matches!(name.as_str(), "lock" | "manifest.prev.json");
            for answer in
                [store.reader(SimDir::from_image(&image)), store.writer(SimDir::from_image(&image))]
            {
                assert_eq!(matches!(answer, Answer::Refusal(_)), needed, "without {name}");
            }
        }
    }
}

#[test]
fn exchanged_files_are_noticed() {
    for store in [Store::closed(), Store::killed()] {
        let names = store.names();
        for (at, a) in names.iter().enumerate() {
            for b in &names[at + 1..] {
                let mut image = store.image.clone();
                image.swap(a, b);
                if a.as_str() == "manifest.json" && b.as_str() == "manifest.prev.json" {
                    continue; // Good manifests both; what tells on them is another file.
                }
                let what = format!("{a} and {b} are exchanged");
                store.check(&image, &[a, b], &what);
            }
        }
    }
}

#[test]
pub(crate) fn an_older_manifest_is_not_taken_for_the_last_one() {
    let (steps, name) = (Store::steps(), Name::new("manifest.json").unwrap());
    let mut older = BTreeSet::new();
    for end in 0..steps.len() {
        Store::of(&steps[..end], |session| {
            older.insert(session.stage.dir.image().read(&name).unwrap());
            session.close().unwrap();
            older.insert(session.stage.dir.image().read(&name).unwrap());
        });
    }
    for store in [Store::closed(), Store::killed()] {
        older.remove(&store.image.read(&name).unwrap());
        assert!(older.len() > 5, "only {} manifests", older.len());
        for manifest in &older {
            let mut image = store.image.clone();
            image.put(&name, manifest);
            for answer in
                [store.reader(SimDir::from_image(&image)), store.writer(SimDir::from_image(&image))]
            {
                if let Answer::Refusal(error) = answer {
                    assert!(error.path().is_some(), "{error}");
                }
            }
        }
    }
}

/// A directory, on a real file system, with these files.
pub(crate) fn on_disk(image: &Image) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    image.write_to(place.path()).unwrap();
    place
}

#[test]
fn a_directory_in_place_of_a_file_is_named() {
    for store in [Store::closed(), Store::killed()] {
        for name in store.names() {
            let place = on_disk(&store.image);
            let path = place.path().join(&name);
            std::fs::remove_file(&path).unwrap();
            std::fs::create_dir(&path).unwrap();
            let [reader, writer] = [
                store.reader(OsDir::open(place.path()).unwrap()),
                store.writer(OsDir::open(place.path()).unwrap()),
            ];
            for (answer, needed) in [
                (reader, !["lock", "manifest.prev.json"].contains(&name.as_str())),
                (writer, name.as_str() != "manifest.prev.json"),
            ] {
                match answer {
                    Answer::Refusal(error) => {
                        // Of a rename, the name that the file had so far.
                        let named = error.path().unwrap().to_string_lossy().into_owned();
                        assert_eq!(Path::new(named.trim_end_matches(".tmp")), path, "{error}");
                        assert_eq!(error.fs().unwrap().kind, ErrorKind::NotAFile, "{error}");
                    }
                    Answer::Same => assert!(!needed, "works without {name}"),
                }
            }
        }
    }
}

#[test]
fn what_is_not_the_stores_is_left_alone_and_listed() {
    let foreign = ["notes.txt", "seg_1.dat", "seg_00000001.dat.bak", "journal_x.log", "other.tmp"];
    for store in [Store::closed(), Store::killed()] {
        let place = on_disk(&store.image);
        for name in foreign {
            std::fs::write(place.path().join(name), name).unwrap();
        }
        std::fs::create_dir(place.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("nowhere", place.path().join("link")).unwrap();
        assert!(matches!(store.writer(OsDir::open(place.path()).unwrap()), Answer::Same));
        for name in foreign {
            assert_eq!(std::fs::read_to_string(place.path().join(name)).unwrap(), name);
        }
        let tree = LsmTree::open_read_only_in(OsDir::open(place.path()).unwrap()).unwrap();
        let report = tree.verify(&mut |_| {}).unwrap();
        let mut found = report.foreign;
        found.sort();
        let mut expected: Vec<_> = foreign.iter().chain(&["folder", "link"]).collect();
        expected.sort();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        assert_eq!(report.damages, []);
    }
}
