//! The segments of one level become one segment of the next.
//!
//! Order, on which recovery relies: the new file is durable under its name, then the manifest
//! that names it and no longer the old ones, then the old files go, once nobody reads them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Instant;

use sutra_format::ConceptId;
use sutra_fs::Dir;
use sutra_manifest::Manifest;

use crate::error::Result;
use crate::expiry::Candidate;
use crate::files::{Role, SegmentFile, segment_name};
use crate::output::{Filter, Input, Label, Stop, Survey, Words};
use crate::plan::{self, LevelSize};
use crate::planted::{self, Bug};
use crate::readback::Written;
use crate::tree::{Inner, LsmTree};
use crate::version::Version;

impl<D: Dir> LsmTree<D> {
    /// Whether a level has reached its threshold, of what is or of what was.
    pub fn needs_compaction(&self) -> bool {
        let (version, config) = (self.inner.version.load(), &self.inner.config);
        let levels = [version.level_sizes(), Version::sizes(&version.history)];
        levels.iter().any(|levels| plan::due(levels, config).is_some())
    }

    /// Merges the segments of `level` into one of the next level, due or not, and waits for it.
    /// Says whether there were at least two.
    pub fn compact_level(&self, level: u32) -> Result<bool> {
        self.inner.check_writable()?;
        let expired = {
            let _turn = self.inner.compacting.lock();
            let version = self.inner.version.load_full();
            let segments: Vec<_> = version.segments.iter().filter(|f| f.level == level).collect();
            if segments.len() < 2 {
                return Ok(false);
            }
            let target = plan::target(level);
            self.inner.compact(&version, &segments, target, Words::AsUsual).map_err(closing)?
        };
        self.inner.forget(&expired)?;
        Ok(true)
    }

    /// Flushes what is in memory, then merges all segments into one, and drops whatever is
    /// deleted, replaced or [expired](Self::set_expiry). Costs about the size of the store in reading and in writing.
    pub fn compact_all(&self) -> Result<()> {
        self.forget_expired()?;
        self.merge_all(Words::AsUsual)
    }

    /// The same, and makes the words anew from the texts: for a store whose words are not those of its
    /// texts, or were never indexed.
    pub fn index_afresh(&self) -> Result<()> {
        self.merge_all(Words::Afresh)
    }

    fn merge_all(&self, words: Words) -> Result<()> {
        self.flush()?;
        let _turn = self.inner.compacting.lock();
        let version = self.inner.version.load_full();
        let segments: Vec<_> = version.segments.iter().collect();
        let Some(last) = segments.last() else { return Ok(()) };
        let is_enough = words == Words::AsUsual && !version.is_wasteful()?;
        if !is_enough || !version.is_indexed()? {
            let level = last.level.max(1);
            self.inner.compact(&version, &segments, level, words).map_err(closing)?;
        }
        let version = self.inner.version.load_full();
        self.inner.merge_all_history(&version, None).map_err(closing)
    }

    /// Does the piece of compaction that is due first; says whether there was one. What the
    /// background thread does in a loop.
    pub fn compaction_step(&self) -> Result<bool> {
        self.inner.check_writable()?;
        self.inner.compaction_step()
    }
}

impl<D: Dir> Inner<D> {
    /// Merges all segments into one that shares no byte with them and refers to none, and history
    /// into one that has nothing of `erased`. Whoever calls it has its turn at merging.
    pub(crate) fn rewrite(&self, version: &Version<D>, erased: &HashSet<ConceptId>) -> Result<()> {
        let segments: Vec<_> = version.segments.iter().collect();
        if let Some(last) = segments.last() {
            let level = last.level.max(1);
            self.compact(version, &segments, level, Words::Erasing).map_err(closing)?;
        }
        let version = self.version.load_full();
        self.merge_all_history(&version, Some(erased)).map_err(closing)
    }
}

pub(crate) fn closing(stop: Stop) -> crate::error::LsmError {
    match stop {
        Stop::Failed(error) => error,
        Stop::Cancelled => crate::error::LsmError::ReadOnly, // The store was closed meanwhile.
    }
}

impl<D: Dir> Inner<D> {
    pub(crate) fn compaction_step(&self) -> Result<bool> {
        let (done, expired) = self.merge_step()?;
        self.forget(&expired)?;
        Ok(done)
    }

