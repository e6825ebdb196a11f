//! [`Retrieve`]: by words, by nearness and by associations at once.
//!
//! Each way gives a list of its best. Lists are fused into one, which may be ordered again by age and
//! by variety. Everything is read through one snapshot, and the filter holds for every list.

mod fusion;
mod variety;

use std::collections::HashMap;

use sutra_format::ConceptId;

use super::{Filter, Found, Hit};
use crate::error::{Error, Result};
use crate::snapshot::Snapshot;

pub use fusion::Fusion;
use fusion::Ranks;

/// By which way something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// By its words.
    Text,
    /// By its vector.
    Vector,
    /// By associations with what the search was to start from.
    Near,
    /// By associations with what was found in other ways.
    Expanded,
}

/// How a way counted for an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reason {
    /// The way.
    pub way: Way,
    /// Its place in the list of this way; the first is 1. What scores alike has the same.
    pub rank: usize,
    /// Its score in this list: BM25, nearness by the metric of the space, or one by the number of associations.
    pub score: f32,
    /// What that adds to the fused score.
    pub share: f32,
}

/// An answer and how it came about.
#[derive(Debug)]
pub struct Retrieved<'s> {
    /// What was found, and its score after fusion and, if asked for, by age.
    pub hit: Hit<'s>,
    /// Every way in which it was found.
    pub reasons: Vec<Reason>,
}

/// Asks in several ways at once; made by [`Snapshot::retrieve`].
#[derive(Clone)]
#[must_use = "it asks nothing until it is collected"]
pub struct Retrieve<'s> {
    snapshot: &'s Snapshot,
    text: Option<(String, f32)>,
    vector: Option<(Vec<f32>, f32)>,
    space: Option<String>,
    near: Option<(Vec<ConceptId>, u32, f32)>,
    expanded: Option<(u32, f32)>,
    kinds: Vec<sutra_format::AssociationKind>,
    filter: Filter,
    fusion: Fusion,
    age: Option<Age>,
    variety: Option<f32>,
    pool: Option<usize>,
    limit: usize,
}

/// How age counts.
#[derive(Clone, Copy, Debug)]
struct Age {
    now: u64,
    half_life: u64,
    weight: f32,
}

/// How many of each list are fused for each answer, unless said otherwise.
const POOL_PER_ANSWER: usize = 5;
/// And at least.
const POOL_MIN: usize = 50;

impl<'s> Retrieve<'s> {
    pub(crate) fn new(snapshot: &'s Snapshot) -> Self {
        Self {
            snapshot,
            text: None,
            vector: None,
            space: None,
            near: None,
            expanded: None,
            kinds: Vec::new(),
            filter: Filter::new(),
            fusion: Fusion::default(),
            age: None,
            variety: None,
            pool: None,
            limit: 10,
        }
    }

    /// What has any of these words. A list of weight 2 counts twice as much as one of weight 1.
    pub fn text(mut self, text: &str, weight: f32) -> Self {
        self.text = Some((text.to_owned(), weight));
        self
    }

    /// What is near to this vector.
    pub fn vector(mut self, vector: &[f32], weight: f32) -> Self {
        self.vector = Some((vector.to_vec(), weight));
        self
    }

    /// The space of that vector, by name; the default one unless said otherwise.
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    /// What is within so many associations of these concepts, themselves left out; the fewer, the
    /// better.
    pub fn near(mut self, seeds: &[ConceptId], hops: u32, weight: f32) -> Self {
        self.near = Some((seeds.to_vec(), hops, weight));
        self
    }

    /// What is within so many associations of the best that the other ways found.
    pub fn expand(mut self, hops: u32, weight: f32) -> Self {
        self.expanded = Some((hops, weight));
        self
    }

    /// Goes only along associations of this kind, or of another that was named so.
    pub fn along(mut self, kind: sutra_format::AssociationKind) -> Self {
        self.kinds.push(kind);
        self
    }

    /// What may be found; everything by default. Its time holds for associations on the way as well.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// How lists become one; by reciprocal ranks unless said otherwise.
    pub fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// What was last put longer ago counts less: with `weight` 1, half as much for each `half_life`
    /// between then and `now`, both in milliseconds; with 0 as much as ever.
    pub fn recency(mut self, now: u64, half_life: u64, weight: f32) -> Self {
        self.age = Some(Age { now, half_life, weight });
        self
    }

    /// Prefers what differs from better answers, by maximal marginal relevance over the cosines of
    /// vectors: 0 counts only how well something fits, 1 only how much it differs. What has no vector,
    /// or one of another space, differs from all.
    pub fn variety(mut self, share: f32) -> Self {
        self.variety = Some(share);
        self
    }

    /// How many of each list are fused; five for each answer and at least 50 by default.
    pub fn pool(mut self, count: usize) -> Self {
        self.pool = Some(count);
        self
    }

