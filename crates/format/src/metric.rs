//! [`Metric`]: how near two vectors are.

use core::fmt;

/// How near two vectors are. A score is always higher for what is nearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Metric {
    /// The cosine of the angle, from -1 to 1. A vector of length zero scores 0 with every other.
    #[default]
    Cosine = 1,
    /// The inner product.
    Dot = 2,
    /// The squared Euclidean distance, negated: 0 for equal vectors, and lower for all others.
    Euclidean = 3,
}

impl Metric {
    /// Every metric, by rising number.
    pub const ALL: [Self; 3] = [Self::Cosine, Self::Dot, Self::Euclidean];

    /// The number that a section holds.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The metric with this number.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.code() == code)
    }

    /// The name that a manifest holds: `cosine`, `dot` or `euclidean`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Dot => "dot",
            Self::Euclidean => "euclidean",
        }
    }

    /// The metric of this name, by the letter.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_found_by_its_number_and_by_its_name() {
        for metric in Metric::ALL {
            assert_eq!(Metric::from_code(metric.code()), Some(metric));
            assert_eq!(Metric::from_name(metric.name()), Some(metric));
        }
        assert_eq!((Metric::from_code(0), Metric::from_code(4)), (None, None));
        assert_eq!((Metric::from_name("Cosine"), Metric::from_name("l2")), (None, None));
    }
}
