//! What a snapshot shows: all that was committed and not deleted, but for what is expired.

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_fs::Dir;

use crate::error::Result;
use crate::neighbours::Neighbors;
use crate::snapshot::{Concept, Snapshot};

impl<D: Dir> Snapshot<D> {
    /// The same moment with what is expired and not deleted yet.
    pub fn with_expired(&self) -> Self {
        self.clone().judged(None)
    }

    /// The concept with this id, be it expired.
    pub fn concept_even_expired(&self, id: &ConceptId) -> Result<Option<Concept<'_, D>>> {
        self.find(id)
    }

    /// Whether anything may be expired.
    #[inline]
    pub(crate) fn may_expire(&self) -> bool {
        self.judge().is_some()
    }

    /// Leaves out a concept that is expired.
    #[inline]
    pub(crate) fn unexpired<'s>(&self, found: Option<Concept<'s, D>>) -> Option<Concept<'s, D>> {
        match self.judge() {
            None => found,
            Some(judge) => found.filter(|concept| !judge.concept(concept.record())),
        }
    }

    /// Whether a concept is there and expired: then its associations are hidden.
    pub(crate) fn is_concept_expired(&self, id: &ConceptId) -> Result<bool> {
        let Some(judge) = self.judge().filter(|judge| judge.is_of_concepts()) else {
            return Ok(false);
        };
        Ok(self.find(id)?.is_some_and(|concept| judge.concept(concept.record())))
    }

    /// Whether an association is expired by its own rule.
    pub(crate) fn is_association_over(&self, record: &AssociationRecord) -> bool {
        self.judge().is_some_and(|judge| judge.association(record))
    }

    /// Whether an association is expired, or an end of it is.
    pub(crate) fn is_expired(&self, record: &AssociationRecord) -> Result<bool> {
        if !self.may_expire() {
            return Ok(false);
        }
        Ok(self.is_association_over(record)
            || self.is_concept_expired(&record.source)?
            || self.is_concept_expired(&record.target)?)
    }

    /// Leaves out associations that are expired.
    pub(crate) fn unexpired_of<'s>(&self, found: Neighbors<'s>) -> Result<Neighbors<'s>> {
        if !self.may_expire() {
            return Ok(found);
        }
        let mut visible = Vec::with_capacity(found.len());
        for record in found.iter() {
            if !self.is_expired(record)? {
                visible.push(*record);
            }
        }
        Ok(Neighbors::of(visible))
    }

    /// As [`association`](Self::association), be it expired.
    pub fn association_even_expired(
        &self,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        self.find_association(source, kind, target)
    }
}
