//! [`Snapshot`]: the store at one moment. What it reads never changes.

use std::sync::Arc;

use sutra_format::text::TextEntries;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord, fold};
use sutra_fs::{Dir, OsDir};
use sutra_manifest::VectorSpace;

use crate::error::{LsmError, Result};
use crate::expiry::Judge;
use crate::history::Past;
use crate::memtable::{Memtable, PayloadId};
use crate::planted::{self, Bug};
use crate::version::Version;

/// A view of the store that pins the files and memtables it reads, and a sequence number.
///
/// Cheap to make and to clone. While it lives, files that compaction has replaced stay on disk.
pub struct Snapshot<D: Dir = OsDir> {
    pub(crate) version: Arc<Version<D>>,
    seq: u64,
    /// Of one that reads what was: where it stands in what came to be.
    past: Option<Arc<Past>>,
    /// Whether the store kept history when it was taken.
    keeps_history: bool,
    /// What is expired; none if nothing can be.
    judge: Option<Arc<Judge>>,
}

impl<D: Dir> Clone for Snapshot<D> {
    fn clone(&self) -> Self {
        let Self { version, seq, past, keeps_history, judge } = self;
        let (version, past, judge) = (version.clone(), past.clone(), judge.clone());
        Self { version, seq: *seq, past, keeps_history: *keeps_history, judge }
    }
}

/// Where the text and the vector of a record lie.
#[derive(Clone, Copy)]
pub(crate) enum Home<'s> {
    /// In a payload of a memtable.
    Memtable(&'s Memtable, PayloadId),
    /// In the segments that the record names.
    Segments,
}

/// A concept as a snapshot sees it.
pub struct Concept<'s, D: Dir = OsDir> {
    record: ConceptRecord,
    home: Home<'s>,
    version: &'s Version<D>,
}

impl<D: Dir> Snapshot<D> {
    pub(crate) fn new(version: Arc<Version<D>>, seq: u64) -> Self {
        Self { version, seq, past: None, keeps_history: false, judge: None }
    }

    /// The same of a store that keeps history, or does not.
    pub(crate) fn keeping(self, keeps_history: bool) -> Self {
        Self { keeps_history, ..self }
    }

    /// The store as it was at `seq`, when `now` sees the last that came since.
    pub(crate) fn past(now: &Self, seq: u64) -> Self {
        let past = Some(Arc::new(Past::before(now.seq)));
        Self { version: now.version.clone(), seq, past, keeps_history: true, judge: None }
    }

    /// Of one of the past: where it stands in what came to be.
    pub(crate) fn standing(&self) -> Option<&Past> {
        self.past.as_deref()
    }

    /// What the tables say now, all of it: itself, unless it is of the past or hides what is expired.
    pub(crate) fn present(&self) -> Self {
        let seq = self.past.as_ref().map_or(self.seq, |past| past.now);
        Self { seq, past: None, judge: None, ..self.clone() }
    }

    /// The same, with what is expired hidden.
    pub(crate) fn judged(self, judge: Option<Arc<Judge>>) -> Self {
        Self { judge, ..self }
    }

    #[inline]
    pub(crate) fn judge(&self) -> Option<&Judge> {
        self.judge.as_deref()
    }

    /// Whether it is [of the past](crate::LsmTree::snapshot_at).
    pub fn is_past(&self) -> bool {
        self.past.is_some()
    }

    /// Whether the store kept history when it was taken.
    pub(crate) fn keeps_history(&self) -> bool {
        self.keeps_history
    }

