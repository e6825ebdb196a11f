//! Vector spaces: which vectors may be compared, by name.

use std::collections::HashMap;
use std::fmt;

use sutra_format::Metric;
use sutra_format::limits::{SPACE_NAME_BYTES_MAX, VECTOR_DIMENSION_MAX};
use thiserror::Error;

/// What a vector space is: its name, and what its vectors have in common. Only vectors of one space
/// are compared with each other.
///
/// ```
/// use sutra_manifest::{Metric, VectorSpace};
///
/// let space = VectorSpace::new("titles", 384).model("all-MiniLM-L6-v2").metric(Metric::Dot);
/// assert_eq!(space.to_string(), "\"titles\" (model \"all-MiniLM-L6-v2\", 384 dimensions, dot)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VectorSpace {
    /// What users call it: 1 to 255 bytes without control characters.
    pub name: String,
    /// What made the vectors, at most 255 bytes without control characters; empty if nobody said.
    pub model: String,
    /// Values of each vector, 1 to 65,536.
    pub dimension: u32,
    /// How near two vectors are.
    pub metric: Metric,
}

impl VectorSpace {
    /// A space for vectors of `dimension` values, 1 to 65,536, of no named model, compared by cosine.
    pub fn new(name: impl Into<String>, dimension: u32) -> Self {
        Self { name: name.into(), model: String::new(), dimension, metric: Metric::Cosine }
    }

    /// What makes the vectors, at most 255 bytes; empty by default. It is kept, so that vectors of
    /// another model are not mixed in.
    #[must_use]
    pub fn model(self, model: impl Into<String>) -> Self {
        Self { model: model.into(), ..self }
    }

    /// How near two vectors are; by cosine unless said otherwise.
    #[must_use]
    pub fn metric(self, metric: Metric) -> Self {
        Self { metric, ..self }
    }

    fn check(&self) -> Result<(), SpaceError> {
        if self.name.is_empty() {
            return Err(SpaceError::Nameless);
        }
        for (part, text) in [("name", &self.name), ("model", &self.model)] {
            if text.len() > SPACE_NAME_BYTES_MAX {
                return Err(SpaceError::Length { part, length: text.len() });
            }
            if text.chars().any(char::is_control) {
                return Err(SpaceError::ControlCharacter { part, text: text.clone() });
            }
        }
        let dimension = self.dimension;
        if dimension == 0 || dimension as usize > VECTOR_DIMENSION_MAX {
            return Err(SpaceError::Dimension { name: self.name.clone(), dimension });
        }
        Ok(())
    }
}

impl fmt::Display for VectorSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, model, dimension, metric } = self;
        write!(f, "{name:?} (model {model:?}, {dimension} dimensions, {metric})")
    }
}

/// Why a vector space cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// It has no name.
    #[error("the name of a vector space is empty; give it at least one byte")]
    Nameless,
    /// Its name or its model is too long.
    #[error(
        "the {part} of a vector space is at most {SPACE_NAME_BYTES_MAX} bytes long, not {length}"
    )]
    Length {
        /// Which of the two.
        part: &'static str,
        /// Bytes of it.
        length: usize,
    },
    /// Its name or its model has a line feed, an escape or the like in it.
    #[error("the {part} of a vector space has no control characters, unlike {text:?}")]
    ControlCharacter {
        /// Which of the two.
        part: &'static str,
        /// The text.
        text: String,
    },
    /// No vector has so many values.
    #[error(
        "vector space {name:?}: {dimension} dimensions; there can be 1 to {VECTOR_DIMENSION_MAX}"
    )]
    Dimension {
        /// Its name.
        name: String,
        /// Values of each vector.
        dimension: u32,
    },
    /// The name stands for something else already.
    #[error(
        "the vector space {known} is there already, and is not {asked}; vectors of both cannot be \
         compared: choose another name"
    )]
    Different {
        /// What is registered.
        known: VectorSpace,
        /// What was to be registered.
        asked: VectorSpace,
    },
    /// Every code has a space.
    #[error("the store has {} vector spaces, and there can be no more", Spaces::MAX)]
    Full,
}

/// The registered spaces. The code of a space is its place, counted from 1: zero is the default one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spaces {
    list: Vec<VectorSpace>,
    codes: HashMap<String, u16>,
}

impl Spaces {
    /// The most spaces that can be registered: the last code is spare.
    pub(crate) const MAX: usize = u16::MAX as usize - 1;

    pub(crate) fn list(&self) -> &[VectorSpace] {
        &self.list
    }

    pub(crate) fn code(&self, name: &str) -> Option<u16> {
        self.codes.get(name).copied()
    }

    /// The code of a space; one that is new is appended.
    pub(crate) fn register(&mut self, space: &VectorSpace) -> Result<u16, SpaceError> {
        space.check()?;
        if let Some(code) = self.code(&space.name) {
            let known = &self.list[usize::from(code) - 1];
            if known == space {
                return Ok(code);
            }
            let (known, asked) = (known.clone(), space.clone());
            return Err(SpaceError::Different { known, asked });
        }
        if self.list.len() >= Self::MAX {
            return Err(SpaceError::Full);
        }
        let code = u16::try_from(self.list.len() + 1).map_err(|_| SpaceError::Full)?;
        self.codes.insert(space.name.clone(), code);
        self.list.push(space.clone());
        Ok(code)
    }
}
