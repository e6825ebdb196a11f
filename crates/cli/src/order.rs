//! [`Order`]: the concepts of a snapshot sorted by key.
//!
//! An export reads concepts and the ends of associations in this order. Those without a key come
//! last, sorted by id; so do ends of associations that are no concepts.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use sutra_storage::{ConceptId, Snapshot};

use crate::failure::Failure;
use crate::tell::Name;

/// Which concept comes where. Takes about 60 bytes and the key of each concept.
pub(crate) struct Order {
    keys: String,
    rows: Vec<Row>,
    ranks: HashMap<ConceptId, u32>,
    concepts: usize,
}

struct Row {
    id: ConceptId,
    /// Of `keys`; empty where there is no key.
    key: Range<usize>,
}

impl Order {
    pub(crate) fn of(snapshot: &Snapshot) -> Result<Self, Failure> {
        let (mut keys, mut rows) = (String::new(), Vec::new());
        for concept in snapshot.iter()? {
            let concept = concept?;
            let start = keys.len();
            keys.push_str(concept.key()?.unwrap_or_default());
            rows.push(Row { id: concept.id(), key: start..keys.len() });
        }
        let concepts = rows.len();
        rows.sort_unstable_by(|a, b| name(&keys, a).cmp(&name(&keys, b)));
        let mut order = Self { keys, rows, ranks: HashMap::new(), concepts };
        order.ranks = order.rows.iter().zip(0..).map(|(row, rank)| (row.id, rank)).collect();
        order.add_strangers(snapshot)?;
        Ok(order)
    }

    /// Ends of associations that are no concepts.
    fn add_strangers(&mut self, snapshot: &Snapshot) -> Result<(), Failure> {
        let mut strangers = HashSet::new();
        for association in snapshot.iter_associations()? {
            let association = association?;
            for end in [association.source, association.target] {
                if !self.ranks.contains_key(&end) {
                    strangers.insert(end);
                }
            }
        }
        let mut strangers: Vec<ConceptId> = strangers.into_iter().collect();
        strangers.sort_unstable();
        for id in strangers {
            let rank = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
            self.ranks.insert(id, rank);
            self.rows.push(Row { id, key: 0..0 });
        }
        Ok(())
    }

    /// The ids of all concepts, in order.
    pub(crate) fn concepts(&self) -> impl ExactSizeIterator<Item = ConceptId> {
        self.rows[..self.concepts].iter().map(|row| row.id)
    }

    /// The ids of all that may be an end of an association, in order.
    pub(crate) fn ends(&self) -> impl ExactSizeIterator<Item = ConceptId> {
        self.rows.iter().map(|row| row.id)
    }

    /// Where a concept or an end stands.
    pub(crate) fn rank(&self, id: &ConceptId) -> Option<u32> {
        self.ranks.get(id).copied()
    }

    /// What it is called.
    pub(crate) fn name(&self, id: &ConceptId) -> Name<'_> {
        match self.rank(id) {
            Some(rank) => name(&self.keys, &self.rows[rank as usize]),
            None => Name::Id(*id),
        }
    }
}

fn name<'k>(keys: &'k str, row: &Row) -> Name<'k> {
    match &keys[row.key.clone()] {
        "" => Name::Id(row.id),
        key => Name::Key(key),
    }
}
