//! Makes sums right again, as far as the bytes have the shape of what they are.
//!
//! Nothing else is changed: what is wrong besides the sums stays wrong.

use sutra_format::checksum::{PLAIN_SEED, crc32, page_seed};
use sutra_format::journal::{FRAMES_START, FrameHeader, JournalHeader};
use sutra_format::limits::PAGE_BYTES;
use sutra_format::{BlockExtent, SectionEntry, SectionKind, SegmentHeader};
use sutra_fs::Name;
use sutra_manifest::Manifest;
use sutra_testkit::Image;
use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, IntoBytes};

/// Changes the bytes of a file.
pub(super) fn change(image: &mut Image, name: &Name, by: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = image.read(name).unwrap_or_default();
    by(&mut bytes);
    image.put(name, &bytes);
}

/// Makes the sums of blocks, sections, pages, section table and header right.
pub(super) fn segment(bytes: &mut [u8]) -> Option<()> {
    let mut header = *SegmentHeader::ref_from_prefix(bytes).ok()?.0;
    let part = |extent: &BlockExtent| {
        let (offset, length) = (extent.offset.get(), extent.length.get());
        range(bytes, offset, length).map(|part| U32::new(header.part_sum(offset, part)))
    };
    let sums = [&header.concepts, &header.associations, &header.vectors, &header.content].map(part);
    let [concepts, associations, vectors, content] = sums;
    header.concepts_crc = concepts.unwrap_or(header.concepts_crc);
    header.associations_crc = associations.unwrap_or(header.associations_crc);
    header.vectors_crc = vectors.unwrap_or(header.vectors_crc);
    header.content_crc = content.unwrap_or(header.content_crc);
    sections(bytes, &header);
    let offset = header.section_table_offset.get();
    if let Some(table) = range(bytes, offset, header.section_table_length.get()) {
        header.section_table_crc = U32::new(header.part_sum(offset, table));
    }
    header.header_crc = U32::new(header.sum());
    bytes.get_mut(..SegmentHeader::BYTES)?.copy_from_slice(header.as_bytes());
    Some(())
}

/// Makes the sums in the section table right, and those of the pages first of all.
fn sections(bytes: &mut [u8], header: &SegmentHeader) -> Option<()> {
    let start = usize::try_from(header.section_table_offset.get()).ok()?;
    let length = usize::try_from(header.section_table_length.get()).ok()?;
    let end = start.checked_add(length)?.min(bytes.len());
    let mut at = start;
    while let Some(next) = at.checked_add(SectionEntry::BYTES).filter(|next| *next <= end) {
        let mut entry = SectionEntry::read_from_bytes(&bytes[at..next]).ok()?;
        if entry.kind.get() == SectionKind::PageSums.code() {
            pages(bytes, header, entry.offset.get());
        }
        if let Some(part) = range(bytes, entry.offset.get(), entry.length.get()) {
            entry.crc = U32::new(header.part_sum(entry.offset.get(), part));
        }
        bytes[at..next].copy_from_slice(entry.as_bytes());
        at = next;
    }
    Some(())
}

/// Makes the sums of all pages before `sums` right, which is where they are.
fn pages(bytes: &mut [u8], header: &SegmentHeader, sums: u64) -> Option<()> {
    let (seed, id) = (header.hash_seed.get(), header.segment_id.get());
    for page in 1..sums / PAGE_BYTES {
        let sum = crc32(
            page_seed(seed, id, page),
            range(bytes, page.checked_mul(PAGE_BYTES)?, PAGE_BYTES)?,
        );
        let slot = usize::try_from(sums.checked_add(page.checked_mul(4)?)?).ok()?;
        bytes.get_mut(slot..slot.checked_add(4)?)?.copy_from_slice(&sum.to_le_bytes());
    }
    Some(())
}

fn range(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// Makes the sums of a journal's header and of every frame that follows another one right.
pub(super) fn journal(bytes: &mut [u8]) -> Option<()> {
    let (mut header, _) = JournalHeader::read_from_prefix(bytes).ok()?;
    header.header_crc = U32::new(header.sum());
    bytes.get_mut(..JournalHeader::BYTES)?.copy_from_slice(header.as_bytes());
    let (seed, id) = (header.hash_seed.get(), header.journal_id.get());
    let mut at = usize::try_from(FRAMES_START).ok()?;
    let mut previous = header.header_crc;
    loop {
        let (mut frame, body) = FrameHeader::read_from_prefix(bytes.get(at..)?).ok()?;
        if frame.as_bytes() == [0; FrameHeader::BYTES] {
            return None; // Zeros behind the end are no frame.
        }
        frame.magic = U32::new(FrameHeader::MAGIC);
        frame.body_crc = U32::new(crc32(PLAIN_SEED, body.get(..frame.body_bytes()?)?));
        frame.previous_crc = previous;
        frame.header_crc = U32::new(frame.sum(seed, id, at as u64));
        previous = frame.header_crc;
        bytes.get_mut(at..at + FrameHeader::BYTES)?.copy_from_slice(frame.as_bytes());
        at += usize::try_from(frame.frame_bytes()?).ok()?;
    }
}

/// Makes the last line of a manifest right, if there is one.
pub(super) fn manifest(bytes: &mut Vec<u8>) {
    const LINE: &[u8] = b"  \"checksum\":";
    if let Some(at) = bytes.windows(LINE.len()).rposition(|part| part == LINE) {
        bytes.truncate(at);
        close_manifest(bytes);
    }
}

/// Appends the last line of a manifest.
pub(super) fn close_manifest(bytes: &mut Vec<u8>) {
    let sum = crc32(PLAIN_SEED, bytes);
    bytes.extend_from_slice(format!("  \"checksum\": \"{sum:08x}\"\n}}\n").as_bytes());
}

/// Which files of a store are to be made right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repairs {
    pub(super) segments: bool,
    pub(super) journals: bool,
    pub(super) manifests: bool,
    /// The manifest is also to say of each segment how long it is, and the sum of its header.
    pub(super) names: bool,
}

/// Makes the sums in a directory right.
pub(super) fn store(image: &mut Image, repairs: Repairs) {
    let names: Vec<Name> = image.names().cloned().collect();
    for name in &names {
        change(image, name, |bytes| {
            let text = name.as_str();
            if text.starts_with("seg_") && repairs.segments {
                segment(bytes);
            } else if text.starts_with("journal_") && repairs.journals {
                journal(bytes);
            } else if text.starts_with("manifest.") && repairs.manifests {
                manifest(bytes);
            }
        });
    }
    if repairs.names {
        rename(image);
    }
}

/// Writes into the manifest what the segments are now, if it can be read.
fn rename(image: &mut Image) -> Option<()> {
    let name = Manifest::name();
    let mut manifest = Manifest::from_bytes(&image.read(&name)?).ok()?;
    let ids: Vec<u32> = manifest.segments().iter().map(|segment| segment.segment_id).collect();
    for id in ids {
        let file = Name::new(format!("seg_{id:08}.dat")).ok()?;
        let Some(bytes) = image.read(&file) else { continue };
        let Ok((header, _)) = SegmentHeader::ref_from_prefix(&bytes) else { continue };
        manifest.update_segment(id, |segment| {
            segment.file_size = bytes.len() as u64;
            segment.header_crc = header.header_crc.get();
        });
    }
    image.put(&name, &manifest.to_bytes().ok()?);
    Some(())
}
