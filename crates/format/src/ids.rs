//! Names of things: [`ConceptId`] and [`AssociationKind`].

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use sha2::{Digest, Sha256};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The 16 bytes that name a concept.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    FromBytes,
    IntoBytes,
    KnownLayout,
    Immutable,
    Unaligned,
)]
#[repr(transparent)]
pub struct ConceptId([u8; 16]);

const _: () = assert!(size_of::<ConceptId>() == 16 && align_of::<ConceptId>() == 1);

impl ConceptId {
    /// Takes the bytes as they are.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The first 16 bytes of SHA-256 of the key. The same key gives the same id in every store.
    pub fn from_key(key: &str) -> Self {
        Self::first_of(Sha256::new().chain_update(key.as_bytes()))
    }

    /// The id of the concept that carries the text, attributes and vector of an association:
    /// the first 16 bytes of SHA-256 of byte 0xff, the word `fact`, source, kind and target. No
    /// key gives the same id, since no UTF-8 has that byte.
    pub fn of_fact(source: Self, kind: AssociationKind, target: Self) -> Self {
        let hasher = Sha256::new()
            .chain_update(b"\xfffact")
            .chain_update(source.0)
            .chain_update(kind.code().to_le_bytes())
            .chain_update(target.0);
        Self::first_of(hasher)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn first_of(hasher: Sha256) -> Self {
        let digest: [u8; 32] = hasher.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }
}

/// By bytes, the first one first: compared as one number, which is several times as fast.
impl Ord for ConceptId {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        u128::from_be_bytes(self.0).cmp(&u128::from_be_bytes(other.0))
    }
}

impl PartialOrd for ConceptId {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ConceptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ConceptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConceptId({self})")
    }
}

/// A text that is not exactly 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a concept id is exactly 32 hexadecimal digits; for a name use its key")
    }
}

impl core::error::Error for ParseIdError {}

impl FromStr for ConceptId {
    type Err = ParseIdError;

    /// Accepts exactly 32 hexadecimal digits: no padding, no cutting, no guessing.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let digits: &[u8; 32] = text.as_bytes().try_into().map_err(|_| ParseIdError)?;
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(id))
    }
}

fn nibble(digit: u8) -> Result<u8, ParseIdError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(ParseIdError),
    }
}

/// What an association says. Five kinds are built in; further ones are registered by name, and
/// the names live in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssociationKind(u16);

impl AssociationKind {
    /// Related in meaning.
    pub const SEMANTIC: Self = Self(0);
    /// Cause and effect.
    pub const CAUSAL: Self = Self(1);
    /// Before and after.
    pub const TEMPORAL: Self = Self(2);
    /// General and special.
    pub const HIERARCHICAL: Self = Self(3);
    /// Whole and part.
    pub const COMPOSITIONAL: Self = Self(4);

    /// The names of the built-in kinds, in the order of their codes.
    pub const BUILT_IN: [&'static str; 5] =
        ["semantic", "causal", "temporal", "hierarchical", "compositional"];

    /// The kind with this code.
    pub const fn from_code(code: u16) -> Self {
        Self(code)
    }

    /// The number that records hold.
    pub const fn code(self) -> u16 {
        self.0
    }
}
