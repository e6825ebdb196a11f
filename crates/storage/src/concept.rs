//! [`NewConcept`] is put, [`Concept`] is read.

use std::fmt;

use sutra_format::time::{OPEN_END, OPEN_START};
use sutra_format::{ConceptId, ConceptRecord};
use sutra_lsm::ConceptPut;

use crate::error::{Error, Result};
use crate::payload::Payload;

/// A concept to be put into a [`Batch`](crate::Batch). What is not said is absent, or has the
/// default that its method names.
#[derive(Clone, Copy, Debug)]
#[must_use = "it does nothing until it is put into a batch"]
pub struct NewConcept<'a> {
    pub(crate) fixed: ConceptPut<'static>,
    pub(crate) key: Option<&'a str>,
    pub(crate) payload: Payload<'a>,
}

impl<'a> NewConcept<'a> {
    /// A concept named by a key of 1 to 1,024 bytes, which is kept, so that it can be shown
    /// again. Its id is [`ConceptId::from_key`].
    pub fn with_key(key: &'a str) -> Self {
        Self { key: Some(key), ..Self::with_id(ConceptId::from_key(key)) }
    }

    /// A concept named by its id alone. One that was put with a key keeps the key.
    pub fn with_id(id: ConceptId) -> Self {
        Self { fixed: ConceptPut::new(id), key: None, payload: Payload::default() }
    }

    /// What it says, at most 16 MiB. The empty text is not the same as none.
    pub fn content(mut self, content: &'a str) -> Self {
        self.payload.content = Some(content);
        self
    }

    /// Whatever else is known, at most 1 MiB: a JSON object by convention. It is kept as it is,
    /// byte for byte; the empty text is the same as none.
    pub fn attributes(mut self, attributes: &'a str) -> Self {
        self.payload.attributes = attributes;
        self
    }

    /// A vector of 1 to 65,536 finite values, whose squares sum up to 9e36 at most. It is in the
    /// default space, where vectors of any dimension are compared by cosine with those of the same
    /// dimension, unless [`space`](Self::space) names another one.
    pub fn vector(mut self, vector: &'a [f32]) -> Self {
        self.payload.vector = Some(vector);
        self
    }

    /// The name of the vector's space, which
    /// [`Store::register_vector_space`](crate::Store::register_vector_space) knows. The commit is refused if there is
    /// none of this name, or if the vector is not of its dimension.
    pub fn space(mut self, name: &'a str) -> Self {
        self.payload.space = Some(name);
        self
    }

    /// How firmly it is held; 1.0 by default.
    pub fn strength(mut self, strength: f32) -> Self {
        self.fixed.strength = strength;
        self
    }

    /// How sure it is; 1.0 by default.
    pub fn confidence(mut self, confidence: f32) -> Self {
        self.fixed.confidence = confidence;
        self
    }

    /// When it holds: from the first time on, before the second, in milliseconds since 1970.
    /// Always by default; `None` leaves an end open.
    pub fn valid(mut self, from: Option<i64>, to: Option<i64>) -> Self {
        self.fixed.valid_from = from.unwrap_or(OPEN_START);
        self.fixed.valid_to = to.unwrap_or(OPEN_END);
        self
    }

    /// A number that says where it came from; 0 by default.
    pub fn source_hash(mut self, source_hash: u32) -> Self {
        self.fixed.source_hash = source_hash;
        self
    }

    /// The id that it has.
    pub fn id(&self) -> ConceptId {
        self.fixed.id
    }

    /// Whether it can be stored.
    pub(crate) fn check(&self) -> Result<()> {
        if self.key.is_some_and(str::is_empty) {
            return Err(Error::invalid("the key is empty; give it at least one byte"));
        }
        let key = self.key.unwrap_or_default();
        self.payload.check(self.fixed, key.as_bytes())
    }
}

/// A concept as a [`Snapshot`](crate::Snapshot) or a [`Transaction`](crate::Transaction) sees it.
/// Its text and vector are read where they lie, when they are asked for.
pub struct Concept<'s>(Seen<'s>);

enum Seen<'s> {
    /// In the store.
    Stored(sutra_lsm::Concept<'s>),
    /// In a transaction that is not committed.
    Own(Box<Own<'s>>),
}

struct Own<'s> {
    record: ConceptRecord,
    key: Option<&'s str>,
    payload: Payload<'s>,
}

impl<'s> Concept<'s> {
    pub(crate) fn new(concept: sutra_lsm::Concept<'s>) -> Self {
        Self(Seen::Stored(concept))
    }

    /// One that is not committed. Its record says nothing of where its text lies.
    pub(crate) fn own(record: ConceptRecord, key: Option<&'s str>, payload: Payload<'s>) -> Self {
        Self(Seen::Own(Box::new(Own { record, key, payload })))
    }

    /// The id.
    pub fn id(&self) -> ConceptId {
        self.record().id
    }

    /// Everything of fixed size: times, strength, confidence, counts.
    pub fn record(&self) -> &ConceptRecord {
        match &self.0 {
            Seen::Stored(concept) => concept.record(),
            Seen::Own(own) => &own.record,
        }
    }

    /// The key that it was put with, if it was.
    pub fn key(&self) -> Result<Option<&'s str>> {
        match &self.0 {
            Seen::Stored(concept) => Ok(concept.text()?.key_text()),
            Seen::Own(own) => Ok(own.key),
        }
    }

    /// What it says.
    pub fn content(&self) -> Result<Option<&'s str>> {
        match &self.0 {
            Seen::Stored(concept) => Ok(concept.content()?),
            Seen::Own(own) => Ok(own.payload.content),
        }
    }

    /// The attributes, as they were given.
    pub fn attributes(&self) -> Result<Option<&'s str>> {
        let text = match &self.0 {
            Seen::Stored(concept) => str::from_utf8(concept.attributes()?)
                .map_err(|_| Error::foreign_attributes(self.id()))?,
            Seen::Own(own) => own.payload.attributes,
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The vector.
    pub fn vector(&self) -> Result<Option<&'s [f32]>> {
        match &self.0 {
            Seen::Stored(concept) => Ok(concept.vector()?),
            Seen::Own(own) => Ok(own.payload.vector),
        }
    }

    /// The name of its vector's space; none if that is the default one, or there is no vector.
    ///
    /// Fails with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the store does not
    /// know the space, as after a salvage without a manifest.
    pub fn vector_space(&self) -> Result<Option<&'s str>> {
        match &self.0 {
            Seen::Stored(concept) => Ok(concept.vector_space()?.map(|space| &*space.name)),
            Seen::Own(own) => Ok(own.payload.space),
        }
    }

    /// All of its text and its vector.
    pub(crate) fn payload(&self) -> Result<Payload<'s>> {
        Ok(Payload {
            content: self.content()?,
            attributes: self.attributes()?.unwrap_or_default(),
            vector: self.vector()?,
            space: self.vector_space()?,
        })
    }
}

impl fmt::Debug for Concept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Concept").field(&self.id()).finish()
    }
}
