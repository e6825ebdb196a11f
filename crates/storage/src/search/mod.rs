//! Searching: what is found, and what may be found.

mod filter;
mod retrieve;
mod text;
mod vector;

pub use filter::Filter;
pub use retrieve::{Fusion, Reason, Retrieve, Retrieved, Way};
pub use text::{Matching, TextSearch};
pub use vector::{Effort, VectorSearch};

use sutra_format::AssociationRecord;

use crate::concept::Concept;
use crate::error::{Error, Result};

/// Something that was found, and how well it fits.
#[derive(Debug)]
pub struct Hit<'s> {
    /// Higher is better. Only scores of one search can be compared.
    pub score: f32,
    /// What it is.
    pub found: Found<'s>,
}

/// A concept, or an association that has a text or a vector of its own.
#[derive(Debug)]
pub enum Found<'s> {
    /// A concept.
    Concept(Concept<'s>),
    /// An association, and what it says.
    Association(AssociationRecord, Concept<'s>),
}

impl<'s> Found<'s> {
    /// The concept, or the one that carries what the association says.
    pub fn concept(&self) -> &Concept<'s> {
        match self {
            Self::Concept(concept) | Self::Association(_, concept) => concept,
        }
    }

    /// What it says.
    pub fn content(&self) -> Result<Option<&'s str>> {
        self.concept().content()
    }

    /// What the engine found, as what it stands for.
    fn of(snapshot: &'s sutra_lsm::Snapshot, concept: sutra_lsm::Concept<'s>) -> Result<Self> {
        if !concept.record().is_fact() {
            return Ok(Self::Concept(Concept::new(concept)));
        }
        let id = concept.id();
        match snapshot.association_of(&concept)? {
            Some(association) => Ok(Self::Association(association, Concept::new(concept))),
            None => Err(Error::invalid(format!(
                "concept {id} carries the text of an association that is not there"
            ))),
        }
    }
}
