//! Reading what was: memtables and history segments, each as of a sequence number.
//!
//! Tables are met newest first, as for what is: the first that has a version at or below the number
//! decides, unless that is a change whose base is older.

use std::collections::BTreeMap;

use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::{Dir, OsDir};

use crate::error::{LsmError, Result};
use crate::snapshot::{Concept, Home, Search, Snapshot};
use crate::tree::LsmTree;
use crate::version::Version;

/// What a concept was from some commit on.
pub struct ConceptVersion<'s, D: Dir = OsDir> {
    /// The sequence number from which on.
    pub seq: u64,
    /// When that was committed, in milliseconds since the epoch.
    pub time: u64,
    /// The concept; none if it was deleted.
    pub concept: Option<Concept<'s, D>>,
}

impl<D: Dir> LsmTree<D> {
    /// The store as it was at `time`, in milliseconds since the epoch: every commit that was made
    /// then or before, and none after. What it reads never changes.
    ///
    /// Fails with [`NotKept`](LsmError::NotKept) if the store [says](Self::set_retention) nothing of
    /// that time. Look-ups, associations in both directions and scans cost about what they cost in
    /// the present, and a binary search among the versions of what they meet; words and vectors are
    /// not indexed as of the past. What was [expired](Self::set_expiry) at `time`, by the rules that
    /// were in force then, is hidden; of a time to come it is judged as of now.
    pub fn snapshot_at(&self, time: u64) -> Result<Snapshot<D>> {
        // Both under one lock: a merge that drops what is too old changes both.
        let (history, now) = {
            let ledger = self.inner.ledger.lock();
            (ledger.manifest.history, self.inner.snapshot())
        };
        let Some(history) = history else { return Err(LsmError::NotKept { since: None }) };
        if time < history.since_time {
            return Err(LsmError::NotKept { since: Some(history.since_time) });
        }
        let seq = now.version.seq_at(time)?.unwrap_or(0).clamp(history.since_seq, now.seq());
        self.inner.judged_at(Snapshot::past(&now, seq), time, now.seq())
    }
}

impl<D: Dir> Version<D> {
    /// Meets the versions of a concept at or below `upto` in history segments.
    pub(crate) fn find_past<'s>(
        &'s self,
        search: &mut Search<'s>,
        hash: u64,
        id: &ConceptId,
        upto: u64,
    ) -> Result<()> {
        for file in &self.history {
            if let Some(row) = file.segment.concept_row(hash, id)?
                && let Some(record) = file.segment.concept_at(row, upto)?
                && search.meets(record, Home::Segments)
            {
                break;
            }
        }
        Ok(())
    }

    /// The version of an association at or below `upto` in the newest history segment that has one.
    pub(crate) fn association_past(
        &self,
        hash: u64,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
        upto: u64,
    ) -> Result<Option<AssociationRecord>> {
        let wanted = (kind.code(), *target);
        for file in &self.history {
            let rows = file.segment.outgoing_rows(hash, source)?;
            let records = file.segment.associations(rows.clone())?;
            let found = records.binary_search_by(|r| (r.kind_code.get(), r.target).cmp(&wanted));
            if let Ok(at) = found
                && let Some(record) = file.segment.association_at(rows.start + at as u32, upto)?
            {
                return Ok(Some(*record));
            }
        }
        Ok(None)
    }

    /// The newest deletion of a concept at or below `upto`.
    pub(crate) fn vertex_tombstone_past(
        &self,
        hash: u64,
        id: &ConceptId,
        upto: u64,
    ) -> Result<Option<u64>> {
        if let Some(seq) = self.recent_vertex_tombstone(hash, id, upto) {
            return Ok(Some(seq));
        }
        let is_it = |record: &&ConceptRecord| {
            record.seq.get() <= upto && record.is_tombstone() && !record.is_fact()
        };
        for file in &self.history {
            let Some(row) = file.segment.concept_row(hash, id)? else { continue };
            let newest = std::iter::once(file.segment.concept(row)?);
            let mut versions = newest.chain(file.segment.concept_versions(row)?);
            if let Some(record) = versions.find(is_it) {
                return Ok(Some(record.seq.get()));
            }
        }
        Ok(None)
    }
}

