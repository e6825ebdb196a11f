//! Looks for needles: in the bytes of files, and in what the store still says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sutra_format::{ConceptId, ConceptRecord};
use sutra_fs::{Dir, ErrorKind, File, Name};
use sutra_index::words::{Purpose, Scratch};
use zerocopy::IntoBytes;

use super::needles::{ANCHOR_BYTES, Needle, Needles, Part};
use crate::error::{LsmError, Result};
use crate::files::{FileRole, role_of};
use crate::memtable::Logged;
use crate::snapshot::{Concept, Home, Snapshot, entries_of};

/// Bytes that are read from a file at once.
const BLOCK_BYTES: usize = 1 << 20;

/// Bytes that are compared at once where a needle reaches over the end of a block.
const PIECE_BYTES: usize = 64 << 10;

/// Where a needle was first found in files.
#[derive(Debug, Default)]
pub(super) struct Places {
    bare: Option<(PathBuf, u64)>,
    framed: Option<(PathBuf, u64)>,
}

/// Needles by number, with where they were found.
pub(super) type Found = BTreeMap<usize, Places>;

/// Reads every byte of the segments and journals among `names`, and says how many there were. One
/// that is removed meanwhile is passed over.
pub(super) fn search_files<D: Dir>(
    dir: &D,
    names: &[Name],
    needles: &Needles,
    found: &mut Found,
) -> Result<u64> {
    let mut bytes = 0;
    for name in names {
        // Manifest and lock hold numbers and names of kinds, nothing of any concept.
        if !matches!(role_of(name), FileRole::Segment(_) | FileRole::Journal(_)) {
            continue;
        }
        let file = match dir.open(name) {
            Err(error) if error.kind == ErrorKind::NotFound => continue,
            other => other?,
        };
        let length = file.length()?;
        let mut window = Window { file: &file, length, start: 0, bytes: Vec::new() };
        while window.advance()? {
            needles.anchors_in(&window.bytes, |number, at| -> Result<()> {
                let needle = &needles.all()[number];
                let places = found.entry(number).or_default();
                window.compare(needle, at, || dir.path(name), places)
            })?;
        }
        bytes += length;
    }
    found.retain(|_, places| places.bare.is_some());
    Ok(bytes)
}

