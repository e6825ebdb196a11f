//! The nearest vectors of memtables, which are compared one by one.

use std::cmp::Reverse;

use sutra_format::ConceptId;
use sutra_fs::Dir;

use super::search::Asked;
use super::space::SpaceKey;
use crate::error::Result;
use crate::snapshot::{Home, Snapshot, vector_of};
use crate::words::Keep;

/// A score, whose memtable, and which version there.
type Scored = (f32, usize, u32);

impl<D: Dir> Snapshot<D> {
    /// Compares all vectors that memtables have, and keeps the best.
    pub(super) fn nearest_in_memtables(
        &self,
        key: SpaceKey,
        asked: &mut [Asked<'_>],
        keep: Option<Keep<'_, D>>,
    ) -> Result<()> {
        let mut scored: Vec<Vec<Scored>> = vec![Vec::new(); asked.len()];
        let memtables = self.version.memtables.iter().enumerate().filter(|(_, m)| !m.is_empty());
        for (at, memtable) in memtables {
            for number in &*memtable.vectors.of(memtable, self.seq(), key) {
                let Some(logged) = memtable.logged(*number as usize, self.seq()) else { break };
                let home = Home::Memtable(memtable, logged.found.payload);
                let record = &logged.found.record;
                let Some(vector) = vector_of(record, home, &self.version)? else { continue };
                for (asked, scored) in asked.iter().zip(&mut scored) {
                    scored.extend(asked.score(vector).map(|score| (score, at, *number)));
                }
            }
        }
        for (asked, scored) in asked.iter_mut().zip(scored) {
            asked.found.extend(self.best_visible(scored, asked.query.limit, keep)?);
        }
        Ok(())
    }

    /// The best of these that the snapshot sees and wants.
    fn best_visible(
        &self,
        mut scored: Vec<Scored>,
        limit: usize,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<(f32, ConceptId)>> {
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(Reverse(a.2).cmp(&Reverse(b.2))));
        let mut best: Vec<(f32, ConceptId)> = Vec::new();
        for (score, at, number) in scored {
            // Equal scores all come, so that the order of ids decides among them.
            if best.len() >= limit && best.last().is_some_and(|last| score < last.0) {
                break;
            }
            if let Some(id) = self.visible_version(at, number as usize, keep)? {
                best.push((score, id));
            }
        }
        Ok(best)
    }

    /// The id of a version of a memtable, if it is what the snapshot sees and wants.
    fn visible_version(
        &self,
        at: usize,
        number: usize,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Option<ConceptId>> {
        let memtable = &self.version.memtables[at];
        let Some(logged) = memtable.logged(number, self.seq()) else { return Ok(None) };
        let (record, home) = (&logged.found.record, Home::Memtable(memtable, logged.found.payload));
        let newest = memtable.logged_number(self.version.hash(&record.id), &record.id, self.seq());
        if newest != Some(number) || !self.memtables_leave(record, at) {
            return Ok(None);
        }
        let lives = !record.is_fact() || self.is_fact_held(record, home)?;
        Ok((lives && self.is_wanted(&record.id, keep)?).then_some(record.id))
    }
}
