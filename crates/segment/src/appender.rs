//! [`SegmentAppender`]: records and payload in any order, for those who want the file alone.
//!
//! What is appended is held in memory; each [`sync`](SegmentAppender::sync) writes the whole file
//! anew under a staged name and puts it in the place of the one before, so that there is a whole
//! segment under the name at every moment, and readers of the old one are not disturbed.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sutra_format::hash::mix;
use sutra_format::limits::{CONTENT_BYTES_MAX, ROWS_MAX, VECTOR_ALIGNMENT};
use sutra_format::segment::vector_stride;
use sutra_format::{AssociationRecord, ConceptRecord, SectionKind, SegmentHeader, VectorRun};
use sutra_fs::{Dir, Name, OsDir, STAGED_SUFFIX, Staged};
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use crate::assembly::{Assembly, Blocks};
use crate::cursor::{Cursor, Identity, Part};
use crate::error::{Result, SegmentError};
use crate::stats::SegmentStats;
use crate::writer::{check_vector, extend_runs};

/// The most bytes that an appender holds. A larger table is the work of a
/// [`SegmentWriter`](crate::SegmentWriter), or of the engine.
pub const APPENDER_BYTES_MAX: u64 = 1 << 30;

/// A segment that is being appended to.
///
/// Nothing is durable before [`sync`](Self::sync) or [`close`](Self::close); dropped without
/// either, it leaves the file as it was last synced.
#[derive(Debug)]
pub struct SegmentAppender<D: Dir = OsDir> {
    dir: D,
    name: Name,
    header: SegmentHeader,
    file_length: u64,
    changed: bool,
    concepts: Vec<ConceptRecord>,
    associations: Vec<AssociationRecord>,
    vectors: Vec<f32>,
    runs: Vec<VectorRun>,
    content: Vec<u8>,
    texts: u64,
}

impl<D: Dir> SegmentAppender<D> {
    /// Makes an empty segment in a directory. Fails if the name is taken.
    pub fn create_in(dir: D, name: Name, segment_id: u32) -> Result<Self> {
        if name.as_str().len() + STAGED_SUFFIX.len() > Name::BYTES_MAX {
            return Err(SegmentError::BadName { path: dir.path(&name) });
        }
        drop(dir.create(&name)?); // Takes the name; replaced at once by a segment.
        let created_at = now_ms();
        let mut header = SegmentHeader::new_zeroed();
        header.segment_id = U32::new(segment_id);
        header.created_at = U64::new(created_at);
        // Nothing is placed here; another seed for each file makes its sums its own.
        header.hash_seed = U64::new(mix(created_at ^ u64::from(segment_id) << 48));
        let mut appender = Self {
            dir,
            name,
            header,
            file_length: 0,
            changed: true,
            concepts: Vec::new(),
            associations: Vec::new(),
            vectors: Vec::new(),
            runs: Vec::new(),
            content: Vec::new(),
            texts: 0,
        };
        match appender.sync() {
            Ok(()) => Ok(appender),
            Err(error) => {
                let _ = appender.dir.remove(&appender.name); // The first error is the one that tells.
                Err(error)
            }
        }
    }

    /// Appends a concept, and says at which offset of the concept block. Its references to payload
    /// are to this file, where it is appended before or later; they are not checked.
    pub fn append_concept(&mut self, mut record: ConceptRecord) -> Result<u64> {
        record.check().map_err(SegmentError::BadRecord)?;
        self.make_room(ConceptRecord::BYTES as u64, self.concepts.len() as u64)?;
        record.content_segment = U32::ZERO; // A file alone refers to itself by zero.
        record.vector_segment = U32::ZERO;
        self.concepts.push(record);
        Ok(((self.concepts.len() - 1) * ConceptRecord::BYTES) as u64)
    }

    /// Appends an association, and says at which offset of the association block.
    pub fn append_association(&mut self, record: AssociationRecord) -> Result<u64> {
        record.check().map_err(SegmentError::BadRecord)?;
        self.make_room(AssociationRecord::BYTES as u64, self.associations.len() as u64)?;
        self.associations.push(record);
        Ok(((self.associations.len() - 1) * AssociationRecord::BYTES) as u64)
    }

