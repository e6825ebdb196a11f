//! [`Sections`]: where everything in a segment is, proven before anything is read.

use sutra_format::limits::PAGE_BYTES;
use sutra_format::segment::SegmentFlags;
use sutra_format::{
    BlockExtent, FormatError, PayloadHome, SectionEntry, SectionKind, SegmentHeader, TagLine,
    VectorRun, VertexTombstone,
};
use zerocopy::FromBytes;

use crate::cursor::Identity;

/// A range of the file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Place {
    pub(crate) fn of(extent: &BlockExtent) -> Self {
        Self { offset: extent.offset.get(), length: extent.length.get() }
    }

    pub(crate) fn end(self) -> u64 {
        self.offset + self.length
    }
}

/// Tag lines over items, and where the rows of each item start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Directory {
    /// Offset of the first line.
    pub(crate) lines_offset: u64,
    /// How many lines.
    pub(crate) lines: u64,
    /// How many items.
    pub(crate) items: u64,
    /// Offset of the first start.
    pub(crate) starts_offset: u64,
    /// How many rows the items have together.
    pub(crate) rows: u64,
}

/// Every section that this version knows, by its place.
#[derive(Clone, Debug)]
pub(crate) struct Sections {
    pub(crate) entries: Vec<SectionEntry>,
    pub(crate) page_sums: Place,
    pub(crate) concepts: Directory,
    pub(crate) sources: Directory,
    pub(crate) targets: Directory,
    pub(crate) incoming: Place,
    pub(crate) vertex_tombstones: Place,
    pub(crate) runs: Place,
    pub(crate) homes: Place,
}

impl Sections {
    /// Reads and checks the section table of a file whose header has been checked.
    pub(crate) fn decode(header: &SegmentHeader, bytes: &[u8]) -> Result<Self, FormatError> {
        let table = Place {
            offset: header.section_table_offset.get(),
            length: header.section_table_length.get(),
        };
        let identity =
            Identity { hash_seed: header.hash_seed.get(), segment_id: header.segment_id.get() };
        let table_bytes = part(bytes, table)?;
        let stored = header.section_table_crc.get();
        check_sum(identity, table.offset, table_bytes, "section table", stored)?;
        let entries = <[SectionEntry]>::ref_from_bytes(table_bytes)
            .map_err(|_| invalid(table.offset, "section table has a wrong length"))?;
        check_entries(header, entries)?;
        let sums = entries.last().expect("the page sums were found to be last");
        let page_sums = place(sums);
        check_sum(
            identity,
            page_sums.offset,
            part(bytes, page_sums)?,
            "page sums",
            sums.crc.get(),
        )?;
        let gap = Place { offset: page_sums.end(), length: table.offset - page_sums.end() };
        check_zero(bytes, gap)?;
        let first = SegmentHeader::BYTES as u64;
        check_zero(bytes, Place { offset: first, length: PAGE_BYTES - first })?;
        Self::locate(header, entries, page_sums)
    }

    fn locate(
        header: &SegmentHeader,
        entries: &[SectionEntry],
        page_sums: Place,
    ) -> Result<Self, FormatError> {
        let find = |kind: SectionKind| {
            let entry = entries.iter().find(|entry| entry.kind.get() == kind.code());
            entry.map(place).unwrap_or_default()
        };
        let sized = |kind, row: usize| match find(kind) {
            place if place.length.is_multiple_of(row as u64) => Ok(place),
            place => Err(invalid(place.offset, "section has a part of a row")),
        };
        let mut sections = Self {
            entries: entries.to_vec(),
            page_sums,
            concepts: Directory::default(),
            sources: Directory::default(),
            targets: Directory::default(),
            incoming: Place::default(),
            vertex_tombstones: sized(SectionKind::VertexTombstones, size_of::<VertexTombstone>())?,
            runs: sized(SectionKind::VectorRuns, size_of::<VectorRun>())?,
            homes: sized(SectionKind::PayloadHomes, size_of::<PayloadHome>())?,
        };
        if header.flags.get() & SegmentFlags::SORTED != 0 {
            let concepts = header.concepts.count.get();
            let rows = header.associations.count.get();
            let lines = find(SectionKind::ConceptLines);
            sections.concepts = directory(lines, Place::default(), concepts, concepts)?;
            let ends = |lines, starts| {
                let starts = find(starts);
                let items = (starts.length / 4).saturating_sub(1);
                let bytes = if rows == 0 { 0 } else { (items + 1) * 4 };
                if starts.length != bytes || items > rows || (rows > 0 && items == 0) {
                    return Err(invalid(starts.offset, "starts do not match the associations"));
                }
                directory(find(lines), starts, items, rows)
            };
            sections.sources = ends(SectionKind::SourceLines, SectionKind::SourceStarts)?;
            sections.targets = ends(SectionKind::TargetLines, SectionKind::TargetStarts)?;
            sections.incoming = find(SectionKind::IncomingRows);
            if sections.incoming.length != rows * 4 {
                let offset = sections.incoming.offset;
                return Err(invalid(offset, "incoming rows do not match the associations"));
            }
        }
        Ok(sections)
    }
}

