//! History segments become fewer, and lose what is older than the window.

use std::collections::{BTreeSet, HashSet};
use std::time::Instant;

use sutra_format::ConceptId;
use sutra_fs::Dir;
use sutra_manifest::History;

use super::output::{Cut, Outcome, Source};
use super::timeline::joined;
use crate::error::Result;
use crate::files::{SegmentFile, segment_name};
use crate::memtable::Memtable;
use crate::output::{Label, Stop, damage};
use crate::plan;
use crate::planted::{self, Bug};
use crate::readback::Written;
use crate::sync::AtomicBool;
use crate::tree::Inner;
use crate::version::Version;

impl<D: Dir> Inner<D> {
    /// Writes all versions of a memtable as a history segment that no manifest names yet. `current`
    /// is what the memtable became that is read for what is.
    pub(crate) fn write_history(
        &self,
        version: &Version<D>,
        memtable: &Memtable,
        current: Option<&SegmentFile<D>>,
        segment_id: u32,
    ) -> Result<Option<Written>> {
        let label = Label {
            segment_id,
            store_id: self.store_id,
            created_at: self.environment.now(),
            compacted_at: 0,
            min_seq: memtable.min_seq().unwrap_or_default(),
            max_seq: memtable.max_seq().unwrap_or_default(),
        };
        let current = current.map(|file| &**file.segment);
        let written = write_memtable(&*self.dir, version, memtable, current, &label)?;
        self.counters.flush(written.as_ref().map_or(0, |written| written.summary.file_length));
        Ok(written)
    }

    /// Merges the level of history that is due, if one is. Whoever calls it has its turn at merging.
    pub(crate) fn history_step(&self, version: &Version<D>) -> std::result::Result<bool, Stop> {
        let levels = Version::sizes(&version.history);
        let Some(level) = plan::due(&levels, &self.config) else { return Ok(false) };
        let segments: Vec<_> = version.history.iter().filter(|file| file.level == level).collect();
        self.merge_history(version, &segments, plan::target(level), None)?;
        Ok(true)
    }

    /// Merges all of history into one segment. With `erased`, it shares no byte with what was, and
    /// has nothing of these concepts.
    pub(crate) fn merge_all_history(
        &self,
        version: &Version<D>,
        erased: Option<&HashSet<ConceptId>>,
    ) -> std::result::Result<(), Stop> {
        let segments: Vec<_> = version.history.iter().collect();
        let Some(last) = segments.last() else { return Ok(()) };
        if segments.len() == 1 && erased.is_none() && self.due(version, &segments)?.is_none() {
            return Ok(());
        }
        self.merge_history(version, &segments, last.level.max(1), erased)
    }

    /// Merges history segments, which follow one another in `version`, newest first.
    fn merge_history(
        &self,
        version: &Version<D>,
        segments: &[&SegmentFile<D>],
        level: u32,
        erased: Option<&HashSet<ConceptId>>,
    ) -> std::result::Result<(), Stop> {
        let start = Instant::now();
        let oldest = |files: &[&SegmentFile<D>]| files.last().map(|file| file.segment.id());
        let all: Vec<_> = version.history.iter().collect();
        // A deletion, or a version that others hide, may matter to what is older.
        let is_bottom = oldest(segments) == oldest(&all);
        let since = if is_bottom { self.due(version, segments)? } else { None };
        let (mut parts, mut last_seq) = (Vec::with_capacity(segments.len()), 0);
        for file in segments.iter().rev() {
            let moments = file.segment.timeline()?;
            let rises = moments.is_sorted_by(|a, b| a.seq < b.seq && a.time < b.time);
            if !rises || moments.first().is_some_and(|first| first.seq.get() <= last_seq) {
                return Err(damage(version).into());
            }
            last_seq = moments.last().map_or(last_seq, |last| last.seq.get());
            parts.push(moments);
        }
        let none = HashSet::new();
        let cut = since.map_or_else(Cut::default, |since| Cut {
            horizon: since.since_seq,
            versions: since.versions.map(most),
        });
        let source = Source {
            cut,
            timeline: joined(parts),
            ..self.source(version, segments, erased.unwrap_or(&none))
        };
        let survey = source.survey()?;
        let inputs: BTreeSet<u32> = segments.iter().map(|file| file.segment.id()).collect();
        let moved = match erased {
            Some(_) => survey.homes.keys().copied().collect(),
            None => crate::compaction::moving(version, &inputs, &survey)?,
        };
        let label = self.label(segments);
        let written = source.write(&self.dir, &label, &survey, &moved)?;
        let bytes = written.as_ref().map_or(0, |written| written.summary.file_length);
        let read = segments.iter().map(|file| file.segment.file_length()).sum();
        self.counters.compaction(read, bytes);
        self.install_compaction(&inputs, written.as_ref(), level, |manifest| {
            if let (Some(history), Some(since)) = (&mut manifest.history, since)
                && !planted::is(Bug::HorizonForgotten)
            {
                *history = since;
            }
        })
        .inspect_err(|_| self.give_up(&segment_name(label.segment_id)))?;
        let (segment_id, took) = (label.segment_id, start.elapsed());
        tracing::debug!(segment_id, level, ?inputs, bytes, ?took, "history merged");
        Ok(())
    }

