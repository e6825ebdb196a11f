//! [`ConceptRecord`]: all that is known of a concept but its text and vector, in 128 bytes.
//!
//! The text of a concept is up to three *entries* that follow one another in a content block,
//! each a u32 length and as many bytes: the content, then the attributes, then the key. The
//! record refers to the first of them and says how long each is.

use zerocopy::little_endian::{F32, I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::ids::{AssociationKind, ConceptId};
use crate::layout::layout;
use crate::time::{OPEN_END, OPEN_START, holds_at};

/// One version of a concept, a tombstone, or a change to an older version (a delta).
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct ConceptRecord {
    /// The concept.
    pub id: ConceptId,
    /// Sequence number of this version. In a journal frame: relative to the frame's first.
    pub seq: U64,
    /// When the concept was first put, in milliseconds.
    pub created_at: U64,
    /// When this version was put, in milliseconds.
    pub updated_at: U64,
    /// When the concept was last touched, in milliseconds.
    pub accessed_at: U64,
    /// Since when it holds, in milliseconds; [`OPEN_START`] for always.
    pub valid_from: I64,
    /// Until when it holds, in milliseconds, itself excluded; [`OPEN_END`] for no end.
    pub valid_to: I64,
    /// Offset of the first text entry in the content block of `content_segment`;
    /// [`ConceptRecord::ABSENT`] when there is neither content nor attributes nor key.
    pub content_offset: U64,
    /// Bytes of content; zero without [`ConceptFlags::HAS_CONTENT`].
    pub content_length: U32,
    /// The segment whose content block is meant. In a journal frame: zero, its own payload.
    pub content_segment: U32,
    /// Bytes of attributes; zero when there are none.
    pub attributes_length: U32,
    /// Bytes of the key; zero when there is none. Of a fact: the 34 bytes of its [`FactKey`].
    pub key_length: U16,
    /// The vector space; zero is the default one.
    pub vector_space: U16,
    /// Offset of the vector in the vector block of `vector_segment`, a multiple of 64, or in the
    /// payload of a frame, a multiple of 4; [`ConceptRecord::ABSENT`] when there is none.
    pub vector_offset: U64,
    /// The segment whose vector block is meant. In a journal frame: zero, its own payload.
    pub vector_segment: U32,
    /// Number of f32 values; zero says that only the vector block knows.
    pub vector_dimension: U32,
    /// How firmly the concept is held; 1.0 unless said otherwise.
    pub strength: F32,
    /// How sure it is, 1.0 unless said otherwise.
    pub confidence: F32,
    /// How often it was touched. Of a delta: how much is to be added.
    pub access_count: U32,
    /// A number that says where the concept came from; the caller's to choose.
    pub source_hash: U32,
    /// See [`ConceptFlags`].
    pub flags: U32,
    /// Zero.
    pub reserved: U32,
}

/// Bits of [`ConceptRecord::flags`].
#[derive(Clone, Copy, Debug)]
pub struct ConceptFlags;

impl ConceptFlags {
    /// The concept is deleted, and with it every older association that touches it.
    pub const TOMBSTONE: u32 = 1;
    /// A change to an older version: adds `access_count`, takes the later `accessed_at`, and
    /// sets what [`Self::SETS_STRENGTH`] and [`Self::SETS_CONFIDENCE`] say.
    pub const DELTA: u32 = 1 << 1;
    /// Carries the text, attributes and vector of an association.
    pub const FACT: u32 = 1 << 2;
    /// There is content, be it empty.
    pub const HAS_CONTENT: u32 = 1 << 3;
    /// The delta sets `strength`.
    pub const SETS_STRENGTH: u32 = 1 << 4;
    /// The delta sets `confidence`.
    pub const SETS_CONFIDENCE: u32 = 1 << 5;
    /// All bits that version 1 knows.
    pub const ALL: u32 = (1 << 6) - 1;
}

impl ConceptRecord {
    /// Bytes of a record.
    pub const BYTES: usize = size_of::<Self>();
    /// The offset that says "there is none". Zero is an offset like any other.
    pub const ABSENT: u64 = u64::MAX;

    /// A record whose text and vector are in the segment that it is written to, with strength
    /// and confidence 1.0. Pass [`Self::ABSENT`] for a content or vector that does not exist.
    pub fn new(
        id: ConceptId,
        content_offset: u64,
        content_length: u32,
        vector_offset: u64,
    ) -> Self {
        let has_content = content_offset != Self::ABSENT;
        Self {
            id,
            seq: U64::ZERO,
            created_at: U64::ZERO,
            updated_at: U64::ZERO,
            accessed_at: U64::ZERO,
            valid_from: I64::new(OPEN_START),
            valid_to: I64::new(OPEN_END),
            content_offset: U64::new(content_offset),
            content_length: U32::new(if has_content { content_length } else { 0 }),
            content_segment: U32::ZERO,
            attributes_length: U32::ZERO,
            key_length: U16::ZERO,
            vector_space: U16::ZERO,
            vector_offset: U64::new(vector_offset),
            vector_segment: U32::ZERO,
            vector_dimension: U32::ZERO,
            strength: F32::new(1.0),
            confidence: F32::new(1.0),
            access_count: U32::ZERO,
            source_hash: U32::ZERO,
            flags: U32::new(if has_content { ConceptFlags::HAS_CONTENT } else { 0 }),
            reserved: U32::ZERO,
        }
    }

    /// A record that deletes `id`.
    pub fn tombstone(id: ConceptId) -> Self {
        let mut record = Self::new(id, Self::ABSENT, 0, Self::ABSENT);
        record.flags = U32::new(ConceptFlags::TOMBSTONE);
        record
    }

    /// Whether it holds at this time, in milliseconds: from its start on, before its end.
    pub fn holds_at(&self, time: i64) -> bool {
        holds_at(self.valid_from.get(), self.valid_to.get(), time)
    }

    /// Whether any of `flags` is set.
    pub fn has(&self, flags: u32) -> bool {
        self.flags.get() & flags != 0
    }

    /// Whether the record deletes its concept.
    pub fn is_tombstone(&self) -> bool {
        self.has(ConceptFlags::TOMBSTONE)
    }

    /// Whether the record changes an older version.
    pub fn is_delta(&self) -> bool {
        self.has(ConceptFlags::DELTA)
    }

    /// Whether the record carries the text of an association.
    pub fn is_fact(&self) -> bool {
        self.has(ConceptFlags::FACT)
    }

    /// Whether there is content, be it empty.
    pub fn has_content(&self) -> bool {
        self.has(ConceptFlags::HAS_CONTENT)
    }

    /// Whether there is a vector.
    pub fn has_vector(&self) -> bool {
        self.vector_offset.get() != Self::ABSENT
    }

    /// Bytes that the text entries take in a content block, length prefixes included.
    pub fn text_bytes(&self) -> u64 {
        let entry = |present: bool, length: u64| if present { 4 + length } else { 0 };
        let (attributes, key) = (self.attributes_length.get(), self.key_length.get());
        entry(self.has_content(), self.content_length.get().into())
            + entry(attributes != 0, attributes.into())
            + entry(key != 0, key.into())
    }
}

/// The key entry of a fact: which association it belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct FactKey {
    /// Where the association starts.
    pub source: ConceptId,
    /// Where it ends.
    pub target: ConceptId,
    /// Its kind.
    pub kind: U16,
}

impl FactKey {
    /// Bytes of the key.
    pub const BYTES: usize = size_of::<Self>();

    /// The key of the fact of this association.
    pub fn new(source: ConceptId, kind: AssociationKind, target: ConceptId) -> Self {
        Self { source, target, kind: U16::new(kind.code()) }
    }

    /// What the association says.
    pub fn kind(&self) -> AssociationKind {
        AssociationKind::from_code(self.kind.get())
    }

    /// The id that the fact of this association has.
    pub fn id(&self) -> ConceptId {
        ConceptId::of_fact(self.source, self.kind(), self.target)
    }
}

layout!(ConceptRecord: 128 {
    id: 0, seq: 16, created_at: 24, updated_at: 32, accessed_at: 40, valid_from: 48,
    valid_to: 56, content_offset: 64, content_length: 72, content_segment: 76,
    attributes_length: 80, key_length: 84, vector_space: 86, vector_offset: 88,
    vector_segment: 96, vector_dimension: 100, strength: 104, confidence: 108,
    access_count: 112, source_hash: 116, flags: 120, reserved: 124,
});

layout!(FactKey: 34 {
    source: 0, target: 16, kind: 32,
});
