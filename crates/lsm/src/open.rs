//! Opening a store: for writing, which recovers and cleans up, or for reading, which touches
//! nothing.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use sutra_fs::{Dir, ErrorKind, File};
use sutra_index::words::Analyser;
use sutra_manifest::Manifest;

use crate::commit::{GROUP_LIMITS, Queue, Writer};
use crate::config::{Background, CompactionConfig, Environment};
use crate::error::{LsmError, Result};
use crate::expiry::Expiring;
use crate::files::{FileRole, SegmentFile, journal_name, lock_name, role_of};
use crate::memtable::Memtable;
use crate::poison::Poison;
use crate::recovery::{self, Replay};
use crate::scrub::Scrub;
use crate::stats::Counters;
use crate::strays;
use crate::sync::{ArcSwap, AtomicBool, AtomicU64, Condvar, Mutex};
use crate::tree::{Durable, Inner, Ledger, LsmTree};
use crate::vectors::Spaces;
use crate::version::Version;
use crate::words::{analyser_of, name_of};
use crate::worker::{Signals, Workers};

/// How often a reader starts over because a writer was faster.
const READER_ATTEMPTS: usize = 100;

/// The least memory that a reader gives to a memtable.
const READER_BYTES_MIN: u64 = 64 << 10;

impl<D: Dir> LsmTree<D> {
    /// [`open`](LsmTree::open) for any directory and environment.
    pub fn open_in(dir: D, config: CompactionConfig, environment: Environment) -> Result<Self> {
        Self::open_with_analyser_in(dir, config, environment, None)
    }

    /// The same. If the store is made, or is still without any commit, its texts become words by
    /// `analyser`, for good; a store that goes by another one is an [`LsmError::OtherAnalyser`].
    pub fn open_with_analyser_in(
        dir: D,
        config: CompactionConfig,
        environment: Environment,
        analyser: Option<Analyser>,
    ) -> Result<Self> {
        config.check().map_err(|reason| LsmError::invalid("configuration", reason))?;
        let dir = Arc::new(dir);
        let lock = dir.lock(&lock_name())?;
        let manifest = load_or_create(&*dir, &environment, analyser)?;
        let spaces = Spaces::of(&*dir, &manifest)?;
        let files = open_files(&dir, &manifest)?;
        let memtable = Memtable::new(manifest.hash_seed, config.max_segment_size);
        let version = Version::new(spaces, vec![Arc::new(memtable)], files)?;
        let last_seq = manifest.last_seq;
        let inner = Inner {
            writer: Some(Writer::new(last_seq + 1)),
            ..assemble(dir, config, environment, manifest, version, last_seq, Some(lock))
        };
        inner.recover()?;
        // Commit times never go back where history is kept.
        inner.writer()?.last_time = inner.version.load().last_time()?;
        let tree = Self { inner: Arc::new(inner), workers: Workers::default() };
        if tree.inner.environment.background == Background::Threads {
            tree.start_flusher()?;
        }
        let version = tree.inner.version.load();
        let (files, last_seq) = (version.files.len(), tree.inner.snapshot().seq());
        tracing::info!(files, last_seq, "store opened");
        drop(version);
        Ok(tree)
    }

    /// [`open_read_only`](LsmTree::open_read_only) for any directory.
    pub fn open_read_only_in(dir: D) -> Result<Self> {
        let dir = Arc::new(dir);
        let mut manifest = load_existing(&*dir)?;
        for attempt in 1.. {
            let attempted = read_state(&dir, &manifest);
            // What failed, or was read, while a writer replaced the manifest counts for nothing.
            let now = load_existing(&*dir)?;
            if now != manifest {
                manifest = now;
                if attempt < READER_ATTEMPTS {
                    continue;
                }
            }
            let (version, last_seq, replayed) = match attempted {
                // A writer at work may write while its journal is read.
                Err(error) if attempt < 3 && error.is_corruption() => continue,
                other => other?,
            };
            tracing::debug!(files = version.files.len(), last_seq, "store opened for reading");
            let (config, environment) = (CompactionConfig::default(), Environment::default());
            let inner = Inner {
                replayed,
                ..assemble(dir, config, environment, manifest, version, last_seq, None)
            };
            return Ok(Self { inner: Arc::new(inner), workers: Workers::default() });
        }
        unreachable!("the loop ends by its last attempt")
    }
}

