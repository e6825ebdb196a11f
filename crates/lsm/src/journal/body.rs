//! [`CommitBody`]: the records and the payload of one commit.

use sutra_format::checksum::{PLAIN_SEED, crc32};
use sutra_format::journal::FrameHeader;
use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_format::{AssociationRecord, ConceptRecord, FormatError};
use zerocopy::{FromBytes, IntoBytes};

use super::payload::Payload;

/// What is committed together. Sequence numbers are relative to the first of the commit, and the
/// records refer to the payload by offset, with segment 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CommitBody {
    /// Concepts, tombstones of concepts and deltas.
    pub concepts: Vec<ConceptRecord>,
    /// Associations and tombstones of associations.
    pub associations: Vec<AssociationRecord>,
    /// Text entries and vectors of the concepts.
    pub payload: Payload,
}

/// Why something cannot be a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It does not fit into a frame.
    #[error("{bytes} bytes in one commit, where {COMMIT_BYTES_MAX} can be; commit in parts")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// A concept record cannot be meant.
    #[error("concept record {row}: {error}")]
    Concept {
        /// Which one, from 0 on.
        row: usize,
        /// What is wrong with it.
        error: FormatError,
    },
    /// An association record cannot be meant.
    #[error("association record {row}: {error}")]
    Association {
        /// Which one, from 0 on.
        row: usize,
        /// What is wrong with it.
        error: FormatError,
    },
}

impl CommitBody {
    /// How many records it has, and so how many sequence numbers it takes.
    pub fn record_count(&self) -> u64 {
        self.concepts.len() as u64 + self.associations.len() as u64
    }

    /// Bytes that it takes in the journal, frame header and padding left out.
    pub fn byte_size(&self) -> usize {
        self.concepts.as_slice().as_bytes().len()
            + self.associations.as_slice().as_bytes().len()
            + self.payload.len()
    }

    /// Whether it can be a commit: it is not too large, every record can be meant, and what it
    /// refers to lies in the payload. Replay asks the same of what it reads.
    pub fn check(&self) -> Result<(), BodyError> {
        let bytes = self.byte_size();
        if bytes > COMMIT_BYTES_MAX {
            return Err(BodyError::TooLarge { bytes });
        }
        let mut seqs = Seqs::new(self.record_count());
        let mut unused = self.payload.len() as u64;
        for (row, record) in self.concepts.iter().enumerate() {
            check_concept(record, self.payload.bytes())
                .and_then(|()| take_payload(record, &mut unused))
                .and_then(|()| seqs.take(record.seq.get()))
                .map_err(|error| BodyError::Concept { row, error })?;
        }
        for (row, record) in self.associations.iter().enumerate() {
            record
                .check()
                .and_then(|()| seqs.take(record.seq.get()))
                .map_err(|error| BodyError::Association { row, error })?;
        }
        Ok(())
    }

    /// Checks it and sums it, which is better done outside of any lock.
    pub fn summed(self) -> Result<SummedBody, BodyError> {
        self.check()?;
        let mut sum = PLAIN_SEED;
        for part in self.parts() {
            sum = crc32(sum, part);
        }
        Ok(SummedBody { body: self, sum })
    }

    /// What a frame holds behind its header, in order, without the padding.
    pub(crate) fn parts(&self) -> [&[u8]; 3] {
        [
            self.concepts.as_slice().as_bytes(),
            self.associations.as_slice().as_bytes(),
            self.payload.bytes(),
        ]
    }

    /// The body behind `header`. `bytes` are the whole of it.
    pub(crate) fn decode(header: &FrameHeader, bytes: &[u8]) -> Result<Self, BodyError> {
        let too_large = BodyError::TooLarge { bytes: bytes.len() };
        let count = header.concept_count.get() as usize;
        let (concepts, rest) =
            <[ConceptRecord]>::ref_from_prefix_with_elems(bytes, count).map_err(|_| too_large)?;
        let count = header.association_count.get() as usize;
        let (associations, rest) = <[AssociationRecord]>::ref_from_prefix_with_elems(rest, count)
            .map_err(|_| too_large)?;
        let body = Self {
            concepts: concepts.to_vec(),
            associations: associations.to_vec(),
            payload: Payload::copy_of(rest),
        };
        body.check()?;
        Ok(body)
    }
}

/// A body that was checked, with its sum: CRC-32 of concept records, association records and
/// payload, one after the other, under [`PLAIN_SEED`]. The place in the file is under the sum of
/// the frame header, which covers this one.
#[derive(Clone, Debug)]
pub struct SummedBody {
    body: CommitBody,
    sum: u32,
}

impl SummedBody {
    /// The body.
    pub fn body(&self) -> &CommitBody {
        &self.body
    }

    /// Gives the body back.
    pub fn into_body(self) -> CommitBody {
        self.body
    }

    /// The sum.
    pub fn sum(&self) -> u32 {
        self.sum
    }
}

/// Records that share payload would be read, and written, in time that no length bounds.
fn take_payload(record: &ConceptRecord, unused: &mut u64) -> Result<(), FormatError> {
    let values = if record.has_vector() { record.vector_dimension.get() } else { 0 };
    let bytes = record.text_bytes() + u64::from(values) * size_of::<f32>() as u64;
    *unused = unused.checked_sub(bytes).ok_or(invalid("records share their payload"))?;
    Ok(())
}

fn check_concept(record: &ConceptRecord, payload: &[u8]) -> Result<(), FormatError> {
    record.check()?;
    let text = record.text_bytes();
    if text > 0 {
        ensure(record.content_segment.get() == 0, "text lies in another file")?;
        let range = range_of(record.content_offset.get(), text, payload);
        let text = record.split_text(range.ok_or(invalid("text lies outside of the payload"))?)?;
        let named = text.key_text().is_some() || text.fact_key().is_some() || text.key.is_empty();
        ensure(named, "key is neither UTF-8 nor that of a fact")?;
    }
    if record.has_vector() {
        ensure(record.vector_segment.get() == 0, "vector lies in another file")?;
        ensure(record.vector_dimension.get() > 0, "vector of unknown length")?;
        let bytes = u64::from(record.vector_dimension.get()) * size_of::<f32>() as u64;
        let range = range_of(record.vector_offset.get(), bytes, payload);
        ensure(range.is_some(), "vector lies outside of the payload")?;
    }
    Ok(())
}

/// Which of the relative sequence numbers of a commit are taken.
struct Seqs {
    count: u64,
    taken: Vec<u64>,
}

impl Seqs {
    /// The numbers below `count`, which the size of a commit bounds.
    fn new(count: u64) -> Self {
        let words = usize::try_from(count.div_ceil(64)).unwrap_or(0);
        Self { count, taken: vec![0; words] }
    }

    fn take(&mut self, seq: u64) -> Result<(), FormatError> {
        let index = usize::try_from(seq / 64).unwrap_or(usize::MAX);
        let Some(word) = self.taken.get_mut(index).filter(|_| seq < self.count) else {
            return Err(invalid("sequence number outside of the commit"));
        };
        let bit = 1 << (seq % 64);
        ensure(*word & bit == 0, "sequence number that another record has")?;
        *word |= bit;
        Ok(())
    }
}

fn range_of(offset: u64, length: u64, bytes: &[u8]) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = usize::try_from(offset.checked_add(length)?).ok()?;
    bytes.get(start..end)
}

fn ensure(holds: bool, reason: &'static str) -> Result<(), FormatError> {
    if holds { Ok(()) } else { Err(invalid(reason)) }
}

const fn invalid(reason: &'static str) -> FormatError {
    FormatError::Invalid { offset: 0, reason }
}
