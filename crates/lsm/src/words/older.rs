//! What was visible in the tables before a certain one: that is what it may hide.

use std::sync::Arc;

use sutra_format::{AssociationRecord, ConceptId};
use sutra_fs::Dir;

use crate::error::Result;
use crate::memtable::Memtable;
use crate::snapshot::{Concept, Snapshot};
use crate::version::Version;

impl<D: Dir> Version<D> {
    /// The tables that are older than this memtable, as a snapshot of all that is in them. Without
    /// one, and of one that is not in the version: all segments.
    pub(crate) fn before(&self, memtable: Option<&Memtable>) -> Snapshot<D> {
        let place = memtable.and_then(|memtable| self.place(memtable));
        self.from(place.map(|at| at + 1), u64::MAX)
    }

    /// This memtable and the tables before it, as they were at `seq`.
    pub(crate) fn upto(&self, memtable: &Memtable, seq: u64) -> Snapshot<D> {
        self.from(self.place(memtable), seq)
    }

    fn place(&self, memtable: &Memtable) -> Option<usize> {
        self.memtables.iter().position(|other| std::ptr::eq(&raw const **other, memtable))
    }

    fn from(&self, place: Option<usize>, seq: u64) -> Snapshot<D> {
        let memtables = place.map_or(&[][..], |place| &self.memtables[place..]);
        Snapshot::new(Arc::new(self.with_memtables(memtables.to_vec())), seq)
    }
}

impl<D: Dir> Snapshot<D> {
    /// A concept, or a fact whose association is still there, as searches find it.
    pub(crate) fn searchable(&self, id: &ConceptId) -> Result<Option<Concept<'_, D>>> {
        let Some(concept) = self.concept(id)? else { return Ok(None) };
        let (record, home) = (concept.record(), concept.home());
        let lives = !record.is_fact() || self.is_fact_held(record, home)?;
        Ok(lives.then_some(concept))
    }

    /// The text of a concept, or of a fact, that searches find.
    pub(crate) fn searchable_text(&self, id: &ConceptId) -> Result<Option<&str>> {
        self.searchable(id)?.map_or(Ok(None), |concept| concept.content())
    }

    /// The ids of the facts of all associations that touch a concept.
    pub(crate) fn facts_of(&self, id: &ConceptId) -> Result<Vec<ConceptId>> {
        let (outgoing, incoming) = (self.outgoing(id)?, self.incoming(id)?);
        let rows = outgoing.iter().chain(incoming.iter());
        Ok(rows.filter_map(AssociationRecord::fact_id).collect())
    }
}
