//! [`JournalWriter`]: appends the commits of a group in one write.

use std::sync::Arc;

use sutra_format::checksum::PLAIN_SEED;
use sutra_format::journal::{FRAME_ALIGNMENT, FRAMES_START, FrameHeader, FrameKind};
use sutra_fs::{Dir, File, Staged};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32, U64};

use super::ahead::{Ahead, Filler, filled_at_first, write_zeros};
use super::body::SummedBody;
use super::error::JournalError;
use super::name::Identity;
use crate::planted::{self, Bug};

/// What the buffer keeps between groups, in bytes; a larger group gives back what it took.
const BUFFER_BYTES_KEPT: usize = 1 << 20;
/// Room that always remains behind the tail, in zeros: for a mark or a seal.
const ROOM_BYTES: u64 = FrameHeader::BYTES as u64;

/// One commit to be written.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// The sequence number of its first record.
    pub first_seq: u64,
    /// When it is committed, in milliseconds.
    pub commit_time: u64,
    /// What is committed.
    pub body: &'a SummedBody,
}

/// Appends to one journal.
///
/// After a write that failed the tail is where it was, the header at the tail is wiped if the disk
/// lets it, and the next write replaces all that may have been written: its own bytes lie over the
/// first of it, zeros over the rest. Until that write is durable a power cut can leave any mix of
/// the two on disk. Replay finds whole frames of the one or of the other, never of both: the chain
/// of sums holds only where the same write, or an equal one, wrote both frames. So what comes back
/// is a prefix of what was written, or of what had been written when a commit failed, and that one
/// whole. Neither was acknowledged as durable yet, and all that either claims to be synced is true
/// (J-1), so no mix is taken for damage.
pub struct JournalWriter<D: Dir> {
    ahead: Arc<Ahead<D::File>>,
    identity: Identity,
    /// Where the next frame goes.
    tail: u64,
    /// Every byte before it is durable.
    synced: u64,
    next_seq: u64,
    previous_crc: u32,
    /// What lies between the tail and here may be left of writes that failed.
    soiled_upto: u64,
    sealed: bool,
    buffer: Vec<u8>,
}

impl<D: Dir> JournalWriter<D> {
    /// Makes an empty journal, durable under its name. `now` is in milliseconds; zeros are not
    /// written ahead beyond `capacity` bytes, though commits may be.
    pub fn create(
        dir: &D,
        identity: Identity,
        now: u64,
        capacity: u64,
    ) -> Result<Self, JournalError> {
        let name = identity.name();
        let header = identity.header(now);
        let filled = filled_at_first(capacity);
        let staged = Staged::create(dir, &name)?;
        let written = staged
            .file()
            .write_at(0, header.as_bytes())
            .and_then(|()| write_zeros(staged.file(), FrameHeader::BYTES as u64, filled));
        if let Err(error) = written {
            let _ = staged.discard(dir); // The first error is the one that tells.
            return Err(error.into());
        }
        let file = staged.publish(dir)?;
        Ok(Self {
            ahead: Arc::new(Ahead::new(file, dir.path(&name), filled, capacity)),
            identity,
            tail: FRAMES_START,
            synced: FRAMES_START,
            next_seq: identity.first_seq,
            previous_crc: header.header_crc.get(),
            soiled_upto: FRAMES_START,
            sealed: false,
            buffer: Vec::new(),
        })
    }

    /// Appends `commits`, in one write. They are durable after the next sync, and not before.
    ///
    /// After an error nothing was appended: the next commit takes the same sequence numbers.
    ///
    /// # Panics
    /// If the sequence numbers do not go on from [`Self::next_seq`], or the journal is sealed.
    pub fn write(&mut self, commits: &[Commit<'_>]) -> Result<(), JournalError> {
        let mut at = Place { offset: self.tail, crc: self.previous_crc, seq: self.next_seq };
        self.buffer.clear();
        for commit in commits {
            assert!(commit.first_seq == at.seq, "sequence numbers go on without a gap");
            self.encode(commit, &mut at);
        }
        self.put(at.offset)?;
        self.tail = at.offset;
        self.previous_crc = at.crc;
        self.next_seq = at.seq;
        self.ahead.advance(self.tail);
        Ok(())
    }

    /// Makes durable what was written. After an error the journal is not to be used again.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        let synced = self.start_sync().run()?;
        self.finish_sync(synced);
        Ok(())
    }

    /// A sync of what was written so far, to be run while other commits are written.
    pub fn start_sync(&self) -> PendingSync<D::File> {
        let upto = Synced { journal_id: self.identity.journal_id, upto: self.tail };
        PendingSync { ahead: self.ahead.clone(), upto }
    }

    /// Takes note of a sync that returned. One of another journal is ignored.
    pub fn finish_sync(&mut self, synced: Synced) {
        if synced.journal_id == self.identity.journal_id {
            self.synced = self.synced.max(synced.upto);
        }
    }

    /// Writes an idle mark behind the last frame, which says how far the log is durable, so that
    /// damage of the last group is told from a torn write. It need not be synced itself; the next
    /// commit overwrites it.
    pub fn mark(&mut self) -> Result<(), JournalError> {
        self.append_bare(FrameKind::Mark, 0).map(drop)
    }

