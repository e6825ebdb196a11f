//! The nearest vectors of a snapshot: all tables, one order.

use std::sync::Arc;

use sutra_format::ConceptId;
use sutra_fs::Dir;
use sutra_index::vectors::{Coder, Effort, Scorer, VectorError};

use super::past::PastVectors;
use super::space::SpaceKey;
use crate::error::{LsmError, Result};
use crate::snapshot::{Concept, Snapshot};
use crate::words::Keep;

/// So many queries of a batch share one look at the vectors. Memtables note a score for each query
/// and vector.
const SHARING: usize = 16;

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

impl VectorQuery<'_> {
    fn key(&self) -> SpaceKey {
        let dimension = u32::try_from(self.vector.len()).unwrap_or(u32::MAX);
        SpaceKey { space: self.space, dimension }
    }
}

/// A concept whose vector is near.
pub struct VectorHit<'s, D: Dir> {
    /// The exact score; higher is nearer.
    pub score: f32,
    /// The concept, or the one that carries the vector of an association.
    pub concept: Concept<'s, D>,
}

/// A query on its way.
pub(super) struct Asked<'q> {
    pub(super) query: &'q VectorQuery<'q>,
    pub(super) scorer: Scorer<'q>,
    /// The best of each table so far, in no order.
    pub(super) found: Vec<(f32, ConceptId)>,
}

impl<'q> Asked<'q> {
    fn new(coder: &'q Coder, query: &'q VectorQuery<'q>) -> Result<Self> {
        let scorer = Scorer::new(coder.space(), query.vector).map_err(refused)?;
        Ok(Self { query, scorer, found: Vec::new() })
    }

    /// The score of a vector, if it is good enough for an answer.
    pub(super) fn score(&self, vector: &[f32]) -> Option<f32> {
        let score = self.scorer.score(vector).ok()?;
        self.query.min_score.is_none_or(|least| score >= least).then_some(score)
    }
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
        let answers = self.search_vectors_batch(std::slice::from_ref(query), keep)?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// The answers to many queries, each as [`Snapshot::search_vectors`] gives it. Neighbours of one space
    /// share what they need: indexes are opened once for some of them, and vectors that are compared one
    /// by one are looked up once. The first error ends it.
    pub fn search_vectors_batch(
        &self,
        queries: &[VectorQuery<'_>],
        keep: Option<Keep<'_, D>>,
    ) -> Result<Vec<Vec<VectorHit<'_, D>>>> {
        let mut answers = Vec::with_capacity(queries.len());
        let of_one_space = queries.chunk_by(|a, b| a.key() == b.key());
        for sharing in of_one_space.flat_map(|queries| queries.chunks(SHARING)) {
            self.search_space(sharing, keep, &mut answers)?;
        }
        Ok(answers)
    }

    /// Answers queries of one space.
    fn search_space<'s>(
        &'s self,
        queries: &[VectorQuery<'_>],
        keep: Option<Keep<'_, D>>,
        answers: &mut Vec<Vec<VectorHit<'s, D>>>,
    ) -> Result<()> {
        let Some(key) = queries.first().map(VectorQuery::key) else { return Ok(()) };
        self.version.spaces.check(key)?;
        let coder = self.version.coder(key)?;
        let asked = queries.iter().map(|query| Asked::new(&coder, query));
        let mut asked = asked.collect::<Result<Vec<_>>>()?;
        match self.past_vectors()? {
            None => self.nearest(key, &coder, &mut asked, keep)?,
            Some(past) => {
                let stays = |concept: &Concept<'_, D>| {
                    let id = concept.id();
                    Ok(!past.differs(&id) && self.is_wanted(&id, keep)?)
                };
                self.present().nearest(key, &coder, &mut asked, Some(&stays))?;
                self.among(past.had(key), &mut asked, keep)?;
            }
        }
        for Asked { query, mut found, .. } in asked {
            found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            found.truncate(query.limit);
            let ids: Vec<ConceptId> = found.iter().map(|(_, id)| *id).collect();
            let found = found.iter().zip(self.concepts(&ids)?);
            let hit = |(score, concept)| VectorHit { score, concept };
            answers.push(found.filter_map(|((score, _), it)| Some(hit((*score, it?)))).collect());
        }
        Ok(())
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
        asked: &mut [Asked<'_>],
        keep: Option<Keep<'_, D>>,
    ) -> Result<()> {
        self.nearest_in_memtables(key, asked, keep)?;
        self.nearest_in_segments(key, coder, asked, keep)
    }

    /// Compares the vectors of these, all of which have one, and keeps the best.
    fn among(
        &self,
        ids: &[ConceptId],
        asked: &mut [Asked<'_>],
        keep: Option<Keep<'_, D>>,
    ) -> Result<()> {
        let mut scored = vec![Vec::new(); asked.len()];
        for id in ids {
            let concept = self.concept(id)?;
            let Some(vector) = concept.map_or(Ok(None), |concept| concept.vector())? else {
                continue;
            };
            for (asked, scored) in asked.iter().zip(&mut scored) {
                scored.extend(asked.score(vector).map(|score| (score, *id)));
            }
        }
        for (asked, mut scored) in asked.iter_mut().zip(scored) {
            scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let mut left = asked.query.limit;
            for (score, id) in scored {
                if left == 0 {
                    break;
                }
                if self.is_wanted(&id, keep)? {
                    asked.found.push((score, id));
                    left -= 1;
                }
            }
        }
        Ok(())
    }
}

fn refused(error: VectorError) -> LsmError {
    LsmError::invalid("search for vectors", error.to_string())
}
