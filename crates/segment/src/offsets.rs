//! Reading by offset: what an append returned, in any segment, sorted or not.

use std::path::Path;

use sutra_format::{AssociationRecord, ConceptRecord};
use sutra_fs::{Dir, File, Mapped, OsDir};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::appender::{SegmentAppender, split_path};
use crate::error::Result;
use crate::reader::Segment;
use crate::sections::{Place, invalid};

impl Segment<Mapped> {
    /// Makes a new segment, to be appended to. Fails if the file exists.
    pub fn create(path: impl AsRef<Path>, segment_id: u32) -> Result<SegmentAppender> {
        let (dir, name) = split_path(path.as_ref())?;
        SegmentAppender::create_in(OsDir::open(dir)?, name, segment_id)
    }

    /// Maps a segment file.
    pub fn open_read(path: impl AsRef<Path>) -> Result<Self> {
        let (dir, name) = split_path(path.as_ref())?;
        let map = OsDir::open(dir)?.open(&name)?.map()?;
        Self::open(map, path.as_ref())
    }
}

impl<D: AsRef<[u8]>> Segment<D> {
    /// The concept at an offset of the concept block.
    pub fn read_concept(&self, offset: u64) -> Result<&ConceptRecord> {
        self.record_at(Place::of(&self.header.concepts), offset, "concept")
    }

    /// The association at an offset of the association block.
    pub fn read_association(&self, offset: u64) -> Result<&AssociationRecord> {
        self.record_at(Place::of(&self.header.associations), offset, "association")
    }

    /// The text whose entry is at an offset of the content block.
    pub fn read_content(&self, offset: u64) -> Result<&str> {
        let length = self.text(offset, 4)?.first_chunk().copied().map_or(0, u32::from_le_bytes);
        let text = self.text(offset.saturating_add(4), length.into())?;
        let at = Place::of(&self.header.content).offset + offset;
        str::from_utf8(text).map_err(|_| self.corrupt(invalid(at, "text is not UTF-8")))
    }

    /// The vector at an offset of the vector block.
    pub fn read_vector(&self, offset: u64) -> Result<&[f32]> {
        self.vector(offset, 0)
    }

    /// All concepts, in the order of the file.
    pub fn iter_concepts(&self) -> Result<impl Iterator<Item = &ConceptRecord>> {
        Ok(self.values(Place::of(&self.header.concepts))?.iter())
    }

    /// All associations, in the order of the file.
    pub fn iter_associations(&self) -> Result<impl Iterator<Item = &AssociationRecord>> {
        Ok(self.values(Place::of(&self.header.associations))?.iter())
    }

    /// A block is a whole number of records, so one that starts within it ends within it.
    fn record_at<T>(&self, block: Place, offset: u64, what: &'static str) -> Result<&T>
    where
        T: FromBytes + KnownLayout + Immutable + Unaligned,
    {
        if offset < block.length && offset.is_multiple_of(size_of::<T>() as u64) {
            self.value(block.offset + offset)
        } else {
            Err(self.out_of_range(what, offset))
        }
    }
}
