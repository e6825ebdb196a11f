//! [`Along`]: which associations a search takes, and the words that say so, which all searches share.

use sutra_index::graph::{Direction, Limits, Walk};
use sutra_lsm::{EdgeFilter, GraphView};

/// Which associations a search takes, which way, and what it may cost.
#[derive(Clone, Debug)]
pub(super) struct Along {
    pub(super) direction: Direction,
    pub(super) filter: EdgeFilter,
    pub(super) limits: Limits,
}

impl Along {
    pub(super) fn all() -> Self {
        let (filter, limits) = (EdgeFilter::all(), Limits::default());
        Self { direction: Direction::Both, filter, limits }
    }

    pub(super) fn walk<'f, 's>(&'f self) -> Walk<'f, GraphView<'s>> {
        Walk::new(self.direction, &self.filter).with_limits(self.limits)
    }
}

/// The words that say which associations are meant, for a type with a field `along`.
macro_rules! which_associations {
    () => {
        /// Only associations of this kind; called again, those of that kind as well.
        pub fn of_kind(mut self, kind: sutra_format::AssociationKind) -> Self {
            self.along.filter = self.along.filter.kind(kind);
            self
        }

        /// Only associations of these kinds, and of those that were named before. An empty list says
        /// nothing.
        pub fn of_kinds(self, kinds: &[sutra_format::AssociationKind]) -> Self {
            kinds.iter().fold(self, |search, kind| search.of_kind(*kind))
        }

        /// Only associations that hold at this time, in milliseconds since 1970.
        pub fn valid_at(mut self, ms: i64) -> Self {
            self.along.filter = self.along.filter.valid_at(ms);
            self
        }

        /// Only associations of at least this weight.
        pub fn min_weight(mut self, weight: f32) -> Self {
            self.along.filter = self.along.filter.min_weight(weight);
            self
        }

        /// Only associations of at least this confidence.
        pub fn min_confidence(mut self, confidence: f32) -> Self {
            self.along.filter = self.along.filter.min_confidence(confidence);
            self
        }
    };
}

/// The words that say which way a search goes and how far at most.
macro_rules! which_way {
    () => {
        /// Only from source to target, as seen from where the search starts.
        pub fn outgoing(mut self) -> Self {
            self.along.direction = sutra_index::graph::Direction::Out;
            self
        }

        /// Only from target to source, as seen from where the search starts.
        pub fn incoming(mut self) -> Self {
            self.along.direction = sutra_index::graph::Direction::In;
            self
        }

        /// What it may cost. A million concepts and ten million associations by default.
        pub fn limits(mut self, limits: sutra_index::graph::Limits) -> Self {
            self.along.limits = limits;
            self
        }
    };
}

pub(super) use {which_associations, which_way};
