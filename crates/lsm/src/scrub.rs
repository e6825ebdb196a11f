//! The scrub: all pages of all segments are read again, little by little, so that rot is found
//! while there is still a backup without it.
//!
//! It goes through files by rising id, a few pages at a step, and begins again when it is through.
//! Steps are taken by the thread that flushes, at a rate in bytes per second, or by the caller.
//! What the system has in its page cache is checked there: rot on the disk below shows once the
//! system reads the page again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sutra_format::limits::PAGE_BYTES;
use sutra_fs::Dir;

use crate::config::Background;
use crate::error::{LsmError, Result};
use crate::files::SegmentFile;
use crate::open::load_existing;
use crate::sync::Mutex;
use crate::tree::{Inner, LsmTree};
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
    segment_id: u32,
    page: u64,
    report: ScrubReport,
    last_step: Option<Instant>,
}

impl<D: Dir> LsmTree<D> {
    /// Checks the next pages, about `bytes` of them but at least one. Says whether that was the
    /// end of a pass over all files. What is damaged is told by [`health`](Self::health) and
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
        while left > 0 {
            let Some(file) = version.files.iter().find(|f| f.segment.id() >= place.segment_id)
            else {
                self.end_pass(place, &version.files);
                return true;
            };
            if file.segment.id() != place.segment_id {
                (place.segment_id, place.page) = (file.segment.id(), 0);
            }
            left -= place.check(file, left);
        }
        false
    }

    fn end_pass(&self, place: &mut Place, files: &[SegmentFile<D>]) {
        let is_used = |damage: &Damage| files.iter().any(|f| f.segment.path() == damage.path);
        place.report.damages.retain(is_used);
        if let Err(error) = load_existing(&*self.dir) {
            place.note(Damage::of(&error));
        }
        (place.segment_id, place.page) = (0, 0);
        place.report.passes += 1;
    }
}

impl Place {
    /// Checks at most so many pages of a file; says how many it was.
    fn check<D: Dir>(&mut self, file: &SegmentFile<D>, most: u64) -> u64 {
        let end = file.segment.page_count();
        let stop = end.min(self.page + most);
        let mut page = self.page;
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
        let pages = stop - self.page;
        self.report.bytes += pages * PAGE_BYTES;
        self.page = stop;
        if stop == end {
            (self.segment_id, self.page) = (self.segment_id.saturating_add(1), 0);
        }
        pages
    }

    fn note(&mut self, damage: Damage) {
        let damages = &mut self.report.damages;
        if damages.len() < DAMAGES_MAX && !damages.contains(&damage) {
            damages.push(damage);
        }
    }
}