    /// Merges what is due first, if anything is; gives what of it is expired, too.
    fn merge_step(&self) -> Result<(bool, Vec<Candidate>)> {
        let _turn = self.compacting.lock();
        self.poison.check()?;
        let version = self.version.load_full();
        let Some(level) = plan::due(&version.level_sizes(), &self.config) else {
            return match self.history_step(&version) {
                Err(Stop::Failed(error)) => Err(error),
                Err(Stop::Cancelled) => Ok((false, Vec::new())),
                Ok(done) => Ok((done, Vec::new())),
            };
        };
        let segments: Vec<_> = version.segments.iter().filter(|f| f.level == level).collect();
        match self.compact(&version, &segments, plan::target(level), Words::AsUsual) {
            Ok(expired) => Ok((true, expired)),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Cancelled) => Ok((false, Vec::new())),
        }
    }

    /// Merges `segments`, which follow one another in `version`, newest first; gives what is expired in
    /// the new segment.
    fn compact(
        &self,
        version: &Version<D>,
        segments: &[&SegmentFile<D>],
        level: u32,
        words: Words,
    ) -> std::result::Result<Vec<Candidate>, Stop> {
        let (oldest, start) = (segments.last().map(|file| file.segment.id()), Instant::now());
        let input = Input {
            version,
            memtable: None,
            segments: segments.to_vec(),
            bottom: version.segments.last().map(|file| file.segment.id()) == oldest
                || planted::is(Bug::TombstonesDroppedInMerge),
            words,
            cancel: &self.closing,
        };
        let label = self.label(segments);
        let filter = Filter::new(&input)?;
        let survey = filter.survey()?;
        let inputs: BTreeSet<u32> = segments.iter().map(|file| file.segment.id()).collect();
        let moved = match words {
            Words::Erasing if !planted::is(Bug::ErasedStays) => {
                survey.homes.keys().copied().collect()
            }
            _ => moving(version, &inputs, &survey)?,
        };
        let written = filter.write(&self.dir, &label, &survey, &moved)?;
        let bytes = written.as_ref().map_or(0, |written| written.summary.file_length);
        let read = segments.iter().map(|file| file.segment.file_length()).sum();
        self.counters.compaction(read, bytes);
        self.install_compaction(&inputs, written.as_ref(), level, |_| {})
            .inspect_err(|_| self.give_up(&segment_name(label.segment_id)))?;
        let (segment_id, took) = (label.segment_id, start.elapsed());
        tracing::debug!(segment_id, level, ?inputs, bytes, ?took, "segments merged");
        Ok(self.expired_in(segment_id)?)
    }

    pub(crate) fn label(&self, segments: &[&SegmentFile<D>]) -> Label {
        let headers = || segments.iter().map(|file| file.segment.header());
        let now = self.environment.now();
        Label {
            segment_id: self.ledger.lock().allocate_id(),
            store_id: self.store_id,
            created_at: headers().map(|header| header.created_at.get()).min().unwrap_or(now),
            compacted_at: now,
            min_seq: headers().map(|header| header.min_seq.get()).min().unwrap_or_default(),
            max_seq: headers().map(|header| header.max_seq.get()).max().unwrap_or_default(),
        }
    }

    /// Makes a segment that was written take the place of its inputs. `note` says what else the
    /// manifest is to know of it.
    pub(crate) fn install_compaction(
        &self,
        inputs: &BTreeSet<u32>,
        written: Option<&Written>,
        level: u32,
        note: impl FnOnce(&mut Manifest),
    ) -> Result<()> {
        let opened = written.map(|written| self.open_written(written, level)).transpose()?;
        let (meta, output) = opened.unzip();
        let mut ledger = self.ledger.lock();
        let current = self.version.load();
        let mut files: Vec<SegmentFile<D>> = current.files.iter().cloned().chain(output).collect();
        for file in files.iter_mut().filter(|file| inputs.contains(&file.segment.id())) {
            file.role = Role::Payload;
        }
        let live = live_payload(files.iter().filter(|file| file.role != Role::Payload))?;
        let is_gone = |file: &SegmentFile<D>| {
            let is_needed =
                live.contains_key(&file.segment.id()) && !planted::is(Bug::DonorRemovedEarly);
            file.role == Role::Payload && !is_needed
        };
        let (gone, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_gone);
        let version = Version::new(current.spaces.clone(), current.memtables.clone(), files)?;
        let mut manifest: Manifest = ledger.manifest.clone();
        if let Some(meta) = meta {
            manifest.add_segment(meta);
        }
        for id in inputs.iter().filter(|_| !planted::is(Bug::InputsStayListed)) {
            manifest.update_segment(*id, |segment| {
                (segment.payload_only, segment.history) = (true, false);
            });
        }
        let gone_ids: Vec<u32> = gone.iter().map(|file| file.segment.id()).collect();
        if !planted::is(Bug::InputsStayListed) {
            manifest.remove_segments(&gone_ids);
        }
        if planted::is(Bug::InputsRemovedEarly) {
            gone_ids.iter().for_each(|id| self.give_up(&segment_name(*id)));
        }
        note(&mut manifest);
        manifest.record_compaction(self.environment.now());
        self.publish(&mut ledger, manifest)?;
        self.version.store(Arc::new(version));
        ledger.trouble = None;
        gone.iter().for_each(SegmentFile::make_obsolete);
        Ok(())
    }
}

