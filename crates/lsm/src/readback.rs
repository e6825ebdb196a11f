//! [`Written`]: a segment that was just written, held against what was put into it before anything
//! relies on it.
//!
//! Sums that are computed of a row while it is written vouch for what the writer was given. If
//! memory or processor erred before that, the sums are right and the row is wrong. So each row, with
//! the text and the vector that move with it, is added to a [`Tally`] as the merge gives it; the
//! file is read again from its first page to its last, and its rows must give the same tally.
//!
//! The pages are read from the cache of the system, most likely. What a disk does to them later is
//! for their own sums to notice.

use sutra_format::checksum::crc32;
use sutra_format::hash::mix;
use sutra_format::{AssociationRecord, ConceptRecord, VertexTombstone};
use sutra_fs::{Dir, File};
use sutra_segment::{Segment, SegmentError, SegmentSummary};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U32, U64};

use crate::error::{LsmError, Result};
use crate::files::segment_name;

/// Seeds that tell the parts of a tally from each other.
const CONCEPT: u32 = 1;
const ASSOCIATION: u32 = 2;
const DELETION: u32 = 3;
const TEXT: u32 = 4;
const VECTOR: u32 = 5;

/// Rows by number and content, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    concepts: u64,
    associations: u64,
    deletions: u64,
    sum: u64,
}

impl Tally {
    /// Adds a concept, with its text and its vector if they move into the segment: then the row
    /// will say that they are elsewhere than they were.
    pub(crate) fn concept(
        &mut self,
        record: &ConceptRecord,
        text: Option<&[u8]>,
        vector: Option<&[f32]>,
    ) {
        let mut record = *record;
        let (mut text_sum, mut vector_sum) = (0, 0);
        if let Some(entries) = text {
            (record.content_offset, record.content_segment) = (U64::ZERO, U32::ZERO);
            text_sum = crc32(TEXT, entries);
        }
        if let Some(values) = vector {
            (record.vector_offset, record.vector_segment) = (U64::ZERO, U32::ZERO);
            vector_sum = crc32(VECTOR, bytemuck::cast_slice(values));
        }
        let payload = u64::from(text_sum) << 32 | u64::from(vector_sum);
        self.concepts += 1;
        self.add(mix(payload).wrapping_add(u64::from(crc32(CONCEPT, record.as_bytes()))));
    }

    /// Adds an association.
    pub(crate) fn association(&mut self, record: &AssociationRecord) {
        self.associations += 1;
        self.add(u64::from(crc32(ASSOCIATION, record.as_bytes())));
    }

    /// Adds a deleted concept.
    pub(crate) fn deletion(&mut self, tombstone: &VertexTombstone) {
        self.deletions += 1;
        self.add(u64::from(crc32(DELETION, tombstone.as_bytes())));
    }

    fn add(&mut self, row: u64) {
        self.sum = self.sum.wrapping_add(mix(row));
    }

    /// What a segment holds.
    fn of<B: AsRef<[u8]>>(segment: &Segment<B>) -> std::result::Result<Self, SegmentError> {
        let mut tally = Self::default();
        for record in segment.iter_concepts()?.chain(segment.older_concepts()?) {
            let has_text = record.text_bytes() > 0 && record.content_segment.get() == segment.id();
            let has_vector = record.has_vector() && record.vector_segment.get() == segment.id();
            let text = has_text
                .then(|| segment.text(record.content_offset.get(), record.text_bytes()))
                .transpose()?;
            let (offset, dimension) = (record.vector_offset.get(), record.vector_dimension.get());
            let vector = has_vector.then(|| segment.vector(offset, dimension)).transpose()?;
            tally.concept(record, text, vector);
        }
        for record in segment.iter_associations()?.chain(segment.older_associations()?) {
            tally.association(record);
        }
        for tombstone in segment.vertex_tombstones()? {
            tally.deletion(tombstone);
        }
        Ok(tally)
    }
}

/// A segment file that nothing refers to yet, and what was put into it.
pub(crate) struct Written {
    pub(crate) summary: SegmentSummary,
    pub(crate) tally: Tally,
}

