//! The payload of records: texts, vectors, and where else some of it lies.

use sutra_format::limits::VECTOR_ALIGNMENT;
use sutra_format::{PayloadHome, VectorRun};

use crate::error::{Result, SegmentError};
use crate::reader::Segment;
use crate::sections::Place;

impl<D: AsRef<[u8]>> Segment<D> {
    /// `bytes` bytes of text entries from `offset` of the content block on.
    #[inline]
    pub fn text(&self, offset: u64, bytes: u64) -> Result<&[u8]> {
        match self.within(Place::of(&self.header.content), offset, bytes) {
            Some(place) => self.slice(place),
            None => Err(self.out_of_range("text", offset)),
        }
    }

    /// The vector at `offset` of the vector block. Dimension 0 says that only the block knows.
    #[inline]
    pub fn vector(&self, offset: u64, dimension: u32) -> Result<&[f32]> {
        let dimension = if dimension == 0 { self.dimension_at(offset)? } else { dimension };
        let block = Place::of(&self.header.vectors);
        let place = self.within(block, offset, u64::from(dimension) * 4);
        let Some(place) = place.filter(|_| offset.is_multiple_of(VECTOR_ALIGNMENT)) else {
            return Err(self.out_of_range("vector", offset));
        };
        bytemuck::try_cast_slice(self.slice(place)?).map_err(|_| self.misaligned())
    }

    /// Where the payload of the records of this segment lies.
    pub fn homes(&self) -> Result<&[PayloadHome]> {
        self.values(self.sections.homes)
    }

    /// How long the vectors of the vector block are.
    pub(crate) fn runs(&self) -> Result<&[VectorRun]> {
        self.values(self.sections.runs)
    }

    /// The dimension of the vector that starts at `offset` of the vector block.
    pub(crate) fn dimension_at(&self, offset: u64) -> Result<u32> {
        let runs = self.runs()?;
        let behind = runs.partition_point(|run| run.offset.get() <= offset);
        let starts_here = |run: &&VectorRun| {
            let into = offset - run.offset.get();
            let dimension = run.dimension.get();
            dimension != 0
                && into.is_multiple_of(run.stride())
                && into / run.stride() < u64::from(run.count.get())
        };
        let run = behind.checked_sub(1).map(|last| &runs[last]).filter(starts_here);
        run.map(|run| run.dimension.get()).ok_or_else(|| self.out_of_range("vector", offset))
    }

    #[inline]
    fn within(&self, block: Place, offset: u64, bytes: u64) -> Option<Place> {
        let end = offset.checked_add(bytes)?;
        (end <= block.length).then(|| Place { offset: block.offset + offset, length: bytes })
    }

    #[cold]
    fn misaligned(&self) -> SegmentError {
        SegmentError::Misaligned { path: self.path.clone() }
    }
}
