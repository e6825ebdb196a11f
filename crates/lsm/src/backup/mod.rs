//! Copies of a store that is in use: [`LsmTree::backup`] and [`restore`].
//!
//! A backup is a store. It has every segment file of one snapshot, byte for byte; what the
//! snapshot has only in memory becomes one more segment there. Segment files never change, so a
//! later backup into the same directory copies only those that are new.
//!
//! Invariants:
//! * The manifest is published last: until then the directory has the backup before, whole, or
//!   none. Only then files go that it no longer names.
//! * A file of an earlier backup is never replaced by another one while its manifest names it.
//! * Nothing is copied or linked that was not checked against its sums, and every copy is read again.
//! * A file that is there already is kept if a backup names it, or if another file was copied after
//!   it: then its name is durable.
//! * The store itself is not written to, but for the flush of a writer.
//!
//! The manifest of a backup leads to an empty journal without room for a commit. Such a journal
//! is made by nothing else and is gone as soon as somebody opens the copy for writing: by it an
//! earlier backup is told from a store that has gone on by itself. And as long as the manifest
//! leads to a journal, newer segments that it does not name yet are no reason to refuse it.

mod copy;
mod destination;
mod restore;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sutra_fs::{Dir, File};
use sutra_manifest::{Manifest, SegmentMetadata};
use sutra_segment::{Segment, SegmentSummary};

use crate::commit::Writer;
use crate::error::{LsmError, Result};
use crate::files::{MappedSegment, segment_name};
use crate::flush::metadata;
use crate::history::write_history;
use crate::memtable::Memtable;
use crate::output::{Filter, Input, Label, Stop, Words};
use crate::sync::{AtomicBool, MutexGuard};
use crate::tree::{Inner, LsmTree};
use crate::version::Version;

pub use restore::{StoreIdentity, restore};

pub(crate) use copy::Copier;
pub(crate) use restore::check_empty;

use destination::Destination;

/// How a backup is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupOptions {
    /// Whether segment files become links of those of the store, where both are on one file system,
    /// instead of copies. False by default: a link costs neither time nor room, and shares the fate
    /// of the original, so that damage of its bytes is damage of both.
    pub link: bool,
}

/// What a backup or a restore did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// The copy has every record up to this sequence number, and no later one.
    pub seq: u64,
    /// Segment files that were written.
    pub files_copied: usize,
    /// Their bytes.
    pub bytes_copied: u64,
    /// Segment files that were linked.
    pub files_linked: usize,
    /// Their bytes.
    pub bytes_linked: u64,
    /// Segment files that an earlier backup had already.
    pub files_kept: usize,
    /// Their bytes.
    pub bytes_kept: u64,
    /// Files that only the earlier backup needed.
    pub files_removed: usize,
}

impl<D: Dir> LsmTree<D> {
    /// Makes `dest` a copy of the store as it is now: everything that was acknowledged before the
    /// call is in it. Commits, flushes and compactions go on meanwhile.
    ///
    /// `dest` is an empty directory, or has an earlier backup of this store: then only files that
    /// are new are copied. Anything else there is an [`LsmError::Unfit`]. If it fails, or the power
    /// does, the earlier backup is still there, and what was copied is not copied again, but for the
    /// last file.
    ///
    /// The copy has the identity of the store. To go on writing into a copy, [`restore`] it.
    /// `progress` is told how many more bytes are there.
    pub fn backup(&self, dest: &D, progress: &mut dyn FnMut(u64)) -> Result<BackupReport> {
        self.backup_with(dest, BackupOptions::default(), progress)
    }

    /// The same with options.
    pub fn backup_with(
        &self,
        dest: &D,
        options: BackupOptions,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackupReport> {
        let inner = &*self.inner;
        let destination = Destination::open(dest, inner.store_id)?;
        let pin = inner.pin()?;
        let earlier = destination.earlier();
        let mut manifest = pin.manifest.clone();
        if let Some(earlier) = earlier {
            // The journal of the earlier backup has the highest of its ids.
            manifest.skip_segment_id(earlier.next_segment_id().saturating_sub(1));
        }
        let mut copier = Copier::new(dest, inner.store_id, earlier, progress)?;
        if options.link {
            copier.link_from(&inner.dir);
        }
        let metas = pin.copy(inner, &mut copier, &mut manifest)?;
        let mut report = BackupReport { seq: pin.seq, ..copier.report() };
        replace_segments(&mut manifest, metas);
        manifest.last_seq = pin.seq;
        drop(pin);
        report.files_removed = destination.publish(manifest, inner.environment.now())?;
        Ok(report)
    }
}

/// What a copy is made of. While it lives no file of it is removed.
struct Pin<'a, D: Dir> {
    version: Arc<Version<D>>,
    manifest: Manifest,
    seq: u64,
    /// Memtables that have to be copied, too, oldest first.
    memtables: Vec<Arc<Memtable>>,
    /// Held while memtables are read that could be written to otherwise.
    _writer: Option<MutexGuard<'a, Writer<D>>>,
}

