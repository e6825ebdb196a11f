//! [`Snapshot`]: the store at one moment.

use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_index::words::Analyser;
use sutra_manifest::VectorSpace;

use crate::concept::Concept;
use crate::error::Result;
use crate::neighbors::Neighbors;
use crate::search::{Retrieve, TextSearch, VectorSearch};

/// The store as it was when [`Store::snapshot`](crate::Store::snapshot) was called. What it reads
/// never changes, whatever is committed or compacted meanwhile.
///
/// Making and cloning one costs next to nothing. Keeping one keeps the files that it reads.
#[derive(Clone)]
pub struct Snapshot(sutra_lsm::Snapshot);

impl Snapshot {
    pub(crate) fn new(snapshot: sutra_lsm::Snapshot) -> Self {
        Self(snapshot)
    }

    /// The snapshot of the engine.
    pub(crate) fn engine(&self) -> &sutra_lsm::Snapshot {
        &self.0
    }

    /// The sequence number of the last change that it sees.
    pub fn seq(&self) -> u64 {
        self.0.seq()
    }

    /// The concept with this id.
    pub fn concept(&self, id: &ConceptId) -> Result<Option<Concept<'_>>> {
        Ok(self.0.concept(id)?.map(Concept::new).filter(|concept| !concept.record().is_fact()))
    }

    /// The concept with this key.
    pub fn concept_of_key(&self, key: &str) -> Result<Option<Concept<'_>>> {
        self.concept(&ConceptId::from_key(key))
    }

    /// The concepts with these ids, in their order. Faster than one by one.
    pub fn concepts(&self, ids: &[ConceptId]) -> Result<Vec<Option<Concept<'_>>>> {
        let found = self.0.concepts(ids)?.into_iter();
        let visible = |concept: &Concept<'_>| !concept.record().is_fact();
        Ok(found.map(|concept| concept.map(Concept::new).filter(visible)).collect())
    }

    /// The associations of a concept, to be narrowed down and collected:
    ///
    /// ```
    /// # use sutra_storage::{AssociationKind, ConceptId, Error, Snapshot};
    /// # fn parts(snapshot: &Snapshot, whole: ConceptId) -> Result<(), Error> {
    /// let parts = snapshot
    ///     .neighbors(&whole)
    ///     .outgoing()
    ///     .of_kind(AssociationKind::COMPOSITIONAL)
    ///     .limit(10)
    ///     .collect()?;
    /// for part in parts {
    ///     println!("{} with weight {}", part.id, part.association.weight);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn neighbors(&self, id: &ConceptId) -> Neighbors<'_> {
        Neighbors::new(&self.0, *id)
    }

    /// What says these words, to be narrowed down and collected:
    ///
    /// ```
    /// # use sutra_storage::{Error, Filter, Found, Snapshot};
    /// # fn dogs(snapshot: &Snapshot) -> Result<(), Error> {
    /// for hit in snapshot.search_text("barking dog").filter(Filter::new().concepts()).collect()? {
    ///     if let Found::Concept(concept) = hit.found {
    ///         println!("{:.2} {:?}", hit.score, concept.content()?);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn search_text(&self, text: &str) -> TextSearch<'_> {
        TextSearch::new(&self.0, text)
    }

    /// What makes words of the texts of the store, and of what is searched for.
    pub fn analyser(&self) -> Analyser {
        self.0.analyser()
    }

    /// The vector spaces of the store, in the order in which they were registered. The default space,
    /// which has no name, is not among them.
    pub fn vector_spaces(&self) -> &[VectorSpace] {
        self.0.vector_spaces()
    }

    /// The vector space of this name.
    pub fn vector_space(&self, name: &str) -> Option<&VectorSpace> {
        self.0.vector_space(self.0.space_named(name)?)
    }

    /// What is near to a vector, to be narrowed down and collected. It is searched for in the default
    /// space, by cosine, unless [`VectorSearch::space`] names another one.
    pub fn search_vector(&self, vector: &[f32]) -> VectorSearch<'_> {
        VectorSearch::new(&self.0, vector.to_vec())
    }

    /// What is near to each of many vectors, under one set of conditions. It costs less than asking for
    /// one after the other: vectors that are compared one by one, such as those that were not flushed
    /// yet, are read once for 16 of them.
    ///
    /// ```
    /// # use sutra_storage::{Error, Snapshot};
    /// # fn ask(snapshot: &Snapshot, vectors: &[Vec<f32>]) -> Result<(), Error> {
    /// let answers = snapshot.search_vectors(vectors).limit(5).collect()?;
    /// for (vector, hits) in vectors.iter().zip(answers) {
    ///     println!("{vector:?}: {hits:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn search_vectors<V: AsRef<[f32]>>(
        &self,
        vectors: &[V],
    ) -> VectorSearch<'_, Vec<Vec<f32>>> {
        let vectors = vectors.iter().map(|vector| vector.as_ref().to_vec()).collect();
        VectorSearch::new(&self.0, vectors)
    }

    /// What fits words, a vector and concepts nearby, in one list:
    ///
    /// ```
    /// # use sutra_storage::{ConceptId, Error, Snapshot};
    /// # fn ask(snapshot: &Snapshot, question: &str, vector: &[f32], user: ConceptId) -> Result<(), Error> {
    /// let retrieve = snapshot.retrieve().text(question, 1.0).vector(vector, 1.0).near(&[user], 2, 0.5);
    /// for answer in retrieve.limit(5).collect()? {
    ///     println!("{:.4} {:?} {:?}", answer.hit.score, answer.hit.found.content()?, answer.reasons);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn retrieve(&self) -> Retrieve<'_> {
        Retrieve::new(self)
    }

    /// The association of this source, kind and target.
    pub fn association(
        &self,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        Ok(self.0.association(source, kind, target)?)
    }

    /// The text, attributes and vector of an association, if it has any.
    pub fn fact(&self, association: &AssociationRecord) -> Result<Option<Concept<'_>>> {
        Ok(self.0.fact(association)?.map(Concept::new))
    }

    /// All concepts, in the order in which the store keeps them. Those that carry the text of
    /// associations are left out: they are found by [`Snapshot::fact`].
    pub fn iter(&self) -> Result<impl Iterator<Item = Result<Concept<'_>>>> {
        let hidden = |concept: &Concept<'_>| concept.record().is_fact();
        let concepts = self.0.iter_concepts()?.map(|found| Ok(Concept::new(found?)));
        Ok(concepts.filter(move |found| !found.as_ref().is_ok_and(hidden)))
    }

    /// All associations, those of one source together, in the order in which the store keeps
    /// them.
    pub fn iter_associations(&self) -> Result<impl Iterator<Item = Result<AssociationRecord>>> {
        Ok(self.0.iter_associations()?.map(|found| Ok(found?)))
    }
}
