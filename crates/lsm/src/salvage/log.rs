//! The journals of a damaged store: what comes before the first damage.

use std::sync::Arc;

use sutra_format::journal::{FRAME_ALIGNMENT, FrameHeader, FrameKind};
use sutra_fs::{Dir, File};
use sutra_manifest::Manifest;
use zerocopy::FromBytes;

use super::report::{Loss, Lost};
use crate::error::{LsmError, Result};
use crate::journal::{self, End, Identity, ReplayedFrame};
use crate::memtable::Memtable;
use crate::recovery::{apply, has_room};
use crate::tree::JournalStart;

/// Bytes of memory that one memtable may take.
const MEMTABLE_BYTES: u64 = 64 << 20;

/// What the journals had, oldest first.
pub(super) struct Log<'a, D> {
    dir: &'a D,
    manifest: &'a Manifest,
    pub(super) memtables: Vec<Arc<Memtable>>,
    /// The sequence number of the next record.
    pub(super) next_seq: u64,
}

impl<'a, D: Dir> Log<'a, D> {
    /// Reads the journals from the first of `starts` on, each one naming the next. Records before
    /// `next_seq` are in segments already.
    pub(super) fn read(
        dir: &'a D,
        manifest: &'a Manifest,
        starts: &[JournalStart],
        next_seq: u64,
        losses: &mut Vec<Loss>,
    ) -> Self {
        let mut log = Self { dir, manifest, memtables: Vec::new(), next_seq };
        let mut done = 0;
        for start in starts {
            let mut next = (start.journal_id >= done).then_some(*start);
            while let Some(start) = next {
                done = start.journal_id + 1;
                match log.read_one(start) {
                    Ok(follows) => next = follows,
                    Err(error) => {
                        losses.push(log.loss(start.journal_id, &error));
                        return log;
                    }
                }
            }
        }
        log
    }

    /// Reads one; gives the one that it leads to.
    fn read_one(&mut self, start: JournalStart) -> Result<Option<JournalStart>> {
        let identity = self.identity(start);
        let dir = self.dir;
        let replayed = journal::replay(dir, &identity, |frame| self.take(&identity, frame));
        let replayed = match replayed {
            // Nothing was taken yet. What the first page says is known.
            Err(LsmError::Journal(error)) if error.is_of_header() => {
                journal::replay_without_header(dir, &identity, |f| self.take(&identity, f))
                    .map_err(|other| if other.offset() == Some(0) { error.into() } else { other })?
            }
            other => other?,
        };
        Ok(match replayed.end {
            End::Sealed { next_journal } if next_journal > start.journal_id => {
                Some(JournalStart { journal_id: next_journal, first_seq: replayed.next_seq })
            }
            _ => None,
        })
    }

    fn identity(&self, start: JournalStart) -> Identity {
        Identity {
            journal_id: start.journal_id,
            store_id: self.manifest.store_id,
            hash_seed: self.manifest.hash_seed,
            first_seq: start.first_seq,
        }
    }

    fn take(&mut self, identity: &Identity, frame: ReplayedFrame) -> Result<()> {
        let next = frame.first_seq + frame.body.record_count();
        if next <= self.next_seq {
            return Ok(());
        }
        if frame.first_seq != self.next_seq {
            return Err(LsmError::Inconsistent {
                path: self.dir.path(&identity.name()),
                reason: format!(
                    "begins with record {} where {} must follow",
                    frame.first_seq, self.next_seq
                ),
            });
        }
        let has_room = self.memtables.last().is_some_and(|last| has_room(last, &frame.body));
        if !has_room {
            let memtable = Memtable::new(self.manifest.hash_seed, MEMTABLE_BYTES);
            self.memtables.push(Arc::new(memtable));
        }
        let memtable = self.memtables.last().expect("one was made");
        apply(memtable, frame);
        self.next_seq = next;
        Ok(())
    }

    fn loss(&self, journal_id: u32, error: &LsmError) -> Loss {
        let identity = self.identity(JournalStart { journal_id, first_seq: 0 });
        let offset = error.offset();
        let seen = self.count_frames(&identity, offset.unwrap_or(0)).unwrap_or(0);
        let what = Lost::Commits { reason: error.to_string(), seen };
        Loss { path: self.dir.path(&identity.name()), offset, what }
    }

    /// How many commits begin at or behind an offset, whole or not.
    fn count_frames(&self, identity: &Identity, from: u64) -> Result<u64> {
        let file = self.dir.open(&identity.name())?;
        let length = file.length()?;
        let from = from.next_multiple_of(FRAME_ALIGNMENT).min(length);
        let mut bytes = vec![0; usize::try_from(length - from).unwrap_or(0)];
        file.read_at(from, &mut bytes)?;
        let is_commit = |at: &usize| {
            let header = FrameHeader::ref_from_prefix(&bytes[*at..]);
            header.is_ok_and(|(header, _)| {
                header.kind.get() == FrameKind::Commit as u16
                    && header.holds(identity.hash_seed, identity.journal_id, from + *at as u64)
            })
        };
        let places = (0..bytes.len()).step_by(FRAME_ALIGNMENT as usize);
        Ok(places.filter(is_commit).count() as u64)
    }
}
