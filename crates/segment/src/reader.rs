//! [`Segment`]: a segment that is read where it lies.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use sutra_format::segment::SegmentFlags;
use sutra_format::{AssociationRecord, ConceptRecord, FormatError, SegmentHeader};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::cursor::Identity;
use crate::error::{Result, SegmentError};
use crate::pages::Pages;
use crate::sections::{Place, Sections};
use crate::stats::SegmentStats;

/// A segment over any bytes. Opening one reads the header, the section table and the page sums;
/// everything else is checked when it is first touched.
pub struct Segment<D> {
    pub(crate) bytes: D,
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) sections: Sections,
    pub(crate) pages: Pages,
}

impl<D: AsRef<[u8]>> Segment<D> {
    /// Opens the segment that `bytes` are. The path is for messages.
    pub fn open(bytes: D, path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        match decode(bytes.as_ref()) {
            Ok((header, sections, pages)) => Ok(Self { bytes, path, header, sections, pages }),
            Err(source) => Err(SegmentError::Corrupt { path, source }),
        }
    }

    /// The header.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Which segment.
    pub fn id(&self) -> u32 {
        self.header.segment_id.get()
    }

    /// The path that it was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file.
    pub fn file_length(&self) -> u64 {
        self.bytes.as_ref().len() as u64
    }

    /// What it holds.
    pub fn stats(&self) -> SegmentStats {
        SegmentStats::new(&self.header, self.file_length())
    }

    /// Whether records are sorted, so that they can be looked up.
    #[inline]
    pub fn is_sorted(&self) -> bool {
        self.header.flags.get() & SegmentFlags::SORTED != 0
    }

    /// The concept in this row.
    #[inline]
    pub fn concept(&self, row: u32) -> Result<&ConceptRecord> {
        self.row(Place::of(&self.header.concepts), row, "concept row")
    }

    /// The association in this row.
    #[inline]
    pub fn association(&self, row: u32) -> Result<&AssociationRecord> {
        self.row(Place::of(&self.header.associations), row, "association row")
    }

    /// The concepts in these rows.
    pub fn concepts(&self, rows: Range<u32>) -> Result<&[ConceptRecord]> {
        self.rows(Place::of(&self.header.concepts), rows, "concept row")
    }

    /// The associations in these rows.
    #[inline]
    pub fn associations(&self, rows: Range<u32>) -> Result<&[AssociationRecord]> {
        self.rows(Place::of(&self.header.associations), rows, "association row")
    }

    #[inline]
    fn row<T>(&self, block: Place, row: u32, what: &'static str) -> Result<&T>
    where
        T: FromBytes + KnownLayout + Immutable + Unaligned,
    {
        let start = u64::from(row) * size_of::<T>() as u64;
        if start >= block.length {
            return Err(self.out_of_range(what, row.into()));
        }
        self.value(block.offset + start)
    }

    #[inline]
    fn rows<T>(&self, block: Place, rows: Range<u32>, what: &'static str) -> Result<&[T]>
    where
        T: FromBytes + KnownLayout + Immutable + Unaligned,
    {
        let bytes = size_of::<T>() as u64;
        let (start, end) = (u64::from(rows.start) * bytes, u64::from(rows.end) * bytes);
        if start > end || end > block.length {
            return Err(self.out_of_range(what, rows.end.into()));
        }
        self.values(Place { offset: block.offset + start, length: end - start })
    }

    /// The value at an offset of the file, its page checked.
    #[inline]
    pub(crate) fn value<T>(&self, offset: u64) -> Result<&T>
    where
        T: FromBytes + KnownLayout + Immutable + Unaligned,
    {
        let end = offset + size_of::<T>() as u64;
        if self.pages.are_checked(offset, end)
            && let Some(bytes) = self.bytes.as_ref().get(offset as usize..end as usize)
            && let Ok(value) = T::ref_from_bytes(bytes)
        {
            return Ok(value);
        }
        self.first_value(offset)
    }

    /// The same, when it may be the first value of its page.
    #[cold]
    #[inline(never)]
    fn first_value<T>(&self, offset: u64) -> Result<&T>
    where
        T: FromBytes + KnownLayout + Immutable + Unaligned,
    {
        let bytes = self.first_slice(Place { offset, length: size_of::<T>() as u64 })?;
        T::ref_from_bytes(bytes).map_err(|_| self.too_short(offset))
    }

    /// The values in a range of the file, their pages checked.
    #[inline]
    pub(crate) fn values<T>(&self, place: Place) -> Result<&[T]>
    where
        T: FromBytes + KnownLayout + Immutable + Unaligned,
    {
        let bytes = self.slice(place)?;
        <[T]>::ref_from_bytes(bytes).map_err(|_| self.too_short(place.offset))
    }

    /// A range of the file, its pages checked.
    #[inline]
    pub(crate) fn slice(&self, place: Place) -> Result<&[u8]> {
        if place.length == 0 {
            return Ok(&[]);
        }
        if self.pages.are_checked(place.offset, place.end())
            && let Some(bytes) =
                self.bytes.as_ref().get(place.offset as usize..place.end() as usize)
        {
            return Ok(bytes);
        }
        self.first_slice(place)
    }

    /// The same, when it may be the first that is read of its pages.
    #[cold]
    #[inline(never)]
    fn first_slice(&self, place: Place) -> Result<&[u8]> {
        let bytes = self.bytes.as_ref();
        self.pages.check(bytes, place.offset, place.end()).map_err(|e| self.corrupt(e))?;
        let range = place.offset as usize..place.end() as usize;
        bytes.get(range).ok_or_else(|| self.too_short(place.end()))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn corrupt(&self, source: FormatError) -> SegmentError {
        SegmentError::Corrupt { path: self.path.clone(), source }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn out_of_range(&self, what: &'static str, offset: u64) -> SegmentError {
        SegmentError::OutOfRange { path: self.path.clone(), what, offset }
    }

    #[cold]
    #[inline(never)]
    fn too_short(&self, needed: u64) -> SegmentError {
        self.corrupt(FormatError::TooShort { length: self.file_length(), needed })
    }

    #[inline]
    pub(crate) fn require_sorted(&self) -> Result<()> {
        if self.is_sorted() { Ok(()) } else { Err(self.unsorted()) }
    }

    #[cold]
    #[inline(never)]
    fn unsorted(&self) -> SegmentError {
        SegmentError::Unsorted { path: self.path.clone() }
    }
}

impl<D> fmt::Debug for Segment<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("path", &self.path)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

pub(crate) fn decode(
    bytes: &[u8],
) -> std::result::Result<(SegmentHeader, Sections, Pages), FormatError> {
    let header = *SegmentHeader::decode(bytes, bytes.len() as u64)?;
    let sections = Sections::decode(&header, bytes)?;
    let identity =
        Identity { hash_seed: header.hash_seed.get(), segment_id: header.segment_id.get() };
    let pages = Pages::new(identity, sections.page_sums);
    Ok((header, sections, pages))
}
