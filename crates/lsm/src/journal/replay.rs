//! [`replay`]: gives back the commits of a journal, or says where it is damaged.
//!
//! The log ends at the first place where no frame stands that follows the one before. If any
//! frame, before or behind, says that this place was synced, the file is damaged; otherwise it is
//! the end that a power cut left (J-1). Memory is bounded by one frame, time by the length.

use std::path::{Path, PathBuf};

use sutra_format::FormatError;
use sutra_format::checksum::{PLAIN_SEED, crc32};
use sutra_format::journal::{FRAME_ALIGNMENT, FRAMES_START, FrameHeader, FrameKind, JournalHeader};
use sutra_fs::{Dir, File};
use zerocopy::FromBytes;

use super::body::CommitBody;
use super::chunks::Chunks;
use super::error::{Damage, JournalError, NoFrame};
use super::leftover::{Leftover, look_behind};
use super::name::Identity;
use crate::planted::{self, Bug};

/// One commit, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayedFrame {
    /// The sequence number of its first record.
    pub first_seq: u64,
    /// When it was committed, in milliseconds.
    pub commit_time: u64,
    /// What was committed.
    pub body: CommitBody,
    /// Where its frame starts.
    pub offset: u64,
}

/// How a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing lies behind the last frame.
    Clean,
    /// Something that was not durable yet lies behind the last frame. It was never acknowledged
    /// as durable, and is left out.
    Torn(Leftover),
    /// The log goes on in another journal. A journal that another one with commits follows ends
    /// like this, or has lost its end.
    Sealed {
        /// That journal.
        next_journal: u32,
    },
}

/// What a replay read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// How the log ends.
    pub end: End,
    /// The sequence number that the next record would have had.
    pub next_seq: u64,
    /// Commits.
    pub commits: u64,
    /// Where the log ends.
    pub offset: u64,
}

/// What [`verify`] read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The commits and the end.
    pub replayed: Replayed,
    /// What lies behind the end, also behind a seal.
    pub leftover: Option<Leftover>,
}

/// Gives every commit of the journal to `each`, in order.
///
/// An error may come after commits were given: what was done with them is to be dropped then.
pub fn replay<D: Dir, E: From<JournalError>>(
    dir: &D,
    identity: &Identity,
    each: impl FnMut(ReplayedFrame) -> Result<(), E>,
) -> Result<Replayed, E> {
    let file = open(dir, identity)?;
    let mut walk = Walk::new(&file, *identity, dir.path(&identity.name()))?;
    walk.run(each)?;
    Ok(walk.end()?)
}

/// Reads all of the journal and says what lies behind its end.
pub fn verify<D: Dir>(dir: &D, identity: &Identity) -> Result<Verified, JournalError> {
    let file = open(dir, identity)?;
    let mut walk = Walk::new(&file, *identity, dir.path(&identity.name()))?;
    walk.run(|_| Ok::<(), JournalError>(()))?;
    let leftover = walk.look_behind()?;
    Ok(Verified { replayed: walk.replayed(leftover), leftover })
}

/// Where a check of a journal goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) previous_crc: u32,
    pub(crate) next_seq: u64,
}

/// What [`check_part`] did.
pub(crate) struct PartChecked {
    /// Bytes that were read.
    pub(crate) bytes: u64,
    /// Where to go on; none if that was all.
    pub(crate) rest: Option<Place>,
}

/// Checks the frames from `from` on, or from the first, up to the offset `upto`, before which all
/// is durable: about `most` bytes of them, but at least one frame. Others may write behind it.
pub(crate) fn check_part<D: Dir>(
    dir: &D,
    identity: &Identity,
    from: Option<Place>,
    upto: u64,
    most: u64,
) -> Result<PartChecked, JournalError> {
    let file = open(dir, identity)?;
    let chunk_bytes = usize::try_from(most).unwrap_or(usize::MAX).max(FRAMES_START as usize);
    let chunks = Chunks::of(&file, chunk_bytes)?;
    let path = dir.path(&identity.name());
    let mut walk = match from {
        Some(from) => Walk::from(chunks, *identity, path, from),
        None => Walk::over(chunks, *identity, path)?,
    };
    while walk.offset < upto {
        match walk.step()? {
            Step::Commit { header, end, .. } => walk.pass(&header, end),
            Step::End { why: NoFrame::Sealed, .. } => break,
            Step::End { why, .. } => {
                return Err(walk.corrupt(Damage::Lost { what: why, synced_upto: upto }));
            }
        }
        let is_enough = walk.chunks.read() >= most;
        if is_enough {
            walk.chunks.read_little();
        }
        if walk.offset < upto && is_enough && !walk.chunks.holds(walk.offset, FrameHeader::BYTES) {
            let Walk { offset, previous_crc, next_seq, .. } = walk;
            let rest = Some(Place { offset, previous_crc, next_seq });
            return Ok(PartChecked { bytes: walk.chunks.read(), rest });
        }
    }
    Ok(PartChecked { bytes: walk.chunks.read(), rest: None })
}

