//! [`Payload`]: text, attributes and vector, which concepts and associations have in common.

use sutra_lsm::ConceptPut;

use crate::error::{Error, Result};

/// What of a concept or an association has no fixed size. No attributes are the empty text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Payload<'a> {
    pub(crate) content: Option<&'a str>,
    pub(crate) attributes: &'a str,
    pub(crate) vector: Option<&'a [f32]>,
    /// The name of the vector's space; none for the default one.
    pub(crate) space: Option<&'a str>,
}

impl<'a> Payload<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.content.is_none() && self.attributes.is_empty() && self.vector.is_none()
    }

    /// Whether it can be stored under `key` with `fixed`, whatever is known of its space.
    pub(crate) fn check(&self, fixed: ConceptPut<'a>, key: &'a [u8]) -> Result<()> {
        if let (Some(name), None) = (self.space, self.vector) {
            return Err(Error::invalid(format!(
                "vector space {name:?} is given without a vector; give both or neither"
            )));
        }
        Ok(self.complete(fixed, key, 0).check()?)
    }

    /// `fixed`, with this payload under `key`, and its vector in the space of this code.
    pub(crate) fn complete(
        &self,
        fixed: ConceptPut<'a>,
        key: &'a [u8],
        space: u16,
    ) -> ConceptPut<'a> {
        ConceptPut {
            content: self.content,
            attributes: self.attributes.as_bytes(),
            vector: self.vector,
            space,
            key,
            ..fixed
        }
    }
}
