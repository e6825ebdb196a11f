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
use crate::files::{FileRole, Role, SegmentFile, role_of, segment_name};
use crate::flush::metadata;

/// Pages that are checked and then written at once: 256 KiB.
const PIECE_PAGES: u64 = 64;

/// Copies segments into a directory, under the name of a store.
pub(crate) struct Copier<'a, D: Dir> {
    dir: &'a D,
    store_id: [u8; 16],
    earlier: Option<&'a Manifest>,
    /// Where the files are and may be linked from, instead of being copied.
    linked_from: Option<&'a D>,
    /// The last file that was copied for no backup: its making may have ended with a sync of the
    /// directory that failed, and one that works now says nothing of that. Those before it were
    /// durable before the next one was begun.
    in_doubt: Option<u32>,
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
    ) -> Result<Self> {
        let is_named = |id: &u32| earlier.is_some_and(|earlier| earlier.segment(*id).is_some());
        let segments = dir.list()?.into_iter().filter_map(|name| match role_of(&name) {
            FileRole::Segment(id) => Some(id),
            _ => None,
        });
        let in_doubt = segments.filter(|id| !is_named(id)).max();
        let report = BackupReport::default();
        Ok(Self { dir, store_id, earlier, linked_from: None, in_doubt, progress, report })
    }

    /// Links files of the store in `from`, whose segments are to be copied, where that can be done.
    pub(super) fn link_from(&mut self, from: &'a D) {
        self.linked_from = Some(from);
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
        let meta = SegmentMetadata {
            payload_only: file.role == Role::Payload,
            history: file.role == Role::History,
            ..metadata(&summary, file.level)
        };
        let named = self.earlier.and_then(|earlier| earlier.segment(meta.segment_id));
        if !self.is_in_doubt(meta.segment_id) && self.has(&name, &summary)? {
            self.report.files_kept += 1;
            self.report.bytes_kept += file_length;
            (self.progress)(file_length);
            return Ok(meta);
        }
        if named.is_some_and(|named| named.header_crc != meta.header_crc) {
            let reason = "another file of this name belongs to the earlier backup; \
                          back up into an empty directory";
            return Err(unfit(self.dir, &name, reason));
        }
        let is_linked = self.link(segment, &name)?;
        if !is_linked {
            self.write(segment, &name, &header)?;
        }
        if !self.has(&name, &summary)? {
            let (path, reason) = (self.dir.path(&name), "the copy differs from what was written");
            return Err(LsmError::Inconsistent { path, reason: reason.to_owned() });
        }
        if is_linked {
            self.report.files_linked += 1;
            self.report.bytes_linked += file_length;
        } else {
            self.report.files_copied += 1;
            self.report.bytes_copied += file_length;
        }
        Ok(meta)
    }

    fn is_in_doubt(&self, segment_id: u32) -> bool {
        self.in_doubt == Some(segment_id)
    }

    /// Links a file, if that is wanted and can be done, and checks every page of it.
    fn link<B: AsRef<[u8]>>(&mut self, segment: &Segment<B>, name: &Name) -> Result<bool> {
        let Some(from) = self.linked_from else { return Ok(false) };
        segment.check_pages(0..segment.page_count())?;
        if self.is_in_doubt(segment.id()) {
            self.dir.remove(name)?; // A rename to another name of the same file does nothing.
        }
        // Whatever is in the way of a link need not be in that of a copy.
        let Ok(staged) = Staged::link(self.dir, from, name) else { return Ok(false) };
        self.publish(staged, name)?;
        (self.progress)(segment.file_length());
        Ok(true)
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

    /// Publishes a copy and reads it again.
    fn publish(&self, staged: Staged<D::File>, name: &Name) -> Result<()> {
        let copy = Segment::open(staged.publish(self.dir)?.map()?, self.dir.path(name))?;
        Ok(copy.check_pages(0..copy.page_count())?)
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
        self.publish(staged, name)
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
