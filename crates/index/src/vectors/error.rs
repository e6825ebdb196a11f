//! [`VectorError`]: what was asked for that cannot be, or which bytes are not what they should be.

/// Why an index of vectors cannot be built, opened or searched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// A space that cannot be.
    #[error("the space cannot be: {reason}")]
    BadSpace {
        /// What is wrong.
        reason: &'static str,
    },
    /// Vectors of two spaces were to be mixed.
    #[error(
        "{what} is of space {found:?}, not of {expected:?}: name, model, dimension, metric and \
         seed must all agree; keep vectors of another model in a space of their own"
    )]
    OtherSpace {
        /// What does not belong.
        what: &'static str,
        /// Name of the space that was asked for.
        expected: String,
        /// Name of the space that is there. It may be the same name of another model.
        found: String,
    },
    /// A vector has another number of values than its space.
    #[error("vector of row {row:?} has {found} values where the space has {expected}")]
    Dimension {
        /// Its row, none for that of a query.
        row: Option<u32>,
        /// Values of the vectors of the space.
        expected: u32,
        /// Values of this one.
        found: usize,
    },
    /// A value is NaN or infinite.
    #[error("value {index} of the vector of row {row:?} is not a finite number")]
    NotFinite {
        /// Its row, none for that of a query.
        row: Option<u32>,
        /// Which value.
        index: usize,
    },
    /// A vector is so long that scores would overflow.
    #[error("vector of row {row:?} is too long: its squared length is above 1e37; scale it down")]
    TooLong {
        /// Its row, none for that of a query.
        row: Option<u32>,
    },
    /// A row has a code, and whoever keeps the vectors has none for it.
    #[error("there is no vector for row {row}, which the index has; rebuild the index")]
    MissingVector {
        /// The row.
        row: u32,
    },
    /// Rows are given out of order, twice, or beyond the end of their table.
    #[error("row {row}: {reason}")]
    BadRow {
        /// The row.
        row: u32,
        /// What is wrong.
        reason: &'static str,
    },
    /// The centroids that a section was built with are not at hand.
    #[error("the lists are of epoch {epoch}, whose centroids are not given")]
    MissingCentroids {
        /// What the section names.
        epoch: u64,
    },
    /// A training set that gives no centroids.
    #[error("centroids cannot be trained: {reason}")]
    BadTraining {
        /// What is wrong.
        reason: &'static str,
    },
    /// More vectors than the format can hold.
    #[error("{what} is too large for the format; split the segment")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
    },
    /// Bytes that no version of this crate wrote, or that were damaged since.
    #[error("at byte {offset} of the {part}: {reason}")]
    Corrupt {
        /// Which bytes.
        part: &'static str,
        /// Where they are wrong.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// Written by a newer version.
    #[error("version {version} of the {part} is not known; a newer Sutra may read it")]
    UnknownVersion {
        /// Which bytes.
        part: &'static str,
        /// What they state.
        version: u32,
    },
}