fn open<D: Dir>(dir: &D, identity: &Identity) -> Result<D::File, JournalError> {
    Ok(dir.open(&identity.name())?)
}

/// Where a walk over the frames has got to.
pub(super) struct Walk<'a, F> {
    chunks: Chunks<'a, F>,
    identity: Identity,
    path: PathBuf,
    offset: u64,
    previous_crc: u32,
    next_seq: u64,
    commits: u64,
    /// Why the log ends at `offset`, once it does.
    ended_by: NoFrame,
    /// Where to look for what is left behind the end.
    behind: u64,
    next_journal: Option<u32>,
}

/// What stands at one place.
enum Step {
    Commit { header: FrameHeader, body: CommitBody, end: u64 },
    End { why: NoFrame, behind: u64 },
}

impl<'a, F: File> Walk<'a, F> {
    /// Reads the header page.
    fn new(file: &'a F, identity: Identity, path: PathBuf) -> Result<Self, JournalError> {
        Self::over(Chunks::new(file)?, identity, path)
    }

    fn over(
        mut chunks: Chunks<'a, F>,
        identity: Identity,
        path: PathBuf,
    ) -> Result<Self, JournalError> {
        let previous_crc = read_header_page(&mut chunks, &identity, &path)?;
        let next_seq = identity.first_seq;
        let start = Place { offset: FRAMES_START, previous_crc, next_seq };
        Ok(Self::from(chunks, identity, path, start))
    }

    pub(super) fn from(
        chunks: Chunks<'a, F>,
        identity: Identity,
        path: PathBuf,
        place: Place,
    ) -> Self {
        let Place { offset, previous_crc, next_seq } = place;
        Self {
            chunks,
            identity,
            path,
            offset,
            previous_crc,
            next_seq,
            commits: 0,
            ended_by: NoFrame::Header,
            behind: FRAMES_START,
            next_journal: None,
        }
    }

