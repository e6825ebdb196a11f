//! Every byte of a segment, checked: what [`Segment::verify`] promises.
//!
//! First that nothing changed since it was written (pages, parts, zeros), then that what was
//! written makes sense: `payload` for vectors, texts and the references to them, `records` for
//! the rows, `order` for their order and the directories. Memory does not grow with the segment.

mod order;
mod payload;
mod records;

use sutra_format::limits::PAGE_BYTES;
use sutra_format::{FormatError, SegmentHeader};

use crate::error::Result;
use crate::reader::{Segment, decode};
use crate::sections::{Place, check_zero, invalid, part, place};

impl<D: AsRef<[u8]>> Segment<D> {
    /// Checks every byte: all sums, that what lies between the parts is zero, the order of rows,
    /// the directories against the rows, runs and text entries, and every reference to payload of
    /// this segment. That references to others resolve is for those to check who have them; how
    /// much they are is held against [`homes`](Self::homes).
    ///
    /// In a segment that is not sorted, references are not checked: records and payload were
    /// appended in any order, by one who may mean what is yet to come.
    ///
    /// `progress` learns how many bytes have been read since its last call: in the end as many as
    /// the file has.
    pub fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<()> {
        let bytes = self.bytes.as_ref();
        self.verify_parts(bytes, progress).map_err(|e| self.corrupt(e))?;
        self.verify_vectors()?;
        self.verify_texts()?;
        self.verify_concepts()?;
        self.verify_associations()?;
        if self.is_sorted() {
            self.verify_concept_order()?;
            self.verify_association_order()?;
            self.verify_incoming_order()?;
            self.verify_vertex_tombstones()?;
            self.verify_references()?;
            self.verify_words()?;
            self.verify_vector_index()?;
            self.verify_history()?;
        }
        Ok(())
    }

    /// Checks everything that can be checked without knowing what it means.
    fn verify_parts(
        &self,
        bytes: &[u8],
        progress: &mut dyn FnMut(u64),
    ) -> std::result::Result<(), FormatError> {
        let (header, sections, _) = decode(bytes)?; // Again: it may have changed since.
        if header != self.header {
            return Err(invalid(0, "header is another than when the file was opened"));
        }
        let sums = sections.page_sums;
        if part(bytes, Place { offset: sums.offset, length: 4 })? != [0; 4] {
            return Err(invalid(sums.offset, "the header's page has a sum"));
        }
        progress(PAGE_BYTES);
        for page in 1..sums.offset / PAGE_BYTES {
            self.pages.check_page(bytes, page)?;
            progress(PAGE_BYTES);
        }
        let table = header.section_table_offset.get();
        let table = Place { offset: table, length: header.section_table_length.get() };
        let blocks = blocks(&header);
        let sections = header.sections(part(bytes, table)?)?.iter();
        let sections = sections.map(|entry| (place(entry), entry.crc.get(), "section"));
        let mut behind = PAGE_BYTES;
        for (place, stored, name) in blocks.into_iter().chain(sections) {
            check_zero(bytes, behind, place.offset)?;
            let computed = header.part_sum(place.offset, part(bytes, place)?);
            if computed != stored {
                let offset = place.offset;
                return Err(FormatError::Checksum { offset, part: name, stored, computed });
            }
            behind = place.end();
        }
        progress(bytes.len() as u64 - sums.offset);
        Ok(())
    }
}

fn blocks(header: &SegmentHeader) -> [(Place, u32, &'static str); 4] {
    [
        (Place::of(&header.concepts), header.concepts_crc.get(), "concept block"),
        (Place::of(&header.associations), header.associations_crc.get(), "association block"),
        (Place::of(&header.vectors), header.vectors_crc.get(), "vector block"),
        (Place::of(&header.content), header.content_crc.get(), "content block"),
    ]
}
