//! Which sequence number was the last at a time.

use sutra_format::segment::Moment;
use sutra_fs::Dir;

use crate::error::Result;
use crate::files::SegmentFile;
use crate::version::Version;

/// One timeline of several, oldest first. A time that does not rise counts as the one before.
pub(super) fn joined<'a>(parts: impl IntoIterator<Item = &'a [Moment]>) -> Vec<Moment> {
    let mut timeline: Vec<Moment> = Vec::new();
    for moment in parts.into_iter().flatten() {
        match timeline.last_mut() {
            Some(last) if last.time.get() >= moment.time.get() => last.seq = moment.seq,
            _ => timeline.push(*moment),
        }
    }
    timeline
}

/// The last sequence number that was committed at `time` or before, if the timeline knows, and whether
/// it knows of a later commit.
fn seq_at(timeline: &[Moment], time: u64) -> (Option<u64>, bool) {
    let behind = timeline.partition_point(|moment| moment.time.get() <= time);
    let last = behind.checked_sub(1).map(|last| timeline[last].seq.get());
    (last, behind < timeline.len())
}

/// When a sequence number was committed, if the timeline goes so far.
fn time_of(timeline: &[Moment], seq: u64) -> Option<u64> {
    let at = timeline.partition_point(|moment| moment.seq.get() < seq);
    timeline.get(at).map(|moment| moment.time.get())
}

impl<D: Dir> Version<D> {
    /// The last sequence number that was committed at `time` or before. None: all that is known
    /// was committed later. Oldest first: behind a later commit nothing counts as made before it.
    pub(super) fn seq_at(&self, time: u64) -> Result<Option<u64>> {
        let mut last = None;
        for file in self.history.iter().rev() {
            let (seq, goes_beyond) = seq_at(file.segment.timeline()?, time);
            last = seq.or(last);
            if goes_beyond {
                return Ok(last);
            }
        }
        for memtable in self.memtables.iter().rev() {
            let (seq, goes_beyond) = memtable.with_timeline(|timeline| seq_at(timeline, time));
            last = seq.or(last);
            if goes_beyond {
                return Ok(last);
            }
        }
        Ok(last)
    }

    /// When a sequence number was committed, in milliseconds; zero if nothing knows. What was only in
    /// memory when history began counts as committed then.
    pub(crate) fn time_of(&self, seq: u64) -> Result<u64> {
        let mut began = 0;
        for file in self.history.iter().rev() {
            let timeline = file.segment.timeline()?;
            if file.segment.header().max_seq.get() >= seq {
                return Ok(time_of(timeline, seq).map_or(0, |time| time.max(began)));
            }
            began = timeline.last().map_or(began, |last| last.time.get().max(began));
        }
        let memtables = self.memtables.iter().rev();
        let time =
            memtables.filter_map(|m| m.with_timeline(|timeline| time_of(timeline, seq))).next();
        Ok(time.map_or(0, |time| time.max(began)))
    }

    /// The time of the last commit that history knows of.
    pub(crate) fn last_time(&self) -> Result<u64> {
        let newest = self.history.first().map(|file: &SegmentFile<D>| file.segment.timeline());
        Ok(newest.transpose()?.and_then(|t| t.last().copied()).map_or(0, |m| m.time.get()))
    }
}
