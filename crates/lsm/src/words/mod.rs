//! Words: what [`sutra_index::words`] knows of rows, brought together over all tables of a store.
//!
//! Every segment has a section over the contents of its concepts, written with it (`output`): at a
//! flush from the texts, at a merge from the sections alone. A memtable is indexed when somebody
//! searches, as far as the searching snapshot sees (`recent`); commits pay nothing for it. A search
//! (`search`) adds them all up. One of the past takes back what came since (`past`).
//!
//! Invariants:
//! * What a table adds and takes back is counted once: a table takes back the text of each concept
//!   that it hides and that was visible in the tables before it. So sums over all tables are those of
//!   the visible texts, and a score is to the last bit that of an index made afresh.
//! * A fact is visible as long as its association is: who replaces or deletes that one deletes the
//!   fact, and with an end of it all its facts go.
//! * All texts of a store become words by one analyser, which its manifest names and each
//!   section repeats.
//! * A segment that has concepts and no section, or one of another analyser, was written by somebody
//!   who could not index it as we do; searches refuse it until a merge of all segments has made its
//!   words again.

mod older;
mod output;
mod past;
mod recent;
mod search;

pub(crate) use output::NewWords;
pub(crate) use past::PastWords;
pub(crate) use recent::RecentWords;
pub use search::{Keep, WordHit};

use sutra_fs::Dir;
use sutra_index::words::{Analyser, Section, WordsError};
use sutra_manifest::{AnalyserName, Manifest};
use sutra_segment::SegmentError;

use crate::error::{LsmError, Result};
use crate::files::SegmentFile;

/// What it means that sections of these segments cannot be used: one of them is damaged, or what was
/// asked cannot be answered.
pub(crate) fn failure<'a, D: Dir>(
    segments: impl Iterator<Item = &'a SegmentFile<D>>,
    error: WordsError,
) -> LsmError {
    if !error.is_damage() {
        return LsmError::invalid("words", error.to_string());
    }
    let damaged = |file: &&SegmentFile<D>| match file.segment.words() {
        Ok(section) => section.is_some_and(|section| section.check().is_err()),
        Err(_) => true,
    };
    let mut segments = segments.peekable();
    let first = segments.peek().map(|file| file.segment.path().to_path_buf());
    let path = segments.find(damaged).map(|file| file.segment.path().to_path_buf()).or(first);
    SegmentError::Words { path: path.unwrap_or_default(), source: error }.into()
}

/// The words of a segment, if they were made as this analyser makes them.
pub(crate) fn usable<D: Dir>(file: &SegmentFile<D>, own: Analyser) -> Result<Option<Section<'_>>> {
    let is_own = |section: &Section<'_>| {
        section.has_positions() && section.analyser().is_ok_and(|analyser| analyser == own)
    };
    Ok(file.segment.words()?.filter(is_own))
}

/// What makes words of the texts of a store. Fails if this build does not have it.
pub(crate) fn analyser_of<D: Dir>(dir: &D, manifest: &Manifest) -> Result<Analyser> {
    let AnalyserName { name, version } = &manifest.analyser;
    let known = Analyser::named(name).ok().filter(|analyser| analyser.version() == *version);
    known.ok_or_else(|| LsmError::UnknownAnalyser {
        path: dir.path(&Manifest::name()),
        name: name.clone(),
        version: *version,
    })
}

/// How a manifest says which analyser it is.
pub(crate) fn name_of(analyser: Analyser) -> AnalyserName {
    AnalyserName { name: analyser.name().to_owned(), version: analyser.version() }
}
