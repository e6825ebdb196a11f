//! [`Leftover`]: what lies behind the end of the log.
//!
//! Frames that were written and not synced may reach the disk in any order, torn anywhere. So
//! whatever lies behind the end is legal, unless a frame in it proves that the end was synced.

use sutra_format::journal::{FRAME_ALIGNMENT, FrameHeader};
use sutra_fs::{File, FsError};
use zerocopy::FromBytes;

use super::chunks::Chunks;
use super::name::Identity;

/// Bytes behind the end of the log that are not zero: what was written and not durable yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Where the first of them is.
    pub offset: u64,
    /// How many there are up to the last one that is not zero.
    pub bytes: u64,
    /// Frame headers among them that hold, though the log ends before they are reached.
    pub headers: u64,
}

/// What [`look_behind`] found.
#[derive(Default)]
pub(crate) struct Behind {
    pub(crate) leftover: Option<Leftover>,
    /// The most that any frame there says is synced.
    pub(crate) synced_upto: u64,
}

/// Reads the rest of the file from `from` on, a multiple of 8, in time linear in its length.
pub(crate) fn look_behind<F: File>(
    chunks: &mut Chunks<'_, F>,
    identity: &Identity,
    from: u64,
) -> Result<Behind, FsError> {
    const STEP: usize = FRAME_ALIGNMENT as usize;
    let mut behind = Behind::default();
    let mut offset = from;
    while offset < chunks.length() {
        let length = chunks.length();
        let piece = chunks.piece(offset)?;
        let last = offset + piece.len() as u64 == length;
        // A header that the next piece holds whole is looked at there.
        let looked = if last { piece.len() } else { piece.len() - FrameHeader::BYTES + STEP };
        for (index, word) in piece[..looked].chunks(STEP).enumerate() {
            if word.iter().fold(0, |any, byte| any | byte) != 0 {
                let start = index * STEP;
                behind.note(offset + start as u64, word);
                behind.note_header(identity, offset + start as u64, &piece[start..]);
            }
        }
        offset += looked as u64;
    }
    Ok(behind)
}

impl Behind {
    /// Takes note of bytes at `offset` that are not all zero.
    fn note(&mut self, offset: u64, bytes: &[u8]) {
        let first = offset + bytes.iter().take_while(|byte| **byte == 0).count() as u64;
        let trailing = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        let end = offset + (bytes.len() - trailing) as u64;
        let leftover =
            self.leftover.get_or_insert(Leftover { offset: first, bytes: 0, headers: 0 });
        leftover.bytes = end - leftover.offset;
    }

    fn note_header(&mut self, identity: &Identity, offset: u64, bytes: &[u8]) {
        let Ok((header, _)) = FrameHeader::ref_from_prefix(bytes) else { return };
        if !header.holds(identity.hash_seed, identity.journal_id, offset)
            || header.check(identity.journal_id, offset).is_err()
        {
            return;
        }
        self.synced_upto = self.synced_upto.max(header.synced_upto.get());
        if let Some(leftover) = &mut self.leftover {
            leftover.headers += 1;
        }
    }
}
