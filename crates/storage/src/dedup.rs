//! [`Dedup`]: which concepts of the store may be the same as new ones.

use std::collections::HashMap;

use sutra_format::ConceptId;
use sutra_index::words::{Analyser, Purpose, Scratch};
use sutra_lsm::{VectorHit, VectorQuery};

use crate::concept::{Concept, NewConcept};
use crate::error::{Error, Result};
use crate::search::Effort;
use crate::snapshot::Snapshot;

/// A concept that may be the same as a new one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: ConceptId,
    /// Why it may be the same.
    pub likeness: Likeness,
    /// How near its vector is, where that is why: exact, by the metric of the space.
    pub score: Option<f32>,
}

/// Why two concepts may be the same, the surest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Likeness {
    /// They have one id, and so one key: to put the new one is to replace the other.
    Id,
    /// Their keys have the same words: case, diacritics, punctuation and spaces aside.
    Key,
    /// Their contents have the same words.
    Content,
    /// Their vectors are near, if [that was asked](Dedup::near).
    Vector,
}

/// Asks which concepts may be the same as new ones; made by [`Snapshot::dedup`].
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct Dedup<'s, 'b> {
    snapshot: &'s Snapshot,
    batch: &'b [NewConcept<'b>],
    /// Spaces and the least scores in them.
    near: Vec<(Option<String>, f32)>,
    effort: Effort,
}

/// New concepts by their words. Texts without any are like no other.
type ByWords = HashMap<String, Vec<usize>>;

impl Snapshot {
    /// The most candidates of one likeness that one new concept gets.
    pub const CANDIDATES_MAX: usize = 32;

    /// For each of `batch`, in order, the concepts that may be the same: those of its id, then
    /// those whose keys have the same words, then those with the same words as content, each once.
    /// Nothing is decided: merge what is the same with
    /// [`Store::merge_concepts`](crate::Store::merge_concepts), or put under the id that is there.
    ///
    /// Costs one walk over all concepts, which reads keys and contents where the batch has any;
    /// so ask once for many. Vectors are compared by [`dedup`](Self::dedup).
    pub fn dedup_candidates(&self, batch: &[NewConcept<'_>]) -> Result<Vec<Vec<Candidate>>> {
        self.dedup(batch).collect()
    }

    /// The same, and by vectors where that is asked for:
    ///
    /// ```
    /// # use sutra_storage::{Error, NewConcept, Snapshot};
    /// # fn doubles(snapshot: &Snapshot, batch: &[NewConcept<'_>]) -> Result<(), Error> {
    /// for (new, candidates) in batch.iter().zip(snapshot.dedup(batch).near(0.97).collect()?) {
    ///     println!("{} may be any of {candidates:?}", new.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn dedup<'b>(&self, batch: &'b [NewConcept<'b>]) -> Dedup<'_, 'b> {
        Dedup { snapshot: self, batch, near: Vec::new(), effort: Effort::default() }
    }
}

impl Dedup<'_, '_> {
    /// And those whose vectors in the default space have a cosine of at least this with the vector of
    /// the new one: the nearest first, [`CANDIDATES_MAX`](Snapshot::CANDIDATES_MAX) of them at most,
    /// and none that is like it for another reason.
    ///
    /// Costs one search for each new vector, and no walk.
    pub fn near(mut self, min_score: f32) -> Self {
        self.near.push((None, min_score));
        self
    }

    /// The same of vectors in the space of this name, by the score of its metric. Can be said of several
    /// spaces.
    ///
    /// Collecting fails with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if there is no
    /// such space, or if a new vector in it is not of its dimension.
    pub fn near_in(mut self, space: &str, min_score: f32) -> Self {
        self.near.push((Some(space.to_owned()), min_score));
        self
    }

    /// How hard to look for vectors; with the default some that are near may be missed where there are
    /// many thousands, with [`Effort::Exact`] none.
    pub fn effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// The candidates of each of the new concepts, in their order.
    pub fn collect(&self) -> Result<Vec<Vec<Candidate>>> {
        let mut found = self.alike()?;
        for (space, min_score) in &self.near {
            self.add_near(space.as_deref(), *min_score, &mut found)?;
        }
        Ok(found)
    }

