//! What a store with vectors should say: plain maps, and every score computed the long way.

use std::collections::BTreeMap;

use sutra_format::ConceptId;
use sutra_lsm::{ConceptPut, LsmError, Snapshot, Touch, VectorHit, VectorQuery, WriteBatch};
use sutra_manifest::{Metric, VectorSpace};
use sutra_testkit::SplitMix;

/// The spaces that a history registers, one after the other; before them is the default one.
pub(crate) fn spaces() -> Vec<VectorSpace> {
    vec![
        VectorSpace::new("inner", 3).metric(Metric::Dot),
        VectorSpace::new("far", 3).metric(Metric::Euclidean).model("a model"),
        VectorSpace::new("angle", 5).model("another"),
        VectorSpace::new("far as well", 3).metric(Metric::Euclidean),
    ]
}

/// A vector and its space.
pub(crate) type Placed = (u16, Vec<f32>);

#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) concepts: BTreeMap<ConceptId, Option<Placed>>,
    /// So many spaces are registered.
    pub(crate) registered: u16,
}

pub(crate) fn id(n: u64) -> ConceptId {
    ConceptId::from_key(&n.to_string())
}

/// Few values, so that scores tie.
fn vector(chance: &mut SplitMix, dimension: u32) -> Vec<f32> {
    (0..dimension).map(|_| chance.below(5) as f32 - 2.0).collect()
}

fn space_of(code: u16) -> Option<VectorSpace> {
    spaces().into_iter().nth(usize::from(code).checked_sub(1)?)
}

/// A vector of a space; of the default one with any of two dimensions.
fn vector_of(chance: &mut SplitMix, code: u16) -> Vec<f32> {
    let any = if chance.below(4) == 0 { 5 } else { 3 };
    vector(chance, space_of(code).map_or(any, |space| space.dimension))
}

impl Model {
    /// One change, to the model and to a batch.
    pub(crate) fn change(&mut self, chance: &mut SplitMix, batch: &mut WriteBatch) {
        let id = id(chance.below(24));
        match chance.below(8) {
            0 => {
                self.concepts.remove(&id);
                batch.delete_concept(id);
            }
            1 => batch.touch(&Touch::new(id)).expect("a good touch"),
            _ => {
                let space = chance.below(u64::from(self.registered) + 1) as u16;
                let placed = (chance.below(5) > 0).then(|| (space, vector_of(chance, space)));
                put(batch, id, placed.as_ref());
                self.concepts.insert(id, placed);
            }
        }
    }

    /// A batch that must be refused, since one of its vectors is in no space that takes it.
    pub(crate) fn misfit(&self, chance: &mut SplitMix) -> (WriteBatch, fn(&LsmError) -> bool) {
        let mut batch = WriteBatch::new();
        put(&mut batch, id(chance.below(24)), Some(&(0, vec![1.0; 3])));
        batch.delete_concept(id(chance.below(24)));
        let is_unknown = chance.below(2) == 0 || self.registered == 0;
        let (space, dimension) = if is_unknown {
            (self.registered + 1 + chance.below(3) as u16, 3)
        } else {
            (chance.below(u64::from(self.registered)) as u16 + 1, 4)
        };
        put(&mut batch, id(chance.below(24)), Some(&(space, vec![1.0; dimension])));
        let unknown: fn(&LsmError) -> bool = |e| matches!(e, LsmError::UnknownSpace { .. });
        let other: fn(&LsmError) -> bool = |e| matches!(e, LsmError::OtherDimension { .. });
        (batch, if is_unknown { unknown } else { other })
    }

    fn nearest(
        &self,
        (space, query): &Placed,
        wanted: impl Fn(&ConceptId, f32) -> bool,
    ) -> Vec<f32> {
        let metric = space_of(*space).map_or(Metric::Cosine, |space| space.metric);
        let is_near = |placed: &&Placed| placed.0 == *space && placed.1.len() == query.len();
        let vectors = self.concepts.iter().filter_map(|(id, placed)| {
            let (_, vector) = placed.as_ref().filter(is_near)?;
            Some((id, score(metric, query, vector)))
        });
        let wanted = vectors.filter(|(id, score)| wanted(id, *score));
        let mut scores: Vec<f32> = wanted.map(|(_, score)| score).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        scores
    }

    /// Searches by a vector of each space, in every way, and holds the answers against the model.
    #[track_caller]
    pub(crate) fn check(&self, snapshot: &Snapshot, chance: &mut SplitMix) {
        for space in 0..=spaces().len() as u16 {
            let placed = (space, vector_of(chance, space));
            self.check_one(snapshot, &placed);
        }
        self.check_batch(snapshot, chance);
        let known = &spaces()[..usize::from(self.registered)];
        assert_eq!(snapshot.vector_spaces(), known);
    }

