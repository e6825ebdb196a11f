//! [`Batch`]: changes that are committed together.
//!
//! Invariants:
//! * Every change in it can be stored: what cannot is refused when it is added, and leaves the
//!   batch as it was.
//! * Text and vectors are copied once, into two growing buffers, so a batch may be filled from
//!   data that does not outlive it.

use std::ops::Range;

use sutra_format::limits::COMMIT_BYTES_MAX;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord, FactKey};
use sutra_lsm::{ConceptPut, Touch};

use crate::association::NewAssociation;
use crate::concept::NewConcept;
use crate::error::{Error, Result};
use crate::payload::Payload;

/// Changes that become visible and durable together or not at all, in the order in which they
/// were added: of two that concern the same thing, the later one wins.
///
/// ```
/// use sutra_storage::{AssociationKind, Batch, NewAssociation, NewConcept};
///
/// let (dog, animal) = (NewConcept::with_key("dog"), NewConcept::with_key("animal"));
/// let is_a = NewAssociation::new(dog.id(), AssociationKind::HIERARCHICAL, animal.id());
///
/// let mut batch = Batch::new();
/// batch.put(dog.content("It barks."))?;
/// batch.put(animal)?;
/// batch.associate(is_a.confidence(0.9))?;
/// assert_eq!(batch.len(), 3);
/// # Ok::<(), sutra_storage::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch {
    changes: Vec<Change>,
    text: String,
    values: Vec<f32>,
    /// Names of vector spaces, each once.
    spaces: Vec<String>,
    bytes: usize,
}

/// One change. Ranges are of the text and the values of the batch.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put(Put),
    Associate(Link),
    /// Replaces the record of an association, and leaves its fact as it is.
    Amend(AssociationRecord),
    Delete(ConceptId),
    Dissociate(AssociationRecord),
    Touch(Touch),
}

/// A concept to be put. An empty key is none.
#[derive(Clone, Debug)]
pub(crate) struct Put {
    pub(crate) fixed: ConceptPut<'static>,
    pub(crate) key: Range<usize>,
    pub(crate) payload: KeptPayload,
}

/// An association to be put, its fact with it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) record: AssociationRecord,
    pub(crate) fact: Option<KeptPayload>,
    /// None: when the fact that is replaced was created, else now.
    pub(crate) fact_created_at: Option<u64>,
}

/// A [`Payload`] that lies in the batch.
#[derive(Clone, Debug)]
pub(crate) struct KeptPayload {
    content: Option<Range<usize>>,
    attributes: Range<usize>,
    vector: Option<Range<usize>>,
    /// Which of the names of spaces; none for the default one.
    pub(crate) space: Option<usize>,
}

/// Bytes in front of each text.
const LENGTH_PREFIX_BYTES: usize = 4;
/// Bytes of a concept that carries the text of an association: record and key.
const FACT_BYTES: usize = ConceptRecord::BYTES + LENGTH_PREFIX_BYTES + size_of::<FactKey>();

impl Batch {
    /// The most bytes that one commit can take; see [`Batch::byte_size`].
    pub const BYTES_MAX: usize = COMMIT_BYTES_MAX;

    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many changes it holds.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether it holds no change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// About how many bytes it will take in the journal. Split what comes near
    /// [`Batch::BYTES_MAX`].
    pub fn byte_size(&self) -> usize {
        self.bytes
    }

    /// Forgets all changes and keeps the memory, to be filled again.
    pub fn clear(&mut self) {
        self.changes.clear();
        self.text.clear();
        self.values.clear();
        self.spaces.clear();
        self.bytes = 0;
    }

    /// Puts a concept. One of that id is replaced as a whole, but keeps the time of its creation,
    /// and its key if the new one has none.
    pub fn put(&mut self, concept: NewConcept<'_>) -> Result<()> {
        concept.check()?;
        let NewConcept { fixed, key, payload } = concept;
        let put = Put {
            fixed,
            key: self.keep_text(key.unwrap_or_default()),
            payload: self.keep(&payload),
        };
        self.push(Change::Put(put), ConceptRecord::BYTES);
        Ok(())
    }

