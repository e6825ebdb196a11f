//! [`Retention`]: whether a store says what was, and how far back.

use std::collections::HashSet;

use sutra_format::segment::Moment;
use sutra_fs::Dir;
use sutra_manifest::{History, Manifest};
use zerocopy::little_endian::U64;

use super::output::{Cut, Source};
use crate::compaction::closing;
use crate::error::{LsmError, Result};
use crate::files::segment_name;
use crate::output::{Label, Stop};
use crate::planted::{self, Bug};
use crate::readback::Written;
use crate::snapshot::Snapshot;
use crate::tree::{Inner, LsmTree};
use crate::version::Version;

/// How far back a store says what was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// It says what is, and what snapshots that are still held see.
    #[default]
    Latest,
    /// At least so many milliseconds back. What is older goes when history merges.
    Window(u64),
    /// The newest so many versions of each row, at least 1, beyond what is. Where an older one went,
    /// the store says as of no time before its successor any more: so where it answers, the answer
    /// is exact, and how far back that is, the row that changes most decides.
    /// [`Snapshot::history`](crate::Snapshot::history) lists what is kept, however old.
    Versions(u32),
    /// Back to when this was asked for.
    Forever,
}

impl Retention {
    fn of(manifest: &Manifest) -> Self {
        match manifest.history {
            None => Self::Latest,
            Some(History { window: Some(window), .. }) => Self::Window(window),
            Some(History { versions: Some(versions), .. }) => Self::Versions(versions),
            Some(_) => Self::Forever,
        }
    }
}

impl<D: Dir> LsmTree<D> {
    /// How far back the store says what was.
    pub fn retention(&self) -> Retention {
        Retention::of(&self.inner.ledger.lock().manifest)
    }

    /// Says how far back the store is to say what was, durably. Every commit from the first on can be
    /// read if this is asked for before it; later, history begins with the call, and costs a pass over
    /// all rows, texts and vectors left where they are. [`Retention::Latest`] drops what was; what
    /// else is too much goes when history merges down to its oldest segment, as in
    /// [`compact_all`](Self::compact_all).
    ///
    /// Costs from then on: every version of a row in a second file, 128 bytes for a concept and 64 for
    /// an association, and the room of texts and vectors that were replaced.
    pub fn set_retention(&self, retention: Retention) -> Result<()> {
        let inner = &*self.inner;
        inner.check_writable()?;
        let _turn = inner.compacting.lock();
        let _flushing = inner.flushing.lock();
        let (known, is_durable) = {
            let ledger = inner.ledger.lock();
            (ledger.manifest.history, ledger.is_durable)
        };
        let (window, versions) = match retention {
            Retention::Latest if known.is_some() => return inner.drop_history(),
            // What a power cut can still take away is not known yet.
            Retention::Latest if is_durable => return Ok(()),
            Retention::Latest => return inner.publish_history(None),
            Retention::Window(window) => (Some(window), None),
            Retention::Versions(0) => {
                let reason = "0 versions; ask for the latest alone, or for 1 at least";
                return Err(LsmError::invalid("retention", reason));
            }
            Retention::Versions(versions) => (None, Some(versions)),
            Retention::Forever => (None, None),
        };
        match known {
            Some(history) => {
                let is_known = (history.window, history.versions) == (window, versions);
                if is_known && is_durable {
                    return Ok(());
                }
                inner.publish_history(Some(History { window, versions, ..history }))
            }
            None => inner.begin_history(window, versions).map_err(closing),
        }
    }
}

impl<D: Dir> Inner<D> {
    /// Makes what is kept of history durable, and changes no file of it.
    fn publish_history(&self, history: Option<History>) -> Result<()> {
        let mut ledger = self.ledger.lock();
        let mut manifest = ledger.manifest.clone();
        manifest.history = history;
        if planted::is(Bug::RetentionNotPublished) {
            ledger.manifest = manifest;
            return Ok(());
        }
        self.publish(&mut ledger, manifest)
    }

    /// The first history segment has what is, as one version of each row. Whoever calls this has its
    /// turn at flushing and merging, so that the memtables that are there now become history later.
    fn begin_history(
        &self,
        window: Option<u64>,
        versions: Option<u32>,
    ) -> std::result::Result<(), Stop> {
        let version = self.version.load_full();
        let (last_seq, segment_id) = {
            let mut ledger = self.ledger.lock();
            (ledger.manifest.last_seq, ledger.allocate_id())
        };
        // Times of commits do not go back, even if the clock did.
        let last_time = self.writer()?.last_time;
        let now = if last_seq == 0 { 0 } else { self.environment.now().max(last_time) };
        let history = History { since_seq: last_seq, since_time: now, window, versions };
        let note = |manifest: &mut Manifest| manifest.history = Some(history);
        if planted::is(Bug::HistoryBegunEarly) {
            self.install_compaction(&Default::default(), None, 1, note)?;
        }
        let written = self.write_base(&version, last_seq, segment_id, now)?;
        self.install_compaction(&Default::default(), written.as_ref(), 1, note)
            .inspect_err(|_| self.give_up(&segment_name(segment_id)))?;
        Ok(())
    }

    fn write_base(
        &self,
        version: &std::sync::Arc<Version<D>>,
        last_seq: u64,
        segment_id: u32,
        now: u64,
    ) -> std::result::Result<Option<Written>, Stop> {
        let headers = || version.segments.iter().map(|file| file.segment.header());
        let label = Label {
            segment_id,
            store_id: self.store_id,
            created_at: self.environment.now(),
            compacted_at: 0,
            min_seq: headers().map(|header| header.min_seq.get()).min().unwrap_or_default(),
            max_seq: last_seq,
        };
        let snapshot = Snapshot::new(version.clone(), last_seq);
        let none = HashSet::new();
        let source = Source {
            version,
            memtable: None,
            segments: version.segments.iter().collect(),
            current: None,
            base: Some(&snapshot),
            cut: Cut::default(),
            deleted: Default::default(),
            erased: &none,
            timeline: vec![Moment { seq: U64::new(last_seq), time: U64::new(now) }],
            cancel: &self.closing,
        };
        source.write(&self.dir, &label, &source.survey()?, &Default::default())
    }

    /// Goes on without history.
    fn drop_history(&self) -> Result<()> {
        let version = self.version.load_full();
        let inputs = version.history.iter().map(|file| file.segment.id()).collect();
        self.install_compaction(&inputs, None, 0, |manifest| manifest.history = None)
    }
}
