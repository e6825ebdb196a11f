//! The names of association kinds beyond the built-in ones.

use std::collections::HashMap;

use sutra_format::AssociationKind;
use sutra_format::limits::KIND_NAME_BYTES_MAX;
use thiserror::Error;

/// Why a name cannot be that of a further kind of association.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KindError {
    /// It is empty or too long.
    #[error("the name of a kind is 1 to {KIND_NAME_BYTES_MAX} bytes long, not {length}")]
    Length {
        /// Bytes of the name.
        length: usize,
    },
    /// It has a line feed, an escape or the like in it.
    #[error("the name of a kind has no control characters, unlike {name:?}")]
    ControlCharacter {
        /// The name.
        name: String,
    },
    /// It stands in the manifest already, or is built in.
    #[error("the kind {name:?} is named twice, or is built in")]
    Taken {
        /// The name.
        name: String,
    },
    /// Every code has a name.
    #[error("the store has {} kinds, and there can be no more", u16::MAX)]
    Full,
}

/// The registered kinds. The code of a name is its place, counted from the built-in ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    names: Vec<String>,
    codes: HashMap<String, AssociationKind>,
}

impl Kinds {
    /// The most kinds that can be registered: with the built-in ones, the last code is spare.
    pub(crate) const MAX: usize = u16::MAX as usize - AssociationKind::BUILT_IN.len();

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn name(&self, kind: AssociationKind) -> Option<&str> {
        let place = usize::from(kind.code());
        match AssociationKind::BUILT_IN.get(place) {
            Some(name) => Some(name),
            None => self.names.get(place - AssociationKind::BUILT_IN.len()).map(String::as_str),
        }
    }

    pub(crate) fn kind(&self, name: &str) -> Option<AssociationKind> {
        let built_in =
            AssociationKind::BUILT_IN.iter().zip(0u16..).find(|(known, _)| **known == name);
        match built_in {
            Some((_, code)) => Some(AssociationKind::from_code(code)),
            None => self.codes.get(name).copied(),
        }
    }

    /// Appends a name that is not known yet.
    pub(crate) fn add(&mut self, name: String) -> Result<AssociationKind, KindError> {
        if !(1..=KIND_NAME_BYTES_MAX).contains(&name.len()) {
            return Err(KindError::Length { length: name.len() });
        }
        if name.chars().any(char::is_control) {
            return Err(KindError::ControlCharacter { name });
        }
        if self.kind(&name).is_some() {
            return Err(KindError::Taken { name });
        }
        let place = AssociationKind::BUILT_IN.len() + self.names.len();
        let code = u16::try_from(place).map_err(|_| KindError::Full)?;
        if code == u16::MAX {
            return Err(KindError::Full);
        }
        let kind = AssociationKind::from_code(code);
        self.codes.insert(name.clone(), kind);
        self.names.push(name);
        Ok(kind)
    }
}
