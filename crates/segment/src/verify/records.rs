//! The values of records, whatever their order.

use sutra_format::{AssociationRecord, ConceptRecord, FormatError};

use crate::error::Result;
use crate::reader::Segment;
use crate::sections::invalid;

impl<D: AsRef<[u8]>> Segment<D> {
    /// Checks every field of every concept.
    pub(super) fn verify_concepts(&self) -> Result<()> {
        let start = self.header.concepts.offset.get();
        let mut tombstones = 0;
        for (row, record) in (0_u64..).zip(self.iter_concepts()?) {
            let at = start + row * ConceptRecord::BYTES as u64;
            self.verify_record(at, record.check(), record.seq.get())?;
            tombstones += u64::from(record.is_tombstone());
        }
        self.verify_tombstones(start, tombstones, self.header.concept_tombstones.get())
    }

    /// Checks every field of every association.
    pub(super) fn verify_associations(&self) -> Result<()> {
        let start = self.header.associations.offset.get();
        let mut tombstones = 0;
        for (row, record) in (0_u64..).zip(self.iter_associations()?) {
            let at = start + row * AssociationRecord::BYTES as u64;
            self.verify_record(at, record.check(), record.seq.get())?;
            tombstones += u64::from(record.is_tombstone());
        }
        self.verify_tombstones(start, tombstones, self.header.association_tombstones.get())
    }

    /// Checks what is known of the fields of a record, and that the segment accounts for it.
    pub(crate) fn verify_record(
        &self,
        at: u64,
        fields: std::result::Result<(), FormatError>,
        seq: u64,
    ) -> Result<()> {
        fields.map_err(|error| self.corrupt(error.at(at)))?;
        if seq < self.header.min_seq.get() || seq > self.header.max_seq.get() {
            let reason = "sequence number is outside of the range of the segment";
            return Err(self.corrupt(invalid(at, reason)));
        }
        Ok(())
    }

    fn verify_tombstones(&self, at: u64, found: u64, stated: u64) -> Result<()> {
        if found == stated {
            Ok(())
        } else {
            Err(self.corrupt(invalid(at, "the header states another number of tombstones")))
        }
    }
}