    /// At most so many; 10 by default.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The answer, the best first; what scores alike by id. With [`variety`](Self::variety) in the
    /// order in which it was chosen.
    pub fn collect(&self) -> Result<Vec<Retrieved<'s>>> {
        self.check()?;
        let mut pool = Pool { fusion: self.fusion, found: HashMap::new() };
        let depth = self.pool.unwrap_or(self.limit.saturating_mul(POOL_PER_ANSWER).max(POOL_MIN));
        if let Some((text, weight)) = &self.text {
            let search = self.snapshot.search_text(text).filter(self.filter.clone()).limit(depth);
            pool.add(Way::Text, *weight, search.collect()?);
        }
        if let Some((vector, weight)) = &self.vector {
            let mut search = self.snapshot.search_vector(vector);
            if let Some(space) = &self.space {
                search = search.space(space);
            }
            let hits = search.filter(self.filter.clone()).limit(depth).collect()?;
            pool.add(Way::Vector, *weight, hits);
        }
        if let Some((seeds, hops, weight)) = &self.near {
            pool.add(Way::Near, *weight, self.around(seeds, *hops, depth)?);
        }
        if let Some((hops, weight)) = self.expanded {
            let seeds = pool.best_concepts(self.limit);
            pool.add(Way::Expanded, weight, self.around(&seeds, hops, depth)?);
        }
        let mut answers = pool.into_answers();
        if let Some(age) = self.age {
            answers.iter_mut().for_each(|answer| age.count(&mut answer.hit));
        }
        answers.sort_by(|a, b| {
            let ids = || id_of(&a.hit.found).cmp(&id_of(&b.hit.found));
            b.hit.score.total_cmp(&a.hit.score).then_with(ids)
        });
        match self.variety {
            Some(share) => variety::choose(answers, share, self.limit),
            None => {
                answers.truncate(self.limit);
                Ok(answers)
            }
        }
    }

    fn check(&self) -> Result<()> {
        if self.text.is_none() && self.vector.is_none() && self.near.is_none() {
            return Err(Error::invalid("nothing to look for: give a text, a vector or concepts"));
        }
        if self.space.is_some() && self.vector.is_none() {
            return Err(Error::invalid("a vector space is given without a vector; give both"));
        }
        let weights = [
            self.text.as_ref().map(|way| way.1),
            self.vector.as_ref().map(|way| way.1),
            self.near.as_ref().map(|way| way.2),
            self.expanded.map(|way| way.1),
        ];
        if weights.into_iter().flatten().any(|weight| !weight.is_finite() || weight < 0.0) {
            return Err(Error::invalid("the weight of a list is a finite number, 0 or more"));
        }
        let shares = [self.variety, self.age.map(|age| age.weight)];
        if shares.into_iter().flatten().any(|share| !(0.0..=1.0).contains(&share)) {
            return Err(Error::invalid("variety and the weight of the age are from 0 to 1"));
        }
        Ok(())
    }

    /// Concepts by their distance from others, which are left out.
    fn around(&self, seeds: &[ConceptId], hops: u32, depth: usize) -> Result<Vec<Hit<'s>>> {
        let mut expand = self.snapshot.expand(seeds).hops(hops).of_kinds(&self.kinds);
        if let Some(time) = self.filter.time() {
            expand = expand.valid_at(time);
        }
        let mut hits = Vec::new();
        for reached in expand.collect()?.reached {
            if hits.len() == depth {
                break;
            }
            if reached.hops == 0 {
                continue;
            }
            let Some(concept) = self.snapshot.engine().concept(&reached.id)? else { continue };
            if self.filter.allows(self.snapshot.engine(), &concept)? {
                #[expect(clippy::cast_precision_loss, reason = "a score")]
                let score = 1.0 / reached.hops as f32;
                hits.push(Hit { score, found: Found::of(self.snapshot.engine(), concept)? });
            }
        }
        Ok(hits)
    }
}

impl Age {
    fn count(self, hit: &mut Hit<'_>) {
        let updated = hit.found.concept().record().updated_at.get();
        #[expect(clippy::cast_precision_loss, reason = "a score")]
        let lives = self.now.saturating_sub(updated) as f64 / self.half_life.max(1) as f64;
        #[expect(clippy::cast_possible_truncation, reason = "a score")]
        let left = (-lives).exp2() as f32;
        hit.score *= 1.0 - self.weight + self.weight * left;
    }
}

/// The lists, as they become one.
struct Pool<'s> {
    fusion: Fusion,
    found: HashMap<ConceptId, Retrieved<'s>>,
}

impl<'s> Pool<'s> {
    /// Adds a list, the best first.
    fn add(&mut self, way: Way, weight: f32, hits: Vec<Hit<'s>>) {
        let ranks = Ranks::of(&hits);
        for (place, hit) in hits.into_iter().enumerate() {
            let (rank, score) = (ranks.rank(place), hit.score);
            let share = weight * self.fusion.share(&ranks, place);
            let reason = Reason { way, rank, score, share };
            let answer = self.found.entry(id_of(&hit.found)).or_insert_with(|| Retrieved {
                hit: Hit { score: 0.0, found: hit.found },
                reasons: Vec::new(),
            });
            answer.hit.score += share;
            answer.reasons.push(reason);
        }
    }

    /// The best concepts so far, by falling score.
    fn best_concepts(&self, count: usize) -> Vec<ConceptId> {
        let is_concept = |answer: &&Retrieved<'_>| matches!(answer.hit.found, Found::Concept(_));
        let mut best: Vec<(f32, ConceptId)> = (self.found.values().filter(is_concept))
            .map(|answer| (answer.hit.score, id_of(&answer.hit.found)))
            .collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        best.into_iter().take(count).map(|(_, id)| id).collect()
    }

    fn into_answers(self) -> Vec<Retrieved<'s>> {
        self.found.into_values().collect()
    }
}

fn id_of(found: &Found<'_>) -> ConceptId {
    found.concept().id()
}
