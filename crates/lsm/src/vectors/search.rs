//! The nearest vectors of a snapshot: all tables, one order.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::sync::Arc;

use sutra_format::ConceptId;
use sutra_fs::Dir;
use sutra_index::vectors::{
    Centroids, Coder, Effort, Part, Query, Scorer, Searcher, Section, VectorError, Vectors,
};

use super::past::PastVectors;
use super::space::SpaceKey;
use crate::error::{LsmError, Result};
use crate::files::SegmentFile;
use crate::snapshot::{Concept, Home, Snapshot, vector_of};
use crate::version::Version;
use crate::words::{Keep, usable};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct VectorQuery<'q> {
    /// The vector to be near to, of the dimension of the space. In the default space only vectors with
    /// as many values are compared.
    pub vector: &'q [f32],
    /// The code of the space that is searched; zero is the default one.
    pub space: u16,
    /// How many answers, at most.
    pub limit: usize,
    /// How hard to look.
    pub effort: Effort,
    /// If given, answers score at least this much.
    pub min_score: Option<f32>,
}

/// A concept whose vector is near.
pub struct VectorHit<'s, D: Dir> {
    /// The exact score; higher is nearer.
    pub score: f32,
    /// The concept, or the one that carries the vector of an association.
    pub concept: Concept<'s, D>,
}

impl<D: Dir> Snapshot<D> {
    /// The nearest concepts and facts that `keep` lets through, by falling score.
    /// There are `limit` of them while so many pass, unless a least score is asked for. Scores are
    /// exact, by the metric of the space. `keep` is asked of what is worth an exact score.
    ///
    /// The first search of a snapshot of the past looks through all that was changed since, and each one
    /// compares the vectors that were others then one by one.
    ///
    /// Fails with [`LsmError::UnknownSpace`] or [`LsmError::OtherDimension`] where nothing can be near.
    pub fn search_vectors(
        &self,
        query: &VectorQuery<'_>,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<VectorHit<'_, D>>> {
        let dimension = u32::try_from(query.vector.len()).unwrap_or(u32::MAX);
        let key = SpaceKey { space: query.space, dimension };
        self.version.spaces.check(key)?;
        let coder = self.version.coder(key)?;
        let scorer = Scorer::new(coder.space(), query.vector).map_err(refused)?;
        let mut found = match self.past_vectors()? {
            None => self.nearest(key, &coder, &scorer, query, keep)?,
            Some(past) => {
                let stays = |concept: &Concept<'_, D>| {
                    let id = concept.id();
                    Ok(!past.differs(&id) && self.is_wanted(&id, keep)?)
                };
                let mut found =
                    self.present().nearest(key, &coder, &scorer, query, Some(&stays))?;
                found.extend(self.among(past.had(key), &scorer, query, keep)?);
                found
            }
        };
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(query.limit);
        let ids: Vec<ConceptId> = found.iter().map(|(_, id)| *id).collect();
        let found = found.iter().zip(self.concepts(&ids)?);
        let hit = |(score, concept)| VectorHit { score, concept };
        Ok(found.filter_map(|((score, _), concept)| Some(hit((*score, concept?)))).collect())
    }

    /// Of one of the past: what was otherwise.
    fn past_vectors(&self) -> Result<Option<Arc<PastVectors>>> {
        let Some(past) = self.standing() else { return Ok(None) };
        let all = self.with_expired();
        let between = || PastVectors::between(&all, &all.present(), &all.changed_until(past.now)?);
        past.vectors(between).map(Some)
    }

    /// The best of the present, by all tables.
    fn nearest(
        &self,
        key: SpaceKey,
        coder: &Coder,
        scorer: &Scorer<'_>,
        query: &VectorQuery<'_>,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<(f32, ConceptId)>> {
        let mut found = self.in_memtables(key, scorer, query, keep)?;
        found.extend(self.in_segments(key, coder, query, keep)?);
        Ok(found)
    }

    /// Compares the vectors of these, all of which have one, and keeps the best.
    fn among(
        &self,
        ids: &[ConceptId],
        scorer: &Scorer<'_>,
        query: &VectorQuery<'_>,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<(f32, ConceptId)>> {
        let mut scored = Vec::with_capacity(ids.len());
        for id in ids {
            let concept = self.concept(id)?;
            let vector = concept.map_or(Ok(None), |concept| concept.vector())?;
            if let Some(Ok(score)) = vector.map(|vector| scorer.score(vector)) {
                scored.push((score, *id));
            }
        }
        scored.retain(|(score, _)| query.min_score.is_none_or(|least| *score >= least));
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut best = Vec::new();
        for (score, id) in scored {
            if best.len() >= query.limit {
                break;
            }
            if self.is_wanted(&id, keep)? {
                best.push((score, id));
            }
        }
        Ok(best)
    }