    fn source<'a>(
        &'a self,
        version: &'a Version<D>,
        segments: &[&'a SegmentFile<D>],
        erased: &'a HashSet<ConceptId>,
    ) -> Source<'a, D> {
        Source {
            version,
            memtable: None,
            segments: segments.to_vec(),
            current: None,
            base: None,
            cut: Cut::default(),
            deleted: Default::default(),
            erased,
            timeline: Vec::new(),
            cancel: &self.closing,
        }
    }

    /// From when on history is to be kept once these segments, the oldest among them, have merged, if
    /// something of them is too old or too much.
    fn due(&self, version: &Version<D>, segments: &[&SegmentFile<D>]) -> Outcome<Option<History>> {
        let Some(history) = self.ledger.lock().manifest.history else { return Ok(None) };
        let versions = match (history.window, history.versions) {
            (Some(window), _) => return Ok(self.horizon(version, history, window)?),
            (None, None) => return Ok(None),
            (None, Some(versions)) => versions,
        };
        let none = HashSet::new();
        let surplus = self.source(version, segments, &none).surplus(most(versions))?;
        let Some(since_seq) = surplus.map(|seq| seq.max(history.since_seq)) else {
            return Ok(None);
        };
        let since_time = version.time_of(since_seq)?.max(history.since_time);
        Ok(Some(History { since_seq, since_time, ..history }))
    }

    /// From when on a window keeps history, if something is older.
    fn horizon(
        &self,
        version: &Version<D>,
        history: History,
        window: u64,
    ) -> Result<Option<History>> {
        let since_time = self.environment.now().saturating_sub(window);
        let Some(since_seq) = version.seq_at(since_time)? else { return Ok(None) };
        // What is only in memory is no history yet.
        let flushed = version.history.first().map_or(0, |f| f.segment.header().max_seq.get());
        let since_seq = since_seq.min(flushed);
        let is_later = since_seq > history.since_seq && since_time > history.since_time;
        Ok(is_later.then_some(History { since_seq, since_time, ..history }))
    }
}

/// Writes all versions of a memtable as a history segment of a directory.
pub(crate) fn write_memtable<D: Dir>(
    dir: &D,
    version: &Version<D>,
    memtable: &Memtable,
    current: Option<&crate::files::MappedSegment<D>>,
    label: &Label,
) -> Result<Option<Written>> {
    let (never, none) = (AtomicBool::new(false), HashSet::new());
    let source = Source {
        version,
        memtable: Some(memtable),
        segments: Vec::new(),
        current,
        base: None,
        cut: Cut::default(),
        deleted: Default::default(),
        erased: &none,
        timeline: memtable.with_timeline(<[_]>::to_vec),
        cancel: &never,
    };
    let write = || source.write(dir, label, &source.survey()?, &BTreeSet::new());
    write().map_err(|stop| match stop {
        Stop::Failed(error) => error,
        Stop::Cancelled => unreachable!("nobody can call it off"),
    })
}

/// So many versions of a row stay, what is included.
fn most(versions: u32) -> usize {
    usize::try_from(versions).unwrap_or(usize::MAX).saturating_add(1)
}