    /// Syncs, then says durably that the log goes on in `next_journal`. Nothing can be appended
    /// after that. After an error the journal is not to be used again.
    pub fn seal(&mut self, next_journal: u32) -> Result<(), JournalError> {
        self.sync()?;
        let header = self.append_bare(FrameKind::Sealed, next_journal)?;
        self.tail += ROOM_BYTES;
        self.previous_crc = header.header_crc.get();
        self.sealed = true;
        if planted::is(Bug::SealNotSynced) { Ok(()) } else { self.sync() }
    }

    /// Which journal it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The sequence number that the next record gets.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Bytes up to the tail, header page included.
    pub fn length(&self) -> u64 {
        self.tail
    }

    /// Every byte before it is durable.
    pub fn synced_upto(&self) -> u64 {
        self.synced
    }

    /// Whether everything that was written is durable.
    pub fn is_synced(&self) -> bool {
        self.synced == self.tail
    }

    /// What writes zeros ahead, in another thread.
    pub fn filler(&self) -> Filler<D::File> {
        Filler::new(self.ahead.clone())
    }

    fn encode(&mut self, commit: &Commit<'_>, at: &mut Place) {
        let body = commit.body.body();
        let mut header = self.bare(FrameKind::Commit, at);
        header.commit_time = U64::new(commit.commit_time);
        header.concept_count = count(body.concepts.len());
        header.association_count = count(body.associations.len());
        header.payload_length = count(body.payload.len());
        header.body_crc = U32::new(commit.body.sum());
        self.finish_header(&mut header, at.offset);
        self.buffer.extend_from_slice(header.as_bytes());
        for part in body.parts() {
            self.buffer.extend_from_slice(part);
        }
        self.buffer.resize(self.buffer.len().next_multiple_of(FRAME_ALIGNMENT as usize), 0);
        at.offset = self.tail + self.buffer.len() as u64;
        at.crc = header.header_crc.get();
        at.seq += body.record_count();
    }

    /// Writes a frame without a body at the tail, which does not move.
    fn append_bare(
        &mut self,
        kind: FrameKind,
        next_journal: u32,
    ) -> Result<FrameHeader, JournalError> {
        let at = Place { offset: self.tail, crc: self.previous_crc, seq: self.next_seq };
        let mut header = self.bare(kind, &at);
        header.next_journal = U32::new(next_journal);
        self.finish_header(&mut header, at.offset);
        self.buffer.clear();
        self.buffer.extend_from_slice(header.as_bytes());
        self.put(self.tail + ROOM_BYTES)?;
        Ok(header)
    }

    /// A header without a body and without its sum.
    fn bare(&self, kind: FrameKind, at: &Place) -> FrameHeader {
        FrameHeader {
            magic: U32::new(FrameHeader::MAGIC),
            kind: U16::new(kind as u16),
            flags: U16::ZERO,
            first_seq: U64::new(at.seq),
            commit_time: U64::ZERO,
            synced_upto: U64::new(match planted::is(Bug::SyncedTooFar) {
                true => at.offset,
                false => self.synced,
            }),
            concept_count: U32::ZERO,
            association_count: U32::ZERO,
            payload_length: U32::ZERO,
            body_crc: U32::new(PLAIN_SEED), // The sum of no bytes.
            previous_crc: U32::new(at.crc),
            next_journal: U32::ZERO,
            reserved: U32::ZERO,
            header_crc: U32::ZERO,
        }
    }

    fn finish_header(&self, header: &mut FrameHeader, offset: u64) {
        let Identity { hash_seed, journal_id, .. } = self.identity;
        header.header_crc = U32::new(header.sum(hash_seed, journal_id, offset));
    }

    /// Writes the buffer at the tail, and zeros behind it over what failed writes left. `end` is
    /// where the buffer ends in the file.
    fn put(&mut self, end: u64) -> Result<(), JournalError> {
        assert!(!self.sealed, "nothing follows a seal");
        self.ahead.writable()?;
        let end = end.max(self.soiled_upto);
        self.ahead.reserve(end + ROOM_BYTES, end - self.synced)?;
        let length = usize::try_from(end - self.tail).expect("what was in memory once");
        self.buffer.resize(length, 0);
        let written = self.ahead.file.write_at(self.tail, &self.buffer);
        if written.is_ok() {
            self.soiled_upto = self.tail;
        } else {
            self.soiled_upto = end;
            // A commit that failed should not come back. If it does, that is no damage.
            let _ = self.ahead.file.write_at(self.tail, &[0; FrameHeader::BYTES]);
        }
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_BYTES_KEPT);
        Ok(written?)
    }
}

/// Where the next frame goes, the sum of the one before it, and its first sequence number.
struct Place {
    offset: u64,
    crc: u32,
    seq: u64,
}

/// A sync that has not run yet.
pub struct PendingSync<F> {
    ahead: Arc<Ahead<F>>,
    upto: Synced,
}

impl<F: File> PendingSync<F> {
    /// Runs it, without holding the writer up. After an error the journal is not to be used again.
    pub fn run(self) -> Result<Synced, JournalError> {
        self.ahead.sync()?;
        Ok(self.upto)
    }
}

/// How far a journal is durable; for [`JournalWriter::finish_sync`].
#[derive(Clone, Copy, Debug)]
pub struct Synced {
    journal_id: u32,
    upto: u64,
}

fn count(length: usize) -> U32 {
    U32::new(u32::try_from(length).expect("a checked body has at most 32 MiB"))
}
