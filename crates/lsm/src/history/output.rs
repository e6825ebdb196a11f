//! Writes a history segment: of a memtable, of what is when history begins, or of older ones.
//!
//! As for any segment the tables are read twice, so that the second pass writes every byte once.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;

use sutra_format::segment::Moment;
use sutra_format::{AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::Dir;
use sutra_segment::{OlderVersions, SegmentWriter, shared_payload};

use super::chains::{Chains, Past};
use crate::error::Result;
use crate::files::{MappedSegment, SegmentFile};
use crate::memtable::Memtable;
use crate::output::{Carrier, Label, Stop, Survey, damage, write_segment};
use crate::planted::{self, Bug};
use crate::readback::{Tally, Written};
use crate::snapshot::{Home, Snapshot, entries_of};
use crate::sync::AtomicBool;
use crate::version::Version;

/// The tables that become one history segment, newest first.
pub(super) struct Source<'a, D: Dir> {
    pub(super) version: &'a Version<D>,
    pub(super) memtable: Option<&'a Memtable>,
    pub(super) segments: Vec<&'a SegmentFile<D>>,
    /// What the same memtable became that is read for what is.
    pub(super) current: Option<&'a MappedSegment<D>>,
    /// What is, if history begins with it: then what is deleted or hidden is left out.
    pub(super) base: Option<&'a Snapshot<D>>,
    /// What goes.
    pub(super) cut: Cut,
    /// Concepts that were deleted at or below the horizon, and the sequence number of the last time:
    /// noted as they are met, which is before their associations are.
    pub(super) deleted: RefCell<HashMap<ConceptId, u64>>,
    /// Of these nothing stays.
    pub(super) erased: &'a HashSet<ConceptId>,
    pub(super) timeline: Vec<Moment>,
    pub(super) cancel: &'a AtomicBool,
}

/// What of these tables goes. Nothing older may exist elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cut {
    /// Nobody asks for what was before this sequence number. Zero: all stays.
    pub(super) horizon: u64,
    /// If given, so many versions of each row stay, however old, and no others.
    pub(super) versions: Option<usize>,
}

pub(super) type Outcome<T> = std::result::Result<T, Stop>;

impl<'a, D: Dir> Source<'a, D> {
    /// What will be written.
    pub(super) fn survey(&self) -> Outcome<Survey> {
        let mut survey = Survey::default();
        let mut older = OlderVersions::default();
        let mut last = None;
        self.concepts(|versions| {
            let id = versions[0].record.id;
            let key = Some((self.version.hash(&id), id));
            if last >= key {
                return Err(damage(self.version));
            }
            last = key;
            let follows = |newer: &ConceptRecord, older: &ConceptRecord| {
                newer.id == older.id && newer.seq > older.seq
            };
            if !versions.is_sorted_by(|newer, older| follows(&newer.record, &older.record)) {
                return Err(damage(self.version));
            }
            survey.concepts += 1;
            older.concepts += versions.len() as u64 - 1;
            self.placed(versions, |record, home, shares| {
                let dimension = !record.has_vector() || record.vector_dimension.get() > 0;
                if !dimension || record.check().is_err() {
                    return Err(damage(self.version));
                }
                survey.add(record, home, shares);
                Ok(())
            })
        })?;
        let mut last = None;
        self.associations(|versions| {
            let record = &versions[0].record;
            let hash = self.version.hash(&record.source);
            let key = Some((hash, record.source, record.kind().code(), record.target));
            if last >= key {
                return Err(damage(self.version));
            }
            last = key;
            survey.associations += 1;
            older.associations += versions.len() as u64 - 1;
            let link = |r: &AssociationRecord| (r.source, r.kind_code, r.target);
            let follows = |newer: &AssociationRecord, older: &AssociationRecord| {
                link(newer) == link(older) && newer.seq > older.seq
            };
            let is_sorted =
                versions.is_sorted_by(|newer, older| follows(&newer.record, &older.record));
            if !is_sorted || versions.iter().any(|version| version.record.check().is_err()) {
                return Err(damage(self.version));
            }
            Ok(())
        })?;
        survey.older = Some(older);
        // Payload that records share would be written once for each. What was just flushed is no part
        // of the version yet, and holds.
        let fits = self.memtable.is_some() || survey.fits(self.version);
        if fits { Ok(survey) } else { Err(damage(self.version).into()) }
    }

    /// Writes and publishes the segment. `None` if nothing is to be written.
    pub(super) fn write(
        &self,
        dir: &D,
        label: &Label,
        survey: &Survey,
        moved: &BTreeSet<u32>,
    ) -> Outcome<Option<Written>> {
        if survey.concepts == 0 && survey.associations == 0 {
            return Ok(None);
        }
        let fill = |file: &D::File| self.fill(file, label, survey, moved);
        write_segment(dir, label.segment_id, fill).map(Some)
    }

