//! [`RawSegment`]: a segment of which each page is believed by itself.
//!
//! A page is sound if its own sum holds, or that of the block which it is a part of. Both are 32
//! bits seeded with store, file and place, so nothing holds by accident. The header has to hold, or
//! to be made again: without it nobody knows where anything is.

use sutra_format::checksum::{crc32, page_seed};
use sutra_format::limits::PAGE_BYTES;
use sutra_format::{
    AssociationRecord, BlockExtent, ConceptRecord, SectionKind, SegmentHeader, VertexTombstone,
};
use sutra_fs::{Dir, File, Name};
use sutra_segment::Segment;
use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::header::{Known, rebuild};
use crate::files::MappedSegment;

/// A segment file, whatever state it is in.
pub(super) struct RawSegment<D: Dir> {
    bytes: <D::File as File>::Map,
    pub(super) header: SegmentHeader,
    /// Which pages are sound.
    sound: Vec<bool>,
    /// Deleted concepts; `None` if they are lost.
    pub(super) tombstones: Option<Vec<VertexTombstone>>,
    /// The same file with its directories, as far as they can be used.
    pub(super) segment: Option<MappedSegment<D>>,
    /// Whether all of it is as it was written.
    pub(super) is_intact: bool,
}

impl<D: Dir> RawSegment<D> {
    /// Reads a file; says why it cannot be used if so.
    pub(super) fn read(dir: &D, name: &Name, known: Option<Known<'_>>) -> Result<Self, String> {
        let map = || dir.open(name).and_then(File::map).map_err(|error| error.to_string());
        let bytes = map()?;
        let data = bytes.as_ref();
        let rebuilt = |reason| known.and_then(|known| rebuild(data, &known)).ok_or(reason);
        let header = header_of(data).or_else(rebuilt)?;
        let segment = Segment::open(map()?, dir.path(name)).ok();
        let whole = |segment: &MappedSegment<D>| segment.check_pages(0..segment.page_count());
        let is_intact = segment.as_ref().is_some_and(|segment| whole(segment).is_ok());
        let sound = sound_pages(data, &header);
        let mut raw = Self { bytes, header, sound, tombstones: None, segment, is_intact };
        raw.tombstones = raw.read_tombstones();
        Ok(raw)
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.bytes.as_ref().len() as u64
    }

    pub(super) fn concept_rows(&self) -> u64 {
        self.header.concepts.count.get()
    }

    pub(super) fn association_rows(&self) -> u64 {
        self.header.associations.count.get()
    }

    /// A concept record, if it can be believed.
    pub(super) fn concept(&self, row: u64) -> Option<ConceptRecord> {
        let record: ConceptRecord = self.row(&self.header.concepts, row)?;
        (record.check().is_ok() && self.accounts_for(record.seq.get())).then_some(record)
    }

    /// An association record, if it can be believed.
    pub(super) fn association(&self, row: u64) -> Option<AssociationRecord> {
        let record: AssociationRecord = self.row(&self.header.associations, row)?;
        (record.check().is_ok() && self.accounts_for(record.seq.get())).then_some(record)
    }

    /// A part of the content block.
    pub(super) fn text(&self, offset: u64, length: u64) -> Option<&[u8]> {
        self.part(&self.header.content, offset, length)
    }

    /// A vector of the vector block.
    pub(super) fn vector(&self, offset: u64, dimension: u32) -> Option<Vec<f32>> {
        let bytes = self.part(&self.header.vectors, offset, u64::from(dimension) * 4)?;
        let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let values: Vec<f32> = values.collect();
        values.iter().all(|value| value.is_finite()).then_some(values)
    }

    fn accounts_for(&self, seq: u64) -> bool {
        (self.header.min_seq.get()..=self.header.max_seq.get()).contains(&seq)
    }

    fn row<T: FromBytes + KnownLayout + Immutable>(
        &self,
        block: &BlockExtent,
        row: u64,
    ) -> Option<T> {
        let length = size_of::<T>() as u64;
        T::read_from_bytes(self.part(block, row.checked_mul(length)?, length)?).ok()
    }

