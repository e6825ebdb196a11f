//! [`FormatError`]: what is wrong with some bytes, and where.

use core::fmt;

/// Why bytes are not what they should be. Offsets are from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes end too early.
    TooShort {
        /// Bytes that are there.
        length: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// Not a file of this kind.
    BadMagic,
    /// Written by a newer Sutra.
    UnknownVersion {
        /// The version that the file states.
        version: u32,
    },
    /// A checksum does not hold.
    Checksum {
        /// Where the summed bytes start.
        offset: u64,
        /// What is summed there.
        part: &'static str,
        /// The sum that is stored.
        stored: u32,
        /// The sum of the bytes.
        computed: u32,
    },
    /// A field has a value that it cannot have.
    Invalid {
        /// Where the field, or what it describes, is.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A section is required for reading, and this version does not know it.
    UnknownSection {
        /// The kind that the section table states.
        kind: u32,
    },
}

impl FormatError {
    /// The same error, of bytes that start at `start` in their file. For what is decoded apart
    /// from its file, such as a record.
    #[must_use]
    pub const fn at(self, start: u64) -> Self {
        match self {
            Self::Checksum { offset, part, stored, computed } => {
                Self::Checksum { offset: offset.saturating_add(start), part, stored, computed }
            }
            Self::Invalid { offset, reason } => {
                Self::Invalid { offset: offset.saturating_add(start), reason }
            }
            other => other,
        }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooShort { length, needed } => {
                write!(f, "{length} bytes where {needed} are needed")
            }
            Self::BadMagic => f.write_str("not a Sutra file of this kind: the first bytes differ"),
            Self::UnknownVersion { version } => {
                write!(f, "format version {version} is not known; a newer Sutra may read it")
            }
            Self::Checksum { offset, part, stored, computed } => write!(
                f,
                "checksum of the {part} at byte {offset} is {computed:#010x}, stored is {stored:#010x}"
            ),
            Self::Invalid { offset, reason } => write!(f, "at byte {offset}: {reason}"),
            Self::UnknownSection { kind } => {
                write!(
                    f,
                    "section of kind {kind} is required and not known; a newer Sutra may read it"
                )
            }
        }
    }
}

impl core::error::Error for FormatError {}

/// An error that says `reason` of the field at `offset`, unless it `holds`.
pub(crate) fn ensure(holds: bool, offset: usize, reason: &'static str) -> Result<(), FormatError> {
    if holds { Ok(()) } else { Err(FormatError::Invalid { offset: offset as u64, reason }) }
}
