//! [`AssociationRecord`]: a typed arrow from one concept to another, in 64 bytes.

use zerocopy::little_endian::{F32, U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::ids::{AssociationKind, ConceptId};
use crate::layout::layout;
use crate::time::{OPEN_END, OPEN_START, holds_at, pack_48, unpack_48};

/// One version of an association, or its tombstone. Source, kind and target name it: several of
/// different kind between one pair are distinct.
#[derive(
    Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct AssociationRecord {
    /// Where it starts.
    pub source: ConceptId,
    /// Where it ends.
    pub target: ConceptId,
    /// Sequence number of this version. In a journal frame: relative to the frame's first.
    pub seq: U64,
    /// Since when it holds: signed 48-bit milliseconds; see [`Self::valid_from`].
    pub valid_from_48: [u8; 6],
    /// Until when it holds: signed 48-bit milliseconds; see [`Self::valid_to`].
    pub valid_to_48: [u8; 6],
    /// How much it counts; 1.0 unless said otherwise.
    pub weight: F32,
    /// How sure it is; 1.0 unless said otherwise.
    pub confidence: F32,
    /// Code of the [`AssociationKind`].
    pub kind_code: U16,
    /// See [`AssociationFlags`].
    pub flags: U16,
}

/// Bits of [`AssociationRecord::flags`].
#[derive(Clone, Copy, Debug)]
pub struct AssociationFlags;

impl AssociationFlags {
    /// The association is deleted.
    pub const TOMBSTONE: u16 = 1;
    /// The concept [`ConceptId::of_fact`] carries text, attributes or a vector for it.
    pub const HAS_FACT: u16 = 1 << 1;
    /// All bits that version 1 knows.
    pub const ALL: u16 = (1 << 2) - 1;
}

impl AssociationRecord {
    /// Bytes of a record.
    pub const BYTES: usize = size_of::<Self>();

    /// An association of weight 1.0 that has always held and holds still.
    pub fn new(
        source: ConceptId,
        target: ConceptId,
        kind: AssociationKind,
        confidence: f32,
    ) -> Self {
        Self {
            source,
            target,
            seq: U64::ZERO,
            valid_from_48: pack_48(OPEN_START),
            valid_to_48: pack_48(OPEN_END),
            weight: F32::new(1.0),
            confidence: F32::new(confidence),
            kind_code: U16::new(kind.code()),
            flags: U16::ZERO,
        }
    }

    /// A record that deletes the association.
    pub fn tombstone(source: ConceptId, target: ConceptId, kind: AssociationKind) -> Self {
        let mut record = Self::new(source, target, kind, 1.0);
        record.flags = U16::new(AssociationFlags::TOMBSTONE);
        record
    }

    /// What it says.
    pub fn kind(&self) -> AssociationKind {
        AssociationKind::from_code(self.kind_code.get())
    }

    /// Since when it holds, in milliseconds; [`OPEN_START`] for always.
    pub fn valid_from(&self) -> i64 {
        unpack_48(self.valid_from_48)
    }

    /// Until when it holds, in milliseconds, itself excluded; [`OPEN_END`] for no end.
    pub fn valid_to(&self) -> i64 {
        unpack_48(self.valid_to_48)
    }

    /// Whether it holds at this time, in milliseconds: from its start on, before its end.
    pub fn holds_at(&self, time: i64) -> bool {
        holds_at(self.valid_from(), self.valid_to(), time)
    }

    /// Whether any of `flags` is set.
    pub fn has(&self, flags: u16) -> bool {
        self.flags.get() & flags != 0
    }

    /// Whether the record deletes its association.
    pub fn is_tombstone(&self) -> bool {
        self.has(AssociationFlags::TOMBSTONE)
    }

    /// The concept that carries its text, attributes and vector, if it has any.
    pub fn fact_id(&self) -> Option<ConceptId> {
        self.has(AssociationFlags::HAS_FACT)
            .then(|| ConceptId::of_fact(self.source, self.kind(), self.target))
    }
}

layout!(AssociationRecord: 64 {
    source: 0, target: 16, seq: 32, valid_from_48: 40, valid_to_48: 46, weight: 52,
    confidence: 56, kind_code: 60, flags: 62,
});
