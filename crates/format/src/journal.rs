//! The journal: a header page, then one frame for each commit.
//!
//! ```text
//! header 64 B, zero to 4,096 | frame | frame | ... | zeros
//! frame = frame header 64 B | concept records | association records | payload | zero to 8
//! ```
//! Frames start on multiples of 8 from byte 4,096 on. The sum of a frame header is seeded with
//! the journal and the offset, and each frame names the sum of the one before it: what stands in
//! another place, or behind another frame, is no frame.
//!
//! Records of a frame carry sequence numbers relative to `first_seq`, and refer to the payload of
//! the frame by offset, with segment 0.

use core::mem::offset_of;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::association::AssociationRecord;
use crate::checksum::{PLAIN_SEED, crc32, frame_seed};
use crate::concept::ConceptRecord;
use crate::error::{FormatError, ensure};
use crate::layout::layout;
use crate::limits::COMMIT_BYTES_MAX;

/// The first eight bytes of a journal.
pub const JOURNAL_MAGIC: [u8; 8] = *b"SUTRAJ\0\0";
/// The version that this crate reads and writes.
pub const JOURNAL_VERSION: u32 = 1;
/// Where the first frame starts.
pub const FRAMES_START: u64 = 4096;
/// Frames start on multiples of this.
pub const FRAME_ALIGNMENT: u64 = 8;

/// The first 64 bytes of a journal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct JournalHeader {
    /// [`JOURNAL_MAGIC`].
    pub magic: [u8; 8],
    /// [`JOURNAL_VERSION`].
    pub version: U32,
    /// Unique in its store, for ever; from the same counter as segment ids.
    pub journal_id: U32,
    /// The store that the file belongs to.
    pub store_id: [u8; 16],
    /// The seed of the store.
    pub hash_seed: U64,
    /// The sequence number that its first record will have.
    pub first_seq: U64,
    /// When the file was created, in milliseconds.
    pub created_at: U64,
    /// Zero.
    pub reserved: U32,
    /// Sum of the bytes before it.
    pub header_crc: U32,
}

impl JournalHeader {
    /// Bytes of the header.
    pub const BYTES: usize = size_of::<Self>();

    /// The header at the start of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<&Self, FormatError> {
        let short =
            FormatError::TooShort { length: bytes.len() as u64, needed: Self::BYTES as u64 };
        let (header, _) = Self::ref_from_prefix(bytes).map_err(|_| short)?;
        if header.magic != JOURNAL_MAGIC {
            return Err(FormatError::BadMagic);
        }
        if header.version.get() != JOURNAL_VERSION {
            return Err(FormatError::UnknownVersion { version: header.version.get() });
        }
        let (stored, computed) = (header.header_crc.get(), header.sum());
        if stored != computed {
            return Err(FormatError::Checksum {
                offset: 0,
                part: "journal header",
                stored,
                computed,
            });
        }
        let field = offset_of!(Self, reserved);
        ensure(header.reserved.get() == 0, field, "reserved bytes are not zero")?;
        Ok(header)
    }

    /// What [`Self::header_crc`] must be.
    pub fn sum(&self) -> u32 {
        crc32(PLAIN_SEED, &self.as_bytes()[..Self::BYTES - 4])
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum FrameKind {
    /// One commit: all of its records or none.
    Commit = 1,
    /// No record; says how far the log is known to be on disk. The next commit overwrites it.
    Mark = 2,
    /// No record; the log goes on in journal `next_journal`.
    Sealed = 3,
}

impl FrameKind {
    /// The kind with this number.
    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            1 => Some(Self::Commit),
            2 => Some(Self::Mark),
            3 => Some(Self::Sealed),
            _ => None,
        }
    }
}

/// The first 64 bytes of a frame.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct FrameHeader {
    /// [`FrameHeader::MAGIC`].
    pub magic: U32,
    /// See [`FrameKind`].
    pub kind: U16,
    /// Zero.
    pub flags: U16,
    /// Sequence number of the first record.
    pub first_seq: U64,
    /// When it was committed, in milliseconds.
    pub commit_time: U64,
    /// Every byte of the file before this offset was on disk when the frame was written.
    pub synced_upto: U64,
    /// Concept records.
    pub concept_count: U32,
    /// Association records.
    pub association_count: U32,
    /// Bytes of payload, without the padding behind it.
    pub payload_length: U32,
    /// Sum of records and payload.
    pub body_crc: U32,
    /// `header_crc` of the frame before; of the first frame: the journal's `header_crc`.
    pub previous_crc: U32,
    /// Of a sealed frame: the journal in which the log goes on.
    pub next_journal: U32,
    /// Zero.
    pub reserved: U32,
    /// Sum of the bytes before it, seeded with journal and offset.
    pub header_crc: U32,
}

