//! [`Expiry`]: when a store forgets records by itself.
//!
//! Rules are kept with the time from which on they were in force, so that a store which keeps history
//! can say of an earlier time what it showed then.

use std::collections::BTreeMap;
use std::fmt;

use sutra_format::AssociationKind;
use thiserror::Error;

/// What a rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExpiryScope {
    /// All concepts.
    Concepts,
    /// All associations of kinds that have no rule of their own.
    Associations,
    /// The associations of one kind.
    Kind(AssociationKind),
}

/// When records are forgotten: as soon as any of it holds. Times are milliseconds, at least 1.
///
/// The age of a concept counts from when it was put or touched last. An association has no time of its
/// own but those of its validity: its age counts from when it began to hold, and one that has always
/// held has none.
///
/// ```
/// use sutra_manifest::Expiry;
///
/// const DAY: u64 = 86_400_000;
/// let month = Expiry::new().time_to_live(30 * DAY);
/// let fading = Expiry::new().half_life(7 * DAY, 0.1); // 1.0 is forgotten after 23 days.
/// assert_eq!(month.check(), Ok(()));
/// assert_eq!(fading.after_end(DAY).after_end, Some(DAY));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expiry {
    /// At this age.
    pub time_to_live: Option<u64>,
    /// Once its strength, or the weight of an association, has faded.
    pub half_life: Option<HalfLife>,
    /// So long after the end of its validity, if that has one: a time to live of each record's own.
    pub after_end: Option<u64>,
}

/// How fast strength fades: it counts as `strength * 2^-(age / ms)`.
#[derive(Clone, Copy, Debug)]
pub struct HalfLife {
    /// After so many milliseconds as half.
    pub ms: u64,
    /// Below this it is forgotten: finite and above zero.
    pub min_strength: f32,
}

/// By its bits: the bound is none of the numbers that do not equal themselves.
impl PartialEq for HalfLife {
    fn eq(&self, other: &Self) -> bool {
        (self.ms, self.min_strength.to_bits()) == (other.ms, other.min_strength.to_bits())
    }
}

impl Eq for HalfLife {}

impl Expiry {
    /// Never, unless something is added.
    pub const fn new() -> Self {
        Self { time_to_live: None, half_life: None, after_end: None }
    }

    /// Forgets at this age, in milliseconds.
    #[must_use]
    pub const fn time_to_live(self, ms: u64) -> Self {
        Self { time_to_live: Some(ms), ..self }
    }

    /// Forgets what is below `min_strength` when its strength is halved each `ms` milliseconds.
    #[must_use]
    pub const fn half_life(self, ms: u64, min_strength: f32) -> Self {
        Self { half_life: Some(HalfLife { ms, min_strength }), ..self }
    }

    /// Forgets so many milliseconds after the end of validity.
    #[must_use]
    pub const fn after_end(self, ms: u64) -> Self {
        Self { after_end: Some(ms), ..self }
    }

    /// Whether nothing is ever forgotten.
    pub fn is_never(&self) -> bool {
        *self == Self::new()
    }

    /// Whether it can be a rule.
    pub fn check(&self) -> Result<(), ExpiryError> {
        let half_life = self.half_life.map(|half_life| half_life.ms);
        for (what, ms) in [
            ("time to live", self.time_to_live),
            ("half-life", half_life),
            ("time after the end of validity", self.after_end),
        ] {
            if ms == Some(0) {
                return Err(ExpiryError::Zero { what });
            }
        }
        match self.half_life {
            Some(HalfLife { min_strength, .. })
                if !(min_strength.is_finite() && min_strength > 0.0) =>
            {
                Err(ExpiryError::Bound { min_strength: min_strength.to_string() })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for ExpiryScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Concepts => f.write_str("concepts"),
            Self::Associations => f.write_str("associations"),
            Self::Kind(kind) => write!(f, "associations of kind {}", kind.code()),
        }
    }
}

/// Why something cannot be a rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpiryError {
    /// A time of no length.
    #[error("the {what} is 0 ms; give at least 1, or leave it out")]
    Zero {
        /// Which one.
        what: &'static str,
    },
    /// Nothing fades to the bound, or nothing is above it.
    #[error("the least strength is {min_strength}; it must be finite and above zero")]
    Bound {
        /// What was given.
        min_strength: String,
    },
    /// No association can be of the kind.
    #[error("kind {} of associations has no name; register one first", kind.code())]
    Unnamed {
        /// Its code.
        kind: AssociationKind,
    },
    /// Earlier rules are needed as long as history goes back to them.
    #[error(
        "the rules changed {} times as far as history goes back; shorten the history first",
        ExpiryPolicy::MAX
    )]
    TooOften,
}

/// The rules that are in force from some time on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpiryPolicy {
    /// From when on, in milliseconds since the epoch.
    pub since: u64,
    /// One for each scope, at most. One that never forgets makes an exception of its kind.
    pub rules: BTreeMap<ExpiryScope, Expiry>,
}

impl ExpiryPolicy {
    /// The most policies that are kept, the one in force included.
    pub const MAX: usize = 1_024;
    /// The most rules of one: two and one for each kind.
    pub(crate) const RULES_MAX: usize = 2 + u16::MAX as usize;
}

/// The policies of a store, oldest first.
pub(crate) type Policies = Vec<ExpiryPolicy>;

/// Has `policies` end with one in which `scope` has this rule, or none. What was in force is kept from
/// `kept_since` on, and not at all if that is none.
pub(crate) fn replace(
    policies: &mut Policies,
    scope: ExpiryScope,
    expiry: Option<Expiry>,
    now: u64,
    kept_since: Option<u64>,
) -> Result<(), ExpiryError> {
    expiry.map_or(Ok(()), |expiry| expiry.check())?;
    let mut rules = policies.last().map(|last| last.rules.clone()).unwrap_or_default();
    // That all are forgotten never is what holds without a rule.
    let is_exception = matches!(scope, ExpiryScope::Kind(_));
    match expiry.filter(|expiry| is_exception || !expiry.is_never()) {
        Some(expiry) => rules.insert(scope, expiry),
        None => rules.remove(&scope),
    };
    if policies.last().map_or(rules.is_empty(), |last| last.rules == rules) {
        return Ok(());
    }
    let since = policies.last().map_or(now, |last| last.since.max(now));
    let is_over = |policy: &ExpiryPolicy, next: u64| {
        policy.since == next || kept_since.is_none_or(|kept| next <= kept)
    };
    policies.push(ExpiryPolicy { since, rules });
    let ends: Vec<u64> = policies.iter().skip(1).map(|policy| policy.since).collect();
    let mut ends = ends.into_iter();
    policies.retain(|policy| ends.next().is_none_or(|end| !is_over(policy, end)));
    if policies.first().is_some_and(|first| first.rules.is_empty()) {
        policies.remove(0); // Before any rule there was none, either.
    }
    if policies.len() > ExpiryPolicy::MAX { Err(ExpiryError::TooOften) } else { Ok(()) }
}