    /// Puts an association. One of that source, kind and target is replaced as a whole.
    pub fn associate(&mut self, association: NewAssociation<'_>) -> Result<()> {
        let NewAssociation { record, payload, time_out_of_range, fact_created_at } = association;
        if let Some(time) = time_out_of_range {
            return Err(Error::no_time(time));
        }
        record.check().map_err(|error| Error::invalid(format!("association: {error}")))?;
        payload.check(ConceptPut::new(record.source), &[])?;
        let fact = (!payload.is_empty()).then(|| self.keep(&payload));
        let bytes = if fact.is_some() { FACT_BYTES } else { 0 };
        let link = Link { record, fact, fact_created_at };
        self.push(Change::Associate(link), AssociationRecord::BYTES + bytes);
        Ok(())
    }

    /// Replaces the record of an association that is there, and leaves its fact as it is.
    pub(crate) fn amend(&mut self, record: AssociationRecord) -> Result<()> {
        record.check().map_err(|error| Error::invalid(format!("association: {error}")))?;
        self.push(Change::Amend(record), AssociationRecord::BYTES);
        Ok(())
    }

    /// Deletes a concept, and every association that touches it. One that does not exist is fine.
    pub fn delete(&mut self, id: ConceptId) {
        self.push(Change::Delete(id), ConceptRecord::BYTES);
    }

    /// Deletes an association. One that does not exist is fine.
    pub fn dissociate(&mut self, source: ConceptId, kind: AssociationKind, target: ConceptId) {
        let record = AssociationRecord::tombstone(source, target, kind);
        self.push(Change::Dissociate(record), AssociationRecord::BYTES);
    }

    /// Changes what often changes of a concept: `touch(id.into())` counts an access. The text and
    /// the vector are not written again. Of a concept that does not exist it changes nothing.
    pub fn touch(&mut self, touch: Touch) -> Result<()> {
        let set = [touch.strength, touch.confidence];
        if set.into_iter().flatten().any(|value| !value.is_finite()) {
            return Err(Error::invalid("strength and confidence must be finite numbers"));
        }
        self.push(Change::Touch(touch), ConceptRecord::BYTES);
        Ok(())
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The names of the vector spaces that it speaks of.
    pub(crate) fn spaces(&self) -> &[String] {
        &self.spaces
    }

    pub(crate) fn text(&self, range: &Range<usize>) -> &str {
        &self.text[range.clone()]
    }

    pub(crate) fn payload(&self, kept: &KeptPayload) -> Payload<'_> {
        Payload {
            content: kept.content.as_ref().map(|range| self.text(range)),
            attributes: self.text(&kept.attributes),
            vector: kept.vector.as_ref().map(|range| &self.values[range.clone()]),
            space: kept.space.map(|at| &*self.spaces[at]),
        }
    }

    fn push(&mut self, change: Change, bytes: usize) {
        self.bytes += bytes;
        self.changes.push(change);
    }

    fn keep(&mut self, payload: &Payload<'_>) -> KeptPayload {
        KeptPayload {
            content: payload.content.map(|text| self.keep_text(text)),
            attributes: self.keep_text(payload.attributes),
            space: payload.space.map(|name| self.keep_space(name)),
            vector: payload.vector.map(|values| {
                let start = self.values.len();
                self.values.extend_from_slice(values);
                self.bytes += size_of_val(values);
                start..self.values.len()
            }),
        }
    }

    fn keep_space(&mut self, name: &str) -> usize {
        match self.spaces.iter().position(|known| known == name) {
            Some(at) => at,
            None => {
                self.spaces.push(name.to_owned());
                self.spaces.len() - 1
            }
        }
    }

    fn keep_text(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        self.bytes += LENGTH_PREFIX_BYTES + text.len();
        start..self.text.len()
    }
}