    /// Walks up to the end.
    pub(super) fn run<E: From<JournalError>>(
        &mut self,
        mut each: impl FnMut(ReplayedFrame) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            match self.step()? {
                Step::Commit { header, body, end } => {
                    let first_seq = self.next_seq;
                    let commit_time = header.commit_time.get();
                    each(ReplayedFrame { first_seq, commit_time, body, offset: self.offset })?;
                    self.pass(&header, end);
                }
                Step::End { why, behind } => {
                    (self.ended_by, self.behind) = (why, behind);
                    return Ok(());
                }
            }
        }
    }

    /// Goes on behind a commit.
    fn pass(&mut self, header: &FrameHeader, end: u64) {
        self.offset = end;
        self.previous_crc = header.header_crc.get();
        self.next_seq += header.record_count(); // Checked not to overflow.
        self.commits += 1;
    }

    /// How the log ends, once it was walked to its end.
    pub(super) fn end(&mut self) -> Result<Replayed, JournalError> {
        // Nothing is written behind a seal, and what happens to it later loses nothing.
        let leftover = if self.next_journal.is_none() { self.look_behind()? } else { None };
        Ok(self.replayed(leftover))
    }

    /// Reads what stands at `offset`. An error is what no power cut leaves.
    fn step(&mut self) -> Result<Step, JournalError> {
        let offset = self.offset;
        let body_start = self.room(offset)?;
        let bytes = self.chunks.bytes(offset, FrameHeader::BYTES)?;
        let header = *FrameHeader::ref_from_bytes(bytes).expect("as long as a frame header");
        let Identity { hash_seed, journal_id, .. } = self.identity;
        if !header.holds(hash_seed, journal_id, offset) {
            return Ok(Step::End { why: NoFrame::Header, behind: offset });
        }
        if header.previous_crc.get() != self.previous_crc {
            return Ok(Step::End { why: NoFrame::Chain, behind: offset });
        }
        header.check(journal_id, offset).map_err(|error| self.corrupt(Damage::Frame(error)))?;
        let (found, expected) = (header.first_seq.get(), self.next_seq);
        if found != expected {
            return Err(self.corrupt(Damage::Sequence { found, expected }));
        }
        match FrameKind::from_code(header.kind.get()) {
            Some(FrameKind::Commit) => self.commit(header),
            Some(FrameKind::Sealed) => {
                self.next_journal = Some(header.next_journal.get());
                Ok(Step::End { why: NoFrame::Sealed, behind: body_start })
            }
            Some(FrameKind::Mark) | None => {
                Ok(Step::End { why: NoFrame::Mark, behind: body_start })
            }
        }
    }

    /// Reads the body behind a header that was checked.
    fn commit(&mut self, header: FrameHeader) -> Result<Step, JournalError> {
        let length = header.body_bytes().expect("checked with the header");
        let padded = length.next_multiple_of(FRAME_ALIGNMENT as usize);
        let start = self.offset + FrameHeader::BYTES as u64;
        let end = start + padded as u64;
        self.room(end)?;
        let (body, padding) = self.chunks.bytes(start, padded)?.split_at(length);
        let (stored, computed) = (header.body_crc.get(), crc32(PLAIN_SEED, body));
        if stored != computed && planted::is(Bug::HoleSkipped) {
            return Ok(Step::Commit { header, body: CommitBody::default(), end });
        }
        if stored != computed && !planted::is(Bug::BodySumUnchecked) {
            return Ok(Step::End { why: NoFrame::Body { stored, computed }, behind: self.offset });
        }
        if padding.iter().any(|byte| *byte != 0) {
            return Ok(Step::End { why: NoFrame::Padding, behind: self.offset });
        }
        let body = CommitBody::decode(&header, body);
        let body = body.map_err(|error| self.corrupt(Damage::Body(error)))?;
        Ok(Step::Commit { header, body, end })
    }

    /// The end of the header that has room at `offset` (J-2), be it there or not.
    fn room(&self, offset: u64) -> Result<u64, JournalError> {
        let (end, length) = (offset + FrameHeader::BYTES as u64, self.chunks.length());
        if end > length {
            return Err(self.corrupt(Damage::Cut { length }));
        }
        Ok(end)
    }

    /// Looks at what lies behind the end, and whether it proves that more was synced.
    fn look_behind(&mut self) -> Result<Option<Leftover>, JournalError> {
        let behind = look_behind(&mut self.chunks, &self.identity, self.behind)?;
        let synced_upto = behind.synced_upto;
        if synced_upto > self.offset && !planted::is(Bug::LossUnnoticed) {
            return Err(self.corrupt(Damage::Lost { what: self.ended_by, synced_upto }));
        }
        Ok(behind.leftover)
    }

    fn replayed(&self, leftover: Option<Leftover>) -> Replayed {
        let end = match (self.next_journal, leftover) {
            (Some(next_journal), _) => End::Sealed { next_journal },
            (None, Some(leftover)) => End::Torn(leftover),
            (None, None) => End::Clean,
        };
        Replayed { end, next_seq: self.next_seq, commits: self.commits, offset: self.offset }
    }

    fn corrupt(&self, damage: Damage) -> JournalError {
        JournalError::Corrupt { path: self.path.clone(), offset: self.offset, damage }
    }
}

/// Checks the first page; gives the sum that the first frame names.
fn read_header_page<F: File>(
    chunks: &mut Chunks<'_, F>,
    identity: &Identity,
    path: &Path,
) -> Result<u32, JournalError> {
    let corrupt = |damage| JournalError::Corrupt { path: path.to_path_buf(), offset: 0, damage };
    let length = chunks.length();
    if length < FRAMES_START {
        return Err(corrupt(Damage::Cut { length }));
    }
    let page = chunks.bytes(0, FRAMES_START as usize)?;
    let header = JournalHeader::decode(page).map_err(|error| corrupt(Damage::Header(error)))?;
    identity.check(header).map_err(corrupt)?;
    if let Some(at) = page[JournalHeader::BYTES..].iter().position(|byte| *byte != 0) {
        let offset = (JournalHeader::BYTES + at) as u64;
        let reason = "bytes behind the header are not zero";
        return Err(corrupt(Damage::Header(FormatError::Invalid { offset, reason })));
    }
    Ok(header.header_crc.get())
}
