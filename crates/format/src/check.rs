//! Checks of what a record says, for bytes that come from a file or from a caller.
//!
//! A layout accepts any bytes; these functions say whether the values can be meant. They do not
//! look at other records or at payload: whether an offset lies in its block is the reader's to
//! check. Offsets in errors count from the start of the record.

use core::mem::offset_of;

use zerocopy::little_endian::F32;

use crate::association::{AssociationFlags, AssociationRecord};
use crate::concept::{ConceptFlags, ConceptRecord, FactKey};
use crate::error::{FormatError, ensure};
use crate::limits::{ATTRIBUTES_BYTES_MAX, CONTENT_BYTES_MAX, KEY_BYTES_MAX, VECTOR_DIMENSION_MAX};

/// What must hold, the field that it is about, and what is wrong when it does not.
type Rule = (bool, usize, &'static str);

impl ConceptRecord {
    /// Whether every field has a value that version 1 allows and that agrees with the others.
    pub fn check(&self) -> Result<(), FormatError> {
        let flags = offset_of!(Self, flags);
        let known = self.flags.get() & !ConceptFlags::ALL == 0;
        let sets = self.has(ConceptFlags::SETS_STRENGTH | ConceptFlags::SETS_CONFIDENCE);
        let ordered = self.valid_from.get() <= self.valid_to.get();
        all(&[
            (known, flags, "unknown flag"),
            (!(self.is_tombstone() && self.is_delta()), flags, "both tombstone and delta"),
            (self.is_delta() || !sets, flags, "sets a field and is no delta"),
            (self.reserved.get() == 0, offset_of!(Self, reserved), "reserved bytes are not zero"),
            (finite(self.strength), offset_of!(Self, strength), "strength is not finite"),
            (finite(self.confidence), offset_of!(Self, confidence), "confidence is not finite"),
            (ordered, offset_of!(Self, valid_from), "valid only after its own end"),
        ])?;
        self.check_text()?;
        self.check_vector()
    }

    /// A full record: neither a tombstone nor a delta, so that it may have payload.
    fn is_full(&self) -> bool {
        !self.is_tombstone() && !self.is_delta()
    }

    fn check_text(&self) -> Result<(), FormatError> {
        let (content, attributes) = (self.content_length.get(), self.attributes_length.get());
        let key = usize::from(self.key_length.get());
        let none = self.text_bytes() == 0;
        let agree = none == (self.content_offset.get() == Self::ABSENT);
        let keyed = !(self.is_full() && self.is_fact()) || key == FactKey::BYTES;
        let field = offset_of!(Self, content_offset);
        all(&[
            (self.is_full() || none, field, "tombstone or delta with text"),
            (agree, field, "offset and lengths of the text disagree"),
        ])?;
        let field = offset_of!(Self, content_length);
        all(&[
            (self.has_content() || content == 0, field, "length of a content that is not there"),
            (content as usize <= CONTENT_BYTES_MAX, field, "content is too long"),
        ])?;
        let (field, fits) =
            (offset_of!(Self, attributes_length), attributes as usize <= ATTRIBUTES_BYTES_MAX);
        ensure(fits, field, "attributes are too long")?;
        let field = offset_of!(Self, key_length);
        all(&[
            (key <= KEY_BYTES_MAX, field, "key is too long"),
            (keyed, field, "key of a fact is not 34 bytes long"),
        ])
    }

    fn check_vector(&self) -> Result<(), FormatError> {
        let (offset, dimension) = (self.vector_offset.get(), self.vector_dimension.get());
        let aligned = !self.has_vector() || offset % size_of::<f32>() as u64 == 0;
        let field = offset_of!(Self, vector_offset);
        all(&[
            (self.is_full() || !self.has_vector(), field, "tombstone or delta with a vector"),
            (aligned, field, "vector is not aligned"),
        ])?;
        let absent = self.has_vector() || dimension == 0;
        let field = offset_of!(Self, vector_dimension);
        all(&[
            (absent, field, "dimension of a vector that is not there"),
            (dimension as usize <= VECTOR_DIMENSION_MAX, field, "vector has too many dimensions"),
        ])
    }
}

impl AssociationRecord {
    /// Whether every field has a value that version 1 allows and that agrees with the others.
    pub fn check(&self) -> Result<(), FormatError> {
        let flags = offset_of!(Self, flags);
        let known = self.flags.get() & !AssociationFlags::ALL == 0;
        let deleted_fact = self.is_tombstone() && self.has(AssociationFlags::HAS_FACT);
        let ordered = self.valid_from() <= self.valid_to();
        all(&[
            (known, flags, "unknown flag"),
            (!deleted_fact, flags, "tombstone with a fact"),
            (finite(self.weight), offset_of!(Self, weight), "weight is not finite"),
            (finite(self.confidence), offset_of!(Self, confidence), "confidence is not finite"),
            (ordered, offset_of!(Self, valid_from_48), "valid only after its own end"),
        ])
    }
}

fn finite(number: F32) -> bool {
    number.get().is_finite()
}

fn all(rules: &[Rule]) -> Result<(), FormatError> {
    rules.iter().try_for_each(|(holds, offset, reason)| ensure(*holds, *offset, reason))
}