    /// The sequence number of the last record that it sees; zero when the store is empty.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The concept with this id, unless it does not exist or is deleted. A hit costs one cache
    /// line for each table that is asked in vain, and three for the one that has it.
    pub fn concept(&self, id: &ConceptId) -> Result<Option<Concept<'_, D>>> {
        Ok(self.unexpired(self.find(id)?))
    }

    /// The same, be it expired.
    #[inline]
    pub(crate) fn find(&self, id: &ConceptId) -> Result<Option<Concept<'_, D>>> {
        let hash = self.version.hash(id);
        let mut search = Search::default();
        self.find_in_memory(&mut search, hash, id, self.seq);
        if !search.is_open() {
            return Ok(self.found(search));
        }
        if self.is_past() {
            self.version.find_past(&mut search, hash, id, self.seq)?;
            return Ok(self.found(search));
        }
        for file in &self.version.segments {
            if let Some(record) = file.segment.find_concept(hash, id)?
                && search.meets(record, Home::Segments)
            {
                break;
            }
        }
        Ok(self.found(search))
    }

    /// Meets the versions of a concept at or below `upto` in memtables.
    #[inline]
    pub(crate) fn find_in_memory<'s>(
        &'s self,
        search: &mut Search<'s>,
        hash: u64,
        id: &ConceptId,
        upto: u64,
    ) {
        for memtable in &self.version.memtables {
            if let Some(found) = memtable.concept(hash, id, upto) {
                let home = Home::Memtable(memtable, found.payload);
                if search.meets(&found.record, home) {
                    return;
                }
            }
        }
    }

    /// What [`concept`](Self::concept) gives for each of `ids`, in their order. Faster than one
    /// by one: the waits for memory overlap.
    pub fn concepts(&self, ids: &[ConceptId]) -> Result<Vec<Option<Concept<'_, D>>>> {
        let mut results = Vec::with_capacity(ids.len());
        if self.is_past() {
            for id in ids {
                results.push(self.concept(id)?);
            }
            return Ok(results);
        }
        for chunk in ids.chunks(BATCH) {
            self.concepts_chunk(chunk, &mut results)?;
        }
        Ok(results)
    }

    fn concepts_chunk<'s>(
        &'s self,
        ids: &[ConceptId],
        results: &mut Vec<Option<Concept<'s, D>>>,
    ) -> Result<()> {
        let mut searches: Vec<Search<'s>> = vec![Search::default(); ids.len()];
        let mut open: Vec<usize> = (0..ids.len()).collect();
        let mut keys: Vec<(u64, ConceptId)> =
            ids.iter().map(|id| (self.version.hash(id), *id)).collect();
        for memtable in self.version.memtables.iter().filter(|m| !m.is_empty()) {
            open.retain(|&at| {
                let (hash, id) = &keys[at];
                let found = memtable.concept(*hash, id, self.seq);
                !found.is_some_and(|found| {
                    searches[at].meets(&found.record, Home::Memtable(memtable, found.payload))
                })
            });
        }
        let mut found = vec![None; ids.len()];
        for file in &self.version.segments {
            if open.is_empty() {
                break;
            }
            let asked: Vec<_> = open.iter().map(|&at| keys[at]).collect();
            file.segment.find_concepts(&asked, &mut found[..asked.len()])?;
            let mut answers = found.iter_mut();
            open.retain(|&at| {
                let answer = answers.next().and_then(Option::take);
                !answer.is_some_and(|record| searches[at].meets(record, Home::Segments))
            });
        }
        keys.clear();
        let found = searches.into_iter().map(|search| self.unexpired(self.found(search)));
        results.extend(found);
        Ok(())
    }

    fn found<'s>(&'s self, search: Search<'s>) -> Option<Concept<'s, D>> {
        let (record, home) = search.result?;
        let visible = !record.is_tombstone() && !record.is_delta();
        visible.then_some(Concept { record, home, version: &self.version })
    }

    /// The association of this source, kind and target, unless it does not exist or is deleted.
    pub fn association(
        &self,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        match self.find_association(source, kind, target)? {
            Some(record) if self.is_expired(&record)? => Ok(None),
            found => Ok(found),
        }
    }

    /// The same, be it expired.
    pub(crate) fn find_association(
        &self,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        let hash = self.version.hash(source);
        let newest = self.newest_association(hash, source, kind, target)?;
        match newest {
            Some(record) if !record.is_tombstone() && !self.is_hidden(&record)? => Ok(Some(record)),
            _ => Ok(None),
        }
    }

    fn newest_association(
        &self,
        hash: u64,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        for memtable in &self.version.memtables {
            let found = memtable.association(hash, source, kind, target, self.seq);
            if found.is_some() {
                return Ok(found);
            }
        }
        if self.is_past() {
            return self.version.association_past(hash, source, kind, target, self.seq);
        }
        for file in &self.version.segments {
            let found = file.segment.find_association(hash, source, kind, target)?;
            if let Some(record) = found {
                return Ok(Some(*record));
            }
        }
        Ok(None)
    }

    /// Whether an end of the association was deleted after it was put.
    pub(crate) fn is_hidden(&self, record: &AssociationRecord) -> Result<bool> {
        if !self.is_past() && !self.version.has_vertex_tombstones() {
            return Ok(false);
        }
        for end in [&record.source, &record.target] {
            let hash = self.version.hash(end);
            let deleted = if self.is_past() {
                self.version.vertex_tombstone_past(hash, end, self.seq)?
            } else {
                self.version.vertex_tombstone(hash, end, self.seq)?
            };
            if deleted.is_some_and(|seq| seq > record.seq.get()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The concept that carries text, attributes and vector of this association, if it has one.
    pub fn fact(&self, association: &AssociationRecord) -> Result<Option<Concept<'_, D>>> {
        match association.fact_id() {
            Some(id) => Ok(self.concept(&id)?.filter(|concept| concept.record.is_fact())),
            None => Ok(None),
        }
    }

    pub(crate) fn wrap<'s>(&'s self, record: ConceptRecord, home: Home<'s>) -> Concept<'s, D> {
        Concept { record, home, version: &self.version }
    }
}

/// How many lookups are in flight together.
const BATCH: usize = 64;

/// Folds the versions of one concept, met newest first.
#[derive(Clone, Default)]
pub(crate) struct Search<'s> {
    result: Option<(ConceptRecord, Home<'s>)>,
}

impl<'s> Search<'s> {
    /// Takes the next older version. Says whether no older one can matter.
    pub(crate) fn meets(&mut self, record: &ConceptRecord, home: Home<'s>) -> bool {
        let mut merged = *record;
        if let Some((delta, _)) = &self.result
            && !record.is_tombstone()
        {
            fold(&mut merged, delta);
            if planted::is(Bug::DeltaFoldedTwice) {
                fold(&mut merged, delta);
            }
        }
        let done = !record.is_delta();
        self.result = Some((merged, home));
        done
    }

    /// Whether older versions matter.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.result.as_ref().is_none_or(|(record, _)| record.is_delta())
    }

    pub(crate) fn into_result(self) -> Option<(ConceptRecord, Home<'s>)> {
        self.result
    }
}

