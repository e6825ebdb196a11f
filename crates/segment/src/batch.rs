//! Many lookups at once, in stages, so that the cache misses of one stage overlap.

use sutra_format::{ConceptId, ConceptRecord, TagLine};

use crate::error::Result;
use crate::lines::Slots;
use crate::reader::Segment;

/// Lookups that are in flight together: about as many as a core has misses outstanding.
const BATCH: usize = 16;

impl<D: AsRef<[u8]>> Segment<D> {
    /// Looks up many concepts, given by placement and id: `found[i]` becomes the record of
    /// `keys[i]`, or `None`.
    ///
    /// # Panics
    /// If `found` is not as long as `keys`.
    pub fn find_concepts<'a>(
        &'a self,
        keys: &[(u64, ConceptId)],
        found: &mut [Option<&'a ConceptRecord>],
    ) -> Result<()> {
        assert_eq!(keys.len(), found.len(), "one place for each key");
        self.require_sorted()?;
        for (keys, found) in keys.chunks(BATCH).zip(found.chunks_mut(BATCH)) {
            self.find_few(keys, found)?;
        }
        Ok(())
    }

    fn find_few<'a>(
        &'a self,
        keys: &[(u64, ConceptId)],
        found: &mut [Option<&'a ConceptRecord>],
    ) -> Result<()> {
        let directory = &self.sections.concepts;
        let mut lines: [Option<&TagLine>; BATCH] = [None; BATCH];
        let mut counts = [0; BATCH];
        // Nothing here waits for the lines: their counts are all on the way at once.
        for ((line, count), (hash, _)) in lines.iter_mut().zip(&mut counts).zip(keys) {
            *line = self.line(directory, *hash)?;
            *count = line.map_or(0, |line| line.count.get());
        }
        // Nor here for the records.
        for (((line, count), (hash, _)), found) in
            lines.iter().zip(counts).zip(keys).zip(&mut *found)
        {
            *found = None;
            if let Some(line) = line {
                let slot = Slots::matching(line, *hash).find(|&slot| slot < count);
                let item = slot.map(|slot| self.item(directory, line, slot)).transpose()?;
                *found = item.map(|item| self.concept(item)).transpose()?;
            }
        }
        for ((found, count), (hash, id)) in found.iter_mut().zip(counts).zip(keys) {
            // The first candidate was another, or there are some without a tag.
            let other = found.is_some_and(|record| record.id != *id);
            if other || (found.is_none() && count > TagLine::TAGS as u32) {
                *found = self.find_concept(*hash, id)?;
            }
        }
        Ok(())
    }
}
