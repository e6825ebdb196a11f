//! Zeros ahead of the tail: [`Filler`] and what it shares with the writer.
//!
//! A sync of bytes that lie in blocks which are on disk already is several times as fast as one
//! that makes the file longer; and a full disk shows here, before a commit is half written. But
//! written zeros double what the disk has to take. So where much is written between two syncs the
//! file is made longer by a hole instead, which reads as zeros and costs one sync for 16 MiB. Once
//! little is written between two syncs again, what is left of the hole is filled like new room.
//!
//! Invariants:
//! * The bytes from the tail to the end of the file are zero, durably, or being written by the
//!   writer; the writer stays below `filled`, and zeros go only behind it, so nobody overwrites a
//!   frame.
//! * Whoever moves `filled` holds `growing`. Beyond the end of the file it moves only once the
//!   longer file is durable. Only the writer moves it back, to behind what it is about to write.
//! * A sync may swallow the error of another one that runs at the same time, since the system
//!   tells it only once. So every sync waits for those it overlaps, and fails if any ever failed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sutra_format::journal::FRAMES_START;
use sutra_fs::{File, FsError, Operation};

use super::error::JournalError;
use crate::sync::{AtomicBool, AtomicU64, Mutex, RwLock};

/// Bytes that are filled at once: so short that the sync of a commit hardly waits for it.
pub(crate) const FILL_BYTES: u64 = 512 << 10;
/// Zeros ahead of the tail of a young journal.
const AHEAD_BYTES_MIN: u64 = 256 << 10;
/// Zeros ahead of the tail of a long one.
const AHEAD_BYTES_MAX: u64 = 8 << 20;
/// What is written between two syncs, above which zeros do not pay.
const UNSYNCED_BYTES_MAX: u64 = 256 << 10;
/// How long a hole is, if the capacity allows: a longer one is longer to look through at replay.
const HOLE_BYTES: u64 = 16 << 20;

/// Up to where a new journal is zero: with one page for frames at least, beyond that within
/// `capacity`.
pub(crate) fn filled_at_first(capacity: u64) -> u64 {
    let capacity = capacity.saturating_add(FRAMES_START - 1) / FRAMES_START * FRAMES_START;
    capacity.clamp(2 * FRAMES_START, FRAMES_START + AHEAD_BYTES_MIN)
}

/// How long the file is.
struct Extent {
    /// Where it ends, durably.
    end: u64,
    /// Whether a part of it that the writer was given is a hole.
    is_hollow: bool,
}

/// What writer and filler share.
pub(crate) struct Ahead<F> {
    pub(crate) file: F,
    pub(crate) path: PathBuf,
    capacity: u64,
    /// Where the next frame goes, as the writer last said.
    tail: AtomicU64,
    /// The writer may write up to here.
    filled: AtomicU64,
    growing: Mutex<Extent>,
    /// Whether little is written between two syncs.
    zeros_pay: AtomicBool,
    /// Shared by the syncs that are under way.
    syncing: RwLock<()>,
    sync_failed: AtomicBool,
}

impl<F: File> Ahead<F> {
    /// For a file that is durable and zero from the first frame on up to `filled`.
    pub(crate) fn new(file: F, path: PathBuf, filled: u64, capacity: u64) -> Self {
        Self {
            file,
            path,
            capacity,
            tail: AtomicU64::new(FRAMES_START),
            filled: AtomicU64::new(filled),
            growing: Mutex::new(Extent { end: filled, is_hollow: false }),
            zeros_pay: AtomicBool::new(true),
            syncing: RwLock::new(()),
            sync_failed: AtomicBool::new(false),
        }
    }

    /// Says where the next frame goes.
    pub(crate) fn advance(&self, tail: u64) {
        self.tail.store(tail, Ordering::Release);
    }

    /// Returns once every byte before `end` may be written to; `unsynced` of them will not be
    /// durable then. For the writer, which is about to write what ends there.
    pub(crate) fn reserve(&self, end: u64, unsynced: u64) -> Result<(), JournalError> {
        let zeros_pay = unsynced <= UNSYNCED_BYTES_MAX;
        let paid_before = self.zeros_pay.swap(zeros_pay, Ordering::Relaxed);
        if end <= self.filled.load(Ordering::Acquire) && zeros_pay == paid_before {
            return Ok(());
        }
        let mut extent = self.growing.lock();
        if zeros_pay && extent.is_hollow {
            self.fill_hole(&mut extent, end);
        }
        let filled = self.filled.load(Ordering::Acquire);
        if end <= filled {
            return Ok(()); // The filler was at it.
        }
        let step = if zeros_pay { FILL_BYTES } else { HOLE_BYTES };
        let generous = end.max(filled.saturating_add(step).min(self.capacity));
        let mut grow = |to| match zeros_pay {
            true => self.fill(&mut extent, filled, to),
            false => self.stretch(&mut extent, to),
        };
        match grow(generous) {
            Err(error) if generous > end && !error.is_failed_sync() => grow(end),
            other => other,
        }
    }