impl<'s, D: Dir> Concept<'s, D> {
    /// The record, with all changes folded in.
    pub fn record(&self) -> &ConceptRecord {
        &self.record
    }

    pub(crate) fn home(&self) -> Home<'s> {
        self.home
    }

    /// The id.
    pub fn id(&self) -> ConceptId {
        self.record.id
    }

    /// The content, if there is any.
    pub fn content(&self) -> Result<Option<&'s str>> {
        Ok(self.text()?.content)
    }

    /// The attributes; empty when there are none.
    pub fn attributes(&self) -> Result<&'s [u8]> {
        Ok(self.text()?.attributes)
    }

    /// The key that it was put under; empty when there is none.
    pub fn key(&self) -> Result<&'s [u8]> {
        Ok(self.text()?.key)
    }

    /// Content, attributes and key in one look-up.
    pub fn text(&self) -> Result<TextEntries<'s>> {
        let bytes = entries_of(&self.record, self.home, self.version)?;
        self.record.split_text(bytes).map_err(|error| self.version.misfit(&self.record, error))
    }

    /// The vector, if there is one.
    pub fn vector(&self) -> Result<Option<&'s [f32]>> {
        vector_of(&self.record, self.home, self.version)
    }

    /// The space of its vector; none if that is the default one, or there is no vector.
    pub fn vector_space(&self) -> Result<Option<&'s VectorSpace>> {
        let code = self.record.vector_space.get();
        if code == 0 || !self.record.has_vector() {
            return Ok(None);
        }
        let space = self.version.spaces.space(code);
        space.map(Some).ok_or(LsmError::UnknownSpace { code })
    }

    pub(crate) fn version(&self) -> &'s Version<D> {
        self.version
    }
}

/// The text entries of a record, as they lie.
pub(crate) fn entries_of<'s, D: Dir>(
    record: &ConceptRecord,
    home: Home<'s>,
    version: &'s Version<D>,
) -> Result<&'s [u8]> {
    let bytes = record.text_bytes();
    if bytes == 0 {
        return Ok(&[]);
    }
    let offset = record.content_offset.get();
    match home {
        Home::Memtable(memtable, payload) => {
            let start = usize::try_from(offset).expect("a payload fits in memory");
            let length = usize::try_from(bytes).expect("a payload fits in memory");
            Ok(&memtable.payload(payload)[start..start + length])
        }
        Home::Segments => {
            let file = version.payload_file(record.content_segment.get(), record)?;
            Ok(file.segment.text(offset, bytes)?)
        }
    }
}

/// The vector of a record.
pub(crate) fn vector_of<'s, D: Dir>(
    record: &ConceptRecord,
    home: Home<'s>,
    version: &'s Version<D>,
) -> Result<Option<&'s [f32]>> {
    if !record.has_vector() {
        return Ok(None);
    }
    let (offset, dimension) = (record.vector_offset.get(), record.vector_dimension.get());
    match home {
        Home::Memtable(memtable, payload) => {
            let start = usize::try_from(offset).expect("a payload fits in memory");
            let bytes = &memtable.payload(payload)[start..start + dimension as usize * 4];
            Ok(Some(bytemuck::cast_slice(bytes)))
        }
        Home::Segments => {
            let file = version.payload_file(record.vector_segment.get(), record)?;
            Ok(Some(file.segment.vector(offset, dimension)?))
        }
    }
}
