//! From a manifest to the bytes of its file and back: the checksum around the JSON.
//!
//! Order of reading: length, checksum, version, fields, rules. Nothing is believed before the
//! step that proves it, and nothing is allocated beyond a small multiple of the file's length.

use serde::Deserialize;
use sutra_format::FormatError;
use sutra_format::checksum::{PLAIN_SEED, crc32};

use crate::error::Problem;
use crate::manifest::Manifest;
use crate::strict::Object;
use crate::wire::{ManifestFields, VersionField};

const CHECKSUM_LINE: &str = "  \"checksum\": \"";
const CHECKSUM_DIGITS: usize = 8;
const END: &str = "\"\n}\n";
const TAIL_BYTES: usize = CHECKSUM_LINE.len() + CHECKSUM_DIGITS + END.len();

impl Manifest {
    /// The longest file in bytes: more than 100,000 segments. Longer ones are neither written
    /// nor read.
    pub const BYTES_MAX: usize = 64 << 20;

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Problem> {
        self.check()?;
        let fields = ManifestFields::from(self);
        let mut bytes =
            serde_json::to_vec_pretty(&fields).map_err(|error| Problem::json(&error))?;
        bytes.truncate(bytes.len() - "\n}".len());
        bytes.extend_from_slice(b",\n");
        let sum = crc32(PLAIN_SEED, &bytes);
        bytes.extend_from_slice(tail(sum).as_bytes());
        check_length(bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Reads the bytes of a file: any bytes at all give a manifest or say what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        check_length(bytes.len() as u64)?;
        check_sum(bytes)?;
        let VersionField { version } = parse(bytes)?;
        if version > Self::VERSION {
            return Err(Problem::Format(FormatError::UnknownVersion { version }));
        }
        if version < Self::VERSION {
            return Err(Problem::invalid("version", "there is no such version"));
        }
        let manifest = Self::try_from(parse::<ManifestFields>(bytes)?)?;
        manifest.check()?;
        Ok(manifest)
    }
}

/// Refuses what is too long to be read or written.
pub(crate) fn check_length(length: u64) -> Result<(), Problem> {
    if length > Manifest::BYTES_MAX as u64 {
        return Err(Problem::TooLong { length });
    }
    Ok(())
}

fn check_sum(bytes: &[u8]) -> Result<(), Problem> {
    let (body, end) = bytes
        .len()
        .checked_sub(TAIL_BYTES)
        .and_then(|at| bytes.split_at_checked(at))
        .ok_or(Problem::NoChecksum)?;
    let stored = stored_sum(end).ok_or(Problem::NoChecksum)?;
    let computed = crc32(PLAIN_SEED, body);
    if stored != computed {
        let part = "manifest";
        return Err(Problem::Format(FormatError::Checksum { offset: 0, part, stored, computed }));
    }
    Ok(())
}

/// The sum that the last bytes of a file state, if they are in the one form that they can have.
fn stored_sum(end: &[u8]) -> Option<u32> {
    let digits = end.strip_prefix(CHECKSUM_LINE.as_bytes())?.strip_suffix(END.as_bytes())?;
    let sum = u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    (tail(sum).as_bytes() == end).then_some(sum)
}

fn tail(sum: u32) -> String {
    format!("{CHECKSUM_LINE}{sum:0CHECKSUM_DIGITS$x}{END}")
}

fn parse<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Problem> {
    match serde_json::from_slice::<Object<T>>(bytes) {
        Ok(Object(value)) => Ok(value),
        Err(error) => Err(Problem::json(&error)),
    }
}
