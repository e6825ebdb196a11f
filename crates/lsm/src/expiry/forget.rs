//! Deleting what is expired: by commits like any other, on condition that it still is what was met.

use std::collections::HashSet;

use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::Dir;

use super::Judge;
use crate::batch::WriteBatch;
use crate::config::Durability;
use crate::error::{LsmError, Result};
use crate::guard::Reader;
use crate::planted::{self, Bug};
use crate::snapshot::Concept;
use crate::tree::{Inner, LsmTree};

/// Something that may be expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    Concept(ConceptId),
    Association(ConceptId, AssociationKind, ConceptId),
}

impl Candidate {
    fn of(record: &AssociationRecord) -> Self {
        Self::Association(record.source, record.kind(), record.target)
    }
}

/// Changes in one commit, about: each association of a concept that has a text is one more.
const CHANGES_OF_A_COMMIT: u64 = 4_096;

/// The most facts that are deleted with one concept, so that its commit fits. Those beyond stay,
/// unseen, as when a concept is deleted otherwise.
const FACTS_WITH_A_CONCEPT_MAX: usize = 65_536;

/// How often a commit is tried. Who is in the way has put or touched something of it, so that it is
/// not expired any more; what is left is met by a later merge.
const ATTEMPTS: usize = 8;

/// Candidates that a walk collects before they are looked at.
const TOGETHER: usize = 65_536;

impl<D: Dir> LsmTree<D> {
    /// Deletes all that is [expired](Self::set_expiry) now, durably; says how many concepts, and
    /// associations by their own rules, that were. Without a rule nothing is, at no cost.
    ///
    /// Costs a walk over all rows, and for each that is deleted a look-up and a change in a commit of
    /// at most about 4,096. If it fails, or the power does, some are deleted, and the rest is hidden
    /// still.
    pub fn forget_expired(&self) -> Result<u64> {
        let inner = &*self.inner;
        inner.check_writable()?;
        let Some(judge) = inner.expiring.judge(|| inner.environment.now()) else { return Ok(0) };
        let snapshot = inner.snapshot();
        let (mut met, mut forgotten) = (Vec::new(), 0);
        if judge.is_of_concepts() {
            let over = |concept: Concept<'_, D>| {
                judge.concept(concept.record()).then(|| Candidate::Concept(concept.id()))
            };
            forgotten += inner.forget_among(snapshot.iter_concepts()?, over, &mut met)?;
        }
        if judge.is_of_associations() {
            let over = |record: AssociationRecord| {
                judge.association(&record).then(|| Candidate::of(&record))
            };
            forgotten += inner.forget_among(snapshot.iter_associations()?, over, &mut met)?;
        }
        Ok(forgotten + inner.forget(&met)?)
    }
}

impl<D: Dir> Inner<D> {
    /// Adds the candidates among `rows` to those that were met, and deletes them each time they are
    /// many; says how many.
    fn forget_among<T>(
        &self,
        rows: impl Iterator<Item = Result<T>>,
        candidate: impl Fn(T) -> Option<Candidate>,
        met: &mut Vec<Candidate>,
    ) -> Result<u64> {
        let mut forgotten = 0;
        for row in rows {
            met.extend(candidate(row?));
            if met.len() == TOGETHER {
                forgotten += self.forget(&std::mem::take(met))?;
            }
        }
        Ok(forgotten)
    }

    /// What is expired among the rows of a segment that a merge made, touches in newer tables apart.
    pub(crate) fn expired_in(&self, segment_id: u32) -> Result<Vec<Candidate>> {
        let mut met = Vec::new();
        let Some(judge) = self.expiring.judge(|| self.environment.now()) else { return Ok(met) };
        let version = self.version.load_full();
        let Some(file) = version.file(segment_id) else { return Ok(met) };
        if judge.is_of_concepts() {
            let is_over = |record: &&ConceptRecord| {
                !record.is_tombstone() && !record.is_delta() && judge.concept(record)
            };
            let rows = file.segment.iter_concepts()?.filter(is_over);
            met.extend(rows.map(|record| Candidate::Concept(record.id)));
        }
        if judge.is_of_associations() {
            let is_over =
                |record: &&AssociationRecord| !record.is_tombstone() && judge.association(record);
            met.extend(file.segment.iter_associations()?.filter(is_over).map(Candidate::of));
        }
        Ok(met)
    }

    /// Deletes those of `met` that are expired now, in durable commits; says how many.
    pub(crate) fn forget(&self, met: &[Candidate]) -> Result<u64> {
        let (mut rest, mut forgotten, mut attempts) = (met, 0, 0);
        while !rest.is_empty() {
            let Some(judge) = self.expiring.judge(|| self.environment.now()) else { break };
            let (batch, reader, part) = self.deletion(&judge, rest)?;
            let durability = match planted::is(Bug::ForgottenUnsynced) {
                true => Durability::None,
                false => Durability::Sync,
            };
            let committed = match batch.is_empty() {
                true => Ok(()),
                false => self.submit(batch, durability, Some(reader.into_reads())).map(drop),
            };
            attempts += 1;
            match committed {
                Err(LsmError::Conflict { .. }) if attempts < ATTEMPTS => continue,
                Ok(()) => forgotten += part.deleted,
                Err(LsmError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
            (rest, attempts) = (&rest[part.taken..], 0);
        }
        if forgotten > 0 {
            tracing::debug!(forgotten, "what was expired is deleted");
        }
        Ok(forgotten)
    }

    /// The deletion of the first of `met`, as many as go into one commit.
    fn deletion(&self, judge: &Judge, met: &[Candidate]) -> Result<(WriteBatch, Reader<D>, Part)> {
        let (mut batch, mut part) = (WriteBatch::new(), Part::default());
        let (reader, mut facts) = (Reader::new(self.snapshot()), HashSet::new());
        for candidate in met {
            if batch.len() >= CHANGES_OF_A_COMMIT {
                break;
            }
            part.taken += 1;
            match candidate {
                Candidate::Concept(id) => {
                    let found = reader.concept(id)?;
                    let is_over = |concept: Concept<'_, D>| judge.concept(concept.record());
                    if !found.is_some_and(is_over) && !planted::is(Bug::TouchesUnseen) {
                        continue;
                    }
                    let (outgoing, incoming) = (reader.outgoing(id)?, reader.incoming(id)?);
                    let own = outgoing.iter().chain(incoming.iter());
                    let own = own.filter_map(AssociationRecord::fact_id);
                    // Each once: another end of it may be expired as well.
                    let own = own.take(FACTS_WITH_A_CONCEPT_MAX).filter(|fact| facts.insert(*fact));
                    own.for_each(|fact| batch.delete_fact(fact));
                    batch.delete_concept(*id);
                }
                Candidate::Association(source, kind, target) => {
                    let found = reader.association(source, *kind, target)?;
                    let Some(record) = found.filter(|record| judge.association(record)) else {
                        continue;
                    };
                    let fact = record.fact_id().filter(|fact| facts.insert(*fact));
                    fact.into_iter().for_each(|fact| batch.delete_fact(fact));
                    batch.delete_association(*source, *kind, *target);
                }
            }
            part.deleted += 1;
        }
        Ok((batch, reader, part))
    }
}

/// What goes into one commit.
#[derive(Default)]
struct Part {
    /// Candidates that were looked at.
    taken: usize,
    deleted: u64,
}
