//! [`Which`] and [`Ways`]: the arguments that say which associations a search takes.

use clap::Args;
use sutra_storage::{AssociationKind, Store};

use crate::moment;

/// Which associations are meant.
#[derive(Args)]
pub(crate) struct Which {
    /// Only associations of this type; can be given several times
    #[arg(long = "type", visible_alias = "kind", value_name = "T")]
    kinds: Vec<String>,
    /// Only associations that hold at this time: `2025-10-15`, `2025-10-15T12:00:00Z`, or
    /// milliseconds since 1970
    #[arg(long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true)]
    pub(crate) valid: Option<i64>,
}

/// Which way associations are taken.
#[derive(Args)]
pub(crate) struct Ways {
    /// Only associations that end at the concept
    #[arg(long, group = "direction")]
    r#in: bool,
    /// Only associations that start at the concept
    #[arg(long, group = "direction")]
    out: bool,
    /// Both, outgoing ones first; the default
    #[arg(long, group = "direction")]
    both: bool,
}

impl Which {
    /// The kinds of these names, none if all are meant; nothing at all if names were given and the
    /// store knows none of them.
    pub(crate) fn kinds(&self, store: &Store) -> Option<Vec<AssociationKind>> {
        let known: Vec<_> = self.kinds.iter().filter_map(|name| store.kind_named(name)).collect();
        (self.kinds.is_empty() || !known.is_empty()).then_some(known)
    }
}

/// Says to a search what the arguments say. Searches share these words, and no trait.
macro_rules! narrow {
    ($search:expr, $kinds:expr, $which:expr) => {{
        let search = $search.of_kinds(&$kinds);
        match $which.valid {
            Some(ms) => search.valid_at(ms),
            None => search,
        }
    }};
    ($search:expr, $kinds:expr, $which:expr, $ways:expr) => {{
        let search = crate::which::narrow!($search, $kinds, $which);
        match $ways.direction() {
            Some(sutra_storage::Direction::Incoming) => search.incoming(),
            Some(sutra_storage::Direction::Outgoing) => search.outgoing(),
            None => search,
        }
    }};
}
pub(crate) use narrow;

impl Ways {
    pub(crate) fn direction(&self) -> Option<sutra_storage::Direction> {
        match (self.r#in, self.out) {
            (true, _) => Some(sutra_storage::Direction::Incoming),
            (_, true) => Some(sutra_storage::Direction::Outgoing),
            _ => None, // And `both` says what is so in any case.
        }
    }
}