    /// Compares all vectors that memtables have, and keeps the best.
    fn in_memtables(
        &self,
        key: SpaceKey,
        scorer: &Scorer<'_>,
        query: &VectorQuery<'_>,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<(f32, ConceptId)>> {
        let mut scored = Vec::new();
        let memtables = self.version.memtables.iter().enumerate().filter(|(_, m)| !m.is_empty());
        for (at, memtable) in memtables {
            for number in &*memtable.vectors.of(memtable, self.seq(), key) {
                let Some(logged) = memtable.logged(*number as usize, self.seq()) else { break };
                let home = Home::Memtable(memtable, logged.found.payload);
                let vector = vector_of(&logged.found.record, home, &self.version)?;
                let scores = vector.map(|vector| scorer.score(vector));
                if let Some(Ok(score)) = scores
                    && query.min_score.is_none_or(|least| score >= least)
                {
                    scored.push((score, at, *number));
                }
            }
        }
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(Reverse(a.2).cmp(&Reverse(b.2))));
        let mut best: Vec<(f32, ConceptId)> = Vec::new();
        for (score, at, number) in scored {
            // Equal scores all come, so that the order of ids decides among them.
            if best.len() >= query.limit && best.last().is_some_and(|last| score < last.0) {
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

    fn in_segments(
        &self,
        key: SpaceKey,
        coder: &Coder,
        query: &VectorQuery<'_>,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<(f32, ConceptId)>> {
        let segments = &self.version.segments;
        let mut sections: Vec<(usize, Section<'_>)> = Vec::new();
        for (at, file) in segments.iter().enumerate() {
            let section = file.segment.vectors_of(key.space, key.dimension)?;
            let is_own = section.as_ref().is_none_or(|found| found.space() == coder.space());
            if !is_own || usable(file, self.analyser())?.is_none() && file.concept_rows() > 0 {
                return Err(LsmError::NotIndexed { path: file.segment.path().to_path_buf() });
            }
            sections.extend(section.map(|section| (at, section)));
        }
        let centroids = self.version.centroids(key)?;
        let (with, without): (Vec<_>, Vec<_>) = sections.into_iter().partition(|(_, section)| {
            let epoch = section.epoch();
            epoch == 0 || centroids.iter().any(|centroids| centroids.epoch() == epoch)
        });
        let mut found = self.compare(coder, &centroids, &with, query, query.effort, keep)?;
        found.extend(self.compare(coder, &[], &without, query, Effort::Exact, keep)?);
        Ok(found)
    }

    fn compare(
        &self,
        coder: &Coder,
        centroids: &[Arc<Centroids>],
        sections: &[(usize, Section<'_>)],
        query: &VectorQuery<'_>,
        effort: Effort,
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<(f32, ConceptId)>> {
        if sections.is_empty() {
            return Ok(Vec::new());
        }
        // Rows are asked for in the midst of the search, which knows nothing of failures.
        let failed = RefCell::new(None);
        let segments = &self.version.segments;
        let parts: Vec<Part<'_, InSegment<'_, D>>> = sections
            .iter()
            .map(|(at, section)| Part {
                section,
                vectors: InSegment {
                    version: &self.version,
                    file: &segments[*at],
                    failed: &failed,
                },
                filter: None,
            })
            .collect();
        let epochs: Vec<&Centroids> = centroids.iter().map(|centroids| &**centroids).collect();
        let VectorQuery { vector, limit, min_score, .. } = *query;
        let allows = |part: usize, row: u32| {
            let allowed = self.is_row_wanted(sections[part].0, row, keep);
            allowed.unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                false
            })
        };
        let asked = Query { vector, limit, effort, min_score };
        let hits = Searcher::new(coder, &epochs)
            .and_then(|searcher| searcher.search(&parts, &asked, allows));
        drop(parts);
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let mut found = Vec::new();
        for hit in hits.map_err(refused)? {
            let record = segments[sections[hit.part].0].segment.concept(hit.row)?;
            found.push((hit.score, record.id));
        }
        Ok(found)
    }

    fn is_row_wanted(&self, segment: usize, row: u32, keep: Option<Keep<'_, D>>) -> Result<bool> {
        if !self.is_row_live(segment, row)? {
            return Ok(false);
        }
        if self.may_expire() {
            let id = self.version.segments[segment].segment.concept(row)?.id;
            return self.is_wanted(&id, keep);
        }
        let Some(keep) = keep else { return Ok(true) };
        self.live_row(segment, row)?.map_or(Ok(false), |concept| keep(&concept))
    }
}

/// The vectors of the rows of a segment, wherever they lie.
struct InSegment<'a, D: Dir> {
    version: &'a Version<D>,
    file: &'a SegmentFile<D>,
    failed: &'a RefCell<Option<LsmError>>,
}

impl<D: Dir> Vectors for InSegment<'_, D> {
    fn vector(&self, row: u32) -> Option<&[f32]> {
        let record = self.file.segment.concept(row).map_err(LsmError::from);
        let vector = record.and_then(|record| vector_of(record, Home::Segments, self.version));
        vector.unwrap_or_else(|error| {
            self.failed.borrow_mut().get_or_insert(error);
            None
        })
    }
}

fn refused(error: VectorError) -> LsmError {
    LsmError::invalid("search for vectors", error.to_string())
}
