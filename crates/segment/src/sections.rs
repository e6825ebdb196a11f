//! [`Sections`]: where everything in a segment is, proven before anything is read.

use sutra_format::limits::PAGE_BYTES;
use sutra_format::segment::SegmentFlags;
use sutra_format::{
    AssociationRecord, BlockExtent, ConceptRecord, FormatError, Moment, PayloadHome, SectionEntry,
    SectionKind, SegmentHeader, TagLine, VectorRun, VertexTombstone,
};

use crate::cursor::ZEROS;

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

impl Directory {
    /// Whether items have starts: every one but that of concepts, whose items are the rows.
    pub(crate) fn has_starts(&self) -> bool {
        self.starts_offset != 0
    }
}

/// Older versions of rows, their sequence numbers, and where those of each row start. No starts: no
/// row has any.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Versions {
    pub(crate) rows: Place,
    pub(crate) seqs: Place,
    pub(crate) starts: Place,
}

/// Every section that this version knows, by its place.
#[derive(Clone, Debug)]
pub(crate) struct Sections {
    pub(crate) page_sums: Place,
    pub(crate) concepts: Directory,
    pub(crate) sources: Directory,
    pub(crate) targets: Directory,
    pub(crate) incoming: Place,
    pub(crate) vertex_tombstones: Place,
    pub(crate) runs: Place,
    pub(crate) homes: Place,
    pub(crate) words: Place,
    pub(crate) vector_index: Place,
    pub(crate) concept_versions: Versions,
    pub(crate) association_versions: Versions,
    pub(crate) timeline: Place,
}

impl Sections {
    /// Reads and checks the section table of a file whose header has been checked, the page sums,
    /// and the zeros that are under no sum.
    pub(crate) fn decode(header: &SegmentHeader, bytes: &[u8]) -> Result<Self, FormatError> {
        let table = Place {
            offset: header.section_table_offset.get(),
            length: header.section_table_length.get(),
        };
        let entries = header.sections(part(bytes, table)?)?;
        let sums = check_page_sums(entries, table)?;
        let page_sums = place(sums);
        let (stored, offset) = (sums.crc.get(), page_sums.offset);
        let computed = header.part_sum(offset, part(bytes, page_sums)?);
        if stored != computed {
            return Err(FormatError::Checksum { offset, part: "page sums", stored, computed });
        }
        check_zero(bytes, page_sums.end(), table.offset)?;
        check_zero(bytes, SegmentHeader::BYTES as u64, PAGE_BYTES)?;
        Self::locate(header, entries, page_sums)
    }

    fn locate(
        header: &SegmentHeader,
        entries: &[SectionEntry],
        page_sums: Place,
    ) -> Result<Self, FormatError> {
        let sections = Self {
            page_sums,
            concepts: Directory::default(),
            sources: Directory::default(),
            targets: Directory::default(),
            incoming: Place::default(),
            vertex_tombstones: Place::default(),
            runs: rows(entries, SectionKind::VectorRuns, VectorRun::BYTES)?,
            homes: Place::default(),
            words: Place::default(),
            vector_index: Place::default(),
            concept_versions: Versions::default(),
            association_versions: Versions::default(),
            timeline: Place::default(),
        };
        if header.flags.get() & SegmentFlags::SORTED != 0 {
            return sections.locate_sorted(header, entries);
        }
        let allowed = [SectionKind::PageSums.code(), SectionKind::VectorRuns.code()];
        let known = |entry: &&SectionEntry| SectionKind::from_code(entry.kind.get()).is_some();
        match entries.iter().filter(known).find(|entry| !allowed.contains(&entry.kind.get())) {
            Some(entry) => {
                Err(invalid(entry.offset.get(), "section of sorted rows, and they are not"))
            }
            None => Ok(sections),
        }
    }

    /// Adds what only a sorted segment has.
    fn locate_sorted(
        self,
        header: &SegmentHeader,
        entries: &[SectionEntry],
    ) -> Result<Self, FormatError> {
        let concepts = header.concepts.count.get();
        let associations = header.associations.count.get();
        let ends = |lines, starts| {
            let starts = rows(entries, starts, 4)?;
            let items = (starts.length / 4).saturating_sub(1);
            // No associations: no starts at all, so no items. Some: at least one item.
            if items > associations || (items == 0) != (associations == 0) {
                return Err(invalid(starts.offset, "starts do not match the associations"));
            }
            directory(find(entries, lines), starts, items, associations)
        };
        let incoming = find(entries, SectionKind::IncomingRows);
        if incoming.length != associations * 4 {
            return Err(invalid(incoming.offset, "incoming rows do not match the associations"));
        }
        let lines = find(entries, SectionKind::ConceptLines);
        if header.flags.get() & SegmentFlags::HISTORY == 0
            && let Some(kind) = HISTORY.into_iter().find(|kind| find(entries, *kind).length > 0)
        {
            let at = find(entries, kind).offset;
            return Err(invalid(at, "section of a history segment, and it is none"));
        }
        let versions = |[rows_kind, seqs, starts]: [SectionKind; 3], bytes, count| {
            let (seqs, starts) = (find(entries, seqs), find(entries, starts));
            let rows = rows(entries, rows_kind, bytes)?;
            versions(Versions { rows, seqs, starts }, bytes as u64, count)
        };
        Ok(Self {
            concepts: directory(lines, Place::default(), concepts, concepts)?,
            sources: ends(SectionKind::SourceLines, SectionKind::SourceStarts)?,
            targets: ends(SectionKind::TargetLines, SectionKind::TargetStarts)?,
            incoming,
            vertex_tombstones: rows(
                entries,
                SectionKind::VertexTombstones,
                VertexTombstone::BYTES,
            )?,
            homes: rows(entries, SectionKind::PayloadHomes, PayloadHome::BYTES)?,
            words: find(entries, SectionKind::Words),
            vector_index: find(entries, SectionKind::VectorIndex),
            concept_versions: versions(CONCEPT_VERSIONS, ConceptRecord::BYTES, concepts)?,
            association_versions: versions(
                ASSOCIATION_VERSIONS,
                AssociationRecord::BYTES,
                associations,
            )?,
            timeline: rows(entries, SectionKind::Timeline, Moment::BYTES)?,
            ..self
        })
    }
}