    fn fill(
        &self,
        file: &D::File,
        label: &Label,
        survey: &Survey,
        moved: &BTreeSet<u32>,
    ) -> Outcome<Written> {
        let plan = survey.plan(self.version.hash_seed, label, survey.own(moved));
        let (mut writer, mut tally) = (SegmentWriter::new(file, plan), Tally::default());
        let carrier = Carrier { version: self.version, segment_id: label.segment_id, moved };
        self.concepts(|versions| {
            let mut newer: Option<ConceptRecord> = None;
            self.placed(versions, |record, home, shares| {
                let before = newer.as_ref().map(|written| (written, shares));
                let record = carrier.carry((record, home), before, &mut writer, &mut tally)?;
                match newer {
                    None => writer.push_concept(&record)?,
                    Some(_) => writer.push_concept_version(&record)?,
                }
                newer = Some(record);
                Ok(())
            })
        })?;
        self.associations(|versions| {
            for (at, version) in versions.iter().enumerate() {
                tally.association(&version.record);
                match at {
                    0 => writer.push_association(&version.record)?,
                    _ => writer.push_association_version(&version.record)?,
                }
            }
            Ok(())
        })?;
        writer.set_timeline(self.timeline.clone());
        survey.homes_after(moved, label.segment_id).into_iter().for_each(|h| writer.push_home(h));
        Ok(Written { summary: writer.finish()?, tally })
    }