    /// Many queries at once, some of them of one space, are answered as each of them alone.
    #[track_caller]
    fn check_batch(&self, snapshot: &Snapshot, chance: &mut SplitMix) {
        let mut placed: Vec<Placed> = (0..40)
            .map(|_| {
                let space = chance.below(u64::from(self.registered) + 1) as u16;
                (space, vector_of(chance, space))
            })
            .collect();
        placed[chance.below(10) as usize..].sort_by_key(|(space, _)| *space);
        let mut queries = Vec::new();
        for (space, vector) in &placed {
            let limit = [0, 1, 3, usize::MAX][chance.below(4) as usize];
            let min_score = (chance.below(3) == 0).then_some(0.5);
            let effort = Default::default();
            queries.push(VectorQuery { vector, space: *space, limit, effort, min_score });
        }
        let is_even =
            |concept: &sutra_lsm::Concept<'_>| Ok(concept.id().as_bytes()[0].is_multiple_of(2));
        let keep = (chance.below(2) == 0).then_some(&is_even as sutra_lsm::Keep<'_, _>);
        let answers = snapshot.search_vectors_batch(&queries, keep).expect("readable");
        assert_eq!(answers.len(), queries.len());
        for (query, hits) in queries.iter().zip(&answers) {
            let alone = snapshot.search_vectors(query, keep).expect("readable");
            let told = |hits: &[VectorHit<'_, _>]| -> Vec<_> {
                hits.iter().map(|hit| (hit.score, hit.concept.id())).collect()
            };
            assert_eq!(told(hits), told(&alone), "{query:?}");
        }
    }

    #[track_caller]
    fn check_one(&self, snapshot: &Snapshot, placed: &Placed) {
        let (space, vector) = placed;
        for limit in [3, usize::MAX] {
            let (space, effort, min_score) = (*space, Default::default(), None);
            let all = VectorQuery { vector, space, limit, effort, min_score };
            if space > self.registered {
                let error = snapshot.search_vectors(&all, None).err().expect("refused");
                assert!(matches!(error, LsmError::UnknownSpace { code } if code == space));
                continue;
            }
            let expect = |wanted: &dyn Fn(&ConceptId, f32) -> bool| {
                let mut expected = self.nearest(placed, wanted);
                expected.truncate(limit);
                expected
            };
            let found = snapshot.search_vectors(&all, None).expect("readable");
            assert_eq!(found.iter().map(|hit| hit.score).collect::<Vec<_>>(), expect(&|_, _| true));
            for hit in &found {
                let own = hit.concept.vector().expect("readable").expect("it has one");
                let stored = Some(Some((space, own.to_vec())));
                assert_eq!(self.concepts.get(&hit.concept.id()).cloned(), stored);
                let known = hit.concept.vector_space().expect("known").cloned();
                assert_eq!(known, space_of(space));
            }
            let is_even = |id: &ConceptId| id.as_bytes()[0].is_multiple_of(2);
            let keep = |concept: &sutra_lsm::Concept<'_>| Ok(is_even(&concept.id()));
            let found = snapshot.search_vectors(&all, Some(&keep)).expect("readable");
            let expected = expect(&|id, _| is_even(id));
            assert_eq!(found.iter().map(|hit| hit.score).collect::<Vec<_>>(), expected, "kept");
            for least in [-4.0, 0.5, 2.0] {
                let asked = VectorQuery { min_score: Some(least), ..all };
                let found = snapshot.search_vectors(&asked, None).expect("readable");
                let expected = expect(&|_, score| score >= least);
                assert_eq!(found.iter().map(|hit| hit.score).collect::<Vec<_>>(), expected);
            }
            let short = VectorQuery { vector: &vector[1..], ..all };
            let refused = snapshot.search_vectors(&short, None).err();
            let is_refused = matches!(refused, Some(LsmError::OtherDimension { .. }));
            assert_eq!(is_refused, space > 0, "{refused:?}");
        }
    }
}

fn put(batch: &mut WriteBatch, id: ConceptId, placed: Option<&Placed>) {
    let (space, vector) = match placed {
        Some((space, vector)) => (*space, Some(vector.as_slice())),
        None => (0, None),
    };
    let put = ConceptPut { vector, space, ..ConceptPut::new(id) };
    batch.put_concept(&put).expect("a good concept");
}

/// Sums of small whole numbers are exact in any order.
fn score(metric: Metric, a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    match metric {
        Metric::Cosine => {
            let lengths = dot(a, a).sqrt() * dot(b, b).sqrt();
            if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
        }
        Metric::Dot => dot(a, b),
        Metric::Euclidean => -a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>(),
    }
}
