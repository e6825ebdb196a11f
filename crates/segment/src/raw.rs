//! The file as bytes, for those who copy it or check it a part at a time.

use std::ops::Range;

use sutra_format::limits::PAGE_BYTES;

use crate::error::Result;
use crate::reader::{Segment, decode};
use crate::sections::invalid;

impl<D: AsRef<[u8]>> Segment<D> {
    /// The whole file. Nothing of it is checked by this call: see
    /// [`check_pages`](Self::check_pages).
    pub fn file_bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// How many pages can be checked one by one: all but those of the page sums and of the section
    /// table, which are behind them.
    pub fn page_count(&self) -> u64 {
        self.sections.page_sums.offset / PAGE_BYTES
    }

    /// Checks pages against their sums, whether or not they have been checked before. With page 0
    /// go all parts that are checked when a segment is opened: header, section table, page sums.
    pub fn check_pages(&self, pages: Range<u64>) -> Result<()> {
        let bytes = self.bytes.as_ref();
        if pages.start == 0 {
            let (header, ..) = decode(bytes).map_err(|error| self.corrupt(error))?;
            if header != self.header {
                let reason = "header is another than when the file was opened";
                return Err(self.corrupt(invalid(0, reason)));
            }
        }
        for page in pages.start.max(1)..pages.end.min(self.page_count()) {
            self.pages.check_page(bytes, page).map_err(|error| self.corrupt(error))?;
        }
        Ok(())
    }
}