fn assemble<D: Dir>(
    dir: Arc<D>,
    config: CompactionConfig,
    environment: Environment,
    manifest: Manifest,
    version: Version<D>,
    last_seq: u64,
    lock: Option<D::Lock>,
) -> Inner<D> {
    Inner {
        dir,
        config,
        environment,
        store_id: manifest.store_id,
        hash_seed: manifest.hash_seed,
        version: ArcSwap::from_pointee(version),
        visible: AtomicU64::new(last_seq),
        keeps_history: AtomicBool::new(manifest.history.is_some()),
        expiring: Expiring::of(&manifest),
        ledger: Mutex::new(Ledger {
            manifest,
            is_durable: false,
            sealed: VecDeque::new(),
            active_journal: None,
            trouble: None,
            recovered: Default::default(),
        }),
        progress: Condvar::new(),
        queue: Queue::new(GROUP_LIMITS),
        writer: None,
        journal_synced: AtomicU64::new(0),
        replayed: Vec::new(),
        filler: Mutex::new(None),
        flushing: Mutex::new(()),
        compacting: Mutex::new(()),
        poison: Poison::default(),
        counters: Counters::default(),
        scrub: Scrub::default(),
        signals: Signals::default(),
        closing: AtomicBool::new(false),
        lock: Mutex::new(lock),
    }
}

/// The manifest of the directory; an empty directory becomes a store.
fn load_or_create<D: Dir>(
    dir: &D,
    environment: &Environment,
    analyser: Option<Analyser>,
) -> Result<Manifest> {
    match load_existing(dir) {
        Err(LsmError::NoStore { path }) => {
            let of_a_store = |role| {
                matches!(role, FileRole::Segment(_) | FileRole::Journal(_) | FileRole::Manifest)
            };
            if let Some(name) = dir.list()?.iter().find(|name| of_a_store(role_of(name))) {
                let reason = format!("missing, though {name} of a store is there");
                return Err(LsmError::Inconsistent { path, reason });
            }
            let (store_id, hash_seed) = environment.identity();
            let mut manifest = Manifest::for_store(store_id, hash_seed);
            manifest.analyser = name_of(analyser.unwrap_or_default());
            manifest.publish(dir)?;
            Ok(manifest)
        }
        Ok(manifest) => with_analyser(dir, manifest, analyser),
        other => other,
    }
}

/// The manifest of a store that is there, if it goes by the analyser that is asked for. One that never
/// had a commit can still change to it.
fn with_analyser<D: Dir>(
    dir: &D,
    mut manifest: Manifest,
    asked: Option<Analyser>,
) -> Result<Manifest> {
    let recorded = analyser_of(dir, &manifest)?;
    let Some(asked) = asked.filter(|asked| *asked != recorded) else { return Ok(manifest) };
    // No segment has a sequence number above that of the manifest.
    let is_unused = manifest.last_seq == 0 && manifest.journal_floor.is_none();
    if !is_unused {
        let path = dir.path(&Manifest::name());
        let (recorded, asked) = (recorded.name(), asked.name());
        return Err(LsmError::OtherAnalyser { path, recorded, asked });
    }
    manifest.analyser = name_of(asked);
    manifest.publish(dir)?;
    Ok(manifest)
}

pub(crate) fn load_existing<D: Dir>(dir: &D) -> Result<Manifest> {
    let name = Manifest::name();
    Manifest::load_from(dir, &name).map_err(|error| match error.fs() {
        Some(fs) if fs.kind == ErrorKind::NotFound => LsmError::NoStore { path: dir.path(&name) },
        _ => error.into(),
    })
}

pub(crate) fn open_files<D: Dir>(dir: &Arc<D>, manifest: &Manifest) -> Result<Vec<SegmentFile<D>>> {
    let open = |meta| SegmentFile::open(dir, meta, manifest.store_id);
    manifest.segments().iter().map(open).collect()
}

/// What a reader sees of the files as the manifest names them.
fn read_state<D: Dir>(
    dir: &Arc<D>,
    manifest: &Manifest,
) -> Result<(Version<D>, u64, Vec<Durable>)> {
    let spaces = Spaces::of(&**dir, manifest)?;
    let files = open_files(dir, manifest)?;
    let start = recovery::first_journal(manifest);
    let budget = match start {
        Some(start) => memory_for(&**dir, start.journal_id)?,
        None => READER_BYTES_MIN,
    };
    let new = || Arc::new(Memtable::new(manifest.hash_seed, budget));
    let mut memtables = VecDeque::from([new()]);
    let (mut last_seq, mut parts) = (manifest.last_seq, Vec::new());
    if let Some(start) = start {
        let replay = Replay { dir: &**dir, manifest };
        let replayed = replay.run(start, |frame| {
            if !recovery::has_room(&memtables[0], &frame.body) {
                memtables.push_front(new());
            }
            recovery::apply(&memtables[0], frame);
            Ok(())
        })?;
        last_seq = replayed.next_seq - 1;
        parts = replayed.parts;
    } else {
        // With a journal, a writer may be ahead of what was just read.
        strays::check(&**dir, &dir.list()?, manifest, &BTreeSet::new(), last_seq)?;
    }
    Ok((Version::new(spaces, memtables.into(), files)?, last_seq, parts))
}

/// Bytes for a memtable that takes the records of a journal, or a good part of a very long one.
fn memory_for<D: Dir>(dir: &D, journal_id: u32) -> Result<u64> {
    let length = dir.open(&journal_name(journal_id))?.length()?;
    let most = CompactionConfig::default().max_segment_size;
    Ok(length.saturating_mul(2).clamp(READER_BYTES_MIN, most))
}
