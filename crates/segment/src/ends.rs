//! Associations of many ends at once, in stages, so that the cache misses of one stage overlap.

use std::hint::black_box;

use sutra_format::{AssociationRecord, ConceptId, TagLine};
use zerocopy::little_endian::U32;

use crate::error::Result;
use crate::lines::Slots;
use crate::reader::Segment;
use crate::sections::Directory;

/// Lookups that are in flight together: about as many as a core has misses outstanding.
const BATCH: usize = 32;

/// What a directory says of a key before any record is read.
#[derive(Clone, Copy)]
enum Guess {
    /// It has no such end.
    Absent,
    /// If it has it, then most likely with these rows.
    Rows(u32, u32),
    /// The line has ends without a tag, and none with the right one.
    Unknown,
}

impl<D: AsRef<[u8]>> Segment<D> {
    /// What [`outgoing`](Self::outgoing) gives for each of `keys`, which are placement and id.
    ///
    /// # Panics
    /// If `found` is not as long as `keys`.
    pub fn outgoing_of_all<'a>(
        &'a self,
        keys: &[(u64, ConceptId)],
        found: &mut [&'a [AssociationRecord]],
    ) -> Result<()> {
        assert_eq!(keys.len(), found.len(), "one place for each key");
        self.require_sorted()?;
        for (keys, found) in keys.chunks(BATCH).zip(found.chunks_mut(BATCH)) {
            let guesses = self.guesses(&self.sections.sources, keys)?;
            // Nothing waits for the first records: all are on the way at once.
            for guess in &guesses[..keys.len()] {
                if let Guess::Rows(start, _) = guess {
                    black_box(self.association(*start)?.seq);
                }
            }
            for ((found, (hash, id)), guess) in found.iter_mut().zip(keys).zip(guesses) {
                *found = match guess {
                    Guess::Absent => &[],
                    Guess::Rows(start, end) if self.association(start)?.source == *id => {
                        self.associations(start..end)?
                    }
                    Guess::Rows(..) | Guess::Unknown => self.outgoing(*hash, id)?,
                };
            }
        }
        Ok(())
    }

    /// The rows of what [`incoming`](Self::incoming) gives for each of `keys`, which are placement
    /// and id.
    ///
    /// # Panics
    /// If `found` is not as long as `keys`.
    pub fn incoming_of_all<'a>(
        &'a self,
        keys: &[(u64, ConceptId)],
        found: &mut [&'a [U32]],
    ) -> Result<()> {
        assert_eq!(keys.len(), found.len(), "one place for each key");
        self.require_sorted()?;
        for (keys, found) in keys.chunks(BATCH).zip(found.chunks_mut(BATCH)) {
            let guesses = self.guesses(&self.sections.targets, keys)?;
            let mut guessed: [&[U32]; BATCH] = [&[]; BATCH];
            for (rows, guess) in guessed.iter_mut().zip(guesses) {
                if let Guess::Rows(start, end) = guess {
                    *rows = self.incoming_rows(start, end)?;
                }
            }
            for rows in guessed {
                if let Some(row) = rows.first() {
                    black_box(self.association(row.get())?.seq);
                }
            }
            for (((found, (hash, id)), guess), rows) in
                found.iter_mut().zip(keys).zip(guesses).zip(guessed)
            {
                let first = rows.first().map(|row| self.association(row.get())).transpose()?;
                *found = match guess {
                    Guess::Absent => &[],
                    Guess::Rows(..) if first.is_some_and(|first| first.target == *id) => rows,
                    Guess::Rows(..) | Guess::Unknown => self.incoming(*hash, id)?.rows(),
                };
            }
        }
        Ok(())
    }

    /// Guesses for at most [`BATCH`] keys.
    fn guesses(&self, directory: &Directory, keys: &[(u64, ConceptId)]) -> Result<[Guess; BATCH]> {
        let mut lines: [Option<&TagLine>; BATCH] = [None; BATCH];
        let mut counts = [0; BATCH];
        // Nothing here waits for the lines: their counts are all on the way at once.
        for ((line, count), (hash, _)) in lines.iter_mut().zip(&mut counts).zip(keys) {
            *line = self.line(directory, *hash)?;
            *count = line.map_or(0, |line| line.count.get());
        }
        // Nor here for the starts.
        let mut guesses = [Guess::Absent; BATCH];
        for (((line, count), (hash, _)), guess) in
            lines.iter().zip(counts).zip(keys).zip(&mut guesses)
        {
            let Some(line) = line else { continue };
            *guess = match Slots::matching(line, *hash).find(|&slot| slot < count) {
                Some(slot) => {
                    let (start, end) = self.starts(directory, self.item(directory, line, slot)?)?;
                    Guess::Rows(start, end)
                }
                None if count > TagLine::TAGS as u32 => Guess::Unknown,
                None => Guess::Absent,
            };
        }
        Ok(guesses)
    }
}
