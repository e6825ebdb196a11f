//! [`EdgeFilter`]: which associations a search walks along.

use sutra_format::{AssociationKind, AssociationRecord};

/// Which associations are meant; without further words all of them.
///
/// It is held against the newest version of an association: one that was replaced is not found by
/// what it said before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeFilter {
    /// Rising, each once; none for all.
    kinds: Vec<AssociationKind>,
    valid_at: Option<i64>,
    min_weight: Option<f32>,
    min_confidence: Option<f32>,
}

impl EdgeFilter {
    /// All associations.
    pub const fn all() -> Self {
        Self { kinds: Vec::new(), valid_at: None, min_weight: None, min_confidence: None }
    }

    /// Those of this kind; called again, those of that kind as well.
    pub fn kind(mut self, kind: AssociationKind) -> Self {
        if let Err(place) = self.kinds.binary_search(&kind) {
            self.kinds.insert(place, kind);
        }
        self
    }

    /// Only those that hold at this time, in milliseconds since 1970.
    pub fn valid_at(mut self, ms: i64) -> Self {
        self.valid_at = Some(ms);
        self
    }

    /// Only those of at least this weight.
    pub fn min_weight(mut self, weight: f32) -> Self {
        self.min_weight = Some(weight);
        self
    }

    /// Only those of at least this confidence.
    pub fn min_confidence(mut self, confidence: f32) -> Self {
        self.min_confidence = Some(confidence);
        self
    }

    /// The kinds that are meant, rising; none if all are.
    pub fn kinds(&self) -> &[AssociationKind] {
        &self.kinds
    }

    /// Whether this association is meant.
    #[inline]
    pub fn admits(&self, record: &AssociationRecord) -> bool {
        self.admits_kind(record)
            && self.valid_at.is_none_or(|ms| record.holds_at(ms))
            && self.min_weight.is_none_or(|least| record.weight.get() >= least)
            && self.min_confidence.is_none_or(|least| record.confidence.get() >= least)
    }

    /// Whether an association of its kind is meant.
    #[inline]
    pub(super) fn admits_kind(&self, record: &AssociationRecord) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&record.kind())
    }

    /// Whether it asks for nothing but kinds.
    pub(super) fn is_of_kinds_alone(&self) -> bool {
        self.valid_at.is_none() && self.min_weight.is_none() && self.min_confidence.is_none()
    }
}
