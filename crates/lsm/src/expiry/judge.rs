//! [`Judge`]: whether a record is expired, from the record and the clock alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use sutra_format::time::{OPEN_END, OPEN_START};
use sutra_format::{AssociationRecord, ConceptRecord};
use sutra_manifest::{Expiry, ExpiryScope, HalfLife};

/// The rules that are in force together.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    concepts: Option<Expiry>,
    associations: Option<Expiry>,
    /// By the code of the kind.
    kinds: BTreeMap<u16, Expiry>,
}

impl Rules {
    pub(super) fn of(rules: &BTreeMap<ExpiryScope, Expiry>) -> Self {
        let mut own = Self::default();
        for (scope, expiry) in rules {
            match scope {
                ExpiryScope::Concepts => own.concepts = Some(*expiry),
                ExpiryScope::Associations => own.associations = Some(*expiry),
                ExpiryScope::Kind(kind) => drop(own.kinds.insert(kind.code(), *expiry)),
            }
        }
        own
    }

    pub(super) fn are_none(&self) -> bool {
        self.concepts.is_none() && self.associations.is_none() && self.kinds.is_empty()
    }
}

/// Rules, and the time at which they are asked.
#[derive(Debug)]
pub(crate) struct Judge {
    /// Milliseconds since the epoch.
    pub(crate) now: u64,
    pub(crate) rules: Arc<Rules>,
}

impl Judge {
    /// Whether any concept can be expired.
    pub(crate) fn is_of_concepts(&self) -> bool {
        self.rules.concepts.is_some()
    }

    /// Whether any association can be expired by a rule of its own.
    pub(crate) fn is_of_associations(&self) -> bool {
        self.rules.associations.is_some() || !self.rules.kinds.is_empty()
    }

    /// Whether a concept is expired, all its changes folded in. Facts go with their associations.
    pub(crate) fn concept(&self, record: &ConceptRecord) -> bool {
        let Some(expiry) = self.rules.concepts.filter(|_| !record.is_fact()) else { return false };
        let last = record.updated_at.get().max(record.accessed_at.get());
        self.is_over(&Span {
            expiry,
            since: Some(last.into()),
            valid_to: record.valid_to.get(),
            strength: record.strength.get(),
        })
    }

    /// Whether an association is expired by its own rule.
    pub(crate) fn association(&self, record: &AssociationRecord) -> bool {
        let own = self.rules.kinds.get(&record.kind().code());
        let Some(expiry) = own.or(self.rules.associations.as_ref()).copied() else { return false };
        let since = Some(record.valid_from()).filter(|from| *from != OPEN_START);
        let (valid_to, strength) = (record.valid_to(), record.weight.get());
        self.is_over(&Span { expiry, since: since.map(i128::from), valid_to, strength })
    }

    fn is_over(&self, span: &Span) -> bool {
        let Expiry { time_to_live, half_life, after_end } = span.expiry;
        let now = i128::from(self.now);
        let age = span.since.map(|since| (now - since).max(0));
        let reaches = |age: i128, ms: u64| age >= i128::from(ms);
        let after = now - i128::from(span.valid_to);
        time_to_live.is_some_and(|ms| age.is_some_and(|age| reaches(age, ms)))
            || half_life.is_some_and(|by| age.is_some_and(|age| span.has_faded(age, by)))
            || after_end.is_some_and(|ms| span.valid_to != OPEN_END && reaches(after, ms))
    }
}

/// What of a record matters.
struct Span {
    expiry: Expiry,
    /// When its age began, if it has any.
    since: Option<i128>,
    valid_to: i64,
    strength: f32,
}

impl Span {
    #[expect(clippy::cast_precision_loss, reason = "53 bits of milliseconds are long enough")]
    fn has_faded(&self, age: i128, by: HalfLife) -> bool {
        let halves = age as f64 / by.ms as f64;
        f64::from(self.strength) * (-halves).exp2() < f64::from(by.min_strength)
    }
}
