//! The index of the vectors: for each space its rows and codes, and centroids that segments share.

use sutra_format::{ConceptRecord, VectorIndexEntry};
use sutra_index::vectors::{CentroidsBlob, Section, VectorError};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use crate::error::{Result, SegmentError};
use crate::reader::Segment;
use crate::sections::{Place, invalid};

/// Parts start on multiples of this many bytes.
const ALIGNMENT: u64 = 64;
/// Bytes of the number of entries.
const COUNT_BYTES: u64 = 8;

/// One part of the index that a segment gets.
#[derive(Clone, Debug)]
pub struct VectorIndexPart {
    /// The space of the vectors.
    pub space: u16,
    /// Values of each vector.
    pub dimension: u32,
    /// Zero for rows and codes of this segment, else the epoch of the centroids.
    pub epoch: u64,
    /// What [`sutra_index::vectors`] gave.
    pub bytes: Vec<u8>,
}

/// The section of these parts; empty without any.
pub(crate) fn assemble(parts: &[VectorIndexPart]) -> Vec<u8> {
    if parts.is_empty() {
        return Vec::new();
    }
    let key = |part: &VectorIndexPart| (part.space, part.dimension, part.epoch);
    assert!(parts.is_sorted_by(|a, b| key(a) < key(b)), "parts of the vector index rise strictly");
    let mut section = (parts.len() as u64).to_le_bytes().to_vec();
    let mut next = COUNT_BYTES + (parts.len() * VectorIndexEntry::BYTES) as u64;
    for part in parts {
        let (offset, length) = (next.next_multiple_of(ALIGNMENT), part.bytes.len() as u64);
        let entry = VectorIndexEntry {
            space: U16::new(part.space),
            reserved: U16::ZERO,
            dimension: U32::new(part.dimension),
            epoch: U64::new(part.epoch),
            offset: U64::new(offset),
            length: U64::new(length),
        };
        section.extend_from_slice(entry.as_bytes());
        next = offset + length;
    }
    for part in parts {
        section.resize(section.len().next_multiple_of(ALIGNMENT as usize), 0);
        section.extend_from_slice(&part.bytes);
    }
    section
}

impl<D: AsRef<[u8]>> Segment<D> {
    /// What parts the index of the vectors has; none if the segment was written without it.
    pub fn vector_index(&self) -> Result<&[VectorIndexEntry]> {
        let place = self.sections.vector_index;
        if place.length == 0 {
            return Ok(&[]);
        }
        let bad = |at: u64, reason| self.corrupt(invalid(place.offset + at, reason));
        if place.length < COUNT_BYTES {
            return Err(bad(0, "vector index is too short for a number"));
        }
        let count = self.slice(Place { offset: place.offset, length: COUNT_BYTES })?;
        let count = U64::read_from_bytes(count).map_or(0, U64::get);
        let length = count.checked_mul(VectorIndexEntry::BYTES as u64);
        let length = length.filter(|length| *length <= place.length - COUNT_BYTES);
        let length = length.ok_or_else(|| bad(0, "vector index has not as many entries"))?;
        let entries: &[VectorIndexEntry] =
            self.values(Place { offset: place.offset + COUNT_BYTES, length })?;
        let mut behind = COUNT_BYTES + length;
        let mut last = None;
        for (at, entry) in (COUNT_BYTES..).step_by(VectorIndexEntry::BYTES).zip(entries) {
            let key = Some((entry.space.get(), entry.dimension.get(), entry.epoch.get()));
            let (offset, length) = (entry.offset.get(), entry.length.get());
            let end = offset.checked_add(length).filter(|end| *end <= place.length);
            let fits = offset >= behind && offset.is_multiple_of(ALIGNMENT);
            let Some(end) = end.filter(|_| fits && last < key && entry.reserved == U16::ZERO)
            else {
                return Err(bad(at, "entry of the vector index makes no sense"));
            };
            (behind, last) = (end, key);
        }
        Ok(entries)
    }

    /// The bytes of a part of the vector index.
    pub fn vector_index_part(&self, entry: &VectorIndexEntry) -> Result<&[u8]> {
        let offset = self.sections.vector_index.offset.saturating_add(entry.offset.get());
        self.slice(Place { offset, length: entry.length.get() })
    }

    /// The rows and codes of the vectors of a space; `None` if there are none.
    pub fn vectors_of(&self, space: u16, dimension: u32) -> Result<Option<Section<'_>>> {
        let wanted = (space, dimension, 0);
        let key = |e: &VectorIndexEntry| (e.space.get(), e.dimension.get(), e.epoch.get());
        let entries = self.vector_index()?;
        let Some(entry) = entries.iter().find(|entry| key(entry) == wanted) else {
            return Ok(None);
        };
        let section = Section::open(self.vector_index_part(entry)?);
        let section = section.map_err(|source| self.vectors_error(source))?;
        let rows = self.header.concepts.count.get();
        if section.space().dimension() != dimension || u64::from(section.row_limit()) != rows {
            let at = self.sections.vector_index.offset + entry.offset.get();
            return Err(self.corrupt(invalid(at, "vectors are not those of the concepts")));
        }
        Ok(Some(section))
    }

    /// The bytes of the centroids that an entry with an epoch speaks of, checked.
    pub fn centroids_blob(&self, entry: &VectorIndexEntry) -> Result<CentroidsBlob<'_>> {
        let blob = CentroidsBlob::open(self.vector_index_part(entry)?);
        let blob = blob.map_err(|source| self.vectors_error(source))?;
        if (blob.space().dimension(), blob.epoch()) != (entry.dimension.get(), entry.epoch.get()) {
            let at = self.sections.vector_index.offset + entry.offset.get();
            return Err(self.corrupt(invalid(at, "centroids are not those of their entry")));
        }
        Ok(blob)
    }

    /// Checks that all of the index can be read.
    pub(crate) fn verify_vector_index(&self) -> Result<()> {
        for entry in self.vector_index()? {
            if entry.epoch.get() > 0 {
                self.centroids_blob(entry)?;
            } else if let Some(section) =
                self.vectors_of(entry.space.get(), entry.dimension.get())?
            {
                section.verify().map_err(|source| self.vectors_error(source))?;
                self.verify_rows(entry, &section)?;
            }
        }
        Ok(())
    }

    /// Whether the rows of a section have vectors of its space and dimension.
    fn verify_rows(&self, entry: &VectorIndexEntry, section: &Section<'_>) -> Result<()> {
        for row in section.rows() {
            let record = self.concept(row)?;
            let has_vector = record.vector_offset.get() != ConceptRecord::ABSENT;
            let (space, dimension) = (record.vector_space, record.vector_dimension);
            if !has_vector || (space, dimension) != (entry.space, entry.dimension) {
                let at = self.sections.vector_index.offset + entry.offset.get();
                return Err(self.corrupt(invalid(at, "a row has no such vector")));
            }
        }
        Ok(())
    }

    fn vectors_error(&self, source: VectorError) -> SegmentError {
        SegmentError::Vectors { path: self.path.clone(), source }
    }
}
