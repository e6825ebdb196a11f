//! The scrub: all pages of all segments, the journals and the manifests are read again, little by
//! little, so that rot is found while there is still a backup without it.
//!
//! It goes through segments by rising id, a few pages at a step, then through the commits of the
//! journals as far as they are durable, then it reads both manifests, and begins again. Steps are
//! taken by the thread that flushes, at a rate in bytes per second, or by the caller. What a step
//! reads too much, because a commit or a manifest is longer, the next ones read less.
//! What the system has in its page cache is checked there: rot on the disk below shows once the
//! system reads the page again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sutra_format::limits::PAGE_BYTES;
use sutra_fs::{Dir, File, Name};
use sutra_manifest::Manifest;

use crate::config::Background;
use crate::error::{LsmError, Result};
use crate::files::SegmentFile;
use crate::journal;
use crate::sync::Mutex;
use crate::tree::{Durable, Inner, LsmTree};
use crate::verify::Damage;

/// Bytes that a background step reads at most: flushing waits for it. Ten of them come in a second.
const STEP_BYTES_MAX: u64 = 4 << 20;

/// Damages that are remembered; a file with more needs no list.
const DAMAGES_MAX: usize = 1000;

/// How far the scrub is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScrubReport {
    /// How often it went through all files since the store was opened.
    pub passes: u64,
    /// Bytes that it read in all.
    pub bytes: u64,
    /// Bytes per second at which it goes on by itself; zero if it does not.
    pub bytes_per_second: u64,
    /// What it found, in files that are still used.
    pub damages: Vec<Damage>,
    /// The last pass that it ended, if there was one.
    pub last_pass: Option<ScrubPass>,
}

/// One pass of the scrub over all files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScrubPass {
    /// When it ended, in milliseconds since the epoch.
    pub ended_at: u64,
    /// Bytes that it read.
    pub bytes: u64,
    /// Damages that it met, those included that were known before.
    pub damages: usize,
}

/// The scrub of one store.
#[derive(Default)]
pub(crate) struct Scrub {
    rate: AtomicU64,
    place: Mutex<Place>,
}

/// Where it goes on.
#[derive(Default)]
struct Place {
    at: At,
    /// Pages that were read beyond what steps were to read.
    ahead: u64,
    /// What this pass found and read.
    found: Vec<Damage>,
    pass_bytes: u64,
    report: ScrubReport,
    last_step: Option<Instant>,
}

/// What is read next.
#[derive(Clone, Copy)]
enum At {
    /// The first segment whose id is not lower, from this page on.
    Segment { id: u32, page: u64 },
    /// The first journal whose id is not lower; in the midst of one, as far as it is to be read.
    Journal { id: u32, midst: Option<(journal::Place, u64)> },
    /// The manifests.
    Manifests,
}

impl Default for At {
    fn default() -> Self {
        Self::Segment { id: 0, page: 0 }
    }
}

impl<D: Dir> LsmTree<D> {
    /// Reads and checks about `bytes` more, at least a page, or less if a step before read more than
    /// it was to. Says whether that was the end of a pass over all files. What is damaged is told by [`health`](Self::health) and
    /// [`scrub_report`](Self::scrub_report).
    pub fn scrub_step(&self, bytes: u64) -> bool {
        self.inner.scrub_step(&mut self.inner.scrub.place.lock(), bytes)
    }

    /// Has the scrub go on in the background at this rate, at most 40 MiB per second, until the
    /// store is closed or [`stop_background_scrub`](Self::stop_background_scrub) is called. Needs
    /// a store that is open for writing, with threads of its own.
    pub fn start_background_scrub(&self, bytes_per_second: u64) -> Result<()> {
        if self.is_read_only() {
            return Err(LsmError::ReadOnly);
        }
        if self.inner.environment.background == Background::Manual {
            let reason = "the store has no threads; call scrub_step";
            return Err(LsmError::invalid("background scrub", reason));
        }
        let mut place = self.inner.scrub.place.lock();
        place.last_step = Some(Instant::now());
        self.inner.scrub.rate.store(bytes_per_second, Ordering::Release);
        Ok(())
    }

    /// Stops it: once this returns, no more is read. A later start goes on where it was.
    pub fn stop_background_scrub(&self) {
        let _place = self.inner.scrub.place.lock();
        self.inner.scrub.rate.store(0, Ordering::Release);
    }

    /// How far the scrub is, and what it found.
    pub fn scrub_report(&self) -> ScrubReport {
        let scrub = &self.inner.scrub;
        let bytes_per_second = scrub.rate.load(Ordering::Acquire);
        ScrubReport { bytes_per_second, ..scrub.place.lock().report.clone() }
    }
}

impl Scrub {
    /// What was found.
    pub(crate) fn damages(&self) -> Vec<Damage> {
        self.place.lock().report.damages.clone()
    }
}

impl<D: Dir> Inner<D> {
    /// Does as much in the background as is due by now.
    pub(crate) fn scrub_if_due(&self) {
        if self.scrub.rate.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut place = self.scrub.place.lock();
        // Again: whoever stopped it has waited for the lock.
        let rate = u128::from(self.scrub.rate.load(Ordering::Acquire));
        let since = place.last_step.map_or(0, |last| last.elapsed().as_micros());
        let due = u64::try_from(rate.saturating_mul(since) / 1_000_000).unwrap_or(u64::MAX);
        if due >= PAGE_BYTES {
            place.last_step = Some(Instant::now());
            self.scrub_step(&mut place, due.min(STEP_BYTES_MAX));
        }
    }

