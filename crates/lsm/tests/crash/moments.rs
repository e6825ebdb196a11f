//! [`History`]: what a store should say after each of its commits.

use std::collections::BTreeSet;

use sutra_format::ConceptId;

use super::content::Content;
use super::model::Change;

/// What a store should say after each of its commits.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// The first one is the empty store.
    pub(crate) moments: Vec<Moment>,
    /// Every id that was ever used.
    pub(crate) ids: BTreeSet<ConceptId>,
}

/// What a store should say at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moment {
    pub(crate) seq: u64,
    /// When it was committed.
    pub(crate) time: u64,
    pub(crate) content: Content,
}

/// When it was is asked only of what was.
impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.seq == other.seq && self.content == other.content
    }
}

impl History {
    pub(crate) fn new() -> Self {
        Self::from(&Moment::default())
    }

    pub(crate) fn last(&self) -> &Moment {
        self.moments.last().expect("there is a first moment")
    }

    pub(crate) fn count(&self) -> u64 {
        self.moments.len() as u64 - 1
    }

    /// What the store should say once `changes` are committed after what it says now.
    pub(crate) fn next(&self, time: u64, changes: &[Change]) -> Moment {
        let Moment { mut seq, mut content, .. } = self.last().clone();
        for change in changes {
            seq = change.apply(&mut content, time, seq + 1) - 1;
        }
        Moment { seq, time, content }
    }

    pub(crate) fn push(&mut self, moment: Moment) {
        let Content { concepts, associations, .. } = &moment.content;
        let links = associations.keys().flat_map(|(source, _, target)| [*source, *target]);
        self.ids.extend(concepts.keys().copied().chain(links));
        self.moments.push(moment);
    }
}

impl From<&Moment> for History {
    fn from(moment: &Moment) -> Self {
        Self { moments: vec![moment.clone()], ids: BTreeSet::new() }
    }
}