fn directory(lines: Place, starts: Place, items: u64, rows: u64) -> Result<Directory, FormatError> {
    let count = TagLine::lines(items);
    if lines.length != count * TagLine::BYTES as u64 {
        return Err(invalid(lines.offset, "tag lines do not match the rows"));
    }
    let (lines_offset, starts_offset) = (lines.offset, starts.offset);
    Ok(Directory { lines_offset, lines: count, items, starts_offset, rows })
}

/// Checks that sections follow one another between the blocks and the table, that each is known
/// or may be skipped, and that the last one holds a sum for each page before it.
fn check_entries(header: &SegmentHeader, entries: &[SectionEntry]) -> Result<(), FormatError> {
    let table = header.section_table_offset.get();
    let mut behind = Place::of(&header.content).end();
    for (index, entry) in entries.iter().enumerate() {
        let at = table + (index * SectionEntry::BYTES) as u64;
        let known = SectionKind::from_code(entry.kind.get());
        if known.is_none() && entry.flags.get() & SectionEntry::REQUIRED != 0 {
            return Err(FormatError::UnknownSection { kind: entry.kind.get() });
        }
        if entry.flags.get() & !SectionEntry::REQUIRED != 0 || entry.reserved.get() != 0 {
            return Err(invalid(at, "unknown flag of a section, or reserved bytes not zero"));
        }
        let (start, length) = (entry.offset.get(), entry.length.get());
        let end = start.checked_add(length).filter(|&end| end <= table);
        if !start.is_multiple_of(PAGE_BYTES) || start < behind || end.is_none() {
            return Err(invalid(at, "section lies outside of its place"));
        }
        if entries[..index].iter().any(|other| other.kind == entry.kind) {
            return Err(invalid(at, "section is there twice"));
        }
        behind = start + length;
    }
    let Some(last) = entries.last().filter(|e| e.kind.get() == SectionKind::PageSums.code()) else {
        return Err(invalid(table, "the last section is not that of the page sums"));
    };
    if last.length.get() != last.offset.get() / PAGE_BYTES * 4 || table - behind >= 8 {
        return Err(invalid(last.offset.get(), "page sums do not match the pages"));
    }
    Ok(())
}

fn place(entry: &SectionEntry) -> Place {
    Place { offset: entry.offset.get(), length: entry.length.get() }
}

fn part(bytes: &[u8], place: Place) -> Result<&[u8], FormatError> {
    let range = place.offset as usize..place.end() as usize;
    let short = FormatError::TooShort { length: bytes.len() as u64, needed: place.end() };
    bytes.get(range).ok_or(short)
}

fn check_sum(
    identity: Identity,
    offset: u64,
    bytes: &[u8],
    part: &'static str,
    stored: u32,
) -> Result<(), FormatError> {
    match identity.part_sum(offset, bytes) {
        computed if computed == stored => Ok(()),
        computed => Err(FormatError::Checksum { offset, part, stored, computed }),
    }
}

/// Checks that nothing hides where nothing should be.
pub(crate) fn check_zero(bytes: &[u8], place: Place) -> Result<(), FormatError> {
    match part(bytes, place)?.iter().position(|&byte| byte != 0) {
        Some(at) => Err(invalid(place.offset + at as u64, "padding is not zero")),
        None => Ok(()),
    }
}

pub(crate) const fn invalid(offset: u64, reason: &'static str) -> FormatError {
    FormatError::Invalid { offset, reason }
}
