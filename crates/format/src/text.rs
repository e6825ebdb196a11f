//! [`TextEntries`]: the content, attributes and key of a concept, lying in a content block.
//!
//! Up to three entries follow one another without a gap, each a u32 length and as many bytes:
//! content (if the record says that there is any, be it empty), attributes and key (each if not
//! empty). They have no marks of their own: only their record says which of them are there.
//!
//! Invariants:
//! * Each length prefix equals the length in the record, so text that belongs to another record,
//!   or that stands in another place, is noticed even where no checksum is asked.
//! * Content is UTF-8: served as it was stored, or refused.

use core::str;

use zerocopy::FromBytes;

use crate::concept::{ConceptRecord, FactKey};
use crate::error::FormatError;

/// Bytes of the length in front of an entry.
pub const LENGTH_PREFIX_BYTES: u64 = 4;

/// The text of one concept, borrowed from where it lies. From [`ConceptRecord::split_text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEntries<'a> {
    /// What the concept says; `None` when it says nothing, which is not the empty text.
    pub content: Option<&'a str>,
    /// The attributes, a JSON object in UTF-8 that is checked by who parses it. Empty: none.
    pub attributes: &'a [u8],
    /// The key: of a fact a [`FactKey`], otherwise the name that the caller gave. Empty: none.
    pub key: &'a [u8],
    fact: bool,
}

impl<'a> TextEntries<'a> {
    /// The name that the caller gave; `None` if there is none, of a fact, and if it is not UTF-8.
    pub fn key_text(&self) -> Option<&'a str> {
        let named = !self.fact && !self.key.is_empty();
        str::from_utf8(self.key).ok().filter(|_| named)
    }

    /// Which association a fact belongs to; `None` of what is no fact, or has no key.
    pub fn fact_key(&self) -> Option<&'a FactKey> {
        FactKey::ref_from_bytes(self.key).ok().filter(|_| self.fact)
    }
}

impl ConceptRecord {
    /// Divides the text of this record. `entries` are the [`Self::text_bytes`] bytes from
    /// `content_offset` on; offsets in errors count from their start.
    pub fn split_text<'a>(&self, entries: &'a [u8]) -> Result<TextEntries<'a>, FormatError> {
        let (length, needed) = (entries.len() as u64, self.text_bytes());
        if length < needed {
            return Err(FormatError::TooShort { length, needed });
        }
        if length > needed {
            return Err(invalid(needed, "more text than the record speaks of"));
        }
        let (attributes, key) = (self.attributes_length.get(), u32::from(self.key_length.get()));
        let mut cursor = Cursor { bytes: entries, offset: 0 };
        let content = match self.has_content() {
            true => Some(cursor.text(self.content_length.get(), "content is not UTF-8")?),
            false => None,
        };
        let attributes = if attributes == 0 { &[] } else { cursor.entry(attributes)? };
        let key_offset = cursor.offset;
        let key = if key == 0 { &[] } else { cursor.entry(key)? };
        if self.is_fact() && !key.is_empty() && key.len() != FactKey::BYTES {
            return Err(invalid(key_offset, "key of a fact is not 34 bytes long"));
        }
        Ok(TextEntries { content, attributes, key, fact: self.is_fact() })
    }
}

/// The entries that have not been read yet.
struct Cursor<'a> {
    bytes: &'a [u8],
    offset: u64,
}

impl<'a> Cursor<'a> {
    /// The next entry, which must be `length` bytes long.
    fn entry(&mut self, length: u32) -> Result<&'a [u8], FormatError> {
        let short = FormatError::TooShort {
            length: self.bytes.len() as u64,
            needed: LENGTH_PREFIX_BYTES + u64::from(length),
        };
        let (prefix, rest) = self.bytes.split_first_chunk().ok_or(short)?;
        if u32::from_le_bytes(*prefix) != length {
            return Err(invalid(self.offset, "length of a text differs from its record"));
        }
        let length = usize::try_from(length).map_err(|_| short)?;
        let (entry, rest) = rest.split_at_checked(length).ok_or(short)?;
        self.bytes = rest;
        self.offset += LENGTH_PREFIX_BYTES + entry.len() as u64;
        Ok(entry)
    }

    /// The next entry, which must be `length` bytes of UTF-8.
    fn text(&mut self, length: u32, reason: &'static str) -> Result<&'a str, FormatError> {
        let start = self.offset + LENGTH_PREFIX_BYTES;
        let entry = self.entry(length)?;
        str::from_utf8(entry).map_err(|error| invalid(start + error.valid_up_to() as u64, reason))
    }
}

const fn invalid(offset: u64, reason: &'static str) -> FormatError {
    FormatError::Invalid { offset, reason }
}
