//! [`Copier`]: segment files, checked on the way.

use sutra_format::SegmentHeader;
use sutra_format::limits::PAGE_BYTES;
use sutra_fs::{Dir, ErrorKind, File, Name, Staged};
use sutra_manifest::{Manifest, SegmentMetadata};
use sutra_segment::{Segment, SegmentSummary};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use super::{BackupReport, unfit};
use crate::error::{LsmError, Result};
use crate::files::{SegmentFile, segment_name};
use crate::flush::metadata;

/// Pages that are checked and then written at once: 256 KiB.
const PIECE_PAGES: u64 = 64;

/// Copies segments into a directory, under the name of a store.
pub(crate) struct Copier<'a, D: Dir> {
    dir: &'a D,
    store_id: [u8; 16],
    earlier: Option<&'a Manifest>,
    progress: &'a mut dyn FnMut(u64),
    report: BackupReport,
}

impl<'a, D: Dir> Copier<'a, D> {
    /// Into `dir`, which has this earlier backup. The copies belong to the store `store_id`.
    pub(crate) fn new(
        dir: &'a D,
        store_id: [u8; 16],
        earlier: Option<&'a Manifest>,
        progress: &'a mut dyn FnMut(u64),
    ) -> Self {
        Self { dir, store_id, earlier, progress, report: BackupReport::default() }
    }

    pub(super) fn dir(&self) -> &'a D {
        self.dir
    }

    pub(super) fn store_id(&self) -> [u8; 16] {
        self.store_id
    }

    pub(super) fn report(&self) -> BackupReport {
        self.report
    }

    /// Takes note of a segment that was written and is no copy.
    pub(super) fn wrote(&mut self, bytes: u64) {
        self.report.files_copied += 1;
        self.report.bytes_copied += bytes;
    }

    /// Sees to it that the directory has this file, and says what a manifest has to say of it.
    pub(crate) fn copy(&mut self, file: &SegmentFile<D>) -> Result<SegmentMetadata> {
        let segment = &**file.segment;
        let name = segment_name(segment.id());
        let header = self.header_of(segment.header());
        let file_length = segment.file_length();
        let summary = SegmentSummary { header, file_length };
        let meta =
            SegmentMetadata { payload_only: file.payload_only, ..metadata(&summary, file.level) };
        if self.has(&name, &summary)? {
            self.report.files_kept += 1;
            self.report.bytes_kept += file_length;
            (self.progress)(file_length);
            return Ok(meta);
        }
        let named = self.earlier.and_then(|earlier| earlier.segment(meta.segment_id));
        if named.is_some_and(|named| named.header_crc != meta.header_crc) {
            let reason = "another file of this name belongs to the earlier backup; \
                          back up into an empty directory";
            return Err(unfit(self.dir, &name, reason));
        }
        self.write(segment, &name, &header)?;
        if !self.has(&name, &summary)? {
            let (path, reason) = (self.dir.path(&name), "the copy differs from what was written");
            return Err(LsmError::Inconsistent { path, reason: reason.to_owned() });
        }
        self.report.files_copied += 1;
        self.report.bytes_copied += file_length;
        Ok(meta)
    }

    /// The header that the copy has.
    fn header_of(&self, header: &SegmentHeader) -> SegmentHeader {
        let mut header = SegmentHeader { store_id: self.store_id, ..*header };
        header.header_crc = U32::new(header.sum());
        header
    }

    /// Whether the directory has this file: the header has the sum of the section table, that one
    /// the sum of the page sums, and those the sums of all pages.
    fn has(&self, name: &Name, summary: &SegmentSummary) -> Result<bool> {
        let file = match self.dir.open(name) {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        if file.length()? != summary.file_length {
            return Ok(false);
        }
        let segment = Segment::open(file.map()?, self.dir.path(name));
        Ok(segment.is_ok_and(|segment| *segment.header() == summary.header))
    }

    fn write<B: AsRef<[u8]>>(
        &mut self,
        segment: &Segment<B>,
        name: &Name,
        header: &SegmentHeader,
    ) -> Result<()> {
        let staged = Staged::create(self.dir, name)?;
        let written = self.fill(segment, staged.file(), header);
        if let Err(error) = written {
            let _ = staged.discard(self.dir); // The first error is the one that tells.
            return Err(error);
        }
        let copy = Segment::open(staged.publish(self.dir)?.map()?, self.dir.path(name))?;
        Ok(copy.check_pages(0..copy.page_count())?)
    }

    fn fill<B: AsRef<[u8]>>(
        &mut self,
        segment: &Segment<B>,
        file: &D::File,
        header: &SegmentHeader,
    ) -> Result<()> {
        let (bytes, pages) = (segment.file_bytes(), segment.page_count());
        let mut written = 0;
        while written < bytes.len() {
            let page = written as u64 / PAGE_BYTES;
            segment.check_pages(page..page + PIECE_PAGES)?;
            // What lies behind the last page was checked with the first one.
            let end = if page + PIECE_PAGES >= pages {
                bytes.len()
            } else {
                written + (PIECE_PAGES * PAGE_BYTES) as usize
            };
            let mut start = written;
            if start == 0 {
                file.write_at(0, header.as_bytes())?;
                start = SegmentHeader::BYTES;
            }
            file.write_at(start as u64, &bytes[start..end])?;
            (self.progress)((end - written) as u64);
            written = end;
        }
        Ok(file.seal()?)
    }
}