    /// Appends a text, and says at which offset of the content block its entry is and how many
    /// bytes it has.
    pub fn append_content(&mut self, text: &str) -> Result<(u64, u32)> {
        let size = text.len() as u64;
        if text.len() > CONTENT_BYTES_MAX {
            let limit = CONTENT_BYTES_MAX as u64;
            return Err(SegmentError::TooLarge { what: "bytes of content", size, limit });
        }
        self.make_room(4 + size, 0)?;
        let (offset, length) = (self.content.len() as u64, text.len() as u32);
        self.content.extend_from_slice(&length.to_le_bytes());
        self.content.extend_from_slice(text.as_bytes());
        self.texts += 1;
        Ok((offset, length))
    }

    /// Appends a vector, and says at which offset of the vector block and how many values it has.
    pub fn append_vector(&mut self, values: &[f32]) -> Result<(u64, u32)> {
        let dimension = check_vector(values)?;
        self.make_room(vector_stride(dimension), 0)?;
        let offset = size_of_val(self.vectors.as_slice()) as u64;
        extend_runs(&mut self.runs, offset, dimension);
        self.vectors.extend_from_slice(values);
        let padded = self.vectors.len().next_multiple_of(VECTOR_ALIGNMENT as usize / 4);
        self.vectors.resize(padded, 0.0);
        Ok((offset, dimension))
    }

    /// Makes durable all that was appended.
    pub fn sync(&mut self) -> Result<()> {
        if self.changed {
            let staged = Staged::create(&self.dir, &self.name)?;
            let summary = match self.write(staged.file()) {
                Ok(summary) => summary,
                Err(error) => {
                    let _ = staged.discard(&self.dir); // The first error is the one that tells.
                    return Err(error);
                }
            };
            staged.publish(&self.dir)?;
            self.header = summary.header;
            self.file_length = summary.file_length;
            self.changed = false;
        }
        Ok(())
    }

    /// Makes durable all that was appended, and ends.
    pub fn close(mut self) -> Result<()> {
        self.sync()
    }

    /// The concept at an offset of the concept block.
    pub fn read_concept(&self, offset: u64) -> Result<&ConceptRecord> {
        record_at(&self.concepts, offset).ok_or_else(|| self.out_of_range("concept", offset))
    }

    /// The association at an offset of the association block.
    pub fn read_association(&self, offset: u64) -> Result<&AssociationRecord> {
        let record = record_at(&self.associations, offset);
        record.ok_or_else(|| self.out_of_range("association", offset))
    }

    /// The text whose entry is at an offset of the content block.
    pub fn read_content(&self, offset: u64) -> Result<&str> {
        let entry = usize::try_from(offset).ok().and_then(|offset| self.content.get(offset..));
        let split = entry.and_then(|entry| entry.split_first_chunk());
        let text = split.and_then(|(length, text)| {
            str::from_utf8(text.get(..u32::from_le_bytes(*length) as usize)?).ok()
        });
        text.ok_or_else(|| self.out_of_range("text", offset))
    }

    /// The vector at an offset of the vector block.
    pub fn read_vector(&self, offset: u64) -> Result<&[f32]> {
        let runs = &self.runs[..self.runs.partition_point(|run| run.offset.get() <= offset)];
        let run = runs.last().filter(|run| {
            let into = offset - run.offset.get();
            into.is_multiple_of(run.stride()) && into / run.stride() < run.count.get().into()
        });
        let start = offset as usize / 4;
        run.and_then(|run| self.vectors.get(start..start + run.dimension.get() as usize))
            .ok_or_else(|| self.out_of_range("vector", offset))
    }

    /// All concepts, in the order in which they were appended.
    pub fn iter_concepts(&self) -> impl Iterator<Item = &ConceptRecord> {
        self.concepts.iter()
    }

    /// All associations, in the order in which they were appended.
    pub fn iter_associations(&self) -> impl Iterator<Item = &AssociationRecord> {
        self.associations.iter()
    }

    /// What it holds, synced or not; `file_size` is that of the file as it was last synced.
    pub fn stats(&self) -> SegmentStats {
        SegmentStats {
            concept_count: self.concepts.len() as u64,
            association_count: self.associations.len() as u64,
            vector_count: vectors_in(&self.runs),
            content_length: self.content.len() as u64,
            ..SegmentStats::new(&self.header, self.file_length)
        }
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.dir.path(&self.name)
    }

