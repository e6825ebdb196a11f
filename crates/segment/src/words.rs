//! The words of the concepts, where the segment has them.

use sutra_index::words;

use crate::error::{Result, SegmentError};
use crate::reader::Segment;
use crate::sections::invalid;

impl<D: AsRef<[u8]>> Segment<D> {
    /// The words of the concepts' contents; `None` if the segment was written without them. The
    /// first call checks the pages of the section; later ones read its header only.
    pub fn words(&self) -> Result<Option<words::Section<'_>>> {
        let place = self.sections.words;
        if place.length == 0 {
            return Ok(None);
        }
        let section = words::Section::open(self.slice(place)?)
            .map_err(|source| SegmentError::Words { path: self.path.clone(), source })?;
        if u64::from(section.rows()) != self.header.concepts.count.get() {
            return Err(self.corrupt(invalid(place.offset, "words are not those of the concepts")));
        }
        Ok(Some(section))
    }

    /// Checks that all of the words can be read.
    pub(crate) fn verify_words(&self) -> Result<()> {
        let checked = self.words()?.map_or(Ok(()), |section| section.check());
        checked.map_err(|source| SegmentError::Words { path: self.path.clone(), source })
    }
}
