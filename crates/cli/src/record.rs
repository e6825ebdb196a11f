//! [`Record`]: what one line of JSON Lines says.
//!
//! A concept is `{"key","content"?,"vector"?,"attrs"?}`, an association
//! `{"source","target","type","weight"?,"confidence"?,"content"?,"vector"?,"attrs"?}`. What has no
//! key is named by its id: `"id"`, `"source_id"`, `"target_id"`, 32 hexadecimal digits each. Beside a
//! `"vector"` there may be the name of its `"space"`, which a line
//! `{"vector_space","dimension","metric"?,"model"?}` before it, or the store, says what it is. Both
//! may say when they hold: `"valid_from"` and `"valid_to"`, in milliseconds since the epoch. A concept
//! may have `"strength"`, `"confidence"`, `"source_hash"`, `"access_count"` and `"accessed_at"`.
//!
//! Invariants:
//! * What is accepted comes back on export: an unknown field, a field that is given twice, and
//!   `null` are refused.
//! * Attributes are kept as they stand on the line, numbers are rounded to f32 once.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sutra_storage::limits::{
    ATTRIBUTES_BYTES_MAX, CONTENT_BYTES_MAX, KEY_BYTES_MAX, VECTOR_DIMENSION_MAX,
};
use sutra_storage::{ConceptId, Metric, VectorSpace};

/// The longest line that is read: all fields at their limits, every byte of text escaped by six,
/// every value of the vector in 24 digits.
pub(crate) const LINE_BYTES_MAX: usize = 6 * (CONTENT_BYTES_MAX + 3 * KEY_BYTES_MAX)
    + ATTRIBUTES_BYTES_MAX
    + 24 * VECTOR_DIMENSION_MAX
    + 4096;

/// A concept, an association or a vector space.
#[derive(Debug, PartialEq)]
pub(crate) enum Record<'a> {
    Concept(ConceptLine<'a>),
    Association(AssociationLine<'a>),
    Space(VectorSpace),
}

/// What names a concept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    Key(Cow<'a, str>),
    Id(ConceptId),
}

#[derive(Debug, PartialEq)]
pub(crate) struct ConceptLine<'a> {
    pub(crate) name: Named<'a>,
    pub(crate) payload: Payload<'a>,
    pub(crate) valid: Validity,
    pub(crate) state: State,
}

#[derive(Debug, PartialEq)]
pub(crate) struct AssociationLine<'a> {
    pub(crate) source: Named<'a>,
    pub(crate) target: Named<'a>,
    pub(crate) kind: Cow<'a, str>,
    pub(crate) weight: f32,
    pub(crate) confidence: f32,
    pub(crate) payload: Payload<'a>,
    pub(crate) valid: Validity,
}

/// When something holds, in milliseconds: what a line does not say stays as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

/// Numbers of a concept: what a line does not say stays as it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) strength: Option<f32>,
    pub(crate) confidence: Option<f32>,
    pub(crate) source_hash: Option<u32>,
    pub(crate) access_count: Option<u32>,
    pub(crate) accessed_at: Option<u64>,
}

/// What concepts and associations have in common.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Payload<'a> {
    pub(crate) content: Option<Cow<'a, str>>,
    pub(crate) attributes: Option<&'a str>,
    pub(crate) vector: Option<Vec<f32>>,
    /// The name of the vector's space; none for the default one.
    pub(crate) space: Option<Cow<'a, str>>,
}

impl Named<'_> {
    pub(crate) fn id(&self) -> ConceptId {
        match self {
            Self::Key(key) => ConceptId::from_key(key),
            Self::Id(id) => *id,
        }
    }
}

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{key:?}"),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

impl<'a> Record<'a> {
    /// Reads a line. The error is the reason why it is none of ours.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, String> {
        let text = str::from_utf8(line)
            .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to() + 1))?;
        if text.starts_with('\u{feff}') {
            return Err("starts with a byte order mark; save the file without one".into());
        }
        if !text.trim_ascii_start().starts_with('{') {
            return Err("not a JSON object".into()); // An array would do for serde.
        }
        let fields: Fields<'a> = serde_json::from_str(text).map_err(|error| reason(&error))?;
        fields.record()
    }
}

