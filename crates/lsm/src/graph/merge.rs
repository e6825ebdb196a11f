//! Runs of several tables as one: of equal associations the one of the newest table.

use std::ops::ControlFlow;

use sutra_format::hash::placement;
use sutra_format::{AssociationRecord, ConceptId};
use sutra_fs::Dir;

use super::run::{Run, Runs};
use crate::error::Result;

type Flow = Result<ControlFlow<()>>;

/// Gives `each` the records of runs of one end in their common order.
#[inline]
pub(super) fn merge<D: Dir>(
    seed: u64,
    outgoing: bool,
    runs: &Runs<'_, D>,
    each: &mut impl FnMut(&AssociationRecord) -> Flow,
) -> Flow {
    match runs.first {
        None => Ok(ControlFlow::Continue(())),
        Some(run) if runs.rest.is_empty() => one(run, each),
        Some(_) => several(seed, outgoing, runs, each),
    }
}

#[inline]
fn one<D: Dir>(run: Run<'_, D>, each: &mut impl FnMut(&AssociationRecord) -> Flow) -> Flow {
    match run {
        Run::Together(records) => {
            for record in records {
                if each(record)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Run::Scattered(segment, rows) => {
            for row in rows {
                if each(segment.association(row.get())?)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The next record of a run, and what it is sorted by.
struct Head<'a, D: Dir> {
    key: (u16, u64, ConceptId),
    record: &'a AssociationRecord,
    after: Run<'a, D>,
}

impl<'a, D: Dir> Head<'a, D> {
    fn of(run: Run<'a, D>, seed: u64, outgoing: bool) -> Result<Option<Self>> {
        let Some(record) = run.first()? else { return Ok(None) };
        let kind = record.kind_code.get();
        let key = if outgoing {
            (kind, 0, record.target) // Targets are sorted as they are.
        } else {
            (kind, placement(seed, &record.source), record.source)
        };
        Ok(Some(Self { key, record, after: run.rest() }))
    }
}

/// The tables are few, so the next record is sought among all heads.
fn several<D: Dir>(
    seed: u64,
    outgoing: bool,
    runs: &Runs<'_, D>,
    each: &mut impl FnMut(&AssociationRecord) -> Flow,
) -> Flow {
    let mut heads = Vec::with_capacity(1 + runs.rest.len());
    for run in runs.iter() {
        heads.extend(Head::of(run, seed, outgoing)?);
    }
    // Of equal ones the first, which is the newest.
    while let Some(next) = heads.iter().min_by_key(|head| head.key) {
        let (key, record) = (next.key, next.record);
        if each(record)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let mut at = 0;
        while at < heads.len() {
            if heads[at].key != key {
                at += 1;
                continue;
            }
            match Head::of(heads[at].after, seed, outgoing)? {
                Some(head) => {
                    heads[at] = head;
                    at += 1;
                }
                None => drop(heads.remove(at)),
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}
