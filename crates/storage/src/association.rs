//! [`NewAssociation`] is put, [`AssociationRecord`] is read.

use sutra_format::time::{OPEN_END, OPEN_START, fits_48_bits, pack_48};
use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use zerocopy::little_endian::F32;

use crate::payload::Payload;

/// An association to be put into a [`Batch`](crate::Batch). Source, kind and target name it: an
/// older one with the same three is replaced.
#[derive(Clone, Copy, Debug)]
#[must_use = "it does nothing until it is put into a batch"]
pub struct NewAssociation<'a> {
    pub(crate) record: AssociationRecord,
    pub(crate) payload: Payload<'a>,
    /// A time that 48 bits cannot hold; refused when it is put.
    pub(crate) time_out_of_range: Option<i64>,
    /// When its text was first put, if it was put before, under another name.
    pub(crate) fact_created_at: Option<u64>,
}

impl<'a> NewAssociation<'a> {
    /// An association of weight and confidence 1.0 that has always held and holds still. Its
    /// ends need not exist yet.
    pub fn new(source: ConceptId, kind: AssociationKind, target: ConceptId) -> Self {
        Self {
            record: AssociationRecord::new(source, target, kind, 1.0),
            payload: Payload::default(),
            time_out_of_range: None,
            fact_created_at: None,
        }
    }

    /// How much it counts; 1.0 by default.
    pub fn weight(mut self, weight: f32) -> Self {
        self.record.weight = F32::new(weight);
        self
    }

    /// How sure it is; 1.0 by default.
    pub fn confidence(mut self, confidence: f32) -> Self {
        self.record.confidence = F32::new(confidence);
        self
    }

    /// When it holds: from the first time on, before the second, in milliseconds since 1970,
    /// each within 4,000 years of it. Always by default; `None` leaves an end open.
    pub fn valid(mut self, from: Option<i64>, to: Option<i64>) -> Self {
        let (from, to) = (from.unwrap_or(OPEN_START), to.unwrap_or(OPEN_END));
        self.time_out_of_range = [from, to].into_iter().find(|time| !fits_48_bits(*time));
        (self.record.valid_from_48, self.record.valid_to_48) = (pack_48(from), pack_48(to));
        self
    }

    /// What it says, at most 16 MiB. The empty text is not the same as none.
    pub fn content(mut self, content: &'a str) -> Self {
        self.payload.content = Some(content);
        self
    }

    /// Whatever else is known, at most 1 MiB: a JSON object by convention. It is kept as it is,
    /// byte for byte; the empty text is the same as none.
    pub fn attributes(mut self, attributes: &'a str) -> Self {
        self.payload.attributes = attributes;
        self
    }

    /// A vector of 1 to 65,536 finite values, whose squares sum up to 9e36 at most. It is in the
    /// default space, where vectors of any dimension are compared by cosine with those of the same
    /// dimension, unless [`space`](Self::space) names another one.
    pub fn vector(mut self, vector: &'a [f32]) -> Self {
        self.payload.vector = Some(vector);
        self
    }

    /// The name of the vector's space, which
    /// [`Store::register_vector_space`](crate::Store::register_vector_space) knows. The commit is refused if there is
    /// none of this name, or if the vector is not of its dimension.
    pub fn space(mut self, name: &'a str) -> Self {
        self.payload.space = Some(name);
        self
    }
}
