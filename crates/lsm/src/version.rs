//! [`Version`]: everything that readers see, swapped whole.
//!
//! Invariants:
//! * Every record in a table of the list is newer than every record of the same key in a table
//!   behind it: memtables newest first, then segments by rising level, newest first in each.
//! * Sequence ranges of searched segments do not overlap.
//! * Every segment that a record refers to for payload is in `files`.

use std::sync::Arc;

use sutra_format::hash::placement;
use sutra_format::{ConceptId, ConceptRecord, FormatError};
use sutra_fs::Dir;

use crate::error::{LsmError, Result};
use crate::files::{Role, SegmentFile};
use crate::liveness::Liveness;
use crate::memtable::Memtable;
use crate::vectors::Spaces;

/// An immutable list of tables.
pub(crate) struct Version<D: Dir> {
    /// The seed of the placement hash.
    pub(crate) hash_seed: u64,
    /// Which vectors may be compared.
    pub(crate) spaces: Arc<Spaces>,
    /// Newest first; the first is the active one.
    pub(crate) memtables: Vec<Arc<Memtable>>,
    /// Searched segments, newest first.
    pub(crate) segments: Vec<SegmentFile<D>>,
    /// History segments, newest first: read for what was.
    pub(crate) history: Vec<SegmentFile<D>>,
    /// All segment files by rising id, those that only hold payload included.
    pub(crate) files: Vec<SegmentFile<D>>,
    /// Whether any segment has vertex tombstones.
    pub(crate) vertex_tombstones: bool,
    /// Whether any segment has association tombstones.
    pub(crate) association_tombstones: bool,
    /// Which rows of the segments count.
    pub(crate) liveness: Arc<Liveness>,
}

/// The files of a role, newest first.
fn in_order<D: Dir>(files: &[SegmentFile<D>], role: Role) -> Result<Vec<SegmentFile<D>>> {
    let mut segments: Vec<_> = files.iter().filter(|file| file.role == role).cloned().collect();
    segments.sort_by_key(|file| std::cmp::Reverse(file.segment.header().max_seq.get()));
    for pair in segments.windows(2) {
        let (newer, older) = (pair[0].segment.header(), pair[1].segment.header());
        if newer.min_seq.get() <= older.max_seq.get() || pair[0].level > pair[1].level {
            return Err(LsmError::Inconsistent {
                path: pair[0].segment.path().to_path_buf(),
                reason: format!("out of order with segment {}", pair[1].segment.id()),
            });
        }
    }
    Ok(segments)
}

impl<D: Dir> Version<D> {
    /// Orders the files of a store into a version.
    pub(crate) fn new(
        spaces: Arc<Spaces>,
        memtables: Vec<Arc<Memtable>>,
        mut files: Vec<SegmentFile<D>>,
    ) -> Result<Self> {
        let hash_seed = spaces.hash_seed;
        files.sort_by_key(|file| file.segment.id());
        // Under another seed nothing would be found in it, and nothing would say so.
        let is_foreign = |file: &&SegmentFile<D>| file.segment.header().hash_seed != hash_seed;
        if let Some(file) = files.iter().find(is_foreign) {
            return Err(LsmError::Inconsistent {
                path: file.segment.path().to_path_buf(),
                reason: "the manifest has another hash seed".into(),
            });
        }
        let segments = in_order(&files, Role::Current)?;
        let history = in_order(&files, Role::History)?;
        let mut vertex_tombstones = false;
        for file in &segments {
            vertex_tombstones |= !file.segment.vertex_tombstones()?.is_empty();
        }
        let association_tombstones =
            segments.iter().any(|f| f.segment.header().association_tombstones.get() > 0);
        let liveness = Arc::new(Liveness::new(segments.len()));
        Ok(Self {
            liveness,
            hash_seed,
            spaces,
            memtables,
            segments,
            history,
            files,
            vertex_tombstones,
            association_tombstones,
        })
    }

    /// The same tables with other vector spaces.
    pub(crate) fn with_spaces(&self, spaces: Arc<Spaces>) -> Self {
        Self { spaces, ..self.with_memtables(self.memtables.clone()) }
    }

    /// The same files with other memtables.
    pub(crate) fn with_memtables(&self, memtables: Vec<Arc<Memtable>>) -> Self {
        Self {
            hash_seed: self.hash_seed,
            spaces: self.spaces.clone(),
            memtables,
            segments: self.segments.clone(),
            history: self.history.clone(),
            files: self.files.clone(),
            vertex_tombstones: self.vertex_tombstones,
            association_tombstones: self.association_tombstones,
            liveness: self.liveness.clone(),
        }
    }

    /// Where records with this id stand in a table.
    pub(crate) fn hash(&self, id: &ConceptId) -> u64 {
        placement(self.hash_seed, id)
    }

    /// The memtable that is written to.
    pub(crate) fn active(&self) -> &Arc<Memtable> {
        &self.memtables[0]
    }

    /// The file with this segment id.
    pub(crate) fn file(&self, id: u32) -> Option<&SegmentFile<D>> {
        let at = self.files.binary_search_by_key(&id, |file| file.segment.id()).ok()?;
        Some(&self.files[at])
    }

    /// The file that holds the payload of a record; `what` and `record` are for the message.
    pub(crate) fn payload_file(&self, id: u32, record: &ConceptRecord) -> Result<&SegmentFile<D>> {
        self.file(id).ok_or_else(|| LsmError::Inconsistent {
            path: self.files.first().map_or_else(Default::default, |f| f.segment.path().into()),
            reason: format!("concept {} refers to segment {id}, which is not there", record.id),
        })
    }

    /// What it means that the text of a row cannot be divided.
    #[cold]
    pub(crate) fn misfit(&self, record: &ConceptRecord, error: FormatError) -> LsmError {
        let file = self.file(record.content_segment.get());
        LsmError::Inconsistent {
            path: file.map(|file| file.segment.path().to_path_buf()).unwrap_or_default(),
            reason: format!("text of concept {}: {error}", record.id),
        }
    }

    /// The newest sequence number, at most `upto`, at which the concept was deleted.
    pub(crate) fn vertex_tombstone(
        &self,
        hash: u64,
        id: &ConceptId,
        upto: u64,
    ) -> Result<Option<u64>> {
        if let Some(seq) = self.recent_vertex_tombstone(hash, id, upto) {
            return Ok(Some(seq));
        }
        if self.vertex_tombstones {
            for file in &self.segments {
                if let Some(seq) = file.segment.vertex_tombstone(hash, id)? {
                    return Ok(Some(seq));
                }
            }
        }
        Ok(None)
    }

    /// The same, as far as memtables know.
    pub(crate) fn recent_vertex_tombstone(
        &self,
        hash: u64,
        id: &ConceptId,
        upto: u64,
    ) -> Option<u64> {
        let memtables = self.memtables.iter().filter(|memtable| memtable.has_vertex_tombstones());
        memtables.filter_map(|memtable| memtable.vertex_tombstone(hash, id, upto)).next()
    }

    /// Whether any concept is known to be deleted: if not, no association can be hidden by one.
    pub(crate) fn has_vertex_tombstones(&self) -> bool {
        self.vertex_tombstones || self.memtables.iter().any(|m| m.has_vertex_tombstones())
    }
}
