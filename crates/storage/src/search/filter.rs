//! [`Filter`]: what may be found.

use sutra_format::AssociationKind;
use sutra_lsm::{Concept, Result, Snapshot};

/// Narrows a search down, before anything is ranked: as many answers as were asked for come back
/// while so many pass. Without further words everything passes.
///
/// ```
/// use sutra_storage::{AssociationKind, Filter};
///
/// let filter = Filter::new().of_kind(AssociationKind::CAUSAL).valid_at(1_760_000_000_000);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it does nothing until a search is given it"]
pub struct Filter {
    what: What,
    kinds: Vec<AssociationKind>,
    valid_at: Option<i64>,
    source_hash: Option<u32>,
    updated_from: Option<u64>,
    updated_before: Option<u64>,
    min_strength: Option<f32>,
    min_confidence: Option<f32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum What {
    #[default]
    Everything,
    Concepts,
    Associations,
}

impl Filter {
    /// Everything passes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only concepts.
    pub fn concepts(mut self) -> Self {
        self.what = What::Concepts;
        self
    }

    /// Only associations.
    pub fn associations(mut self) -> Self {
        self.what = What::Associations;
        self
    }

    /// Only associations, of this kind or of another that was named so.
    pub fn of_kind(mut self, kind: AssociationKind) -> Self {
        self.kinds.push(kind);
        self.associations()
    }

    /// Only what holds at this time, in milliseconds since 1970.
    pub fn valid_at(mut self, time: i64) -> Self {
        self.valid_at = Some(time);
        self
    }

    /// Only concepts that came from there; see
    /// [`NewConcept::source_hash`](crate::NewConcept::source_hash).
    pub fn from_source(mut self, source_hash: u32) -> Self {
        self.source_hash = Some(source_hash);
        self
    }

    /// Only what was last put at this time or later, in milliseconds since 1970.
    pub fn updated_from(mut self, time: u64) -> Self {
        self.updated_from = Some(time);
        self
    }

    /// Only what was last put before this time, in milliseconds since 1970.
    pub fn updated_before(mut self, time: u64) -> Self {
        self.updated_before = Some(time);
        self
    }

    /// Only concepts that are held at least so firmly.
    pub fn min_strength(mut self, strength: f32) -> Self {
        self.min_strength = Some(strength);
        self
    }

    /// Only what is at least so sure.
    pub fn min_confidence(mut self, confidence: f32) -> Self {
        self.min_confidence = Some(confidence);
        self
    }

    /// The time at which things have to hold.
    pub(crate) fn time(&self) -> Option<i64> {
        self.valid_at
    }

    /// Whether everything passes.
    pub(crate) fn is_empty(&self) -> bool {
        self.what == What::Everything
            && self.valid_at.is_none()
            && self.source_hash.is_none()
            && self.updated_from.is_none()
            && self.updated_before.is_none()
            && self.min_strength.is_none()
            && self.min_confidence.is_none()
    }

    /// Whether a concept passes, or the association whose text it carries.
    pub(crate) fn allows(&self, snapshot: &Snapshot, concept: &Concept<'_>) -> Result<bool> {
        let record = concept.record();
        let updated = record.updated_at.get();
        let is_wanted = match self.what {
            What::Everything => true,
            What::Concepts => !record.is_fact(),
            What::Associations => record.is_fact(),
        };
        if !is_wanted
            || self.updated_from.is_some_and(|from| updated < from)
            || self.updated_before.is_some_and(|before| updated >= before)
            || self.source_hash.is_some_and(|source| record.source_hash.get() != source)
            || self.min_strength.is_some_and(|least| record.strength.get() < least)
        {
            return Ok(false);
        }
        let is_sure = |confidence: f32| self.min_confidence.is_none_or(|least| confidence >= least);
        if !record.is_fact() {
            let holds = self.valid_at.is_none_or(|at| record.holds_at(at));
            return Ok(holds && is_sure(record.confidence.get()));
        }
        let Some(association) = snapshot.association_of(concept)? else { return Ok(false) };
        Ok((self.kinds.is_empty() || self.kinds.contains(&association.kind()))
            && self.valid_at.is_none_or(|at| association.holds_at(at))
            && is_sure(association.confidence.get()))
    }
}
