//! What is asked of a directory after a crash.

use std::collections::BTreeSet;

use sutra_format::hash::mix;
use sutra_format::{AssociationKind, ConceptId};
use sutra_fs::Dir;
use sutra_lsm::{Durability, LsmTree};
use sutra_manifest::Manifest;
use sutra_testkit::{Image, SimDir};

use super::content::{Content, View, read, read_and_search};
use super::expired;
use super::model::Change;
use super::past;
use super::told::Holds;
use super::workload::{History, Moment, Rule, Stage, batch};

/// What may be found, and what must be.
#[derive(Clone)]
pub(crate) struct Promise<'a> {
    /// The store must say what it said at one of these moments.
    pub(crate) moments: Vec<&'a Moment>,
    /// All that was ever to be there.
    pub(crate) history: &'a History,
    /// What it was told besides.
    pub(crate) holds: Holds,
    pub(crate) segment_bytes: u64,
    /// A defect of the engine.
    pub(crate) rule: Option<&'a Rule>,
}

/// A store that was opened after a crash.
pub(crate) struct Recovered<'a> {
    pub(crate) stage: Stage,
    pub(crate) tree: LsmTree<SimDir>,
    /// Which moment it was found to be at.
    pub(crate) moment: &'a Moment,
    ids: &'a BTreeSet<ConceptId>,
}

/// When a store is opened after a crash.
const AFTER: u64 = 5_000;

impl<'a> Promise<'a> {
    /// Opens what the crash left, as the next process would, and looks at everything.
    pub(crate) fn recover(&self, image: &Image) -> Recovered<'a> {
        self.recover_in(SimDir::from_image(image))
    }

    /// The same in a directory that did not lose its power.
    pub(crate) fn recover_in(&self, dir: SimDir) -> Recovered<'a> {
        let stage = Stage::with(self.rule, dir, self.segment_bytes);
        stage.set_time(AFTER);
        let tree = stage.open().unwrap_or_else(|error| panic!("refuses to open: {error}"));
        let moment = self.check_content(&tree);
        check_visible(&tree, &self.history.ids, &moment.content, AFTER);
        // What was read so far was checked on the way: all the rest for one moment in four.
        if mix(tree.snapshot().seq()).is_multiple_of(4) {
            check_sums(&tree);
        }
        past::check(&tree, self.history, &self.moments, moment, &self.holds).unwrap();
        check_files(&stage.dir, &tree);
        self.holds.check(&tree);
        check_names(&tree, moment);
        Recovered { stage, tree, moment, ids: &self.history.ids }
    }

    /// The same for a reader, which must not change anything.
    pub(crate) fn read_only(&self, image: &Image) {
        let dir = SimDir::from_image(image);
        match LsmTree::open_read_only_in(dir.clone()) {
            Ok(tree) => {
                self.check_content(&tree);
            }
            Err(error) => {
                let is_made = image.contains(&Manifest::name());
                let empty = Content::default();
                let may_be_empty = self.moments.iter().any(|moment| moment.content == empty);
                assert!(!is_made && may_be_empty, "refuses to open for reading: {error}");
            }
        }
        assert_eq!(dir.op_count(), 0, "a reader changes nothing");
    }

    fn check_content(&self, tree: &LsmTree<SimDir>) -> &'a Moment {
        let snapshot = tree.snapshot().with_expired();
        let found = Moment {
            seq: snapshot.seq(),
            content: read_and_search(&snapshot, &self.history.ids).unwrap(),
            ..Moment::default()
        };
        if let Some(moment) = self.moments.iter().find(|moment| ***moment == found) {
            return moment;
        }
        let seqs: Vec<_> = self.moments.iter().map(|moment| moment.seq).collect();
        let moment = self.moments.iter().find(|moment| moment.seq == found.seq);
        let moment = moment.unwrap_or_else(|| panic!("at {}, none of {seqs:?}", found.seq));
        assert_eq!(found.content, moment.content, "a part of a batch, or what was never there");
        unreachable!("equal moments are found above")
    }
}

/// What is expired by the rules that are there is hidden, and nothing else.
#[track_caller]
pub(crate) fn check_visible(
    tree: &LsmTree<SimDir>,
    ids: &BTreeSet<ConceptId>,
    content: &Content,
    now: u64,
) {
    let rules: expired::Rules = tree.expiry().into_iter().collect();
    if !rules.is_empty() {
        let seen = read(&tree.snapshot(), ids).unwrap();
        assert_eq!(seen, expired::visible(content, &rules, now));
    }
}

/// The kind of every association and the space of every vector are known.
fn check_names(tree: &LsmTree<SimDir>, moment: &Moment) {
    for (_, code, _) in moment.content.associations.keys() {
        let name = tree.kind_name(AssociationKind::from_code(*code));
        assert!(name.is_some(), "an association of kind {code}, which nobody knows");
    }
    let snapshot = tree.snapshot();
    for View { space, .. } in moment.content.concepts.values() {
        let is_known = *space == 0 || snapshot.vector_space(*space).is_some();
        assert!(is_known, "a vector of space {space}, which nobody knows");
    }
}

#[track_caller]
pub(crate) fn check_content(tree: &LsmTree<SimDir>, ids: &BTreeSet<ConceptId>, content: &Content) {
    assert_eq!(read_and_search(&tree.snapshot().with_expired(), ids).unwrap(), *content);
}

#[track_caller]
fn check_sums(tree: &LsmTree<SimDir>) {
    let report = tree.verify(&mut |_| {}).unwrap();
    assert_eq!((&report.damages[..], &report.foreign[..]), (&[][..], &[][..]));
}

/// Nothing may be there but what the manifest names, the one before it, and the lock.
#[track_caller]
pub(crate) fn check_files(dir: &SimDir, tree: &LsmTree<SimDir>) {
    let segments = tree.segments().unwrap().into_iter().map(|segment| segment.file);
    let mut expected: BTreeSet<String> = segments.collect();
    expected.extend(["lock", "manifest.json"].map(str::to_owned));
    let names = dir.list().unwrap();
    let mut found: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
    found.remove("manifest.prev.json");
    assert_eq!(found, expected, "files that the manifest does not name, or the reverse");
}

impl Recovered<'_> {
    /// The store must take writes as if nothing had been.
    pub(crate) fn goes_on(self) {
        let Self { stage, tree, moment, ids } = self;
        let mut history = History { ids: ids.clone(), ..History::from(moment) };
        let changes = [
            Change::Put { n: 1, text: Some(700), vector: 3 },
            Change::Touch(2),
            Change::Delete(3),
            Change::State(1, 1, 4),
        ];
        let next = history.next(5_000, &changes);
        let info = tree.commit(batch(5_000, &changes), Durability::Sync).unwrap();
        assert_eq!(info.last_seq, next.seq);
        history.push(next);
        let History { moments, ids, .. } = &history;
        let content = &moments[1].content;
        check_content(&tree, ids, content);
        tree.flush().unwrap();
        check_content(&tree, ids, content);
        check_sums(&tree);
        check_files(&stage.dir, &tree);
        tree.close().unwrap();
        let tree = stage.open().unwrap();
        assert_eq!(tree.recovery(), sutra_lsm::Recovery::default(), "it was closed in order");
        check_content(&tree, ids, content);
        check_sums(&tree);
        check_files(&stage.dir, &tree);
    }
}