/// What tables say of associations, newest table first: of equal ones the newest counts.
type Newest = BTreeMap<(u16, u64, ConceptId), AssociationRecord>;

impl<D: Dir> Snapshot<D> {
    /// Associations that started at `id`, by (kind, target), tombstones included.
    pub(crate) fn outgoing_past(&self, id: &ConceptId) -> Result<Vec<AssociationRecord>> {
        let hash = self.version.hash(id);
        let mut newest = Newest::new();
        let mut note = |record: &AssociationRecord| {
            let key = (record.kind_code.get(), 0, record.target); // Targets are sorted as they are.
            newest.entry(key).or_insert(*record);
        };
        let mut rows = Vec::new();
        for memtable in &self.version.memtables {
            rows.clear();
            memtable.outgoing(hash, id, self.seq(), &mut rows);
            rows.iter().for_each(&mut note);
        }
        for file in &self.version.history {
            for row in file.segment.outgoing_rows(hash, id)? {
                file.segment.association_at(row, self.seq())?.into_iter().for_each(&mut note);
            }
        }
        Ok(newest.into_values().collect())
    }

    /// Associations that ended at `id`, by (kind, placement of the source, source), tombstones
    /// included.
    pub(crate) fn incoming_past(&self, id: &ConceptId) -> Result<Vec<AssociationRecord>> {
        let hash = self.version.hash(id);
        let mut newest = Newest::new();
        let mut note = |record: &AssociationRecord| {
            let placement = self.version.hash(&record.source);
            newest.entry((record.kind_code.get(), placement, record.source)).or_insert(*record);
        };
        let mut rows = Vec::new();
        for memtable in &self.version.memtables {
            rows.clear();
            memtable.incoming(hash, id, self.seq(), &mut rows);
            rows.iter().for_each(&mut note);
        }
        for file in &self.version.history {
            for row in file.segment.incoming(hash, id)?.rows() {
                let record = file.segment.association_at(row.get(), self.seq())?;
                record.into_iter().for_each(&mut note);
            }
        }
        Ok(newest.into_values().collect())
    }

    /// The versions of a concept, newest first: as far back as the store
    /// [keeps history](LsmTree::set_retention), and without it what it is now. A change of strength,
    /// confidence or access is a version, too. What is expired and not deleted yet is listed as it was.
    ///
    /// Costs a look-up for each version.
    pub fn history(&self, id: &ConceptId) -> Result<Vec<ConceptVersion<'_, D>>> {
        let (hash, mut versions) = (self.version.hash(id), Vec::new());
        if !self.keeps_history() {
            if let Some(now) = self.concept(id)? {
                let (seq, time) = (now.record().seq.get(), now.record().updated_at.get());
                versions.push(ConceptVersion { seq, time, concept: Some(now) });
            }
            return Ok(versions);
        }
        let mut upto = self.seq();
        while let Some((record, home)) = self.version_at(hash, id, upto)? {
            let seq = record.seq.get();
            let time = self.version.time_of(seq)?;
            let concept = (!record.is_tombstone()).then(|| self.wrap(record, home));
            versions.push(ConceptVersion { seq, time, concept });
            // Of a damaged file the number may be above what was asked for.
            let Some(before) = seq.min(upto).checked_sub(1) else { break };
            upto = before;
        }
        Ok(versions)
    }

    /// What a concept was as of a sequence number, a tombstone included. Of a change of which nobody
    /// knows what it changed, the rest was before history began.
    pub(super) fn version_at(
        &self,
        hash: u64,
        id: &ConceptId,
        upto: u64,
    ) -> Result<Option<(ConceptRecord, Home<'_>)>> {
        let mut search = Search::default();
        self.find_in_memory(&mut search, hash, id, upto);
        if search.is_open() {
            self.version.find_past(&mut search, hash, id, upto)?;
        }
        Ok(search.into_result().filter(|(record, _)| !record.is_delta()))
    }
}