/// Every field that a line may have. Being there twice, or with `null`, is an error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    key: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    id: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    source: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    source_id: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    target: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    target_id: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given", rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    weight: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    confidence: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    content: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    vector: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "given")]
    space: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    vector_space: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    model: Option<Text<'a>>,
    #[serde(default, deserialize_with = "given")]
    dimension: Option<u32>,
    #[serde(borrow, default, deserialize_with = "given")]
    metric: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "given")]
    attrs: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "given")]
    valid_from: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    valid_to: Option<i64>,
    #[serde(borrow, default, deserialize_with = "given")]
    strength: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "given")]
    source_hash: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    access_count: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    accessed_at: Option<u64>,
}

/// Borrowed from the line unless it holds an escape.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Unlike `Option`, does not take `null` for "left out".
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    T::deserialize(input).map(Some)
}

impl<'a> Fields<'a> {
    fn record(self) -> Result<Record<'a>, String> {
        let ends = [&self.source, &self.source_id, &self.target, &self.target_id, &self.kind];
        if self.vector_space.is_some() {
            self.space().map(Record::Space)
        } else if ends.into_iter().any(Option::is_some) {
            self.association().map(Record::Association)
        } else {
            self.concept().map(Record::Concept)
        }
    }

    fn concept(self) -> Result<ConceptLine<'a>, String> {
        absent("a concept", [("weight", &self.weight)])?;
        self.defines_nothing("a concept")?;
        let float =
            |field, raw: Option<&RawValue>| raw.map(|raw| number(field, raw.get())).transpose();
        Ok(ConceptLine {
            valid: self.valid(),
            state: State {
                strength: float("strength", self.strength)?,
                confidence: float("confidence", self.confidence)?,
                source_hash: self.source_hash,
                access_count: self.access_count,
                accessed_at: self.accessed_at,
            },
            name: named("key", self.key, "id", self.id)?,
            payload: payload(self.content, self.vector, self.space, self.attrs)?,
        })
    }

    fn association(self) -> Result<AssociationLine<'a>, String> {
        absent("an association", [("key", &self.key), ("id", &self.id)])?;
        self.has_no_state("an association")?;
        let valid = self.valid();
        self.defines_nothing("an association")?;
        let Some(Text(kind)) = self.kind else { return Err("\"type\" is missing".into()) };
        if kind.is_empty() {
            return Err("\"type\" is empty".into());
        }
        Ok(AssociationLine {
            valid,
            source: named("source", self.source, "source_id", self.source_id)?,
            target: named("target", self.target, "target_id", self.target_id)?,
            kind,
            weight: self.weight.map_or(Ok(1.0), |raw| number("weight", raw.get()))?,
            confidence: self.confidence.map_or(Ok(1.0), |raw| number("confidence", raw.get()))?,
            payload: payload(self.content, self.vector, self.space, self.attrs)?,
        })
    }

    /// Whether name, model and dimension can be is for the store to say.
    fn space(self) -> Result<VectorSpace, String> {
        let what = "a vector space";
        absent(what, [("key", &self.key), ("id", &self.id), ("type", &self.kind)])?;
        absent(what, [("source", &self.source), ("source_id", &self.source_id)])?;
        absent(what, [("target", &self.target), ("target_id", &self.target_id)])?;
        absent(what, [("content", &self.content), ("space", &self.space)])?;
        absent(what, [("weight", &self.weight), ("confidence", &self.confidence)])?;
        absent(what, [("vector", &self.vector), ("attrs", &self.attrs)])?;
        absent(what, [("valid_from", &self.valid_from), ("valid_to", &self.valid_to)])?;
        self.has_no_state(what)?;
        let Some(dimension) = self.dimension else { return Err("\"dimension\" is missing".into()) };
        let metric = match &self.metric {
            None => Metric::default(),
            Some(Text(name)) => Metric::from_name(name).ok_or_else(|| {
                format!("\"metric\" is {name:?}; cosine, dot and euclidean are known")
            })?,
        };
        let text = |text: Option<Text<'a>>| text.map(|Text(text)| text).unwrap_or_default();
        let space = VectorSpace::new(text(self.vector_space), dimension);
        Ok(space.model(text(self.model)).metric(metric))
    }

    fn valid(&self) -> Validity {
        Validity { from: self.valid_from, to: self.valid_to }
    }

    fn has_no_state(&self, what: &str) -> Result<(), String> {
        absent(what, [("strength", &self.strength)])?;
        absent(what, [("source_hash", &self.source_hash), ("access_count", &self.access_count)])?;
        absent(what, [("accessed_at", &self.accessed_at)])
    }

    fn defines_nothing(&self, what: &str) -> Result<(), String> {
        absent(what, [("model", &self.model), ("metric", &self.metric)])?;
        absent(what, [("dimension", &self.dimension)])
    }
}