    /// By ids and words.
    fn alike(&self) -> Result<Vec<Vec<Candidate>>> {
        let Self { snapshot, batch, .. } = self;
        let ids: Vec<ConceptId> = batch.iter().map(NewConcept::id).collect();
        let mut found: Vec<Vec<Candidate>> = Vec::with_capacity(batch.len());
        for (id, stored) in ids.iter().zip(snapshot.concepts(&ids)?) {
            let same = stored.map(|_| Candidate::of(*id, Likeness::Id));
            found.push(same.into_iter().collect());
        }
        let mut words = Words::new(snapshot.analyser());
        let keys = words.of_all(batch.iter().map(|concept| concept.key));
        let contents = words.of_all(batch.iter().map(|concept| concept.payload.content));
        if keys.is_empty() && contents.is_empty() {
            return Ok(found);
        }
        for concept in snapshot.iter()? {
            let concept = concept?;
            add(&mut found, &concept, Likeness::Key, words.alike(&keys, || concept.key())?);
            let alike = words.alike(&contents, || concept.content())?;
            add(&mut found, &concept, Likeness::Content, alike);
        }
        for candidates in &mut found {
            candidates.sort_by_key(|candidate| candidate.likeness);
        }
        Ok(found)
    }

    /// By the vectors of one space.
    fn add_near(
        &self,
        space: Option<&str>,
        min_score: f32,
        found: &mut [Vec<Candidate>],
    ) -> Result<()> {
        if min_score.is_nan() {
            return Err(Error::invalid("the least score must be a number"));
        }
        let snapshot = self.snapshot.engine();
        let code = |name| snapshot.space_named(name).ok_or_else(|| Error::no_space(name));
        let code = space.map_or(Ok(0), code)?;
        let mut asking = Vec::new();
        let mut queries = Vec::new();
        for (new, candidates) in self.batch.iter().zip(found) {
            let Some(vector) = new.payload.vector.filter(|_| new.payload.space == space) else {
                continue;
            };
            // What is a candidate for another reason takes no place.
            let limit = Snapshot::CANDIDATES_MAX + candidates.len();
            let (effort, min_score) = (self.effort, Some(min_score));
            queries.push(VectorQuery { vector, space: code, limit, effort, min_score });
            asking.push(candidates);
        }
        let keep = |concept: &sutra_lsm::Concept<'_>| Ok(!concept.record().is_fact());
        let answers = snapshot.search_vectors_batch(&queries, Some(&keep))?;
        for (candidates, hits) in asking.into_iter().zip(answers) {
            let is_new = |hit: &VectorHit<'_, _>| {
                candidates.iter().all(|known| known.id != hit.concept.id())
            };
            let near = hits.iter().filter(|hit| is_new(hit)).take(Snapshot::CANDIDATES_MAX);
            let near: Vec<Candidate> = near
                .map(|hit| Candidate {
                    score: Some(hit.score),
                    ..Candidate::of(hit.concept.id(), Likeness::Vector)
                })
                .collect();
            candidates.extend(near);
        }
        Ok(())
    }
}

impl Candidate {
    fn of(id: ConceptId, likeness: Likeness) -> Self {
        Self { id, likeness, score: None }
    }
}

/// Adds a concept to the candidates of those that it is like, unless it is there for another reason.
fn add(found: &mut [Vec<Candidate>], concept: &Concept<'_>, likeness: Likeness, to: &[usize]) {
    let id = concept.id();
    for at in to {
        let candidates = &mut found[*at];
        let of_likeness = candidates.iter().filter(|other| other.likeness == likeness);
        let is_full = of_likeness.count() >= Snapshot::CANDIDATES_MAX;
        if !is_full && candidates.iter().all(|other| other.id != id) {
            candidates.push(Candidate::of(id, likeness));
        }
    }
}

/// Makes of a text the words that it is compared by.
struct Words {
    analyser: Analyser,
    scratch: Scratch,
    words: String,
}

impl Words {
    fn new(analyser: Analyser) -> Self {
        Self { analyser, scratch: Scratch::default(), words: String::new() }
    }

    fn of_all<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>) -> ByWords {
        let mut by_words = ByWords::new();
        for (at, text) in texts.enumerate() {
            let words = self.of(text.unwrap_or_default());
            if !words.is_empty() {
                by_words.entry(words.to_owned()).or_default().push(at);
            }
        }
        by_words
    }

    /// Which of those in `by_words` have the words of a text, which is read only if there are any.
    fn alike<'w, 's>(
        &mut self,
        by_words: &'w ByWords,
        text: impl FnOnce() -> Result<Option<&'s str>>,
    ) -> Result<&'w [usize]> {
        if by_words.is_empty() {
            return Ok(&[]);
        }
        let words = self.of(text()?.unwrap_or_default());
        Ok(by_words.get(words).map_or(&[], Vec::as_slice))
    }

    fn of(&mut self, text: &str) -> &str {
        let Self { analyser, scratch, words } = self;
        words.clear();
        analyser.each(text, Purpose::Index, scratch, |term, _| {
            words.push_str(term);
            words.push('\0'); // In no term, since it separates words.
        });
        words
    }
}