impl Written {
    /// Reads all of the file again. Later reads of a page through `segment` find it checked.
    pub(crate) fn confirm<B: AsRef<[u8]>>(&self, segment: &Segment<B>) -> Result<()> {
        let unfaithful =
            |reason| LsmError::Miswritten { path: segment.path().to_path_buf(), reason };
        if *segment.header() != self.summary.header {
            return Err(unfaithful("its header is another than was written".into()));
        }
        let found = segment.check_pages(0..segment.page_count()).and_then(|()| Tally::of(segment));
        let found = found.map_err(|error| unfaithful(error.to_string()))?;
        if found == self.tally {
            return Ok(());
        }
        let rows = |tally: &Tally| {
            let Tally { concepts, associations, deletions, .. } = tally;
            format!("{concepts} concepts, {associations} associations, {deletions} deletions")
        };
        let (put, found) = (rows(&self.tally), rows(&found));
        let differ = if put == found { "rows differ in what they say" } else { "rows are missing" };
        Err(unfaithful(format!("{differ}: {put} were put in, {found} came out")))
    }

    /// The same, of the file in a directory in which it will stay closed.
    pub(crate) fn confirm_in<D: Dir>(&self, dir: &D) -> Result<()> {
        let name = segment_name(self.summary.header.segment_id.get());
        let segment = Segment::open(dir.open(&name)?.map()?, dir.path(&name));
        self.confirm(&segment.map_err(|error| unfaithful(error.into()))?)
    }
}

/// What it means that a file is damaged which was just written.
pub(crate) fn unfaithful(error: LsmError) -> LsmError {
    match error.path().filter(|_| error.is_corruption()) {
        Some(path) => LsmError::Miswritten { path: path.into(), reason: error.to_string() },
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use sutra_format::{AssociationKind, ConceptId};

    use super::*;

    fn id(n: u8) -> ConceptId {
        ConceptId::from_bytes([n; 16])
    }

    fn concept(n: u8) -> ConceptRecord {
        ConceptRecord::new(id(n), ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT)
    }

    fn association(n: u8) -> AssociationRecord {
        AssociationRecord::new(id(n), id(0), AssociationKind::CAUSAL, 0.5)
    }

    fn deletion(n: u8) -> VertexTombstone {
        VertexTombstone { id: id(n), seq: U64::new(9) }
    }

    #[test]
    fn rows_are_counted_by_kind() {
        let mut tally = Tally::default();
        (1..=3).for_each(|n| tally.concept(&concept(n), None, None));
        (1..=5).for_each(|n| tally.association(&association(n)));
        (1..=7).for_each(|n| tally.deletion(&deletion(n)));
        assert_eq!((tally.concepts, tally.associations, tally.deletions), (3, 5, 7));
    }

    #[test]
    fn any_other_row_text_or_vector_makes_another_tally_and_another_order_the_same() {
        let of = |change: &dyn Fn(&mut Tally)| {
            let mut tally = Tally::default();
            change(&mut tally);
            tally
        };
        let all = [
            of(&|t| t.concept(&concept(1), None, None)),
            of(&|t| t.concept(&concept(2), None, None)),
            of(&|t| t.concept(&concept(1), Some(b"text"), None)),
            of(&|t| t.concept(&concept(1), Some(b"taxt"), None)),
            of(&|t| t.concept(&concept(1), None, Some(&[1.0]))),
            of(&|t| t.concept(&concept(1), None, Some(&[2.0]))),
            of(&|t| t.concept(&concept(1), Some(b"text"), Some(&[1.0]))),
            of(&|t| t.association(&association(1))),
            of(&|t| t.association(&association(2))),
            of(&|t| t.deletion(&deletion(1))),
            of(&|t| t.deletion(&deletion(2))),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other.sum != one.sum), "{at}");
        }
        let forth = of(&|t| (1..=4).for_each(|n| t.deletion(&deletion(n))));
        let back = of(&|t| (1..=4).rev().for_each(|n| t.deletion(&deletion(n))));
        assert_eq!(forth, back);
    }
}