    /// Puts zeros into what is left of a hole behind `end`: some now, which the next sync makes
    /// durable together with the frame, the rest when the filler comes there.
    fn fill_hole(&self, extent: &mut Extent, end: u64) {
        extent.is_hollow = false;
        let filled = self.filled.load(Ordering::Acquire);
        let to = end.saturating_add(AHEAD_BYTES_MIN).min(filled);
        if to <= end {
            return;
        }
        // Without room for them the hole stays one there, and reads as zeros all the same.
        let _ = write_zeros(&self.file, end, to);
        self.filled.store(to, Ordering::Release);
    }

    /// Makes every byte durable that was written before the call.
    pub(crate) fn sync(&self) -> Result<(), JournalError> {
        let own = {
            let _syncing = self.syncing.read();
            let own = self.file.sync();
            if own.is_err() {
                self.sync_failed.store(true, Ordering::Release);
            }
            own
        };
        own?;
        drop(self.syncing.write()); // Those that overlap may have been told of our bytes.
        self.writable()
    }

    /// Fails after any sync failed.
    pub(crate) fn writable(&self) -> Result<(), JournalError> {
        if !self.sync_failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let earlier = io::Error::other("an earlier sync of this file failed");
        Err(FsError::new(Operation::Sync, &self.path, earlier).into())
    }

    /// Writes zeros from `from`, which is where `filled` is, to `to`, durably.
    fn fill(&self, extent: &mut Extent, from: u64, to: u64) -> Result<(), JournalError> {
        self.writable()?;
        write_zeros(&self.file, from, to)?;
        self.sync()?;
        extent.end = extent.end.max(to);
        self.filled.store(to, Ordering::Release);
        Ok(())
    }

    /// Lets the file reach to `to` at least, durably, by a hole.
    fn stretch(&self, extent: &mut Extent, to: u64) -> Result<(), JournalError> {
        self.writable()?;
        if extent.end < to {
            write_zeros(&self.file, to - 1, to)?;
            self.sync()?;
            extent.end = to;
        }
        extent.is_hollow = true;
        self.filled.store(to, Ordering::Release);
        Ok(())
    }

    /// Up to where it should be zero: as far ahead as has been written, within bounds.
    fn wanted(&self) -> u64 {
        let tail = self.tail.load(Ordering::Acquire);
        (tail + ahead_of(tail)).next_multiple_of(FRAMES_START).min(self.capacity)
    }

    /// Whether half of the zeros are used up: fewer would cost a sync for every few commits.
    fn runs_out(&self) -> bool {
        let tail = self.tail.load(Ordering::Acquire);
        let enough = (tail + ahead_of(tail) / 2).min(self.capacity);
        self.filled.load(Ordering::Acquire) < enough
    }
}

fn ahead_of(tail: u64) -> u64 {
    (tail - FRAMES_START).clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX)
}

/// Writes zeros in pieces of bounded size.
pub(crate) fn write_zeros<F: File>(file: &F, from: u64, to: u64) -> Result<(), FsError> {
    static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
    let mut offset = from;
    while offset < to {
        let piece = (to - offset).min(ZEROS.len() as u64);
        file.write_at(offset, &ZEROS[..usize::try_from(piece).unwrap_or(ZEROS.len())])?;
        offset += piece;
    }
    Ok(())
}

/// Writes zeros ahead of the writer, from another thread. All clones fill the same journal; it
/// lives on when the writer is gone, and has nothing to do then.
pub struct Filler<F>(Arc<Ahead<F>>);

impl<F: File> Filler<F> {
    pub(crate) fn new(ahead: Arc<Ahead<F>>) -> Self {
        Self(ahead)
    }

    /// Whether half of the zeros ahead of the tail are used up. Not while more than 256 KiB are
    /// written between two syncs: zeros would cost more than they save.
    pub fn needs_fill(&self) -> bool {
        self.0.zeros_pay.load(Ordering::Relaxed) && self.0.runs_out()
    }

    /// Writes and syncs at most 512 KiB of zeros, and says how many: none if no more are needed.
    ///
    /// Out of space, nothing is lost; the next commits may still fit. After a failed sync
    /// ([`JournalError::is_failed_sync`]) the writer fails too, for good.
    pub fn fill_step(&self) -> Result<u64, JournalError> {
        let mut extent = self.0.growing.lock();
        if !self.needs_fill() {
            return Ok(0);
        }
        let filled = self.0.filled.load(Ordering::Acquire);
        let to = self.0.wanted().min(filled + FILL_BYTES);
        self.0.fill(&mut extent, filled, to)?;
        Ok(to - filled)
    }
}

impl<F> Clone for Filler<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