/// The payload of these homes moves with the merge of `inputs`.
pub(crate) fn moving<D: Dir>(
    version: &Version<D>,
    inputs: &BTreeSet<u32>,
    survey: &Survey,
) -> Result<BTreeSet<u32>> {
    let others = version.segments.iter().chain(&version.history);
    let others = others.filter(|file| !inputs.contains(&file.segment.id()));
    let elsewhere = live_payload(others)?;
    let mut moved = BTreeSet::new();
    for (home, payload) in &survey.homes {
        let live = payload.bytes() + elsewhere.get(home).copied().unwrap_or_default();
        let file = version.file(*home).map_or(0, |file| file.segment.file_length());
        if plan::moves(live, file) {
            moved.insert(*home);
        }
    }
    Ok(moved)
}

/// How many bytes of each file's payload the records of `segments` refer to.
fn live_payload<'a, D: Dir>(
    segments: impl Iterator<Item = &'a SegmentFile<D>>,
) -> Result<BTreeMap<u32, u64>> {
    let mut live = BTreeMap::new();
    for file in segments {
        for home in file.segment.homes()? {
            *live.entry(home.segment_id.get()).or_default() += home.live_bytes.get();
        }
    }
    Ok(live)
}

impl<D: Dir> Version<D> {
    /// How large the levels are, by rising level.
    pub(crate) fn level_sizes(&self) -> Vec<LevelSize> {
        Self::sizes(&self.segments)
    }

    /// The same of these files.
    pub(crate) fn sizes(files: &[SegmentFile<D>]) -> Vec<LevelSize> {
        let mut levels = BTreeMap::new();
        for file in files {
            let size = levels.entry(file.level).or_insert(LevelSize {
                level: file.level,
                segments: 0,
                bytes: 0,
            });
            size.segments += 1;
            size.bytes += file.segment.file_length();
        }
        levels.into_values().collect()
    }

    /// Bytes of all files, and bytes of them that are in use: records and payload.
    pub(crate) fn space(&self) -> Result<(u64, u64)> {
        let total = self.files.iter().map(|file| file.segment.file_length()).sum();
        let read = || self.segments.iter().chain(&self.history);
        let records: u64 = read()
            .map(|file| {
                let header = file.segment.header();
                header.concepts.length.get() + header.associations.length.get()
            })
            .sum();
        let payload: u64 = live_payload(read())?.values().sum();
        Ok((total, records + payload))
    }

    /// Whether there is something to gain from merging all segments: there are several, or the only
    /// one has tombstones, payload in other files, or payload of its own that nothing refers to.
    fn is_wasteful(&self) -> Result<bool> {
        let [file] = self.segments.as_slice() else { return Ok(true) };
        let header = file.segment.header();
        let tombstones = header.concept_tombstones.get() + header.association_tombstones.get();
        let own = header.content.length.get() + header.vectors.length.get();
        let homes = live_payload(self.segments.iter())?;
        let (live, is_alone): (u64, _) =
            (homes.values().sum(), homes.keys().all(|home| *home == file.segment.id()));
        let has_tombstones = tombstones > 0 || self.vertex_tombstones;
        Ok(has_tombstones || !is_alone || live < own)
    }
}