    fn scrub_step(&self, place: &mut Place, bytes: u64) -> bool {
        let version = self.version.load_full();
        let mut left = (bytes / PAGE_BYTES).max(1);
        let paid = place.ahead.min(left);
        (place.ahead, left) = (place.ahead - paid, left - paid);
        while left > 0 {
            let (pages, is_end) = match place.at {
                At::Segment { id, page } => {
                    (place.check_segment(&version.files, id, page, left), false)
                }
                At::Journal { id, midst } => (self.scrub_journal(place, id, midst, left), false),
                At::Manifests => (self.scrub_manifests(place), true),
            };
            place.ahead += pages.saturating_sub(left);
            left = left.saturating_sub(pages);
            if is_end {
                self.end_pass(place, &version.files);
                return true;
            }
        }
        false
    }

    /// Checks at most so many pages of the next journal, or a commit; says how many it was.
    fn scrub_journal(
        &self,
        place: &mut Place,
        id: u32,
        midst: Option<(journal::Place, u64)>,
        most: u64,
    ) -> u64 {
        let durable =
            self.durable_journals().into_iter().find(|part| part.journal.journal_id >= id);
        let Some(Durable { journal, upto }) = durable else {
            place.at = At::Manifests;
            return 0;
        };
        let identity = self.identity(journal);
        // A writer goes on meanwhile; what it adds is for the next pass.
        let (from, upto) = match midst.filter(|_| journal.journal_id == id) {
            Some((from, upto)) => (Some(from), upto),
            None => (None, upto),
        };
        let most = most.saturating_mul(PAGE_BYTES);
        place.at = At::Journal { id: journal.journal_id.saturating_add(1), midst: None };
        match journal::check_part(&*self.dir, &identity, from, upto, most) {
            Ok(checked) => {
                if let Some(rest) = checked.rest {
                    place.at = At::Journal { id: journal.journal_id, midst: Some((rest, upto)) };
                }
                place.read(checked.bytes)
            }
            // It was flushed meanwhile.
            Err(error) if error.is_not_found() => 0,
            Err(error) => {
                place.note(Damage::of(&error.into()));
                1
            }
        }
    }

    /// Reads the manifest and the one before; says how many pages they have.
    fn scrub_manifests(&self, place: &mut Place) -> u64 {
        let mut pages = 0;
        for (name, must_be_there) in [(Manifest::NAME, true), (Manifest::PREVIOUS_NAME, false)] {
            let name = Name::new(name).expect("a plain name");
            let length = self.dir.open(&name).and_then(|file| file.length());
            pages += place.read(length.unwrap_or(0));
            match Manifest::load_from(&*self.dir, &name).map_err(LsmError::from) {
                Err(error) if must_be_there || !error.is_not_found() => {
                    place.note(Damage::of(&error));
                }
                _ => {}
            }
        }
        pages.max(1)
    }

    fn end_pass(&self, place: &mut Place, files: &[SegmentFile<D>]) {
        let found = std::mem::take(&mut place.found);
        let is_used = |damage: &Damage| files.iter().any(|f| f.segment.path() == damage.path);
        place.report.damages.retain(|damage| is_used(damage) || found.contains(damage));
        place.at = At::default();
        place.report.passes += 1;
        let pass = ScrubPass {
            ended_at: self.environment.now(),
            bytes: std::mem::take(&mut place.pass_bytes),
            damages: found.len(),
        };
        tracing::info!(bytes = pass.bytes, damages = pass.damages, "scrub ended");
        place.report.last_pass = Some(pass);
    }
}

impl Place {
    /// Checks at most so many pages of the next segment; says how many it was.
    fn check_segment<D: Dir>(
        &mut self,
        files: &[SegmentFile<D>],
        id: u32,
        page: u64,
        most: u64,
    ) -> u64 {
        let Some(file) = files.iter().find(|file| file.segment.id() >= id) else {
            self.at = At::Journal { id: 0, midst: None };
            return 0;
        };
        let first = if file.segment.id() == id { page } else { 0 };
        let end = file.segment.page_count();
        let stop = end.min(first.saturating_add(most));
        let mut page = first;
        while page < stop {
            match file.segment.check_pages(page..stop) {
                Ok(()) => page = stop,
                Err(error) => {
                    let damage = Damage::of(&error.into());
                    let at = damage.offset.map_or(0, |offset| offset / PAGE_BYTES);
                    page = at.clamp(page, stop - 1) + 1; // What is behind it is looked at, too.
                    self.note(damage);
                }
            }
        }
        self.at = match file.segment.id() {
            id if stop < end => At::Segment { id, page: stop },
            id => At::Segment { id: id.saturating_add(1), page: 0 },
        };
        self.read((stop - first) * PAGE_BYTES)
    }

    /// Takes note of bytes that were read; gives them in pages.
    fn read(&mut self, bytes: u64) -> u64 {
        self.report.bytes += bytes;
        self.pass_bytes += bytes;
        bytes.div_ceil(PAGE_BYTES)
    }

    fn note(&mut self, damage: Damage) {
        tracing::warn!(reason = damage.reason, "the scrub found damage");
        for damages in [&mut self.found, &mut self.report.damages] {
            if damages.len() < DAMAGES_MAX && !damages.contains(&damage) {
                damages.push(damage.clone());
            }
        }
    }
}