/// What only a history segment has.
const HISTORY: [SectionKind; 7] = [
    SectionKind::ConceptVersions,
    SectionKind::ConceptVersionSeqs,
    SectionKind::ConceptVersionStarts,
    SectionKind::AssociationVersions,
    SectionKind::AssociationVersionSeqs,
    SectionKind::AssociationVersionStarts,
    SectionKind::Timeline,
];

/// The sections of older versions: rows, sequence numbers, starts.
const CONCEPT_VERSIONS: [SectionKind; 3] = [
    SectionKind::ConceptVersions,
    SectionKind::ConceptVersionSeqs,
    SectionKind::ConceptVersionStarts,
];

const ASSOCIATION_VERSIONS: [SectionKind; 3] = [
    SectionKind::AssociationVersions,
    SectionKind::AssociationVersionSeqs,
    SectionKind::AssociationVersionStarts,
];

/// Versions have a sequence number each, and a start for each of `count` rows and one more, or there
/// are none.
fn versions(versions: Versions, bytes: u64, count: u64) -> Result<Versions, FormatError> {
    let Versions { rows, seqs, starts } = versions;
    if seqs.length != rows.length / bytes * 8 {
        return Err(invalid(seqs.offset, "numbers of versions do not match the versions"));
    }
    if starts.length != if rows.length == 0 { 0 } else { (count + 1) * 4 } {
        return Err(invalid(starts.offset, "starts of versions do not match the rows"));
    }
    Ok(versions)
}

/// Where the section of a kind is. Absent and empty are the same.
fn find(entries: &[SectionEntry], kind: SectionKind) -> Place {
    let entry = entries.iter().find(|entry| entry.kind.get() == kind.code());
    entry.map(place).unwrap_or_default()
}

/// The same of a section whose rows have `bytes` bytes each.
fn rows(entries: &[SectionEntry], kind: SectionKind, bytes: usize) -> Result<Place, FormatError> {
    let place = find(entries, kind);
    if place.length.is_multiple_of(bytes as u64) {
        Ok(place)
    } else {
        Err(invalid(place.offset, "section is not a whole number of rows"))
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

/// The section of the page sums: the last one, with a sum for each page before it.
fn check_page_sums(entries: &[SectionEntry], table: Place) -> Result<&SectionEntry, FormatError> {
    let Some(sums) = entries.last().filter(|e| e.kind.get() == SectionKind::PageSums.code()) else {
        return Err(invalid(table.offset, "the last section is not that of the page sums"));
    };
    let place = place(sums);
    if place.length != place.offset / PAGE_BYTES * 4 || table.offset - place.end() >= 8 {
        return Err(invalid(place.offset, "page sums do not match the pages"));
    }
    Ok(sums)
}

pub(crate) fn place(entry: &SectionEntry) -> Place {
    Place { offset: entry.offset.get(), length: entry.length.get() }
}

pub(crate) fn part(bytes: &[u8], place: Place) -> Result<&[u8], FormatError> {
    let range = place.offset as usize..place.end() as usize;
    let short = FormatError::TooShort { length: bytes.len() as u64, needed: place.end() };
    bytes.get(range).ok_or(short)
}

/// Checks that nothing hides where nothing should be.
pub(crate) fn check_zero(bytes: &[u8], start: u64, end: u64) -> Result<(), FormatError> {
    let gap = Place { offset: start, length: end.saturating_sub(start) };
    // In pieces that are compared at once: a gap may be long.
    for (piece, at) in part(bytes, gap)?.chunks(ZEROS.len()).zip((start..).step_by(ZEROS.len())) {
        if piece != &ZEROS[..piece.len()] {
            let inside = piece.iter().position(|&byte| byte != 0).unwrap_or_default();
            return Err(invalid(at + inside as u64, "padding is not zero"));
        }
    }
    Ok(())
}

pub(crate) const fn invalid(offset: u64, reason: &'static str) -> FormatError {
    FormatError::Invalid { offset, reason }
}