    fn write(&self, file: &D::File) -> Result<crate::SegmentSummary> {
        let mut header = self.header;
        let seqs = || {
            let concepts = self.concepts.iter().map(|record| record.seq);
            concepts.chain(self.associations.iter().map(|record| record.seq)).map(U64::get)
        };
        header.min_seq = U64::new(seqs().min().unwrap_or_default());
        header.max_seq = U64::new(seqs().max().unwrap_or_default());
        let tombstones = self.concepts.iter().filter(|record| record.is_tombstone()).count();
        header.concept_tombstones = U64::new(tombstones as u64);
        let tombstones = self.associations.iter().filter(|record| record.is_tombstone()).count();
        header.association_tombstones = U64::new(tombstones as u64);
        let hash_seed = header.hash_seed.get();
        let identity = Identity { hash_seed, segment_id: header.segment_id.get() };
        let mut next = sutra_format::limits::PAGE_BYTES;
        let mut block = |bytes: &[u8]| -> Result<Part> {
            let mut cursor = Cursor::new(file, identity, next);
            cursor.write(bytes)?;
            let part = cursor.finish()?;
            next = part.next_page();
            Ok(part)
        };
        let blocks = Blocks {
            concepts: (block(self.concepts.as_bytes())?, self.concepts.len() as u64),
            associations: (block(self.associations.as_bytes())?, self.associations.len() as u64),
            vectors: (block(bytemuck::cast_slice(&self.vectors))?, vectors_in(&self.runs)),
            content: (block(&self.content)?, self.texts),
        };
        let mut assembly = Assembly::new(file, identity, header, &blocks);
        assembly.write(SectionKind::VectorRuns, self.runs.as_bytes())?;
        assembly.finish()
    }

    /// Checks that `bytes` more fit, and a row behind `rows` others.
    fn make_room(&mut self, bytes: u64, rows: u64) -> Result<()> {
        if rows >= ROWS_MAX {
            let what = "rows of a segment";
            return Err(SegmentError::TooLarge { what, size: rows + 1, limit: ROWS_MAX });
        }
        let held = size_of_val(self.concepts.as_slice())
            + size_of_val(self.associations.as_slice())
            + size_of_val(self.vectors.as_slice())
            + self.content.len();
        let size = held as u64 + bytes;
        if size > APPENDER_BYTES_MAX {
            let what = "bytes of a segment that is appended to";
            return Err(SegmentError::TooLarge { what, size, limit: APPENDER_BYTES_MAX });
        }
        self.changed = true;
        Ok(())
    }

    fn out_of_range(&self, what: &'static str, offset: u64) -> SegmentError {
        SegmentError::OutOfRange { path: self.path(), what, offset }
    }
}

/// The directory of a path, and the name in it.
pub(crate) fn split_path(path: &Path) -> Result<(&Path, Name)> {
    let bad = || SegmentError::BadName { path: path.to_path_buf() };
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(bad)?;
    let name = Name::new(name).map_err(|_| bad())?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    Ok((dir.unwrap_or(Path::new(".")), name))
}

fn record_at<T>(records: &[T], offset: u64) -> Option<&T> {
    let bytes = size_of::<T>() as u64;
    let row = usize::try_from(offset / bytes).ok()?;
    records.get(row).filter(|_| offset.is_multiple_of(bytes))
}

fn vectors_in(runs: &[VectorRun]) -> u64 {
    runs.iter().map(|run| u64::from(run.count.get())).sum()
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use sutra_testkit::SimDir;

    use super::*;

    #[test]
    fn more_than_memory_should_hold_is_refused_before_it_is_taken() {
        let name = Name::new("data.seg").unwrap();
        let mut appender = SegmentAppender::create_in(SimDir::new(), name, 1).unwrap();
        appender.make_room(APPENDER_BYTES_MAX, 0).unwrap();
        let error = appender.make_room(APPENDER_BYTES_MAX + 1, 0).unwrap_err();
        assert!(matches!(error, SegmentError::TooLarge { limit: APPENDER_BYTES_MAX, .. }));
        appender.append_content("1234").unwrap();
        appender.make_room(APPENDER_BYTES_MAX - 8, 0).unwrap();
        appender.make_room(APPENDER_BYTES_MAX - 7, 0).unwrap_err();
        let error = appender.make_room(64, ROWS_MAX).unwrap_err();
        assert!(matches!(error, SegmentError::TooLarge { limit: ROWS_MAX, .. }));
    }
}
