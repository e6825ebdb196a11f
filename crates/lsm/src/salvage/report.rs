//! [`SalvageReport`]: what could not be saved, as exactly as it can be known.

use std::fmt;
use std::path::PathBuf;

use sutra_format::{AssociationRecord, ConceptId};

/// What [`salvage`](super::salvage) saved and what it did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalvageReport {
    /// Everything that is not in the new store though it was, or may have been, in the old one.
    pub losses: Vec<Loss>,
    /// Concepts of the new store, those that carry the text of associations included.
    pub concepts: u64,
    /// Associations of the new store.
    pub associations: u64,
}

/// Something that was lost, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The file of the damaged store; its directory, if any file may have had it.
    pub path: PathBuf,
    /// Where in it, in bytes, if one place can be named.
    pub offset: Option<u64>,
    /// What.
    pub what: Lost,
}

/// A kind of loss.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// A file of which nothing could be used.
    File {
        /// Why not.
        reason: String,
        /// Concept records that it had, if the manifest says so.
        concepts: u64,
        /// Association records that it had, if the manifest says so.
        associations: u64,
    },
    /// So many concept records that follow one another.
    Concepts(u64),
    /// So many association records that follow one another.
    Associations(u64),
    /// The list of deleted concepts; what it alone knew is decided as if they had been deleted.
    Deletions,
    /// The text of a concept or a part of it: content, attributes or key.
    Text(ConceptId),
    /// The vector of a concept.
    Vector(ConceptId),
    /// A concept that is whole, but a newer version or its deletion may be among what was lost.
    DoubtfulConcept(ConceptId),
    /// The same of an association, or of the deletion of one of its ends.
    DoubtfulAssociation(Link),
    /// The text, attributes and vector of an association. The association itself is there.
    Fact(Link),
    /// Commits behind the damage in a journal.
    Commits {
        /// What is wrong.
        reason: String,
        /// Commits whose beginning can still be seen behind the damage.
        seen: u64,
    },
    /// The manifest: which files belong to the store was told from the files themselves.
    Manifest {
        /// What is wrong with it.
        reason: String,
    },
    /// What made words of the texts, which manifests have and every index repeats.
    Analyser,
    /// What was: only what is was looked for.
    History,
    /// Names of kinds, which only manifests have. The associations are there, under the codes of
    /// their kinds.
    KindNames {
        /// The lowest code of an association whose kind has no name.
        first: u16,
        /// The highest.
        last: u16,
    },
    /// What vector spaces are, which only manifests have. The vectors are there, under the codes of
    /// their spaces, and no search finds them.
    VectorSpaces {
        /// The lowest code of a space that has vectors and no name.
        first: u16,
        /// The highest.
        last: u16,
    },
}

/// Which association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it starts.
    pub source: ConceptId,
    /// The code of its kind.
    pub kind: u16,
    /// Where it ends.
    pub target: ConceptId,
}

impl Link {
    pub(super) fn of(record: &AssociationRecord) -> Self {
        Self { source: record.source, kind: record.kind().code(), target: record.target }
    }
}

impl SalvageReport {
    /// Whether the new store has all that the old one had.
    pub fn is_complete(&self) -> bool {
        self.losses.is_empty()
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}, kind {}", self.source, self.target, self.kind)
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { reason, concepts, associations } => write!(
                f,
                "the whole file, with {concepts} concept and {associations} association records: \
                 {reason}"
            ),
            Self::Concepts(count) => write!(f, "{count} concept records"),
            Self::Associations(count) => write!(f, "{count} association records"),
            Self::Deletions => write!(f, "the list of deleted concepts"),
            Self::Text(id) => write!(f, "text of concept {id}, or a part of it"),
            Self::Vector(id) => write!(f, "vector of concept {id}"),
            Self::DoubtfulConcept(id) => {
                write!(f, "concept {id}, of which something newer may have been lost")
            }
            Self::DoubtfulAssociation(link) => {
                write!(f, "association {link}, of which something newer may have been lost")
            }
            Self::Fact(link) => write!(f, "text, attributes and vector of association {link}"),
            Self::Commits { reason, seen } => {
                write!(f, "all commits from here on, of which {seen} can be seen: {reason}")
            }
            Self::Manifest { reason } => {
                write!(f, "the manifest, so that the files themselves were asked: {reason}")
            }
            Self::Analyser => write!(
                f,
                "the analyser: the new store takes words as they are; if the old one had them stemmed, \
                 export the new one and import it into one that is made so"
            ),
            Self::History => write!(f, "the history: the new store has what is, and keeps none"),
            Self::KindNames { first, last } => write!(
                f,
                "the names of kinds with codes from {first} to {last}: before any other kind, \
                 register them again in the order in which they were registered first"
            ),
            Self::VectorSpaces { first, last } => write!(
                f,
                "the vector spaces with codes from {first} to {last}: before any other space, \
                 register them again in the order in which they were registered first, and then \
                 compact the whole store once"
            ),
        }
    }
}
