//! [`Incoming`]: the associations that end at a concept.

use std::fmt;
use std::iter::FusedIterator;

use sutra_format::AssociationRecord;
use zerocopy::little_endian::U32;

use crate::error::Result;
use crate::reader::Segment;

/// The associations that end at one concept, sorted by (kind, placement of the source): row
/// numbers that lie together, and a record elsewhere for each.
pub struct Incoming<'a, D> {
    segment: &'a Segment<D>,
    rows: std::slice::Iter<'a, U32>,
}

impl<'a, D> Incoming<'a, D> {
    pub(crate) fn new(segment: &'a Segment<D>, rows: &'a [U32]) -> Self {
        Self { segment, rows: rows.iter() }
    }

    /// The rows of the associations that are left.
    pub fn rows(&self) -> &'a [U32] {
        self.rows.as_slice()
    }
}

impl<'a, D: AsRef<[u8]>> Iterator for Incoming<'a, D> {
    type Item = Result<&'a AssociationRecord>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next().map(|row| self.segment.association(row.get()))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        self.rows.nth(n).map(|row| self.segment.association(row.get()))
    }
}

impl<D: AsRef<[u8]>> ExactSizeIterator for Incoming<'_, D> {}
impl<D: AsRef<[u8]>> FusedIterator for Incoming<'_, D> {}

impl<D> Clone for Incoming<'_, D> {
    fn clone(&self) -> Self {
        Self { segment: self.segment, rows: self.rows.clone() }
    }
}

impl<D> fmt::Debug for Incoming<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("rows", &self.rows).finish_non_exhaustive()
    }
}
