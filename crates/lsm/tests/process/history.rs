//! What the child commits, one batch after the other, and what a store must then hold.

use std::collections::{BTreeMap, BTreeSet};

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_lsm::{ConceptPut, LSMTree, WriteBatch};

const KIND: AssociationKind = AssociationKind::CAUSAL;
/// So few concepts that each batch replaces what another one put.
const CONCEPTS: u64 = 23;

fn id(n: u64) -> ConceptId {
    ConceptId::from_key(&n.to_string())
}

/// Everything that is visible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    contents: BTreeMap<u64, String>,
    associations: BTreeSet<(u64, u64)>,
}

/// Which concepts batch `number` is about: one that it puts, one that it associates that with,
/// and one that it deletes.
fn parts(number: u64) -> (u64, u64, Option<u64>) {
    let deleted = number.is_multiple_of(4).then_some(number * 5 % CONCEPTS);
    (number % CONCEPTS, number * 7 % CONCEPTS, deleted)
}

fn content(number: u64) -> String {
    format!("batch {number} ").repeat(1 + usize::try_from(number % 40).unwrap())
}

/// Batch `number`; the first one is 1.
pub(crate) fn batch(number: u64) -> WriteBatch {
    let (put, target, deleted) = parts(number);
    let mut batch = WriteBatch::new();
    let content = content(number);
    batch.put_concept(&ConceptPut { content: Some(&content), ..ConceptPut::new(id(put)) }).unwrap();
    batch.put_association(AssociationRecord::new(id(put), id(target), KIND, 0.5)).unwrap();
    if let Some(deleted) = deleted {
        batch.delete_concept(id(deleted));
    }
    batch
}

impl State {
    /// Takes the next batch.
    pub(crate) fn apply(&mut self, number: u64) {
        let (put, target, deleted) = parts(number);
        self.contents.insert(put, content(number));
        self.associations.insert((put, target));
        if let Some(deleted) = deleted {
            self.contents.remove(&deleted);
            self.associations.retain(|&(a, b)| a != deleted && b != deleted);
        }
    }

    /// Reads a store, from both ends of its associations.
    pub(crate) fn of(tree: &LSMTree) -> Self {
        let snapshot = tree.snapshot();
        let mut state = Self::default();
        let mut reached = BTreeSet::new();
        let number = |wanted: ConceptId| (0..CONCEPTS).find(|n| id(*n) == wanted).unwrap();
        for n in 0..CONCEPTS {
            if let Some(concept) = snapshot.concept(&id(n)).unwrap() {
                state.contents.insert(n, concept.content().unwrap().unwrap().to_owned());
            }
            for record in &snapshot.outgoing(&id(n)).unwrap() {
                state.associations.insert((n, number(record.target)));
            }
            for record in &snapshot.incoming(&id(n)).unwrap() {
                reached.insert((number(record.source), n));
            }
        }
        assert_eq!(state.associations, reached, "the two directions differ");
        state
    }
}