    fn part(&self, block: &BlockExtent, offset: u64, length: u64) -> Option<&[u8]> {
        let end = offset.checked_add(length).filter(|end| *end <= block.length.get())?;
        self.sound_bytes(block.offset.get() + offset, block.offset.get() + end)
    }

    fn sound_bytes(&self, start: u64, end: u64) -> Option<&[u8]> {
        let pages = start / PAGE_BYTES..end.div_ceil(PAGE_BYTES);
        let is_sound = |page| usize::try_from(page).ok().and_then(|page| self.sound.get(page));
        let all = pages.into_iter().all(|page| is_sound(page).is_some_and(|sound| *sound));
        self.bytes.as_ref().get(start as usize..end as usize).filter(|_| all)
    }

    fn read_tombstones(&self) -> Option<Vec<VertexTombstone>> {
        let header = &self.header;
        let (start, length) =
            (header.section_table_offset.get(), header.section_table_length.get());
        let table = self.bytes.as_ref().get(start as usize..(start + length) as usize)?;
        let entries = header.sections(table).ok()?;
        let kind = SectionKind::VertexTombstones.code();
        let Some(entry) = entries.iter().find(|entry| entry.kind.get() == kind) else {
            return Some(Vec::new());
        };
        let (start, end) = (entry.offset.get(), entry.offset.get() + entry.length.get());
        let bytes = self.bytes.as_ref().get(start as usize..end as usize)?;
        if header.part_sum(start, bytes) != entry.crc.get()
            && self.sound_bytes(start, end).is_none()
        {
            return None;
        }
        Some(<[VertexTombstone]>::ref_from_bytes(bytes).ok()?.to_vec())
    }
}

/// The header of a file, which may have been cut.
fn header_of(bytes: &[u8]) -> Result<SegmentHeader, String> {
    let (header, _) = SegmentHeader::ref_from_prefix(bytes).map_err(|_| "cut to nothing")?;
    let (offset, length) = (header.section_table_offset.get(), header.section_table_length.get());
    let header = SegmentHeader::decode(bytes, offset.saturating_add(length));
    header.copied().map_err(|error| error.to_string())
}

fn sound_pages(bytes: &[u8], header: &SegmentHeader) -> Vec<bool> {
    let page_bytes = PAGE_BYTES as usize;
    let mut sound = vec![false; bytes.len() / page_bytes];
    // The sums of n pages take 4 n bytes behind them, and the table is at most 7 bytes further.
    let table = header.section_table_offset.get();
    let pages = table / (PAGE_BYTES + 4);
    let sums = (pages * PAGE_BYTES) as usize;
    let (seed, id) = (header.hash_seed.get(), header.segment_id.get());
    for (page, data) in bytes.chunks_exact(page_bytes).enumerate().take(pages as usize) {
        let slot = bytes.get(sums + page * 4..).and_then(<[u8]>::first_chunk);
        let computed = crc32(page_seed(seed, id, page as u64), data);
        sound[page] = slot.is_some_and(|slot| u32::from_le_bytes(*slot) == computed);
    }
    if let Some(first) = sound.first_mut() {
        *first = true; // The header was checked, and nothing else is read of its page.
    }
    let blocks = [
        (&header.concepts, header.concepts_crc),
        (&header.associations, header.associations_crc),
        (&header.vectors, header.vectors_crc),
        (&header.content, header.content_crc),
    ];
    for (block, crc) in blocks {
        let (start, end) = (block.offset.get(), block.offset.get() + block.length.get());
        let pages = start as usize / page_bytes..(end as usize).div_ceil(page_bytes);
        let Some(data) = bytes.get(start as usize..end as usize) else { continue };
        let is_doubted = sound.get(pages.clone()).is_none_or(|sound| sound.contains(&false));
        if is_doubted && header.part_sum(start, data) == crc.get() {
            sound.resize(sound.len().max(pages.end), false); // The last page may be cut.
            sound[pages].fill(true);
        }
    }
    sound
}
