//! [`Cost`]: what a way costs, in an order that every queue can use.

use std::cmp::Ordering;

/// Ordered as numbers are; what is not a number comes last, so the order is total.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost(pub(super) f64);

impl Ord for Cost {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Cost {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Cost {}

impl PartialEq for Cost {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