impl FrameHeader {
    /// Bytes of the header.
    pub const BYTES: usize = size_of::<Self>();
    /// The first four bytes of a frame.
    pub const MAGIC: u32 = u32::from_le_bytes(*b"FRME");

    /// What [`Self::header_crc`] must be for a frame at `offset` of this journal.
    pub fn sum(&self, hash_seed: u64, journal_id: u32, offset: u64) -> u32 {
        let seed = frame_seed(hash_seed, journal_id, offset);
        crc32(seed, &self.as_bytes()[..Self::BYTES - 4])
    }

    /// Whether the header is whole and stands where it was written. Says nothing of the body.
    pub fn holds(&self, hash_seed: u64, journal_id: u32, offset: u64) -> bool {
        self.magic.get() == Self::MAGIC
            && FrameKind::from_code(self.kind.get()).is_some()
            && self.header_crc.get() == self.sum(hash_seed, journal_id, offset)
    }

    /// Whether every field of a header that [`Self::holds`] has a value that version 1 allows.
    /// `journal_id` and `offset` are where it stands. Offsets in errors count from its start.
    pub fn check(&self, journal_id: u32, offset: u64) -> Result<(), FormatError> {
        let kind = FrameKind::from_code(self.kind.get());
        ensure(kind.is_some(), offset_of!(Self, kind), "unknown kind of frame")?;
        ensure(self.flags.get() == 0, offset_of!(Self, flags), "unknown flag")?;
        ensure(
            self.reserved.get() == 0,
            offset_of!(Self, reserved),
            "reserved bytes are not zero",
        )?;
        let synced = self.synced_upto.get() <= offset;
        ensure(synced, offset_of!(Self, synced_upto), "claims that later bytes were synced")?;
        let body = self.body_bytes();
        ensure(body.is_some(), offset_of!(Self, payload_length), "more than a commit can hold")?;
        let commit = kind == Some(FrameKind::Commit);
        ensure(
            commit || body == Some(0),
            offset_of!(Self, concept_count),
            "body of what is no commit",
        )?;
        let last_seq = self.first_seq.get().checked_add(self.record_count());
        ensure(last_seq.is_some(), offset_of!(Self, first_seq), "sequence numbers overflow")?;
        let next = self.next_journal.get();
        let goes_on = if kind == Some(FrameKind::Sealed) { next > journal_id } else { next == 0 };
        ensure(goes_on, offset_of!(Self, next_journal), "names a journal that cannot follow")
    }

    /// How many records the frame has, and so how many sequence numbers it takes.
    pub fn record_count(&self) -> u64 {
        u64::from(self.concept_count.get()) + u64::from(self.association_count.get())
    }

    /// Bytes of records and payload, or `None` if no commit can have so many.
    pub fn body_bytes(&self) -> Option<usize> {
        let concepts = (self.concept_count.get() as usize).checked_mul(ConceptRecord::BYTES)?;
        let associations =
            (self.association_count.get() as usize).checked_mul(AssociationRecord::BYTES)?;
        let body =
            concepts.checked_add(associations)?.checked_add(self.payload_length.get() as usize)?;
        (body <= COMMIT_BYTES_MAX).then_some(body)
    }

    /// Bytes of the whole frame, padding included, or `None` if no commit can have so many.
    pub fn frame_bytes(&self) -> Option<u64> {
        let body = self.body_bytes()? as u64;
        Some(Self::BYTES as u64 + body.next_multiple_of(FRAME_ALIGNMENT))
    }
}

layout!(JournalHeader: 64 {
    magic: 0, version: 8, journal_id: 12, store_id: 16, hash_seed: 32, first_seq: 40,
    created_at: 48, reserved: 56, header_crc: 60,
});

layout!(FrameHeader: 64 {
    magic: 0, kind: 4, flags: 6, first_seq: 8, commit_time: 16, synced_upto: 24,
    concept_count: 32, association_count: 36, payload_length: 40, body_crc: 44,
    previous_crc: 48, next_journal: 52, reserved: 56, header_crc: 60,
});
