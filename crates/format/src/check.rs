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

impl ConceptRecord {
    /// Whether every field has a value that version 1 allows and that agrees with the others.
    pub fn check(&self) -> Result<(), FormatError> {
        self.check_flags()?;
        ensure(
            self.reserved.get() == 0,
            offset_of!(Self, reserved),
            "reserved bytes are not zero",
        )?;
        ensure(
            finite(self.strength),
            offset_of!(Self, strength),
            "strength is not a finite number",
        )?;
        ensure(
            finite(self.confidence),
            offset_of!(Self, confidence),
            "confidence is not a finite number",
        )?;
        ensure(
            self.valid_from.get() <= self.valid_to.get(),
            offset_of!(Self, valid_from),
            "valid only after its own end",
        )?;
        if self.is_tombstone() || self.is_delta() {
            ensure(
                !self.has_content(),
                offset_of!(Self, flags),
                "tombstone or delta with content",
            )?;
            ensure(
                self.text_bytes() == 0,
                offset_of!(Self, attributes_length),
                "tombstone or delta with attributes or key",
            )?;
            ensure(
                !self.has_vector(),
                offset_of!(Self, vector_offset),
                "tombstone or delta with a vector",
            )?;
        }
        self.check_text()?;
        self.check_vector()
    }

    fn check_flags(&self) -> Result<(), FormatError> {
        let sets = ConceptFlags::SETS_STRENGTH | ConceptFlags::SETS_CONFIDENCE;
        ensure(
            self.flags.get() & !ConceptFlags::ALL == 0,
            offset_of!(Self, flags),
            "unknown flag",
        )?;
        ensure(
            !(self.is_tombstone() && self.is_delta()),
            offset_of!(Self, flags),
            "both tombstone and delta",
        )?;
        ensure(
            self.is_delta() || !self.has(sets),
            offset_of!(Self, flags),
            "sets a field and is no delta",
        )
    }

    fn check_text(&self) -> Result<(), FormatError> {
        let within = |length: u32, most: usize| length as usize <= most;
        let (content, attributes) = (self.content_length.get(), self.attributes_length.get());
        let key = usize::from(self.key_length.get());
        ensure(
            self.has_content() || content == 0,
            offset_of!(Self, content_length),
            "length of a content that is not there",
        )?;
        ensure(
            within(content, CONTENT_BYTES_MAX),
            offset_of!(Self, content_length),
            "content is too long",
        )?;
        ensure(
            within(attributes, ATTRIBUTES_BYTES_MAX),
            offset_of!(Self, attributes_length),
            "attributes are too long",
        )?;
        ensure(key <= KEY_BYTES_MAX, offset_of!(Self, key_length), "key is too long")?;
        let full = !self.is_tombstone() && !self.is_delta();
        let keyed = key == FactKey::BYTES || !(self.is_fact() && full);
        ensure(keyed, offset_of!(Self, key_length), "key of a fact is not 34 bytes long")?;
        let absent = self.content_offset.get() == Self::ABSENT;
        ensure(
            absent == (self.text_bytes() == 0),
            offset_of!(Self, content_offset),
            "offset and lengths of the text disagree",
        )
    }

    fn check_vector(&self) -> Result<(), FormatError> {
        let (offset, dimension) = (self.vector_offset.get(), self.vector_dimension.get());
        ensure(
            dimension as usize <= VECTOR_DIMENSION_MAX,
            offset_of!(Self, vector_dimension),
            "vector has too many dimensions",
        )?;
        ensure(
            self.has_vector() || dimension == 0,
            100,
            "dimension of a vector that is not there",
        )?;
        let aligned = offset % size_of::<f32>() as u64 == 0;
        ensure(
            aligned || !self.has_vector(),
            offset_of!(Self, vector_offset),
            "vector is not aligned",
        )
    }
}

impl AssociationRecord {
    /// Whether every field has a value that version 1 allows and that agrees with the others.
    pub fn check(&self) -> Result<(), FormatError> {
        ensure(
            self.flags.get() & !AssociationFlags::ALL == 0,
            offset_of!(Self, flags),
            "unknown flag",
        )?;
        let fact = self.has(AssociationFlags::HAS_FACT);
        ensure(!(self.is_tombstone() && fact), offset_of!(Self, flags), "tombstone with a fact")?;
        ensure(finite(self.weight), offset_of!(Self, weight), "weight is not a finite number")?;
        ensure(
            finite(self.confidence),
            offset_of!(Self, confidence),
            "confidence is not a finite number",
        )?;
        ensure(
            self.valid_from() <= self.valid_to(),
            offset_of!(Self, valid_from_48),
            "valid only after its own end",
        )
    }
}

fn finite(number: F32) -> bool {
    number.get().is_finite()
}