/// A part of a file that is in memory.
struct Window<'a, F: File> {
    file: &'a F,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<F: File> Window<'_, F> {
    /// Goes on so that each anchor is whole in one window; says whether there is more.
    fn advance(&mut self) -> Result<bool> {
        if !self.bytes.is_empty() {
            let kept = ANCHOR_BYTES - 1;
            self.start += self.bytes.len().saturating_sub(kept).max(1) as u64;
        }
        let left = self.length.saturating_sub(self.start);
        if left < ANCHOR_BYTES as u64 {
            return Ok(false);
        }
        self.bytes
            .resize(usize::try_from(left).map_or(BLOCK_BYTES, |left| left.min(BLOCK_BYTES)), 0);
        self.file.read_at(self.start, &mut self.bytes)?;
        Ok(true)
    }

    /// Notes where the needle is whose anchor stands at `at` of the window, if it is there.
    fn compare(
        &self,
        needle: &Needle,
        at: usize,
        path: impl Fn() -> PathBuf,
        places: &mut Places,
    ) -> Result<()> {
        let Some(start) = needle.start(self.start + at as u64) else { return Ok(()) };
        let is_known = places.bare.is_some() && places.framed.is_some();
        if is_known || !self.holds(start, needle.bare())? {
            return Ok(());
        }
        places.bare.get_or_insert_with(|| (path(), start));
        if let Some(start) = start.checked_sub(needle.frame() as u64)
            && self.holds(start, &needle.framed()[..needle.frame()])?
        {
            places.framed.get_or_insert_with(|| (path(), start));
        }
        Ok(())
    }

    fn holds(&self, start: u64, bytes: &[u8]) -> Result<bool> {
        if start + bytes.len() as u64 > self.length {
            return Ok(false);
        }
        let mut read = Vec::new();
        for (piece, at) in bytes.chunks(PIECE_BYTES).zip((start..).step_by(PIECE_BYTES)) {
            let here = at.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
            let here = here.and_then(|at| self.bytes.get(at..at + piece.len()));
            let is_same = match here {
                Some(here) => here == piece,
                None => {
                    read.resize(piece.len(), 0);
                    self.file.read_at(at, &mut read)?;
                    read == piece
                }
            };
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Which needles are in what a snapshot says.
#[derive(Default)]
struct Held {
    /// By number; whether as an entry of its own.
    numbers: BTreeMap<usize, bool>,
    scratch: Scratch,
}

/// Fails if a needle that was found in a file is in nothing that the store still says, of now or of
/// before. Gives the number of the others.
pub(super) fn explain<D: Dir>(
    snapshot: &Snapshot<D>,
    needles: &Needles,
    found: Found,
) -> Result<u64> {
    if found.is_empty() {
        return Ok(0);
    }
    let mut held = Held::default();
    for concept in snapshot.iter_concepts()? {
        held.add(needles, &concept?)?;
    }
    for record in snapshot.iter_associations()? {
        held.add_row(needles, record?.as_bytes());
    }
    held.add_earlier(needles, snapshot)?;
    let shared = found.len() as u64;
    for (number, places) in found {
        let needle = &needles.all()[number];
        let is_whole = held.numbers.get(&number).copied();
        let unexplained = match is_whole {
            Some(true) => None,
            Some(false) => places.framed,
            None if needle.part == Part::Id && is_named(snapshot, needle)? => None,
            None if needle.part == Part::FactKey => places.framed,
            None => places.bare,
        };
        if let Some((path, offset)) = unexplained {
            return Err(LsmError::NotErased { path, offset, what: needle.part.name() });
        }
    }
    Ok(shared)
}

/// Whether the concept is there again, or an association touches it again.
fn is_named<D: Dir>(snapshot: &Snapshot<D>, needle: &Needle) -> Result<bool> {
    let Some(id) = needle.bare().first_chunk().map(|bytes| ConceptId::from_bytes(*bytes)) else {
        return Ok(false);
    };
    Ok(snapshot.concept(&id)?.is_some()
        || !snapshot.outgoing(&id)?.is_empty()
        || !snapshot.incoming(&id)?.is_empty())
}

impl Held {
    /// Adds what concepts said before, as far as memtables and history have it.
    fn add_earlier<D: Dir>(&mut self, needles: &Needles, snapshot: &Snapshot<D>) -> Result<()> {
        let is_full = |record: &ConceptRecord| !record.is_tombstone() && !record.is_delta();
        for memtable in &snapshot.version.memtables {
            for number in 0.. {
                let Some(Logged { found, .. }) = memtable.logged(number, snapshot.seq()) else {
                    break;
                };
                if found.complete && is_full(&found.record) {
                    let home = Home::Memtable(memtable, found.payload);
                    self.add(needles, &snapshot.wrap(found.record, home))?;
                }
            }
        }
        for file in &snapshot.version.history {
            let rows = file.segment.iter_concepts()?.chain(file.segment.older_concepts()?);
            for record in rows {
                match is_full(record) {
                    true => self.add(needles, &snapshot.wrap(*record, Home::Segments))?,
                    false => self.add_row(needles, record.as_bytes()),
                }
            }
            let rows = file.segment.iter_associations()?.chain(file.segment.older_associations()?);
            rows.for_each(|record| self.add_row(needles, record.as_bytes()));
        }
        Ok(())
    }

    fn add<D: Dir>(&mut self, needles: &Needles, concept: &Concept<'_, D>) -> Result<()> {
        let record = concept.record();
        self.add_row(needles, record.as_bytes());
        self.search(needles, entries_of(record, concept.home(), concept.version())?);
        if let Some(vector) = concept.vector()? {
            self.search(needles, bytemuck::cast_slice(vector));
        }
        if let Some(content) = concept.content()? {
            let mut scratch = std::mem::take(&mut self.scratch);
            let analyser = concept.version().spaces.analyser;
            analyser.each(content, Purpose::Index, &mut scratch, |term, _| {
                self.search(needles, term.as_bytes());
            });
            self.scratch = scratch;
        }
        Ok(())
    }

    /// Adds what a row itself says, such as ids, which texts and attributes may repeat. Whether an id
    /// may be there is not for rows to say.
    fn add_row(&mut self, needles: &Needles, bytes: &[u8]) {
        self.search_for(needles, bytes, |part| part == Part::Text);
    }

    fn search(&mut self, needles: &Needles, bytes: &[u8]) {
        self.search_for(needles, bytes, |_| true);
    }

    fn search_for(&mut self, needles: &Needles, bytes: &[u8], is_wanted: impl Fn(Part) -> bool) {
        let each = |number: usize, at: usize| {
            let needle: &Needle = &needles.all()[number];
            let start = needle.start(at as u64).and_then(|start| usize::try_from(start).ok());
            let holds = |start: &usize| {
                is_wanted(needle.part) && bytes[*start..].starts_with(needle.bare())
            };
            if let Some(start) = start.filter(holds) {
                let framed = start.checked_sub(needle.frame());
                let is_whole = framed.is_some_and(|at| bytes[at..].starts_with(needle.framed()));
                *self.numbers.entry(number).or_default() |= is_whole;
            }
            Ok::<_, std::convert::Infallible>(())
        };
        let Ok(()) = needles.anchors_in(bytes, each);
    }
}