fn absent<T, const N: usize>(what: &str, fields: [(&str, &Option<T>); N]) -> Result<(), String> {
    match fields.into_iter().find(|(_, value)| value.is_some()) {
        Some((field, _)) => Err(format!("{what} has no {field:?}")),
        None => Ok(()),
    }
}

fn named<'a>(
    key_field: &str,
    key: Option<Text<'a>>,
    id_field: &str,
    id: Option<Text<'a>>,
) -> Result<Named<'a>, String> {
    match (key, id) {
        (Some(Text(key)), None) if key.is_empty() => Err(format!("{key_field:?} is empty")),
        (Some(Text(key)), None) => Ok(Named::Key(key)),
        (None, Some(Text(id))) => match id.parse() {
            Ok(id) => Ok(Named::Id(id)),
            Err(error) => Err(format!("{id_field:?}: {error}")),
        },
        (Some(_), Some(_)) => Err(format!("both {key_field:?} and {id_field:?}; give one")),
        (None, None) => Err(format!("{key_field:?} is missing")),
    }
}

fn payload<'a>(
    content: Option<Text<'a>>,
    vector: Option<&'a RawValue>,
    space: Option<Text<'a>>,
    attributes: Option<&'a RawValue>,
) -> Result<Payload<'a>, String> {
    let attributes = attributes.map(RawValue::get);
    if attributes.is_some_and(|text| !text.starts_with('{')) {
        return Err("\"attrs\" is not an object".into());
    }
    let vector = vector.map(|raw| numbers("vector", raw.get())).transpose()?;
    if vector.is_none() {
        absent("what has no \"vector\"", [("space", &space)])?;
    }
    let [content, space] = [content, space].map(|given| given.map(|Text(text)| text));
    Ok(Payload { content, attributes, vector, space })
}

/// The values of an array. `json` is valid JSON, so a comma that is no separator stands in a
/// string or in an array, neither of which begins like a number.
fn numbers(field: &str, json: &str) -> Result<Vec<f32>, String> {
    let inner = json.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let Some(inner) = inner else { return Err(format!("{field:?} is not an array of numbers")) };
    if inner.trim_ascii().is_empty() {
        return Err(format!("{field:?} is empty; leave it out"));
    }
    inner.split(',').map(|value| number(field, value.trim_ascii())).collect()
}

/// One number, rounded to f32 once. What f32 cannot hold is refused.
fn number(field: &str, json: &str) -> Result<f32, String> {
    if !json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Err(format!("{field:?} holds {json:.20} where a number is needed"));
    }
    match json.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(format!("{field:?} holds {json:.20}, which is out of range")),
    }
}

/// What the parser said, with the column in front: the line number is ours to tell.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(what) => format!("column {}: {what}", error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests;
