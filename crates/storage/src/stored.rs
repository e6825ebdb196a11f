//! [`Stored`]: what is in the store already, for those who make a commit on top of it.
//!
//! A concept that is expired is as good as deleted to them, but of associations they have to know
//! those as well: their texts must go along.

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
            Self::Plain(snapshot) => snapshot.association_even_expired(source, kind, target)?,
            Self::Noted(reader) => reader.association_even_expired(source, kind, target)?,
        })
    }

    pub(crate) fn outgoing(self, id: &ConceptId) -> Result<Neighbors<'s>> {
        Ok(match self {
            Self::Plain(snapshot) => snapshot.outgoing_even_expired(id)?,
            Self::Noted(reader) => reader.outgoing_even_expired(id)?,
        })
    }

    pub(crate) fn incoming(self, id: &ConceptId) -> Result<Neighbors<'s>> {
        Ok(match self {
            Self::Plain(snapshot) => snapshot.incoming_even_expired(id)?,
            Self::Noted(reader) => reader.incoming_even_expired(id)?,
        })
    }
}