/// Ids between those of a store and those of segments that only its copy has: so many files the
/// store can make before one of them has the id of a file that only an earlier backup has.
const ID_GAP: u32 = 1 << 16;

impl<D: Dir> Inner<D> {
    /// The store as it is now. A writer flushes first; one that cannot be written to, or a
    /// reader, gives its memtables along.
    fn pin(&self) -> Result<Pin<'_, D>> {
        let Some(writer) = &self.writer else { return Ok(self.pin_with_memtables(None)) };
        match self.flush_all() {
            Ok(()) => {
                let ledger = self.ledger.lock();
                let (manifest, version) = (ledger.manifest.clone(), self.version.load_full());
                let (seq, memtables) = (manifest.last_seq, Vec::new());
                Ok(Pin { version, manifest, seq, memtables, _writer: None })
            }
            Err(error) if error.is_out_of_space() || self.poison.cause().is_some() => {
                Ok(self.pin_with_memtables(Some(writer.lock())))
            }
            Err(error) => Err(error),
        }
    }

    fn pin_with_memtables<'a>(&self, writer: Option<MutexGuard<'a, Writer<D>>>) -> Pin<'a, D> {
        let ledger = self.ledger.lock();
        let (manifest, version) = (ledger.manifest.clone(), self.version.load_full());
        let filled = version.memtables.iter().rev().filter(|memtable| !memtable.is_empty());
        let memtables = filled.cloned().collect();
        let seq = self.visible.load(Ordering::Acquire);
        Pin { version, manifest, seq, memtables, _writer: writer }
    }
}

impl<D: Dir> Pin<'_, D> {
    /// Copies all files, then writes the memtables as segments with ids that `manifest` gives.
    fn copy(
        &self,
        inner: &Inner<D>,
        copier: &mut Copier<'_, D>,
        manifest: &mut Manifest,
    ) -> Result<Vec<SegmentMetadata>> {
        let mut metas = Vec::new();
        for file in &self.version.files {
            metas.push(copier.copy(file)?);
        }
        if !self.memtables.is_empty() {
            manifest.skip_segment_id(manifest.next_segment_id().saturating_add(ID_GAP));
        }
        for memtable in &self.memtables {
            let label = Label {
                segment_id: manifest.allocate_segment_id(),
                store_id: copier.store_id(),
                created_at: inner.environment.now(),
                compacted_at: 0,
                min_seq: memtable.min_seq().unwrap_or_default(),
                max_seq: memtable.max_seq().unwrap_or_default(),
            };
            let mut current = None;
            if let Some(summary) =
                write_memtable(&self.version, memtable, copier.dir(), &label, Words::AsUsual)?
            {
                copier.wrote(summary.file_length);
                metas.push(metadata(&summary, 0));
                current = Some(open_written(copier.dir(), &summary)?);
            }
            if manifest.history.is_some() {
                let label = Label { segment_id: manifest.allocate_segment_id(), ..label };
                let (dir, current) = (copier.dir(), current.as_ref());
                let written = write_history(dir, &self.version, memtable, current, &label)?;
                if let Some(written) = written {
                    written.confirm_in(dir)?;
                    copier.wrote(written.summary.file_length);
                    metas.push(metadata(&written.summary, 0));
                }
            }
        }
        Ok(metas)
    }
}

/// Writes a memtable as a segment of another directory.
pub(crate) fn write_memtable<D: Dir>(
    version: &Version<D>,
    memtable: &Memtable,
    dir: &D,
    label: &Label,
    words: Words,
) -> Result<Option<SegmentSummary>> {
    let never = AtomicBool::new(false);
    let input = Input {
        version,
        memtable: Some(memtable),
        segments: Vec::new(),
        bottom: false,
        words,
        cancel: &never,
    };
    let write = || -> std::result::Result<_, Stop> {
        let filter = Filter::new(&input)?;
        let survey = filter.survey()?;
        filter.write(dir, label, &survey, &Default::default())
    };
    let written = write().map_err(|stop| match stop {
        Stop::Failed(error) => error,
        Stop::Cancelled => unreachable!("nobody can call it off"),
    })?;
    if let Some(written) = &written {
        written.confirm_in(dir)?;
    }
    Ok(written.map(|written| written.summary))
}

fn open_written<D: Dir>(dir: &D, summary: &SegmentSummary) -> Result<MappedSegment<D>> {
    let name = segment_name(summary.header.segment_id.get());
    Ok(Segment::open(dir.open(&name)?.map()?, dir.path(&name))?)
}

/// Has the manifest name these segments and no others.
pub(crate) fn replace_segments(manifest: &mut Manifest, metas: Vec<SegmentMetadata>) {
    let old: Vec<u32> = manifest.segments().iter().map(|segment| segment.segment_id).collect();
    manifest.remove_segments(&old);
    metas.into_iter().for_each(|meta| manifest.add_segment(meta));
}

fn unfit<D: Dir>(dir: &D, name: &sutra_fs::Name, reason: impl Into<String>) -> LsmError {
    LsmError::Unfit { path: dir.path(name), reason: reason.into() }
}
