//! Concepts and associations as fields of JSON Lines; the counterpart of [`crate::record`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Write};
use std::rc::Rc;

use serde_json::value::RawValue;
use sutra_storage::{
    AssociationKind, AssociationRecord, Concept, ConceptId, ConceptRecord, Store, VectorSpace,
};

use sutra_storage::time::{OPEN_END, OPEN_START};

use crate::failure::Failure;
use crate::json::Object;

/// What a concept is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name<'a> {
    Key(&'a str),
    Id(ConceptId),
}

impl<'a> Name<'a> {
    pub(crate) fn of(concept: &Concept<'a>) -> Result<Self, Failure> {
        Ok(concept.key()?.map_or(Self::Id(concept.id()), Self::Key))
    }
}

/// What a concept or the fact of an association says.
#[derive(Clone, Copy, Default)]
pub(crate) struct Text<'a> {
    pub(crate) content: Option<&'a str>,
    pub(crate) attributes: Option<&'a str>,
    pub(crate) vector: Option<&'a [f32]>,
    /// The name of the vector's space; none for the default one.
    pub(crate) space: Option<&'a str>,
}

impl<'a> Text<'a> {
    /// Reads it. Attributes that are no JSON object, which other programs than this may have
    /// stored, cannot be told.
    pub(crate) fn of(concept: &Concept<'a>) -> Result<Self, Failure> {
        let attributes = concept.attributes()?;
        if attributes.is_some_and(|json| !is_object(json)) {
            let id = concept.id();
            return Err(Failure::Untellable(format!(
                "attributes of concept {id} are no JSON object; put it again with attributes that are"
            )));
        }
        Ok(Self {
            content: concept.content()?,
            attributes,
            vector: concept.vector()?,
            space: concept.vector_space()?,
        })
    }

    pub(crate) fn tell<W: Write>(&self, object: &mut Object<'_, W>) -> io::Result<()> {
        if let Some(content) = self.content {
            object.text("content", content)?;
        }
        if let Some(vector) = self.vector {
            object.numbers("vector", vector)?;
        }
        if let Some(space) = self.space {
            object.text("space", space)?;
        }
        if let Some(attributes) = self.attributes {
            object.raw("attrs", attributes.trim_ascii())?;
        }
        Ok(())
    }
}

fn is_object(json: &str) -> bool {
    serde_json::from_str::<&RawValue>(json).is_ok_and(|value| value.get().starts_with('{'))
}

/// What a vector space is.
pub(crate) fn space<W: Write>(out: &mut W, space: &VectorSpace) -> io::Result<()> {
    let mut object = Object::start(out)?;
    object.text("vector_space", &space.name)?;
    if !space.model.is_empty() {
        object.text("model", &space.model)?;
    }
    object.integer("dimension", space.dimension.into())?;
    object.text("metric", space.metric.name())?;
    object.end()
}

/// Names a concept by its key, or by its id if it has none.
pub(crate) fn name<W: Write>(
    object: &mut Object<'_, W>,
    key_field: &str,
    id_field: &str,
    name: Name<'_>,
) -> io::Result<()> {
    match name {
        Name::Key(key) => object.text(key_field, key),
        Name::Id(id) => object.text(id_field, &id.to_string()),
    }
}

/// Ends, type, what differs from 1.0, and when it holds if not always.
pub(crate) fn association<W: Write>(
    object: &mut Object<'_, W>,
    [source, target]: [Name<'_>; 2],
    kind: &str,
    record: &AssociationRecord,
) -> io::Result<()> {
    name(object, "source", "source_id", source)?;
    name(object, "target", "target_id", target)?;
    object.text("type", kind)?;
    number(object, "weight", record.weight.get())?;
    number(object, "confidence", record.confidence.get())?;
    validity(object, record.valid_from(), record.valid_to())
}

/// What an export tells of the record of a concept: all that a line may say, where it is not the
/// usual.
pub(crate) fn state<W: Write>(
    object: &mut Object<'_, W>,
    record: &ConceptRecord,
) -> io::Result<()> {
    number(object, "strength", record.strength.get())?;
    number(object, "confidence", record.confidence.get())?;
    validity(object, record.valid_from.get(), record.valid_to.get())?;
    let numbers = [
        ("source_hash", record.source_hash.get().into()),
        ("access_count", record.access_count.get().into()),
        ("accessed_at", record.accessed_at.get()),
    ];
    for (field, number) in numbers.into_iter().filter(|(_, number)| *number != 0) {
        object.integer(field, i64::try_from(number).unwrap_or(i64::MAX))?;
    }
    Ok(())
}

/// What differs from 1.0.
fn number<W: Write>(object: &mut Object<'_, W>, field: &str, number: f32) -> io::Result<()> {
    if number.to_bits() == 1.0_f32.to_bits() { Ok(()) } else { object.number(field, number) }
}

/// Where validity has a start or an end.
fn validity<W: Write>(object: &mut Object<'_, W>, from: i64, to: i64) -> io::Result<()> {
    if from != OPEN_START {
        object.integer("valid_from", from)?;
    }
    if to != OPEN_END {
        object.integer("valid_to", to)?;
    }
    Ok(())
}

/// The names of kinds, asked for once each.
pub(crate) struct KindNames<'s> {
    store: &'s Store,
    names: HashMap<AssociationKind, Rc<str>>,
}

impl<'s> KindNames<'s> {
    pub(crate) fn of(store: &'s Store) -> Self {
        Self { store, names: HashMap::new() }
    }

    pub(crate) fn name(&mut self, kind: AssociationKind) -> Result<Rc<str>, Failure> {
        match self.names.entry(kind) {
            Entry::Occupied(name) => Ok(name.get().clone()),
            Entry::Vacant(free) => match self.store.kind_name(kind) {
                Some(name) => Ok(free.insert(name.into()).clone()),
                None => Err(Failure::Untellable(format!(
                    "type {} of an association has no name; register one for it",
                    kind.code()
                ))),
            },
        }
    }
}
