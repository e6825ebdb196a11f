//! [`Run`]: the associations of one end in one table, sorted, where they lie; [`Runs`]: in all.

use std::ops::ControlFlow;

use sutra_format::{AssociationKind, AssociationRecord};
use sutra_fs::Dir;
use zerocopy::little_endian::U32;

use crate::error::Result;
use crate::files::MappedSegment;

/// Associations of one end, by kind first.
pub(super) enum Run<'a, D: Dir> {
    /// One after the other: outgoing ones of a segment, any of a memtable.
    Together(&'a [AssociationRecord]),
    /// Rows of a segment: incoming ones.
    Scattered(&'a MappedSegment<D>, &'a [U32]),
}

impl<D: Dir> Clone for Run<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Dir> Copy for Run<'_, D> {}

impl<'a, D: Dir> Run<'a, D> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Together(records) => records.len(),
            Self::Scattered(_, rows) => rows.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first of them.
    #[inline]
    pub(super) fn first(&self) -> Result<Option<&'a AssociationRecord>> {
        Ok(match self {
            Self::Together(records) => records.first(),
            Self::Scattered(segment, rows) => {
                rows.first().map(|row| segment.association(row.get())).transpose()?
            }
        })
    }

    /// Those after the first.
    #[inline]
    pub(super) fn rest(&self) -> Self {
        match self {
            Self::Together(records) => Self::Together(records.get(1..).unwrap_or_default()),
            Self::Scattered(segment, rows) => {
                Self::Scattered(segment, rows.get(1..).unwrap_or_default())
            }
        }
    }

    /// Gives `each` one record after the other.
    #[inline]
    pub(super) fn try_each(
        self,
        mut each: impl FnMut(&AssociationRecord) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        match self {
            Self::Together(records) => Ok(records.iter().try_for_each(each)),
            Self::Scattered(segment, rows) => {
                for row in rows {
                    if each(segment.association(row.get())?).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    /// Those of a kind. Reads few of the others: it gallops to the first, then to the last.
    pub(super) fn of_kind(&self, kind: AssociationKind) -> Result<Self> {
        let start = self.gallop(0, |code| code < kind.code())?;
        let end = self.gallop(start, |code| code == kind.code())?;
        Ok(match self {
            Self::Together(records) => Self::Together(&records[start..end]),
            Self::Scattered(segment, rows) => Self::Scattered(segment, &rows[start..end]),
        })
    }

    /// The first place from `start` on whose kind is not `before`; those that are come first.
    fn gallop(&self, start: usize, before: impl Fn(u16) -> bool) -> Result<usize> {
        let is_before = |place: usize| -> Result<bool> {
            let record = match self {
                Self::Together(records) => &records[place],
                Self::Scattered(segment, rows) => segment.association(rows[place].get())?,
            };
            Ok(before(record.kind_code.get()))
        };
        let (mut low, mut step) = (start, 1);
        while low + step <= self.len() && is_before(low + step - 1)? {
            low += step;
            step *= 2;
        }
        let mut high = self.len().min(low + step - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_before(middle)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

/// What the tables have of an end, newest first, those without any left out.
pub(super) struct Runs<'a, D: Dir> {
    /// Most often there is no other.
    pub(super) first: Option<Run<'a, D>>,
    pub(super) rest: Vec<Run<'a, D>>,
}

impl<D: Dir> Default for Runs<'_, D> {
    fn default() -> Self {
        Self { first: None, rest: Vec::new() }
    }
}

impl<'a, D: Dir> Runs<'a, D> {
    #[inline]
    pub(super) fn add(&mut self, run: Run<'a, D>) {
        if run.is_empty() {
            return;
        }
        if self.first.is_none() {
            self.first = Some(run);
        } else {
            self.rest.push(run);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Run<'a, D>> {
        self.first.iter().chain(&self.rest).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.iter().map(|run| run.len()).sum()
    }
}
