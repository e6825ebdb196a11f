//! Names of the files of a store, and how long a segment file lives.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use sutra_fs::{Dir, File, Name};
use sutra_index::vectors::Centroids;
use sutra_manifest::SegmentMetadata;
use sutra_segment::Segment;
use zerocopy::little_endian::U64;

use crate::error::{LsmError, Result};
use crate::vectors::SpaceKey;

/// A mapped segment of a directory.
pub(crate) type MappedSegment<D> = Segment<<<D as Dir>::File as File>::Map>;

/// The lock file: whoever holds it is the writer.
pub(crate) fn lock_name() -> Name {
    Name::new("lock").expect("a plain name")
}

pub(crate) fn segment_name(id: u32) -> Name {
    Name::new(format!("seg_{id:08}.dat")).expect("a plain name")
}

pub(crate) fn journal_name(id: u32) -> Name {
    Name::new(format!("journal_{id:08}.log")).expect("a plain name")
}

/// What a file of a store is, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileRole {
    Segment(u32),
    Journal(u32),
    Manifest,
    Lock,
    Staged,
    Foreign,
}

pub(crate) fn role_of(name: &Name) -> FileRole {
    let text = name.as_str();
    let number = |prefix: &str, suffix: &str| -> Option<u32> {
        text.strip_prefix(prefix)?.strip_suffix(suffix)?.parse().ok()
    };
    if let Some(id) = number("seg_", ".dat").filter(|id| segment_name(*id) == *name) {
        FileRole::Segment(id)
    } else if let Some(id) = number("journal_", ".log").filter(|id| journal_name(*id) == *name) {
        FileRole::Journal(id)
    } else if text == sutra_manifest::Manifest::NAME
        || text == sutra_manifest::Manifest::PREVIOUS_NAME
    {
        FileRole::Manifest
    } else if *name == lock_name() {
        FileRole::Lock
    } else if is_staged(text) {
        FileRole::Staged
    } else {
        FileRole::Foreign
    }
}

/// Whether it is the staged form of a file that this engine writes; others are not ours to remove.
fn is_staged(text: &str) -> bool {
    let Some(stem) = text.strip_suffix(sutra_fs::STAGED_SUFFIX) else { return false };
    Name::new(stem).is_ok_and(|name| !matches!(role_of(&name), FileRole::Foreign | FileRole::Lock))
}

/// What a segment is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// For what is.
    Current,
    /// For what was.
    History,
    /// Its records have been merged away; others still refer to its text and vectors.
    Payload,
}

impl Role {
    fn of(meta: &SegmentMetadata) -> Self {
        match (meta.payload_only, meta.history) {
            (true, _) => Self::Payload,
            (false, true) => Self::History,
            (false, false) => Self::Current,
        }
    }
}

/// A segment of a version, in the role that it has there. Cloning is cheap.
pub(crate) struct SegmentFile<D: Dir> {
    pub(crate) segment: Arc<OpenSegment<D>>,
    pub(crate) level: u32,
    pub(crate) role: Role,
}

/// A mapped file. Once it is obsolete it is removed when the last version that has it drops.
pub(crate) struct OpenSegment<D: Dir> {
    segment: MappedSegment<D>,
    dir: Arc<D>,
    name: Name,
    obsolete: AtomicBool,
    /// Centroids of the vector index, read when they are first needed.
    pub(crate) centroids: OnceLock<Vec<(SpaceKey, Arc<Centroids>)>>,
}

impl<D: Dir> Clone for SegmentFile<D> {
    fn clone(&self) -> Self {
        let Self { segment, level, role } = self;
        Self { segment: segment.clone(), level: *level, role: *role }
    }
}

impl<D: Dir> Deref for OpenSegment<D> {
    type Target = MappedSegment<D>;

    #[inline]
    fn deref(&self) -> &MappedSegment<D> {
        &self.segment
    }
}

impl<D: Dir> Drop for OpenSegment<D> {
    fn drop(&mut self) {
        if *self.obsolete.get_mut() {
            // What cannot be removed now is an orphan, which the next writer removes at open.
            let _ = self.dir.remove(&self.name);
        }
    }
}

impl<D: Dir> SegmentFile<D> {
    /// Opens and maps the file that the manifest names, and checks that it is that file.
    pub(crate) fn open(dir: &Arc<D>, meta: &SegmentMetadata, store_id: [u8; 16]) -> Result<Self> {
        let name = segment_name(meta.segment_id);
        let path = dir.path(&name);
        if meta.path.as_os_str() != name.as_str() {
            let reason =
                format!("segment {} has the path {}", meta.segment_id, meta.path.display());
            return Err(LsmError::Inconsistent { path, reason });
        }
        let file = dir.open(&name)?;
        let length = file.length()?;
        if length != meta.file_size {
            return Err(inconsistent(
                path,
                format!("{length} bytes long; the manifest says {}", meta.file_size),
            ));
        }
        let segment = Segment::open(file.map()?, path.clone())?;
        let header = segment.header();
        if header.header_crc.get() != meta.header_crc
            || header.segment_id.get() != meta.segment_id
            || header.store_id != store_id
        {
            return Err(inconsistent(path, "not the file that the manifest names".into()));
        }
        let stated =
            [meta.concept_count, meta.association_count, meta.min_seq, meta.max_seq].map(U64::new);
        let (concepts, associations) = (header.concepts.count, header.associations.count);
        if stated != [concepts, associations, header.min_seq, header.max_seq] {
            let reason = "other rows or sequence numbers than the manifest says";
            return Err(inconsistent(path, reason.into()));
        }
        let segment = OpenSegment {
            segment,
            dir: dir.clone(),
            name,
            obsolete: AtomicBool::new(false),
            centroids: OnceLock::new(),
        };
        let role = Role::of(meta);
        if role != Role::Payload && segment.is_history() != (role == Role::History) {
            let reason = "it is history, or is not, and the manifest says otherwise";
            return Err(inconsistent(segment.path().to_path_buf(), reason.into()));
        }
        Ok(Self { segment: Arc::new(segment), level: meta.level, role })
    }

    /// How many concept rows it has.
    pub(crate) fn concept_rows(&self) -> u32 {
        row_count(self.segment.header().concepts.count.get())
    }

    /// How many association rows it has.
    pub(crate) fn association_rows(&self) -> u32 {
        row_count(self.segment.header().associations.count.get())
    }

    /// Says that no later version will have the file.
    pub(crate) fn make_obsolete(&self) {
        self.segment.obsolete.store(true, Ordering::Release);
    }
}

fn row_count(count: u64) -> u32 {
    u32::try_from(count).expect("a header is checked against ROWS_MAX")
}

fn inconsistent(path: PathBuf, reason: String) -> LsmError {
    LsmError::Inconsistent { path, reason }
}
