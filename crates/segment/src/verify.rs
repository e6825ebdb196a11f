//! Every byte of a segment, checked.

use sutra_format::limits::PAGE_BYTES;

use crate::error::Result;
use crate::reader::Segment;

impl<D: AsRef<[u8]>> Segment<D> {
    /// Checks every page; `progress` learns of the bytes that were read since its last call.
    pub fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<()> {
        let bytes = self.bytes.as_ref();
        for page in 1..self.sections.page_sums.offset / PAGE_BYTES {
            self.pages.check_page(bytes, page).map_err(|e| self.corrupt(e))?;
            progress(PAGE_BYTES);
        }
        Ok(())
    }
}
