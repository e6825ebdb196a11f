//! Journals whose first page is damaged.
//!
//! There is nothing in it but the header, and what that says is known: number, store and seed from
//! the manifest, or from other files, and the sum from the first frame, which names it. The sum of
//! the frame is seeded with store, file and place, and it has to have the first sequence number:
//! so it is the first frame of this journal, and the others follow from it.

use sutra_format::journal::{FRAMES_START, FrameHeader, JournalHeader};
use sutra_fs::{Dir, File, FsError};
use zerocopy::FromBytes;

use super::chunks::Chunks;
use super::error::{Damage, JournalError, NoFrame};
use super::name::Identity;
use super::replay::{Place, Replayed, ReplayedFrame, Walk};

/// The header of the first frame of a journal, if it is whole.
pub(crate) fn first_frame<F: File>(
    file: &F,
    journal_id: u32,
    hash_seed: u64,
) -> Result<Option<FrameHeader>, FsError> {
    let mut bytes = [0; FrameHeader::BYTES];
    if file.length()? < FRAMES_START + bytes.len() as u64 {
        return Ok(None);
    }
    file.read_at(FRAMES_START, &mut bytes)?;
    let header = *FrameHeader::ref_from_bytes(&bytes).expect("as long as a frame header");
    let holds = header.holds(hash_seed, journal_id, FRAMES_START)
        && header.check(journal_id, FRAMES_START).is_ok();
    Ok(holds.then_some(header))
}

/// [`replay`](super::replay), of a journal whose first page is damaged.
pub(crate) fn replay_without_header<D: Dir, E: From<JournalError>>(
    dir: &D,
    identity: &Identity,
    each: impl FnMut(ReplayedFrame) -> Result<(), E>,
) -> Result<Replayed, E> {
    let path = dir.path(&identity.name());
    let damaged = || JournalError::Corrupt {
        path: path.clone(),
        offset: 0,
        damage: Damage::Lost { what: NoFrame::Header, synced_upto: FRAMES_START },
    };
    let file = dir.open(&identity.name()).map_err(JournalError::from)?;
    let mut bytes = [0; JournalHeader::BYTES];
    file.read_at(0, &mut bytes).map_err(JournalError::from)?;
    let header = JournalHeader::ref_from_bytes(&bytes).expect("as long as a journal header");
    let first = first_frame(&file, identity.journal_id, identity.hash_seed);
    let first = first.map_err(JournalError::from)?;
    // One that is refused though its own sum holds is of another kind of journal.
    let is_other =
        header.sum() == header.header_crc.get() && JournalHeader::decode(&bytes).is_err();
    let Some(first) = first.filter(|f| f.first_seq.get() == identity.first_seq && !is_other) else {
        return Err(damaged().into());
    };
    let start = Place {
        offset: FRAMES_START,
        previous_crc: first.previous_crc.get(),
        next_seq: identity.first_seq,
    };
    let chunks = Chunks::new(&file).map_err(JournalError::from)?;
    let mut walk = Walk::from(chunks, *identity, path, start);
    walk.run(each)?;
    walk.end().map_err(E::from)
}