    /// Gives the versions of a concept, newest first, with where their payload is: in the current
    /// segment, if that has it. Says of each whether it shares text and vector with the one before.
    fn placed(
        &self,
        versions: &[Past<'a, ConceptRecord>],
        mut each: impl FnMut(&ConceptRecord, Home<'a>, [bool; 2]) -> Result<()>,
    ) -> Result<()> {
        let mut before: Option<(&Past<'a, ConceptRecord>, ConceptRecord, Home<'a>)> = None;
        for version in versions {
            let shares = before.map_or([false; 2], |(newer, ..)| shares(newer, version));
            let is_in_memory = matches!(version.home, Home::Memtable(..));
            let (record, home) = match before {
                // In memory, who shares anything shares all: only changes make such a version.
                Some((_, newer, home)) if is_in_memory && shares != [false; 2] => {
                    (refer(version.record, &newer), home)
                }
                _ => self.in_current(version)?,
            };
            each(&record, home, shares)?;
            before = Some((version, record, home));
        }
        Ok(())
    }

    fn in_current(&self, version: &Past<'a, ConceptRecord>) -> Result<(ConceptRecord, Home<'a>)> {
        let (record, home) = (version.record, version.home);
        let Some(file) = self.current.filter(|_| matches!(home, Home::Memtable(..))) else {
            return Ok((record, home));
        };
        let found = file.find_concept(self.version.hash(&record.id), &record.id)?;
        Ok(match found.filter(|found| found.seq == record.seq) {
            Some(found) => (refer(record, found), Home::Segments),
            None => (record, home),
        })
    }

    fn concepts(
        &self,
        mut each: impl FnMut(&[Past<'a, ConceptRecord>]) -> Result<()>,
    ) -> Outcome<()> {
        let mut chains: Chains<'a, D, ConceptRecord> =
            Chains::new(self.version.hash_seed, self.memtable, &self.segments);
        let (mut versions, mut rows) = (Vec::new(), 0);
        while chains.next(&mut versions)? {
            self.go_on(&mut rows)?;
            if planted::is(Bug::NewestVersionDropped) && self.memtable.is_none() {
                versions.drain(..versions.len().min(2) - 1);
            }
            if self.base.is_some() {
                versions.truncate(1);
                versions.retain(|past| !past.record.is_tombstone() && !past.record.is_delta());
            }
            self.note_deletion(&versions);
            self.trim(&mut versions, |record| record.seq.get(), ConceptRecord::is_tombstone);
            if !versions.is_empty() && !self.is_erased(&versions)? {
                each(&versions)?;
            }
        }
        Ok(())
    }

    fn associations(
        &self,
        mut each: impl FnMut(&[Past<'a, AssociationRecord>]) -> Result<()>,
    ) -> Outcome<()> {
        let mut chains: Chains<'a, D, AssociationRecord> =
            Chains::new(self.version.hash_seed, self.memtable, &self.segments);
        let (mut versions, mut rows) = (Vec::new(), 0);
        while chains.next(&mut versions)? {
            self.go_on(&mut rows)?;
            if let Some(base) = self.base {
                versions.truncate(1);
                let Some(Past { record, .. }) = versions.first() else { continue };
                if record.is_tombstone() || base.is_hidden(record)? {
                    continue;
                }
            }
            let seq = |record: &AssociationRecord| record.seq.get();
            self.trim(&mut versions, seq, AssociationRecord::is_tombstone);
            versions.retain(|version| !self.is_hidden(&version.record));
            let is_erased = versions.first().is_some_and(|Past { record, .. }| {
                [record.source, record.target].iter().any(|end| self.erased.contains(end))
            });
            if !is_erased && !versions.is_empty() {
                each(&versions)?;
            }
        }
        Ok(())
    }

    /// Whether a concept is to be erased, or carries an association of one that is.
    fn is_erased(&self, versions: &[Past<'a, ConceptRecord>]) -> Result<bool> {
        let Some(newest) = versions.first().filter(|_| !self.erased.is_empty()) else {
            return Ok(false);
        };
        let is_erased = |id: &ConceptId| self.erased.contains(id);
        if is_erased(&newest.record.id) {
            return Ok(true);
        }
        let with_key = versions.iter().find(|past| past.record.key_length.get() > 0);
        let Some(Past { record, home, .. }) = with_key.filter(|past| past.record.is_fact()) else {
            return Ok(false);
        };
        let text = record.split_text(entries_of(record, *home, self.version)?);
        let key = text.map_err(|error| self.version.misfit(record, error))?.fact_key();
        Ok(key.is_some_and(|key| is_erased(&key.source) || is_erased(&key.target)))
    }

    /// As of when nobody may ask, if of each row only the newest `most` versions stay: the highest
    /// successor of a version that goes. None if none goes.
    pub(super) fn surplus(&self, most: usize) -> Outcome<Option<u64>> {
        let mut since = None;
        self.concepts(|versions| {
            let oldest = versions.get(most - 1).filter(|_| versions.len() > most);
            since = since.max(oldest.map(|past| past.record.seq.get()));
            Ok(())
        })?;
        self.associations(|versions| {
            let oldest = versions.get(most - 1).filter(|_| versions.len() > most);
            since = since.max(oldest.map(|past| past.record.seq.get()));
            Ok(())
        })?;
        Ok(since)
    }

    /// Drops versions that nobody can ask for, or that are too many. A deletion before which nothing
    /// is left says no more than its absence: what it hides goes as well.
    fn trim<R>(
        &self,
        versions: &mut Vec<Past<'a, R>>,
        seq: impl Fn(&R) -> u64,
        deletes: impl Fn(&R) -> bool,
    ) {
        if let Some(most) = self.cut.versions {
            versions.truncate(most);
            return;
        }
        let is_past = |version: &Past<'a, R>| seq(&version.record) <= self.cut.horizon;
        if let Some(first) = versions.iter().position(is_past) {
            // The first is what was at the horizon.
            versions.truncate(first + usize::from(!deletes(&versions[first].record)));
        }
    }

    fn note_deletion(&self, versions: &[Past<'a, ConceptRecord>]) {
        let is_it = |record: &ConceptRecord| {
            record.seq.get() <= self.cut.horizon && record.is_tombstone() && !record.is_fact()
        };
        if let Some(Past { record, .. }) = versions.iter().find(|past| is_it(&past.record)) {
            self.deleted.borrow_mut().insert(record.id, record.seq.get());
        }
    }

    /// Whether nobody can see it as of the horizon or later, since an end was deleted after it.
    fn is_hidden(&self, record: &AssociationRecord) -> bool {
        let deleted = self.deleted.borrow();
        let is_later = |end| deleted.get(end).is_some_and(|seq| *seq > record.seq.get());
        !deleted.is_empty() && (is_later(&record.source) || is_later(&record.target))
    }

    /// Looks now and then whether the work is still wanted.
    fn go_on(&self, rows: &mut u64) -> Outcome<()> {
        *rows += 1;
        if rows.is_multiple_of(1024) && self.cancel.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        Ok(())
    }
}

/// A record whose payload is where that of another is.
fn refer(record: ConceptRecord, place: &ConceptRecord) -> ConceptRecord {
    let ConceptRecord {
        content_segment,
        content_offset,
        vector_segment,
        vector_offset,
        vector_dimension,
        ..
    } = *place;
    ConceptRecord {
        content_segment,
        content_offset,
        vector_segment,
        vector_offset,
        vector_dimension,
        ..record
    }
}

/// Whether a version shares text, and vector, with the next newer one.
fn shares(newer: &Past<'_, ConceptRecord>, version: &Past<'_, ConceptRecord>) -> [bool; 2] {
    match (newer.home, version.home) {
        (Home::Memtable(_, one), Home::Memtable(_, other)) if one == other => {}
        (Home::Segments, Home::Segments) => {}
        _ => return [false; 2],
    }
    shared_payload(&newer.record, &version.record)
}
