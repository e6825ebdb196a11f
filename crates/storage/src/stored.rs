//! [`Stored`]: what is in the store already, for those who make a commit on top of it.

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_lsm::{Concept, Neighbors, Reader, Snapshot};

use crate::error::Result;

/// The store as a commit finds it.
#[derive(Clone, Copy)]
pub(crate) enum Stored<'s> {
    /// Whatever another commit changes meanwhile is overwritten.
    Plain(&'s Snapshot),
    /// What is read is noted, and another commit that changes it makes a conflict.
    Noted(&'s Reader),
}

impl<'s> Stored<'s> {
    pub(crate) fn concept(self, id: &ConceptId) -> Result<Option<Concept<'s>>> {
        Ok(match self {
            Self::Plain(snapshot) => snapshot.concept(id)?,
            Self::Noted(reader) => reader.concept(id)?,
        })
    }

    pub(crate) fn association(
        self,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        Ok(match self {
            Self::Plain(snapshot) => snapshot.association(source, kind, target)?,
            Self::Noted(reader) => reader.association(source, kind, target)?,
        })
    }

    pub(crate) fn outgoing(self, id: &ConceptId) -> Result<Neighbors<'s>> {
        Ok(match self {
            Self::Plain(snapshot) => snapshot.outgoing(id)?,
            Self::Noted(reader) => reader.outgoing(id)?,
        })
    }

    pub(crate) fn incoming(self, id: &ConceptId) -> Result<Neighbors<'s>> {
        Ok(match self {
            Self::Plain(snapshot) => snapshot.incoming(id)?,
            Self::Noted(reader) => reader.incoming(id)?,
        })
    }
}
