//! [`Past`]: what a store in memory said after each commit, and what it must still say of it.

use std::collections::BTreeSet;

use sutra_format::{AssociationRecord, ConceptId};
use sutra_lsm::{Changed, LsmError, LsmTree, Result, Retention};
use sutra_testkit::SimDir;

use super::store_ops::{Change, Model, Told, compare, id, told};

/// What was after a commit.
struct Moment {
    time: u64,
    seq: u64,
    model: Model,
}

/// All commits, and from when on they can be asked about.
#[derive(Default)]
pub(super) struct Past {
    /// Each at a later time than the one before.
    moments: Vec<Moment>,
    since: Option<u64>,
    window: Option<u64>,
    /// Whether anything was erased: when all of a commit is, nobody knows any more when that was.
    is_erased: bool,
}

impl Past {
    pub(super) fn push(&mut self, time: u64, seq: u64, model: &Model) {
        self.moments.push(Moment { time, seq, model: model.clone() });
    }

    pub(super) fn retain(&mut self, retention: Retention, now: u64) {
        self.move_window(now);
        (self.since, self.window) = match retention {
            Retention::Latest => (None, None),
            Retention::Window(window) => (self.since.or(Some(now)), Some(window)),
            _ => (self.since.or(Some(now)), None),
        };
    }

    /// Takes a concept from all that was.
    pub(super) fn erase(&mut self, n: u8) {
        self.is_erased = true;
        self.moments.iter_mut().for_each(|moment| moment.model.apply(Change::Delete(n)));
    }

    /// With a window, what is before it may go at any time.
    fn move_window(&mut self, now: u64) {
        if let (Some(since), Some(window)) = (&mut self.since, self.window) {
            *since = (*since).max(now.saturating_sub(window));
        }
    }

    /// Whether the store must say what was at this time.
    fn is_kept(&self, time: u64) -> bool {
        self.since.is_some_and(|since| time >= since)
    }

    fn pick(&self, which: u8) -> Option<&Moment> {
        self.moments.get(usize::from(which).checked_rem(self.moments.len())?)
    }

    /// One moment of the past, read as of its time.
    pub(super) fn check(&mut self, tree: &LsmTree<SimDir>, which: u8, now: u64) -> Result<()> {
        self.move_window(now);
        let Some(moment) = self.pick(which) else { return Ok(()) };
        match tree.snapshot_at(moment.time) {
            Ok(snapshot) => {
                assert!(self.since.is_some(), "what is not kept is told");
                let is_then = snapshot.seq() == moment.seq || self.is_erased;
                assert!(is_then, "{} as of {}, not {}", snapshot.seq(), moment.time, moment.seq);
                compare(&snapshot, &moment.model)
            }
            Err(LsmError::NotKept { .. }) => {
                assert!(!self.is_kept(moment.time), "what is kept is not told");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The versions of one concept, held against all moments.
    pub(super) fn check_versions(&mut self, tree: &LsmTree<SimDir>, n: u8, now: u64) -> Result<()> {
        self.move_window(now);
        let snapshot = tree.snapshot();
        let versions = snapshot.history(&id(n))?;
        assert!(versions.is_sorted_by(|a, b| a.seq > b.seq && a.time >= b.time));
        for moment in self.moments.iter().filter(|moment| self.is_kept(moment.time)) {
            let version = versions.iter().find(|version| version.seq <= moment.seq);
            let concept = version.and_then(|version| version.concept.as_ref());
            let found: Option<Told> = concept.map(told).transpose()?;
            assert_eq!(found.as_ref(), moment.model.concepts.get(&n), "{n} at {}", moment.seq);
        }
        Ok(())
    }

    /// All changes since a moment, made to what was then, give what is.
    pub(super) fn check_changes(
        &mut self,
        tree: &LsmTree<SimDir>,
        model: &Model,
        which: u8,
        now: u64,
    ) -> Result<()> {
        self.move_window(now);
        let Some(moment) = self.pick(which).filter(|moment| self.is_kept(moment.time)) else {
            return Ok(());
        };
        let (snapshot, mut was) = (tree.snapshot(), moment.model.clone());
        let mut since = moment.seq;
        loop {
            let changes = tree.changes(&snapshot, since, 9)?;
            let Some(last) = changes.last() else { break };
            assert!(changes.len() <= 9 && changes.is_sorted_by(|a, b| a.seq < b.seq));
            assert!(changes[0].seq > since, "what was before is told");
            since = last.seq;
            changes.iter().try_for_each(|change| apply(&mut was, &change.what))?;
        }
        assert_eq!(was.concepts, model.concepts, "after all changes");
        let links = |model: &Model| model.associations.keys().copied().collect::<BTreeSet<_>>();
        assert_eq!(links(&was), links(model), "after all changes");
        Ok(())
    }
}

/// The number of a concept that is none for an association.
fn number(id: &ConceptId) -> Option<u8> {
    let first = id.as_bytes()[0];
    id.as_bytes().iter().all(|byte| *byte == first).then_some(first)
}

fn link(record: &AssociationRecord) -> (u8, u16, u8) {
    (record.source.as_bytes()[0], record.kind().code(), record.target.as_bytes()[0])
}

fn apply(model: &mut Model, what: &Changed<'_, SimDir>) -> Result<()> {
    match what {
        Changed::Put(concept) => {
            if let Some(n) = number(&concept.id()) {
                model.concepts.insert(n, told(concept)?);
            }
        }
        Changed::Deleted(id) => {
            if let Some(n) = number(id) {
                model.apply(Change::Delete(n));
            }
        }
        Changed::Associated(record) => drop(model.associations.insert(link(record), false)),
        Changed::Dissociated(record) => drop(model.associations.remove(&link(record))),
    }
    Ok(())
}
