//! [`GraphError`]: why a question about a graph has no answer.

use sutra_format::AssociationKind;

/// Why a search failed. `E` is the error of the graph itself.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum GraphError<E> {
    /// The edges could not be read.
    #[error(transparent)]
    Read(#[from] E),
    /// An edge costs what no shortest path can be made of.
    #[error(
        "an edge of kind {} and weight {weight} costs {cost}; let the cost function give zero or more, or infinity for an edge that is not to be taken",
        kind.code()
    )]
    Cost {
        /// The kind of the edge.
        kind: AssociationKind,
        /// The weight of the edge.
        weight: f32,
        /// What the cost function gave.
        cost: f64,
    },
    /// An edge weighs what no share can be made of.
    #[error(
        "an edge of kind {} weighs {weight}; shares need finite weights of zero or more: leave the edge out or ignore weights",
        kind.code()
    )]
    Weight {
        /// The kind of the edge.
        kind: AssociationKind,
        /// Its weight.
        weight: f32,
    },
    /// A setting is outside of its range.
    #[error("{name} is {value}; give a number {range}")]
    Setting {
        /// Which one.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What can be given.
        range: &'static str,
    },
}

/// More vertices or edges than the numbers of a [`Csr`](super::Csr) can count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a projection holds fewer than {} vertices and edges each; project fewer kinds or a part of the graph",
    u32::MAX
)]
pub struct TooLarge;
